package station

import (
	"context"
	"fmt"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/own"
)

// A Token lets a program act as an officer in one office over the HTTP API.
type Token struct {
	ID      int64         `json:"id"`
	Officer string        `json:"officer"`
	Office  parley.Office `json:"office"`
	Name    string        `json:"name"` // what it is for
	Added   time.Time     `json:"added"`
	Ends    time.Time     `json:"ends"`
	Used    time.Time     `json:"used"` // zero: never
}

// An Answer is what was answered to a request of the HTTP API.
type Answer = own.Answer

func (s *Station) tokenView(t own.Token) (Token, error) {
	name, err := s.officerName(t.Officer)
	return Token{t.ID, name, t.Office, t.Name, t.Added, t.Ends, t.Used}, err
}

// AddToken makes a token for an officer in one office, good for life. The secret
// is shown once. Administrators only.
func (s *Station) AddToken(_ context.Context, by Officer, officer int64, office parley.Office, name string, life time.Duration) (Token, string, error) {
	if err := seatFor(by, "make tokens", parley.Administrator); err != nil {
		return Token{}, "", err
	}
	if err := form.CheckLine("what the token is for", name, 60); err != nil {
		return Token{}, "", err
	}
	t, secret, err := s.own.AddToken(officer, office, name, s.now().Add(life))
	if err != nil {
		return Token{}, "", err
	}
	v, err := s.tokenView(t)
	if err != nil {
		return Token{}, "", err
	}
	return v, secret, s.audit(by, "add token", name, fmt.Sprintf("token %d, %s as %s, until %s", t.ID, v.Officer, office, t.Ends.Format(time.DateOnly)))
}

// Tokens returns every token, those that ended too. Administrators only.
func (s *Station) Tokens(_ context.Context, by Officer) ([]Token, error) {
	if err := seatFor(by, "see tokens", parley.Administrator); err != nil {
		return nil, err
	}
	list, err := s.own.Tokens()
	if err != nil {
		return nil, err
	}
	out := make([]Token, 0, len(list))
	for _, t := range list {
		v, err := s.tokenView(t)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// RemoveToken ends a token at once. Administrators only.
func (s *Station) RemoveToken(_ context.Context, by Officer, id int64) error {
	if err := seatFor(by, "end tokens", parley.Administrator); err != nil {
		return err
	}
	if err := s.own.RemoveToken(id); err != nil {
		return err
	}
	return s.audit(by, "end token", fmt.Sprintf("token %d", id), "")
}

// UseToken returns who acts with a token: its officer, holding the one office
// it is for. NotFound for a token that is none, or has ended.
func (s *Station) UseToken(_ context.Context, secret string) (id int64, by Officer, err error) {
	t, o, err := s.own.UseToken(secret)
	if err != nil {
		return 0, Officer{}, err
	}
	by = officerView(o)
	by.Offices = []parley.Office{t.Office}
	return t.ID, by, nil
}

// BeginRequest and EndRequest keep what was answered to a request with a key,
// so that it is not done twice; see own.Store.
func (s *Station) BeginRequest(_ context.Context, token int64, key string, sum [32]byte) (id int64, before *Answer, err error) {
	return s.own.BeginRequest(token, key, sum)
}

// EndRequest keeps the answer; nil: it was not done.
func (s *Station) EndRequest(_ context.Context, id int64, a *Answer) error {
	return s.own.EndRequest(id, a)
}
