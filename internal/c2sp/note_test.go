package c2sp

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"parley"
	"parley/internal/journal"
	"parley/internal/wire"
	"parley/internal/wire/wiretest"
)

// testNote returns Alder's note of n entries with Birch's receipt, and the
// verifier keys of all four lines.
func testNote(t testing.TB, n int) ([]byte, []VKey) {
	t.Helper()
	c, head, p := testCheckpoint(t, n)
	r := testPair(t, "birch receipt")
	const now = 1_700_000_000
	ed, ml, err := journal.Cosign(r, birchHeld, c, now)
	if err != nil {
		t.Fatal(err)
	}
	b := AppendLines(Note(c, p.Public(), head), HolderLines(birchHeld, r.Public(), now, ed, ml)...)
	l, h := LogKeys(c.Origin, p.Public()), HolderKeys(birchHeld, r.Public())
	return b, append(l[:], h[:]...)
}

func TestNote(t *testing.T) {
	b, keys := testNote(t, 5)
	n, err := ParseNote(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(n.Bytes(), b) {
		t.Error("a note read and written differs")
	}
	times, err := n.Verify(keys...)
	if err != nil {
		t.Fatal(err)
	}
	if want := []uint64{0, 0, 1_700_000_000, 1_700_000_000}; len(times) != 4 || times[0] != want[0] || times[1] != want[1] || times[2] != want[2] || times[3] != want[3] {
		t.Errorf("got times %v, want %v", times, want)
	}
	c, head, p := testCheckpoint(t, 5)
	if err := n.VerifyLog(p.Public()); err != nil {
		t.Error(err)
	}
	got, err := n.Head(p.Public())
	if err != nil || journal.Verify(testVerifier(t, p.Public()), c, got) != nil || got.Ed != head.Ed {
		t.Errorf("got head %v, %v", got, err)
	}
	_, err = n.Head(testPair(t, "else").Public())
	wantKind(t, err, parley.BadSignature)
	wantKind(t, n.VerifyLog(testPair(t, "else").Public()), parley.BadSignature)
}

// TestNoteOpensElsewhere opens our note with x/mod's note package.
func TestNoteOpensElsewhere(t *testing.T) {
	b, keys := testNote(t, 5)
	v, err := note.NewVerifier(keys[0].String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(b, note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 3 {
		t.Errorf("got %d known and %d other signatures, want 1 and 3", len(n.Sigs), len(n.UnverifiedSigs))
	}
}

func TestNoteEveryByteCounts(t *testing.T) {
	b, keys := testNote(t, 3)
	for i := 0; i < len(b); i += 1 + i/97 {
		n, err := ParseNote(flip(b, i))
		if err != nil {
			continue
		}
		if _, err := n.Verify(keys...); err == nil {
			t.Fatalf("byte %d flipped: verifies", i)
		}
	}
}

func TestVerifyLogWantsTimeZero(t *testing.T) {
	c, head, p := testCheckpoint(t, 5)
	_, mlMessage := journal.CosignMessages(c.Origin, c, 5)
	ml, err := p.SignML(mlMessage)
	if err != nil {
		t.Fatal(err)
	}
	k := LogKeys(c.Origin, p.Public())
	n := SignedNote{c, []SignatureLine{k[0].line(0, head.Ed[:]), k[1].line(5, ml)}}
	if _, err := n.Verify(k[:]...); err != nil {
		t.Fatal(err)
	}
	wantKind(t, n.VerifyLog(p.Public()), parley.BadSignature)
}

func TestParseNoteRefuses(t *testing.T) {
	good, _ := testNote(t, 2)
	text, sigs, _ := strings.Cut(string(good), "\n\n")
	lines := strings.SplitAfter(sigs, "\n")
	for name, s := range map[string]string{
		"nothing":            "",
		"no signatures":      text + "\n\n",
		"text alone":         text + "\n",
		"no last newline":    strings.TrimSuffix(string(good), "\n"),
		"extension line":     text + "\nmore\n\n" + sigs,
		"two empty lines":    text + "\n\n\n" + sigs,
		"empty line at end":  string(good) + "\n",
		"text after":         string(good) + "more\n",
		"same key twice":     string(good) + lines[0],
		"return at line end": text + "\n\n" + strings.Replace(sigs, "\n", "\r\n", 1),
		"another dash":       text + "\n\n" + strings.Replace(sigs, "—", "-", 1),
		"name with plus":     text + "\n\n" + strings.Replace(sigs, "— a", "— +", 1),
		"no name":            text + "\n\n—  AAAAAAA=\n",
		"short signature":    text + "\n\n— x AAAAAA==\n",
		"loose base64":       text + "\n\n— x AAAAAAB=\n",
		"space at the end":   text + "\n\n— x AAAAAAA= \n",
		"not UTF-8":          text + "\n\n— \xff AAAAAAA=\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseNote([]byte(s))
			wantKind(t, err, parley.Malformed)
		})
	}
	many := text + "\n\n"
	for i := range 101 {
		many += SignatureLine{Name: "w", ID: uint32(i), Sig: []byte{1}}.String() + "\n"
	}
	_, err := ParseNote([]byte(many))
	wantKind(t, err, parley.Malformed)
}

func TestVKey(t *testing.T) {
	p := testPair(t, "birch receipt").Public()
	for _, k := range append(keySlice(LogKeys(alderLog, p)), keySlice(HolderKeys(birchHeld, p))...) {
		got, err := ParseVKey(k.String())
		if err != nil || got.String() != k.String() || got.ID() != k.ID() {
			t.Errorf("got %v, %v, want %v", got, err, k)
		}
	}
	good := HolderKeys("witness.example/w", p)[0].String()
	for name, test := range map[string]struct {
		s    string
		want parley.Kind
	}{
		"nothing":      {"", parley.Malformed},
		"no key":       {"name+00000000", parley.Malformed},
		"empty key":    {"name+00000000+", parley.Malformed},
		"another name": {"x" + good, parley.Malformed},
		"no name":      {good[strings.Index(good, "+"):], parley.Malformed},
		"upper id":     {strings.ToUpper(good[:27]) + good[27:], parley.Malformed},
		"cut":          {good[:len(good)-4], parley.Malformed},
		"more":         {good + "AAAA", parley.Malformed},
		"unknown type": {"name+00000000+/wAA", parley.Unsupported},
		"ecdsa":        {"name+00000000+AgAA", parley.Unsupported},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseVKey(test.s)
			wantKind(t, err, test.want)
		})
	}
}

