package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer/link"
	"parley/internal/charter"
	"parley/internal/control"
	"parley/internal/key"
	"parley/internal/station"
)

// The officers of every side. The chief is the second pair of hands.
const (
	envoy = "Capt Hale"
	chief = "Cdr Osei"
)

// side is one party: its directory, its station's process, the cables to it.
type side struct {
	t      testing.TB
	w      *world
	code   string
	dir    string
	mark   string
	rootAt string
	listen string
	share  []string // recovery share of the storage key
	log    string
	udp    *link.Link
	tcp    *link.Link
	client *control.Client
	proc   *process
	wrap   []string // strace and its flags, put before the program
}

// world is a line between two or three sides and what was sent over it.
type world struct {
	t     testing.TB
	dir   string
	line  string
	sides []*side
	rng   *rand.Rand
	book  *book
}

// newWorld makes the parties, founds their line and waits until it is up.
func newWorld(t testing.TB, rng *rand.Rand, codes ...string) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "drill-")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: dir, rng: rng, book: newBook()}
	t.Cleanup(func() {
		for _, s := range w.sides {
			s.end()
		}
		if t.Failed() && *keep != "" {
			to := filepath.Join(*keep, filepath.Base(dir))
			if err := copyTree(dir, to); err == nil {
				t.Logf("kept %s", to)
			}
		}
		os.RemoveAll(dir)
	})
	for _, c := range codes {
		w.sides = append(w.sides, w.newSide(c))
	}
	w.found()
	return w
}

func (w *world) newSide(code string) *side {
	w.t.Helper()
	s := &side{t: w.t, w: w, code: code, dir: filepath.Join(w.dir, code), mark: filepath.Join(w.dir, code+".mark"), rootAt: filepath.Join(w.dir, code+".root"), log: filepath.Join(w.dir, code+".log")}
	listen := freePort(w.t)
	var err error
	if s.udp, err = link.New("udp", "127.0.0.1:0", listen, link.Options{}); err != nil {
		w.t.Fatal(err)
	}
	if s.tcp, err = link.New("tcp", "127.0.0.1:0", listen, link.Options{}); err != nil {
		w.t.Fatal(err)
	}
	s.make(listen, false)
	return s
}

