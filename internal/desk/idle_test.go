package desk_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley/internal/desk/foxtest"
)

var idle = flag.Duration("idle", 0, "how long TestIdle leaves tabs alone (`make idle`); it does nothing without")

// watchState keeps what a page says of itself while nobody asks it: when its sound,
// the loss of the station or the end of its seat changed.
const watchState = `
(() => {
  window.states = [];
  const look = () => {
    const state = [document.body?.dataset.page, document.querySelector("#sound")?.dataset.sound, document.querySelector("#lost")?.hidden === false ? "lost" : "", document.body?.dataset.gone ? "gone" : "", document.visibilityState].join(" ");
    if (state !== window.states.at(-1)?.state) window.states.push({ at: Date.now(), state });
  };
  new MutationObserver(look).observe(document, { subtree: true, attributes: true, attributeFilter: ["hidden", "data-sound", "data-gone", "data-page"] });
  document.addEventListener("visibilitychange", look);
  addEventListener("DOMContentLoaded", look);
})();`

// lostFor is how long a tab may say that the station is lost: where the machine
// itself stands still for seconds, that is true, and is to pass by itself.
const lostFor = 10 * time.Second

// state is one entry of watchState.
type state struct {
	At    int64 // Unix milliseconds
	State string
}

// idleTab is a tab of either browser, as far as TestIdle needs it.
type idleTab struct {
	name string
	eval func(js string, out any)
}

func (i idleTab) until(t *testing.T, what, js string) {
	t.Helper()
	for range 500 {
		var ok bool
		if i.eval("!!("+js+")", &ok); ok {
			return
		}
		time.Sleep(40 * time.Millisecond)
	}
	var text string
	i.eval("document.body.innerText", &text)
	t.Fatalf("%s: %s: not within 20 s; the page says %.1500s", i.name, what, text)
}

func (i idleTab) heard(t *testing.T) (list []block) {
	t.Helper()
	i.eval("window.heard", &list)
	return list
}

func (i idleTab) states(t *testing.T, what string) {
	t.Helper()
	var list []state
	i.eval("window.states", &list)
	for _, s := range list {
		t.Logf("%s %s: %s %s", i.name, what, time.UnixMilli(s.At).UTC().Format("15:04:05"), s.State)
	}
}

// chromeIdle signs an officer of a side in, arms the sound, and puts another page in
// front, in a Chromium that has a window, as a person's has.
func chromeIdle(t *testing.T, s *side) idleTab {
	t.Helper()
	l := s.live
	l.browseWith(chromedp.Env("DISPLAY="+display(t), foxtest.Soundless(t)))
	if _, err := chromedp.Call(l.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listenIn + watchState}); err != nil {
		t.Fatal(err)
	}
	l.open(l.ctx, s.seat(s.watch))
	l.do(l.ctx, chromedp.Click(chromedp.CSS("form button.strong")))
	l.until(l.ctx, 15*time.Second, "a stream", `document.body.dataset.page === "watch" && document.querySelector("#sound")?.hidden === false`)
	l.do(l.ctx, chromedp.Click(chromedp.CSS("#sound")))
	front, cancel := chromedp.NewContext(l.ctx, chromedp.WithNewWindow(false))
	t.Cleanup(cancel)
	l.listen(front)
	return idleTab{"Chromium", func(js string, out any) {
		t.Helper()
		ctx, stop := context.WithTimeout(l.ctx, 20*time.Second)
		defer stop()
		v, err := chromedp.Run(ctx, chromedp.Evaluate[string]("JSON.stringify("+js+")"))
		if err == nil {
			err = json.Unmarshal([]byte(v), out)
		}
		if err != nil {
			t.Fatalf("Chromium: %s: %v", js, err)
		}
	}}
}

// foxIdle is the same of Firefox, which hides tabs without a window.
func foxIdle(t *testing.T, s *side) (armed, mute idleTab) {
	t.Helper()
	path, err := foxtest.Find()
	if err != nil {
		t.Fatal(err)
	}
	b, err := foxtest.Start(path, t.TempDir(), foxtest.Soundless(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	tab := func(name string) (idleTab, *fox) {
		f := enter(t, b, s, s.watch)
		return idleTab{name, func(js string, out any) {
			t.Helper()
			f.must(f.tab.Eval(js, out))
		}}, f
	}
	armed, f := tab("Firefox")
	f.must(f.tab.Eval("(() => {"+watchState+"; return true})()", new(bool)))
	f.click("#sound")
	f.until("armed", `document.querySelector("#sound").dataset.sound === "on"`)
	mute, _ = tab("Firefox, never clicked")
	front, err := f.tab.Beside()
	f.must(err)
	f.must(front.Show())
	return armed, mute
}

// display is a screen that nobody sees.
func display(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		t.Fatalf("%v: `make idle` needs the package xvfb", err)
	}
	for n := 90; n < 120; n++ {
		name := fmt.Sprintf(":%d", n)
		cmd := exec.Command(path, name, "-screen", "0", "1280x900x24", "-nolisten", "tcp")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-ended: // another has this number
		case <-time.After(2 * time.Second):
			t.Cleanup(func() { cmd.Process.Kill(); <-ended })
			return name
		}
	}
	t.Fatal("no screen is free")
	return ""
}

