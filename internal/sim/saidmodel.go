package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/said"
	"parley/internal/store"
)

// The model of statements reads spec/statements.md sentence by sentence, each in the
// plainest way, and shares with package said no more than the forms. It is held
// against what every station shows at the end of a run, of stations that were
// restored too. The contacts themselves, of which statements are, it is given.
type saidModel struct {
	all     []*saidEntry
	at      map[parley.Ref]*saidEntry
	home    map[parley.Ref]*contact.Contact // by request
	parties []parley.PartyCode              // of the contact that is looked at
}

type saidEntry struct {
	ref   parley.Ref
	party parley.PartyCode
	rank  int // of its log among those of its party
	time  time.Time
	refs  []parley.Ref
	form  form.Form // nil: unread
	early bool      // its generation is not in force
}

// newSaidModel reads all that a station holds.
func newSaidModel(s *station, cb *contact.Book) *saidModel {
	m := &saidModel{at: map[parley.Ref]*saidEntry{}, home: map[parley.Ref]*contact.Contact{}}
	for _, c := range cb.Contacts {
		home := c
		if c.Other != nil && lessRef(c.Other.Ref(), c.Ref()) {
			home = c.Other
		}
		for _, t := range c.Terms {
			m.home[t.Ref] = home
		}
	}
	logs := s.own.Engine.Status().Logs
	for i, l := range logs {
		rank, newest := 0, true
		for j, o := range logs {
			if o.Party == l.Party && j < i {
				rank++
			}
			newest = newest && (o.Party != l.Party || j <= i)
		}
		es, err := store.EntriesUpTo(s.disk, l.Gen, l.Size)
		must(err)
		for k := range es {
			m.add(s, &es[k], l.Party, rank, newest)
		}
	}
	return m
}

func (m *saidModel) add(s *station, e *saidStored, party parley.PartyCode, rank int, newest bool) {
	r, err := s.disk.Item(e.Gen, e.Index)
	must(err)
	if r.Pos == store.OffRecord || r.Pos == 0 && !newest || r.Form == store.EpochForm {
		return
	}
	first, err := s.disk.Item(e.Gen, 0)
	must(err)
	x := &saidEntry{ref: parley.Ref{Gen: e.Gen, Index: e.Index}, party: party, rank: rank, time: time.Unix(int64(r.Time), 0).UTC(), early: rank > 0 && !first.Settled}
	switch {
	case e.Header == nil && (e.Fault == parley.Unreadable || e.Fault == parley.Quota):
	case e.Header == nil || e.Faulty:
		return
	default:
		h := check(form.ParseHeader(e.Header))
		x.refs = h.Refs
		x.form, _, err = form.ParseBody(h.Form, e.Body)
		must(err)
	}
	m.all = append(m.all, x)
	m.at[x.ref] = x
}

// before reports whether a stands before b in the logs of their one party.
func (a *saidEntry) before(b *saidEntry) bool {
	return a.party == b.party && (a.rank < b.rank || a.rank == b.rank && a.ref.Index < b.ref.Index)
}

// of returns the entries of one form that belong to a contact, in the order of time.
func saidOf[T form.Form](m *saidModel, root parley.Ref, want func(*saidEntry, T) bool) (out []*saidEntry) {
	for _, e := range m.all {
		f, is := e.form.(T)
		if !is || len(e.refs) == 0 {
			continue
		}
		c := m.home[e.refs[0]]
		if c != nil && c.Ref() == root && slices.Contains(c.Parties, e.party) && want(e, f) {
			out = append(out, e)
		}
	}
	return out
}

// about returns what an entry names after the request.
func (m *saidModel) about(e *saidEntry) *saidEntry {
	if len(e.refs) < 2 {
		return nil
	}
	return m.at[e.refs[1]]
}

// hasRead reports whether a party has opened an entry; before: in its own logs
// before that, nil: at all.
func (m *saidModel) hasRead(p parley.PartyCode, of, before *saidEntry) bool {
	return m.receipt(p, of, before) != nil
}

