package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/desk/foxtest"
)

const (
	callPath  = birch + "/call"
	guestPath = "/call/" + desktest.GuestSecret
)

// callPages are the pages of a call in every state, with what each must show in
// English: what pages is for those that have one state.
var callPages = []struct {
	on, path string
	texts    []string
}{
	{desktest.CallRings, callPath, []string{"It rings here", ">Lift</button>", "As arranged &lt;i&gt;", "Decline", "!Nobody has lifted"}},
	{desktest.CallLobby, callPath, []string{"Lobby", "Join the call", "When every side is ready", "!data-span", "RECORDED by each side", "Each side records this call", "!no longer recorded here"}},
	{desktest.CallGoes, callPath, []string{`data-whose="theirs"`, "1:48", "00:14:22", "Osei &lt;b&gt;", "⟦U+202E⟧", "!call-silent", "Hang up", "Both sides keep the channel open &lt;u&gt;", "booth into English", "!<b>", "not recorded", "!RECORDED"}},
	{desktest.CallAiled, callPath, []string{`data-whose="ours"`, "You are muted: nobody hears you.", "Birch is not heard for 0:07", "consulting &lt;b&gt;", "End the hold", "Wu &lt;u&gt;", `id="call-camera"`, "RECORDED by each side", "It is no longer recorded here", "!Each side records this call"}},
	{desktest.CallLobby, guestPath, []string{"Please wait", "A. Alder", "Barges next.", "RECORDED by each side", "Each side keeps its own copy of what you say"}},
	{desktest.CallGoes, guestPath, []string{`data-whose="theirs"`, "1:48", "!call-silent", "!call-camera"}},
	{desktest.CallAiled, guestPath, []string{"YOUR TURN", "It is no longer recorded here", "You are muted: nobody hears you.", "Birch is not heard for 0:07", "Not the tariff &lt;i&gt;"}},
}

// on has a call stand so.
func (l *live) on(call string) {
	l.st.Lock()
	l.st.OnCall = call
	l.st.Unlock()
}

// TestCallPages: what pages of a call say, and to whom.
func TestCallPages(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "zh", "ar", "ru"} {
		for _, p := range callPages {
			t.Run(lang+p.on+p.path[:6], func(t *testing.T) {
				b := watch(t)
				b.st.OnCall = p.on
				if p.path == guestPath {
					b.cookies = map[string]string{}
				}
				b.cookies["parley-alder-lang"] = lang
				texts := []string{`<html lang="` + lang + `"`, "!<script>", "!ZgotmplZ", "!<no value>", "!\u202e"}
				if lang == "en" {
					texts = append(texts, p.texts...)
				}
				a := b.get(p.path).want(t, 200, texts...)
				if lang != "en" {
					for _, x := range leaks(a.body) {
						t.Errorf("not in %s: %q", lang, x)
					}
				}
				if strings.Contains(b.log.String(), "level=ERROR") {
					t.Errorf("log: %s", b.log)
				}
			})
		}
	}
}

// TestPreviewOfAGuestsLink: who only looks at the link of a guest puts nobody on a call, and
// sees nothing of it.
func TestPreviewOfAGuestsLink(t *testing.T) {
	b := newBench(t)
	b.st.OnCall, b.st.GuestAway = desktest.CallGoes, true
	for range 2 {
		b.get(guestPath).want(t, 200, "Join the call", "A. Alder", "!Birch", "!/line/", `!id="turnbar"`, `!id="call-connect"`)
		if !b.st.GuestAway {
			t.Fatal("a look at the link joined")
		}
	}
	b.post(guestPath+"/join").to(t, guestPath)
	if b.st.GuestAway {
		t.Error("the button does not join")
	}
	b.get(guestPath).want(t, 200, `id="turnbar"`, "!Join the call")
	b.st.OnCall = desktest.NoCall
	b.post(guestPath+"/join").want(t, 404)
	b.get(guestPath).want(t, 404)
}

