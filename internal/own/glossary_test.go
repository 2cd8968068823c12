package own

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"parley"
	"parley/internal/glossary"
)

func termOf(en, zh string) glossary.Term {
	return glossary.Term{Words: []glossary.Word{{Language: "en", Text: en}, {Language: "zh", Text: zh}}}
}

// TestTerms: a table of terms is kept whole or not at all, sealed, each once; another
// than its writer checks a term.
func TestTerms(t *testing.T) {
	f := newFixture(t)
	line, other := parley.LineID{7}, parley.LineID{8}
	li, wu := f.officer(t, "Li"), f.officer(t, "Wu")
	n, err := f.AddTerms(line, li.ID, []glossary.Term{termOf("barge", "驳船"), termOf("no-sail zone", "禁航区")})
	ok(t, err)
	if n != 2 {
		t.Errorf("%d were added", n)
	}
	n, err = f.AddTerms(line, wu.ID, []glossary.Term{termOf("barge", "驳船"), termOf("ferry", "渡轮")})
	ok(t, err)
	if n != 1 {
		t.Errorf("%d were added of one that is known and one that is not", n)
	}
	_, err = f.AddTerms(line, wu.ID, []glossary.Term{termOf("corridor", "走廊"), termOf("Barge", "平底船")})
	refused(t, err, parley.Conflict)
	f.reopen(t)
	all, err := f.Terms(line)
	ok(t, err)
	if len(all) != 3 || all[0].In("zh") != "驳船" || all[2].In("en") != "ferry" || all[2].Officer != wu.ID || all[0].Checker != 0 {
		t.Fatalf("%+v", all)
	}
	refused(t, f.CheckTerm(line, all[0].ID, li.ID), parley.NotAllowed)
	refused(t, f.CheckTerm(other, all[0].ID, wu.ID), parley.NotFound)
	ok(t, f.CheckTerm(line, all[0].ID, wu.ID))
	if all, err = f.Terms(line); err != nil || all[0].Checker != wu.ID || all[0].Checked.IsZero() || all[1].Checker != 0 {
		t.Errorf("checked: %+v, %v", all, err)
	}
	refused(t, f.RemoveTerm(other, all[0].ID), parley.NotFound)
	ok(t, f.RemoveTerm(line, all[0].ID))
	refused(t, f.RemoveTerm(line, all[0].ID), parley.NotFound)
	_, err = f.AddTerms(line, wu.ID, []glossary.Term{termOf("Barge", "平底船")}) // it is free now
	ok(t, err)

	var many []glossary.Term
	for i := range glossary.MaxTerms {
		many = append(many, termOf(fmt.Sprint("a", i), fmt.Sprint("乙", i)))
	}
	_, err = f.AddTerms(line, wu.ID, many)
	refused(t, err, parley.Quota)
	if all, err := f.Terms(line); err != nil || len(all) != 3 {
		t.Errorf("after a table that was too long: %d, %v", len(all), err)
	}
	n, err = f.AddTerms(other, wu.ID, many)
	ok(t, err)
	if n != glossary.MaxTerms {
		t.Errorf("%d were added", n)
	}
}

// TestScripts: pieces in their order, sealed, taken out one by one or all.
func TestScripts(t *testing.T) {
	f := newFixture(t)
	line := parley.LineID{7}
	li := f.officer(t, "Li")
	for _, text := range []string{"First the corridor.", "Then the barges."} {
		_, err := f.AddScript(Script{Line: line, Officer: li.ID, Text: text})
		ok(t, err)
	}
	f.reopen(t)
	all, err := f.Scripts(line)
	ok(t, err)
	if len(all) != 2 || all[0].Text != "First the corridor." || all[1].Officer != li.ID {
		t.Fatalf("%+v", all)
	}
	for _, suffix := range []string{"", "-wal"} {
		if b, _ := os.ReadFile(f.path + suffix); bytes.Contains(b, []byte("corridor")) {
			t.Errorf("%s holds the script in plain", f.path+suffix)
		}
	}
	ok(t, f.RemoveScript(line, all[0].ID))
	refused(t, f.RemoveScript(line, all[0].ID), parley.NotFound)
	refused(t, f.RemoveScript(parley.LineID{8}, 0), parley.NotFound)
	for range MaxScripts - 1 {
		_, err := f.AddScript(Script{Line: line, Officer: li.ID, Text: "x"})
		ok(t, err)
	}
	_, err = f.AddScript(Script{Line: line, Officer: li.ID, Text: "x"})
	refused(t, err, parley.Quota)
	ok(t, f.RemoveScript(line, 0))
	if all, err := f.Scripts(line); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}
