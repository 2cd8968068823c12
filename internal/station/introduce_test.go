package station

import (
	"context"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
	bearertls "parley/internal/bearer/tls"
	"parley/internal/wire"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// lose takes everything from a party but its root key and the founding, and
// makes its station anew; start brings it up.
func (p *party) lose(line string, founding []byte) { p.loseAt(line, founding, time.Now) }

// loseAt does so with a clock of its own while the new generation is opened.
func (p *party) loseAt(line string, founding []byte, clock func() time.Time) {
	p.t.Helper()
	p.halt()
	old, err := LoadConfig(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, d := range []string{p.dir, p.dir + ".mark"} {
		if err := os.RemoveAll(d); err != nil {
			p.t.Fatal(err)
		}
	}
	if _, err := Init(InitOptions{Dir: p.dir, RootKeyPath: p.rootPath, KeepRoot: true, Party: p.code, Name: old.Name, ListenQUIC: old.ListenQUIC, ListenTLS: old.ListenTLS,
		AnnounceQUIC: old.AnnounceQUIC, AnnounceTLS: old.AnnounceTLS}); err != nil {
		p.t.Fatal(err)
	}
	p.config(func(c *Config) { c.KeepFree = 1 })
	c, err := LoadConfig(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := openRecovery(c, p.root)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.close()
	r.clock = clock
	if _, err := r.recover(line, founding); err != nil {
		p.t.Fatal(err)
	}
}

// confirm has p's officers confirm the words that o's station shows.
func (p *party) confirm(line string, o *party) {
	p.t.Helper()
	ctx := context.Background()
	eventually(p.t, 15*time.Second, "both stations show the same words", func() bool {
		ours, err := p.st.RecoveryWords(ctx, line)
		if err != nil {
			return false
		}
		theirs, err := o.st.RecoveryWords(ctx, line)
		return err == nil && slices.Equal(ours, theirs)
	})
	words, err := o.st.RecoveryWords(ctx, line)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.st.ConfirmRecovery(ctx, p.envoy, line, words); err != nil {
		p.t.Fatal(err)
	}
}

func (p *party) hasPinned(line string, peer parley.PartyCode, k [32]byte) bool {
	p.t.Helper()
	l, err := p.st.lineOf(line)
	if err != nil {
		p.t.Fatal(err)
	}
	return l.pinned(peer, k)
}

// talks reports whether a line is up and active, whatever else it has to say.
func (p *party) talks(line string) bool {
	l := p.line(line)
	return l.Lamp.Verdict == VerdictUp && l.State == "active"
}

// TestLostStationIntroducesItself: nobody hands over a file. A station that
// lost everything is let in by the certificate it shows on a path that is not
// pinned, whoever can dial whom, and gets its past back.
func TestLostStationIntroducesItself(t *testing.T) {
	t.Parallel()
	for name, deaf := range map[string]bool{"it dials": false, "only the other side dials": true} {
		t.Run(name, func(t *testing.T) {
			a, b := newParty(t, "alder"), newParty(t, "birch")
			if deaf {
				b.halt()
				b.config(func(c *Config) { c.ListenQUIC, c.ListenTLS, c.AnnounceQUIC, c.AnnounceTLS = "", "", "", "" })
				b.start()
			}
			line := pairAll(t, a, b)
			a.send(line, "birch", "before", "ROUTINE", "INFORMATION")
			b.waitFor(line, "before")
			founding, err := b.st.FoundingFile(context.Background(), line)
			if err != nil {
				t.Fatal(err)
			}
			old := a.st.tls.hash()
			a.lose(line, founding)
			a.start()
			took := eventually(t, 20*time.Second, "both are up again", func() bool {
				return a.talks(line) && b.talks(line)
			})
			t.Logf("up again %s after the new station started", took)
			eventually(t, 10*time.Second, "birch has the new key of alder alone", func() bool {
				return b.hasPinned(line, "alder", a.st.tls.hash()) && !b.hasPinned(line, "alder", old) && a.st.tls.hash() != old
			})
			admin := Officer{ID: 1, Offices: []parley.Office{parley.Administrator}}
			d, err := b.st.Propose(context.Background(), admin, line, Proposal{Annex: &AnnexText{KeepAlive: 3}})
			if err != nil {
				t.Fatal(err)
			}
			assent := func() error { _, err := a.st.Assent(context.Background(), admin, line, d.Hash); return err }
			eventually(t, 15*time.Second, "alder, which cannot read what it assented to before, assents to nothing", func() bool {
				return parley.KindOf(assent()) == parley.Conflict
			})
			b.confirm(line, a)
			eventually(t, 15*time.Second, "alder reads what it said", func() bool {
				return slices.Contains(a.subjects(line, "alder"), "before")
			})
			eventually(t, 15*time.Second, "alder assents", func() bool { return assent() == nil })
			b.send(line, "alder", "welcome back", "ROUTINE", "INFORMATION")
			a.waitFor(line, "welcome back")
		})
	}
}

// TestBothLost: two stations that lost everything introduce each other.
func TestBothLost(t *testing.T) {
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	founding, err := b.st.FoundingFile(context.Background(), line)
	if err != nil {
		t.Fatal(err)
	}
	a.lose(line, founding)
	b.lose(line, founding)
	a.start()
	b.start()
	eventually(t, 20*time.Second, "both are up again", func() bool { return a.talks(line) && b.talks(line) })
	if !b.hasPinned(line, "alder", a.st.tls.hash()) || !a.hasPinned(line, "birch", b.st.tls.hash()) {
		t.Error("the new keys are not pinned")
	}
}

// TestLostWithItsClockBehind: a station that lost everything knows neither of its
// newer generation nor, its clock being behind, that what it opens is older. It
// is told, opens another with the root key, and is let in.
func TestLostWithItsClockBehind(t *testing.T) {
	ctx := context.Background()
	for name, deaf := range map[string]bool{"it dials": false, "only the other side dials": true} {
		t.Run(name, func(t *testing.T) {
			a, b := newParty(t, "alder"), newParty(t, "birch")
			if deaf {
				b.halt()
				b.config(func(c *Config) { c.ListenQUIC, c.ListenTLS, c.AnnounceQUIC, c.AnnounceTLS = "", "", "", "" })
				b.start()
			}
			line := pairAll(t, a, b)
			behind := must(a.st.FoundingFile(ctx, line))
			a.loseAt(line, behind, func() time.Time { return time.Now().Add(time.Hour) })
			a.start()
			eventually(t, 20*time.Second, "both are up again", func() bool { return a.talks(line) && b.talks(line) })
			a.lose(line, behind)
			a.start()
			eventually(t, 20*time.Second, "the station is told of its newer generation", func() bool {
				return strings.HasPrefix(a.line(line).State, "in doubt")
			})
			a.halt()
			if _, err := Recover(must(LoadConfig(a.dir)), line, a.root, nil); err != nil {
				t.Fatal(err)
			}
			a.start()
			eventually(t, 20*time.Second, "both are up once more", func() bool { return a.talks(line) && b.talks(line) })
			b.confirm(line, a)
			b.send(line, "alder", "here again", "ROUTINE", "INFORMATION")
			a.waitFor(line, "here again")
			for _, p := range []*party{a, b} {
				eventually(t, 30*time.Second, "all is settled", func() bool {
					pg := must(p.st.Record(ctx, line, Filter{Form: "dispatch", Limit: 10}))
					return len(pg.Settled) == 1 && len(pg.Unsettled) == 0
				})
			}
		})
	}
}

// TestStrangersLearnNothing: whoever comes with a key that is pinned nowhere
// hears nothing, whatever it sends, is gone within seconds, and comes in only
// so often; the line goes on.
func TestStrangersLearnNothing(t *testing.T) {
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	l, err := b.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := LoadConfig(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	hello := must(wire.Marshal(&wire.Hello{Version: 1, Line: l.id, Party: "alder", Time: 1, Held: wire.Held{}}))
	other := must(wire.Marshal(&wire.Hello{Version: 1, Line: parley.LineID{9}, Party: "alder", Time: 1, Held: wire.Held{}}))
	mallory := must(wire.Marshal(&wire.Hello{Version: 1, Line: l.id, Party: "mallory", Time: 1, Held: wire.Held{}}))
	var founded []byte
	eventually(t, 10*time.Second, "birch has alder's certificate", func() bool {
		for _, g := range l.runner.Status().Logs {
			if g.Party == "alder" {
				founded = g.Cert
			}
		}
		return founded != nil
	})
	forged := must(wire.Marshal(&wire.Certificate{Bytes: flipLast(founded)}))
	replayed := must(wire.Marshal(&wire.Certificate{Bytes: founded}))
	ping := must(wire.Marshal(&wire.Ping{Token: 1, Time: 1}))
	giant := make([]byte, bearer.MaxFrame)
	visits := map[string][][]byte{
		"another line":           {other},
		"no party of the line":   {mallory, replayed},
		"a founding certificate": {hello, replayed},
		"a forged certificate":   {hello, forged},
		"pings":                  {hello, ping, ping, ping},
		"giant frames":           {giant, giant},
	}
	var all []bearer.Conn
	let := 0
	for i := range 3 * guestBurst {
		id := must(bearer.NewIdentity([32]byte{1, byte(i)}))
		c, err := bearertls.New(bearer.Options{Identity: id, Allow: func([32]byte) bool { return true }}).Dial(context.Background(), cfg.ListenTLS)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(nil)
		all = append(all, c)
		select {
		case <-c.Done():
		case <-time.After(100 * time.Millisecond):
			let++
		}
	}
	if let > guestsFrom+1 {
		t.Errorf("%d silent strangers of one address were inside at once", let)
	}
	time.Sleep(guestTime) // they are thrown out
	for _, c := range all {
		select {
		case <-c.Done():
		case <-time.After(2 * time.Second):
			t.Fatal("a silent stranger is still inside")
		}
	}
	b.st.net.lobby.mu.Lock()
	clear(b.st.net.lobby.visits) // as after a quiet while
	inside := len(b.st.net.lobby.guests)
	b.st.net.lobby.mu.Unlock()
	if inside != 0 {
		t.Errorf("%d guests are still counted", inside)
	}
	n := byte(0)
	for name, frames := range visits {
		n++
		id := must(bearer.NewIdentity([32]byte{2, n}))
		c, err := bearertls.New(bearer.Options{Identity: id, Allow: func([32]byte) bool { return true }}).Dial(context.Background(), cfg.ListenTLS)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, f := range frames {
			c.Send(bearer.Control, f)
		}
		ctx, stop := context.WithTimeout(context.Background(), guestTime+2*time.Second)
		f, err := c.Recv(ctx)
		if err == nil || ctx.Err() != nil {
			t.Errorf("%s: heard %x, %v; want a closed connection", name, f, err)
		}
		stop()
		if b.hasPinned(line, "alder", bearer.KeyHash(id)) {
			t.Errorf("%s: its key is pinned", name)
		}
		c.Close(nil)
	}
	a.send(line, "birch", "all the while", "ROUTINE", "INFORMATION")
	b.waitFor(line, "all the while")
}

// TestLobby counts visits by address, makes room, and forgets.
func TestLobby(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := newLobby(func() time.Time { return now })
	away := make(chan int, 100)
	come := func(i int) func() {
		return b.come(fmt.Sprintf("192.0.2.%d:99", i), func() { away <- i })
	}
	for i := range guestsInside + 3 {
		if come(i) == nil {
			t.Fatalf("guest %d was turned away", i)
		}
	}
	for i := range 3 {
		if got := <-away; got > 2 {
			t.Errorf("guest %d was sent away for another, want the first ones (%d)", got, i)
		}
	}
	if len(b.guests) != guestsInside {
		t.Errorf("%d guests inside, want %d", len(b.guests), guestsInside)
	}
	for range guestBurst {
		if gone := come(77); gone != nil {
			gone()
			gone()
		} else {
			t.Fatal("turned away within the burst")
		}
	}
	if come(77) != nil {
		t.Error("one more than the burst came in")
	}
	now = now.Add(guestEvery)
	if come(77) == nil {
		t.Error("nobody came in after a pause")
	}
	for i := range 3 * guestPrefixes {
		if gone := b.come(fmt.Sprintf("[2001:db8:%x::1]:5", i), func() {}); gone != nil {
			gone()
		}
	}
	if len(b.visits) > guestPrefixes {
		t.Errorf("%d addresses are remembered", len(b.visits))
	}
	now = now.Add(guestBurst * guestEvery)
	if b.come("[2001:db8:ffff::1]:5", func() {}) == nil {
		t.Error("addresses are never forgotten")
	}
}

// TestIntroducedFewTimes: a root key in wrong hands cannot pin keys without end.
func TestIntroducedFewTimes(t *testing.T) {
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	founding, err := b.st.FoundingFile(context.Background(), line)
	if err != nil {
		t.Fatal(err)
	}
	a.halt()
	l, err := b.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for range introducedADay + 2 {
		a.lose(line, founding)
		c, err := LoadConfig(a.dir)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(c, l.log)
		if err != nil {
			t.Fatal(err)
		}
		cert := must(os.ReadFile(filepath.Join(c.path(recoveryDir), l.id.String()+".certificate")))
		block, _ := pem.Decode(cert)
		switch err := l.meet("alder", block.Bytes, s.tls.hash()); {
		case err == nil:
			taken++
		case parley.KindOf(err) != parley.Quota:
			t.Error(err)
		}
		s.Close()
	}
	if taken != introducedADay {
		t.Errorf("%d introductions in a day, want %d", taken, introducedADay)
	}
}
