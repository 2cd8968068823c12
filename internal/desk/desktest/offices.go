package desktest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parley"
	"parley/internal/station"
)

// incumbentItem is a change of incumbent as it will be signed; the caller holds
// the lock.
func (s *Station) incumbentItem(d *station.Draft) (station.Item, error) {
	x := d.Incumbent
	if x == nil || x.Person == "" {
		return station.Item{}, parley.Errorf(parley.BadForm, "the name is empty")
	}
	if x.Address == "" {
		return station.Item{}, parley.Errorf(parley.BadForm, "the form of address is empty")
	}
	it := station.Item{Line: d.Line, Party: "alder", Ours: true, Known: true, Form: d.Form, Series: "traffic", FromText: "alder/" + d.From, To: []string{"birch/watch"}, PrecedenceText: d.Precedence}
	for _, f := range [][2]string{{"office", x.Office}, {"name", x.Person}, {"form of address", x.Address}, {"hours", x.Hours}, {"deputy", x.Deputy}} {
		if f[1] != "" {
			it.Fields = append(it.Fields, station.Field{Name: f[0], Value: f[1]})
		}
	}
	return it, nil
}

// Directory has an envoy of theirs who took over lately, and one who comes.
func (s *Station) Directory(_ context.Context, line string) (station.Directory, error) {
	s.Lock()
	defer s.Unlock()
	l, err := s.line(line)
	if err != nil {
		return station.Directory{}, err
	}
	now := s.Now()
	d := station.Directory{Line: l.Key, Tests: l.Tests, Next: now.Add(3 * time.Hour)}
	for _, p := range append([]station.Party{l.Us}, l.Them...) {
		side := station.SideView{Party: p}
		for _, o := range l.Offices {
			side.Offices = append(side.Offices, officeView(p, o, now))
		}
		d.Sides = append(d.Sides, side)
	}
	return d, nil
}

// Incumbents are those of the directory.
func (s *Station) Incumbents(ctx context.Context, line string) ([]station.SideView, error) {
	d, err := s.Directory(ctx, line)
	return d.Sides, err
}

func officeView(p station.Party, o parley.Office, now time.Time) station.OfficeView {
	v := station.OfficeView{Office: o, Due: !p.Us && (o == parley.Archivist || o == parley.Principal)}
	if o == parley.Archivist {
		v.Asked, v.Calls = now.Add(-2*time.Minute), 1
	}
	day := 24 * time.Hour
	switch {
	case p.Us && o == parley.Envoy:
		v.Now = &station.Term{Entry: ourGen + ":12", Person: "A. Okafor", Address: "Ambassador", From: now.Add(-400 * day), Said: now.Add(-401 * day), Languages: []string{"en", "fr"}, Hours: "Mon-Fri 0800-1700Z", Deputy: "B. Vega"}
		v.Next = []station.Term{{Entry: ourGen + ":41", Person: "C. Hale <b>", Address: "Your Excellency", From: now.Add(12 * day)}}
		v.Heard = now.Add(-44 * time.Minute)
	case o == parley.Envoy:
		v.Now = &station.Term{Entry: theirGen + ":30", Person: "吴敏", Address: "大使阁下", From: now.Add(-9 * day), Until: now.Add(700 * day), Said: now.Add(-10 * day), Languages: []string{"zh", "en"}, Hours: "每日 0000-1000Z"}
		v.Former = []station.Term{{Entry: oldGen + ":7", Person: "李伟", Address: "大使先生", From: now.Add(-800 * day), Lapsed: now.Add(-9 * day)}}
		v.Heard, v.Asked, v.Answered, v.Took, v.Calls, v.Answers = now.Add(-122*time.Second), now.Add(-30*time.Hour), now.Add(-30*time.Hour+4*time.Minute), 4*time.Minute, 4, 3
	case o == parley.Watch:
		v.Heard = now.Add(-6 * time.Minute)
	}
	return v
}

// Ping notes it; the archivist has been asked just now.
func (s *Station) Ping(_ context.Context, by station.Officer, line string, to parley.Address) (string, error) {
	s.Lock()
	defer s.Unlock()
	if _, err := s.line(line); err != nil {
		return "", err
	}
	if to.Office == parley.Archivist {
		return "", parley.Errorf(parley.Conflict, "a check call to this office waits for its answer since 2 min: nothing was sent")
	}
	s.did("Ping %s", to)
	s.audit(by, "check call", to.String(), "")
	return "filed:40", nil
}

