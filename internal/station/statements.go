package station

import (
	"context"
	"slices"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/said"
	"parley/internal/said/compare"
)

// PublicStatement is something that was said in public of a topic.
type PublicStatement struct {
	ID      string        `json:"id"`
	Contact string        `json:"contact,omitempty"`
	By      []string      `json:"by"`
	Ours    bool          `json:"ours"`  // our side, alone or with others
	Kind    string        `json:"kind"`  // "readout", "correction", "joint", "announcement", "clarification"
	At      time.Time     `json:"at"`    // of a clarification the day on which it is said to have been said
	Texts   []LitText     `json:"texts"` // lit: what the statement before does not have
	Where   string        `json:"where,omitempty"`
	Early   bool          `json:"early,omitempty"`    // before the end of an embargo that its writer knew
	Crossed bool          `json:"crossed,omitempty"`  // before the end of one that its writer did not know
	Alone   bool          `json:"unsigned,omitempty"` // called joint by its publisher alone
	Before  string        `json:"before,omitempty"`   // the statement that it is laid beside
	Was     []LitText     `json:"was,omitempty"`      // its texts; lit: what is not there any more
	Answers []TopicAnswer `json:"answers,omitempty"`  // whether it is to be taken as said
	Waits   []string      `json:"waits,omitempty"`    // who has not answered that
}

// LitText is a text in one language, cut where lit words begin and end. A language
// that the record does not name is empty.
type LitText struct {
	Language string    `json:"language,omitempty"`
	Parts    []LitPart `json:"parts"`
	Lit      int       `json:"lit"` // how many parts are
}

// LitPart is a part of a text.
type LitPart struct {
	Text string `json:"text"`
	Lit  bool   `json:"lit,omitempty"`
}

// TopicHistory returns what each side has said in public of a topic, the oldest
// first, with the words lit that changed from one statement of a side to its next;
// of very many (200) the newest.
// What of the other side an officer sees for the first time is in the audit; it
// sends nothing.
func (s *Station) TopicHistory(_ context.Context, by Officer, name, topic string) ([]PublicStatement, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	told, contacts, err := l.saidBook()
	if err != nil {
		return nil, err
	}
	for _, t := range contacts.Topics { // as it is shown, so it may be asked for
		if form.Visible(t.Name) == topic {
			topic = t.Name
		}
	}
	list := s.kept.History(topic, told, contacts)
	out := make([]PublicStatement, 0, len(list))
	var seen []*contact.Entry
	for i := range list {
		out = append(out, l.publicView(list, i))
		seen = append(seen, list[i].Entry)
	}
	return out, s.readAll(l, by, seen)
}

func (l *liveLine) publicView(list []compare.Public, i int) PublicStatement {
	p := &list[i]
	v := PublicStatement{ID: p.Ref.String(), By: codeList(p.By), Ours: slices.Contains(p.By, l.us), Kind: string(p.Manner), At: p.At, Where: form.Visible(p.Where), Early: p.Early, Crossed: p.Crossed, Alone: p.Alone}
	if p.Contact != (parley.Ref{}) {
		v.Contact = p.Contact.String()
	}
	for _, t := range p.Texts {
		v.Texts = append(v.Texts, litText(t, nil))
	}
	if a := p.Asked; a != nil {
		v.Waits = codeList(a.Open())
		for _, q := range l.rules().Parties() {
			if e := a.Answers[q]; e != nil {
				f := e.Form.(*contact.Answer)
				v.Answers = append(v.Answers, TopicAnswer{e.Ref.String(), string(q), f.Outcome.String(), form.Visible(f.Text), e.Time})
			}
		}
	}
	if p.Before < 0 {
		return v
	}
	old := &list[p.Before]
	v.Before = old.Ref.String()
	for _, c := range p.Changes {
		v.Was = append(v.Was, litText(said.Said{Lang: c.Lang, Text: old.Text(c.Lang)}, c.Was))
		for j, t := range p.Texts {
			if t.Lang == c.Lang {
				v.Texts[j] = litText(t, c.Now)
			}
		}
	}
	return v
}

// litText cuts a text where lit words begin and end, and only then makes what is
// hidden in it visible.
func litText(t said.Said, spans []compare.Span) LitText {
	out := LitText{Language: form.Visible(t.Lang), Lit: len(spans)}
	at := 0
	add := func(to int, lit bool) {
		if to > at {
			out.Parts = append(out.Parts, LitPart{form.Visible(t.Text[at:to]), lit})
			at = to
		}
	}
	for _, s := range spans {
		add(s.From, false)
		add(s.To, true)
	}
	add(len(t.Text), false)
	return out
}
