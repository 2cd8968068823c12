package c2sp

import (
	"bytes"
	"strings"
	"testing"

	"parley"
)

func testProof(t testing.TB, extra []byte) []byte {
	t.Helper()
	note, _ := testNote(t, 6)
	hashes, err := testTree(t, 6).Inclusion(4, 6)
	if err != nil {
		t.Fatal(err)
	}
	return FormatProof(extra, 4, hashes, note)
}

func TestProofFile(t *testing.T) {
	for _, extra := range [][]byte{nil, {}, []byte("more about it")} {
		b := testProof(t, extra)
		p, err := ParseProof(b)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(p.Extra, extra) || (p.Extra == nil) != (extra == nil) || p.Index != 4 {
			t.Errorf("got %v", p)
		}
		if again := FormatProof(p.Extra, p.Index, p.Hashes, p.Note); !bytes.Equal(again, b) {
			t.Errorf("read %q, wrote %q", b, again)
		}
		n, err := p.Check(testEntry(4))
		if err != nil || n.Checkpoint.Size != 6 {
			t.Errorf("got %v, %v", n, err)
		}
		_, err = p.Check(testEntry(3))
		wantKind(t, err, parley.BadProof)
	}
}

func TestParseProofRefuses(t *testing.T) {
	good := string(testProof(t, []byte("x")))
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %q in the proof", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	head, note, _ := strings.Cut(good, "\n\n")
	for name, s := range map[string]string{
		"nothing":           "",
		"header alone":      proofHeader,
		"version 2":         replace("@v1", "@v2"),
		"no index":          replace("index 4\n", ""),
		"index with zero":   replace("index 4", "index 04"),
		"index below zero":  replace("index 4", "index -4"),
		"index of 2^64":     replace("index 4", "index 18446744073709551616"),
		"extra after index": replace("extra eA==\nindex 4\n", "index 4\nextra eA==\n"),
		"extra twice":       replace("extra eA==\n", "extra eA==\nextra eA==\n"),
		"extra loose":       replace("extra eA==", "extra eB=="),
		"extra unpadded":    replace("extra eA==", "extra eA"),
		"return":            replace("index 4\n", "index 4\r\n"),
		"short hash":        replace("index 4\n", "index 4\nAAAA\n"),
		"no note":           head + "\n\n",
		"no empty line":     head + "\n" + note,
		"too many hashes":   replace("index 4\n", "index 4\n"+strings.Repeat(zeroRoot+"\n", 65)),
		"two empty lines":   head + "\n\n\n" + note,
		"note not a note":   head + "\n\nhello\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseProof([]byte(s))
			wantKind(t, err, parley.Malformed)
		})
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add(testProof(f, nil))
	f.Add(testProof(f, []byte("x")))
	f.Add([]byte(proofHeader + "index 0\n\no\n1\n" + zeroRoot + "\n\n— x AAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProof(b)
		if err != nil {
			if parley.KindOf(err) != parley.Malformed {
				t.Fatalf("got %s, want malformed", parley.KindOf(err))
			}
			return
		}
		if again := FormatProof(p.Extra, p.Index, p.Hashes, p.Note); !bytes.Equal(again, b) {
			t.Fatalf("read %q, wrote %q", b, again)
		}
	})
}
