package record

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"parley"
	"parley/internal/wire"
)

// scanner splits a CBOR sequence into its items without holding more than a
// few of them.
type scanner struct {
	r    io.Reader
	buf  []byte // read and not yet given
	back []byte // the whole buffer
	eof  bool
	off  int64 // of buf[0]
	item int   // number of the next item
	sum  hash.Hash
	err  error // of the reader
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: r, back: make([]byte, 4*maxItem), sum: sha256.New()}
}

// fill reads until a whole item must be there, or the end.
func (s *scanner) fill() {
	if s.eof || s.err != nil || len(s.buf) >= maxItem {
		return
	}
	n := copy(s.back, s.buf)
	for n < len(s.back) {
		m, err := s.r.Read(s.back[n:])
		n += m
		if err != nil {
			s.eof = errors.Is(err, io.EOF)
			if !s.eof {
				s.err = err
			}
			break
		}
		if n >= 2*maxItem {
			break
		}
	}
	s.buf = s.back[:n]
}

// next returns the next item, its kind and its place; the bytes are good until
// the call after. raw is nil at the end. Whatever does not parse is Malformed,
// an item over maxItem Oversize.
func (s *scanner) next() (raw []byte, kind uint64, at Place, err error) {
	s.fill()
	at = Place{Byte: s.off, Item: s.item}
	if s.err != nil {
		return nil, 0, at, s.err
	}
	if len(s.buf) == 0 {
		return nil, 0, at, nil
	}
	n, err := wire.CanonicalPrefix(s.buf)
	if err != nil {
		if !s.eof && len(s.buf) >= maxItem {
			err = parley.Errorf(parley.Malformed, "no item in %d bytes: %v", maxItem, err)
		}
		return nil, 0, at, err
	}
	if n > maxItem {
		return nil, 0, at, parley.Errorf(parley.Oversize, "an item of %d bytes, at most %d are allowed", n, maxItem)
	}
	raw = s.buf[:n:n]
	s.buf = s.buf[n:]
	s.off += int64(n)
	s.item++
	f := fields{b: raw}
	f.list()
	kind = f.head(majorUint)
	if f.err != nil || kind >= itemKinds {
		return nil, 0, at, parley.Errorf(parley.Malformed, "not an item of a record")
	}
	return raw, kind, at, nil
}

// hashed adds an item to the hash of the file.
func (s *scanner) hashed(raw []byte) { s.sum.Write(raw) }

// fits reports whether want is the hash of all items added.
func (s *scanner) fits(want []byte) bool { return bytes.Equal(s.sum.Sum(nil), want) }
