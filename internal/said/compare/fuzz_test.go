package compare

import (
	"reflect"
	"testing"

	"parley/internal/said"
)

func fuzzStatement(lang, opening, text string) said.Statement {
	return said.Statement{Facts: said.Facts{Initiator: "alder", Start: 1_796_868_000, People: []said.Person{{Party: "alder", Name: "Ana Ruiz"}, {Party: "birch", Name: "吴敏"}}},
		Items: []said.Item{{Texts: []said.Said{{Lang: lang, Text: opening}}}, {Topic: "Strait", Texts: []said.Said{{Lang: lang, Text: text}}}}}
}

// FuzzCompare: whatever two statements say, marks stand within the texts and cut
// no character, the same marks come twice, and a statement does not differ from
// itself.
func FuzzCompare(f *testing.F) {
	f.Add("en", "At the request of Alder.", "On 12 December 2026 about 4.2 million dollars, 12-14 ships, the 3rd round.", "On 13 December 4.4 million, Minister Ana Ruiz", "twelve ships")
	f.Add("zh", "应奥尔德方请求", "2026年12月12日至14日，百分之三十，三千五百万元，第三轮，红石岛，外长吴敏", "二〇二六年十二月三日上午10时30分12艘渔船，一亿二千万", "三千五百万元")
	f.Add("ar", "", "في 12 ديسمبر ٢٠٢٦", "\u202e12\u202c", "a\u0300\u0301")
	f.Add("ru", "1.200.000,5", "12.12.2026 г. 5%", "3,5 млн", "")
	f.Add("fr", "10 h", "le 3 mai", "\xff\xfe", "é")
	f.Fuzz(func(t *testing.T, lang, opening, a, b, words string) {
		ours, theirs := fuzzStatement(lang, opening, a), fuzzStatement(lang, b, words)
		known := Known{Us: "alder", Them: "birch", Facts: ours.Facts, Wordings: [][]said.Said{{{Lang: lang, Text: words}}}}
		r := Compare(ours, theirs, known)
		if again := Compare(ours, theirs, known); !reflect.DeepEqual(r, again) {
			t.Fatalf("%+v and then %+v", r, again)
		}
		for _, m := range r.Marks {
			if m.Kind == Script {
				continue // what is hidden belongs to the character before it
			}
			for side, spans := range [][]Span{m.Ours, m.Theirs} {
				st := []said.Statement{ours, theirs}[side]
				by := map[int][]Span{}
				for _, s := range spans {
					by[s.Item] = append(by[s.Item], s)
				}
				for i, l := range by {
					sound(t, st.Items[i].Text(lang), l, true)
				}
			}
		}
		for _, m := range Compare(ours, ours, known).Marks {
			if m.Kind != Missing && m.Kind != Reworded && m.Kind != Script && m.Kind != Initiator {
				t.Fatalf("it differs from itself: %+v", m)
			}
		}
		for _, w := range Wordings(&theirs, known) {
			for _, l := range [][]Span{w.In, w.Lit} {
				for _, s := range l {
					sound(t, theirs.Items[s.Item].Text(lang), []Span{s}, false)
				}
			}
			sound(t, words, w.Of, false)
		}
	})
}

// FuzzWords: what is lit stands within the texts and cuts no character; without
// what is lit both say the same.
func FuzzWords(f *testing.F) {
	f.Add("en", "energy and infrastructure", "energy infrastructure")
	f.Add("zh", "能源和基础设施", "能源基础设施")
	f.Add("hi", "नीति 👩‍👩‍👧 🇫🇷🇩🇪", "नीती 👩‍👩‍👦 🇫🇷🇮🇹")
	f.Fuzz(func(t *testing.T, lang, a, b string) {
		x, y := Words(lang, a, b)
		sound(t, a, x, false)
		sound(t, b, y, false)
		kept := func(text string, spans []Span) (out []string) {
			for _, k := range tokens(lang, text) {
				in := false
				for _, s := range spans {
					in = in || k.from >= s.From && k.to <= s.To
				}
				if !in {
					out = append(out, k.key)
				}
			}
			return out
		}
		if p, q := kept(a, x), kept(b, y); !reflect.DeepEqual(p, q) {
			t.Fatalf("what is not lit is %q and %q", p, q)
		}
	})
}

// FuzzQuotes: a quote stands within the statement and is in the secret.
func FuzzQuotes(f *testing.F) {
	f.Add(memcon, memcon2, "in confidence")
	f.Add("a a a a a a a a a a", "a a a a a a a a", "a")
	f.Fuzz(func(t *testing.T, text, secret, free string) {
		st := statement("en", text, secret)
		got := Quotes(&st, []Secret{{Of: "s", Texts: []string{secret}}}, free)
		for _, q := range got {
			sound(t, st.Items[q.Item].Texts[0].Text, []Span{{q.Item, q.From, q.To}}, false)
		}
		if all := readQuotable(secret); len(all.toks) > 0 && all.ends[0] != 0 && free == "" {
			n := 0
			for _, q := range got {
				if q.Item == 1 {
					n++
				}
			}
			if n == 0 {
				t.Fatalf("a secret as a whole is no quote of itself: %q", secret)
			}
		}
	})
}
