package sim

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/store/hwm"
	"parley/internal/store/memory"
)

// crashPoint is where in making a step durable the power fails.
type crashPoint int

const (
	pointIdle   crashPoint = iota // between two steps
	pointBefore                   // before anything of the batch is written
	pointTorn                     // with the batch written in part
	pointAfter                    // with the batch durable, before the high-water mark
	pointMark                     // in the middle of writing the high-water mark
	pointSilent                   // with all durable, before anything is said
	pointHalf                     // with a part of what was to be said on its way
	crashPoints
)

func (p crashPoint) String() string {
	return [...]string{"between two steps", "before a batch is durable", "with a batch half written", "after a batch is durable, before the mark",
		"while the mark is written", "after a batch is durable, before a word of it is said", "with a batch half spoken"}[p]
}

// errPower says that the power failed in the middle of a call.
var errPower = errors.New("power failed")

// plain seals nothing: what is at rest is not what a simulation looks at. It
// keeps that what was sealed for one name opens under no other.
type plain struct{}

func (plain) Seal(name string, b []byte) []byte {
	return append(append(append(make([]byte, 0, len(name)+1+len(b)), name...), 0), b...)
}

func (plain) Open(name string, b []byte) ([]byte, error) {
	if len(b) <= len(name) || string(b[:len(name)]) != name || b[len(name)] != 0 {
		return nil, parley.Errorf(parley.Unreadable, "sealed for another name than %s", name)
	}
	return b[len(name)+1:], nil
}

// logged is one write to the disk of a store: a line that was made, a batch, or
// positions.
type logged struct {
	line  parley.LineID
	made  []byte // its founding
	batch *line.Batch
	place []store.Position
	torn  bool // the power failed in it: nobody was told that it is there
}

// platter keeps the store of one station, with all its lines: an image, and what was
// written since, in order.
type platter struct {
	mem    *memory.Store
	image  *memory.Store
	sql    *sqlDisk // the real store; nil: the store is mem
	recs   []logged
	synced int     // of recs: these survive a loss of power
	lines  []*disk // in the order in which they were made

	full  bool
	lying bool
	point crashPoint // the power fails at the next commit
}

// disk is one line in the store of a station. Its calls are those of store.Line.
type disk struct {
	*platter
	store.Line // what the running station sees: image and records, applied
	id         parley.LineID
	founding   []byte

	writes  uint64                 // how often something was to be written
	placed  func([]store.Position) // told of positions that were given
	applied func(*line.Batch)      // told of batches that were written
	sizes   map[parley.GenerationID]uint64
	safe    map[parley.GenerationID]uint64 // entries that survive a loss of power
}

func newPlatter(sql *sqlDisk) *platter {
	d := &platter{sql: sql}
	d.reset(nothing())
	return d
}

// nothing is a store without a line.
func nothing() image { return image{mem: memory.New(plain{})} }

// create makes the line in the store.
func (d *disk) create() error {
	if d.full && d.sql == nil {
		return parley.Errorf(parley.DiskFull, "no room on the disk")
	}
	if err := d.store().CreateLine(d.id, d.founding, nil); err != nil && parley.KindOf(err) != parley.Conflict {
		return err
	}
	d.lines = append(d.lines, d)
	d.recs = append(d.recs, logged{line: d.id, made: d.founding})
	d.Line = d.store().Line(d.id)
	d.sizes, d.safe = map[parley.GenerationID]uint64{}, map[parley.GenerationID]uint64{}
	if !d.lying {
		d.settled()
	}
	return nil
}

// store is what the running station writes to.
func (d *platter) store() store.Store {
	if d.sql != nil {
		return d.sql.s
	}
	return d.mem
}

// settled notes that all that was written survives a loss of power.
func (d *platter) settled() {
	if d.sql != nil {
		d.settle(d.image)
		return
	}
	d.synced = len(d.recs)
}

// reset puts an image on the disk, in place of all that was there. A line that it
// does not know the operator makes again from its founding.
func (d *platter) reset(im image) {
	for _, l := range d.lines {
		if err := im.mem.CreateLine(l.id, l.founding, nil); parley.KindOf(err) != parley.Conflict {
			must(err)
		}
	}
	d.image, d.recs, d.synced, d.lying = im.mem, nil, 0, false
	if d.sql == nil {
		d.boot()
		return
	}
	d.sql.put(im)
	d.see()
	d.measure()
	d.fill(d.full)
}

// see lets every line of the station see the store as it is now.
func (d *platter) see() {
	for _, l := range d.lines {
		l.Line = d.store().Line(l.id)
	}
}

// copy is what the disk holds now, without secrets as a backup has it.
func (d *platter) copy(secrets bool) image {
	im := image{mem: d.mem}
	if d.sql != nil {
		im = image{mem: d.image.Snapshot(), sql: d.sql.copy(secrets)}
		for i := range d.recs {
			must(d.recs[i].do(im.mem))
		}
	}
	if im.mem = im.mem.Snapshot(); !secrets {
		im.mem = im.mem.WithoutSecrets()
	}
	return im
}

// fill leaves no room on the disk, or makes some.
func (d *platter) fill(full bool) {
	d.full = full
	switch {
	case d.sql == nil:
	case full:
		d.sql.d.Fill()
	default:
		d.sql.d.Room(0)
	}
}

// lie has the disk lie from now on, until it loses power.
func (d *platter) lie() {
	d.lying = true
	if d.sql != nil {
		d.sql.d.Lying(true)
	}
}

// boot makes what the station sees from what is on the disk.
func (d *platter) boot() {
	d.mem = d.image.Snapshot()
	for i := range d.recs {
		must(d.recs[i].do(d.mem))
	}
	d.see()
	d.measure()
}

