package desk_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk"
	"parley/internal/desk/desktest"
)

// live is a desk that really serves, with a browser in front.
type live struct {
	t      *testing.T
	st     *desktest.Station
	server *http.Server
	url    string
	ctx    context.Context // of the first tab
	home   string          // the browser's own directory

	mu       sync.Mutex
	trouble  []string // console errors, exceptions, violations of the policy
	quietErr bool     // the server is stopped on purpose
}

// browser finds Chromium. Without one the tests fail: what nobody looked at in
// a browser is not known to work.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	t.Fatal("no chromium in PATH: run `make deps`")
	return ""
}

func newLive(t *testing.T) *live {
	t.Helper()
	l := newServed(t)
	l.browse()
	return l
}

// newServed is one without a browser.
func newServed(t *testing.T) *live {
	t.Helper()
	l := &live{t: t}
	l.serve(desktest.New(time.Now))
	return l
}

// serve serves the desk of a station, whose clock it shows.
func (l *live) serve(st *desktest.Station) {
	t := l.t
	t.Helper()
	l.st = st
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.url = fmt.Sprintf("http://alder.localhost:%d", ln.Addr().(*net.TCPAddr).Port)
	l.server = desk.Server(desk.New(desk.Config{Station: st, Clock: st.Now, Here: time.UTC, Origin: l.url, Zones: map[parley.PartyCode]*time.Location{"birch": time.FixedZone("", 8*3600)}}), nil)
	server := l.server
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
}

// browse starts the browser, without a window.
func (l *live) browse() {
	l.t.Helper()
	l.browseWith(chromedp.Headless)
}

func (l *live) browseWith(more ...chromedp.ExecAllocatorOption) {
	t := l.t
	t.Helper()
	l.home = t.TempDir()
	opts := append([]chromedp.ExecAllocatorOption{chromedp.ExecPath(browser(t)), chromedp.NoSandbox, chromedp.UserDataDir(l.home)}, more...)
	for _, f := range []string{"disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync", "no-default-browser-check", "hide-scrollbars"} {
		opts = append(opts, chromedp.Flag(f, true))
	}
	opts = append(opts, chromedp.Flag("autoplay-policy", "user-gesture-required"))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	l.ctx = ctx
	l.listen(ctx)
}

// listen notes everything a browser complains of.
func (l *live) listen(ctx context.Context) {
	l.t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		l.t.Fatalf("starting the browser: %v", err)
	}
	err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			l.note("exception: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		case *runtime.EventConsoleAPICalled:
			if e.Type == "error" || e.Type == "warning" {
				l.note("console: %v", e.Args)
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == "error" {
				l.note("log: %s %s", e.Entry.Text, e.Entry.URL)
			}
		}
	})
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *live) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := fmt.Sprintf(format, args...)
	if l.quietErr && (strings.Contains(s, "ERR_") || strings.Contains(s, "Failed to load")) {
		return
	}
	l.trouble = append(l.trouble, s)
}

// quiet ends the test with what the browser complained of.
func (l *live) quiet() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.trouble {
		l.t.Errorf("browser: %s", s)
	}
}

// sit gives the browser a session.
func (l *live) sit(ctx context.Context, officer int64, office parley.Office) {
	l.cookie(ctx, "parley-alder-session", l.st.Sit(officer, office))
}

func (l *live) cookie(ctx context.Context, name, value string) {
	l.t.Helper()
	if _, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: l.url}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *live) do(ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	l.t.Helper()
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, actions...); err != nil {
		l.t.Fatal(err)
	}
}

func (l *live) open(ctx context.Context, path string) {
	l.t.Helper()
	l.do(ctx, chromedp.Navigate(l.url+path))
}

func eval[T any](l *live, ctx context.Context, js string) T {
	l.t.Helper()
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		l.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits for a JavaScript condition and says how long it took.
func (l *live) until(ctx context.Context, limit time.Duration, what, js string) time.Duration {
	l.t.Helper()
	began := time.Now()
	for time.Since(began) < limit {
		if eval[bool](l, ctx, "!!document.body && !!("+js+")") {
			return time.Since(began)
		}
		time.Sleep(40 * time.Millisecond)
	}
	l.t.Fatalf("%s: not within %v; the page says %.1500s", what, limit, eval[string](l, ctx, "document.body.innerText"))
	return 0
}

// shots is where TestShots puts pictures of every page, for people to look at.
var shots = flag.String("shots", "", "directory for pictures of every page; none are made without it")

func TestShots(t *testing.T) {
	if *shots == "" {
		return
	}
	l := newLive(t)
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "zh", "ar"} {
		for _, theme := range []string{"day", "night"} {
			l.cookie(l.ctx, "parley-alder-lang", lang)
			l.cookie(l.ctx, "parley-alder-theme", theme)
			for _, width := range []int64{1280, 320, 1920} {
				for _, p := range pages {
					l.shot(p.path, p.admin, lang, theme, width)
				}
			}
		}
	}
	l.quiet()
}

var only = flag.String("only", "", "make only pictures whose name holds this")

func (l *live) shot(path string, admin bool, lang, theme string, width int64) {
	name := strings.NewReplacer("/", "_", "?", "_", "&", "_", "=", "-", ":", "-", desktest.Birch, "birch").Replace(strings.Trim(path, "/"))
	name = fmt.Sprintf("%d-%s-%s-%s.png", width, theme, lang, name)
	if !wanted(name) {
		return
	}
	if admin {
		l.sit(l.ctx, 3, parley.Administrator)
	} else {
		l.sit(l.ctx, 1, parley.Watch)
	}
	l.do(l.ctx, chromedp.EmulateViewport(width, 900))
	l.open(l.ctx, path)
	l.picture(name, width)
}

// wanted reports whether a picture of this name is to be made.
func wanted(name string) bool {
	for _, part := range strings.Split(*only, ",") {
		if !strings.Contains(name, part) {
			return false
		}
	}
	return true
}

// picture takes the page that is open, whole.
func (l *live) picture(name string, width int64) {
	l.t.Helper()
	wide := eval[int64](l, l.ctx, "document.documentElement.scrollWidth")
	if wide > width {
		l.t.Errorf("%s is %d px wide", name, wide)
	}
	l.do(l.ctx, chromedp.EmulateViewport(width, min(3200, max(900, eval[int64](l, l.ctx, "document.documentElement.scrollHeight")))))
	time.Sleep(80 * time.Millisecond)
	r, err := chromedp.Call(l.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	if err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*shots, name), r.Data, 0o644); err != nil {
		l.t.Fatal(err)
	}
}
