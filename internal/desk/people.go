package desk

import (
	"net/http"

	"parley"
	"parley/internal/station"
)

const auditRows = 500

func (d *desk) audit(w http.ResponseWriter, r *http.Request, s *seat) error {
	rows, err := d.st.Audit(r.Context(), s.officer, auditRows)
	if err != nil {
		return err
	}
	d.render(w, r, s, "audit", rows)
	return nil
}

// officersPage is the roster. Link is shown once, to the administrator who made
// it.
type officersPage struct {
	Officers []station.Officer
	Offices  []parley.Office
	Link     string
	LinkFor  string
	Problem  *problem
	Name     string
	Returns  []station.Return // access to be given back, waiting for a second administrator
	Me       int64
}

// usualOffices are those every charter starts with; a charter may add others.
var usualOffices = []parley.Office{parley.Principal, parley.Envoy, parley.Watch, parley.Interpreter, parley.Translator,
	parley.Archivist, parley.Administrator}

func (d *desk) officersPage(r *http.Request) (*officersPage, error) {
	list, err := d.st.Officers(r.Context())
	if err != nil {
		return nil, err
	}
	p := &officersPage{Officers: list, Offices: usualOffices}
	if p.Returns, err = d.st.Returns(r.Context()); err != nil {
		return nil, err
	}
	lines, err := d.st.Lines(r.Context())
	if err != nil {
		return nil, err
	}
	seen := map[parley.Office]bool{}
	for _, o := range p.Offices {
		seen[o] = true
	}
	for _, l := range lines {
		for _, o := range l.Offices {
			if !seen[o] {
				seen[o], p.Offices = true, append(p.Offices[:len(p.Offices):len(p.Offices)], o)
			}
		}
	}
	return p, nil
}

func (d *desk) officers(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.officersPage(r)
	if err != nil {
		return err
	}
	p.Me = s.officer.ID
	d.render(w, r, s, "officers", p)
	return nil
}

func (d *desk) actOnOfficer(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	var token string
	var err error
	switch r.PathValue("act") {
	case "add":
		err = d.addOfficer(r, s)
	case "remove":
		err = d.removeOfficer(r, s)
	case "seat":
		token, err = d.seatLink(r, s)
	case "return":
		err = d.askReturn(r, s)
	case "grant":
		token, err = d.grantReturn(r, s)
	case "inherit":
		err = d.inheritMemcons(r, s)
	default:
		return errHidden
	}
	if err == nil && token == "" {
		return done(w, r, "/station/officers", "officer_"+r.PathValue("act"))
	}
	p, lost := d.officersPage(r)
	if lost != nil {
		return lost
	}
	p.Me = s.officer.ID
	status := http.StatusOK
	if err != nil {
		p.Problem, p.Name = problemOf(err), r.PostForm.Get("name")
		status = p.Problem.Status
	} else {
		p.Link, p.LinkFor = scheme(r)+"://"+r.Host+"/seat/"+token, r.PostForm.Get("for")
	}
	d.renderStatus(w, r, s, status, "officers", "title.officers", p)
	return nil
}

func (d *desk) askReturn(r *http.Request, s *seat) error {
	id, err := number(r.PostForm.Get("officer"))
	if err != nil {
		return err
	}
	return d.st.AskReturn(r.Context(), s.officer, id)
}

// inheritMemcons gives what an officer who is no longer here left to another.
func (d *desk) inheritMemcons(r *http.Request, s *seat) error {
	from, err := number(r.PostForm.Get("officer"))
	if err != nil {
		return err
	}
	to, err := number(r.PostForm.Get("to"))
	if err == nil {
		_, err = d.st.InheritMemcons(r.Context(), s.officer, from, to)
	}
	return err
}

func (d *desk) grantReturn(r *http.Request, s *seat) (string, error) {
	id, err := number(r.PostForm.Get("officer"))
	if err != nil {
		return "", err
	}
	return d.st.GrantReturn(r.Context(), s.officer, id)
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func (d *desk) addOfficer(r *http.Request, s *seat) error {
	var offices []parley.Office
	for _, v := range r.PostForm["office"] {
		o, err := parley.ParseOffice(v)
		if err != nil {
			return err
		}
		offices = append(offices, o)
	}
	_, err := d.st.AddOfficer(r.Context(), s.officer, field(r, "name"), offices)
	return err
}

func (d *desk) removeOfficer(r *http.Request, s *seat) error {
	id, err := number(r.PostForm.Get("officer"))
	if err != nil {
		return err
	}
	return d.st.RemoveOfficer(r.Context(), s.officer, id)
}

func (d *desk) seatLink(r *http.Request, s *seat) (string, error) {
	id, err := number(r.PostForm.Get("officer"))
	if err != nil {
		return "", err
	}
	office, err := parley.ParseOffice(r.PostForm.Get("office"))
	if err != nil {
		return "", err
	}
	return d.st.SeatLink(r.Context(), s.officer, id, office)
}
