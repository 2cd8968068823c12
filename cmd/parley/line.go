package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

type lineCmd struct {
	List     lineListCmd     `cmd:"" default:"1" help:"List lines and pairings (the default)."`
	Show     lineShowCmd     `cmd:"" help:"Show one line: paths, logs, tests, notices."`
	Invite   lineInviteCmd   `cmd:"" help:"Pairing, step 1: invite the others."`
	Charter  lineCharterCmd  `cmd:"" help:"Show what a pairing file asks to agree to."`
	Accept   lineAcceptCmd   `cmd:"" help:"Pairing, step 2: answer an invitation."`
	Reveal   lineRevealCmd   `cmd:"" help:"Pairing, step 3: reveal, once all have answered."`
	Confirm  lineConfirmCmd  `cmd:"" help:"Pairing, step 4: compare the words and sign."`
	Founding lineFoundingCmd `cmd:"" help:"Write the founding of a line, to keep a copy of."`
	Cut      lineCutCmd      `cmd:"" help:"Take a path, or all, down."`
	Restore  lineRestoreCmd  `cmd:"" help:"Put a path, or all, up again."`
	Address  lineAddressCmd  `cmd:"" help:"Tell the others where our side is reached."`
	Leave    lineLeaveCmd    `cmd:"" help:"Leave a line for good."`
}

func (lineCmd) Help() string {
	return `A line is made by pairing: invite, accept, reveal on both sides, confirm on both sides. docs/pairing.md says who does what and what is read aloud.

Examples:

    parley line
    parley line show birch
    parley line invite --with birch,Birch,zh -o alder-birch.pairing`
}

type lineListCmd struct{}

func (lineListCmd) Help() string {
	return `Examples:

    parley line
    parley line list --json`
}

// Run lists lines, then pairings that have not become lines.
func (lineListCmd) Run(s *session) error {
	lines, err := s.station().Lines(s.ctx)
	if err != nil {
		return err
	}
	all, err := s.station().Pairings(s.ctx)
	if err != nil {
		return err
	}
	var open []station.PairingView
	for _, p := range all {
		if p.Stage != "confirmed" {
			open = append(open, p)
		}
	}
	return s.show(struct {
		Lines    []station.Line        `json:"lines"`
		Pairings []station.PairingView `json:"pairings"`
	}{lines, open}, func(w io.Writer) {
		if len(lines)+len(open) == 0 {
			fmt.Fprintln(w, "No line yet. Invite another party: parley line invite --help")
			return
		}
		if len(lines) > 0 {
			rows := [][]string{{"LINE", "TO", "STATE", "LAMP", "PROVED", "PATHS"}}
			for _, l := range lines {
				rows = append(rows, []string{short(l.Key), l.Name, l.State, lampWord(l.Lamp.State), stamp(l.Lamp.Proved), paths(l.Paths)})
			}
			table(w, rows)
		}
		for _, p := range open {
			fmt.Fprintf(w, "pairing %s with %s: %s. %s\n", short(p.Line), oneLine(strings.Join(p.Parties, ", ")), p.Stage, oneLine(p.Next))
		}
	})
}

// short is enough of a line id to name it here.
func short(id string) string { return id[:min(8, len(id))] }

func paths(list []station.Path) string {
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = p.Name + " " + pathWord(p)
	}
	return strings.Join(words, ", ")
}

func pathWord(p station.Path) string {
	switch {
	case p.Cut:
		return "cut here"
	case p.Up:
		return span(p.RTT)
	case p.Rests:
		return "rests: drill"
	}
	return "down"
}

