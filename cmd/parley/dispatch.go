package main

import (
	"fmt"
	"io"
	"strings"

	"parley"
	"parley/internal/station"
)

// dispatch prints one entry as a formal message, its class first.
func dispatch(w io.Writer, i station.Item) {
	fmt.Fprintln(w, strings.ToUpper(parley.OnTheRecord.String()))
	if m := marks(i); m != "" {
		fmt.Fprintln(w, oneLine(m))
	}
	serial := ""
	if i.Serial > 0 {
		serial = fmt.Sprintf("%04d", i.Serial)
	}
	rows := []string{"FROM", i.FromText, "TO", strings.Join(i.To, ", "), "INFO", strings.Join(i.Info, ", "), "PRECEDENCE", i.PrecedenceText,
		"MARKER", i.MarkerText, "DTG", i.DTG, "NR", serial, "RE", strings.Join(i.Refs, ", "), "SUBJECT", i.Subject, "LANGUAGE", i.Language,
		"LEGAL REF", i.Legal, "RELEASABLE", i.Releasability}
	for _, f := range i.Fields {
		rows = append(rows, strings.ToUpper(f.Name), f.Value)
	}
	pairs(w, append(rows, "ENTRY", i.ID)...)
	if i.Text != "" || i.Form == "dispatch" {
		fmt.Fprintf(w, "\n%s\n", quoted(i.Text))
	}
	for _, a := range i.Attachments {
		held := "whole"
		if !a.Held {
			held = fmt.Sprintf("%s here so far", size(a.Bytes))
		}
		if a.Acts() {
			held += ", MAY ACT WHEN OPENED"
		}
		fmt.Fprintf(w, "ATTACHED  %s, %s, %s, %s\n", oneLine(a.Name), oneLine(a.Type), size(a.Size), held)
	}
	if serial != "" {
		fmt.Fprintf(w, "\nEND OF NR %s\n", serial)
	}
	ladder(w, i)
	for _, x := range i.Witnessed {
		fmt.Fprintf(w, "witnessed by %s at %s\n", oneLine(x.By), stamp(x.At))
	}
	for _, t := range i.Translations {
		by := t.Maker
		if t.Reviewer != "" {
			by += ", reviewed by " + t.Reviewer
		} else {
			by += ", DRAFT, NOT REVIEWED"
		}
		if t.Certifier != "" {
			by += ", certified by " + t.Certifier
		}
		fmt.Fprintf(w, "\nOUR SIDE ONLY: translation (%s) by %s\n%s\n", oneLine(t.Language), oneLine(by), quoted(t.Text))
		for _, d := range t.Disputes {
			how := "open"
			if d.Settled != "" {
				how = "settled by " + d.Closer + ": " + d.Settled
			}
			fmt.Fprintf(w, "DISPUTED WORDS  \"%s\", %s (%s), %s\n", oneLine(d.Words), oneLine(d.Note), oneLine(d.Officer), oneLine(how))
		}
	}
}

// asks reports whether an entry asks for an answer.
func asks(i station.Item) bool {
	return i.MarkerText == parley.Question.String() || i.MarkerText == parley.Request.String()
}

// ladder prints the rungs with their times; one that is not promised and has
// not come says so.
func ladder(w io.Writer, i station.Item) {
	if len(i.Ladder) == 0 {
		return
	}
	fmt.Fprintln(w, "\nLADDER")
	var rows [][]string
	for _, st := range i.Ladder {
		at := "-"
		switch {
		case !st.At.IsZero():
			at = stamp(st.At)
		case !st.Promised && st.Name == parley.Answered.String():
			at = "none asked for"
			if asks(i) {
				at = "no answer yet"
			}
		case !st.Promised:
			at = "not promised"
		}
		rows = append(rows, []string{"  " + st.Name, at, st.By})
	}
	table(w, rows)
}
