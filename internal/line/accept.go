package line

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/seal"
	"parley/internal/wait"
	"parley/internal/wire"
)

// errWait says that something is not wrong but not yet complete.
var errWait = errors.New("waiting for what it claims to have seen")

// settle accepts whatever the frames of this step completed, until nothing
// more can be: one log's entries may be what another's were waiting for.
func (e *Engine) settle() error {
	for again := true; again; {
		again = false
		for _, l := range e.logsInOrder() {
			moved, err := e.acceptHeads(l)
			if err != nil {
				return err
			}
			again = again || moved
		}
	}
	return e.acceptReceipts()
}

// acceptHeads tries the pending checkpoints of a log, the greatest first.
func (e *Engine) acceptHeads(l *log) (moved bool, err error) {
	if e.low && l.party != e.cfg.Us {
		return false, nil
	}
	for i := len(l.heads) - 1; i >= 0; i-- {
		p := &l.heads[i]
		if p.Size <= l.size {
			l.heads = append(l.heads[:i], l.heads[i+1:]...)
			continue
		}
		if !l.has(p.Size) || l.late(p.Size) || !p.Due(e.now, e.moves) {
			continue
		}
		h := p.Checkpoint
		err := e.acceptRun(l, &h)
		switch {
		case err == nil:
			moved = true
			e.moves++
			l.heads = slices.DeleteFunc(l.heads, func(h wait.Head) bool { return h.Size <= l.size })
			return moved, nil
		case errors.Is(err, errWait):
			continue
		case errors.Is(err, errStore):
			return moved, err
		}
		sure, bad := p.Sure, parley.KindOf(err) == parley.BadSignature
		if bad {
			if err := e.checkFork(l, &h); err != nil {
				return moved, errors.Join(errStore, err)
			}
		}
		if err := e.showDoubted(l, err); err != nil {
			return moved, errors.Join(errStore, err)
		}
		if bad && l.early.DropBelow(h.Size, false) && sure {
			continue // its party's word over what others passed on: it waits for the true entries
		}
		l.heads = append(l.heads[:i], l.heads[i+1:]...)
		if !bad || sure {
			e.refuse(l, h, err)
		}
	}
	return moved, nil
}

// showDoubted shows everybody our checkpoint of a log of which another does not
// fit what we hold: whoever has more of it, on another branch, proves the fork.
func (e *Engine) showDoubted(l *log, err error) error {
	if parley.KindOf(err) != parley.BadSignature || e.now.Sub(l.showed) < showWithin {
		return nil
	}
	l.showed = e.now
	for _, p := range e.peersInOrder() {
		if err := e.show(p, l); p.live() && err != nil {
			return err
		}
	}
	return nil
}

// has reports whether every entry up to size is held or early.
func (l *log) has(size uint64) bool {
	if uint64(l.early.Len()) < size-l.size {
		return false
	}
	for i := l.size; i < size; i++ {
		if l.early.Get(i) == nil {
			return false
		}
	}
	return true
}

// late reports whether the log of a party that is out must not grow to size:
// all that others have taken of it is held.
func (l *log) late(size uint64) bool { return size > l.limit }

// errStore marks the failures of our own store among the reasons not to accept.
var errStore = errors.New("store")

// acceptRun verifies the entries up to h against leaf, tree, both signatures
// and the rules of spec/entry.md and order.md, and takes them in. It changes
// nothing unless it returns nil.
func (e *Engine) acceptRun(l *log, h *wire.Checkpoint) error {
	tree := l.tree.Clone()
	parsed := make([]*seal.Entry, 0, h.Size-l.size)
	for i := l.size; i < h.Size; i++ {
		tree.Append(l.early.Leaf(i))
	}
	root := tree.Root()
	head := wire.Head{Size: h.Size, Root: root, Ed: h.Ed, ML: h.ML}
	if err := journal.Verify(l.signed, journal.Checkpoint{Origin: l.origin, Size: h.Size, Root: root}, head); err != nil {
		return err
	}
	for i := l.size; i < h.Size; i++ { // only what is signed is its writer's doing
		p, err := seal.Parse(l.early.Get(i))
		if err != nil && parley.KindOf(err) != parley.Unsupported {
			return err
		}
		parsed = append(parsed, p)
	}
	if e.tooManyEpochs(l, parsed) {
		return errWait
	}
	next, err := e.checkRules(l, parsed)
	if err != nil {
		return err
	}
	e.takeRun(l, next, parsed, tree, head)
	return nil
}

