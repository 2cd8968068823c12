package c2sp

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"filippo.io/mldsa"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
)

// Signature types of C2SP signed-note and tlog-cosignature.
const (
	TypeEd25519    = 0x01 // a log's own, over the text
	TypeCosignedEd = 0x04 // a cosignature, with its time
	TypeCosignedML = 0x06 // a cosignature, or at time 0 a log's own, with ML-DSA-44
)

// VKey is a C2SP verifier key: a name, a signature type and a public key.
type VKey struct {
	Name string
	Type byte
	Key  []byte // 32 bytes for Ed25519, 1,312 for ML-DSA-44
}

// ID returns the key id that stands before each signature of the key.
func (k VKey) ID() uint32 {
	b := append([]byte(k.Name), '\n', k.Type)
	sum := sha256.Sum256(append(b, k.Key...))
	return binary.BigEndian.Uint32(sum[:])
}

// String returns the vkey: name, id and key.
func (k VKey) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.Name, k.ID(), base64.StdEncoding.EncodeToString(append([]byte{k.Type}, k.Key...)))
}

// ParseVKey reads what String writes. The id must be that of the name and key.
// The error is Malformed, or Unsupported for a type that is not one of the
// three.
func ParseVKey(s string) (VKey, error) {
	name, rest, _ := strings.Cut(s, "+")
	id, b64, ok := strings.Cut(rest, "+")
	if !ok || !journal.ValidName(name) {
		return VKey{}, parley.Errorf(parley.Malformed, "verifier key %q: want name+id+key", parley.Clip(s))
	}
	b, err := parseBase64(b64)
	if err != nil || len(b) < 1 {
		return VKey{}, parley.Errorf(parley.Malformed, "verifier key of %s: the key is not base64", name)
	}
	k := VKey{Name: name, Type: b[0], Key: b[1:]}
	var want int
	switch k.Type {
	case TypeEd25519, TypeCosignedEd:
		want = ed25519.PublicKeySize
	case TypeCosignedML:
		want = mldsa.MLDSA44PublicKeySize
	default:
		return VKey{}, parley.Errorf(parley.Unsupported, "verifier key of %s: signature type %#02x", name, k.Type)
	}
	if len(k.Key) != want {
		return VKey{}, parley.Errorf(parley.Malformed, "verifier key of %s: %d bytes, want %d", name, len(k.Key), want)
	}
	if fmt.Sprintf("%08x", k.ID()) != id {
		return VKey{}, parley.Errorf(parley.Malformed, "verifier key of %s: the id %q is not that of the key", name, parley.Clip(id))
	}
	return k, nil
}

// LogKeys returns the verifier keys of a log's two signatures, by its origin.
func LogKeys(origin string, pub key.Public) [2]VKey {
	return [2]VKey{{origin, TypeEd25519, pub.Ed[:]}, {origin, TypeCosignedML, pub.ML[:]}}
}

// HolderKeys returns the verifier keys of the two halves of a receipt, by the
// holder's name.
func HolderKeys(holder string, pub key.Public) [2]VKey {
	return [2]VKey{{holder, TypeCosignedEd, pub.Ed[:]}, {holder, TypeCosignedML, pub.ML[:]}}
}

// Verify checks one signature line's bytes (without the key id) over c and
// returns its time, 0 for type 0x01. The error is BadSignature.
func (k VKey) Verify(c journal.Checkpoint, sig []byte) (t uint64, err error) {
	bad := parley.Errorf(parley.BadSignature, "the signature of %s (type %#02x) on checkpoint %d of %s does not verify", k.Name, k.Type, c.Size, c.Origin)
	if !journal.ValidName(k.Name) || !journal.ValidName(c.Origin) {
		return 0, bad
	}
	if k.Type == TypeEd25519 {
		if len(k.Key) != ed25519.PublicKeySize || !ed25519.Verify(k.Key, c.Text(), sig) {
			return 0, bad
		}
		return 0, nil
	}
	if len(sig) < 8 {
		return 0, bad
	}
	t, sig = binary.BigEndian.Uint64(sig), sig[8:]
	edMessage, mlMessage := journal.CosignMessages(k.Name, c, t)
	switch k.Type {
	case TypeCosignedEd:
		if len(k.Key) == ed25519.PublicKeySize && ed25519.Verify(k.Key, edMessage, sig) {
			return t, nil
		}
	case TypeCosignedML:
		pub, err := mldsa.NewPublicKey(mldsa.MLDSA44(), k.Key)
		if err == nil && mldsa.Verify(pub, mlMessage, sig, nil) == nil {
			return t, nil
		}
	}
	return 0, bad
}
