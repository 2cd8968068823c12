package station

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley"
	"parley/internal/call"
	"parley/internal/charter"
)

// earpiece is a leg that notes what it is played: how many packets of whom, by the
// first byte of their payload.
type earpiece struct {
	mu    sync.Mutex
	heard map[byte]int
	first map[byte]time.Time
	seen  map[uint32]bool // of numbered packets
	shut  atomic.Bool
}

func newEarpiece() *earpiece {
	return &earpiece{heard: map[byte]int{}, first: map[byte]time.Time{}, seen: map[uint32]bool{}}
}

func (e *earpiece) Play(_ int, p *rtp.Packet) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(p.Payload) >= 5 {
		e.heard[p.Payload[0]]++
		if e.first[p.Payload[0]].IsZero() {
			e.first[p.Payload[0]] = time.Now()
		}
		e.seen[binary.BigEndian.Uint32(p.Payload[1:])] = true
	}
	return nil
}

func (e *earpiece) Show(int, *rtp.Packet) error { return nil }
func (e *earpiece) AskPicture()                 {}
func (e *earpiece) Close()                      { e.shut.Store(true) }

func (e *earpiece) hears(who byte) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard[who] > 0
}

func (e *earpiece) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.heard)
	clear(e.first)
}

// talker is somebody on a call who speaks all the time, under a letter.
type talker struct {
	*earpiece
	seat CallSeat
	call *liveCall
	said atomic.Uint32 // the number of his last packet
}

// joins puts somebody on the call of a party, and lets him speak until the test
// ends.
func (p *party) joins(line string, by Officer, letter byte, as CallPerson) *talker {
	p.t.Helper()
	var at CallSeat
	var err error
	if by.ID != 0 {
		at, err = p.st.JoinCall(context.Background(), by, line, as)
	} else {
		var secret string
		if secret, err = p.st.InviteGuest(context.Background(), p.watch, line, as); err == nil {
			if who, on, err := p.st.GuestOf(context.Background(), secret); err != nil || on || who.Name != as.Name {
				p.t.Errorf("who only looks at the link of %s finds %+v, %v, %v", as.Name, who, on, err)
			}
			at, err = p.st.JoinAsGuest(context.Background(), secret)
		}
		if _, on, err := p.st.GuestOf(context.Background(), secret); err == nil && !on {
			p.t.Errorf("%s joined and is not on the call", as.Name)
		}
	}
	if err != nil {
		p.t.Fatalf("%s joins: %v", as.Name, err)
	}
	c, err := p.st.callOn(line)
	if err != nil {
		p.t.Fatal(err)
	}
	k := &talker{earpiece: newEarpiece(), seat: at, call: c}
	if err := c.x.Join(at.Person, k.earpiece, false, false); err != nil {
		p.t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := uint32(0); ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			payload := append(append([]byte{letter}, binary.BigEndian.AppendUint32(nil, n)...), p.words...)
			k.said.Store(n)
			c.x.Voice(at.Person, k.earpiece, &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: uint16(n), Timestamp: n * 960, SSRC: uint32(letter)}, Payload: payload}, 20)
		}
	}()
	p.t.Cleanup(func() { close(stop); <-done })
	return k
}

func (p *party) callPhase(line string) call.Phase {
	cs, err := p.st.CallList(context.Background(), line)
	if err != nil {
		p.t.Fatal(err)
	}
	if len(cs) == 0 {
		return ""
	}
	return cs[0].Phase
}

func (p *party) callIs(line string, want call.Phase) Call {
	p.t.Helper()
	eventually(p.t, 15*time.Second, p.code+" says "+string(want), func() bool { return p.callPhase(line) == want })
	cs, _ := p.st.CallList(context.Background(), line)
	return cs[0]
}

// putThrough rings from a to b, lifts, and has a principal of each side put through.
func putThrough(t *testing.T, line string, a, b *party, more func()) (pa, pb *talker) {
	t.Helper()
	ctx := context.Background()
	if _, err := a.st.Ring(ctx, a.watch, line, RingText{Level: "leader", Interpreting: "simultaneous", Recording: a.records}); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Ringing)
	if err := b.st.LiftCall(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Running)
	b.callIs(line, call.Running)
	for _, p := range []*party{a, b} {
		eventually(t, 5*time.Second, "the call begins", func() bool { _, err := p.st.callOn(line); return err == nil })
	}
	pa = a.joins(line, Officer{}, 'A', CallPerson{Name: "President Alder", Role: "principal", Tongue: "en"})
	pb = b.joins(line, Officer{}, 'B', CallPerson{Name: "主席", Role: "principal", Tongue: "zh"})
	if more != nil {
		more()
	}
	for _, p := range []*party{a, b} {
		if err := p.st.ActForSide(ctx, p.watch, line, SideAct{Do: "ready"}); err != nil {
			t.Fatal(err)
		}
	}
	return pa, pb
}

