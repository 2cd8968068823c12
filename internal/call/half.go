package call

import (
	"slices"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/wire"
)

// Bounds of a half (spec/calls.md, 2).
const (
	MaxPeople  = 64
	MaxSignals = 16
	MaxTalk    = 16
	MaxSeen    = 16
	maxName    = 100       // characters
	maxReason  = 200       // characters
	maxHalf    = 1<<15 - 1 // bytes of an encoded half
)

// A Place is where somebody of a call is, and so whom he can hear.
type Place uint64

// The places.
const (
	Lobby Place = iota // with his own side, before he is put through
	Floor              // put through: on the call
	Aside              // in the side room of his own side
	Watch              // at the watch's end: hears the other watches only
)

var placeWords = []string{"lobby", "floor", "aside", "watch"}

// String is the word of a place.
func (p Place) String() string {
	if int(p) < len(placeWords) {
		return placeWords[p]
	}
	return "unknown"
}

// A Person is somebody on a call, as his own side declares him.
type Person struct {
	_       struct{} `cbor:",toarray"`
	ID      uint64   // within his side's half; not used again in a call
	Name    string
	Title   string // function or form of address; may be empty
	Role    contact.Role
	Tongue  string // the language that he speaks
	Place   Place
	Muted   bool
	Away    bool   // his desk or telephone is not connected
	Phone   bool   // his voice comes and goes by telephone
	Booth   string // the language into which he interprets; "": not in a booth
	OnAir   bool   // his voice is what the booth says
	Voice   uint64 // the SSRC of his voice; 0: none
	Picture uint64 // the SSRC of his picture; 0: none
	Since   uint64 // the number of the half that he first stood in
}

// Speaks reports whether a role has a voice on the floor.
func Speaks(r contact.Role) bool {
	return r == contact.Principal || r == contact.Delegate || r == contact.Interpreter
}

// A Turn is a claim on the floor. Of all that were made the one with the greatest
// number holds, of two with one number that of the lesser party code.
type Turn struct {
	_      struct{} `cbor:",toarray"`
	Number uint64
	Person uint64 // of the claiming side; 0: the floor is free
	At     uint64 // by the claiming side's clock, milliseconds
}

// A Call for the floor, and what an interpreter asks of it.
const (
	SayAgain uint64 = iota
	Slower
	TooPoor  // the sound is too poor to be interpreted
	AskFloor // asks for the floor
	// 4 is OfCall: no signal of anybody's
)

// A Signal is something that somebody asked of everybody.
type Signal struct {
	_      struct{} `cbor:",toarray"`
	Number uint64
	Kind   uint64
	Person uint64
}

// Talk is for how long a side has spoken in a language.
type Talk struct {
	_      struct{} `cbor:",toarray"`
	Tongue string
	Millis uint64
}

// A Seen says how much of another side's half has been taken in.
type Seen struct {
	_     struct{} `cbor:",toarray"`
	Party string
	Run   uint64 // which start of the other station's room
	Half  uint64
	Sent  uint64 // Clock of that half
	Held  uint64 // milliseconds from its arrival until this half was sent
}

// A Half is what one side says of itself on a call: who is there, where, and in
// which role. Each side writes its own and nobody else's; the state of the call is
// a function of the newest half of each side.
type Half struct {
	_       struct{} `cbor:",toarray"`
	Party   string
	Run     uint64 // grows with each start of the side's room
	Number  uint64 // grows with each change within a run
	Clock   uint64 // the side's clock when it was sent, milliseconds
	Mode    contact.Interpreting
	Ready   bool   // the side's watch pressed READY
	Through bool   // the side has put its people through
	Moment  uint64 // when it does, by its clock, milliseconds; 0: not decided
	Hold    string // why the side consults among itself; "": it does not
	Turn    Turn
	People  []Person
	Signals []Signal
	Talk    []Talk
	Seen    []Seen
}

// Encode returns the bytes of h.
func (h *Half) Encode() []byte { return wire.Encode(h) }

