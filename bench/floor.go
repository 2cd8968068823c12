package main

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"

	"parley"
	"parley/internal/bearer"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/wire"
)

// The floor is a bare pair of processes that does what the written path cannot
// do without, and nothing else: sign a checkpoint with Ed25519 and ML-DSA-44,
// commit to SQLite, sync a high-water mark, send; verify both signatures,
// cosign, commit, send the receipt back; verify both signatures of it.
//
// A group on the wire is u32 entries, u32 bytes of each, the entries, Ed25519,
// ML-DSA-44; a receipt is u32 group, Ed25519, ML-DSA-44.

const (
	floorParty  = "floor"
	floorMLSize = key.MLSignatureSize
)

// floorEnd is one end of the floor.
type floorEnd struct {
	pair  *key.Pair
	peer  *key.Verifier
	id    bearer.Identity
	allow [32]byte
	db    *sql.DB
	mark  *os.File
	conns []io.Closer
	heads uint64
	rows  uint64
}

type floorKeys struct {
	Public []byte
	TLS    [32]byte
}

func serveFloor(ops map[string]handler) (end func()) {
	f := &floorEnd{}
	ops["init"], ops["know"], ops["listen"], ops["send"] = on(f.init), on(f.know), on(f.listen), on(f.send)
	return f.close
}

func (f *floorEnd) close() {
	for _, c := range f.conns {
		c.Close()
	}
	if f.db != nil {
		f.db.Close()
	}
}

// init makes the keys and the store, with the station's own settings.
func (f *floorEnd) init(dir string) (k floorKeys, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return k, err
	}
	var seed [32]byte
	rand.Read(seed[:])
	if f.id, err = bearer.NewIdentity(seed); err != nil {
		return k, err
	}
	if f.pair, err = key.NewPair(rand.Reader); err != nil {
		return k, err
	}
	sqlite.Fdatasync(true)
	path := filepath.Join(dir, "floor.db") + "?_pragma=page_size(4096)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=wal_autocheckpoint(4000)"
	if f.db, err = sql.Open("sqlite", "file:"+path); err != nil {
		return k, err
	}
	f.db.SetMaxOpenConns(1)
	for _, q := range []string{"CREATE TABLE entries (id INTEGER PRIMARY KEY, bytes BLOB)", "CREATE TABLE heads (id INTEGER PRIMARY KEY, ed BLOB, ml BLOB)",
		"CREATE TABLE receipts (id INTEGER PRIMARY KEY, ed BLOB, ml BLOB)"} {
		if _, err := f.db.Exec(q); err != nil {
			return k, err
		}
	}
	if f.mark, err = os.OpenFile(filepath.Join(dir, "mark"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return k, err
	}
	if _, err := f.mark.Write(make([]byte, 4096)); err != nil {
		return k, err
	}
	return floorKeys{wire.Encode(f.pair.Public()), bearer.KeyHash(f.id)}, f.mark.Sync()
}

// know takes the other end's keys.
func (f *floorEnd) know(k floorKeys) (n nothing, err error) {
	var pub key.Public
	if err := wire.Decode(k.Public, &pub); err != nil {
		return n, err
	}
	f.allow = k.TLS
	f.peer, err = key.NewVerifier(pub)
	return n, err
}

// checkpoint is what the nth head signs; its root is a hash of all entries of
// the group, in place of the tree's.
func checkpoint(size uint64, entries []byte) journal.Checkpoint {
	return journal.Checkpoint{Origin: parley.Origin(parley.LineID{1}, floorParty, parley.GenerationID{2}), Size: size, Root: sha256.Sum256(entries)}
}

