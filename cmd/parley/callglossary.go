package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"parley"
	"parley/internal/control"
	"parley/internal/station"
)

type callGlossaryCmd struct {
	List   glossaryListCmd   `cmd:"" help:"Show the terms of a line, and who checked them."`
	Add    glossaryAddCmd    `cmd:"" help:"Add a term."`
	Check  glossaryCheckCmd  `cmd:"" help:"Say that a term was checked."`
	Remove glossaryRemoveCmd `cmd:"" help:"Take a term out."`
	Import glossaryImportCmd `cmd:"" help:"Add the terms of a table."`
	Table  glossaryTableCmd  `cmd:"" help:"Write the glossary as a table."`
}

func (callGlossaryCmd) Help() string {
	return `What terms are called in each language of the line: beside every interpreter of our side on a call. Another than who wrote a term checks it. Our side only.

Examples:

    parley --as "Chen" call glossary add --word en=barge --word zh=驳船
    parley --as "Li" call glossary check 3
    parley call glossary list`
}

type glossaryListCmd struct{ callLine }

func (glossaryListCmd) Help() string {
	return `Examples:

    parley call glossary list
    parley call glossary list --json`
}

// Run lists.
func (c glossaryListCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	list, err := s.station().Glossary(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "The glossary is empty. Add a term: parley call glossary add --help")
			return
		}
		rows := [][]string{{"NR", "TERM", "WRITTEN BY", "CHECKED BY", "NOTE"}}
		for _, t := range list {
			var words []string
			for _, x := range t.Words {
				words = append(words, x.Language+" "+clean(x.Text))
			}
			checked := "NOBODY YET"
			if t.Checker != "" {
				checked = clean(t.Checker) + ", " + stamp(t.Checked)
			}
			rows = append(rows, []string{strconv.FormatInt(t.ID, 10), strings.Join(words, " = "), clean(t.By), checked, clean(t.Note)})
		}
		table(w, rows)
	})
}

// gloss does an act of an officer beside interpreters, and says what is so now.
func (c callLine) gloss(s *session, act string, in control.GlossAct, now string) error {
	l, err := c.officers(s)
	if err != nil {
		return err
	}
	in.Line = l.Key
	if err := s.station().Gloss(s.ctx, act, in); err != nil {
		return err
	}
	return s.show(map[string]string{"done": act}, func(w io.Writer) { fmt.Fprintln(w, now) })
}

type glossaryAddCmd struct {
	callLine
	Word []string `required:"" sep:"none" placeholder:"LANGUAGE=TERM" help:"The term in one language; once for each language of the line."`
	Note string   `help:"A remark for who interprets."`
}

func (glossaryAddCmd) Help() string {
	return `Examples:

    parley --as "Chen" call glossary add --word en=barge --word zh=驳船 --note "flat, without engine"`
}

// Run adds.
func (c glossaryAddCmd) Run(s *session) error {
	words, err := saidTexts(c.Word, `--word en=barge`)
	if err != nil {
		return err
	}
	return c.gloss(s, "glossary.add", control.GlossAct{Words: words, Text: c.Note}, "Added, and checked by nobody yet.")
}

// saidTexts reads LANGUAGE=TEXT.
func saidTexts(in []string, example string) (out []station.SaidText, _ error) {
	for _, x := range in {
		tongue, text, ok := strings.Cut(x, "=")
		if !ok || tongue == "" || text == "" {
			return nil, usagef("LANGUAGE=TEXT, for example "+example, "%q says no language", x)
		}
		out = append(out, station.SaidText{Language: tongue, Text: text})
	}
	return out, nil
}

// termMeant is one term, by its number.
type termMeant struct {
	Nr int64 `arg:"" help:"Its number; see parley call glossary list."`
	callLine
}

type glossaryCheckCmd struct{ termMeant }

func (glossaryCheckCmd) Help() string {
	return `An interpreter or translator may, and not who wrote it.

Examples:

    parley --as "Li" call glossary check 3`
}

// Run checks.
func (c glossaryCheckCmd) Run(s *session) error {
	return c.gloss(s, "glossary.check", control.GlossAct{ID: c.Nr}, "Checked.")
}

type glossaryRemoveCmd struct{ termMeant }

func (glossaryRemoveCmd) Help() string {
	return `Examples:

    parley --as "Li" call glossary remove 3`
}

// Run removes.
func (c glossaryRemoveCmd) Run(s *session) error {
	return c.gloss(s, "glossary.remove", control.GlossAct{ID: c.Nr}, "Taken out.")
}

type glossaryImportCmd struct {
	Table string `arg:"" type:"path" help:"CSV file in UTF-8; - is standard input."`
	callLine
}

