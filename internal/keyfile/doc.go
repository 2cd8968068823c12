// Package keyfile is how a secret lies on disk: a file that its owner alone may
// read, under a passphrase or plain, and the file or systemd credential that
// holds the passphrase.
//
// It decides nothing that is believed of others, so it stands outside the
// trusted core (docs/decisions/0002).
package keyfile
