package store

import (
	"parley"
)

// Cosignature is what a witness signed: that it saw a checkpoint of a log. It is
// no part of what the engine knows; the station asks for it and keeps it as
// evidence.
type Cosignature struct {
	Gen     parley.GenerationID
	Size    uint64 // of the checkpoint, which is stored as a head
	Witness string // name of the witness's key
	Key     uint32 // id of the key
	Time    uint64 // UTC seconds, as the witness says; not 0
	Line    string // note signature line, without its newline
	Arrived int64  // UTC milliseconds
}

// Witnesses keeps the cosignatures of witnesses.
type Witnesses interface {
	// Cosign keeps cosignatures, and returns when they would survive power
	// loss. Of those by one key over one checkpoint the earliest and the latest
	// are kept. One over a size of which there is no head is NotFound.
	Cosign(cs []Cosignature) error
	// Cosignatures returns those of gen over size or more, by size, witness, key
	// and time, at most n of them; 0: all.
	Cosignatures(gen parley.GenerationID, size uint64, n int) ([]Cosignature, error)
	// Cosigned returns the latest of each key over gen, by witness and key.
	Cosigned(gen parley.GenerationID) ([]Cosignature, error)
}

// NoHead is the error of a cosignature over a checkpoint that is not stored.
func NoHead(c *Cosignature) error {
	return parley.Errorf(parley.NotFound, "no checkpoint of size %d of %s, which %s cosigned", c.Size, c.Gen, c.Witness)
}

// LessCosignature orders cosignatures of one generation as Cosignatures does.
func LessCosignature(a, b *Cosignature) bool {
	switch {
	case a.Size != b.Size:
		return a.Size < b.Size
	case a.Witness != b.Witness:
		return a.Witness < b.Witness
	case a.Key != b.Key:
		return a.Key < b.Key
	}
	return a.Time < b.Time
}
