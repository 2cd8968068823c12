package rtc

import (
	"math/rand/v2"
	"time"

	"github.com/pion/rtp"
)

// run makes one smooth stream of packets of changing sources. A run is what comes
// from one source without a break: its packets keep their numbers and times
// relative to one another. The next run goes on one number after the highest of
// the last, and as much later as it came later.
//
// No number is ever written twice: two packets under one number would be
// encrypted with one key stream.
type run struct {
	going  bool
	source uint32
	kind   uint8
	seq    uint16    // added to the source's numbers
	ts     uint32    // added to its times
	base   uint16    // first number of this run
	top    uint16    // highest number written
	topTS  uint32    // its time
	at     time.Time // when it was written
	seen   [window / 64]uint64
}

const (
	window = 256  // numbers below the highest that may still come
	leap   = 2000 // further than this is a break: the source began anew, or was not played for long
	pause  = time.Second
)

// rate is the clock of a payload type, in Hz, and how far apart two packets are
// at least when one run follows another.
func rate(kind uint8) (hz, step uint32) {
	switch kind {
	case PCMU:
		return 8000, 160
	case VP8:
		return 90000, 3000
	}
	return 48000, 960
}

// place numbers a packet, or reports that it is too late or came before.
func (r *run) place(h *rtp.Header, now time.Time) bool {
	ahead := int16(h.SequenceNumber + r.seq - r.top)
	switch {
	case !r.going:
		*r = run{top: uint16(rand.Uint32N(1 << 14)), topTS: rand.Uint32(), at: now} // low: a browser guesses badly when the first wrap comes soon
		r.begin(h, now)
	case h.SSRC != r.source, h.PayloadType != r.kind, ahead > leap, ahead < -leap, (ahead > 5 || ahead <= -window) && now.Sub(r.at) > pause:
		r.begin(h, now)
	case ahead > 0:
		r.shift(int(ahead))
		h.SequenceNumber += r.seq
		h.Timestamp += r.ts
		r.top, r.topTS, r.at = h.SequenceNumber, h.Timestamp, now
	default:
		back := int(-ahead)
		h.SequenceNumber += r.seq
		h.Timestamp += r.ts
		if back >= window || int16(h.SequenceNumber-r.base) < 0 || r.seen[back/64]&(1<<(back%64)) != 0 {
			return false
		}
		r.seen[back/64] |= 1 << (back % 64)
	}
	return true
}

// begin starts a run with this packet.
func (r *run) begin(h *rtp.Header, now time.Time) {
	hz, step := rate(h.PayloadType)
	passed := uint32(max(0, now.Sub(r.at)).Microseconds() * int64(hz) / 1e6)
	r.going, r.source, r.kind = true, h.SSRC, h.PayloadType
	r.base = r.top + 1
	r.seq = r.base - h.SequenceNumber
	r.ts = r.topTS + max(passed, step) - h.Timestamp
	h.SequenceNumber += r.seq
	h.Timestamp += r.ts
	if h.PayloadType != VP8 { // there the marker ends a picture, and stays as it is
		h.Marker = true
	}
	r.top, r.topTS, r.at = h.SequenceNumber, h.Timestamp, now
	clear(r.seen[:])
	r.seen[0] = 1
}

// shift moves the window on and marks its newest number.
func (r *run) shift(n int) {
	if n >= window {
		clear(r.seen[:])
		n = 0
	}
	for ; n >= 64; n -= 64 {
		copy(r.seen[1:], r.seen[:])
		r.seen[0] = 0
	}
	for i := len(r.seen) - 1; i > 0 && n > 0; i-- {
		r.seen[i] = r.seen[i]<<n | r.seen[i-1]>>(64-n)
	}
	r.seen[0] = r.seen[0]<<n | 1
}
