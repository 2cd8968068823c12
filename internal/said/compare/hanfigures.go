package compare

import "strings"

// idioms begin with what would be a numeral of Chinese and are none.
var idioms = strings.Fields("一致 一些 一定 一样 一起 一直 一般 一方 一道 一系列 一贯 一旦 一切 一再 一同 一向 一律 一体 一线 一带 一经 一度 一时 一心 一如 一并 一概 一举 一批 一部分 一步 一面 一边 一侧 一国 一关 一个中国 一代 一揽子 一国两制 一路 一手 一词 一事 一案 一说 二者 两国 两军 两党 两岸 双边 两者 两方 两侧 两端 三方 四方 五常 六方 七国 百姓 百年 百般 百计 千方 千百 千万不 万一 万物 万分 万国 万众 十分 十足 十字 九段 八方 四海 四周 四处 四面 三军 三思 三边 三角 千古 亿万 百科 百货 一行 一席 一流 一律 一半 一事一议 一案一策 十一黄金周")

// notAfter are characters that make a single numeral after them part of a word.
const notAfter = "统唯单专惟万逐同之划进第星期周每任初礼拜"

// mayBegin reports whether a figure may begin with a token.
func mayBegin(t token) bool {
	return t.kind != wide || hanDigits[t.key] != 0 || t.key == "十" || t.key == "百" || t.key == "千" || t.key == "零"
}

// hanStarts reports whether a numeral at i is none of an idiom or a word.
func hanStarts(ts []token, i, lo int) bool {
	if ts[i].kind != wide {
		return true
	}
	for _, w := range idioms {
		if follows(ts, i, w) > 0 {
			return false
		}
	}
	return i == lo || ts[i].gap || ts[i-1].kind != wide || !strings.Contains(notAfter, ts[i-1].key)
}

// hanFigure reads a figure of Chinese at i.
func (r *reader) hanFigure(ts []token, i, lo int) (figure, int, bool) {
	if f, end, ok := r.hanShare(ts, i); ok {
		f.hanQualify(ts, i, &end)
		return f, end, true
	}
	ordinal := ts[i].key == "第"
	at := i
	if ordinal {
		at++
	}
	if at >= len(ts) || !ordinal && !hanStarts(ts, i, lo) || !mayBegin(ts[at]) {
		return figure{}, 0, false
	}
	v, hi, end, plain := hanNumeral(r.lang, ts, at)
	if end == 0 || v == 2 && follows(ts, i, "两位") > 0 && (titleAt(ts, end+1, len(ts)) != "" || follows(ts, end+1, "领导") > 0 || follows(ts, end+1, "元首") > 0) {
		return figure{}, 0, false
	}
	f := figure{lo: v, hi: hi, unit: unit{dim: "count", factor: 1}}
	single := plain && ts[at].kind == wide
	if end < len(ts) && ts[end].kind == wide && strings.Contains("余多来几", ts[end].key) {
		f.bound, f.rough = 1, false
		end++
		single = false
	}
	if ordinal {
		f.dim = "ordinal"
		if end >= len(ts) || ts[end].kind != wide {
			return figure{}, 0, false
		}
		f.heads = hanHeads(ts, end, i)
		return f, end, true
	}
	switch u, next, ok := hanUnitAt(ts, end); {
	case ok && !(single && (u.dim == "degree" || u.factor == year && v < 2)):
		f.unit, end = u, next
		f.lo, f.hi = f.lo*u.factor, f.hi*u.factor
		if end < len(ts) && ts[end].key == "半" && (u.dim == "time") {
			f.lo, f.hi, end = f.lo+u.factor/2, f.hi+u.factor/2, end+1
		}
	default:
		c := ""
		if end < len(ts) && ts[end].kind == wide {
			c = counters[ts[end].key]
		}
		if c == "" {
			if u, next, ok := unitAt(ts, end); ok {
				f.unit, end = u, next
				f.lo, f.hi = f.lo*u.factor, f.hi*u.factor
				break
			}
			if single {
				return figure{}, 0, false // a numeral that counts nothing is part of a word
			}
		}
		f.heads = hanHeads(ts, end, i)
		f.weak = v == 1 && ts[at].kind == wide
		if c != "" {
			end++
		}
	}
	if f.dim == "money" && f.sub == "" && end < len(ts) && follows(ts, end, "人民币") > 0 {
		f.sub = "cny"
	}
	if f.dim == "degree" {
		for _, w := range []struct{ word, way string }{{"北纬", "n"}, {"南纬", "s"}, {"东经", "e"}, {"西经", "w"}} {
			if precedes(ts, i, w.word) {
				f.sub = w.way
			}
		}
	}
	f.hanQualify(ts, i, &end)
	return f, end, true
}

