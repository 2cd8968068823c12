package stage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/control"
	"parley/internal/station"
)

// arrange lets the envoys arrange a call: asked for, countered, accepted; what is
// said of it beforehand agreed; in both calendars.
func (y *Story) arrange(ctx context.Context) (string, error) {
	a, b, line := y.d.Alder, y.d.Birch, y.d.Line()
	terms := station.ContactTerms{Level: "leader", Medium: "voice", Topics: []string{"Passage through the strait", toldOf}, Zone: "Europe/Lisbon", Languages: []string{"en", "zh"},
		Interpreting: "simultaneous", Interpreters: "each side brings its own", Recording: "notes", Minutes: 45, AnswerBy: time.Now().Add(12 * time.Hour).UTC()}
	tomorrow := time.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour)
	terms.Windows = []station.ContactWindow{{Start: tomorrow, End: tomorrow.Add(2 * time.Hour)}}
	if _, err := a.as(a.Envoy).Arrange(ctx, "ask", control.ContactAct{Line: line, Terms: &terms}); err != nil {
		return "", err
	}
	began := time.Now()
	asked, err := b.contact(ctx, "Birch has the request", func(c *station.Contact) bool { return len(c.Terms) == 1 && c.Terms[0].Asked })
	if err != nil {
		return "", err
	}
	terms.Zone, terms.Windows = "Asia/Shanghai", []station.ContactWindow{{Start: tomorrow.Add(6 * time.Hour), End: tomorrow.Add(8 * time.Hour)}}
	if _, err := b.as(b.Envoy).Arrange(ctx, "ask", control.ContactAct{Line: line, ID: asked.ID, Terms: &terms}); err != nil {
		return "", err
	}
	countered, err := a.contact(ctx, "Alder has the counter-offer", func(c *station.Contact) bool { return len(c.Terms) == 2 && c.Terms[1].Asked })
	if err != nil {
		return "", err
	}
	if _, err := a.as(a.Envoy).Arrange(ctx, "reply", control.ContactAct{Line: line, ID: countered.Terms[1].ID, Reply: &station.ContactReply{Accept: true, Window: 1, Zone: "Europe/Lisbon"}}); err != nil {
		return "", err
	}
	agreed, err := b.contact(ctx, "Birch knows that it is agreed", func(c *station.Contact) bool { return c.State == contact.Agreed })
	if err != nil {
		return "", err
	}
	took := time.Since(began)
	y.planned = agreed.ID
	said, err := y.announce(ctx, agreed.ID)
	if err != nil {
		return "", err
	}
	start := agreed.Start.Format("20060102T150405Z")
	for _, s := range y.d.Sides() {
		cal, err := s.client.Calendar(ctx, line, "")
		if err != nil {
			return "", err
		}
		if !strings.Contains(string(cal), "DTSTART:"+start) || !strings.Contains(string(cal), "STATUS:CONFIRMED") {
			return "", parley.Errorf(parley.Internal, "the call is not in the calendar of %s:\n%s", s.Name, cal)
		}
	}
	return fmt.Sprintf("asked by Alder, countered by Birch, accepted by Alder in %s; %s in both calendars; both will say: %q", seconds(took), agreed.Start.Format("2 January 1504Z"), said), nil
}

// announce has Birch's envoy propose what is said in public beforehand, and
// Alder's agree.
func (y *Story) announce(ctx context.Context, id string) (string, error) {
	a, b, line := y.d.Alder, y.d.Birch, y.d.Line()
	words := "The leaders will speak tomorrow."
	if _, err := b.as(b.Envoy).Arrange(ctx, "point", control.ContactAct{Line: line, ID: id, Point: &station.PointText{Kind: "announcement", Text: words}}); err != nil {
		return "", err
	}
	c, err := a.contact(ctx, "Alder has the announcement", func(c *station.Contact) bool { return len(c.Points) == 1 })
	if err != nil {
		return "", err
	}
	if _, err := a.as(a.Envoy).Arrange(ctx, "point", control.ContactAct{Line: line, ID: id, Before: c.Points[0].ID, Step: "agree"}); err != nil {
		return "", err
	}
	c, err = b.contact(ctx, "the announcement is agreed", func(c *station.Contact) bool { return len(c.Points) == 1 && c.Points[0].State == "agreed" })
	if err != nil {
		return "", err
	}
	return c.Points[0].Text, nil
}

// contact waits until the newest contact of the line is as it should be.
func (s *Side) contact(ctx context.Context, what string, is func(*station.Contact) bool) (c station.Contact, err error) {
	_, err = await(ctx, 20*time.Second, what, func() (bool, error) {
		b, err := s.client.Contacts(ctx, s.demo.Line(), time.Time{})
		if err != nil || len(b.Contacts) == 0 {
			return false, err
		}
		c = b.Contacts[0]
		return is(&c), nil
	})
	return c, err
}
