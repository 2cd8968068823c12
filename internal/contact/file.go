package contact

import (
	"slices"
	"time"

	"parley"
	"parley/internal/form"
)

// Steps of a point.
const (
	Propose uint64 = 0
	Agree   uint64 = 1
	Refuse  uint64 = 2
	Done    uint64 = 3
)

// A Point is one point of a contact's file, and what became of it. Its first
// reference is a request of the contact; the second, there in all but a first
// proposal, the point that it changes or answers.
type Point struct {
	form.Rest
	Kind  Kind   `cbor:"1,keyasint"`
	Step  uint64 `cbor:"2,keyasint"`
	Text  string `cbor:"3,keyasint,omitempty"` // proposed: there; else a remark
	Owner string `cbor:"4,keyasint,omitempty"` // who is to do it
	Due   uint64 `cbor:"5,keyasint,omitempty"` // until when, or when: UTC seconds
	Role  Role   `cbor:"6,keyasint,omitempty"` // of a person

	Document *Attached `cbor:"7,keyasint,omitempty"` // of a document: where it is
}

// Attached is an attachment of a dispatch on the record: the dispatch, and the
// hash by which that names the attachment.
type Attached struct {
	_     struct{} `cbor:",toarray"`
	Gen   parley.GenerationID
	Index uint64
	File  [32]byte
}

// Ref is the dispatch.
func (d *Attached) Ref() parley.Ref { return parley.Ref{Gen: d.Gen, Index: d.Index} }

func pointForm() form.Definition {
	return form.Definition{
		Name: "point", Title: "Point of a contact's file", About: "Proposes a point of the agenda or the arrangements of a contact, agrees to it, refuses it, or says that it is done.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Min: 1, Max: maxReferences}, Of: form.Target{Forms: []string{"request", "point"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "kind", Type: "0..6", Required: true, About: "0 agenda, 1 person, 2 document, 3 open item, 4 announcement, 5 rehearsal, 6 next contact"},
			{Key: 2, Code: "step", Type: "0..3", Required: true, About: "0 proposed, in place of the second reference where there is one; 1 agreed, another party's; 2 refused or taken back; 3 done"},
			{Key: 3, Code: "text", Type: "tstr", About: "at most 4,000 bytes; there when proposed"},
			{Key: 4, Code: "owner", Type: "tstr", About: "one line, at most 100 characters"},
			{Key: 5, Code: "due", Type: "uint", About: "until when; of an announcement, a rehearsal and a next contact: when"},
			{Key: 6, Code: "role", Type: "1..4", About: "of a person: as of a participant"},
			{Key: 7, Code: "document", Type: "[generation, index, hash]", About: "of a document that is proposed: a dispatch on the record, and the SHA-256 by which it names one of its attachments"},
		},
		New: func() form.Form { return new(Point) },
	}
}

// Name is "point".
func (*Point) Name() string { return "point" }

// Check holds the point to spec/contacts.md.
func (p *Point) Check() error {
	if p.Step > Done {
		return refuse("a point has step 0 to 3, not %d", p.Step)
	}
	if p.Step == Propose && p.Text == "" {
		return refuse("a point that is proposed has a text")
	}
	if p.Step != Propose && (p.Owner != "" || p.Due != 0 || p.Role != 0) {
		return refuse("owner, time and role stand where a point is proposed")
	}
	if p.Document != nil && (p.Kind != Document || p.Step != Propose) {
		return refuse("an attachment is named where a document is proposed")
	}
	return firstError(within("kind of point", kindWords, p.Kind), within("role", roleWords, p.Role),
		checkNote("the text", p.Text), form.CheckOptionalLine("the owner", p.Owner, maxName), checkTimes("the due time", p.Due))
}

// Rules holds the references to their order, and agreement to another's words.
func (p *Point) Rules(h *form.Header, c form.Context) error {
	if len(h.Refs) == 1 && p.Step != Propose {
		return refuse("a point that is agreed, refused or done refers to the point, after the request")
	}
	for i, r := range h.Refs {
		e, err := form.Referred(r, c)
		if err != nil {
			return err
		}
		if want := [...]string{"request", "point"}[i]; e.Header.Form != want {
			return refuse("a point refers to a request of its contact first, and then to a point")
		}
		before, is := e.Form.(*Point)
		switch {
		case !is:
		case before.Step != Propose:
			return refuse("only a proposal is changed, agreed to, refused or done")
		case before.Kind != p.Kind:
			return refuse("a point of kind %s cannot become one of kind %s", before.Kind, p.Kind)
		case p.Step == Agree && e.Party == c.Writer():
			return refuse("nobody agrees to an own proposal")
		}
	}
	return p.checkDocument(c)
}

// checkDocument holds a document to the dispatch that it names, where that is here.
func (p *Point) checkDocument(c form.Context) error {
	if p.Document == nil {
		return nil
	}
	e, ok := c.Entry(p.Document.Ref())
	if !ok || e.Form == nil {
		return nil
	}
	d, is := e.Form.(*form.Dispatch)
	if !is || !slices.ContainsFunc(d.Attachments, func(a form.Attachment) bool { return a.Hash == p.Document.File }) {
		return refuse("%s is no dispatch with such an attachment", p.Document.Ref())
	}
	return nil
}