// tooManyEpochs holds a peer to the epochs it may announce in a day
// (spec/bounds.md, 9): the rest waits for the next. What a superseded log or a
// party relays of old is not new.
func (e *Engine) tooManyEpochs(l *log, run []*seal.Entry) bool {
	p, n := e.peers[l.party], e.newEpochs(l, run)
	if p == nil || n == 0 {
		return false
	}
	p.spent.Roll(e.now)
	if p.spent.Epochs+n <= int(e.rules.Annex.Bound(charter.EpochsPerDay)) {
		return false
	}
	e.overQuota(p)
	return true
}

func (e *Engine) newEpochs(l *log, run []*seal.Entry) (n int) {
	for _, s := range run {
		if s != nil && s.Announces && !l.closed && s.Time+uint64(dayLong.Seconds()) > e.seconds() {
			n++
		}
	}
	return n
}

const dayLong = 24 * time.Hour

// progress is the rule state of a log while a run is checked.
type progress struct {
	seen     map[parley.GenerationID]uint64
	time     uint64
	epoch    uint64
	sealedBy uint64
	accs     []map[parley.GenerationID]uint64 // accumulated seen at each entry, nil where it did not grow
}

// checkRules checks what the entries claim, without keys.
func (e *Engine) checkRules(l *log, run []*seal.Entry) (*progress, error) {
	p := &progress{seen: maps.Clone(l.seen), time: l.time, epoch: l.epoch, sealedBy: l.sealedBy}
	for i, s := range run {
		index := l.size + uint64(i)
		if s == nil {
			if index == 0 {
				return nil, parley.Errorf(parley.Unsupported, "the first entry of a generation is of an unknown version")
			}
			p.accs = append(p.accs, nil)
			continue
		}
		if err := e.checkEntry(l, p, index, s); err != nil {
			return nil, err
		}
		if len(s.Seen) == 0 {
			p.accs = append(p.accs, nil)
			continue
		}
		p.accs = append(p.accs, maps.Clone(p.seen))
	}
	return p, nil
}

func (e *Engine) checkEntry(l *log, p *progress, index uint64, s *seal.Entry) error {
	if s.Time < p.time {
		return parley.Errorf(parley.Rewind, "entry %d: header time goes back from %d to %d", index, p.time, s.Time)
	}
	p.time = s.Time
	if s.Announces {
		if s.Epoch != p.epoch {
			return parley.Errorf(parley.Gap, "entry %d announces epoch %d, the next one is %d", index, s.Epoch, p.epoch)
		}
		if err := e.checkEpochBody(l, index, s); err != nil {
			return err
		}
		p.epoch++
	} else {
		if s.Epoch >= p.epoch {
			return parley.Errorf(parley.Gap, "entry %d is sealed in epoch %d, which was never announced", index, s.Epoch)
		}
		if s.Epoch < p.sealedBy {
			return parley.Errorf(parley.Rewind, "entry %d goes back from epoch %d to %d", index, p.sealedBy, s.Epoch)
		}
		p.sealedBy = s.Epoch
	}
	if index == 0 && !s.Announces {
		return parley.Errorf(parley.Malformed, "the first entry of a generation must announce an epoch")
	}
	return e.checkSeen(l, p, index, s)
}

