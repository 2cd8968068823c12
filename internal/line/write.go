package line

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/seal"
	"parley/internal/wait"
)

// writeEntries is how many entries one step hands out at the most, under one
// checkpoint.
const writeEntries = 128

// surelyFits is a plaintext length that no compressor makes too large for an entry.
const surelyFits = 40000

// owe is how long a duty to write may wait for traffic that fulfils it
// (spec/sealing.md, Epochs, 4).
const owe = 500 * time.Millisecond

// file puts an item in the outbox, durably and unsigned.
func (e *Engine) file(f Filed) error {
	if f.ID <= e.lastFiled {
		return nil // filed before, and the caller did not know: once is enough
	}
	e.lastFiled = f.ID
	e.outbox = append(e.outbox, f)
	e.fx.Batch.Filed = append(e.fx.Batch.Filed, f)
	e.withholdLate(&f)
	return nil
}

// LastFiled returns the greatest outbox id ever filed.
func (e *Engine) LastFiled() uint64 { return e.lastFiled }

// dutyFrom notes what others' new entries oblige us to write.
func (e *Engine) dutyFrom(l *log, run []*seal.Entry) {
	for _, s := range run {
		if s != nil && s.Announces {
			if e.owedAt.IsZero() {
				e.owedAt = e.now
			}
		}
	}
	es := e.fx.Batch.Entries
	es = es[len(es)-len(run):] // they have just been added
	for i, s := range run {
		switch se := &es[i]; {
		case asksSettling(se.Parsed):
			l.asks = se.Index + 1
			e.settleWithin(e.cfg.SettleAfter)
		case s != nil && e.confirms(l, s.Seen):
			e.settleWithin(min(owe, e.cfg.SettleAfter))
		}
	}
}

// asksSettling reports whether others should confirm the order of an entry.
func asksSettling(h *form.Header) bool { return h != nil && form.WantsSettling(h.Form) }

// confirms reports whether an entry of l is the first that covers what asks to
// be settled. Such a word counts for the order once all others hold it
// (spec/order.md, Settled), so it is to be answered once; the answer is not.
func (e *Engine) confirms(l *log, seen map[parley.GenerationID]uint64) (first bool) {
	for g := range seen {
		if o := e.logs[g]; o != nil && o.asks > l.confirmed[g] {
			if l.confirmed == nil {
				l.confirmed = map[parley.GenerationID]uint64{}
			}
			l.confirmed[g], first = o.asks, true
		}
	}
	return first
}

func (e *Engine) settleWithin(d time.Duration) {
	if at := e.now.Add(d); e.settleBy.IsZero() || at.Before(e.settleBy) {
		e.settleBy = at
	}
}

// owes reports whether an epoch entry of another party's log in force waits
// for an entry of ours that covers it.
func (e *Engine) owes() bool {
	if e.own == nil {
		return false
	}
	for p := range e.peers {
		l := e.current(p)
		if l == nil || e.out(p) {
			continue
		}
		if l.epoch > 0 && l.lastEpochIndex() >= e.own.seen[l.gen] {
			return true
		}
	}
	return false
}

// owesEpoch reports whether only an entry of ours can bring an epoch of another
// party into effect. With no epoch of our own in effect that entry can only be
// another epoch entry; were each of those answered by one, two parties that wait
// for a third would announce epochs for ever. So one that was covered and may
// yet take effect, being sealed to the keys in force, ours too, is enough.
func (e *Engine) owesEpoch() bool {
	return slices.ContainsFunc(e.others(), func(p parley.PartyCode) bool {
		l := e.current(p)
		return l != nil && l.epoch > 0 && l.lastEpochIndex() >= e.own.seen[l.gen] && slices.ContainsFunc(e.rules.Parties(), func(q parley.PartyCode) bool {
			o := e.current(q)
			return q != p && (o == nil || l.coveredTo[q] != o.recv.ID())
		})
	})
}

// noteCovered notes to whom the newest epochs that our log covers are sealed.
func (e *Engine) noteCovered() {
	for _, l := range e.logs {
		if _, opened := l.secrets[l.epoch-1]; opened && l.party != e.cfg.Us && l.lastEpochIndex() < e.own.seen[l.gen] {
			l.coveredTo = l.sealedTo
		}
	}
}

// write hands out what the outbox holds and what duty asks for, as far as
// somebody is there to take it: only then do items get index and serial, the
// highest precedence first.
func (e *Engine) write() error {
	if e.own == nil || e.doubt != "" || e.sign == nil || e.heldOff() || e.out(e.cfg.Us) {
		return nil
	}
	var run []draft
	if e.own.size == 0 {
		d, err := e.epochDraft() // the first entry waits for nobody: it carries the certificate
		if err != nil {
			return err
		}
		run = append(run, d)
	}
	if e.takers() {
		more, err := e.gather()
		if err != nil {
			return err
		}
		run = append(run, more...)
	}
	if len(run) == 0 {
		return nil
	}
	return e.emit(run)
}

