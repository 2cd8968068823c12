package find

import (
	"encoding/binary"
	"math/bits"
)

// A stretch is the positions that one row of the index is about.
const (
	stretchBits = 16
	stretch     = 1 << stretchBits
	setBytes    = stretch / 8
)

// set is which positions of a stretch are meant.
type set [stretch / 64]uint64

func (s *set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s *set) and(o *set) {
	for i := range s {
		s[i] &= o[i]
	}
}

func (s *set) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s *set) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// full is every position from lo up to hi, which is left out.
func full(lo, hi int) *set {
	s := new(set)
	for i := max(lo, 0); i < min(hi, stretch); i++ {
		s.add(i)
	}
	return s
}

// pack writes a set: the differences between its positions, or where that is
// shorter its bits. The first byte says which.
func (s *set) pack() []byte {
	b, last := []byte{0}, -1
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			at := i*64 + bits.TrailingZeros64(w)
			b = binary.AppendUvarint(b, uint64(at-last))
			last = at
		}
		if len(b) > setBytes {
			b = make([]byte, 1, setBytes+1)
			b[0] = 1
			for _, w := range s {
				b = binary.LittleEndian.AppendUint64(b, w)
			}
			return b
		}
	}
	return b
}

// merge adds what pack wrote to s; ok is false when it wrote something else.
func (s *set) merge(b []byte) (ok bool) {
	if len(b) == 0 || b[0] > 1 || b[0] == 1 && len(b) != setBytes+1 {
		return false
	}
	kind, b := b[0], b[1:]
	if kind == 1 {
		for i := range s {
			s[i] |= binary.LittleEndian.Uint64(b[i*8:])
		}
		return true
	}
	at := -1
	for len(b) > 0 {
		d, n := binary.Uvarint(b)
		if n <= 0 || d == 0 || d > stretch || at+int(d) >= stretch {
			return false
		}
		at += int(d)
		s.add(at)
		b = b[n:]
	}
	return true
}
