package pair

import (
	"encoding/hex"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden encodings")

// TestGolden holds encodings, hashes and words to what was written once.
func TestGolden(t *testing.T) {
	f, err := pair(t, seeded(7), alder, birch, cedar)[0].Complete()
	if err != nil {
		t.Fatal(err)
	}
	words, hash := f.Words(), f.Hash()
	got := strings.Join([]string{
		"charter " + hex.EncodeToString(f.CharterBytes()),
		"annex " + hex.EncodeToString(f.AnnexBytes()),
		"founding hash " + hex.EncodeToString(hash[:]),
		"words " + strings.Join(words[:], " "),
		"digits " + f.Digits(),
		"fingerprint " + f.Fingerprint(), ""}, "\n")
	const file = "testdata/founding.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
