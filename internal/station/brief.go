package station

import (
	"context"
	"slices"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/store"
)

// Brief is what an incoming office-holder is told of a line, on one printout.
// It is our side only.
type Brief struct {
	At        time.Time   `json:"at"`
	Directory Directory   `json:"directory"`
	Charter   CharterView `json:"charter"`
	Modes     []Mode      `json:"modes"`   // exercises and drills on or asked for
	Theirs    []Item      `json:"theirs"`  // questions and requests of theirs that our side has not answered, oldest first
	Ours      []Item      `json:"ours"`    // those of ours that they have not answered
	Overdue   []Item      `json:"overdue"` // not opened within the objective, or not delivered yet; either way
	Last      Contacts    `json:"last"`
	Looked    int         `json:"looked"` // entries looked at for open items, newest first
	Whole     bool        `json:"whole"`  // they are all there are
}

// Contacts is when each side last spoke; zero for never.
type Contacts struct {
	Sent        *Item     `json:"sent,omitempty"`     // our last dispatch
	Received    *Item     `json:"received,omitempty"` // theirs
	OurCall     time.Time `json:"our_call"`           // our last check call
	TheyAnswer  time.Time `json:"they_answered"`      // the last of ours that they answered
	TheirCall   time.Time `json:"their_call"`
	WeAnswer    time.Time `json:"we_answered"`
	Test        time.Time `json:"test"` // last line test they answered
	TheirPeople time.Time `json:"their_people"`
	OurPeople   time.Time `json:"our_people"`
}

const (
	briefRows  = 2_000
	briefShown = 100
)

// Brief gathers a transition brief, and writes in the audit that it was made.
func (s *Station) Brief(ctx context.Context, by Officer, name string) (Brief, error) {
	if err := person(by, "make a transition brief"); err != nil {
		return Brief{}, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return Brief{}, err
	}
	b := Brief{At: s.now().UTC()}
	if b.Directory, err = s.Directory(ctx, name); err != nil {
		return b, err
	}
	if b.Charter, err = s.Charter(ctx, name); err != nil {
		return b, err
	}
	if b.Modes, err = l.modes(true); err != nil {
		return b, err
	}
	b.Modes = slices.DeleteFunc(b.Modes, func(m Mode) bool { return !m.On() && m.State != "waiting" })
	if err := s.briefItems(l, &b); err != nil {
		return b, err
	}
	calls, err := l.checkCalls()
	if err != nil {
		return b, err
	}
	b.Last.calls(calls, l.us)
	l.mu.Lock()
	b.Last.Test, b.Last.OurPeople, b.Last.TheirPeople = l.tests.last, l.human, l.theirHuman
	l.mu.Unlock()
	for _, side := range b.Directory.Sides { // the record remembers more than this run of the station
		for _, o := range side.Offices {
			last := &b.Last.TheirPeople
			if side.Party.Us {
				last = &b.Last.OurPeople
			}
			if o.Heard.After(*last) {
				*last = o.Heard
			}
		}
	}
	return b, s.audit(by, "transition brief", l.id.String(), "")
}

// calls takes the newest check calls of either side, and the newest answered.
func (c *Contacts) calls(calls officeCalls, us parley.PartyCode) {
	for _, k := range calls {
		asked, answered := &c.TheirCall, &c.WeAnswer
		if k.by == us {
			asked, answered = &c.OurCall, &c.TheyAnswer
		}
		if k.at.After(*asked) {
			*asked = k.at
		}
		if k.answered.After(*answered) {
			*answered = k.answered
		}
	}
}

// briefItems looks through the newest traffic for what is open. What is an
// exercise, or to be disregarded, is not.
func (s *Station) briefItems(l *liveLine, b *Brief) error {
	filed, err := l.store.FiledItems(briefShown)
	if err != nil {
		return err
	}
	for _, r := range filed {
		if isTraffic(r.Form) {
			if err := s.briefItem(l, b, r); err != nil {
				return err
			}
		}
	}
	f := store.Filter{Forms: []string{"dispatch", "service"}, Order: store.ByArrival, Newest: true, Limit: 500}
	for b.Looked < briefRows {
		rows, _, err := l.store.Rows(f)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := s.briefItem(l, b, r); err != nil {
				return err
			}
		}
		b.Looked += len(rows)
		if len(rows) < f.Limit {
			b.Whole = true
			break
		}
		f.Cursor = rows[len(rows)-1].Ref()
	}
	for _, list := range []*[]Item{&b.Theirs, &b.Ours, &b.Overdue} {
		slices.Reverse(*list)
	}
	return nil
}

func (s *Station) briefItem(l *liveLine, b *Brief, r store.Row) error {
	v, err := l.view(r)
	if err != nil || v.header == nil || v.header.Exercise != "" {
		return err
	}
	asks := v.header.Marker == parley.Question || v.header.Marker == parley.Request
	_, dispatch := v.form.(*form.Dispatch)
	last := &b.Last.Received
	if r.Party == l.us || r.Waiting() {
		last = &b.Last.Sent
	}
	newest := dispatch && *last == nil && !r.Waiting()
	if !asks && !newest && b.At.Sub(time.UnixMilli(r.Arrived)) > boardBack {
		return nil
	}
	it, err := l.item(r)
	if err != nil {
		return err
	}
	it.Text = "" // a brief names what is open; reading it is another act
	if newest {
		*last = &it
	}
	if it.Disregarded != "" {
		return nil
	}
	add := func(list *[]Item) {
		if len(*list) < briefShown {
			*list = append(*list, it)
		}
	}
	if asks && !reachedRung(&it, parley.Answered) {
		if it.Ours {
			add(&b.Ours)
		} else {
			add(&b.Theirs)
		}
	}
	if it.Overdue || it.NotDelivered {
		add(&b.Overdue)
	}
	return nil
}

func reachedRung(it *Item, r parley.Rung) bool {
	return slices.ContainsFunc(it.Ladder, func(s Step) bool { return s.Rung == r && !s.At.IsZero() })
}
