package desk

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// watchListPage is who has the watch when, who is called out, what contact was
// promised.
type watchListPage struct {
	List     station.WatchList
	CallOuts []station.Callout
	Promises []station.Promise
	Officers []station.Officer // who may be put on the list
	Problem  *problem
	Act      string // the act that failed
	Typed    map[string]string
	Begins   string // for time fields
	Ends     string
}

// listDays is how far ahead the watch list is shown.
const listDays = 15

func (d *desk) watchList(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.watchListPage(r, s)
	if err != nil {
		return err
	}
	d.render(w, r, s, "watchlist", p)
	return nil
}

func (d *desk) watchListPage(r *http.Request, s *seat) (*watchListPage, error) {
	p := &watchListPage{Typed: map[string]string{}}
	var err error
	if p.List, err = d.st.WatchList(r.Context(), listDays); err != nil {
		return nil, err
	}
	if p.CallOuts, err = d.st.CallOuts(r.Context()); err != nil {
		return nil, err
	}
	b, err := d.st.Board(r.Context(), s.officer, "")
	if err != nil {
		return nil, err
	}
	p.Promises = b.Promises
	all, err := d.st.Officers(r.Context())
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.Active && (o.Holds(parley.Watch) || o.Holds(parley.Translator) || o.Holds(parley.Interpreter)) {
			p.Officers = append(p.Officers, o)
		}
	}
	next := d.now().UTC().Truncate(time.Hour).Add(time.Hour)
	for _, sh := range p.List.Shifts { // the next shift begins where the list ends
		if sh.Ends.After(next) {
			next = sh.Ends.UTC()
		}
	}
	p.Begins, p.Ends = next.Format(whenField), next.Add(8*time.Hour).Format(whenField)
	return p, nil
}

// whenField is how a datetime-local field holds a time.
const whenField = "2006-01-02T15:04"

// listActs are the acts of the watch list by the last part of their address.
var listActs = map[string]func(d *desk, r *http.Request, s *seat) error{
	"shift": func(d *desk, r *http.Request, s *seat) error {
		officer, err := number(r.PostForm.Get("officer"))
		if err != nil {
			return err
		}
		begins, err := parseWhen(r.PostForm.Get("begins"))
		if err != nil {
			return err
		}
		ends, err := parseWhen(r.PostForm.Get("ends"))
		if err != nil {
			return err
		}
		return d.st.AddShift(r.Context(), s.officer, officer, begins, ends, strings.FieldsFunc(field(r, "languages"), func(c rune) bool { return c == ' ' || c == ',' || c == '،' || c == '、' || c == '，' }))
	},
	"unshift": func(d *desk, r *http.Request, s *seat) error {
		return onNumber(r, "shift", func(id int64) error { return d.st.RemoveShift(r.Context(), s.officer, id) })
	},
	"callout": func(d *desk, r *http.Request, s *seat) error {
		office := parley.Office(r.PostForm.Get("office"))
		if office != "" {
			if _, err := parley.ParseOffice(string(office)); err != nil {
				return err
			}
		}
		minutes, err := number(r.PostForm.Get("wait"))
		if err != nil {
			return err
		}
		return d.st.AddCallOut(r.Context(), s.officer, office, field(r, "name"), field(r, "how"), time.Duration(min(minutes, 1<<20))*time.Minute)
	},
	"uncallout": func(d *desk, r *http.Request, s *seat) error {
		return onNumber(r, "callout", func(id int64) error { return d.st.RemoveCallOut(r.Context(), s.officer, id) })
	},
	"raise": func(d *desk, r *http.Request, s *seat) error {
		return onNumber(r, "callout", func(id int64) error { return d.st.RaiseCallOut(r.Context(), s.officer, id) })
	},
	"promise": func(d *desk, r *http.Request, s *seat) error {
		due, err := parseWhen(r.PostForm.Get("due"))
		if err != nil {
			return err
		}
		return d.st.AddPromise(r.Context(), s.officer, r.PostForm.Get("line"), due, field(r, "text"))
	},
	"kept": func(d *desk, r *http.Request, s *seat) error {
		return onNumber(r, "promise", func(id int64) error { return d.st.ClosePromise(r.Context(), s.officer, id) })
	},
}

