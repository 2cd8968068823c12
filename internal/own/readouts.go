package own

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// ReadoutState is where a readout stands.
type ReadoutState string

// The states of a readout. Any change makes a new version, which is drafted.
const (
	ReadoutDrafted  ReadoutState = "drafted"
	ReadoutReviewed ReadoutState = "reviewed" // by another officer than its author
	ReadoutApproved ReadoutState = "approved" // by another officer than its author
)

// Readout is one version of what our side means to say of a contact.
type Readout struct {
	ID       int64
	Line     parley.LineID
	Contact  string
	Version  int64
	State    ReadoutState
	Author   int64
	Saved    time.Time
	Reviewer int64
	Reviewed time.Time
	Approver int64
	Approved time.Time

	ReadoutText
}

// ReadoutText is what stands sealed.
type ReadoutText struct {
	Items     []ReadoutItem `json:"items"`
	Statement []byte        `json:"statement,omitempty"` // approved: the very bytes that may be shown and published
	Note      string        `json:"note,omitempty"`      // why it was returned
}

// ReadoutItem is what is said of a topic, by language.
type ReadoutItem struct {
	Topic string          `json:"topic"`
	Texts []ReadoutTongue `json:"texts"`
}

// ReadoutTongue is a text in a language.
type ReadoutTongue struct {
	Lang string `json:"lang"`
	Text string `json:"text"`
}

const readoutColumns = "id, line, contact, version, state, author, saved, reviewer, reviewed, approver, approved, secret FROM readouts "

// SaveReadout keeps the items of r as the version after the one that its author saw,
// r.Version (0: there was none), drafted. Conflict when that is not the newest.
func (s *Store) SaveReadout(r Readout) (Readout, error) {
	var out Readout
	err := s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Number("SELECT coalesce(max(version), 0) FROM readouts WHERE line = ? AND contact = ?", r.Line[:], r.Contact)
		if err != nil {
			return err
		}
		if n != r.Version {
			return parley.Errorf(parley.Conflict, "the readout was changed meanwhile: it is at version %d", n).WithHint("load it again; what you typed is still on your screen")
		}
		out = Readout{Line: r.Line, Contact: r.Contact, Version: n + 1, State: ReadoutDrafted, Author: r.Author, Saved: at(s.millis()), ReadoutText: ReadoutText{Items: r.Items}}
		out.ID, err = tx.Insert("INSERT INTO readouts (line, contact, version, state, author, saved, secret) VALUES (?, ?, ?, ?, ?, ?, x'')",
			out.Line[:], out.Contact, out.Version, string(out.State), out.Author, out.Saved.UnixMilli())
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE readouts SET secret = ? WHERE id = ?", s.sealReadout(&out), out.ID)
	})
	return out, err
}

// ReviewReadout notes that an officer reviewed the newest version. NotAllowed for its
// author, Conflict where it is reviewed or approved already.
func (s *Store) ReviewReadout(l parley.LineID, contact string, version, officer int64) (Readout, error) {
	return s.stepReadout(l, contact, version, func(r *Readout) error {
		switch {
		case r.State != ReadoutDrafted:
			return parley.Errorf(parley.Conflict, "version %d is %s already", version, r.State)
		case r.Author == officer:
			return parley.Errorf(parley.NotAllowed, "the author of a version does not review it").WithHint("another officer does")
		}
		r.State, r.Reviewer, r.Reviewed, r.Note = ReadoutReviewed, officer, at(s.millis()), ""
		return nil
	})
}

// ApproveReadout notes that an officer approved the newest version, which was
// reviewed, and the bytes that it stands for: nothing else is shown or published.
// One that is approved may be approved again, with other facts. NotAllowed for its
// author.
func (s *Store) ApproveReadout(l parley.LineID, contact string, version, officer int64, statement []byte) (Readout, error) {
	return s.stepReadout(l, contact, version, func(r *Readout) error {
		switch {
		case r.State == ReadoutDrafted:
			return parley.Errorf(parley.Conflict, "version %d has not been reviewed", version)
		case r.Author == officer:
			return parley.Errorf(parley.NotAllowed, "the author of a version does not approve it").WithHint("another officer does")
		}
		r.State, r.Approver, r.Approved, r.Statement, r.Note = ReadoutApproved, officer, at(s.millis()), statement, ""
		return nil
	})
}

