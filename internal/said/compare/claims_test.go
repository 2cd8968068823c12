package compare

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"parley/internal/said"
)

// claimsOf lists the claims of a text as one line each.
func claimsOf(lang, text string) (out []string) {
	c := &comparing{ours: &said.Statement{}, theirs: &said.Statement{}, known: &Known{Us: "alder", Them: "birch", Facts: said.Facts{Start: uint64(time.Date(2026, 12, 10, 2, 0, 0, 0, time.UTC).Unix())}, Parties: []Name{{"birch", "白桦"}}, Names: []Name{{"alder", "Ana Ruiz"}, {"birch", "吴敏"}}}}
	c.who = roster(c.known)
	p := c.reader(lang).read(0, text)
	for i := range p.claims {
		x := &p.claims[i]
		switch x.sort {
		case aFigure:
			f := &x.fig
			s := fmt.Sprintf("%s=%.6g", p.words(x), f.lo)
			if f.hi != f.lo {
				s += fmt.Sprintf("-%.6g", f.hi)
			}
			s += " " + f.dim
			if f.sub != "" {
				s += ":" + f.sub
			}
			if f.bound != 0 {
				s += fmt.Sprintf(" bound%+d", f.bound)
			}
			if f.rough {
				s += " rough"
			}
			out = append(out, s)
		case aDate:
			d := &x.date
			s := fmt.Sprintf("%s=%d-%d-%d", p.words(x), d.y, d.m, d.d)
			for _, v := range []struct {
				n    int
				name string
			}{{d.wd, "wd"}, {d.quarter, "q"}, {d.part, "part"}, {d.week, "week"}} {
				if v.n != 0 {
					s += fmt.Sprintf(" %s%d", v.name, v.n)
				}
			}
			out = append(out, s)
		case aClock:
			out = append(out, fmt.Sprintf("%s=%02d:%02d%s", p.words(x), (x.date.minute-1)/60, (x.date.minute-1)%60, x.date.zone))
		}
	}
	return out
}

