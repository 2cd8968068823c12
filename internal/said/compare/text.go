package compare

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a token is.
type kind uint8

const (
	word   kind = iota // letters of a script with spaces; may end in digits
	number             // digits, with the separators between them
	wide               // one character of a script without spaces
	point              // one character of punctuation, or a symbol
)

// A token is a piece of a text that is never cut: it begins and ends between two
// characters as people see them, and what shows nothing belongs to the piece
// before it.
type token struct {
	kind     kind
	key      string // by which it is equal to another: lower case, one width, accents in one form, nothing invisible
	loose    string // by which it is like another: no accents, letters of other scripts that look like Latin ones as these
	from, to int    // bytes
	capital  bool   // begins with a capital letter
	upper    bool   // has no small letter, and more than one
	gap      bool   // there is space before it
	line     bool   // there is a line end before it
	stop     bool   // punctuation was left out before it (bare)
}

// invisible reports whether r shows nothing: direction marks and controls,
// joiners, separators of zero width, selectors of variants.
func invisible(r rune) bool {
	return r != '\u200d' && unicode.Is(unicode.Cf, r) || r == '\u200d' || r == '\u034f' || r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef || r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0'
}

// spaceless reports whether words of the script of r stand without spaces.
func spaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == 'ー' || r == '々' || r == '〇'
}

func extends(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc) || invisible(r) && r != '\u00ad' && r != '\u200b' || r >= 0x1f3fb && r <= 0x1f3ff || r == 0xe33 || r == 0xeb3
}

