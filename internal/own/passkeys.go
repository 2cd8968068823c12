package own

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// MaxPasskeys is how many passkeys an officer may have.
const MaxPasskeys = 16

// ReturnLife is how long a request to give an officer access back waits for a
// second administrator.
const ReturnLife = 24 * time.Hour

// A Passkey is one credential of an officer. Record is what the WebAuthn library
// keeps of it; it is sealed at rest.
type Passkey struct {
	ID         int64
	Credential []byte // credential id
	Officer    int64
	Name       string // as the officer calls it
	Added      time.Time
	Used       time.Time // zero: never
	Record     []byte
}

// passkeySecret is what is sealed of a passkey.
type passkeySecret struct {
	Name   string `json:"name"`
	Record []byte `json:"record"`
}

// Handle returns the WebAuthn user handle of an active officer, made when it
// is first asked for. Errors are NotFound and NotAllowed.
func (s *Store) Handle(officer int64) (handle []byte, err error) {
	err = s.write(func(tx *sqlfile.Tx) error {
		if err := active(tx, officer); err != nil {
			return err
		}
		err := tx.Row("SELECT handle FROM handles WHERE officer = ?", officer).Scan(&handle)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		handle = make([]byte, 64)
		rand.Read(handle) // does not fail
		err = tx.Exec("INSERT INTO handles (officer, handle) VALUES (?, ?)", officer, handle)
		return err
	})
	return handle, err
}

func active(tx *sqlfile.Tx, officer int64) error {
	var on bool
	err := tx.Row("SELECT active FROM officers WHERE id = ?", officer).Scan(&on)
	if errors.Is(err, sql.ErrNoRows) {
		return noOfficer(officer)
	}
	if err == nil && !on {
		return parley.Errorf(parley.NotAllowed, "officer %d is not active", officer)
	}
	return err
}

// OfficerOf returns the active officer of a handle. NotFound for any other.
func (s *Store) OfficerOf(handle []byte) (Officer, error) {
	o, err := scanOfficer(s.db.QueryRow("SELECT o.id, o.name, o.offices, o.active, o.added FROM officers o JOIN handles h ON h.officer = o.id WHERE h.handle = ? AND o.active = 1", handle))
	if errors.Is(err, sql.ErrNoRows) {
		return o, parley.Errorf(parley.NotFound, "nobody here has this passkey")
	}
	return o, err
}

// AddPasskey keeps a new passkey of an active officer; links to a seat of that
// officer end. Conflict when it is kept already or there are too many.
func (s *Store) AddPasskey(p Passkey) error {
	return s.write(func(tx *sqlfile.Tx) error {
		if err := active(tx, p.Officer); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM seats WHERE officer = ?", p.Officer); err != nil {
			return err
		}
		var n, known int
		if err := tx.Row("SELECT count(*) FILTER (WHERE officer = ?), count(*) FILTER (WHERE credential = ?) FROM passkeys", p.Officer, p.Credential).Scan(&n, &known); err != nil {
			return err
		}
		if known > 0 {
			return parley.Errorf(parley.Conflict, "this passkey is kept already")
		}
		if n >= MaxPasskeys {
			return parley.Errorf(parley.Conflict, "%d passkeys are the most an officer may have", MaxPasskeys).WithHint("remove one that is not used")
		}
		id, err := tx.Insert("INSERT INTO passkeys (credential, officer, added, secret) VALUES (?, ?, ?, x'')", p.Credential, p.Officer, s.millis())
		if err != nil {
			return err
		}
		return s.sealPasskey(tx, id, passkeySecret{p.Name, p.Record})
	})
}

func (s *Store) sealPasskey(tx *sqlfile.Tx, id int64, secret passkeySecret) error {
	b, err := json.Marshal(secret)
	if err != nil {
		return err
	}
	err = tx.Exec("UPDATE passkeys SET secret = ? WHERE id = ?", s.seal("passkeys", id, b), id)
	return err
}

