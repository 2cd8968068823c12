package main

import (
	"fmt"
	"io"

	"parley"
)

type citeCmd struct {
	Line   string `arg:"" optional:"" help:"Line to cite; with --check, line on which the entry stands. Without it: the only one."`
	Check  string `placeholder:"ENTRY" help:"Read the citation in this entry, as generation:index, and hold it to our own record of the line that it cites."`
	Output string `short:"o" type:"path" placeholder:"FILE" help:"File to write. Without it: standard output."`
}

func (citeCmd) Help() string {
	return `Nobody joins a line. When somebody is to, all found a new one, which says in its first dispatch which line it goes on from: this writes that text, with the hash of the founding, and the size and root of each log as they are held here now.

With --check it reads the text in an entry. A station that has the cited line compares every log with its own disk: exit code 6 when it is not so, and shows which logs of that line it says nothing of. A station that joins cannot tell; it learns under which founding to verify the proof files it is given of older entries.

Examples:

    parley cite 6f0e19c2 -o citation
    parley --as "Amb Hale" send 93ab40c1 --to birch/envoy --to cedar/envoy -m information -s "The line before" -t citation --release
    parley cite 93ab40c1 --check 0c77a1d9e3b25f64:2`
}

// Run cites, or checks a citation.
func (c citeCmd) Run(s *session) error {
	if c.Check != "" && c.Output != "" {
		return usagef("choose one", "--check writes no file")
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	if c.Check == "" {
		text, err := s.station().Cite(s.ctx, l.Key)
		if err != nil {
			return err
		}
		if err := s.write(c.Output, []byte(text)); err != nil {
			return err
		}
		return s.wrote(c.Output, int64(len(text)))
	}
	i, err := s.station().Open(s.ctx, l.Key, c.Check)
	if err != nil {
		return err
	}
	v, err := s.station().CheckCitation(s.ctx, i.Text)
	if k := parley.KindOf(err); k == parley.BadProof || k == parley.WrongLine {
		return fmt.Errorf("the citation is false by our own record: %w", err)
	}
	if err != nil {
		return err
	}
	return s.show(v, func(w io.Writer) {
		pairs(w, "goes on from", v.Line, "founding", v.Founding)
		var rows [][]string
		for _, g := range v.Logs {
			held := "as it is held here"
			if !g.Held {
				held = "not held here"
			}
			rows = append(rows, []string{"  " + g.Party, g.Gen, plural(int(g.Size), "entry", "entries"), held})
		}
		for _, g := range v.Omitted {
			rows = append(rows, []string{"  " + g.Party, g.Gen, plural(int(g.Size), "entry", "entries") + " here", "NOT CITED"})
		}
		table(w, rows)
		if len(v.Omitted) > 0 {
			fmt.Fprintln(w, "It says nothing of the logs marked NOT CITED: they began later, or it leaves them out.")
		}
		switch {
		case !v.Ours:
			fmt.Fprintln(w, "This station does not have that line: nobody can tell from here, not even whether it leaves logs out. Verify proof files of it with this founding.")
		case v.Undecidable:
			fmt.Fprintln(w, "Less is held here than it cites: nobody can tell from here yet. The rest is as it says.")
		default:
			fmt.Fprintln(w, "It is so by our own record.")
		}
	})
}
