package charter

import (
	"fmt"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/key"
)

// A Party is one side as the charter names it. Languages are BCP 47 tags, the
// first being its own.
type Party struct {
	_         struct{} `cbor:",toarray"`
	Code      parley.PartyCode
	Name      string
	Languages []string
}

// A ReleaseRule says who releases what was drafted.
type ReleaseRule uint64

// The release rules of spec/charter.md, key 4.
const (
	OneOfficer  ReleaseRule = iota // the drafter may release
	TwoOfficers                    // another officer than the drafter
	LoneWatch                      // two officers, save for a lone officer on watch who says so on the record
)

// A CheckCall is a time, in UTC, at which a human is called and answers. Days
// is a bit mask, bit 0 being Monday and bit 6 Sunday.
type CheckCall struct {
	_      struct{} `cbor:",toarray"`
	Hour   uint64
	Minute uint64
	Days   uint64
}

// EveryDay is the mask of all seven days.
const EveryDay = 1<<7 - 1

// A Charter is what the parties agreed about the line. It names no technology.
// A zero or missing rule is the mildest one: one officer releases, no rung is
// promised, the objective is the usual one.
type Charter struct {
	Version      uint64 // 1 for the first; an amendment has a higher one than what it amends
	Parties      []Party
	Offices      []parley.Office
	Release      map[parley.Precedence]ReleaseRule
	TestInterval time.Duration // whole seconds
	Forms        []string      // in force beyond the basic ones
	Rungs        map[parley.PartyCode][]parley.Rung
	Recording    string // what is recorded of calls, in words
	Instruct     bool   // the marker Instruction may be used
	CheckCalls   []CheckCall
	Objectives   map[parley.Precedence]time.Duration // from release to opened; whole seconds
	Supersedes   *[32]byte                           // hash of the charter this one amends; nil for the first
	Unknown      form.Unknown                        // keys of a newer version: kept, and otherwise ignored
}

// charterWire is the CBOR of spec/charter.md.
type charterWire struct {
	Version    uint64                        `cbor:"1,keyasint"`
	Parties    []Party                       `cbor:"2,keyasint"`
	Offices    []parley.Office               `cbor:"3,keyasint"`
	Release    map[uint64]uint64             `cbor:"4,keyasint"`
	Interval   uint64                        `cbor:"5,keyasint"`
	Forms      []string                      `cbor:"6,keyasint"`
	Rungs      map[parley.PartyCode][]uint64 `cbor:"7,keyasint"`
	Recording  string                        `cbor:"8,keyasint"`
	Instruct   bool                          `cbor:"9,keyasint"`
	CheckCalls []CheckCall                   `cbor:"10,keyasint"`
	Objectives map[uint64]uint64             `cbor:"11,keyasint"`
	Supersedes *[32]byte                     `cbor:"12,keyasint,omitempty"`
}

// Parse reads and validates a charter. Errors are Malformed for bytes that are
// not one, BadForm for one that breaks a rule.
func Parse(b []byte) (Charter, error) {
	var w charterWire
	unknown, err := form.DecodeOpen(b, &w)
	if err != nil {
		return Charter{}, fmt.Errorf("reading charter: %w", err)
	}
	c := w.charter()
	c.Unknown = unknown
	if err := c.Validate(); err != nil {
		return Charter{}, fmt.Errorf("reading charter: %w", err)
	}
	return c, nil
}

func (w charterWire) charter() Charter {
	c := Charter{Version: w.Version, Parties: w.Parties, Offices: w.Offices, TestInterval: seconds(w.Interval),
		Forms: w.Forms, Recording: w.Recording, Instruct: w.Instruct, CheckCalls: w.CheckCalls, Supersedes: w.Supersedes,
		Release:    map[parley.Precedence]ReleaseRule{},
		Rungs:      map[parley.PartyCode][]parley.Rung{},
		Objectives: map[parley.Precedence]time.Duration{}}
	for p, r := range w.Release {
		c.Release[clamp[parley.Precedence](p)] = ReleaseRule(r)
	}
	for code, rungs := range w.Rungs {
		list := make([]parley.Rung, len(rungs))
		for i, r := range rungs {
			list[i] = clamp[parley.Rung](r)
		}
		c.Rungs[code] = list
	}
	for p, s := range w.Objectives {
		c.Objectives[clamp[parley.Precedence](p)] = seconds(s)
	}
	return c
}

// clamp narrows n to a byte type; what does not fit becomes 255, which no list
// holds, so that validation refuses it.
func clamp[T ~uint8](n uint64) T { return T(min(n, 255)) }

// seconds is n seconds as a duration, held below 10 years.
func seconds(n uint64) time.Duration { return time.Duration(min(n, 10*366*86400)) * time.Second }

// Encode returns the bytes that Hash and the words are over. c is valid.
func (c Charter) Encode() []byte {
	w := charterWire{Version: c.Version, Parties: c.Parties, Offices: orEmpty(c.Offices), Interval: uint64(c.TestInterval / time.Second),
		Forms: orEmpty(c.Forms), Recording: c.Recording, Instruct: c.Instruct, CheckCalls: orEmpty(c.CheckCalls), Supersedes: c.Supersedes,
		Release: map[uint64]uint64{}, Rungs: map[parley.PartyCode][]uint64{}, Objectives: map[uint64]uint64{}}
	for p, r := range c.Release {
		w.Release[uint64(p)] = uint64(r)
	}
	for code, rungs := range c.Rungs {
		list := make([]uint64, len(rungs))
		for i, r := range rungs {
			list[i] = uint64(r)
		}
		w.Rungs[code] = list
	}
	for p, d := range c.Objectives {
		w.Objectives[uint64(p)] = uint64(d / time.Second)
	}
	return form.EncodeOpen(w, c.Unknown)
}

// Hash is the charter hash of spec/charter.md.
func (c Charter) Hash() [32]byte { return HashCharter(c.Encode()) }

// HashCharter is the charter hash of encoded bytes.
func HashCharter(b []byte) [32]byte { return key.Hash("charter", b) }

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
