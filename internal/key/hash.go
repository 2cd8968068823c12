package key

import (
	"crypto/hkdf"
	"crypto/sha256"
)

const prefix = "parley/v1 "

// Hash is H(label, x) of spec/conventions.md:
// SHA-256("parley/v1 " || label || 0x00 || x).
func Hash(label string, x []byte) [32]byte {
	return sha256.Sum256(append([]byte(prefix+label+"\x00"), x...))
}

// Expand is HKDF(key, info) of spec/conventions.md: HKDF-Expand-SHA-256 with
// info "parley/v1 " || info and 32 bytes of output. key is 32 uniform bytes;
// there is no extract step.
func Expand(key *[32]byte, info []byte) [32]byte {
	out, err := hkdf.Expand(sha256.New, key[:], prefix+string(info), 32)
	if err != nil {
		panic(err) // 32 bytes is within the limit, and the key is long enough in FIPS mode too
	}
	return [32]byte(out)
}

// HKDF is Expand with an info made of text parts, joined as they are.
func HKDF(key [32]byte, info ...string) [32]byte {
	var all []byte
	for _, s := range info {
		all = append(all, s...)
	}
	return Expand(&key, all)
}
