package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"parley"
	"parley/internal/control"
	"parley/internal/station"
)

type readoutCmd struct {
	State   readoutStateCmd   `cmd:"" help:"Show all that is said of a contact: embargo, drafts, joint statements, what is published."`
	Embargo readoutEmbargoCmd `cmd:"" help:"Propose until when neither side publishes, agree to that, or refuse it."`
	Draft   readoutDraftCmd   `cmd:"" help:"Write our own draft to a file."`
	Edit    readoutEditCmd    `cmd:"" help:"Save a new version of our own draft from a file."`
	Review  readoutReviewCmd  `cmd:"" help:"Say that a version was reviewed: by another officer than its author."`
	Approve readoutApproveCmd `cmd:"" help:"Approve a version: it may be shown and published, and nothing else."`
	Return  readoutReturnCmd  `cmd:"" help:"Give a version back to its author."`
	Ready   readoutReadyCmd   `cmd:"" help:"Bind our side to the approved version: it is shown when the other side is bound too."`
	Show    readoutShowCmd    `cmd:"" help:"Show the other side a later version, or the first one by hand."`
	Compare readoutCompareCmd `cmd:"" help:"Lay both drafts side by side, with what differs."`
	Remark  readoutRemarkCmd  `cmd:"" help:"Remark on a draft."`
	Joint   readoutJointCmd   `cmd:"" help:"Propose a joint statement, sign one, withdraw or refuse."`
	Publish readoutPublishCmd `cmd:"" help:"Put on the record that our side published: a readout, a joint statement, a correction."`
	Page    readoutPageCmd    `cmd:"" help:"Write the public page of what was published."`
}

func (readoutCmd) Help() string {
	return `What each side says in public of a contact, found to contradict the other before it is printed. Drafts and approvals are our side only; nothing of them leaves before both sides are bound to their own texts.

Examples:

    parley readout state 93ab40c1ee02d5f7:117
    parley readout draft 93ab40c1ee02d5f7:117 -o readout.txt
    parley --as "Amb Hale" readout edit 93ab40c1ee02d5f7:117 readout.txt
    parley --as "Amb Hale" readout ready 93ab40c1ee02d5f7:117 --version 1
    parley readout compare 93ab40c1ee02d5f7:117
    parley --as "Amb Hale" readout publish 93ab40c1ee02d5f7:117 --version 1 --where https://alder.example/readouts`
}

// readoutOf is the contact that an act is about.
type readoutOf struct {
	Contact string `arg:"" help:"Any request of the contact; see parley contact list."`
	contactLine
}

// in is the act on the contact, by an officer.
func (c readoutOf) in(s *session, what string, in control.ReadoutAct) (control.ReadoutAct, error) {
	if err := s.officer(what); err != nil {
		return in, err
	}
	l, err := s.line(c.Line)
	in.Line, in.Contact = l.Key, c.Contact
	return in, err
}

// file does an act that files an entry, and says so.
func (c readoutOf) file(s *session, act string, in control.ReadoutAct) error {
	in, err := c.in(s, "saying what is said of a contact", in)
	if err != nil {
		return err
	}
	id, err := s.station().FileOfReadout(s.ctx, act, in)
	if err != nil {
		return err
	}
	return s.show(map[string]string{"item": id}, func(w io.Writer) { fmt.Fprintf(w, "Filed as %s. It goes out as soon as the line takes it.\n", id) })
}

// keep does an act on our own draft, and says how it stands.
func (c readoutOf) keep(s *session, act string, in control.ReadoutAct) error {
	in, err := c.in(s, "working on a draft", in)
	if err != nil {
		return err
	}
	r, err := s.station().KeepReadout(s.ctx, act, in)
	if err != nil {
		return err
	}
	return s.show(r, func(w io.Writer) { readoutLines(w, &r) })
}

type readoutStateCmd struct{ readoutOf }

func (readoutStateCmd) Help() string {
	return `Examples:

    parley readout state 93ab40c1ee02d5f7:117
    parley readout state 93ab40c1ee02d5f7:117 --json`
}

// Run shows.
func (c readoutStateCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	x, err := s.station().Statements(s.ctx, l.Key, c.Contact)
	if err != nil {
		return err
	}
	return s.show(x, func(w io.Writer) { statementsLines(w, &x) })
}

type readoutEmbargoCmd struct {
	readoutOf
	Until   string `placeholder:"TIME" help:"Propose that nobody publishes before this time."`
	Instead string `placeholder:"ENTRY" help:"With --until: in place of this proposal."`
	Agree   string `placeholder:"ENTRY" help:"Agree to this proposal of the other side."`
	Refuse  string `placeholder:"ENTRY" help:"Refuse this proposal, or take back ours."`
	Zone    string `default:"UTC" help:"Time zone of the time given."`
	Text    string `short:"m" help:"What else is to be said."`
}

