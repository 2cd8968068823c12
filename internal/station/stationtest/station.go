// Package stationtest makes real stations for tests: each with a directory,
// SQLite files, keys and sockets of its own, on loopback, in this process.
// Nothing in it stands in for a part of a station.
package stationtest

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/key"
	"parley/internal/keyfile"
	"parley/internal/station"
)

// Station is one party's station in this process.
type Station struct {
	T    testing.TB
	Code string
	Dir  string // the data directory
	Root key.Signer

	// The station and its people, while it runs.
	St    *station.Station
	Watch station.Officer
	Envoy station.Officer // drafts
	Chief station.Officer // releases

	stop func()
}

// FreePort returns an address on loopback that nobody has: network is "udp" or
// "tcp".
func FreePort(t testing.TB, network string) string {
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

// New makes a station in dir/code, adds its officers and starts it. It is
// halted when the test ends. more may change its configuration before.
func New(t testing.TB, dir, code string, more ...func(*station.Config)) *Station {
	t.Helper()
	s := &Station{T: t, Code: code, Dir: filepath.Join(dir, code)}
	rootPath := filepath.Join(dir, code+".root")
	_, err := station.Init(station.InitOptions{Dir: s.Dir, RootKeyPath: rootPath, Party: code, Name: name(code), Languages: []string{"en"},
		ListenQUIC: FreePort(t, "udp"), ListenTLS: FreePort(t, "tcp"), Desk: FreePort(t, "tcp")})
	if err != nil {
		t.Fatal(err)
	}
	if s.Root, err = station.LoadRootKey(rootPath, nil); err != nil {
		t.Fatal(err)
	}
	s.Configure(func(c *station.Config) {
		c.Test, c.Settle, c.KeepFree = time.Minute, time.Second, 1 // whatever is free where tests run
		for _, f := range more {
			f(c)
		}
	})
	s.Start()
	for o, offices := range map[*station.Officer][]parley.Office{&s.Watch: {parley.Watch}, &s.Envoy: {parley.Envoy}, &s.Chief: {parley.Envoy, parley.Translator}} {
		if *o, err = s.St.AddOfficer(context.Background(), station.Officer{}, fmt.Sprintf("Officer of %v", offices), offices); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func name(code string) string { return strings.ToUpper(code[:1]) + code[1:] }

// At is a station that stands in dir/code already, not started.
func At(t testing.TB, dir, code string) *Station {
	return &Station{T: t, Code: code, Dir: filepath.Join(dir, code)}
}

// Config reads the configuration.
func (s *Station) Config() station.Config {
	s.T.Helper()
	c, err := station.LoadConfig(s.Dir)
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

// Configure changes the configuration file; a running station does not see it.
func (s *Station) Configure(f func(*station.Config)) {
	s.T.Helper()
	c := s.Config()
	usual := c.HighWater
	f(&c)
	if c.HighWater == usual {
		c.HighWater = "" // so that the directory can be copied
	}
	if err := os.WriteFile(filepath.Join(s.Dir, station.ConfigName), c.Text(), 0o600); err != nil {
		s.T.Fatal(err)
	}
}

// Start opens and runs the station, and returns when it answers.
func (s *Station) Start() {
	s.T.Helper()
	level := slog.LevelError
	if os.Getenv("PARLEY_TEST_LOG") != "" {
		level = slog.LevelDebug
	}
	st, err := station.Open(s.Config(), slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})).With("party", s.Code))
	if err != nil {
		s.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- st.Run(ctx) }()
	s.St = st
	s.stop = func() {
		cancel()
		if err := <-done; err != nil {
			s.T.Errorf("%s: running: %v", s.Code, err)
		}
		if err := st.Close(); err != nil {
			s.T.Errorf("%s: closing: %v", s.Code, err)
		}
	}
	s.T.Cleanup(s.Halt)
	select {
	case <-st.Ready():
	case <-time.After(30 * time.Second):
		s.T.Fatalf("%s does not come up", s.Code)
	}
	s.people()
}

// people finds the officers that New made.
func (s *Station) people() {
	all, err := s.St.Officers(context.Background())
	if err != nil {
		s.T.Fatal(err)
	}
	for _, o := range all {
		switch fmt.Sprint(o.Offices) {
		case fmt.Sprint([]parley.Office{parley.Watch}):
			s.Watch = o
		case fmt.Sprint([]parley.Office{parley.Envoy}):
			s.Envoy = o
		case fmt.Sprint([]parley.Office{parley.Envoy, parley.Translator}):
			s.Chief = o
		}
	}
}

// Halt stops the station in good order. It may be called again.
func (s *Station) Halt() {
	if s.stop != nil {
		s.stop()
		s.stop, s.St = nil, nil
	}
}

// Secrets returns the keys of a halted station whose storage key has no
// passphrase: what whoever owns the machine has.
func (s *Station) Secrets() (storage *key.Storage, tls [32]byte) {
	s.T.Helper()
	must := func(b []byte, err error) []byte {
		if err != nil {
			s.T.Fatalf("%s: reading its keys: %v", s.Code, err)
		}
		return b
	}
	storage, err := key.StorageFromSeed(must(keyfile.Read(filepath.Join(s.Dir, "storage.key"), "storage key", nil)))
	if err != nil {
		s.T.Fatal(err)
	}
	copy(tls[:], must(storage.Open("tls key", must(keyfile.Read(filepath.Join(s.Dir, "tls.key"), "tls key", nil)))))
	return storage, tls
}

// Pair founds one line of running stations with the default charter, as their
// officers would, waits until it is up everywhere, and returns its id.
func Pair(t testing.TB, ss ...*Station) string {
	t.Helper()
	ctx := context.Background()
	var ps []charter.Party
	for _, s := range ss {
		ps = append(ps, charter.Party{Code: parley.PartyCode(s.Code), Name: name(s.Code), Languages: []string{"en"}})
	}
	v, err := ss[0].St.Invite(ctx, station.Officer{}, charter.DefaultCharter(ps...), charter.DefaultAnnex())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // accept, reveal, and the reveals for all
		for _, s := range append(ss[1:len(ss):len(ss)], ss[0]) {
			if v, err = s.St.PairingStep(ctx, station.Officer{}, v.File); err != nil {
				t.Fatalf("%s: pairing: %v", s.Code, err)
			}
		}
	}
	for _, s := range ss {
		if _, err := s.St.ConfirmWords(ctx, station.Officer{}, v.Line, true, "in person", s.Root); err != nil {
			t.Fatalf("%s: confirming: %v", s.Code, err)
		}
	}
	for _, s := range ss {
		s.WaitUp(v.Line)
	}
	return v.Line
}

