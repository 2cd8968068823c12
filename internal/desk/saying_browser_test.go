package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// TestBrowserWritesReadout: our readout is at the station as it is typed; who types
// over what somebody else saved sees the words that differ and keeps his own; what
// the station did not take stays in the browser; and a difference leads to its words.
func TestBrowserWritesReadout(t *testing.T) {
	l := newLive(t)
	l.mu.Lock()
	l.quietErr = true // the browser logs the refusals
	l.mu.Unlock()
	l.sit(l.ctx, 2, parley.Envoy)
	l.open(l.ctx, said)
	l.until(l.ctx, 15*time.Second, "the form", `document.querySelector("#compose")?.dataset.wired === "1" && !document.querySelector("#sound").hidden`)
	eval[bool](l, l.ctx, "window.mark = 1, true")
	const field = "textarea[name=text-2-en]"
	text := func() string {
		l.st.Lock()
		defer l.st.Unlock()
		for _, it := range l.st.Say.Readout.Items {
			if it.Topic == "Rescue corridor" {
				return it.Texts[0].Text
			}
		}
		return ""
	}
	l.fill(field, "Open to all.")
	began := time.Now()
	l.wait("at the station", func() bool { return text() == "Open to all." })
	if took := time.Since(began); took > time.Second {
		t.Errorf("it was kept %v after the last key", took)
	}
	l.until(l.ctx, 15*time.Second, "saved, and back to drafted", `document.querySelector("#savestate").dataset.state === "saved" && document.querySelector("#side .steps").innerText.includes("not yet") && window.mark === 1`)
	l.st.Lock()
	o := l.st.Say.Readout
	o.Version++
	o.Author = "Lt Ruiz"
	for i := range o.Items {
		if o.Items[i].Topic == "Rescue corridor" {
			o.Items[i].Texts[0].Text = "Open to all ships."
		}
	}
	l.st.Unlock()
	l.fill(field, "Open to all boats.")
	l.until(l.ctx, 15*time.Second, "the words that differ", `document.querySelector("#conflict ins")?.innerText.includes("boats") && document.querySelector("#conflict del")?.innerText.includes("ships") && !document.querySelector("#keep-mine").hidden`)
	l.do(l.ctx, chromedp.Click(chromedp.CSS("#keep-mine")))
	l.wait("mine at the station", func() bool { return text() == "Open to all boats." })
	l.st.Lock()
	l.st.Fail["SaveReadout"] = parley.Errorf(parley.Unavailable, "the store is away")
	l.st.Unlock()
	l.fill(field, "Kept here.")
	l.until(l.ctx, 15*time.Second, "kept here", `document.querySelector("#savestate").innerText.includes("Kept in this browser")`)
	l.open(l.ctx, said)
	l.until(l.ctx, 15*time.Second, "it back", fmt.Sprintf(`document.querySelector(%q)?.value === "Kept here."`, field))
	l.st.Lock()
	delete(l.st.Fail, "SaveReadout")
	l.st.Unlock()
	l.wait("at the station after all", func() bool { return text() == "Kept here." })

	// A difference leads to its words, and they back to it.
	l.press(`#mark-3 a[href="#mark-3-ours"]`)
	l.until(l.ctx, 15*time.Second, "its words", `document.querySelector(":target")?.id === "mark-3-ours"`)
	l.press(`#mark-3-ours a.lit-n`)
	l.until(l.ctx, 15*time.Second, "the difference", `document.querySelector(":target")?.id === "mark-3"`)
	// The words of a readout stand in a line of their own and in their own direction,
	// also where the page is written from right to left.
	if got := eval[string](l, l.ctx, `(() => {
		const was = document.documentElement.dir;
		document.documentElement.dir = "rtl";
		const bad = [...document.querySelectorAll("#wordings .how[data-how=reworded]")].map(h => {
			const q = h.querySelector("q"), mark = h.querySelector("strong").getBoundingClientRect(), at = q.getBoundingClientRect();
			return getComputedStyle(q).direction === "ltr" && at.top >= mark.bottom - 1 && at.width <= h.parentElement.getBoundingClientRect().width + 1 ? "" : q.innerText + " beside its mark";
		});
		document.documentElement.dir = was;
		return bad.length ? bad.join("") : "there is none";
	})()`); got != "" {
		t.Error(got)
	}
	// What comes leaves the page as it is, and its fields.
	eval[bool](l, l.ctx, "window.mark = 1, true")
	l.st.Lock()
	l.st.SayEarly()
	l.st.Tell("item", desktest.Birch, desktest.TheirEarly)
	l.st.Unlock()
	l.until(l.ctx, 15*time.Second, "published early", `document.querySelector("#now .early")?.innerText.includes("PUBLISHED BEFORE") && window.mark === 1 && `+notRun)
	l.quiet()
}

