package main

import (
	"math"
	"math/cmplx"
)

// Short-time objective intelligibility (Taal, Hendriks, Heusdens, Jensen, "An
// algorithm for intelligibility prediction of time-frequency weighted noisy
// speech", IEEE TASLP 19(7), 2011): the mean correlation of the envelopes of clean
// and of heard speech, in third octaves and stretches of 384 ms.

const (
	stoiRate  = 10_000
	stoiFrame = 256
	stoiHop   = stoiFrame / 2
	stoiFFT   = 512
	stoiBands = 15
	stoiLow   = 150.0 // Hz, the middle of the lowest band
	stoiSpan  = 30    // frames of one stretch
	stoiFloor = 40.0  // dB under the loudest frame: less is silence, and left out
	stoiClip  = 15.0  // dB: the least ratio of signal to distortion that counts
)

// stoi compares two signals of equal rate and length; 0 when there is too little
// speech in clean.
func stoi(clean, heard []float64, rate int) float64 {
	x, y := resample(clean, rate, stoiRate), resample(heard, rate, stoiRate)
	n := min(len(x), len(y))
	x, y = withoutSilence(x[:n], y[:n])
	bx, by := thirdOctaves(x), thirdOctaves(y)
	if len(bx) < stoiSpan {
		return 0
	}
	sum, of := 0.0, 0
	clip := 1 + math.Pow(10, stoiClip/20)
	for end := stoiSpan; end <= len(bx); end++ {
		for band := range stoiBands {
			var u, v [stoiSpan]float64
			var pu, pv float64
			for i := range stoiSpan {
				u[i], v[i] = bx[end-stoiSpan+i][band], by[end-stoiSpan+i][band]
				pu, pv = pu+u[i]*u[i], pv+v[i]*v[i]
			}
			scale := math.Sqrt(pu / max(pv, 1e-20))
			for i := range v {
				v[i] = min(v[i]*scale, u[i]*clip)
			}
			sum += correlation(u[:], v[:])
			of++
		}
	}
	return sum / float64(of)
}

func correlation(u, v []float64) float64 {
	var mu, mv float64
	for i := range u {
		mu, mv = mu+u[i], mv+v[i]
	}
	mu, mv = mu/float64(len(u)), mv/float64(len(u))
	var uv, uu, vv float64
	for i := range u {
		a, b := u[i]-mu, v[i]-mv
		uv, uu, vv = uv+a*b, uu+a*a, vv+b*b
	}
	if uu == 0 || vv == 0 {
		return 0
	}
	return uv / math.Sqrt(uu*vv)
}

func hann(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i+1)/float64(n+1))
	}
	return w
}

// withoutSilence leaves out the frames of both in which x is silent.
func withoutSilence(x, y []float64) (a, b []float64) {
	w := hann(stoiFrame)
	var loud []float64
	most := math.Inf(-1)
	for at := 0; at+stoiFrame <= len(x); at += stoiHop {
		e := 0.0
		for i, f := range w {
			e += f * f * x[at+i] * x[at+i]
		}
		db := 10 * math.Log10(e+1e-20)
		loud, most = append(loud, db), max(most, db)
	}
	a, b = make([]float64, len(x)), make([]float64, len(x))
	n := 0
	for k, db := range loud {
		if db < most-stoiFloor {
			continue
		}
		for i, f := range w {
			a[n*stoiHop+i] += f * x[k*stoiHop+i]
			b[n*stoiHop+i] += f * y[k*stoiHop+i]
		}
		n++
	}
	if n == 0 {
		return nil, nil
	}
	return a[:(n+1)*stoiHop], b[:(n+1)*stoiHop]
}

// thirdOctaves are the envelopes of a signal in each band, frame by frame.
func thirdOctaves(x []float64) (out [][stoiBands]float64) {
	w := hann(stoiFrame)
	var from, to [stoiBands]int
	for k := range stoiBands {
		mid := stoiLow * math.Pow(2, float64(k)/3)
		bin := float64(stoiRate) / stoiFFT
		from[k], to[k] = int(math.Round(mid*math.Pow(2, -1.0/6)/bin)), int(math.Round(mid*math.Pow(2, 1.0/6)/bin))
	}
	buf := make([]complex128, stoiFFT)
	for at := 0; at+stoiFrame <= len(x); at += stoiHop {
		clear(buf)
		for i, f := range w {
			buf[i] = complex(f*x[at+i], 0)
		}
		fft(buf)
		var bands [stoiBands]float64
		for k := range bands {
			e := 0.0
			for i := from[k]; i < to[k]; i++ {
				e += real(buf[i])*real(buf[i]) + imag(buf[i])*imag(buf[i])
			}
			bands[k] = math.Sqrt(e)
		}
		out = append(out, bands)
	}
	return out
}

// fft transforms a power of two in place.
func fft(a []complex128) {
	n := len(a)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		if j ^= bit; i < j {
			a[i], a[j] = a[j], a[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		step := cmplx.Exp(complex(0, -2*math.Pi/float64(size)))
		for start := 0; start < n; start += size {
			f := complex(1, 0)
			for k := range size / 2 {
				u, v := a[start+k], f*a[start+k+size/2]
				a[start+k], a[start+k+size/2] = u+v, u-v
				f *= step
			}
		}
	}
}

// resample changes the rate by a windowed sinc that keeps what both rates can hold.
func resample(x []float64, from, to int) []float64 {
	if from == to {
		return x
	}
	const half = 24 // periods of the lower rate on each side
	cut := min(1, float64(to)/float64(from))
	reach := int(half / cut)
	// The positions between samples repeat: one filter for each.
	g := gcd(from, to)
	filters := make([][]float64, to/g)
	for i := range filters {
		f := make([]float64, 2*reach+1)
		at := float64(i*from%to) / float64(to)
		for k := range f {
			d := float64(k-reach) - at
			s := cut
			if d != 0 {
				s = math.Sin(math.Pi*d*cut) / (math.Pi * d)
			}
			f[k] = s * (0.5 + 0.5*math.Cos(math.Pi*d/float64(reach+1)))
		}
		filters[i] = f
	}
	out := make([]float64, len(x)*to/from)
	for i := range out {
		mid := i * from / to
		sum := 0.0
		for k, f := range filters[i%len(filters)] {
			if j := mid + k - reach; j >= 0 && j < len(x) {
				sum += f * x[j]
			}
		}
		out[i] = sum
	}
	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
