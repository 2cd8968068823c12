package sqlite

import (
	"cmp"
	"database/sql/driver"
	"maps"
	"slices"

	"parley/internal/line"
	"parley/internal/store"
)

// indexer adds entries to the derived index in one transaction, and sums up
// what would else be written many times.
type indexer struct {
	t     *tx
	line  int64
	forms map[formKey]*formSum
	marks *marker // of settled entries that changed
}

type formKey struct{ party, form string }

type formSum struct{ n, arrived, id int64 }

func newIndexer(t *tx, line int64) *indexer {
	return &indexer{t: t, line: line, forms: map[formKey]*formSum{}, marks: newMarker(t, line)}
}

func (x *indexer) add(g *gen, e *line.StoredEntry, it *store.Item) error {
	id, exercise := g.key(e.Index), int64(0)
	if it.Exercise {
		exercise = 1
	}
	err := x.t.Exec(`INSERT INTO items (id, line, arrived, time, form, series, serial, precedence, exercise, fault, filed, offices)
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
	pos, before, err := x.settledFacets(g, id)
	if err != nil {
		return err
	}
	err = x.t.Exec("UPDATE forms SET n = n - 1 WHERE line = ? AND party = ? AND form = (SELECT form FROM items WHERE id = ?)", x.line, string(g.party), id)
	if err != nil {
		return err
	}
	err = x.t.Exec("UPDATE items SET form = ?, series = ?, serial = ?, precedence = ?, exercise = ?, fault = 0, offices = ? WHERE id = ?",
		it.Form, int64(it.Series), int64(it.Serial), int64(it.Precedence), exercise, words(it.Offices), id)
	if err != nil {
		return err
	}
	if err := x.refacet(g, id, pos, before); err != nil {
		return err
	}
	return x.count(g, e, it)
}

// settledFacets returns the facets of an entry and its position, 0 when that is
// not settled.
func (x *indexer) settledFacets(g *gen, id int64) (pos int64, facets []string, err error) {
	err = x.t.Each(func(row []driver.Value) error {
		facets, pos = facetsOf(row, g.party), num(row[5])
		return nil
	}, `SELECT form, precedence, exercise, fault, offices, pos FROM items
		WHERE id = ? AND pos BETWEEN 1 AND (SELECT settled FROM lines WHERE n = ?)`, id, x.line)
	return pos, facets, err
}

// refacet moves a settled entry from the facets it had to those it has.
func (x *indexer) refacet(g *gen, id, pos int64, before []string) error {
	if pos == 0 {
		return nil
	}
	_, now, err := x.settledFacets(g, id)
	if err != nil {
		return err
	}
	for _, f := range before {
		x.marks.unset(f, pos)
	}
	for _, f := range now {
		x.marks.set(f, pos)
	}
	return nil
}

// count keeps the references of an entry, and sums up its form.
func (x *indexer) count(g *gen, e *line.StoredEntry, it *store.Item) error {
	id := g.key(e.Index)
	for _, r := range it.Refs {
		if err := x.t.Exec(insertRef, x.line, dst(r), id); err != nil {
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
	for _, k := range slices.SortedFunc(maps.Keys(x.forms), func(a, b formKey) int { return cmp.Or(cmp.Compare(a.party, b.party), cmp.Compare(a.form, b.form)) }) {
		s := x.forms[k]
		err := x.t.Exec(`INSERT INTO forms (line, party, form, n, arrived, id) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (line, party, form) DO UPDATE SET n = n + excluded.n,
			id = iif(excluded.arrived > arrived OR excluded.arrived = arrived AND excluded.id > id, excluded.id, id),
			arrived = max(arrived, excluded.arrived)`, x.line, k.party, k.form, s.n, s.arrived, s.id)
		if err != nil {
			return err
		}
	}
	return x.marks.finish()
}