// Eventually waits until f is true and fails after d.
func Eventually(t testing.TB, d time.Duration, what string, f func() bool) {
	t.Helper()
	for began := time.Now(); time.Since(began) < d; time.Sleep(20 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatalf("not within %s: %s", d, what)
}

// Line returns a line as a desk sees it.
func (s *Station) Line(line string) station.Line {
	s.T.Helper()
	l, err := s.St.Line(context.Background(), line)
	if err != nil {
		s.T.Fatal(err)
	}
	return l
}

// WaitUp waits until the lamp of a line is up.
func (s *Station) WaitUp(line string) {
	s.T.Helper()
	Eventually(s.T, 30*time.Second, s.Code+" is up", func() bool {
		l := s.Line(line) // a disk that a test says is full makes no path worse
		full := func(n station.Notice) bool { return n.Code == "disk-kept" || n.Code == "their-disk" }
		return l.Lamp.State == station.LampUp || l.Lamp.State == station.LampPartly && slices.ContainsFunc(l.Notices, full)
	})
}

// Send drafts a dispatch to party's envoy and lets a second officer release it.
func (s *Station) Send(line, to, subject, precedence string) (item string) {
	s.T.Helper()
	ctx := context.Background()
	d, err := s.St.SaveDraft(ctx, s.Envoy, station.Draft{Line: line, From: "envoy", To: []string{to + "/envoy"}, Subject: subject, Text: "text of " + subject,
		Precedence: precedence, Marker: "INFORMATION", Language: "en", Reason: "an exercise of the test"})
	if err != nil {
		s.T.Fatal(err)
	}
	if d, err = s.St.Submit(ctx, s.Envoy, d.ID); err != nil {
		s.T.Fatal(err)
	}
	if item, err = s.St.Release(ctx, s.Chief, d.ID, d.Version, precedence); err != nil {
		s.T.Fatal(err)
	}
	return item
}

// Has reports whether a dispatch of that subject is in the record here.
func (s *Station) Has(line, subject string) bool {
	s.T.Helper()
	pg, err := s.St.Record(context.Background(), line, station.Filter{Form: "dispatch", Limit: 500})
	if err != nil {
		s.T.Fatal(err)
	}
	for _, it := range append(pg.Settled, pg.Unsettled...) {
		if it.Subject == subject {
			return true
		}
	}
	return false
}

// CopyTree copies the directories of halted stations, so that one founding
// serves many tests.
func CopyTree(t testing.TB, dst, src string) {
	t.Helper()
	err := filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, p)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(to, info.Mode().Perm())
		case !info.Mode().IsRegular():
			return nil
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}
