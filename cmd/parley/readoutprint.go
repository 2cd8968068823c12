package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"parley/internal/station"
)

// day and minute of what is said afterwards.
func minute(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// instant is minute, with the seconds of a time that has any: what is over at a
// second is not said to be over at the minute before it.
func instant(t time.Time) string {
	if t.Second() == 0 {
		return minute(t)
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// readoutLines says how our own draft stands.
func readoutLines(w io.Writer, r *station.Readout) {
	fmt.Fprintf(w, "our draft (OUR SIDE ONLY): version %d, %s, by %s, %s\n", r.Version, r.State, oneLine(r.Author), minute(r.Saved))
	if r.Reviewer != "" {
		fmt.Fprintf(w, "  reviewed by %s, %s\n", oneLine(r.Reviewer), minute(r.Reviewed))
	}
	if r.Approver != "" {
		fmt.Fprintf(w, "  approved by %s, %s\n", oneLine(r.Approver), minute(r.Approved))
	}
	if r.Note != "" {
		fmt.Fprintf(w, "  given back: %s\n", oneLine(r.Note))
	}
	if r.Over > 0 {
		fmt.Fprintf(w, "  %d bytes too long to be shown\n", r.Over)
	}
	if r.Stale {
		fmt.Fprintln(w, "  the record says otherwise since it was approved: approve it again")
	}
	if x := r.Ready; x != nil {
		state := "not shown yet"
		switch {
		case x.Lost:
			state = "ITS TEXT IS NOT HERE: this station was restored from an older backup"
		case x.Shown:
			state = "shown"
		case x.Manual:
			state = "to be shown by hand"
		}
		fmt.Fprintf(w, "  our side is bound to version %d since %s: %s\n", x.Version, minute(x.At), state)
	}
}

// statementsLines shows all that is said of a contact.
func statementsLines(w io.Writer, x *station.Statements) {
	if x.Exercise != "" {
		fmt.Fprintf(w, "EXERCISE %s\n", oneLine(x.Exercise))
	}
	factLines(w, "on the record", &x.Record)
	for _, c := range x.Wordings {
		fmt.Fprintf(w, "confirmed wording %s\n", c.ID)
		for _, t := range c.Texts {
			fmt.Fprintf(w, "  %s: %s\n", t.Language, oneLine(t.Text))
		}
	}
	embargoLines(w, &x.Embargo)
	if x.Readout != nil {
		readoutLines(w, x.Readout)
	}
	for i := range x.Sides {
		sideLines(w, &x.Sides[i])
	}
	for i := range x.Joints {
		jointLines(w, &x.Joints[i])
	}
	for i := range x.Published {
		publishedLines(w, &x.Published[i])
	}
	for _, id := range x.Waiting {
		fmt.Fprintf(w, "waits to be sent: %s\n", id)
	}
}

func factLines(w io.Writer, what string, f *station.SaidFacts) {
	fmt.Fprintf(w, "%s: %s, %s", what, f.Level, f.Medium)
	if !f.Start.IsZero() {
		fmt.Fprintf(w, ", %s to %s", minute(f.Start), minute(f.End))
	}
	if f.Initiator != "" {
		fmt.Fprintf(w, ", asked for by %s", f.Initiator)
	}
	fmt.Fprintln(w)
	for _, p := range f.People {
		title := ""
		if p.Title != "" {
			title = ", " + p.Title
		}
		fmt.Fprintf(w, "  %s: %s (%s)\n", p.Party, oneLine(p.Name+title), p.Role)
	}
}

func embargoLines(w io.Writer, e *station.SaidEmbargo) {
	switch {
	case e.Over:
		fmt.Fprintf(w, "embargo until %s, which has passed (%s)\n", instant(e.Until), e.ID)
	case !e.Until.IsZero():
		fmt.Fprintf(w, "EMBARGO until %s (%s)\n", instant(e.Until), e.ID)
		if len(e.Loose) > 0 {
			fmt.Fprintf(w, "  not yet read by %s, who may take it back\n", strings.Join(e.Loose, " and "))
		}
	default:
		fmt.Fprintln(w, "no embargo is agreed")
	}
	for _, o := range e.History {
		if o.Left != "" {
			fmt.Fprintf(w, "  until %s: all others had agreed, and %s took it back (%s)\n", instant(o.Until), o.Left, o.ID)
		}
	}
	for _, o := range e.Open {
		fmt.Fprintf(w, "  until %s, proposed by %s, waits for %s (%s)\n", instant(o.Until), o.By, strings.Join(o.Waits, " and "), o.ID)
	}
}

// saidLines shows a statement, each text behind bars.
func saidLines(w io.Writer, st *station.SaidStatement) {
	for i, x := range st.Items {
		topic := "opening"
		if x.Topic != "" {
			topic = oneLine(x.Topic)
		}
		fmt.Fprintf(w, "  %d %s\n", i+1, topic)
		for _, t := range x.Texts {
			fmt.Fprintf(w, "    %s\n    %s\n", t.Language, strings.ReplaceAll(quoted(t.Text), "\n", "\n    "))
		}
	}
}

func sideLines(w io.Writer, x *station.SaidSide) {
	whose := x.Party
	if x.Ours {
		whose += " (ours)"
	}
	switch x.State {
	case "ready":
		fmt.Fprintf(w, "%s is bound to a draft since %s\n", whose, minute(x.At))
	case "owes":
		fmt.Fprintf(w, "%s is bound to a draft since %s AND HAS NOT SHOWN IT, though the other side's is here since %s\n", whose, minute(x.At), minute(x.Since))
	case "none", "":
		fmt.Fprintf(w, "%s has bound itself to no draft\n", whose)
	}
	for i := range x.Drafts {
		d := &x.Drafts[i]
		note := ""
		if d.Fault != "" {
			note = map[string]string{"not-bound": ", NOT WHAT IT WAS BOUND TO", "other-bond": ", NOT THE ONE IT WAS HELD TO"}[d.Fault]
		}
		if len(d.Differs) > 0 {
			note += ", differs from the record in " + strings.Join(d.Differs, ", ")
		}
		fmt.Fprintf(w, "draft %d of %s, %s%s (%s)\n", d.Number, whose, minute(d.At), note, d.ID)
		if d.Current {
			saidLines(w, &d.SaidStatement)
		}
		for _, r := range d.Remarks {
			on := "the whole"
			if r.Item > 0 {
				on = fmt.Sprintf("item %d", r.Item)
			}
			fmt.Fprintf(w, "  %s on %s, %s: %s (%s)\n", r.By, on, minute(r.At), oneLine(r.Text), r.ID)
		}
	}
}

func jointLines(w io.Writer, j *station.JointView) {
	fmt.Fprintf(w, "joint statement proposed by %s, %s: %s (%s)\n", j.By, minute(j.At), oneLine(j.Sentence), j.ID)
	for _, x := range j.Signatures {
		if x.ID != "" {
			fmt.Fprintf(w, "  signed by %s, %s (%s)\n", x.Party, minute(x.At), x.ID)
		}
	}
	for _, x := range append(onlyOff(j.Off), j.Late...) {
		fmt.Fprintf(w, "  %s by %s, %s: %s\n", x.Step, x.By, minute(x.At), oneLine(x.Text))
	}
	saidLines(w, &j.SaidStatement)
}

func onlyOff(x *station.JointOff) []station.JointOff {
	if x == nil {
		return nil
	}
	return []station.JointOff{*x}
}

func publishedLines(w io.Writer, p *station.PublishedView) {
	note := ""
	switch {
	case !p.Early.IsZero():
		note = ", EARLY: the embargo ends at " + instant(p.Early)
	case !p.Left.IsZero():
		note = ", before the end of an embargo that had been agreed and that it took back, " + instant(p.Left)
	case !p.Crossed.IsZero():
		note = ", before the end of an embargo that it did not know of, " + instant(p.Crossed)
	}
	if p.Unsigned {
		note += ", A JOINT STATEMENT THAT DOES NOT STAND"
	}
	fmt.Fprintf(w, "%s published by %s, %s, entered %s%s (%s)\n", p.Kind, p.By, minute(p.At), minute(p.Entered), note, p.ID)
	if p.Corrects != "" {
		fmt.Fprintf(w, "  it corrects %s\n", p.Corrects)
	}
	if p.Where != "" {
		fmt.Fprintf(w, "  %s\n", oneLine(p.Where))
	}
	if p.Kind != "joint" {
		saidLines(w, &p.SaidStatement)
	}
}

type readoutCompareCmd struct {
	readoutOf
	Ours   string `placeholder:"ENTRY" help:"Our draft. Without it: the newest we showed."`
	Theirs string `placeholder:"ENTRY" help:"Theirs. Without it: the newest they showed."`
}

func (readoutCompareCmd) Help() string {
	return `Topics that only one mentions; confirmed wording that is missing or reworded; figures, dates, names and who asked for it, where they differ. Only within one language: no text is translated.

Examples:

    parley readout compare 93ab40c1ee02d5f7:117
    parley readout compare 93ab40c1ee02d5f7:117 --json`
}

// Run compares.
func (c readoutCompareCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	x, err := s.station().Compare(s.ctx, l.Key, c.Contact, c.Ours, c.Theirs)
	if err != nil {
		return err
	}
	return s.show(x, func(w io.Writer) {
		fmt.Fprintf(w, "draft %s of %s against %s of %s\n", x.Ours, x.Us, x.Theirs, x.Them)
		for _, m := range x.Marks {
			fmt.Fprintf(w, "%s\n", oneLine(m.Sentence))
			for _, t := range []struct {
				party string
				lit   []station.MarkedText
			}{{x.Us, m.Ours}, {x.Them, m.Theirs}} {
				for _, l := range t.lit {
					fmt.Fprintf(w, "  %s: %s[[%s]]%s\n", t.party, oneLine(l.Before), oneLine(l.Words), oneLine(l.After))
				}
			}
		}
		if len(x.Languages) == 0 {
			fmt.Fprintln(w, "The two have no language in common: their words were not compared.")
		} else if len(x.Marks) == 0 {
			fmt.Fprintln(w, "Nothing differs in figures, dates, names, who asked, and confirmed wordings. Other words are not compared: read both.")
		}
	})
}
