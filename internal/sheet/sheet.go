// Package sheet shows what a form says: its fields in order, each with a code
// for translation, an English name and a text. It decides nothing that is
// believed, so it stands outside the trusted core (docs/decisions/0002).
package sheet

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"parley"
	"parley/internal/form"
)

// A Field is one value for display. Code is stable, for translation.
type Field struct {
	Code  string
	Name  string // in English
	Value string // any text; show it through form.Visible
}

// A List is fields in the order in which they are added.
type List []Field

// Add appends a field unless its value is empty.
func (l *List) Add(code, name, value string) {
	if value != "" {
		*l = append(*l, Field{code, name, value})
	}
}

// Fields shows what a form says, in order; fields that are empty are left out,
// those that this station does not know stand last. Forms of rooms above show
// themselves, by a method Sheet.
func Fields(f form.Form) []Field {
	var s sheet
	switch f := f.(type) {
	case *form.Dispatch:
		s.dispatch(f)
	case *form.Disregard:
		s.add("reason", "reason", f.Reason)
	case *form.Service:
		s.add("subject", "subject", f.Subject)
		s.add("text", "text", f.Text)
	case *form.Query:
		s.add("text", "text", f.Text)
		if f.Automatic {
			s.add("automatic", "written by", "the station")
		}
	case *form.Tracer:
		s.add("text", "text", f.Text)
		if f.Rung >= uint64(parley.Stored) && f.Rung <= uint64(parley.Answered) {
			s.add("rung", "missing", parley.Rung(f.Rung).String())
		}
	case *form.ReadBack:
		s.add("step", "step", map[uint64]string{form.ReadBackAsked: "asked", form.ReadBackGiven: "given", form.ReadBackRight: "right", form.ReadBackWrong: "wrong"}[f.Step])
		s.add("text", "text", f.Text)
	case *form.CheckCall:
		s.add("phase", "phase", map[uint64]string{form.Call: "call", form.Answer: "answer"}[f.Phase])
		s.add("text", "text", f.Text)
	case *form.Opened:
		s.receipt(f.Wording, f.Time, "")
	case *form.Translated:
		s.receipt(f.Wording, f.Time, f.Language)
	case *form.Informed:
		s.receipt(f.Wording, f.Time, "")
	case *form.Attachments:
		for _, h := range f.Hashes {
			s.add("hash", "stored", hex.EncodeToString(h[:]))
		}
	case *form.Complaint:
		s.add("kind", "error kind", f.Kind)
		s.add("text", "text", f.Text)
	case *form.Key:
		s.add("key", "key id", f.Public.ID().String())
	case *form.LineTest:
		s.test(f)
	default:
		s.parties(f)
	}
	return append(s.fields, strange(f.Strange())...)
}

// sheet is what is being written.
type sheet struct{ fields List }

func (s *sheet) add(code, name, value string) { s.fields.Add(code, name, value) }

func (s *sheet) dispatch(d *form.Dispatch) {
	s.add("subject", "subject", d.Subject)
	s.add("text", "text", d.Text)
	s.add("legal", "legal reference", d.Legal)
	s.add("releasability", "releasability", d.Releasability)
	for i, a := range d.Attachments {
		s.add("attachment", fmt.Sprintf("attachment %d", i+1), fmt.Sprintf("%s (%s, %d bytes)", a.Name, a.Type, a.Size))
	}
	s.add("reason", "reason for FLASH", d.Reason)
	s.add("remarks", "remarks", d.Remarks)
}

func (s *sheet) receipt(wording string, t uint64, language string) {
	s.add("time", "time", Clock(t))
	s.add("language", "language of the translation", language)
	s.add("wording", "wording", wording)
}

