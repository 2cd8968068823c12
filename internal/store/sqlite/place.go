package sqlite

import (
	"cmp"
	"database/sql/driver"
	"slices"
	"strconv"
	"strings"

	"parley"
	"parley/internal/store"
)

// Place gives positions, all or none.
func (l *Line) Place(ps []store.Position) error {
	n, err := l.s.lineN(l.id)
	if err != nil || len(ps) == 0 {
		return err
	}
	ps = slices.Clone(ps)
	slices.SortFunc(ps, func(a, b store.Position) int { return cmp.Compare(a.Pos, b.Pos) })
	return l.s.run(false, func(t *tx) error { return l.place(t, n, ps) })
}

func (l *Line) place(t *tx, n int64, ps []store.Position) error {
	settled, err := t.Number("SELECT settled FROM lines WHERE n = ?", n)
	if err != nil {
		return err
	}
	to, err := store.Settle(ps, settled)
	if err != nil {
		return err
	}
	marks := newMarker(t, n)
	for len(ps) > 0 {
		run := runOf(ps, settled)
		done := false
		if len(run) > 1 {
			if done, err = l.placeRun(t, n, run, settled, marks); err != nil {
				return err
			}
		}
		for i := 0; i < len(run) && !done; i++ {
			if err := l.placeOne(t, n, run[i], settled, marks); err != nil {
				return err
			}
		}
		ps = ps[len(run):]
	}
	if to == settled {
		return nil
	}
	if err := marks.finish(); err != nil {
		return err
	}
	return t.Exec("UPDATE lines SET settled = ? WHERE n = ?", to, n)
}

// runOf returns the first of ps that follow one another in one log and on the record,
// all new to it: what one party said without another between.
func runOf(ps []store.Position, settled int64) []store.Position {
	n, first := 1, ps[0]
	for ; n < len(ps) && first.Pos > settled; n++ {
		p := ps[n]
		if p.Gen != first.Gen || p.Index != first.Index+uint64(n) || p.Pos != first.Pos+int64(n) || p.Settled != first.Settled {
			break
		}
	}
	return ps[:n]
}

// placeRun gives a run its positions by two statements. It does nothing where one of
// them is not stored, or settled already: done is false then, and each alone says why.
func (l *Line) placeRun(t *tx, n int64, run []store.Position, settled int64, marks *marker) (done bool, _ error) {
	g, err := l.gen(t, n, run[0].Gen)
	if err != nil {
		return false, err
	}
	from, to := g.key(run[0].Index), g.key(run[len(run)-1].Index)
	facets := make([][]string, 0, len(run))
	err = t.Each(func(row []driver.Value) error {
		facets = append(facets, facetsOf(row, g.party))
		return nil
	}, `SELECT form, precedence, exercise, fault, offices FROM items
		WHERE id BETWEEN ? AND ? AND (pos < 1 OR pos > ?) ORDER BY id`, from, to, settled)
	if err != nil || len(facets) < len(run) {
		return false, err
	}
	for i := range run {
		for _, f := range facets[i] {
			if run[i].Settled {
				marks.set(f, run[i].Pos)
			}
		}
	}
	return true, t.Exec("UPDATE items SET pos = ? + id - ? WHERE id BETWEEN ? AND ?", run[0].Pos, from, from, to)
}

func (l *Line) placeOne(t *tx, n int64, p store.Position, settled int64, marks *marker) error {
	g, err := l.gen(t, n, p.Gen)
	if err != nil {
		return err
	}
	if p.Settled && p.Pos <= settled { // told again, or a fault
		return l.sameplace(t, g, p)
	}
	found := false
	err = t.Each(func(row []driver.Value) error {
		found = true
		if p.Settled {
			for _, f := range facetsOf(row, g.party) {
				marks.set(f, p.Pos)
			}
		}
		return nil
	}, `UPDATE items SET pos = ? WHERE id = ? AND (pos < 1 OR pos > ?)
		RETURNING form, precedence, exercise, fault, offices`, p.Pos, g.key(p.Index), settled)
	if err != nil || found {
		return err
	}
	return l.sameplace(t, g, p)
}

// sameplace refuses a position that is not the one the entry has.
func (l *Line) sameplace(t *tx, g *gen, p store.Position) error {
	was, found := int64(0), false
	err := t.Each(func(row []driver.Value) error {
		was, found = num(row[0]), true
		return nil
	}, "SELECT pos FROM items WHERE id = ?", g.key(p.Index))
	switch {
	case err != nil:
		return err
	case !found:
		return store.NoItem(parley.Ref{Gen: p.Gen, Index: p.Index})
	case was == p.Pos && p.Settled:
		return nil
	case was < 1:
		return store.SettledGap(p.Pos, p.Pos+1)
	}
	return store.SettledMoved(parley.Ref{Gen: p.Gen, Index: p.Index}, was, p.Pos)
}

// Facets: what settled positions can be selected by.
const (
	facetForm       = "form "
	facetParty      = "party "
	facetOffice     = "office "
	facetPrecedence = "precedence " // at least
	facetExercise   = "exercise"
	facetFaulty     = "faulty"
)

// facetsOf reads form, precedence, exercise, fault, offices.
func facetsOf(row []driver.Value, party parley.PartyCode) []string {
	fs := []string{facetForm + text(row[0]), facetParty + string(party)}
	for p := int64(1); p <= num(row[1]) && p <= int64(parley.Flash); p++ {
		fs = append(fs, facetPrecedence+strconv.FormatInt(p, 10))
	}
	if num(row[2]) != 0 {
		fs = append(fs, facetExercise)
	}
	if num(row[3]) != 0 {
		fs = append(fs, facetFaulty)
	}
	for _, o := range strings.Fields(text(row[4])) {
		fs = append(fs, facetOffice+o)
	}
	return fs
}
