package desktest

import (
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

const (
	theirGen = "9a0f33c1d2e4b586"
	ourGen   = "41c07d5e88aa9b10"
	oldGen   = "0badc0de0badc0de"
)

var promised = []parley.Rung{parley.Opened, parley.Translated, parley.PrincipalInformed}

// lines are Birch, up on two paths, and Cedar, down.
func (s *Station) lines() {
	now := s.Now()
	offices := []parley.Office{parley.Principal, parley.Envoy, parley.Watch, parley.Interpreter, parley.Translator, parley.Archivist, parley.Administrator}
	us := station.Party{Code: "alder", Name: "Alder", Languages: []string{"en"}, Promises: []parley.Rung{parley.Opened}, Us: true}
	two := map[string]bool{"FLASH": true, "IMMEDIATE": true, "PRIORITY": false, "ROUTINE": false}
	s.LineList = []station.Line{
		{Key: Birch, Name: "Birch", Us: us, Them: []station.Party{{Code: "birch", Name: "Birch", Languages: []string{"zh"}, Promises: promised}}, Offices: offices,
			TwoHands: two, State: "active", Lamp: upLamp(now), Paths: birchPaths(now), Logs: birchLogs(now),
			Tests: station.TestState{Last: now.Add(-22 * time.Minute), LastRTT: 3100 * time.Microsecond, Next: now.Add(38 * time.Minute), Clock: -240 * time.Millisecond, HumanAt: now.Add(-5 * time.Hour)},
			Witnesses: []station.WitnessView{
				{Name: "witness.example/dove", Address: "http://192.0.2.40", Asked: now.Add(-22 * time.Minute),
					Logs: []station.WitnessedLog{{Party: "alder", Size: 61, At: now.Add(-22 * time.Minute)}, {Party: "birch", Size: 44, At: now.Add(-22 * time.Minute)}}},
				{Name: "witness.example/rook", Address: "http://192.0.2.41", Asked: now.Add(-22 * time.Minute), Trouble: "log of alder: the witness cannot be reached: <b>refused</b>",
					Ahead: []station.WitnessedLog{{Party: "birch", Size: 49, At: now.Add(-22 * time.Minute)}}}},
			Notices: []station.Notice{{Code: "old-key", Text: "Our receiving key is 26 h old: it is renewed when the line is up.", At: now.Add(-26 * time.Hour)}}},
		{Key: Cedar, Name: "Cedar", Us: us, Them: []station.Party{{Code: "cedar", Name: "Cedar", Languages: []string{"ar"}, Promises: []parley.Rung{parley.Opened}}}, Offices: offices,
			TwoHands: two, State: "active", Lamp: downLamp(now), Paths: cedarPaths(now), Exercise: "QUIET HARBOUR",
			Tests: station.TestState{Last: now.Add(-81 * time.Minute), LastRTT: 44 * time.Millisecond, Missed: 1}},
	}
}

func upLamp(now time.Time) station.Lamp {
	return station.Lamp{State: station.LampUp, Verdict: station.VerdictUp, Proved: now.Add(-2 * time.Second), Since: now.Add(-9 * time.Hour), Sentence: "The line is up, proved 2 s ago.",
		Evidence: []station.Evidence{{By: "measured by us", Code: "path-up", Text: "QUIC to birch answers in 31 ms", At: now.Add(-2 * time.Second)},
			{By: "measured by us", Code: "path-up", Text: "TLS to birch answers in 33 ms", At: now.Add(-3 * time.Second)}}}
}

func downLamp(now time.Time) station.Lamp {
	return station.Lamp{State: station.LampDown, Verdict: station.VerdictCannotTell, Proved: now.Add(-81 * time.Minute), Since: now.Add(-81 * time.Minute),
		Sentence: "Nothing answers. From here nobody can tell whether the path or their station has failed.",
		Evidence: []station.Evidence{{By: "measured by us", Code: "path-timeout", Text: "QUIC to cedar: no answer for 81 min", At: now.Add(-81 * time.Minute)},
			{By: "measured by us", Code: "path-refused", Text: "TLS to cedar: connection refused", At: now.Add(-80 * time.Minute)},
			{By: "measured by us", Code: "listening", Text: "our station listens on QUIC at 0.0.0.0:7443", At: now},
			{By: "said by them", Code: "a-code-nobody-knows", Text: "maintenance <b>tonight</b>", At: now.Add(-2 * time.Hour)}},
		Try: []string{"check-cable: look at our own cable and router first", "call-out: reach their watch another way, and ask", "wait: the station tries every path again by itself"}}
}

func birchPaths(now time.Time) []station.Path {
	return []station.Path{
		{Name: "QUIC", Peer: "birch", Address: "203.0.113.7:7443", Up: true, RTT: 31 * time.Millisecond, Heard: now.Add(-2 * time.Second), Since: now.Add(-9 * time.Hour), Proved: true, BytesIn: 4_812_331, BytesOut: 5_120_004},
		{Name: "TLS", Peer: "birch", Address: "203.0.113.7:7444", Up: true, RTT: 33 * time.Millisecond, Heard: now.Add(-3 * time.Second), Since: now.Add(-40 * time.Minute), BytesIn: 91_220, BytesOut: 88_004},
	}
}

func cedarPaths(now time.Time) []station.Path {
	return []station.Path{
		{Name: "QUIC", Peer: "cedar", Address: "198.51.100.20:7443", Heard: now.Add(-81 * time.Minute), Since: now.Add(-81 * time.Minute), Why: "no answer"},
		{Name: "TLS", Peer: "cedar", Address: "[2001:db8:0:17::20]:7444", Cut: true, Since: now.Add(-80 * time.Minute), Why: "taken down by an officer here"},
	}
}

func birchLogs(now time.Time) []station.Log {
	root := strings.Repeat("5f2c9e01", 8)
	return []station.Log{
		{Party: "alder", Gen: ourGen, Size: 61, Root: root, Current: true, Stored: map[string]uint64{"birch": 60}, Created: now.Add(-90 * 24 * time.Hour), Reason: "founding"},
		{Party: "birch", Gen: theirGen, Size: 42, Root: root, Current: true, Stored: map[string]uint64{"alder": 42}, Created: now.Add(-8 * 24 * time.Hour), Reason: "the old generation was forked"},
		{Party: "birch", Gen: oldGen, Size: 310, Root: root, Disputed: true, Stored: map[string]uint64{"alder": 308}, Created: now.Add(-90 * 24 * time.Hour), Reason: "founding"},
	}
}

// put adds an item with what every item has. age is before now.
func (s *Station) put(it station.Item, age time.Duration) *station.Item {
	at := s.Now().Add(-age).Truncate(time.Second)
	it.Known, it.Time, it.Arrived, it.DTG = true, at, at.Add(time.Second), parley.DTG(at)
	it.From, _ = parley.ParseAddress(it.FromText)
	it.PrecedenceText, it.MarkerText = it.Precedence.String(), it.Marker.String()
	it.Party = it.From.Party
	it.Ours = it.Party == "alder"
	it.Hash = strings.Repeat("ab54", 16)
	if it.Form == "" {
		it.Form = "dispatch"
	}
	if it.Series == "" && it.Form == "dispatch" {
		it.Series = "traffic"
	}
	it.Objective = at.Add(it.Precedence.Objective())
	s.Items = append(s.Items, &it)
	return &it
}

// items fill the record. Positions rise; the last few are not settled.
func (s *Station) items() {
	s.past()
	s.recent()
	s.hostile()
	s.cedar()
	s.place()
}

// place gives the items their positions in the record.
func (s *Station) place() {
	pos := map[string]int64{}
	for _, it := range s.Items {
		if !it.Ours && len(it.Ladder) > 0 {
			it.Ladder = it.Ladder[1:] // filed is ours to see
			if it.Ladder[0].At.IsZero() {
				it.Ladder[0].At, it.Ladder[1].At = it.Time, it.Arrived
			}
		}
		if it.Position < 0 {
			it.Position = 0
			continue
		}
		pos[it.Line]++
		it.Position = pos[it.Line]
		it.Settled = len(it.Unconfirmed) == 0
	}
}

func (s *Station) past() {
	subjects := []string{"Weekly summary of movements", "Fishing boats near the line", "Notice to mariners 14", "Exercise area, coordinates", "Survey ship, crew list"}
	for i := range 58 {
		age := time.Duration(60-i) * 9 * time.Hour
		at := s.Now().Add(-age)
		it := station.Item{ID: fmt.Sprintf("%s:%d", ourGen, i), Line: Birch, FromText: "alder/watch", To: []string{"birch/watch"}, Serial: uint64(60 + i), Marker: parley.Information,
			Subject: subjects[i%len(subjects)], Text: "As agreed.", Language: "en", Ladder: ladder(promised, at, at, at.Add(time.Second), at.Add(time.Hour))}
		switch {
		case i%7 == 3 && i < 36:
			it.ID, it.FromText, it.To = fmt.Sprintf("%s:%d", theirGen, i), "birch/watch", []string{"alder/watch"}
			it.Subject, it.Language, it.Text = "边界水域渔船情况通报", "zh", "如前所议。"
		case i%11 == 5:
			it.Form, it.Series, it.Serial, it.Subject, it.Text, it.Ladder, it.Marker = "linetest", "", 0, "", "", nil, parley.NoMarker
		}
		s.put(it, age)
	}
	d := s.put(station.Item{ID: oldGen + ":309", Line: Birch, FromText: "birch/envoy", To: []string{"alder/envoy"}, Serial: 309, Marker: parley.Information, Subject: "补充说明", Text: "见前文。", Language: "zh", Disputed: true,
		Ladder: ladder(promised)}, 8*24*time.Hour)
	d.Ladder[parley.Opened].At = d.Arrived.Add(time.Hour)
	s.put(station.Item{ID: theirGen + ":36", Line: Birch, FromText: "birch/watch", Form: "seating-plan-2031", Subject: ""}, 50*time.Hour).Known = false
	s.put(station.Item{ID: theirGen + ":37", Line: Birch, FromText: "birch/watch", To: []string{"alder/watch"}, Serial: 37}, 49*time.Hour).Unreadable = true
}

func (s *Station) recent() {
	t0 := s.Now()
	q := s.put(station.Item{ID: theirGen + ":40", Line: Birch, Witnessed: []station.Witnessed{{By: "witness.example/dove", At: s.Now().Add(-22 * time.Minute)}}, FromText: "birch/envoy", To: []string{"alder/envoy"}, Info: []string{"alder/watch"}, Serial: 40, Precedence: parley.Priority,
		Marker: parley.Question, Subject: "关于海上救援通道的询问", Language: "zh", Refs: []string{ourGen + ":57"}, Legal: "1998年备忘录第三条",
		Text:        "一、我方注意到贵方在北纬14.2度、东经115.1度附近的活动。\n\n二、请说明该活动的性质、参与的舰机数量以及预计结束时间。\n\n三、在收到答复之前，我方舰船将保持现有航向和距离，不采取任何可能被误解的行动。",
		Attachments: []station.Attachment{{Name: "海图 14N115E.pdf", Type: "application/pdf", Size: 2_411_724, Held: true, Bytes: 2_411_724}, {Name: "影像.mp4", Type: "video/mp4", Size: 41_000_000, Bytes: 12_600_000}},
		Ladder:      ladder(promised), TakenBy: "Lt Ruiz"}, 94*time.Minute)
	q.Ladder[parley.Released].At, q.Ladder[parley.Stored].At = q.Time, q.Arrived
	q.Ladder[parley.Opened].At, q.Ladder[parley.Opened].By = q.Arrived.Add(4*time.Minute), "Lt Ruiz"
	q.Translations = []station.Translation{
		{ID: 71, Language: "en", Maker: "陈译员", State: "draft", Made: t0.Add(-70 * time.Minute), Text: "1. We have noted your side's activity near 14.2 degrees North, 115.1 degrees East.\n\n2. Please state the nature of the activity, the number of ships and aircraft taking part, and when it is expected to end.\n\n3. Until we have an answer our ships will keep their present course and distance and will take no action that could be misunderstood."},
		{ID: 70, Language: "fr", Maker: "陈译员", Reviewer: "Envoy Okafor", State: "reviewed", Made: t0.Add(-60 * time.Minute), Text: "1. Nous avons noté l'activité de votre côté."}}
	o := s.put(station.Item{ID: ourGen + ":58", Line: Birch, FromText: "alder/envoy", To: []string{"birch/envoy"}, Serial: 119, Precedence: parley.Immediate, Marker: parley.Request, Subject: "Open a rescue corridor until 1800Z",
		Language: "en", Text: "We ask that the corridor agreed in 2019 be opened now and kept open until 1800Z.", Ladder: ladder(promised, t0.Add(-44*time.Minute), t0.Add(-44*time.Minute), t0.Add(-44*time.Minute)), Drafter: "Envoy Okafor", Releaser: "Lt Ruiz"}, 44*time.Minute)
	o.Overdue = true
	o.ReadBacks = []station.ReadBack{{ID: ourGen + ":61", Step: "asked", Party: "alder", Ours: true, At: t0.Add(-40 * time.Minute)},
		{ID: theirGen + ":43", Step: "given", Party: "birch", Text: "贵方请求现在开放救援通道，至18时。<b>", Language: "zh", At: t0.Add(-20 * time.Minute), Open: true}}
	s.put(station.Item{ID: theirGen + ":39", Line: Birch, Form: "opened", FromText: "birch/watch", Refs: []string{ourGen + ":57"}, Fields: []station.Field{{Name: "wording", Value: parley.ReceiptWording}}}, 2*time.Hour)
	s.put(station.Item{ID: theirGen + ":42", Line: Birch, Form: "checkcall", Series: "service", Serial: 12, FromText: "birch/watch", To: []string{"alder/watch"}, Unconfirmed: []string{"birch"}, Fields: []station.Field{{Name: "text", Value: "Check call: is an officer on watch?"}}}, 6*time.Minute)
	f := s.put(station.Item{ID: theirGen + ":41", Line: Birch, FromText: "birch/envoy", To: []string{"alder/envoy"}, Info: []string{"alder/watch"}, Serial: 42, Precedence: parley.Flash, Marker: parley.Question,
		Subject: "Aircraft, 14.2N 115.1E", Language: "zh", Unconfirmed: []string{"birch"}, Fields: []station.Field{{Name: "reason for FLASH", Value: "武装飞机正在接近"}}, Ladder: ladder(promised)}, 122*time.Second)
	f.Ladder[parley.Released].At, f.Ladder[parley.Stored].At = f.Time, f.Arrived
	s.Texts[f.ID] = "贵方一架飞机位于北纬14.2度、东经115.1度，正接近我方救援船。\n\n该飞机是否属于贵方？其意图为何？\n\n请在十分钟内答复。"
	w := s.put(station.Item{ID: "filed:31", Line: Birch, FromText: "alder/watch", To: []string{"birch/watch"}, Precedence: parley.Routine, Marker: parley.Advice, Subject: "Weather warning for the strait", Language: "en", Text: "Gale from the south-west after 2000Z.", Position: -1, Unconfirmed: []string{"birch"}, NotDelivered: true, Ladder: ladder(promised, t0, t0)}, time.Minute)
	w.Drafter, w.Releaser = "Lt Ruiz", "Envoy Okafor"
	g := s.put(station.Item{ID: ourGen + ":59", Line: Birch, FromText: "alder/watch", To: []string{"birch/watch"}, Serial: 120, Marker: parley.Information, Subject: "Position of the tug, wrong figures", Language: "en", Text: "14.2S 115.1E", Unconfirmed: []string{"birch"}, Ladder: ladder(promised, t0.Add(-30*time.Minute), t0.Add(-30*time.Minute), t0.Add(-30*time.Minute), t0.Add(-20*time.Minute))}, 30*time.Minute)
	g.Disregarded = ourGen + ":60"
}

// hostile is what a peer that means harm would send.
func (s *Station) hostile() {
	t := s.Now()
	h := s.put(station.Item{ID: theirGen + ":38", Line: Birch, FromText: "birch/watch", To: []string{"alder/watch"}, Serial: 38, Marker: parley.Warning, Language: `"><script>`,
		Subject:       `<script>document.title="owned"</script><img src=x onerror=alert(1)>`,
		Text:          "Invoice \u202egpj.exe\u202c attached\u2066\u2067.\u200b\n\n" + strings.Repeat("W", 4000) + "\n\n{{.Officer}} <iframe src=//evil.example></iframe> javascript:alert(1)\n\n" + strings.Repeat("لا", 600),
		Releasability: strings.Repeat("word ", 90), Attachments: []station.Attachment{{Name: "..\\..\\\u202etxt.exe\r\nSet-Cookie: x", Type: "text/html", Size: 12, Held: true}},
		Fields: []station.Field{{Name: "<b>unknown field 9</b>", Value: "<script>alert(2)</script>"}}, Ladder: ladder(promised)}, 3*time.Hour)
	h.Ladder[parley.Opened].At, h.Ladder[parley.Opened].By = t.Add(-2*time.Hour), "Lt <i>Ruiz</i>"
	h.ClockDoubt = true
}

func (s *Station) cedar() {
	t := s.Now()
	a := s.put(station.Item{ID: "77aa66bb55cc44dd:5", Line: Cedar, FromText: "cedar/envoy", To: []string{"alder/envoy"}, Serial: 5, Precedence: parley.Immediate, Marker: parley.Request, Language: "ar", Exercise: "QUIET HARBOUR",
		Subject: "تمرين: طلب فتح ممر بحري", Ladder: ladder([]parley.Rung{parley.Opened})}, 85*time.Minute)
	a.Ladder[parley.Released].At, a.Ladder[parley.Stored].At = a.Time, a.Arrived
	s.Texts[a.ID] = "أولًا: نطلب فتح ممر بحري عند 14.2N 115.1E.\n\nثانيًا: هذا تمرين ولا يُتخذ بموجبه أي إجراء حقيقي."
	b := s.put(station.Item{ID: "77aa66bb55cc44dd:4", Line: Cedar, FromText: "cedar/principal", To: []string{"alder/principal"}, Serial: 4, Marker: parley.Information, Language: "ar",
		Subject: "بيان بشأن الملاحة في المضيق", Text: "يؤكد جانبنا حرية الملاحة في المضيق وفق الاتفاق المؤرخ 12/05/2019.\n\nوسنرسل تفاصيل المواعيد (09:00–17:30 UTC) لاحقًا.", Ladder: ladder([]parley.Rung{parley.Opened})}, 30*time.Hour)
	for r := parley.Released; r <= parley.Opened; r++ {
		b.Ladder[r].At = t.Add(-29 * time.Hour)
	}
	s.put(station.Item{ID: "filed:32", Line: Cedar, FromText: "alder/envoy", To: []string{"cedar/envoy"}, Precedence: parley.Immediate, Marker: parley.Answer, Language: "en", Exercise: "QUIET HARBOUR", Position: -1, NotDelivered: true, Unconfirmed: []string{"cedar"},
		Subject: "Exercise: corridor opened", Text: "Exercise. The corridor is open.", Ladder: ladder([]parley.Rung{parley.Opened}, t, t)}, 70*time.Minute)
}
