package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/control"
	"parley/internal/station"
)

type callCmd struct {
	List      callListCmd      `cmd:"" help:"Show the calls of a line, the newest first."`
	Show      callShowCmd      `cmd:"" help:"Show one call: answers, people, wordings, ends."`
	Ring      callRingCmd      `cmd:"" help:"Ring at the other side."`
	Lift      callLiftCmd      `cmd:"" help:"Accept the call that rings here."`
	Decline   callDeclineCmd   `cmd:"" help:"Decline the call that rings here."`
	Hangup    callHangupCmd    `cmd:"" help:"End our part in the call, or give up one that rings there."`
	Room      callRoomCmd      `cmd:"" help:"Show who is on the call that runs."`
	Ready     callReadyCmd     `cmd:"" help:"Say that our side is ready to be put through, or is not yet."`
	Hold      callHoldCmd      `cmd:"" help:"Put our side on hold."`
	Resume    callResumeCmd    `cmd:"" help:"End the hold of our side."`
	Interpret callInterpretCmd `cmd:"" help:"Change how the call is interpreted on our side."`
	Cast      callCastCmd      `cmd:"" help:"Give somebody of our side another role."`
	Turn      callTurnCmd      `cmd:"" help:"Give the floor to somebody of our side."`
	Mute      callMuteCmd      `cmd:"" help:"Mute somebody of our side."`
	Remove    callRemoveCmd    `cmd:"" help:"Take somebody of our side off the call."`
	Invite    callInviteCmd    `cmd:"" help:"Make the link of somebody without an account."`
	Note      callNoteCmd      `cmd:"" help:"Pass a note to the page of our principal."`
	Glossary  callGlossaryCmd  `cmd:"" help:"What terms are called in each language, beside our interpreters."`
	Script    callScriptCmd    `cmd:"" help:"What our side means to say, beside our interpreters."`
	Recording callRecordingCmd `cmd:"" help:"What was recorded of calls: list, fetch, delete."`
	Wording   callWordingCmd   `cmd:"" help:"What was said, in words that both sides confirm."`
	Dispute   callDisputeCmd   `cmd:"" help:"Say that something was interpreted otherwise than it was said."`
}

func (callCmd) Help() string {
	return `Rings at the other side, answers, and acts for our side while a call runs. Voices need a desk, a telephone or the HTTP API; everything else can be done from here. Times, people, wordings and ends are on the record, at both sides; the voices are not.

Examples:

    parley --as "Lt Ruiz" call ring "Aircraft near the strait"
    parley --as "Lt Ruiz" call lift
    parley call room --watch
    parley --as "Lt Ruiz" call hangup`
}