// TestCall rings, lifts, gathers in the lobby, is put through on both sides at one
// moment, is interpreted, is held and taken aside, and ends: and nobody hears what
// is not his.
func TestCall(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	a.waitUp(line)
	b.waitUp(line)
	var wa, wb, ia *talker
	pa, pb := putThrough(t, line, a, b, func() {
		wa = a.joins(line, a.watch, 'w', CallPerson{Name: "Ruiz", Role: "watch"})
		wb = b.joins(line, b.watch, 'v', CallPerson{Name: "Lin", Role: "watch"})
		ia = a.joins(line, a.chief, 'I', CallPerson{Name: "Li", Role: "interpreter", Tongue: "zh"})
		eventually(t, 5*time.Second, "the watches hear one another", func() bool { return wa.hears('v') && wb.hears('w') })
		time.Sleep(300 * time.Millisecond)
	})
	if pb.hears('I') || wb.hears('A') {
		t.Error("the lobby was heard at the other side")
	}
	eventually(t, 10*time.Second, "both principals hear one another", func() bool { return pa.hears('B') && pb.hears('A') })
	through := time.Now()
	for _, p := range []*party{a, b} {
		r, err := p.st.CallRoom(ctx, CallSeat{Line: line})
		if err != nil {
			t.Fatal(err)
		}
		if r.Through.Before(through) {
			through = r.Through
		}
	}
	if apart := pa.first['B'].Sub(pb.first['A']).Abs(); apart > 250*time.Millisecond {
		t.Errorf("put through %v apart", apart)
	}
	if wa.hears('A') || wa.hears('B') || pa.hears('w') || pb.hears('w') || pb.hears('v') {
		t.Error("the watch's end and the floor are one")
	}

	// The interpreter takes the booth: he is heard there, and not on the floor.
	act := func(p *party, k *talker, do, what string) {
		t.Helper()
		if err := p.st.ActOnCall(ctx, k.seat, CallAct{do, what}); err != nil {
			t.Fatalf("%s %s: %v", do, what, err)
		}
	}
	act(a, ia, "booth", "zh")
	eventually(t, 5*time.Second, "the booth is known there", func() bool {
		r, err := b.st.CallRoom(ctx, pb.seat)
		return err == nil && len(r.Booths) == 1 && r.Booths[0] == "zh"
	})
	pb.forget()
	time.Sleep(200 * time.Millisecond)
	if pb.hears('I') {
		t.Error("a booth is heard on the floor")
	}
	act(b, pb, "hear", "zh")
	eventually(t, 2*time.Second, "the booth is heard", func() bool { return pb.hears('I') })
	if r, err := b.st.CallRoom(ctx, pb.seat); err != nil || len(r.You.Voices) != 2 {
		t.Errorf("%+v, %v: want the booth, and the floor low", r.You, err)
	} else {
		for _, v := range r.You.Voices {
			if v.Low != (v.Name == "President Alder") {
				t.Errorf("%s low is %v", v.Name, v.Low)
			}
		}
	}

	// The chat of the interpreters: both read it, the principal does not.
	ib := b.joins(line, b.envoy, 'J', CallPerson{Name: "Wu", Role: "interpreter", Tongue: "en"})
	if err := a.st.SayInChat(ctx, ia.seat, "barges = 驳船"); err != nil {
		t.Fatal(err)
	}
	if err := a.st.SayInChat(ctx, pa.seat, "x"); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("a principal in the chat of interpreters: %v", err)
	}
	eventually(t, 5*time.Second, "the chat comes, once", func() bool {
		r, err := b.st.CallRoom(ctx, ib.seat)
		return err == nil && len(r.Chat) == 1 && r.Chat[0].Text == "barges = 驳船" && r.Chat[0].Name == "Li" && r.Chat[0].Party == "alder"
	})
	if r, err := b.st.CallRoom(ctx, pb.seat); err != nil || len(r.Chat) != 0 {
		t.Errorf("the principal reads the chat of interpreters: %+v, %v", r.Chat, err)
	}
	if err := b.st.ActOnCall(ctx, ib.seat, CallAct{Do: "leave"}); err != nil {
		t.Fatal(err)
	}

	// The side room, and a hold.
	act(a, ia, "booth", "")
	act(a, ia, "aside", "")
	act(a, pa, "aside", "")
	eventually(t, 2*time.Second, "they are aside", func() bool {
		r, _ := b.st.CallRoom(ctx, pb.seat)
		for _, s := range r.Sides {
			for _, m := range s.People {
				if m.Name == "President Alder" {
					return m.Place == "aside"
				}
			}
		}
		return false
	})
	pa.forget()
	pb.forget()
	ia.forget()
	time.Sleep(300 * time.Millisecond)
	if pb.hears('A') || pb.hears('I') || pa.hears('B') || !pa.hears('I') || !ia.hears('A') {
		t.Errorf("the side room leaks: %v %v %v", pa.heard, pb.heard, ia.heard)
	}
	act(a, pa, "back", "")
	if err := b.st.ActForSide(ctx, b.watch, line, SideAct{Do: "hold", What: "consulting"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Second, "the hold is shown", func() bool {
		r, _ := a.st.CallRoom(ctx, pa.seat)
		return len(r.Sides) == 2 && r.Sides[1].Hold == "consulting"
	})
	pa.forget()
	pb.forget()
	time.Sleep(300 * time.Millisecond)
	if pa.hears('B') || pb.hears('A') {
		t.Error("a side on hold is heard, or hears")
	}
	if err := b.st.ActForSide(ctx, b.watch, line, SideAct{Do: "resume"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Second, "the hold ends", func() bool { return pa.hears('B') && pb.hears('A') })

	// Wording, and the end.
	item, err := a.st.WriteWording(ctx, a.chief, line, "", []SaidText{{"en", "The line stays open."}}, "")
	if err != nil {
		t.Fatal(item, err)
	}
	eventually(t, 10*time.Second, "the wording comes", func() bool { c, _ := b.st.Call(ctx, line, ""); return len(c.Wordings) == 1 })
	c, _ := b.st.Call(ctx, line, "")
	if err := b.st.JudgeWording(ctx, b.envoy, line, c.Wordings[0].ID, "confirm", ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "the wording stands", func() bool {
		c, _ := a.st.Call(ctx, line, "")
		return len(c.Wordings) == 1 && c.Wordings[0].Stands
	})
	if err := b.st.HangUp(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	ended := time.Now()
	for _, p := range []*party{a, b} {
		p.callIs(line, call.Over)
		eventually(t, 10*time.Second, "both ends are filed", func() bool { cs, _ := p.st.CallList(ctx, line); return len(cs[0].Ends) == 2 && len(cs[0].Rosters) == 4 })
		cs, _ := p.st.CallList(ctx, line)
		for _, e := range cs[0].Ends {
			if e.Began.IsZero() || len(e.Talk) == 0 || e.Outcome != "ended" {
				t.Errorf("%s: the end says %+v", p.code, e)
			}
			for _, talk := range e.Talk { // each spoke all the time, in the lobby too, which does not count
				if most := ended.Sub(through) + 300*time.Millisecond; talk.For > most {
					t.Errorf("%s filed %v of %s in a call of %v", e.By, talk.For, talk.Language, most)
				}
			}
		}
	}
	eventually(t, 5*time.Second, "the devices are let go", func() bool { return pa.shut.Load() && pb.shut.Load() })
}

// TestCallUnanswered: a call that nobody lifts, one given up, one declined, a busy
// line, and one that overrides.
func TestCallUnanswered(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	a.waitUp(line)
	b.waitUp(line)
	ring := func(p *party, in RingText) error {
		time.Sleep(1100 * time.Millisecond) // the record tells calls of one second apart by their references alone
		_, err := p.st.Ring(ctx, p.watch, line, in)
		return err
	}
	if err := ring(a, RingText{}); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Ringing)
	if err := ring(b, RingText{}); parley.KindOf(err) != parley.Conflict {
		t.Errorf("ringing while it rings: %v", err)
	}
	if err := b.st.DeclineCall(ctx, b.watch, line, "", "not-now", ""); err != nil {
		t.Fatal(err)
	}
	if c := a.callIs(line, call.Declined); len(c.Answers) != 1 || c.Answers[0].Reason != "not-now" {
		t.Errorf("declined: %+v", c.Answers)
	}
	if err := ring(b, RingText{Text: "again"}); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Ringing)
	if err := b.st.HangUp(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.GivenUp)
	if err := ring(a, RingText{Level: "minister"}); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Ringing)
	if err := b.st.LiftCall(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Running)
	if err := ring(b, RingText{}); parley.KindOf(err) != parley.Conflict {
		t.Errorf("ringing on a busy line: %v", err)
	}
	if err := ring(b, RingText{Override: true, Text: "urgent"}); err != nil {
		t.Fatal(err)
	}
	c := a.callIs(line, call.Ringing)
	if err := a.st.LiftCall(ctx, a.watch, line, c.ID); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Running)
	b.callIs(line, call.Running)
	cs, _ := b.st.CallList(ctx, line)
	eventually(t, 10*time.Second, "the call before is over", func() bool { cs, _ = b.st.CallList(ctx, line); return cs[1].Phase == call.Over })
}

