package desk_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
)

// layoutFaults is the script that names what is wrong with how a page lies in
// its window: what scrolls sideways, is cut off, stands out of its box or over
// something else, is written below 16 px, or is a target below 24 by 24 px.
//
// Two things are meant to be cut: the lines of a list whose whole text is one
// click away, and a table too wide for the window, which scrolls in its own box.
// A link within a line of text is as high as its line (WCAG 2.5.8).
const layoutFaults = `(() => {
	const out = new Set(), W = document.documentElement.clientWidth;
	const cut = ".row-title, .todo li > a, .todo li > bdi, .next-text, .menu > summary .who";
	const roll = ".scroll, .ladder, .calscroll, .lamps[data-many]";
	const say = (what, e, more) => out.add(what + ": " + e.outerHTML.replace(/\s+/g, " ").slice(0, 150) + (more ? " | " + more : ""));
	const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest(".unseen, .skip");
	const meet = (a, b) => Math.min(a.r, b.r) - Math.max(a.l, b.l) > 1.5 && Math.min(a.b, b.b) - Math.max(a.t, b.t) > 1.5;
	if (document.documentElement.scrollWidth > W) out.add("the page scrolls sideways: " + document.documentElement.scrollWidth + " px");

	// lies reports whether a box is on the page, and says what cuts it off.
	const lies = (e, from, box) => {
		for (let a = from; a && a !== document.body; a = a.parentElement) {
			const s = getComputedStyle(a);
			if (s.overflowX === "visible" && s.overflowY === "visible") continue;
			const r = a.getBoundingClientRect(), mid = (box.t + box.b) / 2;
			if (box.l >= r.left - 1.5 && box.r <= r.right + 1.5 && mid >= r.top && mid <= r.bottom) continue;
			if (!a.matches(cut) && !a.matches(roll)) say("cut off", e, "by " + a.className);
			return false;
		}
		if (box.l < -1 || box.r > W + 1) { say("beyond the window", e, Math.round(box.l) + " to " + Math.round(box.r)); return false; }
		return true;
	};
	const block = (e) => { while (getComputedStyle(e).display.startsWith("inline") && getComputedStyle(e).display === "inline" || getComputedStyle(e).display === "contents") e = e.parentElement; return e; };

	const texts = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n = walk.nextNode(); n; n = walk.nextNode()) {
		const p = n.parentElement;
		if (!n.nodeValue.trim() || p.closest("script, style, option, textarea, svg") || !shown(p)) continue;
		if (parseFloat(getComputedStyle(p).fontSize) < 16) say("text below 16 px", p);
		const range = document.createRange(), within = block(p).getBoundingClientRect();
		range.selectNodeContents(n);
		for (const r of range.getClientRects()) {
			if (r.width < 1 || r.height < 1) continue;
			// The middle of the letters: fonts of other scripts are taller than a line.
			const box = { l: r.left, r: r.right, t: r.top + r.height * 0.3, b: r.bottom - r.height * 0.3, n, p };
			if (!lies(p, p, box)) continue;
			if (box.l < within.left - 2 || box.r > within.right + 2) say("out of its box", p, Math.round(box.l - within.left) + " and " + Math.round(within.right - box.r));
			texts.push(box);
		}
	}
	texts.sort((a, b) => a.t - b.t);
	for (let i = 0; i < texts.length; i++) {
		for (let j = i + 1; j < texts.length && texts[j].t < texts[i].b; j++) {
			if (texts[i].n !== texts[j].n && meet(texts[i], texts[j])) say("text over text", texts[i].p, texts[j].p.outerHTML.slice(0, 100));
		}
	}

	const targets = [];
	for (let e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
		if (!shown(e) || e.tagName === "A" && getComputedStyle(e).display === "inline") continue;
		const own = e;
		if (e.matches("[type=checkbox], [type=radio]")) e = e.closest("label") ?? e;
		const r = e.getBoundingClientRect();
		if (r.width < 1 || r.height < 1) continue;
		const box = { l: r.left, r: r.right, t: r.top, b: r.bottom, e };
		if (!lies(e, e.parentElement, box)) continue;
		if (r.width < 23.9 || r.height < 23.9) say("a target below 24 px", own, Math.round(r.width) + " by " + Math.round(r.height));
		if (own.tagName === "SELECT") {
			const c = (window.measuring ??= document.createElement("canvas").getContext("2d")), s = getComputedStyle(own);
			c.font = s.font;
			const wide = c.measureText(own.selectedOptions[0]?.text ?? "").width;
			if (wide > own.clientWidth - parseFloat(s.paddingInlineStart) - 18) say("a choice cut off", own, Math.round(wide) + " in " + own.clientWidth);
		}
		targets.push(box);
	}
	for (let i = 0; i < targets.length; i++) {
		for (let j = i + 1; j < targets.length; j++) {
			const a = targets[i], b = targets[j];
			if (meet(a, b) && !a.e.contains(b.e) && !b.e.contains(a.e)) say("target over target", a.e, b.e.outerHTML.slice(0, 100));
		}
		for (const x of texts) {
			if (meet(targets[i], x) && !targets[i].e.contains(x.p) && !x.p.contains(targets[i].e)) say("target over text", targets[i].e, x.p.outerHTML.slice(0, 100));
		}
	}
	return JSON.stringify([...out].slice(0, 20));
})()`

