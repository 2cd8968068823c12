package compare

// A unit is what a figure is of, where it is a measure: figures of one dimension
// can be held against each other.
type unit struct {
	dim    string
	factor float64 // to the dimension's own unit
	sub    string  // of money: the currency, "" any dollar; of degrees: which way
}

const (
	second = 1.0
	day    = 86_400 * second
	month  = 30.44 * day
	year   = 365.25 * day
)

// units are measures as languages with spaces write them.
var units = func() map[string]unit {
	m := map[string]unit{}
	add := func(dim string, factor float64, sub string, words ...string) {
		for _, w := range words {
			m[w] = unit{dim, factor, sub}
		}
	}
	add("%", 1, "", "%", "percent", "pc", "pct", "процент", "процента", "процентов")
	add("money", 1, "", "dollar", "dollars", "$", "доллар", "доллара", "долларов", "دولار", "dólares", "dólar")
	add("money", 1, "usd", "usd", "us$")
	add("money", 1, "eur", "eur", "euro", "euros", "€", "евро", "يورو")
	add("money", 1, "gbp", "gbp", "pound", "pounds", "£")
	add("money", 1, "cny", "cny", "rmb", "yuan", "renminbi")
	add("money", 1, "jpy", "jpy", "yen", "¥")
	add("money", 1, "rub", "rub", "rouble", "roubles", "ruble", "rubles", "рублей", "рубля")
	add("length", 1, "", "metre", "metres", "meter", "meters", "mètre", "mètres", "metro", "metros", "метр", "метра", "метров")
	add("length", 1000, "", "km", "kilometre", "kilometres", "kilometer", "kilometers", "kilomètre", "kilomètres", "kilómetro", "kilómetros", "км", "километр", "километра", "километров", "كيلومتر", "كيلومترات")
	add("length", 1852, "", "nm", "nmi")
	add("length", 1609.344, "", "mile", "miles")
	add("length", 0.3048, "", "foot", "feet", "ft")
	add("area", 1e4, "", "hectare", "hectares", "ha")
	add("area", 1e6, "", "km²", "sqkm")
	add("area", 4046.86, "", "acre", "acres")
	add("mass", 1000, "", "tonne", "tonnes", "ton", "tons", "tonelada", "toneladas", "тонн", "тонны", "тонна", "طن")
	add("mass", 1, "", "kg", "kilogram", "kilograms", "kilo", "kilos", "кг")
	add("volume", 1, "", "litre", "litres", "liter", "liters")
	add("volume", 158.987, "", "barrel", "barrels")
	add("power", 1, "", "kilowatt", "kilowatts", "kw")
	add("power", 1000, "", "megawatt", "megawatts", "mw")
	add("power", 1e6, "", "gigawatt", "gigawatts", "gw")
	add("time", second, "", "second", "seconds")
	add("time", 60, "", "minute", "minutes", "min", "mins", "minuto", "minutos", "минут", "минуты", "минута", "دقيقة", "دقائق")
	add("time", 3600, "", "hour", "hours", "hr", "hrs", "heure", "heures", "hora", "horas", "час", "часа", "часов", "ساعة", "ساعات")
	add("time", day, "", "day", "days", "jour", "jours", "día", "días", "день", "дня", "дней", "يوم", "يوما", "أيام")
	add("time", 7*day, "", "week", "weeks", "semaine", "semaines", "semana", "semanas", "неделя", "недели", "недель", "أسبوع", "أسابيع")
	add("time", 14*day, "", "fortnight", "fortnights")
	add("time", month, "", "month", "months", "mois", "mes", "meses", "месяц", "месяца", "месяцев", "شهر", "أشهر", "شهرا")
	add("time", year, "", "year", "years", "an", "ans", "année", "années", "año", "años", "год", "года", "лет", "سنة", "سنوات", "عام", "أعوام")
	add("time", 10*year, "", "decade", "decades")
	add("speed", 1.852, "", "knot", "knots")
	add("degree", 1, "", "degree", "degrees", "°")
	add("times", 1, "", "times", "fold")
	return m
}()

// hanUnits are measures of Chinese, the longest first where one begins another.
var hanUnits = []struct {
	word string
	unit
}{
	{"个百分点", unit{"%", 1, "点"}}, {"%", unit{"%", 1, ""}},
	{"美元", unit{"money", 1, "usd"}}, {"欧元", unit{"money", 1, "eur"}}, {"英镑", unit{"money", 1, "gbp"}}, {"日元", unit{"money", 1, "jpy"}}, {"卢布", unit{"money", 1, "rub"}}, {"人民币", unit{"money", 1, "cny"}}, {"元", unit{"money", 1, ""}},
	{"平方公里", unit{"area", 1e6, ""}}, {"平方千米", unit{"area", 1e6, ""}}, {"平方海里", unit{"area", 3.43e6, ""}}, {"平方米", unit{"area", 1, ""}}, {"公顷", unit{"area", 1e4, ""}}, {"亩", unit{"area", 666.7, ""}},
	{"立方米", unit{"volume", 1000, ""}}, {"海里", unit{"length", 1852, ""}}, {"英里", unit{"length", 1609.344, ""}}, {"公里", unit{"length", 1000, ""}}, {"千米", unit{"length", 1000, ""}}, {"米", unit{"length", 1, ""}},
	{"吨", unit{"mass", 1000, ""}}, {"公斤", unit{"mass", 1, ""}}, {"千克", unit{"mass", 1, ""}}, {"桶", unit{"volume", 158.987, ""}}, {"升", unit{"volume", 1, ""}},
	{"兆瓦", unit{"power", 1000, ""}}, {"千瓦", unit{"power", 1, ""}},
	{"秒钟", unit{"time", second, ""}}, {"秒", unit{"time", second, ""}}, {"分钟", unit{"time", 60, ""}}, {"个小时", unit{"time", 3600, ""}}, {"小时", unit{"time", 3600, ""}}, {"个工作日", unit{"time", day, "工作日"}}, {"天", unit{"time", day, ""}}, {"日", unit{"time", day, ""}},
	{"个星期", unit{"time", 7 * day, ""}}, {"周年", unit{"ordinal", 1, "周年"}}, {"星期", unit{"time", 7 * day, ""}}, {"周", unit{"time", 7 * day, ""}}, {"个多月", unit{"time", month, ""}}, {"个月", unit{"time", month, ""}}, {"年", unit{"time", year, ""}}, {"载", unit{"time", year, ""}},
	{"节", unit{"speed", 1.852, ""}}, {"度", unit{"degree", 1, ""}}, {"倍", unit{"times", 1, ""}}, {"成", unit{"%", 10, ""}},
}

