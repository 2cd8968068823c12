package main

import (
	"fmt"
	"io"
	"strings"

	"parley"
	"parley/internal/charter"
	"parley/internal/contact"
	"parley/internal/key"
	"parley/internal/pair"
)

type lineCharterCmd struct {
	File string `arg:"" type:"existingfile" help:"Pairing file."`
}

func (lineCharterCmd) Help() string {
	return `Shows what a pairing file asks to agree to, and how far it has come. It needs no station and changes nothing.

Examples:

    parley line charter alder-birch.pairing`
}

// charterView is a pairing file for people and programs.
type charterView struct {
	Line        string           `json:"line"`
	Hash        string           `json:"charter_hash"`
	Parties     []charterParty   `json:"parties"`
	Offices     []parley.Office  `json:"offices"`
	Release     []precedenceRule `json:"release"`
	Test        string           `json:"test_interval"`
	Recording   string           `json:"recording"`
	Instruction bool             `json:"instruction_allowed"`
	CheckCalls  []string         `json:"check_calls"`
	Forms       []string         `json:"further_forms"`
	Witnesses   []string         `json:"witnesses"`
	Unknown     int              `json:"unknown_clauses"`

	Levels map[string][]string `json:"levels,omitempty"` // who arranges contacts
}

type charterParty struct {
	Code      parley.PartyCode `json:"code"`
	Name      string           `json:"name"`
	Languages []string         `json:"languages"`
	Promises  []string         `json:"promises"`
	Committed bool             `json:"committed"`
	Revealed  bool             `json:"revealed"`
}

type precedenceRule struct {
	Precedence string `json:"precedence"`
	Rule       string `json:"rule"`
	Objective  string `json:"open_within"`
}

// Run shows the charter of a file.
func (c lineCharterCmd) Run(s *session) error {
	b, err := readSmall("reading the pairing file", c.File)
	if err != nil {
		return err
	}
	p, err := pair.ParsePairing(b)
	if err != nil {
		return notPairing(c.File, err)
	}
	v, err := viewOf(p)
	if err != nil {
		return err
	}
	return s.show(v, func(w io.Writer) { showCharter(w, v) })
}

// notPairing names the file that a person gave for a pairing file.
func notPairing(path string, err error) error {
	if k := parley.KindOf(err); k != parley.Malformed && k != parley.Oversize && k != parley.Unsupported || parley.HintOf(err) != "" {
		return err
	}
	return parley.Errorf(parley.KindOf(err), "%s: %v", path, err).WithHint("give the file that parley line invite, accept or reveal wrote with -o, whole and unchanged")
}

func viewOf(p *pair.Pairing) (charterView, error) {
	ch, err := charter.Parse(p.Charter)
	if err != nil {
		return charterView{}, err
	}
	an, err := charter.ParseAnnex(p.Annex)
	if err != nil {
		return charterView{}, err
	}
	v := charterView{Line: p.Line.String(), Hash: key.Fingerprint(ch.Hash()), Offices: ch.Offices, Test: span(ch.TestInterval),
		Recording: ch.Recording, Instruction: ch.Instruct, Forms: ch.Forms, Witnesses: an.Witnesses, Unknown: len(ch.Unknown) + len(an.Unknown)}
	if levels, err := contact.ReadLevels(ch.Unknown, ch.HasOffice); err == nil && levels != nil {
		v.Levels = levels.Words()
		v.Unknown--
	}
	for _, x := range ch.Parties {
		_, committed := p.Commitments[x.Code]
		_, revealed := p.Reveals[x.Code]
		cp := charterParty{Code: x.Code, Name: x.Name, Languages: x.Languages, Committed: committed, Revealed: revealed, Promises: []string{}}
		for _, r := range ch.Rungs[x.Code] {
			cp.Promises = append(cp.Promises, r.String())
		}
		v.Parties = append(v.Parties, cp)
	}
	for pr := parley.Flash; ; pr-- {
		v.Release = append(v.Release, precedenceRule{pr.String(), ruleWords(ch.Rule(pr)), span(ch.Objective(pr))})
		if pr == parley.Routine {
			break
		}
	}
	for _, cc := range ch.CheckCalls {
		v.CheckCalls = append(v.CheckCalls, fmt.Sprintf("%02d%02dZ on %s", cc.Hour, cc.Minute, days(cc.Days)))
	}
	return v, nil
}

func ruleWords(r charter.ReleaseRule) string {
	switch r {
	case charter.OneOfficer:
		return "one officer may release"
	case charter.TwoOfficers:
		return "another officer than the drafter releases"
	case charter.LoneWatch:
		return "another officer releases, or a lone officer on watch who says so on the record"
	}
	return "a rule this version does not know"
}

func days(mask uint64) string {
	if mask == charter.EveryDay {
		return "every day"
	}
	var list []string
	for i, d := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		if mask>>i&1 == 1 {
			list = append(list, d)
		}
	}
	return strings.Join(list, " ")
}

// levelLine says who arranges contacts at which level; "" where nothing is agreed.
func levelLine(levels map[string][]string) string {
	if levels == nil {
		return ""
	}
	var out []string
	for l := contact.Leader; ; l-- {
		who := strings.Join(levels[l.String()], ", ")
		if who == "" {
			who = "not on this line"
		}
		out = append(out, l.String()+": "+who)
		if l == contact.Working {
			return strings.Join(out, "; ")
		}
	}
}

func showCharter(w io.Writer, v charterView) {
	fmt.Fprintf(w, "CHARTER of line %s\n\nPARTIES\n", v.Line)
	var rows [][]string
	for _, p := range v.Parties {
		state := "not yet committed"
		switch {
		case p.Revealed:
			state = "revealed"
		case p.Committed:
			state = "committed"
		}
		promised := strings.Join(p.Promises, ", ")
		if promised == "" {
			promised = "none"
		}
		rows = append(rows, []string{"  " + string(p.Code), p.Name, strings.Join(p.Languages, ", "), "promises: " + promised, state})
	}
	table(w, rows)
	fmt.Fprintln(w, "\nRELEASE")
	rows = nil
	for _, r := range v.Release {
		rows = append(rows, []string{"  " + r.Precedence, r.Rule, "to be opened within " + r.Objective})
	}
	table(w, rows)
	fmt.Fprintln(w)
	instruction, unknown := "not allowed", ""
	if v.Instruction {
		instruction = "allowed"
	}
	if v.Unknown > 0 {
		unknown = plural(v.Unknown, "clause", "clauses") + " of a newer version that this program cannot read"
	}
	pairs(w, "contacts", levelLine(v.Levels), "offices", offices(v.Offices), "line test every", v.Test, "check calls", strings.Join(v.CheckCalls, "; "), "recording", v.Recording,
		"INSTRUCTION", instruction, "further forms", strings.Join(v.Forms, ", "), "witnesses", strings.Join(v.Witnesses, ", "), "also", unknown,
		"charter hash", v.Hash)
}
