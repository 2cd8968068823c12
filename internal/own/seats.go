package own

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// How long a seat link can be used, and how long a session lasts.
const (
	SeatLife    = time.Hour
	SessionLife = 12 * time.Hour
)

// How a session began.
const (
	ByLink    = "link"    // a one-time seat link
	ByPasskey = "passkey" // a passkey, with the officer's finger or number
)

// A Session is one desk that an officer has open.
type Session struct {
	Officer Officer
	Office  parley.Office
	Way     string    // ByLink or ByPasskey
	Locked  time.Time // zero: it is open
	Browser []byte    // key of the browser that began it; none: not known yet
}

// newToken returns a token of 256 random bits and what is stored of it.
func newToken() (token string, sum []byte) {
	var b [32]byte
	rand.Read(b[:]) // does not fail
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, tokenSum(token)
}

func tokenSum(token string) []byte {
	s := sha256.Sum256([]byte("parley token\x00" + token))
	return s[:]
}

// AddSeat returns a token by which the officer takes the office's seat once,
// within SeatLife. NotAllowed when he does not hold the office, or is not
// active.
func (s *Store) AddSeat(officer int64, office parley.Office) (token string, err error) {
	token, sum := newToken()
	err = s.write(func(tx *sqlfile.Tx) error {
		if err := mayHold(tx, officer, office); err != nil {
			return err
		}
		now := s.millis()
		if err := tx.Exec("DELETE FROM seats WHERE ends <= ?", now); err != nil {
			return err
		}
		return tx.Exec("INSERT INTO seats (token, officer, office, ends) VALUES (?, ?, ?, ?)", sum, officer, string(office), now+SeatLife.Milliseconds())
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

func mayHold(tx *sqlfile.Tx, officer int64, office parley.Office) error {
	o, err := scanOfficer(tx.Row("SELECT id, name, offices, active, added FROM officers WHERE id = ?", officer))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return noOfficer(officer)
	case err != nil:
		return err
	case !o.Active:
		return parley.Errorf(parley.NotAllowed, "%s is not active", o.Name)
	case !o.Holds(office):
		return parley.Errorf(parley.NotAllowed, "%s does not hold the office %s", o.Name, office)
	}
	return nil
}

// TakeSeat consumes a seat token and begins a session. A token that was used,
// is too old or never was is NotFound.
func (s *Store) TakeSeat(token string) (session string, officer Officer, office parley.Office, err error) {
	session, sum := newToken()
	gone := parley.Errorf(parley.NotFound, "this seat link is used up or too old").WithHint("ask an administrator for another")
	err = s.write(func(tx *sqlfile.Tx) error {
		now := s.millis()
		var id int64
		err := tx.Row("DELETE FROM seats WHERE token = ? AND ends > ? RETURNING officer, office", tokenSum(token), now).Scan(&id, &office)
		if errors.Is(err, sql.ErrNoRows) {
			return gone
		}
		if err != nil {
			return err
		}
		if err := mayHold(tx, id, office); err != nil {
			return err
		}
		if officer, err = scanOfficer(tx.Row("SELECT id, name, offices, active, added FROM officers WHERE id = ?", id)); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM sessions WHERE ends <= ?", now); err != nil {
			return err
		}
		err = tx.Exec("INSERT INTO sessions (token, officer, office, began, ends) VALUES (?, ?, ?, ?, ?)",
			sum, id, string(office), now, now+SessionLife.Milliseconds())
		return err
	})
	if err != nil {
		return "", Officer{}, "", err
	}
	return session, officer, office, nil
}

// Session returns whose session it is. NotFound when it ended.
func (s *Store) Session(session string) (out Session, err error) {
	var id, locked int64
	err = s.db.QueryRow("SELECT officer, office, way, locked, browser FROM sessions WHERE token = ? AND ends > ?", tokenSum(session), s.millis()).
		Scan(&id, &out.Office, &out.Way, &locked, &out.Browser)
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, sessionEnded()
	}
	if err != nil {
		return Session{}, dbError(err)
	}
	out.Locked = at(locked)
	if out.Officer, err = s.Officer(id); err != nil {
		return Session{}, err
	}
	return out, nil
}

func sessionEnded() error {
	return parley.Errorf(parley.NotFound, "this session has ended").WithHint("take your seat again")
}

// EndSession ends a session. One that ended already is no error.
func (s *Store) EndSession(session string) error {
	return s.write(func(tx *sqlfile.Tx) error {
		return tx.Exec("DELETE FROM sessions WHERE token = ?", tokenSum(session))
	})
}

// Manned reports whether somebody has a session in the office.
func (s *Store) Manned(office parley.Office) (bool, error) {
	var n int
	err := s.db.QueryRow("SELECT count(*) FROM sessions WHERE office = ? AND ends > ?", string(office), s.millis()).Scan(&n)
	return n > 0, dbError(err)
}
