package seal

import (
	"crypto/subtle"

	"parley/internal/key"
)

// A Key opens one entry, header and body. It opens nothing else.
type Key [32]byte

// PartKey opens one part of one entry.
type PartKey [32]byte

// Com is the public commitment to one part key.
type Com [32]byte

// EntryKey derives the key of the entry at index from the secret of its epoch
// (spec/entry.md, Keys of an entry).
func EntryKey(secret *[32]byte, origin string, epoch, index uint64) Key {
	info := append([]byte("entry "), origin...)
	info = append(info, 0)
	info = appendU64(info, epoch)
	info = appendU64(info, index)
	return Key(key.Expand(secret, info))
}

// Header returns the key of the header alone.
func (k *Key) Header() PartKey { return PartKey(key.Expand((*[32]byte)(k), []byte("header"))) }

// Body returns the key of the body alone.
func (k *Key) Body() PartKey { return PartKey(key.Expand((*[32]byte)(k), []byte("body"))) }

// Com returns the commitment to the part key.
func (k *PartKey) Com() Com { return Com(key.Hash("commitment of key", k[:])) }

// Commit returns what a leaf commits to.
func Commit(header, body Com) [32]byte {
	return key.Hash("commitment of keys", append(header[:], body[:]...))
}

// Commitment returns the commitment of a leaf sealed with k.
func (k *Key) Commitment() [32]byte {
	h, b := k.Header(), k.Body()
	return Commit(h.Com(), b.Com())
}

// Matches reports whether k is the key that e commits to.
func (k *Key) Matches(e *Entry) bool {
	c := k.Commitment()
	return subtle.ConstantTimeCompare(c[:], e.Commitment[:]) == 1
}

// Disclosure opens the header of one entry to somebody, and nothing more.
type Disclosure struct {
	HeaderKey PartKey
	BodyCom   Com
}

// Disclose returns what opens the header alone.
func (k *Key) Disclose() Disclosure {
	b := k.Body()
	return Disclosure{k.Header(), b.Com()}
}

// Matches reports whether d opens the header of e.
func (d *Disclosure) Matches(e *Entry) bool {
	c := Commit(d.HeaderKey.Com(), d.BodyCom)
	return subtle.ConstantTimeCompare(c[:], e.Commitment[:]) == 1
}
