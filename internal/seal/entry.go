package seal

import (
	"parley"
	"parley/internal/wire"
)

// Bounds of spec/bounds.md.
const (
	MaxEntry = 65535 // bytes of a leaf
	MaxSeen  = 64    // names in one seen
	MaxTime  = 1 << 40
	MaxPlain = 1 << 20 // bytes of a header or body, decompressed
)

// Clear is what an entry says without a key.
type Clear struct {
	Epoch uint64 // spec/entry.md, 3
	Time  uint64 // header time, UTC seconds: a claim
	Seen  map[parley.GenerationID]uint64
}

// Entry is one parsed leaf. Announces tells an epoch entry (Body in clear)
// from a sealed one (Commitment, Header and Body sealed).
type Entry struct {
	Clear
	Announces  bool
	Commitment [32]byte
	Header     []byte
	Body       []byte
}

type sealedWire struct {
	_          struct{} `cbor:",toarray"`
	Version    uint64
	Flag       uint64
	Epoch      uint64
	Time       uint64
	Seen       map[parley.GenerationID]uint64
	Commitment [32]byte
	Header     []byte
	Body       []byte
}

type epochWire struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Flag    uint64
	Epoch   uint64
	Time    uint64
	Seen    map[parley.GenerationID]uint64
	Body    []byte
}

type clearWire struct {
	_          struct{} `cbor:",toarray"`
	Version    uint64
	Flag       uint64
	Epoch      uint64
	Time       uint64
	Seen       map[parley.GenerationID]uint64
	Commitment [32]byte
}

// Marshal returns the bytes of the leaf. The error is Oversize.
func (e *Entry) Marshal() ([]byte, error) {
	var b []byte
	if e.Announces {
		b = wire.Encode(&epochWire{Version: 1, Flag: 1, Epoch: e.Epoch, Time: e.Time, Seen: e.Seen, Body: e.Body})
	} else {
		b = wire.Encode(&sealedWire{Version: 1, Epoch: e.Epoch, Time: e.Time, Seen: e.Seen,
			Commitment: e.Commitment, Header: e.Header, Body: e.Body})
	}
	if len(b) > MaxEntry {
		return nil, parley.Errorf(parley.Oversize, "an entry of %d bytes is over the limit of %d", len(b), MaxEntry)
	}
	return b, nil
}

// Parse reads a leaf. Errors are Oversize, Malformed, or Unsupported for
// another version: such bytes are kept and counted all the same.
func Parse(b []byte) (*Entry, error) {
	if len(b) > MaxEntry {
		return nil, parley.Errorf(parley.Oversize, "an entry of %d bytes is over the limit of %d", len(b), MaxEntry)
	}
	if err := wire.Canonical(b); err != nil {
		return nil, err
	}
	if b[0]>>5 != 4 || len(b) < 3 {
		return nil, parley.Errorf(parley.Malformed, "entry: want a CBOR array")
	}
	if b[1] != 1 {
		return nil, parley.Errorf(parley.Unsupported, "entry of an unknown version")
	}
	e := new(Entry)
	switch {
	case b[0] == 0x88 && b[2] == 0:
		var w sealedWire
		if err := wire.Decode(b, &w); err != nil {
			return nil, err
		}
		*e = Entry{Clear: Clear{w.Epoch, w.Time, w.Seen}, Commitment: w.Commitment, Header: w.Header, Body: w.Body}
	case b[0] == 0x86 && b[2] == 1:
		var w epochWire
		if err := wire.Decode(b, &w); err != nil {
			return nil, err
		}
		*e = Entry{Clear: Clear{w.Epoch, w.Time, w.Seen}, Announces: true, Body: w.Body}
	default:
		return nil, parley.Errorf(parley.Malformed, "entry: neither a sealed entry of 8 items nor an epoch entry of 6")
	}
	if e.Time >= MaxTime || e.Epoch > wire.MaxNumber {
		return nil, parley.Errorf(parley.Malformed, "entry: header time %d or epoch %d is out of range", e.Time, e.Epoch)
	}
	if len(e.Seen) > MaxSeen {
		return nil, parley.Errorf(parley.Oversize, "entry: seen names %d logs, at most %d are allowed", len(e.Seen), MaxSeen)
	}
	for g, n := range e.Seen {
		if n == 0 || n > wire.MaxNumber {
			return nil, parley.Errorf(parley.Malformed, "entry: seen %s: size %d is out of range", g, n)
		}
	}
	return e, nil
}

// aad is the additional data of both AEADs (spec/entry.md, Sealing).
func (e *Entry) aad(origin string, index uint64) []byte {
	b := append([]byte("parley/v1 entry\x00"), origin...)
	b = append(b, 0)
	b = appendU64(b, index)
	return append(b, wire.Encode(&clearWire{Version: 1, Epoch: e.Epoch, Time: e.Time, Seen: e.Seen, Commitment: e.Commitment})...)
}

func appendU64(b []byte, n uint64) []byte {
	return append(b, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}
