package rtc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"parley/internal/bearer/link"
	"parley/internal/call/rtc"
	"parley/internal/desk/foxtest"
)

// hall is a switch with a page in front, as a desk has it.
type hall struct {
	t   *testing.T // of the part that runs
	all *testing.T // of all parts
	s   *rtc.Switch
	url string

	mu    sync.Mutex
	ears  map[string]*ears
	desks map[string]*rtc.Desk
	over  bool       // the call has ended: every offer is refused for good
	shut  bool       // the station cannot be reached
	cable *link.Link // through which browsers are sent; nil: none
}

func newHall(t *testing.T, s *rtc.Switch) *hall {
	t.Helper()
	h := &hall{t: t, all: t, s: s, ears: map[string]*ears{}, desks: map[string]*rtc.Desk{}}
	m := http.NewServeMux()
	m.HandleFunc("POST /join", h.join)
	for _, f := range []string{"index.html", "page.js"} {
		m.HandleFunc("GET /"+strings.TrimPrefix(f, "index.html"), file("testdata/page/"+f))
	}
	for _, f := range []string{"callmedia.js", "browser.js"} {
		m.HandleFunc("GET /"+f, file("../../desk/static/"+f))
	}
	m.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// file serves one under the policy of the desk: scripts of our own, and nothing
// in line.
func file(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'")
		w.Header().Set("Cache-Control", "no-store")
		http.ServeFile(w, r, name)
	}
}

func (h *hall) join(w http.ResponseWriter, r *http.Request) {
	offer, err := io.ReadAll(io.LimitReader(r.Body, rtc.MaxOffer+1))
	h.mu.Lock()
	over, shut := h.over, h.shut
	h.mu.Unlock()
	if err != nil || over || shut {
		http.Error(w, "no", map[bool]int{true: http.StatusGone, false: http.StatusServiceUnavailable}[over])
		return
	}
	who, e := r.FormValue("who"), newEars()
	d, answer, err := h.s.Join(r.Context(), string(offer), e)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	h.ears[who], h.desks[who] = e, d
	if h.cable != nil {
		_, port, _ := net.SplitHostPort(h.cable.Addr())
		answer = strings.ReplaceAll(answer, fmt.Sprintf(" %d typ host", h.s.Addr().Port()), " "+port+" typ host")
	}
	h.mu.Unlock()
	io.WriteString(w, answer)
}

// of returns the newest connection of somebody.
func (h *hall) of(who string) (*rtc.Desk, *ears) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.desks[who], h.ears[who]
}

// page is a page in some browser.
type page struct {
	h    *hall
	name string // of the browser
	who  string
	eval func(js string, out any) error
}

func ask[T any](p *page, js string) (v T) {
	p.h.t.Helper()
	if err := p.eval(js, &v); err != nil {
		p.h.t.Fatalf("%s in %s: %v", js, p.name, err)
	}
	return v
}

func (p *page) until(what, js string) {
	p.h.t.Helper()
	began := time.Now()
	for time.Since(began) < 15*time.Second {
		if ask[bool](p, js) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.h.t.Fatalf("%s in %s: not within 15 s; states %v, problems %v", what, p.name, ask[any](p, "states"), ask[any](p, "problems"))
}

// join has the page call, and returns its desk once it is live.
func (p *page) join(who, options string) (*rtc.Desk, *ears) {
	p.h.t.Helper()
	p.who = who
	began := time.Now()
	ask[bool](p, fmt.Sprintf("window.join(%q, %s)", who, options))
	p.until("live", `states.at(-1)?.state === "live"`)
	p.h.t.Logf("%s: %s is live after %v", p.name, who, time.Since(began).Round(time.Millisecond))
	return p.h.of(who)
}

// hears waits until a slot, and no other, holds a frequency.
func (p *page) hears(slot int, hz int) {
	p.h.t.Helper()
	p.until(fmt.Sprintf("%d Hz in slot %d alone", hz, slot), fmt.Sprintf("heard(%d).every((db, i) => i === %d ? db > -30 : db < -80)", hz, slot))
	p.h.t.Logf("%s hears %d Hz in slot %d: %v dB", p.name, hz, slot, ask[[]float64](p, fmt.Sprintf("heard(%d)", hz)))
}

// deaf waits until no slot holds a frequency.
func (p *page) deaf(hz int) {
	p.h.t.Helper()
	p.until(fmt.Sprintf("no %d Hz", hz), fmt.Sprintf("heard(%d).every(db => db < -70)", hz))
}

// chromium opens the page in a Chromium of its own.
func chromium(h *hall, url string, flags ...string) *page {
	h.t.Helper()
	return plainChromium(h, url, append(flags, "allow-loopback-in-peer-connection")...)
}

// plainChromium is one as people have it: its calls do not go over the loopback.
func plainChromium(h *hall, url string, flags ...string) *page {
	t := h.t
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatal("no chromium in PATH: run `make deps`")
	}
	opts := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Headless, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("autoplay-policy", "no-user-gesture-required")}
	for _, f := range append(flags, "disable-gpu", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync", "no-default-browser-check") {
		name, value, given := strings.Cut(f, "=")
		if given {
			opts = append(opts, chromedp.Flag(name, value))
		} else {
			opts = append(opts, chromedp.Flag(name, true))
		}
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	p := &page{h: h, name: "Chromium", eval: func(js string, out any) error {
		ctx, stop := context.WithTimeout(ctx, 20*time.Second)
		defer stop()
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("(async () => JSON.stringify(await ("+js+")) ?? 'null')()", func(e *runtime.EvaluateParams) { yes := true; e.AwaitPromise = &yes }))
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), out)
	}}
	p.until("the page", "window.ready === true")
	return p
}

var fakeMic = []string{"use-fake-device-for-media-stream", "use-fake-ui-for-media-stream"}

// mediaPrefs give Firefox a microphone that nobody speaks into.
var mediaPrefs = []string{
	`"media.navigator.streams.fake", true`,
	`"media.navigator.permission.disabled", true`,
	`"media.autoplay.default", 0`,
	`"media.autoplay.blocking_policy", 0`,
	`"media.autoplay.block-webaudio", false`,
}

// firefox opens the page in a Firefox of its own.
func firefox(h *hall, url string) *page {
	h.t.Helper()
	return plainFirefox(h, url, `"media.peerconnection.ice.loopback", true`)
}

func plainFirefox(h *hall, url string, prefs ...string) *page {
	t := h.t
	t.Helper()
	path, err := foxtest.Find()
	if err != nil {
		t.Fatal(err)
	}
	b, err := foxtest.StartWith(path, t.TempDir(), append(prefs, mediaPrefs...), foxtest.Soundless(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	t.Cleanup(func() {
		for _, s := range b.Trouble() {
			if t.Failed() || strings.Contains(s, "Content-Security") {
				t.Errorf("Firefox: %s", s)
			}
		}
	})
	tab, err := b.NewTab()
	if err != nil {
		t.Fatal(err)
	}
	if err := tab.Open(url); err != nil {
		t.Fatal(err)
	}
	p := &page{h: h, name: "Firefox", eval: tab.Eval}
	p.until("the page", "window.ready === true")
	return p
}