// widths are those a page is looked at: a telephone, a desk, a wall.
var widths = []int64{320, 1920, 1280}

// lies fails for what is wrong with the layout of the page that is open, at every
// width, with everything unfolded.
func (l *live) lies(name string) {
	l.t.Helper()
	l.liesAt(name, widths)
}

func (l *live) liesAt(name string, widths []int64) {
	l.t.Helper()
	eval[bool](l, l.ctx, `document.querySelectorAll("details:not(.menu)").forEach(d => d.open = true), true`)
	for _, w := range widths {
		l.do(l.ctx, chromedp.EmulateViewport(w, 900))
		awaited[bool](l, l.ctx, "new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => r(true))))") // what follows the size of another part has
		for _, f := range l.layout() {
			l.t.Errorf("%s, %d px: %s", name, w, f)
		}
	}
}

func (l *live) layout() (list []string) {
	l.t.Helper()
	if err := json.Unmarshal([]byte(eval[string](l, l.ctx, layoutFaults)), &list); err != nil {
		l.t.Fatal(err)
	}
	return list
}

// thin takes rows out of lists and tables of which three stand before them that
// are made of the same elements, classes and states: they look the same, and
// axe-core takes seconds over them.
const thin = `(() => {
	const seen = new Map(), like = (e) => [e, ...e.querySelectorAll("*")].map(x => x.tagName + "." + x.className + Object.entries(x.dataset).filter(([k]) => !/^(at|text|late|proved|lamp)$/.test(k)).join()).join();
	let gone = 0;
	for (const e of document.querySelectorAll("main li, main tr")) {
		const k = like(e), n = (seen.get(k) ?? 0) + 1;
		seen.set(k, n);
		if (n > 3) { e.remove(); gone++; }
	}
	return gone;
})()`

// axed makes axe-core known to every page that this browser opens.
func (l *live) axed() {
	l.t.Helper()
	if _, err := chromedp.Call(l.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: axeSource(l.t)}); err != nil {
		l.t.Fatal(err)
	}
}

// as shows the pages that are opened next in a language and a theme.
func (l *live) as(lang, theme string) {
	l.t.Helper()
	l.cookie(l.ctx, "parley-alder-lang", lang)
	l.cookie(l.ctx, "parley-alder-theme", theme)
}

// TestBrowserLooksInMoreLanguages opens every page in French, Spanish and Russian,
// whose words are longer, on a telephone and on a desk.
func TestBrowserLooksInMoreLanguages(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	for _, lang := range []string{"fr", "es", "ru"} {
		l.as(lang, "day")
		for _, p := range pages {
			if p.admin {
				l.sit(l.ctx, 3, parley.Administrator)
			} else {
				l.sit(l.ctx, 1, parley.Watch)
			}
			l.open(l.ctx, p.path)
			if got := eval[string](l, l.ctx, "document.documentElement.lang"); got != lang {
				t.Errorf("%s is in %q, not in %q", p.path, got, lang)
			}
			l.liesAt(lang+" "+p.path, []int64{320, 1280})
		}
	}
	l.mu.Lock()
	l.quietErr = true // the browser logs that a page is not there, or is locked
	l.mu.Unlock()
	for _, lang := range []string{"fr", "es", "ru"} {
		l.as(lang, "day")
		l.strays(lang)
	}
	l.quiet()
}

