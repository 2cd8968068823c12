package tape

import (
	"encoding/binary"
	"slices"
)

// opusRate is the clock of Opus: samples a second, whatever was encoded.
const opusRate = 48_000

// frame20 is 20 ms of Opus.
const frame20 = opusRate / 50

// preSkip is what players skip at the beginning, so that a decoder finds its feet
// (RFC 7845, 4.2): 80 ms, in which nothing came.
const preSkip = 4 * frame20

// mostSegments bounds a page; a packet has at most 9 of them.
const mostSegments = 200

// ogg writes one logical stream (RFC 3533) of Opus packets.
type ogg struct {
	serial  uint32
	seq     uint32
	end     int64 // samples written, those of the open page with them
	lacing  []byte
	body    []byte
	started bool
}

// head writes the two pages before the first sound (RFC 7845, 5).
func (o *ogg) head(out []byte) []byte {
	id := []byte("OpusHead\x01\x01") // version 1, one channel
	id = binary.LittleEndian.AppendUint16(id, preSkip)
	id = binary.LittleEndian.AppendUint32(id, opusRate)
	id = append(id, 0, 0, 0) // gain, mapping
	tags := []byte("OpusTags")
	tags = binary.LittleEndian.AppendUint32(tags, uint32(len("Parley")))
	tags = append(tags, "Parley"...)
	tags = binary.LittleEndian.AppendUint32(tags, 0)
	o.put(id)
	out = o.page(out, 0)
	o.put(tags)
	return o.page(out, 0)
}

func (o *ogg) put(p []byte) {
	for range len(p) / 255 {
		o.lacing = append(o.lacing, 255)
	}
	o.lacing = append(o.lacing, byte(len(p)%255))
	o.body = append(o.body, p...)
}

// packet adds a packet of so many samples; a page that is full goes out.
func (o *ogg) packet(out, p []byte, samples int64) []byte {
	o.put(p)
	o.end += samples
	if len(o.lacing) >= mostSegments {
		return o.page(out, 0)
	}
	return out
}

const endOfStream = 4

// page closes the open page.
func (o *ogg) page(out []byte, flags byte) []byte {
	if len(o.lacing) == 0 && flags == 0 {
		return out
	}
	if !o.started {
		flags |= 2
	}
	o.started = true
	at := len(out)
	out = append(out, "OggS\x00"...)
	out = append(out, flags)
	out = binary.LittleEndian.AppendUint64(out, uint64(o.end))
	out = binary.LittleEndian.AppendUint32(out, o.serial)
	out = binary.LittleEndian.AppendUint32(out, o.seq)
	out = append(out, 0, 0, 0, 0, byte(len(o.lacing)))
	out = append(out, o.lacing...)
	out = append(out, o.body...)
	binary.LittleEndian.PutUint32(out[at+22:], crc(out[at:]))
	o.seq++
	o.lacing, o.body = o.lacing[:0], o.body[:0]
	return out
}

var crcTable = func() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			if r&0x80000000 != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		t[i] = r
	}
	return t
}()

// crc is the checksum of a page, whose own place holds zeros.
func crc(b []byte) (r uint32) {
	for _, x := range b {
		r = r<<8 ^ crcTable[byte(r>>24)^x]
	}
	return r
}

// samplesOf is how long an Opus packet is (RFC 6716, 3); 0 where it is none.
func samplesOf(p []byte) int64 {
	if len(p) == 0 {
		return 0
	}
	var frame int64
	switch c := p[0] >> 3; {
	case c < 12:
		frame = []int64{480, 960, 1920, 2880}[c&3]
	case c < 16:
		frame = []int64{480, 960}[c&1]
	default:
		frame = []int64{120, 240, 480, 960}[c&3]
	}
	n := int64(1)
	switch p[0] & 3 {
	case 1:
		if len(p)%2 == 0 {
			return 0
		}
		n = 2
	case 2:
		n = 2
	case 3:
		if len(p) < 2 || p[1]&63 == 0 {
			return 0
		}
		n = int64(p[1] & 63)
	}
	if n*frame > 6*frame20 {
		return 0
	}
	return n * frame
}

// like is the first byte of a packet of 20 ms in the manner of another.
func like(toc byte) byte {
	c := toc >> 3
	switch {
	case c < 12:
		c = c&^3 | 1
	case c < 16:
		c |= 1
	default:
		c |= 3
	}
	return c<<3 | toc&4
}

// nothing are the packets that say for n times 20 ms that nothing came (RFC 7845,
// 4.1): frames without a byte.
func nothing(toc byte, n int64) []byte {
	if n == 1 {
		return []byte{toc}
	}
	return []byte{toc | 3, byte(n)}
}

// fill keeps samples of time in which nothing came; what is less than 20 ms is
// left for the next.
func (o *ogg) fill(out []byte, toc byte, samples int64, full func([]byte) []byte) []byte {
	toc = like(toc)
	for n := samples / frame20; n > 0; {
		k := min(n, 6)
		out = o.packet(out, nothing(toc, k), k*frame20)
		n -= k
		if len(out) >= mostOpen {
			out = full(out)
		}
	}
	return out
}

// wavHead is the head of a WAVE file of format 7 with so many bytes of sound.
func wavHead(size int64) []byte {
	n := uint32(min(size, 1<<32-1-58))
	b := []byte("RIFF")
	b = binary.LittleEndian.AppendUint32(b, n+50+n%2)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 18)
	for _, x := range []uint16{7, 1} { // mu-law, one channel
		b = binary.LittleEndian.AppendUint16(b, x)
	}
	b = binary.LittleEndian.AppendUint32(b, pcmRate)
	b = binary.LittleEndian.AppendUint32(b, pcmRate)
	for _, x := range []uint16{1, 8, 0} {
		b = binary.LittleEndian.AppendUint16(b, x)
	}
	b = append(b, "fact"...)
	b = binary.LittleEndian.AppendUint32(b, 4)
	b = binary.LittleEndian.AppendUint32(b, n)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, n)
}

// pcmRate is the clock of PCMU: bytes a second.
const pcmRate = 8_000

// still is so much of nothing, as mu-law says it.
func still(n int64) []byte { return slices.Repeat([]byte{0xff}, int(n)) }
