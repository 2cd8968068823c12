package station

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MemconPiece is a piece of a text beside another: the same in both, gone from the
// one before, or new.
type MemconPiece struct {
	Text string `json:"text"`
	Kind string `json:"kind,omitempty"` // "", "gone" or "new"
}

// Bounds of laying two texts side by side: beyond them all between the first and
// the last difference is shown as gone and new.
const (
	mostLineEdits = 1_000
	mostWordEdits = 1_000
	mostWords     = 20_000
)

// MemconChanges are the pieces of two texts in order: without those that are gone
// they make after, without the new ones before. Whole lines are compared first, and
// within lines that changed the words, in scripts without spaces the characters.
func MemconChanges(before, after string) []MemconPiece {
	var out pieces
	for _, e := range edits(strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n"), mostLineEdits) {
		if len(e.gone) == 0 || len(e.come) == 0 {
			out.add("", e.same...)
			out.add("gone", e.gone...)
			out.add("new", e.come...)
			continue
		}
		a, b := wordsOf(strings.Join(e.gone, "")), wordsOf(strings.Join(e.come, ""))
		if len(a)+len(b) > mostWords {
			out.add("gone", e.gone...)
			out.add("new", e.come...)
			continue
		}
		for _, w := range joined(edits(a, b, mostWordEdits)) {
			out.add("", w.same...)
			out.add("gone", w.gone...)
			out.add("new", w.come...)
		}
	}
	return out
}

// joined takes the blanks between two changes into both: words that were changed side
// by side read as one change.
func joined(es []edit) (out []edit) {
	for _, e := range es {
		n := len(out)
		if n < 2 || len(e.same) > 0 || len(out[n-1].same) == 0 || len(out[n-2].same) > 0 || strings.Trim(strings.Join(out[n-1].same, ""), " ") != "" {
			out = append(out, e)
			continue
		}
		blank, last := out[n-1].same, &out[n-2]
		last.gone = slices.Concat(last.gone, blank, e.gone)
		last.come = slices.Concat(last.come, blank, e.come)
		out = out[:n-1]
	}
	return out
}

type pieces []MemconPiece

// add appends to the last piece where it is of the same kind.
func (p *pieces) add(kind string, texts ...string) {
	t := strings.Join(texts, "")
	if t == "" {
		return
	}
	if n := len(*p); n > 0 && (*p)[n-1].Kind == kind {
		(*p)[n-1].Text += t
		return
	}
	*p = append(*p, MemconPiece{t, kind})
}

// wordsOf splits a text into words and what stands between them; a character of a
// script without spaces is a word.
func wordsOf(s string) (out []string) {
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if inWord(r) {
			for n < len(s) {
				next, m := utf8.DecodeRuneInString(s[n:])
				if !inWord(next) {
					break
				}
				n += m
			}
		}
		out, s = append(out, s[:n]), s[n:]
	}
	return out
}

func inWord(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// An edit is a run that is the same, or what is gone and what has come in its place.
type edit struct{ same, gone, come []string }

// edits finds how a becomes b by the fewest changes (Myers), or, where that takes
// more than most, as one change between what both begin and end with.
func edits(a, b []string, most int) (out []edit) {
	from := 0
	for from < len(a) && from < len(b) && a[from] == b[from] {
		from++
	}
	end := 0
	for end < len(a)-from && end < len(b)-from && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	if from > 0 {
		out = append(out, edit{same: a[:from]})
	}
	out = append(out, between(a[from:len(a)-end], b[from:len(b)-end], most)...)
	if end > 0 {
		out = append(out, edit{same: a[len(a)-end:]})
	}
	return out
}

func between(a, b []string, most int) (out []edit) {
	if len(a) == 0 && len(b) == 0 {
		return nil
	}
	steps, ok := shortest(a, b, most)
	if !ok || len(a) == 0 || len(b) == 0 {
		return []edit{{gone: a, come: b}}
	}
	x, y := 0, 0
	var e edit
	flush := func() {
		if len(e.gone)+len(e.come) > 0 {
			out = append(out, e)
		}
		e = edit{}
	}
	for _, s := range steps {
		switch s {
		case '-':
			e.gone, x = append(e.gone, a[x]), x+1
		case '+':
			e.come, y = append(e.come, b[y]), y+1
		default:
			flush()
			if n := len(out); n > 0 && len(out[n-1].same) > 0 {
				out[n-1].same = append(out[n-1].same, a[x])
			} else {
				out = append(out, edit{same: []string{a[x]}})
			}
			x, y = x+1, y+1
		}
	}
	flush()
	return out
}

// shortest is the shortest way from a to b: '=', '-' and '+'. ok is false where it
// has more than most changes.
func shortest(a, b []string, most int) (steps []byte, ok bool) {
	var trace [][]int
	most = min(most, len(a)+len(b))
	v := make([]int, 2*most+3) // v[k+most+1] is how far diagonal k goes
	at := func(k int) *int { return &v[k+most+1] }
	for d := 0; d <= most; d++ {
		trace = append(trace, slices.Clone(v[most+1-d-1:most+1+d+2])) // diagonals -d-1 to d+1, as they were
		for k := -d; k <= d; k += 2 {
			x := *at(k - 1) + 1
			if k == -d || k != d && *at(k - 1) < *at(k + 1) {
				x = *at(k + 1)
			}
			y := x - k
			for x < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			*at(k) = x
			if x >= len(a) && y >= len(b) {
				return walked(trace, len(a), len(b)), true
			}
		}
	}
	return nil, false
}

// walked goes the way back.
func walked(trace [][]int, x, y int) (steps []byte) {
	for d := len(trace) - 1; d >= 0; d-- {
		v := trace[d]
		at := func(k int) int { return v[k+d+1] }
		k := x - y
		prev := k - 1
		if k == -d || k != d && at(k-1) < at(k+1) {
			prev = k + 1
		}
		px := at(prev)
		if d == 0 {
			px = 0
		}
		py := px - prev
		if d == 0 {
			py = 0
		}
		for x > px && y > py {
			steps, x, y = append(steps, '='), x-1, y-1
		}
		switch {
		case d == 0:
		case x == px:
			steps, y = append(steps, '+'), y-1
		default:
			steps, x = append(steps, '-'), x-1
		}
	}
	slices.Reverse(steps)
	return steps
}
