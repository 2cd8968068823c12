package desk_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
)

// TestTopicHistory: what was said in public stands on the page of a topic, lit
// where it changed; who read it is noted; what was written to do harm does none.
func TestTopicHistory(t *testing.T) {
	b := envoy(t)
	b.get(topicPath).want(t, 200, "Said of it in public", "open to <ins class=\"lit\">rescue</ins> ships", "the energy <del class=\"lit\">and</del> infrastructure", "Joint statement", "before the embargo ended",
		"通道将关闭 &lt;i&gt;", "⟦U+202E⟧", "!\u202e", "whether it is to be taken as said waits for")
	if !b.st.Did("TopicHistory Rescue corridor") {
		t.Errorf("the station did %q", b.st.Calls)
	}
	b.get(birch+"/topic?name=Barges").want(t, 200, "Nothing was said of it in public.")
}

// TestBrowserShowsTopicHistory: in three languages the newest statement stands
// first, the words that are new are lit to the letter, and those that are gone are
// seen below; the original keeps its direction and its language.
func TestBrowserShowsTopicHistory(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 2, parley.Envoy)
	at := `document.getElementById("public-` + desktest.OurLastReadout + `")`
	for _, lang := range []string{"en", "zh", "ar"} {
		l.cookie(l.ctx, "parley-alder-lang", lang)
		l.open(l.ctx, topicPath)
		for _, c := range []struct{ what, js, want string }{
			{"the order", `[...document.querySelectorAll(".said-public > li")].map(e => e.dataset.kind).join(" ")`, "joint readout readout readout announcement clarification"},
			{"new words", `[...` + at + `.querySelectorAll(":scope > .quote ins.lit")].map(e => e.innerText).join("|")`, "rescue|救援"},
			{"words that are gone", `[...` + at + `.querySelectorAll("del.lit")].map(e => e.textContent).join("|")`, "all|and|所有|和"},
			{"they are seen", `String(` + at + `.querySelector("del.lit").checkVisibility())`, "true"},
			{"until it is closed", `(() => { const d = ` + at + `.querySelector("details"); d.open = false; return String(d.querySelector("del.lit").checkVisibility()); })()`, "false"},
			{"the language of each", `[...` + at + `.querySelectorAll(":scope > .quote")].map(e => e.lang).join(" ")`, "en zh"},
			{"the direction of English", `getComputedStyle(` + at + `.querySelector(".quote[lang=en] .public-text")).direction`, "ltr"},
			{"early", `String([...document.querySelectorAll(".said-public > li[data-early]")].length)`, "1"},
			{"nothing ran", `String(window.owned === undefined && !document.querySelector("main img, .said-public b"))`, "true"},
		} {
			if got := eval[string](l, l.ctx, c.js); got != c.want {
				t.Errorf("%s in %s: %q, want %q", c.what, lang, got, c.want)
			}
		}
	}
	l.do(l.ctx, chromedp.EmulateViewport(360, 800))
	if got := eval[bool](l, l.ctx, `document.documentElement.scrollWidth <= innerWidth`); !got {
		t.Error("on a narrow window the page scrolls sideways")
	}
	l.quiet()
}
