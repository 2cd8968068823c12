package said

import (
	"parley/internal/form"
	"parley/internal/sheet"
)

// Steps of a joint statement.
const (
	Offer    uint64 = iota // proposed, and signed with that
	Sign                   // signed by another
	Withdraw               // the own signature
	Decline
)

var jointSteps = []string{"proposed", "signed", "withdrawn", "refused"}

// A Joint proposes a statement of all sides, signs it, withdraws the own signature
// or refuses it. Its first reference is a request of the contact; the second, there
// in all but a first proposal, the proposal that it is about.
type Joint struct {
	form.Rest
	Step      uint64     `cbor:"1,keyasint"`
	Statement *Statement `cbor:"2,keyasint,omitempty"` // proposed and signed
	Text      string     `cbor:"3,keyasint,omitempty"`
}

func jointForm() form.Definition {
	return form.Definition{
		Name: "joint", Title: "Joint statement", About: "Proposes a statement of all sides, signs it, withdraws the own signature, or refuses it.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Min: 1, Max: 2}, Of: form.Target{Forms: []string{"request", "joint"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "step", Type: "0..3", Required: true, About: "0 proposed, which signs it, in place of the second reference where there is one; 1 signed, another party's; 2 the own signature is withdrawn; 3 refused"},
			{Key: 2, Code: "statement", Type: "statement", About: "there exactly when proposed and signed: the same languages in every item; who signs repeats it"},
			{Key: 3, Code: "text", Type: "tstr", About: "at most 4,000 bytes"},
		},
		New: func() form.Form { return new(Joint) },
	}
}

// Name is "joint".
func (*Joint) Name() string { return "joint" }

// Check holds it to spec/statements.md.
func (j *Joint) Check() error {
	switch {
	case j.Step > Decline:
		return refuse("a joint statement has step 0 to 3, not %d", j.Step)
	case (j.Step <= Sign) != (j.Statement != nil):
		return refuse("who proposes or signs a joint statement repeats it whole, nobody else does")
	}
	if j.Statement != nil {
		if err := firstError(j.Statement.Check(), j.Statement.even()); err != nil {
			return err
		}
	}
	return checkNote(j.Text)
}

// Rules holds a signature to another's proposal and to its very words.
func (j *Joint) Rules(h *form.Header, c form.Context) error {
	if len(h.Refs) == 1 && j.Step != Offer {
		return refuse("who signs, withdraws or refuses refers to the proposal, after the request")
	}
	es, err := referred(h, c, "request", "joint")
	if err != nil || len(es) < 2 {
		return err
	}
	o, is := es[1].Form.(*Joint)
	switch {
	case !is:
	case o.Step != Offer:
		return refuse("only a proposal is replaced, signed, withdrawn or refused")
	case j.Step == Sign && es[1].Party == c.Writer():
		return refuse("who proposed a joint statement has signed it with that")
	case j.Step == Sign && !j.Statement.Equal(o.Statement):
		return refuse("what is signed is not what was proposed")
	}
	return nil
}

// Sheet shows the fields (package sheet).
func (j *Joint) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("step", "step", jointSteps[min(j.Step, Decline)])
	j.Statement.sheet(&s)
	s.Add("text", "text", j.Text)
	return s
}

// Kinds of what is published.
const (
	Readout uint64 = iota
	JointStatement
)

var kindWords = []string{"readout", "joint statement"}

// A Published says that its writer published a statement: an own readout, a joint
// statement, or a correction of what it published before.
type Published struct {
	form.Rest
	Kind      uint64     `cbor:"1,keyasint"`
	Statement *Statement `cbor:"2,keyasint,omitempty"` // absent for a joint statement
	At        uint64     `cbor:"3,keyasint"`           // UTC seconds
	Where     string     `cbor:"4,keyasint,omitempty"`
	Text      string     `cbor:"5,keyasint,omitempty"`
}

func publishedForm() form.Definition {
	return form.Definition{
		Name: "published", Title: "Statement published", About: "Says that its writer has published a readout of a contact, a joint statement, or a correction.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true,
		Refs: form.Range{Min: 1, Max: 2}, Of: form.Target{Forms: []string{"request", "joint", "published"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "kind", Type: "0..1", Required: true, About: "0 a readout, or a correction of the second reference, an own *published*; 1 a joint statement: the second reference is its proposal"},
			{Key: 2, Code: "statement", Type: "statement", About: "there exactly in kind 0"},
			{Key: 3, Code: "at", Type: "uint", Required: true, About: "when it was published"},
			{Key: 4, Code: "where", Type: "tstr", About: "one line, at most 500 characters: a place, a URL"},
			{Key: 5, Code: "text", Type: "tstr", About: "at most 4,000 bytes: why early, or what is corrected"},
		},
		New: func() form.Form { return new(Published) },
	}
}

// Name is "published".
func (*Published) Name() string { return "published" }

// Check holds it to spec/statements.md.
func (p *Published) Check() error {
	switch {
	case p.Kind > JointStatement:
		return refuse("a readout or a joint statement is published, not kind %d", p.Kind)
	case (p.Kind == Readout) != (p.Statement != nil):
		return refuse("a readout is published with its text, a joint statement by its proposal")
	case p.At == 0 || p.At > maxAt:
		return refuse("what is published has a time before the year 2200")
	}
	if p.Statement != nil {
		if err := p.Statement.Check(); err != nil {
			return err
		}
	}
	return firstError(form.CheckOptionalLine("where it was published", p.Where, maxWhere), checkNote(p.Text))
}

// Rules holds the second reference to what its kind wants.
func (p *Published) Rules(h *form.Header, c form.Context) error {
	if p.Kind == JointStatement && len(h.Refs) != 2 {
		return refuse("a joint statement is published by its proposal")
	}
	es, err := referred(h, c, "request", [...]string{"published", "joint"}[p.Kind])
	if err != nil || len(es) < 2 {
		return err
	}
	if o, is := es[1].Form.(*Joint); is && o.Step != Offer {
		return refuse("a joint statement is published by its proposal, not by what became of it")
	}
	if p.Kind == Readout && es[1].Party != c.Writer() {
		return refuse("a side corrects what it published itself")
	}
	return nil
}

// Sheet shows the fields.
func (p *Published) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("kind", "kind", kindWords[min(p.Kind, JointStatement)])
	p.Statement.sheet(&s)
	s.Add("at", "published", sheet.Clock(p.At))
	s.Add("where", "where", p.Where)
	s.Add("text", "text", p.Text)
	return s
}