func (s *sheet) test(t *form.LineTest) {
	phase := "probe"
	if t.Phase == form.Answer {
		phase = "answer"
	}
	s.add("phase", "phase", phase)
	s.add("clock", "clock", Clock(t.Clock/1000))
	for _, l := range t.Logs {
		s.add("log", "holds log "+l.Gen.String(), fmt.Sprintf("%d entries, root %x", l.Size, l.Root))
	}
	for _, p := range t.Paths {
		state := "down"
		if p.Up {
			state = fmt.Sprintf("up, %d µs", p.RTT)
		}
		s.add("path", "path "+p.Name, state)
	}
	if list := form.TestTexts(); t.Text < uint64(len(list)) {
		s.add("text", "text", list[t.Text])
	}
}

// parties shows the forms by which parties order the line itself.
func (s *sheet) parties(f form.Form) {
	switch f := f.(type) {
	case *form.Incumbent:
		s.add("office", "office", string(f.Office))
		s.add("name", "name", f.Person)
		s.add("address", "form of address", f.Address)
		s.add("from", "from", Clock(f.From))
		s.add("until", "until", Clock(f.Until))
		s.add("languages", "languages", strings.Join(f.Languages, ", "))
		s.add("hours", "hours", f.Hours)
		s.add("deputy", "deputy", f.Deputy)
	case *form.Exercise:
		phase := "end"
		switch f.Phase {
		case form.ExerciseBegin:
			phase = "begin"
		case form.ExerciseAgree:
			phase = "agree"
		}
		s.add("phase", "phase", phase)
		s.add("name", "name of the exercise", f.Title)
		s.add("until", "until", Clock(f.Until))
		s.add("path", "path of the drill", f.Path)
	case *form.Assent:
		kind := "charter"
		if f.Kind == form.ToAnnex {
			kind = "annex"
		}
		s.add("kind", "assents to", kind)
		s.add("hash", "hash", hex.EncodeToString(f.Hash[:]))
		if len(f.Document) > 0 {
			s.add("document", "document", "sent along")
		}
	case *form.Annex:
		s.add("addresses", "addresses", strings.Join(f.Addresses, ", "))
		if f.TLS != nil {
			s.add("tls", "TLS key hash", hex.EncodeToString(f.TLS[:]))
		}
	case *form.Leave:
		s.add("reason", "reason", f.Reason)
	case interface{ Sheet() []Field }: // of a room above
		s.fields = append(s.fields, f.Sheet()...)
	}
}

// strange shows unknown keys, in order, in CBOR diagnostic notation.
func strange(u form.Unknown) []Field {
	var list []Field
	for _, k := range slices.Sorted(maps.Keys(u)) {
		shown, err := cbor.Diagnose(beginning(u[k]))
		if err != nil {
			shown = fmt.Sprintf("%d bytes", len(u[k]))
		}
		list = append(list, Field{"unknown", fmt.Sprintf("unknown field %d", k), shorten(form.Visible(shown))})
	}
	return list
}

// beginning is what is shown of a value: enough of a long text to be shortened
// later, and nothing of anything else that is long. A mebibyte of an unknown
// form, which only its beginning is shown of, would be made five more.
func beginning(raw []byte) []byte {
	const most = 4 << 10
	if len(raw) <= most {
		return raw
	}
	var head int // of a text of more than 255 bytes
	switch raw[0] {
	case 0x79:
		head = 3
	case 0x7a:
		head = 5
	default:
		return nil
	}
	text := strings.ToValidUTF8(string(raw[head:most]), "")
	return append([]byte{0x79, byte(len(text) >> 8), byte(len(text))}, text...)
}

// shorten keeps the values of unknown fields to a line or two.
func shorten(s string) string {
	const most = 200 // characters
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// Clock shows UTC seconds to the minute; 0 is "".
func Clock(t uint64) string {
	switch {
	case t == 0:
		return ""
	case t > form.MaxTime:
		return "out of range"
	}
	return time.Unix(int64(t), 0).UTC().Format("2006-01-02 15:04 UTC")
}

// ReasonText says in words why a generation was opened.
func ReasonText(reason uint64) string {
	return [...]string{"founding", "restored from a backup", "the station lost everything", "its old log was forked", "doubt"}[min(reason, 4)]
}
