package station

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer/link"
	"parley/internal/charter"
	"parley/internal/key"
	"parley/internal/record"
)

// party is a whole station of one party in this process: real sockets, real
// disk, its own directory.
type party struct {
	t        testing.TB
	code     string
	dir      string
	root     key.Signer
	rootPath string
	st       *Station
	stop     func()
	udp      *link.Link // what the others dial
	tcp      *link.Link
	watch    Officer
	envoy    Officer
	chief    Officer
	words    []byte // that its people say in every packet on a call
	records  string // how it rings: RingText.Recording
	clock    func() time.Time
}

func freePort(t testing.TB, network string) string {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.LocalAddr().String()
	}
	c, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.Addr().String()
}

// newParty makes a station whose paths run over cables that can be pulled.
func newParty(t testing.TB, code string) *party {
	t.Helper()
	p := &party{t: t, code: code, dir: filepath.Join(t.TempDir(), code)}
	quicAddr, tlsAddr := freePort(t, "udp"), freePort(t, "tcp")
	var err error
	if p.udp, err = link.New("udp", "127.0.0.1:0", quicAddr, link.Options{}); err != nil {
		t.Fatal(err)
	}
	if p.tcp, err = link.New("tcp", "127.0.0.1:0", tlsAddr, link.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.udp.Close(); p.tcp.Close() })
	rootPath := filepath.Join(t.TempDir(), code+".root")
	_, err = Init(InitOptions{Dir: p.dir, RootKeyPath: rootPath, Party: code, Name: strings.ToUpper(code[:1]) + code[1:], Languages: []string{"en"},
		ListenQUIC: quicAddr, ListenTLS: tlsAddr, AnnounceQUIC: p.udp.Addr(), AnnounceTLS: p.tcp.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	p.rootPath = rootPath
	if p.root, err = LoadRootKey(rootPath, nil); err != nil {
		t.Fatal(err)
	}
	p.config(func(c *Config) { c.Test, c.Settle, c.KeepFree = time.Minute, time.Second, 1 }) // whatever is free where tests run
	p.start()
	t.Cleanup(func() { p.halt() })
	ctx := context.Background()
	add := func(name string, offices ...parley.Office) Officer {
		o, err := p.st.AddOfficer(ctx, Officer{}, name, offices)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	p.watch, p.envoy, p.chief = add("Lt Ruiz", parley.Watch), add("Capt Hale", parley.Envoy), add("Cdr Osei", parley.Envoy, parley.Translator)
	return p
}

// config changes the configuration file.
func (p *party) config(f func(*Config)) {
	p.t.Helper()
	c, err := LoadConfig(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	mark := c.HighWater
	f(&c)
	if c.HighWater == mark {
		c.HighWater = ""
	}
	if err := os.WriteFile(filepath.Join(p.dir, ConfigName), c.Text(), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *party) start() {
	p.t.Helper()
	level := slog.LevelError
	if testing.Verbose() {
		level = slog.LevelWarn
	}
	p.startWith(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})).With("party", p.code))
}

// startWith starts with a log of the test's own.
func (p *party) startWith(log *slog.Logger) {
	p.t.Helper()
	c, err := LoadConfig(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.st, err = Open(c, log); err != nil {
		p.t.Fatal(err)
	}
	if p.clock != nil {
		p.st.now, p.st.net.now = p.clock, p.clock
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	st := p.st
	go func() { done <- st.Run(ctx) }()
	select {
	case <-st.Ready():
	case err := <-done:
		p.t.Fatalf("%s: running: %v", p.code, err)
	}
	p.stop = func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Errorf("%s: running: %v", p.code, err)
		}
		if err := st.Close(); err != nil {
			p.t.Errorf("%s: closing: %v", p.code, err)
		}
	}
}

func (p *party) halt() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

// cut pulls (or mends) both cables to p.
func cut(yes bool, ps ...*party) {
	for _, p := range ps {
		p.udp.Cut(yes)
		p.tcp.Cut(yes)
	}
}

// pairAll founds one line of the parties and waits until it is up.
func pairAll(t testing.TB, ps ...*party) string {
	t.Helper()
	return pairWith(t, charter.DefaultAnnex(), ps...)
}

func pairWith(t testing.TB, annex charter.Annex, ps ...*party) string {
	t.Helper()
	return pairOn(t, annex, func(*charter.Charter) {}, ps...)
}

// pairRuled pairs on a charter that is changed first.
func pairRuled(t testing.TB, change func(*charter.Charter), ps ...*party) string {
	t.Helper()
	return pairOn(t, charter.DefaultAnnex(), change, ps...)
}

func pairOn(t testing.TB, annex charter.Annex, change func(*charter.Charter), ps ...*party) string {
	t.Helper()
	ctx := context.Background()
	var cs []charter.Party
	for _, p := range ps {
		cs = append(cs, charter.Party{Code: parley.PartyCode(p.code), Name: strings.ToUpper(p.code[:1]) + p.code[1:], Languages: []string{"en"}})
	}
	rules := charter.DefaultCharter(cs...)
	change(&rules)
	v, err := ps[0].st.Invite(ctx, Officer{}, rules, annex)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // accept, reveal, and the reveals for all
		for _, p := range append(ps[1:], ps[0]) {
			w, err := p.st.PairingStep(ctx, Officer{}, v.File)
			if err != nil {
				t.Fatalf("%s: %v", p.code, err)
			}
			v = w
		}
	}
	for _, p := range ps {
		if _, err := p.st.ConfirmWords(ctx, Officer{}, v.Line, true, "in person", p.root); err != nil {
			t.Fatalf("%s: confirming: %v", p.code, err)
		}
	}
	for _, p := range ps {
		p.waitUp(v.Line)
	}
	return v.Line
}

