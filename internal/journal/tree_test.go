package journal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"parley"
)

// memory is a store of stored hashes that counts its reads.
type memory struct {
	hashes []Hash
	reads  int
	err    error
}

func (m *memory) read(indexes []int64) ([]Hash, error) {
	m.reads++
	if m.err != nil {
		return nil, m.err
	}
	var out []Hash
	for _, x := range indexes {
		if x >= int64(len(m.hashes)) {
			return nil, parley.Errorf(parley.Corrupt, "tree hash %d is missing", x)
		}
		out = append(out, m.hashes[x])
	}
	return out, nil
}

func (m *memory) take(t *testing.T, tree *Tree) {
	t.Helper()
	from, hashes := tree.Pending()
	if from != int64(len(m.hashes)) {
		t.Fatalf("pending from %d, want %d", from, len(m.hashes))
	}
	m.hashes = append(m.hashes, hashes...)
	tree.Flush()
}

// slowRoot is RFC 6962's definition of the tree hash, word for word.
func slowRoot(leaves []Hash) Hash {
	switch len(leaves) {
	case 0:
		return EmptyRoot
	case 1:
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	l, r := slowRoot(leaves[:k]), slowRoot(leaves[k:])
	return hashNode(l, r)
}

func TestTreeGrows(t *testing.T) {
	m := &memory{}
	tree, err := NewTree(0, ReaderFunc(m.read))
	if err != nil {
		t.Fatal(err)
	}
	var leaves []Hash
	var roots []Hash
	for i := range 200 {
		if got := tree.Root(); got != slowRoot(leaves) {
			t.Fatalf("root at %d is not that of RFC 6962", i)
		}
		roots = append(roots, tree.Root())
		leaf := LeafHash(testEntry(i))
		leaves = append(leaves, leaf)
		tree.Append(leaf)
		if i%7 == 0 {
			m.take(t, tree)
		}
	}
	if m.reads != 0 {
		t.Errorf("appending read the store %d times, want 0", m.reads)
	}
	for size, want := range roots {
		got, err := tree.RootAt(uint64(size))
		if err != nil || got != want {
			t.Fatalf("root at %d: got %x, %v, want %x", size, got, err, want)
		}
	}
}

func TestTreeReopens(t *testing.T) {
	m := &memory{}
	tree, _ := NewTree(0, nil)
	for size := range uint64(70) {
		m.take(t, tree)
		again, err := NewTree(size, ReaderFunc(m.read))
		if err != nil {
			t.Fatal(err)
		}
		if again.Root() != tree.Root() || again.Size() != size {
			t.Fatalf("reopened at %d with another root", size)
		}
		leaf := LeafHash(testEntry(int(size)))
		again.Append(leaf)
		tree.Append(leaf)
		if again.Root() != tree.Root() {
			t.Fatalf("reopened at %d, appended, another root", size)
		}
	}
}

func TestTreeCloneIsTentative(t *testing.T) {
	tree := testTree(t, 5)
	want := tree.Root()
	_, pending := tree.Pending()
	c := tree.Clone()
	for i := range 40 {
		c.Append(LeafHash(testEntry(100 + i)))
	}
	c.Flush()
	if tree.Root() != want || tree.Size() != 5 {
		t.Error("appending to a clone changed the tree")
	}
	if _, got := tree.Pending(); len(got) != len(pending) {
		t.Errorf("flushing a clone left %d pending in the tree, want %d", len(got), len(pending))
	}
	other := tree.Clone()
	other.Append(LeafHash(testEntry(5)))
	tree.Append(LeafHash([]byte("another")))
	if other.Root() == tree.Root() {
		t.Error("tree and clone share their edge")
	}
}

func TestTreeRefuses(t *testing.T) {
	broken := errors.New("bad sector")
	short := ReaderFunc(func(x []int64) ([]Hash, error) { return make([]Hash, len(x)-1), nil })
	tree := testTree(t, 9)
	for _, test := range []struct {
		name string
		do   func() error
		want parley.Kind
	}{
		{"size over the bound", func() error { _, err := NewTree(MaxSize+1, short); return err }, parley.Oversize},
		{"store with too few hashes", func() error { _, err := NewTree(7, short); return err }, parley.Corrupt},
		{"store with a hole", func() error { _, err := NewTree(7, ReaderFunc((&memory{}).read)); return err }, parley.Corrupt},
		{"root of the future", func() error { _, err := tree.RootAt(10); return err }, parley.NotFound},
		{"entry of the future", func() error { _, err := tree.Inclusion(9, 9); return err }, parley.NotFound},
		{"size of the future", func() error { _, err := tree.Inclusion(1, 10); return err }, parley.NotFound},
		{"step backwards", func() error { _, err := tree.Consistency(5, 4); return err }, parley.NotFound},
		{"step to the future", func() error { _, err := tree.Consistency(5, 10); return err }, parley.NotFound},
		{"hash of the future", func() error { _, err := tree.ReadHashes([]int64{1 << 40}); return err }, parley.NotFound},
		{"hash before all", func() error { _, err := tree.ReadHashes([]int64{-1}); return err }, parley.NotFound},
	} {
		t.Run(test.name, func(t *testing.T) { wantKind(t, test.do(), test.want) })
	}
	if _, err := NewTree(3, ReaderFunc((&memory{err: broken}).read)); !errors.Is(err, broken) {
		t.Errorf("got %v, want the store's own error", err)
	}
}

func TestProofs(t *testing.T) {
	const most = 40
	tree := testTree(t, most)
	for size := uint64(1); size <= most; size++ {
		root, err := tree.RootAt(size)
		if err != nil {
			t.Fatal(err)
		}
		for i := range size {
			p, err := tree.Inclusion(i, size)
			if err != nil {
				t.Fatal(err)
			}
			leaf := LeafHash(testEntry(int(i)))
			if err := CheckInclusion(p, size, root, i, leaf); err != nil {
				t.Fatal(err)
			}
			wantKind(t, CheckInclusion(p, size, root, i, LeafHash([]byte("else"))), parley.BadProof)
			wantKind(t, CheckInclusion(append(p, leaf), size, root, i, leaf), parley.BadProof)
			wantKind(t, CheckInclusion(p, size, root, size, leaf), parley.BadProof)
			wantKind(t, CheckInclusion(p, size, flipHash(root), i, leaf), parley.BadProof)
		}
		for old := range size + 1 {
			was, err := tree.RootAt(old)
			if err != nil {
				t.Fatal(err)
			}
			p, err := tree.Consistency(old, size)
			if err != nil {
				t.Fatal(err)
			}
			if err := CheckConsistency(p, old, was, size, root); err != nil {
				t.Fatal(err)
			}
			wantKind(t, CheckConsistency(p, old, flipHash(was), size, root), parley.BadProof)
			wantKind(t, CheckConsistency(append(p, root), old, was, size, root), parley.BadProof)
			if old > 0 {
				wantKind(t, CheckConsistency(p, old, was, size, flipHash(root)), parley.BadProof)
			}
		}
	}
}

func TestProofsOfImpossibleSizes(t *testing.T) {
	h := EmptyRoot
	for _, size := range []uint64{MaxSize + 1, 1 << 62, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
		wantKind(t, CheckInclusion(nil, size, h, 0, h), parley.BadProof)
		wantKind(t, CheckInclusion(nil, size, h, size-1, h), parley.BadProof)
		wantKind(t, CheckConsistency(nil, 0, h, size, h), parley.BadProof)
		wantKind(t, CheckConsistency(nil, 1, h, size, h), parley.BadProof)
		wantKind(t, CheckConsistency(nil, size, h, size, h), parley.BadProof)
	}
	wantKind(t, CheckConsistency(nil, 5, h, 4, h), parley.BadProof)
	wantKind(t, CheckConsistency(nil, 0, h, 0, Hash{}), parley.BadProof)
}

func sum(b []byte) Hash { return sha256.Sum256(b) }

func hashNode(l, r Hash) Hash {
	b := append([]byte{1}, l[:]...)
	return sum(append(b, r[:]...))
}

func flipHash(h Hash) Hash { return Hash(flip(h[:], 3)) }

func TestLeafHash(t *testing.T) {
	if got, want := LeafHash([]byte("x")), sum([]byte("\x00x")); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
	if !bytes.Equal(EmptyRoot[:4], []byte{0xe3, 0xb0, 0xc4, 0x42}) {
		t.Errorf("empty root %x", EmptyRoot)
	}
}
