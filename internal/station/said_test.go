package station

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/said"
)

// said is all that a party's station says of what is said of a contact.
func (p *party) said(line, id string) Statements {
	p.t.Helper()
	v, err := p.st.Statements(context.Background(), p.envoy, line, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

// sees waits until what is said of a contact is so at a party.
func (p *party) sees(line, id, what string, ok func(Statements) bool) Statements {
	p.t.Helper()
	eventually(p.t, 20*time.Second, p.code+" sees "+what, func() bool { return ok(p.said(line, id)) })
	return p.said(line, id)
}

// newContact lets a party ask for a contact at a level, and waits until the other
// has the request.
func newContact(t testing.TB, a, b *party, line, level string) string {
	t.Helper()
	terms := leaderCall(24 * time.Hour)
	terms.Level = level
	if _, err := a.st.AskContact(context.Background(), a.envoy, line, terms); err != nil {
		t.Fatal(err)
	}
	id := ""
	eventually(t, 20*time.Second, "the request is at both sides", func() bool {
		for _, p := range []*party{a, b} {
			all, err := p.st.Contacts(context.Background(), line, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(all.Contacts, func(c Contact) bool { return c.Level == level })
			if i < 0 {
				return false
			}
			id = all.Contacts[i].ID
		}
		return true
	})
	return id
}

// approve writes a readout of one text, and lets other hands review and approve it.
func (p *party) approve(line, id, text string) int64 {
	p.t.Helper()
	ctx := context.Background()
	seen := int64(0)
	if r, err := p.st.Readout(ctx, p.envoy, line, id, 0); err == nil {
		seen = r.Version
	}
	r, err := p.st.SaveReadout(ctx, p.envoy, line, id, seen, []SaidItem{{Texts: []SaidText{{"en", text}}}, {Topic: "Grain", Texts: []SaidText{{"en", "Grain goes on."}, {"zh", ""}}}})
	if err == nil {
		_, err = p.st.ReviewReadout(ctx, p.watch, line, id, r.Version)
	}
	if err == nil {
		_, err = p.st.ApproveReadout(ctx, p.chief, line, id, r.Version)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return r.Version
}

func sideOf(v Statements, p string) SaidSide {
	i := slices.IndexFunc(v.Sides, func(s SaidSide) bool { return s.Party == p })
	return v.Sides[i]
}

func (p *party) alarmed(code string) bool {
	p.t.Helper()
	all, err := p.st.Alarms(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	return slices.ContainsFunc(all, func(a Alarm) bool { return a.Code == code })
}

func (p *party) audited(act, detail string) bool {
	p.t.Helper()
	rows, err := p.st.Audit(context.Background(), Officer{}, 500)
	if err != nil {
		p.t.Fatal(err)
	}
	return slices.ContainsFunc(rows, func(r AuditRow) bool { return r.Act == act && strings.Contains(r.Detail, detail) })
}

// TestStatements lets two stations say, exchange, sign and publish.
func TestStatements(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	a.halt()
	a.config(func(c *Config) { c.PublicFolder = t.TempDir() })
	a.start()
	line := pairAll(t, a, b)
	t.Run("drafts", func(t *testing.T) { exchangeDrafts(t, a, b, line) })
	t.Run("another text", func(t *testing.T) { anotherText(t, a, b, line) })
	t.Run("joint", func(t *testing.T) { signAndWithdraw(t, a, b, line) })
	t.Run("publish", func(t *testing.T) { publishing(t, a, b, line) })
	t.Run("history", func(t *testing.T) { historyOfTopic(t, a, b, line) })
}

func exchangeDrafts(t *testing.T, a, b *party, line string) {
	ctx := context.Background()
	id := newContact(t, a, b, line, "leader")
	items := []SaidItem{{Texts: []SaidText{{"en", "They spoke of energy and infrastructure."}}}}
	r, err := a.st.SaveReadout(ctx, a.envoy, line, id, 0, items)
	if err != nil || r.State != "drafted" || r.Facts.Initiator != "alder" || r.Facts.Level != "leader" || len(r.Facts.People) != 1 {
		t.Fatalf("a draft of ours: %+v, %v", r, err)
	}
	_, err = a.st.SaveReadout(ctx, a.chief, line, id, 0, items)
	wantKind(t, "saving over what was not seen", err, parley.Conflict, "at version 1")
	_, err = a.st.ReadyReadout(ctx, a.envoy, line, id, 1, false)
	wantKind(t, "ready with a draft", err, parley.Conflict, "only what is approved")
	_, err = a.st.ReviewReadout(ctx, a.envoy, line, id, 1)
	wantKind(t, "its author reviews", err, parley.NotAllowed, "author")
	_, err = a.st.ApproveReadout(ctx, a.watch, line, id, 1)
	wantKind(t, "the watch approves", err, parley.NotAllowed, "office")
	va := a.approve(line, id, "They spoke of energy and infrastructure.")
	vb := b.approve(line, id, "They spoke of energy infrastructure.")
	if r, err := a.st.Readout(ctx, a.chief, line, id, 0); err != nil || r.State != "approved" || len(r.Versions) != 2 || r.Approver == r.Author {
		t.Errorf("approved: %+v, %v", r, err)
	}
	_, err = a.st.ReadyReadout(ctx, a.watch, line, id, va, false)
	wantKind(t, "the watch is ready for leaders", err, parley.NotAllowed, "leader")
	_, err = a.st.ShowReadout(ctx, a.envoy, line, id, va)
	wantKind(t, "showing before all are ready", err, parley.Conflict, "not every side")
	tongue := Officer{ID: a.watch.ID, Name: "an interpreter", Offices: []parley.Office{parley.Interpreter}}
	_, err = a.st.Readout(ctx, tongue, line, id, 0)
	wantKind(t, "one who has no part in it reads it", err, parley.NotAllowed, "office")
	if v, err := a.st.Statements(ctx, tongue, line, id); err != nil || v.Readout != nil {
		t.Errorf("he is shown %+v, %v", v.Readout, err)
	}
	if _, err := a.st.ReadyReadout(ctx, a.envoy, line, id, 0, false); err != nil { // the newest
		t.Fatal(err)
	}
	if r := a.said(line, id).Readout.Ready; r == nil || r.Version != va || r.By != a.envoy.Name {
		t.Errorf("alder is ready with %+v", r)
	}
	b.sees(line, id, "that alder is ready", func(v Statements) bool { return sideOf(v, "alder").State == "ready" })
	_, err = a.st.ReadyReadout(ctx, a.envoy, line, id, va, false)
	wantKind(t, "ready twice", err, parley.Conflict, "ready with version")
	if v := b.said(line, id); len(sideOf(v, "alder").Drafts) != 0 || v.Sides[0].Party != "birch" {
		t.Errorf("birch sees %+v", v.Sides)
	}
	if _, err := b.st.ReadyReadout(ctx, b.envoy, line, id, vb, true); err != nil {
		t.Fatal(err)
	}
	v := b.sees(line, id, "alder's draft", func(v Statements) bool { return sideOf(v, "alder").State == "shown" })
	if d := sideOf(v, "alder").Drafts[0]; d.Items[0].Texts[0].Text != "They spoke of energy and infrastructure." || len(d.Items[1].Texts) != 1 || d.Fault != "" || len(d.Differs) != 0 || d.Number != 1 {
		t.Errorf("alder's draft at birch: %+v", d)
	}
	if sideOf(v, "birch").State != "owes" || !v.Readout.Ready.Manual || v.Readout.Ready.Shown {
		t.Errorf("birch, which keeps the showing for itself: %+v, %+v", sideOf(v, "birch"), v.Readout.Ready)
	}
	_, err = b.st.ReadyReadout(ctx, b.envoy, line, id, b.approve(line, id, "They spoke of energy and infrastructure."), false)
	wantKind(t, "bound anew when the other's draft is here", err, parley.Conflict, "names what we are bound to")
	if _, err := b.st.ShowReadout(ctx, b.envoy, line, id, 0); err != nil {
		t.Fatal(err)
	}
	v = a.sees(line, id, "birch's draft", func(v Statements) bool { return sideOf(v, "birch").State == "shown" })
	first := sideOf(v, "birch").Drafts[0]
	if first.Items[0].Texts[0].Text != "They spoke of energy infrastructure." {
		t.Errorf("birch shows what it was not bound to: %+v", first)
	}
	eventually(t, 10*time.Second, "the drafts sounded", func() bool { return a.alarmed("draft-here") && b.alarmed("draft-here") })
	_, err = a.st.RemarkOnDraft(ctx, a.envoy, line, id, first.ID, 3, "there is no such item")
	wantKind(t, "a remark on no item", err, parley.BadForm, "no item 3")
	if _, err := a.st.RemarkOnDraft(ctx, a.envoy, line, id, first.ID, 1, "We said: and infrastructure."); err != nil {
		t.Fatal(err)
	}
	b.sees(line, id, "the remark", func(v Statements) bool {
		d := sideOf(v, "birch").Drafts
		return len(d) > 0 && len(d[0].Remarks) == 1 && !d[0].Remarks[0].Ours && d[0].Remarks[0].Item == 1
	})
	if _, err := b.st.ShowReadout(ctx, b.envoy, line, id, 0); err != nil { // the version that was approved since
		t.Fatal(err)
	}
	v = a.sees(line, id, "birch's later version", func(v Statements) bool { return len(sideOf(v, "birch").Drafts) == 2 })
	if d := sideOf(v, "birch").Drafts[1]; d.Number != 2 || !d.Current || d.Items[0].Texts[0].Text != "They spoke of energy and infrastructure." {
		t.Errorf("the later version: %+v", d)
	}
	middleVersion(t, a, b, line, id)
	if !a.audited("show a draft", "every side is ready") || !a.audited("open", "draft") {
		t.Error("the audit does not say who showed and who read")
	}
	long(t, a, line, id)
}

// middleVersion: a version between the first and the newest is listed without its text.
func middleVersion(t *testing.T, a, b *party, line, id string) {
	ctx := context.Background()
	b.approve(line, id, "They spoke of energy, and of infrastructure.")
	if _, err := b.st.ShowReadout(ctx, b.envoy, line, id, 0); err != nil {
		t.Fatal(err)
	}
	v := a.sees(line, id, "birch's third version", func(v Statements) bool { return len(sideOf(v, "birch").Drafts) == 3 })
	for i, d := range sideOf(v, "birch").Drafts {
		if n := len(d.Items); (n > 0) != (i != 1) || d.Facts.Level == "" || d.Items == nil {
			t.Errorf("of version %d come %d items: %+v", i+1, n, d)
		}
	}
}

// long is a draft of 200 pages: our side works on it, and it is not exchanged.
func long(t *testing.T, a *party, line, id string) {
	ctx := context.Background()
	r, err := a.st.Readout(ctx, a.envoy, line, id, 0)
	if err != nil {
		t.Fatal(err)
	}
	page := strings.Repeat("They spoke of grain, and of more grain. ", 75)
	r, err = a.st.SaveReadout(ctx, a.envoy, line, id, r.Version, []SaidItem{{Texts: []SaidText{{"en", strings.Repeat(page, 200)}}}})
	if err != nil || r.Over != r.Bytes-said.MaxTexts || r.Over < 500_000 {
		t.Fatalf("200 pages: %d bytes, %d over, %v", r.Bytes, r.Over, err)
	}
	if _, err := a.st.ReviewReadout(ctx, a.watch, line, id, r.Version); err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.ApproveReadout(ctx, a.chief, line, id, r.Version); err != nil {
		t.Fatal(err)
	}
	_, err = a.st.ShowReadout(ctx, a.envoy, line, id, r.Version)
	wantKind(t, "showing 200 pages", err, parley.Oversize, "more than the 48000")
}

// anotherText: a station that lies shows a text that it was not bound to.
func anotherText(t *testing.T, a, b *party, line string) {
	ctx := context.Background()
	id := newContact(t, a, b, line, "minister")
	for _, p := range []*party{a, b} {
		if _, err := p.st.ReadyReadout(ctx, p.envoy, line, id, p.approve(line, id, "What "+p.code+" says."), true); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []*party{a, b} {
		p.sees(line, id, "both ready", func(v Statements) bool {
			return sideOf(v, "alder").State == "ready" && sideOf(v, "birch").State == "ready"
		})
	}
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	x, err := l.afterwards(id)
	if err != nil {
		t.Fatal(err)
	}
	f, refs, err := a.st.firstDraft(x)
	if err != nil {
		t.Fatal(err)
	}
	f.Statement.Items[0].Texts[0].Text = "Something else."
	if _, err := l.fileForm(ctx, &form.Header{From: parley.Envoy, To: l.everyEnvoy(), Precedence: parley.Priority, Refs: refs}, f); err != nil {
		t.Fatal(err)
	}
	v := b.sees(line, id, "the false draft", func(v Statements) bool { return len(sideOf(v, "alder").Drafts) == 1 })
	if d := sideOf(v, "alder").Drafts[0]; d.Fault != "not-bound" || d.Number != 0 || sideOf(v, "alder").State != "ready" {
		t.Errorf("birch sees %+v", sideOf(v, "alder"))
	}
	eventually(t, 10*time.Second, "it sounded", func() bool { return b.alarmed("draft-fault") })
	if _, err := b.st.ShowReadout(ctx, b.envoy, line, id, 0); err != nil {
		t.Fatal(err)
	}
	v = b.sees(line, id, "that alder owes its draft", func(v Statements) bool { return sideOf(v, "alder").State == "owes" })
	if sideOf(v, "alder").Since.IsZero() {
		t.Error("nobody says since when")
	}
}

// signAndWithdraw: signed by one and withdrawn by the other at the same moment, both
// stations say withdrawn and neither publishes; signed and read by both it stands.
func signAndWithdraw(t *testing.T, a, b *party, line string) {
	ctx := context.Background()
	id := newContact(t, a, b, line, "commander")
	items := []SaidItem{{Texts: []SaidText{{"en", "Both sides spoke of grain."}, {"zh", "双方谈到了粮食。"}}}}
	uneven := append(slices.Clone(items), SaidItem{Topic: "Grain", Texts: []SaidText{{"en", "Grain."}}})
	_, err := a.st.ProposeJoint(ctx, a.envoy, line, id, uneven, "", "")
	wantKind(t, "a statement that lacks a language", err, parley.BadForm, "not there in zh")
	propose := func(before string) JointView {
		t.Helper()
		n := len(b.said(line, id).Joints)
		if _, err := a.st.ProposeJoint(ctx, a.envoy, line, id, items, "", before); err != nil {
			t.Fatal(err)
		}
		v := b.sees(line, id, "the proposal", func(v Statements) bool { return len(v.Joints) == n+1 })
		a.sees(line, id, "the proposal", func(v Statements) bool { return len(v.Joints) == n+1 })
		return v.Joints[n]
	}
	todo := func(p *party, act string) bool {
		bd, err := p.st.Board(ctx, p.watch, line)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(bd.DoNext, func(x Todo) bool { return x.Act == act && x.Item == id })
	}
	j := propose("")
	if !todo(b, "sign-joint") || todo(a, "sign-joint") || todo(a, "open-joint") {
		t.Error("the boards do not say who is to sign")
	}
	if !j.MaySign || j.MayWithdraw || j.MayPublish || j.State != "open" || j.Sentence != "Proposed by alder; it waits for birch." {
		t.Errorf("birch may %+v", j)
	}
	_, err = a.st.JudgeJoint(ctx, a.envoy, line, id, j.ID, "sign", "")
	wantKind(t, "signing twice", err, parley.Conflict, "has signed")
	_, err = b.st.Publish(ctx, b.envoy, line, id, PublishText{Joint: j.ID})
	wantKind(t, "publishing what is proposed", err, parley.Conflict, "is open")
	cut(true, a, b)
	if _, err := a.st.JudgeJoint(ctx, a.envoy, line, id, j.ID, "withdraw", "overtaken"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.st.JudgeJoint(ctx, b.envoy, line, id, j.ID, "sign", ""); err != nil {
		t.Fatal(err)
	}
	_, err = a.st.JudgeJoint(ctx, a.envoy, line, id, j.ID, "withdraw", "again")
	wantKind(t, "withdrawing twice", err, parley.Conflict, "withdrawn")
	cut(false, a, b)
	for _, p := range []*party{a, b} {
		v := p.sees(line, id, "that it is withdrawn", func(v Statements) bool { return v.Joints[0].State == "withdrawn" && v.Joints[0].Crossed })
		if j := v.Joints[0]; j.MayPublish || j.MayWithdraw || j.MaySign || j.Off.By != "alder" || !strings.Contains(j.Sentence, "a signature crossed it") {
			t.Errorf("%s: %+v", p.code, j)
		}
		_, err := p.st.Publish(ctx, p.envoy, line, id, PublishText{Joint: j.ID})
		wantKind(t, p.code+" publishes what is withdrawn", err, parley.Conflict, "withdrawn")
	}
	eventually(t, 10*time.Second, "it sounded at birch", func() bool { return b.alarmed("joint-withdrawn") })

	j = propose("")
	if _, err := b.st.JudgeJoint(ctx, b.envoy, line, id, j.ID, "sign", ""); err != nil {
		t.Fatal(err)
	}
	v := a.sees(line, id, "birch's signature", func(v Statements) bool { return v.Joints[1].State == "signed" })
	if !todo(a, "open-joint") || todo(b, "open-joint") || todo(b, "sign-joint") {
		t.Error("the boards do not say who is to read the signature")
	}
	if x := v.Joints[1]; !x.MayOpen || !x.MayWithdraw || x.MayPublish {
		t.Errorf("alder may %+v", x)
	}
	_, err = b.st.JudgeJoint(ctx, b.envoy, line, id, j.ID, "withdraw", "")
	wantKind(t, "withdrawing after all was read", err, parley.Conflict, "bound")
	if err := a.st.OpenJoint(ctx, a.envoy, line, id, j.ID); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		v := p.sees(line, id, "that it stands", func(v Statements) bool { return v.Joints[1].State == "joint" })
		if !v.Joints[1].MayPublish {
			t.Errorf("%s may not publish it", p.code)
		}
		if _, err := p.st.Publish(ctx, p.envoy, line, id, PublishText{Joint: j.ID, Where: "https://" + p.code + ".example/joint"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []*party{a, b} {
		v := p.sees(line, id, "both publications", func(v Statements) bool { return len(v.Published) == 2 })
		for _, x := range v.Published {
			if x.Kind != "joint" || x.Unsigned || len(x.Proofs) != 3 || x.Items[0].Texts[1].Text != "双方谈到了粮食。" {
				t.Errorf("%s sees %+v", p.code, x)
			}
		}
	}
	_, err = a.st.Publish(ctx, a.envoy, line, id, PublishText{Joint: j.ID})
	wantKind(t, "publishing it twice", err, parley.Conflict, "already")
}

// publishing: an embargo that both agreed to holds our own station back, and what is
// published before its end stands so at both sides.
func publishing(t *testing.T, a, b *party, line string) {
	ctx := context.Background()
	id := newContact(t, a, b, line, "working")
	until := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	_, err := a.st.ProposeEmbargo(ctx, a.envoy, line, id, time.Now().Add(-time.Hour), "", "")
	wantKind(t, "an embargo that has passed", err, parley.BadForm, "has passed")
	if _, err := a.st.ProposeEmbargo(ctx, a.envoy, line, id, until, "until both are home", ""); err != nil {
		t.Fatal(err)
	}
	v := b.sees(line, id, "the embargo", func(v Statements) bool { return len(v.Embargo.Open) == 1 })
	e := v.Embargo.Open[0]
	if !e.Asked || e.Ours || !e.Until.Equal(until) {
		t.Errorf("birch is asked %+v", e)
	}
	_, err = a.st.JudgeEmbargo(ctx, a.envoy, line, id, e.ID, "agree", "")
	wantKind(t, "agreeing to our own", err, parley.NotAllowed, "own proposal")
	if _, err := b.st.JudgeEmbargo(ctx, b.envoy, line, id, e.ID, "agree", ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		p.sees(line, id, "the embargo agreed", func(v Statements) bool { return v.Embargo.Until.Equal(until) && !v.Embargo.Over })
	}
	_, err = b.st.JudgeEmbargo(ctx, b.envoy, line, id, e.ID, "refuse", "")
	wantKind(t, "getting out alone", err, parley.Conflict, "agreed")
	version := b.approve(line, id, "They spoke of grain.")
	in := PublishText{Version: version, Where: "https://birch.example/readout"}
	_, err = b.st.Publish(ctx, b.envoy, line, id, in)
	wantKind(t, "publishing before the embargo", err, parley.NotAllowed, "the embargo ends at")
	in.Insist = "it stands in a newspaper"
	if _, err := b.st.Publish(ctx, b.envoy, line, id, in); err != nil {
		t.Fatal(err)
	}
	v = a.sees(line, id, "birch's readout", func(v Statements) bool { return len(v.Published) == 1 })
	if p := v.Published[0]; !p.Early.Equal(until) || p.By != "birch" || p.Where != "https://birch.example/readout" || p.Text != "" || p.Entered.IsZero() || !slices.Equal(p.Proofs, []string{p.ID}) {
		t.Errorf("alder sees %+v", p)
	}
	if !b.audited("publish", "it stands in a newspaper") {
		t.Error("the audit does not say why")
	}
	eventually(t, 10*time.Second, "it sounded at alder", func() bool { return a.alarmed("published-early") })
	_, err = b.st.Publish(ctx, b.envoy, line, id, in)
	wantKind(t, "the same twice", err, parley.Conflict, "already")
	in.Version, in.Corrects = b.approve(line, id, "They spoke of grain and fish."), b.said(line, id).Published[0].ID
	if _, err := b.st.Publish(ctx, b.envoy, line, id, in); err != nil {
		t.Fatal(err)
	}
	v = a.sees(line, id, "the correction", func(v Statements) bool { return len(v.Published) == 2 })
	if v.Published[1].Corrects != v.Published[0].ID {
		t.Errorf("the correction: %+v", v.Published[1])
	}
	_, err = a.st.WritePages(ctx, a.envoy, line, v.Published[0].ID)
	wantKind(t, "writing another side's page into our folder", err, parley.NotAllowed, "birch published this")
	if list, err := filepath.Glob(filepath.Join(a.st.cfg.PublicFolder, "*-birch-*")); err != nil || len(list) != 0 {
		t.Errorf("our folder holds %v, %v", list, err)
	}
	if _, _, err := a.st.PublicPage(ctx, a.envoy, line, v.Published[0].ID, ""); err != nil {
		t.Errorf("its page as a file: %v", err)
	}
	quoting(t, a, b, line, id)
	m := a.begin(b, line, "AUTUMN GALE", "", time.Hour)
	if _, err := b.st.Exercise(ctx, b.watch, line, "agree", m.Entry, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "the exercise is on", func() bool { return a.line(line).Exercise != "" && b.line(line).Exercise != "" })
	if _, err := a.st.AskContact(ctx, a.envoy, line, leaderCall(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	drill := ""
	eventually(t, 20*time.Second, "a contact of the exercise", func() bool {
		all, err := b.st.Contacts(ctx, line, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all.Contacts {
			if c.Exercise != "" {
				drill = c.ID
			}
		}
		return drill != ""
	})
	_, err = b.st.Publish(ctx, b.envoy, line, drill, PublishText{Version: b.approve(line, drill, "All of this is an exercise.")})
	wantKind(t, "publishing in an exercise", err, parley.NotAllowed, "in an exercise")
}

// quoting: a readout that quotes a dispatch is refused, unless the officer names that
// and says why it may be quoted.
func quoting(t *testing.T, a, b *party, line, id string) {
	ctx := context.Background()
	a.send(line, "birch", "the convoy passes the strait at nine in the evening on Friday", "ROUTINE", "INFORMATION")
	it := b.waitFor(line, "the convoy passes the strait at nine in the evening on Friday")
	text := "They agreed that the Convoy passes the strait, at nine in the evening, on Friday."
	in := PublishText{Version: b.approve(line, id, text), Insist: "it is known"}
	_, err := b.st.Publish(ctx, b.envoy, line, id, in)
	wantKind(t, "publishing what quotes a dispatch", err, parley.NotAllowed, "item 1 quotes "+it.ID)
	found, err := b.st.QuotesIn(ctx, b.watch, line, id, in.Version)
	if err != nil || len(found) != 1 || found[0].Of != it.ID || found[0].Item != 1 || !strings.HasPrefix(found[0].What, "dispatch the convoy") || !strings.HasPrefix(text[found[0].From:found[0].To], "the Convoy") {
		t.Errorf("found %+v, %v", found, err)
	}
	if !b.audited("look for quotations in a readout", fmt.Sprintf("version %d", in.Version)) {
		t.Error("a look for quotations is not in the audit")
	}
	_, err = b.st.QuotesIn(ctx, Officer{}, line, id, in.Version)
	wantKind(t, "looking as nobody", err, parley.NotAllowed, "takes an officer")
	in.Named = []NamedQuote{{Of: it.ID, Why: "  "}}
	_, err = b.st.Publish(ctx, b.envoy, line, id, in)
	wantKind(t, "naming it without a reason", err, parley.NotAllowed, "quotes")
	in.Named[0].Why = "alder announced it"
	if _, err := b.st.Publish(ctx, b.envoy, line, id, in); err != nil {
		t.Fatal(err)
	}
	if !b.audited("publish", "quotes "+it.ID+": alder announced it") {
		t.Error("the audit does not say what is quoted, and why")
	}
}

// TestPromisedDraft: what a station promised to show it shows, though it was killed
// between ready and draft, and shows it once; set back to an older image it still
// does; where the promise itself is lost, both sides are told.
func TestPromisedDraft(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	id := newContact(t, a, b, line, "leader")
	older := filepath.Join(t.TempDir(), "own.db")
	versions := map[*party]int64{a: a.approve(line, id, "What alder says."), b: b.approve(line, id, "What birch says.")}
	if _, err := a.st.ReadyReadout(ctx, a.envoy, line, id, versions[a], false); err != nil {
		t.Fatal(err)
	}
	b.sees(line, id, "that alder is ready", func(v Statements) bool { return sideOf(v, "alder").State == "ready" })

	// As it lies on disk at this moment, and nothing more, is what a kill leaves.
	image := filepath.Join(t.TempDir(), "image")
	copyDir(t, a.dir, image)
	a.halt()
	copyDir(t, image, a.dir)
	if _, err := b.st.ReadyReadout(ctx, b.envoy, line, id, versions[b], false); err != nil {
		t.Fatal(err)
	}
	a.start()
	for _, p := range []*party{a, b} {
		v := p.sees(line, id, "both drafts", func(v Statements) bool {
			return sideOf(v, "alder").State == "shown" && sideOf(v, "birch").State == "shown"
		})
		if d := sideOf(v, "alder").Drafts; len(d) != 1 || d[0].Items[0].Texts[0].Text != "What alder says." {
			t.Errorf("%s sees of alder %+v", p.code, d)
		}
	}
	a.halt() // and started again: it is not shown again
	a.start()
	a.waitUp(line)
	time.Sleep(1500 * time.Millisecond) // the clerk has looked
	if d := sideOf(a.said(line, id), "alder").Drafts; len(d) != 1 || len(a.said(line, id).Waiting) != 0 {
		t.Errorf("shown again: %+v", d)
	}
	// Set back to before its draft left.
	a.halt()
	copyDir(t, image, a.dir)
	a.start()
	eventually(t, 40*time.Second, "alder goes on in a new generation, with its draft", func() bool {
		l := a.line(line)
		return l.State == "active" && slices.ContainsFunc(l.Logs, func(g Log) bool { return g.Party == "alder" && g.Current && g.Reason != "founding" })
	})
	for _, p := range []*party{a, b} {
		v := p.sees(line, id, "both drafts after that", func(v Statements) bool {
			return sideOf(v, "alder").State == "shown" && sideOf(v, "birch").State == "shown"
		})
		for _, d := range sideOf(v, "alder").Drafts {
			if d.Current && len(d.Items) == 0 || len(d.Items) > 0 && d.Items[0].Texts[0].Text != "What alder says." || d.Fault != "" {
				t.Errorf("%s sees of alder %+v", p.code, d)
			}
		}
	}

	// The promise is lost: our own side was restored from before it was made.
	id = newContact(t, a, b, line, "minister")
	versions[a], versions[b] = a.approve(line, id, "What alder says."), b.approve(line, id, "What birch says.")
	a.halt()
	copyFile(t, filepath.Join(a.dir, "own.db"), older)
	a.start()
	a.waitUp(line)
	if _, err := a.st.ReadyReadout(ctx, a.envoy, line, id, versions[a], false); err != nil {
		t.Fatal(err)
	}
	b.sees(line, id, "that alder is ready", func(v Statements) bool { return sideOf(v, "alder").State == "ready" })
	a.halt()
	for _, name := range []string{"own.db-wal", "own.db-shm"} {
		os.Remove(filepath.Join(a.dir, name))
	}
	copyFile(t, older, filepath.Join(a.dir, "own.db"))
	a.start()
	if _, err := b.st.ReadyReadout(ctx, b.envoy, line, id, versions[b], false); err != nil {
		t.Fatal(err)
	}
	v := a.sees(line, id, "birch's draft", func(v Statements) bool { return sideOf(v, "birch").State == "shown" })
	if r := v.Readout.Ready; sideOf(v, "alder").State != "owes" || r == nil || !r.Lost || r.Shown {
		t.Errorf("alder says of itself %+v, %+v", sideOf(v, "alder"), r)
	}
	eventually(t, 10*time.Second, "it sounded", func() bool { return a.alarmed("draft-lost") })
	b.sees(line, id, "that alder owes its draft", func(v Statements) bool { return sideOf(v, "alder").State == "owes" })
}

func lineID(t *testing.T, p *party, line string) parley.LineID {
	t.Helper()
	l, err := p.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	return l.id
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
