package call

import (
	"fmt"
	"time"

	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/sheet"
)

// Forms are the names of the forms that calls are made of.
var Forms = []string{"ring", "pickup", "hangup", "roster", "wording", "confirm", "dispute", "recording"}

func init() {
	form.Register(ringForm(), pickupForm(), hangupForm(), rosterForm(), wordingForm(), confirmForm(), disputeForm(), recordingForm())
}

// A Ring rings at the other side: a ringdown call, or the one that a contact was
// arranged for, to which it refers.
type Ring struct {
	form.Rest
	Level        contact.Level        `cbor:"1,keyasint"`
	Medium       contact.Medium       `cbor:"2,keyasint"`
	Interpreting contact.Interpreting `cbor:"3,keyasint,omitempty"`
	Recording    contact.Recording    `cbor:"4,keyasint,omitempty"`
	Text         string               `cbor:"5,keyasint,omitempty"`
}

const (
	maxNote = 4_000 // bytes
	maxLine = 200   // characters
)

func ringForm() form.Definition {
	return form.Definition{
		Name: "ring", Title: "Call", About: "Rings at the other side: for a call that was arranged, or at once.",
		Addressed: true, Exercise: true, Refs: form.Range{Max: 1}, Of: form.Target{Forms: []string{"request"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "level", Type: "0..3", Required: true, About: "as in a contact request"},
			{Key: 2, Code: "medium", Type: "0..1", Required: true, About: "0 voice, 1 video"},
			{Key: 3, Code: "interpreting", Type: "1..2", About: "1 consecutive, 2 simultaneous; absent: none"},
			{Key: 4, Code: "recording", Type: "1..2", About: "as in a contact request"},
			{Key: 5, Code: "text", Type: "tstr", About: "one line, at most 200 characters"},
		},
		New: func() form.Form { return new(Ring) },
	}
}

// Name is "ring".
func (*Ring) Name() string { return "ring" }

// Check holds it to spec/calls.md.
func (r *Ring) Check() error {
	switch {
	case r.Level > contact.Leader:
		return refuse("there is no level %d", r.Level)
	case r.Medium > contact.Video:
		return refuse("a call is by voice or by video")
	case r.Interpreting > contact.Simultaneous, r.Recording > contact.NotesByHands:
		return refuse("there is no such way of interpreting or recording")
	}
	return form.CheckOptionalLine("the text", r.Text, maxLine)
}

// Sheet shows the fields (package sheet).
func (r *Ring) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("level", "level", r.Level.String())
	s.Add("medium", "medium", r.Medium.String())
	s.Add("interpreting", "interpreting", r.Interpreting.String())
	s.Add("recording", "recording", r.Recording.String())
	s.Add("text", "text", r.Text)
	return s
}

// How a ring is answered.
const (
	Accept uint64 = iota
	Decline
	Busy
)

// PhaseWord, OutcomeWord and ConfirmWord are the words of what forms say by number.
func PhaseWord(n uint64) string   { return phaseWords[min(n, Busy)] }
func OutcomeWord(n uint64) string { return outcomeWords[min(n, Broken)] }
func ConfirmWord(n uint64) string { return confirmWords[min(n, TakenBack)] }

var phaseWords = []string{"accepted", "declined", "busy"}

// A Pickup answers a ring.
type Pickup struct {
	form.Rest
	Phase  uint64         `cbor:"1,keyasint"`
	Reason contact.Reason `cbor:"2,keyasint,omitempty"`
	Text   string         `cbor:"3,keyasint,omitempty"`
}

func pickupForm() form.Definition {
	return form.Definition{
		Name: "pickup", Title: "Answer to a call", About: "Accepts or declines a call that rings, or says that the line is busy.",
		Addressed: true, Exercise: true, Refs: form.Range{Min: 1, Max: 1}, Of: form.Target{Whose: form.Theirs, Forms: []string{"ring"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "phase", Type: "0..2", Required: true, About: "0 accepted, 1 declined, 2 busy with another call"},
			{Key: 2, Code: "reason", Type: "1..8", About: "there exactly when declined: as in a reply to a contact request"},
			{Key: 3, Code: "text", Type: "tstr", About: "one line, at most 200 characters; with the reason other it is there"},
		},
		New: func() form.Form { return new(Pickup) },
	}
}

// Name is "pickup".
func (*Pickup) Name() string { return "pickup" }

// Check holds it to spec/calls.md.
func (p *Pickup) Check() error {
	switch {
	case p.Phase > Busy:
		return refuse("an answer to a call has phase 0 to 2, not %d", p.Phase)
	case (p.Phase == Decline) != (p.Reason != 0):
		return refuse("who declines a call gives a reason, who accepts none")
	case p.Reason > contact.OtherReason:
		return refuse("there is no reason %d", p.Reason)
	case p.Reason == contact.OtherReason && p.Text == "":
		return refuse("the reason other needs a text that says it")
	}
	return form.CheckOptionalLine("the text", p.Text, maxLine)
}

// Sheet shows the fields.
func (p *Pickup) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("phase", "answer", phaseWords[min(p.Phase, Busy)])
	if p.Reason != 0 {
		s.Add("reason", "reason", p.Reason.String())
	}
	s.Add("text", "text", p.Text)
	return s
}

// How a call ends.
const (
	Ended     uint64 = iota // somebody hung up
	Withdrawn               // whoever rang gave up before it was answered
	NoAnswer                // nobody lifted in time
	Broken                  // the other station was lost, and did not come back
)

var outcomeWords = []string{"ended", "withdrawn", "no-answer", "broken-off"}

