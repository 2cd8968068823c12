// Package glossary is what terms of a line are called in each of its languages, for
// those who interpret: our side only.
package glossary

import (
	"io"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/table"
)

// Bounds of a glossary.
const (
	MaxTerms = 500 // of a line
	maxTerm  = 120 // characters, of each language
	maxNote  = 200
)

// A Word is a term in one language.
type Word struct {
	Language string `json:"language"`
	Text     string `json:"text"`
}

// A Term is what something is called in the languages of a line.
type Term struct {
	Words []Word `json:"words"`
	Note  string `json:"note,omitempty"`
}

// In is the term in a language; "" where it is not there.
func (t *Term) In(language string) string {
	for _, w := range t.Words {
		if w.Language == language {
			return w.Text
		}
	}
	return ""
}

// Check refuses what is no term of a line with these languages. It has to be there in
// two of them at least. The error is BadForm.
func (t *Term) Check(languages []string) error {
	seen := map[string]bool{}
	for _, w := range t.Words {
		if !slices.Contains(languages, w.Language) {
			return parley.Errorf(parley.BadForm, "%q is no language of the line", parley.Clip(form.Visible(w.Language))).WithHint("they are %s", strings.Join(languages, ", "))
		}
		if seen[w.Language] {
			return parley.Errorf(parley.BadForm, "the term is there twice in %s", w.Language)
		}
		seen[w.Language] = true
		if err := form.CheckLine("the term in "+w.Language, w.Text, maxTerm); err != nil {
			return err
		}
	}
	if least := min(2, len(languages)); len(t.Words) < least {
		return parley.Errorf(parley.BadForm, "a term is there in %d languages at least", least).WithHint("the languages of the line are %s", strings.Join(languages, ", "))
	}
	return form.CheckOptionalLine("the note", t.Note, maxNote)
}

// Same reports whether two terms say the same in every language.
func (t *Term) Same(o *Term) bool {
	return len(t.Words) == len(o.Words) && !slices.ContainsFunc(t.Words, func(w Word) bool { return o.In(w.Language) != w.Text })
}

// Clash finds a word that stands in two terms that do not say the same: whoever looks
// it up would not know which holds.
func (t *Term) Clash(o *Term) (Word, bool) {
	if t.Same(o) {
		return Word{}, false
	}
	for _, w := range t.Words {
		if strings.EqualFold(o.In(w.Language), w.Text) {
			return w, true
		}
	}
	return Word{}, false
}

// Names of the columns of a glossary besides its languages.
const (
	noteColumn    = "note"
	writerColumn  = "written by"
	checkerColumn = "checked by"
	checkedColumn = "checked on"
)

func kindOf(languages []string) table.Kind {
	k := table.Kind{Of: "a glossary of this line", MaxRows: MaxTerms}
	for _, l := range languages {
		k.Columns = append(k.Columns, table.Column{Name: l})
	}
	for _, name := range []string{noteColumn, writerColumn, checkerColumn, checkedColumn} {
		k.Columns = append(k.Columns, table.Column{Name: name})
	}
	return k
}

// Columns are those of a table of terms: the languages of the line and a note. Those
// with which one is written besides are passed over: who checks says so here.
func Columns(languages []string) []string {
	return append(slices.Clone(languages), noteColumn)
}

// ReadCSV reads terms from a table (see table.Read). Nothing is taken of one that has
// a fault: the error is Malformed or Oversize and names the line.
func ReadCSV(r io.Reader, languages []string) (out []Term, _ error) {
	rows, err := table.Read(r, kindOf(languages))
	if err != nil {
		return nil, err
	}
	for _, x := range rows {
		t := Term{Note: table.Plain(x.Cells[noteColumn])}
		for _, l := range languages {
			if s := table.Plain(x.Cells[l]); s != "" {
				t.Words = append(t.Words, Word{l, s})
			}
		}
		if err := t.Check(languages); err != nil {
			return nil, parley.Errorf(parley.Malformed, "line %d: %v", x.Line, err)
		}
		for j := range out {
			if t.Same(&out[j]) {
				return nil, parley.Errorf(parley.Malformed, "line %d says what line %d says", x.Line, rows[j].Line)
			}
			if w, ok := t.Clash(&out[j]); ok {
				return nil, parley.Errorf(parley.Malformed, "line %d: %q (%s) is called something else in line %d", x.Line, w.Text, w.Language, rows[j].Line)
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// An Entry is a term with who wrote it and who checked it.
type Entry struct {
	Term
	Writer, Checker string
	Checked         time.Time // zero: nobody has
}

// WriteCSV writes terms as ReadCSV reads them.
func WriteCSV(w io.Writer, languages []string, terms []Entry) error {
	var rows [][]string
	for _, t := range terms {
		var row []string
		for _, l := range languages {
			row = append(row, t.In(l))
		}
		on := ""
		if !t.Checked.IsZero() {
			on = t.Checked.UTC().Format(time.DateOnly)
		}
		rows = append(rows, append(row, t.Note, t.Writer, t.Checker, on))
	}
	return table.Write(w, append(Columns(languages), writerColumn, checkerColumn, checkedColumn), rows)
}
