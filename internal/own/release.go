package own

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"strconv"

	"parley"
)

// Outgoing is something an officer decided to put on the record, exactly once.
type Outgoing struct {
	Line       parley.LineID
	ID         uint64 // outbox id (line.Filed.ID), reserved here
	Key        string // why: no two with one key on a line
	Draft      int64  // 0 when there was none
	Precedence parley.Precedence
	At         int64  // UTC milliseconds
	Header     []byte // CBOR, as line.Filed.Header
	Fields     []byte // CBOR, as line.Filed.Fields
	Filed      bool   // it is in the line's store; Header and Fields are gone
}

// MarkReleased releases a draft: it compares the version, marks the draft
// released by releaser, reserves an outbox id above floor, and keeps the item,
// all in one transaction. Of two officers who release one draft, one gets
// Conflict. Releasing is exactly once through crashes by this protocol:
//
//  1. The station makes header and fields from the draft it read, and calls
//     MarkReleased with the version it read and with the largest outbox id
//     that the line's engine knows as floor.
//  2. It files line.Filed{o.ID, o.Precedence, o.At, o.Header, o.Fields} with
//     the engine, and lets the batch be applied. It files one line's items in
//     order of ID, for ids rise.
//  3. It calls MarkFiled. Only now is the release told to anybody.
//  4. At every start, before anything else is filed, it goes through Pending.
//     An item whose id the store knows (FiledItem finds it in the outbox, or
//     Handed finds the entry it became) was filed: MarkFiled. Any other was
//     not: it is filed now, with the same id and bytes.
//
// After a crash between 1 and 2 the item is filed by 4; between 2 and 3 it is
// found by 4; the same id cannot be filed twice, for the store refuses it. When
// the line's store was lost or restored after 3, an item may be in neither:
// Outgoing keeps what was said until MarkHanded, so that officers can decide.
func (s *Store) MarkReleased(draft, version, releaser int64, floor uint64, o Outgoing) (Outgoing, error) {
	o.Draft, o.Key, o.Filed = draft, "draft "+strconv.FormatInt(draft, 10), false
	err := s.write(func(tx *sql.Tx) error {
		if err := tx.QueryRow("SELECT line FROM drafts WHERE id = ?", draft).Scan(lineID(&o.Line)); errors.Is(err, sql.ErrNoRows) {
			return noDraft(draft)
		} else if err != nil {
			return err
		}
		if err := s.reserve(tx, &o, floor); err != nil {
			return err
		}
		r, err := tx.Exec(`UPDATE drafts SET state = 'released', precedence = ?, saved = ?, version = version + 1, releaser = ?, filed = ?
			WHERE id = ? AND version = ? AND state IN ('draft', 'submitted')`, int64(o.Precedence), s.millis(), releaser, int64(o.ID), draft, version)
		if err := one(r, err, errStale); err != nil {
			return s.staleDraft(tx, draft, err)
		}
		return nil
	})
	if err != nil {
		return Outgoing{}, err
	}
	return o, nil
}

