package said

import (
	"maps"
	"slices"

	"parley"
)

// A Growing book takes entries as they come, and learns to which contact requests
// belong. Its book is what Fold makes of all that it has taken, in whatever order; to
// bring it up to date costs what changed, and not what there is. The zero one is
// empty. One goroutine uses it at a time; the books that it gave do not change, and
// share what did not change.
type Growing struct {
	f       folding                   // of all entries
	about   map[parley.Ref][]*Entry   // by their first reference
	home    map[parley.Ref]parley.Ref // of requests: the contact they belong to
	of      map[parley.Ref]Of         // contacts
	terms   map[parley.Ref][]parley.Ref
	changed map[parley.Ref]bool // contacts
	book    *Book
}

func (g *Growing) init() {
	if g.book == nil {
		g.book = Fold(nil, nil)
		*g = Growing{f: folding{byRef: map[parley.Ref]*Entry{}, opened: openings{}, book: g.book}, about: map[parley.Ref][]*Entry{}, home: map[parley.Ref]parley.Ref{},
			of: map[parley.Ref]Of{}, terms: map[parley.Ref][]parley.Ref{}, changed: map[parley.Ref]bool{}, book: g.book}
	}
}

// Entry returns an entry that was taken.
func (g *Growing) Entry(r parley.Ref) (Entry, bool) {
	if e := g.f.byRef[r]; e != nil {
		return *e, true
	}
	return Entry{}, false
}

// Has reports whether an entry was taken.
func (g *Growing) Has(r parley.Ref) bool { return g.f.byRef[r] != nil }

// Add takes an entry that can be read. One that it has changes nothing.
func (g *Growing) Add(e Entry) {
	g.init()
	if g.Has(e.Ref) {
		return
	}
	x := &e
	g.f.byRef[x.Ref] = x
	if g.f.opened.note(x) {
		for _, r := range x.Refs {
			g.touch(g.f.byRef[r])
		}
	}
	if tells(x) {
		g.about[x.Refs[0]] = append(g.about[x.Refs[0]], x)
		g.touch(x)
	}
}

// touch has what is said of the contact of an entry made again.
func (g *Growing) touch(e *Entry) {
	if e == nil || len(e.Refs) == 0 {
		return
	}
	if root, ok := g.home[e.Refs[0]]; ok {
		g.changed[root] = true
	}
}

// Contact says which requests belong to a contact from now on: to no other, and no
// others to it.
func (g *Growing) Contact(o Of, requests []parley.Ref) {
	g.init()
	for _, r := range requests {
		if old, ok := g.home[r]; ok {
			g.changed[old] = true
		}
		g.home[r] = o.Contact
	}
	g.of[o.Contact], g.terms[o.Contact], g.changed[o.Contact] = o, requests, true
}

// Unread says what is held and cannot be read, in place of what was said of that
// before. The first of each party is enough.
func (g *Growing) Unread(es []Entry) {
	g.init()
	now := &Book{Unread: map[parley.PartyCode]*Entry{}}
	for i := range es {
		now.noteUnread(&es[i])
	}
	old := g.book.Unread
	if maps.EqualFunc(old, now.Unread, func(a, b *Entry) bool { return a.Ref == b.Ref && a.Rank == b.Rank && a.Early == b.Early }) {
		return
	}
	for _, t := range g.book.Contacts { // it may hold up any joint statement
		if len(t.Joints) > 0 {
			g.changed[t.Contact] = true
		}
	}
	g.book = &Book{Contacts: g.book.Contacts, Unread: now.Unread}
	g.f.book = g.book
}

// Book returns what all entries amount to. Nobody changes it.
func (g *Growing) Book() *Book {
	g.init()
	if len(g.changed) == 0 {
		return g.book
	}
	out := make([]*Told, 0, len(g.book.Contacts)+len(g.changed))
	for _, t := range g.book.Contacts {
		if !g.changed[t.Contact] {
			out = append(out, t)
		}
	}
	kept := len(out)
	for root := range g.changed {
		o := g.of[root]
		var es []*Entry
		for _, r := range g.terms[root] {
			if g.home[r] != root {
				continue
			}
			for _, e := range g.about[r] {
				if o.has(e) {
					es = append(es, e)
				}
			}
		}
		if len(es) > 0 {
			slices.SortFunc(es, byTime)
			out = append(out, g.f.told(o, es))
		}
	}
	if len(out) > kept {
		slices.SortFunc(out[kept:], compareTold)
		out = joined(out[:kept], out[kept:])
	}
	g.book = &Book{Contacts: out, Unread: g.book.Unread}
	g.f.book = g.book
	clear(g.changed)
	return g.book
}

// joined is one list of two in order.
func joined(a, b []*Told) []*Told {
	out := make([]*Told, 0, len(a)+len(b))
	for _, t := range b {
		at, _ := slices.BinarySearchFunc(a, t, compareTold)
		out, a = append(append(out, a[:at]...), t), a[at:]
	}
	return append(out, a...)
}
