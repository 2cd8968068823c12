package sqlite

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/line"
	"parley/internal/sqlfile"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

var update = flag.Bool("update", false, "write testdata anew")

func open(dir string, s store.Sealer) (store.Store, error) { return Open(dir, s, Options{}) }

func TestSuite(t *testing.T) {
	storetest.Run(t, storetest.Engine{Open: open, Durable: true})
}

var (
	id1     = storetest.LineID(1)
	us, the = storetest.GenID(1), storetest.GenID(2)
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t testing.TB, err error, k parley.Kind) {
	t.Helper()
	if err == nil || parley.KindOf(err) != k {
		t.Errorf("got error %v (%v), want kind %v", err, parley.KindOf(err), k)
	}
	if err != nil && parley.HintOf(err) == "" {
		t.Errorf("no hint with %v", err)
	}
}

// newStore makes a store with a line of n batches, three entries each, some
// settled, an item in the outbox and secrets.
func newStore(t testing.TB, dir string, n int) (*Store, *storetest.Log) {
	t.Helper()
	s, err := Open(dir, storetest.Sealer(), Options{Busy: 50 * time.Millisecond})
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	ok(t, s.CreateLine(id1, []byte("founding"), nil))
	g := storetest.NewLog(id1, us, "alder")
	for range n {
		b := g.Batch(the, storetest.Many(3)...)
		b.Keys = []line.KV{{Key: "size", Value: fmt.Append(nil, g.Size)}}
		ok(t, s.Line(id1).Apply(b))
	}
	ok(t, s.Line(id1).Apply(&line.Batch{Line: id1, Filed: []line.Filed{storetest.Filed(900, storetest.Dispatch())},
		Keys: []line.KV{{Key: "secret/epoch/1", Value: []byte(storetest.Secret), Secret: true}, {Key: "plain", Value: []byte("value")}}}))
	ok(t, s.Line(id1).Place([]store.Position{{Gen: us, Index: 0, Pos: 1, Settled: true}, {Gen: us, Index: 1, Pos: 2, Settled: true}, {Gen: us, Index: 2, Pos: 3}}))
	return s, g
}

// whole fails unless everything up to g is there and the store is sound.
func whole(t testing.TB, s *Store, g *storetest.Log) {
	t.Helper()
	es, err := store.EntriesUpTo(s.Line(id1), us, store.MaxIndex)
	ok(t, err)
	h, _, err := s.Line(id1).Head(us, 0)
	ok(t, err)
	if uint64(len(es)) != g.Size || h.Size != g.Size || h.Root != g.Root {
		t.Errorf("%d entries, head %d, want %d", len(es), h.Size, g.Size)
	}
	fs, err := s.Check(context.Background(), nil)
	ok(t, err)
	for _, f := range fs {
		t.Errorf("found %s", f)
	}
}

func TestSealedAtRest(t *testing.T) {
	dir := t.TempDir()
	s, _ := newStore(t, dir, 3)
	es, err := s.Line(id1).Entries(us, 1, 1)
	ok(t, err)
	search := func() {
		for _, name := range []string{fileName, fileName + "-wal"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if os.IsNotExist(err) {
				continue
			}
			ok(t, err)
			for what, word := range map[string][]byte{"subject": []byte(storetest.Subject), "text": []byte(storetest.Text),
				"secret": []byte(storetest.Secret), "entry key": es[0].Key, "body": es[0].Body[3:20]} {
				if bytes.Contains(b, word) {
					t.Errorf("%s holds a %s in clear", name, what)
				}
			}
		}
	}
	search()
	ok(t, s.Close())
	search()
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s, g := newStore(t, dir, 1)
	_, err := Open(dir, storetest.Sealer(), Options{})
	refused(t, err, parley.Unavailable)
	c, err := connect(filepath.Join(dir, fileName), nil)
	ok(t, err)
	ok(t, c.Exec("BEGIN IMMEDIATE"))
	b := g.Batch(the, storetest.Dispatch())
	refused(t, s.Line(id1).Apply(b), parley.Unavailable)
	if _, err := s.Line(id1).Entries(us, 0, 1); err != nil {
		t.Error(err)
	}
	ok(t, c.Exec("ROLLBACK"))
	ok(t, c.Close())
	ok(t, s.Line(id1).Apply(b))
	whole(t, s, g)
	ok(t, s.Close())
	s, err = Open(dir, storetest.Sealer(), Options{})
	ok(t, err)
	defer s.Close()
	whole(t, s, g)
}

