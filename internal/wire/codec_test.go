package wire

import (
	"bytes"
	"encoding/hex"
	"math"
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"parley"
	"parley/internal/wire/wiretest"
)

type inner struct {
	_   struct{} `cbor:",toarray"`
	Gen parley.GenerationID
	N   uint64
}

type common struct {
	Mark [4]byte `cbor:"9,keyasint,omitzero"`
}

type sample struct {
	common
	Name   string                         `cbor:"1,keyasint"`
	Small  uint8                          `cbor:"2,keyasint,omitempty"`
	Sum    [32]byte                       `cbor:"3,keyasint,omitzero"`
	Seen   map[parley.GenerationID]uint64 `cbor:"4,keyasint,omitempty"`
	Refs   []inner                        `cbor:"5,keyasint,omitempty"`
	Maybe  *inner                         `cbor:"6,keyasint,omitempty"`
	Any    any                            `cbor:"7,keyasint,omitempty"`
	Raw    cbor.RawMessage                `cbor:"8,keyasint,omitempty"`
	Signed int64                          `cbor:"10,keyasint,omitempty"`
	ByText string                         `cbor:"text,omitempty"`
	Sums   [][8]byte                      `cbor:"11,keyasint,omitempty"`
	Codes  map[parley.PartyCode]inner     `cbor:"12,keyasint,omitempty"`
	Bytes  []byte                         `cbor:"13,keyasint,omitempty"`
	On     bool                           `cbor:"14,keyasint,omitempty"`
}

func TestDecodeRoundTrip(t *testing.T) {
	in := sample{common: common{[4]byte{1, 2, 3, 4}}, Name: "Birch 桦", Small: 255, Sum: [32]byte{31: 1},
		Seen: map[parley.GenerationID]uint64{{1}: 5, {0, 2}: math.MaxUint64}, Refs: []inner{{Gen: parley.GenerationID{7}, N: 8}, {}},
		Maybe: &inner{N: 1}, Any: []any{uint64(1), "x"}, Raw: cbor.RawMessage{0x81, 0x01}, Signed: math.MinInt64, ByText: "t",
		Sums: [][8]byte{{1}, {2}}, Codes: map[parley.PartyCode]inner{"alder": {N: 3}}, Bytes: []byte{0}, On: true}
	b := Encode(in)
	for name, decode := range map[string]func([]byte, any) error{"strict": Decode, "loose": DecodeLoose} {
		var out sample
		if err := decode(b, &out); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(in, out) {
			t.Errorf("%s: got %+v, want %+v", name, out, in)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ name, hex string }{
		{"not a map", "80"},
		{"null for the whole", "f6"},
		{"bytes for text", "a1 01 4161"},
		{"text for bytes", "a1 0d 6161"},
		{"text for a bool", "a1 0e 6161"},
		{"number for a bool", "a1 0e 01"},
		{"null for text", "a1 01 f6"},
		{"null for a number", "a1 02 f6"},
		{"null for a byte array", "a1 03 f6"},
		{"null for a map", "a1 04 f6"},
		{"null for a list", "a1 05 f6"},
		{"null for bytes", "a1 0d f6"},
		{"null for a struct in a list", "a1 05 81f6"},
		{"null for a field of an array", "a1 05 81 82 f6 00"},
		{"256 in a byte", "a1 02 190100"},
		{"negative in a byte", "a1 02 20"},
		{"2^63 in a signed", "a1 0a 1b8000000000000000"},
		{"-2^63-1 in a signed", "a1 0a 3b8000000000000000"},
		{"31 bytes for 32", "a1 03 581f" + hex.EncodeToString(make([]byte, 31))},
		{"33 bytes for 32", "a1 03 5821" + hex.EncodeToString(make([]byte, 33))},
		{"no bytes for 32", "a1 03 40"},
		{"an array of numbers for 32 bytes", "a1 03 9820" + hex.EncodeToString(make([]byte, 32))},
		{"7 bytes as a map key", "a1 04 a1 47 00000000000000 00"},
		{"9 bytes as a map key", "a1 04 a1 49 000000000000000000 00"},
		{"text as a byte key", "a1 04 a1 68 6161616161616161 00"},
		{"7 bytes in a list", "a1 0b 81 47 00000000000000"},
		{"7 bytes within an array", "a1 05 81 82 47 00000000000000 00"},
		{"7 bytes within a pointer", "a1 06 82 47 00000000000000 00"},
		{"9 bytes within a map's value", "a1 0c a1 6161 82 49 000000000000000000 00"},
		{"3 bytes in an embedded field", "a1 09 43 000000"},
		{"array too short", "a1 05 81 81 48 0000000000000000"},
		{"array too long", "a1 05 81 83 48 0000000000000000 00 00"},
		{"not canonical", "a1 01 7801 61"},
		{"not canonical in a raw part", "a1 08 1801"},
		{"more bytes", "a0 00"},
		{"key of bytes", "a2 01 6161 43010203 00"},
		{"key of bytes that spells a name", "a2 01 6161 4474657874 6162"},
		{"float in any", "a1 07 f93c00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := unhex(t, c.hex)
			wantKind(t, Decode(b, new(sample)), parley.Malformed)
			wantKind(t, DecodeLoose(b, new(sample)), parley.Malformed)
		})
	}
}

