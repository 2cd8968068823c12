package api

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

type (
	termIn struct {
		Words []station.SaidText `json:"words"`
		Note  string             `json:"note,omitempty"`
	}
	termsTableIn struct {
		Table string `json:"table"` // CSV in UTF-8
	}
	termsAddedOut struct {
		Added int `json:"added"`
	}
)

// glossing keeps the terms of a line and the script of its next call, our side only.
func glossing(st Station) []operation {
	at := []param{line}
	term := append(at[:1:1], param{"term", "path", "integer", "Id of the term."})
	piece := append(at[:1:1], param{"piece", "path", "integer", "Id of the piece; 0 is all of it."})
	act := func(id, path, about, name string, params []param, do func(ctx context.Context, by station.Officer, line string, id int64) error) operation {
		return post(id, path, about, params, func(ctx context.Context, c *call, _ none) (none, error) {
			n, err := c.number(name)
			if err != nil {
				return none{}, err
			}
			return none{}, do(ctx, c.by, c.text("line"), n)
		})
	}
	return []operation{
		get("glossary", "/lines/{line}/glossary", "What terms are called in the languages of the line, who wrote and who checked them.", at, func(ctx context.Context, c *call) ([]station.GlossaryTerm, error) {
			return st.Glossary(ctx, c.text("line"))
		}),
		file("glossary_table", "/lines/{line}/glossary.csv", "text/csv; charset=utf-8", "The same as a table that can be imported.", at, func(ctx context.Context, c *call, w http.ResponseWriter) error {
			return st.GlossaryTable(ctx, c.text("line"), w)
		}),
		post("add_term", "/lines/{line}/glossary", "Add a term, in two languages of the line at least.", at, func(ctx context.Context, c *call, in termIn) (none, error) {
			return none{}, st.AddTerm(ctx, c.by, c.text("line"), in.Words, in.Note)
		}),
		post("import_terms", "/lines/{line}/glossary/import", "Add the terms of a table: a column for each language of the line, and note. Nothing is taken of one that has a fault; what is there already is passed over.", at, func(ctx context.Context, c *call, in termsTableIn) (termsAddedOut, error) {
			n, err := st.ImportTerms(ctx, c.by, c.text("line"), strings.NewReader(in.Table))
			return termsAddedOut{n}, err
		}),
		act("check_term", "/lines/{line}/glossary/{term}/check", "Say that a term was checked, by another than who wrote it.", "term", term, st.CheckTerm),
		act("remove_term", "/lines/{line}/glossary/{term}/remove", "Take a term out.", "term", term, st.RemoveTerm),
		get("script", "/lines/{line}/script", "What our side means to say on the call that runs, or on the next. Reading it is audited.", at, func(ctx context.Context, c *call) ([]station.CallScript, error) {
			return st.Script(ctx, c.by, c.text("line"))
		}),
		post("pass_script", "/lines/{line}/script", "Pass a piece of the script to the pages of our interpreters.", at, func(ctx context.Context, c *call, in textIn) (none, error) {
			return none{}, st.PassScript(ctx, c.by, c.text("line"), in.Text)
		}),
		act("remove_script", "/lines/{line}/script/{piece}/remove", "Take a piece of the script out.", "piece", piece, st.RemoveScript),
	}
}
