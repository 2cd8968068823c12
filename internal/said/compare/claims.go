package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A claim is something in a text that another text may contradict: a figure, a
// date, a time of day, a name.
type claim struct {
	sort     sort
	sent     int // sentence of the text
	from, to int // tokens
	fig      figure
	date     date
	name     name
	around   map[string]int // what stands about it, the nearer the heavier
	sum      int
	heavy    []string // what weighs most of that
	key      string   // of a figure or a date, as it stands about others
}

type sort uint8

const (
	aFigure sort = iota
	aDate
	aClock
	aName
)

// kind is what a mark of the claim is called. A time of day is a date.
func (c *claim) kind() Kind {
	switch c.sort {
	case aFigure:
		return Figure
	case aName:
		return Named
	}
	return Date
}

// A passage is the text of one topic in one language, read.
type passage struct {
	item   int
	lang   string
	text   string
	toks   []token
	used   []bool // by a figure or a date: no word of what is about it
	named  []bool // by a name
	sents  []sentence
	claims []claim
	inSent [][]int          // claims of each sentence
	by     map[string][]int // claims by what weighs most about them, and by their like
	byName map[string][]*claim
}

// reader holds what is known besides the text.
type reader struct {
	lang string
	year int // in which the contact was, 0: not known
	mon  int
	day  int
	who  *people
}

// read makes a passage of a text: what is claimed in it, and where.
func (r *reader) read(item int, text string) *passage {
	p := &passage{item: item, lang: r.lang, text: clip(text)}
	p.toks = tokens(r.lang, p.text)
	p.used, p.named = make([]bool, len(p.toks)), make([]bool, len(p.toks))
	p.sents = sentences(p.toks)
	for n := range p.sents {
		s := &p.sents[n]
		for i := s.from; i < s.to && len(p.claims) < maxClaims; {
			c, ok := r.claimAt(p.toks, i, s.from, s.to)
			if !ok {
				i++
				continue
			}
			c.sent = n
			for j := c.from; j < c.to; j++ {
				p.used[j] = true
			}
			p.claims = append(p.claims, c)
			i = c.to
		}
	}
	r.names(p)
	p.inSent = make([][]int, len(p.sents))
	for i, c := range p.claims {
		p.inSent[c.sent] = append(p.inSent[c.sent], i)
	}
	p.placed()
	p.index()
	for n := range p.sents {
		s := &p.sents[n]
		s.words = map[string]int{}
		about(p.toks, s.from, s.to, func(i int) bool { return p.used[i] }, func(k string, _ int) { s.words[k] = 1 })
		for _, i := range p.inSent[n] {
			if p.claims[i].key = p.claims[i].says(); p.claims[i].key != "" {
				s.words[p.claims[i].key] = 1
			}
		}
	}
	return p
}

// claimAt reads the date, time or figure that begins at a token of a sentence.
func (r *reader) claimAt(ts []token, i, lo, hi int) (claim, bool) {
	if d, from, to, ok := r.dateAt(ts[:hi], i, lo); ok {
		return claim{sort: aDate, from: from, to: to, date: d}, true
	}
	if d, to, ok := clockAt(ts[:hi], i); ok {
		return claim{sort: aClock, from: i, to: to, date: d}, true
	}
	if f, to, ok := r.figureAt(ts[:hi], i, lo); ok {
		return claim{sort: aFigure, from: i, to: to, fig: f}, true
	}
	return claim{}, false
}

