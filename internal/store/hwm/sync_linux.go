package hwm

import (
	"os"
	"syscall"
)

// datasync makes the bytes of a file durable whose size did not change.
func datasync(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return err
		}
	}
}
