package store

import (
	"cmp"
	"slices"
)

// Settle checks the positions of one Place call against the largest settled
// position so far, and returns the largest afterwards: settled positions
// follow one another without gaps, and unsettled ones are beyond them. The
// error is Conflict.
func Settle(ps []Position, settled int64) (int64, error) {
	sorted := slices.Clone(ps)
	slices.SortFunc(sorted, func(a, b Position) int { return cmp.Compare(a.Pos, b.Pos) })
	last := settled
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
		if !p.Settled && p.Pos > 0 && p.Pos <= last || p.Pos < OffRecord {
			return 0, SettledGap(p.Pos, last+1)
		}
		if i > 0 && p.Pos > 0 && p.Pos == sorted[i-1].Pos {
			return 0, SettledGap(p.Pos, last+1)
		}
	}
	return last, nil
}
