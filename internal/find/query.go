package find

import (
	"slices"
	"strings"
)

// longest is how many letters of a word's beginning are in the index: of longer
// ones the text itself has to be looked at.
const longest = 8

// A Query is what somebody looks for: every word, at its beginning or whole, in
// any order; characters of scripts without spaces as they follow one another.
// Words of one or two letters are looked for whole.
type Query struct {
	words []string   // folded
	runs  [][]string // of wide characters
}

// NewQuery takes what somebody typed.
func NewQuery(s string) *Query {
	q := &Query{}
	for _, t := range tokens(s) {
		switch {
		case t.wide && t.joined && len(q.runs) > 0:
			last := len(q.runs) - 1
			q.runs[last] = append(q.runs[last], t.text)
		case t.wide:
			q.runs = append(q.runs, []string{t.text})
		default:
			if b := bare(t.text); b != "" {
				t.text = b
			}
			q.words = append(q.words, t.text)
		}
	}
	return q
}

// Empty reports whether there is nothing to look for.
func (q *Query) Empty() bool { return len(q.words)+len(q.runs) == 0 }

// terms are what the index is asked for.
func (q *Query) terms() (out []string) {
	for _, w := range q.words {
		out = append(out, "w"+beginning(w))
	}
	for _, run := range q.runs {
		if len(run) == 1 {
			out = append(out, "c"+run[0])
		}
		if len(run) == 2 {
			out = append(out, "c"+run[0]+run[1])
		}
		for i := range len(run) - 2 { // a pair more would say nothing more
			out = append(out, "c"+run[i]+run[i+1]+run[i+2])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func beginning(w string) string {
	n := 0
	for i := range w {
		if n++; n > longest {
			return w[:i]
		}
	}
	return w
}

// termsOf is what the index keeps of a text, each once: beginnings of three to
// eight letters, words shorter than that whole, wide characters alone and two and
// three in a row.
func termsOf(texts ...string) map[string]struct{} {
	out := map[string]struct{}{}
	add := func(w string) {
		n := 0
		for i := range w {
			if n++; n > 3 && n <= longest+1 {
				out["w"+w[:i]] = struct{}{}
			}
		}
		if n <= longest {
			out["w"+w] = struct{}{}
		}
	}
	for _, s := range texts {
		before, long := "", ""
		for _, t := range tokens(s) {
			if !t.wide {
				add(t.text)
				if b := bare(t.text); b != "" {
					add(b)
				}
				continue
			}
			out["c"+t.text] = struct{}{}
			if t.joined {
				out["c"+before+t.text] = struct{}{}
				if long != "" {
					out["c"+long+t.text] = struct{}{}
				}
				long = before + t.text
			} else {
				long = ""
			}
			before = t.text
		}
	}
	return out
}

// Match reports whether the texts together have all that is looked for.
func (q *Query) Match(texts ...string) bool {
	words, runs := make([]bool, len(q.words)), make([]bool, len(q.runs))
	for _, s := range texts {
		q.each(tokens(s), func(_, _ int, word, run int) {
			if word >= 0 {
				words[word] = true
			} else {
				runs[run] = true
			}
		})
	}
	return !slices.Contains(words, false) && !slices.Contains(runs, false)
}

// Spans returns where in a text something that is looked for stands: byte
// offsets, in order, without overlap.
func (q *Query) Spans(s string) (out [][2]int) {
	ts := tokens(s)
	q.each(ts, func(first, last, _, _ int) { out = append(out, [2]int{ts[first].from, ts[last].to}) })
	slices.SortFunc(out, func(a, b [2]int) int { return a[0] - b[0] })
	kept := out[:0]
	for _, x := range out {
		if n := len(kept); n > 0 && x[0] < kept[n-1][1] {
			kept[n-1][1] = max(kept[n-1][1], x[1])
			continue
		}
		kept = append(kept, x)
	}
	return kept
}

// each calls f for every place: the first and last token, and which word, or
// which run where word is -1.
func (q *Query) each(ts []token, f func(first, last, word, run int)) {
	for i, t := range ts {
		if t.wide {
			for k, run := range q.runs {
				if follows(ts[i:], run) {
					f(i, i+len(run)-1, -1, k)
				}
			}
			continue
		}
		for k, w := range q.words {
			if begins(t.text, w) || begins(bare(t.text), w) {
				f(i, i, k, -1)
			}
		}
	}
}

func begins(text, word string) bool {
	if len([]rune(word)) < 3 {
		return text == word
	}
	return strings.HasPrefix(text, word)
}

func follows(ts []token, run []string) bool {
	if len(ts) < len(run) {
		return false
	}
	for i, c := range run {
		if !ts[i].wide || ts[i].text != c || i > 0 && !ts[i].joined {
			return false
		}
	}
	return true
}
