package desktest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/station"
)

// Contacts of the fake with Birch.
const (
	AskedOfUs   = theirGen + ":60" // a leaders' call that Birch asked for, and that waits for our answer
	OurCounter  = ourGen + ":70"   // agreed, with a change of theirs that waits
	Unanswered  = ourGen + ":72"   // ours, without an answer
	TheirChange = theirGen + ":63"
)

const day = 24 * time.Hour

// levels is who arranges contacts at each level, as every line of the fake agreed.
func levels() map[string][]string {
	return map[string][]string{"leader": {"envoy", "principal"}, "minister": {"envoy", "principal"}, "commander": {"watch", "envoy"}, "working": {"watch", "envoy"}}
}

// arranging is the same from the highest level.
func (s *Station) arranging() (out []station.LevelRule) {
	for _, l := range []string{"leader", "minister", "commander", "working"} {
		out = append(out, station.LevelRule{Level: l, Offices: s.Levels[l], Agreed: true})
	}
	return out
}

// chart is an attachment on the record that a file may name.
var chart = station.PointDocument{Entry: theirGen + ":31", Party: "birch", Serial: 12, File: "chart <b>.pdf", Hash: "ab", Size: 2048, Held: true}

// contacts fills the book of Birch: every state that a page shows, and a register
// of eight years with a row of theirs that our side disputes.
func (s *Station) contacts() {
	at := func(days float64, hour int) time.Time {
		t := s.Now().UTC().Truncate(day).Add(time.Duration(days * float64(day)))
		return t.Add(time.Duration(hour) * time.Hour)
	}
	window := func(days float64, from, until int) station.ContactWindow {
		return station.ContactWindow{Start: at(days, from), End: at(days, until)}
	}
	leaders := station.ContactTerms{Level: "leader", Medium: "voice", Topics: []string{"Rescue corridor", "救援演练 <b>"}, Zone: "Asia/Shanghai", Languages: []string{"en", "zh"}, Interpreting: "consecutive", Interpreters: "each side its own",
		Participants: []station.ContactPerson{{Name: "王建国", Title: "国家主席", Role: "principal"}, {Name: "吴敏", Title: "大使", Role: "delegate"}}, Recording: "notes", Minutes: 45,
		AnswerBy: at(2, 12), Text: "建议就救援通道通话。\u202e", Windows: []station.ContactWindow{window(5, 1, 3), window(6, 12, 14)}}
	agreed := leaders
	agreed.Level, agreed.Medium, agreed.Topics, agreed.Text, agreed.AnswerBy, agreed.Zone = "minister", "video", []string{"Rescue corridor"}, "", time.Time{}, "Europe/Paris"
	agreed.Participants, agreed.Windows = []station.ContactPerson{{Name: "A. Alder", Title: "Minister", Role: "principal"}}, []station.ContactWindow{window(9, 8, 10)}
	change := agreed
	change.Zone, change.Windows, change.Participants = "Asia/Shanghai", []station.ContactWindow{window(10, 8, 10)}, nil
	silent := agreed
	silent.Level, silent.Topics, silent.AnswerBy, silent.Windows = "working", []string{"Barges"}, s.Now().Add(-2*time.Hour), []station.ContactWindow{window(4, 8, 10)}
	refused := silent
	refused.AnswerBy, refused.Level = s.Now().Add(-40*day), "commander"
	s.Contacting = []station.Contact{
		{ID: AskedOfUs, State: contact.Asked, Level: "leader", Medium: "voice", Topics: leaders.Topics, Initiated: []string{"birch"}, Asked: s.Now().Add(-5 * time.Hour),
			Terms: []station.ContactOffer{{ContactTerms: leaders, ContactSeat: station.ContactSeat{Office: "envoy"}, ID: AskedOfUs, By: "birch", At: s.Now().Add(-5 * time.Hour), Open: true, Waits: []string{"alder"}, Asked: true}}},
		{ID: OurCounter, State: contact.Agreed, Level: "minister", Medium: "video", Topics: agreed.Topics, Initiated: []string{"alder"}, Ours: true, Asked: s.Now().Add(-3 * day), Start: agreed.Windows[0].Start, End: agreed.Windows[0].Start.Add(45 * time.Minute), Agreed: OurCounter,
			Terms: []station.ContactOffer{
				{ContactTerms: agreed, ID: OurCounter, By: "alder", Ours: true, At: s.Now().Add(-3 * day), Agreed: true, Replies: []station.ContactWords{{ContactReply: station.ContactReply{Accept: true, Window: 1, Text: "Agreed <i>gladly</i>", Zone: "Asia/Shanghai", Participants: leaders.Participants}, ID: theirGen + ":62", By: "birch", At: s.Now().Add(-2 * day)}}},
				{ContactTerms: change, ID: TheirChange, Instead: OurCounter, By: "birch", At: s.Now().Add(-time.Hour), Open: true, Waits: []string{"alder"}, Asked: true}},
			Points: []station.ContactPoint{
				{Kind: "agenda", State: "agreed", Text: "The corridor in winter", By: "alder", ID: ourGen + ":74", Proposals: []station.ContactChange{{ID: theirGen + ":65", By: "birch", Text: "冬季和春季的救援通道", Due: at(9, 8)}}},
				{Kind: "agenda", State: "proposed", Text: "谁来测量 <script>", By: "birch", ID: theirGen + ":64", Proposals: []station.ContactChange{{ID: theirGen + ":64", By: "birch", Text: "谁来测量 <script>"}}},
				{Kind: "document", State: "agreed", Text: "Chart of the corridor", By: "birch", ID: theirGen + ":67", Document: &chart},
				{Kind: "document", State: "proposed", Text: "Depths", By: "birch", ID: theirGen + ":68", Document: &station.PointDocument{Entry: theirGen + ":90"}, Proposals: []station.ContactChange{{ID: theirGen + ":68", By: "birch", Text: "Depths"}}},
				{Kind: "open-item", State: "agreed", Text: "Send the chart", Owner: "K. Adeyemi", Due: s.Now().Add(-day), Overdue: true, By: "alder", ID: ourGen + ":75"},
				{Kind: "announcement", State: "proposed", Text: "The ministers spoke about the rescue corridor.", By: "alder", ID: ourGen + ":76", Due: at(9, 11), Proposals: []station.ContactChange{{ID: ourGen + ":76", By: "alder", Ours: true, Text: "The ministers spoke about the rescue corridor."}}}},
			Waiting: []string{"filed:8"}},
		{ID: Unanswered, State: contact.NoAnswer, Level: "working", Medium: "video", Topics: silent.Topics, Initiated: []string{"alder"}, Ours: true, Asked: s.Now().Add(-30 * time.Hour),
			Terms: []station.ContactOffer{{ContactTerms: silent, ID: Unanswered, By: "alder", Ours: true, At: s.Now().Add(-30 * time.Hour), Open: true, Waits: []string{"birch"}, Overdue: true}}},
		{ID: ourGen + ":20", State: contact.Declined, Level: "commander", Medium: "video", Topics: refused.Topics, Initiated: []string{"alder"}, Ours: true, Asked: s.Now().Add(-44 * day),
			Terms: []station.ContactOffer{{ContactTerms: refused, ID: ourGen + ":20", By: "alder", Ours: true, At: s.Now().Add(-44 * day), Replies: []station.ContactWords{{ContactReply: station.ContactReply{Reason: "not-now", Text: "待定", Next: s.Now().Add(20 * day)}, ContactSeat: station.ContactSeat{Office: "watch", Outside: true}, ID: theirGen + ":12", By: "birch", At: s.Now().Add(-39 * day), Late: true}}}}},
		{ID: ourGen + ":10", State: contact.Cancelled, Level: "leader", Medium: "in-person", Topics: []string{"Fisheries"}, Initiated: []string{"alder", "birch"}, Ours: true, Asked: s.Now().Add(-90 * day), Start: s.Now().Add(-60 * day), Agreed: ourGen + ":10",
			Off: &station.ContactOff{ID: theirGen + ":9", By: "birch", At: s.Now().Add(-70 * day), Reason: "overtaken", Text: "台风"}},
	}
	for i := range s.Contacting {
		s.Contacting[i].Line, s.Contacting[i].Parties = Birch, []string{"alder", "birch"}
	}
	s.Levels = levels()
	s.register()
}

