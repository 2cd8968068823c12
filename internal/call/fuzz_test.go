package call

import (
	"bytes"
	"testing"

	"parley"
	"parley/internal/contact"
)

// FuzzHalf: what another side sends of itself is refused or read, never more, and
// what is read says the same when it is written.
func FuzzHalf(f *testing.F) {
	f.Add([]byte{})
	f.Add((&Half{Party: "birch", Run: 1, Number: 3, Mode: contact.Simultaneous, Ready: true, Turn: Turn{Number: 1, Person: 1, At: 5},
		People:  []Person{{ID: 1, Name: "Wu", Role: contact.Interpreter, Tongue: "zh", Place: Floor, Booth: "en", OnAir: true, Voice: 7, Since: 2}},
		Signals: []Signal{{Number: 2, Kind: Slower, Person: 1}}, Talk: []Talk{{Tongue: "zh", Millis: 9}}, Seen: []Seen{{Party: "alder", Run: 1, Half: 4}}}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHalf(b)
		if err != nil {
			return
		}
		if !bytes.Equal(h.Encode(), b) {
			t.Errorf("% x is written as % x", b, h.Encode())
		}
		s := &State{Us: "alder", Halves: map[parley.PartyCode]*Half{"alder": {Party: "alder", People: []Person{{ID: 1, Role: contact.Principal, Name: "x", Place: Floor}}, Through: true}, "birch": h}}
		for i := range h.People {
			s.Hears(Who{"alder", 1}, Who{"birch", h.People[i].ID}, "")
		}
		s.Turn()
	})
}
