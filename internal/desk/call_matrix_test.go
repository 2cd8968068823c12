package desk_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parley"
	callrule "parley/internal/call"
	"parley/internal/charter"
	"parley/internal/station"
)

// An ear is somebody on a call: what he says is a tone, and what his browser plays
// and gets of all tones is measured.
type ear struct {
	as   byte // his letter in the table
	side *side
	name string
	tone int // Hz
	eval func(js string) ([][]float64, error)
}

// measures is the script that measures all tones in a page at once: in what it plays,
// and in what it gets at all, however loud it would play that. Of a page that is on
// no call it is silence.
func measures(tones []int) string {
	return fmt.Sprintf(`(async () => {
		const tones = %s, m = globalThis.parleyCall;
		if (!m) return [tones.map(() => -150), tones.map(() => -150)];
		const taps = [m.gains, m.parts.map((p) => p.node)].map((nodes) => {
			const a = m.context.createAnalyser();
			a.fftSize = 16384;
			for (const n of nodes) n.connect(a);
			return { a, nodes };
		});
		await new Promise((r) => setTimeout(r, 400));
		return taps.map(({ a, nodes }) => {
			const b = new Float32Array(a.fftSize);
			a.getFloatTimeDomainData(b);
			for (const n of nodes) try { n.disconnect(a); } catch {} // it hung up meanwhile
			return tones.map((f) => {
				const k = 2 * Math.cos((2 * Math.PI * f) / m.context.sampleRate);
				let s1 = 0, s2 = 0;
				for (let i = 0; i < b.length; i++) {
					const w = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / b.length);
					const s = w * b[i] + k * s1 - s2;
					s2 = s1; s1 = s;
				}
				return 10 * Math.log10((s1 * s1 + s2 * s2 - k * s1 * s2) / (b.length * b.length) * 16 + 1e-15);
			});
		});
	})()`, strings.ReplaceAll(fmt.Sprint(tones), " ", ","))
}

// Bounds of what is measured, in decibels: one tone in full is at about -8.
const (
	fullOver  = -25.
	lowOver   = -45.
	lowUnder  = -18.
	farUnder  = 50. // forbidden is so much under what is heard in full
	deafUnder = -60.
)

// wrong says what of a measure is not as the table has it: want names those in full
// by their capitals, those low underneath by small letters.
func (e *ear) wrong(ears []*ear, got [][]float64, want string) (out []string) {
	loudest := deafUnder + farUnder
	for i, x := range ears {
		if strings.IndexByte(want, x.as) >= 0 {
			loudest = max(loudest, got[0][i])
		}
	}
	for i, x := range ears {
		heard, came := got[0][i], got[1][i]
		switch {
		case strings.IndexByte(want, x.as) >= 0:
			if heard < fullOver {
				out = append(out, fmt.Sprintf("%c hears %c at %.0f dB, not in full", e.as, x.as, heard))
			}
		case strings.IndexByte(want, x.as|0x20) >= 0:
			if heard < lowOver || heard > lowUnder {
				out = append(out, fmt.Sprintf("%c hears %c at %.0f dB, not low", e.as, x.as, heard))
			}
		case max(heard, came) > loudest-farUnder:
			out = append(out, fmt.Sprintf("%c gets %c at %.0f dB and hears him at %.0f", e.as, x.as, came, heard))
		}
	}
	return out
}

// settles measures until all is as the table has it, for what is buffered has to be
// played first. It returns what is wrong still after a while, and the last measure.
func (e *ear) settles(ears []*ear, js, want string) (wrong []string, got [][]float64) {
	for end := time.Now().Add(10 * time.Second); ; {
		var err error
		if got, err = e.eval(js); err != nil {
			return []string{fmt.Sprintf("%c: %v", e.as, err)}, got
		}
		if wrong = e.wrong(ears, got, want); len(wrong) == 0 || time.Now().After(end) {
			return wrong, got
		}
	}
}

// seat is somebody's place on the call.
func (e *ear) seat(line string) station.CallSeat {
	t := e.side.t
	t.Helper()
	r, err := e.side.st.CallRoom(t.Context(), station.CallSeat{Line: line})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Sides[0].People, func(m station.CallMember) bool { return m.Name == e.name })
	if i < 0 {
		t.Fatalf("%s is not on the call: %+v", e.name, r.Sides[0].People)
	}
	return station.CallSeat{Line: line, Person: r.Sides[0].People[i].ID}
}

