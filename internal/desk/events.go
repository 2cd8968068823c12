package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"parley/internal/station"
)

// Times of the event stream. A page that hears nothing for three beats shows
// every lamp unknown.
const (
	beatEvery    = time.Second
	writeLimit   = 5 * time.Second
	sessionEvery = 15 * time.Second
	lampLimit    = 900 * time.Millisecond
)

// lampView is what a beat says of a line.
type lampView struct {
	State  station.LampState `json:"state"`
	Proved int64             `json:"proved"` // Unix seconds; 0 if never
	Paths  string            `json:"paths"`
}

// beat is the heartbeat. Lamps is missing when the station did not say in
// time: then nobody knows.
type beat struct {
	Now     int64               `json:"now"` // Unix milliseconds
	Version string              `json:"version"`
	Lamps   map[string]lampView `json:"lamps,omitempty"`
}

// lampCache asks the station once for all streams.
type lampCache struct {
	mu sync.Mutex
	at time.Time
	m  map[string]lampView
}

// lampViews are the lamps as the station says now, or within the last second;
// nil when it does not say.
func (d *desk) lampViews(ctx context.Context) map[string]lampView {
	c := &d.lamps
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) < lampLimit {
		return c.m
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), lampLimit) // one reader's leaving is not the station's silence
	defer stop()
	lines, err := d.st.Lines(ctx)
	c.at, c.m = time.Now(), nil
	if err != nil {
		d.log.Warn("reading lamps", "err", err)
		return nil
	}
	c.m = map[string]lampView{}
	f := &frame{}
	for _, l := range lines {
		v := lampView{State: l.Lamp.State, Paths: f.PathsShort(l)}
		if !l.Lamp.Proved.IsZero() {
			v.Proved = l.Lamp.Proved.Unix()
		}
		c.m[l.Key] = v
	}
	return c.m
}

// events is the one stream of a browser: what changed, without content, and a
// beat every second. It ends when the session does.
func (d *desk) events(w http.ResponseWriter, r *http.Request, s *seat) error {
	ch, stop := d.st.Subscribe()
	defer stop()
	out := &stream{w: w, c: http.NewResponseController(w)}
	_ = out.c.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out.send("beat", d.beat(r.Context()))
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	checked := time.Now()
	ended := func() bool {
		checked = time.Now()
		_, err := d.st.Session(r.Context(), s.session)
		if err != nil {
			out.send("gone", struct{}{})
		}
		return err != nil
	}
	for out.err == nil {
		select {
		case <-r.Context().Done():
			return nil
		case e, ok := <-ch:
			if !ok {
				return nil
			}
			if e.Kind == "session" && ended() {
				return nil
			}
			out.send("change", e)
		case now := <-tick.C:
			if now.Sub(checked) > sessionEvery && ended() {
				return nil
			}
			out.send("beat", d.beat(r.Context()))
		}
	}
	return nil
}

func (d *desk) beat(ctx context.Context) beat {
	return beat{Now: d.now().UnixMilli(), Version: d.assets.version, Lamps: d.lampViews(ctx)}
}

// stream writes server-sent events. After an error it writes nothing more.
type stream struct {
	w   http.ResponseWriter
	c   *http.ResponseController
	err error
}

func (s *stream) send(event string, v any) {
	if s.err != nil {
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		s.err = err
		return
	}
	_ = s.c.SetWriteDeadline(time.Now().Add(writeLimit))
	if _, s.err = fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, b); s.err == nil {
		s.err = s.c.Flush()
	}
}
