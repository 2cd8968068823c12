package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"parley"
)

// clean makes text from anywhere safe for a terminal: control characters, the
// marks that reorder a line and characters that show nothing are shown by their
// number, except newline and tab. The joiners that scripts need stay.
func clean(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r == unicode.ReplacementChar, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), !unicode.IsGraphic(r) && r != 0x200c && r != 0x200d:
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// quoted is the text of somebody, each line behind a bar, so that none of them
// passes for a line of ours: a stamp, an end, a translation.
func quoted(s string) string {
	return "| " + strings.ReplaceAll(clean(s), "\n", "\n| ")
}

// oneLine is clean without line breaks.
func oneLine(s string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(clean(s))
}

// table prints rows in columns; every cell is cleaned. Empty cells at the end of a
// row are left out, and its last one takes no part in the width of its column.
func table(w io.Writer, rows [][]string) {
	cells, wide := make([][]string, len(rows)), map[int]int{}
	for n, r := range rows {
		for len(r) > 0 && r[len(r)-1] == "" {
			r = r[:len(r)-1]
		}
		for i, c := range r {
			c = oneLine(c)
			cells[n] = append(cells[n], c)
			if i < len(r)-1 {
				wide[i] = max(wide[i], width(c))
			}
		}
	}
	for _, r := range cells {
		for i, c := range r {
			if i < len(r)-1 {
				c += strings.Repeat(" ", wide[i]-width(c)+2)
			}
			io.WriteString(w, c)
		}
		fmt.Fprintln(w)
	}
}

// wideRunes take two columns of a terminal: what Unicode calls East Asian wide or
// fullwidth, by its blocks.
var wideRunes = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0x303e, Stride: 1}, {Lo: 0x3041, Hi: 0xa4cf, Stride: 1}, {Lo: 0xac00, Hi: 0xd7a3, Stride: 1},
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1}, {Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, {Lo: 0xff00, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, {Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1}, {Lo: 0x20000, Hi: 0x3fffd, Stride: 1}},
}

// width is how many columns of a terminal a text takes.
func width(s string) (n int) {
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // they stand on the letter before
		case unicode.Is(wideRunes, r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// pairs prints names and values in two columns, leaving out empty values.
func pairs(w io.Writer, kv ...string) {
	var rows [][]string
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i+1] != "" {
			rows = append(rows, []string{kv[i], kv[i+1]})
		}
	}
	table(w, rows)
}

// stamp is a time for people: "never" when zero, else a date-time group.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return parley.DTG(t)
}

// upcoming is stamp for what is still to come; "" when nobody knows.
func upcoming(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

// span is a duration in at most two units.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour && d%time.Hour < time.Minute:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// size is a number of bytes for people.
func size(n int64) string {
	const k = 1024
	switch {
	case n < k:
		return fmt.Sprintf("%d B", n)
	case n < k*k:
		return fmt.Sprintf("%.1f KiB", float64(n)/k)
	case n < k*k*k:
		return fmt.Sprintf("%.1f MiB", float64(n)/(k*k))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(k*k*k))
}

// plural is "1 entry", "2 entries".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
