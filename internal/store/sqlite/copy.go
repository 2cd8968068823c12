package sqlite

import (
	"context"
	"os"
	"path/filepath"
)

// Copy is Store.Backup of the store in dir, which another process may have
// open: the copy is of what was committed when it began.
func Copy(ctx context.Context, dir, dst string) error {
	if _, err := os.Stat(filepath.Join(dir, fileName)); err != nil {
		return fileError(err)
	}
	s := &Store{dir: dir, w: new(writer)}
	return s.Backup(ctx, dst)
}
