package sqlite

import (
	"bytes"
	"cmp"
	"database/sql/driver"
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
)

const (
	chunkBits = 12
	chunkSize = 1 << chunkBits
)

// bitmap is one chunk of positions: bit position & 4095.
type bitmap [chunkSize / 64]uint64

func (b *bitmap) set(i int64) { b[i>>6] |= 1 << (i & 63) }

func (b *bitmap) clear(i int64) { b[i>>6] &^= 1 << (i & 63) }

func (b *bitmap) has(i int64) bool { return b[i>>6]>>(i&63)&1 != 0 }

func (b *bitmap) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

func (b *bitmap) and(o *bitmap) {
	for i := range b {
		b[i] &= o[i]
	}
}

func (b *bitmap) andNot(o *bitmap) {
	for i := range b {
		b[i] &^= o[i]
	}
}

func (b *bitmap) or(o *bitmap) {
	for i := range b {
		b[i] |= o[i]
	}
}

// between returns the bitmap of the positions lo <= p < hi of a chunk.
func between(chunk, lo, hi int64) (b bitmap) {
	first := chunk << chunkBits
	for p := max(lo, first); p < min(hi, first+chunkSize); {
		if o := p - first; o&63 == 0 && p+64 <= min(hi, first+chunkSize) {
			b[o>>6] = ^uint64(0)
			p += 64
		} else {
			b.set(o)
			p++
		}
	}
	return b
}

// read is what write wrote; ok is false when it cannot be that.
func (b *bitmap) read(p []byte) (ok bool) {
	if len(p) > chunkSize/8 {
		return false
	}
	var full [chunkSize / 8]byte
	copy(full[:], p)
	for i := range b {
		b[i] = binary.LittleEndian.Uint64(full[8*i:])
	}
	return true
}

func (b *bitmap) write() []byte {
	p := make([]byte, 0, chunkSize/8)
	for _, w := range b {
		p = binary.LittleEndian.AppendUint64(p, w)
	}
	return bytes.TrimRight(p, "\x00")
}

// marker collects the facets of newly settled positions, and writes each chunk
// of each facet once.
type marker struct {
	t    *tx
	line int64
	maps map[markKey]*bitmap
	gone map[markKey]*bitmap
}

type markKey struct {
	facet string
	chunk int64
}

func newMarker(t *tx, line int64) *marker {
	return &marker{t: t, line: line, maps: map[markKey]*bitmap{}, gone: map[markKey]*bitmap{}}
}

func (m *marker) set(facet string, pos int64) {
	k, i := markKey{facet, pos >> chunkBits}, pos&(chunkSize-1)
	at(m.maps, k).set(i)
	if b := m.gone[k]; b != nil {
		b.clear(i)
	}
}

// unset takes a position out of a facet, unless it is set again.
func (m *marker) unset(facet string, pos int64) {
	k, i := markKey{facet, pos >> chunkBits}, pos&(chunkSize-1)
	at(m.maps, k).clear(i)
	at(m.gone, k).set(i)
}

func at(maps map[markKey]*bitmap, k markKey) *bitmap {
	b := maps[k]
	if b == nil {
		b = new(bitmap)
		maps[k] = b
	}
	return b
}

func (m *marker) finish() error {
	for _, k := range slices.SortedFunc(maps.Keys(m.maps), func(a, b markKey) int { return cmp.Or(cmp.Compare(a.facet, b.facet), cmp.Compare(a.chunk, b.chunk)) }) {
		b := m.maps[k]
		facet, err := m.t.Number("SELECT n FROM facets WHERE name = ?", k.facet)
		if err == nil && facet == 0 {
			facet, err = m.t.Insert("INSERT INTO facets (name) VALUES (?)", k.facet)
		}
		if err != nil {
			return err
		}
		err = m.t.Each(func(row []driver.Value) error {
			var old bitmap
			if !old.read(blob(row[0])) {
				return corrupt("facet %q, chunk %d: %d bytes", k.facet, k.chunk, len(blob(row[0])))
			}
			b.or(&old)
			if gone := m.gone[k]; gone != nil {
				b.andNot(gone)
			}
			return nil
		}, "SELECT bits FROM bits WHERE line = ? AND chunk = ? AND facet = ?", m.line, k.chunk, facet)
		if err != nil {
			return err
		}
		err = m.t.Exec("INSERT OR REPLACE INTO bits (line, chunk, facet, bits) VALUES (?, ?, ?, ?)", m.line, k.chunk, facet, b.write())
		if err != nil {
			return err
		}
	}
	return nil
}
