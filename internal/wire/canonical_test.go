package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"parley"
	"parley/internal/wire/wiretest"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wantKind(t *testing.T, err error, want parley.Kind) {
	t.Helper()
	if err == nil || parley.KindOf(err) != want {
		t.Errorf("got %v (%s), want kind %s", err, parley.KindOf(err), want)
	}
}

var canonicalCases = []struct {
	name, hex string
	offset    int // of what is refused; -1: it is good
}{
	{"zero", "00", -1},
	{"23", "17", -1},
	{"24", "1818", -1},
	{"255", "18ff", -1},
	{"256", "190100", -1},
	{"2^16", "1a00010000", -1},
	{"2^32", "1b0000000100000000", -1},
	{"2^64-1", "1bffffffffffffffff", -1},
	{"-1", "20", -1},
	{"-2^64", "3bffffffffffffffff", -1},
	{"empty bytes", "40", -1},
	{"text", "6161", -1},
	{"Chinese text", "63e79a84", -1},
	{"U+0000 in text", "6100", -1},
	{"false, true, null", "83f4f5f6", -1},
	{"empty map", "a0", -1},
	{"map with keys in order", "a3 00 f4 20 f4 40 f4", -1},
	{"keys of other lengths", "a2 17 00 1818 00", -1},
	{"depth 8", "8181818181818180", -1},
	{"depth 8 by maps", "a100a100a100a100a100a100a100a0", -1},
	{"many at depth 8", "8182818181818180 818181818180", -1},

	{"nothing", "", 0},
	{"23 in two bytes", "1817", 0},
	{"255 in three", "1900ff", 0},
	{"65535 in five", "1a0000ffff", 0},
	{"2^32-1 in nine", "1b00000000ffffffff", 0},
	{"-24 in two bytes", "3817", 0},
	{"length 1 in two bytes", "580161", 0},
	{"count 1 in two bytes", "980100", 0},
	{"count of pairs in two bytes", "b8010000", 0},
	{"reserved length 28", "1c", 0},
	{"reserved length 30", "1e", 0},
	{"indefinite bytes", "5f4100ff", 0},
	{"indefinite text", "7f6161ff", 0},
	{"indefinite array", "9f00ff", 0},
	{"indefinite map", "bf0000ff", 0},
	{"break alone", "ff", 0},
	{"head cut", "1901", 0},
	{"bytes cut", "4200", 0},
	{"text cut", "81 62 61", 1},
	{"array cut", "8200", 0},
	{"map without its value", "a100", 0},
	{"item missing at the end", "82 8100 81", 3},
	{"length beyond an int", "5bffffffffffffffff", 0},
	{"count beyond an int", "9bffffffffffffffff", 0},
	{"pairs beyond an int", "bbffffffffffffffff", 0},
	{"pairs that wrap to nothing", "bb8000000000000000", 0},
	{"one byte follows", "0000", 1},
	{"keys out of order", "a2 01 00 00 00", 3},
	{"longer key first", "a2 1818 00 17 00", 4},
	{"key twice", "a2 01 00 01 00", 3},
	{"text key twice", "a2 6161 00 6161 01", 4},
	{"key order within an array", "81 a2 01 00 00 00", 4},
	{"key order after a nested map", "a2 02 a1 0500 01 00", 5},
	{"array as key", "a1 80 00", 1},
	{"map as key", "a1 a0 00", 1},
	{"null as key", "a1 f6 00", 1},
	{"true as key", "a1 f5 00", 1},
	{"tag", "c000", 0},
	{"self-described CBOR", "d9d9f700", 0},
	{"bignum", "c2420100", 0},
	{"half float", "f93c00", 0},
	{"float", "fa47c35000", 0},
	{"double", "fb3ff199999999999a", 0},
	{"NaN", "f97e00", 0},
	{"undefined", "f7", 0},
	{"simple 0", "e0", 0},
	{"simple 19", "f3", 0},
	{"simple 32", "f820", 0},
	{"false in two bytes", "f814", 0},
	{"depth 9", "818181818181818180", 8},
	{"depth 9 by maps", "a100a100a100a100a100a100a100a100a0", 16},
	{"depth 9 in the second branch", "82 00 8181818181818180", 9},
	{"text not UTF-8", "61ff", 0},
	{"text cut in a character", "62e79a", 0},
	{"text with a surrogate", "63eda080", 0},
	{"text in too long a form", "62c080", 0},
}

