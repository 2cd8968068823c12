package main

import (
	"fmt"
	"io"
	"strings"

	"parley"
	"parley/internal/station"
)

type lineAcceptCmd struct {
	File   string `arg:"" type:"existingfile" help:"Pairing file the other side handed over."`
	Output string `short:"o" required:"" type:"path" placeholder:"FILE" help:"Pairing file to write and hand back."`
	qrFlags
}

func (lineAcceptCmd) Help() string {
	return `Adds our commitment to an invitation. Read the charter first; whoever confirms the words later agrees to it. Nothing is binding before that.

Examples:

    parley line charter alder-birch.pairing
    parley line accept alder-birch.pairing -o birch-alder.pairing`
}

// Run accepts.
func (c lineAcceptCmd) Run(s *session) error {
	if err := c.check(s); err != nil {
		return err
	}
	p, err := pairingStep(s, c.File)
	if err != nil {
		return err
	}
	return s.handOver(p, c.Output, c.qrFlags)
}

type lineRevealCmd struct {
	File   string `arg:"" type:"existingfile" help:"Pairing file with the commitments of all."`
	Output string `short:"o" type:"path" placeholder:"FILE" help:"Pairing file to write and hand over. The last to take the others' keys in needs none."`
	qrFlags
}

func (lineRevealCmd) Help() string {
	return `Adds our keys, once the file holds a commitment of every party, and takes in the keys of those who have revealed. Run it again with the file that comes back. When all have revealed, the station knows the words to compare. Running it twice with one file does no harm.

Examples:

    parley line reveal birch-alder.pairing -o alder-reveal.pairing
    parley line reveal birch-reveal.pairing`
}

// Run reveals.
func (c lineRevealCmd) Run(s *session) error {
	if err := c.check(s); err != nil {
		return err
	}
	p, err := pairingStep(s, c.File)
	if err != nil {
		return err
	}
	if p.Stage == "invited" || p.Stage == "accepted" {
		return parley.Errorf(parley.Unavailable, "nothing is revealed yet: no commitment of %s is in the file", strings.Join(p.Waiting, ", ")).
			WithHint("%s", p.Next)
	}
	if err := s.handOver(p, c.Output, c.qrFlags); err != nil || s.g.JSON || p.Stage != "words" {
		return err
	}
	fmt.Fprintf(s.out, "Then: parley line confirm %s\n", short(p.Line))
	return nil
}

// pairingStep gives the station a file that was handed over.
func pairingStep(s *session, path string) (station.PairingView, error) {
	b, err := readSmall("reading the file", path)
	if err == nil {
		b, err = joinParts(b)
	}
	if err != nil {
		return station.PairingView{}, err
	}
	p, err := s.station().PairingStep(s.ctx, b)
	if err != nil {
		return p, notPairing(path, err)
	}
	return p, nil
}

type lineConfirmCmd struct {
	Line      string `arg:"" optional:"" help:"Line id of the pairing, or its beginning. Without it: the only one waiting."`
	RootKey   string `required:"" type:"path" placeholder:"FILE" help:"The root key file. It is read here and never handed to the station."`
	PassFile  string `name:"root-passphrase-file" type:"path" placeholder:"FILE" help:"Passphrase of the root key file (mode 0600)."`
	How       string `required:"" help:"How the words were compared, for the record: \"in person\", or \"two channels: ...\"."`
	WordsFile string `type:"path" placeholder:"FILE" help:"Take what the other side read out from this file and ask nobody. A mismatch burns the invitation."`
	Digits    bool   `help:"Compare one number instead of words."`
}

func (lineConfirmCmd) Help() string {
	return `Shows our words large and asks for what the other side reads out. Our words are for reading aloud; type theirs from hearing, never from this screen. Equal words make the line: the station's certificate is signed with the root key, which then goes off the machine.

Words that differ mean that somebody is in between, or that two files were mixed up. Then the invitation is burnt for good, the incident is noted, and pairing starts again from the invitation. The exit code is 4.

Examples:

    parley --as "Admin Stone" line confirm --root-key /media/stick/alder.root --how "in person"
    parley --as "Admin Stone" line confirm 6f0e19c2 --root-key alder.root --how "two channels: telephone, and letter by courier" --words-file heard.txt`
}

