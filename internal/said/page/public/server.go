package public

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"parley/internal/crowd"
	"parley/internal/said/page"
)

// Bounds of the server.
const (
	maxConns = 256
	perIndex = 100 // publications on one page of the index
)

// Server serves the published pages of a folder.
type Server struct {
	shelf *shelf
	log   *slog.Logger
}

// Open opens a folder to be served. Close ends it.
func Open(dir string, log *slog.Logger) (*Server, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, folderError(dir, err)
	}
	return &Server{shelf: &shelf{root: root, now: time.Now}, log: log}, nil
}

// Close gives the folder up.
func (s *Server) Close() error { return s.shelf.root.Close() }

// Count is how many publications there are to show.
func (s *Server) Count() (int, error) {
	list, err := s.shelf.look()
	return len(list), err
}

// indexName matches the pages of the index: index.en.html, index.en.2.html.
var indexName = regexp.MustCompile(`^index\.(en|zh|ar|fr|es|ru)(?:\.([1-9]\d{0,3}))?\.html$`)

// ServeHTTP answers GET and HEAD.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	headers(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this server only shows", http.StatusMethodNotAllowed)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/")
	switch m := indexName.FindStringSubmatch(name); {
	case !ok:
		s.none(w, r)
	case name == "":
		w.Header().Set("Vary", "Accept-Language")
		s.index(w, r, preferred(r.Header.Get("Accept-Language")), 1)
	case m != nil:
		n, _ := strconv.Atoi(m[2]) // "" is the first
		s.index(w, r, m[1], max(n, 1))
	default:
		s.file(w, r, name)
	}
}

// headers go with every answer: nothing is run, framed, guessed or told on.
func headers(h http.Header) {
	_, policy := page.Style()
	h.Set("Content-Security-Policy", policy+"; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()")
	h.Set("Cache-Control", "no-cache")
}

func (s *Server) file(w http.ResponseWriter, r *http.Request, name string) {
	b, err := s.shelf.file(name)
	switch {
	case errors.Is(err, errNone):
		s.none(w, r)
		return
	case err != nil:
		s.broken(w, err)
		return
	}
	if strings.HasSuffix(name, ".proof") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Content-Disposition", "attachment; filename=\""+name+"\"")
	}
	s.send(w, r, http.StatusOK, b)
}

// send answers with a body, or with what is known of it.
func (s *Server) send(w http.ResponseWriter, r *http.Request, status int, b []byte) {
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	if status == http.StatusOK {
		sum := sha256.Sum256(b)
		h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(b)
	}
}

func (s *Server) none(w http.ResponseWriter, r *http.Request) {
	f := page.FrameIn(preferred(r.Header.Get("Accept-Language")))
	w.Header().Set("Vary", "Accept-Language")
	s.send(w, r, http.StatusNotFound, frame(f, f.Plain("not_found"), fmt.Sprintf("<p><a href=\"index.%s.html\">%s</a></p>\n", f.Lang, f.HTML("index")), nil))
}

func (s *Server) broken(w http.ResponseWriter, err error) {
	s.log.Error("the folder of published pages cannot be read", "err", err)
	http.Error(w, "the folder of published pages cannot be read", http.StatusServiceUnavailable)
}

// preferred is the language of the frame that a browser asks for: the first it
// names that there is, whatever weights it gives.
func preferred(accept string) string {
	for _, part := range strings.SplitN(accept, ",", 16) {
		lang, _, _ := strings.Cut(part, ";")
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(lang)), "-")
		if page.FrameIn(base) != nil {
			return base
		}
	}
	return page.Languages[0]
}

// index answers with one page of the index, from 1.
func (s *Server) index(w http.ResponseWriter, r *http.Request, lang string, n int) {
	list, err := s.shelf.look()
	if err != nil {
		s.broken(w, err)
		return
	}
	from := (n - 1) * perIndex
	if n > 1 && from >= len(list) {
		s.none(w, r)
		return
	}
	w.Header().Set("Content-Language", lang)
	s.send(w, r, http.StatusOK, indexPage(page.FrameIn(lang), list[from:min(from+perIndex, len(list))], n, from+perIndex < len(list)))
}

// Serve serves on a listener until ctx ends, then gives requests under way 3 s.
func (s *Server) Serve(ctx context.Context, l net.Listener, cert, key string) error {
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	few := crowd.Listen(l, maxConns)
	done := make(chan error, 1)
	go func() {
		if cert != "" {
			done <- srv.ServeTLS(few, cert, key)
		} else {
			done <- srv.Serve(few)
		}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if srv.Shutdown(grace) != nil {
		srv.Close()
	}
	<-done
	return nil
}
