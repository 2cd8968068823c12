package api_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/station"
	"parley/internal/station/stationtest"
)

// arrange asks for contacts, answers those that Birch asks for, plans one, and
// enters what took place.
func (g *ground) arrange(is tokens) {
	t, on := g.t, "/lines/"+g.line
	ctx := context.Background()
	at := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Minute)
	terms := station.ContactTerms{Level: "minister", Medium: "video", Topics: []string{"Strait"}, Windows: []station.ContactWindow{{Start: at, End: at.Add(time.Hour)}}}
	g.refused(is.watch, on+"/contacts", terms, "may not ask for a contact at the level minister")
	bad := terms
	bad.Level = "king"
	g.ask(is.envoy, "POST", on+"/contacts", bad, 400)
	g.ask(is.envoy, "POST", on+"/contacts", terms, 200)
	var b station.ContactBook
	newest := func(what string, is_ func(c station.Contact) bool) (c station.Contact) {
		stationtest.Eventually(t, 20*time.Second, what, func() bool {
			b = station.ContactBook{}
			g.ask(is.envoy, "GET", on+"/contacts", nil, 200).read(t, &b)
			for _, x := range b.Contacts {
				if is_(x) {
					c = x
					return true
				}
			}
			return false
		})
		return c
	}
	ours := newest("the request is on the record", func(c station.Contact) bool { return c.Ours && c.State == contact.Asked })
	g.ask(is.envoy, "POST", on+"/contacts/"+ours.ID+"/terms", terms, 200)
	g.ask(is.envoy, "POST", on+"/contacts/"+ours.ID+"/calloff", dict{"reason": "overtaken"}, 200)
	g.ask(is.envoy, "POST", on+"/contacts/"+ours.ID+"/calloff", dict{"reason": "whim"}, 400)

	terms.Level = "leader"
	if _, err := g.birch.St.AskContact(ctx, g.birch.Envoy, g.line, terms); err != nil {
		t.Fatal(err)
	}
	theirs := newest("Birch's request is here", func(c station.Contact) bool { return !c.Ours })
	g.refused(is.watch, on+"/contacts/"+theirs.ID+"/reply", station.ContactReply{Accept: true, Window: 1}, "may not accept a contact at the level leader")
	g.ask(is.envoy, "POST", on+"/contacts/"+theirs.ID+"/reply", station.ContactReply{Accept: true, Window: 1}, 200)
	newest("it is agreed", func(c station.Contact) bool { return c.ID == theirs.ID && c.State == contact.Agreed })
	g.ask(is.watch, "POST", on+"/contacts/"+theirs.ID+"/points", dict{"kind": "agenda", "text": "The corridor"}, 200)
	planned := newest("the point is there", func(c station.Contact) bool { return c.ID == theirs.ID && len(c.Points) == 1 })
	g.ask(is.watch, "POST", on+"/contacts/"+theirs.ID+"/points/"+planned.Points[0].ID, dict{"step": "done"}, 200)
	g.ask(is.watch, "POST", on+"/contacts/"+theirs.ID+"/points/"+planned.Points[0].ID, dict{"step": "forget"}, 400)
	var one station.Contact
	g.ask(is.watch, "GET", on+"/contacts/"+theirs.ID, nil, 200).read(t, &one)

	g.ask(is.envoy, "POST", on+"/register", dict{"rows": []dict{{"date": "2024-04-02", "level": "leader", "medium": "voice", "ours": "A", "theirs": "B", "source": "a newspaper"}}}, 200)
	g.ask(is.envoy, "POST", on+"/register", dict{"rows": []dict{{"date": "2024-04-31", "level": "leader", "medium": "voice", "ours": "A", "theirs": "B", "source": "a newspaper"}}}, 400)
	newest("the row is there", func(station.Contact) bool { return len(b.Rows) == 1 })
	g.ask(is.envoy, "POST", on+"/register/"+b.Rows[0].ID, dict{"step": "confirm"}, 400) // our own
	g.ask(is.envoy, "POST", on+"/register/"+b.Rows[0].ID, dict{"step": "take-back"}, 200)
	g.ask(is.envoy, "GET", on+"/contacts?as_of=2024-01-01", nil, 200)
	g.ask(is.envoy, "GET", on+"/contacts?as_of=yesterday", nil, 400)

	g.ask(is.envoy, "POST", on+"/stances", dict{"topic": "Strait", "stand": "contested", "position": "Free passage"}, 200)
	g.ask(is.envoy, "POST", on+"/asks", station.AskText{Sort: "question", Topic: "Strait", Text: "Who guards it?"}, 200)
	if _, err := g.birch.St.PutAsk(ctx, g.birch.Envoy, g.line, station.AskText{Sort: "demand", Topic: "Strait", Text: "Withdraw"}); err != nil {
		t.Fatal(err)
	}
	var ask string
	stationtest.Eventually(t, 20*time.Second, "Birch's demand is here", func() bool {
		var topics []station.Topic
		g.ask(is.watch, "GET", on+"/topics", nil, 200).read(t, &topics)
		for _, x := range topics {
			for _, a := range x.Asks {
				if a.Asked {
					ask = a.ID
				}
			}
		}
		return ask != ""
	})
	g.ask(is.envoy, "POST", on+"/asks/"+ask, dict{"outcome": "reserved"}, 200)
	var topic station.Topic
	g.ask(is.watch, "GET", on+"/topic?name=Strait", nil, 200).read(t, &topic)
	if len(topic.Asks) != 2 || topic.Asks[0].Text == "" || topic.Asks[1].Text == "" {
		t.Errorf("the topic is %+v", topic)
	}
	g.ask(is.watch, "GET", on+"/topic?name=Nothing", nil, 404)
	g.ask(is.envoy, "POST", on+"/asks", station.AskText{Sort: "clarification", Topic: "Lane", Text: "Is it meant?", Quote: "The lane is closed", Source: "a newspaper", Said: "2026-11-20"}, 200)
	var history []station.PublicStatement
	g.ask(is.watch, "GET", on+"/topic/history?name=Lane", nil, 200).read(t, &history)
	if len(history) != 1 || history[0].Kind != "clarification" || history[0].Ours || history[0].Texts[0].Parts[0].Text != "The lane is closed" || history[0].At.Day() != 20 {
		t.Errorf("the history of the topic is %+v", history)
	}
	g.feeds(is.envoy, is.watch)
}

