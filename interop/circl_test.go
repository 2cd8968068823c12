package interop

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/cloudflare/circl/sign/mldsa/mldsa44"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
)

// circlKey returns circl's key of the ML-DSA half of p, from the same seed.
func circlKey(t *testing.T, p *key.Pair) (*mldsa44.PublicKey, *mldsa44.PrivateKey) {
	t.Helper()
	seed := [mldsa44.SeedSize]byte(p.Seed()[ed25519.SeedSize:])
	pub, priv := mldsa44.NewKeyFromSeed(&seed)
	want := p.Public().ML
	if !bytes.Equal(pub.Bytes(), want[:]) {
		t.Fatal("circl derives another public key from the seed")
	}
	return pub, priv
}

func TestCirclVerifiesUs(t *testing.T) {
	for range 8 {
		l := newLog(t, 5)
		pub, _ := circlKey(t, l.pair)
		_, ml := journal.LogMessages(l.checkpoint(5))
		sig := l.head(5).ML
		if !mldsa44.Verify(pub, ml, nil, sig) {
			t.Fatal("circl refuses our ml-dsa signature")
		}
		flips(sig, 401, func(at int, b []byte) {
			if mldsa44.Verify(pub, ml, nil, b) {
				t.Errorf("circl takes it with byte %d flipped", at)
			}
		})
		if mldsa44.Verify(pub, ml, []byte("context"), sig) {
			t.Error("circl takes it under another context")
		}
	}
}

func TestWeVerifyCircl(t *testing.T) {
	for _, hedged := range []bool{false, true} {
		l := newLog(t, 5)
		_, priv := circlKey(t, l.pair)
		c := l.checkpoint(5)
		_, ml := journal.LogMessages(c)
		head := l.head(5)
		head.ML = make([]byte, mldsa44.SignatureSize)
		if err := mldsa44.SignTo(priv, ml, nil, hedged, head.ML); err != nil {
			t.Fatal(err)
		}
		v, err := key.NewVerifier(l.pair.Public())
		if err != nil {
			t.Fatal(err)
		}
		if err := journal.Verify(v, c, head); err != nil {
			t.Fatal(err)
		}
		if err := mldsa44.SignTo(priv, ml, []byte("context"), hedged, head.ML); err != nil {
			t.Fatal(err)
		}
		wantKind(t, journal.Verify(v, c, head), parley.BadSignature)
	}
}
