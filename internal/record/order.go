package record

import (
	"parley"
)

// A Node is what the order needs of an entry: nothing that takes a key.
type Node struct {
	Ref  parley.Ref
	Time uint64                         // header time
	Seen map[parley.GenerationID]uint64 // as in the entry: what grew
}

// A Generation is what the order needs of a certificate.
type Generation struct {
	ID       parley.GenerationID
	Party    parley.PartyCode
	Time     uint64                         // of its certificate
	Earlier  map[parley.GenerationID]uint64 // generations it names as superseded: last size it names; empty for the founding one
	Disputed bool                           // two histories are signed: it confirms nothing
}

// A Sequencer computes record order and settling (spec/order.md) for one
// reader, who holds what has been added. It is incremental: settled positions
// are given once and never again. It is not safe for concurrent use.
type Sequencer struct {
	parties []parley.PartyCode
	gens    map[parley.GenerationID]*queue
	pos     int64 // settled positions given so far
}

// queue is one generation: what is settled of it, and its entries after that.
type queue struct {
	Generation
	settled uint64
	nodes   []node
	acc     map[parley.GenerationID]uint64 // accumulated seen at the end
}

type node struct {
	Node
	acc map[parley.GenerationID]uint64 // accumulated; shared where it did not grow
}

// NewSequencer returns the sequencer of a line of the given parties, with
// positions 1 to pos settled already.
func NewSequencer(parties []parley.PartyCode, pos int64) *Sequencer {
	return &Sequencer{parties: parties, gens: map[parley.GenerationID]*queue{}, pos: pos}
}

// AddGeneration makes a generation known, with its first settled entries
// placed already and seen accumulated up to there. Known ones are updated in
// Disputed only.
func (s *Sequencer) AddGeneration(g Generation, settled uint64, acc map[parley.GenerationID]uint64) {
	if q := s.gens[g.ID]; q != nil {
		q.Disputed = g.Disputed
		return
	}
	s.gens[g.ID] = &queue{Generation: g, settled: settled, acc: clone(acc)}
}

// Add appends the next entry of a known generation. The error is Gap when it
// is not the next, NotFound when its generation is not known.
func (s *Sequencer) Add(n Node) error {
	q := s.gens[n.Ref.Gen]
	if q == nil {
		return parley.Errorf(parley.NotFound, "generation %s is not known", n.Ref.Gen)
	}
	if want := q.settled + uint64(len(q.nodes)); n.Ref.Index != want {
		return parley.Errorf(parley.Gap, "entry %s where %d comes next", n.Ref, want)
	}
	if len(n.Seen) > 0 {
		q.acc = clone(q.acc)
		for g, size := range n.Seen {
			q.acc[g] = max(q.acc[g], size)
		}
	}
	q.nodes = append(q.nodes, node{n, q.acc})
	return nil
}

func clone(m map[parley.GenerationID]uint64) map[parley.GenerationID]uint64 {
	c := make(map[parley.GenerationID]uint64, len(m)+1)
	for k, v := range m {
		c[k] = v
	}
	return c
}

// Placed is an entry with its place in record order, from 1.
type Placed struct {
	Ref      parley.Ref
	Position int64
	Missing  []parley.PartyCode // whose confirmation of the order is missing; nil when settled
}

// Order returns the entries that have just become settled, for good, and those
// after them in the order as it stands now.
func (s *Sequencer) Order() (settled, unsettled []Placed) {
	cover := s.cover()
	pos, firm := s.pos, true
	for _, n := range s.sequence() {
		pos++
		p := Placed{Ref: n.Ref, Position: pos, Missing: s.missing(n, cover)}
		if firm = firm && p.Missing == nil; firm {
			settled = append(settled, p)
		} else {
			unsettled = append(unsettled, p)
		}
	}
	for _, p := range settled {
		q := s.gens[p.Ref.Gen]
		q.settled++
		q.nodes = q.nodes[1:]
	}
	s.pos += int64(len(settled))
	return settled, unsettled
}

// cover is how much of each generation every party confirms having seen.
func (s *Sequencer) cover() map[parley.PartyCode]map[parley.GenerationID]uint64 {
	c := map[parley.PartyCode]map[parley.GenerationID]uint64{}
	for _, p := range s.parties {
		c[p] = map[parley.GenerationID]uint64{}
	}
	for _, q := range s.gens {
		if q.Disputed || c[q.Party] == nil {
			continue
		}
		for g, n := range q.acc {
			c[q.Party][g] = max(c[q.Party][g], n)
		}
	}
	return c
}

func (s *Sequencer) missing(n *node, cover map[parley.PartyCode]map[parley.GenerationID]uint64) []parley.PartyCode {
	var m []parley.PartyCode
	own := s.gens[n.Ref.Gen].Party
	for _, p := range s.parties {
		if p != own && cover[p][n.Ref.Gen] <= n.Ref.Index {
			m = append(m, p)
		}
	}
	return m
}

// walk is one computation of the order of all that is not settled.
type walk struct {
	s      *Sequencer
	placed map[parley.GenerationID]uint64
	limit  map[parley.GenerationID]uint64                         // entries on the record of superseded generations
	before map[parley.GenerationID]map[parley.GenerationID]uint64 // for index 0: what comes first of the generations it supersedes
	heads  map[parley.GenerationID]*queue
}

