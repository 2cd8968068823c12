package pair

import (
	"math/rand/v2"
	"testing"

	"parley"
	"parley/internal/charter"
	"parley/internal/key"
)

var alder = charter.Party{Code: "alder", Name: "Alder", Languages: []string{"en"}}
var birch = charter.Party{Code: "birch", Name: "Birch", Languages: []string{"zh", "en"}}
var cedar = charter.Party{Code: "cedar", Name: "Cedar", Languages: []string{"ar"}}

var testLine = parley.LineID{0xa1, 2, 3}

// fill fills any bytes from rng. Keys of tests are random bytes: nothing here
// signs or seals.
func fill(rng *rand.Rand, parts ...[]byte) {
	for _, b := range parts {
		for i := 0; i < len(b); i += 8 {
			x := rng.Uint64()
			for j := i; j < min(i+8, len(b)); j++ {
				b[j] = byte(x)
				x >>= 8
			}
		}
	}
}

func fakeReveal(rng *rand.Rand, p charter.Party) *charter.Reveal {
	r := &charter.Reveal{Party: p.Code, Name: p.Name, Addresses: []string{"quic://192.0.2.7:7100"}}
	for _, k := range []*key.Public{&r.Root, &r.Log, &r.Receipt} {
		fill(rng, k.Ed[:], k.ML[:])
	}
	fill(rng, r.Generation[:], r.Receiving[:], r.TLS[:], r.Nonce[:])
	return r
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// pair takes parties through an honest pairing up to the words. The first
// invites.
func pair(t testing.TB, rng *rand.Rand, parties ...charter.Party) []*State {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first, err := NewInvite(testLine, charter.DefaultCharter(parties...), charter.DefaultAnnex(), fakeReveal(rng, parties[0]))
	must(err)
	states := []*State{first}
	file := carry(t, first)
	for _, p := range parties[1:] {
		s, err := Accept(file, fakeReveal(rng, p))
		must(err)
		states = append(states, s)
		file = carry(t, s)
	}
	for range 2 {
		for i, s := range states {
			must(s.Merge(file))
			must(s.AddReveal())
			states[i] = reload(t, s)
			file = carry(t, states[i])
		}
	}
	return states
}

// carry hands a file over as text.
func carry(t testing.TB, s *State) *Pairing {
	t.Helper()
	p, err := ParsePairing(append([]byte("Dear colleague,\r\n\r\n"), s.Pairing().Armour()...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// reload is what a restart does to a state.
func reload(t testing.TB, s *State) *State {
	t.Helper()
	back, err := ParseState(s.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return back
}
