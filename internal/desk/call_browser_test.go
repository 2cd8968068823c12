package desk_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// calling are the flags of a browser that has a microphone, on this machine alone.
func calling() []chromedp.ExecAllocatorOption {
	opts := []chromedp.ExecAllocatorOption{chromedp.Headless}
	for _, f := range []string{"use-fake-device-for-media-stream", "use-fake-ui-for-media-stream", "allow-loopback-in-peer-connection", "disable-background-timer-throttling", "disable-renderer-backgrounding", "disable-backgrounding-occluded-windows"} {
		opts = append(opts, chromedp.Flag(f, true))
	}
	return opts
}

// tab is the page of a guest on a call.
type tab struct {
	*side
	ctx  context.Context
	name string
	tone int // Hz
}

// guestLink has the watch make a link for somebody without an account.
func (s *side) guestLink(name, role, language string) string {
	s.t.Helper()
	s.puts("#invite form", "name", name, "role", role, "language", language)
	s.presses("#invite form button")
	s.says("a link", `document.querySelector("#invite .notice a") !== null`)
	link := eval[string](s.live, s.ctx, `document.querySelector("#invite .notice a").href`)
	s.goes(strings.TrimPrefix(eval[string](s.live, s.ctx, "location.href"), s.url))
	return link
}

// guestTab has somebody without an account join, in a tab of the browser of another
// side.
func (s *side) guestTab(on *side, name, role, language string, tone int) *tab {
	s.t.Helper()
	link := s.guestLink(name, role, language)
	ctx, cancel := chromedp.NewContext(on.ctx)
	s.t.Cleanup(cancel)
	s.listen(ctx)
	g := &tab{s, ctx, name, tone}
	s.do(ctx, chromedp.Navigate(link), chromedp.Click(chromedp.CSS("#join-call button")))
	s.until(ctx, 15*time.Second, name+" joins", `document.querySelector("#call-connect")?.dataset.wired === "1"`)
	s.do(ctx, chromedp.Click(chromedp.CSS("#call-connect")))
	g.says("is connected", `globalThis.parleyCall?.state === "live"`)
	eval[bool](s.live, ctx, speaks(tone))
	return g
}

// speaks is the script with which a tone takes the place of a microphone.
func speaks(tone int) string {
	return fmt.Sprintf(`(() => { const c = parleyCall.context, o = c.createOscillator(), g = c.createGain(), d = c.createMediaStreamDestination(); o.frequency.value = %d; g.gain.value = 0.4; o.connect(g).connect(d); o.start(); parleyCall.replaceStream(d.stream); window.mark = 1; return true; })()`, tone)
}

func (g *tab) says(what, js string) {
	g.t.Helper()
	g.until(g.ctx, 25*time.Second, g.name+": "+what, js)
}

