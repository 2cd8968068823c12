package station

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/form"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/pair"
	"parley/internal/store"
	"parley/internal/store/hwm"
	"parley/internal/store/sqlite"
)

// made is a station made by Init that does not run.
type made struct {
	t    testing.TB
	cfg  Config
	root key.Signer
	res  InitResult
	path string // of the root key
}

func makeStation(t testing.TB, code, pass string) *made {
	t.Helper()
	dir := t.TempDir()
	o := InitOptions{Dir: filepath.Join(dir, "data"), RootKeyPath: filepath.Join(dir, "root"), Party: code, Name: partyNames[parley.PartyCode(code)]}
	if pass != "" {
		o.PassphraseFile = filepath.Join(dir, "pass")
		if err := os.WriteFile(o.PassphraseFile, []byte(pass+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := &made{t: t, path: o.RootKeyPath}
	var err error
	if m.res, err = Init(o); err != nil {
		t.Fatal(err)
	}
	m.load(o.Dir)
	return m
}

func (m *made) load(dir string) {
	m.t.Helper()
	var err error
	if m.cfg, err = LoadConfig(dir); err != nil {
		m.t.Fatal(err)
	}
	if m.root, err = LoadRootKey(m.path, nil); err != nil {
		m.t.Fatal(err)
	}
}

// desk is a made station with its stores open and engines that are stepped by
// hand.
type hand struct {
	*made
	storage *key.Storage
	db      *sqlite.Store
	marks   *hwm.Marks
	ps      *pairings
	self    [32]byte
	e       *line.Engine
	l       store.Line
	run     *runner
	sends   []line.Send
	filed   uint64
}

func (m *made) open() *hand {
	m.t.Helper()
	h := &hand{made: m}
	storage, seed, err := openKeys(m.cfg)
	if err != nil {
		m.t.Fatal(err)
	}
	id, err := bearer.NewIdentity(seed)
	if err != nil {
		m.t.Fatal(err)
	}
	h.storage, h.self = storage, bearer.KeyHash(id)
	if h.db, err = sqlite.Open(m.cfg.Dir, storage, sqlite.Options{}); err != nil {
		m.t.Fatal(err)
	}
	if h.marks, err = hwm.Open(m.cfg.HighWater); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(h.close)
	h.ps = pairingsOf(m.cfg, storage, h.db, h.self)
	return h
}

func (h *hand) close() {
	if h.db != nil {
		h.marks.Close()
		if err := h.db.Close(); err != nil {
			h.t.Error(err)
		}
		h.db = nil
	}
}

// start loads the engine of a line.
func (h *hand) start(id parley.LineID, now time.Time) {
	h.t.Helper()
	f, err := foundingOf(h.db.Line(id))
	if err != nil {
		h.t.Fatal(err)
	}
	h.run = (&recoverer{cfg: h.cfg, us: parley.PartyCode(h.cfg.Party), self: h.self, store: h.db, marks: h.marks}).runner(f)
	h.l = h.run.store
	h.run.clock = func() time.Time { return now }
	h.run.speak = func(s []line.Send, _ []line.Close) { h.sends = append(h.sends, s...) }
	if h.e, err = line.Load(h.run.cfg, now); err != nil {
		h.t.Fatal(err)
	}
	if err := h.run.start(h.e); err != nil {
		h.t.Fatal(err)
	}
	if events, err := decided(h.l); err != nil {
		h.t.Fatal(err)
	} else {
		h.step(now, events...)
	}
}

func (h *hand) step(now time.Time, events ...line.Event) {
	h.t.Helper()
	h.run.clock = func() time.Time { return now }
	if err := h.run.step(h.e, nil, events...); err != nil {
		h.t.Fatalf("%s: %v", h.cfg.Party, err)
	}
}

// say files a service message.
func (h *hand) say(now time.Time, to parley.PartyCode, text string) {
	h.t.Helper()
	f := &form.Service{Subject: "test", Text: text}
	hd := &form.Header{Form: f.Name(), From: parley.Watch, To: []parley.Address{{Party: to, Office: parley.Watch}}, Language: "en", Series: form.ServiceSeries}
	h.filed = h.e.LastFiled() + 1
	h.step(now, line.File{Item: line.Filed{ID: h.filed, At: now.UnixMilli(), Header: form.EncodeHeader(hd), Fields: form.EncodeFields(f)}})
}

// talk joins two stations by a path for some seconds.
func talk(a, b *hand, from time.Time, path line.PathID, d time.Duration) time.Time {
	pa, pb := parley.PartyCode(a.cfg.Party), parley.PartyCode(b.cfg.Party)
	now := from
	a.sends, b.sends = nil, nil
	a.step(now, line.PathUp{Path: path, Peer: pb})
	b.step(now, line.PathUp{Path: path, Peer: pa})
	for now.Sub(from) < d {
		for len(a.sends)+len(b.sends) > 0 {
			deliver(a, b, now, path)
			deliver(b, a, now, path)
		}
		prove(a, b, now, path)
		prove(b, a, now, path)
		now = now.Add(500 * time.Millisecond)
		a.step(now, line.Tick{})
		b.step(now, line.Tick{})
	}
	a.step(now, line.PathDown{Path: path})
	b.step(now, line.PathDown{Path: path})
	return now
}

// prove does what sessions do with auth frames: it shows to that from holds the
// epoch secrets of the line.
func prove(from, to *hand, now time.Time, path line.PathID) {
	us := parley.PartyCode(from.cfg.Party)
	secret, ours, theirs, ok := from.e.SessionSecret(parley.PartyCode(to.cfg.Party))
	if !ok {
		return
	}
	if same, ok := to.e.SecretOf(us, theirs, ours); ok && same == secret {
		to.step(now, line.PathProved{Path: path, Theirs: ours.Gen})
		from.step(now, line.PathProved{Path: path, Ours: ours.Gen})
	}
}

func deliver(from, to *hand, now time.Time, path line.PathID) {
	sends := from.sends
	from.sends = nil
	for _, s := range sends {
		to.step(now, line.FrameIn{Path: path, Frame: s.Frame, Size: 100})
	}
}

// pairMade founds a line of two made stations and lets them talk.
func pairMade(t testing.TB, a, b *hand) (parley.LineID, time.Time) {
	t.Helper()
	sa, sb := &side{pairings: a.ps}, &side{pairings: b.ps}
	pa, pb := paired(t, sa, sb)
	if err := a.ps.confirm(pa, pair.InPerson, a.root); err != nil {
		t.Fatal(err)
	}
	if err := b.ps.confirm(pb, pair.InPerson, b.root); err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Second)
	a.start(pa.line(), now)
	b.start(pa.line(), now)
	now = talk(a, b, now, 1, 6*time.Second)
	a.say(now, "birch", "one from alder")
	b.say(now, "alder", "one from birch")
	now = talk(a, b, now, 2, 6*time.Second)
	return pa.line(), now
}

// texts counts the service messages a station can read of each party.
func (h *hand) texts() map[parley.PartyCode]int {
	h.t.Helper()
	n := map[parley.PartyCode]int{}
	for _, g := range h.e.Status().Logs {
		es, err := store.EntriesUpTo(h.l, g.Gen, store.MaxIndex)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, e := range es {
			if hd, err := form.ParseHeader(e.Header); err == nil && hd.Form == "service" {
				n[g.Party]++
			}
		}
	}
	return n
}

func TestInit(t *testing.T) {
	m := makeStation(t, "alder", "correct horse")
	if len(m.res.Share) != key.ShareWords || m.res.SeatToken == "" || m.res.Config != filepath.Join(m.cfg.Dir, ConfigName) {
		t.Errorf("%+v", m.res)
	}
	storage, _, err := openKeys(m.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(storage.Share(), " ") != strings.Join(m.res.Share, " ") {
		t.Error("the share is of another key")
	}
	if pub, err := loadRoot(m.cfg); err != nil || pub != m.root.Public() {
		t.Errorf("root key: %v", err)
	}
	for _, name := range []string{storageFile, tlsFile, storeFile, ownFile, ConfigName} {
		if st, err := os.Stat(m.cfg.path(name)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, st, err)
		}
	}
	if filepath.Dir(m.path) == m.cfg.Dir {
		t.Error("the root key is in the data directory")
	}
	left, _ := os.ReadDir(filepath.Dir(m.path))
	if len(left) != 3 {
		t.Errorf("beside the data directory: %v", left)
	}
}

func TestInitRefusals(t *testing.T) {
	base := func(dir string) InitOptions {
		return InitOptions{Dir: filepath.Join(dir, "data"), RootKeyPath: filepath.Join(dir, "root"), Party: "alder", Name: "Alder"}
	}
	for name, x := range map[string]struct {
		change func(o *InitOptions, dir string)
		want   parley.Kind
	}{
		"a bad code":       {func(o *InitOptions, _ string) { o.Party = "Alder!" }, parley.Malformed},
		"no name":          {func(o *InitOptions, _ string) { o.Name = "" }, parley.BadForm},
		"a name of lines":  {func(o *InitOptions, _ string) { o.Name = "Al\nder" }, parley.BadForm},
		"no language":      {func(o *InitOptions, _ string) { o.Languages = []string{"english please"} }, parley.BadForm},
		"a name to listen": {func(o *InitOptions, _ string) { o.ListenQUIC = "alder.example:7443" }, parley.Malformed},
		"no root key":      {func(o *InitOptions, _ string) { o.RootKeyPath = "" }, parley.Malformed},
		"root key inside":  {func(o *InitOptions, _ string) { o.RootKeyPath = filepath.Join(o.Dir, "root") }, parley.NotAllowed},
		"root key by a link": {func(o *InitOptions, dir string) {
			os.Mkdir(o.Dir, 0o700)
			os.Symlink(o.Dir, dir+"/l")
			o.RootKeyPath = dir + "/l/root"
		}, parley.NotAllowed},
		"root key there":     {func(o *InitOptions, _ string) { os.WriteFile(o.RootKeyPath, []byte("x"), 0o600) }, parley.Conflict},
		"no root key kept":   {func(o *InitOptions, _ string) { o.KeepRoot = true }, parley.NotFound},
		"a bad root key":     {func(o *InitOptions, _ string) { o.KeepRoot = true; os.WriteFile(o.RootKeyPath, []byte("x"), 0o600) }, parley.Malformed},
		"no medium":          {func(o *InitOptions, dir string) { o.RootKeyPath = dir + "/stick/root" }, parley.Unavailable},
		"not empty":          {func(o *InitOptions, _ string) { os.Mkdir(o.Dir, 0o700); os.WriteFile(o.Dir+"/letter", nil, 0o600) }, parley.Conflict},
		"a file":             {func(o *InitOptions, _ string) { os.WriteFile(o.Dir, nil, 0o600) }, parley.Unavailable},
		"no passphrase file": {func(o *InitOptions, dir string) { o.PassphraseFile = dir + "/none" }, parley.NotFound},
		"an open passphrase": {func(o *InitOptions, dir string) {
			o.PassphraseFile = dir + "/pass"
			os.WriteFile(o.PassphraseFile, []byte("x"), 0o644)
		}, parley.NotAllowed},
	} {
		dir := t.TempDir()
		o := base(dir)
		x.change(&o, dir)
		before := tree(t, dir)
		if _, err := Init(o); parley.KindOf(err) != x.want || err == nil {
			t.Errorf("%s: %v, want kind %v", name, err, x.want)
		}
		if after := tree(t, dir); after != before {
			t.Errorf("%s: left behind %q, was %q", name, after, before)
		}
	}
}

// tree lists the files under dir.
func tree(t testing.TB, dir string) string {
	t.Helper()
	var names []string
	err := filepath.Walk(dir, func(p string, _ os.FileInfo, err error) error {
		names = append(names, strings.TrimPrefix(p, dir))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func TestInitAgainAfterCrash(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{unfinished, storageFile, "parley.db"} {
		if err := os.WriteFile(filepath.Join(data, n), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Init(InitOptions{Dir: data, RootKeyPath: filepath.Join(dir, "root"), Party: "alder", Name: "Alder"}); err != nil {
		t.Fatal(err)
	}
	cfg, err := LoadConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := openKeys(cfg); err != nil {
		t.Error(err)
	}
}

func TestKeyRefusals(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		change func(m *made)
		want   parley.Kind
	}{
		"no passphrase":      {func(m *made) { m.cfg.Passphrase = "" }, parley.NotAllowed},
		"another passphrase": {func(m *made) { os.WriteFile(m.cfg.Passphrase, []byte("wrong"), 0o600) }, parley.Unreadable},
		"open to others":     {func(m *made) { os.Chmod(m.cfg.path(storageFile), 0o640) }, parley.NotAllowed},
		"no storage key":     {func(m *made) { os.Remove(m.cfg.path(storageFile)) }, parley.NotFound},
		"no tls key":         {func(m *made) { os.Remove(m.cfg.path(tlsFile)) }, parley.NotFound},
		"kinds exchanged":    {func(m *made) { os.Rename(m.cfg.path(tlsFile), m.cfg.path(storageFile)) }, parley.Malformed},
		"another's tls key": {func(m *made) {
			other := makeStation(m.t, "birch", "")
			os.Rename(other.cfg.path(tlsFile), m.cfg.path(tlsFile))
		}, parley.Unreadable},
	} {
		m := makeStation(t, "alder", "correct horse")
		x.change(m)
		if _, _, err := openKeys(m.cfg); parley.KindOf(err) != x.want || err == nil || !strings.Contains(err.Error(), "key") {
			t.Errorf("%s: %v, want kind %v", name, err, x.want)
		}
	}
}
