package journal

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley"
)

// maxName is the longest origin or note key name, in bytes: the length is one
// byte in C2SP's cosigned_message.
const maxName = 255

// Checkpoint is what a log's signatures are over.
type Checkpoint struct {
	Origin string // parley.Origin of the generation
	Size   uint64
	Root   Hash
}

// Text returns the C2SP tlog-checkpoint, three lines.
func (c Checkpoint) Text() []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ParseOrigin takes an origin apart into what parley.Origin joined. The error
// is of kind Malformed.
func ParseOrigin(s string) (line parley.LineID, party parley.PartyCode, gen parley.GenerationID, err error) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return line, "", gen, parley.Errorf(parley.Malformed, "origin %q: want line/party/generation", parley.Clip(s))
	}
	if line, err = parley.ParseLineID(parts[0]); err != nil {
		return line, "", gen, err
	}
	if party, err = parley.ParsePartyCode(parts[1]); err != nil {
		return line, "", gen, err
	}
	gen, err = parley.ParseGenerationID(parts[2])
	return line, party, gen, err
}

// String names the checkpoint for people.
func (c Checkpoint) String() string { return fmt.Sprintf("%s@%d", c.Origin, c.Size) }

// cosignedMessage returns C2SP tlog-cosignature's cosigned_message for the
// whole tree of c, by the cosigner of that name at UTC second t. A log's own
// signature has its origin as name and t = 0.
func cosignedMessage(name string, t uint64, c Checkpoint) []byte {
	const label = "subtree/v1\n\x00"
	b := make([]byte, 0, len(label)+1+len(name)+8+1+len(c.Origin)+8+8+len(c.Root))
	b = append(b, label...)
	b = append(b, byte(len(name)))
	b = append(b, name...)
	b = binary.BigEndian.AppendUint64(b, t)
	b = append(b, byte(len(c.Origin)))
	b = append(b, c.Origin...)
	b = binary.BigEndian.AppendUint64(b, 0)
	b = binary.BigEndian.AppendUint64(b, c.Size)
	return append(b, c.Root[:]...)
}

// LogMessages returns what a log signs for c: with Ed25519 the note text
// (signed-note type 0x01), with ML-DSA-44 the cosigned_message at time 0
// (type 0x06). The two signatures may be made in parallel.
func LogMessages(c Checkpoint) (ed, ml []byte) {
	return c.Text(), cosignedMessage(c.Origin, 0, c)
}

// CosignMessages returns what a holder or witness of that name signs for c at
// UTC second t: types 0x04 and 0x06.
func CosignMessages(name string, c Checkpoint, t uint64) (ed, ml []byte) {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", t, c.Text()), cosignedMessage(name, t, c)
}

// ValidName reports whether s can be a note key name here: 1 to 255 bytes of
// UTF-8 without space, control character or plus.
func ValidName(s string) bool {
	return s != "" && len(s) <= maxName && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}
