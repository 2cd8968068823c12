package station

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/said"
)

// TestLevelsAreAgreed: what both assented to says who arranges contacts at which
// level. Our side is held to it; what the other side files all the same is on the
// record, counts, and is shown as outside what was agreed; what was written before
// is judged by what ruled then.
func TestLevelsAreAgreed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	commanders := leaderCall(24 * time.Hour)
	commanders.Level = "commander"
	if _, err := b.st.AskContact(ctx, b.watch, id, commanders); err != nil {
		t.Fatalf("the watch asks, as nothing is agreed: %v", err)
	}
	before := a.stands(id, contact.Asked)
	if o := before.Terms[0]; o.Office != "watch" || o.Outside {
		t.Errorf("before the rule: from %s, outside %v", o.Office, o.Outside)
	}
	v, err := a.st.Charter(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	v.Charter.Levels = map[string][]string{"commander": {"envoy"}, "leader": {"principal", "envoy"}, "working": {"herald"}}
	if _, err := a.st.Propose(ctx, a.envoy, id, Proposal{Charter: &v.Charter}); parley.KindOf(err) != parley.BadForm {
		t.Errorf("an office that there is not: %v", err)
	}
	delete(v.Charter.Levels, "working")
	d, err := a.st.Propose(ctx, a.envoy, id, Proposal{Charter: &v.Charter})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "birch assents", func() bool { _, err := b.st.Assent(ctx, b.envoy, id, d.Hash); return err == nil })
	for _, p := range []*party{a, b} {
		eventually(t, 20*time.Second, string(p.code)+" has it in force", func() bool {
			v, err := p.st.Charter(ctx, id)
			return err == nil && slices.Equal(v.Charter.Levels["leader"], []string{"principal", "envoy"}) && slices.Contains(v.InForce[0].Clauses, Field{"contacts at the level minister", "none"})
		})
	}
	if _, err := b.st.AskContact(ctx, b.watch, id, commanders); parley.KindOf(err) != parley.NotAllowed || !strings.Contains(err.Error(), "envoy") {
		t.Errorf("the watch asks for commanders: %v", err)
	}
	ministers := leaderCall(48 * time.Hour)
	ministers.Level = "minister"
	if _, err := b.st.AskContact(ctx, b.envoy, id, ministers); parley.KindOf(err) != parley.NotAllowed || !strings.Contains(err.Error(), "not for contacts of this line") {
		t.Errorf("a level that is not for this line: %v", err)
	}
	if _, err := a.st.ReplyContact(ctx, a.watch, id, before.ID, ContactReply{Accept: true, Window: 1}); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("the watch accepts what it may not arrange any more: %v", err)
	}
	if book, err := b.st.Contacts(ctx, id, time.Time{}); err != nil || len(book.Arrange) != 4 || !book.Arrange[0].Agreed || !slices.Equal(book.Arrange[0].Offices, []string{"principal", "envoy"}) || len(book.Arrange[1].Offices) != 0 {
		t.Errorf("who arranges: %+v, %v", book.Arrange, err)
	}
	// A station of theirs that does not hold itself to it.
	l, err := b.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	in := leaderCall(72 * time.Hour)
	r, err := readTerms(in, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.fileForm(ctx, &form.Header{From: parley.Watch, To: l.everyEnvoy(), Precedence: parley.Priority}, r); err != nil {
		t.Fatal(err)
	}
	var broke Contact
	eventually(t, 20*time.Second, "alder has it on its record", func() bool {
		book, err := a.st.Contacts(ctx, id, time.Time{})
		if err != nil || len(book.Contacts) != 2 {
			return false
		}
		broke = book.Contacts[0]
		return true
	})
	if o := broke.Terms[0]; !o.Outside || o.Office != "watch" || broke.State != contact.Asked {
		t.Errorf("what they filed against it: %s, from %s, outside %v", broke.State, o.Office, o.Outside)
	}
	if _, err := a.st.ReplyContact(ctx, a.envoy, id, broke.ID, ContactReply{Accept: true, Window: 1}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		eventually(t, 20*time.Second, string(p.code)+" has it agreed", func() bool {
			c, err := p.st.Contact(ctx, p.envoy, id, broke.ID)
			return err == nil && c.State == contact.Agreed
		})
		for _, x := range []struct {
			id      string
			outside bool
		}{{before.ID, false}, {broke.ID, true}} {
			c, err := p.st.Contact(ctx, p.envoy, id, x.id)
			if err != nil {
				t.Fatal(err)
			}
			if c.Terms[0].Outside != x.outside {
				t.Errorf("%s says of %s, written by the watch at the level %s: outside is %v", p.code, x.id, c.Level, c.Terms[0].Outside)
			}
			if n := len(c.Terms[0].Replies); n == 1 && (c.Terms[0].Replies[0].Outside || c.Terms[0].Replies[0].Office != "envoy") {
				t.Errorf("the envoy's answer: %+v", c.Terms[0].Replies[0])
			}
		}
	}
	// So with what is said afterwards.
	until := time.Now().Add(time.Hour)
	if _, err := a.st.ProposeEmbargo(ctx, a.watch, id, broke.ID, until, "", ""); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("the watch proposes an embargo for leaders: %v", err)
	}
	if _, err := a.st.ProposeEmbargo(ctx, a.envoy, id, broke.ID, until, "", ""); err != nil {
		t.Fatal(err)
	}
	ref, err := parley.ParseRef(broke.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.fileForm(ctx, &form.Header{From: parley.Watch, To: l.everyEnvoy(), Precedence: parley.Priority, Refs: []parley.Ref{ref}}, &said.Embargo{Until: uint64(until.Unix()) + 60}); err != nil {
		t.Fatal(err)
	}
	v2 := a.sees(id, broke.ID, "both proposals", func(v Statements) bool { return len(v.Embargo.Open) == 2 })
	for _, o := range v2.Embargo.Open {
		if o.Outside != (o.By == "birch") || o.Office != map[string]string{"alder": "envoy", "birch": "watch"}[o.By] {
			t.Errorf("the embargo proposed by %s, from %s: outside is %v", o.By, o.Office, o.Outside)
		}
	}
}

// TestRuleThatNobodyCouldKeepIsNotAssentedTo: a charter whose rule on levels cannot
// be read is shown as what it is, and our side does not assent to it.
func TestRuleThatNobodyCouldKeepIsNotAssentedTo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	l, err := a.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	old := l.rules()
	c := *old.Charter
	c.Version, c.Supersedes = 2, &old.CharterHash
	c.Unknown = contact.Levels{contact.Leader: {"herald"}}.Write(nil)
	if _, err := a.st.assentTo(ctx, l, a.envoy, form.NewAssent(form.ToCharter, c.Encode(), true), "propose"); err != nil {
		t.Fatal(err)
	}
	var hash string
	eventually(t, 20*time.Second, "birch sees it", func() bool {
		v, err := b.st.Charter(ctx, id)
		if err != nil || len(v.Proposed) != 1 {
			return false
		}
		hash = v.Proposed[0].Hash
		return slices.ContainsFunc(v.Proposed[0].Changes, func(x Change) bool { return x.Clause == "clause 13" && x.To != "" })
	})
	if _, err := b.st.Assent(ctx, b.envoy, id, hash); parley.KindOf(err) != parley.BadForm || !strings.Contains(err.Error(), "herald") {
		t.Errorf("assenting: %v", err)
	}
}
