package control

import (
	"context"
	"net/http"

	"parley"
	"parley/internal/station"
)

// Calling rings, answers, and acts for our side on a call. Nobody joins a call
// over the socket: who speaks has a desk, a telephone or the HTTP API.
type Calling interface {
	CallList(ctx context.Context, line string) ([]station.Call, error)
	Call(ctx context.Context, line, id string) (station.Call, error)
	CallRoom(ctx context.Context, at station.CallSeat) (station.CallRoom, error)
	Ring(ctx context.Context, by station.Officer, line string, in station.RingText) (item string, err error)
	LiftCall(ctx context.Context, by station.Officer, line, id string) error
	DeclineCall(ctx context.Context, by station.Officer, line, id, reason, text string) error
	HangUp(ctx context.Context, by station.Officer, line, id string) error
	InviteGuest(ctx context.Context, by station.Officer, line string, as station.CallPerson) (secret string, err error)
	ActForSide(ctx context.Context, by station.Officer, line string, a station.SideAct) error
	PassNote(ctx context.Context, by station.Officer, line, text string) error
	WriteWording(ctx context.Context, by station.Officer, line, id string, texts []station.SaidText, before string) (item string, err error)
	JudgeWording(ctx context.Context, by station.Officer, line, id, step, text string) error
	DisputeRendering(ctx context.Context, by station.Officer, line, id, tongue, heard, meant string) (item string, err error)
}

// CallAct is one act about a call: what its Do says, with the fields that it needs.
type CallAct struct {
	Line     string              `json:"line"`
	ID       string              `json:"id,omitempty"` // a call, or a wording; "": the call that rings or runs
	Ring     *station.RingText   `json:"ring,omitempty"`
	Side     *station.SideAct    `json:"side,omitempty"`
	Person   *station.CallPerson `json:"person,omitempty"`
	Texts    []station.SaidText  `json:"texts,omitempty"`
	Before   string              `json:"before,omitempty"` // the wording whose place one takes
	Step     string              `json:"step,omitempty"`
	Reason   string              `json:"reason,omitempty"`
	Text     string              `json:"text,omitempty"`
	Language string              `json:"language,omitempty"`
	Heard    string              `json:"heard,omitempty"`
	Meant    string              `json:"meant,omitempty"`
}

type guestSecret struct {
	Secret string `json:"secret"`
}

// onCall serves one act about calls.
func onCall[In, Out any](mux *http.ServeMux, st Station, name string, do func(ctx context.Context, c Calling, by station.Officer, in In) (Out, error)) {
	able(mux, st, name, "this station makes no calls", do)
}

func handleCalls(mux *http.ServeMux, st Station) {
	onCall(mux, st, "call.list", func(ctx context.Context, c Calling, _ station.Officer, in onLine) ([]station.Call, error) {
		return c.CallList(ctx, in.Line)
	})
	onCall(mux, st, "call.show", func(ctx context.Context, c Calling, _ station.Officer, in onItem) (station.Call, error) {
		return c.Call(ctx, in.Line, in.Item)
	})
	onCall(mux, st, "call.room", func(ctx context.Context, c Calling, _ station.Officer, in onLine) (station.CallRoom, error) {
		return c.CallRoom(ctx, station.CallSeat{Line: in.Line})
	})
	onCall(mux, st, "call.ring", func(ctx context.Context, c Calling, by station.Officer, in CallAct) (released, error) {
		if in.Ring == nil {
			in.Ring = &station.RingText{}
		}
		id, err := c.Ring(ctx, by, in.Line, *in.Ring)
		return released{id}, err
	})
	onCall(mux, st, "call.lift", func(ctx context.Context, c Calling, by station.Officer, in CallAct) (none, error) {
		return none{}, c.LiftCall(ctx, by, in.Line, in.ID)
	})
	onCall(mux, st, "call.decline", func(ctx context.Context, c Calling, by station.Officer, in CallAct) (none, error) {
		return none{}, c.DeclineCall(ctx, by, in.Line, in.ID, in.Reason, in.Text)
	})
	onCall(mux, st, "call.hangup", func(ctx context.Context, c Calling, by station.Officer, in CallAct) (none, error) {
		return none{}, c.HangUp(ctx, by, in.Line, in.ID)
	})
	handleRoom(mux, st)
}

// handleRoom is what is done on a call that runs, and what is written down of it.
func handleRoom(mux *http.ServeMux, st Station) {
	onCall(mux, st, "call.side", func(ctx context.Context, c Calling, by station.Officer, in CallAct) (none, error) {
		if in.Side == nil {
			return none{}, parley.Errorf(parley.BadForm, "nothing is to be done")
		}
		return none{}, c.ActForSide(ctx, by, in.Line, *in.Side)
	})
	onCall(mux, st, "call.invite", func(ctx context.Context, c Calling, by station.Officer, in CallAct) (guestSecret, error) {
		if in.Person == nil {
			return guestSecret{}, parley.Errorf(parley.BadForm, "nobody is named")
		}
		secret, err := c.InviteGuest(ctx, by, in.Line, *in.Person)
		return guestSecret{secret}, err
	})
	onCall(mux, st, "call.note", func(ctx context.Context, c Calling, by station.Officer, in CallAct) (none, error) {
		return none{}, c.PassNote(ctx, by, in.Line, in.Text)
	})
	onCall(mux, st, "call.wording", func(ctx context.Context, c Calling, by station.Officer, in CallAct) (released, error) {
		id, err := c.WriteWording(ctx, by, in.Line, in.ID, in.Texts, in.Before)
		return released{id}, err
	})
	onCall(mux, st, "call.judge", func(ctx context.Context, c Calling, by station.Officer, in CallAct) (none, error) {
		return none{}, c.JudgeWording(ctx, by, in.Line, in.ID, in.Step, in.Text)
	})
	onCall(mux, st, "call.dispute", func(ctx context.Context, c Calling, by station.Officer, in CallAct) (released, error) {
		id, err := c.DisputeRendering(ctx, by, in.Line, in.ID, in.Language, in.Heard, in.Meant)
		return released{id}, err
	})
}

// Calls returns the calls of a line, the newest first.
func (c *Client) Calls(ctx context.Context, line string) ([]station.Call, error) {
	return ask[[]station.Call](ctx, c, "call.list", onLine{line})
}

// Call returns one call; id "" is the one that rings or runs.
func (c *Client) Call(ctx context.Context, line, id string) (station.Call, error) {
	return ask[station.Call](ctx, c, "call.show", onItem{Line: line, Item: id})
}

// CallRoom returns who is on the call that runs on a line.
func (c *Client) CallRoom(ctx context.Context, line string) (station.CallRoom, error) {
	return ask[station.CallRoom](ctx, c, "call.room", onLine{line})
}

// FileOfCall does one act that files an entry: "ring", "wording", "dispute". It
// returns the item that was filed.
func (c *Client) FileOfCall(ctx context.Context, act string, in CallAct) (string, error) {
	r, err := ask[released](ctx, c, "call."+act, in)
	return r.Item, err
}

// ActOnCall does one act about a call: "lift", "decline", "hangup", "side", "note",
// "judge".
func (c *Client) ActOnCall(ctx context.Context, act string, in CallAct) error {
	_, err := ask[none](ctx, c, "call."+act, in)
	return err
}

// InviteGuest makes the link of somebody without an account. The secret is shown
// once.
func (c *Client) InviteGuest(ctx context.Context, line string, as station.CallPerson) (string, error) {
	r, err := ask[guestSecret](ctx, c, "call.invite", CallAct{Line: line, Person: &as})
	return r.Secret, err
}
