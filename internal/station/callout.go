package station

import (
	"context"
	"fmt"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/own"
)

// The call-out list: who is told when an objective passes, one after the other,
// and when each of them was told. It is our side only.

// usualWait is how long one on the list has before the next is told.
const usualWait = 10 * time.Minute

// CallOuts returns the list in its order.
func (s *Station) CallOuts(context.Context) ([]Callout, error) { return s.callouts(false) }

func (s *Station) callouts(gone bool) ([]Callout, error) {
	cs, err := s.own.Callouts(gone)
	if err != nil {
		return nil, err
	}
	out := make([]Callout, 0, len(cs))
	for _, c := range cs {
		out = append(out, Callout{ID: c.ID, Office: c.Office, Name: c.Name, How: c.How, Wait: c.Wait})
	}
	return out, nil
}

// AddCallOut puts somebody at the end of the list. A wait of 0 is the usual one.
func (s *Station) AddCallOut(_ context.Context, by Officer, office parley.Office, name, how string, wait time.Duration) error {
	if err := seatFor(by, "keep the call-out list", parley.Watch, parley.Administrator, parley.Envoy); err != nil {
		return err
	}
	if err := form.CheckLine("the name on the call-out list", name, 100); err != nil {
		return err
	}
	if err := form.CheckLine("how they are reached", how, 200); err != nil {
		return err
	}
	if wait == 0 {
		wait = usualWait
	}
	if wait < time.Minute || wait > 24*time.Hour {
		return parley.Errorf(parley.BadForm, "the time before the next one is told is from a minute to a day")
	}
	if _, err := s.own.AddCallout(own.Callout{Office: office, Name: name, How: how, Wait: wait}); err != nil {
		return err
	}
	s.hub.emit("line", "", "")
	return s.audit(by, "add to call-out list", name, "")
}

// RemoveCallOut takes one off the list.
func (s *Station) RemoveCallOut(_ context.Context, by Officer, id int64) error {
	return s.onCallOut(by, id, "remove from call-out list", s.own.RemoveCallout)
}

// RaiseCallOut moves one a place up.
func (s *Station) RaiseCallOut(_ context.Context, by Officer, id int64) error {
	return s.onCallOut(by, id, "move up call-out list", s.own.RaiseCallout)
}

func (s *Station) onCallOut(by Officer, id int64, act string, do func(int64) error) error {
	if err := seatFor(by, "keep the call-out list", parley.Watch, parley.Administrator, parley.Envoy); err != nil {
		return err
	}
	cs, err := s.own.Callouts(false)
	if err != nil {
		return err
	}
	name := ""
	for _, c := range cs {
		if c.ID == id {
			name = c.Name
		}
	}
	if err := do(id); err != nil {
		return err
	}
	s.hub.emit("line", "", "")
	return s.audit(by, act, name, "")
}

// CalledOut notes that somebody on the call-out list was told of an item just now, or
// could not be reached.
func (s *Station) CalledOut(_ context.Context, by Officer, name, id string, callout int64, reached bool, note string) error {
	if err := person(by, "note who was told"); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	it, err := s.itemOf(l, id, false)
	if err != nil {
		return err
	}
	if note != "" {
		if err := form.CheckLine("the remark", note, 300); err != nil {
			return err
		}
	}
	t, err := s.own.AddTold(own.Told{Callout: callout, Line: l.id, Item: it.ID, Officer: by.ID, Reached: reached, Note: note})
	if err != nil {
		return err
	}
	v, err := s.toldView(t, nil)
	if err != nil {
		return err
	}
	s.hub.emit("item", it.Line, it.ID)
	act := "told"
	if !reached {
		act = "not reached"
	}
	return s.audit(by, act, it.ID, v.Who)
}

func (s *Station) toldView(t own.Told, list []own.Callout) (Told, error) {
	v := Told{ID: t.ID, At: t.At, Reached: t.Reached, Note: t.Note}
	var err error
	if list == nil {
		if list, err = s.own.Callouts(true); err != nil {
			return v, err
		}
	}
	for _, c := range list {
		if c.ID == t.Callout {
			v.Who = c.Name
		}
	}
	v.By, err = s.officerName(t.Officer)
	return v, err
}

// escalates reports whether somebody is to be told of an item: an urgent one of
// theirs, or any of theirs that we have not opened in time, and an urgent one of
// ours that they have not.
func escalates(it *Item) bool {
	return it.Overdue && it.Disregarded == "" && (!it.Ours || it.Precedence >= parley.Immediate)
}

// escalation says who was told of an item whose objective has passed, and who is
// next: the first on the list that was not told yet, once the one before has had
// his time.
func (s *Station) escalation(l *liveLine, it *Item) (Escalation, error) {
	e := Escalation{Line: it.Line, Item: it.ID, Ours: it.Ours, Text: handedText(it), Exercise: it.Exercise, Objective: it.Objective, Due: it.Objective}
	tolds, err := s.own.Tolds(l.id, it.ID)
	if err != nil {
		return e, err
	}
	all, err := s.own.Callouts(true)
	if err != nil {
		return e, err
	}
	told := map[int64]bool{}
	for _, t := range tolds {
		v, err := s.toldView(t, all)
		if err != nil {
			return e, err
		}
		e.Told = append(e.Told, v)
		told[t.Callout] = true
		for _, c := range all {
			if c.ID == t.Callout {
				e.Due = t.At
				if t.Reached { // who could not be reached has no time of his own
					e.Due = t.At.Add(c.Wait)
				}
			}
		}
	}
	list, err := s.callouts(false)
	if err != nil {
		return e, err
	}
	for _, c := range list {
		if !told[c.ID] {
			e.Next = c
			break
		}
	}
	return e, nil
}

// callOut raises an alarm when the next on the list is to be told of an item
// that is still not opened. The first step has the alarm that the objective
// passed.
func (c *clerk) callOut(it *Item) error {
	if !escalates(it) {
		return nil
	}
	e, err := c.s.escalation(c.l, it)
	if err != nil {
		return err
	}
	if len(e.Told) == 0 || e.Next.ID == 0 || c.l.now().Before(e.Due) || c.called[it.ID] == e.Next.ID {
		return nil
	}
	c.called[it.ID] = e.Next.ID
	code, text := "call-out", fmt.Sprintf("%s Nr %04d is still not opened: tell %s", it.PrecedenceText, it.Serial, e.Next.Name)
	if it.Exercise != "" {
		code, text = "exercise", "EXERCISE "+form.Visible(it.Exercise)+": "+text
	}
	c.sound("", code, text, it.ID)
	return nil
}
