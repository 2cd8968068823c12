package own

import (
	"database/sql"
	"errors"
	"parley/internal/sqlfile"
	"strings"
	"time"

	"parley"
)

// A Shift is who has the watch when, and which languages that officer reads.
type Shift struct {
	ID        int64
	Officer   int64
	Begins    time.Time
	Ends      time.Time
	Languages []string
}

// maxShift bounds one shift: a longer one is a slip of the pen.
const maxShift = 24 * time.Hour

// AddShift puts a shift on the watch list. Malformed when it does not end after
// it begins or is longer than a day; Conflict where the same officer has the
// watch already in a part of it.
func (s *Store) AddShift(sh Shift) (Shift, error) {
	if d := sh.Ends.Sub(sh.Begins); d <= 0 || d > maxShift {
		return sh, parley.Errorf(parley.BadForm, "a shift ends after it begins, and lasts 24 hours at most")
	}
	err := s.write(func(tx *sqlfile.Tx) error {
		var n int
		err := tx.Row("SELECT count(*) FROM shifts WHERE officer = ? AND begins < ? AND ends > ?", sh.Officer, sh.Ends.UnixMilli(), sh.Begins.UnixMilli()).Scan(&n)
		if err != nil {
			return err
		}
		if n > 0 {
			return parley.Errorf(parley.Conflict, "this officer is on the watch list for a part of that time already")
		}
		sh.ID, err = tx.Insert("INSERT INTO shifts (officer, begins, ends, languages) VALUES (?, ?, ?, ?)", sh.Officer, sh.Begins.UnixMilli(), sh.Ends.UnixMilli(), strings.Join(sh.Languages, " "))
		return err
	})
	return sh, err
}

// RemoveShift takes a shift off the watch list. The error is NotFound.
func (s *Store) RemoveShift(id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("DELETE FROM shifts WHERE id = ?", id)
		return one(n, err, parley.Errorf(parley.NotFound, "no shift %d", id))
	})
}

// Shifts returns those that lie in part between two times, in order.
func (s *Store) Shifts(from, to time.Time) (out []Shift, _ error) {
	rows, err := s.db.Query("SELECT id, officer, begins, ends, languages FROM shifts WHERE ends > ? AND begins < ? ORDER BY begins, id", from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var sh Shift
		var begins, ends int64
		var langs string
		if err := rows.Scan(&sh.ID, &sh.Officer, &begins, &ends, &langs); err != nil {
			return nil, dbError(err)
		}
		sh.Begins, sh.Ends, sh.Languages = at(begins), at(ends), strings.Fields(langs)
		out = append(out, sh)
	}
	return out, dbError(rows.Err())
}

// A Callout is somebody to be told when an objective passes. They are told in
// the order of the list.
type Callout struct {
	ID     int64
	Office parley.Office // "" for none of ours
	Name   string
	How    string        // a number, a place
	Wait   time.Duration // before the next one is told
}

// AddCallout puts somebody at the end of the list.
func (s *Store) AddCallout(c Callout) (Callout, error) {
	err := s.write(func(tx *sqlfile.Tx) (err error) {
		c.ID, err = tx.Insert("INSERT INTO callouts (place, office, wait, secret) VALUES ((SELECT coalesce(max(place), 0) + 1 FROM callouts), ?, ?, x'')", string(c.Office), c.Wait.Milliseconds())
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE callouts SET secret = ? WHERE id = ?", s.seal("callout", c.ID, []byte(c.Name+"\x00"+c.How)), c.ID)
	})
	return c, err
}

// RemoveCallout takes one off the list. Who was told stays known.
func (s *Store) RemoveCallout(id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("UPDATE callouts SET gone = ? WHERE id = ? AND gone = 0", s.millis(), id)
		return one(n, err, noCallout(id))
	})
}

// RaiseCallout moves one a place up. The first stays where it is.
func (s *Store) RaiseCallout(id int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		var place int64
		err := tx.Row("SELECT place FROM callouts WHERE id = ? AND gone = 0", id).Scan(&place)
		if errors.Is(err, sql.ErrNoRows) {
			return noCallout(id)
		}
		if err != nil {
			return err
		}
		var other, above int64
		err = tx.Row("SELECT id, place FROM callouts WHERE gone = 0 AND place < ? ORDER BY place DESC LIMIT 1", place).Scan(&other, &above)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.Exec("UPDATE callouts SET place = ? WHERE id = ?", above, id); err != nil {
			return err
		}
		return tx.Exec("UPDATE callouts SET place = ? WHERE id = ?", place, other)
	})
}

func noCallout(id int64) error {
	return parley.Errorf(parley.NotFound, "no entry %d on the call-out list", id)
}

