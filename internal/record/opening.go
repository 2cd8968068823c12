package record

import (
	"parley"
	"parley/internal/seal"
)

// Opening is what a file gives to open one entry: the entry key, or the header
// alone (spec/proofs.md). A nil *Opening opens nothing.
type Opening struct {
	Whole  bool
	Key    seal.Key        // when Whole
	Header seal.Disclosure // else
}

// OpenWhole opens header and body.
func OpenWhole(k seal.Key) *Opening { return &Opening{Whole: true, Key: k} }

// OpenHeader opens the header and leaves the body sealed.
func OpenHeader(k seal.Key) *Opening { return &Opening{Header: k.Disclose()} }

func (o *Opening) append(b item) item {
	switch {
	case o == nil:
		return b.null()
	case o.Whole:
		return b.array(2).uint(0).bytes(o.Key[:])
	}
	return b.array(3).uint(1).bytes(o.Header.HeaderKey[:]).bytes(o.Header.BodyCom[:])
}

// opening takes an opening, or null.
func (f *fields) opening() *Opening {
	if f.null() {
		return nil
	}
	n, o := f.list(), &Opening{}
	kind := f.number()
	switch {
	case n == 2 && kind == 0:
		o.Whole = true
		f.fixed(o.Key[:])
	case n == 3 && kind == 1:
		f.fixed(o.Header.HeaderKey[:])
		f.fixed(o.Header.BodyCom[:])
	default:
		f.fail("a key of %d parts and kind %d", n, kind)
	}
	return o
}

// open opens e: the body is nil when only the header is opened. The errors are
// those of seal.Open.
func (o *Opening) open(origin string, index uint64, e *seal.Entry) (header, body []byte, err error) {
	if e.Announces {
		return nil, nil, parley.Errorf(parley.Malformed, "a key for an epoch entry, which has none")
	}
	if o.Whole {
		return seal.Open(o.Key, origin, index, e)
	}
	header, err = seal.OpenHeader(o.Header, origin, index, e)
	return header, nil, err
}