// Passkeys returns an officer's passkeys, the oldest first.
func (s *Store) Passkeys(officer int64) ([]Passkey, error) {
	rows, err := s.db.Query("SELECT id, credential, officer, added, used, secret FROM passkeys WHERE officer = ? ORDER BY id", officer)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	var out []Passkey
	for rows.Next() {
		var p Passkey
		var added, used int64
		var sealed []byte
		if err := rows.Scan(&p.ID, &p.Credential, &p.Officer, &added, &used, &sealed); err != nil {
			return nil, dbError(err)
		}
		b, err := s.open("passkeys", p.ID, sealed)
		if err != nil {
			return nil, err
		}
		var secret passkeySecret
		if err := json.Unmarshal(b, &secret); err != nil {
			return nil, parley.Errorf(parley.Corrupt, "own store: passkey %d: %v", p.ID, err)
		}
		p.Name, p.Record, p.Added, p.Used = secret.Name, secret.Record, at(added), at(used)
		out = append(out, p)
	}
	return out, dbError(rows.Err())
}

// HasPasskey reports whether an officer has one.
func (s *Store) HasPasskey(officer int64) (bool, error) {
	var n int
	err := s.db.QueryRow("SELECT count(*) FROM passkeys WHERE officer = ?", officer).Scan(&n)
	return n > 0, dbError(err)
}

// RemovePasskey forgets one passkey of an officer. The error is NotFound.
func (s *Store) RemovePasskey(officer, id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("DELETE FROM passkeys WHERE officer = ? AND id = ?", officer, id)
		return one(n, err, parley.Errorf(parley.NotFound, "no such passkey"))
	})
}

// UsePasskey notes that a passkey was used, with what the library keeps of it
// from now on, and begins a session in the office. Errors are NotFound for an
// unknown credential, NotAllowed when the officer does not hold the office.
func (s *Store) UsePasskey(credential, record []byte, office parley.Office) (session string, err error) {
	session, sum := newToken()
	err = s.write(func(tx *sqlfile.Tx) error {
		officer, err := s.notePasskey(tx, credential, record)
		if err != nil {
			return err
		}
		if err := mayHold(tx, officer, office); err != nil {
			return err
		}
		now := s.millis()
		if err := tx.Exec("DELETE FROM sessions WHERE ends <= ?", now); err != nil {
			return err
		}
		err = tx.Exec("INSERT INTO sessions (token, officer, office, began, ends, way) VALUES (?, ?, ?, ?, ?, ?)",
			sum, officer, string(office), now, now+SessionLife.Milliseconds(), ByPasskey)
		return err
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

func (s *Store) notePasskey(tx *sqlfile.Tx, credential, record []byte) (officer int64, err error) {
	var id int64
	var sealed []byte
	err = tx.Row("SELECT id, officer, secret FROM passkeys WHERE credential = ?", credential).Scan(&id, &officer, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, parley.Errorf(parley.NotFound, "nobody here has this passkey")
	}
	if err != nil {
		return 0, err
	}
	b, err := s.open("passkeys", id, sealed)
	if err != nil {
		return 0, err
	}
	var secret passkeySecret
	if err := json.Unmarshal(b, &secret); err != nil {
		return 0, parley.Errorf(parley.Corrupt, "own store: passkey %d: %v", id, err)
	}
	secret.Record = record
	if err := tx.Exec("UPDATE passkeys SET used = ? WHERE id = ?", s.millis(), id); err != nil {
		return 0, err
	}
	return officer, s.sealPasskey(tx, id, secret)
}

// Lock hides what a session shows until Unlock. The session goes on.
func (s *Store) Lock(session string) error {
	return s.write(func(tx *sqlfile.Tx) error {
		return tx.Exec("UPDATE sessions SET locked = ? WHERE token = ? AND locked = 0", s.millis(), tokenSum(session))
	})
}

// Unlock opens a locked session to the officer whose passkey was just used.
// NotAllowed when the session is another officer's, NotFound when it ended.
func (s *Store) Unlock(session string, credential, record []byte) error {
	return s.write(func(tx *sqlfile.Tx) error {
		officer, err := s.notePasskey(tx, credential, record)
		if err != nil {
			return err
		}
		var whose int64
		err = tx.Row("SELECT officer FROM sessions WHERE token = ? AND ends > ?", tokenSum(session), s.millis()).Scan(&whose)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return sessionEnded()
		case err != nil:
			return err
		case whose != officer:
			return parley.Errorf(parley.NotAllowed, "another officer locked this desk").WithHint("end the session and sign in as yourself")
		}
		err = tx.Exec("UPDATE sessions SET locked = 0, way = ? WHERE token = ?", ByPasskey, tokenSum(session))
		return err
	})
}

// ChangeOffice moves a session to another office that its officer holds. Errors
// are NotFound and NotAllowed.
func (s *Store) ChangeOffice(session string, office parley.Office) error {
	return s.write(func(tx *sqlfile.Tx) error {
		var officer int64
		err := tx.Row("SELECT officer FROM sessions WHERE token = ? AND ends > ? AND locked = 0", tokenSum(session), s.millis()).Scan(&officer)
		if errors.Is(err, sql.ErrNoRows) {
			return sessionEnded()
		}
		if err != nil {
			return err
		}
		if err := mayHold(tx, officer, office); err != nil {
			return err
		}
		err = tx.Exec("UPDATE sessions SET office = ? WHERE token = ?", string(office), tokenSum(session))
		return err
	})
}

// EndSessions ends every session and seat link of an officer, at once and on
// every desk, and returns how many sessions that were.
func (s *Store) EndSessions(officer int64) (n int64, err error) {
	err = s.write(func(tx *sqlfile.Tx) error {
		n, err = endAll(tx, officer)
		return err
	})
	return n, err
}

func endAll(tx *sqlfile.Tx, officer int64) (int64, error) {
	if err := tx.Exec("DELETE FROM seats WHERE officer = ?", officer); err != nil {
		return 0, err
	}
	return tx.Change("DELETE FROM sessions WHERE officer = ?", officer)
}

// AskReturn notes that one administrator wants an officer who lost every passkey
// to have access again; it replaces an earlier request. NotFound and NotAllowed
// as for a seat.
func (s *Store) AskReturn(officer, asker int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		if err := active(tx, officer); err != nil {
			return err
		}
		err := tx.Exec("INSERT INTO returns (officer, asker, at) VALUES (?, ?, ?) ON CONFLICT (officer) DO UPDATE SET asker = excluded.asker, at = excluded.at",
			officer, asker, s.millis())
		return err
	})
}

