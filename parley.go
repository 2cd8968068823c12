// Package parley is the vocabulary of a hotline between parties who do not
// trust each other.
//
// Each party runs its own station; a line joins stations. Over a line go
// formal dispatches between offices, and each party writes what it says to one
// append-only log that the others copy. The record is the one merged sequence
// of those logs. The words defined here are the words on the screens, in the
// specification (spec/) and in the code; nothing else in the project invents a
// second word for the same thing.
//
// The package imports only the standard library and does no input or output.
package parley

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// PartyCode names a party on a line: one to eight characters of [a-z0-9]
// (spec/conventions.md). It is not secret and not proof of anything.
type PartyCode string

// ParsePartyCode checks s and returns it as a code. The error is of kind
// Malformed.
func ParsePartyCode(s string) (PartyCode, error) {
	if len(s) < 1 || len(s) > 8 {
		return "", Errorf(Malformed, "party code %q: want 1 to 8 characters", s)
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return "", Errorf(Malformed, "party code %q: only a-z and 0-9 are allowed", s)
		}
	}
	return PartyCode(s), nil
}

// LineID is the random 128-bit name of a line, fixed at the invitation.
type LineID [16]byte

// String returns 32 lower-case hexadecimal digits.
func (id LineID) String() string { return hex.EncodeToString(id[:]) }

// ParseLineID reads 32 hexadecimal digits. The error is of kind Malformed.
func ParseLineID(s string) (id LineID, err error) {
	if err := parseHex(id[:], s); err != nil {
		return id, Errorf(Malformed, "line id %q: %v", s, err)
	}
	return id, nil
}

// GenerationID is the random 64-bit name of one generation of a party's log.
// It is unique on its line (spec/log.md).
type GenerationID [8]byte

// String returns 16 lower-case hexadecimal digits.
func (id GenerationID) String() string { return hex.EncodeToString(id[:]) }

// ParseGenerationID reads 16 hexadecimal digits. The error is of kind Malformed.
func ParseGenerationID(s string) (id GenerationID, err error) {
	if err := parseHex(id[:], s); err != nil {
		return id, Errorf(Malformed, "generation id %q: %v", s, err)
	}
	return id, nil
}

func parseHex(dst []byte, s string) error {
	if len(s) != 2*len(dst) {
		return fmt.Errorf("want %d hexadecimal digits", 2*len(dst))
	}
	if strings.ToLower(s) != s {
		return fmt.Errorf("want lower-case digits")
	}
	_, err := hex.Decode(dst, []byte(s))
	return err
}

// Origin returns the C2SP origin, and note key name, of a generation of a log.
func Origin(line LineID, party PartyCode, gen GenerationID) string {
	return line.String() + "/" + string(party) + "/" + gen.String()
}

// HolderName returns the note key name under which the holder with the given
// origin cosigns what it durably holds: a receipt (spec/log.md).
func HolderName(origin string) string { return origin + "/held" }

// Ref names one entry: its generation, and its index there from 0.
type Ref struct {
	Gen   GenerationID
	Index uint64
}

// String returns "generation:index".
func (r Ref) String() string { return fmt.Sprintf("%s:%d", r.Gen, r.Index) }

// ParseRef reads what Ref.String writes. The error is of kind Malformed.
func ParseRef(s string) (Ref, error) {
	g, i, ok := strings.Cut(s, ":")
	if !ok {
		return Ref{}, Errorf(Malformed, "entry reference %q: want generation:index", s)
	}
	gen, err := ParseGenerationID(g)
	if err != nil {
		return Ref{}, err
	}
	var n uint64
	if _, err := fmt.Sscanf(i, "%d", &n); err != nil || fmt.Sprint(n) != i {
		return Ref{}, Errorf(Malformed, "entry reference %q: the index is not a number", s)
	}
	return Ref{gen, n}, nil
}

// Office names a role mailbox of a party: "principal", "envoy", "watch"...
// Messages are between offices; the person who holds one is its incumbent.
type Office string

// The offices every charter starts with. A charter may name others.
const (
	Principal     Office = "principal"
	Envoy         Office = "envoy"
	Watch         Office = "watch"
	Interpreter   Office = "interpreter"
	Translator    Office = "translator"
	Archivist     Office = "archivist"
	Administrator Office = "administrator"
)

// Address is an office at a party.
type Address struct {
	Party  PartyCode
	Office Office
}

// String returns "party/office".
func (a Address) String() string { return string(a.Party) + "/" + string(a.Office) }

// ParseAddress reads "party/office". The error is of kind Malformed.
func ParseAddress(s string) (Address, error) {
	p, o, ok := strings.Cut(s, "/")
	code, err := ParsePartyCode(p)
	if !ok || err != nil {
		return Address{}, Errorf(Malformed, "address %q: want party/office, for example birch/envoy", s)
	}
	off, err := ParseOffice(o)
	if err != nil {
		return Address{}, err
	}
	return Address{code, off}, nil
}

// ParseOffice checks an office name: 1 to 24 characters of [a-z0-9-].
func ParseOffice(s string) (Office, error) {
	if len(s) < 1 || len(s) > 24 {
		return "", Errorf(Malformed, "office %q: want 1 to 24 characters", s)
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return "", Errorf(Malformed, "office %q: only a-z, 0-9 and - are allowed", s)
		}
	}
	return Office(s), nil
}
