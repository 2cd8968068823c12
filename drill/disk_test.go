package drill

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What a power cut leaves of a station's files is made again from what strace
// saw it write and sync: everything synced, and of the rest a random part, torn
// at sectors. The model promises no more than POSIX does: a write is durable
// after fsync of its file, a name after fsync of its directory, a rename is all
// or nothing.

// diskCalls are the calls that change files, and those that would change them
// past the model.
const diskCalls = "open,openat,creat,close,dup,dup2,dup3,fcntl,lseek,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate," +
	"rename,renameat,renameat2,unlink,unlinkat,link,linkat,mkdir,mkdirat,rmdir,copy_file_range,sendfile,splice"

// recorded is how a station is started so that its log tells all it writes.
func recorded(log string) []string {
	return []string{"strace", "-f", "-qq", "--seccomp-bpf", "-ttt", "-xx", "-s", "2000000", "-e", "signal=none", "-e", "trace=" + diskCalls, "-o", log}
}

// call is the entering of a system call, or its return.
type call struct {
	at   time.Time
	tid  string
	name string
	args []string
	ret  int64
	exit bool
}

// readCalls parses a log of strace.
func readCalls(t testing.TB, path string) (out []call) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	open := map[string]call{}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		tid, rest, _ := strings.Cut(sc.Text(), " ")
		stamp, rest, ok := strings.Cut(strings.TrimLeft(rest, " "), " ")
		sec, err := strconv.ParseFloat(stamp, 64)
		if !ok || err != nil {
			t.Fatalf("%s: cannot read %.120q", path, sc.Text())
		}
		at := time.UnixMicro(int64(sec*1e6 + 0.5))
		switch {
		case strings.HasPrefix(rest, "+++"):
		case strings.HasPrefix(rest, "<... "):
			c, ok := open[tid]
			if !ok {
				continue // entered before the log began
			}
			delete(open, tid)
			_, tail, _ := strings.Cut(rest, "resumed>")
			c.at, c.exit, c.ret = at, true, result(tail)
			out = append(out, c)
		default:
			name, tail, ok := strings.Cut(rest, "(")
			if !ok {
				t.Fatalf("%s: cannot read %.120q", path, rest)
			}
			c := call{at: at, tid: tid, name: name}
			body, ok := strings.CutSuffix(tail, " <unfinished ...>")
			if !ok {
				body, ok = strings.CutSuffix(tail, " <detached ...>") // the tracer went first
			}
			if ok {
				c.args = splitArgs(body)
				open[tid] = c
				out = append(out, c)
				continue
			}
			i := strings.LastIndex(tail, ") ")
			if i < 0 {
				t.Fatalf("%s: cannot read %.120q", path, rest)
			}
			c.args = splitArgs(tail[:i])
			out = append(out, c)
			c.exit, c.ret = true, result(tail[i:])
			out = append(out, c)
		}
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// result reads what follows the arguments: ") = 4096", or ") = -1 EIO (...)".
// What was never answered, for the process died, has not failed: it is 1<<62.
func result(s string) int64 {
	_, v, _ := strings.Cut(s, "= ")
	n, err := strconv.ParseInt(strings.Fields(v + " ?")[0], 0, 64)
	if err != nil {
		return 1 << 62
	}
	return n
}

// splitArgs splits at commas; strings hold none, being in hexadecimal.
func splitArgs(s string) []string {
	as := strings.Split(strings.TrimSuffix(s, ")"), ", ")
	for i := range as {
		as[i] = strings.TrimSpace(strings.TrimSuffix(as[i], ","))
	}
	return as
}

// unhex reads a string argument: "\x2f\x74...".
func unhex(s string) []byte {
	s = strings.Trim(s, `"`)
	out := make([]byte, 0, len(s)/4)
	for i := 0; i+4 <= len(s); i += 4 {
		b, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
		if err != nil {
			panic(fmt.Sprintf("strace prints %.40q", s))
		}
		out = append(out, byte(b))
	}
	return out
}

// change is one write to a file, or a cut of its length, that is not synced.
type change struct {
	off  int64
	data []byte // nil: the file is cut to off
	done bool   // the call has returned
}

// inode is one file: what is surely on the disk, and what may be.
type inode struct {
	data    []byte
	pending []*change
}

// naming is a change of names that is not synced: all of it or nothing.
type naming struct {
	dir  string
	name map[string]*inode // nil: the name goes
}

// handle is an open file.
type handle struct {
	file *inode // nil: a directory, or not ours
	dir  string
	pos  int64
	tail bool // O_APPEND
}

// disk is the model of the files below some directories.
type disk struct {
	t       testing.TB
	roots   []string
	names   map[string]*inode // as the process sees them
	durable map[string]*inode // as the disk surely has them
	dirs    map[string]bool
	pending []*naming
	fds     map[int64]*handle
	syncs   map[string]func() // by thread: what an fsync under way makes durable
}

