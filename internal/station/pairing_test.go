package station

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/key"
	"parley/internal/keyfile"
	"parley/internal/line"
	"parley/internal/pair"
	"parley/internal/store/sqlite"
)

// side is one party in a pairing test, in a directory of its own.
type side struct {
	*pairings
	root *key.Pair
	db   *sqlite.Store
}

var partyNames = map[parley.PartyCode]string{"alder": "Alder", "birch": "Birch", "cedar": "Cedar"}

func newSide(t testing.TB, code parley.PartyCode) *side {
	t.Helper()
	root, err := key.NewPair(cryptoRand)
	if err != nil {
		t.Fatal(err)
	}
	return openSide(t, code, t.TempDir(), root, [32]byte{7})
}

// openSide opens the side that lives in dir; seed is that of its storage key.
func openSide(t testing.TB, code parley.PartyCode, dir string, root *key.Pair, seed [32]byte) *side {
	t.Helper()
	storage, err := key.StorageFromSeed(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(dir, storage, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &side{root: root, db: db, pairings: &pairings{dir: filepath.Join(dir, pairingDir), storage: storage, store: db, us: code,
		root: func() (key.Public, error) { return root.Public(), nil }, tls: [32]byte{byte(code[0])},
		addresses: []string{"quic://127.0.0.1:7100"}, rand: cryptoRand, now: time.Now}}
}

func testCharter(codes ...parley.PartyCode) charter.Charter {
	var ps []charter.Party
	for _, c := range codes {
		ps = append(ps, charter.Party{Code: c, Name: partyNames[c], Languages: []string{"en"}})
	}
	return charter.DefaultCharter(ps...)
}

func mustStep(t testing.TB, s *side, file []byte) *pairing {
	t.Helper()
	p, _, err := s.step(file)
	if err != nil {
		t.Fatalf("%s: %v", s.us, err)
	}
	return p
}

func fileOf(p *pairing) []byte { return p.state.Pairing().Armour() }

// paired takes both sides to where the words are compared.
func paired(t testing.TB, a, b *side) (pa, pb *pairing) {
	t.Helper()
	pa, err := a.invite(testCharter(a.us, b.us), charter.DefaultAnnex())
	if err != nil {
		t.Fatal(err)
	}
	pb = mustStep(t, b, fileOf(pa))
	pa = mustStep(t, a, fileOf(pb))
	pb = mustStep(t, b, fileOf(pa))
	return mustStep(t, a, fileOf(pb)), pb
}

func words(t testing.TB, p *pairing) []string {
	t.Helper()
	v, err := p.view()
	if err != nil {
		t.Fatal(err)
	}
	return v.Words
}

func TestPairTwo(t *testing.T) {
	a, b := newSide(t, "alder"), newSide(t, "birch")
	pa, err := a.invite(testCharter("alder", "birch"), charter.DefaultAnnex())
	if err != nil {
		t.Fatal(err)
	}
	stages := []pair.Stage{pa.state.Stage()}
	pb := mustStep(t, b, fileOf(pa))
	if _, told := pb.state.Pairing().Reveals["birch"]; told {
		t.Error("accepting revealed, before the inviter had seen our commitment")
	}
	stages = append(stages, pb.state.Stage())
	pb = mustStep(t, b, fileOf(pa)) // the same file twice
	if len(pb.state.Pairing().Reveals) != 0 {
		t.Error("the invitation given twice revealed")
	}
	pa = mustStep(t, a, fileOf(pb))
	stages = append(stages, pa.state.Stage())
	pb = mustStep(t, b, fileOf(pa))
	stages = append(stages, pb.state.Stage())
	pa = mustStep(t, a, fileOf(pb))
	stages = append(stages, pa.state.Stage())
	want := []pair.Stage{pair.Invited, pair.Accepted, pair.Revealed, pair.Compare, pair.Compare}
	if !slices.Equal(stages, want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
	if wa, wb := words(t, pa), words(t, pb); len(wa) != 5 || !slices.Equal(wa, wb) {
		t.Errorf("words %v and %v", wa, wb)
	}
	for _, s := range []*side{a, b} {
		p, err := s.load(pa.line())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.confirm(p, pair.InPerson, s.root); err != nil {
			t.Fatal(err)
		}
		loads(t, s, p.line())
	}
}

// loads checks that a founded line has an engine that can write.
func loads(t testing.TB, s *side, id parley.LineID) {
	t.Helper()
	l := s.db.Line(id)
	f, err := foundingOf(l)
	if err != nil {
		t.Fatal(err)
	}
	e, err := line.Load(line.Config{Founding: f, Us: s.us, Store: l, Rand: cryptoRand}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if st := e.Status(); st.Doubt != "" || st.Own == (parley.GenerationID{}) {
		t.Errorf("%s: the line is founded, and in doubt %q with generation %s", s.us, st.Doubt, st.Own)
	}
	p, err := s.load(id)
	if err != nil {
		t.Fatal(err)
	}
	if !p.done || p.keys != nil || p.state.Stage() != pair.Confirmed {
		t.Errorf("%s: done %v, keys kept %v, stage %s", s.us, p.done, p.keys != nil, p.state.Stage())
	}
}

func TestPairThree(t *testing.T) {
	ss := []*side{newSide(t, "alder"), newSide(t, "birch"), newSide(t, "cedar")}
	p, err := ss[0].invite(testCharter("alder", "birch", "cedar"), charter.DefaultAnnex())
	if err != nil {
		t.Fatal(err)
	}
	file := fileOf(p)
	for round := range 3 { // commit, reveal, take in
		for i, s := range ss {
			if round == 0 && i == 0 {
				continue
			}
			file = fileOf(mustStep(t, s, file))
		}
	}
	var first []string
	for _, s := range ss {
		q, err := s.load(p.line())
		if err != nil {
			t.Fatal(err)
		}
		w := words(t, q)
		if first == nil {
			first = w
		}
		if len(w) != 5 || !slices.Equal(w, first) {
			t.Errorf("%s has the words %v, want %v", s.us, w, first)
		}
		if err := s.confirm(q, pair.TwoChannels, s.root); err != nil {
			t.Errorf("%s: %v", s.us, err)
		}
		loads(t, s, p.line())
	}
}

func TestPairRefusals(t *testing.T) {
	a, b, c := newSide(t, "alder"), newSide(t, "birch"), newSide(t, "cedar")
	if _, err := c.invite(testCharter("alder", "birch"), charter.DefaultAnnex()); parley.KindOf(err) != parley.WrongParty {
		t.Errorf("inviting for others: %v", err)
	}
	pa, err := a.invite(testCharter("alder", "birch"), charter.DefaultAnnex())
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		s    *side
		file []byte
		want parley.Kind
	}{
		"a stranger":     {c, fileOf(pa), parley.WrongParty},
		"nothing":        {b, nil, parley.Malformed},
		"a mail":         {b, []byte("-----BEGIN PGP MESSAGE-----\n"), parley.Malformed},
		"cut off":        {b, fileOf(pa)[:200], parley.Malformed},
		"a byte flipped": {b, flipped(pa.state.Pairing().Encode()), parley.Malformed},
	} {
		if _, _, err := x.s.step(x.file); parley.KindOf(err) != x.want {
			t.Errorf("%s: %v, want kind %v", name, err, x.want)
		}
	}
	if err := a.confirm(pa, pair.InPerson, a.root); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("confirming before the reveals: %v", err)
	}
	if _, err := a.load(parley.LineID{1}); parley.KindOf(err) != parley.NotFound {
		t.Errorf("loading what is not there: %v", err)
	}
	if _, err := a.find("00"); parley.KindOf(err) != parley.NotFound {
		t.Errorf("finding by two digits: %v", err)
	}
	if id, err := a.find(pa.line().String()[:6]); err != nil || id != pa.line() {
		t.Errorf("finding by six digits: %v, %v", id, err)
	}
}

func flipped(b []byte) []byte {
	b = bytes.Clone(b)
	b[2] ^= 0xff
	return b
}

func TestConfirmRefusals(t *testing.T) {
	a, b := newSide(t, "alder"), newSide(t, "birch")
	pa, pb := paired(t, a, b)
	for name, x := range map[string]struct {
		root key.Signer
		how  string
		want parley.Kind
	}{
		"no root key":     {nil, pair.InPerson, parley.NotAllowed},
		"another's":       {b.root, pair.InPerson, parley.UnknownKey},
		"no way":          {a.root, "", parley.BadForm},
		"two lines":       {a.root, "in\nperson", parley.BadForm},
		"a broken signer": {broken{a.root}, pair.InPerson, parley.Internal},
	} {
		p, err := a.load(pa.line())
		if err != nil {
			t.Fatal(err)
		}
		if err := a.confirm(p, x.how, x.root); parley.KindOf(err) != x.want {
			t.Errorf("%s: %v, want kind %v", name, err, x.want)
		}
	}
	if _, _, err := a.db.Line(pa.line()).Founding(); parley.KindOf(err) != parley.NotFound {
		t.Errorf("a line was founded by refused acts: %v", err)
	}
	if err := b.burn(pb, "unequal"); err != nil {
		t.Fatal(err)
	}
	pb, _ = b.load(pb.line())
	if err := b.confirm(pb, pair.InPerson, b.root); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("confirming a burnt pairing: %v", err)
	}
	if _, burnt, err := b.step(fileOf(pa)); parley.KindOf(err) != parley.NotAllowed || burnt {
		t.Errorf("a file for a burnt pairing: %v, burnt again %v", err, burnt)
	}
	pa, _ = a.load(pa.line())
	if err := a.confirm(pa, pair.InPerson, a.root); err != nil {
		t.Fatal(err)
	}
	if err := a.burn(pa, "unequal after all"); parley.KindOf(err) != parley.Conflict {
		t.Errorf("burning a confirmed pairing: %v", err)
	}
}

// broken is a signer whose ML-DSA half fails.
type broken struct{ key.Signer }

func (broken) SignML([]byte) ([]byte, error) { return nil, errors.New("the token was pulled out") }

func TestContradictionBurns(t *testing.T) {
	a, b := newSide(t, "alder"), newSide(t, "birch")
	pa, err := a.invite(testCharter("alder", "birch"), charter.DefaultAnnex())
	if err != nil {
		t.Fatal(err)
	}
	mustStep(t, b, fileOf(pa))
	m := newSide(t, "birch") // somebody in between answers in Birch's place
	pm := mustStep(t, m, fileOf(pa))
	mustStep(t, a, fileOf(pm))
	pb, _ := b.load(pa.line())
	if _, burnt, err := a.step(fileOf(pb)); parley.KindOf(err) != parley.Conflict || !burnt {
		t.Errorf("two answers: %v, burnt %v", err, burnt)
	}
	p, err := a.load(pa.line())
	if err != nil || p.state.Stage() != pair.Burnt {
		t.Errorf("after two answers: stage %v, %v", p.state.Stage(), err)
	}
	v, err := p.view()
	if err != nil || v.Stage != "burnt" || v.File != nil || v.Words != nil {
		t.Errorf("a burnt pairing shows %+v, %v", v, err)
	}
}

func TestPairingFileRefusals(t *testing.T) {
	a, b := newSide(t, "alder"), newSide(t, "birch")
	pa, _ := paired(t, a, b)
	path := a.path(pa.line())
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
	other := parley.LineID{9}
	for name, x := range map[string]struct {
		id parley.LineID
		b  []byte
	}{
		"flipped":            {pa.line(), append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]^1)},
		"cut off":            {pa.line(), good[:len(good)/2]},
		"empty":              {pa.line(), nil},
		"of another line":    {other, good},
		"not a pairing":      {pa.line(), a.storage.Seal(sealName(pa.line()), []byte{0xa0})},
		"under another seal": {pa.line(), a.storage.Seal("pairing", []byte{0xa0})},
	} {
		if err := os.WriteFile(a.path(x.id), x.b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := a.load(x.id); parley.KindOf(err) != parley.Corrupt || parley.HintOf(err) == "" {
			t.Errorf("%s: %v, want corrupt with a hint", name, err)
		}
		if x.id != pa.line() {
			os.Remove(a.path(x.id))
		}
	}
}

