package desktest

import (
	"context"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/station"
)

// AskToUs is a question of Birch that waits for our answer.
const AskToUs = theirGen + ":66"

// Topics are two topics with Birch, without what was said of them.
func (s *Station) Topics(ctx context.Context, line string) ([]station.Topic, error) {
	list, err := s.said(ctx, line)
	for i := range list {
		for j := range list[i].Stances {
			list[i].Stances[j].Position = ""
		}
		for j := range list[i].Asks {
			list[i].Asks[j].Text, list[i].Asks[j].Quote, list[i].Asks[j].Answers = "", "", nil
		}
	}
	return list, err
}

// Topic is one of them, and notes who read it.
func (s *Station) Topic(ctx context.Context, by station.Officer, line, name string) (station.Topic, error) {
	list, err := s.said(ctx, line)
	if err != nil {
		return station.Topic{}, err
	}
	for _, t := range list {
		if t.Name == name {
			_, err := s.arrange("Topic", by, line, name)
			return t, err
		}
	}
	return station.Topic{}, parley.Errorf(parley.NotFound, "nothing was said of the topic %q on this line", name)
}

// said is what was said of two topics with Birch.
func (s *Station) said(_ context.Context, line string) ([]station.Topic, error) {
	s.Lock()
	defer s.Unlock()
	l, err := s.line(line)
	if err != nil || l.Key != Birch {
		return nil, err
	}
	now := s.Now()
	return []station.Topic{
		{Name: "Barges", Raised: now.Add(-30 * time.Hour), RaisedBy: "alder", Contacts: []string{Unanswered}, Levels: []station.Stay{{Level: "working", Entry: Unanswered, From: now.Add(-30 * time.Hour), Days: 1}}},
		{Name: "Rescue corridor", Raised: now.Add(-400 * day), RaisedBy: "birch", Open: 2, Contacts: []string{AskedOfUs, OurCounter},
			Stances: []station.Stance{{ID: ourGen + ":80", By: "alder", Stand: "cooperate", Position: "Open at all hours" + s.nasty(" <b>") + ".", Release: "both sides", At: now.Add(-20 * day), Now: true},
				{ID: theirGen + ":80", By: "birch", Stand: "contested", Position: "需重新测量。" + s.nasty("\u202e"), At: now.Add(-10 * day), Now: true}, {ID: theirGen + ":50", By: "birch", Stand: "not-open", At: now.Add(-300 * day)}},
			Levels: []station.Stay{{Level: "minister", Entry: OurCounter, From: now.Add(-3 * day), Until: now.Add(-5 * time.Hour), Days: 2}, {Level: "leader", Entry: AskedOfUs, From: now.Add(-5 * time.Hour)}},
			Asks: []station.TopicAsk{{ID: ourGen + ":81", Sort: "clarification", By: "alder", Ours: true, Text: "Is this to be taken as said?", Quote: "通道将关闭", Source: "新华社", Said: "2026-11-01", At: now.Add(-9 * day), Waits: []string{"birch"}, Days: 9, Due: now.Add(-2 * day)},
				{ID: AskToUs, Sort: "question", By: "birch", Text: "谁负责测量？" + s.nasty("<script>"), At: now.Add(-4 * day), Waits: []string{"alder"}, Asked: true, Days: 4},
				{ID: ourGen + ":82", Sort: "demand", By: "alder", Ours: true, Text: "Mark the buoys", At: now.Add(-40 * day), Days: 40, Answers: []station.TopicAnswer{{ID: theirGen + ":82", By: "birch", Outcome: "reserved", Text: "待研究", At: now.Add(-38 * day)}}}}},
	}, nil
}

// TakeStance notes it.
func (s *Station) TakeStance(_ context.Context, by station.Officer, line, topic, stand, position, release string) (string, error) {
	if _, err := contact.ParseStand(stand); err != nil {
		return "", err
	}
	return s.arrange("TakeStance", by, line, topic, stand, position, release)
}

// PutAsk notes it.
func (s *Station) PutAsk(_ context.Context, by station.Officer, line string, in station.AskText) (string, error) {
	if in.Sort == "clarification" && in.Quote == "" {
		return "", parley.Errorf(parley.BadForm, "a clarification, and it alone, quotes a statement with its source and date")
	}
	return s.arrange("PutAsk", by, line, in.Sort, in.Topic, in.Text, in.Quote, in.Source, in.Said)
}

// AnswerAsk notes it.
func (s *Station) AnswerAsk(_ context.Context, by station.Officer, line, id, outcome, text string) (string, error) {
	if _, err := contact.ParseOutcome(outcome); err != nil {
		return "", err
	}
	return s.arrange("AnswerAsk", by, line, id, outcome, text)
}
