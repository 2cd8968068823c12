package desk_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
)

// kill ends the browser as a power cut would.
func (l *live) kill() {
	l.t.Helper()
	procs, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		l.t.Fatal(err)
	}
	killed := 0
	for _, p := range procs {
		b, err := os.ReadFile(p)
		if err != nil || !strings.Contains(string(b), "--user-data-dir="+l.home) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(p))); err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if killed == 0 {
		l.t.Fatal("no browser to kill")
	}
}

// TestBrowserKilledWhileTyping types without a pause and kills the browser in
// the middle of it. Whatever was typed a second before is at the station.
func TestBrowserKilledWhileTyping(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/compose?line="+desktest.Birch)
	l.until(l.ctx, 15*time.Second, "the form", `document.querySelector("#compose").dataset.wired === "1"`)
	// The page types by itself, a character each 40 ms, and notes when: a driver
	// outside would be slowed by the machine, and measure that.
	eval[bool](l, l.ctx, `(() => {
		const field = document.querySelector("textarea[name=text]");
		window.typed = [];
		window.typist = setInterval(() => {
			field.value += "x";
			typed.push(Date.now());
			field.dispatchEvent(new Event("input", { bubbles: true }));
		}, 40);
		return true; })()`)
	time.Sleep(3500 * time.Millisecond)
	times := eval[[]float64](l, l.ctx, `typed`)
	at := time.Now()
	l.mu.Lock()
	l.quietErr = true
	l.mu.Unlock()
	l.kill()
	time.Sleep(300 * time.Millisecond) // what had left the browser arrives
	want := 0
	for _, ms := range times {
		if at.Sub(time.UnixMilli(int64(ms))) > time.Second {
			want++
		}
	}
	l.st.Lock()
	defer l.st.Unlock()
	got := 0
	for id, d := range l.st.DraftMap {
		if id > 100 {
			got = max(got, len(d.Text))
		}
	}
	t.Logf("%d characters typed, %d of them a second before the kill; the station has %d", len(times), want, got)
	if want < 20 || got < want {
		t.Errorf("the station has %d characters, and %d were typed a second before the browser was killed", got, want)
	}
}

// TestBrowserSessionEndsWhileTyping ends the session under somebody who types:
// what he typed stays in this browser, whoever sits there next sees nothing of
// it, and it is saved when he sits again.
func TestBrowserSessionEndsWhileTyping(t *testing.T) {
	l := newLive(t)
	l.mu.Lock()
	l.quietErr = true
	l.mu.Unlock()
	session := l.st.Sit(1, parley.Watch)
	l.cookie(l.ctx, "parley-alder-session", session)
	l.open(l.ctx, "/compose?line="+desktest.Birch)
	l.do(l.ctx, chromedp.SendKeys(chromedp.CSS("input[name=subject]"), "Mine alone"))
	l.until(l.ctx, 15*time.Second, "saved", `document.querySelector("#savestate").dataset.state === "saved"`)
	if err := l.st.EndSession(context.Background(), session); err != nil {
		t.Fatal(err)
	}
	l.do(l.ctx, chromedp.SendKeys(chromedp.CSS("textarea[name=text]"), "typed after the end"))
	l.until(l.ctx, 15*time.Second, "kept here", `document.querySelector("#savestate").innerText.includes("Take your seat again")`)
	mine := eval[string](l, l.ctx, `location.pathname`)

	l.sit(l.ctx, 4, parley.Translator)
	for _, path := range []string{"/compose?line=" + desktest.Birch, "/work"} {
		l.open(l.ctx, path)
		time.Sleep(900 * time.Millisecond) // longer than a save takes to begin
		if eval[bool](l, l.ctx, `document.body.innerText.includes("typed after the end") || [...document.querySelectorAll("input, textarea")].some(e => /typed after the end|Mine alone/.test(e.value))`) {
			t.Errorf("%s shows the next officer what the one before typed", path)
		}
	}
	l.st.Lock()
	for id, d := range l.st.DraftMap {
		if d.DrafterID == 4 || strings.Contains(d.Text, "typed after") {
			t.Errorf("draft %d of officer %d: %q", id, d.DrafterID, d.Text)
		}
	}
	l.st.Unlock()

	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, mine)
	l.until(l.ctx, 15*time.Second, "it back, and saved", `document.querySelector("textarea[name=text]").value === "typed after the end" && document.querySelector("#savestate").dataset.state === "saved"`)
}

