package desktest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"parley"
	"parley/internal/station"
)

func (s *Station) people() {
	all := []parley.Office{parley.Envoy, parley.Watch}
	s.People = []station.Officer{
		{ID: 1, Name: "Lt Ruiz", Offices: []parley.Office{parley.Watch}, Active: true},
		{ID: 2, Name: "Envoy Okafor", Offices: all, Active: true},
		{ID: 3, Name: "Admin Stone", Offices: []parley.Office{parley.Administrator}, Active: true},
		{ID: 4, Name: "陈译员", Offices: []parley.Office{parley.Translator}, Active: true},
		{ID: 5, Name: "Mx <b>Bold</b>", Offices: []parley.Office{parley.Archivist}},
	}
	s.Keys = []station.Passkey{{ID: 1, Name: "token in the safe", Added: s.Now().Add(-40 * 24 * time.Hour), Used: s.Now().Add(-3 * time.Hour)}, {ID: 2, Name: "<b>phone</b>", Added: s.Now()}}
	s.tokens = map[string]seat{WatchToken: {1, parley.Watch}, EnvoyToken: {2, parley.Envoy}, AdminToken: {3, parley.Administrator}}
}

// Sit opens a session without a token and returns it.
func (s *Station) Sit(officer int64, office parley.Office) string {
	s.Lock()
	defer s.Unlock()
	s.sat++
	id := fmt.Sprintf("session-%d-%s-%d", officer, office, s.sat)
	s.sessions[id] = seat{officer, office}
	return id
}

func (s *Station) officer(id int64) (station.Officer, error) {
	for _, o := range s.People {
		if o.ID == id {
			return o, nil
		}
	}
	return station.Officer{}, parley.Errorf(parley.NotFound, "no officer %d", id)
}

// TakeSeat uses a token up.
func (s *Station) TakeSeat(_ context.Context, token string) (string, station.Officer, parley.Office, error) {
	s.Lock()
	st, ok := s.tokens[token]
	delete(s.tokens, token)
	s.Unlock()
	if !ok {
		return "", station.Officer{}, "", parley.Errorf(parley.NotFound, "no such seat link")
	}
	id := s.Sit(st.officer, st.office)
	s.Lock()
	defer s.Unlock()
	o, err := s.officer(st.officer)
	return id, o, st.office, err
}

// Session finds an officer by their session.
func (s *Station) Session(_ context.Context, session string) (station.Seat, error) {
	s.Lock()
	defer s.Unlock()
	st, ok := s.sessions[session]
	if !ok {
		return station.Seat{}, parley.Errorf(parley.NotFound, "no such session")
	}
	o, err := s.officer(st.officer)
	return station.Seat{Officer: o, Office: st.office, Locked: s.Shut[session], Browser: s.Browsers[session]}, err
}

// BindSession ties a session to a browser, once.
func (s *Station) BindSession(_ context.Context, session string, browser []byte) error {
	s.Lock()
	defer s.Unlock()
	if now := s.Browsers[session]; now != nil && !bytes.Equal(now, browser) {
		return parley.Errorf(parley.NotAllowed, "this session belongs to another browser")
	}
	s.Browsers[session] = browser
	return nil
}

// NoteStrangeBrowser notes it.
func (s *Station) NoteStrangeBrowser(_ context.Context, whose station.Officer, detail string) error {
	s.Lock()
	defer s.Unlock()
	s.did("NoteStrangeBrowser %s %s", whose.Name, detail)
	return nil
}

// EndSession ends a session.
func (s *Station) EndSession(_ context.Context, session string) error {
	s.Lock()
	defer s.Unlock()
	delete(s.sessions, session)
	return nil
}

// Officers lists everybody.
func (s *Station) Officers(context.Context) ([]station.Officer, error) {
	s.Lock()
	defer s.Unlock()
	return slices.Clone(s.People), nil
}

// AddOfficer adds one.
func (s *Station) AddOfficer(_ context.Context, by station.Officer, name string, offices []parley.Office) (station.Officer, error) {
	s.Lock()
	defer s.Unlock()
	if !by.Holds(parley.Administrator) {
		return station.Officer{}, parley.Errorf(parley.NotAllowed, "%s is no administrator", by.Name)
	}
	if name == "" || len(offices) == 0 {
		return station.Officer{}, parley.Errorf(parley.BadForm, "an officer needs a name and an office")
	}
	o := station.Officer{ID: int64(len(s.People) + 1), Name: name, Offices: offices, Active: true}
	s.People = append(s.People, o)
	s.did("AddOfficer %s", name)
	return o, nil
}

// RemoveOfficer deactivates one.
func (s *Station) RemoveOfficer(_ context.Context, _ station.Officer, id int64) error {
	s.Lock()
	defer s.Unlock()
	for i := range s.People {
		if s.People[i].ID == id {
			s.People[i].Active = false
			s.did("RemoveOfficer %d", id)
			return nil
		}
	}
	return parley.Errorf(parley.NotFound, "no officer %d", id)
}

// SeatLink makes a token.
func (s *Station) SeatLink(_ context.Context, _ station.Officer, officer int64, office parley.Office) (string, error) {
	s.Lock()
	defer s.Unlock()
	o, err := s.officer(officer)
	if err != nil {
		return "", err
	}
	if !o.Holds(office) {
		return "", parley.Errorf(parley.NotAllowed, "%s does not hold the office of %s", o.Name, office)
	}
	token := fmt.Sprintf("%s-%04x", office, len(s.tokens)*7919)
	s.tokens[token] = seat{officer, office}
	return token, nil
}

// Audit returns the newest rows first.
func (s *Station) Audit(_ context.Context, _ station.Officer, limit int) ([]station.AuditRow, error) {
	s.Lock()
	defer s.Unlock()
	rows := slices.Clone(s.Rows)
	slices.Reverse(rows)
	return rows[:min(limit, len(rows))], nil
}
