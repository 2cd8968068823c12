package compare

import (
	"slices"
	"strings"
	"unicode"

	"parley/internal/said"
)

// What a name is of.
type sortOfName uint8

const (
	someName sortOfName = iota
	person
	place
	body     // a ministry, a committee, a company
	document // an agreement
	craft    // a ship
	ofParty  // a party itself
)

// A name is that of a person, a place, a body, a document or a ship.
type name struct {
	of     sortOfName
	words  []string // folded; of Chinese the one string that it is
	titles []string
	han    bool
	known  bool // of the record
	party  string
	cue    string // what sort of place or body it is
	role   string // what a person does there: lead, sign, attend
	side   string // the party that is named beside it
}

// people are the names that are known from the record.
type people struct {
	list  []knownName
	party map[string]string // a folded name of a party to its code
}

type knownName struct {
	words []string
	party string
	han   string
}

// roster gathers what names are known.
func roster(known *Known, facts ...*said.Facts) *people {
	p := &people{party: map[string]string{}}
	for _, code := range []string{known.Us, known.Them} {
		if code != "" {
			p.party[strings.ToLower(code)] = code
		}
	}
	for _, n := range known.Parties {
		if _, loose := keys(n.Name); loose != "" {
			p.party[loose] = n.Party
		}
	}
	all := slices.Clone(known.Names)
	for _, f := range facts {
		for _, x := range f.People {
			all = append(all, Name{x.Party, x.Name})
		}
	}
	for _, n := range all {
		k := knownName{party: n.Party}
		for _, t := range tokens("", n.Name) {
			switch {
			case t.kind == word && !rankTitles[t.loose] && !courtesy[t.loose]:
				k.words = append(k.words, t.loose)
			case t.kind == wide || t.key == "·":
				k.han += t.key
			}
		}
		if len(k.words) > 0 || len([]rune(k.han)) > 1 {
			p.list = append(p.list, k)
		}
	}
	return p
}

var (
	courtesy   = set("mr mrs ms miss dr prof professor sir lady madam his her excellency the honourable hon")
	rankTitles = set("president premier prime minister foreign defence defense finance secretary state ambassador envoy special general colonel lieutenant captain commander admiral chief chair chairman chairwoman chairperson director deputy vice governor senator king queen prince princess pope judge spokesperson spokesman spokeswoman representative principal interpreter consul chancellor speaker marshal major sergeant commissioner head under acting permanent counsellor brigadier rear officer undersecretary lt col gen maj capt cmdr adm sgt gov sen rep amb")
	portfolios = set("affairs trade energy interior health transport agriculture fisheries fishery environment justice commerce security national general staff coast guard navy army state defence defense foreign finance home")
	joiners    = set("of the de del der den van von bin ibn al el la le du di da dos for and")
	placeWords = set("strait straits sea island islands isle port bay river cape province channel gulf mount mountain mountains lake city airport harbour harbor reef shoal bank banks pass valley bridge district county region village town peninsula point coast ocean sound corridor crossing road street airfield base hill hills bight delta basin atoll ridge")
	bodyWords  = set("fleet brigade battalion division squadron ministry agency commission committee group council authority navy guard institute university organisation organization office bureau department company corporation court parliament assembly army force forces union centre center association federation cross crescent fund secretariat board press")
	docWords   = set("agreement treaty protocol convention charter accord accords memorandum declaration communique statement resolution act plan code pact covenant understanding")
	whereWords = set("in at over near off around via")
	craftWords = set("mv ms ss uss hms ship vessel tanker trawler freighter ferry frigate destroyer cutter")
)

// names finds the names of a passage.
func (r *reader) names(p *passage) {
	inside := map[string]bool{} // capitals that stand within sentences somewhere
	for _, s := range p.sents {
		for i := s.from + 1; i < s.to; i++ {
			if p.toks[i].capital && !(p.toks[i-1].kind == point && (p.toks[i-1].key == ":" || p.toks[i-1].key == "\"")) {
				inside[p.toks[i].loose] = true
			}
		}
	}
	for n, s := range p.sents {
		words, low := 0, 0
		for _, t := range p.toks[s.from:s.to] {
			if t.kind == word {
				words++
				if !t.capital && !joiners[t.key] && cased(t.key) {
					low++
				}
			}
		}
		if words > 4 && low == 0 {
			continue // a heading in capitals
		}
		for i := s.from; i < s.to && len(p.claims) < maxClaims; {
			c, ok := claim{}, false
			if p.toks[i].kind == wide || p.toks[i].key == "\"" || p.toks[i].key == "《" {
				c, ok = r.hanName(p, i, s.from, s.to)
			} else if p.toks[i].capital && !p.used[i] {
				c, ok = r.latinName(p, i, s, inside)
			}
			if !ok {
				i++
				continue
			}
			c.sort, c.sent = aName, n
			for j := c.from; j < c.to; j++ {
				p.named[j] = true
			}
			p.claims = append(p.claims, c)
			i = c.to
		}
	}
}

