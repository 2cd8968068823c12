package desk_test

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// flaw is what no page may have, and a script that names it, one a line.
type flaw struct{ what, js string }

var flaws = []flaw{
	{"text below 16 px", `[...document.querySelectorAll("body *")].filter(e => e.childNodes.length && [...e.childNodes].some(c => c.nodeType === 3 && c.nodeValue.trim()) && parseFloat(getComputedStyle(e).fontSize) < 16).map(e => e.outerHTML.slice(0, 80)).join("\n")`},
	{"targets too low", `[...document.querySelectorAll("button, summary, .button, input:not([type=hidden]), select, nav a")].filter(e => e.checkVisibility() && e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().height < 20).map(e => e.outerHTML.slice(0, 80) + " " + e.getBoundingClientRect().height).join("\n")`},
	{"fields without a label", `[...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter(e => !e.labels?.length && !e.ariaLabel).map(e => e.outerHTML).join("\n")`},
}

func TestBrowserRenewsWithoutReload(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/watch")
	l.until(l.ctx, 15*time.Second, "a stream", `document.querySelector("#sound").hidden === false`)
	eval[bool](l, l.ctx, `window.mark = 1, document.querySelector("#handover").open = true, document.querySelector("#handover textarea").value = "kept", document.querySelector("#handover textarea").focus(), true`)
	l.wait("one listener", func() bool { return l.st.Listeners() == 1 })
	l.st.Lock()
	l.st.Items = append(l.st.Items, &station.Item{ID: "9a0f33c1d2e4b586:77", Line: desktest.Birch, Party: "birch", Known: true, Form: "dispatch", Series: "traffic", Serial: 77, FromText: "birch/envoy",
		To: []string{"alder/envoy"}, Precedence: parley.Flash, PrecedenceText: "FLASH", Subject: "Just now", Arrived: time.Now(), Time: time.Now(), Ladder: []station.Step{{Rung: parley.Opened, Name: "opened"}}})
	l.st.Tell("item", desktest.Birch, "9a0f33c1d2e4b586:77")
	l.st.Unlock()
	took := l.until(l.ctx, 15*time.Second, "the new FLASH", `document.querySelectorAll(".strip").length === 2 && document.body.innerText.includes("Just now")`)
	t.Logf("shown after %v", took)
	if !eval[bool](l, l.ctx, `window.mark === 1 && document.activeElement.value === "kept" && document.querySelector("#handover").open`) {
		t.Error("the page was loaded again, or lost what was typed")
	}
	l.quiet()
}

// wait waits for a condition on our side.
func (l *live) wait(what string, ok func() bool) {
	l.t.Helper()
	for range 250 {
		if ok() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	l.t.Fatalf("%s: not within 5 s", what)
}

func TestBrowserLosesEveryLamp(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, birch)
	l.until(l.ctx, 15*time.Second, "a green lamp", `document.querySelector(".lamps [data-lamp]").dataset.state === "up"`)
	l.wait("one listener", func() bool { return l.st.Listeners() == 1 })
	l.mu.Lock()
	l.quietErr = true
	l.mu.Unlock()
	l.server.Close()
	took := l.until(l.ctx, 5*time.Second, "every lamp unknown", `[...document.querySelectorAll("[data-lamp]")].every(e => e.dataset.state === "unknown" && /unknown since \d{4}Z/.test(e.innerText)) && !document.querySelector("#lost").hidden`)
	t.Logf("unknown after %v", took)
	time.Sleep(1500 * time.Millisecond)
	if !eval[bool](l, l.ctx, `[...document.querySelectorAll("[data-lamp]")].every(e => e.dataset.state === "unknown" && e.innerText.includes("unknown since"))`) {
		t.Error("a lamp came back while the station is stopped")
	}
	l.quiet()
}

// A station that answers and no longer says how its lines are is as good as
// gone for the lamps.
func TestBrowserDoubtsSilentStation(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/watch")
	l.until(l.ctx, 15*time.Second, "a green lamp", `document.querySelector("[data-lamp]").dataset.state === "up"`)
	l.st.Lock()
	l.st.Fail["Lines"] = parley.Errorf(parley.Unavailable, "the store does not answer")
	l.st.Unlock()
	l.until(l.ctx, 5*time.Second, "no green lamp", `![...document.querySelectorAll("[data-lamp]")].some(e => e.dataset.state === "up")`)
}

