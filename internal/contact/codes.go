package contact

import (
	"fmt"
	"slices"
	"time"

	"parley"
	"parley/internal/form"
)

// A Level is the rank at which a contact takes place.
type Level uint64

// The levels, from below.
const (
	Working Level = iota
	Commander
	Minister
	Leader
)

var levelWords = []string{"working", "commander", "minister", "leader"}

// A Medium is how the sides meet.
type Medium uint64

// The media.
const (
	Voice Medium = iota
	Video
	InPerson
)

var mediumWords = []string{"voice", "video", "in-person"}

// Interpreting is how a contact is interpreted.
type Interpreting uint64

// The ways of interpreting.
const (
	NotInterpreted Interpreting = iota
	Consecutive
	Simultaneous
)

var interpretingWords = []string{"none", "consecutive", "simultaneous"}

// A Recording is the rule for recording a contact.
type Recording uint64

// The rules for recording.
const (
	NotRecorded  Recording = iota
	EachItsOwn             // each side keeps a recording of its own
	NotesByHands           // notes only
)

var recordingWords = []string{"none", "each-its-own", "notes"}

// A Reason is why a contact is declined or called off, of the agreed list.
type Reason uint64

// The reasons.
const (
	NotAvailable Reason = iota + 1
	TimeUnsuited
	TopicUnsuited
	LevelUnsuited
	InWriting
	NotNow
	Overtaken
	OtherReason
)

var reasonWords = []string{"", "not-available", "time", "topic", "level", "in-writing", "not-now", "overtaken", "other"}

// A Role is what somebody does in a contact.
type Role uint64

// The roles.
const (
	Principal Role = iota
	Delegate
	Interpreter
	NoteTaker
	Listener
)

var roleWords = []string{"principal", "delegate", "interpreter", "note-taker", "listener"}

// A Kind is what a point of a contact's file is about.
type Kind uint64

// The kinds of points.
const (
	Agenda Kind = iota
	Person
	Document
	OpenItem
	Announcement
	Rehearsal
	NextContact
)

var kindWords = []string{"agenda", "person", "document", "open-item", "announcement", "rehearsal", "next-contact"}

// A Stand is how far a side's position is open.
type Stand uint64

// The stands.
const (
	Cooperate Stand = iota
	Contested
	NotOpen
)

var standWords = []string{"cooperate", "contested", "not-open"}

// A Sort is what is asked.
type Sort uint64

// The sorts.
const (
	Demand Sort = iota
	Question
	Clarification
)

var sortWords = []string{"demand", "question", "clarification"}

// An Outcome is how something asked was answered.
type Outcome uint64

// The outcomes. Those of demands, of questions and of clarifications differ
// (spec/contacts.md, answer).
const (
	Accepted Outcome = iota
	Refused
	Reserved
	Answered
	Authoritative
	NotAuthoritative
	Superseded
	NoComment
)

var outcomeWords = []string{"accepted", "refused", "reserved", "answered", "authoritative", "not-authoritative", "superseded", "no-comment"}

var outcomesOf = [][]Outcome{
	Demand:        {Accepted, Refused, Reserved},
	Question:      {Answered, Reserved, Refused},
	Clarification: {Authoritative, NotAuthoritative, Superseded, NoComment},
}

func word[T ~uint64](words []string, v T) string {
	if uint64(v) < uint64(len(words)) && words[v] != "" {
		return words[v]
	}
	return fmt.Sprintf("unknown-%d", v)
}

// The words are the names by which people give them to commands and tables, and
// the keys of their translations.
func (v Level) String() string        { return word(levelWords, v) }
func (v Medium) String() string       { return word(mediumWords, v) }
func (v Interpreting) String() string { return word(interpretingWords, v) }
func (v Recording) String() string    { return word(recordingWords, v) }
func (v Reason) String() string       { return word(reasonWords, v) }
func (v Role) String() string         { return word(roleWords, v) }
func (v Kind) String() string         { return word(kindWords, v) }
func (v Stand) String() string        { return word(standWords, v) }
func (v Sort) String() string         { return word(sortWords, v) }
func (v Outcome) String() string      { return word(outcomeWords, v) }

func parse[T ~uint64](what string, words []string, s string) (T, error) {
	if i := slices.Index(words, s); i >= 0 && s != "" {
		return T(i), nil
	}
	var known []string
	for _, w := range words {
		if w != "" {
			known = append(known, w)
		}
	}
	return 0, parley.Errorf(parley.Malformed, "%s %q is not known", what, s).WithHint("one of %q", known)
}

