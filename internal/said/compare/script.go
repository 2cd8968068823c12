package compare

import (
	"unicode"
	"unicode/utf8"
)

// hides reports whether r turns the direction in which what follows is read, or
// shows nothing where it is not needed.
func hides(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200b || r == 0x2060 || r >= 0x2061 && r <= 0x2064 || r == 0xfeff || r >= 0xe0000 && r <= 0xe007f
}

// scriptsOf are the scripts with capitals that a word has letters of.
func scriptsOf(s string) (n int) {
	for _, t := range []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian} {
		for _, r := range s {
			if unicode.Is(t, r) {
				n++
				break
			}
		}
	}
	return n
}

// scripts marks, for each side, the words that have letters of two scripts, and
// the characters that turn or hide what is read.
func (c *comparing) scripts(lang string, a, b []*passage) {
	for side, l := range [][]*passage{a, b} {
		var mixed, hidden []Span
		for _, p := range l {
			for _, t := range p.toks {
				if t.kind == word && scriptsOf(p.text[t.from:t.to]) > 1 {
					mixed = append(mixed, Span{p.item, t.from, t.to})
				}
			}
			for i, r := range p.text {
				if n := len(hidden); hides(r) {
					size := utf8.RuneLen(r)
					if n > 0 && hidden[n-1].Item == p.item && hidden[n-1].To == i {
						hidden[n-1].To += size
					} else {
						hidden = append(hidden, Span{p.item, i, i + size})
					}
				}
			}
		}
		for _, x := range []struct {
			what  string
			spans []Span
		}{{"mixed", mixed}, {"hidden", hidden}} {
			if len(x.spans) == 0 {
				continue
			}
			m := Mark{Kind: Script, Lang: lang, Side: Ours, Ours: x.spans, What: x.what, Wording: -1}
			if side == 1 {
				m.Side, m.Ours, m.Theirs = Theirs, nil, x.spans
			}
			c.mark(m)
		}
	}
}
