package station

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/own"
	"parley/internal/said"
	"parley/internal/store"
)

// after is a contact and what is said of it, as an act of a party finds them.
func (p *party) after(line, id string) *afterwards {
	p.t.Helper()
	l, err := p.st.lineOf(line)
	if err != nil {
		p.t.Fatal(err)
	}
	a, err := l.afterwards(id)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

// says files a form as a station does that keeps no rule of its own.
func (p *party) says(line, id string, f form.Form, refs ...parley.Ref) {
	p.t.Helper()
	a := p.after(line, id)
	h := &form.Header{From: parley.Envoy, To: a.l.everyEnvoy(), Precedence: parley.Priority, Refs: append([]parley.Ref{a.root}, refs...)}
	if _, err := a.l.fileForm(context.Background(), h, f); err != nil {
		p.t.Fatal(err)
	}
}

var bothSay = []SaidItem{{Texts: []SaidText{{"en", "Both sides spoke of grain."}, {"zh", "双方谈到了粮食。"}}}}

// proposed lets a party propose a joint statement, and waits until the other has it.
func proposed(t *testing.T, a, b *party, line, id string) JointView {
	t.Helper()
	n := len(b.said(line, id).Joints)
	if _, err := a.st.ProposeJoint(context.Background(), a.envoy, line, id, bothSay, "", ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		p.sees(line, id, "the proposal", func(v Statements) bool { return len(v.Joints) == n+1 })
	}
	return b.said(line, id).Joints[n]
}

// TestWhoReadsForUs: the receipt that takes the right to withdraw away is given by
// whoever may sign, and by nobody else, as it is agreed for the level.
func TestWhoReadsForUs(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairRuled(t, func(c *charter.Charter) {
		c.Unknown = contact.Levels{contact.Leader: {parley.Envoy, parley.Principal}, contact.Commander: {parley.Archivist}}.Write(c.Unknown)
	}, a, b)
	id := newContact(t, a, b, line, "leader")
	j := proposed(t, a, b, line, id)
	wantKind(t, "the watch reads the signature", b.st.Acknowledge(ctx, b.watch, line, j.ID), parley.NotAllowed, "at the level leader")
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	if _, err := a.st.ProposeEmbargo(ctx, a.envoy, line, id, until, "", ""); err != nil {
		t.Fatal(err)
	}
	v := b.sees(line, id, "the embargo", func(v Statements) bool { return len(v.Embargo.Open) == 1 })
	wantKind(t, "the watch reads the embargo", b.st.Acknowledge(ctx, b.watch, line, v.Embargo.Open[0].ID), parley.NotAllowed, "at the level leader")
	if err := b.st.Acknowledge(ctx, b.envoy, line, j.ID); err != nil {
		t.Errorf("the envoy reads the signature: %v", err)
	}

	keeper := func(p *party) Officer {
		return Officer{ID: p.chief.ID, Name: p.chief.Name, Offices: []parley.Office{parley.Archivist}}
	}
	terms := leaderCall(24 * time.Hour)
	terms.Level = "commander"
	if _, err := a.st.AskContact(ctx, keeper(a), line, terms); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "the request is at both sides", func() bool {
		for _, p := range []*party{a, b} {
			all, err := p.st.Contacts(ctx, line, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(all.Contacts, func(c Contact) bool { return c.Level == "commander" })
			if i < 0 {
				return false
			}
			id = all.Contacts[i].ID
		}
		return true
	})
	if _, err := a.st.ProposeJoint(ctx, keeper(a), line, id, bothSay, "", ""); err != nil {
		t.Fatal(err)
	}
	v = b.sees(line, id, "the proposal", func(v Statements) bool { return len(v.Joints) == 1 })
	wantKind(t, "the envoy reads what is the archivist's", b.st.Acknowledge(ctx, b.envoy, line, v.Joints[0].ID), parley.NotAllowed, "archivist")
	if _, err := b.st.JudgeJoint(ctx, keeper(b), line, id, v.Joints[0].ID, "sign", ""); err != nil {
		t.Errorf("the archivist signs: %v", err)
	}
	a.sees(line, id, "the signature", func(v Statements) bool { return v.Joints[0].State == "signed" })
	if err := a.st.OpenJoint(ctx, keeper(a), line, id, v.Joints[0].ID); err != nil {
		t.Errorf("the archivist reads the signature: %v", err)
	}
	b.sees(line, id, "that it stands", func(v Statements) bool { return v.Joints[0].State == "joint" })
}

// hiding reads a line as one that cannot read an entry yet.
type hiding struct {
	Rower
	ref parley.Ref
}

func (h hiding) Rows(f store.Filter) ([]store.Row, int64, error) {
	none := slices.Equal(f.Forms, []string{""})
	if none {
		f.Forms = said.Forms
	}
	rows, n, err := h.Rower.Rows(f)
	rows = slices.DeleteFunc(rows, func(r store.Row) bool { return (r.Ref() == h.ref) != none })
	for i := range rows {
		if none {
			rows[i].Form, rows[i].Faulty, rows[i].Fault = "", true, parley.Unreadable
		}
	}
	return rows, n, err
}

// TestUnreadHoldsUp: while a withdrawal cannot be read yet nobody says that the
// statement stands, and what our side publishes takes a reason.
func TestUnreadHoldsUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	id := newContact(t, a, b, line, "leader")
	j := proposed(t, a, b, line, id)
	cut(true, a, b) // a withdrawal and a signature cross, and alder reads the signature afterwards
	if _, err := a.st.JudgeJoint(ctx, a.envoy, line, id, j.ID, "withdraw", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := b.st.JudgeJoint(ctx, b.envoy, line, id, j.ID, "sign", ""); err != nil {
		t.Fatal(err)
	}
	cut(false, a, b)
	v := b.sees(line, id, "that it is withdrawn", func(v Statements) bool { return v.Joints[0].State == "withdrawn" && v.Joints[0].Crossed })
	off, err := parley.ParseRef(v.Joints[0].Off.ID)
	if err != nil {
		t.Fatal(err)
	}
	a.sees(line, id, "that it is withdrawn", func(v Statements) bool { return v.Joints[0].Crossed })
	sig := v.Joints[0].Signatures[1]
	if sig.Party != "birch" {
		t.Fatalf("the second signature is of %s", sig.Party)
	}
	if err := a.st.Acknowledge(ctx, a.envoy, line, sig.ID); err != nil {
		t.Fatal(err)
	}
	b.sees(line, id, "that alder has read it", func(v Statements) bool { return slices.Contains(v.Joints[0].Signatures[1].Read, "alder") })
	x := b.after(line, id)
	_, contacts, err := x.l.saidBook()
	if err != nil {
		t.Fatal(err)
	}
	book, err := SaidBookOf(hiding{x.l.store, off}, x.l.runner.Status().Logs, contacts)
	if err != nil {
		t.Fatal(err)
	}
	told := book.Find(x.root)
	if p := told.Joints[0]; p.State != said.JointSigned || len(p.Unread) != 1 || p.Unread[0].Ref != off {
		t.Errorf("with the withdrawal unread it is %s, unread %v", p.State, p.Unread)
	}
	x.told, x.unread = told, book.UnreadOf(told.Parties)
	if w := x.jointView(told.Joints[0], &said.Facts{}); w.MayPublish || !strings.Contains(w.Sentence, off.String()+" cannot be read here yet") {
		t.Errorf("it is shown as %+v", w)
	}
	now := time.Now()
	in := PublishText{At: now}
	_, err = x.mayPublish(now, &in)
	wantKind(t, "publishing while an entry is unread", err, parley.NotAllowed, off.String()+" cannot be read here yet")
	in.Insist = "it is an old test"
	if note, err := x.mayPublish(now, &in); err != nil || !strings.Contains(note, "before "+off.String()+" can be read: it is an old test") {
		t.Errorf("insisting: %q, %v", note, err)
	}
}

// TestNewestBondOnly: the other side chooses which of our bonds its draft names; what
// our side took another text for is shown by an officer only, and our side binds
// itself no more when all are ready. What was never filed binds nobody.
func TestNewestBondOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	id := newContact(t, a, b, line, "leader")
	version := a.approve(line, id, "What alder says, with an error.")
	x := a.after(line, id)
	if _, err := a.st.own.Bind(own.Bond{Line: x.l.id, Contact: x.root.String(), Commitment: [32]byte{1}, Version: version, Officer: a.envoy.ID}); err != nil {
		t.Fatal(err)
	}
	if r := a.said(line, id).Readout.Ready; r != nil {
		t.Errorf("a bond that was never filed: alder is ready with %+v", r)
	}
	bind := func(p *party, version int64) {
		t.Helper()
		n := len(b.after(line, id).told.Side(parley.PartyCode(p.code)).Bonds)
		if _, err := p.st.ReadyReadout(ctx, p.envoy, line, id, version, p == b); err != nil {
			t.Fatal(err)
		}
		for _, q := range []*party{a, b} {
			eventually(t, 20*time.Second, "the ready is at both sides", func() bool {
				return len(q.after(line, id).told.Side(parley.PartyCode(p.code)).Bonds) == n+1
			})
		}
	}
	bind(a, version)
	bind(a, a.approve(line, id, "What alder says."))
	x.l.deciding.Lock() // alder's clerk shows nothing yet
	bind(b, b.approve(line, id, "What birch says."))
	y := b.after(line, id)
	f, refs, err := b.st.firstDraft(y)
	if err != nil {
		t.Fatal(err)
	}
	first := y.told.Side("alder").Bonds[0].Ref
	b.says(line, id, f, refs[1], first)
	a.sees(line, id, "birch's draft, which names the older one", func(v Statements) bool { return sideOf(v, "alder").State == "owes" })
	x.l.deciding.Unlock()
	time.Sleep(2500 * time.Millisecond) // the clerk has looked
	if v := a.said(line, id); len(sideOf(v, "alder").Drafts) != 0 || len(v.Waiting) != 0 || sideOf(v, "alder").Ready != first.String() {
		t.Errorf("alder showed what it took another text for: %+v", sideOf(v, "alder"))
	}
	bd, err := a.st.Board(ctx, a.watch, line)
	if err != nil || !slices.ContainsFunc(bd.DoNext, func(x Todo) bool { return x.Act == "show-draft" && x.Item == id }) {
		t.Errorf("the board does not say that it waits: %v", err)
	}
	if _, err := a.st.ShowReadout(ctx, a.envoy, line, id, 0); err != nil {
		t.Fatal(err)
	}
	b.sees(line, id, "alder's draft", func(v Statements) bool { return sideOf(v, "alder").State == "shown" })

	id = newContact(t, a, b, line, "minister")
	for _, p := range []*party{a, b} {
		if _, err := p.st.ReadyReadout(ctx, p.envoy, line, id, p.approve(line, id, "What "+p.code+" says."), true); err != nil {
			t.Fatal(err)
		}
	}
	a.sees(line, id, "that both are ready", func(v Statements) bool {
		return sideOf(v, "alder").State == "ready" && sideOf(v, "birch").State == "ready"
	})
	_, err = a.st.ReadyReadout(ctx, a.envoy, line, id, a.approve(line, id, "Something else."), true)
	wantKind(t, "bound anew when all are ready", err, parley.Conflict, "every side is ready")
}

