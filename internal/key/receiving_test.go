package key

import (
	"bytes"
	"crypto/rand"
	"testing"

	"parley"
)

func TestReceiving(t *testing.T) {
	r, err := NewReceiving(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReceivingFromSeed(r.Seed())
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewReceiving(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub, info, plain := r.Public(), []byte("epoch 4"), seed(9, 32)
	enc, ct, err := SealTo(&pub, info, plain)
	if err != nil {
		t.Fatal(err)
	}
	if len(enc) != EncSize || len(ct) != len(plain)+Overhead {
		t.Errorf("got enc %d and ct %d bytes, want %d and %d", len(enc), len(ct), EncSize, len(plain)+Overhead)
	}
	got, err := again.Open(enc, info, ct)
	if err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("got %x, %v; want the plaintext", got, err)
	}
	flip := func(b []byte, i int) []byte { b = bytes.Clone(b); b[i] ^= 1; return b }
	for _, c := range []struct {
		name          string
		r             *Receiving
		enc, info, ct []byte
	}{
		{"other key", other, enc, info, ct},
		{"other info", r, enc, []byte("epoch 5"), ct},
		{"no info", r, enc, nil, ct},
		{"enc flipped in ml-kem", r, flip(enc, 5), info, ct},
		{"enc flipped in x25519", r, flip(enc, 1100), info, ct},
		{"enc cut", r, enc[:1119], info, ct},
		{"enc long", r, append(bytes.Clone(enc), 0), info, ct},
		{"enc empty", r, nil, info, ct},
		{"enc x25519 of low order", r, append(bytes.Clone(enc[:1088]), make([]byte, 32)...), info, ct},
		{"ct flipped", r, enc, info, flip(ct, 0)},
		{"ct cut", r, enc, info, ct[:47]},
		{"ct empty", r, enc, info, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.r.Open(c.enc, c.info, c.ct)
			wantKind(t, err, parley.Unreadable)
		})
	}
}

func TestReceivingID(t *testing.T) {
	r, err := ReceivingFromSeed(seed(1, 32))
	if err != nil {
		t.Fatal(err)
	}
	pub := r.Public()
	sum := Hash("receiving key", pub[:])
	if id := r.ID(); !bytes.Equal(id[:], sum[:8]) || len(id.String()) != 16 {
		t.Errorf("got %s, want the first 8 bytes of %x", id, sum)
	}
}

func TestReceivingRefuses(t *testing.T) {
	for _, n := range []int{0, 31, 33, 64} {
		_, err := ReceivingFromSeed(make([]byte, n))
		wantKind(t, err, parley.Malformed)
	}
	if _, err := NewReceiving(bytes.NewReader(nil)); err == nil {
		t.Error("a key was made without randomness")
	}
	var notKey ReceivingPublic
	for i := range notKey {
		notKey[i] = 0xff // coefficients above q
	}
	_, _, err := SealTo(&notKey, nil, nil)
	wantKind(t, err, parley.Malformed)
}
