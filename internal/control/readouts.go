package control

import (
	"context"
	"net/http"
	"time"

	"parley"
	"parley/internal/station"
)

// Stating is what is said of a contact afterwards: our draft, the exchange, joint
// statements, what is published, and its public page.
type Stating interface {
	Statements(ctx context.Context, by station.Officer, line, contact string) (station.Statements, error)
	CompareDrafts(ctx context.Context, by station.Officer, line, contact, ours, theirs string) (station.Comparison, error)
	Readout(ctx context.Context, by station.Officer, line, contact string, version int64) (station.Readout, error)
	SaveReadout(ctx context.Context, by station.Officer, line, contact string, version int64, items []station.SaidItem) (station.Readout, error)
	ReviewReadout(ctx context.Context, by station.Officer, line, contact string, version int64) (station.Readout, error)
	ApproveReadout(ctx context.Context, by station.Officer, line, contact string, version int64) (station.Readout, error)
	ReturnReadout(ctx context.Context, by station.Officer, line, contact string, version int64, note string) (station.Readout, error)
	QuotesIn(ctx context.Context, by station.Officer, line, contact string, version int64) ([]station.SaidQuote, error)
	ProposeEmbargo(ctx context.Context, by station.Officer, line, contact string, until time.Time, text, before string) (string, error)
	JudgeEmbargo(ctx context.Context, by station.Officer, line, contact, id, step, text string) (string, error)
	ReadyReadout(ctx context.Context, by station.Officer, line, contact string, version int64, manual bool, named ...station.NamedQuote) (string, error)
	ShowReadout(ctx context.Context, by station.Officer, line, contact string, version int64, named ...station.NamedQuote) (string, error)
	RemarkOnDraft(ctx context.Context, by station.Officer, line, contact, draft string, item int, text string, named ...station.NamedQuote) (string, error)
	ProposeJoint(ctx context.Context, by station.Officer, line, contact string, items []station.SaidItem, text, before string, named ...station.NamedQuote) (string, error)
	JudgeJoint(ctx context.Context, by station.Officer, line, contact, id, step, text string) (string, error)
	OpenJoint(ctx context.Context, by station.Officer, line, contact, id string) error
	Publish(ctx context.Context, by station.Officer, line, contact string, in station.PublishText) (string, error)
	PublicPage(ctx context.Context, by station.Officer, line, item, lang string) (name string, html []byte, err error)
	WritePages(ctx context.Context, by station.Officer, line, item string) ([]string, error)
}

// ReadoutAct is one act about what is said of a contact, with the fields that it
// needs.
type ReadoutAct struct {
	Line    string               `json:"line"`
	Contact string               `json:"contact,omitempty"`
	ID      string               `json:"id,omitempty"` // the embargo, draft, joint statement or publication it is about
	Other   string               `json:"other,omitempty"`
	Version int64                `json:"version,omitempty"` // of our draft
	Items   []station.SaidItem   `json:"items,omitempty"`
	Step    string               `json:"step,omitempty"`
	Text    string               `json:"text,omitempty"`
	Before  string               `json:"before,omitempty"` // what it takes the place of
	Until   time.Time            `json:"until,omitzero"`
	Item    int                  `json:"item,omitempty"` // of a statement, from 1; 0: the whole
	Manual  bool                 `json:"manual,omitempty"`
	Publish *station.PublishText `json:"publish,omitempty"`
	Named   []station.NamedQuote `json:"named,omitempty"` // what is quoted and may be, of what is not published
	Lang    string               `json:"lang,omitempty"`
}

// NamedFile is a file with its name.
type NamedFile struct {
	Name string `json:"name"`
	File []byte `json:"file"`
}

// onSaid serves one act about what is said.
func onSaid[Out any](mux *http.ServeMux, st Station, name string, do func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (Out, error)) {
	able(mux, st, "readout."+name, "this station keeps no readouts", do)
}

// filedBy wraps an act that files one entry.
func filedBy(mux *http.ServeMux, st Station, name string, do func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (string, error)) {
	onSaid(mux, st, name, func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (released, error) {
		id, err := do(ctx, a, by, in)
		return released{id}, err
	})
}

func handleReadouts(mux *http.ServeMux, st Station) {
	onSaid(mux, st, "state", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (station.Statements, error) {
		return a.Statements(ctx, by, in.Line, in.Contact)
	})
	onSaid(mux, st, "compare", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (station.Comparison, error) {
		return a.CompareDrafts(ctx, by, in.Line, in.Contact, in.ID, in.Other)
	})
	onSaid(mux, st, "draft", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (station.Readout, error) {
		return a.Readout(ctx, by, in.Line, in.Contact, in.Version)
	})
	onSaid(mux, st, "edit", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (station.Readout, error) {
		return a.SaveReadout(ctx, by, in.Line, in.Contact, in.Version, in.Items)
	})
	onSaid(mux, st, "review", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (station.Readout, error) {
		return a.ReviewReadout(ctx, by, in.Line, in.Contact, in.Version)
	})
	onSaid(mux, st, "approve", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (station.Readout, error) {
		return a.ApproveReadout(ctx, by, in.Line, in.Contact, in.Version)
	})
	onSaid(mux, st, "return", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (station.Readout, error) {
		return a.ReturnReadout(ctx, by, in.Line, in.Contact, in.Version, in.Text)
	})
	onSaid(mux, st, "quotes", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) ([]station.SaidQuote, error) {
		return a.QuotesIn(ctx, by, in.Line, in.Contact, in.Version)
	})
	handleExchange(mux, st)
	handlePublishing(mux, st)
}

