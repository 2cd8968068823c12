package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"parley"
	"parley/internal/key"
	"parley/internal/station"
)

// parseRootKey opens a root key file that the desk was handed. It goes
// through a file in memory that only this process can open, and never touches a
// disk.
func parseRootKey(file, pass []byte) (key.Signer, error) {
	fd, err := unix.MemfdCreate("root-key", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "opening the root key in memory: %v", err)
	}
	f := os.NewFile(uintptr(fd), "root key")
	defer f.Close()
	if err := f.Chmod(0o600); err != nil {
		return nil, parley.Errorf(parley.Unavailable, "opening the root key in memory: %v", err)
	}
	defer f.Truncate(0)
	if _, err := f.Write(file); err != nil {
		return nil, parley.Errorf(parley.Unavailable, "opening the root key in memory: %v", err)
	}
	k, err := station.LoadRootKey(fmt.Sprintf("/proc/self/fd/%d", fd), pass)
	if err != nil {
		e := parley.Errorf(parley.KindOf(err), "the file is not a root key, or not under this passphrase")
		return nil, e.WithHint("choose the file that parley init wrote with --root-key")
	}
	return k, nil
}