// ReturnReadout puts the newest version back to drafted, with a note.
func (s *Store) ReturnReadout(l parley.LineID, contact string, version int64, note string) (Readout, error) {
	return s.stepReadout(l, contact, version, func(r *Readout) error {
		r.State, r.Reviewer, r.Reviewed, r.Approver, r.Approved, r.Statement, r.Note = ReadoutDrafted, 0, time.Time{}, 0, time.Time{}, nil, note
		return nil
	})
}

// stepReadout changes the newest version, which is the one named.
func (s *Store) stepReadout(l parley.LineID, contact string, version int64, step func(*Readout) error) (Readout, error) {
	var out Readout
	err := s.write(func(tx *sqlfile.Tx) error {
		r, err := s.scanReadout(tx.Row("SELECT "+readoutColumns+"WHERE line = ? AND contact = ? ORDER BY version DESC LIMIT 1", l[:], contact))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return noReadout(contact)
		case err != nil:
			return err
		case r.Version != version:
			return parley.Errorf(parley.Conflict, "version %d is not the newest: the readout is at version %d", version, r.Version)
		}
		if err := step(&r); err != nil {
			return err
		}
		out = r
		return tx.Exec("UPDATE readouts SET state = ?, reviewer = ?, reviewed = ?, approver = ?, approved = ?, secret = ? WHERE id = ?",
			string(r.State), r.Reviewer, millisOf(r.Reviewed), r.Approver, millisOf(r.Approved), s.sealReadout(&r), r.ID)
	})
	return out, err
}

// millisOf is a time as it is stored; 0 for none.
func millisOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Readouts returns the versions of a readout, the newest first.
func (s *Store) Readouts(l parley.LineID, contact string) ([]Readout, error) {
	rows, err := s.db.Query("SELECT "+readoutColumns+"WHERE line = ? AND contact = ? ORDER BY version DESC", l[:], contact)
	return collect(rows, err, s.scanReadout)
}

// Readout returns one version; 0 is the newest. The error is NotFound.
func (s *Store) Readout(l parley.LineID, contact string, version int64) (Readout, error) {
	r, err := s.scanReadout(s.db.QueryRow("SELECT "+readoutColumns+"WHERE line = ? AND contact = ? AND (version = ? OR ? = 0) ORDER BY version DESC LIMIT 1", l[:], contact, version, version))
	if errors.Is(err, sql.ErrNoRows) {
		return r, noReadout(contact)
	}
	return r, err
}

func noReadout(contact string) error {
	return parley.Errorf(parley.NotFound, "there is no such version of a readout of contact %s", contact)
}

func (s *Store) sealReadout(r *Readout) []byte {
	b, err := json.Marshal(&r.ReadoutText)
	if err != nil {
		panic(err) // strings and bytes only
	}
	return s.seal("readout", r.ID, b)
}

func (s *Store) scanReadout(sc scanner) (r Readout, err error) {
	var line, secret []byte
	var saved, reviewed, approved int64
	if err := sc.Scan(&r.ID, &line, &r.Contact, &r.Version, &r.State, &r.Author, &saved, &r.Reviewer, &reviewed, &r.Approver, &approved, &secret); err != nil {
		return r, dbError(err)
	}
	copy(r.Line[:], line)
	r.Saved, r.Reviewed, r.Approved = at(saved), at(reviewed), at(approved)
	b, err := s.open("readout", r.ID, secret)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r.ReadoutText); err != nil {
		return r, parley.Errorf(parley.Corrupt, "readout %d: %v", r.ID, err).WithHint("run parley fsck")
	}
	return r, nil
}

// Bond is what our side bound itself to before it shows it. It is durable before
// the ready leaves, so that what was promised can be kept whatever crashes.
type Bond struct {
	ID         int64
	Line       parley.LineID
	Contact    string
	Commitment [32]byte // what stands in the ready
	Version    int64    // of the readout
	Officer    int64
	At         time.Time
	Manual     bool // an officer shows it; else the station, when all are bound

	BondText
}

// BondText is what stands sealed.
type BondText struct {
	Nonce     []byte `json:"nonce"`
	Statement []byte `json:"statement"`
}

const bondColumns = "id, line, contact, commitment, version, officer, at, manual, secret FROM bonds "

