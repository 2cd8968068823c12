package own

import (
	"database/sql"
	"encoding/json"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// Template is what a draft may begin from.
type Template struct {
	ID      int64
	Line    parley.LineID
	Officer int64 // who made it
	Made    time.Time
	Name    string
	Text    DraftText
}

type templateText struct {
	Name string    `json:"name"`
	Text DraftText `json:"text"`
}

const templateColumns = "id, line, officer, made, secret FROM templates "

// AddTemplate keeps a template. Attachments, references, and what belongs to one
// draft only are left out.
func (s *Store) AddTemplate(t Template) (Template, error) {
	t.Made = at(s.millis())
	t.Text.Attachments, t.Text.Refs, t.Text.Note, t.Text.Opened, t.Text.Exercise, t.Text.Reason, t.Text.Page = nil, nil, "", "", "", "", ""
	b, err := json.Marshal(&templateText{t.Name, t.Text})
	if err != nil {
		panic(err) // strings and numbers only
	}
	err = s.write(func(tx *sqlfile.Tx) (err error) {
		t.ID, err = tx.Insert("INSERT INTO templates (line, officer, made, secret) VALUES (?, ?, ?, x'')", t.Line[:], t.Officer, t.Made.UnixMilli())
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE templates SET secret = ? WHERE id = ?", s.seal("template", t.ID, b), t.ID)
	})
	return t, err
}

// RemoveTemplate forgets a template. The error is NotFound.
func (s *Store) RemoveTemplate(id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("DELETE FROM templates WHERE id = ?", id)
		return one(n, err, noTemplate(id))
	})
}

func noTemplate(id int64) error { return parley.Errorf(parley.NotFound, "no template %d", id) }

// Template returns one. The error is NotFound.
func (s *Store) Template(id int64) (Template, error) {
	t, err := s.scanTemplate(s.db.QueryRow("SELECT "+templateColumns+"WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return t, noTemplate(id)
	}
	return t, err
}

// Templates returns those of a line, in the order they were made.
func (s *Store) Templates(l parley.LineID) ([]Template, error) {
	rows, err := s.db.Query("SELECT "+templateColumns+"WHERE line = ? ORDER BY id", l[:])
	return collect(rows, err, s.scanTemplate)
}

func (s *Store) scanTemplate(sc scanner) (t Template, err error) {
	var made int64
	var secret []byte
	if err := sc.Scan(&t.ID, lineID(&t.Line), &t.Officer, &made, &secret); err != nil {
		return t, dbError(err)
	}
	t.Made = at(made)
	b, err := s.open("template", t.ID, secret)
	if err != nil {
		return t, err
	}
	var x templateText
	if err := json.Unmarshal(b, &x); err != nil {
		return t, parley.Errorf(parley.Corrupt, "template %d: %v", t.ID, err).WithHint("run parley fsck")
	}
	t.Name, t.Text = x.Name, x.Text
	return t, nil
}
