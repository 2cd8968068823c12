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

func (f *Want) fields(w *walk) {
	w.fixed(f.Blob[:])
	w.number(&f.Offset)
}

func (f *Chunk) fields(w *walk) {
	at := w.at()
	w.fixed(f.Blob[:])
	w.number(&f.Offset)
	w.number(&f.Total)
	w.bytes(&f.Bytes, 0, MaxChunk)
	if f.Offset+uint64(len(f.Bytes)) > f.Total { // neither is above MaxNumber: nothing wraps
		w.fail(at, "chunk: %d bytes at %d go beyond the total of %d", len(f.Bytes), f.Offset, f.Total)
	}
}

func (f *AskKeys) fields(w *walk) {
	w.fixed(f.Gen[:])
	w.number(&f.From)
}

func (f *Keys) fields(w *walk) {
	w.fixed(f.Gen[:])
	w.number(&f.From)
	w.hashes(&f.Keys, MaxKeys)
}

func (f *AskEntries) fields(w *walk) {
	at := w.at()
	w.fixed(f.Gen[:])
	w.number(&f.From)
	w.number(&f.To)
	if f.From > f.To {
		w.fail(at, "ask for entries: from %d is beyond %d", f.From, f.To)
	}
}
