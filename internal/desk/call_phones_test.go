package desk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/internal/call/sip/siptest"
	"parley/internal/charter"
	"parley/internal/station"
)

// heardBy is what somebody on a call is to hear in a state of it, and what not.
type heardBy struct {
	name    string
	hears   func(tones ...int) []float64 // nil: a telephone, which is looked at at the end
	phone   *siptest.Phone
	allowed []int
	denied  []int
}

// phoneWindow is when a telephone is to be looked at.
type phoneWindow struct {
	heardBy
	state       string
	from, until time.Time
}

func (h heardBy) check(t *testing.T, state string, got func(hz int) float64) {
	t.Helper()
	least, said := 0.0, ""
	for _, hz := range h.allowed {
		db := got(hz)
		said += fmt.Sprintf(" %d Hz %.0f", hz, db)
		if least = min(least, db); db < -25 {
			t.Errorf("%s, %s: %d Hz is not heard: %.0f dB", h.name, state, hz, db)
		}
	}
	for _, hz := range h.denied {
		db := got(hz)
		said += fmt.Sprintf(" not %d Hz %.0f", hz, db)
		if len(h.allowed) > 0 && least-db < 50 || len(h.allowed) == 0 && db > -75 {
			t.Errorf("%s, %s: %d Hz is heard at %.0f dB", h.name, state, hz, db)
		}
	}
	t.Logf("%s, %s:%s", h.name, state, said)
}

