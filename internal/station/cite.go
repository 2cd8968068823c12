package station

import (
	"context"
	"encoding/hex"

	"parley"
	"parley/internal/key"
	"parley/internal/record"
)

// A CitationView is what a text says of a line that another goes on from.
type CitationView struct {
	Line        string      `json:"line"`
	Founding    string      `json:"founding"` // fingerprint: 64 digits in groups
	Logs        []CitedView `json:"logs"`
	Ours        bool        `json:"ours"`              // the line is on this station, and what is held of it was compared
	Omitted     []CitedView `json:"omitted,omitempty"` // logs of that line, as held here, of which it says nothing
	Undecidable bool        `json:"undecidable"`       // less is held here than is cited, of one log at least
}

// CitedView is one log of a citation.
type CitedView struct {
	Party string `json:"party"`
	Gen   string `json:"generation"`
	Size  uint64 `json:"size"`
	Root  string `json:"root"`
	Held  bool   `json:"held"` // as much is held here, and it has this root
}

// Cite returns a text that says which line another goes on from: the founding of
// this one, and how far each log of it has come, for the first dispatch of a line
// that is founded when somebody is to join (spec/charter.md, 4c). It is not secret.
// It is audited. Errors: Unavailable where nothing of the line is held yet.
func (s *Station) Cite(_ context.Context, by Officer, name string) (string, error) {
	if err := seatFor(by, "cite a line", parley.Archivist, parley.Administrator, parley.Envoy, parley.Watch); err != nil {
		return "", err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	c, err := record.Cite(heldRecord{l})
	if err != nil {
		return "", err
	}
	return c.Text(), s.audit(by, "citation", l.id.String(), "")
}

// CheckCitation reads the citation in a text, and where this station has the line
// that it cites holds it to what is on our own disk. Errors: NotFound when the text
// cites nothing; WrongLine and BadProof when what it says is not so by our own record.
func (s *Station) CheckCitation(_ context.Context, text string) (CitationView, error) {
	c, err := record.ParseCitation(text)
	if err != nil {
		return CitationView{}, err
	}
	v := CitationView{Line: c.Line.String(), Founding: key.Fingerprint(c.Founding)}
	l, err := s.lineOf(v.Line)
	if v.Ours = err == nil; !v.Ours && parley.KindOf(err) != parley.NotFound {
		return CitationView{}, err
	}
	unheld := map[parley.GenerationID]bool{}
	if v.Ours {
		lacks, err := c.Check(heldRecord{l})
		if err != nil {
			return CitationView{}, err
		}
		for _, x := range lacks {
			unheld[x.Gen], v.Undecidable = true, true
		}
		omits, err := c.Omits(heldRecord{l})
		if err != nil {
			return CitationView{}, err
		}
		for _, x := range omits {
			v.Omitted = append(v.Omitted, CitedView{string(x.Party), x.Gen.String(), x.Size, hex.EncodeToString(x.Root[:]), true})
		}
	}
	for _, x := range c.Logs {
		v.Logs = append(v.Logs, CitedView{string(x.Party), x.Gen.String(), x.Size, hex.EncodeToString(x.Root[:]), v.Ours && !unheld[x.Gen]})
	}
	return v, nil
}
