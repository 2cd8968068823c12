package bearer

import (
	"math/rand/v2"
	"time"
)

// Times of reconnection (spec/sessions.md, 5).
const (
	backoffBase = 250 * time.Millisecond
	backoffCap  = 15 * time.Second
	dialEvery   = time.Second // never more than one dial in so long
)

// Backoff says how long to wait before the next dial of one path: full jitter,
// and never more than one dial a second. It is a plain value without a clock;
// the zero value is ready. It is not for use by several goroutines.
type Backoff struct {
	// Rand gives numbers in [0, 1); nil takes the runtime's.
	Rand func() float64

	failures int
	last     time.Time // when the last dial was, or will be
}

// Next is called when a dial has failed or its connection has ended, and
// returns how long to wait from now before the next dial. When no dial has been
// told of (Dialed, or an earlier Next), the last one counts as made now.
func (b *Backoff) Next(now time.Time) time.Duration {
	if b.last.IsZero() || b.last.After(now) {
		b.last = now
	}
	ceiling := backoffCap
	if b.failures < 6 { // 250 ms << 6 is over the cap
		ceiling = min(backoffCap, backoffBase<<b.failures)
		b.failures++
	}
	wait := time.Duration(b.random() * float64(ceiling))
	wait = max(wait, dialEvery-now.Sub(b.last))
	b.last = now.Add(wait)
	return wait
}

// Dialed tells that a dial starts now.
func (b *Backoff) Dialed(now time.Time) { b.last = now }

// Reset is called when a connection has proved good: the next failure counts as
// the first. The bound of one dial a second stays.
func (b *Backoff) Reset() { b.failures = 0 }

func (b *Backoff) random() float64 {
	if b.Rand != nil {
		return b.Rand()
	}
	return rand.Float64()
}
