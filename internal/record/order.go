package record

import (
	"slices"

	"parley"
	"parley/internal/seal"
)

// A Node is what the order needs of an entry: nothing that takes a key.
type Node struct {
	Ref  parley.Ref
	Time uint64                         // header time
	Seen map[parley.GenerationID]uint64 // as in the entry: what grew
	Out  []parley.PartyCode             // of an epoch entry: the other parties of the line that it is not sealed to
}

// NodeOf returns what the order needs of the bytes of an entry that party wrote
// on a line of the given parties.
func NodeOf(parties []parley.PartyCode, party parley.PartyCode, ref parley.Ref, raw []byte) Node {
	n := Node{Ref: ref}
	e, err := seal.Parse(raw)
	if err != nil {
		return n // of another version: it says nothing, and its time is that of the one before
	}
	n.Time, n.Seen = e.Time, e.Seen
	if e.Announces {
		if b, err := seal.ParseEpoch(e.Body); err == nil {
			n.Out = leftOut(parties, party, b)
		}
	}
	return n
}

// leftOut lists the other parties that an epoch is not sealed to.
func leftOut(parties []parley.PartyCode, party parley.PartyCode, b *seal.EpochBody) (out []parley.PartyCode) {
	for _, p := range parties {
		if _, ok := b.To[p]; !ok && p != party {
			out = append(out, p)
		}
	}
	return out
}

// A Generation is what the order needs of a certificate.
type Generation struct {
	ID       parley.GenerationID
	Party    parley.PartyCode
	Time     uint64                         // of its certificate
	Earlier  map[parley.GenerationID]uint64 // generations it names as superseded: last size it names; empty for the founding one
	Disputed bool                           // two histories are signed: it confirms nothing
}

// Placed is an entry with its place in record order, from 1.
type Placed struct {
	Ref      parley.Ref
	Position int64
	Missing  []parley.PartyCode // whose word the next position waits for; nil when settled
}

// A Sequencer computes record order and settling (spec/order.md) for one
// reader, who holds what has been added. It is incremental: settled positions
// are given once and never again, and they are the same whether entries are
// added all at once or one by one. It is not safe for concurrent use.
type Sequencer struct {
	parties []*party
	gens    []*gen
	byID    map[parley.GenerationID]*gen
	pos     int64 // settled positions given so far
	*point
}

// party is one party of the line, with its generations from the oldest to the
// newest.
type party struct {
	code parley.PartyCode
	gens []*gen
}

// gen is one generation: its entries after those that are settled, and what
// the whole of it says.
type gen struct {
	Generation
	n       int      // place in Sequencer.gens
	owner   int      // place in Sequencer.parties, -1 while not known
	base    uint64   // settled, or cut off: entries before nodes
	baseAcc []uint64 // accumulated seen before nodes
	nodes   []node
	time    uint64   // of the last entry
	acc     []uint64 // accumulated seen at the end, by place in Sequencer.gens
	firsts  []first  // by place in Sequencer.gens: the first entry that covers it
	without []first  // by place in Sequencer.parties: the first epoch entry not sealed to it
}

// node is one entry. acc is shared with the entry before where it did not grow.
type node struct {
	time uint64
	acc  []uint64
}

// first is the first entry of a generation with some property.
type first struct {
	ok  bool
	at  uint64   // its index
	acc []uint64 // accumulated seen there
}

func (g *gen) size() uint64 { return g.base + uint64(len(g.nodes)) }

// seenAt is what is seen before entry i, which must not be among the settled ones.
func (g *gen) seenAt(i uint64) []uint64 {
	if i > g.base {
		return g.nodes[i-g.base-1].acc
	}
	return g.baseAcc
}

func at(acc []uint64, n int) uint64 {
	if n < len(acc) {
		return acc[n]
	}
	return 0
}

// NewSequencer returns the sequencer of a line of the given parties.
func NewSequencer(parties []parley.PartyCode, pos int64) *Sequencer {
	s := &Sequencer{byID: map[parley.GenerationID]*gen{}, pos: pos, point: &point{force: make([]*gen, len(parties)), out: make([]bool, len(parties))}}
	for _, c := range parties {
		s.parties = append(s.parties, &party{code: c})
	}
	return s
}

// AddGeneration makes a generation known. Known ones are updated in Disputed only.
func (s *Sequencer) AddGeneration(g Generation) { s.Resume(g, 0, 0) }

