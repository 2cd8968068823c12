package main

import (
	"fmt"
	"io"

	"parley"
	"parley/internal/control"
	"parley/internal/station"
)

type memconSaveCmd struct {
	memconAt
	Title    string `help:"Another title."`
	Language string `short:"l" help:"Another language (BCP 47)."`
	Text     string `short:"t" type:"path" placeholder:"FILE" help:"File with the whole text. Without it the text stays as it is."`
	Merge    string `placeholder:"NOTES" help:"Numbers of notes to put at its end, joined by commas; or all."`
	Because  string `help:"Why what was reviewed is corrected."`
}

func (memconSaveCmd) Help() string {
	return `What was reviewed stays readable; the change of it is a correction, says why, and is reviewed in its turn. When somebody has changed it since you read it, nothing is done: read it again.

Examples:

    parley --as "Lt Ruiz" memcon save q7d2mfkxw3nrb5ta --change 1 -t text
    parley --as "Lt Ruiz" memcon save q7d2mfkxw3nrb5ta --change 3 -t text --because "The figure was 14, not 40."`
}

// Run saves.
func (c memconSaveCmd) Run(s *session) error {
	if err := s.officer("writing a memcon"); err != nil {
		return err
	}
	m, err := s.station().Memcon(s.ctx, "open", control.MemconAct{ID: c.Memcon})
	if err != nil {
		return err
	}
	in := station.MemconText{Title: c.Title, Language: c.Language, Text: m.Shown.Text, Reason: c.Because}
	if in.Title == "" {
		in.Title = m.Shown.Title
	}
	if in.Language == "" {
		in.Language = m.Shown.Language
	}
	if in.Reason == "" && m.Correction {
		in.Reason = m.Shown.Reason
	}
	if c.Text != "" {
		if in.Text, err = (sendCmd{Text: c.Text}).text(s); err != nil {
			return err
		}
	}
	if in.Notes, err = chosenNotes(s, m.Line, m.About, c.Merge); err != nil {
		return err
	}
	if m, err = s.station().Memcon(s.ctx, "save", control.MemconAct{ID: c.Memcon, Rev: c.Change, Memcon: &in}); err != nil {
		return err
	}
	return s.show(m, func(w io.Writer) { fmt.Fprintf(w, "Saved, as change %d.\n", m.Rev) })
}

type memconSubmitCmd struct {
	memconAt
	To string `required:"" placeholder:"OFFICER" help:"Who is asked to review it: somebody who wrote nothing of it."`
}

func (memconSubmitCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" memcon submit q7d2mfkxw3nrb5ta --change 2 --to "Amb Hale"`
}

// Run submits.
func (c memconSubmitCmd) Run(s *session) error {
	if err := s.officer("submitting a memcon"); err != nil {
		return err
	}
	to, err := s.person(c.To)
	if err != nil {
		return err
	}
	m, err := s.station().Memcon(s.ctx, "submit", control.MemconAct{ID: c.Memcon, Rev: c.Change, To: to})
	if err != nil {
		return err
	}
	return s.show(m, func(w io.Writer) {
		fmt.Fprintf(w, "%s is asked to review it, as change %d.\n", oneLine(m.Reviewer), m.Rev)
	})
}

type memconReviewCmd struct{ memconAt }

func (memconReviewCmd) Help() string {
	return `From now on those on its list read it.

Examples:

    parley --as "Amb Hale" memcon review q7d2mfkxw3nrb5ta --change 3`
}

// Run reviews.
func (c memconReviewCmd) Run(s *session) error {
	if err := s.officer("reviewing a memcon"); err != nil {
		return err
	}
	m, err := s.station().Memcon(s.ctx, "review", control.MemconAct{ID: c.Memcon, Rev: c.Change})
	if err != nil {
		return err
	}
	return s.show(m, func(w io.Writer) { fmt.Fprintf(w, "It is version %d.\n", m.Version) })
}

type memconReturnCmd struct {
	memconAt
	Note string `short:"n" required:"" help:"What is to be mended."`
}

func (memconReturnCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" memcon return q7d2mfkxw3nrb5ta --change 3 --note "Who said this of Monday?"`
}

// Run returns it.
func (c memconReturnCmd) Run(s *session) error {
	return c.act(s, "return", control.MemconAct{Rev: c.Change, Text: c.Note}, "Given back to its author.")
}

// memconNames are officers and offices for a list.
type memconNames struct {
	Officer []string `sep:"none" help:"An officer; once for each."`
	Office  []string `help:"Everybody who holds an office; once for each."`
}

