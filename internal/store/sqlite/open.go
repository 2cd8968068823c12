// Package sqlite keeps a station's lines in one SQLite file: write-ahead log,
// synchronous FULL, one writer that commits for all who wait (group commit),
// and a pool of readers. The derived index shares its transactions.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	"parley"
	"parley/internal/sqlfile"
	"parley/internal/store"
)

const (
	fileName      = "parley.db"
	lockName      = "lock"
	applicationID = 0x5041524C // "PARL"
	readers       = 4
)

// Options tune a store. The zero value is for a station.
type Options struct {
	// Busy is how long to wait for another program that locks the file; 0
	// means 5 s.
	Busy time.Duration
	// MaxPages bounds the file, in pages of 4 KiB; 0 means the disk does.
	MaxPages int64
	// Disk is where the file lies in place of the machine's directories; nil
	// for a station. Nothing else is kept there: no lock is taken, no rights
	// are set and no backup is made.
	Disk Disk
}

// Disk is a file system that the machine knows nothing of: a test simulates one
// (internal/sim/simdisk).
type Disk interface {
	VFS() string // under which name the engine knows it
	// SyncDir makes the names of the files in a directory durable.
	SyncDir(dir string) error
}

// Store is a store.Store in one SQLite file.
type Store struct {
	dir    string
	disk   Disk // nil: the machine's
	sealer store.Sealer
	lock   *os.File
	w      *sqlfile.Writer
	db     *sql.DB // readers
	q      queries

	mu    sync.RWMutex
	lines map[parley.LineID]int64 // to lines.n
	order []parley.LineID
	gens  map[genKey]*gen
	byN   map[int64]*gen
	memo  memo
}

type genKey struct {
	line int64
	id   parley.GenerationID
}

// gen is one row of gens. Its party is set once.
type gen struct {
	n     int64
	line  int64
	id    parley.GenerationID
	party parley.PartyCode
}

// Open opens the store in dir, and makes it when there is none. Of two
// processes that open one dir the second gets Unavailable.
func Open(dir string, s store.Sealer, o Options) (_ *Store, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening store %s: %w", dir, err)
		}
	}()
	st := &Store{dir: dir, disk: o.Disk, sealer: s, lines: map[parley.LineID]int64{}, gens: map[genKey]*gen{}, byN: map[int64]*gen{}}
	if err := st.takeDir(); err != nil {
		return nil, err
	}
	err = st.open(o)
	if err == nil {
		err = st.syncNames()
	}
	if err != nil {
		st.Close()
		return nil, err
	}
	return st, nil
}

// takeDir makes the directory where there is none, and locks it.
func (s *Store) takeDir() (err error) {
	if s.disk != nil {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return sqlfile.FileError(err)
	}
	s.lock, err = lockFile(filepath.Join(s.dir, lockName))
	return err
}

// syncNames makes the names of new files durable.
func (s *Store) syncNames() error {
	if s.disk != nil {
		return s.disk.SyncDir(s.dir)
	}
	for _, d := range []string{s.dir, filepath.Dir(s.dir)} {
		if err := syncFile(d); err != nil && !errors.Is(err, os.ErrPermission) {
			return sqlfile.FileError(err)
		}
	}
	return nil
}

func (s *Store) open(o Options) error {
	if o.Busy == 0 {
		o.Busy = 5 * time.Second
	}
	c, err := s.connect(writerPragmas(o))
	if err != nil {
		return err
	}
	err = sqlfile.Migrate(c, applicationID, migrations())
	if err == nil {
		err = checkSchema(c)
	}
	if err != nil {
		c.Close()
		return err
	}
	if s.disk == nil {
		if err := os.Chmod(filepath.Join(s.dir, fileName), 0o600); err != nil {
			c.Close()
			return sqlfile.FileError(err)
		}
	}
	s.w = sqlfile.NewWriter(c)
	if s.db, err = s.openReaders(o.Busy); err != nil {
		return err
	}
	if s.q, err = prepare(s.db); err != nil {
		return dbError(err)
	}
	if err := s.loadNames(); err != nil {
		return err
	}
	return s.resumeRebuild()
}

