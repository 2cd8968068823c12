package desktest

import (
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// Scene returns a station with nothing hostile in it, as the pictures of the
// desk show it: an invented night on which Birch asks, with FLASH, whose
// aircraft that is, while both sides talk about a rescue corridor.
func Scene(now func() time.Time) *Station {
	s := New(now)
	s.People[4] = station.Officer{ID: 5, Name: "K. Adeyemi", Offices: []parley.Office{parley.Archivist}, Active: true}
	s.People[3].Offices = append(s.People[3].Offices, parley.Watch)
	s.Items, s.Texts = nil, map[string]string{}
	s.talk()
	s.night()
	s.harbour()
	s.place()
	s.peace()
	s.polite()
	return s
}

// said is one dispatch of the weeks before.
type said struct {
	hours  int // before now
	from   string
	prec   parley.Precedence
	marker parley.Marker
	about  string
	text   string
}

// talk is what both sides wrote on the days before.
func (s *Station) talk() {
	ours, theirs := 96, 24
	for _, x := range []said{
		{214, "alder/watch", parley.Routine, parley.Information, "Exercise area east of 115E", "Our ships exercise between 14.0N and 14.4N, 115.2E and 115.8E, from 160600Z to 181800Z NOV 26. The rescue corridor stays free."},
		{190, "alder/watch", parley.Routine, parley.Advice, "Survey ship ALDER DAWN, track and crew", "She sounds the seabed along 14.1N until the end of the month. Eleven crew, no aircraft."},
		{177, "birch/watch", parley.Routine, parley.Information, "边界水域渔船情况通报", "约四十艘渔船将进入救援通道以南水域作业，预计停留五日。"},
		{166, "alder/envoy", parley.Priority, parley.Question, "Fishing boats south of the corridor: until when?", "Our pilots report forty boats near the rescue corridor. Until when do they stay?"},
		{163, "birch/envoy", parley.Priority, parley.Answer, "答复：渔船将于二十日前离开", "渔船将于本月二十日前全部离开救援通道以南水域。"},
		{141, "alder/envoy", parley.Routine, parley.Information, "Rescue corridor: our contact hours", "From Monday our rescue centre answers at all hours on the frequencies of annex 2."},
		{118, "birch/watch", parley.Priority, parley.Warning, "气象警告：台风外围影响海峡", "台风外围将于二十日影响海峡，阵风八级以上。"},
		{96, "alder/watch", parley.Routine, parley.Information, "Tow of a barge through the corridor", "The tug PERSEVERANCE tows one barge through the corridor, west to east, 200200Z to 201100Z NOV 26."},
		{73, "birch/envoy", parley.Priority, parley.Request, "请求确认救援通道坐标", "请贵方确认二〇一九年商定的救援通道四角坐标。"},
		{70, "alder/envoy", parley.Priority, parley.Answer, "Coordinates of the rescue corridor, confirmed", "We confirm the four corners of the rescue corridor as agreed in 2019; nothing has changed."},
		{49, "alder/watch", parley.Routine, parley.Information, "Weekly summary of movements", "Three ships east, two west. No aircraft below 3000 m."},
		{31, "birch/watch", parley.Routine, parley.Information, "联合搜救演练日程建议", "建议于十二月十二日举行联合搜救演练。"},
		{20, "alder/watch", parley.Routine, parley.Information, "Cable work on the eastern path, done", "The eastern cable carries again since 222030Z NOV 26."},
	} {
		at := s.Now().Add(-time.Duration(x.hours) * time.Hour)
		it := station.Item{Line: Birch, FromText: x.from, Precedence: x.prec, Marker: x.marker, Subject: x.about, Text: x.text,
			Ladder: ladder(promised, at, at, at.Add(time.Second), at.Add(9*time.Minute), at.Add(40*time.Minute), at.Add(time.Hour))}
		if x.from[:5] == "alder" {
			ours++
			it.ID, it.Language, it.Serial, it.To = fmt.Sprintf("%s:%d", ourGen, ours-60), "en", uint64(ours), []string{"birch/" + x.from[6:]}
		} else {
			theirs++
			it.ID, it.Language, it.Serial, it.To = fmt.Sprintf("%s:%d", theirGen, theirs), "zh", uint64(theirs), []string{"alder/" + x.from[6:]}
			it.Ladder[parley.Answered].At = at.Add(2 * time.Hour)
		}
		s.put(it, time.Duration(x.hours)*time.Hour)
	}
}

// night is what has come and gone since the hand-over.
func (s *Station) night() {
	now := s.Now()
	s.put(station.Item{ID: theirGen + ":39", Line: Birch, Form: "opened", FromText: "birch/watch", Refs: []string{ourGen + ":57"}, Fields: []station.Field{{Name: "wording", Value: parley.ReceiptWording}}}, 2*time.Hour)
	q := s.put(station.Item{ID: theirGen + ":40", Line: Birch, FromText: "birch/envoy", To: []string{"alder/envoy"}, Info: []string{"alder/watch"}, Serial: 40, Precedence: parley.Priority, Marker: parley.Question,
		Subject: "关于海上救援通道的询问", Language: "zh", Refs: []string{ourGen + ":42"}, Legal: "1998年备忘录第三条", TakenBy: "Lt Ruiz", TakenAt: now.Add(-80 * time.Minute),
		Text:         "我方注意到贵方在北纬14.2度、东经115.1度附近的活动。\n\n请说明该活动的性质、参与的舰机数量以及预计结束时间。\n\n在收到答复之前，我方舰船将保持现有航向和距离，不采取任何可能被误解的行动。",
		Attachments:  []station.Attachment{{Name: "海图 14N115E.pdf", Type: "application/pdf", Size: 2_411_724, Held: true, Bytes: 2_411_724}},
		Witnessed:    []station.Witnessed{{By: "witness.example/dove", At: now.Add(-22 * time.Minute)}},
		Ladder:       ladder(promised),
		Translations: []station.Translation{{ID: 71, Language: "en", Maker: "陈译员", State: "draft", Made: now.Add(-70 * time.Minute), Text: "We have noted your activity near 14.2 degrees North, 115.1 degrees East.\n\nPlease state the nature of the activity, the number of ships and aircraft taking part, and when it is expected to end.\n\nUntil we have an answer our ships will keep their present course and distance and will take no action that could be misunderstood."}}}, 94*time.Minute)
	q.Ladder[parley.Released].At, q.Ladder[parley.Stored].At = q.Time, q.Arrived
	q.Ladder[parley.Opened].At, q.Ladder[parley.Opened].By = q.Arrived.Add(4*time.Minute), "Lt Ruiz"
	t := now.Add(-44 * time.Minute)
	o := s.put(station.Item{ID: ourGen + ":58", Line: Birch, FromText: "alder/envoy", To: []string{"birch/envoy"}, Serial: 110, Precedence: parley.Immediate, Marker: parley.Request, Subject: "Open the rescue corridor until 1800Z",
		Language: "en", Text: "We ask that the rescue corridor agreed in 2019 be opened now and kept open until 1800Z.", Ladder: ladder(promised, t, t, t), Drafter: "Envoy Okafor", Releaser: "Lt Ruiz"}, 44*time.Minute)
	o.Overdue = true
	s.put(station.Item{ID: theirGen + ":42", Line: Birch, Form: "checkcall", Series: "service", Serial: 12, FromText: "birch/watch", To: []string{"alder/watch"}, Fields: []station.Field{{Name: "text", Value: "Check call: is an officer on watch?"}}}, 66*time.Minute)
	f := s.put(station.Item{ID: theirGen + ":41", Line: Birch, FromText: "birch/envoy", To: []string{"alder/envoy"}, Info: []string{"alder/watch"}, Serial: 41, Precedence: parley.Flash, Marker: parley.Question,
		Subject: "不明飞机，北纬14.2度、东经115.1度", Language: "zh", Unconfirmed: []string{"birch"}, Fields: []station.Field{{Name: "reason for FLASH", Value: "飞机正接近我方救援船"}}, Ladder: ladder(promised)}, 122*time.Second)
	f.Ladder[parley.Released].At, f.Ladder[parley.Stored].At = f.Time, f.Arrived
	s.Texts[f.ID] = "贵方一架飞机位于北纬14.2度、东经115.1度，正接近我方救援船。\n\n该飞机是否属于贵方？其意图为何？\n\n请在十分钟内答复。"
	s.put(station.Item{ID: "filed:31", Line: Birch, FromText: "alder/watch", To: []string{"birch/watch"}, Marker: parley.Advice, Subject: "Gale warning for the strait", Language: "en", Text: "Gale from the south-west after 2000Z.", Position: -1, Unconfirmed: []string{"birch"}, NotDelivered: true,
		Ladder: ladder(promised, now, now), Drafter: "Lt Ruiz", Releaser: "Lt Ruiz"}, time.Minute)
}

// harbour is what Cedar wrote.
func (s *Station) harbour() {
	at := s.Now().Add(-29 * time.Hour)
	s.put(station.Item{ID: "77aa66bb55cc44dd:4", Line: Cedar, FromText: "cedar/principal", To: []string{"alder/principal"}, Serial: 4, Marker: parley.Information, Language: "ar", Subject: "بيان بشأن الملاحة في المضيق",
		Text: "يؤكد جانبنا حرية الملاحة في المضيق وفق الاتفاق المؤرخ 12/05/2019.", Ladder: ladder([]parley.Rung{parley.Opened}, at, at, at, at)}, 30*time.Hour)
}

// peace takes from the station what a peer or an officer might write to break a
// page, and lets both lines work.
func (s *Station) peace() {
	now := s.Now()
	s.AlarmSet = []*station.Alarm{
		{ID: 2, Line: Birch, Code: "overdue", Text: "Nr 0110 was not opened within its objective.", Item: ourGen + ":58", At: now.Add(-14 * time.Minute), Count: 1, Silenced: true},
		{ID: 3, Line: Birch, Code: "flash", Text: "FLASH Nr 0041 of birch", Item: theirGen + ":41", At: now.Add(-122 * time.Second), Count: 2},
	}
	s.Called[1].Name = "The principal's private office"
	s.Told[ourGen+":58"][0].Note = "no answer on the first number"
	s.Shifts[3].Officer, s.Shifts[3].Gone = "K. Adeyemi", false
	s.DraftMap[11].Subject, s.DraftMap[11].Refs = "Aircraft at 14.2N 115.1E: ours, on a rescue flight", []string{theirGen + ":41"}
	b, c := &s.LineList[0], &s.LineList[1]
	b.Notices, b.Witnesses, b.Logs, b.Paths[1].Proved = nil, b.Witnesses[:1], b.Logs[:2], true
	c.Exercise, c.Lamp, c.Paths[1].Cut = "", upLamp(now), false
	c.Lamp.Evidence = []station.Evidence{{By: "measured by us", Code: "path-up", Text: "QUIC to cedar answers in 44 ms", At: now.Add(-2 * time.Second)}, {By: "measured by us", Code: "path-up", Text: "TLS to cedar answers in 47 ms", At: now.Add(-4 * time.Second)}}
	c.Tests = station.TestState{Last: now.Add(-12 * time.Minute), LastRTT: 44 * time.Millisecond, Next: now.Add(48 * time.Minute), HumanAt: now.Add(-3 * time.Hour)}
	for i := range c.Paths {
		p := &c.Paths[i]
		p.Up, p.Proved, p.Why, p.Heard, p.Since, p.RTT = true, true, "", now.Add(-2*time.Second), now.Add(-50*time.Hour), time.Duration(44+3*i)*time.Millisecond
	}
	k := &s.Stands.Lines[0].Keys[2]
	k.Since, k.Last = now.Add(-7*time.Hour), now.Add(17*time.Hour)
	s.Stands.Lines[1].Over = nil
}

// Down lets Cedar fall silent, as a station that cannot tell why sees it.
func (s *Station) Down() {
	now, c := s.Now(), &s.LineList[1]
	c.Lamp, c.Paths, c.Tests.Missed = downLamp(now), cedarPaths(now), 1
	c.Lamp.Evidence = c.Lamp.Evidence[:3]
	c.Paths[1].Cut, c.Paths[1].Why = false, "connection refused"
}

// Calm opens what is urgent, so that nothing waits but the usual.
func (s *Station) Calm() {
	s.AlarmSet = nil
	for _, it := range s.Items {
		for i := range it.Ladder {
			if st := &it.Ladder[i]; st.At.IsZero() && it.Precedence >= parley.Immediate && st.Rung <= parley.Opened {
				st.At = it.Arrived.Add(20 * time.Second)
			}
		}
		if it.Precedence == parley.Flash {
			it.Marker, it.MarkerText = parley.Information, parley.Information.String()
		}
		it.Overdue = it.Overdue && it.Precedence < parley.Immediate
	}
}

// ReadFlash is seven minutes into the FLASH: opened, translated, the principal
// told, and the answer not yet out.
func (s *Station) ReadFlash() string {
	f, err := s.find(Birch, theirGen+":41")
	if err != nil {
		panic(err) // the scene has it
	}
	f.Time = s.Now().Add(-7 * time.Minute).Truncate(time.Second)
	f.Arrived, f.Objective, f.DTG = f.Time.Add(time.Second), f.Time.Add(f.Precedence.Objective()), parley.DTG(f.Time)
	f.Text, f.TakenBy, f.TakenAt = s.Texts[f.ID], "Lt Ruiz", f.Time.Add(50*time.Second)
	delete(s.Texts, f.ID)
	for i := range f.Ladder {
		st := &f.Ladder[i]
		switch st.Rung {
		case parley.Released, parley.Stored:
			st.At = f.Time
		case parley.Opened:
			st.At, st.By = f.Time.Add(time.Minute), "Lt Ruiz"
		case parley.Translated:
			st.At, st.By = f.Time.Add(4*time.Minute), "Envoy Okafor"
		case parley.PrincipalInformed:
			st.At, st.By = f.Time.Add(5*time.Minute), "Lt Ruiz"
		}
	}
	f.Translations = []station.Translation{{ID: 72, Language: "en", Maker: "陈译员", Reviewer: "Envoy Okafor", State: "reviewed", Made: f.Time.Add(2 * time.Minute), Reviewed: f.Time.Add(4 * time.Minute),
		Text: "One of your aircraft is at 14.2 degrees North, 115.1 degrees East, and is approaching our rescue ship.\n\nIs this aircraft yours? What is its intention?\n\nPlease answer within ten minutes."}}
	s.AlarmSet = nil
	return f.ID
}

// Exercises lets an exercise go on with Cedar, and nothing real wait.
func (s *Station) Exercises() {
	s.Calm()
	s.LineList[1].Exercise = "QUIET HARBOUR"
	n := len(s.Items)
	s.cedar()
	s.Items = append(s.Items[:n], s.Items[n], s.Items[n+2])
	for _, it := range s.Items[n:] {
		if !it.Ours {
			it.Ladder = it.Ladder[1:]
		}
		it.Position = max(it.Position, 0)
	}
	a, b := s.Items[n], s.Items[n+1]
	a.Time = s.Now().Add(-11 * time.Minute).Truncate(time.Second)
	a.Arrived, a.Objective, a.DTG = a.Time.Add(time.Second), a.Time.Add(a.Precedence.Objective()), parley.DTG(a.Time)
	b.NotDelivered, b.ID, b.Serial, b.Time = false, ourGen+":71", 7, s.Now().Add(-4*time.Minute).Truncate(time.Second)
	b.Objective, b.DTG, b.Unconfirmed = b.Time.Add(b.Precedence.Objective()), parley.DTG(b.Time), nil
	b.Ladder[parley.Stored].At = b.Time
}

// nasty is what tries the pages; "" in a scene.
func (s *Station) nasty(x string) string {
	if s.tame {
		return ""
	}
	return x
}

// polite takes out of the contacts what is there to try the pages.
func (s *Station) polite() {
	s.tame = true
	s.memcons()
	s.Contacting = s.Contacting[:len(s.Contacting)-1]
	s.spoken()
	plain := strings.NewReplacer("<b>40</b>", "40", " <b>", "", "<b>", "", "</b>", "", "<i>", "", "</i>", "", " <script>", "", "\u202e", "")
	all := func(list []string) []string {
		out := make([]string, len(list))
		for i, x := range list {
			out[i] = plain.Replace(x)
		}
		return out
	}
	for i := range s.Contacting {
		c := &s.Contacting[i]
		c.Topics = all(c.Topics)
		for j := range c.Terms {
			t := &c.Terms[j]
			t.Topics, t.Text = all(t.Topics), plain.Replace(t.Text)
			for k := range t.Replies {
				t.Replies[k].Text = plain.Replace(t.Replies[k].Text)
			}
		}
		for j := range c.Points {
			c.Points[j].Text = plain.Replace(c.Points[j].Text)
			for k := range c.Points[j].Proposals {
				c.Points[j].Proposals[k].Text = plain.Replace(c.Points[j].Proposals[k].Text)
			}
		}
	}
	for i := range s.Held {
		s.Held[i].Source, s.Held[i].Disputed = plain.Replace(s.Held[i].Source), all(s.Held[i].Disputed)
	}
}
