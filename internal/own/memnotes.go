package own

import (
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// A MemNote is what an officer wrote down of a contact or a call for its memcon:
// his own, until he gives it to somebody.
type MemNote struct {
	ID      int64
	Line    parley.LineID
	About   string // the contact, or a call that belongs to none
	Officer int64
	Given   int64 // officer who may merge it too; 0: nobody else
	Memcon  int64 // into which it was merged; 0: none
	At      time.Time
	Text    string
}

// AddMemNote keeps a note.
func (s *Store) AddMemNote(n MemNote) (MemNote, error) {
	n.At, n.Given, n.Memcon = at(s.millis()), 0, 0
	err := s.write(func(tx *sqlfile.Tx) (err error) {
		n.ID, err = tx.Insert("INSERT INTO memnotes (line, about, officer, at, secret) VALUES (?, ?, ?, ?, x'')", n.Line[:], n.About, n.Officer, n.At.UnixMilli())
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE memnotes SET secret = ? WHERE id = ?", s.seal("memnote", n.ID, []byte(n.Text)), n.ID)
	})
	return n, err
}

// MemNotes returns the notes on a contact or call that an officer wrote or was
// given, oldest first.
func (s *Store) MemNotes(l parley.LineID, about string, officer int64) ([]MemNote, error) {
	rows, err := s.db.Query("SELECT id, officer, given, memcon, at, secret FROM memnotes WHERE line = ? AND about = ? AND (officer = ? OR given = ?) ORDER BY at, id", l[:], about, officer, officer)
	return collect(rows, err, func(sc scanner) (MemNote, error) {
		n := MemNote{Line: l, About: about}
		var ms int64
		var secret []byte
		if err := sc.Scan(&n.ID, &n.Officer, &n.Given, &n.Memcon, &ms, &secret); err != nil {
			return n, dbError(err)
		}
		text, err := s.open("memnote", n.ID, secret)
		n.At, n.Text = at(ms), string(text)
		return n, err
	})
}

// CountMemNotes is how many notes an officer wrote on a contact or call.
func (s *Store) CountMemNotes(l parley.LineID, about string, officer int64) (n int, err error) {
	err = s.db.QueryRow("SELECT count(*) FROM memnotes WHERE line = ? AND about = ? AND officer = ?", l[:], about, officer).Scan(&n)
	return n, dbError(err)
}

// GiveMemNotes lets another officer merge what an officer wrote on a contact or
// call and nobody merged; it returns how many notes.
func (s *Store) GiveMemNotes(l parley.LineID, about string, officer, to int64) (n int64, err error) {
	err = s.write(func(tx *sqlfile.Tx) (err error) {
		n, err = tx.Change("UPDATE memnotes SET given = ? WHERE line = ? AND about = ? AND officer = ? AND memcon = 0", to, l[:], about, officer)
		return err
	})
	return n, err
}

// mergeNotes marks notes as merged into m by an officer, who wrote them or was
// given them. Conflict when one is not his to merge, or was merged already.
func mergeNotes(tx *sqlfile.Tx, m *Memcon, officer int64, notes []int64) error {
	for _, id := range notes {
		n, err := tx.Change("UPDATE memnotes SET memcon = ? WHERE id = ? AND line = ? AND (officer = ? OR given = ?) AND memcon = 0", m.ID, id, m.Line[:], officer, officer)
		if err := one(n, err, parley.Errorf(parley.Conflict, "a note that was chosen is merged already, or is not yours to merge").WithHint("load the page again, and choose among those that are left")); err != nil {
			return err
		}
	}
	return nil
}
