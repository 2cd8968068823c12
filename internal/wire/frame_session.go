package wire

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"parley"
)

// Version is the version of the protocol that a hello names.
const Version = 1

const helloItems = 6 // besides the type and the features

// Held says how much of each generation somebody holds durably.
type Held map[parley.GenerationID]uint64

// Hello is the first frame on every path, from both sides.
type Hello struct {
	Version  uint64
	Line     parley.LineID
	Party    parley.PartyCode
	Gen      parley.GenerationID // the one the sender writes now
	Time     uint64              // UTC seconds
	Held     Held                // at most MaxNames
	Features []string            // names of what the sender can do besides; unknown ones are passed over

	features int // how many Parse is to read
}

// Have is the map of a hello again, sent after what it says is durable.
type Have struct{ Held Held }

// Ping asks for a pong.
type Ping struct {
	Token uint64
	Time  uint64 // the sender's clock, milliseconds
}

// Pong answers a ping. All of State is said by them, measured by nobody.
type Pong struct {
	Token uint64 // the ping's
	Time  uint64 // the answerer's clock, milliseconds
	State PongState
}

// PongState is what a station says of itself.
type PongState struct {
	OnWatch    bool   // a human is on watch
	LastAnswer uint64 // when a human last answered, UTC seconds; 0: not said
	Stopping   string // why it is about to stop; "": it is not
	StorageOK  bool
	OverQuota  bool // we have reached a bound per time there
}

// EpochOf names an epoch of a generation.
type EpochOf struct {
	Gen   parley.GenerationID
	Epoch uint64
}

// Auth proves knowledge of both epoch secrets on this very session
// (spec/sessions.md, 4).
type Auth struct {
	MAC    [32]byte
	Own    EpochOf // the sender's
	Theirs EpochOf
}

// Refusal says why something was not taken. It is for information only.
type Refusal struct {
	Kind parley.Kind
	Text string // cut at MaxText bytes when sent
}

func (*Hello) frameType() uint64   { return TypeHello }
func (*Have) frameType() uint64    { return TypeHave }
func (*Ping) frameType() uint64    { return TypePing }
func (*Pong) frameType() uint64    { return TypePong }
func (*Auth) frameType() uint64    { return TypeAuth }
func (*Refusal) frameType() uint64 { return TypeRefusal }

func (f *Hello) items() int { return helloItems + max(len(f.Features), f.features) }
func (*Have) items() int    { return 1 }
func (*Ping) items() int    { return 2 }
func (*Pong) items() int    { return 3 }
func (*Auth) items() int    { return 2 }
func (*Refusal) items() int { return 2 }

func (f *Hello) fields(w *walk) {
	at := w.at()
	if w.uint(&f.Version); w.err == nil && f.Version != Version {
		w.err = parley.Errorf(parley.Unsupported, "hello: version %d of the protocol, we know %d", f.Version, Version)
	}
	w.fixed(f.Line[:])
	w.text((*string)(&f.Party), 1, 8)
	if _, err := parley.ParsePartyCode(string(f.Party)); err != nil && w.err == nil {
		w.err = fmt.Errorf("hello: %w", err)
	}
	w.fixed(f.Gen[:])
	w.number(&f.Time)
	f.Held = w.held(f.Held)
	if f.items() > helloItems+MaxFeatures {
		w.fail(at, "hello: %d features, at most %d are allowed", f.items()-helloItems, MaxFeatures)
		return
	}
	if !w.writing && f.features > 0 {
		f.Features = make([]string, f.features)
	}
	for i := range f.Features {
		w.text(&f.Features[i], 1, MaxFeatureName)
	}
	f.features = 0
}

func (f *Have) fields(w *walk) { f.Held = w.held(f.Held) }

func (f *Ping) fields(w *walk) {
	w.uint(&f.Token)
	w.number(&f.Time)
}

func (f *Pong) fields(w *walk) {
	w.uint(&f.Token)
	w.number(&f.Time)
	f.State.fields(w)
}

// fields goes through a map whose keys 2 and 3 may be absent.
func (s *PongState) fields(w *walk) {
	at := w.at()
	there := []uint64{1, 2, 3, 4, 5}
	if w.writing {
		there = slices.DeleteFunc(there, func(k uint64) bool { return k == 2 && s.LastAnswer == 0 || k == 3 && s.Stopping == "" })
	} else {
		there = there[:0]
	}
	var has [6]bool
	for n := w.pairs(len(there), 5); n > 0; n-- {
		var k uint64
		if w.writing {
			k, there = there[0], there[1:]
		}
		keyAt := w.at()
		w.uint(&k)
		switch k {
		case 1:
			w.bool(&s.OnWatch)
		case 2:
			w.positive(&s.LastAnswer)
		case 3:
			w.text(&s.Stopping, 1, MaxText)
		case 4:
			w.bool(&s.StorageOK)
		case 5:
			w.bool(&s.OverQuota)
		default:
			w.fail(keyAt, "a pong's state has no key %d", k)
			return
		}
		has[k] = true
	}
	if !has[1] || !has[4] || !has[5] {
		w.fail(at, "a pong's state without key 1, 4 or 5")
	}
}

func (f *Auth) fields(w *walk) {
	w.fixed(f.MAC[:])
	w.array(2)
	for _, e := range [...]*EpochOf{&f.Own, &f.Theirs} {
		w.array(2)
		w.fixed(e.Gen[:])
		w.number(&e.Epoch)
	}
}

func (f *Refusal) fields(w *walk) {
	at, name, text := w.at(), f.Kind.String(), cut(f.Text)
	w.text(&name, 1, 24)
	w.text(&text, 0, MaxText)
	kind, ok := kindNamed(name)
	if !ok {
		w.fail(at, "refusal: no error kind is called %q", name)
	}
	if !w.writing {
		f.Kind, f.Text = kind, text
	}
}

func kindNamed(name string) (parley.Kind, bool) {
	for k := parley.Internal; k <= parley.DiskFull; k++ {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

// cut returns the start of s that is valid text of at most MaxText bytes.
func cut(s string) string {
	n := 0
	for i, c := range s {
		size := utf8.RuneLen(c)
		if c == utf8.RuneError {
			if _, w := utf8.DecodeRuneInString(s[i:]); w == 1 {
				break
			}
		}
		if n+size > MaxText {
			break
		}
		n += size
	}
	return s[:n]
}

// held is a map of sizes. The order and uniqueness of keys that are read is
// Canonical's business.
func (w *walk) held(h Held) Held {
	gens := slices.SortedFunc(maps.Keys(h), func(x, y parley.GenerationID) int { return bytes.Compare(x[:], y[:]) })
	n := w.pairs(len(gens), MaxNames)
	if !w.writing {
		h, gens = make(Held, n), make([]parley.GenerationID, n)
	}
	for _, gen := range gens {
		size := h[gen]
		w.fixed(gen[:])
		w.number(&size)
		if !w.writing {
			h[gen] = size
		}
	}
	return h
}
