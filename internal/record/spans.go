package record

import (
	"cmp"
	"slices"
	"sort"
)

// spans answers who stored an entry, and by when it existed, from the signed
// words of others over its log.
type spans struct {
	all    []stamp            // by size
	least  []stamp            // least[i]: the earliest of all[i:]
	stores map[string][]stamp // the same by holder, by size
	early  map[string][]stamp
}

func newSpans(stamps []stamp) *spans {
	s := &spans{stores: map[string][]stamp{}, early: map[string][]stamp{}}
	s.all = slices.Clone(stamps)
	slices.SortStableFunc(s.all, func(a, b stamp) int { return cmp.Compare(a.size, b.size) })
	s.least = earliest(s.all)
	for _, x := range s.all {
		if !x.witness {
			s.stores[x.by] = append(s.stores[x.by], x)
		}
	}
	for by, list := range s.stores {
		s.early[by] = earliest(list)
	}
	return s
}

func earliest(list []stamp) []stamp {
	out := slices.Clone(list)
	for i := len(out) - 2; i >= 0; i-- {
		if out[i+1].time < out[i].time {
			out[i] = out[i+1]
		}
	}
	return out
}

// over returns the earliest stamp of a list over a size above index.
func over(list, least []stamp, index uint64) (stamp, bool) {
	i := sort.Search(len(list), func(i int) bool { return list[i].size > index })
	if i == len(list) {
		return stamp{}, false
	}
	return least[i], true
}

func (s stamp) report() Stamp { return Stamp{By: s.by, Witness: s.witness, Time: s.time, Size: s.size} }

// notAfter is the earliest signed word of another that the entry was there.
func (s *spans) notAfter(index uint64) *Stamp {
	x, ok := over(s.all, s.least, index)
	if !ok {
		return nil
	}
	r := x.report()
	return &r
}

// stored lists, for each party that gave a receipt over the entry, the first.
func (s *spans) stored(index uint64) []Stamp {
	var out []Stamp
	for by, list := range s.stores {
		if x, ok := over(list, s.early[by], index); ok {
			out = append(out, x.report())
		}
	}
	slices.SortFunc(out, func(a, b Stamp) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.By, b.By)) })
	return out
}
