package table

import (
	"slices"
	"strings"
	"testing"
)

var kind = Kind{Of: "a list", Columns: []Column{{"name", true}, {"note", false}}, MaxRows: 3}

// TestReadBack: what is written is read again, formulas and all, whatever stands in a
// cell that has no blanks around.
func TestReadBack(t *testing.T) {
	rows := [][]string{{"=1+1", "a \"quoted\", word"}, {"-x", "two\nlines"}, {"'quoted", "@"}}
	var out strings.Builder
	if err := Write(&out, kind.Names(), rows); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "'=1+1,") || !strings.Contains(out.String(), "'-x,") {
		t.Errorf("a formula goes out as one: %s", out.String())
	}
	got, err := Read(strings.NewReader("\ufeff"+strings.ReplaceAll(out.String(), "\n", "\r\n")), kind)
	if err != nil || len(got) != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	for i, r := range got {
		if !slices.Equal([]string{Plain(r.Cells["name"]), Plain(r.Cells["note"])}, rows[i]) {
			t.Errorf("row %d is %q, was %q", i, r.Cells, rows[i])
		}
	}
	if got[2].Line != 5 {
		t.Errorf("the last row is said to stand in line %d", got[2].Line)
	}
	if _, err := Read(strings.NewReader(out.String()+"one,more\n"), kind); err == nil || !strings.Contains(err.Error(), "more than 3 rows") {
		t.Errorf("a row too many: %v", err)
	}
}

// evil are cells of somebody who wants a formula in our spreadsheet.
var evil = []string{`=1+1`, `＝HYPERLINK("http://x")`, "a;=HYPERLINK(1)", `a; "=1+1"`, "a\n=1+1", "a\t+1", "one\r\n\t@SUM(1)", `;;"";-1`, "a;\u3000＝1", "a, b;\"\"=2", "a;'=1", "=1;=2\n=3"}

// TestNoSeparatorMakesAFormula: whatever a spreadsheet takes for the separator of
// columns, as they do by country, no cell is a formula. One in which a comma stands in
// decimal numbers divides at semicolons, and heeds quotes only where a cell begins.
func TestNoSeparatorMakesAFormula(t *testing.T) {
	for _, s := range evil {
		var out strings.Builder
		if err := Write(&out, []string{"name", "note"}, [][]string{{"x", s}, {s, "x"}}); err != nil {
			t.Fatal(err)
		}
		for _, seps := range []string{";", "\t", ",;\t"} {
			for _, quoted := range []bool{false, true} {
				if seps == ",;\t" && !quoted {
					continue // it would be one that knows no quotes at all
				}
				for _, c := range divided(out.String(), seps, quoted) {
					if c = strings.Trim(c, " \t\u3000\""); c != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(c)[0]) {
						t.Errorf("%q divided at %q has the cell %q", s, seps, c)
					}
				}
			}
		}
		if got := Plain(Inert(s)); got != s {
			t.Errorf("%q is read back as %q", s, got)
		}
	}
	if got := Inert("a - b; c = d, 3+4\ne-f"); got != "a - b; c = d, 3+4\ne-f" {
		t.Errorf("what is no formula became %q", got)
	}
}

// divided are the cells of a text as a spreadsheet divides it at any of seps and at line
// ends; quoted: those within quotes that open where a cell begins are none.
func divided(s, seps string, quoted bool) (out []string) {
	cell, in, begun := "", false, false
	for _, r := range s {
		switch {
		case r == '"' && quoted && (in || !begun):
			in, begun = !in, true
		case !in && (r == '\n' || r == '\r' || strings.ContainsRune(seps, r)):
			out = append(out, cell)
			cell, begun = "", false
		default:
			cell, begun = cell+string(r), true
		}
	}
	return append(out, cell)
}

// FuzzPlain: a cell is read back as it was, and has no formula where one could begin.
func FuzzPlain(f *testing.F) {
	for _, s := range evil {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x := Inert(s)
		if got := Plain(x); got != s {
			t.Errorf("%q went out as %q and is read back as %q", s, x, got)
		}
		for _, c := range divided(x, ";\t", false) {
			if c = strings.TrimLeft(c, " \u00a0\u3000\""); c != "" && c != "-" && strings.ContainsRune("=+-@＝＋－＠", []rune(c)[0]) {
				t.Errorf("%q went out as %q, of which %q is a formula", s, x, c)
			}
		}
	})
}

// FuzzRead: whatever a table is, reading it ends, and every row has what it must.
func FuzzRead(f *testing.F) {
	f.Add("name,note\na,b\n")
	f.Add("\ufeffnote;name\r\n\"x\ny\";'=1\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		rows, err := Read(strings.NewReader(s), kind)
		if err != nil {
			return
		}
		for _, r := range rows {
			if r.Cells["name"] == "" || r.Line < 2 {
				t.Errorf("%+v of %q", r, s)
			}
		}
	})
}
