package sqlfile

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

// Error gives an error of the engine or the disk its kind: DiskFull, Corrupt,
// Unavailable, Internal. name is what the file is called to its reader. One
// that has a kind keeps it, and sql.ErrNoRows stays itself.
func Error(name string, err error) error {
	var p *parley.Error
	if err == nil || errors.As(err, &p) || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		if errors.Is(err, sql.ErrConnDone) || strings.Contains(err.Error(), "database is closed") {
			return Closed(name)
		}
		return FileError(err)
	}
	kind, what, hint := parley.Internal, name, ""
	switch e.Code() & 0xff {
	case codeBusy, codeLocked:
		kind, what = parley.Unavailable, "the "+name+" is locked by another program"
		hint = "close whatever else has the file open; nothing was lost"
	case codeFull:
		kind, what = parley.DiskFull, "no room for the "+name
		hint = "free space on the disk of the data directory; nothing that was stored is lost"
	case codeCorrupt, codeNotADB:
		kind, what, hint = parley.Corrupt, "the "+name+" is damaged", "run parley fsck"
	case codeIO, codeCantOpen, codeReadonly:
		kind, what = parley.Unavailable, "the disk failed"
		hint = "look at the disk, its mount and its rights, then start again; run parley fsck"
	}
	return &parley.Error{Kind: kind, What: what, Hint: hint, Err: err}
}

// Closed is what is answered after the file was closed.
func Closed(name string) error { return parley.Errorf(parley.Unavailable, "the %s is closed", name) }

// isIO reports whether the engine could not read or write its file.
func isIO(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == codeIO
}

// FileError gives an error of the file system its kind.
func FileError(err error) error {
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
