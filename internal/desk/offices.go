package desk

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/station"
)

// Offices is the directory of both sides, and what an incoming office-holder is
// told.
type Offices interface {
	Directory(ctx context.Context, line string) (station.Directory, error)
	Incumbents(ctx context.Context, line string) ([]station.SideView, error)
	Ping(ctx context.Context, by station.Officer, line string, to parley.Address) (item string, err error)
	Brief(ctx context.Context, by station.Officer, line string) (station.Brief, error)
}

// officesPage is who holds which office, on both sides.
type officesPage struct {
	Line    station.Line
	View    station.Directory
	Problem *problem
	now     time.Time
}

// Pings reports whether the seat may send check calls to offices.
func (f *frame) Pings() bool { return f.Seat != nil }

// Names reports whether the seat may draft a change of incumbent.
func (f *frame) Names() bool { return f.Seat != nil && f.Seat.is(parley.Administrator, parley.Envoy) }

func (d *desk) officesPage(r *http.Request) (*officesPage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &officesPage{Line: l, now: d.now()}
	p.View, err = d.st.Directory(r.Context(), l.Key)
	return p, err
}

func (d *desk) offices(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.officesPage(r)
	if err != nil {
		return err
	}
	d.render(w, r, s, "offices", p)
	return nil
}

// ping sends a check call to one office.
func (d *desk) ping(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	to, err := d.pinged(r)
	for _, a := range to {
		if err == nil {
			_, err = d.st.Ping(r.Context(), s.officer, r.PathValue("line"), a)
		}
	}
	if err == nil {
		return done(w, r, lineURL(r.PathValue("line"))+"/offices", "checkcall")
	}
	p, lost := d.officesPage(r)
	if lost != nil {
		return lost
	}
	p.Problem = problemOf(err)
	d.renderStatus(w, r, s, p.Problem.Status, "offices", "title.offices", p)
	return nil
}

// pinged are the offices to ask: the one named, or all that are due.
func (d *desk) pinged(r *http.Request) ([]parley.Address, error) {
	if r.PostForm.Get("due") == "" {
		a, err := parley.ParseAddress(r.PostForm.Get("to"))
		return []parley.Address{a}, err
	}
	dir, err := d.st.Directory(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	to := due(dir, d.now())
	if len(to) == 0 {
		return nil, parley.Errorf(parley.Conflict, "no office is due for a check call: nothing was sent")
	}
	return to, nil
}

// due are the offices that gave no sign of life for long, but those that were
// asked a moment ago.
func due(dir station.Directory, now time.Time) (to []parley.Address) {
	for _, side := range dir.Sides {
		for _, o := range side.Offices {
			if o.Wanted(now) {
				to = append(to, parley.Address{Party: side.Party.Code, Office: o.Office})
			}
		}
	}
	return to
}

// Due is how many offices are due for a check call.
func (p *officesPage) Due() int { return len(due(p.View, p.now)) }

// brief is the transition brief. To make one is audited. A page that only renews
// itself is not made anew: it stays as it was, with its time.
func (d *desk) brief(w http.ResponseWriter, r *http.Request, s *seat) error {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return err
	}
	var b station.Brief
	if !live(r) {
		if b, err = d.st.Brief(r.Context(), s.officer, l.Key); err != nil {
			return err
		}
	}
	d.render(w, r, s, "brief", briefPage{Line: l, Brief: b})
	return nil
}

type briefPage struct {
	Line station.Line
	station.Brief
}

// changePage drafts a change of incumbent.
type changePage struct {
	Line    station.Line
	Draft   station.Draft
	Who     station.IncumbentText
	Now     *station.Term // who holds the office as the record says
	Problem *problem
}

// TwoHands reports whether another officer must release it.
func (p *changePage) TwoHands() bool { return p.Line.TwoHands[parley.Routine.String()] }

// change shows the form: for an office, or a draft to go on with.
func (d *desk) change(w http.ResponseWriter, r *http.Request, s *seat) error {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return err
	}
	p := &changePage{Line: l, Who: station.IncumbentText{Office: r.URL.Query().Get("office"), Languages: l.Us.Languages}}
	if v := r.URL.Query().Get("draft"); v != "" {
		id, err := number(v)
		if err != nil {
			return err
		}
		if p.Draft, err = d.st.Draft(r.Context(), s.officer, id); err != nil {
			return err
		}
		if p.Draft.Incumbent == nil || p.Draft.Line != l.Key {
			return errHidden
		}
		p.Who = *p.Draft.Incumbent
	}
	if err := d.holder(r.Context(), p); err != nil {
		return err
	}
	d.render(w, r, s, "change", p)
	return nil
}

