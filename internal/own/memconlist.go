package own

import (
	"database/sql"
	"errors"
	"parley/internal/sqlfile"
	"strings"
	"time"

	"parley"
)

// A MemconReader is an officer or an office on the distribution list of a memcon.
type MemconReader struct {
	Officer int64         // 0: an office
	Office  parley.Office // "": an officer
	Rights  string        // MayRead or MayWrite
	Adder   int64
	At      time.Time
}

// The rights on a memcon, beside those of its author.
const (
	MayRead  = "read"  // what was reviewed
	MayWrite = "write" // drafts too, and change them; for officers
)

// A MemconRead says that somebody read a memcon, or printed it.
type MemconRead struct {
	ID      int64
	Officer int64
	Number  int64 // of the version; 0: the draft
	At      time.Time
	How     string // "read" or "printed"
}

// SetMemconReader puts an officer or an office on the list, or changes the rights.
func (s *Store) SetMemconReader(memcon int64, r MemconReader) error {
	return s.write(func(tx *sqlfile.Tx) error {
		return tx.Exec("INSERT INTO memcon_readers (memcon, officer, office, rights, adder, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (memcon, officer, office) DO UPDATE SET rights = excluded.rights, adder = excluded.adder, at = excluded.at",
			memcon, r.Officer, string(r.Office), r.Rights, r.Adder, s.millis())
	})
}

// DropMemconReader takes an officer or an office off the list. The error is
// NotFound.
func (s *Store) DropMemconReader(memcon, officer int64, office parley.Office) error {
	return s.write(func(tx *sqlfile.Tx) error {
		n, err := tx.Change("DELETE FROM memcon_readers WHERE memcon = ? AND officer = ? AND office = ?", memcon, officer, string(office))
		return one(n, err, parley.Errorf(parley.NotFound, "this is not on the list of the memcon"))
	})
}

// MemconReaders returns the list of a memcon, in the order they were put there.
func (s *Store) MemconReaders(memcon int64) ([]MemconReader, error) {
	rows, err := s.db.Query("SELECT officer, office, rights, adder, at FROM memcon_readers WHERE memcon = ? ORDER BY at, officer, office", memcon)
	return collect(rows, err, func(sc scanner) (r MemconReader, err error) {
		var ms int64
		err = dbError(sc.Scan(&r.Officer, &r.Office, &r.Rights, &r.Adder, &ms))
		r.At = at(ms)
		return r, err
	})
}

// ReadMemcon notes that an officer reads a version of a memcon, in its list of
// reads and in the audit, in one commit: what cannot be noted is not read.
func (s *Store) ReadMemcon(m *Memcon, r MemconRead, row AuditRow) error {
	return s.write(func(tx *sqlfile.Tx) error {
		row := row
		if _, err := tx.Insert("INSERT INTO memcon_reads (memcon, officer, number, at, how) VALUES (?, ?, ?, ?, ?)", m.ID, r.Officer, r.Number, s.millis(), r.How); err != nil {
			return err
		}
		return s.appendAudit(tx, &row)
	})
}

// MemconReads returns the last reads of a memcon, newest first, and how many there
// are in all.
func (s *Store) MemconReads(memcon int64, limit int) (out []MemconRead, all int, err error) {
	if err := s.db.QueryRow("SELECT count(*) FROM memcon_reads WHERE memcon = ?", memcon).Scan(&all); err != nil {
		return nil, 0, dbError(err)
	}
	rows, err := s.db.Query("SELECT id, officer, number, at, how FROM memcon_reads WHERE memcon = ? ORDER BY id DESC LIMIT ?", memcon, limit)
	out, err = collect(rows, err, func(sc scanner) (r MemconRead, err error) {
		var ms int64
		err = dbError(sc.Scan(&r.ID, &r.Officer, &r.Number, &ms, &r.How))
		r.At = at(ms)
		return r, err
	})
	return out, all, err
}

