package own

import (
	"testing"

	"parley"
)

// TestChallenges: kept sealed, handed out in order, and each asked once.
func TestChallenges(t *testing.T) {
	s := newFixture(t)
	line := parley.LineID{7}
	for _, q := range []string{"What flies at dusk?", "Which harbour?"} {
		_, err := s.AddChallenge(Challenge{Line: line, Ask: q, Expect: "the " + q})
		ok(t, err)
	}
	cs, err := s.Challenges(line)
	ok(t, err)
	if len(cs) != 2 || cs[0].Ask != "What flies at dusk?" || cs[1].Expect != "the Which harbour?" {
		t.Fatalf("%+v", cs)
	}
	ok(t, s.JudgeChallenge(cs[0].ID, false))
	if err := s.JudgeChallenge(cs[0].ID, true); parley.KindOf(err) != parley.Conflict {
		t.Errorf("asked twice: %v", err)
	}
	if cs, err = s.Challenges(line); err != nil || len(cs) != 1 {
		t.Errorf("after one was asked: %+v, %v", cs, err)
	}
	ok(t, s.RemoveChallenge(cs[0].ID))
	if err := s.RemoveChallenge(cs[0].ID); parley.KindOf(err) != parley.NotFound {
		t.Errorf("removed twice: %v", err)
	}
	if other, err := s.Challenges(parley.LineID{8}); err != nil || len(other) != 0 {
		t.Errorf("of another line: %+v, %v", other, err)
	}
	for range maxChallenges {
		_, err := s.AddChallenge(Challenge{Line: line, Ask: "a", Expect: "b"})
		ok(t, err)
	}
	if _, err := s.AddChallenge(Challenge{Line: line, Ask: "a", Expect: "b"}); parley.KindOf(err) != parley.Quota {
		t.Errorf("one too many: %v", err)
	}
}