type lineShowCmd struct {
	Line string `arg:"" optional:"" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (lineShowCmd) Help() string {
	return `Examples:

    parley line show birch
    parley line show birch --json`
}

// Run shows a line.
func (c lineShowCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	all, err := s.station().Pairings(s.ctx)
	if err != nil {
		return err
	}
	v := lineView{Line: l}
	for _, p := range all {
		if p.Line == l.Key {
			v.Founding = p.Fingerprint
		}
	}
	return s.show(v, func(w io.Writer) { showLine(w, v) })
}

// lineView is a line with the hash by which others can check its record.
type lineView struct {
	station.Line
	Founding string `json:"founding,omitempty"`
}

func showLine(w io.Writer, l lineView) {
	pairs(w, "LINE", l.Key, "FOUNDING", l.Founding, "TO", l.Name, "STATE", l.State, "LAMP", lampWord(l.Lamp.State)+", proved "+stamp(l.Lamp.Proved), "EXERCISE", l.Exercise)
	fmt.Fprintln(w, "\nPARTIES")
	rows := [][]string{}
	for _, p := range append([]station.Party{l.Us}, l.Them...) {
		side := "their side"
		if p.Us {
			side = "our side"
		}
		rows = append(rows, []string{"  " + string(p.Code), p.Name, strings.Join(p.Languages, ", "), side, "promises: " + rungs(p.Promises)})
	}
	table(w, rows)
	fmt.Fprintln(w, "\nPATHS")
	rows = nil
	for _, p := range l.Paths {
		proved := "not yet proved post-quantum"
		if p.Proved {
			proved = "proved post-quantum"
		}
		rows = append(rows, []string{"  " + p.Name, p.Address, pathWord(p), "heard " + stamp(p.Heard), proved, p.Why})
	}
	table(w, rows)
	if len(l.Logs) > 0 {
		fmt.Fprintln(w, "\nLOGS")
		rows = nil
		for _, g := range l.Logs {
			rows = append(rows, []string{"  " + string(g.Party), g.Gen, plural(int(g.Size), "entry", "entries"), logWord(g), g.Reason})
		}
		table(w, rows)
	}
	showWitnesses(w, l.Line)
	fmt.Fprintln(w, "\nTESTS")
	pairs(w, "  last answered", stamp(l.Tests.Last), "  round trip", span(l.Tests.LastRTT), "  next", upcoming(l.Tests.Next),
		"  missed in a row", fmt.Sprint(l.Tests.Missed), "  their clock less ours", l.Tests.Clock.Round(time.Millisecond).String(), "  last person", stamp(l.Tests.HumanAt))
	for _, n := range l.Notices {
		fmt.Fprintf(w, "notice: %s (%s)\n", oneLine(n.Text), stamp(n.At))
	}
}

// showWitnesses says who has signed how far each log had come.
func showWitnesses(w io.Writer, l station.Line) {
	list := l.Witnesses
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(w, "\nWITNESSES")
	var rows [][]string
	for _, v := range list {
		if len(v.Logs) == 0 {
			rows = append(rows, []string{"  " + v.Name, "has signed nothing yet", "", v.Trouble})
		}
		for _, g := range v.Logs {
			rows = append(rows, []string{"  " + v.Name, fmt.Sprintf("log of %s: %s", g.Party, plural(int(g.Size), "entry", "entries")), "signed " + stamp(g.At), v.Trouble})
		}
		for _, g := range v.Ahead {
			rows = append(rows, []string{"  " + v.Name, fmt.Sprintf("log of %s: %s, more than we hold", g.Party, plural(int(g.Size), "entry", "entries")), "said " + stamp(g.At), "not signed"})
		}
	}
	table(w, rows)
	for _, g := range l.Logs {
		if len(g.VKeys) > 0 {
			fmt.Fprintf(w, "  key of the log of %s, for operators of witnesses: %s\n", g.Party, oneLine(g.VKeys[0]))
		}
	}
}

func rungs(list []parley.Rung) string {
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = r.String()
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

func logWord(g station.Log) string {
	switch {
	case g.Disputed:
		return "history disputed"
	case g.Current:
		return "current"
	}
	return "closed"
}

type lineFoundingCmd struct {
	Line   string `arg:"" optional:"" help:"Line. Without it: the only one."`
	Output string `short:"o" type:"path" placeholder:"FILE" help:"File to write. Without it: standard output."`
}

func (lineFoundingCmd) Help() string {
	return `The founding is what a line rests on: charter, annex and everybody's public keys. It is not secret. Keep a copy apart from the station: one that lost everything needs it to recover.

Examples:

    parley line founding birch -o birch.founding`
}

// Run writes the founding.
func (c lineFoundingCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	b, err := s.station().FoundingFile(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.writeText(c.Output, b)
}

type lineCutCmd struct {
	Line string `arg:"" help:"Line: its id, or the other side's code or name."`
	Path string `arg:"" optional:"" help:"Path: QUIC or TLS. Without it: all."`
}

func (lineCutCmd) Help() string {
	return `What is sent meanwhile waits, or goes another way. Both desks show the cut within 15 s; ours says that it was done here.

Examples:

    parley line cut birch QUIC
    parley line cut birch`
}

// Run cuts.
func (c lineCutCmd) Run(s *session) error { return cut(s, c.Line, c.Path, true) }

type lineRestoreCmd struct {
	Line string `arg:"" help:"Line: its id, or the other side's code or name."`
	Path string `arg:"" optional:"" help:"Path: QUIC or TLS. Without it: all."`
}

func (lineRestoreCmd) Help() string {
	return `Examples:

    parley line restore birch QUIC
    parley line restore birch`
}

// Run restores.
func (c lineRestoreCmd) Run(s *session) error { return cut(s, c.Line, c.Path, false) }

// restored is how long a path that was put up again is waited for: what is dialed
// anew is not down yet.
const restored = 5 * time.Second

// cut takes paths down, or puts them up, and says how they are then.
func cut(s *session, name, path string, down bool) error {
	l, err := s.line(name)
	if err != nil {
		return err
	}
	path = strings.ToUpper(path)
	if err := s.station().CutPath(s.ctx, l.Key, path, down); err != nil {
		return err
	}
	until := time.Now().Add(restored)
	for {
		if l, err = s.station().Line(s.ctx, l.Key); err != nil {
			return err
		}
		dark := slices.ContainsFunc(l.Paths, func(p station.Path) bool { return (path == "" || p.Name == path) && !p.Up && !p.Rests })
		if down || !dark || s.ctx.Err() != nil || time.Now().After(until) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return s.show(l.Paths, func(w io.Writer) { fmt.Fprintf(w, "%s: %s\n", oneLine(l.Name), paths(l.Paths)) })
}

type lineLeaveCmd struct {
	Line   string `arg:"" help:"Line: its id, or the other side's code or name."`
	Reason string `required:"" help:"Why, in one line. The other side reads it."`
	Yes    bool   `help:"Leave without being asked again."`
}

func (lineLeaveCmd) Help() string {
	return `Files one signed entry that ends our part in the line. It cannot be taken back: a new line needs a new pairing. The record stays and can still be exported and proved.

Examples:

    parley --as "Admin Stone" line leave birch --reason "Replaced by a new line."`
}

// Run leaves.
func (c lineLeaveCmd) Run(s *session) error {
	if err := s.officer("leaving a line"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	if !c.Yes {
		said, err := s.ask(fmt.Sprintf("Leave the line to %s for good? Type its name to do it: ", oneLine(l.Name)), "say so in the command: --yes")
		if err != nil {
			return err
		}
		if said != l.Name {
			return parley.Errorf(parley.NotAllowed, "%q is not the name of the line: nothing was done", said)
		}
	}
	if err := s.station().Leave(s.ctx, l.Key, c.Reason); err != nil {
		return err
	}
	s.say("left the line to %s", l.Name)
	return nil
}
