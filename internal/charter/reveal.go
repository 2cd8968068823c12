package charter

import (
	"bytes"
	"fmt"
	"io"

	"parley"
	"parley/internal/form"
	"parley/internal/key"
	"parley/internal/wire"
)

const maxReveal = 32 << 10 // bytes

// A Reveal is what a party shows of itself once every party has committed
// (spec/pairing.md): its name, all its public keys, and where it is reached.
type Reveal struct {
	Party      parley.PartyCode
	Name       string
	Root       key.Public
	Generation parley.GenerationID // the founding generation of its log
	Log        key.Public
	Receipt    key.Public
	Receiving  key.ReceivingPublic
	TLS        [32]byte // SHA-256 of the SubjectPublicKeyInfo
	Addresses  []string // "quic://host:port", "tls://host:port"
	Nonce      [32]byte
}

// revealWire is the CBOR of a reveal. Keys are slices, for the library goes
// through arrays byte by byte.
type revealWire struct {
	Party      parley.PartyCode `cbor:"1,keyasint"`
	Name       string           `cbor:"2,keyasint"`
	Root       pairWire         `cbor:"3,keyasint"`
	Generation []byte           `cbor:"4,keyasint"`
	Log        pairWire         `cbor:"5,keyasint"`
	Receipt    pairWire         `cbor:"6,keyasint"`
	Receiving  []byte           `cbor:"7,keyasint"`
	TLS        []byte           `cbor:"8,keyasint"`
	Addresses  []string         `cbor:"9,keyasint"`
	Nonce      []byte           `cbor:"10,keyasint"`
}

type pairWire struct {
	_  struct{} `cbor:",toarray"`
	Ed []byte
	ML []byte
}

// NewNonce fills the nonce of r from rand. A reveal is made for one pairing
// and its nonce is never used twice.
func (r *Reveal) NewNonce(rand io.Reader) error {
	if _, err := io.ReadFull(rand, r.Nonce[:]); err != nil {
		return fmt.Errorf("making a nonce: %w", err)
	}
	return nil
}

// ParseReveal reads and validates a reveal. Unknown keys are refused. Errors
// are Malformed, Oversize or BadForm.
func ParseReveal(b []byte) (*Reveal, error) {
	if len(b) > maxReveal {
		return nil, parley.Errorf(parley.Oversize, "a reveal of %d bytes, at most %d are allowed", len(b), maxReveal)
	}
	var w revealWire
	if err := wire.Decode(b, &w); err != nil {
		return nil, fmt.Errorf("reading reveal: %w", err)
	}
	r := &Reveal{Party: w.Party, Name: w.Name, Addresses: w.Addresses}
	for _, f := range r.fixed(&w) {
		if len(*f.wire) != len(f.value) {
			return nil, parley.Errorf(parley.Malformed, "reading reveal: key %d is missing or has another length", f.key)
		}
		copy(f.value, *f.wire)
	}
	if !bytes.Equal(r.Encode(), b) {
		return nil, parley.Errorf(parley.Malformed, "reading reveal: a key is missing")
	}
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("reading reveal: %w", err)
	}
	return r, nil
}

// fixedField ties a byte string of fixed length to its place in the CBOR.
type fixedField struct {
	key   int
	value []byte
	wire  *[]byte
}

func (r *Reveal) fixed(w *revealWire) []fixedField {
	return []fixedField{
		{3, r.Root.Ed[:], &w.Root.Ed}, {3, r.Root.ML[:], &w.Root.ML}, {4, r.Generation[:], &w.Generation},
		{5, r.Log.Ed[:], &w.Log.Ed}, {5, r.Log.ML[:], &w.Log.ML}, {6, r.Receipt.Ed[:], &w.Receipt.Ed}, {6, r.Receipt.ML[:], &w.Receipt.ML},
		{7, r.Receiving[:], &w.Receiving}, {8, r.TLS[:], &w.TLS}, {10, r.Nonce[:], &w.Nonce},
	}
}

// Validate checks names and addresses, and that the keys are all there and all
// different. The error is BadForm.
func (r *Reveal) Validate() error {
	if _, err := parley.ParsePartyCode(string(r.Party)); err != nil {
		return bad("%v", err)
	}
	if err := form.CheckLine("the name of party "+string(r.Party), r.Name, maxName); err != nil {
		return err
	}
	if r.Root.IsZero() || r.Log.IsZero() || r.Receipt.IsZero() {
		return bad("a key of party %s is missing", r.Party)
	}
	if r.Root == r.Log || r.Root == r.Receipt || r.Log == r.Receipt {
		return bad("party %s uses one key for two ends", r.Party)
	}
	if r.Receiving == (key.ReceivingPublic{}) || r.TLS == ([32]byte{}) || r.Nonce == ([32]byte{}) {
		return bad("the receiving key, TLS key or nonce of party %s is missing", r.Party)
	}
	return form.CheckAddresses(r.Addresses)
}

// Encode returns the bytes that are committed to.
func (r *Reveal) Encode() []byte {
	w := revealWire{Party: r.Party, Name: r.Name, Addresses: r.Addresses}
	for _, f := range r.fixed(&w) {
		*f.wire = f.value
	}
	return wire.Encode(w)
}

// Commitment is H("commitment of reveal", line id || reveal).
func (r *Reveal) Commitment(line parley.LineID) [32]byte { return Commitment(line, r.Encode()) }

func Commitment(line parley.LineID, reveal []byte) [32]byte {
	return key.Hash("commitment of reveal", append(line[:], reveal...))
}
