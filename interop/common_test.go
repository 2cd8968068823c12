package interop

import (
	"crypto/rand"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/wire"
)

// testLog is one generation of a party's log under fresh random keys, with another
// party's holder of it.
type testLog struct {
	t       testing.TB
	origin  string
	pair    *key.Pair
	tree    *journal.Tree
	entries [][]byte

	holder      string
	holderPair  *key.Pair
	receiptTime uint64
}

func newLog(t testing.TB, entries int) *testLog {
	t.Helper()
	var line parley.LineID
	var alder, birch parley.GenerationID
	random(line[:])
	random(alder[:])
	random(birch[:])
	tree, err := journal.NewTree(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &testLog{
		t: t, origin: parley.Origin(line, "alder", alder), pair: newPair(t), tree: tree,
		holder: parley.HolderName(parley.Origin(line, "birch", birch)), holderPair: newPair(t), receiptTime: 1_800_000_000,
	}
	l.grow(entries)
	return l
}

func random(b []byte) { rand.Read(b) } // never fails: crypto/rand

func newPair(t testing.TB) *key.Pair {
	t.Helper()
	p, err := key.NewPair(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// grow appends entries until the log has n.
func (l *testLog) grow(n int) {
	for i := len(l.entries); i < n; i++ {
		e := make([]byte, 8+i%200)
		random(e)
		l.entries = append(l.entries, e)
		l.tree.Append(journal.LeafHash(e))
	}
}

func (l *testLog) checkpoint(size uint64) journal.Checkpoint {
	l.t.Helper()
	root, err := l.tree.RootAt(size)
	if err != nil {
		l.t.Fatal(err)
	}
	return journal.Checkpoint{Origin: l.origin, Size: size, Root: root}
}

func (l *testLog) head(size uint64) wire.Head {
	l.t.Helper()
	h, err := journal.Sign(l.pair, l.checkpoint(size))
	if err != nil {
		l.t.Fatal(err)
	}
	return h
}

// note returns the signed note of a size with the log's two signatures.
func (l *testLog) note(size uint64) []byte {
	l.t.Helper()
	return c2sp.Note(l.checkpoint(size), l.pair.Public(), l.head(size))
}

// receipt returns note with the holder's receipt.
func (l *testLog) receipt(size uint64) []byte {
	l.t.Helper()
	ed, ml, err := journal.Cosign(l.holderPair, l.holder, l.checkpoint(size), l.receiptTime)
	if err != nil {
		l.t.Fatal(err)
	}
	return c2sp.AppendLines(l.note(size), c2sp.HolderLines(l.holder, l.holderPair.Public(), l.receiptTime, ed, ml)...)
}

func (l *testLog) consistency(old, size uint64) []journal.Hash {
	l.t.Helper()
	p, err := l.tree.Consistency(old, size)
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

func (l *testLog) inclusion(index, size uint64) []journal.Hash {
	l.t.Helper()
	p, err := l.tree.Inclusion(index, size)
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// vkeys returns the log's and the holder's verifier keys.
func (l *testLog) vkeys() (own, holder [2]c2sp.VKey) {
	return c2sp.LogKeys(l.origin, l.pair.Public()), c2sp.HolderKeys(l.holder, l.holderPair.Public())
}

// edVerifier returns x/mod's verifier of the log's Ed25519 signature.
func (l *testLog) edVerifier() note.Verifier {
	l.t.Helper()
	keys, _ := l.vkeys()
	v, err := note.NewVerifier(keys[0].String())
	if err != nil {
		l.t.Fatal(err)
	}
	return v
}

// flips calls f with copies of b that differ in one bit, every stride bytes.
func flips(b []byte, stride int, f func(at int, b []byte)) {
	for i := 0; i < len(b); i += stride {
		c := append([]byte(nil), b...)
		c[i] ^= 1
		f(i, c)
	}
}

// looseBits reports whether byte i of a note ends base64 with bits that carry
// nothing. We refuse any but zeros there; the others do not look.
func looseBits(b []byte, i int) bool { return i+1 < len(b) && b[i+1] == '=' }

func wantKind(t testing.TB, err error, kind parley.Kind) {
	t.Helper()
	if got := parley.KindOf(err); err == nil || got != kind {
		t.Fatalf("got %v (%s), want %s", err, got, kind)
	}
}

func witnessName(i int) string { return fmt.Sprintf("witness.example/%d", i) }