// holder finds who holds the office now.
func (d *desk) holder(ctx context.Context, p *changePage) error {
	sides, err := d.st.Incumbents(ctx, p.Line.Key)
	if err != nil {
		return err
	}
	for _, side := range sides {
		for _, o := range side.Offices {
			if side.Party.Us && string(o.Office) == p.Who.Office {
				p.Now = o.Now
			}
		}
	}
	return nil
}

// incumbentOf reads what was typed.
func incumbentOf(r *http.Request) (x station.IncumbentText, err error) {
	x = station.IncumbentText{Office: r.PostForm.Get("office"), Person: field(r, "name"), Address: field(r, "address"), Hours: field(r, "hours"), Deputy: field(r, "deputy"), Languages: words(field(r, "languages"))}
	for name, at := range map[string]*time.Time{"from": &x.From, "until": &x.Until} {
		if v := r.PostForm.Get(name); v != "" {
			if *at, err = parseWhen(v); err != nil {
				return x, err
			}
		}
	}
	return x, nil
}

// words splits a list that somebody typed, at commas, spaces and their like in
// other scripts.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(", ;\t\n،؛、，；", r) })
}

// saveChange keeps the draft and sends it on: to another officer where the
// charter wants two hands, else to the page where it is released.
func (d *desk) saveChange(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return err
	}
	p := &changePage{Line: l}
	if p.Draft, err = draftOf(r); err != nil {
		return err
	}
	p.Who, err = incumbentOf(r)
	dr := station.Draft{ID: p.Draft.ID, Version: p.Draft.Version, Line: l.Key, Form: "incumbent", From: string(s.office), Precedence: parley.Routine.String(), Incumbent: &p.Who}
	if err == nil && !contains(officeNames(l), p.Who.Office) {
		err = parley.Errorf(parley.BadForm, "the charter knows no office %s", form.Visible(p.Who.Office))
	}
	var saved station.Draft
	if err == nil {
		saved, err = d.st.SaveDraft(r.Context(), s.officer, dr)
	}
	if err == nil {
		p.Draft = saved
		_, err = d.st.Preview(r.Context(), s.officer, saved.ID) // what is missing is said here, where it can be mended
	}
	if err == nil && p.TwoHands() {
		_, err = d.st.Submit(r.Context(), s.officer, saved.ID)
	}
	switch {
	case err == nil && p.TwoHands():
		return done(w, r, "/work", "submitted")
	case err == nil:
		http.Redirect(w, r, fmt.Sprintf("/draft/%d/release", saved.ID), http.StatusSeeOther)
		return nil
	}
	p.Problem = problemOf(err)
	if p.Problem.Status >= http.StatusInternalServerError {
		return err
	}
	if err := d.holder(r.Context(), p); err != nil {
		return err
	}
	d.renderStatus(w, r, s, p.Problem.Status, "change", "title.change", p)
	return nil
}

func officeNames(l station.Line) []string {
	var out []string
	for _, o := range l.Offices {
		out = append(out, string(o))
	}
	return out
}

// called is how an office of the other side is addressed, for whoever writes
// to it.
type called struct {
	Address parley.Address
	Now     *station.Term
	Lapsed  *station.Term // whose form of address has lapsed lately
}

// lapsedShown is how long a form of address that has lapsed is still named
// beside the one that holds.
const lapsedShown = 90 * 24 * time.Hour

// calledOn are the forms of address of the other sides, where the record has
// any. A draft is written without them all the same.
func (d *desk) calledOn(ctx context.Context, line string) (out []called) {
	sides, err := d.st.Incumbents(ctx, line)
	if err != nil {
		d.log.Error("reading the incumbents", "err", err)
		return nil
	}
	for _, side := range sides {
		if side.Party.Us || side.Party.Out != "" {
			continue
		}
		for _, o := range side.Offices {
			c := called{Address: parley.Address{Party: side.Party.Code, Office: o.Office}, Now: o.Now}
			if len(o.Former) > 0 && d.now().Sub(o.Former[0].Lapsed) < lapsedShown {
				c.Lapsed = &o.Former[0]
			}
			if c.Now != nil || c.Lapsed != nil {
				out = append(out, c)
			}
		}
	}
	return out
}