func (s *Sequencer) sequence() []*node {
	w := &walk{s: s, placed: map[parley.GenerationID]uint64{}, heads: map[parley.GenerationID]*queue{},
		limit: map[parley.GenerationID]uint64{}, before: map[parley.GenerationID]map[parley.GenerationID]uint64{}}
	total := 0
	for id, q := range s.gens {
		w.placed[id] = q.settled
		if len(q.nodes) > 0 {
			w.heads[id] = q
			total += len(q.nodes)
		}
	}
	for _, q := range s.gens {
		if len(q.Earlier) > 0 && q.settled == 0 && len(q.nodes) > 0 {
			w.supersede(q)
		}
	}
	out := make([]*node, 0, total)
	for {
		n := w.least(false)
		if n == nil {
			n = w.least(true)
		}
		if n == nil {
			return out
		}
		w.place(n)
		out = append(out, n)
	}
}

// supersede computes what of the generations that q supersedes is on the
// record, and what of that comes before q's first entry.
func (w *walk) supersede(q *queue) {
	first := map[parley.GenerationID]uint64{}
	for o, old := range w.s.gens {
		if old.Party != q.Party || !older(&old.Generation, &q.Generation) {
			continue
		}
		named := q.Earlier[o] // 0 when a loss made its party forget it
		limit := max(named, old.settled)
		held := old.settled + uint64(len(old.nodes))
		for _, p := range w.s.parties {
			if p != q.Party {
				limit = max(limit, w.s.cut(p, q.ID, o, held))
			}
		}
		if l, ok := w.limit[o]; !ok || limit > l {
			w.limit[o] = limit
		}
		first[o] = min(limit, held)
		for i, n := range old.nodes {
			if w.s.follows(&n, q.ID) {
				first[o] = min(first[o], old.settled+uint64(i))
				break
			}
		}
	}
	w.before[q.ID] = first
}

// older reports whether a generation comes before another of its party, by
// (time of its certificate, id); the founding one comes before all.
func older(a, b *Generation) bool {
	switch {
	case len(a.Earlier) == 0 || len(b.Earlier) == 0:
		return len(a.Earlier) == 0 && len(b.Earlier) != 0
	case a.Time != b.Time:
		return a.Time < b.Time
	}
	return string(a.ID[:]) < string(b.ID[:])
}

// cut is how much of generation o is covered by the first entry of party p
// that covers index 0 of g. While p has none, nothing of it is cut off.
func (s *Sequencer) cut(p parley.PartyCode, g, o parley.GenerationID, held uint64) uint64 {
	best, seen := uint64(0), false
	for _, q := range s.gens {
		if q.Party != p {
			continue
		}
		for _, n := range q.nodes {
			if n.acc[g] > 0 {
				best, seen = max(best, n.acc[o]), true
				break
			}
		}
	}
	if !seen {
		return held
	}
	return best
}

// follows reports whether an entry comes after index 0 of g by what it has
// seen, directly or through an entry that it has seen.
func (s *Sequencer) follows(n *node, g parley.GenerationID) bool {
	if n.acc[g] > 0 {
		return true
	}
	for h, size := range n.acc {
		q := s.gens[h]
		if q == nil || size <= q.settled {
			continue
		}
		if i := size - 1 - q.settled; i < uint64(len(q.nodes)) && q.nodes[i].acc[g] > 0 {
			return true
		}
	}
	return false
}

// least returns the least entry that can be taken next; nil when none can.
// With forced, index-0 entries need not wait for the generations they supersede.
func (w *walk) least(forced bool) *node {
	var best *node
	var party parley.PartyCode
	for id, q := range w.heads {
		n := &q.nodes[w.placed[id]-q.settled]
		if !w.ready(n, forced) || forced && n.Ref.Index != 0 {
			continue
		}
		if best == nil || less(n, q.Party, best, party) {
			best, party = n, q.Party
		}
	}
	return best
}

func (w *walk) ready(n *node, forced bool) bool {
	for g, size := range n.acc {
		if w.placed[g] < size {
			return false
		}
	}
	if n.Ref.Index != 0 || forced {
		return true
	}
	for g, size := range w.before[n.Ref.Gen] {
		if w.placed[g] < size {
			return false
		}
	}
	return true
}

func (w *walk) place(n *node) {
	id := n.Ref.Gen
	w.placed[id]++
	q := w.heads[id]
	limit, limited := w.limit[id]
	if w.placed[id]-q.settled == uint64(len(q.nodes)) || limited && w.placed[id] >= limit {
		delete(w.heads, id)
	}
}

func less(a *node, pa parley.PartyCode, b *node, pb parley.PartyCode) bool {
	if a.Time != b.Time {
		return a.Time < b.Time
	}
	if pa != pb {
		return pa < pb
	}
	if a.Ref.Gen != b.Ref.Gen {
		return string(a.Ref.Gen[:]) < string(b.Ref.Gen[:])
	}
	return a.Ref.Index < b.Ref.Index
}
