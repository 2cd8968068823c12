package station

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/internal/said"
	"parley/internal/said/compare"
)

// historyOfTopic: what both published of a topic stands at both in the same order,
// a correction beside what it corrects; reading what the other side said is noted,
// once.
func historyOfTopic(t *testing.T, a, b *party, line string) {
	ctx := context.Background()
	list := func(p *party) []PublicStatement {
		l, err := p.st.TopicHistory(ctx, p.envoy, line, "Grain")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	digest := func(l []PublicStatement) (out []string) {
		for _, p := range l {
			out = append(out, fmt.Sprint(p.ID, p.Kind, p.By, p.At, p.Early, p.Before, p.Texts))
		}
		return out
	}
	eventually(t, 20*time.Second, "both say the same of the topic", func() bool { return slices.Equal(digest(list(a)), digest(list(b))) })
	all := list(a)
	first := slices.IndexFunc(all, func(p PublicStatement) bool { return p.Kind == "readout" && p.Early })
	if first < 0 || all[first].By[0] != "birch" || all[first].Ours || all[first].Where != "https://birch.example/readout" || all[first].Texts[0].Parts[0].Text != "Grain goes on." {
		t.Fatalf("birch's readout: %+v", all)
	}
	fix := slices.IndexFunc(all, func(p PublicStatement) bool { return p.Kind == "correction" && p.Before == all[first].ID })
	if fix < first || len(all[fix].Was) != 1 || all[fix].Was[0].Lit != 0 || all[fix].Texts[0].Lit != 0 {
		t.Errorf("its correction, in the same words: %+v", all)
	}
	opened := func() (n int) {
		rows, err := a.st.Audit(ctx, Officer{}, 2_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Act == "open" && r.Object == all[first].ID && r.Officer == a.envoy.Name {
				n++
			}
		}
		return n
	}
	if list(a); opened() != 1 {
		t.Errorf("reading it is noted %d times", opened())
	}
	if l, err := a.st.TopicHistory(ctx, a.envoy, line, "Nothing"); err != nil || len(l) != 0 {
		t.Errorf("of what nobody spoke of: %+v, %v", l, err)
	}
}

// TestLitText: a text is cut between characters before what is hidden in it is made
// visible, and nothing of it is lost.
func TestLitText(t *testing.T) {
	before, after := "The lane \u202eis open.", "The lane \u202eis not open\u202c now."
	_, now := compare.Words("en", before, after)
	x := litText(said.Said{Lang: "en", Text: after}, now)
	whole, lit := "", []string{}
	for _, p := range x.Parts {
		whole += p.Text
		if p.Lit {
			lit = append(lit, p.Text)
		}
	}
	if whole != "The lane ⟦U+202E⟧is not open⟦U+202C⟧ now." || !slices.Equal(lit, []string{"not", "now"}) || x.Lit != 2 {
		t.Errorf("%q, lit %q of %d", whole, lit, x.Lit)
	}
}
