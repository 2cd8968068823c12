package c2sp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/wire"
)

var (
	testLine  = parley.LineID{0: 0xa1, 15: 0x0f}
	alderGen  = parley.GenerationID{1, 2, 3, 4, 5, 6, 7, 8}
	birchGen  = parley.GenerationID{9, 9, 9}
	alderLog  = parley.Origin(testLine, "alder", alderGen)
	birchHeld = parley.HolderName(parley.Origin(testLine, "birch", birchGen))
)

// testPair returns a fixed pair for each name.
func testPair(t testing.TB, name string) *key.Pair {
	t.Helper()
	seed := key.Hash("test pair", []byte(name))
	p, err := key.NewPair(rand.NewChaCha8(seed))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func testVerifier(t testing.TB, p key.Public) *key.Verifier {
	t.Helper()
	v, err := key.NewVerifier(p)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func testEntry(i int) []byte { return fmt.Appendf(nil, "entry %d", i) }

// testTree returns a tree of n entries with nothing flushed.
func testTree(t testing.TB, n int) *journal.Tree {
	t.Helper()
	tree, err := journal.NewTree(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		tree.Append(journal.LeafHash(testEntry(i)))
	}
	return tree
}

// testCheckpoint returns Alder's checkpoint of n entries, signed.
func testCheckpoint(t testing.TB, n int) (journal.Checkpoint, wire.Head, *key.Pair) {
	t.Helper()
	p := testPair(t, "alder log")
	c := journal.Checkpoint{Origin: alderLog, Size: uint64(n), Root: testTree(t, n).Root()}
	head, err := journal.Sign(p, c)
	if err != nil {
		t.Fatal(err)
	}
	return c, head, p
}

func wantKind(t testing.TB, err error, kind parley.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want %s", kind)
	}
	if got := parley.KindOf(err); got != kind {
		t.Fatalf("got %s (%v), want %s", got, err, kind)
	}
}

// flip returns b with one bit of byte i flipped.
func flip(b []byte, i int) []byte {
	c := bytes.Clone(b)
	c[i] ^= 1
	return c
}