// TestBrowserLooksAtEveryPage opens every page once in English, Chinese and
// Arabic, and there at every width, and finds nothing cut off, nothing over
// something else, nothing that scrolls sideways, no small text and no small
// target; and, by day and by night, from the left and from the right, no serious
// fault of WCAG 2.1 A or AA. The browser has nothing to complain of.
func TestBrowserLooksAtEveryPage(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	l.axed()
	l.looksRight()
	began, looked := time.Now(), 0
	for _, as := range [][2]string{{"en", "day"}, {"ar", "night"}, {"zh", "day"}, {"zh", "night"}, {"en", "night"}, {"ar", "day"}} {
		again := looked >= 3*len(pages) // in another theme, which changes no layout
		if again && !*axeAll {
			break
		}
		l.as(as[0], as[1])
		for _, p := range pages {
			name := strings.Join(as[:], " ") + " " + p.path
			if p.admin {
				l.sit(l.ctx, 3, parley.Administrator)
			} else {
				l.sit(l.ctx, 1, parley.Watch)
			}
			l.open(l.ctx, p.path)
			if got := eval[string](l, l.ctx, "document.title"); strings.Contains(got, "owned") || !strings.Contains(got, "Alder") {
				t.Errorf("%s: title %q", name, got)
			}
			if !again {
				l.lies(name)
			}
			if again || as[0] != "zh" {
				eval[int](l, l.ctx, thin)
				l.axe(name)
			}
			looked++
		}
	}
	l.mu.Lock()
	l.quietErr = true // the browser logs that a page is not there, or is locked
	l.mu.Unlock()
	for _, lang := range []string{"en", "zh", "ar"} {
		l.as(lang, "day")
		l.strays(lang)
	}
	t.Logf("%d pages in %v", looked, time.Since(began))
	l.quiet()
}

// looksRight shows that the scripts find what they look for.
func (l *live) looksRight() {
	l.t.Helper()
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/help")
	l.do(l.ctx, chromedp.EmulateViewport(1280, 900))
	eval[bool](l, l.ctx, `(() => {
		const put = (style, tag, text) => { const e = document.createElement(tag); Object.assign(e.style, style); e.append(text ?? ""); document.getElementById("main").append(e); return e; };
		put({}, "input");
		put({ width: "3rem", overflow: "hidden", whiteSpace: "nowrap" }, "div", "a text that is too long");
		put({ width: "3rem", whiteSpace: "nowrap" }, "div", "another that is too long");
		put({ marginTop: "-2.2rem" }, "div", "over the one before");
		put({ fontSize: "12px" }, "div", "small");
		put({ width: "2000px" }, "div", "wide");
		put({ display: "block", width: "20px" }, "a", "x").href = "/watch";
		put({ width: "5rem" }, "select", new Option("much too long a choice"));
		return true; })()`)
	if f := l.faults("a field without a label"); len(f) != 2 || !strings.HasPrefix(f[0]+f[1], "label: <input>") {
		l.t.Fatalf("axe-core finds %q where a label is missing, and a choice has none", f)
	}
	got := strings.Join(l.layout(), "\n")
	for _, want := range []string{"cut off:", "out of its box:", "text over text:", "text below 16 px:", "scrolls sideways: 20", "a target below 24 px:", "a choice cut off:"} {
		if !strings.Contains(got, want) {
			l.t.Fatalf("the layout is looked at, and %q is not found in\n%s", want, got)
		}
	}
}

// strays are the pages that need more than an address: the menu, a problem, a
// service message, a seat link, a desk that is locked, and one that was left.
func (l *live) strays(lang string) {
	l.t.Helper()
	for _, path := range []string{"/compose?form=service&line=" + desktest.Birch, "/no/such/page", "/seat/" + desktest.WatchToken} {
		l.open(l.ctx, path)
		l.lies(lang + " " + path)
	}
	session := l.st.Sit(1, parley.Watch)
	l.cookie(l.ctx, "parley-alder-session", session)
	l.open(l.ctx, "/help")
	eval[bool](l, l.ctx, `document.getElementById("menu").open = true, document.querySelectorAll(".pages, #rail, main, .foot").forEach(e => e.hidden = true), true`) // it lies over them
	l.lies(lang + " the menu")
	l.st.Lock()
	l.st.Shut[session] = time.Now()
	l.st.Unlock()
	l.open(l.ctx, "/watch")
	l.lies(lang + " locked")
	eval[bool](l, l.ctx, `document.querySelector('form[action="/leave"]').submit(), true`)
	l.wait("left", func() bool { // the page goes away while it is asked
		left, err := chromedp.Run(l.ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && document.body.dataset.page === "left"`))
		return err == nil && left
	})
	l.lies(lang + " left")
}
