package compare

// hanDate reads a date of Chinese: 2026年12月12日, 12月12日至14日, 明年3月, 星期六, 年底.
func (r *reader) hanDate(ts []token, i, lo int) (d date, to int, ok bool) {
	for _, w := range []struct {
		word string
		give func() date
	}{
		{"明年", func() date { return r.inYear(2) }}, {"今年", func() date { return r.inYear(1) }}, {"本年度", func() date { return r.inYear(1) }}, {"去年", func() date { return r.inYear(-1) }}, {"后年", func() date { return r.inYear(3) }}, {"来年", func() date { return r.inYear(2) }},
		{"下个月", func() date { return r.inMonth(2) }}, {"下月", func() date { return r.inMonth(2) }}, {"本月", func() date { return r.inMonth(1) }}, {"这个月", func() date { return r.inMonth(1) }}, {"上个月", func() date { return r.inMonth(-1) }}, {"上月", func() date { return r.inMonth(-1) }},
		{"明天", func() date { return r.onDay(1) }}, {"明日", func() date { return r.onDay(1) }}, {"今天", func() date { return r.onDay(0) }}, {"今日", func() date { return r.onDay(0) }}, {"昨天", func() date { return r.onDay(-1) }}, {"昨日", func() date { return r.onDay(-1) }},
	} {
		if n := follows(ts, i, w.word); n > 0 {
			d = w.give()
			to = r.hanRest(ts, i+n, &d)
			return d, to, true
		}
	}
	if d, to, ok = hanWeekday(ts, i); ok {
		return d, to, true
	}
	for q, w := range []string{"第一季度", "第二季度", "第三季度", "第四季度", "上半年", "下半年"} {
		if n := follows(ts, i, w); n > 0 {
			return date{quarter: q + 1}, i + n, true
		}
	}
	if w, n := hanPart(ts, i); n > 0 && w != 0 && follows(ts, i, "年") > 0 {
		return r.hanYearEnd(w), i + n, true
	}
	v, _, end, plain := hanNumeral(r.lang, ts, i)
	if end == 0 || end >= len(ts) || v != float64(int(v)) {
		return d, 0, false
	}
	n := int(v)
	switch k := ts[end].key; {
	case k == "年" && n >= 1900 && n <= 2199 && plain:
		d.y = n
		return d, r.hanRest(ts, end+1, &d), true
	case k == "月" && n >= 1 && n <= 12 && follows(ts, end, "月份") == 0:
		d.m = n
		return d, r.hanDay(ts, end+1, &d), true
	case follows(ts, end, "月份") > 0 && n >= 1 && n <= 12:
		return date{m: n}, end + 2, true
	case (k == "日" || k == "号" && r.afterMonth(ts, i)) && n >= 1 && n <= 31 && !spanOfDays(ts, end+1):
		d.d = n
		r.inherit(ts, i, lo, &d)
		return d, r.hanWeekdayAfter(ts, end+1, &d), true
	}
	return d, 0, false
}

// spanOfDays reports whether what follows 日 makes a length of time of it.
func spanOfDays(ts []token, i int) bool {
	for _, w := range []string{"内", "之内", "以内", "后", "之后", "以后", "前的", "以上", "以前", "左右", "期", "的期", "为期"} {
		if follows(ts, i, w) > 0 {
			return true
		}
	}
	return false
}

func (r *reader) afterMonth(ts []token, i int) bool {
	return i > 0 && (ts[i-1].key == "月" || ts[i-1].key == "至" || ts[i-1].key == "到")
}

// inherit gives a day without a month that of the date before it: 12月12日至14日.
func (r *reader) inherit(ts []token, i, lo int, d *date) {
	if i == lo || !(ts[i-1].key == "至" || ts[i-1].key == "到" || ts[i-1].key == "和" || ts[i-1].key == "-" || ts[i-1].key == "," || ts[i-1].key == "~" || ts[i-1].key == "与") {
		return
	}
	for j := i - 1; j > lo && j > i-12; j-- {
		if ts[j].key != "月" {
			continue
		}
		for from := max(lo, j-3); from < j; from++ {
			if v, _, end, _ := hanNumeral(r.lang, ts, from); end == j && v >= 1 && v <= 12 {
				d.m = int(v)
				return
			}
		}
	}
}

// hanRest reads what follows a year or a relative one: a quarter, a month, a day,
// or the beginning or end of it.
func (r *reader) hanRest(ts []token, i int, d *date) int {
	if i < len(ts) && ts[i].key == "的" {
		return i
	}
	for q, w := range []string{"第一季度", "第二季度", "第三季度", "第四季度", "上半年", "下半年"} {
		if n := follows(ts, i, w); n > 0 {
			d.quarter = q + 1
			return i + n
		}
	}
	if w, n := hanPart(ts, i); n > 0 {
		d.part = w
		return i + n
	}
	if d.m == 0 {
		v, _, end, _ := hanNumeral(r.lang, ts, i)
		if end > 0 && end < len(ts) && ts[end].key == "月" && v >= 1 && v <= 12 {
			d.m = int(v)
			return r.hanDay(ts, end+1, d)
		}
		return i
	}
	return r.hanDay(ts, i, d)
}