// TestPublishLooksIntoTheOutbox: what our side agreed to holds it back although the
// line is down, and a second press while the first waits publishes nothing twice.
func TestPublishLooksIntoTheOutbox(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	id := newContact(t, a, b, line, "leader")
	version := b.approve(line, id, "They spoke of grain.")
	until := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	if _, err := a.st.ProposeEmbargo(ctx, a.envoy, line, id, until, "until both are home", ""); err != nil {
		t.Fatal(err)
	}
	v := b.sees(line, id, "the embargo", func(v Statements) bool { return len(v.Embargo.Open) == 1 })
	if _, err := b.st.StatementsInShort(ctx, b.watch, line, id); err != nil {
		t.Fatal(err)
	}
	read, err := b.st.own.OpenedBy(lineID(t, b, line), v.Embargo.Open[0].ID)
	if err != nil || len(read) != 1 || read[0].Officer != b.envoy.ID {
		t.Errorf("who has read the embargo: %+v, %v", read, err)
	}
	if !b.audited("open", "embargo") {
		t.Error("who read the text of the embargo is not in the audit")
	}
	cut(true, a, b)
	if _, err := b.st.JudgeEmbargo(ctx, b.envoy, line, id, v.Embargo.Open[0].ID, "agree", ""); err != nil {
		t.Fatal(err)
	}
	in := PublishText{Version: version, At: time.Now().Add(-time.Minute)}
	_, err = b.st.Publish(ctx, b.envoy, line, id, in)
	wantKind(t, "publishing before the end of what our side agreed to", err, parley.NotAllowed, "the embargo ends at")
	in.Insist = "it stands in a newspaper"
	if _, err := b.st.Publish(ctx, b.envoy, line, id, in); err != nil {
		t.Fatal(err)
	}
	in.At = in.At.Add(10 * time.Second)
	_, err = b.st.Publish(ctx, b.envoy, line, id, in)
	wantKind(t, "the same while the first waits", err, parley.Conflict, "already")
	cut(false, a, b)
	v = a.sees(line, id, "birch's readout", func(v Statements) bool { return len(v.Published) == 1 && !v.Published[0].Early.IsZero() })

	// Alder proposed it, and has not said that it read the agreement: it says so by publishing.
	if !slices.Equal(v.Embargo.Loose, []string{"alder"}) {
		t.Errorf("who may leave alone: %v", v.Embargo.Loose)
	}
	if _, err := a.st.Publish(ctx, a.envoy, line, id, PublishText{Version: a.approve(line, id, "They spoke of fish."), Insist: "so does birch"}); err != nil {
		t.Fatal(err)
	}
	b.sees(line, id, "that alder knew", func(v Statements) bool { return len(v.Published) == 2 && v.Published[1].Early.Equal(until) })
	b.sees(line, id, "that nobody may leave alone", func(v Statements) bool { return len(v.Embargo.Loose) == 0 })
}

