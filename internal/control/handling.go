package control

import (
	"context"
	"net/http"
	"time"

	"parley/internal/station"
)

// Handling is what officers do about what came, after reading it. Silence and
// Translate stay on our side; the others file an entry.
type Handling interface {
	Silence(ctx context.Context, by station.Officer, alarm int64) error
	Translate(ctx context.Context, by station.Officer, line, id, language, text string) (station.Translation, error)
	Review(ctx context.Context, by station.Officer, line, id string, translation int64) error
	Informed(ctx context.Context, by station.Officer, line, id string, at time.Time) error
	CheckCall(ctx context.Context, by station.Officer, line, id string) (string, error)
}

type translating struct {
	Line     string `json:"line"`
	Item     string `json:"item"`
	Language string `json:"language"`
	Text     string `json:"text"`
}

type reviewing struct {
	Line        string `json:"line"`
	Item        string `json:"item"`
	Translation int64  `json:"translation"`
}

type informing struct {
	Line string    `json:"line"`
	Item string    `json:"item"`
	At   time.Time `json:"at"`
}

type onAlarm struct {
	Alarm int64 `json:"alarm"`
}

func handleHandling(mux *http.ServeMux, st Station) {
	handle(mux, st, "alarm.silence", func(ctx context.Context, by station.Officer, in onAlarm) (none, error) {
		return none{}, st.Silence(ctx, by, in.Alarm)
	})
	handle(mux, st, "item.translate", func(ctx context.Context, by station.Officer, in translating) (station.Translation, error) {
		return st.Translate(ctx, by, in.Line, in.Item, in.Language, in.Text)
	})
	handle(mux, st, "item.review", func(ctx context.Context, by station.Officer, in reviewing) (none, error) {
		return none{}, st.Review(ctx, by, in.Line, in.Item, in.Translation)
	})
	handle(mux, st, "item.informed", func(ctx context.Context, by station.Officer, in informing) (none, error) {
		return none{}, st.Informed(ctx, by, in.Line, in.Item, in.At)
	})
	handle(mux, st, "checkcall", func(ctx context.Context, by station.Officer, in onItem) (released, error) {
		id, err := st.CheckCall(ctx, by, in.Line, in.Item)
		return released{id}, err
	})
}

// Silence stops the sound of an alarm here; 0 is all of them.
func (c *Client) Silence(ctx context.Context, alarm int64) error {
	_, err := ask[none](ctx, c, "alarm.silence", onAlarm{alarm})
	return err
}

// Translate keeps a translation of an entry on our side, not yet reviewed.
func (c *Client) Translate(ctx context.Context, line, id, language, text string) (station.Translation, error) {
	return ask[station.Translation](ctx, c, "item.translate", translating{line, id, language, text})
}

// Review certifies another officer's translation; the other side is told where
// we promise that rung.
func (c *Client) Review(ctx context.Context, line, id string, translation int64) error {
	_, err := ask[none](ctx, c, "item.review", reviewing{line, id, translation})
	return err
}

// Informed files that the principal was informed; the zero time is now.
func (c *Client) Informed(ctx context.Context, line, id string, at time.Time) error {
	_, err := ask[none](ctx, c, "item.informed", informing{line, id, at})
	return err
}

// CheckCall asks an officer of theirs for a sign of life, or answers theirs
// when id names it.
func (c *Client) CheckCall(ctx context.Context, line, id string) (string, error) {
	r, err := ask[released](ctx, c, "checkcall", onItem{Line: line, Item: id})
	return r.Item, err
}
