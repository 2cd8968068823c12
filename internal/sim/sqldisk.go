package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"

	"parley"
	"parley/internal/line"
	"parley/internal/sim/simdisk"
	"parley/internal/sqlfile"
	"parley/internal/store"
	"parley/internal/store/memory"
	"parley/internal/store/sqlite"
)

// sqlDisk is the real store of a station on a simulated disk. Beside it the same
// is done to a store in memory (disk.image, disk.recs), which says after a loss of
// power what may be there.
type sqlDisk struct {
	seed  uint64
	files int // how many disks there were
	d     *simdisk.Disk
	m     *simdisk.Mount
	s     *sqlite.Store

	applies int
	dark    bool                  // the power is away, and what is left has been looked at
	lost    map[parley.LineID]int // batches that were said to be durable
	spoiled bool                  // what a lying disk has left is of no single moment
	counts  *Counts
	broken  func(promise, format string, args ...any)
}

// image is what a disk holds at a moment, to be put on one.
type image struct {
	mem *memory.Store
	sql *simdisk.Disk // nil: without SQLite, or new
}

// coin is a number that the seed and how much was applied decide.
func (q *sqlDisk) coin(what uint64) uint64 {
	return stream(q.seed+what, fmt.Sprint(q.files, " ", q.applies)).Uint64()
}

// put lays other files on the disk, and opens the store.
func (q *sqlDisk) put(im image) {
	q.close()
	q.files++
	if im.sql != nil {
		q.d = im.sql.Clone(q.coin(1))
	} else {
		q.d = simdisk.New(q.coin(1))
	}
	q.dark, q.lost, q.spoiled = false, nil, false
	must(q.open())
	for _, id := range check(im.mem.Lines()) {
		founding, meta, err := im.mem.Line(id).Founding()
		must(err)
		if err := q.s.CreateLine(id, founding, meta); parley.KindOf(err) != parley.Conflict {
			must(err)
		}
	}
}

func (q *sqlDisk) open() (err error) {
	q.m = q.d.Mount()
	q.s, err = sqlite.Open(q.m.Dir(), plain{}, sqlite.Options{Disk: q.m})
	return err
}

// close ends the process that has the store open, as a kill does.
func (q *sqlDisk) close() {
	if q.d == nil {
		return
	}
	q.d.Kill()
	if q.s != nil {
		q.s.Close() // it fails: the disk is gone from under it
	}
	q.m.Forget()
	q.s = nil
}

// conn is a connection beside the store's.
func (q *sqlDisk) conn(d *simdisk.Mount) (*sqlfile.Conn, error) {
	return sqlfile.ConnectOn(d.VFS(), "database", d.Dir()+"/parley.db", []string{"busy_timeout(0)", "wal_autocheckpoint(0)"})
}

// fold does what the store's Run does in idle moments.
func (q *sqlDisk) fold() error {
	c, err := q.conn(q.m)
	if err != nil {
		return err
	}
	_, err = c.Query("PRAGMA wal_checkpoint(PASSIVE)")
	return errors.Join(err, c.Close())
}

// copy is the files as they are; without secrets as a backup has them.
func (q *sqlDisk) copy(secrets bool) *simdisk.Disk {
	c := q.d.Clone(q.coin(2))
	if !secrets {
		m := c.Mount()
		k := check(q.conn(m))
		must(k.Exec("DELETE FROM kv WHERE secret = 1"))
		must(k.Close())
		m.Forget()
	}
	return c
}

// How often the log is folded into the file, and within how many persist points a
// batch is interrupted, where little or some of it is written: one of some
// kilobytes takes about twenty.
const (
	foldOneIn   = 40
	begun       = 4
	interrupted = 24
)

