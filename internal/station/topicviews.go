package station

import (
	"context"
	"slices"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
)

// Topic is what was said of one topic.
type Topic struct {
	Name     string     `json:"name"`
	Raised   time.Time  `json:"raised"`
	RaisedBy string     `json:"raised_by"`
	Stances  []Stance   `json:"stances,omitempty"` // newest of each side first, then earlier ones
	Asks     []TopicAsk `json:"asks,omitempty"`
	Contacts []string   `json:"contacts,omitempty"` // that name it
	Open     int        `json:"open"`               // asks that wait for an answer
	Levels   []Stay     `json:"levels,omitempty"`   // from the lowest at which it was to be spoken of
}

// Stay is how long a topic has been at a level.
type Stay struct {
	Level string    `json:"level"`
	Entry string    `json:"entry"` // the first request there that names it
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // the first at a higher level
	Days  int       `json:"days"`
}

// Stance is where a side stands.
type Stance struct {
	ID       string    `json:"id"`
	By       string    `json:"by"`
	Stand    string    `json:"stand"`
	Position string    `json:"position,omitempty"`
	Release  string    `json:"release,omitempty"`
	At       time.Time `json:"at"`
	Now      bool      `json:"now"` // its newest
}

// TopicAsk is a demand, a question or a clarification with its answers.
type TopicAsk struct {
	ID      string        `json:"id"`
	Sort    string        `json:"sort"`
	By      string        `json:"by"`
	Ours    bool          `json:"ours"`
	Text    string        `json:"text"`
	Quote   string        `json:"quote,omitempty"`
	Source  string        `json:"source,omitempty"`
	Said    string        `json:"said,omitempty"`
	At      time.Time     `json:"at"`
	Due     time.Time     `json:"answer_by,omitzero"`
	Waits   []string      `json:"waits,omitempty"` // who has not answered
	Asked   bool          `json:"asked,omitempty"` // it waits for our answer
	Days    int           `json:"days"`            // since it was put
	Answers []TopicAnswer `json:"answers,omitempty"`
}

// TopicAnswer is a side's newest answer.
type TopicAnswer struct {
	ID      string    `json:"id"`
	By      string    `json:"by"`
	Outcome string    `json:"outcome"`
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at"`
}

// Topics returns the topics of a line, by name: who takes what stand, what was asked
// and what waits, without the words.
func (s *Station) Topics(_ context.Context, name string) ([]Topic, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	b, err := l.book()
	if err != nil {
		return nil, err
	}
	out := []Topic{}
	for _, t := range b.Topics {
		out = append(out, unsaid(l.topicView(b, t, s.now())))
	}
	return out, nil
}

// unsaid leaves out of a topic what is read on its own page alone, where that is
// audited.
func unsaid(t Topic) Topic {
	for i := range t.Stances {
		t.Stances[i].Position = ""
	}
	for i := range t.Asks {
		a := &t.Asks[i]
		a.Text, a.Quote = "", ""
		for j := range a.Answers {
			a.Answers[j].Text = ""
		}
	}
	return t
}

// Topic returns one topic with what was said of it; NotFound where nothing was.
// What of the other side an officer sees for the first time is in the audit; it
// sends nothing.
func (s *Station) Topic(_ context.Context, by Officer, name, topic string) (Topic, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return Topic{}, err
	}
	b, err := l.book()
	if err != nil {
		return Topic{}, err
	}
	for _, t := range b.Topics {
		if t.Name == topic || form.Visible(t.Name) == topic {
			return l.topicView(b, t, s.now()), s.readAll(l, by, wordsOfTopic(t))
		}
	}
	return Topic{}, parley.Errorf(parley.NotFound, "nothing was said of the topic %q on this line", form.Visible(topic)).WithHint("list them: parley topic list")
}

// wordsOfTopic is what of a topic people write for people to read.
func wordsOfTopic(t *contact.Topic) []*contact.Entry {
	out := slices.Clone(t.Stances)
	for _, a := range t.Asks {
		out = append(out, a.Entry)
		for _, e := range a.Answers {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b *contact.Entry) int { return a.Time.Compare(b.Time) })
	return out
}

func (l *liveLine) topicView(b *contact.Book, t *contact.Topic, now time.Time) Topic {
	v := Topic{Name: form.Visible(t.Name), Raised: t.Raised.Time, RaisedBy: string(t.Raised.Party)}
	for _, e := range slices.Backward(t.Stances) {
		f := e.Form.(*contact.Stance)
		v.Stances = append(v.Stances, Stance{e.Ref.String(), string(e.Party), f.Stand.String(), form.Visible(f.Position), form.Visible(f.Release), e.Time, t.Stance(e.Party) == e})
	}
	slices.SortStableFunc(v.Stances, func(a, b Stance) int {
		return map[bool]int{true: 0, false: 1}[a.Now] - map[bool]int{true: 0, false: 1}[b.Now]
	})
	for _, a := range t.Asks {
		x := TopicAsk{ID: a.Ref.String(), Sort: a.Ask.Sort.String(), By: string(a.Party), Ours: a.Party == l.us, Text: form.Visible(a.Ask.Text), Quote: form.Visible(a.Ask.Quote), Source: form.Visible(a.Ask.Source), Said: a.Ask.Said,
			At: a.Time, Due: timeOrZero(a.Ask.By), Waits: codeList(a.Open()), Asked: slices.Contains(a.Open(), l.us), Days: a.Days(now)}
		for _, p := range l.rules().Parties() {
			if e := a.Answers[p]; e != nil {
				f := e.Form.(*contact.Answer)
				x.Answers = append(x.Answers, TopicAnswer{e.Ref.String(), string(p), f.Outcome.String(), form.Visible(f.Text), e.Time})
			}
		}
		if len(x.Waits) > 0 {
			v.Open++
		}
		v.Asks = append(v.Asks, x)
	}
	v.Levels = staysOf(t, now)
	for _, c := range b.Contacts {
		if slices.ContainsFunc(c.Terms, func(o *contact.Terms) bool { return slices.Contains(o.Request.Topics, t.Name) }) {
			v.Contacts = append(v.Contacts, c.Ref().String())
		}
	}
	return v
}

// staysOf says how long a topic has been at each level.
func staysOf(t *contact.Topic, now time.Time) (out []Stay) {
	for _, x := range t.Levels {
		until := x.Until
		if until.IsZero() {
			until = now
		}
		out = append(out, Stay{x.Level.String(), x.From.Ref.String(), x.From.Time, x.Until, int(until.Sub(x.From.Time).Hours() / 24)})
	}
	return out
}
