package station

import (
	"os"
	"path/filepath"

	"parley"
)

// replaceFile puts b at path with mode 0600, whole and durable or not at all.
// The error is of kind DiskFull or Unavailable, and the earlier file stands.
func replaceFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return diskError("writing", path, err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return diskError("writing", path, err)
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return diskError("writing", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return diskError("writing", dir, err)
	}
	return nil
}

func diskError(doing, path string, err error) error {
	if isFull(err) {
		return parley.Errorf(parley.DiskFull, "%s %s: %v", doing, path, err).WithHint("free space on that disk and try again; nothing was lost")
	}
	return parley.Errorf(fileKind(err), "%s %s: %v", doing, path, err)
}
