package main

import (
	"fmt"
	"io"
	"strings"

	"parley"
	"parley/internal/control"
	"parley/internal/station"
)

type memconCmd struct {
	Note    memconNoteCmd    `cmd:"" help:"Keep a note of a contact or a call, for its memcon."`
	Notes   memconNotesCmd   `cmd:"" help:"List your notes of a contact or a call, and those you were given."`
	Give    memconGiveCmd    `cmd:"" help:"Let another officer merge your notes."`
	List    memconListCmd    `cmd:"" help:"List the memcons you may see."`
	Show    memconShowCmd    `cmd:"" help:"Read a memcon. The reading is audited."`
	Begin   memconBeginCmd   `cmd:"" help:"Begin a memcon, from a text or from notes."`
	Save    memconSaveCmd    `cmd:"" help:"Change the text of a memcon, or correct one."`
	Submit  memconSubmitCmd  `cmd:"" help:"Ask another officer to review a memcon."`
	Review  memconReviewCmd  `cmd:"" help:"Make the text that you were asked to review the next version."`
	Return  memconReturnCmd  `cmd:"" help:"Give a memcon that you were asked to review back, with a note."`
	Share   memconShareCmd   `cmd:"" help:"Put officers and offices on the list of a memcon."`
	Unshare memconUnshareCmd `cmd:"" help:"Take officers and offices off the list of a memcon."`
	Hand    memconHandCmd    `cmd:"" help:"Make another officer the author of a memcon."`
	Discard memconDiscardCmd `cmd:"" help:"Forget a memcon that nobody reviewed."`
	Inherit memconInheritCmd `cmd:"" help:"Give what an officer who is gone left to another."`
}

func (memconCmd) Help() string {
	return `A memcon is our own memorandum of a contact or a call. It is our side only: nothing of it ever goes to the other side. Its author merges notes into it, another officer reviews it, and then those on its list read it; whoever is not on the list is told that there is no such memcon. Every reading is audited and shown to the author. A correction is a new version: what stood before stays readable.

Examples:

    parley --as "Lt Ruiz" memcon note 93ab40c1ee02d5f7:117 "He asked for time until Monday"
    parley --as "Lt Ruiz" memcon begin 93ab40c1ee02d5f7:117 --title "Call on the strait" --merge all
    parley --as "Amb Hale" memcon show q7d2mfkxw3nrb5ta`
}

