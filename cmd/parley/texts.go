package main

import (
	"fmt"
	"io"
	"strings"

	"parley"
)

type translationTextsCmd struct {
	Line string   `arg:"" optional:"" help:"Line: its id, or the other side's code or name. Without it: the only one."`
	Use  []string `placeholder:"TEXT" help:"Let the tests of this station use these texts and no others, as test:0,test:2; on every line. An administrator decides it."`
}

func (translationTextsCmd) Help() string {
	return `A line test carries one of these texts. The list is approved by both sides with the protocol: it cannot be changed here. Each is translated too, so that scripts and people stay in practice; the translations are our side only, and shown by translation list.

Examples:

    parley translation texts
    parley translation texts birch --json
    parley --as "Ms Vale" translation texts --use test:0,test:2
    parley --as Chen translation add test:1 -l zh -t snow.txt`
}

// Run chooses, where texts are named, and lists.
func (c translationTextsCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	if len(c.Use) > 0 {
		if err := s.officer("choosing test texts"); err != nil {
			return err
		}
		if err := s.station().UseTestTexts(s.ctx, c.Use); err != nil {
			return err
		}
	}
	list, err := s.station().TestTexts(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		fmt.Fprintln(w, strings.ToUpper(parley.OurSideOnly.String()))
		rows := [][]string{{"TEXT", "USED BY US", "TRANSLATED", "WORDS"}}
		for _, t := range list {
			used, in := "yes", []string{}
			if !t.Used {
				used = "no"
			}
			for _, x := range t.Translations {
				in = append(in, x.Language+" ("+x.State+")")
			}
			if len(in) == 0 {
				in = []string{"not yet"}
			}
			rows = append(rows, []string{t.ID, used, strings.Join(in, ", "), t.Text})
		}
		table(w, rows)
	})
}
