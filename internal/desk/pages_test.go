package desk

import (
	"html/template"
	"io"
	"path"
	"runtime"
	"strings"
	"testing"
)

// TestPagesKeepLittle makes every page of one language, as a station does that
// has shown them all. What each keeps for good doubles the memory that may be
// taken before any of it is collected: a copy for each page of all that pages
// share was 35 MiB.
func TestPagesKeepLittle(t *testing.T) {
	names, err := files.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	all, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	book, err := loadLocales()
	if err != nil {
		t.Fatal(err)
	}
	p := &pages{funcs: (&desk{}).funcs(book["en"]), made: map[string]*template.Template{}}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, n := range names {
		name, ok := strings.CutPrefix(strings.TrimSuffix(path.Base(n.Name()), ".html"), "page_")
		if !ok {
			continue
		}
		set, err := p.named(name)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := p.named(name); err != nil || again != set {
			t.Errorf("page %s is made twice: %v", name, err)
		}
		for _, f := range frames {
			if err := set.ExecuteTemplate(io.Discard, f, nil); err != nil && strings.Contains(err.Error(), "no such template") {
				t.Errorf("page %s: %v", name, err)
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if len(p.made) < 30 {
		t.Fatalf("only %d pages", len(p.made))
	}
	kept := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / int64(len(p.made))
	t.Logf("%d bytes a page", kept)
	if kept > 512<<10 {
		t.Errorf("a page keeps %d bytes", kept)
	}
	set, err := p.named("left")
	if err != nil {
		t.Fatal(err)
	}
	if n, most := len(set.Templates()), len(all.Templates()); n > most/2 {
		t.Errorf("a page that says nothing has %d of %d templates", n, most)
	}
	if _, err := p.named("none"); err == nil || p.made["none"] != nil {
		t.Errorf("a page that there is not: %v", err)
	}
}
