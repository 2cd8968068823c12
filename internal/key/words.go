package key

import (
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
)

// wordFile is the English word list of BIP 39, 2,048 words in alphabetical
// order, byte for byte as spec/words.txt.
//
//go:embed words.txt
var wordFile string

// wordList returns the words in the order of the file.
var wordList = sync.OnceValue(func() []string { return strings.Fields(wordFile) })

// first55 returns the first 55 bits of sum.
func first55(sum [32]byte) uint64 { return binary.BigEndian.Uint64(sum[:8]) >> 9 }

// Words returns the first 55 bits of sum as five words, 11 bits each, most
// significant first (spec/pairing.md).
func Words(sum [32]byte) (w [5]string) {
	n, list := first55(sum), wordList()
	for i := range w {
		w[i] = list[n>>(44-11*i)&2047]
	}
	return w
}

// Digits returns the same 55 bits as 17 decimal digits, padded with zeros,
// for people who share no alphabet.
func Digits(sum [32]byte) string { return fmt.Sprintf("%017d", first55(sum)) }

// Fingerprint returns sum in full: 16 groups of 4 hexadecimal digits.
func Fingerprint(sum [32]byte) string {
	h := hex.EncodeToString(sum[:])
	groups := make([]string, 0, 16)
	for ; h != ""; h = h[4:] {
		groups = append(groups, h[:4])
	}
	return strings.Join(groups, " ")
}
