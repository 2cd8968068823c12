package record

import (
	"slices"

	"parley"
)

// point is a place in record order. All that the order does next follows from
// it and from what the logs say.
type point struct {
	force  []*gen   // by party: its generation in force; nil while none is known
	out    []bool   // by party: it has left, or was removed
	placed []uint64 // by generation: entries before this point, or cut off
}

func (p *point) clone() *point {
	return &point{slices.Clone(p.force), slices.Clone(p.out), slices.Clone(p.placed)}
}

func (p *point) grow(n int) {
	for len(p.placed) <= n {
		p.placed = append(p.placed, 0)
	}
}

func (p *point) next(o int) uint64 {
	if g := p.force[o]; g != nil {
		return p.placed[g.n]
	}
	return 0
}

// walk goes along record order (spec/order.md). What it knows besides the
// point it stands at changes only when a generation comes into force.
type walk struct {
	*Sequencer
	*point
	skip   []bool    // by party: all others leave it out, so nobody waits for it to hold anything
	extent []uint64  // by party: entries of its generation in force that are sure to be on the record
	turns  [][]first // [r][q]: where r's generation in force turns from q's; not ok: nowhere that is sure
	turned []bool    // by party: all others turn from its generation in force
	guess  bool      // all that is here counts, sure or not
	any    bool      // some generation in force turns from another
}

// turn returns the first entry of a log that has seen a generation of party q
// newer than o, or leaves q out of an epoch as all others do: what it says of o
// after that does not count.
func (w *walk) turn(log *gen, q int, o *gen) (t first) {
	if w.skip[q] {
		t = log.without[q]
	}
	for _, h := range w.parties[q].gens {
		if (o == nil || h != o && older(o, h)) && h.n < len(log.firsts) {
			if f := log.firsts[h.n]; f.ok && (!t.ok || f.at < t.at) {
				t = f
			}
		}
	}
	return t
}

// covers is how much of o a log has seen before it turned from it.
func (w *walk) covers(log *gen, q int, o *gen) uint64 {
	if log.Disputed {
		return 0
	}
	if t := w.turn(log, q, o); t.ok {
		return at(t.acc, o.n)
	}
	return at(log.acc, o.n)
}

// firm is how much of o every other party has said to hold, in its generation
// in force or a newer one.
func (w *walk) firm(q int, o *gen) uint64 {
	n := o.size()
	for r, p := range w.parties {
		if r == q || w.out[r] || w.skip[r] {
			continue
		}
		most := uint64(0)
		for _, log := range p.gens {
			if f := w.force[r]; f == nil || log == f || older(f, log) {
				most = max(most, w.covers(log, q, o))
			}
		}
		n = min(n, most)
	}
	return n
}

// sure is how much of a generation in force is on the record whatever a reader
// may hold that this one does not.
func (w *walk) sure(q int, o *gen) uint64 {
	turned := func(r int) bool { return w.force[r] != nil && w.turn(w.force[r], q, o).ok }
	switch {
	case w.guess && w.allTurn(q, turned):
		most := uint64(0)
		for r, log := range w.force {
			if r != q && log != nil && !w.out[r] {
				most = max(most, w.covers(log, q, o))
			}
		}
		return min(most, o.size())
	case w.guess:
		return o.size()
	case o.Disputed:
		return 0
	}
	return w.firm(q, o)
}

// judge finds out what is known at this point.
func (w *walk) judge() {
	for _, g := range w.gens {
		w.grow(g.n)
	}
	w.dismiss()
	n := len(w.parties)
	w.extent, w.turned, w.turns, w.any = make([]uint64, n), make([]bool, n), make([][]first, n), false
	for q := range n {
		w.turns[q] = make([]first, n)
		if o := w.force[q]; o != nil {
			w.extent[q] = max(w.placed[o.n], w.sure(q, o))
		}
	}
	for again := true; again; {
		again = false
		for r := range n {
			for q := range n {
				if q != r && !w.turns[r][q].ok && w.hear(r, q) {
					again = true
				}
			}
		}
	}
	for q := range n {
		w.turned[q] = w.allTurn(q, func(r int) bool { return w.turns[r][q].ok })
	}
}

// hear takes where r turns from q, once that is sure to be on the record.
func (w *walk) hear(r, q int) bool {
	log, o := w.force[r], w.force[q]
	if w.out[r] || w.out[q] || log == nil || log.Disputed {
		return false
	}
	t := w.turn(log, q, o)
	if !t.ok || t.at >= w.extent[r] {
		return false
	}
	w.turns[r][q], w.any = t, true
	if o != nil {
		w.extent[q] = max(w.extent[q], at(t.acc, o.n))
	}
	return true
}

