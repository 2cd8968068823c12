package wire

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"parley"
)

// modes are the immutable CBOR modes, made once.
type modes struct {
	enc           cbor.EncMode
	strict, loose cbor.DecMode
}

var theModes = sync.OnceValue(func() modes {
	eo := cbor.CoreDetEncOptions()
	eo.NilContainers = cbor.NilContainerAsEmpty
	eo.TagsMd = cbor.TagsForbidden
	eo.BinaryMarshaler = cbor.BinaryMarshalerNone
	do := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxNestedLevels:   MaxDepth + 1, // Canonical has counted already, its own way
		MaxArrayElements:  1 << 20,
		MaxMapPairs:       1 << 20,
		MapKeyByteString:  cbor.MapKeyByteStringAllowed,
		UTF8:              cbor.UTF8RejectInvalid,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		BinaryUnmarshaler: cbor.BinaryUnmarshalerNone,
	}
	var m modes
	var err error
	if m.enc, err = eo.EncMode(); err != nil {
		panic(err)
	}
	if m.loose, err = do.DecMode(); err != nil {
		panic(err)
	}
	do.ExtraReturnErrors = cbor.ExtraDecErrorUnknownField
	if m.strict, err = do.DecMode(); err != nil {
		panic(err)
	}
	return m
})

// TryEncode returns v in deterministic CBOR. A nil slice or map is an empty
// one; a nil pointer is null. A byte array is never empty: where its key may
// be absent the tag says omitzero, not omitempty. The error is Malformed when v holds what
// Canonical refuses: text that is not UTF-8, floats, too much depth.
func TryEncode(v any) ([]byte, error) {
	b, err := theModes().enc.Marshal(v)
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "encoding %T: %v", v, err)
	}
	if err := Canonical(b); err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	return b, nil
}

// Encode is TryEncode of a value that the caller has checked; it panics on any
// other.
func Encode(v any) []byte {
	b, err := TryEncode(v)
	if err != nil {
		panic(err)
	}
	return b
}

// Decode reads exactly one deterministic item into v, a pointer, and refuses
// unknown map keys: for what stands in clear. Byte arrays take exactly their
// length, integers must fit, and null is for pointers and interfaces only.
// A key that is absent leaves its field as it was. The error is Malformed.
func Decode(b []byte, v any) error { return decode(theModes().strict, b, v) }

// DecodeLoose is Decode, but unknown map keys are passed over: for sealed
// headers, bodies, charters and annexes.
func DecodeLoose(b []byte, v any) error { return decode(theModes().loose, b, v) }

func decode(m cbor.DecMode, b []byte, v any) error {
	if err := Canonical(b); err != nil {
		return err
	}
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Pointer {
		return parley.Errorf(parley.Internal, "decoding into %T: want a pointer", v)
	}
	if _, err := checkShape(b, 0, t.Elem()); err != nil {
		return err
	}
	if err := m.Unmarshal(b, v); err != nil {
		return parley.Errorf(parley.Malformed, "decoding %s: %v", t.Elem(), err)
	}
	return nil
}
