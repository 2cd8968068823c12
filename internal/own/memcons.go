package own

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"parley/internal/sqlfile"
	"slices"
	"strings"
	"time"

	"parley"
)

// MemconState is where the newest text of a memcon stands.
type MemconState string

// The states of a memcon. What was reviewed once stays readable whatever state
// its correction is in.
const (
	MemconDraft     MemconState = "draft"
	MemconInReview  MemconState = "review"   // waits for the officer who is asked
	MemconReturned  MemconState = "returned" // by him, with a note
	MemconReviewed  MemconState = "reviewed"
	MemconDiscarded MemconState = "discarded" // nobody had reviewed it; its text is gone
)

// A Memcon is our own memorandum of a contact, or of a call that belongs to none.
// It never leaves the station.
type Memcon struct {
	ID       int64
	Key      string // its name for people, random
	Line     parley.LineID
	About    string
	Author   int64
	State    MemconState
	Version  int64 // the newest that was reviewed; 0: none
	Rev      int64 // rises with every change; a change names the one it saw
	Saver    int64 // who saved the text last
	Reviewer int64 // who is asked to review it; 0: nobody
	Began    time.Time
	Saved    time.Time

	MemconHead
	Text string
}

// MemconHead is what stands sealed beside the text.
type MemconHead struct {
	Title    string  `json:"title"`
	Language string  `json:"language,omitempty"`
	Reason   string  `json:"reason,omitempty"` // why it corrects the version before
	Note     string  `json:"note,omitempty"`   // why it was returned
	Hands    []int64 `json:"hands,omitempty"`  // who wrote on it since the newest version
}

// A MemconVersion is a text of a memcon that stays as it is.
type MemconVersion struct {
	ID       int64
	Number   int64 // from 1; 0: another hand wrote over it before it was reviewed
	Officer  int64 // who saved it
	At       time.Time
	Reviewer int64
	Reviewed time.Time

	MemconHead
	Text string
}

// keptOver is how many texts are kept that another hand wrote over.
const keptOver = 20

const (
	memconHeads    = "id, key, line, about, author, state, version, rev, saver, reviewer, began, saved, head"
	versionHeads   = "id, number, officer, at, reviewer, reviewed, head"
	ofMemcons      = " FROM memcons "
	ofVersions     = " FROM memcon_versions "
	notDiscarded   = " AND state <> 'discarded'"
	errMemconStale = "the memcon was changed meanwhile"
)

func noMemcon() error { return parley.Errorf(parley.NotFound, "no such memcon") }

// AddMemcon begins a memcon of m.Author from a text and the notes it is made of,
// which are marked as merged.
func (s *Store) AddMemcon(m Memcon, notes []int64) (Memcon, error) {
	key := strings.ToLower(rand.Text()[:16])
	var out Memcon
	err := s.write(func(tx *sqlfile.Tx) error {
		n := m
		now := s.millis()
		n.Key, n.State, n.Version, n.Rev, n.Saver, n.Reviewer = key, MemconDraft, 0, 1, m.Author, 0
		n.Hands, n.Reason, n.Note = []int64{m.Author}, "", ""
		var err error
		n.ID, err = tx.Insert("INSERT INTO memcons (key, line, about, author, state, saver, began, saved, head, secret) VALUES (?, ?, ?, ?, ?, ?, ?, ?, x'', x'')",
			n.Key, n.Line[:], n.About, n.Author, string(n.State), n.Saver, now, now)
		if err != nil {
			return err
		}
		n.Began, n.Saved = at(now), at(now)
		if err := tx.Exec("UPDATE memcons SET head = ?, secret = ? WHERE id = ?", s.sealHead("memcon head", n.ID, &n.MemconHead), s.seal("memcon", n.ID, []byte(n.Text)), n.ID); err != nil {
			return err
		}
		out = n
		return mergeNotes(tx, &n, m.Author, notes)
	})
	return out, err
}