// A Return is a request that waits for a second administrator.
type Return struct {
	Officer, Asker int64
	At             time.Time
}

// Returns lists the requests that wait.
func (s *Store) Returns() ([]Return, error) {
	rows, err := s.db.Query("SELECT officer, asker, at FROM returns WHERE at > ? ORDER BY at", s.millis()-ReturnLife.Milliseconds())
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	var out []Return
	for rows.Next() {
		var r Return
		var ms int64
		if err := rows.Scan(&r.Officer, &r.Asker, &ms); err != nil {
			return nil, dbError(err)
		}
		r.At = at(ms)
		out = append(out, r)
	}
	return out, dbError(rows.Err())
}

// GrantReturn is the second administrator's hand: every passkey and session of
// the officer ends, and the token opens a seat of the office once. NotFound
// when nothing waits; NotAllowed when it is the first administrator again, or
// the officer in question.
func (s *Store) GrantReturn(officer, second int64, office parley.Office) (token string, err error) {
	token, sum := newToken()
	err = s.write(func(tx *sqlfile.Tx) error {
		now := s.millis()
		var asker int64
		err := tx.Row("SELECT asker FROM returns WHERE officer = ? AND at > ?", officer, now-ReturnLife.Milliseconds()).Scan(&asker)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return parley.Errorf(parley.NotFound, "nobody has asked to give officer %d access back, or it is more than a day ago", officer)
		case err != nil:
			return err
		case asker == second || officer == second:
			return parley.Errorf(parley.NotAllowed, "this needs another administrator than the one who asked, and not the officer in question").
				WithHint("two administrators must know of it")
		}
		if err := mayHold(tx, officer, office); err != nil {
			return err
		}
		if _, err := endAll(tx, officer); err != nil {
			return err
		}
		for _, q := range []string{"DELETE FROM passkeys WHERE officer = ?", "DELETE FROM returns WHERE officer = ?"} {
			if err := tx.Exec(q, officer); err != nil {
				return err
			}
		}
		err = tx.Exec("INSERT INTO seats (token, officer, office, ends) VALUES (?, ?, ?, ?)", sum, officer, string(office), now+SeatLife.Milliseconds())
		return err
	})
	if err != nil {
		return "", err
	}
	return token, nil
}
