// Package own keeps what is our side only: officers and their seats, drafts,
// translations, notes, hand-overs, alarms and the audit, in a file of its own.
// There is no path from here to a log: line, journal and seal never import it,
// and what a draft says goes on the record only by a release that an officer
// makes (see Store.MarkReleased). What people write is sealed under the storage
// key; all that a method returned without error is durable, but for notes that
// a start makes again (Store.MarkFiled, Store.NoteFiled).
package own

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"parley/internal/sqlfile"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"modernc.org/sqlite"

	"parley"
)

// Sealer seals what is kept at rest; *key.Storage is one. What was sealed for
// one name opens under no other.
type Sealer interface {
	Seal(name string, plaintext []byte) []byte
	Open(name string, sealed []byte) ([]byte, error)
}

// Options tune a store. The zero value is for a station.
type Options struct {
	Now func() time.Time // nil: time.Now
}

// Store is the own-side store of a station. It is safe for concurrent use.
// Errors are *parley.Error: NotFound, Conflict, NotAllowed, Corrupt, DiskFull,
// Unavailable.
type Store struct {
	path   string
	w      *sqlfile.Writer
	db     *sql.DB // readers
	sealer Sealer
	now    func() time.Time

	marksOf *sql.Stmt // asked twice for each row of a page
	draftOf *sql.Stmt // asked for each release
	recent  recent
	notes   notes
}

const applicationID = 0x50415257 // "PARW"

//go:embed schema/*.sql
var schema embed.FS

// Open opens the file, and makes it when there is none.
func Open(path string, s Sealer) (*Store, error) { return OpenWith(path, s, Options{}) }

// OpenWith is Open with options.
func OpenWith(path string, s Sealer, o Options) (*Store, error) {
	st, err := open(path, s, o)
	if err != nil {
		return nil, fmt.Errorf("opening own store %s: %w", path, err)
	}
	return st, nil
}

func open(path string, s Sealer, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, dbError(err)
	}
	w, err := sqlfile.Connect(name, path, []string{"busy_timeout(5000)", "journal_mode(wal)", "synchronous(full)", "foreign_keys(1)", "secure_delete(1)",
		"cache_size(-2000)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)", "temp_store(memory)"})
	if err != nil {
		return nil, err
	}
	st := &Store{path: path, sealer: s, now: o.Now}
	err = migrate(w)
	if err == nil {
		err = dbError(os.Chmod(path, 0o600))
	}
	if err == nil {
		st.db, err = openReaders(path)
	}
	if err == nil {
		err = st.prepare()
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	st.w = sqlfile.NewWriter(w)
	return st, nil
}

// prepare keeps the statements that are asked most. After an error the readers
// are closed.
func (s *Store) prepare() (err error) {
	if s.marksOf, err = s.db.Prepare("SELECT officer, at FROM marks WHERE line = ? AND item = ? AND kind = ? ORDER BY at, officer"); err == nil {
		s.draftOf, err = s.db.Prepare("SELECT " + draftColumns + "WHERE id = ?")
	}
	if err != nil {
		s.db.Close()
	}
	return dbError(err)
}

func openReaders(path string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(sqlfile.DSN(path, []string{"busy_timeout(5000)", "cache_size(-2000)"}))
	if err != nil {
		return nil, dbError(err)
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	return db, nil
}

// migrate brings the file to the newest schema, step by step.
func migrate(c *sqlfile.Conn) error {
	names, err := fs.Glob(schema, "schema/*.sql")
	if err != nil {
		return err
	}
	steps := make([]string, len(names))
	for i := range steps {
		b, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", i+1))
		if err != nil {
			return err
		}
		steps[i] = string(b)
	}
	return sqlfile.Migrate(c, applicationID, steps)
}

// Run folds the write-ahead log into the file in idle moments, so that commits
// seldom have to, and writes notes that wait (NoteFiled), until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	wg.Go(func() { s.keepNotes(ctx) })
	if err := s.w.Fold(ctx); err != nil {
		return fmt.Errorf("folding the own store's write-ahead log: %w", err)
	}
	return nil
}

// Close writes notes that wait, waits for calls under way and closes the file.
func (s *Store) Close() error {
	if s.w.Usable() != nil {
		return nil
	}
	s.flushNotes() // what is lost of them is made again
	return dbError(errors.Join(s.db.Close(), s.w.Close()))
}

// Backup writes a consistent copy to dst, which must not exist, without seats,
// sessions, tokens, calendar addresses and requests to give access back.
func (s *Store) Backup(ctx context.Context, dst string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("backing up own store: %w", err)
		}
	}()
	if _, err := os.Lstat(dst); err == nil {
		return parley.Errorf(parley.Conflict, "%s exists", dst)
	}
	tmp := dst + ".part"
	os.Remove(tmp)
	defer os.Remove(tmp)
	if _, err := s.db.ExecContext(ctx, "VACUUM INTO ?", tmp); err != nil {
		return dbError(err)
	}
	if err := forget(ctx, tmp); err != nil {
		return err
	}
	f, err := os.OpenFile(tmp, os.O_RDWR, 0)
	if err != nil {
		return dbError(err)
	}
	defer f.Close()
	if err := errors.Join(f.Chmod(0o600), f.Sync()); err != nil {
		return dbError(err)
	}
	if err := os.Rename(tmp, dst); err != nil {
		return dbError(err)
	}
	d, err := os.Open(filepath.Dir(dst))
	if err != nil {
		return dbError(err)
	}
	defer d.Close()
	return dbError(d.Sync())
}

// forget removes from a copy what lets somebody in.
func forget(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=secure_delete(1)&_pragma=journal_mode(delete)")
	if err != nil {
		return dbError(err)
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "DELETE FROM seats; DELETE FROM sessions; DELETE FROM returns; DELETE FROM tokens; DELETE FROM requests; DELETE FROM feeds; VACUUM;")
	return dbError(err)
}

// write runs f in a transaction; it is durable when write returns nil. Who
// writes at the same time shares one commit, so f may be run again (see
// sqlfile.Writer.Run): it begins from its arguments each time.
func (s *Store) write(f func(*sqlfile.Tx) error) error { return s.w.Run(true, f) }

// seal seals what somebody wrote, for its place: table and row.
func (s *Store) seal(table string, id int64, b []byte) []byte {
	return s.sealer.Seal("own "+table+" "+strconv.FormatInt(id, 10), b)
}

func (s *Store) open(table string, id int64, b []byte) ([]byte, error) {
	p, err := s.sealer.Open("own "+table+" "+strconv.FormatInt(id, 10), b)
	if err != nil {
		return nil, parley.Errorf(parley.Corrupt, "own store: %s %d: %v", table, id, err).
			WithHint("run parley fsck; if all of them fail, the storage key is not the one this file was made with")
	}
	return p, nil
}

func (s *Store) millis() int64 { return s.now().UnixMilli() }

// at gives a stored time back; the zero time for 0.
func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// one refuses a change that touched no row.
func one(n int64, err error, none error) error {
	if err != nil || n > 0 {
		return err
	}
	return none
}

// name is what errors call the file.
const name = "own store"

func dbError(err error) error { return sqlfile.Error(name, err) }
