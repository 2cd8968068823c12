package station

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/find"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/own"
	"parley/internal/station/owner"
	"parley/internal/store"
	"parley/internal/wire"
)

// liveLine is one line of this station while it runs: its engine's owner, its
// paths, what is known of the other stations, and the tests of it.
type liveLine struct {
	id       parley.LineID
	us       parley.PartyCode
	founding *charter.Founding
	store    store.Line
	runner   *runner
	net      *network
	blobs    *transfers
	log      *slog.Logger
	now      func() time.Time
	timings  Timings
	diskLow  func() bool                   // the disk is kept for our own logs
	emit     func(kind, line, item string) // to desks
	onCommit func(l *liveLine, a *applied) // to alarms and automatic acts
	paths    chan struct{}                 // holds one token when a path came or went, for the clerk; nil: nobody is told

	witnesses *witnesses // nil when the annex names none

	own     *own.Store
	found   *find.Line  // nil: no index
	unfound atomic.Bool // something may be on the record that is not in the index

	backlog    bool      // more of it than one batch; of keepIndex alone
	indexAgain time.Time // when the index may look at this line again; of keepIndex alone

	shares   *counted                 // of FLASH; nil: not counted yet; under mu
	quiet    *quiet                   // offices that are due; nil: not looked for yet; under mu
	nextText func(last uint64) uint64 // which test text comes after another

	translated map[string]bool // items with a translation of ours; nil: not read yet; under mu

	books      bookShelf // what contacts the record amounts to
	callShelf  callShelf
	heardRings heardRings
	saidShelf  saidShelf // what is said of them
	tapeShelf  tapeShelf
	vkeys      vkeys // of its logs

	path     string        // what it is stored in
	up       chan struct{} // closed once it works
	firstTry chan struct{} // closed once it is known whether its engine loads

	mu         sync.Mutex
	halted     error     // why it does not work though its engine is loaded
	lastUp     time.Time // last time any peer proved to be there
	pins       map[parley.PartyCode]map[[32]byte]bool
	ownKeys    map[parley.PartyCode][]ownKey // told in annex entries, oldest first
	outSince   time.Time                     // since when we know that somebody is out
	stood      map[parley.PartyCode][32]byte // the newest of these that a session has stood with
	addrs      map[parley.PartyCode][]string
	clocks     map[parley.PartyCode]time.Duration // each other station's clock less ours, as a path told it last
	metOn      int64                              // day of met
	met        map[parley.PartyCode]int           // introductions of each party
	tests      testState
	lamp       Lamp
	human      time.Time
	theirHuman time.Time   // when a human of theirs last answered
	late       string      // an own entry that no human has answered in time; see sweep
	drill      *drillState // the single-path drill that is on; nil: none
	deciding   sync.Mutex  // held from looking to filing by acts that are done once: assents, leaving, exercises
	placing    sync.Mutex
	placer     owner.Placer  // owned by whoever holds placing
	settled    int64         // of placer, when it was last asked; likewise
	turns      atomic.Uint64 // placer.Turns
}

// Timings are the intervals of a line. The charter gives the test interval;
// the demo shortens the rest.
type Timings struct {
	Test        time.Duration                       // between line tests; 0: as the charter says
	SettleAfter time.Duration                       // see line.Config; 0: 10 seconds
	Objective   map[parley.Precedence]time.Duration // overrides of the charter's, for demos
	QueryAgain  time.Duration                       // least time between automatic queries about one entry; 0: 10 minutes
}

// Objective returns the time from release to opened that is asked for p.
func (l *liveLine) objective(p parley.Precedence) time.Duration {
	if d, ok := l.timings.Objective[p]; ok {
		return d
	}
	return l.charter().Objective(p)
}

