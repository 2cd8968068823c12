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

func (f *Hello) append(b []byte) []byte {
	b = appendBytes(appendUint(b, f.Version), f.Line[:])
	b = appendBytes(appendText(b, string(f.Party)), f.Gen[:])
	b = f.Held.append(appendUint(b, f.Time))
	for _, name := range f.Features {
		b = appendText(b, name)
	}
	return b
}

func (f *Hello) read(r *reader) {
	if f.Version = r.uint(); r.err == nil && f.Version != Version {
		r.err = parley.Errorf(parley.Unsupported, "hello: version %d of the protocol, we know %d", f.Version, Version)
		return
	}
	r.fixed(f.Line[:])
	f.Party = parley.PartyCode(r.text(1, 8))
	r.fixed(f.Gen[:])
	f.Time = r.number()
	f.Held = r.held()
	for n := f.features; n > 0 && r.err == nil; n-- {
		f.Features = append(f.Features, r.text(1, MaxFeatureName))
	}
	f.features = 0
}

func (f *Hello) check() error {
	if f.Version != Version {
		return parley.Errorf(parley.Unsupported, "hello: version %d of the protocol, we know %d", f.Version, Version)
	}
	if _, err := parley.ParsePartyCode(string(f.Party)); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	if len(f.Features) > MaxFeatures {
		return bad("hello: %d features, at most %d are allowed", len(f.Features), MaxFeatures)
	}
	for _, name := range f.Features {
		if len(name) < 1 || len(name) > MaxFeatureName || !utf8.ValidString(name) {
			return bad("hello: feature %q: want 1 to %d bytes of text", name, MaxFeatureName)
		}
	}
	if err := inRange("hello", f.Time); err != nil {
		return err
	}
	return f.Held.check("hello")
}

func (f *Have) append(b []byte) []byte { return f.Held.append(b) }
func (f *Have) read(r *reader)         { f.Held = r.held() }
func (f *Have) check() error           { return f.Held.check("have") }

func (f *Ping) append(b []byte) []byte { return appendUint(appendUint(b, f.Token), f.Time) }
func (f *Ping) read(r *reader)         { f.Token, f.Time = r.uint(), r.number() }
func (f *Ping) check() error           { return inRange("ping", f.Time) }

func (f *Pong) append(b []byte) []byte {
	b = appendUint(appendUint(b, f.Token), f.Time)
	s := &f.State
	b = appendMap(b, 3+int(b2i(s.LastAnswer != 0))+int(b2i(s.Stopping != "")))
	b = appendBool(appendUint(b, 1), s.OnWatch)
	if s.LastAnswer != 0 {
		b = appendUint(appendUint(b, 2), s.LastAnswer)
	}
	if s.Stopping != "" {
		b = appendText(appendUint(b, 3), s.Stopping)
	}
	b = appendBool(appendUint(b, 4), s.StorageOK)
	return appendBool(appendUint(b, 5), s.OverQuota)
}

func (f *Pong) read(r *reader) {
	f.Token, f.Time = r.uint(), r.number()
	at := r.i
	var has [6]bool
	for n := r.pairs(5); n > 0; n-- {
		keyAt := r.i
		k := r.uint()
		switch k {
		case 1:
			f.State.OnWatch = r.bool()
		case 2:
			f.State.LastAnswer = r.positive()
		case 3:
			f.State.Stopping = r.text(1, MaxText)
		case 4:
			f.State.StorageOK = r.bool()
		case 5:
			f.State.OverQuota = r.bool()
		default:
			r.fail(keyAt, "a pong's state has no key %d", k)
			return
		}
		has[k] = true
	}
	if !has[1] || !has[4] || !has[5] {
		r.fail(at, "a pong's state without key 1, 4 or 5")
	}
}

func (f *Pong) check() error {
	if len(f.State.Stopping) > MaxText || !utf8.ValidString(f.State.Stopping) {
		return bad("pong: the reason is not text of at most %d bytes", MaxText)
	}
	return inRange("pong", f.Time, f.State.LastAnswer)
}

func (f *Auth) append(b []byte) []byte {
	b = appendArray(appendBytes(b, f.MAC[:]), 2)
	for _, e := range [...]EpochOf{f.Own, f.Theirs} {
		b = appendUint(appendBytes(appendArray(b, 2), e.Gen[:]), e.Epoch)
	}
	return b
}

func (f *Auth) read(r *reader) {
	r.fixed(f.MAC[:])
	r.array(2)
	for _, e := range [...]*EpochOf{&f.Own, &f.Theirs} {
		r.array(2)
		r.fixed(e.Gen[:])
		e.Epoch = r.number()
	}
}

func (f *Auth) check() error { return inRange("auth", f.Own.Epoch, f.Theirs.Epoch) }

func (f *Refusal) append(b []byte) []byte {
	return appendText(appendText(b, f.Kind.String()), cut(f.Text))
}

func (f *Refusal) read(r *reader) {
	at := r.i
	name := r.text(1, 24)
	f.Text = r.text(0, MaxText)
	var ok bool
	if f.Kind, ok = kindNamed(name); !ok {
		r.fail(at, "refusal: no error kind is called %q", name)
	}
}

func (f *Refusal) check() error {
	if _, ok := kindNamed(f.Kind.String()); !ok {
		return bad("refusal: no such error kind")
	}
	return nil
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

func (h Held) append(b []byte) []byte {
	b = appendMap(b, len(h))
	gens := slices.SortedFunc(maps.Keys(h), func(x, y parley.GenerationID) int { return bytes.Compare(x[:], y[:]) })
	for i := range gens {
		b = appendUint(appendBytes(b, gens[i][:]), h[gens[i]])
	}
	return b
}

func (h Held) check(what string) error {
	if len(h) > MaxNames {
		return bad("%s: %d generations, at most %d are allowed", what, len(h), MaxNames)
	}
	for _, n := range h {
		if n > MaxNumber {
			return bad("%s: the size %d is out of range", what, n)
		}
	}
	return nil
}

// held takes a map of sizes. The order and uniqueness of its keys is
// Canonical's business.
func (r *reader) held() Held {
	n := r.pairs(MaxNames)
	h := make(Held, n)
	for ; n > 0 && r.err == nil; n-- {
		var gen parley.GenerationID
		r.fixed(gen[:])
		h[gen] = r.number()
	}
	return h
}

// positive takes a number that is not 0.
func (r *reader) positive() uint64 {
	at := r.i
	n := r.number()
	if n == 0 {
		r.fail(at, "a time of 0")
	}
	return n
}
