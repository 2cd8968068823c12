package hwm

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"parley"
	"parley/internal/line"
)

var id = parley.LineID{1, 2, 3}

func open(t testing.TB, dir string) *Marks {
	t.Helper()
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func mark(n uint64) Mark { return Mark{Gen: parley.GenerationID{9}, Size: n, Root: line.Hash{byte(n)}} }

func TestStoreLoad(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	if _, ok, err := m.Load(id); ok || err != nil {
		t.Fatalf("a mark before any was stored: %v, %v", ok, err)
	}
	if fs, _ := os.ReadDir(dir); len(fs) != 0 {
		t.Error("loading made a file")
	}
	for n := range uint64(6) {
		if err := m.Store(id, mark(n+1)); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := open(t, dir).Load(id); !ok || err != nil || got != mark(n+1) {
			t.Fatalf("got %v, %v, %v after storing %d", got, ok, err, n+1)
		}
	}
	if err := m.Store(id, mark(3)); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := open(t, dir).Load(id); got != mark(6) {
		t.Errorf("went back to %v", got)
	}
	next := Mark{Gen: parley.GenerationID{10}, Size: 1}
	if err := m.Store(id, next); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := open(t, dir).Load(id); got != next {
		t.Errorf("new generation: %v", got)
	}
}

// TestTorn cuts the newest record at every byte: the one before it is found.
func TestTorn(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	for n := range uint64(4) {
		if err := m.Store(id, mark(n+1)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, id.String()+".mark")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newest := record{seq: 4, line: id, mark: mark(4)}
	older := record{seq: 2, line: id, mark: mark(2)}
	before := older.bytes()
	for cut := range recordSize {
		torn := bytes.Clone(whole)
		copy(torn[newest.offset()+int64(cut):], before[cut:])
		if bytes.Equal(torn, whole) {
			continue
		}
		if err := os.WriteFile(path, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := open(t, dir).Load(id); !ok || err != nil || got != mark(3) {
			// cut before the first differing byte leaves the older record whole
			t.Fatalf("cut at %d: %v, %v, %v", cut, got, ok, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	good := record{seq: 1, line: id, mark: mark(1)}
	gb := good.bytes()
	whole := make([]byte, FileSize)
	copy(whole[slotSize:], gb[:])
	flip := func(at int) []byte {
		b := bytes.Clone(whole)
		copy(b, whole[slotSize:]) // the other slot was written too
		b[at] ^= 1
		b[slotSize+at%recordSize] ^= 1
		return b
	}
	for name, c := range map[string]struct {
		file []byte
		want parley.Kind
	}{
		"short":          {whole[:FileSize-1], parley.Corrupt},
		"empty":          {nil, parley.Corrupt},
		"magic":          {flip(0), parley.Corrupt},
		"size":           {flip(45), parley.Corrupt},
		"root":           {flip(60), parley.Corrupt},
		"sum":            {flip(100), parley.Corrupt},
		"another's line": {whole, parley.WrongLine},
	} {
		dir := t.TempDir()
		l := id
		if name == "another's line" {
			l = parley.LineID{7}
		}
		if err := os.WriteFile(filepath.Join(dir, l.String()+".mark"), c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		m := open(t, dir)
		if _, _, err := m.Load(l); parley.KindOf(err) != c.want || parley.HintOf(err) == "" {
			t.Errorf("%s: load: %v, want kind %v", name, err, c.want)
		}
		if err := m.Store(l, mark(5)); parley.KindOf(err) != c.want {
			t.Errorf("%s: store: %v, want kind %v", name, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	r := record{seq: 3, line: id, mark: mark(8)}
	b := r.bytes()
	f.Add(b[:])
	f.Add(b[:100])
	f.Add(make([]byte, recordSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := parse(b)
		if again := r.bytes(); ok && !bytes.Equal(again[:], b[:recordSize]) {
			t.Errorf("%x is read, and written otherwise: %x", b, again)
		}
	})
}

// BenchmarkStore compares the two slots with the usual new file and rename.
func BenchmarkStore(b *testing.B) {
	b.Run("slots", func(b *testing.B) {
		m, n := open(b, b.TempDir()), uint64(0)
		for b.Loop() {
			n++
			if err := m.Store(id, mark(n)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("rename", func(b *testing.B) {
		dir, n := b.TempDir(), uint64(0)
		for b.Loop() {
			n++
			if err := renameStore(dir, mark(n)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func renameStore(dir string, m Mark) error {
	r := record{seq: 1, line: id, mark: m}
	b := r.bytes()
	tmp := filepath.Join(dir, "mark.new")
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	if _, err := f.Write(b[:]); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, "mark")); err != nil {
		return fmt.Errorf("renaming: %w", err)
	}
	return syncDir(dir)
}