// applySQL makes a batch durable by the real store.
func (d *disk) applySQL(b *line.Batch) error {
	q := d.sql
	q.applies++
	if within := map[crashPoint]uint64{pointBefore: begun, pointTorn: interrupted}[d.point]; within > 0 {
		q.interrupt(within)
	}
	if c := q.coin(4); !d.lying && (c%foldOneIn == 0 || d.point == pointTorn && c%4 == 0) {
		q.counts.Folds++
		if err := q.fold(); err != nil && !q.d.Off() && parley.KindOf(err) != parley.DiskFull {
			q.broken("a station can keep what it has to keep", "folding the log: %v", err)
		}
	}
	err := d.Line.Apply(b)
	if q.d.Off() {
		q.counts.Inside++
		d.recs = append(d.recs, logged{line: d.id, batch: b, torn: true})
		if d.lose() && d.applied != nil {
			q.counts.Survived++
			d.applied(b)
		}
		return errPower
	}
	q.d.Hook(nil)
	if err != nil {
		return err
	}
	d.recs = append(d.recs, logged{line: d.id, batch: b})
	for i := range b.Entries {
		e := &b.Entries[i]
		d.sizes[e.Gen] = max(d.sizes[e.Gen], e.Index+1)
	}
	if !d.lying {
		d.settle(d.image)
		for i := range b.Entries {
			g := b.Entries[i].Gen
			d.safe[g] = d.sizes[g]
		}
	}
	if d.applied != nil {
		d.applied(b)
	}
	if d.point == pointAfter || d.point == pointTorn || d.point == pointBefore {
		return errPower
	}
	return nil
}

// interrupt has the power fail at one of the next so many persist points, or, of
// a batch that is written, at the sync that ends it as often.
func (q *sqlDisk) interrupt(within uint64) {
	at, sync := q.d.Points()+1+int(q.coin(3)%within), within == interrupted && q.coin(5)&1 == 0
	q.d.Hook(func(c simdisk.Call) simdisk.Verdict {
		if c.Op != simdisk.Read && (!sync && c.N >= at || sync && c.Op == simdisk.Sync) {
			return simdisk.Power
		}
		return simdisk.Do
	})
}

// settle takes all that was written as being on the disk: it is done to m.
func (d *platter) settle(m *memory.Store) {
	for i := range d.recs {
		must(d.recs[i].do(m))
	}
	d.image, d.recs = m, nil
}

// do does the write to a store.
func (r *logged) do(m *memory.Store) error {
	switch {
	case r.made != nil:
		if err := m.CreateLine(r.line, r.made, nil); parley.KindOf(err) != parley.Conflict {
			return err
		}
		return nil
	case r.batch == nil:
		return m.Line(r.line).Place(r.place)
	}
	return m.Line(r.line).Apply(r.batch)
}

// lose takes the power away from the store's files, opens what is left, and holds
// it to what it may be: all that was durable, of the rest each batch whole or not
// at all, and nothing before one that is missing. It reports whether the last write
// is there.
func (d *platter) lose() (last bool) {
	q := d.sql
	lied := d.lying
	q.d.Lose()
	q.close()
	q.d.Hook(nil)
	q.dark, d.lying = true, false
	if err := q.open(); err != nil {
		q.spoil(lied, "%v", err)
		return false
	}
	d.see()
	found, err := q.s.Check(context.Background(), nil)
	if err != nil || len(found) > 0 {
		q.spoil(lied, "fsck: %v %v", found, err)
		return false
	}
	m, n := d.left()
	if m == nil {
		q.spoil(lied, "it is as after none of the %d writes that may be there", len(d.recs)+1)
		return false
	}
	last = n > 0 && n == len(d.recs)
	q.lost = map[parley.LineID]int{}
	for _, r := range d.recs[n:] {
		if r.place == nil && !r.torn {
			q.lost[r.line]++
		}
	}
	if len(q.lost) > 0 && !lied {
		q.broken("durable before it is said", "%d writes are gone from a disk that does not lie", len(d.recs)-n)
	}
	d.image, d.recs = m, nil
	d.again()
	d.measure()
	return last
}

