package hwm

import (
	"bytes"
	"testing"

	"parley"
)

// FuzzRead reads mark files that a disk or a hand has altered: the mark is one
// that was written for this line, or there is an error, or the file was never
// used. Never is an altered mark believed.
func FuzzRead(f *testing.F) {
	id := parley.LineID{1}
	file := func(seqs ...uint64) []byte {
		b := make([]byte, FileSize)
		for _, s := range seqs {
			r := record{seq: s, line: id, mark: Mark{Gen: parley.GenerationID{2}, Size: 10 * s, Root: [32]byte{byte(s)}}}
			w := r.bytes()
			copy(b[r.offset():], w[:])
		}
		return b
	}
	f.Add(uint64(0), uint(0), []byte{}, 0)
	f.Add(uint64(1), uint(slotSize+8), []byte{1}, 0)
	f.Add(uint64(2), uint(40), []byte{0xff}, 0)
	f.Add(uint64(7), uint(0), make([]byte, 64), 0)
	f.Add(uint64(3), uint(0), []byte{}, 1)
	f.Fuzz(func(t *testing.T, seq uint64, at uint, x []byte, cut int) {
		seq %= 1 << 40
		var b []byte
		switch seq {
		case 0:
			b = file()
		case 1:
			b = file(1)
		default:
			b = file(seq-1, seq)
		}
		clean := bytes.Clone(b)
		for i, v := range x {
			b[(at+uint(i))%FileSize] ^= v
		}
		if cut > 0 {
			b = b[:FileSize-cut%FileSize]
		}
		r, err := read(bytes.NewReader(b), id)
		if err != nil {
			if k := parley.KindOf(err); k != parley.Corrupt && k != parley.WrongLine || parley.HintOf(err) == "" {
				t.Fatal(err)
			}
			if bytes.Equal(b, clean) {
				t.Fatalf("an unaltered file: %v", err)
			}
			return
		}
		if bytes.Equal(b, clean) && r.seq != seq {
			t.Fatalf("record %d of an unaltered file, want %d", r.seq, seq)
		}
		if r.seq != 0 && r.seq != seq && r.seq+1 != seq || r.seq != 0 && r.mark.Size != 10*r.seq {
			t.Fatalf("%+v was never written", r)
		}
	})
}
