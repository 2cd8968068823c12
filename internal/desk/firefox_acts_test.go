package desk_test

import (
	"fmt"
	"testing"
	"time"

	"parley"
	"parley/internal/desk/foxtest"
)

// foxLive: a page shows what comes without being loaded again and keeps what is
// typed, so does a tab that nobody looks at, both over one stream; and every lamp
// is unknown once the station is gone.
func foxLive(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	silent(f.st)
	f.sit(1, parley.Watch)
	f.open("/watch")
	f.until("a stream", `document.querySelector("#sound").hidden === false`)
	foxEval[bool](f, `(window.mark = 1, document.querySelector("#handover").open = true, document.querySelector("#handover textarea").focus(), true)`)
	f.keys("kept")
	front, err := f.tab.Beside()
	f.must(err)
	g := &fox{f.live, b, front}
	g.open(birch)
	g.until("a green lamp", `document.querySelector(".lamps [data-lamp]").dataset.state === "up"`)
	if !foxEval[bool](f, "document.hidden") || foxEval[bool](g, "document.hidden") {
		t.Error("the tab behind is not hidden, or the one in front is")
	}
	f.wait("one listener", func() bool { return f.st.Listeners() == 1 })
	flashComes(f.live, 1)
	for _, x := range []*fox{f, g} {
		took := x.until("the new FLASH", `document.querySelectorAll(".strip").length === 2 && document.querySelector("#flash").innerText.includes("Heard")`)
		t.Logf("shown after %v", took)
	}
	f.must(f.tab.Show())
	if !foxEval[bool](f, `window.mark === 1 && document.activeElement.value === "kept" && document.querySelector("#handover").open`) {
		t.Error("the page was loaded again, or lost what was typed")
	}
	if n := f.st.Listeners(); n != 1 {
		t.Errorf("%d streams for two tabs, want 1", n)
	}
	f.quiet()
	f.server.Close()
	took := f.until("every lamp unknown", `[...document.querySelectorAll("[data-lamp]")].every(e => e.dataset.state === "unknown" && /unknown since \d{4}Z/.test(e.innerText)) && !document.querySelector("#lost").hidden`)
	t.Logf("unknown after %v", took)
	if took > 5*time.Second {
		t.Errorf("a lamp was shown for %v after the station went away", took)
	}
	b.Trouble() // that the station does not answer
}

// tabTo goes on with a key until the element has the focus. Every stop on the way
// shows where the focus is.
func (f *fox) tabTo(key, selector string) {
	f.t.Helper()
	for range 90 {
		if foxEval[bool](f, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
		f.keys(key)
		if bare := foxEval[string](f, focusBare); bare != "" {
			f.t.Errorf("nothing shows the focus on %s", bare)
		}
	}
	f.t.Fatalf("%q does not come to %s", key, selector)
}

// foxKeysAlone writes and releases a dispatch with a keyboard and nothing else.
func foxKeysAlone(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	f.sit(1, parley.Watch)
	f.open("/watch")
	f.until("a stream", `document.querySelector("#sound").hidden === false`)
	f.keys("c")
	f.until("compose", `location.pathname === "/compose" && document.querySelector("#compose").contains(document.activeElement)`)
	// Back, from the subject: forward, the browser's own bar would come in between.
	f.tabTo(foxtest.BackTab, `input[name=to][value="birch/watch"]`)
	f.keys(" ")
	f.tabTo(foxtest.TabKey, "select[name=marker]")
	f.keys(foxtest.Down)
	f.tabTo(foxtest.TabKey, "input[name=subject]")
	f.keys("By keys")
	f.tabTo(foxtest.TabKey, "textarea[name=text]")
	f.keys("All by keys.")
	f.until("saved", `document.querySelector("#savestate").dataset.state === "saved" && document.activeElement.name === "text"`)
	f.tabTo(foxtest.TabKey, "#compose button.when-one")
	f.keys(foxtest.Enter)
	f.until("the release", `location.pathname.endsWith("/release")`)
	id := foxEval[string](f, `location.pathname.split("/")[2]`)
	f.tabTo(foxtest.TabKey, "main input[name=precedence]")
	f.keys(" ")
	f.tabTo(foxtest.TabKey, "main form button.strong")
	f.keys(foxtest.Enter)
	f.did("Release " + id + " ROUTINE")
	f.until("the record of it", `location.pathname.includes("/item/") && document.querySelector("main").innerText.includes("All by keys.")`)
}

// foxThreeSteps: silencing opens nothing, opening acknowledges nothing, and a key
// only goes to the button.
func foxThreeSteps(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	f.sit(1, parley.Watch)
	f.open("/watch")
	f.until("it rings", `document.querySelector("#sound").hidden === false && document.querySelector("#ring").dataset.ring === "flash"`)
	foxEval[bool](f, "(window.mark = 1, true)")
	f.click(`.strip [data-key=s]`)
	f.until("silence", `document.querySelector("#ring").dataset.ring === "" && document.querySelector(".strip") !== null`)
	if f.st.Did("Open 9a0f33c1d2e4b586:41") {
		t.Error("silencing opened it")
	}
	f.click(`.strip [data-key=o]`)
	f.until("the text", `location.pathname.endsWith(":41") && document.querySelector(".sheet").innerText.includes("该飞机是否属于贵方")`)
	f.keys("a")
	if !foxEval[bool](f, `document.activeElement.dataset.key === "a"`) || f.st.Did("Acknowledge 9a0f33c1d2e4b586:41") {
		t.Error("the key did not move to the button, or opening or the key pressed it")
	}
	f.keys(foxtest.Enter)
	f.until("the receipt", `document.querySelector(".didit") !== null && !document.querySelector(".strip")`)
	f.did("Acknowledge 9a0f33c1d2e4b586:41")
	if !foxEval[bool](f, `window.mark === 1`) {
		t.Error("the page was loaded again")
	}
}

// foxPasskeys: an officer enters by a seat link, adds a passkey, without which
// nothing opens, signs in with it, locks the desk and opens it again.
func foxPasskeys(t *testing.T, b *foxtest.Browser) {
	m := newUnmanned(t, true)
	f := newFox(t, b, m.live)
	f.must(b.Authenticate())
	f.open("/seat/" + m.token)
	f.click("form button.strong")
	f.until("nothing but the passkey page", `location.pathname === "/access" && document.body.innerText.includes("nothing else opens before")`)
	f.open("/station/officers")
	f.until("nothing else", `location.pathname === "/access" && document.body.dataset.page === "access"`)
	f.click("form[data-passkey=add] input")
	f.keys("token one")
	f.click("form[data-passkey=add] button")
	f.until("the passkey", `document.querySelector(".people")?.innerText.includes("token one")`)
	f.click(".menu summary")
	f.click("form[action='/leave'] button")
	f.until("the seat left", `document.body.dataset.page === "left"`)
	f.open("/sign-in")
	f.click("form[data-passkey='sign-in'] button")
	f.until("the watch board", `location.pathname === "/watch" && document.body.dataset.page === "watch"`)
	f.click(".menu summary")
	f.click("form[action='/access/lock'] button")
	f.until("the locked desk", `document.body.dataset.page === "locked" && !document.querySelector(".pages")`)
	f.click("form[data-passkey=unlock] button")
	f.until("the page it was on", `document.body.dataset.page === "watch"`)
}
