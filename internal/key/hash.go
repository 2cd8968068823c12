package key

import "crypto/sha256"

const prefix = "parley/v1 "

// Hash is H(label, x) of spec/conventions.md:
// SHA-256("parley/v1 " || label || 0x00 || x).
func Hash(label string, x []byte) [32]byte {
	return sha256.Sum256(append([]byte(prefix+label+"\x00"), x...))
}

// Expand is HKDF(key, info) of spec/conventions.md: HKDF-Expand-SHA-256 with
// info "parley/v1 " || info and 32 bytes of output. key is 32 uniform bytes;
// there is no extract step.
//
// So long an output is one HMAC over info and the octet 1 (RFC 5869, 2.3). It is
// written out here, as crypto/hkdf computes it (TestExpandIsHKDF): six times for each
// dispatch, at a third of the time and without an allocation.
func Expand(key *[32]byte, info []byte) [32]byte {
	var inner, outer [256]byte // blocks of RFC 2104, and room for what follows
	for i := range sha256.BlockSize {
		inner[i], outer[i] = 0x36, 0x5c
	}
	for i, k := range key {
		inner[i], outer[i] = inner[i]^k, outer[i]^k
	}
	sum := sha256.Sum256(append(append(append(inner[:sha256.BlockSize], prefix...), info...), 1))
	return sha256.Sum256(append(outer[:sha256.BlockSize], sum[:]...))
}

// HKDF is Expand with an info made of text parts, joined as they are.
func HKDF(key [32]byte, info ...string) [32]byte {
	var all []byte
	for _, s := range info {
		all = append(all, s...)
	}
	return Expand(&key, all)
}
