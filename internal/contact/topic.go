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

// topics gathers what was said of each topic, by name. Exercises are left out.
func (f *folding) topics() []*Topic {
	all := map[string]*Topic{}
	topic := func(name string, e *Entry) *Topic {
		t := all[name]
		if t == nil {
			t = &Topic{Name: name, Raised: e}
			all[name] = t
		}
		if cmp.Or(e.Time.Compare(t.Raised.Time), compareRefs(e.Ref, t.Raised.Ref)) < 0 {
			t.Raised = e
		}
		return t
	}
	for _, e := range f.stances {
		if e.Exercise == "" {
			t := topic(e.Form.(*Stance).Topic, e)
			t.Stances = append(t.Stances, e)
		}
	}
	asked := map[parley.Ref]*Asking{}
	for _, e := range f.asks {
		if a := e.Form.(*Ask); e.Exercise == "" {
			t := topic(a.Topic, e)
			x := &Asking{Entry: e, Ask: a, Answers: map[parley.PartyCode]*Entry{}}
			t.Asks, asked[e.Ref] = append(t.Asks, x), x
		}
	}
	for _, e := range f.answers {
		x := f.target(e, 0)
		if x == nil || asked[x.Ref] == nil || e.Party == x.Party || !slices.Contains(outcomesOf[asked[x.Ref].Ask.Sort], e.Form.(*Answer).Outcome) {
			continue
		}
		if a := asked[x.Ref]; a.Answers[e.Party] == nil || a.Answers[e.Party].before(e) {
			a.Answers[e.Party] = e
		}
	}
	for _, e := range f.requests { // in order of their times
		for _, name := range e.Form.(*Request).Topics {
			if e.Exercise == "" {
				topic(name, e).raise(e)
			}
		}
	}
	out := make([]*Topic, 0, len(all))
	for _, t := range all {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *Topic) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
