package interop

import (
	"testing"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/journal"
)

// formatsVerifiers returns formats' verifiers of all four lines of a note with
// a receipt.
func formatsVerifiers(t *testing.T, l *testLog) []note.Verifier {
	t.Helper()
	logKeys, holderKeys := l.vkeys()
	vs := []note.Verifier{l.edVerifier()}
	for _, k := range []c2sp.VKey{logKeys[1], holderKeys[0], holderKeys[1]} {
		v, err := fnote.NewVerifierForCosignatureV1(k.String())
		if err != nil {
			t.Fatal(err)
		}
		if v.KeyHash() != k.ID() || v.Name() != k.Name {
			t.Fatalf("formats gives %s id %08x, we %08x", v.Name(), v.KeyHash(), k.ID())
		}
		vs = append(vs, v)
	}
	return vs
}

func TestFormatsVerifiesCheckpointAndReceipt(t *testing.T) {
	for _, size := range []int{0, 1, 2, 255, 256, 1000} {
		l := newLog(t, size)
		b := l.receipt(uint64(size))
		n, err := note.Open(b, note.VerifierList(formatsVerifiers(t, l)...))
		if err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		if len(n.Sigs) != 4 {
			t.Fatalf("size %d: %d signatures verified, want 4", size, len(n.Sigs))
		}
		var c log.Checkpoint
		rest, err := c.Unmarshal([]byte(n.Text))
		want := l.checkpoint(uint64(size))
		if err != nil || len(rest) != 0 || c.Origin != want.Origin || c.Size != want.Size || journal.Hash(c.Hash) != want.Root {
			t.Errorf("size %d: formats reads %+v, %v", size, c, err)
		}
		for i, s := range n.Sigs[2:] {
			at, err := fnote.CoSigV1Timestamp(s)
			if err != nil || uint64(at.Unix()) != l.receiptTime {
				t.Errorf("receipt line %d: time %v, %v, want %d", i, at, err, l.receiptTime)
			}
		}
		if at, err := fnote.CoSigV1Timestamp(n.Sigs[1]); err != nil || at.Unix() != 0 {
			t.Errorf("log's ml-dsa line: time %v, %v, want 0", at, err)
		}
	}
}

func TestFormatsVerifiesOurSubtree(t *testing.T) {
	l := newLog(t, 77)
	keys, _ := l.vkeys()
	v, err := fnote.NewMLDSAVerifier(keys[1].String())
	if err != nil {
		t.Fatal(err)
	}
	h := l.head(77)
	sig := append(make([]byte, 8), h.ML...)
	if !v.VerifySubtree(0, l.origin, 0, 77, h.Root[:], sig) {
		t.Error("formats refuses the log's ml-dsa signature as of the tree [0, 77)")
	}
	if v.VerifySubtree(0, l.origin, 0, 76, h.Root[:], sig) {
		t.Error("formats takes it for [0, 76)")
	}
}

func TestFormatsRefusesAFlippedBit(t *testing.T) {
	l := newLog(t, 9)
	vs := formatsVerifiers(t, l)
	flips(l.receipt(9), 53, func(at int, b []byte) {
		n, err := note.Open(b, note.VerifierList(vs...))
		if err == nil && len(n.Sigs) == 4 && !looseBits(b, at) {
			t.Errorf("byte %d flipped: all four still verify", at)
		}
	})
}

// TestWeVerifyFormats: cosignatures by formats' own signers satisfy our Policy,
// and a receipt satisfies formats' policy.
func TestWeVerifyFormats(t *testing.T) {
	l := newLog(t, 12)
	c := l.checkpoint(12)
	mlSecret, mlKey, err := fnote.GenerateMLDSAKey(witnessName(1))
	if err != nil {
		t.Fatal(err)
	}
	edSecret, edKey, err := note.GenerateKey(nil, witnessName(2))
	if err != nil {
		t.Fatal(err)
	}
	if edKey, err = fnote.VKeyToCosignatureV1(edKey); err != nil {
		t.Fatal(err)
	}
	signed := &note.Note{Text: string(c.Text())}
	var signers []note.Signer
	for _, s := range []string{mlSecret, edSecret} {
		signer, err := fnote.NewSignerForCosignatureV1(s)
		if err != nil {
			t.Fatal(err)
		}
		signers = append(signers, signer)
	}
	b, err := note.Sign(signed, signers...)
	if err != nil {
		t.Fatal(err)
	}
	n, err := c2sp.ParseNote(b)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c2sp.NewPolicy(2, []string{mlKey, edKey})
	if err != nil {
		t.Fatal(err)
	}
	good, err := p.Verify(n.Checkpoint, n.Lines)
	if err != nil || len(good) != 2 || good[0].Time == 0 {
		t.Fatalf("got %v, %v, want two witnesses", good, err)
	}
	_, err = p.Verify(l.checkpoint(11), n.Lines)
	wantKind(t, err, parley.BadSignature)
}

func TestFormatsPolicyTakesOurKeys(t *testing.T) {
	l := newLog(t, 3)
	_, holder := l.vkeys()
	text := "witness a " + holder[0].String() + " https://a.example/\nwitness b " + holder[1].String() + " https://b.example/\n" +
		"group g all a b\nquorum g\n"
	g, err := witness.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !g.Satisfied(l.receipt(3)) {
		t.Error("formats' policy is not satisfied by a receipt of both halves")
	}
	if g.Satisfied(l.note(3)) {
		t.Error("formats' policy is satisfied without a receipt")
	}
}
