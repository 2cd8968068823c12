package form

import (
	"bytes"
	"reflect"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"parley"
	"parley/internal/wire"
)

// Unknown holds the keys of a map that this station does not know, with their
// encoded values. They are kept, shown as unknown and otherwise ignored
// (spec/conventions.md).
type Unknown map[uint64]cbor.RawMessage

// DecodeOpen decodes a map with integer keys into v, a pointer to a struct, and
// returns the keys v does not know. Every key of v that is not marked omitempty
// must be there, and one that is marked must not be there empty: one meaning
// has one encoding. The error is Malformed.
func DecodeOpen(b []byte, v any) (unknown Unknown, err error) {
	if err := wire.DecodeLoose(b, v); err != nil {
		return nil, err
	}
	type pair struct {
		key   uint64
		value []byte
	}
	known := make([]pair, 0, 16) // that v holds and b has not yet shown
	if err := wire.Pairs(wire.Encode(v), func(k uint64, raw []byte) error { known = append(known, pair{k, raw}); return nil }); err != nil {
		return nil, err
	}
	err = wire.Pairs(b, func(k uint64, raw []byte) error { // both rise
		switch {
		case len(known) > 0 && known[0].key < k:
			return parley.Errorf(parley.Malformed, "key %d is missing", known[0].key)
		case len(known) > 0 && known[0].key == k && bytes.Equal(known[0].value, raw):
			known = known[1:]
			return nil
		case len(known) > 0 && known[0].key == k:
			return parley.Errorf(parley.Malformed, "key %d has another shape", k)
		case knows(v, k):
			return parley.Errorf(parley.Malformed, "key %d is there and empty", k)
		case unknown == nil:
			unknown = Unknown{}
		}
		unknown[k] = bytes.Clone(raw)
		return nil
	})
	if err == nil && len(known) > 0 {
		err = parley.Errorf(parley.Malformed, "key %d is missing", known[0].key)
	}
	if err != nil {
		return nil, err
	}
	return unknown, nil
}

// EncodeOpen encodes v, a struct with integer keys, and the unknown keys that
// came with it. v holds nothing that wire refuses.
func EncodeOpen(v any, unknown Unknown) []byte {
	b := wire.Encode(v)
	if len(unknown) == 0 {
		return b
	}
	all := Unknown{}
	if err := wire.DecodeLoose(b, &all); err != nil {
		panic(err) // we encoded it just now
	}
	for k, raw := range unknown {
		if _, known := all[k]; !known {
			all[k] = raw
		}
	}
	return wire.Encode(all)
}

// knows reports whether the struct v points to has a field with integer key k.
func knows(v any, k uint64) bool {
	for f := range reflect.TypeOf(v).Elem().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("cbor"), ",")
		if n, err := strconv.ParseUint(name, 10, 64); err == nil && n == k {
			return true
		}
	}
	return false
}
