package station

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/key"
	"parley/internal/store"
	"parley/internal/store/blob"
	"parley/internal/wire"
)

// couple are two stations that have talked and are shut.
func couple(t testing.TB, pass string) (a, b *hand, id parley.LineID, now time.Time) {
	t.Helper()
	a, b = makeStation(t, "alder", pass).open(), makeStation(t, "birch", "").open()
	id, now = pairMade(t, a, b)
	if x, y := a.texts(), b.texts(); x["alder"] != 1 || x["birch"] != 1 || y["alder"] != 1 || y["birch"] != 1 {
		t.Fatalf("alder reads %v, birch reads %v", x, y)
	}
	return a, b, id, now
}

func (m *made) backup(t testing.TB) string {
	t.Helper()
	dst := filepath.Join(t.TempDir(), "alder.backup")
	if err := Backup(t.Context(), m.cfg, dst); err != nil {
		t.Fatal(err)
	}
	return dst
}

// members reads a tar file.
func members(t testing.TB, b []byte) (names []string, all map[string][]byte) {
	t.Helper()
	all = map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names, all
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		if all[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func pack(t testing.TB, names []string, all map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, n := range names {
		if err := w.WriteHeader(member(n, int64(len(all[n])))); err != nil {
			t.Fatal(err)
		}
		w.Write(all[n])
	}
	w.Close()
	return out.Bytes()
}

func TestBackupHoldsNoSecrets(t *testing.T) {
	a, _, id, _ := couple(t, "correct horse") // and both still have their stores open
	putBlob(t, a, id, "an attachment")
	b, err := os.ReadFile(a.backup(t))
	if err != nil {
		t.Fatal(err)
	}
	names, all := members(t, b)
	for _, want := range []string{storeFile, ownFile, ConfigName, tlsFile, rootFile, storageFile, pairingDir + "/" + id.String(), manifestName} {
		if _, ok := all[want]; !ok {
			t.Errorf("no %s in %v", want, names)
		}
	}
	if got := len(names); got != 9 {
		t.Errorf("%d members: %v", got, names)
	}
	kvs, err := a.l.Values("secret/")
	if err != nil || len(kvs) < 4 {
		t.Fatalf("%d secrets in the store, %v", len(kvs), err)
	}
	for _, kv := range kvs {
		if bytes.Contains(all[storeFile], []byte(kv.Key)) {
			t.Errorf("the backup's store names %s", kv.Key)
		}
	}
	if left, _ := filepath.Glob(a.cfg.path(".backup-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestBackupWithoutPassphrase(t *testing.T) {
	m := makeStation(t, "alder", "")
	b, err := os.ReadFile(m.backup(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, all := members(t, b); all[storageFile] != nil {
		t.Error("a plain storage key is in the backup")
	}
	if err := Backup(t.Context(), m.cfg, m.cfg.path(ConfigName)); parley.KindOf(err) != parley.Conflict {
		t.Errorf("over another file: %v", err)
	}
	if err := Backup(t.Context(), m.cfg, "/nonexistent/x"); parley.KindOf(err) != parley.NotFound {
		t.Errorf("to nowhere: %v", err)
	}
}

func putBlob(t testing.TB, h *hand, id parley.LineID, text string) string {
	t.Helper()
	d, err := blob.Open(h.cfg.path(blobsDir), blob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := store.BlobID{Line: id, Hash: sha(text)}
	if err := errors.Join(d.Create(b, "alder", int64(len(text))), d.WriteAt(b, []byte(text), 0), d.Complete(b)); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(h.cfg.path(blobsDir), id.String(), hexOf(b.Hash))
}

// TestRestoreRecover restores Alder from a backup made before its last message,
// and takes it back on the line: no fork, and what it lost is back.
func TestRestoreRecover(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"passphrase", "share"} {
		t.Run(by, func(t *testing.T) {
			a, b, id, now := couple(t, "correct horse")
			src := a.backup(t)
			a.start(id, now) // it goes on after the backup
			a.say(now, "birch", "after the backup")
			now = talk(a, b, now, 3, 6*time.Second)
			if n := b.texts()["alder"]; n != 2 {
				t.Fatalf("birch reads %d of alder", n)
			}
			a.close()

			dir := filepath.Join(t.TempDir(), "data")
			o := RestoreOptions{Passphrase: []byte("correct horse")}
			if by == "share" {
				o.Share = a.res.Share
			}
			if err := Restore(src, dir, o); err != nil {
				t.Fatal(err)
			}
			m := &made{t: t, path: a.path}
			m.load(dir)
			r := m.open()
			r.start(id, now)
			if s := r.e.Status(); s.Doubt == "" {
				t.Fatal("a restored station is in no doubt")
			}
			r.close()
			if _, err := Recover(m.cfg, "birch", b.root, nil); parley.KindOf(err) != parley.UnknownKey {
				t.Errorf("recovering by another's root key: %v", err)
			}
			if _, err := Recover(m.cfg, "cedar", m.root, nil); parley.KindOf(err) != parley.NotFound {
				t.Errorf("recovering another line: %v", err)
			}
			if _, err := Recover(m.cfg, "birch", m.root, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := Recover(m.cfg, "birch", m.root, nil); parley.KindOf(err) != parley.NotAllowed {
				t.Errorf("recovering twice: %v", err)
			}
			r = m.open()
			if _, yes, err := r.db.Restored(); yes || err != nil {
				t.Errorf("still marked as restored: %v", err)
			}
			now = now.Add(time.Minute)
			r.start(id, now)
			b.start(id, now)
			now = talk(r, b, now, 4, 20*time.Second)
			r.say(now, "birch", "back again")
			now = talk(r, b, now, 5, 10*time.Second)
			if n := b.texts(); n["alder"] != 3 {
				t.Errorf("birch reads %v, want 3 of alder", n)
			}
			for _, h := range []*hand{r, b} {
				for _, l := range h.e.Status().Logs {
					if l.Disputed {
						t.Errorf("%s: generation %s is disputed", h.cfg.Party, l.Gen)
					}
				}
			}
			giveKeys(t, r, b, id, now)
			if n := r.texts(); n["alder"] != 3 || n["birch"] != 1 {
				t.Errorf("alder reads %v after the officers' words, want 3 and 1", n)
			}
			r.close()
			b.close()
			fsckClean(t, m)
			fsckClean(t, b.made)
		})
	}
}

// giveKeys lets b's officers confirm the words, durably: b is loaded again.
func giveKeys(t testing.TB, r, b *hand, id parley.LineID, now time.Time) {
	t.Helper()
	x, y := recoveries(id, r.e.Status()), recoveries(id, b.e.Status())
	if len(x) != 1 || len(y) != 1 || x[0] != y[0] {
		t.Fatalf("recoveries %v and %v", x, y)
	}
	if err := keep(b.l, givenKey+y[0].gen.String(), []byte("by test")); err != nil {
		t.Fatal(err)
	}
	b.start(id, now)
	r.start(id, now)
	talk(r, b, now, 6, 20*time.Second)
}

func TestLostStation(t *testing.T) {
	a, b, id, now := couple(t, "")
	a.close()
	founding, _, err := b.l.Founding()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	m := &made{t: t, path: a.path}
	if m.res, err = Init(InitOptions{Dir: filepath.Join(dir, "data"), RootKeyPath: a.path, KeepRoot: true, Party: "alder", Name: "Alder"}); err != nil {
		t.Fatal(err)
	}
	m.load(filepath.Join(dir, "data"))
	if _, err := Recover(m.cfg, "birch", m.root, nil); parley.KindOf(err) != parley.NotFound || parley.HintOf(err) == "" {
		t.Errorf("without the founding: %v", err)
	}
	for name, x := range map[string]struct {
		founding []byte
		line     string
		root     key.Signer
		want     parley.Kind
	}{
		"another's root key": {founding, "birch", b.root, parley.UnknownKey},
		"no root key":        {founding, "birch", nil, parley.UnknownKey},
		"another line":       {founding, "cedar", m.root, parley.WrongLine},
		"a cut founding":     {founding[:100], "birch", m.root, parley.Malformed},
		"another file":       {certificateText([]byte("x")), "birch", m.root, parley.Malformed},
		"garbage behind it":  {append(foundingText(founding), certificateText([]byte("x"))...), "birch", m.root, parley.Malformed},
		"two foundings":      {append(foundingText(founding), foundingText(founding)...), "birch", m.root, parley.Malformed},
	} {
		if _, err := Recover(m.cfg, x.line, x.root, x.founding); parley.KindOf(err) != x.want {
			t.Errorf("%s: %v, want kind %v", name, err, x.want)
		}
	}
	cert, err := Recover(m.cfg, "birch", m.root, founding)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(m.cfg.path(recoveryDir), id.String()+".certificate"))
	if err != nil || !bytes.Equal(kept, cert) {
		t.Errorf("the certificate is not kept: %v", err)
	}
	r := m.open()
	now = now.Add(time.Minute)
	r.start(id, now)
	if r.self == a.self {
		t.Error("the TLS key came back from nowhere")
	}
	b.start(id, now)
	now = talk(r, b, now, 4, 20*time.Second)
	r.say(now, "birch", "we lost everything")
	now = talk(r, b, now, 5, 10*time.Second)
	if n := b.texts(); n["alder"] != 2 {
		t.Errorf("birch reads %v, want 2 of alder", n)
	}
	if n := r.texts(); n["alder"] != 1 {
		t.Errorf("alder reads %v before the officers' words, want its new one", n)
	}
	giveKeys(t, r, b, id, now)
	if n := r.texts(); n["alder"] != 2 || n["birch"] != 1 {
		t.Errorf("alder reads %v after the officers' words, want 2 and 1", n)
	}
	r.close()
	fsckClean(t, m)
}

func TestRestoreRefusals(t *testing.T) {
	m := makeStation(t, "alder", "correct horse")
	src := m.backup(t)
	good, err := os.ReadFile(src)
	if err != nil {
		t.Fatal(err)
	}
	names, all := members(t, good)
	change := func(f func(names *[]string, all map[string][]byte)) []byte {
		n, c := append([]string{}, names...), map[string][]byte{}
		for k, v := range all {
			c[k] = bytes.Clone(v)
		}
		f(&n, c)
		return pack(t, n, c)
	}
	drop := func(name string) []byte {
		return change(func(n *[]string, _ map[string][]byte) {
			for i, x := range *n {
				if x == name {
					*n = append((*n)[:i:i], (*n)[i+1:]...)
					return
				}
			}
		})
	}
	extra := func(name string) []byte {
		return change(func(n *[]string, all map[string][]byte) {
			*n = append([]string{name}, *n...)
			all[name] = []byte("x")
		})
	}
	pass := RestoreOptions{Passphrase: []byte("correct horse")}
	other := makeStation(t, "birch", "")
	theirs, tls, err := openKeys(other.cfg)
	if err != nil {
		t.Fatal(err)
	}
	clear(tls[:])
	plainKey, err1 := os.ReadFile(other.cfg.path(storageFile))
	theirTLS, err2 := os.ReadFile(other.cfg.path(tlsFile))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		b    []byte
		o    RestoreOptions
		want parley.Kind
	}{
		"nothing":               {nil, pass, parley.Corrupt},
		"not a tar":             {bytes.Repeat([]byte("x"), 2000), pass, parley.Malformed},
		"cut off":               {good[:len(good)/2], pass, parley.Corrupt},
		"no manifest":           {drop(manifestName), pass, parley.Corrupt},
		"no database":           {drop(storeFile), pass, parley.Corrupt},
		"no configuration":      {drop(ConfigName), pass, parley.Corrupt},
		"a member too many":     {extra(pairingDir + "/" + strings.Repeat("0", 32)), pass, parley.Corrupt},
		"outside":               {extra("../evil"), pass, parley.Malformed},
		"an absolute path":      {extra("/etc/evil"), pass, parley.Malformed},
		"a strange name":        {extra("evil"), pass, parley.Malformed},
		"deep outside":          {extra("blobs/../../evil"), pass, parley.Malformed},
		"twice the same":        {extra(storeFile), pass, parley.Malformed},
		"an altered database":   {change(func(_ *[]string, all map[string][]byte) { all[storeFile][5000] ^= 1 }), pass, parley.Corrupt},
		"another manifest":      {change(func(_ *[]string, all map[string][]byte) { all[manifestName] = []byte("parley backup 1\n") }), pass, parley.Unsupported},
		"nothing to open it by": {good, RestoreOptions{}, parley.NotAllowed},
		"another passphrase":    {good, RestoreOptions{Passphrase: []byte("wrong")}, parley.Unreadable},
		"another's share":       {good, RestoreOptions{Share: other.res.Share}, parley.Unreadable},
		"no share":              {good, RestoreOptions{Share: []string{"abandon"}}, parley.Malformed},
		"a copied database":     {copied(t, m, change), pass, parley.Corrupt},

		// Whoever can write where backups lie, and holds no key of ours.
		"an alarm command": {change(func(_ *[]string, all map[string][]byte) {
			put(all, ConfigName, bytes.Replace(all[ConfigName], []byte("\nalarm = \n"), []byte("\nalarm = /tmp/evil\n"), 1))
		}), pass, parley.Corrupt},
		"an alarm command, by the share": {change(func(_ *[]string, all map[string][]byte) {
			put(all, ConfigName, bytes.Replace(all[ConfigName], []byte("\nalarm = \n"), []byte("\nalarm = /tmp/evil\n"), 1))
		}), RestoreOptions{Share: m.res.Share}, parley.Corrupt},
		"no seal": {change(func(_ *[]string, all map[string][]byte) {
			b := all[manifestName]
			all[manifestName] = b[:bytes.Index(b, []byte("sealed  "))]
		}), pass, parley.Corrupt},
		"a key of theirs": {change(func(_ *[]string, all map[string][]byte) {
			put(all, storageFile, plainKey)
			put(all, tlsFile, theirTLS)
			sealAnew(theirs, all)
		}), pass, parley.Corrupt},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "file")
		if err := os.WriteFile(file, x.b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Restore(file, filepath.Join(dir, "data"), x.o); parley.KindOf(err) != x.want || err == nil {
			t.Errorf("%s: %v, want kind %v", name, err, x.want)
		}
		if got := tree(t, dir); got != " /file" {
			t.Errorf("%s: left behind %q", name, got)
		}
	}
	if err := Restore(src, m.cfg.Dir, pass); parley.KindOf(err) != parley.Conflict {
		t.Errorf("over a station: %v", err)
	}
	if err := Restore(src+"x", filepath.Join(t.TempDir(), "data"), pass); parley.KindOf(err) != parley.NotFound {
		t.Errorf("from nothing: %v", err)
	}
}

// copied is a backup whose database was copied as a file.
func copied(t testing.TB, m *made, change func(func(*[]string, map[string][]byte)) []byte) []byte {
	t.Helper()
	return change(func(_ *[]string, all map[string][]byte) {
		b, err := os.ReadFile(m.cfg.path(storeFile))
		if err != nil {
			t.Fatal(err)
		}
		put(all, storeFile, b)
		ours, tls, err := openKeysWith(m.cfg, []byte("correct horse"))
		if err != nil {
			t.Fatal(err)
		}
		clear(tls[:])
		sealAnew(ours, all)
	})
}

// put puts another file into a backup, and its hash into the manifest; sealAnew seals that
// under another key.
func put(all map[string][]byte, name string, b []byte) {
	old := hexOf(sha(string(all[name])))
	all[name] = b
	all[manifestName] = bytes.ReplaceAll(all[manifestName], []byte(old), []byte(hexOf(sha(string(b)))))
}

func sealAnew(storage *key.Storage, all map[string][]byte) {
	text := string(all[manifestName])
	text = text[:strings.Index(text, "sealed  ")]
	all[manifestName] = []byte(text + sealLine(storage, text))
}

func fsckClean(t testing.TB, m *made) {
	t.Helper()
	r, err := Fsck(m.cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Bad() != 0 {
		t.Errorf("%s:\n%s", m.cfg.Party, strings.Join(r.Lines(), "\n"))
	}
}

func TestFsckCounts(t *testing.T) {
	a, b, id, _ := couple(t, "")
	putBlob(t, a, id, "an attachment")
	if _, err := Fsck(a.cfg, nil); parley.KindOf(err) != parley.Unavailable || parley.HintOf(err) == "" {
		t.Errorf("while it runs: %v", err)
	}
	a.close()
	b.close()
	last := int64(0)
	r, err := Fsck(a.cfg, func(done, total int64) {
		if done < last || done > total {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Checked) != 1 || r.Bad() != 0 || r.Files != 1 {
		t.Fatalf("%s", strings.Join(r.Lines(), "\n"))
	}
	if c := r.Checked[0]; c.Generations != 2 || c.Entries < 4 || c.Opened < 2 || c.Checkpoints < 4 || c.Receipts < 2 {
		t.Errorf("%+v", c)
	}
}

func TestFsckFinds(t *testing.T) {
	a, b, id, _ := couple(t, "")
	b.close()
	path := putBlob(t, a, id, "an attachment")
	own := a.e.Status().Own
	if err := a.marks.Store(id, markOf(own, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("AN ATTACHMENT"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.close()
	damage(t, a.cfg)
	r, err := Fsck(a.cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(r.Lines(), "\n")
	for _, want := range []string{"receipt of birch", "ed25519 half", "head ", "high-water mark", "blobs/", "entry "} {
		if !strings.Contains(text, want) {
			t.Errorf("no finding of %q in:\n%s", want, text)
		}
	}
	for _, f := range r.Findings {
		if f.Place == "" || f.What == "" || f.Kind == "internal" {
			t.Errorf("%+v", f)
		}
	}
}

func TestIntroductionRefusals(t *testing.T) {
	a, b, id, now := couple(t, "")
	founding, _, _ := b.l.Founding()
	a.close()
	dir := t.TempDir()
	m := &made{t: t, path: a.path}
	if _, err := Init(InitOptions{Dir: filepath.Join(dir, "data"), RootKeyPath: a.path, KeepRoot: true, Party: "alder", Name: "Alder"}); err != nil {
		t.Fatal(err)
	}
	m.load(filepath.Join(dir, "data"))
	if _, err := Recover(m.cfg, "birch", m.root, founding); err != nil {
		t.Fatal(err)
	}
	r := m.open()
	r.start(id, now)
	b.run.status = b.e.Status()
	lb := &liveLine{id: id, us: "birch", founding: b.run.cfg.Founding, store: b.l, runner: b.run}
	lb.setPeers()
	r.run.status = r.e.Status()
	la := &liveLine{id: id, us: "alder", founding: b.run.cfg.Founding, store: r.l, runner: r.run}
	cert := la.introduction().Bytes
	var founded []byte
	for _, g := range b.run.status.Logs {
		if g.Party == "alder" {
			founded = g.Cert
		}
	}
	for name, x := range map[string]struct {
		l    *liveLine
		cert []byte
		peer [32]byte
		want parley.Kind
	}{
		"nothing":           {lb, nil, r.self, parley.Malformed},
		"a founding one":    {lb, founded, r.self, parley.UnknownKey},
		"another TLS key":   {lb, cert, [32]byte{1}, parley.WrongParty},
		"our own":           {la, cert, r.self, parley.WrongParty},
		"a byte flipped":    {lb, flipLast(cert), r.self, parley.BadSignature},
		"of another line":   {&liveLine{id: parley.LineID{1}, us: "birch", founding: lb.founding, store: b.l, runner: b.run}, cert, r.self, parley.WrongLine},
		"of another letter": {lb, wire.Encode([]any{1}), r.self, parley.Malformed},
	} {
		if _, err := x.l.introduced(x.cert, x.peer); parley.KindOf(err) != x.want || err == nil {
			t.Errorf("%s: %v, want kind %v", name, err, x.want)
		}
	}
	if lb.pinned("alder", r.self) {
		t.Error("a refused certificate pinned a key")
	}
	if _, err := lb.introduced(cert, r.self); err != nil || !lb.pinned("alder", r.self) || !lb.pinned("alder", a.self) {
		t.Errorf("the certificate was not taken: %v", err)
	}
	talk(r, b, now, 9, 10*time.Second)
	b.run.status = b.e.Status()
	if err := lb.pinCertified(); err != nil || !lb.pinned("alder", r.self) || lb.pinned("alder", a.self) {
		t.Errorf("after it was accepted, the lost station's key is still good: %v", err)
	}
}

func flipLast(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)-1] ^= 1
	return b
}

func TestRecoveryWordsRefusals(t *testing.T) {
	if err := plausible([]string{"abandon"}, 5); parley.KindOf(err) != parley.Malformed {
		t.Errorf("one word: %v", err)
	}
	if err := plausible([]string{"abandon", "zoo", "candel", "zoo", "zoo"}, 5); parley.KindOf(err) != parley.Malformed {
		t.Errorf("a slip: %v", err)
	}
	if err := plausible([]string{"Abandon", "zoo", "zebra", "zoo", "zoo"}, 5); err != nil {
		t.Error(err)
	}
	if _, ok := recoverySum(parley.LineID{1}, []byte("x")); ok {
		t.Error("words for no certificate")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	a, _, _, _ := couple(t, "correct horse")
	count := func(fs []Finding) (n int) {
		for _, f := range fs {
			if f.Level == LevelFail {
				n++
				t.Log(f.What)
			}
		}
		return n
	}
	if n := count(Check(a.cfg)); n != 0 {
		t.Errorf("%d failures while it runs", n)
	}
	a.close()
	if n := count(Check(a.cfg)); n != 0 {
		t.Errorf("%d failures when all is well", n)
	}
	for name, x := range map[string]struct {
		change func(c *Config)
		want   string
	}{
		"mark inside":       {func(c *Config) { c.HighWater = c.path("mark") }, "set back with it"},
		"mark nowhere":      {func(c *Config) { c.HighWater = "/nonexistent/mark" }, "no directory"},
		"desk in the open":  {func(c *Config) { c.Desk = "0.0.0.0:0" }, "no certificate"},
		"desk without pair": {func(c *Config) { c.Desk, c.DeskCert = "127.0.0.1:0", "/nonexistent" }, "certificate of the desk"},
		"desk of no port":   {func(c *Config) { c.Desk = "localhost" }, "desk"},
		"a strange tongue":  {func(c *Config) { c.Languages = "en english-please" }, "language"},
		"no name":           {func(c *Config) { c.Name = "" }, "name"},
		"port taken":        {func(c *Config) { c.ListenTLS = taken(t) }, "listen_tls"},
		"bad announcement":  {func(c *Config) { c.AnnounceQUIC = "two words" }, "address"},
		"no passphrase":     {func(c *Config) { c.Passphrase = "/nonexistent" }, "passphrase"},
		"no such directory": {func(c *Config) { c.Dir = "/nonexistent" }, "data directory"},
	} {
		c := a.cfg
		x.change(&c)
		if !failsWith(Check(c), x.want) {
			t.Errorf("%s: no failure that says %q in %v", name, x.want, Check(c))
		}
	}
	for host, warns := range map[string]bool{"desk.example": true, "10.1.2.3": true, "localhost.example": true, "alder.localhost": false, "": false} {
		c := a.cfg
		c.Desk, c.DeskHost = "127.0.0.1:0", host
		if got := slices.ContainsFunc(Check(c), func(f Finding) bool {
			return f.Level == LevelWarn && strings.Contains(f.What, "not bound to its browser")
		}); got != warns {
			t.Errorf("plain HTTP at %q: warned %v", host, got)
		}
	}
	for name, x := range map[string]struct {
		change func()
		want   string
	}{
		"open directory":  {func() { os.Chmod(a.cfg.Dir, 0o755) }, "others may look"},
		"open key":        {func() { os.Chmod(a.cfg.path(tlsFile), 0o644) }, "others may use"},
		"unfinished":      {func() { os.WriteFile(a.cfg.path(unfinished), nil, 0o600) }, "never finished"},
		"no root key":     {func() { os.Remove(a.cfg.path(rootFile)) }, "root key"},
		"no database":     {func() { os.Remove(a.cfg.path(storeFile)) }, storeFile},
		"storage key cut": {func() { os.Truncate(a.cfg.path(storageFile), 20) }, "storage key"},
	} {
		x.change()
		if !failsWith(Check(a.cfg), x.want) {
			t.Errorf("%s: no failure that says %q", name, x.want)
		}
	}
}

func failsWith(fs []Finding, what string) bool {
	for _, f := range fs {
		if f.Level == LevelFail && strings.Contains(f.What, what) {
			return true
		}
	}
	return false
}
