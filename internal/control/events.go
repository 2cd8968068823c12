package control

import (
	"context"
	"encoding/json"
	"net/http"

	"parley"
	"parley/internal/station"
)

// Telling says that something changed, without what.
type Telling interface {
	Subscribe() (<-chan station.Event, func())
}

// stoppingKey holds the channel in the context of a connection that is closed when
// the socket is about to be: streams end then.
type stoppingKey struct{}

// serveEvents streams what changed, one object a line, until the reader goes or the
// station stops. The first line is empty of anything: from there on nothing is missed.
func serveEvents(st Station) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, err := officerOf(r.Context(), st, r.Header)
		t, ok := st.(Telling)
		if err == nil && !ok {
			err = parley.Errorf(parley.Unsupported, "this station tells of no changes")
		}
		if err != nil {
			refuse(w, err)
			return
		}
		ch, stop := t.Subscribe()
		defer stop()
		stopping, _ := r.Context().Value(stoppingKey{}).(<-chan struct{})
		w.Header().Set("Content-Type", "application/jsonl")
		ctl, out := http.NewResponseController(w), json.NewEncoder(w)
		e, open := station.Event{}, true
		for open && out.Encode(e) == nil && ctl.Flush() == nil {
			select {
			case <-r.Context().Done():
				return
			case <-stopping:
				return
			case e, open = <-ch:
			}
		}
	}
}

// Events streams what changes from now on, until ctx ends or the station stops: then
// the channel is closed. What nobody takes is not kept for ever.
func (c *Client) Events(ctx context.Context) (<-chan station.Event, error) {
	res, err := c.post(ctx, "events", nil, http.NoBody)
	if err != nil {
		return nil, err
	}
	in := json.NewDecoder(res.Body)
	var e station.Event
	if err := in.Decode(&e); err != nil {
		res.Body.Close()
		return nil, parley.Errorf(parley.Unavailable, "reading what changes at the station: %v", err)
	}
	out := make(chan station.Event)
	go func() {
		defer close(out)
		defer res.Body.Close()
		for {
			var e station.Event
			if in.Decode(&e) != nil {
				return
			}
			select {
			case out <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}
