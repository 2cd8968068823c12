package key

import (
	"crypto/ed25519"

	"filippo.io/mldsa"

	"parley"
	"parley/internal/spare"
)

// Sizes in bytes.
const (
	EdPublicSize    = ed25519.PublicKeySize
	MLPublicSize    = mldsa.MLDSA44PublicKeySize
	EdSignatureSize = ed25519.SignatureSize
	MLSignatureSize = mldsa.MLDSA44SignatureSize
)

// Public is the public half of a signing pair, Ed25519 and ML-DSA-44. It is
// comparable. In CBOR it is [bstr .size 32, bstr .size 1312].
type Public struct {
	_  struct{} `cbor:",toarray"`
	Ed [EdPublicSize]byte
	ML [MLPublicSize]byte
}

// Fingerprint names the pair for people: 16 groups of 4 hexadecimal digits of
// H("public pair", ed || ml).
func (p Public) Fingerprint() string {
	return Fingerprint(Hash("public pair", append(p.Ed[:], p.ML[:]...)))
}

// IsZero reports whether p is no key at all.
func (p Public) IsZero() bool { return p == Public{} }

// Signature is a document signature by a pair; one half alone counts for
// nothing. In CBOR it is [bstr .size 64, bstr .size 2420].
type Signature struct {
	_  struct{} `cbor:",toarray"`
	Ed [EdSignatureSize]byte
	ML [MLSignatureSize]byte
}

// Verifier checks signatures of one pair. The ML-DSA key is expanded once while it is
// used, so a verifier is worth keeping. It is safe for concurrent use.
type Verifier struct {
	public *Public
	ml     func() *mldsa.PublicKey
}

// NewVerifier returns the verifier of p. The error is UnknownKey when p is no
// key at all, else Malformed.
func NewVerifier(p Public) (*Verifier, error) {
	if p.IsZero() {
		return nil, parley.Errorf(parley.UnknownKey, "no public key is given")
	}
	_, ml, err := spare.Of(p.ML[:], func(b []byte) (*mldsa.PublicKey, error) { return mldsa.NewPublicKey(mldsa.MLDSA44(), b) })
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "public key: ml-dsa half: %v", err)
	}
	return &Verifier{public: &p, ml: ml}, nil
}

// Public returns the pair whose signatures v checks.
func (v *Verifier) Public() Public { return *v.public }

// VerifyEd reports whether sig is the Ed25519 half over msg.
func (v *Verifier) VerifyEd(msg []byte, sig *[EdSignatureSize]byte) bool {
	return VerifyEd(v.public, msg, sig[:])
}

// VerifyML reports whether sig is the ML-DSA-44 half over msg, with an empty
// context. A sig of another length is false.
func (v *Verifier) VerifyML(msg, sig []byte) bool {
	return mldsa.Verify(v.ml(), msg, sig, nil) == nil
}

// VerifyDocument checks both halves of a document signature. The error is
// BadSignature and names the half.
func (v *Verifier) VerifyDocument(label string, msg []byte, sig *Signature) error {
	m := document(label, msg)
	if !v.VerifyEd(m, &sig.Ed) {
		return parley.Errorf(parley.BadSignature, "%s: the ed25519 half of the signature does not verify", label)
	}
	if !v.VerifyML(m, sig.ML[:]) {
		return parley.Errorf(parley.BadSignature, "%s: the ml-dsa half of the signature does not verify", label)
	}
	return nil
}

// VerifyEd reports whether sig is p's Ed25519 half over msg.
func VerifyEd(p *Public, msg, sig []byte) bool {
	return len(sig) == EdSignatureSize && ed25519.Verify(p.Ed[:], msg, sig)
}

// VerifyDocument checks both halves of a document signature by p. The error
// is BadSignature and names the half.
func VerifyDocument(p Public, label string, msg []byte, sig Signature) error {
	v, err := NewVerifier(p)
	if err != nil {
		return err
	}
	return v.VerifyDocument(label, msg, &sig)
}

// document is what both halves sign (spec/conventions.md, Keys and signatures).
func document(label string, msg []byte) []byte {
	m := make([]byte, 0, len(prefix)+len(label)+1+len(msg))
	m = append(m, prefix...)
	m = append(m, label...)
	m = append(m, 0)
	return append(m, msg...)
}