// SaveMemcon changes the text by an officer's hand, with the notes that were
// merged into it. It puts a memcon that waits for its review, or was reviewed,
// back to a draft. Conflict when rev is not the stored one; what another hand
// wrote is kept as a version without number when this one writes over it.
func (s *Store) SaveMemcon(key string, rev, officer int64, h MemconHead, text string, notes []int64) (Memcon, error) {
	var out Memcon
	err := s.write(func(tx *sqlfile.Tx) error {
		m, err := s.memconAt(tx, key, rev)
		if err != nil {
			return err
		}
		if m.Title == h.Title && m.Language == h.Language && m.Reason == h.Reason && m.Text == text && len(notes) == 0 {
			out = m
			return nil
		}
		if m.Saver != officer && m.State != MemconReviewed && (m.Text != text || m.Title != h.Title) {
			if err := s.keepOver(tx, &m); err != nil {
				return err
			}
		}
		if m.State == MemconReviewed {
			m.Hands, m.Note = nil, ""
		}
		if !slices.Contains(m.Hands, officer) {
			m.Hands = append(m.Hands, officer)
		}
		m.Title, m.Language, m.Reason, m.Text = h.Title, h.Language, h.Reason, text
		m.State, m.Saver, m.Reviewer, m.Saved = MemconDraft, officer, 0, at(s.millis())
		if err := mergeNotes(tx, &m, officer, notes); err != nil {
			return err
		}
		out, err = s.putMemcon(tx, m)
		return err
	})
	return out, err
}

// keepOver keeps the text that m has as one that is written over.
func (s *Store) keepOver(tx *sqlfile.Tx, m *Memcon) error {
	v := MemconVersion{Officer: m.Saver, At: m.Saved, MemconHead: m.MemconHead, Text: m.Text}
	if err := s.addVersion(tx, m.ID, &v); err != nil {
		return err
	}
	return tx.Exec("DELETE FROM memcon_versions WHERE memcon = ? AND number = 0 AND id NOT IN (SELECT id FROM memcon_versions WHERE memcon = ? AND number = 0 ORDER BY id DESC LIMIT ?)",
		m.ID, m.ID, keptOver)
}

func (s *Store) addVersion(tx *sqlfile.Tx, memcon int64, v *MemconVersion) (err error) {
	var reviewed int64
	if !v.Reviewed.IsZero() {
		reviewed = v.Reviewed.UnixMilli()
	}
	v.ID, err = tx.Insert("INSERT INTO memcon_versions (memcon, number, officer, at, reviewer, reviewed, head, secret) VALUES (?, ?, ?, ?, ?, ?, x'', x'')",
		memcon, v.Number, v.Officer, v.At.UnixMilli(), v.Reviewer, reviewed)
	if err != nil {
		return err
	}
	return tx.Exec("UPDATE memcon_versions SET head = ?, secret = ? WHERE id = ?", s.sealHead("memcon version head", v.ID, &v.MemconHead), s.seal("memcon version", v.ID, []byte(v.Text)), v.ID)
}

// putMemcon writes a changed memcon at its next rev.
func (s *Store) putMemcon(tx *sqlfile.Tx, m Memcon) (Memcon, error) {
	m.Rev++
	return m, tx.Exec("UPDATE memcons SET author = ?, state = ?, version = ?, rev = ?, saver = ?, reviewer = ?, saved = ?, head = ?, secret = ? WHERE id = ?",
		m.Author, string(m.State), m.Version, m.Rev, m.Saver, m.Reviewer, m.Saved.UnixMilli(), s.sealHead("memcon head", m.ID, &m.MemconHead), s.seal("memcon", m.ID, []byte(m.Text)), m.ID)
}

// memconAt reads a memcon that is to be changed. NotFound, and Conflict when it is
// not at rev.
func (s *Store) memconAt(tx *sqlfile.Tx, key string, rev int64) (Memcon, error) {
	m, err := s.scanMemcon(tx.Row("SELECT "+memconHeads+", secret"+ofMemcons+"WHERE key = ?"+notDiscarded, key), true)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return m, noMemcon()
	case err != nil:
		return m, err
	case m.Rev != rev:
		return m, parley.Errorf(parley.Conflict, "%s: it is at change %d", errMemconStale, m.Rev).WithHint("load it again; what you typed is still on your screen")
	}
	return m, nil
}

