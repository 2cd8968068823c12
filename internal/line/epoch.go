package line

import (
	"io"
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/seal"
)

// markEpoch notes the index of the newest epoch entry of a log.
func (l *log) markEpoch(index uint64) { l.epochAt = index }

// lastEpochIndex returns the index of the newest epoch entry; call it only
// when there is one.
func (l *log) lastEpochIndex() uint64 { return l.epochAt }

// effective returns the newest own epoch in effect (spec/sealing.md, Epochs,
// 3): every other party has an entry that covers it, and can open it with a
// receiving key of its generation in force. Nil when there is none.
func (e *Engine) effective() *ownEpoch {
	for i := len(e.epochs) - 1; i >= 0; i-- {
		if e.inEffect(e.epochs[i]) {
			return e.epochs[i]
		}
	}
	return nil
}

func (e *Engine) inEffect(ep *ownEpoch) bool {
	return !slices.ContainsFunc(e.readers(), func(p parley.PartyCode) bool { return !e.holds(p, ep) })
}

// holds reports whether a party is known to hold the secret of an epoch of ours.
func (e *Engine) holds(p parley.PartyCode, ep *ownEpoch) bool {
	l := e.current(p)
	switch {
	case l == nil || l.seen[e.own.gen] <= ep.index:
		return false
	case ep.gens[p] != l.gen:
		return false // sealed to a key that this party lost since
	}
	// We may have forgotten a newer key of this party that our earlier
	// generation had seen: then it no longer has the one we sealed to.
	return e.own.body.Reason == journal.ReasonFounding || ep.to[p] == l.recv.ID()
}

// heldBy returns the newest epoch of ours that a party holds the secret of; nil
// when there is none. It need not be in effect.
func (e *Engine) heldBy(p parley.PartyCode) *ownEpoch {
	for i := len(e.epochs) - 1; i >= 0; i-- {
		if e.holds(p, e.epochs[i]) {
			return e.epochs[i]
		}
	}
	return nil
}

// wantsEpoch decides whether a new epoch is announced now (rules 4 and 5).
func (e *Engine) wantsEpoch() bool {
	if e.ended() {
		return false
	}
	for _, p := range e.others() {
		if l := e.current(p); l == nil {
			return false // no receiving key of that party is known yet
		}
	}
	last := e.lastEpoch()
	if last == nil {
		return e.own.size > 0
	}
	if e.unreachable(last) || slices.ContainsFunc(slices.Collect(maps.Keys(last.to)), e.out) {
		return true
	}
	cur := e.effective()
	if cur != last {
		// One awaits effect already. Only where it is all we have, and we owe an
		// entry, is another one the only thing we can write.
		return cur == nil && (e.dueToAnswer() && e.owesEpoch() || e.newerKeys(last))
	}
	age, rotate := time.Duration(e.now.Unix()-cur.created)*time.Second, e.cfg.Rotate
	return age >= rotate || e.fresh && age >= rotate/24 || e.newerKeys(cur) && age >= rotate/2
}

// unreachable reports that a recipient has opened a new generation since: the
// epoch was sealed to a key that it no longer has.
func (e *Engine) unreachable(ep *ownEpoch) bool {
	return slices.ContainsFunc(e.others(), func(p parley.PartyCode) bool { l := e.current(p); return l != nil && ep.gens[p] != l.gen })
}

// newerKeys reports that a recipient has published a newer receiving key.
func (e *Engine) newerKeys(ep *ownEpoch) bool {
	return slices.ContainsFunc(e.others(), func(p parley.PartyCode) bool { l := e.current(p); return l != nil && ep.to[p] != l.recv.ID() })
}

func (e *Engine) lastEpoch() *ownEpoch {
	if len(e.epochs) == 0 {
		return nil
	}
	return e.epochs[len(e.epochs)-1]
}

