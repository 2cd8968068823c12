package sqlite

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley"
	"parley/internal/line"
	"parley/internal/sqlfile"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// fillDisk applies until the disk is full.
func fillDisk(t *testing.T, s *Store, g *storetest.Log) {
	t.Helper()
	for range 10_000 {
		was := *g
		b := g.Batch(the, storetest.Many(5)...)
		err := s.Line(id1).Apply(b)
		if err == nil {
			continue
		}
		refused(t, err, parley.DiskFull)
		*g = was
		return
	}
	t.Fatal("the disk never filled up")
}

func TestDiskFullByPages(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, storetest.Sealer(), Options{MaxPages: 300})
	ok(t, err)
	ok(t, s.CreateLine(id1, nil, nil))
	g := storetest.NewLog(id1, us, "alder")
	fillDisk(t, s, g)
	fillDisk(t, s, g)
	whole(t, s, g)
	ok(t, s.Close())
	s, err = Open(dir, storetest.Sealer(), Options{})
	ok(t, err)
	defer s.Close()
	whole(t, s, g)
	ok(t, s.Line(id1).Apply(g.Batch(the, storetest.Many(5)...)))
	whole(t, s, g)
}

// TestDiskFullByDisk fills a real file system, and makes room again.
func TestDiskFullByDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	ok(t, os.WriteFile(ballast, make([]byte, 1<<20), 0o600))
	s, err := Open(dir, storetest.Sealer(), Options{})
	ok(t, err)
	ok(t, s.CreateLine(id1, nil, nil))
	g := storetest.NewLog(id1, us, "alder")
	fillDisk(t, s, g)
	if es, err := store.EntriesUpTo(s.Line(id1), us, store.MaxIndex); err != nil || uint64(len(es)) != g.Size {
		t.Errorf("%d entries, %v, want %d", len(es), err, g.Size)
	}
	ok(t, os.Remove(ballast))
	ok(t, s.Line(id1).Apply(g.Batch(the, storetest.Many(5)...)))
	whole(t, s, g)
	fillDisk(t, s, g)
	ok(t, s.Close())

	s, err = Open(dir, storetest.Sealer(), Options{})
	ok(t, err)
	defer s.Close()
	es, err := store.EntriesUpTo(s.Line(id1), us, store.MaxIndex)
	ok(t, err)
	if uint64(len(es)) != g.Size {
		t.Errorf("%d entries, want %d", len(es), g.Size)
	}
}

// TestGroup has one caller's batch refused among many in one transaction.
func TestGroup(t *testing.T) {
	s, _ := newStore(t, t.TempDir(), 1)
	var done [20]chan error
	err := s.w.Exclusive(func(*sqlfile.Conn) error {
		for i := range done {
			done[i] = make(chan error, 1)
			b := &line.Batch{Line: id1, Keys: []line.KV{{Key: fmt.Sprint("k", i), Value: []byte{1}}}}
			if i%4 == 1 {
				b.Filed = []line.Filed{storetest.Filed(900, storetest.Dispatch())}
			}
			go func() { done[i] <- s.Line(id1).Apply(b) }()
		}
		for {
			n := s.w.Waiting()
			if n == len(done) {
				return nil
			}
			time.Sleep(time.Millisecond)
		}
	})
	ok(t, err)
	for i := range done {
		err := <-done[i]
		if i%4 == 1 {
			refused2(t, err, parley.Conflict)
		} else if err != nil {
			t.Error(err)
		}
	}
	kvs, err := s.Line(id1).Values("k")
	ok(t, err)
	if len(kvs) != 15 {
		t.Errorf("%d values", len(kvs))
	}
}

const childEnv = "PARLEY_STORE_TEST_CHILD"

// TestKillChild is the process that TestKill kills.
func TestKillChild(t *testing.T) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		t.Skip("run by TestKill")
	}
	s, err := Open(dir, storetest.Sealer(), Options{})
	ok(t, err)
	l, g := s.Line(id1), storetest.NewLog(id1, us, "alder")
	ok(t, g.Resume(l))
	fmt.Println("ready")
	for pos := int64(0); ; {
		b := g.Batch(the, storetest.Many(1+rand.IntN(60))...)
		b.Keys = []line.KV{{Key: "size", Value: fmt.Append(nil, g.Size)}, {Key: "secret", Value: fmt.Append(nil, g.Size), Secret: true}}
		ok(t, l.Apply(b))
		fmt.Println("acked", g.Size)
		c, err := l.Counts()
		ok(t, err)
		var ps []store.Position
		for pos = c.Settled; pos < int64(g.Size); pos++ {
			ps = append(ps, store.Position{Gen: us, Index: uint64(pos), Pos: pos + 1, Settled: true})
		}
		ok(t, l.Place(ps))
	}
}

// TestKill kills a writing process again and again: what it acknowledged is
// there, and nothing is there in part.
func TestKill(t *testing.T) {
	kills := 60
	if testing.Short() {
		kills = 8
	}
	dir := t.TempDir()
	s, err := Open(dir, storetest.Sealer(), Options{})
	ok(t, err)
	ok(t, s.CreateLine(id1, nil, nil))
	ok(t, s.Close())
	for range kills {
		acked := killOnce(t, dir)
		s, err := Open(dir, storetest.Sealer(), Options{})
		ok(t, err)
		g := storetest.NewLog(id1, us, "alder")
		ok(t, g.Resume(s.Line(id1)))
		if g.Size < acked {
			t.Fatalf("%d entries were acknowledged, %d are here", acked, g.Size)
		}
		kvs, err := s.Line(id1).Values("s")
		ok(t, err)
		for _, kv := range kvs {
			if string(kv.Value) != fmt.Sprint(g.Size) {
				t.Fatalf("value %s is of size %s, the head of %d", kv.Key, kv.Value, g.Size)
			}
		}
		whole(t, s, g)
		if t.Failed() {
			return
		}
		ok(t, s.Close())
	}
}

func killOnce(t *testing.T, dir string) (acked uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillChild$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	var after *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		word, n, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "ready":
			after = time.AfterFunc(time.Duration(rand.IntN(40_000))*time.Microsecond, func() { cmd.Process.Kill() })
		case "acked":
			acked, _ = strconv.ParseUint(n, 10, 64)
		}
	}
	if err := cmd.Wait(); err == nil || after == nil {
		t.Fatalf("the child ended by itself: %s", errs.String())
	}
	return acked
}
