package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/control"
	"parley/internal/station"
)

type contactCmd struct {
	List     contactListCmd     `cmd:"" help:"Show a line's contacts: last spoke, last met, what is being arranged."`
	Show     contactShowCmd     `cmd:"" help:"Show one contact: every offer and answer, and its file."`
	Ask      contactAskCmd      `cmd:"" help:"Ask for a call or a meeting, or offer other terms for one."`
	Accept   contactAcceptCmd   `cmd:"" help:"Accept a window of the other side's terms."`
	Decline  contactDeclineCmd  `cmd:"" help:"Decline the other side's terms."`
	CallOff  contactCallOffCmd  `cmd:"" name:"call-off" help:"Withdraw or cancel a contact, for good."`
	Point    contactPointCmd    `cmd:"" help:"Propose a point of a contact's file, or change one."`
	Judge    contactJudgeCmd    `cmd:"" help:"Agree to a point, refuse it, or say that it is done."`
	Import   contactImportCmd   `cmd:"" help:"Enter contacts that took place, from a table."`
	Register contactRegisterCmd `cmd:"" help:"Confirm, dispute or take back what was entered."`
	Table    contactTableCmd    `cmd:"" help:"Write the register as a table."`
	Calendar contactCalendarCmd `cmd:"" help:"Write contacts as iCalendar."`
	Feed     contactFeedCmd     `cmd:"" help:"Make, list and end addresses at which a calendar program reads."`
}

func (contactCmd) Help() string {
	return `Calls and meetings between leaders, ministers, commanders and working levels: asked for, answered, planned and entered. All of it is on the record, at both sides.

Examples:

    parley --as "Envoy Lee" contact ask --level leader --topic "Strait" --window 2026-12-01T14:00/2h --answer-by 2026-11-30T18:00
    parley contact list
    parley --as "Envoy Wu" contact accept 93ab40c1ee02d5f7:117 --window 1`
}

// contactLine is the line of an act on contacts.
type contactLine struct {
	Line string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

// arrange does an act and says what was filed.
func (c contactLine) arrange(s *session, act string, in control.ContactAct) error {
	if err := s.officer("arranging a contact"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	in.Line = l.Key
	id, err := s.station().Arrange(s.ctx, act, in)
	if err != nil {
		return err
	}
	return s.show(map[string]string{"item": id}, func(w io.Writer) { fmt.Fprintf(w, "Filed as %s. It goes out as soon as the line takes it.\n", id) })
}

// when reads a time: RFC 3339; without a zone in that of zone; or from now on.
func when(what, text, zone string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return time.Now().Add(d).UTC(), nil
	}
	in, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, usagef("a name of the IANA database: --zone Europe/Paris", "there is no time zone %q", zone)
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, in); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usagef("for example 2026-12-01T14:00 (in the zone of --zone), 2026-12-01T14:00:00Z, or 12h from now", "%s %q is no time", what, text)
}

type contactListCmd struct {
	contactLine
	AsOf string `placeholder:"DATE" help:"The register as it stood at the end of a day, YYYY-MM-DD; what is being arranged now is then left out."`
}

func (contactListCmd) Help() string {
	return `Examples:

    parley contact list
    parley contact list --as-of 2024-09-30 --json`
}

// Run lists.
func (c contactListCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	day, err := when("the date", c.AsOf, "UTC")
	if err != nil {
		return err
	}
	if !day.IsZero() {
		day = day.Add(24*time.Hour - time.Second)
	}
	b, err := s.station().Contacts(s.ctx, l.Key, day)
	if err != nil {
		return err
	}
	return s.show(b, func(w io.Writer) {
		if c.AsOf != "" {
			fmt.Fprintf(w, "As it stood at the end of %s.\n", day.Format(time.DateOnly))
		}
		for _, x := range b.Levels {
			summaryLines(w, &x)
		}
		if len(b.Levels) == 0 {
			fmt.Fprintln(w, "No contact is in the register. Enter them: parley contact import --help")
		}
		if c.AsOf != "" {
			return // what is being arranged is being arranged now
		}
		if len(b.Contacts) == 0 {
			fmt.Fprintln(w, "Nothing is being arranged.")
			return
		}
		rows := [][]string{{"CONTACT", "LEVEL", "MEDIUM", "TOPICS", "HOW IT STANDS"}}
		for _, x := range b.Contacts {
			rows = append(rows, []string{x.ID, x.Level, x.Medium, oneLine(strings.Join(x.Topics, "; ")), x.Sentence})
		}
		table(w, rows)
	})
}