// checkEpochBody refuses what no verifier of our record would take: a body that
// does not parse, a certificate out of place, an epoch sealed to its writer or
// to a stranger (spec/entry.md, Epoch entry body).
func (e *Engine) checkEpochBody(l *log, index uint64, s *seal.Entry) error {
	b, err := seal.ParseEpoch(s.Body)
	if err != nil {
		return err
	}
	if (index == 0) != (b.Certificate != nil) || index == 0 && string(b.Certificate) != string(l.cert) {
		return parley.Errorf(parley.Malformed, "entry %d: the certificate does not stand where it belongs", index)
	}
	for p := range b.To {
		if _, ok := e.roots[p]; !ok || p == l.party {
			return parley.Errorf(parley.WrongParty, "entry %d: an epoch sealed to %s", index, p)
		}
	}
	return nil
}

// checkSeen holds an entry to spec/order.md, Seen.
func (e *Engine) checkSeen(l *log, p *progress, index uint64, s *seal.Entry) error {
	gens := inOrder(s.Seen)
	for _, g := range gens {
		n := s.Seen[g]
		if n <= p.seen[g] {
			return parley.Errorf(parley.Rewind, "entry %d: seen %s does not grow beyond %d", index, g, p.seen[g])
		}
		o := e.logs[g]
		switch {
		case o == nil:
			return errWait
		case o.party == l.party:
			return parley.Errorf(parley.BadSeen, "entry %d claims to have seen its own party's log", index)
		case n > o.size && o == e.own && e.doubt == "" && !e.mayClaim(l):
			return parley.Errorf(parley.BadSeen, "entry %d claims to have seen %d entries of our log %s; we have signed %d", index, n, g, o.size)
		case n > o.size:
			if o.limit != noLimit {
				o.limit, o.dirty = max(o.limit, n), true
			}
			return errWait
		}
		p.seen[g] = n
	}
	for _, g := range gens {
		o, n := e.logs[g], s.Seen[g]
		cover := o.seenAt(n - 1)
		for _, og := range inOrder(cover) {
			on := cover[og]
			if c := e.logs[og]; c != nil && c.party != l.party && p.seen[og] < on {
				return parley.Errorf(parley.BadSeen, "entry %d covers %s:%d but not %s:%d, which that had seen", index, g, n-1, og, on-1)
			}
		}
	}
	return nil
}

// inOrder returns the generations of a map in bytewise order: what a step does,
// and which of two errors it names, must not change from run to run.
func inOrder(m map[parley.GenerationID]uint64) []parley.GenerationID {
	return slices.SortedFunc(maps.Keys(m), func(a, b parley.GenerationID) int { return bytes.Compare(a[:], b[:]) })
}

// mayClaim gives a peer that says it has seen more of our log than we wrote a
// moment to show our signature on it; after that it is a violation.
func (e *Engine) mayClaim(l *log) bool {
	if l.claimed.IsZero() {
		l.claimed = e.now
	}
	return e.now.Sub(l.claimed) < showWithin
}

// takeRun makes a verified run ours: state, batch, secrets, alarms.
func (e *Engine) takeRun(l *log, p *progress, run []*seal.Entry, tree *journal.Tree, head wire.Head) {
	if p := e.peers[l.party]; p != nil {
		p.spent.Add(0, 0, e.newEpochs(l, run))
	}
	from, hashes := tree.Pending()
	tree.Flush()
	if _, ok := e.grew[l.gen]; !ok {
		e.grew[l.gen] = l.size
	}
	b := &e.fx.Batch
	b.Hashes = append(b.Hashes, StoredHashes{Gen: l.gen, From: from, Hashes: hashes})
	b.Heads = append(b.Heads, StoredHead{Gen: l.gen, Size: head.Size, Root: head.Root, Ed: head.Ed, ML: head.ML, Arrived: e.millis()})
	base, acc := l.size, l.seen
	l.seen, l.time, l.epoch, l.sealedBy = p.seen, p.time, p.epoch, p.sealedBy
	for i, s := range run {
		index := base + uint64(i)
		raw := l.early.Get(index)
		l.early.Drop(index)
		if p.accs[i] != nil {
			acc = p.accs[i]
			if len(e.roots) > 2 {
				l.addMark(index, acc)
			}
		}
		b.Entries = append(b.Entries, e.openEntry(l, index, raw, s, acc))
	}
	l.early.DropBelow(head.Size, true) // what is not covered was not what the peer signed, or is to come again
	l.tree, l.size, l.dirty, l.claimed = tree, head.Size, true, time.Time{}
	e.dutyFrom(l, run)
}

