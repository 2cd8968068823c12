package journal

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"parley"
)

// Hash is a SHA-256 tree hash of RFC 6962.
type Hash = [32]byte

// MaxSize bounds the size of a tree that this package computes with. It keeps
// every stored-hash index well inside an int64.
const MaxSize = 1 << 48

// EmptyRoot is the root of the tree without entries.
var EmptyRoot = Hash(sha256.Sum256(nil))

// LeafHash returns the hash of an entry as a leaf.
func LeafHash(entry []byte) Hash { return Hash(tlog.RecordHash(entry)) }

// A Reader returns stored hashes by their indices in the order of
// tlog.StoredHashIndex, one for each index asked, or an error.
type Reader = tlog.HashReader

// ReaderFunc makes a Reader of a function over plain hashes.
type ReaderFunc func(indexes []int64) ([]Hash, error)

// ReadHashes calls f. Too few or too many hashes are of kind Corrupt.
func (f ReaderFunc) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	got, err := f(indexes)
	if err != nil {
		return nil, err
	}
	if len(got) != len(indexes) {
		return nil, parley.Errorf(parley.Corrupt, "asked the store for %d tree hashes, got %d", len(indexes), len(got))
	}
	out := make([]tlog.Hash, len(got))
	for i, h := range got {
		out[i] = tlog.Hash(h)
	}
	return out, nil
}

// Tree is a growing view of one log. It holds the right edge of the tree and
// the hashes not yet flushed, so that Append and Root never read the store.
// A Tree is not safe for use by two goroutines at once.
type Tree struct {
	r       Reader
	size    uint64
	edge    []Hash // roots of the complete subtrees, largest first
	flushed int64  // stored hashes that the reader has
	pending []Hash // those after them, in stored order
}

// NewTree returns the tree of the first size entries whose hashes r holds. It
// reads the right edge, once. Size 0 reads nothing, and r may then be nil
// until the first Flush.
func NewTree(size uint64, r Reader) (*Tree, error) {
	if size > MaxSize {
		return nil, parley.Errorf(parley.Oversize, "a log of %d entries", size)
	}
	t := &Tree{r: r, size: size, flushed: tlog.StoredHashCount(int64(size))}
	if size == 0 {
		return t, nil
	}
	got, err := r.ReadHashes(edgeIndexes(size))
	if err != nil {
		return nil, fmt.Errorf("reading the edge of a log of %d entries: %w", size, err)
	}
	if len(got) != bits.OnesCount64(size) {
		return nil, parley.Errorf(parley.Corrupt, "the edge of a log of %d entries has %d hashes", size, len(got))
	}
	t.edge = plain(got)
	return t, nil
}

// edgeIndexes returns the stored-hash indices of the complete subtrees of a
// tree, largest first.
func edgeIndexes(size uint64) []int64 {
	var out []int64
	var lo uint64
	for lo < size {
		level := bits.Len64(size-lo) - 1
		out = append(out, tlog.StoredHashIndex(level, int64(lo>>level)))
		lo += 1 << level
	}
	return out
}

// Append adds one leaf.
func (t *Tree) Append(leaf Hash) {
	t.pending = append(t.pending, leaf)
	h := leaf
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		h = Hash(tlog.NodeHash(tlog.Hash(t.edge[last]), tlog.Hash(h)))
		t.edge = t.edge[:last]
		t.pending = append(t.pending, h)
	}
	t.edge = append(t.edge, h)
	t.size++
}

// Size returns the number of leaves.
func (t *Tree) Size() uint64 { return t.size }

// Root returns the root at the present size, from memory.
func (t *Tree) Root() Hash {
	if len(t.edge) == 0 {
		return EmptyRoot
	}
	h := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		h = Hash(tlog.NodeHash(tlog.Hash(t.edge[i]), tlog.Hash(h)))
	}
	return h
}

// RootAt returns the root the tree had at an earlier size. It may read the store.
func (t *Tree) RootAt(size uint64) (Hash, error) {
	switch {
	case size > t.size:
		return Hash{}, parley.Errorf(parley.NotFound, "no root at size %d of a log of %d entries", size, t.size)
	case size == t.size:
		return t.Root(), nil
	}
	h, err := tlog.TreeHash(int64(size), t)
	if err != nil {
		return Hash{}, fmt.Errorf("computing the root at size %d: %w", size, err)
	}
	return Hash(h), nil
}

// Pending returns the stored hashes appended since the tree was made or last
// flushed, and the index of the first. The slice is the caller's.
func (t *Tree) Pending() (from int64, hashes []Hash) {
	return t.flushed, slices.Clone(t.pending)
}

// Flush says that what Pending returned is durable and that the tree's reader
// now gives it.
func (t *Tree) Flush() {
	t.flushed += int64(len(t.pending))
	t.pending = nil
}

// Clone returns an independent copy over the same reader: append to it
// tentatively, and drop it or take it in the tree's place.
func (t *Tree) Clone() *Tree {
	c := *t
	c.edge = slices.Clone(t.edge)
	c.pending = slices.Clone(t.pending)
	return &c
}

// ReadHashes makes a Tree a Reader of its own hashes, flushed or not.
func (t *Tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	var ask []int64
	var at []int
	for i, x := range indexes {
		if x >= t.flushed+int64(len(t.pending)) || x < 0 {
			return nil, parley.Errorf(parley.NotFound, "no tree hash %d in a log of %d entries", x, t.size)
		}
		if x >= t.flushed {
			out[i] = tlog.Hash(t.pending[x-t.flushed])
			continue
		}
		ask, at = append(ask, x), append(at, i)
	}
	if len(ask) == 0 {
		return out, nil
	}
	got, err := t.r.ReadHashes(ask)
	if err != nil {
		return nil, err
	}
	if len(got) != len(ask) {
		return nil, parley.Errorf(parley.Corrupt, "asked the store for %d tree hashes, got %d", len(ask), len(got))
	}
	for i, h := range got {
		out[at[i]] = h
	}
	return out, nil
}

func plain(in []tlog.Hash) []Hash {
	out := make([]Hash, len(in))
	for i, h := range in {
		out[i] = Hash(h)
	}
	return out
}

func treeHashes(in []Hash) []tlog.Hash {
	out := make([]tlog.Hash, len(in))
	for i, h := range in {
		out[i] = tlog.Hash(h)
	}
	return out
}
