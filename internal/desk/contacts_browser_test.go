package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parley/internal/station"
)

// joins gives a side a tab of the browser of another: their hosts differ, and so
// do their cookies.
func (s *side) joins(other *side) {
	s.t.Helper()
	ctx, cancel := chromedp.NewContext(other.ctx)
	s.t.Cleanup(cancel)
	s.ctx = ctx
	s.listen(ctx)
}

// takes lets an officer in and goes to a page, which is marked: one that is loaded
// again loses the mark.
func (s *side) takes(o station.Officer, path string) {
	s.t.Helper()
	s.open(s.ctx, s.seat(o))
	s.do(s.ctx, chromedp.Click(chromedp.CSS("form button.strong")))
	s.until(s.ctx, 15*time.Second, "the watch board", `document.body.dataset.page === "watch"`)
	s.goes(path)
}

func (s *side) goes(path string) {
	s.t.Helper()
	s.open(s.ctx, path)
	s.until(s.ctx, 15*time.Second, "a stream", `document.querySelector("#sound")?.hidden === false`)
	eval[bool](s.live, s.ctx, "window.mark = 1, true")
}

// says waits for a condition on the page as it was loaded.
func (s *side) says(what, js string) {
	s.t.Helper()
	s.until(s.ctx, 25*time.Second, s.code+": "+what, "window.mark === 1 && "+js)
}

// puts sets fields of the form that the page has.
func (s *side) puts(form string, fields ...string) {
	s.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		if !eval[bool](s.live, s.ctx, fmt.Sprintf(`(() => { const f = document.querySelector(%q)?.elements[%q]; if (f) f.value = %q; return Boolean(f); })()`, form, fields[i], fields[i+1])) {
			s.t.Fatalf("%s: %s has no field %s", s.code, form, fields[i])
		}
	}
}

