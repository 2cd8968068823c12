package store

import (
	"parley"
)

// Records is the derived index of one line: what the record is read by. It is
// made from the entries as they are applied, and can be made again from them;
// only positions come from outside (package record).
type Records interface {
	// Item returns one entry. The error is NotFound.
	Item(gen parley.GenerationID, idx uint64) (Row, error)
	// FiledItem returns one item of the outbox; NotFound once handed out, when
	// Handed tells where it went.
	FiledItem(id uint64) (Row, error)
	// FiledItems returns the outbox in order of id, at most limit of it; 0: all.
	FiledItems(limit int) ([]Row, error)
	// Handed returns the entry that the outbox item became; ok is false while
	// it waits, and when there never was one.
	Handed(id uint64) (ref parley.Ref, ok bool, err error)
	// Rows returns one page of what f selects, and how many it selects in all
	// (of settled rows for ByPosition, of all for ByArrival; -1 where counting
	// would mean reading everything).
	Rows(f Filter) ([]Row, int64, error)
	// Unsettled returns rows that are not settled, in order of position, those
	// not yet placed last, and how many f selects in all; -1 where counting
	// would mean reading too much. After is a position.
	Unsettled(f Filter) ([]Row, int64, error)
	// Referring returns the entries and outbox items that refer to the entry,
	// in order of arrival.
	Referring(gen parley.GenerationID, idx uint64) ([]Row, error)
	// Pending returns what has no final position yet: Pos is 0 where it has
	// none at all. Without content; in order of generation and index.
	Pending() ([]Pending, error)
	// Place gives positions, all or none. A settled position is final, and
	// settled ones are 1, 2, 3... without gaps: anything else is Conflict.
	// Positions are derived: they survive a crash of the process, and are
	// surely on disk when the next Apply has returned.
	Place(ps []Position) error
	// Counts sums up the line.
	Counts() (Counts, error)
	// Latest returns the entry of a form that arrived last; party "" means any.
	// ok is false when there is none.
	Latest(form string, party parley.PartyCode) (r Row, ok bool, err error)
}

// OffRecord is the position of an entry that never gets one: late in a closed
// generation (spec/order.md).
const OffRecord = -1

// Position is the place of one entry in the record, from 1.
type Position struct {
	Gen     parley.GenerationID
	Index   uint64
	Pos     int64 // or OffRecord
	Settled bool
}

// Pending is an entry without a final position.
type Pending struct {
	Gen   parley.GenerationID
	Index uint64
	Party parley.PartyCode
	Time  uint64 // header time, UTC seconds
	Pos   int64  // provisional; 0 not placed yet
}

// Order is the order of a page.
type Order uint8

// The orders.
const (
	ByPosition Order = iota // settled rows by record position
	ByArrival               // all rows held, by arrival; where that is equal, in an order that does not change
)

// Filter selects rows. The zero value selects all settled rows, oldest first.
// Conditions are joined by and.
type Filter struct {
	Forms      []string          // one of these; empty: any
	Except     []string          // none of these
	Party      parley.PartyCode  // "": any
	Office     parley.Office     // from, to or info, at any party; "": any
	Precedence parley.Precedence // at least this
	Serial     uint64            // exactly this; 0: any
	Exercise   bool              // only exercise
	Faulty     bool              // only faulty

	Order  Order
	After  int64      // ByPosition: positions above this; 0: from the start
	Before int64      // ByPosition: positions below this; 0: to the end
	Since  int64      // ByArrival: arrived at or after, UTC milliseconds
	Until  int64      // ByArrival: arrived before, UTC milliseconds; 0: no end
	Cursor parley.Ref // ByArrival: go on after this row; zero Gen: from the start
	At     []int64    // ByPosition: of these positions only, given in the page's order; nil: any. The count is -1 then
	Newest bool       // newest first
	Limit  int        // 0: 50; at most 500
	Quick  bool       // of Unsettled: the count may be -1, which spares the counting
}

// PageLimit returns how many rows a page of f has at most.
func (f *Filter) PageLimit() int {
	switch {
	case f.Limit <= 0:
		return 50
	case f.Limit > 500:
		return 500
	}
	return f.Limit
}

// FormCount is how many entries of a form a party has on the line.
type FormCount struct {
	Party parley.PartyCode
	Form  string
	N     int64
}

// Counts sums up a line.
type Counts struct {
	Entries  int64 // held
	Settled  int64 // with a final position; also the largest such position
	Placed   int64 // with a provisional one
	Unplaced int64
	Filed    int64 // in the outbox
	Faulty   int64
	Forms    []FormCount // by party, then form
}

// Narrows reports whether f selects by anything but place and time.
func (f *Filter) Narrows() bool {
	return len(f.Forms) > 0 || len(f.Except) > 0 || f.Party != "" || f.Office != "" || f.Precedence > 0 || f.Serial != 0 || f.Exercise || f.Faulty
}

// Row is one entry, or one item of the outbox (Filed not 0 and Gen zero).
type Row struct {
	Line       parley.LineID
	Gen        parley.GenerationID
	Index      uint64
	Filed      uint64           // the outbox id it has or had; 0 for others' and for what the engine wrote itself
	Party      parley.PartyCode // "" when its generation's certificate is not readable, and for the outbox: ours
	Form       string           // "epoch" for epoch entries, "" when the header does not open
	Series     uint8
	Serial     uint64
	Precedence parley.Precedence
	Time       uint64 // header time, UTC seconds: a claim; 0 in the outbox
	Arrived    int64  // UTC milliseconds; for ours, when filed
	Exercise   bool
	Faulty     bool
	Fault      parley.Kind
	Pos        int64 // 0 not placed, OffRecord
	Settled    bool
	Bytes      []byte // as in the log; nil in the outbox, and where only Raw has it

	read   func(use func(bytes, sealed []byte) error) error // see Lazily
	sealed []byte
	name   string
	sealer Sealer
}

// Ref returns the entry's reference; the zero one for the outbox.
func (r *Row) Ref() parley.Ref { return parley.Ref{Gen: r.Gen, Index: r.Index} }

// Waiting reports whether the row is an item of the outbox.
func (r *Row) Waiting() bool { return r.Filed != 0 && r.Gen == (parley.GenerationID{}) }
