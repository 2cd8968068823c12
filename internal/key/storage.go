package key

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"parley"
)

const (
	storageSize    = 32
	storageVersion = 1
	saltSize       = 32
)

// StorageOverhead is how many bytes Seal adds: version, salt, tag.
const StorageOverhead = 1 + saltSize + 16

// Storage seals what a station keeps: entry keys, epoch secrets, receiving
// keys. Each seal has a subkey of its own from 32 random bytes, so the number
// of seals under one storage key is not bounded in practice. It is safe for
// concurrent use.
type Storage struct {
	secret
	key behind[*[storageSize]byte]
}

// NewStorage makes a storage key from 32 bytes of rand.
func NewStorage(rand io.Reader) (*Storage, error) {
	var seed [storageSize]byte
	if _, err := io.ReadFull(rand, seed[:]); err != nil {
		return nil, fmt.Errorf("making a storage key: %w", err)
	}
	defer clear(seed[:])
	return StorageFromSeed(seed[:])
}

// StorageFromSeed makes the storage key of a 32-byte secret. The error is
// Malformed.
func StorageFromSeed(seed []byte) (*Storage, error) {
	if len(seed) != storageSize {
		return nil, parley.Errorf(parley.Malformed, "storage key: a secret of %d bytes, want %d", len(seed), storageSize)
	}
	k := [storageSize]byte(seed)
	return &Storage{key: hide(&k)}, nil
}

// Seed returns the secret, for a key file.
func (s *Storage) Seed() []byte { return bytes.Clone(s.key()[:]) }

// Seal seals plaintext for the place called name: it opens there only.
func (s *Storage) Seal(name string, plaintext []byte) []byte {
	b := make([]byte, 1+saltSize, len(plaintext)+StorageOverhead)
	b[0] = storageVersion
	rand.Read(b[1:]) // does not fail
	return s.aead(b).Seal(b, make([]byte, 12), plaintext, []byte(name))
}

// Open opens what Seal made for the same name. The error is Corrupt.
func (s *Storage) Open(name string, b []byte) ([]byte, error) {
	if len(b) < StorageOverhead || b[0] != storageVersion {
		return nil, parley.Errorf(parley.Corrupt, "%s: not sealed by a storage key", name)
	}
	head := b[:1+saltSize]
	plain, err := s.aead(head).Open(nil, make([]byte, 12), b[len(head):], []byte(name))
	if err != nil {
		return nil, parley.Errorf(parley.Corrupt, "%s: does not open under this storage key", name)
	}
	return plain, nil
}

// aead returns the AEAD of one seal; its key is used once, so its nonce is zero.
func (s *Storage) aead(head []byte) cipher.AEAD {
	sub := Expand(s.key(), append([]byte("storage seal "), head...))
	return gcm(sub[:])
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // 32 bytes are a valid key
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return g
}

// ShareWords is the number of words of a recovery share.
const ShareWords = 24

// Share returns the storage key as words to keep on paper: 256 bits of key
// and 8 bits of checksum, 11 bits a word, as BIP 39 does.
func (s *Storage) Share() []string {
	sum := sha256.Sum256(s.key()[:])
	b := append(s.Seed(), sum[0])
	list, words := wordList(), make([]string, ShareWords)
	for i := range words {
		n := 0
		for bit := 11 * i; bit < 11*i+11; bit++ {
			n = n<<1 | int(b[bit/8]>>(7-bit%8)&1)
		}
		words[i] = list[n]
	}
	clear(b)
	return words
}

// StorageFromShare reads a recovery share. Case does not matter, and the
// first four letters of a word are enough. The error is Malformed and says
// which word is wrong, as far as can be known.
func StorageFromShare(words []string) (*Storage, error) {
	if len(words) != ShareWords {
		return nil, parley.Errorf(parley.Malformed, "recovery share: %d words, want %d", len(words), ShareWords)
	}
	var b [storageSize + 1]byte
	for i, w := range words {
		n := wordIndex(w)
		if n < 0 {
			return nil, parley.Errorf(parley.Malformed, "recovery share: word %d is not in the list", i+1).
				WithHint("compare it with words.txt; four letters are enough to name a word")
		}
		for j := range 11 {
			bit := 11*i + j
			b[bit/8] |= byte(n>>(10-j)&1) << (7 - bit%8)
		}
	}
	if sum := sha256.Sum256(b[:storageSize]); sum[0] != b[storageSize] {
		return nil, parley.Errorf(parley.Malformed, "recovery share: the checksum differs").
			WithHint("a word is another than was written down, or two stand in each other's place")
	}
	return StorageFromSeed(b[:storageSize])
}

// wordIndex finds a word by its name or its first four letters; -1 when it
// is not in the list.
func wordIndex(w string) int {
	w, list := strings.ToLower(strings.TrimSpace(w)), wordList()
	i, exact := slices.BinarySearch(list, w)
	if exact {
		return i
	}
	if len(w) == 4 && i < len(list) && strings.HasPrefix(list[i], w) {
		return i
	}
	return -1
}
