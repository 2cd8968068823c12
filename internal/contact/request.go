package contact

import (
	"fmt"
	"time"

	"parley/internal/form"
)

// A Window is a time in which a contact may begin, in UTC seconds.
type Window struct {
	_     struct{} `cbor:",toarray"`
	Start uint64
	End   uint64
}

// From and Until are the window's ends.
func (w Window) From() time.Time  { return time.Unix(int64(w.Start), 0).UTC() }
func (w Window) Until() time.Time { return time.Unix(int64(w.End), 0).UTC() }

// String is the window in UTC.
func (w Window) String() string {
	return fmt.Sprintf("%s to %s", w.From().Format("2006-01-02 15:04"), w.Until().Format("2006-01-02 15:04"))
}

// A Participant is somebody of the writer's side.
type Participant struct {
	_     struct{} `cbor:",toarray"`
	Name  string   `json:"name"`
	Title string   `json:"title,omitempty"` // function or form of address
	Role  Role     `json:"role"`
}

// A Request asks for a contact, on terms; or, referring to earlier terms of the
// same contact, offers others in their place.
type Request struct {
	form.Rest
	Level        Level         `cbor:"1,keyasint"`
	Medium       Medium        `cbor:"2,keyasint"`
	Topics       []string      `cbor:"3,keyasint"`
	Windows      []Window      `cbor:"4,keyasint"`
	Zone         string        `cbor:"5,keyasint,omitempty"` // the writer's own, of the IANA database
	Languages    []string      `cbor:"6,keyasint,omitempty"`
	Interpreting Interpreting  `cbor:"7,keyasint,omitempty"`
	Brings       string        `cbor:"8,keyasint,omitempty"` // who brings whom to interpret
	Participants []Participant `cbor:"9,keyasint,omitempty"` // of the writer's side
	Recording    Recording     `cbor:"10,keyasint,omitempty"`
	AnswerBy     uint64        `cbor:"11,keyasint,omitempty"` // UTC seconds
	Text         string        `cbor:"12,keyasint,omitempty"`
	Minutes      uint64        `cbor:"13,keyasint,omitempty"` // how long it is to last
	Place        string        `cbor:"14,keyasint,omitempty"` // of a meeting in person
}

func requestForm() form.Definition {
	return form.Definition{
		Name: "request", Title: "Contact request", About: "Asks for a call or a meeting, or offers other terms for one.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Max: 1}, Of: form.Target{Forms: []string{"request"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "level", Type: "0..3", Required: true, About: "0 working, 1 commander, 2 minister, 3 leader"},
			{Key: 2, Code: "medium", Type: "0..2", Required: true, About: "0 voice, 1 video, 2 in person"},
			{Key: 3, Code: "topics", Type: "[+ tstr]", Required: true, About: "at most 32 lines of at most 120 characters, each once"},
			{Key: 4, Code: "windows", Type: "[+ [start, end]]", Required: true, About: "at most 16 in which it may begin: each at most 31 days long, in order, none overlapping"},
			{Key: 5, Code: "zone", Type: "tstr", About: "the writer's time zone, a name of the IANA database"},
			{Key: 6, Code: "languages", Type: "[+ tstr]", About: "language tags, at most 8, each once"},
			{Key: 7, Code: "interpreting", Type: "1..2", About: "1 consecutive, 2 simultaneous; absent: none"},
			{Key: 8, Code: "interpreters", Type: "tstr", About: "who brings whom: one line, at most 500 characters"},
			{Key: 9, Code: "participants", Type: "[+ [name, title, role]]", About: "of the writer's side, at most 64; title is a line or empty; role 0 principal, 1 delegate, 2 interpreter, 3 note-taker, 4 listener"},
			{Key: 10, Code: "recording", Type: "1..2", About: "1 each side its own, 2 notes only; absent: none"},
			{Key: 11, Code: "answer by", Type: "uint", About: "until when an answer is asked for"},
			{Key: 12, Code: "text", Type: "tstr", About: "at most 4,000 bytes"},
			{Key: 13, Code: "length", Type: "uint", About: "minutes, at most 1,440"},
			{Key: 14, Code: "place", Type: "tstr", About: "one line, at most 120 characters"},
		},
		New: func() form.Form { return new(Request) },
	}
}