// TestClaims: what is read of figures, dates and times, and what is not.
func TestClaims(t *testing.T) {
	list := func(s ...string) []string { return s }
	for _, c := range []struct {
		lang, text string
		want       []string
	}{
		{"en", "Twenty-five vessels and 1,200 people.", list("Twenty-five=25 count", "1,200=1200 count")},
		{"en", "two hundred and fifty thousand tonnes", list("two hundred and fifty thousand tonnes=2.5e+08 mass")},
		{"en", "$4.2 billion, USD 3 million, 5 million euros", list("4.2 billion=4.2e+09 money", "3 million=3e+06 money:usd", "5 million euros=5e+06 money:eur")},
		{"en", "at least 30 days, up to 45 hours, about five per cent", list("30 days=2.592e+06 time bound+1", "45 hours=162000 time bound-1", "five per cent=5 % rough")},
		{"en", "a 45-minute call and 12 nautical miles", list("45-minute=2700 time", "12 nautical miles=22224 length")},
		{"en", "half of the ships, two-thirds of them, half an hour", list("half=50 %", "two-thirds=66.6667 %", "half an hour=1800 time")},
		{"en", "the third round, the 21st meeting, Article 5", list("third=3 ordinal", "21st=21 ordinal", "5=5 label")},
		{"en", "half a million people and a dozen boats", list("half a million=500000 count", "a dozen=12 count")},
		{"en", "10 working days", list("10 working days=864000 time:working")},
		{"en", "with one another, on the one hand, no one, one of them, first of all, at first, the G20, an F-16", nil},
		{"en", "Both sides may agree. They march in step. A second thought.", nil},
		{"en", "on Saturday, 12 December 2026 and on the 3rd of May", list("Saturday, 12 December 2026=2026-12-12 wd6", "3rd of May=0-5-3")},
		{"en", "December 12, 2026; from 12 to 14 December; early in May", list("December 12, 2026=2026-12-12", "12=0-12-12", "14 December=0-12-14", "May=0-5-0 part1")},
		{"en", "next year, last month, tomorrow, the first half of 2027, by the end of 2028, in 2030", list("next year=2027-0-0", "last month=2026-11-0", "tomorrow=2026-12-11", "first half of 2027=2027-0-0 q5", "2028=2028-0-0 part3", "2030=2030-0-0")},
		{"en", "2026-12-12 and 12.12.2026", list("2026-12-12=2026-12-12", "12.12.2026=2026-12-12")},
		{"en", "at 14:30, at 1430Z, at 9 a.m. local time, at 10 pm, at noon", list("14:30=14:30", "1430Z=14:30utc", "9 a.m. local time=09:00local", "10 pm=22:00", "noon=12:00")},
		{"zh", "二十五艘船、1200人、两名船员", list("二十五艘=25 count", "1200人=1200 count", "两名=2 count")},
		{"zh", "三千五百万元，1.2亿美元，1亿2000万人，三万五千吨", list("三千五百万元=3.5e+07 money", "1.2亿美元=1.2e+08 money:usd", "1亿2000万人=1.2e+08 count", "三万五千吨=3.5e+07 mass")},
		{"zh", "百分之三十点五，30%，三分之一，一半", list("百分之三十点五=30.5 %", "30%=30 %", "三分之一=33.3333 %", "一半=50 %")},
		{"zh", "至少三十天，不超过5个月，约20公里，三四天", list("三十天=2.592e+06 time bound+1", "5个月=1.31501e+07 time bound-1", "20公里=20000 length rough", "三四天=259200-345600 time")},
		{"zh", "第三轮会谈，第21次会议", list("第三=3 ordinal", "第21=21 ordinal")},
		{"zh", "双方一致同意进一步加强合作，统一立场，一方面一起努力，千方百计，十分重要，万一，两国两军", nil},
		{"zh", "2026年12月12日（星期六）、12月12日至14日、二〇二七年三月", list("2026年12月12日（星期六）=2026-12-12 wd6", "12月12日=0-12-12", "14日=0-12-14", "二〇二七年三月=2027-3-0")},
		{"zh", "明年3月、去年、下个月、周六、年底、2027年上半年、30日内", list("明年3月=2027-3-0", "去年=2025-0-0", "下个月=2027-1-0", "周六=0-0-0 wd6", "年底=2026-0-0 part3", "2027年上半年=2027-0-0 q5", "30日=2.592e+06 time bound-1")},
		{"zh", "上午10时30分、晚8点半、14:30、下午三点整", list("上午10时30分=10:30", "晚8点半=20:30", "14:30=14:30", "下午三点整=15:00")},
		{"fr", "Le 3 mai 2027, 1 200,5 tonnes et 12 %", list("3 mai 2027=2027-5-3", "1=1 count", "200,5 tonnes=200500 mass", "12 %=12 %")},
		{"ru", "12 декабря 2026 года, 3,5 млн долларов", list("12 декабря 2026=2026-12-12", "3,5 млн долларов=3.5e+06 money")},
		{"ar", "في 12 ديسمبر 2026، ٣٥ سفينة و5٪", list("12 ديسمبر 2026=2026-12-12", "٣٥=35 count", "5٪=5 %")},
		{"es", "el 3 de mayo de 2027, 1.200 millones", list("3 de mayo de 2027=2027-5-3", "1.200 millones=1.2e+09 count")},
		{"ja", "12月12日、25隻", list("12月12日=0-12-12", "25=25 count")},
	} {
		if got := claimsOf(c.lang, c.text); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %q\n is  %q\nwant %q", c.lang, c.text, got, c.want)
		}
	}
}

