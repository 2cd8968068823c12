package desk

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"parley/internal/contact"
	"parley/internal/said"
	"parley/internal/said/compare"
	"parley/internal/station"
)

// A besideView is our readout beside that of another side: what differs, listed
// first, and the texts by topic and language with it lit.
type besideView struct {
	Marks    []litMark
	Topics   []besideTopic
	Ours     *station.SaidStatement // nil: nothing is written
	Theirs   *station.SaidDraft     // nil: not here
	OurDraft *station.SaidDraft     // ours on the record; nil: what stands there is our side only
}

// Compared reports whether both are on the record, and so were compared.
func (b besideView) Compared() bool { return b.OurDraft != nil && b.Theirs != nil }

// A litMark is one difference. Its number stands in the list, and at its words.
type litMark struct {
	N            int
	Kind         string
	Topic, Lang  string
	What         string
	Side         string          // whose statement it is about: "ours", "theirs", "both"
	Ours, Theirs []template.HTML // the words of each side, lit, with some before and after
}

// A besideTopic is one topic, in every language that anything was written of it in.
type besideTopic struct {
	Topic        string
	Ours, Theirs int // number of the item, from 1; 0: this side says nothing of it
	Mark         int // of the difference that only one side mentions it; 0: none
	Texts        []besideText
}

type besideText struct {
	Lang         string
	Ours, Theirs template.HTML
}

// lay puts our readout beside that of another side. Until ours is shown, what is
// written stands there, which is our side only.
func lay(kept *compare.Kept, l station.Line, v station.Statements, with string, langs []string) (b besideView) {
	b.OurDraft, b.Theirs = current(sideOf(v, v.Us)), current(sideOf(v, with))
	switch {
	case b.OurDraft != nil:
		b.Ours = &b.OurDraft.SaidStatement
	case v.Readout != nil && len(v.Readout.Items) > 0:
		b.Ours = &station.SaidStatement{Facts: v.Record, Items: v.Readout.Items}
	}
	marks, _ := differences(kept, l, v, with)
	if b.Ours != nil && b.Theirs != nil {
		aligned := *b.Theirs
		aligned.Items = inOurTags(aligned.Items, b.Ours.Items)
		b.Theirs = &aligned
	}
	for i, m := range marks {
		b.Marks = append(b.Marks, litMark{N: i + 1, Kind: string(m.Kind), Topic: m.Topic, Lang: m.Lang, What: m.What, Side: m.Side, Ours: excerptsAt(b.Ours.Items, m, m.Ours), Theirs: excerptsAt(b.Theirs.Items, m, m.Theirs)})
	}
	b.pair(langs, marks)
	return b
}

// differences are those between our readout and that of another side; false while
// one of them is not on the record.
func differences(kept *compare.Kept, l station.Line, v station.Statements, with string) ([]compare.Mark, bool) {
	ours, theirs := current(sideOf(v, v.Us)), current(sideOf(v, with))
	if ours == nil || theirs == nil {
		return nil, false
	}
	return kept.Compare(*statementOf(ours.SaidStatement), *statementOf(theirs.SaidStatement), knownOf(l, v, with)).Marks, true
}

// inOurTags are items with their languages tagged as our side tags them, where it
// has one language of that kind, and they have: "en-GB" is "en" beside ours.
func inOurTags(items, ours []station.SaidItem) []station.SaidItem {
	base := func(tag string) string { b, _, _ := strings.Cut(strings.ToLower(tag), "-"); return b }
	mine, other, of := langsOf(nil, ours...), langsOf(nil, items...), map[string]string{}
	like := func(list []string, lang string) (same []string) {
		for _, m := range list {
			if base(m) == base(lang) {
				same = append(same, m)
			}
		}
		return same
	}
	for _, lang := range other {
		if same := like(mine, lang); !slices.Contains(mine, lang) && len(same) == 1 && len(like(other, lang)) == 1 {
			of[lang] = same[0]
		}
	}
	if len(of) == 0 {
		return items
	}
	out := slices.Clone(items)
	for i := range out {
		out[i].Texts = slices.Clone(out[i].Texts)
		for k, t := range out[i].Texts {
			if as, ok := of[t.Language]; ok {
				out[i].Texts[k].Language = as
			}
		}
	}
	return out
}

