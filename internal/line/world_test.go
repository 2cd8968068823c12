package line_test

import (
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"reflect"
	"sort"
	"testing"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/store/memory"
	"parley/internal/wire"
)

// world is a line of several engines on virtual time, with links that lose,
// repeat and reorder what they carry.
type world struct {
	t        *testing.T
	rng      *mrand.Rand
	now      time.Time
	founding *charter.Founding
	nodes    map[parley.PartyCode]*node
	codes    []parley.PartyCode
	queue    []flying
	paths    line.PathID
	loss     float64 // of frames
	repeat   float64
	shuffle  bool
	cut      map[[2]parley.PartyCode]bool
	bytes    int
	steps    int
	unproved bool // sessions do not exchange auth frames
	authed   map[line.PathID][2]parley.GenerationID
	tap      func(from, to parley.PartyCode, f wire.Frame) wire.Frame // nil result: dropped
}

type node struct {
	w       *world
	code    parley.PartyCode
	root    *key.Pair
	keys    *line.Keys
	storage *key.Storage
	mem     *memory.Store
	st      store.Line
	cfg     line.Config
	e       *line.Engine
	paths   map[parley.PartyCode]line.PathID
	alarms  []line.Alarm
	filed   uint64
}

type flying struct {
	from, to parley.PartyCode
	raw      []byte
}

func newWorld(t *testing.T, codes ...parley.PartyCode) *world {
	t.Helper()
	w := &world{t: t, rng: mrand.New(mrand.NewPCG(1, uint64(len(codes)))), now: time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC),
		nodes: map[parley.PartyCode]*node{}, codes: codes, cut: map[[2]parley.PartyCode]bool{}, authed: map[line.PathID][2]parley.GenerationID{}}
	var parties []charter.Party
	for _, c := range codes {
		parties = append(parties, charter.Party{Code: c, Name: string(c), Languages: []string{"en"}})
	}
	var id parley.LineID
	rand.Read(id[:])
	f := &charter.Founding{Line: id}
	for _, c := range codes {
		n := &node{w: w, code: c, paths: map[parley.PartyCode]line.PathID{}}
		n.root, n.keys, n.storage = must(key.NewPair(rand.Reader)), must(line.NewKeys(rand.Reader)), must(key.NewStorage(rand.Reader))
		r := charter.Reveal{Party: c, Name: string(c), Root: n.root.Public(), Generation: n.keys.Gen, Log: n.keys.Log.Public(), Receipt: n.keys.Held.Public(),
			Receiving: n.keys.Receiving.Public(), Addresses: []string{"tls://127.0.0.1:1"}}
		rand.Read(r.TLS[:])
		must(0, r.NewNonce(rand.Reader))
		f.Reveals = append(f.Reveals, r)
		w.nodes[c] = n
	}
	f.Charter, f.Annex = charter.DefaultCharter(parties...), charter.DefaultAnnex()
	w.founding = must(charter.ParseFounding(f.Encode()))
	for _, c := range codes {
		w.nodes[c].found()
	}
	return w
}

func must[T any](v T, err ...error) T {
	for _, e := range err {
		if e != nil {
			panic(e)
		}
	}
	return v
}

func (n *node) found() {
	n.fresh()
	body := journal.CertificateBody{Line: n.w.founding.Line, Party: n.code, Founding: n.w.founding.Hash(), Time: uint64(n.w.now.Unix()), TLS: n.tls()}
	n.keys.Describe(&body)
	cert := must(journal.SignCertificate(n.root, journal.ByRoot, parley.GenerationID{}, body))
	b := must(line.Found(n.cfg, n.keys, cert))
	must(0, n.st.Apply(b))
	n.load()
}

func (n *node) tls() [32]byte {
	r, _ := n.w.founding.Party(n.code)
	return r.TLS
}

// lose takes everything from the node but its root key, and opens a new
// generation with that.
func (n *node) lose() {
	n.down()
	n.fresh()
	n.load()
	n.step(line.OpenGeneration{Root: n.root, Reason: journal.ReasonLost})
}

// fresh gives the node an empty store.
func (n *node) fresh() {
	n.mem = memory.New(n.storage)
	must(0, n.mem.CreateLine(n.w.founding.Line, n.w.founding.Encode(), nil))
	n.use(n.mem)
}

