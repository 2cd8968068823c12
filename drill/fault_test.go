package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parley"
)

// fault is one row of the table of failing disks.
type fault struct {
	name  string
	short bool   // also in the short set
	file  string // in the data directory; "mark": the high-water mark; "": all that the calls name
	files bool   // everything sent has an attachment
	calls string
	how   string // of strace's inject; "limit": no strace, but a file that cannot grow, so that writes are partial
	send  bool   // every release is acknowledged all the same
	stop  bool   // after it the station takes nothing until it is started again
	says  string // what an officer or the log is told
}

var faults = []fault{
	{name: "record is not synced once", short: true, file: "parley.db-wal", calls: "fdatasync,fsync", how: "error=EIO:when=1", stop: true, says: `disk I/O error|start it again`},
	{name: "record is never synced", file: "parley.db-wal", calls: "fdatasync,fsync", how: "error=EIO", stop: true, says: `disk I/O error|start it again`},
	{name: "record is not written", file: "parley.db-wal", calls: "pwrite64", how: "error=EIO:when=3+", stop: true, says: `disk I/O error|start it again`},
	{name: "record's disk is full", file: "parley.db-wal", calls: "pwrite64", how: "error=ENOSPC:when=3+", says: `full|no room|free space`},
	{name: "record is written in part", short: true, file: "parley.db-wal", how: "limit", stop: true, says: `disk failed|disk I/O error`},
	{name: "record is slow", file: "parley.db-wal", calls: "fdatasync,fsync", how: "delay_enter=60000", send: true},
	{name: "drafts are not synced", file: "own.db-wal", calls: "fdatasync,fsync", how: "error=EIO", stop: true, says: `disk I/O error`},
	{name: "drafts' disk is full", file: "own.db-wal", calls: "pwrite64", how: "error=ENOSPC", says: `full|no room|free space`},
	{name: "mark is not synced", short: true, file: "mark", calls: "fdatasync,fsync", how: "error=EIO", says: `high-water mark`},
	{name: "mark's disk is full", file: "mark", calls: "pwrite64", how: "error=ENOSPC", says: `high-water mark`},
	{name: "attachments are not renamed", short: true, files: true, calls: "rename,renameat,renameat2", how: "error=EIO", says: `input/output error`},
	{name: "attachments are not synced", files: true, calls: "fsync", how: "error=EIO", says: `input/output error`},
	{name: "mark is slow", file: "mark", calls: "fdatasync,fsync", how: "delay_enter=150000", send: true},
}

// TestFaults puts each fault below Alder's station while both sides send. What
// is acknowledged meanwhile is durable; what is not is refused with what, where
// and what to do; when the fault is gone, by itself or after a start, all goes
// on, and nothing is lost, twice, or forked.
func TestFaults(t *testing.T) {
	needTrace(t)
	slots := make(chan struct{}, *pairs)
	for i, f := range faults {
		if !f.short && !*allFaults {
			continue
		}
		t.Run(strings.ReplaceAll(f.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			w := newWorld(t, rand.New(rand.NewPCG(*seed, uint64(1000+i))), "alder", "birch")
			w.under(f)
		})
	}
}

func (w *world) under(f fault) {
	w.t.Helper()
	a, b := w.sides[0], w.sides[1]
	for range 3 {
		w.release(a, b, w.rng)
		w.release(b, a, w.rng)
	}
	w.allHold()
	clear := w.begin(a, f)
	var refused []error
	for range 5 {
		for _, dir := range [][2]*side{{a, b}, {b, a}} {
			x := w.newAct(dir[0], w.rng)
			if f.files && x.file == nil {
				x.file = []byte(x.subject)
			}
			if w.try(dir[0], dir[1], x, w.rng); x.err != nil && dir[0] == a {
				refused = append(refused, x.err)
			}
		}
	}
	if n := clear(); n == 0 {
		w.t.Error("no call was made to fail: the row shows nothing")
	}
	w.told(a, f, refused)
	a.restartAfter(f)
	w.waitUp()
	for range 3 {
		for _, x := range []*act{w.release(a, b, w.rng), w.release(b, a, w.rng)} {
			if x.err != nil {
				w.t.Errorf("after the fault %s cannot send: %v", x.from, x.err)
			}
		}
	}
	w.quiet()
	w.founding()
	w.finish()
	w.t.Logf("%d of 5 refused during the fault: %v", len(refused), first(refused))
}

func first(errs []error) string {
	if len(errs) == 0 {
		return "-"
	}
	return fmt.Sprintf("%v (hint: %s)", errs[0], parley.HintOf(errs[0]))
}

// begin puts the fault in; the function it returns takes it away and tells how
// many calls it has touched.
func (w *world) begin(s *side, f fault) (end func() int) {
	w.t.Helper()
	path := filepath.Join(s.dir, f.file)
	switch f.file {
	case "":
		path = ""
	case "mark":
		path = filepath.Join(s.mark, w.line+".mark")
	}
	if f.how != "limit" {
		tr := s.fail(path, f.calls, f.how)
		return func() int { tr.clear(); return tr.injected() }
	}
	fi, err := os.Stat(path)
	if err != nil {
		w.t.Fatal(err)
	}
	pid := s.proc.pid()
	var old unix.Rlimit
	limit := unix.Rlimit{Cur: uint64(fi.Size()) + 24 + 1500, Max: unix.RLIM_INFINITY} // in the middle of a page
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &limit, &old); err != nil {
		w.t.Fatalf("bounding the files of process %d: %v", pid, err)
	}
	return func() int {
		if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &old, nil); err != nil && !s.proc.ended() {
			w.t.Fatal(err)
		}
		return 1
	}
}

// told checks that whoever was refused was told what, where and what to do.
func (w *world) told(s *side, f fault, refused []error) {
	w.t.Helper()
	if f.send {
		if len(refused) > 0 {
			w.t.Errorf("a slow disk refuses: %v", refused)
		}
		return
	}
	log, err := os.ReadFile(s.log)
	if err != nil {
		w.t.Fatal(err)
	}
	all := string(log)
	for _, err := range refused {
		if parley.HintOf(err) == "" {
			w.t.Errorf("no hint: %v", err)
		}
		all += fmt.Sprintf("%v %s\n", err, parley.HintOf(err))
	}
	if !regexp.MustCompile(f.says).MatchString(all) {
		w.t.Errorf("nobody is told %q; refused: %v\nlog: %s", f.says, refused, s.lastWords(8))
	}
}

// restartAfter waits until the station works again by itself, or starts it
// again where it has to be.
func (s *side) restartAfter(f fault) {
	s.t.Helper()
	if s.proc.ended() {
		s.t.Logf("it ended: %v", s.proc.err)
		s.proc = nil
		s.start()
		return
	}
	if f.stop {
		s.kill()
		s.fsck()
		s.start()
		return
	}
	time.Sleep(1200 * time.Millisecond) // a line that failed is loaded again after a second
	_, err := s.client.Line(context.Background(), s.w.line)
	if err != nil {
		s.t.Error(err)
	}
}
