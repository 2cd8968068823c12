package simdisk

import (
	"bytes"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	lib "modernc.org/sqlite/lib"
)

// node is a file as the connections of one process share it: their locks, and
// the wal-index.
type node struct {
	handles map[*handle]bool
	regions []uintptr // of the wal-index, memory of the engine
}

// handle is an open file of one connection.
type handle struct {
	m       *Mount
	f       *file
	n       *node
	level   int32 // SQLITE_LOCK_...
	dirSync bool  // its first sync syncs the directory too
	temp    bool  // it goes when it is closed
	mapped  bool
	shared  uint32 // slots of the wal-index that it has locked
	alone   uint32
}

func (m *Mount) open(name string, flags int32) (*handle, int32) {
	d := m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if m.dead {
		return nil, lib.SQLITE_CANTOPEN
	}
	f := d.names[name]
	if f == nil {
		if flags&lib.SQLITE_OPEN_CREATE == 0 {
			return nil, lib.SQLITE_CANTOPEN
		}
		v := d.ask(Call{Op: Create, Name: name})
		if v != Do && v != Power {
			return nil, lib.SQLITE_CANTOPEN
		}
		f = &file{name: name}
		d.names[name] = f
		d.seq++
		d.dirOps = append(d.dirOps, dirOp{d.seq, name, f})
		if v == Power {
			return nil, lib.SQLITE_CANTOPEN
		}
	}
	n := m.nodes[name]
	if n == nil {
		n = &node{handles: map[*handle]bool{}}
		m.nodes[name] = n
	}
	const journals = lib.SQLITE_OPEN_MAIN_JOURNAL | lib.SQLITE_OPEN_SUPER_JOURNAL | lib.SQLITE_OPEN_WAL
	h := &handle{m: m, f: f, n: n, dirSync: flags&lib.SQLITE_OPEN_CREATE != 0 && flags&journals != 0, temp: flags&lib.SQLITE_OPEN_DELETEONCLOSE != 0}
	n.handles[h] = true
	return h, lib.SQLITE_OK
}

func (m *Mount) remove(name string, dirSync bool) int32 {
	d := m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if m.dead {
		return lib.SQLITE_IOERR_DELETE
	}
	if d.names[name] == nil {
		return lib.SQLITE_IOERR_DELETE_NOENT
	}
	v := d.ask(Call{Op: Delete, Name: name})
	if v == Do || v == Power {
		delete(d.names, name)
		delete(m.nodes, name)
		d.seq++
		d.dirOps = append(d.dirOps, dirOp{d.seq, name, nil})
	}
	if v != Do {
		return lib.SQLITE_IOERR_DELETE
	}
	if dirSync && !m.syncDir() {
		return lib.SQLITE_IOERR_DIR_FSYNC
	}
	return lib.SQLITE_OK
}

func (h *handle) close(tls *libc.TLS) {
	d := h.m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	h.unmap(tls)
	delete(h.n.handles, h)
	if h.temp && !h.m.dead {
		delete(d.names, h.f.name)
	}
}

// read reads what the process sees; what lies beyond the end is zero.
func (h *handle) read(b []byte, off int64) int32 {
	d := h.m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if h.m.dead {
		return lib.SQLITE_IOERR_READ
	}
	d.reads++
	if d.hook != nil && d.hook(Call{Op: Read, Name: h.f.name, Off: off, Len: len(b), N: d.reads}) != Do {
		return lib.SQLITE_IOERR_READ
	}
	n := 0
	if off < int64(len(h.f.cur)) {
		n = copy(b, h.f.cur[off:])
	}
	if n < len(b) {
		clear(b[n:])
		return lib.SQLITE_IOERR_SHORT_READ
	}
	return lib.SQLITE_OK
}

func (h *handle) write(b []byte, off int64) int32 {
	d := h.m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if h.m.dead {
		return lib.SQLITE_IOERR_WRITE
	}
	v := d.ask(Call{Op: Write, Name: h.f.name, Off: off, Len: len(b)})
	switch v {
	case Fail:
		return lib.SQLITE_IOERR_WRITE
	case Full:
		return lib.SQLITE_FULL
	}
	short := false
	if grows := off + int64(len(b)) - int64(len(h.f.cur)); d.capacity > 0 && grows > 0 {
		if room := d.capacity - d.used(); grows > room {
			b, short = b[:max(0, int64(len(b))-grows+max(0, room))], true
		}
	}
	if len(b) > 0 {
		d.seq++
		h.f.pending = append(h.f.pending, op{seq: d.seq, off: off, data: bytes.Clone(b)})
		h.f.cur = put(h.f.cur, off, b)
	}
	switch {
	case v == Power:
		return lib.SQLITE_IOERR_WRITE
	case short:
		return lib.SQLITE_FULL
	}
	return lib.SQLITE_OK
}

