package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/contact"
	"parley/internal/station"
)

type lineInviteCmd struct {
	With         []string      `required:"" sep:"none" placeholder:"CODE,NAME,LANG" help:"Another party: code, name and languages, as in birch,Birch,zh. Repeat it for a line of three or more."`
	Language     []string      `placeholder:"LANG" help:"Our languages. Without it: those of the configuration."`
	TwoHands     []string      `default:"immediate,flash" help:"Precedences that a second officer must release; none for none."`
	LoneWatch    bool          `help:"Allow a lone officer on watch to release them, who says so on the record."`
	Promise      []string      `default:"opened" help:"Receipt rungs every party promises: opened, translated, informed, answered."`
	TestInterval time.Duration `default:"1h" help:"How often the stations test the line."`
	Instruction  bool          `help:"Allow the marker INSTRUCTION."`
	Recording    string        `help:"What is recorded of calls, in words."`
	Level        []string      `sep:"none" placeholder:"LEVEL=OFFICE,..." help:"Who arranges contacts at a level: working, commander, minister or leader, and the offices. A level that is left out is then not for contacts of the line. Without it nothing is agreed."`
	Witness      []string      `placeholder:"VKEY" help:"Verifier key of a witness (C2SP)."`
	Output       string        `short:"o" required:"" type:"path" placeholder:"FILE" help:"Pairing file to write and hand over."`
	qrFlags
}

func (lineInviteCmd) Help() string {
	return `Fixes the charter (what the parties agree about the line) and writes the pairing file with our commitment. Agree on the charter before: whoever accepts, accepts it. The file is not secret; what protects the line is comparing the words at the end.

Examples:

    parley line invite --with birch,Birch,zh -o alder-birch.pairing
    parley line invite --with birch,Birch,zh --level leader=envoy,principal --level working=watch,envoy -o alder-birch.pairing
    parley line invite --with birch,Birch,zh --with cedar,Cedar,ar --promise opened,translated -o three.pairing`
}

// Run invites.
func (c lineInviteCmd) Run(s *session) error {
	if err := c.check(s); err != nil {
		return err
	}
	self, err := s.station().Self(s.ctx)
	if err != nil {
		return err
	}
	if len(c.Language) == 0 {
		d, err := s.back.Desk(s.g.Dir)
		if err != nil {
			return fmt.Errorf("finding our languages: %w", err)
		}
		c.Language = d.Languages
	}
	ch, err := c.charter(charter.Party{Code: self.Code, Name: self.Name, Languages: c.Language})
	if err != nil {
		return err
	}
	an := charter.DefaultAnnex()
	an.Witnesses = append(an.Witnesses, c.Witness...)
	if err := an.Validate(); err != nil {
		return err
	}
	p, err := s.station().Invite(s.ctx, ch, an)
	if err != nil {
		return err
	}
	return s.handOver(p, c.Output, c.qrFlags)
}

// charter builds and checks the charter the flags say.
func (c lineInviteCmd) charter(us charter.Party) (charter.Charter, error) {
	list := []charter.Party{us}
	for _, w := range c.With {
		p, err := partyOf(w)
		if err != nil {
			return charter.Charter{}, err
		}
		list = append(list, p)
	}
	ch := charter.DefaultCharter(list...)
	ch.TestInterval, ch.Instruct = c.TestInterval, c.Instruction
	if c.Recording != "" {
		ch.Recording = c.Recording
	}
	rule := charter.TwoOfficers
	if c.LoneWatch {
		rule = charter.LoneWatch
	}
	for p := parley.Routine; p <= parley.Flash; p++ {
		ch.Release[p] = charter.OneOfficer
	}
	for _, word := range c.TwoHands {
		if word == "none" {
			continue
		}
		p, err := parley.ParsePrecedence(word)
		if err != nil {
			return ch, usagef("for example: --two-hands immediate,flash", "%v", err)
		}
		ch.Release[p] = rule
	}
	promised, err := promises(c.Promise)
	if err != nil {
		return ch, err
	}
	for _, p := range list {
		ch.Rungs[p.Code] = promised
	}
	levels, err := levelsOf(c.Level)
	if err != nil {
		return ch, err
	}
	ch.Unknown = levels.Write(nil)
	if err := levels.Check(ch.HasOffice); err != nil {
		return ch, fmt.Errorf("the charter does not stand: %w", err)
	}
	if err := ch.Validate(); err != nil {
		return ch, fmt.Errorf("the charter does not stand: %w", err)
	}
	return ch, nil
}

// levelsOf reads LEVEL=OFFICE[,OFFICE...]: who arranges contacts; none: nil.
func levelsOf(list []string) (contact.Levels, error) {
	in := map[string][]string{}
	for _, x := range list {
		level, offices, ok := strings.Cut(x, "=")
		if !ok || in[level] != nil {
			return nil, usagef("for example: --level leader=envoy,principal --level working=watch,envoy", "%q does not say who arranges contacts at a level, once", x)
		}
		in[level] = strings.Split(offices, ",")
	}
	return contact.ParseLevels(in)
}

// partyOf reads CODE,NAME,LANG[,LANG...].
func partyOf(t string) (charter.Party, error) {
	f := strings.Split(t, ",")
	if len(f) < 3 {
		return charter.Party{}, usagef("for example: --with birch,Birch,zh", "%q is not a party: want its code, its name and its languages", t)
	}
	code, err := parley.ParsePartyCode(f[0])
	if err != nil {
		return charter.Party{}, usagef("for example: --with birch,Birch,zh", "%v", err)
	}
	return charter.Party{Code: code, Name: strings.TrimSpace(f[1]), Languages: f[2:]}, nil
}

func promises(words []string) ([]parley.Rung, error) {
	var list []parley.Rung
	for _, w := range words {
		switch w {
		case "opened":
			list = append(list, parley.Opened)
		case "translated":
			list = append(list, parley.Translated)
		case "informed":
			list = append(list, parley.PrincipalInformed)
		case "answered":
			list = append(list, parley.Answered)
		case "none":
		default:
			return nil, usagef("rungs that people make: opened, translated, informed, answered, none", "%q is not a rung that can be promised", w)
		}
	}
	return list, nil
}

// handOver writes the pairing file and says what to do with it.
func (s *session) handOver(p station.PairingView, path string, codes qrFlags) error {
	if path != "" && len(p.File) > 0 {
		if err := s.write(path, p.File); err != nil {
			return err
		}
	}
	err := s.show(p, func(w io.Writer) {
		pairs(w, "line", p.Line, "parties", strings.Join(p.Parties, ", "), "stage", p.Stage, "waiting for", strings.Join(p.Waiting, ", "), "file", path)
		if p.Next != "" {
			fmt.Fprintln(w, oneLine(p.Next))
		}
		if path == "" && p.Stage != "words" {
			fmt.Fprintln(w, "No file was written: run it again with -o FILE to hand one over.")
		}
	})
	if err != nil || s.g.JSON {
		return err
	}
	if p.Stage == "words" {
		return codes.showText(s, "The fingerprint, all of it, to compare without anybody reading:", p.Fingerprint)
	}
	return codes.showFile(s, p.File)
}
