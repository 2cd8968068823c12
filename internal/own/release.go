package own

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"parley/internal/sqlfile"
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
	Filed      bool   // it is in the line's store
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
//  3. It calls MarkFiled, or NoteFiled. Should the note be lost in a crash, the
//     item is found by 4.
//  4. At every start, before anything else is filed, it goes through Pending.
//     An item whose id the store knows (FiledItem finds it in the outbox, or
//     Handed finds the entry it became) was filed: MarkFiled. Any other was
//     not: it is filed now, with the same id and bytes.
//
// After a crash between 1 and 2 the item is filed by 4; between 2 and 3 it is
// found by 4; the same id cannot be filed twice, for the store refuses it. When
// the line's store was lost or restored after 3, an item may be in neither.
// Outgoing keeps the bytes that were released for good, also once the other side
// has given its receipt: where our record is set back and the other side is lost
// too, they are all that is left of them (a draft has the text alone).
func (s *Store) MarkReleased(draft, version, releaser int64, floor uint64, o Outgoing) (Outgoing, error) {
	out, err := s.ReleaseAll(floor, []Release{{Draft: draft, Version: version, Releaser: releaser, Item: o}}, nil)
	if err != nil {
		return Outgoing{}, err
	}
	return out[0].Outgoing, out[0].Err
}

// Release is one draft to be released: see MarkReleased. An audit row with an
// act is appended in the same transaction, when the release is not refused.
type Release struct {
	Draft, Version, Releaser int64
	Item                     Outgoing
	Audit                    AuditRow
}

// Outcome is what became of a Release: reserved under an id, or refused.
type Outcome struct {
	Outgoing
	Err error // NotFound or Conflict; the others of the same call stand
}

// ReleaseAll is MarkReleased for many drafts of one line in one transaction,
// with ids that rise in their order. One that is refused stands in nobody's
// way; the error is of the store, and then nothing was released.
//
// ready, when it is not nil, is told the outcome before it is durable: the
// caller may prepare with it what must not leave the process before ReleaseAll
// returned nil, and must be thrown away when it does not.
func (s *Store) ReleaseAll(floor uint64, rs []Release, ready func([]Outcome)) ([]Outcome, error) {
	var told []Outcome
	var out []Outcome
	err := s.write(func(tx *sqlfile.Tx) (err error) {
		if out, err = s.plan(tx, rs, floor); err != nil {
			return err
		}
		switch {
		case told != nil:
			if err := sameOutcome(told, out); err != nil {
				return err
			}
		case ready != nil: // from here on it goes as planned, or the store has failed
			told = out
			ready(out)
		}
		return s.release(tx, rs, out)
	})
	return out, err
}

// plan says what becomes of each release, and changes nothing.
func (s *Store) plan(tx *sqlfile.Tx, rs []Release, floor uint64) ([]Outcome, error) {
	out, taken := make([]Outcome, len(rs)), map[int64]bool{}
	last := map[parley.LineID]uint64{}
	for i := range rs {
		r := &rs[i]
		o, err := s.allowed(tx, r, taken[r.Draft])
		if err != nil {
			if !refusal(err) {
				return nil, err
			}
			out[i].Err = err
			continue
		}
		if _, ok := last[o.Line]; !ok {
			if last[o.Line], err = lastOutgoing(tx, o.Line); err != nil {
				return nil, err
			}
		}
		if err := s.number(&o, max(last[o.Line], floor)); err != nil {
			return nil, err
		}
		out[i].Outgoing, last[o.Line], taken[r.Draft] = o, o.ID, true
	}
	return out, nil
}

// allowed returns the item of a release that its draft permits. taken says that
// another of the same call has released it.
func (s *Store) allowed(tx *sqlfile.Tx, r *Release, taken bool) (Outgoing, error) {
	o := r.Item
	o.Draft, o.Key, o.Filed = r.Draft, "draft "+strconv.FormatInt(r.Draft, 10), false
	var state DraftState
	var version int64
	err := tx.Row("SELECT line, state, version FROM drafts WHERE id = ?", r.Draft).Scan(lineID(&o.Line), &state, &version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Outgoing{}, noDraft(r.Draft)
	case err != nil:
		return Outgoing{}, err
	case taken:
		return Outgoing{}, parley.Errorf(parley.Conflict, "draft %d is released already", r.Draft)
	case version != r.Version || state != Drafting && state != Submitted:
		return Outgoing{}, s.staleDraft(tx, r.Draft, errStale)
	}
	return o, nil
}

const setReleased = "UPDATE drafts SET state = 'released', precedence = ?, saved = ?, version = version + 1, releaser = ?, filed = ? WHERE id = ?"

