package charter

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/wire"
)

const maxFounding = 512 << 10 // bytes

// A Founding is what a line rests on: its id, the first charter and annex, and
// everybody's keys. Its hash stands in every certificate. It never changes.
type Founding struct {
	Line    parley.LineID
	Charter Charter
	Annex   Annex
	Reveals []Reveal // in bytewise order of party code

	charter, annex []byte // as committed to
}

// foundingWire is [line id, charter, annex, [reveal]]; also what the words are
// over, with hashes in place of charter and annex.
type foundingWire struct {
	_       struct{} `cbor:",toarray"`
	Line    parley.LineID
	Charter []byte
	Annex   []byte
	Reveals [][]byte
}

type wordsWire struct {
	_       struct{} `cbor:",toarray"`
	Line    parley.LineID
	Reveals [][]byte
	Charter [32]byte
	Annex   [32]byte
}

// ParseFounding reads and validates a founding. Errors are Malformed, Oversize,
// BadForm, or WrongParty when parties and reveals differ.
func ParseFounding(b []byte) (*Founding, error) {
	if len(b) > maxFounding {
		return nil, parley.Errorf(parley.Oversize, "a founding of %d bytes, at most %d are allowed", len(b), maxFounding)
	}
	var w foundingWire
	if err := wire.Decode(b, &w); err != nil {
		return nil, fmt.Errorf("reading founding: %w", err)
	}
	f, err := Found(w.Line, w.Charter, w.Annex, w.Reveals)
	if err != nil {
		return nil, fmt.Errorf("reading founding: %w", err)
	}
	if !bytes.Equal(f.Encode(), b) {
		return nil, parley.Errorf(parley.Malformed, "reading founding: reveals are not in order of party code")
	}
	return f, nil
}

// Found puts a founding together and checks that every party of the charter
// has one reveal, under the name the charter gives it.
func Found(line parley.LineID, charter, annex []byte, reveals [][]byte) (*Founding, error) {
	c, err := Parse(charter)
	if err != nil {
		return nil, err
	}
	a, err := ParseAnnex(annex)
	if err != nil {
		return nil, err
	}
	if c.Version != 1 || a.Supersedes != nil {
		return nil, bad("a line is founded on a first charter and a first annex, not on amended ones")
	}
	f := &Founding{Line: line, Charter: c, Annex: a, charter: charter, annex: annex}
	for _, b := range reveals {
		r, err := ParseReveal(b)
		if err != nil {
			return nil, err
		}
		if err := CheckMember(c, r); err != nil {
			return nil, err
		}
		f.Reveals = append(f.Reveals, *r)
	}
	slices.SortFunc(f.Reveals, func(a, b Reveal) int { return bytes.Compare([]byte(a.Party), []byte(b.Party)) })
	if len(f.Reveals) != len(c.Parties) {
		return nil, parley.Errorf(parley.WrongParty, "%d reveals for %d parties", len(f.Reveals), len(c.Parties))
	}
	if err := f.checkDistinct(); err != nil {
		return nil, err
	}
	return f, nil
}

// CheckMember checks that the party that reveals is one of the charter.
func CheckMember(c Charter, r *Reveal) error {
	p, ok := c.Party(r.Party)
	if !ok {
		return parley.Errorf(parley.WrongParty, "%s reveals keys and is not a party of the charter", r.Party)
	}
	if p.Name != r.Name {
		return parley.Errorf(parley.WrongParty, "party %s calls itself %q; the charter calls it %q", r.Party, r.Name, p.Name)
	}
	return nil
}