// TestBrowserTranslates makes a translation by keyboard, with the original
// beside; disputes words that were marked on the page; and finds it again.
func TestBrowserTranslates(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, question)
	// Each paragraph stands at the height of its original, whatever wraps.
	if bad := eval[string](l, l.ctx, `[...document.querySelectorAll(".besides > .beside")].filter(b => Math.abs(b.children[0].getBoundingClientRect().top - b.children[1].getBoundingClientRect().top) > 1 || b.children[0].getBoundingClientRect().right > b.children[1].getBoundingClientRect().left + 1).map(b => b.innerText).join("|")`); bad != "" {
		t.Errorf("not side by side: %s", bad)
	}
	eval[bool](l, l.ctx, `(() => { const s = document.querySelector("#translate summary"); s.focus(); return document.activeElement === s; })()`)
	l.enter()
	l.tab(`#translate textarea[aria-describedby="original-1"]`)
	l.types("We note.")
	l.tab(`#translate textarea[aria-describedby="original-3"]`)
	l.types("We keep distance.")
	l.open(l.ctx, question) // as if the page had been lost
	l.until(l.ctx, 15*time.Second, "what was typed", `document.querySelector("#translate").open && document.querySelector("#translate textarea").value === "We note."`)
	eval[bool](l, l.ctx, `document.querySelector("#translate button.strong").focus(), true`)
	l.enter()
	l.did("Translate 9a0f33c1d2e4b586:40")
	l.until(l.ctx, 15*time.Second, "it beside the original", `document.querySelectorAll(".translation").length === 3 && document.querySelectorAll("#translate textarea")[0].value === ""`)
	l.open(l.ctx, question)
	l.until(l.ctx, 15*time.Second, "the newest draft in our language", `document.querySelector(".besides").innerText.includes("We keep distance.") && document.querySelectorAll(".besides .para")[3].innerText.includes("…")`)
	l.open(l.ctx, question+"?translation=71")
	eval[bool](l, l.ctx, `(() => {
		const p = document.querySelectorAll(".besides [data-class=ours] .para")[1], n = [...p.childNodes].find(c => c.nodeType === 3), at = n.nodeValue.indexOf("ships and aircraft");
		getSelection().setBaseAndExtent(n, at, n, at + 18);
		return true; })()`)
	l.until(l.ctx, 15*time.Second, "the marked words in the form", `(document.querySelector("#dispute-71").open = true) && document.querySelector("#dispute-71 [name=words]").value === "ships and aircraft"`)
	l.do(l.ctx, chromedp.SendKeys(chromedp.CSS("#dispute-71 textarea"), "rather: vessels"), chromedp.Click(chromedp.CSS("#dispute-71 button")))
	l.did("DisputeWords 9a0f33c1d2e4b586:40 71 ships and aircraft: rather: vessels")
	l.open(l.ctx, question+"?translation=71")
	l.until(l.ctx, 15*time.Second, "the words marked", `document.querySelector("mark.disputed").innerText === "ships and aircraft1"`)

	l.open(l.ctx, "/record?line="+desktest.Birch)
	l.do(l.ctx, chromedp.SendKeys(chromedp.CSS("input[name=q]"), "aircraft\r"))
	l.until(l.ctx, 15*time.Second, "what was found", `location.search.includes("q=aircraft") && document.querySelector("mark.hit")?.innerText === "Aircraft" && document.activeElement !== null`)
	r, err := chromedp.Call(l.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	// A4 is 595 by 842 points.
	if !strings.Contains(string(r.Data), "/MediaBox [0 0 595") && !strings.Contains(string(r.Data), "/MediaBox [0 0 594.") {
		t.Errorf("the print is not A4: %.300s", r.Data[max(0, strings.Index(string(r.Data), "/MediaBox")):])
	}
	l.quiet()
}
