package station

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"parley"
	"parley/internal/key"
	"parley/internal/keyfile"
	"parley/internal/own"
	"parley/internal/store/sqlite"
)

// maxMembers and maxManifest bound what Restore reads of a file that may not be
// ours.
const (
	maxMembers  = 1 << 20
	maxManifest = 256 << 20
)

// RestoreOptions say how to open a backup: with the recovery share, or with the
// passphrase that sealed the storage key in it.
type RestoreOptions struct {
	Share      []string
	Passphrase []byte // with a share: seals the storage key from now on
	HighWater  string // where the mark is from now on; "": as the configuration says
}

// Restore makes a data directory from a backup, in one that is empty or not
// there. Nothing is taken that the manifest does not vouch for, nor a manifest that was
// not sealed under the storage key, and nothing is left behind after an error. The station that comes up is in doubt of every
// log of its own: it opens new generations (Recover). Errors: Malformed and
// Corrupt for a file that is no whole backup, NotAllowed when neither share nor
// passphrase is given that could open it, Unreadable when they do not.
func Restore(src, dir string, o RestoreOptions) (err error) {
	f, err := os.Open(src)
	if err != nil {
		return parley.Errorf(fileKind(err), "opening the backup: %v", err)
	}
	defer f.Close()
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	abandon, err := claim(dir)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			abandon()
			err = fmt.Errorf("restoring %s: %w", src, err)
		}
	}()
	m, err := unpack(f, dir)
	if err != nil {
		return err
	}
	cfg, err := LoadConfig(dir)
	if err != nil {
		return err
	}
	if o.HighWater != "" {
		cfg.HighWater = o.HighWater
		if err := replaceFile(cfg.path(ConfigName), cfg.Text()); err != nil {
			return err
		}
	}
	if err := o.openRestored(cfg, m); err != nil {
		return err
	}
	for _, sub := range []string{blobsDir, pairingDir} {
		if _, err := os.Lstat(cfg.path(sub)); err == nil {
			if err := syncDir(cfg.path(sub)); err != nil {
				return err
			}
		}
	}
	return finish(dir)
}

// openRestored puts the storage key in its place, and proves that the backup was made
// under it, and that all opens.
func (o RestoreOptions) openRestored(cfg Config, m manifest) error {
	if len(o.Share) > 0 {
		storage, err := key.StorageFromShare(o.Share)
		if err != nil {
			return err
		}
		if _, err := openTLS(cfg, storage); err != nil {
			return parley.Errorf(parley.Unreadable, "the recovery share is of another station").WithHint("each station has its own 24 words")
		}
		seed := storage.Seed()
		defer clear(seed)
		if err := keyfile.Write(cfg.path(storageFile), storageKind, seed, o.Passphrase); err != nil {
			return err
		}
	} else if _, err := os.Lstat(cfg.path(storageFile)); err != nil {
		return parley.Errorf(parley.NotAllowed, "the backup holds no storage key, since that had no passphrase").
			WithHint("restore with the recovery share: --share-file FILE")
	} else if len(o.Passphrase) == 0 {
		return parley.Errorf(parley.NotAllowed, "neither a recovery share nor a passphrase is given").
			WithHint("give one: --passphrase-file FILE, or --share-file FILE")
	} else if sealed, err := underPassphrase(cfg.path(storageFile)); err != nil {
		return err
	} else if !sealed { // somebody's own, who sealed the manifest with it
		return parley.Errorf(parley.Corrupt, "the storage key in the backup is under no passphrase, and no backup holds such a key").WithHint("take another copy of it, and find out who could write to this one")
	}
	storage, tls, err := openKeysWith(cfg, o.Passphrase)
	if err != nil {
		return err
	}
	clear(tls[:])
	if err := m.check(storage); err != nil {
		return err
	}
	return openStores(cfg, storage)
}

// manifest is what a backup says of itself: the hash of its lines, and their seal.
type manifest struct {
	sum  [sha256.Size]byte
	seal []byte
}

// check reports whether it was sealed under the storage key. The error is Corrupt.
func (m manifest) check(storage *key.Storage) error {
	if sum, err := storage.Open(manifestSeal, m.seal); err != nil || !bytes.Equal(sum, m.sum[:]) {
		return parley.Errorf(parley.Corrupt, "the backup was altered after it was made: its manifest is not the one that was sealed under the storage key").
			WithHint("take another copy of it, and find out who could write to this one")
	}
	return nil
}