// surround notes what stands about each claim of a passage, weighted by how near
// it is and by how much it says (weigh).
func (p *passage) surround() {
	p.by = map[string][]int{}
	for n := range p.claims {
		c := &p.claims[n]
		s := &p.sents[c.sent]
		c.around = map[string]int{}
		own := map[string]bool{}
		for _, h := range c.fig.heads {
			own[h] = true
		}
		for _, i := range p.inSent[c.sent] { // figures and dates beside it
			if k := p.claims[i].key; i != n && k != "" {
				c.note(k, s.words[k], p.claims[i].from)
			}
		}
		from, to := max(s.from, c.from-maxReach), min(s.to, c.to+maxReach)
		about(p.toks, from, to, func(i int) bool { return p.used[i] || i >= c.from && i < c.to }, func(k string, at int) {
			if !own[k] {
				c.note(k, s.words[k], at)
			}
		})
		for i := max(from, c.from-nextTo); i < min(to, c.to+nextTo); i++ {
			if t := p.toks[i]; t.kind == wide && !p.used[i] && (i < c.from || i >= c.to) && !strings.Contains(idle, t.key) {
				c.note("."+t.key, loneWeight, i)
			}
		}
		c.weighed()
		for _, k := range append([]string{c.like(), c.broad()}, c.heavy...) {
			p.by[k] = append(p.by[k], n)
		}
	}
}

// Single characters count as standing about a claim only right beside it.
const (
	nextTo     = 4
	loneWeight = 300
)

// says is a figure or a date as it stands about others; "" where it says little.
func (c *claim) says() string {
	switch {
	case c.sort == aFigure && !c.fig.weak:
		return fmt.Sprintf("@%g %s", c.fig.lo, c.fig.dim)
	case c.sort == aDate && c.date.d != 0:
		return fmt.Sprintf("@%d-%d", c.date.m, c.date.d)
	case c.sort == aDate && c.date.m != 0:
		return fmt.Sprintf("@month %d", c.date.m)
	}
	return ""
}

// weighed sums up what stands about a claim.
func (c *claim) weighed() {
	const most = 8
	c.sum = 0
	for k, w := range c.around {
		c.sum += w
		c.heavy = append(c.heavy, k)
	}
	slices.SortFunc(c.heavy, func(a, b string) int { return cmp.Or(c.around[b]-c.around[a], cmp.Compare(a, b)) })
	c.heavy = c.heavy[:min(most, len(c.heavy))]
}

// like is of what kind a claim is: those of another cannot contradict it.
func (c *claim) like() string {
	switch {
	case c.sort == aFigure && c.fig.dim == "count" && len(c.fig.heads) > 0:
		return "#count " + c.fig.heads[0]
	case c.sort == aFigure && (c.fig.dim == "label" || c.fig.dim == "ordinal") && len(c.fig.heads) > 0:
		return "#" + c.fig.dim + " " + c.fig.heads[0]
	case c.sort == aFigure:
		return "#" + c.fig.dim
	case c.sort == aName:
		return fmt.Sprint("#name ", c.name.of, " ", c.name.cue, " ", c.name.role, " ", c.name.party)
	}
	return "#" + string(rune('0'+c.sort))
}

// broad is the same without what it is of.
func (c *claim) broad() string {
	if c.sort == aFigure {
		return "*" + c.fig.dim
	}
	return "*" + string(rune('0'+c.sort))
}

func (c *claim) note(k string, w, at int) {
	d := 0
	if at < c.from {
		d = c.from - at
	} else if at >= c.to {
		d = at - c.to + 1
	}
	if w = w * 12 / (12 + d); w > 0 {
		c.around[k] = max(c.around[k], w)
	}
}

// alikeness is how much of what stands about two claims is the same, from 0 to 1.
func alikeness(a, b *claim) float64 {
	if a.sum == 0 || b.sum == 0 {
		return 0
	}
	both := 0
	for k, w := range a.around {
		if v, ok := b.around[k]; ok {
			both += 2 * min(v, w)
		}
	}
	return float64(both) / float64(a.sum+b.sum)
}

// words is the claim as its text has it.
func (p *passage) words(c *claim) string {
	return p.text[p.toks[c.from].from:p.toks[c.to-1].to]
}

func (p *passage) span(c *claim) Span {
	return Span{p.item, p.toks[c.from].from, p.toks[c.to-1].to}
}
