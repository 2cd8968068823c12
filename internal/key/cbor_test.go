package key_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"parley"
	"parley/internal/key"
	"parley/internal/wire"
)

// Public pairs and document signatures have the CBOR of spec/conventions.md.
func TestCBOR(t *testing.T) {
	p, err := key.PairFromSeed(make([]byte, key.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	pub := p.Public()
	b := wire.Encode(pub)
	want := append([]byte{0x82, 0x58, 32}, pub.Ed[:]...)
	want = append(append(want, 0x59, 0x05, 0x20), pub.ML[:]...)
	if !bytes.Equal(b, want) {
		t.Errorf("got % x..., want % x...", b[:40], want[:40])
	}
	var got key.Public
	if err := wire.Decode(b, &got); err != nil || got != pub {
		t.Errorf("got another pair, %v", err)
	}
	sig, err := key.SignDocument(p, "certificate", []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	var again key.Signature
	if err := wire.Decode(wire.Encode(sig), &again); err != nil || again != sig {
		t.Errorf("got another signature, %v", err)
	}
	for name, bad := range map[string][]byte{
		"ed half alone":  append([]byte{0x81, 0x58, 32}, pub.Ed[:]...),
		"ed half short":  append(append([]byte{0x82, 0x58, 31}, pub.Ed[:31]...), b[35:]...),
		"ml half short":  append(append(bytes.Clone(b[:35]), 0x59, 0x05, 0x1f), pub.ML[:1311]...),
		"ml half null":   append(bytes.Clone(b[:35]), 0xf6),
		"a third half":   append(append([]byte{0x83}, b[1:]...), 0xf6),
		"cut":            b[:len(b)-1],
		"halves swapped": append(append([]byte{0x82}, b[35:]...), b[1:35]...),
	} {
		if err := wire.Decode(bad, new(key.Public)); parley.KindOf(err) != parley.Malformed {
			t.Errorf("%s: got %v, want it refused as malformed", name, err)
		}
	}
	for _, private := range []any{p, map[string]any{"k": p}} {
		if _, err := wire.TryEncode(private); err == nil {
			t.Error("a private key encodes to CBOR")
		}
		if _, err := json.Marshal(private); err == nil {
			t.Error("a private key encodes to JSON")
		}
	}
}

func FuzzReceivingOpen(f *testing.F) {
	r, err := key.ReceivingFromSeed(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	pub := r.Public()
	enc, ct, err := key.SealTo(&pub, []byte("info"), []byte("secret"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(enc, []byte("info"), ct)
	f.Add([]byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, e, info, c []byte) {
		plain, err := r.Open(e, info, c)
		if err != nil {
			if parley.KindOf(err) != parley.Unreadable {
				t.Errorf("got %v", err)
			}
			return
		}
		// enc is random, and each fuzzing process has its own.
		if string(info) != "info" || string(plain) != "secret" {
			t.Errorf("opened %x as %q", c, plain)
		}
	})
}

func FuzzVerifyDocument(f *testing.F) {
	p, err := key.PairFromSeed(make([]byte, key.SeedSize))
	if err != nil {
		f.Fatal(err)
	}
	sig, err := key.SignDocument(p, "l", []byte("m"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("l", []byte("m"), sig.Ed[:], sig.ML[:])
	f.Fuzz(func(t *testing.T, label string, msg, ed, ml []byte) {
		var s key.Signature
		copy(s.Ed[:], ed)
		copy(s.ML[:], ml)
		err := key.VerifyDocument(p.Public(), label, msg, s)
		// The signature is hedged, and each fuzzing process has its own.
		if err == nil && (label != "l" || string(msg) != "m") {
			t.Errorf("a signature of m verifies for %q %q", label, msg)
		}
		if err != nil && parley.KindOf(err) != parley.BadSignature {
			t.Errorf("got %v", err)
		}
	})
}
