package page

import (
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/record"
	"parley/internal/said"
)

// Bounds of a page. A statement has at most 48,000 bytes, a line at most ten
// parties.
const (
	maxProofs = 16
	maxPage   = 48 << 20
)

// A Kind is what a page publishes.
type Kind string

// The kinds.
const (
	Readout    Kind = "readout"
	Joint      Kind = "joint"
	Correction Kind = "correction"
)

// A Page is the public page of one published entry.
type Page struct {
	Lang   string
	Kind   Kind
	Stem   string    // of its file names: date, publisher, entry
	Time   time.Time // of the entry, by the publisher's clock
	HTML   []byte
	Proofs [][]byte // the publication's; of a joint statement then the proposal's and the other signatures'

	c *content
}

// Name is the page's file name.
func (p *Page) Name() string { return nameIn(p.Stem, p.Lang) }

// ProofName is the file name of proof i, from 0.
func (p *Page) ProofName(i int) string { return proofName(p.Stem, i) }

// Title is the page's title in a language of the frame, as HTML without markup.
func (p *Page) Title(f *Frame) string { return p.c.title(f) }

// Contact says in a language of the frame what is spoken of, as HTML without
// markup: "voice call, ministers, 2026-11-29".
func (p *Page) Contact(f *Frame) string {
	facts := &p.c.statement.Facts
	parts := []string{f.Plain("medium_" + facts.Medium.String()), f.Plain("level_" + facts.Level.String())}
	if facts.Start > 0 {
		parts = append(parts, day(facts.Start))
	}
	return strings.Join(parts, f.Plain("comma"))
}

// StoredBy is how many other parties' receipts the proof of the publication holds.
func (p *Page) StoredBy() int { return len(p.c.published.report.List[0].Stored) }

func nameIn(stem, lang string) string { return stem + "." + lang + ".html" }

func proofName(stem string, i int) string { return fmt.Sprintf("%s.%d.proof", stem, i+1) }

// Make makes the page of proof files, with its frame in English; In has it in
// another. The proof of the published entry stands first; of a joint statement
// then that of its proposal, then those of the other signatures, by party. It
// refuses what Verify would.
func Make(proofs ...[]byte) (*Page, error) {
	var all []*proved
	for i, b := range proofs {
		rep, opened, err := record.OpenProof(b, record.VerifyOptions{})
		if err == nil {
			err = rep.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("proof %d of the page: %w", i+1, err)
		}
		all = append(all, &proved{opened, rep, b})
	}
	c, err := gather(all)
	if err != nil {
		return nil, err
	}
	return c.page(FrameIn("en")), nil
}

// In is the same page with its frame in another language.
func (p *Page) In(lang string) (*Page, error) {
	f := FrameIn(lang)
	if f == nil {
		return nil, parley.Errorf(parley.NotFound, "there is no frame in %q", parley.Clip(lang)).WithHint("one of %s", strings.Join(Languages, ", "))
	}
	return p.c.page(f), nil
}

// proved is one entry with the file that proves it.
type proved struct {
	*record.Opened
	report *record.Report
	file   []byte
}

// name is that of a party as the founding has it.
func (p *proved) name(code parley.PartyCode) string {
	for _, x := range p.report.Parties {
		if x.Code == code {
			return x.Name
		}
	}
	return string(code)
}

// content is what a page shows, all of it from proofs.
type content struct {
	kind      Kind
	published *proved
	form      *said.Published
	signed    []*proved // of a joint statement: the proposal, then the other signatures
	statement *said.Statement
}

func refuse(format string, args ...any) *parley.Error {
	return parley.Errorf(parley.BadForm, format, args...)
}

