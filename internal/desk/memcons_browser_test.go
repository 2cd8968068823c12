package desk_test

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// remembers makes a memcon of a contact in a browser, of which the station of birch
// learns nothing: notes, a draft that outlives a page that is loaded again as it does
// a desk that was locked, another hand that writes at the same time, a review, a
// correction, and whoever is not on the list. What was written to do harm does none.
func remembers(t *testing.T, line, about string, alder, birch *side) {
	t.Helper()
	alder.mu.Lock()
	alder.quietErr = true // the browser logs that a page was stale
	alder.mu.Unlock()
	ctx := t.Context()
	there := len(birch.record(line))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	clerk, err := alder.st.AddOfficer(ctx, station.Officer{}, "Sgt Wren", []parley.Office{parley.Watch})
	must(err)

	alder.goes("/line/" + line + "/contact/" + about)
	alder.presses(`#memcons .actrow a`)
	alder.says("the notes", `document.body.dataset.page === "memcons"`)
	alder.puts("#notes form", "text", "He asked for time <img src=x onerror=\"window.owned=1\">")
	alder.presses("#notes form button.strong")
	alder.says("a note", `document.querySelector(".memnotes li")?.innerText.includes("<img src=x") && `+notRun)
	alder.puts("#begin form", "title", "Rescue corridor <b>")
	alder.presses("#begin form button.strong")
	alder.says("the draft", `location.pathname.startsWith("/memcon/") && document.querySelector("#text h2 .tag-warn") && document.querySelector("#text .para")?.innerText.includes("He asked for time <img") && `+notRun)
	path := eval[string](alder.live, alder.ctx, "location.pathname")
	key := strings.TrimPrefix(path, "/memcon/")

	// What is typed outlives the page.
	const typing = `(() => { const f = document.querySelector("#edit textarea[name=text]"); f.value = %q; f.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`
	eval[bool](alder.live, alder.ctx, strings.Replace(typing, "%q", `"The envoy asked for 40 days."`, 1))
	alder.goes(path)
	alder.says("what was typed", `document.querySelector("#edit textarea[name=text]").value === "The envoy asked for 40 days."`)

	// Another hand writes meanwhile: nothing is lost, and the difference is shown.
	m, err := alder.st.OpenMemcon(ctx, alder.envoy, key, "", false)
	must(err)
	must(alder.st.ShareMemcon(ctx, alder.envoy, key, clerk.ID, "", true))
	_, err = alder.st.SaveMemcon(ctx, clerk, key, m.Rev, station.MemconText{Title: m.Title, Text: "The envoy asked for 40 hours."})
	must(err)
	alder.presses("#edit button.strong")
	alder.says("the difference", `document.querySelector("#stale del")?.innerText === "hours" && document.querySelector("#stale ins").innerText === "days" && document.querySelector("#edit textarea[name=text]").value === "The envoy asked for 40 days." && document.getElementById("stale").innerText.includes("Sgt Wren")`)
	alder.presses("#edit button.strong")
	alder.says("both texts", `document.querySelector("#stale") === null && document.querySelector("#text .para").innerText.includes("40 days") && document.querySelector(".memversions li a[href*=over-]") !== null`)

	// A review by another, a correction, and what changed.
	alder.puts("#submit form", "to", eval[string](alder.live, alder.ctx, `[...document.querySelectorAll("#submit option")].find(o => o.innerText === "Lt Ruiz")?.value ?? ""`))
	alder.presses("#submit button.strong")
	alder.says("asked for", `document.querySelector("#text dl").innerText.includes("Lt Ruiz")`)
	m, err = alder.st.OpenMemcon(ctx, alder.envoy, key, "", false)
	must(err)
	_, err = alder.st.ReviewMemcon(ctx, alder.watch, key, m.Rev)
	must(err)
	alder.goes(path)
	alder.says("version 1", `document.querySelector("#text h2").innerText.trim() === "Version 1" && document.querySelector("#readers").innerText.includes("Lt Ruiz")`)
	alder.puts("#edit form", "text", "The envoy asked for 14 days.", "reason", "It was 14.")
	alder.presses("#edit button.strong")
	alder.says("the correction", `document.querySelector("#text del")?.innerText === "40" && document.querySelector("#text ins").innerText === "14" && document.querySelector("#text h2").innerText.includes("NOT REVIEWED")`)
	if _, err := alder.st.OpenMemcon(ctx, clerk, key, "1", true); err != nil {
		t.Error(err)
	}
	alder.goes(path)
	alder.says("who read it", `document.querySelector("#reads li:nth-child(2)").innerText.includes("Sgt Wren") && document.querySelector("#reads li:nth-child(2)").innerText.includes("printed")`)

	// For anybody else there is none; and birch has heard nothing.
	admin, err := alder.st.AddOfficer(ctx, station.Officer{}, "Adm Poe", []parley.Office{parley.Administrator})
	must(err)
	if _, err := alder.st.OpenMemcon(ctx, admin, key, "", false); parley.KindOf(err) != parley.NotFound {
		t.Errorf("an administrator is told %v", err)
	}
	for _, it := range birch.record(line)[there:] {
		if strings.Contains(it.Subject+it.Text, "envoy asked") || strings.Contains(it.Text, key) {
			t.Errorf("birch has %+v", it)
		}
	}
}

