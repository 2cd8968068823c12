package station

import (
	"context"
	"testing"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/charter"
	"parley/internal/contact"
	"parley/internal/form"
)

// amends has a propose a change of the charter and b assent, and waits until it is in
// force at both.
func amends(t *testing.T, line string, a, b *party, change func(*CharterText)) {
	t.Helper()
	ctx := context.Background()
	v, err := a.st.Charter(ctx, line)
	if err != nil {
		t.Fatal(err)
	}
	change(&v.Charter)
	d, err := a.st.Propose(ctx, a.envoy, line, Proposal{Charter: &v.Charter})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, b.code+" assents", func() bool { _, err := b.st.Assent(ctx, b.envoy, line, d.Hash); return err == nil })
	for _, p := range []*party{a, b} {
		eventually(t, 20*time.Second, p.code+" has it in force", func() bool {
			l, err := p.st.lineOf(line)
			return err == nil && l.rules().Charter.Version == d.Version
		})
	}
}

// TestCharterAmendedInMidCall: a call that is recorded, one side READY. The charter
// comes to forbid recordings and to ask for a challenge: both end their recording and
// say so, READY is taken back, and nobody is put through before the challenge was
// passed. When it is amended back, who is through stays through, and nothing is
// recorded anew. What asks for a recorded call is refused while the charter forbids
// one, and shown as outside what was agreed where the other side files it all the
// same.
func TestCharterAmendedInMidCall(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairRuled(t, func(c *charter.Charter) { c.Recording = call.CallsAreRecorded }, a, b)
	both := []*party{a, b}
	taped := leaderCall(24 * time.Hour)
	taped.Recording = "each-its-own"
	if _, err := b.st.AskContact(ctx, b.envoy, line, taped); err != nil {
		t.Fatalf("asking for a call that is recorded: %v", err)
	}
	before := a.stands(line, contact.Asked)
	if o := before.Terms[0]; o.Outside || o.Tape {
		t.Errorf("while calls are recorded: %+v", o.ContactSeat)
	}
	if _, err := a.st.Ring(ctx, a.watch, line, RingText{Level: "leader", Recording: "each-its-own"}); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Ringing)
	if err := b.st.LiftCall(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range both {
		eventually(t, 10*time.Second, "the call begins", func() bool { _, err := p.st.callOn(line); return err == nil })
	}
	pa := a.joins(line, Officer{}, 'A', CallPerson{Name: "President Alder", Role: "principal", Tongue: "en"})
	pb := b.joins(line, Officer{}, 'B', CallPerson{Name: "President Birch", Role: "principal", Tongue: "en"})
	ready := func(p *party) error { return p.st.ActForSide(ctx, p.watch, line, SideAct{Do: "ready"}) }
	room := func(p *party) CallRoom {
		t.Helper()
		r, err := p.st.CallRoom(ctx, CallSeat{Line: line})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if err := ready(a); err != nil {
		t.Fatal(err)
	}
	if r := room(a); r.Taping != "on" || !r.Sides[0].Ready {
		t.Fatalf("recording %q, READY %v: the test does not reach it", r.Taping, r.Sides[0].Ready)
	}
	amends(t, line, a, b, func(c *CharterText) { c.Recording, c.Challenge = "nothing is recorded", true })
	eventually(t, 5*time.Second, "READY is taken back", func() bool { return !room(a).Sides[0].Ready })
	for _, p := range both {
		eventually(t, 5*time.Second, p.code+" records no longer, and says so", func() bool { r := room(p); return r.Taping == "stopped" && r.Untaped != "" })
		wantKind(t, p.code+" is READY without a challenge", ready(p), parley.NotAllowed, "the charter asks for a challenge")
		if p.callPhase(line) != call.Running {
			t.Errorf("%s: the call is %s", p.code, p.callPhase(line))
		}
	}
	tapesAreRefused(t, line, a, b, before, taped)
	for _, p := range both {
		if err := p.st.AddChallenge(ctx, p.watch, line, "What flies at dusk?", "An owl."); err != nil {
			t.Fatal(err)
		}
		v, err := p.st.CallChallenge(ctx, p.watch, line)
		if err != nil || v.Next == nil {
			t.Fatalf("%+v, %v", v, err)
		}
		if err := p.st.JudgeChallenge(ctx, p.watch, line, v.Next.ID, true); err != nil {
			t.Fatal(err)
		}
		if err := ready(p); err != nil {
			t.Fatalf("%s is READY after the challenge: %v", p.code, err)
		}
	}
	eventually(t, 15*time.Second, "both hear one another", func() bool { return pa.hears('B') && pb.hears('A') })
	amends(t, line, b, a, func(c *CharterText) { c.Recording = call.CallsAreRecorded })
	time.Sleep(1200 * time.Millisecond) // a look of every clerk
	pa.forget()
	pb.forget()
	eventually(t, 2*time.Second, "both hear one another still", func() bool { return pa.hears('B') && pb.hears('A') })
	for _, p := range both {
		if r := room(p); r.Taping != "stopped" || !r.Sides[0].Through {
			t.Errorf("%s: recording %q, through %v", p.code, r.Taping, r.Sides[0].Through)
		}
	}
	if err := a.st.HangUp(ctx, a.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range both {
		if c := p.callIs(line, call.Over); len(c.Tapings) > 0 {
			t.Errorf("%s: of a lobby that nobody records %+v was filed", p.code, c.Tapings)
		}
	}
}

// tapesAreRefused: under a charter that forbids recordings. before is a request for a
// recorded call from when it did not.
func tapesAreRefused(t *testing.T, line string, a, b *party, before Contact, taped ContactTerms) {
	t.Helper()
	ctx := context.Background()
	taped.Level = "minister" // that of the leaders waits
	_, err := b.st.AskContact(ctx, b.envoy, line, taped)
	wantKind(t, "asking for a recorded call", err, parley.NotAllowed, "the charter in force does not say")
	_, err = a.st.ReplyContact(ctx, a.envoy, line, before.ID, ContactReply{Accept: true, Window: 1})
	wantKind(t, "accepting a recorded call", err, parley.NotAllowed, "the charter in force does not say")
	_, err = a.st.OfferTerms(ctx, a.envoy, line, before.ID, taped)
	wantKind(t, "offering to record", err, parley.NotAllowed, "the charter in force does not say")
	meeting := taped
	meeting.Medium, meeting.Place = "in-person", "Geneva"
	if r, err := readTerms(meeting, time.Now()); err != nil || (&contact.Contact{}).AsksTape(&contact.Entry{Form: r}) {
		t.Errorf("a meeting is no call: %v", err)
	}
	l, err := b.st.lineOf(line) // of a station that does not hold itself to it
	if err != nil {
		t.Fatal(err)
	}
	r, err := readTerms(taped, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.fileForm(ctx, &form.Header{From: parley.Envoy, To: l.everyEnvoy(), Precedence: parley.Priority}, r); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		var broke Contact
		eventually(t, 20*time.Second, p.code+" has it on its record", func() bool {
			book, err := p.st.Contacts(ctx, line, time.Time{})
			if err != nil || len(book.Contacts) != 2 {
				return false
			}
			broke = book.Contacts[0]
			return true
		})
		if o := broke.Terms[0]; !o.Outside || !o.Tape || o.Office != "envoy" {
			t.Errorf("%s: what they filed against it: %+v", p.code, o.ContactSeat)
		}
		for id, want := range map[string]bool{broke.ID: true, before.ID: false} {
			it, err := p.st.Item(ctx, line, id)
			if err != nil || it.Arranged == nil || it.Arranged.Outside != want || it.Arranged.Tape != want {
				t.Errorf("%s: the entry %s by itself: %+v, %v", p.code, id, it.Arranged, err)
			}
		}
		if p == a {
			_, err = a.st.ReplyContact(ctx, a.envoy, line, broke.ID, ContactReply{Accept: true, Window: 1})
			wantKind(t, "accepting it", err, parley.NotAllowed, "the charter in force does not say")
			if _, err := a.st.ReplyContact(ctx, a.envoy, line, broke.ID, ContactReply{Reason: "level"}); err != nil {
				t.Errorf("declining it: %v", err)
			}
		}
	}
}

// TestGuestTakenOffTheCall: his link is no link any more, so that his page does not
// put him back; who was not taken off stays.
func TestGuestTakenOffTheCall(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	pa, pb := putThrough(t, line, a, b, nil)
	eventually(t, 15*time.Second, "both hear one another", func() bool { return pa.hears('B') && pb.hears('A') })
	c, err := a.st.callOn(line)
	if err != nil {
		t.Fatal(err)
	}
	var secret string
	for s := range c.guests {
		secret = s
	}
	if at, err := a.st.JoinAsGuest(ctx, secret); err != nil || at != pa.seat {
		t.Fatalf("his own link leads to %+v, %v", at, err)
	}
	if err := a.st.ActForSide(ctx, a.watch, line, SideAct{Do: "remove", Person: pa.seat.Person}); err != nil {
		t.Fatal(err)
	}
	if at, err := a.st.JoinAsGuest(ctx, secret); parley.KindOf(err) != parley.NotFound {
		t.Errorf("his link leads to %+v, %v", at, err)
	}
	eventually(t, 5*time.Second, "birch knows", func() bool {
		r, err := b.st.CallRoom(ctx, pb.seat)
		return err == nil && len(r.Sides) == 2 && len(r.Sides[1].People) == 0
	})
	pa.forget()
	pb.forget()
	time.Sleep(300 * time.Millisecond)
	if pa.hears('B') || pb.hears('A') {
		t.Error("who was taken off hears, or is heard")
	}
}
