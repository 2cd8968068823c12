package main

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"parley"
	"parley/internal/station"
)

type sendCmd struct {
	Line          string   `arg:"" optional:"" help:"Line: its id, or the other side's code or name. Without it: the only one."`
	Text          string   `short:"t" type:"path" placeholder:"FILE" help:"File with the text. Without it: standard input."`
	From          string   `default:"envoy" help:"Office that writes."`
	To            []string `placeholder:"PARTY/OFFICE" help:"Addressees for action. Without it: the same office of the other side."`
	Info          []string `placeholder:"PARTY/OFFICE" help:"Addressees for information."`
	Precedence    string   `short:"p" default:"routine" help:"routine, priority, immediate or flash."`
	Marker        string   `short:"m" help:"What it is for: advice, warning, information, question, answer, request, intention or instruction. Every dispatch has one."`
	Subject       string   `short:"s" help:"Subject, one line."`
	Language      string   `short:"l" help:"Language of the text (BCP 47). Without it: ours."`
	Re            []string `placeholder:"ENTRY" help:"Entries this one answers or cites, as generation:index."`
	Legal         string   `help:"Legal reference."`
	Releasability string   `help:"Who else may be told."`
	Reason        string   `help:"For FLASH: why, in one line."`
	Exercise      string   `placeholder:"NAME" help:"Mark it as part of this exercise."`
	Attach        []string `sep:"none" type:"existingfile" placeholder:"FILE" help:"Attach a file, up to 64 MiB."`
	Service       bool     `help:"A service message instead of a dispatch: operators' talk about the line, on the record."`
	Draft         bool     `help:"Save it as a draft and go no further."`
	Release       bool     `help:"Release it at once, where the charter allows one officer."`
}

func (sendCmd) Help() string {
	return `Writes a draft as the officer named by --as and gives it to a second officer for release. With --release the same officer releases it, if the charter allows that for its precedence. Nothing reaches the other side before it is released; nothing can be taken back after.

Examples:

    echo "We confirm 1400Z." | parley --as "Lt Ruiz" send birch -m information -s "Meeting" --release
    parley --as "Amb Hale" send birch -p flash -m question -s "Aircraft, 14.2N 115.1E" --reason "two aircraft closing" -t text
    parley --as "Lt Ruiz" release 7`
}

// sent is what send has to tell.
type sent struct {
	Draft station.Draft `json:"draft"`
	Entry string        `json:"entry,omitempty"`
}

// Run writes the draft, attaches, and passes it on.
func (c sendCmd) Run(s *session) error {
	if c.Draft && c.Release {
		return usagef("choose one", "--draft and --release contradict each other")
	}
	if err := s.officer("writing"); err != nil {
		return err
	}
	d, err := c.fields()
	if err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	d.Line = l.Key
	if err := c.address(&d, l); err != nil {
		return err
	}
	if d.Text, err = c.text(s); err != nil {
		return err
	}
	if d, err = s.station().SaveDraft(s.ctx, d); err != nil {
		return err
	}
	for _, path := range c.Attach {
		if d, err = s.attach(d, path); err != nil {
			return fmt.Errorf("draft %d is saved, and not released: %w", d.ID, err)
		}
	}
	return c.pass(s, d)
}

// fields checks what can be checked without a station.
func (c sendCmd) fields() (station.Draft, error) {
	p, err := parley.ParsePrecedence(c.Precedence)
	if err != nil {
		return station.Draft{}, usagef("for example: -p immediate", "%v", err)
	}
	d := station.Draft{Form: "dispatch", From: c.From, Precedence: p.String(), Subject: c.Subject, Language: c.Language,
		Legal: c.Legal, Releasability: c.Releasability, Refs: c.Re, Reason: c.Reason, Exercise: c.Exercise}
	if c.Service {
		d.Form = "service"
	}
	if c.Marker == "" && !c.Service {
		return d, usagef("for example: -m question; there are advice, warning, information, question, answer, request, intention and instruction",
			"a dispatch says by its marker what it is for, and none is given")
	}
	if c.Marker != "" {
		m, err := parley.ParseMarker(c.Marker)
		if err != nil {
			return d, usagef("for example: -m question", "%v", err)
		}
		d.Marker = m.String()
	}
	for _, r := range c.Re {
		if _, err := parley.ParseRef(r); err != nil {
			return d, usagef("entries are listed by: parley record", "%v", err)
		}
	}
	return d, nil
}

