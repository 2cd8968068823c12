package desk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// listenIn keeps, before anything of the page runs, all that an audio context
// plays: whatever is joined to its output goes through a tap, too, whose blocks
// are kept with the time of the machine.
const listenIn = `
(() => {
  window.heard = [];
  const join = AudioNode.prototype.connect;
  const taps = new WeakMap();
  AudioNode.prototype.connect = function (to, ...more) {
    if (to instanceof AudioDestinationNode) {
      let tap = taps.get(to);
      if (!tap) {
        tap = to.context.createScriptProcessor(1024, 1, 1);
        tap.onaudioprocess = (e) => {
          const b = e.inputBuffer.getChannelData(0);
          let loud = 0;
          for (const x of b) loud = Math.max(loud, Math.abs(x));
          const out = e.outputBuffer.getChannelData(0);
          out.set(b);
          if (loud > 0.01) window.heard.push({ at: Date.now(), rate: e.inputBuffer.sampleRate, samples: Array.from(b) });
        };
        join.call(tap, to);
        taps.set(to, tap);
        (window.taps ??= []).push(tap);
      }
      return join.call(this, tap, ...more);
    }
    return join.call(this, to, ...more);
  };
})();`

// block is what the tap heard.
type block struct {
	At      int64     `json:"at"` // Unix milliseconds
	Rate    float64   `json:"rate"`
	Samples []float64 `json:"samples"`
}

// strength is how much of a frequency is in samples, 1 for a pure tone of full
// loudness (Goertzel).
func strength(samples []float64, hz, rate float64) float64 {
	w := 2 * math.Cos(2*math.Pi*hz/rate)
	a, b := 0.0, 0.0
	for _, x := range samples {
		a, b = x+w*a-b, a
	}
	return 2 * math.Sqrt(max(0, a*a+b*b-w*a*b)) / float64(len(samples))
}

// played reports when a frequency was first heard, clearly and above its
// neighbours; zero if it was not.
func played(blocks []block, hz float64) time.Time {
	for _, b := range blocks {
		on := strength(b.Samples, hz, b.Rate)
		if on > 0.1 && on > 3*strength(b.Samples, hz*1.25, b.Rate) && on > 3*strength(b.Samples, hz/1.25, b.Rate) {
			return time.UnixMilli(b.At)
		}
	}
	return time.Time{}
}

// The frequencies of the tones (static/sound.js).
var flashTones = []float64{740, 988, 1319}

func (l *live) recordSound(ctx context.Context) {
	l.t.Helper()
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listenIn}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *live) heard(ctx context.Context) (list []block) {
	l.t.Helper()
	if err := json.Unmarshal([]byte(eval[string](l, ctx, "JSON.stringify(window.heard)")), &list); err != nil {
		l.t.Fatal(err)
	}
	return list
}

// silent removes what rings in the fake station.
func silent(st *desktest.Station) {
	st.Lock()
	defer st.Unlock()
	for _, a := range st.AlarmSet {
		a.Silenced = true
	}
}

// flashComes stores a FLASH and tells of it, as the station does, and returns
// when that was.
func flashComes(l *live, n int) time.Time {
	l.st.Lock()
	defer l.st.Unlock()
	id := fmt.Sprintf("9a0f33c1d2e4b586:%d", 300+n)
	at := time.Now()
	l.st.Items = append(l.st.Items, &station.Item{ID: id, Line: desktest.Birch, Party: "birch", Known: true, Form: "dispatch", Series: "traffic", Serial: uint64(300 + n), FromText: "birch/envoy",
		To: []string{"alder/envoy"}, Precedence: parley.Flash, PrecedenceText: "FLASH", Subject: "Heard", Arrived: at, Time: at, Objective: at.Add(10 * time.Minute), Ladder: []station.Step{{Rung: parley.Opened, Name: "opened"}}})
	l.st.AlarmSet = append(l.st.AlarmSet, &station.Alarm{ID: int64(300 + n), Line: desktest.Birch, Code: "flash", Text: "FLASH", Item: id, At: at, Count: 1})
	l.st.Tell("item", desktest.Birch, id)
	l.st.Tell("alarm", desktest.Birch, id)
	return at
}

