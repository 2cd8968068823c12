package contact

import (
	"cmp"
	"slices"
	"time"

	"parley"
)

// A Held is a row of the register with what the others say of it.
type Held struct {
	*Entry
	Number    int // of the row in its entry, from 1
	Row       *Row
	Day       time.Time
	Contact   *Contact // nil: it was arranged elsewhere
	Confirmed []parley.PartyCode
	Disputed  []*Entry // one of each party that does
	TakenBack bool
}

// rows reads the register, by date, reference and number.
func (f *folding) rows(cs []*Contact) (out []*Held) {
	of := map[parley.Ref]*Contact{}
	for _, c := range cs {
		for _, t := range c.Terms {
			of[t.Ref] = c
		}
	}
	acts := map[parley.Ref][]*Entry{}
	for _, e := range f.register {
		if x := f.target(e, 0); x != nil && e.Form.(*Register).Phase != Enter {
			acts[x.Ref] = append(acts[x.Ref], e)
		}
	}
	for _, e := range f.register {
		g := e.Form.(*Register)
		for i := range g.Rows {
			day, err := ParseDate(g.Rows[i].Date)
			if err != nil || g.Phase != Enter {
				continue
			}
			h := &Held{Entry: e, Number: i + 1, Row: &g.Rows[i], Day: day}
			if len(e.Refs) > 0 {
				h.Contact = of[e.Refs[0]]
			}
			h.judge(acts[e.Ref])
			if h.Contact != nil && !h.TakenBack {
				h.Contact.Held = append(h.Contact.Held, h)
			}
			out = append(out, h)
		}
	}
	slices.SortFunc(out, compareRows)
	return out
}

func compareRows(a, b *Held) int {
	return cmp.Or(a.Day.Compare(b.Day), compareRefs(a.Ref, b.Ref), cmp.Compare(a.Number, b.Number))
}

// judge takes the last word of each party on a row.
func (h *Held) judge(acts []*Entry) {
	last := map[parley.PartyCode]*Entry{}
	var order []parley.PartyCode
	for _, e := range acts {
		g := e.Form.(*Register)
		if len(g.Which) > 0 && !slices.Contains(g.Which, uint64(h.Number)) {
			continue
		}
		if (g.Phase == TakeBack) != (e.Party == h.Party) {
			continue
		}
		if last[e.Party] == nil {
			order = append(order, e.Party)
		}
		if last[e.Party] == nil || last[e.Party].before(e) {
			last[e.Party] = e
		}
	}
	slices.Sort(order)
	for _, p := range order {
		switch e := last[p]; e.Form.(*Register).Phase {
		case Confirm:
			h.Confirmed = append(h.Confirmed, p)
		case Dispute:
			h.Disputed = append(h.Disputed, e)
		case TakeBack:
			h.TakenBack = true
		}
	}
}

// A Term is a time in which one person held an office.
type Term struct {
	Party  parley.PartyCode
	Office parley.Office
	Person string
	From   time.Time
	Until  time.Time // zero: still, or until the next one's From
}

// Holder returns the term of an office at a time; ok is false where none is known.
func Holder(terms []Term, p parley.PartyCode, o parley.Office, at time.Time) (t Term, ok bool) {
	for _, x := range terms {
		if x.Party != p || x.Office != o || at.Before(x.From) || !x.Until.IsZero() && !at.Before(x.Until) {
			continue
		}
		if !ok || !x.From.Before(t.From) {
			t, ok = x, true
		}
	}
	return t, ok
}

// A Count is how many contacts of each medium took place.
type Count struct {
	Voice, Video, InPerson int
	Minutes                int
}

// Calls are those by voice and by video.
func (c Count) Calls() int { return c.Voice + c.Video }

// A Summary is the contacts of a level as they stood at the end of a day.
type Summary struct {
	AsOf        time.Time
	Level       Level
	Total       Count
	LastCall    *Held // by voice or video; nil: none
	LastMeeting *Held
	Gap         time.Duration // the longest time between two contacts that followed each other
	Topics      []TopicCount
	Next        *Held     // the row whose promised next contact is the earliest that none has kept
	NextBy      time.Time // its date
}

// TopicCount is in how many contacts a topic came up.
type TopicCount struct {
	Topic string
	Times int
}

// Counted returns the rows of a level on and between two days, once each and in
// order, without those taken back. What both sides entered of one contact counts
// once; what is disputed counts, and is shown as disputed. A zero day is no bound.
func (b *Book) Counted(l Level, from, until time.Time) (out []*Held) {
	seen := map[rowKey]bool{}
	for _, h := range b.Rows {
		if h.TakenBack || h.Row.Level != l || h.Exercise != "" || !from.IsZero() && h.Day.Before(from) || !until.IsZero() && h.Day.After(until) {
			continue
		}
		k := rowKey{h.Row.Date, h.Row.Medium}
		if h.Contact == nil && seen[k] {
			continue
		}
		seen[k] = true
		out = append(out, h)
	}
	return out
}

type rowKey struct {
	date   string
	medium Medium
}

// Add counts one row.
func (c *Count) Add(r *Row) {
	switch r.Medium {
	case Voice:
		c.Voice++
	case Video:
		c.Video++
	case InPerson:
		c.InPerson++
	}
	c.Minutes += int(r.Minutes)
}

// Summarise says how contacts of a level stood at the end of a day, counted from
// a day on; zero is from the beginning.
func (b *Book) Summarise(l Level, from, asOf time.Time) Summary {
	s := Summary{AsOf: asOf, Level: l}
	times := map[string]int{}
	var last *Held
	rows := b.Counted(l, from, asOf)
	for _, h := range rows {
		s.Total.Add(h.Row)
		if h.Row.Medium == InPerson {
			s.LastMeeting = h
		} else {
			s.LastCall = h
		}
		if last != nil {
			s.Gap = max(s.Gap, h.Day.Sub(last.Day))
		}
		last = h
		for _, t := range h.Row.Topics {
			times[t]++
		}
	}
	for t, n := range times {
		s.Topics = append(s.Topics, TopicCount{t, n})
	}
	slices.SortFunc(s.Topics, func(a, b TopicCount) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Topic, b.Topic))
	})
	for i, h := range rows {
		by, err := ParseDate(h.Row.Next)
		if err != nil || i+1 < len(rows) && !rows[len(rows)-1].Day.Equal(h.Day) {
			continue // nothing was promised, or a contact has followed
		}
		if s.Next == nil || by.Before(s.NextBy) {
			s.Next, s.NextBy = h, by
		}
	}
	return s
}
