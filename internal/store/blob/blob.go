// Package blob keeps sealed attachments as files: dir/<line>/<hash>, and while
// they come in <hash>.part beside <hash>.size, which holds the announced size.
// What stands under its final name was checked against its hash, synced and
// renamed, and its directory synced.
package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/seal"
	"parley/internal/store"
)

// MaxSize is the bound of one attachment in bytes, sealed (spec/bounds.md, 7).
var MaxSize = seal.SealedBlobSize(form.MaxAttachment)

const (
	partSuffix = ".part"
	sizeSuffix = ".size"
)

// Options tune a Dir.
type Options struct {
	// Daily is how many bytes a party may announce on a line in a UTC day;
	// negative: no bound. nil: none for anybody.
	Daily func(parley.LineID, parley.PartyCode) int64
	Least int64            // what an announcement counts at the least: files and names cost too
	Now   func() time.Time // tells the day; nil: time.Now
}

// Dir is a store.Blobs in a directory.
type Dir struct {
	dir   string
	quota quota
	mu    sync.Mutex // one change at a time: bytes come in slower than disks write
}

var _ store.Blobs = (*Dir)(nil)

// Open opens the directory, and makes it when there is none.
func Open(dir string, o Options) (*Dir, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening attachments: %w", fileError(err))
	}
	return &Dir{dir: dir, quota: quota{dir: dir, daily: o.Daily, least: o.Least, now: o.Now, used: map[string]int64{}}}, nil
}

func (d *Dir) path(id store.BlobID) string {
	return filepath.Join(d.dir, id.Line.String(), hex.EncodeToString(id.Hash[:]))
}

// Today is how many bytes a party has announced on a line since midnight, UTC.
func (d *Dir) Today(l parley.LineID, party parley.PartyCode) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.quota.today(l, party)
}