// eventually waits until f is true, and fails after d.
func eventually(t testing.TB, d time.Duration, what string, f func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for time.Since(began) < d {
		if f() {
			return time.Since(began)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("not within %s: %s", d, what)
	return 0
}

func (p *party) line(line string) Line {
	p.t.Helper()
	l, err := p.st.Line(context.Background(), line)
	if err != nil {
		p.t.Fatal(err)
	}
	return l
}

func (p *party) waitUp(line string) {
	p.t.Helper()
	var l Line
	defer func() {
		if p.t.Failed() {
			p.t.Logf("%s sees %+v\nlogs %+v", p.code, l.Lamp, l.Logs)
		}
	}()
	eventually(p.t, 15*time.Second, p.code+" is up on all paths", func() bool {
		l = p.line(line)
		return len(l.Paths) > 0 && (l.Lamp.State == LampUp || l.Lamp.State == LampPartly && onlyClocks(&l))
	})
}

// onlyClocks reports whether a line is up on all paths but for clocks that are apart,
// as those of some tests are.
func onlyClocks(l *Line) bool {
	return !slices.ContainsFunc(l.Paths, func(x Path) bool { return !x.Up }) && l.Lamp.Verdict == VerdictUp &&
		len(l.Notices) > 0 && !slices.ContainsFunc(l.Notices, func(n Notice) bool { return n.Code != "clock" })
}

// send drafts a dispatch, and lets the second officer release it.
func (p *party) send(line, to, subject, precedence, marker string) string {
	p.t.Helper()
	ctx := context.Background()
	d, err := p.st.SaveDraft(ctx, p.envoy, Draft{Line: line, From: "envoy", To: []string{to + "/envoy"}, Subject: subject, Text: "text of " + subject, Precedence: precedence, Marker: marker, Language: "en", Reason: "an exercise of the test"})
	if err != nil {
		p.t.Fatal(err)
	}
	if d, err = p.st.Submit(ctx, p.envoy, d.ID); err != nil {
		p.t.Fatal(err)
	}
	id, err := p.st.Release(ctx, p.chief, d.ID, d.Version, precedence)
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

// got finds a dispatch of the given subject in the record of p.
func (p *party) got(line, subject string) (Item, bool) {
	p.t.Helper()
	pg, err := p.st.Record(context.Background(), line, Filter{Form: "dispatch", Limit: 500})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, it := range append(pg.Settled, pg.Unsettled...) {
		if it.Subject == subject {
			return it, true
		}
	}
	return Item{}, false
}

func (p *party) waitFor(line, subject string) Item {
	p.t.Helper()
	var it Item
	eventually(p.t, 15*time.Second, fmt.Sprintf("%s has %q", p.code, subject), func() bool {
		var ok bool
		it, ok = p.got(line, subject)
		return ok
	})
	return it
}

func (p *party) step(line, id string, r parley.Rung) Step {
	p.t.Helper()
	it, err := p.st.Item(context.Background(), line, id)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, s := range it.Ladder {
		if s.Rung == r {
			return s
		}
	}
	return Step{}
}

func TestTwoStationsOneRecord(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	if l := a.line(line); len(l.Paths) != 2 {
		t.Errorf("alder has paths %+v", l.Paths)
	}
	ts, err := a.st.Test(ctx, line)
	if err != nil {
		t.Fatalf("line test: %v", err)
	}
	t.Logf("line test answered in %v", ts.LastRTT)
	id := a.send(line, "birch", "Aircraft, 14.2N 115.1E", "FLASH", "QUESTION")
	it := b.waitFor(line, "Aircraft, 14.2N 115.1E")
	if it.Text != "" {
		t.Error("the text of what nobody has opened is shown")
	}
	eventually(t, 5*time.Second, "stored at birch", func() bool { return !a.step(line, id, parley.Stored).At.IsZero() })
	if it, err = b.st.Open(ctx, b.watch, line, it.ID); err != nil || it.Text == "" {
		t.Fatalf("birch opens %q, %v", it.Text, err)
	}
	if err := b.st.Acknowledge(ctx, b.watch, line, it.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.st.Acknowledge(ctx, b.watch, line, it.ID); parley.KindOf(err) != parley.Conflict {
		t.Errorf("acknowledged twice: %v", err)
	}
	tr, err := b.st.Translate(ctx, b.watch, line, it.ID, "zh", "飞机")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.st.Review(ctx, b.chief, line, it.ID, tr.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.st.Informed(ctx, b.envoy, line, it.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "the ladder is climbed", func() bool { return !a.step(line, id, parley.PrincipalInformed).At.IsZero() })
	for _, r := range []parley.Rung{parley.Stored, parley.Opened, parley.PrincipalInformed} {
		if a.step(line, id, r).At.IsZero() {
			t.Errorf("alder does not see %s", r)
		}
	}
	eventually(t, 20*time.Second, "the order is settled on both sides", func() bool {
		x, _ := a.got(line, "Aircraft, 14.2N 115.1E")
		y, _ := b.got(line, "Aircraft, 14.2N 115.1E")
		return x.Settled && y.Settled && x.Position == y.Position && x.Hash == y.Hash
	})
}

func TestReleaseNeedsTwoHandsOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	d, err := a.st.SaveDraft(ctx, a.envoy, Draft{Line: line, To: []string{"birch/envoy"}, Subject: "s", Text: "t", Precedence: "IMMEDIATE", Marker: "QUESTION"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.Draft(ctx, a.chief, d.ID); parley.KindOf(err) != parley.NotFound {
		t.Errorf("another officer sees a draft that was not submitted: %v", err)
	}
	if _, err := a.st.Release(ctx, a.envoy, d.ID, d.Version, "IMMEDIATE"); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("its drafter released it: %v", err)
	}
	if d, err = a.st.Submit(ctx, a.envoy, d.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.Release(ctx, a.chief, d.ID, d.Version-1, "IMMEDIATE"); parley.KindOf(err) != parley.Conflict {
		t.Errorf("a stale version was released: %v", err)
	}
	other, err := a.st.AddOfficer(ctx, Officer{}, "Second Chief", []parley.Office{parley.Envoy})
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		id  string
		err error
	}
	out := make(chan result, 2)
	for _, o := range []Officer{a.chief, other} {
		go func() {
			id, err := a.st.Release(ctx, o, d.ID, d.Version, "IMMEDIATE")
			out <- result{id, err}
		}()
	}
	x, y := <-out, <-out
	if (x.err == nil) == (y.err == nil) {
		t.Errorf("two officers racing: %+v and %+v, want one release", x, y)
	}
	b.waitFor(line, "s")
	time.Sleep(300 * time.Millisecond)
	pg, err := b.st.Record(ctx, line, Filter{Form: "dispatch"})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(pg.Settled) + len(pg.Unsettled); n != 1 {
		t.Errorf("birch has %d dispatches, want 1", n)
	}
}

func TestThreeStations(t *testing.T) {
	t.Parallel()
	a, b, c := newParty(t, "alder"), newParty(t, "birch"), newParty(t, "cedar")
	line := pairAll(t, a, b, c)
	a.send(line, "birch", "to all who read", "PRIORITY", "INFORMATION")
	b.send(line, "cedar", "and another", "ROUTINE", "INFORMATION")
	for _, p := range []*party{a, b, c} {
		p.waitFor(line, "to all who read")
		p.waitFor(line, "and another")
	}
	eventually(t, 30*time.Second, "all three agree on a settled order", func() bool {
		var pos []string
		for _, p := range []*party{a, b, c} {
			x, _ := p.got(line, "to all who read")
			y, _ := p.got(line, "and another")
			if !x.Settled || !y.Settled {
				return false
			}
			pos = append(pos, fmt.Sprint(x.Position, y.Position))
		}
		return pos[0] == pos[1] && pos[1] == pos[2]
	})
}

func TestCutIsSeenAndMended(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	b.udp.Cut(true)
	a.udp.Cut(true)
	eventually(t, 15*time.Second, "one path down: the line is partly up", func() bool { return a.line(line).Lamp.State == LampPartly })
	a.send(line, "birch", "goes the other way", "ROUTINE", "INFORMATION")
	b.waitFor(line, "goes the other way")
	cut(true, a, b)
	for _, p := range []*party{a, b} {
		took := eventually(t, 15*time.Second, p.code+" leaves green", func() bool { return p.line(line).Lamp.State == LampDown })
		l := p.line(line).Lamp
		t.Logf("%s left green after %v: %s", p.code, took, l.Sentence)
		if l.Verdict != VerdictCannotTell {
			t.Errorf("%s says %q: %s", p.code, l.Verdict, l.Sentence)
		}
	}
	id := a.send(line, "birch", "waits", "IMMEDIATE", "WARNING")
	if it, err := a.st.Item(context.Background(), line, id); err != nil || !it.NotDelivered || it.Overdue {
		t.Errorf("while down: not delivered %v, overdue %v, %v", it.NotDelivered, it.Overdue, err)
	}
	cut(false, a, b)
	took := eventually(t, 10*time.Second, "stored after the path is back", func() bool { return !a.step(line, id, parley.Stored).At.IsZero() })
	t.Logf("stored %v after the path was back", took)
}

func TestStoppedStationSaysSo(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	b.halt()
	eventually(t, 15*time.Second, "the verdict is theirs", func() bool { return a.line(line).Lamp.Verdict == VerdictTheirs })
	a.send(line, "birch", "while you were out", "ROUTINE", "INFORMATION")
	b.start()
	b.waitFor(line, "while you were out")
}

func TestRecordsAndProofsVerify(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	id := a.send(line, "birch", "a request", "IMMEDIATE", "REQUEST")
	it := b.waitFor(line, "a request")
	if err := b.st.Acknowledge(ctx, b.watch, line, it.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "opened is back", func() bool { return !a.step(line, id, parley.Opened).At.IsZero() })
	for _, open := range []bool{false, true} {
		var buf bytes.Buffer
		if _, err := a.st.Export(ctx, Officer{}, line, open, &buf); err != nil {
			t.Fatal(err)
		}
		rep, err := record.Verify(bytes.NewReader(buf.Bytes()), record.VerifyOptions{})
		if err != nil || rep.Bad() != 0 {
			t.Fatalf("open %v: the export does not verify: %v, %v", open, err, rep.Lines())
		}
		flip := bytes.Clone(buf.Bytes())
		flip[len(flip)/2] ^= 1
		if rep, err := record.Verify(bytes.NewReader(flip), record.VerifyOptions{}); err == nil && rep.Bad() == 0 {
			t.Errorf("open %v: a flipped byte goes unnoticed", open)
		}
	}
	for _, header := range []bool{false, true} {
		p, err := a.st.Proof(ctx, Officer{}, line, it.ID, header)
		if err != nil {
			t.Fatal(err)
		}
		if rep, err := record.VerifyAny(bytes.NewReader(p), record.VerifyOptions{}); err != nil || rep.Bad() != 0 {
			t.Errorf("header only %v: the proof file does not verify: %v", header, err)
		}
	}
	p, err := a.st.SilenceProof(ctx, Officer{}, line, it.ID)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := record.VerifyAny(bytes.NewReader(p), record.VerifyOptions{})
	if err != nil || rep.Bad() != 0 {
		t.Fatalf("the proof of silence does not verify: %v", err)
	}
	if s := strings.Join(rep.Lines(), "\n"); !strings.Contains(s, "no answer as of") {
		t.Errorf("the proof of silence says:\n%s", s)
	}
}

// TestManyLinesOfOnePeer: a peer may have more lines with us than one key has
// seats at the door, and each has its paths.
func TestManyLinesOfOnePeer(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	var lines []string
	for range 18 {
		lines = append(lines, pairAll(t, a, b))
	}
	for _, l := range lines {
		eventually(t, 30*time.Second, "every path is up", func() bool {
			v := a.line(l)
			return len(v.Paths) == 2 && v.Paths[0].Up && v.Paths[1].Up
		})
	}
}
