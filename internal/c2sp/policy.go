package c2sp

import (
	"parley/internal/journal"
	"sort"

	"parley"
)

// Policy says which witnesses count for a line, and how many of them make a
// quorum. A quorum is evidence, never a gate: a missing one stops nothing.
type Policy struct {
	quorum int
	keys   []VKey
	names  int
}

// Witnessed is a witness's cosignature that verified.
type Witnessed struct {
	Witness string // key name
	Time    uint64 // UTC seconds, as the witness says
	Line    SignatureLine
}

// NewPolicy returns the policy of quorum witnesses out of the verifier keys, of
// type 0x04 or 0x06. Keys of one name are one witness: any of them counts, once.
// The error is Malformed or Unsupported.
func NewPolicy(quorum int, vkeys []string) (*Policy, error) {
	p := &Policy{quorum: quorum}
	names := make(map[string]bool)
	seen := make(map[string]bool)
	for _, s := range vkeys {
		k, err := ParseVKey(s)
		if err != nil {
			return nil, err
		}
		if k.Type == TypeEd25519 {
			return nil, parley.Errorf(parley.Unsupported, "witness %s: a key of type 0x01 signs logs, not cosignatures", k.Name).
				WithHint("ask the witness for its key of type 0x04 or 0x06")
		}
		if seen[s] {
			return nil, parley.Errorf(parley.Malformed, "witness %s: the same key twice", k.Name)
		}
		seen[s], names[k.Name] = true, true
		p.keys = append(p.keys, k)
	}
	p.names = len(names)
	if quorum < 0 || quorum > p.names {
		return nil, parley.Errorf(parley.Malformed, "a quorum of %d of %d witnesses", quorum, p.names)
	}
	return p, nil
}

// Quorum returns how many witnesses are asked for, of how many.
func (p *Policy) Quorum() (need, of int) { return p.quorum, p.names }

// Verify returns the good cosignatures of the policy's witnesses among lines
// over c, one for each witness, by name; of two keys of one witness the earlier
// time. Lines of others are passed over. The error is BadSignature when a line
// of a named witness and key does not verify or has time 0, and Unavailable,
// with what there is, when the quorum is not reached.
func (p *Policy) Verify(c journal.Checkpoint, lines []SignatureLine) ([]Witnessed, error) {
	best := make(map[string]Witnessed)
	for _, k := range p.keys {
		id := k.ID()
		for _, l := range lines {
			if l.Name != k.Name || l.ID != id {
				continue
			}
			t, err := k.Verify(c, l.Sig)
			if err != nil {
				return nil, err
			}
			if t == 0 {
				return nil, parley.Errorf(parley.BadSignature, "witness %s cosigned at time 0", k.Name)
			}
			if w, ok := best[k.Name]; !ok || t < w.Time {
				best[k.Name] = Witnessed{k.Name, t, l}
			}
		}
	}
	out := make([]Witnessed, 0, len(best))
	for _, w := range best {
		out = append(out, w)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Witness < out[j].Witness })
	if len(out) < p.quorum {
		return out, parley.Errorf(parley.Unavailable, "checkpoint %s has %d of %d witnesses asked for", c, len(out), p.quorum)
	}
	return out, nil
}