// TestBrowserCallPhones: a principal and an interpreter by telephone at one side; at
// the other a principal in Chromium and a delegate in Firefox. Each is a source with a
// tone of its own and a listener; in the main states of a call each hears, at his own
// ear, whom he is to hear, and 50 dB under that nobody else. The interpreter takes and
// leaves his booth and mutes himself by keys, and both desks are told that a telephone
// is too narrow for that, until they change to consecutive by a press.
func TestBrowserCallPhones(t *testing.T) {
	siptest.Have(t)
	b := callsInFirefox(t)
	at := fmt.Sprintf("127.0.0.1:%d", siptest.Port(t, 74))
	file := filepath.Join(t.TempDir(), "phones")
	if err := os.WriteFile(file, []byte("hall secret-of-hall principal alder md5\ncabin secret-of-cabin interpreter alder md5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	line, alder, birch := newPairWith(t, func(*charter.Charter) {}, func(code string, c *station.Config) {
		if code == "birch" {
			c.ListenSIP, c.Phones = at, file
		}
	})
	meets(line, alder, birch, "voice", "simultaneous")
	const president, delegate, principal, interpreter = 440, 1200, 704, 1851 // Hz
	phone := func(name string, hz float64) *siptest.Phone {
		p := siptest.Start(t, siptest.Options{Name: name, Password: "secret-of-" + name, Server: at, Tone: hz})
		birch.wait(name+" registers", func() bool {
			ps, _ := birch.st.Phones(t.Context())
			for _, x := range ps {
				if x.Name == name {
					return true
				}
			}
			return false
		})
		p.Dial("hotline")
		birch.says(name+" is on the roster by telephone", fmt.Sprintf(`[...document.querySelectorAll(".call-people li")].some(e => e.innerText.includes(%q) && e.innerText.includes("by telephone"))`, name))
		return p
	}
	hall, cabin := phone("hall", principal), phone("cabin", interpreter)
	pa := alder.guestTab(alder, "A. Alder", "principal", "en", president)
	da := alder.guestFox(t, b, "D. Alder", "delegate", "en", delegate)

	var windows []phoneWindow
	state := func(name string, all ...heardBy) {
		t.Helper()
		time.Sleep(1200 * time.Millisecond) // what was under way has been played
		from := time.Now()
		for _, h := range all {
			if h.hears != nil {
				tones := append(append([]int{}, h.allowed...), h.denied...)
				got := map[int]float64{}
				for range 4 { // the machine of a test has other work: the clearest look counts
					for i, db := range h.hears(tones...) {
						got[tones[i]] = db
					}
					if h.clear(got) {
						break
					}
				}
				h.check(t, name, func(hz int) float64 { return got[hz] })
			}
		}
		if d := time.Since(from); d < 1500*time.Millisecond {
			time.Sleep(1500*time.Millisecond - d)
		}
		for _, h := range all {
			if h.phone != nil {
				windows = append(windows, phoneWindow{h, name, from, time.Now()})
			}
		}
	}
	chrome := func(allowed, denied []int) heardBy {
		return heardBy{name: "Chromium", hears: pa.hears, allowed: allowed, denied: denied}
	}
	fire := func(allowed, denied []int) heardBy {
		return heardBy{name: "Firefox", hears: da.hears, allowed: allowed, denied: denied}
	}
	tel := func(p *siptest.Phone, allowed, denied []int) heardBy {
		return heardBy{name: p.Name, phone: p, allowed: allowed, denied: denied}
	}
	type hz = []int
	state("in the lobby", chrome(hz{delegate}, hz{principal, interpreter, president}), fire(hz{president}, hz{principal, interpreter, delegate}),
		tel(hall, hz{interpreter}, hz{president, delegate, principal}), tel(cabin, hz{principal}, hz{president, delegate, interpreter}))
	through(alder, birch)
	state("on the floor", chrome(hz{delegate, principal, interpreter}, hz{president}), fire(hz{president, principal, interpreter}, hz{delegate}),
		tel(hall, hz{president, delegate, interpreter}, hz{principal}), tel(cabin, hz{president, delegate, principal}, hz{interpreter}))

	// By a key he is muted, and everybody sees it.
	onAlder := func(what, text string) {
		t.Helper()
		alder.says(what, fmt.Sprintf(`[...document.querySelectorAll(".call-people li")].some(e => e.innerText.includes("cabin") && e.innerText.includes(%q))`, text))
	}
	cabin.Press('#')
	onAlder("he is muted", "muted")
	state("the interpreter is muted", chrome(hz{delegate, principal}, hz{president, interpreter}), fire(hz{president, principal}, hz{delegate, interpreter}),
		tel(hall, hz{president, delegate}, hz{principal, interpreter}), tel(cabin, hz{president, delegate, principal}, hz{interpreter}))

	// By two he is in a booth: heard by who chose it, and by nobody else.
	cabin.Press('#')
	cabin.Press('*')
	cabin.Press('1')
	onAlder("he is on the air in a booth", "booth into English")
	for _, s := range []*side{alder, birch} {
		s.says("that is too narrow", `document.querySelector("#narrow")?.innerText.includes("cabin Birch interprets by telephone") && document.querySelector("#narrow").innerText.includes("hall Birch speaks by telephone")`)
	}
	pa.presses(`button[name="hear"][value="en"]`)
	hall.Press('1')
	pa.says("chosen", `document.querySelector('button[name="hear"][value="en"]').ariaPressed === "true"`)
	state("he is in a booth", chrome(hz{delegate, principal, interpreter}, hz{president}), fire(hz{president, principal}, hz{delegate, interpreter}),
		tel(hall, hz{president, delegate, interpreter}, hz{principal}), tel(cabin, hz{president, delegate, principal}, hz{interpreter}))

	birch.puts(`#ours form input[name="what"]`)
	birch.presses(`#ours form.stack button`)
	alder.says("the hold", `document.querySelector("#callhead").innerText.includes("consulting")`)
	state("on hold", chrome(hz{delegate}, hz{principal, interpreter, president}), fire(hz{president}, hz{principal, interpreter, delegate}),
		tel(hall, hz{interpreter}, hz{president, delegate, principal}), tel(cabin, hz{principal}, hz{president, delegate, interpreter}))
	birch.presses(`#ours button[value="resume"]`)
	alder.says("no hold", `!document.querySelector("#callhead").innerText.includes("consulting")`)

	// He leaves it by a key, and both desks change to consecutive by a press.
	cabin.Press('*')
	cabin.Press('0')
	alder.says("he has left the booth", `![...document.querySelectorAll(".call-people li")].some(e => e.innerText.includes("booth into"))`)
	for _, s := range []*side{alder, birch} {
		s.presses(`#narrow button[value="consecutive"]`)
	}
	for _, s := range []*side{alder, birch} {
		s.says("it is not too narrow any more", `document.querySelector("#narrow") === null && document.querySelector('#ours button[name="interpret"][value="consecutive"]').ariaPressed === "true"`)
	}
	state("after the booth", chrome(hz{delegate, principal, interpreter}, hz{president}), tel(hall, hz{president, delegate, interpreter}, hz{principal}))

	down := time.Now()
	for _, p := range []*siptest.Phone{hall, cabin} {
		p.HangUp()
	}
	kept := map[*siptest.Phone][]float64{}
	for _, p := range []*siptest.Phone{hall, cabin} {
		birch.wait("what "+p.Name+" heard is kept", func() bool { kept[p] = p.Heard(); return len(kept[p]) > 8000*10 })
	}
	time.Sleep(500 * time.Millisecond)
	for _, w := range windows {
		pcm := w.phone.Heard()
		cut := func(at time.Time) int { return len(pcm) - int(down.Sub(at).Seconds()*8000) }
		from, until := cut(w.from), cut(w.until)
		if from < 0 || until > len(pcm) || until-from < 4000 {
			t.Errorf("%s, %s: samples %d to %d of %d", w.name, w.state, from, until, len(pcm))
			continue
		}
		// Of its half seconds, moved on by quarters, the clearest: a test's machine is late now and then.
		best := map[int]float64{}
		for i := from; i+4000 <= until; i += 1000 {
			got := map[int]float64{}
			for _, f := range append(append([]int{}, w.allowed...), w.denied...) {
				got[f] = siptest.Level(pcm[i:i+4000], float64(f))
			}
			if len(best) == 0 || w.clear(got) {
				best = got
			}
		}
		w.check(t, w.state, func(f int) float64 { return best[f] })
	}
	birch.says("the phones are gone", `![...document.querySelectorAll(".call-people li")].some(e => e.innerText.includes("by telephone"))`)
}

// clear reports whether what was measured is as it is to be.
func (h heardBy) clear(got map[int]float64) bool {
	least := 0.0
	for _, f := range h.allowed {
		least = min(least, got[f])
	}
	if len(h.allowed) == 0 {
		least = -25
	}
	for _, f := range h.denied {
		if least-got[f] < 50 {
			return false
		}
	}
	return least >= -25
}