// release does what was planned.
func (s *Store) release(tx *sqlfile.Tx, rs []Release, out []Outcome) error {
	var audit []*AuditRow
	for i := range rs {
		r, o := &rs[i], &out[i].Outgoing
		if out[i].Err != nil {
			continue
		}
		s.recent.change(r.Draft)
		if err := s.keep(tx, o); err != nil {
			return err
		}
		err := tx.Exec(setReleased, int64(o.Precedence), s.millis(), r.Releaser, int64(o.ID), r.Draft)
		if err != nil {
			return err
		}
		if a := r.Audit; a.Act != "" {
			audit = append(audit, &a)
		}
	}
	if len(audit) > 0 {
		if err := s.appendAudit(tx, audit...); err != nil {
			return err
		}
	}
	return s.writeNotes(tx)
}

func refusal(err error) bool {
	k := parley.KindOf(err)
	return k == parley.NotFound || k == parley.Conflict
}

// sameOutcome refuses a second try that went another way than the one that was
// told: others were committed in between.
func sameOutcome(told, now []Outcome) error {
	for i := range told {
		if told[i].ID != now[i].ID || (told[i].Err == nil) != (now[i].Err == nil) {
			return parley.Errorf(parley.Unavailable, "the commit of a release failed").WithHint("release it again")
		}
	}
	return nil
}

// Intend is MarkReleased for what needs no draft: a receipt, a query, a check
// call. A second one with the same key on the line is the first again, with
// fresh false: an officer who clicks twice files once.
func (s *Store) Intend(floor uint64, o Outgoing) (_ Outgoing, fresh bool, err error) {
	asked := o
	asked.Draft, asked.Filed = 0, false
	err = s.write(func(tx *sqlfile.Tx) error {
		o, fresh = asked, false
		old, err := s.scanOutgoing(tx.Row("SELECT "+outgoingColumns+"WHERE line = ? AND key = ?", o.Line[:], o.Key))
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

// reserve gives o the next id of its line and keeps it; its key is free.
func (s *Store) reserve(tx *sqlfile.Tx, o *Outgoing, floor uint64) error {
	last, err := lastOutgoing(tx, o.Line)
	if err != nil {
		return err
	}
	if err := s.number(o, max(last, floor)); err != nil {
		return err
	}
	return s.keep(tx, o)
}

func lastOutgoing(tx *sqlfile.Tx, l parley.LineID) (uint64, error) {
	n, err := tx.Number("SELECT max(id) FROM outgoing WHERE line = ?", l[:])
	return uint64(n), err
}

// number gives o the id after last, and its time.
func (s *Store) number(o *Outgoing, last uint64) error {
	if o.ID = last + 1; o.ID >= 1<<62 {
		return parley.Errorf(parley.Internal, "outbox ids of line %s are used up", o.Line)
	}
	if o.At == 0 {
		o.At = s.millis()
	}
	return nil
}

func (s *Store) keep(tx *sqlfile.Tx, o *Outgoing) error {
	return tx.Exec("INSERT INTO outgoing (line, id, key, draft, precedence, at, secret) VALUES (?, ?, ?, ?, ?, ?, ?)",
		o.Line[:], int64(o.ID), o.Key, o.Draft, int64(o.Precedence), o.At, s.sealItem(o))
}

const outgoingColumns = "line, id, key, draft, precedence, at, done, secret FROM outgoing "

// Pending returns what is not known to be filed, of all lines, in order of id.
func (s *Store) Pending() ([]Outgoing, error) {
	if err := s.flushNotes(); err != nil {
		return nil, err
	}
	rows, err := s.db.Query("SELECT " + outgoingColumns + "WHERE done = 0 ORDER BY line, id")
	return collect(rows, err, s.scanOutgoing)
}

// Outgoing returns what was reserved under an outbox id. The error is NotFound.
func (s *Store) Outgoing(l parley.LineID, id uint64) (Outgoing, error) {
	if err := s.flushNotes(); err != nil {
		return Outgoing{}, err
	}
	o, err := s.scanOutgoing(s.db.QueryRow("SELECT "+outgoingColumns+"WHERE line = ? AND id = ?", l[:], int64(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return o, parley.Errorf(parley.NotFound, "no outgoing item %d", id)
	}
	return o, err
}

// MarkFiled notes that the item is in the line's store. Again is no error. It does
// not wait for the disk: a note that is lost is made again at the next start.
func (s *Store) MarkFiled(l parley.LineID, id uint64) error {
	return s.w.Run(false, func(tx *sqlfile.Tx) error {
		n, err := tx.Change("UPDATE outgoing SET done = 1 WHERE line = ? AND id = ?", l[:], int64(id))
		return one(n, err, parley.Errorf(parley.NotFound, "no outgoing item %d", id))
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
