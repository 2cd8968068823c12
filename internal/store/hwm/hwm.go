// Package hwm keeps the high-water mark of our own logs: how far each was when
// something of it last left the process. It lives outside the store and its
// backups, so that a station which woke up with an older store knows it, and
// opens a new generation instead of forking (spec/log.md, Generations).
//
// Each line has a file of two slots, written in turn and synced: a write that
// is torn by a power cut leaves the other slot as it was. That takes a fifth of
// the time of writing a new file and renaming it, and is as safe.
package hwm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"parley"
	"parley/internal/line"
)

// Mark is the largest size of our log of a line that may have left the process.
type Mark struct {
	Gen  parley.GenerationID
	Size uint64
	Root line.Hash
}

// Marks are the marks of a station's lines. It is safe for concurrent use.
type Marks struct {
	dir   string
	mu    sync.Mutex
	files map[parley.LineID]*file
}

// file is the open file of one line.
type file struct {
	mu sync.Mutex
	f  *os.File
	*Slots
}

// synced is a file of ours on a real disk.
type synced struct{ *os.File }

// Sync makes what was written durable; the size of the file never changes.
func (s synced) Sync() error { return datasync(s.File) }

// Open opens the directory of the marks, and makes it when there is none.
func Open(dir string) (*Marks, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening high-water marks: %w", diskError(err))
	}
	return &Marks{dir: dir, files: map[parley.LineID]*file{}}, nil
}

// Load returns the mark of a line; ok is false when none was ever stored. The
// error is Corrupt when one was and cannot be read: then our log is in doubt.
func (m *Marks) Load(l parley.LineID) (mark Mark, ok bool, err error) {
	m.mu.Lock()
	_, open := m.files[l]
	m.mu.Unlock()
	if _, err := os.Lstat(m.path(l)); !open && errors.Is(err, fs.ErrNotExist) {
		return Mark{}, false, nil
	}
	f, err := m.file(l)
	if err != nil {
		return Mark{}, false, fmt.Errorf("loading the high-water mark of line %s: %w", l, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	mark, ok = f.Mark()
	return mark, ok, nil
}

// Store makes the mark of a line durable. Within a generation it never goes
// back: a smaller size is passed over.
func (m *Marks) Store(l parley.LineID, mark Mark) error {
	f, err := m.file(l)
	if err != nil {
		return fmt.Errorf("storing the high-water mark of line %s: %w", l, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.Slots.Store(mark); err != nil {
		return fmt.Errorf("storing the high-water mark of line %s: %w", l, diskError(err))
	}
	return nil
}

// Close closes the files.
func (m *Marks) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for l, f := range m.files {
		f.mu.Lock()
		errs = append(errs, f.f.Close())
		f.mu.Unlock()
		delete(m.files, l)
	}
	return errors.Join(errs...)
}

// FileName is the name of a line's file in the directory of the marks.
func FileName(l parley.LineID) string { return l.String() + ".mark" }

func (m *Marks) path(l parley.LineID) string { return filepath.Join(m.dir, FileName(l)) }

// file opens the file of a line, and makes it when there is none.
func (m *Marks) file(l parley.LineID) (*file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.files[l]; f != nil {
		return f, nil
	}
	h, err := os.OpenFile(m.path(l), os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		h, err = m.create(l)
	}
	if err != nil {
		return nil, diskError(err)
	}
	slots, err := OpenSlots(synced{h}, l)
	if err != nil {
		h.Close()
		return nil, err
	}
	f := &file{f: h, Slots: slots}
	m.files[l] = f
	return f, nil
}

// create makes a file with both slots written and empty, so that storing a
// mark changes no metadata; it appears under its name only when it is whole.
func (m *Marks) create(l parley.LineID) (*os.File, error) {
	tmp := m.path(l) + ".new"
	h, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err = h.Write(make([]byte, FileSize)); err == nil {
		err = h.Sync()
	}
	if err == nil {
		err = os.Rename(tmp, m.path(l))
	}
	if err == nil {
		err = syncDir(m.dir)
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func diskError(err error) error {
	kind, hint := parley.Unavailable, "look at the disk of the high-water marks; nothing leaves the station without it"
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		kind, hint = parley.DiskFull, "free space on the disk of the high-water marks"
	}
	return parley.Errorf(kind, "%v", err).WithHint("%s", hint)
}
