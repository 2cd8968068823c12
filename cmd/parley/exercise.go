package main

import (
	"fmt"
	"io"
	"time"
)

type exerciseCmd struct {
	Begin exerciseBeginCmd `cmd:"" help:"Begin an exercise; the others agree to it."`
	Agree exerciseAgreeCmd `cmd:"" help:"Agree to an exercise that another party began."`
	End   exerciseEndCmd   `cmd:"" help:"End an exercise."`
}

func (exerciseCmd) Help() string {
	return `An exercise is on from the moment every other party has agreed to it until somebody ends it, or its time is over. What is part of it carries its name (parley send --exercise NAME) and is shown as EXERCISE everywhere; it never acknowledges, answers or counts as what is real. A drill on one path (--path) is agreed to in the same way and marks nothing: both stations use that path alone, until it fails or something real and urgent comes.

Examples:

    parley --as "Lt Ruiz" exercise begin birch "QUIET HARBOUR" --for 4h
    parley --as "Chen" exercise agree alder 3f2a91bc00d1e2f3:12
    parley --as "Chen" exercise end alder 3f2a91bc00d1e2f3:12`
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

type exerciseAgreeCmd struct {
	Line  string `arg:"" help:"Line: its id, or the other side's code or name."`
	Entry string `arg:"" help:"Entry that began it; see parley record."`
}

func (exerciseAgreeCmd) Help() string {
	return `Examples:

    parley --as "Chen" exercise agree alder 3f2a91bc00d1e2f3:12`
}

// Run agrees.
func (c exerciseAgreeCmd) Run(s *session) error {
	return exercise(s, c.Line, "agree", c.Entry, "", "", time.Time{})
}

type exerciseEndCmd struct {
	Line  string `arg:"" help:"Line: its id, or the other side's code or name."`
	Entry string `arg:"" help:"Entry that began it; see parley record."`
}

func (exerciseEndCmd) Help() string {
	return `Examples:

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
	var id string
	if path != "" {
		id, err = s.station().BeginDrill(s.ctx, l.Key, title, path, until)
	} else {
		id, err = s.station().Exercise(s.ctx, l.Key, phase, entry, title, until)
	}
	if err != nil {
		return err
	}
	return s.show(struct {
		Item string `json:"item"`
	}{id}, func(w io.Writer) { fmt.Fprintf(w, "exercise: %s, filed as %s\n", phase, id) })
}
