package drill

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDiskModel plays a log of calls and cuts the power many times: what was
// synced is there each time, and what was not is each time there, gone, or
// torn at a sector.
func TestDiskModel(t *testing.T) {
	dir := t.TempDir()
	hex := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		}
		return `"` + b.String() + `"`
	}
	path := func(n string) string { return hex(filepath.Join(dir, n)) }
	if err := os.WriteFile(filepath.Join(dir, "old"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 2*sector)
	lines := []string{
		`openat(AT_FDCWD, ` + path("log") + `, O_RDWR|O_CREAT, 0600) = 3`,
		`pwrite64(3, ` + hex("synced") + `, 6, 0) = 6`,
		`fdatasync(3) = 0`,
		`openat(AT_FDCWD, ` + hex(dir) + `, O_RDONLY) = 4`,
		`fsync(4 <unfinished ...>`,
		`<... fsync resumed>) = 0`,
		`pwrite64(3, ` + hex("LATE") + `, 4, 0) = 4`,
		`pwrite64(3, ` + hex(long) + `, 1024, 512) = 1024`,
		`fdatasync(3) = -1 EIO (Input/output error)`,
		`openat(AT_FDCWD, ` + path("new") + `, O_WRONLY|O_CREAT, 0600) = 5`,
		`write(5, ` + hex("new") + `, 3) = 3`,
		`fsync(5) = 0`,
		`renameat(AT_FDCWD, ` + path("new") + `, AT_FDCWD, ` + path("old") + `) = 0`,
	}
	var log strings.Builder
	for i, l := range lines {
		fmt.Fprintf(&log, "7 170000000%d.000000 %s\n", i%10, l)
	}
	logAt := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(logAt, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDisk(t, dir)
	calls := readCalls(t, logAt)
	for i := range calls {
		d.play(&calls[i])
	}
	seen := map[string]bool{}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		files := d.cutPower(rng)
		log, old := string(files[filepath.Join(dir, "log")]), string(files[filepath.Join(dir, "old")])
		head, tail := log[:min(len(log), 6)], log[min(len(log), sector):]
		switch {
		case head != "synced" && head != "LATEed":
			t.Fatalf("the log begins %q: what was synced is gone, or torn within a sector", head)
		case strings.Trim(tail, "x\x00") != "" || len(tail)%sector != 0:
			t.Fatalf("the log ends in %q", tail)
		case old != "old" && old != "new":
			t.Fatalf("the renamed file holds %q", old)
		}
		seen[head], seen[old], seen[fmt.Sprint(len(tail)/sector, strings.Contains(tail, "\x00"))] = true, true, true
	}
	for _, want := range []string{"synced", "LATEed", "old", "new", "0 false", "1 false", "2 false", "2 true"} {
		if !seen[want] {
			t.Errorf("500 power cuts never left %q", want)
		}
	}
}
