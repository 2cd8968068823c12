package compare

import (
	"slices"
	"strings"
)

// A conflict is two claims that cannot both be so.
type conflict struct {
	a, b *passage
	f, g *claim
	by   float64 // how sure it is
}

// A laying lays passages of one language beside each other.
type laying struct {
	c       *comparing
	year    int
	settled map[*claim]bool // agreed, or marked
	found   []conflict
}

// grouped readies the passages of both sides: how much their words say depends on
// all of them.
func grouped(c *comparing, a, b []*passage) *laying {
	g := &laying{c: c, settled: map[*claim]bool{}, year: c.reader("").year}
	var lists [][]sentence
	for _, p := range slices.Concat(a, b) {
		lists = append(lists, p.sents)
	}
	weigh(lists...)
	for _, p := range append(slices.Clone(a), b...) {
		p.surround()
	}
	return g
}

// lay finds what two passages say differently. At a stricter level only what
// stands in much the same words counts.
func (g *laying) lay(a, b *passage, level int) {
	if slices.Equal(keysOf(a.toks), keysOf(b.toks)) {
		return
	}
	ab, ba := near(a.sents, b.sents), near(b.sents, a.sents)
	if level == 1 {
		g.replaced(a, b, ab, ba)
	}
	g.agree(a, b)
	g.differ(a, b, ab, level)
}

// replaced looks at sentences that are each other's likest and nearly the same:
// where one claim stands in the place of another, they are held against each
// other whatever stands elsewhere.
func (g *laying) replaced(a, b *passage, ab, ba [][]nearness) {
	for i, l := range ab {
		if len(l) == 0 || l[0].by < 0.6 || len(ba[l[0].at]) == 0 || ba[l[0].at][0].at != i {
			continue
		}
		s, t := a.sents[i], b.sents[l[0].at]
		for _, e := range edits(a.toks[s.from:s.to], b.toks[t.from:t.to]) {
			if !both(e) || e.a1-e.a0 > 16 || e.b1-e.b0 > 16 {
				continue
			}
			fs, gs := within(a, i, s.from+e.a0, s.from+e.a1), within(b, l[0].at, t.from+e.b0, t.from+e.b1)
			for _, sort := range []sort{aFigure, aDate, aClock, aName} {
				f, x := only(fs, sort), only(gs, sort)
				if f == nil || x == nil || g.settled[f] || g.settled[x] {
					continue
				}
				switch same, can := g.held(f, x); {
				case !can:
				case same:
					g.settled[f], g.settled[x] = true, true
				case sort == aName && (ofOthers(a, b, f, x) || !nameStandsFor(f, x)):
				case sort == aFigure && f.fig.related(&x.fig) < 0.2:
				default:
					g.found = append(g.found, conflict{a: a, b: b, f: f, g: x, by: 1 + l[0].by})
					g.settled[f], g.settled[x] = true, true
				}
			}
		}
	}
}

// nameStandsFor reports whether a name that stands in the place of another in
// sentences that are nearly the same is meant for it. Those of parties are not,
// for each side says what it did itself.
func nameStandsFor(f, x *claim) bool {
	n, o := &f.name, &x.name
	return n.of != ofParty && o.of != ofParty && !n.apart(o) && (n.of == o.of || n.of == someName || o.of == someName)
}

// ofOthers reports whether two names are said to be of two different people: the
// fleets that two admirals command.
func ofOthers(a, b *passage, f, x *claim) bool {
	n, o := a.beside(f), b.beside(x)
	return n != nil && o != nil && !n.agrees(o)
}

// within are the claims of a sentence that touch tokens from to to.
func within(p *passage, sent, from, to int) (out []*claim) {
	for _, i := range p.inSent[sent] {
		if c := &p.claims[i]; c.from < to && c.to > from {
			out = append(out, c)
		}
	}
	return out
}

// only is the one claim of a sort; nil where there is none or more.
func only(list []*claim, s sort) (one *claim) {
	for _, c := range list {
		if c.sort == s {
			if one != nil {
				return nil
			}
			one = c
		}
	}
	return one
}

// held holds two claims of one sort against each other: whether they say the
// same, and whether they can be held so at all.
func (g *laying) held(f, x *claim) (same, can bool) {
	switch {
	case f.sort != x.sort:
		return false, false
	case f.sort == aFigure:
		if f.fig.related(&x.fig) == 0 {
			return false, false
		}
		return f.fig.equal(&x.fig), true
	case f.sort == aName:
		return f.name.agrees(&x.name) && !f.name.titled(&x.name), f.name.han == x.name.han
	}
	shared, differ := f.date.meets(&x.date, g.year)
	return !differ, shared > 0
}

