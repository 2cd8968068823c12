package interop

import (
	"bytes"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/journal"
)

// torchwoodPolicy asks for the log's Ed25519 signature and the Ed25519 half of
// the holder's receipt: torchwood knows no ML-DSA.
func torchwoodPolicy(t *testing.T, l *testLog) torchwood.Policy {
	t.Helper()
	_, holder := l.vkeys()
	v, err := torchwood.NewCosignatureVerifier(holder[0].String())
	if err != nil {
		t.Fatal(err)
	}
	return torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(l.origin),
		torchwood.SingleVerifierPolicy(l.edVerifier()), torchwood.SingleVerifierPolicy(v))
}

func treeHashes(in []journal.Hash) tlog.RecordProof {
	out := tlog.RecordProof{}
	for _, h := range in {
		out = append(out, tlog.Hash(h))
	}
	return out
}

// TestProofFilesAreTheSame: three writers, one file; three readers, one meaning.
func TestProofFilesAreTheSame(t *testing.T) {
	l := newLog(t, 300)
	policy := torchwoodPolicy(t, l)
	for _, at := range [][2]uint64{{0, 1}, {0, 2}, {6, 7}, {255, 256}, {256, 257}, {17, 300}, {299, 300}} {
		index, size := at[0], at[1]
		hashes, note := l.inclusion(index, size), l.receipt(size)
		for _, extra := range [][]byte{nil, {}, []byte("what else there is to say")} {
			ours := c2sp.FormatProof(extra, index, hashes, note)
			theirs := proof.TLogProof{Index: index, Hashes: hashes, Checkpoint: note, ExtraData: extra}.Marshal()
			if !bytes.Equal(ours, theirs) {
				t.Fatalf("formats writes\n%s, we\n%s", theirs, ours)
			}
			wood := torchwood.FormatProof(int64(index), treeHashes(hashes), note)
			if extra != nil {
				wood = torchwood.FormatProofWithExtraData(int64(index), extra, treeHashes(hashes), note)
			}
			if !bytes.Equal(ours, wood) {
				t.Fatalf("torchwood writes\n%s, we\n%s", wood, ours)
			}
			if err := torchwood.VerifyProof(policy, tlog.RecordHash(l.entries[index]), ours); err != nil {
				t.Fatalf("entry %d at %d: torchwood: %v", index, size, err)
			}
			p, err := c2sp.ParseProof(ours)
			if err != nil || p.Index != index || !bytes.Equal(p.Extra, extra) {
				t.Fatalf("got %v, %v", p, err)
			}
		}
	}
}

func TestTorchwoodRefusesAFlippedBit(t *testing.T) {
	l := newLog(t, 30)
	policy := torchwoodPolicy(t, l)
	b := c2sp.FormatProof(nil, 11, l.inclusion(11, 30), l.receipt(30))
	leaf := journal.LeafHash(l.entries[11])
	own, holder := l.vkeys()
	ours := func(b []byte) error {
		p, err := c2sp.ParseProof(b)
		if err != nil {
			return err
		}
		n, err := p.Check(l.entries[11])
		if err != nil {
			return err
		}
		_, err = n.Verify(append(own[:], holder[:]...)...)
		return err
	}
	if err := ours(b); err != nil {
		t.Fatal(err)
	}
	mlLine := bytes.Index(b, []byte("=\n— ")) // the end of the log's Ed25519 line, before its ML-DSA line
	flips(b, 1, func(at int, b []byte) {
		// The ML-DSA halves torchwood does not see; we do.
		if ours(b) == nil {
			t.Errorf("byte %d flipped: we take it", at)
		}
		if at < mlLine && !looseBits(b, at) && torchwood.VerifyProof(policy, tlog.Hash(leaf), b) == nil {
			t.Errorf("byte %d flipped: torchwood takes it", at)
		}
	})
}

func seq(entries [][]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// TestTorchwoodReadsOurTiles exports a log and reads every entry back through
// torchwood's client, which checks each against the tree.
func TestTorchwoodReadsOurTiles(t *testing.T) {
	for _, size := range []int{1, 256, 700} {
		l := newLog(t, size)
		dir := t.TempDir()
		write := func(path string, data []byte) error {
			path = filepath.Join(dir, filepath.FromSlash(path))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return err
			}
			return os.WriteFile(path, data, 0o600)
		}
		if err := c2sp.WriteTiles(write, seq(l.entries), l.receipt(uint64(size))); err != nil {
			t.Fatal(err)
		}
		tiles, err := torchwood.NewTileFS(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		b, err := tiles.ReadEndpoint(t.Context(), "checkpoint")
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := torchwood.VerifyCheckpoint(b, torchwoodPolicy(t, l))
		if err != nil {
			t.Fatal(err)
		}
		client, err := torchwood.NewClient(tiles)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, e := range client.AllEntries(t.Context(), c.Tree, 0) {
			if !bytes.Equal(e, l.entries[i]) {
				t.Fatalf("entry %d differs", i)
			}
			n++
		}
		if client.Err() != nil || n != size {
			t.Errorf("torchwood read %d of %d entries: %v", n, size, client.Err())
		}
		l.entries[0] = []byte("another")
		wantKind(t, c2sp.WriteTiles(write, seq(l.entries), l.receipt(uint64(size))), parley.BadProof)
	}
}

// TestLargeExtra: proof files carry certificates and a whole entry beside the
// proof. torchwood reads them at any size; formats v0.1.1 reads lines with
// bufio.Scanner and stops at 64 KiB, which the handbook says.
func TestLargeExtra(t *testing.T) {
	l := newLog(t, 3)
	extra := make([]byte, 200<<10)
	random(extra)
	b := c2sp.FormatProof(extra, 1, l.inclusion(1, 3), l.receipt(3))
	if err := torchwood.VerifyProof(torchwoodPolicy(t, l), tlog.RecordHash(l.entries[1]), b); err != nil {
		t.Fatal(err)
	}
	if p, err := c2sp.ParseProof(b); err != nil || !bytes.Equal(p.Extra, extra) {
		t.Fatal(err)
	}
	var theirs proof.TLogProof
	if err := theirs.Unmarshal(b); err == nil {
		t.Error("formats reads it now: take the exception out of FuzzProof and of the handbook")
	}
}
