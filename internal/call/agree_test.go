package call

import (
	"fmt"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
)

// stir does some act of a side, whatever comes of it.
func (f *field) stir(p parley.PartyCode) {
	s := f.seats[p]
	r := s.room
	people := r.State().Halves[p].People
	id := people[f.rng.IntN(len(people))].ID
	tongue := []string{"en", "zh"}[f.rng.IntN(2)]
	switch f.rng.IntN(12) {
	case 0:
		x := Person{Name: fmt.Sprint("P", r.nextID), Role: contact.Role(f.rng.IntN(5)), Tongue: tongue, Place: Place(f.rng.IntN(4))}
		if n, err := r.Enter(x); err == nil {
			r.Wire(n, uint64(f.rng.Uint32()), 0, false, f.rng.IntN(6) == 0)
		}
	case 1:
		if len(people) > 1 {
			r.Leave(id)
		}
	case 2:
		r.Mute(id, f.rng.IntN(2) == 0)
	case 3, 4:
		r.Cast(id, contact.Role(f.rng.IntN(5)), tongue)
	case 5:
		r.StepAside(id, f.rng.IntN(2) == 0)
	case 6, 7:
		r.TakeBooth(id, tongue)
	case 8:
		r.GoOnAir(id)
	case 9:
		r.Consult([]string{"", "", "consulting"}[f.rng.IntN(3)])
	case 10:
		r.TakeTurn(id, f.clock(p))
	default:
		r.Ask(id, uint64(f.rng.IntN(4)))
	}
	s.owed = true
}

// TestStationsAgree: when nothing is on its way any more, every station says the
// same of who hears whom and whose turn it is, of its own people and of the
// others'; and whoever of ours is heard elsewhere is let out by ours.
func TestStationsAgree(t *testing.T) {
	heard := map[Sound]int{}
	for seed := range uint64(100) {
		f := newField(t, seed, 2+int(seed%2))
		f.loss = 0.2
		for _, p := range f.codes {
			if err := f.seats[p].room.Interpret(contact.Simultaneous); err != nil {
				t.Fatal(err)
			}
		}
		f.run(2 * time.Second)
		for _, p := range f.codes {
			f.ready(p, true)
		}
		for range 80 {
			f.run(20 * time.Millisecond)
			f.stir(f.codes[f.rng.IntN(len(f.codes))])
		}
		for _, p := range f.codes {
			f.seats[p].room.Consult("")
		}
		f.loss = 0
		f.run(8 * time.Second)
		first := f.seats["alder"].room.State()
		turn, _, free := first.Turn()
		var all []Who
		for _, p := range f.codes {
			for _, x := range first.Halves[p].People {
				all = append(all, Who{p, x.ID})
			}
		}
		for _, p := range f.codes {
			s := f.seats[p].room.State()
			if w, _, ok := s.Turn(); w != turn || ok != free {
				t.Errorf("seed %d: the floor is %v's at alder, %v's at %s", seed, turn, w, p)
			}
			for _, l := range all {
				for _, x := range all {
					for _, choice := range []string{"", "en", "zh"} {
						a, b := first.Hears(l, x, choice), s.Hears(l, x, choice)
						if heard[a]++; a != b {
							t.Fatalf("seed %d: %v hears %v (%q) %d at alder, %d at %s", seed, l, x, choice, a, b, p)
						}
						if b != Nothing && l.Party != x.Party && x.Party == p && !s.Crosses(x.ID) {
							t.Fatalf("seed %d: %v is heard by %v and does not leave %s", seed, x, l, p)
						}
					}
				}
			}
		}
	}
	if heard[Full] < 1000 || heard[Low] < 50 {
		t.Errorf("heard %v: the test does not reach it", heard)
	}
	t.Logf("%v", heard)
}