// TestBothRing: two watches that ring at the same moment are on one call, and
// neither is told that the other is busy.
func TestBothRing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	for _, p := range []*party{a, b} {
		p.waitUp(line)
		l, err := p.st.lineOf(line)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 10*time.Second, "a path is proved", func() bool { return l.reached(ctx) })
	}
	cut(true, a, b)
	for _, p := range []*party{a, b} { // neither leaves before the path is back
		if _, err := p.st.Ring(ctx, p.watch, line, RingText{Level: "leader"}); err != nil {
			t.Fatal(err)
		}
	}
	cut(false, a, b)
	both := func(p *party) (on string, met int) {
		cs, err := p.st.CallList(ctx, line)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cs {
			switch c.Phase {
			case call.Running:
				on += c.ID
			case call.Met:
				met++
			}
		}
		return on, met
	}
	for _, p := range []*party{a, b} {
		eventually(t, 20*time.Second, p.code+" is on one call, and the other is met", func() bool { on, met := both(p); return on != "" && met == 1 })
		eventually(t, 5*time.Second, "the call begins", func() bool { _, err := p.st.callOn(line); return err == nil })
	}
	time.Sleep(1500 * time.Millisecond) // whatever a clerk files of its own accord
	on, _ := both(a)
	if other, met := both(b); on != other || met != 1 {
		t.Errorf("alder is on %q, birch on %q", on, other)
	}
	for _, p := range []*party{a, b} {
		cs, _ := p.st.CallList(ctx, line)
		for _, c := range cs {
			for _, x := range c.Answers {
				t.Errorf("%s has the answer %+v", p.code, x)
			}
		}
	}
	if err := b.st.HangUp(ctx, b.watch, line, on); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		eventually(t, 15*time.Second, p.code+" has no call any more", func() bool { on, met := both(p); return on == "" && met == 1 })
	}
}

