// Package table reads tables that people and spreadsheets make, and writes such that
// a spreadsheet opens as text. Nothing is taken of a table that has a fault, and the
// fault is said with its line.
package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"parley"
)

// MaxBytes bounds a table that is read.
const MaxBytes = 4 << 20

// A Column of a table. One that must is there, with a value in every row.
type Column struct {
	Name string
	Must bool
}

// A Kind is what a table is expected to be.
type Kind struct {
	Of      string // "a register": what a column that is none is no column of
	Columns []Column
	MaxRows int
}

// A Row is one row: its line in the file, and its cells by the name of their column,
// without blanks around.
type Row struct {
	Line  int
	Cells map[string]string
}

// Names are those of the columns.
func (k Kind) Names() (names []string) {
	for _, c := range k.Columns {
		names = append(names, c.Name)
	}
	return names
}

// Read reads rows in UTF-8, with commas, semicolons or tabs between the columns and
// their names in the first line, in any order. The error is Malformed or Oversize and
// names the line.
func Read(r io.Reader, k Kind) ([]Row, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > MaxBytes:
		return nil, parley.Errorf(parley.Oversize, "the table is larger than %d MiB", MaxBytes>>20).WithHint("import it in parts")
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		return nil, parley.Errorf(parley.Malformed, "the table is in UTF-16").WithHint("save it as CSV UTF-8")
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		return nil, parley.Errorf(parley.Malformed, "line %d of the table is not UTF-8", 1+bytes.Count(b[:invalidAt(b)], []byte("\n"))).WithHint("save it as CSV UTF-8")
	}
	return k.rows(b)
}

func invalidAt(b []byte) (at int) {
	for at < len(b) {
		r, n := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && n <= 1 {
			break
		}
		at += n
	}
	return at
}

func (k Kind) rows(b []byte) ([]Row, error) {
	first, _, _ := bytes.Cut(b, []byte("\n"))
	in := csv.NewReader(bytes.NewReader(b))
	for _, c := range ",;\t" {
		if bytes.ContainsRune(first, c) {
			in.Comma = c
			break
		}
	}
	head, err := in.Read()
	if err != nil {
		return nil, k.fault(err)
	}
	at, err := k.head(head)
	if err != nil {
		return nil, err
	}
	var out []Row
	seen := map[string]int{}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, k.fault(err)
		}
		line, _ := in.FieldPos(0)
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		row := Row{line, map[string]string{}}
		for name, i := range at {
			row.Cells[name] = strings.TrimSpace(cells[i])
		}
		for _, c := range k.Columns {
			if c.Must && row.Cells[c.Name] == "" {
				return nil, parley.Errorf(parley.Malformed, "line %d: the column %s is empty", line, c.Name)
			}
		}
		key := strings.Join(cells, "\x00")
		if before := seen[key]; before > 0 {
			return nil, parley.Errorf(parley.Malformed, "line %d is line %d again", line, before)
		}
		if seen[key] = line; len(out) == k.MaxRows {
			return nil, parley.Errorf(parley.Oversize, "more than %d rows", k.MaxRows).WithHint("import them in parts")
		}
		out = append(out, row)
	}
	if len(out) == 0 {
		return nil, parley.Errorf(parley.Malformed, "the table has no rows")
	}
	return out, nil
}

func (k Kind) fault(err error) error {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return parley.Errorf(parley.Malformed, "the table is empty").WithHint("the first line names the columns: %s", strings.Join(k.Names(), ","))
	case errors.As(err, &bad) && errors.Is(bad.Err, csv.ErrFieldCount):
		return parley.Errorf(parley.Malformed, "line %d has another number of columns than the first", bad.StartLine)
	case errors.As(err, &bad):
		return parley.Errorf(parley.Malformed, "line %d, column %d: %v", bad.Line, bad.Column, bad.Err)
	}
	return err
}

// head finds the columns.
func (k Kind) head(head []string) (at map[string]int, err error) {
	at = map[string]int{}
	names := k.Names()
	for i, name := range head {
		name = strings.TrimSpace(name)
		j := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
		if j < 0 {
			return nil, parley.Errorf(parley.Malformed, "column %d is called %q, which is no column of %s", i+1, name, k.Of).WithHint("the columns are %s", strings.Join(names, ", "))
		}
		if _, twice := at[names[j]]; twice {
			return nil, parley.Errorf(parley.Malformed, "the column %s stands twice", names[j])
		}
		at[names[j]] = i
	}
	for _, c := range k.Columns {
		if _, ok := at[c.Name]; c.Must && !ok {
			return nil, parley.Errorf(parley.Malformed, "the column %s is missing", c.Name).WithHint("the columns are %s", strings.Join(names, ", "))
		}
	}
	return at, nil
}

// formula are the characters with which a spreadsheet begins one, and blank those that
// may stand before them, and still it is one.
const (
	formula = "=+-@|%＝＋－＠"
	blank   = " \t\n\r\u00a0\u3000\"'"
)

// begins are the places of a cell before which an apostrophe makes what follows no
// formula: where the cell begins, and besides after each semicolon, tab and line end.
// Where a comma stands in decimal numbers a spreadsheet divides a row at semicolons, and
// at a line end whatever is quoted; others divide at all of these. A dash alone is
// none.
func begins(s string) (at []int) {
	if s == "-" {
		return nil
	}
	open := true
	for i, r := range s {
		switch {
		case strings.ContainsRune(";\t\n\r", r):
			open = true
		case open && strings.ContainsRune(formula, r):
			at = append(at, i)
			open = false
		case !strings.ContainsRune(blank, r):
			open = false
		}
	}
	return at
}

// Inert returns a cell in which no spreadsheet finds a formula, in whatever country it
// was made, and which says the same to people.
func Inert(cell string) string {
	var b strings.Builder
	from := 0
	for _, i := range begins(cell) {
		b.WriteString(cell[from:i] + "'")
		from = i
	}
	return b.String() + cell[from:]
}

// Plain is a cell without the apostrophes that Inert put into it.
func Plain(cell string) string {
	var b strings.Builder
	from := 0
	for _, i := range begins(cell) {
		if i > from && cell[i-1] == '\'' {
			b.WriteString(cell[from : i-1])
			from = i
		}
	}
	return b.String() + cell[from:]
}

// Write writes a table of cells that are Inert.
func Write(w io.Writer, head []string, rows [][]string) error {
	out := csv.NewWriter(w)
	if err := out.Write(head); err != nil {
		return err
	}
	for _, cells := range rows {
		inert := make([]string, len(cells))
		for i, s := range cells {
			inert[i] = Inert(s)
		}
		if err := out.Write(inert); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