func (glossaryImportCmd) Help() string {
	return `The first line names the columns, in any order: the tag of each language of the line, and note. Nothing is added of a table that has a fault, or that calls a word something else than the glossary does; what is there already is passed over. Who checked a term is not taken over: that is said here.

Examples:

    parley --as "Chen" call glossary import terms.csv`
}

// Run imports.
func (c glossaryImportCmd) Run(s *session) error {
	l, err := c.officers(s)
	if err != nil {
		return err
	}
	b, err := s.wholeInput(c.Table)
	if err != nil {
		return err
	}
	n, err := s.station().ImportTerms(s.ctx, l.Key, string(b))
	if err != nil {
		return err
	}
	return s.show(map[string]int{"added": n}, func(w io.Writer) {
		fmt.Fprintf(w, "%s added, and checked by nobody yet.\n", plural(n, "term", "terms"))
	})
}

// wholeInput reads a small file, or standard input for "-".
func (s *session) wholeInput(path string) ([]byte, error) {
	if path != "-" {
		return readSmall("reading the table", path)
	}
	b, err := io.ReadAll(io.LimitReader(s.in, maxSmallFile+1))
	switch {
	case err != nil:
		return nil, fileError("reading", os.Stdin.Name(), err)
	case len(b) > maxSmallFile:
		return nil, parley.Errorf(parley.Oversize, "the input is over %s", size(maxSmallFile))
	}
	return b, nil
}

type glossaryTableCmd struct {
	callLine
	Output string `short:"o" type:"path" placeholder:"FILE" help:"File to write. Without it: standard output."`
}

func (glossaryTableCmd) Help() string {
	return `CSV in UTF-8 that parley call glossary import reads; who wrote and who checked each term stands in it.

Examples:

    parley call glossary table -o terms.csv`
}

// Run writes it.
func (c glossaryTableCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	t, err := s.station().GlossaryTable(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.writeText(c.Output, []byte(t))
}

type callScriptCmd struct {
	List   scriptListCmd   `cmd:"" help:"Show the script of a line."`
	Pass   scriptPassCmd   `cmd:"" help:"Pass a piece of it to our interpreters."`
	Remove scriptRemoveCmd `cmd:"" help:"Take a piece out, or all of it."`
}

func (callScriptCmd) Help() string {
	return `What our side means to say on the call that runs, or on the next: speaking points, piece by piece, beside every interpreter of our side. Our side only; it stays until it is taken out.

Examples:

    parley --as "Amb Hale" call script pass "First the corridor: open at all hours."
    parley --as "Amb Hale" call script remove --all`
}

type scriptListCmd struct{ callLine }

func (scriptListCmd) Help() string {
	return `Reading it is audited.

Examples:

    parley --as "Amb Hale" call script list`
}

// Run lists.
func (c scriptListCmd) Run(s *session) error {
	l, err := c.officers(s)
	if err != nil {
		return err
	}
	list, err := s.station().Script(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "There is none. Pass a piece: parley call script pass --help")
		}
		for _, x := range list {
			fmt.Fprintf(w, "%d  %s  %s\n", x.ID, stamp(x.At), clean(x.By))
			for _, line := range strings.Split(x.Text, "\n") {
				fmt.Fprintf(w, "   %s\n", clean(line))
			}
		}
	})
}

type scriptPassCmd struct {
	Text string `arg:"" help:"The piece; - reads it from standard input."`
	callLine
}

func (scriptPassCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" call script pass "First the corridor: open at all hours."
    parley --as "Amb Hale" call script pass - < points.txt`
}

// Run passes it.
func (c scriptPassCmd) Run(s *session) error {
	if c.Text == "-" {
		b, err := s.wholeInput("-")
		if err != nil {
			return err
		}
		c.Text = strings.TrimRight(string(b), "\r\n")
	}
	return c.gloss(s, "script.pass", control.GlossAct{Text: c.Text}, "Passed. "+parley.OurSideOnly.String()+".")
}

type scriptRemoveCmd struct {
	Nr int64 `arg:"" optional:"" help:"Its number; see parley call script list."`
	callLine
	All bool `help:"All of it."`
}

func (scriptRemoveCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" call script remove 2
    parley --as "Amb Hale" call script remove --all`
}

// Run removes.
func (c scriptRemoveCmd) Run(s *session) error {
	if c.All == (c.Nr != 0) {
		return usagef("for example: parley call script remove 2", "say which piece, or --all")
	}
	return c.gloss(s, "script.remove", control.GlossAct{ID: c.Nr}, "Taken out.")
}
