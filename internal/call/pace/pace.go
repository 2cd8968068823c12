// Package pace bounds how much of something passes in a second: packets of a
// voice, messages of a telephone, halves of a call.
package pace

import "time"

// A Bucket lets rate things through in a second, and burst at once. The zero value
// is full. It is for one goroutine.
type Bucket struct {
	level float64
	at    time.Time
}

// Idle is for how long nothing asked.
func (b *Bucket) Idle(now time.Time) time.Duration { return now.Sub(b.at) }

// Take reports whether n more may pass now. A clock that went back gives nothing.
func (b *Bucket) Take(n, rate, burst float64, now time.Time) bool {
	if b.at.IsZero() {
		b.level = burst
	} else if d := now.Sub(b.at); d > 0 {
		b.level = min(burst, b.level+rate*d.Seconds())
	}
	b.at = now
	if b.level < n {
		return false
	}
	b.level -= n
	return true
}
