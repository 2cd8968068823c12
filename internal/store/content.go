package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"sync"

	"parley"
	"parley/internal/line"
)

// Content is what of an entry is kept sealed. A part that is not known is nil.
type Content struct {
	Key    []byte // entry key, 32 bytes
	Header []byte // CBOR
	Body   []byte // CBOR: [fields, end]; in the outbox the fields alone
}

// ContentOf returns the sealed parts of an entry.
func ContentOf(e *line.StoredEntry) Content { return Content{e.Key, e.Header, e.Body} }

const (
	hasKey = 1 << iota
	hasHeader
	hasBody
)

// Seal returns c sealed under name; nil when nothing is known.
func (c Content) Seal(s Sealer, name string) []byte {
	flags, n := byte(0), 1+4+len(c.Key)+len(c.Header)+len(c.Body)
	if c.Key != nil {
		flags |= hasKey
	}
	if c.Header != nil {
		flags |= hasHeader
	}
	if c.Body != nil {
		flags |= hasBody
	}
	if flags == 0 {
		return nil
	}
	buf := contents.Get().(*bytes.Buffer)
	defer contents.Put(buf)
	buf.Grow(n) // and nothing is ever written to it
	b := append(buf.AvailableBuffer(), flags)
	b = append(b, c.Key...)
	if c.Header != nil {
		b = binary.BigEndian.AppendUint32(b, uint32(len(c.Header)))
		b = append(b, c.Header...)
	}
	b = append(b, c.Body...)
	sealed := s.Seal(name, b)
	clear(b) // a text stays no longer than it must
	return sealed
}

// contents are what is put together to be sealed: a batch of large entries would
// else be made twice. A Sealer keeps nothing of what it seals.
var contents = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// OpenContent opens what Content.Seal returned. The error is Corrupt.
func OpenContent(s Sealer, name string, sealed []byte) (Content, error) {
	if sealed == nil {
		return Content{}, nil
	}
	b, err := s.Open(name, sealed)
	if err != nil {
		return Content{}, parley.Errorf(parley.Corrupt, "%s: %v", name, err).
			WithHint("run parley fsck; if all of them fail, the storage key is not the one this store was made with")
	}
	c, ok := parseContent(b)
	if !ok {
		return Content{}, parley.Errorf(parley.Corrupt, "%s: opened, but cannot be read", name).WithHint("run parley fsck")
	}
	return c, nil
}

func parseContent(b []byte) (c Content, ok bool) {
	if len(b) == 0 || b[0] == 0 || b[0] > hasKey|hasHeader|hasBody {
		return c, false
	}
	flags, b := b[0], b[1:]
	if flags&hasKey != 0 {
		if len(b) < 32 {
			return c, false
		}
		c.Key, b = b[:32:32], b[32:]
	}
	if flags&hasHeader != 0 {
		if len(b) < 4 {
			return c, false
		}
		n := binary.BigEndian.Uint32(b)
		if b = b[4:]; uint64(n) > uint64(len(b)) {
			return c, false
		}
		c.Header, b = b[:n:n], b[n:]
	}
	if flags&hasBody != 0 {
		c.Body, b = b, nil
	}
	return c, len(b) == 0
}

// EntryName is the name under which an entry's content is sealed.
func EntryName(l parley.LineID, ref parley.Ref) string {
	return "entry " + l.String() + " " + ref.String()
}

// FiledName is the name under which an outbox item's content is sealed.
func FiledName(l parley.LineID, id uint64) string {
	return "filed " + l.String() + " " + strconv.FormatUint(id, 10)
}

// ValueName is the name under which a secret value is sealed.
func ValueName(l parley.LineID, key string) string { return "value " + l.String() + " " + key }

// WithContent returns r holding sealed content, to be opened when asked for.
func (r Row) WithContent(s Sealer, name string, sealed []byte) Row {
	r.sealer, r.name, r.sealed = s, name, sealed
	return r
}

// Lazily returns r with what hands its bytes and sealed content to use when they
// are asked for; they are use's until it returns. Nothing of it is kept: a page of
// large rows stays small.
func (r Row) Lazily(read func(use func(bytes, sealed []byte) error) error) Row {
	r.read = read
	return r
}

// Content opens what is kept sealed. The error is Corrupt.
func (r *Row) Content() (c Content, err error) {
	err = r.whole(func(_, sealed []byte) error {
		c, err = r.unseal(sealed)
		return err
	})
	return c, err
}

// Whole returns Raw and Content together, read once.
func (r *Row) Whole() (raw []byte, c Content, err error) {
	err = r.whole(func(b, sealed []byte) error {
		raw = r.keep(b)
		c, err = r.unseal(sealed)
		return err
	})
	return raw, c, err
}

// Raw returns the entry as in the log; nil for the outbox.
func (r *Row) Raw() (raw []byte, err error) {
	err = r.whole(func(b, _ []byte) error {
		raw = r.keep(b)
		return nil
	})
	return raw, err
}

func (r *Row) whole(use func(bytes, sealed []byte) error) error {
	if r.read == nil {
		return use(r.Bytes, r.sealed)
	}
	return r.read(use)
}

// keep is what stays of bytes that are lent.
func (r *Row) keep(b []byte) []byte {
	if r.read == nil {
		return b
	}
	return bytes.Clone(b)
}

func (r *Row) unseal(sealed []byte) (Content, error) {
	if r.sealer == nil {
		return Content{}, nil
	}
	return OpenContent(r.sealer, r.name, sealed)
}

// Leaf returns the leaf hash: SHA-256(0x00 || entry) (spec/log.md).
func (r *Row) Leaf() (line.Hash, error) {
	raw, err := r.Raw()
	return LeafHash(raw), err
}

// LeafHash returns the RFC 6962 leaf hash of an entry.
func LeafHash(entry []byte) (sum line.Hash) {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(entry)
	h.Sum(sum[:0])
	return sum
}
