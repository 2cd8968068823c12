package sip

import "math"

// Companding of G.711 (ITU-T G.711): one octet to 16 linear bits and back.

var (
	fromMu, fromA [256]int16
	toMu, toA     [1 << 14]uint8 // by the upper 14 bits of a sample
)

func init() {
	for i := range 256 {
		fromMu[i], fromA[i] = muLinear(uint8(i)), aLinear(uint8(i))
	}
	for i := range toMu {
		s := int16(uint16(i) << 2)
		toMu[i], toA[i] = linearMu(s), linearA(s)
	}
}

func muLinear(u uint8) int16 {
	u = ^u
	t := (int(u&15)<<3 + 0x84) << (u >> 4 & 7)
	if u&0x80 != 0 {
		return int16(0x84 - t)
	}
	return int16(t - 0x84)
}

func linearMu(s int16) uint8 {
	v, sign := int(s), uint8(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, 32635) + 0x84
	exp := uint8(7)
	for mask := 0x4000; v&mask == 0 && exp > 0; mask >>= 1 {
		exp--
	}
	return ^(sign | exp<<4 | uint8(v>>(exp+3)&15))
}

func aLinear(a uint8) int16 {
	a ^= 0x55
	t := int(a&15)<<4 + 8
	if seg := a >> 4 & 7; seg > 0 {
		t = (t + 0x100) << (seg - 1)
	}
	if a&0x80 != 0 {
		return int16(t)
	}
	return int16(-t)
}

func linearA(s int16) uint8 {
	v, sign := int(s)>>3, uint8(0xd5)
	if v < 0 {
		v, sign = -v-1, 0x55
	}
	seg := uint8(0)
	for end := 31; seg < 8 && v > end; end = end<<1 | 1 {
		seg++
	}
	if seg >= 8 {
		return 0x7f ^ sign
	}
	shift := max(seg, 1)
	return (seg<<4 | uint8(v>>shift&15)) ^ sign
}

// PCMU is the octet of G.711 μ-law for a sample, and Linear the sample of an octet.
func PCMU(s int16) uint8   { return encodeMu(s) }
func Linear(u uint8) int16 { return fromMu[u] }

func encodeMu(s int16) uint8 { return toMu[uint16(s)>>2] }
func encodeA(s int16) uint8  { return toA[uint16(s)>>2] }

// levelOf is how far a frame of μ-law is under full scale, in decibels as RFC 6464
// counts them: 127 is silence.
func levelOf(mu []byte) uint8 {
	sum := 0.0
	for _, b := range mu {
		v := float64(fromMu[b]) / 32768
		sum += v * v
	}
	if sum == 0 {
		return 127
	}
	return uint8(min(max(-10*math.Log10(sum/float64(len(mu))), 0), 127))
}