// latinName reads a row of capitalised words at i.
func (r *reader) latinName(p *passage, i int, s sentence, inside map[string]bool) (claim, bool) {
	ts := p.toks
	first := i == s.from || ts[i-1].kind == point && (ts[i-1].key == ":" || ts[i-1].key == "\"") && i-1 == s.from
	end := i + 1
	for end < s.to && !p.used[end] {
		t := ts[end]
		if t.capital && !t.line {
			end++
			continue
		}
		if hyphen(ts, end) && ts[end+1].capital || t.key == "." && end+1 < s.to && ts[end+1].capital && (len([]rune(ts[end-1].loose)) == 1 || shorts[ts[end-1].loose]) || t.key == "'" && !t.gap && end+1 < s.to && ts[end+1].capital && !ts[end+1].gap {
			end += 2
			continue
		}
		n := 0 // small words within a name
		for end+n < s.to && ts[end+n].kind == word && !ts[end+n].capital && joiners[ts[end+n].key] && ts[end+n].key != "and" && n < 2 {
			n++
		}
		if n > 0 && end+n < s.to && ts[end+n].capital && !p.used[end+n] {
			end += n + 1
			continue
		}
		break
	}
	from := i
	if first {
		for from < end && plain[ts[from].loose] && !courtesy[ts[from].loose] && !rankTitles[ts[from].loose] {
			from++
		}
	}
	for from < end && (ts[from].kind != word || !ts[from].capital && joiners[ts[from].key] || ts[from].key == "the") {
		from++
	}
	return r.nameOf(p, from, end, first && from == i, inside)
}

// nameOf makes a name of the tokens from to end: titles before it are no part of
// it.
func (r *reader) nameOf(p *passage, from, end int, first bool, inside map[string]bool) (claim, bool) {
	ts := p.toks
	n := name{}
	at := from
	for at < end && titular(ts, at, end, len(n.titles) > 0) {
		if rankTitles[ts[at].loose] {
			n.titles = append(n.titles, ts[at].loose)
		}
		at++
	}
	if at >= end {
		return claim{}, false
	}
	end = r.personEnds(ts, at, end, len(n.titles) > 0)
	for j := at; j < end; j++ {
		if ts[j].kind != word || joiners[ts[j].loose] && !ts[j].capital {
			continue
		}
		l := ts[j].loose
		n.words = append(n.words, l)
		switch {
		case placeWords[l]:
			n.of, n.cue = place, l
		case bodyWords[l]:
			n.of, n.cue = body, l
		case docWords[l]:
			n.of, n.cue = document, l
		case craftWords[l]:
			n.of = craft
		}
	}
	if len(n.words) == 0 {
		return claim{}, false
	}
	r.who.recognise(&n)
	if n.of == someName && len(n.titles) > 0 {
		n.of = person
	}
	if n.of == someName && at > 0 && !ts[at-1].capital && !first && whereWords[ts[at-1].key] {
		n.of = place
	}
	single := len(n.words) == 1
	if single && n.of != ofParty && !n.known && n.of != person {
		l := n.words[0]
		if first && !inside[l] || months[l] > 0 || weekdays[l] > 0 || plain[l] || placeWords[l] || bodyWords[l] || docWords[l] && !inside[l] || len([]rune(l)) < 2 {
			return claim{}, false
		}
	}
	return claim{from: at, to: end, name: n}, true
}

// titular reports whether a token is of a title and not of a name; after says that
// a title stands before it: Minister of Foreign Affairs.
func titular(ts []token, at, end int, after bool) bool {
	l := ts[at].loose
	return courtesy[l] || rankTitles[l] || after && (portfolios[l] && ts[at].capital || joiners[l] && at+1 < end || ts[at].kind == point)
}

// personEnds is where the name of a person ends within a row: Gu Jin of Birch.
func (r *reader) personEnds(ts []token, at, end int, titled bool) int {
	var words []string
	for j := at; j < end; j++ {
		if ts[j].kind == word && !ts[j].capital && (ts[j].key == "of" || ts[j].key == "for" || ts[j].key == "and" || ts[j].key == "the") && len(words) > 0 {
			n := name{words: words}
			if r.who.recognise(&n); titled || n.of == person {
				return j
			}
			return end
		}
		if ts[j].kind == word {
			words = append(words, ts[j].loose)
		}
	}
	return end
}