// heldOff reports whether a peer that claims to hold more of our log than we
// wrote still has time to show it. A clock that was set back since is no reason
// to wait longer.
func (e *Engine) heldOff() bool {
	return e.now.Before(e.holdOff) && e.holdOff.Sub(e.now) <= showWithin
}

// takers reports whether a peer with a live path has room.
func (e *Engine) takers() bool {
	return slices.ContainsFunc(e.peersInOrder(), func(p *peer) bool { return p.live() && !e.full(p.flight(e.own.gen)) })
}

// draft is an entry about to be written.
type draft struct {
	filed  *Filed
	epoch  []byte // body of an epoch entry
	header []byte
	parsed *form.Header // of header
	body   []byte
	num    uint64
	class  Class
	act    string             // its form, where it may change what rules the line
	after  func(index uint64) // what else the batch must say once the index is known
}

func (e *Engine) gather() ([]draft, error) {
	var run []draft
	if e.wantsEpoch() {
		d, err := e.epochDraft()
		if err != nil {
			return nil, err
		}
		run = append(run, d)
	}
	cur := e.effective()
	if cur == nil {
		return run, nil
	}
	if e.ended() { // nothing but the order of their leave is left to confirm
		if e.dueToSettle() {
			run = append(run, e.formDraft(&form.Seen{}, parley.Ref{}, cur.number))
		}
		return run, nil
	}
	for _, f := range e.nextFiled(writeEntries) {
		d, err := e.filedDraft(f, cur.number)
		if err != nil {
			e.alarm("violation", e.cfg.Us, parley.Ref{}, "an item filed here cannot be sent and was taken from the outbox: %v", err)
			e.unfile(f.ID)
			continue
		}
		run = append(run, d)
		if d.act == "leave" { // the last that we write
			return run, nil
		}
	}
	for _, name := range e.pendingForms() {
		d, err := e.madeDraft(name, cur.number)
		if err != nil {
			return nil, err
		}
		run = append(run, d)
	}
	if len(run) == 0 && (e.dueToAnswer() || e.dueToSettle()) {
		run = append(run, e.formDraft(&form.Seen{}, parley.Ref{}, cur.number))
	}
	return run, nil
}

func (e *Engine) dueToAnswer() bool {
	return !e.owedAt.IsZero() && e.now.Sub(e.owedAt) >= owe && e.owes()
}

func (e *Engine) dueToSettle() bool { return !e.settleBy.IsZero() && !e.now.Before(e.settleBy) }

// nextFiled returns up to n outbox items, highest precedence first, then in
// the order in which they were filed. What is withheld is not among them.
func (e *Engine) nextFiled(n int) []*Filed {
	return wait.Urgent(e.outbox, n, int(parley.Flash), wait.FlightBytes, func(f *Filed) int {
		if f.ID <= e.withheld.to {
			return -1
		}
		return int(f.Precedence)
	}, func(f *Filed) int { return len(f.Fields) + len(f.Header) })
}

func (e *Engine) filedDraft(f *Filed, epoch uint64) (draft, error) {
	h, err := form.ParseHeader(f.Header)
	if err != nil {
		return draft{}, err
	}
	if series, ok := form.Series(h.Form); ok {
		h.Series, h.Serial = series, e.own.serial[series&1]+1
	}
	d := draft{filed: f, header: form.EncodeHeader(h), parsed: h, body: form.JoinBody(f.Fields, h.Serial), num: epoch, class: classOf(h.Precedence)}
	if charter.IsAct(h.Form) {
		d.act = h.Form
	}
	if len(d.header)+len(d.body) < surelyFits {
		return e.numbered(d, h), nil
	}
	k := seal.Key{}
	if _, err := seal.Seal(k, e.own.origin, e.own.size+writeEntries, seal.Clear{Epoch: epoch, Time: maxTime - 1, Seen: e.wouldSee()}, d.header, d.body); err != nil {
		return draft{}, err // too large to ever be an entry
	}
	return e.numbered(d, h), nil
}

func (e *Engine) numbered(d draft, h *form.Header) draft {
	if h.Serial != 0 {
		e.own.serial[h.Series]++
	}
	return d
}

func (e *Engine) formDraft(f form.Form, ref parley.Ref, epoch uint64) draft {
	h := &form.Header{Form: f.Name(), From: e.rules.Charter.StationOffice()}
	if ref != (parley.Ref{}) {
		h.Refs = []parley.Ref{ref}
	}
	return draft{header: form.EncodeHeader(h), parsed: h, body: form.EncodeBody(f, 0), num: epoch, class: ClassRoutine}
}

