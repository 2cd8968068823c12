package compare

import (
	"regexp"
	"strings"
)

// What a text says of who asked for the contact.
type asked struct {
	p        *passage
	from, to int    // bytes: who
	code     string // of the party; "both"; "" not known
	who      string // folded
}

const (
	acts  = `request|initiative|invitation|suggestion|proposal|instance|behest`
	calls = `(?:the |this |a |today's |yesterday's )?(?:(?:telephone|phone|video|voice) )?(?:call|conversation|contact|talks?|meeting|exchange)`
	party = `[\p{L}'’-]+(?: [\p{L}'’-]+){0,3}?`
)

// saidOf are the ways of saying in English and Chinese who asked; the group is
// who. together stands for both.
var saidOf = []struct {
	re       *regexp.Regexp
	together bool
}{
	{regexp.MustCompile(`(?i)\b(?:at|on|upon|following|after) (?:the |a |an )?(?:` + acts + `) (?:of|by|from) (?:the )?(` + party + `)(?: side| government| delegation)?(?:[,.;:)]|$| on | to | at | in | and | for | the | with )`), false},
	{regexp.MustCompile(`(?i)\b(?:at|on|upon|following|after) (our|\p{L}+)(?:['’]s?)? (?:side['’]s )?(?:` + acts + `)\b`), false},
	{regexp.MustCompile(`(?i)\b(?:initiated|requested|proposed|arranged|placed|sought|asked for|held at the request) (?:by|of) (?:the )?(` + party + `)(?: side)?(?:[,.;:)]|$| on | to | at | in | and | for | with )`), false},
	{regexp.MustCompile(`(?i)(?:^|[.;,:] |\bthe )(` + party + `)(?: side)? (?:had |has )?(?:initiated|requested|asked for|sought|proposed|placed|made|arranged) ` + calls), false},
	{regexp.MustCompile(`(?i)(?:^|[.;,:] |\bthe )(` + party + `) (?:telephoned|phoned|rang up|rang) `), false},
	{regexp.MustCompile(`(?i)\b(?:by|at|on) (mutual|joint|common) (?:agreement|initiative|request|wish)`), true},
	{regexp.MustCompile(`应约|应邀`), false},
	{regexp.MustCompile(`应([^，。；、\s]{1,12}?)(?:的)?(?:请求|邀请|要求|提议|之邀|之请|之约|倡议|建议)`), false},
	{regexp.MustCompile(`由([^，。；、\s]{1,10}?)(?:发起|提议|提出|倡议|主动提出)`), false},
	{regexp.MustCompile(`(?:^|[，。；\s])([^，。；、\s]{1,8}?)(?:主动)?(?:发起|提议举行|要求举行|请求举行|提出举行|倡议举行)(?:了)?(?:此次|本次|这次|该次)?(?:通话|会谈|会晤|电话|视频)?`), false},
	{regexp.MustCompile(`(?:通话|会谈|会晤|电话)(?:系|是)?(?:由|应)?([^，。；、\s]{1,8}?)(?:方)?(?:主动)?(?:发起|提议|要求|请求)`), false},
	{regexp.MustCompile(`经(双方)(?:商定|协商|约定|一致同意)`), true},
}

// askedIn finds the first thing that a text says of who asked.
func (c *comparing) askedIn(p *passage, us, them string) *asked {
	var first *asked
	for _, s := range saidOf {
		m := s.re.FindStringSubmatchIndex(p.text)
		if m == nil {
			continue
		}
		a := &asked{p: p, from: m[0], to: m[1]}
		if len(m) > 2 && m[2] >= 0 {
			a.from, a.to = m[2], m[3]
		}
		a.from, a.to = whole(p.toks, a.from, a.to)
		if a.to <= a.from || first != nil && first.from <= a.from {
			continue
		}
		_, a.who = keys(p.text[a.from:a.to])
		switch {
		case s.together:
			a.code = "both"
		case strings.HasPrefix(a.who, "应"):
			a.code = them
		default:
			a.code = c.partyOf(a.who, us, them)
		}
		if a.who == "其" || a.who == "他" || a.who == "她" || a.who == "their" || a.who == "its" || a.who == "his" || a.who == "her" {
			continue
		}
		if a.code == "" && !strings.ContainsFunc(p.text[a.from:a.to], func(r rune) bool { return spaceless(r) || r >= 'A' && r <= 'Z' }) {
			continue // it, he, the minister: nobody that could be told
		}
		first = a
	}
	return first
}

