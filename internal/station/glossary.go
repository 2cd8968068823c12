package station

import (
	"context"
	"fmt"
	"io"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/glossary"
	"parley/internal/own"
)

// A GlossaryTerm is what something is called in the languages of a line: our side only.
type GlossaryTerm struct {
	ID      int64      `json:"id"`
	Words   []SaidText `json:"words"` // in the order of the line's languages
	Note    string     `json:"note,omitempty"`
	By      string     `json:"by"`
	Added   time.Time  `json:"added"`
	Checker string     `json:"checked_by,omitempty"`
	Checked time.Time  `json:"checked,omitzero"`
}

// CallBeside is what stands beside a call: for telephones, and for interpreters.
type CallBeside struct {
	Narrow []CallNarrow   `json:"narrow,omitempty"`     // by telephone, and interpreted simultaneously
	Keys   []string       `json:"phone_keys,omitempty"` // the languages of the keys 1, 2... of a telephone
	Terms  []GlossaryTerm `json:"glossary,omitempty"`   // for our interpreters alone, as the script
	Script []CallScript   `json:"script,omitempty"`
	Beside string         `json:"beside,omitempty"` // why they cannot be read; the call goes on
}

// mayGloss says who writes terms of a line and takes them out.
func mayGloss(by Officer, act string) error {
	if err := person(by, act); err != nil {
		return err
	}
	return seatFor(by, act, parley.Interpreter, parley.Translator, parley.Envoy, parley.Watch)
}

// Glossary returns the terms of a line, in the order in which they were written.
func (s *Station) Glossary(_ context.Context, name string) ([]GlossaryTerm, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	return s.terms(l)
}

