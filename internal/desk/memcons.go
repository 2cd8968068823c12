package desk

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// Remembering is notes of contacts and calls, and the memcons made of them: our
// side only.
type Remembering interface {
	TakeNote(ctx context.Context, by station.Officer, line, id, text string) error
	MemNotes(ctx context.Context, by station.Officer, line, id string) ([]station.MemNote, error)
	GiveNotes(ctx context.Context, by station.Officer, line, id string, to int64) error
	Memcons(ctx context.Context, by station.Officer, line, id string) ([]station.Memcon, error)
	OpenMemcon(ctx context.Context, by station.Officer, id, which string, printed bool) (station.Memcon, error)
	BeginMemcon(ctx context.Context, by station.Officer, line, id string, in station.MemconText) (station.Memcon, error)
	SaveMemcon(ctx context.Context, by station.Officer, id string, rev int64, in station.MemconText) (station.Memcon, error)
	SubmitMemcon(ctx context.Context, by station.Officer, id string, rev, reviewer int64) (station.Memcon, error)
	ReturnMemcon(ctx context.Context, by station.Officer, id string, rev int64, note string) error
	ReviewMemcon(ctx context.Context, by station.Officer, id string, rev int64) (station.Memcon, error)
	DiscardMemcon(ctx context.Context, by station.Officer, id string, rev int64) error
	ShareMemcon(ctx context.Context, by station.Officer, id string, officer int64, office parley.Office, writes bool) error
	UnshareMemcon(ctx context.Context, by station.Officer, id string, officer int64, office parley.Office) error
	HandMemcon(ctx context.Context, by station.Officer, id string, rev, to int64) error
	InheritMemcons(ctx context.Context, by station.Officer, from, to int64) (int64, error)
}

// memconRoutes are the addresses of notes and memcons.
func (d *desk) memconRoutes(on func(pattern string, h handler)) {
	on("GET /line/{line}/memcons/{about}", d.memcons)
	on("POST /line/{line}/memcons/{about}/{act}", d.actOnNotes)
	on("GET /memcon/{id}", d.memcon)
	on("GET /memcon/{id}/print", d.memconPrint)
	on("POST /memcon/{id}/{act}", d.actOnMemcon)
}

// memconsPage is the notes of one contact or call, and the memcons made of them, as
// far as the officer may see them.
type memconsPage struct {
	Line    station.Line
	About   string
	Call    bool // it is about a call that belongs to no contact
	What    []string
	At      time.Time // of the call
	Notes   []station.MemNote
	List    []station.Memcon
	Others  []station.Officer
	Problem *problem
	Act     string
	Typed   map[string]string
	Chosen  map[string]bool
}

// Base is the address of the page.
func (p *memconsPage) Base() string { return memconsURL(p.Line.Key, p.About) }

// Free are the notes that nobody merged yet.
func (p *memconsPage) Free() (out []station.MemNote) {
	for _, n := range p.Notes {
		if !n.Used {
			out = append(out, n)
		}
	}
	return out
}

// Mine reports whether some of those are the officer's own.
func (p *memconsPage) Mine() bool {
	return slices.ContainsFunc(p.Notes, func(n station.MemNote) bool { return n.Yours && !n.Used })
}

// Picked reports whether a note is to be merged: all are, until somebody chose.
func (p *memconsPage) Picked(id int64) bool {
	return p.Act != "begin" || p.Chosen[strconv.FormatInt(id, 10)]
}

func memconsURL(line, about string) string {
	return "/line/" + line + "/memcons/" + url.PathEscape(about)
}

func memconURL(id string) string { return "/memcon/" + url.PathEscape(id) }

// others are the officers who are here, without one.
func (d *desk) others(r *http.Request, me int64) ([]station.Officer, error) {
	all, err := d.st.Officers(r.Context())
	return slices.DeleteFunc(slices.Clone(all), func(o station.Officer) bool { return !o.Active || o.ID == me }), err
}

func (d *desk) memconsPage(r *http.Request, s *seat) (*memconsPage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &memconsPage{Line: l, About: r.PathValue("about"), Typed: map[string]string{}, Chosen: map[string]bool{}}
	if p.Notes, err = d.st.MemNotes(r.Context(), s.officer, l.Key, p.About); err != nil {
		return nil, err
	}
	if p.List, err = d.st.Memcons(r.Context(), s.officer, l.Key, p.About); err != nil {
		return nil, err
	}
	if p.Others, err = d.others(r, s.officer.ID); err != nil {
		return nil, err
	}
	return p, d.aboutWhat(r, p)
}

// aboutWhat finds what the page is about, without opening anything that the other
// side wrote.
func (d *desk) aboutWhat(r *http.Request, p *memconsPage) error {
	calls, err := d.st.CallList(r.Context(), p.Line.Key)
	if err != nil {
		return err
	}
	of := p.About
	for _, c := range calls {
		if c.ID == p.About {
			p.At, p.Call = c.At, c.Contact == ""
			if c.Contact != "" {
				of = c.Contact
			}
		}
	}
	if p.Call {
		return nil
	}
	book, err := d.st.Contacts(r.Context(), p.Line.Key, time.Time{})
	if err != nil {
		return err
	}
	for _, c := range book.Contacts {
		if c.ID == of || slices.ContainsFunc(c.Terms, func(t station.ContactOffer) bool { return t.ID == of }) {
			p.About, p.What = c.ID, c.Topics
		}
	}
	return nil
}