// Brief gathers what the items show.
func (s *Station) Brief(ctx context.Context, by station.Officer, line string) (station.Brief, error) {
	dir, err := s.Directory(ctx, line)
	if err != nil {
		return station.Brief{}, err
	}
	ch, err := s.Charter(ctx, line)
	if err != nil {
		return station.Brief{}, err
	}
	modes, err := s.Modes(ctx, line)
	if err != nil {
		return station.Brief{}, err
	}
	s.Lock()
	defer s.Unlock()
	b := station.Brief{At: s.Now(), Directory: dir, Charter: ch, Looked: len(s.Items), Whole: true}
	b.Modes = slices.DeleteFunc(modes, func(m station.Mode) bool { return m.State != "on" && m.State != "waiting" })
	for _, it := range s.Items {
		if it.Line != dir.Line || it.Exercise != "" || len(it.Ladder) == 0 {
			continue
		}
		v := *it
		v.Text = ""
		asks := it.Marker == parley.Question || it.Marker == parley.Request
		switch {
		case asks && it.Ours:
			b.Ours = append(b.Ours, v)
		case asks:
			b.Theirs = append(b.Theirs, v)
		}
		if it.Overdue || it.NotDelivered {
			b.Overdue = append(b.Overdue, v)
		}
		if it.Ours {
			b.Last.Sent = &v
		} else {
			b.Last.Received = &v
		}
	}
	b.Last.OurCall, b.Last.TheyAnswer, b.Last.Test = s.Now().Add(-30*time.Hour), s.Now().Add(-29*time.Hour), dir.Tests.Last
	s.audit(by, "transition brief", dir.Line, "")
	s.did("Brief")
	return b, nil
}

// Modes has an exercise on Cedar, one that Birch asks for, and a drill that is
// over. What BeginMode begins waits.
func (s *Station) Modes(_ context.Context, line string) ([]station.Mode, error) {
	s.Lock()
	defer s.Unlock()
	l, err := s.line(line)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	list := slices.Clone(s.Begun[l.Key])
	if l.Key == Cedar {
		return append(list, station.Mode{Entry: "77aa66bb55cc44dd:3", Title: "QUIET HARBOUR", By: "cedar", Begun: now.Add(-2 * time.Hour), Until: now.Add(2 * time.Hour), Agreed: []string{"alder"}, State: "on"}), nil
	}
	asked := station.Mode{Entry: theirGen + ":43", Title: "AUTUMN GALE", By: "birch", Begun: now.Add(-9 * time.Minute), Until: now.Add(4 * time.Hour), Missing: []string{"alder"}, Asked: true, State: "waiting"}
	if s.Agreed {
		asked.Missing, asked.Agreed, asked.Asked, asked.State = nil, []string{"alder"}, false, "on"
	}
	return append(list, asked,
		station.Mode{Entry: ourGen + ":50", Title: "ONE CABLE", Path: "TLS", By: "alder", Ours: true, Begun: now.Add(-50 * time.Hour), Until: now.Add(-49 * time.Hour), Agreed: []string{"birch"}, State: "over"},
		station.Mode{Entry: ourGen + ":44", Title: "SPRING TIDE", By: "alder", Ours: true, Begun: now.Add(-80 * time.Hour), Until: now.Add(-70 * time.Hour), EndedBy: "birch", Ended: now.Add(-79 * time.Hour), State: "ended"}), nil
}

// BeginMode begins one, once.
func (s *Station) BeginMode(_ context.Context, by station.Officer, line, title, path string, until time.Time) (string, error) {
	s.Lock()
	defer s.Unlock()
	l, err := s.line(line)
	if err != nil {
		return "", err
	}
	if title == "" {
		return "", parley.Errorf(parley.BadForm, "the name of the exercise is empty")
	}
	for _, m := range s.Begun[l.Key] {
		if m.Path == path {
			return "", parley.Errorf(parley.Conflict, "%s is on or asked for already", m.Title).WithHint("end it first")
		}
	}
	m := station.Mode{Entry: fmt.Sprintf("filed:%d", 50+len(s.Begun[l.Key])), Title: title, Path: path, By: "alder", Ours: true, Begun: s.Now(), Until: until, State: "waiting"}
	for _, p := range l.Them {
		m.Missing = append(m.Missing, string(p.Code))
	}
	s.Begun[l.Key] = append(s.Begun[l.Key], m)
	s.did("BeginMode %s %s %s", title, path, until.Sub(s.Now()))
	s.audit(by, "exercise begin", l.Key, title)
	return m.Entry, nil
}

// Exercise agrees to Birch's or ends any.
func (s *Station) Exercise(_ context.Context, by station.Officer, line, phase, about, _ string, _ time.Time) (string, error) {
	s.Lock()
	defer s.Unlock()
	if _, err := s.line(line); err != nil {
		return "", err
	}
	if phase == "agree" && s.Agreed {
		return "", parley.Errorf(parley.Conflict, "our side has agreed to AUTUMN GALE already")
	}
	s.Agreed = s.Agreed || phase == "agree"
	s.did("Exercise %s %s", phase, about)
	s.audit(by, "exercise "+phase, about, "")
	return "filed:60", nil
}
