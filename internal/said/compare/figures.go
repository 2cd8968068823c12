package compare

import (
	"math"
	"slices"
	"strings"
)

// A figure is a number with what it is of.
type figure struct {
	lo, hi float64
	unit            // dim "count": of things, "ordinal": the third round, "label": Article 5
	heads  []string // of what, as stems: the likeliest first
	bound  int      // 1: at least; -1: at most
	rough  bool     // about
	weak   bool     // one: it may be no figure at all
}

// figureAt reads the figure that begins at i of a sentence that begins at lo.
func (r *reader) figureAt(ts []token, i, lo int) (figure, int, bool) {
	if ts[i].kind == wide || ts[i].kind == number && i+1 < len(ts) && ts[i+1].kind == wide || base(r.lang) == "zh" && ts[i].kind == number {
		if f, end, ok := r.hanFigure(ts, i, lo); ok || ts[i].kind == wide {
			return f, end, ok
		}
	}
	if f, end, ok := ordinalAt(r.lang, ts, i); ok {
		return f, end, true
	}
	if f, end, ok := shareAt(r.lang, ts, i); ok {
		return f, end, true
	}
	v, end := numeral(r.lang, ts, i)
	if end == 0 || partOfName(ts, i, end) {
		return figure{}, 0, false
	}
	f := figure{lo: v, hi: v, unit: unit{dim: "count", factor: 1}}
	if ts[i].kind == word && v == 1 {
		if !r.oneCounts(ts, i, end) {
			return figure{}, 0, false
		}
		f.weak = true
	}
	if i > lo && ts[i-1].kind == word && labels[ts[i-1].key] && ts[i].kind == number && !strings.ContainsAny(ts[i].key, ",") {
		f.unit, f.heads = unit{dim: "label", factor: 1}, []string{stem(ts[i-1].loose)}
		return f, end, true
	}
	if i > lo && (ts[i-1].kind == point || ts[i-1].kind == word) { // $4.2 billion, USD 4
		if u, ok := units[ts[i-1].key]; ok && u.dim == "money" {
			f.unit = u
			if i > lo+1 && u.sub == "" && (ts[i-2].key == "us") {
				f.sub = "usd"
			}
		}
	}
	if f.dim == "count" {
		end = f.takeUnit(ts, end)
	}
	if f.heads = headsAt(ts, end); len(f.heads) == 0 && f.dim == "count" {
		f.heads = headsBefore(ts, i, lo)
	}
	if i > lo && v == 2 && len(f.heads) > 0 && f.dim == "count" && ts[i].kind == word && theTwo(ts, i, end) {
		return figure{}, 0, false
	}
	if f.dim == "count" && len(f.heads) == 0 && ts[i].kind == word && f.weak {
		return figure{}, 0, false
	}
	f.qualify(ts, i, lo)
	return f, end, true
}

// takeUnit reads the measure that follows a number, also after a hyphen.
func (f *figure) takeUnit(ts []token, end int) int {
	at := end
	if hyphen(ts, at) {
		at++
	}
	if u, next, ok := unitAt(ts, at); ok {
		f.unit = u
		f.lo, f.hi = f.lo*u.factor, f.hi*u.factor
		return next
	}
	return end
}

// partOfName reports whether a number belongs to a word: F-16, 3D, 4x4.
func partOfName(ts []token, i, end int) bool {
	if i >= 2 && ts[i].kind == number && hyphen(ts, i-1) && ts[i-2].kind == word && !ts[i-1].gap {
		if _, small := smalls[ts[i-2].key]; !small && !labels[ts[i-2].key] {
			return ts[i-2].capital
		}
	}
	return false
}

// notOne are words after which one is no number: one another, one of.
var notOne = set("another of side hand day can must should may might who that time party thing way more and or is was has by such in")

// oneCounts reports whether the word one counts something.
func (r *reader) oneCounts(ts []token, i, end int) bool {
	if i > 0 && (ts[i-1].key == "no" || ts[i-1].key == "any" || ts[i-1].key == "every" || ts[i-1].key == "the" || ts[i-1].key == "this" || ts[i-1].key == "that" || ts[i-1].key == "another") || hyphen(ts, end) {
		return false
	}
	return end < len(ts) && ts[end].kind == word && !notOne[ts[end].key]
}

