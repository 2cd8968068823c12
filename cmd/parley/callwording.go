package main

import "parley/internal/control"

type callWordingCmd struct {
	Write    wordingWriteCmd    `cmd:"" help:"Write down what was said, for the other side to confirm."`
	Confirm  wordingConfirmCmd  `cmd:"" help:"Confirm a wording of the other side."`
	Deny     wordingDenyCmd     `cmd:"" help:"Say that it was not said so."`
	Withdraw wordingWithdrawCmd `cmd:"" help:"Take back a wording of ours."`
}

func (callWordingCmd) Help() string {
	return `A wording stands on the record as what was said; it is not an agreement.

Examples:

    parley --as "Amb Hale" call wording write --text "en=The line stays open." --text "zh=热线保持畅通。"
    parley --as "Amb Hale" call wording confirm 93ab40c1ee02d5f7:119`
}

type wordingWriteCmd struct {
	callLine
	callMeant
	Text    []string `required:"" sep:"none" placeholder:"LANGUAGE=TEXT" help:"The sentence in one language; once for each language of the line."`
	Instead string   `placeholder:"ENTRY" help:"Write it in place of this wording."`
}

func (wordingWriteCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" call wording write --text "en=The line stays open." --text "zh=热线保持畅通。"`
}

// Run writes.
func (c wordingWriteCmd) Run(s *session) error {
	texts, err := saidTexts(c.Text, `--text "en=The line stays open."`)
	if err != nil {
		return err
	}
	return c.file(s, "wording", control.CallAct{ID: c.Call, Texts: texts, Before: c.Instead}, "The other side is asked to confirm it.")
}

// wordingMeant is a wording, and what is said of it.
type wordingMeant struct {
	Wording string `arg:"" help:"The wording; see parley call show."`
	Text    string `arg:"" optional:"" help:"A remark."`
	callLine
}

func (c wordingMeant) judge(s *session, step, now string) error {
	return c.act(s, "judge", control.CallAct{ID: c.Wording, Step: step, Text: c.Text}, now)
}

type wordingConfirmCmd struct{ wordingMeant }

func (wordingConfirmCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" call wording confirm 93ab40c1ee02d5f7:119`
}

// Run confirms.
func (c wordingConfirmCmd) Run(s *session) error { return c.judge(s, "confirm", "Confirmed.") }

type wordingDenyCmd struct{ wordingMeant }

func (wordingDenyCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" call wording deny 93ab40c1ee02d5f7:119 "He said may, not will"`
}

// Run denies.
func (c wordingDenyCmd) Run(s *session) error { return c.judge(s, "deny", "Denied.") }

type wordingWithdrawCmd struct{ wordingMeant }

func (wordingWithdrawCmd) Help() string {
	return `Examples:

    parley --as "Amb Hale" call wording withdraw 93ab40c1ee02d5f7:119`
}

// Run withdraws.
func (c wordingWithdrawCmd) Run(s *session) error { return c.judge(s, "withdraw", "Taken back.") }

type callDisputeCmd struct {
	callLine
	callMeant
	Language string `required:"" help:"Into which it was interpreted, such as zh."`
	Heard    string `required:"" help:"What the interpreter said."`
	Meant    string `help:"What was meant."`
}

func (callDisputeCmd) Help() string {
	return `It is kept with the time and the words.

Examples:

    parley --as "Lt Ruiz" call dispute --language en --heard "We will stop" --meant "We may stop"`
}

// Run disputes.
func (c callDisputeCmd) Run(s *session) error {
	return c.file(s, "dispute", control.CallAct{ID: c.Call, Language: c.Language, Heard: c.Heard, Meant: c.Meant}, "Both sides see it.")
}
