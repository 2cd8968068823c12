package station

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley"
	"parley/internal/own"
)

// TestHushed: words of a memcon or a note leave by no act on a statement, unless each of
// them is named with a reason; who may not read one learns that it is quoted, and
// neither where nor in which words; a look and a refusal are audited.
func TestHushed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	id := newContact(t, a, b, line, "leader")
	const first, second, noted = "Their envoy was tired and said twice that he would have to ask his capital first.", "Nobody there believes that the second brigade leaves the valley before the thaw.", "He let slip that the price of timber may yet come down by a third."
	m, err := b.st.own.AddMemcon(own.Memcon{Line: lineID(t, b, line), About: id, Author: b.chief.ID, MemconHead: own.MemconHead{Title: "x"}, Text: first}, nil)
	if err == nil {
		m, err = b.st.own.SubmitMemcon(m.Key, m.Rev, b.envoy.ID)
	}
	if err == nil {
		m, err = b.st.own.ReviewMemcon(m.Key, m.Rev, b.envoy.ID) // who stays on its list
	}
	if err == nil { // now the words stand in a version alone
		_, err = b.st.own.SaveMemcon(m.Key, m.Rev, b.chief.ID, own.MemconHead{Title: "x", Reason: "r"}, "He was tired.", nil)
	}
	if err == nil {
		_, err = b.st.own.AddMemcon(own.Memcon{Line: lineID(t, b, line), About: id, Author: b.chief.ID, MemconHead: own.MemconHead{Title: "x"}, Text: second}, nil)
	}
	if err == nil {
		_, err = b.st.own.AddMemNote(own.MemNote{Line: lineID(t, b, line), About: id, Officer: b.watch.ID, Text: noted})
	}
	if err != nil {
		t.Fatal(err)
	}
	v := b.approve(line, id, strings.Join([]string{first, second, noted}, " "))
	looks := func(by Officer, shown ...string) []SaidQuote {
		t.Helper()
		found, err := b.st.QuotesIn(ctx, by, line, id, v)
		var words []string
		names := map[string]bool{}
		for _, q := range found {
			names[q.Of] = true
			if !q.Ours || q.Words == "" && q != (SaidQuote{Of: q.Of, Ours: true}) {
				t.Errorf("%s sees %+v", by.Name, q)
			}
			if q.Words != "" {
				words = append(words, q.Words+".")
			}
		}
		slices.Sort(words)
		slices.Sort(shown)
		if err != nil || len(found) != 3 || len(names) != 3 || !slices.Equal(words, shown) {
			t.Errorf("%s sees %+v, %v; want the words of %q", by.Name, found, err, shown)
		}
		return found
	}
	looks(b.chief, first, second)
	looks(b.watch, noted)
	all := looks(b.envoy, first) // on the list of what was reviewed

	items := []SaidItem{{Topic: "Timber", Texts: []SaidText{{"en", noted}}}}
	_, err = b.st.ReadyReadout(ctx, b.envoy, line, id, v, true)
	wantKind(t, "being ready with it", err, parley.NotAllowed, "our side only")
	var q *Quoting
	if !errors.As(err, &q) || len(q.Quotes) != 3 {
		t.Errorf("refused for %+v", q)
	}
	if !b.audited("was refused a quotation", all[1].Of) {
		t.Error("the refusal is not in the audit")
	}
	_, err = b.st.ProposeJoint(ctx, b.envoy, line, id, items, "", "")
	wantKind(t, "a joint statement of it", err, parley.NotAllowed, "our side only")
	if strings.Contains(err.Error(), "price of timber") {
		t.Errorf("it says the words to who may not read them: %v", err)
	}
	_, err = b.st.ProposeJoint(ctx, b.envoy, line, id, []SaidItem{{Topic: "Timber", Texts: []SaidText{{"en", "Timber."}}}}, noted, "")
	wantKind(t, "it beside a joint statement", err, parley.NotAllowed, "our side only")
	_, err = b.st.ProposeJoint(ctx, b.envoy, line, id, []SaidItem{{Topic: strings.TrimSuffix(noted, "."), Texts: []SaidText{{"en", "Timber."}}}}, "", "")
	wantKind(t, "it as a topic", err, parley.NotAllowed, "our side only")
	_, err = b.st.Publish(ctx, b.envoy, line, id, PublishText{Version: v})
	wantKind(t, "publishing it", err, parley.NotAllowed, "our side only")
	_, err = b.st.ReadyReadout(ctx, b.envoy, line, id, v, true, NamedQuote{Of: all[0].Of, Why: "x"}, NamedQuote{Of: all[1].Of, Why: "x"})
	wantKind(t, "two of three named", err, parley.NotAllowed, "our side only")

	// Both show what may be shown; a remark and a later version of it are held to it.
	va, vb := a.approve(line, id, "They spoke."), b.approve(line, id, "They spoke of timber.")
	if _, err = a.st.ReadyReadout(ctx, a.envoy, line, id, va, false); err == nil {
		_, err = b.st.ReadyReadout(ctx, b.envoy, line, id, vb, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := b.sees(line, id, "both drafts", func(v Statements) bool {
		return sideOf(v, "alder").State == "shown" && sideOf(v, "birch").State == "shown"
	})
	_, err = b.st.RemarkOnDraft(ctx, b.envoy, line, id, sideOf(s, "alder").Drafts[0].ID, 0, noted)
	wantKind(t, "a remark of it", err, parley.NotAllowed, "our side only")
	v = b.approve(line, id, second)
	_, err = b.st.ShowReadout(ctx, b.envoy, line, id, v)
	wantKind(t, "showing it later", err, parley.NotAllowed, "our side only")
	found, err := b.st.QuotesIn(ctx, b.envoy, line, id, v)
	if err != nil || len(found) != 1 {
		t.Fatalf("found %+v, %v", found, err)
	}
	if _, err := b.st.ShowReadout(ctx, b.envoy, line, id, v, NamedQuote{Of: found[0].Of, Why: "the chief agrees"}); err != nil {
		t.Fatal(err)
	}
	if !b.audited("show a draft", "quotes "+found[0].Of+": the chief agrees") {
		t.Error("the audit does not say what was let through")
	}

	// What the other side alone was shown is not public.
	v = b.approve(line, id, "Alder says that it will let the barges pass the strait by day and by night.")
	late := "It will let the barges pass the strait by day and by night."
	if _, err := a.st.ShowReadout(ctx, a.envoy, line, id, a.approve(line, id, late)); err != nil {
		t.Fatal(err)
	}
	s = b.sees(line, id, "a later draft", func(v Statements) bool { return len(sideOf(v, "alder").Drafts) == 2 })
	_, err = b.st.Publish(ctx, b.envoy, line, id, PublishText{Version: v})
	wantKind(t, "publishing what alder showed", err, parley.NotAllowed, "quotes "+sideOf(s, "alder").Drafts[1].ID+" (draft alder), which is not released")
	if _, err := a.st.Publish(ctx, a.envoy, line, id, PublishText{Version: a.approve(line, id, late)}); err != nil {
		t.Fatal(err)
	}
	b.sees(line, id, "that alder published", func(v Statements) bool { return len(v.Published) == 1 })
	if _, err := b.st.Publish(ctx, b.envoy, line, id, PublishText{Version: v}); err != nil {
		t.Errorf("quoting what is public: %v", err)
	}

	// The note with which a readout is returned is kept with it, and not in the audit.
	r, err := b.st.ReturnReadout(ctx, b.chief, line, id, v, "Leave out the brigade.")
	if err != nil || r.Note != "Leave out the brigade." {
		t.Errorf("returned: %+v, %v", r, err)
	}
	if b.audited("return a readout", "brigade") || !b.audited("return a readout", fmt.Sprintf("version %d", v)) {
		t.Error("the audit has the note, or not which version was returned")
	}
}
