package station

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/record"
)

// only returns the one contact of a line as a party sees it.
func (p *party) only(line string) Contact {
	p.t.Helper()
	b, err := p.st.Contacts(context.Background(), line, time.Time{})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(b.Contacts) != 1 {
		return Contact{}
	}
	return b.Contacts[0]
}

func (p *party) stands(line string, want contact.State) Contact {
	p.t.Helper()
	eventually(p.t, 20*time.Second, string(p.code)+" says "+string(want), func() bool { return p.only(line).State == want })
	return p.only(line)
}

func leaderCall(in ...time.Duration) ContactTerms {
	t := ContactTerms{Level: "leader", Medium: "voice", Topics: []string{"Strait", "Grain"}, Zone: "Europe/Paris", Interpreting: "consecutive", Interpreters: "each side its own", Minutes: 45, Text: "Soon, please.",
		Participants: []ContactPerson{{Name: "A. Alder", Title: "President", Role: "principal"}}, Languages: []string{"en", "zh"}}
	for _, d := range in {
		at := time.Now().Add(d).Truncate(time.Minute).UTC()
		t.Windows = append(t.Windows, ContactWindow{at, at.Add(2 * time.Hour)})
	}
	t.AnswerBy = time.Now().Add(12 * time.Hour)
	return t
}

