package sip

import (
	"math"
	"testing"
)

// TestCompanding: back and forth is the same octet, and no sample is farther off than
// half a step of its segment.
func TestCompanding(t *testing.T) {
	for i := range 256 {
		b := uint8(i)
		if got := encodeMu(fromMu[b]); got != b && b != 0x7f { // both zeros
			t.Errorf("μ %#x becomes %d and %#x", b, fromMu[b], got)
		}
		if got := encodeA(fromA[b]); got != b {
			t.Errorf("A %#x becomes %d and %#x", b, fromA[b], got)
		}
	}
	for s := -32768; s <= 32767; s++ {
		off := math.Max(8, math.Abs(float64(s))/16) + 4 // we look at 14 of the 16 bits
		if d := math.Abs(float64(fromMu[encodeMu(int16(s))]) - float64(s)); d > off && s > -32636 && s < 32636 {
			t.Fatalf("μ: %d is %v off", s, d)
		}
		if d := math.Abs(float64(fromA[encodeA(int16(s))]) - float64(s)); d > off+4 {
			t.Fatalf("A: %d is %v off", s, d)
		}
	}
	// ITU-T G.711, the ends and the middle of both tables.
	for _, c := range []struct {
		got, want int16
	}{{fromMu[0xff], 0}, {fromMu[0x80], 32124}, {fromMu[0x00], -32124}, {fromA[0xd5], 8}, {fromA[0x55], -8}, {fromA[0xaa], 32256}, {fromA[0x2a], -32256}} {
		if c.got != c.want {
			t.Errorf("%d, want %d", c.got, c.want)
		}
	}
	if l := levelOf([]byte{0xff, 0xff}); l != 127 {
		t.Errorf("silence is %d", l)
	}
	if l := levelOf([]byte{0x80, 0x00}); l != 0 {
		t.Errorf("full scale is %d", l)
	}
}
