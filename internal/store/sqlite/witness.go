package sqlite

import (
	"database/sql"
	"fmt"

	"parley"
	"parley/internal/store"
)

// Cosign keeps cosignatures of witnesses, of one key over one checkpoint the
// earliest and the latest.
func (l *Line) Cosign(cs []store.Cosignature) error {
	n, err := l.s.lineN(l.id)
	if err != nil || len(cs) == 0 {
		return err
	}
	err = l.s.run(true, func(t *tx) error {
		for i := range cs {
			if err := l.cosign(t, n, &cs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping cosignatures of line %s: %w", l.id, err)
	}
	return nil
}

func (l *Line) cosign(t *tx, n int64, c *store.Cosignature) error {
	g := l.s.genOf(n, c.Gen)
	if g == nil || c.Size >= store.MaxIndex || c.Time >= 1<<63 {
		return store.NoHead(c)
	}
	there, err := t.Number("SELECT count(*) FROM heads WHERE id = ?", g.key(c.Size))
	if err != nil {
		return err
	}
	if there == 0 {
		return store.NoHead(c)
	}
	if err := t.Exec("INSERT OR IGNORE INTO cosignatures (gen, size, witness, key, time, line, arrived) VALUES (?, ?, ?, ?, ?, ?, ?)",
		g.n, int64(c.Size), c.Witness, int64(c.Key), int64(c.Time), c.Line, c.Arrived); err != nil {
		return err
	}
	return t.Exec(`DELETE FROM cosignatures WHERE gen = ?1 AND size = ?2 AND witness = ?3 AND key = ?4
		AND time > (SELECT min(time) FROM cosignatures WHERE gen = ?1 AND size = ?2 AND witness = ?3 AND key = ?4)
		AND time < (SELECT max(time) FROM cosignatures WHERE gen = ?1 AND size = ?2 AND witness = ?3 AND key = ?4)`,
		g.n, int64(c.Size), c.Witness, int64(c.Key))
}

// Cosignatures returns those over size or more, at most n; 0: all.
func (l *Line) Cosignatures(id parley.GenerationID, size uint64, n int) ([]store.Cosignature, error) {
	_, g, err := l.lookup(id)
	if err != nil || g == nil || size >= store.MaxIndex {
		return nil, err
	}
	if n <= 0 {
		n = -1 // no limit
	}
	rows, err := l.s.q.cosignatures.Query(g.n, int64(size), n)
	return scanCosignatures(id, rows, err)
}

// Cosigned returns the latest cosignature of each key.
func (l *Line) Cosigned(id parley.GenerationID) ([]store.Cosignature, error) {
	_, g, err := l.lookup(id)
	if err != nil || g == nil {
		return nil, err
	}
	rows, err := l.s.q.cosigned.Query(g.n)
	return scanCosignatures(id, rows, err)
}

func scanCosignatures(id parley.GenerationID, rows *sql.Rows, err error) (out []store.Cosignature, _ error) {
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		c := store.Cosignature{Gen: id}
		var size, key, at int64
		if err := rows.Scan(&size, &c.Witness, &key, &at, &c.Line, &c.Arrived); err != nil {
			return nil, dbError(err)
		}
		c.Size, c.Key, c.Time = uint64(size), uint32(key), uint64(at)
		out = append(out, c)
	}
	return out, dbError(rows.Err())
}