func (s *Station) terms(l *liveLine) ([]GlossaryTerm, error) {
	kept, err := s.own.Terms(l.id)
	if err != nil {
		return nil, err
	}
	name := s.names()
	out := make([]GlossaryTerm, 0, len(kept))
	for _, t := range kept {
		x := GlossaryTerm{ID: t.ID, Note: t.Note, Added: t.At, Checked: t.Checked}
		for _, lang := range l.tongues() {
			if text := t.In(lang); text != "" {
				x.Words = append(x.Words, SaidText{lang, text})
			}
		}
		if x.By, err = name(t.Officer); err == nil && t.Checker != 0 {
			x.Checker, err = name(t.Checker)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// names tells officers' names, and asks for each once.
func (s *Station) names() func(id int64) (string, error) {
	known := map[int64]string{}
	return func(id int64) (string, error) {
		if n, ok := known[id]; ok {
			return n, nil
		}
		n, err := s.officerName(id)
		known[id] = n
		return n, err
	}
}

// AddTerm keeps a term in two languages of the line at least, unchecked.
func (s *Station) AddTerm(_ context.Context, by Officer, name string, words []SaidText, note string) error {
	const act = "add to the glossary"
	if err := mayGloss(by, act); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	t := glossary.Term{Note: note}
	for _, w := range words {
		t.Words = append(t.Words, glossary.Word{Language: w.Language, Text: w.Text})
	}
	if err := t.Check(l.tongues()); err != nil {
		return err
	}
	n, err := s.own.AddTerms(l.id, by.ID, []glossary.Term{t})
	if err == nil && n == 0 {
		err = parley.Errorf(parley.Conflict, "the glossary has this term already")
	}
	if err != nil {
		return err
	}
	return s.glossed(by, act, l, t.Words[0].Text)
}

// glossed says in the audit and to desks what was done beside interpreters.
func (s *Station) glossed(by Officer, act string, l *liveLine, detail string) error {
	l.emit("call", l.id.String(), "")
	return s.audit(by, act, l.id.String(), detail)
}

// ImportTerms keeps the terms of a table (see glossary.ReadCSV), unchecked, all or,
// where one has a fault or clashes with what is there, none. What is there already is
// passed over; it returns how many were added.
func (s *Station) ImportTerms(_ context.Context, by Officer, name string, table io.Reader) (added int, err error) {
	const act = "import a glossary"
	if err := mayGloss(by, act); err != nil {
		return 0, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return 0, err
	}
	terms, err := glossary.ReadCSV(table, l.tongues())
	if err != nil {
		return 0, err
	}
	if added, err = s.own.AddTerms(l.id, by.ID, terms); err != nil {
		return 0, err
	}
	return added, s.glossed(by, act, l, fmt.Sprintf("%d of %d terms", added, len(terms)))
}

// GlossaryTable writes the terms of a line as ImportTerms reads them, with who wrote
// and who checked each.
func (s *Station) GlossaryTable(_ context.Context, name string, w io.Writer) error {
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	terms, err := s.terms(l)
	if err != nil {
		return err
	}
	var out []glossary.Entry
	for _, t := range terms {
		e := glossary.Entry{Term: glossary.Term{Note: t.Note}, Writer: t.By, Checker: t.Checker, Checked: t.Checked}
		for _, x := range t.Words {
			e.Words = append(e.Words, glossary.Word{Language: x.Language, Text: x.Text})
		}
		out = append(out, e)
	}
	return glossary.WriteCSV(w, l.tongues(), out)
}

// GlossaryColumns are those of a table that is imported.
func (s *Station) GlossaryColumns(_ context.Context, name string) ([]string, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	return glossary.Columns(l.tongues()), nil
}

// CheckTerm says that an interpreter or translator, another than who wrote it, checked
// a term.
func (s *Station) CheckTerm(_ context.Context, by Officer, name string, id int64) error {
	const act = "check a term"
	if err := person(by, act); err != nil {
		return err
	}
	if err := seatFor(by, act, parley.Interpreter, parley.Translator); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	if err := s.own.CheckTerm(l.id, id, by.ID); err != nil {
		return err
	}
	return s.glossed(by, act, l, fmt.Sprintf("term %d", id))
}

// RemoveTerm takes a term out.
func (s *Station) RemoveTerm(_ context.Context, by Officer, name string, id int64) error {
	const act = "take out of the glossary"
	if err := mayGloss(by, act); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	if err := s.own.RemoveTerm(l.id, id); err != nil {
		return err
	}
	return s.glossed(by, act, l, fmt.Sprintf("term %d", id))
}

// A CallScript is a piece of what our side means to say, for our interpreters: on the
// call that runs, or on the next. It never leaves the station.
type CallScript struct {
	ID   int64     `json:"id"`
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Text string    `json:"text"`
}

const maxScript = 2000 // characters of a piece

// mayScript says who passes pieces of a script, and reads them outside a call.
func mayScript(by Officer, act string) error {
	if err := person(by, act); err != nil {
		return err
	}
	return seatFor(by, act, parley.Envoy, parley.Principal, parley.Watch, parley.Interpreter, parley.Translator)
}

// Script returns the script of a line, in the order in which it was passed. Reading
// it is audited; an interpreter on a call reads it there.
func (s *Station) Script(_ context.Context, by Officer, name string) ([]CallScript, error) {
	const act = "read the script"
	if err := mayScript(by, act); err != nil {
		return nil, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	out, err := s.script(l)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return out, s.audit(by, act, l.id.String(), "")
}

func (s *Station) script(l *liveLine) (out []CallScript, _ error) {
	kept, err := s.own.Scripts(l.id)
	name := s.names()
	for _, x := range kept {
		by, err := name(x.Officer)
		if err != nil {
			return nil, err
		}
		out = append(out, CallScript{x.ID, x.At, by, x.Text})
	}
	return out, err
}

// beside puts script and glossary beside an interpreter. What cannot be read of them
// is said there, and takes him off no call.
func (s *Station) beside(l *liveLine, out *CallRoom) {
	var err error
	if out.Terms, err = s.terms(l); err == nil {
		out.Script, err = s.script(l)
	}
	if err != nil {
		out.Beside = err.Error()
		l.log.Error("reading script and glossary", "err", err)
	}
}

// PassScript passes a piece of the script to our interpreters.
func (s *Station) PassScript(_ context.Context, by Officer, name, text string) error {
	const act = "pass a script"
	if err := mayScript(by, act); err != nil {
		return err
	}
	if err := form.CheckText("the script", text, maxScript); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	x, err := s.own.AddScript(own.Script{Line: l.id, Officer: by.ID, Text: text})
	if err != nil {
		return err
	}
	return s.glossed(by, act, l, fmt.Sprintf("piece %d", x.ID))
}

// RemoveScript takes a piece of the script out; id 0 all of it.
func (s *Station) RemoveScript(_ context.Context, by Officer, name string, id int64) error {
	const act = "take a script back"
	if err := mayScript(by, act); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	if err := s.own.RemoveScript(l.id, id); err != nil {
		return err
	}
	detail := "all of it"
	if id != 0 {
		detail = fmt.Sprintf("piece %d", id)
	}
	return s.glossed(by, act, l, detail)
}
