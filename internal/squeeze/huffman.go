package squeeze

import (
	"math/bits"
	"slices"
	"sync"
)

const allCodes = 288 // of the largest alphabet, two of them never used

// code is a canonical prefix code of RFC 1951, 3.2.2. What stands in bits for a
// symbol without a length is left over.
type code struct {
	lens [allCodes]uint8
	bits [allCodes]uint16 // reversed, as they are written
}

// scratch is the working memory in which a code is made.
type scratch struct {
	order [allCodes]uint32 // of the symbols that occur: frequency, then symbol
	nodes [2 * allCodes]node
}

// symbolBits hold a symbol below its frequency, which Max keeps to few bits.
const symbolBits = 9

// make makes the shortest code, of at most limit bits, for symbols that occur so
// often. c is of the same alphabet before.
func (c *code) make(freqs []uint32, limit int, w *scratch) {
	clear(c.lens[:len(freqs)])
	order := w.order[:0]
	for i, f := range freqs {
		if f > 0 {
			order = append(order, f<<symbolBits|uint32(i))
		}
	}
	slices.Sort(order)
	used := w.nodes[:0]
	for _, o := range order {
		used = append(used, node{freq: o >> symbolBits, symbol: int16(o & (1<<symbolBits - 1))})
	}
	for !c.measure(used, limit) {
		for i := range used { // too deep: flatter frequencies give a flatter tree
			used[i].freq = used[i].freq>>1 + 1
		}
	}
	c.number(len(freqs))
}

// node is a symbol, or what joins two nodes.
type node struct {
	freq        uint32
	symbol      int16 // -1: a join
	left, right int16
	depth       uint8
}

// measure gives each symbol its length by joining the two rarest nodes until
// one is left. leaves are in order of frequency. It reports whether all fit.
func (c *code) measure(leaves []node, limit int) bool {
	switch len(leaves) {
	case 0:
		return true
	case 1:
		c.lens[leaves[0].symbol] = 1
		return true
	}
	n := len(leaves)
	all := leaves[:n]
	leaf, join := 0, n
	take := func() int16 {
		if join >= len(all) || leaf < n && all[leaf].freq <= all[join].freq {
			leaf++
			return int16(leaf - 1)
		}
		join++
		return int16(join - 1)
	}
	for len(all) < 2*n-1 {
		l, r := take(), take()
		all = append(all, node{freq: all[l].freq + all[r].freq, symbol: -1, left: l, right: r})
	}
	all[len(all)-1].depth = 0
	for i := len(all) - 1; i >= 0; i-- {
		x := &all[i]
		if x.symbol < 0 {
			all[x.left].depth, all[x.right].depth = x.depth+1, x.depth+1
			continue
		}
		if int(x.depth) > limit {
			return false
		}
		c.lens[x.symbol] = x.depth
	}
	return true
}

// number gives the lengths of n symbols their bits.
func (c *code) number(n int) {
	var count, next [16]uint16
	for _, l := range c.lens[:n] {
		count[l&15]++
	}
	count[0] = 0
	for l := 1; l < 16; l++ {
		next[l] = (next[l-1] + count[l-1]) << 1
	}
	for i, l := range c.lens[:n] {
		if l > 0 {
			c.bits[i] = bits.Reverse16(next[l&15]) >> (16 - l)
			next[l&15]++
		}
	}
}

func (c *code) write(w *bitWriter, symbol int) { w.put(uint32(c.bits[symbol]), int(c.lens[symbol])) }

// tables are the two codes of a block.
type tables struct{ lits, dists code }

// make makes the codes of a block by what it holds. One distance stands even where
// there is no match.
func (t *tables) make(s *squeezer) {
	d := s.dists
	if d == [distCodes]uint32{} {
		d[0] = 1
	}
	t.lits.make(s.lits[:], 15, &s.scratch)
	t.dists.make(d[:], 15, &s.scratch)
}

