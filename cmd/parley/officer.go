package main

import (
	"fmt"
	"io"
	"strings"

	"parley"
	"parley/internal/station"
)

type officerCmd struct {
	List   officerListCmd   `cmd:"" default:"1" help:"List officers (the default)."`
	Add    officerAddCmd    `cmd:"" help:"Open an account."`
	Remove officerRemoveCmd `cmd:"" help:"Close an account. Its history stays."`
	Seat   officerSeatCmd   `cmd:"" help:"Make a one-time link to a seat."`
	Audit  officerAuditCmd  `cmd:"" help:"Show who did and read what."`
	Token  officerTokenCmd  `cmd:"" help:"Let a program act for an officer, over the HTTP API."`
	Tokens officerTokensCmd `cmd:"" help:"List tokens, or end one."`
}

func (officerCmd) Help() string {
	return `An officer is a person with an account here and holds one office or several. Officers are our side only: the other side sees offices.

Examples:

    parley officer
    parley officer add "Lt Ruiz" --office watch,envoy
    parley officer seat "Lt Ruiz" --office watch`
}

type officerListCmd struct{}

func (officerListCmd) Help() string {
	return `Examples:

    parley officer list
    parley officer --json`
}

// Run lists officers.
func (officerListCmd) Run(s *session) error {
	all, err := s.station().Officers(s.ctx)
	if err != nil {
		return err
	}
	return s.show(all, func(w io.Writer) {
		rows := [][]string{{"NR", "NAME", "OFFICES", ""}}
		for _, o := range all {
			state := ""
			if !o.Active {
				state = "removed"
			}
			rows = append(rows, []string{fmt.Sprint(o.ID), o.Name, offices(o.Offices), state})
		}
		table(w, rows)
	})
}

func offices(list []parley.Office) string {
	words := make([]string, len(list))
	for i, o := range list {
		words[i] = string(o)
	}
	return strings.Join(words, ", ")
}

type officerAddCmd struct {
	Name   string   `arg:"" help:"Name as it stands on screens, for example \"Lt Ruiz\"."`
	Office []string `required:"" help:"Offices the officer holds: principal, envoy, watch, interpreter, translator, archivist, administrator."`
}

func (officerAddCmd) Help() string {
	return `Examples:

    parley officer add "Lt Ruiz" --office watch,envoy
    parley officer seat "Lt Ruiz" --office watch`
}

// Run adds an officer.
func (c officerAddCmd) Run(s *session) error {
	var list []parley.Office
	for _, name := range c.Office {
		o, err := parley.ParseOffice(name)
		if err != nil {
			return usagef("for example: --office watch,envoy", "%v", err)
		}
		list = append(list, o)
	}
	o, err := s.station().AddOfficer(s.ctx, c.Name, list)
	if err != nil {
		return err
	}
	return s.show(o, func(w io.Writer) { fmt.Fprintf(w, "officer %d, %s: %s\n", o.ID, clean(o.Name), offices(o.Offices)) })
}

type officerRemoveCmd struct {
	Name string `arg:"" help:"Name of the officer."`
}

func (officerRemoveCmd) Help() string {
	return `Ends the officer's sessions. The name stays on everything the officer did.

Examples:

    parley officer remove "Maj Orr"`
}

// Run removes an officer.
func (c officerRemoveCmd) Run(s *session) error {
	o, err := s.station().OfficerNamed(s.ctx, c.Name)
	if err != nil {
		return err
	}
	if err := s.station().RemoveOfficer(s.ctx, o.ID); err != nil {
		return err
	}
	return s.show(o, func(w io.Writer) { fmt.Fprintf(w, "removed %s\n", clean(o.Name)) })
}

type officerSeatCmd struct {
	Name   string `arg:"" help:"Name of the officer."`
	Office string `required:"" help:"Office the seat is for."`
}

func (officerSeatCmd) Help() string {
	return `Prints a link that opens a desk for the officer in that office. It works once, within an hour. Whoever has it is the officer: hand it over in person.

Examples:

    parley officer seat "Lt Ruiz" --office watch`
}

// Run makes a seat link.
func (c officerSeatCmd) Run(s *session) error {
	office, err := parley.ParseOffice(c.Office)
	if err != nil {
		return usagef("for example: --office watch", "%v", err)
	}
	var o station.Officer
	if o, err = s.station().OfficerNamed(s.ctx, c.Name); err != nil {
		return err
	}
	token, err := s.station().SeatLink(s.ctx, o.ID, office)
	if err != nil {
		return err
	}
	link := s.seatURL(s.g.Dir, token)
	return s.show(struct {
		Officer string        `json:"officer"`
		Office  parley.Office `json:"office"`
		Seat    string        `json:"seat"`
	}{o.Name, office, link}, func(w io.Writer) { fmt.Fprintln(w, link) })
}

type officerAuditCmd struct {
	Limit int `short:"n" default:"50" help:"How many rows, newest first."`
}

func (officerAuditCmd) Help() string {
	return `The audit is our side only: it never enters a log.

Examples:

    parley officer audit -n 20`
}

// Run shows the audit.
func (c officerAuditCmd) Run(s *session) error {
	if c.Limit < 1 {
		return usagef("for example: -n 50", "a limit of %d rows shows nothing", c.Limit)
	}
	rows, err := s.station().Audit(s.ctx, c.Limit)
	if err != nil {
		return err
	}
	return s.show(rows, func(w io.Writer) {
		fmt.Fprintln(w, "OUR SIDE ONLY")
		cells := [][]string{{"WHEN", "WHO", "ACT", "WHAT", ""}}
		for _, r := range rows {
			cells = append(cells, []string{stamp(r.At), r.Officer, r.Act, r.Object, r.Detail})
		}
		table(w, cells)
	})
}