// make makes the station's data; again with the root key that is there already.
func (s *side) make(listen string, again bool) {
	s.t.Helper()
	res, err := station.Init(station.InitOptions{Dir: s.dir, RootKeyPath: s.rootAt, KeepRoot: again, Party: s.code, Name: title(s.code), Languages: []string{"en"},
		ListenQUIC: listen, ListenTLS: listen, AnnounceQUIC: s.udp.Addr(), AnnounceTLS: s.tcp.Addr(), HighWater: s.mark})
	if err != nil {
		s.t.Fatal(err)
	}
	s.share, s.listen = res.Share, listen
	c := s.config()
	c.Test, c.Settle, c.KeepFree = time.Minute, time.Second, 1 // whatever is free where drills run
	if err := os.WriteFile(filepath.Join(s.dir, station.ConfigName), c.Text(), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.client = control.Dial(c.SocketPath())
}

func (s *side) config() station.Config {
	s.t.Helper()
	c, err := station.LoadConfig(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *side) root() key.Signer {
	s.t.Helper()
	k, err := station.LoadRootKey(s.rootAt, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

func title(code string) string { return strings.ToUpper(code[:1]) + code[1:] }

// freePort is a loopback address whose TCP and UDP ports are free.
func freePort(t testing.TB) string {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		u, err := net.ListenPacket("udp", addr)
		l.Close()
		if err == nil {
			u.Close()
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

// start runs the station and waits until it answers on its socket, with its
// line open.
func (s *side) start() {
	s.t.Helper()
	if err := s.tryStart(30 * time.Second); err != nil {
		s.t.Fatalf("%s does not come up: %v\n%s", s.code, err, s.lastWords(15))
	}
}

// launch starts the process and waits for nothing.
func (s *side) launch() error {
	os.Remove(s.config().SocketPath()) // of the process before: nobody answers there
	args := append(append([]string{}, s.wrap...), program, "station", s.dir)
	p, err := spawn(s.log, len(s.wrap) > 0, args[0], args[1:]...)
	if err == nil {
		s.proc = p
	}
	return err
}

func (s *side) tryStart(limit time.Duration) error {
	if err := s.launch(); err != nil {
		return err
	}
	for end := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) {
		if s.proc.ended() {
			return fmt.Errorf("it ended: %v", s.proc.err)
		}
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		_, err := s.client.Self(ctx)
		if err == nil && s.w.line != "" {
			_, err = s.client.Line(ctx, s.w.line)
		}
		stop()
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("within %v: %w", limit, err)
		}
	}
}

// kill ends the process as kill -9 does, if it runs.
func (s *side) kill() {
	if s.proc != nil {
		s.proc.kill()
		s.proc = nil
	}
}

// halt stops the station in good order.
func (s *side) halt() {
	s.t.Helper()
	if s.proc == nil {
		return
	}
	if !s.proc.stop(20 * time.Second) {
		s.t.Errorf("%s does not stop in good order: %v\n%s", s.code, s.proc.err, s.lastWords(10))
	}
	s.proc = nil
}

func (s *side) end() {
	s.kill()
	s.udp.Close()
	s.tcp.Close()
}

// lastWords is the end of the station's log.
func (s *side) lastWords(n int) string {
	b, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// parley runs a command of the program against this side's directory.
func (s *side) parley(stdin string, args ...string) (string, error) {
	cmd := exec.Command(program, append([]string{"--dir", s.dir}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// fsck runs parley fsck, which has to find nothing. The station is stopped.
func (s *side) fsck() {
	s.t.Helper()
	if out, err := s.parley("", "fsck"); err != nil {
		s.t.Fatalf("fsck of %s: %v\n%s", s.code, err, out)
	}
}

// found pairs the parties over their control sockets, as officers do with
// files, and enlists the officers.
func (w *world) found() {
	w.t.Helper()
	ctx := context.Background()
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	var ps []charter.Party
	for _, s := range w.sides {
		s.start()
		ps = append(ps, charter.Party{Code: parley.PartyCode(s.code), Name: title(s.code), Languages: []string{"en"}})
		w.enlist(s)
	}
	v, err := w.sides[0].client.Invite(ctx, charter.DefaultCharter(ps...), charter.DefaultAnnex())
	must(err)
	for range 3 { // accept, reveal, and the reveals for all
		for i := range w.sides {
			v, err = w.sides[(i+1)%len(w.sides)].client.PairingStep(ctx, v.File)
			must(err)
		}
	}
	w.line = v.Line
	for _, s := range w.sides {
		_, err := s.client.ConfirmWords(ctx, w.line, true, "in person", s.root())
		must(err)
	}
	w.waitUp()
}

// enlist opens the officers' accounts.
func (w *world) enlist(s *side) {
	w.t.Helper()
	for _, name := range []string{envoy, chief} {
		if _, err := s.client.AddOfficer(context.Background(), name, []parley.Office{parley.Envoy, parley.Watch}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// waitUp waits until every side sees the line up.
func (w *world) waitUp() {
	w.t.Helper()
	for _, s := range w.sides {
		eventually(w.t, 30*time.Second, s.code+" is up", func() bool {
			l, err := s.client.Line(context.Background(), w.line)
			return err == nil && l.Lamp.State == station.LampUp
		})
	}
}

// cut pulls every cable, or puts all back.
func (w *world) cut(yes bool, sides ...*side) {
	for _, s := range sides {
		s.udp.Cut(yes)
		s.tcp.Cut(yes)
	}
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
	t.Fatalf("not within %v: %s", d, what)
	return 0
}

// copyTree copies regular files and directories; sockets stay behind.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		dst := filepath.Join(to, rel)
		switch {
		case e.IsDir():
			return os.MkdirAll(dst, 0o700)
		case e.Type().IsRegular():
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(dst, b, 0o600)
		}
		return nil
	})
}
