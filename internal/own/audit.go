package own

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"parley/internal/sqlfile"
	"time"

	"parley"
)

// AuditRow is one line of the station's own audit: who did or read what. Rows
// are never changed or removed, and each carries a hash over itself and the
// one before, so that a row changed behind the program's back shows.
type AuditRow struct {
	ID      int64 // from 1
	At      time.Time
	Officer int64  // 0: the station, or the local socket
	Name    string // of the officer, as it was then
	Act     string
	Object  string
	Detail  string
	Hash    [32]byte
}

// AddAudit appends a row. ID, At and Hash are given here.
func (s *Store) AddAudit(r AuditRow) (AuditRow, error) {
	err := s.write(func(tx *sqlfile.Tx) error { return s.appendAudit(tx, &r) })
	return r, err
}

// appendAudit appends rows to the chain, in order.
func (s *Store) appendAudit(tx *sqlfile.Tx, rows ...*AuditRow) error {
	var last int64
	var prev []byte
	err := tx.Row("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").Scan(&last, &prev)
	if errors.Is(err, sql.ErrNoRows) {
		last, prev = 0, make([]byte, sha256.Size)
	} else if err != nil {
		return err
	}
	for _, r := range rows {
		last++
		r.ID, r.At = last, at(s.millis())
		secret := s.seal("audit", r.ID, []byte(r.Detail))
		r.Hash = r.chain(prev, secret)
		prev = r.Hash[:]
		err := tx.Exec("INSERT INTO audit (id, at, officer, name, act, object, secret, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			r.ID, r.At.UnixMilli(), r.Officer, r.Name, r.Act, r.Object, secret, r.Hash[:])
		if err != nil {
			return err
		}
	}
	return nil
}

// chain hashes the row after prev; the detail as it is sealed, so that the
// chain can be checked without the storage key.
func (r *AuditRow) chain(prev, secret []byte) [32]byte {
	b := append([]byte("parley audit\x00"), prev...)
	for _, n := range []int64{r.ID, r.At.UnixMilli(), r.Officer} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, p := range [][]byte{[]byte(r.Name), []byte(r.Act), []byte(r.Object), secret} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}

const auditColumns = "id, at, officer, name, act, object, secret, hash FROM audit "

// Audit returns the last limit rows, newest first.
func (s *Store) Audit(limit int) ([]AuditRow, error) {
	rows, err := s.db.Query("SELECT "+auditColumns+"ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	var out []AuditRow
	for rows.Next() {
		r, secret, err := scanAudit(rows)
		if err != nil {
			return nil, err
		}
		detail, err := s.open("audit", r.ID, secret)
		if err != nil {
			return nil, err
		}
		r.Detail = string(detail)
		out = append(out, r)
	}
	return out, dbError(rows.Err())
}

func scanAudit(sc scanner) (r AuditRow, secret []byte, err error) {
	var ms int64
	var hash []byte
	if err := sc.Scan(&r.ID, &ms, &r.Officer, &r.Name, &r.Act, &r.Object, &secret, &hash); err != nil {
		return r, nil, dbError(err)
	}
	copy(r.Hash[:], hash)
	r.At = at(ms)
	return r, secret, nil
}

// CheckAudit goes through the chain and returns how many rows it has and the
// hash of the last, to be noted down elsewhere: a chain cut off at its end is
// whole. The error is Corrupt and names the first row that does not fit.
func (s *Store) CheckAudit() (n int64, last [32]byte, err error) {
	rows, err := s.db.Query("SELECT " + auditColumns + "ORDER BY id")
	if err != nil {
		return 0, last, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		r, secret, err := scanAudit(rows)
		if err != nil {
			return n, last, err
		}
		if want := r.chain(last[:], secret); r.ID != n+1 || !bytes.Equal(want[:], r.Hash[:]) {
			return n, last, parley.Errorf(parley.Corrupt, "the audit is broken at row %d: it or one before it was changed or removed", r.ID).
				WithHint("compare with a backup; the rows before it are good")
		}
		n, last = r.ID, r.Hash
	}
	return n, last, dbError(rows.Err())
}