func (h *handle) truncate(size int64) int32 {
	d := h.m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if h.m.dead {
		return lib.SQLITE_IOERR_TRUNCATE
	}
	v := d.ask(Call{Op: Truncate, Name: h.f.name, Off: size})
	if v == Do || v == Power {
		d.seq++
		h.f.pending = append(h.f.pending, op{seq: d.seq, off: size, truncate: true})
		h.f.cur = resize(h.f.cur, size)
	}
	if v != Do {
		return lib.SQLITE_IOERR_TRUNCATE
	}
	return lib.SQLITE_OK
}

// sync makes the file durable, and, as the engine does on Linux, the names of the
// directory with the first sync of a journal.
func (h *handle) sync() int32 {
	d := h.m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if h.m.dead {
		return lib.SQLITE_IOERR_FSYNC
	}
	switch d.ask(Call{Op: Sync, Name: h.f.name}) {
	case Do:
		h.f.sync()
	case Lie:
	default:
		return lib.SQLITE_IOERR_FSYNC
	}
	if h.dirSync {
		if !h.m.syncDir() {
			return lib.SQLITE_IOERR_DIR_FSYNC
		}
		h.dirSync = false
	}
	return lib.SQLITE_OK
}

// lock raises the lock of a connection (SQLITE_LOCK_...).
func (h *handle) lock(level int32) int32 {
	d := h.m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case h.m.dead:
		return lib.SQLITE_IOERR_LOCK
	case level <= h.level:
		return lib.SQLITE_OK
	}
	others := int32(lib.SQLITE_LOCK_NONE)
	for o := range h.n.handles {
		if o != h {
			others = max(others, o.level)
		}
	}
	switch {
	case level == lib.SQLITE_LOCK_SHARED && others >= lib.SQLITE_LOCK_PENDING,
		level >= lib.SQLITE_LOCK_RESERVED && others >= lib.SQLITE_LOCK_RESERVED:
		return lib.SQLITE_BUSY
	case level == lib.SQLITE_LOCK_EXCLUSIVE && others >= lib.SQLITE_LOCK_SHARED:
		h.level = lib.SQLITE_LOCK_PENDING
		return lib.SQLITE_BUSY
	}
	h.level = level
	return lib.SQLITE_OK
}

// shmMap gives a region of the wal-index. It is made with the first connection,
// and goes with the last.
func (h *handle) shmMap(tls *libc.TLS, region int, size int32, extend bool, pp *uintptr) int32 {
	d := h.m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	*pp = 0
	if h.m.dead {
		return lib.SQLITE_IOERR_SHMMAP
	}
	h.mapped = true
	for len(h.n.regions) <= region {
		if !extend {
			return lib.SQLITE_OK
		}
		p := libc.Xcalloc(tls, 1, types.Size_t(size))
		if p == 0 {
			return lib.SQLITE_NOMEM
		}
		h.n.regions = append(h.n.regions, p)
	}
	*pp = h.n.regions[region]
	return lib.SQLITE_OK
}

func (h *handle) shmLock(from, n, flags int32) int32 {
	d := h.m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	mask := uint32(1)<<(from+n) - uint32(1)<<from
	if flags&lib.SQLITE_SHM_UNLOCK != 0 {
		h.shared, h.alone = h.shared&^mask, h.alone&^mask
		return lib.SQLITE_OK
	}
	if h.m.dead {
		return lib.SQLITE_IOERR_SHMLOCK
	}
	exclusive := flags&lib.SQLITE_SHM_EXCLUSIVE != 0
	for o := range h.n.handles {
		if o != h && (o.alone&mask != 0 || exclusive && o.shared&mask != 0) {
			return lib.SQLITE_BUSY
		}
	}
	if exclusive {
		h.alone |= mask
	} else {
		h.shared |= mask
	}
	return lib.SQLITE_OK
}

func (h *handle) unmap(tls *libc.TLS) {
	h.mapped, h.shared, h.alone = false, 0, 0
	for o := range h.n.handles {
		if o.mapped {
			return
		}
	}
	for _, p := range h.n.regions {
		libc.Xfree(tls, p)
	}
	h.n.regions = nil
}
