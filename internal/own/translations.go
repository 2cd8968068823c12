package own

import (
	"database/sql"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// Translation is a translation of an item. The original is never changed.
type Translation struct {
	ID       int64
	Line     parley.LineID
	Item     string // "generation:index"
	Language string
	Text     string
	Maker    int64
	Reviewer int64 // 0: a draft
	Made     time.Time
	Reviewed time.Time

	Certifier int64 // 0: not certified
	Certified time.Time
}

const translationColumns = "id, line, item, language, maker, reviewer, made, reviewed, certifier, certified, secret FROM translations "

// AddTranslation keeps a translation made by t.Maker, as a draft.
func (s *Store) AddTranslation(t Translation) (Translation, error) {
	t.Reviewer, t.Reviewed, t.Certifier, t.Certified, t.Made = 0, time.Time{}, 0, time.Time{}, at(s.millis())
	err := s.write(func(tx *sqlfile.Tx) (err error) {
		t.ID, err = tx.Insert("INSERT INTO translations (line, item, language, maker, made, secret) VALUES (?, ?, ?, ?, ?, x'')",
			t.Line[:], t.Item, t.Language, t.Maker, t.Made.UnixMilli())
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE translations SET secret = ? WHERE id = ?", s.seal("translation", t.ID, []byte(t.Text)), t.ID)
	})
	return t, err
}

// ReviewTranslation marks it checked. NotAllowed when the reviewer is its
// maker, Conflict when it was checked already.
func (s *Store) ReviewTranslation(id, reviewer int64) (Translation, error) {
	var t Translation
	err := s.write(func(tx *sqlfile.Tx) error {
		var err error
		t, err = s.scanTranslation(tx.Row("SELECT "+translationColumns+"WHERE id = ?", id))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return parley.Errorf(parley.NotFound, "no translation %d", id)
		case err != nil:
			return err
		case t.Maker == reviewer:
			return parley.Errorf(parley.NotAllowed, "a translation is checked by somebody else than its maker")
		case t.Reviewer != 0:
			return parley.Errorf(parley.Conflict, "translation %d was checked already", id)
		}
		t.Reviewer, t.Reviewed = reviewer, at(s.millis())
		err = tx.Exec("UPDATE translations SET reviewer = ?, reviewed = ? WHERE id = ?", reviewer, t.Reviewed.UnixMilli(), id)
		return err
	})
	if err != nil {
		return Translation{}, err
	}
	return t, nil
}

// CertifyTranslation sets the third mark, on one that was checked. NotAllowed
// when the certifier is its maker or its reviewer, or it is not checked yet, or
// words of it are disputed; Conflict when it was certified already.
func (s *Store) CertifyTranslation(id, certifier int64) (Translation, error) {
	var t Translation
	err := s.write(func(tx *sqlfile.Tx) error {
		var err error
		t, err = s.scanTranslation(tx.Row("SELECT "+translationColumns+"WHERE id = ?", id))
		if errors.Is(err, sql.ErrNoRows) {
			return parley.Errorf(parley.NotFound, "no translation %d", id)
		}
		if err != nil {
			return err
		}
		open, err := tx.Number("SELECT count(*) FROM disputes WHERE translation = ? AND closed = 0", id)
		switch {
		case err != nil:
			return err
		case t.Certifier != 0:
			return parley.Errorf(parley.Conflict, "translation %d was certified already", id)
		case t.Reviewer == 0:
			return parley.Errorf(parley.NotAllowed, "a translation is checked before it is certified")
		case t.Maker == certifier || t.Reviewer == certifier:
			return parley.Errorf(parley.NotAllowed, "a translation is certified by somebody else than its maker and its reviewer")
		case open > 0:
			return parley.Errorf(parley.NotAllowed, "%d disputed words of this translation are not settled", open).WithHint("settle them first, or make a new translation")
		}
		t.Certifier, t.Certified = certifier, at(s.millis())
		return tx.Exec("UPDATE translations SET certifier = ?, certified = ? WHERE id = ?", certifier, t.Certified.UnixMilli(), id)
	})
	if err != nil {
		return Translation{}, err
	}
	return t, nil
}

// Translation returns one. The error is NotFound.
func (s *Store) Translation(id int64) (Translation, error) {
	t, err := s.scanTranslation(s.db.QueryRow("SELECT "+translationColumns+"WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return t, parley.Errorf(parley.NotFound, "no translation %d", id)
	}
	return t, err
}

// Translations returns those of an item, in the order they were made.
func (s *Store) Translations(l parley.LineID, item string) ([]Translation, error) {
	rows, err := s.db.Query("SELECT "+translationColumns+"WHERE line = ? AND item = ? ORDER BY id", l[:], item)
	return collect(rows, err, s.scanTranslation)
}

// Translated returns the items of a line that have a translation.
func (s *Store) Translated(l parley.LineID) (map[string]bool, error) {
	rows, err := s.db.Query("SELECT DISTINCT item FROM translations WHERE line = ?", l[:])
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var item string
		if err := rows.Scan(&item); err != nil {
			return nil, dbError(err)
		}
		out[item] = true
	}
	return out, dbError(rows.Err())
}

func (s *Store) scanTranslation(sc scanner) (t Translation, err error) {
	var made, reviewed, certified int64
	var secret []byte
	err = sc.Scan(&t.ID, lineID(&t.Line), &t.Item, &t.Language, &t.Maker, &t.Reviewer, &made, &reviewed, &t.Certifier, &certified, &secret)
	if err != nil {
		return t, dbError(err)
	}
	t.Made, t.Reviewed, t.Certified = at(made), at(reviewed), at(certified)
	text, err := s.open("translation", t.ID, secret)
	t.Text = string(text)
	return t, err
}
