package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"parley"
)

type proofCmd struct {
	Item       string `arg:"" help:"Entry, as generation:index."`
	Line       string `short:"L" help:"Line. Without it: the only one."`
	Silence    bool   `help:"Prove that no answer to our entry came, up to the last they signed."`
	HeaderOnly bool   `help:"Open the header and not the body."`
	Output     string `short:"o" type:"path" placeholder:"FILE" help:"File to write. Without it: standard output."`
}

func (proofCmd) Help() string {
	return `Makes a file that opens one entry to a third party, and nothing else, or that shows that no answer came: then it holds our request and the headers of the other log, and no body of theirs. Whoever has the file can read what it opens. Anyone checks it with parley verify.

Examples:

    parley proof 6f0e19c2a4b87d35:41 -o question.proof
    parley proof 93ab40c1ee02d5f7:117 --silence -o silence.proof
    parley verify question.proof --founding 9f3c...`
}

// Run makes the file.
func (c proofCmd) Run(s *session) error {
	if c.Silence && c.HeaderOnly {
		return usagef("choose one", "--silence and --header-only contradict each other: a proof of silence opens headers anyway")
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	var b []byte
	if c.Silence {
		b, err = s.station().SilenceProof(s.ctx, l.Key, c.Item)
	} else {
		b, err = s.station().Proof(s.ctx, l.Key, c.Item, c.HeaderOnly)
	}
	if err != nil {
		return err
	}
	if err := s.write(c.Output, b); err != nil {
		return err
	}
	return s.wrote(c.Output, int64(len(b)))
}

type exportCmd struct {
	Line   string `arg:"" optional:"" help:"Line. Without it: the only one."`
	Open   bool   `help:"Put the keys in: whoever has the file can read everything."`
	Output string `short:"o" type:"path" placeholder:"FILE" help:"File to write. Without it: standard output."`
}

func (exportCmd) Help() string {
	return `Exports the record of a line with the charter, the certificates, the signatures and the receipts, so that anyone can check it with parley verify and no station. Without --open everything stays sealed: order, signatures and receipts can be checked, nothing can be read.

Examples:

    parley export birch -o birch.record
    parley export birch --open -o birch-open.record`
}

// Run exports.
func (c exportCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	o, err := s.create(c.Output)
	if err != nil {
		return err
	}
	defer o.discard()
	p := s.progress("exporting, bytes")
	w := &counting{w: o, p: p}
	n, err := s.station().Export(s.ctx, l.Key, c.Open, w)
	p.end()
	if err != nil {
		return err
	}
	if err := o.commit(); err != nil {
		return err
	}
	s.say("%s", plural(n, "entry", "entries"))
	return s.wrote(c.Output, w.n)
}

type verifyCmd struct {
	File     string `arg:"" help:"Exported record, proof file, proof of silence or published page; - is standard input."`
	Founding string `placeholder:"HASH" help:"Founding hash you were given out of band: 64 hex digits, in any groups."`
	Brief    bool   `help:"Sum up, and do not list the entries one by one."`
	All      bool   `help:"Go on after a failure and say what else is wrong."`
}

func (verifyCmd) Help() string {
	return `Checks a file offline: every entry, tree, signature, receipt, order and serial. It says who said what, not before and not after, who stored it, and what is not proved. Without --founding the file vouches for its own parties: compare the founding hash it prints with one you trust.

Of a published page it takes the proof files out, verifies each, and compares every byte of the page with what they make: the text shown is the text that was signed, or it says from which byte on it is not.

The exit code is 6 when anything does not verify; what is wrong is named with its byte offset.

Examples:

    parley verify birch.record --founding "9f3c 41d0 ..."
    parley verify - < question.proof
    parley verify 2026-11-29-alder-6f0e19c2a4b87d35-41.en.html`
}

// Run verifies.
func (c verifyCmd) Run(s *session) error {
	founding, err := foundingHash(c.Founding)
	if err != nil {
		return err
	}
	r, total := io.Reader(s.in), int64(0)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fileError("opening", c.File, err)
		}
		defer f.Close()
		if fi, err := f.Stat(); err == nil {
			if fi.IsDir() {
				return parley.Errorf(parley.Malformed, "%s is a directory, not a record or a proof", c.File)
			}
			total = fi.Size()
		}
		r = bufio.NewReaderSize(f, 1<<20)
	}
	p := s.progress("verifying")
	rep, err := s.back.Verify(r, verifyOptions{Founding: founding, All: c.All, Brief: c.Brief, Progress: func(done, all int64) { p.set(done, max(all, total)) }})
	p.end()
	if err != nil {
		return fmt.Errorf("verifying %s: %w", c.File, err)
	}
	return s.judge(rep, exitBadInput)
}

// foundingHash reads 64 hexadecimal digits in any groups; "" is nil.
func foundingHash(t string) ([]byte, error) {
	if t == "" {
		return nil, nil
	}
	b, err := hex.DecodeString(strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(t, ":", " ")), "")))
	if err != nil || len(b) != 32 {
		return nil, usagef("it is shown at pairing as 16 groups of 4", "the founding hash is not 64 hexadecimal digits")
	}
	return b, nil
}
