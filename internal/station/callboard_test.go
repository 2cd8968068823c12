package station

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/call"
)

// callSounds returns the alarms of calls that sound.
func (p *party) callSounds() (out []Alarm) {
	p.t.Helper()
	as, err := p.st.Alarms(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, a := range as {
		if a.Code == "call" && !a.Silenced {
			out = append(out, a)
		}
	}
	return out
}

// todo returns the first thing to do of an act; its place in the list, or -1.
func (p *party) todo(line, act string) (Todo, int) {
	p.t.Helper()
	b, err := p.st.Board(context.Background(), p.envoy, line)
	if err != nil {
		p.t.Fatal(err)
	}
	for i, t := range b.DoNext {
		if t.Act == act {
			return t, i
		}
	}
	return Todo{}, -1
}

// TestCallOnBoard: a call that rings sounds and is the first thing to do, until it
// is answered, declined or given up; one that runs is there to be joined, and a
// wording of theirs to be confirmed.
func TestCallOnBoard(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	a.waitUp(line)
	b.waitUp(line)
	ring := func() {
		t.Helper()
		if _, err := a.st.Ring(ctx, a.watch, line, RingText{}); err != nil {
			t.Fatal(err)
		}
		b.callIs(line, call.Ringing)
		eventually(t, 5*time.Second, "it sounds", func() bool { return len(b.callSounds()) == 1 })
		if x, at := b.todo(line, "lift-call"); at != 0 || x.Text != "Alder" || x.Line != line {
			t.Errorf("what rings is at %d of the list: %+v", at, x)
		}
		if _, at := a.todo(line, "lift-call"); at >= 0 || len(a.callSounds()) > 0 {
			t.Error("who rings is told to lift")
		}
	}
	quiet := func(how string) {
		t.Helper()
		eventually(t, 5*time.Second, how+": it is quiet", func() bool { return len(b.callSounds()) == 0 })
		if _, at := b.todo(line, "lift-call"); at >= 0 {
			t.Errorf("%s: it is still to be lifted", how)
		}
	}
	ring()
	if err := b.st.DeclineCall(ctx, b.watch, line, "", "not-now", ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Declined)
	quiet("declined")
	time.Sleep(3100 * time.Millisecond)
	ring() // within the minute, and heard
	if err := a.st.HangUp(ctx, a.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.GivenUp)
	quiet("given up")
	time.Sleep(3100 * time.Millisecond)
	ring()
	if err := b.st.LiftCall(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Running)
	quiet("lifted")
	for _, p := range []*party{a, b} {
		p.callIs(line, call.Running)
		if _, at := p.todo(line, "join-call"); at < 0 {
			t.Errorf("%s: a call that runs is not on the board", p.code)
		}
	}
	if _, err := a.st.WriteWording(ctx, a.envoy, line, "", []SaidText{{"en", "The line stays open."}}, ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "it is to be confirmed", func() bool { _, at := b.todo(line, "confirm-wording"); return at >= 0 })
	x, _ := b.todo(line, "confirm-wording")
	if _, at := a.todo(line, "confirm-wording"); at >= 0 || x.Text != "The line stays open." {
		t.Errorf("to be confirmed: %+v; by its writer: %v", x, at >= 0)
	}
	if err := b.st.JudgeWording(ctx, b.envoy, line, x.Item, "confirm", ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "it is confirmed", func() bool { _, at := b.todo(line, "confirm-wording"); return at < 0 })
	if err := b.st.HangUp(ctx, b.watch, line, ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Over)
	if _, at := a.todo(line, "join-call"); at >= 0 {
		t.Error("a call that is over is to be joined")
	}
}

// TestCallRingsOut: what nobody answers ends by itself, with nothing else going on.
func TestCallRingsOut(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	var off atomic.Int64 // of both clocks: nobody waits for the whole minute
	a.skewed(&off)
	b.skewed(&off)
	line := pairAll(t, a, b)
	a.waitUp(line)
	if _, err := a.st.Ring(context.Background(), a.watch, line, RingText{}); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Ringing)
	const left = 4 * time.Second
	off.Store(int64(call.RingFor - left))
	took := eventually(t, left+20*time.Second, "it rings out", func() bool { return b.callPhase(line) == call.NobodyIn })
	if took < left-2*time.Second { // its time is in whole seconds
		t.Errorf("it rang out %v before its time", left-took)
	}
	eventually(t, 5*time.Second, "it is quiet", func() bool { return len(b.callSounds()) == 0 })
}
