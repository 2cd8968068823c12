package compare

import (
	"strings"
	"testing"

	"parley/internal/said"
)

const (
	memcon  = "The minister said in confidence that the second brigade will leave the valley before the thaw, whatever the parliament decides."
	memcon2 = "部长私下表示，不论议会作何决定，第二旅都将在解冻之前撤离山谷地区。"
)

func TestQuotes(t *testing.T) {
	secret := []Secret{{Of: "memcon 1", Texts: []string{memcon, memcon2}}, {Of: "entry 2", Texts: []string{"Our price for the timber is four hundred and ten a tonne, and not less."}}, {Of: "note 3", Texts: []string{"The price of peace that both may pay in the end."}}}
	for _, c := range []struct {
		name, lang, text, of, words string
		free                        []string
	}{
		{"nothing", "en", "The ministers spoke of the valley and of timber.", "", "", nil},
		{"word for word", "en", "We learned that the second brigade will leave the valley before the thaw. Good.", "memcon 1", "that the second brigade will leave the valley before the thaw", nil},
		{"seven words", "en", "Will leave the valley before the thaw.", "", "", nil},
		{"eight words", "en", "Brigade will leave the valley before the thaw.", "memcon 1", "Brigade will leave the valley before the thaw", nil},
		{"case, marks, lines", "en", "“THE SECOND BRIGADE\nwill — leave, the VALLEY: before the thaw!”", "memcon 1", "THE SECOND BRIGADE\nwill — leave, the VALLEY: before the thaw", nil},
		{"hidden", "en", "the sec\u200bond brigade w\u0456ll leave the vall\u0435y before the thaw", "memcon 1", "the sec\u200bond brigade w\u0456ll leave the vall\u0435y before the thaw", nil},
		{"whole words in other letters", "en", "a price of реасе that both may pay in the end", "note 3", "price of реасе that both may pay in the end", nil},
		{"wide letters", "en", "ｔｈｅ ｓｅｃｏｎｄ brigade will leave the valley before the thaw", "memcon 1", "ｔｈｅ ｓｅｃｏｎｄ brigade will leave the valley before the thaw", nil},
		{"Chinese", "zh", "据悉，“第二旅都将在解冻之前撤离山谷地区”。", "memcon 1", "第二旅都将在解冻之前撤离山谷地区", nil},
		{"fifteen characters", "zh", "二旅都将在解冻之前撤离山谷地区", "", "", nil},
		{"another", "en", "the timber is four hundred and ten a tonne", "entry 2", "the timber is four hundred and ten a tonne", nil},
		{"what may be quoted", "en", "We learned that the second brigade will leave the valley before the thaw.", "", "", []string{"It was published that the second brigade will leave the valley before the thaw."}},
		{"more than what may be quoted", "en", "in confidence that the second brigade will leave the valley before the thaw, whatever the parliament decides", "", "", []string{"the second brigade will leave the valley before the thaw"}},
		{"much more", "en", "The minister said in confidence that the second brigade will leave the valley before the thaw, whatever the parliament decides", "memcon 1", "before the thaw, whatever the parliament decides", []string{"The minister said in confidence that the second brigade will leave the valley"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := statement(c.lang, c.text)
			got := Quotes(&st, secret, c.free...)
			if c.name == "much more" {
				if len(got) != 0 {
					t.Errorf("seven words of it are no quotation: %+v", got)
				}
				return
			}
			if c.of == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || got[0].Of != c.of || got[0].Words != c.words || got[0].Words != c.text[got[0].From:got[0].To] {
				t.Errorf("quotes %+v, want %s: %q", got, c.of, c.words)
			}
		})
	}
}

// TestQuotesTwice: every place is found, in every item.
func TestQuotesTwice(t *testing.T) {
	st := statement("en", memcon+" And again: "+memcon, "x", strings.ToUpper(memcon))
	if got := Quotes(&st, []Secret{{Of: "m", Texts: []string{memcon}}}); len(got) != 3 || got[0].Item != 0 || got[1].Item != 0 || got[2].Item != 2 {
		t.Errorf("quotes %+v", got)
	}
	st = said.Statement{}
	if got := Quotes(&st, []Secret{{Of: "m", Texts: []string{memcon, ""}}}, ""); len(got) != 0 {
		t.Errorf("quotes %+v", got)
	}
}
