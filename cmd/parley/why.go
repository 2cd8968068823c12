package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/station"
)

type testCmd struct {
	Line string `arg:"" optional:"" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (testCmd) Help() string {
	return `Files a line test on the record and waits up to 15 s for the other station's answer. It proves the line and compares the clocks; it does not show that a person is there. The exit code is 3 when no answer comes.

Examples:

    parley test
    parley test birch && echo up`
}

// Run tests.
func (c testCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	t, err := s.station().Test(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(t, func(w io.Writer) {
		fmt.Fprintf(w, "%s answered in %s\n", oneLine(l.Name), span(t.LastRTT))
		pairs(w, "their clock less ours", t.Clock.Round(time.Millisecond).String(), "last answer by a person", stamp(t.HumanAt), "next test", upcoming(t.Next))
	})
}

type whyCmd struct {
	Line string `arg:"" optional:"" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (whyCmd) Help() string {
	return `Measures the line afresh and says what is known: ours, theirs (they or a witness say so, signed), no human answer, or that nobody can tell from here. Each line of evidence says who measured or said it. The exit code is 3 unless the line is up.

Examples:

    parley why
    parley why birch --json`
}

// Run explains.
func (c whyCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	lamp, err := s.station().Why(s.ctx, l.Key)
	if err != nil {
		return err
	}
	on, err := s.callNow(l)
	if err != nil {
		return err
	}
	if err := s.show(lamp, func(w io.Writer) { explain(w, l, lamp); fmt.Fprint(w, on) }); err != nil {
		return err
	}
	if lamp.State != station.LampUp && lamp.State != station.LampPartly {
		return quietError{exitUnavailable}
	}
	return nil
}

// callNow says that a call rings or runs on a line; "" where none does.
func (s *session) callNow(l station.Line) (string, error) {
	x, err := s.station().Call(s.ctx, l.Key, "")
	switch {
	case parley.KindOf(err) == parley.NotFound, parley.KindOf(err) == parley.Unsupported:
		return "", nil
	case err != nil:
		return "", err
	case x.Waits:
		return fmt.Sprintf("A call of %s rings here since %s: parley call lift\n", oneLine(l.Name), stamp(x.At)), nil
	case x.Phase == call.Ringing:
		return fmt.Sprintf("Our call rings at %s since %s.\n", oneLine(l.Name), stamp(x.At)), nil
	}
	return fmt.Sprintf("A call with %s runs since %s: parley call room\n", oneLine(l.Name), stamp(x.At)), nil
}

func explain(w io.Writer, l station.Line, lamp station.Lamp) {
	fmt.Fprintf(w, "LINE %s %s, proved %s\n", strings.ToUpper(oneLine(l.Name)), lampWord(lamp.State), stamp(lamp.Proved))
	if lamp.Sentence != "" {
		fmt.Fprintln(w, oneLine(lamp.Sentence))
	}
	var rows [][]string
	for _, e := range lamp.Evidence {
		rows = append(rows, []string{"  " + e.By, stamp(e.At), e.Text})
	}
	table(w, rows)
	for _, n := range l.Notices {
		if !slices.ContainsFunc(lamp.Evidence, func(e station.Evidence) bool { return e.Code == n.Code }) {
			fmt.Fprintf(w, "notice: %s (%s)\n", oneLine(n.Text), stamp(n.At))
		}
	}
	if len(lamp.Try) > 0 {
		fmt.Fprintln(w, "try:")
	}
	for n, t := range lamp.Try {
		if _, sentence, ok := strings.Cut(t, ": "); ok {
			t = sentence
		}
		fmt.Fprintf(w, "  %d. %s\n", n+1, oneLine(t))
	}
}

// lampWord is the word beside a lamp. An unknown state is never up.
func lampWord(st station.LampState) string {
	switch st {
	case station.LampUp:
		return "UP"
	case station.LampPartly:
		return "PARTLY"
	case station.LampDown:
		return "DOWN"
	}
	return "UNKNOWN"
}
