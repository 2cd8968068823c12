package call

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"time"

	"parley"
	"parley/internal/form"
)

// RingFor is for how long a call rings before its end is filed as no answer.
const RingFor = 60 * time.Second

// LateSlack is what a clock may be off, that was asked a moment ago, and what a time
// in seconds leaves open.
const LateSlack = 5 * time.Second

// Heard is what a station knows by itself of the age of a ring.
type Heard struct {
	For    time.Duration // since it had the ring first, or since it started
	Before bool          // it had it when it started
}

// Age is how old a ring is, that was written at a time by the reader's clock. Times in
// a log do not go back: where its writer's clock was set back, what he writes lies in
// his future until the clock has caught up, and its age is what the reader knows; of
// what came before he started, more than a ring lasts.
func (h Heard) Age(rang, now time.Time) time.Duration {
	if h.Before && rang.Sub(now) > LateSlack {
		return math.MaxInt64
	}
	return max(now.Sub(rang), h.For)
}

// RungOut reports whether a ring of this age has rung out at who reads it: its writer
// gave it up then, and may not have been able to say so.
func RungOut(age time.Duration) bool { return age > RingFor+LateSlack }

// An Entry is an entry of the record that calls are made of.
type Entry struct {
	Ref      parley.Ref
	Party    parley.PartyCode
	To       []parley.PartyCode
	Refs     []parley.Ref
	Form     form.Form
	Time     time.Time // by its writer's clock
	Exercise string
	Flash    bool // of the highest precedence
}

// A Phase is where a call stands, as the record has it.
type Phase string

// The phases.
const (
	Ringing   Phase = "ringing"
	Running   Phase = "running"
	Declined  Phase = "declined"
	WasBusy   Phase = "busy"
	GivenUp   Phase = "withdrawn"
	NobodyIn  Phase = "no-answer"
	Over      Phase = "ended"
	BrokenOff Phase = "broken-off"
	Met       Phase = "met" // both rang at the same moment: the other ring stands
)

// A Call is one call as the record has it: a ring and all that refers to it, and
// to the rings that it crossed with.
type Call struct {
	Ring     *Entry
	Parties  []parley.PartyCode // who rang, then those rung
	Contact  parley.Ref         // the request of the contact it belongs to; zero: none
	Pickups  map[parley.PartyCode]*Entry
	Hangups  map[parley.PartyCode]*Entry
	Rosters  []*Entry
	Wordings []*Phrase
	Disputes []*Entry
	Tapings  []*Entry // what each station says that it recorded
	Crossed  []*Call  // whose rings this one stands for: their writers were at the line
	Other    *Call    // the call that stands for this one; nil: none does
}

// A Phrase is a wording with what each side says of it.
type Phrase struct {
	*Entry
	Replaced bool                        // a later one takes its place
	Words    map[parley.PartyCode]*Entry // the last word of each party
	of       *Call
}

// Fold makes calls of entries, which may stand in any order, by time and
// reference. It depends on the set of them alone; what does not fit its references
// counts for nothing.
func Fold(entries []Entry) []*Call {
	es := slices.Clone(entries)
	slices.SortFunc(es, func(a, b Entry) int { return compareEntries(&a, &b) })
	var out []*Call
	of := map[parley.Ref]*Call{}
	for i := range es {
		if c := newCall(&es[i]); c != nil {
			out, of[c.Ring.Ref] = append(out, c), c
		}
	}
	phrases := map[parley.Ref]*Phrase{}
	for i := range es {
		e := &es[i]
		if c := of[e.first()]; c != nil && len(e.Refs) > 0 && e.Exercise == c.Ring.Exercise && slices.Contains(c.Parties, e.Party) {
			c.take(e, phrases)
		}
	}
	others := nextOfAnother(out)
	for i, c := range out {
		for j := others[i]; j < len(out) && out[j].Ring.Time.Sub(c.Ring.Time) <= RingFor; {
			o := out[j]
			if o.Ring.Party == c.Ring.Party {
				j = others[j]
				continue
			}
			if j++; c.Other == nil && o.Other == nil && c.crosses(o) {
				c.meet(o)
			}
		}
	}
	for i := range es {
		if p := phrases[es[i].first()]; p != nil && len(es[i].Refs) > 0 && slices.Contains(p.of.Parties, es[i].Party) {
			p.word(&es[i])
		}
	}
	for _, p := range phrases {
		p.replaces(phrases)
	}
	return out
}

