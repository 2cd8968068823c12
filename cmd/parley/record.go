package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"parley"
	"parley/internal/station"
)

type recordCmd struct {
	Line   string `arg:"" optional:"" help:"Line: its id, or the other side's code or name. Without it: the only one."`
	Form   string `help:"Only this form, for example dispatch."`
	Party  string `help:"Only what this party wrote."`
	Office string `help:"Only what this office wrote or got."`
	Query  string `short:"q" help:"Words of what an entry says, or of our translations of it; a serial; a date-time group."`
	Least  string `placeholder:"PRECEDENCE" help:"Only this precedence and above."`
	Since  string `placeholder:"TIME" help:"Only what was written at or after this time, as its writer says: 231412Z NOV 26, 2026-11-23 or 2026-11."`
	Until  string `placeholder:"TIME" help:"Only what was written up to this time."`
	All    bool   `short:"a" help:"Show tests, keys and other technical entries too."`
	After  int64  `placeholder:"N" help:"From this position on."`
	Before int64  `placeholder:"N" help:"Up to this position."`
	Limit  int    `short:"n" default:"50" help:"How many at most (500)."`
}

func (recordCmd) Help() string {
	return `Shows the one merged sequence of all parties' logs, the oldest first; of more than the limit, its newest part. What stands above the rule is settled: its position never changes. Below it the order is not yet confirmed by the parties named. Nothing here is opened: read does that.

Examples:

    parley record birch
    parley record -q "fisheries" --form dispatch --json
    parley record -q 飞机 --party birch --since 2026-11
    parley record -a -n 500`
}

// Run shows a page.
func (c recordCmd) Run(s *session) error {
	if c.Limit < 1 || c.Limit > 500 {
		return usagef("for example: -n 50", "a limit of %d is not between 1 and 500", c.Limit)
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	f := station.Filter{Form: c.Form, Party: parley.PartyCode(c.Party), Office: parley.Office(c.Office),
		Query: c.Query, Plain: !c.All, After: c.After, Before: c.Before, Limit: c.Limit}
	if err := c.narrow(&f); err != nil {
		return err
	}
	page, err := s.station().Record(s.ctx, l.Key, f)
	if err != nil {
		return err
	}
	return s.show(page, func(w io.Writer) {
		count := plural(int(page.Total), "entry", "entries")
		if page.Total < 0 {
			count = "what was found"
		}
		fmt.Fprintf(w, "RECORD OF THE LINE TO %s, %s\n", strings.ToUpper(oneLine(l.Name)), count)
		if page.Unsearched > 0 {
			fmt.Fprintf(w, "%s not looked through: the search index is being made, or the words are too common\n", plural(int(page.Unsearched), "older entry was", "older entries were"))
		}
		rows := [][]string{{"POS", "ENTRY", "TIME", "FROM", "FORM", "NR", "PRECEDENCE", "SUBJECT", ""}}
		for _, i := range slices.Backward(page.Settled) { // they come newest first
			rows = append(rows, recordRow(i))
		}
		table(w, rows)
		if len(page.Unsettled) == 0 {
			return
		}
		fmt.Fprintf(w, "---- order not yet confirmed by %s ----\n", oneLine(strings.Join(unconfirmed(page.Unsettled), ", ")))
		rows = nil
		for _, i := range page.Unsettled {
			rows = append(rows, recordRow(i))
		}
		table(w, rows)
	})
}

// narrow reads precedence and times.
func (c recordCmd) narrow(f *station.Filter) error {
	if c.Least != "" {
		p, err := parley.ParsePrecedence(c.Least)
		if err != nil {
			return usagef("for example: --least immediate", "%v", err)
		}
		f.Precedence = p
	}
	for _, t := range []struct{ name, text string }{{"since", c.Since}, {"until", c.Until}} {
		if t.text == "" {
			continue
		}
		from, to, ok := station.Moment(t.text)
		if !ok {
			return usagef("for example: --"+t.name+" \"231412Z NOV 26\", or --"+t.name+" 2026-11-23", "%q is not a date-time group and not a date", t.text)
		}
		if t.name == "since" {
			f.Since = from
		} else {
			f.Until = to
		}
	}
	return nil
}

func recordRow(i station.Item) []string {
	pos, nr := "-", ""
	if i.Position > 0 {
		pos = fmt.Sprint(i.Position)
	}
	if i.Serial > 0 {
		nr = fmt.Sprintf("%04d", i.Serial)
	}
	from := i.FromText
	if from == "" {
		from = string(i.Party)
	}
	return []string{pos, i.ID, i.DTG, from, i.Form, nr, i.PrecedenceText, subjectOf(i), marks(i)}
}

// subjectOf is what an entry is about: its subject, or what an exercise says of
// itself, which is no more than what everything marked with its name shows.
func subjectOf(i station.Item) string {
	if i.Subject != "" || i.Form != "exercise" {
		return i.Subject
	}
	var said []string
	for _, name := range []string{"phase", "name of the exercise", "path of the drill"} {
		for _, f := range i.Fields {
			if f.Name == name && f.Value != "" {
				said = append(said, f.Value)
			}
		}
	}
	return strings.Join(said, " ")
}

// unconfirmed names every party some entry still waits for, once.
func unconfirmed(items []station.Item) []string {
	var names []string
	seen := map[string]bool{}
	for _, i := range items {
		for _, n := range i.Unconfirmed {
			if !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	if len(names) == 0 {
		return []string{"every party"}
	}
	return names
}
