package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

type exerciseCmd struct {
	List  exerciseListCmd  `cmd:"" default:"withargs" help:"List exercises and drills: what is on, and what waits for whom (the default)."`
	Begin exerciseBeginCmd `cmd:"" help:"Begin an exercise; the others agree to it."`
	Agree exerciseAgreeCmd `cmd:"" help:"Agree to an exercise that another party began."`
	End   exerciseEndCmd   `cmd:"" help:"End an exercise."`
}

func (exerciseCmd) Help() string {
	return `An exercise is on from the moment every other party has agreed to it until somebody ends it, or its time is over. What is part of it carries its name (parley send --exercise NAME) and is shown as EXERCISE everywhere; it never acknowledges, answers or counts as what is real. A drill on one path (--path) is agreed to in the same way and marks nothing: both stations use that path alone, until it fails or something real and urgent comes.

Examples:

    parley exercise
    parley --as "Lt Ruiz" exercise begin birch "QUIET HARBOUR" --for 4h
    parley --as "Chen" exercise agree alder
    parley --as "Chen" exercise end alder 3f2a91bc00d1e2f3:12`
}

type exerciseListCmd struct {
	Line string `arg:"" optional:"" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (exerciseListCmd) Help() string {
	return `Newest first, those that are over too.

Examples:

    parley exercise
    parley exercise list birch --json`
}

// Run lists.
func (c exerciseListCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	list, err := s.station().Modes(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "No exercise was ever asked for on this line. Begin one: parley exercise begin --help")
			return
		}
		rows := [][]string{{"ENTRY", "NAME", "DRILL ON", "BEGUN BY", "UNTIL", "HOW IT STANDS"}}
		for _, m := range list {
			rows = append(rows, []string{m.Entry, m.Title, dash(m.Path), m.By, stamp(m.Until), exerciseStands(m)})
		}
		table(w, rows)
	})
}

// exerciseStands says how an exercise stands.
func exerciseStands(m station.Mode) string {
	switch m.State {
	case "waiting":
		if m.Asked {
			return "asked of us: agree, or end it"
		}
		return "waits for " + strings.Join(m.Missing, ", ")
	case "on":
		if m.Broken != "" {
			return "ON, every path in use: " + m.Broken
		}
		return "ON"
	case "ended":
		return "ended by " + m.EndedBy
	}
	return "over: its time has passed"
}

// dash stands for what is empty in a table.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type exerciseBeginCmd struct {
	Line string        `arg:"" help:"Line: its id, or the other side's code or name."`
	Name string        `arg:"" help:"Name of the exercise, in one line."`
	For  time.Duration `default:"4h" placeholder:"TIME" help:"It ends by itself after this. Without it: 4h."`
	Path string        `placeholder:"PATH" help:"A drill on this path alone, QUIC or TLS: what is written meanwhile is real."`
}

func (exerciseBeginCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" exercise begin birch "QUIET HARBOUR"
    parley --as "Lt Ruiz" exercise begin birch "QUIET HARBOUR" --for 30m
    parley --as "Lt Ruiz" exercise begin birch "ONE CABLE" --path TLS --for 20m`
}

// Run begins.
func (c exerciseBeginCmd) Run(s *session) error {
	return exercise(s, c.Line, "begin", "", c.Name, c.Path, time.Now().Add(c.For))
}

// whichExercise is which one is meant by the acts on one that was begun.
type whichExercise struct {
	Line  string `arg:"" help:"Line: its id, or the other side's code or name."`
	Entry string `arg:"" optional:"" help:"Entry that began it; see parley exercise. Without it: the only one there is to decide about."`
}

type exerciseAgreeCmd struct{ whichExercise }

func (exerciseAgreeCmd) Help() string {
	return `Examples:

    parley --as "Chen" exercise agree alder
    parley --as "Chen" exercise agree alder 3f2a91bc00d1e2f3:12`
}

// Run agrees.
func (c exerciseAgreeCmd) Run(s *session) error {
	return exercise(s, c.Line, "agree", c.Entry, "", "", time.Time{})
}

type exerciseEndCmd struct{ whichExercise }

func (exerciseEndCmd) Help() string {
	return `One that is on is over at once for every side. One that waits is taken back by who began it, and refused by anybody else.

Examples:

    parley --as "Chen" exercise end alder
    parley --as "Chen" exercise end alder 3f2a91bc00d1e2f3:12`
}

// Run ends.
func (c exerciseEndCmd) Run(s *session) error {
	return exercise(s, c.Line, "end", c.Entry, "", "", time.Time{})
}

// exercise does one act; with a path it begins a drill.
func exercise(s *session, name, phase, entry, title, path string, until time.Time) error {
	if err := s.officer("an exercise"); err != nil {
		return err
	}
	l, err := s.line(name)
	if err != nil {
		return err
	}
	if phase != "begin" && entry == "" {
		if entry, err = onlyExercise(s, l, phase); err != nil {
			return err
		}
	}
	var id string
	if path != "" {
		id, err = s.station().BeginDrill(s.ctx, l.Key, title, path, until)
	} else {
		id, err = s.station().Exercise(s.ctx, l.Key, phase, entry, title, until)
	}
	if err != nil {
		return err
	}
	said := map[string]string{"begin": "It is on when every other party has agreed; see parley exercise.", "agree": "It is on when all others have agreed too; see parley exercise.", "end": "It ends here at once, and there when it arrives."}[phase]
	return s.show(struct {
		Item string `json:"item"`
	}{id}, func(w io.Writer) { fmt.Fprintf(w, "Filed as %s. %s\n", id, said) })
}

// onlyExercise is the entry of the one exercise that can be agreed to, or ended.
func onlyExercise(s *session, l station.Line, phase string) (string, error) {
	list, err := s.station().Modes(s.ctx, l.Key)
	if err != nil {
		return "", err
	}
	list = slices.DeleteFunc(list, func(m station.Mode) bool {
		return phase == "agree" && !m.Asked || phase == "end" && !m.On() && m.State != "waiting"
	})
	switch len(list) {
	case 1:
		return list[0].Entry, nil
	case 0:
		if phase == "agree" {
			return "", parley.Errorf(parley.NotFound, "no exercise waits for our agreement on the line with %s", l.Name).WithHint("see what there is: parley exercise list")
		}
		return "", parley.Errorf(parley.NotFound, "no exercise is on or asked for on the line with %s", l.Name).WithHint("see what there is: parley exercise list")
	}
	names := make([]string, len(list))
	for i, m := range list {
		names[i] = m.Title + " " + m.Entry
	}
	return "", usagef("name one of: "+strings.Join(names, ", "), "there are %d exercises to choose from, and none is named", len(list))
}
