package desk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parley"
)

// focusBare is what has the focus and does not show it.
const focusBare = `(() => { const e = document.activeElement;
	const seen = (x) => x && (getComputedStyle(x).outlineStyle !== "none" || getComputedStyle(x).boxShadow !== "none");
	return e === document.body || seen(e) || seen(e.nextElementSibling) ? "" : e.outerHTML.slice(0, 120); })()`

// tab goes on with Tab until the element has the focus. Every stop on the way
// shows where the focus is.
func (l *live) tab(selector string) {
	l.t.Helper()
	for range 90 {
		if eval[bool](l, l.ctx, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
		l.key("keyDown", "Tab", "Tab", 9, "")
		l.key("keyUp", "Tab", "Tab", 9, "")
		if bare := eval[string](l, l.ctx, focusBare); bare != "" {
			l.t.Errorf("nothing shows the focus on %s", bare)
		}
	}
	l.t.Fatalf("Tab does not come to %s", selector)
}

func (l *live) types(text string) {
	l.t.Helper()
	for _, c := range text {
		l.do(l.ctx, chromedp.KeyEvent(string(c)))
	}
}

func (l *live) enter() { l.t.Helper(); l.do(l.ctx, chromedp.KeyEvent("\r")) }

// TestBrowserByKeysAlone writes and releases a dispatch, and opens and
// acknowledges one, with a keyboard and nothing else.
func TestBrowserByKeysAlone(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/watch")
	l.until(l.ctx, 15*time.Second, "a stream", `document.querySelector("#sound").hidden === false`)

	l.types("c")
	l.until(l.ctx, 15*time.Second, "compose", `location.pathname === "/compose" && document.querySelector("#compose").contains(document.activeElement)`)
	l.tab(`input[name=to][value="birch/watch"]`)
	l.types(" ")
	l.tab("select[name=marker]")
	l.key("keyDown", "ArrowDown", "ArrowDown", 40, "")
	l.key("keyUp", "ArrowDown", "ArrowDown", 40, "")
	l.tab("input[name=subject]")
	l.types("By keys")
	l.tab("textarea[name=text]")
	l.types("All by keys.")
	l.until(l.ctx, 15*time.Second, "saved", `document.querySelector("#savestate").dataset.state === "saved" && document.activeElement.name === "text"`)
	l.tab("#compose button.when-one")
	l.enter()
	l.until(l.ctx, 15*time.Second, "the release", `location.pathname.endsWith("/release")`)
	id := eval[string](l, l.ctx, `location.pathname.split("/")[2]`)
	l.tab("main input[name=precedence]")
	l.types(" ")
	l.tab("main form button.strong")
	l.enter()
	l.did("Release " + id + " ROUTINE")

	l.until(l.ctx, 15*time.Second, "the record of it", `location.pathname.includes("/item/")`)
	l.types("gw")
	l.until(l.ctx, 15*time.Second, "the watch board", `location.pathname === "/watch"`)
	l.types("o")
	l.enter()
	l.until(l.ctx, 15*time.Second, "the text", `location.pathname.endsWith(":41") && document.querySelector(".sheet").innerText.includes("该飞机是否属于贵方")`)
	l.types("a")
	l.enter()
	l.did("Acknowledge 9a0f33c1d2e4b586:41")
	l.quiet()
}
