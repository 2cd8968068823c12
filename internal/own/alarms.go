package own

import (
	"database/sql"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// AlarmEvery is how soon alarms of one code and peer are one: it sounds once,
// and counts.
const AlarmEvery = time.Minute

// Alarm is something a person must notice.
type Alarm struct {
	ID       int64
	Line     parley.LineID
	Peer     parley.PartyCode // whose doing; "" our own
	Code     string
	Text     string
	Item     string
	At       time.Time // first
	Last     time.Time
	Count    int
	Silenced time.Time // zero: it still sounds
	Officer  int64     // who silenced it
}

const alarmColumns = "id, line, peer, code, item, at, last, count, silenced, officer, secret FROM alarms "

// urgency ranks the codes of alarms. One that is not here has 0.
var urgency = map[string]int{
	"priority": 1, "exercise": 1, "quota": 1, "unreadable": 1, "recovered": 1, "clock": 1, "disk": 1,
	"immediate": 2, "violation": 2, "generation": 2, "call-out": 2,
	"flash": 3, "call": 3,
	"fork": 4, "doubt": 4,
}

// callAgain is how soon after one call another sounds, where nobody silenced the
// first: who rings and gives up all the time is not heard all the time.
const callAgain = 3 * time.Second

// lineStates are told in turn: of a line that goes up and down within
// AlarmEvery the newest state stands, and all are counted.
var lineStates = map[string]bool{"line-down": true, "line-up": true}

// WasRaised reports whether an alarm of a line, code and item is kept.
func (s *Store) WasRaised(l parley.LineID, code, item string) (yes bool, _ error) {
	err := s.db.QueryRow("SELECT EXISTS (SELECT 1 FROM alarms WHERE line = ? AND code = ? AND item = ?)", l[:], code, item).Scan(&yes)
	return yes, dbError(err)
}

// Urgency ranks the codes of alarms: the greater, the more urgent.
func Urgency(code string) int { return urgency[code] }

// Raise raises an alarm, or a.Count of them at once. One of the same line, peer
// and code that still sounds, or that was raised within AlarmEvery, counts instead, takes item and text of
// the new one, and sounds is false. Of one peer no two alarms begin within
// AlarmEvery, whatever their codes: the second counts with the first, and only
// where it is more urgent takes its place, and sounds. So a peer can have a
// desk called once a minute, and no more than a few times within it, while a
// FLASH is never kept quiet by what came before. A call counts with calls alone:
// neither it nor a FLASH keeps the other quiet; and where the station silenced the
// last because it rang no more, the next sounds after callAgain. With once, an alarm that was
// ever raised for the same line, code and item is left as it is.
func (s *Store) Raise(a Alarm, once bool) (_ Alarm, sounds bool, err error) {
	var out Alarm
	err = s.write(func(tx *sqlfile.Tx) (err error) {
		if once {
			old, err := s.scanAlarm(tx.Row("SELECT "+alarmColumns+"WHERE line = ? AND code = ? AND item = ? LIMIT 1", a.Line[:], a.Code, a.Item))
			if err == nil || !errors.Is(err, sql.ErrNoRows) {
				out, sounds = old, false
				return err
			}
			now := s.millis()
			id, err := s.addAlarm(tx, &a, now, now, 1)
			if err == nil {
				out, err = s.alarmOf(tx, id)
			}
			sounds = true
			return err
		}
		out, sounds, err = s.raise(tx, a, max(a.Count, 1))
		return err
	})
	if err != nil {
		return Alarm{}, false, err
	}
	return out, sounds, nil
}

// Raised is an alarm as it stands, and whether it sounds.
type Raised struct {
	Alarm
	Sounds bool
}

// RaiseAll is Raise, without once, of many in one transaction. Of those that
// count as one it returns each as all of them left it; the first may sound.
func (s *Store) RaiseAll(as []Alarm) (out []Raised, err error) {
	type kind struct {
		line parley.LineID
		peer parley.PartyCode
		code string
	}
	err = s.write(func(tx *sqlfile.Tx) error {
		out = make([]Raised, len(as))
		last, n := map[kind]int{}, map[kind]int{}
		for i, a := range as {
			k := kind{a.Line, a.Peer, a.Code}
			last[k], n[k] = i, n[k]+max(a.Count, 1)
		}
		done := map[kind]Raised{}
		for i, a := range as {
			k := kind{a.Line, a.Peer, a.Code}
			r, again := done[k]
			if !again {
				a = as[last[k]] // what is shown is the newest
				got, sounds, err := s.raise(tx, a, n[k])
				if err != nil {
					return err
				}
				r = Raised{got, false}
				done[k], out[i] = r, Raised{got, sounds}
				continue
			}
			out[i] = r
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// raise raises n alarms of one kind, the last of which is a.
func (s *Store) raise(tx *sqlfile.Tx, a Alarm, n int) (_ Alarm, sounds bool, err error) {
	now := s.millis()
	a.Count = n
	id, same, err := s.under(tx, &a, now)
	switch {
	case err != nil:
	case id != 0 && same:
		err = tx.Exec("UPDATE alarms SET count = count + ?, last = ?, item = ?, secret = ? WHERE id = ?", n, now, a.Item, s.seal("alarm", id, []byte(a.Text)), id)
	case id != 0:
		id, sounds, err = s.counts(tx, &a, id, now)
	default:
		sounds = true
		id, err = s.addAlarm(tx, &a, now, now, n)
	}
	if err != nil {
		return Alarm{}, false, err
	}
	a, err = s.alarmOf(tx, id)
	return a, sounds, err
}

func (s *Store) alarmOf(tx *sqlfile.Tx, id int64) (Alarm, error) {
	return s.scanAlarm(tx.Row("SELECT "+alarmColumns+"WHERE id = ?", id))
}

// under finds the alarm that a new one is to count with: one of its own code
// (same), or, where a peer caused it, the one of that peer that began within
// AlarmEvery. id is 0 when there is none.
func (s *Store) under(tx *sqlfile.Tx, a *Alarm, now int64) (id int64, same bool, err error) {
	since := now - AlarmEvery.Milliseconds()
	byItself := since // of those that no officer silenced
	if a.Code == "call" {
		byItself = now - callAgain.Milliseconds()
	}
	err = tx.Row(`SELECT id FROM alarms WHERE line = ? AND peer = ? AND code = ? AND (silenced = 0 OR last > CASE officer WHEN 0 THEN ? ELSE ? END)
		ORDER BY silenced = 0 DESC, id DESC LIMIT 1`, a.Line[:], string(a.Peer), a.Code, byItself, since).Scan(&id)
	if err == nil || !errors.Is(err, sql.ErrNoRows) || a.Code == "call" || a.Peer == "" && !lineStates[a.Code] {
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		return id, true, err
	}
	which := "AND code <> 'call' "
	if lineStates[a.Code] {
		which = "AND code IN ('line-down', 'line-up') "
	}
	err = tx.Row("SELECT id FROM alarms WHERE line = ? AND peer = ? AND at > ? "+which+"ORDER BY id DESC LIMIT 1", a.Line[:], string(a.Peer), since).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return id, false, err
}

// counts adds a to the alarm id of the same peer, or puts it in its place when
// it is more urgent.
func (s *Store) counts(tx *sqlfile.Tx, a *Alarm, id, now int64) (int64, bool, error) {
	var code string
	var began int64
	var count int
	if err := tx.Row("SELECT code, at, count FROM alarms WHERE id = ?", id).Scan(&code, &began, &count); err != nil {
		return 0, false, err
	}
	turned := lineStates[a.Code] && lineStates[code] // the newest is told, and does not sound again
	if urgency[a.Code] <= urgency[code] && !turned {
		return id, false, tx.Exec("UPDATE alarms SET count = count + ?, last = ? WHERE id = ?", a.Count, now, id)
	}
	if err := tx.Exec("DELETE FROM alarms WHERE id = ?", id); err != nil {
		return 0, false, err
	}
	id, err := s.addAlarm(tx, a, began, now, count+a.Count)
	return id, !turned, err
}

func (s *Store) addAlarm(tx *sqlfile.Tx, a *Alarm, began, now int64, count int) (int64, error) {
	id, err := tx.Insert("INSERT INTO alarms (line, peer, code, item, at, last, count, secret) VALUES (?, ?, ?, ?, ?, ?, ?, x'')",
		a.Line[:], string(a.Peer), a.Code, a.Item, began, now, count)
	if err != nil {
		return 0, err
	}
	err = tx.Exec("UPDATE alarms SET secret = ? WHERE id = ?", s.seal("alarm", id, []byte(a.Text)), id)
	return id, err
}

func (s *Store) scanAlarm(sc scanner) (a Alarm, err error) {
	var first, last, silenced int64
	var secret []byte
	err = sc.Scan(&a.ID, lineID(&a.Line), &a.Peer, &a.Code, &a.Item, &first, &last, &a.Count, &silenced, &a.Officer, &secret)
	if err != nil {
		return a, dbError(err)
	}
	a.At, a.Last, a.Silenced = at(first), at(last), at(silenced)
	text, err := s.open("alarm", a.ID, secret)
	a.Text = string(text)
	return a, err
}

// Silence silences an alarm, or all with id 0. One that is silent already is
// no error; one that never was is NotFound.
func (s *Store) Silence(id, officer int64) error {
	return s.write(func(tx *sqlfile.Tx) error {
		if id != 0 {
			var n int
			if err := tx.Row("SELECT count(*) FROM alarms WHERE id = ?", id).Scan(&n); err != nil {
				return err
			}
			if n == 0 {
				return parley.Errorf(parley.NotFound, "no alarm %d", id)
			}
		}
		return tx.Exec("UPDATE alarms SET silenced = ?, officer = ? WHERE silenced = 0 AND (?3 = 0 OR id = ?3)", s.millis(), officer, id)
	})
}

// SilenceItem silences what still sounds for an item, or for a code with item
// "": what it was about is over.
func (s *Store) SilenceItem(l parley.LineID, code, item string) error {
	return s.write(func(tx *sqlfile.Tx) error {
		return tx.Exec("UPDATE alarms SET silenced = ? WHERE silenced = 0 AND line = ? AND code = ? AND (?4 = '' OR item = ?4)", s.millis(), l[:], code, item)
	})
}

// Alarms returns those that still sound and, with all, the last limit of any
// kind; newest first.
func (s *Store) Alarms(all bool, limit int) ([]Alarm, error) {
	rows, err := s.db.Query("SELECT "+alarmColumns+"WHERE ? OR silenced = 0 ORDER BY id DESC LIMIT ?", all, limit)
	return collect(rows, err, s.scanAlarm)
}

// Insisting returns the alarms since a time that still sound, the newest 500, and
// with silenced also those about an item that are silenced.
func (s *Store) Insisting(silenced bool, since time.Time) ([]Alarm, error) {
	rows, err := s.db.Query("SELECT "+alarmColumns+"WHERE (silenced = 0 OR ? AND item <> '') AND last > ? ORDER BY id DESC LIMIT 500", silenced, since.UnixMilli())
	return collect(rows, err, s.scanAlarm)
}
