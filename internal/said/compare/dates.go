package compare

import (
	"strings"
	"time"
)

// A date is as much of one as a text gives; 0 is not said. A relative one is
// counted from the day of the contact, where that is known.
type date struct {
	y, m, d int
	wd      int // 1 Monday to 7 Sunday
	quarter int // 1 to 4; of a half year 5 and 6
	part    int // 1 the beginning, 2 the middle, 3 the end of what else is said
	ry, rm  int // relative: 1 this year or month, 2 the next, 3 the one after; -1 the last. Only where the contact's day is not known
	week    int // likewise
	minute  int // of a time of day, from 1; 1440 is noon of nothing: minutes since midnight + 1
	zone    string
}

var months = func() map[string]int {
	m := map[string]int{}
	for _, row := range []string{
		"january february march april may june july august september october november december",
		"jan feb mar apr may jun jul aug sep oct nov dec",
		"janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		"января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
		"январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре",
		"يناير فبراير مارس ابريل مايو يونيو يوليو اغسطس سبتمبر اكتوبر نوفمبر ديسمبر",
	} {
		for i, w := range strings.Fields(row) {
			_, loose := keys(w)
			m[loose] = i + 1
		}
	}
	m["sept"] = 9
	return m
}()

var weekdays = func() map[string]int {
	m := map[string]int{}
	for _, row := range []string{"monday tuesday wednesday thursday friday saturday sunday", "lundi mardi mercredi jeudi vendredi samedi dimanche", "lunes martes miercoles jueves viernes sabado domingo",
		"понедельник вторник среду четверг пятницу субботу воскресенье", "الاثنين الثلاثاء الاربعاء الخميس الجمعه السبت الاحد"} {
		for i, w := range strings.Fields(row) {
			_, loose := keys(w)
			m[loose] = i + 1
		}
	}
	return m
}()

// monthAt is the month that a word names. May is one only beside a number, or
// after a word that leads to a time.
func (r *reader) monthAt(ts []token, i int) int {
	if i < 0 || i >= len(ts) || ts[i].kind != word {
		return 0
	}
	m := months[ts[i].loose]
	english := base(r.lang) == "en"
	if m == 0 || english && !ts[i].capital || len(ts[i].loose) == 3 && english && ts[i].loose != "may" && !(dayNumber(ts, i-1) || dayNumber(ts, i+1) || i+1 < len(ts) && ts[i+1].kind == number) {
		return 0
	}
	if ts[i].loose != "may" && ts[i].loose != "march" && ts[i].loose != "mars" || !english {
		return m
	}
	if dayNumber(ts, i-1) || dayNumber(ts, i+1) || i+1 < len(ts) && isYear(ts[i+1]) || i > 0 && timely[ts[i-1].key] {
		return m
	}
	return 0
}

var timely = set("in of by since until till from to before after during through next last this late early mid and between on")

// dayNumber reports whether the token is a day of a month.
func dayNumber(ts []token, i int) bool {
	if i < 0 || i >= len(ts) {
		return false
	}
	if ts[i].kind == word && i > 0 && (ts[i].key == "st" || ts[i].key == "nd" || ts[i].key == "rd" || ts[i].key == "th" || ts[i].key == "of" || ts[i].key == "er") {
		i--
		if ts[i].kind == word {
			i--
		}
	}
	return i >= 0 && ts[i].kind == number && small(ts[i].key) >= 1 && small(ts[i].key) <= 31
}

