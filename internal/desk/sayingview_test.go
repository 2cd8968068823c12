package desk

import (
	"html"
	"html/template"
	"math/rand/v2"
	"os"
	"parley/internal/said"
	"regexp"
	"strings"
	"testing"

	"parley/internal/said/compare"
	"parley/internal/station"
)

var anyTag = regexp.MustCompile(`<[^>]*>`)

// TestLitText: words are lit with the number of their mark, and what stands between
// is the text as it was written, whatever it holds.
func TestLitText(t *testing.T) {
	text := "Energy <b>and</b> infrastructure, 12 substations.\u202e 能源"
	it := station.SaidItem{Texts: []station.SaidText{{Language: "en", Text: text}}}
	at := func(words string) compare.Span {
		i := strings.Index(text, words)
		return compare.Span{From: i, To: i + len(words)}
	}
	gap := at("substations")
	gap.To = gap.From
	marks := []compare.Mark{
		{Kind: "reworded", Lang: "en", Ours: []compare.Span{at("<b>and</b>")}},
		{Kind: "figure", Lang: "en", Ours: []compare.Span{at("12"), at("and</b> infra")}}, // over the first: what is free of it
		{Kind: "name", Lang: "zh", Ours: []compare.Span{at("Energy")}},                    // another language
		{Kind: "date", Lang: "en", Ours: []compare.Span{gap}},
		{Kind: "name", Lang: "en", Ours: []compare.Span{{Item: 1, From: 0, To: 3}, {From: -4, To: 2}, {From: 60, To: 900}}},
	}
	got := string(litText(it, 0, "en", marks, true))
	for _, want := range []string{`id="mark-1-ours">&lt;b&gt;and&lt;/b&gt;<a class="lit-n" href="#mark-1">1</a></mark>`, `data-kind="figure" id="mark-2-ours">12<a`, `data-kind="figure"> infra<a class="lit-n" href="#mark-2">2</a>`, `class="lit lit-gap" data-kind="date" id="mark-4-ours"><a`, "⟦U+202E⟧"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Contains(got, "#mark-3") || strings.Contains(got, "<b>") {
		t.Errorf("what must not be lit, or is markup: %s", got)
	}
	plain := anyTag.ReplaceAllString(regexp.MustCompile(`<a class="lit-n".*?</a>`).ReplaceAllString(got, ""), "")
	if want := "Energy &lt;b&gt;and&lt;/b&gt; infrastructure, 12 substations.⟦U+202E⟧ 能源"; plain != want {
		t.Errorf("the text is %q, want %q", plain, want)
	}
	if got := litText(it, 0, "fr", marks, true); got != "" {
		t.Errorf("a language it is not in: %s", got)
	}
	for _, e := range excerptsAt([]station.SaidItem{it}, compare.Mark{Kind: "name", Lang: "en"}, []compare.Span{at("and"), at("12"), {Item: 7}, {From: 5, To: 3}}) {
		if strings.Contains(string(e), "<b>") || !strings.Contains(string(e), `<mark class="lit" data-kind="name">`) {
			t.Errorf("an excerpt: %s", e)
		}
	}
}

// TestEveryMarkHasWords: the catalogue has a word for each kind of difference, state
// and fact that a page names.
func TestEveryMarkHasWords(t *testing.T) {
	en := books(t)["en"]
	var want []string
	add := func(prefix string, words ...string) {
		for _, w := range words {
			want = append(want, prefix+w)
		}
	}
	add("saying.mark.", "topic", "missing", "reworded", "figure", "date", "name", "initiator", "facts", "script")
	add("saying.state.", "none", "drafted", "reviewed", "approved", "ready", "shown", "owes")
	add("saying.jointstate.", "open", "signed", "joint", "withdrawn", "refused", "replaced")
	add("saying.jointmeans.", "open", "signed", "joint", "withdrawn", "refused", "replaced")
	add("saying.off.", "withdrawn", "refused", "replaced")
	add("saying.offer.", "open", "agreed", "refused", "replaced")
	add("saying.fault.", "not-bound", "other-bond")
	add("saying.fact.", "initiator", "start", "end", "level", "medium", "people")
	add("saying.script.", "mixed", "hidden")
	add("saying.wording.", "same", "reworded", "absent")
	add("saying.kind.", "readout", "joint")
	for _, kind := range []string{"topic", "missing", "reworded"} {
		add("saying."+kind+".", "ours", "theirs")
	}
	for act := range sayingActs {
		add("said.saying_", act)
	}
	add("said.saying_", "save", "joint", "publish")
	src := ""
	for _, file := range []string{"../said/forms.go", "../said/joint.go", "../said/statement.go"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		src += string(b)
	}
	shown := regexp.MustCompile(`(?:s|l)\.Add\("[^"]+", "([^"]+)"`).FindAllStringSubmatch(src, -1)
	if len(shown) < 15 {
		t.Errorf("%d fields: the search is broken", len(shown))
	}
	for _, m := range shown {
		want = append(want, "field."+m[1])
	}
	add("form.", said.Forms...)
	add("saying.step.", "proposed", "agreed", "refused", "signed", "withdrawn")
	for _, k := range want {
		if !en.has(k) {
			t.Errorf("no message %q", k)
		}
	}
}

// litWords is what lit text says to a reader: without markup and numbers.
func litWords(lit template.HTML) string {
	s := regexp.MustCompile(`<a class="lit-n".*?</a>`).ReplaceAllString(string(lit), "")
	return html.UnescapeString(anyTag.ReplaceAllString(s, ""))
}

// TestTwoMarksAtOnePlace: a gap beside words, a gap within them and one after them
// are lit in whatever order their marks come, and the text stays whole.
func TestTwoMarksAtOnePlace(t *testing.T) {
	const text = "The lane is open."
	it := station.SaidItem{Texts: []station.SaidText{{Language: "en", Text: text}}}
	for _, spans := range [][][2]int{
		{{5, 8}, {5, 5}}, {{5, 5}, {5, 8}}, {{5, 8}, {8, 8}}, {{8, 8}, {5, 8}, {5, 5}}, {{5, 8}, {6, 6}}, {{5, 5}, {5, 5}}, {{5, 8}, {7, 12}, {5, 5}, {12, 12}, {17, 17}, {0, 0}}, {{8, 5}, {5, 8}, {3, 900}, {-5, 3}},
	} {
		var marks []compare.Mark
		for _, s := range spans {
			marks = append(marks, compare.Mark{Kind: "figure", Lang: "en", Ours: []compare.Span{{From: s[0], To: s[1]}}})
		}
		if got := litWords(litText(it, 0, "en", marks, true)); got != text {
			t.Errorf("%v: the text is %q", spans, got)
		}
	}
	got := string(litText(it, 0, "en", []compare.Mark{{Kind: "date", Lang: "en", Ours: []compare.Span{{From: 4, To: 8}}}, {Kind: "figure", Lang: "en", Ours: []compare.Span{{From: 4, To: 4}}}}, true))
	gap, words := strings.Index(got, `lit-gap" data-kind="figure" id="mark-2-ours"`), strings.Index(got, `id="mark-1-ours">lane<`)
	if gap < 0 || words < gap {
		t.Errorf("the gap does not stand before the words: %s", got)
	}
	rnd := rand.New(rand.NewPCG(4, 12))
	for range 3_000 {
		var marks []compare.Mark
		var raw [][2]int
		for range rnd.IntN(9) {
			var m compare.Mark
			m.Kind, m.Lang = "name", "en"
			for range rnd.IntN(4) {
				from := rnd.IntN(len(text)+6) - 3
				sp := compare.Span{From: from, To: from + rnd.IntN(7) - 1}
				m.Ours, raw = append(m.Ours, sp), append(raw, [2]int{sp.From, sp.To})
			}
			marks = append(marks, m)
		}
		if got := litWords(litText(it, 0, "en", marks, true)); got != text {
			t.Fatalf("%v: the text is %q", raw, got)
		}
		if got := litWords(spanned(text, raw, func(int) (string, string) { return "<mark>", "</mark>" })); got != text {
			t.Fatalf("%v, not made free: the text is %q", raw, got)
		}
	}
}

// TestOtherTagsOfALanguage: one language of theirs is laid beside ours under our
// tag; where they have two of that kind, none is taken for the other.
func TestOtherTagsOfALanguage(t *testing.T) {
	text := func(lang string) station.SaidItem {
		return station.SaidItem{Texts: []station.SaidText{{Language: lang, Text: lang}}}
	}
	ours := []station.SaidItem{text("en")}
	if got := inOurTags([]station.SaidItem{text("en-GB")}, ours); got[0].Texts[0].Language != "en" {
		t.Errorf("%v", got)
	}
	both := []station.SaidItem{{Texts: []station.SaidText{{Language: "en-GB", Text: "lorry"}, {Language: "en", Text: "truck"}}}}
	if got := inOurTags(both, ours); textIn(got[0].Texts, "en") != "truck" || textIn(got[0].Texts, "en-GB") != "lorry" {
		t.Errorf("%v", got)
	}
}

// TestComparedOnce: however often a page is looked at, both drafts are compared
// once, and ours is laid beside none of ours.
func TestComparedOnce(t *testing.T) {
	st := func(text string) station.SaidStatement {
		return station.SaidStatement{Items: []station.SaidItem{{Topic: "Lane", Texts: []station.SaidText{{Language: "en", Text: text}}}}}
	}
	v := station.Statements{Us: "alder", Sides: []station.SaidSide{
		{Party: "alder", Ours: true, Drafts: []station.SaidDraft{{SaidStatement: st("The lane is open to 12 ships."), Current: true}}},
		{Party: "birch", Drafts: []station.SaidDraft{{SaidStatement: st("The lane is open to 14 ships."), Current: true}}},
	}}
	kept := new(compare.Kept)
	f := &frame{kept: kept}
	first, both := differences(kept, station.Line{}, v, "birch")
	if !both || len(first) == 0 {
		t.Fatalf("they differ in nothing: %v", first)
	}
	for range 3 {
		if n := f.Differences(station.Line{}, v); n != len(first) {
			t.Errorf("%d differences, want %d", n, len(first))
		}
		if b := lay(kept, station.Line{}, v, "birch", nil); len(b.Marks) != len(first) || !b.Compared() {
			t.Errorf("laid side by side: %+v", b.Marks)
		}
	}
	if again, _ := differences(kept, station.Line{}, v, "birch"); &again[0] != &first[0] {
		t.Error("the drafts were compared again")
	}
	if kept.Len() != 1 {
		t.Errorf("%d comparisons were made of one pair of drafts", kept.Len())
	}
	v.Sides[1].Drafts[0].SaidStatement = st("The lane is open to 12 ships.")
	if n := f.Differences(station.Line{}, v); n != 0 {
		t.Errorf("the same text differs in %d", n)
	}
	v.Sides[1].Drafts = nil
	if n := f.Differences(station.Line{}, v); n != -1 {
		t.Errorf("with nothing of theirs: %d", n)
	}
}
