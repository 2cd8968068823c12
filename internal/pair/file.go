package pair

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"maps"

	"parley"
	"parley/internal/charter"
	"parley/internal/wire"
)

const (
	armour     = "PARLEY PAIRING"
	maxPairing = 512 << 10 // bytes, armour aside
)

// A Pairing is the file that goes from hand to hand: what is to be founded, who
// has committed, and, once all have, who has revealed. It holds no secret.
type Pairing struct {
	Line        parley.LineID                 `cbor:"1,keyasint"`
	Charter     []byte                        `cbor:"2,keyasint"`
	Annex       []byte                        `cbor:"3,keyasint"`
	Commitments map[parley.PartyCode][32]byte `cbor:"4,keyasint"`
	Reveals     map[parley.PartyCode][]byte   `cbor:"5,keyasint"`
}

// ParsePairing reads a pairing file, binary or in its text armour, and checks
// that it agrees with itself. Errors are Malformed, Oversize, BadForm,
// BadCommitment, WrongParty.
func ParsePairing(b []byte) (*Pairing, error) {
	if bytes.Contains(b, []byte("-----BEGIN ")) {
		var err error
		if b, err = dearmour(b); err != nil {
			return nil, err
		}
	}
	if len(b) > maxPairing {
		return nil, parley.Errorf(parley.Oversize, "a pairing file of %d bytes, at most %d are allowed", len(b), maxPairing)
	}
	p := new(Pairing)
	if err := wire.Decode(b, p); err != nil {
		return nil, fmt.Errorf("reading pairing file: %w", err)
	}
	if !bytes.Equal(p.Encode(), b) {
		return nil, parley.Errorf(parley.Malformed, "reading pairing file: a key is missing")
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("reading pairing file: %w", err)
	}
	return p, nil
}

// dearmour returns what stands in the one armoured block of b. Text around it,
// such as a mail, is passed over.
func dearmour(b []byte) ([]byte, error) {
	if len(b) > 2*maxPairing {
		return nil, parley.Errorf(parley.Oversize, "a text of %d bytes is no pairing file", len(b))
	}
	block, rest := pem.Decode(b)
	if block == nil || block.Type != armour || len(block.Headers) > 0 {
		return nil, parley.Errorf(parley.Malformed, "the text holds no whole pairing file").
			WithHint("copy everything from BEGIN %s to END %s", armour, armour)
	}
	if again, _ := pem.Decode(rest); again != nil {
		return nil, parley.Errorf(parley.Malformed, "the text holds more than one pairing file").WithHint("give one at a time")
	}
	return block.Bytes, nil
}

// check holds the file to spec/pairing.md as far as it can be told alone.
func (p *Pairing) check() error {
	c, err := charter.Parse(p.Charter)
	if err != nil {
		return err
	}
	if _, err := charter.ParseAnnex(p.Annex); err != nil {
		return err
	}
	if len(p.Commitments) == 0 {
		return parley.Errorf(parley.Malformed, "nobody has committed")
	}
	for code := range p.Commitments {
		if _, ok := c.Party(code); !ok {
			return parley.Errorf(parley.WrongParty, "%q has committed and is not a party of the charter", code)
		}
	}
	if len(p.Reveals) > 0 && len(p.Commitments) < len(c.Parties) {
		return parley.Errorf(parley.NotAllowed, "a party has revealed before every party had committed").
			WithHint("do not go on with this file: start a new invitation, and find out who sent it")
	}
	for code, b := range p.Reveals {
		if err := p.checkReveal(c, code, b); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pairing) checkReveal(c charter.Charter, code parley.PartyCode, b []byte) error {
	if charter.Commitment(p.Line, b) != p.Commitments[code] {
		return parley.Errorf(parley.BadCommitment, "what party %s reveals is not what it committed to", code)
	}
	r, err := charter.ParseReveal(b)
	if err != nil {
		return err
	}
	if r.Party != code {
		return parley.Errorf(parley.WrongParty, "the reveal of %s is that of %s", code, r.Party)
	}
	return charter.CheckMember(c, r)
}

// Encode returns the binary file.
func (p *Pairing) Encode() []byte { return wire.Encode(p) }

// Armour returns the file as text, for mail and codes to scan.
func (p *Pairing) Armour() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: armour, Bytes: p.Encode()})
}

// clone returns a copy that shares no map.
func (p *Pairing) clone() *Pairing {
	q := *p
	q.Commitments, q.Reveals = maps.Clone(p.Commitments), maps.Clone(p.Reveals)
	return &q
}
