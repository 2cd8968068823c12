package sqlite

import (
	"bytes"
	"database/sql/driver"
	"encoding/binary"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
)

const indexBits = 40

func (g *gen) key(i uint64) int64 { return g.n<<indexBits | int64(i) }

func (l *Line) apply(t *tx, n int64, p *prepared) error {
	steps := []func(*tx, int64, *prepared) error{l.expect, l.addEntries, l.addHashes, l.addHeads, l.addReceipts, l.addFiled, l.putKeys}
	for _, step := range steps {
		if err := step(t, n, p); err != nil {
			return err
		}
	}
	return nil
}

// gen returns the number of a generation, making it when it is new.
func (l *Line) gen(t *tx, n int64, id parley.GenerationID) (*gen, error) {
	k := genKey{n, id}
	if g := t.gens[k]; g != nil {
		return g, nil
	}
	if g := l.s.genOf(n, id); g != nil {
		return g, nil
	}
	g := &gen{line: n, id: id}
	rows, err := t.Query("SELECT n, party FROM gens WHERE line = ? AND id = ?", n, id[:])
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		g.n, g.party = num(rows[0][0]), parley.PartyCode(text(rows[0][1]))
	} else if g.n, err = t.Insert("INSERT INTO gens (line, id) VALUES (?, ?)", n, id[:]); err != nil {
		return nil, err
	}
	l.remember(t, g)
	return g, nil
}

// remember keeps g in memory once the transaction is committed.
func (l *Line) remember(t *tx, g *gen) {
	if t.gens == nil {
		t.gens = map[genKey]*gen{}
	}
	k := genKey{g.line, g.id}
	t.gens[k] = g
	t.After(func() {
		l.s.mu.Lock()
		defer l.s.mu.Unlock()
		if l.s.gens[k] == nil || g.party != "" {
			l.s.addGen(g)
		}
	})
}

func (l *Line) expect(t *tx, n int64, p *prepared) error {
	if p.Expect == nil {
		return nil
	}
	g, err := l.gen(t, n, p.Expect.Gen)
	if err != nil {
		return err
	}
	h, err := largestHead(t, g)
	if err != nil {
		return err
	}
	return store.CheckExpect(p.Expect, h)
}

func largestHead(t *tx, g *gen) (h line.StoredHead, err error) {
	err = t.Each(func(row []driver.Value) error {
		h.Gen, h.Size = g.id, uint64(num(row[0]))&(1<<indexBits-1)
		copy(h.Root[:], blob(row[1]))
		return nil
	}, "SELECT id, root FROM heads WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1", g.key(0), g.key(1<<indexBits-1))
	return h, err
}

// next returns how many entries of g are stored.
func next(t *tx, g *gen) (uint64, error) {
	id, err := t.Number("SELECT max(id) FROM entries WHERE id BETWEEN ? AND ?", g.key(0), g.key(1<<indexBits-1))
	if err != nil || id == 0 {
		return 0, err
	}
	return uint64(id)&(1<<indexBits-1) + 1, nil
}

func (l *Line) addEntries(t *tx, n int64, p *prepared) error {
	var g *gen
	var size uint64
	x := newIndexer(t, n)
	for i := range p.Entries {
		e := &p.Entries[i]
		if g == nil || g.id != e.Gen {
			var err error
			if g, err = l.gen(t, n, e.Gen); err != nil {
				return err
			}
			if size, err = next(t, g); err != nil {
				return err
			}
		}
		if e.Index < size {
			if err := sameEntry(t, g, e); err != nil {
				return err
			}
			if err := l.reopen(t, x, g, e, &p.items[i], p.sealed[i]); err != nil {
				return err
			}
			continue
		}
		if e.Index > size || e.Index >= store.MaxIndex {
			return store.EntryGap(e.Gen, e.Index, size)
		}
		if e.Index == 0 && p.items[i].Party != "" {
			var err error
			if g, err = l.setParty(t, g, p.items[i].Party); err != nil {
				return err
			}
		}
		if err := insertEntry(t, g, e, p.sealed[i]); err != nil {
			return err
		}
		if err := x.add(g, e, &p.items[i]); err != nil {
			return err
		}
		size++
	}
	return x.finish()
}

// setParty notes whose log a generation is, in a copy: others may read g.
func (l *Line) setParty(t *tx, g *gen, party parley.PartyCode) (*gen, error) {
	c := *g
	c.party = party
	if err := t.Exec("UPDATE gens SET party = ? WHERE n = ?", string(party), g.n); err != nil {
		return nil, err
	}
	l.remember(t, &c)
	return &c, nil
}

func sameEntry(t *tx, g *gen, e *line.StoredEntry) error {
	return t.Each(func(row []driver.Value) error {
		if !bytes.Equal(blob(row[0]), e.Bytes) {
			return store.DifferentEntry(e.Gen, e.Index)
		}
		return nil
	}, "SELECT bytes FROM entries WHERE id = ?", g.key(e.Index))
}

