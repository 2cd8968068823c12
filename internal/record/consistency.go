package record

import (
	"parley"
)

// consistencyRoot returns the root at size newer to which an RFC 6962
// consistency proof leads from (older, root): the root that a later receipt is
// over. The error is BadProof.
func consistencyRoot(proof []Hash, older uint64, root Hash, newer uint64) (Hash, error) {
	bad := parley.Errorf(parley.BadProof, "the consistency proof from size %d to %d does not fit", older, newer)
	if older == newer {
		if len(proof) != 0 {
			return Hash{}, bad
		}
		return root, nil
	}
	if older == 0 || older > newer {
		return Hash{}, bad
	}
	fn, sn := older-1, newer-1
	for fn&1 == 1 {
		fn, sn = fn>>1, sn>>1
	}
	first, second := root, root
	if fn != 0 { // the old tree is not one complete subtree: the proof begins inside it
		if len(proof) == 0 {
			return Hash{}, bad
		}
		first, second, proof = proof[0], proof[0], proof[1:]
	}
	for _, p := range proof {
		if sn == 0 {
			return Hash{}, bad
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
	if sn != 0 || first != root {
		return Hash{}, bad
	}
	return second, nil
}
