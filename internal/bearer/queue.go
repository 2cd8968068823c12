package bearer

import (
	"context"
	"sync"
	"time"

	"parley"
)

// frameCost is what a queued frame counts besides its bytes, so that empty
// frames cannot be queued without end.
const frameCost = 64

// Queue holds the frames that wait to be sent, the lowest class first and each
// class in order. Put never blocks. Each class has its own bound, so no class
// starves another.
type Queue struct {
	limit int
	wake  chan struct{} // holds one token when something may be there

	mu     sync.Mutex
	lanes  [Classes]lane
	closed error
}

type lane struct {
	frames [][]byte
	head   int
	bytes  int // frames and their costs
}

// NewQueue returns an empty queue that holds limit bytes of each class.
func NewQueue(limit int) *Queue {
	return &Queue{limit: limit, wake: make(chan struct{}, 1)}
}

// Put queues frame without copying it. Errors: Oversize, Quota, Malformed for a
// class that does not exist, and the reason of Close after it.
func (q *Queue) Put(class Class, frame []byte) error {
	err := q.Lay(class, frame)
	if err == nil {
		q.Nudge()
	}
	return err
}

// Lay is Put without a token for the goroutine that takes: the caller takes by
// itself, or calls Nudge.
func (q *Queue) Lay(class Class, frame []byte) error {
	if len(frame) > MaxFrame {
		return parley.Errorf(parley.Oversize, "a frame of %d bytes: at most %d can be sent", len(frame), MaxFrame)
	}
	if class >= Classes {
		return parley.Errorf(parley.Malformed, "no class %d", class)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed != nil {
		return q.closed
	}
	l := &q.lanes[class]
	if l.bytes+len(frame)+frameCost > q.limit && l.bytes > 0 {
		return parley.Errorf(parley.Quota, "the queue of class %s is full", class)
	}
	l.frames = append(l.frames, frame)
	l.bytes += len(frame) + frameCost
	return nil
}

// Take waits for the first frame of the lowest class. It is for one goroutine;
// the error is ctx's.
func (q *Queue) Take(ctx context.Context) (Class, []byte, error) {
	for {
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

// TryTake takes the first frame of the lowest class under below, if there is one.
func (q *Queue) TryTake(below Class) (Class, []byte, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for c := range below {
		if l := &q.lanes[c]; l.head < len(l.frames) {
			return c, l.pop(), true
		}
	}
	return 0, nil, false
}

// TryFit takes the first frame of the lowest class when it has at most room bytes
// and hold does not let it wait.
func (q *Queue) TryFit(room int, hold func(Class) time.Duration) ([]byte, bool) {
	low := q.Lowest()
	if low == Classes || hold(low) > 0 {
		return nil, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	l := &q.lanes[low]
	if l.head == len(l.frames) || len(l.frames[l.head]) > room {
		return nil, false
	}
	return l.pop(), true
}

// Lowest returns the lowest class that waits; Classes when nothing does.
func (q *Queue) Lowest() Class {
	q.mu.Lock()
	defer q.mu.Unlock()
	for c := range Class(Classes) {
		if l := &q.lanes[c]; l.head < len(l.frames) {
			return c
		}
	}
	return Classes
}

// Close empties the queue and makes Put return reason.
func (q *Queue) Close(reason error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = reason
	q.lanes = [Classes]lane{}
	q.Nudge()
}

// Queued returns the bytes of frames of one class that wait.
func (q *Queue) Queued(class Class) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if class >= Classes {
		return 0
	}
	return q.lanes[class].payload()
}

// Total returns the bytes of frames that wait in all classes.
func (q *Queue) Total() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for i := range q.lanes {
		n += q.lanes[i].payload()
	}
	return n
}

// Nudge leaves a token for the goroutine that takes.
func (q *Queue) Nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (l *lane) payload() int { return l.bytes - frameCost*(len(l.frames)-l.head) }

func (l *lane) pop() []byte {
	f := l.frames[l.head]
	l.frames[l.head] = nil
	l.head++
	l.bytes -= len(f) + frameCost
	switch {
	case l.head == len(l.frames):
		l.frames, l.head = l.frames[:0], 0
	case l.head >= 1024 && 2*l.head >= len(l.frames): // the front is given back now and then
		l.frames, l.head = append([][]byte(nil), l.frames[l.head:]...), 0
	}
	return f
}
