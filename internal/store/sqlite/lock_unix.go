//go:build unix

package sqlite

import (
	"errors"
	"os"
	"parley/internal/sqlfile"
	"syscall"

	"parley"
)

// lockFile takes the exclusive lock of a data directory; it goes with the
// process, however that ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, sqlfile.FileError(err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, parley.Errorf(parley.Unavailable, "another process holds this data directory").
			WithHint("a station runs on it already; stop that one first, or talk to it")
	}
	return nil, sqlfile.FileError(err)
}
