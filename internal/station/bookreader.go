package station

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"parley"
	"parley/internal/contact"
	"parley/internal/line"
	"parley/internal/said"
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
	var k contactReading
	return k.follow(from, logs, 0, news{all: true})
}

// SaidBookOf reads what is said of the contacts of a line.
func SaidBookOf(from Rower, logs []line.LogStatus, contacts *contact.Book) (*said.Book, error) {
	var k saidReading
	return k.follow(from, logs, 0, news{all: true}, contacts)
}

// noted is what of a line was made durable, or has become readable, since it was
// last asked for.
type noted struct {
	stored atomic.Uint64 // how often something was
	mu     sync.Mutex
	news   news
}

// news says what of a line is to be read.
type news struct {
	refs []parley.Ref
	all  bool // more than is kept
}

func (n news) none() bool { return len(n.refs) == 0 && !n.all }

// maxNews bounds what is kept of it: to read all anew is no more work then.
const maxNews = 4096

func (x *noted) note(refs ...parley.Ref) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stored.Add(1)
	if x.news.refs = append(x.news.refs, refs...); len(x.news.refs) > maxNews {
		x.news = news{all: true}
	}
}

// forget has all read anew: nobody says what was stored.
func (x *noted) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stored.Add(1)
	x.news = news{all: true}
}

func (x *noted) take() news {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.news
	x.news = news{}
	return n
}

// give gives back what could not be read.
func (x *noted) give(n news) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.news.all = x.news.all || n.all; !x.news.all {
		x.news.refs = append(n.refs, x.news.refs...)
	}
}

// reading is how far a growing book has been read. What is new is read alone, unless
// what was read before may stand elsewhere now: a generation came to light or into
// force, or an entry went off the record or came back to it.
type reading struct {
	begun  bool
	turns  uint64 // of the order
	places logPlaces
}

// begin begins to read, and reports whether all is to be read anew.
func (r *reading) begin(from Rower, logs []line.LogStatus, turns uint64, n news) (anew bool, _ error) {
	places, err := placesOf(from, logs)
	if err != nil {
		return false, err
	}
	anew = !r.begun || n.all || turns != r.turns || !maps.Equal(places, r.places)
	*r = reading{turns: turns, places: places} // begun once it is read
	return anew, nil
}

// contactReading is the contacts of a line as they are read.
type contactReading struct {
	reading
	book contact.Growing
}

// follow brings the book up to date with the line. After an error all is read anew.
func (k *contactReading) follow(from Rower, logs []line.LogStatus, turns uint64, n news) (*contact.Book, error) {
	anew, err := k.begin(from, logs, turns, n)
	if err != nil {
		return nil, err
	}
	known := k.book.Entry
	if anew {
		old := k.book
		k.book, known = contact.Growing{}, old.Entry
	}
	b := bookReader{from: from, logs: k.places, forms: contact.Forms, opened: []string{"request", "reply"}, known: known, add: k.book.Add}
	if err := b.read(n, anew); err != nil {
		return nil, err
	}
	k.begun = true
	return k.book.Book(), nil
}

// saidReading is what is said of the contacts of a line as it is read.
type saidReading struct {
	reading
	book     said.Growing
	contacts []*contact.Contact                 // as the book knows them
	unread   map[parley.GenerationID]parley.Ref // as the book knows it
}

// follow brings the book up to date with the line and its contacts. After an error all
// is read anew.
func (k *saidReading) follow(from Rower, logs []line.LogStatus, turns uint64, n news, contacts *contact.Book) (*said.Book, error) {
	anew, err := k.begin(from, logs, turns, n)
	if err != nil {
		return nil, err
	}
	changed, gone := changedContacts(k.contacts, contacts.Contacts)
	known := k.book.Entry
	if anew = anew || gone; anew {
		old := k.book
		k.book, k.unread, changed, known = said.Growing{}, nil, contacts.Contacts, old.Entry
	}
	b := bookReader{from: from, logs: k.places, forms: said.Forms, opened: []string{"embargo", "joint"}, add: func(e contact.Entry) { k.book.Add(said.Entry(e)) },
		known:  func(r parley.Ref) (contact.Entry, bool) { e, ok := known(r); return contact.Entry(e), ok },
		unread: k.unread}
	if err := b.read(n, anew); err != nil {
		return nil, err
	}
	if anew || b.doubt {
		held, err := b.heldUnread()
		if err != nil {
			return nil, err
		}
		k.unread = map[parley.GenerationID]parley.Ref{}
		for _, e := range held {
			k.unread[e.Ref.Gen] = e.Ref
		}
		k.book.Unread(held)
	}
	for _, c := range changed {
		if homeOf(c) == c {
			k.book.Contact(ofContact(c))
		}
	}
	k.contacts, k.begun = contacts.Contacts, true
	return k.book.Book(), nil
}

// ofContact is a contact as statements know it, with the requests that belong to it:
// also those of one that crossed with it.
func ofContact(c *contact.Contact) (said.Of, []parley.Ref) {
	var refs []parley.Ref
	for _, t := range c.Terms {
		refs = append(refs, t.Ref)
	}
	if c.Other != nil {
		for _, t := range c.Other.Terms {
			refs = append(refs, t.Ref)
		}
	}
	return said.Of{Contact: c.Ref(), Parties: c.Parties, Exercise: c.First().Exercise}, refs
}

