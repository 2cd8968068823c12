package record

import (
	"parley"
)

// consistencyRoot returns the root at size newer to which an RFC 6962
// consistency proof leads from (older, root): the root that a later receipt is
// over. The error is BadProof.
func consistencyRoot(proof []Hash, older uint64, root Hash, newer uint64) (Hash, error) {
	first, second, err := consistencyRoots(proof, older, root, newer)
	if err == nil && first != root {
		err = parley.Errorf(parley.BadProof, "the consistency proof from size %d to %d is not from the checkpoint's tree", older, newer)
	}
	return second, err
}

// consistencyRoots returns the roots at both sizes to which a consistency proof
// leads (RFC 9162, 2.1.4.2). Where older is a power of two, or newer, the proof
// does not carry its root, and start stands for it. The error is BadProof.
func consistencyRoots(proof []Hash, older uint64, start Hash, newer uint64) (first, second Hash, err error) {
	bad := parley.Errorf(parley.BadProof, "the consistency proof from size %d to %d has another length", older, newer)
	if older == 0 || older > newer {
		return first, second, bad
	}
	if older == newer {
		if len(proof) != 0 {
			return first, second, bad
		}
		return start, start, nil
	}
	fn, sn := older-1, newer-1
	for fn&1 == 1 {
		fn, sn = fn>>1, sn>>1
	}
	first, second = start, start
	if fn != 0 { // the old tree is not one complete subtree: the proof begins inside it
		if len(proof) == 0 {
			return first, second, bad
		}
		first, second, proof = proof[0], proof[0], proof[1:]
	}
	for _, p := range proof {
		if sn == 0 {
			return first, second, bad
		}
		if fn&1 == 1 || fn == sn {
			first, second = nodeHash(&p, &first), nodeHash(&p, &second)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			second = nodeHash(&second, &p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return first, second, bad
	}
	return first, second, nil
}
