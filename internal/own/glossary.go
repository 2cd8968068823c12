package own

import (
	"encoding/json"
	"time"

	"parley"
	"parley/internal/glossary"
	"parley/internal/sqlfile"
)

// A Term is what something is called in the languages of a line, with who wrote and
// who checked it.
type Term struct {
	ID      int64
	Line    parley.LineID
	Officer int64
	At      time.Time
	Checker int64 // 0: nobody has
	Checked time.Time

	glossary.Term
}

const termColumns = "id, line, officer, at, checker, checked, secret FROM terms "

func (s *Store) scanTerm(sc scanner) (t Term, err error) {
	var line, secret []byte
	var made, checked int64
	if err = sc.Scan(&t.ID, &line, &t.Officer, &made, &t.Checker, &checked, &secret); err != nil {
		return t, dbError(err)
	}
	copy(t.Line[:], line)
	t.At, t.Checked = at(made), at(checked)
	b, err := s.open("term", t.ID, secret)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal(b, &t.Term); err != nil {
		return t, parley.Errorf(parley.Corrupt, "own store: term %d: %v", t.ID, err).WithHint("run parley fsck")
	}
	return t, nil
}

// Terms are those of a line, in the order in which they were written.
func (s *Store) Terms(l parley.LineID) ([]Term, error) {
	rows, err := s.db.Query("SELECT "+termColumns+"WHERE line = ? ORDER BY id", l[:])
	return collect(rows, err, s.scanTerm)
}

// AddTerms keeps terms of a line by an officer, unchecked: all, or none. What stands
// there already is passed over; it returns how many were added. Conflict where a word
// is called something else there; Quota for too many.
func (s *Store) AddTerms(l parley.LineID, officer int64, terms []glossary.Term) (added int, err error) {
	now := s.millis()
	err = s.write(func(tx *sqlfile.Tx) error {
		added = 0
		there, err := s.termsIn(tx, l)
		if err != nil {
			return err
		}
		for i := range terms {
			known, err := known(there, &terms[i])
			if err != nil {
				return err
			}
			if known {
				continue
			}
			if len(there)+added == glossary.MaxTerms {
				return parley.Errorf(parley.Quota, "the glossary of a line has %d terms at most", glossary.MaxTerms).WithHint("take out those that are not used")
			}
			if err := s.insertTerm(tx, Term{Line: l, Officer: officer, At: at(now), Term: terms[i]}); err != nil {
				return err
			}
			added++
		}
		return nil
	})
	return added, err
}

// termsIn are those of a line, within a transaction.
func (s *Store) termsIn(tx *sqlfile.Tx, l parley.LineID) (out []Term, _ error) {
	rows, err := tx.Query("SELECT id FROM terms WHERE line = ? ORDER BY id", l[:])
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		t, err := s.scanTerm(tx.Row("SELECT "+termColumns+"WHERE id = ?", row[0]))
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// known reports whether a term is among those that are there.
func known(there []Term, t *glossary.Term) (bool, error) {
	for i := range there {
		if t.Same(&there[i].Term) {
			return true, nil
		}
		if w, clash := t.Clash(&there[i].Term); clash {
			return false, parley.Errorf(parley.Conflict, "%q (%s) is in the glossary, and is called something else there", w.Text, w.Language).WithHint("take the other out first")
		}
	}
	return false, nil
}

func (s *Store) insertTerm(tx *sqlfile.Tx, t Term) error {
	b, err := json.Marshal(&t.Term)
	if err != nil {
		panic(err) // strings only
	}
	id, err := tx.Insert("INSERT INTO terms (line, officer, at, secret) VALUES (?, ?, ?, x'')", t.Line[:], t.Officer, t.At.UnixMilli())
	if err != nil {
		return err
	}
	return tx.Exec("UPDATE terms SET secret = ? WHERE id = ?", s.seal("term", id, b), id)
}

func noTerm(id int64) error { return parley.Errorf(parley.NotFound, "no term %d", id) }

// CheckTerm notes that an officer checked a term of a line. NotFound; NotAllowed for
// who wrote it.
func (s *Store) CheckTerm(l parley.LineID, id, officer int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("UPDATE terms SET checker = ?, checked = ? WHERE id = ? AND line = ? AND officer <> ?", officer, s.millis(), id, l[:], officer)
		if err != nil || n > 0 {
			return err
		}
		there, err := tx.Number("SELECT count(*) FROM terms WHERE id = ? AND line = ?", id, l[:])
		if err == nil && there > 0 {
			return parley.Errorf(parley.NotAllowed, "another than who wrote a term checks it")
		}
		return one(0, err, noTerm(id))
	})
}

// RemoveTerm takes a term of a line out. The error is NotFound.
func (s *Store) RemoveTerm(l parley.LineID, id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("DELETE FROM terms WHERE id = ? AND line = ?", id, l[:])
		return one(n, err, noTerm(id))
	})
}

// MaxScripts bounds the pieces of a line's script.
const MaxScripts = 50

// A Script is a piece of what is to be said on the next call of a line, or on the one
// that runs.
type Script struct {
	ID      int64
	Line    parley.LineID
	Officer int64
	At      time.Time
	Text    string
}

func (s *Store) scanScript(sc scanner) (x Script, err error) {
	var line, secret []byte
	var made int64
	if err = sc.Scan(&x.ID, &line, &x.Officer, &made, &secret); err != nil {
		return x, dbError(err)
	}
	copy(x.Line[:], line)
	x.At = at(made)
	b, err := s.open("script", x.ID, secret)
	x.Text = string(b)
	return x, err
}

// Scripts are the pieces of a line's script, in the order in which they were passed.
func (s *Store) Scripts(l parley.LineID) ([]Script, error) {
	rows, err := s.db.Query("SELECT id, line, officer, at, secret FROM scripts WHERE line = ? ORDER BY id", l[:])
	return collect(rows, err, s.scanScript)
}

// AddScript keeps a piece. Quota for one too many.
func (s *Store) AddScript(x Script) (Script, error) {
	x.At = at(s.millis())
	err := s.write(func(tx *sqlfile.Tx) (err error) {
		n, err := tx.Number("SELECT count(*) FROM scripts WHERE line = ?", x.Line[:])
		if err != nil {
			return err
		}
		if n >= MaxScripts {
			return parley.Errorf(parley.Quota, "a script has %d pieces at most", MaxScripts).WithHint("take out what has been said")
		}
		if x.ID, err = tx.Insert("INSERT INTO scripts (line, officer, at, secret) VALUES (?, ?, ?, x'')", x.Line[:], x.Officer, x.At.UnixMilli()); err != nil {
			return err
		}
		return tx.Exec("UPDATE scripts SET secret = ? WHERE id = ?", s.seal("script", x.ID, []byte(x.Text)), x.ID)
	})
	return x, err
}

// RemoveScript takes a piece of a line's script out; id 0 all of it. NotFound.
func (s *Store) RemoveScript(l parley.LineID, id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("DELETE FROM scripts WHERE line = ? AND (id = ? OR ? = 0)", l[:], id, id)
		return one(n, err, parley.Errorf(parley.NotFound, "no such piece of the script"))
	})
}
