package trunk

// RED (RFC 2198): in front of a packet's own payload go those of some packets
// before it. Here a block's place says which packet it is of: the last before
// the primary has the sequence number before it, and so on, so that a packet
// that is rebuilt has its number again. A block without bytes keeps the place
// of a packet that is not carried.
const (
	redMost   = 3         // packets carried besides the primary
	redOffset = 1<<14 - 1 // of timestamps
	redLength = 1<<10 - 1 // bytes of a block
	redHeader = 4         // bytes of the header of a block; that of the primary is one
)

// block is one packet of a RED payload; the primary is the last.
type block struct {
	offset  uint32 // how much older than the primary, in units of its timestamp
	payload []byte
}

// readRED takes a RED payload apart: n blocks and their order, the primary last
// at blocks[n-1]. The payloads lie in b. It refuses blocks of other types than
// Opus, more than redMost before the primary, and lengths that do not fit.
func readRED(b []byte, blocks *[redMost + 1]block) (n int, ok bool) {
	var lengths [redMost]int
	at := 0
	for ; ; n++ {
		if at >= len(b) || b[at]&0x7f != Opus {
			return 0, false
		}
		if b[at]&0x80 == 0 {
			at++
			break
		}
		if n == redMost || at+redHeader > len(b) {
			return 0, false
		}
		h := uint32(b[at+1])<<16 | uint32(b[at+2])<<8 | uint32(b[at+3])
		blocks[n].offset, lengths[n] = h>>10, int(h&redLength)
		if lengths[n] > 0 && blocks[n].offset == 0 {
			return 0, false // as old as the primary, and another packet
		}
		at += redHeader
	}
	for i := range n {
		if at+lengths[i] > len(b) {
			return 0, false
		}
		blocks[i].payload = b[at : at+lengths[i]]
		at += lengths[i]
	}
	blocks[n] = block{payload: b[at:]}
	return n + 1, true
}

// appendRED appends the RED payload of primary behind earlier, the oldest first.
func appendRED(b []byte, earlier []block, primary []byte) []byte {
	for _, e := range earlier {
		h := e.offset<<10 | uint32(len(e.payload))
		b = append(b, 0x80|Opus, byte(h>>16), byte(h>>8), byte(h))
	}
	b = append(b, Opus)
	for _, e := range earlier {
		b = append(b, e.payload...)
	}
	return append(b, primary...)
}

// redSize is how many bytes RED adds.
func redSize(earlier []block) int {
	n := 1
	for _, e := range earlier {
		n += redHeader + len(e.payload)
	}
	return n
}