// feeds makes a calendar address, which is shown once, lists it, and ends it.
func (g *ground) feeds(envoy, watch string) {
	g.t.Helper()
	g.ask(envoy, "POST", "/calendars", dict{"name": ""}, 400)
	g.ask(envoy, "POST", "/calendars", dict{"name": "wall"}, 501, "Idempotency-Key", "f1") // what it answers is not kept
	var made struct {
		ID   int64  `json:"id"`
		Path string `json:"path"`
	}
	g.ask(envoy, "POST", "/calendars", dict{"name": "wall"}, 200).read(g.t, &made)
	secret := strings.TrimSuffix(strings.TrimPrefix(made.Path, "/calendar/"), "/contacts.ics")
	cal, err := g.alder.St.UseFeed(context.Background(), secret)
	if err != nil || !strings.Contains(cal, "BEGIN:VCALENDAR") {
		g.t.Errorf("the address gives %q, %v", cal, err)
	}
	var list []station.Feed
	g.ask(envoy, "GET", "/calendars", nil, 200).read(g.t, &list)
	if len(list) != 1 || list[0].Name != "wall" || list[0].ID != made.ID {
		g.t.Errorf("the addresses are %+v", list)
	}
	g.ask(watch, "POST", fmt.Sprint("/calendars/", made.ID, "/remove"), dict{}, 404) // another officer's
	g.ask(envoy, "POST", fmt.Sprint("/calendars/", made.ID, "/remove"), dict{}, 204)
	if _, err := g.alder.St.UseFeed(context.Background(), secret); parley.KindOf(err) != parley.NotFound {
		g.t.Errorf("an address that has ended: %v", err)
	}
}
