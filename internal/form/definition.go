package form

import (
	"sync"
	"time"

	"parley"
)

// A Definition is everything about a form that does not depend on one entry.
// Documents, help and the desk are made from it.
type Definition struct {
	Name      string
	Title     string // for people, in English
	About     string // one sentence
	Numbered  bool   // has a serial in Series
	Series    uint64
	Technical bool // written by stations, not by officers
	Receipt   bool // says that an entry was read; never consent
	Quiet     bool // others need not confirm its order soon
	Addressed bool // needs an addressee of another party
	Language  bool // needs the language of its text
	Marked    bool // needs a marker; others have none
	Exercise  bool // may be part of an exercise
	Refs      Range
	Of        Target // what it may refer to
	Fields    []FieldDef
	New       func() Form
}

// Range is from Min to Max, both allowed.
type Range struct{ Min, Max int }

// A FieldDef defines one field of a form's body.
type FieldDef struct {
	Key      uint64
	Code     string
	Type     string // as in the specification
	Required bool
	About    string
}

// Definitions returns every form this station knows, in the order of
// spec/forms.md.
func Definitions() []Definition {
	return append([]Definition{
		dispatchForm(), disregardForm(), incumbentForm(), assentForm(), annexForm(), leaveForm(), exerciseForm(),
		serviceForm(), queryForm(), tracerForm(), readBackForm(), checkCallForm(),
		openedForm(), translatedForm(), informedForm(),
		attachmentsForm(), complaintForm(), lineTestForm(), keyForm(), seenForm(),
	}, registered...)
}

// registered are the forms of rooms above that decide nothing a line has to
// know, in the order in which they were registered.
var registered []Definition

// Register makes forms known. It is for the start of the program, before any
// form is looked for; a name that is known already is the programmer's error.
func Register(ds ...Definition) { registered = append(registered, ds...) }

// Find returns the definition of the named form.
func Find(name string) (*Definition, bool) {
	d, ok := index()[name]
	return d, ok
}

// index is Definitions by name, made once and never changed.
var index = sync.OnceValue(func() map[string]*Definition {
	m := map[string]*Definition{}
	for _, d := range Definitions() {
		m[d.Name] = &d
	}
	return m
})

// Known reports whether this station knows the form.
func Known(name string) bool { _, ok := Find(name); return ok }

// Series returns the series a form is numbered in; numbered is false for
// unnumbered and unknown forms.
func Series(name string) (series uint64, numbered bool) {
	if d, ok := Find(name); ok {
		return d.Series, d.Numbered
	}
	return 0, false
}

// IsTechnical reports whether stations write the form by themselves: a plain
// record leaves it out.
func IsTechnical(name string) bool { d, ok := Find(name); return ok && d.Technical }

// IsReceipt reports whether the form says that an entry was read.
func IsReceipt(name string) bool { d, ok := Find(name); return ok && d.Receipt }

// WantsSettling reports whether others should confirm the order of such an
// entry soon. Of an unknown form they should.
func WantsSettling(name string) bool { d, ok := Find(name); return !ok || !d.Quiet }

// QueryPause is the least time between two queries about one entry. One is
// automatic, when the objective has passed; none again within this time.
const QueryPause = 10 * time.Minute

// TestPatience is how long the answer to a line test may take.
const TestPatience = 15 * time.Second

// Deadline returns when the other side is to have opened an entry released at
// the given time; ok is false for forms nobody has to open. objective is the
// charter's.
func Deadline(h *Header, released time.Time, objective func(parley.Precedence) time.Duration) (by time.Time, ok bool) {
	if d, known := Find(h.Form); known && !d.Numbered || !known && h.Serial == 0 {
		return time.Time{}, false
	}
	return released.Add(objective(h.Precedence)), true
}
