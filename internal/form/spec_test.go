package form

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the tables of spec/forms.md and the golden encodings")

const specFile = "../../spec/forms.md"

// TestSpecTables holds the tables of the specification to the definitions.
func TestSpecTables(t *testing.T) {
	b, err := os.ReadFile(specFile)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	blocks := map[string]string{"list": list(), "texts": texts()}
	for _, d := range Definitions() {
		blocks["form: "+d.Name] = table(d)
	}
	for name, want := range blocks {
		start := "<!-- " + name + " -->\n"
		before, rest, ok := strings.Cut(page, start)
		got, after, ok2 := strings.Cut(rest, "<!-- end -->")
		if !ok || !ok2 {
			t.Errorf("spec/forms.md has no block %q", name)
			continue
		}
		if got != want && !*update {
			t.Errorf("spec/forms.md, block %q:\n got %s\nwant %s\nrun the test with -update", name, got, want)
		}
		page = before + start + want + "<!-- end -->" + after
	}
	if *update {
		if err := os.WriteFile(specFile, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func list() string {
	var b strings.Builder
	b.WriteString("| form | series | refers to | addressed | language | exercise | what it says |\n|---|---|---|---|---|---|---|\n")
	for _, d := range Definitions() {
		series := "-"
		if d.Numbered {
			series = []string{"traffic", "service"}[d.Series]
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", d.Name, series, target(d), yes(d.Addressed), yes(d.Language), yes(d.Exercise), d.About)
	}
	return b.String()
}

func target(d Definition) string {
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

func table(d Definition) string {
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

func texts() string {
	var b strings.Builder
	for i, s := range TestTexts() {
		fmt.Fprintf(&b, "- %d: %s\n", i, s)
	}
	return b.String()
}

// TestDefinitionsMatchTypes holds each definition to the tags of its type.
func TestDefinitionsMatchTypes(t *testing.T) {
	names := map[string]bool{}
	for _, d := range Definitions() {
		if names[d.Name] {
			t.Errorf("%s is defined twice", d.Name)
		}
		names[d.Name] = true
		if got := d.New().Name(); got != d.Name {
			t.Errorf("%s: a new one is called %s", d.Name, got)
		}
		if err := CheckName(d.Name); err != nil {
			t.Error(err)
		}
		defined := map[uint64]bool{}
		for _, f := range d.Fields {
			defined[f.Key] = f.Required
		}
		for f := range reflect.TypeOf(d.New()).Elem().Fields() {
			tag := f.Tag.Get("cbor")
			if f.Anonymous {
				continue
			}
			k, err := strconv.ParseUint(strings.Split(tag, ",")[0], 10, 64)
			if err != nil {
				t.Errorf("%s.%s has no integer key", d.Name, f.Name)
			}
			required, ok := defined[k]
			if !ok || required == strings.Contains(tag, "omitempty") {
				t.Errorf("%s.%s: key %d is not as defined", d.Name, f.Name, k)
			}
			delete(defined, k)
		}
		if len(defined) > 0 {
			t.Errorf("%s: keys %v have no field", d.Name, defined)
		}
	}
}
