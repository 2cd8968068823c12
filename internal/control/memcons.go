package control

import (
	"context"
	"net/http"

	"parley"
	"parley/internal/station"
)

// Remembering is notes of contacts and calls, and the memcons made of them: our
// side only.
type Remembering interface {
	TakeNote(ctx context.Context, by station.Officer, line, id, text string) error
	MemNotes(ctx context.Context, by station.Officer, line, id string) ([]station.MemNote, error)
	GiveNotes(ctx context.Context, by station.Officer, line, id string, to int64) error
	Memcons(ctx context.Context, by station.Officer, line, id string) ([]station.Memcon, error)
	OpenMemcon(ctx context.Context, by station.Officer, id, which string, printed bool) (station.Memcon, error)
	BeginMemcon(ctx context.Context, by station.Officer, line, id string, in station.MemconText) (station.Memcon, error)
	SaveMemcon(ctx context.Context, by station.Officer, id string, rev int64, in station.MemconText) (station.Memcon, error)
	SubmitMemcon(ctx context.Context, by station.Officer, id string, rev, reviewer int64) (station.Memcon, error)
	ReturnMemcon(ctx context.Context, by station.Officer, id string, rev int64, note string) error
	ReviewMemcon(ctx context.Context, by station.Officer, id string, rev int64) (station.Memcon, error)
	DiscardMemcon(ctx context.Context, by station.Officer, id string, rev int64) error
	ShareMemcon(ctx context.Context, by station.Officer, id string, officer int64, office parley.Office, writes bool) error
	UnshareMemcon(ctx context.Context, by station.Officer, id string, officer int64, office parley.Office) error
	HandMemcon(ctx context.Context, by station.Officer, id string, rev, to int64) error
	InheritMemcons(ctx context.Context, by station.Officer, from, to int64) (int64, error)
}

// MemconAct is one act about a memcon, or about the notes of a contact or a call:
// what its Do says, with the fields that it needs.
type MemconAct struct {
	Line    string              `json:"line,omitempty"`
	About   string              `json:"about,omitempty"` // a contact or a call
	ID      string              `json:"id,omitempty"`    // a memcon
	Which   string              `json:"which,omitempty"` // of its texts
	Rev     int64               `json:"rev,omitempty"`
	Text    string              `json:"text,omitempty"`
	Memcon  *station.MemconText `json:"memcon,omitempty"`
	Officer int64               `json:"officer,omitempty"`
	To      int64               `json:"to,omitempty"`
	Office  parley.Office       `json:"office,omitempty"`
	Writes  bool                `json:"writes,omitempty"`
	Printed bool                `json:"printed,omitempty"`
}

type inherited struct {
	Memcons int64 `json:"memcons"`
}

// remember serves one act.
func remember[Out any](mux *http.ServeMux, st Station, name string, do func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (Out, error)) {
	able(mux, st, "memcon."+name, "this station keeps no memcons", do)
}

func handleMemcons(mux *http.ServeMux, st Station) {
	remember(mux, st, "note", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (none, error) {
		return none{}, m.TakeNote(ctx, by, in.Line, in.About, in.Text)
	})
	remember(mux, st, "notes", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) ([]station.MemNote, error) {
		return m.MemNotes(ctx, by, in.Line, in.About)
	})
	remember(mux, st, "give", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (none, error) {
		return none{}, m.GiveNotes(ctx, by, in.Line, in.About, in.To)
	})
	remember(mux, st, "list", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) ([]station.Memcon, error) {
		return m.Memcons(ctx, by, in.Line, in.About)
	})
	remember(mux, st, "open", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (station.Memcon, error) {
		return m.OpenMemcon(ctx, by, in.ID, in.Which, in.Printed)
	})
	remember(mux, st, "begin", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (station.Memcon, error) {
		if in.Memcon == nil {
			return station.Memcon{}, parley.Errorf(parley.BadForm, "there is no text")
		}
		return m.BeginMemcon(ctx, by, in.Line, in.About, *in.Memcon)
	})
	remember(mux, st, "save", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (station.Memcon, error) {
		if in.Memcon == nil {
			return station.Memcon{}, parley.Errorf(parley.BadForm, "there is no text")
		}
		return m.SaveMemcon(ctx, by, in.ID, in.Rev, *in.Memcon)
	})
	handleMemconSteps(mux, st)
}

func handleMemconSteps(mux *http.ServeMux, st Station) {
	remember(mux, st, "submit", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (station.Memcon, error) {
		return m.SubmitMemcon(ctx, by, in.ID, in.Rev, in.To)
	})
	remember(mux, st, "return", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (none, error) {
		return none{}, m.ReturnMemcon(ctx, by, in.ID, in.Rev, in.Text)
	})
	remember(mux, st, "review", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (station.Memcon, error) {
		return m.ReviewMemcon(ctx, by, in.ID, in.Rev)
	})
	remember(mux, st, "discard", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (none, error) {
		return none{}, m.DiscardMemcon(ctx, by, in.ID, in.Rev)
	})
	remember(mux, st, "share", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (none, error) {
		return none{}, m.ShareMemcon(ctx, by, in.ID, in.Officer, in.Office, in.Writes)
	})
	remember(mux, st, "unshare", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (none, error) {
		return none{}, m.UnshareMemcon(ctx, by, in.ID, in.Officer, in.Office)
	})
	remember(mux, st, "hand", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (none, error) {
		return none{}, m.HandMemcon(ctx, by, in.ID, in.Rev, in.To)
	})
	remember(mux, st, "inherit", func(ctx context.Context, m Remembering, by station.Officer, in MemconAct) (inherited, error) {
		n, err := m.InheritMemcons(ctx, by, in.Officer, in.To)
		return inherited{n}, err
	})
}

// MemNotes returns the notes on a contact or a call that the officer may merge.
func (c *Client) MemNotes(ctx context.Context, line, about string) ([]station.MemNote, error) {
	return ask[[]station.MemNote](ctx, c, "memcon.notes", MemconAct{Line: line, About: about})
}

// Memcons returns the memcons of a contact or a call, or of a line, that the officer
// may see, without their texts.
func (c *Client) Memcons(ctx context.Context, line, about string) ([]station.Memcon, error) {
	return ask[[]station.Memcon](ctx, c, "memcon.list", MemconAct{Line: line, About: about})
}

// Memcon does an act that answers with a memcon: "open", "begin", "save", "submit",
// "review".
func (c *Client) Memcon(ctx context.Context, act string, in MemconAct) (station.Memcon, error) {
	return ask[station.Memcon](ctx, c, "memcon."+act, in)
}

// ActOnMemcon does an act that answers with nothing: "note", "give", "return",
// "discard", "share", "unshare", "hand".
func (c *Client) ActOnMemcon(ctx context.Context, act string, in MemconAct) error {
	_, err := ask[none](ctx, c, "memcon."+act, in)
	return err
}

// InheritMemcons gives what an officer who is no longer here left to another, and
// returns how many memcons that was.
func (c *Client) InheritMemcons(ctx context.Context, from, to int64) (int64, error) {
	r, err := ask[inherited](ctx, c, "memcon.inherit", MemconAct{Officer: from, To: to})
	return r.Memcons, err
}
