package main

import (
	"reflect"
	"strings"
	"testing"

	"parley"
	"parley/internal/station"
)

// TestDraftFiles: what is written is read back as it was, whatever stands in it.
func TestDraftFiles(t *testing.T) {
	said := func(pairs ...string) (out []station.SaidText) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, station.SaidText{Language: pairs[i], Text: pairs[i+1]})
		}
		return out
	}
	for name, items := range map[string][]station.SaidItem{
		"plain":        {{Texts: said("en", "We spoke.")}, {Topic: "Energy", Texts: said("en", "One.\n\nTwo.", "zh", "一。")}},
		"no opening":   {{Topic: "Energy", Texts: said("en", "One.")}},
		"like a topic": {{Texts: said("en", "# no topic\n#none\n@en\n\\@zh\n\\\\x\nx # y @ z")}},
		"spaces":       {{Texts: said("en", "  indented\n\ttab")}},
		"direction":    {{Topic: "الطاقة", Texts: said("ar", "النص \u202e هنا")}},
	} {
		text := formatItems(items)
		got, err := parseItems(text)
		if err != nil || !reflect.DeepEqual(got, items) {
			t.Errorf("%s: %v, %v, want %v\n%s", name, got, err, items, text)
		}
		if got, err = parseItems("\ufeff" + strings.ReplaceAll(text, "\n", "\r\n")); err != nil || !reflect.DeepEqual(got, items) {
			t.Errorf("%s, as Windows writes it: %v, %v", name, got, err)
		}
	}
	for name, text := range map[string]string{"nothing": "", "blank": "\n \n", "no language": "We spoke.\n", "a topic without a text": "# Energy\n", "a deeper topic": "## Energy\n@en\nx\n", "text before a language": "# Energy\nx\n"} {
		if got, err := parseItems(text); parley.KindOf(err) != parley.Malformed || err == nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func FuzzItems(f *testing.F) {
	for _, s := range []string{"@en\nx\n", "# T\n\n@en\n\\# x\n@zh\n\n\ny", "@\n", "# \n@en\nx", "\\", "@en\n\\\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		items, err := parseItems(s)
		if err != nil {
			return
		}
		again, err := parseItems(formatItems(items))
		if err != nil || !reflect.DeepEqual(again, items) {
			for _, x := range items { // a text that is empty leaves no trace
				for _, y := range x.Texts {
					if y.Text == "" {
						return
					}
				}
			}
			t.Errorf("%q: %v, then %v, %v", s, items, again, err)
		}
	})
}