// SubmitMemcon asks an officer to review the text as it is at rev; asking another
// takes the place of it. NotAllowed when he wrote on it or is its author, Conflict
// when there is nothing to review.
func (s *Store) SubmitMemcon(key string, rev, reviewer int64) (Memcon, error) {
	return s.stepMemcon(key, rev, func(tx *sqlfile.Tx, m *Memcon) error {
		switch {
		case m.State == MemconReviewed:
			return parley.Errorf(parley.Conflict, "nothing was changed since its review")
		case m.Author == reviewer || slices.Contains(m.Hands, reviewer):
			return parley.Errorf(parley.NotAllowed, "a memcon is reviewed by somebody else than those who wrote it")
		}
		m.State, m.Reviewer, m.Note = MemconInReview, reviewer, ""
		return nil
	})
}

// ReturnMemcon gives it back with a note, by the officer who was asked.
func (s *Store) ReturnMemcon(key string, rev, officer int64, note string) (Memcon, error) {
	return s.stepMemcon(key, rev, func(tx *sqlfile.Tx, m *Memcon) error {
		if err := asked(m, officer); err != nil {
			return err
		}
		m.State, m.Note = MemconReturned, note
		return nil
	})
}

// ReviewMemcon makes the text at rev the next version, by the officer who was
// asked, who stays on the list.
func (s *Store) ReviewMemcon(key string, rev, officer int64) (Memcon, error) {
	return s.stepMemcon(key, rev, func(tx *sqlfile.Tx, m *Memcon) error {
		if err := asked(m, officer); err != nil {
			return err
		}
		now := at(s.millis())
		v := MemconVersion{Number: m.Version + 1, Officer: m.Saver, At: m.Saved, Reviewer: officer, Reviewed: now, MemconHead: m.MemconHead, Text: m.Text}
		if err := s.addVersion(tx, m.ID, &v); err != nil {
			return err
		}
		m.State, m.Version, m.Reviewer, m.Hands, m.Note, m.Reason = MemconReviewed, v.Number, 0, nil, "", ""
		return tx.Exec("INSERT OR IGNORE INTO memcon_readers (memcon, officer, office, rights, adder, at) VALUES (?, ?, '', 'read', ?, ?)", m.ID, officer, m.Author, now.UnixMilli())
	})
}

func asked(m *Memcon, officer int64) error {
	switch {
	case m.State != MemconInReview:
		return parley.Errorf(parley.Conflict, "this memcon does not wait for a review")
	case m.Reviewer != officer || slices.Contains(m.Hands, officer):
		return parley.Errorf(parley.NotAllowed, "another officer was asked to review this memcon")
	}
	return nil
}

