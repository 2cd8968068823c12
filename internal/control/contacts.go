package control

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/station"
)

// Arranging is how contacts are asked for, answered, planned and entered.
type Arranging interface {
	Contacts(ctx context.Context, line string, asOf time.Time) (station.ContactBook, error)
	Contact(ctx context.Context, by station.Officer, line, id string) (station.Contact, error)
	AskContact(ctx context.Context, by station.Officer, line string, in station.ContactTerms) (string, error)
	OfferTerms(ctx context.Context, by station.Officer, line, id string, in station.ContactTerms) (string, error)
	ReplyContact(ctx context.Context, by station.Officer, line, id string, in station.ContactReply) (string, error)
	CallOffContact(ctx context.Context, by station.Officer, line, id, reason, text string, next time.Time) (string, error)
	AddPoint(ctx context.Context, by station.Officer, line, id string, in station.PointText, before string) (string, error)
	JudgePoint(ctx context.Context, by station.Officer, line, id, point, step, text string) (string, error)
	EnterContacts(ctx context.Context, by station.Officer, line, id string, rows []contact.Row) ([]string, error)
	JudgeContacts(ctx context.Context, by station.Officer, line, id, step string, which []int, text string) (string, error)
	Topics(ctx context.Context, line string) ([]station.Topic, error)
	Topic(ctx context.Context, by station.Officer, line, name string) (station.Topic, error)
	TakeStance(ctx context.Context, by station.Officer, line, topic, stand, position, release string) (string, error)
	PutAsk(ctx context.Context, by station.Officer, line string, in station.AskText) (string, error)
	AnswerAsk(ctx context.Context, by station.Officer, line, id, outcome, text string) (string, error)
	Calendar(ctx context.Context, line, id string) (string, error)
	WriteContacts(ctx context.Context, line string, w io.Writer) error
}

// ContactAct is one act of arranging: what its Do says, with the fields that it
// needs.
type ContactAct struct {
	Line   string                `json:"line"`
	ID     string                `json:"id,omitempty"` // the entry it is about
	Terms  *station.ContactTerms `json:"terms,omitempty"`
	Reply  *station.ContactReply `json:"reply,omitempty"`
	Point  *station.PointText    `json:"point,omitempty"`
	Before string                `json:"before,omitempty"` // a point: which it replaces, or is said of
	Step   string                `json:"step,omitempty"`
	Text   string                `json:"text,omitempty"`
	Reason string                `json:"reason,omitempty"`
	Next   time.Time             `json:"next,omitzero"`
	Rows   []contact.Row         `json:"rows,omitempty"`
	Which  []int                 `json:"which,omitempty"`
	Ask    *station.AskText      `json:"ask,omitempty"`
	Topic  string                `json:"topic,omitempty"`
	Stand  string                `json:"stand,omitempty"`
	Mark   string                `json:"mark,omitempty"` // releasability of a position
}

type filedList struct {
	Items []string `json:"items"`
}

type asOf struct {
	Line string    `json:"line"`
	Day  time.Time `json:"day,omitzero"`
}

// arrange serves one act that files one entry.
func arrange(mux *http.ServeMux, st Station, name string, do func(ctx context.Context, a Arranging, by station.Officer, in ContactAct) (string, error)) {
	handle(mux, st, name, func(ctx context.Context, by station.Officer, in ContactAct) (released, error) {
		a, err := arranging(st)
		if err != nil {
			return released{}, err
		}
		id, err := do(ctx, a, by, in)
		return released{id}, err
	})
}

func arranging(st Station) (Arranging, error) {
	if a, ok := st.(Arranging); ok {
		return a, nil
	}
	return nil, parley.Errorf(parley.Unsupported, "this station arranges no contacts")
}

func handleContacts(mux *http.ServeMux, st Station) {
	handle(mux, st, "contact.list", func(ctx context.Context, by station.Officer, in asOf) (station.ContactBook, error) {
		a, err := arranging(st)
		if err != nil {
			return station.ContactBook{}, err
		}
		return a.Contacts(ctx, in.Line, in.Day)
	})
	handle(mux, st, "contact.show", func(ctx context.Context, by station.Officer, in onItem) (station.Contact, error) {
		a, err := arranging(st)
		if err != nil {
			return station.Contact{}, err
		}
		return a.Contact(ctx, by, in.Line, in.Item)
	})
	handle(mux, st, "contact.calendar", func(ctx context.Context, by station.Officer, in onItem) (file, error) {
		a, err := arranging(st)
		if err != nil {
			return file{}, err
		}
		s, err := a.Calendar(ctx, in.Line, in.Item)
		return file{[]byte(s)}, err
	})
	handle(mux, st, "contact.table", func(ctx context.Context, by station.Officer, in asOf) (file, error) {
		a, err := arranging(st)
		if err != nil {
			return file{}, err
		}
		var b bytes.Buffer
		err = a.WriteContacts(ctx, in.Line, &b)
		return file{b.Bytes()}, err
	})
	handle(mux, st, "contact.topics", func(ctx context.Context, by station.Officer, in asOf) ([]station.Topic, error) {
		a, err := arranging(st)
		if err != nil {
			return nil, err
		}
		return a.Topics(ctx, in.Line)
	})
	handle(mux, st, "contact.topic", func(ctx context.Context, by station.Officer, in onItem) (station.Topic, error) {
		a, err := arranging(st)
		if err != nil {
			return station.Topic{}, err
		}
		return a.Topic(ctx, by, in.Line, in.Item)
	})
	handle(mux, st, "contact.enter", func(ctx context.Context, by station.Officer, in ContactAct) (filedList, error) {
		a, err := arranging(st)
		if err != nil {
			return filedList{}, err
		}
		ids, err := a.EnterContacts(ctx, by, in.Line, in.ID, in.Rows)
		return filedList{ids}, err
	})
	handleArranging(mux, st)
}

