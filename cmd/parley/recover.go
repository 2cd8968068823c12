package main

import (
	"fmt"
	"io"
	"strings"

	"parley"
)

type recoverCmd struct {
	Start   recoverStartCmd   `cmd:"" help:"Open a new generation under the root key, with the station stopped."`
	Words   recoverWordsCmd   `cmd:"" help:"Show the words both sides compare."`
	Confirm recoverConfirmCmd `cmd:"" help:"On the side that helps: give the words the other side read out."`
}

func (recoverCmd) Help() string {
	return `A station that was restored, or lost everything, never writes to its old log again: nobody can know what it had sent. It opens a new generation and says which one it closes. The other side hands back the bytes of the old entries by itself, and the keys that open them only after officers of both sides have compared five words.

Examples:

    parley recover start birch --root-key /media/stick/alder.root --dir /var/lib/parley
    parley recover words birch
    parley --as "Lt Ruiz" recover confirm birch`
}

type recoverStartCmd struct {
	Line     string `arg:"" help:"Line: its id, or the other side's code or name."`
	RootKey  string `required:"" type:"path" placeholder:"FILE" help:"The root key file."`
	PassFile string `name:"root-passphrase-file" type:"path" placeholder:"FILE" help:"Passphrase of the root key file (mode 0600)."`
}

func (recoverStartCmd) Help() string {
	return `Examples:

    parley recover start birch --root-key /media/stick/alder.root --dir /var/lib/parley`
}

// Run opens the new generation.
func (c recoverStartCmd) Run(s *session) error {
	root, err := s.rootKey(c.RootKey, c.PassFile)
	if err != nil {
		return err
	}
	if err := s.back.Recover(s.g.Dir, c.Line, root); err != nil {
		return err
	}
	s.say("a new generation is open on the line %s; take the root key off this machine", c.Line)
	s.say("next: parley station %s; then, on both sides: parley recover words %s", s.g.Dir, c.Line)
	return nil
}

type recoverWordsCmd struct {
	Line string `arg:"" optional:"" help:"Line. Without it: the only one."`
}

func (recoverWordsCmd) Help() string {
	return `Both stations show the same words when nobody is in between.

Examples:

    parley recover words birch`
}

// Run shows the words.
func (c recoverWordsCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	words, err := s.station().RecoveryWords(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(words, func(w io.Writer) { large(w, words) })
}

type recoverConfirmCmd struct {
	Line      string `arg:"" optional:"" help:"Line. Without it: the only one."`
	WordsFile string `type:"path" placeholder:"FILE" help:"Take the words from this file and ask nobody."`
}

func (recoverConfirmCmd) Help() string {
	return `On the side that still has everything. The officer types the words that the other side reads out, in person or over two unrelated channels. When they are equal, the other station gets the keys of its own old entries, and of ours that it had held. When they are not, nothing is sent.

Examples:

    parley --as "Lt Ruiz" recover confirm birch`
}

// Run confirms.
func (c recoverConfirmCmd) Run(s *session) error {
	if err := s.officer("confirming a recovery"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	words, err := s.station().RecoveryWords(s.ctx, l.Key)
	if err != nil {
		return err
	}
	heard, err := s.heard(c.WordsFile, "Type the words that "+l.Name+" reads out: ")
	if err != nil {
		return err
	}
	if !sameWords(heard, words) {
		return parley.Errorf(parley.NotAllowed, "the words are not equal: nothing was sent").
			WithHint("read them again over another channel; if they still differ, somebody is in between: tell your administrator")
	}
	if err := s.station().ConfirmRecovery(s.ctx, l.Key, words); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "equal: %s gets its keys back\n", clean(strings.TrimSpace(l.Name)))
	return nil
}
