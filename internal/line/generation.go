package line

import (
	"fmt"
	"io"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/sheet"
	"parley/internal/wait"
	"parley/internal/wire"
)

const noLimit = ^uint64(0)

// certificateIn takes another generation of a party's log, when its line, its
// party, its signer and its place are right (spec/log.md, Certificate). p has
// shown it; nil for one that came as a file.
func (e *Engine) certificateIn(p *peer, b []byte) error {
	c, err := journal.ParseCertificate(b)
	if err != nil && p == nil {
		return err
	}
	if err != nil || e.logs[c.Gen] != nil || c.By == journal.ByLog && e.logs[c.Signer] == nil {
		return nil // known; or nobody can say yet whether it is good: it is shown again at the next hello
	}
	if err := e.checkCertificate(c); err != nil {
		if p == nil {
			return err
		}
		e.alarm("violation", p.code, parley.Ref{Gen: c.Gen}, "a certificate that %s passed on was refused: %v", p.code, err)
		return nil
	}
	if q := e.peers[c.Party]; q != nil && c.Reason != journal.ReasonFounding {
		q.spent.Roll(e.now)
		if q.spent.Add(0, 1, 0); q.spent.Gens > int(e.rules.Annex.Bound(charter.GenerationsPerDay)) {
			e.overQuota(q)
			return nil
		}
	}
	l, err := e.newLog(c, b)
	if err != nil {
		return nil // its keys do not parse: nobody can ever sign with them
	}
	e.addLog(l)
	e.alarmGeneration(l)
	if c.Party == e.cfg.Us {
		if l != e.current(c.Party) || p == nil {
			return nil // our own past, which a loss made us forget
		}
		return e.enterDoubt(journal.ReasonRestored, fmt.Sprintf("%s shows us generation %s of our own log, certified by our key, which we do not know", p.code, c.Gen), true)
	}
	e.passOn(p, b)
	return nil
}

func (e *Engine) alarmGeneration(l *log) {
	if l.body.Reason != journal.ReasonFounding && l.party != e.cfg.Us {
		e.alarm("generation", l.party, parley.Ref{Gen: l.gen}, "%s has opened a new generation of its log: %s", l.party, sheet.ReasonText(l.body.Reason))
	}
}

// passOn hands a certificate to the other parties of the line.
func (e *Engine) passOn(from *peer, b []byte) {
	for _, q := range e.peersInOrder() {
		if q != from && q.live() {
			e.send(q.code, ClassControl, &wire.Certificate{Bytes: b})
		}
	}
}

func (e *Engine) checkCertificate(c *journal.Certificate) error {
	root, ok := e.roots[c.Party]
	if !ok {
		return parley.Errorf(parley.WrongParty, "%s is not a party of this line", c.Party)
	}
	if err := c.Check(e.line, c.Party, e.founding); err != nil {
		return err
	}
	if err := e.cfg.Founding.CheckCertificate(c); err != nil {
		return err
	}
	if c.By == journal.ByRoot {
		return c.Verify(root, nil)
	}
	by, newest := e.logs[c.Signer], e.current(c.Party)
	if c.Party == e.cfg.Us {
		newest = by // whoever made it: it is newer than ours, and that is doubt
	}
	if by == nil || by.party != c.Party || by.body.Compare(&c.CertificateBody) >= 0 || by != newest && newest.body.Compare(&c.CertificateBody) < 0 {
		return parley.Errorf(parley.UnknownKey, "it is signed by generation %s, which is not the one in force", c.Signer)
	}
	pub := by.body.Log
	return c.Verify(root, &pub)
}

// addLog takes a log in: of its party's logs all but the newest are closed.
func (e *Engine) addLog(l *log) {
	for _, o := range e.logs {
		switch {
		case o.party != l.party:
		case o.body.Compare(&l.body) < 0:
			o.closed, o.dirty = true, true
		default:
			l.closed = true
		}
	}
	if e.rules != nil && e.out(l.party) {
		l.closed, l.limit = true, 0 // unless another party has taken of it
	}
	l.dirty = true
	e.logs[l.gen], e.ordered = l, nil
	e.fx.Batch.Keys = append(e.fx.Batch.Keys, KV{Key: certKey(l.gen), Value: l.cert})
}

// shownIn takes a checkpoint with its root in full: it teaches us of our own
// log what we lost, and proves forks in others'.
func (e *Engine) shownIn(p *peer, f *wire.Shown) error {
	l := e.logs[f.Gen]
	if l == nil {
		return nil
	}
	h := f.Head
	if err := journal.Verify(l.signed, journal.Checkpoint{Origin: l.origin, Size: h.Size, Root: h.Root}, h); err != nil {
		return nil
	}
	if h.Size <= l.size {
		root, err := l.tree.RootAt(h.Size)
		if err != nil {
			return err
		}
		if root == h.Root {
			return nil
		}
		return e.forked(l, h, nil)
	}
	if l == e.own {
		if err := e.enterDoubt(journal.ReasonRestored, fmt.Sprintf("%s shows our own signature on %d entries of our log, we know of %d", p.code, h.Size, l.size), false); err != nil {
			return err
		}
	}
	if l.party == e.cfg.Us && l.closed || l.party != e.cfg.Us {
		e.addHead(p, l, &wire.Checkpoint{Gen: l.gen, Size: h.Size, Ed: h.Ed, ML: h.ML})
		e.send(p.code, ClassControl, &wire.AskEntries{Gen: l.gen, From: l.size, To: h.Size})
	}
	return nil
}

