package station

import (
	"context"
	"fmt"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/form"
	"parley/internal/own"
)

// A Challenge is a question by which our watch knows the other side's before a
// call. It was agreed elsewhere; it never leaves the station.
type Challenge struct {
	ID     int64     `json:"id"`
	Ask    string    `json:"ask"`
	Expect string    `json:"expect"`
	Added  time.Time `json:"added"`
	Lapsed bool      `json:"lapsed,omitempty"` // somebody else holds an office of theirs since
}

// challengeTries is how many answers of one call may be wrong before nobody is put
// through on it any more.
const challengeTries = 2

// challenged is how the challenge of a call stands.
type challenged struct {
	passed time.Time
	failed int
}

// CallChallenge is what the page of a call shows of the challenge.
type CallChallenge struct {
	Asked  bool       `json:"asked"` // the charter asks for it
	Passed time.Time  `json:"passed,omitzero"`
	Failed int        `json:"failed,omitempty"`
	Closed bool       `json:"closed,omitempty"` // nobody is put through on this call any more
	Left   int        `json:"left"`             // challenges that were not asked yet, and have not lapsed
	Next   *Challenge `json:"next,omitempty"`   // to be asked now; for the watch alone
}

func challengeAsked(l *liveLine) bool {
	asked, err := call.ChallengeAsked(l.charter().Unknown)
	return err == nil && asked
}

// AddChallenge keeps a challenge that both sides agreed on, our side only.
func (s *Station) AddChallenge(_ context.Context, by Officer, name, ask, expect string) error {
	const act = "add a challenge"
	if err := mayChallenge(by, act); err != nil {
		return err
	}
	if err := form.CheckLine("the question", ask, 200); err != nil {
		return err
	}
	if err := form.CheckLine("the answer", expect, 200); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	c, err := s.own.AddChallenge(own.Challenge{Line: l.id, Ask: ask, Expect: expect})
	if err != nil {
		return err
	}
	return s.audit(by, act, l.id.String(), fmt.Sprintf("challenge %d", c.ID))
}

func mayChallenge(by Officer, act string) error {
	if err := person(by, act); err != nil {
		return err
	}
	return seatFor(by, act, parley.Watch, parley.Envoy, parley.Administrator)
}

// Challenges are those of a line that were not asked yet. Reading them is audited.
func (s *Station) Challenges(_ context.Context, by Officer, name string) ([]Challenge, error) {
	const act = "read the challenges"
	if err := mayChallenge(by, act); err != nil {
		return nil, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	out, err := s.challenges(l)
	if err != nil {
		return nil, err
	}
	return out, s.audit(by, act, l.id.String(), "")
}

func (s *Station) challenges(l *liveLine) ([]Challenge, error) {
	kept, err := s.own.Challenges(l.id)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	changed, err := l.lastChange()
	if err != nil {
		return nil, err
	}
	out := make([]Challenge, 0, len(kept))
	for _, c := range kept {
		out = append(out, Challenge{c.ID, c.Ask, c.Expect, c.Added, changed.After(c.Added)})
	}
	return out, nil
}

// lastChange is when somebody else last came to hold the other sides' office of
// principal, envoy or watch: whatever was agreed with the one before has lapsed
// (spec/forms.md, incumbent).
func (l *liveLine) lastChange() (last time.Time, _ error) {
	for _, p := range l.others() {
		terms, err := l.terms(p)
		if err != nil {
			return last, err
		}
		for _, o := range []parley.Office{parley.Principal, parley.Envoy, parley.Watch} {
			for _, t := range terms[o] {
				if t.From.After(last) && !t.From.After(l.now()) {
					last = t.From
				}
			}
		}
	}
	return last, nil
}

// RemoveChallenge forgets a challenge.
func (s *Station) RemoveChallenge(_ context.Context, by Officer, name string, id int64) error {
	const act = "remove a challenge"
	if err := mayChallenge(by, act); err != nil {
		return err
	}
	if err := s.own.RemoveChallenge(id); err != nil {
		return err
	}
	return s.audit(by, act, name, fmt.Sprintf("challenge %d", id))
}

// JudgeChallenge says whether the other side's watch answered a challenge rightly,
// on the call that runs. A wrong answer gets a second question; then nobody is put
// through on this call, and the watches stay connected.
func (s *Station) JudgeChallenge(_ context.Context, by Officer, name string, id int64, passed bool) error {
	const act = "judge a challenge"
	if err := person(by, act); err != nil {
		return err
	}
	if err := seatFor(by, act, parley.Watch); err != nil {
		return err
	}
	c, err := s.callOn(name)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.challenge.passed.IsZero() || c.challenge.failed >= challengeTries {
		return parley.Errorf(parley.Conflict, "the challenge of this call is decided already")
	}
	if err := s.own.JudgeChallenge(id, passed); err != nil {
		return err
	}
	word := "passed"
	if passed {
		c.challenge.passed = s.now().UTC()
	} else {
		word = "failed"
		c.challenge.failed++
	}
	c.line.emit("call", c.line.id.String(), c.ref.String())
	return s.audit(by, act, c.ref.String(), fmt.Sprintf("challenge %d %s", id, word))
}

// mayPutThrough refuses READY where the charter asks for a challenge that was not
// passed, and after two wrong answers in any case.
func (c *liveCall) mayPutThrough() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.challenge.failed >= challengeTries {
		return parley.Errorf(parley.NotAllowed, "the other side's watch answered two challenges wrongly: nobody is put through on this call").WithHint("the watches stay connected; hang up, and make sure by other means who is there")
	}
	if challengeAsked(c.line) && c.challenge.passed.IsZero() {
		return parley.Errorf(parley.NotAllowed, "the charter asks for a challenge before anybody is put through, and none was passed").WithHint("ask the other side's watch the question on this page, and say whether the answer was right")
	}
	return nil
}

// holdBack takes READY back where the charter was amended since, and now asks for a
// challenge that was not passed. Who is through stays through.
func (c *liveCall) holdBack() error {
	if own := c.x.View().State.Halves[c.line.us]; !own.Ready || own.Through || c.mayPutThrough() == nil {
		return nil
	}
	err := c.x.Do(func(r *call.Room) error { return r.SetReady(false) })
	if parley.KindOf(err) == parley.Conflict {
		return nil // put through at this moment, or over
	}
	return err
}

// challengeView is what the page shows; the question and its answer for the watch
// alone.
func (s *Station) challengeView(c *liveCall, watch bool) (v CallChallenge, err error) {
	c.mu.Lock()
	v = CallChallenge{Asked: challengeAsked(c.line), Passed: c.challenge.passed, Failed: c.challenge.failed, Closed: c.challenge.failed >= challengeTries}
	c.mu.Unlock()
	list, err := s.challenges(c.line)
	if err != nil {
		return v, err
	}
	for i := range list {
		if list[i].Lapsed {
			continue
		}
		v.Left++
		if v.Next == nil && watch && !v.Closed && v.Passed.IsZero() {
			v.Next = &list[i]
		}
	}
	return v, nil
}

// CallChallenge returns how the challenge of the call that runs stands; the next
// question for an officer of the watch.
func (s *Station) CallChallenge(_ context.Context, by Officer, name string) (CallChallenge, error) {
	c, err := s.callOn(name)
	if err != nil {
		return CallChallenge{}, err
	}
	return s.challengeView(c, by.Holds(parley.Watch))
}
