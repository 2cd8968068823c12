package wait

import (
	"slices"
	"time"
)

// What may be under way to one peer before it says that it holds it, and how
// long to wait before sending it again.
const (
	flightEntries = 1024
	flightLeast   = 32
	FlightBytes   = 1 << 20
	ResendAfter   = 2 * time.Second
	resendCap     = 10 * time.Minute // longer than a peer that waits for hands may be flooded
	flapCap       = time.Minute      // the same where a path came or went
)

// Flight is how far one log has gone to one peer.
type Flight struct {
	Have uint64    // durably there, by its own word
	Sent uint64    // handed to a bearer
	At   time.Time // last sent or last progress
	Lag  time.Time // since when the peer lacks entries of a third party's log

	bytes []burst
	wait  time.Duration
	most  uint64 // entries that may be under way: fewer each time that nothing came of them
	anew  uint64 // Have when a path last came or went
}

type burst struct {
	end         uint64
	size, heads int
}

// Again reports whether d has passed since at, and notes now if so.
func Again(at *time.Time, now time.Time, d time.Duration) bool {
	if now.Sub(*at) < d {
		return false
	}
	*at = now
	return true
}

// NewFlight is one of which nothing is under way.
func NewFlight() *Flight { return &Flight{wait: ResendAfter, most: flightEntries} }

// Full reports whether no more is to be sent before the peer says what it holds; heads
// is how many checkpoints of one log it lets wait. Of more it would drop some, and all
// that they cover would be sent again.
func (f *Flight) Full(heads uint64) bool {
	size, n := 0, 0
	for _, b := range f.bytes {
		size, n = size+b.size, n+b.heads
	}
	return f.Sent-f.Have >= f.most || size >= FlightBytes || uint64(n) >= heads
}

// Upto is how far entries may be sent now, of those before end.
func (f *Flight) Upto(end uint64) uint64 { return min(end, f.Have+f.most) }

// Went notes that entries up to end, of n bytes, were handed to a bearer, with so many
// checkpoints.
func (f *Flight) Went(end uint64, n, heads int, now time.Time) {
	f.Sent = max(f.Sent, end)
	f.bytes = append(f.bytes, burst{f.Sent, n, heads})
	f.At = now
}

// Progress notes that the peer holds size entries.
func (f *Flight) Progress(size uint64, now time.Time) {
	if size <= f.Have {
		return
	}
	f.Have, f.At, f.wait, f.most = size, now, ResendAfter, min(2*f.most, flightEntries)
	f.Sent = max(f.Sent, size)
	for len(f.bytes) > 0 && f.bytes[0].end <= size {
		f.bytes = f.bytes[1:]
	}
}

// Restart forgets what was under way, so that it is sent again.
func (f *Flight) Restart() { f.Sent, f.bytes = f.Have, nil }

// Anew notes that a path came or went: what was under way is sent again, at
// once where something came of what was sent since the last time. A peer that
// waits for hands is not to be flooded because its paths flap.
func (f *Flight) Anew(now time.Time) {
	if f.Have != f.anew {
		f.anew, f.wait = f.Have, ResendAfter
		f.Restart()
	}
	f.wait = min(f.wait, flapCap)
	f.Resend(now)
}

// Resend restarts what has been under way for too long: ever less often and ever less
// of it, as long as nothing comes of it. A peer that cannot take it yet would else have
// spent what it takes in a day when it can.
func (f *Flight) Resend(now time.Time) {
	if f.Sent > f.Have && now.Sub(f.At) >= f.wait {
		f.Restart()
		f.wait, f.most, f.At = min(2*f.wait, resendCap), max(f.most/4, flightLeast), now
	}
}

// Lack is how often a peer is told what we lack: ever less often, as long as
// nothing more can be accepted. What is missing may depend on people, and a
// peer may not be made to send us what we cannot take over and over.
type Lack struct {
	at    time.Time
	wait  time.Duration
	moves uint64
}

const (
	lackAgain = time.Second
	lackCap   = 5 * time.Minute
)

// Due reports whether the peer is to be told now; moves counts what was
// accepted so far.
func (k *Lack) Due(now time.Time, moves uint64) bool {
	if k.moves != moves {
		k.wait = 0
	}
	if now.Sub(k.at) < k.wait {
		return false
	}
	k.at, k.moves, k.wait = now, moves, min(max(2*k.wait, lackAgain), lackCap)
	return true
}

// Over notes that nothing is lacking.
func (k *Lack) Over() { k.wait = 0 }

// Urgent picks up to n of items, and no more once their sizes exceed limit, the
// most urgent first and each urgency in order. urgency is at most top; a
// negative one is passed over.
func Urgent[T any](items []T, n, top, limit int, urgency, size func(*T) int) (out []*T) {
	lanes := make([][]*T, top+1)
	for i := range items {
		p := min(urgency(&items[i]), top)
		if p < 0 {
			continue
		}
		if len(lanes[p]) < n {
			lanes[p] = append(lanes[p], &items[i])
		}
		if p == top && len(lanes[p]) == n {
			break
		}
	}
	total := 0
	for p := top; p >= 0; p-- {
		for _, f := range lanes[p] {
			if len(out) >= n || total > limit {
				return out
			}
			out = append(out, f)
			total += size(f)
		}
	}
	return out
}

// Without returns items without those of the given ids, mostly its first ones.
// What was there stays where it is, for others may point at it.
func Without[T any](items []T, ids []uint64, id func(*T) uint64) []T {
	gone := make(map[uint64]bool, len(ids))
	for _, n := range ids {
		gone[n] = true
	}
	for len(items) > 0 && gone[id(&items[0])] {
		delete(gone, id(&items[0]))
		items = items[1:]
	}
	if len(gone) == 0 {
		return items
	}
	return slices.DeleteFunc(slices.Clone(items), func(f T) bool { return gone[id(&f)] })
}