// A tab that nobody clicked says NOT ARMED and is mute; one that was tested says
// when, sounds each tone, and its FLASH is heard within 2 s of being stored.
func TestBrowserSoundIsHeard(t *testing.T) {
	l := newLive(t)
	silent(l.st)
	l.recordSound(l.ctx)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/watch")
	l.until(l.ctx, 15*time.Second, "the state of the sound", `!document.querySelector("#sound").hidden && document.querySelector("#sound").innerText.includes("SOUND NOT ARMED")`)
	l.wait("one listener", func() bool { return l.st.Listeners() == 1 })
	flashComes(l, 0)
	l.until(l.ctx, 15*time.Second, "the FLASH is shown", `document.querySelector("#ring").dataset.ring === "flash" && document.querySelectorAll(".strip").length > 1`)
	if got := l.heard(l.ctx); len(got) > 0 || eval[string](l, l.ctx, `document.querySelector("#sound").dataset.sound`) != "off" {
		t.Errorf("a tab that was never clicked says that it is armed, or played %d blocks", len(got))
	}
	silent(l.st)
	l.st.Lock()
	l.st.Tell("alarm", "", "")
	l.st.Unlock()
	l.until(l.ctx, 15*time.Second, "nothing rings", `document.querySelector("#ring").dataset.ring === ""`)

	l.do(l.ctx, chromedp.Click(chromedp.CSS("#sound")))
	l.until(l.ctx, 15*time.Second, "armed and tested", `/^SOUND ARMED, tested \d{4}Z$/.test(document.querySelector("#sound").innerText.trim())`)
	l.wait("the station knows of the test", func() bool { return l.st.Did("SoundTested Lt Ruiz") })
	l.until(l.ctx, 15*time.Second, "the tones of the test", "window.heard.length && Date.now() - window.heard.at(-1).at > 1500")
	test := l.heard(l.ctx)
	for _, hz := range append([]float64{587, 660, 880}, flashTones...) {
		if played(test, hz).IsZero() {
			t.Errorf("the test does not play %v Hz", hz)
		}
	}
	eval[bool](l, l.ctx, "window.heard.length = 0, true")
	stored := flashComes(l, 1)
	l.until(l.ctx, 15*time.Second, "the FLASH is heard", "window.heard.length && Date.now() - window.heard[0].at > 1700")
	got := l.heard(l.ctx)
	for _, hz := range flashTones {
		at := played(got, hz)
		if at.IsZero() || at.Sub(stored) > 2*time.Second+time.Second/2 {
			t.Errorf("%v Hz: heard %v after it was stored", hz, at.Sub(stored))
		}
	}
	first := played(got, flashTones[0]).Sub(stored)
	t.Logf("heard %v after it was stored", first)
	if first > 2*time.Second {
		t.Errorf("heard %v after it was stored", first)
	}
	// It insists while nobody silences it.
	l.until(l.ctx, 15*time.Second, "the FLASH is heard again", fmt.Sprintf("window.heard.at(-1).at - %d > 3500", stored.UnixMilli()))
	// A call rings as a telephone does, and is silent when it rings no more.
	silent(l.st)
	l.st.Lock()
	l.st.AlarmSet = append(l.st.AlarmSet, &station.Alarm{ID: 400, Line: desktest.Birch, Code: "call", Text: "CALL from birch: leader, voice", Item: desktest.CallWithBirch, At: time.Now(), Count: 1})
	l.st.Tell("alarm", desktest.Birch, desktest.CallWithBirch)
	l.st.Unlock()
	eval[bool](l, l.ctx, "window.heard.length = 0, true")
	rang := time.Now()
	l.until(l.ctx, 15*time.Second, "the call is heard twice", fmt.Sprintf("window.heard.length && window.heard.at(-1).at - %d > 3500", rang.UnixMilli()))
	for _, hz := range []float64{440, 480} {
		if played(l.heard(l.ctx), hz).IsZero() {
			t.Errorf("a call does not ring with %v Hz", hz)
		}
	}
	silent(l.st)
	l.st.Lock()
	l.st.Tell("alarm", desktest.Birch, desktest.CallWithBirch)
	l.st.Unlock()
	l.until(l.ctx, 15*time.Second, "nothing rings", `document.querySelector("#ring").dataset.ring === ""`)
	eval[bool](l, l.ctx, "window.heard.length = 0, true")
	time.Sleep(3500 * time.Millisecond)
	if late := l.heard(l.ctx); len(late) > 0 && late[len(late)-1].At > late[0].At+1500 {
		t.Error("a call that rings no more is heard")
	}
	l.quiet()
}

