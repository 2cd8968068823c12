package station

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"parley"
	"parley/internal/call"
)

// skewed gives a party a clock of its own, which can be set. The reading of the one
// that only runs stays as it is, as on a machine whose clock is set.
func (p *party) skewed(off *atomic.Int64) {
	p.t.Helper()
	p.halt()
	p.clock = func() time.Time { return wallSet(time.Now(), time.Duration(off.Load())) }
	was := p.clock()
	off.Add(int64(-time.Hour))
	if now := p.clock(); now.Unix()-was.Unix() > -3590 || now.Sub(was) < 0 || now.Sub(was) > time.Minute {
		p.t.Fatalf("a clock that is set back is not: from %v to %v", was, now)
	}
	off.Add(int64(time.Hour))
	p.start()
}

// wallSet is a time whose clock was set by whole seconds since. The seconds stand in
// the upper bits of its first word (package time); skewed sees to it that they do.
func wallSet(t time.Time, by time.Duration) time.Time {
	*(*uint64)(unsafe.Pointer(&t)) += uint64(int64(by/time.Second)) << 30
	return t
}

// ringWaits files a ring that no path takes, and returns it.
func (p *party) ringWaits(l *liveLine) uint64 {
	p.t.Helper()
	id, err := l.fileForm(context.Background(), ringHeader(p, l), &call.Ring{Text: "into the dark"})
	if err != nil {
		p.t.Fatal(err)
	}
	if rows, err := l.filedForms("ring"); err != nil || len(rows) != 1 {
		p.t.Fatalf("%d rings wait, %v: the test does not reach it", len(rows), err)
	}
	return id
}

// TestRingIntoTheDark: a ring that finds no path is taken back, and its officer is
// told; one that a crash left in the outbox is, too. Neither rings when the line
// returns, and the line works then as before.
func TestRingIntoTheDark(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	b.halt()
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	none := 0
	eventually(t, 20*time.Second, "alder has no path", func() bool {
		if none++; len(l.net.to(l.id, "")) > 0 {
			none = 0
		}
		return none > 25 // half a second: what was being dialed has come and gone
	})
	if err := l.leaves(ctx, a.ringWaits(l)); parley.KindOf(err) != parley.Unavailable || !strings.Contains(err.Error(), "cannot ring there") {
		t.Errorf("a ring that finds no path: %v", err)
	}
	if rows, err := l.filedForms("ring"); err != nil || len(rows) != 0 {
		t.Errorf("%d rings wait still, %v", len(rows), err)
	}
	a.ringWaits(l)
	a.halt()
	a.start()
	if l, err = a.st.lineOf(line); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "what the crash left is taken back", func() bool { rows, err := l.filedForms("ring"); return err == nil && len(rows) == 0 })
	b.start()
	a.waitUp(line)
	b.waitUp(line)
	if _, err := a.st.Ring(ctx, a.watch, line, RingText{Text: "in the light"}); err != nil {
		t.Fatal(err)
	}
	c := b.callIs(line, call.Ringing)
	if cs, err := b.st.CallList(ctx, line); err != nil || len(cs) != 1 || c.Text != "in the light" {
		t.Errorf("birch has %d calls, the newest %q; %v", len(cs), c.Text, err)
	}
}

