package desk

import (
	"net/http"

	"parley"
	"parley/internal/station"
)

// accessPage is an officer's own ways in.
type accessPage struct {
	Passkeys []station.Passkey
	Possible bool // this desk can have passkeys
	Must     bool // nothing else opens before there is one
	Offices  []parley.Office
}

func (d *desk) access(w http.ResponseWriter, r *http.Request, s *seat) error {
	list, err := d.st.Passkeys(r.Context(), s.officer.ID)
	if err != nil {
		return err
	}
	d.render(w, r, s, "access", accessPage{Passkeys: list, Possible: d.keys != nil, Must: d.mustEnrol(s), Offices: s.officer.Offices})
	return nil
}

// mustEnrol reports whether the session may do nothing but add a passkey.
func (d *desk) mustEnrol(s *seat) bool { return d.cfg.RequirePasskey && d.keys != nil && !s.passkey }

func (d *desk) actOnAccess(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	switch r.PathValue("act") {
	case "remove":
		id, err := number(r.PostForm.Get("passkey"))
		if err != nil {
			return err
		}
		if err := d.st.RemovePasskey(r.Context(), s.officer, id); err != nil {
			return err
		}
		return done(w, r, "/access", "passkey_removed")
	case "office":
		office, err := parley.ParseOffice(r.PostForm.Get("office"))
		if err != nil {
			return err
		}
		if err := d.st.ChangeOffice(r.Context(), s.officer, s.session, office); err != nil {
			return err
		}
		return done(w, r, "/watch", "office_changed")
	case "lock":
		err := d.st.LockDesk(r.Context(), s.officer, s.session)
		if parley.KindOf(err) == parley.NotAllowed && err != nil {
			return done(w, r, "/access", "lock_needs_passkey")
		}
		if err != nil {
			return err
		}
		http.Redirect(w, r, "/watch", http.StatusSeeOther)
		return nil
	case "everywhere":
		if err := d.st.EndSessions(r.Context(), s.officer); err != nil {
			return err
		}
		d.dropCookie(w, r)
		d.renderBare(w, r, http.StatusOK, "left", nil)
		return nil
	}
	return errHidden
}

// signInPage is what somebody sees who has no seat and asks for one.
func (d *desk) signInPage(w http.ResponseWriter, r *http.Request) {
	d.renderBare(w, r, http.StatusOK, "signin", d.keys != nil)
}

func (d *desk) beginSignIn(w http.ResponseWriter, r *http.Request) {
	if err := d.askPasskey(w, r, toSignIn); err != nil {
		d.fail(w, r, nil, err)
	}
}

// finishSignIn opens a session for the first office of whoever proved a
// passkey; the menu changes it.
func (d *desk) finishSignIn(w http.ResponseWriter, r *http.Request) {
	officer, p, err := d.provePasskey(r, toSignIn)
	if err == nil && len(officer.Offices) == 0 {
		err = parley.Errorf(parley.NotAllowed, "%s holds no office", officer.Name)
	}
	if err != nil {
		d.fail(w, r, nil, err)
		return
	}
	session, err := d.st.SignIn(r.Context(), officer, p, officer.Offices[0])
	if err != nil {
		d.fail(w, r, nil, err)
		return
	}
	d.endOld(r)
	d.setCookie(w, r, d.cookies.session, session, sessionLife)
	d.log.Info("signed in", "officer", officer.ID, "office", officer.Offices[0])
	d.writeJSON(w, http.StatusOK, map[string]string{"go": "/watch"})
}

// beginUnlock and finishUnlock open a locked desk; routes leaves them outside
// of what a locked desk refuses.
func (d *desk) beginUnlock(w http.ResponseWriter, r *http.Request, _ *seat) error {
	return d.askPasskey(w, r, toUnlock)
}

func (d *desk) finishUnlock(w http.ResponseWriter, r *http.Request, s *seat) error {
	officer, p, err := d.provePasskey(r, toUnlock)
	if err != nil {
		return err
	}
	if err := d.st.UnlockDesk(r.Context(), officer, s.session, p); err != nil {
		return err
	}
	d.writeJSON(w, http.StatusOK, map[string]string{"go": ""}) // the page it was on
	return nil
}
