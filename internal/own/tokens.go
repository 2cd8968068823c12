package own

import (
	"bytes"
	"database/sql"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// How long a token of the HTTP API may live at most, and how long the answer
// to a request with a key is kept.
const (
	TokenLife  = 366 * 24 * time.Hour
	AnswerLife = 24 * time.Hour
)

// A Token lets a program act as an officer in one office.
type Token struct {
	ID      int64
	Officer int64
	Office  parley.Office
	Name    string // what it is for
	Added   time.Time
	Ends    time.Time
	Used    time.Time // to the minute; zero: never
}

// AddToken returns a new token of the officer for one office, good until ends.
// What it stands for is returned once and never kept. Errors are those of a
// seat; Malformed for a name or an end that will not do.
func (s *Store) AddToken(officer int64, office parley.Office, name string, ends time.Time) (t Token, secret string, err error) {
	if name == "" || len(name) > 200 {
		return t, "", parley.Errorf(parley.Malformed, "say in 1 to 200 bytes what the token is for")
	}
	now := s.millis()
	if ends.UnixMilli() <= now || ends.UnixMilli() > now+TokenLife.Milliseconds() {
		return t, "", parley.Errorf(parley.Malformed, "a token lives a year at most, and ends in the future")
	}
	secret, sum := newToken()
	t = Token{Officer: officer, Office: office, Name: name, Added: at(now), Ends: at(ends.UnixMilli())}
	err = s.write(func(tx *sqlfile.Tx) error {
		if err := mayHold(tx, officer, office); err != nil {
			return err
		}
		t.ID, err = tx.Insert("INSERT INTO tokens (token, officer, office, name, added, ends) VALUES (?, ?, ?, ?, ?, ?)", sum, officer, string(office), name, now, ends.UnixMilli())
		return err
	})
	if err != nil {
		return Token{}, "", err
	}
	return t, secret, nil
}

const tokenColumns = "id, officer, office, name, added, ends, used"

func scanToken(sc scanner) (t Token, err error) {
	var added, ends, used int64
	err = sc.Scan(&t.ID, &t.Officer, &t.Office, &t.Name, &added, &ends, &used)
	t.Added, t.Ends, t.Used = at(added), at(ends), at(used)
	return t, err
}

// Tokens returns every token, those that ended too, in order of id.
func (s *Store) Tokens() ([]Token, error) {
	rows, err := s.db.Query("SELECT " + tokenColumns + " FROM tokens ORDER BY id")
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	var out []Token
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, dbError(err)
		}
		out = append(out, t)
	}
	return out, dbError(rows.Err())
}

// RemoveToken ends a token at once. The error is NotFound.
func (s *Store) RemoveToken(id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("DELETE FROM tokens WHERE id = ?", id)
		return one(n, err, parley.Errorf(parley.NotFound, "no token %d", id))
	})
}

// UseToken returns the token that secret stands for and its officer. NotFound
// when there is none, when it has ended, or when its officer no longer holds
// the office.
func (s *Store) UseToken(secret string) (Token, Officer, error) {
	none := parley.Errorf(parley.NotFound, "no such token").WithHint("it may have ended: an administrator makes another")
	t, err := scanToken(s.db.QueryRow("SELECT "+tokenColumns+" FROM tokens WHERE token = ? AND ends > ?", tokenSum(secret), s.millis()))
	if errors.Is(err, sql.ErrNoRows) {
		return Token{}, Officer{}, none
	}
	if err != nil {
		return Token{}, Officer{}, dbError(err)
	}
	o, err := s.Officer(t.Officer)
	if err != nil {
		return Token{}, Officer{}, err
	}
	if !o.Active || !o.Holds(t.Office) {
		return Token{}, Officer{}, none
	}
	if now := s.now(); now.Sub(t.Used) > time.Minute {
		err = s.write(func(tx *sqlfile.Tx) error {
			return tx.Exec("UPDATE tokens SET used = ? WHERE id = ?", now.UnixMilli(), t.ID)
		})
	}
	return t, o, err
}

// An Answer is what was answered to a request.
type Answer struct {
	Status int
	Body   []byte
}

// BeginRequest notes that a request with a key is about to be done, or returns
// what was answered to it before. Conflict when the key stood for another
// request, or when an earlier try began and its outcome is not known: the
// station stopped meanwhile.
func (s *Store) BeginRequest(token int64, key string, sum [32]byte) (id int64, before *Answer, err error) {
	err = s.write(func(tx *sqlfile.Tx) error {
		now := s.millis()
		if err := tx.Exec("DELETE FROM requests WHERE at <= ?", now-AnswerLife.Milliseconds()); err != nil {
			return err
		}
		var was, sealed []byte
		var status int
		err := tx.Row("SELECT id, sum, status, secret FROM requests WHERE token = ? AND key = ?", token, key).Scan(&id, &was, &status, &sealed)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			id, err = tx.Insert("INSERT INTO requests (token, key, sum, at) VALUES (?, ?, ?, ?)", token, key, sum[:], now)
			return err
		case err != nil:
			return err
		case !bytes.Equal(was, sum[:]):
			return parley.Errorf(parley.Conflict, "this Idempotency-Key was used for another request").WithHint("use a fresh key for each request")
		case status == 0:
			return parley.Errorf(parley.Conflict, "an earlier try with this Idempotency-Key began, and how it ended is not known").
				WithHint("look whether it was done; then go on with a fresh key")
		}
		body, err := s.open("requests", id, sealed)
		before = &Answer{status, body}
		return err
	})
	return id, before, err
}

// EndRequest keeps what was answered; with nil it forgets the request, which
// was not done and may be tried again under its key.
func (s *Store) EndRequest(id int64, a *Answer) error {
	return s.write(func(tx *sqlfile.Tx) error {
		if a == nil {
			return tx.Exec("DELETE FROM requests WHERE id = ?", id)
		}
		return tx.Exec("UPDATE requests SET status = ?, secret = ? WHERE id = ?", a.Status, s.seal("requests", id, a.Body), id)
	})
}
