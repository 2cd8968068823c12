package wait

import (
	"time"

	"parley"
	"parley/internal/wire"
)

// Limits are bounds per peer, 5 and 8 of spec/bounds.md.
type Limits struct {
	Bytes int     // of entries, and of what they open to beyond that, per peer and day
	Rate  float64 // entries a second, sustained
	Burst float64 // entries after an outage
}

// Or returns l with o in place of zeros.
func (l Limits) Or(o Limits) Limits {
	if l.Bytes == 0 {
		l.Bytes = o.Bytes
	}
	if l.Rate == 0 {
		l.Rate = o.Rate
	}
	if l.Burst == 0 {
		l.Burst = o.Burst
	}
	return l
}

// framesPerEntry allows for a checkpoint and a receipt beside each entry.
const framesPerEntry = 3

// Spent counts what a peer has made us read. It is to be kept, so that a
// restart does not begin a new day: see Due.
type Spent struct {
	Bytes  int
	Gens   int
	Epochs int
	Over   bool
	Told   time.Time // when an alarm was last raised

	day   time.Time
	burst float64
	at    time.Time

	dirty      bool
	saved      time.Time
	savedBytes int
}

// How often what was spent is kept.
const (
	saveEvery = 10 * time.Second
	saveSoon  = time.Second // with a batch that is written anyway
	saveBytes = 1 << 20     // whenever so much more was read
)

// state is the durable part. Times are UTC seconds.
type state struct {
	Day    int64  `cbor:"1,keyasint"`
	Bytes  uint64 `cbor:"2,keyasint"`
	Gens   uint64 `cbor:"3,keyasint"`
	Epochs uint64 `cbor:"4,keyasint"`
	Burst  uint64 `cbor:"5,keyasint"`
	At     int64  `cbor:"6,keyasint"`
	Over   bool   `cbor:"7,keyasint,omitempty"`
}

// ReadSpent reads what Due gave.
func ReadSpent(b []byte, now time.Time) (q Spent, err error) {
	var s state
	if err := wire.Decode(b, &s); err != nil {
		return q, err
	}
	return Spent{Bytes: int(s.Bytes), Gens: int(s.Gens), Epochs: int(s.Epochs), Over: s.Over, day: time.Unix(s.Day, 0), burst: float64(s.Burst),
		at: time.Unix(s.At, 0), saved: now, savedBytes: int(s.Bytes)}, nil
}

// Due returns what is to be kept now; nil when nothing is. written says that a
// batch is written anyway.
func (q *Spent) Due(lim *Limits, now time.Time, written bool) []byte {
	age := now.Sub(q.saved)
	if !q.dirty || age >= 0 && age < saveEvery && q.Bytes-q.savedBytes < saveBytes && (age < saveSoon || !written) {
		return nil
	}
	if q.burst < 0 {
		q.burst = lim.Burst * framesPerEntry
	}
	q.dirty, q.saved, q.savedBytes = false, now, q.Bytes
	return wire.Encode(&state{Day: q.day.Unix(), Bytes: uint64(q.Bytes), Gens: uint64(q.Gens), Epochs: uint64(q.Epochs), Burst: uint64(q.burst), At: q.at.Unix(), Over: q.Over})
}

// Roll begins a new day when one has passed.
func (q *Spent) Roll(now time.Time) {
	if q.day.IsZero() || now.Sub(q.day) >= 24*time.Hour || now.Before(q.day) {
		*q = Spent{day: now, burst: -1, at: now, Told: q.Told, saved: q.saved, dirty: true}
	}
}

// Used is what of a day's bounds a peer has used up.
type Used struct {
	Party parley.PartyCode
	Bytes int
	Since time.Time // when that day began: with a frame of the peer; zero before the first
	Over  bool      // over a bound now
}

// Used returns it, as it was at the last frame.
func (q *Spent) Used(p parley.PartyCode) Used { return Used{p, q.Bytes, q.day, q.Over} }

// Add counts more bytes, generations and epochs.
func (q *Spent) Add(bytes, gens, epochs int) {
	q.Bytes, q.Gens, q.Epochs, q.dirty = q.Bytes+bytes, q.Gens+gens, q.Epochs+epochs, true
}

// Take counts a frame of n bytes; false means that the peer is over a bound
// and nothing more of it is read.
func (q *Spent) Take(lim *Limits, now time.Time, n int) bool {
	q.Roll(now)
	full := lim.Burst * framesPerEntry
	if q.burst < 0 {
		q.burst = full
	}
	q.burst = min(full, q.burst+lim.Rate*framesPerEntry*max(0, now.Sub(q.at).Seconds()))
	q.at = now
	over := q.burst < 1 || q.Bytes+n > lim.Bytes
	q.dirty = q.dirty || !over || !q.Over
	q.Over = over
	if over {
		return false
	}
	q.burst--
	q.Bytes += n
	return true
}
