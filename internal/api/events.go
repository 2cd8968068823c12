package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	quietEvery = 15 * time.Second // a comment when nothing happens, and a look at the token
	writeLimit = 5 * time.Second
)

// serveEvents streams what changed until the reader goes or its token ends.
func serveEvents(st Station) func(w http.ResponseWriter, r *http.Request, c *call) error {
	return func(w http.ResponseWriter, r *http.Request, _ *call) error {
		ch, stop := st.Subscribe()
		defer stop()
		ctl := http.NewResponseController(w)
		_ = ctl.SetReadDeadline(time.Time{})
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no")
		send := func(format string, args ...any) bool {
			_ = ctl.SetWriteDeadline(time.Now().Add(writeLimit))
			if _, err := fmt.Fprintf(w, format, args...); err != nil {
				return false
			}
			return ctl.Flush() == nil
		}
		if !send(": here\n\n") {
			return nil
		}
		tick := time.NewTicker(quietEvery)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return nil
			case e, ok := <-ch:
				if !ok {
					return nil
				}
				b, err := json.Marshal(e)
				if err != nil || !send("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Kind, b) {
					return nil
				}
			case <-tick.C:
				if _, _, err := st.UseToken(r.Context(), r.Header.Get("Authorization")[len("Bearer "):]); err != nil || !send(": still here\n\n") {
					return nil
				}
			}
		}
	}
}
