// Package formtest holds the tables of the specification to the definitions of
// forms.
package formtest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"parley/internal/form"
)

// Tables holds the blocks of a page between <!-- name --> and <!-- end --> to
// what they should be; with update it rewrites the page.
func Tables(t *testing.T, file string, blocks map[string]string, update bool) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for name, want := range blocks {
		start := "<!-- " + name + " -->\n"
		before, rest, ok := strings.Cut(page, start)
		got, after, ok2 := strings.Cut(rest, "<!-- end -->")
		if !ok || !ok2 {
			t.Errorf("%s has no block %q", file, name)
			continue
		}
		if got != want && !update {
			t.Errorf("%s, block %q:\n got %s\nwant %s\nrun the test with -update", file, name, got, want)
		}
		page = before + start + want + "<!-- end -->" + after
	}
	if update {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Blocks are the list of forms and the table of each, by the names of their
// blocks.
func Blocks(ds []form.Definition) map[string]string {
	blocks := map[string]string{"list": list(ds)}
	for _, d := range ds {
		blocks["form: "+d.Name] = table(d)
	}
	return blocks
}

func list(ds []form.Definition) string {
	var b strings.Builder
	b.WriteString("| form | series | refers to | addressed | language | exercise | what it says |\n|---|---|---|---|---|---|---|\n")
	for _, d := range ds {
		series := "-"
		if d.Numbered {
			series = []string{"traffic", "service"}[d.Series]
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", d.Name, series, target(d), yes(d.Addressed), yes(d.Language), yes(d.Exercise), d.About)
	}
	return b.String()
}

func target(d form.Definition) string {
	if d.Refs.Max == 0 {
		return "-"
	}
	s := strconv.Itoa(d.Refs.Min)
	if d.Refs.Max != d.Refs.Min {
		s += " to " + strconv.Itoa(d.Refs.Max)
	}
	s += []string{" of anybody's", " of another party's", " own"}[d.Of.Whose]
	if d.Of.Numbered {
		s += " numbered"
	}
	if d.Of.Forms != nil {
		s += ": " + strings.Join(d.Of.Forms, ", ")
	}
	if d.Of.Same {
		s += "; same"
	}
	return s
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}

func table(d form.Definition) string {
	if len(d.Fields) == 0 {
		return "No fields.\n"
	}
	var b strings.Builder
	b.WriteString("| key | field | type | there | meaning |\n|---|---|---|---|---|\n")
	for _, f := range d.Fields {
		there := "no"
		if f.Required {
			there = "yes"
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", f.Key, f.Code, f.Type, there, f.About)
	}
	return b.String()
}
