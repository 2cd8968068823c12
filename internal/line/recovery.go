package line

import (
	"parley"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/seal"
	"parley/internal/wire"
)

// keysFrame is how many entry keys one frame carries (spec/recovery.md).
const keysFrame = 1024

// askKeys asks a peer for the keys of entries that we lost the means to open.
// It answers only after officers of both sides have confirmed words.
func (e *Engine) askKeys(p *peer) {
	if e.own == nil || e.doubt != "" || e.own.body.Reason != journal.ReasonRestored && e.own.body.Reason != journal.ReasonLost {
		return
	}
	for _, l := range e.logsInOrder() {
		if l.unread > 0 && l != e.own {
			e.send(p.code, ClassControl, &wire.AskKeys{Gen: l.gen, From: l.unread - 1})
			return
		}
	}
}

// askKeysIn gives a recovering party the keys of entries, those of its own old
// generations and of ours alike: it held them all once.
func (e *Engine) askKeysIn(p *peer, a *wire.AskKeys) error {
	cur, l := e.current(p.code), e.logs[a.Gen]
	if cur == nil || l == nil || !e.given[cur.gen] {
		return nil
	}
	es, err := e.cfg.Store.Entries(a.Gen, a.From, keysFrame)
	if err != nil || len(es) == 0 {
		return err
	}
	f := &wire.Keys{Gen: a.Gen, From: a.From}
	for _, s := range es {
		var k [32]byte
		copy(k[:], s.Key)
		f.Keys = append(f.Keys, k)
	}
	e.send(p.code, ClassControl, f)
	return nil
}

// keysIn takes keys back. Each is checked against the commitment in its leaf;
// one that does not fit opens nothing and is dropped.
func (e *Engine) keysIn(f *wire.Keys) error {
	l := e.logs[f.Gen]
	if l == nil || l.unread == 0 || f.From != l.unread-1 || len(f.Keys) == 0 {
		return nil
	}
	es, err := e.cfg.Store.Entries(l.gen, f.From, len(f.Keys))
	if err != nil {
		return err
	}
	opened := 0
	for i, s := range es {
		if i < len(f.Keys) && s.Key == nil && e.reopen(l, s, seal.Key(f.Keys[i])) {
			opened++
		}
	}
	l.unread, l.dirty = f.From+uint64(len(es))+1, true
	if l.unread > l.size {
		l.unread = 0
	}
	if opened > 0 {
		e.alarm("recovered", l.party, parley.Ref{Gen: l.gen, Index: f.From}, "%d entries of %s are readable again", opened, l.party)
	}
	return nil
}

// reopen opens a stored entry with a key that came back.
func (e *Engine) reopen(l *log, s StoredEntry, k seal.Key) bool {
	p, err := seal.Parse(s.Bytes)
	if err != nil || p.Announces {
		return false
	}
	header, body, err := seal.Open(k, l.origin, s.Index, p)
	if err != nil {
		return false
	}
	s.Key, s.Header, s.Body, s.Faulty, s.Fault = k[:], header, body, false, 0
	if h, err := form.ParseHeader(header); err == nil {
		e.react(l, s.Index, h, body)
	}
	e.fx.Batch.Entries = append(e.fx.Batch.Entries, s)
	return true
}
