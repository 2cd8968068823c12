package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"parley/internal/stage"
)

type demoCmd struct {
	Port  int    `default:"7100" placeholder:"PORT" help:"Port of the stage; the desks of Alder and Birch have the two after it."`
	Keep  string `type:"path" placeholder:"DIR" help:"Make everything in this directory and keep it."`
	Story bool   `help:"Play the written story without a screen, and exit with 1 if any step fails."`
	Sweep string `hidden:"" help:"Remove this directory of a demo when standard input ends."`
}

func (demoCmd) Help() string {
	return `Runs two stations that do not trust each other on this machine: Alder in English and Birch in Chinese, each in a process of its own with its own keys, joined by cables that the stage can pull. Scripted officers act until a person sits down at a desk. All people and events are invented.

Ctrl-C stops everything, verifies both records and keeps nothing.

Examples:

    parley demo
    parley demo --port 7200 --keep /tmp/demo
    parley demo --story
    parley demo --story --json`
}

// Run plays.
func (c demoCmd) Run(s *session) error {
	if c.Sweep != "" {
		return stage.Sweep(s.rawIn, c.Sweep)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	o := stage.Options{Program: program, Port: c.Port, Keep: c.Keep, Pause: 1500 * time.Millisecond}
	if c.Story {
		o.Port, o.Pause = 0, 150*time.Millisecond
	}
	d, err := stage.New(o)
	if err != nil {
		return err
	}
	defer d.Close()
	if c.Story {
		return c.story(s, d)
	}
	return nil
}

// story plays every step and prints each as it is done.
func (c demoCmd) story(s *session, d *stage.Demo) error {
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	y := stage.NewStory(d)
	for _, side := range d.Sides() {
		go side.Officers(ctx)
	}
	for _, st := range append(y.SetUp(), y.Written()...) {
		r := st.Play(ctx)
		if err := c.tell(s, r); err != nil {
			return err
		}
		if !r.OK {
			return quietError{exitFailed}
		}
	}
	return nil
}

func (c demoCmd) tell(s *session, r stage.Result) error {
	if s.g.JSON {
		e := json.NewEncoder(s.out)
		e.SetEscapeHTML(false)
		if err := e.Encode(r); err != nil {
			return err
		}
	} else {
		verdict := "ok"
		if !r.OK {
			verdict = "FAILED"
		}
		fmt.Fprintf(s.out, "%-42s %s\n     %s\n", r.Step, verdict, oneLine(r.Shown))
	}
	return s.out.Flush()
}