// allTurn reports whether turns holds for all others of a party, and there are some.
func (w *walk) allTurn(q int, turns func(r int) bool) bool {
	any := false
	for r := range w.parties {
		if r == q || w.out[r] {
			continue
		}
		if !turns(r) {
			return false
		}
		any = true
	}
	return any
}

// dismiss finds the parties that all others leave out of their epochs. It takes
// two: of two that are left, neither can put the other out.
func (w *walk) dismiss() {
	n := len(w.parties)
	w.skip = make([]bool, n)
	if n < 3 {
		return
	}
	for q := range n {
		for r := range n {
			w.skip[q] = w.skip[q] || r != q && w.leaves(r, q)
		}
	}
	for again := true; again; {
		again = false
		for q := range n {
			votes := 0
			all := w.allTurn(q, func(r int) bool {
				if !w.skip[r] && w.leaves(r, q) {
					votes++
				}
				return w.skip[r] || w.leaves(r, q)
			})
			if w.skip[q] && (!all || votes < 2) {
				w.skip[q], again = false, true
			}
		}
	}
}

// leaves reports whether r leaves q out of an epoch, in its generation in force
// or a newer one.
func (w *walk) leaves(r, q int) bool {
	if w.out[r] || w.out[q] {
		return false
	}
	for _, log := range w.parties[r].gens {
		if f := w.force[r]; (f == nil || log == f || older(f, log)) && log.without[q].ok && !log.Disputed {
			return true
		}
	}
	return false
}

// settle goes one entry along, when that is sure to be the next for everybody.
func (w *walk) settle() *gen {
	for {
		var open []int
		for q := range w.parties {
			if !w.out[q] && !w.shut(q) && !w.ready(q) {
				open = append(open, q)
			}
		}
		if len(open) == 0 {
			q := w.least()
			if q < 0 {
				return nil
			}
			return w.take(q)
		}
		if !w.impasse(open) {
			return nil
		}
	}
}

// ready reports whether the next entry of a party is here, and sure to be on the record.
func (w *walk) ready(q int) bool {
	g := w.force[q]
	return g != nil && w.placed[g.n] < w.extent[q] && w.placed[g.n] < g.size()
}

// shut reports whether no more of the generation of a party in force can come
// on the record.
func (w *walk) shut(q int) bool { return w.turned[q] && w.next(q) >= w.extent[q] }

// least returns the party whose next entry comes first of those that can be taken.
func (w *walk) least() int {
	best := -1
	for q := range w.parties {
		if !w.out[q] && w.ready(q) && w.free(q) && (best < 0 || w.before(q, best)) {
			best = q
		}
	}
	return best
}

func (w *walk) head(q int) *node {
	g := w.force[q]
	return &g.nodes[w.placed[g.n]-g.base]
}

// free reports whether all is placed that the next entry of a party has seen of
// the generations in force.
func (w *walk) free(q int) bool {
	acc, i := w.head(q).acc, w.next(q)
	for r, g := range w.force {
		if r == q || g == nil || w.out[r] || at(acc, g.n) <= w.placed[g.n] {
			continue
		}
		if t := w.turn(w.force[q], r, g); t.ok && t.at < i && at(t.acc, g.n) <= w.placed[g.n] {
			continue
		}
		return false
	}
	return true
}

func (w *walk) before(q, r int) bool {
	a, b := w.head(q), w.head(r)
	if a.time != b.time {
		return a.time < b.time
	}
	return w.parties[q].code < w.parties[r].code
}

// take places the next entry of a party, and lets generations come into force.
func (w *walk) take(q int) *gen {
	g := w.force[q]
	w.placed[g.n]++
	if w.any {
		w.turnOver()
	}
	return g
}

// turnOver ends the generations in force from which all others have turned at
// this point, and puts the newest that they have seen in their place.
func (w *walk) turnOver() {
	for again := true; again; {
		again = false
		for q := range w.parties {
			done := func(r int) bool { return w.turns[r][q].ok && w.turns[r][q].at < w.next(r) }
			if w.out[q] || !w.allTurn(q, done) {
				continue
			}
			w.succeed(q, w.newest(q, func(r int) []uint64 { return w.force[r].seenAt(w.next(r)) }))
			w.judge()
			again = true
			break
		}
	}
}