// hanHeads are what a figure of Chinese counts: its counter first, then the word
// after it.
func hanHeads(ts []token, end, i int) (out []string) {
	if end >= len(ts) || ts[end].kind != wide {
		return nil
	}
	at := end
	if c := counters[ts[at].key]; c != "" {
		out = append(out, c)
		at++
	}
	if at+1 < len(ts) && ts[at].kind == wide && ts[at+1].kind == wide && !strings.Contains(idle, ts[at].key) && !strings.Contains(idle, ts[at+1].key) {
		out = append(out, ts[at].key+ts[at+1].key)
	}
	return out
}

// hanShare reads 百分之三十, 三分之一, 30%, 一半.
func (r *reader) hanShare(ts []token, i int) (figure, int, bool) {
	pct := func(v float64, end int) (figure, int, bool) {
		return figure{lo: v, hi: v, unit: unit{"%", 1, ""}}, end, true
	}
	for _, w := range []struct {
		word string
		of   float64
	}{{"百分之", 100}, {"千分之", 1000}, {"万分之", 10000}} {
		if n := follows(ts, i, w.word); n > 0 {
			if v, _, end, _ := hanNumeral(r.lang, ts, i+n); end > 0 {
				return pct(v*100/w.of, end)
			}
			return figure{}, 0, false
		}
	}
	if n := follows(ts, i, "一半"); n > 0 {
		return pct(50, i+n)
	}
	v, _, end, _ := hanNumeral(r.lang, ts, i)
	if end == 0 || v <= 0 {
		return figure{}, 0, false
	}
	if n := follows(ts, end, "分之"); n > 0 {
		if w, _, next, _ := hanNumeral(r.lang, ts, end+n); next > 0 {
			return pct(w*100/v, next)
		}
	}
	return figure{}, 0, false
}

// hanQualify reads what bounds a number of Chinese or makes it rough, before and
// after it.
func (f *figure) hanQualify(ts []token, i int, end *int) {
	for _, q := range []struct {
		words string
		bound int
		rough bool
	}{
		{"不少于", 1, false}, {"不低于", 1, false}, {"至少", 1, false}, {"最少", 1, false}, {"不超过", -1, false}, {"不多于", -1, false}, {"不高于", -1, false}, {"至多", -1, false}, {"最多", -1, false}, {"少于", -1, false}, {"低于", -1, false}, {"不足", -1, false}, {"不到", -1, false},
		{"超过", 1, false}, {"多于", 1, false}, {"高于", 1, false}, {"逾", 1, false}, {"超", 1, false}, {"大约", 0, true}, {"约", 0, true}, {"将近", 0, true}, {"近", 0, true}, {"大概", 0, true},
	} {
		if precedes(ts, i, q.words) {
			f.bound, f.rough = q.bound, q.rough
			break
		}
	}
	for _, q := range []struct {
		words string
		bound int
		rough bool
	}{{"以上", 1, false}, {"以内", -1, false}, {"以下", -1, false}, {"之内", -1, false}, {"内", -1, false}, {"左右", 0, true}, {"上下", 0, true}} {
		if follows(ts, *end, q.words) > 0 {
			f.bound, f.rough = q.bound, q.rough
			return
		}
	}
}
