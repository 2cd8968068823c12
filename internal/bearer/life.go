package bearer

import (
	"sync"

	"parley"
)

// Life is the end of a connection: it comes once and has one reason. Bearers
// embed it.
type Life struct {
	once sync.Once
	done chan struct{}
	err  error
}

// NewLife returns a life that has not ended.
func NewLife() *Life { return &Life{done: make(chan struct{})} }

// End ends it for reason and reports whether it was this call that did. nil is
// taken as "closed here".
func (l *Life) End(reason error) bool {
	first := false
	l.once.Do(func() {
		if reason == nil {
			reason = parley.Errorf(parley.Unavailable, "the connection was closed here")
		}
		l.err = reason
		close(l.done)
		first = true
	})
	return first
}

// Done is closed at the end.
func (l *Life) Done() <-chan struct{} { return l.done }

// Err returns the reason; nil before the end.
func (l *Life) Err() error {
	select {
	case <-l.done:
		return l.err
	default:
		return nil
	}
}

// Gone is what Send returns after the end: Unavailable, because of err.
func Gone(err error) error {
	return &parley.Error{Kind: parley.Unavailable, What: "the connection has ended", Err: err}
}
