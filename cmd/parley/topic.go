package main

import (
	"fmt"
	"io"
	"strings"

	"parley/internal/control"
	"parley/internal/station"
)

type topicCmd struct {
	List    topicListCmd    `cmd:"" help:"List the topics: who takes what stand, and what waits for an answer."`
	Show    topicShowCmd    `cmd:"" help:"Show what was said of a topic, and at which levels it has been."`
	History topicHistoryCmd `cmd:"" help:"Show what each side said of a topic in public, and what changed."`
	Stance  topicStanceCmd  `cmd:"" help:"Say where our side stands."`
	Ask     topicAskCmd     `cmd:"" help:"Put a demand or a question, or ask what a public statement is worth."`
	Answer  topicAnswerCmd  `cmd:"" help:"Answer what the other side asked."`
}

func (topicCmd) Help() string {
	return `Examples:

    parley topic list
    parley --as "Envoy Lee" topic show "Strait"
    parley --as "Envoy Lee" topic ask question "Strait" "Who guards the corridor?"
    parley --as "Envoy Wu" topic answer 93ab40c1ee02d5f7:122 answered -m "The coast guard of each side"`
}

type topicListCmd struct{ contactLine }

func (topicListCmd) Help() string {
	return `The words are not in the list: parley topic show.

Examples:

    parley topic list`
}

// Run lists.
func (c topicListCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	list, err := s.station().Topics(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "Nothing was said of any topic.")
			return
		}
		rows := [][]string{{"TOPIC", "RAISED", "LEVEL", "STANDS", "OPEN"}}
		for _, t := range list {
			level, stands := "-", []string{}
			if n := len(t.Levels); n > 0 {
				level = t.Levels[n-1].Level
			}
			for _, x := range t.Stances {
				if x.Now {
					stands = append(stands, x.By+": "+x.Stand)
				}
			}
			rows = append(rows, []string{oneLine(t.Name), t.Raised.Format("2006-01-02"), level, strings.Join(stands, "; "), fmt.Sprint(t.Open)})
		}
		table(w, rows)
	})
}

type topicShowCmd struct {
	Topic string `arg:"" help:"The topic; see parley topic list."`
	contactLine
}

func (topicShowCmd) Help() string {
	return `What the other side said is noted in the audit as read, for whom --as names.

Examples:

    parley --as "Envoy Lee" topic show "Strait"`
}

// Run shows.
func (c topicShowCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	t, err := s.station().Topic(s.ctx, l.Key, c.Topic)
	if err != nil {
		return err
	}
	return s.show(t, func(w io.Writer) { topicLines(w, &t) })
}

func topicLines(w io.Writer, t *station.Topic) {
	fmt.Fprintf(w, "%s: raised %s by %s\n", t.Name, t.Raised.Format("2006-01-02"), t.RaisedBy)
	for _, x := range t.Levels {
		until := ""
		if !x.Until.IsZero() {
			until = " until " + x.Until.Format("2006-01-02")
		}
		fmt.Fprintf(w, "  at the %s level since %s%s, %d days\n", x.Level, x.From.Format("2006-01-02"), until, x.Days)
	}
	for _, x := range t.Stances {
		if x.Now {
			fmt.Fprintf(w, "  %s: %s. %s\n", x.By, x.Stand, oneLine(x.Position))
		}
	}
	for _, a := range t.Asks {
		fmt.Fprintf(w, "  %s of %s, %s: %s (%s)\n", a.Sort, a.By, a.At.Format("2006-01-02"), oneLine(a.Text), a.ID)
		for _, x := range a.Answers {
			fmt.Fprintf(w, "    %s: %s. %s\n", x.By, x.Outcome, oneLine(x.Text))
		}
		if len(a.Waits) > 0 {
			fmt.Fprintf(w, "    open %d days: waits for %s\n", a.Days, strings.Join(a.Waits, " and "))
		}
	}
}

type topicStanceCmd struct {
	Topic string `arg:"" help:"The topic."`
	Stand string `arg:"" enum:"cooperate,contested,not-open" help:"cooperate, contested or not-open."`
	contactLine
	Position string `short:"m" help:"Our position, in our words."`
	Release  string `help:"To whom it may be shown."`
}

func (topicStanceCmd) Help() string {
	return `Examples:

    parley --as "Envoy Lee" topic stance "Strait" contested -m "Free passage for all"`
}

// Run files.
func (c topicStanceCmd) Run(s *session) error {
	return c.arrange(s, "stance", control.ContactAct{Topic: c.Topic, Stand: c.Stand, Text: c.Position, Mark: c.Release})
}

type topicAskCmd struct {
	Sort  string `arg:"" enum:"demand,question,clarification" help:"demand, question or clarification."`
	Topic string `arg:"" help:"The topic."`
	Text  string `arg:"" help:"What is asked."`
	contactLine
	AnswerBy string `placeholder:"TIME" help:"Until when an answer is asked for."`
	Quote    string `help:"Of a clarification: the words of the statement."`
	Source   string `help:"Of a clarification: where they stand."`
	Said     string `placeholder:"DATE" help:"Of a clarification: when they were said, YYYY-MM-DD."`
}

func (topicAskCmd) Help() string {
	return `Examples:

    parley --as "Envoy Lee" topic ask demand "Strait" "Withdraw the tugs from the lane"
    parley --as "Envoy Lee" topic ask clarification "Strait" "Is it meant?" --quote "The lane is closed" --source "a newspaper" --said 2026-11-20`
}

// Run asks.
func (c topicAskCmd) Run(s *session) error {
	all, none := c.Quote != "" && c.Source != "" && c.Said != "", c.Quote == "" && c.Source == "" && c.Said == ""
	switch clarifies := c.Sort == "clarification"; {
	case clarifies && !all:
		return usagef("give all three: --quote WORDS --source WHERE --said YYYY-MM-DD", "a clarification quotes a public statement, with its source and date")
	case !clarifies && !none:
		return usagef("ask for a clarification, or leave out --quote, --source and --said", "a %s quotes no public statement", c.Sort)
	}
	by, err := when("the time for an answer", c.AnswerBy, "UTC")
	if err != nil {
		return err
	}
	return c.arrange(s, "put", control.ContactAct{Ask: &station.AskText{Sort: c.Sort, Topic: c.Topic, Text: c.Text, By: by, Quote: c.Quote, Source: c.Source, Said: c.Said}})
}

type topicAnswerCmd struct {
	Entry   string `arg:"" help:"What was asked; see parley topic show."`
	Outcome string `arg:"" enum:"accepted,refused,reserved,answered,authoritative,not-authoritative,superseded,no-comment" help:"Of a demand: accepted, refused, reserved; of a question: answered, reserved, refused; of a clarification: authoritative, not-authoritative, superseded, no-comment."`
	contactLine
	Text string `short:"m" help:"In words."`
}

func (topicAnswerCmd) Help() string {
	return `Examples:

    parley --as "Envoy Wu" topic answer 93ab40c1ee02d5f7:122 answered -m "The coast guard of each side"`
}

// Run answers.
func (c topicAnswerCmd) Run(s *session) error {
	return c.arrange(s, "answer", control.ContactAct{ID: c.Entry, Step: c.Outcome, Text: c.Text})
}