func summaryLines(w io.Writer, x *station.ContactSummary) {
	fmt.Fprintf(w, "%s level: %d by voice, %d by video, %d in person; longest interval %d days\n", x.Level, x.Voice, x.Video, x.InPerson, x.LongestGap)
	if x.LastCall != nil {
		fmt.Fprintf(w, "  last spoke %s: %s and %s\n", x.LastCall.Date, x.LastCall.OurSide, x.LastCall.TheirSide)
	}
	if x.LastMeeting != nil {
		fmt.Fprintf(w, "  last met in person %s: %s and %s\n", x.LastMeeting.Date, x.LastMeeting.OurSide, x.LastMeeting.TheirSide)
	}
	for _, t := range x.Terms {
		fmt.Fprintf(w, "  %s (%s), in office since %s: %d calls, %d meetings\n", t.Person, t.Party, t.Since.Format(time.DateOnly), t.Calls, t.Meetings)
	}
	if x.Next != "" {
		late := ""
		if x.NextOverdue {
			late = ", OVERDUE"
		}
		fmt.Fprintf(w, "  next promised by %s%s\n", x.Next, late)
	}
}

type contactShowCmd struct {
	Contact string `arg:"" help:"Any request of the contact; see parley contact list."`
	contactLine
}

func (contactShowCmd) Help() string {
	return `Examples:

    parley contact show 93ab40c1ee02d5f7:117`
}

// Run shows.
func (c contactShowCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	x, err := s.station().Contact(s.ctx, l.Key, c.Contact)
	if err != nil {
		return err
	}
	return s.show(x, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n%s, %s: %s\n", x.Sentence, x.Level, x.Medium, strings.Join(x.Topics, "; "))
		if x.Off != nil && x.Off.Outside {
			fmt.Fprintf(w, "called off by %s%s\n", x.Off.By, beyond(x.Off.ContactSeat))
		}
		for _, t := range x.Stays {
			fmt.Fprintf(w, "%s:%s\n", oneLine(t.Topic), stays(t.Levels))
		}
		for _, t := range x.Terms {
			offerLines(w, &t)
		}
		for _, p := range x.Points {
			fmt.Fprintf(w, "%s %s (%s, %s)\n", p.Kind, oneLine(p.Text), p.State, p.ID)
			for _, o := range p.Proposals {
				fmt.Fprintf(w, "  proposed by %s, not answered: %s (%s)\n", o.By, oneLine(o.Text), o.ID)
			}
			documentLine(w, p.Document)
		}
		for _, h := range x.Held {
			fmt.Fprintf(w, "entered by %s: %s, %d min; confirmed by %s; disputed: %s (%s)\n", h.By, h.Date, h.Minutes, orNobody(h.Confirmed), orNobody(h.Disputed), h.ID)
		}
	})
}

func orNobody(list []string) string {
	if len(list) == 0 {
		return "nobody"
	}
	return strings.Join(list, ", ")
}

func offerLines(w io.Writer, t *station.ContactOffer) {
	state := ""
	switch {
	case t.Agreed:
		state = ", AGREED"
	case t.Open:
		state = ", waits for " + strings.Join(t.Waits, " and ")
	}
	fmt.Fprintf(w, "offer %s of %s, from the %s, %s%s%s\n", t.ID, t.By, t.Office, t.At.Format("2006-01-02 15:04 UTC"), state, beyond(t.ContactSeat))
	for i, x := range t.Windows {
		fmt.Fprintf(w, "  window %d: %s to %s UTC%s\n", i+1, x.Start.Format("2006-01-02 15:04"), x.End.Format("2006-01-02 15:04"), inZone(x.Start, t.Zone))
	}
	for _, a := range t.Replies {
		word, late := "accepts window "+fmt.Sprint(a.Window), ""
		if !a.Accept {
			word = "declines: " + a.Reason
		}
		if a.Late {
			late = ", LATE"
		}
		late += beyond(a.ContactSeat)
		fmt.Fprintf(w, "  %s %s, %s%s (%s)\n", a.By, word, a.At.Format("2006-01-02 15:04 UTC"), late, a.ID)
	}
}

// beyond says that an act is outside what was agreed.
func beyond(x station.ContactSeat) string {
	switch {
	case x.Tape:
		return ", OUTSIDE WHAT WAS AGREED: each side would record the call"
	case x.Outside:
		return ", OUTSIDE WHAT WAS AGREED: from the " + x.Office
	}
	return ""
}

