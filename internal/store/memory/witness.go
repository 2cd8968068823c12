package memory

import (
	"slices"
	"sort"

	"parley"
	"parley/internal/store"
)

// Cosign keeps cosignatures of witnesses.
func (l *Line) Cosign(cs []store.Cosignature) error {
	return l.write(func(st *state) error {
		for i := range cs {
			g := st.gens[cs[i].Gen]
			if g == nil || !g.hasHead(cs[i].Size) {
				return store.NoHead(&cs[i])
			}
		}
		for _, c := range cs {
			g := st.gens[c.Gen]
			g.cosigned = keepEnds(append(slices.Clone(g.cosigned), c))
		}
		return nil
	})
}

func (g *gen) hasHead(size uint64) bool {
	i := sort.Search(len(g.heads), func(i int) bool { return g.heads[i].Size >= size })
	return i < len(g.heads) && g.heads[i].Size == size
}

// keepEnds sorts, and keeps of one key over one checkpoint the earliest and the
// latest; of equal ones the first.
func keepEnds(cs []store.Cosignature) (out []store.Cosignature) {
	sort.SliceStable(cs, func(i, j int) bool { return store.LessCosignature(&cs[i], &cs[j]) })
	same := func(a, b store.Cosignature) bool { return a.Size == b.Size && a.Witness == b.Witness && a.Key == b.Key }
	for i, c := range cs {
		first := i == 0 || !same(cs[i-1], c)
		last := i == len(cs)-1 || !same(cs[i+1], c)
		if first || last && c.Time != out[len(out)-1].Time {
			out = append(out, c)
		}
	}
	return out
}

// Cosignatures returns those over size or more, at most n; 0: all.
func (l *Line) Cosignatures(id parley.GenerationID, size uint64, n int) (out []store.Cosignature, err error) {
	err = l.read(func(st *state) error {
		if g := st.gens[id]; g != nil {
			for _, c := range g.cosigned {
				if c.Size >= size && (n <= 0 || len(out) < n) {
					out = append(out, c)
				}
			}
		}
		return nil
	})
	return out, err
}

// Cosigned returns the latest cosignature of each key.
func (l *Line) Cosigned(id parley.GenerationID) (out []store.Cosignature, err error) {
	all, err := l.Cosignatures(id, 0, 0)
	for _, c := range all {
		at := slices.IndexFunc(out, func(o store.Cosignature) bool { return o.Witness == c.Witness && o.Key == c.Key })
		switch {
		case at < 0:
			out = append(out, c)
		case c.Time > out[at].Time:
			out[at] = c
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Witness != out[j].Witness {
			return out[i].Witness < out[j].Witness
		}
		return out[i].Key < out[j].Key
	})
	return out, err
}
