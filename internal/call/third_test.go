package call

import (
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
)

// TestASilentThirdSide: of a line of three one station falls silent, with its people
// on the floor. Who comes then hears the second side after 4 s, and not before; the
// silent one he hears once its station says that it knows of him. Whoever was there
// before is not cut off by any of it.
func TestASilentThirdSide(t *testing.T) {
	f := newField(t, 7, 3)
	f.run(2 * time.Second)
	for _, p := range f.codes {
		x := f.seats[p].room.own.People[0].ID
		if err := f.seats[p].room.Wire(x, 1000+x, 0, false, false); err != nil {
			t.Fatal(err)
		}
		f.ready(p, true)
	}
	f.run(20 * time.Second)
	if _, ok := f.apart(); !ok {
		t.Fatal("not all are through")
	}
	alder := f.seats["alder"]
	hears := func(id uint64, p parley.PartyCode) bool {
		return alder.room.State().Hears(Who{"alder", id}, Who{p, f.seats[p].room.own.People[0].ID}, "") == Full
	}
	before := alder.room.own.People[0].ID
	check := func(when string, id uint64, birch, cedar bool) {
		t.Helper()
		if hears(id, "birch") != birch || hears(id, "cedar") != cedar {
			t.Errorf("%s: %d hears birch %v and cedar %v, want %v and %v", when, id, hears(id, "birch"), hears(id, "cedar"), birch, cedar)
		}
		if !hears(before, "birch") || !hears(before, "cedar") {
			t.Errorf("%s: who was there before is cut off", when)
		}
	}
	silent := func(yes bool) {
		for _, p := range []parley.PartyCode{"alder", "birch"} {
			f.cut[[2]parley.PartyCode{p, "cedar"}], f.cut[[2]parley.PartyCode{"cedar", p}] = yes, yes
		}
	}
	enter := func() uint64 {
		id, err := alder.room.Enter(Person{Name: "D", Role: contact.Delegate})
		if err != nil {
			t.Fatal(err)
		}
		alder.owed = true
		return id
	}
	silent(true)
	id := enter()
	check("at once", id, false, false)
	f.run(LostAt - 200*time.Millisecond)
	check("before 4 s are over", id, false, false)
	f.run(600 * time.Millisecond)
	check("after 4 s", id, true, false)
	silent(false)
	f.run(3 * time.Second)
	check("when the third is back", id, true, true)
	id = enter()
	f.run(time.Second)
	check("while all are heard", id, true, true)

	// One that is heard, and says nothing of him, keeps him no longer.
	f.cut[[2]parley.PartyCode{"alder", "cedar"}] = true
	id = enter()
	f.run(LostAt - 200*time.Millisecond)
	check("a third that does not hear of him, before 4 s are over", id, false, false)
	f.run(600 * time.Millisecond)
	check("a third that does not hear of him", id, true, false)
	if n := len(alder.room.waited); n != 4 {
		t.Errorf("%d are noted as waited for, want 4", n)
	}
	if err := alder.room.Leave(id); err != nil {
		t.Fatal(err)
	}
	f.run(time.Second)
	if n := len(alder.room.came); n != 3 {
		t.Errorf("%d are noted as come once one has left, want 3", n)
	}
}
