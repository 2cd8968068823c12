package desk

import (
	"os"
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
	add("form.", saidForms...)
	add("saying.step.", "proposed", "agreed", "refused", "signed", "withdrawn")
	for _, k := range want {
		if !en.has(k) {
			t.Errorf("no message %q", k)
		}
	}
}