// counters are the words of Chinese by which things are counted; those that count
// the same kinds of things have one form.
var counters = func() map[string]string {
	m := map[string]string{}
	for _, row := range []string{"人名位口", "艘条只", "架", "辆", "枚发颗", "次回趟", "项", "份", "家", "座", "所", "点", "件", "起", "批", "支", "队", "轮届", "国", "处", "台", "套", "例", "户", "间", "张", "篇", "章", "段", "组", "种", "类", "场", "句", "级", "层", "头", "方", "对", "阶", "期", "号", "款", "部", "个", "公", "族", "省", "市", "县", "村", "站", "班", "箱", "车", "船", "路", "笔", "宗", "集", "门", "片", "根", "面", "道", "步"} {
		rs := []rune(row)
		for _, r := range rs {
			m[string(r)] = string(rs[0])
		}
	}
	for _, w := range []string{"公", "道", "方", "面", "部", "步", "族", "对", "门", "路", "只"} {
		delete(m, w) // 一道, 一方, 一面, 一部分, 一步: they count nothing there
	}
	m["只"] = "艘"
	return m
}()

// labels are words after which a number is a name: Article 5.
var labels = set("article articles paragraph section point annex resolution phase stage item number no nr clause chapter channel flight route protocol note document order paragraphs day runway berth pier gate boundary marker buoy hotline room zone sector block lot unit regiment brigade")

// unitAt is the measure that is written at i, and where it ends.
func unitAt(ts []token, i int) (unit, int, bool) {
	if i >= len(ts) {
		return unit{}, i, false
	}
	t := ts[i]
	key := t.key
	switch {
	case key == "per" && i+1 < len(ts) && (ts[i+1].key == "cent" || ts[i+1].key == "centum"), key == "por" && i+1 < len(ts) && ts[i+1].key == "ciento", key == "pour" && i+1 < len(ts) && ts[i+1].key == "cent":
		return unit{"%", 1, ""}, i + 2, true
	case (key == "percentage" || key == "percent") && i+1 < len(ts) && (ts[i+1].key == "points" || ts[i+1].key == "point"):
		return unit{"%", 1, "point"}, i + 2, true
	case (key == "nautical" || key == "sea") && i+1 < len(ts) && (ts[i+1].key == "miles" || ts[i+1].key == "mile"):
		return unit{"length", 1852, ""}, i + 2, true
	case (key == "milles" || key == "millas" || key == "морских" || key == "морские") && i+1 < len(ts):
		if k := ts[i+1].key; k == "marins" || k == "náuticas" || k == "миль" || k == "мили" {
			return unit{"length", 1852, ""}, i + 2, true
		}
	case (key == "square" || key == "sq") && i+1 < len(ts):
		switch u := units[ts[i+1].key]; {
		case u.dim == "length":
			return unit{"area", u.factor * u.factor, ""}, i + 2, true
		}
	case (key == "cubic") && i+1 < len(ts) && units[ts[i+1].key].dim == "length":
		return unit{"volume", 1000, ""}, i + 2, true
	case (key == "us" || key == "u") && i+1 < len(ts) && units[ts[i+1].key].dim == "money":
		u := units[ts[i+1].key]
		if u.sub == "" {
			u.sub = "usd"
		}
		return u, i + 2, true
	case (key == "working" || key == "business" || key == "calendar") && i+1 < len(ts) && ts[i+1].key == "days":
		if key == "calendar" {
			key = ""
		}
		return unit{"time", day, key}, i + 2, true
	case len(key) == 1 && !t.upper && (key == "n" || key == "s" || key == "e" || key == "w") && !t.gap && t.capital:
		return unit{"degree", 1, key}, i + 1, true
	case key == "m" && !t.gap:
		return unit{"length", 1, ""}, i + 1, true
	}
	if u, ok := units[key]; ok {
		return u, i + 1, true
	}
	return unit{}, i, false
}

// hanUnitAt is the measure of Chinese that is written at i.
func hanUnitAt(ts []token, i int) (unit, int, bool) {
	for _, u := range hanUnits {
		if n := follows(ts, i, u.word); n > 0 {
			return u.unit, i + n, true
		}
	}
	return unit{}, i, false
}

// follows reports how many tokens a word of a script without spaces takes at i; 0
// where it does not stand there.
func follows(ts []token, i int, w string) int {
	n := 0
	for _, r := range w {
		if i+n >= len(ts) || ts[i+n].key != string(r) {
			return 0
		}
		n++
	}
	return n
}

// precedes reports whether a word of a script without spaces ends right before i.
func precedes(ts []token, i int, w string) bool {
	n := len([]rune(w))
	return i >= n && follows(ts[:i], i-n, w) == n
}
