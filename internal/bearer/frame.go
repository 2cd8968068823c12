package bearer

import (
	"encoding/binary"
	"errors"
	"io"

	"parley"
)

// HeaderSize is the length in front of each frame: u32, big-endian.
const HeaderSize = 4

// AppendHeader appends the header of a frame of n bytes.
func AppendHeader(b []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

// ReadFrame reads u32(length) || bytes (spec/sessions.md, 2). The error is
// io.EOF when r ends between two frames, of kind Malformed when it ends inside
// one, of kind Oversize for a length over MaxFrame, for which nothing is
// allocated, and else r's own.
func ReadFrame(r io.Reader) ([]byte, error) {
	var h [HeaderSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, cutShort(err)
	}
	n := binary.BigEndian.Uint32(h[:])
	if n > MaxFrame {
		return nil, parley.Errorf(parley.Oversize, "a frame that says it has %d bytes: at most %d are taken", n, MaxFrame)
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(r, frame); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, cutShort(err)
	}
	return frame, nil
}

func cutShort(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &parley.Error{Kind: parley.Malformed, What: "a frame was cut short", Err: err}
	}
	return err
}