// checkFork tries whether entries that differ from ours, under a checkpoint
// that does not fit ours, are signed: then the log has two histories.
func (e *Engine) checkFork(l *log, f *wire.Checkpoint) error {
	first := l.suspects.First(f.Size)
	if first == f.Size || !wait.Again(&l.forkTried, e.now, wait.ForkEvery) {
		return nil
	}
	t, err := journal.NewTree(first, e.hashes(l.gen))
	if err != nil {
		return err
	}
	upto := min(f.Size, l.size)
	if upto-first > wait.ForkSpan {
		return nil // a peer must not make us read our whole store for each frame
	}
	for t.Size() < upto {
		held, err := e.cfg.Store.Entries(l.gen, t.Size(), int(upto-t.Size()))
		if err != nil || len(held) == 0 {
			return err
		}
		for _, s := range held {
			b := s.Bytes
			if o, ok := l.suspects.Get(s.Index); ok {
				b = o
			}
			t.Append(journal.LeafHash(b))
		}
	}
	for i := l.size; i < f.Size; i++ {
		b := l.early.Get(i)
		if b == nil {
			return nil
		}
		t.Append(journal.LeafHash(b))
	}
	h := wire.Head{Size: f.Size, Root: t.Root(), Ed: f.Ed, ML: f.ML}
	if t.Size() != f.Size || journal.Verify(l.signed, journal.Checkpoint{Origin: l.origin, Size: h.Size, Root: h.Root}, h) != nil {
		return nil
	}
	return e.forked(l, h, t)
}

// forked proves, keeps and tells that a log has signed h against what we hold.
// theirs is the tree of h where it is larger than what we hold, else nil.
func (e *Engine) forked(l *log, h wire.Head, theirs *journal.Tree) error {
	ours, ok, err := e.cfg.Store.Head(l.gen, min(h.Size, l.size))
	if err != nil || !ok {
		return err
	}
	mine, tree := wire.Head{Size: ours.Size, Root: ours.Root, Ed: ours.Ed, ML: ours.ML}, l.tree
	if h.Size > mine.Size {
		tree = theirs
	}
	ev, err := journal.MakeEvidence(l.gen, h, mine, tree)
	if err != nil {
		return nil
	}
	return e.dispute(l, ev)
}

func (e *Engine) evidenceIn(f *wire.Evidence) error {
	ev := f
	l := e.logs[ev.Gen]
	if l == nil || l.disputed || journal.VerifyEvidence(l.origin, l.signed, ev) != nil {
		return nil
	}
	return e.dispute(l, ev)
}

// dispute marks a generation whose owner signed two histories. Nothing of it
// is cosigned from now on; all else goes on (spec/log.md, Forks).
func (e *Engine) dispute(l *log, ev *journal.Evidence) error {
	if l.disputed {
		return nil
	}
	l.disputed, l.dirty = true, true
	l.suspects.Clear()
	raw, err := wire.Marshal(ev)
	if err != nil {
		return nil // longer than any peer could have sent it: not evidence
	}
	e.fx.Batch.Keys = append(e.fx.Batch.Keys, KV{Key: "evidence/" + l.gen.String(), Value: raw})
	e.alarm("fork", l.party, parley.Ref{Gen: l.gen, Index: ev.First.Size}, "%s has signed two histories of its log: proved, kept, and told to all parties", l.party)
	e.tell(ClassControl, ev)
	if l == e.own {
		return e.enterDoubt(journal.ReasonFork, "two histories of our own log are signed with our key: it is in other hands, or we were restored", false)
	}
	return nil
}

// enterDoubt stops writing to our log. Where the private log key is still
// ours alone, a new generation opens at once; else it waits for the root key.
// superseded says that a later generation of ours exists: others would not take
// one that the log key of an earlier one certifies (spec/log.md, Certificate).
func (e *Engine) enterDoubt(reason uint64, why string, superseded bool) error {
	if e.doubt != "" {
		return nil
	}
	e.doubt, e.why = why, reason
	e.saveSelf()
	e.alarm("doubt", e.cfg.Us, parley.Ref{}, "our own log is in doubt: %s", why)
	if e.sign == nil || superseded || reason == journal.ReasonFork || e.own == nil || e.own != e.current(e.cfg.Us) {
		return nil
	}
	return e.openGeneration(e.sign, journal.ByLog, e.own.gen, reason)
}

func (e *Engine) openByRoot(root key.Signer, reason uint64) error {
	if root.Public() != e.roots[e.cfg.Us] {
		return parley.Errorf(parley.UnknownKey, "this is not the root key of %s on line %s", e.cfg.Us, e.line)
	}
	return e.openGeneration(root, journal.ByRoot, parley.GenerationID{}, reason)
}

