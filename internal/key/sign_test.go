package key

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"parley"
)

// seed returns n bytes that differ with tag.
func seed(tag byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = tag + byte(i)*7
	}
	return b
}

func pair(t testing.TB, tag byte) *Pair {
	t.Helper()
	p, err := PairFromSeed(seed(tag, SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantKind(t *testing.T, err error, want parley.Kind) {
	t.Helper()
	if err == nil || parley.KindOf(err) != want {
		t.Errorf("got %v (%s), want kind %s", err, parley.KindOf(err), want)
	}
}

func TestDocument(t *testing.T) {
	p, other := pair(t, 1), pair(t, 2)
	msg := []byte("certificate of Alder")
	sig, err := SignDocument(p, "certificate", msg)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyDocument(p.Public(), "certificate", msg, sig); err != nil {
		t.Fatal(err)
	}
	foreign, err := SignDocument(other, "certificate", msg)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		public Public
		label  string
		msg    string
		change func(*Signature)
		half   string
	}{
		{"other label", p.Public(), "assent", string(msg), nil, "ed25519"},
		{"other message", p.Public(), "certificate", "certificate of Birch", nil, "ed25519"},
		{"label and message joined otherwise", p.Public(), "certificat", "e\x00" + string(msg), nil, "ed25519"},
		{"other signer", other.Public(), "certificate", string(msg), nil, "ed25519"},
		{"ed half flipped", p.Public(), "certificate", string(msg), func(s *Signature) { s.Ed[9] ^= 1 }, "ed25519"},
		{"ed half missing", p.Public(), "certificate", string(msg), func(s *Signature) { s.Ed = [64]byte{} }, "ed25519"},
		{"ml half flipped", p.Public(), "certificate", string(msg), func(s *Signature) { s.ML[2000] ^= 1 }, "ml-dsa"},
		{"ml half missing", p.Public(), "certificate", string(msg), func(s *Signature) { s.ML = [2420]byte{} }, "ml-dsa"},
		{"ml half of another", p.Public(), "certificate", string(msg), func(s *Signature) { s.ML = foreign.ML }, "ml-dsa"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sig
			if c.change != nil {
				c.change(&s)
			}
			err := VerifyDocument(c.public, c.label, []byte(c.msg), s)
			wantKind(t, err, parley.BadSignature)
			if err != nil && !strings.Contains(err.Error(), c.half) {
				t.Errorf("got %q, want it to name the %s half", err, c.half)
			}
		})
	}
	wantKind(t, VerifyDocument(Public{}, "certificate", msg, sig), parley.UnknownKey)
}

func TestVerifierHalves(t *testing.T) {
	p := pair(t, 3)
	v, err := NewVerifier(p.Public())
	if err != nil {
		t.Fatal(err)
	}
	msg := []byte("checkpoint")
	ed, _ := p.SignEd(msg)
	ml, err := p.SignML(msg)
	if err != nil {
		t.Fatal(err)
	}
	if !v.VerifyEd(msg, &ed) || !v.VerifyML(msg, ml) {
		t.Fatal("a good half does not verify")
	}
	for _, bad := range [][]byte{nil, {}, ml[:2419], append(bytes.Clone(ml), 0), make([]byte, 2420)} {
		if v.VerifyML(msg, bad) {
			t.Errorf("an ml-dsa half of %d bytes verifies", len(bad))
		}
	}
	for _, bad := range [][]byte{nil, ed[:63], append(bytes.Clone(ed[:]), 0)} {
		pub := p.Public()
		if VerifyEd(&pub, msg, bad) {
			t.Errorf("an ed25519 half of %d bytes verifies", len(bad))
		}
	}
}

// badSigner gives an ml-dsa half of the wrong length, as a faulty token might.
type badSigner struct{ *Pair }

func (badSigner) SignML([]byte) ([]byte, error) { return make([]byte, 3309), nil }

func TestSignDocumentFaultySigner(t *testing.T) {
	_, err := SignDocument(badSigner{pair(t, 1)}, "certificate", nil)
	wantKind(t, err, parley.Internal)
}

func TestPairSeed(t *testing.T) {
	p, err := NewPair(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	q, err := PairFromSeed(p.Seed())
	if err != nil {
		t.Fatal(err)
	}
	if p.Public() != q.Public() {
		t.Error("the seed gives another pair")
	}
	for _, n := range []int{0, 32, 63, 65} {
		_, err := PairFromSeed(make([]byte, n))
		wantKind(t, err, parley.Malformed)
	}
	if _, err := NewPair(bytes.NewReader(make([]byte, 63))); err == nil {
		t.Error("a pair was made from too little randomness")
	}
	if p.Public().IsZero() || !(Public{}).IsZero() {
		t.Error("IsZero is wrong")
	}
}

// Private keys neither print, nor marshal, nor compare.
func TestSecretsHide(t *testing.T) {
	p := pair(t, 0x41)
	s, err := StorageFromSeed(seed(0x42, 32))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ReceivingFromSeed(seed(0x43, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]any{"pair": p, "storage": s, "receiving": r, "storage value": *s, "receiving value": *r,
		"within": struct{ K *Pair }{p},
		"within hidden": struct {
			p Pair
			s Storage
			r Receiving
		}{*p, *s, *r}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			got := fmt.Sprintf(verb, k)
			for _, secret := range [][]byte{p.Seed(), s.Seed(), r.Seed()} {
				for _, shown := range []string{string(secret[:8]), hex.EncodeToString(secret[:8]), fmt.Sprint(secret[:8]), fmt.Sprintf("%#v", secret[:4])[6:20]} {
					if strings.Contains(got, strings.Trim(shown, "[]{}")) {
						t.Errorf("%s with %s prints the key", name, verb)
					}
				}
			}
		}
		if name == "within hidden" {
			continue // JSON does not look into it
		}
		if _, err := json.Marshal(k); err == nil {
			t.Errorf("%s marshals to JSON", name)
		}
		if name != "within" && reflect.Indirect(reflect.ValueOf(k)).Type().Comparable() {
			t.Errorf("%s compares with ==", name)
		}
	}
}

// The construction of spec/conventions.md, worked out by hand elsewhere:
// printf 'parley/v1 founding\0abc' | sha256sum.
func TestHash(t *testing.T) {
	got := Hash("founding", []byte("abc"))
	if want := "eb5777df7ec68f713dce157d7bb6208b9971a83a229731e1760a066eb72de766"; hex.EncodeToString(got[:]) != want {
		t.Errorf("got %x, want %s", got, want)
	}
	if Hash("a", []byte("b")) == Hash("ab", nil) || Hash("a\x00b", nil) == Hash("a", nil) {
		t.Error("label and content run into one another")
	}
}

// One block of HKDF-Expand is HMAC(key, info || 0x01):
// printf 'parley/v1 header\1' | openssl mac -digest SHA256 -macopt hexkey:000102...1f HMAC.
func TestExpand(t *testing.T) {
	var k [32]byte
	for i := range k {
		k[i] = byte(i)
	}
	got := Expand(&k, []byte("header"))
	if want := "ce02056ce9ad0e423ef3afe1be26973c53a23e2e0480a06775917e0c9be83cb4"; hex.EncodeToString(got[:]) != want {
		t.Errorf("got %x, want %s", got, want)
	}
	if HKDF(k, "hea", "der") != got {
		t.Error("HKDF of joined parts differs from Expand")
	}
}
