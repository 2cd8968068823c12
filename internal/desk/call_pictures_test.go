package desk_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/internal/bearer/link"
	"parley/internal/charter"
)

// gathers has Alder ring, Birch lift, and both wait in the lobby.
func gathers(t *testing.T, medium, interpreting string) (line string, alder, birch *side) {
	t.Helper()
	return gathersRuled(t, func(*charter.Charter) {}, medium, interpreting)
}

// gathersRuled does so on a charter that is changed first.
func gathersRuled(t *testing.T, change func(*charter.Charter), medium, interpreting string) (line string, alder, birch *side) {
	t.Helper()
	line, alder, birch = newPairRuled(t, change)
	meets(line, alder, birch, medium, interpreting)
	return line, alder, birch
}

// meets is gathers for a pair that is there.
func meets(line string, alder, birch *side, medium, interpreting string) {
	alder.t.Helper()
	alder.browseWith(calling()...)
	birch.joins(alder)
	page := "/line/" + line + "/call"
	alder.takes(alder.watch, page)
	birch.takes(birch.watch, page)
	alder.puts("#ringdown form", "level", "leader", "medium", medium, "interpreting", interpreting)
	alder.presses("#ringdown form button.strong")
	birch.says("it rings", `document.querySelector("#rings[data-waits]") !== null`)
	birch.presses(`#rings form[action$="/lift"] button`)
	for _, s := range []*side{alder, birch} {
		s.says("the lobby", `document.querySelector("#join") !== null`)
	}
}

// through has both sides put through.
func through(sides ...*side) {
	for _, s := range sides {
		s.presses(`#ours button[value="ready"]`)
	}
	for _, s := range sides {
		s.says("put through", `document.querySelector("#callhead")?.innerText.includes("On the call")`)
	}
}

// loud fails unless a tone is heard, and 50 dB over all others. What is buffered of
// before has 2 s to run out.
func loud(t *testing.T, name, what string, hears func(tones ...int) []float64, tone int, others ...int) {
	t.Helper()
	var got []float64
	for n := range 12 {
		got = hears(append([]int{tone}, others...)...)
		if got[0] > -25 && (n > 3 || len(others) == 0 || got[0]-slices.Max(got[1:]) >= 50) {
			break
		}
	}
	t.Logf("%s, %s: %d Hz at %.1f dB, %v Hz at %.1f dB", name, what, tone, got[0], others, got[1:])
	if got[0] < -25 {
		t.Errorf("%s, %s: %d Hz is not heard: %.0f dB", name, what, tone, got[0])
	}
	for i, db := range got[1:] {
		if got[0]-db < 50 {
			t.Errorf("%s, %s: %d Hz is only %.0f dB under what is to be heard", name, what, others[i], got[0]-db)
		}
	}
}

// picture is the script that says whether the picture of somebody is seen and moves.
func picture(name string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#call-pictures figure")].some(f => f.querySelector("bdi").textContent === %q && f.querySelector("video").videoWidth > 0 && f.querySelector("video").getVideoPlaybackQuality().totalVideoFrames > 0)`, name)
}

