package sqlite

import (
	"database/sql/driver"
	"fmt"
	"slices"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
)

// entryQuery reads the entries of a generation, each with its row of the index.
const entryQuery = `SELECT e.id, e.bytes, e.secret, e.arrived, e.filed, e.fault,
	i.id, i.line, i.arrived, i.time, i.form, i.series, i.serial, i.precedence, i.exercise, i.fault, i.filed, i.offices
	FROM entries e LEFT JOIN items i ON i.id = e.id WHERE e.id BETWEEN ? AND ? ORDER BY e.id`

// indexColumns are those of entryQuery that are derived.
var indexColumns = []string{"line", "arrived", "time", "form", "series", "serial", "precedence", "exercise", "fault", "filed", "offices"}

// indexed compares what the index says of an entry with what is derived from it.
// Header is what was sealed, nil when that is nothing.
func (t *treeCheck) indexed(place string, row []driver.Value, header []byte) error {
	id := num(row[0])
	e := line.StoredEntry{Gen: t.g.id, Index: uint64(id) & (1<<indexBits - 1), Bytes: blob(row[1]), Header: header}
	it := store.Derive(&e)
	if e.Index == 0 && it.Party != "" && it.Party != t.g.party {
		t.find(parley.Corrupt, place, "the index takes it for an entry of %q, it is of %q; rebuild it", t.g.party, it.Party)
	}
	if row[6] == nil {
		return nil // found by index
	}
	exercise := int64(0)
	if it.Exercise {
		exercise = 1
	}
	want := []driver.Value{t.g.line, row[3], int64(it.Time), it.Form, int64(it.Series), int64(it.Serial), int64(it.Precedence), exercise, row[5], row[4], words(it.Offices)}
	for i, have := range row[7:] {
		if fmt.Sprint(have) != fmt.Sprint(want[i]) {
			t.find(parley.Corrupt, place, "the index has another %s; rebuild it", indexColumns[i])
		}
	}
	return t.referred(place, t.g.line, id, it.Refs)
}

// referred checks that what src refers to can be found by it.
func (k *checker) referred(place string, line, src int64, refs []parley.Ref) error {
	for _, r := range refs {
		n, err := k.c.Number("SELECT count(*) FROM refs WHERE line = ? AND dst = ? AND src = ?", line, dst(r), src)
		if err != nil {
			return err
		}
		if n == 0 {
			k.find(parley.Corrupt, place, "the index does not know that it refers to %s; rebuild it", r)
		}
	}
	k.refs += int64(len(refs))
	return nil
}

// facets compares what settled positions can be selected by with the rows of the
// index that have them.
func (k *checker) facets() error {
	want := map[int64]map[markKey]*bitmap{}
	rows, err := k.c.Query("SELECT n, party FROM gens")
	if err != nil {
		return err
	}
	parties := map[int64]parley.PartyCode{}
	for _, row := range rows {
		parties[num(row[0])] = parley.PartyCode(text(row[1]))
	}
	err = k.c.Each(func(row []driver.Value) error {
		n, pos := num(row[6]), num(row[5])
		if want[n] == nil {
			want[n] = map[markKey]*bitmap{}
		}
		for _, f := range facetsOf(row, parties[num(row[7])>>indexBits]) {
			at(want[n], markKey{f, pos >> chunkBits}).set(pos & (chunkSize - 1))
		}
		return nil
	}, `SELECT i.form, i.precedence, i.exercise, i.fault, i.offices, i.pos, i.line, i.id FROM items i JOIN lines l ON l.n = i.line WHERE i.pos BETWEEN 1 AND l.settled`)
	if err != nil {
		return err
	}
	wrong := 0
	err = k.c.Each(func(row []driver.Value) error {
		n, key := num(row[0]), markKey{text(row[3]), num(row[1])}
		var have bitmap
		w := want[n][key]
		switch {
		case !have.read(blob(row[2])):
			wrong++
		case w == nil && have.count() > 0, w != nil && have != *w:
			wrong++
		}
		delete(want[n], key)
		return nil
	}, "SELECT b.line, b.chunk, b.bits, coalesce(f.name, '') FROM bits b LEFT JOIN facets f ON f.n = b.facet")
	if err != nil {
		return err
	}
	for _, m := range want {
		wrong += len(m)
	}
	if wrong > 0 {
		k.find(parley.Corrupt, "index", "%d selections of settled positions are not what they should be; rebuild it", wrong)
	}
	return nil
}

// sums compares the numbers that the index keeps with what it holds.
func (k *checker) sums() error {
	n, err := k.c.Number("SELECT count(*) FROM refs")
	if err != nil {
		return err
	}
	if n > k.refs && !slices.ContainsFunc(k.found, func(f store.Finding) bool { return f.Kind != parley.BadProof }) {
		k.find(parley.Corrupt, "index", "%d references are of nothing that is here; rebuild it", n-k.refs)
	}
	n, err = k.c.Number(`SELECT count(*) FROM (SELECT i.line AS line, g.party AS party, i.form AS form, count(*) AS n FROM items i JOIN gens g ON g.n = i.id >> 40 GROUP BY 1, 2, 3) x
		LEFT JOIN forms f ON f.line = x.line AND f.party = x.party AND f.form = x.form WHERE f.n IS NOT x.n`)
	if err != nil {
		return err
	}
	if n > 0 {
		k.find(parley.Corrupt, "index", "%d forms are counted wrongly; rebuild it", n)
	}
	return nil
}