// newest returns the newest generation of q, after that in force, that the
// others have seen by what seen gives of each; nil when they have seen none.
func (w *walk) newest(q int, seen func(r int) []uint64) *gen {
	for i := len(w.parties[q].gens) - 1; i >= 0; i-- {
		h := w.parties[q].gens[i]
		if o := w.force[q]; o != nil && !older(o, h) {
			break
		}
		for r := range w.parties {
			if r != q && !w.out[r] && w.force[r] != nil && at(seen(r), h.n) > 0 {
				return h
			}
		}
	}
	return nil
}

// succeed ends the generation of q in force.
func (w *walk) succeed(q int, h *gen) {
	if h == nil {
		w.out[q] = true
		return
	}
	w.force[q] = h
}

// impasse ends at one stroke the generations in force of the parties in open,
// of which nothing more is sure to come, where all turn from them: those that
// were lost at the same time by what their newer generations say. What comes
// into force in their place is for those that were not lost to say.
func (w *walk) impasse(open []int) bool {
	lost := w.lost()
	all := true
	for q := range w.parties {
		all = all && (lost[q] || w.out[q] || w.skip[q])
	}
	heirs := make([]*gen, len(open))
	for i, q := range open {
		if !lost[q] || w.next(q) < w.extent[q] {
			return false
		}
		heirs[i] = w.newest(q, func(r int) []uint64 {
			switch {
			case w.turns[r][q].ok:
				return w.turns[r][q].acc
			case lost[r] && all && !w.skip[r]:
				return w.speaks(r, q).acc
			}
			return nil
		})
	}
	for i, q := range open {
		w.succeed(q, heirs[i])
	}
	w.judge()
	return true
}

// lost finds the parties from whose generations in force all others turn:
// those among them that were lost too in a newer one of theirs.
func (w *walk) lost() []bool {
	lost := make([]bool, len(w.parties))
	for q := range lost {
		lost[q] = !w.out[q]
	}
	for again := true; again; {
		again = false
		for q := range lost {
			if lost[q] && !w.allTurn(q, func(r int) bool { return w.turns[r][q].ok || lost[r] && (w.skip[r] || w.speaks(r, q) != nil) }) {
				lost[q], again = false, true
			}
		}
	}
	return lost
}

// speaks returns where a generation of r newer than the one in force turns from
// q's, in an entry that all others hold; nil where none does.
func (w *walk) speaks(r, q int) *first {
	for _, log := range w.parties[r].gens {
		if f := w.force[r]; f == nil || older(f, log) {
			if t := w.turn(log, q, w.force[q]); t.ok && t.at < w.firm(r, log) {
				return &t
			}
		}
	}
	return nil
}

// suppose goes one entry along what is not sure.
func (w *walk) suppose() *gen {
	for {
		if q := w.least(); q >= 0 {
			return w.take(q)
		}
		if w.inherit() {
			continue
		}
		for q := range w.parties { // what waits for what is cut off
			if !w.out[q] && w.ready(q) {
				return w.take(q)
			}
		}
		return nil
	}
}

// inherit lets the newest generation of a party of whose older one nothing is
// left come into force.
func (w *walk) inherit() bool {
	for q, p := range w.parties {
		if len(p.gens) == 0 || w.out[q] || w.ready(q) {
			continue
		}
		if h := p.gens[len(p.gens)-1]; h.size() > 0 && (w.force[q] == nil || older(w.force[q], h)) {
			w.force[q] = h
			w.judge()
			return true
		}
	}
	return false
}

// missing names the parties whose word the next position waits for.
func (w *walk) missing() []parley.PartyCode {
	blamed := make([]bool, len(w.parties))
	for q := range w.parties {
		if w.out[q] || w.shut(q) || w.ready(q) {
			continue
		}
		g, any := w.force[q], false
		here := g != nil && w.next(q) < g.size()
		for r, p := range w.parties {
			if r == q || w.out[r] || w.skip[r] {
				continue
			}
			silent := false
			if here {
				silent = !slices.ContainsFunc(p.gens, func(log *gen) bool { return w.covers(log, q, g) > w.next(q) })
			} else if w.heir(q) {
				silent = !w.turns[r][q].ok
			}
			blamed[r], any = blamed[r] || silent, any || silent
		}
		blamed[q] = blamed[q] || !any
	}
	var out []parley.PartyCode
	for q, p := range w.parties {
		if blamed[q] {
			out = append(out, p.code)
		}
	}
	return out
}

// heir reports whether a party has a generation newer than the one in force.
func (w *walk) heir(q int) bool {
	gens := w.parties[q].gens
	return len(gens) > 0 && gens[len(gens)-1] != w.force[q]
}
