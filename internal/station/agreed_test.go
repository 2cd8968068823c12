package station

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
)

// name drafts a change of incumbent of ours and lets another officer release it.
func (p *party) name(line, office, person, address string, from time.Time) string {
	p.t.Helper()
	ctx := context.Background()
	d, err := p.st.SaveDraft(ctx, p.envoy, Draft{Line: line, Form: "incumbent", From: "envoy", Precedence: "ROUTINE",
		Incumbent: &IncumbentText{Office: office, Person: person, Address: address, From: from, Languages: []string{"en"}, Hours: "0800-1700Z", Deputy: "B. Vega"}})
	if err != nil {
		p.t.Fatal(err)
	}
	if d, err = p.st.Submit(ctx, p.envoy, d.ID); err != nil {
		p.t.Fatal(err)
	}
	id, err := p.st.Release(ctx, p.chief, d.ID, d.Version, "ROUTINE")
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

// office finds an office in the directory of p.
func (p *party) office(line, of, office string) OfficeView {
	p.t.Helper()
	d, err := p.st.Directory(context.Background(), line)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, s := range d.Sides {
		for _, o := range s.Offices {
			if string(s.Party.Code) == of && string(o.Office) == office {
				return o
			}
		}
	}
	p.t.Fatalf("no office %s of %s", office, of)
	return OfficeView{}
}

// wantKind checks the kind of an error and what it says.
func wantKind(t *testing.T, what string, err error, k parley.Kind, says string) {
	t.Helper()
	if err == nil || parley.KindOf(err) != k || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: got %v (%v), want %v with %q", what, err, parley.KindOf(err), k, says)
	}
}

