package desk_test

import (
	"fmt"
	"testing"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/desk/foxtest"
)

// foxContacts: an envoy arranges in Firefox as in any browser: each page of
// contacts is shown without a flaw from both sides and what was written there is
// text; a document is proposed, terms are looked at and sent, the register is
// kept, a topic is answered; and what is typed outlives a change of the page.
func foxContacts(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	f.sit(2, parley.Envoy)
	for i, path := range []string{birch + "/contacts", birch + "/contacts/ask", theirAsk, ourAgreed, birch + "/contact/" + desktest.Unanswered, theirAsk + "/offer", birch + "/topics", topicPath, "/calendars"} {
		for _, lang := range []string{"en", "ar"} {
			f.cookie("parley-alder-lang", lang)
			f.cookie("parley-alder-theme", []string{"day", "night"}[i%2])
			f.open(path)
			for _, flaw := range append(flaws, wider) {
				if got := foxEval[string](f, flaw.js); got != "" {
					t.Errorf("%s in %s: %s:\n%s", path, lang, flaw.what, got)
				}
			}
			if got := foxEval[string](f, `[...document.querySelectorAll("main script, main img, main iframe, main b, main i, [onerror]")].map(e => e.outerHTML.slice(0, 100)).join("\n")`); got != "" {
				t.Errorf("%s holds markup of theirs:\n%s", path, got)
			}
		}
		f.quiet()
	}
	f.cookie("parley-alder-lang", "en")
	f.cookie("parley-alder-theme", "day")

	f.open(ourAgreed)
	f.fill("#propose form", map[string]string{"kind": "document", "text": "Chart to speak by", "document": "9a0f33c1d2e4b586:31/chart <b>.pdf"})
	f.press("#propose form button.strong")
	f.until("the point is filed", `location.search === "?said=contact_point" || document.querySelector(".said") !== null`)
	f.did("AddPoint " + desktest.OurCounter + " document Chart to speak by    9a0f33c1d2e4b586:31 chart <b>.pdf")

	f.open(birch + "/contacts/ask")
	f.fill("form.terms", map[string]string{"level": "leader", "medium": "video", "topics": "Rescue corridor", "zone": "Europe/Paris", "from-1": "2026-12-05T10:00", "until-1": "2026-12-05T12:00"})
	f.press(`form.terms button[value=look]`)
	f.until("what will be signed", `document.querySelector("#terms .times") !== null && document.querySelector("#terms").innerText.includes("Rescue corridor")`)
	f.press(`#terms button[value=send]`)
	f.until("asked", `location.pathname.endsWith("/contacts")`)

	f.fill("#enter form", map[string]string{"date": "2026-01-02", "level": "working", "medium": "voice", "ours": "A. Alder", "theirs": "Wu", "source": "a note", "name-1": "K. Adeyemi", "role-1": "note-taker"})
	f.press("#enter form > button.strong")
	f.until("entered", `document.querySelector(".said") !== null`)
	f.did("EnterContacts  2026-01-02 working voice A. Alder Wu 0 a note K. Adeyemi=note-taker")

	f.open(topicPath)
	f.until("a stream", `document.querySelector("#sound").hidden === false`)
	f.wait("a listener", func() bool { return f.st.Listeners() == 1 })
	answer := fmt.Sprintf("[id=%q]", "answer-"+desktest.AskToUs)
	f.fill(answer+" form", map[string]string{"outcome": "answered", "text": "The survey of each side"})
	// What comes meanwhile changes the page and not what is typed.
	f.st.Lock()
	f.st.Contacting[0].Topics = append([]string{"Came meanwhile"}, f.st.Contacting[0].Topics...)
	f.st.Tell("item", desktest.Birch, desktest.AskedOfUs)
	f.st.Unlock()
	f.until("what came", `document.querySelector("main").innerText.includes("Came meanwhile")`)
	if !foxEval[bool](f, fmt.Sprintf(`document.querySelector(%q).elements.text.value === "The survey of each side"`, answer+" form")) {
		t.Error("what was typed is lost")
	}
	f.press(answer + " button.strong")
	f.until("answered", `document.querySelector(".said") !== null`)
	f.did("AnswerAsk " + desktest.AskToUs + " answered The survey of each side")
	f.quiet()
}

// fill sets fields of a form, in folds that it opens.
func (f *fox) fill(form string, fields map[string]string) {
	f.t.Helper()
	f.until("the form "+form, fmt.Sprintf("document.querySelector(%q) !== null", form))
	for name, value := range fields {
		js := fmt.Sprintf(`(() => { const form = document.querySelector(%q); for (let d = form.closest("details"); d; d = d.parentElement.closest("details")) d.open = true; const e = form.elements[%q]; if (!e) return "no such field"; e.value = %q; e.dispatchEvent(new Event("input", {bubbles: true})); return e.value === %q ? "" : "it stays " + e.value; })()`, form, name, value, value)
		if got := foxEval[string](f, js); got != "" {
			f.t.Fatalf("%s %s: %s", form, name, got)
		}
	}
}

// press presses what a selector names.
func (f *fox) press(css string) {
	f.t.Helper()
	if !foxEval[bool](f, fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (!e) return false; e.scrollIntoView({block: "center"}); return true; })()`, css)) {
		f.t.Fatalf("nothing to press: %s", css)
	}
	f.click(css)
}