func TestBrowserSavesAsTyped(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/compose?line="+desktest.Birch)
	l.do(l.ctx, chromedp.Click(chromedp.CSS(`input[name=to][value="birch/watch"]`)), chromedp.SendKeys(chromedp.CSS("input[name=subject]"), "Tug"), chromedp.SendKeys(chromedp.CSS("textarea[name=text]"), "The tug is ours."))
	took := l.until(l.ctx, 15*time.Second, "saved", `/^\/draft\/\d+$/.test(location.pathname) && document.querySelector("#savestate").dataset.state === "saved" && document.querySelector("#side").innerText.includes("The tug is ours.")`)
	t.Logf("saved after %v", took)
	if took > 1500*time.Millisecond {
		t.Errorf("saving took %v", took)
	}
	// The page has renewed itself: there is one form, and it may take files now.
	l.until(l.ctx, 15*time.Second, "the attachments", `document.querySelector("#attach") !== null && document.querySelectorAll("form#compose").length === 1`)
	time.Sleep(1800 * time.Millisecond) // the renewal that follows somebody's typing
	if n := eval[int](l, l.ctx, `document.querySelectorAll("form#compose, #side").length`); n != 2 {
		t.Errorf("%d forms and previews, want one of each", n)
	}
	// Somebody else saves: what was typed stays, and both are shown.
	id := eval[int64](l, l.ctx, `Number(document.querySelector("#compose").dataset.draft)`)
	l.st.Lock()
	d := l.st.DraftMap[id]
	d.Version, d.Text = d.Version+1, "The tug is theirs."
	l.st.Unlock()
	l.mu.Lock()
	l.quietErr = true // the browser logs the refusal
	l.mu.Unlock()
	l.do(l.ctx, chromedp.SendKeys(chromedp.CSS("textarea[name=text]"), " Really."))
	l.until(l.ctx, 15*time.Second, "the conflict", `document.querySelector("#conflict")?.innerText.includes("The tug is theirs.") && document.querySelector("textarea[name=text]").value === "The tug is ours. Really."`)
	l.do(l.ctx, chromedp.Click(chromedp.CSS("#keep-mine")))
	l.until(l.ctx, 15*time.Second, "mine kept", `document.querySelector("#savestate").dataset.state === "saved" && document.querySelector("#conflict").hidden`)
	l.wait("mine at the station", func() bool {
		l.st.Lock()
		defer l.st.Unlock()
		return l.st.DraftMap[id].Text == "The tug is ours. Really."
	})
	// Submitting goes on from the page, and sound and stream with it.
	eval[bool](l, l.ctx, "window.mark = 1, true")
	l.do(l.ctx, chromedp.Click(chromedp.CSS(`input[name=precedence][value=FLASH] + span`)))
	l.until(l.ctx, 15*time.Second, "the reason", `document.querySelector("input[name=reason]").checkVisibility() && !document.querySelector(".when-two").hidden && document.querySelector(".when-one").hidden`)
	l.do(l.ctx, chromedp.SendKeys(chromedp.CSS("input[name=reason]"), "Near."), chromedp.Click(chromedp.CSS(".when-two")))
	l.until(l.ctx, 15*time.Second, "the work page", `location.pathname === "/work" && window.mark === 1 && document.body.innerText.includes("Tug")`)
	l.st.Lock()
	got := *l.st.DraftMap[id]
	l.st.Unlock()
	if got.State != "submitted" || got.Precedence != "FLASH" || got.Reason != "Near." {
		t.Errorf("the station has %+v", got)
	}
	l.quiet()
}

