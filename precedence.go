package parley

import (
	"strings"
	"time"
)

// Precedence orders the handling of an entry. A higher one goes first, on more
// paths, and is to be opened sooner.
type Precedence uint8

// The four precedences, lowest first.
const (
	Routine Precedence = iota
	Priority
	Immediate
	Flash
)

var precedenceNames = [...]string{"ROUTINE", "PRIORITY", "IMMEDIATE", "FLASH"}

// Valid reports whether p is one of the four.
func (p Precedence) Valid() bool { return p <= Flash }

// String returns the word in capitals, as it stands on every surface.
func (p Precedence) String() string {
	if !p.Valid() {
		return "UNKNOWN"
	}
	return precedenceNames[p]
}

// Objective is the handling objective from release to opened: 6 h, 3 h,
// 30 min, 10 min.
func (p Precedence) Objective() time.Duration {
	switch p {
	case Flash:
		return 10 * time.Minute
	case Immediate:
		return 30 * time.Minute
	case Priority:
		return 3 * time.Hour
	}
	return 6 * time.Hour
}

// FlashWords is the limit of a FLASH text, in words, above which the desk asks
// for a shorter one.
const FlashWords = 200

// ParsePrecedence reads a precedence in any case. The error is of kind
// Malformed.
func ParsePrecedence(s string) (Precedence, error) {
	for i, n := range precedenceNames {
		if sameWord(s, n) {
			return Precedence(i), nil
		}
	}
	return 0, Errorf(Malformed, "precedence %q: want one of routine, priority, immediate, flash", s)
}

// Marker says what a dispatch is for, so that no language has to.
type Marker uint8

// The markers. Instruction is allowed only where the charter says so.
const (
	NoMarker Marker = iota
	Advice
	Warning
	Information
	Question
	Answer
	Request
	Intention
	Instruction
)

var markerNames = [...]string{"", "ADVICE", "WARNING", "INFORMATION", "QUESTION", "ANSWER", "REQUEST", "INTENTION", "INSTRUCTION"}

// Valid reports whether m is a marker of the list, NoMarker included.
func (m Marker) Valid() bool { return int(m) < len(markerNames) }

// String returns the word in capitals; "" for NoMarker.
func (m Marker) String() string {
	if !m.Valid() {
		return "UNKNOWN"
	}
	return markerNames[m]
}

// Markers returns every marker an officer may choose, in the order of the list.
func Markers() []Marker {
	return []Marker{Advice, Warning, Information, Question, Answer, Request, Intention, Instruction}
}

// ParseMarker reads a marker in any case. The error is of kind Malformed.
func ParseMarker(s string) (Marker, error) {
	for i, n := range markerNames {
		if i > 0 && sameWord(s, n) {
			return Marker(i), nil
		}
	}
	return 0, Errorf(Malformed, "marker %q: want one of advice, warning, information, question, answer, request, intention, instruction", s)
}

// sameWord reports whether s is the word in ASCII letters of any case. Letters
// of other alphabets that fold to them are longer in UTF-8, and refused.
func sameWord(s, word string) bool { return len(s) == len(word) && strings.EqualFold(s, word) }

// DTG renders t as a date-time group in UTC, for example "231400Z NOV 26".
// It is for people; nothing is ever ordered by it.
func DTG(t time.Time) string { return strings.ToUpper(t.UTC().Format("021504Z Jan 06")) }

// Class says who else may ever see something. Everything has exactly one, and
// nothing changes class by accident.
type Class uint8

// The three classes.
const (
	OnTheRecord Class = iota
	OurSideOnly
	OffTheRecord
)

// String returns the words on every surface.
func (c Class) String() string {
	return [...]string{"ON THE RECORD", "OUR SIDE ONLY", "OFF THE RECORD"}[c]
}

// Rung is a step of the receipt ladder of a dispatch.
type Rung uint8

// The rungs in order. Filed and Released are ours; Stored is their station's
// signature; the rest are made by people.
const (
	Filed Rung = iota
	Released
	Stored
	Opened
	Translated
	PrincipalInformed
	Answered
)

// String returns the word of the ladder.
func (r Rung) String() string {
	return [...]string{"filed", "released", "stored", "opened", "translated", "principal informed", "answered"}[r]
}

// MarshalText writes a rung as its word, in JSON too.
func (r Rung) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes. The error is Malformed.
func (r *Rung) UnmarshalText(b []byte) error {
	for k := Filed; k <= Answered; k++ {
		if k.String() == string(b) {
			*r = k
			return nil
		}
	}
	return Errorf(Malformed, "no rung is called %q", Clip(string(b)))
}

// ReceiptWording is printed on every receipt and never varies: a receipt is
// not consent.
const ReceiptWording = "Receipt only; neither agreement nor permission."
