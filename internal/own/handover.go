package own

import (
	"database/sql"
	"errors"
	"parley/internal/sqlfile"
	"slices"
	"time"

	"parley"
)

// HandOver is how one watch leaves the desk to the next: written by the one who
// goes, taken over by the one who comes.
type HandOver struct {
	ID      int64
	Officer int64 // who wrote it; the taker himself where the watch was taken without one
	At      time.Time
	Note    string
	Taker   int64     // 0: nobody has taken over yet
	Taken   time.Time // zero: likewise
}

// Handed is something that was open when a hand-over was written.
type Handed struct {
	ID      int64
	Kind    string
	Line    parley.LineID
	Item    string
	Text    string
	Officer int64     // who acknowledged it; 0: nobody yet
	At      time.Time // when
}

// AddHandOver keeps a hand-over with what is open.
func (s *Store) AddHandOver(officer int64, note string, open ...Handed) (HandOver, error) {
	h := HandOver{Officer: officer, At: at(s.millis()), Note: note}
	err := s.write(func(tx *sqlfile.Tx) error { return s.addHandOver(tx, &h, open) })
	return h, err
}

func (s *Store) addHandOver(tx *sqlfile.Tx, h *HandOver, open []Handed) error {
	var taken int64
	if !h.Taken.IsZero() {
		taken = h.Taken.UnixMilli()
	}
	id, err := tx.Insert("INSERT INTO handovers (officer, at, taker, taken, secret) VALUES (?, ?, ?, ?, x'')", h.Officer, h.At.UnixMilli(), h.Taker, taken)
	if err != nil {
		return err
	}
	h.ID = id
	if err := tx.Exec("UPDATE handovers SET secret = ? WHERE id = ?", s.seal("handover", id, []byte(h.Note)), id); err != nil {
		return err
	}
	for _, o := range open {
		n, err := tx.Insert("INSERT INTO handed (handover, kind, line, item, secret) VALUES (?, ?, ?, ?, x'')", id, o.Kind, o.Line[:], o.Item)
		if err != nil {
			return err
		}
		if err := tx.Exec("UPDATE handed SET secret = ? WHERE id = ?", s.seal("handed", n, []byte(o.Text)), n); err != nil {
			return err
		}
	}
	return nil
}

// TakeOver gives the watch to an officer: of a hand-over, once each thing that
// was open is among those he acknowledges; of none, with id 0, where it must be
// taken without one. NotFound for a hand-over that never was, Conflict when it
// was taken over already or another was written since, BadForm while something
// open is not acknowledged.
func (s *Store) TakeOver(id, officer int64, acknowledged []int64, why string) (h HandOver, err error) {
	err = s.write(func(tx *sqlfile.Tx) error {
		now := at(s.millis())
		if id == 0 {
			h = HandOver{Officer: officer, At: now, Note: why, Taker: officer, Taken: now}
			return s.addHandOver(tx, &h, nil)
		}
		if err := s.mayTakeOver(tx, id, acknowledged); err != nil {
			return err
		}
		if err := tx.Exec("UPDATE handed SET officer = ?, at = ? WHERE handover = ?", officer, now.UnixMilli(), id); err != nil {
			return err
		}
		if err := tx.Exec("UPDATE handovers SET taker = ?, taken = ? WHERE id = ?", officer, now.UnixMilli(), id); err != nil {
			return err
		}
		h, err = s.scanHandOver(tx.Row("SELECT "+handOverColumns+"WHERE id = ?", id))
		return err
	})
	return h, err
}

func (s *Store) mayTakeOver(tx *sqlfile.Tx, id int64, acknowledged []int64) error {
	var taker, newer int64
	err := tx.Row("SELECT taker, (SELECT count(*) FROM handovers WHERE id > ?1) FROM handovers WHERE id = ?1", id).Scan(&taker, &newer)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return parley.Errorf(parley.NotFound, "no hand-over %d", id)
	case err != nil:
		return err
	case taker != 0:
		return parley.Errorf(parley.Conflict, "the watch was taken over already").WithHint("see on the board who has it")
	case newer > 0:
		return parley.Errorf(parley.Conflict, "another hand-over was written since").WithHint("read the newest one")
	}
	open, err := handedIDs(tx, id)
	if err != nil {
		return err
	}
	missing := 0
	for _, n := range open {
		if !slices.Contains(acknowledged, n) {
			missing++
		}
	}
	if missing > 0 {
		return parley.Errorf(parley.BadForm, "%d open items are not acknowledged", missing).WithHint("read and tick each of them")
	}
	return nil
}

func handedIDs(tx *sqlfile.Tx, id int64) (out []int64, _ error) {
	for last := int64(0); ; {
		err := tx.Row("SELECT id FROM handed WHERE handover = ? AND id > ? ORDER BY id LIMIT 1", id, last).Scan(&last)
		if errors.Is(err, sql.ErrNoRows) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, last)
	}
}

// Handed returns what was open when a hand-over was written, in its order.
func (s *Store) Handed(handover int64) (out []Handed, _ error) {
	rows, err := s.db.Query("SELECT id, kind, line, item, officer, at, secret FROM handed WHERE handover = ? ORDER BY id", handover)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var h Handed
		var ms int64
		var secret []byte
		if err := rows.Scan(&h.ID, &h.Kind, lineID(&h.Line), &h.Item, &h.Officer, &ms, &secret); err != nil {
			return nil, dbError(err)
		}
		text, err := s.open("handed", h.ID, secret)
		if err != nil {
			return nil, err
		}
		h.At, h.Text = at(ms), string(text)
		out = append(out, h)
	}
	return out, dbError(rows.Err())
}

// OnWatch returns the last hand-over that was taken over: its taker has the
// watch. ok is false when nobody ever took it.
func (s *Store) OnWatch() (h HandOver, ok bool, err error) {
	h, err = s.scanHandOver(s.db.QueryRow("SELECT " + handOverColumns + "WHERE taker <> 0 ORDER BY id DESC LIMIT 1"))
	if errors.Is(err, sql.ErrNoRows) {
		return HandOver{}, false, nil
	}
	return h, err == nil, err
}

// LastHandOver returns the last one; ok is false when there was none.
func (s *Store) LastHandOver() (h HandOver, ok bool, err error) {
	hs, err := s.HandOvers(1)
	if err != nil || len(hs) == 0 {
		return h, false, err
	}
	return hs[0], true, nil
}

const handOverColumns = "id, officer, at, taker, taken, secret FROM handovers "

func (s *Store) scanHandOver(sc scanner) (h HandOver, err error) {
	var ms, taken int64
	var secret []byte
	if err := sc.Scan(&h.ID, &h.Officer, &ms, &h.Taker, &taken, &secret); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return h, err
		}
		return h, dbError(err)
	}
	text, err := s.open("handover", h.ID, secret)
	h.At, h.Taken, h.Note = at(ms), at(taken), string(text)
	return h, err
}

// HandOvers returns the last limit ones, newest first.
func (s *Store) HandOvers(limit int) ([]HandOver, error) {
	rows, err := s.db.Query("SELECT "+handOverColumns+"ORDER BY id DESC LIMIT ?", limit)
	return collect(rows, err, s.scanHandOver)
}
