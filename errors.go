package parley

import (
	"errors"
	"fmt"
	"strings"
)

// Kind classes an error. The list is closed; each surface (command line, HTTP,
// wire) maps it with one switch (spec/errors.md).
type Kind uint8

// The kinds.
const (
	Internal      Kind = iota // a fault of this program
	Malformed                 // bytes or text that do not parse, or parse in more than one way
	Unsupported               // a version, suite or form that this station does not know
	Oversize                  // over a bound of spec/bounds.md
	Quota                     // over a bound per time; more will be taken later
	BadSignature              // a signature does not verify, or one of the two is missing
	BadCommitment             // a key does not match the commitment in its leaf
	BadProof                  // a tree hash, inclusion or consistency proof does not verify
	Fork                      // two histories signed by one party
	Rewind                    // a size, serial, time or seen that goes back
	Gap                       // something in between is missing
	BadSeen                   // a claim to have seen what was not held, or a causal break
	WrongLine                 // meant for another line
	WrongParty                // a party that is not on the line, or not who it says
	UnknownKey                // a key that nobody certified
	Unreadable                // sealed so that we cannot open it
	BadSerial                 // a serial out of sequence, or an end that differs
	BadForm                   // a form's fields break its rules
	NotAllowed                // the officer, office or charter does not permit it
	Conflict                  // somebody else did it first
	NotFound                  // no such thing, or hidden from the asker
	Unavailable               // not now: the line, the store or the station is down
	Corrupt                   // our own disk gave back what we did not write
	DiskFull                  // no room to be durable
)

var kindNames = [...]string{"internal", "malformed", "unsupported", "oversize", "quota", "bad-signature", "bad-commitment",
	"bad-proof", "fork", "rewind", "gap", "bad-seen", "wrong-line", "wrong-party", "unknown-key", "unreadable", "bad-serial", "bad-form",
	"not-allowed", "conflict", "not-found", "unavailable", "corrupt", "disk-full"}

// String returns the kind as it is written in vectors and JSON.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return "unknown"
	}
	return kindNames[k]
}

// Error carries a kind, and for people what happened, to what, and what to do.
type Error struct {
	Kind Kind
	What string // what is wrong and where, in one clause
	Hint string // what the reader can do; may be empty
	Err  error  // the cause; may be nil
}

// Error returns "what: cause". The hint is left to the surface.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	return e.What
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error of the given kind. The text is final; wrap with fmt.Errorf("doing: %w", err) above it.
func Errorf(k Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, What: err.Error(), Err: nil, Hint: ""}
}

// WithHint returns a copy of e with the hint set.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// KindOf returns the kind of the first *Error in err's chain; Internal if none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// HintOf returns the first non-empty hint in err's chain.
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

// Clip keeps the text of others short enough for an error: at most 80 bytes
// and valid UTF-8.
func Clip(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
