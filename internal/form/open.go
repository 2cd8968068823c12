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
func DecodeOpen(b []byte, v any) (Unknown, error) {
	if err := wire.DecodeLoose(b, v); err != nil {
		return nil, err
	}
	again := wire.Encode(v)
	if bytes.Equal(again, b) { // nothing is unknown, missing or empty: nearly always
		return nil, nil
	}
	all, known := Unknown{}, Unknown{}
	if err := wire.DecodeLoose(b, &all); err != nil {
		return nil, err
	}
	if err := wire.DecodeLoose(again, &known); err != nil {
		return nil, err
	}
	for k, raw := range known {
		if got, ok := all[k]; !ok {
			return nil, parley.Errorf(parley.Malformed, "key %d is missing", k)
		} else if !bytes.Equal(got, raw) {
			return nil, parley.Errorf(parley.Malformed, "key %d has another shape", k)
		}
		delete(all, k)
	}
	for k := range all {
		if knows(v, k) {
			return nil, parley.Errorf(parley.Malformed, "key %d is there and empty", k)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
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