// TestDirectory: a change of incumbent is drafted, released and read at the
// other side; from then on the form of address of the one before has lapsed.
// Offices are asked for a sign of life, and the answer is timed.
func TestDirectory(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	ctx := context.Background()
	wantKind(t, "the watch drafts a change", func() error {
		_, err := a.st.SaveDraft(ctx, a.watch, Draft{Line: line, Form: "incumbent", Incumbent: &IncumbentText{Office: "envoy", Person: "X", Address: "Y"}})
		return err
	}(), parley.NotAllowed, "draft a change of incumbent")
	first := time.Now().Add(-400 * 24 * time.Hour)
	a.name(line, "envoy", "A. Okafor", "Ambassador", first)
	eventually(t, 15*time.Second, "birch knows the envoy of alder", func() bool { o := b.office(line, "alder", "envoy"); return o.Now != nil && o.Now.Person == "A. Okafor" })
	now := time.Now().Add(-time.Minute)
	a.name(line, "envoy", "D. Marsh", "Your Excellency", now)
	a.name(line, "envoy", "E. Lind", "Madam", time.Now().Add(time.Hour))
	eventually(t, 15*time.Second, "birch knows of all three", func() bool {
		o := b.office(line, "alder", "envoy")
		return o.Now != nil && o.Now.Person == "D. Marsh" && o.Now.Hours == "0800-1700Z" && o.Now.Deputy == "B. Vega" && len(o.Next) == 1 && len(o.Former) == 1
	})
	o := b.office(line, "alder", "envoy")
	if f := o.Former[0]; f.Person != "A. Okafor" || f.Lapsed.Unix() != now.Unix() || o.Next[0].Person != "E. Lind" {
		t.Errorf("former %+v, next %+v", f, o.Next)
	}
	if sides, err := b.st.Incumbents(ctx, line); err != nil || len(sides) != 2 || !sides[0].Party.Us || sides[1].Offices[1].Now == nil || sides[1].Offices[1].Now.Person != "D. Marsh" {
		t.Errorf("the incumbents are %+v, %v", sides, err)
	}
	if it, err := b.st.Item(ctx, line, o.Former[0].Entry); err != nil || it.Lapsed.Unix() != now.Unix() {
		t.Errorf("the entry that named the former envoy: %v, lapsed %v", err, it.Lapsed)
	}
	if it, err := b.st.Item(ctx, line, o.Now.Entry); err != nil || !it.Lapsed.IsZero() {
		t.Errorf("the entry that names the envoy: %v, lapsed %v", err, it.Lapsed)
	}

	// Two changes of one office do not wait side by side.
	draft := Draft{Line: line, Form: "incumbent", From: "envoy", Precedence: "ROUTINE", Incumbent: &IncumbentText{Office: "principal", Person: "P", Address: "Q"}}
	d, err := a.st.SaveDraft(ctx, a.envoy, draft)
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.st.SaveDraft(ctx, a.chief, draft)
	wantKind(t, "a second change of one office", err, parley.Conflict, "waits already")
	_, err = a.st.Release(ctx, a.watch, d.ID, d.Version, "ROUTINE")
	wantKind(t, "a release by the watch", err, parley.NotFound, "no draft")

	// A check call to an office.
	to := parley.Address{Party: "birch", Office: parley.Envoy}
	_, err = a.st.Ping(ctx, Officer{}, line, to)
	wantKind(t, "nobody's check call", err, parley.NotAllowed, "officer")
	_, err = a.st.Ping(ctx, a.watch, line, parley.Address{Party: "alder", Office: parley.Envoy})
	wantKind(t, "a check call to ourselves", err, parley.WrongParty, "other side")
	if !a.office(line, "birch", "envoy").Due {
		t.Error("an office that was never heard is not due")
	}
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	month := time.Now().Add(officeQuiet + time.Hour)
	if due, err := l.quietOffices(time.Now()); err != nil || len(due) != 0 {
		t.Errorf("on its first day the board complains of %v, %v", due, err)
	}
	if due, err := l.quietOffices(month); err != nil || !slices.Contains(due, to) || slices.ContainsFunc(due, func(x parley.Address) bool { return x.Party == "alder" }) {
		t.Errorf("after a month of silence the board names %v, %v", due, err)
	}
	if _, err := a.st.Ping(ctx, a.watch, line, to); err != nil {
		t.Fatal(err)
	}
	if v := a.office(line, "birch", "envoy"); v.Wanted(time.Now()) || !v.Wanted(month) {
		t.Errorf("asked a moment ago, and wanted again: %+v", v)
	}
	_, err = a.st.Ping(ctx, a.watch, line, to)
	wantKind(t, "a second check call at once", err, parley.Conflict, "waits for its answer")
	var call string
	eventually(t, 15*time.Second, "birch has the check call", func() bool {
		pg, err := b.st.Record(ctx, line, Filter{Form: "checkcall"})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range append(pg.Settled, pg.Unsettled...) {
			call = it.ID
		}
		return call != ""
	})
	if _, err := b.st.CheckCall(ctx, b.envoy, line, call); err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, "the answer is timed", func() bool {
		o := a.office(line, "birch", "envoy")
		return o.Calls == 1 && o.Answers == 1 && !o.Answered.IsZero() && o.Took < time.Minute && !o.Due && !o.Heard.IsZero()
	})

	// The brief of who takes over.
	a.send(line, "birch", "Open a corridor", "ROUTINE", "REQUEST")
	b.waitFor(line, "Open a corridor")
	brief, err := b.st.Brief(ctx, b.envoy, line)
	if err != nil {
		t.Fatal(err)
	}
	if len(brief.Theirs) != 1 || brief.Theirs[0].Subject != "Open a corridor" || brief.Theirs[0].Text != "" || !brief.Whole || brief.Last.Received == nil || brief.Last.WeAnswer.IsZero() || len(brief.Charter.InForce) != 2 {
		t.Errorf("the brief says %+v", brief)
	}
	rows, err := b.st.Audit(ctx, Officer{}, 1)
	if err != nil || len(rows) != 1 || rows[0].Act != "transition brief" || rows[0].Officer != b.envoy.Name {
		t.Errorf("the audit says %+v, %v", rows, err)
	}
}

// modeOf finds an exercise or drill by its name.
func (p *party) modeOf(line, title string) Mode {
	p.t.Helper()
	list, err := p.st.Modes(context.Background(), line)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range list {
		if m.Title == title {
			return m
		}
	}
	return Mode{}
}

// begin asks for an exercise or a drill, and waits until the other side has it.
func (p *party) begin(o *party, line, title, path string, d time.Duration) Mode {
	p.t.Helper()
	if _, err := p.st.BeginMode(context.Background(), p.watch, line, title, path, time.Now().Add(d)); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, 15*time.Second, o.code+" is asked for "+title, func() bool { return o.modeOf(line, title).Asked })
	return o.modeOf(line, title)
}