// headsAt are the words that a number before i counts, up to where its phrase
// ends: the last one says most.
func headsAt(ts []token, i int) (out []string) {
	if hyphen(ts, i) {
		i++
	}
	if i+1 < len(ts) && (ts[i].key == "of") {
		i++
		for i < len(ts) && (ts[i].key == "the" || ts[i].key == "its" || ts[i].key == "their" || ts[i].key == "our" || ts[i].key == "these") {
			i++
		}
	}
	if i+1 < len(ts) && (ts[i].key == "more" || ts[i].key == "other" || ts[i].key == "further" || ts[i].key == "additional" || ts[i].key == "new") {
		i++
	}
	for n := 0; i < len(ts) && n < 4; i, n = i+1, n+1 {
		if ts[i].kind != word || n > 0 && ts[i].line {
			break
		}
		if plain[ts[i].loose] && !countable[ts[i].loose] {
			break
		}
		out = append(out, headOf(ts[i]))
		if countable[ts[i].loose] {
			break
		}
	}
	slices.Reverse(out)
	return out
}

// headsBefore are the words before a number that nothing follows: a delegation of
// twelve, the delegation numbers 12.
func headsBefore(ts []token, i, lo int) (out []string) {
	for j := i - 1; j >= lo && j >= i-4 && len(out) < 2; j-- {
		if ts[j].kind == point && ts[j].key != "-" {
			break
		}
		if k := topicOf(ts[j]); k != "" {
			out = append(out, k)
		} else if countable[ts[j].loose] {
			out = append(out, headOf(ts[j]))
		}
	}
	return out
}

// theTwo reports whether two is both: the two ministers.
func theTwo(ts []token, i, end int) bool {
	return (ts[i-1].key == "the" || ts[i-1].key == "our" || ts[i-1].key == "their") && end < len(ts) && countable[ts[end].loose]
}

// countable are words that say little by themselves and yet are counted.
var countable = set("sides parties countries nations minister ministers leaders ambassadors calls delegation delegations governments presidents")

func headOf(t token) string {
	s := stem(t.loose)
	if x, ok := same[s]; ok {
		return x
	}
	return s
}

var handsOver = set("hand hands handed handing take takes took taken taking turn turns turned turning pass passed bring brought sign signed")

// qualify reads what bounds a number or makes it rough, before it.
func (f *figure) qualify(ts []token, i, lo int) {
	from := max(lo, i-4)
	var ws []string
	for _, t := range ts[from:i] {
		if t.kind == word {
			ws = append(ws, t.loose)
		}
	}
	before := " " + strings.Join(ws, " ") + " "
	if n := len(ws); n > 1 && ws[n-1] == "over" && handsOver[ws[n-2]] {
		return
	}
	for _, q := range []struct {
		words string
		bound int
		rough bool
	}{
		{" no fewer than ", 1, false}, {" not fewer than ", 1, false}, {" no less than ", 1, false}, {" not less than ", 1, false}, {" at least ", 1, false},
		{" no more than ", -1, false}, {" not more than ", -1, false}, {" at most ", -1, false}, {" not exceeding ", -1, false}, {" not exceed ", -1, false}, {" up to ", -1, false}, {" a maximum of ", -1, false}, {" a minimum of ", 1, false}, {" fewer than ", -1, false}, {" less than ", -1, false}, {" not over ", -1, false},
		{" more than ", 1, false}, {" in excess of ", 1, false}, {" over ", 1, false}, {" exceeding ", 1, false}, {" above ", 1, false}, {" under ", -1, false}, {" below ", -1, false},
		{" about ", 0, true}, {" some ", 0, true}, {" around ", 0, true}, {" nearly ", 0, true}, {" almost ", 0, true}, {" approximately ", 0, true}, {" roughly ", 0, true}, {" close to ", 0, true},
	} {
		if strings.HasSuffix(before, q.words) || strings.HasSuffix(before, q.words+"the ") || strings.HasSuffix(before, q.words+"us ") {
			f.bound, f.rough = q.bound, q.rough
			return
		}
	}
}

// notOrdinal are words after which first and second are no numbers.
var notOrdinal = set("of and time place step instance thing all to deputy vice secretary hand lady half quarter")

