package trunk

import (
	"time"

	"parley/internal/call/pace"
)

// Bounds of sequence numbers (RFC 3550, A.1).
const (
	maxDropout = 3000
	lateFor    = 500 * time.Millisecond // after the last good packet, older ones are a slow path's
)

// bits is a set of the last numbers up to a highest.
type bits [window / 64]uint64

func (b *bits) has(n uint64) bool { return b[n/64%(window/64)]>>(n%64)&1 != 0 }
func (b *bits) set(n uint64)      { b[n/64%(window/64)] |= 1 << (n % 64) }
func (b *bits) unset(n uint64)    { b[n/64%(window/64)] &^= 1 << (n % 64) }

// advance makes room for the numbers above from up to to.
func (b *bits) advance(from, to uint64) {
	if to-from >= window {
		*b = bits{}
		return
	}
	for n := from + 1; n <= to; n++ {
		b.unset(n)
	}
}

// source is one source of the other side. Sequence numbers are extended by the
// times they have come round, beginning at 1, so that some may come before the
// first.
type source struct {
	ssrc      uint32
	started   bool
	base, max uint64
	newest    uint32    // timestamp of max
	at        time.Time // when max came
	bad       int       // where a jump would go on; -1 for none
	came      bits      // originals
	gave      bits      // originals or rebuilt
	received  uint64    // originals
	given     uint64
	rebuilt   uint64
	jitter    jitter
	rate      pace.Bucket
	asked     time.Time // when we asked for its picture
	prior     struct{ expected, received uint64 }
}

// verdict is where a sequence number stands.
type verdict uint8

const (
	fits    verdict = iota
	late            // before the window
	jumped          // so far off that the next has to bear it out
	renewed         // it did: the source counts anew from here
)

// place extends seq and makes room for it. On renewed nothing is done yet.
func (s *source) place(seq uint16, ts uint32, now time.Time) (uint64, verdict) {
	if !s.started {
		return s.start(seq, ts, now), fits
	}
	delta := seq - uint16(s.max)
	switch {
	case delta < maxDropout:
		n := s.max + uint64(delta)
		if delta > 0 {
			s.came.advance(s.max, n)
			s.gave.advance(s.max, n)
			s.max, s.newest, s.at = n, ts, now
		}
		s.bad = -1
		return n, fits
	case -delta < window: // behind
		n := s.max - uint64(-delta)
		s.base = min(s.base, n)
		return n, fits
	case delta >= 1<<15 && int32(ts-s.newest) < 0 && now.Sub(s.at) < lateFor:
		return 0, late // older in every way, while newer come
	case int(seq) == s.bad:
		return 0, renewed
	default:
		s.bad = int(seq + 1)
		return 0, jumped
	}
}

// start begins to count at seq.
func (s *source) start(seq uint16, ts uint32, now time.Time) uint64 {
	n := 1<<16 + uint64(seq)
	*s = source{ssrc: s.ssrc, started: true, base: n, max: n, newest: ts, at: now, bad: -1, rate: s.rate, asked: s.asked}
	return n
}

// expected is how many packets there were, so far as is known here.
func (s *source) expected() uint64 {
	if !s.started {
		return 0
	}
	return s.max - s.base + 1
}

// within reports whether n, at most max, is in the window.
func (s *source) within(n uint64) bool { return n <= s.max && s.max-n < window }

// jitter is that of RFC 3550, 6.4.1, in units of the timestamp.
type jitter struct {
	at    time.Time
	ts    uint32
	value float64
}

func (j *jitter) came(ts uint32, now time.Time, clock float64) {
	if !j.at.IsZero() {
		d := now.Sub(j.at).Seconds()*clock - float64(int32(ts-j.ts))
		if d < 0 {
			d = -d
		}
		j.value += (min(d, 10*clock) - j.value) / 16
	}
	j.at, j.ts = now, ts
}

// clockOf is how many units of the timestamp make a second.
func clockOf(payloadType uint8) float64 {
	switch payloadType {
	case PCMU:
		return 8000
	case VP8:
		return 90000
	}
	return 48000
}
