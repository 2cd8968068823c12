package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley"
	"parley/internal/bearer/link"
	"parley/internal/charter"
	"parley/internal/key"
	"parley/internal/spare"
	"parley/internal/station"
)

// host is a whole station in a process of its own.
type host struct {
	st     *station.Station
	cfg    station.Config
	root   key.Signer
	cancel context.CancelFunc
	done   chan error
	envoy  station.Officer // drafts
	chief  station.Officer // releases
	cables []*link.Link
	drafts []draft // made ready to be released
}

// draft names what an officer may release.
type draft struct {
	id, version int64
	precedence  string
}

// serveStation adds what a station can be asked to do; end stops it.
func serveStation(ops map[string]handler) (end func()) {
	h := &host{}
	for name, f := range map[string]handler{
		"init": on(h.init), "open": on(h.open), "close": on(func(nothing) (nothing, error) { return nothing{}, h.close() }),
		"invite": on(h.invite), "step": on(h.step), "confirm": on(h.confirm), "up": on(h.up), "cut": on(h.cut), "state": on(h.state), "states": on(h.states),
		"draft": on(h.draft), "release": on(h.release), "latency": on(h.latency), "wait": on(h.wait), "checkcalls": on(h.checkCalls),
		"passed": on(h.passed), "sizes": on(storedSizes), "order": on(storedOrder), "fill": on(fillRecords), "export": on(h.export), "pages": on(h.pages), "searches": on(h.searches), "indexed": on(h.indexed),
	} {
		ops[name] = f
	}
	maps.Copy(ops, h.callOps())
	return func() {
		h.close()
		for _, c := range h.cables {
			c.Close()
		}
	}
}

type initArgs struct {
	Dir, Party, Name, Language string
	Cables                     bool // run the paths over cables that count bytes

	// For calls: where to listen and what the other side dials, the cables being
	// laid by whoever asks; and a port for the media of desks.
	QUIC, TLS, AnnounceQUIC, AnnounceTLS string
	Media                                bool
}

// init makes a station and starts it. Quotas are lifted: what is measured is
// the line, not its bounds.
func (h *host) init(a initArgs) (nothing, error) {
	o := station.InitOptions{Dir: filepath.Join(a.Dir, a.Party), RootKeyPath: filepath.Join(a.Dir, a.Party+".root"), Party: a.Party, Name: a.Name, Languages: []string{a.Language}}
	var err error
	if o.ListenQUIC, o.ListenTLS, o.AnnounceQUIC, o.AnnounceTLS = a.QUIC, a.TLS, a.AnnounceQUIC, a.AnnounceTLS; a.QUIC == "" {
		if o.ListenQUIC, err = freePort("udp"); err != nil {
			return nothing{}, err
		}
		if o.ListenTLS, err = freePort("tcp"); err != nil {
			return nothing{}, err
		}
	}
	if a.Cables {
		for network, at := range map[string][2]*string{"udp": {&o.ListenQUIC, &o.AnnounceQUIC}, "tcp": {&o.ListenTLS, &o.AnnounceTLS}} {
			c, err := link.New(network, "127.0.0.1:0", *at[0], link.Options{})
			if err != nil {
				return nothing{}, err
			}
			h.cables = append(h.cables, c)
			*at[1] = c.Addr()
		}
	}
	if _, err := station.Init(o); err != nil {
		return nothing{}, err
	}
	if h.root, err = station.LoadRootKey(o.RootKeyPath, nil); err != nil {
		return nothing{}, err
	}
	if err := configure(o.Dir, a.Media); err != nil {
		return nothing{}, err
	}
	if _, err := h.open(openArgs{Dir: o.Dir}); err != nil {
		return nothing{}, err
	}
	for name, o := range map[string]*station.Officer{"Drafter": &h.envoy, "Releaser": &h.chief} {
		if *o, err = h.st.AddOfficer(context.Background(), station.Officer{}, name, []parley.Office{parley.Envoy, parley.Watch}); err != nil {
			return nothing{}, err
		}
	}
	return nothing{}, nil
}

// configure lifts the quotas and keeps line tests out of the way.
func configure(dir string, media bool) error {
	c, err := station.LoadConfig(dir)
	if err != nil {
		return err
	}
	mark := c.HighWater
	c.AcceptRate, c.Test, c.HighWater, c.KeepFree = 1_000_000, 24*time.Hour, mark, 1
	if media {
		c.Media = "127.0.0.1:0"
	}
	return os.WriteFile(filepath.Join(dir, station.ConfigName), c.Text(), 0o600)
}

type openArgs struct {
	Dir  string
	Line string // wait until this line answers
}