// inZone is a time at the writer's place, where its zone is known here.
func inZone(t time.Time, zone string) string {
	in, err := time.LoadLocation(zone)
	if err != nil || zone == "" {
		return ""
	}
	return "; there " + t.In(in).Format("2006-01-02 15:04")
}

// stays says at which levels a topic has been.
func stays(levels []station.Stay) string {
	out := ""
	for _, x := range levels {
		out += fmt.Sprintf(" %s since %s, %d days;", x.Level, x.From.Format(time.DateOnly), x.Days)
	}
	return strings.TrimSuffix(out, ";")
}

func documentLine(w io.Writer, d *station.PointDocument) {
	switch {
	case d == nil:
	case d.File == "":
		fmt.Fprintf(w, "  an attachment of %s, which is not here\n", d.Entry)
	default:
		fmt.Fprintf(w, "  attachment %q of %s of %s, %d bytes\n", clean(d.File), d.Entry, d.Party, d.Size)
	}
}

type contactAskCmd struct {
	contactLine
	Instead      string        `placeholder:"ENTRY" help:"Offer these terms in place of those of this request: a counter-offer, or a change."`
	Level        string        `required:"" enum:"working,commander,minister,leader" help:"working, commander, minister or leader."`
	Medium       string        `default:"voice" enum:"voice,video,in-person" help:"voice, video or in-person."`
	Topic        []string      `required:"" sep:"none" help:"A topic; give the flag once for each."`
	Window       []string      `required:"" sep:"none" placeholder:"START/LENGTH" help:"When it may begin, such as 2026-12-01T14:00/2h; once for each."`
	Zone         string        `default:"UTC" help:"Time zone of the times given, and ours on the record, such as Europe/Paris."`
	AnswerBy     string        `placeholder:"TIME" help:"Until when an answer is asked for."`
	Language     []string      `help:"Languages it is held in."`
	Interpreting string        `default:"none" enum:"none,consecutive,simultaneous" help:"none, consecutive or simultaneous."`
	Interpreters string        `help:"Who brings whom to interpret."`
	Person       []string      `sep:"none" placeholder:"NAME[=ROLE]" help:"Who takes part of our side, and as what: principal, delegate, interpreter, note-taker, listener."`
	Recording    string        `default:"none" enum:"none,each-its-own,notes" help:"none, each-its-own or notes."`
	Length       time.Duration `help:"How long it is to last."`
	Place        string        `help:"Of a meeting in person."`
	Text         string        `short:"m" help:"What else is to be said."`
}

func (contactAskCmd) Help() string {
	return `Examples:

    parley --as "Envoy Lee" contact ask --level leader --topic "Strait" --topic "Grain" --zone Europe/Paris --window 2026-12-01T14:00/2h --window 2026-12-02T09:00/3h --answer-by 2026-11-30T18:00 --length 45m
    parley --as "Envoy Wu" contact ask --instead 93ab40c1ee02d5f7:117 --level leader --topic "Strait" --window 2026-12-03T09:00/3h`
}

// Run asks.
func (c contactAskCmd) Run(s *session) error {
	t := station.ContactTerms{Level: c.Level, Medium: c.Medium, Topics: c.Topic, Zone: c.Zone, Languages: c.Language, Interpreting: c.Interpreting, Interpreters: c.Interpreters,
		Recording: c.Recording, Text: c.Text, Minutes: int(c.Length.Minutes()), Place: c.Place}
	for _, x := range c.Window {
		start, length, ok := strings.Cut(x, "/")
		d, err := time.ParseDuration(length)
		if !ok {
			return usagef("START/LENGTH, for example 2026-12-01T14:00/2h", "the window %q does not say how long it is", x)
		}
		if err != nil || d <= 0 {
			return usagef("for example 2026-12-01T14:00/2h, or 2026-12-01T14:00/1h30m", "the length %q of a window is no duration", length)
		}
		at, err := when("the start of a window", start, c.Zone)
		if err != nil {
			return err
		}
		t.Windows = append(t.Windows, station.ContactWindow{Start: at, End: at.Add(d)})
	}
	for _, x := range c.Person {
		name, role, _ := strings.Cut(x, "=")
		t.Participants = append(t.Participants, station.ContactPerson{Name: name, Role: role})
	}
	var err error
	if t.AnswerBy, err = when("the time for an answer", c.AnswerBy, c.Zone); err != nil {
		return err
	}
	return c.arrange(s, "ask", control.ContactAct{ID: c.Instead, Terms: &t})
}