// Run compares and confirms.
func (c lineConfirmCmd) Run(s *session) error {
	if err := c.checkHow(); err != nil {
		return err
	}
	p, err := c.pairing(s)
	if err != nil {
		return err
	}
	root, err := s.rootKey(c.RootKey, c.PassFile)
	if err != nil {
		return err
	}
	equal, err := c.compare(s, p)
	if err != nil {
		return err
	}
	l, err := s.station().ConfirmWords(s.ctx, p.Line, equal, c.How, root)
	if err != nil {
		return err
	}
	if !equal {
		return parley.Errorf(parley.NotAllowed, "the words are not equal: the invitation is burnt").
			WithHint("somebody may be in between: tell your administrator, change the channel, and start again with parley line invite")
	}
	return s.show(l, func(w io.Writer) {
		fmt.Fprintf(w, "equal: the line to %s is made. Take %s off this machine now.\n", oneLine(l.Name), clean(c.RootKey))
	})
}

// checkHow keeps the note of how the words were compared to the two ways the
// protocol allows (spec/pairing.md, 3).
func (c lineConfirmCmd) checkHow() error {
	detail, two := strings.CutPrefix(c.How, "two channels:")
	if c.How == "in person" || two && strings.TrimSpace(detail) != "" {
		return nil
	}
	return usagef(`--how "in person", or --how "two channels: telephone, and letter by courier"`, "%q is not a way to compare words", c.How)
}

// pairing finds the pairing whose words wait to be compared.
func (c lineConfirmCmd) pairing(s *session) (station.PairingView, error) {
	all, err := s.station().Pairings(s.ctx)
	if err != nil {
		return station.PairingView{}, err
	}
	var found []station.PairingView
	for _, p := range all {
		if c.Line == "" && p.Stage == "words" || c.Line != "" && strings.HasPrefix(p.Line, c.Line) {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 0 && c.Line == "":
		return station.PairingView{}, parley.Errorf(parley.NotFound, "no pairing waits for its words").WithHint("see how far it is: parley line list")
	case len(found) == 0:
		return station.PairingView{}, parley.Errorf(parley.NotFound, "no pairing is called %s", c.Line).WithHint("see how far it is: parley line list")
	case len(found) > 1:
		return station.PairingView{}, usagef("name one by its line id: parley line list", "%d pairings fit", len(found))
	case found[0].Stage != "words":
		return station.PairingView{}, parley.Errorf(parley.Conflict, "pairing %s has no words to compare: it is %s", short(found[0].Line), found[0].Stage).
			WithHint("%s", found[0].Next)
	}
	return found[0], nil
}

// compare shows ours, takes theirs, and says whether they are equal.
func (c lineConfirmCmd) compare(s *session, p station.PairingView) (bool, error) {
	what, prompt := "words", "Type the words that the other side reads out: "
	if c.Digits {
		what, prompt = "number", "Type the number that the other side reads out: "
	}
	if c.WordsFile == "" {
		fmt.Fprintf(s.err, "Pairing of %s. Read this side's %s aloud to the other side:\n", oneLine(strings.Join(p.Parties, ", ")), what)
		if c.Digits {
			large(s.err, inFours(p.Digits))
		} else {
			large(s.err, p.Words)
		}
	}
	equal := func(t string) bool {
		if c.Digits {
			return sameDigits(t, p.Digits)
		}
		return sameWords(t, p.Words)
	}
	heard, err := s.compare(c.WordsFile, prompt, equal)
	return err == nil && equal(heard), err
}

// compare takes what the other side read out, until it is equal or the officer
// says that it really differs. A person who typed something else is asked
// whether it was a slip of the fingers before anything burns; a file is taken
// at its word.
func (s *session) compare(file, prompt string, equal func(heard string) bool) (string, error) {
	for {
		heard, err := s.heard(file, prompt)
		if err != nil || file != "" || equal(heard) {
			return heard, err
		}
		answer, err := s.ask("That is not equal. Type again to correct a slip, or differ if they really read something else: ", "give them in a file: --words-file FILE")
		switch {
		case err != nil || answer == "differ":
			return heard, err
		case answer != "again":
			return "", parley.Errorf(parley.NotAllowed, "nothing was decided: what is compared stands")
		}
	}
}

// heard is what was read out, words or digits.
func (s *session) heard(file, prompt string) (string, error) {
	if file != "" {
		b, err := readSmall("reading the words", file)
		if err == nil && strings.TrimSpace(string(b)) == "" {
			err = parley.Errorf(parley.Malformed, "the file %s holds no words", file)
		}
		return string(b), err
	}
	return s.ask(prompt, "give them in a file: --words-file FILE")
}

// inFours splits a number for reading aloud.
func inFours(d string) []string {
	var g []string
	for len(d) > 4 {
		g = append(g, d[:4])
		d = d[4:]
	}
	return append(g, d)
}
