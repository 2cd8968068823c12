package pair

import (
	"bytes"
	"slices"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/wire"
)

// A Stage is how far a pairing has come, in the word the surfaces show.
type Stage string

// The stages, in order. Burnt may follow any of them but confirmed, and is
// followed by none.
const (
	Invited   Stage = "invited"   // we started it; a commitment is missing
	Accepted  Stage = "accepted"  // they started it; a commitment is missing, or all are there and we have not revealed
	Revealed  Stage = "revealed"  // we have revealed; another reveal is missing
	Compare   Stage = "words"     // all have revealed: officers compare the words
	Confirmed Stage = "confirmed" // officers found the words equal
	Burnt     Stage = "burnt"     // can never be confirmed
)

// How officers compared the words (spec/pairing.md, 3).
const (
	InPerson    = "in person"
	TwoChannels = "two unrelated channels"
)

// State is one pairing as one party sees it: the part that must be durable
// before anything that follows from it leaves the station. What was seen once
// stays: a second and different commitment, reveal, charter or annex burns it,
// and burnt it stays. A line id has one State at a station, ever, so a party
// never reveals twice.
//
// Every method leaves the state as it was when it fails, save that it may be
// burnt by it: Stage tells. A caller that loses a state before it was durable
// must not go on with that line id.
type State struct {
	Us       parley.PartyCode `cbor:"1,keyasint"`
	Inviter  bool             `cbor:"2,keyasint,omitempty"`
	Ours     []byte           `cbor:"3,keyasint"` // our reveal; never handed out before File holds every commitment
	File     *Pairing         `cbor:"4,keyasint"` // all that was seen; holds our reveal only once revealed
	How      string           `cbor:"5,keyasint,omitempty"`
	BurntFor string           `cbor:"6,keyasint,omitempty"` // why it was burnt

	codes []parley.PartyCode // of the charter, in order; nil until asked for
}

// NewInvite starts a pairing. line is fresh and random; ours was made for this
// line alone. Errors are those of the documents, and WrongParty.
func NewInvite(line parley.LineID, c charter.Charter, a charter.Annex, ours *charter.Reveal) (*State, error) {
	if line == (parley.LineID{}) {
		return nil, parley.Errorf(parley.Malformed, "the line id is all zeros")
	}
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p := &Pairing{Line: line, Charter: c.Encode(), Annex: a.Encode(),
		Commitments: map[parley.PartyCode][32]byte{}, Reveals: map[parley.PartyCode][]byte{}}
	return join(p, ours, true)
}

// Accept answers an invitation: it adds our commitment to what the file holds.
// The station has no State for this line id yet. Errors are those of the
// documents; WrongParty; Conflict when somebody has committed in our place;
// NotAllowed when somebody has revealed already.
func Accept(p *Pairing, ours *charter.Reveal) (*State, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if _, taken := p.Commitments[ours.Party]; taken {
		return nil, parley.Errorf(parley.Conflict, "somebody has committed as party %s, and it was not this station", ours.Party).
			WithHint("do not go on with this file: tell the other side by another way, and start a new invitation")
	}
	return join(p.clone(), ours, false)
}

func join(p *Pairing, ours *charter.Reveal, inviter bool) (*State, error) {
	c, err := charter.Parse(p.Charter)
	if err != nil {
		return nil, err
	}
	if c.Version != 1 {
		return nil, parley.Errorf(parley.BadForm, "a line is founded on a first charter, not on version %d", c.Version)
	}
	if err := ours.Validate(); err != nil {
		return nil, err
	}
	if err := charter.CheckMember(c, ours); err != nil {
		return nil, err
	}
	b := ours.Encode()
	p.Commitments[ours.Party] = charter.Commitment(p.Line, b)
	return &State{Us: ours.Party, Inviter: inviter, Ours: b, File: p}, nil
}

// ParseState reads what Encode wrote. The error is Corrupt: it is our own.
func ParseState(b []byte) (*State, error) {
	s := new(State)
	if err := wire.Decode(b, s); err != nil {
		return nil, parley.Errorf(parley.Corrupt, "reading pairing state: %v", err)
	}
	if s.File == nil || !bytes.Equal(s.Encode(), b) {
		return nil, parley.Errorf(parley.Corrupt, "reading pairing state: a part is missing")
	}
	if err := s.File.check(); err != nil {
		return nil, parley.Errorf(parley.Corrupt, "reading pairing state: %v", err)
	}
	if own, ok := s.File.Reveals[s.Us]; charter.Commitment(s.File.Line, s.Ours) != s.File.Commitments[s.Us] || ok && !bytes.Equal(own, s.Ours) {
		return nil, parley.Errorf(parley.Corrupt, "reading pairing state: our reveal is not what we committed to")
	}
	return s, nil
}

