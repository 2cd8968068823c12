// Package own keeps what is our side only: officers and their seats, drafts,
// translations, notes, hand-overs, alarms and the audit, in a file of its own.
// There is no path from here to a log: line, journal and seal never import it,
// and what a draft says goes on the record only by a release that an officer
// makes (see Store.MarkReleased). What people write is sealed under the storage
// key; all that a method returned without error is durable.
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
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
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
	db     *sql.DB
	sealer Sealer
	now    func() time.Time
	mu     sync.Mutex // held by whoever writes
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
	c, err := sqlite.NewConnector(dsn(path))
	if err != nil {
		return nil, dbError(err)
	}
	st := &Store{db: sql.OpenDB(c), sealer: s, now: o.Now}
	st.db.SetMaxOpenConns(4)
	st.db.SetMaxIdleConns(4)
	err = migrate(st.db)
	if err == nil {
		err = dbError(os.Chmod(path, 0o600))
	}
	if err != nil {
		st.db.Close()
		return nil, err
	}
	return st, nil
}

func dsn(path string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(5000)", "journal_mode(wal)", "synchronous(full)",
		"foreign_keys(1)", "secure_delete(1)", "cache_size(-2000)"}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// migrate brings the file to the newest schema, step by step.
func migrate(db *sql.DB) error {
	var app, version int64
	if err := db.QueryRow("PRAGMA application_id").Scan(&app); err != nil {
		return dbError(err)
	}
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return dbError(err)
	}
	if version > 0 && app != applicationID {
		return parley.Errorf(parley.Unsupported, "the file belongs to another application (id %08x)", app)
	}
	steps, err := fs.Glob(schema, "schema/*.sql")
	if err != nil {
		return err
	}
	if version > int64(len(steps)) {
		return parley.Errorf(parley.Unsupported, "the file has schema %d, this program knows up to %d", version, len(steps)).
			WithHint("it was written by a newer version of parley: run that one")
	}
	for n := version + 1; n <= int64(len(steps)); n++ {
		b, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", n))
		if err != nil {
			return err
		}
		if err := step(db, string(b), n); err != nil {
			return fmt.Errorf("migrating to schema %d: %w", n, err)
		}
	}
	return nil
}

func step(db *sql.DB, sql string, n int64) error {
	tx, err := db.Begin()
	if err != nil {
		return dbError(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(fmt.Sprintf("%s\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;", sql, applicationID, n)); err != nil {
		return dbError(err)
	}
	return dbError(tx.Commit())
}

// Close waits for calls under way and closes the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return dbError(s.db.Close())
}

// Backup writes a consistent copy to dst, which must not exist, without seats,
// sessions and requests to give access back.
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
	_, err = db.ExecContext(ctx, "DELETE FROM seats; DELETE FROM sessions; DELETE FROM returns; VACUUM;")
	return dbError(err)
}

// write runs f in a transaction; it is durable when write returns nil.
func (s *Store) write(f func(*sql.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.db.Begin()
	if err != nil {
		return dbError(err)
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return dbError(err)
	}
	return dbError(tx.Commit())
}

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
func one(r sql.Result, err error, none error) error {
	if err != nil {
		return dbError(err)
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return dbError(err)
	}
	return none
}

// dbError gives an error of the engine or the disk its kind; one that has a
// kind keeps it, and sql.ErrNoRows stays itself.
func dbError(err error) error {
	var p *parley.Error
	if err == nil || errors.As(err, &p) || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	kind, what, hint := parley.Unavailable, "own store", "look at the disk of the data directory and its rights"
	var e *sqlite.Error
	code := 0
	if errors.As(err, &e) {
		code = e.Code() & 0xff
	}
	switch {
	case code == 13, errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		kind, hint = parley.DiskFull, "free space on the disk of the data directory; nothing that was saved is lost"
	case code == 11, code == 26:
		kind, what, hint = parley.Corrupt, "own store is damaged", "run parley fsck"
	case code == 5, code == 6:
		what, hint = "own store is locked by another program", "close whatever else has the file open"
	case strings.Contains(err.Error(), "database is closed"):
		what, hint = "own store is closed", ""
	case code == 1, code == 19:
		kind, hint = parley.Internal, ""
	}
	return &parley.Error{Kind: kind, What: what, Hint: hint, Err: err}
}
