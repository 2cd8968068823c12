package hostile

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/internal/station"
	"parley/internal/station/stationtest"
)

const (
	childEnv = "PARLEY_HOSTILE_STATION" // run the station in that directory
	fullEnv  = "PARLEY_HOSTILE_FULL"    // all attacks, at full length, with the full bounds
)

var full = os.Getenv(fullEnv) != ""

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := Serve(dir, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "station:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if template.dir != "" {
		os.RemoveAll(template.dir)
	}
	printTable()
	os.Exit(code)
}

const (
	alder = parley.PartyCode("alder") // the station under attack
	birch = parley.PartyCode("birch") // the hostile one
	cedar = parley.PartyCode("cedar") // honest, on a line of its own and on the three-party one
)

// template is one founding that every test starts from: three lines, each up
// once, with traffic on it.
var template struct {
	once              sync.Once
	dir               string
	two, three, other string
}

func found(t *testing.T) {
	template.once.Do(func() {
		dir, err := os.MkdirTemp("", "hostile")
		if err != nil {
			t.Fatal(err)
		}
		template.dir = dir
		a, b, c := stationtest.New(t, dir, "alder"), stationtest.New(t, dir, "birch"), stationtest.New(t, dir, "cedar")
		template.other = stationtest.Pair(t, a, c)
		template.two = stationtest.Pair(t, a, b)
		template.three = stationtest.Pair(t, a, b, c)
		for _, l := range []string{template.two, template.three} {
			b.Send(l, "alder", "before", "ROUTINE")
			a.Send(l, "birch", "ours before", "ROUTINE")
			stationtest.Eventually(t, 20*time.Second, "the first dispatches cross", func() bool { return a.Has(l, "before") && b.Has(l, "ours before") })
		}
		stationtest.Eventually(t, 20*time.Second, "they cross on the third", func() bool { return c.Has(template.three, "before") })
		for _, s := range []*stationtest.Station{a, b, c} {
			s.Halt()
		}
	})
	if template.dir == "" || t.Failed() {
		t.Fatal("no founding")
	}
}

// world is one victim in a process of its own, an honest neighbour in this one,
// and the hostile peer.
type world struct {
	t     *testing.T
	dir   string
	v     *Victim
	cedar *stationtest.Station
	two   *Peer // birch on the line of two
	three *Peer // birch on the line of three
	ctx   context.Context
	sent  int
	from  int64 // newest alarm before the attack
	peak  int64 // memory, before
	disk  int64
	base  []time.Duration
	own   bool // probe the victim's own word
}

// newWorld copies the founding and starts the victim and its neighbour.
// configure may change the victim's configuration.
func newWorld(t *testing.T, configure ...func(*station.Config)) *world {
	t.Helper()
	found(t)
	dir, err := os.MkdirTemp("", "hostile")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	stationtest.CopyTree(t, dir, template.dir)
	stationtest.At(t, dir, "alder").Configure(func(c *station.Config) {
		c.Test = time.Hour // as a charter has it
		for _, f := range configure {
			f(c)
		}
	})
	w := &world{t: t, dir: dir, cedar: stationtest.At(t, dir, "cedar")}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	w.ctx = ctx
	w.two, w.three = w.turn(dir, template.two, alder), w.turn(dir, template.three, alder)
	w.start(filepath.Join(dir, "alder"))
	w.cedar.Start()
	w.cedar.WaitUp(template.other)
	for _, p := range []*Peer{w.two, w.three} {
		w.open(p, "TLS") // quiet, so that the line is up
	}
	return w
}