// Intend is MarkReleased for what needs no draft: a receipt, a query, a check
// call. A second one with the same key on the line is the first again, with
// fresh false: an officer who clicks twice files once.
func (s *Store) Intend(floor uint64, o Outgoing) (_ Outgoing, fresh bool, err error) {
	o.Draft, o.Filed = 0, false
	err = s.write(func(tx *sql.Tx) error {
		old, err := s.scanOutgoing(tx.QueryRow("SELECT "+outgoingColumns+"WHERE line = ? AND key = ?", o.Line[:], o.Key))
		if err == nil {
			o = old
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		fresh = true
		return s.reserve(tx, &o, floor)
	})
	if err != nil {
		return Outgoing{}, false, err
	}
	return o, fresh, nil
}

// reserve gives o the next id of its line and keeps it. A key in use is
// Conflict.
func (s *Store) reserve(tx *sql.Tx, o *Outgoing, floor uint64) error {
	var last int64
	if err := tx.QueryRow("SELECT coalesce(max(id), 0) FROM outgoing WHERE line = ?", o.Line[:]).Scan(&last); err != nil {
		return err
	}
	if o.ID = max(uint64(last), floor) + 1; o.ID >= 1<<62 {
		return parley.Errorf(parley.Internal, "outbox ids of line %s are used up", o.Line)
	}
	if o.At == 0 {
		o.At = s.millis()
	}
	var taken int64
	if err := tx.QueryRow("SELECT count(*) FROM outgoing WHERE line = ? AND key = ?", o.Line[:], o.Key).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 {
		return parley.Errorf(parley.Conflict, "%s is released already", o.Key)
	}
	_, err := tx.Exec("INSERT INTO outgoing (line, id, key, draft, precedence, at, secret) VALUES (?, ?, ?, ?, ?, ?, ?)",
		o.Line[:], int64(o.ID), o.Key, o.Draft, int64(o.Precedence), o.At, s.sealItem(o))
	return err
}

const outgoingColumns = "line, id, key, draft, precedence, at, done, secret FROM outgoing "

// Pending returns what is not known to be filed, of all lines, in order of id.
func (s *Store) Pending() ([]Outgoing, error) {
	rows, err := s.db.Query("SELECT " + outgoingColumns + "WHERE done = 0 ORDER BY line, id")
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	var out []Outgoing
	for rows.Next() {
		o, err := s.scanOutgoing(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, dbError(rows.Err())
}

// Outgoing returns what was reserved under an outbox id. The error is NotFound.
func (s *Store) Outgoing(l parley.LineID, id uint64) (Outgoing, error) {
	o, err := s.scanOutgoing(s.db.QueryRow("SELECT "+outgoingColumns+"WHERE line = ? AND id = ?", l[:], int64(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return o, parley.Errorf(parley.NotFound, "no outgoing item %d", id)
	}
	return o, err
}

// MarkFiled notes that the item is in the line's store. Again is no error.
func (s *Store) MarkFiled(l parley.LineID, id uint64) error {
	return s.write(func(tx *sql.Tx) error {
		r, err := tx.Exec("UPDATE outgoing SET done = 1 WHERE line = ? AND id = ?", l[:], int64(id))
		return one(r, err, parley.Errorf(parley.NotFound, "no outgoing item %d", id))
	})
}

// MarkHanded notes which entry the item became, and forgets its bytes: the
// record has them now. Again is no error; an item that is not known is none.
func (s *Store) MarkHanded(l parley.LineID, id uint64, entry parley.Ref) error {
	return s.write(func(tx *sql.Tx) error {
		if _, err := tx.Exec("UPDATE drafts SET entry = ? WHERE line = ? AND filed = ? AND filed > 0", entry.String(), l[:], int64(id)); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE outgoing SET done = 1, secret = x'' WHERE line = ? AND id = ?", l[:], int64(id))
		return err
	})
}

func (s *Store) itemName(o *Outgoing) string { return "outgoing " + o.Line.String() }

// sealItem seals u32(length of header) || header || fields.
func (s *Store) sealItem(o *Outgoing) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(o.Header)))
	b = append(append(b, o.Header...), o.Fields...)
	return s.seal(s.itemName(o), int64(o.ID), b)
}

func (s *Store) scanOutgoing(sc scanner) (o Outgoing, err error) {
	var id, precedence int64
	var secret []byte
	if err := sc.Scan(lineID(&o.Line), &id, &o.Key, &o.Draft, &precedence, &o.At, &o.Filed, &secret); err != nil {
		return o, dbError(err)
	}
	o.ID, o.Precedence = uint64(id), parley.Precedence(precedence)
	if len(secret) == 0 {
		return o, nil
	}
	b, err := s.open(s.itemName(&o), id, secret)
	if err != nil {
		return o, err
	}
	var ok bool
	if o.Header, o.Fields, ok = splitItem(b); !ok {
		return o, parley.Errorf(parley.Corrupt, "outgoing item %d cannot be read", id).WithHint("run parley fsck")
	}
	return o, nil
}

func splitItem(b []byte) (header, fields []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if b = b[4:]; n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

// lineScan reads a line id column.
type lineScan struct{ to *parley.LineID }

func lineID(to *parley.LineID) lineScan { return lineScan{to} }

// Scan takes 16 bytes.
func (l lineScan) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(l.to) {
		return parley.Errorf(parley.Corrupt, "own store: a line id of %d bytes", len(b)).WithHint("run parley fsck")
	}
	copy(l.to[:], b)
	return nil
}
