package line

import (
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/wait"
)

// Status is what a desk may show of an engine, as it stood after a step. Nothing
// in it is ever changed, by its readers either: of what did not change, later
// ones share it.
type Status struct {
	Doubt      string // "" when our log is ours to write to
	Own        parley.GenerationID
	Logs       []LogStatus
	Outbox     int
	Withheld   int                // of these, what waits since our log was set back
	Epoch      uint64             // in effect
	EpochSince time.Time          // zero: none in effect
	Receiving  time.Time          // when our newest receiving key was made
	Out        []parley.PartyCode // have left or are removed, ourselves too
	Rules      *charter.Rules     // in force for what we write next; never changed
	Documents  []charter.Document // that, what was before it, and what is proposed
	Used       []wait.Used        // what each other party has made us read
}

// LogStatus is one generation of one log.
type LogStatus struct {
	Gen      parley.GenerationID
	Party    parley.PartyCode
	Size     uint64
	Root     Hash
	Reason   uint64
	Created  time.Time
	Current  bool
	Disputed bool
	Limit    uint64                      // entries on the record; the greatest uint64 while open
	Stored   map[parley.PartyCode]uint64 // what each other party has given a receipt for
	Seen     map[parley.GenerationID]uint64
	Cert     []byte
	Unread   bool
	Without  map[parley.PartyCode]Without // for whom it seals no more
}

// Status returns the state of the line.
func (e *Engine) Status() Status {
	s := Status{Doubt: e.doubt, Outbox: len(e.outbox), Withheld: e.withheldItems(), Rules: e.rules, Documents: e.chain.Documents()}
	if e.own != nil {
		s.Own = e.own.gen
		if ep := e.effective(); ep != nil {
			s.Epoch, s.EpochSince = ep.number, time.Unix(ep.created, 0)
		}
	}
	if r := e.newestReceiving(); r != nil {
		s.Receiving = time.Unix(r.created, 0)
	}
	if e.shown == nil {
		for _, l := range e.logsInOrder() {
			e.shown = append(e.shown, e.logStatus(l))
		}
	}
	s.Logs = e.shown
	for _, p := range slices.Sorted(maps.Keys(e.roots)) {
		if e.out(p) {
			s.Out = append(s.Out, p)
		}
	}
	for _, p := range e.peersInOrder() {
		s.Used = append(s.Used, p.spent.Used(p.code))
	}
	return s
}

// logStatus returns the state of a log, made anew when it has changed.
func (e *Engine) logStatus(l *log) LogStatus {
	if l.shown != nil {
		return *l.shown
	}
	ls := LogStatus{Gen: l.gen, Party: l.party, Size: l.size, Root: l.tree.Root(), Reason: l.body.Reason, Created: time.Unix(int64(l.body.Time), 0),
		Current: l == e.current(l.party), Disputed: l.disputed, Limit: l.limit, Cert: l.cert, Unread: l.unread > 0, Without: maps.Clone(l.without),
		Stored: map[parley.PartyCode]uint64{}, Seen: maps.Clone(l.seen)}
	for g, n := range l.receipts {
		if h := e.logs[g]; h != nil {
			ls.Stored[h.party] = max(ls.Stored[h.party], n)
		}
	}
	l.shown = &ls
	return ls
}

// SessionSecret returns what proves a session with peer to be post-quantum:
// the XOR of our newest epoch secret that peer can open and of its newest that
// we can, with their names (spec/sessions.md, 4). ok is false when there is
// none on either side.
func (e *Engine) SessionSecret(peer parley.PartyCode) (secret [32]byte, ours, theirs EpochName, ok bool) {
	l := e.current(peer)
	if e.own == nil || l == nil || len(l.secrets) == 0 {
		return secret, ours, theirs, false
	}
	ep := e.heldBy(peer) // that others hold it too is not waited for: they may be gone
	if ep == nil {
		return secret, ours, theirs, false
	}
	best := slices.Max(slices.Collect(maps.Keys(l.secrets)))
	ours, theirs = EpochName{e.own.gen, ep.number}, EpochName{l.gen, best}
	secret, ok = e.SecretOf(peer, ours, theirs)
	return secret, ours, theirs, ok
}

// SetTLS says that our TLS key is another now (Config.TLS).
func (e *Engine) SetTLS(k [32]byte) { e.cfg.TLS = k }

// EpochName names an epoch of a log.
type EpochName struct {
	Gen   parley.GenerationID
	Epoch uint64
}

// SecretOf returns the XOR of the two named epoch secrets, when both are held
// and the first is of a log of ours, the second of one of peer's: two names of
// one secret would prove nothing.
func (e *Engine) SecretOf(peer parley.PartyCode, ours, theirs EpochName) (secret [32]byte, ok bool) {
	a, b := e.logs[ours.Gen], e.logs[theirs.Gen]
	if a == nil || b == nil || a.party != e.cfg.Us || b.party != peer {
		return secret, false
	}
	sa, ok1 := a.secrets[ours.Epoch]
	sb, ok2 := b.secrets[theirs.Epoch]
	for i := range secret {
		secret[i] = sa[i] ^ sb[i]
	}
	return secret, ok1 && ok2
}
