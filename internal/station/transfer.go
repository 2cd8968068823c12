package station

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/seal"
	"parley/internal/store"
	"parley/internal/wire"
)

// transfers carries sealed attachments of one line, apart from its entries and
// after them: whoever lacks one that an entry names asks for it, from where it
// left off (spec/frames.md, want and chunk).
type transfers struct {
	l     *liveLine
	store store.Blobs
	wake  chan struct{}

	mu     sync.Mutex
	wanted map[[32]byte]*wanted
	theirs map[[32]byte]map[parley.PartyCode]bool
}

// wanted is an attachment of theirs that is not whole here yet.
type wanted struct {
	from  parley.PartyCode
	size  int64
	asked time.Time
	ref   parley.Ref
	later bool          // not announced yet, or over the quota of its day, or our disk is full
	again time.Duration // how long to wait before it is announced again
}

const (
	chunksAhead = 16 // chunks sent for one want
	wantAgain   = 5 * time.Second
	wantsAtOnce = 32 // attachments asked for in one look
	laterAgain  = 10 * time.Minute
	askPause    = 100 * time.Millisecond // between two looks: a look makes files
	maxWanted   = 20_000                 // remembered; what is beyond is found again by catchUp
)

func newTransfers(l *liveLine, s store.Blobs) *transfers {
	return &transfers{l: l, store: s, wake: make(chan struct{}, 1), wanted: map[[32]byte]*wanted{}, theirs: map[[32]byte]map[parley.PartyCode]bool{}}
}

func (t *transfers) id(hash [32]byte) store.BlobID { return store.BlobID{Line: t.l.id, Hash: hash} }

// need notes the attachments of an entry of theirs, and asks for what is
// missing. What a stop interrupted is finished: all bytes had come and nobody
// had looked at them, or all was well and the receipt not filed.
func (t *transfers) need(from parley.PartyCode, ref parley.Ref, as []form.Attachment) {
	for _, a := range as {
		n, whole, err := t.store.Size(t.id(a.Hash))
		if err == nil && !whole && n >= int64(a.Sealed) {
			whole = t.complete(a.Hash)
		}
		if err == nil && whole {
			t.l.blobStored(a.Hash, ref)
			continue
		}
		t.mu.Lock()
		if len(t.wanted) < maxWanted && t.wanted[a.Hash] == nil {
			t.wanted[a.Hash] = &wanted{from: from, size: int64(a.Sealed), ref: ref, later: true}
		}
		t.mu.Unlock()
	}
	t.kick()
}

// announced reports whether room was made for an attachment. What is over a
// bound per time is tried again later, what can never be taken is forgotten.
func (t *transfers) announced(hash [32]byte, w *wanted) bool {
	err := t.announce(hash, w)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch k := parley.KindOf(err); {
	case err == nil:
		w.later = false
	case k == parley.Quota || k == parley.DiskFull:
		w.again = laterAgain
		t.l.onCommit(t.l, &applied{alarms: []line.Alarm{{Code: "quota", Party: w.from, Ref: w.ref,
			Text: fmt.Sprintf("An attachment from %s is not fetched yet, and is tried again: %v", w.from, err)}}})
	default:
		t.l.log.Warn("an attachment is not taken", "from", w.from, "err", err)
		delete(t.wanted, hash)
	}
	return err == nil
}

// announce makes room for an attachment. The error is Quota over the bound of
// the annex, Oversize above that of one, DiskFull while the disk is kept for
// our own logs.
func (t *transfers) announce(hash [32]byte, w *wanted) error {
	if t.l.diskLow() {
		return diskKept()
	}
	if most := int64(t.l.founding.Annex.Bound(charter.BlobBytes)); w.size > seal.SealedBlobSize(most) {
		return parley.Errorf(parley.Oversize, "an attachment of %d bytes, the annex allows %d", w.size, most)
	}
	return t.store.Create(t.id(hash), w.from, w.size)
}

func (t *transfers) kick() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run asks for what is missing, again after a while, until ctx ends.
func (t *transfers) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		t.ask()
		sleep(ctx, askPause)
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		case <-tick.C:
		}
	}
}

func (t *transfers) ask() {
	now := t.l.now()
	t.mu.Lock()
	type request struct {
		hash [32]byte
		from parley.PartyCode
		size int64
		w    *wanted
	}
	var due []request
	for h, w := range t.wanted {
		again := wantAgain
		if w.later {
			again = w.again
		}
		if now.Sub(w.asked) >= again && len(due) < wantsAtOnce {
			w.asked = now
			due = append(due, request{h, w.from, w.size, w})
		}
	}
	t.mu.Unlock()
	if len(due) == wantsAtOnce {
		t.kick() // there is more
	}
	for _, r := range due {
		if r.w.later {
			if !t.announced(r.hash, r.w) {
				continue
			}
		}
		n, whole, err := t.store.Size(t.id(r.hash))
		if err != nil {
			continue
		}
		if !whole && n >= r.size { // our disk failed when it had come
			if t.complete(r.hash) {
				t.finished(r.hash)
			}
			continue
		}
		for _, s := range t.l.net.to(t.l.id, r.from) {
			if s.send(bearer.Control, &wire.Want{Blob: r.hash, Offset: uint64(n)}) == nil {
				break
			}
		}
	}
}