// TestExerciseIsAgreed: an exercise is on when both have agreed, at both sides,
// ends by itself, and a draft that outlives it is marked anew.
func TestExerciseIsAgreed(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	ctx := context.Background()
	_, err := a.st.BeginMode(ctx, a.watch, line, "AUTUMN GALE", "", time.Now().Add(-time.Minute))
	wantKind(t, "one that is over before it begins", err, parley.BadForm, "time to come")
	_, err = a.st.BeginMode(ctx, a.watch, line, "AUTUMN GALE", "", time.Now().Add(400*24*time.Hour))
	wantKind(t, "one of a year", err, parley.BadForm, "longer")
	m := a.begin(b, line, "AUTUMN GALE", "", 15*time.Second)
	_, err = a.st.BeginMode(ctx, a.watch, line, "WINTER GALE", "", time.Now().Add(time.Hour))
	wantKind(t, "a second exercise", err, parley.Conflict, "on or asked for already")
	_, err = a.st.Exercise(ctx, a.watch, line, "agree", m.Entry, "", time.Time{})
	wantKind(t, "agreeing to our own", err, parley.NotAllowed, "the others agree")
	if a.line(line).Exercise != "" || b.line(line).Exercise != "" {
		t.Error("an exercise is on that nobody agreed to")
	}
	asked := func(p *party) (names []string) {
		board, err := p.st.Board(ctx, p.watch, line)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range board.DoNext {
			if x.Act == "agree-exercise" {
				names = append(names, x.Text)
			}
		}
		return names
	}
	if ours, theirs := asked(a), asked(b); len(ours) != 0 || len(theirs) != 1 || theirs[0] != "AUTUMN GALE" {
		t.Errorf("boards ask for agreement to %v and %v", ours, theirs)
	}
	if _, err := b.st.Exercise(ctx, b.watch, line, "agree", m.Entry, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if theirs := asked(b); len(theirs) != 0 {
		t.Errorf("agreed to, and the board asks for %v", theirs)
	}
	_, err = b.st.Exercise(ctx, b.watch, line, "agree", m.Entry, "", time.Time{})
	wantKind(t, "agreeing twice", err, parley.Conflict, "agreed to AUTUMN GALE already")
	eventually(t, 10*time.Second, "it is on at both sides", func() bool {
		return a.line(line).Exercise == "AUTUMN GALE" && b.line(line).Exercise == "AUTUMN GALE"
	})
	d, err := a.st.SaveDraft(ctx, a.envoy, Draft{Line: line, From: "envoy", To: []string{"birch/envoy"}, Subject: "Part of it", Text: "x", Precedence: "ROUTINE", Marker: "INFORMATION", Language: "en", Exercise: "AUTUMN GALE"})
	if err != nil {
		t.Fatal(err)
	}
	if d, err = a.st.Submit(ctx, a.envoy, d.ID); err != nil {
		t.Fatal(err)
	}
	told, stop := a.st.Subscribe()
	defer stop()
	eventually(t, 20*time.Second, "it ends by itself", func() bool { return a.line(line).Exercise == "" && b.modeOf(line, "AUTUMN GALE").State == "over" })
	eventually(t, 10*time.Second, "desks are told that it is over", func() bool {
		select {
		case e := <-told:
			return e.Kind == "line" && !e.At.Before(m.Until)
		default:
			return false
		}
	})
	_, err = a.st.Release(ctx, a.chief, d.ID, d.Version, "ROUTINE")
	wantKind(t, "releasing what outlived its exercise", err, parley.Conflict, "no exercise of that name is on")
	_, err = a.st.Exercise(ctx, a.watch, line, "end", m.Entry, "", time.Time{})
	wantKind(t, "ending what is over", err, parley.Conflict, "over already")
	d.Exercise = ""
	if d, err = a.st.SaveDraft(ctx, a.envoy, d); err != nil {
		t.Fatal(err)
	}
	if d, err = a.st.Submit(ctx, a.envoy, d.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.Release(ctx, a.chief, d.ID, d.Version, "ROUTINE"); err != nil {
		t.Errorf("releasing it as real: %v", err)
	}
}

// upOn says which paths of a line are up, and which rest.
func (p *party) upOn(line string) (up, rest string) {
	for _, x := range p.line(line).Paths {
		switch {
		case x.Up:
			up += x.Name
		case x.Rests:
			rest += x.Name
		}
	}
	return up, rest
}

// TestSinglePathDrill: while a drill is on, both stations use one path, and the
// lamp is green and says so; what is real and urgent breaks it; one that finds
// its path dead breaks it too; and it ends by itself.
func TestSinglePathDrill(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	ctx := context.Background()
	eventually(t, 15*time.Second, "both paths are up", func() bool { u, _ := a.upOn(line); v, _ := b.upOn(line); return u == "QUICTLS" && v == u })
	_, err := a.st.BeginMode(ctx, a.watch, line, "ONE CABLE", "RADIO", time.Now().Add(time.Hour))
	wantKind(t, "a drill on a path that is none", err, parley.NotFound, "no path")
	agree := func(m Mode) {
		t.Helper()
		if _, err := b.st.Exercise(ctx, b.watch, line, "agree", m.Entry, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	drilling := func(what string) {
		t.Helper()
		eventually(t, 15*time.Second, what, func() bool {
			for _, p := range []*party{a, b} {
				up, rest := p.upOn(line)
				l := p.line(line).Lamp
				if up != "TLS" || rest != "QUIC" || l.State != LampUp || l.Verdict != VerdictUp || l.Drill == nil || l.Drill.Path != "TLS" || l.Drill.Broken != "" {
					return false
				}
			}
			return true
		})
	}
	both := func(what string) {
		t.Helper()
		eventually(t, 20*time.Second, what, func() bool {
			u, _ := a.upOn(line)
			v, _ := b.upOn(line)
			return u == "QUICTLS" && v == u
		})
	}
	agree(a.begin(b, line, "ONE CABLE", "tls", time.Hour))
	drilling("TLS alone is up, and both lamps are green")
	if a.line(line).Exercise != "" {
		t.Error("a drill marks what is real as an exercise")
	}
	a.send(line, "birch", "by one cable", "ROUTINE", "INFORMATION")
	b.waitFor(line, "by one cable")
	drilling("what is not urgent leaves the drill alone")
	a.send(line, "birch", "now", "FLASH", "WARNING")
	both("a real FLASH breaks the drill")
	b.waitFor(line, "now")
	if d := a.line(line).Lamp.Drill; d == nil || d.Broken != brokenUrgent {
		t.Errorf("the lamp of alder says of the drill %+v", d)
	}
	if m := b.modeOf(line, "ONE CABLE"); !m.On() || m.Broken != brokenUrgent {
		t.Errorf("birch says of the drill %+v", m)
	}
	if _, err := a.st.Exercise(ctx, a.watch, line, "end", a.modeOf(line, "ONE CABLE").Entry, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "it has ended at both sides", func() bool { return a.line(line).Lamp.Drill == nil && b.line(line).Lamp.Drill == nil })

	agree(a.begin(b, line, "DEAD CABLE", "TLS", time.Hour))
	drilling("a second drill is on")
	a.tcp.Cut(true)
	b.tcp.Cut(true)
	eventually(t, 40*time.Second, "a drill whose path is dead is broken, and the other path used", func() bool {
		u, _ := a.upOn(line)
		v, _ := b.upOn(line)
		return u == "QUIC" && v == u
	})
	a.tcp.Cut(false)
	b.tcp.Cut(false)
	both("both paths are back")
	if _, err := b.st.Exercise(ctx, b.watch, line, "end", b.modeOf(line, "DEAD CABLE").Entry, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "it has ended at both sides", func() bool {
		return a.modeOf(line, "DEAD CABLE").State == "ended" && a.line(line).Lamp.Drill == nil && b.line(line).Lamp.Drill == nil
	})

	agree(a.begin(b, line, "SHORT", "TLS", 8*time.Second))
	drilling("a short drill is on")
	both("it ends by itself")
}

// TestDoneOnce: what is filed once is not filed again while the first waits to
// be sent, and what was looked at is what is proposed.
func TestDoneOnce(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	ctx := context.Background()
	v, err := a.st.Charter(ctx, line)
	if err != nil {
		t.Fatal(err)
	}
	text := v.Charter
	text.Recording = "calls are recorded"
	looked, err := a.st.Weigh(ctx, a.envoy, line, Proposal{Charter: &text})
	if err != nil || len(looked.Changes) != 1 || looked.Changes[0].Clause != "recording" {
		t.Fatalf("looking at it: %+v, %v", looked, err)
	}
	if w, _ := a.st.Charter(ctx, line); len(w.Proposed) != 0 {
		t.Errorf("looking proposed %+v", w.Proposed)
	}
	_, err = a.st.Weigh(ctx, a.watch, line, Proposal{Charter: &text})
	wantKind(t, "the watch looks", err, parley.NotAllowed, "propose an amendment")
	if err := a.st.CutPath(ctx, a.watch, line, "", true); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "every path is down", func() bool { up, _ := a.upOn(line); return up == "" })
	d, err := a.st.Propose(ctx, a.envoy, line, Proposal{Charter: &text})
	if err != nil || d.Hash != looked.Hash {
		t.Fatalf("proposing: hash %s, looked at %s, %v", d.Hash, looked.Hash, err)
	}
	_, err = a.st.Propose(ctx, a.envoy, line, Proposal{Charter: &text})
	wantKind(t, "proposing it twice", err, parley.Conflict, "waits to be sent")
	_, err = a.st.Weigh(ctx, a.envoy, line, Proposal{Charter: &text})
	wantKind(t, "looking again", err, parley.Conflict, "waits to be sent")
	root := Officer{ID: a.envoy.ID, Name: "root", Offices: []parley.Office{parley.Administrator}}
	if err := a.st.Leave(ctx, root, line, "the test is over"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "leaving twice", a.st.Leave(ctx, root, line, "the test is over"), parley.Conflict, "waits to be sent")
}
