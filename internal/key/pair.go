package key

import (
	"crypto/ed25519"
	"fmt"
	"io"

	"filippo.io/mldsa"

	"parley"
	"parley/internal/spare"
)

// Signer is a private signing pair, wherever it lives. Hardware implements
// it; Pair is the software one. Implementations are safe for concurrent use,
// so that the two halves of a checkpoint can be signed at once.
type Signer interface {
	Public() Public
	SignEd(msg []byte) ([EdSignatureSize]byte, error)
	SignML(msg []byte) ([]byte, error) // 2,420 bytes, empty context
}

// SignDocument signs msg under the label with both halves.
func SignDocument(s Signer, label string, msg []byte) (sig Signature, err error) {
	m := document(label, msg)
	if sig.Ed, err = s.SignEd(m); err != nil {
		return Signature{}, fmt.Errorf("signing %s: %w", label, err)
	}
	ml, err := s.SignML(m)
	if err != nil {
		return Signature{}, fmt.Errorf("signing %s: %w", label, err)
	}
	if len(ml) != MLSignatureSize {
		return Signature{}, parley.Errorf(parley.Internal, "signing %s: the signer gave an ml-dsa signature of %d bytes", label, len(ml))
	}
	copy(sig.ML[:], ml)
	return sig, nil
}

// SeedSize is the length of the secret of a pair: an Ed25519 seed, then an
// ML-DSA-44 seed.
const SeedSize = ed25519.SeedSize + mldsa.PrivateKeySize

// Pair is a signing pair in memory. The ML-DSA key in the form that signs is 96 kB, and
// made of its seed in a fraction of the time that a signature takes: of a pair at rest
// it goes.
type Pair struct {
	secret
	ed     behind[ed25519.PrivateKey]
	ml     behind[*mldsa.PrivateKey]
	public Public
}

// NewPair makes a pair from 64 bytes of rand.
func NewPair(rand io.Reader) (*Pair, error) {
	var seed [SeedSize]byte
	if _, err := io.ReadFull(rand, seed[:]); err != nil {
		return nil, fmt.Errorf("making a signing pair: %w", err)
	}
	defer clear(seed[:])
	return PairFromSeed(seed[:])
}

// PairFromSeed makes the pair of a seed of SeedSize bytes. The error is
// Malformed.
func PairFromSeed(seed []byte) (*Pair, error) {
	if len(seed) != SeedSize {
		return nil, parley.Errorf(parley.Malformed, "signing pair: a seed of %d bytes, want %d", len(seed), SeedSize)
	}
	ml, again, err := spare.Of(append([]byte(nil), seed[ed25519.SeedSize:]...), func(b []byte) (*mldsa.PrivateKey, error) { return mldsa.NewPrivateKey(mldsa.MLDSA44(), b) })
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "signing pair: %v", err)
	}
	p := &Pair{ed: hide(ed25519.NewKeyFromSeed(seed[:ed25519.SeedSize])), ml: again}
	copy(p.public.Ed[:], p.ed().Public().(ed25519.PublicKey))
	copy(p.public.ML[:], ml.PublicKey().Bytes())
	return p, nil
}

// Seed returns the secret, for a key file.
func (p *Pair) Seed() []byte { return append(p.ed().Seed(), p.ml().Bytes()...) }

// Public returns the public half.
func (p *Pair) Public() Public { return p.public }

// SignEd signs with the Ed25519 half. It does not fail.
func (p *Pair) SignEd(msg []byte) (sig [EdSignatureSize]byte, err error) {
	copy(sig[:], ed25519.Sign(p.ed(), msg))
	return sig, nil
}

// SignML signs with the ML-DSA-44 half, hedged, with an empty context.
func (p *Pair) SignML(msg []byte) ([]byte, error) { return p.ml().Sign(nil, msg, nil) }
