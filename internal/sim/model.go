package sim

import (
	"cmp"
	"slices"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/record"
	"parley/internal/seal"
	"parley/internal/store"
)

// The model is a naive line: every entry in one list, and what every order must
// keep (spec/order.md), each in the plainest way, with no care for time or space.
// It shares nothing with package record, against which it is held at the end of
// every run in which no log was superseded.
type model struct {
	parties []parley.PartyCode
	entries []*modelEntry
	at      map[parley.Ref]*modelEntry
	order   []*modelEntry
}

type modelEntry struct {
	ref   parley.Ref
	party parley.PartyCode
	time  uint64
	seen  map[parley.GenerationID]uint64 // accumulated
	taken bool
}

// newModel reads the clear parts of all that a station holds.
func newModel(s *station) *model {
	m := &model{parties: s.w.founding.Charter.Codes(), at: map[parley.Ref]*modelEntry{}}
	for _, l := range s.own.Engine.Status().Logs {
		acc := map[parley.GenerationID]uint64{}
		es, err := store.EntriesUpTo(s.disk, l.Gen, l.Size)
		must(err)
		for _, e := range es {
			p := check(seal.Parse(e.Bytes))
			next := map[parley.GenerationID]uint64{}
			for g, n := range acc {
				next[g] = n
			}
			for g, n := range p.Seen {
				next[g] = n
			}
			acc = next
			x := &modelEntry{ref: parley.Ref{Gen: e.Gen, Index: e.Index}, party: l.Party, time: p.Time, seen: acc}
			m.entries = append(m.entries, x)
			m.at[x.ref] = x
		}
	}
	m.sort()
	return m
}

// sort takes, again and again, the least of the entries all of whose
// predecessors are taken.
func (m *model) sort() {
	next := map[parley.GenerationID]uint64{} // how much of each log is taken
	for {
		var best *modelEntry
		for _, e := range m.entries {
			if !e.taken && m.ready(e, next) && (best == nil || m.before(e, best)) {
				best = e
			}
		}
		if best == nil {
			return
		}
		best.taken = true
		next[best.ref.Gen]++
		m.order = append(m.order, best)
	}
}

func (m *model) ready(e *modelEntry, next map[parley.GenerationID]uint64) bool {
	if next[e.ref.Gen] != e.ref.Index {
		return false
	}
	for g, n := range e.seen {
		if next[g] < n {
			return false
		}
	}
	return true
}

func (m *model) before(a, b *modelEntry) bool {
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.party, b.party), slices.Compare(a.ref.Gen[:], b.ref.Gen[:]), cmp.Compare(a.ref.Index, b.ref.Index)) < 0
}

func (m *model) covers(p parley.PartyCode, ref parley.Ref) bool {
	for _, e := range m.entries {
		if e.party == p && e.seen[ref.Gen] > ref.Index {
			return true
		}
	}
	return false
}

// compare holds every station's record against the model.
func (w *world) compare() {
	if w.counts.Generations > 0 {
		return // the model knows no superseded logs
	}
	on := w.on()
	if len(on) < 2 {
		return // nobody is left to settle it
	}
	for _, s := range on {
		if len(s.disk.recs) > 0 && s.disk.full {
			continue
		}
		m := newModel(s)
		if len(m.order) != len(m.entries) {
			w.fail("one order", "%s: the model can place %d of %d entries", s.code, len(m.order), len(m.entries))
			return
		}
		w.compareOrder(s, m)
		w.compareLadders(s, m)
		w.counts.Compared += len(m.order)
	}
}

// compareOrder checks of every entry that its place comes after the entry before
// it in its log and after all that it had seen, that no place is given twice, and
// that what is settled is covered by an entry of every other party.
func (w *world) compareOrder(s *station, m *model) {
	at, taken := map[parley.Ref]int64{}, map[int64]bool{}
	settled := map[parley.Ref]bool{}
	for _, e := range m.order {
		r, err := s.disk.Item(e.ref.Gen, e.ref.Index)
		must(err)
		if r.Pos == store.OffRecord && w.watch.rules.out(w.watch.owner[e.ref.Gen]) {
			continue // what others had not seen when they went on without it
		}
		if r.Pos < 1 || taken[r.Pos] {
			w.fail("one order", "%s gives %s %s the place %d", s.code, w.watch.name(e.ref.Gen), e.ref, r.Pos)
			return
		}
		at[e.ref], taken[r.Pos], settled[e.ref] = r.Pos, true, r.Settled
	}
	for _, e := range m.order {
		before := map[parley.GenerationID]uint64{e.ref.Gen: e.ref.Index}
		for g, n := range e.seen {
			before[g] = n
		}
		for g, n := range before {
			if n > 0 && at[parley.Ref{Gen: g, Index: n - 1}] >= at[e.ref] {
				w.fail("one order", "%s places %s %s at %d, before what it had seen", s.code, w.watch.name(e.ref.Gen), e.ref, at[e.ref])
				return
			}
		}
		for _, p := range m.parties {
			if settled[e.ref] && p != e.party && !slices.ContainsFunc(w.stations, func(o *station) bool { return o.code == p && w.watch.rules.out(o) }) && !m.covers(p, e.ref) {
				w.fail("settled means settled", "%s calls %s %s settled, which %s does not confirm", s.code, w.watch.name(e.ref.Gen), e.ref, p)
				return
			}
		}
	}
}

// compareLadders climbs the ladder of each dispatch naively, and by package
// record.
func (w *world) compareLadders(s *station, m *model) {
	var later []record.Referrer
	for _, e := range m.order {
		r, err := s.disk.Item(e.ref.Gen, e.ref.Index)
		must(err)
		c := check(r.Content())
		if c.Header == nil {
			continue
		}
		h := check(form.ParseHeader(c.Header))
		f, _, err := form.ParseBody(h.Form, c.Body)
		must(err)
		later = append(later, record.Referrer{Ref: e.ref, Party: e.party, Header: h, Form: f, At: time.Unix(int64(e.time), 0)})
	}
	for i := range later {
		d := &later[i]
		if d.Header.Form != "dispatch" {
			continue
		}
		for _, reader := range m.parties {
			if reader == d.Party {
				continue
			}
			in := record.LadderInput{Ref: d.Ref, Writer: d.Party, Header: d.Header, Reader: reader, Later: referring(later, d.Ref)}
			for _, rung := range record.Ladder(in) {
				if got, want := !rung.At.IsZero(), naiveRung(later, d, reader, rung.Rung); rung.Rung >= parley.Opened && got != want {
					w.fail("one ladder", "%s: rung %s of %s for %s: %t, the model says %t", s.code, rung.Rung, d.Ref, reader, got, want)
				}
			}
		}
	}
}

func referring(all []record.Referrer, to parley.Ref) []record.Referrer {
	return slices.DeleteFunc(slices.Clone(all), func(r record.Referrer) bool { return !slices.Contains(r.Header.Refs, to) })
}

// naiveRung reports whether a party has said that it climbed a rung.
func naiveRung(all []record.Referrer, d *record.Referrer, reader parley.PartyCode, rung parley.Rung) bool {
	want := map[parley.Rung]string{parley.Opened: "opened", parley.Translated: "translated", parley.PrincipalInformed: "informed", parley.Answered: "dispatch"}[rung]
	for i := range all {
		x := &all[i]
		if x.Party == reader && x.Header.Form == want && len(x.Header.Refs) > 0 && x.Header.Refs[0] == d.Ref && (want != "dispatch" || x.Header.Marker == parley.Answer) {
			return true
		}
	}
	return false
}