func onNumber(r *http.Request, name string, do func(int64) error) error {
	id, err := number(r.PostForm.Get(name))
	if err != nil {
		return err
	}
	return do(id)
}

func (d *desk) actOnWatchList(w http.ResponseWriter, r *http.Request, s *seat) error {
	name := r.PathValue("act")
	act, ok := listActs[name]
	if !ok {
		return errHidden
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	err := act(d, r, s)
	if err == nil {
		return done(w, r, "/watch/list", "list_"+name)
	}
	p, lost := d.watchListPage(r, s)
	if lost != nil {
		return lost
	}
	p.Problem, p.Act = problemOf(err), name
	if p.Problem.Status >= http.StatusInternalServerError {
		d.log.Error("keeping the watch list", "act", name, "err", err)
	}
	for k := range r.PostForm {
		p.Typed[k] = r.PostForm.Get(k)
	}
	d.renderStatus(w, r, s, p.Problem.Status, "watchlist", "title.watchlist", p)
	return nil
}

// takeoverPage is the hand-over that waits, and those before it.
type takeoverPage struct {
	Before  []station.HandOver // the newest first, without the one that waits
	Problem *problem
	Ticked  map[int64]bool
	Why     string
}

func (d *desk) takeoverPage(r *http.Request) (*takeoverPage, error) {
	p := &takeoverPage{Ticked: map[int64]bool{}}
	hs, err := d.st.HandOvers(r.Context(), 12)
	if err != nil {
		return nil, err
	}
	for i, h := range hs {
		if i > 0 || h.Taker != "" {
			p.Before = append(p.Before, h)
		}
	}
	return p, nil
}

func (d *desk) takeover(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.takeoverPage(r)
	if err != nil {
		return err
	}
	d.render(w, r, s, "takeover", p)
	return nil
}

// takeOver gives the watch to the officer at s. What is refused shows the page
// again, with what was ticked.
func (d *desk) takeOver(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	id, err := strconv.ParseInt(r.PostForm.Get("handover"), 10, 64)
	if err != nil || id < 0 {
		return parley.Errorf(parley.Malformed, "hand-over %q is not a number", r.PostForm.Get("handover"))
	}
	var seen []int64
	for _, v := range r.PostForm["seen"] {
		n, err := number(v)
		if err != nil {
			return err
		}
		seen = append(seen, n)
	}
	if err = d.st.TakeOver(r.Context(), s.officer, id, seen, field(r, "why")); err == nil {
		return done(w, r, "/watch", "taken_over")
	}
	p, lost := d.takeoverPage(r)
	if lost != nil {
		return lost
	}
	p.Problem, p.Why = problemOf(err), field(r, "why")
	for _, n := range seen {
		p.Ticked[n] = true
	}
	d.renderStatus(w, r, s, p.Problem.Status, "takeover", "title.takeover", p)
	return nil
}

// soundTested notes that the officer at s heard the sound of this desk.
func (d *desk) soundTested(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := d.st.SoundTested(r.Context(), s.officer); err != nil {
		return err
	}
	if wantsJSON(r) {
		d.writeJSON(w, http.StatusOK, struct{}{})
		return nil
	}
	return done(w, r, "/watch", "sound_tested")
}

// tell notes who on the call-out list was told of an entry.
func (d *desk) tell(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	callout, err := number(r.PostForm.Get("callout"))
	if err != nil {
		return err
	}
	reached := r.PostForm.Get("reached")
	if reached != "yes" && reached != "no" {
		return parley.Errorf(parley.BadForm, "say whether they were reached")
	}
	if err := d.st.CalledOut(r.Context(), s.officer, r.PathValue("line"), r.PathValue("id"), callout, reached == "yes", field(r, "note")); err != nil {
		return err
	}
	return done(w, r, back(r.PostForm.Get("back")), "told_"+reached)
}
