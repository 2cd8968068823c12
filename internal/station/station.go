// Package station wires one party's station: its configuration, store, lines,
// paths and people. It alone knows all the other rooms.
package station

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/bearer/quic"
	bearertls "parley/internal/bearer/tls"
	"parley/internal/charter"
	"parley/internal/find"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/own"
	"parley/internal/said/compare"
	"parley/internal/store/blob"
	"parley/internal/store/hwm"
	"parley/internal/store/sqlite"
)

// Station is one party's station. Open makes it, Run lives it, Close ends it.
type Station struct {
	cfg      Config
	log      *slog.Logger
	now      func() time.Time
	storage  *key.Storage
	tls      *tlsKeys
	store    *sqlite.Store
	own      *own.Store
	finder   *find.Index // nil when it could not be opened: searches read the record then
	marks    *hwm.Marks
	blobs    *blob.Dir
	net      *network
	hub      *hub
	hook     *hook
	calling  callDesk
	phones   phoneDesk
	kept     compare.Kept // what statements were found to say differently
	restored bool
	started  time.Time

	ready chan struct{} // closed once every line has started

	low      atomic.Bool  // the disk is kept for our own logs
	worked   atomic.Int64 // when something was made durable last, in seconds since 1970
	filing   sync.Mutex   // held while a file is put among the attachments
	lastLook instant      // owned by watch

	mu       sync.Mutex
	lowTold  time.Time // when the alarm about the disk was raised
	lines    map[parley.LineID]*liveLine
	shut     map[parley.LineID]error // lines of which not even the founding can be read, and why
	assented bool                    // assents that a crash cut off are filed, of the lines that work
	run      context.Context         // while Run runs
	wg       sync.WaitGroup
}

// Open opens the data directory of cfg. Errors say which file, and what to do.
func Open(cfg Config, log *slog.Logger) (_ *Station, err error) {
	s := &Station{cfg: cfg, log: log, now: time.Now, hub: newHub(), ready: make(chan struct{}), calling: callDesk{of: map[parley.LineID]*liveCall{}},
		phones: phoneDesk{begun: map[parley.LineID]*phoneRing{}, bells: map[parley.Ref]context.CancelFunc{}, line: map[parley.Ref]parley.LineID{}}, lines: map[parley.LineID]*liveLine{}, shut: map[parley.LineID]error{}}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	s.started = s.now()
	if s.hook, err = newHook(cfg, log, s.now, s.hookFailed); err != nil {
		return nil, err
	}
	storage, seed, err := openKeys(cfg)
	if err != nil {
		return nil, err
	}
	s.storage = storage
	if s.tls, err = openTLSKeys(cfg, storage, seed); err != nil {
		return nil, fmt.Errorf("opening the TLS key: %w", err)
	}
	if s.store, err = sqlite.Open(cfg.Dir, storage, sqlite.Options{}); err != nil {
		return nil, err
	}
	if _, s.restored, err = s.store.Restored(); err != nil {
		return nil, err
	}
	if s.own, err = own.Open(cfg.path("own.db"), storage); err != nil {
		return nil, err
	}
	if s.finder, err = find.Open(cfg.path("find.db"), storage); err != nil {
		log.Error("the search index is not used: searches read the record", "err", err)
	}
	if s.marks, err = hwm.Open(cfg.HighWater); err != nil {
		return nil, err
	}
	if s.blobs, err = blob.Open(filepath.Join(cfg.Dir, "blobs"), blob.Options{Daily: s.blobsPerDay, Least: blobCost}); err != nil {
		return nil, err
	}
	if err := dropHalves(filepath.Join(cfg.Dir, "blobs")); err != nil {
		log.Error("what is left of files whose attaching was cut off is not removed", "err", err)
	}
	s.net = s.newNetwork()
	s.net.halfIn, s.net.mediaIn, s.net.chatIn = s.halfIn, s.mediaIn, s.chatIn
	return s, nil
}

func (s *Station) newNetwork() *network {
	n := &network{lobby: newLobby(s.now), listen: map[string]string{}, log: s.log, now: s.now, lines: map[parley.LineID]*liveLine{}, sessions: map[line.PathID]*session{}, ofLine: map[parley.LineID]map[line.PathID]*session{},
		cut: map[cutKey]bool{}, trouble: map[pathKey]trouble{}, heardAt: map[pathKey]time.Time{}, words: map[parley.LineID]lastWords{},
		bound: map[string]string{}, unbound: map[string]error{}}
	o := bearer.Options{Identity: s.tls.latest(), Latest: s.tls.latest, Allow: n.allowed, Lines: n.linesOf}
	n.bearers = []bearer.Bearer{quic.New(o), bearertls.New(o)}
	n.life, n.end = context.WithCancel(context.Background())
	n.listen["QUIC"], n.listen["TLS"] = s.cfg.ListenQUIC, s.cfg.ListenTLS
	return n
}