// HasRead reports whether an officer has read the version of a memcon or a later
// one.
func (s *Store) HasRead(memcon, officer, number int64) (bool, error) {
	var n int64
	err := s.db.QueryRow("SELECT count(*) FROM memcon_reads WHERE memcon = ? AND officer = ? AND number >= ?", memcon, officer, number).Scan(&n)
	return n > 0, dbError(err)
}

// MemconsUnread returns those on whose list an officer stands, by name or by one of
// the offices he holds, whose newest version he has not read; without their texts.
func (s *Store) MemconsUnread(officer int64, offices []parley.Office, limit int) ([]Memcon, error) {
	args := []any{officer}
	for _, o := range offices {
		args = append(args, string(o))
	}
	args = append(args, officer, officer, limit)
	rows, err := s.db.Query("SELECT "+memconHeads+ofMemcons+`WHERE version > 0 AND state <> 'discarded'
		AND id IN (SELECT memcon FROM memcon_readers WHERE officer = ? OR officer = 0 AND office IN (`+strings.TrimSuffix(strings.Repeat("?,", len(offices)), ",")+`))
		AND author <> ? AND NOT EXISTS (SELECT 1 FROM memcon_reads WHERE memcon = memcons.id AND memcon_reads.officer = ? AND number >= memcons.version)
		ORDER BY id LIMIT ?`, args...)
	return collect(rows, err, s.scanMemconHead)
}

// HandMemcon gives a memcon at rev to another author. He who had it stays on the
// list as one who reads.
func (s *Store) HandMemcon(key string, rev, to int64) (Memcon, error) {
	return s.stepMemcon(key, rev, func(tx *sqlfile.Tx, m *Memcon) error {
		if m.Author == to {
			return parley.Errorf(parley.Conflict, "this officer is its author already")
		}
		if m.State == MemconInReview && m.Reviewer == to {
			m.State, m.Reviewer = MemconDraft, 0
		}
		if err := tx.Exec("INSERT OR IGNORE INTO memcon_readers (memcon, officer, office, rights, adder, at) VALUES (?, ?, '', 'read', ?, ?)", m.ID, m.Author, m.Author, s.millis()); err != nil {
			return err
		}
		m.Author = to
		return nil
	})
}

// InheritMemcons gives all memcons of an officer who is no longer here, and the
// notes that he had not merged, to another. A note that he gave to somebody who is
// here stays with that one. It returns how many memcons. NotAllowed while he is
// active, or when the other is not.
func (s *Store) InheritMemcons(from, to int64) (n int64, err error) {
	err = s.write(func(tx *sqlfile.Tx) error {
		old, err := scanOfficer(tx.Row("SELECT id, name, offices, active, added FROM officers WHERE id = ?", from))
		if errors.Is(err, sql.ErrNoRows) {
			return noOfficer(from)
		}
		if err != nil {
			return err
		}
		heir, err := scanOfficer(tx.Row("SELECT id, name, offices, active, added FROM officers WHERE id = ?", to))
		if errors.Is(err, sql.ErrNoRows) {
			return noOfficer(to)
		}
		if err != nil {
			return err
		}
		if old.Active || !heir.Active {
			return parley.Errorf(parley.NotAllowed, "only what an officer who is no longer here left goes to one who is")
		}
		if err := tx.Exec("UPDATE memcons SET state = 'draft', reviewer = 0 WHERE author = ? AND state = 'review' AND reviewer = ?", from, to); err != nil {
			return err
		}
		if err := tx.Exec("UPDATE memnotes SET given = ? WHERE officer = ? AND memcon = 0 AND NOT EXISTS (SELECT 1 FROM officers WHERE id = memnotes.given AND active)", to, from); err != nil {
			return err
		}
		n, err = tx.Change("UPDATE memcons SET author = ?, rev = rev + 1 WHERE author = ? AND state <> 'discarded'", to, from)
		return err
	})
	return n, err
}
