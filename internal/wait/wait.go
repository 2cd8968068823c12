// Package wait keeps what peers have sent and nobody believes yet: entries that
// no checkpoint covers, checkpoints and receipts for what is not held, entries
// that differ from what is held, and how much each peer has made us read. It
// bounds all of it, and decides nothing that is believed: whatever it drops
// comes again or was not true.
package wait

import (
	"math"
	"slices"
	"time"

	"parley"
	"parley/internal/wire"
)

// Bounds of spec/bounds.md, and of what is kept to prove a fork.
const (
	EntryBytes   = 16 << 20 // of one party's entries
	receiptsMost = 64       // for one log
	suspectsMost = 1024

	// ForkSpan is how far back entries that differ are looked at: a fork further
	// back is proved by checkpoints in full. ForkEvery is how often: each try
	// reads the store, and a true one comes again.
	ForkSpan  = 4096
	ForkEvery = 250 * time.Millisecond

	suspectBytes = 4 << 20
)

// Parties is what waits of all logs, by party. The zero value is empty.
type Parties struct{ m map[parley.PartyCode]*party }

type party struct{ logs []*Entries }

// Entries returns the place of one more log of a party.
func (ps *Parties) Entries(code parley.PartyCode) *Entries {
	p := ps.m[code]
	if p == nil {
		if ps.m == nil {
			ps.m = map[parley.PartyCode]*party{}
		}
		p = &party{}
		ps.m[code] = p
	}
	s := &Entries{party: p, m: map[uint64]entry{}}
	p.logs = append(p.logs, s)
	return s
}

func (p *party) bytes() (n int) {
	for _, s := range p.logs {
		n += s.bytes
	}
	return n
}

// Entries are the entries of one log that wait for a checkpoint, by index.
type Entries struct {
	party *party
	bytes int
	m     map[uint64]entry
}

type entry struct {
	bytes []byte
	leaf  [32]byte
	sure  bool // from the log's own party: nobody else's takes its place
}

// Get returns the entry at an index; nil when none is here.
func (s *Entries) Get(i uint64) []byte { return s.m[i].bytes }

// Leaf returns the leaf hash of the entry at an index: checkpoints are tried
// many times over the same entries.
func (s *Entries) Leaf(i uint64) [32]byte { return s.m[i].leaf }

// Len is how many there are.
func (s *Entries) Len() int { return len(s.m) }

// All calls f for each.
func (s *Entries) All(f func(b []byte)) {
	for _, e := range s.m {
		f(e.bytes)
	}
}

// Put keeps an entry with what leaf makes of it. What the log's own party sends
// (sure) goes before what others pass on, of which all goes when there is no
// room. Else the later of two takes the place: it may be the true one, and the
// checkpoint decides.
func (s *Entries) Put(i uint64, b []byte, leaf func([]byte) [32]byte, sure bool) {
	old, here := s.m[i]
	if here && (string(old.bytes) == string(b) || old.sure && !sure) {
		return
	}
	if sure && s.party.bytes()+len(b)-len(old.bytes) > EntryBytes {
		for _, o := range s.party.logs {
			o.DropBelow(math.MaxUint64, false)
		}
	}
	if more := len(b) - len(s.m[i].bytes); s.party.bytes()+more <= EntryBytes {
		s.bytes += more
		s.m[i] = entry{b, leaf(b), sure}
	}
}

// Drop drops the entry at an index.
func (s *Entries) Drop(i uint64) {
	s.bytes -= len(s.m[i].bytes)
	delete(s.m, i)
}

// DropBelow drops the entries below size: all, or those alone that another than
// the log's own party passed on. It reports whether there were any.
func (s *Entries) DropBelow(size uint64, all bool) (any bool) {
	for i, e := range s.m {
		if i < size && (all || !e.sure) {
			s.Drop(i)
			any = true
		}
	}
	return any
}

// Suspects are entries that differ from what is held at their index: with a
// signature over them they prove a fork. The zero value is empty.
type Suspects struct {
	bytes int
	m     map[uint64][]byte
}

// Put keeps one. When there are too many all go: their sender sends them again,
// or had nothing to prove.
func (s *Suspects) Put(i uint64, b []byte) {
	if s.m == nil || len(s.m) >= suspectsMost || s.bytes+len(b) > suspectBytes {
		s.Clear()
	}
	s.bytes += len(b) - len(s.m[i])
	s.m[i] = b
}

// Clear drops all.
func (s *Suspects) Clear() { s.m, s.bytes = map[uint64][]byte{}, 0 }

// Get returns the one at an index; ok is false when there is none.
func (s *Suspects) Get(i uint64) (b []byte, ok bool) { b, ok = s.m[i]; return b, ok }

// First is the least index; none when there are none.
func (s *Suspects) First(none uint64) uint64 {
	for i := range s.m {
		none = min(none, i)
	}
	return none
}

// Head is a checkpoint that waits for entries or for what they have seen.
type Head struct {
	wire.Checkpoint
	Sure bool // from the log's own party

	tried uint64        // what had been accepted at the last try
	at    time.Time     // of the last try; zero: none
	wait  time.Duration // before the next, while nothing moves
}

const (
	tryAgain = time.Second
	tryCap   = 5 * time.Second // within which what was waited for in vain is refused
)

// Due reports whether it is to be tried now, and notes the try: when something
// was accepted since (moves), or after a while, for a try costs two
// verifications.
func (h *Head) Due(now time.Time, moves uint64) bool {
	if !h.at.IsZero() && h.tried == moves && now.Sub(h.at) < h.wait {
		return false
	}
	if h.tried != moves {
		h.wait = 0
	}
	h.tried, h.at, h.wait = moves, now, min(max(2*h.wait, tryAgain), tryCap)
	return true
}

// AddHead adds a checkpoint to those of one log, by size. Over the bound the
// greatest that another party passed on goes, and after those the greatest: the
// least are wanted first, the rest comes again.
func AddHead(hs []Head, h Head, most int) []Head {
	for i := range hs {
		if o := &hs[i]; o.Size == h.Size && o.Ed == h.Ed {
			o.Sure = o.Sure || h.Sure
			return hs
		}
	}
	hs = append(hs, h)
	for i := len(hs) - 1; i > 0 && hs[i].Size < hs[i-1].Size; i-- {
		hs[i], hs[i-1] = hs[i-1], hs[i]
	}
	if len(hs) <= most {
		return hs
	}
	out := len(hs) - 1
	for i := range hs {
		if !hs[i].Sure {
			out = i
		}
	}
	return slices.Delete(hs, out, out+1)
}

// Receipt is a receipt for what is not held yet.
type Receipt struct {
	wire.Receipt
	From parley.PartyCode // who brought it
}

// AddReceipt adds one. Over the bound the oldest that its holder did not bring
// itself goes first; holder tells whose a generation is.
func AddReceipt(rs []Receipt, r Receipt, holder func(parley.GenerationID) parley.PartyCode) []Receipt {
	if len(rs) >= receiptsMost {
		out := max(0, slices.IndexFunc(rs, func(r Receipt) bool { return holder(r.Holder) != r.From }))
		rs = slices.Delete(rs, out, out+1)
	}
	return append(rs, r)
}

// Grows reports whether a frame would make others' logs grow.
func Grows(f wire.Frame) bool {
	switch f.(type) {
	case *wire.Entry, *wire.Checkpoint, *wire.Certificate, *wire.Shown, *wire.Keys:
		return true
	}
	return false
}