func writerPragmas(o Options) []string {
	ps := []string{fmt.Sprintf("busy_timeout(%d)", o.Busy.Milliseconds()), "page_size(4096)", "journal_mode(wal)", "synchronous(full)",
		"secure_delete(1)", "cache_size(-8000)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)", "temp_store(memory)"}
	if o.MaxPages > 0 {
		ps = append(ps, fmt.Sprintf("max_page_count(%d)", o.MaxPages))
	}
	return ps
}

func (s *Store) openReaders(busy time.Duration) (*sql.DB, error) {
	c, err := sqlite.NewConnector(sqlfile.DSNOn(s.vfs(), filepath.Join(s.dir, fileName), []string{fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()), "query_only(1)", "cache_size(-2000)"}))
	if err != nil {
		return nil, dbError(err)
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	return db, nil
}

// loadNames reads the small tables that are kept in memory.
func (s *Store) loadNames() error {
	rows, err := s.db.Query("SELECT n, id FROM lines ORDER BY n")
	if err != nil {
		return dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		var id []byte
		if err := rows.Scan(&n, &id); err != nil {
			return dbError(err)
		}
		if len(id) != len(parley.LineID{}) {
			return corrupt("table lines: an id of %d bytes", len(id))
		}
		s.order = append(s.order, parley.LineID(id))
		s.lines[parley.LineID(id)] = n
	}
	if err := rows.Err(); err != nil {
		return dbError(err)
	}
	return s.loadGens()
}

func (s *Store) loadGens() error {
	rows, err := s.db.Query("SELECT n, line, id, party FROM gens")
	if err != nil {
		return dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		g := new(gen)
		var id []byte
		if err := rows.Scan(&g.n, &g.line, &id, &g.party); err != nil {
			return dbError(err)
		}
		if len(id) != len(g.id) {
			return corrupt("table gens: an id of %d bytes", len(id))
		}
		g.id = parley.GenerationID(id)
		s.addGen(g)
	}
	return dbError(rows.Err())
}

func (s *Store) addGen(g *gen) {
	s.gens[genKey{g.line, g.id}] = g
	s.byN[g.n] = g
}

// Close waits for calls under way, folds the write-ahead log into the file and
// releases it.
func (s *Store) Close() error {
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.w != nil {
		errs = append(errs, s.w.Close())
	}
	if s.lock != nil {
		if err := s.lock.Close(); !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return dbError(errors.Join(errs...))
}

// Run folds the write-ahead log into the file in idle moments, so that commits
// seldom have to, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	if err := s.w.Fold(ctx); err != nil {
		return fmt.Errorf("folding the write-ahead log: %w", err)
	}
	return nil
}

// Lines returns the lines in order of creation.
func (s *Store) Lines() ([]parley.LineID, error) {
	if err := s.w.Usable(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]parley.LineID(nil), s.order...), nil
}

// Line returns the line with the id.
func (s *Store) Line(id parley.LineID) store.Line { return &Line{s: s, id: id} }

// CreateLine makes a line.
func (s *Store) CreateLine(id parley.LineID, founding, meta []byte) error {
	var n int64
	err := s.run(true, func(t *tx) error {
		rows, err := t.Query("SELECT n FROM lines WHERE id = ?", id[:])
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			return parley.Errorf(parley.Conflict, "line %s is here already", id)
		}
		n, err = t.Insert("INSERT INTO lines (id, founding, meta) VALUES (?, ?, ?)", id[:], notNil(founding), notNil(meta))
		return err
	})
	if err != nil {
		return fmt.Errorf("creating line %s: %w", id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines[id] = n
	s.order = append(s.order, id)
	return nil
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// lineN returns the number of a line. The error is NotFound, or Unavailable
// after Close.
func (s *Store) lineN(id parley.LineID) (int64, error) {
	if err := s.w.Usable(); err != nil {
		return 0, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	n, ok := s.lines[id]
	if !ok {
		return 0, parley.Errorf(parley.NotFound, "no line %s in this store", id)
	}
	return n, nil
}

// genOf returns a generation that is stored; nil when it is not.
func (s *Store) genOf(line int64, id parley.GenerationID) *gen {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.gens[genKey{line, id}]
}

func (s *Store) genN(n int64) *gen {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byN[n]
}

// words joins office names as the index keeps them.
func words[T ~string](ws []T) string {
	ss := make([]string, len(ws))
	for i, w := range ws {
		ss[i] = string(w)
	}
	return strings.Join(ss, " ")
}
