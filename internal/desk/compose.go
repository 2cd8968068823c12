package desk

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/station"
)

// composePage is the left half (the draft) and the right half (what will be
// signed), and what stands in the way of a save.
type composePage struct {
	Line     station.Line
	Draft    station.Draft
	Markers  []parley.Marker
	Preview  *station.Item // nil while it cannot be shown
	Missing  *problem      // why it cannot
	Theirs   *station.Draft
	Problem  *problem
	Answered *station.Item // the entry it answers
	Called   []called      // how the other sides' offices are addressed

	Templates []station.Template // for a draft that does not exist yet
	Samples   []sample           // those that every desk has
	Shares    []share            // of FLASH this month
	Seen      *station.Draft     // what the releaser was shown, where it is another now
}

// Lone reports whether who drafted it may release it himself, as an officer
// alone on watch who says so on the record.
func (p *composePage) Lone(o station.Officer) bool {
	return p.Line.Lone[strings.ToUpper(p.Draft.Precedence)] && p.Draft.Form == "dispatch" && p.Draft.DrafterID == o.ID && o.Holds(parley.Watch)
}

// Over reports whether a FLASH is longer than the desk wants it.
func (p *composePage) Over() bool { return p.Words() > parley.FlashWords }

// Words counts the words of the text.
func (p *composePage) Words() int { return form.Words(p.Draft.Text) }

// Limit is the number of words wanted of a FLASH.
func (p *composePage) Limit() int { return parley.FlashWords }

// TwoHands reports whether another officer must release the draft.
func (p *composePage) TwoHands() bool { return p.Line.TwoHands[strings.ToUpper(p.Draft.Precedence)] }

// To reports whether an address is among the addressees.
func (p *composePage) To(party parley.PartyCode, office parley.Office) bool {
	return contains(p.Draft.To, string(party)+"/"+string(office))
}

// Info reports whether an address gets it for information.
func (p *composePage) Info(party parley.PartyCode, office parley.Office) bool {
	return contains(p.Draft.Info, string(party)+"/"+string(office))
}

// Differs reports whether a field of the draft is another in theirs.
func (p *composePage) Differs(mine, other string) bool { return mine != other }

func contains(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

// compose shows a new draft, which exists from its first save on.
func (d *desk) compose(w http.ResponseWriter, r *http.Request, s *seat) error {
	q := r.URL.Query()
	lines, err := d.st.Lines(r.Context())
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		d.render(w, r, s, "compose", &composePage{})
		return nil
	}
	key := q.Get("line")
	if key == "" {
		key = lines[0].Key
	}
	l, err := d.st.Line(r.Context(), key)
	if err != nil {
		return err
	}
	p := &composePage{Line: l, Markers: markersOf(l), Draft: newDraft(l, s, q.Get("form")), Called: d.calledOn(r.Context(), l.Key)}
	if re := q.Get("re"); re != "" {
		it, err := d.st.Item(r.Context(), l.Key, re)
		if err != nil {
			return err
		}
		p.answer(it)
		if tr := q.Get("translation"); tr != "" {
			p.send(d.bookOf(l, r), it, tr)
		}
	}
	if err := d.begin(r, p); err != nil {
		return err
	}
	d.render(w, r, s, "compose", p)
	return nil
}

func newDraft(l station.Line, s *seat, kind string) station.Draft {
	if kind != "service" {
		kind = "dispatch"
	}
	dr := station.Draft{Line: l.Key, Form: kind, Page: rand.Text(), From: string(s.office), Precedence: parley.Routine.String(), Exercise: l.Exercise}
	if len(l.Us.Languages) > 0 {
		dr.Language = l.Us.Languages[0]
	}
	return dr
}

// answer prepares an answer to an entry of the other side.
func (p *composePage) answer(it station.Item) {
	p.Answered = &it
	p.Draft.Refs = []string{it.ID}
	if !it.Ours && it.FromText != "" {
		p.Draft.To = []string{it.FromText}
	}
	if it.Series == "service" {
		p.Draft.Form = "service"
	} else if !it.Ours {
		p.Draft.Marker = parley.Answer.String()
	}
	if it.PrecedenceText != "" && it.Precedence < parley.Flash {
		p.Draft.Precedence = it.PrecedenceText
	}
	p.Draft.Exercise = it.Exercise
}

func markersOf(l station.Line) []parley.Marker {
	var list []parley.Marker
	for _, m := range parley.Markers() {
		if m != parley.Instruction || l.Instruct {
			list = append(list, m)
		}
	}
	return list
}

// composed is the page of a saved draft.
func (d *desk) composed(ctx context.Context, s *seat, dr station.Draft) (*composePage, error) {
	l, err := d.st.Line(ctx, dr.Line)
	if err != nil {
		return nil, err
	}
	p := &composePage{Line: l, Draft: dr, Markers: markersOf(l)}
	if len(dr.Refs) > 0 {
		if it, err := d.st.Item(ctx, l.Key, dr.Refs[0]); err == nil { // what is typed there may be no entry yet
			p.Answered = &it
		}
	}
	if p.Shares, err = d.shares(ctx, l); err != nil {
		return nil, err
	}
	it, err := d.st.Preview(ctx, s.officer, dr.ID)
	if err != nil {
		p.Missing = problemOf(err)
		return p, nil
	}
	p.Preview = &it
	return p, nil
}

// draft shows a draft to go on with, or, once it is submitted, to its releaser.
// Its drafter may take it back by writing on.
func (d *desk) draft(w http.ResponseWriter, r *http.Request, s *seat) error {
	id, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	dr, err := d.st.Draft(r.Context(), s.officer, id)
	if err != nil {
		return err
	}
	if dr.State == "released" && dr.Entry != "" {
		http.Redirect(w, r, itemURL(station.Item{Line: dr.Line, ID: dr.Entry}), http.StatusSeeOther)
		return nil
	}
	if edit := r.URL.Query().Get("edit") != "" && dr.DrafterID == s.officer.ID; dr.Form == "incumbent" && (dr.State != "submitted" || edit) {
		http.Redirect(w, r, fmt.Sprintf("%s/offices/change?draft=%d", lineURL(dr.Line), id), http.StatusSeeOther)
		return nil
	}
	p, err := d.composed(r.Context(), s, dr)
	if err != nil {
		return err
	}
	p.Called = d.calledOn(r.Context(), dr.Line)
	if dr.State == "submitted" && (dr.DrafterID != s.officer.ID || r.URL.Query().Get("edit") == "") {
		d.renderStatus(w, r, s, http.StatusOK, "release", "title.release", p)
		return nil
	}
	d.render(w, r, s, "compose", p)
	return nil
}
