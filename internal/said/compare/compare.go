package compare

import (
	"slices"
	"strings"
	"time"

	"parley/internal/said"
)

// A Kind is what a mark is about; its word is also the key of its translations.
type Kind string

// The kinds.
const (
	Topic     Kind = "topic"     // only one side speaks of it
	Missing   Kind = "missing"   // a confirmed wording is not there
	Reworded  Kind = "reworded"  // a confirmed wording is there in other words
	Figure    Kind = "figure"    // figures differ
	Date      Kind = "date"      // dates or times of day differ
	Named     Kind = "name"      // names or titles differ
	Initiator Kind = "initiator" // who asked for the contact
	Facts     Kind = "facts"     // what the station filled in is not what the record says
	Script    Kind = "script"    // letters of two scripts in one word, or characters that turn or hide what is read
)

// Whose statement a mark is about.
const (
	Ours   = "ours"
	Theirs = "theirs"
	Both   = "both"
)

// A Mark says: look here. Its spans stand in order and touch nowhere.
type Mark struct {
	Kind    Kind   `json:"kind"`
	Topic   string `json:"topic,omitempty"` // as our side writes it, or who alone has it
	Lang    string `json:"lang,omitempty"`  // "": of no language
	Side    string `json:"side"`            // who alone has the topic, left out or reworded the wording, differs from the record; Both where they differ from each other
	Ours    []Span `json:"ours,omitempty"`
	Theirs  []Span `json:"theirs,omitempty"`
	Wording int    `json:"wording"`        // in Known.Wordings; -1: none
	What    string `json:"what,omitempty"` // facts: which; script: mixed or hidden; else what stands against what
}

// A Name is a person's, or a party's, as texts write it.
type Name struct {
	Party string
	Name  string
}

// Known is what the record says besides the statements.
type Known struct {
	Us, Them string
	Facts    said.Facts
	Wordings [][]said.Said // confirmed by both, each in its languages
	Names    []Name        // of people besides those of the facts
	Parties  []Name        // of the parties, in any language; their codes are known
}

// A Report is what two statements say differently.
type Report struct {
	Marks     []Mark   `json:"marks"`
	Languages []string `json:"languages"`     // in which both speak: nothing is compared in others
	Cut       bool     `json:"cut,omitempty"` // a text is longer than maxText, and was not read to its end; or there are more than maxMarks
}

// Compare lays two statements side by side. Its marks come by language, in the
// order of our texts; those of no language come first.
func Compare(ours, theirs said.Statement, known Known) Report {
	c := &comparing{ours: &ours, theirs: &theirs, known: &known, who: roster(&known, &known.Facts, &ours.Facts, &theirs.Facts)}
	c.facts()
	c.topics()
	for _, l := range c.languages() {
		c.language(l[0], l[1])
	}
	if c.out.Marks == nil {
		c.out.Marks = []Mark{}
	}
	return c.out
}

type comparing struct {
	ours, theirs *said.Statement
	known        *Known
	who          *people
	out          Report
}

// languages are the pairs of tags in which both sides speak. Tags of one language
// with and without a region are one where there is no doubt.
func (c *comparing) languages() (out [][2]string) {
	a, b := c.ours.Languages(), c.theirs.Languages()
	for _, l := range a {
		if slices.Contains(b, l) {
			out = append(out, [2]string{l, l})
			continue
		}
		same := func(x string) bool { return base(x) == base(l) }
		i := slices.IndexFunc(b, same)
		if i >= 0 && !slices.Contains(a, b[i]) && count(a, same) == 1 && count(b, same) == 1 {
			out = append(out, [2]string{l, b[i]})
		}
	}
	for _, l := range out {
		c.out.Languages = append(c.out.Languages, l[0])
	}
	return out
}

func count(list []string, is func(string) bool) (n int) {
	for _, s := range list {
		if is(s) {
			n++
		}
	}
	return n
}

// topicKey is by what two topics are the same.
func topicKey(s string) string {
	var b strings.Builder
	for _, t := range tokens("", s) {
		if t.kind != point {
			b.WriteString(t.loose + " ")
		}
	}
	return b.String()
}

