package exchange

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley"
	"parley/internal/call"
	"parley/internal/call/trunk"
	"parley/internal/contact"
)

// phone is a leg that notes whom it hears in which slot, by the payload.
type phone struct {
	mu     sync.Mutex
	heard  map[string]int // "voice@slot"
	hushed map[int]int
	shut   int
}

func newPhone() *phone { return &phone{heard: map[string]int{}, hushed: map[int]int{}} }

func (p *phone) Play(slot int, pkt *rtp.Packet) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard[fmt.Sprintf("%s@%d", pkt.Payload, slot)]++
	return nil
}
func (p *phone) Show(int, *rtp.Packet) error { return nil }
func (p *phone) AskPicture()                 {}
func (p *phone) Hush(slot int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hushed[slot]++
	return nil
}
func (p *phone) Close() { p.mu.Lock(); p.shut++; p.mu.Unlock() }

// whom returns and forgets what was heard.
func (p *phone) whom() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k := range p.heard {
		out = append(out, k)
	}
	clear(p.heard)
	slices.Sort(out)
	return out
}

// wire is a path that hands over at once.
type wire struct {
	to   *Exchange
	from parley.PartyCode
}

func (w *wire) Name() string { return "wire" }
func (w *wire) MTU() int     { return 1200 }
func (w *wire) Datagram(b []byte) error {
	w.to.MediaIn(w.from, "wire", slices.Clone(b))
	return nil
}

// pair are the exchanges of two sides of one call, that run.
type pair struct {
	t    *testing.T
	a, b *Exchange
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t}
	make := func(us, them parley.PartyCode, other **Exchange) *Exchange {
		return New(Options{Us: us, Others: []parley.PartyCode{them}, Run: 1, Mode: contact.Simultaneous, Flow: 7, Now: time.Now,
			Send: func(_ parley.PartyCode, half []byte) { go (*other).HalfIn(us, half) }, Paths: func(parley.PartyCode) []trunk.Path { return []trunk.Path{&wire{*other, us}} },
			Changed: func() {}, Through: func(time.Time) {}})
	}
	p.a, p.b = make("alder", "birch", &p.b), make("birch", "alder", &p.a)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, x := range []*Exchange{p.a, p.b} {
		wg.Go(func() { x.Run(ctx) })
	}
	t.Cleanup(func() { stop(); wg.Wait() })
	return p
}

func enter(t *testing.T, x *Exchange, who call.Person) (uint64, *phone) {
	t.Helper()
	var id uint64
	if err := x.Do(func(r *call.Room) (err error) { id, err = r.Enter(who); return err }); err != nil {
		t.Fatal(err)
	}
	l := newPhone()
	if err := x.Join(id, l, false, false); err != nil {
		t.Fatal(err)
	}
	return id, l
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not within 5 s: %s", what)
}

func voice(n int, text string) *rtp.Packet {
	return &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: trunk.Opus, SequenceNumber: uint16(n), Timestamp: uint32(n) * 960, SSRC: 1}, Payload: []byte(text)}
}

func (p *pair) through() {
	p.t.Helper()
	for _, x := range []*Exchange{p.a, p.b} {
		if err := x.Do(func(r *call.Room) error { return r.SetReady(true) }); err != nil {
			p.t.Fatal(err)
		}
	}
	until(p.t, "put through", func() bool {
		v := p.a.View().State
		return v.Halves["alder"].Through && v.Halves["birch"] != nil && v.Halves["birch"].Through && p.b.View().State.Halves["birch"].Through
	})
}

// TestLegs: a leg that is replaced, one that went, and one of somebody who left
// neither speak nor hear, and are closed once; what they were heard in is hushed.
func TestLegs(t *testing.T) {
	p := newPair(t)
	ida, la := enter(t, p.a, call.Person{Name: "A", Role: contact.Principal, Tongue: "en", Place: call.Floor})
	_, lb := enter(t, p.b, call.Person{Name: "B", Role: contact.Principal, Tongue: "zh", Place: call.Floor})
	p.through()
	n := 0
	say := func(l Leg) { n++; p.a.Voice(ida, l, voice(n, "a"), 20) }
	until(t, "heard", func() bool { say(la); return len(lb.whom()) > 0 })

	again := newPhone()
	if err := p.a.Join(ida, again, false, false); err != nil {
		t.Fatal(err)
	}
	if la.shut != 1 {
		t.Errorf("the leg that was replaced was closed %d times", la.shut)
	}
	until(t, "nothing of the leg before", func() bool { lb.whom(); say(la); time.Sleep(20 * time.Millisecond); return len(lb.whom()) == 0 })
	until(t, "the new one", func() bool { say(again); return len(lb.whom()) > 0 })

	p.a.Gone(ida, la) // late: it is not his any more
	until(t, "still the new one", func() bool { say(again); return len(lb.whom()) > 0 })
	p.a.Gone(ida, again)
	until(t, "he is away at the other side", func() bool { return p.b.View().State.Halves["alder"].Person(ida).Away })
	say(again)
	time.Sleep(30 * time.Millisecond)
	if got := lb.whom(); len(got) != 0 {
		t.Errorf("who is away is heard: %v", got)
	}

	third := newPhone()
	if err := p.a.Join(ida, third, false, false); err != nil {
		t.Fatal(err)
	}
	if err := p.a.Leave(ida); err != nil {
		t.Fatal(err)
	}
	if third.shut != 1 {
		t.Errorf("the leg of somebody who left was closed %d times", third.shut)
	}
	until(t, "the slot is hushed", func() bool { lb.mu.Lock(); defer lb.mu.Unlock(); return lb.hushed[0] > 0 })
	if err := p.a.Join(ida, newPhone(), false, false); parley.KindOf(err) != parley.NotFound {
		t.Errorf("joining as somebody who left: %v", err)
	}
}

