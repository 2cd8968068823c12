package line

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/wait"
)

// Config is what an engine needs besides its store. Nothing in it changes
// while the engine lives, but TLS by SetTLS.
type Config struct {
	Founding *charter.Founding
	Us       parley.PartyCode
	Store    Reader
	Rand     io.Reader // secrets and keys; crypto/rand outside simulations
	// SettleAfter is how long others' entries may wait before we write a seen
	// entry only to confirm their order. 0 means 10 seconds.
	SettleAfter time.Duration
	// Rotate is the age at which epochs and receiving keys are renewed. 0
	// means a day (spec/sealing.md).
	Rotate time.Duration
	TLS    [32]byte // SHA-256 of our TLS key's SubjectPublicKeyInfo
	Limits Limits   // zero fields mean spec/bounds.md
}

// Engine is the state of one line at one station.
type Engine struct {
	cfg      Config
	line     parley.LineID
	founding [32]byte
	roots    map[parley.PartyCode]key.Public

	logs    map[parley.GenerationID]*log
	ordered []*log      // logsInOrder, until logs or their order change
	shown   []LogStatus // of all logs, until one changes
	own     *log        // the generation we write to; nil before one is opened, or in doubt
	sign    key.Signer
	hold    key.Signer
	doubt   string // why own is nil or not to be written to; "" when all is well
	why     uint64 // reason code of doubt

	receiving  []*receiving
	outbox     []Filed // by id
	lastFiled  uint64
	peers      map[parley.PartyCode]*peer
	paths      map[PathID]*path
	pending    map[string]string // engine-made items waiting to be handed out, by name
	complaints map[string]complaint
	fresh      bool // a new epoch is due: we have just started

	epochs   []*ownEpoch                  // of own, oldest first
	owedAt   time.Time                    // when the oldest unanswered duty to write arose
	settleBy time.Time                    // when a seen entry is due to confirm order; zero: none
	given    map[parley.GenerationID]bool // recoveries confirmed by officers
	holdOff  time.Time                    // we write nothing before this: a peer may hold more of our log than we
	withheld withheld

	chain  *charter.Chain
	rules  *charter.Rules // in force for what we write next
	limits Limits         // of the annex in force, or of the configuration
	acts   int            // of chain, kept
	stale  bool           // chain is to be built again

	shutOut []shutOut // not judged yet

	early  wait.Parties
	opened int    // bytes of headers and bodies in the batch of this step
	spoken int    // bytes of entries read from the store to be sent in this step
	moves  uint64 // runs accepted so far
	low    bool   // our disk is kept for our own logs
	now    time.Time
	fx     Effects
	grew   map[parley.GenerationID]uint64 // others' logs that grew in this step: old size
}

// log is one generation of one party's log as this station holds it.
type log struct {
	gen       parley.GenerationID
	party     parley.PartyCode
	origin    string
	cert      []byte
	body      journal.CertificateBody
	signed    *key.Verifier
	held      *key.Verifier
	tree      *journal.Tree
	size      uint64
	seen      map[parley.GenerationID]uint64 // accumulated, at size
	marks     []mark                         // where seen grew, for closure
	time      uint64
	epoch     uint64 // the next epoch number to be announced
	sealedBy  uint64 // the greatest epoch that sealed an entry
	serial    [2]uint64
	blind     [2]bool // entries did not open since that serial: the next may be any greater one
	disputed  bool
	closed    bool                           // superseded by a later generation of its party
	limit     uint64                         // what is taken of the log of a party that is out; else noLimit
	asks      uint64                         // size up to the last entry that asks others to confirm its order
	confirmed map[parley.GenerationID]uint64 // of other logs: asks when an entry of this one first covered it
	recv      key.ReceivingPublic            // newest receiving key published
	unread    uint64                         // 1 + the first entry we hold and cannot open for want of a key; 0: none
	without   map[parley.PartyCode]Without   // for whom its epochs are sealed no more
	recvAt    uint64                         // index+1 of the entry that published it; 0: the certificate
	secrets   map[uint64][32]byte            // epoch secrets we hold
	receipts  map[parley.GenerationID]uint64 // holder generation -> size

	early      *wait.Entries
	suspects   wait.Suspects // differ from what we hold
	forkTried  time.Time
	heads      []wait.Head // waiting for entries or for what they have seen, by size
	waiting    []wait.Receipt
	shut       uint64                               // 1 + the first entry kept shut, see openEntry; 0: none
	showed     time.Time                            // when we last showed a checkpoint of it to all
	claimed    time.Time                            // since when an entry waits that claims more of our log than we wrote
	complained uint64                               // epochs announced when we last complained of this log
	epochAt    uint64                               // index of the newest epoch entry
	sealedTo   map[parley.PartyCode]key.ReceivingID // whom that is sealed to, and to which key; nil when not known
	coveredTo  map[parley.PartyCode]key.ReceivingID // the same of the newest that an entry of ours covers
	dirty      bool
	shown      *LogStatus // until the log changes
}

type mark struct {
	index uint64 // the entry at which seen grew
	seen  map[parley.GenerationID]uint64
}

