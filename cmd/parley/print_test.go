package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"parley/internal/station"
)

// TestTable asks that columns begin one below the other on a terminal, whatever
// the script: a Chinese character takes two columns, a mark above a letter none.
func TestTable(t *testing.T) {
	var b bytes.Buffer
	table(&b, [][]string{{"NR", "NAME", "OFFICES", ""}, {"1", "管理员", "administrator"}, {"12", "Ame\u0301lie", "envoy", "late"}, {"3", "", "watch"}, {"4"}})
	want := "" +
		"NR  NAME    OFFICES\n" +
		"1   管理员  administrator\n" +
		"12  Ame\u0301lie  envoy  late\n" +
		"3           watch\n" +
		"4\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	table(&b, [][]string{{"a\tb\nc", "\u202ex"}})
	if got := b.String(); got != "a b c  <U+202E>x\n" {
		t.Errorf("%q", got)
	}
}

// TestEmbargoNamesItsSeconds asks that an end that has seconds is shown with
// them: whoever publishes at the minute would be refused.
func TestEmbargoNamesItsSeconds(t *testing.T) {
	for at, want := range map[string]string{"2026-11-30T12:06:42Z": "EMBARGO until 2026-11-30 12:06:42 UTC", "2026-11-30T18:00:00Z": "EMBARGO until 2026-11-30 18:00 UTC"} {
		until, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		embargoLines(&b, &station.SaidEmbargo{ID: "a:1", Until: until})
		if !strings.HasPrefix(b.String(), want+" (") {
			t.Errorf("got %q, want %q", b.String(), want)
		}
	}
}

// TestExercisesAreTold asks that each state of an exercise is told from the others,
// and that the record names an exercise.
func TestExercisesAreTold(t *testing.T) {
	for want, m := range map[string]station.Mode{
		"asked of us: agree, or end it": {State: "waiting", Missing: []string{"alder"}, Asked: true},
		"waits for birch, cedar":        {State: "waiting", Missing: []string{"birch", "cedar"}},
		"ON":                            {State: "on"},
		"ON, every path in use: the path does not answer": {State: "on", Broken: "the path does not answer"},
		"ended by birch":            {State: "ended", EndedBy: "birch"},
		"over: its time has passed": {State: "over"},
	} {
		if got := exerciseStands(m); got != want {
			t.Errorf("%+v: %q, want %q", m, got, want)
		}
	}
	x := station.Item{Form: "exercise", Fields: []station.Field{{Name: "phase", Value: "begin"}, {Name: "name of the exercise", Value: "ONE CABLE"}, {Name: "until", Value: "later"}, {Name: "path of the drill", Value: "TLS"}}}
	if got := subjectOf(x); got != "begin ONE CABLE TLS" {
		t.Errorf("the record says %q", got)
	}
	if got := subjectOf(station.Item{Form: "point", Fields: x.Fields}); got != "" {
		t.Errorf("the record shows what was not opened: %q", got)
	}
}
