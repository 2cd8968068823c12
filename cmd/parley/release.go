package main

import (
	"fmt"
	"io"
	"strings"

	"parley"
	"parley/internal/station"
)

type releaseCmd struct {
	Draft      int64  `arg:"" optional:"" help:"Draft to release. Without it: list what waits."`
	Precedence string `short:"p" help:"Confirm the precedence here and ask nobody."`
	Return     string `placeholder:"NOTE" help:"Give it back to its drafter with this note."`
	Discard    bool   `help:"Throw the draft away."`
}

func (releaseCmd) Help() string {
	return `Shows exactly what will be signed, asks for the precedence, and releases. The releasing officer types the precedence to confirm it; in a script --precedence says it. What is released can be disregarded later, never taken back.

Examples:

    parley --as "Amb Hale" release
    parley --as "Amb Hale" release 7
    parley --as "Amb Hale" release 7 --precedence flash
    parley --as "Amb Hale" release 7 --return "Add the position."`
}

// Run lists, releases, returns or discards.
func (c releaseCmd) Run(s *session) error {
	if c.Draft == 0 {
		return c.list(s)
	}
	if err := s.officer("releasing"); err != nil {
		return err
	}
	switch {
	case c.Discard && c.Return != "":
		return usagef("choose one", "--discard and --return contradict each other")
	case c.Discard:
		if err := s.station().Discard(s.ctx, c.Draft); err != nil {
			return err
		}
		s.say("draft %d is thrown away", c.Draft)
		return nil
	case c.Return != "":
		d, err := s.station().Return(s.ctx, c.Draft, c.Return)
		if err != nil {
			return err
		}
		return s.show(d, func(w io.Writer) { fmt.Fprintf(w, "draft %d is back with %s\n", d.ID, clean(d.Drafter)) })
	}
	return c.release(s)
}

func (c releaseCmd) list(s *session) error {
	ds, err := s.station().Drafts(s.ctx)
	if err != nil {
		return err
	}
	return s.show(ds, func(w io.Writer) {
		fmt.Fprintln(w, "OUR SIDE ONLY")
		rows := [][]string{{"DRAFT", "STATE", "PRECEDENCE", "TO", "SUBJECT", "DRAFTER", "NOTE"}}
		for _, d := range ds {
			if d.State == "released" || d.State == "discarded" {
				continue
			}
			rows = append(rows, []string{fmt.Sprint(d.ID), d.State, d.Precedence, strings.Join(d.To, " "), drill(d.Exercise) + d.Subject, d.Drafter, d.Note})
		}
		if len(rows) == 1 {
			fmt.Fprintln(w, "No draft waits.")
			return
		}
		table(w, rows)
	})
}

func (c releaseCmd) release(s *session) error {
	d, err := s.station().Draft(s.ctx, c.Draft)
	if err != nil {
		return err
	}
	p, err := c.confirmed(s, d)
	if err != nil {
		return err
	}
	id, err := s.station().Release(s.ctx, d.ID, d.Version, p.String())
	if err != nil {
		return err
	}
	d.State, d.Entry = "released", id
	return s.show(sent{d, id}, func(w io.Writer) { fmt.Fprintf(w, "%sreleased %s as %s\n", drill(d.Exercise), p, id) })
}

// confirmed is the precedence the officer confirms, in the command or when
// asked.
func (c releaseCmd) confirmed(s *session, d station.Draft) (parley.Precedence, error) {
	if c.Precedence != "" {
		p, err := parley.ParsePrecedence(c.Precedence)
		if err != nil {
			err = usagef("for example: --precedence flash; nothing was released", "%v", err)
		}
		return p, err
	}
	said, err := c.confirm(s, d)
	if err != nil {
		return 0, err
	}
	p, err := parley.ParsePrecedence(said)
	if err != nil {
		return 0, parley.Errorf(parley.NotAllowed, "draft %d was not released: %q is not its precedence", d.ID, said)
	}
	return p, nil
}

// confirm shows what will be signed and asks for the precedence.
func (c releaseCmd) confirm(s *session, d station.Draft) (string, error) {
	i, err := s.station().Preview(s.ctx, d.ID)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(s.err, "THIS WILL BE SIGNED. Drafted by %s.\n\n", clean(d.Drafter))
	dispatch(s.err, i)
	return s.ask("\nType the precedence to release it, anything else not to: ", "confirm it in the command: --precedence "+strings.ToLower(d.Precedence))
}
