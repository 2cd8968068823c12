package main

import (
	"context"
	"io"
	"log/slog"

	"parley/internal/key"
)

// backend is what the command line needs beyond the socket: the acts on a data
// directory or a file, with no station running or before one does.
type backend struct {
	Init    func(initOptions) (initResult, error)
	Run     func(ctx context.Context, dir string, log *slog.Logger, ready func()) error
	Check   func(dir string) ([]finding, error)
	Fsck    func(dir string, progress func(done, total int64)) (reporter, error)
	Backup  func(ctx context.Context, dir string, w io.Writer) error
	Restore func(src, dir string, opts restoreOptions) error
	Recover func(dir, line string, root key.Signer, founding []byte) (certificate []byte, err error)
	Verify  func(r io.Reader, o verifyOptions) (reporter, error)
	Desk    func(dir string) (deskInfo, error)
	RootKey func(path string, pass []byte) (key.Signer, error)
}

// initOptions says what station to make.
type initOptions struct {
	Dir         string
	RootKeyPath string
	Party       string
	Name        string
	Languages   []string
	ListenQUIC  string
	ListenTLS   string
	Desk        string

	AnnounceQUIC, AnnounceTLS string // what the other side dials, if not the above
	HighWater                 string // directory of the high-water mark; "" beside the data directory
	Administrator             string // name of the first officer
	KeepRoot                  bool   // RootKeyPath is there already and is kept
	RootPassphrase            []byte // of the root key file; nil for none
	Passphrase                []byte // nil: keys are protected by file permissions only
	PassphraseFile            string // what the configuration will name
}

// initResult is what init has to tell, once.
type initResult struct {
	Config    string   `json:"config"`
	RootKey   string   `json:"root_key"`
	SeatToken string   `json:"seat_token"`
	Share     []string `json:"recovery_share"`
}

// finding is one result of check.
type finding struct {
	Level string `json:"level"` // ok, warn, fail
	What  string `json:"what"`
	Hint  string `json:"hint,omitempty"`
}

// reporter is a result that people read as lines and programs as JSON. Bad
// counts what is wrong.
type reporter interface {
	Lines() []string
	Bad() int
}

// restoreOptions say how to open a backup.
type restoreOptions struct {
	Share      []string // the paper recovery share; empty: the passphrase opens it
	Passphrase []byte   // with a share: protects the keys from now on
	HighWater  string   // "": as the configuration says
}

// deskInfo is what the command line knows of the web console from the
// configuration.
type deskInfo struct {
	URL       string // without a slash at the end
	Languages []string
}

// verifyOptions say how to verify a file.
type verifyOptions struct {
	Founding []byte // hash given out of band; nil for none
	Brief    bool   // list no entries
	All      bool   // go on after a failure
	Progress func(done, total int64)
}