// pair pairs the topics of both sides, ours first in our order.
func (b *besideView) pair(langs []string, marks []compare.Mark) {
	var a, c []station.SaidItem
	if b.Ours != nil {
		a = b.Ours.Items
	}
	if b.Theirs != nil {
		c = b.Theirs.Items
	}
	taken := make([]bool, len(c))
	put := func(i, j int) {
		t := besideTopic{Ours: i + 1, Theirs: j + 1}
		var x, y station.SaidItem
		if i >= 0 {
			x = a[i]
			t.Topic = x.Topic
		}
		if j >= 0 {
			y, taken[j] = c[j], true
			if i < 0 {
				t.Topic = y.Topic
			}
		}
		for k, m := range marks {
			if m.Kind == "topic" && (i < 0 || j < 0) && sameTopic(m.Topic, t.Topic) {
				t.Mark = k + 1
			}
		}
		for _, lang := range langsOf(langs, x, y) {
			t.Texts = append(t.Texts, besideText{Lang: lang, Ours: litText(x, i, lang, marks, true), Theirs: litText(y, j, lang, marks, false)})
		}
		b.Topics = append(b.Topics, t)
	}
	for i, it := range a {
		put(i, slices.IndexFunc(c, func(x station.SaidItem) bool { return sameTopic(x.Topic, it.Topic) }))
	}
	for j := range c {
		if !taken[j] {
			put(-1, j)
		}
	}
}

func sameTopic(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}

// langsOf are the languages that any of the items has a text in, in the order
// given, others after.
func langsOf(order []string, items ...station.SaidItem) (out []string) {
	have := map[string]bool{}
	var rest []string
	for _, it := range items {
		for _, t := range it.Texts {
			if !have[t.Language] && !slices.Contains(order, t.Language) {
				rest = append(rest, t.Language)
			}
			have[t.Language] = true
		}
	}
	for _, lang := range order {
		if have[lang] {
			out = append(out, lang)
		}
	}
	return append(out, rest...)
}

func textIn(texts []station.SaidText, lang string) string {
	for _, t := range texts {
		if t.Language == lang {
			return t.Text
		}
	}
	return ""
}

// excerptRunesBeside is how much of a text is shown before and after words that
// differ; excerptsMost how many places of one difference are shown in the list.
const excerptRunesBeside, excerptsMost = 28, 3

// excerptsAt are the places of spans with some words around, lit; those that stand
// near each other are one.
func excerptsAt(items []station.SaidItem, m compare.Mark, spans []compare.Span) (out []template.HTML) {
	if m.Lang == "" {
		return nil
	}
	for i := 0; i < len(spans) && len(out) < excerptsMost; {
		sp := spans[i]
		if sp.Item < 0 || sp.Item >= len(items) {
			i++
			continue
		}
		text := textIn(items[sp.Item].Texts, m.Lang)
		near := [][2]int{}
		for ; i < len(spans) && spans[i].Item == sp.Item && (len(near) == 0 || spans[i].From-near[len(near)-1][1] < 2*excerptRunesBeside); i++ {
			if s := spans[i]; s.From >= 0 && s.From <= s.To && s.To <= len(text) && (len(near) == 0 || s.From >= near[len(near)-1][1]) {
				near = append(near, [2]int{s.From, s.To})
			} else {
				break
			}
		}
		if len(near) == 0 {
			i++
			continue
		}
		out = append(out, around(text, near, string(m.Kind)))
	}
	return out
}

// around is the place of a text where spans stand, lit.
func around(text string, spans [][2]int, kind string) template.HTML {
	from, to := spans[0][0], spans[len(spans)-1][1]
	hit := [2]int{from, to}
	for n := 0; from > 0 && n < excerptRunesBeside; n++ {
		_, w := utf8.DecodeLastRuneInString(text[:from])
		from -= w
	}
	for n := 0; to < len(text) && n < excerptRunesBeside; n++ {
		_, w := utf8.DecodeRuneInString(text[to:])
		to += w
	}
	from, to = wholeWords(text, hit, from, to)
	before, after := "", ""
	if from > 0 {
		before = "… "
	}
	if to < len(text) {
		after = " …"
	}
	cut := make([][2]int, len(spans))
	for i, s := range spans {
		cut[i] = [2]int{s[0] - from, s[1] - from}
	}
	return template.HTML(before) + spanned(text[from:to], cut, func(i int) (string, string) { return litOpen(cut[i], kind, ""), "</mark>" }) + template.HTML(after)
}

// litOpen begins words that are lit; where words of the other side are missing it
// is a gap, drawn as one.
func litOpen(span [2]int, kind, id string) string {
	class := "lit"
	if span[0] == span[1] {
		class += " lit-gap"
	}
	out := `<mark class="` + class + `"`
	if kind != "" {
		out += ` data-kind="` + template.HTMLEscapeString(kind) + `"`
	}
	if id != "" {
		out += ` id="` + id + `"`
	}
	return out + ">"
}