// Name is "request".
func (*Request) Name() string { return "request" }

// Check holds the terms to spec/contacts.md.
func (r *Request) Check() error {
	if len(r.Topics) == 0 {
		return refuse("a request names at least one topic")
	}
	return firstError(
		within("level", levelWords, r.Level), within("medium", mediumWords, r.Medium),
		within("interpreting", interpretingWords, r.Interpreting), within("recording rule", recordingWords, r.Recording),
		checkTopics(r.Topics), checkWindows(r.Windows), checkZone(r.Zone), checkTongues(r.Languages),
		form.CheckOptionalLine("who brings whom", r.Brings, maxSource), checkPeople(r.Participants),
		checkTimes("the answer", r.AnswerBy), checkNote("the text", r.Text), checkMinutes(r.Minutes),
		form.CheckOptionalLine("the place", r.Place, maxTopic),
	)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkMinutes(n uint64) error {
	if n > maxMinutes {
		return refuse("%d minutes, at most %d are allowed", n, maxMinutes)
	}
	return nil
}

func checkWindows(ws []Window) error {
	if len(ws) == 0 || len(ws) > maxWindows {
		return refuse("%d windows, want 1 to %d", len(ws), maxWindows)
	}
	for i, w := range ws {
		switch {
		case w.Start == 0 || w.End <= w.Start || w.End > maxAt:
			return refuse("window %d, from %d to %d, is none", i+1, w.Start, w.End)
		case time.Duration(w.End-w.Start)*time.Second > maxWindow:
			return refuse("window %d is longer than %d days", i+1, int(maxWindow.Hours()/24))
		case i > 0 && w.Start < ws[i-1].End:
			return refuse("window %d begins before window %d ends: give them in order, without overlap", i+1, i)
		}
	}
	return nil
}

func checkPeople(ps []Participant) error {
	if len(ps) > maxPeople {
		return refuse("%d participants, at most %d are allowed", len(ps), maxPeople)
	}
	for _, p := range ps {
		err := firstError(form.CheckLine("a participant's name", p.Name, maxName), form.CheckOptionalLine("a participant's title", p.Title, maxName), within("role", roleWords, p.Role))
		if err != nil {
			return err
		}
	}
	return nil
}

// Phases of a reply.
const (
	Accept  uint64 = 0
	Decline uint64 = 1
)

// A Reply accepts or declines the terms of a request of another party.
type Reply struct {
	form.Rest
	Phase        uint64        `cbor:"1,keyasint"`           // Accept or Decline
	Window       uint64        `cbor:"2,keyasint,omitempty"` // accepted: which one, from 1
	Reason       Reason        `cbor:"3,keyasint,omitempty"` // declined: why
	Text         string        `cbor:"4,keyasint,omitempty"`
	Next         uint64        `cbor:"5,keyasint,omitempty"` // declined: until when another offer will be made
	Participants []Participant `cbor:"6,keyasint,omitempty"` // of the writer's side
	Zone         string        `cbor:"7,keyasint,omitempty"`
	Start        uint64        `cbor:"8,keyasint,omitempty"` // accepted: when within the window, UTC seconds; absent: at its start
}

func replyForm() form.Definition {
	return form.Definition{
		Name: "reply", Title: "Reply to a contact request", About: "Accepts or declines the terms of a contact request.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Min: 1, Max: 1}, Of: form.Target{Whose: form.Theirs, Forms: []string{"request"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "phase", Type: "0..1", Required: true, About: "0 accepted, 1 declined"},
			{Key: 2, Code: "window", Type: "uint", About: "there exactly when accepted: the number of the window, from 1"},
			{Key: 3, Code: "reason", Type: "1..8", About: "there exactly when declined: 1 the principal is not available, 2 the time does not suit, 3 a topic does not, 4 the level does not, 5 in writing instead, 6 not now, 7 overtaken by events, 8 other, with a text"},
			{Key: 4, Code: "text", Type: "tstr", About: "at most 4,000 bytes"},
			{Key: 5, Code: "next", Type: "uint", About: "declined: until when the writer will make another offer"},
			{Key: 6, Code: "participants", Type: "[+ [name, title, role]]", About: "of the writer's side, as in a request"},
			{Key: 7, Code: "zone", Type: "tstr", About: "the writer's time zone, as in a request"},
			{Key: 8, Code: "start", Type: "uint", About: "accepted: when, within the window; absent: at its start"},
		},
		New: func() form.Form { return new(Reply) },
	}
}

