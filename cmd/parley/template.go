package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"parley"
	"parley/internal/station"
)

type templateCmd struct {
	List   templateListCmd   `cmd:"" help:"List what a draft may begin from."`
	Use    templateUseCmd    `cmd:"" help:"Begin a draft from a template."`
	Keep   templateKeepCmd   `cmd:"" help:"Keep a template of a draft."`
	Remove templateRemoveCmd `cmd:"" help:"Forget a template."`
}

func (templateCmd) Help() string {
	return `What a draft may begin from: our side only. A draft that begins from one carries the exercise mark of the line as it is now.

Examples:

    parley template list birch
    parley --as "Lt Ruiz" template use 2 birch -t text --submit`
}

type templateListCmd struct {
	Line string `arg:"" optional:"" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (templateListCmd) Help() string {
	return `Examples:

    parley template list
    parley template list birch --json`
}

// Run lists.
func (c templateListCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	list, err := s.station().Templates(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		fmt.Fprintln(w, strings.ToUpper(parley.OurSideOnly.String()))
		if len(list) == 0 {
			fmt.Fprintln(w, "No template is kept. Make one of a draft: parley template keep DRAFT NAME")
			return
		}
		rows := [][]string{{"NUMBER", "NAME", "PRECEDENCE", "MARKER", "TO", "SUBJECT", "MADE BY"}}
		for _, t := range list {
			rows = append(rows, []string{fmt.Sprint(t.ID), t.Name, t.Draft.Precedence, t.Draft.Marker, strings.Join(t.Draft.To, " "), t.Draft.Subject, t.Maker})
		}
		table(w, rows)
	})
}

type templateUseCmd struct {
	Template   int64  `arg:"" help:"Number of the template; see parley template list."`
	Line       string `arg:"" optional:"" help:"Line: its id, or the other side's code or name. Without it: the only one."`
	Text       string `short:"t" type:"path" placeholder:"FILE" help:"File with the text, instead of the template's; - is standard input."`
	Subject    string `short:"s" help:"Subject, instead of the template's."`
	Precedence string `short:"p" help:"Precedence, instead of the template's."`
	Reason     string `help:"For FLASH: why, in one line."`
	Submit     bool   `help:"Send it to whoever releases it. Without it: it is saved, to be written on."`
}

func (templateUseCmd) Help() string {
	return `Saves a new draft with what the template says. With --submit it goes to a second officer for release, but not with words in brackets that nobody filled in.

Examples:

    parley --as "Lt Ruiz" template use 2
    parley --as "Lt Ruiz" template use 2 birch -s "Convoy, 14.2N 115.1E" -t text --submit`
}

// Run begins a draft.
func (c templateUseCmd) Run(s *session) error {
	if err := s.officer("writing"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	var text string
	if c.Text != "" {
		if text, err = (sendCmd{Text: c.Text}).text(s); err != nil {
			return err
		}
	}
	if c.Precedence != "" {
		if _, err := parley.ParsePrecedence(c.Precedence); err != nil {
			return usagef("for example: -p immediate", "%v", err)
		}
	}
	list, err := s.station().Templates(s.ctx, l.Key)
	if err != nil {
		return err
	}
	var t *station.Template
	for i := range list {
		if list[i].ID == c.Template {
			t = &list[i]
		}
	}
	if t == nil {
		return parley.Errorf(parley.NotFound, "no template %d on this line", c.Template).WithHint("see what there is: parley template list")
	}
	if left := c.unfilled(&t.Draft); c.Submit && left != "" {
		return parley.Errorf(parley.BadForm, "the template leaves %s to be filled in: nothing was saved", oneLine(left)).WithHint("give the subject with -s and the text with -t, or leave out --submit")
	}
	d, err := s.station().UseTemplate(s.ctx, l.Key, c.Template)
	if err != nil {
		return err
	}
	if c.over(&d, text) {
		if d, err = s.station().SaveDraft(s.ctx, d); err != nil {
			return err
		}
	}
	return sendCmd{Draft: !c.Submit}.pass(s, d)
}

// unfilled is the first thing in brackets of what is taken from the template.
func (c templateUseCmd) unfilled(t *station.Draft) string {
	taken := ""
	if c.Subject == "" {
		taken += t.Subject + "\n"
	}
	if c.Text == "" {
		taken += t.Text
	}
	open := strings.IndexAny(taken, "[【")
	if open < 0 {
		return ""
	}
	rest := taken[open:]
	end := strings.IndexAny(rest, "]】")
	if end < 0 {
		return ""
	}
	_, n := utf8.DecodeRuneInString(rest[end:])
	return rest[:end+n]
}

// over puts in what the command says instead of the template.
func (c templateUseCmd) over(d *station.Draft, text string) (changed bool) {
	for _, x := range []struct {
		said string
		into *string
	}{{text, &d.Text}, {c.Subject, &d.Subject}, {strings.ToUpper(c.Precedence), &d.Precedence}, {c.Reason, &d.Reason}} {
		if x.said != "" {
			*x.into, changed = x.said, true
		}
	}
	return changed
}

type templateKeepCmd struct {
	Draft int64  `arg:"" help:"Number of the draft; see parley release."`
	Name  string `arg:"" help:"Name of the template, in one line."`
}

func (templateKeepCmd) Help() string {
	return `What belongs to that draft only is left out: attachments, references, its exercise mark.

Examples:

    parley --as "Lt Ruiz" template keep 7 "Convoy notice"`
}

// Run keeps one.
func (c templateKeepCmd) Run(s *session) error {
	if err := s.officer("keeping a template"); err != nil {
		return err
	}
	t, err := s.station().KeepTemplate(s.ctx, c.Draft, c.Name)
	if err != nil {
		return err
	}
	return s.show(t, func(w io.Writer) { fmt.Fprintf(w, "template %d is kept: %s\n", t.ID, oneLine(t.Name)) })
}

type templateRemoveCmd struct {
	Template int64 `arg:"" help:"Number of the template."`
}

func (templateRemoveCmd) Help() string {
	return `Who made it removes it, or an administrator. Drafts that began from it stay.

Examples:

    parley --as "Lt Ruiz" template remove 2`
}

// Run forgets it.
func (c templateRemoveCmd) Run(s *session) error {
	if err := s.station().RemoveTemplate(s.ctx, c.Template); err != nil {
		return err
	}
	return s.show(struct {
		Template int64 `json:"template"`
	}{c.Template}, func(w io.Writer) { fmt.Fprintf(w, "template %d is forgotten\n", c.Template) })
}