// TestGuestSeesNothingOfTheStation: his page has the call, and nothing besides; who
// guesses at it gets nothing at all; and what is not his to do is not there.
func TestGuestSeesNothingOfTheStation(t *testing.T) {
	for _, on := range []string{desktest.CallLobby, desktest.CallGoes, desktest.CallAiled} {
		b := newBench(t)
		b.st.OnCall = on
		a := b.get(guestPath).want(t, 200, "!0042", "!Cedar", "!Energy infrastructure", "!/line/", `!href="/watch`, `!href="/record`, `!href="/contacts`, "!QUIC 31", "!data-live", "!Hang up", "!Take off", "!Side room", "!Act…", "!invite", "!Confirmed wording", "!Disputed", "!Calls before")
		if a.Header.Get("Set-Cookie") != "" {
			t.Error("a guest gets a cookie")
		}
	}
	for _, path := range []string{"/call/GUESSED", "/call/" + desktest.GuestSecret[:26]} {
		b := newBench(t)
		b.st.OnCall = desktest.CallGoes
		b.get(path).want(t, 404, "!A. Alder", "!Birch")
	}
	b := newBench(t)
	b.st.OnCall = desktest.CallGoes
	for _, act := range []string{"leave", "aside", "become", "interpret", "ready", "hold", "remove"} {
		b.post(guestPath+"/do", "do", act).want(t, 404)
	}
	for _, act := range []string{"hangup", "side", "note", "wording", "judge", "invite", "ring"} {
		b.post(guestPath+"/"+act, "do", "").want(t, 404)
	}
	if n := len(b.st.Calls); n > 0 {
		t.Errorf("a guest did %q", b.st.Calls)
	}
	b.post(guestPath+"/do", "do", "mute").to(t, guestPath)
	if !b.st.Did("ActOnCall 1 mute") {
		t.Errorf("the station was told %q", b.st.Calls)
	}
}

// TestRecordings: who may play a recording, and who may delete it, is shown how, and
// nobody else; what is played is sound, of whole length, and inline.
func TestRecordings(t *testing.T) {
	id := strings.ReplaceAll(desktest.RecordedCall, ":", "%3A")
	play := callPath + "/" + id + "/recording/1"
	for office, want := range map[parley.Office][]string{
		parley.Watch:         {"!<audio", "!Delete the recording", "kept by that side"},
		parley.Envoy:         {"<audio", "!Delete the recording"},
		parley.Principal:     {"<audio", "!Delete the recording"},
		parley.Archivist:     {"<audio", "Delete the recording"},
		parley.Administrator: {"!<audio", "Delete the recording"},
	} {
		b := newBench(t).sit(1, office)
		want = append(want, "5a5a5a5a5a5a", "Play the voice of A. Alder", "cut short")
		if office == parley.Watch || office == parley.Administrator {
			want[len(want)-2] = "A. Alder &lt;b&gt;"
		}
		for i, x := range want {
			if x == "kept by that side" {
				want[i] = "deleted, or not here"
			}
		}
		b.get(callPath).want(t, 200, want...)
	}
	b := newBench(t).sit(1, parley.Archivist)
	a := b.get(play).want(t, 200, desktest.Played)
	if a.Header.Get("Content-Type") != "audio/ogg" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "inline") || a.Header.Get("Cache-Control") != "no-store" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "media-src 'self'") {
		t.Errorf("it comes as %v", a.Header)
	}
	b.post(callPath+"/unrecord", "about", desktest.RecordedCall, "file", "1").to(t, callPath+"?said=call_unrecord")
	b.get(callPath+"/"+id+"/recording/x").want(t, 404)
	for _, did := range []string{"PlayRecording", "DeleteRecording"} {
		if !b.st.Did(did + " " + desktest.RecordedCall + " 1") {
			t.Errorf("the station was told %q", b.st.Calls)
		}
	}
}

// TestCallRightsByOffice: who may not ring, lift or put through is shown no way to,
// and who may not confirm a wording none to that.
func TestCallRightsByOffice(t *testing.T) {
	for office, want := range map[parley.Office][]string{
		parley.Watch:      {"Hang up", "Act…", "!>Confirm</button>"},
		parley.Envoy:      {"Hang up", "Act…", ">Confirm</button>"},
		parley.Translator: {"!Hang up", "!Act…", "!>Confirm</button>", "!A link for", "Notes to the principal"},
	} {
		b := newBench(t).sit(1, office)
		b.st.OnCall = desktest.CallGoes
		b.get(callPath).want(t, 200, want...)
		b.st.OnCall = desktest.CallRings
		lifts := "!>Lift</button>"
		if office != parley.Translator {
			lifts = lifts[1:]
		}
		b.get(callPath).want(t, 200, lifts)
	}
}

