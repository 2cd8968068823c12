package desk_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley/internal/bearer/link"
	"parley/internal/desk/foxtest"
)

// foxGuest is the page of a guest in Firefox.
type foxGuest struct {
	*fox
	name string
}

// guestFox has somebody without an account join by a link, in a tab of Firefox.
func (s *side) guestFox(t *testing.T, b *foxtest.Browser, name, role, language string, tone int) *foxGuest {
	t.Helper()
	link := s.guestLink(name, role, language)
	g := &foxGuest{newFox(t, b, s.live), name}
	g.must(g.tab.Open(link))
	g.click("#join-call button")
	g.until(name+" joins", `document.querySelector("#call-connect")?.dataset.wired === "1"`)
	g.click("#call-connect")
	g.until(name+" is connected", `globalThis.parleyCall?.state === "live"`)
	foxEval[bool](g.fox, speaks(tone))
	return g
}

func (g *foxGuest) hears(tones ...int) []float64 {
	g.t.Helper()
	return foxEval[[]float64](g.fox, hearing(tones))
}

// callFox are the preferences of a Firefox that has a microphone, on this machine
// alone.
var callFox = []string{`"media.navigator.streams.fake", true`, `"media.navigator.permission.disabled", true`, `"media.autoplay.default", 0`, `"media.autoplay.blocking_policy", 0`, `"media.autoplay.block-webaudio", false`, `"media.peerconnection.ice.loopback", true`, `"media.peerconnection.ice.obfuscate_host_addresses", false`}

