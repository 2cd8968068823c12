package main

import (
	"fmt"
	"io"

	"parley"
)

type recoverCmd struct {
	Start       recoverStartCmd       `cmd:"" help:"Open a new generation under the root key, with the station stopped."`
	Certificate recoverCertificateCmd `cmd:"" help:"Write the new generation's certificate again, to hand over."`
	Admit       recoverAdmitCmd       `cmd:"" help:"On the side that helps: let in a station that lost its keys."`
	Words       recoverWordsCmd       `cmd:"" help:"Show the words both sides compare."`
	Confirm     recoverConfirmCmd     `cmd:"" help:"On the side that helps: give the words the other side read out."`
	Send        recoverSendCmd        `cmd:"" help:"Send what waits since the restore, sent before or not."`
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
	Founding string `type:"existingfile" placeholder:"FILE" help:"Founding of the line, for a station that has nothing else left."`
	Output   string `short:"o" type:"path" placeholder:"FILE" help:"Write the certificate here, to hand over."`
}

func (recoverStartCmd) Help() string {
	return `With the station stopped. A station made anew by init --keep-root-key knows no line: give it the founding, from your own papers or from the other side (parley line founding). Its TLS key is new: it introduces itself to the other side by the new certificate. Where neither station can reach the other, hand the certificate over and let the other side admit it.

Examples:

    parley recover start birch --root-key /media/stick/alder.root --dir /var/lib/parley
    parley recover start birch --root-key /media/stick/alder.root --founding birch.founding -o alder.certificate`
}

// Run opens the new generation.
func (c recoverStartCmd) Run(s *session) error {
	root, err := s.rootKey(c.RootKey, c.PassFile)
	if err != nil {
		return err
	}
	var founding []byte
	if c.Founding != "" {
		if founding, err = readSmall("reading the founding", c.Founding); err != nil {
			return err
		}
	}
	cert, err := s.back.Recover(s.g.Dir, c.Line, root, founding)
	if err != nil {
		return err
	}
	s.say("a new generation is open on the line %s; take the root key off this machine", c.Line)
	s.say("next: parley station %s; then, on both sides: parley recover words %s", s.g.Dir, c.Line)
	if c.Output == "" {
		return nil
	}
	return s.write(c.Output, cert)
}

type recoverCertificateCmd struct {
	Line   string `arg:"" optional:"" help:"Line. Without it: the only one."`
	Output string `short:"o" type:"path" placeholder:"FILE" help:"File to write. Without it: standard output."`
}

func (recoverCertificateCmd) Help() string {
	return `The certificate is not secret. The other side takes it with parley recover admit.

Examples:

    parley recover certificate birch -o alder.certificate`
}

// Run writes the certificate.
func (c recoverCertificateCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	b, err := s.station().CertificateFile(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.writeText(c.Output, b)
}

type recoverAdmitCmd struct {
	File string `arg:"" type:"existingfile" help:"Certificate that the other side handed over."`
}

func (recoverAdmitCmd) Help() string {
	return `Takes the certificate of a new generation, signed with the other side's root key, and lets the station that has it connect. Nothing is opened to it before the words are compared.

Examples:

    parley --as "Admin Stone" recover admit alder.certificate`
}

// Run takes the certificate.
func (c recoverAdmitCmd) Run(s *session) error {
	p, err := pairingStep(s, c.File)
	if err != nil {
		return err
	}
	if p.Stage != "recovery" {
		return parley.Errorf(parley.Malformed, "%s is a pairing file, not a certificate", c.File).WithHint("take it in with: parley line accept, or parley line reveal")
	}
	return s.show(p, func(w io.Writer) { fmt.Fprintln(w, oneLine(p.Next)) })
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
	return `On the side that still has everything. The officer types the words that the other side reads out, in person or over two unrelated channels. When they are equal, the other station gets the keys of its old entries back. When they are not, nothing is sent, and these words can never be confirmed: the other side opens another generation to try again. With --words-file a mismatch is taken at its word.

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
	heard, err := s.compare(c.WordsFile, "Type the words that the other side reads out: ", func(t string) bool { return sameWords(t, words) })
	if err != nil {
		return err
	}
	if err := s.station().ConfirmRecovery(s.ctx, l.Key, spoken(heard)); err != nil {
		return err
	}
	s.say("equal: the other side of the line to %s gets its keys back", l.Name)
	return nil
}

type recoverSendCmd struct {
	Line string `arg:"" optional:"" help:"Line. Without it: the only one."`
}

func (recoverSendCmd) Help() string {
	return `What had been filed and not sent when a backup was made may have been sent after it. Such items wait on a restored station until its old log is back and can be read, and those found in it are not sent again. Where that cannot be waited for, an officer decides here to send them all: the other side may then read some of them twice.

Examples:

    parley --as "Lt Ruiz" recover send birch`
}

// Run lets them go.
func (c recoverSendCmd) Run(s *session) error {
	if err := s.officer("sending what waits"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	if err := s.station().SendWithheld(s.ctx, l.Key); err != nil {
		return err
	}
	s.say("what waited on the line to %s is sent", l.Name)
	return nil
}