// register fills the register, the newest first as the station gives it.
func (s *Station) register() {
	for i, x := range []struct {
		days          int
		level, medium string
		minutes       int
		topic         string
	}{
		{31, "working", "voice", 25, "Barges"}, {88, "minister", "voice", 30, "Rescue corridor"}, {160, "leader", "voice", 55, "Rescue corridor"}, {202, "working", "video", 60, "Fisheries"}, {290, "commander", "voice", 20, "Exercises"},
		{410, "leader", "in-person", 180, "Fisheries"}, {520, "minister", "video", 45, "Fisheries"}, {700, "working", "in-person", 240, "Rescue corridor"}, {905, "leader", "voice", 40, "Exercises"}, {1100, "commander", "video", 35, "Exercises"},
		{1500, "leader", "in-person", 120, "Fisheries"}, {1800, "minister", "in-person", 90, "Rescue corridor"}, {2300, "leader", "voice", 30, "Rescue corridor"}, {2700, "working", "voice", 15, "Barges"},
	} {
		r := station.RegisterRow{ID: fmt.Sprintf("%s:%d", ourGen, 2), Number: i + 1, By: "alder", Ours: true, Date: s.Now().AddDate(0, 0, -x.days).UTC().Format(time.DateOnly), Level: x.level, Medium: x.medium, OurSide: "A. Alder", TheirSide: "王建国", Asked: "alder", Minutes: x.minutes, Topics: []string{x.topic}, Source: "archive of the ministry"}
		switch i {
		case 2:
			r.Participants = []station.ContactPerson{{Name: "A. Alder", Role: "principal"}, {Name: "L. Ash", Title: "Desk officer <i>", Role: "note-taker"}}
			r.Confirmed, r.Next = []string{"birch"}, s.Now().AddDate(0, 0, -10).UTC().Format(time.DateOnly)
		case 3:
			r.ID, r.Number, r.By, r.Ours, r.Source = theirGen+":3", 1, "birch", false, "外交部公告 <b>"
		case 4:
			r.Disputed = []string{"birch: it lasted <b>40</b> minutes"}
		case 9:
			r.TakenBack = true
		}
		s.Held = append(s.Held, r)
	}
}

