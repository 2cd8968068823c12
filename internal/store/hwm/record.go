package hwm

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"

	"parley"
)

const (
	recordSize = 128
	slotSize   = 4096 // slots share no block of any disk
	magic      = "parleyHW"
)

// FileSize is the length of a file of marks, which starts out as zero bytes.
const FileSize = 2 * slotSize

// record is what a slot holds:
//
//	0 magic  8 seq  16 line id  32 generation id  40 size  48 root  80 zero  96 SHA-256 of all before
type record struct {
	seq  uint64 // from 1
	line parley.LineID
	mark Mark
}

func (r *record) offset() int64 { return int64(r.seq%2) * slotSize }

func (r *record) bytes() (b [recordSize]byte) {
	copy(b[:], magic)
	binary.BigEndian.PutUint64(b[8:], r.seq)
	copy(b[16:], r.line[:])
	copy(b[32:], r.mark.Gen[:])
	binary.BigEndian.PutUint64(b[40:], r.mark.Size)
	copy(b[48:], r.mark.Root[:])
	sum := sha256.Sum256(b[:96])
	copy(b[96:], sum[:])
	return b
}

// parse reads a slot; ok is false for one that is not whole.
func parse(b []byte) (r record, ok bool) {
	if len(b) < recordSize || string(b[:8]) != magic {
		return r, false
	}
	if sum := sha256.Sum256(b[:96]); !bytes.Equal(sum[:], b[96:recordSize]) || !bytes.Equal(b[80:96], make([]byte, 16)) {
		return r, false
	}
	r.seq = binary.BigEndian.Uint64(b[8:])
	copy(r.line[:], b[16:])
	copy(r.mark.Gen[:], b[32:])
	r.mark.Size = binary.BigEndian.Uint64(b[40:])
	copy(r.mark.Root[:], b[48:])
	return r, r.seq > 0
}

// read returns the newest whole record of the line; the zero one of a file that
// was never written. The error is Corrupt for one that was, and has none.
func read(f io.ReaderAt, l parley.LineID) (last record, err error) {
	b := make([]byte, FileSize)
	if n, err := f.ReadAt(b, 0); err != nil && err != io.EOF || n < FileSize {
		return last, parley.Errorf(parley.Corrupt, "the file has %d bytes, want %d", n, FileSize).WithHint(hint)
	}
	for i := range uint64(2) {
		if r, ok := parse(b[i*slotSize : (i+1)*slotSize]); ok && r.seq > last.seq && r.seq%2 == i {
			last = r
		}
	}
	switch {
	case last.seq > 0 && last.line != l:
		return last, parley.Errorf(parley.WrongLine, "the file is of line %s", last.line).WithHint(hint)
	case last.seq == 0 && len(bytes.Trim(b, "\x00")) > 0 && !firstTorn(b):
		return last, parley.Errorf(parley.Corrupt, "neither record is whole").WithHint(hint)
	}
	return last, nil
}

// firstTorn reports whether b can be a new file whose first record, in slot 1,
// was torn: nothing was ever emitted after it.
func firstTorn(b []byte) bool { return len(bytes.Trim(b[:slotSize], "\x00")) == 0 }

const hint = "how far our log went is not known: the station opens a new generation"