// openEntry opens one accepted entry and acts on what the engine itself must
// know. What does not open is kept all the same. acc is the accumulated seen.
func (e *Engine) openEntry(l *log, index uint64, raw []byte, s *seal.Entry, acc map[parley.GenerationID]uint64) StoredEntry {
	se := StoredEntry{Gen: l.gen, Index: index, Bytes: raw, Arrived: e.millis()}
	fault := func(k parley.Kind) StoredEntry {
		se.Fault, se.Faulty = k, true
		if se.Header != nil && e.opened+len(se.Header)+len(se.Body) > openedStep {
			se.Header, se.Body, se.Parsed = nil, nil, nil // nothing that could be read
		}
		e.opened += e.opens(l, &se)
		if se.Key == nil {
			l.blind = [2]bool{true, true}
		}
		if se.Key == nil && k == parley.Unreadable && !s.Announces {
			e.wantKey(l, index)
		}
		return se
	}
	if s == nil {
		return fault(parley.Unsupported)
	}
	if s.Announces {
		if err := e.takeEpoch(l, index, s, acc); err != nil {
			e.complain(l, index, err)
			return fault(parley.KindOf(err))
		}
		return se
	}
	secret, ok := l.secrets[s.Epoch]
	if !ok {
		e.complain(l, index, parley.Errorf(parley.Unreadable, "no secret of epoch %d", s.Epoch))
		return fault(parley.Unreadable)
	}
	k := seal.EntryKey(&secret, l.origin, s.Epoch, index)
	if e.tooMuch(l) {
		se.Key = k[:]
		l.blind = [2]bool{true, true}
		return e.keepShut(l, se)
	}
	header, body, err := seal.Open(k, l.origin, index, s)
	if err != nil {
		e.complain(l, index, err)
		return fault(parley.KindOf(err))
	}
	se.Key, se.Header, se.Body = k[:], header, body
	h, err := form.ParseHeader(header)
	if err != nil {
		return fault(parley.KindOf(err))
	}
	se.Parsed = h
	if err := l.count(h, body); err != nil {
		e.alarm("violation", l.party, parley.Ref{Gen: l.gen, Index: index}, "%s: %v", l.party, err)
		return fault(parley.BadSerial)
	}
	e.react(l, index, h, body)
	if charter.IsAct(h.Form) {
		e.act(l, index, h.Form, body, acc)
	}
	return e.keepShut(l, se)
}

// Bounds of the plaintext that one step makes: what a peer packs into a few
// bytes must fill neither our memory nor our disk, nor keep us busy.
const (
	openedStep = 4 << 20  // kept of the entries that came in it
	openedMost = 16 << 20 // opened in it at all
	openedTick = 1 << 20  // of those that were kept shut
)

// tooMuch reports whether nothing more of a log is opened in this step.
func (e *Engine) tooMuch(l *log) bool {
	p := e.peers[l.party]
	return e.opened > openedMost || p != nil && p.spent.Bytes > e.limits.Bytes
}

// opens counts what is kept of an entry opened, beyond its own bytes, against
// its writer's bytes of the day.
func (e *Engine) opens(l *log, s *StoredEntry) int {
	n := len(s.Header) + len(s.Body)
	if p := e.peers[l.party]; p != nil && n > len(s.Bytes) {
		p.spent.Add(n-len(s.Bytes), 0, 0)
	}
	return n
}

