package station

import (
	"context"
	"fmt"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/own"
)

// A Seat is what a session opens: who sits there, for which office, and how the
// session began.
type Seat struct {
	Officer Officer
	Office  parley.Office
	Passkey bool      // begun or opened again with a passkey, not by a link
	Locked  time.Time // zero: open
	Browser []byte    // key of the browser it belongs to; none: not known yet
}

// A Passkey is one way in of an officer. Record is what the WebAuthn library
// keeps.
type Passkey struct {
	ID         int64
	Credential []byte
	Name       string
	Added      time.Time
	Used       time.Time // zero: never
	Record     []byte
}

// A Return asks to give an officer who lost every passkey access again. It
// waits for a second administrator, for a day.
type Return struct {
	Officer Officer
	Asker   Officer
	At      time.Time
}

// Session returns who sits in a session. NotFound once it has ended.
func (s *Station) Session(_ context.Context, session string) (Seat, error) {
	o, err := s.own.Session(session)
	return Seat{Officer: officerView(o.Officer), Office: o.Office, Passkey: o.Way == own.ByPasskey, Locked: o.Locked, Browser: o.Browser}, err
}

// BindSession ties a session to the key of the browser that began it, once.
// NotAllowed when it belongs to another.
func (s *Station) BindSession(_ context.Context, session string, browser []byte) error {
	return s.own.BindSession(session, browser)
}

// NoteStrangeBrowser writes in the audit that somebody showed the cookie of an
// officer's session in another browser, and was refused.
func (s *Station) NoteStrangeBrowser(_ context.Context, whose Officer, detail string) error {
	return s.audit(whose, "refused session", "shown by another browser", form.Visible(detail))
}

// PasskeyHandle returns the WebAuthn user handle of an officer: 64 random bytes.
func (s *Station) PasskeyHandle(_ context.Context, officer int64) ([]byte, error) {
	return s.own.Handle(officer)
}

// PasskeyOwner returns whose handle it is. NotFound for nobody's.
func (s *Station) PasskeyOwner(_ context.Context, handle []byte) (Officer, error) {
	o, err := s.own.OfficerOf(handle)
	return officerView(o), err
}

// Passkeys returns an officer's passkeys, the oldest first.
func (s *Station) Passkeys(_ context.Context, officer int64) ([]Passkey, error) {
	list, err := s.own.Passkeys(officer)
	if err != nil {
		return nil, err
	}
	out := make([]Passkey, 0, len(list))
	for _, p := range list {
		out = append(out, Passkey{ID: p.ID, Credential: p.Credential, Name: p.Name, Added: p.Added, Used: p.Used, Record: p.Record})
	}
	return out, nil
}

// AddPasskey keeps a new passkey of the officer who acts; seat links of that
// officer that were not used end.
func (s *Station) AddPasskey(_ context.Context, by Officer, p Passkey) error {
	if err := person(by, "add a passkey"); err != nil {
		return err
	}
	if err := form.CheckLine("the name of a passkey", p.Name, 60); err != nil {
		return err
	}
	if err := s.own.AddPasskey(own.Passkey{Credential: p.Credential, Officer: by.ID, Name: p.Name, Record: p.Record}); err != nil {
		return err
	}
	return s.audit(by, "add passkey", p.Name, "")
}

// RemovePasskey forgets a passkey of the officer who acts.
func (s *Station) RemovePasskey(_ context.Context, by Officer, id int64) error {
	if err := s.own.RemovePasskey(by.ID, id); err != nil {
		return err
	}
	return s.audit(by, "remove passkey", fmt.Sprintf("passkey %d", id), "")
}

// SignIn begins a session of the officer whose passkey was just proved.
func (s *Station) SignIn(_ context.Context, by Officer, p Passkey, office parley.Office) (string, error) {
	session, err := s.own.UsePasskey(p.Credential, p.Record, office)
	if err != nil {
		return "", err
	}
	return session, s.audit(by, "sign in", string(office), "with a passkey")
}

