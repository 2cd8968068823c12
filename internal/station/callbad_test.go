package station

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go/quicvarint"

	"parley/internal/bearer/link"
	"parley/internal/call"
	"parley/internal/call/trunk"
	"parley/internal/contact"
)

// share is how many of the packets that somebody said came, from one moment to
// another.
func (k *talker) share(of *talker, over time.Duration) float64 {
	first := of.said.Load()
	time.Sleep(over)
	last := of.said.Load()
	time.Sleep(500 * time.Millisecond) // under way, or given back
	k.mu.Lock()
	defer k.mu.Unlock()
	n := 0
	for i := first; i < last; i++ {
		if k.seen[i] {
			n++
		}
	}
	return float64(n) / float64(last-first)
}

// TestCallOnBadPaths: one call, over paths that take 2 s; over paths that lose three
// packets of ten; and by a clock that is set back by hours in its midst. People are
// put through together, hear one another, join, hold and hang up through all of it.
func TestCallOnBadPaths(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	var off atomic.Int64
	a.skewed(&off)
	line := pairAll(t, a, b)
	paths := func(o link.Options) {
		for i, l := range []*link.Link{a.udp, a.tcp, b.udp, b.tcp} {
			o.Seed = uint64(i + 1)
			l.Set(o)
		}
	}
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "a path is proved", func() bool { return l.reached(ctx) })
	paths(link.Options{Delay: 2 * time.Second})
	if _, err := a.st.Ring(ctx, a.watch, line, RingText{Level: "leader", Interpreting: "simultaneous"}); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Ringing)
	if err := b.st.LiftCall(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		eventually(t, 20*time.Second, "the call begins", func() bool { _, err := p.st.callOn(line); return err == nil })
	}
	pa := a.joins(line, Officer{}, 'A', CallPerson{Name: "President Alder", Role: "principal", Tongue: "en"})
	pb := b.joins(line, Officer{}, 'B', CallPerson{Name: "President Birch", Role: "principal", Tongue: "en"})
	for _, p := range []*party{a, b} {
		if err := p.st.ActForSide(ctx, p.watch, line, SideAct{Do: "ready"}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 40*time.Second, "with 2 s of delay both hear one another", func() bool { return pa.hears('B') && pb.hears('A') })
	if apart := pa.first['B'].Sub(pb.first['A']).Abs(); apart > 500*time.Millisecond {
		t.Errorf("with 2 s of delay: put through %v apart", apart)
	}
	for _, p := range []*party{a, b} {
		if r, err := p.st.CallRoom(ctx, CallSeat{Line: line}); err != nil || r.Sides[1].Lost > 0 || r.Sides[1].RTT < 3900*time.Millisecond {
			t.Errorf("%s: the other side is lost for %v, at %v there and back; %v", p.code, r.Sides[1].Lost, r.Sides[1].RTT, err)
		}
	}
	whole := func(what string, least float64) {
		t.Helper()
		got := pb.share(pa, 2*time.Second)
		back := pa.share(pb, time.Second)
		t.Logf("%s: %.1f %% and %.1f %% of the packets came", what, 100*got, 100*back)
		if got < least || back < least {
			t.Errorf("%s: %.3f and %.3f of the packets came", what, got, back)
		}
	}
	paths(link.Options{Delay: 20 * time.Millisecond, Loss: 0.3})
	time.Sleep(3 * time.Second) // what was under way for 2 s, and the redundancy that follows the loss
	whole("three of ten lost", 0.95)
	if err := b.st.ActForSide(ctx, b.watch, line, SideAct{Do: "hold", What: "consulting"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "the hold crosses", func() bool {
		r, err := a.st.CallRoom(ctx, pa.seat)
		return err == nil && r.Sides[1].Hold == "consulting"
	})
	if err := b.st.ActForSide(ctx, b.watch, line, SideAct{Do: "resume"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "its end crosses", func() bool {
		r, err := a.st.CallRoom(ctx, pa.seat)
		return err == nil && r.Sides[1].Hold == ""
	})
	paths(link.Options{})

	// The clock of one side goes back.
	off.Store(int64(-2 * time.Hour))
	whole("the clock of one side set back by 2 h", 0.99)
	pd := a.joins(line, a.envoy, 'D', CallPerson{Name: "Hale", Role: "delegate", Tongue: "en"})
	eventually(t, 5*time.Second, "who joins after it hears and is heard", func() bool { return pd.hears('B') && pb.hears('D') })
	for _, p := range []*party{a, b} {
		if r, err := p.st.CallRoom(ctx, CallSeat{Line: line}); err != nil || r.Sides[1].Lost > 0 || !r.Sides[1].Through {
			t.Errorf("%s, after the clock was set back: %+v, %v", p.code, r.Sides, err)
		}
	}
	if err := a.st.HangUp(ctx, a.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{a, b} {
		p.callIs(line, call.Over)
		var c Call
		eventually(t, 10*time.Second, "both ends are filed", func() bool { cs, _ := p.st.CallList(ctx, line); c = cs[0]; return len(c.Ends) == 2 })
		for _, e := range c.Ends {
			if e.Began.IsZero() || e.Began.After(e.At) || e.At.Sub(e.Began) > time.Minute || len(e.Talk) == 0 {
				t.Errorf("%s: the end of %s says that it began at %v, and ended at %v, %+v", p.code, e.By, e.Began, e.At, e.Talk)
			}
		}
	}
}

// TestHostilePeerOnACall: a station that floods media, sends halves of the other
// side's and halves that are none, and claims for its people what they are not. Our
// people hear one another all the while, nobody hears whom the claims let nobody
// hear, nobody of ours is put through, muted or moved by it, and the written line
// carries a FLASH as ever.
func TestHostilePeerOnACall(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	var da *talker
	pa, pb := putThrough(t, line, a, b, func() {
		da = a.joins(line, a.envoy, 'D', CallPerson{Name: "Hale", Role: "delegate", Tongue: "en"})
	})
	eventually(t, 15*time.Second, "both hear one another", func() bool { return pa.hears('B') && pb.hears('A') })
	lb, err := b.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	xb, err := b.st.callOn(line)
	if err != nil {
		t.Fatal(err)
	}
	half := func(change func(h *call.Half)) []byte {
		s := xb.x.View().State
		h := *s.Halves["birch"]
		h.People = slices.Clone(h.People)
		h.Clock = uint64(time.Now().UnixMilli())
		h.Seen = []call.Seen{{Party: "alder", Run: s.Halves["alder"].Run, Half: s.Halves["alder"].Number}}
		change(&h)
		return h.Encode()
	}
	voice := uint32(xb.x.View().State.Halves["birch"].People[0].Voice)
	crowd := func(h *call.Half) {
		for i := range 70 {
			h.People = append(h.People, call.Person{ID: uint64(100 + i), Name: "crowd"})
		}
	}
	lies := [][]byte{
		half(func(h *call.Half) { h.Party = "alder"; h.Number = 1 << 40 }), // in our name
		half(func(h *call.Half) { h.Number += 1000; crowd(h) }),
		half(func(h *call.Half) { h.Number += 1000; h.People[0].OnAir = true }),                 // a principal on the air
		half(func(h *call.Half) { h.Number += 1000; h.People = append(h.People, h.People[0]) }), // one person twice
		half(func(h *call.Half) { h.Number += 1000; h.People[0].Since = h.Number + 1 }),         // from a time to come
		half(func(h *call.Half) { h.Number = 1 << 60 }),                                         // beyond all bounds
		[]byte("no half at all"), {}, make([]byte, 40_000),
	}
	stop, done := make(chan struct{}), make(chan struct{})
	var sent atomic.Int64
	go func() {
		defer close(done)
		for n := uint32(0); ; n++ {
			for _, s := range b.st.net.provedTo(lb.id, "alder") {
				for i := range uint32(20) {
					for _, ssrc := range []uint32{voice ^ (n<<8 + i + 1), voice} { // nobody's, and of one who speaks
						p := append(quicvarint.Append(nil, 2*uint64(call.Number(xb.ref))), 0x80, trunk.Opus)
						p = binary.BigEndian.AppendUint16(p, uint16(n*977+i))
						p = binary.BigEndian.AppendUint32(p, n*960)
						p = binary.BigEndian.AppendUint32(p, ssrc)
						p = append(p, []byte{'X', 0, 0, 0, 0, 1, 2, 3}...)
						if s.Datagram(p) == nil {
							sent.Add(1)
						}
					}
				}
				s.Datagram(append(quicvarint.Append(nil, 2*uint64(call.Number(xb.ref))+1), 0xff, 0xff, 0, 1)) // RTCP that is none
			}
			b.st.net.sendHalf(lb.id, "alder", lies[int(n)%len(lies)])
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	flood := sync.OnceFunc(func() { close(stop); <-done })
	t.Cleanup(flood)
	time.Sleep(500 * time.Millisecond)
	subject := "in the midst of the flood"
	b.send(line, "alder", subject, "FLASH", "QUESTION")
	took := eventually(t, 10*time.Second, "a FLASH comes", func() bool { _, ok := a.got(line, subject); return ok })
	ours, other := da.share(pa, 2*time.Second), pa.share(da, time.Second)
	t.Logf("%d packets of the flood went out; a FLASH took %v; our own side hears %.1f %% and %.1f %%", sent.Load(), took, 100*ours, 100*other)
	if ours < 0.99 || other < 0.99 {
		t.Errorf("our own side hears %.3f and %.3f of itself", ours, other)
	}
	r, err := a.st.CallRoom(ctx, pa.seat)
	if err != nil || len(r.Sides) != 2 || len(r.Sides[1].People) != 1 || len(r.Sides[0].People) != 2 || r.You.Muted || r.You.Place != "floor" || r.You.Role != "principal" {
		t.Errorf("after the lies: %+v, %v", r, err)
	}
	flood()
	pa.forget()
	eventually(t, 5*time.Second, "theirs is heard again", func() bool { return pa.hears('B') })

	// A station that says of its own people what does not let them be heard, and lets
	// them speak all the same.
	number := xb.x.View().State.Halves["birch"].Number
	for i, claim := range []struct {
		what   string
		change func(p *call.Person, h *call.Half)
		heard  bool
	}{
		{"a listener", func(p *call.Person, _ *call.Half) { p.Role = contact.Listener }, false},
		{"a note-taker", func(p *call.Person, _ *call.Half) { p.Role = contact.NoteTaker }, false},
		{"at the watch's end", func(p *call.Person, _ *call.Half) { p.Place = call.Watch }, false},
		{"aside", func(p *call.Person, _ *call.Half) { p.Place = call.Aside }, false},
		{"on hold", func(_ *call.Person, h *call.Half) { h.Hold = "consulting" }, false},
		{"not put through", func(_ *call.Person, h *call.Half) { h.Through = false }, false},
		{"off the air in a booth", func(p *call.Person, _ *call.Half) { p.Role, p.Booth = contact.Interpreter, "en" }, false},
		{"muted", func(p *call.Person, _ *call.Half) { p.Muted = true }, false},
		{"not there", func(_ *call.Person, h *call.Half) { h.People = nil }, false},
		{"a principal", func(*call.Person, *call.Half) {}, true},
	} {
		n := number + 10_000*uint64(i+1)
		b.st.net.sendHalf(lb.id, "alder", half(func(h *call.Half) { h.Number = n; claim.change(&h.People[0], h) }))
		l, err := a.st.callOn(line)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 5*time.Second, "the claim comes", func() bool { return l.x.View().State.Halves["birch"].Number == n })
		time.Sleep(60 * time.Millisecond) // a packet under way
		pa.forget()
		time.Sleep(200 * time.Millisecond)
		if pa.hears('B') != claim.heard {
			t.Errorf("their principal as %s is heard: %v", claim.what, pa.hears('B'))
		}
	}
	if err := a.st.HangUp(ctx, a.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Over)
}