func TestBrowserKeepsWhatTheStationLacks(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/draft/12")
	l.mu.Lock()
	l.quietErr = true
	l.mu.Unlock()
	l.st.Lock()
	l.st.Fail["SaveDraft"] = parley.Errorf(parley.Unavailable, "the store is away")
	l.st.Unlock()
	l.do(l.ctx, chromedp.SendKeys(chromedp.CSS("textarea[name=text]"), " KEPT"))
	l.until(l.ctx, 15*time.Second, "kept here", `document.querySelector("#savestate").innerText.includes("Kept in this browser")`)
	l.open(l.ctx, "/draft/12")
	l.until(l.ctx, 15*time.Second, "typed text back", `document.querySelector("textarea[name=text]").value.includes("KEPT")`)
	l.st.Lock()
	delete(l.st.Fail, "SaveDraft")
	l.st.Unlock()
	l.until(l.ctx, 15*time.Second, "saved after all", `document.querySelector("#savestate").dataset.state === "saved" && sessionStorage.getItem("parley-draft-1-12") === null`)
	l.quiet()
}

func TestBrowserKeepsEightTabsLive(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/watch")
	tabs := []context.Context{l.ctx}
	for len(tabs) < 8 {
		ctx, cancel := chromedp.NewContext(l.ctx)
		t.Cleanup(cancel)
		l.listen(ctx)
		l.open(ctx, "/watch")
		tabs = append(tabs, ctx)
	}
	l.wait("one listener", func() bool { return l.st.Listeners() == 1 })
	l.st.Lock()
	l.st.AlarmSet = append(l.st.AlarmSet, &station.Alarm{ID: 9, Line: desktest.Birch, Code: "overdue", Text: "Seen in every tab.", At: time.Now(), Count: 1})
	l.st.Tell("alarm", desktest.Birch, "")
	l.st.Unlock()
	for i, ctx := range tabs {
		took := l.until(ctx, 15*time.Second, "the alarm", `document.body.innerText.includes("Seen in every tab.")`)
		t.Logf("tab %d after %v", i+1, took)
	}
	if n := l.st.Listeners(); n != 1 {
		t.Errorf("%d streams for eight tabs, want 1", n)
	}
	l.quiet()
}

func TestBrowserActsInThreeSteps(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/watch")
	eval[bool](l, l.ctx, "window.mark = 1, true")
	l.do(l.ctx, chromedp.Click(chromedp.CSS("#sound")))
	l.until(l.ctx, 15*time.Second, "sound armed", `document.querySelector("#sound").dataset.sound === "on"`)
	if eval[string](l, l.ctx, `document.querySelector("#ring").dataset.ring`) != "flash" {
		t.Error("nothing rings")
	}
	l.do(l.ctx, chromedp.Click(chromedp.CSS(`.strip [data-key=s]`)))
	l.until(l.ctx, 15*time.Second, "silence", `document.querySelector("#ring").dataset.ring === "" && document.querySelector(".strip") !== null`)
	if l.st.Did("Open 9a0f33c1d2e4b586:41") {
		t.Error("silencing opened it")
	}
	l.do(l.ctx, chromedp.Click(chromedp.CSS(`.strip [data-key=o]`)))
	l.until(l.ctx, 15*time.Second, "the text", `location.pathname.endsWith(":41") && document.querySelector(".sheet").innerText.includes("该飞机是否属于贵方")`)
	if l.st.Did("Acknowledge 9a0f33c1d2e4b586:41") {
		t.Error("opening acknowledged it")
	}
	// The key only moves to the button.
	l.do(l.ctx, chromedp.KeyEvent("a"))
	if !eval[bool](l, l.ctx, `document.activeElement.dataset.key === "a"`) || l.st.Did("Acknowledge 9a0f33c1d2e4b586:41") {
		t.Error("the key did not move to the button, or pressed it")
	}
	l.do(l.ctx, chromedp.KeyEvent("\r"))
	l.until(l.ctx, 15*time.Second, "the receipt", `document.querySelector(".didit") !== null && !document.querySelector(".strip")`)
	if !l.st.Did("Acknowledge 9a0f33c1d2e4b586:41") {
		t.Error("nothing was acknowledged")
	}
	if !eval[bool](l, l.ctx, `window.mark === 1 && document.querySelector("#sound").dataset.sound === "on"`) {
		t.Error("the page was loaded again, and the sound with it")
	}
	l.quiet()
}
