package key

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestWordList(t *testing.T) {
	sum := sha256.Sum256([]byte(wordFile))
	if want := "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"; hex.EncodeToString(sum[:]) != want {
		t.Errorf("got SHA-256 %x, want %s", sum, want)
	}
	spec, err := os.ReadFile("../../spec/words.txt")
	if err != nil {
		t.Fatal(err)
	}
	if string(spec) != wordFile {
		t.Error("spec/words.txt differs from the list in use")
	}
	list, starts := wordList(), map[string]string{}
	if len(list) != 2048 || !slices.IsSorted(list) {
		t.Errorf("got %d words, sorted %v; want 2048 in order", len(list), slices.IsSorted(list))
	}
	for _, w := range list {
		start := w[:min(4, len(w))]
		if other, ok := starts[start]; ok {
			t.Errorf("%q and %q start alike", w, other)
		}
		starts[start] = w
	}
}

func TestWords(t *testing.T) {
	ones := [32]byte(slices.Repeat([]byte{0xff}, 32))
	bit55 := [32]byte{6: 0x02} // the last of 55 bits
	bit56 := [32]byte{6: 0x01} // the first that does not count
	first := [32]byte{0: 0x80}
	for _, c := range []struct {
		sum           [32]byte
		words, digits string
	}{
		{[32]byte{}, "abandon abandon abandon abandon abandon", "00000000000000000"},
		{ones, "zoo zoo zoo zoo zoo", "36028797018963967"},
		{bit55, "abandon abandon abandon abandon ability", "00000000000000001"},
		{bit56, "abandon abandon abandon abandon abandon", "00000000000000000"},
		{first, "length abandon abandon abandon abandon", "18014398509481984"},
	} {
		w := Words(c.sum)
		if got := strings.Join(w[:], " "); got != c.words {
			t.Errorf("%x: got %q, want %q", c.sum, got, c.words)
		}
		if got := Digits(c.sum); got != c.digits {
			t.Errorf("%x: got %s, want %s", c.sum, got, c.digits)
		}
	}
}

// Words and digits are two writings of one number.
func TestWordsAgreeWithDigits(t *testing.T) {
	for i := range 200 {
		sum := sha256.Sum256([]byte{byte(i)})
		n := new(big.Int)
		for _, w := range Words(sum) {
			at, ok := slices.BinarySearch(wordList(), w)
			if !ok {
				t.Fatalf("%q is not in the list", w)
			}
			n.Add(n.Lsh(n, 11), big.NewInt(int64(at)))
		}
		want, _ := new(big.Int).SetString(Digits(sum), 10)
		if n.Cmp(want) != 0 || len(Digits(sum)) != 17 {
			t.Errorf("%x: words give %s, digits %s", sum, n, Digits(sum))
		}
	}
}

func TestFingerprint(t *testing.T) {
	var sum [32]byte
	for i := range sum {
		sum[i] = byte(i)
	}
	want := "0001 0203 0405 0607 0809 0a0b 0c0d 0e0f 1011 1213 1415 1617 1819 1a1b 1c1d 1e1f"
	if got := Fingerprint(sum); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	a, b := pair(t, 1).Public(), pair(t, 2).Public()
	b.Ed = a.Ed
	if a.Fingerprint() == b.Fingerprint() {
		t.Error("pairs that differ in one half have one fingerprint")
	}
}
