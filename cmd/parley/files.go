package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"parley"
)

// maxSmallFile bounds files that are read whole: keys, words, pairing files,
// texts.
const maxSmallFile = 4 << 20

// readSecret reads a file that only its owner may read. A trailing line break
// is not part of the secret.
func readSecret(path string) ([]byte, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, fileError("reading the secret", path, err)
	}
	if perm := fi.Mode().Perm(); perm&0o077 != 0 {
		return nil, parley.Errorf(parley.NotAllowed, "the secret in %s can be read by others (mode %04o)", path, perm).
			WithHint("protect it: chmod 600 %s", path)
	}
	b, err := readSmall("reading the secret", path)
	if err != nil {
		return nil, err
	}
	b = bytes.TrimRight(b, "\r\n")
	if len(b) == 0 {
		return nil, parley.Errorf(parley.Malformed, "the secret in %s is empty", path)
	}
	return b, nil
}

// secretAt is readSecret; nil for no path.
func secretAt(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	return readSecret(path)
}

func readSmall(doing, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(doing, path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSmallFile+1))
	if err != nil {
		return nil, fileError(doing, path, err)
	}
	if len(b) > maxSmallFile {
		return nil, parley.Errorf(parley.Oversize, "%s: %s is over %s", doing, path, size(maxSmallFile))
	}
	return b, nil
}

// fileError gives a file system error its kind.
func fileError(doing, path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	kind := parley.Unavailable
	switch {
	case errors.Is(err, fs.ErrNotExist):
		kind = parley.NotFound
	case errors.Is(err, fs.ErrPermission):
		kind = parley.NotAllowed
	case errors.Is(err, fs.ErrExist):
		kind = parley.Conflict
	}
	e := parley.Errorf(kind, "%s: %s: %v", doing, path, err)
	if kind == parley.Conflict {
		e = e.WithHint("choose another name: nothing is written over")
	}
	return e
}

// output is a file being written, or standard output. A file appears under its
// name only when it is whole and on disk, and never over another.
type output struct {
	w    io.Writer
	tmp  *os.File
	path string
}

// create opens path for writing; "" and "-" are standard output, which must not
// be a terminal when the bytes are not text.
func (s *session) create(path string) (*output, error) {
	if path == "" || path == "-" {
		if terminal(s.rawOut) {
			return nil, usagef("name a file: -o FILE; or send it on: parley ... > FILE", "the output is not text, and standard output is a terminal")
		}
		return &output{w: s.out}, nil
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, fileError("writing", path, fs.ErrExist)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fileError("writing", path, err)
	}
	return &output{w: tmp, tmp: tmp, path: path}, nil
}

func (o *output) Write(b []byte) (int, error) { return o.w.Write(b) }

// commit makes the file durable under its name.
func (o *output) commit() error {
	if o.tmp == nil {
		return nil
	}
	defer o.discard()
	if err := o.tmp.Sync(); err != nil {
		return fileError("writing", o.path, err)
	}
	if err := renameNew(o.tmp.Name(), o.path); err != nil {
		return fileError("writing", o.path, err)
	}
	return syncDir(filepath.Dir(o.path))
}

// renameNew renames and never replaces, also on file systems without links (a
// stick). Where the kernel cannot promise it, the name is looked at first.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fileError("writing", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fileError("writing", dir, err)
	}
	return nil
}

// discard forgets what was written and not committed.
func (o *output) discard() {
	if o.tmp != nil {
		o.tmp.Close()
		os.Remove(o.tmp.Name())
		o.tmp = nil
	}
}

// write writes b to path in one go.
func (s *session) write(path string, b []byte) error {
	o, err := s.create(path)
	if err != nil {
		return err
	}
	defer o.discard()
	if _, err := o.Write(b); err != nil {
		return fileError("writing", path, err)
	}
	return o.commit()
}

// writeText is write for bytes that may go to a screen.
func (s *session) writeText(path string, b []byte) error {
	if path == "" || path == "-" {
		_, err := s.out.Write(b)
		return err
	}
	if err := s.write(path, b); err != nil {
		return err
	}
	return s.wrote(path, int64(len(b)))
}