// litText is a text with the words of every mark lit: each carries the number of its
// mark, which leads back to the list. n is the number of the item, -1: none.
func litText(it station.SaidItem, n int, lang string, marks []compare.Mark, ours bool) template.HTML {
	text := textIn(it.Texts, lang)
	if n < 0 || text == "" {
		return ""
	}
	side := "theirs"
	if ours {
		side = "ours"
	}
	type place struct {
		mark  int
		first bool
	}
	var spans [][2]int
	var of []place
	for i, m := range marks {
		list := m.Theirs
		if ours {
			list = m.Ours
		}
		if m.Lang != lang {
			continue
		}
		for k, sp := range list {
			if sp.Item != n {
				continue
			}
			for _, free := range freeOf([2]int{max(sp.From, 0), min(sp.To, len(text))}, spans) {
				spans, of = append(spans, free), append(of, place{i, k == 0 && free[0] == sp.From})
			}
		}
	}
	return spanned(text, spans, func(i int) (string, string) {
		at := of[i]
		id := ""
		if at.first {
			id = fmt.Sprintf("mark-%d-%s", at.mark+1, side)
		}
		return litOpen(spans[i], string(marks[at.mark].Kind), id), fmt.Sprintf(`<a class="lit-n" href="#mark-%d">%d</a></mark>`, at.mark+1, at.mark+1)
	})
}

// freeOf is what of a span no other covers yet. An empty one, a gap, stays unless
// another covers its place.
func freeOf(span [2]int, others [][2]int) [][2]int {
	free := [][2]int{span}
	for _, o := range others {
		var next [][2]int
		for _, f := range free {
			if o[1] <= f[0] || o[0] >= f[1] {
				if f[0] != f[1] || o != f {
					next = append(next, f)
				}
				continue
			}
			if f[0] == f[1] { // a gap within words that are lit
				continue
			}
			if f[0] < o[0] {
				next = append(next, [2]int{f[0], o[0]})
			}
			if o[1] < f[1] {
				next = append(next, [2]int{o[1], f[1]})
			}
		}
		free = next
	}
	return slices.DeleteFunc(free, func(f [2]int) bool { return f[0] > f[1] || f[0] == f[1] && span[0] != span[1] })
}

// statementOf is a statement as the comparison takes it.
func statementOf(v station.SaidStatement) *said.Statement {
	st := &said.Statement{Facts: factsOf(v.Facts)}
	for _, it := range v.Items {
		x := said.Item{Topic: it.Topic}
		for _, t := range it.Texts {
			x.Texts = append(x.Texts, said.Said{Lang: t.Language, Text: t.Text})
		}
		st.Items = append(st.Items, x)
	}
	return st
}

func factsOf(v station.SaidFacts) said.Facts {
	seconds := func(t time.Time) uint64 {
		if t.IsZero() || t.Unix() < 0 {
			return 0
		}
		return uint64(t.Unix())
	}
	f := said.Facts{Initiator: v.Initiator, Start: seconds(v.Start), End: seconds(v.End)}
	f.Level, _ = contact.ParseLevel(v.Level) // a word of ours
	f.Medium, _ = contact.ParseMedium(v.Medium)
	for _, p := range v.People {
		role, _ := contact.ParseRole(p.Role)
		f.People = append(f.People, said.Person{Party: p.Party, Name: p.Name, Title: p.Title, Role: role})
	}
	return f
}

// knownOf is what the comparison may take for known: the record, what both sides
// confirmed, and how parties are called.
func knownOf(l station.Line, v station.Statements, them string) compare.Known {
	k := compare.Known{Us: v.Us, Them: them, Facts: factsOf(v.Record)}
	for _, w := range v.Wordings {
		var texts []said.Said
		for _, t := range w.Texts {
			texts = append(texts, said.Said{Lang: t.Language, Text: t.Text})
		}
		k.Wordings = append(k.Wordings, texts)
	}
	for _, p := range append([]station.Party{l.Us}, l.Them...) {
		k.Parties = append(k.Parties, compare.Name{Party: string(p.Code), Name: p.Name})
	}
	return k
}

// SideState is where the readout of a side stands, as a word of the catalogue: ours
// before it is ready by how far it is written.
func (f *frame) SideState(v station.Statements, x station.SaidSide) string {
	if x.Ours && x.State == "none" && v.Readout != nil {
		return v.Readout.State
	}
	return x.State
}

