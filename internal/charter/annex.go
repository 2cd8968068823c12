package charter

import (
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/key"
)

// A Bound is the number of a bound in spec/bounds.md.
type Bound uint64

// The bounds an annex may lower.
const (
	EntryBytes         Bound = 1  // bytes of one entry
	FrameBytes         Bound = 2  // bytes of one frame
	Depth              Bound = 3  // arrays and maps within one another
	PlainBytes         Bound = 4  // bytes of a decompressed header or body
	EntryBytesPerDay   Bound = 5  // bytes per peer and day
	BlobBytesPerDay    Bound = 6  // bytes of attachments per peer and day
	BlobBytes          Bound = 7  // bytes of one attachment
	EntriesPerSecond   Bound = 8  // entries per peer, sustained
	EpochsPerDay       Bound = 9  // epoch entries per peer
	GenerationsPerDay  Bound = 10 // new generations per peer
	PendingCheckpoints Bound = 11 // per generation
	EarlyEntries       Bound = 12 // per peer
	ClockAhead         Bound = 13 // seconds
	Parties            Bound = 14
	SeenNames          Bound = 15
	Addressees         Bound = 16
)

// EntryBurst and EarlyBytes are the second figures of bounds 8 and 12; no annex
// changes them.
const (
	EntryBurst = 10_000
	EarlyBytes = 16 << 20
)

// limit is the default of a bound and the least it may be lowered to. Where
// both are equal the bound is part of the format.
type limit struct{ usual, least uint64 }

var limits = [...]limit{
	EntryBytes:         {65_535, 65_535},
	FrameBytes:         {262_144, 262_144},
	Depth:              {8, 8},
	PlainBytes:         {1 << 20, 1 << 20},
	EntryBytesPerDay:   {64 << 20, 1 << 20},
	BlobBytesPerDay:    {1 << 30, 0},
	BlobBytes:          {64 << 20, 0},
	EntriesPerSecond:   {20, 1},
	EpochsPerDay:       {24, 2},
	GenerationsPerDay:  {4, 1},
	PendingCheckpoints: {64, 4},
	EarlyEntries:       {4_096, 16},
	ClockAhead:         {86_400, 60},
	Parties:            {10, 10},
	SeenNames:          {64, 64},
	Addressees:         {64, 64},
}

// Suite1 is the suite of spec/conventions.md.
const Suite1 = 1

// Keep-alive of a path, in time between pings (spec/sessions.md, 5).
const (
	DefaultKeepAlive = 2 * time.Second
	minKeepAlive     = time.Second
	maxKeepAlive     = 4 * time.Second
)

const maxWitnesses = 16

// KeepAliveSeconds is the key of the keep-alive in the times of an annex.
const KeepAliveSeconds = 1

// An Annex is the technical part of what the parties agreed.
type Annex struct {
	Suite      uint64             `cbor:"1,keyasint"`
	Quotas     map[Bound]uint64   `cbor:"2,keyasint"`           // bounds lowered; see Bound
	Witnesses  []string           `cbor:"3,keyasint"`           // C2SP verifier keys
	Times      map[uint64]uint64  `cbor:"4,keyasint"`           // KeepAliveSeconds
	Supersedes *[32]byte          `cbor:"5,keyasint,omitempty"` // hash of the annex this one amends
	Version    uint64             `cbor:"6,keyasint,omitempty"` // 0 in the first, which is version 1
	Agree      []parley.PartyCode `cbor:"7,keyasint,omitempty"` // whose assents put it in force; in bytewise order
	Unknown    form.Unknown       `cbor:"-"`                    // keys of a newer version: kept, and otherwise ignored
}

// DefaultAnnex is suite 1 with every bound of spec/bounds.md and no witness.
func DefaultAnnex() Annex {
	return Annex{Suite: Suite1, Quotas: map[Bound]uint64{}, Witnesses: []string{}, Times: map[uint64]uint64{}}
}

