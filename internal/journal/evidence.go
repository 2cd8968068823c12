package journal

import (
	"fmt"

	"parley"
	"parley/internal/key"
	"parley/internal/wire"
)

// Evidence proves that one log signed two histories (spec/log.md, Forks; frame
// 10). Anybody with the log's public pair can check it.
//
// For two sizes, Proof[0] is the root, at the smaller size, of the tree that
// the larger checkpoint is of, and the rest is the RFC 6962 consistency proof
// from there to the larger checkpoint: so the larger one commits to a prefix
// that is not the one signed. For equal sizes the roots differ and Proof is
// empty.
type Evidence = wire.Evidence

// MakeEvidence returns the evidence in two checkpoints of gen. held is a tree
// in which the larger of them is a prefix; it is not used, and may be nil, when
// the sizes are equal. The error is NotFound when they are no fork, and
// BadProof when held is not a tree of the larger one: then the other side must
// show its proof.
func MakeEvidence(gen parley.GenerationID, a, b wire.Head, held *Tree) (*Evidence, error) {
	if a.Size > b.Size {
		a, b = b, a
	}
	e := &Evidence{Gen: gen, First: a, Second: b}
	if a.Size == b.Size {
		if a.Root == b.Root {
			return nil, noFork(gen)
		}
		return e, nil
	}
	if held == nil {
		return nil, parley.Errorf(parley.BadProof, "no tree of generation %s to prove a fork with", gen)
	}
	root, err := held.RootAt(b.Size)
	if err != nil || root != b.Root {
		return nil, parley.Errorf(parley.BadProof, "the log held of generation %s is not that of its checkpoint %d", gen, b.Size)
	}
	prefix, err := held.RootAt(a.Size)
	if err != nil {
		return nil, err
	}
	if prefix == a.Root {
		return nil, noFork(gen)
	}
	proof, err := held.Consistency(a.Size, b.Size)
	if err != nil {
		return nil, err
	}
	e.Proof = append([]Hash{prefix}, proof...)
	return e, nil
}

func noFork(gen parley.GenerationID) error {
	return parley.Errorf(parley.NotFound, "the two checkpoints of generation %s are of one history", gen)
}

// VerifyEvidence returns nil when e proves that the log of the given origin,
// whose pair v checks, forked. The error is WrongParty when e is about another
// generation, BadSignature when a half is not the log's, and BadProof when the
// two checkpoints may be of one history.
func VerifyEvidence(origin string, v *key.Verifier, e *Evidence) error {
	_, _, gen, err := ParseOrigin(origin)
	if err != nil {
		return err
	}
	if gen != e.Gen {
		return parley.Errorf(parley.WrongParty, "evidence about generation %s, not %s", e.Gen, gen)
	}
	for _, h := range []wire.Head{e.First, e.Second} {
		if err := Verify(v, Checkpoint{origin, h.Size, h.Root}, h); err != nil {
			return fmt.Errorf("checking evidence of a fork: %w", err)
		}
	}
	bad := parley.Errorf(parley.BadProof, "the evidence about generation %s proves no fork", gen)
	switch {
	case e.First.Size == e.Second.Size:
		if len(e.Proof) != 0 || e.First.Root == e.Second.Root {
			return bad
		}
		return nil
	case e.First.Size > e.Second.Size || len(e.Proof) == 0 || e.Proof[0] == e.First.Root:
		return bad
	}
	return CheckConsistency(e.Proof[1:], e.First.Size, e.Proof[0], e.Second.Size, e.Second.Root)
}