// fixedTables are the codes of RFC 1951, 3.2.6.
var fixedTables = sync.OnceValue(func() *tables {
	t := &tables{}
	for i := range t.lits.lens {
		switch {
		case i < 144, i >= 280:
			t.lits.lens[i] = 8
		case i < 256:
			t.lits.lens[i] = 9
		default:
			t.lits.lens[i] = 7
		}
	}
	for i := range distCodes {
		t.dists.lens[i] = 5
	}
	t.lits.number(allCodes)
	t.dists.number(distCodes)
	return t
})

// cost is how many bits the tokens take, but for the extra bits, which are the
// same under every code.
func (t *tables) cost(s *squeezer) (n int) {
	for i, f := range s.lits {
		n += int(f) * int(t.lits.lens[i])
	}
	for i, f := range s.dists {
		n += int(f) * int(t.dists.lens[i])
	}
	return n
}

func (t *tables) write(s *squeezer) {
	for _, k := range s.tokens {
		if k.length == 0 {
			t.lits.write(&s.out, int(k.value))
			continue
		}
		c, extra, n := lengthCode(int(k.length))
		t.lits.write(&s.out, c)
		s.out.put(uint32(extra), n)
		c, extra, n = distCode(int(k.value))
		t.dists.write(&s.out, c)
		s.out.put(uint32(extra), n)
	}
	t.lits.write(&s.out, endOfPart)
}

// header is how a block describes its codes (RFC 1951, 3.2.7).
type header struct {
	lits, dists int // lengths given
	runs        []run
	code        code
	lens        int
	cost        int // bits
}

// run is a symbol of the code length alphabet with its extra bits.
type run struct{ symbol, extra, n uint8 }

var lenOrder = [lenCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// describe makes the header of a block with codes t.
func (h *header) describe(t *tables, w *scratch) {
	h.lits, h.dists = 257, 1
	for i, l := range t.lits.lens[:litCodes] {
		if l > 0 {
			h.lits = max(h.lits, i+1)
		}
	}
	for i, l := range t.dists.lens[:distCodes] {
		if l > 0 {
			h.dists = max(h.dists, i+1)
		}
	}
	var all [litCodes + distCodes]uint8
	n := copy(all[:], t.lits.lens[:h.lits])
	n += copy(all[n:], t.dists.lens[:h.dists])
	h.runs = appendRuns(h.runs[:0], all[:n])
	var freqs [lenCodes]uint32
	for _, r := range h.runs {
		freqs[r.symbol]++
	}
	h.code.make(freqs[:], 7, w)
	h.cost = 14
	for h.lens = lenCodes; h.lens > 4 && h.code.lens[lenOrder[h.lens-1]] == 0; h.lens-- {
	}
	h.cost += 3 * h.lens
	for _, r := range h.runs {
		h.cost += int(h.code.lens[r.symbol]) + int(r.n)
	}
}

// appendRuns appends lengths, those that repeat as runs.
func appendRuns(rs []run, lens []uint8) []run {
	for i := 0; i < len(lens); {
		n := 1
		for i+n < len(lens) && lens[i+n] == lens[i] {
			n++
		}
		l := lens[i]
		i += n
		if l > 0 {
			rs = append(rs, run{symbol: l})
			n--
		}
		for n > 0 {
			switch k := n; {
			case l == 0 && k >= 11:
				k = min(k, 138)
				rs, n = append(rs, run{18, uint8(k - 11), 7}), n-k
			case l == 0 && k >= 3:
				rs, n = append(rs, run{17, uint8(k - 3), 3}), 0
			case l > 0 && k >= 3:
				k = min(k, 6)
				rs, n = append(rs, run{16, uint8(k - 3), 2}), n-k
			default:
				rs, n = append(rs, run{symbol: l}), n-1
			}
		}
	}
	return rs
}

func (h *header) write(w *bitWriter) {
	w.put(uint32(h.lits-257), 5)
	w.put(uint32(h.dists-1), 5)
	w.put(uint32(h.lens-4), 4)
	for _, s := range lenOrder[:h.lens] {
		w.put(uint32(h.code.lens[s]), 3)
	}
	for _, r := range h.runs {
		h.code.write(w, int(r.symbol))
		w.put(uint32(r.extra), int(r.n))
	}
}
