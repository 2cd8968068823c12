// Package carry brings the sealed attachments of one line over, apart from its
// entries and after them: whoever lacks one that an entry names asks for it, from
// where it left off (spec/frames.md, want and chunk). It has no goroutine and no
// clock, so that a station and a simulation run the same code.
package carry

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/seal"
	"parley/internal/store"
	"parley/internal/wire"
)

const (
	chunksAhead = 16 // chunks sent for one want
	wantAgain   = 5 * time.Second
	wantsAtOnce = 32 // attachments asked for in one look
	laterAgain  = 10 * time.Minute
	maxWanted   = 20_000 // remembered; what is beyond is needed again after the next start
)

// House is what a Carrier works in. Its functions are called with no lock held.
type House struct {
	Line   parley.LineID
	Store  store.Blobs
	Most   func() int64                                         // bytes of one attachment that the annex in force allows
	Low    func() error                                         // why nothing is taken now; nil: there is room
	Stored func(hash [32]byte, ref parley.Ref)                  // an attachment of this entry is durably here: it goes on record, once
	Later  func(from parley.PartyCode, ref parley.Ref, e error) // it is not fetched now, and tried again
	Trouble
}

// Trouble is told what does not go well.
type Trouble interface {
	Refused(from parley.PartyCode, err error) // it is never taken
	Damaged(err error)                        // it came damaged, and is asked for again
	Failed(err error)                         // our disk did not keep it; this is tried again
}

// Carrier is safe for concurrent use; of one attachment only one caller at a time
// hands in chunks.
type Carrier struct {
	House

	mu     sync.Mutex
	seq    uint64
	wanted map[[32]byte]*wanted
	theirs map[[32]byte]map[parley.PartyCode]bool
}

// wanted is an attachment of theirs that is not whole here yet.
type wanted struct {
	seq   uint64
	from  parley.PartyCode
	size  int64
	asked time.Time
	ref   parley.Ref
	later bool          // not announced yet, or over the quota of its day, or our disk is full
	again time.Duration // how long to wait before it is announced again
}

// An Ask is a want, and whom to send it to.
type Ask struct {
	To   parley.PartyCode
	Want *wire.Want
}

// New returns a Carrier that wants nothing yet.
func New(h House) *Carrier {
	return &Carrier{House: h, wanted: map[[32]byte]*wanted{}, theirs: map[[32]byte]map[parley.PartyCode]bool{}}
}

func (c *Carrier) id(hash [32]byte) store.BlobID { return store.BlobID{Line: c.Line, Hash: hash} }

// Need notes the attachments of an entry of theirs: what is missing is asked for
// from now on. What a stop interrupted is finished: all bytes had come and nobody
// had looked at them, or all was well and the receipt not filed.
func (c *Carrier) Need(from parley.PartyCode, ref parley.Ref, as []form.Attachment) {
	for _, a := range as {
		n, whole, err := c.Store.Size(c.id(a.Hash))
		if err == nil && !whole && n >= int64(a.Sealed) {
			whole = c.complete(a.Hash)
		}
		if err == nil && whole {
			c.Stored(a.Hash, ref)
			continue
		}
		c.mu.Lock()
		if len(c.wanted) < maxWanted && c.wanted[a.Hash] == nil {
			c.seq++
			c.wanted[a.Hash] = &wanted{seq: c.seq, from: from, size: int64(a.Sealed), ref: ref, later: true}
		}
		c.mu.Unlock()
	}
}

// announced reports whether room was made for an attachment. What is over a
// bound per time is tried again later, what can never be taken is forgotten.
func (c *Carrier) announced(hash [32]byte, w *wanted) bool {
	err := c.announce(hash, w)
	k := parley.KindOf(err)
	c.mu.Lock()
	switch {
	case err == nil:
		w.later = false
	case k == parley.Quota || k == parley.DiskFull:
		w.again = laterAgain
	default:
		delete(c.wanted, hash)
	}
	c.mu.Unlock()
	switch {
	case err == nil:
	case k == parley.Quota || k == parley.DiskFull:
		c.Later(w.from, w.ref, err)
	default:
		c.Refused(w.from, err)
	}
	return err == nil
}

// announce makes room for an attachment. The error is Quota over the bound of
// the annex, Oversize above that of one, DiskFull while the disk is kept for
// our own logs.
func (c *Carrier) announce(hash [32]byte, w *wanted) error {
	if err := c.Low(); err != nil {
		return err
	}
	if most := c.Most(); w.size > seal.SealedBlobSize(most) {
		return parley.Errorf(parley.Oversize, "an attachment of %d bytes, the annex allows %d", w.size, most)
	}
	return c.Store.Create(c.id(hash), w.from, w.size)
}

// due takes the attachments that are to be asked for now, the longest waiting
// first, and says whether there are more.
func (c *Carrier) due(now time.Time) (hashes [][32]byte, ws []*wanted, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	type request struct {
		hash [32]byte
		w    *wanted
	}
	var rs []request
	for h, w := range c.wanted {
		again := wantAgain
		if w.later {
			again = w.again
		}
		if since := now.Sub(w.asked); since >= again || since < 0 { // our clock may have been set back
			rs = append(rs, request{h, w})
		}
	}
	slices.SortFunc(rs, func(a, b request) int { return cmp.Or(a.w.asked.Compare(b.w.asked), cmp.Compare(a.w.seq, b.w.seq)) })
	for _, r := range rs[:min(len(rs), wantsAtOnce)] {
		r.w.asked = now
		hashes, ws = append(hashes, r.hash), append(ws, r.w)
	}
	return hashes, ws, len(rs) > wantsAtOnce
}

