package sip

import (
	"embed"
	"math"
	"slices"
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
// be told. What would make it wait for more than 20 s is left out, and so is what
// waits while the phone does not want to hear.
func (h *Handset) Tell(s Sound) { h.st.mix.tell(s) }

// Insist lets the phone hear a sound in any case: before all that waits by Tell, and
// if it does not want to hear now, as soon as it does, then from the beginning. The
// channel is closed once the whole of it has been sent. Wait for it before you insist
// again.
func (h *Handset) Insist(s Sound) <-chan struct{} { return h.st.mix.insist(s) }

// Up is closed when the phone has been lifted for good.
func (h *Handset) Up() <-chan struct{} { return h.up }

// telling is a sound that is told.
type telling struct {
	all, left Sound
	done      chan struct{} // nil: it may be left out
}

// tell returns in how long all is over that is told.
func (m *mixer) tell(s Sound) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, t := range m.told {
		n += len(t.left)
	}
	if len(s) > 0 && n+len(s) <= mostTold {
		m.told = append(m.told, &telling{all: s, left: s})
		n += len(s)
	}
	return time.Duration(n) * time.Second / 8000
}

func (m *mixer) insist(s Sound) <-chan struct{} {
	t := &telling{all: s, left: s, done: make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	i := 0
	for i < len(m.told) && (m.told[i].done != nil || len(m.told[i].left) < len(m.told[i].all)) {
		i++ // what has begun is told to its end
	}
	m.told = slices.Insert(m.told, i, t)
	return t.done
}

// tellOn adds what is told to a frame. The caller holds mu.
func (m *mixer) tellOn(out *[frame]float32, heard bool) {
	if !heard {
		m.told = slices.DeleteFunc(m.told, func(t *telling) bool { return t.done == nil })
		for _, t := range m.told {
			t.left = t.all
		}
		return
	}
	for at := 0; len(m.told) > 0 && at < frame; {
		t := m.told[0]
		n := min(len(t.left), frame-at)
		for i, v := range t.left[:n] {
			out[at+i] += v
		}
		at, t.left = at+n, t.left[n:]
		if len(t.left) > 0 {
			return
		}
		if t.done != nil {
			close(t.done)
		}
		m.told = m.told[1:]
	}
}