// TestLeftAlone: who takes an embargo back that was agreed, or puts another text in
// the place of what all have signed, does it with a sound, and in sight.
func TestLeftAlone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	id := newContact(t, a, b, line, "leader")
	until := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	if _, err := a.st.ProposeEmbargo(ctx, a.envoy, line, id, until, "", ""); err != nil {
		t.Fatal(err)
	}
	v := b.sees(line, id, "the embargo", func(v Statements) bool { return len(v.Embargo.Open) == 1 })
	ref, err := parley.ParseRef(v.Embargo.Open[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.st.JudgeEmbargo(ctx, b.envoy, line, id, ref.String(), "agree", ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		p.sees(line, id, "it agreed, and alder free to leave", func(v Statements) bool { return slices.Equal(v.Embargo.Loose, []string{"alder"}) })
	}
	a.says(line, id, &said.Embargo{Step: said.Refuse}, ref)
	b.sees(line, id, "that alder left", func(v Statements) bool {
		return v.Embargo.Until.IsZero() && len(v.Embargo.History) == 1 && v.Embargo.History[0].Left == "alder"
	})
	eventually(t, 10*time.Second, "it sounded", func() bool { return b.alarmed("embargo-left") })
	if _, err := a.st.Publish(ctx, a.envoy, line, id, PublishText{Version: a.approve(line, id, "They spoke of fish.")}); err != nil {
		t.Fatal(err)
	}
	v = b.sees(line, id, "the publication", func(v Statements) bool { return len(v.Published) == 1 })
	if p := v.Published[0]; !p.Left.Equal(until) || !p.Early.IsZero() || !p.Crossed.IsZero() {
		t.Errorf("birch sees %+v", p)
	}

	j := proposed(t, a, b, line, id)
	cut(true, a, b)
	if _, err := a.st.ProposeJoint(ctx, a.envoy, line, id, []SaidItem{{Texts: []SaidText{{"en", "Both sides spoke of fish."}}}}, "", j.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.st.JudgeJoint(ctx, b.envoy, line, id, j.ID, "sign", ""); err != nil {
		t.Fatal(err)
	}
	cut(false, a, b)
	b.sees(line, id, "that another took its place", func(v Statements) bool { return v.Joints[0].State == "replaced" && v.Joints[0].Crossed })
	eventually(t, 10*time.Second, "it sounded at birch", func() bool { return b.alarmed("joint-withdrawn") })
}
