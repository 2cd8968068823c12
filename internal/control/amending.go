package control

import (
	"context"
	"net/http"
	"time"

	"parley"
	"parley/internal/station"
)

// Amending is a station on which officers can change what rules a line, and
// what is our own in its annex. One that is not answers Unsupported.
type Amending interface {
	Charter(ctx context.Context, line string) (station.CharterView, error)
	Propose(ctx context.Context, by station.Officer, line string, p station.Proposal) (station.DocumentView, error)
	Assent(ctx context.Context, by station.Officer, line, hash string) (station.DocumentView, error)
	SetAddresses(ctx context.Context, by station.Officer, line string, addresses []string) (item string, err error)
	Exercise(ctx context.Context, by station.Officer, line, phase, about, title string, until time.Time) (item string, err error)
	Modes(ctx context.Context, line string) ([]station.Mode, error)
	BeginMode(ctx context.Context, by station.Officer, line, title, path string, until time.Time) (item string, err error)
	TLS(ctx context.Context) (station.TLSView, error)
	RotateTLS(ctx context.Context, by station.Officer) (station.TLSView, error)
}

type proposing struct {
	Line     string           `json:"line"`
	Proposal station.Proposal `json:"proposal"`
}

type assenting struct {
	Line string `json:"line"`
	Hash string `json:"hash"`
}

type addressing struct {
	Line      string   `json:"line"`
	Addresses []string `json:"addresses"`
}

type exercising struct {
	Line  string    `json:"line"`
	Phase string    `json:"phase"`
	About string    `json:"about,omitempty"`
	Title string    `json:"title,omitempty"`
	Path  string    `json:"path,omitempty"` // of a drill that begins
	Until time.Time `json:"until"`
}

// amend serves an act of a station that can amend.
func amend[In, Out any](mux *http.ServeMux, st Station, name string, act func(ctx context.Context, a Amending, by station.Officer, in In) (Out, error)) {
	able(mux, st, name, "this station cannot amend a charter", act)
}

// able serves an act of a station that can do what T says; without is the answer
// of one that cannot.
func able[T, In, Out any](mux *http.ServeMux, st Station, name, without string, act func(ctx context.Context, a T, by station.Officer, in In) (Out, error)) {
	handle(mux, st, name, func(ctx context.Context, by station.Officer, in In) (out Out, err error) {
		a, ok := st.(T)
		if !ok {
			return out, parley.Errorf(parley.Unsupported, "%s", without)
		}
		return act(ctx, a, by, in)
	})
}

func handleAmending(mux *http.ServeMux, st Station) {
	amend(mux, st, "charter", func(ctx context.Context, a Amending, _ station.Officer, in onLine) (station.CharterView, error) {
		return a.Charter(ctx, in.Line)
	})
	amend(mux, st, "charter.propose", func(ctx context.Context, a Amending, by station.Officer, in proposing) (station.DocumentView, error) {
		return a.Propose(ctx, by, in.Line, in.Proposal)
	})
	amend(mux, st, "charter.assent", func(ctx context.Context, a Amending, by station.Officer, in assenting) (station.DocumentView, error) {
		return a.Assent(ctx, by, in.Line, in.Hash)
	})
	amend(mux, st, "line.address", func(ctx context.Context, a Amending, by station.Officer, in addressing) (released, error) {
		id, err := a.SetAddresses(ctx, by, in.Line, in.Addresses)
		return released{id}, err
	})
	amend(mux, st, "exercise", func(ctx context.Context, a Amending, by station.Officer, in exercising) (released, error) {
		if in.Phase == "begin" {
			id, err := a.BeginMode(ctx, by, in.Line, in.Title, in.Path, in.Until)
			return released{id}, err
		}
		id, err := a.Exercise(ctx, by, in.Line, in.Phase, in.About, in.Title, in.Until)
		return released{id}, err
	})
	amend(mux, st, "exercise.list", func(ctx context.Context, a Amending, _ station.Officer, in onLine) ([]station.Mode, error) {
		return a.Modes(ctx, in.Line)
	})
	amend(mux, st, "tls", func(ctx context.Context, a Amending, _ station.Officer, _ none) (station.TLSView, error) {
		return a.TLS(ctx)
	})
	amend(mux, st, "tls.rotate", func(ctx context.Context, a Amending, by station.Officer, _ none) (station.TLSView, error) {
		return a.RotateTLS(ctx, by)
	})
}

// Charter shows what rules a line.
func (c *Client) Charter(ctx context.Context, line string) (station.CharterView, error) {
	return ask[station.CharterView](ctx, c, "charter", onLine{line})
}

// Propose files our assent to an amendment of our own.
func (c *Client) Propose(ctx context.Context, line string, p station.Proposal) (station.DocumentView, error) {
	return ask[station.DocumentView](ctx, c, "charter.propose", proposing{line, p})
}

// Assent files our assent to what is proposed.
func (c *Client) Assent(ctx context.Context, line, hash string) (station.DocumentView, error) {
	return ask[station.DocumentView](ctx, c, "charter.assent", assenting{line, hash})
}

// SetAddresses tells the others where we are reached from now on.
func (c *Client) SetAddresses(ctx context.Context, line string, addresses []string) (string, error) {
	r, err := ask[released](ctx, c, "line.address", addressing{line, addresses})
	return r.Item, err
}

// Exercise begins, agrees to or ends an exercise.
func (c *Client) Exercise(ctx context.Context, line, phase, about, title string, until time.Time) (string, error) {
	r, err := ask[released](ctx, c, "exercise", exercising{Line: line, Phase: phase, About: about, Title: title, Until: until})
	return r.Item, err
}

// Modes returns the exercises and drills of a line, newest first.
func (c *Client) Modes(ctx context.Context, line string) ([]station.Mode, error) {
	return ask[[]station.Mode](ctx, c, "exercise.list", onLine{line})
}

// BeginDrill begins a drill on one path.
func (c *Client) BeginDrill(ctx context.Context, line, title, path string, until time.Time) (string, error) {
	r, err := ask[released](ctx, c, "exercise", exercising{Line: line, Phase: "begin", Title: title, Path: path, Until: until})
	return r.Item, err
}

// TLS says which TLS key the station shows.
func (c *Client) TLS(ctx context.Context) (station.TLSView, error) {
	return ask[station.TLSView](ctx, c, "tls", none{})
}

// RotateTLS begins to change it.
func (c *Client) RotateTLS(ctx context.Context) (station.TLSView, error) {
	return ask[station.TLSView](ctx, c, "tls.rotate", none{})
}
