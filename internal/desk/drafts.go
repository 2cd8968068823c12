package desk

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/station"
)

// draftOf reads what was typed. It checks nothing but numbers: a draft may be
// unfinished, and the station says what is missing when it is to be signed.
func draftOf(r *http.Request) (dr station.Draft, err error) {
	if v := r.PostForm.Get("draft"); v != "" && v != "0" {
		if dr.ID, err = number(v); err != nil {
			return dr, err
		}
	}
	if v := r.PostForm.Get("version"); v != "" {
		if dr.Version, err = strconv.ParseInt(v, 10, 64); err != nil || dr.Version < 0 {
			return dr, parley.Errorf(parley.Malformed, "version %q is not a number", v)
		}
	}
	dr.Line, dr.Form = r.PostForm.Get("line"), r.PostForm.Get("form")
	dr.From, dr.To, dr.Info = field(r, "from"), r.PostForm["to"], r.PostForm["info"]
	dr.Precedence, dr.Marker = field(r, "precedence"), field(r, "marker")
	dr.Subject, dr.Text, dr.Language = field(r, "subject"), field(r, "text"), field(r, "language")
	dr.Legal, dr.Releasability = field(r, "legal"), field(r, "releasability")
	dr.Refs = strings.Fields(field(r, "refs"))
	dr.Exercise, dr.Page = field(r, "exercise"), field(r, "page")
	if strings.EqualFold(dr.Precedence, parley.Flash.String()) {
		dr.Reason = field(r, "reason")
	}
	return dr, nil
}

// saveDraft keeps what was typed: for a script after every pause in typing,
// and for the buttons, which then go on.
func (d *desk) saveDraft(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := parseBody(r); err != nil {
		return err
	}
	dr, err := draftOf(r)
	if err != nil {
		return err
	}
	// A page that another officer left open at this seat saves nothing in the
	// name of whoever sits here now.
	if by := r.PostForm.Get("officer"); by != "" && by != strconv.FormatInt(s.officer.ID, 10) {
		return parley.Errorf(parley.NotAllowed, "this page was opened by another officer; nothing of it was saved")
	}
	saved, err := d.st.SaveDraft(r.Context(), s.officer, dr)
	if err != nil {
		return d.notSaved(w, r, s, dr, err)
	}
	if wantsJSON(r) {
		return d.savedJSON(w, r, s, saved)
	}
	at := fmt.Sprintf("/draft/%d", saved.ID)
	switch r.PostForm.Get("then") {
	case "submit":
		if _, err := d.st.Submit(r.Context(), s.officer, saved.ID); err != nil {
			return d.draftProblem(w, r, s, saved.ID, "compose", err)
		}
		return done(w, r, "/work", "submitted")
	case "release":
		http.Redirect(w, r, at+"/release", http.StatusSeeOther)
		return nil
	}
	return done(w, r, at, "saved")
}

func (d *desk) savedJSON(w http.ResponseWriter, r *http.Request, s *seat, saved station.Draft) error {
	p, err := d.composed(r.Context(), s, saved)
	if err != nil {
		return err
	}
	side, err := d.side(r, s, p)
	if err != nil {
		return err
	}
	d.writeJSON(w, http.StatusOK, map[string]any{"id": saved.ID, "version": saved.Version, "saved": saved.Saved.Unix(), "side": side})
	return nil
}

// side renders the right half of compose.
func (d *desk) side(r *http.Request, s *seat, p *composePage) (string, error) {
	f := &frame{Book: d.bookFor(r), Party: d.party, Name: d.name, Seat: s, Now: d.now(), Lines: []station.Line{p.Line}, Body: p, find: d.finder(r)}
	return d.fragment(r, "side", f)
}

// notSaved answers a save that was refused. When somebody else saved first,
// both versions are laid side by side, and the next save of this page names
// the version it has now seen.
func (d *desk) notSaved(w http.ResponseWriter, r *http.Request, s *seat, mine station.Draft, why error) error {
	p := &composePage{Draft: mine, Problem: problemOf(why)}
	if p.Problem.Status >= http.StatusInternalServerError {
		return why
	}
	l, err := d.st.Line(r.Context(), mine.Line)
	if err != nil {
		return err
	}
	p.Line, p.Markers = l, markersOf(l)
	if parley.KindOf(why) == parley.Conflict && mine.ID != 0 {
		theirs, err := d.st.Draft(r.Context(), s.officer, mine.ID)
		if err != nil {
			return err
		}
		p.Theirs, p.Draft.Version, p.Draft.Attachments = &theirs, theirs.Version, theirs.Attachments
	}
	if !wantsJSON(r) {
		d.renderStatus(w, r, s, p.Problem.Status, "compose", "title.compose", p)
		return nil
	}
	f := &frame{Book: d.bookFor(r), Party: d.party, Name: d.name, Seat: s, Now: d.now(), Lines: []station.Line{l}, Body: p}
	html, err := d.fragment(r, "conflict", f)
	if err != nil {
		return err
	}
	d.writeJSON(w, p.Problem.Status, map[string]any{"error": f.Book.text(p.Problem.Kind), "detail": f.Book.said(p.Problem.Detail).Text,
		"conflict": html, "version": p.Draft.Version})
	return nil
}

// draftProblem shows a draft again with why an act on it was refused.
func (d *desk) draftProblem(w http.ResponseWriter, r *http.Request, s *seat, id int64, page string, why error) error {
	dr, err := d.st.Draft(r.Context(), s.officer, id)
	if err != nil {
		return err
	}
	p, err := d.composed(r.Context(), s, dr)
	if err != nil {
		return err
	}
	p.Problem = problemOf(why)
	if p.Problem.Status >= http.StatusInternalServerError {
		return why
	}
	p.Seen = seenOf(r, dr)
	d.renderStatus(w, r, s, p.Problem.Status, page, "title."+page, p)
	return nil
}