func TestLockWaits(t *testing.T) {
	a := newSide(t, "alder")
	unlock, err := a.lock(t.Context(), parley.LineID{1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := a.lock(ctx, parley.LineID{1}); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("two acts at once: %v", err)
	}
	if free, err := a.lock(ctx, parley.LineID{2}); err != nil {
		t.Errorf("another pairing: %v", err)
	} else {
		free()
	}
	unlock()
	if again, err := a.lock(t.Context(), parley.LineID{1}); err != nil {
		t.Error(err)
	} else {
		again()
	}
}

// TestKillConfirm kills a process in the middle of confirming, after each step
// that it makes durable; the station then finishes, with one certificate and no
// second signature of the root key.
func TestKillConfirm(t *testing.T) {
	if os.Getenv("PARLEY_TEST_KILL") != "" {
		killedConfirm(t)
		return
	}
	for _, step := range []string{"certified", "created", "begun", "done"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			a, b := newSide(t, "alder"), newSide(t, "birch")
			pa, _ := paired(t, a, b)
			dir := filepath.Dir(a.dir)
			if err := keyfile.Write(filepath.Join(dir, "root"), rootKind, a.root.Seed(), nil); err != nil {
				t.Fatal(err)
			}
			a.db.Close()
			cmd := exec.Command(os.Args[0], "-test.run=^TestKillConfirm$")
			cmd.Env = append(os.Environ(), "PARLEY_TEST_KILL="+step, "PARLEY_TEST_DIR="+dir, "PARLEY_TEST_LINE="+pa.line().String())
			out, err := cmd.CombinedOutput()
			var x *exec.ExitError
			if !errors.As(err, &x) || x.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the process was not killed: %v\n%s", err, out)
			}
			a = openSide(t, "alder", dir, a.root, [32]byte{7})
			p, err := a.load(pa.line())
			if err != nil {
				t.Fatal(err)
			}
			cert := p.cert
			if err := a.resume(); err != nil {
				t.Fatal(err)
			}
			if p, _ = a.load(pa.line()); !bytes.Equal(cert, p.cert) {
				t.Error("a second certificate was signed")
			}
			loads(t, a, pa.line())
			if err := a.confirm(p, pair.InPerson, nil); err != nil {
				t.Errorf("confirming again, without the root key: %v", err)
			}
			if err := a.resume(); err != nil {
				t.Error(err)
			}
		})
	}
}

