package line

import (
	"bytes"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/journal"
	"parley/internal/seal"
	"parley/internal/wait"
	"parley/internal/wire"
)

// frameIn takes one frame. Whatever a peer sends can cost it its path, never
// more; the error is only our store's.
func (e *Engine) frameIn(ev FrameIn) error {
	w := e.paths[ev.Path]
	if w == nil {
		return nil
	}
	if h, ok := ev.Frame.(*wire.Hello); ok {
		if w.ready && e.now.Sub(w.met) < helloAgain/2 {
			return nil // each makes us look for what the peer lacks: not for every frame it likes
		}
		w.met = e.now
		return e.helloIn(w, h)
	}
	if !w.ready {
		return nil
	}
	if !w.peer.spent.Take(&e.limits, e.now, ev.Size) {
		e.overQuota(w.peer)
		return nil
	}
	if e.low && wait.Grows(ev.Frame) {
		e.refuseSpace(w.peer)
		return nil
	}
	switch f := ev.Frame.(type) {
	case *wire.Entry:
		return e.entryIn(w.peer, f)
	case *wire.Checkpoint:
		return e.headIn(w.peer, f)
	case *wire.Receipt:
		return e.receiptIn(w.peer, f)
	case *wire.Have:
		return e.haveIn(w.peer, f.Held)
	case *wire.Certificate:
		return e.certificateIn(w.peer, f.Bytes)
	case *wire.Shown:
		return e.shownIn(w.peer, f)
	case *wire.Evidence:
		return e.evidenceIn(f)
	case *wire.AskEntries:
		return e.askIn(w.peer, f)
	case *wire.AskKeys:
		return e.askKeysIn(w, f)
	case *wire.Keys:
		return e.keysIn(w.peer, f)
	}
	return nil
}

// refuseSpace says once a minute that we take nothing into others' logs: the
// rest of our disk is kept for our own. Receipts for it, which are small, are taken.
func (e *Engine) refuseSpace(p *peer) {
	if wait.Again(&p.noSpace, e.now, time.Minute) {
		e.send(p.code, ClassControl, &wire.Refusal{Kind: parley.DiskFull, Text: "the rest of our disk is kept for our own log; send it again later"})
	}
}

// entryIn keeps an entry until a checkpoint covers it. Nothing is believed yet.
// What the log's own party sends goes before what others pass on, so that
// nobody can crowd out another's entries.
func (e *Engine) entryIn(p *peer, f *wire.Entry) error {
	l := e.logs[f.Gen]
	if l == nil {
		e.askCertificates(p, helloAgain)
		return nil
	}
	if l == e.own || l.late(f.Index+1) { // what others hold of it raises the limit first
		return nil
	}
	if f.Index < l.size {
		es, err := e.cfg.Store.Entries(l.gen, f.Index, 1)
		if err == nil && len(es) > 0 && !bytes.Equal(es[0].Bytes, f.Bytes) {
			l.suspects.Put(f.Index, f.Bytes)
		}
		return err
	}
	if f.Index-l.size < e.rules.Annex.Bound(charter.EarlyEntries) {
		l.early.Put(f.Index, f.Bytes, journal.LeafHash, p.code == l.party)
	}
	return nil
}

func (e *Engine) headIn(p *peer, f *wire.Checkpoint) error {
	l := e.logs[f.Gen]
	if l == nil || l == e.own || f.ML == nil || l.late(f.Size) {
		return nil // a classical half alone is provisional; no fat bearer sends it
	}
	if f.Size <= l.size {
		return e.checkFork(l, f)
	}
	e.addHead(p, l, f)
	return nil
}

func (e *Engine) addHead(p *peer, l *log, f *wire.Checkpoint) {
	l.heads = wait.AddHead(l.heads, wait.Head{Checkpoint: *f, Sure: p.code == l.party}, int(e.rules.Annex.Bound(charter.PendingCheckpoints)))
}

// claims returns how much of gen the clear part of an entry says it has seen.
func claims(b []byte, gen parley.GenerationID) uint64 {
	p, err := seal.Parse(b)
	if err != nil {
		return 0
	}
	return p.Seen[gen]
}