// Wants reports whether anything is missing: while nothing is, nothing comes due.
func (c *Carrier) Wants() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.wanted) > 0
}

// Due returns what is to be asked for now, and whether there is more. Whoever
// calls it sends what it returns, at least once a second.
func (c *Carrier) Due(now time.Time) (asks []Ask, more bool) {
	hashes, ws, more := c.due(now)
	for i, h := range hashes {
		w := ws[i]
		if w.later && !c.announced(h, w) {
			continue
		}
		n, whole, err := c.Store.Size(c.id(h))
		if err != nil { // it is gone: room is to be made for it again
			c.mu.Lock()
			w.later, w.again = true, wantAgain
			c.mu.Unlock()
			continue
		}
		if !whole && n >= w.size { // our disk failed when it had come
			if c.complete(h) {
				c.finished(h)
			}
			continue
		}
		asks = append(asks, Ask{w.from, &wire.Want{Blob: h, Offset: uint64(n)}})
	}
	return asks, more
}

// Serve answers a want of a peer by chunks from its offset on, until send fails.
// A want at the end says that the peer has it whole.
func (c *Carrier) Serve(peer parley.PartyCode, f *wire.Want, send func(*wire.Chunk) error) error {
	n, whole, err := c.Store.Size(c.id(f.Blob))
	if err != nil || !whole {
		return err
	}
	if f.Offset >= uint64(n) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.theirs[f.Blob] == nil {
			c.theirs[f.Blob] = map[parley.PartyCode]bool{}
		}
		c.theirs[f.Blob][peer] = true
		return nil
	}
	r, err := c.Store.Open(c.id(f.Blob))
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := r.Seek(int64(f.Offset), io.SeekStart); err != nil {
		return err
	}
	for i, at := 0, f.Offset; i < chunksAhead && at < uint64(n); i++ {
		buf := make([]byte, min(wire.MaxChunk, uint64(n)-at))
		if _, err := io.ReadFull(r, buf); err != nil {
			return err
		}
		if err := send(&wire.Chunk{Blob: f.Blob, Offset: at, Total: uint64(n), Bytes: buf}); err != nil {
			return err // the queue is full: it asks again
		}
		at += uint64(len(buf))
	}
	return nil
}

// errUnasked says that a chunk is of nothing that we asked its sender for.
var errUnasked = errors.New("a chunk that nobody asked for")

// Chunk takes a chunk of something we asked for, and asks for the next run when
// this one is through. The error says why it is not taken: that is no fault, for
// chunks are repeated and overtake one another.
func (c *Carrier) Chunk(now time.Time, peer parley.PartyCode, f *wire.Chunk, send func(*wire.Want)) error {
	c.mu.Lock()
	w := c.wanted[f.Blob]
	c.mu.Unlock()
	if w == nil || w.from != peer || int64(f.Total) != w.size {
		return errUnasked
	}
	if err := c.Low(); err != nil {
		return err
	}
	id := c.id(f.Blob)
	if err := c.Store.WriteAt(id, f.Bytes, int64(f.Offset)); err != nil {
		return err
	}
	c.mu.Lock()
	w.asked = now
	c.mu.Unlock()
	end := f.Offset + uint64(len(f.Bytes))
	if end < f.Total {
		if end/wire.MaxChunk%chunksAhead == 0 {
			send(&wire.Want{Blob: f.Blob, Offset: end})
		}
		return nil
	}
	if !c.complete(f.Blob) {
		c.mu.Lock()
		w.asked, w.later, w.again = time.Time{}, true, 0
		c.mu.Unlock()
		return nil
	}
	send(&wire.Want{Blob: f.Blob, Offset: end})
	c.finished(f.Blob)
	return nil
}

// complete makes an attachment of which every byte is here whole and durable.
// When it reports false the bytes were not the right ones and are gone, or our
// disk failed and they stay.
func (c *Carrier) complete(hash [32]byte) bool {
	err := c.Store.Complete(c.id(hash))
	switch {
	case err == nil:
		return true
	case parley.KindOf(err) == parley.BadProof:
		c.Damaged(err)
	default:
		c.Failed(err)
	}
	return false
}

// finished ends the wait for an attachment, and says so.
func (c *Carrier) finished(hash [32]byte) {
	c.mu.Lock()
	w := c.wanted[hash]
	delete(c.wanted, hash)
	c.mu.Unlock()
	if w != nil {
		c.Stored(hash, w.ref)
	}
}

// Here returns how many bytes of an attachment are here, and whether it is whole.
func (c *Carrier) Here(hash [32]byte) (n int64, whole bool, err error) {
	return c.Store.Size(c.id(hash))
}

// HeldBy reports whether a party has said that it has the attachment whole.
func (c *Carrier) HeldBy(hash [32]byte, p parley.PartyCode) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.theirs[hash][p]
}
