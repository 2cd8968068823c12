package compare

import (
	"slices"
	"strings"

	"parley/internal/said"
)

// States of a confirmed wording in a statement.
const (
	SameWords  = "same"
	OtherWords = "reworded"
	Absent     = "absent"
)

// A Wording is a confirmed wording as a statement has it, in one language.
type Wording struct {
	Wording int    `json:"wording"` // in Known.Wordings
	Lang    string `json:"lang"`
	State   string `json:"state"`
	In      []Span `json:"in,omitempty"`  // the passage that says it
	Lit     []Span `json:"lit,omitempty"` // the words of it that the wording does not have
	Of      []Span `json:"of,omitempty"`  // the words of the wording that it does not have

	toks []token // of the text
	from int     // the passage
	to   int
	own  []token // of the wording
}

// enough is how much of a wording must stand in one passage for it to be the
// wording in other words: twice what is common against what both have.
const enough = 0.5

// Wordings says of each confirmed wording whether a statement has it, in every
// language in which the wording stands and the statement says anything.
// Punctuation, quotation marks, capital letters and what shows nothing do not
// make another wording of it.
func Wordings(st *said.Statement, known Known) (out []Wording) {
	for _, lang := range st.Languages() {
		out = append(out, wordingsIn(st, &known, lang)...)
	}
	slices.SortStableFunc(out, func(a, b Wording) int { return a.Wording - b.Wording })
	return out
}

func wordingsIn(st *said.Statement, known *Known, lang string) (out []Wording) {
	var texts [][]token
	for i := range st.Items {
		texts = append(texts, bare(tokens(lang, clip(st.Items[i].Text(lang)))))
	}
	for n, w := range known.Wordings {
		text := textIn(w, lang)
		own := bare(tokens(lang, clip(text)))
		if len(own) == 0 {
			continue
		}
		best := Wording{Wording: n, Lang: lang, State: Absent, own: own}
		likest := 0.0
		for i, ts := range texts {
			from, to, by := find(own, ts)
			if by < enough || by <= likest {
				continue
			}
			likest = by
			best.toks, best.from, best.to, best.State = ts, from, to, OtherWords
			best.In = []Span{{i, ts[from].from, ts[to-1].to}}
		}
		if best.State == OtherWords {
			best.light()
		}
		out = append(out, best)
	}
	return out
}

// textIn is a wording in a language, or in that language of another region.
func textIn(w []said.Said, lang string) string {
	for _, t := range w {
		if t.Lang == lang {
			return t.Text
		}
	}
	for _, t := range w {
		if base(t.Lang) == base(lang) {
			return t.Text
		}
	}
	return ""
}

// bare leaves out punctuation, but not what is read as a word: per cent, currencies.
func bare(ts []token) (out []token) {
	stop := false
	for _, t := range ts {
		if t.kind == point && !strings.Contains("%$€£¥°'s", t.key) {
			stop = stop || strings.Contains(".,;:!?()-", t.key)
			continue
		}
		t.stop, stop = stop || t.line, false
		out = append(out, t)
	}
	return out
}

// light finds the words that differ.
func (w *Wording) light() {
	w.Lit, w.Of = nil, nil
	item := w.In[0].Item
	for _, e := range edits(w.own, w.toks[w.from:w.to]) {
		w.Of = append(w.Of, lit(w.own, e.a0, e.a1)...)
		for _, s := range lit(w.toks, w.from+e.b0, w.from+e.b1) {
			s.Item = item
			w.Lit = append(w.Lit, s)
		}
	}
	if len(w.Lit) == 0 && len(w.Of) == 0 {
		w.State = SameWords
	}
}

// find looks for the passage of a text that is most like a wording, and says how
// like it is: 1 where it is the same.
func find(own, ts []token) (from, to int, by float64) {
	n := numbering{}
	a, b := n.of(keysOf(own)), n.of(keysOf(ts))
	if at := index(b, a); at >= 0 {
		return at, at + len(a), 1
	}
	var before, after int
	for _, start := range windows(a, b) {
		lo, hi := max(0, start-len(a)/2), min(len(b), start+len(a)+len(a)/2+4)
		p := trimmed(a, b[lo:hi])
		if p.by > by {
			from, to, by, before, after = lo+p.from, lo+p.to, p.by, p.before, p.after
		}
	}
	// What stands in the place of the wording's first and last words, as far as no
	// punctuation parts it from the rest.
	for ; before > 0 && from > 0 && !ts[from].stop; before-- {
		from--
	}
	for ; after > 0 && to > 0 && to < len(ts) && !ts[to].stop; after-- {
		to++
	}
	return from, to, by
}

// index is where b stands in a; -1 nowhere. It takes linear time (Knuth, Morris,
// Pratt).
func index(a, b []int32) int {
	if len(b) == 0 || len(b) > len(a) {
		return -1
	}
	fail := make([]int, len(b))
	for i, k := 1, 0; i < len(b); i++ {
		for k > 0 && b[i] != b[k] {
			k = fail[k-1]
		}
		if b[i] == b[k] {
			k++
		}
		fail[i] = k
	}
	for i, k := 0, 0; i < len(a); i++ {
		for k > 0 && a[i] != b[k] {
			k = fail[k-1]
		}
		if a[i] == b[k] {
			k++
		}
		if k == len(b) {
			return i - k + 1
		}
	}
	return -1
}