// ParseLevel and its like read the words that String gives. Errors are
// Malformed and name what there is.
func ParseLevel(s string) (Level, error)   { return parse[Level]("level", levelWords, s) }
func ParseMedium(s string) (Medium, error) { return parse[Medium]("medium", mediumWords, s) }
func ParseInterpreting(s string) (Interpreting, error) {
	return parse[Interpreting]("interpreting", interpretingWords, s)
}
func ParseRecording(s string) (Recording, error) {
	return parse[Recording]("recording rule", recordingWords, s)
}
func ParseReason(s string) (Reason, error)   { return parse[Reason]("reason", reasonWords, s) }
func ParseRole(s string) (Role, error)       { return parse[Role]("role", roleWords, s) }
func ParseKind(s string) (Kind, error)       { return parse[Kind]("kind of point", kindWords, s) }
func ParseStand(s string) (Stand, error)     { return parse[Stand]("stand", standWords, s) }
func ParseSort(s string) (Sort, error)       { return parse[Sort]("what is asked", sortWords, s) }
func ParseOutcome(s string) (Outcome, error) { return parse[Outcome]("outcome", outcomeWords, s) }

// MarshalText and UnmarshalText write and read rows in JSON by their words.
func (v Level) MarshalText() ([]byte, error)  { return []byte(v.String()), nil }
func (v Medium) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
func (v Role) MarshalText() ([]byte, error)   { return []byte(v.String()), nil }

func (v *Level) UnmarshalText(b []byte) (err error)  { *v, err = ParseLevel(string(b)); return err }
func (v *Medium) UnmarshalText(b []byte) (err error) { *v, err = ParseMedium(string(b)); return err }
func (v *Role) UnmarshalText(b []byte) (err error)   { *v, err = ParseRole(string(b)); return err }

func within[T ~uint64](what string, words []string, v T) error {
	if uint64(v) >= uint64(len(words)) || words[v] == "" {
		return refuse("there is no %s %d", what, v)
	}
	return nil
}

func refuse(format string, args ...any) error { return parley.Errorf(parley.BadForm, format, args...) }

// Bounds of the fields (spec/contacts.md).
const (
	maxTopics     = 32
	maxTopic      = 120 // characters
	maxWindows    = 16
	maxWindow     = 31 * 24 * time.Hour
	maxPeople     = 64
	maxName       = 100 // characters
	maxNote       = 4_000
	maxZone       = 64
	maxSource     = 500
	maxRows       = 100
	maxMinutes    = 24 * 60
	maxTongues    = 8
	maxReferences = 2
	maxAt         = 7_258_118_399 // 2199-12-31T23:59:59Z, as dates
)

func checkTimes(what string, times ...uint64) error {
	for _, t := range times {
		if t > maxAt {
			return refuse("%s lies beyond the year 2199", what)
		}
	}
	return nil
}

func checkNote(what, s string) error {
	if s == "" {
		return nil
	}
	return form.CheckText(what, s, maxNote)
}

// checkTopics holds topics to being lines, each once.
func checkTopics(topics []string) error {
	if len(topics) > maxTopics {
		return refuse("%d topics, at most %d are allowed", len(topics), maxTopics)
	}
	for i, s := range topics {
		if err := form.CheckLine("a topic", s, maxTopic); err != nil {
			return err
		}
		if slices.Contains(topics[:i], s) {
			return refuse("the topic %q stands twice", s)
		}
	}
	return nil
}

func checkTongues(tags []string) error {
	if len(tags) > maxTongues {
		return refuse("%d languages, at most %d are allowed", len(tags), maxTongues)
	}
	for i, s := range tags {
		if err := form.CheckLanguage("a language", s); err != nil {
			return err
		}
		if slices.Contains(tags[:i], s) {
			return refuse("the language %s stands twice", s)
		}
	}
	return nil
}

// checkZone holds the name of a time zone to its shape; a reader that does not
// know the zone shows UTC.
func checkZone(s string) error {
	if len(s) > maxZone {
		return refuse("the time zone has %d characters, at most %d are allowed", len(s), maxZone)
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '/' && r != '_' && r != '-' && r != '+' {
			return refuse("the time zone %q is no name such as Europe/Paris", s)
		}
	}
	return nil
}
