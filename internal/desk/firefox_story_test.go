package desk_test

import (
	"fmt"
	"testing"
	"time"

	"parley/internal/desk/foxtest"
	"parley/internal/station"
)

// enter lets an officer into the desk of a side, in a tab of his own.
func enter(t *testing.T, b *foxtest.Browser, s *side, o station.Officer) *fox {
	t.Helper()
	f := newFox(t, b, s.live)
	f.must(f.tab.Before(listenIn))
	f.open(s.seat(o))
	f.click("form button.strong")
	f.until("the watch board", `document.body.dataset.page === "watch" && document.querySelector("#sound")?.hidden === false`)
	return f
}

// foxFlash: between two real stations, one officer writes a FLASH and another
// releases it. The other side's tab, which is hidden, sounds within 2 s of its
// being stored; a tab there that was never clicked says that it is NOT ARMED, and
// the alarm command runs. There it is silenced, opened and acknowledged, and the
// releaser's page, never loaded again, shows that it is stored and then opened.
func foxFlash(t *testing.T, b *foxtest.Browser) {
	line, alder, birch := newPair(t)
	armed := enter(t, b, birch, birch.watch)
	armed.click("#sound")
	armed.until("armed and tested", `/^SOUND ARMED, tested \d{4}Z$/.test(document.querySelector("#sound").innerText.trim())`)
	mute := enter(t, b, birch, birch.watch)

	writer := enter(t, b, alder, alder.watch)
	writer.open("/compose?line=" + line)
	writer.click(`input[name=to][value="birch/watch"]`)
	writer.click(`input[name=precedence][value=FLASH] + span`)
	writer.until("the reason", `document.querySelector("input[name=reason]").checkVisibility()`)
	foxEval[bool](writer, `(document.querySelector("select[name=marker]").focus(), true)`)
	writer.keys("Q") // QUESTION
	for field, text := range map[string]string{"input[name=reason]": "Near.", "input[name=subject]": "Tug", "textarea[name=text]": "Is the tug yours?"} {
		writer.click(field)
		writer.keys(text)
	}
	writer.until("saved", `document.querySelector("#savestate").dataset.state === "saved" && document.querySelector("#side").innerText.includes("Is the tug yours?")`)
	writer.click("#compose .when-two")
	writer.until("the work page", `location.pathname === "/work" && document.querySelector("main").innerText.includes("Tug")`)

	releaser := enter(t, b, alder, alder.envoy)
	releaser.open("/work")
	releaser.click(`main a[href^="/draft/"]`)
	releaser.until("what will be signed", `location.pathname.startsWith("/draft/") && document.querySelector("#releasing .sheet")?.innerText.includes("Is the tug yours?")`)
	releaser.click(`main input[name=precedence][value=FLASH] + span`)
	armed.until("the test is over", "window.heard.length && Date.now() - window.heard.at(-1).at > 1200")
	if !foxEval[bool](armed, "document.hidden") {
		t.Error("the armed tab is not hidden")
	}
	foxEval[bool](armed, "(window.heard.length = 0, true)")
	releaser.click("button.release")
	stored := birch.stored("Tug")
	birch.rung("Tug", stored)
	armed.until("the FLASH is heard", "window.heard.length && Date.now() - window.heard[0].at > 700")
	var got []block
	armed.must(armed.tab.Eval("window.heard", &got))
	first := played(got, flashTones[0])
	if first.IsZero() || first.Sub(stored) > 2*time.Second {
		t.Errorf("heard %v after it was stored", first.Sub(stored))
	}
	t.Logf("heard %v after it was stored", first.Sub(stored))
	mute.until("the FLASH, and no sound", `document.querySelector("#ring").dataset.ring === "flash" && document.querySelector("#sound").innerText.includes("SOUND NOT ARMED")`)
	if n := foxEval[int](mute, "window.heard.length"); n > 0 {
		t.Errorf("a tab that was never clicked played %d blocks", n)
	}
	releaser.until("stored there", ladder("stored"))

	mute.must(mute.tab.Show())
	mute.click(".strip [data-key=s]")
	armed.until("silence", `document.querySelector("#ring").dataset.ring === "" && document.querySelector(".strip") !== null`)
	mute.click(".strip [data-key=o]")
	mute.until("the text", `location.pathname.includes("/item/") && document.querySelector(".sheet").innerText.includes("Is the tug yours?")`)
	mute.click("[data-key=a]")
	mute.until("the receipt", `document.querySelector(".didit") !== null && !document.querySelector(".strip")`)
	releaser.until("opened there", ladder("opened"))
}

// ladder is whether a rung of the entry on the page is reached.
func ladder(rung string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".step[data-done=yes] .step-name")].some(e => e.textContent === %q)`, rung)
}
