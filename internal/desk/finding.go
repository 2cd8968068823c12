package desk

import (
	"encoding/csv"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"parley"
	"parley/internal/find"
	"parley/internal/form"
	"parley/internal/station"
	"parley/internal/table"
)

// excerptRunes is how much of a text is shown around what was found.
const excerptRunes = 60

// lit shows a line of foreign text with what was looked for marked.
func lit(text, query string) template.HTML {
	text = strings.Join(strings.Fields(text), " ")
	return spanned(text, find.NewQuery(query).Spans(text), func(int) (string, string) { return `<mark class="hit">`, "</mark>" })
}

// excerpt is the place of a text where the first of what was looked for stands,
// marked; "" when none does: it stands elsewhere, or the text is not open here.
func excerpt(text, query string) template.HTML {
	spans := find.NewQuery(query).Spans(text)
	if text == "" || len(spans) == 0 {
		return ""
	}
	from, to := spans[0][0], spans[0][1]
	before, after := "", ""
	for n := 0; from > 0 && n < excerptRunes/2; n++ {
		_, w := utf8.DecodeLastRuneInString(text[:from])
		from -= w
	}
	for n := 0; to < len(text) && n < excerptRunes; n++ {
		_, w := utf8.DecodeRuneInString(text[to:])
		to += w
	}
	from, to = wholeWords(text, spans[0], from, to)
	if from > 0 {
		before = "… "
	}
	if to < len(text) {
		after = " …"
	}
	return template.HTML(before) + lit(text[from:to], query) + template.HTML(after)
}

// wholeWords narrows an excerpt that begins or ends within a word, where a space
// is near; texts without spaces stay as they are cut.
func wholeWords(text string, hit [2]int, from, to int) (int, int) {
	if from > 0 {
		if n := strings.IndexAny(text[from:hit[0]], " \n"); n >= 0 && n < 24 {
			from += n + 1
		}
	}
	if to < len(text) {
		if n := strings.LastIndexAny(text[hit[1]:to], " \n"); n >= 0 && to-hit[1]-n < 24 {
			to = hit[1] + n
		}
	}
	return from, to
}

// Excerpt is where in an entry the words stand: its text, where somebody of
// ours has opened it, and our translations.
func (p recordPage) Excerpt(it station.Item) template.HTML {
	if p.Filter.Query == "" {
		return ""
	}
	if x := excerpt(it.Text, p.Filter.Query); x != "" {
		return x
	}
	for _, t := range it.Translations {
		if x := excerpt(t.Text, p.Filter.Query); x != "" {
			return x
		}
	}
	return ""
}

// Count is how many fit, where that is known; else how many the page has.
func (p recordPage) Count() string {
	if p.Page.Total >= 0 {
		return fmt.Sprint(p.Page.Total)
	}
	n := len(p.Page.Settled)
	if n >= pageSize {
		return fmt.Sprintf("%d+", n)
	}
	return fmt.Sprint(n + len(p.Page.Unsettled))
}

// Narrowed reports whether the page shows less than the whole record.
func (p recordPage) Narrowed() bool {
	f := p.Filter
	return f.Query != "" || f.Form != "" || f.Party != "" || f.Office != "" || f.Precedence > 0 || p.Since != "" || p.Until != ""
}

// filterTimes reads the times and the precedence of a filter.
func filterTimes(q url.Values, f *station.Filter) error {
	for _, x := range []struct {
		name string
		set  func(from, to time.Time)
	}{{"since", func(from, _ time.Time) { f.Since = from }}, {"until", func(_, to time.Time) { f.Until = to }}} {
		v := strings.TrimSpace(q.Get(x.name))
		if v == "" {
			continue
		}
		from, to, ok := station.Moment(v)
		if !ok {
			return parley.Errorf(parley.Malformed, "%q is not a date-time group and not a date", shortened(v, 40)).WithHint("for example 231412Z NOV 26, or 2026-11-23")
		}
		x.set(from, to)
	}
	if v := q.Get("precedence"); v != "" {
		p, err := parley.ParsePrecedence(v)
		if err != nil {
			return err
		}
		f.Precedence = p
	}
	return nil
}

func shortened(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// tableURL is the address of a table of the same entries.
func tableURL(q url.Values) string { return "/record.csv?" + q.Encode() }

// tableRows is how many entries a table has at most; the record itself is
// exported whole elsewhere.
const tableRows = 500

// recordTable hands out the entries of a search as a table, for a spreadsheet.
// What stands in it is the other side's words too: no cell is taken for a
// formula, and hidden characters show. Texts that nobody has opened are not in
// it. It is audited as an export.
func (d *desk) recordTable(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.recordPageOf(r, tableRows)
	if err != nil {
		return err
	}
	if p.Line.Key == "" {
		return errHidden
	}
	book := d.bookFor(r)
	f := &frame{Book: book, Party: d.party, Name: d.name, Lines: []station.Line{p.Line}}
	var b strings.Builder
	b.WriteString("\ufeff") // or spreadsheets take it for an old code page
	t := csv.NewWriter(&b)
	t.UseCRLF = true
	var head []string
	for _, k := range []string{"item.position", "item.id", "sheet.dtg", "sheet.from", "sheet.to", "record.form", "sheet.serial", "sheet.precedence", "sheet.marker", "table.subject", "table.text", "table.state"} {
		head = append(head, book.text(k))
	}
	if err := t.Write(head); err != nil {
		return err
	}
	for _, it := range append(p.Page.Settled, p.Page.Unsettled...) {
		if err := t.Write(f.tableRow(it)); err != nil {
			return err
		}
	}
	if t.Flush(); t.Error() != nil {
		return t.Error()
	}
	if err := d.st.NoteExport(r.Context(), s.officer, p.Line.Key, strings.TrimSpace("table "+p.query())); err != nil {
		return err
	}
	sendFile(w, fmt.Sprintf("%s-%s.csv", d.party, p.Line.Key[:min(8, len(p.Line.Key))]), "text/csv; charset=utf-8")
	_, _ = w.Write([]byte(b.String())) // the reader has gone: nobody to tell
	return nil
}

func (f *frame) tableRow(it station.Item) []string {
	pos, from := "-", it.FromText
	if it.Settled {
		pos = fmt.Sprint(it.Position)
	}
	if from == "" {
		from = string(it.Party)
	}
	var state []string
	for _, x := range []struct {
		on  bool
		key string
	}{{it.Exercise != "", "exercise.one"}, {it.Disputed, "row.disputed"}, {it.Disregarded != "", "row.disregarded"}, {it.Unreadable, "row.unreadable"}, {it.NotDelivered, "row.not_delivered"}, {it.ClockDoubt, "row.clock"}, {!it.Settled, "record.unsettled"}} {
		if x.on {
			state = append(state, f.Book.text(x.key))
		}
	}
	row := []string{pos, it.ID, it.DTG, from, strings.Join(it.To, " "), it.Form, nr(it.Serial), it.PrecedenceText, it.MarkerText, it.Subject, it.Text, strings.Join(state, "; ")}
	for i := range row {
		row[i] = cell(row[i])
	}
	return row
}

// cell makes a text safe for a spreadsheet: it holds no formula (table.Inert), and
// hidden characters show by their number.
func cell(s string) string {
	return strings.TrimLeft(table.Inert(form.Visible(strings.ReplaceAll(s, "\r", "\n"))), "\t\n")
}

// query is the filter in one line, for the audit.
func (p recordPage) query() string {
	f := p.Filter
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s %s %s", f.Query, f.Form, f.Party, f.Office, p.Since, p.Until)), " ")
}