// nextOfAnother says of each call which is the next that another party rang: who
// rings a thousand times at one moment is not compared with himself.
func nextOfAnother(cs []*Call) []int {
	next := make([]int, len(cs))
	for i := len(cs) - 1; i >= 0; i-- {
		switch {
		case i+1 == len(cs):
			next[i] = len(cs)
		case cs[i+1].Ring.Party != cs[i].Ring.Party:
			next[i] = i + 1
		default:
			next[i] = next[i+1]
		}
	}
	return next
}

// first is what an entry refers to first; zero: to nothing.
func (e *Entry) first() parley.Ref {
	if len(e.Refs) == 0 {
		return parley.Ref{}
	}
	return e.Refs[0]
}

// newCall is the call that a ring begins; nil for anything else.
func newCall(e *Entry) *Call {
	if _, ok := e.Form.(*Ring); !ok {
		return nil
	}
	c := &Call{Ring: e, Parties: []parley.PartyCode{e.Party}, Contact: e.first(), Pickups: map[parley.PartyCode]*Entry{}, Hangups: map[parley.PartyCode]*Entry{}}
	for _, p := range e.To {
		if !slices.Contains(c.Parties, p) {
			c.Parties = append(c.Parties, p)
		}
	}
	if len(c.Parties) < 2 {
		return nil
	}
	return c
}

// take puts an entry of a party of the call where it belongs. The first answer and
// the first end of a party count.
func (c *Call) take(e *Entry, phrases map[parley.Ref]*Phrase) {
	switch e.Form.(type) {
	case *Pickup:
		if e.Party != c.Ring.Party && c.Pickups[e.Party] == nil {
			c.Pickups[e.Party] = e
		}
	case *Hangup:
		if c.Hangups[e.Party] == nil {
			c.Hangups[e.Party] = e
		}
	case *Roster:
		c.Rosters = append(c.Rosters, e)
	case *Wording:
		p := &Phrase{Entry: e, Words: map[parley.PartyCode]*Entry{}, of: c}
		phrases[e.Ref] = p
		c.Wordings = append(c.Wordings, p)
	case *Dispute:
		c.Disputes = append(c.Disputes, e)
	case *Recording:
		c.Tapings = append(c.Tapings, e)
	}
}

// crosses reports whether o, which rang later, rang at the same moment as c
// (spec/calls.md, 5): among the same parties, of another one, and neither had
// answered, ended or given up before.
func (c *Call) crosses(o *Call) bool {
	by := o.Ring.Party
	if by == c.Ring.Party || o.Ring.Exercise != c.Ring.Exercise || !sameParties(c.Parties, o.Parties) || c.givenUp() || o.givenUp() {
		return false
	}
	if slices.ContainsFunc(c.Crossed, func(x *Call) bool { return x.Ring.Party == by }) {
		return false
	}
	for _, p := range []parley.PartyCode{by, c.Ring.Party} {
		if e := c.Hangups[p]; e != nil && compareEntries(e, o.Ring) < 0 {
			return false
		}
	}
	if e := c.Pickups[by]; e != nil && (e.Form.(*Pickup).Phase != Accept || compareEntries(e, o.Ring) < 0) {
		return false
	}
	e := o.Pickups[c.Ring.Party]
	return e == nil || e.Form.(*Pickup).Phase == Accept
}

// givenUp reports whether who rang has said that it was not answered.
func (c *Call) givenUp() bool {
	e := c.Hangups[c.Ring.Party]
	return e != nil && (e.Form.(*Hangup).Outcome == Withdrawn || e.Form.(*Hangup).Outcome == NoAnswer)
}

func sameParties(a, b []parley.PartyCode) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(p parley.PartyCode) bool { return !slices.Contains(b, p) })
}

// meet lets c stand for o: all that refers to o is of c.
func (c *Call) meet(o *Call) {
	o.Other, c.Crossed = c, append(c.Crossed, o)
	for p, e := range o.Pickups {
		if old := c.Pickups[p]; p != c.Ring.Party && (old == nil || compareEntries(e, old) < 0) {
			c.Pickups[p] = e
		}
	}
	for p, e := range o.Hangups {
		if old := c.Hangups[p]; old == nil || compareEntries(e, old) < 0 {
			c.Hangups[p] = e
		}
	}
	c.Rosters = merged(c.Rosters, o.Rosters)
	c.Disputes = merged(c.Disputes, o.Disputes)
	c.Tapings = merged(c.Tapings, o.Tapings)
	for _, p := range o.Wordings {
		p.of = c
	}
	c.Wordings = append(c.Wordings, o.Wordings...)
	slices.SortFunc(c.Wordings, func(a, b *Phrase) int { return compareEntries(a.Entry, b.Entry) })
	o.Rosters, o.Wordings, o.Disputes, o.Tapings = nil, nil, nil, nil
}

