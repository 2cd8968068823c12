package sip

import (
	"math"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// How loud voices are mixed.
const (
	Full     = 1.0
	Low      = 0.16 // underneath an interpreter: 16 dB
	loudest  = 0.9  // of full scale: above it the limiter works
	recovers = 1.03 // a frame: a quarter of a decibel
)

// mixer makes one sound of the slots of a phone.
type mixer struct {
	mu    sync.Mutex
	slots [Slots]slot
	gain  [Slots]float32
	tone  bool // the ringing tone instead of all
	phase int
	limit float32
	told  []*telling // the first is told now
}

func newMixer() *mixer {
	m := &mixer{limit: 1}
	for i := range m.gain {
		m.gain[i] = Full
	}
	return m
}

func (m *mixer) take(n int, p *rtp.Packet, now time.Time) {
	if n < 0 || n >= Slots {
		return
	}
	m.mu.Lock()
	m.slots[n].take(p, now)
	m.mu.Unlock()
}

func (m *mixer) set(gain [Slots]float32) {
	m.mu.Lock()
	m.gain = gain
	m.mu.Unlock()
}

// ring turns the ringing tone on or off.
func (m *mixer) ring(on bool) {
	m.mu.Lock()
	m.tone, m.phase = on, 0
	m.mu.Unlock()
}

// next returns the next 20 ms.
func (m *mixer) next() [frame]int16 { return m.step(true) }

// pass passes over 20 ms that the phone does not hear.
func (m *mixer) pass() { m.step(false) }

func (m *mixer) step(heard bool) (out [frame]int16) {
	var sum, one [frame]float32
	m.mu.Lock()
	defer m.mu.Unlock()
	under := float32(Full)
	if len(m.told) > 0 {
		under = Low
	}
	for i := range m.slots {
		if !m.slots[i].play(&one) || m.tone {
			continue
		}
		for j, v := range one {
			sum[j] += v * m.gain[i] * under
		}
	}
	if m.tone {
		m.ringing(&sum)
	}
	m.tellOn(&sum, heard)
	peak := float32(0)
	for _, v := range sum {
		peak = max(peak, v, -v)
	}
	was := m.limit
	m.limit = min(was*recovers, 1)
	if peak*m.limit > loudest {
		m.limit = loudest / peak
	}
	const slope = 16 // samples over which the limiter closes or opens
	for i, v := range sum {
		g := m.limit
		if i < slope {
			g = was + (m.limit-was)*float32(i)/slope
		}
		out[i] = int16(min(max(v*g, -1), 1) * 32767)
	}
	return out
}

// ringing is the tone that a caller hears while it rings: 425 Hz, one second of
// five (ITU-T E.180).
func (m *mixer) ringing(out *[frame]float32) {
	for i := range out {
		if m.phase%(5*8000) < 8000 {
			out[i] = float32(0.1 * math.Sin(2*math.Pi*425*float64(m.phase)/8000))
		}
		m.phase++
	}
}
