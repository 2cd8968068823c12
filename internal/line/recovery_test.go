package line_test

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"parley"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/wire"
)

// lostAlder returns a line on which alder has lost everything and asks birch
// for its past, and counts the frames 15 that birch sends.
func lostAlder(t *testing.T, unproved bool) (w *world, a, b *node, given, asked, refused *int) {
	t.Helper()
	w = newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b = w.nodes[alder], w.nodes[birch]
	a.dispatch(parley.Routine, "before")
	w.run(3 * time.Second)
	a.lose()
	given, asked, refused = new(int), new(int), new(int)
	w.unproved = unproved
	w.tap = func(_, _ parley.PartyCode, f wire.Frame) wire.Frame {
		switch f := f.(type) {
		case *wire.Keys:
			*given++
		case *wire.AskKeys:
			*asked++
		case *wire.Refusal:
			if f.Kind == parley.NotAllowed {
				*refused++
			}
		}
		return f
	}
	w.connect(alder, birch)
	w.run(10 * time.Second)
	return w, a, b, given, asked, refused
}

func (n *node) alarms10() (out []string) {
	for _, x := range n.alarms {
		if x.Code == "recovery" {
			out = append(out, x.Text)
		}
	}
	return out
}

// TestKeysCrossProvedPathsOnly: keys of old entries are neither asked for nor
// given before both sides have shown that they hold epoch secrets of the
// generations in force, whatever officers have confirmed (spec/recovery.md, 10).
func TestKeysCrossProvedPathsOnly(t *testing.T) {
	w, a, b, given, asked, refused := lostAlder(t, true)
	cur := a.log(alder).Gen
	b.step(line.GiveKeys{Gen: cur})
	w.run(5 * time.Second)
	if *asked != 0 || *given != 0 {
		t.Fatalf("on an unproved path keys were asked for %d times and given %d times", *asked, *given)
	}
	// A peer that does not keep the rule asks all the same.
	old := w.founding.Reveals[0].Generation
	ask := func() {
		for range 5 {
			b.step(line.FrameIn{Path: b.paths[alder], Frame: &wire.AskKeys{Gen: old}, Size: 20})
			w.run(time.Second)
		}
	}
	ask()
	if *given != 0 || *refused == 0 || len(b.alarms10()) != 1 {
		t.Errorf("asked on an unproved path: given %d, refused %d, alarms %q; want none, some, one", *given, *refused, b.alarms10())
	}
	// A proof under a generation that is not in force proves nothing here.
	b.step(line.PathProved{Path: b.paths[alder], Theirs: old})
	ask()
	if *given != 0 || len(b.alarms10()) != 1 {
		t.Errorf("asked on a path proved by an old generation: given %d, alarms %q", *given, b.alarms10())
	}
	if got := a.subjects(alder); len(got) != 0 {
		t.Errorf("alder reads %v", got)
	}
	w.unproved = false
	w.run(5 * time.Second)
	if got := a.subjects(alder); !slices.Equal(got, []string{"before"}) || *given == 0 {
		t.Errorf("after the path was proved alder reads %v, given %d", got, *given)
	}
}

// TestKeysWaitForOfficers: on a proved path nothing is given before officers
// have confirmed; they hear of it once, and the asker does not press.
func TestKeysWaitForOfficers(t *testing.T) {
	w, a, b, given, asked, refused := lostAlder(t, false)
	if *given != 0 || *refused == 0 || len(b.alarms10()) != 1 {
		t.Errorf("before officers confirmed: given %d, refused %d, alarms %q", *given, *refused, b.alarms10())
	}
	if *asked > 6 {
		t.Errorf("asked %d times in 10 s", *asked)
	}
	b.step(line.GiveKeys{Gen: a.log(alder).Gen})
	w.run(5 * time.Second)
	if got := a.subjects(alder); !slices.Equal(got, []string{"before"}) {
		t.Errorf("alder reads %v", got)
	}
}

// TestKeysComeBackOnTheirPath: of two paths only the one that is proved carries
// keys.
func TestKeysComeBackOnTheirPath(t *testing.T) {
	_, a, b, _, _, _ := lostAlder(t, false)
	b.step(line.GiveKeys{Gen: a.log(alder).Gen})
	second := b.w.paths + 1
	hello := &wire.Hello{Version: 1, Line: b.w.founding.Line, Party: alder, Gen: a.log(alder).Gen, Held: wire.Held{}}
	b.step(line.PathUp{Path: second, Peer: alder}, line.FrameIn{Path: second, Frame: hello, Size: 60})
	old := b.w.founding.Reveals[0].Generation
	for id, want := range map[line.PathID]bool{second: false, b.paths[alder]: true} {
		fx, err := b.e.Step(b.w.now, line.FrameIn{Path: id, Frame: &wire.AskKeys{Gen: old}, Size: 20})
		if err != nil {
			t.Fatal(err)
		}
		got := false
		for _, s := range fx.Sends {
			if _, ok := s.Frame.(*wire.Keys); ok {
				if got = true; s.Path != id {
					t.Errorf("keys asked for on path %d go on path %d", id, s.Path)
				}
			}
		}
		if got != want {
			t.Errorf("path %d: keys given: %v, want %v", id, got, want)
		}
	}
}

