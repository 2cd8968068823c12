package control

import (
	"fmt"
	"os"
	"path/filepath"

	"parley"
)

// maxSocketName is the longest name the kernel takes for a Unix socket (108
// bytes with the final zero).
const maxSocketName = 107

// shortName returns a name for the socket at path that fits the kernel's limit:
// path itself, or one through an open descriptor of its directory. release
// closes that descriptor; the name is good until then.
func shortName(path string) (name string, release func(), err error) {
	if len(path) <= maxSocketName {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, parley.Errorf(parley.Unavailable, "opening the directory of the local socket: %v", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)), func() { dir.Close() }, nil
}