// ParseAnnex reads and validates an annex. Errors are Malformed for bytes that
// are not one, Unsupported for another suite, BadForm for one that breaks a rule.
func ParseAnnex(b []byte) (Annex, error) {
	var a Annex
	unknown, err := form.DecodeOpen(b, &a)
	if err != nil {
		return Annex{}, fmt.Errorf("reading annex: %w", err)
	}
	a.Unknown = unknown
	if err := a.Validate(); err != nil {
		return Annex{}, fmt.Errorf("reading annex: %w", err)
	}
	return a, nil
}

// Validate checks the annex against spec/charter.md and spec/bounds.md. The
// error is BadForm, or Unsupported for another suite.
func (a Annex) Validate() error {
	if a.Suite != Suite1 {
		return parley.Errorf(parley.Unsupported, "the annex names suite %d; this station has suite %d only", a.Suite, Suite1)
	}
	for n, v := range a.Quotas {
		if n == 0 || n >= Bound(len(limits)) {
			continue // of a newer version: kept and ignored
		}
		if l := limits[n]; v > l.usual || v < l.least {
			return bad("bound %d is set to %d; the annex may set it from %d to %d", n, v, l.least, l.usual)
		}
	}
	if d := a.KeepAlive(); d < minKeepAlive || d > maxKeepAlive {
		return bad("the keep-alive is %v; want %v to %v", d, minKeepAlive, maxKeepAlive)
	}
	if err := a.checkAmendment(); err != nil {
		return err
	}
	return a.checkWitnesses()
}

func (a Annex) checkAmendment() error {
	if a.Supersedes == nil && a.Version == 0 && len(a.Agree) == 0 {
		return nil
	}
	if a.Supersedes == nil || a.Version < 2 || len(a.Agree) < MinParties || len(a.Agree) > MaxParties {
		return bad("an annex that amends another names it, a version from 2 on, and %d to %d parties that agree", MinParties, MaxParties)
	}
	for i, p := range a.Agree {
		if _, err := parley.ParsePartyCode(string(p)); err != nil {
			return bad("%v", err)
		}
		if i > 0 && a.Agree[i-1] >= p {
			return bad("the parties that agree are not in order of their codes")
		}
	}
	return nil
}

// version is the version of the annex: the first has 1.
func (a *Annex) version() uint64 { return max(a.Version, 1) }

func (a Annex) checkWitnesses() error {
	if len(a.Witnesses) > maxWitnesses {
		return bad("the annex names %d witnesses, at most %d are allowed", len(a.Witnesses), maxWitnesses)
	}
	seen := map[string]bool{}
	for _, w := range a.Witnesses {
		if err := form.CheckLine("a witness key", w, 4_096); err != nil {
			return err
		}
		if strings.Count(w, "+") < 2 || strings.ContainsAny(w, " \u00a0") {
			return bad("witness key %q: want name+hash+key", w)
		}
		if seen[w] {
			return bad("the witness key %q stands twice", w)
		}
		seen[w] = true
	}
	return nil
}

// Encode returns the bytes that Hash and the words are over. a is valid.
func (a Annex) Encode() []byte { return form.EncodeOpen(&a, a.Unknown) }

// Hash names the annex in assents: H("annex", annex bytes).
func (a Annex) Hash() [32]byte { return HashAnnex(a.Encode()) }

// HashAnnex is the annex hash of encoded bytes.
func HashAnnex(b []byte) [32]byte { return key.Hash("annex", b) }

// Bound returns a bound as the annex has it, or its default.
func (a Annex) Bound(n Bound) uint64 {
	if v, ok := a.Quotas[n]; ok {
		return v
	}
	if n < Bound(len(limits)) {
		return limits[n].usual
	}
	return 0
}

// KeepAlive is the time between pings on a quiet path.
func (a Annex) KeepAlive() time.Duration {
	if s, ok := a.Times[KeepAliveSeconds]; ok {
		return seconds(s)
	}
	return DefaultKeepAlive
}

// Limits returns the default of a bound and the least it may be lowered to;
// where both are equal it is part of the format.
func Limits(n Bound) (usual, least uint64) {
	if n < Bound(len(limits)) {
		return limits[n].usual, limits[n].least
	}
	return 0, 0
}
