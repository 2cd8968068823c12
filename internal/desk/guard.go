package desk

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"parley"
)

// Limits of a request. Attachments have their own.
const (
	maxForm       = 1 << 20
	maxLongForm   = 3 << 20        // a memcon of 200 pages, as a form writes it
	maxReadout    = 4 << 20        // one of 1 MB, of which a form makes three times as much
	maxUpload     = 64<<20 + 1<<20 // one attachment and the form around it
	answerTimeout = 30 * time.Second
	uploadTimeout = 15 * time.Minute
)

// policy is the content security policy of every answer: nothing but our own
// files, no inline script or style, no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; media-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// guard puts what every request needs before the desk: headers, limits, the
// refusal of requests from other sites, and an end to panics.
func (d *desk) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if more, ok := d.foreign.may(d.now()); ok {
			d.log.Warn("refused a request from another site", "path", parley.Clip(cleanPath(r)), "from", parley.Clip(r.Header.Get("Origin")), "more", more)
		}
		d.plainError(w, r, http.StatusForbidden, "error.cross_site")
	}))
	inner := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer d.recovered(w, r)
		setHeaders(w.Header(), r.TLS != nil)
		limit, timeout := int64(maxForm), answerTimeout
		switch {
		case upload(r):
			limit, timeout = maxUpload, uploadTimeout
		case strings.HasPrefix(r.URL.Path, "/memcon/") && strings.HasSuffix(r.URL.Path, "/save"):
			limit = maxLongForm
		case readout(r):
			limit = maxReadout
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		deadline(w, timeout)
		inner.ServeHTTP(w, r)
	})
}

// seldom lets strangers have a line of the log each second, however often they ask: a
// log without end fills the disk.
type seldom struct {
	mu   sync.Mutex
	at   time.Time
	more int // that were not written since
}

func (s *seldom) may(now time.Time) (more int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.at).Abs() < time.Second {
		s.more++
		return 0, false
	}
	more, s.at, s.more = s.more, now, 0
	return more, true
}

// upload reports whether the request may carry an attachment, or a table of
// contacts.
func upload(r *http.Request) bool {
	return r.Method == http.MethodPost && (strings.HasPrefix(r.URL.Path, "/draft/") && strings.HasSuffix(r.URL.Path, "/attach") || strings.HasPrefix(r.URL.Path, "/line/") && strings.HasSuffix(r.URL.Path, "/contacts/import"))
}

// readout reports whether the request carries what is said of a contact, which
// may be a book before somebody shortens it.
func readout(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/line/") && (strings.HasSuffix(r.URL.Path, "/said/save") || strings.HasSuffix(r.URL.Path, "/joint"))
}

// deadline bounds the reading of the body and the writing of the answer. A
// writer that has no deadlines, as in tests, goes without.
func deadline(w http.ResponseWriter, d time.Duration) {
	c := http.NewResponseController(w)
	until := time.Now().Add(d)
	_ = c.SetReadDeadline(until)
	_ = c.SetWriteDeadline(until)
}

func setHeaders(h http.Header, secure bool) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), geolocation=(), payment=(), usb=(), browsing-topics=()")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// recovered turns a panic into a page and a line in the log.
func (d *desk) recovered(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	d.log.Error("desk failed", "path", cleanPath(r), "panic", v)
	d.plainError(w, r, http.StatusInternalServerError, "error.internal")
}

// cleanPath is the path for the log. A seat token, or the secret of a calendar's
// address, never gets there.
func cleanPath(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, "/calendar/") {
		return "/calendar/…"
	}
	if strings.HasPrefix(r.URL.Path, "/call/") {
		return "/call/…"
	}
	if strings.HasPrefix(r.URL.Path, "/memcon/") {
		return "/memcon/…"
	}
	if strings.HasPrefix(r.URL.Path, "/seat/") {
		return "/seat/…"
	}
	return r.URL.Path
}