// keepShut keeps an entry with its key alone when it is too much for one step:
// openShut gives it header and body soon after, or when its writer's day is
// over.
func (e *Engine) keepShut(l *log, se StoredEntry) StoredEntry {
	if se.Header != nil {
		if e.opened += len(se.Header) + len(se.Body); e.opened <= openedStep {
			e.opens(l, &se)
			return se
		}
	}
	if l.shut == 0 {
		l.shut = se.Index + 1
	}
	se.Header, se.Body, se.Parsed, se.Fault, se.Faulty = nil, nil, nil, parley.Quota, true
	return se
}

// openShut opens what was kept shut, a little at each tick.
func (e *Engine) openShut() error {
	for _, l := range e.logsInOrder() {
		if p := e.peers[l.party]; l.shut > 0 && p != nil {
			p.spent.Roll(e.now)
		}
		for n := 0; l.shut > 0 && n < openedTick && !e.tooMuch(l); {
			es, err := e.cfg.Store.Entries(l.gen, l.shut-1, 16)
			if err != nil || len(es) == 0 {
				return err
			}
			for _, s := range es {
				if n >= openedTick || e.tooMuch(l) {
					break
				}
				if s.Faulty && s.Fault == parley.Quota && s.Key != nil && e.reopen(l, s, seal.Key(s.Key)) {
					n += e.opens(l, &e.fx.Batch.Entries[len(e.fx.Batch.Entries)-1])
				}
				l.shut, l.dirty = l.shut+1, true
			}
			if l.shut > l.size {
				l.shut = 0
			}
		}
	}
	return nil
}

// count holds the serial of an entry to its series.
func (l *log) count(h *form.Header, body []byte) error {
	end, err := form.End(body)
	if err != nil {
		return err
	}
	if end != h.Serial {
		return parley.Errorf(parley.BadSerial, "the end of the text carries serial %d, its header %d", end, h.Serial)
	}
	if h.Serial == 0 {
		return nil
	}
	s := h.Series & 1
	if h.Serial != l.serial[s]+1 && !(l.blind[s] && h.Serial > l.serial[s]) {
		got, want := h.Serial, l.serial[s]+1
		l.serial[s] = max(l.serial[s], h.Serial)
		return parley.Errorf(parley.BadSerial, "serial %d where %d comes next", got, want)
	}
	l.serial[s], l.blind[s] = h.Serial, false
	return nil
}

// react acts on the forms that the engine itself obeys.
func (e *Engine) react(l *log, index uint64, h *form.Header, body []byte) {
	if h.Form != "key" {
		return
	}
	if pub, err := form.ReceivingKey(body); err == nil && index >= l.recvAt { // of old entries that open late, a newer one may be known
		e.setReceiving(l, pub, index)
	}
}

// refuse drops what did not verify. It costs the peer nothing but its entries;
// a rule broken under valid signatures is a violation and kept as evidence.
func (e *Engine) refuse(l *log, h wire.Checkpoint, err error) {
	l.early.DropBelow(h.Size, true)
	kind := parley.KindOf(err)
	if p := e.peers[l.party]; p != nil {
		e.send(p.code, ClassControl, &wire.Refusal{Kind: kind, Text: err.Error()})
	}
	if kind == parley.BadSignature {
		return
	}
	e.alarm("violation", l.party, parley.Ref{Gen: l.gen, Index: l.size}, "%s broke the protocol and was refused: %v", l.party, err)
}