// hanDay reads the day that follows a month, and the weekday after it.
func (r *reader) hanDay(ts []token, i int, d *date) int {
	if w, n := hanPart(ts, i); n > 0 {
		d.part = w
		return i + n
	}
	v, _, end, _ := hanNumeral(r.lang, ts, i)
	if end == 0 || end >= len(ts) || ts[end].key != "日" && ts[end].key != "号" || v < 1 || v > 31 {
		return i
	}
	d.d = int(v)
	return r.hanWeekdayAfter(ts, end+1, d)
}

// hanWeekdayAfter reads a weekday that follows a day, also in brackets.
func (r *reader) hanWeekdayAfter(ts []token, i int, d *date) int {
	at := i
	if at < len(ts) && (ts[at].key == "(" || ts[at].key == ",") {
		at++
	}
	if w, end, ok := hanWeekday(ts, at); ok && at < len(ts) {
		d.wd = w.wd
		if end < len(ts) && ts[end].key == ")" {
			end++
		}
		return end
	}
	return i
}

// hanWeekday reads 星期六, 周六, 礼拜六, with 本 or 下 before it.
func hanWeekday(ts []token, i int) (d date, to int, ok bool) {
	at := i
	for _, w := range []struct {
		word string
		week int
	}{{"下个", 2}, {"下", 2}, {"本", 1}, {"这", 1}, {"上", -1}} {
		if n := follows(ts, at, w.word); n > 0 && (follows(ts, at+n, "周") > 0 || follows(ts, at+n, "星期") > 0 || follows(ts, at+n, "礼拜") > 0) {
			d.week = w.week
			at += n
			break
		}
	}
	for _, w := range []string{"星期", "礼拜", "周"} {
		n := follows(ts, at, w)
		if n == 0 {
			continue
		}
		if at+n < len(ts) {
			for wd, c := range []string{"一", "二", "三", "四", "五", "六", "日"} {
				if k := ts[at+n].key; k == c || k == "天" && c == "日" {
					if w == "周" && follows(ts, at+n+1, "年") > 0 {
						continue
					}
					d.wd = wd + 1
					return d, at + n + 1, true
				}
			}
		}
		if d.week != 0 {
			return d, at + n, true
		}
	}
	return date{}, 0, false
}

// hanPart reads 年底, 年初, 年中, 底, 初, 上旬, and which part of a time it is.
func hanPart(ts []token, i int) (part, n int) {
	for _, w := range []struct {
		word string
		part int
	}{{"年底", 3}, {"年末", 3}, {"年初", 1}, {"年中", 2}, {"月底", 3}, {"月初", 1}, {"月中", 2}, {"上旬", 1}, {"中旬", 2}, {"下旬", 3}, {"底", 3}, {"末", 3}, {"初", 1}} {
		if n := follows(ts, i, w.word); n > 0 && follows(ts, i+n-1, "初步") == 0 && follows(ts, i+n-1, "底线") == 0 {
			return w.part, n
		}
	}
	return 0, 0
}

// hanYearEnd is 年底 without a year: the end of that of the contact.
func (r *reader) hanYearEnd(part int) date {
	d := r.inYear(1)
	d.part = part
	return d
}

// hanClock reads a time of day of Chinese: 上午10时30分, 晚8点, 14:30.
func hanClock(ts []token, i int) (d date, to int, ok bool) {
	half, at, zone := 0, i, ""
	if n := follows(ts, at, "当地时间"); n > 0 {
		at, zone = at+n, "local"
	}
	for _, w := range []struct {
		word string
		half int
	}{{"上午", -1}, {"下午", 1}, {"中午", 1}, {"凌晨", -1}, {"早上", -1}, {"晚上", 1}, {"晚间", 1}, {"晚", 1}, {"早", -1}} {
		if n := follows(ts, at, w.word); n > 0 {
			half, at = w.half, at+n
			break
		}
	}
	v, _, end, _ := hanNumeral("zh", ts, at)
	if end == 0 || end >= len(ts) || v < 0 || v > 24 || v != float64(int(v)) {
		return d, 0, false
	}
	hour, minute := int(v), 0
	switch k := ts[end].key; {
	case k == ":" && end+1 < len(ts) && ts[end+1].kind == number && len(ts[end+1].key) == 2 && small(ts[end+1].key) < 60:
		minute, end = small(ts[end+1].key), end+2
	case k == "时" || k == "点" && follows(ts, end, "点钟") == 0:
		if k == "点" && half == 0 && !(end+1 < len(ts) && (ts[end+1].key == "半" || ts[end+1].key == "整" || ts[end+1].key == "前" || ts[end+1].kind == number)) {
			return d, 0, false
		}
		end++
		if m, _, next, _ := hanNumeral("zh", ts, end); next > 0 && next < len(ts) && ts[next].key == "分" && m < 60 {
			minute, end = int(m), next+1
		} else if end < len(ts) && ts[end].key == "半" {
			minute, end = 30, end+1
		} else if end < len(ts) && ts[end].key == "整" {
			end++
		}
	case follows(ts, end, "点钟") > 0:
		end += 2
	default:
		return d, 0, false
	}
	if half > 0 && hour < 12 {
		hour += 12
	} else if half < 0 && hour == 12 {
		hour = 0
	}
	return date{minute: hour*60 + minute + 1, zone: zone}, end, true
}
