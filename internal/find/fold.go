package find

import (
	"strings"
	"unicode"
)

// folds is what stands for a letter when words are compared, beside lower case
// and the marks that are left out: letters with accents, the several shapes of
// one Arabic letter, digits of other scripts. The standard library has no
// decomposition; these are the letters of the six languages of the United
// Nations and their neighbours.
var folds = func() map[rune]string {
	m := map[rune]string{'æ': "ae", 'œ': "oe", 'ß': "ss", 'þ': "th", 'ĳ': "ij", 'ŉ': "n", 'ſ': "s", 'ﬁ': "fi", 'ﬂ': "fl",
		'أ': "ا", 'إ': "ا", 'آ': "ا", 'ٱ': "ا", 'ى': "ي", 'ی': "ي", 'ئ': "ي", 'ؤ': "و", 'ة': "ه", 'ک': "ك", 'ء': ""}
	for base, list := range map[string]string{"a": "àáâãäåāăą", "c": "çćĉċč", "d": "ðďđ", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ", "i": "ìíîïĩīĭįı",
		"j": "ĵ", "k": "ķĸ", "l": "ĺļľŀł", "n": "ñńņňŋ", "o": "òóôõöøōŏő", "r": "ŕŗř", "s": "śŝşšș", "t": "ţťŧț", "u": "ùúûüũūŭůűų", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
		"е": "ёѐ", "и": "йѝ", "і": "ї", "г": "ѓ", "к": "ќ", "у": "ў"} {
		for _, r := range list {
			m[r] = base
		}
	}
	for i := range rune(10) {
		m['٠'+i], m['۰'+i] = string('0'+i), string('0'+i)
	}
	shape := rune(0xfe80) // presentation forms, as old systems send them
	for _, s := range []struct {
		base string
		n    rune
	}{{"", 1}, {"ا", 2}, {"ا", 2}, {"و", 2}, {"ا", 2}, {"ي", 4}, {"ا", 2}, {"ب", 4}, {"ه", 2}, {"ت", 4}, {"ث", 4}, {"ج", 4}, {"ح", 4}, {"خ", 4}, {"د", 2}, {"ذ", 2}, {"ر", 2}, {"ز", 2},
		{"س", 4}, {"ش", 4}, {"ص", 4}, {"ض", 4}, {"ط", 4}, {"ظ", 4}, {"ع", 4}, {"غ", 4}, {"ف", 4}, {"ق", 4}, {"ك", 4}, {"ل", 4}, {"م", 4}, {"ن", 4}, {"ه", 4}, {"و", 2}, {"ي", 2}, {"ي", 4}, {"لا", 8}} {
		for range s.n {
			m[shape] = s.base
			shape++
		}
	}
	return m
}()

// fold is what a letter is compared as; "" where it counts for nothing: accents
// that stand alone, vowel signs, tatweel, and characters that show nothing, so
// that none of them hides a word.
func fold(r rune) string {
	switch {
	case r < 0x80:
		return string(unicode.ToLower(r))
	case r >= 0xff01 && r <= 0xff5e: // full width
		return string(unicode.ToLower(r - 0xfee0))
	case r == 0x640 || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return ""
	}
	r = unicode.ToLower(r)
	if s, ok := folds[r]; ok {
		return s
	}
	return string(r)
}

// wide reports whether words of the script stand without spaces between them.
func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// A token is a word, or one character of a script without spaces.
type token struct {
	text     string // folded
	wide     bool
	joined   bool // a wide one that follows the one before at once
	from, to int  // bytes of the text it was in
}

// tokens cuts a text into words. Everything else than letters and digits parts
// them, also an apostrophe and a hyphen.
func tokens(s string) (out []token) {
	var word strings.Builder
	from, end, after := 0, 0, false
	flush := func(to int) {
		if word.Len() > 0 {
			out = append(out, token{text: word.String(), from: from, to: to})
			word.Reset()
		}
	}
	for i, r := range s {
		switch f := fold(r); {
		case wide(r):
			flush(end)
			end = i + len(string(r))
			out = append(out, token{text: string(r), wide: true, joined: after, from: i, to: end})
			after = true
			continue
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r >= 0xff01 && r <= 0xff5e && unicode.IsLetter(r-0xfee0):
			if word.Len() == 0 {
				from = i
			}
			word.WriteString(f)
			end = i + len(string(r))
		case f == "" && unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) || r == 0x640:
			if word.Len() > 0 {
				end = i + len(string(r))
			}
			continue // within a word, and between two wide ones
		default:
			flush(end)
		}
		after = false
	}
	flush(end)
	return out
}

// articles are what Arabic joins to the beginning of a word, longest first.
var articles = []string{"وال", "فال", "بال", "كال", "ولل", "فلل", "ال", "لل"}

// bare is an Arabic word without its article; "" when it has none.
func bare(word string) string {
	for _, a := range articles {
		if rest, ok := strings.CutPrefix(word, a); ok && len([]rune(rest)) >= 2 {
			return rest
		}
	}
	return ""
}
