package record

import (
	"fmt"
	"sort"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/seal"
)

// held is one generation of a log as far as a file has given it. Of each entry
// it keeps only what the tree and the order need.
type held struct {
	cert   *journal.Certificate
	rank   int // place in the order of the certificates
	at     Place
	origin string
	holder string
	log    *key.Verifier
	held   *key.Verifier

	tree    spread
	first   int     // item number of entry 0
	off     []int64 // byte offset of each entry
	times   []uint64
	steps   map[parley.GenerationID][]step
	without map[uint64][]parley.PartyCode // epoch entries that are not sealed to all others
	rules

	odd      map[uint64]oddity // what is wrong with entries no checkpoint covers yet
	sizes    []uint64          // of its checkpoints
	covered  uint64            // the last of them
	broken   bool              // entries after covered do not give the signed roots
	disputed bool
	sealed   int     // entries whose header is not opened, epoch entries not counted
	stamps   []stamp // receipts and witnesses, as they stand in the file
}

// step says that from entry index on, size entries of another log are seen.
type step struct{ index, size uint64 }

// rules is the state of spec/entry.md's rules along one log.
type rules struct {
	time      uint64
	announced uint64 // epochs so far
	used      uint64 // greatest epoch that sealed an entry
	serial    [2]uint64
	hidden    [2]uint64 // entries without a known serial since the last one
}

// oddity is what is wrong with an entry: refused, or a fault of its writer.
type oddity struct {
	err   error
	fault bool
}

// stamp is a signed word of somebody else that a log had a size at a time.
type stamp struct {
	by      string // party code, or witness name
	witness bool
	size    uint64
	time    uint64
}

func newHeld(c *journal.Certificate, rank int, at Place) *held {
	return &held{cert: c, rank: rank, at: at, origin: c.Origin(), holder: c.Holder(),
		steps: map[parley.GenerationID][]step{}, without: map[uint64][]parley.PartyCode{}, odd: map[uint64]oddity{}}
}

// parseKeys reads the keys of a certificate that was accepted.
func (h *held) parseKeys() (err error) {
	if h.log, err = key.NewVerifier(h.cert.Log); err != nil {
		return fmt.Errorf("log key of %s: %w", h.cert.Gen, err)
	}
	if h.held, err = key.NewVerifier(h.cert.Receipt); err != nil {
		return fmt.Errorf("receipt key of %s: %w", h.cert.Gen, err)
	}
	return nil
}

func (h *held) size() uint64 { return h.tree.size() }

// name is how an entry is called in failures.
func (h *held) name(index uint64) string {
	return fmt.Sprintf("%s %s:%d", h.cert.Party, h.cert.Gen, index)
}

func (h *held) ref(index uint64) parley.Ref { return parley.Ref{Gen: h.cert.Gen, Index: index} }

// place returns where an entry stands.
func (h *held) place(index uint64) Place {
	return Place{Byte: h.off[index], Item: h.first + int(index)}
}

// remember keeps the first thing that is wrong with an entry.
func (h *held) remember(index uint64, err error, fault bool) {
	if o, ok := h.odd[index]; !ok && len(h.odd) < maxFailures || ok && o.fault && !fault {
		h.odd[index] = oddity{err, fault}
	}
}

// sees is how much of g is seen by entry index and those before it.
func (h *held) sees(g parley.GenerationID, index uint64) uint64 {
	s := h.steps[g]
	i := sort.Search(len(s), func(i int) bool { return s[i].index > index })
	if i == 0 {
		return 0
	}
	return s[i-1].size
}

// follow checks the clear part of the next entry against those before it. e is
// nil for an entry of another version.
func (h *held) follow(index uint64, e *seal.Entry) error {
	if e == nil {
		h.times = append(h.times, h.time)
		if index == 0 {
			return parley.Errorf(parley.Malformed, "a generation begins with an epoch entry, not with one of another version")
		}
		return nil
	}
	var first error
	bad := func(k parley.Kind, format string, args ...any) {
		if first == nil {
			first = parley.Errorf(k, format, args...)
		}
	}
	if e.Time < h.time {
		bad(parley.Rewind, "the header time goes back from %d to %d", h.time, e.Time)
	}
	h.time = max(h.time, e.Time)
	h.times = append(h.times, h.time)
	for g, n := range e.Seen {
		if had := h.sees(g, index); n <= had {
			bad(parley.Rewind, "seen of %s does not grow beyond %d", g, had)
			continue
		}
		h.steps[g] = append(h.steps[g], step{index, n})
	}
	switch {
	case index == 0 && !e.Announces:
		bad(parley.Malformed, "a generation begins with an epoch entry")
	case e.Announces && e.Epoch < h.announced:
		bad(parley.Rewind, "epoch %d is announced again", e.Epoch)
	case e.Announces && e.Epoch > h.announced:
		bad(parley.Gap, "epoch %d is announced where %d comes next", e.Epoch, h.announced)
	case e.Announces:
	case e.Epoch >= h.announced:
		bad(parley.Gap, "it is sealed in epoch %d, which was never announced", e.Epoch)
	case e.Epoch < h.used:
		bad(parley.Rewind, "it goes back from epoch %d to %d", h.used, e.Epoch)
	default:
		h.used = e.Epoch
	}
	if e.Announces {
		h.announced = max(h.announced, e.Epoch+1)
	}
	return first
}

// number holds the serial of an opened header to its series.
func (h *held) number(serial, series uint64) error {
	s := series & 1
	last, hidden := h.serial[s], h.hidden[s]
	h.serial[s], h.hidden[s] = max(last, serial), 0
	if serial <= last || serial-last-1 > hidden {
		return parley.Errorf(parley.BadSerial, "serial %d comes after %d", serial, last)
	}
	return nil
}

// hide counts an entry whose serial is not known.
func (h *held) hide() {
	h.hidden[0]++
	h.hidden[1]++
}
