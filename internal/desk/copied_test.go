package desk_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestBrowserRefusesACopiedCookie: every cookie of a browser that works, carried
// to another profile or to a bare client, opens nothing there; and the browser
// it was taken from goes on.
func TestBrowserRefusesACopiedCookie(t *testing.T) {
	m := newManned(t, false)
	m.quietErr = true // browsers log the refusals
	m.open(m.ctx, "/seat/"+m.token)
	m.click("form button.strong")
	m.until(m.ctx, 10*time.Second, "the watch board", `document.body.dataset.page === "watch" && document.querySelector("#us")`)

	// It works as ever: a link, an act, a page loaded again, another tab, a file.
	m.click(`.pages a[href="/station"]`)
	m.until(m.ctx, 10*time.Second, "the station", `location.pathname === "/station" && document.querySelector("#condition")`)
	m.click(`a[href="/station/officers"]`)
	m.until(m.ctx, 10*time.Second, "the officers", `document.body.dataset.page === "officers"`)
	m.do(m.ctx, chromedp.SendKeys(chromedp.CSS("form[action='/station/officers/add'] input[name=name]"), "Lt Ruiz"), chromedp.Click(chromedp.CSS("form[action='/station/officers/add'] input[value=watch]")),
		chromedp.Click(chromedp.CSS("form[action='/station/officers/add'] button")))
	m.until(m.ctx, 10*time.Second, "the officer", `document.querySelector("main")?.innerText.includes("Lt Ruiz")`)
	m.open(m.ctx, "/station/audit")
	m.until(m.ctx, 10*time.Second, "the audit", `document.body.dataset.page === "audit" && document.querySelector("main")?.innerText.includes("added an officer")`)
	tab, stop := chromedp.NewContext(m.ctx)
	t.Cleanup(stop)
	m.listen(tab)
	m.open(tab, "/watch")
	m.until(tab, 10*time.Second, "the board in a second tab", `document.body.dataset.page === "watch"`)
	all, err := m.st.Officers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tries := 0 // what happens before the stream is open is not told
	m.wait("what the stream tells of", func() bool {
		tries++
		if err := m.st.HandOver(t.Context(), all[0], fmt.Sprintf("by the stream, %d", tries)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		return eval[bool](m.live, tab, `document.querySelector("#handwaits") !== null`)
	})
	files := t.TempDir()
	if _, err := chromedp.Call(m.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: files}); err != nil {
		t.Fatal(err)
	}
	eval[bool](m.live, m.ctx, `(() => { const a = document.createElement("a"); a.href = "/station/audit"; a.download = "audit.html"; document.querySelector("main").append(a); a.click(); return true; })()`)
	m.wait("the file", func() bool {
		b, err := os.ReadFile(filepath.Join(files, "audit.html"))
		return err == nil && strings.Contains(string(b), "added an officer")
	})

	cookies, err := chromedp.Call(m.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{m.url}})
	if err != nil {
		t.Fatal(err)
	}
	session := ""
	for _, c := range cookies.Cookies {
		if c.Name == "parley-alder-pass" {
			t.Error("a pass is left behind")
		}
		if c.Name == "parley-alder-session" {
			session = c.Value
		}
	}
	if session == "" {
		t.Fatal("the browser has no session")
	}

	// Another profile of the same browser.
	thief := &live{t: t, url: m.url, quietErr: true}
	thief.browse()
	for _, c := range cookies.Cookies {
		thief.cookie(thief.ctx, c.Name, c.Value)
	}
	thief.open(thief.ctx, "/station/officers")
	thief.until(thief.ctx, 10*time.Second, "the refusal", `document.querySelector("[data-prove-problem]")?.innerText.includes("belongs to another browser")`)
	if got := eval[string](thief, thief.ctx, "document.documentElement.outerHTML"); strings.Contains(got, "Ruiz") {
		t.Errorf("the other profile sees %.300q", got)
	}
	for _, path := range []string{"/watch", "/station/officers", "/events", "/station/audit"} {
		if status := eval[int](thief, thief.ctx, `(() => { const x = new XMLHttpRequest(); x.open("GET", "`+path+`", false); x.send(); return x.status; })()`); status != 401 {
			t.Errorf("a script of the other profile gets %s: %d", path, status)
		}
	}

	// A bare client, with every header but the one it cannot make.
	r, err := http.NewRequest("GET", strings.Replace(m.url, "alder.localhost", "127.0.0.1", 1)+"/station/officers", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = strings.TrimPrefix(m.url, "http://")
	r.Header.Set("User-Agent", eval[string](m.live, m.ctx, "navigator.userAgent"))
	r.AddCookie(&http.Cookie{Name: "parley-alder-session", Value: session})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 401 || strings.Contains(string(b), "Ruiz") {
		t.Errorf("a bare client gets %d %v %.200s", res.StatusCode, err, b)
	}

	// It is on the audit, and the right browser goes on.
	m.open(m.ctx, "/station/audit")
	m.until(m.ctx, 10*time.Second, "the audit of it", `document.querySelector("main")?.innerText.includes("session refused in another browser")`)
	m.quiet()
}
