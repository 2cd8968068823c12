package said

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"parley"
)

// TestGrowingIsTheWholeFold adds the entries of sides that act at random one by one,
// in any order, of three requests that belong now to one contact and now to another,
// with entries that cannot be read yet and can later. What the growing book says is
// at every moment what folding all says, and what it said before does not change.
func TestGrowingIsTheWholeFold(t *testing.T) {
	moved, held := 0, 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 9))
		w := newWorld(seed, 2+int(seed%2))
		w.run(120, func(parley.PartyCode, []Entry) {})
		requests := []parley.Ref{w.root, {Gen: w.root.Gen, Index: 1}, {Gen: w.root.Gen, Index: 2}}
		all := w.all()
		for i := range all {
			if r.IntN(6) == 0 && len(all[i].Refs) > 0 && all[i].Refs[0] == w.root {
				all[i].Refs = slices.Clone(all[i].Refs)
				all[i].Refs[0] = requests[r.IntN(3)]
			}
			if r.IntN(20) == 0 {
				all[i].Exercise = "an exercise"
			}
		}
		if seed%4 != 0 {
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		}
		var g Growing
		of := map[parley.Ref]Of{}
		var unread []Entry
		var olds []*Book
		for i := range len(all) + 12 {
			have := all[:min(i+1, len(all))]
			g.Add(have[len(have)-1])
			if r.IntN(12) == 0 { // some requests are one contact's, as others crossed or did not
				root := requests[r.IntN(3)]
				mine := []parley.Ref{root}
				for _, x := range requests {
					if o, ok := of[x]; x != root && (!ok && r.IntN(2) == 0 || ok && o.Contact == root && r.IntN(2) == 0) {
						mine = append(mine, x)
					}
				}
				o := Of{Contact: root, Parties: w.codes}
				for _, x := range requests {
					if of[x].Contact == root {
						delete(of, x)
					}
				}
				for _, x := range mine {
					of[x] = o
				}
				g.Contact(o, mine)
				moved++
			}
			if r.IntN(12) == 0 || i >= len(all) {
				unread = nil
				for range r.IntN(3) {
					x := all[r.IntN(len(all))]
					unread = append(unread, Entry{Ref: x.Ref, Party: x.Party, Rank: x.Rank, Time: x.Time})
				}
				g.Unread(unread)
			}
			if r.IntN(4) > 0 && i < len(all) {
				continue
			}
			b := g.Book()
			want := Fold(append(slices.Clone(have), unread...), func(r parley.Ref) (Of, bool) { o, ok := of[r]; return o, ok })
			for p, e := range want.Unread { // what is read in the meantime is one of both
				if b.Unread[p] == nil || b.Unread[p].Ref != e.Ref {
					t.Fatalf("seed %d: %s has %v unread, want %s", seed, p, b.Unread[p], e.Ref)
				}
			}
			if len(b.Unread) != len(want.Unread) || !same(b.Contacts, want.Contacts) {
				t.Fatalf("seed %d: after %d entries it says of %d contacts something else than folding them, of %d", seed, i+1, len(b.Contacts), len(want.Contacts))
			}
			for _, c := range b.Contacts {
				for _, j := range c.Joints {
					held += len(j.Unread)
				}
			}
			if r.IntN(8) == 0 {
				olds = append(olds, b, want)
			}
		}
		for i := 0; i < len(olds); i += 2 {
			if !same(olds[i].Contacts, olds[i+1].Contacts) {
				t.Fatalf("seed %d: a book changed after it was given", seed)
			}
		}
	}
	if moved < 100 || held < 10 {
		t.Errorf("contacts were named %d times, %d joint statements were held up: the test does not reach them", moved, held)
	}
}

func same(a, b []*Told) bool { return len(a)+len(b) == 0 || reflect.DeepEqual(a, b) }
