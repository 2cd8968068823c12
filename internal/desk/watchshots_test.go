package desk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/station"
)

// TestShotsOfTheWatch makes pictures of the board as it is when nothing waits, on
// a usual night, with a hand-over that waits, with a FLASH, and when the station
// cannot be reached.
func TestShotsOfTheWatch(t *testing.T) {
	if *shots == "" {
		return
	}
	for _, state := range []string{"empty", "normal", "handover", "flash", "unreachable"} {
		l := newLive(t)
		l.st.Lock()
		switch state {
		case "empty":
			l.st.Items, l.st.DraftMap, l.st.AlarmSet, l.st.LineList, l.st.Promised = l.st.Items[:20], nil, nil, l.st.LineList[:1], nil
		case "normal":
			l.st.LineList = l.st.LineList[:1]
			for _, it := range l.st.Items {
				if it.Precedence == parley.Flash || it.Exercise != "" {
					it.Ladder = nil
				}
			}
			l.st.AlarmSet = nil
		case "handover":
			l.st.Watch = station.OnWatch{OfficerID: 2, Officer: "Envoy Okafor", Since: time.Now().Add(-8 * time.Hour), Until: time.Now().Add(-10 * time.Minute)}
		}
		l.st.Unlock()
		if state == "handover" {
			if err := l.st.HandOver(t.Context(), station.Officer{ID: 2, Name: "Envoy Okafor"}, "Quiet until 1340Z, then the FLASH.\n\nTheir watch answers the second number only."); err != nil {
				t.Fatal(err)
			}
		}
		l.sit(l.ctx, 1, parley.Watch)
		for _, as := range [][2]string{{"en", "day"}, {"zh", "day"}, {"ar", "night"}, {"en", "night"}} {
			l.cookie(l.ctx, "parley-alder-lang", as[0])
			l.cookie(l.ctx, "parley-alder-theme", as[1])
			l.do(l.ctx, chromedp.EmulateViewport(1280, 900))
			path := "/watch"
			if state == "handover" {
				path = "/watch/takeover"
			}
			l.open(l.ctx, path)
			if state == "unreachable" {
				if as[0] != "en" || as[1] != "day" {
					continue
				}
				l.until(l.ctx, 15*time.Second, "a stream", `!document.querySelector("#sound").hidden`)
				l.wait("one listener", func() bool { return l.st.Listeners() == 1 })
				l.server.Close()
				l.until(l.ctx, 8*time.Second, "the loss", `!document.querySelector("#lost").hidden`)
			}
			r, err := chromedp.Call(l.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(*shots, fmt.Sprintf("state-%s-%s-%s.png", state, as[1], as[0])), r.Data, 0o644); err != nil {
				t.Fatal(err)
			}
			if state == "unreachable" {
				break
			}
		}
	}
}
