package line

import (
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/wait"
	"parley/internal/wire"
)

// What may be under way to one peer before it says that it holds it, and how
// long to wait before sending it again.
const (
	relayAfter = 3 * time.Second // for logs of third parties: their owner comes first
	runEntries = 256
	runHeads   = 32
	spokenStep = 4 << 20          // bytes read from the store for one step to send
	showWithin = 10 * time.Second // to show our own signature on what we do not know
	helloAgain = 2 * time.Second
	helloCap   = 10 * time.Minute
	heldMost   = 256 // logs that a frame lists
)

// peer is another party as a place to send to.
type peer struct {
	code  parley.PartyCode
	paths map[PathID]bool // true once hello was accepted
	logs  map[parley.GenerationID]*wait.Flight
	spent wait.Spent
	told  map[parley.GenerationID]uint64 // how much of each log it said it holds; nil: it has said nothing yet

	lack    wait.Lack
	asks    map[parley.GenerationID]*keysAsked // for entry keys
	asksAt  time.Time                          // not before which we ask it again
	refused map[string]bool                    // asks for keys that an alarm has sounded for

	noSpace time.Time // when we last told it that our disk is full
}

type path struct {
	id     PathID
	peer   *peer
	ready  bool
	said   time.Time           // when we last said hello on it
	answer time.Duration       // how long after that one of the peer's is answered
	met    time.Time           // when we last acted on one of its
	theirs parley.GenerationID // whose epoch secret the peer has shown; zero: none
	ours   parley.GenerationID // whose epoch secret we have shown

	refused time.Time // when we last refused keys on it
}

func newPeer(code parley.PartyCode) *peer {
	return &peer{code: code, paths: map[PathID]bool{}, logs: map[parley.GenerationID]*wait.Flight{}, refused: map[string]bool{}, asks: map[parley.GenerationID]*keysAsked{}}
}

func (p *peer) live() bool {
	for _, ok := range p.paths {
		if ok {
			return true
		}
	}
	return false
}

func (p *peer) flight(g parley.GenerationID) *wait.Flight {
	f := p.logs[g]
	if f == nil {
		f = wait.NewFlight()
		p.logs[g] = f
	}
	return f
}

// hears notes how much of a log the peer says it holds.
func (p *peer) hears(g parley.GenerationID, size uint64) {
	if p.told == nil {
		return // no hello yet
	}
	p.told[g] = max(p.told[g], size)
}

func (e *Engine) send(to parley.PartyCode, c Class, f wire.Frame) {
	e.fx.Sends = append(e.fx.Sends, Send{To: to, Class: c, Frame: f, Everywhere: c == ClassFlash || c == ClassImmediate})
}

// tell sends to every party of the line with a live path.
func (e *Engine) tell(c Class, f wire.Frame) {
	for _, p := range e.peersInOrder() {
		if p.live() {
			e.send(p.code, c, f)
		}
	}
}

func (e *Engine) pathUp(ev PathUp) error {
	p := e.peers[ev.Peer]
	if p == nil {
		e.fx.Closes = append(e.fx.Closes, Close{ev.Path, parley.Errorf(parley.WrongParty, "%s is not a party of this line", ev.Peer)})
		return nil
	}
	w := &path{id: ev.Path, peer: p, answer: helloAgain / 2}
	e.paths[ev.Path] = w
	p.paths[ev.Path] = false
	e.sayHello(w)
	return nil
}

func (e *Engine) sayHello(w *path) {
	w.said = e.now
	e.fx.Sends = append(e.fx.Sends, Send{To: w.peer.code, Path: w.id, Class: ClassControl, Frame: e.hello()})
	if e.unknownTo(w.peer) {
		e.fx.Sends = append(e.fx.Sends, Send{To: w.peer.code, Path: w.id, Class: ClassControl, Frame: &wire.Certificate{Bytes: e.own.cert}})
	}
}

// askCertificates says hello again to a peer that speaks of a generation that
// we do not know: the path on which its certificate came may have failed.
func (e *Engine) askCertificates(p *peer, every time.Duration) {
	for _, id := range slices.Sorted(maps.Keys(p.paths)) {
		if w := e.paths[id]; w.ready && e.now.Sub(w.said) >= every {
			e.sayHello(w)
			return
		}
	}
}