func (n *node) use(m *memory.Store) {
	n.mem, n.st = m, m.Line(n.w.founding.Line)
	n.cfg = line.Config{Founding: n.w.founding, Us: n.code, Store: n.st, Rand: rand.Reader, SettleAfter: 5 * time.Second}
}

// load starts the engine from the store, as after a crash.
func (n *node) load() {
	n.down()
	n.e = must(line.Load(n.cfg, n.w.now))
	n.filed = n.e.LastFiled()
	n.step()
}

func (n *node) step(evs ...line.Event) {
	fx, err := n.e.Step(n.w.now, evs...)
	if err != nil {
		n.w.t.Fatalf("%s: step: %v", n.code, err)
	}
	if !fx.Batch.Empty() {
		if err := n.st.Apply(&fx.Batch); err != nil {
			n.w.t.Fatalf("%s: apply: %v", n.code, err)
		}
	}
	if n.w.steps++; n.w.steps%5 == 0 { // what a status shares with the one before is as it would be made anew
		if got, want := n.e.Status().Logs, n.e.FreshLogs(); !reflect.DeepEqual(got, want) {
			n.w.t.Fatalf("%s: the status of the logs is stale:\n%+v\n%+v", n.code, got, want)
		}
	}
	n.alarms = append(n.alarms, fx.Alarms...)
	for _, s := range fx.Sends {
		f := s.Frame
		if n.w.tap != nil {
			if f = n.w.tap(n.code, s.To, f); f == nil {
				continue
			}
		}
		raw, err := wire.Marshal(f)
		if err != nil {
			n.w.t.Fatalf("%s: marshalling %T: %v", n.code, f, err)
		}
		n.w.bytes += len(raw)
		n.w.queue = append(n.w.queue, flying{n.code, s.To, raw})
	}
	for _, c := range fx.Closes {
		for p, id := range n.paths {
			if id == c.Path {
				n.w.t.Logf("%s closes the path to %s: %v", n.code, p, c.Reason)
				n.w.disconnect(n.code, p)
			}
		}
	}
}

func (n *node) down() {
	for p := range n.paths {
		n.w.disconnect(n.code, p)
	}
}

func (w *world) connect(a, b parley.PartyCode) {
	for _, x := range [][2]parley.PartyCode{{a, b}, {b, a}} {
		w.paths++
		w.nodes[x[0]].paths[x[1]] = w.paths
	}
	w.nodes[a].step(line.PathUp{Path: w.nodes[a].paths[b], Peer: b})
	w.nodes[b].step(line.PathUp{Path: w.nodes[b].paths[a], Peer: a})
}

func (w *world) disconnect(a, b parley.PartyCode) {
	for _, x := range [][2]parley.PartyCode{{a, b}, {b, a}} {
		n := w.nodes[x[0]]
		if id, ok := n.paths[x[1]]; ok {
			delete(n.paths, x[1])
			if n.e != nil {
				n.step(line.PathDown{Path: id})
			}
		}
	}
	kept := w.queue[:0]
	for _, f := range w.queue {
		if f.from == a && f.to == b || f.from == b && f.to == a {
			continue
		}
		kept = append(kept, f)
	}
	w.queue = kept
}

func (w *world) connectAll() {
	for i, a := range w.codes {
		for _, b := range w.codes[i+1:] {
			w.connect(a, b)
		}
	}
}

// prove does what sessions do: each side shows the other, once for each pair of
// generations in force, that it holds the epoch secrets of the line.
func (w *world) prove() {
	if w.unproved {
		return
	}
	for _, c := range w.codes {
		n := w.nodes[c]
		for _, p := range w.codes {
			id, up := n.paths[p]
			m := w.nodes[p]
			if !up || n.e == nil || m.e == nil {
				continue
			}
			secret, ours, theirs, ok := n.e.SessionSecret(p)
			if gens := [2]parley.GenerationID{ours.Gen, theirs.Gen}; !ok || w.authed[id] == gens {
				continue
			} else if same, ok := m.e.SecretOf(c, theirs, ours); ok && same == secret {
				w.authed[id] = gens
				n.step(line.PathProved{Path: id, Ours: ours.Gen})
				m.step(line.PathProved{Path: m.paths[c], Theirs: ours.Gen})
			}
		}
	}
}