// measure notes what is there, all of which survives.
func (d *platter) measure() {
	for _, l := range d.lines {
		l.sizes = map[parley.GenerationID]uint64{}
		kvs, err := l.Line.Values("log/")
		must(err)
		for _, kv := range kvs {
			gen, err := parley.ParseGenerationID(kv.Key[len("log/"):])
			must(err)
			h, _, err := l.Line.Head(gen, 0)
			must(err)
			l.sizes[gen] = h.Size
		}
	}
	d.sync()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (d *platter) sync() {
	d.synced = len(d.recs)
	for _, l := range d.lines {
		l.safe = maps.Clone(l.sizes)
	}
}

// Apply makes a batch durable, unless the disk is full, lies, or loses power.
func (d *disk) Apply(b *line.Batch) error {
	d.writes++
	switch {
	case d.sql != nil:
		return d.applySQL(b)
	case d.full:
		return parley.Errorf(parley.DiskFull, "no room on the disk")
	case d.point == pointBefore:
		return errPower
	}
	if err := d.Line.Apply(b); err != nil {
		return err
	}
	d.recs = append(d.recs, logged{line: d.id, batch: b})
	if d.point == pointTorn {
		return errPower
	}
	for i := range b.Entries {
		e := &b.Entries[i]
		d.sizes[e.Gen] = max(d.sizes[e.Gen], e.Index+1)
	}
	if !d.lying {
		d.synced = len(d.recs)
		for i := range b.Entries {
			g := b.Entries[i].Gen
			d.safe[g] = d.sizes[g]
		}
	}
	if d.applied != nil {
		d.applied(b)
	}
	if d.point == pointAfter {
		return errPower
	}
	return nil
}

// Place writes positions, which are surely on the disk after the next Apply.
func (d *disk) Place(ps []store.Position) error {
	d.writes++
	if d.full && d.sql == nil {
		return parley.Errorf(parley.DiskFull, "no room on the disk")
	}
	if err := d.Line.Place(ps); err != nil {
		return err
	}
	d.recs = append(d.recs, logged{line: d.id, place: ps})
	if d.placed != nil {
		d.placed(ps)
	}
	return nil
}

// power takes the power away: of what was not synced a part is lost. It
// returns how many batches of each line are gone that were said to be durable, and
// whether what is left is of no use at all.
func (d *platter) power(r *rand.Rand) (lost map[parley.LineID]int, spoiled bool) {
	if q := d.sql; q != nil {
		if !q.dark {
			d.lose()
		}
		lost, spoiled = q.lost, q.spoiled
		q.dark, q.lost, d.point, d.lying = false, nil, pointIdle, false
		return lost, spoiled
	}
	lost = map[parley.LineID]int{}
	keep := d.synced
	if d.point != pointTorn {
		keep += r.IntN(len(d.recs) - d.synced + 1)
	}
	for i, x := range d.recs[keep:] {
		torn := d.point == pointTorn && keep+i == len(d.recs)-1 // of that one nobody was told
		if x.place == nil && !torn {
			lost[x.line]++
		}
	}
	gone := keep < len(d.recs)
	d.recs, d.point, d.lying = d.recs[:keep], pointIdle, false
	if gone {
		d.again()
		d.boot()
	}
	d.sync()
	return lost, false
}

// again makes the lines that a lying disk has lost whole, from their foundings, as
// an operator does.
func (d *platter) again() {
	for _, l := range d.lines {
		here := slices.Contains(check(d.image.Lines()), l.id) || slices.ContainsFunc(d.recs, func(r logged) bool { return r.made != nil && r.line == l.id })
		if here {
			continue
		}
		must(d.image.CreateLine(l.id, l.founding, nil))
		if d.sql != nil {
			d.sql.d.Room(0)
			must(d.sql.s.CreateLine(l.id, l.founding, nil))
			d.fill(d.full)
		}
	}
}

// markDisk is the disk of the high-water mark: the file's bytes, and what was
// written and not synced.
type markDisk struct {
	bytes   [hwm.FileSize]byte
	pending []byte
	at      int64
	point   *crashPoint
}

// ReadAt reads what a start would find.
func (m *markDisk) ReadAt(p []byte, off int64) (int, error) { return copy(p, m.bytes[off:]), nil }

// WriteAt keeps p until Sync.
func (m *markDisk) WriteAt(p []byte, off int64) (int, error) {
	m.pending, m.at = append([]byte(nil), p...), off
	return len(p), nil
}

// Sync makes the write durable, or fails in the middle of it.
func (m *markDisk) Sync() error {
	if *m.point == pointMark {
		return errPower
	}
	copy(m.bytes[m.at:], m.pending)
	m.pending = nil
	return nil
}

// power leaves a part of an unsynced write on the disk.
func (m *markDisk) power(r *rand.Rand) {
	if m.pending != nil {
		copy(m.bytes[m.at:], m.pending[:r.IntN(len(m.pending)+1)])
		m.pending = nil
	}
}

// mark is the high-water mark of one line on a disk, as owner wants it.
type mark struct {
	line  parley.LineID
	disk  *markDisk
	slots *hwm.Slots
}

// Load reads the mark, as a start does.
func (m *mark) Load() (gen parley.GenerationID, size uint64, root [32]byte, ok bool, err error) {
	if m.slots, err = hwm.OpenSlots(m.disk, m.line); err != nil {
		return gen, 0, root, false, err
	}
	x, ok := m.slots.Mark()
	return x.Gen, x.Size, x.Root, ok, nil
}

// Store raises the mark.
func (m *mark) Store(gen parley.GenerationID, size uint64, root [32]byte) error {
	return m.slots.Store(hwm.Mark{Gen: gen, Size: size, Root: root})
}