// cosignGrown gives one receipt for each log that grew in this step. It stands
// in the same batch as the entries, and is spoken only after that is durable.
func (e *Engine) cosignGrown() error {
	if e.own == nil || e.doubt != "" || e.hold == nil {
		return nil
	}
	for _, l := range e.logsInOrder() {
		if _, ok := e.grew[l.gen]; !ok || l.party == e.cfg.Us {
			continue
		}
		if l.disputed {
			e.tellPeer(l.party, ClassControl, &wire.Have{Held: map[parley.GenerationID]uint64{l.gen: l.size}})
			continue
		}
		if err := e.cosign(l); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) tellPeer(code parley.PartyCode, c Class, f wire.Frame) {
	if p := e.peers[code]; p != nil && p.live() {
		e.send(code, c, f)
	}
}

func (e *Engine) cosign(l *log) error {
	root, t := l.tree.Root(), e.seconds()
	cp := journal.Checkpoint{Origin: l.origin, Size: l.size, Root: root}
	ed, ml, err := journal.Cosign(e.hold, parley.HolderName(e.own.origin), cp, t)
	if err != nil {
		return err
	}
	r := StoredReceipt{Gen: l.gen, Size: l.size, Holder: e.own.gen, Time: t, Ed: ed, ML: ml, Arrived: e.millis()}
	e.fx.Batch.Receipts = append(e.fx.Batch.Receipts, r)
	l.receipts[e.own.gen], l.dirty = l.size, true
	e.tell(e.receiptClass(l), receiptFrame(r))
	return nil
}

// receiptClass lets the receipt of an urgent entry go as the entry came.
func (e *Engine) receiptClass(l *log) Class {
	top := ClassControl + 2
	for _, s := range e.fx.Batch.Entries {
		if s.Gen == l.gen {
			top = min(top, e.storedClass(s))
		}
	}
	if top > ClassImmediate {
		return ClassControl
	}
	return top
}

// partyOf is whose a generation is; "" when it is not known.
func (e *Engine) partyOf(g parley.GenerationID) parley.PartyCode {
	if l := e.logs[g]; l != nil {
		return l.party
	}
	return ""
}

// receiptIn keeps a receipt until we hold what it is for.
func (e *Engine) receiptIn(p *peer, f *wire.Receipt) error {
	l := e.logs[f.Gen]
	if l == nil || f.ML == nil || f.Time == 0 || f.Size == 0 || l == e.own && f.Size > l.size {
		return nil
	}
	l.waiting = wait.AddReceipt(l.waiting, wait.Receipt{Receipt: *f, From: p.code}, e.partyOf)
	return nil
}

// acceptReceipts takes the receipts whose entries we hold ourselves.
func (e *Engine) acceptReceipts() error {
	for _, l := range e.logsInOrder() {
		kept := l.waiting[:0]
		for _, r := range l.waiting {
			h := e.logs[r.Holder]
			if h == nil || r.Size > l.size {
				kept = append(kept, r)
				continue
			}
			if err := e.acceptReceipt(l, h, &r); err != nil {
				return err
			}
		}
		l.waiting = kept
	}
	return nil
}

func (e *Engine) acceptReceipt(l, h *log, r *wait.Receipt) error {
	if h.party == l.party || h.party == e.cfg.Us || r.Size <= l.receipts[r.Holder] {
		return nil
	}
	root, err := l.tree.RootAt(r.Size)
	if err != nil {
		return err
	}
	cp := journal.Checkpoint{Origin: l.origin, Size: r.Size, Root: root}
	if err := journal.VerifyCosignature(h.held, parley.HolderName(h.origin), cp, r.Time, r.Ed, r.ML); err != nil {
		e.alarm("violation", r.From, parley.Ref{Gen: l.gen, Index: r.Size - 1}, "a receipt of %s for the log of %s, brought by %s, does not fit what we hold (it may hold another history of that log): %v", h.party, l.party, r.From, err)
		return nil
	}
	l.receipts[r.Holder], l.dirty = r.Size, true
	e.fx.Batch.Receipts = append(e.fx.Batch.Receipts, StoredReceipt{Gen: l.gen, Size: r.Size, Holder: r.Holder, Time: r.Time, Ed: r.Ed, ML: r.ML, Arrived: e.millis()})
	if p := e.peers[h.party]; p != nil {
		p.flight(l.gen).Progress(r.Size, e.now)
		return e.push(p, l)
	}
	return nil
}