func handleArranging(mux *http.ServeMux, st Station) {
	arrange(mux, st, "contact.ask", func(ctx context.Context, a Arranging, by station.Officer, in ContactAct) (string, error) {
		if in.Terms == nil {
			return "", parley.Errorf(parley.BadForm, "there are no terms")
		}
		if in.ID != "" {
			return a.OfferTerms(ctx, by, in.Line, in.ID, *in.Terms)
		}
		return a.AskContact(ctx, by, in.Line, *in.Terms)
	})
	arrange(mux, st, "contact.reply", func(ctx context.Context, a Arranging, by station.Officer, in ContactAct) (string, error) {
		if in.Reply == nil {
			return "", parley.Errorf(parley.BadForm, "there is no reply")
		}
		return a.ReplyContact(ctx, by, in.Line, in.ID, *in.Reply)
	})
	arrange(mux, st, "contact.calloff", func(ctx context.Context, a Arranging, by station.Officer, in ContactAct) (string, error) {
		return a.CallOffContact(ctx, by, in.Line, in.ID, in.Reason, in.Text, in.Next)
	})
	arrange(mux, st, "contact.point", func(ctx context.Context, a Arranging, by station.Officer, in ContactAct) (string, error) {
		if in.Point == nil {
			return a.JudgePoint(ctx, by, in.Line, in.ID, in.Before, in.Step, in.Text)
		}
		return a.AddPoint(ctx, by, in.Line, in.ID, *in.Point, in.Before)
	})
	arrange(mux, st, "contact.judge", func(ctx context.Context, a Arranging, by station.Officer, in ContactAct) (string, error) {
		return a.JudgeContacts(ctx, by, in.Line, in.ID, in.Step, in.Which, in.Text)
	})
	arrange(mux, st, "contact.stance", func(ctx context.Context, a Arranging, by station.Officer, in ContactAct) (string, error) {
		return a.TakeStance(ctx, by, in.Line, in.Topic, in.Stand, in.Text, in.Mark)
	})
	arrange(mux, st, "contact.put", func(ctx context.Context, a Arranging, by station.Officer, in ContactAct) (string, error) {
		if in.Ask == nil {
			return "", parley.Errorf(parley.BadForm, "nothing is asked")
		}
		return a.PutAsk(ctx, by, in.Line, *in.Ask)
	})
	arrange(mux, st, "contact.answer", func(ctx context.Context, a Arranging, by station.Officer, in ContactAct) (string, error) {
		return a.AnswerAsk(ctx, by, in.Line, in.ID, in.Step, in.Text)
	})
}

// Contacts returns the contacts of a line as of a day; zero is today.
func (c *Client) Contacts(ctx context.Context, line string, day time.Time) (station.ContactBook, error) {
	return ask[station.ContactBook](ctx, c, "contact.list", asOf{line, day})
}

// Contact returns one contact.
func (c *Client) Contact(ctx context.Context, line, id string) (station.Contact, error) {
	return ask[station.Contact](ctx, c, "contact.show", onItem{Line: line, Item: id})
}

// Topic returns what was said of one topic.
func (c *Client) Topic(ctx context.Context, line, name string) (station.Topic, error) {
	return ask[station.Topic](ctx, c, "contact.topic", onItem{Line: line, Item: name})
}

// Topics returns the topics of a line, without what was said.
func (c *Client) Topics(ctx context.Context, line string) ([]station.Topic, error) {
	return ask[[]station.Topic](ctx, c, "contact.topics", asOf{Line: line})
}

// Calendar returns contacts as iCalendar: one, or all of the line.
func (c *Client) Calendar(ctx context.Context, line, id string) ([]byte, error) {
	f, err := ask[file](ctx, c, "contact.calendar", onItem{Line: line, Item: id})
	return f.File, err
}

// ContactTable returns the register of a line as a table.
func (c *Client) ContactTable(ctx context.Context, line string) ([]byte, error) {
	f, err := ask[file](ctx, c, "contact.table", asOf{Line: line})
	return f.File, err
}

// Arrange does one act of arranging: "ask" (with an entry: other terms for it),
// "reply", "calloff", "point", "judge", "stance", "put", "answer". It returns the
// item that was filed.
func (c *Client) Arrange(ctx context.Context, act string, in ContactAct) (string, error) {
	r, err := ask[released](ctx, c, "contact."+act, in)
	return r.Item, err
}

// EnterContacts enters contacts that took place.
func (c *Client) EnterContacts(ctx context.Context, in ContactAct) ([]string, error) {
	r, err := ask[filedList](ctx, c, "contact.enter", in)
	return r.Items, err
}
