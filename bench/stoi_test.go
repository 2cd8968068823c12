package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

// babble is what has the envelope of speech: noise and tones in syllables of
// varied length and pitch, with pauses.
func babble(seconds float64, rate int, r *rand.Rand) []float64 {
	x := make([]float64, int(seconds*float64(rate)))
	for at := 0; at < len(x); {
		n := min(len(x)-at, rate/10+r.IntN(rate/5))
		pitch, bright, loud := 90+60*r.Float64(), 300+2500*r.Float64(), 0.2+0.8*r.Float64()
		voiced := r.IntN(4) > 0
		for i := range n {
			t := float64(i) / float64(rate)
			env := loud * math.Sin(math.Pi*float64(i)/float64(n))
			v := r.NormFloat64() * 0.3
			if voiced {
				v = 0
				for k := 1.0; k*pitch < 4000; k++ {
					d := (k*pitch - bright) / 600
					v += math.Sin(2*math.Pi*k*pitch*t) * (0.1 + math.Exp(-d*d))
				}
			}
			x[at+i] = env * v
		}
		if at += n; r.IntN(5) == 0 {
			at += rate / 4
		}
	}
	return x
}

func noisy(x []float64, db float64, r *rand.Rand) []float64 {
	p := 0.0
	for _, v := range x {
		p += v * v
	}
	s := math.Sqrt(p / float64(len(x)) / math.Pow(10, db/10))
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v + s*r.NormFloat64()
	}
	return y
}

// TestSTOI checks what the paper says of the measure: 1 for the same signal,
// whatever its level; falling with noise from near 1 towards 0; blind to what lies
// outside its bands; and not to lost packets.
func TestSTOI(t *testing.T) {
	const rate = 48000
	r := rand.New(rand.NewPCG(1, 2))
	x := babble(8, rate, r)
	if s := stoi(x, x, rate); math.Abs(s-1) > 1e-9 {
		t.Errorf("the same signal scores %v", s)
	}
	quiet := make([]float64, len(x))
	high := make([]float64, len(x))
	for i, v := range x {
		quiet[i] = v / 10
		high[i] = v + 0.5*math.Sin(2*math.Pi*9000*float64(i)/rate)
	}
	if s := stoi(x, quiet, rate); math.Abs(s-1) > 1e-6 {
		t.Errorf("at another level: %v", s)
	}
	if s := stoi(x, high, rate); s < 0.99 {
		t.Errorf("with a tone of 9 kHz: %v", s)
	}
	last := 1.0
	for _, db := range []float64{30, 20, 10, 5, 0, -5, -10, -20} {
		s := stoi(x, noisy(x, db, r), rate)
		if s >= last {
			t.Errorf("at %v dB %v, and with less noise %v", db, s, last)
		}
		if db == 30 && s < 0.95 || db == -20 && s > 0.4 {
			t.Errorf("at %v dB %v", db, s)
		}
		last = s
	}
	if s := stoi(x, babble(8, rate, r), rate); s > 0.3 {
		t.Errorf("another speech scores %v", s)
	}
	last = 1
	for _, loss := range []float64{0.05, 0.2, 0.5} {
		y := append([]float64(nil), x...)
		for at := 0; at+960 <= len(y); at += 960 {
			if r.Float64() < loss {
				clear(y[at : at+960])
			}
		}
		s := stoi(x, y, rate)
		if s >= last {
			t.Errorf("with %v lost %v, and with less %v", loss, s, last)
		}
		last = s
	}
	if s := stoi(make([]float64, 1000), make([]float64, 1000), rate); s != 0 {
		t.Errorf("nothing scores %v", s)
	}
}
