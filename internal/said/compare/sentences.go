package compare

import (
	"slices"
	"strings"
)

// A sentence is a run of tokens of one text, and what it is about.
type sentence struct {
	from, to int            // tokens
	words    map[string]int // what it is about: stems, pairs of wide characters; weights come from the pair of texts
	sum      int
}

// shorts end in a point that ends no sentence.
var shorts = set("mr mrs ms dr prof lt col gen maj capt cmdr adm sgt gov sen rep amb st no nr nos art para vs etc approx jan feb mar apr jun jul aug sep sept oct nov dec ave inc ltd co corp u.s e.g i.e a.m p.m v")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// sentences cuts tokens at full stops, question marks, semicolons and line ends.
func sentences(ts []token) (out []sentence) {
	from := 0
	cut := func(to int) {
		if to > from {
			out = append(out, sentence{from: from, to: to})
		}
		from = to
	}
	for i, t := range ts {
		if i > from && (t.line || i-from == maxSentence) {
			cut(i)
		}
		if t.kind != point {
			continue
		}
		switch t.key {
		case "!", "?", ";":
			cut(i + 1)
		case ".":
			if fullStop(ts, i) {
				cut(i + 1)
			}
		}
	}
	cut(len(ts))
	return out
}

// fullStop reports whether the point at i ends a sentence: it is a wide one, or
// space follows, and it stands after no abbreviation or initial.
func fullStop(ts []token, i int) bool {
	if ts[i].to-ts[i].from > 1 || i+1 == len(ts) {
		return true
	}
	if !ts[i+1].gap && ts[i+1].kind != wide {
		return false
	}
	if next := ts[i+1]; next.kind == word && !next.capital && !next.line && cased(next.key) {
		return false // a sentence does not go on in small letters
	}
	if i == 0 || ts[i-1].kind != word {
		return true
	}
	p := ts[i-1]
	one := len([]rune(p.loose)) == 1 && p.capital
	return !one && !shorts[p.loose]
}

// plain are words that say little of what a sentence is about.
var plain = set(`a an the and or but nor of to in on at by for with from as into onto upon over under between among within without during before after since until about against
 is are was were be been being am has have had having do does did will would shall should may might can could must that this these those which who whom whose what when where how why there here it its they them their he she his her him we our us you your i my
 not no any some all both each every other others another such same than then thus also so too very more most less least many much few only just even still yet already again further well if whether while because although though however per via
 side sides party parties two one said says say stated state states noted note notes stressed stress underlined underline emphasised emphasized emphasise emphasize agreed agree agrees confirmed confirm reaffirmed reaffirm expressed express discussed discuss exchanged exchange views view called call held hold
 minister president leader leaders principal principals ambassador foreign secretary delegation government country countries nation nations
 le la les un une des du de et ou en dans par pour sur avec au aux que qui est sont été a ont se ce cette ces il elle ils elles ne pas plus
 el los las una unos unas y o del al en por para con que es son fue han ha se su sus lo no más
 и в во на с со по к ко от до из за для о об не что как это его её их был была были будет также а но или при
 في من إلى على عن مع أن إن ما لا هذا هذه التي الذي كان قد ثم أو و بين بعد قبل خلال`)

// stem cuts the endings of English that change nothing of what a word is about.
func stem(s string) string {
	if len(s) < 4 || s[0] >= 0x80 {
		return s
	}
	for _, end := range []struct{ cut, put string }{
		{"ations", "at"}, {"ation", "at"}, {"ements", ""}, {"ement", ""}, {"ments", ""}, {"ment", ""}, {"ities", ""}, {"ity", ""}, {"ingly", ""}, {"edly", ""}, {"ings", ""}, {"ing", ""}, {"ies", "y"}, {"ied", "y"}, {"ions", ""}, {"ion", ""}, {"ers", ""}, {"sses", "ss"}, {"ches", "ch"}, {"shes", "sh"}, {"xes", "x"}, {"ed", ""}, {"es", ""}, {"er", ""}, {"ly", ""}, {"s", ""}, {"e", ""},
	} {
		if rest, ok := strings.CutSuffix(s, end.cut); ok && len(rest) >= 3 {
			if end.cut == "s" && (strings.HasSuffix(rest, "s") || strings.HasSuffix(rest, "u") || strings.HasSuffix(rest, "i")) {
				return s
			}
			return rest + end.put
		}
	}
	return s
}