// Run starts every line and the network, and works until ctx ends.
func (s *Station) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.mu.Lock()
	s.run = ctx
	s.mu.Unlock()
	s.lookAtDisk() // before a peer can say anything
	s.openMedia()
	if err := s.resumeFoundings(); err != nil {
		return err
	}
	ids, err := s.store.Lines()
	if err != nil {
		return err
	}
	s.startLines(ctx, ids)
	if err := s.resumeAssents(ctx); err != nil {
		return err
	}
	s.spawn(func() { s.net.run(ctx) })
	s.spawn(func() { s.upkeep("the record", s.store.Run(ctx)) })
	s.spawn(func() { s.upkeep("our own side", s.own.Run(ctx)) })
	s.spawn(func() { s.watch(ctx) })
	s.spawn(func() { s.keepIndex(ctx) })
	s.spawn(func() { s.ringer(ctx) })
	s.spawn(func() { s.rotateTLS(ctx) })
	close(s.ready)
	s.openPhones()
	<-ctx.Done()
	if phones, _ := s.phones.get(); phones != nil {
		phones.Close()
	}
	s.wg.Wait()
	if s.calling.media != nil {
		s.calling.media.Close()
	}
	s.hook.wg.Wait() // nobody rings any more: wait for the commands under way
	return nil
}

// upkeep says that the upkeep of a file has ended before its time: nothing is lost by
// it, and the file takes more room than it should.
func (s *Station) upkeep(what string, err error) {
	if err != nil {
		s.log.Error("the file is no longer folded", "file", what, "err", err)
	}
}

// Ready is closed once Run has started every line of the store that can be, or each has
// had startWithin.
func (s *Station) Ready() <-chan struct{} { return s.ready }

func (s *Station) spawn(f func()) {
	s.wg.Add(1)
	go func() { defer s.wg.Done(); f() }()
}

// Working reports whether something was made durable lately, or a call runs.
func (s *Station) Working() bool {
	s.calling.mu.Lock()
	calls := len(s.calling.of)
	s.calling.mu.Unlock()
	return calls > 0 || time.Now().Unix()-s.worked.Load() < int64(restAfter/time.Second)
}

// Close releases what Open took. Run must have returned.
func (s *Station) Close() error {
	s.hub.close()
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	if s.marks != nil {
		keep(s.marks.Close())
	}
	if s.finder != nil {
		keep(s.finder.Close())
	}
	if s.own != nil {
		keep(s.own.Close())
	}
	if s.store != nil {
		keep(s.store.Close())
	}
	return first
}

// lineMark is the high-water mark of one line.
type lineMark struct {
	marks *hwm.Marks
	id    parley.LineID
}

func (m lineMark) Load() (parley.GenerationID, uint64, [32]byte, bool, error) {
	k, ok, err := m.marks.Load(m.id)
	return k.Gen, k.Size, k.Root, ok, err
}

func (m lineMark) Store(gen parley.GenerationID, size uint64, root [32]byte) error {
	return m.marks.Store(m.id, hwm.Mark{Gen: gen, Size: size, Root: root})
}

// limitsOf is what the configuration says in place of the annex in force. A
// station may take more from its peers than that says: it binds what they may
// ask, not what we may give.
func limitsOf(c Config) (l line.Limits) {
	if c.AcceptRate > 0 {
		l.Bytes, l.Rate, l.Burst = 1<<50, float64(c.AcceptRate), float64(c.AcceptRate)*60
	}
	return l
}

// starting reports whether Run is still opening lines. The caller holds mu.
func (s *Station) starting() bool {
	select {
	case <-s.ready:
		return false
	default:
		return true // Run may not have begun, and be asked already
	}
}

// blobCost is the least that an attachment counts against the bound of its day:
// two files, their names, and keeping track of it. A gigabyte of empty ones is
// 16,384.
const blobCost = 64 << 10

// blobsPerDay is what the annex of a line lets another party announce in a day;
// our own attachments have no bound.
func (s *Station) blobsPerDay(id parley.LineID, p parley.PartyCode) int64 {
	if p == parley.PartyCode(s.cfg.Party) {
		return -1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.lines[id]; l != nil {
		return int64(l.annex().Bound(charter.BlobBytesPerDay))
	}
	return 0
}

// lineOf finds a line by its id, a unique prefix of at least 4 digits of it,
// or the code or name of the other side. The error is NotFound, Conflict, or
// Unavailable while lines are still being opened.
func (s *Station) lineOf(name string) (*liveLine, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, err := parley.ParseLineID(name); err == nil && s.lines[id] != nil {
		return s.lines[id], nil
	}
	var found []*liveLine
	for _, l := range s.lines {
		if l.calls(name) {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if id, why := s.shutLine(name); why != nil {
			return nil, parley.Errorf(parley.KindOf(why), "line %s cannot be opened: its founding in %s is not readable: %v", id, s.cfg.path(storeFile), why).WithHint(tryStore)
		}
		if s.starting() {
			return nil, parley.Errorf(parley.Unavailable, "the station is starting, and has not opened line %q yet", name).WithHint("try again in a moment")
		}
		return nil, parley.Errorf(parley.NotFound, "no line %q", name).WithHint("list them: parley line list")
	}
	return nil, parley.Errorf(parley.Conflict, "%q may mean %d lines", name, len(found)).WithHint("give more digits of the line's id")
}
