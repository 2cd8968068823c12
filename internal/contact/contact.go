package contact

import (
	"cmp"
	"slices"
	"time"

	"parley"
)

// A State is where the arranging of a contact stands.
type State string

// The states.
const (
	Asked     State = "asked"      // waits for an answer
	NoAnswer  State = "no-answer"  // the time by which an answer was asked for has passed
	Declined  State = "declined"   // and no other offer is open
	Agreed    State = "agreed"     // it is to take place
	Withdrawn State = "withdrawn"  // called off before it was agreed
	Cancelled State = "cancelled"  // called off once it was agreed
	Lapsed    State = "lapsed"     // every window has passed
	Met       State = "met"        // the other side asked at the same time, and that was agreed
	Past      State = "past"       // its time has passed, and nobody has entered what became of it
	Took      State = "took-place" // it is in the register
	Differ    State = "differ"     // all accepted, and not the same time: it needs another offer
)

// Terms are one offer of a contact.
type Terms struct {
	*Entry
	Request *Request
	Depth   int // how many offers of the contact it follows
	Replies []*Entry

	parent   *Terms
	children []*Terms
}

// A Contact is a call or a meeting that is asked for, with all that was offered
// and answered. Its first request names it.
type Contact struct {
	Terms    []*Terms           // all offers, the first one first
	Parties  []parley.PartyCode // whose contact it is: who asked first, then those asked
	CallOffs []*Entry
	Points   []*Thread
	Held     []*Held // its rows in the register

	Agreed *Terms    // what stands agreed, or stood when it was called off; nil: nothing
	Start  time.Time // of what is agreed
	Open   []*Terms  // offers that wait for an answer
	Other  *Contact  // the request of another party that crossed with this one; nil: none

	met  bool // the other one stands for both
	off  bool
	fold *folding
}

// First is the request that began it.
func (c *Contact) First() *Terms { return c.Terms[0] }

// Ref names the contact.
func (c *Contact) Ref() parley.Ref { return c.Terms[0].Ref }

// Acts is how many entries changed what is agreed or offered, here or in the
// contact that it crossed with: a number that only grows, as calendars want it.
func (c *Contact) Acts() int {
	if c.Other != nil {
		return c.acts() + c.Other.acts()
	}
	return c.acts()
}

func (c *Contact) acts() int {
	n := len(c.Terms) + len(c.CallOffs)
	for _, t := range c.Terms {
		n += len(t.Replies)
	}
	return n
}

// contacts makes the contacts of requests, with their replies and what called
// them off.
func (f *folding) contacts() (out []*Contact) {
	terms := map[parley.Ref]*Terms{}
	for _, e := range f.requests {
		terms[e.Ref] = &Terms{Entry: e, Request: e.Form.(*Request)}
	}
	of := map[*Terms]*Contact{}
	for _, e := range f.requests {
		t := terms[e.Ref]
		if e.begins() {
			c := begun(t)
			c.fold = f
			out, of[t] = append(out, c), c
		} else if p := f.target(e, 0); p != nil && terms[p.Ref] != nil {
			t.parent = terms[p.Ref]
			t.parent.children = append(t.parent.children, t)
		}
	}
	for _, c := range out { // offers that hang on nothing, or on one another, are reached by none
		c.grow(of)
	}
	f.take(f.replies, terms, of, func(c *Contact, t *Terms, e *Entry) {
		if e.Party != t.Party {
			t.Replies = append(t.Replies, e)
		}
	})
	f.take(f.callOffs, terms, of, func(c *Contact, _ *Terms, e *Entry) { c.CallOffs = append(c.CallOffs, e) })
	f.threads(terms, of)
	return out
}

// begins reports whether a request begins a contact.
func (e *Entry) begins() bool { return len(e.Refs) == 0 && len(e.To) > 0 }

// begun is the contact that first terms begin.
func begun(t *Terms) *Contact {
	return &Contact{Terms: []*Terms{t}, Parties: append([]parley.PartyCode{t.Party}, t.To...)}
}

// take hands out entries of the parties of a contact that refer to its terms.
func (f *folding) take(es []*Entry, terms map[parley.Ref]*Terms, of map[*Terms]*Contact, to func(*Contact, *Terms, *Entry)) {
	for _, e := range es {
		x := f.target(e, 0)
		if x == nil {
			continue
		}
		t := terms[x.Ref]
		if c := of[t]; t != nil && c != nil && slices.Contains(c.Parties, e.Party) {
			to(c, t, e)
		}
	}
}

// grow gathers the offers that follow the first, by depth and reference. Those of
// parties that the contact is not between count for nothing.
func (c *Contact) grow(of map[*Terms]*Contact) {
	for at := 0; at < len(c.Terms); at++ {
		t := c.Terms[at]
		slices.SortFunc(t.children, func(a, b *Terms) int { return compareRefs(a.Ref, b.Ref) })
		t.children = slices.DeleteFunc(t.children, func(k *Terms) bool { return !slices.Contains(c.Parties, k.Party) })
		for _, k := range t.children {
			k.Depth = t.Depth + 1
			c.Terms, of[k] = append(c.Terms, k), c
		}
	}
}

