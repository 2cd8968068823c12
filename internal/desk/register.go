package desk

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"parley"
	"parley/internal/contact"
)

// rowOf reads a contact that took place from the form for it.
func rowOf(r *http.Request) (x contact.Row, err error) {
	x = contact.Row{Date: strings.TrimSpace(r.PostForm.Get("date")), Ours: field(r, "ours"), Theirs: field(r, "theirs"), Asked: field(r, "asked"), Topics: linesOf(field(r, "topics")), Place: field(r, "place"), Source: field(r, "source"), Next: strings.TrimSpace(r.PostForm.Get("promised"))}
	if _, err = chosen(r, "level", "no level is chosen"); err != nil {
		return x, err
	}
	if _, err = chosen(r, "medium", "no medium is chosen"); err != nil {
		return x, err
	}
	if x.Level, err = contact.ParseLevel(r.PostForm.Get("level")); err != nil {
		return x, err
	}
	if x.Medium, err = contact.ParseMedium(r.PostForm.Get("medium")); err != nil {
		return x, err
	}
	if x.Minutes, err = typedMinutes(r); err != nil {
		return x, err
	}
	people, err := peopleOf(r)
	if err != nil {
		return x, err
	}
	for _, p := range people {
		role, err := contact.ParseRole(p.Role)
		if err != nil {
			return x, err
		}
		x.Participants = append(x.Participants, contact.Participant{Name: p.Name, Title: p.Title, Role: role})
	}
	if _, err = contact.ParseDate(x.Date); err != nil {
		return x, err
	}
	return x, nil
}

func typedMinutes(r *http.Request) (uint64, error) {
	v := strings.TrimSpace(r.PostForm.Get("minutes"))
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(v, 10, 16)
	if err != nil {
		return 0, parley.Errorf(parley.BadForm, "%q is no number of minutes", v)
	}
	return n, nil
}

// actOnContacts enters contacts in the register of a line, one by hand or a table
// of them, or judges a row of it.
func (d *desk) actOnContacts(w http.ResponseWriter, r *http.Request, s *seat) error {
	act, line := r.PathValue("act"), r.PathValue("line")
	var err error
	if act != "import" { // which reads the table as it comes
		err = r.ParseForm()
	}
	if err != nil {
		return badForm(err)
	}
	switch act {
	case "enter":
		var row contact.Row
		if row, err = rowOf(r); err == nil {
			_, err = d.st.EnterContacts(r.Context(), s.officer, line, "", []contact.Row{row})
		}
	case "import":
		err = d.importContacts(r, s, line)
	case "register":
		err = d.judgeRow(r, s, line)
	default:
		return errHidden
	}
	if err == nil {
		return done(w, r, contactsURL(line), "contact_"+act)
	}
	p, lost := d.contactsPage(r)
	if lost != nil {
		return lost
	}
	p.Problem, p.Act, p.Typed = problemOf(err), act, typed(r)
	if p.Problem.Status >= http.StatusInternalServerError {
		d.log.Error("keeping the register", "act", act, "err", err)
	}
	d.renderStatus(w, r, s, p.Problem.Status, "contacts", "title.contacts", p)
	return nil
}

// importContacts enters the rows of a table, all or, where one of them has a fault
// or stands in the register already, none of those that come in one entry with it.
func (d *desk) importContacts(r *http.Request, s *seat, line string) error {
	f, err := sentFile(r, "file")
	if err != nil {
		return err
	}
	rows, err := contact.ReadCSV(sent{f})
	if err != nil {
		_, _ = io.Copy(io.Discard, r.Body) // browsers hear nothing before they have said all
		return err
	}
	_, err = d.st.EnterContacts(r.Context(), s.officer, line, "", rows)
	return err
}

// Columns are those of a table that is imported.
func (p *contactsPage) Columns() []string { return contact.Columns() }
