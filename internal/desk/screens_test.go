package desk_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// screens is where TestScreens puts the pictures that the documentation shows
// (`make screenshots`).
var screens = flag.String("screens", "", "directory for the pictures of the documentation; none are made without it")

const (
	theFlash    = birch + "/item/9a0f33c1d2e4b586:41"
	theQuestion = birch + "/item/9a0f33c1d2e4b586:40"
)

// screen is one picture: a station in some state, an officer at its desk.
type screen struct {
	name    string
	lang    string
	theme   string
	officer int64
	office  parley.Office
	path    string
	state   func(*desktest.Station) // what is so before the page is opened
	hands   func(*live)             // what the officer does on it
}

var screenList = []screen{
	{"watch-day-en", "en", "day", 1, parley.Watch, "/watch", nil, nil},
	{"watch-night-zh", "zh", "night", 1, parley.Watch, "/watch", (*desktest.Station).Calm, nil},
	{"watch-day-ar", "ar", "day", 1, parley.Watch, "/watch", nil, nil},
	{"down-night-en", "en", "night", 1, parley.Watch, "/watch", func(s *desktest.Station) { s.Calm(); s.Down() }, nil},
	{"flash-day-en", "en", "day", 1, parley.Watch, theFlash, func(s *desktest.Station) { s.ReadFlash() }, nil},
	{"flash-night-ar", "ar", "night", 1, parley.Watch, theFlash, func(s *desktest.Station) { s.ReadFlash() }, nil},
	{"translating-day-en", "en", "day", 4, parley.Watch, theQuestion, (*desktest.Station).Calm, translating},
	{"writing-day-en", "en", "day", 2, parley.Envoy, "/compose?line=" + desktest.Birch + "&re=9a0f33c1d2e4b586:41", func(s *desktest.Station) { s.ReadFlash() }, writing},
	{"release-day-en", "en", "day", 1, parley.Watch, "/draft/11", func(s *desktest.Station) { s.ReadFlash() }, nil},
	{"release-night-zh", "zh", "night", 1, parley.Watch, "/draft/11", func(s *desktest.Station) { s.ReadFlash() }, nil},
	{"station-day-ar", "ar", "day", 1, parley.Watch, "/station", func(s *desktest.Station) { s.Calm(); s.Down() }, nil},
	{"station-night-en", "en", "night", 1, parley.Watch, "/station", (*desktest.Station).Calm, nil},
	{"search-day-en", "en", "day", 1, parley.Watch, "/record?q=corridor", (*desktest.Station).Calm, nil},
	{"search-night-zh", "zh", "night", 1, parley.Watch, "/record?q=渔船", (*desktest.Station).Calm, nil},
	{"contacts-day-en", "en", "day", 2, parley.Envoy, birch + "/contacts", (*desktest.Station).Calm, nil},
	{"contacts-night-ar", "ar", "night", 2, parley.Envoy, birch + "/contacts", (*desktest.Station).Calm, nil},
	{"contact-day-en", "en", "day", 2, parley.Envoy, birch + "/contact/" + desktest.OurCounter, (*desktest.Station).Calm, nil},
	{"contact-night-zh", "zh", "night", 2, parley.Envoy, birch + "/contact/" + desktest.AskedOfUs, (*desktest.Station).Calm, nil},
	{"topic-night-en", "en", "night", 2, parley.Envoy, birch + "/topic?name=Rescue+corridor", (*desktest.Station).Calm, nil},
	{"topic-day-ar", "ar", "day", 2, parley.Envoy, birch + "/topic?name=Rescue+corridor", (*desktest.Station).Calm, nil},
	{"topic-day-zh", "zh", "day", 2, parley.Envoy, birch + "/topic?name=Rescue+corridor", (*desktest.Station).Calm, nil},
	{"said-day-en", "en", "day", 2, parley.Envoy, said, (*desktest.Station).Calm, nil},
	{"said-night-zh", "zh", "night", 2, parley.Envoy, said, (*desktest.Station).Calm, nil},
	{"said-day-ar", "ar", "day", 2, parley.Envoy, said, early, nil},
	{"ready-night-en", "en", "night", 2, parley.Envoy, said, approved, nil},
	{"joint-day-zh", "zh", "day", 2, parley.Envoy, said, func(s *desktest.Station) { s.Calm(); s.SayJoint() }, nil},
	{"publish-day-en", "en", "day", 2, parley.Envoy, publish, (*desktest.Station).Calm, nil},
	{"spoken-night-ar", "ar", "night", 2, parley.Envoy, spokenOf, early, nil},
	{"call-day-en", "en", "day", 1, parley.Watch, birch + "/call", goes, nil},
	{"call-night-zh", "zh", "night", 1, parley.Watch, birch + "/call", goes, nil},
	{"call-day-ar", "ar", "day", 1, parley.Watch, birch + "/call", goes, nil},
	{"lobby-night-en", "en", "night", 1, parley.Watch, birch + "/call", lobby, nil},
	{"rings-day-en", "en", "day", 1, parley.Watch, birch + "/call", rings, nil},
	{"principal-night-en", "en", "night", 1, parley.Watch, "/call/" + desktest.GuestSecret, goes, nil},
	{"principal-day-zh", "zh", "day", 1, parley.Watch, "/call/" + desktest.GuestSecret, goes, nil},
	{"principal-day-ar", "ar", "day", 1, parley.Watch, "/call/" + desktest.GuestSecret, ailed, nil},
	{"glossary-day-en", "en", "day", 4, parley.Translator, birch + "/glossary", (*desktest.Station).Calm, nil},
	{"glossary-night-ar", "ar", "night", 4, parley.Translator, birch + "/glossary", (*desktest.Station).Calm, nil},
	{"lost-day-en", "en", "day", 1, parley.Watch, birch + "/call", ailed, nil},
	{"memcon-day-en", "en", "day", 1, parley.Watch, theMemcon, (*desktest.Station).Calm, nil},
	{"memcon-night-zh", "zh", "night", 1, parley.Watch, theMemcon, (*desktest.Station).Calm, nil},
	{"memcon-day-ar", "ar", "day", 1, parley.Watch, theMemcon, (*desktest.Station).Calm, nil},
	{"memnotes-night-en", "en", "night", 1, parley.Watch, memconsPath, (*desktest.Station).Calm, nil},
	{"memcon-stale-day-en", "en", "day", 1, parley.Watch, theDraft, (*desktest.Station).Calm, twoHands},
	{"exercise-day-en", "en", "day", 1, parley.Watch, "/watch", (*desktest.Station).Exercises, nil},
	{"exercise-night-ar", "ar", "night", 1, parley.Watch, "/watch", (*desktest.Station).Exercises, nil},
}

