package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

type checkCmd struct{}

func (checkCmd) Help() string {
	return `Reads the configuration as the station would and looks at what a start needs: permissions, keys that open, free ports, a sane clock, room on the disk, the high-water mark. It changes nothing. The exit code is 1 when anything fails.

Examples:

    parley check --dir /var/lib/parley
    parley check --json`
}

// Run prints the findings.
func (c checkCmd) Run(s *session) error {
	fs, err := s.back.Check(s.g.Dir)
	if err != nil {
		return err
	}
	fs = append(append([]finding{}, fs...), s.phones()...)
	failed := 0
	for _, f := range fs {
		if f.Level == "fail" {
			failed++
		}
	}
	if err := s.show(fs, func(w io.Writer) {
		for _, f := range fs {
			fmt.Fprintf(w, "%-4s  %s\n", f.Level, oneLine(f.What))
			if f.Hint != "" {
				fmt.Fprintf(w, "      hint: %s\n", oneLine(f.Hint))
			}
		}
	}); err != nil {
		return err
	}
	if failed > 0 {
		return quietError{exitFailed}
	}
	return nil
}

// phones says which telephones are registered, where a station runs.
func (s *session) phones() (out []finding) {
	ctx, stop := context.WithTimeout(s.ctx, 2*time.Second)
	defer stop()
	ps, err := s.station().Phones(ctx)
	if err != nil {
		return nil // no station runs, or it has said why in its log
	}
	for _, p := range ps {
		up := ""
		if p.Up {
			up = ", lifted"
		}
		out = append(out, finding{Level: "ok", What: fmt.Sprintf("phone %s (%s, line %s) is registered: %s %s since %s%s", p.Name, p.Role, p.Line, p.By, p.At, p.Since.UTC().Format(time.RFC3339), up)})
	}
	return out
}

type fsckCmd struct{}

func (fsckCmd) Help() string {
	return `Reads everything the station has stored and checks it: every entry against its leaf, every tree, every signature, every receipt, every attachment. The station must be stopped. It changes nothing. The exit code is 1 when anything is wrong.

Examples:

    parley fsck --dir /var/lib/parley`
}

// Run checks the store.
func (c fsckCmd) Run(s *session) error {
	p := s.progress("checking")
	r, err := s.back.Fsck(s.g.Dir, p.set)
	p.end()
	if err != nil {
		return err
	}
	return s.judge(r, exitFailed)
}

// judge prints a report; anything wrong in it ends with the code.
func (s *session) judge(r reporter, code int) error {
	if err := s.show(r, func(w io.Writer) {
		for _, l := range r.Lines() {
			fmt.Fprintln(w, clean(l))
		}
	}); err != nil {
		return err
	}
	if r.Bad() > 0 {
		return quietError{code}
	}
	return nil
}
