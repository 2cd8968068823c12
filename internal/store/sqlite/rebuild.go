package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"

	"parley"
	"parley/internal/line"
	"parley/internal/sqlfile"
	"parley/internal/store"
)

const (
	metaRebuild = "rebuild" // the derived index is not whole
	rebuildStep = 2000      // entries in one transaction
)

// Rebuild makes the derived index anew. It goes on at the next Open when it is
// interrupted. Other writers wait.
func (s *Store) Rebuild(ctx context.Context, progress func(store.Progress)) error {
	err := s.w.Exclusive(func(c *sqlfile.Conn) error {
		if err := emptyIndex(c); err != nil {
			return err
		}
		return s.rebuild(ctx, c, progress)
	})
	s.memo.clear()
	if err != nil {
		return fmt.Errorf("rebuilding the index: %w", err)
	}
	return nil
}

// resumeRebuild finishes what a crash cut off.
func (s *Store) resumeRebuild() error {
	n := int64(0)
	err := s.w.Exclusive(func(c *sqlfile.Conn) (err error) {
		n, err = c.Number("SELECT count(*) FROM meta WHERE key = ?", metaRebuild)
		return err
	})
	if err != nil || n == 0 {
		return err
	}
	return s.Rebuild(context.Background(), nil)
}

func emptyIndex(c *sqlfile.Conn) error {
	return inTx(c, func() error {
		err := c.Exec("INSERT OR REPLACE INTO meta (key, value) VALUES (?, 1)", metaRebuild)
		for _, table := range []string{"items", "forms", "refs", "bits", "facets"} {
			if err == nil {
				err = c.Exec("DELETE FROM " + table)
			}
		}
		if err == nil {
			err = c.Exec("UPDATE lines SET settled = 0")
		}
		return err
	})
}

func inTx(c *sqlfile.Conn, f func() error) error {
	if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		err = c.Exec("COMMIT")
	}
	if err != nil {
		c.Exec("ROLLBACK") // the engine may have done so already
	}
	return err
}

func (s *Store) rebuild(ctx context.Context, c *sqlfile.Conn, progress func(store.Progress)) error {
	total, err := c.Number("SELECT count(*) FROM entries")
	if err != nil {
		return err
	}
	p := store.Progress{What: "index", Total: total}
	for last := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return parley.Errorf(parley.Unavailable, "interrupted").WithHint("it goes on when the store is opened again")
		}
		n := int64(0)
		err := inTx(c, func() (err error) {
			n, last, err = s.rebuildSome(c, last)
			return err
		})
		if err != nil {
			return err
		}
		if p.Done += n; progress != nil {
			progress(p)
		}
		if n < rebuildStep {
			break
		}
	}
	return inTx(c, func() error {
		if err := s.rebuildOutbox(c); err != nil {
			return err
		}
		return c.Exec("DELETE FROM meta WHERE key = ?", metaRebuild)
	})
}

// stored is an entry as it stands in the table.
type stored struct {
	id     int64
	sealed []byte
	e      line.StoredEntry
}

// rebuildSome indexes up to rebuildStep entries after id last.
func (s *Store) rebuildSome(c *sqlfile.Conn, last int64) (n, to int64, err error) {
	var some []stored
	err = c.Each(func(row []driver.Value) error {
		x := stored{id: num(row[0]), sealed: append([]byte(nil), blob(row[2])...)}
		x.e = line.StoredEntry{Index: uint64(x.id) & (1<<indexBits - 1), Bytes: append([]byte(nil), blob(row[1])...),
			Arrived: num(row[3]), Filed: uint64(num(row[4]))}
		if f := num(row[5]); f > 0 {
			x.e.Faulty, x.e.Fault = true, parley.Kind(f-1)
		}
		some = append(some, x)
		return nil
	}, "SELECT id, bytes, secret, arrived, filed, fault FROM entries WHERE id > ? ORDER BY id LIMIT ?", last, int64(rebuildStep))
	if err != nil {
		return 0, 0, err
	}
	indexers := map[int64]*indexer{}
	for i := range some {
		x := &some[i]
		to = x.id
		g := s.genN(x.id >> indexBits)
		if g == nil {
			return 0, 0, corrupt("entry %x belongs to no generation", x.id)
		}
		if indexers[g.line] == nil {
			indexers[g.line] = newIndexer(&tx{Tx: &sqlfile.Tx{Conn: c}}, g.line)
		}
		it := s.derive(g, x)
		if it.Party != "" && g.party != it.Party {
			if g, err = s.correctParty(c, g, it.Party); err != nil {
				return 0, 0, err
			}
		}
		if err := indexers[g.line].add(g, &x.e, &it); err != nil {
			return 0, 0, err
		}
	}
	for _, x := range indexers {
		if err := x.finish(); err != nil {
			return 0, 0, err
		}
	}
	return int64(len(some)), to, nil
}

// derive reads what the index keeps of a stored entry; what does not open is
// indexed without a header, and found by Check.
func (s *Store) derive(g *gen, x *stored) store.Item {
	x.e.Gen = g.id
	if len(x.sealed) > 0 {
		c, err := store.OpenContent(s.sealer, store.EntryName(s.lineID(g.line), parley.Ref{Gen: g.id, Index: x.e.Index}), x.sealed)
		if err == nil {
			x.e.Header = c.Header
		}
	}
	return store.Derive(&x.e)
}

func (s *Store) correctParty(c *sqlfile.Conn, g *gen, party parley.PartyCode) (*gen, error) {
	n := *g
	n.party = party
	if err := c.Exec("UPDATE gens SET party = ? WHERE n = ?", string(party), g.n); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addGen(&n)
	return &n, nil
}

// rebuildOutbox notes what the items of the outbox refer to.
func (s *Store) rebuildOutbox(c *sqlfile.Conn) error {
	rows, err := c.Query("SELECT n, line, id, secret FROM outbox")
	if err != nil {
		return err
	}
	for _, row := range rows {
		n, l := num(row[0]), num(row[1])
		content, err := store.OpenContent(s.sealer, store.FiledName(s.lineID(l), uint64(num(row[2]))), blob(row[3]))
		if err != nil {
			continue // found by Check
		}
		for _, r := range store.DeriveHeader(content.Header).Refs {
			if err := c.Exec(insertRef, l, dst(r), -n); err != nil {
				return err
			}
		}
	}
	return nil
}

// lineID returns the id of the line with number n.
func (s *Store) lineID(n int64) (id parley.LineID) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for id, have := range s.lines {
		if have == n {
			return id
		}
	}
	return id
}
