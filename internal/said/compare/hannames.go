package compare

import "strings"

// hanTitles stand before a name in Chinese, the longest first.
var hanTitles = strings.Fields("国务委员兼外长 国务委员兼外交部长 总参谋长 参谋长 副总理 副总统 副主席 副部长 副外长 副司令员 副司令 副局长 副司长 副主任 副秘书长 外交部长 国防部长 特别代表 首席代表 全权代表 谈判代表 总领事 国务卿 国务委员 总统 总理 首相 主席 部长 外长 防长 大使 特使 公使 参赞 领事 司令员 司令 将军 上将 中将 少将 大校 上校 中校 少校 上尉 局长 司长 省长 市长 州长 秘书长 发言人 主任 处长 议长 书记 国王 女王 队长 船长 舰长 机长 院长 组长 团长")

// surnames begin the names of people in Chinese.
const surnames = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边宗骆敖晏商闻冷连褚娄"

// foreign are the characters with which names of other languages are written.
const foreign = "圣阿埃艾爱安昂奥巴班邦保堡鲍贝本比彼宾波伯博勃布策查昌达戴丹当道德登邓迪蒂丁东杜顿多俄厄恩尔法凡范菲费芬丰冯佛弗伏夫福富盖甘冈高戈格葛贡古瓜圭哈海罕汉杭豪赫黑亨洪侯胡华怀惠霍基吉季加嘉贾简江杰捷金津京久卡凯坎康考柯科克肯孔库夸奎昆拉腊来莱赖兰朗劳勒雷黎里理利莉立丽连列林琳龙卢鲁伦罗洛吕马玛迈麦曼芒毛梅门蒙孟米密缅明缪摩莫墨姆穆拿纳娜奈南瑙内尼妮宁纽农努诺欧帕潘庞佩彭皮匹平珀泼普齐奇恰钱强乔切琴青琼丘屈热仁日荣瑞若撒萨塞赛桑瑟森沙莎山珊上尚绍舍申圣施史什士寿舒朔斯思司丝松苏素孙所索塔泰坦汤唐陶特藤提田铁汀廷通图吐托脱瓦万旺威韦为维魏温文翁沃乌武伍西希锡夏香肖萧谢辛欣兴雄休修许宣雪逊雅亚延扬杨耶叶伊依易因英永尤于雨裕约云宰赞泽曾扎詹章珍真芝治中朱卓兹宗祖佐林洲柳霞海伦隼"

// endsName end the name of a person in Chinese.
const endsName = "表说指强会同与和在对率就将向应于的是、为等代出主提通致重宣介阐欢感赞愿希呼要认讲谈访签抵参共分及或以并也都均已再又进举发作做给把被从到至由了着过所而但则因请邀接受见听问答确承建支反批谴敦促期关注担继推加开召完执落派前后去回离首本该此这那今昨先视电商决"

// places end the name of a place in Chinese.
// Those after firmPlaces begin other words too.
var hanPlaces = strings.Fields("海峡 群岛 半岛 机场 大桥 海湾 航道 水道 口岸 走廊 岛 礁 港 湾 河 江 湖 山 省 市 县 镇 村 角 海 滩 峡 洋 区 州")

var firmPlaces = set("海峡 群岛 半岛 机场 大桥 海湾 航道 水道 口岸 走廊 岛 礁")

// bodies end the name of a body in Chinese.
var hanBodies = strings.Fields("委员会 协会 集团 公司 银行 大学 研究所 研究院 警卫队 警备队 舰队 救援中心 协调中心")

// beforeName are characters that stand right before a name and are none of it.
const beforeName = "在于从经由至到往赴和与及同对的将为沿向近是了过离靠抵驶入出达自距即称名把被给让使对就据按受因以并或、位处该本此各两双方国侧边内外前后上下中开关闭封通穿越过访问前"

// afterName are characters that may stand right after a place or a body.
const afterName = "的和与及以之内外上中下附周边东南西北是将设在举开建由向至到进停靠水空沿岸领两有为于同年海地区等主会召负已就对方一"

// hanName reads a name of Chinese at i: a known one, one after a title, one in
// quotes, one that ends as places do.
func (r *reader) hanName(p *passage, i, lo, hi int) (claim, bool) {
	ts := p.toks
	if ts[i].key == "\"" || ts[i].key == "《" {
		return quoted(ts, i, hi)
	}
	for _, k := range r.who.list {
		if n := follows(ts[:hi], i, k.han); n > 1 {
			return claim{from: i, to: i + n, name: name{of: person, words: []string{k.han}, han: true, known: true, party: k.party, titles: titlesBefore(ts, i, lo)}}, true
		}
	}
	for name, code := range r.who.party {
		if n := follows(ts[:hi], i, name); n > 1 && code != "" {
			return claim{from: i, to: i + n, name: nameOfParty(name)}, true
		}
	}
	if p.used[i] {
		return claim{}, false
	}
	t := titlesBefore(ts, i, lo)
	starts := i == lo || ts[i-1].kind != wide || ts[i].gap || p.used[i-1] || p.named[i-1] || strings.Contains(beforeName, ts[i-1].key) || len(t) > 0
	if end := personEnd(p, i, hi); end > i+1 && starts {
		n := name{of: person, words: []string{joined(ts, i, end)}, han: true, titles: t}
		if after := titleAt(ts, end, hi); after != "" && len(t) == 0 {
			n.titles = []string{after}
		}
		row := 0
		for row < end-i && strings.Contains(foreign, ts[i+row].key) {
			row++
		}
		switch {
		case len(n.titles) > 0, strings.Contains(n.words[0], "·"), i > lo && ts[i-1].key == "由" && hanRoleAt(ts, end, hi) != "":
			return claim{from: i, to: end, name: n}, true
		case row == end-i && row >= 3:
			n.of = someName
			if i > lo && strings.Contains("在于从经由至到往赴抵达", ts[i-1].key) {
				n.of = place
			}
			if c, ok := r.hanPlace(p, i, lo, hi); ok && c.to > end {
				return c, true
			}
			return claim{from: i, to: end, name: n}, true
		}
	}
	return r.hanPlace(p, i, lo, hi)
}