// spoil notes that the files are no good, which only a disk that lied may do.
func (q *sqlDisk) spoil(lied bool, format string, args ...any) {
	q.spoiled = true
	q.counts.Spoiled++
	if !lied {
		q.broken("a disk that does not lie keeps the store whole", format, args...)
	}
}

// left finds how many of the writes that are not surely durable are in the store,
// and what holds the same in memory; nil when there is no such number.
func (d *platter) left() (found *memory.Store, n int) {
	sum := &summer{h: sha256.New()}
	cheap, full := sum.of(d.sql.s, false), [32]byte{}
	m := d.image.Snapshot()
	for i := 0; ; i++ {
		if sum.of(m, false) == cheap {
			if full == ([32]byte{}) {
				full = sum.of(d.sql.s, true)
			}
			if sum.of(m, true) == full {
				found, n = m.Snapshot(), i
			}
		}
		if i == len(d.recs) {
			return found, n
		}
		must(d.recs[i].do(m))
	}
}

// same holds the store to what it must be while no power is lost.
func (d *platter) same() error {
	found, err := d.sql.s.Check(context.Background(), nil)
	if err != nil || len(found) > 0 {
		return fmt.Errorf("fsck: %v %v", found, err)
	}
	if m, n := d.left(); m == nil || n != len(d.recs) {
		return fmt.Errorf("it is not as after all %d writes", len(d.recs))
	}
	return nil
}

// summer hashes what a store says of its lines.
type summer struct{ h hash.Hash }

func (x *summer) put(v any, err error) {
	must(err)
	fmt.Fprintf(x.h, "%+v\n", v)
}

// of returns the hash: of the outbox, all values and the counts; or of everything.
func (x *summer) of(s store.Store, full bool) [32]byte {
	x.h.Reset()
	ids, err := s.Lines()
	x.put(ids, err)
	for _, id := range ids {
		x.line(s.Line(id), full)
	}
	return [32]byte(x.h.Sum(nil))
}

func (x *summer) line(l store.Line, full bool) {
	kvs, err := l.Values("")
	x.put(kvs, err)
	c, err := l.Counts()
	x.put(c, err)
	fs, err := l.Filed()
	x.put(fs, err)
	if full {
		var gens []parley.GenerationID
		for _, kv := range kvs {
			if g, err := parley.ParseGenerationID(cutPrefix(kv.Key)); err == nil {
				gens = append(gens, g)
			}
		}
		founding, meta, err := l.Founding()
		x.put(string(founding)+string(meta), err)
		for _, g := range gens {
			x.log(l, g, gens)
		}
	}
}

// cutPrefix returns the generation that a key of the engine's is of.
func cutPrefix(key string) string {
	const logs = "log/"
	if len(key) > len(logs) && key[:len(logs)] == logs {
		return key[len(logs):]
	}
	return ""
}

// log takes one log: entries, tree, heads, receipts, and what the index says.
func (x *summer) log(l store.Line, g parley.GenerationID, gens []parley.GenerationID) {
	es, err := store.EntriesUpTo(l, g, store.MaxIndex)
	x.put(es, err)
	for i := range es {
		r, err := l.Item(g, uint64(i))
		x.put(fmt.Sprintf("%s %s %d %d %d %t %t %d %d %t", r.Party, r.Form, r.Series, r.Serial, r.Precedence, r.Exercise, r.Faulty, r.Arrived, r.Pos, r.Settled), err)
	}
	for size := uint64(1); ; {
		h, ok, err := l.Head(g, size)
		x.put(h, err)
		if !ok {
			break
		}
		size = h.Size + 1
	}
	for _, o := range gens {
		for size := uint64(1); ; {
			r, ok, err := l.Receipt(g, o, size)
			x.put(r, err)
			if !ok {
				break
			}
			size = r.Size + 1
		}
	}
}
