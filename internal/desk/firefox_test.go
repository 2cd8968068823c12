package desk_test

import (
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/desk/foxtest"
)

// fox is a desk with a tab of Firefox in front.
type fox struct {
	*live
	b   *foxtest.Browser
	tab *foxtest.Tab
}

func newFox(t *testing.T, b *foxtest.Browser, l *live) *fox {
	t.Helper()
	tab, err := b.NewTab()
	if err != nil {
		t.Fatal(err)
	}
	f := &fox{l, b, tab}
	t.Cleanup(func() {
		f.quiet()
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fox) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fox) cookie(name, value string) {
	f.t.Helper()
	f.must(f.tab.Cookie("alder.localhost", name, value))
}

func (f *fox) sit(officer int64, office parley.Office) {
	f.t.Helper()
	f.cookie("parley-alder-session", f.st.Sit(officer, office))
}

// open opens a page, past the one on which the browser proves that the session is
// its own.
func (f *fox) open(path string) {
	f.t.Helper()
	f.must(f.tab.Open(f.url + path))
	f.until("the page after the proof", `document.readyState === "complete" && document.body.dataset.page !== "prove"`)
}

func (f *fox) click(css string) {
	f.t.Helper()
	f.must(f.tab.Click(css))
}

func (f *fox) keys(text string) {
	f.t.Helper()
	f.must(f.tab.Keys(text))
}

func foxEval[T any](f *fox, js string) (v T) {
	f.t.Helper()
	f.must(f.tab.Eval(js, &v))
	return v
}

// until waits for a JavaScript condition and says how long it took. A page that
// goes away while it is asked is asked again.
func (f *fox) until(what, js string) time.Duration {
	f.t.Helper()
	began := time.Now()
	for time.Since(began) < 15*time.Second {
		var ok bool
		if err := f.tab.Eval("!!document.body && !!("+js+")", &ok); err == nil && ok {
			return time.Since(began)
		}
		time.Sleep(40 * time.Millisecond)
	}
	f.t.Fatalf("%s: not within 15 s; the page says %.1500s", what, foxEval[string](f, "document.body.innerText"))
	return 0
}

// quiet fails for what the browser complained of.
func (f *fox) quiet() {
	f.t.Helper()
	for _, s := range f.b.Trouble() {
		f.t.Errorf("Firefox: %s", s)
	}
}

// TestFirefox looks at the desk in Firefox: one browser for all.
func TestFirefox(t *testing.T) {
	t.Parallel() // it waits, most of its time
	path, err := foxtest.Find()
	if err != nil {
		t.Fatal(err) // what nobody looked at in a browser is not known to work
	}
	began := time.Now()
	b, err := foxtest.Start(path, t.TempDir(), foxtest.Soundless(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	t.Logf("started within %v", time.Since(began))
	for _, c := range []struct {
		name string
		f    func(*testing.T, *foxtest.Browser)
	}{
		{"complains", foxComplains},
		{"pages", foxPages},
		{"axe", foxAxe},
		{"calls", foxCalls},
		{"sides and themes", foxSidesAndThemes},
		{"hostile text", foxHostileText},
		{"contacts", foxContacts},
		{"what is said", foxSaying},
		{"live", foxLive},
		{"keys alone", foxKeysAlone},
		{"three steps", foxThreeSteps},
		{"passkeys", foxPasskeys},
		{"a FLASH", foxFlash},
	} {
		t.Run(c.name, func(t *testing.T) { c.f(t, b) })
	}
}

// foxComplains: what the other tests rely on is that a fault of a page is heard.
func foxComplains(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	f.sit(1, parley.Watch)
	f.open("/help")
	for js, want := range map[string]string{
		`(setTimeout(() => { throw new Error("thrown here") }), 1)`:                                           "thrown here",
		`(console.error("said here"), 1)`:                                                                     "said here",
		`(document.body.append(Object.assign(document.createElement("script"), {textContent: "evil()"})), 1)`: "Content-Security-Policy",
		`(document.body.append(Object.assign(new Image(), {src: "http://elsewhere.localhost/x.png"})), 1)`:    "Content-Security-Policy",
	} {
		foxEval[int](f, js)
		var got []string
		f.wait("a complaint", func() bool { got = append(got, b.Trouble()...); return len(got) > 0 })
		if !strings.Contains(strings.Join(got, " "), want) {
			t.Errorf("%s: heard %q, want %q", js, got, want)
		}
	}
}

// foxPages: every page, by day and by night, left to right and right to left,
// without a complaint of the browser and without what no page may have.
func foxPages(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	for i, p := range pages {
		if p.admin {
			f.sit(3, parley.Administrator)
		} else {
			f.sit(1, parley.Watch)
		}
		lang, theme := []string{"en", "ar"}[i%2], []string{"day", "night"}[i/2%2]
		f.cookie("parley-alder-lang", lang)
		f.cookie("parley-alder-theme", theme)
		f.open(p.path)
		if !foxEval[bool](f, `document.querySelector(".pages") !== null || document.body.dataset.page === "signin"`) {
			t.Errorf("%s is not shown: %.200s", p.path, foxEval[string](f, "document.body.innerText"))
		}
		for _, flaw := range append(flaws, wider) {
			if got := foxEval[string](f, flaw.js); got != "" {
				t.Errorf("%s: %s:\n%s", p.path, flaw.what, got)
			}
		}
		f.quiet()
	}
}

// wider is what stands out of the page at its side.
var wider = flaw{"the page is wider than the window", `document.documentElement.scrollWidth > innerWidth ? document.documentElement.scrollWidth + " px" : ""`}

// foxSidesAndThemes: Arabic begins at the right, and the night is dark.
func foxSidesAndThemes(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	f.sit(1, parley.Watch)
	for lang, dir := range map[string]string{"en": "ltr", "ar": "rtl"} {
		for _, theme := range []string{"day", "night"} {
			f.cookie("parley-alder-lang", lang)
			f.cookie("parley-alder-theme", theme)
			f.open(question)
			var got struct {
				Dir                                   string
				Light, Ink, Party, Tools, First, Last float64
			}
			f.must(f.tab.Eval(`(() => {
				const light = (c) => c.match(/[\d.]+/g).slice(0, 3).reduce((a, x) => a + Number(x), 0) / 765;
				const mid = (s) => { const r = document.querySelector(s).getBoundingClientRect(); return r.left + r.width / 2; };
				const style = getComputedStyle(document.body);
				return { dir: style.direction, light: light(getComputedStyle(document.documentElement).backgroundColor), ink: light(style.color), party: mid(".party"), tools: mid("#sound"), first: mid(".pages li"), last: mid(".pages li:last-child") };
			})()`, &got))
			if got.Dir != dir || (got.Party < got.Tools) != (dir == "ltr") || (got.First < got.Last) != (dir == "ltr") {
				t.Errorf("%s: %+v", lang, got)
			}
			if dark := got.Light < 0.3 && got.Ink > 0.6; dark != (theme == "night") || !dark && (got.Light < 0.7 || got.Ink > 0.4) {
				t.Errorf("%s %s: %+v", lang, theme, got)
			}
		}
	}
}

// foxHostileText: what the other side wrote is text, wherever it is shown.
func foxHostileText(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	f.sit(1, parley.Watch)
	for _, path := range []string{hostile, "/watch", "/record", birch + "/charter", birch + "/offices"} {
		f.open(path)
		f.until("the page wired", `!document.querySelector("#sound").hidden`)
		if got := foxEval[string](f, `[...document.querySelectorAll("main script, main img, main iframe, main object, main b, main i, [onerror]")].map(e => e.outerHTML.slice(0, 100)).join("\n")`); got != "" {
			t.Errorf("%s holds markup of theirs:\n%s", path, got)
		}
		if got := foxEval[string](f, "document.title"); strings.Contains(got, "owned") {
			t.Errorf("%s: title %q", path, got)
		}
	}
	f.open(hostile)
	if !foxEval[bool](f, `document.querySelector("main").innerText.includes("<script>document.title") && document.querySelector("main").innerText.includes("⟦U+202E⟧")`) {
		t.Errorf("their text is not shown as it is: %.400s", foxEval[string](f, `document.querySelector("main").innerText`))
	}
}