// serveAll serves the wants of a session: chunks from the offset on, at the lowest precedence.
// A want at the end says that the asker has it whole.
func (t *transfers) serveAll(ctx context.Context, s *session) {
	for {
		select {
		case f := <-s.wants:
			t.serve(s, f)
		case <-ctx.Done():
			return
		}
	}
}

func (t *transfers) serve(s *session, f *wire.Want) {
	n, whole, err := t.store.Size(t.id(f.Blob))
	if err != nil || !whole {
		return
	}
	if f.Offset >= uint64(n) {
		t.mu.Lock()
		if t.theirs[f.Blob] == nil {
			t.theirs[f.Blob] = map[parley.PartyCode]bool{}
		}
		t.theirs[f.Blob][s.peer] = true
		t.mu.Unlock()
		return
	}
	r, err := t.store.Open(t.id(f.Blob))
	if err != nil {
		return
	}
	defer r.Close()
	if _, err := r.Seek(int64(f.Offset), io.SeekStart); err != nil {
		return
	}
	for i, at := 0, f.Offset; i < chunksAhead && at < uint64(n); i++ {
		buf := make([]byte, min(wire.MaxChunk, uint64(n)-at))
		if _, err := io.ReadFull(r, buf); err != nil {
			return
		}
		if s.send(bearer.Bulk, &wire.Chunk{Blob: f.Blob, Offset: at, Total: uint64(n), Bytes: buf}) != nil {
			return // the queue is full: it asks again
		}
		at += uint64(len(buf))
	}
}

// chunkIn takes a chunk of something we asked for, and asks for the next run
// when this one is through.
func (t *transfers) chunkIn(s *session, f *wire.Chunk) {
	t.mu.Lock()
	w := t.wanted[f.Blob]
	t.mu.Unlock()
	if w == nil || w.from != s.peer || int64(f.Total) != w.size || t.l.diskLow() {
		return
	}
	id := t.id(f.Blob)
	if err := t.store.WriteAt(id, f.Bytes, int64(f.Offset)); err != nil {
		return // repeated or out of order
	}
	t.mu.Lock()
	w.asked = t.l.now()
	t.mu.Unlock()
	end := f.Offset + uint64(len(f.Bytes))
	if end < f.Total {
		if end/wire.MaxChunk%chunksAhead == 0 {
			s.send(bearer.Control, &wire.Want{Blob: f.Blob, Offset: end})
		}
		return
	}
	if !t.complete(f.Blob) {
		t.mu.Lock()
		w.asked = time.Time{}
		t.mu.Unlock()
		t.store.Create(id, w.from, w.size)
		return
	}
	s.send(bearer.Control, &wire.Want{Blob: f.Blob, Offset: end})
	t.finished(f.Blob)
}

// complete makes an attachment of which every byte is here whole and durable.
// When it reports false the bytes were not the right ones and are gone, or our
// disk failed and they stay.
func (t *transfers) complete(hash [32]byte) bool {
	err := t.store.Complete(t.id(hash))
	switch {
	case err == nil:
		return true
	case parley.KindOf(err) == parley.BadProof:
		t.l.log.Warn("an attachment arrived damaged and is asked for again", "err", err)
	default:
		t.l.log.Error("an attachment that has come is not made durable; this is tried again", "err", err)
	}
	return false
}

// finished ends the wait for an attachment, and says so.
func (t *transfers) finished(hash [32]byte) {
	t.mu.Lock()
	w := t.wanted[hash]
	delete(t.wanted, hash)
	t.mu.Unlock()
	if w != nil {
		t.l.blobStored(hash, w.ref)
	}
}

// blobStored puts on record, once, that an attachment of the entry is durably
// here.
func (l *liveLine) blobStored(hash [32]byte, ref parley.Ref) {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	said, err := l.saidStored(ref, hash)
	if err == nil && said[l.us] {
		return
	}
	if err == nil {
		_, err = l.file(ctx, &form.Header{From: l.stationOffice(), Refs: []parley.Ref{ref}}, &form.Attachments{Hashes: [][32]byte{hash}})
	}
	if err != nil {
		l.log.Error("an attachment is here, but its receipt is not filed", "err", err)
	}
	l.emit("item", l.id.String(), ref.String())
}

// saidStored returns which parties have put on record, or filed, that they hold
// an attachment of the entry.
func (l *liveLine) saidStored(ref parley.Ref, hash [32]byte) (map[parley.PartyCode]bool, error) {
	rows, err := l.store.Referring(ref.Gen, ref.Index)
	if err != nil {
		return nil, err
	}
	said := map[parley.PartyCode]bool{}
	for _, r := range rows {
		if r.Form != (&form.Attachments{}).Name() {
			continue
		}
		v, err := l.view(r)
		if err != nil {
			return nil, err
		}
		party := r.Party
		if r.Waiting() {
			party = l.us
		}
		if f, ok := v.form.(*form.Attachments); ok && slices.Contains(f.Hashes, hash) {
			said[party] = true
		}
	}
	return said, nil
}

// heldBy reports whether a party has said that it has the attachment whole.
func (t *transfers) heldBy(hash [32]byte, p parley.PartyCode) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.theirs[hash][p]
}
