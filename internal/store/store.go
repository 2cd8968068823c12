package store

import (
	"context"
	"time"

	"parley"
	"parley/internal/line"
)

// Sealer seals what is kept at rest; *key.Storage is one. What was sealed for
// one name opens under no other.
type Sealer interface {
	Seal(name string, plaintext []byte) []byte
	Open(name string, sealed []byte) ([]byte, error) // bytes of its own: sealed may be lent
}

// Store keeps the lines of one station. All methods are safe for concurrent
// use. Errors are *parley.Error:
//
//	Conflict     an expectation failed, or something else stands there already
//	NotFound     no such line or item
//	Corrupt      the store gave back what was not written; run fsck
//	DiskFull     no room; nothing of the call was kept, everything before was
//	Unavailable  locked by another process, closed, or the disk failed: after a
//	             failed write to disk a store refuses all further writes
type Store interface {
	// Lines returns the lines in order of creation.
	Lines() ([]parley.LineID, error)
	// Line returns the line; on one that was never created every method of it
	// answers NotFound.
	Line(id parley.LineID) Line
	// CreateLine makes a line with its founding document and whatever the
	// station keeps beside it. The same line again is Conflict.
	CreateLine(id parley.LineID, founding, meta []byte) error
	// Close waits for calls under way, and releases the files.
	Close() error
}

// Line is one line in a store.
type Line interface {
	line.Reader
	Records
	Witnesses
	// Leaves returns the bytes of up to n entries of gen from index from on, as
	// Entries does and under its bound, without opening what is sealed.
	Leaves(gen parley.GenerationID, from uint64, n int) ([][]byte, error)
	// ID returns the line's id.
	ID() parley.LineID
	// Founding returns what CreateLine was given, meta as last set.
	Founding() (founding, meta []byte, err error)
	// SetMeta replaces meta. It is durable on return.
	SetMeta(meta []byte) error
	// Apply makes b durable, whole or not at all, and returns when it would
	// survive power loss. Applying needs b.Line to be this line. A second
	// entry for one (Gen, Index) is Conflict when its bytes differ; with the
	// same bytes it is passed over, save that one held faulty takes the key that
	// came back for it (line.StoredEntry). A second head of one (Gen, Size) with
	// another root is Conflict. Of two heads, or receipts of one holder, for
	// one size the first is kept.
	Apply(b *line.Batch) error
	// ApplyAll makes several batches of this line durable in one transaction,
	// in order, all or none of them.
	ApplyAll(bs []*line.Batch) error
}

// Runner is a store that has work to do in idle moments. It works without.
type Runner interface {
	// Run tidies until ctx ends.
	Run(ctx context.Context) error
}

// Keeper is a store with files of its own to look after.
type Keeper interface {
	// Backup writes a consistent copy to dst, which must not exist. The copy
	// holds no Secret value, neither live nor in unused pages, and is marked.
	Backup(ctx context.Context, dst string) error
	// Restored tells whether the store is a copy that Backup wrote, and when
	// that was. It stays so until ClearRestored.
	Restored() (at time.Time, yes bool, err error)
	// ClearRestored forgets the mark, once every line of the store is in doubt.
	ClearRestored() error
	// Check verifies everything that can be verified without the line's keys.
	// Findings are returned, not errors. progress may be nil.
	Check(ctx context.Context, progress func(Progress)) ([]Finding, error)
	// Rebuild makes the derived index anew from the entries. Every entry is
	// unplaced afterwards.
	Rebuild(ctx context.Context, progress func(Progress)) error
}

// Progress tells how far long work is.
type Progress struct {
	What  string // "integrity", "entries", "heads", "secrets", "index"
	Done  int64
	Total int64 // 0 when not known
}

// Finding is one thing that is not as it should be.
type Finding struct {
	Kind  parley.Kind
	Place string // for example "line 01.. gen 5a.. entry 17", or "file parley.db"
	What  string
}

// String returns "place: what".
func (f Finding) String() string { return f.Place + ": " + f.What }
