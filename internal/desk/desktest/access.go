package desktest

import (
	"context"

	"parley"
	"parley/internal/station"
)

// The passkeys of this station open nothing: what they do is tested against the
// station itself.

// PasskeyHandle is never asked twice for one officer.
func (s *Station) PasskeyHandle(context.Context, int64) ([]byte, error) { return make([]byte, 64), nil }

// PasskeyOwner knows nobody.
func (s *Station) PasskeyOwner(context.Context, []byte) (station.Officer, error) {
	return station.Officer{}, parley.Errorf(parley.NotFound, "nobody here has this passkey")
}

// Passkeys lists what AddPasskey kept, whoever asks.
func (s *Station) Passkeys(context.Context, int64) ([]station.Passkey, error) {
	s.Lock()
	defer s.Unlock()
	return s.Keys, nil
}

// AddPasskey keeps one.
func (s *Station) AddPasskey(_ context.Context, _ station.Officer, p station.Passkey) error {
	s.Lock()
	defer s.Unlock()
	p.ID, p.Added = int64(len(s.Keys)+1), s.Now()
	s.Keys = append(s.Keys, p)
	return nil
}

// RemovePasskey notes it.
func (s *Station) RemovePasskey(_ context.Context, _ station.Officer, id int64) error {
	s.Lock()
	defer s.Unlock()
	s.did("RemovePasskey %d", id)
	return nil
}

// SignIn refuses.
func (s *Station) SignIn(context.Context, station.Officer, station.Passkey, parley.Office) (string, error) {
	return "", parley.Errorf(parley.NotAllowed, "no passkey opens this station")
}

// LockDesk locks a session.
func (s *Station) LockDesk(_ context.Context, _ station.Officer, session string) error {
	s.Lock()
	defer s.Unlock()
	s.Shut[session] = s.Now()
	return nil
}

// UnlockDesk refuses.
func (s *Station) UnlockDesk(context.Context, station.Officer, string, station.Passkey) error {
	return parley.Errorf(parley.NotAllowed, "no passkey opens this station")
}

// ChangeOffice moves a session.
func (s *Station) ChangeOffice(_ context.Context, by station.Officer, session string, office parley.Office) error {
	s.Lock()
	defer s.Unlock()
	if !by.Holds(office) {
		return parley.Errorf(parley.NotAllowed, "%s does not hold the office of %s", by.Name, office)
	}
	s.sessions[session] = seat{by.ID, office}
	return nil
}

// EndSessions ends all of an officer's.
func (s *Station) EndSessions(_ context.Context, by station.Officer) error {
	s.Lock()
	defer s.Unlock()
	for id, st := range s.sessions {
		if st.officer == by.ID {
			delete(s.sessions, id)
		}
	}
	return nil
}

// AskReturn notes who asked.
func (s *Station) AskReturn(_ context.Context, by station.Officer, officer int64) error {
	s.Lock()
	defer s.Unlock()
	o, err := s.officer(officer)
	if err == nil {
		s.Waiting = append(s.Waiting, station.Return{Officer: o, Asker: by, At: s.Now()})
	}
	return err
}

// Returns lists what AskReturn noted.
func (s *Station) Returns(context.Context) ([]station.Return, error) {
	s.Lock()
	defer s.Unlock()
	return s.Waiting, nil
}

// GrantReturn makes a token.
func (s *Station) GrantReturn(ctx context.Context, by station.Officer, officer int64) (string, error) {
	o, err := s.officer(officer)
	if err != nil {
		return "", err
	}
	return s.SeatLink(ctx, by, officer, o.Offices[0])
}