func (readoutEmbargoCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" readout embargo 93ab40c1ee02d5f7:117 --until 2026-12-01T18:00 --zone Europe/Paris
    parley --as "Envoy Wu" readout embargo 93ab40c1ee02d5f7:117 --agree 93ab40c1ee02d5f7:141`
}

// Run proposes or judges.
func (c readoutEmbargoCmd) Run(s *session) error {
	given := 0
	for _, x := range []string{c.Until, c.Agree, c.Refuse} {
		if x != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return usagef("--until proposes; --agree and --refuse answer", "choose one of --until, --agree and --refuse")
	case c.Agree != "":
		return c.file(s, "judge-embargo", control.ReadoutAct{ID: c.Agree, Step: "agree", Text: c.Text})
	case c.Refuse != "":
		return c.file(s, "judge-embargo", control.ReadoutAct{ID: c.Refuse, Step: "refuse", Text: c.Text})
	}
	at, err := when("the end of the embargo", c.Until, c.Zone)
	if err != nil {
		return err
	}
	return c.file(s, "embargo", control.ReadoutAct{Until: at, Text: c.Text, Before: c.Instead})
}

type readoutDraftCmd struct {
	readoutOf
	Version int64  `placeholder:"NR" help:"Which version. Without it: the newest."`
	Output  string `short:"o" type:"path" placeholder:"FILE" help:"File to write. Without it: standard output."`
}

func (readoutDraftCmd) Help() string {
	return `The file is plain text: a line "# TOPIC" begins a topic, a line "@LANGUAGE" a text in that language; what stands before the first topic is the opening. Parley readout edit reads it back.

Examples:

    parley --as "Amb Hale" readout draft 93ab40c1ee02d5f7:117 -o readout.txt
    parley --as "Amb Hale" readout draft 93ab40c1ee02d5f7:117 --version 2 --json`
}

// Run writes the draft.
func (c readoutDraftCmd) Run(s *session) error {
	in, err := c.in(s, "reading a draft", control.ReadoutAct{Version: c.Version})
	if err != nil {
		return err
	}
	r, err := s.station().KeepReadout(s.ctx, "draft", in)
	var e *parley.Error
	if errors.As(err, &e) && e.Kind == parley.NotFound && e.Hint == "" {
		return e.WithHint("see how it stands: parley readout state; write one: parley readout edit --help")
	}
	if err != nil {
		return err
	}
	if s.g.JSON {
		return s.show(r, nil)
	}
	s.say("version %d, %s", r.Version, r.State)
	return s.writeText(c.Output, []byte(formatItems(r.Items)))
}

type readoutEditCmd struct {
	readoutOf
	File string `arg:"" help:"The draft; - is standard input."`
	Seen int64  `placeholder:"NR" help:"The version that was changed. Without it: the newest."`
}

func (readoutEditCmd) Help() string {
	return `Any edit takes back what was reviewed and approved.

Examples:

    parley --as "Amb Hale" readout edit 93ab40c1ee02d5f7:117 readout.txt
    parley --as "Amb Hale" readout edit 93ab40c1ee02d5f7:117 - < readout.txt`
}

// Run saves.
func (c readoutEditCmd) Run(s *session) error {
	items, err := s.items(c.File)
	if err != nil {
		return err
	}
	in, err := c.in(s, "working on a draft", control.ReadoutAct{Items: items, Version: c.Seen})
	if err != nil {
		return err
	}
	if c.Seen == 0 {
		x, err := s.station().Statements(s.ctx, in.Line, in.Contact)
		if err != nil {
			return err
		}
		if x.Readout != nil {
			in.Version = x.Readout.Version
		}
	}
	r, err := s.station().KeepReadout(s.ctx, "edit", in)
	if err != nil {
		return err
	}
	quotes, err := s.station().QuotesIn(s.ctx, in.Line, in.Contact, r.Version)
	if err != nil {
		return err
	}
	return s.show(r, func(w io.Writer) {
		readoutLines(w, &r)
		for _, q := range quotes {
			if q.Ours { // the words only for who may read it
				fmt.Fprintf(w, "IT QUOTES WHAT IS OF OUR SIDE ONLY: %s %s\n", q.Of, oneLine(q.Words))
				continue
			}
			fmt.Fprintf(w, "IT QUOTES WHAT IS NOT RELEASED: %s (%s): %s\n", oneLine(q.What), q.Of, oneLine(q.Words))
		}
	})
}

// readoutVersion is one version of our draft.
type readoutVersion struct {
	readoutOf
	Version int64 `required:"" placeholder:"NR" help:"The version, as it was read."`
}

type readoutReviewCmd struct{ readoutVersion }

func (readoutReviewCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" readout review 93ab40c1ee02d5f7:117 --version 2`
}

