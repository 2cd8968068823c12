package station

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/record"
	"parley/internal/station/witness"
	"parley/internal/store"
)

// byWitness marks evidence that neither side measured or said.
const byWitness = "said by a witness"

// witnessRound bounds one round of asking, and witnessSettle is how long a round
// waits after a test was due, so that the test itself is witnessed.
const (
	witnessRound  = time.Minute
	witnessSettle = 5 * time.Second
)

// witnesses asks the witnesses of a line's annex to cosign the checkpoints of
// the line's logs, ours and the others', at test times and never else. What
// they say is kept, shown and exported as evidence; nothing waits for it.
type witnesses struct {
	l    *liveLine
	urls map[string]string // where each is, by name
	need int               // quorum as configured; 0: more than half
	due  chan struct{}

	asking sync.WaitGroup

	mu     sync.Mutex
	all    []*asked // by name
	quorum int
	tested bool                                                 // a first round has come to an end with somebody, or could ask nobody
	latest map[parley.GenerationID]map[string]store.Cosignature // newest by witness, of what the store keeps
}

// asked is one witness of the annex.
type asked struct {
	name   string
	keys   []c2sp.VKey
	url    string // "" when we were not told where it is
	client *witness.Client
	known  map[parley.GenerationID]uint64 // what it is thought to know; owned by who asks

	// guarded by witnesses.mu
	trouble string // what the last round failed with; ""
	at      time.Time
	ahead   map[parley.GenerationID]uint64 // it knows a larger size than we hold
	busy    bool                           // it is being asked
}

// ParseWitnesses reads the addresses of witnesses in a configuration:
// name=address, separated by spaces. The name is that of the witness's key.
func ParseWitnesses(s string) (map[string]string, error) {
	out := map[string]string{}
	for _, f := range strings.Fields(s) {
		name, addr, ok := strings.Cut(f, "=")
		if !ok || !journal.ValidName(name) {
			return nil, parley.Errorf(parley.Malformed, "witness %q: want name=address", f)
		}
		if _, twice := out[name]; twice {
			return nil, parley.Errorf(parley.Malformed, "witness %s has two addresses", name)
		}
		u, err := witness.ParseURL(addr)
		if err != nil {
			return nil, err
		}
		out[name] = u
	}
	return out, nil
}

// newWitnesses returns who asks for a line.
func newWitnesses(l *liveLine, cfg Config) (*witnesses, error) {
	urls, err := ParseWitnesses(cfg.Witnesses)
	if err != nil {
		return nil, err
	}
	return &witnesses{l: l, urls: urls, need: cfg.Quorum, due: make(chan struct{}, 1), latest: map[parley.GenerationID]map[string]store.Cosignature{}}, nil
}

// follow names the witnesses that the annex in force names.
func (w *witnesses) follow() {
	byName := witnessKeys(w.l.annex().Witnesses)
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*asked
	for name, keys := range byName {
		at := slices.IndexFunc(w.all, func(a *asked) bool { return a.name == name && reflect.DeepEqual(a.keys, keys) })
		if at >= 0 {
			all = append(all, w.all[at])
			continue
		}
		a := &asked{name: name, keys: keys, url: w.urls[name], known: map[parley.GenerationID]uint64{}, ahead: map[parley.GenerationID]uint64{}}
		if a.url != "" {
			a.client = witness.New(a.url, keys)
		}
		all = append(all, a)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	w.all, w.quorum = all, quorumOf(w.need, len(all))
}

// quorumOf is how many of n witnesses are asked for: what the configuration
// says, else more than half.
func quorumOf(configured, n int) int {
	switch {
	case n == 0:
		return 0
	case configured > 0:
		return min(configured, n)
	}
	return n/2 + 1
}

// witnessKeys returns the keys that can be read, by the name of the witness.
func witnessKeys(vkeys []string) map[string][]c2sp.VKey {
	out := map[string][]c2sp.VKey{}
	for _, s := range vkeys {
		if k, err := c2sp.ParseVKey(s); err == nil && k.Type != c2sp.TypeEd25519 {
			out[k.Name] = append(out[k.Name], k)
		}
	}
	return out
}

// load reads what is kept, once the line has started.
func (w *witnesses) load() error {
	w.follow()
	for _, s := range w.l.runner.Status().Logs {
		cs, err := w.l.store.Cosigned(s.Gen)
		if err != nil {
			return fmt.Errorf("reading cosignatures: %w", err)
		}
		w.note(cs)
	}
	return nil
}

// note takes in what the store keeps.
func (w *witnesses) note(cs []store.Cosignature) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range cs {
		m := w.latest[c.Gen]
		if m == nil {
			m = map[string]store.Cosignature{}
			w.latest[c.Gen] = m
		}
		if c.Time >= m[c.Witness].Time {
			m[c.Witness] = c
		}
	}
}

