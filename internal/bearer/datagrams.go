package bearer

import (
	"sync"
	"sync/atomic"
	"time"

	"parley"
)

// What of datagrams a connection holds in each direction. A datagram carries
// voice or a picture: one that has waited for long is worth less than the next,
// so the oldest makes room. A small one is taken for voice, which goes first and
// is soon too late; a picture is of no use without its last piece.
const (
	DatagramsHeld = 128                    // of each size, at most
	DatagramMax   = 16 << 10               // bytes of one, whatever the transport could carry
	DatagramSmall = 700                    // bytes of one that is taken for voice, at most
	SmallLate     = 100 * time.Millisecond // what has waited for so long to be sent is dropped
	LargeLate     = 250 * time.Millisecond // and of the others
)

// Ring holds datagrams that wait, in order. A full ring drops its oldest. Its
// buffers are used again: what waits costs no allocation for each. It takes its room
// with the first: most connections never carry one.
type Ring struct {
	size int
	late time.Duration // 0: never too late
	wake chan struct{} // holds one token when something may be there

	mu      sync.Mutex
	slots   []slot
	head, n int
	dropped uint64
}

type slot struct {
	b     []byte
	at    time.Time
	spare bool // it went another way as well
}

// NewRing returns an empty ring of size datagrams, which drops what has waited
// for late when it is taken; 0 is never.
func NewRing(size int, late time.Duration) *Ring {
	return &Ring{size: size, late: late, wake: make(chan struct{}, 1)}
}

// Put copies b in.
func (r *Ring) Put(b []byte) { r.put(b, false) }

// PutSpare is Put of what went another way as well: it counts for nothing when it
// is dropped.
func (r *Ring) PutSpare(b []byte) { r.put(b, true) }

func (r *Ring) put(b []byte, spare bool) {
	now := time.Time{}
	if r.late > 0 {
		now = time.Now()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slots == nil {
		r.slots = make([]slot, r.size)
	}
	if r.n == len(r.slots) {
		r.drop(&r.slots[r.head])
		r.head, r.n = (r.head+1)%len(r.slots), r.n-1
	}
	s := &r.slots[(r.head+r.n)%len(r.slots)]
	s.b, s.at, s.spare = append(s.b[:0], b...), now, spare
	r.n++
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// TryTake takes the oldest that is not late. It gives buf to the ring in
// exchange; buf may be nil.
func (r *Ring) TryTake(buf []byte) ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.n > 0 {
		s := &r.slots[r.head]
		r.head, r.n = (r.head+1)%len(r.slots), r.n-1
		if r.late > 0 && time.Since(s.at) > r.late {
			r.drop(s)
			continue
		}
		if r.n > 0 {
			select { // for another goroutine that waits
			case r.wake <- struct{}{}:
			default:
			}
		}
		b := s.b
		s.b = buf
		return b, true
	}
	return buf, false
}

func (r *Ring) drop(s *slot) {
	if !s.spare {
		r.dropped++
	}
}

// Wake delivers a token after a Put, for a goroutine that uses TryTake.
func (r *Ring) Wake() <-chan struct{} { return r.wake }

// Held returns how many wait.
func (r *Ring) Held() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

// Dropped returns how many made room or came too late.
func (r *Ring) Dropped() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// Ears hold what a connection's datagrams are given to. Its methods may be called from
// any goroutine.
type Ears struct {
	f atomic.Pointer[func(b []byte)]
}

// Set gives them to f from now on; nil: to nobody.
func (e *Ears) Set(f func(b []byte)) {
	if f == nil {
		e.f.Store(nil)
		return
	}
	e.f.Store(&f)
}

// Hear gives b away, or drops it where nobody hears.
func (e *Ears) Hear(b []byte) {
	if f := e.f.Load(); f != nil {
		(*f)(b)
	}
}

// TooLarge is what SendDatagram returns for n bytes where most fit.
func TooLarge(n, most int) error {
	return parley.Errorf(parley.Oversize, "a datagram of %d bytes: at most %d fit", n, most)
}

// NoDatagrams is what the methods for datagrams return where there are none.
func NoDatagrams(name string) error {
	return parley.Errorf(parley.Unsupported, "%s carries no datagrams", name)
}