// TestRingThatComesLate: the path goes with a ring on it, and comes back after it has
// rung out. It does not ring then, at a desk or a telephone: it is shown as missed, and cannot be lifted; a
// call that is made after it rings. That holds by clocks that differ by hours.
func TestRingThatComesLate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	var offA, offB atomic.Int64
	offA.Store(int64(-3 * time.Hour))
	a.skewed(&offA)
	b.skewed(&offB)
	line := pairAll(t, a, b)
	b.withPhones(line, "study secret-of-study watch")
	bells := func() int {
		d := &b.st.phones
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.bells)
	}
	l, err := b.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "birch knows of alder's clock", func() bool { return l.now().Sub(l.byOurs("alder", a.clock())).Abs() < time.Second })
	la, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "a path is proved", func() bool { return la.reached(ctx) })

	// One that comes in time rings, whatever the clocks say.
	if _, err := a.st.Ring(ctx, a.watch, line, RingText{Text: "in time"}); err != nil {
		t.Fatal(err)
	}
	c := b.callIs(line, call.Ringing)
	eventually(t, 5*time.Second, "it rings", func() bool { return len(b.callSounds()) == 1 && bells() == 1 })
	if err := b.st.DeclineCall(ctx, b.watch, line, c.ID, "not-now", ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Declined)
	eventually(t, 5*time.Second, "it is quiet", func() bool { return len(b.callSounds()) == 0 && bells() == 0 })

	cut(true, a, b)
	if _, err := a.st.Ring(ctx, a.watch, line, RingText{Text: "late"}); err != nil {
		t.Fatal(err)
	}
	a.st.calling.mu.Lock() // alder's clerk cannot look at its calls: it files no end
	goes := sync.OnceFunc(a.st.calling.mu.Unlock)
	t.Cleanup(goes)
	for _, off := range []*atomic.Int64{&offA, &offB} {
		off.Add(int64(call.RingFor + 2*call.LateSlack))
	}
	cut(false, a, b)
	var missed Call
	eventually(t, 20*time.Second, "birch has it", func() bool {
		cs, err := b.st.CallList(ctx, line)
		if err != nil || len(cs) < 2 {
			return false
		}
		missed = cs[0]
		return true
	})
	if missed.Phase != missedCall || missed.Waits || missed.Text != "late" {
		t.Errorf("it is %s, to be lifted: %v", missed.Phase, missed.Waits)
	}
	rung := func(text string) bool {
		as, err := b.st.Alarms(ctx)
		return err == nil && slices.ContainsFunc(as, func(x Alarm) bool { return x.Text == text })
	}
	eventually(t, 5*time.Second, "birch is told", func() bool { return rung("alder rang, and it came too late to ring here") })
	time.Sleep(1200 * time.Millisecond) // a look of every clerk
	if n, m := len(b.callSounds()), bells(); n > 0 || m > 0 {
		t.Errorf("%d calls sound, %d at telephones", n, m)
	}
	if _, at := b.todo(line, "lift-call"); at >= 0 {
		t.Error("it is to be lifted")
	}
	if err := b.st.LiftCall(ctx, b.watch, line, missed.ID); parley.KindOf(err) != parley.Conflict {
		t.Errorf("lifting it: %v", err)
	}
	goes()
	for _, p := range []*party{a, b} {
		p.callIs(line, call.NobodyIn)
	}
	if _, err := b.st.Ring(ctx, b.watch, line, RingText{Text: "calling back"}); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Ringing)
}

// TestRingBySetClock: alder's clock was an hour ahead and was set right, so that what it
// writes stays at the time of its last entry. Its call rings all the same; but it does
// not ring again at a station that starts, and one that starts itself gives it up.
func TestRingBySetClock(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	var offA atomic.Int64
	offA.Store(int64(time.Hour))
	a.skewed(&offA)
	line := pairAll(t, a, b)
	a.waitUp(line)
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.Ring(ctx, a.watch, line, RingText{}); err != nil {
		t.Fatal(err)
	}
	c := b.callIs(line, call.Ringing)
	if err := b.st.DeclineCall(ctx, b.watch, line, c.ID, "not-now", ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Declined)

	offA.Store(0)
	if _, err := a.st.Ring(ctx, a.watch, line, RingText{Text: "again"}); err != nil {
		t.Fatal(err)
	}
	c = b.callIs(line, call.Ringing)
	if ahead := time.Until(c.At); ahead < 50*time.Minute {
		t.Fatalf("it is written at a time %v ahead: the test tries nothing", ahead)
	}
	ring, err := l.callBook()
	if err != nil || l.ageOf(ring[len(ring)-1]) > time.Minute || l.ageOf(ring[len(ring)-1]) < 0 {
		t.Errorf("its age is %v by who wrote it, %v", l.ageOf(ring[len(ring)-1]), err)
	}

	b.halt()
	b.start()
	b.waitUp(line)
	if got := b.callPhase(line); got != missedCall {
		t.Errorf("at birch, which starts, it is %s", got)
	}
	a.halt()
	a.start()
	eventually(t, 20*time.Second, "alder gives it up", func() bool { return b.callPhase(line) == call.NobodyIn })
}

// TestHeardRings: what is told apart is bounded, and what is not has rung out.
func TestHeardRings(t *testing.T) {
	var h heardRings
	now := time.Now()
	for i := range uint64(mostHeard) {
		if got := h.of(parley.Ref{Index: i}, now); got.For != 0 {
			t.Fatalf("ring %d is %v old when it comes", i, got.For)
		}
	}
	if got := h.of(parley.Ref{Index: 7}, now.Add(time.Minute)); got.For != time.Minute {
		t.Errorf("after a minute: %v", got.For)
	}
	if got := h.of(parley.Ref{Index: mostHeard}, now); !call.RungOut(got.Age(now.Add(time.Hour), now)) {
		t.Error("one of too many rings")
	}
	if got := h.of(parley.Ref{Index: mostHeard}, now.Add(2*time.Hour)); got.For != 0 {
		t.Errorf("hours later, when there is room: %v", got.For)
	}
}
