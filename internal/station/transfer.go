package station

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/station/carry"
	"parley/internal/store"
	"parley/internal/wire"
)

// transfers drives the Carrier of one line: it asks now and then, and joins it to
// the sessions and to the record.
type transfers struct {
	*carry.Carrier
	l    *liveLine
	wake chan struct{}
}

const askPause = 100 * time.Millisecond // between two looks: a look makes files

func newTransfers(l *liveLine, s store.Blobs) *transfers {
	t := &transfers{l: l, wake: make(chan struct{}, 1)}
	t.Carrier = carry.New(carry.House{Line: l.id, Store: s, Trouble: t, Stored: l.blobStored, Later: t.later,
		Most: func() int64 { return int64(l.annex().Bound(charter.BlobBytes)) },
		Low: func() error {
			if l.diskLow() {
				return diskKept()
			}
			return nil
		}})
	return t
}

func (t *transfers) later(from parley.PartyCode, ref parley.Ref, err error) {
	t.l.onCommit(t.l, &applied{alarms: []line.Alarm{{Code: "quota", Party: from, Ref: ref,
		Text: fmt.Sprintf("An attachment from %s is not fetched yet, and is tried again: %v", from, err)}}})
}

// Refused, Damaged and Failed are the trouble that a Carrier tells of.
func (t *transfers) Refused(from parley.PartyCode, err error) {
	t.l.log.Warn("an attachment is not taken", "from", from, "err", err)
}

func (t *transfers) Damaged(err error) {
	t.l.log.Warn("an attachment arrived damaged and is asked for again", "err", err)
}

func (t *transfers) Failed(err error) {
	t.l.log.Error("an attachment that has come is not made durable; this is tried again", "err", err)
}

// need notes the attachments of an entry of theirs, and asks for what is missing.
func (t *transfers) need(from parley.PartyCode, ref parley.Ref, as []form.Attachment) {
	t.Need(from, ref, as)
	t.kick()
}

func (t *transfers) kick() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run asks for what is missing, again after a while, until ctx ends. While nothing is
// it waits until something is needed.
func (t *transfers) run(ctx context.Context) {
	for {
		t.ask()
		sleep(ctx, askPause)
		var again <-chan time.Time
		if t.Wants() {
			again = time.After(time.Second)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		case <-again:
		}
	}
}

func (t *transfers) ask() {
	asks, more := t.Due(t.l.now())
	if more {
		t.kick()
	}
	for _, a := range asks {
		for _, s := range t.l.net.to(t.l.id, a.To) {
			if s.send(bearer.Control, a.Want) == nil {
				break
			}
		}
	}
}

// serve has the wants of a session served, at the lowest precedence, one after the
// other. It does not wait.
func (t *transfers) serve(ctx context.Context, s *session) {
	if !s.served.CompareAndSwap(false, true) {
		return
	}
	go func() {
		for more := true; more; {
			t.serveAll(ctx, s)
			s.served.Store(false)
			more = len(s.wants) > 0 && ctx.Err() == nil && s.served.CompareAndSwap(false, true) // one that came just now
		}
	}()
}

func (t *transfers) serveAll(ctx context.Context, s *session) {
	for ctx.Err() == nil {
		select {
		case f := <-s.wants:
			t.Serve(s.peer, f, func(c *wire.Chunk) error { return s.send(bearer.Bulk, c) }) // what fails is asked for again
		default:
			return
		}
	}
}

// chunkIn takes a chunk. One that is repeated or out of order changes nothing.
func (t *transfers) chunkIn(s *session, f *wire.Chunk) {
	t.Chunk(t.l.now(), s.peer, f, func(w *wire.Want) { s.send(bearer.Control, w) })
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
