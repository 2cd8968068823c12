package record

import (
	"parley"
	"parley/internal/wire"
)

// The kinds of items in an exported record (spec/proofs.md).
const (
	itemTitle = iota
	itemFounding
	itemCertificate
	itemEntry
	itemHead
	itemReceipt
	itemWitness
	itemEvidence
	itemQuestion
	itemHash

	itemKinds
)

// The titles of the two files that are CBOR sequences.
const (
	titleRecord  = "parley record"
	titleSilence = "parley silence"
)

// maxItem bounds one item of a sequence, in bytes.
const maxItem = 1 << 20

// CBOR major types.
const (
	majorUint  = 0
	majorBytes = 2
	majorText  = 3
	majorArray = 4
)

// fields takes the parts of an item one after the other. The bytes are
// canonical CBOR already; the first part that is not as asked makes err, and
// all later ones are zero.
type fields struct {
	b   []byte
	i   int
	err error
}

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = parley.Errorf(parley.Malformed, format, args...)
	}
}

// head takes the head of a part of the given major type.
func (f *fields) head(major byte) uint64 {
	if f.err != nil {
		return 0
	}
	if f.i >= len(f.b) || f.b[f.i]>>5 != major {
		f.fail("a part is of another type")
		return 0
	}
	info := f.b[f.i] & 31
	f.i++
	if info < 24 {
		return uint64(info)
	}
	n := uint64(0)
	for range 1 << (info - 24) {
		n = n<<8 | uint64(f.b[f.i])
		f.i++
	}
	return n
}

// number takes an unsigned integer of at most 2^53-1.
func (f *fields) number() uint64 {
	n := f.head(majorUint)
	if n >= maxNumber {
		f.fail("the number %d is out of range", n)
		return 0
	}
	return n
}

const maxNumber = 1 << 53

// array takes the head of an array of n parts.
func (f *fields) array(n uint64) {
	if got := f.head(majorArray); got != n {
		f.fail("an array of %d parts, want %d", got, n)
	}
}

// list takes the head of an array of any length.
func (f *fields) list() uint64 { return f.head(majorArray) }

// bytes takes a byte string; it is a view.
func (f *fields) bytes() []byte { return f.string(majorBytes) }

func (f *fields) text() string { return string(f.string(majorText)) }

func (f *fields) string(major byte) []byte {
	n := f.head(major)
	if f.err != nil {
		return nil
	}
	s := f.b[f.i : f.i+int(n)]
	f.i += int(n)
	return s
}

// fixed fills dst from a byte string of just its length.
func (f *fields) fixed(dst []byte) {
	if s := f.bytes(); f.err == nil && len(s) != len(dst) {
		f.fail("%d bytes where %d should stand", len(s), len(dst))
	} else {
		copy(dst, s)
	}
}

// null takes a null if one stands next.
func (f *fields) null() bool {
	if f.err == nil && f.i < len(f.b) && f.b[f.i] == 0xf6 {
		f.i++
		return true
	}
	return false
}

// raw takes one part of any kind, as its bytes stand.
func (f *fields) raw() []byte {
	if f.err != nil {
		return nil
	}
	n, err := wire.CanonicalPrefix(f.b[f.i:])
	if err != nil {
		f.err = err
		return nil
	}
	f.i += n
	return f.b[f.i-n : f.i]
}

// end returns the error of the whole: every byte must have been taken.
func (f *fields) end() error {
	if f.err == nil && f.i != len(f.b) {
		f.fail("%d bytes follow", len(f.b)-f.i)
	}
	return f.err
}

// item builds one item of a sequence.
type item []byte

func (b item) head(major byte, n uint64) item {
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

func (b item) array(n int) item      { return b.head(majorArray, uint64(n)) }
func (b item) uint(n uint64) item    { return b.head(majorUint, n) }
func (b item) bytes(s []byte) item   { return append(b.head(majorBytes, uint64(len(s))), s...) }
func (b item) text(s string) item    { return append(b.head(majorText, uint64(len(s))), s...) }
func (b item) null() item            { return append(b, 0xf6) }
func (b item) ref(r parley.Ref) item { return b.bytes(r.Gen[:]).uint(r.Index) }
func (b item) key(k *Opening) item   { return k.append(b) }
func (b item) head4(h wire.Head) item {
	return b.uint(h.Size).bytes(h.Root[:]).bytes(h.Ed[:]).bytes(h.ML)
}

func (b item) receipt(r *wire.Receipt) item {
	return b.bytes(r.Holder[:]).uint(r.Time).bytes(r.Ed[:]).bytes(r.ML)
}