// LockDesk hides what a session shows, on every tab, until its officer's passkey
// opens it again. An officer without one cannot lock: NotAllowed.
func (s *Station) LockDesk(_ context.Context, by Officer, session string) error {
	has, err := s.own.HasPasskey(by.ID)
	if err != nil {
		return err
	}
	if !has {
		return parley.Errorf(parley.NotAllowed, "%s has no passkey to open a locked desk with", by.Name).WithHint("add a passkey first, or leave the seat")
	}
	if err := s.own.Lock(session); err != nil {
		return err
	}
	s.hub.emit("session", "", "")
	return s.audit(by, "lock", "desk", "")
}

// UnlockDesk opens a locked session to the officer whose passkey was just proved.
func (s *Station) UnlockDesk(_ context.Context, by Officer, session string, p Passkey) error {
	if err := s.own.Unlock(session, p.Credential, p.Record); err != nil {
		return err
	}
	s.hub.emit("session", "", "")
	return s.audit(by, "unlock", "desk", "")
}

// ChangeOffice moves a session to another office of its officer.
func (s *Station) ChangeOffice(_ context.Context, by Officer, session string, office parley.Office) error {
	if err := s.own.ChangeOffice(session, office); err != nil {
		return err
	}
	s.hub.emit("session", "", "")
	return s.audit(by, "change office", string(office), "")
}

// EndSessions ends every session and seat link of the officer who acts, on every
// desk.
func (s *Station) EndSessions(_ context.Context, by Officer) error {
	n, err := s.own.EndSessions(by.ID)
	if err != nil {
		return err
	}
	s.hub.emit("session", "", "")
	return s.audit(by, "log out everywhere", "", fmt.Sprintf("%d sessions", n))
}

// AskReturn is the first of two administrators who give an officer access again.
func (s *Station) AskReturn(_ context.Context, by Officer, officer int64) error {
	if err := seatFor(by, "give access back", parley.Administrator); err != nil {
		return err
	}
	if err := person(by, "give access back"); err != nil {
		return err
	}
	name, err := s.officerName(officer)
	if err != nil {
		return err
	}
	if officer == by.ID {
		return parley.Errorf(parley.NotAllowed, "nobody gives himself access back").WithHint("ask two other administrators")
	}
	if err := s.own.AskReturn(officer, by.ID); err != nil {
		return err
	}
	s.hub.emit("session", "", "")
	return s.audit(by, "ask to give access back", name, "")
}

// Returns lists what waits for a second administrator.
func (s *Station) Returns(context.Context) ([]Return, error) {
	list, err := s.own.Returns()
	if err != nil {
		return nil, err
	}
	out := make([]Return, 0, len(list))
	for _, r := range list {
		o, err := s.own.Officer(r.Officer)
		if err != nil {
			return nil, err
		}
		asker, err := s.own.Officer(r.Asker)
		if err != nil {
			return nil, err
		}
		out = append(out, Return{Officer: officerView(o), Asker: officerView(asker), At: r.At})
	}
	return out, nil
}

// GrantReturn is the second administrator: the officer's passkeys and sessions
// end, and the token opens one seat. It is shown once.
func (s *Station) GrantReturn(_ context.Context, by Officer, officer int64) (token string, err error) {
	if err := seatFor(by, "give access back", parley.Administrator); err != nil {
		return "", err
	}
	if err := person(by, "give access back"); err != nil {
		return "", err
	}
	o, err := s.own.Officer(officer)
	if err != nil {
		return "", err
	}
	if len(o.Offices) == 0 {
		return "", parley.Errorf(parley.NotAllowed, "%s holds no office", o.Name)
	}
	if token, err = s.own.GrantReturn(officer, by.ID, o.Offices[0]); err != nil {
		return "", err
	}
	s.hub.emit("session", "", "")
	return token, s.audit(by, "give access back", o.Name, "passkeys removed, one seat link")
}

// mayLink refuses a seat link that would go around somebody's passkeys: from a
// desk, two administrators give access back; at the machine itself whoever can
// act holds the station's files anyway.
func (s *Station) mayLink(by Officer, officer int64) error {
	if by.ID == 0 {
		return nil
	}
	has, err := s.own.HasPasskey(officer)
	if err != nil || !has {
		return err
	}
	return parley.Errorf(parley.NotAllowed, "this officer signs in with a passkey, and a link would go around it").
		WithHint("if every passkey is lost, two administrators give access back")
}