// Encode returns the bytes to make durable.
func (s *State) Encode() []byte { return wire.Encode(s) }

// Stage tells how far the pairing has come.
func (s *State) Stage() Stage {
	_, revealed := s.File.Reveals[s.Us]
	switch {
	case s.BurntFor != "":
		return Burnt
	case s.How != "":
		return Confirmed
	case revealed && len(s.waitingReveals()) == 0:
		return Compare
	case revealed:
		return Revealed
	case s.Inviter:
		return Invited
	}
	return Accepted
}

// Waiting returns the parties whose commitment is missing or, when none is,
// whose reveal is.
func (s *State) Waiting() []parley.PartyCode {
	if w := s.waitingCommitments(); len(w) > 0 {
		return w
	}
	return s.waitingReveals()
}

// Charter returns the charter that is to be founded.
func (s *State) Charter() charter.Charter {
	c, err := charter.Parse(s.File.Charter)
	if err != nil {
		panic(err) // every way to a State has parsed it
	}
	return c
}

func (s *State) waitingCommitments() []parley.PartyCode {
	return missing(s.parties(), s.File.Commitments)
}

func (s *State) waitingReveals() []parley.PartyCode {
	return missing(s.parties(), s.File.Reveals)
}

// parties returns the codes of the charter, which never changes.
func (s *State) parties() []parley.PartyCode {
	if s.codes == nil {
		s.codes = s.Charter().Codes()
	}
	return s.codes
}

// Pairing returns the file to hand over now. Hand it over only after the state
// is durable.
func (s *State) Pairing() *Pairing { return s.File.clone() }

// Burnt returns why the pairing can never be confirmed; "" when it can.
func (s *State) Burnt() string { return s.BurntFor }

// Burn ends the pairing: officers found the words unequal, or gave it up.
// It does nothing to a confirmed one and keeps the first reason.
func (s *State) Burn(why string) {
	if s.BurntFor == "" && s.How == "" {
		s.BurntFor = why
	}
}

func (s *State) burn(k parley.Kind, format string, args ...any) error {
	err := parley.Errorf(k, format, args...)
	s.Burn(err.What)
	return err.WithHint("this invitation is burnt: tell the other side by another way, find out who changed the file, and start a new one")
}

func (s *State) alive() error {
	if s.BurntFor != "" {
		return parley.Errorf(parley.NotAllowed, "this invitation is burnt: %s", s.BurntFor).WithHint("start a new invitation")
	}
	return nil
}

// AddReveal adds our reveal to the file: from then on it may be handed over,
// once the state is durable. The error is Unavailable while a commitment is
// missing. Adding it again changes nothing.
func (s *State) AddReveal() error {
	if err := s.alive(); err != nil {
		return err
	}
	if w := s.waitingCommitments(); len(w) > 0 {
		return parley.Errorf(parley.Unavailable, "nothing may be revealed before every party has committed; missing: %v", w).
			WithHint("hand the pairing file to them first")
	}
	next := s.File.clone()
	next.Reveals[s.Us] = s.Ours
	s.File = next
	return nil
}

// Complete returns the founding whose words officers compare. Errors:
// Unavailable while a reveal is missing, NotAllowed when burnt. A set of
// reveals that cannot found a line burns the pairing.
func (s *State) Complete() (*charter.Founding, error) {
	if err := s.alive(); err != nil {
		return nil, err
	}
	if w := s.waitingReveals(); len(w) > 0 {
		return nil, parley.Errorf(parley.Unavailable, "not every party has revealed; missing: %v", w)
	}
	reveals := make([][]byte, 0, len(s.File.Reveals))
	for _, code := range s.parties() {
		reveals = append(reveals, s.File.Reveals[code])
	}
	f, err := charter.Found(s.File.Line, s.File.Charter, s.File.Annex, reveals)
	if err != nil {
		return nil, s.burn(parley.KindOf(err), "the parties' reveals do not go together: %v", err)
	}
	return f, nil
}

// Confirm records that officers found the words equal, and how they compared
// them: InPerson, TwoChannels, or their own words. The errors are those of
// Complete; Conflict when it was confirmed otherwise before.
func (s *State) Confirm(how string) (*charter.Founding, error) {
	f, err := s.Complete()
	if err != nil {
		return nil, err
	}
	if err := form.CheckLine("how the words were compared", how, 200); err != nil {
		return nil, err
	}
	if s.How != "" && s.How != how {
		return nil, parley.Errorf(parley.Conflict, "the words were confirmed before: %s", s.How)
	}
	s.How = how
	return f, nil
}

// missing returns the parties of codes that have nothing in m, in order.
func missing[T any](codes []parley.PartyCode, m map[parley.PartyCode]T) []parley.PartyCode {
	return slices.DeleteFunc(slices.Clone(codes), func(c parley.PartyCode) bool { _, ok := m[c]; return ok })
}