// Name is "reply".
func (*Reply) Name() string { return "reply" }

// Check holds the reply to spec/contacts.md.
func (r *Reply) Check() error {
	switch {
	case r.Phase > Decline:
		return refuse("a reply has phase 0 or 1, not %d", r.Phase)
	case r.Phase == Accept && (r.Window == 0 || r.Window > maxWindows):
		return refuse("who accepts names a window, from 1 to %d", maxWindows)
	case r.Phase == Accept && (r.Reason != 0 || r.Next != 0), r.Phase == Decline && (r.Window != 0 || r.Start != 0):
		return refuse("a reply that accepts has a window, one that declines a reason and a next offer")
	case r.Phase == Decline && r.Reason == OtherReason && r.Text == "":
		return refuse("the reason other needs a text that says it")
	}
	if r.Phase == Decline {
		if err := within("reason", reasonWords, r.Reason); err != nil {
			return err
		}
	}
	return firstError(checkNote("the text", r.Text), checkTimes("a time of the reply", r.Next, r.Start), checkPeople(r.Participants), checkZone(r.Zone))
}

// Rules holds an acceptance to the windows of the request.
func (r *Reply) Rules(h *form.Header, c form.Context) error {
	e, ok := c.Entry(h.Refs[0])
	asked, is := e.Form.(*Request)
	if !ok || !is || r.Phase != Accept {
		return nil
	}
	if r.Window > uint64(len(asked.Windows)) {
		return refuse("the request has %d windows, there is no window %d", len(asked.Windows), r.Window)
	}
	if w := asked.Windows[r.Window-1]; r.Start != 0 && (r.Start < w.Start || r.Start > w.End) {
		return refuse("the start lies outside window %d", r.Window)
	}
	return nil
}

// A CallOff ends a contact: it is withdrawn before it is agreed, cancelled
// after. It is final; a new request may be made at any time.
type CallOff struct {
	form.Rest
	Reason Reason `cbor:"1,keyasint"`
	Text   string `cbor:"2,keyasint,omitempty"`
	Next   uint64 `cbor:"3,keyasint,omitempty"`
}

func callOffForm() form.Definition {
	return form.Definition{
		Name: "calloff", Title: "Contact called off", About: "Withdraws or cancels a contact, for good.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Min: 1, Max: 1}, Of: form.Target{Forms: []string{"request"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "reason", Type: "1..8", Required: true, About: "as in a reply"},
			{Key: 2, Code: "text", Type: "tstr", About: "at most 4,000 bytes; with the reason other it is there"},
			{Key: 3, Code: "next", Type: "uint", About: "until when the writer will make another offer"},
		},
		New: func() form.Form { return new(CallOff) },
	}
}

// Name is "calloff".
func (*CallOff) Name() string { return "calloff" }

// Check holds it to spec/contacts.md.
func (c *CallOff) Check() error {
	if c.Reason == OtherReason && c.Text == "" {
		return refuse("the reason other needs a text that says it")
	}
	return firstError(within("reason", reasonWords, c.Reason), checkNote("the text", c.Text), checkTimes("the next offer", c.Next))
}
