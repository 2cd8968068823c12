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

// TakePaced takes like Take, and lets a frame wait once for as long as hold
// says of its class while nothing of a lower class comes. hold may be asked
// often and must not block.
func (q *Queue) TakePaced(ctx context.Context, hold func(Class) time.Duration) (Class, []byte, error) {
	for {
		low := q.Lowest()
		if low < Classes {
			if d := hold(low); d > 0 && !q.rest(ctx, low, d) {
				continue
			}
		}
		if err := ctx.Err(); err != nil {
			return 0, nil, err
		}
		if c, f, ok := q.TryTake(Classes); ok {
			return c, f, nil
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
	}
}

// rest waits d and reports false when a class under low came meanwhile.
func (q *Queue) rest(ctx context.Context, low Class, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			return true
		case <-ctx.Done():
			return true
		case <-q.wake:
			if q.Lowest() < low {
				return false
			}
		}
	}
}
