package desktest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// Proposed is the hash of the one amendment that waits on every line.
const Proposed = "5f1c22ab00000000000000000000000000000000000000000000000000000000"

// charterText is what every line of the fake was founded on; the caller holds
// the lock.
func charterText(l station.Line) station.CharterText {
	t := station.CharterText{Test: "1h0m0s", Forms: []string{}, Recording: "nothing is recorded", CheckCalls: []station.CallTime{{At: "0800", Days: []string{"Mon", "Thu"}}}, Levels: levels()}
	for _, p := range append([]station.Party{l.Us}, l.Them...) {
		x := station.CharterParty{Code: string(p.Code), Name: p.Name, Languages: p.Languages, Promises: []string{}}
		for _, r := range p.Promises {
			x.Promises = append(x.Promises, r.String())
		}
		t.Parties = append(t.Parties, x)
	}
	for _, o := range l.Offices {
		t.Offices = append(t.Offices, string(o))
	}
	for p := parley.Routine; p <= parley.Flash; p++ {
		rule := "one"
		if l.TwoHands[p.String()] {
			rule = "two"
		}
		t.Release = append(t.Release, station.CharterRule{Precedence: p.String(), Rule: rule, Objective: p.Objective().String()})
	}
	return t
}

// Charter is a charter in force and an amendment that waits for our side.
func (s *Station) Charter(ctx context.Context, line string) (station.CharterView, error) {
	l, err := s.Line(ctx, line)
	if err != nil {
		return station.CharterView{}, err
	}
	s.Lock()
	defer s.Unlock()
	at := s.Now().Add(-48 * time.Hour)
	text, annexText := charterText(l), station.AnnexText{Quotas: map[string]uint64{"8": 10}, Witnesses: []string{"witness.example/dove+01020304+AQIDBA"}}
	now := station.DocumentView{Kind: "charter", Version: 1 + uint64(s.Amended), Hash: strings.Repeat("0a", 32), State: "in force", Since: at, Clauses: text.Clauses()}
	annex := station.DocumentView{Kind: "annex", Version: 1, Hash: strings.Repeat("0b", 32), State: "in force", Since: at, Clauses: annexText.Clauses()}
	if s.Amended > 0 {
		now.Hash = strings.Repeat("0c", 32)
	}
	next := station.DocumentView{Kind: "charter", Version: 2, Hash: Proposed, State: "proposed", Missing: []string{string(l.Us.Code)},
		Changes: []station.Change{{Clause: "recording", From: "nothing is recorded", To: "calls are recorded \u202e<b>"}}, By: []station.AssentView{{Party: string(l.Them[0].Code), Entry: "77aa66bb55cc44dd:5", At: at}}}
	if s.Assented {
		next.Ours, next.Missing = true, nil
	}
	return station.CharterView{Line: l.Key, Charter: text, Annex: annexText, InForce: []station.DocumentView{now, annex}, Proposed: []station.DocumentView{next}, Next: s.Now().Add(3 * time.Hour)}, nil
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

// Weigh compares clause by clause.
func (s *Station) Weigh(ctx context.Context, _ station.Officer, line string, p station.Proposal) (station.DocumentView, error) {
	v, err := s.Charter(ctx, line)
	if err != nil {
		return station.DocumentView{}, err
	}
	d := station.DocumentView{Kind: "charter", Version: 3}
	was, is := v.InForce[0].Clauses, []station.Field(nil)
	switch {
	case p.Remove != "":
		d.Removes = []string{string(p.Remove)}
	case p.Annex != nil:
		d.Kind, d.Version, was, is = "annex", 2, v.InForce[1].Clauses, p.Annex.Clauses()
	default:
		is = p.Charter.Clauses()
	}
	for i, f := range is {
		if i >= len(was) || was[i].Name != f.Name {
			d.Changes = append(d.Changes, station.Change{Clause: f.Name, To: f.Value})
		} else if was[i].Value != f.Value {
			d.Changes = append(d.Changes, station.Change{Clause: f.Name, From: was[i].Value, To: f.Value})
		}
	}
	if len(d.Changes)+len(d.Removes) == 0 {
		return d, parley.Errorf(parley.BadForm, "the amendment changes nothing")
	}
	b, _ := json.Marshal(p)
	h := sha256.Sum256(b)
	d.Hash = hex.EncodeToString(h[:])
	return d, nil
}

// Propose notes it, once.
func (s *Station) Propose(ctx context.Context, by station.Officer, line string, p station.Proposal) (station.DocumentView, error) {
	d, err := s.Weigh(ctx, by, line, p)
	if err != nil {
		return d, err
	}
	s.Lock()
	defer s.Unlock()
	if s.Proposals[d.Hash] {
		return d, parley.Errorf(parley.Conflict, "our side has assented to it already")
	}
	s.Proposals[d.Hash] = true
	var what []string
	for _, c := range d.Changes {
		what = append(what, c.Clause+"="+c.To)
	}
	s.did("Propose %s %s%s", d.Kind, strings.Join(what, "; "), strings.Join(d.Removes, " "))
	s.audit(by, "propose", line, d.Hash)
	return d, nil
}

// Leave notes it, once.
func (s *Station) Leave(_ context.Context, by station.Officer, line, reason string) error {
	s.Lock()
	defer s.Unlock()
	if s.Left {
		return parley.Errorf(parley.Conflict, "our leaving waits to be sent already: nothing was done")
	}
	s.Left = true
	s.did("Leave %s", reason)
	s.audit(by, "leave", line, reason)
	return nil
}
