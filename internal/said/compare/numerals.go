package compare

import (
	"math"
	"strconv"
	"strings"
)

var smalls = map[string]float64{"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
	"thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}

var scales = map[string]float64{"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "mn": 1e6, "bn": 1e9, "tn": 1e12, "dozen": 12,
	"mille": 1e3, "millions": 1e6, "milliard": 1e9, "milliards": 1e9, "mil": 1e3, "millón": 1e6, "millones": 1e6, "mio": 1e6, "mrd": 1e9,
	"тыс": 1e3, "тысяч": 1e3, "тысячи": 1e3, "тысяча": 1e3, "млн": 1e6, "миллион": 1e6, "миллиона": 1e6, "миллионов": 1e6, "млрд": 1e9, "миллиард": 1e9, "миллиарда": 1e9, "миллиардов": 1e9,
	"ألف": 1e3, "آلاف": 1e3, "مليون": 1e6, "ملايين": 1e6, "مليار": 1e9, "مليارات": 1e9}

var ordinals = map[string]float64{"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12,
	"thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "fortieth": 40, "fiftieth": 50, "hundredth": 100}

var parts = map[string]float64{"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "tenth": 10, "tenths": 10}

// digits reads a number token: with commas or points between thousands, and
// decimals as the language has them.
func digits(lang, s string) (float64, bool) {
	dot, comma := strings.Count(s, "."), strings.Count(s, ",")
	switch {
	case dot > 1 || commaDecimal(lang) && dot == 1 && comma == 0 && groups(s, "."):
		if !groups(s, ".") {
			return 0, false
		}
		s = strings.ReplaceAll(s, ".", "")
	case dot == 1 && comma == 1 && strings.Index(s, ".") < strings.Index(s, ","):
		s = strings.ReplaceAll(s, ".", "")
	}
	switch comma = strings.Count(s, ","); {
	case comma == 1 && !strings.Contains(s, ".") && commaDecimal(lang):
		s = strings.Replace(s, ",", ".", 1)
	case comma > 0:
		s = strings.ReplaceAll(s, ",", "")
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && !math.IsInf(v, 0)
}

// groups reports whether all parts after the first have three digits.
func groups(s, by string) bool {
	list := strings.Split(s, by)
	for _, p := range list[1:] {
		if len(p) != 3 {
			return false
		}
	}
	return len(list[0]) <= 3
}

// hyphen reports whether at i there is a hyphen within a word.
func hyphen(ts []token, i int) bool {
	return i+1 < len(ts) && ts[i].kind == point && ts[i].key == "-" && !ts[i].gap && !ts[i+1].gap
}

// numeral reads the number that begins at i, in digits or in words of a language
// with spaces: end is where it ends; 0 where there is none.
func numeral(lang string, ts []token, i int) (v float64, end int) {
	if i >= len(ts) {
		return 0, 0
	}
	t := ts[i]
	english := base(lang) == "en"
	switch {
	case t.kind == number:
		v, ok := digits(lang, t.key)
		if !ok {
			return 0, 0
		}
		return scaled(ts, v, i+1)
	case !english || t.kind != word:
		return 0, 0
	case t.key == "a" || t.key == "an":
		if i+1 < len(ts) && ts[i+1].kind == word && (scales[ts[i+1].key] >= 12 && ts[i+1].key != "mil") {
			return scaled(ts, 1, i+1)
		}
		return 0, 0
	case t.key == "half" && i+2 < len(ts) && (ts[i+1].key == "a" || ts[i+1].key == "an") && scales[ts[i+2].key] > 12:
		return 0.5 * scales[ts[i+2].key], i + 3
	}
	if _, ok := smalls[t.key]; !ok {
		return 0, 0
	}
	return spelled(ts, i)
}

// scaled multiplies by the words that follow: 4.2 billion, 3 hundred thousand.
func scaled(ts []token, v float64, i int) (float64, int) {
	for i < len(ts) {
		at := i
		if hyphen(ts, at) {
			at++
		}
		s, ok := scales[ts[at].key]
		if !ok && ts[at].kind == word && !ts[at].gap && (ts[at].key == "m" || ts[at].key == "k") && at+1 < len(ts) && ts[at].upper {
			ok = false
		}
		if !ok || ts[at].kind != word {
			break
		}
		v *= s
		i = at + 1
	}
	return v, i
}

// spelled reads a number in English words: two hundred and fifty thousand.
func spelled(ts []token, i int) (float64, int) {
	total, part, end := 0.0, 0.0, i
	last := math.Inf(1)
	for i < len(ts) && ts[i].kind == word {
		k := ts[i].key
		s, small := smalls[k]
		m, scale := scales[k]
		switch {
		case small && (s < 10 && last >= 20 && last < 100 || last >= 100):
			part += s
			last = s
			if s < 20 && s >= 10 {
				last = 1
			}
		case scale && part > 0 && (m == 100 || m == 12):
			part *= m
			last = m
		case scale && part > 0:
			total += part * m
			part, last = 0, m
		default:
			return total + part, end
		}
		i++
		end = i
		switch {
		case hyphen(ts, i) && ts[i+1].kind == word:
			if _, ok := smalls[ts[i+1].key]; !ok && scales[ts[i+1].key] == 0 {
				return total + part, end
			}
			i++
		case i+1 < len(ts) && ts[i].key == "and" && last >= 100:
			if _, ok := smalls[ts[i+1].key]; !ok {
				return total + part, end
			}
			i++
		case i+2 < len(ts) && ts[i].key == "and" && ts[i+1].key == "a" && ts[i+2].key == "half":
			part += 0.5
			i += 3
			end = i
		}
	}
	return total + part, end
}

var hanDigits = map[string]float64{"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9, "兩": 2}

var hanScales = map[string]float64{"十": 10, "百": 100, "千": 1000, "万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8, "拾": 10, "佰": 100, "仟": 1000}

// hanNumeral reads a number of Chinese, in characters, digits, or both: 三千五百万,
// 3.5亿, 1亿2000万. plain says that it is a row of digits without a scale; hi is
// the higher end of two in a row (三四天), else v.
func hanNumeral(lang string, ts []token, i int) (v, hi float64, end int, plain bool) {
	var n hanNumber
	at := i
	for at < len(ts) && (at == i || !ts[at].gap) {
		next := n.take(lang, ts, at)
		if next == at {
			break
		}
		at = next
	}
	if at == i || n.bad {
		return 0, 0, 0, false
	}
	v = n.value()
	hi = v
	if r := n.row; n.scale == 0 && len(r) == 2 && r[1] == r[0]+1 && r[0] > 0 && ts[i].kind == wide {
		v, hi = r[0], r[1]
	}
	return v, hi, at, n.scale == 0
}

// A hanNumber is a number of Chinese as far as it is read.
type hanNumber struct {
	total, section float64
	num            float64 // the digits that stand before a scale
	has            bool    // num is there
	zero           bool    // a zero stood before num
	scale          float64 // the last one
	row            []float64
	bad            bool
}

func (n *hanNumber) value() float64 {
	num := n.num
	if n.has && !n.zero && n.scale >= 100 && num < 10 && num == float64(int(num)) && len(n.row) > 0 { // 三万五
		num *= n.scale / 10
	}
	if !n.has {
		num = 0
	}
	return n.total + n.section + num
}

// take reads what stands at a token; the token itself where it is none of it.
func (n *hanNumber) take(lang string, ts []token, at int) int {
	t := ts[at]
	if t.kind == number {
		d, ok := digits(lang, t.key)
		if !ok || n.has {
			return at
		}
		n.num, n.has, n.zero, n.row = d, true, true, append(n.row, d)
		return at + 1
	}
	if t.kind != wide {
		return at
	}
	if d, ok := hanDigits[t.key]; ok {
		switch {
		case n.has && len(n.row) > 0 && n.scale == 0:
			n.num = n.num*10 + d
		case n.has && n.num == 0:
			n.num = d
		case n.has:
			return at
		default:
			n.num, n.zero = d, d == 0
		}
		n.has, n.row = true, append(n.row, d)
		return at + 1
	}
	if t.key == "点" && (n.has || n.section > 0) {
		return n.decimals(ts, at)
	}
	m, ok := hanScales[t.key]
	if !ok {
		return at
	}
	n.bad = n.bad || m >= 1e4 && !n.has && n.section == 0 && n.total == 0
	switch {
	case m == 1e8:
		n.total, n.section = (n.total+n.section+n.given(0))*m, 0
	case m == 1e4:
		n.total, n.section = n.total+(n.section+n.given(0))*m, 0
	default:
		n.section += n.given(1) * m
	}
	n.num, n.has, n.zero, n.scale = 0, false, false, m
	return at + 1
}

func (n *hanNumber) given(none float64) float64 {
	if n.has {
		return n.num
	}
	return none
}

// decimals reads what follows a point: 三点五.
func (n *hanNumber) decimals(ts []token, at int) int {
	f, v, end := 0.1, 0.0, at
	for j := at + 1; j < len(ts) && ts[j].kind == wide; j++ {
		d, ok := hanDigits[ts[j].key]
		if !ok {
			break
		}
		v += d * f
		f /= 10
		end = j + 1
	}
	if end == at || end < len(ts) && (ts[end].key == "分" && follows(ts, end, "分之") == 0 || ts[end].key == "刻" || hanScales[ts[end].key] == 10) {
		return at // 八点五分 is a time of day
	}
	n.num, n.has, n.zero, n.row = n.num+v, true, true, append(n.row, -1)
	return end
}