func (m *saidModel) receipt(p parley.PartyCode, of, before *saidEntry) (first *saidEntry) {
	for _, e := range m.all {
		if _, is := e.form.(*form.Opened); is && e.party == p && slices.Contains(e.refs, of.ref) && (before == nil || e.before(before)) && (first == nil || e.before(first)) {
			first = e
		}
	}
	return first
}

// text is what the model says of a contact.
func (m *saidModel) text(root parley.Ref, c *contact.Contact) string {
	m.parties = c.Parties
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	x := m.embargoes(root)
	x.tell(line)
	for _, p := range m.parties {
		m.side(root, p, line)
	}
	stands := map[parley.Ref]bool{}
	for _, j := range saidOf(m, root, func(_ *saidEntry, f *said.Joint) bool { return f.Step == said.Offer }) {
		state := m.jointState(root, j)
		stands[j.ref] = state == said.JointStands
		line("joint %s %s", j.ref, state)
	}
	for _, p := range saidOf(m, root, func(*saidEntry, *said.Published) bool { return true }) {
		f := p.form.(*said.Published)
		unsigned := false
		if f.Kind == said.JointStatement {
			j := m.about(p)
			if j == nil {
				continue
			}
			is, proposed := stands[j.ref]
			if !proposed {
				continue
			}
			unsigned = !is
		}
		early, crossed, left := x.published(p, f)
		line("published %s early %s crossed %s left %s unsigned %t", p.ref, early, crossed, left, unsigned)
	}
	return sortedLines(out.String())
}

func sortedLines(s string) string {
	ls := strings.Split(strings.TrimSpace(s), "\n")
	slices.Sort(ls)
	return strings.Join(ls, "\n") + "\n"
}

// without returns the lines of a that b does not have.
func without(a, b string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(strings.TrimSpace(a), "\n"), func(l string) bool { return slices.Contains(strings.Split(b, "\n"), l) }), ", ")
}

// compareSaidModel holds what a station shows against the model.
func (w *world) compareSaidModel(s *station) {
	cb, b := s.books()
	m := newSaidModel(s, cb)
	for _, c := range cb.Contacts {
		if c.Other != nil && lessRef(c.Other.Ref(), c.Ref()) {
			continue
		}
		t := b.Find(c.Ref())
		if t == nil {
			t = &said.Told{Of: said.Of{Contact: c.Ref(), Parties: c.Parties}}
			for _, p := range c.Parties {
				t.Sides = append(t.Sides, &said.Side{Party: p})
			}
		}
		if got, want := toldText(t), m.text(c.Ref(), c); got != want {
			w.fail("statements are as the specification says", "%s says of %s: %s; the model: %s", s.code, c.Ref(), without(got, want), without(want, got))
			return
		}
		w.counts.SaidModel += strings.Count(toldText(t), "\n")
	}
}

// toldText is what a book says of a contact, in the model's spelling.
func toldText(t *said.Told) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	l := &t.Embargo
	for _, x := range l.Terms {
		line("embargo %s depth %d stands %t open %t loose %v left %v", x.Ref, x.Depth, l.Standing == x, slices.Contains(l.Open, x), x.Loose, refsOf(x.Left))
	}
	for _, s := range t.Sides {
		shown, now, owes := parley.Ref{}, parley.Ref{}, parley.Ref{}
		if s.Shown != nil {
			shown, now = s.Shown.Ref, s.Current.Ref
		}
		if s.Owes != nil {
			owes = s.Owes.Ref
		}
		line("side %s shown %s now %s owes %s", s.Party, shown, now, owes)
		for _, v := range s.Drafts {
			line("draft %s fault %q", v.Ref, v.Fault)
		}
	}
	for _, j := range t.Joints {
		line("joint %s %s", j.Ref, j.State)
	}
	for _, p := range t.Published {
		line("published %s early %s crossed %s left %s unsigned %t", p.Ref, termOf(p.Early), termOf(p.Crossed), termOf(p.Left), p.Unsigned)
	}
	return sortedLines(out.String())
}