// Contacts is the book of Birch; other lines have none.
func (s *Station) Contacts(_ context.Context, line string, asOf time.Time) (station.ContactBook, error) {
	s.Lock()
	defer s.Unlock()
	l, err := s.line(line)
	if err != nil {
		return station.ContactBook{}, err
	}
	if asOf.IsZero() || asOf.After(s.Now()) {
		asOf = s.Now()
	}
	b := station.ContactBook{Line: l.Key, AsOf: asOf, Arrange: s.arranging()}
	if l.Key != Birch {
		return b, nil
	}
	b.Contacts = slices.Clone(s.Contacting)
	for _, r := range s.Held {
		if r.Date <= asOf.Format(time.DateOnly) {
			b.Rows = append(b.Rows, r)
		}
	}
	for _, level := range []string{"leader", "minister", "commander", "working"} {
		if v, ok := s.summary(b.Rows, level, asOf); ok {
			b.Levels = append(b.Levels, v)
		}
	}
	return b, nil
}

func (s *Station) summary(rows []station.RegisterRow, level string, asOf time.Time) (v station.ContactSummary, ok bool) {
	v.Level = level
	for i := range rows {
		r := &rows[i]
		if r.Level != level || r.TakenBack {
			continue
		}
		v.Minutes += r.Minutes
		switch {
		case r.Medium == "in-person":
			v.InPerson++
		case r.Medium == "video":
			v.Video++
		default:
			v.Voice++
		}
		if last := map[bool]**station.RegisterRow{true: &v.LastMeeting, false: &v.LastCall}[r.Medium == "in-person"]; *last == nil {
			*last = r
		}
		if r.Next != "" {
			v.Next, v.NextOverdue = r.Next, r.Next < asOf.Format(time.DateOnly)
		}
		ok = true
	}
	if level == "leader" {
		v.LongestGap = 802
		v.Terms = []station.TermCount{{Party: "alder", Person: "A. Alder", Since: asOf.AddDate(-3, 0, 0), Calls: 2, Meetings: 1}, {Party: "birch", Person: "王建国" + s.nasty(" <b>"), Since: asOf.AddDate(-8, 0, 0), Calls: 3, Meetings: 2}}
	}
	return v, ok
}

