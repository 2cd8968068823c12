package control

import (
	"context"
	"net/http"

	"parley/internal/station"
)

// Understanding is a station that keeps what is thought of a translation, and
// what a draft may begin from. All of it is our side only. One that does not
// answers Unsupported.
type Understanding interface {
	Certify(ctx context.Context, by station.Officer, line, id string, translation int64) error
	DisputeWords(ctx context.Context, by station.Officer, line, id string, translation int64, words, note string) (station.Dispute, error)
	SettleDispute(ctx context.Context, by station.Officer, line, id string, translation, dispute int64, how string) error
	TestTexts(ctx context.Context, line string) ([]station.TestText, error)
	TranslateTest(ctx context.Context, by station.Officer, line, id, language, text string) (station.Translation, error)
	UseTestTexts(ctx context.Context, by station.Officer, ids []string) error
	Templates(ctx context.Context, line string) ([]station.Template, error)
	KeepTemplate(ctx context.Context, by station.Officer, draft int64, title string) (station.Template, error)
	UseTemplate(ctx context.Context, by station.Officer, line string, template int64) (station.Draft, error)
	RemoveTemplate(ctx context.Context, by station.Officer, template int64) error
}

type disputing struct {
	Line        string `json:"line"`
	Item        string `json:"item"`
	Translation int64  `json:"translation"`
	Dispute     int64  `json:"dispute,omitempty"` // that is settled
	Words       string `json:"words,omitempty"`
	Note        string `json:"note"` // or how it was settled
}

type usingTexts struct {
	Texts []string `json:"texts"`
}

type onTemplate struct {
	Line     string `json:"line,omitempty"`
	Template int64  `json:"template,omitempty"`
	Draft    int64  `json:"draft,omitempty"`
	Title    string `json:"title,omitempty"`
}

func handleUnderstanding(mux *http.ServeMux, st Station) {
	const without = "this station keeps no templates, no test texts and no disputes about words"
	able(mux, st, "item.certify", without, func(ctx context.Context, u Understanding, by station.Officer, in reviewing) (none, error) {
		return none{}, u.Certify(ctx, by, in.Line, in.Item, in.Translation)
	})
	able(mux, st, "item.dispute", without, func(ctx context.Context, u Understanding, by station.Officer, in disputing) (station.Dispute, error) {
		return u.DisputeWords(ctx, by, in.Line, in.Item, in.Translation, in.Words, in.Note)
	})
	able(mux, st, "item.settle", without, func(ctx context.Context, u Understanding, by station.Officer, in disputing) (none, error) {
		return none{}, u.SettleDispute(ctx, by, in.Line, in.Item, in.Translation, in.Dispute, in.Note)
	})
	able(mux, st, "texts", without, func(ctx context.Context, u Understanding, _ station.Officer, in onLine) ([]station.TestText, error) {
		return u.TestTexts(ctx, in.Line)
	})
	able(mux, st, "text.translate", without, func(ctx context.Context, u Understanding, by station.Officer, in translating) (station.Translation, error) {
		return u.TranslateTest(ctx, by, in.Line, in.Item, in.Language, in.Text)
	})
	able(mux, st, "texts.use", without, func(ctx context.Context, u Understanding, by station.Officer, in usingTexts) (none, error) {
		return none{}, u.UseTestTexts(ctx, by, in.Texts)
	})
	able(mux, st, "templates", without, func(ctx context.Context, u Understanding, _ station.Officer, in onLine) ([]station.Template, error) {
		return u.Templates(ctx, in.Line)
	})
	able(mux, st, "template.keep", without, func(ctx context.Context, u Understanding, by station.Officer, in onTemplate) (station.Template, error) {
		return u.KeepTemplate(ctx, by, in.Draft, in.Title)
	})
	able(mux, st, "template.use", without, func(ctx context.Context, u Understanding, by station.Officer, in onTemplate) (station.Draft, error) {
		return u.UseTemplate(ctx, by, in.Line, in.Template)
	})
	able(mux, st, "template.remove", without, func(ctx context.Context, u Understanding, by station.Officer, in onTemplate) (none, error) {
		return none{}, u.RemoveTemplate(ctx, by, in.Template)
	})
}

// Certify sets the third mark on a translation.
func (c *Client) Certify(ctx context.Context, line, id string, translation int64) error {
	_, err := ask[none](ctx, c, "item.certify", reviewing{line, id, translation})
	return err
}

// DisputeWords marks words of a translation as disputed.
func (c *Client) DisputeWords(ctx context.Context, line, id string, translation int64, words, note string) (station.Dispute, error) {
	return ask[station.Dispute](ctx, c, "item.dispute", disputing{Line: line, Item: id, Translation: translation, Words: words, Note: note})
}

// SettleDispute says how a dispute about words ended.
func (c *Client) SettleDispute(ctx context.Context, line, id string, translation, dispute int64, how string) error {
	_, err := ask[none](ctx, c, "item.settle", disputing{Line: line, Item: id, Translation: translation, Dispute: dispute, Note: how})
	return err
}

// TestTexts lists the approved texts of line tests, with our translations.
func (c *Client) TestTexts(ctx context.Context, line string) ([]station.TestText, error) {
	return ask[[]station.TestText](ctx, c, "texts", onLine{line})
}

// TranslateTest keeps a translation of a test text.
func (c *Client) TranslateTest(ctx context.Context, line, id, language, text string) (station.Translation, error) {
	return ask[station.Translation](ctx, c, "text.translate", translating{line, id, language, text})
}

// UseTestTexts sets which of the approved texts the tests of this station use.
func (c *Client) UseTestTexts(ctx context.Context, ids []string) error {
	_, err := ask[none](ctx, c, "texts.use", usingTexts{ids})
	return err
}

// Templates lists what a draft on a line may begin from.
func (c *Client) Templates(ctx context.Context, line string) ([]station.Template, error) {
	return ask[[]station.Template](ctx, c, "templates", onLine{line})
}

// KeepTemplate makes a template of a draft.
func (c *Client) KeepTemplate(ctx context.Context, draft int64, title string) (station.Template, error) {
	return ask[station.Template](ctx, c, "template.keep", onTemplate{Draft: draft, Title: title})
}

// UseTemplate saves a new draft with what a template says.
func (c *Client) UseTemplate(ctx context.Context, line string, template int64) (station.Draft, error) {
	return ask[station.Draft](ctx, c, "template.use", onTemplate{Line: line, Template: template})
}

// RemoveTemplate forgets a template.
func (c *Client) RemoveTemplate(ctx context.Context, template int64) error {
	_, err := ask[none](ctx, c, "template.remove", onTemplate{Template: template})
	return err
}