// TestBrowserCallPictures: a call of video between two stations. A camera that is
// switched on is seen at the other side, large of whoever has the turn; a muted
// person is seen; one whose pictures stop is said to be paused, one whose way is poor
// falls back to his voice by himself, and the voices go on through all of it. A call of voice shows no camera.
func TestBrowserCallPictures(t *testing.T) {
	_, alder, birch := gathers(t, "video", "none")
	const ours, theirs = 440, 1200
	pa := alder.guestTab(alder, "A. Alder", "principal", "en", ours)
	pb := birch.guestTab(alder, "B. Birch", "principal", "en", theirs)
	db := birch.guestTab(alder, "D. Birch", "delegate", "en", 2500)
	db.presses(`button[value="mute"]`)
	through(alder, birch)
	loud(t, pa.name, "before there are pictures", pa.hears, theirs, ours)
	for _, g := range []*tab{pb, db} { // one after the other: while nobody has the turn the first is large
		g.presses("#call-camera")
		g.says("own camera", `document.querySelector('#call-pictures figure[data-slot="self"] video')?.videoWidth > 0`)
		pa.says("sees him, be he muted", picture(g.name))
	}
	pa.says("sees both", picture("B. Birch")+" && "+picture("D. Birch"))
	pa.says("one is large", `document.querySelectorAll("#call-pictures figure[data-large]").length === 1 && document.querySelector("figure[data-large] bdi").textContent === "B. Birch"`)
	frames := eval[float64](pa.live, pa.ctx, `document.querySelector("figure[data-large] video").getVideoPlaybackQuality().totalVideoFrames`)
	clock := eval[float64](pa.live, pa.ctx, `document.querySelector("figure[data-large] video").currentTime`)
	took := pa.until(pa.ctx, 25*time.Second, "moving pictures", fmt.Sprintf(`(() => { const v = document.querySelector("figure[data-large] video"); return v.videoWidth > 0 && v.currentTime > %f && v.getVideoPlaybackQuality().totalVideoFrames >= %f; })()`, clock, frames+10))
	t.Logf("ten pictures in %v", took)
	loud(t, pa.name, "with pictures", pa.hears, theirs, ours, 2500)
	loud(t, pb.name, "with pictures", pb.hears, ours, theirs)

	// The light moves, and what is large with it.
	db.presses(`button[value="unmute"]`)
	db.says("is not muted any more", `document.querySelector('button[value="mute"]') !== null && !document.body.dataset.busy`)
	db.presses(`button[value="turn"]`)
	pa.says("who has the turn is large", `document.querySelector("#turn").innerText.includes("D. Birch") && document.querySelector("figure[data-large] bdi")?.textContent === "D. Birch"`)

	// A camera that stops: said within seconds, and the voice goes on.
	pb.presses("#call-camera")
	took = pa.until(pa.ctx, 8*time.Second, "paused", `[...document.querySelectorAll("figure[data-paused]")].some(f => f.innerText.includes("B. Birch") && f.innerText.includes("picture paused, sound goes on"))`)
	t.Logf("said to be paused after %v", took)
	loud(t, pa.name, "while a picture is paused", pa.hears, theirs, ours)
	pa.says("the place is given up", `![...document.querySelectorAll("#call-pictures bdi")].some(e => e.textContent === "B. Birch")`)
	pa.says("the other is seen still", picture("D. Birch"))

	// The way of the other becomes too poor for a picture: his camera goes off by
	// itself, his page says so, and his voice goes on.
	cable := newCable(t, eval[string](db.live, db.ctx, portOf), func(js string) bool { return awaited[bool](db.live, db.ctx, js) })
	db.says("by the cable", backOn+` && parleyCall.pc.remoteDescription.sdp.includes(window.near)`)
	pa.says("is seen over the cable", picture("D. Birch"))
	time.Sleep(5 * time.Second) // three looks at a way that is good
	if !eval[bool](db.live, db.ctx, `document.querySelector('#call-pictures figure[data-slot="self"]') !== null && document.querySelector("#call-camera-word") === null`) {
		t.Error("the camera went off on a way without loss")
	}
	began := time.Now()
	cable.Set(link.Options{Loss: 0.3})
	db.says("the camera is off, and it is said", `document.querySelector("#call-camera-word")?.innerText.includes("too poor for a picture: camera off, sound goes on") && document.querySelector('#call-pictures figure[data-slot="self"]') === null && document.querySelector("#call-camera").ariaPressed === "false"`)
	t.Logf("a camera on a way that loses 30 %% is off after %v", time.Since(began).Round(100*time.Millisecond))
	loud(t, pa.name, "whose partner's way is poor", pa.hears, 2500, ours)
	pa.says("his picture is gone", `![...document.querySelectorAll("#call-pictures bdi")].some(e => e.textContent === "D. Birch")`)
	if !eval[bool](db.live, db.ctx, `parleyCall.state === "live"`) {
		t.Error("the call did not go on")
	}
}
