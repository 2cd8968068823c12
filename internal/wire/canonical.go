package wire

import (
	"bytes"
	"math"
	"unicode/utf8"

	"parley"
)

// MaxDepth is how many arrays and maps may stand within one another.
const MaxDepth = 8

// CBOR major types.
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

// Canonical checks that b is exactly one item in deterministic CBOR
// (spec/conventions.md): shortest integers and lengths, definite lengths, map
// keys sorted bytewise and unique, no tags, no floats, no simple values but
// false, true and null, valid UTF-8, depth at most MaxDepth. Map keys are
// integers, byte strings or texts. The error is Malformed and names the byte
// offset.
func Canonical(b []byte) error {
	n, err := CanonicalPrefix(b)
	if err != nil {
		return err
	}
	if n != len(b) {
		return malformed(n, "%d bytes follow the item", len(b)-n)
	}
	return nil
}

// CanonicalPrefix checks the item at the start of b, as Canonical does, and
// returns its length: for CBOR sequences. Memory and stack are constant
// whatever b says, and time is linear in what is read.
func CanonicalPrefix(b []byte) (int, error) {
	var open [MaxDepth]container
	depth, i := 0, 0
	for {
		h, err := readHead(b, i)
		if err != nil {
			return 0, err
		}
		start := i
		if i, err = h.skipString(b); err != nil {
			return 0, err
		}
		if depth > 0 && open[depth-1].wantsKey() {
			if err := open[depth-1].key(b, start, i, h.major); err != nil {
				return 0, err
			}
		}
		if h.major == majorArray || h.major == majorMap {
			if depth == MaxDepth {
				return 0, malformed(start, "more than %d arrays and maps within one another", MaxDepth)
			}
			c, err := h.container(len(b))
			if err != nil {
				return 0, err
			}
			open[depth] = c
			depth++
		} else if depth > 0 {
			open[depth-1].left--
		}
		for depth > 0 && open[depth-1].left == 0 {
			if depth--; depth > 0 {
				open[depth-1].left--
			}
		}
		if depth == 0 {
			return i, nil
		}
	}
}

// container is an array or map that has items to come.
type container struct {
	left             uint64 // items to come; keys and values both count
	isMap            bool
	keyFrom, keyUpTo int // the last key; none when equal
}

func (c *container) wantsKey() bool { return c.isMap && c.left%2 == 0 }

// key takes the item b[from:to] as the next key.
func (c *container) key(b []byte, from, to int, major byte) error {
	if major > majorText {
		return malformed(from, "a map key is neither an integer nor a string")
	}
	if c.keyFrom != c.keyUpTo {
		switch bytes.Compare(b[c.keyFrom:c.keyUpTo], b[from:to]) {
		case 0:
			return malformed(from, "a map key stands twice")
		case 1:
			return malformed(from, "map keys are not in bytewise order")
		}
	}
	c.keyFrom, c.keyUpTo = from, to
	return nil
}

// head is the head of an item: its major type and argument.
type head struct {
	at    int // offset of the item
	next  int // offset after the head
	major byte
	arg   uint64
}

// readHead reads the head at i, in its shortest form only.
func readHead(b []byte, i int) (head, error) {
	if i >= len(b) {
		return head{}, malformed(i, "the bytes end where an item should stand")
	}
	h := head{at: i, next: i + 1, major: b[i] >> 5}
	info := b[i] & 31
	switch {
	case h.major == majorTag:
		return h, malformed(i, "a tag")
	case h.major == majorSimple:
		if info < 20 || info > 22 {
			return h, malformed(i, "a float or simple value other than false, true and null")
		}
		return h, nil
	case info < 24:
		h.arg = uint64(info)
		return h, nil
	case info > 27:
		return h, malformed(i, "an indefinite or reserved length")
	}
	n := 1 << (info - 24)
	if len(b)-h.next < n {
		return h, malformed(i, "the bytes end within the head of an item")
	}
	for _, c := range b[h.next : h.next+n] {
		h.arg = h.arg<<8 | uint64(c)
	}
	h.next += n
	least := [...]uint64{24, 1 << 8, 1 << 16, 1 << 32}[info-24]
	if h.arg < least {
		return h, malformed(i, "an integer or length that is not in its shortest form")
	}
	return h, nil
}

// skipString returns the offset after the head, and after the content of a
// string, which it checks.
func (h *head) skipString(b []byte) (int, error) {
	if h.major != majorBytes && h.major != majorText {
		return h.next, nil
	}
	if h.arg > uint64(len(b)-h.next) {
		return 0, malformed(h.at, "a string of %d bytes where %d are left", h.arg, len(b)-h.next)
	}
	end := h.next + int(h.arg)
	if h.major == majorText && !utf8.Valid(b[h.next:end]) {
		return 0, malformed(h.at, "a text that is not valid UTF-8")
	}
	return end, nil
}

// container returns what is to come after the head of an array or map. Every
// item has a byte at least, so a count above the bytes left ends here.
func (h *head) container(size int) (container, error) {
	c := container{left: h.arg, isMap: h.major == majorMap}
	left := uint64(size - h.next)
	if c.isMap {
		if h.arg > math.MaxUint64/2 {
			return c, malformed(h.at, "a count of %d pairs where %d bytes are left", h.arg, left)
		}
		c.left *= 2
	}
	if c.left > left {
		return c, malformed(h.at, "a count of %d items where %d bytes are left", c.left, left)
	}
	return c, nil
}

func malformed(offset int, format string, args ...any) *parley.Error {
	return parley.Errorf(parley.Malformed, "byte %d: "+format, append([]any{offset}, args...)...)
}