// Load reads an engine's state from its store.
func Load(cfg Config, now time.Time) (*Engine, error) {
	if cfg.SettleAfter == 0 {
		cfg.SettleAfter = 10 * time.Second
	}
	if cfg.Rotate == 0 {
		cfg.Rotate = 24 * time.Hour
	}
	e := &Engine{cfg: cfg, line: cfg.Founding.Line, founding: cfg.Founding.Hash(), now: now,
		roots: map[parley.PartyCode]key.Public{}, logs: map[parley.GenerationID]*log{},
		peers: map[parley.PartyCode]*peer{}, paths: map[PathID]*path{}, pending: map[string]string{}, fresh: true,
		given: map[parley.GenerationID]bool{}, grew: map[parley.GenerationID]uint64{}}
	for _, r := range cfg.Founding.Reveals {
		e.roots[r.Party] = r.Root
		if r.Party != cfg.Us {
			e.peers[r.Party] = newPeer(r.Party)
		}
	}
	if err := e.load(); err != nil {
		return nil, fmt.Errorf("loading line %s: %w", e.line, err)
	}
	if err := e.loadQuotas(); err != nil {
		return nil, fmt.Errorf("loading line %s: %w", e.line, err)
	}
	return e, nil
}

// Step takes what happened, at now, and returns what to make durable and what
// to say after that. It is the only way in. An error means that the store
// failed to give back what it held: the engine must be thrown away.
func (e *Engine) Step(now time.Time, events ...Event) (*Effects, error) {
	e.now = now
	e.fx = Effects{Batch: Batch{Line: e.line}}
	e.opened, e.spoken = 0, 0
	clear(e.grew)
	filed := e.lastFiled
	if e.stale {
		if err := e.rebuild(); err != nil {
			return nil, err
		}
	}
	for _, ev := range events {
		if err := e.take(ev); err != nil {
			return nil, err
		}
	}
	if err := e.settle(); err != nil {
		return nil, err
	}
	e.judgeShutOut()
	if err := e.cosignGrown(); err != nil {
		return nil, err
	}
	if err := e.judgeWithheld(); err != nil {
		return nil, err
	}
	if err := e.write(); err != nil {
		return nil, err
	}
	if e.lastFiled != filed {
		e.saveSelf()
	}
	e.saveDirty()
	e.saveQuotas()
	fx := e.fx
	e.fx = Effects{}
	return &fx, nil
}

func (e *Engine) take(ev Event) error {
	switch ev := ev.(type) {
	case PathUp:
		return e.pathUp(ev)
	case PathProved:
		e.pathProved(ev)
	case PathDown:
		e.pathDown(ev.Path)
	case FrameIn:
		return e.frameIn(ev)
	case File:
		return e.file(ev.Item)
	case Unfile:
		if slices.ContainsFunc(e.outbox, func(f Filed) bool { return f.ID == ev.ID }) {
			e.unfile(ev.ID)
		}
	case Doubt:
		return e.enterDoubt(ev.Reason, ev.Why, ev.Superseded)
	case OpenGeneration:
		return e.openByRoot(ev.Root, ev.Reason)
	case Handed:
		return e.certificateIn(nil, ev.Certificate)
	case GiveKeys:
		e.given[ev.Gen] = true
	case SendWithheld:
		e.letGo()
	case Space:
		e.low = ev.Low
	case Tick:
		return e.tick()
	}
	return nil
}

// tick does what time alone asks for: sends again what was lost, renews keys.
func (e *Engine) tick() error {
	e.repeatHello()
	if e.owedAt.IsZero() && e.owes() { // a duty from before a restart
		e.owedAt = e.now
	}
	if err := e.rotate(); err != nil {
		return err
	}
	for _, p := range e.peersInOrder() {
		if err := e.nudge(p); err != nil {
			return err
		}
		e.askKeys(p)
	}
	return e.openShut()
}

func (e *Engine) peersInOrder() []*peer {
	return slices.SortedFunc(maps.Values(e.peers), func(a, b *peer) int { return cmp.Compare(a.code, b.code) })
}

// logsInOrder returns the logs from the oldest to the newest. Nobody changes
// the slice.
func (e *Engine) logsInOrder() []*log {
	if e.ordered == nil {
		e.ordered = slices.SortedFunc(maps.Values(e.logs), func(a, b *log) int {
			return a.body.Compare(&b.body)
		})
	}
	return e.ordered
}

// current returns party's newest generation (spec/order.md, Record order); nil
// when none is known.
func (e *Engine) current(party parley.PartyCode) *log {
	for _, l := range slices.Backward(e.logsInOrder()) {
		if l.party == party {
			return l
		}
	}
	return nil
}

func (e *Engine) alarm(code string, party parley.PartyCode, ref parley.Ref, format string, args ...any) {
	e.fx.Alarms = append(e.fx.Alarms, Alarm{Code: code, Party: party, Ref: ref, Text: fmt.Sprintf(format, args...)})
}

func (e *Engine) millis() int64 { return e.now.UnixMilli() }

// seconds is the time that entries and receipts carry. A clock before 1970 or
// absurdly far ahead is held within the range of spec/entry.md.
func (e *Engine) seconds() uint64 {
	s := e.now.Unix()
	if s < 1 {
		return 1
	}
	return min(uint64(s), maxTime-1)
}
