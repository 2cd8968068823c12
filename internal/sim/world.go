package sim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/key"
	"parley/internal/line"
)

// began is what every true clock shows when a world begins.
var began = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)

// A world is one line of several stations on virtual time.
type world struct {
	*ground
	label    string // of the second line; "" of the first
	began    time.Duration
	founding *charter.Founding
	stations []*station
	cables   []*cable
	watch    *watch
	rng      *rand.Rand // for what belongs to no single station or cable
}

// ground is what the lines of one run stand on: the time, what is still to happen,
// and what is noted of it.
type ground struct {
	plan    *Plan
	opts    Options
	now     time.Duration // since began
	queue   events
	seq     uint64
	calm    bool // the faults have stopped for good
	trace   *trace
	counts  Counts
	path    line.PathID
	broken  *Broken
	lines   []*world // the old one, and the new one where somebody joined
	join    *join    // nil: nobody has joined
	secrets *secrets // of the old line; nil where nobody is to join
}

// event is something that happens at a time. Events of one time happen in the
// order in which they were foreseen.
type event struct {
	at  time.Duration
	seq uint64
	do  func()
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	x := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return x
}

// after foresees do in d from now.
func (w *ground) after(d time.Duration, do func()) {
	w.seq++
	heap.Push(&w.queue, event{w.now + max(d, 0), w.seq, do})
}

// run lets time pass until end, or until a promise is broken.
func (w *ground) run(end time.Duration) {
	for len(w.queue) > 0 && w.queue[0].at <= end && w.broken == nil {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		w.counts.Events++
		e.do()
	}
	if w.broken == nil {
		w.now = end
	}
}

// Broken is a promise that was not kept.
type Broken struct {
	Promise string // which, in few words: what shrinking holds on to
	What    string
	At      time.Duration
}

func (b *Broken) Error() string { return fmt.Sprintf("%s: %s (at %s)", b.Promise, b.What, round(b.At)) }

// forgiven are the promises that nobody can keep for a party whose high-water
// mark was put back with its store: its log may fork. What is promised then is
// that the fork is caught, and that the line goes on.
var forgiven = map[string]bool{"nothing is sent twice": true, "a key seals one entry": true, "the urgent overtakes": true, "no entry is altered": true,
	"stored means stored": true, "nothing is sent that was not released": true, "durable before it is said": true, "an honest log goes on": true}

// fail notes the first broken promise.
func (w *world) fail(promise, format string, args ...any) {
	if w.broken == nil && !(w.watch.forked && forgiven[promise]) {
		w.broken = &Broken{promise, fmt.Sprintf(format, args...), w.now}
		w.tell("broken", "", "", "BROKEN: %s: %s", promise, w.broken.What)
	}
}

// newWorld founds the line of a plan.
func newWorld(p *Plan, o Options) *world {
	w := &world{ground: &ground{plan: p, opts: o}, rng: stream(p.Seed, "world")}
	w.lines = []*world{w}
	w.counts.Faults = map[Kind]int{}
	w.trace = newTrace(o)
	w.watch = newWatch(w)
	for i := range p.Parties {
		w.stations = append(w.stations, newStation(w, i, newMachine()))
	}
	if slices.ContainsFunc(p.Acts, func(a Act) bool { return a.Kind == Join }) {
		w.secrets = new(secrets)
	}
	w.found()
	for a := range w.stations {
		for b := a + 1; b < len(w.stations); b++ {
			for n := range p.Cables {
				w.cables = append(w.cables, newCable(w, w.stations[a], w.stations[b], n))
			}
		}
	}
	for _, s := range w.stations {
		s.start()
		w.after(time.Minute, s.round)
	}
	for i := range p.Acts {
		a := p.Acts[i]
		w.after(a.At, func() { w.act(a) })
	}
	w.after(sampleEvery, w.sample)
	return w
}

// machines returns one station of each machine there is.
func (g *ground) machines() (out []*station) {
	for _, w := range g.lines {
		for _, s := range w.stations {
			if s.disk != nil && s == s.on[0] {
				out = append(out, s)
			}
		}
	}
	return out
}

// sound holds the stores in SQLite to what was done to them.
func (w *world) sound() {
	for _, s := range w.machines() {
		if s.disk.sql == nil {
			continue
		}
		if err := s.disk.same(); err != nil {
			w.fail("a disk that does not lie keeps the store whole", "%s, at the end: %v", s.code, err)
		}
	}
}