// Callouts returns the list in its order; with gone also those taken off it.
func (s *Store) Callouts(gone bool) (out []Callout, _ error) {
	rows, err := s.db.Query("SELECT id, office, wait, secret FROM callouts WHERE ? OR gone = 0 ORDER BY place, id", gone)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c Callout
		var wait int64
		var secret []byte
		if err := rows.Scan(&c.ID, &c.Office, &wait, &secret); err != nil {
			return nil, dbError(err)
		}
		text, err := s.open("callout", c.ID, secret)
		if err != nil {
			return nil, err
		}
		c.Wait = time.Duration(wait) * time.Millisecond
		c.Name, c.How, _ = strings.Cut(string(text), "\x00")
		out = append(out, c)
	}
	return out, dbError(rows.Err())
}

// Told says that somebody on the call-out list was told of an item, or was not
// reached.
type Told struct {
	ID      int64
	Callout int64
	Line    parley.LineID
	Item    string
	Officer int64
	At      time.Time
	Reached bool
	Note    string
}

// toldAgain is how soon the same word about the same item is one that was sent
// twice.
const toldAgain = 20 * time.Second

// AddTold keeps it. Conflict when the same was noted a moment ago; NotFound when
// the call-out list has no such entry.
func (s *Store) AddTold(t Told) (Told, error) {
	t.At = at(s.millis())
	err := s.write(func(tx *sqlfile.Tx) error {
		var n int
		if err := tx.Row("SELECT count(*) FROM callouts WHERE id = ? AND gone = 0", t.Callout).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return noCallout(t.Callout)
		}
		if err := tx.Row("SELECT count(*) FROM tolds WHERE callout = ? AND line = ? AND item = ? AND reached = ? AND at > ?", t.Callout, t.Line[:], t.Item, t.Reached, t.At.Add(-toldAgain).UnixMilli()).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return parley.Errorf(parley.Conflict, "this was noted a moment ago")
		}
		var err error
		t.ID, err = tx.Insert("INSERT INTO tolds (callout, line, item, officer, at, reached, secret) VALUES (?, ?, ?, ?, ?, ?, x'')", t.Callout, t.Line[:], t.Item, t.Officer, t.At.UnixMilli(), t.Reached)
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE tolds SET secret = ? WHERE id = ?", s.seal("told", t.ID, []byte(t.Note)), t.ID)
	})
	return t, err
}

// Tolds returns who was told of an item, in order.
func (s *Store) Tolds(l parley.LineID, item string) (out []Told, _ error) {
	rows, err := s.db.Query("SELECT id, callout, officer, at, reached, secret FROM tolds WHERE line = ? AND item = ? ORDER BY id", l[:], item)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		t := Told{Line: l, Item: item}
		var ms int64
		var secret []byte
		if err := rows.Scan(&t.ID, &t.Callout, &t.Officer, &ms, &t.Reached, &secret); err != nil {
			return nil, dbError(err)
		}
		note, err := s.open("told", t.ID, secret)
		if err != nil {
			return nil, err
		}
		t.At, t.Note = at(ms), string(note)
		out = append(out, t)
	}
	return out, dbError(rows.Err())
}

// A Promise is a contact that was promised, by us or by them, until it was kept
// or given up.
type Promise struct {
	ID      int64
	Line    parley.LineID
	Due     time.Time
	Officer int64
	At      time.Time
	Text    string
}

// AddPromise keeps one.
func (s *Store) AddPromise(p Promise) (Promise, error) {
	p.At = at(s.millis())
	err := s.write(func(tx *sqlfile.Tx) (err error) {
		p.ID, err = tx.Insert("INSERT INTO promises (line, due, officer, at, secret) VALUES (?, ?, ?, ?, x'')", p.Line[:], p.Due.UnixMilli(), p.Officer, p.At.UnixMilli())
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE promises SET secret = ? WHERE id = ?", s.seal("promise", p.ID, []byte(p.Text)), p.ID)
	})
	return p, err
}

// ClosePromise notes that it was kept or given up. Conflict when it was before.
func (s *Store) ClosePromise(id, officer int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		var closed int64
		err := tx.Row("SELECT closed FROM promises WHERE id = ?", id).Scan(&closed)
		if errors.Is(err, sql.ErrNoRows) {
			return parley.Errorf(parley.NotFound, "no promised contact %d", id)
		}
		if err == nil && closed > 0 {
			return parley.Errorf(parley.Conflict, "this promised contact is closed already")
		}
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE promises SET closed = ?, closer = ? WHERE id = ?", s.millis(), officer, id)
	})
}

// Promises returns those not closed, the soonest first.
func (s *Store) Promises() (out []Promise, _ error) {
	rows, err := s.db.Query("SELECT id, line, due, officer, at, secret FROM promises WHERE closed = 0 ORDER BY due, id")
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var p Promise
		var due, made int64
		var secret []byte
		if err := rows.Scan(&p.ID, lineID(&p.Line), &due, &p.Officer, &made, &secret); err != nil {
			return nil, dbError(err)
		}
		text, err := s.open("promise", p.ID, secret)
		if err != nil {
			return nil, err
		}
		p.Due, p.At, p.Text = at(due), at(made), string(text)
		out = append(out, p)
	}
	return out, dbError(rows.Err())
}
