package main

import (
	"fmt"

	"parley/internal/key"
)

// rootKeyKind is the kind of a root key's secret file.
const rootKeyKind = "root key"

// openRootKey reads a root key file into this process.
func openRootKey(path string, pass []byte) (key.Signer, error) {
	seed, err := key.ReadSecret(path, rootKeyKind, pass)
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

// realBackend is the program's own.
func realBackend() backend { return backend{RootKey: openRootKey} }
