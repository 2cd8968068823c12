package control

import (
	"context"
	"io"
	"net/http"
	"strings"

	"parley/internal/station"
)

// Glossing keeps what stands beside interpreters: the terms of a line, and the script.
type Glossing interface {
	Glossary(ctx context.Context, line string) ([]station.GlossaryTerm, error)
	AddTerm(ctx context.Context, by station.Officer, line string, words []station.SaidText, note string) error
	ImportTerms(ctx context.Context, by station.Officer, line string, table io.Reader) (added int, err error)
	GlossaryTable(ctx context.Context, line string, w io.Writer) error
	CheckTerm(ctx context.Context, by station.Officer, line string, id int64) error
	RemoveTerm(ctx context.Context, by station.Officer, line string, id int64) error
	Script(ctx context.Context, by station.Officer, line string) ([]station.CallScript, error)
	PassScript(ctx context.Context, by station.Officer, line, text string) error
	RemoveScript(ctx context.Context, by station.Officer, line string, id int64) error
}

// GlossAct is one act about a glossary or a script, with the fields that it needs.
type GlossAct struct {
	Line  string             `json:"line"`
	ID    int64              `json:"id,omitempty"` // a term, or a piece; of the script 0 is all
	Words []station.SaidText `json:"words,omitempty"`
	Text  string             `json:"text,omitempty"` // a note, a piece, or a table
}

type addedTerms struct {
	Added int `json:"added"`
}

type termTable struct {
	Table string `json:"table"`
}

// onGlossary serves one act about glossary and script.
func onGlossary[Out any](mux *http.ServeMux, st Station, name string, do func(ctx context.Context, g Glossing, by station.Officer, in GlossAct) (Out, error)) {
	able(mux, st, name, "this station keeps no glossary", do)
}

func handleGlossary(mux *http.ServeMux, st Station) {
	onGlossary(mux, st, "glossary", func(ctx context.Context, g Glossing, _ station.Officer, in GlossAct) ([]station.GlossaryTerm, error) {
		return g.Glossary(ctx, in.Line)
	})
	onGlossary(mux, st, "glossary.add", func(ctx context.Context, g Glossing, by station.Officer, in GlossAct) (none, error) {
		return none{}, g.AddTerm(ctx, by, in.Line, in.Words, in.Text)
	})
	onGlossary(mux, st, "glossary.import", func(ctx context.Context, g Glossing, by station.Officer, in GlossAct) (addedTerms, error) {
		n, err := g.ImportTerms(ctx, by, in.Line, strings.NewReader(in.Text))
		return addedTerms{n}, err
	})
	onGlossary(mux, st, "glossary.table", func(ctx context.Context, g Glossing, _ station.Officer, in GlossAct) (termTable, error) {
		var b strings.Builder
		err := g.GlossaryTable(ctx, in.Line, &b)
		return termTable{b.String()}, err
	})
	onGlossary(mux, st, "glossary.check", func(ctx context.Context, g Glossing, by station.Officer, in GlossAct) (none, error) {
		return none{}, g.CheckTerm(ctx, by, in.Line, in.ID)
	})
	onGlossary(mux, st, "glossary.remove", func(ctx context.Context, g Glossing, by station.Officer, in GlossAct) (none, error) {
		return none{}, g.RemoveTerm(ctx, by, in.Line, in.ID)
	})
	onGlossary(mux, st, "script", func(ctx context.Context, g Glossing, by station.Officer, in GlossAct) ([]station.CallScript, error) {
		return g.Script(ctx, by, in.Line)
	})
	onGlossary(mux, st, "script.pass", func(ctx context.Context, g Glossing, by station.Officer, in GlossAct) (none, error) {
		return none{}, g.PassScript(ctx, by, in.Line, in.Text)
	})
	onGlossary(mux, st, "script.remove", func(ctx context.Context, g Glossing, by station.Officer, in GlossAct) (none, error) {
		return none{}, g.RemoveScript(ctx, by, in.Line, in.ID)
	})
}

// Glossary returns the terms of a line.
func (c *Client) Glossary(ctx context.Context, line string) ([]station.GlossaryTerm, error) {
	return ask[[]station.GlossaryTerm](ctx, c, "glossary", GlossAct{Line: line})
}

// ImportTerms keeps the terms of a table, and returns how many were added.
func (c *Client) ImportTerms(ctx context.Context, line, table string) (int, error) {
	n, err := ask[addedTerms](ctx, c, "glossary.import", GlossAct{Line: line, Text: table})
	return n.Added, err
}

// GlossaryTable returns the terms of a line as a table.
func (c *Client) GlossaryTable(ctx context.Context, line string) (string, error) {
	t, err := ask[termTable](ctx, c, "glossary.table", GlossAct{Line: line})
	return t.Table, err
}

// Script returns the script of a line.
func (c *Client) Script(ctx context.Context, line string) ([]station.CallScript, error) {
	return ask[[]station.CallScript](ctx, c, "script", GlossAct{Line: line})
}

// Gloss does one act: "glossary.add", "glossary.check", "glossary.remove",
// "script.pass", "script.remove".
func (c *Client) Gloss(ctx context.Context, act string, in GlossAct) error {
	_, err := ask[none](ctx, c, act, in)
	return err
}
