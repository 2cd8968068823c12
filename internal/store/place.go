package store

import (
	"cmp"
	"slices"

	"parley"
)

// Settle checks the positions of one Place call against the largest settled
// position so far, and returns the largest afterwards: settled positions
// follow one another without gaps, and unsettled ones are beyond them. The
// error is Conflict.
func Settle(ps []Position, settled int64) (int64, error) {
	sorted := slices.Clone(ps)
	slices.SortFunc(sorted, func(a, b Position) int { return cmp.Compare(a.Pos, b.Pos) })
	last := settled
	seen := make(map[parley.Ref]bool, len(ps))
	for _, p := range sorted {
		switch {
		case p.Settled && p.Pos > 0 && p.Pos <= settled: // told again
		case p.Settled && p.Pos == last+1:
			last++
		case p.Settled:
			return 0, SettledGap(p.Pos, last+1)
		}
	}
	for i, p := range sorted {
		ref := parley.Ref{Gen: p.Gen, Index: p.Index}
		if seen[ref] {
			return 0, parley.Errorf(parley.Conflict, "entry %s is placed twice", ref)
		}
		seen[ref] = true
		if !p.Settled && p.Pos > 0 && p.Pos <= last || p.Pos < OffRecord {
			return 0, SettledGap(p.Pos, last+1)
		}
		if i > 0 && p.Pos > 0 && p.Pos == sorted[i-1].Pos {
			return 0, SettledGap(p.Pos, last+1)
		}
	}
	return last, nil
}

// CutPage sorts all rows that f selects and returns the page of f: for engines
// that have them in memory.
func CutPage(f *Filter, all []Row) (rs []Row) {
	slices.SortStableFunc(all, func(a, b Row) int {
		if f.Order == ByArrival {
			return cmp.Compare(a.Arrived, b.Arrived)
		}
		return cmp.Compare(a.Pos, b.Pos)
	})
	if f.Newest {
		slices.Reverse(all)
	}
	started := f.Cursor.Gen == parley.GenerationID{}
	for i := range all {
		r := &all[i]
		switch {
		case f.Order == ByPosition && (r.Pos <= f.After || f.Before > 0 && r.Pos >= f.Before):
			continue
		case f.Order == ByArrival && (r.Arrived < f.Since || f.Until > 0 && r.Arrived >= f.Until):
			continue
		case f.Order == ByArrival && !started:
			started = r.Ref() == f.Cursor
			continue
		}
		if rs = append(rs, *r); len(rs) == f.PageLimit() {
			break
		}
	}
	return rs
}
