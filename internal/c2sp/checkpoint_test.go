package c2sp

import (
	"bytes"
	"strings"
	"testing"

	"parley"
	"parley/internal/journal"
)

const zeroRoot = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

func TestCheckpointText(t *testing.T) {
	c := journal.Checkpoint{Origin: alderLog, Size: 42, Root: journal.EmptyRoot}
	want := "a100000000000000000000000000000f/alder/0102030405060708\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
	if got := string(c.Text()); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	got, err := ParseCheckpoint(c.Text())
	if err != nil || got != c {
		t.Fatalf("got %v, %v, want %v", got, err, c)
	}
}

func TestParseCheckpointRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":             "",
		"two lines":           "o\n1\n",
		"no last newline":     "o\n1\n" + zeroRoot,
		"extension line":      "o\n1\n" + zeroRoot + "\nmore\n",
		"empty line after":    "o\n1\n" + zeroRoot + "\n\n",
		"empty origin":        "\n1\n" + zeroRoot + "\n",
		"origin with space":   "o o\n1\n" + zeroRoot + "\n",
		"origin with plus":    "o+o\n1\n" + zeroRoot + "\n",
		"origin with return":  "o\r\n1\n" + zeroRoot + "\n",
		"origin not UTF-8":    "o\xff\n1\n" + zeroRoot + "\n",
		"origin with nbsp":    "o\u00a0\n1\n" + zeroRoot + "\n",
		"origin with control": "o\x01\n1\n" + zeroRoot + "\n",
		"origin of 256":       strings.Repeat("o", 256) + "\n1\n" + zeroRoot + "\n",
		"size with zero":      "o\n01\n" + zeroRoot + "\n",
		"size with plus":      "o\n+1\n" + zeroRoot + "\n",
		"size below zero":     "o\n-1\n" + zeroRoot + "\n",
		"size in hex":         "o\n0x1\n" + zeroRoot + "\n",
		"size with space":     "o\n1 \n" + zeroRoot + "\n",
		"size of 2^63":        "o\n9223372036854775808\n" + zeroRoot + "\n",
		"size of 2^64":        "o\n18446744073709551616\n" + zeroRoot + "\n",
		"root of 31 bytes":    "o\n1\n" + zeroRoot[4:] + "\n",
		"root unpadded":       "o\n1\n" + zeroRoot[:43] + "\n",
		"root with loose bit": "o\n1\n" + zeroRoot[:42] + "B=\n",
		"root with return":    "o\n1\n" + zeroRoot[:20] + "\r" + zeroRoot[20:] + "\n",
		"root in url base64":  "o\n1\n" + "_" + zeroRoot[1:] + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseCheckpoint([]byte(text))
			wantKind(t, err, parley.Malformed)
		})
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add([]byte("o\n1\n" + zeroRoot + "\n"))
	f.Add(journal.Checkpoint{Origin: alderLog, Size: 1 << 40, Root: journal.EmptyRoot}.Text())
	f.Add([]byte("o\n01\n" + zeroRoot + "\nx\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCheckpoint(b)
		if err != nil {
			if parley.KindOf(err) != parley.Malformed {
				t.Fatalf("got %s, want malformed", parley.KindOf(err))
			}
			return
		}
		if !bytes.Equal(c.Text(), b) {
			t.Fatalf("read %q, wrote %q", b, c.Text())
		}
	})
}
