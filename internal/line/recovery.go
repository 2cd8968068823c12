package line

import (
	"cmp"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/seal"
	"parley/internal/wire"
)

// keysFrame is how many entry keys one frame carries (spec/recovery.md).
const keysFrame = 1024

// keysRead is how many entries are read at a time for their keys.
const keysRead = 64

// askAgain is how long an ask for keys waits for its answer. askOver and
// askSeldom bound how long it is until a peer is asked once more for what it
// could not give: it may get the keys back itself, or somebody spoilt them.
const (
	askAgain  = 2 * time.Second
	askOver   = time.Minute
	askSeldom = 24 * time.Hour
)

// keysAsked is how far a peer was asked for the keys of one log.
type keysAsked struct {
	from uint64        // of the last ask
	next uint64        // entries before it were answered
	at   time.Time     // of the last ask, or not before which it is asked again
	over time.Duration // until the log is asked for from the beginning; 0: not waiting for that
}

// pathProved notes what a path has passed.
func (e *Engine) pathProved(ev PathProved) {
	if w := e.paths[ev.Path]; w != nil {
		w.theirs, w.ours = cmp.Or(ev.Theirs, w.theirs), cmp.Or(ev.Ours, w.ours)
	}
}

// proved returns a path to p on which both sides have shown that they hold
// epoch secrets of their generations in force, the oldest of several.
func (e *Engine) proved(p *peer) *path {
	cur := e.current(p.code)
	var best *path
	for id, ready := range p.paths {
		w := e.paths[id]
		if ready && cur != nil && w.theirs == cur.gen && w.ours == e.own.gen && (best == nil || w.id < best.id) {
			best = w
		}
	}
	return best
}

// askKeys asks a peer for the keys of entries that we lost the means to open,
// over a path that has passed auth. It answers only after officers of both
// sides have confirmed words.
func (e *Engine) askKeys(p *peer) {
	if e.own == nil || e.doubt != "" || e.own.body.Reason != journal.ReasonRestored && e.own.body.Reason != journal.ReasonLost {
		return
	}
	w := e.proved(p)
	if w == nil || e.now.Before(p.asksAt) {
		return
	}
	var next *keysAsked // that has waited longest, so that no log waits for what another never gets
	var of *log
	for _, l := range e.logsInOrder() {
		if l.unread == 0 || l == e.own {
			continue
		}
		a := p.asks[l.gen]
		if a == nil {
			a = new(keysAsked)
			p.asks[l.gen] = a
		}
		if !e.now.Before(a.at) && (next == nil || a.at.Before(next.at)) {
			next, of = a, l
		}
	}
	if next == nil {
		return
	}
	p.asksAt, next.at, next.from = e.now.Add(askAgain), e.now, max(next.next, of.unread-1)
	e.fx.Sends = append(e.fx.Sends, Send{To: p.code, Path: w.id, Class: ClassControl, Frame: &wire.AskKeys{Gen: of.gen, From: next.from}})
}

// wantKey notes an entry that we hold and cannot open for want of a key.
func (e *Engine) wantKey(l *log, index uint64) {
	if l.unread == 0 {
		l.unread = index + 1
	}
	for _, p := range e.peers {
		if a := p.asks[l.gen]; a != nil && a.over > 0 {
			delete(p.asks, l.gen)
		}
	}
}

// askKeysIn gives a recovering party the keys of entries, those of its own old
// generations and of ours alike: it held them all once. They go back on the
// path they were asked for on, and no other.
func (e *Engine) askKeysIn(w *path, a *wire.AskKeys) error {
	cur, l := e.current(w.peer.code), e.logs[a.Gen]
	if cur == nil || l == nil {
		return nil
	}
	switch {
	case w.theirs != cur.gen:
		e.refuseKeys(w, cur, "this path has not passed auth with an epoch of your generation in force")
		return nil
	case !e.given[cur.gen]:
		e.refuseKeys(w, cur, "our officers have not confirmed the words of this recovery")
		return nil
	}
	end := a.From + keysFrame
	if out, ok := l.without[w.peer.code]; ok { // what was written after that was never meant for it
		end = min(end, out.Index)
	}
	f := &wire.Keys{Gen: a.Gen, From: a.From}
	for at := a.From; at < end; at = a.From + uint64(len(f.Keys)) {
		es, err := e.cfg.Store.Entries(a.Gen, at, int(min(keysRead, end-at)))
		if err != nil {
			return err
		}
		if len(es) == 0 {
			break
		}
		for _, s := range es {
			var k [32]byte
			copy(k[:], s.Key)
			f.Keys = append(f.Keys, k)
		}
	}
	if len(f.Keys) > 0 {
		e.fx.Sends = append(e.fx.Sends, Send{To: w.peer.code, Path: w.id, Class: ClassControl, Frame: f})
	}
	return nil
}