func TestForeignFile(t *testing.T) {
	for name, pragma := range map[string]string{"another application": "PRAGMA application_id = 7; PRAGMA user_version = 1",
		"a newer version": fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 1000", applicationID)} {
		dir := t.TempDir()
		c, err := connect(filepath.Join(dir, fileName), nil)
		ok(t, err)
		ok(t, c.Script(pragma))
		ok(t, c.Close())
		if _, err := Open(dir, storetest.Sealer(), Options{}); parley.KindOf(err) != parley.Unsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	s, _ := newStore(t, dir, 1)
	ok(t, s.w.Exclusive(func(c *sqlfile.Conn) error { return c.Script("ALTER TABLE lines RENAME COLUMN settled TO settlet") }))
	ok(t, s.Close())
	_, err := Open(dir, storetest.Sealer(), Options{})
	refused(t, err, parley.Corrupt)
	dir = t.TempDir()
	ok(t, os.WriteFile(filepath.Join(dir, fileName), bytes.Repeat([]byte("no database"), 1000), 0o600))
	_, err = Open(dir, storetest.Sealer(), Options{})
	refused(t, err, parley.Corrupt)
}

// TestCorruptPage overwrites pages with noise: reading says so, and Check
// names it; nothing panics.
func TestCorruptPage(t *testing.T) {
	dir := t.TempDir()
	s, _ := newStore(t, dir, 200)
	ok(t, s.Close())
	path := filepath.Join(dir, fileName)
	good, err := os.ReadFile(path)
	ok(t, err)
	detected := 0
	for page := 2; page < len(good)/4096; page += 17 {
		bad := bytes.Clone(good)
		copy(bad[page*4096:], bytes.Repeat([]byte{0xa5}, 4096))
		ok(t, os.WriteFile(path, bad, 0o600))
		s, err := Open(dir, storetest.Sealer(), Options{})
		if err != nil {
			refused(t, err, parley.Corrupt)
			detected++
			continue
		}
		_, err = s.Line(id1).Entries(us, 0, 1000)
		if err != nil {
			refused(t, err, parley.Corrupt)
			detected++
		}
		fs, err := s.Check(context.Background(), nil)
		if err == nil && len(fs) == 0 {
			used := bytes.Contains(bad[page*4096:(page+1)*4096], good[page*4096:page*4096+100])
			t.Errorf("page %d: nothing found (%v)", page, used)
		}
		s.Close()
	}
	if detected == 0 {
		t.Error("no damage was seen by reading")
	}
}

// TestCheckFinds alters one thing at a time behind the store's back.
func TestCheckFinds(t *testing.T) {
	for _, c := range []struct{ name, sql, want string }{
		{"entry altered", "UPDATE entries SET bytes = CAST(replace(hex(bytes), 'A', 'B') AS BLOB) WHERE id & 0xffffffffff = 4", "entry 4: its bytes"},
		{"entry missing", "DELETE FROM entries WHERE id & 0xffffffffff = 5", "entry 5 is missing before it"},
		{"last entry missing", "DELETE FROM entries WHERE id = (SELECT max(id) FROM entries)", "a head of size 31, but 30 entries"},
		{"hash altered", "UPDATE hashes SET run = zeroblob(length(run)) WHERE id & 0xffffffffff = 0", "entry 0: its bytes"},
		{"hashes missing", "DELETE FROM hashes WHERE id = (SELECT max(id) FROM hashes)", "is missing"},
		{"head altered", "UPDATE heads SET root = zeroblob(32) WHERE id & 0xffffffffff = 7", "head 7: its root"},
		{"secret altered", "UPDATE entries SET secret = zeroblob(80) WHERE id & 0xffffffffff = 6", "entry 6: what is sealed"},
		{"secret of another", "UPDATE entries SET secret = (SELECT secret FROM entries WHERE id & 0xffffffffff = 7) WHERE id & 0xffffffffff = 6", "entry 6: what is sealed"},
		{"value altered", "UPDATE kv SET value = zeroblob(80) WHERE secret = 1", "value secret/epoch/1"},
		{"outbox altered", "UPDATE outbox SET secret = zeroblob(80)", "outbox item 900"},
		{"index row missing", "DELETE FROM items WHERE id & 0xffffffffff = 6", "not in the index"},
		{"index row altered", "UPDATE items SET form = 'query' WHERE id & 0xffffffffff = 6", "entry 6: the index has another form"},
		{"precedence altered", "UPDATE items SET precedence = precedence + 1 WHERE id & 0xffffffffff = 6", "entry 6: the index has another precedence"},
		{"party altered", "UPDATE gens SET party = 'cedar' WHERE n = 1", "the index takes it for an entry of"},
		{"forms miscounted", "UPDATE forms SET n = n + 1", "counted wrongly"},
		{"a reference too many", "INSERT INTO refs SELECT line, zeroblob(16), id FROM items LIMIT 1", "references are of nothing"},
		{"a reference missing", "DELETE FROM refs", "does not know that it refers to"},
		{"selection altered", "INSERT INTO bits SELECT n, 0, 1, x'ff' FROM lines WHERE 1 ON CONFLICT DO UPDATE SET bits = x'ff'", "selections of settled positions"},
		{"position taken", "UPDATE items SET pos = 0 WHERE pos = 2", "settled positions"},
		{"stray entry", "INSERT INTO entries VALUES (99 << 40, x'00', NULL, 0, 0, 0); INSERT INTO items SELECT 99 << 40, line, 0, arrived, time, form, series, serial, precedence, exercise, fault, filed, offices FROM items LIMIT 1", "belong to no generation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, g := newStore(t, t.TempDir(), 10)
			refers := storetest.Dispatch()
			refers.Refs = []parley.Ref{{Gen: us, Index: 3}}
			ok(t, s.Line(id1).Apply(&line.Batch{Line: id1, Filed: []line.Filed{storetest.Filed(901, refers)}}))
			whole(t, s, g)
			ok(t, s.w.Exclusive(func(k *sqlfile.Conn) error { return k.Script(c.sql) }))
			fs, err := s.Check(context.Background(), nil)
			ok(t, err)
			all := fmt.Sprint(fs)
			if len(fs) == 0 || len(fs) > 7 || !strings.Contains(all, c.want) {
				t.Errorf("found %s, want %q", all, c.want)
			}
		})
	}
}