func killedConfirm(t *testing.T) {
	dir := os.Getenv("PARLEY_TEST_DIR")
	root, err := LoadRootKey(filepath.Join(dir, "root"), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := openSide(t, "alder", dir, root.(*key.Pair), [32]byte{7})
	a.persisted = func(step string) {
		if step == os.Getenv("PARLEY_TEST_KILL") {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	id, err := parley.ParseLineID(os.Getenv("PARLEY_TEST_LINE"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.load(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Fatal("not killed: ", a.confirm(p, pair.InPerson, a.root))
}

// TestCrashSteps stops before anything is handed out: what was not durable has
// not left the station, and the line id goes on from what was.
func TestCrashSteps(t *testing.T) {
	a, b := newSide(t, "alder"), newSide(t, "birch")
	pa, err := a.invite(testCharter("alder", "birch"), charter.DefaultAnnex())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(b.dir, 0o500); err == nil && os.Geteuid() != 0 {
		if _, _, err := b.step(fileOf(pa)); err == nil {
			t.Error("accepted without keeping it")
		}
	}
	os.Chmod(b.dir, 0o700)
	first := mustStep(t, b, fileOf(pa))
	again := mustStep(t, b, fileOf(pa))
	if first.keys.Gen != again.keys.Gen {
		t.Error("a second set of keys was made for one line id")
	}
	all, err := b.all()
	if err != nil || len(all) != 1 {
		t.Errorf("%d pairings, %v", len(all), err)
	}
}

func TestNextSentences(t *testing.T) {
	a, b := newSide(t, "alder"), newSide(t, "birch")
	pa, _ := a.invite(testCharter("alder", "birch"), charter.DefaultAnnex())
	pb := mustStep(t, b, fileOf(pa))
	for i, x := range []struct {
		p    *pairing
		want string
	}{
		{pa, "Birch, who must accept"},
		{pb, "everybody has accepted"},
		{mustStep(t, a, fileOf(pb)), "whose keys are missing"},
	} {
		v, err := x.p.view()
		if err != nil || !strings.Contains(v.Next, x.want) || len(v.File) == 0 {
			t.Errorf("%d: %q with a file of %d bytes, %v; want %q", i, v.Next, len(v.File), err, x.want)
		}
	}
}
