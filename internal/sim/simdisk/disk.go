package simdisk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"

	"parley"
)

// Sector is what a disk writes whole or not at all, in octets.
const Sector = 512

// Op is a kind of call.
type Op uint8

// The kinds. All but Read are persist points.
const (
	Read Op = iota
	Create
	Write
	Truncate
	Sync
	Delete
	SyncDir
)

func (o Op) String() string {
	return [...]string{"read", "create", "write", "truncate", "sync", "delete", "sync of the directory"}[o]
}

// Call is one call of the engine to the disk.
type Call struct {
	Op   Op
	Name string // of the file, without its directory; "" of SyncDir
	Off  int64  // of Read and Write; the new size of Truncate
	Len  int    // of Read and Write, octets
	N    int    // the how-manieth persist point of this disk, from 1; the how-manieth read of a Read
}

// Verdict is what becomes of a call.
type Verdict uint8

// The verdicts.
const (
	Do    Verdict = iota
	Fail          // an error of the disk, and nothing is done
	Full          // no room, and nothing is done
	Lie           // of Sync and SyncDir: success, and nothing is done
	Power         // the power fails in the middle of the call
)

// op is a write or truncation that is not synced.
type op struct {
	seq      int
	off      int64 // of a truncation: the size
	data     []byte
	truncate bool
}

// dirOp is a name that was made or deleted, and is not synced.
type dirOp struct {
	seq  int
	name string
	file *file // nil: deleted
}

type file struct {
	name    string
	cur     []byte // what the running process sees
	safe    []byte // what is on the disk for sure
	pending []op
}

// Disk is one disk. Its methods are safe for concurrent use.
type Disk struct {
	mu       sync.Mutex
	seed     uint64
	names    map[string]*file
	safe     map[string]*file // names that are on the disk for sure
	dirOps   []dirOp
	seq      int // of changes
	points   int // persist points
	reads    int
	losses   int // of power
	mount    *Mount
	capacity int64
	lying    bool
	hook     func(Call) Verdict
}

// New returns an empty disk. What it loses when power fails is decided by seed,
// file, place and count alone.
func New(seed uint64) *Disk {
	return &Disk{seed: seed, names: map[string]*file{}, safe: map[string]*file{}}
}

// Clone returns another disk with what a process would read from this one now,
// all of it safe: what an image holds.
func (d *Disk) Clone(seed uint64) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := New(seed)
	for name, f := range d.names {
		n := &file{name: name, cur: bytes.Clone(f.cur), safe: bytes.Clone(f.cur)}
		c.names[name], c.safe[name] = n, n
	}
	return c
}

// Hook has f decide about each call from now on; nil: all are done. It is
// called with the disk locked, and must not call it.
func (d *Disk) Hook(f func(Call) Verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hook = f
}

// Room bounds what all files hold together, in octets; 0: no bound. A write over
// it is done as far as there is room, and fails with disk full.
func (d *Disk) Room(octets int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = octets
}

// Fill leaves no room beyond what the files hold now.
func (d *Disk) Fill() { d.Room(max(1, d.Used())) }

// Used is what all files hold together, in octets.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used()
}

func (d *Disk) used() (n int64) {
	for _, f := range d.names {
		n += int64(len(f.cur))
	}
	return n
}

// Lying has the disk do nothing at a sync, and report success. When it no longer
// lies, what was written before is safe.
func (d *Disk) Lying(yes bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lying && !yes {
		for _, f := range d.names {
			f.sync()
		}
		d.syncNames()
	}
	d.lying = yes
}

// Points is how many persist points there were.
func (d *Disk) Points() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.points
}

// Files returns what is on the disk, by name.
func (d *Disk) Files() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string][]byte{}
	for n, f := range d.names {
		out[n] = bytes.Clone(f.cur)
	}
	return out
}

// Flip turns one bit of a file over, on the disk and in what is read. It is false
// where the file has no such octet.
func (d *Disk) Flip(name string, off int64, bit uint) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.names[name]
	if f == nil || off < 0 || off >= int64(len(f.cur)) {
		return false
	}
	f.cur[off] ^= 1 << (bit & 7)
	if off < int64(len(f.safe)) {
		f.safe[off] ^= 1 << (bit & 7)
	}
	return true
}

// Kill ends the process that has the disk mounted; what it wrote stays, synced or
// not, until power fails.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unmount()
}

func (d *Disk) unmount() {
	if d.mount != nil {
		d.mount.dead = true
		d.mount = nil
	}
}

// Off reports whether the power has failed, by a verdict, and nobody has called
// Lose since.
func (d *Disk) Off() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mount == nil || d.mount.dead
}

// Lose takes the power away: the process is gone, and of what was not synced a
// part survives. The disk can be mounted again.
func (d *Disk) Lose() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unmount()
	d.losses++
	fate := d.fates()
	for _, f := range d.files() {
		for _, o := range f.pending {
			f.safe = o.survive(f.safe, fate(f.name, o.seq), func(sector int64) bool { return d.coin(f.name, o.seq, sector)&1 == 0 })
		}
		f.pending, f.cur = nil, bytes.Clone(f.safe)
	}
	for _, o := range d.dirOps {
		switch {
		case fate("/"+o.name, o.seq) != whole:
		case o.file == nil:
			delete(d.safe, o.name)
		default:
			d.safe[o.name] = o.file
		}
	}
	d.dirOps, d.names, d.lying = nil, maps.Clone(d.safe), false
}

