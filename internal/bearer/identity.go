package bearer

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"parley"
)

// Identity is a station's TLS key in the self-signed certificate that carries
// it. Nothing in the certificate but the key is looked at (spec/sessions.md, 1).
type Identity struct{ Certificate tls.Certificate }

// NewIdentity makes the Ed25519 key of seed and its certificate. The same seed
// gives the same bytes.
func NewIdentity(seed [32]byte) (Identity, error) {
	priv := ed25519.NewKeyFromSeed(seed[:])
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "parley"},
		NotBefore:    time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280, 4.1.2.5: no end
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(nil, template, template, priv.Public(), priv)
	if err != nil {
		return Identity{}, fmt.Errorf("making certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return Identity{}, fmt.Errorf("reading own certificate: %w", err)
	}
	return Identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: priv, Leaf: leaf}}, nil
}

// KeyHash returns SHA-256 of id's SubjectPublicKeyInfo, as a reveal gives it
// (spec/pairing.md); zero for the zero Identity.
func KeyHash(id Identity) [32]byte {
	if id.Certificate.Leaf == nil {
		return [32]byte{}
	}
	return sha256.Sum256(id.Certificate.Leaf.RawSubjectPublicKeyInfo)
}

// PeerKeyHash returns the hash of the key the other side has proved. The error
// is of kind UnknownKey.
func PeerKeyHash(cs tls.ConnectionState) ([32]byte, error) {
	if len(cs.PeerCertificates) == 0 {
		return [32]byte{}, parley.Errorf(parley.UnknownKey, "the other side showed no key")
	}
	return sha256.Sum256(cs.PeerCertificates[0].RawSubjectPublicKeyInfo), nil
}
