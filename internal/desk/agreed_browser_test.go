package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/station"
)

// press goes to an element by Tab and presses Enter.
func (l *live) press(selector string) {
	l.t.Helper()
	l.tab(selector)
	l.enter()
}

// fill empties the field that has the focus and types into it.
func (l *live) fill(selector, text string) {
	l.t.Helper()
	l.tab(selector)
	eval[bool](l, l.ctx, `document.activeElement.select?.(), true`)
	l.types(text)
}

// opened makes everything real on the fake's board opened, so that its exercise
// frames every page.
func (l *live) opened() {
	l.st.Lock()
	defer l.st.Unlock()
	for _, it := range l.st.Items {
		for i := range it.Ladder {
			if !it.Ours && it.Exercise == "" && it.Ladder[i].At.IsZero() {
				it.Ladder[i].At = time.Now()
			}
		}
	}
}

// TestBrowserAmendsByKeys: an envoy amends the charter with a keyboard alone:
// looks at what it changes, through a renewal of the page, and proposes that.
func TestBrowserAmendsByKeys(t *testing.T) {
	l := newLive(t)
	l.opened()
	l.sit(l.ctx, 2, parley.Envoy)
	l.open(l.ctx, birch+"/charter")
	l.press(`a[href$="/charter/change?what=charter"]`)
	l.until(l.ctx, 15*time.Second, "the form", `document.querySelector("#amend input[name=recording]") !== null`)
	l.wait("one listener", func() bool { return l.st.Listeners() == 1 })
	l.fill("input[name=recording]", "calls are recorded")
	l.press("#amend form.amend > .actrow button")
	l.until(l.ctx, 15*time.Second, "what it changes", `document.querySelector("#amend input[name=typed]") !== null && document.querySelector(".changes").innerText.includes("calls are recorded")`)
	eval[bool](l, l.ctx, "window.mark = 1, true")
	l.alarm(71, "While it is looked at.", true)
	l.until(l.ctx, 15*time.Second, "the renewal", `document.querySelector("#ring").dataset.seq === "71"`)
	if eval[int](l, l.ctx, `document.querySelectorAll("#amend").length + document.querySelectorAll("#amend input[name=typed]").length + document.querySelectorAll("#amend input[name=recording]").length`) != 2 {
		t.Error("the renewal changed what is looked at")
	}
	hash := eval[string](l, l.ctx, `document.querySelector("#amend input[name=hash]").value`)
	l.fill("#amend input[name=typed]", hash[:8])
	l.press("#amend button.danger")
	l.until(l.ctx, 15*time.Second, "proposed", `location.pathname.endsWith("/charter") && document.querySelector("#said") !== null && window.mark === 1`)
	if !l.st.Did("Propose charter recording=calls are recorded") {
		t.Errorf("it did %q", l.st.Calls)
	}
	l.quiet()
}

// TestBrowserNamesByKeys: a change of incumbent from the directory to its
// release, by keys.
func TestBrowserNamesByKeys(t *testing.T) {
	l := newLive(t)
	l.opened()
	l.sit(l.ctx, 2, parley.Envoy)
	l.open(l.ctx, birch+"/offices")
	l.press(`a[href$="/offices/change?office=envoy"]`)
	l.until(l.ctx, 15*time.Second, "the form", `document.querySelector("main input[name=address]") !== null && document.querySelector("select[name=office]").value === "envoy"`)
	l.fill("input[name=name]", "D. Marsh")
	l.fill("input[name=address]", "Your Excellency")
	l.press("main form button.strong")
	l.until(l.ctx, 15*time.Second, "the release", `location.pathname.endsWith("/release") && document.querySelector(".sheet").innerText.includes("Your Excellency")`)
	id := eval[string](l, l.ctx, `location.pathname.split("/")[2]`)
	l.tab("main input[name=precedence]")
	l.types(" ")
	l.press("main form button.strong")
	l.did("Release " + id + " ROUTINE")
	l.quiet()
}

// TestBrowserAgreesByKeys: an officer agrees to an exercise and asks for a drill,
// by keys, while the page renews itself around what is typed.
func TestBrowserAgreesByKeys(t *testing.T) {
	l := newLive(t)
	l.opened()
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, birch+"/modes")
	l.wait("one listener", func() bool { return l.st.Listeners() == 1 })
	l.press(`form[action$="/modes/agree"] button`)
	l.did("Exercise agree 9a0f33c1d2e4b586:43")
	l.until(l.ctx, 15*time.Second, "it is on", `document.querySelector(".mode-head .tag-drill") !== null`)
	l.fill(`form[action$="/modes/drill"] input[name=name]`, "ONE CABLE")
	l.alarm(72, "While somebody types.", true)
	l.until(l.ctx, 15*time.Second, "the renewal", `document.querySelector("#ring").dataset.seq === "72"`)
	if got := eval[string](l, l.ctx, `document.activeElement.value`); got != "ONE CABLE" {
		t.Errorf("what was typed is %q", got)
	}
	l.press(`form[action$="/modes/drill"] button`)
	l.wait("a drill asked for", func() bool {
		l.st.Lock()
		defer l.st.Unlock()
		return slices.ContainsFunc(l.st.Calls, func(c string) bool { return strings.HasPrefix(c, "BeginMode ONE CABLE QUIC ") })
	})
	l.quiet()
}

// envoyPages are those that need an envoy's seat, or a state of the station.
var envoyPages = []string{birch + "/charter", birch + "/charter/change?what=charter", birch + "/charter/change?what=remove", birch + "/offices", birch + "/offices/change?office=envoy", birch + "/modes", "/work", birch + "/contacts", birch + "/contacts/ask", theirAsk, ourAgreed, theirAsk + "/offer", birch + "/topics", topicPath, said, joint, publish}

