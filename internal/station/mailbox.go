package station

import (
	"context"
	"sync"
)

// mailbox hands things from many goroutines to one, in order, at most limit at a
// time. A channel of that size would take its room for ever; a mailbox takes it for
// what waits, and a line has nothing waiting most of the time.
type mailbox[T any] struct {
	limit int
	ready chan struct{} // holds one token when something may wait, for who takes

	mu    sync.Mutex
	items []T
	head  int
	room  chan struct{} // closed when there is room again; nil: nobody waits for it
}

// mailboxKept is for how many things a mailbox keeps room once it is empty.
const mailboxKept = 16

func newMailbox[T any](limit int) *mailbox[T] {
	return &mailbox[T]{limit: limit, ready: make(chan struct{}, 1)}
}

// put waits for room, and reports false when ctx or done ended before; done may be
// nil.
func (m *mailbox[T]) put(ctx context.Context, done <-chan struct{}, v T) bool {
	for {
		room, ok := m.offer(v)
		if ok {
			return true
		}
		select {
		case <-room:
		case <-ctx.Done():
			return false
		case <-done:
			return false
		}
	}
}

// tryPut reports false when there is no room.
func (m *mailbox[T]) tryPut(v T) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.add(v)
}

// offer takes v in, or returns what is closed when there may be room.
func (m *mailbox[T]) offer(v T) (room <-chan struct{}, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.add(v) {
		return nil, true
	}
	if m.room == nil {
		m.room = make(chan struct{})
	}
	return m.room, false
}

// add takes v in if there is room. The caller holds mu.
func (m *mailbox[T]) add(v T) bool {
	if len(m.items)-m.head >= m.limit {
		return false
	}
	m.items = append(m.items, v)
	m.signal()
	return true
}

// take returns the next thing, if one waits. While more wait, ready holds a token.
func (m *mailbox[T]) take() (v T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.head == len(m.items) {
		return v, false
	}
	var none T
	v, m.items[m.head] = m.items[m.head], none
	m.head++
	switch {
	case m.head < len(m.items) && m.head >= m.limit && 2*m.head >= len(m.items):
		m.items, m.head = append([]T(nil), m.items[m.head:]...), 0
	case m.head < len(m.items):
	case cap(m.items) > mailboxKept:
		m.items, m.head = nil, 0
	default:
		m.items, m.head = m.items[:0], 0
	}
	if m.head < len(m.items) {
		m.signal()
	}
	if m.room != nil {
		close(m.room)
		m.room = nil
	}
	return v, true
}

func (m *mailbox[T]) signal() {
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

// len is how many things wait.
func (m *mailbox[T]) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.items) - m.head
}
