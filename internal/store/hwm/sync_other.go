//go:build !linux

package hwm

import "os"

func datasync(f *os.File) error { return f.Sync() }