// A Span is a time of UTC seconds from and until.
type Span struct {
	_     struct{} `cbor:",toarray"`
	From  uint64
	Until uint64
}

// A Hangup ends a party's part in a call, and says how it went as its station
// measured it.
type Hangup struct {
	form.Rest
	Outcome uint64 `cbor:"1,keyasint"`
	Began   uint64 `cbor:"2,keyasint,omitempty"` // put through, UTC seconds
	Talk    []Talk `cbor:"3,keyasint,omitempty"` // of the writer's side, by language
	Gaps    []Span `cbor:"4,keyasint,omitempty"` // in which the other station was not heard
	Text    string `cbor:"5,keyasint,omitempty"`
}

const maxGaps = 64

func hangupForm() form.Definition {
	return form.Definition{
		Name: "hangup", Title: "End of a call", About: "Ends the writer's part in a call, and says how it went as its station measured it.",
		Addressed: true, Exercise: true, Refs: form.Range{Min: 1, Max: 1}, Of: form.Target{Forms: []string{"ring"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "outcome", Type: "0..3", Required: true, About: "0 ended, 1 withdrawn before it was answered, 2 no answer, 3 broken off"},
			{Key: 2, Code: "began", Type: "uint", About: "when the writer's people were put through"},
			{Key: 3, Code: "talk", Type: "[+ [language, milliseconds]]", About: "for how long the writer's side spoke where the other side hears it, by language, at most 16"},
			{Key: 4, Code: "gaps", Type: "[+ [from, until]]", About: "in which the other station was not heard, at most 64"},
			{Key: 5, Code: "text", Type: "tstr", About: "one line, at most 200 characters"},
		},
		New: func() form.Form { return new(Hangup) },
	}
}

// Name is "hangup".
func (*Hangup) Name() string { return "hangup" }

// Check holds it to spec/calls.md.
func (h *Hangup) Check() error {
	switch {
	case h.Outcome > Broken:
		return refuse("the end of a call has outcome 0 to 3, not %d", h.Outcome)
	case len(h.Talk) > MaxTalk, len(h.Gaps) > maxGaps:
		return refuse("the end of a call has too long a list")
	case h.Began > maxAt:
		return refuse("the call began beyond the year 2199")
	}
	for _, g := range h.Gaps {
		if g.From > g.Until || g.Until > maxAt {
			return refuse("a gap from %d to %d is none", g.From, g.Until)
		}
	}
	for _, t := range h.Talk {
		if err := form.CheckLanguage("a language", t.Tongue); err != nil {
			return err
		}
		if t.Millis > maxClock {
			return refuse("nobody speaks for so long")
		}
	}
	return form.CheckOptionalLine("the text", h.Text, maxLine)
}

const maxAt = 7_258_118_399 // 2199-12-31T23:59:59Z, as in contacts

// Sheet shows the fields.
func (h *Hangup) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("outcome", "outcome", outcomeWords[min(h.Outcome, Broken)])
	s.Add("began", "began", sheet.Clock(h.Began))
	for _, t := range h.Talk {
		s.Add("talk", "spoken", t.Tongue+" "+clock(t.Millis))
	}
	for _, g := range h.Gaps {
		s.Add("gap", "not heard", sheet.Clock(g.From)+" - "+sheet.Clock(g.Until))
	}
	s.Add("text", "text", h.Text)
	return s
}

// A Roster says who of the writer's side was on a call when it was put through
// (0) or when it ended (1).
type Roster struct {
	form.Rest
	Phase  uint64     `cbor:"1,keyasint"`
	People []Attended `cbor:"2,keyasint,omitempty"`
}

// Attended is somebody of a roster.
type Attended struct {
	_      struct{} `cbor:",toarray"`
	Name   string
	Title  string
	Role   contact.Role
	Tongue string
}

func rosterForm() form.Definition {
	return form.Definition{
		Name: "roster", Title: "Who was on a call", About: "Says who of the writer's side was on a call when it was put through, or when it ended.",
		Addressed: true, Exercise: true, Quiet: true, Refs: form.Range{Min: 1, Max: 1}, Of: form.Target{Forms: []string{"ring"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "phase", Type: "0..1", Required: true, About: "0 as it was put through, 1 all who were on it until it ended"},
			{Key: 2, Code: "people", Type: "[+ [name, title, role, language]]", About: "at most 256; title and language may be empty; role as in a contact request"},
		},
		New: func() form.Form { return new(Roster) },
	}
}

const maxAttended = 256

// Name is "roster".
func (*Roster) Name() string { return "roster" }

// Check holds it to spec/calls.md.
func (r *Roster) Check() error {
	if r.Phase > 1 || len(r.People) > maxAttended {
		return refuse("a roster has phase 0 or 1, and at most %d people", maxAttended)
	}
	for _, p := range r.People {
		if p.Role > contact.Listener {
			return refuse("there is no role %d", p.Role)
		}
		if err := firstError(form.CheckLine("a name", p.Name, maxName), form.CheckOptionalLine("a title", p.Title, maxName)); err != nil {
			return err
		}
		if p.Tongue != "" {
			if err := form.CheckLanguage("a language", p.Tongue); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sheet shows the fields.
func (r *Roster) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("phase", "as of", [...]string{"begin", "end"}[min(r.Phase, 1)])
	for _, p := range r.People {
		text := p.Name
		if p.Title != "" {
			text += ", " + p.Title
		}
		s.Add("person", p.Role.String(), text)
	}
	return s
}

// clock writes a length of time as people read it: 1:02:03.
func clock(millis uint64) string {
	d := time.Duration(min(millis, maxClock)) * time.Millisecond
	return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}