// DiscardMemcon forgets the text of a memcon that nobody reviewed, and the notes
// merged into it are free again. Conflict when a version was reviewed.
func (s *Store) DiscardMemcon(key string, rev int64) error {
	_, err := s.stepMemcon(key, rev, func(tx *sqlfile.Tx, m *Memcon) error {
		if m.Version > 0 {
			return parley.Errorf(parley.Conflict, "a memcon that was reviewed stays").WithHint("correct it: what stood before stays readable beside it")
		}
		m.State, m.MemconHead, m.Text, m.Reviewer = MemconDiscarded, MemconHead{}, "", 0
		for _, q := range []string{"DELETE FROM memcon_versions WHERE memcon = ?", "DELETE FROM memcon_readers WHERE memcon = ?", "UPDATE memnotes SET memcon = 0 WHERE memcon = ?"} {
			if err := tx.Exec(q, m.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

func (s *Store) stepMemcon(key string, rev int64, step func(*sqlfile.Tx, *Memcon) error) (Memcon, error) {
	var out Memcon
	err := s.write(func(tx *sqlfile.Tx) error {
		m, err := s.memconAt(tx, key, rev)
		if err != nil {
			return err
		}
		if err := step(tx, &m); err != nil {
			return err
		}
		out, err = s.putMemcon(tx, m)
		return err
	})
	return out, err
}

// Memcon returns one with its newest text. The error is NotFound; one discarded is
// not found.
func (s *Store) Memcon(key string) (Memcon, error) {
	m, err := s.scanMemcon(s.db.QueryRow("SELECT "+memconHeads+", secret"+ofMemcons+"WHERE key = ?"+notDiscarded, key), true)
	if errors.Is(err, sql.ErrNoRows) {
		return m, noMemcon()
	}
	return m, err
}

// MemconHeadOf is Memcon without its text.
func (s *Store) MemconHeadOf(key string) (Memcon, error) {
	m, err := s.scanMemcon(s.db.QueryRow("SELECT "+memconHeads+ofMemcons+"WHERE key = ?"+notDiscarded, key), false)
	if errors.Is(err, sql.ErrNoRows) {
		return m, noMemcon()
	}
	return m, err
}

// Memcons returns those of a line without their texts, the newest first: of one
// contact or call, or with about "" all of them.
func (s *Store) Memcons(l parley.LineID, about string) ([]Memcon, error) {
	rows, err := s.db.Query("SELECT "+memconHeads+ofMemcons+"WHERE line = ? AND (about = ? OR ? = '')"+notDiscarded+" ORDER BY id DESC", l[:], about, about)
	return collect(rows, err, s.scanMemconHead)
}

// MemconsWaiting returns those that wait for an officer, without their texts: to
// be reviewed by him, or given back to him as their author.
func (s *Store) MemconsWaiting(officer int64) ([]Memcon, error) {
	rows, err := s.db.Query("SELECT "+memconHeads+ofMemcons+"WHERE state = 'review' AND reviewer = ? OR state = 'returned' AND author = ? ORDER BY id", officer, officer)
	return collect(rows, err, s.scanMemconHead)
}

// MemconVersions returns the versions without their texts, in the order they were
// made; those that were written over among them.
func (s *Store) MemconVersions(memcon int64) ([]MemconVersion, error) {
	rows, err := s.db.Query("SELECT "+versionHeads+ofVersions+"WHERE memcon = ? ORDER BY id", memcon)
	return collect(rows, err, func(sc scanner) (MemconVersion, error) { return s.scanVersion(sc, false) })
}

// MemconVersion returns one version by its row. The error is NotFound.
func (s *Store) MemconVersion(memcon, id int64) (MemconVersion, error) {
	v, err := s.scanVersion(s.db.QueryRow("SELECT "+versionHeads+", secret"+ofVersions+"WHERE memcon = ? AND id = ?", memcon, id), true)
	if errors.Is(err, sql.ErrNoRows) {
		return v, parley.Errorf(parley.NotFound, "no such version of this memcon")
	}
	return v, err
}

func (s *Store) sealHead(table string, id int64, h *MemconHead) []byte {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return s.seal(table, id, b)
}

func (s *Store) headOf(table string, id int64, sealed []byte, h *MemconHead) error {
	b, err := s.open(table, id, sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, h); err != nil {
		return parley.Errorf(parley.Corrupt, "%s %d: %v", table, id, err).WithHint("run parley fsck")
	}
	return nil
}

func (s *Store) scanMemconHead(sc scanner) (Memcon, error) { return s.scanMemcon(sc, false) }

func (s *Store) scanMemcon(sc scanner, whole bool) (m Memcon, err error) {
	var began, saved int64
	var head, secret []byte
	to := []any{&m.ID, &m.Key, lineID(&m.Line), &m.About, &m.Author, &m.State, &m.Version, &m.Rev, &m.Saver, &m.Reviewer, &began, &saved, &head}
	if whole {
		to = append(to, &secret)
	}
	if err := sc.Scan(to...); err != nil {
		return m, dbError(err)
	}
	m.Began, m.Saved = at(began), at(saved)
	if err := s.headOf("memcon head", m.ID, head, &m.MemconHead); err != nil || !whole {
		return m, err
	}
	text, err := s.open("memcon", m.ID, secret)
	m.Text = string(text)
	return m, err
}

func (s *Store) scanVersion(sc scanner, whole bool) (v MemconVersion, err error) {
	var made, reviewed int64
	var head, secret []byte
	to := []any{&v.ID, &v.Number, &v.Officer, &made, &v.Reviewer, &reviewed, &head}
	if whole {
		to = append(to, &secret)
	}
	if err := sc.Scan(to...); err != nil {
		return v, dbError(err)
	}
	v.At, v.Reviewed = at(made), at(reviewed)
	if err := s.headOf("memcon version head", v.ID, head, &v.MemconHead); err != nil || !whole {
		return v, err
	}
	text, err := s.open("memcon version", v.ID, secret)
	v.Text = string(text)
	return v, err
}
