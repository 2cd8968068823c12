package pair

import (
	"bytes"
	"testing"

	"parley"
)

// refusedWell fails unless err is of a kind a parser may give.
func refusedWell(t *testing.T, err error) {
	t.Helper()
	switch k := parley.KindOf(err); k {
	case parley.Malformed, parley.BadForm, parley.Unsupported, parley.Oversize, parley.BadCommitment, parley.WrongParty, parley.NotAllowed, parley.Conflict, parley.Corrupt:
	default:
		t.Fatalf("kind %v: %v", k, err)
	}
}

func FuzzParsePairing(f *testing.F) {
	p := pair(f, seeded(1), alder, birch)[0].Pairing()
	f.Add(p.Encode())
	f.Add(p.Armour())
	clear(p.Reveals)
	f.Add(p.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePairing(b)
		if err != nil {
			refusedWell(t, err)
			return
		}
		if q, err := ParsePairing(p.Armour()); err != nil || !bytes.Equal(q.Encode(), p.Encode()) {
			t.Fatalf("through armour: %v", err)
		}
		s := pair(t, seeded(1), alder, birch)[0]
		if err := s.Merge(p); err != nil && parley.KindOf(err) != parley.WrongLine {
			refusedWell(t, err)
		}
	})
}

func FuzzParseState(f *testing.F) {
	f.Add(pair(f, seeded(1), alder, birch)[0].Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseState(b)
		if err != nil {
			refusedWell(t, err)
			return
		}
		s.Stage()
		s.Waiting()
		_, _ = s.Complete()
	})
}
