package call

import (
	"fmt"
	"slices"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/sheet"
)

// CallsAreRecorded is the rule of a charter under which calls may be recorded.
// Under any other none is.
const CallsAreRecorded = "calls are recorded"

// A Recording says what its writer's station recorded of a call: one file a voice,
// with the hash of each as it is played. The files stay where they are.
type Recording struct {
	form.Rest
	Began  uint64  `cbor:"1,keyasint"` // when every file begins, UTC milliseconds
	Voices []Taped `cbor:"2,keyasint"`
	Text   string  `cbor:"3,keyasint,omitempty"` // what is missing
}

// Taped is one voice of a recording.
type Taped struct {
	_      struct{} `cbor:",toarray"`
	File   uint64   // its number among the writer's files of the call
	Name   string
	Party  string
	Tongue string
	Kind   uint64 // 0 Ogg Opus, 1 WAVE with G.711
	From   uint64 // when its first sound came, UTC milliseconds
	Until  uint64 // when its last came
	Bytes  uint64
	Sum    []byte // SHA-256
	Whole  bool   // it was not cut by a crash or a full disk
}

// Recorded reports whether everybody who rang or lifted agreed that each side
// records the call: a ring that crossed and does not say so has not.
func (c *Call) Recorded() bool {
	says := func(e *Entry) bool { return e.Form.(*Ring).Recording == contact.EachItsOwn }
	return says(c.Ring) && !slices.ContainsFunc(c.Crossed, func(o *Call) bool { return !says(o.Ring) })
}

const (
	maxTaped = 128
	maxFile  = 1<<32 - 1
	maxBytes = 1 << 52
)

func recordingForm() form.Definition {
	return form.Definition{
		Name: "recording", Title: "Recording of a call", About: "Says what the writer's station recorded of a call, with the hash of every file.",
		Addressed: true, Exercise: true, Quiet: true, Refs: form.Range{Min: 1, Max: 1}, Of: form.Target{Forms: []string{"ring"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "began", Type: "uint", Required: true, About: "when every file begins, UTC milliseconds"},
			{Key: 2, Code: "voices", Type: "[+ [file, name, party, language, kind, from, until, bytes, sha-256, whole]]", Required: true, About: "at most 128; kind 0 Ogg Opus, 1 WAVE with G.711; from and until UTC milliseconds; language may be empty"},
			{Key: 3, Code: "text", Type: "tstr", About: "what is missing, one line, at most 200 characters"},
		},
		New: func() form.Form { return new(Recording) },
	}
}

// Name is "recording".
func (*Recording) Name() string { return "recording" }

// Check holds it to spec/calls.md.
func (r *Recording) Check() error {
	if len(r.Voices) == 0 || len(r.Voices) > maxTaped || r.Began > maxAt*1000 {
		return refuse("a recording has 1 to %d voices, and a time", maxTaped)
	}
	files := map[uint64]bool{}
	for i := range r.Voices {
		v := &r.Voices[i]
		if files[v.File] || v.File == 0 || v.File > maxFile || v.Kind > 1 || len(v.Sum) != 32 || v.Bytes > maxBytes || v.From > v.Until || v.Until > maxAt*1000 {
			return refuse("voice %d of a recording is none", i+1)
		}
		files[v.File] = true
		if _, err := parley.ParsePartyCode(v.Party); err != nil {
			return refuse("voice %d of a recording is of no party", i+1)
		}
		if err := form.CheckLine("a name", v.Name, maxName); err != nil {
			return err
		}
		if v.Tongue != "" {
			if err := form.CheckLanguage("a language", v.Tongue); err != nil {
				return err
			}
		}
	}
	return form.CheckOptionalLine("the text", r.Text, maxLine)
}

// Sheet shows the fields.
func (r *Recording) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("began", "recorded from", sheet.Clock(r.Began/1000))
	for _, v := range r.Voices {
		cut := ""
		if !v.Whole {
			cut = ", cut short"
		}
		s.Add("voice", "voice", fmt.Sprintf("%d: %s (%s), %s - %s, %d bytes, SHA-256 %x%s", v.File, v.Name, v.Party, sheet.Clock(v.From/1000), sheet.Clock(v.Until/1000), v.Bytes, v.Sum, cut))
	}
	s.Add("text", "text", r.Text)
	return s
}