// changedContacts are those that were made since; gone: one is not there any more.
// Both lists are as books have them, which share what did not change.
func changedContacts(old, now []*contact.Contact) (changed []*contact.Contact, gone bool) {
	for _, c := range now {
		switch {
		case len(old) > 0 && old[0] == c:
			old = old[1:]
			continue
		case len(old) > 0 && old[0].Ref() == c.Ref():
			old = old[1:]
		}
		changed = append(changed, c)
	}
	return changed, len(old) > 0
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

// bookReader reads entries of some forms, with the receipts of some of them.
type bookReader struct {
	from   Rower
	logs   logPlaces
	forms  []string
	opened []string                               // whose receipts count
	known  func(parley.Ref) (contact.Entry, bool) // what was read before: entries do not change, but for their place
	add    func(contact.Entry)
	unread map[parley.GenerationID]parley.Ref // the first of each log that cannot be read, as it was
	doubt  bool                               // that may not be so any more
}

// read reads what is new, or all.
func (b *bookReader) read(n news, all bool) error {
	if all {
		return b.pages(b.forms, func(r *store.Row) (bool, error) { return true, b.take(r) })
	}
	for _, ref := range n.refs {
		r, err := b.from.Item(ref.Gen, ref.Index)
		if err != nil {
			return err
		}
		switch {
		case r.Form == "opened":
			err = b.takeReceipt(&r)
		case slices.Contains(b.forms, r.Form):
			err = b.take(&r)
		}
		if err != nil {
			return err
		}
		first, had := b.unread[r.Gen]
		b.doubt = b.doubt || first == ref && had || !had && mayOpen(&r)
	}
	return nil
}

// pages goes through the rows of some forms until each wants no more.
func (b *bookReader) pages(forms []string, each func(*store.Row) (more bool, err error)) error {
	f := store.Filter{Forms: forms, Order: store.ByArrival, Limit: 500}
	for {
		rows, _, err := b.from.Rows(f)
		if err != nil {
			return err
		}
		for i := range rows {
			if more, err := each(&rows[i]); err != nil || !more {
				return err
			}
		}
		if len(rows) < f.Limit {
			return nil
		}
		f.Cursor = rows[len(rows)-1].Ref()
	}
}

// mayOpen reports whether a row cannot be read yet, and may be later.
func mayOpen(r *store.Row) bool {
	return r.Form == "" && (r.Fault == parley.Unreadable || r.Fault == parley.Quota)
}

// heldUnread returns, without a form, what is held of each log and cannot be read yet,
// and may be later: its key is not here, or it was too much for one step. Of a log
// the first is enough.
func (b *bookReader) heldUnread() (out []said.Entry, _ error) {
	had := map[parley.GenerationID]bool{}
	err := b.pages([]string{""}, func(r *store.Row) (bool, error) {
		if !had[r.Gen] && r.Party != "" && b.logs.counts(r) && mayOpen(r) {
			had[r.Gen] = true
			out = append(out, said.Entry{Ref: r.Ref(), Party: r.Party, Time: claimed(r.Time), Rank: b.logs[r.Gen].rank, Early: b.logs[r.Gen].early})
		}
		return len(had) < len(b.logs), nil
	})
	return out, err
}

// take adds a row, and its receipts where they count.
func (b *bookReader) take(r *store.Row) error {
	e, ok, err := b.entry(r)
	if err != nil {
		return err
	}
	if ok {
		b.add(e)
	}
	if r.Waiting() || !slices.Contains(b.opened, r.Form) {
		return nil
	}
	about, err := b.from.Referring(r.Gen, r.Index)
	if err != nil {
		return err
	}
	for i := range about {
		if about[i].Form != "opened" {
			continue
		}
		if e, ok, err = b.entry(&about[i]); err != nil {
			return err
		}
		if ok {
			b.add(e)
		}
	}
	return nil
}

// takeReceipt adds a receipt of what was read before. Of what is read later it is
// found by that.
func (b *bookReader) takeReceipt(r *store.Row) error {
	e, ok, err := b.entry(r)
	if err != nil || !ok {
		return err
	}
	for _, ref := range e.Refs {
		if x, ok := b.known(ref); ok && slices.Contains(b.opened, x.Form.Name()) {
			b.add(e)
			return nil
		}
	}
	return nil
}

// entry is a row as books have it; ok is false where it does not count.
func (b *bookReader) entry(r *store.Row) (e contact.Entry, ok bool, _ error) {
	if r.Faulty || r.Waiting() || r.Party == "" || !b.logs.counts(r) {
		return e, false, nil
	}
	if e, ok = b.known(r.Ref()); ok {
		e.Rank, e.Early = b.logs[r.Gen].rank, b.logs[r.Gen].early // one that came to light may stand before it
		return e, true, nil
	}
	v, err := viewOf(*r)
	if err != nil || v.header == nil || v.form == nil {
		return e, false, err
	}
	e = contact.Entry{Ref: r.Ref(), Party: r.Party, From: v.header.From, Refs: v.header.Refs, Form: v.form, Time: claimed(r.Time), Exercise: v.header.Exercise, Rank: b.logs[r.Gen].rank, Early: b.logs[r.Gen].early}
	for _, a := range v.header.To {
		if a.Party != r.Party && !slices.Contains(e.To, a.Party) {
			e.To = append(e.To, a.Party)
		}
	}
	return e, true, nil
}
