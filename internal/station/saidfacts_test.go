package station

import (
	"testing"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/said"
)

// TestFactsOfTheRecord: a statement says of a call when both sides had been put
// through, when it ended, and who spoke, as the record has it, whoever asks; of a
// contact without a call what the register says.
func TestFactsOfTheRecord(t *testing.T) {
	at := func(minutes int) time.Time { return time.Unix(int64(minutes)*60, 0).UTC() }
	ref := func(n uint64) parley.Ref { return parley.Ref{Index: n} }
	n := uint64(9)
	about := func(p parley.PartyCode, minutes int, of parley.Ref, f form.Form) call.Entry {
		n++
		return call.Entry{Ref: ref(n), Party: p, To: []parley.PartyCode{"alder", "birch"}, Refs: []parley.Ref{of}, Form: f, Time: at(minutes)}
	}
	people := func(p string, more ...call.Attended) *call.Roster {
		return &call.Roster{Phase: 1, People: append([]call.Attended{{Name: "President of " + p, Title: "President", Role: contact.Principal}, {Name: "Interpreter of " + p, Role: contact.Interpreter}, {Name: "Watch of " + p, Role: contact.Listener}}, more...)}
	}
	first, second := ref(1), ref(2)
	calls := call.Fold([]call.Entry{
		{Ref: first, Party: "alder", To: []parley.PartyCode{"birch"}, Form: &call.Ring{Level: contact.Leader, Medium: contact.Video}, Time: at(10)},
		about("birch", 11, first, &call.Pickup{}),
		about("alder", 12, first, &call.Roster{People: []call.Attended{{Name: "Somebody before", Role: contact.Principal}}}),
		about("alder", 50, first, people("alder")),
		about("birch", 51, first, people("birch", call.Attended{Name: "Minister of birch", Role: contact.Delegate})),
		about("alder", 50, first, &call.Hangup{Began: 15 * 60}),
		about("birch", 51, first, &call.Hangup{Began: 16 * 60}),
		{Ref: second, Party: "birch", To: []parley.PartyCode{"alder"}, Form: &call.Ring{Level: contact.Working}, Time: at(60)},
		about("alder", 61, second, &call.Pickup{}),
		about("alder", 70, second, people("alder")),
		about("alder", 70, second, &call.Hangup{}),
		about("birch", 71, second, &call.Hangup{}),
	})
	var f said.Facts
	factsOfCalls(&f, calls)
	if f.Start != 16*60 || f.End != 71*60 || f.Level != contact.Leader || f.Medium != contact.Video || len(f.People) != 3 {
		t.Errorf("%+v", f)
	}
	for i, want := range []said.Person{{Party: "alder", Name: "President of alder", Title: "President"}, {Party: "birch", Name: "President of birch", Title: "President"}, {Party: "birch", Name: "Minister of birch", Role: contact.Delegate}} {
		if i < len(f.People) && f.People[i] != want {
			t.Errorf("person %d: %+v, want %+v", i, f.People[i], want)
		}
	}
	st := said.Statement{Facts: f, Items: []said.Item{{Texts: []said.Said{{Lang: "en", Text: "x"}}}}}
	if err := st.Check(); err != nil {
		t.Error(err)
	}
	if d := differs(&st, &f); len(d) != 0 {
		t.Errorf("the record differs from itself in %v", d)
	}
	other := f
	other.Initiator, other.Start, other.People = said.Both, 1, nil
	if d := differs(&st, &other); len(d) != 3 || d[0] != "initiator" || d[1] != "start" || d[2] != "people" {
		t.Errorf("differs in %v", d)
	}

	one, two := &contact.Contact{Terms: []*contact.Terms{{Entry: &contact.Entry{Ref: ref(1)}}}}, &contact.Contact{Terms: []*contact.Terms{{Entry: &contact.Entry{Ref: ref(2)}}}}
	if homeOf(one) != one || homeOf(two) != two {
		t.Error("a contact is not at home with itself")
	}
	if one.Other, two.Other = two, one; homeOf(one) != one || homeOf(two) != one {
		t.Error("two whose requests crossed have two homes")
	}

	row := contact.Row{Date: "2026-11-20", Level: contact.Minister, Medium: contact.InPerson, Ours: "A", Theirs: "B", Source: "s", Began: 600, Minutes: 30, Participants: []contact.Participant{{Name: "Ada", Role: contact.Principal}, {Name: "Nell", Role: contact.NoteTaker}}}
	f = said.Facts{}
	if !factsOfRegister(&f, &contact.Contact{Held: []*contact.Held{{Row: &row, TakenBack: true, Entry: &contact.Entry{Party: "birch"}}, {Row: &row, Entry: &contact.Entry{Party: "alder"}}}}) {
		t.Fatal("nothing of the register")
	}
	if f.Start != 600 || f.End != 600+30*60 || f.Level != contact.Minister || f.Medium != contact.InPerson || len(f.People) != 1 || f.People[0] != (said.Person{Party: "alder", Name: "Ada"}) {
		t.Errorf("of the register: %+v", f)
	}
	if factsOfRegister(&f, &contact.Contact{Held: []*contact.Held{{Row: &row, TakenBack: true, Entry: &contact.Entry{}}}}) {
		t.Error("what was taken back is a fact")
	}
}