// memconOn is the contact or the call that an act is about.
type memconOn struct {
	About string `arg:"" help:"Any request of the contact, or the call; see parley contact list and parley call list."`
	Line  string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

// memconOf is the memcon that an act is about.
type memconOf struct {
	Memcon string `arg:"" help:"Its id; see parley memcon list."`
}

// memconAt names the change at which the memcon stood when it was read: what was
// changed since is not written over, and not reviewed unseen.
type memconAt struct {
	memconOf
	Change int64 `short:"c" required:"" placeholder:"NR" help:"The change at which you read it, as parley memcon show says; of another nothing is done."`
}

// act does one act on a memcon and says what was done.
func (c memconOf) act(s *session, act string, in control.MemconAct, did string) error {
	if err := s.officer("dealing with memcons"); err != nil {
		return err
	}
	in.ID = c.Memcon
	if err := s.station().ActOnMemcon(s.ctx, act, in); err != nil {
		return err
	}
	return s.show(map[string]string{"memcon": c.Memcon, "did": did}, func(w io.Writer) { fmt.Fprintln(w, did) })
}

// person is the officer of a name.
func (s *session) person(name string) (int64, error) {
	o, err := s.station().OfficerNamed(s.ctx, name)
	return o.ID, err
}

func ourSide(w io.Writer) { fmt.Fprintln(w, parley.OurSideOnly) }

type memconNoteCmd struct {
	memconOn
	Text string `arg:"" help:"What was said."`
}

func (memconNoteCmd) Help() string {
	return `It is your own until you give it to somebody, and never leaves the station.

Examples:

    parley --as "Lt Ruiz" memcon note 93ab40c1ee02d5f7:117 "He asked for time until Monday"`
}

// Run keeps it.
func (c memconNoteCmd) Run(s *session) error {
	if err := s.officer("taking notes"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	if err := s.station().ActOnMemcon(s.ctx, "note", control.MemconAct{Line: l.Key, About: c.About, Text: c.Text}); err != nil {
		return err
	}
	return s.show(map[string]string{"about": c.About}, func(w io.Writer) { fmt.Fprintln(w, "Kept.") })
}

type memconNotesCmd struct{ memconOn }

func (memconNotesCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" memcon notes 93ab40c1ee02d5f7:117`
}

// Run lists.
func (c memconNotesCmd) Run(s *session) error {
	if err := s.officer("reading notes"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	notes, err := s.station().MemNotes(s.ctx, l.Key, c.About)
	if err != nil {
		return err
	}
	return s.show(notes, func(w io.Writer) {
		ourSide(w)
		for _, n := range notes {
			state := ""
			switch {
			case n.Used:
				state = " (merged)"
			case n.Given != "":
				state = " (given to " + oneLine(n.Given) + ")"
			}
			fmt.Fprintf(w, "%d  %s  %s: %s%s\n", n.ID, n.At.UTC().Format("2006-01-02 15:04 UTC"), oneLine(n.By), oneLine(n.Text), state)
		}
		if len(notes) == 0 {
			fmt.Fprintln(w, "No notes.")
		}
	})
}

type memconGiveCmd struct {
	memconOn
	To string `required:"" placeholder:"OFFICER" help:"Who may merge them."`
}

func (memconGiveCmd) Help() string {
	return `Examples:

    parley --as Chen memcon give 93ab40c1ee02d5f7:117 --to "Lt Ruiz"`
}

// Run gives.
func (c memconGiveCmd) Run(s *session) error {
	if err := s.officer("giving notes"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	to, err := s.person(c.To)
	if err != nil {
		return err
	}
	if err := s.station().ActOnMemcon(s.ctx, "give", control.MemconAct{Line: l.Key, About: c.About, To: to}); err != nil {
		return err
	}
	return s.show(map[string]string{"about": c.About, "to": c.To}, func(w io.Writer) { fmt.Fprintf(w, "%s may merge them.\n", oneLine(c.To)) })
}

type memconListCmd struct {
	About string `arg:"" optional:"" help:"Any request of a contact, or a call. Without it: all of the line."`
	Line  string `short:"L" help:"Line: its id, or the other side's code or name. Without it: the only one."`
}

func (memconListCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" memcon list
    parley --as "Lt Ruiz" memcon list 93ab40c1ee02d5f7:117 --json`
}

// Run lists.
func (c memconListCmd) Run(s *session) error {
	if err := s.officer("looking for memcons"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	list, err := s.station().Memcons(s.ctx, l.Key, c.About)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		ourSide(w)
		if len(list) == 0 {
			fmt.Fprintln(w, "No memcon that you may see.")
			return
		}
		rows := [][]string{{"MEMCON", "ABOUT", "STATE", "VERSION", "AUTHOR", "TITLE"}}
		for _, m := range list {
			state := m.State
			if m.Unread {
				state += ", not read by you"
			}
			rows = append(rows, []string{m.ID, m.About, state, fmt.Sprint(m.Version), oneLine(m.Author), oneLine(m.Title)})
		}
		table(w, rows)
	})
}

type memconShowCmd struct {
	memconOf
	Which string `placeholder:"TEXT" help:"draft, or the number of a version. Without it: the newest that you may see."`
}

func (memconShowCmd) Help() string {
	return `What is otherwise than in the version before stands as [-gone-] and [+new+].

Examples:

    parley --as "Amb Hale" memcon show q7d2mfkxw3nrb5ta
    parley --as "Amb Hale" memcon show q7d2mfkxw3nrb5ta --which 1`
}

// Run shows.
func (c memconShowCmd) Run(s *session) error {
	if err := s.officer("reading a memcon"); err != nil {
		return err
	}
	m, err := s.station().Memcon(s.ctx, "open", control.MemconAct{ID: c.Memcon, Which: c.Which})
	if err != nil {
		return err
	}
	return s.show(m, func(w io.Writer) { memconLines(w, &m) })
}

func memconLines(w io.Writer, m *station.Memcon) {
	x := m.Shown
	ourSide(w)
	fmt.Fprintf(w, "%s\n%s of %s, by %s, saved %s\n", oneLine(x.Title), memconWhat(&x.MemconVersion), m.About, oneLine(m.Author), x.At.UTC().Format("2006-01-02 15:04 UTC"))
	if m.Rev != 0 {
		fmt.Fprintf(w, "state %s, change %d\n", m.State, m.Rev)
	}
	if x.Reviewer != "" {
		fmt.Fprintf(w, "reviewed by %s, %s\n", oneLine(x.Reviewer), x.Reviewed.UTC().Format("2006-01-02 15:04 UTC"))
	}
	for _, t := range []struct{ label, text string }{{"corrected because", x.Reason}, {"returned", m.Note}} {
		if t.text != "" {
			fmt.Fprintf(w, "%s: %s\n", t.label, oneLine(t.text))
		}
	}
	fmt.Fprintln(w)
	if len(x.Changes) > 0 {
		for _, p := range x.Changes {
			fmt.Fprintf(w, map[string]string{"": "%s", "gone": "[-%s-]", "new": "[+%s+]"}[p.Kind], clean(p.Text))
		}
		fmt.Fprintln(w)
	} else {
		fmt.Fprintln(w, clean(x.Text))
	}
	fmt.Fprintln(w)
	for _, v := range m.Versions {
		fmt.Fprintf(w, "%s: %s, %s\n", v.Which, memconWhat(&v), v.At.UTC().Format("2006-01-02 15:04 UTC"))
	}
	for _, r := range m.Readers {
		who := r.Name
		if who == "" {
			who = "office " + string(r.Office)
		}
		fmt.Fprintf(w, "on the list: %s%s\n", oneLine(who), map[bool]string{true: ", who may write"}[r.Writes])
	}
	for _, r := range m.Reads {
		fmt.Fprintf(w, "%s %s by %s\n", r.At.UTC().Format("2006-01-02 15:04:05 UTC"), r.How, oneLine(r.Name))
	}
	ourSide(w)
}

func memconWhat(v *station.MemconVersion) string {
	switch {
	case v.Over:
		return "a text that another hand wrote over"
	case v.Number == 0:
		return "draft"
	}
	return fmt.Sprintf("version %d", v.Number)
}

type memconBeginCmd struct {
	memconOn
	Title    string `required:"" help:"Its title."`
	Language string `short:"l" help:"Language it is written in (BCP 47)."`
	Text     string `short:"t" type:"path" placeholder:"FILE" help:"File with the text."`
	Merge    string `placeholder:"NOTES" help:"Numbers of notes to merge, joined by commas; or all."`
}

func (memconBeginCmd) Help() string {
	return `You are its author, and nobody else knows of it until you submit it or put somebody on its list.

Examples:

    parley --as "Lt Ruiz" memcon begin 93ab40c1ee02d5f7:117 --title "Call on the strait" --merge all
    parley --as "Lt Ruiz" memcon begin 93ab40c1ee02d5f7:117 --title "Call on the strait" -t text`
}

// Run begins.
func (c memconBeginCmd) Run(s *session) error {
	if err := s.officer("beginning a memcon"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	in := station.MemconText{Title: c.Title, Language: c.Language}
	if in.Text, err = c.text(s, c.Text); err != nil {
		return err
	}
	if in.Notes, err = chosenNotes(s, l.Key, c.About, c.Merge); err != nil {
		return err
	}
	m, err := s.station().Memcon(s.ctx, "begin", control.MemconAct{Line: l.Key, About: c.About, Memcon: &in})
	if err != nil {
		return err
	}
	return s.show(m, func(w io.Writer) { fmt.Fprintf(w, "Memcon %s is begun.\n", m.ID) })
}

func (memconBeginCmd) text(s *session, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	return sendCmd{Text: path}.text(s)
}

// chosenNotes reads which notes are to be merged.
func chosenNotes(s *session, line, about, which string) (out []int64, err error) {
	if which == "" {
		return nil, nil
	}
	if which == "all" {
		notes, err := s.station().MemNotes(s.ctx, line, about)
		for _, n := range notes {
			if !n.Used {
				out = append(out, n.ID)
			}
		}
		return out, err
	}
	for _, x := range strings.Split(which, ",") {
		var n int64
		if _, err := fmt.Sscanf(strings.TrimSpace(x), "%d", &n); err != nil {
			return nil, usagef("numbers joined by commas, for example --merge 3,5; or --merge all", "%q is no number of a note", x)
		}
		out = append(out, n)
	}
	return out, nil
}