// newDisk begins with what is there now, all of it durable.
func newDisk(t testing.TB, roots ...string) *disk {
	t.Helper()
	d := &disk{t: t, roots: roots, names: map[string]*inode{}, durable: map[string]*inode{}, dirs: map[string]bool{}, fds: map[int64]*handle{}, syncs: map[string]func(){}}
	for _, r := range roots {
		err := filepath.WalkDir(r, func(path string, e os.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir():
				d.dirs[path] = true
			case e.Type().IsRegular():
				b, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				n := &inode{data: b}
				d.names[path], d.durable[path] = n, n
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *disk) ours(path string) bool {
	for _, r := range d.roots {
		if path == r || strings.HasPrefix(path, r+"/") {
			return true
		}
	}
	return false
}

// play takes one call.
func (d *disk) play(c *call) {
	switch c.name {
	case "write", "pwrite64":
		d.write(c)
	case "ftruncate":
		if h := d.handle(c.args[0]); h != nil && h.file != nil && !c.exit {
			h.file.pending = append(h.file.pending, &change{off: number(c.args[1]), done: true})
		}
	case "fsync", "fdatasync":
		d.sync(c)
	default:
		if c.exit && c.ret >= 0 && c.ret < 1<<62 {
			d.returned(c)
		}
	}
}

// returned takes calls that count once they have returned.
func (d *disk) returned(c *call) {
	switch c.name {
	case "open":
		d.open(string(unhex(c.args[0])), c.args[1], c.ret)
	case "openat":
		d.open(string(unhex(c.args[1])), c.args[2], c.ret)
	case "creat":
		d.open(string(unhex(c.args[0])), "O_CREAT|O_TRUNC", c.ret)
	case "close":
		delete(d.fds, number(c.args[0]))
	case "lseek":
		if h := d.handle(c.args[0]); h != nil {
			h.pos = c.ret
		}
	case "rename":
		d.rename(string(unhex(c.args[0])), string(unhex(c.args[1])))
	case "renameat", "renameat2":
		d.rename(string(unhex(c.args[1])), string(unhex(c.args[3])))
	case "unlink":
		d.name(string(unhex(c.args[0])), nil)
	case "unlinkat":
		d.name(string(unhex(c.args[1])), nil)
	case "link":
		d.name(string(unhex(c.args[1])), d.names[string(unhex(c.args[0]))])
	case "linkat":
		d.name(string(unhex(c.args[3])), d.names[string(unhex(c.args[1]))])
	case "mkdir":
		d.mkdir(string(unhex(c.args[0])))
	case "mkdirat":
		d.mkdir(string(unhex(c.args[1])))
	case "dup", "dup2", "dup3", "writev", "pwritev", "pwritev2", "sync_file_range", "fallocate", "copy_file_range", "sendfile", "splice":
		if h := d.handle(c.args[0]); h != nil && (h.file != nil || h.dir != "") {
			d.t.Fatalf("the station calls %s on a file: the model of the disk does not know it", c.name)
		}
	}
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		return -1
	}
	return n
}

func (d *disk) handle(fd string) *handle { return d.fds[number(fd)] }

func (d *disk) open(path, flags string, fd int64) {
	h := &handle{tail: strings.Contains(flags, "O_APPEND")}
	d.fds[fd] = h
	if !d.ours(path) || strings.HasSuffix(path, "-shm") {
		return // the index of a write-ahead log is made anew after a power cut
	}
	if d.dirs[path] {
		h.dir = path
		return
	}
	n := d.names[path]
	if n == nil {
		if !strings.Contains(flags, "O_CREAT") {
			return
		}
		n = &inode{}
		d.name(path, n)
	}
	if strings.Contains(flags, "O_TRUNC") {
		n.pending = append(n.pending, &change{done: true})
	}
	h.file = n
}

// name gives a file a name, or takes one away.
func (d *disk) name(path string, n *inode) {
	if !d.ours(path) {
		return
	}
	d.pending = append(d.pending, &naming{dir: filepath.Dir(path), name: map[string]*inode{path: n}})
	if n == nil {
		delete(d.names, path)
	} else {
		d.names[path] = n
	}
}

func (d *disk) rename(from, to string) {
	n := d.names[from]
	if n == nil || !d.ours(to) {
		return
	}
	d.pending = append(d.pending, &naming{dir: filepath.Dir(to), name: map[string]*inode{from: nil, to: n}})
	delete(d.names, from)
	d.names[to] = n
}

// mkdir makes a directory at once: the station syncs what is above it, and an
// empty directory more loses nothing.
func (d *disk) mkdir(path string) {
	if d.ours(path) {
		d.dirs[path] = true
	}
}

func (d *disk) write(c *call) {
	h := d.handle(c.args[0])
	if h == nil || h.file == nil {
		return
	}
	if c.exit {
		for _, w := range h.file.pending {
			w.done = true
		}
		return
	}
	data, off := unhex(c.args[1]), h.pos
	if c.name == "pwrite64" {
		off = number(c.args[3])
	} else {
		if h.tail {
			off = int64(len(h.file.whole()))
		}
		h.pos = off + int64(len(data))
	}
	h.file.pending = append(h.file.pending, &change{off: off, data: data})
}

// sync makes durable what was done before it was called, once it returns.
func (d *disk) sync(c *call) {
	if c.exit {
		if f := d.syncs[c.tid]; f != nil && c.ret == 0 {
			f()
		}
		delete(d.syncs, c.tid)
		return
	}
	h := d.handle(c.args[0])
	switch {
	case h == nil:
	case h.dir != "":
		n := len(d.pending)
		d.syncs[c.tid] = func() { d.syncDir(h.dir, n) }
	case h.file != nil:
		var covered []*change
		for _, w := range h.file.pending {
			if w.done {
				covered = append(covered, w)
			}
		}
		d.syncs[c.tid] = func() { h.file.sync(covered) }
	}
}

func (d *disk) syncDir(dir string, n int) {
	var rest []*naming
	for i, p := range d.pending {
		if p.dir != dir || i >= n {
			rest = append(rest, p)
			continue
		}
		p.do(d.durable)
	}
	d.pending = rest
}

func (p *naming) do(names map[string]*inode) {
	for path, n := range p.name {
		if n == nil {
			delete(names, path)
		} else {
			names[path] = n
		}
	}
}

func (n *inode) sync(covered []*change) {
	is := map[*change]bool{}
	for _, w := range covered {
		is[w] = true
	}
	var rest []*change
	for _, w := range n.pending {
		if is[w] {
			n.data = w.do(n.data, nil)
		} else {
			rest = append(rest, w)
		}
	}
	n.pending = rest
}

// whole is the file as the process sees it.
func (n *inode) whole() []byte {
	b := append([]byte(nil), n.data...)
	for _, w := range n.pending {
		b = w.do(b, nil)
	}
	return b
}

const sector = 512

// do applies a change to a file's bytes; keep, when given, says which of its
// sectors reach the disk.
func (w *change) do(b []byte, keep func() bool) []byte {
	if w.data == nil {
		if keep != nil && !keep() {
			return b
		}
		if int64(len(b)) > w.off {
			return b[:w.off:w.off]
		}
		return append(b, make([]byte, w.off-int64(len(b)))...)
	}
	for at := w.off; at < w.off+int64(len(w.data)); {
		next := min(at/sector*sector+sector, w.off+int64(len(w.data)))
		if keep == nil || keep() {
			if int64(len(b)) < next {
				b = append(b, make([]byte, next-int64(len(b)))...)
			}
			copy(b[at:next], w.data[at-w.off:next-w.off])
		}
		at = next
	}
	return b
}

// cutPower returns what the files hold when the power goes now: of what is not
// synced nothing, all, or any part, as the drawn share says.
func (d *disk) cutPower(rng *rand.Rand) map[string][]byte {
	share := []float64{0, 0, 0.5, 0.9, 1}[rng.IntN(5)]
	keep := func() bool { return rng.Float64() < share }
	names := map[string]*inode{}
	for p, n := range d.durable {
		names[p] = n
	}
	stopped := map[string]bool{} // a directory's changes reach the disk in order
	for _, p := range d.pending {
		if stopped[p.dir] = stopped[p.dir] || !keep(); !stopped[p.dir] {
			p.do(names)
		}
	}
	paths := make([]string, 0, len(names))
	for p := range names {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	out, done := map[string][]byte{}, map[*inode][]byte{}
	for _, p := range paths {
		n := names[p]
		b, ok := done[n]
		if !ok {
			b = append([]byte(nil), n.data...)
			for _, w := range n.pending {
				b = w.do(b, keep)
			}
			done[n] = b
		}
		if !strings.HasSuffix(p, "-shm") {
			out[p] = b
		}
	}
	return out
}

// writeImage puts files below from in place, below to.
func writeImage(files map[string][]byte, dirs map[string]bool, from, to string) error {
	for d := range dirs {
		if rel, err := filepath.Rel(from, d); err == nil && !strings.HasPrefix(rel, "..") {
			if err := os.MkdirAll(filepath.Join(to, rel), 0o700); err != nil {
				return err
			}
		}
	}
	for p, b := range files {
		rel, err := filepath.Rel(from, p)
		if err != nil || strings.HasPrefix(rel, "..") {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, rel)), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, rel), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}
