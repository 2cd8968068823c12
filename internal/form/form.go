package form

import (
	"parley"
)

// A Form is what the body of an entry says. The types of this package and those
// that other rooms registered are all there are; *Other stands for those of a
// newer peer.
type Form interface {
	// Name is the form's name in headers.
	Name() string
	// Strange returns the fields that this station does not know.
	Strange() Unknown

	// Check holds the fields to their form by themselves.
	Check() error
	// Rules holds the form to its header and to the entries it refers to, beyond
	// what its definition says.
	Rules(h *Header, c Context) error

	rest() *Rest // every form embeds Rest
}

// Rest is part of every form: the fields this station does not know.
type Rest struct {
	Unknown Unknown `cbor:"-"`
}

// Strange returns the fields that this station does not know.
func (r *Rest) Strange() Unknown { return r.Unknown }

func (r *Rest) rest() *Rest { return r }

// Rules is for forms that no rule binds to other entries beyond what their
// definition says.
func (*Rest) Rules(*Header, Context) error { return nil }

// An Entry is what a rule may ask of an entry that is referred to.
type Entry struct {
	Party  parley.PartyCode
	Header *Header // nil when it cannot be opened, and for epoch entries
	Form   Form    // nil when the body is not opened
}

// Context answers what a rule between forms has to know. The answers are as
// they were when the entry that is validated was written.
type Context interface {
	// Writer is the party that writes, or wrote, the entry.
	Writer() parley.PartyCode
	// HasParty reports whether the code is a party of the charter in force.
	HasParty(parley.PartyCode) bool
	// HasOffice reports whether the charter in force knows the office.
	HasOffice(parley.Office) bool
	// InstructionAllowed reports whether the charter allows the marker.
	InstructionAllowed() bool
	// Entry returns an entry of any log of the line; ok is false when it is not held.
	Entry(parley.Ref) (e Entry, ok bool)
	// Receipted reports whether Writer has written an entry of the named form
	// that refers to the entry.
	Receipted(to parley.Ref, name string) bool
}

// Validate checks a form with its header against spec/forms.md: each field, the
// rules of the form, and the rules that bind it to the entries it refers to.
// It does not look at serials; CheckSerial does. Errors are BadForm;
// WrongParty for an unknown party; NotAllowed for what the charter forbids;
// NotFound when an entry that is referred to is not held, in which case
// nothing is known of the rest.
//
// A station refuses to file what does not pass. What arrives and does not pass
// is kept, shown with the error, and answered by a complaint.
func Validate(f Form, h *Header, c Context) error {
	if err := h.check(); err != nil {
		return err
	}
	if h.Form != f.Name() {
		return refuse("the header says %s, the body is a %s", h.Form, f.Name())
	}
	if err := checkOffices(h, c); err != nil {
		return err
	}
	if h.Opened != nil {
		if e, ok := c.Entry(*h.Opened); ok && e.Party == c.Writer() {
			return refuse("the last entry the drafter had opened is an own one")
		}
	}
	if d, ok := Find(h.Form); ok {
		if err := d.checkHeader(h, c); err != nil {
			return err
		}
	}
	if err := f.Check(); err != nil {
		return err
	}
	return f.Rules(h, c)
}

func checkOffices(h *Header, c Context) error {
	if !c.HasOffice(h.From) {
		return refuse("from %s: the charter knows no such office", h.From)
	}
	for _, list := range [][]parley.Address{h.To, h.Info} {
		for _, a := range list {
			if !c.HasParty(a.Party) {
				return parley.Errorf(parley.WrongParty, "%s: %s is not a party of this line", a, a.Party)
			}
			if !c.HasOffice(a.Office) {
				return refuse("%s: the charter knows no such office", a)
			}
		}
	}
	return nil
}

// checkHeader holds a header to the definition of its form.
func (d *Definition) checkHeader(h *Header, c Context) error {
	if h.Series != d.Series {
		return refuse("%s is in series %d, not %d", d.Name, d.Series, h.Series)
	}
	if d.Addressed && !toAnother(h.To, c.Writer()) {
		return refuse("%s needs an addressee of another party for action", d.Name)
	}
	if d.Language && h.Language == "" {
		return refuse("%s needs the language it is written in", d.Name)
	}
	if d.Marked != (h.Marker != parley.NoMarker) {
		if d.Marked {
			return refuse("%s needs a marker", d.Name)
		}
		return refuse("%s carries no marker, and this one is marked %s", d.Name, h.Marker)
	}
	if h.Exercise != "" && !d.Exercise {
		return refuse("%s is never part of an exercise", d.Name)
	}
	return d.checkRefs(h, c)
}

func toAnother(to []parley.Address, writer parley.PartyCode) bool {
	for _, a := range to {
		if a.Party != writer {
			return true
		}
	}
	return false
}

func (d *Definition) checkRefs(h *Header, c Context) error {
	if n := len(h.Refs); n < d.Refs.Min || n > d.Refs.Max {
		switch {
		case d.Refs.Max == 0:
			return refuse("%s refers to no entry, and this one refers to %d", d.Name, n)
		case d.Refs.Min == d.Refs.Max:
			return refuse("%s refers to exactly %d entry, and this one to %d", d.Name, d.Refs.Min, n)
		}
		return refuse("%s refers to %d to %d entries, and this one to %d", d.Name, d.Refs.Min, d.Refs.Max, n)
	}
	for _, r := range h.Refs {
		e, err := Referred(r, c)
		if err != nil {
			return err
		}
		if err := d.Of.check(d.Name, h, e, c.Writer()); err != nil {
			return err
		}
	}
	return nil
}

// Referred returns an entry that is referred to. The error is NotFound.
func Referred(r parley.Ref, c Context) (Entry, error) {
	e, ok := c.Entry(r)
	if !ok {
		return e, parley.Errorf(parley.NotFound, "it refers to entry %s, which is not held here", r)
	}
	return e, nil
}

// Whose entries a form may refer to.
type Whose uint8

// The values of Whose.
const (
	Anybodys Whose = iota
	Theirs         // of another party than the writer
	Own            // of the writer
)

// A Target says what a form may refer to.
type Target struct {
	Whose    Whose
	Numbered bool     // entries with a serial only
	Forms    []string // of these forms only; nil is any
	Same     bool     // both real, or both of the same exercise
}

func (t Target) check(name string, h *Header, e Entry, writer parley.PartyCode) error {
	switch {
	case t.Whose == Theirs && e.Party == writer:
		return refuse("%s refers to an entry of another party, never to an own one", name)
	case t.Whose == Own && e.Party != writer:
		return refuse("%s refers to an own entry, never to one of another party", name)
	}
	if !t.Numbered && t.Forms == nil && !t.Same {
		return nil
	}
	if e.Header == nil {
		return refuse("%s cannot refer to an entry that nobody could open", name)
	}
	if t.Numbered && e.Header.Serial == 0 {
		return refuse("%s cannot refer to %s", name, e.Header.Form)
	}
	if t.Forms != nil && !contains(t.Forms, e.Header.Form) {
		return refuse("%s cannot refer to %s", name, e.Header.Form)
	}
	if t.Same && e.Header.Exercise != h.Exercise {
		return refuse("what is said in an exercise and what is real cannot stand for each other")
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
