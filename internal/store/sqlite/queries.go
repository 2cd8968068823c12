package sqlite

import "database/sql"

// queries are the reading statements, prepared on each connection of the pool
// as it is needed.
type queries struct {
	founding, entries, hash, headLast, headNext, receiptLast, receiptNext, filed, values                     *sql.Stmt
	item, itemsAt, filedItem, filedItems, handed, referring, referringFiled, placed, unplaced                *sql.Stmt
	settled, chunk, serial, counts, openCounts, latest, facet                                                *sql.Stmt
	cosignatures, cosigned                                                                                   *sql.Stmt
	arrivedUp, arrivedDown, rowsPlaced, rowsUnplaced, facetsOpen, formUp, formDown, itemsIn, content, leaves *sql.Stmt
}

// itemColumns are what scanRow reads. What is large stays where it is until it
// is asked for: a page of rows must not fill the memory with a peer's texts.
const itemColumns = `i.id, i.pos, i.arrived, i.time, i.form, i.series, i.serial, i.precedence, i.exercise, i.fault, i.filed, i.offices,
	CASE WHEN length(e.bytes) + coalesce(length(e.secret), 0) <= 8192 THEN e.bytes END,
	CASE WHEN length(e.bytes) + coalesce(length(e.secret), 0) <= 8192 THEN e.secret END,
	length(e.bytes) + coalesce(length(e.secret), 0) FROM items i JOIN entries e ON e.id = i.id `

// arrivedWindow takes line, and (arrived, id) above one pair and below another.
const arrivedWindow = "WHERE i.line = ? AND (i.arrived, i.id) > (?, ?) AND (i.arrived, i.id) < (?, ?) "

func prepare(db *sql.DB) (q queries, err error) {
	for _, s := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&q.founding, "SELECT founding, meta FROM lines WHERE n = ?"},
		{&q.entries, "SELECT id, bytes, secret, arrived, filed, fault FROM entries WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"},
		{&q.leaves, "SELECT id, bytes FROM entries WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"},
		{&q.hash, runQuery},
		{&q.headLast, "SELECT id, root, ed, ml, arrived FROM heads WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"},
		{&q.headNext, "SELECT id, root, ed, ml, arrived FROM heads WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1"},
		{&q.receiptLast, "SELECT size, time, ed, ml, arrived FROM receipts WHERE gen = ? AND holder = ? AND size >= ? ORDER BY size DESC LIMIT 1"},
		{&q.receiptNext, "SELECT size, time, ed, ml, arrived FROM receipts WHERE gen = ? AND holder = ? AND size >= ? ORDER BY size LIMIT 1"},
		{&q.cosignatures, "SELECT size, witness, key, time, line, arrived FROM cosignatures WHERE gen = ? AND size >= ? ORDER BY size, witness, key, time LIMIT ?"},
		{&q.cosigned, `SELECT size, witness, key, max(time), line, arrived FROM cosignatures WHERE gen = ? GROUP BY witness, key ORDER BY witness, key`},
		{&q.filed, "SELECT id, precedence, at, secret FROM outbox WHERE line = ? ORDER BY id"},
		{&q.values, "SELECT key, value, secret FROM kv WHERE line = ? AND key >= ? ORDER BY key"},
		{&q.item, "SELECT " + itemColumns + "WHERE i.id = ?"},
		{&q.content, "SELECT bytes, secret FROM entries WHERE id = ?"},
		{&q.itemsAt, "SELECT " + itemColumns + "WHERE i.line = ? AND i.pos BETWEEN ? AND ? AND i.pos > 0"},
		{&q.filedItem, "SELECT id, precedence, at, secret FROM outbox WHERE line = ? AND id = ?"},
		{&q.filedItems, "SELECT id, precedence, at, secret FROM outbox WHERE line = ? ORDER BY id LIMIT ?"},
		{&q.handed, "SELECT id FROM items WHERE line = ? AND filed = ? AND filed > 0 LIMIT 1"},
		{&q.referring, "SELECT " + itemColumns + "WHERE i.id IN (SELECT src FROM refs WHERE line = ? AND dst = ? AND src > 0) ORDER BY i.arrived, i.id"},
		{&q.referringFiled, `SELECT id, precedence, at, secret FROM outbox
			WHERE n IN (SELECT -src FROM refs WHERE line = ? AND dst = ? AND src < 0) ORDER BY at, id`},
		{&q.placed, "SELECT id, time, pos FROM items WHERE line = ? AND pos > ? AND pos > 0 ORDER BY pos"},
		{&q.unplaced, "SELECT id, time, pos FROM items WHERE line = ? AND pos = 0"},
		{&q.settled, "SELECT settled FROM lines WHERE n = ?"},
		{&q.chunk, "SELECT chunk, facet, bits FROM bits WHERE line = ? AND chunk BETWEEN ? AND ? ORDER BY chunk"},
		{&q.serial, "SELECT " + itemColumns + "WHERE i.line = ? AND i.serial = ? AND i.serial > 0 ORDER BY i.id LIMIT 10000"},
		{&q.facet, "SELECT n FROM facets WHERE name = ?"},
		{&q.arrivedUp, "SELECT " + itemColumns + arrivedWindow + "ORDER BY i.arrived, i.id"},
		{&q.formUp, "SELECT i.arrived, i.id FROM items i " + arrivedWindow + "AND i.form = ? ORDER BY i.arrived, i.id LIMIT ?"},
		{&q.formDown, "SELECT i.arrived, i.id FROM items i " + arrivedWindow + "AND i.form = ? ORDER BY i.arrived DESC, i.id DESC LIMIT ?"},
		{&q.itemsIn, "SELECT " + itemColumns + "WHERE i.id IN (SELECT value FROM json_each(?))"},
		{&q.arrivedDown, "SELECT " + itemColumns + arrivedWindow + "ORDER BY i.arrived DESC, i.id DESC"},
		{&q.rowsPlaced, "SELECT " + itemColumns + "WHERE i.line = ? AND i.pos > ? AND i.pos > 0 ORDER BY i.pos"},
		{&q.rowsUnplaced, "SELECT " + itemColumns + "WHERE i.line = ? AND i.pos = 0 ORDER BY i.id"},
		{&q.facetsOpen, `SELECT id, form, precedence, serial, exercise, fault > 0, offices FROM items WHERE line = ?1 AND pos > ?2 AND pos > 0
			UNION ALL SELECT id, form, precedence, serial, exercise, fault > 0, offices FROM items WHERE line = ?1 AND pos = 0`},
		{&q.counts, "SELECT party, form, n FROM forms WHERE line = ? AND n > 0 ORDER BY party, form"},
		{&q.openCounts, `SELECT (SELECT count(*) FROM items WHERE line = ?1 AND pos > ?2 AND pos > 0), (SELECT count(*) FROM items WHERE line = ?1 AND pos = 0),
			(SELECT count(*) FROM outbox WHERE line = ?1), (SELECT count(*) FROM items WHERE line = ?1 AND fault > 0)`},
		{&q.latest, "SELECT id FROM forms WHERE line = ? AND form = ? AND n > 0 AND (?3 = '' OR party = ?3) ORDER BY arrived DESC, id DESC LIMIT 1"},
	} {
		if *s.to, err = db.Prepare(s.sql); err != nil {
			return q, err
		}
	}
	return q, nil
}