// setPeers reads keys and addresses of the other parties: from their reveals,
// and after that from their own annex entries.
func (l *liveLine) setPeers() {
	l.pins, l.addrs = map[parley.PartyCode]map[[32]byte]bool{}, map[parley.PartyCode][]string{}
	l.clocks = map[parley.PartyCode]time.Duration{}
	l.ownKeys, l.stood = map[parley.PartyCode][]ownKey{}, map[parley.PartyCode][32]byte{}
	for _, r := range l.founding.Reveals {
		l.pins[r.Party] = map[[32]byte]bool{r.TLS: true}
		l.addrs[r.Party] = r.Addresses
	}
}

// pinned reports whether the TLS key is one of the party's.
func (l *liveLine) pinned(p parley.PartyCode, k [32]byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return p != l.us && l.pins[p][k]
}

// address returns where to dial a party with a bearer; "" when it gave none.
func (l *liveLine) address(p parley.PartyCode, bearerName string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.addrs[p] {
		if hp := hostPort(a, bearerName); hp != "" {
			return hp
		}
	}
	return ""
}

// annex returns the annex in force for what we write next.
func (l *liveLine) annex() *charter.Annex {
	if r := l.runner.Status().Rules; r != nil {
		return r.Annex
	}
	return &l.founding.Annex
}

// clockAhead is how far a header time may be ahead of our clock before it is
// marked (spec/bounds.md, 13).
func (l *liveLine) clockAhead() time.Duration {
	return time.Duration(l.annex().Bound(charter.ClockAhead)) * time.Second
}

// pathChanged tells desks and the clerk that a path came or went.
func (l *liveLine) pathChanged() {
	l.changed("path")
	select {
	case l.paths <- struct{}{}:
	default:
	}
}

func (l *liveLine) changed(kind string) { l.emit(kind, l.id.String(), "") }

// proved notes that some peer answered just now.
func (l *liveLine) proved(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.After(l.lastUp) {
		l.lastUp = t
	}
}

// sayState is what we tell the other side of ourselves in every pong.
func (l *liveLine) sayState() wire.PongState {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := wire.PongState{StorageOK: l.runner.Failed() == nil && !l.diskLow()}
	if !l.human.IsZero() {
		s.LastAnswer = uint64(l.human.Unix())
		s.OnWatch = l.now().Sub(l.human) < 12*time.Hour
	}
	return s
}

// noteHuman records that a person of ours answered something on this line.
func (l *liveLine) noteHuman() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.human = l.now()
}

// peers returns the codes of all other parties that founded the line: those
// that are out may still come for what is sealed for them.
func (l *liveLine) peers() []parley.PartyCode { return l.founding.Others(l.us) }

// heard tells the rest of the station what a commit made durable. It runs on
// the owner goroutine, and only hands over.
func (l *liveLine) heard(a *applied) {
	l.unfound.Store(true)
	for _, e := range a.entries {
		l.emit("item", l.id.String(), parley.Ref{Gen: e.Gen, Index: e.Index}.String())
	}
	if len(a.receipts)+len(a.unfiled)+len(a.filed) > 0 {
		l.emit("item", l.id.String(), "")
	}
	runtime.Gosched() // desks before the clerk, whose work would keep them waiting
	l.onCommit(l, a)
}

// file encodes a form and files it on behalf of the station.
// Where the line has ended nothing is filed any more: NotAllowed.
func (l *liveLine) file(ctx context.Context, h *form.Header, f form.Form) (uint64, error) {
	if why := l.ended(); why != "" {
		return 0, errEnded(why)
	}
	h.Form = f.Name()
	return l.runner.File(ctx, line.Filed{Precedence: h.Precedence, At: l.now().UnixMilli(), Header: form.EncodeHeader(h), Fields: form.EncodeFields(f)})
}

// place brings record order up to date with what is held. It is called before
// the record is read, and now and then in between.
func (l *liveLine) place() error {
	l.placing.Lock()
	defer l.placing.Unlock()
	err := l.placer.Place(l.store, l.founding.Charter.Codes(), l.runner.Status())
	l.turns.Store(l.placer.Turns())
	if n := l.placer.Settled(); n != l.settled {
		l.settled = n
		l.unfound.Store(true)
	}
	return err
}
