package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// demoCall sits at Alder's desk in a browser and calls Birch, whose people are the
// script's: its watch lifts, both sides are put through, the voices are heard, and
// the interpreter by one switch. Then Birch rings, and hangs up.
func demoCall(t *testing.T, program string) {
	port := freePorts(t)
	d := startDemo(t, program, "--port", strconv.Itoa(port))
	pids := pidsIn(d.until("Ctrl-C"))
	b := newTab(t, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	stage := fmt.Sprintf("http://localhost:%d/", port)
	b.open(stage)
	b.press("/seat/alder")
	b.until(10*time.Second, "the seat's page", `location.hostname === "alder.localhost" && !!document.querySelector("main form button")`)
	b.click("main form button")
	b.until(10*time.Second, "the watch board", `location.pathname === "/watch" && document.readyState === "complete" && document.body.dataset.page === "watch"`)
	page := ask[string](b, `document.querySelector('a[href^="/line/"]').href.match(/.*\/line\/[^\/]*/)[0] + "/call"`)
	b.open(page)
	b.until(15*time.Second, "a stream", `document.querySelector("#sound")?.hidden === false`) // its script is at work
	b.click("#ringdown form button.strong")
	began := time.Now()
	b.until(15*time.Second, "Birch lifts", `!!document.querySelector("#join")`)
	t.Logf("lifted after %v", time.Since(began))
	ask[bool](b, `(() => { const f = document.querySelector("#join form"); f.elements.role.value = "delegate"; f.elements.language.value = "en"; f.querySelector("button").click(); return true; })()`)
	b.until(15*time.Second, "the own place", `document.querySelector("#call-connect")?.dataset.wired === "1"`)
	b.click("#call-connect")
	b.until(20*time.Second, "the microphone is connected", `globalThis.parleyCall?.state === "live"`)
	if in := ask[string](b, voices+`.join()`); in != "" || ask[bool](b, loud) {
		t.Errorf("in the lobby Birch is heard: %s", in)
	}
	b.click(`#ours button[value="ready"]`)
	b.until(15*time.Second, "put through", `document.querySelector("#callhead").innerText.includes("On the call")`)
	b.until(20*time.Second, "the floor is heard", voices+`.join() === "沈岚:false"`)
	b.until(20*time.Second, "the voice is heard", loud)
	b.until(20*time.Second, "the English booth", `!document.querySelector('button[name="hear"][value="en"]').innerText.includes("nobody")`)
	b.click(`button[name="hear"][value="en"]`)
	b.until(10*time.Second, "the floor is low and the interpreter is heard", voices+`.sort().join() === "吴桐:false,沈岚:true"`)
	b.until(25*time.Second, "the interpreter is heard", loud)
	t.Logf("heard after %v: %s", time.Since(began), ask[string](b, voices+`.join()`))
	b.click(`#ours form[action$="/hangup"] button`)
	b.until(15*time.Second, "over", `!!document.querySelector("#past li")?.innerText.includes("put through for")`)

	// Birch rings, by the stage's button.
	b.open(stage)
	b.until(10*time.Second, "no call", `document.querySelector(".calling")?.dataset.call === "none"`)
	b.press("/do/ring")
	b.until(10*time.Second, "it rings at Alder and nobody lifts, for somebody sits there", `document.querySelector(".calling")?.dataset.call === "rings" && document.getElementById("call").innerText.includes("rings at Alder")`)
	b.fits()
	b.press("/do/stand") // and now Alder's officers lift
	b.until(20*time.Second, "put through", `document.querySelector(".calling")?.dataset.call === "through"`)
	b.until(30*time.Second, "each side is heard by the other", `(t => /Anna Hart has heard .*Birch's principal/.test(t) || /沈岚 has heard .*Alder's principal/.test(t))(document.getElementById("call").textContent)`)
	b.axe()
	b.press("/do/hangup")
	b.until(10*time.Second, "no call", `document.querySelector(".calling")?.dataset.call === "none"`)
	b.mu.Lock()
	for _, s := range b.trouble {
		if !strings.Contains(s, "404") || !strings.HasSuffix(s, "/call/media") { // that is how the desk learns that the call is over
			t.Errorf("browser: %s", s)
		}
	}
	b.mu.Unlock()
	d.cmd.Process.Signal(os.Interrupt)
	if code, rest := d.end(); code != 0 || !strings.Contains(rest, "verified") {
		t.Errorf("exit code %d, %s%s", code, rest, d.stderr.String())
	}
	d.gone(pids)
}

// voices are those in the slots of a desk, with whether each is low.
const voices = `(JSON.parse(document.getElementById("you").dataset.you).voices ?? []).map((v) => v.name + ":" + (v.low ?? false))`

// loud reports whether anything is heard just now.
const loud = `(() => { const c = parleyCall.context, a = window.ears ??= (() => { const a = c.createAnalyser(); a.fftSize = 8192; for (const n of parleyCall.gains) n.connect(a); return a; })();
	const x = new Float32Array(a.fftSize); a.getFloatTimeDomainData(x); return Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length) > 0.01; })()`

// click clicks as a person does.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.until(10*time.Second, "something to click: "+selector, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e?.click(); return !!e; })()`, selector))
}