// TestInitiators: who asked, in words, by each side and against the record.
func TestInitiators(t *testing.T) {
	for _, c := range []struct {
		lang, ours, theirs, record, side string
	}{
		{"en", "The call was held at the request of Birch.", "At Birch's request, the ministers spoke.", "birch", ""},
		{"en", "The call was held at the request of Birch.", "The call was initiated by Alder.", "birch", Theirs},
		{"en", "Alder requested the call.", "At the request of Birch the ministers spoke.", "", Both},
		{"en", "By mutual agreement the two spoke.", "At the request of the other side the two spoke.", "both", Theirs},
		{"en", "At the request of our side the two spoke.", "At the initiative of Alder they spoke.", "alder", ""},
		{"en", "The two spoke.", "The call was requested by Birch.", "alder", Theirs},
		{"en", "They discussed the request of Birch for aid. The two spoke.", "The two spoke.", "", ""},
		{"zh", "应白桦方请求，双方通话。", "应约同奥尔德外长通电话。", "", Both},
		{"zh", "应白桦方请求，双方通话。", "通话由白桦方发起。", "birch", ""},
		{"zh", "应对方请求，双方通话。", "应我方请求，双方通话。", "birch", ""},
		{"zh", "应白桦方邀请通话。", "经双方商定通话。", "birch", Theirs},
	} {
		known := Known{Us: "alder", Them: "birch", Facts: said.Facts{Initiator: c.record}, Parties: []Name{{"birch", "白桦"}, {"alder", "奥尔德"}}}
		ours, theirs := statement(c.lang, c.ours), statement(c.lang, c.theirs)
		ours.Facts, theirs.Facts = known.Facts, known.Facts
		side := ""
		for _, m := range Compare(ours, theirs, known).Marks {
			if m.Kind == Initiator {
				side = m.Side
			}
		}
		if side != c.side {
			t.Errorf("%q against %q, of the record %q: %q, want %q", c.ours, c.theirs, c.record, side, c.side)
		}
	}
}

// TestFacts: what the station filled in is held to the record.
func TestFacts(t *testing.T) {
	record := said.Facts{Initiator: "alder", Start: 60, End: 120, Level: 3, Medium: 1, People: []said.Person{{Party: "alder", Name: "A"}, {Party: "birch", Name: "B"}}}
	ours, theirs := statement("en", "x"), statement("en", "x")
	ours.Facts, theirs.Facts = record, record
	theirs.Facts.People = []said.Person{record.People[1], record.People[0]}
	if r := Compare(ours, theirs, Known{Facts: record}); len(r.Marks) != 0 {
		t.Errorf("equal facts: %+v", r.Marks)
	}
	theirs.Facts.Initiator, theirs.Facts.End, ours.Facts.Level, theirs.Facts.Level, theirs.Facts.People = "both", 180, 2, 2, nil
	got := map[string]string{}
	for _, m := range Compare(ours, theirs, Known{Facts: record}).Marks {
		got[string(m.Kind)+" "+m.What] = m.Side
	}
	if want := map[string]string{"initiator alder | both": Theirs, "facts end": Theirs, "facts level": Both, "facts people": Theirs}; !reflect.DeepEqual(got, want) {
		t.Errorf("the marks are %v, want %v", got, want)
	}
}

// TestNoConflict: what one side leaves out, says in other measures, or says of
// something else is marked nowhere.
func TestNoConflict(t *testing.T) {
	for _, c := range [][3]string{
		{"en", "The sides agreed to send 12 doctors within 30 days.", "The sides agreed to send doctors."},
		{"en", "The zone is 12 nautical miles wide.", "The zone is about 22 kilometres wide."},
		{"en", "The truce lasts 48 hours.", "The truce lasts two days."},
		{"en", "Half of the prisoners return.", "Fifty per cent of the prisoners return."},
		{"en", "Nearly 40 ships waited.", "39 ships waited."},
		{"en", "They meet on 12 December.", "They meet on Saturday."},
		{"en", "They meet on 12 December 2026.", "They meet in December."},
		{"en", "Minister Ana Ruiz thanked Birch.", "Ruiz, the minister, thanked Birch."},
		{"en", "The call began at 1400 UTC.", "The call began at 10 p.m. local time."},
		{"en", "The United Nations will observe.", "The UN will observe."},
		{"zh", "停火三十天。", "停火期为30日。"},
		{"zh", "约1.2万名居民返回。", "一万二千人返回。"},
		{"zh", "百分之五十的人员返回。", "一半人员返回。"},
		{"zh", "双方于12月12日会晤。", "双方于星期六会晤。"},
		{"zh", "双方商定派出12名医生。", "双方商定派出医生。"},
	} {
		r := Compare(statement(c[0], c[1]), statement(c[0], c[2]), Known{Us: "alder", Them: "birch", Facts: said.Facts{Start: uint64(time.Date(2026, 12, 10, 2, 0, 0, 0, time.UTC).Unix())}})
		for _, m := range r.Marks {
			if m.Kind != Facts {
				t.Errorf("%q against %q: %s %q", c[1], c[2], m.Kind, m.What)
			}
		}
	}
}