// Contact finds a contact by any request of it.
func (s *Station) Contact(_ context.Context, _ station.Officer, line, id string) (station.Contact, error) {
	s.Lock()
	defer s.Unlock()
	if _, err := s.line(line); err != nil {
		return station.Contact{}, err
	}
	for _, c := range s.Contacting {
		if c.Line == line && (c.ID == id || slices.ContainsFunc(c.Terms, func(o station.ContactOffer) bool { return o.ID == id })) {
			c.Arrange, c.Documents = s.arranging(), []station.PointDocument{chart}
			if c.ID == AskedOfUs {
				c.Stays = []station.TopicStays{{Topic: "Rescue corridor", Levels: []station.Stay{{Level: "minister", Entry: OurCounter, From: s.Now().Add(-3 * day), Until: s.Now().Add(-5 * time.Hour), Days: 2}, {Level: "leader", Entry: AskedOfUs, From: s.Now().Add(-5 * time.Hour)}}}}
			}
			return c, nil
		}
	}
	return station.Contact{}, parley.Errorf(parley.NotFound, "%s is no request for a contact", id)
}

// arrange notes an act of those who arrange contacts, and tells.
func (s *Station) arrange(name string, by station.Officer, line string, said ...any) (string, error) {
	s.Lock()
	defer s.Unlock()
	if err := s.Fail[name]; err != nil {
		return "", err
	}
	if !by.Holds(parley.Envoy) && !by.Holds(parley.Watch) {
		return "", parley.Errorf(parley.NotAllowed, "%s may not arrange contacts: it takes the office of envoy", by.Name)
	}
	if _, err := s.line(line); err != nil {
		return "", err
	}
	s.did("%s", strings.TrimSpace(name+" "+fmt.Sprintln(said...)))
	s.Tell("item", line, "")
	return "filed:9", nil
}

