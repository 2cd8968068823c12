package sip

import (
	"embed"
	"math"
	"strings"
	"sync"
	"time"
)

// A Sound is what a phone is told: samples at 8 kHz, of 1 at most. Nobody changes it.
type Sound []float32

// Lasts is how long it is.
func (s Sound) Lasts() time.Duration { return time.Duration(len(s)) * time.Second / 8000 }

// note is one tone; 0 Hz is silence.
type note struct {
	hz float64
	ms int
}

// What a phone is told by tones. They are told apart by their number and by whether
// they rise or fall, so that nobody needs an ear for pitch.
var (
	Done    = tones(note{850, 70})                                                            // once: it is so
	Taken   = tones(note{650, 110}, note{0, 50}, note{1000, 160})                             // rising: on the air in a booth
	Waiting = tones(note{650, 110}, note{0, 50}, note{650, 110})                              // twice: in a booth, another is on the air
	Left    = tones(note{1000, 110}, note{0, 50}, note{650, 160})                             // falling: out of the booth
	Muted   = tones(note{400, 350})                                                           // long and low: nobody hears you
	Unmuted = tones(note{1000, 70}, note{0, 50}, note{1000, 70})                              // twice and high: you are heard
	Refused = tones(note{400, 110}, note{0, 70}, note{400, 110}, note{0, 70}, note{400, 110}) // thrice and low: it cannot be
	// Recording is the tone of telephones that are recorded: 1,400 Hz for half a
	// second, every RecordingEvery.
	Recording = tones(note{1400, 500})
)

// RecordingEvery is how often a phone is told that a call is recorded.
const RecordingEvery = 15 * time.Second

const (
	toneLevel = 0.2 // of full scale
	toneEdge  = 40  // samples over which a tone begins and ends, so that it does not click
	mostTold  = 20 * 8000
)

func tones(ns ...note) (out Sound) {
	for _, n := range ns {
		k := n.ms * 8
		for i := range k {
			edge := min(1, float64(min(i, k-1-i))/toneEdge)
			out = append(out, float32(toneLevel*edge*math.Sin(2*math.Pi*n.hz*float64(i)/8000)))
		}
	}
	return out
}

//go:embed speech/*.ulaw
var speech embed.FS

// Recorded is what a phone is told before its person is put on a call that is
// recorded: the tone, "this call is recorded" in a language, and the tone. Of a
// language that we have no voice for, it is said in English.
func Recorded(tongue string) Sound {
	base, _, _ := strings.Cut(strings.ToLower(tongue), "-")
	all := recordedIn()
	said, ok := all[base]
	if !ok {
		said = all["en"]
	}
	gap := tones(note{0, 200})
	var out Sound
	for _, part := range []Sound{Recording, gap, said, gap, Recording} {
		out = append(out, part...)
	}
	return out
}

// recordedIn is the sentence in each language that we have a voice for.
var recordedIn = sync.OnceValue(func() map[string]Sound {
	out := map[string]Sound{}
	names, err := speech.ReadDir("speech")
	if err != nil {
		panic(err) // it is in the program
	}
	for _, n := range names {
		b, err := speech.ReadFile("speech/" + n.Name())
		if err != nil {
			panic(err)
		}
		s := make(Sound, len(b))
		for i, x := range b {
			s[i] = float32(fromMu[x]) / 32768
		}
		tongue, _, _ := strings.Cut(strings.TrimPrefix(n.Name(), "recorded-"), ".")
		out[tongue] = s
	}
	return out
})

// Tell lets the phone hear a sound, with all else low underneath, after what waits to
// be told. It returns in how long that is over; what would make it wait for more than
// 20 s is left out.
func (h *Handset) Tell(s Sound) time.Duration { return h.st.mix.tell(s) }

// Up is closed when the phone has been lifted for good: what it is told from then on
// it hears.
func (h *Handset) Up() <-chan struct{} { return h.up }

func (m *mixer) tell(s Sound) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.told)+len(s) <= mostTold {
		m.told = append(m.told, s...)
	}
	return Sound(m.told).Lasts()
}

// telling adds what is told to a frame. The caller holds mu.
func (m *mixer) telling(out *[frame]float32) {
	n := min(len(m.told), frame)
	for i, v := range m.told[:n] {
		out[i] += v
	}
	m.told = m.told[n:]
}