func keySlice(k [2]VKey) []VKey { return k[:] }

func TestVKeyVerifyRefuses(t *testing.T) {
	c, head, p := testCheckpoint(t, 2)
	k := LogKeys(c.Origin, p.Public())
	long := VKey{Name: strings.Repeat("n", 300), Type: TypeCosignedML, Key: k[1].Key}
	for name, test := range map[string]struct {
		k   VKey
		sig []byte
	}{
		"ed empty":        {k[0], nil},
		"ed with time":    {k[0], append(make([]byte, 8), head.Ed[:]...)},
		"ml without time": {k[1], head.ML},
		"ml short":        {k[1], []byte{1, 2, 3}},
		"no key":          {VKey{Name: "w", Type: TypeCosignedEd}, append(make([]byte, 8), head.Ed[:]...)},
		"no ml key":       {VKey{Name: "w", Type: TypeCosignedML}, append(make([]byte, 8), head.ML...)},
		"unknown type":    {VKey{Name: c.Origin, Type: 9, Key: k[0].Key}, append(make([]byte, 8), head.Ed[:]...)},
		"long name":       {long, append(make([]byte, 8), head.ML...)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.k.Verify(c, test.sig)
			wantKind(t, err, parley.BadSignature)
		})
	}
}

func FuzzParseNote(f *testing.F) {
	b, _ := testNote(f, 3)
	f.Add(b)
	f.Add([]byte("o\n1\n" + zeroRoot + "\n\n— x AAAAAAA=\n"))
	f.Add(Note(journal.Checkpoint{Origin: alderLog, Size: 0, Root: journal.EmptyRoot}, testPair(f, "x").Public(), wire.Head{}))
	for _, in := range wiretest.Inputs(f, "station/note", "note") {
		f.Add([]byte(in[0]))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := ParseNote(b)
		if err != nil {
			if parley.KindOf(err) != parley.Malformed {
				t.Fatalf("got %s, want malformed", parley.KindOf(err))
			}
			return
		}
		if !bytes.Equal(n.Bytes(), b) {
			t.Fatalf("read %q, wrote %q", b, n.Bytes())
		}
	})
}

// FuzzVKeyVerify alters the signature lines of a note: only what was signed
// verifies, at the time it was signed for.
func FuzzVKeyVerify(f *testing.F) {
	c, head, p := testCheckpoint(f, 5)
	keys, lines := LogKeys(alderLog, p.Public()), LogLines(alderLog, p.Public(), head)
	f.Add(false, uint64(5), uint(0), byte(0), 0)
	f.Add(true, uint64(5), uint(7), byte(1), 0)
	f.Add(true, uint64(6), uint(0), byte(0), 9)
	f.Fuzz(func(t *testing.T, ml bool, size uint64, at uint, flip byte, cut int) {
		k, sig, d := keys[0], bytes.Clone(lines[0].Sig), c
		if ml {
			k, sig = keys[1], bytes.Clone(lines[1].Sig)
		}
		d.Size = size
		sig[at%uint(len(sig))] ^= flip
		if cut > 0 {
			sig = sig[:cut%len(sig)]
		}
		when, err := k.Verify(d, sig)
		if whole := size == 5 && flip == 0 && cut <= 0; whole != (err == nil) || when != 0 {
			t.Errorf("whole %v: time %d, %v", whole, when, err)
		}
		if err != nil && parley.KindOf(err) != parley.BadSignature {
			t.Error(err)
		}
	})
}

func FuzzParseVKey(f *testing.F) {
	p := testPair(f, "x").Public()
	f.Add(HolderKeys(birchHeld, p)[0].String())
	f.Add(LogKeys(alderLog, p)[1].String())
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ParseVKey(s); err == nil && k.String() != s {
			t.Fatalf("read %q, wrote %q", s, k)
		}
	})
}