// unknownTo reports whether a peer may never have heard of our generation in
// force: it may not know the TLS key that its certificate binds, so the
// certificate follows our hello (spec/recovery.md, 3).
func (e *Engine) unknownTo(p *peer) bool {
	if e.own == nil || e.own.body.Reason == journal.ReasonFounding {
		return false
	}
	for g, n := range e.own.receipts {
		if h := e.logs[g]; n > 0 && h != nil && h.party == p.code {
			return false
		}
	}
	return true
}

// repeatHello says hello again on paths where none came back: a bearer may
// lose frames.
func (e *Engine) repeatHello() {
	for _, id := range slices.Sorted(maps.Keys(e.paths)) { // in one order, so that a run can be repeated
		if w := e.paths[id]; !w.ready && e.now.Sub(w.said) >= helloAgain {
			e.sayHello(w)
		}
	}
}

func (e *Engine) pathDown(id PathID) {
	w := e.paths[id]
	if w == nil {
		return
	}
	delete(e.paths, id)
	delete(w.peer.paths, id)
	for _, f := range w.peer.logs {
		f.Anew(e.now)
	}
}

func (e *Engine) hello() *wire.Hello {
	h := &wire.Hello{Version: 1, Line: e.line, Party: e.cfg.Us, Time: e.seconds(), Held: e.held()}
	if l := e.current(e.cfg.Us); l != nil {
		h.Gen = l.gen
	}
	return h
}

// held is what we durably hold of every log, the newest 256 of them.
func (e *Engine) held() map[parley.GenerationID]uint64 {
	m := map[parley.GenerationID]uint64{}
	ls := e.logsInOrder()
	if len(ls) > heldMost {
		ls = ls[len(ls)-heldMost:]
	}
	for _, l := range ls {
		m[l.gen] = l.size
	}
	return m
}

func (e *Engine) helloIn(w *path, h *wire.Hello) error {
	if err := e.checkHello(w, h); err != nil {
		e.fx.Closes = append(e.fx.Closes, Close{w.id, err})
		return nil
	}
	if w.ready && e.now.Sub(w.said) >= w.answer {
		// It says hello again: it may not have heard ours. On a slow path both
		// may, and would answer each other's answers for ever.
		w.answer = min(2*w.answer, helloCap)
		e.sayHello(w)
	}
	w.ready, w.peer.paths[w.id] = true, true
	if len(h.Held) > 0 && (w.peer.told == nil || len(h.Held) < heldMost) { // an introduction says nothing of what is held
		w.peer.told = map[parley.GenerationID]uint64{}
	}
	for _, l := range e.logsInOrder() {
		if _, ok := h.Held[l.gen]; !ok {
			e.fx.Sends = append(e.fx.Sends, Send{To: w.peer.code, Path: w.id, Class: ClassControl, Frame: &wire.Certificate{Bytes: l.cert}})
		}
	}
	for g, f := range w.peer.logs {
		if n := h.Held[g]; len(h.Held) < heldMost { // it may have lost what it had
			f.Have = min(f.Have, n)
		}
		f.Anew(e.now)
	}
	if err := e.haveIn(w.peer, h.Held); err != nil {
		return err
	}
	return e.repeatReceipts(w.peer)
}

func (e *Engine) checkHello(w *path, h *wire.Hello) error {
	switch {
	case h.Version != 1:
		return parley.Errorf(parley.Unsupported, "%s speaks version %d of the protocol, we speak 1", w.peer.code, h.Version)
	case h.Line != e.line:
		return parley.Errorf(parley.WrongLine, "%s means line %s", w.peer.code, h.Line)
	case h.Party != w.peer.code:
		return parley.Errorf(parley.WrongParty, "a station with the key of %s says it is %s", w.peer.code, h.Party)
	}
	return nil
}

