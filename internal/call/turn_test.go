package call

import (
	"testing"

	"parley"
)

// TestATurnOutOfReachIsNone: who counts turns to the bound does not keep the floor
// from us, alone or with another.
func TestATurnOutOfReachIsNone(t *testing.T) {
	for _, n := range []uint64{maxClock, maxClock - 1, maxLeap + 8, maxLeap + 7} {
		for _, third := range []uint64{0, 5, maxClock} {
			r, id := lone(t, "birch", "cedar")
			put := func(p parley.PartyCode, number, turn uint64) {
				h := &Half{Party: string(p), Run: 1, Number: number, Turn: Turn{Number: turn, Person: 1}, People: []Person{{ID: 1, Name: "x", Place: Floor}}}
				if changed, err := r.Take(p, h, noon); err != nil || !changed {
					t.Fatal(changed, err)
				}
			}
			put("birch", 1, 6)
			put("cedar", 1, third)
			for number := uint64(2); number < 50; number++ {
				put("birch", number, min(n+number, maxClock))
				if err := r.TakeTurn(id, noon); err != nil {
					t.Fatalf("turn %d, third %d: %v", n, third, err)
				}
				if w, _, ok := r.State().Turn(); !ok || w != (Who{"alder", id}) {
					t.Fatalf("turn %d, third %d: the floor is %v's, not ours", n, third, w)
				}
				if _, err := ParseHalf(r.Say(noon).Encode()); err != nil {
					t.Fatalf("our half is refused: %v", err)
				}
			}
		}
	}
}
