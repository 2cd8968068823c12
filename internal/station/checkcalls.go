package station

import (
	"cmp"
	"context"
	"slices"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/store"
)

// nextCheckCall returns the first check call of a charter after t, in UTC; ok is
// false when it has none.
func nextCheckCall(c *charter.Charter, t time.Time) (next time.Time, ok bool) {
	t = t.UTC()
	for _, k := range c.CheckCalls {
		for day := range 8 {
			at := time.Date(t.Year(), t.Month(), t.Day()+day, int(k.Hour), int(k.Minute), 0, 0, time.UTC)
			bit := (int(at.Weekday()) + 6) % 7 // bit 0 is Monday
			if k.Days>>bit&1 == 0 || !at.After(t) {
				continue
			}
			if !ok || at.Before(next) {
				next, ok = at, true
			}
			break
		}
	}
	return next, ok
}

// ruled is a charter and since when it rules the line.
type ruled struct {
	since   time.Time
	charter *charter.Charter
}

// ruledBy are the charters that rule or ruled the line, oldest first. One rules
// from the last assent to it: as its writer says, but not later than that came
// here. Ours is among them, so that nobody else moves it into our past.
func (l *liveLine) ruledBy() (out []ruled, _ error) {
	for _, d := range l.runner.Status().Documents {
		if d.Kind != form.ToCharter || !d.InForce {
			continue
		}
		c, err := charter.Parse(d.Raw)
		if err != nil {
			return nil, err
		}
		r := ruled{charter: &c}
		if d.By == nil { // the line was founded on it
			r.since = l.began()
		}
		for _, ref := range d.By {
			row, err := l.store.Item(ref.Gen, ref.Index)
			if parley.KindOf(err) == parley.NotFound && err != nil {
				continue // not here again yet, after a loss
			}
			if err != nil {
				return nil, err
			}
			at := claimed(row.Time)
			if came := time.UnixMilli(row.Arrived).UTC(); came.Before(at) {
				at = came
			}
			if at.After(r.since) {
				r.since = at
			}
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b ruled) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.charter.Version, b.charter.Version))
	})
	return out, nil
}

// nextRuled is the first check call after t by the charters as they followed one
// another: each asks for those of its own time and of no other.
func nextRuled(rs []ruled, t time.Time) (next time.Time, ok bool) {
	for i, r := range rs {
		last := i == len(rs)-1
		if !last && !t.Before(rs[i+1].since) {
			continue
		}
		from := t
		if i > 0 && from.Before(r.since) {
			from = r.since.Add(-1)
		}
		if next, ok = nextCheckCall(r.charter, from); ok && (last || next.Before(rs[i+1].since)) {
			return next, true
		}
	}
	return time.Time{}, false
}

// A check call counts for its time when it is made from checkEarly before to
// checkLate after it.
const (
	checkEarly = 10 * time.Minute
	checkLate  = 30 * time.Minute
	checkRows  = 500 // of the record that are looked at
)

// madeCall is a check call in the record.
type madeCall struct {
	ref      parley.Ref
	item     string
	by       parley.PartyCode
	at       time.Time // header time, or when it came
	answered time.Time // by somebody of another party; zero: not
}

// madeCalls reads the newest check calls of a line and their answers.
func (l *liveLine) madeCalls(limit int) ([]madeCall, error) {
	rows, _, err := l.store.Rows(store.Filter{Forms: []string{"checkcall"}, Order: store.ByArrival, Newest: true, Limit: limit})
	if err != nil {
		return nil, err
	}
	filed, err := l.store.FiledItems(boardRows)
	if err != nil {
		return nil, err
	}
	for _, r := range filed {
		if r.Form == "checkcall" {
			rows = append(rows, r)
		}
	}
	var calls []madeCall
	answers := map[parley.Ref]time.Time{}
	for _, r := range rows {
		v, err := l.view(r)
		if err != nil {
			return nil, err
		}
		f, ok := v.form.(*form.CheckCall)
		if !ok || v.header == nil || v.header.Exercise != "" {
			continue
		}
		at := time.UnixMilli(r.Arrived).UTC()
		if r.Party == l.us || r.Waiting() {
			if r.Time > 0 {
				at = claimed(r.Time)
			}
		}
		switch {
		case f.Phase == form.Call:
			c := madeCall{item: itemID(&r), by: r.Party, at: at}
			if r.Waiting() {
				c.by = l.us
			} else {
				c.ref = r.Ref()
			}
			calls = append(calls, c)
		case len(v.header.Refs) == 1:
			if old, ok := answers[v.header.Refs[0]]; !ok || at.Before(old) {
				answers[v.header.Refs[0]] = at
			}
		}
	}
	for i := range calls {
		if calls[i].ref != (parley.Ref{}) {
			calls[i].answered = answers[calls[i].ref]
		}
	}
	return calls, nil
}

