package seal

import (
	"crypto/subtle"

	"parley"
	"parley/internal/key"
	"parley/internal/wire"
)

// Suite is the number of the only suite there is (spec/conventions.md).
const Suite = 1

// EpochBody is the clear body of an epoch entry (spec/entry.md).
type EpochBody struct {
	Commitment  [32]byte                       `cbor:"1,keyasint"`
	To          map[parley.PartyCode]SealedKey `cbor:"2,keyasint"`
	Certificate []byte                         `cbor:"3,keyasint,omitempty"`
	Receiving   []byte                         `cbor:"4,keyasint,omitempty"` // the writer's newest receiving key, when it is not the certificate's
}

// SealedKey is an epoch secret under the receiving key of one party.
type SealedKey struct {
	_   struct{} `cbor:",toarray"`
	Key key.ReceivingID
	Enc [1120]byte
	CT  [48]byte
}

// EpochContext binds an epoch secret to where it belongs.
type EpochContext struct {
	Line     parley.LineID
	Origin   string
	Epoch    uint64
	Founding [32]byte
}

func (c EpochContext) info(id key.ReceivingID) []byte {
	return wire.Encode([]any{"parley/v1 epoch", uint64(Suite), c.Line[:], c.Origin, c.Epoch, id[:], c.Founding[:]})
}

// NewEpoch seals secret to each recipient's receiving key. cert stands in the
// body at index 0 of a generation and nowhere else; own is the writer's newest
// receiving key, nil while that is the certificate's.
func NewEpoch(c EpochContext, secret *[32]byte, to map[parley.PartyCode]key.ReceivingPublic, cert []byte, own *key.ReceivingPublic) ([]byte, error) {
	b := EpochBody{Commitment: key.Hash("commitment of epoch", secret[:]), To: map[parley.PartyCode]SealedKey{}, Certificate: cert}
	if own != nil {
		b.Receiving = own[:]
	}
	for p, pub := range to {
		enc, ct, err := key.SealTo(&pub, c.info(pub.ID()), secret[:])
		if err != nil {
			return nil, err
		}
		s := SealedKey{Key: pub.ID()}
		if len(enc) != len(s.Enc) || len(ct) != len(s.CT) {
			return nil, parley.Errorf(parley.Internal, "sealing an epoch: unexpected lengths %d and %d", len(enc), len(ct))
		}
		copy(s.Enc[:], enc)
		copy(s.CT[:], ct)
		b.To[p] = s
	}
	return wire.Encode(&b), nil
}

// ParseEpoch reads the body of an epoch entry. The error is Malformed.
func ParseEpoch(b []byte) (*EpochBody, error) {
	var e EpochBody
	if err := wire.Decode(b, &e); err != nil {
		return nil, err
	}
	if e.Commitment == ([32]byte{}) || len(e.To) == 0 {
		return nil, parley.Errorf(parley.Malformed, "epoch entry: no commitment, or sealed to nobody")
	}
	if e.Receiving != nil && len(e.Receiving) != len(key.ReceivingPublic{}) {
		return nil, parley.Errorf(parley.Malformed, "epoch entry: a receiving key of %d bytes", len(e.Receiving))
	}
	for p := range e.To {
		if _, err := parley.ParsePartyCode(string(p)); err != nil {
			return nil, err
		}
	}
	return &e, nil
}

// Open opens the secret sealed to party with its receiving key and checks the
// commitment. Errors are Unreadable (not for us, another key, does not open)
// and BadCommitment.
func (b *EpochBody) Open(c EpochContext, party parley.PartyCode, r *key.Receiving) (secret [32]byte, err error) {
	s, ok := b.To[party]
	if !ok {
		return secret, parley.Errorf(parley.Unreadable, "epoch %d of %s is not sealed to %s", c.Epoch, c.Origin, party)
	}
	pt, err := r.Open(s.Enc[:], c.info(s.Key), s.CT[:])
	if err != nil || len(pt) != len(secret) {
		return secret, parley.Errorf(parley.Unreadable, "epoch %d of %s does not open with receiving key %x", c.Epoch, c.Origin, s.Key)
	}
	copy(secret[:], pt)
	com := key.Hash("commitment of epoch", secret[:])
	if subtle.ConstantTimeCompare(com[:], b.Commitment[:]) != 1 {
		return [32]byte{}, parley.Errorf(parley.BadCommitment, "epoch %d of %s: the secret is not the one committed to", c.Epoch, c.Origin)
	}
	return secret, nil
}
