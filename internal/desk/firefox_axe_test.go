package desk_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"parley"
	"parley/internal/desk/foxtest"
)

// foxAxe: no serious fault of WCAG 2.1 A or AA on any page, by axe-core, in
// English by day or in Arabic by night, with -axe in both, and with everything
// unfolded. What a page has many times over it is looked at three times.
func foxAxe(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	f.axed()
	f.sit(1, parley.Watch)
	f.open("/help")
	foxEval[bool](f, `(document.getElementById("main").append(document.createElement("input")), true)`)
	if got := strings.Join(f.faults("a field without a label"), "\n"); !strings.HasPrefix(got, "label: <input>") {
		t.Fatalf("axe-core finds %q where a label is missing", got)
	}
	looked := 0
	for n, as := range [][2]string{{"en", "day"}, {"ar", "night"}} {
		f.cookie("parley-alder-lang", as[0])
		f.cookie("parley-alder-theme", as[1])
		for i, p := range pages {
			if i%2 != n && !*axeAll {
				continue
			}
			if p.admin {
				f.sit(3, parley.Administrator)
			} else {
				f.sit(1, parley.Watch)
			}
			f.open(p.path)
			foxEval[bool](f, `(document.querySelectorAll("details:not(.menu)").forEach(d => d.open = true), true)`)
			foxEval[int](f, thin)
			for _, fault := range f.faults(p.path) {
				t.Errorf("%s %s %s: %s", as[0], as[1], p.path, fault)
			}
			looked++
		}
	}
	t.Logf("looked at %d pages", looked)
}

// axed makes axe-core known to every page that is opened next in this tab, out of
// reach of the pages' policy.
func (f *fox) axed() {
	f.t.Helper()
	f.must(f.tab.Before(axeSource(f.t) + "; window.axe = axe;"))
}

func (f *fox) faults(name string) (list []string) {
	f.t.Helper()
	if err := json.Unmarshal([]byte(foxEval[string](f, axeRun)), &list); err != nil {
		f.t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	return list
}
