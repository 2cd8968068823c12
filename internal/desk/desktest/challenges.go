package desktest

import (
	"context"
	"fmt"
	"time"

	"parley/internal/station"
)

// CallChallenge is one that the watch is to ask, until both are put through.
func (s *Station) CallChallenge(_ context.Context, by station.Officer, _ string) (station.CallChallenge, error) {
	s.Lock()
	defer s.Unlock()
	if s.OnCall == CallGoes {
		return station.CallChallenge{Asked: true, Passed: s.Now().Add(-15 * time.Minute), Left: 2}, nil
	}
	return station.CallChallenge{Asked: true, Left: 3, Next: &station.Challenge{ID: 5, Ask: "What flies at dusk?" + s.nasty(" <b>"), Expect: "A heron", Added: s.Now().Add(-30 * day)}}, nil
}

// Challenges are two, one of which has lapsed.
func (s *Station) Challenges(context.Context, station.Officer, string) ([]station.Challenge, error) {
	s.Lock()
	defer s.Unlock()
	return []station.Challenge{{ID: 5, Ask: "What flies at dusk?", Expect: "A heron"}, {ID: 4, Ask: "哪个港口？", Expect: "<i>Dove", Lapsed: true}}, s.Fail["Challenges"]
}

// AddChallenge notes it.
func (s *Station) AddChallenge(_ context.Context, by station.Officer, line, ask, expect string) error {
	return s.onCall("AddChallenge", by, line, ask, expect)
}

// RemoveChallenge notes it.
func (s *Station) RemoveChallenge(_ context.Context, by station.Officer, line string, id int64) error {
	return s.onCall("RemoveChallenge", by, line, fmt.Sprint(id))
}

// JudgeChallenge notes it.
func (s *Station) JudgeChallenge(_ context.Context, by station.Officer, line string, id int64, passed bool) error {
	return s.onCall("JudgeChallenge", by, line, fmt.Sprint(id), passed)
}