// reopen gives an entry that did not open what came back for it: its key, and
// with it header and body (line.StoredEntry).
func (l *Line) reopen(t *tx, x *indexer, g *gen, e *line.StoredEntry, it *store.Item, sealed []byte) error {
	if e.Key == nil || e.Faulty {
		return nil
	}
	faulty := false
	err := t.Each(func(row []driver.Value) error {
		faulty = num(row[0]) != 0
		return nil
	}, "SELECT fault FROM entries WHERE id = ?", g.key(e.Index))
	if err != nil || !faulty {
		return err
	}
	if err := t.Exec("UPDATE entries SET secret = ?, fault = 0 WHERE id = ?", sealed, g.key(e.Index)); err != nil {
		return err
	}
	t.After(l.s.memo.clear)
	return x.reopen(g, e, it)
}

func insertEntry(t *tx, g *gen, e *line.StoredEntry, sealed []byte) error {
	var secret any
	if sealed != nil {
		secret = sealed
	}
	return t.Exec("INSERT INTO entries (id, bytes, secret, arrived, filed, fault) VALUES (?, ?, ?, ?, ?, ?)",
		g.key(e.Index), notNil(e.Bytes), secret, e.Arrived, int64(e.Filed), faultCode(e))
}

func faultCode(e *line.StoredEntry) int64 {
	if !e.Faulty {
		return 0
	}
	return 1 + int64(e.Fault)
}

const (
	hashSize = 32
	maxRun   = 126 // hashes in a row: 4,032 bytes, one page
)

// addHashes appends runs of tree hashes. What is stored already must be equal.
func (l *Line) addHashes(t *tx, n int64, p *prepared) error {
	for i := range p.Hashes {
		h := &p.Hashes[i]
		g, err := l.gen(t, n, h.Gen)
		if err != nil {
			return err
		}
		end, err := hashEnd(t, g)
		if err != nil {
			return err
		}
		if h.From < 0 || h.From > end || end+int64(len(h.Hashes)) >= 1<<indexBits {
			return store.HashGap(h.Gen, h.From, end)
		}
		known := min(end-h.From, int64(len(h.Hashes)))
		if err := sameHashes(t, g, h.From, h.Hashes[:known]); err != nil {
			return err
		}
		if err := appendHashes(t, g, h.From+known, h.Hashes[known:]); err != nil {
			return err
		}
	}
	return nil
}

// hashEnd returns the stored-hash index after the last stored one.
func hashEnd(t *tx, g *gen) (end int64, err error) {
	err = t.Each(func(row []driver.Value) error {
		end = num(row[0])&(1<<indexBits-1) + num(row[1])/hashSize
		return nil
	}, "SELECT id, length(run) FROM hashes WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1", g.key(0), g.key(1<<indexBits-1))
	return end, err
}

func sameHashes(t *tx, g *gen, from int64, hs []line.Hash) error {
	for i, h := range hs {
		at := from + int64(i)
		err := t.Each(func(row []driver.Value) error {
			got, ok := inRun(g, num(row[0]), blob(row[1]), at)
			if !ok {
				return store.MissingHash(g.id, at)
			}
			if got != h {
				return store.DifferentHash(g.id, at)
			}
			return nil
		}, runQuery, g.key(uint64(at)))
		if err != nil {
			return err
		}
	}
	return nil
}

// runQuery finds the run that a hash is in, if it is stored.
const runQuery = "SELECT id, run FROM hashes WHERE id <= ? ORDER BY id DESC LIMIT 1"

// inRun takes the hash with stored-hash index at out of a row.
func inRun(g *gen, id int64, run []byte, at int64) (h line.Hash, ok bool) {
	o := (g.key(uint64(at)) - id) * hashSize
	if id>>indexBits != g.n || o < 0 || o+hashSize > int64(len(run)) {
		return h, false
	}
	return line.Hash(run[o : o+hashSize]), true
}

func appendHashes(t *tx, g *gen, from int64, hs []line.Hash) error {
	for len(hs) > 0 {
		k := min(len(hs), maxRun)
		run := make([]byte, 0, k*hashSize)
		for _, h := range hs[:k] {
			run = append(run, h[:]...)
		}
		if err := t.Exec("INSERT INTO hashes (id, run) VALUES (?, ?)", g.key(uint64(from)), run); err != nil {
			return err
		}
		hs, from = hs[k:], from+int64(k)
	}
	return nil
}