// TestBrowserLooksAtCalls does for the pages of calls what
// TestBrowserLooksAtEveryPage and TestBrowserLooksInMoreLanguages do for all others.
func TestBrowserLooksAtCalls(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	l.axed()
	l.sit(l.ctx, 1, parley.Watch)
	for i, lang := range []string{"en", "ar", "zh", "fr", "es", "ru"} {
		theme := []string{"day", "night"}[i%2]
		l.as(lang, theme)
		for _, p := range callPages {
			name := fmt.Sprint(lang, " ", theme, " ", p.on, " ", p.path[:6])
			l.do(l.ctx, chromedp.Navigate("about:blank")) // the page before must not look for what is there no more
			l.on(p.on)
			l.open(l.ctx, p.path)
			if eval[bool](l, l.ctx, `document.title.includes("owned") || !document.querySelector(".call-rings, #turn, #join")`) {
				t.Errorf("%s: %.300s", name, eval[string](l, l.ctx, "document.body.innerText"))
			}
			l.lies(name)
			if i < 2 {
				l.do(l.ctx, chromedp.EmulateViewport(1280, 900))
				l.axe(name)
			}
		}
	}
	l.quiet()
}

// foxCalls: the pages of calls in Firefox, without what no page may have, and by
// axe-core.
func foxCalls(t *testing.T, b *foxtest.Browser) {
	f := newFox(t, b, newServed(t))
	f.axed()
	f.sit(1, parley.Watch)
	for _, as := range [][2]string{{"en", "night"}, {"ar", "day"}} {
		f.cookie("parley-alder-lang", as[0])
		f.cookie("parley-alder-theme", as[1])
		for _, p := range callPages {
			f.on(p.on)
			f.open(p.path)
			foxEval[bool](f, `(document.querySelectorAll("details:not(.menu)").forEach(d => d.open = true), true)`)
			for _, flaw := range append(flaws, wider) {
				if got := foxEval[string](f, flaw.js); got != "" {
					t.Errorf("%s %s: %s:\n%s", p.on, p.path, flaw.what, got)
				}
			}
			for _, fault := range f.faults(p.path) {
				t.Errorf("%s %s %s: %s", as[0], p.on, p.path, fault)
			}
			if got := foxEval[string](f, hostileMarkup); got != "" {
				t.Errorf("%s holds markup of theirs:\n%s", p.path, got)
			}
			f.quiet()
		}
	}
}

// hostileMarkup is what stands in a page only if somebody's text became markup.
const hostileMarkup = `[...document.querySelectorAll("main script, main img, main iframe, main object, main b, main i, main u, [onerror]")].map(e => e.outerHTML.slice(0, 100)).join("\n")`

// TestBrowserCallByKeysAlone lifts, joins, mutes, chooses a booth, is ready and
// hangs up with a keyboard and nothing else; every control has a name.
func TestBrowserCallByKeysAlone(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	began := func(on string) {
		l.on(on)
		l.open(l.ctx, callPath)
		l.until(l.ctx, 15*time.Second, "a stream", `document.querySelector("#sound").hidden === false`)
		if bare := eval[string](l, l.ctx, `[...document.querySelectorAll("main :is(button, input:not([type=hidden]), select, summary, meter)")].filter(e => !(e.textContent.trim() || e.ariaLabel || e.labels?.[0]?.textContent.trim())).map(e => e.outerHTML.slice(0, 90)).join("\n")`); bare != "" {
			t.Errorf("%s: without a name:\n%s", on, bare)
		}
	}
	press := func(selector, did string) {
		t.Helper()
		l.tab(selector)
		l.enter()
		l.did(did)
		l.until(l.ctx, 5*time.Second, "the page after it", "!document.body.dataset.busy")
	}
	began(desktest.CallRings)
	press(`#rings form[action$="/lift"] button`, "LiftCall "+desktest.CallWithBirch)
	began(desktest.CallLobby)
	l.tab(`#join input[name="title"]`)
	l.types("Duty")
	press("#join button.strong", "JoinCall Lt Ruiz Duty watch en")
	press(`#ours button[value="unready"]`, "ActForSide unready  0")
	began(desktest.CallGoes)
	press(`#you button[value="mute"]`, "ActOnCall 2 mute")
	press(`#you button[name="hear"][value="zh"]`, "ActOnCall 2 hear zh")
	press(`#you button[name="booth"][value="en"]`, "ActOnCall 2 booth en")
	l.tab("#act-3 > summary") // acts on a person are folded
	l.enter()
	press(`#act-3 button[value="remove"]`, "ActForSide remove  3")
	press(`#ours form[action$="/hangup"] button`, "HangUp "+desktest.CallWithBirch)
	began(desktest.CallAiled)
	press(`#you button[value="unmute"]`, "ActOnCall 2 unmute")
	press(`#ours button[value="resume"]`, "ActForSide resume  0")
	l.quiet()
}