// ask has a round begin. It never blocks.
func (w *witnesses) ask() {
	select {
	case w.due <- struct{}{}:
	default:
	}
}

// run makes a round whenever one is due, and returns when nobody is asked any
// more.
func (w *witnesses) run(ctx context.Context) {
	defer w.asking.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.due:
		}
		sleep(ctx, min(witnessSettle, w.l.testInterval()/4))
		if ctx.Err() == nil {
			w.round(ctx)
		}
	}
}

// round has every witness asked about every log in force, each by itself: a slow
// one holds up no other, and is left out while it is still being asked.
func (w *witnesses) round(ctx context.Context) {
	w.follow()
	logs := w.logs()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tested = w.tested || !slices.ContainsFunc(w.all, func(a *asked) bool { return a.client != nil })
	for _, a := range w.all {
		if a.client == nil || a.busy {
			continue
		}
		a.busy = true
		w.asking.Go(func() {
			ctx, stop := context.WithTimeout(ctx, witnessRound)
			defer stop()
			w.askOne(ctx, a, logs)
			w.l.changed("test")
		})
	}
}

// logs returns the logs in force as they stand after the last step: what we
// signed beyond that may not have left us yet.
func (w *witnesses) logs() (out []witnessed) {
	for _, s := range w.l.runner.Status().Logs {
		if !s.Current || s.Size == 0 || s.Disputed {
			continue
		}
		g, err := w.logAt(s)
		if err != nil {
			w.l.log.Error("reading a log to be witnessed", "generation", s.Gen, "err", err)
			continue
		}
		out = append(out, g)
	}
	return out
}

// witnessed is a log that a round asks about.
type witnessed struct {
	gen  parley.GenerationID
	size uint64
	log  *witness.Log
}

func (w *witnesses) logAt(s line.LogStatus) (witnessed, error) {
	h, ok, err := w.l.store.Head(s.Gen, s.Size)
	if err == nil && (!ok || h.Size != s.Size || h.Root != s.Root) {
		err = parley.Errorf(parley.Corrupt, "no checkpoint of size %d is in the store", s.Size)
	}
	if err != nil {
		return witnessed{}, err
	}
	c, err := journal.ParseCertificate(s.Cert)
	if err != nil {
		return witnessed{}, err
	}
	tree, err := journal.NewTree(s.Size, journal.ReaderFunc(func(at []int64) ([]journal.Hash, error) { return w.l.store.Hashes(s.Gen, at) }))
	if err != nil {
		return witnessed{}, err
	}
	cp := journal.Checkpoint{Origin: c.Origin(), Size: h.Size, Root: h.Root}
	head := headOf(h)
	return witnessed{s.Gen, s.Size, &witness.Log{Checkpoint: cp, Note: c2sp.Note(cp, c.Log, head),
		Consistency: func(older uint64) ([]journal.Hash, error) { return tree.Consistency(older, h.Size) }}}, nil
}

// askOne asks one witness about every log, and keeps what it says.
func (w *witnesses) askOne(ctx context.Context, a *asked, logs []witnessed) {
	var trouble []string
	for _, g := range logs {
		got, err := a.client.Cosign(ctx, a.known[g.gen], g.log)
		var ahead *witness.Ahead
		w.mu.Lock()
		delete(a.ahead, g.gen)
		if errors.As(err, &ahead) {
			a.ahead[g.gen], err = ahead.Size, nil // it was asked by somebody who holds more
		}
		w.mu.Unlock()
		if err == nil && ahead == nil {
			a.known[g.gen] = g.size
			err = w.keep(g, got)
		}
		if err != nil {
			trouble = append(trouble, fmt.Sprintf("log of %s: %v", w.l.partyOf(g.gen), err))
			w.l.log.Info("a witness did not cosign", "witness", a.name, "generation", g.gen, "err", err)
		}
	}
	w.mu.Lock()
	a.trouble, a.at, a.busy = strings.Join(trouble, "; "), w.l.now(), false
	w.tested = true
	w.mu.Unlock()
}

func (w *witnesses) keep(g witnessed, got []witness.Cosigned) error {
	cs := make([]store.Cosignature, len(got))
	for i, x := range got {
		cs[i] = store.Cosignature{Gen: g.gen, Size: g.size, Witness: x.Key.Name, Key: x.Key.ID(), Time: x.Time, Line: x.Line, Arrived: w.l.now().UnixMilli()}
	}
	err := w.l.store.Cosign(cs)
	if err == nil {
		w.note(cs)
	}
	return err
}