func (g *tab) presses(selector string) {
	g.t.Helper()
	if !eval[bool](g.live, g.ctx, fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (!e) return false; e.click(); return true; })()`, selector)) {
		g.t.Fatalf("%s: nothing to press: %s", g.name, selector)
	}
}

// hears measures how loud tones are in all that a page plays, in decibels: each by
// Goertzel's filter, over a third of a second.
func (g *tab) hears(tones ...int) []float64 {
	g.t.Helper()
	return awaited[[]float64](g.live, g.ctx, hearing(tones))
}

func hearing(tones []int) string {
	return fmt.Sprintf(`(async () => {
		const c = parleyCall.context, a = c.createAnalyser();
		a.fftSize = 16384;
		for (const n of parleyCall.gains) n.connect(a);
		await new Promise((r) => setTimeout(r, 500));
		const b = new Float32Array(a.fftSize);
		a.getFloatTimeDomainData(b);
		for (const n of parleyCall.gains) n.disconnect(a);
		return %s.map((f) => {
			const k = 2 * Math.cos((2 * Math.PI * f) / c.sampleRate);
			let s1 = 0, s2 = 0;
			for (let i = 0; i < b.length; i++) {
				const w = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / b.length);
				const s = w * b[i] + k * s1 - s2;
				s2 = s1; s1 = s;
			}
			return 10 * Math.log10((s1 * s1 + s2 * s2 - k * s1 * s2) / (b.length * b.length) * 16 + 1e-15);
		});
	})()`, strings.ReplaceAll(fmt.Sprint(tones), " ", ","))
}

// TestBrowserCall: two stations, a watch and a principal at each and an interpreter
// at one. It rings, is lifted, both gather, both are put through; each hears who is
// to be heard, and nobody else, in every state of the call, measured.
func TestBrowserCall(t *testing.T) {
	line, alder, birch := newPair(t)
	alder.browseWith(calling()...)
	birch.joins(alder)
	page := "/line/" + line + "/call"
	alder.takes(alder.watch, page)
	birch.takes(birch.watch, page)
	alder.puts("#ringdown form", "level", "leader", "interpreting", "simultaneous", "text", "<img src=x onerror=\"window.owned=1\">")
	alder.presses("#ringdown form button.strong")
	birch.says("it rings", `document.querySelector("#rings[data-waits]")?.innerText.includes("<img src=x") && `+notRun)
	alder.says("it rings there", `document.querySelector("#rings")?.innerText.includes("Nobody has lifted")`)
	birch.presses(`#rings form[action$="/lift"] button`)
	for _, s := range []*side{alder, birch} {
		s.says("the lobby", `document.querySelector("#callhead")?.innerText.includes("Lobby") && document.querySelector("#join") !== null`)
	}
	const ours, theirs, interpreter = 440, 1200, 2500
	pa := alder.guestTab(alder, "A. Alder", "principal", "en", ours)
	pb := birch.guestTab(alder, "主席", "principal", "zh", theirs)
	ib := birch.guestTab(alder, "Wu", "interpreter", "en", interpreter)
	quiet := func(g *tab, what string, tones ...int) { // once what was under way has been played
		t.Helper()
		var got []float64
		for range 4 {
			if got = g.hears(tones...); slices.Max(got) <= -75 {
				return
			}
		}
		t.Errorf("%s, %s: %v Hz are heard at %.0f dB", g.name, what, tones, got)
	}
	loud := func(g *tab, what string, tone int, others ...int) {
		t.Helper()
		loud(t, g.name, what, g.hears, tone, others...)
	}
	loud(pb, "in the lobby", interpreter, ours, theirs) // his own side
	quiet(pa, "in the lobby", theirs, interpreter)
	for _, s := range []*side{alder, birch} {
		s.presses(`#ours button[value="ready"]`)
	}
	for _, s := range []*side{alder, birch} {
		s.says("put through", `document.querySelector("#callhead")?.innerText.includes("On the call")`)
	}
	loud(pa, "on the floor", theirs, ours)
	loud(pb, "on the floor", ours, theirs)

	// The booth: heard by who chose it, with the floor low; by nobody else.
	ib.says("his booths", `document.querySelector('button[name="booth"][value="en"]') !== null`)
	ib.presses(`button[name="booth"][value="en"]`)
	pa.says("the booth", `!document.querySelector('button[name="hear"][value="en"]').innerText.includes("nobody")`)
	loud(pa, "who did not choose the booth", theirs, ours, interpreter)
	pa.presses(`button[name="hear"][value="en"]`)
	pa.says("chosen", `document.querySelector('button[name="hear"][value="en"]').ariaPressed === "true"`)
	loud(pa, "who chose the booth", interpreter, ours)
	if low := pa.hears(theirs)[0]; low > -20 || low < -50 {
		t.Errorf("the floor underneath is at %.0f dB", low)
	}

	// A hold: neither side hears the other.
	birch.puts(`#ours form input[name="what"]`)
	birch.presses(`#ours form.stack button`)
	alder.says("the hold", `document.querySelector("#callhead").innerText.includes("consulting")`)
	quiet(pa, "on hold", theirs, interpreter)
	quiet(pb, "on hold", ours)
	birch.presses(`#ours button[value="resume"]`)
	alder.says("no hold", `!document.querySelector("#callhead").innerText.includes("consulting")`)
	loud(pb, "after the hold", ours, theirs)

	// Muted is silent, and so is who left.
	pa.presses(`button[value="mute"]`)
	pa.says("muted", `document.querySelector('button[value="unmute"]') !== null`)
	quiet(pb, "whose partner is muted", ours)

	alder.presses(`#ours form[action$="/hangup"] button`)
	for _, s := range []*side{alder, birch} {
		s.says("over", `document.querySelector("#past li")?.innerText.includes("ended") && document.querySelectorAll("#past li")[0].innerText.includes("put through for")`)
	}
	pb.says("over", `document.body.dataset.page === "problem" || !globalThis.parleyCall`)
}

// awaited is what a promise comes to.
func awaited[T any](l *live, ctx context.Context, js string) T {
	l.t.Helper()
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		l.t.Fatalf("%s: %v", js[:min(80, len(js))], err)
	}
	return v
}
