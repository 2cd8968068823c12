package key

import (
	"crypto/hkdf"
	"crypto/sha256"
	"math/rand/v2"
	"testing"
)

// TestExpandIsHKDF computes the same as crypto/hkdf, at every length of info around the
// blocks of the hash and the room that Expand has.
func TestExpandIsHKDF(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{1})
	for n := range 400 {
		var key [32]byte
		info := make([]byte, n)
		rng.Read(key[:])
		rng.Read(info)
		want, err := hkdf.Expand(sha256.New, key[:], prefix+string(info), 32)
		if err != nil {
			t.Fatal(err)
		}
		if got := Expand(&key, info); got != [32]byte(want) {
			t.Fatalf("info of %d bytes: %x, crypto/hkdf makes %x", n, got, want)
		}
	}
}
