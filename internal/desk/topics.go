package desk

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/station"
)

// TopicKeeping is what was said of each topic, and asked.
type TopicKeeping interface {
	Topics(ctx context.Context, line string) ([]station.Topic, error)
	Topic(ctx context.Context, by station.Officer, line, name string) (station.Topic, error)
	TakeStance(ctx context.Context, by station.Officer, line, topic, stand, position, release string) (item string, err error)
	PutAsk(ctx context.Context, by station.Officer, line string, in station.AskText) (item string, err error)
	AnswerAsk(ctx context.Context, by station.Officer, line, id, outcome, text string) (item string, err error)
}

// topicsPage is every topic of a line, or one of them.
type topicsPage struct {
	Line     station.Line
	Topics   []station.Topic
	Topic    station.Topic // on the page of one; only its name where nothing was said of it yet
	Contacts []station.Contact
	Public   []publicView // what was said of it in public, the newest first
	Problem  *problem
	Act      string // that failed
	About    string
	Typed    map[string]string
}

func topicURL(line, name string) string {
	return lineURL(line) + "/topic?" + url.Values{"name": {name}}.Encode()
}

// TopicURL is the page of a topic.
func (f *frame) TopicURL(line, name string) string { return topicURL(line, name) }

// topicsPage reads one topic, "" all of them without what was said.
func (d *desk) topicsPage(r *http.Request, s *seat, name string) (*topicsPage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &topicsPage{Line: l, Topic: station.Topic{Name: name}, Typed: map[string]string{"topic": name}}
	if name == "" {
		p.Topics, err = d.st.Topics(r.Context(), l.Key)
		slices.SortStableFunc(p.Topics, func(a, b station.Topic) int { return b.Open - a.Open })
		return p, err
	}
	t, err := d.st.Topic(r.Context(), s.officer, l.Key, name)
	switch {
	case err == nil:
		p.Topic = t
	case parley.KindOf(err) != parley.NotFound:
		return nil, err
	}
	if p.Public, err = d.history(r, s, l.Key, name); err != nil {
		return nil, err
	}
	if len(p.Topic.Contacts) == 0 {
		return p, nil
	}
	b, err := d.st.Contacts(r.Context(), l.Key, time.Time{})
	if err != nil {
		return nil, err
	}
	for _, c := range b.Contacts {
		if contains(p.Topic.Contacts, c.ID) {
			p.Contacts = append(p.Contacts, c)
		}
	}
	return p, nil
}

func (d *desk) topics(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.topicsPage(r, s, "")
	if err != nil {
		return err
	}
	d.render(w, r, s, "topics", p)
	return nil
}

func (d *desk) topic(w http.ResponseWriter, r *http.Request, s *seat) error {
	name := strings.TrimSpace(r.URL.Query().Get("name"))
	if name == "" {
		return errHidden
	}
	p, err := d.topicsPage(r, s, name)
	if err != nil {
		return err
	}
	d.render(w, r, s, "topic", p)
	return nil
}

// actOnTopics says where our side stands, asks, or answers.
func (d *desk) actOnTopics(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	act, line, name := r.PathValue("act"), r.PathValue("line"), field(r, "topic")
	var err error
	switch act {
	case "stance":
		var stand string
		if stand, err = chosen(r, "stand", "no stand is chosen"); err == nil {
			_, err = d.st.TakeStance(r.Context(), s.officer, line, name, stand, field(r, "position"), field(r, "release"))
		}
	case "ask":
		err = d.putAsk(r, s, line, name)
	case "answer":
		var outcome string
		if outcome, err = chosen(r, "outcome", "no outcome is chosen"); err == nil {
			_, err = d.st.AnswerAsk(r.Context(), s.officer, line, r.PostForm.Get("about"), outcome, field(r, "text"))
		}
	default:
		return errHidden
	}
	if err == nil {
		return done(w, r, topicURL(line, name), "topic_"+act)
	}
	page, read := "topic", name
	if r.PostForm.Get("new") != "" || name == "" {
		page, read = "topics", ""
	}
	p, lost := d.topicsPage(r, s, read)
	if lost != nil {
		return lost
	}
	p.Problem, p.Act, p.About, p.Typed = problemOf(err), act, r.PostForm.Get("about"), typed(r)
	if p.Problem.Status >= http.StatusInternalServerError {
		d.log.Error("acting on a topic", "act", act, "err", err)
	}
	d.renderStatus(w, r, s, p.Problem.Status, page, "title."+page, p)
	return nil
}

func (d *desk) putAsk(r *http.Request, s *seat, line, name string) error {
	sort, err := chosen(r, "sort", "it is not chosen what is asked")
	if err != nil {
		return err
	}
	in := station.AskText{Sort: sort, Topic: name, Text: field(r, "text")}
	if in.Sort == "clarification" {
		in.Quote, in.Source, in.Said = field(r, "quote"), field(r, "source"), strings.TrimSpace(r.PostForm.Get("said"))
	}
	if v := r.PostForm.Get("by"); v != "" {
		if in.By, err = parseWhen(v); err != nil {
			return err
		}
	}
	_, err = d.st.PutAsk(r.Context(), s.officer, line, in)
	return err
}

// A sideStand is where a side stands on a topic: its newest words, and earlier ones.
type sideStand struct {
	Party   parley.PartyCode
	Now     *station.Stance // nil: it has not said
	Earlier []station.Stance
}

// Sides are where each side stands.
func (p *topicsPage) Sides() (out []sideStand) {
	for _, x := range append([]station.Party{p.Line.Us}, p.Line.Them...) {
		v := sideStand{Party: x.Code}
		for i, s := range p.Topic.Stances {
			switch {
			case s.By != string(x.Code):
			case s.Now:
				v.Now = &p.Topic.Stances[i]
			default:
				v.Earlier = append(v.Earlier, s)
			}
		}
		if x.Out == "" || v.Now != nil {
			out = append(out, v)
		}
	}
	return out
}

// Outcomes are how what was asked can be answered.
func (p *topicsPage) Outcomes(sort string) []string {
	switch sort {
	case "demand":
		return []string{"accepted", "refused", "reserved"}
	case "question":
		return []string{"answered", "reserved", "refused"}
	}
	return []string{"authoritative", "not-authoritative", "superseded", "no-comment"}
}

// contactTodo is where a thing to do about a contact or a topic is done; "" for
// any other.
func contactTodo(t station.Todo) string {
	switch t.Act {
	case "answer-contact", "enter-contact":
		return contactURL(t.Line, t.Item)
	case "review-memcon", "mend-memcon", "read-memcon":
		return memconURL(t.Item)
	case "answer-embargo", "show-draft", "sign-joint", "open-joint":
		return contactURL(t.Line, t.Item) + "/said"
	case "answer-ask":
		return topicURL(t.Line, form.Visible(t.Text))
	}
	return ""
}
