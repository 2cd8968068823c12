package desk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// item is an entry of the fake as it stands now.
func (l *live) item(id string) station.Item {
	l.t.Helper()
	it, err := l.st.Item(l.t.Context(), desktest.Birch, id)
	if err != nil {
		l.t.Fatal(err)
	}
	return it
}

// backed waits for a step of a read-back at the station and on the page.
func (l *live) backed(id, step, text string) {
	l.t.Helper()
	l.wait("the read-back "+step, func() bool {
		b := l.item(id).ReadBacks
		return len(b) > 0 && b[len(b)-1].Step == step && b[len(b)-1].Text == text
	})
	l.until(l.ctx, 15*time.Second, "it on the page", fmt.Sprintf(`[...document.querySelectorAll(".readbacks li[data-step=%s]")].some(e => e.innerText.includes(%q)) && window.mark === 1`, step, text))
}

// TestBrowserReadsBack: an officer reads a dispatch back in words of their own,
// asks the other side to do so, finds what they said right, and finds it wrong
// and says what was meant: each form filled in and sent in a browser, without the
// page being loaded again, by keys where there is something to type.
func TestBrowserReadsBack(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, question)
	l.until(l.ctx, 15*time.Second, "a stream", `!document.querySelector("#sound").hidden`)
	eval[bool](l, l.ctx, "window.mark = 1, true")
	const words, meant = "You ask what we do near 14.2N, and until when.", "Until 1800Z, not at 1800Z."
	l.press("#readback-give summary")
	l.fill("#readback-give textarea", words)
	l.press("#readback-give button.strong")
	l.did("GiveReadBack 9a0f33c1d2e4b586:40")
	l.backed("9a0f33c1d2e4b586:40", "given", words)

	l.open(l.ctx, ourUrgent)
	l.until(l.ctx, 15*time.Second, "a stream", `!document.querySelector("#sound").hidden`)
	eval[bool](l, l.ctx, "window.mark = 1, true")
	l.do(l.ctx, chromedp.Click(chromedp.CSS(`form[action$="/askreadback"] button`)))
	l.did("AskReadBack 41c07d5e88aa9b10:58")
	l.backed("41c07d5e88aa9b10:58", "asked", "")

	// What was meant must be said.
	l.press(`.readbacks li[data-step=given] summary`)
	l.press(`.readbacks li[data-step=given] button[value=no]`)
	if l.st.Did("FindReadBack 9a0f33c1d2e4b586:43 false") {
		t.Error("it was found wrong, and nothing was said")
	}
	l.fill(`.readbacks li[data-step=given] textarea`, meant)
	l.press(`.readbacks li[data-step=given] button[value=no]`)
	l.did("FindReadBack 9a0f33c1d2e4b586:43 false", "FindReadBack 9a0f33c1d2e4b586:43 true")
	l.backed("41c07d5e88aa9b10:58", "wrong", meant)
	if eval[bool](l, l.ctx, `document.querySelector('.readbacks button[name=right]') !== null`) {
		t.Error("what was found wrong can be found so again")
	}
	l.st.Lock() // they read it back once more
	for _, it := range l.st.Items {
		if it.ID == "41c07d5e88aa9b10:58" {
			it.ReadBacks = append(it.ReadBacks, station.ReadBack{ID: "9a0f33c1d2e4b586:44", Step: "given", Party: "birch", Text: "至18时止。", Language: "zh", At: time.Now(), Open: true})
		}
	}
	l.st.Tell("item", desktest.Birch, "41c07d5e88aa9b10:58")
	l.st.Unlock()
	l.until(l.ctx, 15*time.Second, "it, without being asked for", `document.querySelector(".readbacks button[value=yes]") !== null && document.querySelector(".readbacks").innerText.includes("至18时止。")`)
	l.do(l.ctx, chromedp.Click(chromedp.CSS(".readbacks button[value=yes]")))
	l.did("FindReadBack 9a0f33c1d2e4b586:44 true")
	l.backed("41c07d5e88aa9b10:58", "right", "")
	l.quiet()
}

// TestBrowserCallsOut: who is not reached, and why, and who is told, are noted
// from the board, one after the other down the list.
func TestBrowserCallsOut(t *testing.T) {
	l := newLive(t)
	l.st.Lock()
	l.st.Told = map[string][]station.Told{}
	first, second := l.st.Called[0].Name, l.st.Called[1].Name
	l.st.Unlock()
	l.sit(l.ctx, 1, parley.Watch)
	l.open(l.ctx, "/watch")
	l.until(l.ctx, 15*time.Second, "whom to tell first", fmt.Sprintf(`!document.querySelector("#sound").hidden && document.querySelector("#callout .esc-next strong").innerText === %q`, first))
	eval[bool](l, l.ctx, "window.mark = 1, true")
	told := func(n int, who, note string, reached bool) {
		t.Helper()
		l.wait(who+" noted", func() bool {
			l.st.Lock()
			defer l.st.Unlock()
			list := l.st.Told["41c07d5e88aa9b10:58"]
			return len(list) == n && list[n-1].Who == who && list[n-1].Note == note && list[n-1].Reached == reached && list[n-1].By == "Lt Ruiz"
		})
		l.until(l.ctx, 15*time.Second, "it on the board", fmt.Sprintf(`document.querySelectorAll("#callout .tolds li").length === %d && document.querySelector("#callout .tolds li:last-child").innerText.includes(%q) && window.mark === 1`, n, note))
	}
	l.fill("#callout input[name=note]", "rings, nobody lifts")
	l.press("#callout button[value=no]")
	told(1, first, "rings, nobody lifts", false)
	l.until(l.ctx, 15*time.Second, "the next", fmt.Sprintf(`document.querySelector("#callout .esc-next strong").innerText === %q && document.querySelector("#callout input[name=note]").value === ""`, second))
	l.fill("#callout input[name=note]", "comes at once")
	l.press("#callout button[value=yes]")
	told(2, second, "comes at once", true)
	l.until(l.ctx, 15*time.Second, "the end of the list", `document.querySelector("#callout .esc-next") === null`)
	l.quiet()
}
