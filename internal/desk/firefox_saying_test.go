package desk_test

import (
	"testing"

	"parley"
	"parley/internal/desk/foxtest"
	"parley/internal/station"
)

// foxSaying: in Firefox what is said has no flaw from either side; and between two
// real stations neither sees the other's readout before both are ready, then both
// lie side by side and what differs is lit.
func foxSaying(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	f.sit(2, parley.Envoy)
	for i, path := range []string{said, joint, publish, spokenOf} {
		for _, lang := range []string{"en", "ar"} {
			f.cookie("parley-alder-lang", lang)
			f.cookie("parley-alder-theme", []string{"day", "night"}[i%2])
			f.open(path)
			for _, flaw := range append(flaws, wider) {
				if got := foxEval[string](f, flaw.js); got != "" {
					t.Errorf("%s in %s: %s:\n%s", path, lang, flaw.what, got)
				}
			}
			if got := foxEval[string](f, `[...document.querySelectorAll("main script, main img, main b, main i")].map(e => e.outerHTML.slice(0, 100)).join("\n")`); got != "" {
				t.Errorf("%s holds markup of theirs:\n%s", path, got)
			}
		}
	}
	f.quiet()

	line, alder, birch := newPair(t)
	id := alder.spoke(birch, line)
	alder.approves(line, id, inEnglish("Energy", "Both sides confirmed that energy and infrastructure is not a target; 14 barges pass."))
	birch.approves(line, id, inEnglish("Energy", "Both sides confirmed that energy infrastructure is not a target; 12 barges pass."))
	page := "/line/" + line + "/contact/" + id + "/said"
	tabs := map[*fox]station.Officer{}
	for _, s := range []*side{alder, birch} {
		x := enter(t, b, s, s.envoy)
		x.open(page)
		x.until("a stream", `document.querySelector("#sound").hidden === false`)
		tabs[x] = s.envoy
	}
	for x := range tabs {
		if foxEval[bool](x, `document.querySelector("#beside") !== null`) {
			t.Error("a readout is shown before both are ready")
		}
		x.until("ready to be", `document.querySelector(".ready-form button.strong") !== null`)
		x.press(".ready-form button.strong")
		x.until("ready", `document.querySelector(".ready-form") === null && document.querySelector('#exchange li[data-state=ready], #exchange li[data-state=shown]') !== null`)
	}
	for x := range tabs {
		x.until("both are shown, and lit", `document.querySelectorAll('#exchange li[data-state=shown]').length === 2 && [...document.querySelectorAll(".said-text mark.lit[data-kind=figure]")].map(e => e.firstChild.textContent).sort().join() === "12,14"`)
		x.quiet()
	}
}
