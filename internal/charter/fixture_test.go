package charter

import (
	"math/rand/v2"

	"parley"
	"parley/internal/key"
)

var alder = Party{Code: "alder", Name: "Alder", Languages: []string{"en"}}
var birch = Party{Code: "birch", Name: "Birch", Languages: []string{"zh", "en"}}
var cedar = Party{Code: "cedar", Name: "Cedar", Languages: []string{"ar"}}

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

func fakeReveal(rng *rand.Rand, p Party) *Reveal {
	r := &Reveal{Party: p.Code, Name: p.Name, Addresses: []string{"quic://192.0.2.7:7100"}}
	for _, k := range []*key.Public{&r.Root, &r.Log, &r.Receipt} {
		fill(rng, k.Ed[:], k.ML[:])
	}
	fill(rng, r.Generation[:], r.Receiving[:], r.TLS[:], r.Nonce[:])
	return r
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
