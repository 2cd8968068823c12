package bearer

import (
	"context"
	"time"
)

// What of ours may wait inside the network before the low classes pause: a
// FLASH cannot overtake what has left this machine.
const (
	holdTarget = 100 * time.Millisecond
	holdMost   = time.Second
)

// Hold returns how long a frame of class should wait, given the round trip now
// and the shortest one seen. What the first is longer by is the time our own
// bytes stand in queues along the path; waiting that long lets them drain. Only
// Routine and Bulk wait. It is advice: after one wait the frame is sent.
func Hold(class Class, rtt, shortest time.Duration) time.Duration {
	if class < Routine || rtt <= 0 || shortest <= 0 {
		return 0
	}
	return max(0, min(rtt-shortest-holdTarget, holdMost))
}

// Await waits until there is a frame to take, having let it wait once for as long as
// hold says of its class while nothing of a lower class came. It returns as well, and
// at once, when a token came for something else: where nothing is queued, or when
// busy says so. hold and busy may be asked often and must not block. The error is
// ctx's.
func (q *Queue) Await(ctx context.Context, hold func(Class) time.Duration, busy func() bool) error {
	for {
		low := q.Lowest()
		if low < Classes {
			if d := hold(low); d > 0 && !q.rest(ctx, low, d, busy) {
				if busy() {
					return ctx.Err()
				}
				continue
			}
			return ctx.Err()
		}
		select {
		case <-q.wake:
			if q.Lowest() == Classes {
				return ctx.Err()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rest waits d and reports false when a class under low came meanwhile, or busy
// says so.
func (q *Queue) rest(ctx context.Context, low Class, d time.Duration, busy func() bool) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			return true
		case <-ctx.Done():
			return true
		case <-q.wake:
			if q.Lowest() < low || busy() {
				return false
			}
		}
	}
}
