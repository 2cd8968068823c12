package station

import (
	"slices"

	"parley"
	"parley/internal/contact"
	"parley/internal/line"
	"parley/internal/store"
)

// Rower is what a book is read from: the entries of a line.
type Rower interface {
	Rows(f store.Filter) ([]store.Row, int64, error)
	Referring(gen parley.GenerationID, idx uint64) ([]store.Row, error)
	Item(gen parley.GenerationID, idx uint64) (store.Row, error)
}

// BookOf reads what contacts the entries of a line amount to; logs are those of
// the line, in the order of their certificates. The record is placed before.
func BookOf(from Rower, logs []line.LogStatus) (*contact.Book, error) {
	return bookOf(from, logs, map[parley.Ref]contact.Entry{})
}

// bookOf keeps in read what it reads, and does not read it again.
func bookOf(from Rower, logs []line.LogStatus, read map[parley.Ref]contact.Entry) (*contact.Book, error) {
	b, err := newBookReader(from, logs, read)
	if err != nil {
		return nil, err
	}
	if err := b.readAll(contact.Forms, "request", "reply"); err != nil {
		return nil, err
	}
	return contact.Fold(b.entries), nil
}

type bookReader struct {
	from    Rower
	logs    logPlaces
	read    map[parley.Ref]contact.Entry
	entries []contact.Entry
}

func newBookReader(from Rower, logs []line.LogStatus, read map[parley.Ref]contact.Entry) (*bookReader, error) {
	places, err := placesOf(from, logs)
	return &bookReader{from: from, logs: places, read: read}, err
}

// logPlaces are where the logs of a line stand among those of their parties.
type logPlaces map[parley.GenerationID]logPlace

type logPlace struct {
	rank   int  // from 0: older first
	newest bool // none is newer
	early  bool // its generation has not come into force
}

// placesOf finds them; logs are in the order of their certificates.
func placesOf(from Rower, logs []line.LogStatus) (logPlaces, error) {
	places, last := logPlaces{}, map[parley.PartyCode]parley.GenerationID{}
	for _, g := range logs {
		p := logPlace{newest: true}
		if before, ok := last[g.Party]; ok {
			old := places[before]
			p.rank, old.newest = old.rank+1, false
			places[before] = old
			first, err := from.Item(g.Gen, 0)
			if err != nil && parley.KindOf(err) != parley.NotFound {
				return nil, err
			}
			p.early = err != nil || !first.Settled
		}
		places[g.Gen], last[g.Party] = p, g.Gen
	}
	return places, nil
}

// counts reports whether a row is, or may come, on the record (spec/order.md). What
// has no place yet in a log that a newer one follows gets one, or is late: it waits.
func (p logPlaces) counts(r *store.Row) bool {
	return r.Pos != store.OffRecord && (r.Pos != 0 || p[r.Gen].newest)
}

// readAll reads the entries of some forms, with the receipts of those that are
// opened.
func (b *bookReader) readAll(forms []string, opened ...string) error {
	f := store.Filter{Forms: forms, Order: store.ByArrival, Limit: 500}
	for {
		rows, _, err := b.from.Rows(f)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := b.add(&rows[i]); err != nil {
				return err
			}
			if err := b.addOpened(&rows[i], opened); err != nil {
				return err
			}
		}
		if len(rows) < f.Limit {
			return nil
		}
		f.Cursor = rows[len(rows)-1].Ref()
	}
}

// addUnread adds, without a form, what is held of each log and cannot be read yet,
// and may be later: its key is not here, or it was too much for one step. Of a log
// the first is enough.
func (b *bookReader) addUnread() error {
	had := map[parley.GenerationID]bool{}
	f := store.Filter{Forms: []string{""}, Order: store.ByArrival, Limit: 500}
	for {
		rows, _, err := b.from.Rows(f)
		if err != nil {
			return err
		}
		for i := range rows {
			r := &rows[i]
			if !had[r.Gen] && r.Party != "" && b.logs.counts(r) && (r.Fault == parley.Unreadable || r.Fault == parley.Quota) {
				had[r.Gen] = true
				b.entries = append(b.entries, contact.Entry{Ref: r.Ref(), Party: r.Party, Time: claimed(r.Time), Rank: b.logs[r.Gen].rank, Early: b.logs[r.Gen].early})
			}
		}
		if len(rows) < f.Limit || len(had) == len(b.logs) {
			return nil
		}
		f.Cursor = rows[len(rows)-1].Ref()
	}
}

func (b *bookReader) add(r *store.Row) error {
	if r.Faulty || r.Waiting() || r.Party == "" || !b.logs.counts(r) {
		return nil
	}
	e, ok := b.read[r.Ref()]
	if ok {
		e.Rank, e.Early = b.logs[r.Gen].rank, b.logs[r.Gen].early // one that came to light may stand before it
		b.entries = append(b.entries, e)
		return nil
	}
	v, err := viewOf(*r)
	if err != nil || v.header == nil || v.form == nil {
		return err
	}
	e = contact.Entry{Ref: r.Ref(), Party: r.Party, From: v.header.From, Refs: v.header.Refs, Form: v.form, Time: claimed(r.Time), Exercise: v.header.Exercise, Rank: b.logs[r.Gen].rank, Early: b.logs[r.Gen].early}
	for _, a := range v.header.To {
		if a.Party != r.Party && !slices.Contains(e.To, a.Party) {
			e.To = append(e.To, a.Party)
		}
	}
	b.read[e.Ref] = e
	b.entries = append(b.entries, e)
	return nil
}

// addOpened adds the receipts of a row of some forms.
func (b *bookReader) addOpened(r *store.Row, forms []string) error {
	if r.Waiting() || !slices.Contains(forms, r.Form) {
		return nil
	}
	about, err := b.from.Referring(r.Gen, r.Index)
	if err != nil {
		return err
	}
	for i := range about {
		if about[i].Form == "opened" {
			if err := b.add(&about[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