func TestRebuild(t *testing.T) {
	dir := t.TempDir()
	s, g := newStore(t, dir, 900)
	before, err := s.Line(id1).Counts()
	ok(t, err)
	for range 2 {
		var last store.Progress
		ok(t, s.Rebuild(context.Background(), func(p store.Progress) { last = p }))
		if last.Done != last.Total || uint64(last.Done) != g.Size {
			t.Errorf("progress %+v", last)
		}
		whole(t, s, g)
	}
	after, err := s.Line(id1).Counts()
	ok(t, err)
	if after.Settled != 0 || after.Unplaced != int64(g.Size) || fmt.Sprint(after.Forms) != fmt.Sprint(before.Forms) || after.Filed != 1 {
		t.Errorf("counts %+v, before %+v", after, before)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = s.Rebuild(ctx, func(store.Progress) { cancel() })
	refused(t, err, parley.Unavailable)
	ok(t, s.Close())
	s, err = Open(dir, storetest.Sealer(), Options{})
	ok(t, err)
	defer s.Close()
	whole(t, s, g)
	if c, _ := s.Line(id1).Counts(); fmt.Sprint(c) != fmt.Sprint(after) {
		t.Errorf("after going on: %+v", c)
	}
	ok(t, s.Line(id1).Apply(g.Batch(the, storetest.Dispatch())))
	whole(t, s, g)
}

func TestBackup(t *testing.T) {
	s, g := newStore(t, t.TempDir(), 5)
	var raw [][]driver.Value
	ok(t, s.w.Exclusive(func(c *sqlfile.Conn) (err error) {
		raw, err = c.Query("SELECT value FROM kv WHERE secret = 1")
		return err
	}))
	sealed := blob(raw[0][0])
	to := t.TempDir()
	dst := filepath.Join(to, fileName)
	ok(t, s.Backup(context.Background(), dst))
	refused2(t, s.Backup(context.Background(), dst), parley.Conflict)
	if _, yes, err := s.Restored(); yes || err != nil {
		t.Errorf("the original is marked: %v", err)
	}
	if fs, _ := os.ReadDir(to); len(fs) != 1 {
		t.Errorf("left behind: %v", fs)
	}
	b, err := os.ReadFile(dst)
	ok(t, err)
	if bytes.Contains(b, sealed) || bytes.Contains(b, sealed[20:60]) || bytes.Contains(b, []byte("secret/epoch")) {
		t.Error("a secret value is in the backup")
	}
	c, err := Open(to, storetest.Sealer(), Options{})
	ok(t, err)
	defer c.Close()
	whole(t, c, g)
	if at, yes, err := c.Restored(); !yes || err != nil || time.Since(at) > time.Hour {
		t.Errorf("restored %v, %v, %v", at, yes, err)
	}
	kvs, err := c.Line(id1).Values("")
	ok(t, err)
	if len(kvs) != 2 || kvs[0].Key != "plain" {
		t.Errorf("values %v", kvs)
	}
	if rs, _, err := c.Line(id1).Rows(store.Filter{}); err != nil || len(rs) != 2 {
		t.Errorf("%d rows, %v", len(rs), err)
	}
	ok(t, c.ClearRestored())
	if _, yes, _ := c.Restored(); yes {
		t.Error("still marked")
	}
}

func refused2(t *testing.T, err error, k parley.Kind) {
	t.Helper()
	if parley.KindOf(err) != k || err == nil {
		t.Errorf("got %v, want kind %v", err, k)
	}
}

// TestFirstSchema opens a store that the first released schema wrote. The file
// and the schema it was made by are never written anew.
func TestFirstSchema(t *testing.T) {
	sql, err := schema.ReadFile("schema/1.sql")
	ok(t, err)
	sum := sha256.Sum256(sql)
	const path = "testdata/schema1.db.gz"
	if *update {
		dir := t.TempDir()
		s, _ := newStore(t, dir, 4)
		ok(t, s.Close())
		b, err := os.ReadFile(filepath.Join(dir, fileName))
		ok(t, err)
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		w.Write(b)
		ok(t, w.Close())
		ok(t, os.MkdirAll("testdata", 0o755))
		ok(t, os.WriteFile(path, z.Bytes(), 0o644))
		ok(t, os.WriteFile("testdata/schema1.sum", []byte(hex.EncodeToString(sum[:])+"\n"), 0o644))
	}
	want, err := os.ReadFile("testdata/schema1.sum")
	ok(t, err)
	if hex.EncodeToString(sum[:]) != strings.TrimSpace(string(want)) {
		t.Fatal("schema/1.sql was edited: add another step instead")
	}
	f, err := os.Open(path)
	ok(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	ok(t, err)
	b, err := io.ReadAll(z)
	ok(t, err)
	dir := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(dir, fileName), b, 0o600))
	s, err := Open(dir, storetest.Sealer(), Options{})
	ok(t, err)
	defer s.Close()
	g := storetest.NewLog(id1, us, "alder")
	ok(t, g.Resume(s.Line(id1)))
	if g.Size != 13 {
		t.Errorf("%d entries", g.Size)
	}
	whole(t, s, g)
	ok(t, s.Line(id1).Apply(g.Batch(the, storetest.Dispatch())))
	whole(t, s, g)
	ok(t, s.Line(id1).Cosign([]store.Cosignature{{Gen: us, Size: 14, Witness: "w.example/1", Key: 1, Time: 1, Line: "x"}})) // of a later schema
}

