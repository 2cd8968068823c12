package glossary

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"parley/internal/table"
)

var tongues = []string{"en", "zh"}

// TestTablesWithEveryFault reads what people and spreadsheets make of a glossary.
func TestTablesWithEveryFault(t *testing.T) {
	const head = "en,zh,note"
	for _, c := range []struct{ what, in, text string }{
		{"good", head + "\nbarge,驳船,\n", ""},
		{"Windows, semicolons, another order", "\ufeffZH;EN\r\n驳船;barge\r\n\r\n", ""},
		{"as it is written", "en,zh,note,written by,checked by,checked on\nbarge,驳船,,Li,Wu,2026-11-23\n", ""},
		{"tabs", "en\tzh\nbarge\t驳船\n", ""},
		{"empty", "", "empty"},
		{"no rows", head + "\n", "no rows"},
		{"no first line", "barge,驳船\n", "no column of a glossary"},
		{"a language that is none of the line", "en,fr\nbarge,chaland\n", "no column of a glossary"},
		{"a language twice", "en,en\nbarge,barge\n", "stands twice"},
		{"a language missing", "en,note\nbarge,\n", "line 2: a term is there in 2 languages"},
		{"a word missing", head + "\nbarge,驳船,\nferry,,\n", "line 3: a term is there in 2 languages"},
		{"a row too long", head + "\nbarge,驳船,,x\n", "line 2 has another number"},
		{"a row too short", head + "\nbarge\n", "line 2 has another number"},
		{"a quote that is not closed", head + "\n\"barge,驳船,\n", "line 2"},
		{"a term of two lines", head + "\n\"barge\nferry\",驳船,\n", "line 2"},
		{"a term that hides its end", head + "\nbarge\u202e,驳船,\n", "line 2"},
		{"a zero byte", head + "\nbar\x00ge,驳船,\n", "line 2"},
		{"a row twice", head + "\nbarge,驳船,\nbarge,驳船,\n", "line 3 is line 2 again"},
		{"a term twice", head + "\nbarge,驳船,\nbarge,驳船,flat\n", "line 3 says what line 2 says"},
		{"a word called two things", head + "\nbarge,驳船,\nBarge,平底船,\n", `line 3: "Barge" (en) is called something else in line 2`},
		{"a term too long", head + "\n" + strings.Repeat("x", maxTerm+1) + ",驳船,\n", "line 2"},
		{"a note too long", head + "\nbarge,驳船," + strings.Repeat("x", maxNote+1) + "\n", "line 2"},
		{"UTF-16", "\xff\xfee\x00n\x00", "UTF-16"},
		{"GBK", head + "\nbarge,\xb2\xb5\xb4\xac,\n", "line 2 of the table is not UTF-8"},
		{"too large", head + "\n" + strings.Repeat("x", table.MaxBytes), "larger than"},
	} {
		terms, err := ReadCSV(strings.NewReader(c.in), tongues)
		if (c.text == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %q", c.what, err, c.text)
		}
		if want := []Term{{Words: []Word{{"en", "barge"}, {"zh", "驳船"}}}}; c.text == "" && !reflect.DeepEqual(terms, want) {
			t.Errorf("%s: %+v", c.what, terms)
		}
	}
}

// TestReadBack: a glossary that is written is read again, its formulas inert.
func TestReadBack(t *testing.T) {
	all := []Entry{{Term: Term{[]Word{{"en", "=SUM(1)"}, {"zh", "驳船"}}, "flat, \"wide\""}, Writer: "Li", Checker: "Wu", Checked: time.Unix(1_795_000_000, 0)}, {Term: Term{[]Word{{"en", "ferry"}, {"zh", "渡轮"}}, "-"}, Writer: "Li"}}
	var out strings.Builder
	if err := WriteCSV(&out, tongues, all); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "'=SUM(1),驳船") || !strings.Contains(out.String(), ",Li,Wu,2026-11-18") {
		t.Errorf("written: %s", out.String())
	}
	got, err := ReadCSV(strings.NewReader(out.String()), tongues)
	if err != nil || len(got) != 2 || !reflect.DeepEqual(got[0], all[0].Term) || !reflect.DeepEqual(got[1], all[1].Term) {
		t.Errorf("read again: %+v, %v", got, err)
	}
}

// FuzzReadCSV: terms that are read are good, no two clash, and are read again from
// what is written of them.
func FuzzReadCSV(f *testing.F) {
	f.Add("en,zh\nbarge,驳船\n")
	f.Add("\ufeffzh;en;note\r\n驳船;\"barge, \"\"flat\"\"\";'=1\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		terms, err := ReadCSV(strings.NewReader(s), tongues)
		if err != nil {
			return
		}
		var all []Entry
		for i := range terms {
			if err := terms[i].Check(tongues); err != nil {
				t.Errorf("%q: %v", s, err)
			}
			all = append(all, Entry{Term: terms[i]})
		}
		var out strings.Builder
		if err := WriteCSV(&out, tongues, all); err != nil {
			t.Fatal(err)
		}
		again, err := ReadCSV(strings.NewReader(out.String()), tongues)
		if err != nil || len(again) != len(terms) {
			t.Errorf("%q is written as %q, and read as %d of %d: %v", s, out.String(), len(again), len(terms), err)
		}
	})
}
