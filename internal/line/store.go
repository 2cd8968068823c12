package line

import (
	"parley"
	"parley/internal/form"
)

// Hash is a SHA-256 tree hash.
type Hash = [32]byte

// A Batch is everything one step of the engine wants durable. A store applies
// it whole or not at all, and returns only when it would survive power loss.
// Nothing that a step wants to say leaves the process before that.
type Batch struct {
	Line     parley.LineID
	Expect   *Expect // compare-and-swap on our own head; nil when our log does not grow
	Entries  []StoredEntry
	Hashes   []StoredHashes
	Heads    []StoredHead
	Receipts []StoredReceipt
	Filed    []Filed  // new in the outbox
	Unfiled  []uint64 // handed out: gone from the outbox
	Keys     []KV     // engine state, in order; later ones win
}

// Empty reports whether there is nothing to make durable.
func (b *Batch) Empty() bool {
	return len(b.Entries)+len(b.Hashes)+len(b.Heads)+len(b.Receipts)+len(b.Filed)+len(b.Unfiled)+len(b.Keys) == 0
}

// Expect guards our own log: the store refuses the batch (parley.Conflict)
// unless its largest head of Gen has exactly this size and root. Size 0 means
// that no head of Gen exists yet.
type Expect struct {
	Gen  parley.GenerationID
	Size uint64
	Root Hash
}

// StoredEntry is one entry with what this station knows of it. Bytes never
// change once stored; a second entry for the same Gen and Index with other
// bytes is refused. With the same bytes it is passed over, save that one held
// Faulty and now given with its Key takes Key, Header and Body.
type StoredEntry struct {
	Gen     parley.GenerationID
	Index   uint64
	Bytes   []byte      // as in the log (spec/entry.md)
	Key     []byte      // entry key, 32 bytes; nil for epoch entries and unreadable ones. Kept sealed under the storage key
	Header  []byte      // sealed header, opened: CBOR; nil when there is none
	Body    []byte      // sealed body, opened: CBOR; nil when there is none
	Arrived int64       // our clock, UTC milliseconds; for our own, when filed
	Filed   uint64      // outbox id it had, ours only; 0 for entries the engine made itself
	Fault   parley.Kind // why it is not as it should be (Unreadable, BadSerial, BadForm...), when Faulty
	Faulty  bool
	Parsed  *form.Header // Header as the engine read it; nil where nobody did. Handed along, not stored
}

// StoredHashes are the tree hashes that appending entries added: consecutive
// stored-hash indices of golang.org/x/mod/sumdb/tlog from From on.
type StoredHashes struct {
	Gen    parley.GenerationID
	From   int64
	Hashes []Hash
}

// StoredHead is a checkpoint under both signatures of its log.
type StoredHead struct {
	Gen     parley.GenerationID
	Size    uint64
	Root    Hash
	Ed      [64]byte
	ML      []byte // 2,420 bytes
	Arrived int64  // UTC milliseconds
}

// StoredReceipt is a holder's cosignature under both signatures. Our own
// receipts for others' logs are stored as well: one size is never cosigned
// with two roots.
type StoredReceipt struct {
	Gen     parley.GenerationID // the log
	Size    uint64
	Holder  parley.GenerationID // the holder's generation then
	Time    uint64              // UTC seconds, claimed by the holder
	Ed      [64]byte
	ML      []byte
	Arrived int64 // UTC milliseconds
}

// Filed is an item in the outbox: durable, without index, serial or signature
// until it is first handed to a bearer.
type Filed struct {
	ID         uint64 // given by the caller, rising
	Precedence parley.Precedence
	At         int64  // UTC milliseconds
	Header     []byte // CBOR of spec/entry.md's header, without serial
	Fields     []byte // CBOR map: the form's fields
}

// KV is one value of engine state. A nil Value deletes the key. Secret values
// are kept sealed under the storage key and are left out of backups.
type KV struct {
	Key    string
	Value  []byte
	Secret bool
}

// A Reader gives the engine what it once made durable. It sees every batch
// applied before the call.
type Reader interface {
	// Entries returns up to n entries of gen from index from on, in order: at
	// least one where there is one, and fewer than n where they are large.
	Entries(gen parley.GenerationID, from uint64, n int) ([]StoredEntry, error)
	// Hashes returns tree hashes by stored-hash index, parley.Corrupt when one is missing.
	Hashes(gen parley.GenerationID, indexes []int64) ([]Hash, error)
	// Head returns the stored head of gen with the least size that is >= size;
	// ok is false when there is none. Size 0 asks for the largest.
	Head(gen parley.GenerationID, size uint64) (h StoredHead, ok bool, err error)
	// Receipt returns holder's receipt for gen with the least size >= size;
	// ok is false when there is none. Size 0 asks for the largest.
	Receipt(gen, holder parley.GenerationID, size uint64) (r StoredReceipt, ok bool, err error)
	// Filed returns the outbox, in order of id.
	Filed() ([]Filed, error)
	// Values returns every key with the prefix, in bytewise order of keys,
	// secret ones opened.
	Values(prefix string) ([]KV, error)
}
