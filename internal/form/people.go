package form

import (
	"slices"

	"parley"
)

const (
	maxPersonName = 100 // characters
	maxTongues    = 16
	maxDrillPath  = 16
)

// An Incumbent says who holds an office of the writer's party, from when, and
// how to address that person.
type Incumbent struct {
	Rest
	Office    parley.Office `cbor:"1,keyasint"`
	Person    string        `cbor:"2,keyasint"`
	Address   string        `cbor:"3,keyasint"` // form of address, for example "Your Excellency"
	From      uint64        `cbor:"4,keyasint"` // UTC seconds
	Until     uint64        `cbor:"5,keyasint,omitempty"`
	Languages []string      `cbor:"6,keyasint,omitempty"` // that the person speaks
	Hours     string        `cbor:"7,keyasint,omitempty"` // when the office is manned, in UTC
	Deputy    string        `cbor:"8,keyasint,omitempty"` // who stands in
}

func incumbentForm() Definition {
	return Definition{
		Name: "incumbent", Title: "Incumbent", About: "Who holds an office of the writer's party, and from when.",
		Numbered: true, Series: TrafficSeries,
		Fields: []FieldDef{
			{1, "office", "tstr", true, "an office of the charter"},
			{2, "name", "tstr", true, "one line, at most 100 characters"},
			{3, "form of address", "tstr", true, "one line, at most 100 characters"},
			{4, "from", "uint", true, "when the term begins"},
			{5, "until", "uint", false, "when it ends, after *from*; absent: not known"},
			{6, "languages", "[+ tstr]", false, "language tags, at most 16, each once"},
			{7, "hours", "tstr", false, "when the office is manned, in UTC: one line, at most 100 characters"},
			{8, "deputy", "tstr", false, "who stands in: one line, at most 100 characters"},
		},
		New: func() Form { return new(Incumbent) },
	}
}

// Name is "incumbent".
func (*Incumbent) Name() string { return "incumbent" }

func (i *Incumbent) Check() error {
	if _, err := parley.ParseOffice(string(i.Office)); err != nil {
		return refuse("%v", err)
	}
	if err := CheckLine("the name", i.Person, maxPersonName); err != nil {
		return err
	}
	if err := CheckLine("the form of address", i.Address, maxPersonName); err != nil {
		return err
	}
	for _, o := range [...]struct{ what, text string }{{"the hours", i.Hours}, {"the name of the deputy", i.Deputy}} {
		if o.text == "" {
			continue
		}
		if err := CheckLine(o.what, o.text, maxPersonName); err != nil {
			return err
		}
	}
	if i.From == 0 || i.From > MaxTime || i.Until > MaxTime || i.Until != 0 && i.Until <= i.From {
		return refuse("the term from %d until %d is none", i.From, i.Until)
	}
	if len(i.Languages) > maxTongues {
		return refuse("%d languages, at most %d are allowed", len(i.Languages), maxTongues)
	}
	for n, tag := range i.Languages {
		if err := CheckLanguage("a language", tag); err != nil {
			return err
		}
		if slices.Contains(i.Languages[:n], tag) {
			return refuse("the language %s stands twice", tag)
		}
	}
	return nil
}

func (i *Incumbent) Rules(_ *Header, c Context) error {
	if !c.HasOffice(i.Office) {
		return refuse("the charter knows no office %s", i.Office)
	}
	return nil
}

// The phases of an exercise.
const (
	ExerciseBegin uint64 = 0
	ExerciseAgree uint64 = 1
	ExerciseEnd   uint64 = 2
)

// An Exercise begins, agrees to or ends an exercise. Entries that carry its name
// are EXERCISE; a real entry always breaks it. One that names a path is a
// single-path drill: what is written during it is real, and that path alone
// carries it.
type Exercise struct {
	Rest
	Phase uint64 `cbor:"1,keyasint"`
	Title string `cbor:"2,keyasint"`           // the name that headers carry
	Until uint64 `cbor:"3,keyasint,omitempty"` // UTC seconds; with ExerciseBegin only
	Path  string `cbor:"4,keyasint,omitempty"` // with ExerciseBegin only: the one path of a drill, for example "QUIC"
}

func exerciseForm() Definition {
	return Definition{
		Name: "exercise", Title: "Exercise", About: "Begins, agrees to or ends an exercise.",
		Numbered: true, Series: TrafficSeries, Addressed: true,
		Refs: Range{0, 1}, Of: Target{Forms: []string{"exercise"}},
		Fields: []FieldDef{
			{1, "phase", "0..2", true, "0 begin: no reference; 1 agree: refers to another party's begin; 2 end: refers to anybody's begin"},
			{2, "name", "tstr", true, "one line, at most 64 characters; that of the begin referred to"},
			{3, "until", "uint", false, "when it ends by itself; there exactly in a begin"},
			{4, "path", "tstr", false, "in a begin only: a single-path drill, and the name of the path; at most 16 of A-Z and 0-9"},
		},
		New: func() Form { return new(Exercise) },
	}
}

// Name is "exercise".
func (*Exercise) Name() string { return "exercise" }

func (x *Exercise) Check() error {
	if x.Phase > ExerciseEnd {
		return refuse("an exercise has phase 0 to 2, not %d", x.Phase)
	}
	if (x.Phase == ExerciseBegin) != (x.Until != 0) || x.Until > MaxTime {
		return refuse("the begin of an exercise, and it alone, says until when it lasts")
	}
	if x.Path != "" && (x.Phase != ExerciseBegin || !pathName(x.Path)) {
		return refuse("the path %q: the begin of a drill, and it alone, names one, in at most %d of A-Z and 0-9", x.Path, maxDrillPath)
	}
	return CheckLine("the name of the exercise", x.Title, MaxExercise)
}

func (x *Exercise) Rules(h *Header, c Context) error {
	if err := checkPhase(h, c, x.Phase != ExerciseBegin, func(f Form) bool {
		begun, ok := f.(*Exercise)
		return !ok || begun.Phase == ExerciseBegin
	}); err != nil || x.Phase == ExerciseBegin {
		return err
	}
	e, err := Referred(h.Refs[0], c)
	if err != nil {
		return err
	}
	if x.Phase == ExerciseAgree && e.Party == c.Writer() {
		return refuse("nobody agrees to an own exercise")
	}
	if begun, ok := e.Form.(*Exercise); ok && begun.Title != x.Title {
		return refuse("the exercise %q is not the %q it refers to", x.Title, begun.Title)
	}
	return nil
}

func pathName(s string) bool {
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return len(s) <= maxDrillPath
}
