package station

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"parley"
	"parley/internal/key"
	"parley/internal/keyfile"
	"parley/internal/wire"
)

// Files of a data directory that hold keys.
const (
	storageFile = "storage.key" // under the passphrase, when there is one
	tlsFile     = "tls.key"     // under the storage key
	nextTLSFile = "tls.next"    // the TLS key to come, while it is being made known
	rootFile    = "root.pub"    // the public half of the root key
	ownFile     = "own.db"
	storeFile   = "parley.db"
	blobsDir    = "blobs"
	pairingDir  = "pairing"
	lockFile    = "lock"
)

// Kinds of secret files.
const (
	storageKind = "storage key"
	tlsKind     = "tls key"
	rootKind    = "root key"
)

const (
	rootArmour = "PARLEY ROOT PUBLIC KEY"
	credential = "credential:"
	tlsSeal    = "tls key" // the name the TLS key is sealed for
)

// openKeys opens the storage key, under the passphrase of the configuration
// when it is sealed, and with it the TLS key. Errors name the file.
func openKeys(cfg Config) (*key.Storage, [32]byte, error) {
	pass, err := passphrase(cfg)
	if err != nil {
		return nil, [32]byte{}, fmt.Errorf("reading the passphrase: %w", err)
	}
	defer clear(pass)
	return openKeysWith(cfg, pass)
}

func openKeysWith(cfg Config, pass []byte) (*key.Storage, [32]byte, error) {
	seed, err := keyfile.Read(cfg.path(storageFile), storageKind, pass)
	if err != nil {
		return nil, [32]byte{}, fmt.Errorf("opening the storage key: %w", err)
	}
	defer clear(seed)
	storage, err := key.StorageFromSeed(seed)
	if err != nil {
		return nil, [32]byte{}, fmt.Errorf("opening the storage key: %w", err)
	}
	tls, err := openTLS(cfg, storage)
	return storage, tls, err
}

func openTLS(cfg Config, storage *key.Storage) (seed [32]byte, err error) {
	return openTLSFile(cfg, storage, tlsFile)
}

func openTLSFile(cfg Config, storage *key.Storage, name string) (seed [32]byte, err error) {
	sealed, err := keyfile.Read(cfg.path(name), tlsKind, nil)
	if err != nil {
		return seed, fmt.Errorf("opening the TLS key: %w", err)
	}
	b, err := storage.Open(tlsSeal, sealed)
	if err != nil {
		return seed, fmt.Errorf("opening the TLS key: %w", parley.Errorf(parley.Unreadable, "%s does not open under this storage key", cfg.path(name)).
			WithHint("storage.key and tls.key must be of one station"))
	}
	defer clear(b)
	if copy(seed[:], b) != len(seed) || len(b) != len(seed) {
		return seed, parley.Errorf(parley.Corrupt, "opening the TLS key: a secret of %d bytes, want %d", len(b), len(seed))
	}
	return seed, nil
}

// writeKeys makes both secrets durable in dir. The TLS key is sealed under the
// storage key, so that a backup can hold it.
func writeKeys(dir string, storage *key.Storage, tls [32]byte, pass []byte) error {
	seed := storage.Seed()
	defer clear(seed)
	if err := keyfile.Write(filepath.Join(dir, storageFile), storageKind, seed, pass); err != nil {
		return err
	}
	return keyfile.Write(filepath.Join(dir, tlsFile), tlsKind, storage.Seal(tlsSeal, tls[:]), nil)
}

// passphrase reads the passphrase that the configuration names; nil when it
// names none. A name without a slash is a systemd credential where systemd has
// passed any, else a file in the data directory.
func passphrase(cfg Config) ([]byte, error) {
	p := cfg.Passphrase
	switch {
	case p == "":
		return nil, nil
	case strings.HasPrefix(p, credential), filepath.IsAbs(p):
	case !strings.Contains(p, "/") && os.Getenv("CREDENTIALS_DIRECTORY") != "":
		p = credential + p
	default:
		p = cfg.path(p)
	}
	return keyfile.Passphrase(p)
}

// LoadRootKey opens a root key file. It is for the process of a person who has
// the medium at hand; a station never keeps the key.
func LoadRootKey(path string, pass []byte) (key.Signer, error) {
	seed, err := keyfile.Read(path, rootKind, pass)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	k, err := key.PairFromSeed(seed)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return k, nil
}

// rootText is the file of the public half of the root key.
func rootText(p key.Public) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: rootArmour, Bytes: wire.Encode(p)})
}

// loadRoot reads the public half of this party's root key.
func loadRoot(cfg Config) (p key.Public, err error) {
	path := cfg.path(rootFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return p, parley.Errorf(fileKind(err), "reading the root key's public half: %v", err).
			WithHint("take %s from a backup; the root key itself stays off the station", rootFile)
	}
	block, rest := pem.Decode(b)
	if block == nil || block.Type != rootArmour || len(bytes.TrimSpace(rest)) > 0 {
		return p, parley.Errorf(parley.Corrupt, "%s is not the public half of a root key", path)
	}
	if err := wire.Decode(block.Bytes, &p); err != nil || p.IsZero() {
		return p, parley.Errorf(parley.Corrupt, "%s is not the public half of a root key", path)
	}
	return p, nil
}

func fileKind(err error) parley.Kind {
	switch {
	case os.IsNotExist(err):
		return parley.NotFound
	case os.IsPermission(err):
		return parley.NotAllowed
	case os.IsExist(err):
		return parley.Conflict
	}
	return parley.Unavailable
}
