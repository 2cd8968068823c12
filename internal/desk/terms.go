package desk

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// How many windows and people a request may have, and a form shows at least.
const (
	mostWindows, leastWindows = 16, 6
	mostPeople, leastPeople   = 64, 6
)

// termsPage asks for a contact, or offers other terms for one. What is typed is
// shown as it will be signed before it is sent.
type termsPage struct {
	Line    station.Line
	About   *station.Contact      // other terms: for which contact; nil: a new one
	Offer   *station.ContactOffer // and in place of which
	Typed   map[string]string
	Look    *station.ContactTerms // what will be signed; nil: it is still being written
	Zones   []sideZone
	Arrange []station.LevelRule // who arranges contacts of the line
	Problem *problem
	Where   string // name of the field that is wrong
}

// Action is where the form goes.
func (p *termsPage) Action() string {
	if p.About == nil {
		return contactsURL(p.Line.Key) + "/ask"
	}
	return contactURL(p.Line.Key, p.Offer.ID) + "/offer"
}

// Windows and People number the fields of the form.
func (p *termsPage) Windows() []int { return rowsOf(p.Typed, "from-", leastWindows, mostWindows) }
func (p *termsPage) People() []int  { return rowsOf(p.Typed, "name-", leastPeople, mostPeople) }

// UsualZones are names of zones to choose from.
func (p *termsPage) UsualZones() []string { return usualZones }

// rowsOf numbers the rows of a form: all that hold something, and one more.
func rowsOf(typed map[string]string, name string, least, most int) (out []int) {
	n := least
	for i := n; i <= most; i++ {
		if typed[fmt.Sprint(name, i)] != "" {
			n = min(i+1, most)
		}
	}
	for i := range n {
		out = append(out, i+1)
	}
	return out
}

func (d *desk) termsPage(r *http.Request, s *seat) (*termsPage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &termsPage{Line: l, Typed: map[string]string{"languages": strings.Join(lineLanguages(l), ", ")}}
	if id := r.PathValue("id"); id != "" {
		c, err := d.st.Contact(r.Context(), s.officer, l.Key, id)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(c.Terms, func(o station.ContactOffer) bool { return o.ID == id })
		if i < 0 {
			return nil, errHidden
		}
		p.About, p.Offer = &c, &c.Terms[i]
	}
	b, err := d.st.Contacts(r.Context(), l.Key, time.Time{})
	if err != nil {
		return nil, err
	}
	p.Arrange = b.Arrange
	p.Zones = d.zonesOf(r, l, p.About)
	p.Typed["zone"] = zoneTyped(p.Zones)
	if p.Offer != nil {
		p.fill(*p.Offer)
	}
	return p, nil
}

