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
	return l.s.w.run(false, func(t *tx) error { return l.place(t, n, ps) })
}

func (l *Line) place(t *tx, n int64, ps []store.Position) error {
	settled, err := t.number("SELECT settled FROM lines WHERE n = ?", n)
	if err != nil {
		return err
	}
	to, err := store.Settle(ps, settled)
	if err != nil {
		return err
	}
	marks := newMarker(t, n)
	for _, p := range ps {
		if err := l.placeOne(t, n, p, settled, marks); err != nil {
			return err
		}
	}
	if to == settled {
		return nil
	}
	if err := marks.finish(); err != nil {
		return err
	}
	return t.exec("UPDATE lines SET settled = ? WHERE n = ?", to, n)
}

func (l *Line) placeOne(t *tx, n int64, p store.Position, settled int64, marks *marker) error {
	ref := parley.Ref{Gen: p.Gen, Index: p.Index}
	g, err := l.gen(t, n, p.Gen)
	if err != nil {
		return err
	}
	k, found := g.key(p.Index), false
	var was int64
	var facets []string
	err = t.each(func(row []driver.Value) error {
		found, was = true, num(row[0])
		if p.Settled && p.Pos > settled {
			facets = facetsOf(row, g.party)
		}
		return nil
	}, "SELECT pos, form, precedence, exercise, fault, offices FROM items WHERE id = ?", k)
	switch {
	case err != nil:
		return err
	case !found:
		return store.NoItem(ref)
	case was > 0 && was <= settled:
		if was == p.Pos && p.Settled {
			return nil
		}
		return store.SettledMoved(ref, was, p.Pos)
	case p.Settled && p.Pos <= settled:
		return store.SettledGap(p.Pos, settled+1)
	}
	for _, f := range facets {
		marks.set(f, p.Pos)
	}
	if was == p.Pos {
		return nil
	}
	return t.exec("UPDATE items SET pos = ? WHERE id = ?", p.Pos, k)
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

// facetsOf reads pos, form, precedence, exercise, fault, offices.
func facetsOf(row []driver.Value, party parley.PartyCode) []string {
	fs := []string{facetForm + text(row[1]), facetParty + string(party)}
	for p := int64(1); p <= num(row[2]) && p <= int64(parley.Flash); p++ {
		fs = append(fs, facetPrecedence+strconv.FormatInt(p, 10))
	}
	if num(row[3]) != 0 {
		fs = append(fs, facetExercise)
	}
	if num(row[4]) != 0 {
		fs = append(fs, facetFaulty)
	}
	for _, o := range strings.Fields(text(row[5])) {
		fs = append(fs, facetOffice+o)
	}
	return fs
}
