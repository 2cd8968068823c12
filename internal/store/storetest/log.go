// Package storetest is the suite that every engine of package store passes,
// and what builds batches for it and for benchmarks.
package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"parley"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/wire"
)

// Sealer returns a storage key that is the same every time.
func Sealer() store.Sealer {
	s, err := key.StorageFromSeed(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		panic(err)
	}
	return s
}

// LineID returns the n-th line id.
func LineID(n byte) (id parley.LineID) {
	id[0], id[15] = 0xa1, n
	return id
}

// GenID returns the n-th generation id.
func GenID(n byte) (id parley.GenerationID) {
	id[0], id[7] = 0x9e, n
	return id
}

// Words that stand in sealed parts only: never to be found in a file.
const (
	Subject = "convoy-through-the-northern-strait"
	Text    = "we-propose-a-meeting-at-the-lighthouse"
	Secret  = "secret-of-the-epoch-in-these-32-b"
)

// Log writes batches as an engine would, with true hashes and false signatures.
type Log struct {
	Line   parley.LineID
	Gen    parley.GenerationID
	Party  parley.PartyCode
	Size   uint64
	Root   line.Hash
	Time   int64 // UTC milliseconds, of the next entry
	Serial uint64

	hashes []tlog.Hash
}

// NewLog returns an empty log.
func NewLog(l parley.LineID, gen parley.GenerationID, party parley.PartyCode) *Log {
	return &Log{Line: l, Gen: gen, Party: party, Time: 1_795_000_000_000}
}

// ReadHashes gives the tree its hashes.
func (g *Log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = g.hashes[x]
	}
	return out, nil
}

// Resume goes on where the store's log of this generation ends.
func (g *Log) Resume(r line.Reader) error {
	h, ok, err := r.Head(g.Gen, 0)
	if err != nil || !ok {
		return err
	}
	at := make([]int64, tlog.StoredHashCount(int64(h.Size)))
	for i := range at {
		at[i] = int64(i)
	}
	hs, err := r.Hashes(g.Gen, at)
	if err != nil {
		return err
	}
	for _, x := range hs {
		g.hashes = append(g.hashes, tlog.Hash(x))
	}
	g.Size, g.Root, g.Serial = h.Size, h.Root, h.Size-1
	g.Time += 1000 * int64(h.Size)
	return nil
}

// Say is what an entry says.
type Say struct {
	Form       string
	From       string
	To         []parley.Address
	Precedence parley.Precedence
	Refs       []parley.Ref
	Exercise   string
	Body       string
	Filed      uint64
	Fault      parley.Kind // makes the entry faulty and unreadable
}

// Dispatch is an ordinary thing to say.
func Dispatch() Say {
	return Say{Form: "dispatch", From: "envoy", To: []parley.Address{{Party: "birch", Office: "envoy"}}, Body: Text}
}

// Header returns the header plaintext of s with the serial, 0 for none.
func (s Say) Header(serial uint64) []byte {
	m := map[uint64]any{1: s.Form, 3: s.From}
	if serial > 0 {
		m[2] = serial
	}
	if len(s.To) > 0 {
		var to [][]string
		for _, a := range s.To {
			to = append(to, []string{string(a.Party), string(a.Office)})
		}
		m[4] = to
	}
	if s.Precedence > 0 {
		m[6] = uint64(s.Precedence)
	}
	if len(s.Refs) > 0 {
		var refs [][]any
		for _, r := range s.Refs {
			refs = append(refs, []any{r.Gen[:], r.Index})
		}
		m[8] = refs
	}
	if s.Exercise != "" {
		m[10] = s.Exercise
	}
	return wire.Encode(m)
}

// Fields returns the body's fields.
func (s Say) Fields() []byte { return wire.Encode(s.fields()) }

func (s Say) fields() map[uint64]any { return map[uint64]any{1: Subject, 2: s.Body} }

