package journal

import (
	"strings"
	"testing"

	"parley"
	"parley/internal/key"
	"parley/internal/wire"
)

func TestSignVerify(t *testing.T) {
	c, head, p := testCheckpoint(t, 5)
	v := testVerifier(t, p.Public())
	if err := Verify(v, c, head); err != nil {
		t.Fatal(err)
	}
	alter := func(f func(h *wire.Head)) wire.Head {
		h := head
		h.ML = append([]byte(nil), head.ML...)
		f(&h)
		return h
	}
	for _, test := range []struct {
		name string
		c    Checkpoint
		head wire.Head
		half string
	}{
		{"ed flipped", c, alter(func(h *wire.Head) { h.Ed[9] ^= 1 }), "ed25519"},
		{"ml flipped", c, alter(func(h *wire.Head) { h.ML[9] ^= 1 }), "ml-dsa"},
		{"ml missing", c, alter(func(h *wire.Head) { h.ML = nil }), "ml-dsa"},
		{"ml cut", c, alter(func(h *wire.Head) { h.ML = h.ML[:100] }), "ml-dsa"},
		{"ed missing", c, alter(func(h *wire.Head) { h.Ed = [64]byte{} }), "ed25519"},
		{"another size", c, alter(func(h *wire.Head) { h.Size++ }), "another size"},
		{"another root", c, alter(func(h *wire.Head) { h.Root[0] ^= 1 }), "another size or root"},
		{"another origin", Checkpoint{c.Origin + "0", c.Size, c.Root}, head, "ed25519"},
		{"size altered in both", Checkpoint{c.Origin, 6, c.Root}, alter(func(h *wire.Head) { h.Size = 6 }), "ed25519"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := Verify(v, test.c, test.head)
			wantKind(t, err, parley.BadSignature)
			if !strings.Contains(err.Error(), test.half) {
				t.Errorf("got %q, want it to name %q", err, test.half)
			}
		})
	}
	wantKind(t, Verify(testVerifier(t, testPair(t, "else").Public()), c, head), parley.BadSignature)
}

// TestHalvesAreBound shows that halves of two good checkpoints cannot be mixed.
func TestHalvesAreBound(t *testing.T) {
	c5, h5, p := testCheckpoint(t, 5)
	_, h6, _ := testCheckpoint(t, 6)
	v := testVerifier(t, p.Public())
	mixed := h5
	mixed.ML = h6.ML
	wantKind(t, Verify(v, c5, mixed), parley.BadSignature)
	mixed = h5
	mixed.Ed = h6.Ed
	wantKind(t, Verify(v, c5, mixed), parley.BadSignature)
}

func TestCosign(t *testing.T) {
	c, head, log := testCheckpoint(t, 5)
	p := testPair(t, "birch receipt")
	v := testVerifier(t, p.Public())
	const now = 1_700_000_000
	ed, ml, err := Cosign(p, birchHeld, c, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyCosignature(v, birchHeld, c, now, ed, ml); err != nil {
		t.Fatal(err)
	}
	badEd := ed
	badEd[1] ^= 1
	other := Checkpoint{c.Origin, c.Size, flipHash(c.Root)}
	for _, test := range []struct {
		name string
		err  error
		want parley.Kind
	}{
		{"ed flipped", VerifyCosignature(v, birchHeld, c, now, badEd, ml), parley.BadSignature},
		{"ml flipped", VerifyCosignature(v, birchHeld, c, now, ed, flip(ml, 0)), parley.BadSignature},
		{"ml missing", VerifyCosignature(v, birchHeld, c, now, ed, nil), parley.BadSignature},
		{"another time", VerifyCosignature(v, birchHeld, c, now+1, ed, ml), parley.BadSignature},
		{"another root", VerifyCosignature(v, birchHeld, other, now, ed, ml), parley.BadSignature},
		{"another holder", VerifyCosignature(v, birchHeld+"x", c, now, ed, ml), parley.BadSignature},
		{"log key for a receipt", VerifyCosignature(testVerifier(t, log.Public()), birchHeld, c, now, ed, ml), parley.BadSignature},
		{"time 0", VerifyCosignature(v, birchHeld, c, 0, ed, ml), parley.Malformed},
		{"the log itself", VerifyCosignature(v, c.Origin, c, now, ed, ml), parley.Malformed},
		{"a name with a space", VerifyCosignature(v, "a b", c, now, ed, ml), parley.Malformed},
		{"a log's signature as receipt", VerifyCosignature(testVerifier(t, log.Public()), birchHeld, c, now, head.Ed, head.ML), parley.BadSignature},
		{"a receipt as a log's signature", Verify(v, c, wire.Head{Size: c.Size, Root: c.Root, Ed: ed, ML: ml}), parley.BadSignature},
	} {
		t.Run(test.name, func(t *testing.T) { wantKind(t, test.err, test.want) })
	}
	_, _, err = Cosign(p, birchHeld, c, 0)
	wantKind(t, err, parley.Malformed)
	_, _, err = Cosign(p, strings.Repeat("h", 256), c, now)
	wantKind(t, err, parley.Malformed)
	_, err = Sign(p, Checkpoint{"no good", 1, EmptyRoot})
	wantKind(t, err, parley.Malformed)
}

// shortSigner and deadSigner are hardware on a bad day.
type shortSigner struct{ *key.Pair }

func (shortSigner) SignML([]byte) ([]byte, error) { return make([]byte, 10), nil }

type deadSigner struct{ *key.Pair }

func (deadSigner) SignEd([]byte) (sig [64]byte, err error) {
	return sig, parley.Errorf(parley.Unavailable, "the token is not plugged in")
}

func TestSignRefusesABrokenSigner(t *testing.T) {
	p := testPair(t, "alder log")
	_, err := Sign(shortSigner{p}, Checkpoint{alderLog, 0, EmptyRoot})
	wantKind(t, err, parley.Internal)
	_, err = Sign(deadSigner{p}, Checkpoint{alderLog, 0, EmptyRoot})
	wantKind(t, err, parley.Unavailable)
}