// callsInFirefox starts a Firefox with those.
func callsInFirefox(t *testing.T) *foxtest.Browser {
	t.Helper()
	path, err := foxtest.Find()
	if err != nil {
		t.Fatal(err)
	}
	b, err := foxtest.StartWith(path, t.TempDir(), callFox, foxtest.Soundless(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// TestBrowserCallFirefox: a call between two stations, a principal in Chromium at
// one and in Firefox at the other. Each hears the other's tone, and 50 dB under it
// nothing; the one in Firefox chooses a booth; and a page that is loaded again, in
// either, is back on the same call within 5 s, without a press.
func TestBrowserCallFirefox(t *testing.T) {
	b := callsInFirefox(t)
	line, alder, birch := gathers(t, "voice", "simultaneous")
	const ours, theirs, interpreter = 440, 1200, 2500
	pa := alder.guestTab(alder, "A. Alder", "principal", "en", ours)
	ia := alder.guestTab(alder, "Li", "interpreter", "en", interpreter)
	pb := birch.guestFox(t, b, "B. Birch", "principal", "en", theirs)
	through(alder, birch)
	loud(t, pa.name, "in Chromium", pa.hears, theirs, ours)
	loud(t, pb.name, "in Firefox", pb.hears, ours, theirs)

	ia.says("his booths", `document.querySelector('button[name="booth"][value="en"]') !== null`)
	ia.presses(`button[name="booth"][value="en"]`)
	pb.until("the booth is staffed", `!document.querySelector('button[name="hear"][value="en"]').textContent.includes("nobody")`)
	loud(t, pb.name, "who did not choose the booth", pb.hears, ours, theirs, interpreter)
	foxEval[bool](pb.fox, `(document.querySelector("#call-more").open = true)`)
	pb.click(`button[name="hear"][value="en"]`)
	pb.until("chosen", `document.querySelector('button[name="hear"][value="en"]').ariaPressed === "true"`)
	loud(t, pb.name, "who chose the booth", pb.hears, interpreter, theirs)
	foxEval[bool](pb.fox, `(document.querySelector("#call-more").open = true)`)
	pb.click(`button[name="hear"][value=""]`)
	pb.until("the floor again", `document.querySelector('button[name="hear"][value=""]').ariaPressed === "true"`)

	id := eval[string](pa.live, pa.ctx, `document.querySelector("#you").dataset.call`)
	again := func(name string, took time.Duration, call string) {
		t.Helper()
		t.Logf("%s: back on the call %v after the page was loaded again", name, took.Round(time.Millisecond))
		if took > 5*time.Second || call != id {
			t.Errorf("%s: back after %v, on %q instead of %q", name, took, call, id)
		}
	}
	began := time.Now()
	if _, err := chromedp.Call(pa.ctx, page.Reload, page.ReloadParams{}); err != nil {
		t.Fatal(err)
	}
	pa.says("is back", backOn)
	again("Chromium", time.Since(began), eval[string](pa.live, pa.ctx, `document.querySelector("#you").dataset.call`))
	eval[bool](pa.live, pa.ctx, speaks(ours))
	loud(t, pa.name, "after the page was loaded again", pa.hears, theirs, ours)

	began = time.Now()
	pb.must(pb.tab.Open(foxEval[string](pb.fox, "location.href")))
	pb.until("is back", backOn)
	again("Firefox", time.Since(began), foxEval[string](pb.fox, `document.querySelector("#you").dataset.call`))
	foxEval[bool](pb.fox, speaks(theirs))
	loud(t, pb.name, "after the page was loaded again", pb.hears, ours, theirs)
	loud(t, pa.name, "whose partner loaded again", pa.hears, theirs, ours)

	// The network under a desk drops: it is noticed, and made good when it returns, on
	// the same page and without a press.
	for _, g := range []struct {
		name string
		port string
		eval func(js string) bool
		back func(what, js string)
	}{
		{"Chromium", eval[string](pa.live, pa.ctx, portOf), func(js string) bool { return awaited[bool](pa.live, pa.ctx, js) }, pa.says},
		{"Firefox", foxEval[string](pb.fox, portOf), func(js string) bool { return foxEval[bool](pb.fox, js) }, func(what, js string) { pb.until(what, js) }},
	} {
		cable := newCable(t, g.port, g.eval)
		g.back("by the cable", backOn+` && parleyCall.pc.remoteDescription.sdp.includes(window.near)`)
		cable.Cut(true)
		began := time.Now()
		g.back("says that it is lost", `document.querySelector("#call-device").dataset.state === "lost"`)
		noticed := time.Since(began)
		time.Sleep(2 * time.Second)
		cable.Cut(false)
		began = time.Now()
		g.back("is back", backOn+` && document.querySelector("#call-device").dataset.state === "live" && window.mark === 1`)
		took := time.Since(began)
		t.Logf("%s: a network that drops is noticed after %v; back %v after it returned", g.name, noticed.Round(time.Millisecond), took.Round(time.Millisecond))
		if took > 5*time.Second || noticed > 6*time.Second {
			t.Errorf("%s: noticed after %v, back after %v", g.name, noticed, took)
		}
	}
	loud(t, pa.name, "after a drop", pa.hears, theirs, ours)
	loud(t, pb.name, "after a drop", pb.hears, ours, theirs)
	if calls, err := alder.st.CallList(t.Context(), line); err != nil || len(calls) != 1 {
		t.Errorf("%d calls, want one: %v", len(calls), err)
	}
}

// backOn is whether a page is connected, and plays.
const backOn = `globalThis.parleyCall?.state === "live" && parleyCall.pc?.connectionState === "connected" && parleyCall.context.state === "running"`

// newCable puts a cable that can be cut between a page and the station at a port.
func newCable(t *testing.T, port string, eval func(js string) bool) *link.Link {
	t.Helper()
	cable, err := link.New("udp", "0.0.0.0:0", "127.0.0.1:"+port, link.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cable.Close() })
	_, near, _ := net.SplitHostPort(cable.Addr())
	eval(fmt.Sprintf(`(async () => { const post = parleyCall.post; window.near = " %[1]s typ host"; parleyCall.post = async (o) => (await post(o)).replaceAll(" %[2]s typ host", near); parleyCall.again(); return true; })()`, near, port))
	return cable
}

// portOf is the script for where a station takes what a page sends.
const portOf = `parleyCall.pc.remoteDescription.sdp.match(/ (\d+) typ host/)[1]`

// TestBrowserCallDevices: the device check. The level moves with the microphone, the
// test tone is heard; and where there is no microphone, or none is lent, or the page
// is not secure, one plain sentence says which.
func TestBrowserCallDevices(t *testing.T) {
	_, alder, _ := gathers(t, "voice", "none")
	alder.recordSound(alder.ctx)
	g := alder.guestTab(alder, "A. Alder", "principal", "en", 440)
	const level = `document.querySelector("#call-level").value`
	g.says("the level shows the tone", level+" > 70")
	high := eval[float64](g.live, g.ctx, level)
	awaited[bool](g.live, g.ctx, `(async () => { const c = parleyCall.context, d = c.createMediaStreamDestination(); await parleyCall.replaceStream(d.stream); return true; })()`)
	g.says("the level falls", level+" < 5")
	t.Logf("level %.0f with a tone, %.0f without", high, eval[float64](g.live, g.ctx, level))

	// Before anybody is connected, too: what cannot be heard here is found out here.
	check := func(name, before, button, want string) {
		t.Helper()
		link := alder.guestLink(name, "delegate", "en")
		ctx, cancel := chromedp.NewContext(alder.ctx)
		defer cancel()
		alder.listen(ctx)
		alder.recordSound(ctx)
		if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: before}); err != nil {
			t.Fatal(err)
		}
		alder.do(ctx, chromedp.Navigate(link), chromedp.Click(chromedp.CSS("#join-call button")))
		alder.until(ctx, 15*time.Second, name+" joins", `document.querySelector("#call-connect")?.dataset.wired === "1"`)
		alder.do(ctx, chromedp.Click(chromedp.CSS(button)))
		if want == "" {
			alder.until(ctx, 5*time.Second, "the test tone", "window.heard.length && Date.now() - window.heard.at(-1).at > 400")
			if at := played(alder.heard(ctx), 660); at.IsZero() {
				t.Error("the test tone is not heard")
			}
			return
		}
		alder.until(ctx, 15*time.Second, name, fmt.Sprintf(`document.querySelector("#call-media").innerText === %q && document.querySelector("#call-device").dataset.state === "failed"`, want))
		alder.until(ctx, 15*time.Second, name+": hears all the same", `globalThis.parleyCall?.state === "live"`)
		if got := eval[string](alder.live, ctx, `document.querySelector("#call-media").innerText`); got != want {
			t.Errorf("%s: %q once it is connected, want %q", name, got, want)
		}
	}
	check("Tone", "", "#call-tone", "")
	refuse := func(name string) string {
		return fmt.Sprintf(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", %q))`, name)
	}
	check("Denied", refuse("NotAllowedError"), "#call-connect", "The browser does not let this page use the microphone.")
	check("None", refuse("NotFoundError"), "#call-connect", "There is no microphone.")
	check("Busy", refuse("NotReadableError"), "#call-connect", "Another program holds the microphone.")
	check("Insecure", `Object.defineProperty(globalThis, "isSecureContext", { get: () => false })`, "#call-connect", "The browser gives no microphone to a page that is not secure (HTTPS).")
}
