package control

import (
	"context"
	"net/http"

	"parley/internal/station"
)

// TopicHistory is what each side has said in public of a topic.
type TopicHistory interface {
	TopicHistory(ctx context.Context, by station.Officer, line, topic string) ([]station.PublicStatement, error)
}

func handleHistory(mux *http.ServeMux, st Station) {
	able(mux, st, "topic.history", "this station keeps no statements", func(ctx context.Context, a TopicHistory, by station.Officer, in onItem) ([]station.PublicStatement, error) {
		return a.TopicHistory(ctx, by, in.Line, in.Item)
	})
}

// TopicHistory returns what each side has said in public of a topic.
func (c *Client) TopicHistory(ctx context.Context, line, topic string) ([]station.PublicStatement, error) {
	return ask[[]station.PublicStatement](ctx, c, "topic.history", onItem{Line: line, Item: topic})
}
