package journal

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"parley"
)

// Inclusion returns the RFC 6962 audit path of leaf index in the tree of size.
// Both are of this tree; NotFound when they are not in it.
func (t *Tree) Inclusion(index, size uint64) ([]Hash, error) {
	if size > t.size || index >= size {
		return nil, parley.Errorf(parley.NotFound, "no entry %d at size %d in a log of %d entries", index, size, t.size)
	}
	p, err := tlog.ProveRecord(int64(size), int64(index), t)
	if err != nil {
		return nil, fmt.Errorf("proving entry %d at size %d: %w", index, size, err)
	}
	return plain(p), nil
}

// Consistency returns the RFC 6962 proof that the tree of size older is a
// prefix of the tree of size newer. It is empty when older is 0 or newer.
func (t *Tree) Consistency(older, newer uint64) ([]Hash, error) {
	if newer > t.size || older > newer {
		return nil, parley.Errorf(parley.NotFound, "no step from size %d to %d in a log of %d entries", older, newer, t.size)
	}
	if older == 0 || older == newer {
		return []Hash{}, nil
	}
	p, err := tlog.ProveTree(int64(newer), int64(older), t)
	if err != nil {
		return nil, fmt.Errorf("proving size %d from %d: %w", newer, older, err)
	}
	return plain(p), nil
}

// CheckInclusion checks that leaf is the entry index of the tree of the given
// size and root. Every failure is of kind BadProof.
func CheckInclusion(proof []Hash, size uint64, root Hash, index uint64, leaf Hash) error {
	if size > MaxSize || index >= size {
		return parley.Errorf(parley.BadProof, "an inclusion proof of entry %d at size %d", index, size)
	}
	if tlog.CheckRecord(treeHashes(proof), int64(size), tlog.Hash(root), int64(index), tlog.Hash(leaf)) != nil {
		return parley.Errorf(parley.BadProof, "the inclusion proof of entry %d at size %d does not lead to the root", index, size)
	}
	return nil
}

// CheckConsistency checks that the tree (older, oldRoot) is a prefix of the
// tree (newer, newRoot). Every failure is of kind BadProof.
func CheckConsistency(proof []Hash, older uint64, oldRoot Hash, newer uint64, newRoot Hash) error {
	bad := parley.Errorf(parley.BadProof, "the consistency proof from size %d to %d does not lead to the roots", older, newer)
	switch {
	case older > newer || newer > MaxSize:
		return parley.Errorf(parley.BadProof, "a consistency proof from size %d to %d", older, newer)
	case older == 0:
		if len(proof) != 0 || oldRoot != EmptyRoot || newer == 0 && newRoot != EmptyRoot {
			return bad
		}
		return nil
	}
	if tlog.CheckTree(treeHashes(proof), int64(newer), tlog.Hash(newRoot), int64(older), tlog.Hash(oldRoot)) != nil {
		return bad
	}
	return nil
}
