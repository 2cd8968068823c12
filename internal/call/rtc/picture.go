package rtc

import "slices"

// descriptor is what the first bytes of a VP8 packet say of the picture it is of
// (RFC 7741, 4.2).
type descriptor struct {
	id, idBits int // picture id, of 7 or 15 bits; 0 bits where there is none
	idAt       int // where it stands
	base       int // where the index of base layers stands; 0 where there is none
	key        bool
}

// readPicture reads them, or reports that they are none. A packet without payload
// is padding, which is none either.
func readPicture(b []byte) (d descriptor, ok bool) {
	if len(b) < 2 {
		return d, false
	}
	at := 1
	if b[0]&0x80 != 0 { // X: more follows
		flags := b[1]
		at = 2
		if flags&0x80 != 0 { // I
			if at >= len(b) {
				return d, false
			}
			d.idAt, d.idBits, d.id = at, 7, int(b[at]&0x7f)
			if b[at]&0x80 != 0 {
				if at+1 >= len(b) {
					return d, false
				}
				d.idBits, d.id = 15, d.id<<8|int(b[at+1])
				at++
			}
			at++
		}
		if flags&0x40 != 0 { // L
			d.base = at
			at++
		}
		if flags&0x30 != 0 { // T, K
			at++
		}
	}
	if at >= len(b) {
		return d, false
	}
	d.key = b[0]&0x17 == 0x10 && b[at]&1 == 0 // begins a picture, which stands by itself
	return d, true
}

// views makes one sequence of pictures of changing cameras, as run does of packets.
// A browser that sees ids go back may wait for pictures that never come.
type views struct {
	id, base       int // added to a camera's own
	topID, topBase int // highest written
}

// place rewrites a payload's ids; fresh: it is the first of another run. The
// payload itself belongs to others, too, and is not touched.
func (v *views) place(b []byte, d descriptor, fresh bool) []byte {
	if d.idBits == 0 && d.base == 0 {
		return b
	}
	b = slices.Clone(b)
	if d.idBits > 0 {
		span := 1 << d.idBits
		if fresh {
			v.id = v.topID + 1 - d.id
		}
		id := (d.id + v.id) & (span - 1)
		if ahead := (id - v.topID) & (span - 1); fresh || ahead < span/2 {
			v.topID = id
		}
		if d.idBits == 15 {
			b[d.idAt], b[d.idAt+1] = 0x80|byte(id>>8), byte(id)
		} else {
			b[d.idAt] = byte(id)
		}
	}
	if d.base > 0 {
		if fresh {
			v.base = v.topBase + 1 - int(b[d.base])
		}
		base := (int(b[d.base]) + v.base) & 0xff
		if ahead := (base - v.topBase) & 0xff; fresh || ahead < 128 {
			v.topBase = base
		}
		b[d.base] = byte(base)
	}
	return b
}