// early is a readout that Birch published before the embargo ended; approved ours,
// before anything was shown.
func early(s *desktest.Station) { s.Calm(); s.SayEarly() }
func approved(s *desktest.Station) {
	s.Calm()
	s.SayDrafted("approved")
	s.Say.Readout.Approver = "Envoy Okafor"
}

// goes, lobby and rings are a call with Birch.
func goes(s *desktest.Station)  { s.Calm(); s.OnCall = desktest.CallGoes }
func lobby(s *desktest.Station) { s.Calm(); s.OnCall = desktest.CallLobby }
func ailed(s *desktest.Station) { s.Calm(); s.OnCall = desktest.CallAiled }
func rings(s *desktest.Station) { s.Calm(); s.OnCall = desktest.CallRings }

// translating types a translation beside its original.
func translating(l *live) {
	eval[bool](l, l.ctx, `document.querySelector("#translate").open = true`)
	for n, text := range []string{"We have noted activity of your side near 14.2N, 115.1E.", "Please state what the activity is, how many ships and aircraft take part, and when it is expected to end."} {
		l.tab(`#translate textarea[aria-describedby="original-` + string(rune('1'+n)) + `"]`)
		l.types(text)
	}
}

// writing answers the FLASH, until it is saved and shown as it will be signed.
func writing(l *live) {
	l.do(l.ctx, chromedp.Click(chromedp.CSS(`input[name=precedence][value=FLASH] + span`)),
		chromedp.SendKeys(chromedp.CSS("input[name=reason]"), "They ask with FLASH, and their ship is near."))
	eval[bool](l, l.ctx, `document.querySelector("input[name=subject]").select(), true`)
	l.do(l.ctx, chromedp.SendKeys(chromedp.CSS("input[name=subject]"), "The aircraft is ours, on a rescue flight"),
		chromedp.SendKeys(chromedp.CSS("textarea[name=text]"), "The aircraft you ask about is ours.\n\nIt is a search and rescue flight, unarmed, call sign ALDER RESCUE 4. It leaves the area by 1530Z on heading 090.\n\nWe ask that it be let pass."))
	l.until(l.ctx, 15*time.Second, "saved", `document.querySelector("#savestate").dataset.state === "saved" && document.querySelector("#side").innerText.includes("let pass")`)
}

