package desk

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"parley"
	"parley/internal/crowd"
	"parley/internal/station"
)

// seat is an officer at this desk, for one request.
type seat struct {
	officer station.Officer
	office  parley.Office
	session string
	passkey bool // begun with a passkey
	locked  bool
	browser []byte // key of the browser it belongs to; none: not known yet
}

func (s *seat) is(offices ...parley.Office) bool { return slices.Contains(offices, s.office) }

// cookieNames carry the party, for browsers keep cookies by host and not by
// port, and two stations may share a host.
type cookieNames struct{ session, theme, lang, pass string }

func cookieNamesOf(p parley.PartyCode) cookieNames {
	pre := "parley-" + string(p)
	return cookieNames{session: pre + "-session", theme: pre + "-theme", lang: pre + "-lang", pass: pre + "-pass"}
}

const sessionLife = 12 * time.Hour

func (d *desk) setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true,
		Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
}

// seated lets h serve officers with a session that is not locked, and
// everybody else learns only whose desk it is.
func (d *desk) seated(h handler) http.HandlerFunc {
	return d.sitting(func(w http.ResponseWriter, r *http.Request, s *seat) error {
		if s.locked {
			return d.lockedPage(w, r, s)
		}
		if d.mustEnrol(s) {
			http.Redirect(w, r, "/access", http.StatusSeeOther)
			return nil
		}
		return h(w, r, s)
	})
}

// sitting is seated for what a locked desk does too, and one that still has to
// add a passkey.
func (d *desk) sitting(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie(d.cookies.session)
		if err != nil || c.Value == "" {
			d.noSeat(w, r)
			return
		}
		at, err := d.st.Session(r.Context(), c.Value)
		if k := parley.KindOf(err); err != nil && (k == parley.NotFound || k == parley.NotAllowed || k == parley.Malformed) {
			d.noSeat(w, r)
			return
		}
		if err != nil {
			d.fail(w, r, nil, err)
			return
		}
		s := &seat{officer: at.Officer, office: at.Office, session: c.Value, passkey: at.Passkey, locked: !at.Locked.IsZero(), browser: at.Browser}
		if r.URL.Path != "/prove" {
			to, ok := d.shown(w, r, s)
			if !ok {
				d.unshown(w, r)
				return
			}
			w = to
		}
		crowd.Known(r.Context(), fmt.Sprintf("officer %d", s.officer.ID))
		if err := h(w, r, s); err != nil {
			d.fail(w, r, s, err)
		}
	}
}

// unlocked is seated for an officer who still has to add a passkey.
func (d *desk) unlocked(h handler) http.HandlerFunc {
	return d.sitting(func(w http.ResponseWriter, r *http.Request, s *seat) error {
		if s.locked {
			return d.lockedPage(w, r, s)
		}
		return h(w, r, s)
	})
}

// lockedPage shows that the desk is locked, the lamps, and how much of what
// rings waits; nothing of what anything says.
func (d *desk) lockedPage(w http.ResponseWriter, r *http.Request, s *seat) error {
	if wantsJSON(r) {
		d.writeJSON(w, http.StatusLocked, map[string]any{"error": d.bookFor(r).text("locked.title")})
		return nil
	}
	d.renderStatus(w, r, s, http.StatusLocked, "locked", "title.locked", nil)
	return nil
}

// noSeat lets a browser without a session sign in.
func (d *desk) noSeat(w http.ResponseWriter, r *http.Request) {
	if wantsJSON(r) || d.keys == nil {
		d.plainError(w, r, http.StatusUnauthorized, "error.no_seat")
		return
	}
	d.renderBare(w, r, http.StatusUnauthorized, "signin", true)
}

// seatPage shows one button. A preview of the link does not use it up.
func (d *desk) seatPage(w http.ResponseWriter, r *http.Request) {
	d.renderBare(w, r, http.StatusOK, "seat", r.PathValue("token"))
}

// takeSeat uses the link up and opens the session.
func (d *desk) takeSeat(w http.ResponseWriter, r *http.Request) {
	session, officer, office, err := d.st.TakeSeat(r.Context(), r.PathValue("token"))
	switch parley.KindOf(err) {
	case parley.NotFound, parley.Conflict, parley.NotAllowed, parley.Malformed:
		d.plainError(w, r, http.StatusNotFound, "error.seat_used")
		return
	}
	if err != nil {
		d.fail(w, r, nil, err)
		return
	}
	d.endOld(r)
	d.setCookie(w, r, d.cookies.session, session, sessionLife)
	d.log.Info("seat taken", "officer", officer.ID, "office", office)
	http.Redirect(w, r, "/watch", http.StatusSeeOther)
}

// endOld ends the session that sat at this browser before.
func (d *desk) endOld(r *http.Request) {
	old, err := r.Cookie(d.cookies.session)
	if err != nil || old.Value == "" {
		return
	}
	if err := d.st.EndSession(r.Context(), old.Value); err != nil && parley.KindOf(err) != parley.NotFound {
		d.log.Warn("ending the session that sat here before", "err", err)
	}
}

func (d *desk) dropCookie(w http.ResponseWriter, r *http.Request) {
	d.setCookie(w, r, d.cookies.session, "", -time.Second)
}

// leave ends the session.
func (d *desk) leave(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := d.st.EndSession(r.Context(), s.session); err != nil {
		return err
	}
	d.dropCookie(w, r)
	d.renderBare(w, r, http.StatusOK, "left", nil)
	return nil
}