// openGeneration begins a fresh log with fresh keys. Its certificate names
// what we know of the old ones; its first entry carries the certificate.
func (e *Engine) openGeneration(s key.Signer, by uint64, signer parley.GenerationID, reason uint64) error {
	var earlier []journal.Earlier
	for _, l := range e.logsInOrder() {
		if l.party == e.cfg.Us {
			earlier = append(earlier, journal.Earlier{Gen: l.gen, Size: l.size, Root: l.tree.Root()})
		}
	}
	if len(earlier) == 0 { // everything was lost: the founding generation is all we know of
		for _, r := range e.cfg.Founding.Reveals {
			if r.Party == e.cfg.Us {
				earlier = append(earlier, journal.Earlier{Gen: r.Generation, Root: journal.EmptyRoot})
			}
		}
	}
	at := e.seconds()
	for _, l := range e.logs { // only a newer generation comes into force, whatever our clock says
		if l.party == e.cfg.Us {
			at = max(at, l.body.Time+1)
		}
	}
	body := journal.CertificateBody{Line: e.line, Party: e.cfg.Us, Founding: e.founding, Earlier: earlier, Time: at, Reason: reason, TLS: e.cfg.TLS}
	k, err := NewKeys(e.cfg.Rand)
	if err != nil {
		return err
	}
	k.Describe(&body)
	cert, err := journal.SignCertificate(s, by, signer, body)
	if err != nil {
		return fmt.Errorf("certifying a new generation: %w", err)
	}
	c, err := journal.ParseCertificate(cert)
	if err != nil {
		return err
	}
	l, err := e.newLog(c, cert)
	if err != nil {
		return err
	}
	return e.begin(l, k)
}

// begin makes l the generation we write to, with k its keys. The private keys
// of the one before are destroyed.
func (e *Engine) begin(l *log, k *Keys) error {
	if old := e.current(e.cfg.Us); old != nil {
		e.drop(signKey(old.gen))
		e.drop(holdKey(old.gen))
	}
	for _, ep := range e.epochs {
		e.drop(epochKey(e.own.gen, ep.number))
	}
	e.addLog(l)
	e.own, e.sign, e.hold, e.epochs, e.doubt, e.why = l, k.Log, k.Held, nil, "", 0
	e.holdOff = time.Time{}
	clear(e.pending)
	if len(l.body.Earlier) > 0 {
		e.withhold()
	}
	r := &receiving{priv: k.Receiving, id: k.Receiving.ID(), gen: l.gen, created: e.now.Unix()}
	e.receiving = append(e.receiving, r)
	e.fx.Batch.Keys = append(e.fx.Batch.Keys,
		KV{Key: signKey(l.gen), Value: k.Log.Seed(), Secret: true},
		KV{Key: holdKey(l.gen), Value: k.Held.Seed(), Secret: true})
	e.putReceiving(r)
	e.saveSelf()
	e.tell(ClassControl, &wire.Certificate{Bytes: l.cert})
	return nil
}

// Keys are the private keys of one generation of a log.
type Keys struct {
	Gen       parley.GenerationID
	Log       *key.Pair
	Held      *key.Pair
	Receiving *key.Receiving
}

// NewKeys makes the keys of a new generation, its id included.
func NewKeys(rand io.Reader) (*Keys, error) {
	k := new(Keys)
	if _, err := io.ReadFull(rand, k.Gen[:]); err != nil {
		return nil, err
	}
	var err error
	if k.Log, err = key.NewPair(rand); err != nil {
		return nil, err
	}
	if k.Held, err = key.NewPair(rand); err != nil {
		return nil, err
	}
	k.Receiving, err = key.NewReceiving(rand)
	return k, err
}

// Describe fills in the public halves.
func (k *Keys) Describe(b *journal.CertificateBody) {
	b.Gen, b.Log, b.Receipt, b.Receiving = k.Gen, k.Log.Public(), k.Held.Public(), k.Receiving.Public()
}

// Found returns the batch with which a station begins its part of a line: the
// certificate of its founding generation, signed by the root key, and its
// private keys.
func Found(cfg Config, k *Keys, cert []byte) (*Batch, error) {
	e := &Engine{cfg: cfg, line: cfg.Founding.Line, founding: cfg.Founding.Hash(), roots: map[parley.PartyCode]key.Public{},
		logs: map[parley.GenerationID]*log{}, pending: map[string]string{}}
	c, err := journal.ParseCertificate(cert)
	if err != nil {
		return nil, err
	}
	for _, r := range cfg.Founding.Reveals {
		e.roots[r.Party] = r.Root
	}
	if err := e.checkCertificate(c); err != nil {
		return nil, fmt.Errorf("founding: %w", err)
	}
	l, err := e.newLog(c, cert)
	if err != nil {
		return nil, err
	}
	e.fx.Batch.Line = e.line
	e.now = time.Unix(int64(c.Time), 0)
	if err := e.begin(l, k); err != nil {
		return nil, err
	}
	e.saveDirty()
	b := e.fx.Batch
	return &b, nil
}
