package c2sp

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/wire"
)

// maxSignatures bounds the lines of a note, as other C2SP readers do.
const maxSignatures = 100

const linePrefix = "— "

// SignatureLine is one signature of a note. Nothing in it is verified.
type SignatureLine struct {
	Name string
	ID   uint32
	Sig  []byte // for types 0x04 and 0x06 the time (8 bytes, big-endian) comes first
}

// String returns the line without its newline.
func (l SignatureLine) String() string {
	b := binary.BigEndian.AppendUint32(nil, l.ID)
	return linePrefix + l.Name + " " + base64.StdEncoding.EncodeToString(append(b, l.Sig...))
}

// ParseSignatureLine reads what String writes. The error is Malformed.
func ParseSignatureLine(s string) (SignatureLine, error) {
	bad := parley.Errorf(parley.Malformed, "note signature line %q", parley.Clip(s))
	rest, ok := strings.CutPrefix(s, linePrefix)
	name, b64, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || !journal.ValidName(name) {
		return SignatureLine{}, bad
	}
	b, err := parseBase64(b64)
	if err != nil || len(b) < 5 {
		return SignatureLine{}, bad
	}
	return SignatureLine{Name: name, ID: binary.BigEndian.Uint32(b), Sig: b[4:]}, nil
}

// line makes the line of a signature under k; t is left out for type 0x01.
func (k VKey) line(t uint64, sig []byte) SignatureLine {
	if k.Type != TypeEd25519 {
		sig = append(binary.BigEndian.AppendUint64(nil, t), sig...)
	}
	return SignatureLine{Name: k.Name, ID: k.ID(), Sig: sig}
}

// LogLines returns the two signature lines of a log's checkpoint.
func LogLines(origin string, pub key.Public, head wire.Head) []SignatureLine {
	k := LogKeys(origin, pub)
	return []SignatureLine{k[0].line(0, head.Ed[:]), k[1].line(0, head.ML)}
}

// HolderLines returns the two signature lines of a receipt at UTC second t.
func HolderLines(holder string, pub key.Public, t uint64, ed [64]byte, ml []byte) []SignatureLine {
	k := HolderKeys(holder, pub)
	return []SignatureLine{k[0].line(t, ed[:]), k[1].line(t, ml)}
}

// SignedNote is a checkpoint with the signature lines that came with it.
// Nothing in it is verified.
type SignedNote struct {
	Checkpoint journal.Checkpoint
	Lines      []SignatureLine
}

// Bytes returns the C2SP signed note.
func (n *SignedNote) Bytes() []byte {
	b := append(n.Checkpoint.Text(), '\n')
	for _, l := range n.Lines {
		b = append(b, l.String()...)
		b = append(b, '\n')
	}
	return b
}

// Note returns the C2SP signed note of c under both signatures of its log,
// whose public pair is pub.
func Note(c journal.Checkpoint, pub key.Public, head wire.Head) []byte {
	n := SignedNote{Checkpoint: c, Lines: LogLines(c.Origin, pub, head)}
	return n.Bytes()
}

// AppendLines adds signature lines, of receipts or witnesses, to a note that
// Note or SignedNote.Bytes made.
func AppendLines(note []byte, lines ...SignatureLine) []byte {
	out := bytes.Clone(note)
	for _, l := range lines {
		out = append(out, l.String()...)
		out = append(out, '\n')
	}
	return out
}

// ParseNote reads a signed note over a checkpoint: exactly what Bytes writes,
// with one to a hundred lines. Two lines of one name and id are Malformed, for
// readers differ about which of them counts.
func ParseNote(b []byte) (*SignedNote, error) {
	if !utf8.Valid(b) {
		return nil, parley.Errorf(parley.Malformed, "a note that is not UTF-8")
	}
	text, sigs, ok := strings.Cut(string(b), "\n\n")
	if !ok || !strings.HasSuffix(sigs, "\n") {
		return nil, parley.Errorf(parley.Malformed, "a note without text, empty line and signature lines")
	}
	c, err := ParseCheckpoint([]byte(text + "\n"))
	if err != nil {
		return nil, err
	}
	n := &SignedNote{Checkpoint: c}
	type who struct {
		name string
		id   uint32
	}
	seen := make(map[who]bool)
	for s := range strings.SplitSeq(strings.TrimSuffix(sigs, "\n"), "\n") {
		l, err := ParseSignatureLine(s)
		if err != nil {
			return nil, err
		}
		if seen[who{l.Name, l.ID}] {
			return nil, parley.Errorf(parley.Malformed, "a note with two signatures of %s by one key", parley.Clip(l.Name))
		}
		if seen[who{l.Name, l.ID}] = true; len(seen) > maxSignatures {
			return nil, parley.Errorf(parley.Malformed, "a note of more than %d signatures", maxSignatures)
		}
		n.Lines = append(n.Lines, l)
	}
	return n, nil
}

// Verify checks that n carries a good signature of every one of keys and
// returns their times, 0 for type 0x01. The error is BadSignature.
func (n *SignedNote) Verify(keys ...VKey) (times []uint64, err error) {
	for _, k := range keys {
		sig := n.find(k)
		if sig == nil {
			return nil, parley.Errorf(parley.BadSignature, "the note has no signature of %s of type %#02x", k.Name, k.Type)
		}
		t, err := k.Verify(n.Checkpoint, sig)
		if err != nil {
			return nil, err
		}
		times = append(times, t)
	}
	return times, nil
}

// VerifyLog checks both log signatures by the pair pub: n's own name, and time
// 0 on the ML-DSA half. The error is BadSignature.
func (n *SignedNote) VerifyLog(pub key.Public) error {
	keys := LogKeys(n.Checkpoint.Origin, pub)
	times, err := n.Verify(keys[:]...)
	if err != nil {
		return err
	}
	if times[1] != 0 {
		return parley.Errorf(parley.BadSignature, "checkpoint %d of %s: the ml-dsa half is at time %d, want 0", n.Checkpoint.Size, n.Checkpoint.Origin, times[1])
	}
	return nil
}

// Head returns the log's two signatures as they stand on the wire. The error
// is BadSignature when one of them is missing; nothing is verified.
func (n *SignedNote) Head(pub key.Public) (wire.Head, error) {
	h := wire.Head{Size: n.Checkpoint.Size, Root: n.Checkpoint.Root}
	keys := LogKeys(n.Checkpoint.Origin, pub)
	ed, ml := n.find(keys[0]), n.find(keys[1])
	if len(ed) != len(h.Ed) || len(ml) != 8+key.MLSignatureSize {
		return wire.Head{}, parley.Errorf(parley.BadSignature, "the note lacks a signature of %s", n.Checkpoint.Origin)
	}
	h.Ed, h.ML = [64]byte(ed), bytes.Clone(ml[8:])
	return h, nil
}

func (n *SignedNote) find(k VKey) []byte {
	id := k.ID()
	for _, l := range n.Lines {
		if l.Name == k.Name && l.ID == id {
			return l.Sig
		}
	}
	return nil
}
