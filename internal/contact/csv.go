package contact

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parley"
)

// Bounds of a file that is imported.
const (
	maxTable     = 4 << 20 // bytes
	maxTableRows = 10_000
)

// columns of a register as a table, in the order in which it is written. Those
// marked must have a value in every row.
var columns = []struct {
	name string
	must bool
}{
	{"date", true}, {"level", true}, {"medium", true}, {"ours", true}, {"theirs", true}, {"asked", false}, {"minutes", false},
	{"topics", false}, {"place", false}, {"source", true}, {"began", false}, {"next", false},
}

// Columns are the names of a register's columns, as its first line has them.
func Columns() (names []string) {
	for _, c := range columns {
		names = append(names, c.name)
	}
	return names
}

// ReadCSV reads rows of the register from a table in UTF-8, with commas,
// semicolons or tabs between the columns and their names in the first line, in
// any order. Topics stand in one column, a vertical bar between two. Nothing is
// taken of a table that has a fault: the error is Malformed or Oversize and names
// line and column.
func ReadCSV(r io.Reader) ([]Row, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxTable+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > maxTable:
		return nil, parley.Errorf(parley.Oversize, "the table is larger than %d MiB", maxTable>>20).WithHint("import it in parts")
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		return nil, parley.Errorf(parley.Malformed, "the table is in UTF-16").WithHint("save it as CSV UTF-8")
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		return nil, parley.Errorf(parley.Malformed, "line %d of the table is not UTF-8", 1+bytes.Count(b[:invalidAt(b)], []byte("\n"))).WithHint("save it as CSV UTF-8")
	}
	return readTable(b)
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

func readTable(b []byte) ([]Row, error) {
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
		return nil, tableError(err)
	}
	at, err := readHead(head)
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
			return nil, tableError(err)
		}
		line, _ := in.FieldPos(0)
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		row, err := readRow(cells, at)
		if err != nil {
			return nil, parley.Errorf(parley.Malformed, "line %d: %v", line, err)
		}
		key := strings.Join(cells, "\x00")
		if before := seen[key]; before > 0 {
			return nil, parley.Errorf(parley.Malformed, "line %d is line %d again", line, before)
		}
		if seen[key] = line; len(out) == maxTableRows {
			return nil, parley.Errorf(parley.Oversize, "more than %d rows", maxTableRows).WithHint("import them in parts")
		}
		out = append(out, row)
	}
	if len(out) == 0 {
		return nil, parley.Errorf(parley.Malformed, "the table has no rows")
	}
	return out, nil
}

func tableError(err error) error {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return parley.Errorf(parley.Malformed, "the table is empty").WithHint("the first line names the columns: %s", strings.Join(Columns(), ","))
	case errors.As(err, &bad) && errors.Is(bad.Err, csv.ErrFieldCount):
		return parley.Errorf(parley.Malformed, "line %d has another number of columns than the first", bad.StartLine)
	case errors.As(err, &bad):
		return parley.Errorf(parley.Malformed, "line %d, column %d: %v", bad.Line, bad.Column, bad.Err)
	}
	return err
}

// readHead finds the columns.
func readHead(head []string) (at map[string]int, err error) {
	at = map[string]int{}
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(Columns(), name) {
			return nil, parley.Errorf(parley.Malformed, "column %d is called %q, which is no column of a register", i+1, name).WithHint("the columns are %s", strings.Join(Columns(), ", "))
		}
		if _, twice := at[name]; twice {
			return nil, parley.Errorf(parley.Malformed, "the column %s stands twice", name)
		}
		at[name] = i
	}
	for _, c := range columns {
		if _, ok := at[c.name]; c.must && !ok {
			return nil, parley.Errorf(parley.Malformed, "the column %s is missing", c.name).WithHint("the columns are %s", strings.Join(Columns(), ", "))
		}
	}
	return at, nil
}

func readRow(cells []string, at map[string]int) (r Row, err error) {
	cell := func(name string) string {
		if i, ok := at[name]; ok {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	for _, c := range columns {
		if c.must && cell(c.name) == "" {
			return r, fmt.Errorf("the column %s is empty", c.name)
		}
	}
	r = Row{Date: cell("date"), Ours: cell("ours"), Theirs: cell("theirs"), Asked: cell("asked"), Place: cell("place"), Source: cell("source"), Next: cell("next")}
	if r.Level, err = ParseLevel(strings.ToLower(cell("level"))); err != nil {
		return r, err
	}
	if r.Medium, err = ParseMedium(strings.ToLower(cell("medium"))); err != nil {
		return r, err
	}
	if s := cell("minutes"); s != "" {
		if r.Minutes, err = strconv.ParseUint(s, 10, 16); err != nil {
			return r, fmt.Errorf("%q minutes is no whole number", s)
		}
	}
	for _, s := range strings.Split(cell("topics"), "|") {
		if s = strings.TrimSpace(s); s != "" {
			r.Topics = append(r.Topics, s)
		}
	}
	if s := cell("began"); s != "" {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil || t.Unix() <= 0 {
			return r, fmt.Errorf("%q is no time such as 2024-04-02T14:00:00Z", s)
		}
		r.Began = uint64(t.Unix())
	}
	return r, r.check()
}

// Registers puts rows into as few entries as hold them.
func Registers(rows []Row) (out []*Register) {
	for part := range slices.Chunk(rows, maxRows) {
		out = append(out, &Register{Phase: Enter, Rows: part})
	}
	return out
}

// WriteCSV writes rows of the register as ReadCSV reads them, with who said so
// and what the others say of it. A cell that a spreadsheet would take for a
// formula begins with an apostrophe.
func WriteCSV(w io.Writer, rows []*Held) error {
	out := csv.NewWriter(w)
	if err := out.Write(append(Columns(), "entered by", "entry", "confirmed by", "disputed by")); err != nil {
		return err
	}
	for _, h := range rows {
		r := h.Row
		minutes, began := "", ""
		if r.Minutes > 0 {
			minutes = strconv.FormatUint(r.Minutes, 10)
		}
		if r.Began > 0 {
			began = time.Unix(int64(r.Began), 0).UTC().Format(time.RFC3339)
		}
		var disputed []string
		for _, e := range h.Disputed {
			disputed = append(disputed, string(e.Party))
		}
		cells := []string{r.Date, r.Level.String(), r.Medium.String(), r.Ours, r.Theirs, r.Asked, minutes, strings.Join(r.Topics, " | "), r.Place, r.Source, began, r.Next,
			string(h.Party), fmt.Sprintf("%s row %d", h.Ref, h.Number), parties(h.Confirmed), strings.Join(disputed, " and ")}
		for i, s := range cells {
			if s = plain(s); s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
				s = "'" + s
			}
			cells[i] = s
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
