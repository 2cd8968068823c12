package link

import "time"

const defaultQueue = 64 << 10

// shaper gives each packet of one direction the time at which it comes out. It
// has no clock of its own.
type shaper struct {
	free time.Time // when the wire has sent all it was given
	last time.Time // when the last one comes out
}

// enter returns when n bytes that enter now come out. ok is false when the
// queue before the wire is full. chance returns numbers in [0, 1).
func (s *shaper) enter(now time.Time, n int, o *Options, chance func() float64) (due time.Time, ok bool) {
	if s.free.Before(now) {
		s.free = now
	}
	if o.Rate > 0 {
		if waiting := int64(s.free.Sub(now).Seconds() * float64(o.Rate) / 8); waiting+int64(n) > int64(o.queue()) && waiting > 0 {
			return time.Time{}, false
		}
		s.free = s.free.Add(time.Duration(float64(n) * 8 / float64(o.Rate) * float64(time.Second)))
	}
	due = s.free.Add(o.Delay)
	if o.Jitter > 0 {
		due = due.Add(time.Duration(chance() * float64(o.Jitter)))
	}
	if !o.Reorder && due.Before(s.last) {
		due = s.last
	}
	s.last = due
	return due, true
}

func (o *Options) queue() int {
	if o.Queue > 0 {
		return o.Queue
	}
	return defaultQueue
}
