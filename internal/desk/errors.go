package desk

import (
	"net/http"

	"parley"
)

// statusOf maps a kind to the status of an answer: the one switch of this
// surface (spec/errors.md).
func statusOf(k parley.Kind) int {
	switch k {
	case parley.Malformed, parley.WrongLine, parley.WrongParty:
		return http.StatusBadRequest
	case parley.NotAllowed:
		return http.StatusForbidden
	case parley.NotFound:
		return http.StatusNotFound
	case parley.Conflict:
		return http.StatusConflict
	case parley.Oversize:
		return http.StatusRequestEntityTooLarge
	case parley.Quota:
		return http.StatusTooManyRequests
	case parley.Unavailable:
		return http.StatusServiceUnavailable
	case parley.DiskFull:
		return http.StatusInsufficientStorage
	case parley.Internal, parley.Corrupt:
		return http.StatusInternalServerError
	}
	return http.StatusUnprocessableEntity
}

// problem is an error as a page shows it: our words for its kind, and for the
// case the station's, which the page says in its own language where it can.
type problem struct {
	Status int
	Kind   string // key of the catalogue
	Detail string // English; empty when there is nothing an officer may know
	Hint   string // English
}

func problemOf(err error) *problem {
	k := parley.KindOf(err)
	p := &problem{Status: statusOf(k), Kind: "kind." + k.String()}
	if k != parley.Internal && err != error(errHidden) {
		p.Detail, p.Hint = err.Error(), parley.HintOf(err)
	}
	return p
}

// fail answers with the page of an error. s is nil when nobody sits there.
func (d *desk) fail(w http.ResponseWriter, r *http.Request, s *seat, err error) {
	p := problemOf(err)
	more, heard := 0, s != nil
	if p.Status >= http.StatusInternalServerError && !heard {
		more, heard = d.failing.may(d.now())
	}
	if p.Status >= http.StatusInternalServerError && heard {
		d.log.Error("answering", "path", parley.Clip(cleanPath(r)), "err", err, "more", more)
	}
	if wantsJSON(r) {
		book := d.bookFor(r)
		d.writeJSON(w, p.Status, map[string]any{"error": book.text(p.Kind), "detail": book.said(p.Detail).Text, "hint": book.said(p.Hint).Text})
		return
	}
	if s == nil || p.Status == http.StatusInternalServerError {
		d.renderBare(w, r, p.Status, "problem", p)
		return
	}
	d.renderStatus(w, r, s, p.Status, "problem", "title.problem", p)
}

// plainError answers with a page that needs nothing from the station.
func (d *desk) plainError(w http.ResponseWriter, r *http.Request, status int, key string) {
	if wantsJSON(r) {
		d.writeJSON(w, status, map[string]any{"error": d.bookFor(r).text(key)})
		return
	}
	d.renderBare(w, r, status, "problem", &problem{Status: status, Kind: key})
}
