package wire

import (
	"parley"
)

// Want asks for a sealed blob, named by its hash, from Offset on. An Offset
// that is its size says: have it all.
type Want struct {
	Blob   [32]byte
	Offset uint64
}

// Chunk is a part of a sealed blob.
type Chunk struct {
	Blob   [32]byte
	Offset uint64
	Total  uint64 // size of the blob
	Bytes  []byte // at most MaxChunk
}

// AskKeys asks for the entry keys of the sender's own old generation.
type AskKeys struct {
	Gen  parley.GenerationID
	From uint64 // index
}

// Keys gives entry keys, one for each index from From on. An all-zero key
// stands where there is none: for epoch entries and unreadable ones.
type Keys struct {
	Gen  parley.GenerationID
	From uint64
	Keys [][32]byte // at most MaxKeys
}

// AskEntries asks for the entries of [From, To), with the checkpoint over
// them.
type AskEntries struct {
	Gen      parley.GenerationID
	From, To uint64
}

func (*Want) frameType() uint64       { return TypeWant }
func (*Chunk) frameType() uint64      { return TypeChunk }
func (*AskKeys) frameType() uint64    { return TypeAskKeys }
func (*Keys) frameType() uint64       { return TypeKeys }
func (*AskEntries) frameType() uint64 { return TypeAskEntries }

func (*Want) items() int       { return 2 }
func (*Chunk) items() int      { return 4 }
func (*AskKeys) items() int    { return 2 }
func (*Keys) items() int       { return 3 }
func (*AskEntries) items() int { return 3 }

func (f *Want) append(b []byte) []byte { return appendUint(appendBytes(b, f.Blob[:]), f.Offset) }

func (f *Want) read(r *reader) {
	r.fixed(f.Blob[:])
	f.Offset = r.number()
}

func (f *Want) check() error { return inRange("want", f.Offset) }

func (f *Chunk) append(b []byte) []byte {
	b = appendUint(appendBytes(b, f.Blob[:]), f.Offset)
	return appendBytes(appendUint(b, f.Total), f.Bytes)
}

func (f *Chunk) read(r *reader) {
	r.fixed(f.Blob[:])
	f.Offset, f.Total = r.number(), r.number()
	f.Bytes = r.bytes(0, MaxChunk)
}

func (f *Chunk) check() error {
	if len(f.Bytes) > MaxChunk {
		return parley.Errorf(parley.Oversize, "chunk: %d bytes are over the limit of %d", len(f.Bytes), MaxChunk)
	}
	if err := inRange("chunk", f.Offset, f.Total); err != nil {
		return err
	}
	if f.Offset+uint64(len(f.Bytes)) > f.Total {
		return bad("chunk: %d bytes at %d go beyond the total of %d", len(f.Bytes), f.Offset, f.Total)
	}
	return nil
}

func (f *AskKeys) append(b []byte) []byte { return appendUint(appendBytes(b, f.Gen[:]), f.From) }

func (f *AskKeys) read(r *reader) {
	r.fixed(f.Gen[:])
	f.From = r.number()
}

func (f *AskKeys) check() error { return inRange("ask for keys", f.From) }

func (f *Keys) append(b []byte) []byte {
	b = appendUint(appendBytes(b, f.Gen[:]), f.From)
	b = appendArray(b, len(f.Keys))
	for i := range f.Keys {
		b = appendBytes(b, f.Keys[i][:])
	}
	return b
}

func (f *Keys) read(r *reader) {
	r.fixed(f.Gen[:])
	f.From = r.number()
	f.Keys = r.hashes(MaxKeys)
}

func (f *Keys) check() error {
	if len(f.Keys) > MaxKeys {
		return parley.Errorf(parley.Oversize, "keys: %d keys are over the limit of %d", len(f.Keys), MaxKeys)
	}
	return inRange("keys", f.From)
}

func (f *AskEntries) append(b []byte) []byte {
	return appendUint(appendUint(appendBytes(b, f.Gen[:]), f.From), f.To)
}

func (f *AskEntries) read(r *reader) {
	r.fixed(f.Gen[:])
	f.From, f.To = r.number(), r.number()
}

func (f *AskEntries) check() error {
	if f.From > f.To {
		return bad("ask for entries: from %d is beyond %d", f.From, f.To)
	}
	return inRange("ask for entries", f.From, f.To)
}
