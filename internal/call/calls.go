package call

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"parley"
	"parley/internal/form"
)

// RingFor is for how long a call rings before its end is filed as no answer.
const RingFor = 60 * time.Second

// An Entry is an entry of the record that calls are made of.
type Entry struct {
	Ref      parley.Ref
	Party    parley.PartyCode
	To       []parley.PartyCode
	Refs     []parley.Ref
	Form     form.Form
	Time     time.Time // by its writer's clock
	Exercise string
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
)

// A Call is one call as the record has it: a ring and all that refers to it.
type Call struct {
	Ring     *Entry
	Parties  []parley.PartyCode // who rang, then those rung
	Contact  parley.Ref         // the request of the contact it belongs to; zero: none
	Pickups  map[parley.PartyCode]*Entry
	Hangups  map[parley.PartyCode]*Entry
	Rosters  []*Entry
	Wordings []*Phrase
	Disputes []*Entry
}

// A Phrase is a wording with what each side says of it.
type Phrase struct {
	*Entry
	Replaced bool                        // a later one takes its place
	Words    map[parley.PartyCode]*Entry // the last word of each party
}

// Fold makes calls of entries, which may stand in any order, by time and
// reference. It depends on the set of them alone; what does not fit its references
// counts for nothing.
func Fold(entries []Entry) []*Call {
	es := slices.Clone(entries)
	slices.SortFunc(es, func(a, b Entry) int { return cmp.Or(a.Time.Compare(b.Time), compareRefs(a.Ref, b.Ref)) })
	var out []*Call
	of := map[parley.Ref]*Call{}
	for i := range es {
		e := &es[i]
		if _, ok := e.Form.(*Ring); !ok || len(e.To) == 0 {
			continue
		}
		c := &Call{Ring: e, Parties: append([]parley.PartyCode{e.Party}, e.To...), Pickups: map[parley.PartyCode]*Entry{}, Hangups: map[parley.PartyCode]*Entry{}}
		if len(e.Refs) > 0 {
			c.Contact = e.Refs[0]
		}
		out, of[e.Ref] = append(out, c), c
	}
	phrases := map[parley.Ref]*Phrase{}
	for i := range es {
		e := &es[i]
		c := (*Call)(nil)
		if len(e.Refs) > 0 {
			c = of[e.Refs[0]]
		}
		if c != nil && e.Exercise == c.Ring.Exercise && slices.Contains(c.Parties, e.Party) {
			c.take(e, phrases)
		}
	}
	for i := range es {
		e := &es[i]
		switch e.Form.(type) {
		case *Wording:
			if p := phrases[e.Ref]; p != nil && len(e.Refs) > 1 && phrases[e.Refs[1]] != nil {
				phrases[e.Refs[1]].Replaced = true
			}
		case *Confirm:
			if p := phrases[e.Refs[0]]; p != nil {
				p.word(e)
			}
		}
	}
	return out
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
		p := &Phrase{Entry: e, Words: map[parley.PartyCode]*Entry{}}
		phrases[e.Ref] = p
		c.Wordings = append(c.Wordings, p)
	case *Dispute:
		c.Disputes = append(c.Disputes, e)
	}
}

// word keeps the last word of a party: who wrote it can only take it back.
func (p *Phrase) word(e *Entry) {
	own := e.Party == p.Party
	if own != (e.Form.(*Confirm).Phase == TakenBack) || e.Exercise != p.Exercise {
		return
	}
	if o := p.Words[e.Party]; o == nil || o.Time.Before(e.Time) || o.Time.Equal(e.Time) && compareRefs(o.Ref, e.Ref) < 0 {
		p.Words[e.Party] = e
	}
}

// Stands reports whether every party of the call confirmed the wording, which its
// writer has not taken back or written otherwise.
func (c *Call) Stands(p *Phrase) bool {
	if p.Replaced || p.Words[p.Party] != nil {
		return false
	}
	for _, party := range c.Parties {
		if party == p.Party {
			continue
		}
		if e := p.Words[party]; e == nil || e.Form.(*Confirm).Phase != Confirmed {
			return false
		}
	}
	return true
}

// Members are the parties that are on the call now.
func (c *Call) Members() (out []parley.PartyCode) {
	for _, p := range c.Parties {
		on := p == c.Ring.Party
		if e := c.Pickups[p]; e != nil {
			on = e.Form.(*Pickup).Phase == Accept
		}
		if on && c.Hangups[p] == nil {
			out = append(out, p)
		}
	}
	return out
}

// Accepted reports whether somebody lifted, and when the first did by his clock.
func (c *Call) Accepted() (at time.Time, ok bool) {
	for _, e := range c.Pickups {
		if e.Form.(*Pickup).Phase == Accept && (!ok || e.Time.Before(at)) {
			at, ok = e.Time, true
		}
	}
	return at, ok
}

// Phase returns where the call stands.
func (c *Call) Phase() Phase {
	_, lifted := c.Accepted()
	switch {
	case lifted && len(c.Members()) >= 2:
		return Running
	case lifted:
		for _, e := range c.Hangups {
			if e.Form.(*Hangup).Outcome == Broken {
				return BrokenOff
			}
		}
		return Over
	}
	if e := c.Hangups[c.Ring.Party]; e != nil {
		if e.Form.(*Hangup).Outcome == NoAnswer {
			return NobodyIn
		}
		return GivenUp
	}
	if len(c.Pickups) < len(c.Parties)-1 {
		return Ringing
	}
	for _, e := range c.Pickups {
		if e.Form.(*Pickup).Phase == Decline {
			return Declined
		}
	}
	return WasBusy
}

func compareRefs(a, b parley.Ref) int {
	return cmp.Or(bytes.Compare(a.Gen[:], b.Gen[:]), cmp.Compare(a.Index, b.Index))
}