// Run reviews.
func (c readoutReviewCmd) Run(s *session) error {
	return c.keep(s, "review", control.ReadoutAct{Version: c.Version})
}

type readoutApproveCmd struct{ readoutVersion }

func (readoutApproveCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" readout approve 93ab40c1ee02d5f7:117 --version 2`
}

// Run approves.
func (c readoutApproveCmd) Run(s *session) error {
	return c.keep(s, "approve", control.ReadoutAct{Version: c.Version})
}

type readoutReturnCmd struct {
	readoutVersion
	Note string `arg:"" help:"Why."`
}

func (readoutReturnCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" readout return 93ab40c1ee02d5f7:117 --version 2 "The grain corridor is missing"`
}

// Run returns it.
func (c readoutReturnCmd) Run(s *session) error {
	return c.keep(s, "return", control.ReadoutAct{Version: c.Version, Text: c.Note})
}

type readoutReadyCmd struct {
	readoutVersion
	namedQuotes
	Manual bool `help:"Do not show it by itself once the other side is bound too."`
}

func (readoutReadyCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" readout ready 93ab40c1ee02d5f7:117 --version 2`
}

// Run binds our side.
func (c readoutReadyCmd) Run(s *session) error {
	named, err := c.quotes()
	if err != nil {
		return err
	}
	return c.file(s, "ready", control.ReadoutAct{Version: c.Version, Manual: c.Manual, Named: named})
}

type readoutShowCmd struct {
	readoutVersion
	namedQuotes
}

func (readoutShowCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" readout show 93ab40c1ee02d5f7:117 --version 3`
}

// Run shows it to the other side.
func (c readoutShowCmd) Run(s *session) error {
	named, err := c.quotes()
	if err != nil {
		return err
	}
	return c.file(s, "show", control.ReadoutAct{Version: c.Version, Named: named})
}

type readoutRemarkCmd struct {
	readoutOf
	Draft string `arg:"" help:"The draft; see parley readout state."`
	Text  string `arg:"" help:"The remark."`
	namedQuotes
	Item int `help:"On which item, from 1. Without it: on the whole."`
}

func (readoutRemarkCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" readout remark 93ab40c1ee02d5f7:117 93ab40c1ee02d5f7:150 "We confirmed: energy infrastructure" --item 2`
}

// Run remarks.
func (c readoutRemarkCmd) Run(s *session) error {
	named, err := c.quotes()
	if err != nil {
		return err
	}
	return c.file(s, "remark", control.ReadoutAct{ID: c.Draft, Item: c.Item, Text: c.Text, Named: named})
}

// items reads a draft from a file.
func (s *session) items(path string) ([]station.SaidItem, error) {
	var b []byte
	var err error
	if path == "-" {
		b, err = io.ReadAll(io.LimitReader(s.in, maxSmallFile+1))
	} else {
		b, err = readSmall("reading the draft", path)
	}
	if err != nil {
		return nil, err
	}
	return parseItems(string(b))
}

type readoutPageCmd struct {
	Published string `arg:"" help:"What was published; see parley readout state."`
	contactLine
	Language string `help:"Language of what stands around the words: en, zh, ar, fr, es, ru. Without it: that of our side."`
	Output   string `short:"o" type:"path" placeholder:"FILE" help:"File to write. Without it: under the page's own name, here."`
	Folder   bool   `help:"Write all its pages and proofs into the station's public folder instead: of what our side published."`
}

func (readoutPageCmd) Help() string {
	return `One HTML file without a script, which carries its own proofs. Anyone checks it with parley verify.

Examples:

    parley --as "Amb Hale" readout page 93ab40c1ee02d5f7:160 --language zh -o readout.zh.html
    parley --as "Amb Hale" readout page 93ab40c1ee02d5f7:160 --folder
    parley verify readout.zh.html --founding 9f3c...`
}

// Run writes the page.
func (c readoutPageCmd) Run(s *session) error {
	if err := s.officer("making a public page"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	if c.Folder {
		names, err := s.station().WritePages(s.ctx, l.Key, c.Published)
		if err != nil {
			return err
		}
		return s.show(names, func(w io.Writer) {
			for _, n := range names {
				fmt.Fprintln(w, n)
			}
			if len(names) == 0 {
				fmt.Fprintln(w, "Everything is there already.")
			}
		})
	}
	p, err := s.station().PublicPage(s.ctx, l.Key, c.Published, c.Language)
	if err != nil {
		return err
	}
	if c.Output == "" {
		if strings.ContainsRune(p.Name, os.PathSeparator) || strings.HasPrefix(p.Name, ".") {
			return fmt.Errorf("the station names the page %q", clean(p.Name))
		}
		c.Output = p.Name
	}
	if c.Output == "-" {
		_, err := s.out.Write(p.File)
		return err
	}
	return s.writeText(c.Output, p.File)
}
