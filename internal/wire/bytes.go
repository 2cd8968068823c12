package wire

import (
	"bytes"

	"parley"
)

// MaxNumber bounds every size, index, time and offset on the wire, so that
// each is exact in every language.
const MaxNumber = 1 << 53

func appendHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return append(b, major|25, byte(n>>8), byte(n))
	case n < 1<<32:
		return append(b, major|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, major|27, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func appendUint(b []byte, n uint64) []byte { return appendHead(b, majorUint, n) }
func appendText(b []byte, s string) []byte {
	return append(appendHead(b, majorText, uint64(len(s))), s...)
}
func appendBytes(b, s []byte) []byte         { return append(appendHead(b, majorBytes, uint64(len(s))), s...) }
func appendArray(b []byte, n int) []byte     { return appendHead(b, majorArray, uint64(n)) }
func appendMap(b []byte, pairs int) []byte   { return appendHead(b, majorMap, uint64(pairs)) }
func appendBool(b []byte, value bool) []byte { return append(b, 0xf4+b2i(value)) }

func b2i(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// reader takes items one after the other out of canonical bytes. After the
// first item that is not as asked, every call gives zero and err stays.
type reader struct {
	b   []byte
	i   int
	err error
}

func (r *reader) fail(at int, format string, args ...any) {
	if r.err == nil {
		r.err = malformed(at, format, args...)
	}
}

// head takes the head of an item of the given major type.
func (r *reader) head(major byte, what string) uint64 {
	if r.err != nil {
		return 0
	}
	h, err := readHead(r.b, r.i)
	if err != nil {
		r.err = err
		return 0
	}
	if h.major != major {
		r.fail(r.i, "want %s", what)
		return 0
	}
	r.i = h.next
	return h.arg
}

func (r *reader) uint() uint64 { return r.head(majorUint, "an unsigned integer") }

// number takes an unsigned integer of at most MaxNumber.
func (r *reader) number() uint64 {
	at := r.i
	n := r.uint()
	if n > MaxNumber {
		r.fail(at, "the number %d is out of range", n)
		return 0
	}
	return n
}

// array takes the head of an array of n items.
func (r *reader) array(n int) {
	at := r.i
	if got := r.head(majorArray, "an array"); got != uint64(n) {
		r.fail(at, "an array of %d items, want %d", got, n)
	}
}

// list takes the head of an array of at most most items.
func (r *reader) list(most int) int { return r.count(majorArray, "an array", most) }

// pairs takes the head of a map of at most most pairs.
func (r *reader) pairs(most int) int { return r.count(majorMap, "a map", most) }

func (r *reader) count(major byte, what string, most int) int {
	at := r.i
	n := r.head(major, what)
	if n > uint64(most) {
		r.fail(at, "%s of %d, at most %d are allowed", what, n, most)
		return 0
	}
	return int(n)
}

// string takes the content of a string of least to most bytes. It is a view.
func (r *reader) string(major byte, least, most int) []byte {
	what := "a byte string"
	if major == majorText {
		what = "a text"
	}
	at := r.i
	n := r.head(major, what)
	switch {
	case r.err != nil:
		return nil
	case n > uint64(most):
		if r.err = parley.Errorf(parley.Oversize, "byte %d: %s of %d bytes, at most %d are allowed", at, what, n, most); least == most {
			r.err = malformed(at, "%s of %d bytes, want %d", what, n, most)
		}
		return nil
	case n < uint64(least):
		r.fail(at, "%s of %d bytes, want %d at least", what, n, least)
		return nil
	case n > uint64(len(r.b)-r.i):
		r.fail(at, "the bytes end within %s", what)
		return nil
	}
	s := r.b[r.i : r.i+int(n)]
	r.i += int(n)
	return s
}

// bytes takes a copy of a byte string of least to most bytes.
func (r *reader) bytes(least, most int) []byte { return bytes.Clone(r.string(majorBytes, least, most)) }

// fixed fills dst from a byte string of just its length.
func (r *reader) fixed(dst []byte) { copy(dst, r.string(majorBytes, len(dst), len(dst))) }

func (r *reader) text(least, most int) string { return string(r.string(majorText, least, most)) }

func (r *reader) bool() bool {
	if r.err != nil {
		return false
	}
	if r.i >= len(r.b) || r.b[r.i]&^1 != 0xf4 {
		r.fail(r.i, "want false or true")
		return false
	}
	r.i++
	return r.b[r.i-1] == 0xf5
}

// null takes a null if one stands next.
func (r *reader) null() bool {
	if r.err != nil || r.i >= len(r.b) || r.b[r.i] != 0xf6 {
		return false
	}
	r.i++
	return true
}

// end is the error of the whole: every byte must have been taken.
func (r *reader) end() error {
	if r.err == nil && r.i != len(r.b) {
		r.fail(r.i, "%d bytes follow", len(r.b)-r.i)
	}
	return r.err
}
