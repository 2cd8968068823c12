package contact

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"

	"parley/internal/table"
)

// registerTable is a register as a table, its columns in the order in which they are
// written.
var registerTable = table.Kind{Of: "a register", MaxRows: 10_000, Columns: []table.Column{
	{Name: "date", Must: true}, {Name: "level", Must: true}, {Name: "medium", Must: true}, {Name: "ours", Must: true}, {Name: "theirs", Must: true}, {Name: "asked"}, {Name: "minutes"},
	{Name: "topics"}, {Name: "place"}, {Name: "source", Must: true}, {Name: "began"}, {Name: "next"},
}}

// Columns are the names of a register's columns, as its first line has them.
func Columns() []string { return registerTable.Names() }

// ReadCSV reads rows of the register from a table (see table.Read). Topics stand in
// one column, a vertical bar between two. Nothing is taken of a table that has a
// fault: the error is Malformed or Oversize and names the line.
func ReadCSV(r io.Reader) (out []Row, _ error) {
	rows, err := table.Read(r, registerTable)
	if err != nil {
		return nil, err
	}
	for _, x := range rows {
		row, err := readRow(x.Cells)
		if err != nil {
			return nil, parley.Errorf(parley.Malformed, "line %d: %v", x.Line, err)
		}
		out = append(out, row)
	}
	return out, nil
}

func readRow(cells map[string]string) (r Row, err error) {
	cell := func(name string) string { return cells[name] }
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
	var out [][]string
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
			cells[i] = plain(s)
		}
		out = append(out, cells)
	}
	return table.Write(w, append(Columns(), "entered by", "entry", "confirmed by", "disputed by"), out)
}
