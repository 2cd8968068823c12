package call

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
)

// TestNumber: the number of a call is the one that the page says.
func TestNumber(t *testing.T) {
	b, err := os.ReadFile("../../spec/calls.md")
	if err != nil {
		t.Fatal(err)
	}
	n := Number(parley.Ref{Gen: parley.GenerationID{0, 1, 2, 3, 4, 5, 6, 7}, Index: 7})
	if n != 104599178 || !strings.Contains(string(b), fmt.Sprintf("Of index 7 of generation 0001020304050607 it is %d.", n)) {
		t.Errorf("it is %d", n)
	}
}

// TestHalfOfAnotherCall: a half that comes late, of a call that has ended, changes
// nothing in the next, whatever its run; one of a station that names no call is taken.
func TestHalfOfAnotherCall(t *testing.T) {
	birch := func(run uint64, number uint32, named bool) *Half {
		r := NewRoom("birch", []parley.PartyCode{"alder"}, run, contact.NotInterpreted)
		if _, err := r.Enter(Person{Name: "Wu", Role: contact.Principal}); err != nil {
			t.Fatal(err)
		}
		if err := r.SetReady(true); err != nil {
			t.Fatal(err)
		}
		r.Resume()
		if named {
			r.Name(number)
		}
		h, err := ParseHalf(r.Say(noon).Encode())
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	r, _ := lone(t, "birch")
	r.Name(7)
	if err := r.SetReady(true); err != nil {
		t.Fatal(err)
	}
	for _, run := range []uint64{1, 9} {
		if taken, err := r.Take("birch", birch(run, 6, true), noon); taken || err != nil {
			t.Errorf("run %d of another call: taken %t, %v", run, taken, err)
		}
	}
	r.Tick(noon)
	if s := r.State(); len(s.Halves) != 1 || s.Halves["alder"].Through {
		t.Error("a call that has ended puts people through on the next")
	}
	for i, h := range []*Half{birch(1, 0, false), birch(2, 7, true)} {
		if taken, err := r.Take("birch", h, noon); !taken || err != nil {
			t.Errorf("half %d: taken %t, %v", i, taken, err)
		}
	}
	r.Tick(noon.Add(time.Second))
	if !r.State().Halves["alder"].Through {
		t.Error("the halves of the call do nothing")
	}
	if taken, err := r.Take("birch", birch(3, 6, true), noon); taken || err != nil || r.State().Halves["birch"].Run != 2 {
		t.Errorf("one of another call after that: taken %t, %v", taken, err)
	}
}

// TestManySignals: with the one that names the call there is one in the half for each
// of the newest that were asked, and none too many.
func TestManySignals(t *testing.T) {
	r, id := lone(t, "birch")
	r.Name(7)
	for i := range 2 * MaxSignals {
		if i > 0 && i%4 == 0 {
			var err error
			if id, err = r.Enter(Person{Name: fmt.Sprint("P", i), Role: contact.Delegate}); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Ask(id, uint64(i%4)); err != nil {
			t.Fatal(err)
		}
	}
	h, err := ParseHalf(r.Say(noon).Encode())
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := h.Call(); len(h.Signals) != MaxSignals || n != 7 || !ok {
		t.Errorf("%d signals, of call %d", len(h.Signals), n)
	}
	if last := h.Signals[MaxSignals-2]; last.Kind != AskFloor || last.Person != id {
		t.Errorf("the last signal is %+v", last)
	}
}
