package sip

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/internal/call/sip/siptest"
)

// TestTold: what a phone is told is heard over all else, which is low underneath and
// comes back; what would wait for too long is left out.
func TestTold(t *testing.T) {
	m := newMixer()
	packets := siptest.MuTone(704, encodeMu)
	n := 0
	play := func(frames int) (out []float64) {
		for range frames {
			m.take(0, &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(n), SSRC: 1}, Payload: packets[n%50]}, time.Now())
			n++
			pcm := m.next()
			out = append(out, floats(pcm[:])...)
		}
		return out
	}
	play(10)
	before := siptest.Level(play(25), 704)
	if d := m.tell(Recording); d != 500*time.Millisecond {
		t.Errorf("half a second lasts %v", d)
	}
	during := play(25)
	under, tone := siptest.Level(during, 704), siptest.Level(during, 1400)
	after := play(25)
	t.Logf("the voice at %.1f dB, %.1f dB under the tone at %.1f dB, %.1f dB after it, the tone then at %.1f dB", before, under, tone, siptest.Level(after, 704), siptest.Level(after, 1400))
	if tone < -18 || before-under < 12 || before-under > 20 || siptest.Level(after, 704) < before-1 || siptest.Level(after, 1400) > -60 {
		t.Error("the tone is not heard as it is to be")
	}
	for range 100 {
		m.tell(Recording)
	}
	if d := m.tell(nil); d > 20*time.Second || d < 19*time.Second {
		t.Errorf("it would be told for %v", d)
	}
}

// TestInsisted: what a phone is to hear in any case comes after what is being told and
// before all that waits, however much that is; and while the phone does not hear, it
// waits, and begins anew.
func TestInsisted(t *testing.T) {
	m := newMixer()
	is := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	play := func(frames int) (out []float64) {
		for range frames {
			pcm := m.next()
			out = append(out, floats(pcm[:])...)
		}
		return out
	}
	for range 100 { // whoever presses keys all the time
		m.tell(Muted)
	}
	play(5)
	first, second := m.insist(Recording), m.insist(Unmuted)
	rest := play(13) // of the tone that had begun
	if l := siptest.Level(rest[:12*frame], 400); l < -20 {
		t.Errorf("what had begun is at %.0f dB", l)
	}
	heard := play(24)
	if l := siptest.Level(heard, 1400); l < -20 || is(first) {
		t.Errorf("the first is heard at %.0f dB, and over %v", l, is(first))
	}
	play(1)
	if !is(first) || is(second) {
		t.Errorf("the first is over %v, the second %v", is(first), is(second))
	}
	play(11)
	if !is(second) || len(m.told) < 50 {
		t.Errorf("the second is over %v, %d wait", is(second), len(m.told))
	}
	third := m.insist(Recording)
	play(30)
	if is(third) {
		t.Error("it is over before it can be")
	}
	for range 1000 {
		m.pass()
		m.tell(Done)
	}
	if is(third) {
		t.Error("it was told to a phone that does not hear")
	}
	m.pass()
	if l := siptest.Level(play(24), 1400); l < -20 || is(third) {
		t.Errorf("after that it is heard at %.0f dB, and over %v: it is to begin anew", l, is(third))
	}
	play(1)
	if !is(third) || m.tell(nil) != 0 {
		t.Errorf("it is over %v, and %v wait", is(third), m.tell(nil))
	}
}

// TestRecordedIn: in each language of the desk there is a sentence between two tones,
// of others the English one, and what it says is a voice.
func TestRecordedIn(t *testing.T) {
	en := Recorded("en")
	for _, tongue := range []string{"en", "zh", "zh-Hant", "ar", "fr", "es", "ru", "cy", ""} {
		s := Recorded(tongue)
		if d := s.Lasts(); d < 2*time.Second || d > 6*time.Second {
			t.Errorf("%s: it lasts %v", tongue, d)
		}
		if same := len(s) == len(en); same != (tongue == "en" || tongue == "cy" || tongue == "") {
			t.Errorf("%q is told as in English: %v", tongue, same)
		}
		power := 0.0
		voice := s[700*8 : len(s)-700*8]
		for _, v := range voice {
			power += float64(v * v)
		}
		if power /= float64(len(voice)); power < 1e-3 || power > 0.1 {
			t.Errorf("%q: the voice has a power of %g", tongue, power)
		}
	}
	seen := map[string]bool{}
	for _, s := range []Sound{Done, Taken, Waiting, Left, Muted, Unmuted, Refused} {
		key := ""
		for i := 0; i+400 <= len(s); i += 400 { // twentieths of a second
			pcm := make([]float64, 400)
			for j, v := range s[i : i+400] {
				pcm[j] = float64(v)
			}
			best, at := -40.0, "."
			for hz, sign := range map[float64]string{400: "l", 650: "m", 850: "o", 1000: "h"} {
				if l := siptest.Level(pcm, hz); l > best {
					best, at = l, sign
				}
			}
			key += at
		}
		if seen[key] {
			t.Errorf("two answers sound alike: %s", key)
		}
		seen[key] = true
	}
}
