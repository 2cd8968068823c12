package contact

import (
	"slices"

	"parley"
)

// A Thread is a point of a contact's file with all that was proposed for it.
type Thread struct {
	Kind      Kind
	Proposals []*Proposal // the first one first
	Standing  *Proposal   // what is agreed; nil: nothing yet
	Open      []*Proposal // wait for the other side
	Done      *Entry      // who said that it is done
	Dropped   bool        // nothing is agreed or open any more
}

// A Proposal is one wording of a point.
type Proposal struct {
	*Entry
	Point   *Point
	Depth   int
	Agrees  []*Entry
	Refuses []*Entry

	children []*Proposal
}

// Latest is what a thread is shown by: what stands, else the newest proposal.
func (t *Thread) Latest() *Proposal {
	if t.Standing != nil {
		return t.Standing
	}
	return t.Proposals[len(t.Proposals)-1]
}

// threads makes the files of contacts of their points.
func (f *folding) threads(terms map[parley.Ref]*Terms, of map[*Terms]*Contact) {
	props := map[parley.Ref]*Proposal{}
	for _, e := range f.points {
		if p := e.Form.(*Point); p.Step == Propose {
			props[e.Ref] = &Proposal{Entry: e, Point: p}
		}
	}
	thread, home := map[*Proposal]*Thread{}, map[*Thread]*Contact{}
	var firsts []*Proposal
	f.take(f.points, terms, of, func(c *Contact, _ *Terms, e *Entry) {
		p := props[e.Ref]
		switch before := f.target(e, 1); {
		case p != nil && len(e.Refs) == 1:
			t := &Thread{Kind: p.Point.Kind, Proposals: []*Proposal{p}}
			thread[p], home[t] = t, c
			c.Points, firsts = append(c.Points, t), append(firsts, p)
		case p != nil && before != nil && props[before.Ref] != nil && props[before.Ref].Point.Kind == p.Point.Kind:
			b := props[before.Ref]
			b.children = append(b.children, p)
		}
	})
	for _, p := range firsts {
		thread[p].grow(thread, home[thread[p]])
	}
	f.take(f.points, terms, of, func(c *Contact, _ *Terms, e *Entry) {
		x := f.target(e, 1)
		if x == nil || props[x.Ref] == nil || props[e.Ref] != nil {
			return
		}
		p := props[x.Ref]
		t := thread[p]
		if t == nil || home[t] != c {
			return
		}
		switch e.Form.(*Point).Step {
		case Agree:
			if e.Party != p.Party {
				p.Agrees = append(p.Agrees, e)
			}
		case Refuse:
			p.Refuses = append(p.Refuses, e)
		case Done:
			if t.Done == nil {
				t.Done = e
			}
		}
	})
	for t, c := range home {
		t.settle(c)
	}
}

func (t *Thread) grow(thread map[*Proposal]*Thread, c *Contact) {
	for at := 0; at < len(t.Proposals); at++ {
		p := t.Proposals[at]
		slices.SortFunc(p.children, func(a, b *Proposal) int { return compareRefs(a.Ref, b.Ref) })
		for _, k := range p.children {
			if thread[k] == nil {
				k.Depth, thread[k] = p.Depth+1, t
				t.Proposals = append(t.Proposals, k)
			}
		}
	}
}

func (t *Thread) settle(c *Contact) {
	for _, p := range t.Proposals {
		all := !slices.ContainsFunc(c.Parties, func(q parley.PartyCode) bool {
			return q != p.Party && !slices.ContainsFunc(p.Agrees, func(e *Entry) bool { return e.Party == q })
		})
		switch {
		case len(p.Refuses) > 0:
		case all:
			if t.Standing == nil || p.Depth > t.Standing.Depth || p.Depth == t.Standing.Depth && compareRefs(p.Ref, t.Standing.Ref) < 0 {
				t.Standing = p
			}
		case len(p.children) == 0:
			t.Open = append(t.Open, p)
		}
	}
	if t.Standing != nil {
		t.Open = slices.DeleteFunc(t.Open, func(p *Proposal) bool { return p.Depth < t.Standing.Depth })
	}
	t.Dropped = t.Standing == nil && len(t.Open) == 0
}
