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
