package own

import (
	"database/sql"
	"errors"
	"time"

	"parley"
	"parley/internal/sqlfile"
)

// maxFeeds bounds the calendar addresses of one officer.
const maxFeeds = 10

// A Feed is a secret address at which a calendar program reads, for an officer,
// when contacts are agreed, and nothing else.
type Feed struct {
	ID      int64
	Officer int64
	Name    string // which calendar
	Added   time.Time
	Used    time.Time // to the minute; zero: never
}

// AddFeed returns a new address of the officer. The secret is returned once and
// never kept. Quota for one too many; NotAllowed for an officer removed.
func (s *Store) AddFeed(officer int64, name string) (f Feed, secret string, err error) {
	if name == "" || len(name) > 200 {
		return f, "", parley.Errorf(parley.Malformed, "say in 1 to 200 bytes which calendar it is for")
	}
	now := s.millis()
	secret, sum := newToken()
	f = Feed{Officer: officer, Name: name, Added: at(now)}
	err = s.write(func(tx *sqlfile.Tx) error {
		var active bool
		err := tx.Row("SELECT active FROM officers WHERE id = ?", officer).Scan(&active)
		if errors.Is(err, sql.ErrNoRows) {
			return noOfficer(officer)
		} else if err != nil {
			return err
		}
		if !active {
			return parley.Errorf(parley.NotAllowed, "officer %d is no longer here", officer)
		}
		var n int
		if err := tx.Row("SELECT COUNT(*) FROM feeds WHERE officer = ?", officer).Scan(&n); err != nil {
			return err
		}
		if n >= maxFeeds {
			return parley.Errorf(parley.Quota, "an officer has %d calendar addresses at most", maxFeeds).WithHint("end one that is not used")
		}
		f.ID, err = tx.Insert("INSERT INTO feeds (token, officer, name, added) VALUES (?, ?, ?, ?)", sum, officer, name, now)
		return err
	})
	if err != nil {
		return Feed{}, "", err
	}
	return f, secret, nil
}

const feedColumns = "id, officer, name, added, used"

func scanFeed(sc scanner) (f Feed, err error) {
	var added, used int64
	err = sc.Scan(&f.ID, &f.Officer, &f.Name, &added, &used)
	f.Added, f.Used = at(added), at(used)
	return f, err
}

// Feeds returns the addresses of an officer, the oldest first.
func (s *Store) Feeds(officer int64) ([]Feed, error) {
	rows, err := s.db.Query("SELECT "+feedColumns+" FROM feeds WHERE officer = ? ORDER BY id", officer)
	return collect(rows, err, scanFeed)
}

// RemoveFeed ends an address of an officer at once. The error is NotFound.
func (s *Store) RemoveFeed(officer, id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("DELETE FROM feeds WHERE id = ? AND officer = ?", id, officer)
		return one(n, err, parley.Errorf(parley.NotFound, "no calendar address %d", id))
	})
}

// UseFeed returns the address that secret stands for and its officer. NotFound
// when there is none, or its officer was removed.
func (s *Store) UseFeed(secret string) (Feed, Officer, error) {
	none := parley.Errorf(parley.NotFound, "no such calendar address")
	f, err := scanFeed(s.db.QueryRow("SELECT "+feedColumns+" FROM feeds WHERE token = ?", tokenSum(secret)))
	if errors.Is(err, sql.ErrNoRows) {
		return Feed{}, Officer{}, none
	}
	if err != nil {
		return Feed{}, Officer{}, dbError(err)
	}
	o, err := s.Officer(f.Officer)
	if err != nil {
		return Feed{}, Officer{}, err
	}
	if !o.Active {
		return Feed{}, Officer{}, none
	}
	if now := s.now(); now.Sub(f.Used) > time.Minute {
		err = s.write(func(tx *sqlfile.Tx) error {
			return tx.Exec("UPDATE feeds SET used = ? WHERE id = ?", now.UnixMilli(), f.ID)
		})
	}
	return f, o, err
}