func regional(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

func pictograph(r rune) bool { return r >= 0x1f000 || r >= 0x2190 && r <= 0x2bff }

// cluster is how many bytes the first character of s has as people see it: a
// letter with its marks, a flag, a family of emoji, a syllable of Hangul. It is
// an approximation of the extended grapheme clusters of UAX 29 that never cuts
// one in two, and errs by taking two for one.
func cluster(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if r == '\r' && strings.HasPrefix(s[n:], "\n") {
		return n + 1
	}
	if unicode.IsControl(r) {
		return n
	}
	flags := 0
	if regional(r) {
		flags = 1
	}
	for n < len(s) {
		next, size := utf8.DecodeRuneInString(s[n:])
		switch {
		case extends(next):
		case r == '\u200d' && pictograph(next):
		case flags == 1 && regional(next):
			flags = 2
		case r >= 0x1100 && r < 0x1160 && (next >= 0x1100 && next < 0x1200 || next >= 0xac00 && next < 0xd7a4), r >= 0x1160 && r < 0x1200 && next >= 0x1160 && next < 0x1200, r >= 0xac00 && r < 0xd7a4 && next >= 0x1160 && next < 0x1200:
		default:
			return n
		}
		r = next
		n += size
	}
	return n
}

// narrow is r in the width of Latin text, small, with typographic variants of
// punctuation as one.
func narrow(r rune) rune {
	switch {
	case r >= 0xff01 && r <= 0xff5e:
		r -= 0xfee0
	case r >= 0x660 && r <= 0x669:
		r -= 0x660 - '0'
	case r >= 0x6f0 && r <= 0x6f9:
		r -= 0x6f0 - '0'
	}
	switch r {
	case '’', '‘', '‛', '`', 'ʼ', '′':
		return '\''
	case '“', '”', '„', '«', '»', '「', '」', '『', '』', '﹁', '﹂', '〝', '〞':
		return '"'
	case '‐', '‑', '‒', '–', '—', '―', '−', '﹣':
		return '-'
	case '。', '｡', '．':
		return '.'
	case '、', '､', '،', '﹐':
		return ','
	case '؛', '﹔':
		return ';'
	case '؟', '﹖':
		return '?'
	case '〜', '～', '∼':
		return '~'
	case '％', '٪', '﹪':
		return '%'
	case '㎞':
		return 'k'
	}
	return unicode.ToLower(r)
}

// accents gives letters with accents, after a mark, as the letters that they are
// made of: of the languages that are compared and their neighbours.
var accents = func() map[rune]string {
	m := map[rune]string{}
	for _, row := range []struct{ mark, base, with string }{
		{"\u0300", "aeiounwy", "àèìòùǹẁỳ"}, {"\u0301", "aceiloruyznsgkгк", "áćéíĺóŕúýźńśǵḱѓќ"}, {"\u0302", "aceghijosuwy", "âĉêĝĥîĵôŝûŵŷ"},
		{"\u0303", "ainou", "ãĩñõũ"}, {"\u0308", "aeiouyеі", "äëïöüÿёї"}, {"\u030a", "au", "åů"}, {"\u030c", "cdenrstzglk", "čďěňřšťžǧľǩ"},
		{"\u0327", "cstgkln", "çşţģķļņ"}, {"\u0328", "aeiu", "ąęįų"}, {"\u0304", "aeiou", "āēīōū"}, {"\u0306", "aegiuиу", "ăĕğĭŭйў"}, {"\u030b", "ou", "őű"}, {"\u0307", "cegz", "ċėġż"}, {"\u0326", "st", "șț"},
		{"\u0653", "ا", "آ"}, {"\u0654", "اوي", "أؤئ"}, {"\u0655", "ا", "إ"},
	} {
		with := []rune(row.with)
		for i, b := range []rune(row.base) {
			if i < len(with) && !unicode.Is(unicode.Mn, with[i]) {
				m[with[i]] = string(b) + row.mark
			}
		}
	}
	return m
}()

// alike gives letters of other scripts that look like Latin ones, and shapes of
// one Arabic letter that are written for one another.
var alike = func() map[rune]rune {
	m := map[rune]rune{'ى': 'ي', 'ی': 'ي', 'ک': 'ك', 'ة': 'ه', 'ٱ': 'ا', 'ı': 'i', 'ø': 'o', 'ł': 'l', 'đ': 'd'}
	from, to := []rune("аеорсухіјѕһԁԛԝαοιρυνκτχεη"), []rune("aeopcyxijshdqwaoipuvktxen")
	for i, r := range from {
		m[r] = to[i]
	}
	return m
}()

// latinish reports whether a word has Latin letters: then others in it that look
// so are taken for them.
func latinish(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
}

// keys are the two forms in which a token is compared.
func keys(s string) (key, loose string) {
	plain := true
	for i := range len(s) {
		if s[i] >= 0x80 {
			plain = false
			break
		}
	}
	if plain {
		s = strings.ToLower(s)
		return s, s
	}
	var a, b strings.Builder
	latin := latinish(s)
	for _, r := range s {
		if invisible(r) || r == 'ـ' {
			continue
		}
		r = narrow(r)
		parts, ok := accents[r]
		if !ok {
			parts = string(r)
		}
		a.WriteString(parts)
		for _, p := range parts {
			if unicode.Is(unicode.Mn, p) {
				continue
			}
			if x, ok := alike[p]; ok && (latin || p >= 0x600 || p < 0x370) {
				p = x
			}
			b.WriteRune(p)
		}
	}
	return a.String(), b.String()
}

// commaDecimal reports whether a language writes decimals with a comma.
func commaDecimal(lang string) bool {
	switch base(lang) {
	case "fr", "es", "ru", "de", "it", "pt", "nl", "pl", "uk", "tr", "cs", "sv", "da", "nb", "fi", "el", "ro", "bg", "sr", "hr", "hu", "id", "vi", "kk":
		return true
	}
	return false
}

// base is the language of a tag without script and region.
func base(lang string) string {
	b, _, _ := strings.Cut(strings.ToLower(lang), "-")
	return b
}

// tokens cuts a text. Spaces are no tokens.
func tokens(lang, s string) (out []token) {
	gap, line := true, true
	for at := 0; at < len(s); {
		n := cluster(s[at:])
		r, _ := utf8.DecodeRuneInString(s[at:])
		if unicode.IsSpace(r) || unicode.IsControl(r) || invisible(r) {
			gap = gap || !invisible(r)
			line = line || r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029'
			if invisible(r) && len(out) > 0 && !gap {
				out[len(out)-1].to = at + n
			}
			at += n
			continue
		}
		t := token{from: at, gap: gap, line: line}
		gap, line = false, false
		p := narrow(r)
		switch {
		case unicode.IsDigit(r):
			t.kind, t.to = number, numberEnd(lang, s, at)
		case spaceless(r):
			t.kind, t.to = wide, at+n
		case unicode.IsLetter(r) || unicode.Is(unicode.Nl, r):
			t.kind, t.to = word, wordEnd(s, at)
			t.capital = unicode.IsUpper(r) || unicode.IsTitle(r)
			t.upper = t.capital && strings.ToUpper(s[at:t.to]) == s[at:t.to] && utf8.RuneCountInString(s[at:t.to]) > 1
		case p == '\'' && len(out) > 0 && !t.gap && out[len(out)-1].kind == word && possessive(s[at+n:]):
			t.kind, t.to = point, at+n+1
		default:
			t.kind, t.to = point, at+n
		}
		t.key, t.loose = keys(s[t.from:t.to])
		if t.kind == number {
			t.key = strings.Map(func(r rune) rune {
				if r == '\u00a0' || r == '\u202f' || r == '\u2009' || r == '\'' || r == '٬' {
					return -1
				}
				return r
			}, strings.ReplaceAll(t.loose, "٫", ".")) // a mark on a digit does not make another of it
			t.loose = t.key
		}
		out = append(out, t)
		at = t.to
	}
	return out
}

// possessive reports whether a text goes on with an s that ends a word.
func possessive(s string) bool {
	if s == "" || s[0] != 's' && s[0] != 'S' {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[1:])
	return len(s) == 1 || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// wordEnd is where the word ends that begins at a byte: letters, marks, digits
// after letters, what shows nothing between letters, an apostrophe within.
func wordEnd(s string, at int) int {
	end := at
	first, _ := utf8.DecodeRuneInString(s[at:])
	for end < len(s) {
		r, _ := utf8.DecodeRuneInString(s[end:])
		if spaceless(r) || unicode.IsDigit(r) && unicode.Is(unicode.Arabic, first) {
			break // Arabic joins its small words to figures
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Nl, r) || unicode.Is(unicode.M, r) {
			end += cluster(s[end:])
			continue
		}
		n := cluster(s[end:])
		next, _ := utf8.DecodeRuneInString(s[end+n:])
		if end+n < len(s) && unicode.IsLetter(next) && !spaceless(next) && (invisible(r) || narrow(r) == '\'' && !possessive(s[end+n:])) {
			end += n
			continue
		}
		break
	}
	return end
}

// numberEnd is where the number ends that begins at a byte: digits, points before
// digits, commas before three, where the language writes decimals so before any,
// and hard spaces before three.
func numberEnd(lang, s string, at int) int {
	digits := func(from int) (n, end int) {
		end = from
		for end < len(s) {
			r, size := utf8.DecodeRuneInString(s[end:])
			if !unicode.IsDigit(r) && !(n > 0 && (invisible(r) || extends(r))) {
				break
			}
			if unicode.IsDigit(r) {
				n++
			}
			end += size
		}
		return n, end
	}
	_, end := digits(at)
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		n, next := digits(end + size)
		switch {
		case n == 0:
			return end
		case r == '.' || r == '．' || r == '٫':
		case (r == ',' || r == '，' || r == '٬') && (n == 3 || commaDecimal(lang)):
		case (r == '\u00a0' || r == '\u202f' || r == '\u2009' || r == '\'' || r == '’') && n == 3:
		default:
			return end
		}
		end = next
	}
	return end
}