func (d *desk) memcons(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.memconsPage(r, s)
	if err != nil {
		return err
	}
	d.render(w, r, s, "memcons", p)
	return nil
}

// notesOf are the notes that were chosen in a form.
func notesOf(r *http.Request) (out []int64, err error) {
	for _, v := range r.PostForm["note"] {
		n, err := number(v)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

func (d *desk) actOnNotes(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	line, about, act := r.PathValue("line"), r.PathValue("about"), r.PathValue("act")
	to, err := memconsURL(line, about), error(nil)
	switch act {
	case "note":
		err = d.st.TakeNote(r.Context(), s.officer, line, about, field(r, "text"))
		if r.PostForm.Get("from") == "call" {
			to = "/line/" + line + "/call"
		}
	case "give":
		var id int64
		if id, err = number(r.PostForm.Get("to")); err == nil {
			err = d.st.GiveNotes(r.Context(), s.officer, line, about, id)
		}
	case "begin":
		var m station.Memcon
		in := station.MemconText{Title: field(r, "title"), Language: r.PostForm.Get("language")}
		if in.Notes, err = notesOf(r); err == nil {
			if m, err = d.st.BeginMemcon(r.Context(), s.officer, line, about, in); err == nil {
				to = memconURL(m.ID)
			}
		}
	default:
		return errHidden
	}
	if err == nil {
		return done(w, r, to, "memcon_"+act)
	}
	p, lost := d.memconsPage(r, s)
	if lost != nil {
		return lost
	}
	p.Problem, p.Act, p.Typed = problemOf(err), act, typed(r)
	for _, v := range r.PostForm["note"] {
		p.Chosen[v] = true
	}
	d.renderStatus(w, r, s, p.Problem.Status, "memcons", "title.memcons", p)
	return nil
}

// memconPage is one memcon, as it was opened. A page that only renews itself opens
// nothing, and stays as it is.
type memconPage struct {
	Line    station.Line
	Open    bool // M is what was opened
	M       station.Memcon
	Notes   []station.MemNote // that may still be merged into it
	Others  []station.Officer
	Offices []parley.Office
	Problem *problem
	Act     string
	Typed   map[string]string
	Stale   []station.MemconPiece // what stands there now, and what was typed: it was changed meanwhile
	Paper   bool
}

// Base is the address of the memcon.
func (p *memconPage) Base() string { return memconURL(p.M.ID) }

// Draft reports whether what is shown is what nobody has reviewed yet.
func (p *memconPage) Draft() bool { return p.M.Shown.Number == 0 && !p.M.Shown.Over }

// Newest reports whether what is shown is what a change goes on from.
func (p *memconPage) Newest() bool {
	return p.Draft() || p.M.State == "reviewed" && p.M.Shown.Number == p.M.Version
}

// Corrects reports whether a change of the text is a correction of what was
// reviewed.
func (p *memconPage) Corrects() bool { return p.M.Version > 0 }

// Text is what the form for the text begins with.
func (p *memconPage) Text(field string) string {
	if p.Act == "save" {
		return p.Typed[field]
	}
	switch field {
	case "title":
		return p.M.Shown.Title
	case "language":
		return p.M.Shown.Language
	case "reason":
		if p.Draft() {
			return p.M.Shown.Reason
		}
		return ""
	}
	return p.M.Shown.Text
}

// Reviewers are those who may be asked: whoever the station then finds to have
// written on it, it refuses.
func (p *memconPage) Reviewers() (out []station.Officer) {
	for _, o := range p.Others {
		if o.Name != p.M.Author {
			out = append(out, o)
		}
	}
	return out
}

func (d *desk) memconPage(r *http.Request, s *seat, which string, printed bool) (*memconPage, error) {
	p := &memconPage{Typed: map[string]string{}, Paper: printed}
	if live(r) {
		return p, nil
	}
	var err error
	if p.M, err = d.st.OpenMemcon(r.Context(), s.officer, r.PathValue("id"), which, printed); err != nil {
		return nil, err
	}
	p.Open = true
	if p.Line, err = d.st.Line(r.Context(), p.M.Line); err != nil {
		return nil, err
	}
	if printed || !p.M.YouWrite && !p.M.YouAuthor {
		return p, nil
	}
	if p.Others, err = d.others(r, s.officer.ID); err != nil {
		return nil, err
	}
	p.Offices = slices.Clone(usualOffices)
	for _, o := range p.Line.Offices {
		if !slices.Contains(p.Offices, o) {
			p.Offices = append(p.Offices, o)
		}
	}
	notes, err := d.st.MemNotes(r.Context(), s.officer, p.M.Line, p.M.About)
	p.Notes = slices.DeleteFunc(notes, func(n station.MemNote) bool { return n.Used })
	return p, err
}

func (d *desk) memcon(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.memconPage(r, s, r.URL.Query().Get("text"), false)
	if err != nil {
		return err
	}
	d.render(w, r, s, "memcon", p)
	return nil
}

// memconPrint is a memcon for paper: that it was printed, and by whom, is audited.
func (d *desk) memconPrint(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.memconPage(r, s, r.URL.Query().Get("text"), true)
	if err != nil {
		return err
	}
	d.render(w, r, s, "memcon", p)
	return nil
}

// changeOf is the change of a memcon that the page showed.
func changeOf(r *http.Request) (int64, error) { return number(r.PostForm.Get("rev")) }

// memconActs are the acts on a memcon.
var memconActs = map[string]func(d *desk, r *http.Request, s *seat, id string, rev int64) error{
	"save": func(d *desk, r *http.Request, s *seat, id string, rev int64) error {
		notes, err := notesOf(r)
		if err != nil {
			return err
		}
		_, err = d.st.SaveMemcon(r.Context(), s.officer, id, rev, station.MemconText{Title: field(r, "title"), Language: r.PostForm.Get("language"), Text: field(r, "text"), Reason: field(r, "reason"), Notes: notes})
		return err
	},
	"submit": func(d *desk, r *http.Request, s *seat, id string, rev int64) error {
		to, err := number(r.PostForm.Get("to"))
		if err == nil {
			_, err = d.st.SubmitMemcon(r.Context(), s.officer, id, rev, to)
		}
		return err
	},
	"return": func(d *desk, r *http.Request, s *seat, id string, rev int64) error {
		return d.st.ReturnMemcon(r.Context(), s.officer, id, rev, field(r, "note"))
	},
	"review": func(d *desk, r *http.Request, s *seat, id string, rev int64) error {
		_, err := d.st.ReviewMemcon(r.Context(), s.officer, id, rev)
		return err
	},
	"discard": func(d *desk, r *http.Request, s *seat, id string, rev int64) error {
		if r.PostForm.Get("sure") != "yes" {
			return parley.Errorf(parley.BadForm, "it is not confirmed that the memcon is discarded").WithHint("tick that you know it")
		}
		return d.st.DiscardMemcon(r.Context(), s.officer, id, rev)
	},
	"share": func(d *desk, r *http.Request, s *seat, id string, _ int64) error {
		officer, office, err := readerOf(r)
		if err != nil {
			return err
		}
		return d.st.ShareMemcon(r.Context(), s.officer, id, officer, office, r.PostForm.Get("writes") == "yes")
	},
	"unshare": func(d *desk, r *http.Request, s *seat, id string, _ int64) error {
		officer, office, err := readerOf(r)
		if err != nil {
			return err
		}
		return d.st.UnshareMemcon(r.Context(), s.officer, id, officer, office)
	},
	"hand": func(d *desk, r *http.Request, s *seat, id string, rev int64) error {
		to, err := number(r.PostForm.Get("to"))
		if err == nil {
			err = d.st.HandMemcon(r.Context(), s.officer, id, rev, to)
		}
		return err
	},
}

// Who names an officer or an office for a list, as readerOf reads it.
func (p *memconPage) Who(officer int64, office parley.Office) string {
	if office != "" {
		return "office-" + string(office)
	}
	return "officer-" + strconv.FormatInt(officer, 10)
}

// readerOf is who was chosen for a list: "officer-3" or "office-envoy".
func readerOf(r *http.Request) (officer int64, office parley.Office, err error) {
	v := r.PostForm.Get("who")
	if name, ok := strings.CutPrefix(v, "office-"); ok {
		office, err = parley.ParseOffice(name)
		return 0, office, err
	}
	officer, err = number(strings.TrimPrefix(v, "officer-"))
	return officer, "", err
}

func (d *desk) actOnMemcon(w http.ResponseWriter, r *http.Request, s *seat) error {
	act, id := r.PathValue("act"), r.PathValue("id")
	do, ok := memconActs[act]
	if !ok {
		return errHidden
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	rev, err := changeOf(r)
	if err == nil {
		err = do(d, r, s, id, rev)
	}
	switch {
	case err == nil && (act == "discard" || act == "return"):
		return done(w, r, "/contacts", "memcon_"+act)
	case err == nil:
		return done(w, r, memconURL(id), "memcon_"+act)
	}
	p, lost := d.memconPage(r, s, "", false)
	if lost != nil {
		return lost
	}
	p.Problem, p.Act, p.Typed = problemOf(err), act, typed(r)
	if act == "save" && parley.KindOf(err) == parley.Conflict && rev != p.M.Rev {
		p.Stale = station.MemconChanges(p.M.Shown.Text, field(r, "text"))
	}
	d.renderStatus(w, r, s, p.Problem.Status, "memcon", "title.memcon", p)
	return nil
}

// Versions are the texts that stay as they are, the newest first.
func (p *memconPage) Versions() []station.MemconVersion {
	out := slices.Clone(p.M.Versions)
	slices.Reverse(out)
	return out
}