// presses clicks what a selector names, in a fold that it opens.
func (s *side) presses(selector string) {
	s.t.Helper()
	if !eval[bool](s.live, s.ctx, fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (!e) return false; e.closest("details")?.setAttribute("open", ""); e.click(); return true; })()`, selector)) {
		s.t.Fatalf("%s: nothing to press: %s", s.code, selector)
	}
}

const notRun = `window.owned === undefined && !document.querySelector("main img")`

// TestBrowserArrangesContact: between two real stations, one envoy asks for a
// call, the other offers another time, the first accepts; another request gets no
// answer, and then a late one. What each page says of it comes without loading it
// again, and is the same at both. What was written to do harm does none.
func TestBrowserArrangesContact(t *testing.T) {
	t.Parallel() // it waits, most of its time
	line, alder, birch := newPair(t)
	alder.browse()
	birch.joins(alder)
	list := "/line/" + line + "/contacts"
	alder.takes(alder.envoy, list)
	birch.takes(birch.envoy, list)
	in := func(hours int) string {
		return time.Now().UTC().Add(time.Duration(hours) * time.Hour).Format("2006-01-02T15:04")
	}

	alder.presses(`.headline a[href$="/contacts/ask"]`)
	alder.says("the form", `document.querySelector("form.terms") !== null`)
	alder.puts("form.terms", "level", "leader", "medium", "video", "topics", "Rescue corridor\n<img src=x onerror=\"window.owned=1\">", "zone", "Asia/Shanghai", "from-1", in(56), "until-1", in(58), "answer_by", in(30), "text", "<script>window.owned=1</script>")
	alder.presses(`form.terms button[value=look]`)
	alder.says("what will be signed", `document.querySelector("#terms .times") !== null && document.querySelector("#terms").innerText.includes("<img src=x") && `+notRun)
	if birch.listed(line) != 0 {
		t.Fatal("it was sent before it was looked at")
	}
	alder.presses(`#terms button[value=send]`)
	alder.says("asked", `location.pathname.endsWith("/contacts") && document.querySelector("#going").innerText.includes("ASKED")`)

	birch.says("asked", `document.querySelector("#going .contact .late")?.innerText === "waits for us" && `+notRun)
	birch.presses("#going .contact-what")
	birch.says("the file", `document.querySelector(".standing-panel")?.dataset.state === "asked" && document.querySelector(".offer").innerText.includes("<script>window.owned") && document.querySelector(".offer").innerText.includes("Asia/Shanghai") && `+notRun)
	birch.presses(`.offer-acts a[href$="/offer"]`)
	birch.says("the form with their terms", `document.querySelector("form.terms")?.elements.topics.value.startsWith("Rescue corridor")`)
	birch.puts("form.terms", "topics", "Rescue corridor", "zone", "Europe/Paris", "from-1", in(80), "until-1", in(82), "text", "")
	birch.presses(`form.terms button[value=look]`)
	birch.says("what will be signed", `document.querySelector("#terms .times") !== null`)
	birch.presses(`#terms button[value=send]`)
	birch.says("two offers", `document.querySelectorAll(".offers > .offer").length === 2`)

	alder.says("a new offer", `document.querySelector("#going .contact .late")?.innerText === "waits for us"`)
	alder.presses("#going .contact-what")
	alder.says("its file", `document.querySelectorAll(".offers > .offer").length === 2 && document.querySelector("[id^=accept-] input[type=radio]") !== null`)
	alder.presses(`[id^=accept-] input[type=radio]`)
	alder.presses(`[id^=accept-] button.strong`)
	for _, s := range []*side{alder, birch} {
		s.says("agreed", `document.querySelector(".standing-panel")?.dataset.state === "agreed" && document.querySelector("a[href$='/calendar']") !== null`)
	}
	const stands = `document.querySelector(".stands").innerText + "\n" + [...document.querySelectorAll(".clocktimes li")].map(e => e.innerText).sort().join("\n")`
	if a, b := eval[string](alder.live, alder.ctx, stands), eval[string](birch.live, birch.ctx, stands); a != b || !strings.Contains(a, "Agreed for") || !strings.Contains(a, "Asia/Shanghai") || !strings.Contains(a, "Europe/Paris") {
		t.Errorf("alder says %q, birch says %q", a, b)
	}

	// Nobody answers in time; then somebody does.
	at := time.Now().Add(40 * time.Hour).Truncate(time.Minute)
	if _, err := alder.st.AskContact(t.Context(), alder.envoy, line, station.ContactTerms{Level: "working", Medium: "voice", Topics: []string{"Barges"}, Windows: []station.ContactWindow{{Start: at, End: at.Add(time.Hour)}}, AnswerBy: time.Now().Add(4 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*side{alder, birch} {
		s.goes(list)
		s.says("no answer", `[...document.querySelectorAll("#going .contact")].some(c => c.innerText.includes("NO ANSWER") && c.innerText.includes("No answer of Birch"))`)
		eval[bool](s.live, s.ctx, `[...document.querySelectorAll("#going .contact")].find(c => c.innerText.includes("NO ANSWER")).querySelector(".contact-what").click(), true`)
		s.says("its file", `document.querySelector(".standing-panel")?.dataset.state === "no-answer"`)
	}
	if !eval[bool](alder.live, alder.ctx, `document.querySelector("a[href$='/silence-proof']") !== null`) || eval[bool](birch.live, birch.ctx, `document.querySelector("a[href$='/silence-proof']") !== null`) {
		t.Error("the side that asked has no proof of the silence, or the other has one")
	}
	birch.puts("[id^=decline-] form", "reason", "not-now", "text", "Later <b>")
	birch.presses("[id^=decline-] button.strong")
	for _, s := range []*side{alder, birch} {
		s.says("declined, late", `document.querySelector(".standing-panel")?.dataset.state === "declined" && document.querySelector(".late-tag")?.innerText === "LATE" && document.querySelector(".answers").innerText.includes("Later <b>")`)
	}
	remembers(t, line, alder.book(line)[0], alder, birch)
	alder.quiet()
	birch.quiet()
}

// book is the contacts that a side knows of.
func (s *side) book(line string) (ids []string) {
	s.t.Helper()
	b, err := s.st.Contacts(s.t.Context(), line, time.Time{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range b.Contacts {
		ids = append(ids, c.ID)
	}
	return ids
}

// listed is how many contacts a side knows of.
func (s *side) listed(line string) int {
	s.t.Helper()
	b, err := s.st.Contacts(s.t.Context(), line, time.Time{})
	if err != nil {
		s.t.Fatal(err)
	}
	return len(b.Contacts)
}
