package interop

import (
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"parley/internal/journal"
)

func slices32(in []journal.Hash) [][]byte {
	out := make([][]byte, len(in))
	for i := range in {
		out[i] = in[i][:]
	}
	return out
}

func TestMerkleVerifiesInclusion(t *testing.T) {
	l := newLog(t, 67)
	for _, size := range []uint64{1, 2, 3, 31, 32, 33, 64, 67} {
		root := l.checkpoint(size).Root
		for i := range size {
			p := l.inclusion(i, size)
			leaf := rfc6962.DefaultHasher.HashLeaf(l.entries[i])
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, i, size, leaf, slices32(p), root[:]); err != nil {
				t.Fatalf("entry %d at %d: %v", i, size, err)
			}
		}
	}
}

func TestMerkleVerifiesConsistency(t *testing.T) {
	l := newLog(t, 67)
	for old := range uint64(68) {
		for size := old; size < 68; size++ {
			p := slices32(l.consistency(old, size))
			was, is := l.checkpoint(old).Root, l.checkpoint(size).Root
			if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old, size, p, was[:], is[:]); err != nil {
				t.Fatalf("from %d to %d: %v", old, size, err)
			}
		}
	}
}

// TestMerkleAgreesOnBadProofs compares verdicts on altered proofs.
func TestMerkleAgreesOnBadProofs(t *testing.T) {
	l := newLog(t, 40)
	h := rfc6962.DefaultHasher
	for _, sizes := range [][2]uint64{{1, 40}, {7, 40}, {8, 40}, {32, 40}, {39, 40}, {5, 6}} {
		old, size := sizes[0], sizes[1]
		was, is := l.checkpoint(old).Root, l.checkpoint(size).Root
		good := l.consistency(old, size)
		for _, p := range mutations(good) {
			ours := journal.CheckConsistency(p, old, was, size, is) == nil
			theirs := proof.VerifyConsistency(h, old, size, slices32(p), was[:], is[:]) == nil
			if ours || theirs {
				t.Errorf("an altered proof from %d to %d: we say %v, merkle says %v", old, size, ours, theirs)
			}
		}
		leaf := journal.LeafHash(l.entries[old])
		for _, p := range mutations(l.inclusion(old, size)) {
			ours := journal.CheckInclusion(p, size, is, old, leaf) == nil
			theirs := proof.VerifyInclusion(h, old, size, leaf[:], slices32(p), is[:]) == nil
			if ours || theirs {
				t.Errorf("an altered proof of %d at %d: we say %v, merkle says %v", old, size, ours, theirs)
			}
		}
	}
}

// mutations returns proofs that are not p: each hash altered or dropped, one
// more at either end.
func mutations(p []journal.Hash) [][]journal.Hash {
	var out [][]journal.Hash
	for i := range p {
		q := append([]journal.Hash(nil), p...)
		q[i][7] ^= 1
		out = append(out, q, append(append([]journal.Hash(nil), p[:i]...), p[i+1:]...))
	}
	extra := journal.Hash{1}
	return append(out, append(append([]journal.Hash(nil), p...), extra), append([]journal.Hash{extra}, p...))
}