// windows are the places in b where as many tokens in a row as a has share most
// with it, three at most and apart from one another.
func windows(a, b []int32) (out []int) {
	const most = 3
	have := map[int32]int{}
	for _, k := range a {
		have[k]++
	}
	type place struct{ at, n int }
	var all []place
	in, common := map[int32]int{}, 0
	for i := range b {
		if in[b[i]]++; in[b[i]] <= have[b[i]] {
			common++
		}
		if i >= len(a) {
			old := b[i-len(a)]
			if in[old] <= have[old] {
				common--
			}
			in[old]--
		}
		if start := i - len(a) + 1; common*3 >= len(a) {
			all = append(all, place{max(0, start), common})
		}
	}
	slices.SortStableFunc(all, func(x, y place) int { return y.n - x.n })
	for _, p := range all {
		if len(out) == most {
			break
		}
		if !slices.ContainsFunc(out, func(o int) bool { return max(o-p.at, p.at-o) < max(4, len(a)/2) }) {
			out = append(out, p.at)
		}
	}
	return out
}

// A part of a window that is like a wording: from its first to its last common
// token, and how many of the wording come before and after those.
type part struct {
	from, to      int
	by            float64
	before, after int
}

// trimmed finds within a window the part that is most like a.
func trimmed(a, b []int32) (best part) {
	if len(a)*len(b) > maxCells*4 {
		return part{}
	}
	type match struct{ i, j int }
	var ms []match
	i, j := 0, 0
	for _, e := range append(diff(a, b), edit{len(a), len(a), len(b), len(b)}) {
		for i < e.a0 && j < e.b0 {
			ms = append(ms, match{i, j})
			i, j = i+1, j+1
		}
		i, j = e.a1, e.b1
	}
	for x := range ms {
		for y := x; y < len(ms); y++ {
			if v := float64(2*(y-x+1)) / float64(len(a)+ms[y].j-ms[x].j+1); v > best.by {
				best = part{ms[x].j, ms[y].j + 1, v, ms[x].i, len(a) - ms[y].i - 1}
			}
		}
	}
	return best
}

// wordings marks the confirmed wordings that a side leaves out or puts otherwise.
func (c *comparing) wordings(mine, other string) {
	a, b := wordingsIn(c.ours, c.known, mine), wordingsIn(c.theirs, c.known, other)
	for i := range a {
		x, j := &a[i], slices.IndexFunc(b, func(w Wording) bool { return w.Wording == a[i].Wording })
		if j < 0 {
			continue
		}
		y := &b[j]
		m := Mark{Lang: mine, Wording: x.Wording}
		if side := sideOf(x.State == Absent, y.State == Absent); side != "" {
			m.Kind, m.Side, m.Ours, m.Theirs = Missing, side, x.In, y.In
			m.Topic = c.topicOf(x, y)
			c.mark(m)
		}
		if side := sideOf(x.State == OtherWords, y.State == OtherWords); side != "" {
			m.Kind, m.Side, m.Topic = Reworded, side, c.topicOf(x, y)
			m.Ours, m.Theirs = against(x, y)
			c.mark(m)
		}
	}
}

func sideOf(ours, theirs bool) string {
	switch {
	case ours && theirs:
		return Both
	case ours:
		return Ours
	case theirs:
		return Theirs
	}
	return ""
}

func (c *comparing) topicOf(x, y *Wording) string {
	switch {
	case len(x.In) > 0:
		return c.ours.Items[x.In[0].Item].Topic
	case len(y.In) > 0:
		return c.theirs.Items[y.In[0].Item].Topic
	}
	return ""
}

// against lights the words in which the passages of two sides differ, where one of
// them has the wording; else those in which each differs from the wording. A place
// where words are missing is an empty span.
func against(x, y *Wording) (a, b []Span) {
	of := func(w *Wording, i0, i1 int) (out []Span) {
		item := w.In[0].Item
		if i0 == i1 {
			at := w.In[0].To
			if i0 < w.to {
				at = w.toks[i0].from
			}
			return []Span{{item, at, at}}
		}
		for _, s := range lit(w.toks, i0, i1) {
			s.Item = item
			out = append(out, s)
		}
		return out
	}
	if x.State != Absent && y.State != Absent && x.State != y.State {
		for _, e := range edits(x.toks[x.from:x.to], y.toks[y.from:y.to]) {
			a, b = append(a, of(x, x.from+e.a0, x.from+e.a1)...), append(b, of(y, y.from+e.b0, y.from+e.b1)...)
		}
		return a, b
	}
	for _, w := range []struct {
		w  *Wording
		to *[]Span
	}{{x, &a}, {y, &b}} {
		if w.w.State != OtherWords {
			continue
		}
		for _, e := range edits(w.w.own, w.w.toks[w.w.from:w.w.to]) {
			*w.to = append(*w.to, of(w.w, w.w.from+e.b0, w.w.from+e.b1)...)
		}
	}
	return a, b
}
