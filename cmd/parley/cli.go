package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// cli is the whole command line.
type cli struct {
	globals

	Demo demoCmd `cmd:"" group:"demo" help:"See it work: two stations on this machine, and the story."`

	Init    initCmd    `cmd:"" group:"station" help:"Make a station's data directory."`
	Station stationCmd `cmd:"" group:"station" help:"Run a station."`
	Check   checkCmd   `cmd:"" group:"station" help:"Check configuration and surroundings before a start."`
	Fsck    fsckCmd    `cmd:"" group:"station" help:"Check every stored byte of a stopped station."`
	Backup  backupCmd  `cmd:"" group:"station" help:"Write a backup."`
	Restore restoreCmd `cmd:"" group:"station" help:"Make a data directory from a backup."`
	Recover recoverCmd `cmd:"" group:"station" help:"Go on after a loss, with the other side's help."`
	TLS     tlsCmd     `cmd:"" group:"station" help:"The key that the station shows on its paths."`
	Officer officerCmd `cmd:"" group:"station" help:"Officers and their seats."`

	Line     lineCmd     `cmd:"" group:"line" help:"Lines: pair, look, cut, leave."`
	Charter  charterCmd  `cmd:"" group:"line" help:"What the parties agreed: show, amend, assent."`
	Test     testCmd     `cmd:"" group:"line" help:"Test a line now."`
	Why      whyCmd      `cmd:"" group:"line" help:"Say why a line's lamp shows what it shows."`
	Send     sendCmd     `cmd:"" group:"line" help:"Write a dispatch."`
	Release  releaseCmd  `cmd:"" group:"line" help:"Release what waits for a second officer."`
	Exercise exerciseCmd `cmd:"" group:"line" help:"Begin, agree to or end an exercise."`
	Read     readCmd     `cmd:"" group:"line" help:"Read what came."`
	Record   recordCmd   `cmd:"" group:"line" help:"Show the record of a line."`

	Contact     contactCmd     `cmd:"" group:"line" help:"Calls and meetings: ask, answer, plan, enter."`
	Call        callCmd        `cmd:"" group:"line" help:"Calls: ring, answer, act for our side, write down what was said."`
	Memcon      memconCmd      `cmd:"" group:"line" help:"Our own memoranda of contacts and calls: notes, texts, review, list."`
	Readout     readoutCmd     `cmd:"" group:"line" help:"What is said of a contact: drafts, embargo, joint statements, public pages."`
	Topic       topicCmd       `cmd:"" group:"line" help:"What is talked about: stances, demands, questions."`
	Translation translationCmd `cmd:"" group:"line" help:"Translations of what came: make, check, certify, dispute."`
	Template    templateCmd    `cmd:"" group:"line" help:"What a draft may begin from."`

	Proof   proofCmd   `cmd:"" group:"proof" help:"Make a proof file of one entry, or of a silence."`
	Cite    citeCmd    `cmd:"" group:"proof" help:"Say which line a new one goes on from, or check what one says."`
	Export  exportCmd  `cmd:"" group:"proof" help:"Export the record of a line."`
	Verify  verifyCmd  `cmd:"" group:"proof" help:"Check an exported record, a proof or a published page, with no station."`
	Public  publicCmd  `cmd:"" group:"proof" help:"Serve a folder of published pages to everybody."`
	Version versionCmd `cmd:"" group:"proof" help:"Say what this binary is."`
}

// globals are the flags of every command.
type globals struct {
	Dir  string `short:"d" type:"path" env:"PARLEY_DIR" default:"." placeholder:"DIR" help:"Data directory of the station to speak to."`
	As   string `env:"PARLEY_AS" placeholder:"NAME" help:"Act as this officer. Without it: as the operating administrator."`
	JSON bool   `help:"Print JSON."`
}

const about = `A hotline between parties who do not trust each other.

Make a station with init, run it with station, join it to another with line invite, and write with send.`

var groups = kong.Groups{"demo": "To begin with", "station": "A station and its people", "line": "A line and what goes over it", "proof": "For third parties"}

// exited carries an exit code out of the parser, which ends on --help.
type exited int

// run runs one command line.
func run(ctx context.Context, args []string, st streams, back backend) (code int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exited:
			code = int(r)
		default:
			panic(r)
		}
	}()
	var c cli
	s := newSession(ctx, st, back, &c.globals)
	p, err := kong.New(&c, kong.Name("parley"), kong.Description(about+"\n\n"+exitHelp), groups,
		kong.Writers(st.out, st.err), kong.Exit(func(n int) { panic(exited(n)) }), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100, NoExpandSubcommands: false}),
		kong.Bind(s), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return report(st.err, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if args[0] == "help" { // as many programs have it: parley help line invite
		args = append(slices.Clone(args[1:]), "--help")
	}
	for i, a := range args { // the parser would put other characters in their place
		if !utf8.ValidString(a) {
			return report(st.err, usagef("convert it to UTF-8, and rename a file whose name is not", "word %d of the command line is not UTF-8: %s", i+1, strings.ToValidUTF8(a, "?")))
		}
	}
	k, err := p.Parse(args)
	if err != nil {
		return report(st.err, parseError(err))
	}
	return report(st.err, s.finish(k.Run()))
}

func parseError(err error) error {
	what, hint := err.Error(), "see what there is: parley --help"
	var pe *kong.ParseError
	if errors.As(err, &pe) && pe.Context != nil {
		if n := pe.Context.Selected(); n != nil {
			hint = "see how it is used: parley " + n.Path() + " --help"
		}
	}
	return &usageError{what, hint}
}

// streams are the three standard ones.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}