// A page whose seat has ended says NOT ARMED, in its title too, and sounds once, for
// nobody may be looking at it. It is back when a seat is taken again in another tab,
// which is not told that the seat before has ended.
func TestBrowserSeatEnds(t *testing.T) {
	l := newLive(t)
	silent(l.st)
	l.recordSound(l.ctx)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/watch")
	l.until(l.ctx, 15*time.Second, "a stream", `!document.querySelector("#sound").hidden`)
	l.do(l.ctx, chromedp.Click(chromedp.CSS("#sound")))
	l.until(l.ctx, 15*time.Second, "armed, and the test is over", `document.querySelector("#sound").dataset.sound === "on" && window.heard.length && Date.now() - window.heard.at(-1).at > 1500`)
	l.wait("one listener", func() bool { return l.st.Listeners() == 1 })
	eval[bool](l, l.ctx, "window.heard.length = 0, true")
	l.mu.Lock()
	l.quietErr = true // the browser logs what is refused
	l.mu.Unlock()
	if err := l.st.EndSessions(t.Context(), station.Officer{ID: 1, Name: "Lt Ruiz"}); err != nil {
		t.Fatal(err)
	}
	l.st.Lock()
	l.st.Tell("session", "", "")
	l.st.Unlock()
	const over = `document.querySelector("#sound").innerText.includes("SOUND NOT ARMED") && document.title.startsWith("!! SOUND NOT ARMED")`
	took := l.until(l.ctx, 5*time.Second, "not armed", over)
	t.Logf("said after %v", took)
	l.until(l.ctx, 5*time.Second, "the tone that says so", "window.heard.length && Date.now() - window.heard.at(-1).at > 700")
	if played(l.heard(l.ctx), 660).IsZero() || !played(l.heard(l.ctx), flashTones[2]).IsZero() {
		t.Error("the end of a seat does not sound, or sounds as a FLASH")
	}
	time.Sleep(2 * time.Second)
	if !eval[bool](l, l.ctx, over) {
		t.Error("it did not stay so")
	}

	l.sit(l.ctx, 1, parley.Watch)
	next, cancel := chromedp.NewContext(l.ctx)
	t.Cleanup(cancel)
	l.listen(next)
	l.open(next, "/watch")
	for _, tab := range []context.Context{next, l.ctx} {
		l.until(tab, 15*time.Second, "a seat", `document.readyState === "complete" && document.body.dataset.page === "watch" && !document.body.dataset.gone && document.querySelector("#lost").hidden && document.querySelector(".lamps [data-lamp]").dataset.state === "up"`)
	}
	time.Sleep(time.Second)
	if eval[bool](l, next, "Boolean(document.body.dataset.gone)") {
		t.Error("who has a seat is told that it has ended")
	}
	l.quiet()
}