// refuseKeys answers an ask for keys that spec/recovery.md, 10, does not allow.
// One alarm sounds for each generation that asks, and each reason.
func (e *Engine) refuseKeys(w *path, cur *log, why string) {
	if e.now.Sub(w.refused) < time.Second {
		return
	}
	w.refused = e.now
	e.fx.Sends = append(e.fx.Sends, Send{To: w.peer.code, Path: w.id, Class: ClassControl, Frame: &wire.Refusal{Kind: parley.NotAllowed, Text: why}})
	if k := cur.gen.String() + why; !w.peer.refused[k] {
		w.peer.refused[k] = true
		e.alarm("recovery", w.peer.code, parley.Ref{Gen: cur.gen}, "%s asks for the keys of old entries; nothing was given: we told it that %s", w.peer.code, why)
	}
}

// keysIn takes keys back. Each is checked against the commitment in its leaf;
// one that does not fit opens nothing and is dropped.
func (e *Engine) keysIn(p *peer, f *wire.Keys) error {
	l, a := e.logs[f.Gen], p.asks[f.Gen]
	if l == nil || l.unread == 0 || a == nil || f.From != a.from || len(f.Keys) == 0 {
		return nil
	}
	es, err := e.cfg.Store.Entries(l.gen, f.From, len(f.Keys))
	if err != nil {
		return err
	}
	opened, shut := 0, uint64(0) // 1 + the first of them that stays shut
	for i, s := range es {
		switch {
		case !lacksKey(&s):
		case i < len(f.Keys) && e.reopen(l, s, seal.Key(f.Keys[i])):
			opened++
		case shut == 0:
			shut = s.Index + 1
		}
	}
	end := f.From + uint64(len(es))
	p.asksAt, a.from, a.next, a.at = e.now, noLimit, end, time.Time{}
	if end >= l.size {
		a.next, a.over = 0, min(max(2*a.over, askOver), askSeldom)
		a.at = e.now.Add(a.over)
	}
	if f.From < l.unread && l.unread <= end {
		switch l.dirty = true; {
		case shut > 0:
			l.unread = shut
		case end < l.size:
			l.unread = end + 1
		default:
			l.unread = 0
		}
	}
	if opened > 0 {
		e.alarm("recovered", l.party, parley.Ref{Gen: l.gen, Index: f.From}, "%d entries of %s are readable again", opened, l.party)
	}
	return nil
}

// lacksKey reports whether a key would open an entry that is held.
func lacksKey(s *StoredEntry) bool {
	if s.Key != nil || s.Fault != parley.Unreadable {
		return false
	}
	p, err := seal.Parse(s.Bytes)
	return err == nil && !p.Announces
}

// reopen opens a stored entry with a key that came back, or that was kept shut
// and acted upon already.
func (e *Engine) reopen(l *log, s StoredEntry, k seal.Key) bool {
	p, err := seal.Parse(s.Bytes)
	if err != nil || p.Announces {
		return false
	}
	header, body, err := seal.Open(k, l.origin, s.Index, p)
	if err != nil {
		return false
	}
	shut := s.Fault == parley.Quota
	s.Key, s.Header, s.Body, s.Faulty, s.Fault = k[:], header, body, false, 0
	if h, err := form.ParseHeader(header); err == nil && !shut {
		e.react(l, s.Index, h, body)
		if charter.IsAct(h.Form) {
			e.stale = true
			e.put(staleKey, true, false)
		}
	}
	e.fx.Batch.Entries = append(e.fx.Batch.Entries, s)
	return true
}