func merged(a, b []*Entry) []*Entry {
	out := append(a, b...)
	slices.SortFunc(out, compareEntries)
	return out
}

// word keeps the last word of a party: who wrote it can only take it back.
func (p *Phrase) word(e *Entry) {
	f, ok := e.Form.(*Confirm)
	if !ok || (e.Party == p.Party) != (f.Phase == TakenBack) || e.Exercise != p.Exercise {
		return
	}
	if o := p.Words[e.Party]; o == nil || compareEntries(o, e) < 0 {
		p.Words[e.Party] = e
	}
}

// replaces lets a wording take the place of the one of the same call that it
// refers to: at once where its writer wrote that too, and where another did when
// every party confirmed it.
func (p *Phrase) replaces(phrases map[parley.Ref]*Phrase) {
	if len(p.Refs) < 2 || p.Refs[1] == p.Ref {
		return
	}
	if old := phrases[p.Refs[1]]; old != nil && old.of == p.of && (old.Party == p.Party || p.confirmed()) {
		old.Replaced = true
	}
}

// confirmed reports whether every other party confirmed it, and its writer did not
// take it back.
func (p *Phrase) confirmed() bool {
	return !slices.ContainsFunc(p.of.Parties, func(party parley.PartyCode) bool {
		e := p.Words[party]
		if party == p.Party {
			return e != nil
		}
		return e == nil || e.Form.(*Confirm).Phase != Confirmed
	})
}

// Stands reports whether every party of the call confirmed the wording, which its
// writer has not taken back, and whose place no other has taken.
func (c *Call) Stands(p *Phrase) bool { return !p.Replaced && p.confirmed() }

// rang reports whether a party rang: this call, or one that it stands for.
func (c *Call) rang(p parley.PartyCode) bool {
	return p == c.Ring.Party || slices.ContainsFunc(c.Crossed, func(o *Call) bool { return o.Ring.Party == p })
}

// Members are the parties that are on the call now.
func (c *Call) Members() (out []parley.PartyCode) {
	for _, p := range c.Parties {
		on := c.rang(p)
		if e := c.Pickups[p]; e != nil {
			on = on || e.Form.(*Pickup).Phase == Accept
		}
		if on && c.Hangups[p] == nil {
			out = append(out, p)
		}
	}
	return out
}

// Accepted reports whether somebody lifted, or rang at the same moment, and when
// the first did by his clock: whoever rang did at that time, and not by an answer.
func (c *Call) Accepted() (at time.Time, ok bool) {
	first := func(t time.Time) {
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	for p, e := range c.Pickups {
		if e.Form.(*Pickup).Phase == Accept && !c.rang(p) {
			first(e.Time)
		}
	}
	for _, o := range c.Crossed {
		first(o.Ring.Time)
	}
	return at, ok
}

// Phase returns where the call stands.
func (c *Call) Phase() Phase {
	_, lifted := c.Accepted()
	switch {
	case c.Other != nil:
		return Met
	case lifted && len(c.Members()) >= 2:
		return Running
	case c.givenUp(): // also where an answer crossed
		if c.Hangups[c.Ring.Party].Form.(*Hangup).Outcome == NoAnswer {
			return NobodyIn
		}
		return GivenUp
	case lifted:
		for _, e := range c.Hangups {
			if e.Form.(*Hangup).Outcome == Broken {
				return BrokenOff
			}
		}
		return Over
	case c.Hangups[c.Ring.Party] != nil:
		return GivenUp
	case len(c.Pickups) < len(c.Parties)-1:
		return Ringing
	}
	for _, e := range c.Pickups {
		if e.Form.(*Pickup).Phase == Decline {
			return Declined
		}
	}
	return WasBusy
}

func compareEntries(a, b *Entry) int {
	return cmp.Or(a.Time.Compare(b.Time), compareRefs(a.Ref, b.Ref))
}

func compareRefs(a, b parley.Ref) int {
	return cmp.Or(bytes.Compare(a.Gen[:], b.Gen[:]), cmp.Compare(a.Index, b.Index))
}

// Roster returns the first roster of a party and phase; nil where there is none.
func (c *Call) Roster(p parley.PartyCode, phase uint64) *Roster {
	for _, e := range c.Rosters {
		if r := e.Form.(*Roster); e.Party == p && r.Phase == phase {
			return r
		}
	}
	return nil
}

// Joined reports whether a party rang, or lifted.
func (c *Call) Joined(p parley.PartyCode) bool {
	e := c.Pickups[p]
	return c.rang(p) || e != nil && e.Form.(*Pickup).Phase == Accept
}
