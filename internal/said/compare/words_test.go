package compare

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/internal/said"
)

// cut gives the lit words.
func cut(text string, spans []Span) (out []string) {
	for _, s := range spans {
		out = append(out, text[s.From:s.To])
	}
	return out
}

func TestWords(t *testing.T) {
	list := func(s ...string) []string { return s }
	for _, c := range []struct {
		name, lang, before, after string
		a, b                      []string
	}{
		{"the picture of the house", "en", "energy and infrastructure", "energy infrastructure", list("and"), nil},
		{"and back", "en", "energy infrastructure", "energy and infrastructure", nil, list("and")},
		{"within a sentence", "en", "Neither side will attack the energy and infrastructure of the other.", "Neither side will attack the energy infrastructure of the other.", list("and"), nil},
		{"in Chinese", "zh", "不攻击能源和基础设施。", "不攻击能源基础设施。", list("和"), nil},
		{"a word of Chinese", "zh", "双方强烈谴责这一行动", "双方表示关切这一行动", list("强烈谴责"), list("表示关切")},
		{"one character alike by chance", "zh", "立即停火", "永久停火", list("立即"), list("永久")},
		{"figures are whole", "en", "12,500 tonnes", "12,300 tonnes", list("12,500"), list("12,300")},
		{"case, width, quotes", "en", "The “Lane” is open!", "the \"lane\" is open！", nil, nil},
		{"accents in two forms", "fr", "le traité", "le traite\u0301", nil, nil},
		{"accents", "fr", "le traité", "le traite", list("traité"), list("traite")},
		{"nothing seen", "en", "the lane", "the la\u200bne\u200e", nil, nil},
		{"a letter of another script", "en", "the lane", "the l\u0430ne", list("lane"), list("l\u0430ne")},
		{"marks stay with their letters", "hi", "यह नीति है", "यह नीती है", list("नीति"), list("नीती")},
		{"a family is one", "en", "we 👩‍👩‍👧 met", "we 👩‍👩‍👦 met", list("👩‍👩‍👧"), list("👩‍👩‍👦")},
		{"flags are whole", "en", "🇫🇷🇩🇪", "🇫🇷🇮🇹", list("🇩🇪"), list("🇮🇹")},
		{"Arabic", "ar", "الطاقة والبنية التحتية", "الطاقة البنية التحتية", list("والبنية"), list("البنية")},
		{"turned text", "en", "pay \u202e21\u202c now", "pay \u202e12\u202c now", list("21\u202c"), list("12\u202c")},
		{"lines", "en", "a\nb c", "a\nd\ne c", list("b"), list("d", "e")},
		{"empty", "en", "", "new words", nil, list("new words")},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := Words(c.lang, c.before, c.after)
			if got := cut(c.before, a); !reflect.DeepEqual(got, c.a) {
				t.Errorf("of the first %q are lit, want %q", got, c.a)
			}
			if got := cut(c.after, b); !reflect.DeepEqual(got, c.b) {
				t.Errorf("of the second %q are lit, want %q", got, c.b)
			}
		})
	}
}

func statement(lang string, texts ...string) said.Statement {
	var st said.Statement
	for i, x := range texts {
		st.Items = append(st.Items, said.Item{Topic: strings.Repeat("T", i), Texts: []said.Said{{Lang: lang, Text: x}}})
	}
	return st
}

func wording(lang, text string) [][]said.Said { return [][]said.Said{{{Lang: lang, Text: text}}} }