func TestCanonical(t *testing.T) {
	for _, c := range canonicalCases {
		t.Run(c.name, func(t *testing.T) {
			err := Canonical(unhex(t, c.hex))
			if c.offset < 0 {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			wantKind(t, err, parley.Malformed)
			if want := fmt.Sprintf("byte %d: ", c.offset); err != nil && !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %q, want it to start with %q", err, want)
			}
		})
	}
}

func TestCanonicalPrefix(t *testing.T) {
	seq, items := unhex(t, "82 00 18ff 6161 a0 f6"), []int{4, 2, 1, 1} // [0, 255], "a", {}, null
	for _, want := range items {
		n, err := CanonicalPrefix(seq)
		if err != nil || n != want {
			t.Fatalf("got %d, %v; want %d", n, err, want)
		}
		seq = seq[n:]
	}
	if _, err := CanonicalPrefix(seq); err == nil {
		t.Error("an item was found where the sequence has ended")
	}
}

// What claims a lot and holds little costs little.
func TestCanonicalIsCheap(t *testing.T) {
	deep := bytes.Repeat([]byte{0x81}, 1<<20)
	if n := testing.AllocsPerRun(10, func() { Canonical(deep) }); n > 20 {
		t.Errorf("%v allocations", n)
	}
}

// oracle is what spec/conventions.md says: decode, encode again, compare.
func oracle(b []byte) error {
	dec, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 32, MaxArrayElements: 1 << 24, MaxMapPairs: 1 << 24, MapKeyByteString: cbor.MapKeyByteStringAllowed,
		UTF8: cbor.UTF8RejectInvalid, IntDec: cbor.IntDecConvertNone,
	}.DecMode()
	if err != nil {
		return err
	}
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return err
	}
	var v any
	if err := dec.Unmarshal(b, &v); err != nil {
		return err
	}
	if err := plain(v, 0); err != nil {
		return err
	}
	again, err := enc.Marshal(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, b) {
		return errors.New("it encodes otherwise")
	}
	return nil
}

// plain refuses values that deterministic CBOR may have and this protocol
// does not.
func plain(v any, depth int) error {
	switch v := v.(type) {
	case []any:
		if depth++; depth > MaxDepth {
			return errors.New("too deep")
		}
		for _, x := range v {
			if err := plain(x, depth); err != nil {
				return err
			}
		}
	case map[any]any:
		if depth++; depth > MaxDepth {
			return errors.New("too deep")
		}
		for k, x := range v {
			switch k.(type) {
			case bool, nil:
				return errors.New("key neither integer nor string")
			}
			if err := errors.Join(plain(k, depth), plain(x, depth)); err != nil {
				return err
			}
		}
	case float32, float64, cbor.SimpleValue:
		return fmt.Errorf("a %T", v)
	}
	return nil
}

func FuzzCanonical(f *testing.F) {
	for _, c := range canonicalCases {
		f.Add(unhex(f, c.hex))
	}
	wiretest.Seed(f, "cbor", "bytes")
	f.Fuzz(func(t *testing.T, b []byte) {
		got, want := Canonical(b), oracle(b)
		if b != nil && bytes.Contains(b, []byte{0xf7}) && got != nil {
			return // undefined and null are one value to the oracle
		}
		if (got == nil) != (want == nil) {
			t.Errorf("%x: got %v, the oracle says %v", b, got, want)
		}
		if got != nil && parley.KindOf(got) != parley.Malformed {
			t.Errorf("%x: got kind %s", b, parley.KindOf(got))
		}
		n, err := CanonicalPrefix(b)
		if err == nil && (n < 1 || n > len(b) || Canonical(b[:n]) != nil) {
			t.Errorf("%x: the first %d bytes are not an item", b, n)
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	frame, err := Marshal(&Entry{Bytes: make([]byte, 600)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := Canonical(frame); err != nil {
			b.Fatal(err)
		}
	}
}