// TestContactIsArranged asks for a call, counters, accepts, plans its file, enters
// what became of it, and says the same at both sides all the way.
func TestContactIsArranged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	do := func(what string, got string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	got, err := a.st.AskContact(ctx, a.envoy, id, leaderCall(24*time.Hour, 48*time.Hour))
	do("asking", got, err)
	asked := b.stands(id, contact.Asked)
	if !asked.Terms[0].Asked || asked.Ours || asked.Sentence != "alder asked; it waits for an answer of birch." {
		t.Errorf("birch sees %+v", asked)
	}
	todo := func(p *party, act string) bool {
		bd, err := p.st.Board(ctx, p.watch, id)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(bd.DoNext, func(x Todo) bool { return x.Act == act && x.Text == "Strait; Grain" })
	}
	if !todo(b, "answer-contact") || todo(a, "answer-contact") {
		t.Error("the boards do not say who is to answer")
	}
	if _, err := a.st.ReplyContact(ctx, a.envoy, id, asked.ID, ContactReply{Accept: true, Window: 1}); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("own terms accepted: %v", err)
	}
	if _, err := b.st.ReplyContact(ctx, b.envoy, id, asked.ID, ContactReply{Accept: true, Window: 3}); parley.KindOf(err) != parley.BadForm {
		t.Errorf("a window that is not there: %v", err)
	}
	got, err = b.st.OfferTerms(ctx, b.envoy, id, asked.ID, leaderCall(30*time.Hour))
	do("a counter-offer", got, err)
	eventually(t, 20*time.Second, "alder has the counter-offer", func() bool { c := a.only(id); return len(c.Terms) == 2 && c.Terms[1].Asked })
	offer := a.only(id).Terms[1]
	got, err = a.st.ReplyContact(ctx, a.envoy, id, offer.ID, ContactReply{Accept: true, Window: 1})
	do("accepting", got, err)
	atA, atB := a.stands(id, contact.Agreed), b.stands(id, contact.Agreed)
	if atA.Sentence != atB.Sentence || !atA.Start.Equal(offer.Windows[0].Start) || atA.Agreed != offer.ID {
		t.Errorf("alder: %s; birch: %s", atA.Sentence, atB.Sentence)
	}
	cal, err := b.st.Calendar(ctx, "", "")
	if err != nil || !strings.Contains(cal, "STATUS:CONFIRMED") || !strings.Contains(cal, offer.Windows[0].Start.Format("DTSTART:20060102T150405Z")) {
		t.Errorf("birch's calendar: %v\n%s", err, cal)
	}
	// What is read is in the audit, once for each officer.
	if l, err := b.st.Contacts(ctx, id, time.Time{}); err != nil || l.Contacts[0].Terms[0].Text != "" {
		t.Errorf("a list shows what nobody has opened: %v", err)
	}
	for range 2 {
		if c, err := b.st.Contact(ctx, b.watch, id, asked.ID); err != nil || c.Terms[0].Text != "Soon, please." {
			t.Errorf("birch reads %+v, %v", c, err)
		}
	}
	rows, err := b.st.Audit(ctx, Officer{}, 100)
	if n := len(slices.DeleteFunc(rows, func(r AuditRow) bool { return r.Act != "open" || r.Object != asked.ID })); err != nil || n != 1 {
		t.Errorf("the audit says %d times that it was read: %v", n, err)
	}
	// The file: a point that the other side changes, and both agree to.
	got, err = a.st.AddPoint(ctx, a.watch, id, asked.ID, PointText{Kind: "agenda", Text: "Corridor in the strait"}, "")
	do("a point", got, err)
	eventually(t, 20*time.Second, "birch has the point", func() bool { return len(b.only(id).Points) == 1 })
	p := b.only(id).Points[0]
	got, err = b.st.AddPoint(ctx, b.envoy, id, asked.ID, PointText{Kind: "agenda", Text: "Corridor in the strait, and who measures it"}, p.ID)
	do("a change of it", got, err)
	eventually(t, 20*time.Second, "alder has the change", func() bool {
		c := a.only(id)
		return len(c.Points) == 1 && len(c.Points[0].Proposals) == 1 && !c.Points[0].Proposals[0].Ours
	})
	got, err = a.st.JudgePoint(ctx, a.envoy, id, asked.ID, a.only(id).Points[0].Proposals[0].ID, "agree", "")
	do("agreeing", got, err)
	eventually(t, 20*time.Second, "birch says that the point is agreed", func() bool { return b.only(id).Points[0].State == "agreed" })
	// What became of it: entered by one, disputed by the other.
	ids, err := a.st.EnterContacts(ctx, a.envoy, id, asked.ID, []contact.Row{{Date: atA.Start.Format(time.DateOnly), Level: contact.Leader, Ours: "A. Alder", Theirs: "B. Birch", Minutes: 50, Source: "the two stations"}})
	if err != nil || len(ids) != 1 {
		t.Fatal(err)
	}
	took := b.stands(id, contact.Took)
	got, err = b.st.JudgeContacts(ctx, b.envoy, id, took.Held[0].ID, "dispute", nil, "it lasted 40 minutes")
	do("disputing", got, err)
	eventually(t, 20*time.Second, "alder sees the dispute", func() bool {
		c := a.only(id)
		return len(c.Held) == 1 && len(c.Held[0].Disputed) == 1 && strings.Contains(c.Held[0].Disputed[0], "40 minutes")
	})
	if h := b.only(id).Held[0]; h.OurSide != "B. Birch" || h.Ours {
		t.Errorf("birch's view of the row: %+v", h)
	}
	if _, err := a.st.EnterContacts(ctx, a.envoy, id, "", []contact.Row{{Date: atA.Start.Format(time.DateOnly), Level: contact.Leader, Ours: "x", Theirs: "y", Source: "the two stations"}}); parley.KindOf(err) != parley.Conflict {
		t.Errorf("entered twice: %v", err)
	}
	// Topics.
	got, err = a.st.PutAsk(ctx, a.envoy, id, AskText{Sort: "question", Topic: "Strait", Text: "Who guards the corridor?"})
	do("a question", got, err)
	topic := func(p *party, name string) (x Topic) {
		x, err := p.st.Topic(ctx, p.envoy, id, name)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	eventually(t, 20*time.Second, "birch has the question", func() bool { x := topic(b, "Strait"); return len(x.Asks) == 1 && x.Asks[0].Asked && x.Open == 1 })
	ask := topic(b, "Strait").Asks[0].ID
	if _, err := b.st.AnswerAsk(ctx, b.envoy, id, ask, "authoritative", ""); parley.KindOf(err) != parley.BadForm {
		t.Errorf("an outcome of something else: %v", err)
	}
	got, err = b.st.AnswerAsk(ctx, b.envoy, id, ask, "answered", "The coast guard of each side")
	do("an answer", got, err)
	eventually(t, 20*time.Second, "alder has the answer", func() bool {
		x := topic(a, "Strait")
		return len(x.Asks) == 1 && len(x.Asks[0].Answers) == 1 && x.Open == 0
	})
	topicsAreAudited(t, a, b, id, ask)
}