// witnessViews shows each witness of a line, by name.
func (l *liveLine) witnessViews() []WitnessView {
	w := l.witnesses
	if w == nil { // the line has not started
		return nil
	}
	latest := w.latestLogs()
	var out []WitnessView
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.all {
		v := WitnessView{Name: a.name, Address: a.url, Trouble: a.trouble, Asked: a.at}
		if a.url == "" {
			v.Trouble = "no address is configured here"
		}
		for _, g := range latest {
			for _, c := range g.by {
				if c.Witness == a.name {
					v.Logs = append(v.Logs, WitnessedLog{Party: g.party, Size: c.Size, At: claimed(c.Time), Arrived: time.UnixMilli(c.Arrived).UTC()})
				}
			}
			if n := a.ahead[g.gen]; n > 0 {
				v.Ahead = append(v.Ahead, WitnessedLog{Party: g.party, Size: n, At: a.at})
			}
		}
		out = append(out, v)
	}
	return out
}

// latestOf is the newest cosignature of each witness over one log in force.
type latestOf struct {
	gen   parley.GenerationID
	party parley.PartyCode
	by    []store.Cosignature
}

func (w *witnesses) latestLogs() (out []latestOf) {
	logs := w.l.runner.Status().Logs
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range logs {
		if !s.Current {
			continue
		}
		g := latestOf{gen: s.Gen, party: s.Party}
		for _, c := range w.latest[s.Gen] {
			g.by = append(g.by, c)
		}
		sort.Slice(g.by, func(i, j int) bool { return g.by[i].Witness < g.by[j].Witness })
		out = append(out, g)
	}
	return out
}

// quorumNotice says that fewer witnesses than asked for have cosigned our log
// within the last two tests; ok is true when enough have, and before the first
// round.
func (l *liveLine) quorumNotice() (n Notice, ok bool) {
	w := l.witnesses
	if w == nil {
		return n, true
	}
	w.mu.Lock()
	tested, quorum, named := w.tested, w.quorum, len(w.all)
	var why []string
	for _, a := range w.all {
		switch {
		case a.url == "":
			why = append(why, a.name+": no address is configured here")
		case a.trouble != "":
			why = append(why, a.name+": "+a.trouble)
		}
	}
	w.mu.Unlock()
	if !tested {
		return n, true
	}
	since := l.now().Add(-2*l.testInterval() - min(witnessRound, l.testInterval()))
	have := 0
	for _, g := range w.latestLogs() {
		if g.party != l.us {
			continue
		}
		for _, c := range g.by {
			if time.UnixMilli(c.Arrived).After(since) {
				have++
			}
		}
	}
	if have >= quorum {
		return n, true
	}
	return Notice{"witness-missing", fmt.Sprintf("%d of %d witnesses asked for (%d named) have cosigned our log at the last tests; nothing is stopped by it. %s",
		have, quorum, named, strings.Join(why, "; ")), l.now()}, false
}

// witnessEvidence is what witnesses say of the others' logs: that they go on is
// said by somebody who is neither side.
func (l *liveLine) witnessEvidence() (out []Evidence) {
	for _, v := range l.witnessViews() {
		for _, g := range v.Logs {
			if g.Party != l.us {
				out = append(out, Evidence{byWitness, "witnessed", fmt.Sprintf("%s has seen %d entries of the log of %s", v.Name, g.Size, g.Party), g.At})
			}
		}
		for _, g := range v.Ahead {
			if g.Party != l.us {
				out = append(out, Evidence{byWitness, "witness-ahead", fmt.Sprintf("%s says, and nothing proves it, that the log of %s has %d entries, more than we hold", v.Name, g.Party, g.Size), g.At})
			}
		}
	}
	return out
}

// witnessedAt returns the first cosignature of each witness over an entry.
func (l *liveLine) witnessedAt(ref parley.Ref) (out []Witnessed, err error) {
	cs, err := l.store.Cosignatures(ref.Gen, ref.Index+1, 64)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, c := range cs {
		if !seen[c.Witness] {
			seen[c.Witness] = true
			out = append(out, Witnessed{By: c.Witness, At: claimed(c.Time)})
		}
	}
	return out, nil
}

// checkCosignature holds a kept cosignature to the key that made it, where that
// is one of keys, and to what is said of it.
func checkCosignature(keys []c2sp.VKey, cp journal.Checkpoint, c *store.Cosignature) error {
	s, err := c2sp.ParseSignatureLine(c.Line)
	if err != nil {
		return err
	}
	if s.Name != c.Witness || s.ID != c.Key {
		return parley.Errorf(parley.Corrupt, "it is of %s, key %08x", s.Name, s.ID)
	}
	for _, k := range keys {
		if k.ID() != c.Key {
			continue
		}
		at, err := k.Verify(cp, s.Sig)
		if err == nil && at != c.Time {
			err = parley.Errorf(parley.Corrupt, "it is of time %d, not %d", at, c.Time)
		}
		return err
	}
	return nil
}

// cosigned returns what goes into an exported record.
func (h heldRecord) cosigned(s line.LogStatus) (out []record.Witness, err error) {
	cs, err := h.l.store.Cosignatures(s.Gen, 0, 0)
	for _, c := range cs {
		if c.Size <= s.Size {
			out = append(out, record.Witness{Size: c.Size, Line: c.Line})
		}
	}
	return out, err
}
