package station

import (
	"context"
	"maps"
	"math"
	"sync"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/line"
)

// A ring is for now. One that finds no path is taken back before it is sent, and one
// that comes later than it rings does not ring (spec/calls.md, 1).

// leaveWithin is for how long a ring may wait in the outbox.
const leaveWithin = 5 * time.Second

func (l *liveLine) cannotRing() error {
	return parley.Errorf(parley.Unavailable, "the line with %s is down: it cannot ring there", l.name()).WithHint("the line page says why; what is urgent can be written, and goes when the line returns")
}

// leaves waits until a path has taken a ring, and takes it back where none does: in
// the outbox it would ring whenever the line returns. Unavailable.
func (l *liveLine) leaves(ctx context.Context, id uint64) error {
	const often = 20 * time.Millisecond
	for range leaveWithin / often {
		if _, ok, err := handed(l.store, id); err != nil || ok {
			return err
		}
		sleep(ctx, often)
	}
	return l.takeBack(context.WithoutCancel(ctx), id)
}

// takeBack takes a ring out of the outbox. Unavailable when it was there; nil when a
// path has taken it after all.
func (l *liveLine) takeBack(ctx context.Context, id uint64) error {
	if err := l.runner.do(ctx, request{events: []line.Event{line.Unfile{ID: id}}}); err != nil {
		return err
	}
	if _, ok, err := handed(l.store, id); err != nil || ok {
		return err
	}
	return l.cannotRing()
}

// oldRings takes back the rings that a crash left in the outbox. It comes before any
// path is up.
func (l *liveLine) oldRings(ctx context.Context) error {
	rows, err := l.filedForms("ring")
	for _, r := range rows {
		if err := l.takeBack(ctx, r.Filed); err != nil && parley.KindOf(err) != parley.Unavailable {
			return err
		}
		l.log.Warn("a ring that was not sent before the station stopped is taken back", "item", r.Filed)
	}
	return err
}

// missedCall is the phase of a call that came too late to ring here, until its end
// stands on the record.
const missedCall call.Phase = "missed"

// phase is how far a call is, here: what has rung out does not ring.
func (l *liveLine) phase(c *call.Call) call.Phase {
	if ph := c.Phase(); ph != call.Ringing || !l.rungOut(c) {
		return ph
	}
	return missedCall
}

// rungOut reports whether a ring of another party has rung out, by its clock as far as
// we know it, and by ours: its writer gave it up then, and may not have been able to
// say so.
func (l *liveLine) rungOut(c *call.Call) bool {
	return c.Ring.Party != l.us && call.RungOut(l.ageOf(c))
}

// ageOf is how old a ring is.
func (l *liveLine) ageOf(c *call.Call) time.Duration {
	rang, now := c.Ring.Time, l.now()
	if c.Ring.Party != l.us {
		rang = l.byOurs(c.Ring.Party, rang)
	}
	if age := now.Sub(rang); call.RungOut(age) {
		return age
	}
	return l.heardRings.of(c.Ring.Ref, now).Age(rang, now)
}

// mostHeard is how many rings are told apart by when they came; of more at once, which
// nobody rings but to flood, each has rung out.
const mostHeard = 1024

// heardRings is since when this process has had rings that no time says to be over. The
// zero value has none.
type heardRings struct {
	mu     sync.Mutex
	since  map[parley.Ref]time.Time
	before map[parley.Ref]bool
}

// of returns what is known of a ring, which is had from now on if it is new.
func (h *heardRings) of(ref parley.Ref, now time.Time) call.Heard {
	h.mu.Lock()
	defer h.mu.Unlock()
	since, ok := h.since[ref]
	if !ok {
		if len(h.since) >= mostHeard {
			maps.DeleteFunc(h.since, func(r parley.Ref, t time.Time) bool { return !h.before[r] && now.Sub(t) > time.Hour })
		}
		if len(h.since) >= mostHeard {
			return call.Heard{For: math.MaxInt64}
		}
		if h.since == nil {
			h.since = map[parley.Ref]time.Time{}
		}
		since, h.since[ref] = now, now
	}
	return call.Heard{For: now.Sub(since), Before: h.before[ref]}
}

// startRings notes which rings are had already. It comes before any path is up.
func (l *liveLine) startRings() error {
	cs, err := l.callBook()
	if err != nil {
		return err
	}
	l.heardRings.mu.Lock()
	defer l.heardRings.mu.Unlock()
	l.heardRings.before = map[parley.Ref]bool{}
	for _, c := range cs[max(0, len(cs)-mostHeard/2):] {
		if c.Phase() == call.Ringing {
			l.heardRings.before[c.Ring.Ref] = true
		}
	}
	return nil
}