// same gives words that are written for one another the stem of one of them.
var same = func() map[string]string {
	m := map[string]string{}
	for _, row := range []string{"ship vessel boat craft", "call conversation talk phone telephone", "citizen national", "detain arrest hold seize", "release free freed", "fisherman fishermen fisher fishing fishery fisheries", "crew sailor seaman seamen crewman crewmen", "accord agreement agree pact", "meeting meet session", "begin start commence launch open", "end close finish conclude expire", "reduce cut lower decrease", "increase raise grow rise", "width wide breadth", "length long", "depth deep", "height high", "person people persons", "soldier troop troops", "aid assistance relief", "trade commerce", "dollar usd", "aircraft plane airplane", "building house home dwelling", "withdraw pull withdrawal", "send dispatch despatch", "team group", "wounded injured injure wound", "dead killed kill die died", "annual yearly", "patrol patrols", "tonne ton tons tonnes", "lead head chair led headed chaired"} {
		ws := strings.Fields(row)
		for _, w := range ws {
			m[stem(w)] = stem(ws[0])
		}
	}
	return m
}()

// topicOf is what a word adds to what a sentence is about; "" nothing.
func topicOf(t token) string {
	if t.kind != word || plain[t.loose] {
		return ""
	}
	s := stem(t.loose)
	if x, ok := same[s]; ok {
		return x
	}
	return s
}

// idle are characters of Chinese that say little of what stands about them.
const idle = "的了在和与及对将为是有以于等并也就都而其这该此上中下个方双两之被把给向从到至由所于按经"

// about lists what the tokens of a sentence are about, each with its place. Those
// that skip names are left out: figures, dates.
func about(ts []token, from, to int, skip func(i int) bool, give func(key string, at int)) {
	for i := from; i < to; i++ {
		if skip(i) {
			continue
		}
		if k := topicOf(ts[i]); k != "" {
			give(k, i)
		}
		if ts[i].kind == wide && i+1 < to && ts[i+1].kind == wide && !skip(i+1) {
			a, b := ts[i].key, ts[i+1].key
			if !strings.Contains(idle, a) && !strings.Contains(idle, b) {
				give(a+b, i)
			}
		}
	}
}

// weigh gives what sentences of two texts are about a weight: what is in few of
// them says more.
func weigh(lists ...[]sentence) {
	n, in := 0, map[string]int{}
	for _, l := range lists {
		for _, s := range l {
			n++
			for k := range s.words {
				in[k]++
			}
		}
	}
	for _, l := range lists {
		for i := range l {
			s := &l[i]
			s.sum = 0
			for k := range s.words {
				w := 1000 * 8 / (8 + in[k])
				s.words[k] = w
				s.sum += w
			}
		}
	}
}

// like is how much two sentences are about the same, from 0 to 1.
func like(a, b *sentence) float64 {
	if a.sum == 0 || b.sum == 0 {
		return 0
	}
	if len(a.words) > len(b.words) {
		a, b = b, a
	}
	both := 0
	for k, w := range a.words {
		if v, ok := b.words[k]; ok {
			both += w + v
		}
	}
	return float64(both) / float64(a.sum+b.sum)
}

// A nearness is how like a sentence of the other side is.
type nearness struct {
	at int
	by float64
}

// near finds for each sentence of a those of b that are most like it, the likest
// first. Only sentences that share a word that is not everywhere are looked at.
func near(a, b []sentence) [][]nearness {
	in := map[string][]int{}
	for j := range b {
		for k := range b[j].words {
			in[k] = append(in[k], j)
		}
	}
	out := make([][]nearness, len(a))
	for i := range a {
		shared := map[int]int{}
		for k, w := range a[i].words {
			if l := in[k]; len(l) <= maxPosting {
				for _, j := range l {
					shared[j] += w
				}
			}
		}
		var l []nearness
		for j := range shared {
			l = append(l, nearness{j, float64(shared[j])})
		}
		likest := func(x, y nearness) int {
			switch {
			case x.by > y.by:
				return -1
			case x.by < y.by:
				return 1
			}
			return x.at - y.at
		}
		slices.SortFunc(l, likest)
		l = l[:min(len(l), maxNear)]
		for n := range l {
			l[n].by = like(&a[i], &b[l[n].at])
		}
		slices.SortFunc(l, likest)
		out[i] = l
	}
	return out
}