// pairs are the items of both that are of one topic. Topics that are spelled
// almost alike are one; -1 stands for none.
func (c *comparing) pairs() (out [][2]int) {
	taken := map[int]bool{}
	var left []int
	for i, it := range c.ours.Items {
		j := slices.IndexFunc(c.theirs.Items, func(o said.Item) bool { return topicKey(o.Topic) == topicKey(it.Topic) })
		if j < 0 || taken[j] {
			left = append(left, len(out))
			j = -1
		} else {
			taken[j] = true
		}
		out = append(out, [2]int{i, j})
	}
	for _, n := range left {
		a := topicKey(c.ours.Items[out[n][0]].Topic)
		for j, o := range c.theirs.Items {
			if b := topicKey(o.Topic); !taken[j] && len(a) > 6 && len(b) > 6 && distance(a, b, 2) <= 2 {
				out[n][1], taken[j] = j, true
				break
			}
		}
	}
	for j := range c.theirs.Items {
		if !taken[j] {
			out = append(out, [2]int{-1, j})
		}
	}
	return out
}

// topics marks what only one side speaks of.
func (c *comparing) topics() {
	for _, p := range c.pairs() {
		switch {
		case p[0] >= 0 && p[1] >= 0:
		case p[0] >= 0 && c.ours.Items[p[0]].Topic != "":
			c.mark(Mark{Kind: Topic, Topic: c.ours.Items[p[0]].Topic, Side: Ours, Ours: []Span{{Item: p[0]}}, Wording: -1})
		case p[0] < 0 && c.theirs.Items[p[1]].Topic != "":
			c.mark(Mark{Kind: Topic, Topic: c.theirs.Items[p[1]].Topic, Side: Theirs, Theirs: []Span{{Item: p[1]}}, Wording: -1})
		}
	}
}

func (c *comparing) mark(m Mark) {
	if len(c.out.Marks) >= maxMarks {
		c.out.Cut = true
		return
	}
	if m.Wording == 0 && m.Kind != Missing && m.Kind != Reworded {
		m.Wording = -1
	}
	c.out.Marks = append(c.out.Marks, m)
}

// language marks what differs in one language.
func (c *comparing) language(mine, other string) {
	from := len(c.out.Marks)
	var a, b []*passage
	read := func(st *said.Statement, i int, lang string, to *[]*passage) *passage {
		if i < 0 || st.Items[i].Text(lang) == "" {
			return nil
		}
		text := st.Items[i].Text(lang)
		c.out.Cut = c.out.Cut || len(text) > maxText
		p := c.reader(lang).read(i, text)
		c.out.Cut = c.out.Cut || len(p.claims) == maxClaims
		*to = append(*to, p)
		return p
	}
	var pairs [][2]*passage
	for _, p := range c.pairs() {
		pairs = append(pairs, [2]*passage{read(c.ours, p[0], mine, &a), read(c.theirs, p[1], other, &b)})
	}
	c.scripts(mine, a, b)
	c.wordings(mine, other)
	c.initiators(mine, a, b)
	g := grouped(c, a, b)
	for _, p := range pairs {
		if p[0] != nil && p[1] != nil {
			g.lay(p[0], p[1], 1)
		}
	}
	for _, p := range a { // said in the opening by one, under its topic by the other
		for _, q := range b {
			if c.ours.Items[p.item].Topic == "" != (c.theirs.Items[q.item].Topic == "") {
				g.lay(p, q, 2)
			}
		}
	}
	for _, m := range g.marks(mine) {
		c.mark(m)
	}
	slices.SortStableFunc(c.out.Marks[from:], func(x, y Mark) int { return order(x) - order(y) })
}

// order is where a mark stands in our text, or at the end.
func order(m Mark) int {
	if len(m.Ours) == 0 {
		return 1 << 40
	}
	return m.Ours[0].Item<<24 + m.Ours[0].From
}

// reader is how texts of a language are read, with the day of the contact.
func (c *comparing) reader(lang string) *reader {
	r := &reader{lang: lang, who: c.who}
	at := c.known.Facts.Start
	if at == 0 {
		at = c.ours.Facts.Start
	}
	if at != 0 {
		t := time.Unix(int64(at), 0).UTC()
		r.year, r.mon, r.day = t.Year(), int(t.Month()), t.Day()
	}
	return r
}
