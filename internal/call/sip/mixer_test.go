package sip

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/internal/call/sip/siptest"
)

func floats(pcm []int16) (out []float64) {
	for _, v := range pcm {
		out = append(out, float64(v)/32768)
	}
	return out
}

// feed plays n packets of a voice to a mixer as a network brings them: late, lost,
// twice and out of order. drift is by how much the sender's clock is fast.
func feed(packets [][]byte, kind uint8, n int, loss, jitter, drift float64, seed uint64) (pcm []int16, deepest int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	m := newMixer()
	type arrival struct {
		at  float64 // milliseconds
		seq int
	}
	var all []arrival
	for i := range n {
		if rng.Float64() < loss {
			continue
		}
		at := float64(i)*20/(1+drift) + rng.Float64()*jitter
		all = append(all, arrival{at, i})
		if rng.IntN(20) == 0 {
			all = append(all, arrival{at + rng.Float64()*jitter, i})
		}
	}
	start := time.Now()
	for tick := range int(float64(n) / (1 + drift)) {
		for _, a := range all {
			if a.at > float64(tick-1)*20 && a.at <= float64(tick)*20 {
				m.take(2, &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: kind, SequenceNumber: uint16(65500 + a.seq), SSRC: 5}, Payload: packets[a.seq%len(packets)]}, start)
			}
		}
		out := m.next()
		pcm = append(pcm, out[:]...)
		deepest = max(deepest, len(m.slots[2].held))
	}
	return pcm, deepest
}

// TestVoicesAreHeard over good and bad ways, Opus and G.711.
func TestVoicesAreHeard(t *testing.T) {
	for name, c := range map[string]struct {
		packets [][]byte
		kind    uint8
		hz      float64
	}{"opus": {siptest.OpusTone(), typeOpus, 2018}, "pcmu": {siptest.MuTone(704, encodeMu), typePCMU, 704}} {
		for _, w := range []struct {
			loss, jitter, drift float64
			least               float64 // decibels of the tone, over all
		}{{0, 0, 0, -9.5}, {0, 15, 0, -9.5}, {0.02, 15, 0, -10}, {0.1, 30, 0, -14}, {0, 5, 0.002, -10.5}, {0, 5, -0.002, -10.5}} {
			pcm, deepest := feed(c.packets, c.kind, 500, w.loss, w.jitter, w.drift, 3)
			silent, worst := 0, 0.0
			for i := 50 * frame; i+frame <= len(pcm); i += frame {
				if siptest.Level(floats(pcm[i:i+frame]), c.hz) < -40 {
					silent++
				}
			}
			var sum float64
			n := 0
			for i := 50 * frame; i+10*frame <= len(pcm); i += 10 * frame {
				l := siptest.Level(floats(pcm[i:i+10*frame]), c.hz)
				sum += l
				worst = min(worst, l)
				n++
			}
			mean := sum / float64(n)
			t.Logf("%s, %.0f %% lost, %.0f ms jitter, %.1f %% fast: %.1f dB, at worst %.1f; %d of 450 frames silent; %d packets waited at most", name, 100*w.loss, w.jitter, 100*w.drift, mean, worst, silent, deepest)
			if mean < w.least || deepest > mostAhead+2 || silent > int(450*w.loss*w.loss)+4 {
				t.Errorf("%s %+v: %.1f dB, %d silent frames, %d packets waited", name, w, mean, silent, deepest)
			}
		}
	}
}

// TestFirstSound: a voice is heard two packets after it began.
func TestFirstSound(t *testing.T) {
	m, one := newMixer(), siptest.MuTone(704, encodeMu)
	for i := range 5 {
		m.take(0, &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(i), SSRC: 1}, Payload: one[i]}, time.Now())
		out := m.next()
		if heard := siptest.Level(floats(out[:]), 704) > -20; heard != (i >= ahead-1) {
			t.Errorf("after packet %d: heard %v", i+1, heard)
		}
	}
	// Another source in the same slot is not held to the numbers of the one before.
	for i := range 3 {
		m.take(0, &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(40000 + i), SSRC: 2}, Payload: one[i]}, time.Now())
	}
	if out := m.next(); siptest.Level(floats(out[:]), 704) < -20 {
		t.Error("the next source is not heard")
	}
}

// TestLimiter: eight voices at full scale do not overflow, a low one is low, and
// nothing is heard of a slot that is shut.
func TestLimiter(t *testing.T) {
	loud := make([]byte, frame)
	for i := range loud {
		loud[i] = encodeMu(int16(32000 * math.Sin(2*math.Pi*500*float64(i)/8000)))
	}
	run := func(gain [Slots]float32, voices int) []int16 {
		m := newMixer()
		m.set(gain)
		var pcm []int16
		for i := range 50 {
			for n := range voices {
				m.take(n, &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(i), SSRC: 1}, Payload: loud}, time.Now())
			}
			out := m.next()
			pcm = append(pcm, out[:]...)
		}
		return pcm[10*frame:]
	}
	var full, low [Slots]float32
	for i := range full {
		full[i] = Full
	}
	low[0] = Low
	all := run(full, Slots)
	peak := int16(0)
	for _, v := range all {
		peak = max(peak, v, -v)
	}
	if a, b := siptest.Level(floats(all), 500), siptest.Level(floats(all), 1500); peak > 30000 || a < -1.5 || a-b < 35 {
		t.Errorf("eight voices: peak %d, %.1f dB, third harmonic %.1f dB", peak, a, b)
	}
	if l := siptest.Level(floats(run(low, 1)), 500); l < -17 || l > -15 {
		t.Errorf("low is at %.1f dB", l)
	}
	if l := siptest.Level(floats(run([Slots]float32{}, 3)), 500); l > -100 {
		t.Errorf("shut is at %.1f dB", l)
	}
}

// TestDecimator passes what a phone carries, and folds nothing back into it.
func TestDecimator(t *testing.T) {
	for hz, want := range map[float64][2]float64{300: {-0.3, 0.3}, 1000: {-0.3, 0.3}, 3000: {-0.7, 0.3}, 3400: {-4, 0.3}, 4600: {-200, -50}, 6000: {-200, -50}, 7000: {-200, -50}, 15000: {-200, -50}} {
		var d decimator
		in := make([]float32, 48000)
		for i := range in {
			in[i] = float32(math.Sin(2 * math.Pi * hz * float64(i) / 48000))
		}
		var out []float64
		for i := 0; i < len(in); i += 960 {
			for _, v := range d.run(nil, in[i:i+960]) {
				out = append(out, float64(v))
			}
		}
		if len(out) < 7950 {
			t.Fatalf("%d samples of a second", len(out))
		}
		folded := math.Abs(hz - 8000*math.Round(hz/8000))
		if l := siptest.Level(out[100:], folded); l < want[0] || l > want[1] {
			t.Errorf("%.0f Hz comes at %.1f dB, want %v", hz, l, want)
		}
	}
}

// BenchmarkPhone is what a phone costs that hears three voices in Opus: 20 ms of them.
func BenchmarkPhone(b *testing.B) {
	m, opus := newMixer(), siptest.OpusTone()
	now := time.Now()
	for i := range b.N {
		for n := range 3 {
			m.take(n, &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: typeOpus, SequenceNumber: uint16(i), SSRC: 1}, Payload: opus[i%50]}, now)
		}
		m.next()
	}
}
