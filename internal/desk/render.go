package desk

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/said/compare"
	"parley/internal/station"
)

// frame is a page: what every page shows, and Body for the page itself.
type frame struct {
	Book   *locale
	Theme  string
	Page   string // id of the page, for the navigation
	Title  string
	Path   string // of this page, to come back to
	Party  parley.PartyCode
	Name   string
	Seat   *seat // nil: nobody sits here
	Now    time.Time
	Clocks []localTime
	Lines  []station.Line
	Board  station.Board // of all lines
	Watch  bool          // the board could be had
	Said   string        // key of what was done just now
	Body   any
	Binds  bool // sessions belong to their browsers

	find func(line, id string) (station.Item, error) // nil: entries are not looked up
	kept *compare.Kept                               // nil: texts are compared each time
}

// renderBare writes a page that shows nothing of the station but its name.
func (d *desk) renderBare(w http.ResponseWriter, r *http.Request, status int, page string, body any) {
	f := &frame{Book: d.bookFor(r), Theme: d.themeFor(r), Page: page, Path: "/", Party: d.party, Name: d.name, Now: d.now(), Body: body, Binds: d.cfg.BindSessions}
	if r.Method == http.MethodGet {
		f.Path = r.URL.RequestURI()
	}
	f.Title = f.Book.text("title." + page)
	d.write(w, status, f)
}

// render writes a page for the officer at s.
func (d *desk) render(w http.ResponseWriter, r *http.Request, s *seat, page string, body any) {
	d.renderStatus(w, r, s, http.StatusOK, page, "title."+page, body)
}

func (d *desk) renderStatus(w http.ResponseWriter, r *http.Request, s *seat, status int, page, title string, body any) {
	f := &frame{Book: d.bookFor(r), Theme: d.themeFor(r), Page: page, Party: d.party, Name: d.name, Seat: s, Now: d.now(), Body: body, Binds: d.cfg.BindSessions}
	f.Title = f.Book.text(title)
	f.Path = pathOf(r)
	if said := r.URL.Query().Get("said"); said != "" && f.Book.has("said."+said) {
		f.Said = "said." + said
	}
	f.find, f.kept = d.finder(r), &d.kept
	var err error
	if f.Lines, err = d.st.Lines(r.Context()); err != nil {
		d.log.Error("reading lines", "err", err)
	}
	d.learn(f)
	f.Clocks = d.clocks(f.Book, f.Lines)
	if b, err := d.st.Board(r.Context(), s.officer, ""); err == nil {
		slices.SortStableFunc(b.Since, func(x, y station.Item) int { return x.Arrived.Compare(y.Arrived) })
		f.Board, f.Watch = b, true
	} else {
		d.log.Error("reading the board", "err", err)
	}
	d.write(w, status, f)
}

// learn keeps the names of parties for what the station says of them by their codes.
func (d *desk) learn(f *frame) {
	if len(f.Lines) == 0 {
		return
	}
	m := map[parley.PartyCode]string{d.party: d.name}
	for _, l := range f.Lines {
		for _, p := range l.Them {
			m[p.Code] = f.PartyName(p.Code)
		}
	}
	d.names.Store(&m)
}

// finder looks entries up while a page is made.
func (d *desk) finder(r *http.Request) func(line, id string) (station.Item, error) {
	return func(line, id string) (station.Item, error) { return d.st.Item(r.Context(), line, id) }
}

// pathOf is the address of the page without the word of what was done.
func pathOf(r *http.Request) string {
	if r.Method != http.MethodGet {
		return "/watch"
	}
	q := r.URL.Query()
	q.Del("said")
	if len(q) == 0 {
		return r.URL.Path
	}
	return r.URL.Path + "?" + q.Encode()
}

// write renders whole before it sends, so that half a page never leaves.
func (d *desk) write(w http.ResponseWriter, status int, f *frame) {
	var b bytes.Buffer
	if err := d.page(&b, f); err != nil {
		d.log.Error("rendering", "page", f.Page, "err", err)
		http.Error(w, f.Book.text("error.internal"), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", f.Book.Lang)
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the reader has gone: nobody to tell
}

// fragment renders one part of a page, for scripts.
func (d *desk) fragment(r *http.Request, name string, body any) (string, error) {
	parts, err := d.pages[d.bookFor(r).Lang].named("")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = parts.ExecuteTemplate(&b, name, body)
	return b.String(), err
}

func wantsJSON(r *http.Request) bool { return r.Header.Get("Accept") == "application/json" }

// live reports whether a script asks for a page again, without an officer
// having asked to read anything.
func live(r *http.Request) bool { return r.Header.Get("Parley-Live") != "" }

func (d *desk) writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader has gone: nobody to tell
}

// done sends the officer back to where the act was made, with a word of what
// was done.
func done(w http.ResponseWriter, r *http.Request, to, said string) error {
	sep := "?"
	if strings.Contains(to, "?") {
		sep = "&"
	}
	http.Redirect(w, r, to+sep+"said="+said, http.StatusSeeOther)
	return nil
}

// bare are the pages without the frame of a watch.
var bare = map[string]bool{"seat": true, "left": true, "signin": true, "prove": true}

func (d *desk) page(w io.Writer, f *frame) error {
	p, err := d.pages[f.Book.Lang].named(f.Page)
	if err != nil {
		return err
	}
	layout := "layout"
	switch {
	case bare[f.Page] || f.Seat == nil:
		layout = "bare"
	case f.Page == "locked":
		layout = "locked"
	}
	return p.ExecuteTemplate(w, layout, f)
}
