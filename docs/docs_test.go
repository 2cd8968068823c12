package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = ".."

// pages are the documents whose links and names are checked.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/decisions/*.md", "examples/*.md", "spec/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			out[p] = string(b)
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d pages found", len(out))
	}
	return out
}

// tests returns every test and fuzz target of the repository, with the
// directories that have one of its name.
func tests(t *testing.T) map[string][]string {
	t.Helper()
	decl := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	names := map[string][]string{}
	err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(p, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(p)
		for _, m := range decl.FindAllStringSubmatch(string(b), -1) {
			names[m[1]] = append(names[m[1]], filepath.ToSlash(filepath.Dir(p)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestNamedTestsExist asks that each test that a page names is one, and, where
// a package is named before it, one of that package or of one below it.
func TestNamedTestsExist(t *testing.T) {
	have := tests(t)
	name := regexp.MustCompile("((?:`[a-z0-9/]+`, )*`[a-z0-9/]+`): |(\\*\\*cost\\*\\*): |`((?:Test|Fuzz)[A-Z]\\w*)`|\\|")
	for p, text := range pages(t) {
		for l := range strings.Lines(text) {
			var of []string
			for _, m := range name.FindAllStringSubmatch(l, -1) {
				switch {
				case m[1] != "":
					of = strings.Split(strings.ReplaceAll(m[1], "`", ""), ", ")
				case m[2] != "":
					of = []string{"hostile"}
				case m[3] == "":
					of = nil // the next cell of a table
				case len(have[m[3]]) == 0:
					t.Errorf("%s names %s, which is no test", p, m[3])
				default:
					for _, pkg := range of {
						if !slices.ContainsFunc(have[m[3]], func(dir string) bool { return strings.Contains(dir+"/", "/"+pkg+"/") }) {
							t.Errorf("%s names %s as a test of %s; it is one of %s", p, m[3], pkg, strings.Join(have[m[3]], ", "))
						}
					}
				}
			}
		}
	}
}

func TestLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for p, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to, _, _ := strings.Cut(m[1], "#")
			if to == "" || strings.Contains(to, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(p), to)); err != nil {
				t.Errorf("%s links to %s, which is not there", p, to)
			}
		}
	}
}

// TestModulesHaveAReason asks that each module of modules.txt, and no other,
// stands in a table of dependencies.md.
func TestModulesHaveAReason(t *testing.T) {
	list, err := os.ReadFile("modules.txt")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	linked, _, _ := strings.Cut(string(page), "## The trusted core")
	for l := range strings.Lines(string(list)) {
		name, _, _ := strings.Cut(strings.TrimSpace(l), " ")
		if !strings.Contains(linked, "\n| `"+name+"` |") {
			t.Errorf("%s is linked into the binary and dependencies.md gives no reason", name)
		}
		linked = strings.Replace(linked, "\n| `"+name+"` |", "\n", 1)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(linked, -1) {
		t.Errorf("dependencies.md gives a reason for %s, which is not linked", m[1])
	}
}