// files returns every file that has or may get a name, in no order.
func (d *Disk) files() []*file {
	seen := map[*file]bool{}
	for _, m := range []map[string]*file{d.names, d.safe} {
		for _, f := range m {
			seen[f] = true
		}
	}
	for _, o := range d.dirOps {
		if o.file != nil {
			seen[o.file] = true
		}
	}
	return slices.Collect(maps.Keys(seen))
}

// What becomes of a change that was not synced.
const (
	whole = iota
	torn
	lost
)

// fates returns what becomes of each change in this loss of power. One loss in
// four keeps what came first and nothing after it, one in eight all, one in eight
// nothing; in the others each change has a fate of its own.
func (d *Disk) fates() func(name string, seq int) int {
	oldest, newest := d.seq+1, d.seq
	for _, f := range d.files() {
		if len(f.pending) > 0 {
			oldest = min(oldest, f.pending[0].seq)
		}
	}
	if len(d.dirOps) > 0 {
		oldest = min(oldest, d.dirOps[0].seq)
	}
	how := d.coin("", 0, 0)
	cut := oldest + int(d.coin("", 0, 1)%uint64(max(1, newest-oldest+2)))
	return func(name string, seq int) int {
		switch how % 8 {
		case 0:
			return whole
		case 1:
			return lost
		case 2, 3:
			switch {
			case seq < cut:
				return whole
			case seq == cut:
				return torn
			}
			return lost
		}
		return int(d.coin(name, seq, -1) % 3)
	}
}

// coin is a number that seed, count of losses, file, change and place decide.
func (d *Disk) coin(name string, seq int, at int64) uint64 {
	h := fnv.New64a()
	var b [32]byte
	binary.BigEndian.PutUint64(b[:], d.seed)
	binary.BigEndian.PutUint64(b[8:], uint64(d.losses))
	binary.BigEndian.PutUint64(b[16:], uint64(seq))
	binary.BigEndian.PutUint64(b[24:], uint64(at))
	h.Write(b[:])
	h.Write([]byte(name))
	return mix(h.Sum64())
}

// mix spreads a number over all its bits.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// survive does to b what is left of a change.
func (o *op) survive(b []byte, fate int, keep func(sector int64) bool) []byte {
	switch {
	case fate == lost, fate == torn && o.truncate:
		return b
	case o.truncate:
		return resize(b, o.off)
	case fate == whole:
		return put(b, o.off, o.data)
	}
	for at := o.off; at < o.off+int64(len(o.data)); {
		end := min((at/Sector+1)*Sector, o.off+int64(len(o.data)))
		if keep(at / Sector) {
			b = put(b, at, o.data[at-o.off:end-o.off])
		}
		at = end
	}
	return b
}

func put(b []byte, off int64, data []byte) []byte {
	if end := off + int64(len(data)); end > int64(len(b)) {
		b = resize(b, end)
	}
	copy(b[off:], data)
	return b
}

func resize(b []byte, n int64) []byte {
	if n <= int64(len(b)) {
		clear(b[n:]) // what grows again is zero
		return b[:n]
	}
	return append(b, make([]byte, n-int64(len(b)))...)
}

func (f *file) sync() {
	for _, o := range f.pending {
		f.safe = o.survive(f.safe, whole, nil)
	}
	f.pending = nil
}

func (d *Disk) syncNames() { d.safe, d.dirOps = maps.Clone(d.names), nil }

// ask decides about a persist point, and counts it.
func (d *Disk) ask(c Call) Verdict {
	d.points++
	c.N = d.points
	v := Do
	if d.hook != nil {
		v = d.hook(c)
	}
	if v == Do && d.lying && (c.Op == Sync || c.Op == SyncDir) {
		v = Lie
	}
	if v == Power && d.mount != nil {
		d.mount.dead = true
	}
	return v
}

// Mount is the disk as one process sees it. It is a sqlite.Disk.
type Mount struct {
	disk  *Disk
	name  string
	dead  bool // the process is gone, or the power
	nodes map[string]*node
}

var (
	mountsMu sync.RWMutex
	mounts   = map[string]*Mount{}
	mounted  int
)

// Mount gives the disk to a process; one that had it is gone.
func (d *Disk) Mount() *Mount {
	register()
	mountsMu.Lock()
	mounted++
	m := &Mount{disk: d, name: fmt.Sprintf("sim%d", mounted), nodes: map[string]*node{}}
	mounts[m.name] = m
	mountsMu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unmount()
	d.mount = m
	return m
}

// Dir is where the files lie.
func (m *Mount) Dir() string { return "/" + m.name }

// VFS is the name under which the engine knows the disk.
func (m *Mount) VFS() string { return vfsName }

// SyncDir makes the names of files durable.
func (m *Mount) SyncDir(string) error {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	if !m.syncDir() {
		return parley.Errorf(parley.Unavailable, "the disk failed")
	}
	return nil
}

func (m *Mount) syncDir() bool {
	if m.dead {
		return false
	}
	switch m.disk.ask(Call{Op: SyncDir}) {
	case Do:
		m.disk.syncNames()
		return true
	case Lie:
		return true
	}
	return false
}

// Forget ends the use of a mount whose store is closed.
func (m *Mount) Forget() {
	mountsMu.Lock()
	delete(mounts, m.name)
	mountsMu.Unlock()
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.dead = true
	if m.disk.mount == m {
		m.disk.mount = nil
	}
}