func termsSaid(in station.ContactTerms) string {
	out := fmt.Sprintf("%s %s %q", in.Level, in.Medium, in.Topics)
	for _, w := range in.Windows {
		out += " " + w.Start.UTC().Format(time.RFC3339) + "/" + w.End.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s %s %q %d", out, in.Zone, in.Text, len(in.Participants))
}

// CheckTerms refuses terms whose last window is past, and those without a level.
func (s *Station) CheckTerms(in station.ContactTerms) error {
	for i, w := range in.Windows {
		if !w.End.After(s.Now()) {
			return parley.Errorf(parley.BadForm, "window %d ended at %s: it lies in the past", i+1, w.End.UTC().Format("2006-01-02 15:04 UTC"))
		}
	}
	_, err := contact.ParseLevel(in.Level)
	return err
}

// AskContact notes it.
func (s *Station) AskContact(_ context.Context, by station.Officer, line string, in station.ContactTerms) (string, error) {
	return s.arrange("AskContact", by, line, termsSaid(in))
}

// OfferTerms notes it.
func (s *Station) OfferTerms(_ context.Context, by station.Officer, line, id string, in station.ContactTerms) (string, error) {
	return s.arrange("OfferTerms", by, line, id, termsSaid(in))
}

// ReplyContact notes it.
func (s *Station) ReplyContact(_ context.Context, by station.Officer, line, id string, in station.ContactReply) (string, error) {
	if in.Accept {
		return s.arrange("ReplyContact", by, line, id, "accept", in.Window, in.Zone, in.Start.UTC().Format(time.RFC3339))
	}
	if _, err := contact.ParseReason(in.Reason); err != nil {
		return "", err
	}
	return s.arrange("ReplyContact", by, line, id, in.Reason, in.Next.UTC().Format(time.RFC3339), in.Text)
}

// CallOffContact notes it.
func (s *Station) CallOffContact(_ context.Context, by station.Officer, line, id, reason, text string, _ time.Time) (string, error) {
	if _, err := contact.ParseReason(reason); err != nil {
		return "", err
	}
	return s.arrange("CallOffContact", by, line, id, reason, text)
}

// AddPoint notes it.
func (s *Station) AddPoint(_ context.Context, by station.Officer, line, id string, in station.PointText, before string) (string, error) {
	if in.Text == "" {
		return "", parley.Errorf(parley.BadForm, "a point that is proposed has a text")
	}
	return s.arrange("AddPoint", by, line, id, in.Kind, in.Text, in.Owner, in.Role, before, in.Entry, in.File)
}

// JudgePoint notes it.
func (s *Station) JudgePoint(_ context.Context, by station.Officer, line, id, point, step, text string) (string, error) {
	return s.arrange("JudgePoint", by, line, id, point, step, text)
}

// EnterContacts notes each row.
func (s *Station) EnterContacts(_ context.Context, by station.Officer, line, id string, rows []contact.Row) ([]string, error) {
	for _, r := range rows {
		if _, err := s.arrange("EnterContacts", by, line, id, r.Date, r.Level, r.Medium, r.Ours, r.Theirs, r.Minutes, r.Source, names(r.Participants)); err != nil {
			return nil, err
		}
	}
	return []string{"filed:9"}, nil
}

// names are those who took part, with their roles.
func names(ps []contact.Participant) string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Name+"="+p.Role.String())
	}
	return strings.Join(out, ", ")
}

// JudgeContacts notes it.
func (s *Station) JudgeContacts(_ context.Context, by station.Officer, line, id, step string, which []int, text string) (string, error) {
	if step == "dispute" && text == "" {
		return "", parley.Errorf(parley.BadForm, "who disputes says what is wrong")
	}
	return s.arrange("JudgeContacts", by, line, id, step, which, text)
}

// WriteContacts writes a line per row.
func (s *Station) WriteContacts(_ context.Context, line string, w io.Writer) error {
	s.Lock()
	defer s.Unlock()
	if _, err := s.line(line); err != nil {
		return err
	}
	for _, r := range s.Held {
		if _, err := fmt.Fprintf(w, "%s,%s,%s\n", r.Date, r.Level, r.Medium); err != nil {
			return err
		}
	}
	return nil
}

// Calendar has what is agreed.
func (s *Station) Calendar(_ context.Context, line, id string) (string, error) {
	s.Lock()
	defer s.Unlock()
	if err := s.Fail["Calendar"]; err != nil {
		return "", err
	}
	out := "BEGIN:VCALENDAR\r\n"
	for _, c := range s.Contacting {
		if c.Agreed != "" && (id == "" || c.ID == id) {
			out += "UID:" + c.ID + "\r\n"
		}
	}
	if id != "" && !strings.Contains(out, "UID:") {
		return "", parley.Errorf(parley.NotFound, "nothing was agreed of the contact %s", id).WithHint("a calendar is told of what was accepted")
	}
	return out + "END:VCALENDAR\r\n", nil
}