// draftAct does one act on a draft and says where to go then.
type draftAct func(ctx context.Context, d *desk, r *http.Request, s *seat, id int64) (to, said string, err error)

var draftActs = map[string]draftAct{
	"submit": func(ctx context.Context, d *desk, _ *http.Request, s *seat, id int64) (string, string, error) {
		_, err := d.st.Submit(ctx, s.officer, id)
		return "/work", "submitted", err
	},
	"return": func(ctx context.Context, d *desk, r *http.Request, s *seat, id int64) (string, string, error) {
		_, err := d.st.Return(ctx, s.officer, id, field(r, "note"))
		return "/work", "returned", err
	},
	"discard": func(ctx context.Context, d *desk, _ *http.Request, s *seat, id int64) (string, string, error) {
		return "/work", "discarded", d.st.Discard(ctx, s.officer, id)
	},
	"remark": func(ctx context.Context, d *desk, _ *http.Request, s *seat, id int64) (string, string, error) {
		return fmt.Sprintf("/draft/%d", id), "remarked", d.remark(ctx, s, id)
	},
	"attach": func(ctx context.Context, d *desk, r *http.Request, s *seat, id int64) (string, string, error) {
		return fmt.Sprintf("/draft/%d", id), "attached", d.attach(ctx, r, s, id)
	},
	"template": func(ctx context.Context, d *desk, r *http.Request, s *seat, id int64) (string, string, error) {
		_, err := d.st.KeepTemplate(ctx, s.officer, id, field(r, "title"))
		return fmt.Sprintf("/draft/%d", id), "template", err
	},
	"release": func(ctx context.Context, d *desk, r *http.Request, s *seat, id int64) (string, string, error) {
		return d.release(ctx, r, s, id)
	},
}

// release signs: by the version that was shown and the precedence that was
// confirmed.
func (d *desk) release(ctx context.Context, r *http.Request, s *seat, id int64) (string, string, error) {
	version, err := number(r.PostForm.Get("version"))
	if err != nil {
		return "", "", parley.Errorf(parley.Malformed, "the release names no version")
	}
	dr, err := d.st.Draft(ctx, s.officer, id)
	if err != nil {
		return "", "", err
	}
	if r.PostForm.Get("precedence") == "" {
		return "", "", parley.Errorf(parley.BadForm, "the precedence is not confirmed").WithHint("choose the precedence you release it with")
	}
	item, err := d.st.Release(ctx, s.officer, id, version, r.PostForm.Get("precedence"))
	return itemURL(station.Item{Line: dr.Line, ID: item}), "released", err
}

func (d *desk) attach(ctx context.Context, r *http.Request, s *seat, id int64) error {
	file, err := sentFile(r, "file")
	if err == nil {
		_, err = d.st.Attach(ctx, s.officer, id, file.FileName(), plainType(file.Header.Get("Content-Type")), sent{file})
	}
	if err != nil {
		_, _ = io.Copy(io.Discard, r.Body) // browsers hear nothing before they have said all
	}
	return err
}

// plainType is a media type without parameters, as an attachment names it.
func plainType(s string) string {
	kind, _, err := mime.ParseMediaType(s)
	if err != nil || form.CheckMediaType(kind) != nil {
		return "application/octet-stream"
	}
	return kind
}

func (d *desk) actOnDraft(w http.ResponseWriter, r *http.Request, s *seat) error {
	act, ok := draftActs[r.PathValue("act")]
	if !ok {
		return errHidden
	}
	id, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	if r.PathValue("act") != "attach" { // which reads the file as it comes
		err = parseBody(r)
	}
	if err != nil {
		return err
	}
	to, said, err := act(r.Context(), d, r, s, id)
	if err == nil {
		return done(w, r, to, said)
	}
	page := "release"
	if said == "attached" || said == "template" || r.PathValue("act") == "submit" {
		page = "compose"
	}
	return d.draftProblem(w, r, s, id, page, err)
}

// parseBody reads a form of either encoding into memory, files and all: such a request
// has 4 MiB at most.
func parseBody(r *http.Request) error {
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(maxReadout)
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return badForm(err)
	}
	if r.PostForm == nil {
		r.PostForm = map[string][]string{}
	}
	return nil
}

// releasePage shows exactly what will be signed, and asks for the precedence.
func (d *desk) releasePage(w http.ResponseWriter, r *http.Request, s *seat) error {
	id, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	dr, err := d.st.Draft(r.Context(), s.officer, id)
	if err != nil {
		return err
	}
	p, err := d.composed(r.Context(), s, dr)
	if err != nil {
		return err
	}
	d.render(w, r, s, "release", p)
	return nil
}

// workPage is what waits for hands: to release, to go on with, to do.
type workPage struct {
	Release []station.Draft // submitted by others, or by us and still there
	Mine    []station.Draft
}

func (d *desk) work(w http.ResponseWriter, r *http.Request, s *seat) error {
	list, err := d.st.Drafts(r.Context(), s.officer)
	if err != nil {
		return err
	}
	var p workPage
	for _, dr := range list {
		switch dr.State {
		case "submitted":
			p.Release = append(p.Release, dr)
		case "draft", "returned":
			p.Mine = append(p.Mine, dr)
		}
	}
	d.render(w, r, s, "work", p)
	return nil
}