// Create announces a blob.
func (d *Dir) Create(id store.BlobID, from parley.PartyCode, size int64) error {
	if size < 0 || size > MaxSize {
		return parley.Errorf(parley.Oversize, "an attachment of %d bytes is over the limit of %d", size, MaxSize)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, whole, err := d.size(id); err == nil {
		if _, err := d.announced(id); whole || err == nil {
			return nil
		}
		// the size was lost with the power; the bytes go on from where they are
		return fileError(os.WriteFile(d.path(id)+sizeSuffix, []byte(strconv.FormatInt(size, 10)), 0o600))
	}
	if err := d.makeDir(filepath.Dir(d.path(id))); err != nil {
		return fileError(err)
	}
	if err := d.quota.take(id.Line, from, size); err != nil {
		return err
	}
	if err := os.WriteFile(d.path(id)+sizeSuffix, []byte(strconv.FormatInt(size, 10)), 0o600); err != nil {
		return fileError(err)
	}
	f, err := os.OpenFile(d.path(id)+partSuffix, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fileError(err)
	}
	return fileError(f.Close())
}

// makeDir makes the directory of a line, durably.
func (d *Dir) makeDir(dir string) error {
	switch err := os.Mkdir(dir, 0o700); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return syncDir(d.dir)
}

// WriteAt appends p at offset.
func (d *Dir) WriteAt(id store.BlobID, p []byte, offset int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, whole, err := d.size(id)
	switch {
	case err != nil:
		return err
	case whole || offset != n:
		return parley.Errorf(parley.Conflict, "attachment %x has %d bytes; %d more do not follow at %d", id.Hash[:8], n, len(p), offset)
	}
	if want, err := d.announced(id); err != nil {
		return err
	} else if offset+int64(len(p)) > want {
		return parley.Errorf(parley.Oversize, "attachment %x grows beyond the %d bytes announced", id.Hash[:8], want)
	}
	f, err := os.OpenFile(d.path(id)+partSuffix, os.O_WRONLY, 0)
	if err != nil {
		return fileError(err)
	}
	_, err = f.WriteAt(p, offset)
	if err != nil {
		f.Truncate(offset) // what was here stays
	}
	return fileError(errors.Join(err, f.Close()))
}

// Size returns how many bytes are here.
// It waits for nobody: pages ask for many.
func (d *Dir) Size(id store.BlobID) (n int64, whole bool, err error) { return d.size(id) }

func (d *Dir) size(id store.BlobID) (n int64, whole bool, err error) {
	if fi, err := os.Stat(d.path(id)); err == nil {
		return fi.Size(), true, nil
	}
	fi, err := os.Stat(d.path(id) + partSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, parley.Errorf(parley.NotFound, "no attachment %x", id.Hash[:8])
	}
	if err != nil {
		return 0, false, fileError(err)
	}
	return fi.Size(), false, nil
}

func (d *Dir) announced(id store.BlobID) (int64, error) {
	b, err := os.ReadFile(d.path(id) + sizeSuffix)
	if err != nil {
		return 0, fileError(err)
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 || n > MaxSize {
		return 0, parley.Errorf(parley.Corrupt, "attachment %x: its announced size cannot be read", id.Hash[:8]).
			WithHint("delete it; the other side sends it again")
	}
	return n, nil
}

// Complete checks the hash and makes the blob whole and durable.
func (d *Dir) Complete(id store.BlobID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, whole, err := d.size(id)
	if err != nil || whole {
		return err
	}
	want, err := d.announced(id)
	if err != nil {
		return err
	}
	if n < want {
		return parley.Errorf(parley.Gap, "attachment %x has %d of %d bytes", id.Hash[:8], n, want)
	}
	part := d.path(id) + partSuffix
	sum, err := syncedHash(part)
	if err != nil {
		return fileError(err)
	}
	if sum != id.Hash {
		if err := d.remove(id); err != nil {
			return err
		}
		return parley.Errorf(parley.BadProof, "attachment %x: its bytes have another hash, and were dropped", id.Hash[:8]).
			WithHint("ask for it again")
	}
	if err := os.Rename(part, d.path(id)); err != nil {
		return fileError(err)
	}
	if err := syncDir(filepath.Dir(part)); err != nil {
		return fileError(err)
	}
	if err := os.Remove(d.path(id) + sizeSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError(err)
	}
	return nil
}

// syncedHash syncs a file and returns SHA-256 of it.
func syncedHash(path string) (sum line.Hash, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return sum, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, err
	}
	h.Sum(sum[:0])
	return sum, nil
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Open reads a whole blob.
func (d *Dir) Open(id store.BlobID) (io.ReadSeekCloser, error) {
	f, err := os.Open(d.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, parley.Errorf(parley.NotFound, "attachment %x is not here, or not whole", id.Hash[:8])
	}
	if err != nil {
		return nil, fileError(err)
	}
	return f, nil
}

// Delete removes the blob.
func (d *Dir) Delete(id store.BlobID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.remove(id)
}

func (d *Dir) remove(id store.BlobID) error {
	for _, suffix := range []string{"", partSuffix, sizeSuffix} {
		if err := os.Remove(d.path(id) + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileError(err)
		}
	}
	return nil
}

// List returns the blobs of a line in order of hash.
func (d *Dir) List(l parley.LineID) (out []store.BlobInfo, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	names, err := os.ReadDir(filepath.Join(d.dir, l.String()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fileError(err)
	}
	for _, e := range names {
		sum, err := hex.DecodeString(strings.TrimSuffix(e.Name(), partSuffix))
		if err != nil || len(sum) != len(line.Hash{}) {
			continue
		}
		b := store.BlobInfo{ID: store.BlobID{Line: l, Hash: line.Hash(sum)}}
		if b.Bytes, b.Whole, err = d.size(b.ID); err != nil {
			return nil, err
		}
		b.Size = b.Bytes
		if !b.Whole {
			// A size that was lost with the power is announced again: 0 until then.
			if b.Size, err = d.announced(b.ID); err != nil && parley.KindOf(err) != parley.Corrupt {
				return nil, err
			}
		}
		out = append(out, b)
	}
	return slices.CompactFunc(out, func(a, b store.BlobInfo) bool { return a.ID == b.ID }), nil
}

func fileError(err error) error {
	var p *parley.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return parley.Errorf(parley.DiskFull, "%v", err).WithHint("free space on the disk of the data directory; what is here of the attachment stays")
	}
	return parley.Errorf(parley.Unavailable, "%v", err).WithHint("look at the disk of the data directory")
}