// A Row is a contact that took place.
type Row struct {
	Date         string        `cbor:"1,keyasint" json:"date"` // YYYY-MM-DD, where it took place
	Level        Level         `cbor:"2,keyasint" json:"level"`
	Medium       Medium        `cbor:"3,keyasint" json:"medium"`
	Ours         string        `cbor:"4,keyasint" json:"ours"` // who of the writer's side
	Theirs       string        `cbor:"5,keyasint" json:"theirs"`
	Asked        string        `cbor:"6,keyasint,omitempty" json:"asked,omitempty"` // code of the party that asked for it; "both"
	Minutes      uint64        `cbor:"7,keyasint,omitempty" json:"minutes,omitempty"`
	Topics       []string      `cbor:"8,keyasint,omitempty" json:"topics,omitempty"`
	Place        string        `cbor:"9,keyasint,omitempty" json:"place,omitempty"`
	Source       string        `cbor:"10,keyasint" json:"source"`
	Began        uint64        `cbor:"11,keyasint,omitempty" json:"began,omitempty"` // UTC seconds
	Next         string        `cbor:"12,keyasint,omitempty" json:"next,omitempty"`  // promised next contact, YYYY-MM-DD
	Participants []Participant `cbor:"13,keyasint,omitempty" json:"participants,omitempty"`
}

// Phases of a register entry.
const (
	Enter    uint64 = 0
	Confirm  uint64 = 1
	Dispute  uint64 = 2
	TakeBack uint64 = 3
)

// A Register enters contacts that took place, here or elsewhere, or confirms,
// disputes or takes back what was entered.
type Register struct {
	form.Rest
	Phase uint64   `cbor:"1,keyasint"`
	Rows  []Row    `cbor:"2,keyasint,omitempty"` // entered
	Which []uint64 `cbor:"3,keyasint,omitempty"` // else: numbers of rows, from 1; absent: all
	Text  string   `cbor:"4,keyasint,omitempty"` // disputed: what is wrong
}

func registerForm() form.Definition {
	return form.Definition{
		Name: "register", Title: "Register of contacts", About: "Enters contacts that took place, or confirms, disputes or takes back what was entered. Of what took place on a line the request is referred to.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Max: 1}, Of: form.Target{Forms: []string{"request", "register"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "phase", Type: "0..3", Required: true, About: "0 entered: refers to nothing or to a request; else refers to what was entered: 1 confirmed and 2 disputed, another party's; 3 taken back, an own one"},
			{Key: 2, Code: "rows", Type: "[+ row]", About: "entered, and there only: 1 to 100, see below"},
			{Key: 3, Code: "which", Type: "[+ uint]", About: "not entered: the numbers of rows, from 1, rising; absent: all"},
			{Key: 4, Code: "text", Type: "tstr", About: "at most 4,000 bytes; there when disputed"},
		},
		New: func() form.Form { return new(Register) },
	}
}

// Name is "register".
func (*Register) Name() string { return "register" }

// Check holds it to spec/contacts.md.
func (r *Register) Check() error {
	switch {
	case r.Phase > TakeBack:
		return refuse("a register entry has phase 0 to 3, not %d", r.Phase)
	case (r.Phase == Enter) != (len(r.Rows) > 0) || r.Phase == Enter && len(r.Which) > 0:
		return refuse("what is entered has rows; what confirms, disputes or takes back has their numbers")
	case len(r.Rows) > maxRows || len(r.Which) > maxRows:
		return refuse("at most %d rows are allowed in one entry", maxRows)
	case r.Phase == Dispute && r.Text == "":
		return refuse("who disputes says what is wrong")
	}
	for i := range r.Rows {
		if err := r.Rows[i].check(); err != nil {
			return refuse("row %d: %v", i+1, err)
		}
	}
	for i, n := range r.Which {
		if n == 0 || n > maxRows || i > 0 && n <= r.Which[i-1] {
			return refuse("the numbers of rows are from 1 and rise")
		}
	}
	return checkNote("the text", r.Text)
}

func (r *Row) check() error {
	if _, err := ParseDate(r.Date); err != nil {
		return err
	}
	if r.Next != "" {
		if _, err := ParseDate(r.Next); err != nil {
			return err
		}
	}
	return firstError(within("level", levelWords, r.Level), within("medium", mediumWords, r.Medium),
		form.CheckLine("who of our side", r.Ours, maxName), form.CheckLine("who of the other side", r.Theirs, maxName),
		form.CheckOptionalLine("who asked", r.Asked, maxName), checkMinutes(r.Minutes), checkTopics(r.Topics),
		form.CheckOptionalLine("the place", r.Place, maxTopic), form.CheckLine("the source", r.Source, maxSource),
		checkTimes("the begin", r.Began), checkPeople(r.Participants))
}

// Rules holds references to what they are for.
func (r *Register) Rules(h *form.Header, c form.Context) error {
	if len(h.Refs) == 0 {
		if r.Phase != Enter {
			return refuse("what confirms, disputes or takes back refers to what was entered")
		}
		return nil
	}
	e, err := form.Referred(h.Refs[0], c)
	if err != nil {
		return err
	}
	if (e.Header.Form == "register") != (r.Phase != Enter) {
		return refuse("what is entered refers to a request, all else to what was entered")
	}
	if r.Phase != Enter && (e.Party == c.Writer()) != (r.Phase == TakeBack) {
		return refuse("another party's entries are confirmed or disputed, own ones taken back")
	}
	before, is := e.Form.(*Register)
	if !is {
		return nil
	}
	if before.Phase != Enter {
		return refuse("only what was entered is confirmed, disputed or taken back")
	}
	if n := len(r.Which); n > 0 && r.Which[n-1] > uint64(len(before.Rows)) {
		return refuse("there are %d rows, and no row %d", len(before.Rows), r.Which[n-1])
	}
	return nil
}

// ParseDate reads a date as YYYY-MM-DD of the years 1800 to 2199. The error is
// BadForm.
func ParseDate(s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1800 || t.Year() > 2199 {
		return time.Time{}, refuse("%q is no date such as 2024-04-02, of the years 1800 to 2199", s)
	}
	return t, nil
}