// A context that stops, as on a machine that loses its sound, is not called
// armed.
func TestBrowserSoundThatStops(t *testing.T) {
	l := newLive(t)
	silent(l.st)
	if _, err := chromedp.Call(l.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `(() => { const A = AudioContext; window.AudioContext = class extends A { constructor() { super(); window.context = this; } }; })()`}); err != nil {
		t.Fatal(err)
	}
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/watch")
	l.until(l.ctx, 15*time.Second, "a stream", `!document.querySelector("#sound").hidden`)
	l.do(l.ctx, chromedp.Click(chromedp.CSS("#sound")))
	l.until(l.ctx, 15*time.Second, "armed", `document.querySelector("#sound").dataset.sound === "on"`)
	eval[bool](l, l.ctx, "window.context.suspend(), true")
	took := l.until(l.ctx, 5*time.Second, "not armed", `document.querySelector("#sound").innerText.includes("NOT ARMED")`)
	t.Logf("said after %v", took)
	// One that claims to run, and whose clock stands still, is no better.
	l.do(l.ctx, chromedp.Click(chromedp.CSS("#sound")))
	l.until(l.ctx, 15*time.Second, "armed again", `document.querySelector("#sound").dataset.sound === "on"`)
	eval[bool](l, l.ctx, `Object.defineProperty(window.context, "currentTime", { get: () => 7 }), true`)
	l.until(l.ctx, 8*time.Second, "not armed", `document.querySelector("#sound").innerText.includes("NOT ARMED")`)
	l.quiet()
}

// hideNow makes a tab as one that was hidden for long: it says so, and a timer
// comes once a minute. Headless Chromium itself hides none; Firefox does (TestFirefox).
const hideNow = `(() => {
  window.hideNow = () => {
    Object.defineProperty(document, "hidden", { get: () => true });
    Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
    const late = window.setTimeout;
    window.setTimeout = (f, ms, ...a) => late(f, Math.max(ms ?? 0, 60000), ...a);
    for (let i = 0; i < 1000; i++) clearInterval(i);
    document.dispatchEvent(new Event("visibilitychange"));
  };
})()`

// A FLASH from one real station to another. A hidden tab, whose timers the browser
// holds back, sounds within 2 s of its being stored: what comes, comes from the
// worker, and the page waits for no timer. A tab beside it that nobody ever clicked
// says NOT ARMED and is mute, and the alarm command runs.
func TestBrowserFlashIsHeard(t *testing.T) {
	line, alder, birch := newPair(t)
	l := birch.live
	l.browse()
	l.recordSound(l.ctx)
	if _, err := chromedp.Call(l.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: hideNow}); err != nil {
		t.Fatal(err)
	}
	l.open(l.ctx, birch.seat(birch.watch))
	l.do(l.ctx, chromedp.Click(chromedp.CSS("form button.strong")))
	l.until(l.ctx, 15*time.Second, "a stream", `document.body.dataset.page === "watch" && document.querySelector("#sound")?.hidden === false`)
	l.do(l.ctx, chromedp.Click(chromedp.CSS("#sound")))
	mute, cancel := chromedp.NewContext(l.ctx)
	t.Cleanup(cancel)
	l.listen(mute)
	l.recordSound(mute)
	l.open(mute, "/watch")
	const notArmed = `document.querySelector("#sound")?.hidden === false && document.querySelector("#sound").innerText.includes("SOUND NOT ARMED")`
	l.until(mute, 15*time.Second, "not armed", notArmed)
	l.until(l.ctx, 15*time.Second, "armed, and the test is over", `document.querySelector("#sound").dataset.sound === "on" && window.heard.length && Date.now() - window.heard.at(-1).at > 1500`)
	eval[bool](l, l.ctx, "window.hideNow(), window.heard.length = 0, true")

	alder.sendFlash(line, "birch", "Tug")
	stored := birch.stored("Tug")
	birch.rung("Tug", stored)
	l.until(l.ctx, 10*time.Second, "the FLASH is heard", "window.heard.length && Date.now() - window.heard[0].at > 1000")
	first := played(l.heard(l.ctx), flashTones[0])
	if first.IsZero() || first.Sub(stored) > 2*time.Second {
		t.Errorf("heard %v after it was stored", first.Sub(stored))
	}
	t.Logf("heard %v after it was stored", first.Sub(stored))
	l.until(mute, 10*time.Second, "the FLASH, and not armed", `document.querySelector("#ring").dataset.ring === "flash" && `+notArmed)
	if got := l.heard(mute); len(got) > 0 {
		t.Errorf("a tab that was never clicked played %d blocks", len(got))
	}
	l.until(l.ctx, 10*time.Second, "it insists", fmt.Sprintf("window.heard.at(-1).at - %d > 3500", stored.UnixMilli()))
	l.quiet()
}