// exact reports whether two dates that do not differ say the same, and not one
// more than the other.
func exact(f, x *claim) bool {
	if f.sort != aDate {
		return true
	}
	return (f.date.d != 0) == (x.date.d != 0) && (f.date.m != 0) == (x.date.m != 0)
}

// A partner is a claim of the other side that one may go with.
type partner struct {
	f, g int
	by   float64
}

// agree settles the figures and dates that both sides give, each with one of the
// other: first those whose surroundings are most alike.
func (g *laying) agree(a, b *passage) {
	var list []partner
	for i := range a.claims {
		f := &a.claims[i]
		if g.settled[f] || f.sort == aName {
			continue
		}
		for _, j := range partners(f, i, a, b) {
			x := &b.claims[j]
			if g.settled[x] {
				continue
			}
			if same, can := g.held(f, x); can && same && exact(f, x) && (f.sort != aFigure || f.fig.related(&x.fig) >= 0.2) {
				list = append(list, partner{i, j, alikeness(f, x)})
			}
		}
	}
	slices.SortStableFunc(list, likest)
	for _, p := range list {
		f, x := &a.claims[p.f], &b.claims[p.g]
		if !g.settled[f] && !g.settled[x] {
			g.settled[f], g.settled[x] = true, true
		}
	}
}

func likest(x, y partner) int {
	switch {
	case x.by > y.by:
		return -1
	case x.by < y.by:
		return 1
	case x.f != y.f:
		return x.f - y.f
	}
	return x.g - y.g
}

// partners are the claims of a passage that one of another can be held against:
// those that share with it what weighs most about it, and those of its like that
// stand about as far from the beginning.
func partners(f *claim, i int, a, b *passage) (out []int) {
	seen := map[int]bool{}
	take := func(j int) {
		x := &b.claims[j]
		if len(out) < maxPartners && !seen[j] && x.sort == f.sort && (f.sort != aFigure || x.fig.dim == f.fig.dim) {
			seen[j] = true
			out = append(out, j)
		}
	}
	for _, k := range f.heavy {
		l := b.by[k]
		for _, j := range l[:min(len(l), maxPosting)] {
			take(j)
		}
	}
	for _, k := range []string{f.like(), f.broad()} {
		l := b.by[k]
		at := max(0, i*len(l)/len(a.claims)-maxPartners/2)
		for _, j := range l[min(at, len(l)):min(at+maxPartners, len(l))] {
			take(j)
		}
	}
	return out
}

// differ finds among what is not settled the claims that stand for one another
// and say different things.
func (g *laying) differ(a, b *passage, ab [][]nearness, level int) {
	var list []partner
	left := [2]map[string]int{g.left(a, b), g.left(b, a)}
	for i := range a.claims {
		f := &a.claims[i]
		if g.settled[f] || f.sort == aName && (level > 1 || b.knows(f)) {
			continue
		}
		for _, j := range partners(f, i, a, b) {
			x := &b.claims[j]
			if g.settled[x] || x.sort == aName && (a.knows(x) || ofOthers(a, b, f, x)) {
				continue
			}
			if same, can := g.held(f, x); same || !can {
				continue
			}
			by := g.weight(f, x, ab)
			if by >= need(f, x, left)*float64(level) && by > g.better(i, a, b)-0.02 && by > g.better(j, b, a)-0.02 {
				list = append(list, partner{i, j, by})
			}
		}
	}
	slices.SortStableFunc(list, likest)
	for _, p := range list {
		f, x := &a.claims[p.f], &b.claims[p.g]
		if g.settled[f] || g.settled[x] {
			continue
		}
		g.settled[f], g.settled[x] = true, true
		g.found = append(g.found, conflict{a: a, b: b, f: f, g: x, by: p.by})
	}
}

// weight is how much two claims stand in the same surroundings.
func (g *laying) weight(f, x *claim, ab [][]nearness) float64 {
	s, best := 0.0, 0.0
	for _, n := range ab[f.sent] {
		best = max(best, n.by)
		if n.at == x.sent {
			s = n.by
		}
	}
	w := 0.65*alikeness(f, x) + 0.35*s
	if best > 0 { // its sentence may be much more like another one
		w *= 0.5 + 0.5*s/best
	}
	return w
}

// better is how well a claim goes with one of the other side that says the same,
// or less of the same.
func (g *laying) better(i int, a, b *passage) (best float64) {
	f := &a.claims[i]
	if f.sort == aName {
		return 0
	}
	for _, j := range partners(f, i, a, b) {
		x := &b.claims[j]
		if same, can := g.held(f, x); can && same {
			best = max(best, alikeness(f, x))
		}
	}
	return best
}