// topicsAreAudited: a list says no words, and what the other side said is in the
// audit once for each officer who read it.
func topicsAreAudited(t *testing.T, a, b *party, id, ask string) {
	t.Helper()
	ctx := context.Background()
	list, err := a.st.Topics(ctx, id)
	if err != nil || len(list) != 2 || list[1].Name != "Strait" || len(list[1].Asks) != 1 {
		t.Fatalf("the topics are %+v, %v", list, err)
	}
	if x := list[1].Asks[0]; x.Text != "" || x.Answers[0].Text != "" || x.Answers[0].Outcome != "answered" {
		t.Errorf("the list says %+v", x)
	}
	read, err := a.st.Topic(ctx, a.watch, id, "Strait")
	if err != nil || read.Asks[0].Text == "" || read.Asks[0].Answers[0].Text == "" {
		t.Fatalf("the watch reads %+v, %v", read, err)
	}
	if _, err := a.st.Topic(ctx, a.watch, id, "Strait"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.Topic(ctx, a.watch, id, "Nothing"); parley.KindOf(err) != parley.NotFound {
		t.Errorf("a topic of which nothing was said: %v", err)
	}
	opened := func(p *party, object, who string) (n int) {
		rows, err := p.st.Audit(ctx, Officer{}, 200)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Act == "open" && r.Object == object && r.Officer == who {
				n++
			}
		}
		return n
	}
	answer := read.Asks[0].Answers[0].ID
	for _, x := range []struct {
		p           *party
		object, who string
		want        int
	}{{a, answer, a.watch.Name, 1}, {a, answer, a.envoy.Name, 1}, {a, ask, a.watch.Name, 0}, {b, ask, b.envoy.Name, 1}, {b, ask, b.watch.Name, 0}} {
		if n := opened(x.p, x.object, x.who); n != x.want {
			t.Errorf("the audit of %s says %d times that %s read %s, want %d", x.p.code, n, x.who, x.object, x.want)
		}
	}
}

