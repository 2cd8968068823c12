package said

import (
	"bytes"
	"fmt"
	"slices"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/key"
	"parley/internal/sheet"
	"parley/internal/wire"
)

// A Said is a text in one language.
type Said struct {
	_    struct{} `cbor:",toarray"`
	Lang string
	Text string
}

// An Item is what is said of one topic; the opening has none.
type Item struct {
	_     struct{} `cbor:",toarray"`
	Topic string
	Texts []Said // one a language
}

// A Person took part, as the record has it.
type Person struct {
	_     struct{} `cbor:",toarray"`
	Party string
	Name  string
	Title string // may be empty
	Role  contact.Role
}

// Facts are what the record says of a contact. Stations fill them in; nobody
// types them.
type Facts struct {
	_         struct{} `cbor:",toarray"`
	Initiator string   // a party's code, Both, or "": not known
	Start     uint64   // UTC seconds; 0: not known
	End       uint64
	Level     contact.Level
	Medium    contact.Medium
	People    []Person
}

// Both is the initiator where two requests crossed.
const Both = "both"

// A Statement is what one side, or both, say of a contact: the facts, and the
// texts by topic and language.
type Statement struct {
	_     struct{} `cbor:",toarray"`
	Facts Facts
	Items []Item
}

// Bounds of a statement (spec/statements.md).
const (
	MaxItems  = 64
	MaxTexts  = 48_000 // bytes of all texts and topics together
	MaxTotal  = 56_000 // bytes of the encoded statement
	maxTopic  = 120    // characters, as in a request
	maxPeople = 64
	maxName   = 100 // characters
	maxLangs  = 16
	maxNote   = 4_000
	maxWhere  = 500           // characters
	maxAt     = 7_258_118_399 // 2199-12-31T23:59:59Z, as in contacts
)

// Texts is how many bytes all topics and texts have together.
func (s *Statement) Texts() (n int) {
	for _, it := range s.Items {
		n += len(it.Topic)
		for _, t := range it.Texts {
			n += len(t.Text)
		}
	}
	return n
}

// Languages are those in which anything is said, in the order of the first item
// that has them.
func (s *Statement) Languages() (out []string) {
	for _, it := range s.Items {
		for _, t := range it.Texts {
			if !slices.Contains(out, t.Lang) {
				out = append(out, t.Lang)
			}
		}
	}
	return out
}

// Text is what an item says in a language; "" where it says nothing in it.
func (it *Item) Text(lang string) string {
	for _, t := range it.Texts {
		if t.Lang == lang {
			return t.Text
		}
	}
	return ""
}

// Encode returns the bytes of s, of which there is one spelling.
func (s *Statement) Encode() []byte { return wire.Encode(s) }

