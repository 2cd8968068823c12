package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"parley"
	"parley/internal/station"
)

type charterCmd struct {
	Show    charterShowCmd    `cmd:"" default:"withargs" help:"Show what is in force and what is proposed (the default)."`
	Diff    charterDiffCmd    `cmd:"" help:"Show what a proposal changes, clause by clause."`
	Propose charterProposeCmd `cmd:"" help:"Propose an amendment: assent to it first."`
	Assent  charterAssentCmd  `cmd:"" help:"Assent to what is proposed."`
	Remove  charterRemoveCmd  `cmd:"" help:"Propose to go on without a party."`
}

func (charterCmd) Help() string {
	return `The charter is what the parties agreed about the line; the annex is its technical part. Either is amended by the assents of all: until the last one has assented, the old one rules. An assent is on the record and is not taken back.

Examples:

    parley charter show birch
    parley charter show birch --json > now.json
    parley --as "Amb Hale" charter propose birch amended.json
    parley charter diff birch 5f1c22ab
    parley --as "Chen" charter assent alder 5f1c22ab`
}

type charterShowCmd struct {
	Line string `arg:"" optional:"" help:"Line. Without it: the only one."`
	All  bool   `help:"What was in force before, too."`
}

func (charterShowCmd) Help() string {
	return `Examples:

    parley charter
    parley charter show birch
    parley charter show birch --json`
}

