package sqlite

import (
	"context"
	"os"
	"path/filepath"

	"parley/internal/sqlfile"
)

// Copy is Store.Backup of the store in dir, which another process may have
// open: the copy is of what was committed when it began.
func Copy(ctx context.Context, dir, dst string) error {
	if _, err := os.Stat(filepath.Join(dir, fileName)); err != nil {
		return sqlfile.FileError(err)
	}
	s := &Store{dir: dir} // without a writer: it only reads
	return s.Backup(ctx, dst)
}
