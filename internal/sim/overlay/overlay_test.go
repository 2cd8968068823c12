package overlay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

const good = `Two lines
about it.
== a/x.go
<<<<
one
two
====
three
>>>>
<<<<
four
====
>>>>
++ a/new.go
package a
`

func TestEdit(t *testing.T) {
	root, out := t.TempDir(), t.TempDir()
	write(t, root, "a/x.go", "zero\none\ntwo\nfour\n")
	e, err := Read(write(t, out, "case.edit", good))
	if err != nil {
		t.Fatal(err)
	}
	if e.Name != "case" || e.About != "Two lines about it." {
		t.Errorf("name %q, about %q", e.Name, e.About)
	}
	if _, err := Write(root, out, e); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(filepath.Join(out, "a+x.go")); string(b) != "zero\nthree\n\n" {
		t.Errorf("got %q", b)
	}
	if b, _ := os.ReadFile(filepath.Join(out, "a+new.go")); string(b) != "package a\n" {
		t.Errorf("got %q", b)
	}
	if b, _ := os.ReadFile(filepath.Join(out, "overlay.json")); !strings.Contains(string(b), filepath.Join(root, "a", "x.go")) {
		t.Errorf("got %s", b)
	}
}

func TestRefusals(t *testing.T) {
	root, out := t.TempDir(), t.TempDir()
	for name, c := range map[string]struct{ source, edit string }{
		"gone":     {"zero\none\n", good},
		"twice":    {"one\ntwo\none\ntwo\nfour\n", good},
		"no file":  {"", "about\n== b/y.go\n<<<<\nx\n====\ny\n>>>>\n"},
		"cut off":  {"one\ntwo\nfour\n", strings.TrimSuffix(good, ">>>>\n++ a/new.go\npackage a\n")},
		"stray":    {"one\ntwo\nfour\n", strings.Replace(good, "<<<<\nfour", "what\n<<<<\nfour", 1)},
		"no edits": {"one\n", "about\n"},
	} {
		write(t, root, "a/x.go", c.source)
		e, err := Read(write(t, out, "case.edit", c.edit))
		if err == nil {
			_, err = Write(root, out, e)
		}
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestIdealApplies fails when the product has moved on and the edit has not.
func TestIdealApplies(t *testing.T) {
	e, err := Read("../testdata/ideal.edit")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write("../../..", t.TempDir(), e); err != nil {
		t.Error(err)
	}
}

// TestFaultsApply is the same for the deliberate faults, all at once.
func TestFaultsApply(t *testing.T) {
	paths, err := filepath.Glob("../testdata/faults/*.edit")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d deliberate faults, %v", len(paths), err)
	}
	var edits []*Edit
	for _, p := range paths {
		e, err := Read(p)
		if err != nil {
			t.Fatal(err)
		}
		edits = append(edits, e)
		if _, err := Write("../../..", t.TempDir(), edits...); err != nil {
			t.Error(err)
			edits = edits[:len(edits)-1]
		}
	}
}
