package own

import (
	"database/sql"
	"encoding/json"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// Dispute is an officer's doubt about words of a translation. It stands beside
// the text and changes nothing of it.
type Dispute struct {
	ID          int64
	Translation int64
	Officer     int64
	At          time.Time
	Closer      int64 // who settled it; 0: open
	Closed      time.Time

	DisputeText
}

// DisputeText is what stands sealed.
type DisputeText struct {
	Words   string `json:"words"`             // as they stand in the translation
	Note    string `json:"note"`              // what is doubted, and what it should say
	Settled string `json:"settled,omitempty"` // how it was settled
}

const disputeColumns = "id, translation, officer, at, closer, closed, secret FROM disputes "

// AddDispute keeps a dispute by d.Officer, open. The error is NotFound when
// there is no such translation.
func (s *Store) AddDispute(d Dispute) (Dispute, error) {
	d.At, d.Closer, d.Closed, d.Settled = at(s.millis()), 0, time.Time{}, ""
	err := s.write(func(tx *sqlfile.Tx) (err error) {
		if n, err := tx.Number("SELECT count(*) FROM translations WHERE id = ?", d.Translation); err != nil || n == 0 {
			return one(n, err, parley.Errorf(parley.NotFound, "no translation %d", d.Translation))
		}
		d.ID, err = tx.Insert("INSERT INTO disputes (translation, officer, at, secret) VALUES (?, ?, ?, x'')", d.Translation, d.Officer, d.At.UnixMilli())
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE disputes SET secret = ? WHERE id = ?", s.sealDispute(&d), d.ID)
	})
	return d, err
}

// SettleDispute closes a dispute by the officer, saying how. NotFound when there
// is none, Conflict when it is settled already.
func (s *Store) SettleDispute(id, officer int64, how string) (d Dispute, err error) {
	err = s.write(func(tx *sqlfile.Tx) error {
		d, err = s.scanDispute(tx.Row("SELECT "+disputeColumns+"WHERE id = ?", id))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return parley.Errorf(parley.NotFound, "no dispute %d", id)
		case err != nil:
			return err
		case d.Closer != 0:
			return parley.Errorf(parley.Conflict, "dispute %d is settled already", id)
		}
		d.Closer, d.Closed, d.Settled = officer, at(s.millis()), how
		return tx.Exec("UPDATE disputes SET closer = ?, closed = ?, secret = ? WHERE id = ?", officer, d.Closed.UnixMilli(), s.sealDispute(&d), id)
	})
	return d, err
}

// Disputes returns those of a translation, in the order they were made.
func (s *Store) Disputes(translation int64) ([]Dispute, error) {
	rows, err := s.db.Query("SELECT "+disputeColumns+"WHERE translation = ? ORDER BY id", translation)
	return collect(rows, err, s.scanDispute)
}

func (s *Store) sealDispute(d *Dispute) []byte {
	b, err := json.Marshal(&d.DisputeText)
	if err != nil {
		panic(err) // strings only
	}
	return s.seal("dispute", d.ID, b)
}

func (s *Store) scanDispute(sc scanner) (d Dispute, err error) {
	var made, closed int64
	var secret []byte
	if err := sc.Scan(&d.ID, &d.Translation, &d.Officer, &made, &d.Closer, &closed, &secret); err != nil {
		return d, dbError(err)
	}
	d.At, d.Closed = at(made), at(closed)
	b, err := s.open("dispute", d.ID, secret)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(b, &d.DisputeText); err != nil {
		return d, parley.Errorf(parley.Corrupt, "dispute %d: %v", d.ID, err).WithHint("run parley fsck")
	}
	return d, nil
}
