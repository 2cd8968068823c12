package seal

import (
	"crypto/aes"
	"crypto/cipher"

	"parley"
)

// Seal makes the leaf of an entry at index of the log named origin. header and
// body are CBOR plaintexts. The caller never seals an index of an epoch twice
// and lets nothing out before it is durable (spec/sealing.md, 6). The error
// is Oversize.
func Seal(k Key, origin string, index uint64, clear Clear, header, body []byte) ([]byte, error) {
	hk, bk := k.Header(), k.Body()
	e := &Entry{Clear: clear, Commitment: Commit(hk.Com(), bk.Com())}
	aad := e.aad(origin, index)
	var err error
	if e.Header, err = sealPart(&hk, aad, header); err != nil {
		return nil, err
	}
	if e.Body, err = sealPart(&bk, aad, body); err != nil {
		return nil, err
	}
	return e.Marshal()
}

// Open opens header and body with the entry key. Errors are BadCommitment,
// Unreadable, Malformed and Oversize.
func Open(k Key, origin string, index uint64, e *Entry) (header, body []byte, err error) {
	if e.Announces || !k.Matches(e) {
		return nil, nil, parley.Errorf(parley.BadCommitment, "entry %d of %s: the key is not the one its leaf commits to", index, origin)
	}
	hk, bk := k.Header(), k.Body()
	aad := e.aad(origin, index)
	if header, err = openPart(&hk, aad, e.Header); err != nil {
		return nil, nil, err
	}
	body, err = openPart(&bk, aad, e.Body)
	return header, body, err
}

// OpenHeader opens the header alone. Errors as Open.
func OpenHeader(d Disclosure, origin string, index uint64, e *Entry) ([]byte, error) {
	if e.Announces || !d.Matches(e) {
		return nil, parley.Errorf(parley.BadCommitment, "entry %d of %s: the header key is not the one its leaf commits to", index, origin)
	}
	return openPart(&d.HeaderKey, e.aad(origin, index), e.Header)
}

// Every part key seals once, so the nonce is zero.
var nonce [12]byte

func sealPart(k *PartKey, aad, plain []byte) ([]byte, error) {
	z, err := pack(plain)
	if err != nil {
		return nil, err
	}
	return aead(k).Seal(nil, nonce[:], z, aad), nil
}

func openPart(k *PartKey, aad, sealed []byte) ([]byte, error) {
	z, err := aead(k).Open(nil, nonce[:], sealed, aad)
	if err != nil {
		return nil, parley.Errorf(parley.Unreadable, "sealed part does not open")
	}
	return unpack(z)
}

func aead(k *PartKey) cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // 32 bytes are a valid key
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return g
}
