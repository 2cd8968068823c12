package contact

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"parley"
	"parley/internal/form"
)

// An Entry is an entry of the record that contacts are made of: one of this
// package's forms, or an *Opened* receipt of one.
type Entry struct {
	Ref      parley.Ref
	Party    parley.PartyCode
	From     parley.Office      // of its writer
	To       []parley.PartyCode // other parties it is for, for action
	Refs     []parley.Ref
	Form     form.Form
	Time     time.Time // by its writer's clock
	Exercise string
	Rank     int  // of its generation among those of its party, from 0: older first
	Early    bool // its generation has not come into force: more may come to light that stands before it
}

// before reports whether a stands before b in the logs of their one party.
func (a *Entry) before(b *Entry) bool {
	return a.Rank < b.Rank || a.Rank == b.Rank && a.Ref.Index < b.Ref.Index
}

// byTime is the order in which a book takes entries.
func byTime(a, b *Entry) int {
	return cmp.Or(a.Time.Compare(b.Time), compareRefs(a.Ref, b.Ref))
}

func compareRefs(a, b parley.Ref) int {
	if c := bytes.Compare(a.Gen[:], b.Gen[:]); c != 0 {
		return c
	}
	return cmp.Compare(a.Index, b.Index)
}

// A Book is what entries add up to. It depends on the set of them alone. What is off
// the record is not among them (spec/order.md).
type Book struct {
	Contacts []*Contact // in the order of their first requests, by time and reference
	Rows     []*Held    // by date
	Topics   []*Topic   // by name
}

// Fold makes the book of entries, which may stand in any order. What does not
// fit its references counts for nothing.
func Fold(entries []Entry) *Book {
	f := folding{byRef: make(map[parley.Ref]*Entry, len(entries)), opened: map[opening]*Entry{}}
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, func(a, b Entry) int { return byTime(&a, &b) })
	for i := range sorted {
		f.byRef[sorted[i].Ref] = &sorted[i]
	}
	for i := range sorted {
		f.sort(&sorted[i])
	}
	b := &Book{Contacts: f.contacts(), Topics: f.topics()}
	b.Rows = f.rows(b.Contacts)
	for _, c := range b.Contacts {
		c.settle()
	}
	pair(&f, b.Contacts)
	return b
}

type opening struct {
	by parley.PartyCode
	of parley.Ref
}

// folding is a book in the making.
type folding struct {
	byRef    map[parley.Ref]*Entry
	opened   map[opening]*Entry // the first receipt of a party for an entry
	requests []*Entry
	replies  []*Entry
	callOffs []*Entry
	points   []*Entry
	register []*Entry
	stances  []*Entry
	asks     []*Entry
	answers  []*Entry
}

func (f *folding) sort(e *Entry) {
	switch e.Form.(type) {
	case *Request:
		f.requests = append(f.requests, e)
	case *Reply:
		f.replies = append(f.replies, e)
	case *CallOff:
		f.callOffs = append(f.callOffs, e)
	case *Point:
		f.points = append(f.points, e)
	case *Register:
		f.register = append(f.register, e)
	case *Stance:
		f.stances = append(f.stances, e)
	case *Ask:
		f.asks = append(f.asks, e)
	case *Answer:
		f.answers = append(f.answers, e)
	case *form.Opened:
		for _, r := range e.Refs {
			k := opening{e.Party, r}
			if o := f.opened[k]; o == nil || e.before(o) {
				f.opened[k] = e
			}
		}
	}
}

// hadRead reports whether the writer of e had opened the entry of before it
// wrote e: what people knew, by their own receipts.
func (f *folding) hadRead(e *Entry, of parley.Ref) bool {
	o := f.opened[opening{e.Party, of}]
	return o != nil && o.before(e)
}

// target returns what an entry's reference i names, where both belong together.
func (f *folding) target(e *Entry, i int) *Entry {
	if i >= len(e.Refs) {
		return nil
	}
	if t := f.byRef[e.Refs[i]]; t != nil && t.Exercise == e.Exercise {
		return t
	}
	return nil
}
