package desk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"parley"
	"parley/internal/station"
)

// Glossing keeps what stands beside interpreters: the terms of a line, and the script.
type Glossing interface {
	Glossary(ctx context.Context, line string) ([]station.GlossaryTerm, error)
	GlossaryColumns(ctx context.Context, line string) ([]string, error)
	AddTerm(ctx context.Context, by station.Officer, line string, words []station.SaidText, note string) error
	ImportTerms(ctx context.Context, by station.Officer, line string, table io.Reader) (added int, err error)
	GlossaryTable(ctx context.Context, line string, w io.Writer) error
	CheckTerm(ctx context.Context, by station.Officer, line string, id int64) error
	RemoveTerm(ctx context.Context, by station.Officer, line string, id int64) error
	Script(ctx context.Context, by station.Officer, line string) ([]station.CallScript, error)
	PassScript(ctx context.Context, by station.Officer, line, text string) error
	RemoveScript(ctx context.Context, by station.Officer, line string, id int64) error
}

// glossaryPage is the glossary and the script of a line.
type glossaryPage struct {
	Line    station.Line
	Columns []string // of a table: the languages, and note
	Terms   []station.GlossaryTerm
	Script  []station.CallScript
	Problem *problem
	Act     string // that failed
	Typed   map[string]string
}

// Tongues are the languages that a term can be there in.
func (p *glossaryPage) Tongues() []string { return p.Columns[:max(0, len(p.Columns)-1)] }

// Glosses reports whether whoever sits here keeps the glossary; Checks, whether he
// checks its terms; Scripts, whether he reads and passes the script.
func (f *frame) Glosses() bool {
	return f.Seat != nil && f.Seat.is(parley.Interpreter, parley.Translator, parley.Envoy, parley.Watch)
}

func (f *frame) Checks() bool {
	return f.Seat != nil && f.Seat.is(parley.Interpreter, parley.Translator)
}

func (f *frame) Scripts() bool { return f.Seat != nil && scripts(f.Seat) }

func scripts(s *seat) bool {
	return s.is(parley.Envoy, parley.Principal, parley.Watch, parley.Interpreter, parley.Translator)
}

func (d *desk) glossaryPage(r *http.Request, s *seat) (*glossaryPage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &glossaryPage{Line: l, Typed: map[string]string{}}
	if p.Columns, err = d.st.GlossaryColumns(r.Context(), l.Key); err == nil {
		p.Terms, err = d.st.Glossary(r.Context(), l.Key)
	}
	if err == nil && scripts(s) {
		p.Script, err = d.st.Script(r.Context(), s.officer, l.Key)
	}
	return p, err
}

func (d *desk) glossary(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.glossaryPage(r, s)
	if err != nil {
		return err
	}
	d.render(w, r, s, "glossary", p)
	return nil
}

// glossActs are the acts of that page.
var glossActs = map[string]func(d *desk, r *http.Request, s *seat, line string) error{
	"add": func(d *desk, r *http.Request, s *seat, line string) error {
		tongues, err := d.st.GlossaryColumns(r.Context(), line)
		if err != nil {
			return err
		}
		var words []station.SaidText
		for _, l := range tongues {
			if text := field(r, "term-"+l); text != "" {
				words = append(words, station.SaidText{Language: l, Text: text})
			}
		}
		return d.st.AddTerm(r.Context(), s.officer, line, words, field(r, "note"))
	},
	"import": func(d *desk, r *http.Request, s *seat, line string) error {
		f, _, err := r.FormFile("file")
		if err != nil {
			return parley.Errorf(parley.BadForm, "no file was chosen")
		}
		defer f.Close()
		_, err = d.st.ImportTerms(r.Context(), s.officer, line, f)
		return err
	},
	"check":  numberedGloss("term", func(d *desk) glossAct { return d.st.CheckTerm }),
	"remove": numberedGloss("term", func(d *desk) glossAct { return d.st.RemoveTerm }),
	"pass": func(d *desk, r *http.Request, s *seat, line string) error {
		return d.st.PassScript(r.Context(), s.officer, line, field(r, "text"))
	},
	"unpass": numberedGloss("piece", func(d *desk) glossAct { return d.st.RemoveScript }),
}

type glossAct func(ctx context.Context, by station.Officer, line string, id int64) error

// numberedGloss is an act on a term, or on a piece of the script; 0 is all of that.
func numberedGloss(name string, act func(d *desk) glossAct) func(d *desk, r *http.Request, s *seat, line string) error {
	return func(d *desk, r *http.Request, s *seat, line string) error {
		id, err := strconv.ParseInt(r.PostForm.Get(name), 10, 64)
		if err != nil || id < 0 {
			return errHidden
		}
		return act(d)(r.Context(), s.officer, line, id)
	}
}

func (d *desk) actOnGlossary(w http.ResponseWriter, r *http.Request, s *seat) error {
	act, line := r.PathValue("act"), r.PathValue("line")
	do, ok := glossActs[act]
	if !ok {
		return errHidden
	}
	err := r.ParseForm()
	if act == "import" {
		err = r.ParseMultipartForm(maxForm)
	}
	if err != nil {
		return badForm(err)
	}
	if err = do(d, r, s, line); err == nil {
		to := "/line/" + line + "/glossary"
		if r.PostForm.Get("back") == "call" {
			to = "/line/" + line + "/call"
		}
		return done(w, r, to, "gloss_"+act)
	}
	if errors.Is(err, errHidden) {
		return err
	}
	p, lost := d.glossaryPage(r, s)
	if lost != nil {
		return lost
	}
	p.Problem, p.Act, p.Typed = problemOf(err), act, typed(r)
	if p.Problem.Status >= http.StatusInternalServerError {
		d.log.Error("keeping a glossary", "act", act, "err", err)
	}
	d.renderStatus(w, r, s, p.Problem.Status, "glossary", "title.glossary", p)
	return nil
}

// glossaryTable is the glossary as a table that can be imported.
func (d *desk) glossaryTable(w http.ResponseWriter, r *http.Request, s *seat) error {
	line := r.PathValue("line")
	if err := d.st.NoteExport(r.Context(), s.officer, line, "glossary"); err != nil {
		return err
	}
	out := &late{w: w, name: line[:min(8, len(line))] + "-glossary.csv", mediaType: "text/csv; charset=utf-8"}
	if err := d.st.GlossaryTable(r.Context(), line, out); err != nil {
		if !out.begun {
			return err
		}
		d.log.Error("writing a glossary", "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}
