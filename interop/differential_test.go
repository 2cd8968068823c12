package interop

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"filippo.io/torchwood"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/witness"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/journal"
	"parley/internal/key"
)

// fixedLog is a log whose keys, names and entries are the same in every run, so
// that a corpus keeps its meaning.
func fixedLog(t testing.TB, entries int) *testLog {
	t.Helper()
	r := rand.NewChaCha8([32]byte{1})
	pair := func() *key.Pair {
		p, err := key.NewPair(r)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	tree, err := journal.NewTree(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	line, alder, birch := parley.LineID{1}, parley.GenerationID{2}, parley.GenerationID{3}
	l := &testLog{t: t, origin: parley.Origin(line, "alder", alder), pair: pair(), tree: tree,
		holder: parley.HolderName(parley.Origin(line, "birch", birch)), holderPair: pair(), receiptTime: 1_800_000_000}
	for i := range entries {
		e := bytes.Repeat([]byte{byte(i)}, 1+i%200)
		l.entries = append(l.entries, e)
		l.tree.Append(journal.LeafHash(e))
	}
	return l
}

// FuzzVKey: what we take, the library of its type takes with the same name and
// id. What one of them takes, we take, unless the name has white space or
// control characters, or the base64 is not the only one for its bytes, or the
// type is none of our three, or the id is not that of the key in lower case:
// there we are stricter (formats v0.1.1 looks at no id of a cosignature key).
func FuzzVKey(f *testing.F) {
	l := fixedLog(f, 1)
	own, holder := l.vkeys()
	for _, k := range append(own[:], holder[:]...) {
		f.Add(k.String())
		f.Add(strings.ToUpper(k.String()))
		f.Add(k.String() + "=")
	}
	f.Add("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
	f.Add("a b+00000000+AQ==")
	f.Fuzz(func(t *testing.T, s string) {
		ours, err := c2sp.ParseVKey(s)
		readers := map[byte][]func(string) (note.Verifier, error){
			c2sp.TypeEd25519: {note.NewVerifier, fnote.NewVerifier},
			c2sp.TypeCosignedEd: {fnote.NewVerifierForCosignatureV1, func(s string) (note.Verifier, error) {
				return torchwood.NewCosignatureVerifier(s)
			}},
			c2sp.TypeCosignedML: {fnote.NewVerifierForCosignatureV1, func(s string) (note.Verifier, error) { return fnote.NewMLDSAVerifier(s) }},
		}
		if err == nil {
			for i, read := range readers[ours.Type] {
				v, err := read(s)
				if err != nil || v.Name() != ours.Name || v.KeyHash() != ours.ID() {
					t.Fatalf("we take %q, reader %d of type %d does not: %v", s, i, ours.Type, err)
				}
			}
			return
		}
		name, rest, _ := strings.Cut(s, "+")
		id, b64, _ := strings.Cut(rest, "+")
		b, derr := base64.StdEncoding.DecodeString(b64)
		if derr != nil || len(b) == 0 || base64.StdEncoding.EncodeToString(b) != b64 || !canonicalOrigin(name) {
			return
		}
		if k := (c2sp.VKey{Name: name, Type: b[0], Key: b[1:]}); fmt.Sprintf("%08x", k.ID()) != id {
			return
		}
		for i, read := range readers[b[0]] {
			if v, err := read(s); err == nil {
				t.Fatalf("reader %d of type %d takes %q as %s, we do not", i, b[0], s, v.Name())
			}
		}
	})
}

// FuzzCosignature gives altered texts, times and signatures to our verifier and
// to theirs: one verdict, with one difference: formats has no reader of text
// that is not a checkpoint, so texts are ours.
func FuzzCosignature(f *testing.F) {
	l := fixedLog(f, 9)
	own, holder := l.vkeys()
	keys := append(own[:], holder[:]...)
	n, err := c2sp.ParseNote(l.receipt(9))
	if err != nil {
		f.Fatal(err)
	}
	var theirs [4][]note.Verifier
	theirs[0] = []note.Verifier{l.edVerifier()}
	for i := 1; i < 4; i++ {
		v, err := fnote.NewVerifierForCosignatureV1(keys[i].String())
		if err != nil {
			f.Fatal(err)
		}
		theirs[i] = append(theirs[i], v)
	}
	wood, err := torchwood.NewCosignatureVerifier(keys[2].String())
	if err != nil {
		f.Fatal(err)
	}
	theirs[2] = append(theirs[2], wood)
	f.Add(byte(0), uint64(9), uint(0), byte(0), int16(0), false)
	f.Add(byte(2), uint64(9), uint(3), byte(1), int16(0), false)
	f.Add(byte(3), uint64(9), uint(0), byte(0), int16(0), false)
	f.Add(byte(1), uint64(8), uint(99), byte(0x80), int16(-1), true)
	f.Add(byte(2), uint64(1)<<63-1, uint(0), byte(0), int16(1), false)
	f.Fuzz(func(t *testing.T, which byte, size uint64, at uint, flip byte, cut int16, swap bool) {
		i := int(which % 4)
		c := n.Checkpoint
		c.Size = size % (1 << 63)
		sig := bytes.Clone(n.Lines[i].Sig)
		if swap {
			sig = bytes.Clone(n.Lines[(i+2)%4].Sig)
		}
		sig[at%uint(len(sig))] ^= flip
		switch {
		case cut < 0:
			sig = sig[:max(0, len(sig)+int(cut))]
		case cut > 0:
			sig = append(sig, make([]byte, cut%100)...)
		}
		_, err := keys[i].Verify(c, sig)
		for j, v := range theirs[i] {
			if got := v.Verify(c.Text(), sig); got != (err == nil) {
				t.Fatalf("line %d of size %d, %d bytes: we say %v, reader %d says %v", i, c.Size, len(sig), err, j, got)
			}
		}
		if whole := c.Size == n.Checkpoint.Size && bytes.Equal(sig, n.Lines[i].Sig); whole != (err == nil) {
			t.Fatalf("line %d whole %v: %v", i, whole, err)
		}
	})
}

// FuzzMerkle: three libraries, one verdict on any proof.
func FuzzMerkle(f *testing.F) {
	const most = 70
	l := fixedLog(f, most)
	f.Add(uint16(3), uint16(40), uint16(0), uint16(0), byte(0), int8(0))
	f.Add(uint16(0), uint16(0), uint16(0), uint16(0), byte(0), int8(0))
	f.Add(uint16(39), uint16(40), uint16(5), uint16(33), byte(1), int8(0))
	f.Add(uint16(8), uint16(64), uint16(1), uint16(0), byte(0), int8(1))
	f.Add(uint16(7), uint16(7), uint16(0), uint16(0), byte(0), int8(-1))
	f.Fuzz(func(t *testing.T, a, b, moved, at uint16, flip byte, longer int8) {
		l.t = t
		lo, hi := uint64(a)%(most+1), uint64(b)%(most+1)
		if lo > hi {
			lo, hi = hi, lo
		}
		alter := func(p []journal.Hash) []journal.Hash {
			p = slices.Clone(p)
			if len(p) > 0 {
				p[int(at)%len(p)][int(at)/len(p)%32] ^= flip
			}
			switch {
			case longer > 0:
				p = append(p, journal.Hash{byte(longer)})
			case longer < 0 && len(p) > 0:
				p = p[1:]
			}
			return p
		}
		was, is := l.checkpoint(lo).Root, l.checkpoint(hi).Root
		cons := alter(l.consistency(lo, hi))
		claim := lo + uint64(moved)%3
		ours := journal.CheckConsistency(cons, claim, was, hi, is) == nil
		if merkle := proof.VerifyConsistency(rfc6962.DefaultHasher, claim, hi, slices32(cons), was[:], is[:]) == nil; merkle != ours {
			t.Fatalf("consistency from %d to %d: we say %v, merkle %v", claim, hi, ours, merkle)
		}
		// x/mod has no proof from the empty tree, and takes claims above the size for a fault of the caller.
		if claim > 0 && claim <= hi {
			if mod := tlog.CheckTree(tlog.TreeProof(treeHashes(cons)), int64(hi), tlog.Hash(is), int64(claim), tlog.Hash(was)) == nil; mod != ours {
				t.Fatalf("consistency from %d to %d: we say %v, x/mod %v", claim, hi, ours, mod)
			}
		}
		if lo == hi {
			return
		}
		leaf, incl := journal.LeafHash(l.entries[lo]), alter(l.inclusion(lo, hi))
		ours = journal.CheckInclusion(incl, hi, is, claim, leaf) == nil
		if merkle := proof.VerifyInclusion(rfc6962.DefaultHasher, claim, hi, leaf[:], slices32(incl), is[:]) == nil; merkle != ours {
			t.Fatalf("entry %d of %d: we say %v, merkle %v", claim, hi, ours, merkle)
		}
		if claim < hi {
			if mod := tlog.CheckRecord(treeHashes(incl), int64(hi), tlog.Hash(is), int64(claim), tlog.Hash(leaf)) == nil; mod != ours {
				t.Fatalf("entry %d of %d: we say %v, x/mod %v", claim, hi, ours, mod)
			}
		}
	})
}

// FuzzVerifyProof alters a proof file anywhere. What we take under the log's
// and the holder's Ed25519 keys, torchwood takes; what it takes and we do not
// is a file that has another spelling of the same bytes, an extension line, or
// an altered line that torchwood's policy has no use for.
func FuzzVerifyProof(f *testing.F) {
	l := fixedLog(f, 30)
	own, holder := l.vkeys()
	v, err := torchwood.NewCosignatureVerifier(holder[0].String())
	if err != nil {
		f.Fatal(err)
	}
	policy := torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(l.origin), torchwood.SingleVerifierPolicy(l.edVerifier()), torchwood.SingleVerifierPolicy(v))
	whole := c2sp.FormatProof([]byte("extra"), 11, l.inclusion(11, 30), l.receipt(30))
	f.Add([]byte{}, uint(0), uint(0))
	f.Add([]byte("index 12\n"), uint(bytes.Index(whole, []byte("index"))), uint(9))
	f.Add([]byte("B"), uint(len(whole)-3), uint(1))
	f.Add([]byte("\n\n"), uint(len(whole)-1), uint(1))
	f.Add([]byte("more\n"), uint(bytes.Index(whole, []byte("\n\n— "))+1), uint(0))
	f.Fuzz(func(t *testing.T, put []byte, at, over uint) {
		at %= uint(len(whole) + 1)
		over %= uint(len(whole)) + 1 - at
		b := slices.Concat(whole[:at], put, whole[at+over:])
		ours := func() error {
			p, err := c2sp.ParseProof(b)
			if err != nil {
				return err
			}
			n, err := p.Check(l.entries[11])
			if err != nil {
				return err
			}
			if n.Checkpoint.Origin != l.origin {
				return parley.Errorf(parley.WrongParty, "another log")
			}
			_, err = n.Verify(own[0], holder[0])
			return err
		}()
		wood := torchwood.VerifyProof(policy, tlog.RecordHash(l.entries[11]), b)
		if ours == nil && wood != nil {
			t.Fatalf("we take %q over %d bytes at %d, torchwood does not: %v", put, over, at, wood)
		}
		if ours != nil && wood == nil && parley.KindOf(ours) != parley.Malformed {
			t.Fatalf("torchwood takes %q over %d bytes at %d, we do not: %v", put, over, at, ours)
		}
		if extra, err := torchwood.ProofExtraData(b); ours == nil && err == nil {
			if p, _ := c2sp.ParseProof(b); !bytes.Equal(p.Extra, extra) {
				t.Fatalf("torchwood reads the extra data %q, we %q", extra, p.Extra)
			}
		}
	})
}

// FuzzPolicy asks for a quorum of up to four witnesses, some of which signed.
// A policy of ours that is satisfied satisfies formats'. The other way round
// there is one difference: we refuse a note with a bad line by a witness that
// the policy names, which formats passes over.
func FuzzPolicy(f *testing.F) {
	l := fixedLog(f, 6)
	c := l.checkpoint(6)
	var keys []string
	var lines []c2sp.SignatureLine
	r := rand.NewChaCha8([32]byte{7})
	for i := range 4 {
		p, err := key.NewPair(r)
		if err != nil {
			f.Fatal(err)
		}
		name := witnessName(i)
		ed, ml, err := journal.Cosign(p, name, c, 1_800_000_000+uint64(i))
		if err != nil {
			f.Fatal(err)
		}
		keys = append(keys, c2sp.HolderKeys(name, p.Public())[i%2].String())
		lines = append(lines, c2sp.HolderLines(name, p.Public(), 1_800_000_000+uint64(i), ed, ml)[i%2])
	}
	f.Add(byte(2), byte(0b1111), byte(0b0011), uint(0), byte(0))
	f.Add(byte(4), byte(0b1111), byte(0b1111), uint(20), byte(1))
	f.Add(byte(1), byte(0b0110), byte(0b1001), uint(9), byte(2))
	f.Fuzz(func(t *testing.T, quorum, named, signed byte, at uint, flip byte) {
		var asked []string
		text, members := "", ""
		for i, k := range keys {
			if named>>i&1 == 1 {
				asked = append(asked, k)
				id := string(rune('a' + i))
				text += "witness " + id + " " + k + " https://" + id + ".example/\n"
				members += " " + id
			}
		}
		q := int(quorum % 5)
		ours, err := c2sp.NewPolicy(q, asked)
		if err != nil {
			if q <= len(asked) {
				t.Fatalf("%d of %d: %v", q, len(asked), err)
			}
			return
		}
		if q == 0 {
			return // "none" in formats, which then looks at nothing
		}
		theirs, err := witness.ParsePolicy([]byte(text + "group g " + string(rune('0'+q)) + members + "\nquorum g\n"))
		if err != nil {
			t.Fatalf("formats refuses %d of %d: %v", q, len(asked), err)
		}
		l.t = t
		b := l.note(6)
		bad := false
		var put []c2sp.SignatureLine
		for i, line := range lines {
			if signed>>i&1 == 0 {
				continue
			}
			if i == int(at%4) && flip != 0 {
				line.Sig = bytes.Clone(line.Sig)
				line.Sig[at/4%uint(len(line.Sig))] ^= flip
				bad = bad || named>>i&1 == 1
			}
			put = append(put, line)
		}
		b = c2sp.AppendLines(b, put...)
		n, err := c2sp.ParseNote(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ours.Verify(n.Checkpoint, n.Lines)
		satisfied := theirs.Satisfied(b)
		if err == nil && (!satisfied || len(got) < q) || err != nil && satisfied && !bad {
			t.Fatalf("%d of %04b, signed by %04b, bad %v: we say %v, formats %v", q, named, signed, bad, err, satisfied)
		}
	})
}

// FuzzTiles exports a log of entries of any lengths and reads it back through
// torchwood, with one byte of one file altered: it reads the entries that were
// written, or refuses.
func FuzzTiles(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint16(0), uint(0), byte(0))
	f.Add(bytes.Repeat([]byte{0, 200, 7}, 100), uint16(2), uint(70), byte(1))
	f.Add([]byte{255}, uint16(1), uint(3), byte(0x40))
	f.Fuzz(func(t *testing.T, lengths []byte, file uint16, at uint, flip byte) {
		l := fixedLog(t, 0)
		for i, n := range lengths[:min(len(lengths), 600)] {
			e := binary.BigEndian.AppendUint16(bytes.Repeat([]byte{byte(i)}, int(n)), uint16(i))
			l.entries = append(l.entries, e)
			l.tree.Append(journal.LeafHash(e))
		}
		size := uint64(len(l.entries))
		dir := fstest.MapFS{}
		write := func(name string, data []byte) error {
			if dir[name] != nil || !fs.ValidPath(name) || path.Clean(name) != name {
				t.Fatalf("%q is written twice, or is no path", name)
			}
			dir[name] = &fstest.MapFile{Data: bytes.Clone(data)}
			return nil
		}
		if err := c2sp.WriteTiles(write, seq(l.entries), l.note(size)); err != nil {
			t.Fatal(err)
		}
		var names []string
		for name := range dir {
			if name != "checkpoint" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if len(names) == 0 {
			return
		}
		data := dir[names[int(file)%len(names)]].Data
		data[at%uint(len(data))] ^= flip
		tiles, err := torchwood.NewTileFS(dir)
		if err != nil {
			t.Fatal(err)
		}
		client, err := torchwood.NewClient(tiles)
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := torchwood.VerifyCheckpoint(dir["checkpoint"].Data, torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(l.origin), torchwood.SingleVerifierPolicy(l.edVerifier())))
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(0)
		for i, e := range client.AllEntries(t.Context(), c.Tree, 0) {
			if !bytes.Equal(e, l.entries[i]) {
				t.Fatalf("entry %d differs, and was believed", i)
			}
			n++
		}
		if flip == 0 && (client.Err() != nil || n != size) {
			t.Fatalf("torchwood read %d of %d entries: %v", n, size, client.Err())
		}
	})
}
