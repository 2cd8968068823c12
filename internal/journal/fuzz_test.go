package journal

import (
	"bytes"
	"testing"

	"parley"
	"parley/internal/wire"
)

func FuzzParseOrigin(f *testing.F) {
	for _, s := range []string{alderLog, birchHeld, "", "//", alderLog + "\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line, party, gen, err := ParseOrigin(s)
		if err != nil {
			wantKind(t, err, parley.Malformed)
		} else if got := parley.Origin(line, party, gen); got != s || len(s) > 100 {
			t.Errorf("%q is read as %q", s, got)
		}
	})
}

// FuzzVerifyEvidence gives altered evidence to the check: what is taken shows
// two signed histories, and is written as it was read.
func FuzzVerifyEvidence(f *testing.F) {
	p := testPair(f, "alder log")
	sign := func(tree *Tree) wire.Head {
		head, err := Sign(p, Checkpoint{alderLog, tree.Size(), tree.Root()})
		if err != nil {
			f.Fatal(err)
		}
		return head
	}
	forked := testTree(f, 3)
	forked.Append(LeafHash([]byte("another")))
	for _, lied := range []*Tree{forked, testTree(f, 4)} {
		held := testTree(f, 9)
		if e, err := MakeEvidence(alderGen, sign(lied), sign(held), held); err == nil {
			f.Add(wire.Encode(e))
		}
		f.Add(wire.Encode(&Evidence{Gen: alderGen, First: sign(lied), Second: sign(held), Proof: []Hash{EmptyRoot}}))
	}
	v := testVerifier(f, p.Public())
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Evidence
		if wire.Decode(b, &e) != nil {
			return
		}
		if !bytes.Equal(wire.Encode(&e), b) {
			t.Fatalf("%x is read, and written otherwise", b)
		}
		if VerifyEvidence(alderLog, v, &e) != nil {
			return
		}
		for _, h := range []wire.Head{e.First, e.Second} {
			if Verify(v, Checkpoint{alderLog, h.Size, h.Root}, h) != nil {
				t.Fatal("evidence without signatures is taken")
			}
		}
		if e.First.Size == e.Second.Size && e.First.Root == e.Second.Root {
			t.Fatal("one history is taken for two")
		}
	})
}

// FuzzVerifySignatures alters a checkpoint's signatures and a receipt's: only
// what was signed verifies.
func FuzzVerifySignatures(f *testing.F) {
	c, head, p := testCheckpoint(f, 5)
	const at = 1795000000
	ed, ml, err := Cosign(p, birchHeld, c, at)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.Size, uint64(at), uint(0), byte(0), 0, false)
	f.Add(c.Size, uint64(0), uint(3), byte(1), 1, true)
	f.Add(uint64(6), uint64(at+1), uint(70), byte(4), 100, false)
	v := testVerifier(f, p.Public())
	f.Fuzz(func(t *testing.T, size, when uint64, n uint, flip byte, cut int, named bool) {
		d, h, gotEd, gotML := c, head, ed, bytes.Clone(ml)
		d.Size, h.Size, h.ML = size, size, bytes.Clone(head.ML)
		if n %= 64 + uint(len(ml)); n < 64 {
			h.Ed[n] ^= flip
			gotEd[n] ^= flip
		} else {
			h.ML[n-64] ^= flip
			gotML[n-64] ^= flip
		}
		if cut > 0 {
			h.ML, gotML = h.ML[:cut%len(ml)], gotML[:cut%len(ml)]
		}
		holder := birchHeld
		if named {
			holder = parley.HolderName(alderLog)
		}
		same := size == c.Size && flip == 0 && cut <= 0
		if err := Verify(v, d, h); (err == nil) != same {
			t.Errorf("the same %v: %v", same, err)
		}
		if err := VerifyCosignature(v, holder, d, when, gotEd, gotML); (err == nil) != (same && when == at && !named) {
			t.Errorf("a receipt, the same %v, at %d: %v", same, when, err)
		}
	})
}
