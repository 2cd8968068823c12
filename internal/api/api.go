package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/internal/crowd"
	"parley/internal/station"
)

const (
	prefix        = "/api/v1"
	answerTimeout = 30 * time.Second
	fileTimeout   = 15 * time.Minute
	maxKey        = 128 // bytes of an Idempotency-Key
)

// server serves one station.
type server struct {
	st   Station
	log  *slog.Logger
	ops  []operation
	busy keyed
}

// New returns the handler of /api/v1 and of /metrics. log may be nil.
func New(st Station, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &server{st: st, log: log, ops: operations(st), busy: keyed{held: map[string]chan struct{}{}}}
	doc := document(s.ops)
	m := http.NewServeMux()
	m.HandleFunc("GET "+prefix+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(doc) // the reader has gone: nobody to tell
	})
	for _, o := range s.ops {
		m.HandleFunc(o.method+" "+prefix+o.path, func(w http.ResponseWriter, r *http.Request) { s.handle(w, r, o) })
	}
	metrics := metricsOf(st)
	m.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if _, _, err := s.caller(r); err != nil {
			s.refuse(w, err)
			return
		}
		metrics.ServeHTTP(w, r)
	})
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, parley.Errorf(parley.NotFound, "the API has no %s %s", r.Method, parley.Clip(r.URL.Path)).WithHint("see /api/v1/openapi.json"))
	})
	return s.guard(m)
}

// guard puts headers and limits before every request and ends panics.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			s.log.Error("api failed", "path", r.URL.Path, "panic", v)
			s.refuse(w, parley.Errorf(parley.Internal, "a fault of this program"))
		}()
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// handle does one operation for whoever the token stands for.
func (s *server) handle(w http.ResponseWriter, r *http.Request, o operation) {
	limit, timeout := int64(maxBody), answerTimeout
	if o.upload {
		limit = maxUpload
	}
	if o.upload || o.media != "" {
		timeout = fileTimeout
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	deadline(w, timeout)
	token, by, err := s.caller(r)
	if err == nil && !o.open(by) {
		err = parley.Errorf(parley.NotFound, "the API has no %s %s", r.Method, parley.Clip(r.URL.Path)).WithHint("a token of another office may have it")
	}
	var query url.Values
	if err == nil {
		query, err = o.query(r.URL.RawQuery)
	}
	if err != nil {
		s.refuse(w, err)
		return
	}
	c := &call{by: by, token: token, path: r.PathValue, query: query}
	if key := r.Header.Get("Idempotency-Key"); o.writes() && key != "" {
		err = s.once(w, r, o, c, key)
	} else {
		err = o.serve(w, r, c)
	}
	if err != nil {
		s.refuse(w, err)
	}
}

// caller finds who a request is from. Every failure reads alike.
func (s *server) caller(r *http.Request) (token int64, by station.Officer, err error) {
	secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return 0, by, errNoToken
	}
	token, by, err = s.st.UseToken(r.Context(), secret)
	if parley.KindOf(err) == parley.NotFound && err != nil {
		return 0, by, errNoToken
	}
	if err == nil {
		crowd.Known(r.Context(), fmt.Sprintf("officer %d", by.ID))
	}
	return token, by, err
}

var errNoToken = parley.Errorf(parley.NotAllowed, "no token, or one that has ended").
	WithHint("send Authorization: Bearer TOKEN; an administrator makes one with parley officer token")

// once does a request that carries a key, or answers it as before.
func (s *server) once(w http.ResponseWriter, r *http.Request, o operation, c *call, key string) error {
	if len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r < '!' || r > '~' }) {
		return parley.Errorf(parley.Malformed, "an Idempotency-Key has 1 to %d visible ASCII characters", maxKey)
	}
	if o.upload {
		return parley.Errorf(parley.Unsupported, "a file that is sent again is attached again: this request takes no Idempotency-Key")
	}
	if o.shown {
		return parley.Errorf(parley.Unsupported, "what this answers is shown once and not kept: this request takes no Idempotency-Key")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return bodyError(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	free := s.busy.hold(fmt.Sprintf("%d %s", c.token, key)) // two at once: the second sees what the first was answered
	defer free()
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s\n%s", r.Method, r.URL.RequestURI(), body))
	id, before, err := s.st.BeginRequest(r.Context(), c.token, key, sum)
	if err != nil {
		return err
	}
	if before != nil {
		w.Header().Set("Idempotency-Replayed", "true")
		copyAnswer(w, before)
		return nil
	}
	kept := &recorder{header: http.Header{}, status: http.StatusOK}
	if err := o.serve(kept, r, c); err != nil {
		kept.body.Reset()
		kept.status = status(parley.KindOf(err))
		kept.body.Write(encodeError(err))
	}
	a := &station.Answer{Status: kept.status, Body: kept.body.Bytes()}
	if a.Status >= http.StatusInternalServerError {
		a = nil // it was not done: it may be tried again
	}
	if err := s.st.EndRequest(r.Context(), id, a); err != nil {
		return err
	}
	copyAnswer(w, &station.Answer{Status: kept.status, Body: kept.body.Bytes()})
	return nil
}

func copyAnswer(w http.ResponseWriter, a *station.Answer) {
	if len(a.Body) > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the reader has gone: nobody to tell
}

// recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// keyed lets one at a time have a key.
type keyed struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

func (k *keyed) hold(key string) (free func()) {
	for {
		k.mu.Lock()
		ch, taken := k.held[key]
		if !taken {
			ch = make(chan struct{})
			k.held[key] = ch
			k.mu.Unlock()
			return func() {
				k.mu.Lock()
				delete(k.held, key)
				k.mu.Unlock()
				close(ch)
			}
		}
		k.mu.Unlock()
		<-ch
	}
}

// deadline bounds reading and writing. A writer without deadlines, as in tests,
// goes without.
func deadline(w http.ResponseWriter, d time.Duration) {
	c := http.NewResponseController(w)
	until := time.Now().Add(d)
	_ = c.SetReadDeadline(until)
	_ = c.SetWriteDeadline(until)
}

// problem is an error as it is answered.
type problem struct {
	Kind string `json:"kind"` // a word of spec/errors.md
	What string `json:"what"`
	Hint string `json:"hint,omitempty"`
}

func encodeError(err error) []byte {
	p := problem{parley.KindOf(err).String(), err.Error(), parley.HintOf(err)}
	if parley.KindOf(err) == parley.Internal {
		p.What = "a fault of this program; see the station's log"
	}
	b, _ := json.Marshal(p) // three strings
	return append(b, '\n')
}

func (s *server) refuse(w http.ResponseWriter, err error) {
	code := status(parley.KindOf(err))
	if err == error(errNoToken) {
		code = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if code >= http.StatusInternalServerError {
		s.log.Error("api", "err", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Del("Content-Disposition")
	h.Del("Content-Length")
	w.WriteHeader(code)
	_, _ = w.Write(encodeError(err)) // the reader has gone: nobody to tell
}

// status maps a kind to the status of an answer: the one switch of this surface
// (spec/errors.md).
func status(k parley.Kind) int {
	switch k {
	case parley.Malformed, parley.BadForm, parley.WrongLine, parley.WrongParty:
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
	case parley.Unsupported:
		return http.StatusNotImplemented
	case parley.Unavailable:
		return http.StatusServiceUnavailable
	case parley.DiskFull:
		return http.StatusInsufficientStorage
	case parley.Internal, parley.Corrupt:
		return http.StatusInternalServerError
	}
	return http.StatusUnprocessableEntity
}
