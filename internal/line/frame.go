package line

import (
	"bytes"

	"parley"
	"parley/internal/seal"
	"parley/internal/wire"
)

// Bounds of spec/bounds.md.
const (
	earlyEntries = 4096
	earlyBytes   = 16 << 20
	pendingHeads = 64
	suspectMax   = 1024
)

// frameIn takes one frame. Whatever a peer sends can cost it its path, never
// more; the error is only our store's.
func (e *Engine) frameIn(ev FrameIn) error {
	w := e.paths[ev.Path]
	if w == nil {
		return nil
	}
	if h, ok := ev.Frame.(*wire.Hello); ok {
		return e.helloIn(w, h)
	}
	if !w.ready {
		return nil
	}
	if !w.peer.spent.take(&e.limits, e.now, ev.Size) {
		e.overQuota(w.peer)
		return nil
	}
	switch f := ev.Frame.(type) {
	case *wire.Entry:
		return e.entryIn(f)
	case *wire.Checkpoint:
		return e.headIn(f)
	case *wire.Receipt:
		return e.receiptIn(f)
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
		return e.keysIn(f)
	}
	return nil
}

// entryIn keeps an entry until a checkpoint covers it. Nothing is believed yet.
func (e *Engine) entryIn(f *wire.Entry) error {
	l := e.logs[f.Gen]
	if l == nil || l == e.own || e.out(l.party) && l.late(f.Index+1) { // a party that is out; what others hold of it raises the limit first
		return nil
	}
	if f.Index < l.size {
		return e.suspect(l, f)
	}
	if f.Index-l.size >= earlyEntries || l.earlyLen+len(f.Bytes) > earlyBytes {
		return nil
	}
	if old, ok := l.early[f.Index]; ok {
		if bytes.Equal(old, f.Bytes) {
			return nil
		}
		l.earlyLen -= len(old) // the later one may be the true one; the checkpoint decides
	}
	l.early[f.Index] = f.Bytes
	l.earlyLen += len(f.Bytes)
	return nil
}

// suspect keeps an entry that differs from what we hold at its index: with a
// signature over it, it proves a fork.
func (e *Engine) suspect(l *log, f *wire.Entry) error {
	es, err := e.cfg.Store.Entries(l.gen, f.Index, 1)
	if err != nil || len(es) == 0 {
		return err
	}
	if !bytes.Equal(es[0].Bytes, f.Bytes) && len(l.suspects) < suspectMax {
		l.suspects[f.Index] = f.Bytes
	}
	return nil
}

func (e *Engine) headIn(f *wire.Checkpoint) error {
	l := e.logs[f.Gen]
	if l == nil || l == e.own || f.ML == nil || e.out(l.party) && l.late(f.Size) {
		return nil // a classical half alone is provisional; no fat bearer sends it
	}
	if f.Size <= l.size {
		if len(l.suspects) > 0 {
			return e.checkFork(l, f)
		}
		return nil
	}
	for _, h := range l.heads {
		if h.Size == f.Size && h.Ed == f.Ed {
			return nil
		}
	}
	l.heads = append(l.heads, pending{Checkpoint: *f})
	for i := len(l.heads) - 1; i > 0 && l.heads[i].Size < l.heads[i-1].Size; i-- {
		l.heads[i], l.heads[i-1] = l.heads[i-1], l.heads[i]
	}
	if len(l.heads) > pendingHeads {
		l.heads = l.heads[:pendingHeads] // the least are wanted first, the rest comes again
	}
	return nil
}

// claims returns how much of gen the clear part of an entry says it has seen.
func claims(b []byte, gen parley.GenerationID) uint64 {
	p, err := seal.Parse(b)
	if err != nil {
		return 0
	}
	return p.Seen[gen]
}
