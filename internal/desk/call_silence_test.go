package desk_test

import (
	"flag"
	"testing"
	"time"
)

var silence = flag.Duration("silence", 0, "how long TestCallSilence lets nobody speak on a call (`make silence`); it does nothing without")

// TestCallSilence: two principals, in Chromium and in Firefox, are put through, mute
// themselves, and are left alone for as long as the flag says. Then each lets himself
// be heard, and is: on the same connection, on the same call, with no gap in it. The
// watch's desk is on the call all the while.
func TestCallSilence(t *testing.T) {
	if *silence == 0 {
		t.Skip("it is a command of its own: make silence")
	}
	b := callsInFirefox(t)
	const ours, theirs = 440, 1200
	line, alder, birch := gathers(t, "voice", "none")
	pa := alder.guestTab(alder, "A. Alder", "principal", "en", ours)
	pb := birch.guestFox(t, b, "B. Birch", "principal", "en", theirs)
	through(alder, birch)
	loud(t, pa.name, "before it", pa.hears, theirs, ours)
	loud(t, pb.name, "before it", pb.hears, ours, theirs)
	pa.presses(`button[value="mute"]`)
	pa.says("muted", `document.querySelector('button[value="unmute"]') !== null`)
	pb.click(`button[value="mute"]`)
	pb.until("muted", `document.querySelector('button[value="unmute"]') !== null`)
	const turns = `parleyCall.turn`
	one, other := eval[float64](pa.live, pa.ctx, turns), foxEval[float64](pb.fox, turns)
	for began := time.Now(); time.Since(began) < *silence; {
		time.Sleep(min(time.Minute, *silence-time.Since(began)))
		r, err := alder.st.Call(t.Context(), line, "")
		if err != nil || r.Phase != "running" {
			t.Fatalf("after %v: the call is %s, %v", time.Since(began), r.Phase, err)
		}
		t.Logf("silent for %v", time.Since(began).Round(time.Second))
	}
	pa.presses(`button[value="unmute"]`)
	pb.click(`button[value="unmute"]`)
	began := time.Now()
	loud(t, pa.name, "after it", pa.hears, theirs, ours)
	loud(t, pb.name, "after it", pb.hears, ours, theirs)
	t.Logf("both are heard %v after they let themselves be heard", time.Since(began).Round(time.Millisecond))
	if a, b := eval[float64](pa.live, pa.ctx, turns), foxEval[float64](pb.fox, turns); a != one || b != other {
		t.Errorf("Chromium connected %v times anew, Firefox %v", a-one, b-other)
	}
	alder.says("the call goes on there too", `document.querySelector("#callhead")?.innerText.includes("On the call")`)
	alder.presses(`#ours form[action$="/hangup"] button`)
	alder.says("over", `document.querySelector("#past li")?.innerText.includes("ended")`)
	cs, err := alder.st.CallList(t.Context(), line)
	if err != nil || len(cs) != 1 {
		t.Fatalf("%d calls, %v", len(cs), err)
	}
	for _, e := range cs[0].Ends {
		if len(e.Gaps) > 0 {
			t.Errorf("%s was lost meanwhile: %+v", e.By, e.Gaps)
		}
	}
}
