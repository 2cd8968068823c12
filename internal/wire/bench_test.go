package wire

import (
	"testing"

	"parley"
)

// An entry of spec/entry.md by reflection: what a reader of ten million
// entries does most.
func BenchmarkDecodeEntry(b *testing.B) {
	type sealed struct {
		_             struct{} `cbor:",toarray"`
		Version, Flag uint64
		Epoch, Time   uint64
		Seen          map[parley.GenerationID]uint64
		Commitment    [32]byte
		Header, Body  []byte
	}
	e := sealed{Version: 1, Time: 1795000000, Seen: map[parley.GenerationID]uint64{genA: 5}, Header: make([]byte, 80), Body: make([]byte, 512)}
	bytes := Encode(&e)
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			Encode(&e)
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			var got sealed
			if err := Decode(bytes, &got); err != nil {
				b.Fatal(err)
			}
		}
	})
}
