package hwm

import (
	"io"

	"parley"
)

// A File holds the two slots of one line: FileSize bytes, all zero at first.
type File interface {
	io.ReaderAt
	io.WriterAt
	Sync() error // what was written would survive power loss
}

// Slots is the mark of one line in its file. It is not safe for concurrent use.
type Slots struct {
	file File
	line parley.LineID
	last record // as on disk; seq 0 when there is none
}

// OpenSlots reads the mark of a line from its file. The error is Corrupt when
// there was one and it cannot be read, WrongLine for another line's file.
func OpenSlots(f File, l parley.LineID) (*Slots, error) {
	last, err := read(f, l)
	if err != nil {
		return nil, err
	}
	return &Slots{file: f, line: l, last: last}, nil
}

// Mark returns the mark; ok is false when none was ever stored.
func (s *Slots) Mark() (mark Mark, ok bool) { return s.last.mark, s.last.seq > 0 }

// Store makes a mark durable. Within a generation it never goes back: a smaller
// size is passed over.
func (s *Slots) Store(mark Mark) error {
	if s.last.seq > 0 && s.last.mark.Gen == mark.Gen && mark.Size <= s.last.mark.Size {
		return nil
	}
	r := record{seq: s.last.seq + 1, line: s.line, mark: mark}
	b := r.bytes()
	if _, err := s.file.WriteAt(b[:], r.offset()); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.last = r
	return nil
}
