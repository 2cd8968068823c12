package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a browser in front of the stage.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu      sync.Mutex
	trouble []string
}

func newTab(t *testing.T, more ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil && path == "" {
			path = p
		}
	}
	if path == "" {
		t.Fatal("no chromium in PATH: run `make deps`")
	}
	opts := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Headless, chromedp.UserDataDir(t.TempDir())}
	for _, f := range []string{"disable-gpu", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync", "hide-scrollbars"} {
		opts = append(opts, chromedp.Flag(f, true))
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(opts, more...)...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // a limit here would end the browser
		t.Fatalf("starting the browser: %v", err)
	}
	if err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			b.note("exception: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		case *log.EventEntryAdded:
			if e.Entry.Level == "error" {
				b.note("log: %s %s", e.Entry.Text, e.Entry.URL)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trouble = append(b.trouble, fmt.Sprintf(format, args...))
}

func (b *tab) open(url string) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 30*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("%s: %v", url, err)
	}
}

func ask[T any](b *tab, js string) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 20*time.Second)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return v
}

func (b *tab) until(limit time.Duration, what, js string) time.Duration {
	b.t.Helper()
	began := time.Now()
	for time.Since(began) < limit {
		if ask[bool](b, js) {
			return time.Since(began)
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.t.Fatalf("%s: not within %v; the page says %.6000s", what, limit, ask[string](b, "document.body.innerText"))
	return 0
}

// press sends a form by its action, as a click on its button does.
func (b *tab) press(action string) {
	b.t.Helper()
	ask[bool](b, fmt.Sprintf(`(() => { const a = 'form[action=%q]', f = document.querySelector("#trouble " + a) || document.querySelector(a);
		f.target = ""; f.querySelector("button").click(); return true; })()`, action))
}

const lamps = `[...document.querySelectorAll("[data-lamp]")].map(l => l.dataset.lamp).join()`

// demoStage looks at the stage in a browser while everything is cut and put
// right, an old backup is restored, and a visitor sits down.
func demoStage(t *testing.T, program string) {
	port := freePorts(t)
	d := startDemo(t, program, "--port", strconv.Itoa(port))
	pids := pidsIn(d.until("Ctrl-C"))
	b := newTab(t)
	url := fmt.Sprintf("http://localhost:%d/", port)
	b.open(url)
	b.until(10*time.Second, "both lamps are up", lamps+` === "up,up"`)
	b.fits()

	b.press("/do/next")
	b.until(20*time.Second, "the question is released", `/FLASH\s+QUESTION/.test(document.getElementById("dispatches").innerText)`)
	b.until(30*time.Second, "the answer came", `document.getElementById("dispatches").innerText.includes("该机属我方")`)
	b.until(30*time.Second, "nothing is being played", `!document.querySelector("#story button").disabled`)

	b.press("/do/cut")
	took := b.until(15*time.Second, "both lamps have left green", lamps+` === "down,down"`)
	t.Logf("both lamps left green after %v", took)
	b.press("/do/right")
	b.until(20*time.Second, "both lamps are up again", lamps+` === "up,up"`)

	b.idle()
	b.press("/do/tamper")
	b.until(30*time.Second, "a flipped byte was refused", `/verify refuses it at byte \d+.*fsck finds/s.test(document.getElementById("happened").innerText)`)
	b.idle()
	b.press("/do/restore")
	b.until(60*time.Second, "an old backup came up in a new generation", `/new generation after .* no fork/s.test(document.getElementById("happened").innerText)`)

	b.idle()
	b.axe()
	if bad := ask[int](b, `document.querySelectorAll('#happened [data-ok=false]').length`); bad > 0 {
		t.Errorf("%d acts went wrong: %s", bad, ask[string](b, `document.getElementById("happened").innerText`))
	}
	b.visit(url)
	b.mu.Lock()
	for _, s := range b.trouble {
		t.Errorf("browser: %s", s)
	}
	b.mu.Unlock()

	d.cmd.Process.Signal(os.Interrupt)
	code, rest := d.end()
	if code != 0 || !regexp.MustCompile(`\d+ entries, 2 logs, verified\. Nothing kept\.`).MatchString(rest) {
		t.Errorf("exit code %d, %s%s", code, rest, d.stderr.String())
	}
	d.gone(pids)
}

// idle waits until nothing is being done: until then the slow acts are off.
func (b *tab) idle() {
	b.t.Helper()
	b.until(60*time.Second, "nothing is being done", `!document.querySelector("#trouble .busy")`)
}

// fits checks that no page is wider than its window.
func (b *tab) fits() {
	b.t.Helper()
	for _, width := range []int64{320, 768, 1280, 1920} {
		if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900)); err != nil {
			b.t.Fatal(err)
		}
		if wide := ask[int64](b, "document.documentElement.scrollWidth"); wide > width {
			b.t.Errorf("at %d px the stage is %d px wide", width, wide)
		}
	}
}

// axe looks at the stage with axe-core in both themes: no serious fault of WCAG
// 2.1 A or AA.
func (b *tab) axe() {
	b.t.Helper()
	source, err := os.ReadFile("../../tools/axe/node_modules/axe-core/axe.min.js")
	if err != nil {
		b.t.Fatalf("no axe-core: run `make axe`: %v", err)
	}
	ask[bool](b, string(source)+"\n;true")
	for _, theme := range []string{"day", "night"} {
		ask[bool](b, fmt.Sprintf(`(document.querySelector("[data-theme-to=%s]").click(), document.querySelectorAll("details").forEach(d => d.open = true), true)`, theme))
		v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).then(r =>
			r.violations.filter(v => v.impact === "serious" || v.impact === "critical").flatMap(v => v.nodes.map(n =>
				v.id + ": " + n.html.slice(0, 140) + " | " + (n.any[0] ?? n.all[0] ?? n.none[0])?.message)).join("\n"))`, chromedp.EvalAwaitPromise))
		if err != nil {
			b.t.Fatal(err)
		}
		if v != "" {
			b.t.Errorf("the stage by %s:\n%s", theme, v)
		}
	}
}

// visit sits down at Birch's desk by the stage's own button; then its officers
// wait.
func (b *tab) visit(stage string) {
	b.t.Helper()
	b.press("/seat/birch")
	b.until(10*time.Second, "the seat's page", `location.hostname === "birch.localhost" && !!document.querySelector("main form button")`)
	ask[bool](b, `(document.querySelector("main form button").click(), true)`)
	b.until(10*time.Second, "the watch board", `location.pathname === "/watch" && document.readyState === "complete" && document.body.dataset.page === "watch"`) // not the page that shows the browser's key first
	b.open(stage)
	b.until(10*time.Second, "somebody sits at Birch", `!!document.getElementById("birch")?.innerText.includes("陈伟 sits")`)
	b.press("/do/stand")
	b.until(10*time.Second, "its officers act again", `document.getElementById("birch")?.innerText.includes("sits at the desk") === false`)
	if txt := ask[string](b, "document.title"); !strings.Contains(txt, "Stage") {
		b.t.Errorf("title %q", txt)
	}
}
