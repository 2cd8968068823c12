package compare

import "slices"

// An edit is a stretch where two texts differ: tokens a0 to a1 of the one stand
// where b0 to b1 of the other do. Either may be empty.
type edit struct{ a0, a1, b0, b1 int }

// numbering gives each key a small number, the same in both texts.
type numbering map[string]int32

func (n numbering) of(keys []string) []int32 {
	out := make([]int32, len(keys))
	for i, k := range keys {
		id, ok := n[k]
		if !ok {
			id = int32(len(n))
			n[k] = id
		}
		out[i] = id
	}
	return out
}

// diff finds where two sequences differ. It holds on to what is at both ends and
// to what stands exactly once in each, as patience diff does, and looks for the
// longest common part of what is left between. A stretch of more than maxCells
// without anything to hold on to counts as wholly different.
func diff(a, b []int32) (out []edit) {
	type block struct {
		edit
		depth int
	}
	todo := []block{{edit{0, len(a), 0, len(b)}, 0}}
	for len(todo) > 0 { // a stack: what stands first is on top, so edits come in order
		x := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for x.a0 < x.a1 && x.b0 < x.b1 && a[x.a0] == b[x.b0] {
			x.a0, x.b0 = x.a0+1, x.b0+1
		}
		for x.a0 < x.a1 && x.b0 < x.b1 && a[x.a1-1] == b[x.b1-1] {
			x.a1, x.b1 = x.a1-1, x.b1-1
		}
		switch {
		case x.a0 == x.a1 && x.b0 == x.b1:
			continue
		case x.a0 == x.a1 || x.b0 == x.b1:
			out = append(out, x.edit)
			continue
		case (x.a1-x.a0)*(x.b1-x.b0) <= maxCells:
			out = append(out, longest(a, b, x.edit)...)
			continue
		}
		holds := anchors(a[x.a0:x.a1], b[x.b0:x.b1])
		if len(holds) == 0 || x.depth == maxDepth {
			out = append(out, x.edit)
			continue
		}
		last := block{x.edit, x.depth + 1}
		var parts []block
		for _, h := range holds {
			i, j := x.a0+h[0], x.b0+h[1]
			parts = append(parts, block{edit{last.a0, i, last.b0, j}, x.depth + 1})
			last.a0, last.b0 = i+1, j+1
		}
		parts = append(parts, last)
		slices.Reverse(parts)
		todo = append(todo, parts...)
	}
	return join(out)
}

// anchors are the pairs of what stands exactly once in each of two sequences,
// the longest run of them that goes forward in both.
func anchors(a, b []int32) (out [][2]int) {
	type seen struct{ n, m, i, j int }
	at := map[int32]*seen{}
	for i, k := range a {
		if s := at[k]; s != nil {
			s.n++
		} else {
			at[k] = &seen{n: 1, i: i}
		}
	}
	for j, k := range b {
		if s := at[k]; s != nil {
			s.m++
			s.j = j
		}
	}
	var tails []int // index into pairs of the smallest end of a run of each length
	var pairs [][2]int
	var before []int
	for i, k := range a {
		s := at[k]
		if s.n != 1 || s.m != 1 {
			continue
		}
		n, _ := slices.BinarySearchFunc(tails, s.j, func(p, j int) int { return pairs[p][1] - j })
		prev := -1
		if n > 0 {
			prev = tails[n-1]
		}
		pairs, before = append(pairs, [2]int{i, s.j}), append(before, prev)
		if n == len(tails) {
			tails = append(tails, len(pairs)-1)
		} else {
			tails[n] = len(pairs) - 1
		}
	}
	if len(tails) == 0 {
		return nil
	}
	for p := tails[len(tails)-1]; p >= 0; p = before[p] {
		out = append(out, pairs[p])
	}
	slices.Reverse(out)
	return out
}

// longest finds the edits of a block by its longest common subsequence. Where
// there are several it prefers the one whose changes stand together.
func longest(a, b []int32, x edit) (out []edit) {
	n, m := x.a1-x.a0, x.b1-x.b0
	w := m + 1
	// Two for what is equal, one more where its neighbour before is equal too.
	l := make([]int32, (n+1)*w)
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			best := max(l[(i+1)*w+j], l[i*w+j+1])
			if a[x.a0+i] == b[x.b0+j] {
				v := l[(i+1)*w+j+1] + 4
				if i+1 < n && j+1 < m && a[x.a0+i+1] == b[x.b0+j+1] {
					v++
				}
				best = max(best, v)
			}
			l[i*w+j] = best
		}
	}
	i, j := 0, 0
	at := edit{x.a0, x.a0, x.b0, x.b0}
	flush := func() {
		if at.a0 < at.a1 || at.b0 < at.b1 {
			out = append(out, at)
		}
	}
	for i < n && j < m {
		v := l[(i+1)*w+j+1] + 4
		if i+1 < n && j+1 < m && a[x.a0+i+1] == b[x.b0+j+1] {
			v++
		}
		switch {
		case a[x.a0+i] == b[x.b0+j] && l[i*w+j] == v:
			flush()
			i, j = i+1, j+1
			at = edit{x.a0 + i, x.a0 + i, x.b0 + j, x.b0 + j}
		case l[(i+1)*w+j] >= l[i*w+j+1]:
			i++
			at.a1 = x.a0 + i
		default:
			j++
			at.b1 = x.b0 + j
		}
	}
	at.a1, at.b1 = x.a1, x.b1
	flush()
	return out
}

// join makes one of edits that touch.
func join(in []edit) (out []edit) {
	for _, e := range in {
		if n := len(out); n > 0 && out[n-1].a1 == e.a0 && out[n-1].b1 == e.b0 {
			out[n-1].a1, out[n-1].b1 = e.a1, e.b1
			continue
		}
		out = append(out, e)
	}
	return out
}
