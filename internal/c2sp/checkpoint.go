package c2sp

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"

	"parley"
	"parley/internal/journal"
)

// ParseCheckpoint reads exactly what journal.Checkpoint.Text writes. Extension lines, a size that
// is not shortest decimal and a root that is not canonical base64 are
// Malformed.
func ParseCheckpoint(text []byte) (journal.Checkpoint, error) {
	var c journal.Checkpoint
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[3] != "" {
		return c, parley.Errorf(parley.Malformed, "a checkpoint of %d lines, want origin, size and root", len(lines)-1)
	}
	if !journal.ValidName(lines[0]) {
		return c, parley.Errorf(parley.Malformed, "checkpoint origin %q", parley.Clip(lines[0]))
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return c, parley.Errorf(parley.Malformed, "checkpoint size %q", parley.Clip(lines[1]))
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return c, parley.Errorf(parley.Malformed, "checkpoint root %q", parley.Clip(lines[2]))
	}
	return journal.Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// parseDecimal reads a number below 2^63 in shortest decimal.
func parseDecimal(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, err
	}
	if n > math.MaxInt64 || strconv.FormatUint(n, 10) != s {
		return 0, strconv.ErrSyntax
	}
	return n, nil
}

// parseBase64 reads canonical padded base64.
func parseBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, err
	}
	if base64.StdEncoding.EncodeToString(b) != s {
		return nil, base64.CorruptInputError(0)
	}
	return b, nil
}

func parseHash(s string) (h journal.Hash, err error) {
	b, err := parseBase64(s)
	if err != nil {
		return h, err
	}
	if len(b) != len(h) {
		return h, fmt.Errorf("%d bytes, want %d", len(b), len(h))
	}
	return journal.Hash(b), nil
}