// turn makes birch hostile on a line, towards one party of it.
func (w *world) turn(dir, id string, victim parley.PartyCode) *Peer {
	w.t.Helper()
	b := stationtest.At(w.t, dir, "birch")
	storage, tls := b.Secrets()
	root, err := station.LoadRootKey(filepath.Join(dir, "birch.root"), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	l, err := parley.ParseLineID(id)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := Turn(b.Dir, storage, tls, root, l, birch, victim)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) start(dir string) {
	w.t.Helper()
	v, err := StartVictim(dir, childEnv)
	if err != nil {
		w.t.Fatal(err)
	}
	w.v = v
	stopped := false
	w.t.Cleanup(func() {
		if !stopped && w.v == v {
			v.Kill()
		}
	})
	watch := w.officer(parley.Watch, 1)
	if err := v.Sit(w.ctx, watch.ID, parley.Watch); err != nil {
		w.t.Fatal(err)
	}
}

// officer is the n-th officer of the victim that holds an office.
func (w *world) officer(o parley.Office, n int) station.Officer {
	w.t.Helper()
	all, err := w.v.Client.Officers(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, x := range all {
		if slices.Contains(x.Offices, o) {
			if n--; n == 0 {
				return x
			}
		}
	}
	w.t.Fatalf("too few officers of %s: %v", o, all)
	return station.Officer{}
}

func (w *world) who(o parley.Office, n int) string { return w.officer(o, n).Name }

// open connects the hostile peer, or fails.
func (w *world) open(p *Peer, bearer string) *Conn {
	w.t.Helper()
	c, err := p.Open(w.ctx, bearer)
	if err != nil {
		w.t.Fatalf("connecting over %s: %v", bearer, err)
	}
	w.t.Cleanup(func() { c.Close(nil) })
	return c
}

// line is a line as the victim sees it.
func (w *world) line(id string) station.Line {
	w.t.Helper()
	l, err := w.v.Client.Line(w.ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// log is a party's newest log on a line as the victim holds it.
func (w *world) log(id string, p parley.PartyCode) (out station.Log) {
	w.t.Helper()
	for _, l := range w.line(id).Logs {
		if l.Party == p && l.Current {
			out = l
		}
	}
	return out
}

// probe sends one dispatch from the neighbour and returns how long it took
// from release to the victim's receipt.
func (w *world) probe() time.Duration {
	w.t.Helper()
	c := w.cedar
	w.sent++
	if w.own {
		return w.probeOwn()
	}
	d, err := c.St.SaveDraft(w.ctx, c.Envoy, station.Draft{Line: template.other, From: "envoy", To: []string{"alder/envoy"}, Subject: fmt.Sprintf("probe %d", w.sent),
		Text: "of the other line", Precedence: "ROUTINE", Marker: "INFORMATION", Language: "en"})
	if err == nil {
		d, err = c.St.Submit(w.ctx, c.Envoy, d.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	before, _ := sizes(c.Line(template.other), cedar, alder)
	began := time.Now()
	if _, err := c.St.Release(w.ctx, c.Chief, d.ID, d.Version, "ROUTINE"); err != nil {
		w.t.Fatal(err)
	}
	for time.Since(began) < 20*time.Second {
		if n, there := sizes(c.Line(template.other), cedar, alder); n > before && there == n {
			return time.Since(began)
		}
		time.Sleep(500 * time.Microsecond)
	}
	w.t.Errorf("another line stands still: a dispatch of the neighbour is not stored after 20 s")
	return 20 * time.Second
}

// probeOwn lets the victim's officers send one dispatch to the neighbour, and
// returns how long it took to get there.
func (w *world) probeOwn() time.Duration {
	w.t.Helper()
	before, _ := sizes(w.cedar.Line(template.other), alder, cedar)
	began := time.Now()
	w.release(template.other, "cedar", fmt.Sprintf("own probe %d", w.sent))
	for time.Since(began) < 20*time.Second {
		if n, _ := sizes(w.cedar.Line(template.other), alder, cedar); n > before {
			return time.Since(began)
		}
		time.Sleep(500 * time.Microsecond)
	}
	w.t.Errorf("our own log stands still")
	return 20 * time.Second
}

// sizes is how long p's log is, and how much of it holder has given a receipt for.
func sizes(l station.Line, p, holder parley.PartyCode) (size, stored uint64) {
	for _, x := range l.Logs {
		if x.Party == p && x.Current {
			return x.Size, x.Stored[string(holder)]
		}
	}
	return 0, 0
}

// release lets the victim's officers send a dispatch, as the desk does.
func (w *world) release(line, to, subject string) {
	w.t.Helper()
	envoy, chief := w.v.Client.As(w.who(parley.Envoy, 1)), w.v.Client.As(w.who(parley.Envoy, 2))
	d, err := envoy.SaveDraft(w.ctx, station.Draft{Line: line, From: "envoy", To: []string{to + "/envoy"}, Subject: subject, Text: "ours", Precedence: "ROUTINE", Marker: "INFORMATION", Language: "en"})
	if err == nil {
		d, err = envoy.Submit(w.ctx, d.ID)
	}
	if err == nil {
		_, err = chief.Release(w.ctx, d.ID, d.Version, "ROUTINE")
	}
	if err != nil {
		w.t.Errorf("the victim's own log does not go on: %v", err)
	}
}

// alarms are what sounded on lines with birch since the attack began: of the
// one party on one line that caused most, and how often all were counted.
func (w *world) alarms() (sounded, counted int, codes []string) {
	w.t.Helper()
	as, err := w.v.Client.Alarms(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	of := map[string]int{}
	for _, a := range as {
		if a.ID <= w.from || a.Line == template.other {
			continue
		}
		of[a.Line+a.Peer]++
		sounded = max(sounded, of[a.Line+a.Peer])
		counted += a.Count
		codes = append(codes, fmt.Sprintf("%s x%d: %s", a.Code, a.Count, a.Text[:min(len(a.Text), 160)]))
	}
	return sounded, counted, codes
}

func (w *world) alarmed(code string) bool {
	_, _, codes := w.alarms()
	return slices.ContainsFunc(codes, func(s string) bool { return strings.HasPrefix(s, code+" ") })
}

func p95(ds []time.Duration) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	s := slices.Clone(ds)
	slices.Sort(s)
	return s[min(len(s)-1, len(s)*95/100)]
}
