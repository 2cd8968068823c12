package desktest

import (
	"context"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// Proposed is the hash of the one amendment that waits on every line.
const Proposed = "5f1c22ab00000000000000000000000000000000000000000000000000000000"

// Charter is a charter in force and an amendment that waits for our side.
func (s *Station) Charter(ctx context.Context, line string) (station.CharterView, error) {
	l, err := s.Line(ctx, line)
	if err != nil {
		return station.CharterView{}, err
	}
	at := s.Now().Add(-48 * time.Hour)
	now := station.DocumentView{Kind: "charter", Version: 1, Hash: strings.Repeat("0a", 32), State: "in force", Since: at,
		Clauses: []station.Field{{Name: "recording", Value: "nothing is recorded"}, {Name: "Instruction", Value: "not allowed"}}}
	annex := station.DocumentView{Kind: "annex", Version: 1, Hash: strings.Repeat("0b", 32), State: "in force", Since: at, Clauses: []station.Field{{Name: "keep-alive", Value: "4 s"}}}
	next := station.DocumentView{Kind: "charter", Version: 2, Hash: Proposed, State: "proposed", Missing: []string{string(l.Us.Code)},
		Changes: []station.Change{{Clause: "recording", From: "nothing is recorded", To: "calls are recorded \u202e<b>"}}, By: []station.AssentView{{Party: string(l.Them[0].Code), Entry: "77aa66bb55cc44dd:5", At: at}}}
	s.Lock()
	defer s.Unlock()
	if s.Assented {
		next.Ours, next.Missing = true, nil
	}
	return station.CharterView{Line: l.Key, InForce: []station.DocumentView{now, annex}, Proposed: []station.DocumentView{next}}, nil
}

// Assent notes that an envoy or principal has assented.
func (s *Station) Assent(ctx context.Context, by station.Officer, line, hash string) (station.DocumentView, error) {
	if !by.Holds(parley.Envoy) && !by.Holds(parley.Principal) {
		return station.DocumentView{}, parley.Errorf(parley.NotAllowed, "%s may not assent: it takes the office of principal", by.Name)
	}
	if hash != Proposed {
		return station.DocumentView{}, parley.Errorf(parley.NotFound, "no such proposal")
	}
	s.Lock()
	defer s.Unlock()
	s.Assented = true
	s.Calls = append(s.Calls, "Assent "+hash[:8])
	return station.DocumentView{}, nil
}
