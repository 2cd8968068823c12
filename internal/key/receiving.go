package key

import (
	"crypto/hpke"
	"encoding/hex"
	"fmt"
	"io"

	"parley"
)

// Sizes in bytes of MLKEM768-X25519 (HPKE KEM id 0x647a).
const (
	ReceivingPublicSize = 1216
	EncSize             = 1120 // encapsulated key
	Overhead            = 16   // of a ciphertext over its plaintext
	receivingSeedSize   = 32
)

// ReceivingPublic is the public half of a receiving key.
type ReceivingPublic [ReceivingPublicSize]byte

// ReceivingID names a receiving key.
type ReceivingID [8]byte

// String returns 16 lower-case hexadecimal digits.
func (id ReceivingID) String() string { return hex.EncodeToString(id[:]) }

// ID returns the first 8 bytes of H("receiving key", public).
func (p ReceivingPublic) ID() (id ReceivingID) {
	sum := Hash("receiving key", p[:])
	copy(id[:], sum[:])
	return id
}

// Receiving is the private half of a receiving key: epoch secrets are sealed
// to it. Destroying it means losing every copy of its seed.
type Receiving struct {
	secret
	seed   behind[*[receivingSeedSize]byte]
	public ReceivingPublic
}

// NewReceiving makes a receiving key from 32 bytes of rand.
func NewReceiving(rand io.Reader) (*Receiving, error) {
	var seed [receivingSeedSize]byte
	if _, err := io.ReadFull(rand, seed[:]); err != nil {
		return nil, fmt.Errorf("making a receiving key: %w", err)
	}
	defer clear(seed[:])
	return ReceivingFromSeed(seed[:])
}

// ReceivingFromSeed makes the receiving key of a 32-byte seed. The error is
// Malformed.
func ReceivingFromSeed(seed []byte) (*Receiving, error) {
	if len(seed) != receivingSeedSize {
		return nil, parley.Errorf(parley.Malformed, "receiving key: a seed of %d bytes, want %d", len(seed), receivingSeedSize)
	}
	k, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "receiving key: %v", err)
	}
	kept := [receivingSeedSize]byte(seed)
	r := &Receiving{seed: hide(&kept)}
	copy(r.public[:], k.PublicKey().Bytes())
	return r, nil
}

// Seed returns the secret, for a store under the storage key.
func (r *Receiving) Seed() []byte { return append([]byte(nil), r.seed()[:]...) }

// Public returns the public half.
func (r *Receiving) Public() ReceivingPublic { return r.public }

// ID names the key.
func (r *Receiving) ID() ReceivingID { return r.public.ID() }

// SealTo seals plaintext to pub in HPKE base mode of suite 1, with an empty
// aad. The error is Malformed: pub is not a key.
func SealTo(pub *ReceivingPublic, info, plaintext []byte) (enc, ct []byte, err error) {
	k, err := hpke.MLKEM768X25519().NewPublicKey(pub[:])
	if err != nil {
		return nil, nil, parley.Errorf(parley.Malformed, "receiving key %s: %v", pub.ID(), err)
	}
	enc, s, err := hpke.NewSender(k, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, nil, fmt.Errorf("sealing to %s: %w", pub.ID(), err)
	}
	if ct, err = s.Seal(nil, plaintext); err != nil {
		return nil, nil, fmt.Errorf("sealing to %s: %w", pub.ID(), err)
	}
	return enc, ct, nil
}

// Open opens what SealTo sealed to this key with the same info. The error is
// Unreadable.
func (r *Receiving) Open(enc, info, ct []byte) ([]byte, error) {
	k, err := hpke.MLKEM768X25519().NewPrivateKey(r.seed()[:]) // 9 kB, and opened with once a day
	if err != nil {
		return nil, parley.Errorf(parley.Internal, "receiving key %s: %v", r.ID(), err)
	}
	o, err := hpke.NewRecipient(enc, k, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, parley.Errorf(parley.Unreadable, "receiving key %s: the encapsulated key is not one", r.ID())
	}
	plain, err := o.Open(nil, ct)
	if err != nil {
		return nil, parley.Errorf(parley.Unreadable, "receiving key %s: what was sealed does not open", r.ID())
	}
	return plain, nil
}
