package own

import (
	"database/sql"
	"encoding/json"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// DraftState is where a draft stands.
type DraftState string

// The states of a draft. Only a release leads to Released, and nothing from it.
const (
	Drafting  DraftState = "draft"
	Submitted DraftState = "submitted" // waiting for a releaser
	Returned  DraftState = "returned"  // by a releaser, with a note
	Released  DraftState = "released"
	Discarded DraftState = "discarded"
)

// Draft is a dispatch or service message being written.
type Draft struct {
	ID      int64
	Line    parley.LineID
	State   DraftState
	Drafter int64 // officer
	Began   time.Time
	Saved   time.Time
	Version int64 // rises with every change; a change names the version it saw

	Releaser int64  // once released
	Filed    uint64 // outbox id, once released

	DraftText
}

// DraftText is what stands sealed.
type DraftText struct {
	Form          string            `json:"form"`
	From          parley.Office     `json:"from"`
	To            []string          `json:"to,omitempty"` // "party/office"
	Info          []string          `json:"info,omitempty"`
	Precedence    parley.Precedence `json:"precedence,omitempty"`
	Marker        parley.Marker     `json:"marker,omitempty"`
	Subject       string            `json:"subject,omitempty"`
	Text          string            `json:"text,omitempty"`
	Language      string            `json:"language,omitempty"`
	Legal         string            `json:"legal,omitempty"`
	Releasability string            `json:"releasability,omitempty"`
	Refs          []string          `json:"refs,omitempty"`
	Attachments   []Attachment      `json:"attachments,omitempty"`
	Reason        string            `json:"reason,omitempty"`
	Exercise      string            `json:"exercise,omitempty"`
	Note          string            `json:"note,omitempty"`   // why it was returned
	Page          string            `json:"page,omitempty"`   // of the browser that began it
	Opened        string            `json:"opened,omitempty"` // last entry of another party the drafter had opened
	Incumbent     *Incumbent        `json:"incumbent,omitempty"`
}

// Incumbent is what a draft of the form "incumbent" says.
type Incumbent struct {
	Office    parley.Office `json:"office"`
	Person    string        `json:"person"`
	Address   string        `json:"address"`
	From      int64         `json:"from,omitempty"` // UTC seconds
	Until     int64         `json:"until,omitempty"`
	Languages []string      `json:"languages,omitempty"`
	Hours     string        `json:"hours,omitempty"`
	Deputy    string        `json:"deputy,omitempty"`
}

// Attachment is a sealed file of a draft, and how to open it.
type Attachment struct {
	Name string   `json:"name"`
	Type string   `json:"type"`
	Size int64    `json:"size"`
	Hash [32]byte `json:"hash"` // SHA-256 over the sealed bytes
	Key  []byte   `json:"key"`
}

const draftColumns = "id, line, state, drafter, began, saved, version, releaser, filed, secret FROM drafts "

// SaveDraft makes d (ID 0) or changes it, and returns it as it stands then.
// Only the text, the line of a new one, and the state change here: the state
// to Drafting, Submitted, Returned or Discarded as d says. Conflict when
// d.Version is not the stored one, or it is released or discarded.
func (s *Store) SaveDraft(d Draft) (Draft, error) {
	switch d.State {
	case "":
		d.State = Drafting
	case Drafting, Submitted, Returned, Discarded:
	default:
		return d, parley.Errorf(parley.NotAllowed, "a draft cannot be saved as %s", d.State)
	}
	now := s.millis()
	text := textOf(&d)
	var out Draft
	err := s.write(func(tx *sqlfile.Tx) (err error) {
		d := d // the caller's, whatever an earlier call made of it
		if d.ID == 0 {
			d.ID, err = tx.Insert("INSERT INTO drafts (line, state, drafter, precedence, began, saved, version, secret) VALUES (?, ?, ?, 0, ?, ?, 0, x'')",
				d.Line[:], string(d.State), d.Drafter, now, now)
			if err != nil {
				return err
			}
			d.Version = 0
		}
		turn := s.recent.change(d.ID)
		n, err := tx.Change(`UPDATE drafts SET state = ?, precedence = ?, saved = ?, version = version + 1, secret = ?
			WHERE id = ? AND version = ? AND state NOT IN ('released', 'discarded')`,
			string(d.State), int64(d.Precedence), now, s.seal("draft", d.ID, text), d.ID, d.Version)
		if err := one(n, err, errStale); err != nil {
			return s.staleDraft(tx, d.ID, err)
		}
		out, err = s.scanDraft(tx.Row("SELECT "+draftColumns+"WHERE id = ?", d.ID))
		tx.After(func() { s.recent.put(out, len(text), turn) })
		return err
	})
	if err != nil {
		return d, err
	}
	return out, nil
}

var errStale = errors.New("no row has this version")

// staleDraft says why a draft cannot be changed.
func (s *Store) staleDraft(tx *sqlfile.Tx, id int64, err error) error {
	if !errors.Is(err, errStale) {
		return err
	}
	d, err := s.scanDraft(tx.Row("SELECT "+draftColumns+"WHERE id = ?", id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return noDraft(id)
	case err != nil:
		return err
	case d.State == Released || d.State == Discarded:
		return parley.Errorf(parley.Conflict, "draft %d is %s already", id, d.State)
	}
	return parley.Errorf(parley.Conflict, "draft %d was changed meanwhile: it is at version %d", id, d.Version).
		WithHint("load it again; what you typed is still on your screen")
}

func noDraft(id int64) error { return parley.Errorf(parley.NotFound, "no draft %d", id) }

// textOf is what of a draft stands sealed.
func textOf(d *Draft) []byte {
	b, err := json.Marshal(&d.DraftText)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return b
}

func (s *Store) scanDraft(sc scanner) (d Draft, err error) {
	var line, secret []byte
	var began, saved, filed int64
	err = sc.Scan(&d.ID, &line, &d.State, &d.Drafter, &began, &saved, &d.Version, &d.Releaser, &filed, &secret)
	if err != nil {
		return d, dbError(err)
	}
	copy(d.Line[:], line)
	d.Began, d.Saved, d.Filed = at(began), at(saved), uint64(filed)
	b, err := s.open("draft", d.ID, secret)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(b, &d.DraftText); err != nil {
		return d, parley.Errorf(parley.Corrupt, "draft %d: %v", d.ID, err).WithHint("run parley fsck")
	}
	return d, nil
}

// Draft returns one draft, in whatever state. The error is NotFound.
func (s *Store) Draft(id int64) (Draft, error) {
	if d, ok := s.recent.get(id); ok {
		return d, nil
	}
	d, err := s.scanDraft(s.draftOf.QueryRow(id))
	if errors.Is(err, sql.ErrNoRows) {
		return d, noDraft(id)
	}
	return d, err
}

const openDrafts = "SELECT " + draftColumns + "WHERE state <> 'released' AND state <> 'discarded' ORDER BY saved DESC, id DESC"

// Drafts returns those neither released nor discarded, last saved first.
func (s *Store) Drafts() ([]Draft, error) {
	rows, err := s.db.Query(openDrafts)
	return collect(rows, err, s.scanDraft)
}

// DraftFiled returns the draft that was released under an outbox id. The error
// is NotFound.
func (s *Store) DraftFiled(l parley.LineID, filed uint64) (Draft, error) {
	d, err := s.scanDraft(s.db.QueryRow("SELECT "+draftColumns+"WHERE line = ? AND filed = ? AND filed > 0", l[:], int64(filed)))
	if errors.Is(err, sql.ErrNoRows) {
		return d, parley.Errorf(parley.NotFound, "no draft was released as item %d", filed)
	}
	return d, err
}