func (l *Line) addHeads(t *tx, n int64, p *prepared) error {
	for i := range p.Heads {
		h := &p.Heads[i]
		g, err := l.gen(t, n, h.Gen)
		if err != nil {
			return err
		}
		if h.Size >= store.MaxIndex {
			return parley.Errorf(parley.Oversize, "a head of %s of size %d", h.Gen, h.Size)
		}
		rows, err := t.Query("SELECT root FROM heads WHERE id = ?", g.key(h.Size))
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			if !bytes.Equal(blob(rows[0][0]), h.Root[:]) {
				return store.DifferentHead(h.Gen, h.Size)
			}
			continue
		}
		err = t.Exec("INSERT INTO heads (id, root, ed, ml, arrived) VALUES (?, ?, ?, ?, ?)",
			g.key(h.Size), h.Root[:], h.Ed[:], notNil(h.ML), h.Arrived)
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *Line) addReceipts(t *tx, n int64, p *prepared) error {
	for i := range p.Receipts {
		r := &p.Receipts[i]
		g, err := l.gen(t, n, r.Gen)
		if err != nil {
			return err
		}
		h, err := l.gen(t, n, r.Holder)
		if err != nil {
			return err
		}
		if r.Size >= store.MaxIndex {
			return parley.Errorf(parley.Oversize, "a receipt for %s of size %d", r.Gen, r.Size)
		}
		err = t.Exec("INSERT OR IGNORE INTO receipts (gen, holder, size, time, ed, ml, arrived) VALUES (?, ?, ?, ?, ?, ?, ?)",
			g.n, h.n, int64(r.Size), int64(r.Time), r.Ed[:], notNil(r.ML), r.Arrived)
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *Line) addFiled(t *tx, n int64, p *prepared) error {
	var last int64
	if len(p.Filed) > 0 {
		var err error
		if last, err = t.Number("SELECT max(id) FROM outbox WHERE line = ?", n); err != nil {
			return err
		}
	}
	for i := range p.Filed {
		f := &p.Filed[i]
		if f.ID == 0 || f.ID >= 1<<63 {
			return store.FiledTwice(f.ID)
		}
		if int64(f.ID) <= last { // ids rise: else nobody has it
			taken, err := t.Number("SELECT 1 FROM outbox WHERE line = ? AND id = ?", n, int64(f.ID))
			if err != nil {
				return err
			}
			if taken != 0 {
				return store.FiledTwice(f.ID)
			}
		}
		if p.passed[f.ID] {
			continue
		}
		last = max(last, int64(f.ID))
		row, err := t.Insert("INSERT INTO outbox (line, id, precedence, at, secret) VALUES (?, ?, ?, ?, ?)",
			n, int64(f.ID), int64(f.Precedence), f.At, p.filed[i])
		if err != nil {
			return err
		}
		for _, r := range p.refs[i] {
			if err := t.Exec(insertRef, n, dst(r), -row); err != nil {
				return err
			}
		}
	}
	return l.unfileAll(t, n, p)
}

// unfileAll empties the outbox of what was handed out. Mostly that is a stretch
// of ids which refer to nothing, and goes at once.
func (l *Line) unfileAll(t *tx, n int64, p *prepared) error {
	plain := func(id uint64) bool { it := p.gone[id]; return it != nil && len(it.Refs) == 0 }
	for i := 0; i < len(p.Unfiled); i++ {
		id := p.Unfiled[i]
		last := id
		switch {
		case p.passed[id]:
			continue
		case !plain(id):
			if err := l.unfile(t, n, id, p.gone[id]); err != nil {
				return err
			}
			continue
		}
		for i+1 < len(p.Unfiled) && p.Unfiled[i+1] == last+1 && plain(last+1) && !p.passed[last+1] {
			i, last = i+1, last+1
		}
		if err := t.Exec("DELETE FROM outbox WHERE line = ? AND id BETWEEN ? AND ?", n, int64(id), int64(last)); err != nil {
			return err
		}
	}
	return nil
}

// unfile takes an item out of the outbox with its references; the entry it
// became has its own, and the same. it is nil when that is not known.
func (l *Line) unfile(t *tx, n int64, id uint64, it *store.Item) error {
	rows, err := t.Query("SELECT n, secret FROM outbox WHERE line = ? AND id = ?", n, int64(id))
	if err != nil || len(rows) == 0 {
		return err
	}
	var refs []parley.Ref
	if it != nil {
		refs = it.Refs
	} else {
		c, err := store.OpenContent(l.s.sealer, store.FiledName(l.id, id), blob(rows[0][1]))
		if err != nil {
			return err
		}
		refs = store.DeriveHeader(c.Header).Refs
	}
	for _, r := range refs {
		if err := t.Exec("DELETE FROM refs WHERE line = ? AND dst = ? AND src = ?", n, dst(r), -num(rows[0][0])); err != nil {
			return err
		}
	}
	return t.Exec("DELETE FROM outbox WHERE n = ?", num(rows[0][0]))
}

const insertRef = "INSERT OR IGNORE INTO refs (line, dst, src) VALUES (?, ?, ?)"

// dst is what refs are found by.
func dst(r parley.Ref) []byte { return binary.BigEndian.AppendUint64(r.Gen[:], r.Index) }

func (l *Line) putKeys(t *tx, n int64, p *prepared) error {
	for i, kv := range p.Keys {
		var err error
		if kv.Value == nil {
			err = t.Exec("DELETE FROM kv WHERE line = ? AND key = ?", n, kv.Key)
		} else {
			secret := int64(0)
			if kv.Secret {
				secret = 1
			}
			err = t.Exec(`INSERT INTO kv (line, key, value, secret) VALUES (?, ?, ?, ?)
				ON CONFLICT (line, key) DO UPDATE SET value = excluded.value, secret = excluded.secret`, n, kv.Key, p.keys[i], secret)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
