package main

import (
	"errors"
	"fmt"
	"io"

	"parley"
)

// The exit codes. They are part of the interface: scripts test them.
const (
	exitOK          = 0 // done
	exitFailed      = 1 // a fault here: of this program, or of our own disk
	exitUsage       = 2 // the command line is wrong
	exitUnavailable = 3 // not now: the line is down, the station is not running, the disk is full
	exitRefused     = 4 // the officer, the office, the charter or the state of things does not permit it
	exitNotFound    = 5 // no such thing
	exitBadInput    = 6 // bytes that do not parse, do not verify, or break the rules
)

const exitHelp = `Exit codes: 0 done; 1 failed; 2 wrong command line; 3 not now (line down, station not running, disk full); 4 refused; 5 not found; 6 bad input: it does not parse or does not verify.`

// exitOf maps a kind to its exit code.
func exitOf(k parley.Kind) int {
	switch k {
	case parley.Unavailable, parley.Quota, parley.DiskFull:
		return exitUnavailable
	case parley.NotAllowed, parley.Conflict:
		return exitRefused
	case parley.NotFound:
		return exitNotFound
	case parley.Malformed, parley.Unsupported, parley.Oversize, parley.BadForm, parley.BadSignature, parley.BadCommitment,
		parley.BadProof, parley.Fork, parley.Rewind, parley.Gap, parley.BadSeen, parley.WrongLine, parley.WrongParty,
		parley.UnknownKey, parley.Unreadable, parley.BadSerial:
		return exitBadInput
	case parley.Internal, parley.Corrupt:
		return exitFailed
	}
	return exitFailed
}

// usageError is a wrong command line.
type usageError struct{ what, hint string }

func (e *usageError) Error() string { return e.what }

func usagef(hint, format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...), hint}
}

// quietError ends with a code after everything has been said.
type quietError struct{ code int }

func (e quietError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// report prints err for people and returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	if q := (quietError{}); errors.As(err, &q) {
		return q.code
	}
	hint, code := parley.HintOf(err), exitOf(parley.KindOf(err))
	var u *usageError
	if errors.As(err, &u) {
		hint, code = u.hint, exitUsage
	}
	fmt.Fprintf(w, "parley: %s\n", clean(err.Error()))
	if hint != "" {
		fmt.Fprintf(w, "hint: %s\n", clean(hint))
	}
	return code
}