// record is what a side has on record, and what waits for its place there.
func (s *side) record(line string) []station.Item {
	s.t.Helper()
	p, err := s.st.Record(s.t.Context(), line, station.Filter{Limit: 500})
	if err != nil {
		s.t.Fatal(err)
	}
	return append(p.Settled, p.Unsettled...)
}

// TestBrowserMemconOnPaper prints a memcon of many sheets on A4, in three scripts: the
// class and the reader's name at the head and foot of each sheet, nothing to press,
// nothing beyond the paper.
func TestBrowserMemconOnPaper(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.do(l.ctx, chromedp.EmulateViewport(688, 1000)) // A4 less the margins, at 96 dots an inch
	o := station.Officer{ID: 1, Name: "Lt Ruiz"}
	if _, err := l.st.SaveMemcon(t.Context(), o, desktest.DraftMemcon, 3, station.MemconText{Title: "Side talk <b>", Text: strings.Repeat("He asked for time until Monday. 对方要求宽限至星期一。 طلب مهلة حتى الاثنين.\n", 150)}); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "zh", "ar"} {
		l.cookie(l.ctx, "parley-alder-lang", lang)
		l.open(l.ctx, theDraft+"/print?text=draft")
		if _, err := chromedp.Call(l.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
			t.Fatal(err)
		}
		if seen := eval[string](l, l.ctx, `[...document.querySelectorAll("main :is(button, input, select, textarea, form, .button)")].filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 80)).join("\n")`); seen != "" {
			t.Errorf("%s: on paper stands\n%s", lang, seen)
		}
		if cut := eval[string](l, l.ctx, `[...document.querySelectorAll("main *")].filter(e => e.checkVisibility() && !e.closest(".unseen") && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)).map(e => e.outerHTML.slice(0, 90)).slice(0, 6).join("\n")`); cut != "" {
			t.Errorf("%s: beyond the paper lies\n%s", lang, cut)
		}
		if got := eval[string](l, l.ctx, `["thead", "tfoot"].map(e => { const x = document.querySelector(".memcon-sheet > " + e); return getComputedStyle(x).display + " " + x.innerText; }).join(" ")`); strings.Count(got, "Lt Ruiz") != 2 || !strings.Contains(got, "table-header-group") || !strings.Contains(got, "table-footer-group") || strings.Count(got, eval[string](l, l.ctx, `document.querySelector(".memcon-sheet .band").innerText`)) < 2 {
			t.Errorf("%s: each sheet says %q", lang, got)
		}
		r, err := chromedp.Call(l.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
		if err != nil {
			t.Fatal(err)
		}
		pdf := string(r.Data)
		if n := strings.Count(pdf, "/Type /Page\n"); !strings.HasPrefix(pdf, "%PDF") || n < 4 || n > 20 || !strings.Contains(pdf, "/MediaBox [0 0 595") && !strings.Contains(pdf, "/MediaBox [0 0 594.") {
			t.Errorf("%s: the print is %d bytes of %d pages", lang, len(r.Data), n)
		}
		if dir := os.Getenv("MEMCON_PDF"); dir != "" {
			os.WriteFile(dir+"/"+lang+".pdf", r.Data, 0o644)
		}
		if _, err := chromedp.Call(l.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}); err != nil {
			t.Fatal(err)
		}
	}
	l.quiet()
}