func TestWordings(t *testing.T) {
	for _, c := range []struct {
		name, lang, wording, text, state string
		in, lit, of                      []string
	}{
		{"same", "en", "The lane stays open.", "They said: “the lane stays open”, and left.", SameWords, []string{"the lane stays open"}, nil, nil},
		{"reworded", "en", "The lane stays open to all ships.", "The lane will stay open to all ships of both sides.", OtherWords, []string{"The lane will stay open to all ships"}, []string{"will stay"}, []string{"stays"}},
		{"the last word", "en", "Neither side will attack the energy infrastructure", "We said that neither side will attack the energy facilities. Then we left.", OtherWords, []string{"neither side will attack the energy facilities"}, []string{"facilities"}, []string{"infrastructure"}},
		{"absent", "en", "The lane stays open to all ships.", "Both spoke of ships and of the weather.", Absent, nil, nil, nil},
		{"Chinese", "zh", "任何一方均不攻击对方的能源和基础设施。", "双方确认，任何一方均不攻击对方的能源基础设施，并保持联系。", OtherWords, []string{"任何一方均不攻击对方的能源基础设施"}, nil, []string{"和"}},
		{"a letter of another script", "en", "The lane stays open.", "The l\u0430ne stays open.", OtherWords, []string{"The l\u0430ne stays open"}, []string{"l\u0430ne"}, []string{"lane"}},
		{"of another language", "fr", "The lane stays open.", "Rien.", "", nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			lang := c.lang
			if lang == "fr" {
				lang = "en"
			}
			st := statement(c.lang, "Nothing here. 无。", c.text)
			got := Wordings(&st, Known{Wordings: wording(lang, c.wording)})
			if c.state == "" {
				if len(got) != 0 {
					t.Fatalf("compared across languages: %+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].State != c.state {
				t.Fatalf("it is %+v, want %s", got, c.state)
			}
			w := got[0]
			for _, x := range []struct {
				what, text string
				spans      []Span
				want       []string
			}{{"passage", c.text, w.In, c.in}, {"lit", c.text, w.Lit, c.lit}, {"of the wording", c.wording, w.Of, c.of}} {
				if got := cut(x.text, x.spans); !reflect.DeepEqual(got, x.want) {
					t.Errorf("%s: %q, want %q", x.what, got, x.want)
				}
			}
		})
	}
}

// TestPicture: the wording of the README's picture in a comparison of both sides.
func TestPicture(t *testing.T) {
	ours := statement("en", "Neither side will attack the energy and infrastructure of the other.")
	theirs := statement("en", "Neither side will attack the energy infrastructure of the other.")
	r := Compare(ours, theirs, Known{Wordings: wording("en", "Neither side will attack the energy and infrastructure of the other.")})
	if len(r.Marks) != 1 || r.Marks[0].Kind != Reworded || r.Marks[0].Side != Theirs {
		t.Fatalf("the marks are %+v", r.Marks)
	}
	m := r.Marks[0]
	if got := cut(ours.Items[0].Texts[0].Text, m.Ours); !reflect.DeepEqual(got, []string{"and"}) {
		t.Errorf("of ours %q is lit", got)
	}
	text := theirs.Items[0].Texts[0].Text
	if len(m.Theirs) != 1 || !m.Theirs[0].Empty() || !strings.HasPrefix(text[m.Theirs[0].From:], "infrastructure") {
		t.Errorf("of theirs %v is lit", m.Theirs)
	}
}

// TestMissingAtTheEdges: words that are missing at the beginning or the end of a
// text have their place there.
func TestMissingAtTheEdges(t *testing.T) {
	const whole = "Open lanes stay open now."
	for text, at := range map[string]int{"Lanes stay open now.": 0, "Open lanes stay open.": len("Open lanes stay open")} {
		r := Compare(statement("en", whole), statement("en", text), Known{Wordings: wording("en", whole)})
		if len(r.Marks) != 1 || len(r.Marks[0].Theirs) != 1 || r.Marks[0].Theirs[0] != (Span{0, at, at}) {
			t.Errorf("%q: %+v, want a place at %d", text, r.Marks, at)
		}
	}
}

// TestOneLanguage: nothing is compared across languages.
func TestOneLanguage(t *testing.T) {
	r := Compare(statement("en", "There were 12 ships on 3 May 2026."), statement("zh", "2026年5月4日有13艘船。"), Known{})
	if len(r.Marks) != 0 || len(r.Languages) != 0 {
		t.Errorf("marks %+v in %v", r.Marks, r.Languages)
	}
	if r := Compare(statement("zh-Hans", "共有12艘渔船。"), statement("zh", "共有13艘渔船。"), Known{}); len(r.Marks) != 1 || r.Marks[0].Lang != "zh-Hans" {
		t.Errorf("one language by two tags: %+v", r.Marks)
	}
}

// TestScripts: letters of two scripts in a word and characters that turn what is
// read are marked on the side that has them, and hide no figure.
func TestScripts(t *testing.T) {
	ours, theirs := statement("en", "Twelve ships left the Strait."), statement("en", "1\u200b4 ships left the Str\u0430it \u202eback\u202c.")
	r := Compare(ours, theirs, Known{})
	got := map[string]string{}
	for _, m := range r.Marks {
		text := theirs.Items[0].Texts[0].Text
		got[string(m.Kind)+" "+m.What] = m.Side + ": " + strings.Join(cut(text, m.Theirs), "|")
	}
	want := map[string]string{"script mixed": "theirs: Str\u0430it", "script hidden": "theirs: \u200b|\u202e|\u202c", "figure Twelve | 1\u200b4": "both: 1\u200b4"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the marks are %q, want %q", got, want)
	}
}

// sound holds spans to what is promised of them.
func sound(t *testing.T, text string, spans []Span, empty bool) {
	t.Helper()
	last := -1
	for _, s := range spans {
		if s.From < 0 || s.To > len(text) || s.From > s.To || s.From == s.To && !empty || s.From < last {
			t.Fatalf("span %+v after %d in a text of %d bytes", s, last, len(text))
		}
		last = s.To
		for _, at := range []int{s.From, s.To} {
			if at < len(text) && utf8.ValidString(text) && (!utf8.RuneStart(text[at]) || at > 0 && cluster(text[before(text, at):]) > at-before(text, at)) {
				t.Fatalf("span %+v cuts a character of %q", s, text)
			}
		}
	}
}

// before is where the character begins that stands before a byte.
func before(s string, at int) int {
	last := 0
	for i := 0; i < at; i += cluster(s[i:]) {
		last = i
	}
	return last
}