func lineLanguages(l station.Line) (out []string) {
	for _, p := range append([]station.Party{l.Us}, l.Them...) {
		for _, t := range p.Languages {
			if !contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// fill puts terms into the form. The people of an offer of the other side are its
// own, and are left out.
func (p *termsPage) fill(o station.ContactOffer) {
	loc := zone(p.Typed["zone"])
	at := func(t time.Time) string {
		if t.IsZero() || loc == nil {
			return ""
		}
		return t.In(loc).Format("2006-01-02T15:04")
	}
	for k, v := range map[string]string{"level": o.Level, "medium": o.Medium, "topics": strings.Join(o.Topics, "\n"), "languages": strings.Join(o.Languages, ", "), "interpreting": o.Interpreting,
		"interpreters": o.Interpreters, "recording": o.Recording, "place": o.Place} {
		p.Typed[k] = v
	}
	if o.Minutes > 0 {
		p.Typed["minutes"] = strconv.Itoa(o.Minutes)
	}
	for i, w := range o.Windows {
		p.Typed[fmt.Sprint("from-", i+1)], p.Typed[fmt.Sprint("until-", i+1)] = at(w.Start), at(w.End)
	}
	if !o.Ours {
		return
	}
	p.Typed["text"], p.Typed["answer_by"] = o.Text, at(o.AnswerBy)
	for i, x := range o.Participants {
		p.Typed[fmt.Sprint("name-", i+1)], p.Typed[fmt.Sprint("title-", i+1)], p.Typed[fmt.Sprint("role-", i+1)] = x.Name, x.Title, x.Role
	}
}

func (d *desk) termsForm(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.termsPage(r, s)
	if err != nil {
		return err
	}
	d.render(w, r, s, "terms", p)
	return nil
}

// sendTerms shows what will be signed, goes back to writing, or sends it.
func (d *desk) sendTerms(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p, err := d.termsPage(r, s)
	if err != nil {
		return err
	}
	p.Typed = typed(r)
	in, where, err := termsOf(r)
	if then := r.PostForm.Get("then"); err == nil && then != "edit" {
		if err = d.st.CheckTerms(in); err == nil && then == "send" {
			if err = d.fileTerms(r, s, p, in); err == nil {
				return d.termsSent(w, r, p)
			}
		}
		if err == nil {
			p.Look = &in
		}
	}
	status := http.StatusOK
	if err != nil {
		p.Problem, p.Where = problemOf(err), where
		status = p.Problem.Status
		if status >= http.StatusInternalServerError {
			return err
		}
	}
	if loc := zone(p.Typed["zone"]); loc != nil {
		for i := range p.Zones {
			if p.Zones[i].Ours {
				p.Zones[i].loc, p.Zones[i].Known = loc, true
			}
		}
	}
	d.renderStatus(w, r, s, status, "terms", "title.terms", p)
	return nil
}

func (d *desk) fileTerms(r *http.Request, s *seat, p *termsPage, in station.ContactTerms) (err error) {
	if p.About == nil {
		_, err = d.st.AskContact(r.Context(), s.officer, p.Line.Key, in)
	} else {
		_, err = d.st.OfferTerms(r.Context(), s.officer, p.Line.Key, p.Offer.ID, in)
	}
	return err
}

func (d *desk) termsSent(w http.ResponseWriter, r *http.Request, p *termsPage) error {
	if p.About == nil {
		return done(w, r, contactsURL(p.Line.Key), "contact_ask")
	}
	return done(w, r, contactURL(p.Line.Key, p.About.ID), "contact_offer")
}

// termsOf reads the form; where names the field that an error is about.
func termsOf(r *http.Request) (in station.ContactTerms, where string, err error) {
	in = station.ContactTerms{Level: r.PostForm.Get("level"), Medium: r.PostForm.Get("medium"), Topics: linesOf(field(r, "topics")), Zone: field(r, "zone"), Languages: words(field(r, "languages")),
		Interpreting: r.PostForm.Get("interpreting"), Interpreters: field(r, "interpreters"), Recording: r.PostForm.Get("recording"), Text: field(r, "text"), Place: field(r, "place")}
	if _, err = chosen(r, "level", "no level is chosen"); err != nil {
		return in, "level", err
	}
	if _, err = chosen(r, "medium", "no medium is chosen"); err != nil {
		return in, "medium", err
	}
	if _, err = typedZone(r); err != nil {
		return in, "zone", err
	}
	if in.Windows, where, err = windowsOf(r); err != nil {
		return in, where, err
	}
	if in.AnswerBy, err = timeIn(r, "answer_by"); err != nil {
		return in, "answer_by", err
	}
	n, err := typedMinutes(r)
	if err != nil {
		return in, "minutes", err
	}
	in.Minutes = int(n)
	in.Participants, err = peopleOf(r)
	return in, "name-1", err
}

func windowsOf(r *http.Request) (out []station.ContactWindow, where string, err error) {
	for i := range mostWindows {
		from, until := fmt.Sprint("from-", i+1), fmt.Sprint("until-", i+1)
		a, b := r.PostForm.Get(from), r.PostForm.Get(until)
		if a == "" && b == "" {
			continue
		}
		if a == "" || b == "" {
			where = from
			if a != "" {
				where = until
			}
			return nil, where, parley.Errorf(parley.BadForm, "window %d has only one of its two times", i+1)
		}
		var w station.ContactWindow
		if w.Start, err = timeIn(r, from); err != nil {
			return nil, from, err
		}
		if w.End, err = timeIn(r, until); err != nil {
			return nil, until, err
		}
		if !w.End.After(w.Start) {
			return nil, until, parley.Errorf(parley.BadForm, "window %d ends before it begins", i+1)
		}
		out = append(out, w)
	}
	if len(out) == 0 {
		return nil, "from-1", parley.Errorf(parley.BadForm, "no window is given in which it may begin")
	}
	return out, "", nil
}

// peopleOf reads who takes part for our side.
func peopleOf(r *http.Request) (out []station.ContactPerson, err error) {
	for i := range mostPeople {
		x := station.ContactPerson{Name: field(r, fmt.Sprint("name-", i+1)), Title: field(r, fmt.Sprint("title-", i+1)), Role: r.PostForm.Get(fmt.Sprint("role-", i+1))}
		if x.Name == "" && x.Title != "" {
			return nil, parley.Errorf(parley.BadForm, "participant %d has no name", i+1)
		}
		if x.Name != "" {
			out = append(out, x)
		}
	}
	return out, nil
}
