package desk

import (
	"net/http"
	"strconv"

	"parley"
	"parley/internal/station"
)

func (d *desk) home(w http.ResponseWriter, r *http.Request, _ *seat) error {
	http.Redirect(w, r, "/watch", http.StatusSeeOther)
	return nil
}

// watchPage is the board of one line; Line is "" for all, and then the frame
// has the board.
type watchPage struct {
	Line string
	Own  station.Board
}

func (d *desk) watch(w http.ResponseWriter, r *http.Request, s *seat) error {
	p := watchPage{Line: r.URL.Query().Get("line")}
	if p.Line != "" {
		l, err := d.st.Line(r.Context(), p.Line)
		if err != nil {
			return err
		}
		p.Line = l.Key
		if p.Own, err = d.st.Board(r.Context(), s.officer, l.Key); err != nil {
			return err
		}
	}
	d.render(w, r, s, "watch", p)
	return nil
}

// silence stops an alarm at this station. It sends nothing and reads nothing.
func (d *desk) silence(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	id, err := strconv.ParseInt(r.PostForm.Get("alarm"), 10, 64)
	if err != nil || id < 0 {
		return parley.Errorf(parley.Malformed, "alarm %q is not a number", r.PostForm.Get("alarm"))
	}
	if err := d.st.Silence(r.Context(), s.officer, id); err != nil {
		return err
	}
	return done(w, r, back(r.PostForm.Get("back")), "silenced")
}

// handOver writes the hand-over; whoever comes takes over.
func (d *desk) handOver(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	if err := d.st.HandOver(r.Context(), s.officer, field(r, "note")); err != nil {
		return err
	}
	return done(w, r, "/watch", "handed_over")
}

func (d *desk) help(w http.ResponseWriter, r *http.Request, s *seat) error {
	d.render(w, r, s, "help", nil)
	return nil
}
