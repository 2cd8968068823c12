package desk_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
)

const glossaryPath = birch + "/glossary"

// TestGlossary: who keeps, checks and reads what stands beside interpreters is shown
// how, and nobody else; each act reaches the station.
func TestGlossary(t *testing.T) {
	for office, want := range map[parley.Office][]string{
		parley.Translator:    {"Add a term", "I have checked it", "First the corridor", "Pass it to the interpreters"},
		parley.Interpreter:   {"Add a term", "I have checked it", "First the corridor"},
		parley.Envoy:         {"Add a term", "!I have checked it", "First the corridor", "Take out all of it"},
		parley.Principal:     {"!Add a term", "!Take out</button>", "First the corridor"},
		parley.Archivist:     {"!Add a term", "barge", "!First the corridor", "!Pass it"},
		parley.Administrator: {"!Add a term", "驳船", "!First the corridor"},
	} {
		t.Run(string(office), func(t *testing.T) {
			newBench(t).sit(4, office).get(glossaryPath).want(t, 200, append(want, "checked by nobody", "!<b>", "⟦U+202E⟧")...)
		})
	}
	b := newBench(t).sit(4, parley.Translator)
	b.post(glossaryPath+"/add", "term-en", "ferry", "term-zh", "渡轮", "note", "with engine").to(t, glossaryPath+"?said=gloss_add")
	b.post(glossaryPath+"/check", "term", "2").to(t, glossaryPath+"?said=gloss_check")
	b.post(glossaryPath+"/remove", "term", "1").to(t, glossaryPath+"?said=gloss_remove")
	b.post(glossaryPath+"/pass", "text", "First.\r\nThen.").to(t, glossaryPath+"?said=gloss_pass")
	b.post(glossaryPath+"/unpass", "piece", "0").to(t, glossaryPath+"?said=gloss_unpass")
	b.imports("en,zh\nbarge,驳船\n").to(t, glossaryPath+"?said=gloss_import")
	for _, want := range []string{"AddTerm [{en ferry} {zh 渡轮}] with engine", "CheckTerm 2", "RemoveTerm 1", `PassScript "First.\nThen."`, "RemoveScript 0", `ImportTerms "en,zh\nbarge,驳船\n"`} {
		if !b.st.Did(want) {
			t.Errorf("the station did %q, want %q", b.st.Calls, want)
		}
	}
	b.imports("").want(t, 400, "the table is empty", `id="import" open`)
	b.post(glossaryPath+"/check", "term", "x").want(t, 404)
	b.post(glossaryPath+"/leap").want(t, 404)
	b.st.Fail["AddTerm"] = parley.Errorf(parley.BadForm, "a term is there in 2 languages at least")
	b.post(glossaryPath+"/add", "term-en", "ferry <i>").want(t, 422, "a term is there in 2 languages", `value="ferry &lt;i&gt;"`)
	if a := b.get(glossaryPath+".csv").want(t, 200, "barge,驳船"); a.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(a.Header.Get("Content-Disposition"), "glossary.csv") {
		t.Errorf("the table comes as %v", a.Header)
	}
}

// imports imports a table of terms.
func (b *bench) imports(text string) answer {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	f, err := w.CreateFormFile("file", "terms.csv")
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err != nil {
		b.t.Fatal(err)
	}
	w.Close()
	r := httptest.NewRequest("POST", glossaryPath+"/import", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// TestBesideInterpreters: an interpreter on a call has script and glossary beside him,
// a principal by his link has not; the keys of telephones, and that one is too narrow,
// are for the watch to read.
func TestBesideInterpreters(t *testing.T) {
	b := watch(t)
	b.st.OnCall = desktest.CallGoes
	b.get(callPath).want(t, 200, "Then the barges; not the tariff.", "no-sail zone", "checked by", "interprets by telephone", "Change our side to consecutive", "Keys of a telephone", "an interpreter takes the booth into Chinese", "!RECORDED")
	b.get(guestPath).want(t, 200, "!Then the barges", "!no-sail", "!interprets by telephone")
	b.st.OnCall = desktest.CallLobby
	b.get(callPath).want(t, 200, "Telephones are told so by a voice", "!too little of a voice")
	b.post(callPath+"/side", "interpret", "consecutive").to(t, callPath+"?said=call_side")
	if !b.st.Did("ActForSide interpret consecutive 0") {
		t.Errorf("the station did %q", b.st.Calls)
	}
}

// TestBrowserFindsTerms: what is typed finds terms in any language of the line, and
// stays when the page renews itself.
func TestBrowserFindsTerms(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 4, parley.Translator)
	l.open(l.ctx, glossaryPath)
	seen := func(want int) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#gloss-table tbody tr")].filter(e => e.checkVisibility()).length === %d`, want)
	}
	l.until(l.ctx, 5*time.Second, "both", seen(2)+` && document.querySelector("#gloss-find").dataset.wired === "1"`)
	l.do(l.ctx, chromedp.SendKeys(chromedp.CSS("#gloss-find"), "BARG"))
	l.until(l.ctx, 5*time.Second, "one", seen(1))
	eval[bool](l, l.ctx, `document.querySelector("#gloss-find").value = "禁航", document.querySelector("#gloss-find").dispatchEvent(new Event("input")), true`)
	l.until(l.ctx, 5*time.Second, "the other", seen(1)+` && document.querySelector("#term-2").checkVisibility()`)
	l.do(l.ctx, chromedp.Click(chromedp.CSS(`#term-2 form[action$="/check"] button`)))
	l.did("CheckTerm 2")
	l.until(l.ctx, 5*time.Second, "the same after it", seen(1)+` && !document.body.dataset.busy`)
	l.quiet()
}