// opened says how long a start took.
type opened struct {
	Open  time.Duration // keys, stores
	Ready time.Duration // until the line answers
	Board time.Duration // until the watch board stands
}

// open starts the station in a directory.
func (h *host) open(a openArgs) (o opened, err error) {
	if h.cfg, err = station.LoadConfig(a.Dir); err != nil {
		return o, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})).With("party", h.cfg.Party)
	began := time.Now()
	if h.st, err = station.Open(h.cfg, log); err != nil {
		return o, err
	}
	o.Open = time.Since(began)
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel, h.done = cancel, make(chan error, 1)
	st, done := h.st, h.done
	go func() { done <- st.Run(ctx) }()
	go spare.Thrift(ctx, st.Working) // as the program does
	if a.Line == "" {
		return o, nil
	}
	if err := eventually(time.Minute, func() bool { _, err := h.st.Line(ctx, a.Line); return err == nil }); err != nil {
		return o, err
	}
	o.Ready = time.Since(began)
	_, err = h.st.Board(ctx, station.Officer{}, a.Line)
	o.Board = time.Since(began)
	return o, err
}

func (h *host) close() error {
	if h.st == nil {
		return nil
	}
	h.cancel()
	err := <-h.done
	if e := h.st.Close(); err == nil {
		err = e
	}
	h.st = nil
	return err
}

func eventually(d time.Duration, f func() bool) error {
	for began := time.Now(); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Since(began) > d {
			return fmt.Errorf("not within %v", d)
		}
	}
	return nil
}

func (h *host) invite(parties []charter.Party) (station.PairingView, error) {
	return h.st.Invite(context.Background(), station.Officer{}, charter.DefaultCharter(parties...), charter.DefaultAnnex())
}

func (h *host) step(file []byte) (station.PairingView, error) {
	return h.st.PairingStep(context.Background(), station.Officer{}, file)
}

func (h *host) confirm(line string) (nothing, error) {
	_, err := h.st.ConfirmWords(context.Background(), station.Officer{}, line, true, "in person", h.root)
	return nothing{}, err
}

type upArgs struct {
	Line  string
	Paths int // how many must be up
}

// up waits until so many paths of a line are up and proved.
func (h *host) up(a upArgs) (nothing, error) {
	var l station.Line
	err := eventually(30*time.Second, func() (ok bool) {
		var err error
		l, err = h.st.Line(context.Background(), a.Line)
		n := 0
		for _, p := range l.Paths {
			if p.Up && p.Proved {
				n++
			}
		}
		return err == nil && n == a.Paths
	})
	if err != nil {
		err = fmt.Errorf("line %s: of %d paths: %+v: %w", a.Line, a.Paths, l.Paths, err)
	}
	return nothing{}, err
}

type cutArgs struct {
	Line, Path string
	Cut        bool
}

func (h *host) cut(a cutArgs) (nothing, error) {
	return nothing{}, h.st.CutPath(context.Background(), station.Officer{}, a.Line, a.Path, a.Cut)
}

// logState is our own log on a line and how much of it is stored there.
type logState struct{ Size, Stored uint64 }

func (h *host) state(line string) (s logState, err error) {
	logs, err := h.st.Logs(context.Background(), line)
	if err != nil {
		return s, err
	}
	us, _ := h.st.Self()
	for _, g := range logs {
		if g.Party == us && g.Current {
			s.Size = g.Size
			for _, n := range g.Stored {
				s.Stored = n
			}
		}
	}
	return s, nil
}

type draftArgs struct {
	Line, To, Script, Precedence string
	N                            int
	More                         bool // beside those made ready before
}

// draft makes dispatches ready to be released: written by one officer, and
// submitted to the other.
func (h *host) draft(a draftArgs) (nothing, error) {
	if !a.More {
		h.drafts = h.drafts[:0]
	}
	first := len(h.drafts)
	h.drafts = append(h.drafts, make([]draft, a.N)...)
	return nothing{}, together(16, a.N, func(i int) (err error) {
		h.drafts[first+i], err = h.draftOne(a, i)
		return err
	})
}

func (h *host) draftOne(a draftArgs, i int) (draft, error) {
	d, err := h.st.SaveDraft(context.Background(), h.envoy, station.Draft{Line: a.Line, From: "envoy", To: []string{a.To + "/envoy"}, Subject: fmt.Sprintf("Dispatch %06d", i+1),
		Text: text(a.Script, i), Language: language(a.Script), Precedence: a.Precedence, Marker: "INFORMATION", Reason: "an exercise"})
	if err != nil {
		return draft{}, err
	}
	d, err = h.st.Submit(context.Background(), h.envoy, d.ID)
	return draft{d.ID, d.Version, a.Precedence}, err
}

