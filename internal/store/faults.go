package store

import (
	"parley"
	"parley/internal/line"
)

const runFsck = "run parley fsck"

// CheckExpect compares a batch's expectation with the largest stored head of
// its generation, the zero one when there is none. The error is Conflict.
func CheckExpect(x *line.Expect, h line.StoredHead) error {
	if x.Size == h.Size && (x.Size == 0 || x.Root == h.Root) {
		return nil
	}
	return parley.Errorf(parley.Conflict, "our log %s has a head of size %d, not the expected one of size %d", x.Gen, h.Size, x.Size).
		WithHint("another process wrote to this log; this one must load it again")
}

// DifferentEntry is a second entry for one index.
func DifferentEntry(gen parley.GenerationID, idx uint64) error {
	return parley.Errorf(parley.Conflict, "entry %s:%d is stored already, with other bytes", gen, idx).WithHint(runFsck)
}

// EntryGap is an entry beyond the next index.
func EntryGap(gen parley.GenerationID, idx, next uint64) error {
	return parley.Errorf(parley.Gap, "entry %s:%d does not follow: the next is %d", gen, idx, next)
}

// HashGap is a run of tree hashes that does not follow the last one.
func HashGap(gen parley.GenerationID, from, next int64) error {
	return parley.Errorf(parley.Gap, "tree hashes of %s from %d on do not follow: the next is %d", gen, from, next)
}

// DifferentHash is a second hash for one stored-hash index.
func DifferentHash(gen parley.GenerationID, i int64) error {
	return parley.Errorf(parley.Conflict, "tree hash %d of %s is stored already, and another", i, gen).WithHint(runFsck)
}

// MissingHash is a tree hash that is not stored.
func MissingHash(gen parley.GenerationID, i int64) error {
	return parley.Errorf(parley.Corrupt, "tree hash %d of %s is missing", i, gen).WithHint(runFsck)
}

// DifferentHead is a second root for one size.
func DifferentHead(gen parley.GenerationID, size uint64) error {
	return parley.Errorf(parley.Conflict, "a head of %s of size %d is stored already, with another root", gen, size).
		WithHint("one size never has two roots; run parley fsck")
}

// FiledTwice is an outbox id that is taken, or 0.
func FiledTwice(id uint64) error {
	return parley.Errorf(parley.Conflict, "outbox id %d is taken", id)
}

// NoItem is an entry that is not stored.
func NoItem(ref parley.Ref) error { return parley.Errorf(parley.NotFound, "no entry %s", ref) }

// NoFiled is an outbox item that is not there.
func NoFiled(id uint64) error { return parley.Errorf(parley.NotFound, "no item %d in the outbox", id) }

// SettledMoved is an attempt to change what is final.
func SettledMoved(ref parley.Ref, was, to int64) error {
	return parley.Errorf(parley.Conflict, "entry %s is settled at position %d and cannot move to %d", ref, was, to).WithHint(runFsck)
}

// SettledGap is a settled position that does not follow the last settled one.
func SettledGap(pos, next int64) error {
	return parley.Errorf(parley.Conflict, "position %d cannot be settled: the next to settle is %d", pos, next)
}

// OpenValue opens a secret value. The error is Corrupt.
func OpenValue(s Sealer, l parley.LineID, key string, sealed []byte) ([]byte, error) {
	v, err := s.Open(ValueName(l, key), sealed)
	if err != nil {
		return nil, parley.Errorf(parley.Corrupt, "secret value %s: %v", key, err).
			WithHint("run parley fsck; if all of them fail, the storage key is not the one this store was made with")
	}
	return v, nil
}