// spoke lets both sides agree on a call, and returns its id.
func (s *side) spoke(other *side, line string) string {
	s.t.Helper()
	at := time.Now().Add(30 * time.Hour).Truncate(time.Minute)
	if _, err := s.st.AskContact(s.t.Context(), s.envoy, line, station.ContactTerms{Level: "leader", Medium: "voice", Topics: []string{"Energy", "Rescue corridor"}, Windows: []station.ContactWindow{{Start: at, End: at.Add(time.Hour)}}}); err != nil {
		s.t.Fatal(err)
	}
	id := ""
	other.wait("the request", func() bool {
		b, err := other.st.Contacts(s.t.Context(), line, time.Time{})
		if err == nil && len(b.Contacts) == 1 {
			id = b.Contacts[0].ID
		}
		return id != ""
	})
	if _, err := other.st.ReplyContact(s.t.Context(), other.envoy, line, id, station.ContactReply{Accept: true, Window: 1, Zone: "UTC"}); err != nil {
		s.t.Fatal(err)
	}
	return id
}

// approves has the watch write a readout, and the envoy review and approve it.
func (s *side) approves(line, id string, items ...station.SaidItem) {
	s.t.Helper()
	ctx := s.t.Context()
	o, err := s.st.SaveReadout(ctx, s.watch, line, id, 0, items)
	if err == nil {
		o, err = s.st.ReviewReadout(ctx, s.envoy, line, id, o.Version)
	}
	if err == nil {
		_, err = s.st.ApproveReadout(ctx, s.envoy, line, id, o.Version)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func inEnglish(topic, text string) station.SaidItem {
	return station.SaidItem{Topic: topic, Texts: []station.SaidText{{Language: "en", Text: text}}}
}

// TestBrowserSaysWhatWasSaid: two real stations agree an embargo; neither sees the
// other's readout before both are ready; then both lie side by side at each, what
// differs lit; one publishes before the embargo ends, and both see that, with both
// times; a joint statement is proposed, signed and read, and stands at both; each
// page follows without being loaded again.
func TestBrowserSaysWhatWasSaid(t *testing.T) {
	t.Parallel() // it waits, most of its time
	line, alder, birch := newPair(t)
	id := alder.spoke(birch, line)
	page := "/line/" + line + "/contact/" + id + "/said"
	alder.browse()
	birch.joins(alder)
	alder.takes(alder.envoy, page)
	birch.takes(birch.envoy, page)

	until := time.Now().UTC().Add(2 * time.Hour).Truncate(time.Minute)
	alder.puts("#embargo-propose form", "until", until.Format("2006-01-02T15:04"), "zone", "UTC", "text", "Both home <b>")
	alder.presses("#embargo-propose button.strong")
	birch.says("an embargo is proposed", `document.querySelector("#embargo .embargo-open")?.innerText.includes("Both home <b>") && `+notRun)
	birch.presses(`#embargo .embargo-open button[value=agree]`)
	for _, s := range []*side{alder, birch} {
		s.says("the embargo stands", fmt.Sprintf(`document.querySelector("#embargo .embargo-left")?.innerText.includes("left") && document.querySelector("#embargo .embargo-now").innerText.includes(%q)`, parley.DTG(until)))
	}

	alder.approves(line, id, inEnglish("", "The leaders spoke."), inEnglish("Energy", "Both sides confirmed that energy and infrastructure is not a target. From 12 December 14 barges may pass."), inEnglish("Prisoners", "They must come home."))
	birch.approves(line, id, inEnglish("", "The leaders spoke."), inEnglish("Energy", "Both sides confirmed that energy infrastructure is not a target. From 12 December 12 barges may pass."))
	alder.says("approved", `document.querySelector(".ready-form button") !== null`)
	alder.presses(".ready-form button.strong")
	for _, s := range []*side{alder, birch} {
		s.says("one is ready", `document.querySelector('#exchange li[data-state=ready]') !== null`)
	}
	if eval[bool](birch.live, birch.ctx, `document.body.innerText.includes("come home")`) || eval[bool](birch.live, birch.ctx, `document.querySelector("#beside") !== null`) {
		t.Error("birch sees alder's readout before it is ready itself")
	}
	birch.presses(".ready-form button.strong")
	for _, s := range []*side{alder, birch} {
		s.says("both are shown", `document.querySelectorAll('#exchange li[data-state=shown]').length === 2 && document.querySelectorAll("#marks .litmarks > li").length >= 2`)
		s.says("what differs is lit", `[...document.querySelectorAll(".said-text mark.lit[data-kind=figure]")].map(e => e.firstChild.textContent).sort().join() === "12,14" && document.querySelector("#marks").innerText.includes("Prisoners")`)
	}

	// Birch publishes before the embargo ends, and is refused until it says why.
	birch.mu.Lock()
	birch.quietErr = true // the browser logs the refusal
	birch.mu.Unlock()
	birch.goes(strings.TrimSuffix(page, "/said") + "/publish")
	birch.presses("form.publishform button[value=look]")
	birch.says("a second look", `document.querySelector("form.publishform input[name=sure]") !== null && document.querySelector(".statement").innerText.includes("energy infrastructure")`)
	birch.presses("form.publishform input[name=sure]")
	birch.presses("form.publishform button[value=publish]")
	birch.says("it is refused", `document.querySelector("#problem") !== null && document.querySelector("#published") === null`)
	birch.presses("form.publishform button[value=edit]")
	birch.says("the form", `document.querySelector("form.publishform [name=insist]")?.tagName === "TEXTAREA"`)
	birch.puts("form.publishform", "insist", "It leaked.", "where", "https://birch.example/1")
	birch.presses("form.publishform button[value=look]")
	birch.says("a second look", `document.querySelector("form.publishform input[name=sure]") !== null`)
	birch.presses("form.publishform input[name=sure]")
	birch.presses("form.publishform button[value=publish]")
	for _, s := range []*side{alder, birch} {
		s.says("published early, with both times", fmt.Sprintf(`document.querySelector("#now .early")?.innerText.includes("PUBLISHED BEFORE THE EMBARGO ENDED") && document.querySelectorAll("#now .early time").length === 2 && document.querySelector("#now .early").innerText.includes(%q) && document.querySelector("#published [data-early] a[href$='/public']") !== null`, parley.DTG(until)))
	}

	// A joint statement.
	alder.goes(strings.TrimSuffix(page, "/said") + "/joint?from=birch")
	alder.puts("form.readout", "text-0-en", "The leaders spoke, and agree on this text.")
	alder.presses("form.readout button[value=look]")
	alder.says("what will be signed", `document.querySelector("#terms .statement")?.innerText.includes("agree on this text")`)
	alder.presses("#terms button[value=sign]")
	for _, s := range []*side{alder, birch} {
		s.says("it is open", `document.querySelector("#joints .jointly")?.dataset.state === "open"`)
	}
	birch.presses("#joints .sign-form input[name=sure]")
	birch.presses("#joints .sign-form button[value=sign]")
	for _, s := range []*side{alder, birch} {
		s.says("both have signed", `document.querySelectorAll("#joints [data-signed=yes]").length === 2`)
	}
	for _, s := range []*side{alder, birch} {
		if eval[bool](s.live, s.ctx, `document.querySelector("#joints button[value=open]") !== null`) {
			s.presses("#joints button[value=open]")
		}
	}
	for _, s := range []*side{alder, birch} {
		s.says("it stands", `document.querySelector("#joints .jointly")?.dataset.state === "joint" && document.querySelector("#joints a[href*='publish?joint=']") !== null`)
	}
	alder.quiet()
	birch.quiet()
}
