// Package sqlfile keeps one SQLite file: connections below database/sql, kinds
// for what goes wrong, numbered migrations, and the one writer that commits for
// all who wait. The record of a station and what is its own side only are two
// such files, and this room knows neither.
package sqlfile

import (
	"fmt"
	"net/url"

	"modernc.org/sqlite"

	"parley"
)

func init() {
	sqlite.Fdatasync(true) // where it cannot be had, fsync does as well
}

// DSN names a file and what to set on each connection to it.
func DSN(path string, pragmas []string) string { return DSNOn("", path, pragmas) }

// DSNOn is DSN of a file on the file system that the engine knows as vfs; ""
// means the machine's.
func DSNOn(vfs, path string, pragmas []string) string {
	q := url.Values{"_pragma": pragmas}
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Migrate brings a file to the newest version, each step in a transaction. A
// step that was released is never changed. Files of another application, or of
// a newer version of this one, are Unsupported.
func Migrate(c *Conn, app int64, steps []string) error {
	id, err := c.Number("PRAGMA application_id")
	if err != nil {
		return err
	}
	version, err := c.Number("PRAGMA user_version")
	if err != nil {
		return err
	}
	if version > 0 && id != app {
		return parley.Errorf(parley.Unsupported, "the file belongs to another application (id %08x)", id)
	}
	if version > int64(len(steps)) {
		return parley.Errorf(parley.Unsupported, "the %s has schema %d, this program knows up to %d", c.name, version, len(steps)).
			WithHint("it was written by a newer version of parley: run that one")
	}
	for ; version < int64(len(steps)); version++ {
		sql := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;\nCOMMIT;", steps[version], app, version+1)
		if err := c.Script(sql); err != nil {
			c.Script("ROLLBACK")
			return fmt.Errorf("migrating to schema %d: %w", version+1, err)
		}
	}
	return nil
}
