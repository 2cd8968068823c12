package c2sp

import (
	"encoding/base64"
	"fmt"
	"parley/internal/journal"
	"strings"

	"parley"
)

// maxProof is more hashes than any proof of a tree within MaxSize has.
const maxProof = 64

const proofHeader = "c2sp.org/tlog-proof@v1\n"

// Proof is a C2SP tlog-proof: one entry's place in a log, and a signed note of
// the checkpoint it leads to. Nothing in it is verified.
type Proof struct {
	Extra  []byte // nil when there is no extra line
	Index  uint64
	Hashes []journal.Hash
	Note   []byte // a note that ParseNote takes
}

// FormatProof returns the file. A nil extra leaves its line out; index and
// hashes are those of Tree.Inclusion at the size of the note's checkpoint.
func FormatProof(extra []byte, index uint64, hashes []journal.Hash, note []byte) []byte {
	b := []byte(proofHeader)
	if extra != nil {
		b = fmt.Appendf(b, "extra %s\n", base64.StdEncoding.EncodeToString(extra))
	}
	b = fmt.Appendf(b, "index %d\n", index)
	for _, h := range hashes {
		b = fmt.Appendf(b, "%s\n", base64.StdEncoding.EncodeToString(h[:]))
	}
	b = append(b, '\n')
	return append(b, note...)
}

// ParseProof reads exactly what FormatProof writes. The error is Malformed.
func ParseProof(b []byte) (*Proof, error) {
	bad := func(what string) error { return parley.Errorf(parley.Malformed, "proof file: %s", what) }
	head, note, ok := strings.Cut(string(b), "\n\n")
	rest, ok2 := strings.CutPrefix(head+"\n", proofHeader)
	if !ok || !ok2 {
		return nil, bad("it does not start as a tlog-proof of version 1")
	}
	lines := strings.Split(strings.TrimSuffix(rest, "\n"), "\n")
	p := &Proof{Note: []byte(note), Hashes: []journal.Hash{}}
	if s, ok := strings.CutPrefix(lines[0], "extra "); ok {
		var err error
		if p.Extra, err = parseBase64(s); err != nil {
			return nil, bad("the extra line is not base64")
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || len(lines) > 1+maxProof {
		return nil, bad("no index line, or too many hashes")
	}
	s, ok := strings.CutPrefix(lines[0], "index ")
	index, err := parseDecimal(s)
	if !ok || err != nil {
		return nil, bad("no index line")
	}
	p.Index = index
	for i, s := range lines[1:] {
		h, err := parseHash(s)
		if err != nil {
			return nil, bad(fmt.Sprintf("hash %d is not one", i))
		}
		p.Hashes = append(p.Hashes, h)
	}
	if _, err := ParseNote(p.Note); err != nil {
		return nil, fmt.Errorf("proof file: %w", err)
	}
	return p, nil
}

// Check checks that entry is the leaf of p in the tree of p's checkpoint, which
// it returns with its signature lines. It verifies no signature. The error is
// BadProof or Malformed.
func (p *Proof) Check(entry []byte) (*SignedNote, error) {
	n, err := ParseNote(p.Note)
	if err != nil {
		return nil, err
	}
	c := n.Checkpoint
	if err := journal.CheckInclusion(p.Hashes, c.Size, c.Root, p.Index, journal.LeafHash(entry)); err != nil {
		return nil, err
	}
	return n, nil
}