// ParseHalf reads a half and holds it to its bounds: what another side sends.
// Errors are Oversize, Malformed and BadForm.
func ParseHalf(b []byte) (*Half, error) {
	if len(b) > maxHalf {
		return nil, parley.Errorf(parley.Oversize, "half a call in %d bytes, at most %d are allowed", len(b), maxHalf)
	}
	h := new(Half)
	if err := wire.Decode(b, h); err != nil {
		return nil, err
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	return h, nil
}

func refuse(format string, args ...any) error { return parley.Errorf(parley.BadForm, format, args...) }

func (h *Half) check() error {
	switch {
	case len(h.People) > MaxPeople:
		return refuse("%d people on a call, at most %d are allowed", len(h.People), MaxPeople)
	case len(h.Signals) > MaxSignals, len(h.Talk) > MaxTalk, len(h.Seen) > MaxSeen:
		return refuse("half a call has too long a list")
	case h.Mode > contact.Simultaneous:
		return refuse("there is no way of interpreting %d", h.Mode)
	case beyond(h.Moment, h.Clock, h.Number, h.Run, h.Turn.Number, h.Turn.Person, h.Turn.At):
		return refuse("a number of half a call is beyond all bounds")
	}
	if _, err := parley.ParsePartyCode(h.Party); err != nil {
		return err
	}
	if err := form.CheckOptionalLine("the reason of a hold", h.Hold, maxReason); err != nil {
		return err
	}
	for i := range h.People {
		if err := h.checkPerson(i); err != nil {
			return err
		}
	}
	return h.checkLists()
}

func (h *Half) checkLists() error {
	for _, s := range h.Signals {
		if beyond(s.Number, s.Kind, s.Person) {
			return refuse("a signal of half a call is beyond all bounds")
		}
	}
	for _, t := range h.Talk {
		if beyond(t.Millis) {
			return refuse("nobody speaks for so long")
		}
		if err := form.CheckLanguage("a language", t.Tongue); err != nil {
			return err
		}
	}
	for i, s := range h.Seen {
		if beyond(s.Run, s.Half, s.Sent, s.Held) || slices.ContainsFunc(h.Seen[:i], func(o Seen) bool { return o.Party == s.Party }) {
			return refuse("what half a call has seen of %q is beyond all bounds, or stands twice", s.Party)
		}
	}
	return nil
}

// maxClock bounds times and numbers: no sum of two of them overflows.
const maxClock = 1 << 52

func beyond(ns ...uint64) bool {
	return slices.ContainsFunc(ns, func(n uint64) bool { return n > maxClock })
}

func (h *Half) checkPerson(i int) error {
	p := &h.People[i]
	if p.ID == 0 || p.ID > maxClock || p.Place > Watch || p.Role > contact.Listener || p.Since > h.Number || p.Voice > 1<<32-1 || p.Picture > 1<<32-1 {
		return refuse("person %d of half a call is none", i+1)
	}
	for j := range h.People[:i] {
		o := &h.People[j]
		if o.ID == p.ID || p.Voice != 0 && (o.Voice == p.Voice || o.Picture == p.Voice) || p.Picture != 0 && (o.Picture == p.Picture || o.Voice == p.Picture) {
			return refuse("two people of half a call are one")
		}
		if p.OnAir && o.OnAir && o.Booth == p.Booth {
			return refuse("two voices of one side are on the air in one booth")
		}
	}
	if p.Voice != 0 && p.Voice == p.Picture {
		return refuse("a voice is no picture")
	}
	if p.OnAir && (p.Booth == "" || p.Role != contact.Interpreter) {
		return refuse("only an interpreter in a booth is on the air")
	}
	if p.Booth != "" {
		if err := form.CheckLanguage("a booth's language", p.Booth); err != nil {
			return err
		}
	}
	if p.Tongue != "" {
		if err := form.CheckLanguage("a language", p.Tongue); err != nil {
			return err
		}
	}
	if err := form.CheckLine("a name", p.Name, maxName); err != nil {
		return err
	}
	return form.CheckOptionalLine("a title", p.Title, maxName)
}

// Person returns somebody of h; nil where he is not on it.
func (h *Half) Person(id uint64) *Person {
	if i := slices.IndexFunc(h.People, func(p Person) bool { return p.ID == id }); i >= 0 {
		return &h.People[i]
	}
	return nil
}

// newer reports whether h takes the place of o, from the same side.
func (h *Half) newer(o *Half) bool {
	return o == nil || h.Run > o.Run || h.Run == o.Run && h.Number > o.Number
}

// clone returns a copy that shares nothing.
func (h *Half) clone() *Half {
	c := *h
	c.People, c.Signals, c.Talk, c.Seen = slices.Clone(h.People), slices.Clone(h.Signals), slices.Clone(h.Talk), slices.Clone(h.Seen)
	return &c
}