// together calls f for 0 to n-1, by so many at once, until one fails.
func together(workers, n int, f func(i int) error) error {
	var next atomic.Int64
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && errs[w] == nil; i = int(next.Add(1)) - 1 {
				errs[w] = f(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (h *host) releaseOne(d draft) error {
	_, err := h.st.Release(context.Background(), h.chief, d.id, d.version, d.precedence)
	return err
}

type releaseArgs struct{ Officers int }

// release releases every draft, by so many officers at once, and says how long
// that took.
func (h *host) release(a releaseArgs) (time.Duration, error) {
	began := time.Now()
	err := together(a.Officers, len(h.drafts), func(i int) error { return h.releaseOne(h.drafts[i]) })
	return time.Since(began), err
}

// statesArgs name lines, and how much of our log on each must be stored there.
type statesArgs struct {
	Lines []string
	Sizes []uint64 // nil: do not wait
}

// states returns our logs on many lines, once all of them are stored there.
func (h *host) states(a statesArgs) (all []logState, err error) {
	for limit := time.Now().Add(5 * time.Minute); ; time.Sleep(2 * time.Millisecond) {
		all = all[:0]
		missing := 0
		for i, l := range a.Lines {
			s, err := h.state(l)
			if err != nil {
				return nil, err
			}
			if a.Sizes != nil && s.Stored < a.Sizes[i] {
				missing++
			}
			all = append(all, s)
		}
		if missing == 0 {
			return all, nil
		}
		if time.Now().After(limit) {
			return nil, fmt.Errorf("%d lines have not stored all after 5 minutes", missing)
		}
	}
}

type waitArgs struct {
	Line string
	From uint64 // of our log, stored already
	Size uint64 // of our log, which the other side must have stored
}

// waited says how long it took until all was stored, and when the first of it
// was: how much had then been stored.
type waited struct {
	Took, First time.Duration
	FirstSize   uint64
}

// wait waits until the other side has given a receipt for Size entries.
func (h *host) wait(a waitArgs) (w waited, err error) {
	events, stop := h.st.Subscribe()
	defer stop()
	began := time.Now()
	for limit := time.After(5 * time.Minute); ; {
		s, err := h.state(a.Line)
		if err != nil {
			return w, err
		}
		if s.Stored > a.From && w.FirstSize == 0 {
			w.First, w.FirstSize = time.Since(began), s.Stored
		}
		if s.Stored >= a.Size {
			w.Took = time.Since(began)
			return w, nil
		}
		for more := true; more; {
			select {
			case e := <-events:
				more = e.Kind != "item" || e.Item != ""
			case <-limit:
				return w, fmt.Errorf("only %d of %d entries are stored after 5 minutes", s.Stored, a.Size)
			}
		}
	}
}

// passed is how many bytes went through this station's cables.
func (h *host) passed(nothing) (map[string]uint64, error) {
	m := map[string]uint64{}
	for _, c := range h.cables {
		n, _ := c.Bytes()
		m[networkOf(h.cfg, c.Addr())] = n
	}
	return m, nil
}

func networkOf(c station.Config, addr string) string {
	if addr == c.AnnounceQUIC {
		return "QUIC"
	}
	return "TLS"
}

var scripts = map[string]struct{ language, text string }{
	"Latin":   {"en", "The patrol vessel of your coast guard and ours passed at a distance of 900 metres north of the shoal at 0640Z. No shots were fired and nobody was hurt. We ask your side to keep two miles from the area until noon. "},
	"Chinese": {"zh", "贵方海警巡逻船与我方船只于零六四零时在浅滩以北九百米处相遇。双方未开火,无人受伤。请贵方船只在中午之前与该海域保持两海里距离。我方将保持同样距离,并随时通报。"},
	"Arabic":  {"ar", "مرت سفينة الدورية التابعة لخفر السواحل لديكم وسفينتنا على مسافة تسعمئة متر شمال الضحضاح. لم تطلق أي طلقة ولم يصب أحد. نطلب من جانبكم الابتعاد ميلين."},
}

func language(script string) string { return scripts[script].language }

// textBytes is how long the text of a dispatch is, in octets.
const textBytes = 200

// text is one of many dispatches of textBytes octets, no two alike.
func text(script string, i int) string {
	t := []rune(fmt.Sprintf("%d. ", i+1) + scripts[script].text)
	var b strings.Builder
	for k := 0; ; k++ {
		r := string(t[k%len(t)])
		if b.Len()+len(r) > textBytes {
			break
		}
		b.WriteString(r)
	}
	return strings.TrimSpace(b.String())
}