// epochDraft makes an epoch entry with a fresh secret for every other party
// whose receiving key is known. The first of a generation carries the
// certificate, and is sealed to whom it can be.
func (e *Engine) epochDraft() (draft, error) {
	ep := &ownEpoch{number: e.own.epoch, created: e.now.Unix(), to: map[parley.PartyCode]key.ReceivingID{}, gens: map[parley.PartyCode]parley.GenerationID{}}
	if _, err := io.ReadFull(e.cfg.Rand, ep.secret[:]); err != nil {
		return draft{}, err
	}
	to := map[parley.PartyCode]key.ReceivingPublic{}
	for _, p := range e.readers() {
		pub, gen := e.receivingOf(p)
		to[p], ep.to[p], ep.gens[p] = pub, pub.ID(), gen
	}
	var cert []byte
	if e.own.size == 0 {
		cert = e.own.cert
	}
	var own *key.ReceivingPublic
	if e.own.recvAt > 0 {
		own = &e.own.recv
	}
	body, err := seal.NewEpoch(e.epochContext(e.own, ep.number), &ep.secret, to, cert, own)
	if err != nil {
		return draft{}, err
	}
	return draft{epoch: body, class: ClassImmediate, after: func(index uint64) {
		e.epochNoted(e.own, index, func(p parley.PartyCode) bool { _, ok := to[p]; return ok }, e.own.seen)
		ep.index = index
		e.fresh = false
		e.epochs = append(e.epochs, ep)
		e.own.secrets[ep.number] = ep.secret
		e.put(epochKey(e.own.gen, ep.number), &epochState{Secret: ep.secret, Index: index, Created: ep.created, To: ep.to, Gens: ep.gens}, true)
	}}, nil
}

// receivingOf returns the newest receiving key known of a party: from its log,
// or from its founding reveal while it has none.
func (e *Engine) receivingOf(p parley.PartyCode) (key.ReceivingPublic, parley.GenerationID) {
	if l := e.current(p); l != nil {
		return l.recv, l.gen
	}
	for _, r := range e.cfg.Founding.Reveals {
		if r.Party == p {
			return r.Receiving, r.Generation
		}
	}
	return key.ReceivingPublic{}, parley.GenerationID{}
}

func (e *Engine) epochContext(l *log, n uint64) seal.EpochContext {
	return seal.EpochContext{Line: e.line, Origin: l.origin, Epoch: n, Founding: e.founding}
}

// takeEpoch opens another party's epoch entry and keeps the secret.
func (e *Engine) takeEpoch(l *log, index uint64, s *seal.Entry, acc map[parley.GenerationID]uint64) error {
	l.markEpoch(index)
	l.sealedTo = nil
	b, err := seal.ParseEpoch(s.Body)
	if err != nil {
		return err
	}
	e.epochNoted(l, index, func(p parley.PartyCode) bool { _, ok := b.To[p]; return ok }, acc)
	l.sealedTo = map[parley.PartyCode]key.ReceivingID{}
	for p, k := range b.To {
		l.sealedTo[p] = k.Key
	}
	if b.Receiving != nil {
		e.setReceiving(l, key.ReceivingPublic(b.Receiving), index)
	}
	err = parley.Errorf(parley.Unreadable, "epoch %d of %s is sealed to a receiving key that is not ours", s.Epoch, l.party)
	for _, r := range e.receiving {
		if b.To[e.cfg.Us].Key != r.id {
			continue
		}
		secret, err := b.Open(e.epochContext(l, s.Epoch), e.cfg.Us, r.priv)
		if err != nil {
			return err
		}
		l.secrets[s.Epoch] = secret
		e.put(epochKey(l.gen, s.Epoch), &epochState{Secret: secret, Index: index, Created: e.now.Unix()}, true)
		return nil
	}
	return err
}

// rotate renews what is a day old, and destroys what the rules of
// spec/sealing.md let go.
func (e *Engine) rotate() error {
	e.destroyEpochs()
	e.destroyReceiving()
	if e.own == nil || e.doubt != "" || e.ended() || e.effective() == nil {
		return nil
	}
	newest := e.newestReceiving()
	if newest == nil || e.pending["key"] != "" || newest.at == 0 && newest.gen != e.own.gen {
		return nil
	}
	if e.now.Unix()-newest.created >= int64(e.cfg.Rotate.Seconds()) {
		e.pending["key"] = "rotation"
	}
	return nil
}

