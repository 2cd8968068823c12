package desk

import (
	"context"
	"net/http"

	"parley"
	"parley/internal/station"
)

// Amending is a station that says what rules a line, and takes what our side
// proposes, assents to, or leaves. On one that is not the page is hidden.
type Amending interface {
	Charter(ctx context.Context, line string) (station.CharterView, error)
	Assent(ctx context.Context, by station.Officer, line, hash string) (station.DocumentView, error)
	Weigh(ctx context.Context, by station.Officer, line string, p station.Proposal) (station.DocumentView, error)
	Propose(ctx context.Context, by station.Officer, line string, p station.Proposal) (station.DocumentView, error)
	Leave(ctx context.Context, by station.Officer, line, reason string) error
}

// charterPage is what rules a line, and what is proposed.
type charterPage struct {
	Line    station.Line
	View    station.CharterView
	Problem *problem
}

// Speaks reports whether the seat may assent for our side to a document of this kind.
func (f *frame) Speaks(kind string) bool {
	if kind == "annex" {
		return f.Seat != nil && f.Seat.is(parley.Administrator, parley.Principal)
	}
	return f.Seat != nil && f.Seat.is(parley.Principal, parley.Envoy)
}

// Removable reports whether the line goes on without one of its parties.
func (p *charterPage) Removable() bool {
	n := 0
	for _, x := range p.Line.Them {
		if x.Out == "" {
			n++
		}
	}
	return n > 1
}

func (d *desk) charterPage(r *http.Request) (*charterPage, error) {
	a, ok := d.st.(Amending)
	if !ok {
		return nil, errHidden
	}
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &charterPage{Line: l}
	p.View, err = a.Charter(r.Context(), l.Key)
	return p, err
}

func (d *desk) charter(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.charterPage(r)
	if err != nil {
		return err
	}
	d.render(w, r, s, "charter", p)
	return nil
}

// assent takes our side's assent: the officer types the first digits of the
// hash, so that nobody assents to what was not looked at.
func (d *desk) assent(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	a, ok := d.st.(Amending)
	if !ok {
		return errHidden
	}
	hash, typed := r.PostForm.Get("hash"), field(r, "typed")
	err := error(parley.Errorf(parley.NotAllowed, "these are not the first 8 digits of its hash: nothing was done"))
	if len(hash) >= 8 && typed == hash[:8] {
		_, err = a.Assent(r.Context(), s.officer, r.PathValue("line"), hash)
	}
	if err == nil {
		return done(w, r, lineURL(r.PathValue("line"))+"/charter", "assented")
	}
	p, lost := d.charterPage(r)
	if lost != nil {
		return lost
	}
	p.Problem = problemOf(err)
	d.renderStatus(w, r, s, p.Problem.Status, "charter", "title.charter", p)
	return nil
}