type contactAcceptCmd struct {
	Request string `arg:"" help:"The other side's request; see parley contact show."`
	contactLine
	Window int    `default:"1" help:"Which window, from 1."`
	Start  string `placeholder:"TIME" help:"When within the window. Without it: at its start."`
	Zone   string `default:"UTC" help:"Our time zone."`
	Text   string `short:"m" help:"What else is to be said."`
}

func (contactAcceptCmd) Help() string {
	return `Examples:

    parley --as "Envoy Wu" contact accept 93ab40c1ee02d5f7:117 --window 2 --zone Asia/Shanghai`
}

// Run accepts.
func (c contactAcceptCmd) Run(s *session) error {
	at, err := when("the start", c.Start, c.Zone)
	if err != nil {
		return err
	}
	return c.arrange(s, "reply", control.ContactAct{ID: c.Request, Reply: &station.ContactReply{Accept: true, Window: c.Window, Start: at, Zone: c.Zone, Text: c.Text}})
}

type contactDeclineCmd struct {
	Request string `arg:"" help:"The other side's request; see parley contact show."`
	contactLine
	Reason string `required:"" enum:"not-available,time,topic,level,in-writing,not-now,overtaken,other" help:"not-available, time, topic, level, in-writing, not-now, overtaken or other."`
	Next   string `placeholder:"TIME" help:"Until when another offer will be made."`
	Zone   string `default:"UTC" help:"Our time zone."`
	Text   string `short:"m" help:"What else is to be said."`
}

func (contactDeclineCmd) Help() string {
	return `Examples:

    parley --as "Envoy Wu" contact decline 93ab40c1ee02d5f7:117 --reason time --next 2026-12-05`
}

// Run declines.
func (c contactDeclineCmd) Run(s *session) error {
	next, err := when("the next offer", c.Next, c.Zone)
	if err != nil {
		return err
	}
	return c.arrange(s, "reply", control.ContactAct{ID: c.Request, Reply: &station.ContactReply{Reason: c.Reason, Next: next, Text: c.Text}})
}

type contactCallOffCmd struct {
	Contact string `arg:"" help:"Any request of the contact."`
	contactLine
	Reason string `required:"" enum:"not-available,time,topic,level,in-writing,not-now,overtaken,other" help:"not-available, time, topic, level, in-writing, not-now, overtaken or other."`
	Next   string `placeholder:"TIME" help:"Until when another offer will be made."`
	Text   string `short:"m" help:"What else is to be said."`
}

func (contactCallOffCmd) Help() string {
	return `It is final. A new request can be made at any time.

Examples:

    parley --as "Envoy Lee" contact call-off 93ab40c1ee02d5f7:117 --reason overtaken`
}

// Run calls off.
func (c contactCallOffCmd) Run(s *session) error {
	next, err := when("the next offer", c.Next, "UTC")
	if err != nil {
		return err
	}
	return c.arrange(s, "calloff", control.ContactAct{ID: c.Contact, Reason: c.Reason, Text: c.Text, Next: next})
}

type contactPointCmd struct {
	Contact string `arg:"" help:"Any request of the contact."`
	Text    string `arg:"" help:"What is proposed."`
	contactLine
	Kind    string `default:"agenda" enum:"agenda,person,document,open-item,announcement,rehearsal,next-contact" help:"agenda, person, document, open-item, announcement, rehearsal or next-contact."`
	Instead string `placeholder:"ENTRY" help:"Propose it in place of this point."`
	Owner   string `help:"Who is to do it."`
	Due     string `placeholder:"TIME" help:"Until when, or when."`
	Role    string `help:"Of a person: delegate, interpreter, note-taker or listener."`
	Entry   string `help:"Of a document: the dispatch on the record that has it attached."`
	File    string `help:"Of a document: the name of the attachment."`
}

func (contactPointCmd) Help() string {
	return `Examples:

    parley --as "Envoy Lee" contact point 93ab40c1ee02d5f7:117 "Corridor in the strait"
    parley --as "Envoy Lee" contact point 93ab40c1ee02d5f7:117 "Chart of the strait" --kind document --entry 93ab40c1ee02d5f7:120 --file chart.pdf
    parley --as "Envoy Lee" contact point 93ab40c1ee02d5f7:117 "Both sides publish one sentence" --kind announcement --due 2026-12-01T18:00`
}

