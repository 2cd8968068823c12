package desk_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/station"
)

var axeAll = flag.Bool("axe", false, "look at every page in every language and theme")

// axeSource is axe-core, which `make axe` installs.
func axeSource(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../tools/axe/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("no axe-core: run `make axe`: %v", err)
	}
	return string(b)
}

// axeRun is the script that returns the serious violations of WCAG 2.1 A and
// AA, one a line.
const axeRun = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"]}).then(r =>
	JSON.stringify(r.violations.filter(v => v.impact === "serious" || v.impact === "critical").flatMap(v => v.nodes.map(n =>
		v.id + ": " + n.html.slice(0, 140) + " | " + (n.any[0] ?? n.all[0] ?? n.none[0])?.message))))`

// axe fails for the serious faults of the page that is open.
func (l *live) axe(name string) {
	l.t.Helper()
	for _, f := range l.faults(name) {
		l.t.Errorf("%s: %s", name, f)
	}
}

func (l *live) faults(name string) (list []string) {
	l.t.Helper()
	v, err := chromedp.Run(l.ctx, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
	if err != nil {
		l.t.Fatalf("%s: %v", name, err)
	}
	if err := json.Unmarshal([]byte(v), &list); err != nil {
		l.t.Fatal(err)
	}
	return list
}

// TestBrowserAxeOfTheWatch looks at what the pages above do not show: a hand-over
// that waits, a board where nothing does, an alarm command that fails. The
// hand-over is ticked and taken over by keys alone.
func TestBrowserAxeOfTheWatch(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	l.axed()
	if err := l.st.HandOver(t.Context(), station.Officer{ID: 1, Name: "Lt Ruiz"}, "Two open."); err != nil {
		t.Fatal(err)
	}
	l.st.Lock()
	l.st.Stands.Hook.Error, l.st.Items, l.st.AlarmSet = "exit status 3", l.st.Items[:20], nil
	l.st.Unlock()
	l.sit(l.ctx, 2, parley.Watch)
	for _, as := range [][2]string{{"ar", "night"}, {"zh", "night"}, {"en", "day"}} {
		l.as(as[0], as[1])
		for _, path := range []string{"/watch", "/station", "/watch/takeover"} {
			name := strings.Join(as[:], " ") + " " + path
			l.open(l.ctx, path)
			l.lies(name)
			if as[0] != "zh" {
				l.axe(name)
			}
		}
	}
	for i := range l.st.Handed[0].Open {
		l.tab(fmt.Sprintf(`.ticks label:nth-of-type(%d) input`, i+1))
		l.types(" ")
	}
	l.tab(`form[action="/watch/takeover"] button.strong`)
	l.enter()
	l.until(l.ctx, 15*time.Second, "the watch", `location.pathname === "/watch" && document.querySelector(".onwatch").innerText.includes("Envoy Okafor")`)
	l.quiet()
}
