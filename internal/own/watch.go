package own

import (
	"database/sql"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// Mark says which officer did something with an item, first when.
type Mark struct {
	Officer int64
	At      time.Time
}

// Kinds of marks.
const (
	markTaken  = "taken"
	markOpened = "opened"
)

// Take notes who works on an item. Somebody else's is taken over; taking is a
// courtesy, not a lock.
func (s *Store) Take(l parley.LineID, item string, officer int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		if err := tx.Exec("DELETE FROM marks WHERE line = ? AND item = ? AND kind = ? AND officer <> ?", l[:], item, markTaken, officer); err != nil {
			return err
		}
		return mark(tx, l, item, markTaken, officer, s.millis())
	})
}

// TakeOf is Take for an officer who saw that seen had the item, 0 for nobody.
// Conflict when somebody else has it by now.
func (s *Store) TakeOf(l parley.LineID, item string, officer, seen int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		has, err := takenBy(tx, l, item)
		if err != nil {
			return err
		}
		if has != 0 && has != officer && has != seen {
			return parley.Errorf(parley.Conflict, "another officer has taken this item").WithHint("ask them to give it back, or take it over from them")
		}
		if err := tx.Exec("DELETE FROM marks WHERE line = ? AND item = ? AND kind = ? AND officer <> ?", l[:], item, markTaken, officer); err != nil {
			return err
		}
		return mark(tx, l, item, markTaken, officer, s.millis())
	})
}

// GiveBack notes that an officer no longer works on an item. Conflict when it is
// not his.
func (s *Store) GiveBack(l parley.LineID, item string, officer int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("DELETE FROM marks WHERE line = ? AND item = ? AND kind = ? AND officer = ?", l[:], item, markTaken, officer)
		return one(n, err, parley.Errorf(parley.Conflict, "this item is not yours to give back").WithHint("see who has it now"))
	})
}

func takenBy(tx *sqlfile.Tx, l parley.LineID, item string) (officer int64, err error) {
	err = tx.Row("SELECT officer FROM marks WHERE line = ? AND item = ? AND kind = ? ORDER BY at LIMIT 1", l[:], item, markTaken).Scan(&officer)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return officer, err
}

// TakenBy returns who works on an item; ok is false when nobody does.
func (s *Store) TakenBy(l parley.LineID, item string) (m Mark, ok bool, err error) {
	ms, err := s.marks(l, item, markTaken)
	if err != nil || len(ms) == 0 {
		return Mark{}, false, err
	}
	return ms[0], true, nil
}

// MarkOpened notes that an officer read an item's text; the first time counts.
func (s *Store) MarkOpened(l parley.LineID, item string, officer int64) error {
	return s.write(func(tx *sqlfile.Tx) error { return mark(tx, l, item, markOpened, officer, s.millis()) })
}

// OpenedBy returns who read an item's text, first reader first.
func (s *Store) OpenedBy(l parley.LineID, item string) ([]Mark, error) {
	return s.marks(l, item, markOpened)
}

func mark(tx *sqlfile.Tx, l parley.LineID, item, kind string, officer, now int64) error {
	return tx.Exec("INSERT OR IGNORE INTO marks (line, item, kind, officer, at) VALUES (?, ?, ?, ?, ?)", l[:], item, kind, officer, now)
}

func (s *Store) marks(l parley.LineID, item, kind string) (out []Mark, _ error) {
	rows, err := s.marksOf.Query(l[:], item, kind)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var m Mark
		var ms int64
		if err := rows.Scan(&m.Officer, &ms); err != nil {
			return nil, dbError(err)
		}
		m.At = at(ms)
		out = append(out, m)
	}
	return out, dbError(rows.Err())
}

// Note is a remark beside an item, or beside the line when Item is "".
type Note struct {
	ID      int64
	Line    parley.LineID
	Item    string
	Officer int64
	At      time.Time
	Text    string
}

// AddNote keeps a remark.
func (s *Store) AddNote(n Note) (Note, error) {
	n.At = at(s.millis())
	err := s.write(func(tx *sqlfile.Tx) (err error) {
		n.ID, err = tx.Insert("INSERT INTO notes (line, item, officer, at, secret) VALUES (?, ?, ?, ?, x'')", n.Line[:], n.Item, n.Officer, n.At.UnixMilli())
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE notes SET secret = ? WHERE id = ?", s.seal("note", n.ID, []byte(n.Text)), n.ID)
	})
	return n, err
}

// Notes returns the remarks beside an item, oldest first.
func (s *Store) Notes(l parley.LineID, item string) ([]Note, error) {
	rows, err := s.db.Query("SELECT id, officer, at, secret FROM notes WHERE line = ? AND item = ? ORDER BY id", l[:], item)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	var out []Note
	for rows.Next() {
		n := Note{Line: l, Item: item}
		var ms int64
		var secret []byte
		if err := rows.Scan(&n.ID, &n.Officer, &ms, &secret); err != nil {
			return nil, dbError(err)
		}
		text, err := s.open("note", n.ID, secret)
		if err != nil {
			return nil, err
		}
		n.At, n.Text = at(ms), string(text)
		out = append(out, n)
	}
	return out, dbError(rows.Err())
}

// Setting returns a value the station keeps; ok is false when there is none.
func (s *Store) Setting(key string) (value []byte, ok bool, err error) {
	var secret []byte
	err = s.db.QueryRow("SELECT secret FROM settings WHERE key = ?", key).Scan(&secret)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, dbError(err)
	}
	value, err = s.open("setting "+key, 0, secret)
	return value, err == nil, err
}

// SetSetting keeps a value; nil removes it.
func (s *Store) SetSetting(key string, value []byte) error {
	return s.write(func(tx *sqlfile.Tx) error {
		if value == nil {
			return tx.Exec("DELETE FROM settings WHERE key = ?", key)
		}
		err := tx.Exec("INSERT INTO settings (key, secret) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET secret = excluded.secret",
			key, s.seal("setting "+key, 0, value))
		return err
	})
}
