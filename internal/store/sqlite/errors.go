package sqlite

import (
	"database/sql/driver"
	"path/filepath"

	"parley"
	"parley/internal/sqlfile"
)

// dbName is what errors call the file.
const dbName = "database"

func corrupt(format string, args ...any) error {
	return parley.Errorf(parley.Corrupt, format, args...).WithHint("run parley fsck")
}

func dbError(err error) error { return sqlfile.Error(dbName, err) }

func connect(path string, pragmas []string) (*sqlfile.Conn, error) {
	return sqlfile.Connect(dbName, path, pragmas)
}

// connect opens another connection to the store's file.
func (s *Store) connect(pragmas []string) (*sqlfile.Conn, error) {
	return sqlfile.ConnectOn(s.vfs(), dbName, filepath.Join(s.dir, fileName), pragmas)
}

// vfs is what the engine calls the file system of the store; "" is the machine's.
func (s *Store) vfs() string {
	if s.disk == nil {
		return ""
	}
	return s.disk.VFS()
}

// tx is a transaction, with the generations made in it.
type tx struct {
	*sqlfile.Tx
	gens map[genKey]*gen // made here, or given a party here
}

// run does one change (sqlfile.Writer.Run).
func (s *Store) run(durable bool, do func(*tx) error) error {
	return s.w.Run(durable, func(t *sqlfile.Tx) error { return do(&tx{Tx: t}) })
}

// num, blob and text read a column; the zero value for NULL.
func num(v driver.Value) int64 { n, _ := v.(int64); return n }

func blob(v driver.Value) []byte { b, _ := v.([]byte); return b }

func text(v driver.Value) string { s, _ := v.(string); return s }