// openStores checks that the databases open, and that the lines know that they
// were restored.
func openStores(cfg Config, storage *key.Storage) error {
	st, err := sqlite.Open(cfg.Dir, storage, sqlite.Options{})
	if err != nil {
		return err
	}
	_, restored, err := st.Restored()
	if e := st.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if !restored {
		return parley.Errorf(parley.Corrupt, "its database is not the copy that a backup makes: starting it could write a second history").
			WithHint("make backups with parley backup only")
	}
	os, err := own.Open(cfg.path(ownFile), storage)
	if err != nil {
		return err
	}
	return os.Close()
}

// unpack writes the members of a backup into dir and checks them against the
// manifest, of which it does not know yet whether it is ours.
func unpack(r io.Reader, dir string) (manifest, error) {
	sums := map[string]string{}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return manifest{}, parley.Errorf(parley.Corrupt, "the backup has no manifest: it is cut off").WithHint("take another copy of it")
		}
		if err != nil {
			return manifest{}, notBackup(err)
		}
		if h.Name == manifestName {
			return checkManifest(t, h, sums)
		}
		if h.Typeflag != tar.TypeReg || isSparse(h) || !memberName(h.Name) || sums[h.Name] != "" || len(sums) >= maxMembers {
			return manifest{}, parley.Errorf(parley.Malformed, "the backup holds %q, which no backup does", h.Name)
		}
		if sums[h.Name], err = unpackFile(t, filepath.Join(dir, filepath.FromSlash(h.Name))); err != nil {
			return manifest{}, err
		}
	}
}

// isSparse reports whether a member has holes: a file of a few bytes could then
// fill the disk.
func isSparse(h *tar.Header) bool {
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return true
		}
	}
	return false
}

func notBackup(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return parley.Errorf(parley.Corrupt, "the backup is cut off").WithHint("take another copy of it")
	}
	return parley.Errorf(parley.Malformed, "it is no backup: %v", err)
}

// memberName reports whether a backup may hold a member of that name.
func memberName(name string) bool {
	switch name {
	case storeFile, ownFile, ConfigName, tlsFile, rootFile, storageFile:
		return true
	}
	part := strings.Split(name, "/")
	if len(part) < 2 {
		return false
	}
	if _, err := parley.ParseLineID(part[1]); err != nil {
		return false
	}
	return len(part) == 2 && part[0] == pairingDir || len(part) == 3 && part[0] == blobsDir && isHash(part[2])
}

// unpackFile writes one member, durably, and returns its SHA-256.
func unpackFile(r io.Reader, path string) (sum string, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", diskError("writing", path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", diskError("writing", path, err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, h), r); err != nil {
		if isFull(err) {
			return "", diskError("writing", path, err)
		}
		return "", notBackup(err)
	}
	if err := f.Sync(); err != nil {
		return "", diskError("writing", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), syncDir(filepath.Dir(path))
}

// checkManifest compares what came with what the manifest says.
func checkManifest(r io.Reader, h *tar.Header, sums map[string]string) (m manifest, err error) {
	if h.Size > maxManifest {
		return m, parley.Errorf(parley.Oversize, "a manifest of %d bytes", h.Size)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return m, notBackup(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if !strings.HasPrefix(lines[0], manifestMagic+" ") {
		return m, parley.Errorf(parley.Unsupported, "the manifest begins with %q, want %q", clipped(lines[0]), manifestMagic)
	}
	last := lines[len(lines)-1]
	text, ok := strings.CutPrefix(last, "sealed  ")
	if m.seal, err = hex.DecodeString(text); err != nil || !ok {
		return m, parley.Errorf(parley.Corrupt, "the manifest has no seal").WithHint("take another copy of the backup")
	}
	m.sum = sha256.Sum256(b[:len(strings.TrimSuffix(string(b), "\n"))-len(last)])
	for _, l := range lines[1 : len(lines)-1] {
		sum, name, ok := strings.Cut(l, "  ")
		if !ok {
			return m, parley.Errorf(parley.Malformed, "the manifest holds the line %q", clipped(l))
		}
		if got, have := sums[name]; !have {
			return m, parley.Errorf(parley.Corrupt, "%s is missing in the backup", name)
		} else if got != sum {
			return m, parley.Errorf(parley.Corrupt, "%s was altered in the backup: its SHA-256 is %s, the manifest says %s", name, got, clipped(sum)).
				WithHint("take another copy of the backup")
		}
		delete(sums, name)
	}
	for name := range sums {
		return m, parley.Errorf(parley.Corrupt, "the manifest does not name %s", name)
	}
	return m, nil
}

func clipped(s string) string { return s[:min(len(s), 80)] }