// slot says what became of the check call of a time.
func slot(at, now time.Time, calls []madeCall) CheckSlot {
	s := CheckSlot{At: at, State: "not-made"}
	for _, c := range calls {
		if c.at.Before(at.Add(-checkEarly)) || c.at.After(at.Add(checkLate)) {
			continue
		}
		if s.State == "answered" && (c.answered.IsZero() || !c.answered.Before(s.Answered)) {
			continue
		}
		s.Called, s.Item, s.State = string(c.by), c.item, "unanswered"
		if !c.answered.IsZero() {
			s.State, s.Answered = "answered", c.answered
		}
	}
	switch {
	case s.State == "answered":
	case now.Before(at.Add(-checkEarly)):
		s.State = "ahead"
	case now.Before(at.Add(checkLate)):
		s.State = "due"
	}
	return s
}

// CheckCalls returns the calendar of the check calls that the charter asks for,
// each by the charter that ruled at its time: of so many days back, and the next
// one ahead. Of each miss it says
// how our own lamp stood: what of it was ours, and what was silence.
func (s *Station) CheckCalls(_ context.Context, name string, days int) (CheckCalls, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return CheckCalls{}, err
	}
	now, out := l.now(), CheckCalls{}
	rs, err := l.ruledBy()
	if err != nil || !slices.ContainsFunc(rs, func(r ruled) bool { return len(r.charter.CheckCalls) > 0 }) {
		return out, err
	}
	calls, err := l.madeCalls(checkRows)
	if err != nil {
		return out, err
	}
	downs, err := s.outages(l)
	if err != nil {
		return out, err
	}
	from := now.Add(-time.Duration(days) * 24 * time.Hour)
	if began := l.began(); began.After(from) {
		from = began
	}
	run := 0
	for at, ok := nextRuled(rs, from); ok; at, ok = nextRuled(rs, at) {
		x := slot(at, now, calls)
		switch x.State {
		case "answered":
			run++
			out.Best, out.Missed = max(out.Best, run), 0
		case "unanswered", "not-made":
			run = 0
			out.Missed++
			x.Line = lampThen(downs, at, s.started)
		}
		out.Slots = append(out.Slots, x)
		if x.State == "ahead" {
			break
		}
	}
	out.Streak = run
	return out, nil
}

// turn is a moment at which a lamp went down or came up.
type turn struct {
	at time.Time
	up bool
}

// outages returns when the lamp of a line turned, oldest first, as its alarms
// say.
func (s *Station) outages(l *liveLine) (out []turn, _ error) {
	as, err := s.own.Alarms(true, 1000)
	if err != nil {
		return nil, err
	}
	for _, a := range slices.Backward(as) {
		if a.Line == l.id && (a.Code == "line-down" || a.Code == "line-up") {
			out = append(out, turn{a.Last, a.Code == "line-up"})
		}
	}
	return out, nil
}

// lampThen is how a lamp stood: as the last turn before says; unknown before
// the first that is known of, unless this station has run since without one.
func lampThen(turns []turn, at, started time.Time) LampState {
	state := LampUnknown
	if at.After(started) {
		state = LampUp
	}
	for _, t := range turns {
		if t.at.After(at) {
			break
		}
		if state = LampDown; t.up {
			state = LampUp
		}
	}
	return state
}

// checkCallDue returns the check call that is to be made now and was not, if
// any.
func (l *liveLine) checkCallDue(now time.Time) (CheckSlot, bool, error) {
	if len(l.charter().CheckCalls) == 0 {
		return CheckSlot{}, false, nil
	}
	rs, err := l.ruledBy()
	if err != nil {
		return CheckSlot{}, false, err
	}
	at, ok := nextRuled(rs, now.Add(-checkLate))
	if !ok || at.After(now.Add(checkEarly)) {
		return CheckSlot{}, false, nil
	}
	calls, err := l.madeCalls(50)
	if err != nil {
		return CheckSlot{}, false, err
	}
	x := slot(at, now, calls)
	return x, x.State == "due" && x.Called == "", nil
}

// began is when the first log of our side on a line was made: nothing was asked
// for before.
func (l *liveLine) began() (first time.Time) {
	for _, g := range l.runner.Status().Logs {
		if g.Party == l.us && (first.IsZero() || g.Created.Before(first)) {
			first = g.Created
		}
	}
	return first
}
