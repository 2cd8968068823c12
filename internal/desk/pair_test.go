package desk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/desk"
	"parley/internal/station"
)

// side is a real station with its desk, on a line to another one.
type side struct {
	*live
	st           *station.Station
	code         string
	root         string // path of the root key
	watch, envoy station.Officer
	dir          string // where its alarm command writes what it reads
}

// newPair makes Alder and Birch, and a line between them that is up. Both alarm
// commands keep every alarm that they are run for.
func newPair(t *testing.T) (line string, alder, birch *side) {
	t.Helper()
	return newPairRuled(t, func(*charter.Charter) {})
}

// newPairRuled makes them on a charter that is changed first.
func newPairRuled(t *testing.T, change func(*charter.Charter)) (line string, alder, birch *side) {
	t.Helper()
	return newPairWith(t, change, func(string, *station.Config) {})
}

// newPairWith is that with stations that are set up otherwise.
func newPairWith(t *testing.T, change func(*charter.Charter), set func(code string, c *station.Config)) (line string, alder, birch *side) {
	t.Helper()
	alder, birch = newSide(t, "alder", set), newSide(t, "birch", set)
	ctx, here := t.Context(), station.Officer{}
	rules := charter.DefaultCharter(alder.party(), birch.party())
	change(&rules)
	v, err := alder.st.Invite(ctx, here, rules, charter.DefaultAnnex())
	for i := 0; err == nil && i < 6; i++ { // accept, reveal, and the reveals for all
		v, err = []*side{birch, alder}[i%2].st.PairingStep(ctx, here, v.File)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*side{alder, birch} {
		root, err := station.LoadRootKey(s.root, nil)
		if err == nil {
			_, err = s.st.ConfirmWords(ctx, here, v.Line, true, "in person", root)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []*side{alder, birch} {
		for range 600 {
			if l, err := s.st.Line(ctx, v.Line); err == nil && l.Lamp.State == station.LampUp {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if l, err := s.st.Line(ctx, v.Line); err != nil || l.Lamp.State != station.LampUp {
			t.Fatalf("%s: the line is not up: %v %v", s.code, l.Lamp.State, err)
		}
	}
	return v.Line, alder, birch
}

func (s *side) party() charter.Party {
	return charter.Party{Code: parley.PartyCode(s.code), Name: strings.ToUpper(s.code[:1]) + s.code[1:], Languages: []string{"en"}}
}

func newSide(t *testing.T, code string, set func(code string, c *station.Config)) *side {
	t.Helper()
	s := &side{live: &live{t: t}, code: code, dir: t.TempDir()}
	s.root = filepath.Join(s.dir, "root.key")
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	quicAt, tlsAt := udp.LocalAddr().String(), tcp.Addr().String()
	udp.Close()
	tcp.Close()
	home := filepath.Join(s.dir, code)
	if _, err := station.Init(station.InitOptions{Dir: home, RootKeyPath: s.root, Party: code, Name: s.party().Name, Languages: []string{"en"}, HighWater: filepath.Join(s.dir, "mark"),
		ListenQUIC: quicAt, ListenTLS: tlsAt, AnnounceQUIC: quicAt, AnnounceTLS: tlsAt}); err != nil {
		t.Fatal(err)
	}
	ring := filepath.Join(s.dir, "ring")
	if err := os.WriteFile(ring, []byte("#!/bin/sh\ncat >> '"+ring+".rung'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	cfg, err := station.LoadConfig(home)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Alarm, cfg.Settle, cfg.Media, cfg.KeepFree = ring, time.Second, "127.0.0.1:0", 1
	set(code, &cfg)
	if s.st, err = station.Open(cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.st.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", code, err)
		}
		if err := s.st.Close(); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	})
	<-s.st.Ready()
	for _, o := range []struct {
		is     *station.Officer
		name   string
		office parley.Office
	}{{&s.watch, "Lt Ruiz", parley.Watch}, {&s.envoy, "Capt Hale", parley.Envoy}} {
		if *o.is, err = s.st.AddOfficer(ctx, station.Officer{}, o.name, []parley.Office{o.office}); err != nil {
			t.Fatal(err)
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = fmt.Sprintf("http://%s.localhost:%d", code, ln.Addr().(*net.TCPAddr).Port)
	s.server = desk.Server(desk.New(desk.Config{Station: s.st, Here: time.UTC, Origin: s.url, BindSessions: true}), nil)
	go s.server.Serve(ln)
	t.Cleanup(func() { s.server.Close() })
	return s
}

// seat is the path of a link that lets an officer in, once.
func (s *side) seat(o station.Officer) string {
	s.t.Helper()
	token, err := s.st.SeatLink(s.t.Context(), station.Officer{}, o.ID, o.Offices[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return "/seat/" + token
}

// sendFlash has two officers write and release a FLASH.
func (s *side) sendFlash(line, to, subject string) {
	s.t.Helper()
	ctx := s.t.Context()
	d, err := s.st.SaveDraft(ctx, s.watch, station.Draft{Line: line, From: "watch", To: []string{to + "/watch"}, Precedence: "FLASH", Marker: "QUESTION", Subject: subject, Text: "Is it yours?", Reason: "Near."})
	if err == nil {
		d, err = s.st.Submit(ctx, s.watch, d.ID)
	}
	if err == nil {
		_, err = s.st.Release(ctx, s.envoy, d.ID, d.Version, "FLASH")
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// stored waits for the FLASH of this subject and returns when it was stored.
func (s *side) stored(subject string) (at time.Time) {
	s.t.Helper()
	s.wait(subject+" is stored", func() bool {
		b, err := s.st.Board(s.t.Context(), s.watch, "")
		if err != nil {
			s.t.Fatal(err)
		}
		for _, it := range b.Flash {
			if it.Subject == subject {
				at = it.Arrived
			}
		}
		return !at.IsZero()
	})
	return at
}

// rung waits until the alarm command was run for the FLASH of this subject, and
// fails if that was not within 2 s of being stored.
func (s *side) rung(subject string, stored time.Time) {
	s.t.Helper()
	s.wait("the alarm command", func() bool {
		f, _ := os.ReadFile(filepath.Join(s.dir, "ring.rung")) // not there before it first ran
		for _, l := range strings.Split(string(f), "\n") {
			var a struct{ Code, Text string }
			if json.Unmarshal([]byte(l), &a) == nil && a.Code == "flash" && strings.Contains(a.Text, subject) {
				return true
			}
		}
		return false
	})
	if took := time.Since(stored); took > 2*time.Second {
		s.t.Errorf("the alarm command ran %v after it was stored", took)
	}
}