func nameOfParty(s string) name {
	return name{of: ofParty, words: []string{s}, han: true, known: true}
}

func joined(ts []token, from, to int) string {
	var b strings.Builder
	for _, t := range ts[from:to] {
		b.WriteString(t.key)
	}
	return b.String()
}

// titlesBefore is the title that ends right before i.
func titlesBefore(ts []token, i, lo int) []string {
	if i == lo {
		return nil
	}
	for _, t := range hanTitles {
		if precedes(ts[lo:], i-lo, t) {
			return []string{t}
		}
	}
	return nil
}

// titleAt is the title that stands at i.
func titleAt(ts []token, i, hi int) string {
	for _, t := range hanTitles {
		if follows(ts[:hi], i, t) > 0 {
			return t
		}
	}
	return ""
}

// personEnd is where the name of a person ends that begins at i: of two or three
// characters after a surname, or of those with which foreign names are written,
// with points between the parts. i: there is none.
func personEnd(p *passage, i, hi int) int {
	ts := p.toks
	han := func(j int) bool { return j < hi && ts[j].kind == wide && !(ts[j].gap && j > i) && !p.used[j] }
	end := i
	for han(end) && end-i < 8 && strings.Contains(foreign, ts[end].key) || end > i && end < hi && dot(ts[end]) && han(end+1) {
		end++
	}
	chinese := i
	if han(i) && strings.Contains(surnames, ts[i].key) && han(i+1) && !strings.Contains(endsName, ts[i+1].key) {
		chinese = i + 2
		if han(i+2) && !strings.Contains(endsName, ts[i+2].key) && titleAt(ts, i+2, hi) == "" && hanRoleAt(ts, i+2, hi) == "" {
			chinese = i + 3
		}
	}
	if end-i >= 3 || chinese == i && end-i == 2 {
		return max(end, chinese)
	}
	return chinese
}

func dot(t token) bool { return t.key == "·" || t.key == "・" || t.key == "•" || t.key == "‧" }

// quoted reads “海燕”号 and 《协定》: the name of a ship, a document, a plan.
func quoted(ts []token, i, hi int) (claim, bool) {
	closing, n := "\"", name{of: someName, han: true}
	if ts[i].key == "《" {
		closing, n.of = "》", document
	}
	for end := i + 1; end < hi && end-i < 40; end++ {
		if ts[end].key != closing {
			continue
		}
		s := joined(ts, i+1, end)
		ship := end+1 < hi && strings.Contains("号轮舰艇", ts[end+1].key)
		switch {
		case end == i+1 || ts[i+1].kind != wide, n.of == someName && !ship && end-i > 7:
			return claim{}, false
		case ship:
			n.of = craft
		}
		n.words = []string{s}
		return claim{from: i + 1, to: end, name: n}, true
	}
	return claim{}, false
}

// hanPlace reads a name that ends as the names of places and bodies do.
func (r *reader) hanPlace(p *passage, i, lo, hi int) (claim, bool) {
	ts := p.toks
	if i > lo && ts[i-1].kind == wide && !strings.Contains(beforeName, ts[i-1].key) && !p.used[i-1] && !p.named[i-1] {
		return claim{}, false // a name begins after something that is none of it
	}
	if p.used[i] || strings.Contains(beforeName, ts[i].key) || strings.Contains(idle, ts[i].key) {
		return claim{}, false
	}
	for end := i + 1; end < hi && end-i <= 6; end++ {
		if p.used[end] || ts[end].kind != wide || ts[end].gap || strings.Contains("在于的和与及、了将", ts[end].key) {
			break
		}
		for _, l := range []struct {
			words []string
			of    sortOfName
		}{{hanPlaces, place}, {hanBodies, body}} {
			for _, w := range l.words {
				n := follows(ts[:hi], end, w)
				if n == 0 || end-i < 1 || common[joined(ts, i, end+n)] || !firmPlaces[w] && end+n < hi && ts[end+n].kind == wide && !strings.Contains(afterName, ts[end+n].key) && !p.used[end+n] {
					continue
				}
				return claim{from: i, to: end + n, name: name{of: l.of, words: []string{joined(ts, i, end+n)}, han: true, cue: w}}, true
			}
		}
	}
	return claim{}, false
}

// common are no names though they end as some do.
var common = map[string]bool{"上海峡": true, "公海": true, "领海": true, "沿海": true, "出海": true, "近海": true, "远海": true, "大海": true, "城市": true, "上市": true, "超市": true, "股市": true, "地区": true, "社区": true, "海区": true, "渔区": true, "灾区": true, "边区": true, "特区": true, "军区": true, "山区": true, "空港": true, "海港": true, "渔港": true, "进港": true, "离港": true, "人道走廊": true, "救援走廊": true, "救助走廊": true, "安全走廊": true, "主要航道": true, "国际航道": true, "空中走廊": true, "两岸": true, "海上走廊": true, "人道主义走廊": true, "国际机场": true, "视角": true, "口角": true, "江河": true, "本市": true, "专属经济区": true, "经济区": true, "缓冲区": true, "禁区": true, "水域区": true}