// callLine is the line of an act on calls.
type callLine struct {
	Line string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

// act does an act that files nothing, or nothing that waits for anybody, and says
// what is so now.
func (c callLine) act(s *session, act string, in control.CallAct, now string) error {
	l, err := c.officers(s)
	if err != nil {
		return err
	}
	in.Line = l.Key
	if err := s.station().ActOnCall(s.ctx, act, in); err != nil {
		return noCall(act, err)
	}
	return s.show(map[string]string{"done": act}, func(w io.Writer) { fmt.Fprintln(w, now) })
}

// noCall tells whoever found no call, or nobody on it, where they are listed.
func noCall(act string, err error) error {
	var e *parley.Error
	if !errors.As(err, &e) || e.Kind != parley.NotFound || e.Hint != "" {
		return err
	}
	switch act {
	case "show", "lift", "decline", "hangup":
		return e.WithHint("see those there were: parley call list; ring: parley call ring --help")
	case "side":
		return e.WithHint("see who is on it, with their numbers: parley call room")
	}
	return err
}

// file does an act and says what was filed.
func (c callLine) file(s *session, act string, in control.CallAct, now string) error {
	l, err := c.officers(s)
	if err != nil {
		return err
	}
	in.Line = l.Key
	id, err := s.station().FileOfCall(s.ctx, act, in)
	if err != nil {
		return err
	}
	return s.show(map[string]string{"item": id}, func(w io.Writer) { fmt.Fprintf(w, "Filed as %s. %s\n", id, now) })
}

// side does an act for our whole side.
func (c callLine) side(s *session, a station.SideAct, now string) error {
	return c.act(s, "side", control.CallAct{Side: &a}, now)
}

// officers is the line of an act that is an officer's.
func (c callLine) officers(s *session) (station.Line, error) {
	if err := s.officer("acting on a call"); err != nil {
		return station.Line{}, err
	}
	return s.line(c.Line)
}

type callRingCmd struct {
	Text string `arg:"" optional:"" help:"One line that is shown where it rings."`
	callLine
	Contact      string `placeholder:"ENTRY" help:"The agreed contact that is rung for; see parley contact list."`
	Level        string `enum:"working,commander,minister,leader," default:"" help:"working, commander, minister or leader. Without it: as arranged, else working."`
	Medium       string `enum:"voice,video," default:"" help:"voice or video. Without it: as arranged, else voice."`
	Recording    string `enum:"none,each-its-own,notes," default:"" help:"none, each-its-own or notes. Without it: as arranged, else none."`
	Interpreting string `enum:"none,consecutive,simultaneous," default:"" help:"none, consecutive or simultaneous. Without it: as arranged, else none."`
	Override     bool   `name:"precedence-override" help:"Ring although a call runs on the line. Who lifts ends that one."`
}

func (callRingCmd) Help() string {
	return `It rings at the watch of every other party for a minute. Nobody has to have arranged it.

Examples:

    parley --as "Lt Ruiz" call ring "Aircraft near the strait"
    parley --as "Lt Ruiz" call ring --contact 93ab40c1ee02d5f7:117
    parley --as "Amb Hale" call ring --level leader --medium video --interpreting simultaneous`
}

// Run rings.
func (c callRingCmd) Run(s *session) error {
	return c.file(s, "ring", control.CallAct{Ring: &station.RingText{Contact: c.Contact, Level: c.Level, Medium: c.Medium, Interpreting: c.Interpreting, Recording: c.Recording, Text: c.Text, Override: c.Override}},
		"It rings there as soon as the line takes it; see parley call show.")
}

// callMeant is which call is meant.
type callMeant struct {
	Call string `name:"call" placeholder:"ENTRY" help:"Which call; see parley call list. Without it: the newest that rings or runs."`
}

type callLiftCmd struct {
	callLine
	callMeant
}

func (callLiftCmd) Help() string {
	return `Another call that runs on the line ends with that. Who speaks joins at a desk: the page of the call of the line.

Examples:

    parley --as "Lt Ruiz" call lift`
}

// Run lifts.
func (c callLiftCmd) Run(s *session) error {
	return c.act(s, "lift", control.CallAct{ID: c.Call}, "Lifted. Both watches gather their people now; see parley call room.")
}

type callDeclineCmd struct {
	Reason string `arg:"" enum:"not-available,time,topic,level,in-writing,not-now,overtaken,other" help:"not-available, time, topic, level, in-writing, not-now, overtaken or other."`
	Text   string `arg:"" optional:"" help:"What else is to be said. The reason other needs it."`
	callLine
	callMeant
}

func (callDeclineCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" call decline not-now "Call again at 1500Z"`
}

// Run declines.
func (c callDeclineCmd) Run(s *session) error {
	return c.act(s, "decline", control.CallAct{ID: c.Call, Reason: c.Reason, Text: c.Text}, "Declined. The other side is told so, and why.")
}

type callHangupCmd struct {
	callLine
	callMeant
}

func (callHangupCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" call hangup`
}

// Run hangs up.
func (c callHangupCmd) Run(s *session) error {
	return c.act(s, "hangup", control.CallAct{ID: c.Call}, "Our part in the call has ended.")
}

type callListCmd struct{ callLine }

func (callListCmd) Help() string {
	return `Examples:

    parley call list
    parley call list --json`
}

// Run lists.
func (c callListCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	list, err := s.station().Calls(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "No call was ever made on this line. Ring: parley call ring --help")
			return
		}
		rows := [][]string{{"CALL", "RANG", "BY", "LEVEL", "MEDIUM", "HOW IT STANDS", "TEXT"}}
		for _, x := range list {
			rows = append(rows, []string{x.ID, stamp(x.At), string(x.By), x.Level, x.Medium, standing(&x), drilled(&x)})
		}
		table(w, rows)
	})
}