func TestUnknownKeys(t *testing.T) {
	for _, h := range []string{
		"a2 01 6161 1819 00",
		"a2 01 6161 24 00",     // key -5
		"a2 01 6161 6131 6162", // the text "1" is not the number 1
		"a2 01 6161 644e616d65 00",
		"a2 01 6161 6454657874 00",           // another case
		"a2 01 6161 1819 a1 03 40",           // within it nothing is looked at
		"a2 01 6161 1819 a1 03 81 8181 8180", // and that as deep as may be
	} {
		b := unhex(t, h)
		wantKind(t, Decode(b, new(sample)), parley.Malformed)
		var s sample
		if err := DecodeLoose(b, &s); err != nil || s.Name != "a" || s.ByText != "" {
			t.Errorf("%s: got %+v, %v; want the name alone", h, s, err)
		}
	}
}

func TestDecodePointer(t *testing.T) {
	wantKind(t, Decode([]byte{0xa0}, sample{}), parley.Internal)
	wantKind(t, Decode([]byte{0xa0}, nil), parley.Internal)
}

func TestEncode(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{[]string(nil), "80"},
		{[]byte(nil), "40"},
		{map[string]int(nil), "a0"},
		{(*inner)(nil), "f6"},
		{[2]byte{1, 2}, "420102"},
		{map[any]any{"a": 1, uint64(24): 2, int64(-1): 3, "": 4, uint64(3): 5}, "a503051818022003600461 6101"},
		{common{}, "a0"},
	} {
		if got, want := Encode(c.v), unhex(t, c.want); !bytes.Equal(got, want) {
			t.Errorf("%v: got %x, want %x", c.v, got, want)
		}
	}
	deep := any(uint64(0))
	for range MaxDepth + 1 {
		deep = []any{deep}
	}
	for _, v := range []any{"\xff", 1.5, deep, map[string]any{"a": []string{"\xc0\x80"}}, func() {}} {
		_, err := TryEncode(v)
		wantKind(t, err, parley.Malformed)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("encoding %T did not panic", v)
				}
			}()
			Encode(v)
		}()
	}
}

// What decodes strictly, and is present, encodes to the same bytes; and it
// never panics.
func FuzzDecode(f *testing.F) {
	f.Add(Encode(sample{Name: "a", Small: 1, Maybe: &inner{}, Seen: map[parley.GenerationID]uint64{{}: 1}}))
	f.Add(unhex(f, "a2 01 6161 1819 00"))
	wiretest.Seed(f, "cbor", "bytes")
	f.Fuzz(func(t *testing.T, b []byte) {
		var strict, loose struct {
			_    struct{} `cbor:",toarray"`
			S    struct{ Name string }
			Sum  [32]byte
			Refs []inner
			Seen map[parley.GenerationID]uint8
			Raw  cbor.RawMessage
		}
		if err := Decode(b, &strict); err == nil && !bytes.Equal(Encode(strict), b) {
			t.Errorf("%x: encodes to %x", b, Encode(strict))
		}
		strictErr := Decode(b, new(sample))
		if err := DecodeLoose(b, new(sample)); strictErr == nil && err != nil {
			t.Errorf("%x: loose says %v, strict nothing", b, err)
		}
		_ = DecodeLoose(b, &loose)
	})
}