// small is a number of one or two digits; -1 any other.
func small(s string) int {
	if len(s) == 0 || len(s) > 2 {
		return -1
	}
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func isYear(t token) bool { return t.kind == number && yearOf(t.key) > 0 }

func yearOf(s string) int {
	if len(s) != 4 || strings.Trim(s, "0123456789") != "" || s < "1900" || s > "2199" {
		return 0
	}
	return small(s[:2])*100 + small(s[2:])
}

// dateAt reads the date that begins at i; it may begin before i, with a weekday
// that was taken by itself.
func (r *reader) dateAt(ts []token, i, lo int) (d date, from, to int, ok bool) {
	if ts[i].kind == wide || ts[i].kind == number && i+1 < len(ts) && ts[i+1].kind == wide {
		if d, to, ok = r.hanDate(ts, i, lo); ok || ts[i].kind == wide {
			return d, i, to, ok
		}
	}
	switch {
	case ts[i].kind == number:
		d, to = r.numberDate(ts, i)
		if to == 0 && isYear(ts[i]) && r.yearHere(ts, i, lo) {
			d, to = date{y: yearOf(ts[i].key)}, i+1
		}
	case ts[i].kind == word:
		d, to = r.wordDate(ts, i)
	}
	if to == 0 {
		return d, 0, 0, false
	}
	for j := i - 1; j >= lo && j >= i-3; j-- { // early 2027, the end of March
		if p := dateParts[ts[j].key]; p != 0 && (d.d == 0) && d.wd == 0 {
			d.part = p
			break
		}
	}
	return d, i, to, true
}

var dateParts = map[string]int{"early": 1, "beginning": 1, "start": 1, "mid": 2, "middle": 2, "late": 3, "end": 3}

// yearHere reports whether a number that could be a year is one: it follows a word
// that leads to a time, and nothing that it counts follows.
func (r *reader) yearHere(ts []token, i, lo int) bool {
	if i > lo && (timely[ts[i-1].key] || ts[i-1].key == "year" || ts[i-1].key == "," || ts[i-1].key == "(" || months[ts[i-1].loose] > 0 || dateParts[ts[i-1].key] > 0 || ts[i-1].key == "-" || ts[i-1].key == "the" || base(r.lang) != "en") {
		if _, _, ok := unitAt(ts, i+1); ok {
			return false
		}
		if i+1 < len(ts) && ts[i+1].kind == word && !plain[ts[i+1].loose] && ts[i-1].key != "the" && timely[ts[i-1].key] && ts[i-1].key != "of" {
			// from 2000 tonnes was a measure; in 2026 exports rose is a year
			return ts[i-1].key != "to" && ts[i-1].key != "from" && ts[i-1].key != "by"
		}
		return true
	}
	return i+1 < len(ts) && ts[i+1].key == "'s"
}

// numberDate reads 12 December 2026, 12th of December, 12-14 December,
// 2026-12-12, 12.12.2026, 12/12/2026.
func (r *reader) numberDate(ts []token, i int) (d date, to int) {
	k := ts[i].key
	if p := strings.Split(k, "."); len(p) == 3 && yearOf(p[2]) > 0 {
		return valid(date{y: yearOf(p[2]), m: small(p[1]), d: small(p[0])}), i + 1
	}
	if i+4 < len(ts) && ts[i+1].kind == point && ts[i+1].key == ts[i+3].key && (ts[i+1].key == "-" || ts[i+1].key == "/") && !ts[i+2].gap && !ts[i+4].gap && ts[i+2].kind == number && ts[i+4].kind == number {
		switch {
		case isYear(ts[i]):
			return valid(date{y: yearOf(k), m: small(ts[i+2].key), d: small(ts[i+4].key)}), i + 5
		case isYear(ts[i+4]):
			return valid(date{y: yearOf(ts[i+4].key), m: small(ts[i+2].key), d: small(k)}), i + 5
		}
	}
	if n := small(k); n < 1 || n > 31 {
		return d, 0
	}
	at := i + 1
	if at < len(ts) && !ts[at].gap && (ts[at].key == "st" || ts[at].key == "nd" || ts[at].key == "rd" || ts[at].key == "th" || ts[at].key == "er") {
		at++
	}
	day := small(k)
	if at < len(ts) && (ts[at].key == "of" || ts[at].key == "de") {
		at++
	}
	if m := r.monthAt(ts, at); m > 0 {
		y, to := r.yearAfter(ts, at+1)
		return valid(date{y: y, m: m, d: day}), to
	}
	// The first of two days of one month: only it, the second reads itself.
	for j := at; j < len(ts) && j <= at+1; j++ {
		if ts[j].key != "-" && ts[j].key != "to" && ts[j].key != "and" && ts[j].key != "," && ts[j].key != "or" {
			break
		}
		if j+1 < len(ts) && dayNumber(ts, j+1) {
			n := j + 2
			if n < len(ts) && !ts[n].gap && ts[n].kind == word {
				n++
			}
			if m := r.monthAt(ts, n); m > 0 {
				y, _ := r.yearAfter(ts, n+1)
				return valid(date{y: y, m: m, d: day}), at
			}
		}
	}
	return d, 0
}

// yearAfter is the year that follows a day or month, and where the date ends.
func (r *reader) yearAfter(ts []token, i int) (y, to int) {
	if i < len(ts) && isYear(ts[i]) {
		return yearOf(ts[i].key), i + 1
	}
	if i+1 < len(ts) && (ts[i].key == "," || ts[i].key == "of" || ts[i].key == "de" || ts[i].key == "del") && isYear(ts[i+1]) {
		return yearOf(ts[i+1].key), i + 2
	}
	if i+1 < len(ts) && ts[i+1].key == "year" {
		switch ts[i].key {
		case "next":
			return r.relative(2), i + 2
		case "this":
			return r.relative(1), i + 2
		case "last":
			return r.relative(-1), i + 2
		}
	}
	return 0, i
}

// relative is the year that is meant; 0 where the day of the contact is not known.
func (r *reader) relative(n int) int {
	if r.year == 0 {
		return 0
	}
	if n > 0 {
		n--
	}
	return r.year + n
}

// wordDate reads December 12, December 2026, Saturday 12 December, next year, the
// first quarter of 2027, tomorrow.
func (r *reader) wordDate(ts []token, i int) (d date, to int) {
	if wd := weekdays[ts[i].loose]; wd > 0 && (ts[i].capital || base(r.lang) != "en") {
		at := i + 1
		for at < len(ts) && (ts[at].key == "," || ts[at].key == "the" || ts[at].key == "le" || ts[at].key == "el") {
			at++
		}
		if at < len(ts) {
			var rest date
			var end int
			if ts[at].kind == number {
				rest, end = r.numberDate(ts, at)
			} else if r.monthAt(ts, at) > 0 {
				rest, end = r.wordDate(ts, at)
			}
			if end > 0 {
				rest.wd = wd
				return rest, end
			}
		}
		return date{wd: wd}, i + 1
	}
	if m := r.monthAt(ts, i); m > 0 {
		at := i + 1
		if dayNumber(ts, at) && !(at+1 < len(ts) && ts[at+1].kind == word && (r.monthAt(ts, at+1) > 0 || units[ts[at+1].key].dim != "")) {
			day := small(ts[at].key)
			at++
			if at < len(ts) && !ts[at].gap && (ts[at].key == "st" || ts[at].key == "nd" || ts[at].key == "rd" || ts[at].key == "th") {
				at++
			}
			y, to := r.yearAfter(ts, at)
			return valid(date{y: y, m: m, d: day}), to
		}
		y, to := r.yearAfter(ts, at)
		return date{y: y, m: m}, to
	}
	if base(r.lang) != "en" {
		return d, 0
	}
	if n := map[string]int{"next": 2, "this": 1, "last": -1, "coming": 2}[ts[i].key]; n != 0 && i+1 < len(ts) {
		switch ts[i+1].key {
		case "year":
			return r.inYear(n), i + 2
		case "month":
			return r.inMonth(n), i + 2
		case "week":
			return date{week: n}, i + 2
		}
	}
	switch ts[i].key {
	case "today":
		return r.onDay(0), i + 1
	case "tomorrow":
		return r.onDay(1), i + 1
	case "yesterday":
		return r.onDay(-1), i + 1
	}
	q := 0
	if o := ordinals[ts[i].key]; o > 0 && i+1 < len(ts) {
		switch {
		case ts[i+1].key == "quarter" && o <= 4:
			q = int(o)
		case ts[i+1].key == "half" && o <= 2:
			q = 4 + int(o)
		}
	}
	if q == 0 {
		return d, 0
	}
	at := i + 2
	if at < len(ts) && ts[at].key == "of" {
		at++
	}
	y, to := r.yearAfter(ts, at)
	if y == 0 {
		to = i + 2
	}
	return date{quarter: q, y: y}, to
}

func (r *reader) inYear(n int) date {
	if y := r.relative(n); y > 0 {
		return date{y: y}
	}
	return date{ry: n}
}

func (r *reader) inMonth(n int) date {
	if r.year == 0 {
		return date{rm: n}
	}
	if n > 0 {
		n--
	}
	t := time.Date(r.year, time.Month(r.mon)+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	return date{y: t.Year(), m: int(t.Month())}
}

// onDay is so many days from that of the contact.
func (r *reader) onDay(n int) date {
	if r.year == 0 {
		return date{rm: 100 + n}
	}
	t := time.Date(r.year, time.Month(r.mon), r.day+n, 0, 0, 0, 0, time.UTC)
	return date{y: t.Year(), m: int(t.Month()), d: t.Day()}
}

func valid(d date) date {
	if d.m < 1 || d.m > 12 || d.d < 0 || d.d > 31 {
		return date{}
	}
	return d
}

// clockAt reads a time of day: 14:30, 1430Z, 9 a.m., noon, 10 o'clock.
func clockAt(ts []token, i int) (d date, to int, ok bool) {
	t := ts[i]
	if t.kind == wide || t.kind == number && i+1 < len(ts) && ts[i+1].kind == wide {
		return hanClock(ts, i)
	}
	hour, minute, at := -1, 0, i+1
	switch {
	case t.key == "noon" || t.key == "midday":
		return zoned(ts, date{minute: 12*60 + 1}, i+1)
	case t.key == "midnight":
		return zoned(ts, date{minute: 1}, i+1)
	case t.kind != number:
		return d, 0, false
	case i+2 < len(ts) && ts[i+1].key == ":" && !ts[i+2].gap && len(ts[i+2].key) == 2 && small(ts[i+2].key) >= 0:
		hour, minute, at = small(t.key), small(ts[i+2].key), i+3
	case len(t.key) == 4 && small(t.key[:2]) >= 0 && small(t.key[2:]) >= 0 && i+1 < len(ts) && (!ts[i+1].gap && ts[i+1].key == "z" || ts[i+1].key == "utc" || ts[i+1].key == "gmt" || ts[i+1].key == "hours" || ts[i+1].key == "hrs" || ts[i+1].key == "local"):
		hour, minute = small(t.key[:2]), small(t.key[2:])
		if ts[i+1].key == "hours" || ts[i+1].key == "hrs" {
			at++
		}
	default:
		hour = small(t.key)
		if h, m, cut := strings.Cut(t.key, "."); cut && len(m) == 2 {
			hour, minute = small(h), small(m)
		}
		if n := meridiem(ts, at); n == 0 && !(at+1 < len(ts) && ts[at].key == "o'clock") && !(at < len(ts) && ts[at].key == "o'clock") {
			return d, 0, false
		}
	}
	if hour < 0 || hour > 24 || minute < 0 || minute > 59 {
		return d, 0, false
	}
	if at < len(ts) && ts[at].key == "o'clock" {
		at++
	}
	if n := meridiem(ts, at); n != 0 {
		if n > 0 && hour < 12 {
			hour += 12
		} else if n < 0 && hour == 12 {
			hour = 0
		}
		at++
		for at < len(ts) && (ts[at].key == "." && !ts[at].gap || ts[at].key == "m" && !ts[at].gap) {
			at++
		}
	}
	return zoned(ts, date{minute: hour*60 + minute + 1}, at)
}

// meridiem is -1 before a.m., 1 before p.m.
func meridiem(ts []token, i int) int {
	if i >= len(ts) || ts[i].kind != word {
		return 0
	}
	dotted := i+2 < len(ts) && ts[i+1].key == "." && ts[i+2].key == "m" && !ts[i+2].gap
	switch {
	case ts[i].key == "am" || ts[i].key == "a" && dotted:
		return -1
	case ts[i].key == "pm" || ts[i].key == "p" && dotted:
		return 1
	}
	return 0
}

// zoned reads the zone that follows a time.
func zoned(ts []token, d date, at int) (date, int, bool) {
	if at < len(ts) {
		switch k := ts[at].key; {
		case k == "z" && !ts[at].gap, k == "utc", k == "gmt":
			d.zone = "utc"
			at++
		case k == "local" && at+1 < len(ts) && ts[at+1].key == "time":
			d.zone = "local"
			at += 2
		}
	}
	return d, at, true
}

// dayOfWeek is what a full day of the year is; 0 where it is not known.
func (d *date) dayOfWeek(year int) int {
	y := d.y
	if y == 0 {
		y = year
	}
	if y == 0 || d.m == 0 || d.d == 0 {
		return 0
	}
	return (int(time.Date(y, time.Month(d.m), d.d, 0, 0, 0, 0, time.UTC).Weekday())+6)%7 + 1
}

// meets compares two dates: how many things both say, and whether one of them
// differs.
func (d *date) meets(o *date, year int) (shared int, differ bool) {
	for _, p := range [][2]int{{d.y, o.y}, {d.m, o.m}, {d.d, o.d}, {d.wd, o.wd}, {d.quarter, o.quarter}, {d.ry, o.ry}, {d.rm, o.rm}, {d.week, o.week}} {
		if p[0] != 0 && p[1] != 0 {
			shared++
			differ = differ || p[0] != p[1]
		}
	}
	if d.minute != 0 && o.minute != 0 && (d.zone == o.zone || d.zone == "" || o.zone == "") {
		shared++
		differ = differ || d.minute != o.minute
	}
	if d.part != 0 && o.part != 0 && d.d == 0 && o.d == 0 {
		differ = differ || shared > 0 && d.part != o.part
	}
	if shared == 0 { // Saturday against 12 December
		for _, p := range [][2]*date{{d, o}, {o, d}} {
			if p[0].wd != 0 && p[1].wd == 0 {
				if w := p[1].dayOfWeek(year); w != 0 {
					return 1, w != p[0].wd
				}
			}
			if q := p[0].quarter; q != 0 && p[1].m != 0 {
				if q <= 4 {
					return 1, (p[1].m-1)/3+1 != q
				}
				return 1, (p[1].m-1)/6+5 != q
			}
		}
	}
	return shared, differ
}