// twoHands writes on a memcon while somebody else does.
func twoHands(l *live) {
	l.mu.Lock()
	l.quietErr = true // the browser logs that the page was stale
	l.mu.Unlock()
	if _, err := l.st.SaveMemcon(l.t.Context(), station.Officer{ID: 1, Name: "陈译员"}, desktest.DraftMemcon, 3, station.MemconText{Title: "Side talk of the deputies", Text: "1405Z Lt Ruiz: They ask for a line between the ports, by 12 December.\n\nThey did not say which ports."}); err != nil {
		l.t.Fatal(err)
	}
	eval[bool](l, l.ctx, `document.querySelector("#edit textarea[name=text]").value = "1405Z Lt Ruiz: They ask for a line between the ports, by 21 December.\n\nWe answer on Monday.", document.querySelector("#edit button.strong").click(), true`)
	l.until(l.ctx, 15*time.Second, "the difference", `document.querySelector("#stale del") !== null`)
}

// TestScreens makes the pictures of the documentation from a desk that serves,
// in a browser. The clock of the scene stands where `start` says, so that they
// differ from the last ones only by what the desk shows otherwise.
func TestScreens(t *testing.T) {
	if *screens == "" {
		return
	}
	l := &live{t: t}
	l.browse()
	if err := os.MkdirAll(*screens, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, s := range screenList {
		if !wanted(s.name) {
			continue
		}
		began := time.Now()
		st := desktest.Scene(func() time.Time { return start.Add(time.Since(began)) })
		if s.state != nil {
			s.state(st)
		}
		l.serve(st)
		l.sit(l.ctx, s.officer, s.office)
		l.cookie(l.ctx, "parley-alder-lang", s.lang)
		l.cookie(l.ctx, "parley-alder-theme", s.theme)
		l.do(l.ctx, chromedp.EmulateViewport(1280, 900))
		l.open(l.ctx, s.path)
		if !strings.HasPrefix(s.path, "/call/") { // a guest has no stream
			l.until(l.ctx, 15*time.Second, "a stream", `!document.querySelector("#sound").hidden`)
			l.do(l.ctx, chromedp.Click(chromedp.CSS("#sound")))
			l.until(l.ctx, 15*time.Second, "the sound armed", `document.querySelector("#sound").dataset.sound === "on"`)
		}
		if s.hands != nil {
			s.hands(l)
		}
		eval[bool](l, l.ctx, `document.activeElement.blur(), scrollTo(0, 0), true`)
		l.do(l.ctx, chromedp.EmulateViewport(1280, eval[int64](l, l.ctx, `(() => { document.querySelector(".foot")?.setAttribute("hidden", ""); return Math.max(720, Math.min(1700, Math.ceil(Math.max(...[...document.querySelectorAll("main > *")].map(e => e.getBoundingClientRect().bottom)) + scrollY + 24))); })()`)))
		time.Sleep(400 * time.Millisecond) // the strip has arrived
		r, err := chromedp.Call(l.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := small(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 200_000 {
			t.Errorf("%s has %d bytes, want 200 kB at most", s.name, len(b))
		}
		if err := os.WriteFile(filepath.Join(*screens, s.name+".png"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l.quiet()
}

// small writes a picture again with the 256 colours it has most of.
func small(b []byte) ([]byte, error) {
	src, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	r := src.Bounds()
	n := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(src.At(x, y)).(color.RGBA) }
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			n[at(x, y)]++
		}
	}
	all := make([]color.RGBA, 0, len(n))
	for c := range n {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		if n[a] != n[b] {
			return n[b] - n[a]
		}
		return int(a.R)<<16 + int(a.G)<<8 + int(a.B) - int(b.R)<<16 - int(b.G)<<8 - int(b.B)
	})
	var pal color.Palette
	for near := 0; len(pal) == 0; near += 24 {
		for _, c := range all {
			if len(pal) > 256 {
				break
			}
			if len(pal) == 0 || apart(pal[pal.Index(c)].(color.RGBA), c) > near {
				pal = append(pal, c)
			}
		}
		if len(pal) > 256 {
			pal = nil
		}
	}
	out := image.NewPaletted(r, pal)
	index := map[color.RGBA]uint8{}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := at(x, y)
			i, ok := index[c]
			if !ok {
				i = uint8(pal.Index(c))
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var w bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&w, out)
	return w.Bytes(), err
}

// apart is how far two colours lie apart, squared.
func apart(a, b color.RGBA) int {
	r, g, u := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	return r*r + g*g + u*u
}
