package sqlite

import (
	"bytes"
	"cmp"
	"database/sql"
	"errors"
	"slices"

	"parley"
	"parley/internal/store"
)

// scanner is *sql.Row or *sql.Rows.
type scanner interface{ Scan(...any) error }

// scanRow reads itemColumns. settled is the line's largest settled position.
func (l *Line) scanRow(sc scanner, settled int64) (r store.Row, offices string, err error) {
	var id, series, serial, precedence, at, fault, filed, size int64
	var sealed []byte
	err = sc.Scan(&id, &r.Pos, &r.Arrived, &at, &r.Form, &series, &serial, &precedence, &r.Exercise, &fault, &filed, &offices, &r.Bytes, &sealed, &size)
	if errors.Is(err, sql.ErrNoRows) {
		return r, "", err
	}
	if err != nil {
		return r, "", dbError(err)
	}
	g := l.s.genN(id >> indexBits)
	if g == nil {
		return r, "", corrupt("entry %x belongs to no generation", id)
	}
	r.Line, r.Gen, r.Index, r.Party = l.id, g.id, uint64(id)&(1<<indexBits-1), g.party
	r.Time, r.Series, r.Serial, r.Precedence, r.Filed = uint64(at), uint8(series), uint64(serial), parley.Precedence(precedence), uint64(filed)
	r.Settled = r.Pos > 0 && r.Pos <= settled
	if fault > 0 {
		r.Faulty, r.Fault = true, parley.Kind(fault-1)
	}
	r = r.WithContent(l.s.sealer, store.EntryName(l.id, r.Ref()), sealed)
	if r.Bytes == nil && size > 0 {
		r = r.Lazily(func(use func(bytes, sealed []byte) error) error { return l.content(id, use) })
	}
	return r, offices, nil
}

// content lends the bytes and the sealed content of an entry to use: what may be a
// mebibyte is not copied for it.
func (l *Line) content(id int64, use func(bytes, sealed []byte) error) error {
	rows, err := l.s.q.content.Query(id)
	if err != nil {
		return dbError(err)
	}
	defer rows.Close()
	if !rows.Next() {
		return dbError(cmp.Or(rows.Err(), sql.ErrNoRows))
	}
	var raw, sealed sql.RawBytes
	if err := rows.Scan(&raw, &sealed); err != nil {
		return dbError(err)
	}
	return use(raw, sealed)
}

// scanFiled reads an outbox row: id, precedence, at, secret.
func (l *Line) scanFiled(sc scanner) (r store.Row, err error) {
	var id, precedence int64
	var sealed []byte
	if err := sc.Scan(&id, &precedence, &r.Arrived, &sealed); err != nil {
		return r, err
	}
	r.Line, r.Filed, r.Precedence = l.id, uint64(id), parley.Precedence(precedence)
	r = r.WithContent(l.s.sealer, store.FiledName(l.id, r.Filed), sealed)
	c, err := r.Content()
	if err != nil {
		return r, err
	}
	it := store.DeriveHeader(c.Header)
	r.Form, r.Series, r.Exercise = it.Form, it.Series, it.Exercise
	return r, nil
}

func (l *Line) settledTo() (n, settled int64, err error) {
	if n, err = l.s.lineN(l.id); err != nil {
		return 0, 0, err
	}
	return n, settled, dbError(l.s.q.settled.QueryRow(n).Scan(&settled))
}

// Item returns one entry.
func (l *Line) Item(id parley.GenerationID, idx uint64) (r store.Row, err error) {
	n, settled, err := l.settledTo()
	if err != nil {
		return r, err
	}
	g := l.s.genOf(n, id)
	if g == nil || idx >= store.MaxIndex {
		return r, store.NoItem(parley.Ref{Gen: id, Index: idx})
	}
	return l.itemByKey(g.key(idx), settled)
}

func (l *Line) itemByKey(k, settled int64) (store.Row, error) {
	r, _, err := l.scanRow(l.s.q.item.QueryRow(k), settled)
	if errors.Is(err, sql.ErrNoRows) {
		ref := parley.Ref{Index: uint64(k) & (1<<indexBits - 1)}
		if g := l.s.genN(k >> indexBits); g != nil {
			ref.Gen = g.id
		}
		return r, store.NoItem(ref)
	}
	return r, err
}

// FiledItem returns one item of the outbox.
func (l *Line) FiledItem(id uint64) (r store.Row, err error) {
	n, err := l.s.lineN(l.id)
	if err != nil {
		return r, err
	}
	r, err = l.scanFiled(l.s.q.filedItem.QueryRow(n, int64(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return r, store.NoFiled(id)
	}
	return r, dbError(err)
}

// FiledItems returns the outbox.
func (l *Line) FiledItems(limit int) ([]store.Row, error) {
	n, err := l.s.lineN(l.id)
	if err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = -1
	}
	return l.filedRows(l.s.q.filedItems.Query(n, limit))
}

func (l *Line) filedRows(rows *sql.Rows, err error) (out []store.Row, _ error) {
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := l.scanFiled(rows)
		if err != nil {
			return nil, dbError(err)
		}
		out = append(out, r)
	}
	return out, dbError(rows.Err())
}