// TestSilenceOfARequestIsProved: nobody answers, both sides are told, and what is
// exported proves it to a third party without any text.
func TestSilenceOfARequestIsProved(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	in := leaderCall(24 * time.Hour)
	in.AnswerBy = time.Now().Add(3 * time.Second)
	if _, err := a.st.AskContact(ctx, a.envoy, id, in); err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.AskContact(ctx, a.envoy, id, leaderCall(20*time.Hour)); parley.KindOf(err) != parley.Conflict {
		t.Errorf("asked twice at one level: %v", err)
	}
	c := b.stands(id, contact.Asked)
	if err := b.st.Acknowledge(ctx, b.watch, id, c.ID); err != nil {
		t.Fatal(err)
	}
	a.stands(id, contact.NoAnswer)
	if got := b.stands(id, contact.NoAnswer); got.Sentence != "No answer of birch by the time that was asked for." {
		t.Errorf("birch says %q", got.Sentence)
	}
	eventually(t, 20*time.Second, "alder has birch's receipt", func() bool { return !a.step(id, c.ID, parley.Opened).At.IsZero() })
	var proof []byte
	var rep *record.Report
	eventually(t, 30*time.Second, "the silence is proved", func() bool {
		var err error
		if proof, err = a.st.SilenceProof(ctx, a.envoy, id, c.ID); err != nil {
			return false
		}
		rep, err = record.VerifySilence(bytes.NewReader(proof), record.VerifyOptions{})
		return err == nil && strings.Contains(strings.Join(rep.Lines(), "\n"), "no answer as of")
	})
	if rep.Bodies > 1 {
		t.Errorf("the proof opens %d texts", rep.Bodies)
	}
	// A late answer is late at both sides, and the old proof stays true.
	if _, err := b.st.ReplyContact(ctx, b.envoy, id, c.ID, ContactReply{Reason: "not-now", Next: time.Now().Add(48 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		x := p.stands(id, contact.Declined)
		if len(x.Terms[0].Replies) != 1 || !x.Terms[0].Replies[0].Late {
			t.Errorf("%s does not show the answer as late: %+v", string(p.code), x.Terms[0].Replies)
		}
	}
	if _, err := record.VerifySilence(bytes.NewReader(proof), record.VerifyOptions{}); err != nil {
		t.Errorf("the old proof: %v", err)
	}
}

// TestRequestsThatNobodyCanAccept are refused with what to do.
func TestRequestsThatNobodyCanAccept(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	for what, change := range map[string]func(*ContactTerms){
		"past":     func(c *ContactTerms) { c.Windows = leaderCall(-48 * time.Hour).Windows },
		"no zone":  func(c *ContactTerms) { c.Zone = "Europe/Atlantis" },
		"local":    func(c *ContactTerms) { c.Zone = "Local" },
		"too late": func(c *ContactTerms) { c.AnswerBy = time.Now().Add(400 * time.Hour) },
		"late":     func(c *ContactTerms) { c.AnswerBy = time.Now().Add(-time.Hour) },
		"overlap":  func(c *ContactTerms) { c.Windows = leaderCall(24*time.Hour, 25*time.Hour).Windows },
		"turned":   func(c *ContactTerms) { c.Windows[0].End = c.Windows[0].Start.Add(-time.Minute) },
		"none":     func(c *ContactTerms) { c.Windows = nil },
		"far": func(c *ContactTerms) {
			c.Windows[0].Start, c.Windows[0].End = time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(3000, 1, 1, 1, 0, 0, 0, time.UTC)
		},
		"no topics":  func(c *ContactTerms) { c.Topics = nil },
		"no level":   func(c *ContactTerms) { c.Level = "" },
		"no medium":  func(c *ContactTerms) { c.Medium = "telex" },
		"bad people": func(c *ContactTerms) { c.Participants = []ContactPerson{{Name: "a\nb"}} },
	} {
		in := leaderCall(24 * time.Hour)
		change(&in)
		if _, err := a.st.AskContact(ctx, a.envoy, id, in); err == nil || parley.KindOf(err) != parley.BadForm && parley.KindOf(err) != parley.Malformed {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := a.st.AskContact(ctx, a.watch, id, leaderCall(24*time.Hour)); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("asked by the watch: %v", err)
	}
	in := leaderCall(24 * time.Hour)
	in.Level = "commander"
	if _, err := a.st.AskContact(ctx, a.watch, id, in); err != nil {
		t.Errorf("the watch asks for a call of commanders: %v", err)
	}
	c := b.stands(id, contact.Asked)
	in.Level = "leader"
	if _, err := b.st.OfferTerms(ctx, b.watch, id, c.ID, in); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("raised to leaders by the watch: %v", err)
	}
	if _, err := b.st.ReplyContact(ctx, b.watch, id, c.ID, ContactReply{Accept: true, Window: 1}); err != nil {
		t.Errorf("accepted by the watch: %v", err)
	}
	if _, err := a.st.Calendar(ctx, id, "nothing"); err == nil {
		t.Error("a calendar of nothing")
	}
}

// TestHistoryIsImported enters the public record of a real relation, and says what
// it says as of a day; the count begins anew when the office changes hands.
func TestHistoryIsImported(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	file, err := os.Open("../../examples/contacts/us-china.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := contact.ReadCSV(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.EnterContacts(ctx, a.envoy, id, "", rows); err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		d, err := contact.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	a.name(id, "principal", "Joseph Biden", "Mr President", at("2021-01-20"))
	a.name(id, "principal", "Donald Trump", "Mr President", at("2025-01-20"))
	leaders := func(p *party, asOf string) (s ContactSummary) {
		book, err := p.st.Contacts(ctx, id, at(asOf))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range book.Levels {
			if l.Level == "leader" {
				s = l
			}
		}
		return s
	}
	eventually(t, 20*time.Second, "birch has it all", func() bool {
		s := leaders(b, "2025-02-01")
		return s.LastMeeting != nil && len(s.Terms) == 1 && s.Terms[0].Person == "Donald Trump"
	})
	for _, p := range []*party{a, b} {
		s := leaders(p, "2024-09-30")
		if s.LastCall.Date != "2024-04-02" || s.LastMeeting.Date != "2023-11-15" || len(s.Terms) != 1 || s.Terms[0] != (TermCount{"alder", "Joseph Biden", at("2021-01-20"), 6, 2}) {
			t.Errorf("%s says %+v, last call %+v, last meeting %+v", p.code, s, s.LastCall, s.LastMeeting)
		}
		if s := leaders(p, "2025-02-01"); s.Terms[0].Calls != 0 || s.Terms[0].Meetings != 0 || s.LastMeeting.Date != "2024-11-16" {
			t.Errorf("%s, after the office changed hands: %+v", p.code, s)
		}
	}
	if s := leaders(b, "2024-09-30"); s.LastCall.OurSide != "Xi Jinping" {
		t.Errorf("birch's own side is %q", s.LastCall.OurSide)
	}
}
