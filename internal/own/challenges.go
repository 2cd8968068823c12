package own

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"parley"
	"parley/internal/sqlfile"
)

// maxChallenges bounds those of a line that were not asked yet.
const maxChallenges = 100

// A Challenge is a question that the watch asks the other side's before a call,
// and the answer that both agreed on. Each is asked once.
type Challenge struct {
	ID     int64
	Line   parley.LineID
	Added  time.Time
	Used   time.Time // when it was asked; zero: not yet
	Passed bool
	Ask    string
	Expect string
}

type challengeText struct {
	Ask    string `json:"ask"`
	Expect string `json:"expect"`
}

const challengeColumns = "id, line, added, used, passed, secret FROM challenges "

func (s *Store) scanChallenge(sc scanner) (c Challenge, err error) {
	var line, secret []byte
	var added, used int64
	if err = sc.Scan(&c.ID, &line, &added, &used, &c.Passed, &secret); err != nil {
		return c, dbError(err)
	}
	copy(c.Line[:], line)
	c.Added, c.Used = at(added), at(used)
	b, err := s.open("challenge", c.ID, secret)
	if err != nil {
		return c, err
	}
	var t challengeText
	if err := json.Unmarshal(b, &t); err != nil {
		return c, parley.Errorf(parley.Corrupt, "own store: challenge %d: %v", c.ID, err)
	}
	c.Ask, c.Expect = t.Ask, t.Expect
	return c, nil
}

// AddChallenge keeps a challenge, sealed. Quota for one too many.
func (s *Store) AddChallenge(c Challenge) (Challenge, error) {
	c.Added, c.Used, c.Passed = at(s.millis()), time.Time{}, false
	b, err := json.Marshal(&challengeText{c.Ask, c.Expect})
	if err != nil {
		panic(err) // strings only
	}
	err = s.write(func(tx *sqlfile.Tx) (err error) {
		var n int
		if err := tx.Row("SELECT COUNT(*) FROM challenges WHERE line = ? AND used = 0", c.Line[:]).Scan(&n); err != nil {
			return err
		}
		if n >= maxChallenges {
			return parley.Errorf(parley.Quota, "a line keeps %d challenges at most", maxChallenges).WithHint("take out those that hold no longer")
		}
		if c.ID, err = tx.Insert("INSERT INTO challenges (line, added, secret) VALUES (?, ?, x'')", c.Line[:], c.Added.UnixMilli()); err != nil {
			return err
		}
		return tx.Exec("UPDATE challenges SET secret = ? WHERE id = ?", s.seal("challenge", c.ID, b), c.ID)
	})
	return c, err
}

func noChallenge(id int64) error { return parley.Errorf(parley.NotFound, "no challenge %d", id) }

// Challenges are those of a line that were not asked yet, the oldest first.
func (s *Store) Challenges(l parley.LineID) ([]Challenge, error) {
	rows, err := s.db.Query("SELECT "+challengeColumns+"WHERE line = ? AND used = 0 ORDER BY id", l[:])
	return collect(rows, err, s.scanChallenge)
}

// JudgeChallenge notes that a challenge was asked, and whether its answer was
// right. NotFound; Conflict where it was asked before.
func (s *Store) JudgeChallenge(id int64, passed bool) error {
	return s.write(func(tx *sqlfile.Tx) error {
		var used int64
		err := tx.Row("SELECT used FROM challenges WHERE id = ?", id).Scan(&used)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return noChallenge(id)
		case err != nil:
			return err
		case used != 0:
			return parley.Errorf(parley.Conflict, "challenge %d was asked already", id).WithHint("ask another one")
		}
		return tx.Exec("UPDATE challenges SET used = ?, passed = ? WHERE id = ?", s.millis(), passed, id)
	})
}

// RemoveChallenge forgets a challenge. The error is NotFound.
func (s *Store) RemoveChallenge(id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("DELETE FROM challenges WHERE id = ?", id)
		return one(n, err, noChallenge(id))
	})
}
