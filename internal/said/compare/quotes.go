package compare

import (
	"slices"
	"strings"

	"parley/internal/said"
)

// How many words, or characters of a script without spaces, a statement has in a
// row with a text for it to quote that text. Where both are mixed each counts for
// its part.
const (
	QuoteWords      = 8
	QuoteCharacters = 16
)

// A Secret is a text that is not released: an entry, a memcon, a note.
type Secret struct {
	Of    string // names it
	Texts []string
}

// A Quote is where a statement quotes a secret.
type Quote struct {
	Of    string `json:"of"`
	Item  int    `json:"item"` // of the statement
	Lang  string `json:"lang"`
	From  int    `json:"from"` // bytes
	To    int    `json:"to"`
	Words string `json:"words"` // of the statement
}

// Quotes finds what a statement has in common with texts that are not released,
// in rows of QuoteWords words or QuoteCharacters characters or more. Capital
// letters, width, accents, punctuation, line ends and invisible characters do not
// hide it, nor do letters of another script that look the same. What stands so in
// one of the free texts (confirmed wording, what was published) may be quoted. It
// takes time in proportion to the statement and all texts together.
func Quotes(st *said.Statement, secret []Secret, free ...string) (out []Quote) {
	var texts []*quotable
	for i := range st.Items {
		for _, t := range st.Items[i].Texts {
			q := readQuotable(clip(t.Text))
			q.item, q.lang = i, t.Lang
			q.rows()
			texts = append(texts, q)
		}
	}
	for _, f := range free {
		o := readQuotable(clip(f))
		for _, q := range texts {
			q.mark(o, q.spared)
			if r, ok := q.whole(o); ok {
				for i := r.from; i < r.to; i++ {
					q.spared[i] = true
				}
			}
		}
	}
	for _, s := range secret {
		var own []*quotable
		for _, t := range s.Texts {
			own = append(own, readQuotable(clip(t)))
		}
		for _, q := range texts {
			in := make([]bool, len(q.toks))
			for _, o := range own {
				q.mark(o, in)
			}
			for _, r := range runs(in) {
				for r.from < r.to && q.spared[r.from] {
					r.from++
				}
				for r.to > r.from && q.spared[r.to-1] {
					r.to--
				}
				if !long(q.toks, unspared(q.spared, r)) {
					continue
				}
				from, to := q.toks[r.from].from, q.toks[r.to-1].to
				out = append(out, Quote{s.Of, q.item, q.lang, from, to, q.text[from:to]})
			}
		}
	}
	return out
}

// unspared is the longest part of a run that may not be quoted.
func unspared(spared []bool, r run) (best run) {
	at := r.from
	for i := r.from; i <= r.to; i++ {
		if i == r.to || spared[i] {
			if i-at > best.to-best.from {
				best = run{at, i}
			}
			at = i + 1
		}
	}
	return best
}

// A quotable is a text as its words, numbers and characters, and the sums over
// any row of them.
type quotable struct {
	item   int
	lang   string
	text   string
	toks   []token
	sums   []uint64 // sums[i] is over the first i tokens
	powers []uint64
	ends   []int // of the shortest row that begins at each token and is a quotation; 0 none
	spared []bool
	first  map[uint64]int // where a row of a sum begins first
	next   []int          // where one of the same sum begins next; 0 nowhere
}

const odd = 0x9e3779b97f4a7c15

func readQuotable(s string) *quotable {
	q := &quotable{text: s, toks: slices.DeleteFunc(tokens("", s), func(t token) bool { return t.kind == point })}
	n := len(q.toks)
	q.sums, q.powers, q.ends, q.spared = make([]uint64, n+1), make([]uint64, n+1), make([]int, n), make([]bool, n)
	q.powers[0] = 1
	for i := range q.toks {
		t := &q.toks[i]
		t.loose = skeleton(t.loose)
		h := uint64(14695981039346656037)
		for _, c := range []byte(t.loose) {
			h = (h ^ uint64(c)) * 1099511628211
		}
		q.sums[i+1], q.powers[i+1] = q.sums[i]*odd+(h|1), q.powers[i]*odd
	}
	end, weight := 0, 0
	for i := range q.toks {
		for end < n && weight < QuoteWords*QuoteCharacters {
			weight += share(&q.toks[end])
			end++
		}
		if weight >= QuoteWords*QuoteCharacters {
			q.ends[i] = end
		}
		weight -= share(&q.toks[i])
	}
	return q
}

// skeleton is a word with all letters of other scripts that look like Latin ones as
// these, also where it has no Latin letter.
func skeleton(s string) string {
	return strings.Map(func(r rune) rune {
		if x, ok := alike[r]; ok {
			return x
		}
		return r
	}, s)
}

// share is how much a token is of a quotation.
func share(t *token) int {
	if t.kind == wide {
		return QuoteWords
	}
	return QuoteCharacters
}

func (q *quotable) sum(from, to int) uint64 { return q.sums[to] - q.sums[from]*q.powers[to-from] }

// rows notes where every shortest quotation begins.
func (q *quotable) rows() {
	q.first, q.next = map[uint64]int{}, make([]int, len(q.toks))
	for i := len(q.toks) - 1; i >= 0; i-- {
		if q.ends[i] == 0 {
			continue
		}
		h := q.sum(i, q.ends[i])
		q.next[i] = q.first[h]
		q.first[h] = i + 1
	}
}

// mark notes every token of q that stands in a row which another text has too.
func (q *quotable) mark(o *quotable, in []bool) {
	done := map[uint64]bool{}
	for i, end := range o.ends {
		if end == 0 {
			continue
		}
		h := o.sum(i, end)
		at := q.first[h]
		if at == 0 || done[h] {
			continue
		}
		done[h] = true
		for ; at > 0; at = q.next[at-1] {
			if !equalRows(o.toks[i:end], q.toks[at-1:q.ends[at-1]]) {
				continue
			}
			for j := q.ends[at-1] - 1; j >= at-1; j-- {
				in[j] = true
			}
		}
	}
}

func equalRows(a, b []token) bool {
	return slices.EqualFunc(a, b, func(x, y token) bool { return x.loose == y.loose })
}

// whole finds a text that is too short to be quoted by itself.
func (q *quotable) whole(o *quotable) (run, bool) {
	n := len(o.toks)
	if n == 0 || n > len(q.toks) || o.ends[0] != 0 {
		return run{}, false
	}
	for i := 0; i+n <= len(q.toks); i++ {
		if q.sum(i, i+n) == o.sum(0, n) && equalRows(o.toks, q.toks[i:i+n]) {
			return run{i, i + n}, true
		}
	}
	return run{}, false
}

// runs are the rows of tokens that are marked.
func runs(in []bool) (out []run) {
	for i := 0; i < len(in); i++ {
		from := i
		for i < len(in) && in[i] {
			i++
		}
		if i > from {
			out = append(out, run{from, i})
		}
	}
	return out
}

// A run is a row of tokens of the statement.
type run struct{ from, to int }

// long reports whether a run is a quotation.
func long(ts []token, r run) bool {
	n := 0
	for i := r.from; i < r.to; i++ {
		n += share(&ts[i])
	}
	return n >= QuoteWords*QuoteCharacters
}