// wouldSee is what our next entry's seen lists: all that grew.
func (e *Engine) wouldSee() map[parley.GenerationID]uint64 {
	m := map[parley.GenerationID]uint64{}
	for _, l := range e.logsInOrder() {
		if l.party != e.cfg.Us && l.size > e.own.seen[l.gen] && len(m) < seal.MaxSeen {
			m[l.gen] = l.size
		}
	}
	return m
}

// emit gives the drafts their indices, seals them, signs one checkpoint over
// all, and puts both in the batch and behind it in the sends.
func (e *Engine) emit(run []draft) error {
	l, b := e.own, &e.fx.Batch
	b.Expect = &Expect{Gen: l.gen, Size: l.size, Root: l.tree.Root()}
	base, out := l.size, make([]written, 0, len(run))
	l.time = max(l.time, e.seconds())
	seen := e.wouldSee() // nothing comes in between the entries of a run
	for i := range run {
		w, err := e.emitOne(&run[i], seen)
		seen = nil
		if err != nil {
			return fmt.Errorf("writing entry %d: %w", l.size, err)
		}
		out = append(out, w)
	}
	e.unfile(filedIn(run)...)
	root := l.tree.Root()
	head, err := journal.Sign(e.sign, journal.Checkpoint{Origin: l.origin, Size: l.size, Root: root})
	if err != nil {
		return fmt.Errorf("signing our checkpoint: %w", err)
	}
	from, hashes := l.tree.Pending()
	l.tree.Flush()
	b.Hashes = append(b.Hashes, StoredHashes{Gen: l.gen, From: from, Hashes: hashes})
	h := StoredHead{Gen: l.gen, Size: l.size, Root: root, Ed: head.Ed, ML: head.ML, Arrived: e.millis()}
	b.Heads = append(b.Heads, h)
	l.dirty = true
	e.owedAt, e.settleBy = time.Time{}, time.Time{}
	e.noteCovered()
	for _, p := range e.peersInOrder() {
		if f := p.flight(l.gen); p.live() && f.Sent == base && e.until(p, l) == l.size {
			e.sendEntries(p, l, out, h)
		}
	}
	return nil
}

// filedIn returns which items of the outbox a run hands out.
func filedIn(run []draft) (ids []uint64) {
	for i := range run {
		if run[i].filed != nil {
			ids = append(ids, run[i].filed.ID)
		}
	}
	return ids
}

func (e *Engine) emitOne(d *draft, seen map[parley.GenerationID]uint64) (written, error) {
	l := e.own
	index := l.size
	clear := seal.Clear{Time: l.time, Seen: seen}
	se := StoredEntry{Gen: l.gen, Index: index, Header: d.header, Parsed: d.parsed, Body: d.body, Arrived: e.millis()}
	var err error
	if d.epoch != nil {
		clear.Epoch = l.epoch
		s := seal.Entry{Clear: clear, Announces: true, Body: d.epoch}
		se.Bytes, err = s.Marshal()
		l.epoch++
		l.markEpoch(index)
	} else {
		clear.Epoch = d.num
		secret, ok := l.secrets[d.num]
		if !ok {
			return written{}, parley.Errorf(parley.Internal, "no secret of our epoch %d", d.num)
		}
		k := seal.EntryKey(&secret, l.origin, d.num, index)
		se.Key = k[:]
		se.Bytes, err = seal.Seal(k, l.origin, index, clear, d.header, d.body)
		l.sealedBy = d.num
	}
	if err != nil {
		return written{}, err
	}
	for g, n := range clear.Seen {
		l.seen[g] = n
	}
	if len(e.roots) > 2 && len(clear.Seen) > 0 {
		l.addMark(index, l.seen)
	}
	l.tree.Append(journal.LeafHash(se.Bytes))
	l.size++
	if asksSettling(d.parsed) {
		l.asks = l.size
	}
	if d.filed != nil {
		se.Filed, se.Arrived = d.filed.ID, d.filed.At
	}
	if d.after != nil {
		d.after(index)
	}
	if d.act != "" {
		e.act(l, index, d.act, d.body, maps.Clone(l.seen))
	}
	e.fx.Batch.Entries = append(e.fx.Batch.Entries, se)
	return written{index: index, bytes: se.Bytes, class: d.class}, nil
}

// unfile takes items out of the outbox: mostly its first ones. What was there
// stays where it is, for drafts point at it.
func (e *Engine) unfile(ids ...uint64) {
	e.fx.Batch.Unfiled = append(e.fx.Batch.Unfiled, ids...)
	e.outbox = wait.Without(e.outbox, ids, func(f *Filed) uint64 { return f.ID })
}
