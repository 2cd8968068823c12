package interop

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"filippo.io/torchwood"
	flog "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"

	"parley/internal/c2sp"
	"parley/internal/journal"
)

// canonicalOrigin restates, apart from our code, which origins we take.
func canonicalOrigin(s string) bool {
	return s != "" && len(s) <= 255 && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r) })
}

// FuzzCheckpoint: what we take, formats and torchwood take with the same
// meaning; what torchwood takes and writes back unchanged, without extension
// and under an origin that can be a key name, we take.
func FuzzCheckpoint(f *testing.F) {
	l := newLog(f, 5)
	f.Add(l.checkpoint(5).Text())
	f.Add(l.checkpoint(0).Text())
	f.Add(append(l.checkpoint(3).Text(), "extension\n"...))
	f.Add([]byte("o\n+5\n" + base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"))
	f.Add([]byte("o\n9223372036854775807\n" + base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		ours, err := c2sp.ParseCheckpoint(b)
		wood, woodErr := torchwood.ParseCheckpoint(string(b))
		if err != nil {
			if woodErr == nil && wood.Extension == "" && wood.String() == string(b) && canonicalOrigin(wood.Origin) {
				t.Fatalf("torchwood takes %q, we do not: %v", b, err)
			}
			return
		}
		if woodErr != nil || wood.Origin != ours.Origin || uint64(wood.N) != ours.Size || journal.Hash(wood.Hash) != ours.Root || wood.Extension != "" {
			t.Fatalf("%q: we read %v, torchwood %v, %v", b, ours, wood, woodErr)
		}
		var theirs flog.Checkpoint
		rest, err := theirs.Unmarshal(b)
		if err != nil || len(rest) != 0 || theirs.Origin != ours.Origin || theirs.Size != ours.Size || !bytes.Equal(theirs.Hash, ours.Root[:]) {
			t.Fatalf("%q: we read %v, formats %v, %v", b, ours, theirs, err)
		}
		if !bytes.Equal(theirs.Marshal(), b) {
			t.Fatalf("%q: formats writes %q", b, theirs.Marshal())
		}
	})
}

// FuzzProof: what we take, formats takes with the same meaning and writes back
// unchanged; what formats takes and writes back unchanged, over a note that we
// take and with a size of proof that can be, we take.
func FuzzProof(f *testing.F) {
	l := newLog(f, 9)
	f.Add(c2sp.FormatProof(nil, 3, l.inclusion(3, 9), l.receipt(9)))
	f.Add(c2sp.FormatProof([]byte("extra"), 0, l.inclusion(0, 1), l.note(1)))
	f.Add(c2sp.FormatProof([]byte{}, 0, nil, l.note(1)))
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 00\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		ours, err := c2sp.ParseProof(b)
		var theirs proof.TLogProof
		theirErr := theirs.Unmarshal(b)
		if err != nil {
			if theirErr != nil || !bytes.Equal(theirs.Marshal(), b) || len(theirs.Hashes) > 64 || theirs.Index > 1<<63-1 {
				return
			}
			if _, noteErr := c2sp.ParseNote(theirs.Checkpoint); noteErr == nil {
				t.Fatalf("formats takes %q, we do not: %v", b, err)
			}
			return
		}
		if theirErr != nil {
			if strings.Contains(theirErr.Error(), "token too long") {
				return // a line over 64 KiB: bufio.Scanner's limit, not the format's
			}
			t.Fatalf("we take %q, formats does not: %v", b, theirErr)
		}
		if theirs.Index != ours.Index || !slices.Equal(theirs.Hashes, ours.Hashes) || !bytes.Equal(theirs.ExtraData, ours.Extra) || !bytes.Equal(theirs.Checkpoint, ours.Note) {
			t.Fatalf("%q: we read %v, formats %v", b, ours, theirs)
		}
		if !bytes.Equal(theirs.Marshal(), b) {
			t.Fatalf("%q: formats writes %q", b, theirs.Marshal())
		}
	})
}

// FuzzNote: what we take, x/mod's note package takes with the same text and
// the same lines, save names that it has no use for.
func FuzzNote(f *testing.F) {
	l := newLog(f, 4)
	f.Add(l.receipt(4))
	f.Add(l.note(0))
	f.Add(bytes.Replace(l.note(4), []byte("\n\n"), []byte("\n\n\n"), 1))
	v := l.edVerifier()
	f.Fuzz(func(t *testing.T, b []byte) {
		ours, err := c2sp.ParseNote(b)
		theirs, theirErr := note.Open(b, note.VerifierList(v))
		if err != nil {
			return
		}
		if u, ok := theirErr.(*note.UnverifiedNoteError); ok {
			theirs, theirErr = u.Note, nil
		}
		if _, ok := theirErr.(*note.InvalidSignatureError); ok {
			keys, _ := l.vkeys()
			if _, err := ours.Verify(keys[0]); err == nil {
				t.Fatalf("%q: x/mod finds a bad signature, we a good one", b)
			}
			return
		}
		if theirErr != nil {
			t.Fatalf("we take %q, x/mod does not: %v", b, theirErr)
		}
		if theirs.Text != string(ours.Checkpoint.Text()) {
			t.Fatalf("%q: we read the text %q, x/mod %q", b, ours.Checkpoint.Text(), theirs.Text)
		}
		if got := len(theirs.Sigs) + len(theirs.UnverifiedSigs); got != len(ours.Lines) {
			t.Fatalf("%q: we read %d lines, x/mod %d", b, len(ours.Lines), got)
		}
	})
}