// Run shows what rules a line.
func (c charterShowCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	v, err := s.station().Charter(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(v, func(w io.Writer) {
		fmt.Fprintf(w, "LINE TO %s\n", oneLine(l.Name))
		for _, d := range v.InForce {
			showDocument(w, d, true)
		}
		if !v.Next.IsZero() {
			fmt.Fprintf(w, "\nnext check call %s\n", stamp(v.Next))
		}
		for _, d := range v.Proposed {
			showDocument(w, d, false)
		}
		if len(v.Proposed) == 0 {
			fmt.Fprintln(w, "\nNothing is proposed.")
		}
		if c.All {
			for _, d := range v.Past {
				showDocument(w, d, true)
			}
		}
	})
}

// showDocument prints a charter or annex: whole, or what it changes.
func showDocument(w io.Writer, d station.DocumentView, whole bool) {
	fmt.Fprintf(w, "\n%s %s, version %d", strings.ToUpper(d.Kind), strings.ToUpper(d.State), d.Version)
	if !d.Since.IsZero() && whole {
		fmt.Fprintf(w, ", since %s", stamp(d.Since))
	}
	fmt.Fprintln(w)
	var rows [][]string
	if whole {
		for _, f := range d.Clauses {
			rows = append(rows, []string{"  " + f.Name, f.Value})
		}
	} else {
		rows = append(rows, []string{"  CLAUSE", "IN FORCE", "PROPOSED"})
		for _, x := range d.Changes {
			rows = append(rows, []string{"  " + x.Clause, orDash(x.From), orDash(x.To)})
		}
	}
	table(w, rows)
	if len(d.Removes) > 0 {
		fmt.Fprintf(w, "  IT REMOVES %s FROM THE LINE\n", oneLine(strings.Join(d.Removes, ", ")))
	}
	rows = nil
	for _, a := range d.By {
		rows = append(rows, []string{"  assented", a.Party, stamp(a.At), a.Entry})
	}
	for _, p := range d.Missing {
		rows = append(rows, []string{"  waits for", p})
	}
	table(w, rows)
	fmt.Fprintf(w, "  hash %s\n", d.Hash)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type charterDiffCmd struct {
	Line string `arg:"" help:"Line: its id, or the other side's code or name."`
	Hash string `arg:"" optional:"" help:"Proposal: at least 8 digits of its hash. Without it: all."`
}

func (charterDiffCmd) Help() string {
	return `Examples:

    parley charter diff birch
    parley charter diff birch 5f1c22ab`
}

// Run shows what proposals change.
func (c charterDiffCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	v, err := s.station().Charter(s.ctx, l.Key)
	if err != nil {
		return err
	}
	var found []station.DocumentView
	for _, d := range v.Proposed {
		if strings.HasPrefix(d.Hash, strings.ToLower(c.Hash)) {
			found = append(found, d)
		}
	}
	if len(found) == 0 && c.Hash != "" {
		return parley.Errorf(parley.NotFound, "nothing is proposed with a hash that begins with %q", c.Hash).WithHint("list what is: parley charter show")
	}
	return s.show(found, func(w io.Writer) {
		for _, d := range found {
			showDocument(w, d, false)
		}
		if len(found) == 0 {
			fmt.Fprintln(w, "Nothing is proposed.")
		}
	})
}

type charterProposeCmd struct {
	Line string `arg:"" help:"Line: its id, or the other side's code or name."`
	File string `arg:"" help:"File with the charter or the annex, as charter show --json prints it; - for standard input."`
	Yes  bool   `help:"Propose without being asked again."`
}

func (charterProposeCmd) Help() string {
	return `Begin from the one in force, change it in an editor, and give the whole or its part "charter" or "annex". What differs is shown, and our assent to it goes on the record: the others see it and may assent to it too. Nobody can be added: a newcomer needs a new line. A version is given by the station, above all that is proposed.

Examples:

    parley charter show birch --json > amended.json
    parley --as "Amb Hale" charter propose birch amended.json`
}

// Run proposes.
func (c charterProposeCmd) Run(s *session) error {
	if err := s.officer("proposing"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	p, err := c.amendment(s, l.Key)
	if err != nil {
		return err
	}
	if !c.Yes {
		said, err := s.ask(fmt.Sprintf("Put on record that our side assents to this amendment of the line to %s? It is not taken back. Type yes: ", oneLine(l.Name)), "say so in the command: --yes")
		if err != nil {
			return err
		}
		if said != "yes" {
			return parley.Errorf(parley.NotAllowed, "nothing was proposed")
		}
	}
	return proposed(s, l, p)
}

// amendment takes the part that differs from what is in force.
func (c charterProposeCmd) amendment(s *session, line string) (p station.Proposal, err error) {
	var b []byte
	if c.File == "-" {
		b, err = io.ReadAll(io.LimitReader(s.in, maxSmallFile))
	} else {
		b, err = readSmall("reading the amendment", c.File)
	}
	if err != nil {
		return p, err
	}
	now, err := s.station().Charter(s.ctx, line)
	if err != nil {
		return p, err
	}
	if p, err = readProposal(b, now); err != nil {
		err = fmt.Errorf("reading %s: %w", c.File, err)
	}
	return p, err
}

// readProposal takes a whole view, or one part of it, and returns the part that
// differs from what is in force.
func readProposal(b []byte, now station.CharterView) (p station.Proposal, err error) {
	var whole struct {
		Charter *station.CharterText `json:"charter"`
		Annex   *station.AnnexText   `json:"annex"`
	}
	if err := json.Unmarshal(b, &whole); err != nil {
		return p, parley.Errorf(parley.Malformed, "%v", err).WithHint("begin from: parley charter show --json")
	}
	if whole.Charter == nil && whole.Annex == nil { // a part alone
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if bytes.Contains(b, []byte("\"parties\"")) {
			p.Charter = new(station.CharterText)
			err = d.Decode(p.Charter)
		} else {
			p.Annex = new(station.AnnexText)
			err = d.Decode(p.Annex)
		}
		if err != nil {
			err = parley.Errorf(parley.Malformed, "%v", err)
		}
		return p, err
	}
	charter, annex := whole.Charter != nil && !same(whole.Charter, now.Charter), whole.Annex != nil && !same(whole.Annex, now.Annex)
	switch {
	case charter && annex:
		return p, parley.Errorf(parley.BadForm, "it changes the charter and the annex").WithHint("propose one after the other: each is assented to by itself")
	case charter:
		p.Charter = whole.Charter
	case annex:
		p.Annex = whole.Annex
	default:
		return p, parley.Errorf(parley.BadForm, "it changes nothing")
	}
	return p, nil
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func proposed(s *session, l station.Line, p station.Proposal) error {
	d, err := s.station().Propose(s.ctx, l.Key, p)
	if err != nil {
		return err
	}
	return s.show(d, func(w io.Writer) {
		showDocument(w, d, false)
		fmt.Fprintf(w, "\nproposed; it is in force when all have assented: parley charter assent LINE %s\n", d.Hash[:8])
	})
}

type charterAssentCmd struct {
	Line string `arg:"" help:"Line: its id, or the other side's code or name."`
	Hash string `arg:"" help:"What is assented to: at least 8 digits of its hash."`
	Yes  bool   `help:"Assent without being asked again."`
}

func (charterAssentCmd) Help() string {
	return `Shows what changes and asks for the first 8 digits of the hash. An assent is on the record and is not taken back.

Examples:

    parley --as "Chen" charter assent alder 5f1c22ab`
}

// Run assents.
func (c charterAssentCmd) Run(s *session) error {
	if err := s.officer("assenting"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	if !c.Yes {
		if err := (charterDiffCmd{Line: l.Key, Hash: c.Hash}).Run(s); err != nil {
			return err
		}
		said, err := s.ask("Put on record that our side assents to this? It is not taken back. Type the first 8 digits of its hash: ", "say so in the command: --yes")
		if err != nil {
			return err
		}
		if len(said) < 8 || !strings.HasPrefix(strings.ToLower(c.Hash), strings.ToLower(said)) && !strings.HasPrefix(strings.ToLower(said), strings.ToLower(c.Hash)) {
			return parley.Errorf(parley.NotAllowed, "%q is not its hash: nothing was done", said)
		}
	}
	d, err := s.station().Assent(s.ctx, l.Key, c.Hash)
	if err != nil {
		return err
	}
	return s.show(d, func(w io.Writer) { fmt.Fprintf(w, "assented to %s version %d, %s\n", d.Kind, d.Version, d.Hash[:8]) })
}

type charterRemoveCmd struct {
	Line  string `arg:"" help:"Line: its id, or the name of one on it."`
	Party string `arg:"" help:"Code of the party to be removed."`
	Yes   bool   `help:"Propose without being asked again."`
}

func (charterRemoveCmd) Help() string {
	return `Of three or more parties, all others together can go on without one. It is an amendment of the charter like any other: each of them assents. The party is told by those entries, keeps what it has, and can read nothing that is written after.

Examples:

    parley --as "Amb Hale" charter remove 3f2a cedar`
}

// Run proposes a removal.
func (c charterRemoveCmd) Run(s *session) error {
	if err := s.officer("removing a party"); err != nil {
		return err
	}
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	if !c.Yes {
		said, err := s.ask(fmt.Sprintf("Put on record that our side assents to going on without %s? It is not taken back. Type its code: ", oneLine(c.Party)), "say so in the command: --yes")
		if err != nil {
			return err
		}
		if said != c.Party {
			return parley.Errorf(parley.NotAllowed, "%q is not the code of the party: nothing was done", said)
		}
	}
	return proposed(s, l, station.Proposal{Remove: parley.PartyCode(c.Party)})
}

type lineAddressCmd struct {
	Line      string   `arg:"" help:"Line: its id, or the other side's code or name."`
	Addresses []string `arg:"" placeholder:"ADDRESS" help:"All addresses of our side from now on: quic://HOST:PORT, tls://HOST:PORT."`
}

func (lineAddressCmd) Help() string {
	return `Tells the others where our side is reached from now on; they dial there as soon as they have the entry. It needs nobody's consent. Change where the station listens in its configuration.

Examples:

    parley line address birch quic://198.51.100.7:7101 tls://198.51.100.7:7101`
}

// Run tells our addresses.
func (c lineAddressCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	id, err := s.station().SetAddresses(s.ctx, l.Key, c.Addresses)
	if err != nil {
		return err
	}
	return s.show(struct {
		Item string `json:"item"`
	}{id}, func(w io.Writer) { fmt.Fprintf(w, "told %s as %s\n", oneLine(l.Name), id) })
}

type tlsCmd struct {
	Show   tlsShowCmd   `cmd:"" default:"1" help:"Show which TLS key the station shows (the default)."`
	Rotate tlsRotateCmd `cmd:"" help:"Change the TLS key on every line."`
}

func (tlsCmd) Help() string {
	return `Examples:

    parley tls
    parley tls rotate`
}

type tlsShowCmd struct{}

func (tlsShowCmd) Help() string {
	return `Examples:

    parley tls
    parley tls show --json`
}

// Run shows the key.
func (tlsShowCmd) Run(s *session) error {
	v, err := s.station().TLS(s.ctx)
	if err != nil {
		return err
	}
	return s.show(v, func(w io.Writer) { showTLS(w, v) })
}

func showTLS(w io.Writer, v station.TLSView) {
	pairs(w, "KEY", v.Key, "NEXT", v.Next)
	var rows [][]string
	for _, x := range v.Waiting {
		rows = append(rows, []string{"  waits for", x.Party, "on line " + short(x.Line), x.Name})
	}
	table(w, rows)
}

type tlsRotateCmd struct{}

func (tlsRotateCmd) Help() string {
	return `Makes a new TLS key and tells it on every line, which needs nobody's consent. When every other station has stored that, the new key is used and the paths are taken up anew, one after the other; until then both are good, so that no line drops. It goes on by itself, through stops and cuts.

Examples:

    parley tls rotate`
}

// Run begins a rotation.
func (tlsRotateCmd) Run(s *session) error {
	v, err := s.station().RotateTLS(s.ctx)
	if err != nil {
		return err
	}
	return s.show(v, func(w io.Writer) { showTLS(w, v) })
}