// TestBrowserWhoHearsWhat is the table of a call: every source, every listener, every
// state, in Chromium and Firefox at both sides, each of eight people with a tone of
// his own. What is allowed is heard, in full or low; what is forbidden is 50 dB under
// it, and not even sent to the page. Alder has a principal, an interpreter (in
// Firefox), a note-taker and the watch (A, I, N, W), Birch a principal (in Firefox),
// an interpreter, a listener and the watch (B, J, L, V).
func TestBrowserWhoHearsWhat(t *testing.T) {
	b := callsInFirefox(t)
	ctx := t.Context()
	line, alder, birch := gathersRuled(t, func(c *charter.Charter) { c.Unknown = callrule.WriteChallenge(c.Unknown, true) }, "voice", "simultaneous")
	sides := []*side{alder, birch}
	var ears []*ear
	chrome := func(as byte, ctx context.Context, s *side, name string, tone int) {
		ears = append(ears, &ear{as, s, name, tone, func(js string) ([][]float64, error) {
			ctx, stop := context.WithTimeout(ctx, 20*time.Second)
			defer stop()
			return chromedp.Run(ctx, chromedp.Evaluate[[][]float64](js, chromedp.EvalAwaitPromise))
		}})
	}
	guest := func(as byte, s *side, name, role, language string, tone int) {
		t.Helper()
		chrome(as, s.guestTab(alder, name, role, language, tone).ctx, s, name, tone)
	}
	fox := func(as byte, s *side, name, role, language string, tone int) {
		t.Helper()
		g := s.guestFox(t, b, name, role, language, tone)
		ears = append(ears, &ear{as, s, name, tone, func(js string) (got [][]float64, err error) { err = g.tab.Eval(js, &got); return got, err }})
	}
	guest('A', alder, "A. Alder", "principal", "en", 440)
	fox('I', alder, "Li", "interpreter", "zh", 620)
	guest('N', alder, "Noor", "note-taker", "en", 860)
	fox('B', birch, "主席", "principal", "zh", 1200)
	guest('J', birch, "Wu", "interpreter", "en", 1660)
	guest('L', birch, "Lan", "listener", "zh", 2100)
	for i, s := range sides { // their own pages, which make no more links
		s.presses("#join button.strong")
		s.says("has joined", `document.querySelector("#call-connect")?.dataset.wired === "1"`)
		s.do(s.ctx, chromedp.Click(chromedp.CSS("#call-connect")))
		s.says("is connected", `globalThis.parleyCall?.state === "live"`)
		tone := 2500 + 750*i
		eval[bool](s.live, s.ctx, speaks(tone))
		chrome("WV"[i], s.ctx, s, s.watch.Name, tone)
	}
	who := func(as byte) *ear {
		return ears[slices.IndexFunc(ears, func(e *ear) bool { return e.as == as })]
	}
	act := func(of, do, what string) { // of everybody in of
		t.Helper()
		for _, as := range []byte(of) {
			if err := who(as).side.st.ActOnCall(ctx, who(as).seat(line), station.CallAct{Do: do, What: what}); err != nil {
				t.Fatalf("%c: %s %s: %v", as, do, what, err)
			}
		}
	}
	forSide := func(s *side, a station.SideAct) error { return s.st.ActForSide(ctx, s.watch, line, a) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	passes := func(s *side) {
		t.Helper()
		must(s.st.AddChallenge(ctx, s.watch, line, "What flies at dusk?", "An owl."))
		v, err := s.st.CallChallenge(ctx, s.watch, line)
		if err != nil || v.Next == nil {
			t.Fatalf("%+v, %v", v, err)
		}
		must(s.st.JudgeChallenge(ctx, s.watch, line, v.Next.ID, true))
	}
	js := measures(tonesOf(ears))
	lobby := "A:IN I:AN N:AI W:V B:JL J:BL L:BJ V:W"
	for _, state := range []struct {
		what  string
		begin func()
		hears string
	}{
		{"lobby", func() {}, lobby},
		{"one side READY, the challenge of the other not passed", func() {
			passes(birch)
			must(forSide(birch, station.SideAct{Do: "ready"}))
			if err := forSide(alder, station.SideAct{Do: "ready"}); parley.KindOf(err) != parley.NotAllowed {
				t.Errorf("READY without a challenge: %v", err)
			}
		}, lobby},
		{"floor", func() {
			passes(alder)
			must(forSide(alder, station.SideAct{Do: "ready"}))
		}, "A:IBJ I:ABJ N:AIBJ W:V B:AIJ J:AIB L:AIBJ V:W"},
		{"a principal is muted", func() { act("A", "mute", "") }, "A:IBJ I:BJ N:IBJ W:V B:IJ J:IB L:IBJ V:W"},
		{"booths that nobody chose", func() {
			act("A", "unmute", "")
			act("J", "booth", "en")
			act("I", "booth", "zh")
		}, "A:B I:AB N:AB W:V B:A J:AB L:AB V:W"},
		{"booths that are chosen", func() {
			act("AL", "hear", "en")
			act("B", "hear", "zh")
		}, "A:Jb I:AB N:AB W:V B:Ia J:AB L:JAb V:W"},
		{"relay: booth from booth", func() {
			act("I", "hear", "en")
			act("J", "hear", "zh")
		}, "A:Jb I:JAb N:AB W:V B:Ia J:IBa L:JAb V:W"},
		{"a listener has become interpreter, and waits in the booth", func() {
			must(forSide(birch, station.SideAct{Do: "cast", What: "interpreter", Person: who('L').seat(line).Person}))
			act("L", "booth", "en")
		}, "A:Jb I:JAb N:AB W:V B:Ia J:IBa L:JAb V:W"},
		{"the booth is handed over", func() { act("L", "air", "") }, "A:Lb I:LAb N:AB W:V B:Ia J:IBa L:Ab V:W"},
		{"who is on the air is muted", func() { act("L", "mute", "") }, "A:B I:AB N:AB W:V B:Ia J:IBa L:AB V:W"},
		{"a side is on hold, out of its booths too", func() {
			act("L", "unmute", "")
			must(forSide(birch, station.SideAct{Do: "hold", What: "consulting"}))
		}, "A: I:A N:A W:V B:JL J:BL L:BJ V:W"},
		{"the side room of the other", func() {
			must(forSide(birch, station.SideAct{Do: "resume"}))
			act("IJL", "booth", "")
			act("AILBJ", "hear", "")
			must(forSide(birch, station.SideAct{Do: "cast", What: "listener", Person: who('L').seat(line).Person}))
			act("AI", "aside", "")
		}, "A:I I:A N:BJ W:V B:J J:B L:BJ V:W"},
		{"a note-taker is there too, and may speak", func() { act("N", "aside", "") }, "A:IN I:AN N:AI W:V B:J J:B L:BJ V:W"},
		{"a principal was taken off", func() {
			act("AIN", "back", "")
			must(forSide(alder, station.SideAct{Do: "remove", Person: who('A').seat(line).Person}))
		}, "A: I:BJ N:IBJ W:V B:IJ J:IB L:IBJ V:W"},
		{"the watch has left", func() { act("V", "leave", "") }, "A: I:BJ N:IBJ W: B:IJ J:IB L:IBJ V:"},
		{"over", func() { must(alder.st.HangUp(ctx, alder.watch, line, "")) }, "A: I: N: W: B: J: L: V:"},
	} {
		began := time.Now()
		state.begin()
		var wg sync.WaitGroup
		var mu sync.Mutex
		rows := map[byte][][]float64{}
		for _, row := range strings.Fields(state.hears) {
			wg.Go(func() {
				wrong, got := who(row[0]).settles(ears, js, row[2:])
				mu.Lock()
				defer mu.Unlock()
				rows[row[0]] = got
				for _, w := range wrong {
					t.Errorf("%s: %s; he is to hear %q", state.what, w, row[2:])
				}
			})
		}
		wg.Wait()
		if len(rows) != len(ears) {
			t.Fatalf("%s: %d rows in the table", state.what, len(rows))
		}
		t.Logf("%s: %v\n%s", state.what, time.Since(began).Round(100*time.Millisecond), tableOf(ears, rows))
	}
}

func tonesOf(ears []*ear) (out []int) {
	for _, e := range ears {
		out = append(out, e.tone)
	}
	return out
}

// tableOf is what each of them was heard at, by whom.
func tableOf(ears []*ear, rows map[byte][][]float64) string {
	var b strings.Builder
	b.WriteString("   ")
	for _, x := range ears {
		fmt.Fprintf(&b, "%6c", x.as)
	}
	for _, e := range ears {
		fmt.Fprintf(&b, "\n%c: ", e.as)
		for i := range ears {
			if got := rows[e.as]; len(got) == 2 && i < len(got[0]) {
				fmt.Fprintf(&b, "%6.0f", got[0][i])
			}
		}
	}
	return b.String()
}
