package sqlite

import (
	"parley/internal/line"
	"parley/internal/store"
)

// indexer adds entries to the derived index in one transaction, and sums up
// what would else be written many times.
type indexer struct {
	t     *tx
	line  int64
	forms map[formKey]*formSum
}

type formKey struct{ party, form string }

type formSum struct{ n, arrived, id int64 }

func newIndexer(t *tx, line int64) *indexer {
	return &indexer{t: t, line: line, forms: map[formKey]*formSum{}}
}

func (x *indexer) add(g *gen, e *line.StoredEntry, it *store.Item) error {
	id, exercise := g.key(e.Index), int64(0)
	if it.Exercise {
		exercise = 1
	}
	err := x.t.exec(`INSERT INTO items (id, line, arrived, time, form, series, serial, precedence, exercise, fault, filed, offices)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, x.line, e.Arrived, int64(it.Time), it.Form, int64(it.Series), int64(it.Serial), int64(it.Precedence),
		exercise, faultCode(e), int64(e.Filed), words(it.Offices))
	if err != nil {
		return err
	}
	return x.count(g, e, it)
}

// reopen indexes an entry again that now opens. Its position stays.
func (x *indexer) reopen(g *gen, e *line.StoredEntry, it *store.Item) error {
	id, exercise := g.key(e.Index), int64(0)
	if it.Exercise {
		exercise = 1
	}
	err := x.t.exec("UPDATE forms SET n = n - 1 WHERE line = ? AND party = ? AND form = (SELECT form FROM items WHERE id = ?)", x.line, string(g.party), id)
	if err != nil {
		return err
	}
	err = x.t.exec("UPDATE items SET form = ?, series = ?, serial = ?, precedence = ?, exercise = ?, fault = 0, offices = ? WHERE id = ?",
		it.Form, int64(it.Series), int64(it.Serial), int64(it.Precedence), exercise, words(it.Offices), id)
	if err != nil {
		return err
	}
	return x.count(g, e, it)
}

// count keeps the references of an entry, and sums up its form.
func (x *indexer) count(g *gen, e *line.StoredEntry, it *store.Item) error {
	id := g.key(e.Index)
	for _, r := range it.Refs {
		if err := x.t.exec(insertRef, x.line, dst(r), id); err != nil {
			return err
		}
	}
	k := formKey{string(g.party), it.Form}
	s := x.forms[k]
	if s == nil {
		s = &formSum{arrived: e.Arrived, id: id}
		x.forms[k] = s
	}
	s.n++
	if e.Arrived > s.arrived || e.Arrived == s.arrived && id > s.id {
		s.arrived, s.id = e.Arrived, id
	}
	return nil
}

// finish writes the sums.
func (x *indexer) finish() error {
	for k, s := range x.forms {
		err := x.t.exec(`INSERT INTO forms (line, party, form, n, arrived, id) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (line, party, form) DO UPDATE SET n = n + excluded.n,
			id = iif(excluded.arrived > arrived OR excluded.arrived = arrived AND excluded.id > id, excluded.id, id),
			arrived = max(arrived, excluded.arrived)`, x.line, k.party, k.form, s.n, s.arrived, s.id)
		if err != nil {
			return err
		}
	}
	return nil
}