// run lets time pass, carrying frames and ticking every 250 ms.
func (w *world) run(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(250 * time.Millisecond) {
		for rounds := 0; len(w.queue) > 0; rounds++ {
			if rounds > 20000 {
				w.t.Fatal("frames never end: two stations talk in a circle")
			}
			i := 0
			if w.shuffle {
				i = w.rng.IntN(len(w.queue))
			}
			f := w.queue[i]
			w.queue = append(w.queue[:i], w.queue[i+1:]...)
			if w.rng.Float64() < w.loss {
				continue
			}
			if w.rng.Float64() < w.repeat {
				w.queue = append(w.queue, f)
			}
			w.deliver(f)
		}
		w.prove()
		for _, c := range w.codes {
			if w.nodes[c].e != nil {
				w.nodes[c].step(line.Tick{})
			}
		}
	}
}

func (w *world) deliver(f flying) {
	n := w.nodes[f.to]
	id, ok := n.paths[f.from]
	if !ok || n.e == nil {
		return
	}
	fr, err := wire.Parse(f.raw)
	if err != nil {
		w.t.Fatalf("%s sent %s a frame that does not parse: %v", f.from, f.to, err)
	}
	n.step(line.FrameIn{Path: id, Frame: fr, Size: len(f.raw)})
}

// dispatch files a dispatch and returns its outbox id.
func (n *node) dispatch(p parley.Precedence, subject string) uint64 {
	to := n.w.codes[0]
	if to == n.code {
		to = n.w.codes[1]
	}
	h := &form.Header{Form: "dispatch", From: parley.Envoy, To: []parley.Address{{Party: to, Office: parley.Envoy}}, Precedence: p, Marker: parley.Information, Language: "en"}
	f := &form.Dispatch{Subject: subject, Text: "text of " + subject}
	n.filed++
	n.step(line.File{Item: line.Filed{ID: n.filed, Precedence: p, At: n.w.now.UnixMilli(), Header: form.EncodeHeader(h), Fields: form.EncodeFields(f)}})
	return n.filed
}

// subjects lists what node n reads in party's dispatches, in log order.
func (n *node) subjects(party parley.PartyCode) []string {
	var out []string
	for _, l := range n.e.Status().Logs {
		if l.Party != party {
			continue
		}
		for _, s := range must(store.EntriesUpTo(n.st, l.Gen, store.MaxIndex)) {
			if s.Header == nil {
				continue
			}
			if h := must(form.ParseHeader(s.Header)); h.Form == "dispatch" {
				f, _, err := form.ParseBody(h.Form, s.Body)
				out = append(out, must(f, err).(*form.Dispatch).Subject)
			}
		}
	}
	return out
}

func (n *node) log(party parley.PartyCode) line.LogStatus {
	for _, l := range n.e.Status().Logs {
		if l.Party == party && l.Current {
			return l
		}
	}
	n.w.t.Fatalf("%s knows no log of %s", n.code, party)
	return line.LogStatus{}
}

func (n *node) alarmed(code string) bool {
	for _, a := range n.alarms {
		if a.Code == code {
			return true
		}
	}
	return false
}

// wantSame fails unless all nodes hold the same logs, bit for bit, and nobody
// has broken a rule in another's eyes.
func (w *world) wantSame() {
	w.t.Helper()
	roots := map[string]map[string]bool{}
	for _, c := range w.codes {
		for _, l := range w.nodes[c].e.Status().Logs {
			k := fmt.Sprintf("%s/%s", l.Party, l.Gen)
			if roots[k] == nil {
				roots[k] = map[string]bool{}
			}
			roots[k][fmt.Sprintf("%d %x", l.Size, l.Root)] = true
		}
		for _, a := range w.nodes[c].alarms {
			if a.Code == "violation" || a.Code == "fork" {
				w.t.Errorf("%s raised %s: %s", c, a.Code, a.Text)
			}
		}
	}
	var keys []string
	for k := range roots {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if len(roots[k]) != 1 {
			w.t.Errorf("log %s is held in %d versions: %v", k, len(roots[k]), roots[k])
		}
	}
}
