package call

import (
	"bytes"
	"testing"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
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

// FuzzForms: what parses encodes to the same bytes, and calls can be made of it.
func FuzzForms(f *testing.F) {
	w := newWorld(3, 2)
	w.run(300)
	for _, e := range w.all() {
		f.Add(e.Form.Name(), form.EncodeBody(e.Form, 1))
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		x, end, err := form.ParseBody(name, body)
		if err != nil {
			return
		}
		if again := form.EncodeBody(x, end); !bytes.Equal(again, body) {
			t.Errorf("%x encodes to %x", body, again)
		}
		ring, said := parley.Ref{Index: 1}, parley.Ref{Index: 2}
		for _, c := range Fold([]Entry{{Ref: ring, Party: "alder", To: []parley.PartyCode{"birch"}, Form: &Ring{}}, {Ref: said, Party: "alder", Refs: []parley.Ref{ring}, Form: phrase("x")},
			{Ref: parley.Ref{Index: 3}, Party: "birch", To: []parley.PartyCode{"alder"}, Refs: []parley.Ref{ring, said}, Form: x}, {Ref: parley.Ref{Index: 4}, Party: "birch", Refs: []parley.Ref{said}, Form: x}}) {
			c.Phase()
			for _, p := range c.Wordings {
				c.Stands(p)
			}
		}
	})
}
