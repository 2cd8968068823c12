package desk

import (
	"context"
	"net/http"

	"parley"
	"parley/internal/station"
)

// Feeding is the addresses at which calendar programs read without a session.
type Feeding interface {
	AddFeed(ctx context.Context, by station.Officer, name string) (f station.Feed, secret string, err error)
	Feeds(ctx context.Context, by station.Officer) ([]station.Feed, error)
	RemoveFeed(ctx context.Context, by station.Officer, id int64) error
	UseFeed(ctx context.Context, secret string) (string, error)
}

// feedsPage is an officer's own calendar addresses. Link is shown once, when it
// was made.
type feedsPage struct {
	Feeds   []station.Feed
	Link    string
	Name    string // as typed
	Problem *problem
}

func (d *desk) feeds(w http.ResponseWriter, r *http.Request, s *seat) error {
	list, err := d.st.Feeds(r.Context(), s.officer)
	if err != nil {
		return err
	}
	d.render(w, r, s, "feeds", &feedsPage{Feeds: list})
	return nil
}

func (d *desk) actOnFeeds(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p := &feedsPage{Name: field(r, "name")}
	status := http.StatusOK
	var err error
	switch r.PathValue("act") {
	case "add":
		var secret string
		if _, secret, err = d.st.AddFeed(r.Context(), s.officer, p.Name); err == nil {
			p.Link = scheme(r) + "://" + r.Host + "/calendar/" + secret + "/contacts.ics"
		}
	case "end":
		var id int64
		if id, err = number(r.PostForm.Get("feed")); err == nil {
			err = d.st.RemoveFeed(r.Context(), s.officer, id)
		}
		if err == nil {
			return done(w, r, "/calendars", "feed_ended")
		}
	default:
		return errHidden
	}
	if err != nil {
		p.Problem = problemOf(err)
		status = p.Problem.Status
	}
	if p.Feeds, err = d.st.Feeds(r.Context(), s.officer); err != nil {
		return err
	}
	d.renderStatus(w, r, s, status, "feeds", "title.feeds", p)
	return nil
}

// feed is what a calendar program reads. Whoever asks needs no session; the
// address is the secret, and says nothing when it is none.
func (d *desk) feed(w http.ResponseWriter, r *http.Request) {
	text, err := d.st.UseFeed(r.Context(), r.PathValue("token"))
	switch {
	case parley.KindOf(err) == parley.NotFound && err != nil:
		http.Error(w, http.StatusText(http.StatusNotFound), http.StatusNotFound)
		return
	case err != nil:
		d.log.Error("reading a calendar", "err", err)
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	_, _ = w.Write([]byte(text)) // the reader has gone: nobody to tell
}
