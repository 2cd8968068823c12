package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"parley"
	"parley/internal/sqlfile"
	"parley/internal/store"
)

const metaBackup = "backup" // UTC milliseconds

var (
	_ store.Keeper = (*Store)(nil)
	_ store.Runner = (*Store)(nil)
)

// Backup writes a consistent copy without secret values to dst. They are never
// written there: the copy is made table by table, into a new file.
func (s *Store) Backup(ctx context.Context, dst string) error {
	if err := s.backup(ctx, dst); err != nil {
		return fmt.Errorf("backing up to %s: %w", dst, err)
	}
	return nil
}

func (s *Store) backup(ctx context.Context, dst string) error {
	if s.w != nil {
		if err := s.w.Usable(); err != nil {
			return err
		}
	}
	if s.disk != nil {
		return parley.Errorf(parley.Unsupported, "no backup is made of a store on a disk of its own")
	}
	if _, err := os.Lstat(dst); err == nil {
		return parley.Errorf(parley.Conflict, "the file exists")
	}
	tmp := dst + ".part"
	if err := os.RemoveAll(tmp); err != nil {
		return sqlfile.FileError(err)
	}
	defer os.Remove(tmp)
	if err := newCopy(tmp); err != nil {
		return err
	}
	if err := s.fill(ctx, tmp); err != nil {
		return err
	}
	if err := syncFile(tmp); err != nil {
		return sqlfile.FileError(err)
	}
	if err := os.Rename(tmp, dst); err != nil {
		return sqlfile.FileError(err)
	}
	return sqlfile.FileError(syncFile(filepath.Dir(dst)))
}

// newCopy makes an empty store, without write-ahead log, for the copy.
func newCopy(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return sqlfile.FileError(err)
	}
	f.Close()
	c, err := connect(path, []string{"page_size(4096)", "journal_mode(delete)", "synchronous(off)"})
	if err != nil {
		return err
	}
	err = sqlfile.Migrate(c, applicationID, migrations())
	if e := c.Close(); err == nil {
		err = dbError(e)
	}
	return err
}

// fill copies every table in one snapshot.
func (s *Store) fill(ctx context.Context, path string) error {
	c, err := s.connect([]string{"busy_timeout(5000)"})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Exec("ATTACH ? AS copy", sqlfile.DSN(path, nil)); err != nil {
		return err
	}
	if err := c.Script("PRAGMA copy.synchronous = OFF; PRAGMA copy.journal_mode = OFF; BEGIN"); err != nil {
		return err
	}
	tables, err := c.Query("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
	if err != nil {
		return err
	}
	for _, row := range tables {
		if ctx.Err() != nil {
			return parley.Errorf(parley.Unavailable, "interrupted")
		}
		name, where := text(row[0]), ""
		if name == "kv" {
			where = " WHERE secret = 0"
		}
		if err := c.Script("INSERT INTO copy." + name + " SELECT * FROM main." + name + where); err != nil {
			return err
		}
	}
	if err := c.Exec("INSERT OR REPLACE INTO copy.meta (key, value) VALUES (?, ?)", metaBackup, time.Now().UnixMilli()); err != nil {
		return err
	}
	return c.Script("COMMIT")
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Restored tells whether the store is a copy that Backup wrote.
func (s *Store) Restored() (at time.Time, yes bool, err error) {
	if err := s.w.Usable(); err != nil {
		return at, false, err
	}
	err = s.w.Exclusive(func(c *sqlfile.Conn) error {
		return c.Each(func(row []driver.Value) error {
			at, yes = time.UnixMilli(num(row[0])).UTC(), true
			return nil
		}, "SELECT value FROM meta WHERE key = ?", metaBackup)
	})
	return at, yes, err
}

// ClearRestored forgets the mark.
func (s *Store) ClearRestored() error {
	return s.run(true, func(t *tx) error { return t.Exec("DELETE FROM meta WHERE key = ?", metaBackup) })
}