// haveIn learns what a peer holds, shows it what it should know of its own
// log, and sends what it lacks.
func (e *Engine) haveIn(p *peer, held map[parley.GenerationID]uint64) error {
	for g, n := range held {
		p.hears(g, n)
	}
	for _, l := range e.logsInOrder() {
		size, ok := held[l.gen]
		f := p.flight(l.gen)
		switch {
		case !ok:
		case size > l.size && l == e.own && e.holdOff.IsZero():
			// More of our own log than we have: it must show our signature
			// (shownIn). Until then we write nothing that might be a fork.
			e.holdOff = e.now.Add(showWithin)
			fallthrough
		default:
			f.Progress(min(size, l.size), e.now)
		}
		if ok && l.party == p.code && size < l.size {
			if err := e.show(p, l); err != nil {
				return err
			}
		}
	}
	return e.pushAll(p)
}

// show sends a peer the greatest checkpoint of its own log that we hold, so
// that one that lost its memory learns it from its own signature.
func (e *Engine) show(p *peer, l *log) error {
	h, ok, err := e.cfg.Store.Head(l.gen, 0)
	if err != nil || !ok {
		return err
	}
	e.send(p.code, ClassControl, &wire.Shown{Gen: l.gen, Head: wire.Head{Size: h.Size, Root: h.Root, Ed: h.Ed, ML: h.ML}})
	return nil
}

func (e *Engine) pushAll(p *peer) error {
	for _, l := range e.logsInOrder() {
		if err := e.push(p, l); err != nil {
			return err
		}
	}
	return nil
}

// push sends a peer the next runs of a log from the store, as far as its
// window allows. Logs of third parties wait: their owner is nearer.
func (e *Engine) push(p *peer, l *log) error {
	if !p.live() {
		return nil
	}
	f, end := p.flight(l.gen), e.until(p, l)
	if f.Have >= end {
		f.Lag = time.Time{}
		return nil
	}
	if l.party != e.cfg.Us && l.party != p.code {
		if f.Lag.IsZero() {
			f.Lag = e.now
		}
		if e.now.Sub(f.Lag) < relayAfter {
			return nil
		}
	}
	if l.party == p.code && !l.closed {
		return nil // its own log in force: it is told by show, and asks
	}
	for f.Sent < end && !e.full(f) {
		from := f.Sent
		if err := e.sendRun(p, l, from, f.Upto(end)); err != nil {
			return err
		}
		if f.Sent == from {
			break
		}
	}
	return nil
}

// full reports whether a peer is to say what it holds before more is sent to it.
func (e *Engine) full(f *wait.Flight) bool {
	return f.Full(e.rules.Annex.Bound(charter.PendingCheckpoints))
}

// sendRun sends entries from on, with every stored checkpoint over them: logs
// that have seen one another can only be accepted in the steps in which they
// grew.
//
// Over spokenStep it sends nothing: it is asked again, or the next tick finds
// what is missing.
func (e *Engine) sendRun(p *peer, l *log, from, to uint64) error {
	if e.spoken >= spokenStep {
		return nil
	}
	var heads []StoredHead
	for size := from; size < to && len(heads) < runHeads; {
		h, ok, err := e.cfg.Store.Head(l.gen, size+1)
		if err != nil {
			return err
		}
		if !ok || h.Size > e.until(p, l) || h.Size-from > runEntries && len(heads) > 0 {
			break
		}
		heads = append(heads, h)
		size = h.Size
	}
	if len(heads) == 0 {
		return nil
	}
	var run []written
	for at, end := from, heads[len(heads)-1].Size; at < end; {
		es, err := e.cfg.Store.Entries(l.gen, at, int(end-at))
		if err != nil {
			return err
		}
		if len(es) == 0 {
			return nil
		}
		for _, s := range es {
			run = append(run, written{index: s.Index, bytes: s.Bytes, class: e.storedClass(s)})
			e.spoken += len(s.Bytes)
		}
		at += uint64(len(es))
	}
	e.sendEntries(p, l, run, heads...)
	return nil
}

// storedClass gives back the precedence that an entry was released with.
func (e *Engine) storedClass(s StoredEntry) Class {
	if s.Header == nil {
		return ClassPriority
	}
	if s.Parsed == nil {
		s.Parsed, _ = form.ParseHeader(s.Header)
	}
	if s.Parsed == nil {
		return ClassRoutine
	}
	return classOf(s.Parsed.Precedence)
}