// others are the parties whose answer terms wait for.
func (c *Contact) others(t *Terms) []parley.PartyCode {
	return slices.DeleteFunc(slices.Clone(c.Parties), func(p parley.PartyCode) bool { return p == t.Party })
}

// acceptance returns the first reply by which a party accepted terms. One that
// was written by somebody who had read that its writer offers others instead
// counts for nothing.
func (c *Contact) acceptance(t *Terms, p parley.PartyCode) (first *Entry) {
	for _, e := range t.Replies {
		r := e.Form.(*Reply)
		if e.Party != p || r.Phase != Accept || r.Window > uint64(len(t.Request.Windows)) {
			continue
		}
		revised := slices.ContainsFunc(t.children, func(k *Terms) bool { return k.Party == t.Party && c.fold.hadRead(e, k.Ref) })
		if !revised && (first == nil || e.before(first)) {
			first = e
		}
	}
	return first
}

// accepted returns the time that all others have accepted of terms: all is false
// while one has not, same where they name different times.
func (c *Contact) accepted(t *Terms) (at time.Time, all, same bool) {
	same = true
	for i, p := range c.others(t) {
		e := c.acceptance(t, p)
		if e == nil {
			return at, false, same
		}
		start := StartOf(t.Request, e.Form.(*Reply))
		same = same && (i == 0 || start.Equal(at))
		at = start
	}
	return at, true, same
}

// StartOf returns when a contact begins whose request was accepted so.
func StartOf(r *Request, a *Reply) time.Time {
	w := r.Windows[a.Window-1]
	if a.Start >= w.Start && a.Start <= w.End {
		return time.Unix(int64(a.Start), 0).UTC()
	}
	return w.From()
}

// Declines returns the declining reply of a party to terms, where that is its
// last word on them; nil where it is not.
func (c *Contact) Declines(t *Terms, p parley.PartyCode) *Entry {
	var last *Entry
	for _, e := range t.Replies {
		if e.Party == p && (last == nil || last.before(e)) {
			last = e
		}
	}
	if last == nil || last.Form.(*Reply).Phase != Decline || c.acceptance(t, p) != nil {
		return nil
	}
	return last
}

// settle finds what is agreed and what is open.
func (c *Contact) settle() {
	for _, t := range c.Terms {
		if at, all, same := c.accepted(t); all && same && (c.Agreed == nil || t.over(c.Agreed)) {
			c.Agreed, c.Start = t, at
		}
	}
	last := map[parley.PartyCode]*Entry{} // by which each party accepted any terms
	for _, t := range c.Terms {
		for _, p := range c.others(t) {
			if e := c.acceptance(t, p); e != nil && (last[p] == nil || last[p].before(e)) {
				last[p] = e
			}
		}
	}
	for _, t := range c.Terms {
		if c.open(t, last[t.Party]) {
			c.Open = append(c.Open, t)
		}
	}
	c.off = len(c.CallOffs) > 0
}

// over reports whether t stands where both are accepted: the offer that follows
// more offers, and of two that crossed the one with the smaller reference.
func (t *Terms) over(o *Terms) bool {
	return t.Depth > o.Depth || t.Depth == o.Depth && compareRefs(t.Ref, o.Ref) < 0
}

// open reports whether terms wait for an answer: nobody declined them or offered
// others in their place, they are not agreed, and their writer has not accepted
// other terms since: last is by what it did so last, nil where it never did.
func (c *Contact) open(t *Terms, last *Entry) bool {
	if t == c.Agreed || len(t.children) > 0 || c.Agreed != nil && t.Depth < c.Agreed.Depth {
		return false
	}
	if _, all, _ := c.accepted(t); all {
		return false // it gave way, or the times differ
	}
	if slices.ContainsFunc(c.others(t), func(p parley.PartyCode) bool { return c.Declines(t, p) != nil }) {
		return false
	}
	return last == nil || !t.Entry.before(last)
}

// Waits returns the parties whose answer open terms wait for.
func (c *Contact) Waits(t *Terms) []parley.PartyCode {
	return slices.DeleteFunc(c.others(t), func(p parley.PartyCode) bool { return c.acceptance(t, p) != nil })
}

// Off returns what called the contact off: the earliest by its writer's clock.
// nil where nobody did.
func (c *Contact) Off() *Entry {
	switch {
	case len(c.CallOffs) > 0:
		return c.CallOffs[0]
	case c.off && c.Other != nil && len(c.Other.CallOffs) > 0:
		return c.Other.CallOffs[0]
	}
	return nil
}

// Crossed reports whether an acceptance and what called the contact off crossed:
// who called it off had not read the acceptance.
func (c *Contact) Crossed() bool {
	off := c.Off()
	if off == nil || c.Agreed == nil {
		return false
	}
	return slices.ContainsFunc(c.Agreed.Replies, func(e *Entry) bool {
		return e.Party != off.Party && e.Form.(*Reply).Phase == Accept && !c.fold.hadRead(off, e.Ref)
	})
}

// cancelled reports whether it was called off by somebody who knew that it was
// agreed.
func (c *Contact) cancelled() bool { return c.off && c.Agreed != nil && !c.Crossed() }