func (e *Engine) newestReceiving() *receiving {
	if len(e.receiving) == 0 {
		return nil
	}
	return e.receiving[len(e.receiving)-1]
}

func (e *Engine) destroyEpochs() {
	cur := (*ownEpoch)(nil)
	if e.own != nil && e.doubt == "" {
		cur = e.effective()
	}
	for cur != nil && len(e.epochs) > 0 && e.epochs[0].number < cur.number {
		e.drop(epochKey(e.own.gen, e.epochs[0].number))
		delete(e.own.secrets, e.epochs[0].number)
		e.epochs = e.epochs[1:]
	}
	for _, l := range e.logsInOrder() {
		if l.party == e.cfg.Us {
			continue
		}
		for _, n := range slices.Sorted(maps.Keys(l.secrets)) {
			if n < l.sealedBy {
				e.drop(epochKey(l.gen, n))
				delete(l.secrets, n)
			}
		}
	}
}

// destroyReceiving lets a receiving key go when every other party has an
// entry that has seen a newer one: whatever comes is sealed to that.
func (e *Engine) destroyReceiving() {
	if e.own == nil {
		return
	}
	for len(e.receiving) > 1 {
		next := e.receiving[1]
		if next.gen != e.own.gen || !e.allSaw(next) {
			return
		}
		e.drop(recvKey(e.receiving[0].id))
		e.receiving = e.receiving[1:]
	}
}

func (e *Engine) allSaw(r *receiving) bool {
	for _, p := range e.others() {
		l := e.current(p)
		if l == nil || l.seen[r.gen] < max(r.at, 1) {
			return false
		}
	}
	return true
}

// pendingForms lists the items that the engine itself has to write.
func (e *Engine) pendingForms() []string { return slices.Sorted(maps.Keys(e.pending)) }

// madeDraft makes one of the engine's own items.
func (e *Engine) madeDraft(name string, epoch uint64) (draft, error) {
	if name == "key" {
		delete(e.pending, "key")
		return e.keyDraft(epoch)
	}
	c := e.complaints[name]
	delete(e.pending, name)
	delete(e.complaints, name)
	return e.formDraft(form.NewComplaint(c.err), c.ref, epoch), nil
}

// keyDraft publishes a new receiving key. It is durable in the same batch as
// the entry that publishes it.
func (e *Engine) keyDraft(epoch uint64) (draft, error) {
	priv, err := key.NewReceiving(e.cfg.Rand)
	if err != nil {
		return draft{}, err
	}
	r := &receiving{priv: priv, id: priv.Public().ID(), gen: e.own.gen, created: e.now.Unix()}
	d := e.formDraft(&form.Key{Public: priv.Public()}, parley.Ref{}, epoch)
	d.after = func(index uint64) {
		r.at = index + 1
		e.receiving = append(e.receiving, r)
		e.setReceiving(e.own, priv.Public(), index)
		e.putReceiving(r)
	}
	return d, nil
}

func (e *Engine) putReceiving(r *receiving) {
	e.put(recvKey(r.id), &receivingState{Seed: r.priv.Seed(), Gen: r.gen, Created: r.created, At: r.at}, true)
}

// complaint answers an entry that does not open, in our own log: one for each
// epoch, so that two sides which cannot read each other do not complain of
// complaints for ever.
type complaint struct {
	ref parley.Ref
	err error
}

func (e *Engine) complain(l *log, index uint64, err error) {
	ref := parley.Ref{Gen: l.gen, Index: index}
	e.alarm("unreadable", l.party, ref, "entry %d of %s does not open: %v; it is kept", index, l.party, err)
	name := "complaint " + l.gen.String()
	if e.pending[name] != "" || l.party == e.cfg.Us || l.closed || l.complained == l.epoch {
		return
	}
	l.complained = l.epoch
	if e.complaints == nil {
		e.complaints = map[string]complaint{}
	}
	e.pending[name] = "unreadable"
	e.complaints[name] = complaint{ref, err}
}