// gather puts together what verified proofs open, and refuses what is no
// publication.
func gather(all []*proved) (*content, error) {
	if len(all) == 0 || len(all) > maxProofs {
		return nil, refuse("%d proofs, want 1 to %d", len(all), maxProofs)
	}
	for i, p := range all {
		switch {
		case p.Form == nil || p.Header == nil:
			return nil, refuse("proof %d does not open its entry, or what it opens is at fault", i+1)
		case p.report.Founding != all[0].report.Founding:
			return nil, parley.Errorf(parley.WrongLine, "proof %d is of another line", i+1)
		case p.Header.Exercise != "":
			return nil, refuse("proof %d is of an exercise", i+1)
		}
		if err := p.Form.Check(); err != nil {
			return nil, fmt.Errorf("proof %d: %w", i+1, err)
		}
	}
	f, ok := all[0].Form.(*said.Published)
	if !ok {
		return nil, refuse("the first proof is of a %s, not of a publication", all[0].Header.Form)
	}
	c := &content{kind: Readout, published: all[0], form: f, statement: f.Statement}
	if f.Kind == said.JointStatement {
		c.kind = Joint
		return c, c.together(all[1:])
	}
	if len(all[0].Header.Refs) > 1 {
		c.kind = Correction
	}
	if len(all) > 1 {
		return nil, refuse("%d proofs stand beside that of a readout", len(all)-1)
	}
	return c, nil
}

// together takes the proposal of a joint statement and the signatures of others
// on it.
func (c *content) together(rest []*proved) error {
	refs := c.published.Header.Refs
	if len(rest) < 2 || len(refs) != 2 || rest[0].Ref != refs[1] {
		return refuse("a joint statement comes with the proofs of its proposal, which the publication names, and of the signatures of others")
	}
	by := map[parley.PartyCode]bool{}
	for i, p := range rest {
		f, ok := p.Form.(*said.Joint)
		switch {
		case !ok:
			return refuse("proof %d is of a %s, not of a joint statement", i+2, p.Header.Form)
		case by[p.Party]:
			return refuse("%s signs twice", p.Party)
		case f.Statement == nil || i == 0 && f.Step != said.Offer || i > 0 && f.Step != said.Sign:
			return refuse("proof %d is no signature under a joint statement", i+2)
		case i > 0 && (len(p.Header.Refs) != 2 || p.Header.Refs[1] != rest[0].Ref):
			return refuse("proof %d signs another proposal", i+2)
		case i > 1 && p.Party < rest[i-1].Party:
			return refuse("the signatures do not stand in the order of the parties")
		case len(p.Header.Refs) == 0 || p.Header.Refs[0] != refs[0]:
			return refuse("proof %d is of another contact", i+2)
		}
		if i == 0 {
			c.statement = f.Statement
		} else if !f.Statement.Equal(c.statement) {
			return refuse("%s signed another text than %s", p.Party, rest[0].Party)
		}
		by[p.Party] = true
	}
	if !by[c.published.Party] {
		return refuse("%s published what it did not sign", c.published.Party)
	}
	c.signed = rest
	return nil
}

// stem is the beginning of the file names.
func (c *content) stem() string {
	return fmt.Sprintf("%s-%s-%s", day(c.published.Time), c.published.Party, strings.ReplaceAll(c.published.Ref.String(), ":", "-"))
}

// whose are the names of those whose words they are.
func (c *content) whose() []string {
	if c.kind != Joint {
		return []string{c.published.name(c.published.Party)}
	}
	var names []string
	for _, p := range c.signed {
		names = append(names, p.name(p.Party))
	}
	return names
}

func (c *content) title(f *Frame) string {
	return f.markup("title_"+string(c.kind), f.join(each(c.whose(), line)))
}

func (c *content) page(f *Frame) *Page {
	p := &Page{Lang: f.Lang, Kind: c.kind, Stem: c.stem(), Time: at(c.published.Time), c: c, HTML: c.html(f)}
	p.Proofs = append(p.Proofs, c.published.file)
	for _, s := range c.signed {
		p.Proofs = append(p.Proofs, s.file)
	}
	return p
}

// proofs are all of them, in order.
func (c *content) proofs() []*proved { return append([]*proved{c.published}, c.signed...) }

// maxTime is the end of the year 9999: what is said to be later is shown as that.
const maxTime = 253_402_300_799

func at(t uint64) time.Time { return time.Unix(int64(min(t, maxTime)), 0).UTC() }

func day(t uint64) string { return at(t).Format(time.DateOnly) }
