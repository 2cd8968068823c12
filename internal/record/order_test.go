package record_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"parley"
	"parley/internal/record"
)

// history is a random honest run of some parties: each writes, takes over what
// another has written with what that had seen, and may lose its log and go on
// in a new generation.
type history struct {
	rng     *rand.Rand
	parties []parley.PartyCode
	gens    []record.Generation
	nodes   map[parley.GenerationID][]record.Node
	current map[parley.PartyCode]parley.GenerationID
	knows   map[parley.PartyCode]map[parley.GenerationID]uint64 // held by the station
	said    map[parley.GenerationID]map[parley.GenerationID]uint64
	clock   uint64
}

func newHistory(seed uint64, parties ...parley.PartyCode) *history {
	h := &history{rng: rand.New(rand.NewPCG(seed, 7)), parties: parties, nodes: map[parley.GenerationID][]record.Node{}, current: map[parley.PartyCode]parley.GenerationID{},
		knows: map[parley.PartyCode]map[parley.GenerationID]uint64{}, said: map[parley.GenerationID]map[parley.GenerationID]uint64{}, clock: 100}
	for _, p := range parties {
		h.knows[p] = map[parley.GenerationID]uint64{}
		h.open(p, nil)
	}
	return h
}

func (h *history) open(p parley.PartyCode, earlier map[parley.GenerationID]uint64) {
	g := parley.GenerationID{byte(len(h.gens) + 1), byte(h.rng.Uint32())}
	h.gens = append(h.gens, record.Generation{ID: g, Party: p, Time: h.clock, Earlier: earlier})
	h.current[p], h.said[g] = g, map[parley.GenerationID]uint64{}
	h.write(p)
}

func (h *history) write(p parley.PartyCode) {
	g := h.current[p]
	h.clock += uint64(h.rng.IntN(3))
	t := h.clock + uint64(h.rng.IntN(20)) // clocks differ
	if list := h.nodes[g]; len(list) > 0 {
		t = max(t, list[len(list)-1].Time)
	}
	seen := map[parley.GenerationID]uint64{}
	for o, n := range h.knows[p] {
		if n > h.said[g][o] {
			seen[o], h.said[g][o] = n, n
		}
	}
	h.nodes[g] = append(h.nodes[g], record.Node{Ref: parley.Ref{Gen: g, Index: uint64(len(h.nodes[g]))}, Time: t, Seen: seen})
}

// take lets p receive all that q's current log holds, and what that has seen,
// and what that had seen.
func (h *history) take(p, q parley.PartyCode) {
	h.hold(p, h.current[q], uint64(len(h.nodes[h.current[q]])))
}

func (h *history) hold(p parley.PartyCode, g parley.GenerationID, size uint64) {
	if h.partyOf(g) == p || size <= h.knows[p][g] {
		return
	}
	from := h.knows[p][g]
	h.knows[p][g] = size
	for _, n := range h.nodes[g][from:size] {
		for o, m := range n.Seen {
			h.hold(p, o, m)
		}
	}
}

func (h *history) partyOf(g parley.GenerationID) parley.PartyCode {
	return h.gens[slices.IndexFunc(h.gens, func(x record.Generation) bool { return x.ID == g })].Party
}

// lose makes p forget everything, after the others have all that it wrote: what
// nobody else held was settled for nobody else. It asks the others how much they
// hold of its logs, and names that.
func (h *history) lose(p parley.PartyCode) {
	for _, q := range h.parties {
		h.take(q, p)
	}
	earlier := map[parley.GenerationID]uint64{}
	for _, g := range h.gens {
		if g.Party != p {
			continue
		}
		for _, q := range h.parties {
			earlier[g.ID] = max(earlier[g.ID], h.knows[q][g.ID])
		}
	}
	h.knows[p] = map[parley.GenerationID]uint64{}
	h.open(p, earlier)
}

func (h *history) step(losses bool) {
	p, q := h.parties[h.rng.IntN(len(h.parties))], h.parties[h.rng.IntN(len(h.parties))]
	switch n := h.rng.IntN(40); {
	case losses && n == 0 && len(h.gens) < 6:
		h.lose(p)
	case p != q && n < 20:
		h.take(p, q)
	default:
		h.write(p)
	}
}

func (h *history) order(t *testing.T, each int) record.Ordered {
	t.Helper()
	o, err := record.OrderIn(each, h.parties, h.gens, h.nodes)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestSettledStays grows random lines and holds each to what was settled
// before, and to the order that one who feeds it in pieces finds.
func TestSettledStays(t *testing.T) {
	for seed := range uint64(24) {
		parties := []parley.PartyCode{"alder", "birch", "cedar"}[:2+seed%2]
		h := newHistory(seed, parties...)
		var before []parley.Ref
		settled := 0
		for i := range 150 {
			h.step(seed%3 == 0)
			whole := h.order(t, 1<<30)
			if n := len(before); len(whole.Settled) < n || !slices.Equal(whole.Settled[:n], before) {
				t.Fatalf("seed %d, step %d: %d entries were settled and have moved:\n%v\n%v", seed, i, n, before, whole.Settled)
			}
			before, settled = whole.Settled, len(whole.Settled)
			if i%10 != 0 || len(h.gens) > len(parties) {
				continue // what is late is known from the whole only
			}
			if pieces := h.order(t, 1); fmt.Sprint(pieces) != fmt.Sprint(whole) {
				t.Fatalf("seed %d, step %d: fed in pieces\n%v\nas a whole\n%v", seed, i, pieces, whole)
			}
		}
		if settled == 0 && len(h.gens) == len(parties) {
			t.Errorf("seed %d: nothing was ever settled", seed)
		}
	}
}
