package wire

import (
	"bytes"
	"unicode/utf8"

	"parley"
)

// walk goes through the items of a frame in order, and reads each out of
// canonical bytes or writes it: one description of a frame serves both ways,
// so that what may not leave may not come in either.
//
// The first item that is not as asked sets err. Reading gives zeros after it;
// writing goes on, and what was written is of no use.
type walk struct {
	writing bool
	b       []byte // read from, or appended to
	i       int    // reading: offset of the next item
	err     error
}

// at is the offset of the next item.
func (w *walk) at() int {
	if w.writing {
		return len(w.b)
	}
	return w.i
}

func (w *walk) fail(at int, format string, args ...any) {
	if w.err == nil {
		w.err = malformed(at, format, args...)
	}
}

// head takes the head of an item of the given major type.
func (w *walk) head(major byte, what string, n uint64) uint64 {
	if w.writing {
		w.b = appendHead(w.b, major, n)
		return n
	}
	if w.err != nil {
		return 0
	}
	h, err := readHead(w.b, w.i)
	if err != nil {
		w.err = err
		return 0
	}
	if h.major != major {
		w.fail(w.i, "want %s", what)
		return 0
	}
	w.i = h.next
	return h.arg
}

// uint is any unsigned integer.
func (w *walk) uint(n *uint64) { *n = w.head(majorUint, "an unsigned integer", *n) }

// number is an unsigned integer of at most MaxNumber.
func (w *walk) number(n *uint64) {
	at := w.at()
	if w.uint(n); *n > MaxNumber {
		w.fail(at, "the number %d is out of range", *n)
	}
}

// positive is a number that is not 0.
func (w *walk) positive(n *uint64) {
	at := w.at()
	if w.number(n); *n == 0 {
		w.fail(at, "a time of 0")
	}
}

// array is the head of an array of n items.
func (w *walk) array(n int) {
	at := w.at()
	if got := w.head(majorArray, "an array", uint64(n)); got != uint64(n) {
		w.fail(at, "an array of %d items, want %d", got, n)
	}
}

// list is the head of an array of n items, at most most; reading returns what
// is there.
func (w *walk) list(n, most int) int { return w.count(majorArray, "an array", n, most) }

// pairs is the head of a map of n pairs, at most most.
func (w *walk) pairs(n, most int) int { return w.count(majorMap, "a map", n, most) }

func (w *walk) count(major byte, what string, n, most int) int {
	at := w.at()
	got := w.head(major, what, uint64(n))
	if got > uint64(most) {
		w.fail(at, "%s of %d, at most %d are allowed", what, got, most)
		return 0
	}
	return int(got)
}

// string is the content of a string of least to most bytes. What is read is a
// view.
func (w *walk) string(major byte, s []byte, least, most int) []byte {
	what := "a byte string"
	if major == majorText {
		what = "a text"
	}
	at := w.at()
	n := w.head(major, what, uint64(len(s)))
	switch {
	case w.err != nil:
	case n > uint64(most):
		if w.err = parley.Errorf(parley.Oversize, "byte %d: %s of %d bytes, at most %d are allowed", at, what, n, most); least == most {
			w.err = malformed(at, "%s of %d bytes, want %d", what, n, most)
		}
	case n < uint64(least):
		w.fail(at, "%s of %d bytes, want %d at least", what, n, least)
	case w.writing && major == majorText && !utf8.Valid(s):
		w.fail(at, "a text that is not valid UTF-8")
	case !w.writing && n > uint64(len(w.b)-w.i):
		w.fail(at, "the bytes end within %s", what)
	case !w.writing:
		s = w.b[w.i : w.i+int(n)]
		w.i += int(n)
		return s
	}
	if w.writing {
		w.b = append(w.b, s...)
	}
	return nil
}

// bytes is a byte string of least to most bytes; what is read is a copy.
func (w *walk) bytes(s *[]byte, least, most int) {
	got := w.string(majorBytes, *s, least, most)
	if !w.writing {
		*s = bytes.Clone(got)
	}
}

// fixed is a byte string of just the length of dst.
func (w *walk) fixed(dst []byte) { copy(dst, w.string(majorBytes, dst, len(dst), len(dst))) }

func (w *walk) text(s *string, least, most int) {
	got := w.string(majorText, []byte(*s), least, most)
	if !w.writing {
		*s = string(got)
	}
}

func (w *walk) bool(v *bool) {
	switch {
	case w.writing:
		w.b = append(w.b, 0xf4+b2i(*v))
	case w.err != nil:
	case w.i >= len(w.b) || w.b[w.i]&^1 != 0xf4:
		w.fail(w.i, "want false or true")
	default:
		*v = w.b[w.i] == 0xf5
		w.i++
	}
}

// ml is an ML-DSA half, or null where it may come later.
func (w *walk) ml(half *[]byte) {
	switch {
	case w.writing && *half == nil:
		w.b = append(w.b, 0xf6)
	case !w.writing && w.err == nil && w.i < len(w.b) && w.b[w.i] == 0xf6:
		w.i++
	default:
		w.bytes(half, mlSize, mlSize)
	}
}

// hashes is a list of at most most byte strings of 32.
func (w *walk) hashes(list *[][32]byte, most int) {
	n := w.list(len(*list), most)
	if !w.writing && n > 0 && w.err == nil {
		*list = make([][32]byte, n)
	}
	for i := range *list {
		w.fixed((*list)[i][:])
	}
}

// end is the error of the whole: every byte must have been read.
func (w *walk) end() error {
	if !w.writing && w.err == nil && w.i != len(w.b) {
		w.fail(w.i, "%d bytes follow", len(w.b)-w.i)
	}
	return w.err
}
