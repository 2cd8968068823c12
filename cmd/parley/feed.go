package main

import (
	"fmt"
	"io"

	"parley/internal/station"
)

type contactFeedCmd struct {
	Add  contactFeedAddCmd  `cmd:"" help:"Make an address at which a calendar program reads. It is shown once."`
	List contactFeedListCmd `cmd:"" help:"List an officer's addresses, without their secrets."`
	End  contactFeedEndCmd  `cmd:"" help:"End an address at once."`
}

func (contactFeedCmd) Help() string {
	return `A calendar program reads when contacts of all lines are agreed at an address of the desk that is a secret of one officer. It needs no session, is for nothing else, and ends when it is ended or the officer leaves.

Examples:

    parley --as "Envoy Lee" contact feed add "office calendar"
    parley --as "Envoy Lee" contact feed list
    parley --as "Envoy Lee" contact feed end 3`
}

type contactFeedAddCmd struct {
	Name string `arg:"" help:"Which calendar it is for, as it stands in the list."`
}

func (contactFeedAddCmd) Help() string {
	return `Prints the path of the address; before it stands where the desk is, such as https://desk.example:7101. It is shown once: nobody can read it again, and who has it reads the calendar.

Examples:

    parley --as "Envoy Lee" contact feed add "office calendar"`
}

// Run makes an address.
func (c contactFeedAddCmd) Run(s *session) error {
	if err := s.officer("making a calendar address"); err != nil {
		return err
	}
	f, secret, err := s.station().AddFeed(s.ctx, c.Name)
	if err != nil {
		return err
	}
	path := "/calendar/" + secret + "/contacts.ics"
	return s.show(struct {
		station.Feed
		Path string `json:"path"`
	}{f, path}, func(w io.Writer) { fmt.Fprintln(w, path) })
}

type contactFeedListCmd struct{}

func (contactFeedListCmd) Help() string {
	return `Examples:

    parley --as "Envoy Lee" contact feed list`
}

// Run lists.
func (contactFeedListCmd) Run(s *session) error {
	if err := s.officer("listing calendar addresses"); err != nil {
		return err
	}
	list, err := s.station().Feeds(s.ctx)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "There is none. Make one: parley contact feed add --help")
			return
		}
		rows := [][]string{{"NR", "FOR", "MADE", "LAST READ"}}
		for _, f := range list {
			used := "never"
			if !f.Used.IsZero() {
				used = stamp(f.Used)
			}
			rows = append(rows, []string{fmt.Sprint(f.ID), clean(f.Name), stamp(f.Added), used})
		}
		table(w, rows)
	})
}

type contactFeedEndCmd struct {
	Nr int64 `arg:"" help:"Its number; see parley contact feed list."`
}

func (contactFeedEndCmd) Help() string {
	return `Examples:

    parley --as "Envoy Lee" contact feed end 3`
}

// Run ends one.
func (c contactFeedEndCmd) Run(s *session) error {
	if err := s.officer("ending a calendar address"); err != nil {
		return err
	}
	if err := s.station().RemoveFeed(s.ctx, c.Nr); err != nil {
		return err
	}
	return s.show(map[string]int64{"ended": c.Nr}, func(w io.Writer) { fmt.Fprintf(w, "Address %d has ended.\n", c.Nr) })
}