// ordinalAt reads an ordinal before a word: the third round, the 3rd meeting.
func ordinalAt(lang string, ts []token, i int) (figure, int, bool) {
	v, end := 0.0, i+1
	switch t := ts[i]; {
	case t.kind == number && i+1 < len(ts) && !ts[i+1].gap && (ts[i+1].key == "st" || ts[i+1].key == "nd" || ts[i+1].key == "rd" || ts[i+1].key == "th"):
		d, ok := digits(lang, t.key)
		if !ok {
			return figure{}, 0, false
		}
		v, end = d, i+2
	case t.kind == word && base(lang) == "en" && ordinals[t.key] > 0:
		v = ordinals[t.key]
	case t.kind == word && base(lang) == "en" && smalls[t.key] >= 20 && hyphen(ts, i+1) && ordinals[ts[i+2].key] > 0 && ordinals[ts[i+2].key] < 10:
		v, end = smalls[t.key]+ordinals[ts[i+2].key], i+3
	default:
		return figure{}, 0, false
	}
	if end >= len(ts) || ts[end].kind != word || notOrdinal[ts[end].key] || plain[ts[end].loose] && !countable[ts[end].loose] && ts[end].key != "call" {
		return figure{}, 0, false
	}
	if i > 0 && (ts[i-1].key == "one" || ts[i-1].key == "two" || ts[i-1].key == "a" || ts[i-1].key == "at") {
		return figure{}, 0, false
	}
	return figure{lo: v, hi: v, unit: unit{dim: "ordinal", factor: 1}, heads: []string{headOf(ts[end])}}, end, true
}

// shareAt reads a fraction: half of, two-thirds of, a quarter of.
func shareAt(lang string, ts []token, i int) (figure, int, bool) {
	if base(lang) != "en" || ts[i].kind != word {
		return figure{}, 0, false
	}
	n, at := 1.0, i
	if v, ok := smalls[ts[i].key]; ok && v > 0 && v < 10 {
		n, at = v, i+1
		if hyphen(ts, at) {
			at++
		}
	} else if ts[i].key == "a" || ts[i].key == "one" {
		at = i + 1
	}
	if at >= len(ts) || parts[ts[at].key] == 0 {
		return figure{}, 0, false
	}
	if at+1 < len(ts) && (ts[at+1].key == "an" || ts[at+1].key == "a") && ts[at].key == "half" {
		if u, end, ok := unitAt(ts, at+2); ok {
			return figure{lo: u.factor / 2, hi: u.factor / 2, unit: u}, end, true
		}
	}
	if at == i && ts[at].key != "half" || at+1 >= len(ts) || ts[at+1].key != "of" {
		return figure{}, 0, false
	}
	if j := at + 2; j < len(ts) && (number == ts[j].kind || ts[j].key == "the" && j+1 < len(ts) && (ts[j+1].key == "year" || ts[j+1].kind == number)) {
		return figure{}, 0, false // the second half of 2027
	}
	v := 100 * n / parts[ts[at].key]
	f := figure{lo: v, hi: v, unit: unit{"%", 1, ""}, heads: headsAt(ts, at+1)}
	f.qualify(ts, i, 0)
	return f, at + 1, true
}

// near enough: figures that are written in different measures, or one of them
// roughly, are the same when they lie no further apart.
const (
	roughly   = 0.10
	converted = 0.04
)

// equal reports whether two figures of one dimension say the same.
func (f *figure) equal(g *figure) bool {
	if f.dim != g.dim || !f.sameSub(g) || f.bound*g.bound < 0 {
		return false
	}
	return f.close(f.lo, g.lo, g) && f.close(f.hi, g.hi, g)
}

func (f *figure) sameSub(g *figure) bool {
	if f.sub == g.sub {
		return true
	}
	return f.dim == "money" && (f.sub == "" || g.sub == "") && f.sub != "eur" && g.sub != "eur"
}

func (f *figure) close(a, b float64, g *figure) bool {
	if a == b {
		return true
	}
	d := math.Abs(a-b) / max(math.Abs(a), math.Abs(b))
	switch {
	case f.rough != g.rough:
		return d <= roughly
	case f.factor != g.factor && f.dim != "count":
		return d <= converted
	}
	return d < 1e-9
}

// related is how far two figures are of the same, from 0 to 1: 0 where they
// cannot be held against each other.
func (f *figure) related(g *figure) float64 {
	if f.dim != g.dim {
		return 0
	}
	switch f.dim {
	case "label", "ordinal":
		if len(f.heads) > 0 && len(g.heads) > 0 && f.heads[0] == g.heads[0] {
			return 1
		}
		return 0
	case "degree":
		if f.sub != g.sub && !(opposite(f.sub, g.sub)) {
			return 0
		}
		return 1
	case "count":
		return sharedHeads(f.heads, g.heads)
	}
	return 1
}

func opposite(a, b string) bool {
	return a+b == "ns" || a+b == "sn" || a+b == "ew" || a+b == "we"
}

// sharedHeads is how far two figures count the same things.
func sharedHeads(a, b []string) float64 {
	switch {
	case len(a) == 0 || len(b) == 0:
		return 0.4
	case a[0] == b[0]:
		return 1
	}
	for _, x := range a {
		if slices.Contains(b, x) {
			return 0.7
		}
	}
	return 0.2
}
