package station

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"parley"
	"parley/internal/key"
	"parley/internal/own"
	"parley/internal/pair"
	"parley/internal/store/sqlite"
)

// A backup is one tar file. Its last member, manifest, names every other with
// its SHA-256. It holds what a station needs to go on elsewhere and no log,
// receipt or receiving private key, no epoch secret, no seat and no session: a
// restored station cannot go on with its old log even by mistake. What people
// wrote is sealed under the storage key, which is in the backup only under a
// passphrase; the recovery share opens it as well. The TLS key is in it, sealed
// under the storage key: the others have it pinned, and a station that came
// back with another could not reach them.
//
// The manifest is sealed under the storage key: what was put into a backup, or taken
// out of it, where it lay is not restored. Without that whoever can write there could
// name an alarm command in the configuration, or officers.
const (
	manifestName  = "manifest"
	manifestMagic = "parley backup 2"
	manifestSeal  = "backup manifest" // what its hash is sealed for, in the last line
)

// Backup writes a backup of the station in cfg.Dir to dst, whole and durable or
// not at all. The station may run meanwhile. dst must not exist (Conflict).
func Backup(ctx context.Context, cfg Config, dst string) (err error) {
	if _, err := os.Lstat(dst); err == nil {
		return parley.Errorf(parley.Conflict, "%s exists", dst).WithHint("choose another name: nothing is written over")
	}
	f, err := os.CreateTemp(filepath.Dir(dst), "."+filepath.Base(dst)+".*")
	if err != nil {
		return diskError("writing", dst, err)
	}
	defer os.Remove(f.Name())
	err = WriteBackup(ctx, cfg, f)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Link(f.Name(), dst) // never replaces
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", dst, err)
	}
	return syncDir(filepath.Dir(dst))
}

// WriteBackup writes a backup to w. It is not finished, and no use, when an
// error is returned. Copies of the databases are made in the data directory and
// removed again.
func WriteBackup(ctx context.Context, cfg Config, w io.Writer) error {
	storage, tls, err := openKeys(cfg)
	if err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	clear(tls[:])
	tmp, err := os.MkdirTemp(cfg.Dir, ".backup-*")
	if err != nil {
		return diskError("backing up", cfg.Dir, err)
	}
	defer os.RemoveAll(tmp)
	b := &backup{cfg: cfg, ctx: ctx, storage: storage, tar: tar.NewWriter(w), sums: map[string]string{}}
	ps := &pairings{dir: cfg.path(pairingDir), storage: storage}
	done, err := finished(ps)
	if err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	if err := sqlite.Copy(ctx, cfg.Dir, filepath.Join(tmp, storeFile)); err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	o, err := own.Open(cfg.path(ownFile), storage)
	if err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	err = o.Backup(ctx, filepath.Join(tmp, ownFile))
	if e := o.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	if err := b.all(tmp, done); err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	return nil
}

// backup writes the members of one tar file.
type backup struct {
	cfg     Config
	ctx     context.Context
	storage *key.Storage
	tar     *tar.Writer
	sums    map[string]string
}

// all writes every member. The databases come first: an attachment named by an
// entry in them was whole before.
func (b *backup) all(tmp string, pairings []parley.LineID) error {
	for _, name := range []string{storeFile, ownFile} {
		if err := b.file(name, filepath.Join(tmp, name)); err != nil {
			return err
		}
	}
	names := []string{ConfigName, tlsFile, rootFile}
	if sealed, err := underPassphrase(b.cfg.path(storageFile)); err != nil {
		return err
	} else if sealed {
		names = append(names, storageFile)
	}
	for _, name := range names {
		if err := b.file(name, b.cfg.path(name)); err != nil {
			return err
		}
	}
	for _, id := range pairings {
		if err := b.file(pairingDir+"/"+id.String(), filepath.Join(b.cfg.path(pairingDir), id.String())); err != nil {
			return err
		}
	}
	if err := b.blobs(); err != nil {
		return err
	}
	return b.manifest()
}

// underPassphrase reports whether a secret file is sealed under a passphrase.
func underPassphrase(path string) (bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return false, diskError("reading", path, err)
	}
	head, _, _ := strings.Cut(string(text), "\n\n")
	return strings.Contains(head, "\nprotection: scrypt "), nil
}

// finished returns the pairings that hold no private keys, founded or burnt
// ones. One under way is lost with its station, and begins again from the
// invitation. They are listed before the store is copied, so that the line of
// each founded one is in the copy.
func finished(ps *pairings) (ids []parley.LineID, err error) {
	all, err := ps.all()
	for _, p := range all {
		if p.done || p.state.Stage() == pair.Burnt && p.keys == nil {
			ids = append(ids, p.line())
		}
	}
	return ids, err
}

// blobs writes every attachment that is whole.
func (b *backup) blobs() error {
	root := b.cfg.path(blobsDir)
	lines, err := os.ReadDir(root)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return diskError("reading", root, err)
	}
	for _, l := range lines {
		if _, err := parley.ParseLineID(l.Name()); err != nil {
			continue
		}
		files, err := os.ReadDir(filepath.Join(root, l.Name()))
		if err != nil {
			return diskError("reading", root, err)
		}
		for _, f := range files {
			if !isHash(f.Name()) {
				continue // still coming in
			}
			if err := b.file(blobsDir+"/"+l.Name()+"/"+f.Name(), filepath.Join(root, l.Name(), f.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func isHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && hex.EncodeToString(b) == s
}

// file writes one member, of the size the file has now.
func (b *backup) file(name, path string) error {
	if b.ctx.Err() != nil {
		return parley.Errorf(parley.Unavailable, "interrupted")
	}
	f, err := os.Open(path)
	if err != nil {
		return diskError("reading", path, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return diskError("reading", path, err)
	}
	if err := b.tar.WriteHeader(member(name, st.Size())); err != nil {
		return err
	}
	h := sha256.New()
	if n, err := io.Copy(io.MultiWriter(b.tar, h), io.LimitReader(f, st.Size())); err != nil || n != st.Size() {
		return parley.Errorf(parley.Unavailable, "copying %s: %d of %d bytes: %v", name, n, st.Size(), err)
	}
	b.sums[name] = hex.EncodeToString(h.Sum(nil))
	return nil
}

func member(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, Format: tar.FormatPAX, ModTime: time.Unix(0, 0)}
}

// manifest writes the last member and ends the file: a line of magic with party
// and time, a line for each member, and the seal of all these lines.
func (b *backup) manifest() error {
	names := make([]string, 0, len(b.sums))
	for n := range b.sums {
		names = append(names, n)
	}
	sort.Strings(names)
	var t strings.Builder
	fmt.Fprintf(&t, "%s %s %s\n", manifestMagic, b.cfg.Party, time.Now().UTC().Format(time.RFC3339))
	for _, n := range names {
		fmt.Fprintf(&t, "%s  %s\n", b.sums[n], n)
	}
	t.WriteString(sealLine(b.storage, t.String()))
	if err := b.tar.WriteHeader(member(manifestName, int64(t.Len()))); err != nil {
		return err
	}
	if _, err := io.WriteString(b.tar, t.String()); err != nil {
		return err
	}
	return b.tar.Close()
}

// sealLine is the last line of a manifest whose other lines are text.
func sealLine(storage *key.Storage, text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("sealed  %x\n", storage.Seal(manifestSeal, sum[:]))
}
