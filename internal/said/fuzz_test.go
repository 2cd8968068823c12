package said

import (
	"bytes"
	"testing"

	"parley"
	"parley/internal/form"
)

// FuzzForms: what parses encodes to the same bytes, and a book of it can be made.
func FuzzForms(f *testing.F) {
	for name, x := range filled() {
		f.Add(name, form.EncodeBody(x, 1))
	}
	w := newWorld(3, 2)
	w.run(60, nil)
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
		root := parley.Ref{Gen: parley.GenerationID{'r'}}
		at := func(n uint64) parley.Ref { return parley.Ref{Index: n} }
		of := func(r parley.Ref) (Of, bool) {
			return Of{Contact: root, Parties: []parley.PartyCode{"alder", "birch"}}, r == root
		}
		Fold([]Entry{{Ref: at(1), Party: "alder", Refs: []parley.Ref{root}, Form: x}, {Ref: at(2), Party: "birch", Refs: []parley.Ref{root}, Form: x},
			{Ref: at(3), Party: "birch", Refs: []parley.Ref{root, at(1)}, Form: x}, {Ref: at(4), Party: "birch", Refs: []parley.Ref{root, at(2), at(1)}, Form: x}, {Ref: at(5), Party: "alder", Form: x}}, of)
	})
}

// FuzzStatement: a statement that is read says the same when it is written, is what
// it equals, and has one commitment a party.
func FuzzStatement(f *testing.F) {
	f.Add([]byte{})
	f.Add(statement(1).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseStatement(b)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Encode(), b) || !s.Equal(s) || s.Texts() > MaxTexts || len(s.Languages()) == 0 {
			t.Errorf("% x is written as % x", b, s.Encode())
		}
		if Commitment("alder", nil, s) == Commitment("birch", nil, s) {
			t.Error("two parties are bound by one commitment")
		}
	})
}