// Batch appends what is said and returns the batch with hashes, a head, and a
// receipt of holder when it is not zero. At index 0 stands an epoch entry with
// a certificate that names the party.
func (g *Log) Batch(holder parley.GenerationID, says ...Say) *line.Batch {
	b := &line.Batch{Line: g.Line, Expect: &line.Expect{Gen: g.Gen, Size: g.Size, Root: g.Root}}
	if g.Size == 0 {
		b.Entries = append(b.Entries, g.first())
		g.grow(b, b.Entries[0].Bytes)
	}
	for _, s := range says {
		e := g.entry(s)
		b.Entries = append(b.Entries, e)
		g.grow(b, e.Bytes)
	}
	root, err := tlog.TreeHash(int64(g.Size), g)
	if err != nil {
		panic(err)
	}
	g.Root = line.Hash(root)
	ml := bytes.Repeat([]byte{0x5a}, 2420)
	b.Heads = []line.StoredHead{{Gen: g.Gen, Size: g.Size, Root: g.Root, Ed: [64]byte{1}, ML: ml, Arrived: g.Time}}
	if holder != (parley.GenerationID{}) {
		b.Receipts = []line.StoredReceipt{{Gen: g.Gen, Size: g.Size, Holder: holder, Time: uint64(g.Time / 1000), Ed: [64]byte{2}, ML: ml, Arrived: g.Time}}
	}
	return b
}

// grow adds the leaf to the tree and its new hashes to the batch.
func (g *Log) grow(b *line.Batch, entry []byte) {
	hs, err := tlog.StoredHashes(int64(g.Size), entry, g)
	if err != nil {
		panic(err)
	}
	if len(b.Hashes) == 0 {
		b.Hashes = []line.StoredHashes{{Gen: g.Gen, From: int64(len(g.hashes))}}
	}
	for _, h := range hs {
		b.Hashes[0].Hashes = append(b.Hashes[0].Hashes, line.Hash(h))
	}
	g.hashes = append(g.hashes, hs...)
	g.Size++
	g.Time += 1000
}

func (g *Log) first() line.StoredEntry {
	who := wire.Encode(map[uint64]any{2: string(g.Party), 3: g.Gen[:]})
	cert := wire.Encode([]any{who, uint64(0), []byte{}, []any{make([]byte, 64), make([]byte, 2420)}})
	body := wire.Encode(map[uint64]any{1: make([]byte, 32), 2: map[string]any{}, 3: cert})
	bytes := wire.Encode([]any{uint64(1), uint64(1), uint64(0), uint64(g.Time / 1000), map[parley.GenerationID]uint64{}, body})
	return line.StoredEntry{Gen: g.Gen, Index: 0, Bytes: bytes, Arrived: g.Time}
}

func (g *Log) entry(s Say) line.StoredEntry {
	e := line.StoredEntry{Gen: g.Gen, Index: g.Size, Arrived: g.Time, Filed: s.Filed}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(g.Gen[:], g.Size))
	e.Bytes = wire.Encode([]any{uint64(1), uint64(0), uint64(0), uint64(g.Time / 1000), map[parley.GenerationID]uint64{}, sum[:],
		bytes.Repeat(sum[:], 3), bytes.Repeat(sum[:], 10)})
	if s.Fault != 0 {
		e.Faulty, e.Fault = true, s.Fault
		return e
	}
	g.Serial++
	key := sha256.Sum256(append(sum[:], "key"...))
	e.Key, e.Header, e.Body = key[:], s.Header(g.Serial), wire.Encode([]any{s.fields(), g.Serial})
	return e
}

// Filed returns an outbox item.
func Filed(id uint64, s Say) line.Filed {
	return line.Filed{ID: id, Precedence: s.Precedence, At: 1_795_000_000_000 + int64(id), Header: s.Header(0), Fields: s.Fields()}
}

// Many returns n dispatches, each different.
func Many(n int) []Say {
	says := make([]Say, n)
	for i := range says {
		says[i] = Dispatch()
		says[i].Body = fmt.Sprintf("%s %d", Text, i)
	}
	return says
}