// collect reads rows of itemColumns that keep accepts (nil: all), at most
// limit of them (0: all).
func (l *Line) collect(rows *sql.Rows, err error, settled int64, limit int, keep func(*store.Row, string) bool) (out []store.Row, _ error) {
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		r, offices, err := l.scanRow(rows, settled)
		if err != nil {
			return nil, err
		}
		if keep == nil || keep(&r, offices) {
			if out = append(out, r); len(out) == limit {
				break
			}
		}
	}
	return out, dbError(rows.Err())
}

// Handed returns what an outbox item became.
func (l *Line) Handed(id uint64) (ref parley.Ref, ok bool, err error) {
	n, err := l.s.lineN(l.id)
	if err != nil || id >= 1<<63 {
		return ref, false, err
	}
	var k int64
	switch err := l.s.q.handed.QueryRow(n, int64(id)).Scan(&k); {
	case errors.Is(err, sql.ErrNoRows):
		return ref, false, nil
	case err != nil:
		return ref, false, dbError(err)
	}
	g := l.s.genN(k >> indexBits)
	if g == nil {
		return ref, false, corrupt("entry %x belongs to no generation", k)
	}
	return parley.Ref{Gen: g.id, Index: uint64(k) & (1<<indexBits - 1)}, true, nil
}

// Referring returns what refers to the entry.
func (l *Line) Referring(id parley.GenerationID, idx uint64) ([]store.Row, error) {
	n, settled, err := l.settledTo()
	if err != nil {
		return nil, err
	}
	to := dst(parley.Ref{Gen: id, Index: idx})
	rows, err := l.s.q.referring.Query(n, to)
	out, err := l.collect(rows, err, settled, 0, nil)
	if err != nil {
		return nil, err
	}
	waiting, err := l.filedRows(l.s.q.referringFiled.Query(n, to))
	if err != nil || len(waiting) == 0 {
		return out, err
	}
	out = append(out, waiting...)
	slices.SortStableFunc(out, func(a, b store.Row) int { return cmp.Compare(a.Arrived, b.Arrived) })
	return out, nil
}

// Pending returns what has no final position, by generation and index.
func (l *Line) Pending() (out []store.Pending, err error) {
	n, settled, err := l.settledTo()
	if err != nil {
		return nil, err
	}
	for _, q := range []func() (*sql.Rows, error){
		func() (*sql.Rows, error) { return l.s.q.placed.Query(n, settled) },
		func() (*sql.Rows, error) { return l.s.q.unplaced.Query(n) },
	} {
		rows, err := q()
		if err != nil {
			return nil, dbError(err)
		}
		if out, err = l.scanPending(out, rows); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b store.Pending) int {
		return cmp.Or(bytes.Compare(a.Gen[:], b.Gen[:]), cmp.Compare(a.Index, b.Index))
	})
	return out, nil
}

func (l *Line) scanPending(out []store.Pending, rows *sql.Rows) ([]store.Pending, error) {
	defer rows.Close()
	for rows.Next() {
		var id, at int64
		var p store.Pending
		if err := rows.Scan(&id, &at, &p.Pos); err != nil {
			return nil, dbError(err)
		}
		g := l.s.genN(id >> indexBits)
		if g == nil {
			return nil, corrupt("entry %x belongs to no generation", id)
		}
		p.Gen, p.Index, p.Party, p.Time = g.id, uint64(id)&(1<<indexBits-1), g.party, uint64(at)
		out = append(out, p)
	}
	return out, dbError(rows.Err())
}

// Counts sums up the line.
func (l *Line) Counts() (c store.Counts, err error) {
	n, settled, err := l.settledTo()
	if err != nil {
		return c, err
	}
	c.Settled = settled
	rows, err := l.s.q.counts.Query(n)
	if err != nil {
		return c, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var f store.FormCount
		if err := rows.Scan(&f.Party, &f.Form, &f.N); err != nil {
			return c, dbError(err)
		}
		c.Entries += f.N
		c.Forms = append(c.Forms, f)
	}
	if err := rows.Err(); err != nil {
		return c, dbError(err)
	}
	return c, dbError(l.s.q.openCounts.QueryRow(n, settled).Scan(&c.Placed, &c.Unplaced, &c.Filed, &c.Faulty))
}

// Latest returns the entry of a form that arrived last.
func (l *Line) Latest(form string, party parley.PartyCode) (r store.Row, ok bool, err error) {
	n, settled, err := l.settledTo()
	if err != nil {
		return r, false, err
	}
	var k int64
	switch err := l.s.q.latest.QueryRow(n, form, string(party)).Scan(&k); {
	case errors.Is(err, sql.ErrNoRows):
		return r, false, nil
	case err != nil:
		return r, false, dbError(err)
	}
	if r, err = l.itemByKey(k, settled); err != nil || r.Form == form {
		return r, err == nil, err
	}
	// that one has got another form since: its key came back
	rows, _, err := l.byArrival(n, settled, &store.Filter{Forms: []string{form}, Party: party, Order: store.ByArrival, Newest: true, Limit: 1})
	if err != nil || len(rows) == 0 {
		return store.Row{}, false, err
	}
	return rows[0], true, nil
}
