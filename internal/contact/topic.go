package contact

import (
	"cmp"
	"slices"
	"time"

	"parley"
)

// A Topic is what was said of it, across contacts and levels.
type Topic struct {
	Name    string
	Stances []*Entry // every one, oldest first
	Asks    []*Asking
	Raised  *Entry // the first entry that names it
	Levels  []Stay // at which contacts were asked for that name it, from the lowest
}

// Stay is how long a topic has been at a level: from the first request there that
// names it, until the first at a higher one.
type Stay struct {
	Level Level
	From  *Entry
	Until time.Time // zero: still
}

// An Asking is a demand, a question or a clarification with its answers.
type Asking struct {
	*Entry
	Ask     *Ask
	Answers map[parley.PartyCode]*Entry // the last one of each party
}

// Open returns the parties that have not answered, of those it was for.
func (a *Asking) Open() []parley.PartyCode {
	return slices.DeleteFunc(slices.Clone(a.To), func(p parley.PartyCode) bool { return a.Answers[p] != nil })
}

// Days is how many whole days it has been open.
func (a *Asking) Days(now time.Time) int { return int(now.Sub(a.Time).Hours() / 24) }

// Stance returns the newest stance of a party; nil: none.
func (t *Topic) Stance(p parley.PartyCode) (last *Entry) {
	for _, e := range t.Stances {
		if e.Party == p && (last == nil || last.before(e)) {
			last = e
		}
	}
	return last
}

// raise notes that a request names the topic. A level below one where it has been
// is no escalation, and is not noted.
func (t *Topic) raise(e *Entry) {
	level := e.Form.(*Request).Level
	n := len(t.Levels)
	if n > 0 && t.Levels[n-1].Level >= level {
		return
	}
	if n > 0 {
		t.Levels[n-1].Until = e.Time
	}
	t.Levels = append(t.Levels, Stay{Level: level, From: e})
}

// topicLog is what a topic is made of, each list by time and reference.
type topicLog struct {
	stances  []*Entry
	asks     []*Asking
	requests []*Entry // that name it
}

// topics gathers what was said of each topic, by name. Exercises are left out.
func (f *folding) topics() []*Topic {
	all := map[string]*topicLog{}
	of := func(name string) *topicLog {
		if all[name] == nil {
			all[name] = &topicLog{}
		}
		return all[name]
	}
	for _, e := range f.stances {
		if e.Exercise == "" {
			l := of(e.Form.(*Stance).Topic)
			l.stances = append(l.stances, e)
		}
	}
	answers := map[parley.Ref][]*Entry{}
	for _, e := range f.answers {
		if x := f.target(e, 0); x != nil {
			answers[x.Ref] = append(answers[x.Ref], e)
		}
	}
	for _, e := range f.asks {
		if a := e.Form.(*Ask); e.Exercise == "" {
			l := of(a.Topic)
			l.asks = append(l.asks, newAsking(e, answers[e.Ref]))
		}
	}
	for _, e := range f.requests {
		if e.Exercise == "" {
			for _, name := range e.Form.(*Request).Topics {
				l := of(name)
				l.requests = append(l.requests, e)
			}
		}
	}
	out := make([]*Topic, 0, len(all))
	for name, l := range all {
		out = append(out, l.topic(name))
	}
	slices.SortFunc(out, compareTopics)
	return out
}

func compareTopics(a, b *Topic) int { return cmp.Compare(a.Name, b.Name) }

// topic makes the topic of what was said of it; it shares the lists of l.
func (l *topicLog) topic(name string) *Topic {
	t := &Topic{Name: name, Stances: slices.Clip(l.stances), Asks: slices.Clip(l.asks)}
	first := func(e *Entry) {
		if t.Raised == nil || byTime(e, t.Raised) < 0 {
			t.Raised = e
		}
	}
	if len(l.stances) > 0 {
		first(l.stances[0])
	}
	if len(l.asks) > 0 {
		first(l.asks[0].Entry)
	}
	for i, e := range l.requests {
		if i == 0 {
			first(e)
		}
		t.raise(e)
	}
	return t
}

// newAsking is what was asked, with those of answers that answer it.
func newAsking(e *Entry, answers []*Entry) *Asking {
	a := &Asking{Entry: e, Ask: e.Form.(*Ask), Answers: map[parley.PartyCode]*Entry{}}
	for _, x := range answers {
		if x.Exercise != e.Exercise || x.Party == e.Party || !slices.Contains(outcomesOf[a.Ask.Sort], x.Form.(*Answer).Outcome) {
			continue
		}
		if last := a.Answers[x.Party]; last == nil || last.before(x) {
			a.Answers[x.Party] = x
		}
	}
	return a
}
