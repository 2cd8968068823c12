package bearer

import "context"

// Inbox holds what has arrived and nobody has asked for yet: one frame of each
// class, the lowest handed out first. A full inbox holds its reader back, and
// so the other side.
type Inbox struct {
	slots [Classes]chan []byte
	ready chan struct{} // holds one token when a slot may be filled
}

// NewInbox returns an empty inbox.
func NewInbox() *Inbox {
	in := &Inbox{ready: make(chan struct{}, 1)}
	for i := range in.slots {
		in.slots[i] = make(chan []byte, 1)
	}
	return in
}

// Put waits for room and reports false when done is closed before.
func (in *Inbox) Put(done <-chan struct{}, class Class, frame []byte) bool {
	select {
	case in.slots[class] <- frame:
		in.signal()
		return true
	case <-done:
		return false
	}
}

// Get returns the next frame. Once life has ended it returns what is left, then
// the reason; the error is ctx's when ctx ends.
func (in *Inbox) Get(ctx context.Context, life *Life) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for {
		if f, ok := in.take(); ok {
			return f, nil
		}
		select {
		case <-in.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-life.Done():
			if f, ok := in.take(); ok {
				return f, nil
			}
			return nil, life.Err()
		}
	}
}

func (in *Inbox) take() ([]byte, bool) {
	for i, s := range in.slots {
		select {
		case f := <-s:
			if in.more(i) {
				in.signal() // for another goroutine in Get
			}
			return f, true
		default:
		}
	}
	return nil, false
}

func (in *Inbox) more(from int) bool {
	for _, s := range in.slots[from:] {
		if len(s) > 0 {
			return true
		}
	}
	return false
}

func (in *Inbox) signal() {
	select {
	case in.ready <- struct{}{}:
	default:
	}
}