// Bind keeps a bond.
func (s *Store) Bind(b Bond) (Bond, error) {
	b.At = at(s.millis())
	err := s.write(func(tx *sqlfile.Tx) (err error) {
		b.ID, err = tx.Insert("INSERT INTO bonds (line, contact, commitment, version, officer, at, manual, secret) VALUES (?, ?, ?, ?, ?, ?, ?, x'')",
			b.Line[:], b.Contact, b.Commitment[:], b.Version, b.Officer, b.At.UnixMilli(), b.Manual)
		if err != nil {
			return err
		}
		text, err := json.Marshal(&b.BondText)
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE bonds SET secret = ? WHERE id = ?", s.seal("bond", b.ID, text), b.ID)
	})
	return b, err
}

// Bonds returns those of a contact, the newest first.
func (s *Store) Bonds(l parley.LineID, contact string) ([]Bond, error) {
	rows, err := s.db.Query("SELECT "+bondColumns+"WHERE line = ? AND contact = ? ORDER BY id DESC", l[:], contact)
	return collect(rows, err, s.scanBond)
}

func (s *Store) scanBond(sc scanner) (b Bond, err error) {
	var line, commitment, secret []byte
	var made int64
	if err := sc.Scan(&b.ID, &line, &b.Contact, &commitment, &b.Version, &b.Officer, &made, &b.Manual, &secret); err != nil {
		return b, dbError(err)
	}
	copy(b.Line[:], line)
	copy(b.Commitment[:], commitment)
	b.At = at(made)
	text, err := s.open("bond", b.ID, secret)
	if err != nil {
		return b, err
	}
	if err := json.Unmarshal(text, &b.BondText); err != nil {
		return b, parley.Errorf(parley.Corrupt, "bond %d: %v", b.ID, err).WithHint("run parley fsck")
	}
	return b, nil
}

// An OurText is a memcon, or a note, as what a statement must not quote.
type OurText struct {
	Name   string   // tells it from others, and nothing else of it
	Key    string   // of a memcon; "": it is a note
	Hands  []int64  // of a note: who wrote it, and whom it was given to
	Passed []string // of a memcon: what was reviewed
	Draft  []string // what was not, with what was written over and is kept; a note
}

// OurWords are the newest memcons of a line with all their texts, and its newest
// notes.
func (s *Store) OurWords(l parley.LineID, limit int) ([]OurText, error) {
	rows, err := s.db.Query("SELECT "+memconHeads+", secret"+ofMemcons+"WHERE line = ?"+notDiscarded+" ORDER BY id DESC LIMIT ?", l[:], limit)
	memcons, err := collect(rows, err, func(sc scanner) (Memcon, error) { return s.scanMemcon(sc, true) })
	if err != nil {
		return nil, err
	}
	var out []OurText
	for _, m := range memcons {
		t := OurText{Name: nameless("memcon", []byte(m.Key)), Key: m.Key, Draft: []string{m.Title, m.Text}}
		rows, err := s.db.Query("SELECT "+versionHeads+", secret"+ofVersions+"WHERE memcon = ? ORDER BY id DESC", m.ID)
		versions, err := collect(rows, err, func(sc scanner) (MemconVersion, error) { return s.scanVersion(sc, true) })
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			if v.Number > 0 {
				t.Passed = append(t.Passed, v.Title, v.Text)
			} else {
				t.Draft = append(t.Draft, v.Title, v.Text)
			}
		}
		out = append(out, t)
	}
	rows, err = s.db.Query("SELECT id, officer, given, secret FROM memnotes WHERE line = ? ORDER BY id DESC LIMIT ?", l[:], limit)
	notes, err := collect(rows, err, func(sc scanner) (t OurText, err error) {
		var id, officer, given int64
		var secret []byte
		if err := sc.Scan(&id, &officer, &given, &secret); err != nil {
			return t, dbError(err)
		}
		text, err := s.open("memnote", id, secret)
		return OurText{Name: nameless("note", secret), Hands: []int64{officer, given}, Draft: []string{string(text)}}, err
	})
	return append(out, notes...), err
}

// nameless names something by what nobody can guess of it, so that the name says no
// more than that it is another.
func nameless(what string, of []byte) string {
	h := sha256.Sum256(append([]byte("parley "+what+" "), of...))
	return what + "-" + hex.EncodeToString(h[:6])
}
