package stage

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"parley"
)

//go:embed templates/*.html static/*
var files embed.FS

// Stage is the demonstration's own page: what both stations show, and what can
// be done to them.
type Stage struct {
	demo  *Demo
	story *Story
	tmpl  *template.Template
	ctx   context.Context // of everything done; ends with the demo
	wake  chan struct{}
	doing sync.WaitGroup // what was begun

	mu       sync.Mutex
	results  []Result // steps of the story that were played
	steps    []Step
	busy     string
	happened []happening // newest first
	views    map[chan map[string]string]bool
}

// happening is one line of what was done here and what came of it.
type happening struct {
	At    string
	What  string
	Shown string
	OK    bool
}

// happenings is how many are kept.
const happenings = 12

// NewStage makes the page of a demo whose line stands. What is done ends with
// ctx. The steps played so far are shown as played.
func NewStage(ctx context.Context, y *Story, played []Result) (*Stage, error) {
	t, err := template.New("").ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, parley.Errorf(parley.Internal, "reading the stage's templates: %v", err)
	}
	return &Stage{demo: y.d, story: y, tmpl: t, ctx: ctx, wake: make(chan struct{}, 1), results: played, steps: y.Written(),
		views: map[chan map[string]string]bool{}}, nil
}

// policy is the content security policy: our own files only. Forms may lead to
// the two desks, where the seats are.
func (g *Stage) policy() string {
	to := "'self'"
	for _, s := range g.demo.Sides() {
		if u := s.DeskURL(); u != "" {
			to += " " + strings.TrimSuffix(u, "/")
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action " + to +
		"; frame-ancestors 'none'; base-uri 'none'"
}

// Handler serves the page, its files, its stream and its acts.
func (g *Stage) Handler() (http.Handler, error) {
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, parley.Errorf(parley.Internal, "reading the stage's files: %v", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", g.page)
	mux.HandleFunc("GET /stream", g.stream)
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static)))
	mux.HandleFunc("POST /do/{act}", g.act)
	mux.HandleFunc("POST /seat/{side}", g.seat)
	inner := http.NewCrossOriginProtection().Handler(mux)
	policy := g.policy()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if !local(r.Host) {
			http.Error(w, "this page is for this machine only", http.StatusMisdirectedRequest)
			return
		}
		inner.ServeHTTP(w, r)
	}), nil
}

// local refuses names that somebody else's DNS could point here.
func local(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// Serve serves the page on the demo's listener until ctx ends, and waits until
// what was begun has ended too.
func (g *Stage) Serve(ctx context.Context) error {
	h, err := g.Handler()
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(g.demo.Listener) }()
	go g.watch(ctx)
	select {
	case err := <-done:
		return parley.Errorf(parley.Unavailable, "serving the stage: %v", err)
	case <-ctx.Done():
	}
	srv.Close()
	<-done
	g.doing.Wait()
	return nil
}

// parts are the pieces of the page that change by themselves, by the id of
// their element and the name of their template.
var parts = []string{"clock", "alder", "birch", "cables", "logs", "dispatches", "story", "call", "trouble", "happened"}

// render makes every part.
func (g *Stage) render(v view) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range parts {
		var b strings.Builder
		var data any = v
		switch name {
		case "alder":
			data = v.Stations[0]
		case "birch":
			data = v.Stations[1]
		}
		tmpl := name
		if name == "alder" || name == "birch" {
			tmpl = "station"
		}
		if err := g.tmpl.ExecuteTemplate(&b, tmpl, data); err != nil {
			return nil, parley.Errorf(parley.Internal, "rendering %s: %v", name, err)
		}
		out[name] = b.String()
	}
	return out, nil
}

func (g *Stage) page(w http.ResponseWriter, r *http.Request) {
	made, err := g.render(g.look(r.Context()))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	data := map[string]template.HTML{}
	for k, v := range made {
		data[k] = template.HTML(v) // made by our own templates just now
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	var b strings.Builder
	if err := g.tmpl.ExecuteTemplate(&b, "page", data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Write([]byte(b.String()))
}
