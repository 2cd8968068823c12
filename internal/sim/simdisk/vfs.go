package simdisk

import (
	"strings"
	"sync"
	"time"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// vfsName is what the engine knows all disks by; which one is meant stands in
// the path.
const vfsName = "parley-simdisk"

// cFile is what the engine reserves for an open file.
type cFile struct {
	methods uintptr
	handle  uintptr
}

var (
	once    sync.Once
	vfs     lib.Tsqlite3_vfs
	methods lib.Tsqlite3_io_methods

	handlesMu sync.RWMutex
	handles   = map[uintptr]*handle{}
	handleN   uintptr
)

// fn is the word that the engine calls a function by: what a variable of a
// function's type holds. It is of a named function, which never moves.
func fn[T any](f T) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// at turns an address of the engine's memory, which the collector does not know,
// into a pointer.
func at[T any](p uintptr) *T { return (*T)(*(*unsafe.Pointer)(unsafe.Pointer(&p))) }

func octets(p uintptr, n int32) []byte { return unsafe.Slice(at[byte](p), n) }

// register tells the engine of the file system, once.
func register() {
	once.Do(func() {
		methods = lib.Tsqlite3_io_methods{FiVersion: 2, FxClose: fn(xClose), FxRead: fn(xRead), FxWrite: fn(xWrite), FxTruncate: fn(xTruncate), FxSync: fn(xSync),
			FxFileSize: fn(xFileSize), FxLock: fn(xLock), FxUnlock: fn(xUnlock), FxCheckReservedLock: fn(xCheckReservedLock), FxFileControl: fn(xFileControl),
			FxSectorSize: fn(xSectorSize), FxDeviceCharacteristics: fn(xDeviceCharacteristics),
			FxShmMap: fn(xShmMap), FxShmLock: fn(xShmLock), FxShmBarrier: fn(xShmBarrier), FxShmUnmap: fn(xShmUnmap)}
		tls := libc.NewTLS() // kept as long as the file system: for ever
		name, err := libc.CString(vfsName)
		if err != nil {
			panic(err)
		}
		vfs = lib.Tsqlite3_vfs{FiVersion: 2, FszOsFile: int32(unsafe.Sizeof(cFile{})), FmxPathname: 512, FzName: name,
			FxOpen: fn(xOpen), FxDelete: fn(xDelete), FxAccess: fn(xAccess), FxFullPathname: fn(xFullPathname), FxRandomness: fn(xRandomness),
			FxSleep: fn(xSleep), FxCurrentTime: fn(xCurrentTime), FxGetLastError: fn(xGetLastError), FxCurrentTimeInt64: fn(xCurrentTimeInt64)}
		if rc := lib.Xsqlite3_vfs_register(tls, uintptr(unsafe.Pointer(&vfs)), 0); rc != lib.SQLITE_OK {
			panic("the engine does not take a file system of ours")
		}
	})
}

// find splits a path into its mount, nil when there is none, and a name.
func find(path string) (*Mount, string) {
	dir, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	mountsMu.RLock()
	defer mountsMu.RUnlock()
	return mounts[dir], name
}

func handleOf(pFile uintptr) *handle {
	handlesMu.RLock()
	defer handlesMu.RUnlock()
	return handles[at[cFile](pFile).handle]
}

func xOpen(tls *libc.TLS, _, zName, pFile uintptr, flags int32, pOutFlags uintptr) int32 {
	*at[cFile](pFile) = cFile{}
	path := ""
	if zName != 0 {
		path = libc.GoString(zName)
	}
	m, name := find(path)
	if m == nil {
		return lib.SQLITE_CANTOPEN
	}
	h, rc := m.open(name, flags)
	if rc != lib.SQLITE_OK {
		return rc
	}
	handlesMu.Lock()
	handleN++
	handles[handleN] = h
	*at[cFile](pFile) = cFile{methods: uintptr(unsafe.Pointer(&methods)), handle: handleN}
	handlesMu.Unlock()
	if pOutFlags != 0 {
		*at[int32](pOutFlags) = flags
	}
	return lib.SQLITE_OK
}

func xDelete(_ *libc.TLS, _, zPath uintptr, dirSync int32) int32 {
	m, name := find(libc.GoString(zPath))
	if m == nil {
		return lib.SQLITE_IOERR_DELETE
	}
	return m.remove(name, dirSync != 0)
}

func xAccess(_ *libc.TLS, _, zPath uintptr, _ int32, pRes uintptr) int32 {
	m, name := find(libc.GoString(zPath))
	if m == nil {
		return lib.SQLITE_IOERR_ACCESS
	}
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	if m.dead {
		return lib.SQLITE_IOERR_ACCESS
	}
	*at[int32](pRes) = 0
	if m.disk.names[name] != nil {
		*at[int32](pRes) = 1
	}
	return lib.SQLITE_OK
}

func xFullPathname(_ *libc.TLS, _, zPath uintptr, n int32, zOut uintptr) int32 {
	path := libc.GoString(zPath)
	if len(path) >= int(n) {
		return lib.SQLITE_CANTOPEN
	}
	out := octets(zOut, n)
	out[copy(out, path)] = 0
	return lib.SQLITE_OK
}

// xRandomness gives no randomness: nothing here needs any.
func xRandomness(_ *libc.TLS, _ uintptr, n int32, zOut uintptr) int32 {
	clear(octets(zOut, n))
	return n
}

func xSleep(_ *libc.TLS, _ uintptr, micros int32) int32 {
	time.Sleep(time.Duration(micros) * time.Microsecond)
	return micros
}

// julian is the time that statements see, milliseconds as the engine counts: one
// that does not go on.
const julian = 211_996_526_400_000

func xCurrentTimeInt64(_ *libc.TLS, _, p uintptr) int32 {
	*at[int64](p) = julian
	return lib.SQLITE_OK
}

func xCurrentTime(_ *libc.TLS, _, p uintptr) int32 {
	*at[float64](p) = julian / 86_400_000.0
	return lib.SQLITE_OK
}

func xGetLastError(*libc.TLS, uintptr, int32, uintptr) int32 { return 0 }

func xClose(tls *libc.TLS, pFile uintptr) int32 {
	handleOf(pFile).close(tls)
	handlesMu.Lock()
	defer handlesMu.Unlock()
	delete(handles, at[cFile](pFile).handle)
	return lib.SQLITE_OK
}

func xRead(_ *libc.TLS, pFile, zBuf uintptr, n int32, off int64) int32 {
	return handleOf(pFile).read(octets(zBuf, n), off)
}

func xWrite(_ *libc.TLS, pFile, zBuf uintptr, n int32, off int64) int32 {
	return handleOf(pFile).write(octets(zBuf, n), off)
}

func xTruncate(_ *libc.TLS, pFile uintptr, size int64) int32 { return handleOf(pFile).truncate(size) }

func xSync(_ *libc.TLS, pFile uintptr, _ int32) int32 { return handleOf(pFile).sync() }

func xFileSize(_ *libc.TLS, pFile, pSize uintptr) int32 {
	h := handleOf(pFile)
	h.m.disk.mu.Lock()
	defer h.m.disk.mu.Unlock()
	if h.m.dead {
		return lib.SQLITE_IOERR_FSTAT
	}
	*at[int64](pSize) = int64(len(h.f.cur))
	return lib.SQLITE_OK
}

func xLock(_ *libc.TLS, pFile uintptr, level int32) int32 { return handleOf(pFile).lock(level) }

func xUnlock(_ *libc.TLS, pFile uintptr, level int32) int32 {
	h := handleOf(pFile)
	h.m.disk.mu.Lock()
	defer h.m.disk.mu.Unlock()
	h.level = min(h.level, level)
	return lib.SQLITE_OK
}

func xCheckReservedLock(_ *libc.TLS, pFile, pOut uintptr) int32 {
	h := handleOf(pFile)
	h.m.disk.mu.Lock()
	defer h.m.disk.mu.Unlock()
	*at[int32](pOut) = 0
	for o := range h.n.handles {
		if o.level >= lib.SQLITE_LOCK_RESERVED {
			*at[int32](pOut) = 1
		}
	}
	return lib.SQLITE_OK
}

func xFileControl(*libc.TLS, uintptr, int32, uintptr) int32 { return lib.SQLITE_NOTFOUND }

func xSectorSize(*libc.TLS, uintptr) int32 { return 4096 }

// xDeviceCharacteristics says what the engine takes of a disk on Linux: a write
// that is cut off by a loss of power harms no octet beside it.
func xDeviceCharacteristics(*libc.TLS, uintptr) int32 {
	return lib.SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

func xShmMap(tls *libc.TLS, pFile uintptr, region, size, extend int32, pp uintptr) int32 {
	return handleOf(pFile).shmMap(tls, int(region), size, extend != 0, at[uintptr](pp))
}

func xShmLock(_ *libc.TLS, pFile uintptr, from, n, flags int32) int32 {
	return handleOf(pFile).shmLock(from, n, flags)
}

func xShmBarrier(_ *libc.TLS, pFile uintptr) {
	h := handleOf(pFile)
	h.m.disk.mu.Lock()
	h.m.disk.mu.Unlock() //nolint:staticcheck // the lock is the barrier
}

func xShmUnmap(tls *libc.TLS, pFile uintptr, _ int32) int32 {
	h := handleOf(pFile)
	h.m.disk.mu.Lock()
	defer h.m.disk.mu.Unlock()
	h.unmap(tls)
	return lib.SQLITE_OK
}
