package station

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"parley"
)

// lockPath takes the exclusive lock of a file, which it makes, and waits for
// it until ctx ends. The lock goes with the process, however that ends. The
// error is Unavailable.
func lockPath(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, diskError("locking", path, err)
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, diskError("locking", path, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, parley.Errorf(parley.Unavailable, "another act on it is under way: %v", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// held reports whether a process holds the lock of a file.
func held(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
