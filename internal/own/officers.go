package own

import (
	"database/sql"
	"errors"
	"parley/internal/sqlfile"
	"slices"
	"strings"
	"time"

	"parley"
)

// Officer is a person with an account at this station.
type Officer struct {
	ID      int64
	Name    string
	Offices []parley.Office // sorted
	Active  bool
	Added   time.Time
}

// Holds reports whether the officer holds the office.
func (o Officer) Holds(office parley.Office) bool { return slices.Contains(o.Offices, office) }

// AddOfficer adds an active officer. The error is Malformed for an empty name
// or an office that is none.
func (s *Store) AddOfficer(name string, offices []parley.Office) (Officer, error) {
	o := Officer{Name: strings.TrimSpace(name), Active: true, Added: at(s.millis())}
	if o.Name == "" || len(o.Name) > 200 {
		return o, parley.Errorf(parley.Malformed, "an officer's name has 1 to 200 bytes")
	}
	var err error
	if o.Offices, err = cleanOffices(offices); err != nil {
		return o, err
	}
	err = s.write(func(tx *sqlfile.Tx) (err error) {
		o.ID, err = tx.Insert("INSERT INTO officers (name, offices, active, added) VALUES (?, ?, 1, ?)", o.Name, joined(o.Offices), o.Added.UnixMilli())
		return err
	})
	return o, err
}

// SetOffices changes which offices an officer holds. Sessions in offices that
// are taken away end.
func (s *Store) SetOffices(id int64, offices []parley.Office) error {
	offices, err := cleanOffices(offices)
	if err != nil {
		return err
	}
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("UPDATE officers SET offices = ? WHERE id = ?", joined(offices), id)
		if err := one(n, err, noOfficer(id)); err != nil {
			return err
		}
		return s.endOthers(tx, id, offices)
	})
}

// endOthers ends the officer's seats and sessions in any other office.
func (s *Store) endOthers(tx *sqlfile.Tx, id int64, offices []parley.Office) error {
	args := []any{id}
	for _, o := range offices {
		args = append(args, string(o))
	}
	in := " WHERE officer = ? AND office NOT IN (" + strings.TrimSuffix(strings.Repeat("?,", len(offices)), ",") + ")"
	for _, table := range []string{"seats", "sessions"} {
		if err := tx.Exec("DELETE FROM "+table+in, args...); err != nil {
			return err
		}
	}
	return nil
}

// RemoveOfficer deactivates an officer and ends every seat, session, passkey,
// token and calendar address of his.
// Nothing of what he did is forgotten.
func (s *Store) RemoveOfficer(id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("UPDATE officers SET active = 0 WHERE id = ?", id)
		if err := one(n, err, noOfficer(id)); err != nil {
			return err
		}
		for _, q := range []string{"DELETE FROM passkeys WHERE officer = ?", "DELETE FROM tokens WHERE officer = ?", "DELETE FROM feeds WHERE officer = ?"} {
			if err := tx.Exec(q, id); err != nil {
				return err
			}
		}
		return s.endOthers(tx, id, nil)
	})
}

// Officers returns all officers in order of id, those removed included.
func (s *Store) Officers() ([]Officer, error) {
	rows, err := s.db.Query("SELECT id, name, offices, active, added FROM officers ORDER BY id")
	return collect(rows, err, scanOfficer)
}

// Officer returns one officer, also one removed. The error is NotFound.
func (s *Store) Officer(id int64) (Officer, error) {
	o, err := scanOfficer(s.db.QueryRow("SELECT id, name, offices, active, added FROM officers WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return o, noOfficer(id)
	}
	return o, err
}

type scanner interface{ Scan(...any) error }

// collect reads what a query found, row by row.
func collect[T any](rows *sql.Rows, err error, scan func(scanner) (T, error)) (out []T, _ error) {
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		x, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, dbError(rows.Err())
}

func scanOfficer(sc scanner) (o Officer, err error) {
	var offices string
	var added int64
	if err := sc.Scan(&o.ID, &o.Name, &offices, &o.Active, &added); err != nil {
		return o, dbError(err)
	}
	for _, f := range strings.Fields(offices) {
		o.Offices = append(o.Offices, parley.Office(f))
	}
	o.Added = at(added)
	return o, nil
}

func noOfficer(id int64) error { return parley.Errorf(parley.NotFound, "no officer %d", id) }

func cleanOffices(offices []parley.Office) ([]parley.Office, error) {
	out := slices.Clone(offices)
	for _, o := range out {
		if _, err := parley.ParseOffice(string(o)); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func joined(offices []parley.Office) string {
	var b strings.Builder
	for i, o := range offices {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(o))
	}
	return b.String()
}
