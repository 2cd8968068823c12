package desk

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"parley"
	"parley/internal/station"
)

// Modes are exercises and single-path drills, agreed by all.
type Modes interface {
	Modes(ctx context.Context, line string) ([]station.Mode, error)
	BeginMode(ctx context.Context, by station.Officer, line, title, path string, until time.Time) (item string, err error)
	Exercise(ctx context.Context, by station.Officer, line, phase, about, title string, until time.Time) (item string, err error)
}

// modesPage is what is on, asked for and past.
type modesPage struct {
	Line    station.Line
	Now     []station.Mode // on, or asked for
	Past    []station.Mode
	Problem *problem
	Act     string // that failed
	Title   string // as typed
	Minutes int
}

// Lasting are the lengths that the page offers, in minutes.
func (p *modesPage) Lasting() []int { return []int{30, 60, 120, 240, 480, 1440} }

// Names are the paths of the line, each once.
func (p *modesPage) Names() (out []string) {
	for _, x := range p.Line.Paths {
		if !contains(out, x.Name) {
			out = append(out, x.Name)
		}
	}
	return out
}

// Exercises reports whether the seat may begin, agree to and end them.
func (f *frame) Exercises() bool {
	return f.Seat != nil && f.Seat.is(parley.Watch, parley.Envoy, parley.Principal)
}

func (d *desk) modesPage(r *http.Request) (*modesPage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &modesPage{Line: l, Minutes: 240}
	list, err := d.st.Modes(r.Context(), l.Key)
	for _, m := range list {
		if m.On() || m.State == "waiting" {
			p.Now = append(p.Now, m)
		} else if len(p.Past) < 20 {
			p.Past = append(p.Past, m)
		}
	}
	return p, err
}

func (d *desk) modes(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.modesPage(r)
	if err != nil {
		return err
	}
	d.render(w, r, s, "modes", p)
	return nil
}

// actOnMode begins an exercise or a drill, agrees to one, or ends it.
func (d *desk) actOnMode(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	line, act := r.PathValue("line"), r.PathValue("act")
	title, minutes := field(r, "name"), 0
	var err error
	switch act {
	case "exercise", "drill":
		if minutes, err = strconv.Atoi(r.PostForm.Get("minutes")); err != nil || minutes < 1 || minutes > 14*24*60 {
			err = parley.Errorf(parley.BadForm, "an exercise ends by itself, at a time to come")
			break
		}
		path := ""
		if act == "drill" {
			if path = r.PostForm.Get("path"); path == "" {
				err = parley.Errorf(parley.BadForm, "no path is named").WithHint("paths are QUIC and TLS")
				break
			}
		}
		_, err = d.st.BeginMode(r.Context(), s.officer, line, title, path, d.now().Add(time.Duration(minutes)*time.Minute))
	case "agree", "end":
		_, err = d.st.Exercise(r.Context(), s.officer, line, act, r.PostForm.Get("about"), "", time.Time{})
	default:
		return errHidden
	}
	if err == nil {
		return done(w, r, lineURL(line)+"/modes", "mode_"+act)
	}
	p, lost := d.modesPage(r)
	if lost != nil {
		return lost
	}
	p.Problem, p.Act, p.Title = problemOf(err), act, title
	if minutes > 0 {
		p.Minutes = minutes
	}
	d.renderStatus(w, r, s, p.Problem.Status, "modes", "title.modes", p)
	return nil
}

// remark marks a draft anew that outlived its exercise: with the exercise that
// is on, or as real when none is. It goes back to be written on, and is
// submitted again.
func (d *desk) remark(ctx context.Context, s *seat, id int64) error {
	dr, err := d.st.Draft(ctx, s.officer, id)
	if err != nil {
		return err
	}
	l, err := d.st.Line(ctx, dr.Line)
	if err != nil {
		return err
	}
	dr.Exercise = l.Exercise
	_, err = d.st.SaveDraft(ctx, s.officer, dr)
	return err
}

// Outlived reports whether a draft is marked for an exercise that is not on.
func (p *composePage) Outlived() bool {
	return p.Draft.Exercise != "" && p.Draft.Exercise != p.Line.Exercise
}