// TestIdle: a tab that a signed-in officer armed, and left hidden for as long as
// -idle says, still sounds within 2 s of a FLASH being stored, in either browser,
// and so does the alarm command run. All that while no page lost its seat or its
// sound, nor the station for longer than lostFor. A tab that was never clicked says NOT ARMED. Then the
// officer's sessions end: the tabs say NOT ARMED, and only the command runs.
func TestIdle(t *testing.T) {
	if *idle == 0 {
		return
	}
	line, alder, birch := newPair(t)
	chrome := chromeIdle(t, birch)
	fox, mute := foxIdle(t, birch)
	armed := []idleTab{chrome, fox}
	for _, tab := range armed {
		tab.until(t, "armed, hidden, and the test is over", `document.querySelector("#sound").dataset.sound === "on" && document.hidden && window.heard.length && Date.now() - window.heard.at(-1).at > 2500`)
		tab.eval("(window.heard.length = 0, true)", new(bool))
	}
	began := time.Now()
	t.Logf("left alone from %s on", began.UTC().Format("15:04:05"))
	time.Sleep(*idle)

	alder.sendFlash(line, "birch", "Tug")
	stored := birch.stored("Tug")
	birch.rung("Tug", stored)
	time.Sleep(2500*time.Millisecond - time.Since(stored))
	for _, tab := range armed {
		first := played(tab.heard(t), flashTones[0])
		if first.IsZero() || first.Sub(stored) > 2*time.Second {
			t.Errorf("%s: after %v the FLASH was not heard within 2 s: %v", tab.name, *idle, first.Sub(stored))
		}
		t.Logf("%s: hidden and left alone for %v, heard the FLASH %v after it was stored", tab.name, stored.Sub(began).Round(time.Second), first.Sub(stored).Round(time.Millisecond))
		tab.states(t, "was")
		var was []state
		tab.eval("window.states", &was)
		for n, s := range was {
			if s.At <= began.UnixMilli() {
				continue
			}
			until := stored.UnixMilli()
			if n+1 < len(was) {
				until = was[n+1].At
			}
			if !strings.Contains(s.State, " on ") || strings.Contains(s.State, "gone") || strings.Contains(s.State, "lost") && until-s.At > lostFor.Milliseconds() {
				t.Errorf("%s: from %s on, for %d ms, it was %q", tab.name, time.UnixMilli(s.At).UTC().Format("15:04:05"), until-s.At, s.State)
			}
		}
	}
	mute.until(t, "the FLASH, and not armed", `document.querySelector("#ring").dataset.ring === "flash" && document.querySelector("#sound").innerText.includes("SOUND NOT ARMED")`)
	if n := len(mute.heard(t)); n > 0 {
		t.Errorf("a tab that was never clicked played %d blocks", n)
	}

	// Of one party's no two alarms begin within a minute, and one that still sounds
	// counts what comes after it.
	if err := birch.st.Silence(t.Context(), birch.watch, 0); err != nil {
		t.Fatal(err)
	}
	time.Sleep(65*time.Second - time.Since(stored))
	if err := birch.st.EndSessions(t.Context(), birch.watch); err != nil {
		t.Fatal(err)
	}
	ended := time.Now()
	for _, tab := range armed {
		tab.until(t, "the seat has ended", `document.body.dataset.gone && document.querySelector("#sound").innerText.includes("SOUND NOT ARMED")`)
		t.Logf("%s: says NOT ARMED %v after its session was ended", tab.name, time.Since(ended).Round(100*time.Millisecond))
	}
	time.Sleep(2 * time.Second) // the tone that says so
	for _, tab := range armed {
		tab.eval("(window.heard.length = 0, true)", new(bool))
	}
	alder.sendFlash(line, "birch", "Barge")
	stored = birch.stored("Barge")
	birch.rung("Barge", stored)
	time.Sleep(2500*time.Millisecond - time.Since(stored))
	for _, tab := range armed {
		if !played(tab.heard(t), flashTones[2]).IsZero() { // the tone that says so may come late
			t.Errorf("%s: its seat has ended, and it sounded a FLASH", tab.name)
		}
	}
	birch.live.mu.Lock()
	said := strings.Join(birch.live.trouble, "\n")
	birch.live.mu.Unlock()
	if strings.TrimSpace(said) != "" {
		t.Logf("Chromium said: %s", said)
	}
}