// A wordingRow is a confirmed wording and how the readout of each side has it.
type wordingRow struct {
	station.SaidWording
	N     int
	Sides []wordingSide
}

type wordingSide struct {
	Party string
	Here  bool // a readout of the side is here
	Shown bool // on the record
	Langs []wordingIn
}

// wordingIn is how a readout has a wording in a language: "same", "reworded" or
// "absent". Words are those of the readout, lit where they differ.
type wordingIn struct {
	Lang, State string
	Words       template.HTML
}

// WordingRows are the confirmed wordings of a contact beside the readouts.
func (f *frame) WordingRows(l station.Line, v station.Statements) (out []wordingRow) {
	found, texts := map[string][]compare.Wording{}, map[string][]station.SaidItem{}
	shown := map[string]bool{}
	for _, x := range v.Sides {
		d := current(x)
		switch {
		case d != nil:
			texts[x.Party], shown[x.Party] = d.Items, true
		case x.Ours && v.Readout != nil:
			texts[x.Party] = v.Readout.Items
		default:
			continue
		}
		found[x.Party] = f.kept.Wordings(statementOf(station.SaidStatement{Facts: v.Record, Items: texts[x.Party]}), knownOf(l, v, ""))
	}
	for i, w := range v.Wordings {
		row := wordingRow{SaidWording: w, N: i + 1}
		for _, x := range v.Sides {
			list, here := found[x.Party]
			side := wordingSide{Party: x.Party, Here: here, Shown: shown[x.Party]}
			for _, at := range list {
				if at.Wording == i {
					side.Langs = append(side.Langs, wordingIn{Lang: at.Lang, State: at.State, Words: litPassage(texts[x.Party], at)})
				}
			}
			row.Sides = append(row.Sides, side)
		}
		out = append(out, row)
	}
	return out
}

// litPassage is the passage of a readout that says a wording, with the words lit
// that differ from it.
func litPassage(items []station.SaidItem, at compare.Wording) template.HTML {
	if at.State != "reworded" || len(at.In) == 0 || at.In[0].Item >= len(items) {
		return ""
	}
	in := at.In[0]
	text := textIn(items[in.Item].Texts, at.Lang)
	if in.From < 0 || in.From > in.To || in.To > len(text) {
		return ""
	}
	var spans [][2]int
	for _, sp := range at.Lit {
		if sp.Item == in.Item && sp.From >= in.From && sp.To <= in.To {
			spans = append(spans, freeOf([2]int{sp.From - in.From, sp.To - in.From}, spans)...)
		}
	}
	return spanned(text[in.From:in.To], spans, func(i int) (string, string) { return litOpen(spans[i], "reworded", ""), "</mark>" })
}

// Early are the publications before an embargo that stood, or was left.
func (f *frame) Early(v station.Statements) (out []station.PublishedView) {
	for _, x := range v.Published {
		if !f.EndOf(x).IsZero() {
			out = append(out, x)
		}
	}
	return out
}

// EndOf is the end of the embargo before which it was published; zero: it was not.
func (f *frame) EndOf(x station.PublishedView) time.Time {
	switch {
	case !x.Early.IsZero():
		return x.Early
	case !x.Left.IsZero():
		return x.Left
	}
	return x.Crossed
}

// TooEarly is what a publication before the end of an embargo is called, as a word of
// the catalogue.
func (f *frame) TooEarly(x station.PublishedView) string {
	switch {
	case !x.Early.IsZero():
		return "early"
	case !x.Left.IsZero():
		return "left"
	}
	return "crossed"
}

// PublishedAt is when it was published: as its publisher says, or as its entry was
// written, whichever is first.
func (f *frame) PublishedAt(x station.PublishedView) time.Time {
	if x.At.IsZero() || x.Entered.Before(x.At) {
		return x.Entered
	}
	return x.At
}

// Before is by how long a publication came before its embargo ended.
func (f *frame) Before(x station.PublishedView) time.Duration {
	return f.EndOf(x).Sub(f.PublishedAt(x))
}

// JointNow is the joint statement that counts: the one that is joint, else the
// newest that nothing took the place of; nil: none.
func (f *frame) JointNow(v station.Statements) (top *station.JointView) {
	for i := range v.Joints {
		j := &v.Joints[i]
		if j.State == "joint" {
			return j
		}
		if j.State != "replaced" {
			top = j
		}
	}
	return top
}

// Signed reports whether a side has signed a joint statement.
func (f *frame) Signed(j station.JointView, party string) bool {
	return slices.ContainsFunc(j.Signatures, func(s station.JointSignature) bool { return s.Party == party && s.ID != "" })
}

