package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// key sends one half of a key stroke.
func (l *live) key(kind input.DispatchKeyEventType, key, code string, vk int64, text string) {
	l.t.Helper()
	p := input.DispatchKeyEventParams{Type: kind, Key: key, Code: code, WindowsVirtualKeyCode: vk}
	if kind == "keyDown" {
		p.Text = text
	}
	if _, err := chromedp.Call(l.ctx, input.DispatchKeyEvent, p); err != nil {
		l.t.Fatal(err)
	}
}

// alarm adds an alarm, at the head of the list or at its end.
func (l *live) alarm(id int64, text string, first bool) {
	l.st.Lock()
	defer l.st.Unlock()
	at := len(l.st.AlarmSet)
	if first {
		at = 0
	}
	l.st.AlarmSet = slices.Insert(l.st.AlarmSet, at, &station.Alarm{ID: id, Line: desktest.Birch, Code: "overdue", Text: text, At: time.Now(), Count: 1})
	l.st.Tell("alarm", desktest.Birch, "")
}

// did waits for an act at the station, and fails for one that must not be.
func (l *live) did(act string, never ...string) {
	l.t.Helper()
	l.wait(act, func() bool { return l.st.Did(act) })
	for _, n := range never {
		if l.st.Did(n) {
			l.t.Errorf("%q was done", n)
		}
	}
}

// A page renews itself under an officer's hands. Whatever has the focus keeps
// it and means what it meant, and a key that was going down acts on what it
// went down on.
func TestBrowserKeepsFocusThroughRenewal(t *testing.T) {
	l := newLive(t)
	l.alarm(21, "Second of two.", false)
	l.alarm(22, "Last of all.", false)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/watch")
	l.until(l.ctx, 15*time.Second, "a stream", `document.querySelector("#sound").hidden === false`)
	l.wait("one listener", func() bool { return l.st.Listeners() == 1 })
	const mine = `(document.activeElement.form?.elements.alarm?.value + " " + document.activeElement.closest("li")?.innerText)`
	focus := func(id int) {
		eval[bool](l, l.ctx, fmt.Sprintf(`[...document.querySelectorAll("#alarms input[name=alarm]")].find(i => i.value === "%d").form.querySelector("button").focus(), true`, id))
	}
	still := func(id int, text string) {
		t.Helper()
		if !eval[bool](l, l.ctx, fmt.Sprintf(`%s.startsWith("%d ") && %s.includes(%q)`, mine, id, mine, text)) {
			t.Errorf("the focus is on %q, want that of alarm %d, %q", eval[string](l, l.ctx, mine), id, text)
		}
	}
	focus(22)
	for n := range int64(3) { // before it, before it again, and before and behind
		l.alarm(30+n, fmt.Sprintf("Newest %d.", n), n != 1)
		l.until(l.ctx, 15*time.Second, "the new alarm", fmt.Sprintf(`document.querySelector("#alarms").innerText.includes("Newest %d.")`, n))
		still(22, "Last of all.")
	}
	// Space acts when it comes up: the page renews while it is down.
	l.key("keyDown", " ", "Space", 32, " ")
	l.alarm(40, "While it was down.", true)
	l.until(l.ctx, 15*time.Second, "the renewal", `document.querySelector("#alarms").innerText.includes("While it was down.")`)
	l.key("keyUp", " ", "Space", 32, "")
	l.did("Silence 22", "Silence 21", "Silence 40", "Silence 30")

	// Enter right after, on another.
	l.until(l.ctx, 15*time.Second, "silenced", `!document.querySelector("#alarms").innerText.includes("Last of all.")`)
	focus(21)
	l.alarm(41, "And one more.", true)
	l.until(l.ctx, 15*time.Second, "the renewal", `document.querySelector("#alarms").innerText.includes("And one more.")`)
	l.do(l.ctx, chromedp.KeyEvent("\r"))
	l.did("Silence 21", "Silence 41", "Silence 40")

	// What had the focus goes away: the focus stays on the page, near where it was.
	l.until(l.ctx, 15*time.Second, "silenced", `!document.querySelector("#alarms").innerText.includes("Second of two.")`)
	focus(41)
	l.st.Lock()
	l.st.AlarmSet = slices.DeleteFunc(l.st.AlarmSet, func(a *station.Alarm) bool { return a.ID == 41 })
	l.st.Tell("alarm", desktest.Birch, "")
	l.st.Unlock()
	l.until(l.ctx, 15*time.Second, "it gone", `!document.querySelector("#alarms").innerText.includes("And one more.")`)
	if got := eval[string](l, l.ctx, `document.activeElement.id || document.activeElement.nodeName`); got != "alarms" && got != "main" {
		t.Errorf("the focus went to %s", got)
	}
	l.quiet()
}

func (l *live) officer(id int64) string {
	l.st.Lock()
	defer l.st.Unlock()
	for _, o := range l.st.People {
		if o.ID == id {
			return o.Name
		}
	}
	return "?"
}

// A button that removes somebody must not come to mean somebody else.
func TestBrowserKeepsMeaningOfButtons(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 3, parley.Administrator)
	l.open(l.ctx, "/station/officers")
	l.until(l.ctx, 15*time.Second, "a stream", `document.querySelector("#sound").hidden === false`)
	l.wait("one listener", func() bool { return l.st.Listeners() == 1 })
	eval[bool](l, l.ctx, `[...document.querySelectorAll("input[name=officer]")].findLast(i => i.form.action.endsWith("/remove") && i.value === "2").form.querySelector("button").focus(), true`)
	l.st.Lock()
	l.st.People = append([]station.Officer{{ID: 77, Name: "Aaron First", Offices: []parley.Office{parley.Watch}, Active: true}}, l.st.People...)
	l.st.Tell("officer", "", "")
	l.st.Unlock()
	l.until(l.ctx, 15*time.Second, "the new officer", `document.body.innerText.includes("Aaron First")`)
	if got := eval[string](l, l.ctx, `document.activeElement.closest("li")?.innerText ?? "nobody"`); !strings.Contains(got, l.officer(2)) {
		t.Errorf("the button that removes %s now stands beside %q", l.officer(2), got)
	}
	l.do(l.ctx, chromedp.KeyEvent("\r"))
	l.did("RemoveOfficer 2", "RemoveOfficer 77", "RemoveOfficer 1")
	l.quiet()
}