// handleExchange is the embargo, the exchange of drafts and what is said of them.
func handleExchange(mux *http.ServeMux, st Station) {
	filedBy(mux, st, "embargo", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (string, error) {
		return a.ProposeEmbargo(ctx, by, in.Line, in.Contact, in.Until, in.Text, in.Before)
	})
	filedBy(mux, st, "judge-embargo", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (string, error) {
		return a.JudgeEmbargo(ctx, by, in.Line, in.Contact, in.ID, in.Step, in.Text)
	})
	filedBy(mux, st, "ready", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (string, error) {
		return a.ReadyReadout(ctx, by, in.Line, in.Contact, in.Version, in.Manual, in.Named...)
	})
	filedBy(mux, st, "show", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (string, error) {
		return a.ShowReadout(ctx, by, in.Line, in.Contact, in.Version, in.Named...)
	})
	filedBy(mux, st, "remark", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (string, error) {
		return a.RemarkOnDraft(ctx, by, in.Line, in.Contact, in.ID, in.Item, in.Text, in.Named...)
	})
}

// handlePublishing is joint statements, what is published, and its pages.
func handlePublishing(mux *http.ServeMux, st Station) {
	filedBy(mux, st, "joint", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (string, error) {
		return a.ProposeJoint(ctx, by, in.Line, in.Contact, in.Items, in.Text, in.Before, in.Named...)
	})
	filedBy(mux, st, "judge-joint", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (string, error) {
		return a.JudgeJoint(ctx, by, in.Line, in.Contact, in.ID, in.Step, in.Text)
	})
	onSaid(mux, st, "read-joint", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (none, error) {
		return none{}, a.OpenJoint(ctx, by, in.Line, in.Contact, in.ID)
	})
	filedBy(mux, st, "publish", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (string, error) {
		if in.Publish == nil {
			return "", parley.Errorf(parley.BadForm, "nothing is to be published")
		}
		return a.Publish(ctx, by, in.Line, in.Contact, *in.Publish)
	})
	onSaid(mux, st, "page", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (NamedFile, error) {
		name, b, err := a.PublicPage(ctx, by, in.Line, in.ID, in.Lang)
		return NamedFile{name, b}, err
	})
	onSaid(mux, st, "folder", func(ctx context.Context, a Stating, by station.Officer, in ReadoutAct) (filedList, error) {
		names, err := a.WritePages(ctx, by, in.Line, in.ID)
		return filedList{names}, err
	})
}

// Statements returns all that is said of a contact.
func (c *Client) Statements(ctx context.Context, line, contact string) (station.Statements, error) {
	return ask[station.Statements](ctx, c, "readout.state", ReadoutAct{Line: line, Contact: contact})
}

// Compare lays two drafts side by side; "" is the newest of our side, and of the
// other.
func (c *Client) Compare(ctx context.Context, line, contact, ours, theirs string) (station.Comparison, error) {
	return ask[station.Comparison](ctx, c, "readout.compare", ReadoutAct{Line: line, Contact: contact, ID: ours, Other: theirs})
}

// KeepReadout does one act on our own draft: "draft" (reads it), "edit", "review",
// "approve", "return".
func (c *Client) KeepReadout(ctx context.Context, act string, in ReadoutAct) (station.Readout, error) {
	return ask[station.Readout](ctx, c, "readout."+act, in)
}

// QuotesIn returns what a version of our readout quotes that is not released; 0 is
// the newest.
func (c *Client) QuotesIn(ctx context.Context, line, contact string, version int64) ([]station.SaidQuote, error) {
	return ask[[]station.SaidQuote](ctx, c, "readout.quotes", ReadoutAct{Line: line, Contact: contact, Version: version})
}

// FileOfReadout does one act that files an entry: "embargo", "judge-embargo",
// "ready", "show", "remark", "joint", "judge-joint", "publish". It returns the item
// that was filed.
func (c *Client) FileOfReadout(ctx context.Context, act string, in ReadoutAct) (string, error) {
	r, err := ask[released](ctx, c, "readout."+act, in)
	return r.Item, err
}

// AcknowledgeJoint acknowledges every signature of a joint statement.
func (c *Client) AcknowledgeJoint(ctx context.Context, line, contact, id string) error {
	_, err := ask[none](ctx, c, "readout.read-joint", ReadoutAct{Line: line, Contact: contact, ID: id})
	return err
}

// PublicPage returns the public page of what was published, with its frame in a
// language.
func (c *Client) PublicPage(ctx context.Context, line, item, lang string) (NamedFile, error) {
	return ask[NamedFile](ctx, c, "readout.page", ReadoutAct{Line: line, ID: item, Lang: lang})
}

// WritePages writes the public pages of what was published into the station's
// folder, and returns what had to be written.
func (c *Client) WritePages(ctx context.Context, line, item string) ([]string, error) {
	r, err := ask[filedList](ctx, c, "readout.folder", ReadoutAct{Line: line, ID: item})
	return r.Items, err
}
