package pair

import (
	"bytes"
	"fmt"

	"parley"
	"parley/internal/charter"
)

// Merge takes what another party's file holds. Another charter or annex, or
// another commitment or reveal than one seen before or than ours, burns the
// pairing (Conflict); so does a reveal that does not match its commitment
// (BadCommitment). A file that is no good by itself, or of another line
// (WrongLine), changes nothing.
func (s *State) Merge(p *Pairing) error {
	if err := s.alive(); err != nil {
		return err
	}
	if p.Line != s.File.Line {
		return parley.Errorf(parley.WrongLine, "the file is for line %s, the pairing for line %s", p.Line, s.File.Line)
	}
	if !bytes.Equal(p.Charter, s.File.Charter) {
		return s.burn(parley.Conflict, "two files for line %s have different charters", p.Line)
	}
	if !bytes.Equal(p.Annex, s.File.Annex) {
		return s.burn(parley.Conflict, "two files for line %s have different annexes", p.Line)
	}
	next := s.File.clone()
	if err := s.mergeCommitments(next, p); err != nil {
		return err
	}
	if err := s.mergeReveals(next, p); err != nil {
		return err
	}
	if err := next.check(); err != nil {
		return fmt.Errorf("merging pairing files: %w", err)
	}
	s.File = next
	return nil
}

func (s *State) mergeCommitments(next, p *Pairing) error {
	for code, c := range p.Commitments {
		old, seen := s.File.Commitments[code]
		if seen && old != c {
			return s.burn(parley.Conflict, "two files for line %s hold different commitments of party %s", p.Line, code)
		}
		next.Commitments[code] = c
	}
	return nil
}

func (s *State) mergeReveals(next, p *Pairing) error {
	for code, b := range p.Reveals {
		if code == s.Us {
			if !bytes.Equal(b, s.Ours) {
				return s.burn(parley.Conflict, "a file holds a reveal of party %s that this station did not make", code)
			}
			if _, revealed := s.File.Reveals[s.Us]; !revealed {
				return s.burn(parley.Conflict, "a file holds our reveal, which has not left this station")
			}
			continue
		}
		if old, seen := s.File.Reveals[code]; seen && !bytes.Equal(old, b) {
			return s.burn(parley.Conflict, "two files for line %s hold different reveals of party %s", p.Line, code)
		}
		if charter.Commitment(p.Line, b) != next.Commitments[code] {
			return s.burn(parley.BadCommitment, "what party %s reveals is not what it committed to", code)
		}
		next.Reveals[code] = b
	}
	return nil
}