// At returns where the contact stands at a time.
func (c *Contact) At(now time.Time) State {
	switch {
	case c.off && (c.cancelled() || c.Other != nil && c.Other.cancelled()):
		return Cancelled
	case c.off:
		return Withdrawn
	case c.met:
		return Met
	case len(c.Held) > 0:
		return Took
	case c.Agreed != nil && now.After(c.Start.Add(c.length())):
		return Past
	case c.Agreed != nil:
		return Agreed
	case len(c.Open) > 0:
	case slices.ContainsFunc(c.Terms, func(t *Terms) bool { _, all, same := c.accepted(t); return all && !same && len(t.children) == 0 }):
		return Differ
	default:
		return Declined
	}
	late := true
	for _, t := range c.Open {
		if now.Before(t.Request.Windows[len(t.Request.Windows)-1].Until()) {
			late = false
		}
	}
	if late {
		return Lapsed
	}
	if slices.ContainsFunc(c.Open, func(t *Terms) bool { return t.Overdue(now) }) {
		return NoAnswer
	}
	return Asked
}

// usualLength is how long a contact is taken to last that says nothing of it.
const usualLength = time.Hour

func (c *Contact) length() time.Duration {
	if c.Agreed == nil || c.Agreed.Request.Minutes == 0 {
		return usualLength
	}
	return time.Duration(c.Agreed.Request.Minutes) * time.Minute
}

// End is when what is agreed is to end.
func (c *Contact) End() time.Time { return c.Start.Add(c.length()) }

// Overdue reports whether the time by which an answer was asked for has passed.
func (t *Terms) Overdue(now time.Time) bool {
	return t.Request.AnswerBy != 0 && now.Unix() > int64(t.Request.AnswerBy)
}

// Late reports whether a reply was written after the time its request named.
func (t *Terms) Late(reply *Entry) bool { return t.Overdue(reply.Time) }

// pair finds requests of two sides that crossed, neither having read the other's
// when it asked: what is agreed of one stands for both.
func pair(f *folding, cs []*Contact) {
	byRef := slices.Clone(cs)
	slices.SortFunc(byRef, func(a, b *Contact) int { return compareRefs(a.Ref(), b.Ref()) })
	others := nextOfAnother(byRef)
	for i, a := range byRef {
		for j := others[i]; j < len(byRef); {
			b := byRef[j]
			if b.First().Party == a.First().Party {
				j = others[j]
				continue
			}
			if j++; a.Other == nil && b.Other == nil && f.crossed(a, b) {
				a.Other, b.Other = b, a
			}
		}
	}
	for _, a := range byRef {
		if b := a.Other; b != nil && compareRefs(a.Ref(), b.Ref()) < 0 {
			a.settleWith(b)
		}
	}
}

// settleWith finds which of two contacts that crossed stands for both; a has the
// smaller reference.
func (a *Contact) settleWith(b *Contact) {
	if (a.off || b.off) && (a.Agreed != nil || b.Agreed != nil) {
		a.off, b.off = true, true
		return
	}
	switch {
	case a.Agreed == nil && b.Agreed == nil, a.off, b.off:
	case b.Agreed == nil, a.Agreed != nil && cmp.Or(a.Start.Compare(b.Start), compareRefs(a.Ref(), b.Ref())) < 0:
		b.met = true
	default:
		a.met = true
	}
}

// nextOfAnother says of each contact which is the next that another party asked for:
// who asks a thousand times is not compared with himself.
func nextOfAnother(cs []*Contact) []int {
	next := make([]int, len(cs))
	for i := len(cs) - 1; i >= 0; i-- {
		switch {
		case i+1 == len(cs):
			next[i] = len(cs)
		case cs[i+1].First().Party != cs[i].First().Party:
			next[i] = i + 1
		default:
			next[i] = next[i+1]
		}
	}
	return next
}

// crossed reports whether two first requests meet, and neither writer had read the
// other's.
func (f *folding) crossed(a, b *Contact) bool {
	return meets(a, b) && !f.hadRead(a.First().Entry, b.Ref()) && !f.hadRead(b.First().Entry, a.Ref())
}

// meets reports whether two first requests are of different parties, for the same
// parties at the same level, with windows that touch.
func meets(a, b *Contact) bool {
	x, y := a.First(), b.First()
	if x.Party == y.Party || x.Exercise != y.Exercise || x.Request.Level != y.Request.Level || !sameParties(a.Parties, b.Parties) {
		return false
	}
	return slices.ContainsFunc(x.Request.Windows, func(v Window) bool {
		return slices.ContainsFunc(y.Request.Windows, func(w Window) bool { return v.Start < w.End && w.Start < v.End })
	})
}

func sameParties(a, b []parley.PartyCode) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(p parley.PartyCode) bool { return !slices.Contains(b, p) })
}

// Initiated returns who asked: one party, or both where their requests crossed.
func (c *Contact) Initiated() []parley.PartyCode {
	if c.Other != nil {
		return []parley.PartyCode{c.First().Party, c.Other.First().Party}
	}
	return []parley.PartyCode{c.First().Party}
}