// TestBrowserCallClocks: what runs goes on each second by itself, for an officer
// and for a guest, and a FLASH never covers whose turn it is.
func TestBrowserCallClocks(t *testing.T) {
	l := newLive(t)
	l.sit(l.ctx, 1, parley.Watch)
	l.on(desktest.CallAiled)
	for _, path := range []string{callPath, guestPath} {
		l.open(l.ctx, path)
		// The station says nothing more: what is seen to run, runs in the browser.
		eval[bool](l, l.ctx, `window.fetch = () => new Promise(() => {}), document.querySelectorAll("[data-span]").length >= 2`)
		const read = `[...document.querySelectorAll("[data-span]")].map(e => e.innerText).join(" | ")`
		before := eval[string](l, l.ctx, read)
		seen := map[string]bool{before: true}
		for end := time.Now().Add(4200 * time.Millisecond); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			seen[eval[string](l, l.ctx, read)] = true
		}
		t.Logf("%s: %d readings in 4.2 s, from %q", path, len(seen), before)
		if len(seen) < 4 || len(seen) > 18 { // three times, which may pass the second apart
			t.Errorf("%s: %d readings in 4.2 s", path, len(seen))
		}
		after := eval[string](l, l.ctx, read)
		for _, was := range []string{"for 0:07", "| 0:03"} {
			if !strings.Contains(before, was) || strings.Contains(after, was) {
				t.Errorf("%s: %q, and later %q", path, before, after)
			}
		}
	}
	covers := `(() => { const t = document.querySelector("#turn").getBoundingClientRect(); const at = document.elementFromPoint(t.left + t.width / 2, t.top + t.height / 2); return t.top >= 0 && t.bottom <= innerHeight && document.querySelector("#turn").contains(at) && t.top >= document.querySelector("#rail").getBoundingClientRect().bottom - 1 && document.querySelector(".strip").getBoundingClientRect().top >= 0; })()`
	l.do(l.ctx, chromedp.EmulateViewport(1280, 900))
	l.open(l.ctx, callPath)
	for _, down := range []int{0, 300, 900} {
		eval[bool](l, l.ctx, fmt.Sprintf("scrollTo(0, %d), true", down))
		l.until(l.ctx, 3*time.Second, fmt.Sprintf("strip and turn, %d px down", down), covers)
	}
	l.quiet()
}

// TestBrowserPrintsCalls prints what is on the record of calls: the page that has
// no call, and the wordings of one that goes.
func TestBrowserPrintsCalls(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	l.sit(l.ctx, 2, parley.Envoy)
	l.do(l.ctx, chromedp.EmulateViewport(688, 1000)) // A4 less the margins, at 96 dots an inch
	for _, lang := range []string{"en", "zh", "ar"} {
		l.cookie(l.ctx, "parley-alder-lang", lang)
		for _, on := range []string{desktest.NoCall, desktest.CallGoes} {
			l.on(on)
			l.open(l.ctx, callPath)
			if _, err := chromedp.Call(l.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
				t.Fatal(err)
			}
			if seen := eval[string](l, l.ctx, `[...document.querySelectorAll("button, input, select, textarea, nav, form, summary, meter, .call-device, .strip, .lamps")].filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 80)).join("\n")`); seen != "" {
				t.Errorf("%q in %s: on paper stands\n%s", on, lang, seen)
			}
			if cut := eval[string](l, l.ctx, `[...document.querySelectorAll("main *")].filter(e => e.checkVisibility() && !e.closest(".unseen") && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)).map(e => e.outerHTML.slice(0, 90)).slice(0, 6).join("\n")`); cut != "" {
				t.Errorf("%q in %s: beyond the paper lies\n%s", on, lang, cut)
			}
			text := eval[string](l, l.ctx, `document.querySelector("main").innerText`)
			for _, want := range []string{"The corridor stays open at all hours.", "通道全天开放。"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q in %s: the paper does not say %q", on, lang, want)
				}
			}
			r, err := chromedp.Call(l.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(r.Data), "/Type /Page\n"); n < 1 || n > 2 {
				t.Errorf("%q in %s: %d pages", on, lang, n)
			}
			if _, err := chromedp.Call(l.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.quiet()
}