// TestCallWhenTheLineBreaks: each side keeps its own people talking and says so,
// and both find together again without anybody's doing.
func TestCallWhenTheLineBreaks(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	var second *talker
	pa, pb := putThrough(t, line, a, b, func() {
		second = a.joins(line, a.envoy, 'D', CallPerson{Name: "Hale", Role: "delegate", Tongue: "en"})
	})
	eventually(t, 10*time.Second, "both hear one another", func() bool { return pa.hears('B') && pb.hears('A') })

	// One path of two is cut in mid-sentence: nothing is lost.
	for _, k := range []*talker{pa, pb} {
		k.mu.Lock()
		clear(k.seen)
		k.mu.Unlock()
	}
	time.Sleep(400 * time.Millisecond)
	a.udp.Cut(true)
	b.udp.Cut(true)
	time.Sleep(time.Second)
	for _, k := range []*talker{pa, pb} {
		k.mu.Lock()
		first, last := ^uint32(0), uint32(0)
		for n := range k.seen {
			first, last = min(first, n), max(last, n)
		}
		if want := int(last-first) + 1; len(k.seen) != want || want < 40 {
			t.Errorf("%d of %d packets came", len(k.seen), want)
		}
		k.mu.Unlock()
	}
	a.udp.Cut(false)
	b.udp.Cut(false)

	cut(true, a, b)
	eventually(t, 15*time.Second, "the loss is shown", func() bool {
		r, err := a.st.CallRoom(ctx, pa.seat)
		return err == nil && r.Sides[1].Lost > 0
	})
	pa.forget()
	second.forget()
	time.Sleep(300 * time.Millisecond)
	if !pa.hears('D') || !second.hears('A') {
		t.Error("our own side does not hear itself any more")
	}
	cut(false, a, b)
	began := time.Now()
	eventually(t, 15*time.Second, "both hear one another again", func() bool { return pa.hears('B') && pb.hears('A') })
	t.Logf("together again after %v", time.Since(began).Round(10*time.Millisecond))
	eventually(t, 5*time.Second, "nobody is lost any more", func() bool { // a voice may be there before the next half
		r, err := a.st.CallRoom(ctx, pa.seat)
		return err == nil && r.Sides[1].Lost == 0
	})
	if err := a.st.HangUp(ctx, a.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	c := a.callIs(line, call.Over)
	if len(c.Ends) == 0 || len(c.Ends[0].Gaps) == 0 {
		t.Errorf("the record does not show the gap: %+v", c.Ends)
	}
}

// TestChallenge: where the charter asks for it nobody is put through before the
// watch's challenge was answered rightly; after two wrong answers nobody is at all.
func TestChallenge(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairRuled(t, func(c *charter.Charter) { c.Unknown = call.WriteChallenge(c.Unknown, true) }, a, b)
	a.waitUp(line)
	b.waitUp(line)
	for _, q := range []string{"What flies at dusk?", "Which harbour?", "Who keeps bees?"} {
		if err := a.st.AddChallenge(ctx, a.watch, line, q, "answer to "+q); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.st.AddChallenge(ctx, a.watch, line, "two\nlines", "x"); parley.KindOf(err) != parley.BadForm && parley.KindOf(err) != parley.Malformed {
		t.Errorf("a question of two lines: %v", err)
	}
	if _, err := a.st.Ring(ctx, a.watch, line, RingText{}); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Ringing)
	if err := b.st.LiftCall(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "the call begins", func() bool { _, err := a.st.callOn(line); return err == nil })
	a.joins(line, Officer{}, 'A', CallPerson{Name: "President Alder", Role: "principal", Tongue: "en"})
	ready := func() error { return a.st.ActForSide(ctx, a.watch, line, SideAct{Do: "ready"}) }
	if err := ready(); parley.KindOf(err) != parley.NotAllowed {
		t.Fatalf("READY without a challenge: %v", err)
	}
	v, err := a.st.CallChallenge(ctx, a.watch, line)
	if err != nil || !v.Asked || v.Next == nil || v.Next.Expect != "answer to What flies at dusk?" || v.Left != 3 {
		t.Fatalf("%+v, %v", v, err)
	}
	if v, err := a.st.CallChallenge(ctx, a.envoy, line); err != nil || v.Next != nil {
		t.Errorf("the envoy reads the watch's question: %+v, %v", v.Next, err)
	}
	if err := a.st.JudgeChallenge(ctx, a.envoy, line, v.Next.ID, true); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("the envoy judges: %v", err)
	}
	if err := a.st.JudgeChallenge(ctx, a.watch, line, v.Next.ID, false); err != nil {
		t.Fatal(err)
	}
	if v, err = a.st.CallChallenge(ctx, a.watch, line); err != nil || v.Next == nil || v.Next.Ask != "Which harbour?" || v.Failed != 1 || v.Closed {
		t.Fatalf("after a wrong answer: %+v, %v", v, err)
	}
	if err := a.st.JudgeChallenge(ctx, a.watch, line, v.Next.ID, true); err != nil {
		t.Fatal(err)
	}
	if err := ready(); err != nil {
		t.Errorf("READY after the challenge: %v", err)
	}

	// Two wrong answers.
	if err := a.st.HangUp(ctx, a.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Over)
	time.Sleep(1100 * time.Millisecond)
	if _, err := b.st.Ring(ctx, b.watch, line, RingText{}); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Ringing)
	if err := a.st.LiftCall(ctx, a.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "the call begins", func() bool { _, err := a.st.callOn(line); return err == nil })
	a.joins(line, Officer{}, 'A', CallPerson{Name: "President Alder", Role: "principal", Tongue: "en"})
	if err := a.st.AddChallenge(ctx, a.watch, line, "One more?", "yes"); err != nil {
		t.Fatal(err)
	}
	for range challengeTries {
		v, err := a.st.CallChallenge(ctx, a.watch, line)
		if err != nil || v.Next == nil {
			t.Fatalf("%+v, %v", v, err)
		}
		if err := a.st.JudgeChallenge(ctx, a.watch, line, v.Next.ID, false); err != nil {
			t.Fatal(err)
		}
	}
	if v, err := a.st.CallChallenge(ctx, a.watch, line); err != nil || !v.Closed || v.Next != nil {
		t.Errorf("after two wrong answers: %+v, %v", v, err)
	}
	if err := ready(); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("READY after two wrong answers: %v", err)
	}
	if a.callPhase(line) != call.Running {
		t.Error("the watches do not stay connected")
	}
}