// Run proposes.
func (c contactPointCmd) Run(s *session) error {
	due, err := when("the due time", c.Due, "UTC")
	if err != nil {
		return err
	}
	return c.arrange(s, "point", control.ContactAct{ID: c.Contact, Before: c.Instead, Point: &station.PointText{Kind: c.Kind, Text: c.Text, Owner: c.Owner, Due: due, Role: c.Role, Entry: c.Entry, File: c.File}})
}

type contactJudgeCmd struct {
	Contact string `arg:"" help:"Any request of the contact."`
	Point   string `arg:"" help:"The point; see parley contact show."`
	Step    string `arg:"" enum:"agree,refuse,done" help:"agree, refuse or done."`
	contactLine
	Text string `short:"m" help:"A remark."`
}

func (contactJudgeCmd) Help() string {
	return `Examples:

    parley --as "Envoy Wu" contact judge 93ab40c1ee02d5f7:117 93ab40c1ee02d5f7:119 agree`
}

// Run judges.
func (c contactJudgeCmd) Run(s *session) error {
	return c.arrange(s, "point", control.ContactAct{ID: c.Contact, Before: c.Point, Step: c.Step, Text: c.Text})
}

type contactImportCmd struct {
	Table string `arg:"" type:"path" help:"CSV file in UTF-8; - is standard input."`
	contactLine
	Contact string `placeholder:"ENTRY" help:"They are what became of this contact."`
}

func (contactImportCmd) Help() string {
	return `The first line names the columns, in any order: ` + strings.Join(contact.Columns(), ", ") + `. Topics stand in one column with a vertical bar between two. Nothing is entered of a table that has a fault.

Examples:

    parley --as "Envoy Lee" contact import examples/contacts/us-china.csv`
}

// Run imports.
func (c contactImportCmd) Run(s *session) error {
	if err := s.officer("entering contacts"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	var in io.Reader = s.in
	if c.Table != "-" {
		f, err := os.Open(c.Table)
		if err != nil {
			return parley.Errorf(parley.NotFound, "%v", err)
		}
		defer f.Close()
		in = f
	}
	rows, err := contact.ReadCSV(in)
	if err != nil {
		return err
	}
	ids, err := s.station().EnterContacts(s.ctx, control.ContactAct{Line: l.Key, ID: c.Contact, Rows: rows})
	if err != nil {
		return err
	}
	return s.show(map[string]any{"rows": len(rows), "items": ids}, func(w io.Writer) {
		fmt.Fprintf(w, "%d contacts entered, filed as %s.\n", len(rows), strings.Join(ids, ", "))
	})
}

type contactRegisterCmd struct {
	Entry string `arg:"" help:"The entry that holds them; see parley contact list --json."`
	Step  string `arg:"" enum:"confirm,dispute,take-back" help:"confirm, dispute or take-back."`
	contactLine
	Row  []int  `help:"Numbers of rows. Without it: all of the entry."`
	Text string `short:"m" help:"Disputed: what is wrong."`
}

func (contactRegisterCmd) Help() string {
	return `Examples:

    parley --as "Envoy Wu" contact register 93ab40c1ee02d5f7:121 confirm
    parley --as "Envoy Wu" contact register 93ab40c1ee02d5f7:121 dispute --row 3 -m "It lasted 40 minutes"`
}

// Run judges.
func (c contactRegisterCmd) Run(s *session) error {
	return c.arrange(s, "judge", control.ContactAct{ID: c.Entry, Step: c.Step, Which: c.Row, Text: c.Text})
}

type contactTableCmd struct{ contactLine }

func (contactTableCmd) Help() string {
	return `Examples:

    parley contact table > contacts.csv`
}

// Run writes.
func (c contactTableCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	b, err := s.station().ContactTable(s.ctx, l.Key)
	if err != nil {
		return err
	}
	_, err = io.Copy(s.out, bytes.NewReader(b))
	return err
}

type contactCalendarCmd struct {
	Contact string `arg:"" optional:"" help:"One contact: an invitation, an update or a cancellation. Without it: all that was ever agreed on the line."`
	contactLine
}

func (contactCalendarCmd) Help() string {
	return `Examples:

    parley contact calendar > contacts.ics
    parley contact calendar 93ab40c1ee02d5f7:117 > call.ics`
}

// Run writes.
func (c contactCalendarCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	b, err := s.station().Calendar(s.ctx, l.Key, c.Contact)
	if err != nil {
		return err
	}
	_, err = s.out.Write(b)
	return err
}
