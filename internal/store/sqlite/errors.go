package sqlite

import (
	"database/sql"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"modernc.org/sqlite"

	"parley"
)

// Primary result codes of SQLite.
const (
	codeBusy     = 5
	codeLocked   = 6
	codeReadonly = 8
	codeIO       = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeNotADB   = 26
)

func corrupt(format string, args ...any) error {
	return parley.Errorf(parley.Corrupt, format, args...).WithHint("run parley fsck")
}

// dbError gives an error of the engine its kind; one that has a kind keeps it.
func dbError(err error) error {
	if err == nil {
		return nil
	}
	var p *parley.Error
	if errors.As(err, &p) {
		return err
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		if errors.Is(err, sql.ErrConnDone) || strings.Contains(err.Error(), "database is closed") {
			return errClosed()
		}
		return fileError(err)
	}
	kind, what, hint := parley.Internal, "database", ""
	switch e.Code() & 0xff {
	case codeBusy, codeLocked:
		kind, what = parley.Unavailable, "the database is locked by another program"
		hint = "close whatever else has " + fileName + " open; nothing was lost"
	case codeFull:
		kind, what = parley.DiskFull, "no room for the database"
		hint = "free space on the disk of the data directory; nothing that was stored is lost"
	case codeCorrupt, codeNotADB:
		kind, what, hint = parley.Corrupt, "the database is damaged", "run parley fsck"
	case codeIO, codeCantOpen, codeReadonly:
		kind, what = parley.Unavailable, "the disk failed"
		hint = "look at the disk, its mount and its rights, then start again; run parley fsck"
	}
	return &parley.Error{Kind: kind, What: what, Hint: hint, Err: err}
}

// isIO reports whether the engine could not read or write its file.
func isIO(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == codeIO
}

// fileError gives an error of the file system its kind.
func fileError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return parley.Errorf(parley.DiskFull, "%v", err).WithHint("free space on the disk of the data directory")
	case errors.Is(err, fs.ErrPermission):
		return parley.Errorf(parley.Unavailable, "%v", err).WithHint("the station's user must own the data directory")
	case errors.Is(err, fs.ErrExist):
		return parley.Errorf(parley.Conflict, "%v", err)
	}
	return parley.Errorf(parley.Unavailable, "%v", err)
}

func errClosed() error { return parley.Errorf(parley.Unavailable, "the store is closed") }