// ParseStatement reads what Encode wrote and holds it to its bounds. Errors are
// Malformed, Oversize and BadForm.
func ParseStatement(b []byte) (*Statement, error) {
	if len(b) > MaxTotal {
		return nil, parley.Errorf(parley.Oversize, "a statement of %d bytes, at most %d are allowed", len(b), MaxTotal)
	}
	s := new(Statement)
	if err := wire.Decode(b, s); err != nil {
		return nil, err
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	return s, nil
}

// Equal reports whether both say the same.
func (s *Statement) Equal(o *Statement) bool {
	return s == o || s != nil && o != nil && bytes.Equal(s.Encode(), o.Encode())
}

// Fits refuses a statement that is too long for the record, and says by how much.
// The error is Oversize.
func (s *Statement) Fits() error {
	const hint = "shorten it; our own draft keeps what you wrote"
	if n := s.Texts(); n > MaxTexts {
		return parley.Errorf(parley.Oversize, "the statement has %d bytes of text, %d more than the %d that are allowed", n, n-MaxTexts, MaxTexts).WithHint(hint)
	}
	if n := len(s.Encode()); n > MaxTotal {
		return parley.Errorf(parley.Oversize, "the statement has %d bytes with all names, %d more than the %d that are allowed", n, n-MaxTotal, MaxTotal).WithHint(hint)
	}
	return nil
}

// Check holds s to spec/statements.md. Errors are BadForm and Oversize.
func (s *Statement) Check() error {
	if n := len(s.Items); n == 0 || n > MaxItems {
		return refuse("a statement has 1 to %d items, not %d", MaxItems, n)
	}
	if err := s.Facts.check(); err != nil {
		return err
	}
	for i := range s.Items {
		if err := s.Items[i].check(i == 0); err != nil {
			return refuse("item %d: %v", i+1, err)
		}
		for _, o := range s.Items[:i] {
			if o.Topic == s.Items[i].Topic {
				return refuse("the topic %q stands twice", o.Topic)
			}
		}
	}
	return s.Fits()
}

func (it *Item) check(first bool) error {
	switch {
	case it.Topic == "" && !first:
		return refuse("only the opening, which stands first, has no topic")
	case len(it.Texts) == 0 || len(it.Texts) > maxLangs:
		return refuse("it stands in 1 to %d languages, not in %d", maxLangs, len(it.Texts))
	}
	if err := form.CheckOptionalLine("a topic", it.Topic, maxTopic); err != nil {
		return err
	}
	for i, t := range it.Texts {
		if err := firstError(form.CheckLanguage("a language", t.Lang), form.CheckText("a text", t.Text, MaxTexts)); err != nil {
			return err
		}
		for _, o := range it.Texts[:i] {
			if o.Lang == t.Lang {
				return refuse("the language %s stands twice", t.Lang)
			}
		}
	}
	return nil
}

func (f *Facts) check() error {
	switch {
	case f.Level > contact.Leader:
		return refuse("there is no level %d", f.Level)
	case f.Medium > contact.InPerson:
		return refuse("there is no medium %d", f.Medium)
	case f.Start > maxAt || f.End > maxAt || f.End != 0 && f.End < f.Start:
		return refuse("a contact from %d to %d is none", f.Start, f.End)
	case len(f.People) > maxPeople:
		return refuse("%d people, at most %d are allowed", len(f.People), maxPeople)
	}
	if f.Initiator != "" && f.Initiator != Both {
		if _, err := parley.ParsePartyCode(f.Initiator); err != nil {
			return refuse("who asked for it: %v", err)
		}
	}
	for _, p := range f.People {
		if _, err := parley.ParsePartyCode(p.Party); err != nil {
			return refuse("somebody is of no party: %v", err)
		}
		if p.Role > contact.Listener {
			return refuse("there is no role %d", p.Role)
		}
		if err := firstError(form.CheckLine("a name", p.Name, maxName), form.CheckOptionalLine("a title", p.Title, maxName)); err != nil {
			return err
		}
	}
	return nil
}

// even holds a joint statement to the same languages in every item.
func (s *Statement) even() error {
	for i, it := range s.Items {
		for _, l := range s.Languages() {
			if it.Text(l) == "" {
				return refuse("item %d is not there in %s: a joint statement stands in the same languages throughout", i+1, l)
			}
		}
	}
	return nil
}

// committed is what a commitment is made over. The party stands in it, so that
// nobody can bind himself by a copy of another's commitment.
type committed struct {
	_         struct{} `cbor:",toarray"`
	Party     string
	Nonce     []byte
	Statement *Statement
}

// NonceSize is the length of what keeps a commitment from being guessed.
const NonceSize = 32

// Commitment is H("commitment of draft", [party, nonce, statement]).
func Commitment(by parley.PartyCode, nonce []byte, s *Statement) [32]byte {
	return key.Hash("commitment of draft", wire.Encode(committed{Party: string(by), Nonce: nonce, Statement: s}))
}

func (s *Statement) sheet(l *sheet.List) {
	if s == nil {
		return
	}
	f := &s.Facts
	l.Add("initiator", "asked for by", f.Initiator)
	l.Add("start", "start", sheet.Clock(f.Start))
	l.Add("end", "end", sheet.Clock(f.End))
	l.Add("level", "level", f.Level.String())
	l.Add("medium", "medium", f.Medium.String())
	for _, p := range f.People {
		text := p.Name
		if p.Title != "" {
			text += ", " + p.Title
		}
		l.Add("participant", p.Role.String(), text+" ("+p.Party+")")
	}
	for _, it := range s.Items {
		l.Add("topic", "topic", it.Topic)
		for _, t := range it.Texts {
			l.Add("text", fmt.Sprintf("text, %s", t.Lang), t.Text)
		}
	}
}

func refuse(format string, args ...any) error { return parley.Errorf(parley.BadForm, format, args...) }

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkNote(s string) error {
	if s == "" {
		return nil
	}
	return form.CheckText("the text", s, maxNote)
}
