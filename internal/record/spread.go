package record

import (
	"crypto/sha256"
	"math/bits"

	"parley/internal/journal"
)

// Hash is a SHA-256 tree hash.
type Hash = journal.Hash

// spread is an RFC 6962 tree that gives its root at every size it has had. It
// keeps 36 bytes for each leaf: the leaf hashes, and the roots of complete
// subtrees of spreadWidth leaves and more.
type spread struct {
	leaves []Hash
	nodes  [][]Hash // nodes[k]: roots over spreadWidth<<k leaves
}

const (
	spreadLevel = 4
	spreadWidth = 1 << spreadLevel
)

func (s *spread) size() uint64 { return uint64(len(s.leaves)) }

func (s *spread) append(leaf Hash) {
	s.leaves = append(s.leaves, leaf)
	if len(s.leaves)%spreadWidth != 0 {
		return
	}
	h := rootOf(s.leaves[len(s.leaves)-spreadWidth:])
	for k := 0; ; k++ {
		if k == len(s.nodes) {
			s.nodes = append(s.nodes, nil)
		}
		s.nodes[k] = append(s.nodes[k], h)
		n := len(s.nodes[k])
		if n%2 == 1 {
			return
		}
		h = nodeHash(&s.nodes[k][n-2], &s.nodes[k][n-1])
	}
}

// root returns the root at a size that s has had.
func (s *spread) root(size uint64) Hash {
	if size == 0 {
		return journal.EmptyRoot
	}
	var edge [64]Hash
	n, lo := 0, uint64(0)
	for lo < size {
		level := bits.Len64(size-lo) - 1
		if level >= spreadLevel {
			edge[n] = s.nodes[level-spreadLevel][lo>>level]
		} else {
			edge[n] = rootOf(s.leaves[lo : lo+1<<level])
		}
		lo += 1 << level
		n++
	}
	h := edge[n-1]
	for i := n - 2; i >= 0; i-- {
		h = nodeHash(&edge[i], &h)
	}
	return h
}

// rootOf returns the root over a power of two of leaves, at most spreadWidth.
func rootOf(leaves []Hash) Hash {
	var row [spreadWidth]Hash
	n := copy(row[:], leaves)
	for ; n > 1; n /= 2 {
		for i := 0; i < n; i += 2 {
			row[i/2] = nodeHash(&row[i], &row[i+1])
		}
	}
	return row[0]
}

func nodeHash(l, r *Hash) Hash {
	var b [65]byte
	b[0] = 1
	copy(b[1:], l[:])
	copy(b[33:], r[:])
	return sha256.Sum256(b[:])
}