// address fills in addressees: an office alone is the other side's, and none at
// all is the other side's same office.
func (c sendCmd) address(d *station.Draft, l station.Line) error {
	if d.Language == "" && len(l.Us.Languages) > 0 {
		d.Language = l.Us.Languages[0]
	}
	to := c.To
	if len(to) == 0 {
		to = []string{c.From}
	}
	for _, list := range []struct {
		in  []string
		out *[]string
	}{{to, &d.To}, {c.Info, &d.Info}} {
		for _, a := range list.in {
			full, err := fullAddress(a, l)
			if err != nil {
				return err
			}
			*list.out = append(*list.out, full)
		}
	}
	return nil
}

func fullAddress(a string, l station.Line) (string, error) {
	if !strings.Contains(a, "/") {
		if len(l.Them) != 1 {
			return "", usagef("for example: --to birch/"+a, "the line has %d other parties, and %q names none of them", len(l.Them), a)
		}
		a = string(l.Them[0].Code) + "/" + a
	}
	if _, err := parley.ParseAddress(a); err != nil {
		return "", usagef("for example: --to birch/envoy", "%v", err)
	}
	return a, nil
}

// text reads what is to be said: UTF-8, not empty.
func (c sendCmd) text(s *session) (string, error) {
	var b []byte
	var err error
	if c.Text != "" && c.Text != "-" {
		b, err = readSmall("reading the text", c.Text)
	} else {
		if terminal(s.rawIn) {
			s.say("Type the text; Ctrl-D on a line of its own ends it.")
		}
		b, err = io.ReadAll(io.LimitReader(s.in, maxSmallFile))
	}
	if err != nil {
		return "", err
	}
	t := strings.TrimSpace(strings.ReplaceAll(string(b), "\r\n", "\n"))
	switch {
	case !utf8.ValidString(t):
		return "", parley.Errorf(parley.Malformed, "the text is not UTF-8").WithHint("convert it: iconv -f FROM -t utf-8")
	case t == "":
		return "", parley.Errorf(parley.BadForm, "the text is empty").WithHint("give it on standard input or with --text FILE")
	}
	return t, nil
}

// attach sends one file to the draft.
func (s *session) attach(d station.Draft, path string) (station.Draft, error) {
	f, err := os.Open(path)
	if err != nil {
		return d, fileError("attaching", path, err)
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return d, fileError("attaching", path, err)
	}
	mediaType := mime.TypeByExtension(filepath.Ext(path))
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	p := s.progress("attaching " + filepath.Base(path))
	defer p.end()
	with, err := s.station().Attach(s.ctx, d.ID, filepath.Base(path), mediaType, &measured{f, p, 0, fi.Size()})
	if err != nil {
		return d, fmt.Errorf("attaching %s: %w", path, err)
	}
	return with, nil
}

// measured is a reader that shows how far it has come.
type measured struct {
	r           io.Reader
	p           *progress
	done, total int64
}

func (m *measured) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.done += int64(n)
	m.p.set(m.done, m.total)
	return n, err
}

// pass saves, submits or releases.
func (c sendCmd) pass(s *session, d station.Draft) error {
	switch {
	case c.Release:
		id, err := s.station().Release(s.ctx, d.ID, d.Version, d.Precedence)
		if err != nil {
			if parley.KindOf(err) != parley.NotAllowed {
				return fmt.Errorf("draft %d is saved, and not released: %w", d.ID, err)
			}
			// Two hands are needed: what was written must not be lost with the refusal.
			_, sub := s.station().Submit(s.ctx, d.ID)
			return errors.Join(fmt.Errorf("draft %d waits for a second officer, and is not released: %w", d.ID, err), sub)
		}
		return s.show(sent{d, id}, func(w io.Writer) {
			fmt.Fprintf(w, "%sreleased %s as %s\n", drill(d.Exercise), d.Precedence, id)
		})
	case c.Draft:
		return s.show(sent{Draft: d}, func(w io.Writer) { fmt.Fprintf(w, "%sdraft %d saved\n", drill(d.Exercise), d.ID) })
	}
	saved := d.ID
	d, err := s.station().Submit(s.ctx, saved)
	if err != nil {
		return fmt.Errorf("draft %d is saved, and not submitted: %w", saved, err)
	}
	return s.show(sent{Draft: d}, func(w io.Writer) {
		fmt.Fprintf(w, "%sdraft %d waits for release by another officer: parley --as NAME release %d\n", drill(d.Exercise), d.ID, d.ID)
	})
}

// drill is what stands before everything that is part of an exercise.
func drill(exercise string) string {
	if exercise == "" {
		return ""
	}
	return "EXERCISE " + oneLine(exercise) + ": "
}
