package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/internal/record"
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
	if c.Port < 1 || c.Port > 65533 {
		return usagef("for example: --port 7200; the desks have the two ports after it", "%d is not a port that has two more after it", c.Port)
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
	if strings.Contains(program, "go-build") { // under "go run", which a signal can end without us
		var stop context.CancelFunc
		s.ctx, stop = context.WithCancel(s.ctx)
		defer stop()
		go endWithParent(s.ctx, stop)
	}
	if c.Story {
		return c.story(s, d)
	}
	return c.play(s, d)
}

// endWithParent calls stop when the process that started us has ended.
func endWithParent(ctx context.Context, stop func()) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for parent := os.Getppid(); os.Getppid() == parent; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
	stop()
}

// play sets the line up, says where to sit, and serves the stage until Ctrl-C.
func (c demoCmd) play(s *session, d *stage.Demo) error {
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	fmt.Fprintf(s.out, "Two stations that do not trust each other, on this machine. Demo timings: FLASH %s, test every %s.\n", span(stage.FlashObjective), span(stage.TestInterval))
	y := stage.NewStory(d)
	played, err := c.setUp(ctx, s, y)
	if err != nil {
		return err
	}
	var callers sync.WaitGroup
	for _, side := range d.Sides() {
		go side.Officers(ctx)
		callers.Go(func() { side.Callers(ctx) })
	}
	defer callers.Wait()
	defer stop()
	g, err := stage.NewStage(ctx, y, played)
	if err != nil {
		return err
	}
	if err := c.where(ctx, s, d); err != nil {
		return err
	}
	served := g.Serve(ctx)
	stop()
	if served != nil {
		return served
	}
	return c.end(s, d)
}

// setUp plays the steps that make the line, on one line of output.
func (c demoCmd) setUp(ctx context.Context, s *session, y *stage.Story) ([]stage.Result, error) {
	var played []stage.Result
	for _, st := range y.SetUp() {
		r := st.Play(ctx)
		if ctx.Err() != nil {
			return nil, parley.Errorf(parley.Unavailable, "interrupted")
		}
		if !r.OK {
			return nil, parley.Errorf(parley.Unavailable, "step %s: %s", r.Step, r.Shown).WithHint("see what the stations say: parley demo --keep DIR; then DIR/alder.log and DIR/birch.log")
		}
		played = append(played, r)
		fmt.Fprintf(s.out, " %s: %s\n", oneLine(r.Step), oneLine(r.Shown))
		if err := s.out.Flush(); err != nil {
			return nil, err
		}
	}
	return played, y.Prefill(ctx)
}

// where says where to sit and where the stage is.
func (c demoCmd) where(ctx context.Context, s *session, d *stage.Demo) error {
	notes := []string{"<- sit here", "(its officers act by themselves until you sit down)"}
	for i, side := range d.Sides() {
		link, err := side.Seat(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, " %s desk  %s  %s\n", side.Name, link, notes[i])
	}
	fmt.Fprintf(s.out, " Stage       http://localhost:%d/  cut paths, play the next step, make trouble\n", c.Port)
	if c.Keep == "" {
		fmt.Fprintln(s.out, "Ctrl-C stops, nothing is kept (--keep DIR keeps it). Ports taken: --port 7200. No browser: --story")
	} else {
		fmt.Fprintf(s.out, "Ctrl-C stops; everything stays in %s.\n", c.Keep)
	}
	return s.out.Flush()
}

// end verifies what both stations hold before they stop.
func (c demoCmd) end(s *session, d *stage.Demo) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(s.ctx), 30*time.Second)
	defer stop()
	fmt.Fprintln(s.out)
	var reports []*record.Report
	for _, side := range d.Sides() {
		if !side.Running() {
			continue
		}
		r, err := side.Export(ctx, true)
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	if len(reports) == 2 {
		if _, err := stage.SameOrder(reports[0], reports[1]); err != nil {
			return fmt.Errorf("comparing both records: %w", err)
		}
	}
	if err := d.Close(); err != nil {
		return err
	}
	said := "nothing to verify"
	if len(reports) > 0 {
		said = fmt.Sprintf("%s, %s, verified", plural(reports[0].Entries, "entry", "entries"), plural(len(reports[0].Parties), "log", "logs"))
	}
	if c.Keep == "" {
		said += ". Nothing kept."
	} else {
		said += ". Kept in " + c.Keep + "."
	}
	fmt.Fprintln(s.out, said)
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
	began, steps := time.Now(), append(y.SetUp(), y.Written()...)
	for _, st := range steps {
		r := st.Play(ctx)
		if ctx.Err() != nil {
			return parley.Errorf(parley.Unavailable, "interrupted")
		}
		if !r.OK {
			if trouble := d.Trouble(ctx); trouble != "" {
				r.Shown += ". " + trouble
			}
		}
		if err := c.tell(s, r); err != nil {
			return err
		}
		if !r.OK {
			return quietError{exitFailed}
		}
	}
	if err := d.Close(); err != nil || s.g.JSON {
		return err
	}
	kept := "Nothing kept."
	if c.Keep != "" {
		kept = "Kept in " + c.Keep + "."
	}
	fmt.Fprintf(s.out, "%d steps in %s, all as measured. %s\n", len(steps), span(time.Since(began)), kept)
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