// Differences is how many there are between our readout and those of others; -1
// while one of them is not here.
func (f *frame) Differences(l station.Line, v station.Statements) int {
	n := -1
	for _, x := range v.Sides {
		if x.Ours {
			continue
		}
		if marks, both := differences(f.kept, l, v, x.Party); both {
			n = max(n, 0) + len(marks)
		}
	}
	return n
}

// A statementView is a statement as its readers read it: language by language.
type statementView struct {
	Facts station.SaidFacts
	Texts []statementText
}

type statementText struct {
	Lang  string
	Items []statementItem
}

type statementItem struct{ Topic, Text string }

// Statement is a statement as it is read.
func (f *frame) Statement(facts station.SaidFacts, items []station.SaidItem) statementView {
	v := statementView{Facts: facts}
	for _, lang := range langsOf(nil, items...) {
		t := statementText{Lang: lang}
		for _, it := range items {
			if text := textIn(it.Texts, lang); text != "" {
				t.Items = append(t.Items, statementItem{it.Topic, text})
			}
		}
		v.Texts = append(v.Texts, t)
	}
	return v
}

// A saidChange is one text of our readout that somebody else saved otherwise.
type saidChange struct {
	Topic, Lang  string
	Mine, Theirs template.HTML
}

// Changes are the texts in which what was typed here is not what was saved since.
func (p *sayingPage) Changes() (out []saidChange) {
	if p.Newer == nil {
		return nil
	}
	all := slices.Clone(p.Mine)
	for _, it := range p.Newer.Items {
		if !slices.ContainsFunc(p.Mine, func(x station.SaidItem) bool { return sameTopic(x.Topic, it.Topic) }) {
			all = append(all, station.SaidItem{Topic: it.Topic})
		}
	}
	for _, it := range all {
		var other station.SaidItem
		if i := slices.IndexFunc(p.Newer.Items, func(x station.SaidItem) bool { return sameTopic(x.Topic, it.Topic) }); i >= 0 {
			other = p.Newer.Items[i]
		}
		for _, lang := range langsOf(p.Tongues, it, other) {
			if a, b := textIn(it.Texts, lang), textIn(other.Texts, lang); a != b {
				c := saidChange{Topic: it.Topic, Lang: lang}
				c.Mine, c.Theirs = litChange(nil, lang, a, b)
				out = append(out, c)
			}
		}
	}
	return out
}

// litChange lights the words in which two texts differ.
func litChange(kept *compare.Kept, lang, mine, theirs string) (a, b template.HTML) {
	x, y := kept.Words(lang, mine, theirs)
	return litIn(mine, x, "ins"), litIn(theirs, y, "del")
}

// litIn puts the words of spans into an element.
func litIn(text string, spans []compare.Span, element string) template.HTML {
	var free [][2]int
	for _, sp := range spans {
		free = append(free, freeOf([2]int{max(sp.From, 0), min(sp.To, len(text))}, free)...)
	}
	return spanned(text, free, func(int) (string, string) { return "<" + element + ">", "</" + element + ">" })
}

// Instead is what a joint statement says otherwise than the one whose place it
// takes, text by text.
func (f *frame) Instead(v station.Statements, j station.JointView) (out []saidChange) {
	for i, o := range v.Joints {
		if o.State != "replaced" || o.Off == nil || o.Off.ID != j.ID || i >= len(v.Joints) {
			continue
		}
		for _, it := range j.Items {
			var was station.SaidItem
			if k := slices.IndexFunc(o.Items, func(x station.SaidItem) bool { return sameTopic(x.Topic, it.Topic) }); k >= 0 {
				was = o.Items[k]
			}
			for _, lang := range langsOf(nil, it, was) {
				if a, b := textIn(it.Texts, lang), textIn(was.Texts, lang); a != b {
					c := saidChange{Topic: it.Topic, Lang: lang}
					c.Mine, c.Theirs = litChange(f.kept, lang, a, b)
					out = append(out, c)
				}
			}
		}
		return out
	}
	return nil
}

// ItemTopic is the topic of the part that a remark is about; "" for the whole.
func (f *frame) ItemTopic(items []station.SaidItem, n int) string {
	if n < 1 || n > len(items) {
		return ""
	}
	if items[n-1].Topic == "" {
		return f.Book.text("saying.opening")
	}
	return items[n-1].Topic
}

// Joints are the joint statements of a contact, the newest first.
func (p *sayingPage) Joints() []station.JointView {
	out := slices.Clone(p.S.Joints)
	slices.Reverse(out)
	return out
}