// standing is where a call stands, and what our side is to do about it.
func standing(x *station.Call) string {
	if x.Waits {
		return string(x.Phase) + ": lift, or decline"
	}
	return string(x.Phase)
}

// drilled is the text of a call, after the name of the exercise that it is of.
func drilled(x *station.Call) string {
	if x.Exercise == "" {
		return x.Text
	}
	return strings.TrimSpace("EXERCISE " + x.Exercise + ": " + x.Text)
}

type callShowCmd struct {
	Call string `arg:"" optional:"" help:"Which call; see parley call list. Without it: the newest that rings or runs."`
	callLine
}

func (callShowCmd) Help() string {
	return `Examples:

    parley call show
    parley call show 93ab40c1ee02d5f7:117 --json`
}

// Run shows.
func (c callShowCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	x, err := s.station().Call(s.ctx, l.Key, c.Call)
	if err != nil {
		return noCall("show", err)
	}
	return s.show(x, func(w io.Writer) { callLines(w, &x) })
}

func callLines(w io.Writer, x *station.Call) {
	fmt.Fprintf(w, "%s: %s\n", x.ID, standing(x))
	precedence := ""
	if x.Flash {
		precedence = "with precedence"
	}
	pairs(w, "rang", stamp(x.At)+", by "+string(x.By), "level", x.Level, "medium", x.Medium, "interpreting", x.Interpreting, "recording", x.Recording,
		"for the contact", x.Contact, "over a call", precedence, "text", drilled(x))
	for _, a := range x.Answers {
		fmt.Fprintf(w, "%s %s at %s%s%s\n", a.By, a.Answer, stamp(a.At), after(": ", a.Reason), after(": ", oneLine(a.Text)))
	}
	for _, r := range x.Rosters {
		when := "as it was put through"
		if r.End {
			when = "until its end"
		}
		for _, p := range r.People {
			fmt.Fprintf(w, "of %s, %s: %s%s, %s\n", r.By, when, oneLine(p.Name), after(", ", oneLine(p.Title)), p.Role)
		}
	}
	for _, y := range x.Wordings {
		wordingLines(w, &y)
	}
	for _, d := range x.Disputes {
		fmt.Fprintf(w, "%s disputes a rendering into %s: heard %q%s\n", d.By, d.Language, clean(d.Heard), after(", meant ", quoted1(d.Meant)))
	}
	for _, e := range x.Ends {
		fmt.Fprintf(w, "%s: %s at %s%s%s\n", e.By, e.Outcome, stamp(e.At), spoke(e.Talk), after(": ", oneLine(e.Text)))
	}
}

func wordingLines(w io.Writer, y *station.CallWording) {
	state := "open"
	switch {
	case y.Stands:
		state = "CONFIRMED BY ALL"
	case y.Replaced:
		state = "replaced"
	case y.Words[y.By] != "":
		state = y.Words[y.By]
	}
	fmt.Fprintf(w, "wording %s of %s, %s\n", y.ID, y.By, state)
	for _, t := range y.Texts {
		fmt.Fprintf(w, "  %s: %s\n", t.Language, oneLine(t.Text))
	}
	for _, party := range slices.Sorted(maps.Keys(y.Words)) {
		if party != y.By {
			fmt.Fprintf(w, "  %s: %s%s\n", party, y.Words[party], after(": ", oneLine(y.Notes[party])))
		}
	}
}

// after is text behind what leads it; nothing where there is none.
func after(lead, text string) string {
	if text == "" {
		return ""
	}
	return lead + text
}

// quoted1 is a text of one line in quotation marks; nothing where there is none.
func quoted1(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%q", clean(text))
}

// spoke says for how long a side spoke in which language.
func spoke(talk []station.CallTalk) string {
	out := ""
	for _, t := range talk {
		out += ", spoke " + t.Language + " for " + t.For.Truncate(time.Second).String()
	}
	return out
}
