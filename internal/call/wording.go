package call

import (
	"parley/internal/form"
	"parley/internal/sheet"
)

// A Said is one sentence in one language.
type Said struct {
	_    struct{} `cbor:",toarray"`
	Lang string
	Text string
}

const (
	maxSaid     = 16
	maxSentence = 2_000 // bytes
)

// A Wording writes down what was said in a call, in every language of the line,
// for the other side to confirm; or, referring to an earlier one, writes it
// otherwise. It says what was said; it is not an agreement.
type Wording struct {
	form.Rest
	Texts []Said `cbor:"1,keyasint"`
	Note  string `cbor:"2,keyasint"` // WordingNote
}

// WordingNote is the fixed wording of every Wording.
const WordingNote = "What was said; not an agreement."

func wordingForm() form.Definition {
	return form.Definition{
		Name: "wording", Title: "Wording", About: "Writes down what was said in a call, in every language, for both sides to confirm. It is not an agreement.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Min: 1, Max: 2}, Of: form.Target{Forms: []string{"ring", "wording"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "texts", Type: "[+ [language, text]]", Required: true, About: "one for each language of the line, at most 16 of at most 2,000 bytes"},
			{Key: 2, Code: "note", Type: "tstr", Required: true, About: "\"" + WordingNote + "\""},
		},
		New: func() form.Form { return new(Wording) },
	}
}

// Name is "wording".
func (*Wording) Name() string { return "wording" }

// Check holds it to spec/calls.md.
func (w *Wording) Check() error {
	if len(w.Texts) == 0 || len(w.Texts) > maxSaid {
		return refuse("a wording stands in 1 to %d languages, not in %d", maxSaid, len(w.Texts))
	}
	if w.Note != WordingNote {
		return refuse("a wording says: %s", WordingNote)
	}
	for i, t := range w.Texts {
		if err := firstError(form.CheckLanguage("a language", t.Lang), form.CheckText("the wording", t.Text, maxSentence)); err != nil {
			return err
		}
		for _, o := range w.Texts[:i] {
			if o.Lang == t.Lang {
				return refuse("the language %s stands twice", t.Lang)
			}
		}
	}
	return nil
}

// Rules holds the references to a call, and then to the wording it takes the
// place of.
func (w *Wording) Rules(h *form.Header, c form.Context) error {
	for i, want := range []string{"ring", "wording"}[:min(len(h.Refs), 2)] {
		if e, ok := c.Entry(h.Refs[i]); ok && e.Form != nil && e.Form.Name() != want {
			return refuse("reference %d of a wording names a %s", i+1, want)
		}
	}
	return nil
}

// Sheet shows the fields (package sheet).
func (w *Wording) Sheet() []sheet.Field {
	var s sheet.List
	for _, t := range w.Texts {
		s.Add("language", "language", t.Lang)
		s.Add("text", "text", t.Text)
	}
	s.Add("note", "note", w.Note)
	return s
}

// A Confirm confirms a wording, says that it is not what was said, or takes back
// an own wording.
type Confirm struct {
	form.Rest
	Phase uint64 `cbor:"1,keyasint"`
	Text  string `cbor:"2,keyasint,omitempty"`
}

// Phases of a Confirm.
const (
	Confirmed uint64 = iota
	Denied
	TakenBack
)

var confirmWords = []string{"confirmed", "denied", "taken back"}

func confirmForm() form.Definition {
	return form.Definition{
		Name: "confirm", Title: "Word on a wording", About: "Confirms a wording, denies that it was said so, or takes back an own one.",
		Addressed: true, Exercise: true, Refs: form.Range{Min: 1, Max: 1}, Of: form.Target{Forms: []string{"wording"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "phase", Type: "0..2", Required: true, About: "0 confirmed, 1 denied, with a text, 2 taken back by its writer"},
			{Key: 2, Code: "text", Type: "tstr", About: "at most 4,000 bytes"},
		},
		New: func() form.Form { return new(Confirm) },
	}
}

// Name is "confirm".
func (*Confirm) Name() string { return "confirm" }

// Check holds it to spec/calls.md.
func (c *Confirm) Check() error {
	if c.Phase > TakenBack {
		return refuse("a word on a wording has phase 0 to 2, not %d", c.Phase)
	}
	if c.Phase == Denied && c.Text == "" {
		return refuse("who denies a wording says what differs")
	}
	if c.Text == "" {
		return nil
	}
	return form.CheckText("the text", c.Text, maxNote)
}

// Sheet shows the fields.
func (c *Confirm) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("phase", "phase", confirmWords[min(c.Phase, TakenBack)])
	s.Add("text", "text", c.Text)
	return s
}

// A Dispute says that an interpreter rendered something otherwise than it was
// said.
type Dispute struct {
	form.Rest
	Lang  string `cbor:"1,keyasint"` // into which it was interpreted
	Heard string `cbor:"2,keyasint"` // the words of the interpreter
	Meant string `cbor:"3,keyasint,omitempty"`
	At    uint64 `cbor:"4,keyasint,omitempty"` // UTC seconds
}

func disputeForm() form.Definition {
	return form.Definition{
		Name: "dispute", Title: "Disputed rendering", About: "Says that something was interpreted otherwise than it was said.",
		Addressed: true, Exercise: true, Refs: form.Range{Min: 1, Max: 1}, Of: form.Target{Forms: []string{"ring"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "language", Type: "tstr", Required: true, About: "the tag of the language into which it was interpreted"},
			{Key: 2, Code: "heard", Type: "tstr", Required: true, About: "the interpreter's words, at most 2,000 bytes"},
			{Key: 3, Code: "meant", Type: "tstr", About: "what should stand in their place, at most 2,000 bytes"},
			{Key: 4, Code: "at", Type: "uint", About: "when it was said"},
		},
		New: func() form.Form { return new(Dispute) },
	}
}

// Name is "dispute".
func (*Dispute) Name() string { return "dispute" }

// Check holds it to spec/calls.md.
func (d *Dispute) Check() error {
	if d.At > maxAt {
		return refuse("it was said beyond the year 2199")
	}
	if err := firstError(form.CheckLanguage("the language", d.Lang), form.CheckText("the interpreter's words", d.Heard, maxSentence)); err != nil || d.Meant == "" {
		return err
	}
	return form.CheckText("what should stand in their place", d.Meant, maxSentence)
}

// Sheet shows the fields.
func (d *Dispute) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("language", "language", d.Lang)
	s.Add("heard", "heard", d.Heard)
	s.Add("meant", "meant", d.Meant)
	s.Add("at", "at", sheet.Clock(d.At))
	return s
}
