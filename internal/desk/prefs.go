package desk

import (
	"net/http"
	"strings"
	"time"
)

const prefLife = 400 * 24 * time.Hour

// setPrefs keeps theme and language in the browser. It needs no seat: the seat
// page has both too.
func (d *desk) setPrefs(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		d.plainError(w, r, http.StatusBadRequest, "error.malformed")
		return
	}
	if lang := r.PostForm.Get("lang"); lang != "" {
		if _, ok := d.books[lang]; !ok {
			d.plainError(w, r, http.StatusBadRequest, "error.malformed")
			return
		}
		d.setCookie(w, r, d.cookies.lang, lang, prefLife)
	}
	if r.PostForm.Has("theme") {
		theme := r.PostForm.Get("theme")
		if theme != "day" && theme != "night" && theme != "" {
			d.plainError(w, r, http.StatusBadRequest, "error.malformed")
			return
		}
		d.setCookie(w, r, d.cookies.theme, theme, prefLife)
	}
	http.Redirect(w, r, back(r.PostForm.Get("back")), http.StatusSeeOther)
}

// back is a path of this desk to return to, never one of another host.
func back(p string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t") {
		return "/watch"
	}
	return p
}

// bookFor is the catalogue of the language the officer chose, else the first
// one their browser asks for that we have, else English.
func (d *desk) bookFor(r *http.Request) *locale {
	if c, err := r.Cookie(d.cookies.lang); err == nil {
		if b, ok := d.books[c.Value]; ok {
			return b
		}
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if b, ok := d.books[base]; ok {
			return b
		}
	}
	return d.books["en"]
}

func (d *desk) themeFor(r *http.Request) string {
	if c, err := r.Cookie(d.cookies.theme); err == nil && (c.Value == "day" || c.Value == "night") {
		return c.Value
	}
	return ""
}