// TestSecretOfBothSides: a proof names one secret of each side; two names of
// one secret, or of two of one side, are refused.
func TestSecretOfBothSides(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	e := w.nodes[alder].e
	secret, ours, theirs, ok := e.SessionSecret(birch)
	if same, found := e.SecretOf(birch, ours, theirs); !ok || !found || same != secret || secret == [32]byte{} {
		t.Fatalf("no session secret: %v %v", ok, found)
	}
	for _, x := range [][2]line.EpochName{{ours, ours}, {theirs, theirs}, {theirs, ours}, {ours, {Gen: theirs.Gen, Epoch: 9}}, {ours, {}}} {
		if _, ok := e.SecretOf(birch, x[0], x[1]); ok {
			t.Errorf("%v proves something", x)
		}
	}
	if _, ok := e.SecretOf(alder, ours, theirs); ok {
		t.Error("birch's secret proves alder")
	}
}

// TestFoundingKeyForKey: a founding certificate has every key that its party
// revealed, whoever signed it (spec/log.md).
func TestFoundingKeyForKey(t *testing.T) {
	w := newWorld(t, alder, birch)
	a, b := w.nodes[alder], w.nodes[birch]
	other := must(line.NewKeys(rand.Reader))
	w.connect(alder, birch)
	w.queue = nil // nothing of alder's arrives
	b.step(line.FrameIn{Path: b.paths[alder], Frame: &wire.Hello{Version: 1, Line: w.founding.Line, Party: alder, Held: wire.Held{}}, Size: 60})
	for name, change := range map[string]func(*journal.CertificateBody){
		"log key":            func(c *journal.CertificateBody) { c.Log = other.Log.Public() },
		"receipt key":        func(c *journal.CertificateBody) { c.Receipt = other.Held.Public() },
		"receiving key":      func(c *journal.CertificateBody) { c.Receiving = other.Receiving.Public() },
		"TLS key":            func(c *journal.CertificateBody) { c.TLS[0] ^= 1 },
		"another generation": func(c *journal.CertificateBody) { c.Gen = other.Gen },
		"birch's generation": func(c *journal.CertificateBody) { c.Gen = b.keys.Gen },
	} {
		body := journal.CertificateBody{Line: w.founding.Line, Party: alder, Founding: w.founding.Hash(), Time: uint64(w.now.Unix()), TLS: a.tls()}
		a.keys.Describe(&body)
		change(&body)
		cert := must(journal.SignCertificate(a.root, journal.ByRoot, parley.GenerationID{}, body))
		if _, err := line.Found(a.cfg, a.keys, cert); err == nil || parley.KindOf(err) != parley.Conflict {
			t.Errorf("%s: founding on it: %v, want kind %v", name, err, parley.Conflict)
		}
		b.alarms = nil
		b.step(line.FrameIn{Path: b.paths[alder], Frame: &wire.Certificate{Bytes: cert}, Size: len(cert)})
		for _, l := range b.e.Status().Logs {
			if l.Party == alder {
				t.Errorf("%s: birch took the certificate", name)
			}
		}
		if name != "birch's generation" && !b.alarmed("violation") { // that one it knows already
			t.Errorf("%s: no alarm", name)
		}
	}
}

// TestOldKeyComesBackLate: with the old texts of a peer its old receiving keys
// come back. None takes the place of a newer one.
func TestOldKeyComesBackLate(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	for range 2 { // keys are renewed
		w.now = w.now.Add(25 * time.Hour)
		w.run(10 * time.Second)
	}
	a.lose()
	w.connect(alder, birch)
	w.run(10 * time.Second)
	w.now = w.now.Add(25 * time.Hour) // and once more, before alder has its past again
	w.run(20 * time.Second)
	b.step(line.GiveKeys{Gen: a.log(alder).Gen})
	w.run(20 * time.Second)
	w.now = w.now.Add(3 * time.Hour) // the next epoch of alder
	w.run(10 * time.Second)
	a.filed = a.e.LastFiled()
	a.dispatch(parley.Routine, "after")
	w.run(20 * time.Second)
	if got := b.subjects(alder); !slices.Contains(got, "after") {
		t.Errorf("birch reads %v", got)
	}
	w.wantSame()
}

// TestKeysOfAnotherParty: what the first party asked cannot give is asked of
// the next, and nothing is asked without end.
func TestKeysOfAnotherParty(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(3 * time.Second)
	a, b, c := w.nodes[alder], w.nodes[birch], w.nodes[cedar]
	a.dispatch(parley.Routine, "before")
	w.run(5 * time.Second)
	a.lose()
	asked := 0
	w.tap = func(from, _ parley.PartyCode, f wire.Frame) wire.Frame {
		switch f := f.(type) {
		case *wire.Keys:
			if from == birch {
				clear(f.Keys) // it has none
			}
		case *wire.AskKeys:
			asked++
		}
		return f
	}
	w.connect(alder, birch)
	w.connect(alder, cedar)
	w.run(5 * time.Second)
	b.step(line.GiveKeys{Gen: a.log(alder).Gen})
	w.run(10 * time.Second)
	if got := a.subjects(alder); len(got) != 0 {
		t.Fatalf("alder reads %v by keys that open nothing", got)
	}
	c.step(line.GiveKeys{Gen: a.log(alder).Gen})
	w.run(10 * time.Second)
	if got := a.subjects(alder); !slices.Equal(got, []string{"before"}) {
		t.Errorf("alder reads %v", got)
	}
	asked = 0
	w.run(time.Minute)
	if asked > 0 {
		t.Errorf("asked %d times for what is there", asked)
	}
}