// recognise says whether a name is of the record: a person's, in whole or by one
// of its words, or a party's.
func (w *people) recognise(n *name) {
	if _, ok := w.party[strings.Join(n.words, " ")]; ok {
		n.of, n.known = ofParty, true
		return
	}
	for _, k := range w.list {
		if n.of != place && n.of != body && n.of != document && subset(n.words, k.words) {
			n.of, n.known, n.party = person, true, k.party
			return
		}
	}
}

// subset reports whether all of a stand in b, or an initial of it does.
func subset(a, b []string) bool {
	for _, x := range a {
		ok := slices.ContainsFunc(b, func(y string) bool {
			return x == y || len([]rune(x)) == 1 && strings.HasPrefix(y, x) || len([]rune(y)) == 1 && strings.HasPrefix(x, y)
		})
		if !ok {
			return false
		}
	}
	return len(a) > 0
}

// agrees reports whether two names may be of the same.
func (n *name) agrees(o *name) bool {
	if n.han != o.han {
		return true // of two scripts: not compared
	}
	if n.han {
		a, b := n.words[0], o.words[0]
		if len(a) > len(b) {
			a, b = b, a
		}
		if n.of == person || o.of == person {
			return strings.Contains(b, a)
		}
		return strings.HasSuffix(b, a)
	}
	if subset(n.words, o.words) || subset(o.words, n.words) {
		return len(n.words) == len(o.words) || n.of != place || o.of != place || len(n.words) > 1 && len(o.words) > 1 || n.cue == "" || o.cue == ""
	}
	return acronym(n.words, o.words) || acronym(o.words, n.words) || forms(n.words, o.words)
}

// handles are words by which names that agree with n are found.
func (n *name) handles() (out []string) {
	if n.han {
		rs := []rune(n.words[0])
		out = []string{"^" + string(rs[0]), "$" + string(rs[len(rs)-1])}
		if first, rest, ok := strings.Cut(n.words[0], "·"); ok {
			out = append(out, "$"+string([]rune(first)[max(0, len([]rune(first))-1):]), "^"+string([]rune(rest)[:min(1, len([]rune(rest)))]))
		}
		return out
	}
	initials := ""
	for _, w := range n.words {
		r := []rune(w)
		initials += string(r[0])
		out = append(out, w, "~"+string(r[:min(len(r), 4)]))
	}
	if len(n.words) > 1 {
		out = append(out, initials)
	}
	return out
}

// forms reports whether two names of one word are forms of one another: Birch and
// Birchian.
func forms(a, b []string) bool {
	if len(a) != 1 || len(b) != 1 {
		return false
	}
	x, y := a[0], b[0]
	if len(x) > len(y) {
		x, y = y, x
	}
	rest, ok := strings.CutPrefix(y, x)
	return ok && len(x) >= 4 && (rest == "s" || rest == "n" || rest == "an" || rest == "ian" || rest == "ese" || rest == "ish" || rest == "i")
}

// acronym reports whether a is made of the first letters of b.
func acronym(a, b []string) bool {
	if len(a) != 1 || len(b) < 2 || len(a[0]) != len(b) {
		return false
	}
	for i, w := range b {
		if w[0] != a[0][i] {
			return false
		}
	}
	return true
}

// titled reports whether two names of one person come with titles that differ.
func (n *name) titled(o *name) bool {
	if n.of == ofParty || len(n.titles) == 0 || len(o.titles) == 0 || n.han != o.han {
		return false
	}
	return !slices.ContainsFunc(n.titles, func(t string) bool { return slices.Contains(o.titles, t) })
}

// resembles reports whether two names are spelled so much alike that one of them
// may be meant for the other: they share a word and differ in another, or differ
// in two letters.
func (n *name) resembles(o *name) bool {
	if n.han {
		a, b := []rune(n.words[0]), []rune(o.words[0])
		return len(a) > 1 && len(b) > 1 && (a[0] == b[0] && n.of == person || a[len(a)-1] == b[len(b)-1] && n.of != person && len(a) == len(b) && distance(string(a), string(b), 1) == 1)
	}
	if len(n.words) > 1 && len(o.words) > 1 && n.of == o.of {
		for _, w := range n.words {
			if slices.Contains(o.words, w) && !placeWords[w] && !bodyWords[w] && !docWords[w] && !craftWords[w] {
				return true
			}
		}
	}
	a, b := strings.Join(n.words, " "), strings.Join(o.words, " ")
	return len(a) >= 4 && len(b) >= 4 && distance(a, b, 2) <= 2
}

// distance is how many letters must be changed, put in or left out to make b of
// a; more than limit is limit+1.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit || len(x) > 200 {
		return limit + 1
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		before := row[0]
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			before, row[j+1] = row[j+1], min(before+cost, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(y)], limit+1)
}

// cased reports whether a word has letters that can be capital.
func cased(s string) bool { return strings.ContainsFunc(s, unicode.IsLower) }