// weigh goes from the open form to what it changes.
func (l *live) weigh() {
	l.t.Helper()
	l.open(l.ctx, birch+"/charter/change?what=charter")
	eval[bool](l, l.ctx, `document.querySelector("[name=recording]").value = "calls are recorded", document.querySelector("[name=languages-birch]").value = "zh, ar", document.querySelector("[name=rule-ROUTINE]").value = "two", true`)
	l.do(l.ctx, chromedp.Click(chromedp.CSS("#amend form.amend > .actrow button")))
	l.until(l.ctx, 15*time.Second, "what it changes", `document.querySelector("#amend input[name=typed]") !== null`)
}

// exercising gives Birch a third party and a drill, and leaves nothing real
// unopened: pages as they are in an exercise.
func (l *live) exercising() {
	l.opened()
	l.st.Lock()
	defer l.st.Unlock()
	b := &l.st.LineList[0]
	b.Them = append(b.Them, station.Party{Code: "dogwood", Name: "Dogwood", Languages: []string{"fr"}})
	b.Lamp.Drill = &station.Drill{Title: "ONE CABLE", Path: "QUIC", Until: time.Now().Add(time.Hour)}
	b.Paths[1].Up, b.Paths[1].Rests, b.Paths[1].Why = false, true, "it rests: a single-path drill is on"
}

// TestBrowserAxeOfEnvoy looks with axe-core at what only an envoy sees, in an
// exercise, and at every width for what is cut off.
func TestBrowserAxeOfEnvoy(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	l.exercising()
	l.axed()
	l.sit(l.ctx, 2, parley.Envoy)
	for _, as := range [][2]string{{"ar", "day"}, {"zh", "night"}, {"en", "night"}} {
		l.as(as[0], as[1])
		for _, p := range append(slices.Clone(envoyPages), birch) {
			name := strings.Join(as[:], " ") + " " + p
			l.open(l.ctx, p)
			l.lies(name)
			if as[0] != "en" || *axeAll {
				l.axe(name)
			}
			if !eval[bool](l, l.ctx, `document.body.dataset.exercise === "on" && parseFloat(getComputedStyle(document.body).borderTopWidth) >= 4`) {
				t.Errorf("%s: no frame around an exercise", p)
			}
		}
		l.weigh()
		l.lies(as[0] + " what an amendment changes")
		if as[0] != "en" || *axeAll {
			l.axe(strings.Join(as[:], " ") + " what an amendment changes")
		}
	}
	l.quiet()
}

// TestBrowserPrintsBrief prints the transition brief on A4: nothing to press,
// nothing cut off, and the class on every part.
func TestBrowserPrintsBrief(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	for _, lang := range []string{"en", "zh", "ar"} {
		l.cookie(l.ctx, "parley-alder-lang", lang)
		l.do(l.ctx, chromedp.EmulateViewport(688, 1000)) // A4 less the margins, at 96 dots an inch
		l.open(l.ctx, birch+"/brief")
		if _, err := chromedp.Call(l.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
			t.Fatal(err)
		}
		if seen := eval[string](l, l.ctx, `[...document.querySelectorAll("button, nav, form, .strip, .lamps")].filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 80)).join("\n")`); seen != "" {
			t.Errorf("%s: on paper stands\n%s", lang, seen)
		}
		if cut := eval[string](l, l.ctx, `[...document.querySelectorAll("#brief *")].filter(e => e.checkVisibility() && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)).map(e => e.outerHTML.slice(0, 80)).join("\n")`); cut != "" {
			t.Errorf("%s: beyond the paper lies\n%s", lang, cut)
		}
		if n := eval[int](l, l.ctx, `[...document.querySelectorAll("#brief .band")].filter(e => e.checkVisibility()).length`); n != 4 {
			t.Errorf("%s: %d parts say whose they are, want 4", lang, n)
		}
		r, err := chromedp.Call(l.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(r.Data), "%PDF") || strings.Count(string(r.Data), "/Type /Page\n") > 4 {
			t.Errorf("%s: the print is %d bytes of %d pages", lang, len(r.Data), strings.Count(string(r.Data), "/Type /Page\n"))
		}
		if _, err := chromedp.Call(l.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}); err != nil {
			t.Fatal(err)
		}
	}
	l.quiet()
}

// TestShotsOfEnvoy makes pictures of what only an envoy sees, in an exercise;
// see TestShots.
func TestShotsOfEnvoy(t *testing.T) {
	if *shots == "" {
		return
	}
	l := newLive(t)
	l.exercising()
	for _, lang := range []string{"en", "zh", "ar"} {
		for _, theme := range []string{"day", "night"} {
			l.cookie(l.ctx, "parley-alder-lang", lang)
			l.cookie(l.ctx, "parley-alder-theme", theme)
			for _, width := range []int64{1280, 320} {
				l.sit(l.ctx, 2, parley.Envoy)
				take := func(n int, what string, open func()) {
					name := fmt.Sprintf("envoy-%d-%s-%s-%d%s.png", width, theme, lang, n, strings.NewReplacer("?", "-", "=", "-").Replace(what))
					if wanted(name) {
						l.do(l.ctx, chromedp.EmulateViewport(width, 900))
						open()
						l.picture(name, width)
					}
				}
				for n, p := range envoyPages {
					take(n, p[strings.LastIndexByte(p, '/')+1:], func() { l.open(l.ctx, p) })
				}
				take(len(envoyPages), "weighed", l.weigh)
			}
		}
	}
}