// whole is a range of bytes as whole tokens.
func whole(ts []token, from, to int) (int, int) {
	lo, hi := -1, -1
	for _, t := range ts {
		if t.to <= from || t.from >= to {
			continue
		}
		if lo < 0 {
			lo = t.from
		}
		hi = t.to
	}
	return lo, hi
}

// partyOf is whom words name: a party by its name or one of its people, the
// speaker's side, the other, both.
func (c *comparing) partyOf(who, us, them string) string {
	who = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(who, "the "), " side"), "的")
	switch who {
	case "our", "our side", "us", "we", "我方", "我", "己方", "本方":
		return us
	case "other", "other side", "the other", "counterpart", "对方":
		return them
	case "both", "both sides", "two sides", "both parties", "双方", "两国", "双边":
		return "both"
	}
	for n, code := range c.who.party {
		if who == n || strings.HasPrefix(who, n+" ") || strings.HasSuffix(who, " "+n) || len(n) > 3 && strings.ContainsFunc(n, spaceless) && strings.Contains(who, n) || strings.TrimSuffix(who, "方") == n {
			return code
		}
	}
	for _, k := range c.who.list {
		if k.party == "" {
			continue
		}
		if k.han != "" && strings.Contains(who, k.han) {
			return k.party
		}
		ws := strings.Fields(who)
		if len(k.words) > 0 && len(ws) > 0 && k.words[len(k.words)-1] == ws[len(ws)-1] {
			return k.party
		}
	}
	return ""
}

// initiators marks where the texts say differently who asked, or otherwise than
// the record.
func (c *comparing) initiators(lang string, a, b []*passage) {
	find := func(l []*passage, us, them string) *asked {
		for _, p := range l {
			if x := c.askedIn(p, us, them); x != nil {
				return x
			}
		}
		return nil
	}
	us, them := c.known.Us, c.known.Them
	x, y := find(a, us, them), find(b, them, us)
	record := c.known.Facts.Initiator
	m := Mark{Kind: Initiator, Lang: lang, Wording: -1}
	spans := func(s *asked) []Span {
		if s == nil {
			return nil
		}
		return []Span{{s.p.item, s.from, s.to}}
	}
	wrong := func(s *asked) bool { return s != nil && s.code != "" && record != "" && s.code != record }
	switch {
	case x != nil && y != nil && !agreed(x, y):
		m.Side = Both
		if wrong(x) != wrong(y) && x.code != "" && y.code != "" {
			m.Side = sideOf(wrong(x), wrong(y))
		}
	case wrong(x) || wrong(y):
		m.Side = sideOf(wrong(x), wrong(y))
	default:
		return
	}
	m.Ours, m.Theirs = spans(x), spans(y)
	for _, s := range []*asked{x, y} {
		if s != nil {
			if m.What != "" {
				m.What += " | "
			}
			m.What += s.p.text[s.from:s.to]
		}
	}
	if x != nil {
		m.Topic = c.ours.Items[x.p.item].Topic
	} else {
		m.Topic = c.theirs.Items[y.p.item].Topic
	}
	c.mark(m)
}

// agreed reports whether two texts may mean the same.
func agreed(x, y *asked) bool {
	if x.code != "" && y.code != "" {
		return x.code == y.code
	}
	if (x.code == "both") != (y.code == "both") {
		return false
	}
	a, b := strings.TrimSuffix(x.who, "方"), strings.TrimSuffix(y.who, "方")
	return strings.Contains(a, b) || strings.Contains(b, a)
}
