package main

import (
	"fmt"
	"io"
	"strings"

	"parley/internal/station"
)

type topicHistoryCmd struct {
	Topic string `arg:"" help:"The topic; see parley topic list."`
	contactLine
}

func (topicHistoryCmd) Help() string {
	return `Readouts and their corrections, joint statements, agreed announcements, and
public statements whose clarification was asked for. Words that were not in the
statement of that side before stand between [+ and +], words that are gone
between [- and -]. What the other side said is noted in the audit as read, for
whom --as names.

Examples:

    parley --as "Envoy Lee" topic history "Strait"
    parley --as "Envoy Lee" --json topic history "Strait"`
}

// Run shows.
func (c topicHistoryCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	list, err := s.station().TopicHistory(s.ctx, l.Key, c.Topic)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "Nothing was said of it in public.")
		}
		for i := range list {
			publicLines(w, &list[i])
		}
	})
}

func publicLines(w io.Writer, p *station.PublicStatement) {
	fmt.Fprintf(w, "%s %s of %s (%s)", p.At.Format("2006-01-02"), p.Kind, strings.Join(p.By, " and "), p.ID)
	for _, x := range []struct {
		is   bool
		what string
	}{{p.Early, "before the embargo ended"}, {p.Crossed, "before an embargo ended that its writer did not know of"}, {p.Alone, "not signed by all"}} {
		if x.is {
			fmt.Fprintf(w, ", %s", x.what)
		}
	}
	if p.Where != "" {
		fmt.Fprintf(w, ", %s", oneLine(p.Where))
	}
	fmt.Fprintln(w)
	for _, t := range p.Texts {
		fmt.Fprintf(w, "  %s%s\n", language(t.Language), partsLine(t.Parts, "[+", "+]"))
		for _, old := range p.Was {
			if old.Language == t.Language && old.Lit > 0 {
				fmt.Fprintf(w, "  %sbefore: %s\n", language(t.Language), partsLine(old.Parts, "[-", "-]"))
			}
		}
	}
	for _, a := range p.Answers {
		fmt.Fprintf(w, "  %s: %s. %s\n", a.By, a.Outcome, oneLine(a.Text))
	}
	if len(p.Waits) > 0 {
		fmt.Fprintf(w, "  whether it is to be taken as said waits for %s\n", strings.Join(p.Waits, " and "))
	}
}

func language(tag string) string {
	if tag == "" {
		return ""
	}
	return tag + ": "
}

func partsLine(parts []station.LitPart, open, shut string) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Lit {
			b.WriteString(open + p.Text + shut)
		} else {
			b.WriteString(p.Text)
		}
	}
	return oneLine(b.String())
}
