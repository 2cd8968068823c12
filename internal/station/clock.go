package station

import (
	"fmt"
	"time"

	"parley"
	"parley/internal/own"
)

// Bounds of a clock: what is shown, and what is no clock any more.
const (
	clockOff  = time.Minute
	clockDay  = 24 * time.Hour
	clockLook = 10 * time.Second // how long a difference must last
)

// instant is one moment by both clocks of this machine: the one that people
// set, and the one that only runs.
type instant struct {
	wall time.Time
	ran  time.Duration // of the one that only runs, since any beginning
}

var began = time.Now()

func thisInstant() instant {
	now := time.Now()
	return instant{now.Round(0), now.Sub(began)}
}

// step is how far the clock was set, or the machine slept, between two
// instants.
func (a instant) step(b instant) time.Duration { return b.wall.Sub(a.wall) - (b.ran - a.ran) }

// lookAtClock raises an alarm on every line when our clock has jumped.
func (s *Station) lookAtClock(now instant) {
	last := s.lastLook
	s.lastLook = now
	if last.wall.IsZero() || last.step(now).Abs() < clockOff {
		return
	}
	d := last.step(now)
	way := "forward"
	if d < 0 {
		way = "back"
	}
	s.mu.Lock()
	lines := make([]*liveLine, 0, len(s.lines))
	for _, l := range s.lines {
		lines = append(lines, l)
	}
	s.mu.Unlock()
	for _, l := range lines {
		s.alarms(l, own.Alarm{Code: "clock", Text: fmt.Sprintf("Our clock went %s by %s and says %s now, or this machine slept. Header times never go back: entries carry the later time until the clock has passed it. Look at what keeps the time here (chrony, ntpd): parley check.",
			way, d.Abs().Round(time.Second), now.wall.UTC().Format("021504Z Jan 06"))})
	}
}

// clockWatch is what a line's clerk knows of the difference to one peer.
type clockWatch struct {
	since time.Time // when it was first seen too great; zero: it is not
	told  int       // the level that an alarm was raised for
}

// look takes the newest difference and reports whether an alarm is due: one
// when it has been above clockOff for clockLook, one more when above clockDay.
func (w *clockWatch) look(now time.Time, d time.Duration) bool {
	level := 0
	switch {
	case d.Abs() > clockDay:
		level = 2
	case d.Abs() > clockOff:
		level = 1
	}
	if level == 0 {
		*w = clockWatch{}
		return false
	}
	if w.since.IsZero() {
		w.since = now
	}
	if level <= w.told || now.Sub(w.since) < clockLook {
		return false
	}
	w.told = level
	return true
}

// clocks compares our clock with what each peer says of its own.
func (c *clerk) clocks() {
	now := c.l.now()
	for _, p := range c.l.others() {
		d, said := c.l.clockOf(p)
		if c.clockOff[p] == nil {
			c.clockOff[p] = new(clockWatch)
		}
		if !said || !c.clockOff[p].look(now, d) {
			continue
		}
		way := "ahead of"
		if d < 0 {
			way = "behind"
		}
		c.sound(p, "clock", fmt.Sprintf("The clock of %s says that it is %s %s ours, which says %s. Which one is wrong cannot be told from here: parley check looks at ours; if another line says the same, it is ours. Times of entries are claims until it is mended.",
			p, d.Abs().Round(time.Second), way, now.UTC().Format("021504Z Jan 06")), "")
	}
}

// clockOf is a peer's clock less ours, as its pongs have it: the greatest
// difference, where paths tell different ones.
func (l *liveLine) clockOf(p parley.PartyCode) (d time.Duration, said bool) {
	for _, w := range l.net.to(l.id, p) {
		w.mu.Lock()
		if !w.said.IsZero() && (!said || w.clock.Abs() > d.Abs()) {
			d, said = w.clock, true
		}
		w.mu.Unlock()
	}
	return d, said
}

// noteClock keeps what a path told of a peer's clock, for when there is none.
func (l *liveLine) noteClock(p parley.PartyCode, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clocks[p] = d
}

// byOurs is a time of a peer's clock by ours, as far as it is known.
func (l *liveLine) byOurs(p parley.PartyCode, t time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return t.Add(-l.clocks[p])
}