// Resume makes a generation known with its first settled entries placed
// already, the last of which has the time given. That is enough to go on from
// where all that ever came into force has an entry that is settled, and no
// party is out.
func (s *Sequencer) Resume(g Generation, settled, time uint64) {
	q := s.gen(g.ID)
	if q.owner >= 0 {
		q.Disputed = q.Disputed || g.Disputed
		return
	}
	o := slices.IndexFunc(s.parties, func(p *party) bool { return p.code == g.Party })
	if o < 0 {
		return // of no party of the line: it has no place in its record
	}
	q.Generation, q.owner, q.base, q.time = g, o, settled, time
	p := s.parties[o]
	i, _ := slices.BinarySearchFunc(p.gens, q, func(a, b *gen) int {
		if older(a, b) {
			return -1
		}
		return 1
	})
	p.gens = slices.Insert(p.gens, i, q)
	s.grow(q.n)
	s.placed[q.n] = settled
	if s.force[o] == nil && len(g.Earlier) == 0 || settled > 0 && (s.force[o] == nil || older(s.force[o], q)) {
		s.force[o] = q
	}
}

// gen returns the generation of an id, a stranger's when nothing else is known of it.
func (s *Sequencer) gen(id parley.GenerationID) *gen {
	g := s.byID[id]
	if g == nil {
		g = &gen{Generation: Generation{ID: id}, n: len(s.gens), owner: -1, without: make([]first, len(s.parties))}
		s.byID[id], s.gens = g, append(s.gens, g)
	}
	return g
}

// Add appends the next entry of a known generation. The error is Gap when it
// is not the next, NotFound when its generation is not known.
func (s *Sequencer) Add(n Node) error {
	q := s.byID[n.Ref.Gen]
	if q == nil || q.owner < 0 {
		return parley.Errorf(parley.NotFound, "generation %s is not known", n.Ref.Gen)
	}
	if want := q.size(); n.Ref.Index != want {
		return parley.Errorf(parley.Gap, "entry %s where %d comes next", n.Ref, want)
	}
	if len(n.Seen) > 0 {
		q.see(s, n)
	}
	for _, c := range n.Out {
		if o := slices.IndexFunc(s.parties, func(p *party) bool { return p.code == c }); o >= 0 && !q.without[o].ok {
			q.without[o] = first{true, n.Ref.Index, q.acc}
		}
	}
	q.time = max(q.time, n.Time)
	q.nodes = append(q.nodes, node{q.time, q.acc})
	return nil
}

func (g *gen) see(s *Sequencer, n Node) {
	for id := range n.Seen {
		s.gen(id)
	}
	acc := make([]uint64, len(s.gens))
	copy(acc, g.acc)
	for id, size := range n.Seen {
		o := s.byID[id].n
		acc[o] = max(acc[o], size)
	}
	for len(g.firsts) < len(acc) {
		g.firsts = append(g.firsts, first{})
	}
	for id := range n.Seen {
		if f := &g.firsts[s.byID[id].n]; !f.ok {
			*f = first{true, n.Ref.Index, acc}
		}
	}
	g.acc = acc
}

// older reports whether a generation comes before another of its party, by
// (time of its certificate, id); the founding one comes before all.
func older(a, b *gen) bool {
	switch {
	case len(a.Earlier) == 0 || len(b.Earlier) == 0:
		return len(a.Earlier) == 0 && len(b.Earlier) != 0
	case a.Time != b.Time:
		return a.Time < b.Time
	}
	return string(a.ID[:]) < string(b.ID[:])
}

// Order returns the entries that have just become settled, for good, and those
// after them in the order as it stands now.
func (s *Sequencer) Order() (settled, unsettled []Placed) {
	w := &walk{Sequencer: s, point: s.point}
	w.judge()
	for g := w.settle(); g != nil; g = w.settle() {
		s.pos++
		settled = append(settled, Placed{Ref: parley.Ref{Gen: g.ID, Index: w.placed[g.n] - 1}, Position: s.pos})
	}
	for _, g := range s.gens {
		if n := w.placed[g.n] - g.base; n > 0 {
			g.baseAcc = g.nodes[n-1].acc
			g.nodes, g.base = g.nodes[n:], g.base+n
		}
	}
	missing := w.missing()
	w.point, w.guess = s.point.clone(), true
	w.judge()
	pos := s.pos
	for g := w.suppose(); g != nil; g = w.suppose() {
		pos++
		unsettled = append(unsettled, Placed{Ref: parley.Ref{Gen: g.ID, Index: w.placed[g.n] - 1}, Position: pos, Missing: missing})
	}
	return settled, unsettled
}
