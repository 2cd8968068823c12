package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"parley/internal/station"
)

type readCmd struct {
	Item string `arg:"" optional:"" help:"Entry to open, as generation:index. Without it: list what waits for us."`
	Line string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one; for the list, all."`
	Ack  bool   `help:"Acknowledge it as well: the other side gets the receipt \"opened\"."`
}

func (readCmd) Help() string {
	return `Lists what waits for our side, most urgent first, or opens one entry and prints it. Opening is audited and sends nothing. Acknowledging is a separate act: it sends a receipt, which is neither agreement nor permission.

Examples:

    parley read
    parley --as "Lt Ruiz" read 6f0e19c2a4b87d35:41
    parley --as "Lt Ruiz" read 6f0e19c2a4b87d35:41 --ack`
}

// Run lists or opens.
func (c readCmd) Run(s *session) error {
	if c.Item == "" {
		if c.Ack {
			return usagef("name the entry: parley read ENTRY --ack", "there is nothing to acknowledge: no entry is named")
		}
		return c.list(s)
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	i, err := s.station().Open(s.ctx, l.Key, c.Item)
	if err != nil {
		return err
	}
	if err := s.show(i, func(w io.Writer) { dispatch(w, i) }); err != nil {
		return err
	}
	if !c.Ack {
		return nil
	}
	if err := s.station().Acknowledge(s.ctx, l.Key, i.ID); err != nil {
		return fmt.Errorf("opened, and not acknowledged: %w", err)
	}
	s.say("acknowledged: the receipt goes to %s", l.Name)
	return nil
}

// asked names the exercises that wait for our agreement: on one line, or on all. What
// cannot be asked is left out, since it is the list of entries that was asked for.
func (c readCmd) asked(s *session, line string) (out []string) {
	all, err := s.station().Lines(s.ctx)
	if err != nil {
		return nil
	}
	for _, l := range all {
		if line != "" && l.Key != line {
			continue
		}
		modes, err := s.station().Modes(s.ctx, l.Key)
		if err != nil {
			continue
		}
		for _, m := range modes {
			if m.Asked {
				out = append(out, fmt.Sprintf("%s asks for an exercise, %s: see parley exercise list", oneLine(m.By), oneLine(m.Title)))
			}
		}
	}
	return out
}

func (c readCmd) list(s *session) error {
	line := c.Line
	if line != "" {
		l, err := s.line(line)
		if err != nil {
			return err
		}
		line = l.Key
	}
	b, err := s.station().Board(s.ctx, line)
	if err != nil {
		return err
	}
	asked := c.asked(s, line)
	return s.show(b.WaitingUs, func(w io.Writer) {
		defer func() {
			for _, a := range asked {
				fmt.Fprintln(w, a)
			}
		}()
		if len(b.WaitingUs) == 0 {
			fmt.Fprintf(w, "Nothing waiting. Last dispatch: %s.\n", stamp(b.Last))
			return
		}
		rows := [][]string{{"ENTRY", "PRECEDENCE", "FROM", "SUBJECT", "SENT", "OPEN BY", ""}}
		for _, i := range b.WaitingUs {
			subject := i.Subject
			if subject == "" {
				subject = "(" + i.Form + ")"
			}
			rows = append(rows, []string{i.ID, i.PrecedenceText, i.FromText, subject, i.DTG, due(b.Now, i), marks(i)})
		}
		table(w, rows)
	})
}

// due is the time left to the handling objective, that it is opened, or nothing
// where there is no objective.
func due(now time.Time, i station.Item) string {
	switch {
	case reached(i, "opened"):
		return "opened"
	case i.Objective.IsZero():
		return ""
	case now.After(i.Objective):
		return "late " + span(now.Sub(i.Objective))
	}
	return "within " + span(i.Objective.Sub(now))
}

func reached(i station.Item, rung string) bool {
	for _, st := range i.Ladder {
		if st.Name == rung {
			return !st.At.IsZero()
		}
	}
	return false
}

// marks are the words that must stand beside an entry wherever it is listed.
func marks(i station.Item) string {
	var m []string
	for _, x := range []struct {
		on   bool
		word string
	}{
		{i.Exercise != "", "EXERCISE " + i.Exercise}, {i.Disregarded != "", "DISREGARD, see " + i.Disregarded},
		{i.Disputed, "history disputed, not on record"}, {i.Unreadable, "unreadable"}, {!i.Known, "form not known here"},
		{i.ClockDoubt, "clock?"}, {i.NotDelivered, "not delivered"}, {i.Overdue, "overdue"}, {i.TakenBy != "", "taken by " + i.TakenBy},
	} {
		if x.on {
			m = append(m, x.word)
		}
	}
	return strings.Join(m, "; ")
}
