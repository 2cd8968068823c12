package contact

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/form"
)

// FuzzForms: what parses encodes to the same bytes, and a book of it can be made.
func FuzzForms(f *testing.F) {
	w := newWorld(3, 2)
	w.run(200)
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
		ref := parley.Ref{Index: 1}
		b := Fold([]Entry{{Ref: ref, Party: "alder", To: []parley.PartyCode{"birch"}, Form: x}, {Ref: parley.Ref{Index: 2}, Party: "birch", To: []parley.PartyCode{"alder"}, Refs: []parley.Ref{ref}, Form: x}})
		for _, c := range b.Contacts {
			c.At(time.Unix(0, 0))
			if ev, ok := c.Event("l", epoch); ok {
				WriteCalendar([]Event{ev}, true)
			}
		}
		if err := WriteCSV(new(bytes.Buffer), b.Rows); err != nil {
			t.Error(err)
		}
	})
}

// FuzzReadCSV: rows that are read are good, and are read again from what is
// written of them.
func FuzzReadCSV(f *testing.F) {
	f.Add("date,level,medium,ours,theirs,source\n2024-04-02,leader,voice,A,B,a newspaper\n")
	f.Add("\ufeffdate;level;medium;ours;theirs;source;topics;minutes\r\n2024-04-02;leader;in-person;\"A \"\"x\"\"\";B;s;one | two;7\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		rows, err := ReadCSV(strings.NewReader(s))
		if err != nil {
			return
		}
		var es []Entry
		for i, g := range Registers(rows) {
			if err := g.Check(); err != nil {
				t.Errorf("what was read is refused: %v", err)
			}
			es = append(es, Entry{Ref: parley.Ref{Index: uint64(i)}, Party: "alder", Form: g})
		}
		b := Fold(es)
		if len(b.Rows) != len(rows) {
			t.Errorf("%d rows of %d", len(b.Rows), len(rows))
		}
	})
}

// FuzzWords: every word is what its value says.
func FuzzWords(f *testing.F) {
	for _, words := range [][]string{levelWords, mediumWords, interpretingWords, recordingWords, reasonWords, roleWords, kindWords, standWords, sortWords, outcomeWords, {"2024-02-30", "1799-12-31", "2200-01-01"}} {
		for _, s := range words {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		said := func(v fmt.Stringer, err error) {
			if (err == nil) != (v.String() == s) && err == nil {
				t.Errorf("%q is read as %s", s, v)
			}
		}
		said(ParseLevel(s))
		said(ParseMedium(s))
		said(ParseInterpreting(s))
		said(ParseRecording(s))
		said(ParseReason(s))
		said(ParseRole(s))
		said(ParseKind(s))
		said(ParseStand(s))
		said(ParseSort(s))
		said(ParseOutcome(s))
		if d, err := ParseDate(s); err == nil && d.Format(time.DateOnly) != s {
			t.Errorf("%q is read as %s", s, d)
		}
		if i := slices.Index(roleWords, s); i >= 0 {
			if r, err := ParseRole(s); err != nil || int(r) != i {
				t.Errorf("role %q: %v, %v", s, r, err)
			}
		}
	})
}

// FuzzLevels: a rule that is read is written to the same bytes, keeps its rules,
// and says the same in words.
func FuzzLevels(f *testing.F) {
	f.Add([]byte(Levels{Leader: {"envoy", "principal"}, Working: {"watch"}}.Write(nil)[LevelsKey]))
	f.Add([]byte{0xa0})
	f.Add([]byte{0xf6})
	f.Add([]byte{0xa1, 0x03, 0x80})
	any := func(parley.Office) bool { return true }
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := ReadLevels(form.Unknown{LevelsKey: raw}, any)
		if err != nil {
			return
		}
		if again := v.Write(nil)[LevelsKey]; !bytes.Equal(again, raw) {
			t.Errorf("%x is written as %x", raw, again)
		}
		if err := v.Check(any); err != nil || len(v) == 0 {
			t.Errorf("%x is read and breaks its rules: %v", raw, err)
		}
		back, err := ParseLevels(v.Words())
		for l := range v {
			if err == nil && len(back[l]) != len(v[l]) {
				t.Errorf("%v in words is %v", v, back)
			}
		}
	})
}
