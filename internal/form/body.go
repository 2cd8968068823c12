package form

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"parley"
	"parley/internal/key"
	"parley/internal/wire"
)

const maxBody = 1 << 20 // spec/bounds.md, 4

// bodyWire is [fields, end] (spec/entry.md, Body plaintext).
type bodyWire struct {
	_      struct{} `cbor:",toarray"`
	Fields cbor.RawMessage
	End    uint64
}

// EncodeFields returns the map of a form's fields. f is valid.
func EncodeFields(f Form) []byte {
	if u, ok := f.(*Other); ok {
		return u.Raw
	}
	return EncodeOpen(f, f.rest().Unknown)
}

// EncodeBody returns a body's plaintext: the form's fields, and the serial of
// the header, 0 where the form has none.
func EncodeBody(f Form, end uint64) []byte { return JoinBody(EncodeFields(f), end) }

// JoinBody is EncodeBody of fields that EncodeFields gave.
func JoinBody(fields []byte, end uint64) []byte {
	return wire.Encode(bodyWire{Fields: fields, End: end})
}

// SplitBody returns a body's fields, encoded, and its end. Errors are Malformed
// or Oversize.
func SplitBody(b []byte) (fields []byte, end uint64, err error) {
	if len(b) > maxBody {
		return nil, 0, parley.Errorf(parley.Oversize, "a body of %d bytes, at most %d are allowed", len(b), maxBody)
	}
	var w bodyWire
	if err := wire.Decode(b, &w); err != nil {
		return nil, 0, fmt.Errorf("reading body: %w", err)
	}
	if w.Fields[0]>>5 != 5 {
		return nil, 0, parley.Errorf(parley.Malformed, "reading body: the fields are not a map")
	}
	return w.Fields, w.End, nil
}

// End returns the end of a body. Errors are Malformed or Oversize.
func End(b []byte) (uint64, error) {
	_, end, err := SplitBody(b)
	return end, err
}

// ParseBody reads the body of an entry of the named form. A form this station
// does not know gives an *Other. What can be told without other entries is
// checked: errors are Malformed, Oversize, or BadForm.
func ParseBody(name string, b []byte) (Form, uint64, error) {
	fields, end, err := SplitBody(b)
	if err != nil {
		return nil, 0, err
	}
	f, err := ParseFields(name, fields)
	return f, end, err
}

// ParseFields reads the map of fields of the named form, as ParseBody does.
func ParseFields(name string, fields []byte) (Form, error) {
	d, ok := Find(name)
	if !ok {
		o, err := parseOther(name, fields)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		return o, nil
	}
	f := d.New()
	unknown, err := DecodeOpen(fields, f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	f.rest().Unknown = unknown
	if err := f.Check(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return f, nil
}

// ReceivingKey returns the key that the body of a key entry publishes.
func ReceivingKey(body []byte) (pub key.ReceivingPublic, err error) {
	f, _, err := ParseBody("key", body)
	if err != nil {
		return pub, err
	}
	return f.(*Key).Public, nil
}
