package squeeze

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
)

// Max is the longest plaintext that Append takes; dictionary and text
// together stay within the window of DEFLATE.
const Max = 8 << 10

// Parts of an entry are short. compress/flate clears 640 KiB and reads the
// dictionary anew for each, which takes ten times as long as compressing: so
// short parts are compressed here, over a dictionary that is read once. What it
// writes is plain DEFLATE, and is read by any decompressor.

const (
	hashBits  = 12
	leastLen  = 4 // shorter matches do not pay here
	mostLen   = 258
	chainMost = 64 // places looked at for one match
	litCodes  = 286
	distCodes = 30
	lenCodes  = 19
	endOfPart = 256
	fewTokens = 24
)

func hash4(b []byte) uint32 { return binary.LittleEndian.Uint32(b) * 2654435761 >> (32 - hashBits) }

// primed is the dictionary with its places by hash, each a position plus one.
type primed struct {
	head [1 << hashBits]uint16
	prev []uint16
}

var prime = sync.OnceValue(func() *primed {
	p := &primed{prev: make([]uint16, len(Dictionary))}
	for i := 0; i+leastLen <= len(Dictionary); i++ {
		h := hash4(Dictionary[i:])
		p.prev[i], p.head[h] = p.head[h], uint16(i+1)
	}
	return p
})

// squeezer is the working memory of one compression.
type squeezer struct {
	dict    *primed
	text    []byte // Dictionary, then plaintext
	head    [1 << hashBits]uint16
	prev    [Max]uint16
	tokens  []token
	lits    [litCodes]uint32 // how often each code occurs
	dists   [distCodes]uint32
	scratch scratch
	own     tables // of the text, and how they are described
	header  header
	out     bitWriter
}

// token is a literal (length 0) or a match.
type token struct{ length, value uint16 } // value: the byte, or the distance

var squeezers = sync.Pool{New: func() any {
	return &squeezer{dict: prime(), text: slices.Clone(Dictionary)}
}}

// Append appends plain as one DEFLATE stream over the preset Dictionary.
func Append(dst, plain []byte) []byte {
	s := squeezers.Get().(*squeezer)
	defer squeezers.Put(s)
	s.text = append(s.text[:len(Dictionary)], plain...)
	defer func() { clear(s.text[len(Dictionary):]) }() // no plaintext stays behind
	s.head = s.dict.head
	s.match()
	s.out = bitWriter{b: dst}
	s.write(plain)
	clear(s.tokens)
	return s.out.flush()
}

func (s *squeezer) insert(at int) {
	if at+leastLen <= len(s.text) {
		h := hash4(s.text[at:])
		s.prev[at-len(Dictionary)], s.head[h] = s.head[h], uint16(at+1)
	}
}

// find returns the longest match for the text at a place; length 0: none.
func (s *squeezer) find(at int) (length, dist int) {
	if at+leastLen > len(s.text) {
		return 0, 0
	}
	most := min(mostLen, len(s.text)-at)
	length = leastLen - 1
	next := s.head[hash4(s.text[at:])]
	for n := 0; next != 0 && n < chainMost && length < most; n++ {
		from := int(next) - 1
		if s.text[from+length] == s.text[at+length] {
			if k := common(s.text[from:], s.text[at:at+most]); k > length {
				length, dist = k, at-from
			}
		}
		if from < len(Dictionary) {
			next = s.dict.prev[from]
		} else {
			next = s.prev[from-len(Dictionary)]
		}
	}
	if dist == 0 {
		return 0, 0
	}
	return length, dist
}

// common is how many bytes a and b begin alike with; b is not the longer.
func common(a, b []byte) int {
	n := 0
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// match makes the tokens of the text: a match waits for the next place's, and
// gives way to a longer one.
func (s *squeezer) match() {
	s.tokens, s.lits, s.dists = s.tokens[:0], [litCodes]uint32{}, [distCodes]uint32{}
	for at := len(Dictionary); at < len(s.text); {
		length, dist := s.find(at)
		s.insert(at)
		if length > 0 && length < 32 {
			if longer, _ := s.find(at + 1); longer > length {
				length = 0
			}
		}
		if length == 0 {
			s.literal(s.text[at])
			at++
			continue
		}
		s.add(length, dist)
		for end := at + length; at+1 < end; {
			at++
			s.insert(at)
		}
		at++
	}
	s.lits[endOfPart]++
}

func (s *squeezer) literal(b byte) {
	s.tokens = append(s.tokens, token{0, uint16(b)})
	s.lits[b]++
}

func (s *squeezer) add(length, dist int) {
	s.tokens = append(s.tokens, token{uint16(length), uint16(dist)})
	c, _, _ := lengthCode(length)
	s.lits[c]++
	c, _, _ = distCode(dist)
	s.dists[c]++
}

// lengthCode and distCode are the codes of RFC 1951, 3.2.5, with the extra bits.
func lengthCode(length int) (code, extra, n int) {
	switch v := length - 3; {
	case length == mostLen:
		return 285, 0, 0
	case v < 8:
		return 257 + v, 0, 0
	default:
		n = bits.Len(uint(v)) - 3
		return 257 + 4*n + v>>n, v & (1<<n - 1), n
	}
}

func distCode(dist int) (code, extra, n int) {
	v := dist - 1
	if v < 4 {
		return v, 0, 0
	}
	n = bits.Len(uint(v)) - 2
	return 2*n + v>>n, v & (1<<n - 1), n
}

// write writes the tokens under the fixed codes, under codes of their own, or
// the plaintext as it stands: whichever is the shortest.
func (s *squeezer) write(plain []byte) {
	fixed := fixedTables()
	a := fixed.cost(s)
	b := a // codes of their own cannot pay for so few tokens
	if len(s.tokens) >= fewTokens {
		s.own.make(s)
		s.header.describe(&s.own, &s.scratch)
		b = s.own.cost(s) + s.header.cost
	}
	if stored := 8 * (len(plain) + 5); stored < min(a, b) {
		s.out.put(1, 3)
		s.out.align()
		n := uint16(len(plain))
		s.out.b = append(s.out.b, byte(n), byte(n>>8), byte(^n), byte(^n>>8))
		s.out.b = append(s.out.b, plain...)
		return
	}
	if a <= b {
		s.out.put(1|1<<1, 3)
		fixed.write(s)
		return
	}
	s.out.put(1|2<<1, 3)
	s.header.write(&s.out)
	s.own.write(s)
}

// bitWriter writes bits, the least significant first.
type bitWriter struct {
	b   []byte
	acc uint64
	n   int
}

func (w *bitWriter) put(v uint32, n int) {
	w.acc |= uint64(v) << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.b = append(w.b, byte(w.acc))
		w.acc >>= 8
	}
}

func (w *bitWriter) align() {
	if w.n > 0 {
		w.b, w.acc, w.n = append(w.b, byte(w.acc)), 0, 0
	}
}

func (w *bitWriter) flush() []byte { w.align(); return w.b }
