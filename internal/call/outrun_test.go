package call

import (
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
)

// TestRunOfAClockSetBack: a station that was started anew in mid-call with its clock
// set back is taken in again after one exchange, and nobody can drive its run beyond
// what a clock may have been set back by.
func TestRunOfAClockSetBack(t *testing.T) {
	now := time.Date(2026, 11, 30, 4, 0, 0, 0, time.UTC)
	run := millis(now)
	room := func(us, other parley.PartyCode, run uint64) *Room {
		return NewRoom(us, []parley.PartyCode{other}, run, contact.NotInterpreted)
	}
	take := func(to, from *Room) bool {
		changed, err := to.Take(from.us, from.Say(now), now)
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(50 * time.Millisecond)
		return changed
	}
	a, b := room("alder", "birch", run), room("birch", "alder", run)
	take(a, b)
	take(b, a)
	a = room("alder", "birch", run-3_600_000) // started anew, an hour back
	if _, err := a.Enter(Person{Name: "somebody", Role: contact.Principal}); err != nil {
		t.Fatal(err)
	}
	if take(b, a) {
		t.Fatal("an older run is taken for a newer one")
	}
	if take(a, b); a.own.Run != run+1 {
		t.Errorf("run %d after one of %d was seen", a.own.Run, run)
	}
	if !take(b, a) || len(b.State().Halves["alder"].People) != 1 {
		t.Error("the half of a station that was started anew is passed over")
	}
	lie := b.Say(now)
	lie.Number, lie.Seen = lie.Number+1, []Seen{{Party: "alder", Run: maxClock - 1, Half: 1}}
	if _, err := a.Take("birch", lie, now); err != nil || a.own.Run != run+1 {
		t.Errorf("a lie drove the run to %d (%v)", a.own.Run, err)
	}
	for range 50 { // small lies, again and again
		lie.Number, lie.Seen = lie.Number+1, []Seen{{Party: "alder", Run: a.own.Run + 1, Half: 1}}
		if _, err := a.Take("birch", lie, now); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.own.Run; n > run+1+2*mostOutrun {
		t.Errorf("lies drove the run from %d to %d", run+1, n)
	}
}