// each does an act for every name.
func (c memconNames) each(s *session, of memconOf, act string, writes bool, did string) error {
	if err := s.officer("changing the list of a memcon"); err != nil {
		return err
	}
	if len(c.Officer)+len(c.Office) == 0 {
		return usagef(`--officer "Amb Hale", or --office envoy`, "nobody is named")
	}
	var ins []control.MemconAct
	for _, name := range c.Officer {
		id, err := s.person(name)
		if err != nil {
			return err
		}
		ins = append(ins, control.MemconAct{ID: of.Memcon, Officer: id, Writes: writes})
	}
	for _, name := range c.Office {
		office, err := parley.ParseOffice(name)
		if err != nil {
			return err
		}
		ins = append(ins, control.MemconAct{ID: of.Memcon, Office: office, Writes: writes})
	}
	for _, in := range ins {
		if err := s.station().ActOnMemcon(s.ctx, act, in); err != nil {
			return err
		}
	}
	return s.show(map[string]any{"memcon": of.Memcon, "names": len(ins)}, func(w io.Writer) { fmt.Fprintln(w, did) })
}

type memconShareCmd struct {
	memconOf
	memconNames
	Write bool `help:"They may write on it, and see drafts. For officers."`
}

func (memconShareCmd) Help() string {
	return `They read what was reviewed. For anybody else there is no such memcon.

Examples:

    parley --as "Lt Ruiz" memcon share q7d2mfkxw3nrb5ta --officer "Amb Hale" --office principal
    parley --as "Lt Ruiz" memcon share q7d2mfkxw3nrb5ta --officer Chen --write`
}

// Run shares.
func (c memconShareCmd) Run(s *session) error {
	return c.each(s, c.memconOf, "share", c.Write, "They are on its list.")
}

type memconUnshareCmd struct {
	memconOf
	memconNames
}

func (memconUnshareCmd) Help() string {
	return `For them there is no such memcon from now on. That they read it stays noted.

Examples:

    parley --as "Lt Ruiz" memcon unshare q7d2mfkxw3nrb5ta --office principal`
}

// Run takes them off.
func (c memconUnshareCmd) Run(s *session) error {
	return c.each(s, c.memconOf, "unshare", false, "They are off its list.")
}

type memconHandCmd struct {
	memconAt
	To string `required:"" placeholder:"OFFICER" help:"Its next author."`
}

func (memconHandCmd) Help() string {
	return `You stay on its list.

Examples:

    parley --as "Lt Ruiz" memcon hand q7d2mfkxw3nrb5ta --change 3 --to Chen`
}

// Run hands it over.
func (c memconHandCmd) Run(s *session) error {
	if err := s.officer("handing a memcon over"); err != nil {
		return err
	}
	to, err := s.person(c.To)
	if err != nil {
		return err
	}
	return c.act(s, "hand", control.MemconAct{Rev: c.Change, To: to}, "Handed over.")
}

type memconDiscardCmd struct{ memconAt }

func (memconDiscardCmd) Help() string {
	return `Its notes are free again. What was reviewed once is corrected, and never discarded.

Examples:

    parley --as "Lt Ruiz" memcon discard q7d2mfkxw3nrb5ta --change 1`
}

// Run discards.
func (c memconDiscardCmd) Run(s *session) error {
	return c.act(s, "discard", control.MemconAct{Rev: c.Change}, "Discarded.")
}

type memconInheritCmd struct {
	From string `required:"" placeholder:"OFFICER" help:"Who is no longer here: his name, or his number."`
	To   string `required:"" placeholder:"OFFICER" help:"Who has it from now on."`
}

func (memconInheritCmd) Help() string {
	return `An administrator does it when an officer has left: memcons and notes that only he knew of go to another. The administrator sees none of them, and may not be the one who gets them.

Examples:

    parley --as "Ms Root" memcon inherit --from "Lt Ruiz" --to Chen`
}

// Run hands on.
func (c memconInheritCmd) Run(s *session) error {
	all, err := s.station().Officers(s.ctx)
	if err != nil {
		return err
	}
	var from []int64
	for _, o := range all {
		if !o.Active && (o.Name == c.From || fmt.Sprint(o.ID) == c.From) {
			from = append(from, o.ID)
		}
	}
	switch len(from) {
	case 1:
	case 0:
		return parley.Errorf(parley.NotFound, "no officer called %q has left: only what is left behind is given on", clean(c.From)).WithHint("see who is gone: parley officer list; an author who is here hands a memcon on: parley memcon hand")
	default:
		return parley.Errorf(parley.NotFound, "%d officers called %q have left", len(from), clean(c.From)).WithHint("give the number of one: parley officer list")
	}
	to, err := s.person(c.To)
	if err != nil {
		return err
	}
	n, err := s.station().InheritMemcons(s.ctx, from[0], to)
	if err != nil {
		return err
	}
	return s.show(map[string]int64{"memcons": n}, func(w io.Writer) { fmt.Fprintf(w, "Memcons handed on: %d\n", n) })
}