// TestSlots: a voice keeps its slot while others come and go, and of more voices
// than slots the least important are left out.
func TestSlots(t *testing.T) {
	p := newPair(t)
	_, listener := enter(t, p.b, call.Person{Name: "L", Role: contact.Listener, Place: call.Floor})
	enter(t, p.b, call.Person{Name: "B", Role: contact.Delegate, Place: call.Floor})
	type speaker struct {
		id  uint64
		leg *phone
	}
	var all []speaker
	for i := range Voices + 2 {
		role := contact.Delegate
		if i == Voices+1 {
			role = contact.Principal // who comes last is the most important
		}
		id, l := enter(t, p.a, call.Person{Name: fmt.Sprint("S", i), Role: role, Place: call.Floor})
		all = append(all, speaker{id, l})
	}
	p.through()
	n := 0
	round := func() []string {
		listener.whom()
		for range 3 {
			n++
			for i, s := range all {
				p.a.Voice(s.id, s.leg, voice(n, fmt.Sprint(i)), 20)
			}
		}
		time.Sleep(30 * time.Millisecond)
		return listener.whom()
	}
	var first []string
	until(t, "eight are heard", func() bool { first = round(); return len(first) == Voices })
	if !slices.ContainsFunc(first, func(s string) bool { return s[:1] == fmt.Sprint(Voices + 1)[:1] }) {
		t.Errorf("the principal is not among %v", first)
	}
	mute := all[2].id
	if err := p.a.Do(func(r *call.Room) error { return r.Mute(mute, true) }); err != nil {
		t.Fatal(err)
	}
	var then []string
	until(t, "another takes the place", func() bool {
		then = round()
		return len(then) == Voices && !slices.ContainsFunc(then, func(s string) bool { return s[:2] == "2@" })
	})
	kept := 0
	for _, s := range first {
		if slices.Contains(then, s) {
			kept++
		}
	}
	if kept < Voices-1 {
		t.Errorf("of %v only %d kept their slots in %v", first, kept, then)
	}
}

// TestSetOthers: a side that has hung up is neither sent to nor heard.
func TestSetOthers(t *testing.T) {
	p := newPair(t)
	ida, la := enter(t, p.a, call.Person{Name: "A", Role: contact.Principal, Place: call.Floor})
	idb, lb := enter(t, p.b, call.Person{Name: "B", Role: contact.Principal, Place: call.Floor})
	p.through()
	n := 0
	both := func() {
		n++
		p.a.Voice(ida, la, voice(n, "a"), 20)
		p.b.Voice(idb, lb, voice(n, "b"), 20)
		time.Sleep(5 * time.Millisecond)
	}
	until(t, "both hear", func() bool { both(); return len(la.whom()) > 0 && len(lb.whom()) > 0 })
	p.a.SetOthers(nil)
	time.Sleep(20 * time.Millisecond)
	la.whom()
	lb.whom()
	for range 10 {
		both()
	}
	if a, b := la.whom(), lb.whom(); len(a)+len(b) != 0 {
		t.Errorf("after it hung up: %v and %v", a, b)
	}
}

// TestPictureIsNoVoice: what bears the number of a voice and is a picture is not
// played, though the voice is.
func TestPictureIsNoVoice(t *testing.T) {
	p := newPair(t)
	ida, la := enter(t, p.a, call.Person{Name: "A", Role: contact.Principal, Tongue: "en", Place: call.Floor})
	_, lb := enter(t, p.b, call.Person{Name: "B", Role: contact.Principal, Tongue: "zh", Place: call.Floor})
	p.through()
	until(t, "B hears A", func() bool {
		p.a.Voice(ida, la, voice(1, "voice"), 20)
		return slices.Contains(lb.whom(), "voice@0")
	})
	p.a.mu.Lock()
	ssrc := p.a.legs[ida].voice
	p.a.mu.Unlock()
	for n := range 20 {
		pic := voice(100+n, "picture")
		pic.PayloadType, pic.SSRC = trunk.VP8, ssrc
		if err := p.a.trunks["birch"].Send(pic); err != nil {
			t.Fatal(err)
		}
	}
	if got := lb.whom(); slices.Contains(got, "picture@0") {
		t.Errorf("B hears %v", got)
	}
}
