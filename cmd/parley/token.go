package main

import (
	"fmt"
	"io"
	"time"

	"parley"
	"parley/internal/station"
)

type officerTokenCmd struct {
	Name   string `arg:"" help:"Name of the officer the program acts for."`
	Office string `required:"" help:"The one office it acts in."`
	For    string `required:"" help:"What it is for, as it stands in the list."`
	Days   int    `default:"90" help:"How many days it is good for, 1 to 366."`
}

func (officerTokenCmd) Help() string {
	return `Prints a token for the HTTP API of the station's desk (/api/v1, described by /api/v1/openapi.json). Whoever has it may do what that office may do at the desk, and what it does is audited under the officer's name. It is shown once: put it in a file of mode 0600.

Examples:

    parley officer token "Lt Ruiz" --office watch --for "wall board" --days 30
    curl -H "Authorization: Bearer $(cat token)" https://desk.example:7101/api/v1/board`
}

// Run makes a token.
func (c officerTokenCmd) Run(s *session) error {
	office, err := parley.ParseOffice(c.Office)
	if err != nil {
		return usagef("for example: --office watch", "%v", err)
	}
	if c.Days < 1 || c.Days > 366 {
		return usagef("for example: --days 90", "a token is good for 1 to 366 days, not %d", c.Days)
	}
	var o station.Officer
	if o, err = s.station().OfficerNamed(s.ctx, c.Name); err != nil {
		return err
	}
	t, secret, err := s.station().AddToken(s.ctx, o.ID, office, c.For, time.Duration(c.Days)*24*time.Hour)
	if err != nil {
		return err
	}
	return s.show(struct {
		station.Token
		Secret string `json:"secret"`
	}{t, secret}, func(w io.Writer) { fmt.Fprintln(w, secret) })
}

type officerTokensCmd struct {
	End int64 `placeholder:"NR" help:"End this token at once."`
}

func (officerTokensCmd) Help() string {
	return `Examples:

    parley officer tokens
    parley officer tokens --end 3`
}

// Run lists tokens, or ends one.
func (c officerTokensCmd) Run(s *session) error {
	if c.End != 0 {
		if err := s.station().RemoveToken(s.ctx, c.End); err != nil {
			return err
		}
		return s.show(struct {
			Ended int64 `json:"ended"`
		}{c.End}, func(w io.Writer) { fmt.Fprintf(w, "token %d has ended\n", c.End) })
	}
	list, err := s.station().Tokens(s.ctx)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "No program has a token. Make one: parley officer token --help")
			return
		}
		rows := [][]string{{"NR", "FOR", "OFFICER", "OFFICE", "ENDS", "LAST USED"}}
		for _, t := range list {
			used := "never"
			if !t.Used.IsZero() {
				used = stamp(t.Used)
			}
			ends := stamp(t.Ends)
			if t.Ends.Before(time.Now()) {
				ends = "ended"
			}
			rows = append(rows, []string{fmt.Sprint(t.ID), clean(t.Name), clean(t.Officer), string(t.Office), ends, used})
		}
		table(w, rows)
	})
}