// checkDistinct refuses parties that share a code, a generation or a key: one
// cannot stand for another.
func (f *Founding) checkDistinct() error {
	parties := map[parley.PartyCode]bool{}
	gens := map[parley.GenerationID]bool{}
	keys := map[key.Public]bool{}
	for i := range f.Reveals {
		r := &f.Reveals[i]
		if parties[r.Party] {
			return parley.Errorf(parley.WrongParty, "party %s reveals twice", r.Party)
		}
		if gens[r.Generation] {
			return parley.Errorf(parley.Conflict, "two parties have the generation %s", r.Generation)
		}
		parties[r.Party], gens[r.Generation] = true, true
		for _, k := range []key.Public{r.Root, r.Log, r.Receipt} {
			if keys[k] {
				return parley.Errorf(parley.Conflict, "party %s shows a key that another party shows", r.Party)
			}
			keys[k] = true
		}
	}
	return nil
}

// reveals returns the reveals, encoded: each says the same bytes as it was read from.
func (f *Founding) reveals() [][]byte {
	list := make([][]byte, len(f.Reveals))
	for i := range f.Reveals {
		list[i] = f.Reveals[i].Encode()
	}
	return list
}

// Encode returns the bytes of the founding.
func (f *Founding) Encode() []byte {
	return wire.Encode(foundingWire{Line: f.Line, Charter: f.CharterBytes(), Annex: f.AnnexBytes(), Reveals: f.reveals()})
}

// CharterBytes returns the first charter as it was committed to.
func (f *Founding) CharterBytes() []byte {
	if f.charter == nil {
		return f.Charter.Encode()
	}
	return f.charter
}

// AnnexBytes returns the first annex as it was committed to.
func (f *Founding) AnnexBytes() []byte {
	if f.annex == nil {
		return f.Annex.Encode()
	}
	return f.annex
}

// Hash is the founding hash.
func (f *Founding) Hash() [32]byte { return key.Hash("founding", f.Encode()) }

// wordsHash is what the words and digits are the first 55 bits of.
func (f *Founding) wordsHash() [32]byte {
	w := wordsWire{Line: f.Line, Reveals: f.reveals(), Charter: sha256.Sum256(f.CharterBytes()), Annex: sha256.Sum256(f.AnnexBytes())}
	return key.Hash("words", wire.Encode(w))
}

// Words returns the five words that officers compare.
func (f *Founding) Words() [5]string { return key.Words(f.wordsHash()) }

// Digits returns the words as one number of 17 digits, for any language.
func (f *Founding) Digits() string { return key.Digits(f.wordsHash()) }

// Fingerprint returns the founding hash in full, for comparing without having
// exchanged commitments on line.
func (f *Founding) Fingerprint() string { return key.Fingerprint(f.Hash()) }

// Party returns the reveal of the party with the code.
func (f *Founding) Party(code parley.PartyCode) (*Reveal, bool) {
	for i := range f.Reveals {
		if f.Reveals[i].Party == code {
			return &f.Reveals[i], true
		}
	}
	return nil, false
}

// Others returns the codes of every party but us, in order.
func (f *Founding) Others(us parley.PartyCode) []parley.PartyCode {
	var codes []parley.PartyCode
	for i := range f.Reveals {
		if c := f.Reveals[i].Party; c != us {
			codes = append(codes, c)
		}
	}
	return codes
}

// CheckCertificate holds a certificate of one of the parties to what was
// revealed: the founding one has the generation and all keys of its party's
// reveal, and no other claims to be it or has a generation of a reveal
// (spec/log.md). The error is Conflict.
func (f *Founding) CheckCertificate(c *journal.Certificate) error {
	for _, r := range f.Reveals {
		if r.Generation == c.Gen && r.Party != c.Party {
			return parley.Errorf(parley.Conflict, "generation %s is that of %s", c.Gen, r.Party)
		}
	}
	p, _ := f.Party(c.Party)
	founding := p.Generation == c.Gen
	switch {
	case founding != (c.Reason == journal.ReasonFounding):
		return parley.Errorf(parley.Conflict, "generation %s of %s: the founding one is %s", c.Gen, c.Party, p.Generation)
	case founding && (c.Log != p.Log || c.Receipt != p.Receipt || c.Receiving != p.Receiving || c.TLS != p.TLS):
		return parley.Errorf(parley.Conflict, "the founding certificate of %s has other keys than it revealed", c.Party)
	}
	return nil
}
