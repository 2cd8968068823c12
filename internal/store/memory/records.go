package memory

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"parley"
	"parley/internal/store"
)

// row makes a row. Its bytes are the store's own: nobody changes an entry.
func (l *Line) row(st *state, g *gen, ref parley.Ref, e *entry) store.Row {
	r := store.Row{Line: l.id, Gen: ref.Gen, Index: ref.Index, Filed: e.filed, Party: g.party, Form: e.item.Form, Series: e.item.Series,
		Serial: e.item.Serial, Precedence: e.item.Precedence, Time: e.item.Time, Arrived: e.arrived, Exercise: e.item.Exercise,
		Faulty: e.faulty, Fault: e.fault, Pos: e.pos, Settled: e.pos > 0 && e.pos <= st.settled, Bytes: e.bytes}
	return r.WithContent(l.s.sealer, store.EntryName(l.id, ref), e.sealed)
}

func (l *Line) filedRow(id uint64, f filed) store.Row {
	r := store.Row{Line: l.id, Filed: id, Form: f.item.Form, Series: f.item.Series, Precedence: f.precedence, Arrived: f.at, Exercise: f.item.Exercise}
	return r.WithContent(l.s.sealer, store.FiledName(l.id, id), f.sealed)
}

// each calls f for every entry, by generation and index.
func (st *state) each(f func(*gen, parley.Ref, *entry)) {
	ids := make([]parley.GenerationID, 0, len(st.gens))
	for id := range st.gens {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b parley.GenerationID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range ids {
		for i, e := range st.gens[id].entries {
			f(st.gens[id], parley.Ref{Gen: id, Index: uint64(i)}, e)
		}
	}
}

func (st *state) find(ref parley.Ref) (*gen, *entry) {
	g := st.gens[ref.Gen]
	if g == nil || ref.Index >= uint64(len(g.entries)) {
		return nil, nil
	}
	return g, g.entries[ref.Index]
}

// Item returns one entry.
func (l *Line) Item(id parley.GenerationID, idx uint64) (r store.Row, err error) {
	ref := parley.Ref{Gen: id, Index: idx}
	err = l.read(func(st *state) error {
		g, e := st.find(ref)
		if e == nil {
			return store.NoItem(ref)
		}
		r = l.row(st, g, ref, e)
		return nil
	})
	return r, err
}

// FiledItem returns one item of the outbox.
func (l *Line) FiledItem(id uint64) (r store.Row, err error) {
	err = l.read(func(st *state) error {
		f, ok := st.outbox[id]
		if !ok {
			return store.NoFiled(id)
		}
		r = l.filedRow(id, f)
		return nil
	})
	return r, err
}

// FiledItems returns the outbox.
func (l *Line) FiledItems(limit int) (rs []store.Row, err error) {
	err = l.read(func(st *state) error {
		for id, f := range st.outbox {
			rs = append(rs, l.filedRow(id, f))
		}
		return nil
	})
	slices.SortFunc(rs, func(a, b store.Row) int { return cmp.Compare(a.Filed, b.Filed) })
	if limit > 0 && len(rs) > limit {
		rs = rs[:limit]
	}
	return rs, err
}

// Handed returns what an outbox item became.
func (l *Line) Handed(id uint64) (ref parley.Ref, ok bool, err error) {
	err = l.read(func(st *state) error {
		st.each(func(_ *gen, r parley.Ref, e *entry) {
			if e.filed == id && id != 0 {
				ref, ok = r, true
			}
		})
		return nil
	})
	return ref, ok, err
}

// Rows returns one page.
func (l *Line) Rows(f store.Filter) (rs []store.Row, total int64, err error) {
	err = l.read(func(st *state) error {
		var all []store.Row
		st.each(func(g *gen, ref parley.Ref, e *entry) {
			r := l.row(st, g, ref, e)
			if (f.Order == store.ByArrival || r.Settled && (f.At == nil || slices.Contains(f.At, r.Pos))) && matches(&f, &r, e.item.Offices) {
				all = append(all, r)
			}
		})
		total = int64(len(all))
		if f.At != nil {
			total = -1
		}
		rs = store.CutPage(&f, all)
		return nil
	})
	return rs, total, err
}

func byArrival(a, b *store.Row) int {
	return cmp.Or(cmp.Compare(a.Arrived, b.Arrived), bytes.Compare(a.Gen[:], b.Gen[:]), cmp.Compare(a.Index, b.Index))
}

func matches(f *store.Filter, r *store.Row, offices []parley.Office) bool {
	return (len(f.Forms) == 0 || slices.Contains(f.Forms, r.Form)) && !slices.Contains(f.Except, r.Form) &&
		(f.Party == "" || f.Party == r.Party) && (f.Office == "" || slices.Contains(offices, f.Office)) &&
		r.Precedence >= f.Precedence && (f.Serial == 0 || f.Serial == r.Serial) && (!f.Exercise || r.Exercise) && (!f.Faulty || r.Faulty)
}

// Unsettled returns rows that are not settled.
func (l *Line) Unsettled(f store.Filter) (rs []store.Row, total int64, err error) {
	err = l.read(func(st *state) error {
		st.each(func(g *gen, ref parley.Ref, e *entry) {
			if r := l.row(st, g, ref, e); !r.Settled && r.Pos >= 0 && matches(&f, &r, e.item.Offices) {
				rs = append(rs, r)
			}
		})
		return nil
	})
	total = int64(len(rs))
	slices.SortStableFunc(rs, func(a, b store.Row) int { return cmp.Compare(uint64(a.Pos-1), uint64(b.Pos-1)) })
	rs = slices.DeleteFunc(rs, func(r store.Row) bool { return r.Pos != 0 && r.Pos <= f.After })
	return rs[:min(len(rs), f.PageLimit())], total, err
}

// Referring returns what refers to the entry.
func (l *Line) Referring(id parley.GenerationID, idx uint64) (rs []store.Row, err error) {
	to := parley.Ref{Gen: id, Index: idx}
	err = l.read(func(st *state) error {
		st.each(func(g *gen, ref parley.Ref, e *entry) {
			if slices.Contains(e.item.Refs, to) {
				rs = append(rs, l.row(st, g, ref, e))
			}
		})
		for id, f := range st.outbox {
			if slices.Contains(f.item.Refs, to) {
				rs = append(rs, l.filedRow(id, f))
			}
		}
		return nil
	})
	slices.SortFunc(rs, func(a, b store.Row) int { return cmp.Or(byArrival(&a, &b), cmp.Compare(a.Filed, b.Filed)) })
	return rs, err
}

// Pending returns what has no final position.
func (l *Line) Pending() (ps []store.Pending, err error) {
	err = l.read(func(st *state) error {
		st.each(func(g *gen, ref parley.Ref, e *entry) {
			if e.pos == 0 || e.pos > st.settled {
				ps = append(ps, store.Pending{Gen: ref.Gen, Index: ref.Index, Party: g.party, Time: e.item.Time, Pos: e.pos})
			}
		})
		return nil
	})
	return ps, err
}

// Place gives positions.
func (l *Line) Place(ps []store.Position) error {
	return l.write(func(st *state) error {
		settled, err := store.Settle(ps, st.settled)
		if err != nil {
			return err
		}
		es := make([]*entry, 0, len(ps))
		for _, p := range ps {
			ref := parley.Ref{Gen: p.Gen, Index: p.Index}
			_, e := st.find(ref)
			switch {
			case e == nil:
				return store.NoItem(ref)
			case e.pos > 0 && e.pos <= st.settled && (e.pos != p.Pos || !p.Settled):
				return store.SettledMoved(ref, e.pos, p.Pos)
			}
			if p.Settled && p.Pos <= st.settled && e.pos != p.Pos {
				return store.SettledGap(p.Pos, st.settled+1)
			}
			es = append(es, e)
		}
		for i, p := range ps {
			es[i].pos = p.Pos
		}
		st.settled = settled
		return nil
	})
}

// Counts sums up the line.
func (l *Line) Counts() (c store.Counts, err error) {
	type key struct {
		p parley.PartyCode
		f string
	}
	forms := map[key]int64{}
	err = l.read(func(st *state) error {
		c.Settled, c.Filed = st.settled, int64(len(st.outbox))
		st.each(func(g *gen, _ parley.Ref, e *entry) {
			c.Entries++
			if e.pos == 0 {
				c.Unplaced++
			}
			if e.pos > st.settled {
				c.Placed++
			}
			if e.faulty {
				c.Faulty++
			}
			forms[key{g.party, e.item.Form}]++
		})
		return nil
	})
	for k, n := range forms {
		c.Forms = append(c.Forms, store.FormCount{Party: k.p, Form: k.f, N: n})
	}
	slices.SortFunc(c.Forms, func(a, b store.FormCount) int {
		return cmp.Or(strings.Compare(string(a.Party), string(b.Party)), strings.Compare(a.Form, b.Form))
	})
	return c, err
}

// Latest returns the entry of a form that arrived last.
func (l *Line) Latest(form string, party parley.PartyCode) (r store.Row, ok bool, err error) {
	err = l.read(func(st *state) error {
		st.each(func(g *gen, ref parley.Ref, e *entry) {
			if e.item.Form != form || party != "" && g.party != party {
				return
			}
			if n := l.row(st, g, ref, e); !ok || byArrival(&r, &n) <= 0 {
				r, ok = n, true
			}
		})
		return nil
	})
	return r, ok, err
}
