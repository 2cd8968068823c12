package contact

import (
	"encoding/csv"
	"os"
	"testing"
	"time"

	"parley"
)

func day(s string) time.Time {
	t, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return t
}

// TestPublicRecord reads the public record of a real relation, and says what it
// says as of a day.
func TestPublicRecord(t *testing.T) {
	file, err := os.Open("../../examples/contacts/us-china.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := ReadCSV(file)
	if err != nil {
		t.Fatal(err)
	}
	var es []Entry
	for i, g := range Registers(rows) {
		es = append(es, Entry{Ref: parley.Ref{Index: uint64(i)}, Party: "alder", Form: g})
	}
	b := Fold(es)
	terms := history(t)
	asOf := day("2024-09-30")
	term, ok := Holder(terms, "alder", parley.Principal, asOf)
	if !ok || term.Person != "Joseph Biden" {
		t.Fatalf("in office: %+v", term)
	}
	s := b.Summarise(Leader, term.From, asOf)
	if s.Total.Calls() != 6 || s.Total.InPerson != 2 {
		t.Errorf("%d calls and %d meetings since taking office", s.Total.Calls(), s.Total.InPerson)
	}
	if got := s.LastCall.Row.Date; got != "2024-04-02" {
		t.Errorf("last call %s", got)
	}
	if got := s.LastMeeting.Row.Date; got != "2023-11-15" {
		t.Errorf("last meeting %s", got)
	}
	if next, _ := Holder(terms, "alder", parley.Principal, day("2025-02-01")); next.Person != "Donald Trump" || !next.From.Equal(day("2025-01-20")) {
		t.Errorf("after the term: %+v", next)
	}
	if s := b.Summarise(Leader, day("2025-01-20"), day("2025-02-01")); s.Total != (Count{}) || s.LastCall != nil {
		t.Errorf("a new incumbent begins with %+v", s)
	}
	if other, _ := Holder(terms, "birch", parley.Principal, asOf); other.Person != "Xi Jinping" {
		t.Errorf("the other side: %+v", other)
	}
	if s.Gap != day("2023-11-15").Sub(day("2022-11-14")) {
		t.Errorf("the longest gap was %s", s.Gap)
	}
}

func history(t *testing.T) (out []Term) {
	file, err := os.Open("../../examples/contacts/us-china-terms.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cells, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cells[1:] {
		x := Term{Party: map[string]parley.PartyCode{"ours": "alder", "theirs": "birch"}[c[0]], Office: parley.Principal, Person: c[1], From: day(c[2])}
		if c[3] != "" {
			x.Until = day(c[3])
		}
		out = append(out, x)
	}
	return out
}