// written is an entry on its way.
type written struct {
	index uint64
	bytes []byte
	class Class
}

// sendEntries sends a run and the checkpoints over it.
func (e *Engine) sendEntries(p *peer, l *log, run []written, heads ...StoredHead) {
	top, n := ClassRoutine, 0
	for _, w := range run {
		top = min(top, w.class)
		n += len(w.bytes)
		e.send(p.code, w.class, &wire.Entry{Gen: l.gen, Index: w.index, Bytes: w.bytes})
	}
	for _, h := range heads {
		e.send(p.code, top, &wire.Checkpoint{Gen: l.gen, Size: h.Size, Ed: h.Ed, ML: h.ML})
	}
	p.flight(l.gen).Went(heads[len(heads)-1].Size, n, len(heads), e.now)
}

// nudge sends again what a peer has not said it holds, and tells it what we
// lack ourselves.
func (e *Engine) nudge(p *peer) error {
	if !p.live() {
		return nil
	}
	for _, l := range e.logsInOrder() {
		p.flight(l.gen).Resend(e.now)
	}
	if e.lacking() {
		if p.lack.Due(e.now, e.moves) {
			e.send(p.code, ClassControl, &wire.Have{Held: e.held()})
			e.askMissing(p)
		}
	} else {
		p.lack.Over()
	}
	return e.pushAll(p)
}

// lacking reports whether something received waits for something missing.
func (e *Engine) lacking() bool {
	for _, l := range e.logs {
		if len(l.heads) > 0 || l.early.Len() > 0 || len(l.waiting) > 0 {
			return true
		}
	}
	return false
}

// askMissing asks a peer for entries that something it sent claims to have seen.
func (e *Engine) askMissing(p *peer) {
	for _, l := range e.logsInOrder() {
		want := l.size
		for _, h := range l.heads {
			want = max(want, h.Size)
		}
		from := l.size // what is here already, early, is not asked for
		for l.early.Get(from) != nil {
			from++
		}
		for _, o := range e.logs {
			o.early.All(func(b []byte) { want = max(want, claims(b, l.gen)) })
		}
		if want > from && (l.party != e.cfg.Us || l.closed) {
			e.send(p.code, ClassControl, &wire.AskEntries{Gen: l.gen, From: from, To: want})
		}
	}
}

// askIn answers a request for entries of any log we hold.
func (e *Engine) askIn(p *peer, a *wire.AskEntries) error {
	l := e.logs[a.Gen]
	if l == nil || a.From >= e.until(p, l) {
		return nil
	}
	f := p.flight(l.gen)
	if e.now.Sub(f.At) < wait.ResendAfter/2 && f.Sent > a.From {
		return nil // under way already
	}
	saved := f.Sent
	err := e.sendRun(p, l, a.From, min(a.To, e.until(p, l)))
	f.Sent = max(f.Sent, saved)
	if err == nil {
		err = e.sendReceipts(p, l)
	}
	return err
}

// sendReceipts sends every other party's greatest receipt for a log.
func (e *Engine) sendReceipts(p *peer, l *log) error {
	for _, g := range inOrder(l.receipts) {
		r, ok, err := e.cfg.Store.Receipt(l.gen, g, 0)
		if err != nil {
			return err
		}
		if ok {
			e.send(p.code, ClassControl, receiptFrame(r))
		}
	}
	return nil
}

// repeatReceipts tells a peer again, after a path came up, what we hold.
func (e *Engine) repeatReceipts(p *peer) error {
	me := e.current(e.cfg.Us)
	for _, l := range e.logsInOrder() {
		if me == nil || l.party == e.cfg.Us || l.receipts[me.gen] == 0 {
			continue
		}
		r, ok, err := e.cfg.Store.Receipt(l.gen, me.gen, 0)
		if err != nil {
			return err
		}
		if ok {
			e.send(p.code, ClassControl, receiptFrame(r))
		}
	}
	return nil
}

func receiptFrame(r StoredReceipt) *wire.Receipt {
	return &wire.Receipt{Gen: r.Gen, Size: r.Size, Holder: r.Holder, Time: r.Time, Ed: r.Ed, ML: r.ML}
}