// keep commits what f has of one group in one transaction.
func (f *floorEnd) keep(entries []byte, size int, ed [64]byte, ml []byte, receipt *[64]byte, receiptML []byte) error {
	tx, err := f.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	f.heads++
	if len(entries) > 0 {
		insert, err := tx.Prepare("INSERT INTO entries VALUES (?, ?)")
		if err != nil {
			return err
		}
		for at := 0; at < len(entries); at += size {
			f.rows++
			if _, err := insert.Exec(f.rows, entries[at:at+size]); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("INSERT INTO heads VALUES (?, ?, ?)", f.heads, ed[:], ml); err != nil {
			return err
		}
	}
	if receipt != nil {
		if _, err := tx.Exec("INSERT INTO receipts VALUES (?, ?, ?)", f.heads, receipt[:], receiptML); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// raise syncs the high-water mark, in two slots by turns.
func (f *floorEnd) raise() error {
	var b [512]byte
	binary.BigEndian.PutUint64(b[:], f.heads)
	if _, err := f.mark.WriteAt(b[:], int64(f.heads%2)*512); err != nil {
		return err
	}
	return unix.Fdatasync(int(f.mark.Fd()))
}

// floorArgs say what the floor does.
type floorArgs struct {
	Transport string
	Addr      string
	Groups    int
	Entries   int // in a group
	Bytes     int // of an entry
	Ahead     int // groups under way at once
	Acts      bool
}

// floorTimed is what the groups took.
type floorTimed struct {
	Each []time.Duration
	All  time.Duration
}

// send sends the groups, and times each until its receipt is verified.
func (f *floorEnd) send(a floorArgs) (t floorTimed, err error) {
	c, err := floorDial(f, a)
	if err != nil {
		return t, err
	}
	defer c.Close()
	window := make(chan struct{}, a.Ahead)
	began := make([]time.Time, a.Groups)
	entries := make([][]byte, a.Groups)
	sizes := make([]uint64, a.Groups)
	done := make(chan error, 1)
	t.Each = make([]time.Duration, a.Groups)
	go func() {
		for i := range a.Groups {
			if err := f.takeReceipt(c, sizes, entries); err != nil {
				done <- fmt.Errorf("receipt %d: %w", i, err)
				return
			}
			if a.Acts { // the receipt is kept as well before anybody is told
				if err := f.keep(nil, 0, [64]byte{}, nil, &[64]byte{}, make([]byte, floorMLSize)); err != nil {
					done <- err
					return
				}
			}
			t.Each[i] = time.Since(began[i])
			<-window
		}
		done <- nil
	}()
	start := time.Now()
	for i := range a.Groups {
		select {
		case window <- struct{}{}:
		case err := <-done:
			return t, err
		}
		began[i] = time.Now()
		entries[i] = make([]byte, a.Entries*a.Bytes)
		rand.Read(entries[i])
		sizes[i] = uint64((i + 1) * a.Entries)
		if err := f.sendGroup(c, a, sizes[i], entries[i]); err != nil {
			return t, err
		}
	}
	err = <-done
	t.All = time.Since(start)
	return t, err
}

func (f *floorEnd) sendGroup(c io.Writer, a floorArgs, size uint64, entries []byte) error {
	if a.Acts { // an officer's release is kept on our side first
		if err := f.keep(entries[:a.Bytes], a.Bytes, [64]byte{}, nil, nil, nil); err != nil {
			return err
		}
	}
	head, err := journal.Sign(f.pair, checkpoint(size, entries))
	if err != nil {
		return err
	}
	if err := f.keep(entries, a.Bytes, head.Ed, head.ML, nil, nil); err != nil {
		return err
	}
	if err := f.raise(); err != nil {
		return err
	}
	msg := binary.BigEndian.AppendUint32(nil, uint32(a.Entries))
	msg = binary.BigEndian.AppendUint32(msg, uint32(a.Bytes))
	msg = append(append(append(msg, entries...), head.Ed[:]...), head.ML...)
	_, err = c.Write(msg)
	return err
}

func (f *floorEnd) takeReceipt(c io.Reader, sizes []uint64, entries [][]byte) error {
	b := make([]byte, 4+64+floorMLSize)
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	i := binary.BigEndian.Uint32(b)
	if int(i) >= len(sizes) {
		return fmt.Errorf("a receipt for group %d", i)
	}
	cp := checkpoint(sizes[i], entries[i])
	return journal.VerifyCosignature(f.peer, parley.HolderName(cp.Origin), cp, 1, [64]byte(b[4:68]), b[68:])
}

// serve answers groups until the connection ends.
func (f *floorEnd) serve(c io.ReadWriteCloser) {
	defer c.Close()
	size := uint64(0)
	for i := uint32(0); ; i++ {
		if err := f.takeGroup(c, i, &size); err != nil {
			return
		}
	}
}

func (f *floorEnd) takeGroup(c io.ReadWriter, i uint32, size *uint64) error {
	var n [8]byte
	if _, err := io.ReadFull(c, n[:]); err != nil {
		return err
	}
	count, each := int(binary.BigEndian.Uint32(n[:])), int(binary.BigEndian.Uint32(n[4:]))
	b := make([]byte, count*each+64+floorMLSize)
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	entries, sig := b[:count*each], b[count*each:]
	*size += uint64(count)
	cp := checkpoint(*size, entries)
	head := wire.Head{Size: cp.Size, Root: cp.Root, Ed: [64]byte(sig[:64]), ML: sig[64:]}
	if err := journal.Verify(f.peer, cp, head); err != nil {
		return err
	}
	ed, ml, err := journal.Cosign(f.pair, parley.HolderName(cp.Origin), cp, 1)
	if err != nil {
		return err
	}
	if err := f.keep(entries, each, head.Ed, head.ML, &ed, ml); err != nil {
		return err
	}
	_, err = c.Write(append(append(binary.BigEndian.AppendUint32(nil, i), ed[:]...), ml...))
	return err
}
