package station

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley"
)

// TestClockJumps sets the clock of a station, and lets its machine sleep.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	clock := func() (n int, text string) {
		as, err := a.st.Alarms(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range as {
			if x.Code == "clock" && x.Line == line {
				n, text = n+x.Count, x.Text
			}
		}
		return n, text
	}
	a.halt() // so that only this test looks
	a.start()
	at := thisInstant()
	at.wall = at.wall.Add(1000 * time.Hour) // later than whatever watch sees
	at.ran += 1000 * time.Hour
	s := &Station{cfg: a.st.cfg, log: a.st.log, own: a.st.own, hub: a.st.hub, hook: a.st.hook, lines: a.st.lines}
	for _, c := range []struct {
		ran, wall time.Duration
		alarms    int
		says      string
	}{
		{0, 0, 0, ""},
		{5 * time.Second, 5 * time.Second, 0, ""},
		{5 * time.Second, 50 * time.Second, 0, ""}, // within a minute
		{5 * time.Second, 2 * time.Hour, 1, "forward by 1h59m55s"},
		{time.Hour, time.Hour, 1, ""}, // a busy machine is no jump
		{5 * time.Second, -24 * time.Hour, 2, "back by 24h0m5s"},
	} {
		at.ran += c.ran
		at.wall = at.wall.Add(c.wall)
		s.lookAtClock(at)
		n, text := clock()
		if n != c.alarms || c.says != "" && (!strings.Contains(text, c.says) || !strings.Contains(text, "parley check")) {
			t.Errorf("%v by %v: %d alarms, want %d; %q", c.wall, c.ran, n, c.alarms, text)
		}
	}
}

// TestClocksApart tells when the difference of two clocks is worth an alarm.
func TestClocksApart(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var w clockWatch
	for i, c := range []struct {
		after, d time.Duration
		alarm    bool
	}{
		{0, 59 * time.Second, false},
		{time.Second, 61 * time.Second, false}, // it must last
		{time.Second, 20 * time.Second, false},
		{time.Second, -61 * time.Second, false},
		{clockLook, -61 * time.Second, true},
		{time.Hour, -61 * time.Second, false}, // told
		{time.Hour, 25 * time.Hour, true},     // worse
		{time.Hour, 2 * time.Hour, false},
		{time.Hour, 0, false}, // mended
		{time.Second, 2 * time.Hour, false},
		{clockLook, 2 * time.Hour, true},
	} {
		now = now.Add(c.after)
		if got := w.look(now, c.d); got != c.alarm {
			t.Errorf("%d: %v after %v: %v", i, c.d, c.after, got)
		}
	}
}

// TestDiskIsKept shows a station a disk that is too full for peers, and then
// one that has room.
func TestDiskIsKept(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	keep := func(percent int) {
		a.halt()
		a.config(func(c *Config) { c.KeepFree = percent })
		a.start()
	}
	a.send(line, "birch", "before", "ROUTINE", "INFORMATION") // until epochs have taken effect nobody can write
	b.send(line, "alder", "before too", "ROUTINE", "INFORMATION")
	b.waitFor(line, "before")
	a.waitFor(line, "before too")
	keep(100)
	eventually(t, 15*time.Second, "alder says that its disk is full", func() bool { l := a.line(line).Lamp; return l.State == LampPartly && l.Verdict == VerdictOurs })
	b.send(line, "alder", "no room", "ROUTINE", "INFORMATION")
	id := a.send(line, "birch", "ours goes on", "ROUTINE", "INFORMATION")
	b.waitFor(line, "ours goes on")
	eventually(t, 10*time.Second, "the receipt for ours is taken", func() bool { return !a.step(line, id, parley.Stored).At.IsZero() })
	if _, ok := a.got(line, "no room"); ok {
		t.Error("a peer's entry was taken on a full disk")
	}
	as, err := a.st.Alarms(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	told := false
	for _, x := range as {
		told = told || x.Code == "disk" && strings.Contains(x.Text, a.dir) && strings.Contains(x.Text, "Free space")
	}
	if !told {
		t.Errorf("no alarm: %+v", as)
	}
	if !noticed(a.line(line), "disk-kept") {
		t.Errorf("alder notices nothing: %+v", a.line(line).Notices)
	}
	eventually(t, 15*time.Second, "birch says that alder's disk is full, by its word", func() bool {
		l := b.line(line)
		return l.Lamp.State == LampPartly && l.Lamp.Verdict == VerdictTheirs && noticed(l, "their-disk")
	})
	keep(1)
	a.waitFor(line, "no room")
	eventually(t, 15*time.Second, "both lamps are green again", func() bool { return a.line(line).Lamp.State == LampUp && b.line(line).Lamp.State == LampUp })
}

// TestFilesLeaveRoom: officers who attach files without end leave half of what is kept for
// our own logs, and nothing of a file that found no room.
func TestFilesLeaveRoom(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	dir := filepath.Join(disk, "alder")
	if _, err := Init(InitOptions{Dir: dir, RootKeyPath: filepath.Join(t.TempDir(), "root"), Party: "alder", Name: "Alder", Languages: []string{"en"}}); err != nil {
		t.Fatal(err)
	}
	cfg, err := LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	cfg.KeepFree = 40
	left := filepath.Join(dir, blobsDir, attachPrefix+"killed")
	if err := errors.Join(os.MkdirAll(filepath.Dir(left), 0o700), os.WriteFile(left, make([]byte, 1<<20), 0o600)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, size := range []int64{5 << 20, 1 << 20, 64 << 10} {
		for n := 0; err == nil; n++ {
			if n > 48<<4 {
				t.Fatal("files find room without end")
			}
			_, err = s.keepFile(parley.LineID{1}, "a.bin", "application/octet-stream", io.LimitReader(zeros{}, size))
		}
		if parley.KindOf(err) != parley.DiskFull {
			t.Fatal(err)
		}
		err = nil
	}
	free, size, err := diskFree(dir)
	if err != nil || free < 19 {
		t.Errorf("%d %% of %d bytes are free, %v; want a half of 40", free, size, err)
	}
	err = filepath.WalkDir(filepath.Join(dir, blobsDir), func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !isHash(d.Name()) && !strings.HasPrefix(d.Name(), "quota") {
			t.Errorf("left behind: %s", p)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestReserve: a tenth of a small disk is kept, of a large one what is enough.
func TestReserve(t *testing.T) {
	for size, want := range map[uint64]int{0: 10, 1 << 30: 10, 80 << 30: 10, 100 << 30: 8, 256 << 30: 4, 10 << 40: 1} {
		if got := (Config{}).reserve(size); got != want {
			t.Errorf("%d %% of %d GiB are kept, want %d", got, size>>30, want)
		}
	}
	if got := (Config{KeepFree: 30}).reserve(1 << 40); got != 30 {
		t.Errorf("%d %% where 30 are asked for", got)
	}
}