// index makes the names of a passage easy to find.
func (p *passage) index() {
	p.byName = map[string][]*claim{}
	seen := map[string]bool{}
	for i := range p.claims {
		c := &p.claims[i]
		whole := strings.Join(c.name.words, " ")
		if c.sort != aName || seen[whole] {
			continue
		}
		seen[whole] = true
		for _, h := range c.name.handles() {
			if len(p.byName[h]) < maxPosting {
				p.byName[h] = append(p.byName[h], c)
			}
		}
	}
}

// knows reports whether a passage has a name that agrees.
func (p *passage) knows(f *claim) bool {
	for _, h := range f.name.handles() {
		if slices.ContainsFunc(p.byName[h], func(x *claim) bool { return f.name.agrees(&x.name) }) {
			return true
		}
	}
	return false
}

// left counts the claims of a passage that are not settled, by their like: of
// names those that the other side does not have.
func (g *laying) left(p, other *passage) map[string]int {
	out := map[string]int{}
	for i := range p.claims {
		if c := &p.claims[i]; !g.settled[c] && !(c.sort == aName && other.knows(c)) {
			out[c.like()]++
		}
	}
	return out
}

// need is how alike the surroundings of two claims must be for a mark.
func need(f, x *claim, left [2]map[string]int) float64 {
	alone := left[0][f.like()] == 1 && left[1][x.like()] == 1
	pick := func(one, many float64) float64 {
		if alone {
			return one
		}
		return many
	}
	switch f.sort {
	case aClock:
		return pick(0.08, 0.2)
	case aDate:
		if alone && f.date.part != 0 && f.date.part == x.date.part {
			return 0
		}
		if f.date.m != 0 && x.date.m != 0 && (f.date.m == x.date.m || f.date.d == x.date.d && f.date.d != 0) {
			return pick(0, 0.1)
		}
		return pick(0.1, 0.22)
	case aName:
		return needOfNames(&f.name, &x.name, alone)
	}
	weak := 0.0
	if f.fig.weak || x.fig.weak {
		weak = 0.12
	}
	switch f.fig.dim {
	case "time":
		return pick(0.12, 0.25)
	case "label", "ordinal":
		return pick(0.1, 0.25) + weak
	case "count":
		switch rel := f.fig.related(&x.fig); {
		case rel >= 1:
			return pick(0.04, 0.14) + weak
		case rel >= 0.7:
			return pick(0.15, 0.25) + weak
		case rel >= 0.4:
			return pick(0.25, 0.35) + weak
		}
		return 0.5 + weak
	}
	return pick(0.06, 0.18)
}

// apart reports whether two people are of two parties: each side names its own.
func (n *name) apart(o *name) bool {
	return n.party != "" && o.party != "" && n.party != o.party || (n.party == "" || o.party == "") && n.side != "" && o.side != "" && n.side != o.side
}

// beside is the person that a body or a place is said to be of: Piers Lund,
// Commander of the Northern Fleet.
func (p *passage) beside(c *claim) *name {
	if c.name.of == person {
		return nil
	}
	for _, i := range p.inSent[c.sent] {
		if o := &p.claims[i]; o.sort == aName && o.name.of == person && o.to <= c.from && c.from-o.to <= 5 && p.toks[o.to].key == "," {
			return &o.name
		}
	}
	return nil
}

// needOfNames is the same for two names that no other agrees with.
func needOfNames(n, o *name, alone bool) float64 {
	const never = 9
	pick := func(one, many float64) float64 {
		if alone {
			return one
		}
		return many
	}
	switch {
	case n.of == ofParty || o.of == ofParty:
		return never
	case (n.of == person || o.of == person) && n.apart(o):
		return never
	case n.resembles(o) && !(n.known && o.known):
		return pick(0, 0.05)
	case n.of != o.of:
		return never
	}
	switch n.of {
	case person:
		switch {
		case n.role != "" && n.role == o.role:
			return pick(0, 0.12)
		case slices.ContainsFunc(n.titles, func(t string) bool { return slices.Contains(o.titles, t) }):
			return 0.2
		}
		return 0.35
	case place, body, document, craft:
		if n.cue == o.cue {
			return pick(0.1, 0.22)
		}
		return 0.4
	}
	return pick(0.12, 0.4)
}

// marks are the conflicts as people see them; names are marked once.
func (g *laying) marks(lang string) (out []Mark) {
	seen := map[[2]string]bool{}
	for _, x := range g.found {
		w := [2]string{x.a.words(x.f), x.b.words(x.g)}
		if x.f.sort == aName && seen[w] {
			continue
		}
		seen[w] = true
		out = append(out, Mark{Kind: x.f.kind(), Topic: g.c.ours.Items[x.a.item].Topic, Lang: lang, Side: Both, Wording: -1, What: w[0] + " | " + w[1],
			Ours: []Span{x.a.span(x.f)}, Theirs: []Span{x.b.span(x.g)}})
	}
	return out
}
