package contact

import (
	"fmt"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"parley"
	"parley/internal/form"
)

// An Event is what a calendar is told of a contact that was ever agreed: the
// same UID through every change, a sequence that grows with each.
type Event struct {
	UID       string
	Sequence  int
	Stamp     time.Time // of the latest act, so that a file is the same whoever makes it
	Start     time.Time
	End       time.Time
	Cancelled bool
	Summary   string
	Text      string
	Place     string
	Organizer parley.PartyCode // who asked
	Others    []parley.PartyCode
}

// Event returns the calendar event of a contact; ok is false where nothing was
// ever agreed.
func (c *Contact) Event(line string, now time.Time) (ev Event, ok bool) {
	if c.Agreed == nil {
		return ev, false
	}
	r := c.Agreed.Request
	ev = Event{
		UID:      fmt.Sprintf("%s-%d@%s.parley.invalid", c.Ref().Gen, c.Ref().Index, line),
		Sequence: c.Acts(), Stamp: c.latest(), Start: c.Start, End: c.End(),
		Place: r.Place, Organizer: c.First().Party, Others: slices.Clone(c.Parties[1:]),
	}
	switch c.At(now) {
	case Withdrawn, Cancelled, Met:
		ev.Cancelled = true
	}
	drill := ""
	if c.First().Exercise != "" {
		drill = "EXERCISE: "
	}
	ev.Summary = fmt.Sprintf("%s%s, %s level: %s", drill, map[Medium]string{Voice: "Call", Video: "Video call", InPerson: "Meeting"}[r.Medium], r.Level, strings.Join(r.Topics, "; "))
	ev.Text = strings.Join(c.described(r), "\n")
	return ev, true
}

func (c *Contact) described(r *Request) []string {
	out := []string{"Between " + parties(c.Parties) + ", asked for by " + parties(c.Initiated()) + "."}
	for _, t := range r.Topics {
		out = append(out, "Topic: "+t)
	}
	if r.Interpreting != NotInterpreted {
		out = append(out, "Interpreting: "+r.Interpreting.String()+" "+r.Brings)
	}
	return append(out, "Recording: "+r.Recording.String())
}

func parties(ps []parley.PartyCode) string {
	var out []string
	for _, p := range ps {
		out = append(out, string(p))
	}
	return strings.Join(out, " and ")
}

func (c *Contact) latest() time.Time {
	at := c.First().Time
	later := func(es []*Entry) {
		for _, e := range es {
			if e.Time.After(at) {
				at = e.Time
			}
		}
	}
	for _, t := range c.Terms {
		later([]*Entry{t.Entry})
		later(t.Replies)
	}
	later(c.CallOffs)
	return at
}

// WriteCalendar returns events as iCalendar (RFC 5545). A feed has no method; an
// invitation, an update or a cancellation is of one event (RFC 5546). Times are
// in UTC, so that no change of clocks moves them; texts from the other side show
// their invisible characters.
func WriteCalendar(events []Event, feed bool) string {
	cal := ics.NewCalendarFor("Parley")
	if !feed && len(events) > 0 {
		cal.SetMethod(ics.MethodRequest)
		if events[0].Cancelled {
			cal.SetMethod(ics.MethodCancel)
		}
	}
	for _, e := range events {
		v := cal.AddEvent(e.UID)
		v.SetDtStampTime(e.Stamp)
		v.SetSequence(e.Sequence)
		v.SetStartAt(e.Start)
		v.SetEndAt(e.End)
		v.SetStatus(ics.ObjectStatusConfirmed)
		if e.Cancelled {
			v.SetStatus(ics.ObjectStatusCancelled)
		}
		v.SetSummary(calm(e.Summary))
		v.SetDescription(calm(e.Text))
		if e.Place != "" {
			v.SetLocation(calm(e.Place))
		}
		v.SetOrganizer(address(e.Organizer), ics.WithCN(string(e.Organizer)))
		for _, p := range e.Others {
			v.AddAttendee(address(p), ics.WithCN(string(p)))
		}
	}
	return cal.Serialize(ics.WithNewLineWindows)
}

// calm is plain without backslashes: there are readers of calendars that take
// an escaped one for the begin of an escape.
func calm(s string) string { return strings.ReplaceAll(plain(s), `\`, "＼") }

// plain keeps lines apart and shows what cannot be seen.
func plain(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = form.Visible(lines[i])
	}
	return strings.Join(lines, "\n")
}

// address is no mailbox: nothing is to be sent there.
func address(p parley.PartyCode) string { return "mailto:envoy@" + string(p) + ".parley.invalid" }