// close lets go of the stores.
func (w *world) close() {
	for _, s := range w.machines() {
		if s.disk.sql != nil {
			s.disk.sql.close()
		}
	}
}

// found does what pairing did: keys, reveals, charter, and the founding batch
// on each disk.
func (w *world) found() {
	var parties []charter.Party
	f := &charter.Founding{}
	r := newEntropy(w.plan.Seed, "line")
	r.Read(f.Line[:])
	for _, s := range w.stations {
		parties = append(parties, charter.Party{Code: s.code, Name: string(s.code), Languages: []string{"en"}})
		f.Reveals = append(f.Reveals, s.reveal())
	}
	w.agreed(f, parties)
	for _, s := range w.stations {
		must(s.found())
	}
}

// agreed makes the founding of reveals, a charter and an annex.
func (w *world) agreed(f *charter.Founding, parties []charter.Party) {
	f.Charter, f.Annex = charter.DefaultCharter(parties...), charter.DefaultAnnex()
	f.Annex.Quotas = map[charter.Bound]uint64{charter.BlobBytesPerDay: blobsPerDay, charter.BlobBytes: blobMost}
	w.founding = check(charter.ParseFounding(f.Encode()))
	w.watch.rules = newRules(w.founding)
}

// reveal makes the keys of a station for a line, and what it shows of them. Root and
// TLS key are those of the station, on every line of it.
func (s *station) reveal() charter.Reveal {
	if s.root == nil {
		s.root = check(key.NewPair(s.entropy))
	}
	s.keys = check(line.NewKeys(s.entropy))
	v := charter.Reveal{Party: s.code, Name: string(s.code), Root: s.root.Public(), Generation: s.keys.Gen, Log: s.keys.Log.Public(), Receipt: s.keys.Held.Public(),
		Receiving: s.keys.Receiving.Public(), Addresses: []string{"tls://127.0.0.1:1"}}
	if s.tls == ([32]byte{}) {
		s.entropy.Read(s.tls[:])
	}
	v.TLS = s.tls
	must(v.NewNonce(s.entropy))
	return v
}

func check[T any](v T, err error) T {
	must(err)
	return v
}

// station returns whose generation gen is; nil when nobody's.
func (w *world) owner(gen parley.GenerationID) *station { return w.watch.owner[gen] }

// cablesOf returns the cables between two stations; b nil: all of a's.
func (w *world) cablesOf(a, b *station) []*cable {
	var out []*cable
	for _, c := range w.cables {
		if c.joins(a) && (b == nil || c.joins(b)) {
			out = append(out, c)
		}
	}
	return out
}

// act does one act of the plan.
func (w *world) act(a Act) {
	if a.Line > 0 && w == w.lines[0] {
		if len(w.lines) > 1 {
			w.lines[1].act(a)
		}
		return // nobody has joined yet
	}
	s, peer := w.placed(a.A), w.placed(a.B)
	if s == nil || peer == nil {
		return // a party of the old line that is not on the new one
	}
	w.tell("act", s.code, peer.code, "%s", a)
	if a.Kind.Fault() {
		w.counts.Faults[a.Kind]++
	}
	switch a.Kind {
	case Say, Attach, React:
		if s.mayWrite() {
			s.writes(a)
		}
	case Amend, Remove:
		s.propose(a)
	case Assent:
		s.assent(a.N)
	case Leave:
		s.leave()
	case Arrange:
		s.arrange(a.N)
	case Tell:
		s.tell(a.N)
	case Phone:
		s.phone(a.N)
	case Join:
		w.joins(s, a)
	case Cite:
		s.cites(a.N&1 != 0)
	case Disclose:
		s.discloses(a.N)
	case Noise, Slowness, Delay, Cut:
		if cs := w.cablesOf(s, peer); s != peer && len(cs) > 0 {
			cs[a.Path%len(cs)].act(a)
		}
	case Dark:
		for _, c := range w.cablesOf(s, nil) {
			c.act(Act{Kind: Cut, N: 3, For: a.For})
		}
	default:
		s.act(a)
	}
}

// writes lets people write, or answer.
func (s *station) writes(a Act) {
	switch a.Kind {
	case Say:
		s.say(a)
	case Attach:
		s.attach(a)
	case React:
		s.react(a.N)
	}
}
