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
	Party      parley.PartyCode    `cbor:"1,keyasint"`
	Name       string              `cbor:"2,keyasint"`
	Root       key.Public          `cbor:"3,keyasint"`
	Generation parley.GenerationID `cbor:"4,keyasint"` // the founding generation of its log
	Log        key.Public          `cbor:"5,keyasint"`
	Receipt    key.Public          `cbor:"6,keyasint"`
	Receiving  key.ReceivingPublic `cbor:"7,keyasint"`
	TLS        [32]byte            `cbor:"8,keyasint"` // SHA-256 of the SubjectPublicKeyInfo
	Addresses  []string            `cbor:"9,keyasint"` // "quic://host:port", "tls://host:port"
	Nonce      [32]byte            `cbor:"10,keyasint"`
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
	var r Reveal
	if err := wire.Decode(b, &r); err != nil {
		return nil, fmt.Errorf("reading reveal: %w", err)
	}
	if !bytes.Equal(r.Encode(), b) {
		return nil, parley.Errorf(parley.Malformed, "reading reveal: a key is missing")
	}
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("reading reveal: %w", err)
	}
	return &r, nil
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
func (r *Reveal) Encode() []byte { return wire.Encode(r) }

// Commitment is H("commitment of reveal", line id || reveal).
func (r *Reveal) Commitment(line parley.LineID) [32]byte { return commitment(line, r.Encode()) }

func commitment(line parley.LineID, reveal []byte) [32]byte {
	return key.Hash("commitment of reveal", append(line[:], reveal...))
}