// TestFiledInAnyOrder files below and above what waits: what is free is taken,
// what is not is refused, in one batch too.
func TestFiledInAnyOrder(t *testing.T) {
	s, _ := newStore(t, t.TempDir(), 1) // 900 waits
	file := func(ids ...uint64) error {
		b := &line.Batch{Line: id1}
		for _, id := range ids {
			b.Filed = append(b.Filed, storetest.Filed(id, storetest.Dispatch()))
		}
		return s.Line(id1).Apply(b)
	}
	ok(t, file(902, 7, 901))
	for _, ids := range [][]uint64{{900}, {7}, {903, 903}, {904, 901}} {
		refused2(t, file(ids...), parley.Conflict)
	}
	ok(t, file(903, 904))
	fs, err := s.Line(id1).Filed()
	ok(t, err)
	if len(fs) != 6 {
		t.Errorf("%d items wait, want 6", len(fs))
	}
}

func FuzzBitmap(f *testing.F) {
	f.Add([]byte{1, 0, 0x80}, int64(3), int64(70))
	f.Add(bytes.Repeat([]byte{0xff}, 513), int64(0), int64(5000))
	f.Fuzz(func(t *testing.T, p []byte, lo, hi int64) {
		var b, again bitmap
		if !b.read(p) {
			return
		}
		if !again.read(b.write()) || again != b {
			t.Errorf("%x is read, and written otherwise", p)
		}
		lo, hi = lo&0xffff, hi&0xffff
		w := between(1, lo, hi)
		if n := max(0, min(hi, 2*chunkSize)-max(lo, chunkSize)); int64(w.count()) != n {
			t.Errorf("between %d and %d: %d, want %d", lo, hi, w.count(), n)
		}
	})
}
