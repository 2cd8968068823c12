package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// watch looks at both stations twice a second while somebody looks at the page,
// and at once when something was done.
func (g *Stage) watch(ctx context.Context) {
	t := time.NewTicker(500 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-g.wake:
		}
		g.mu.Lock()
		n := len(g.views)
		g.mu.Unlock()
		if n == 0 {
			continue
		}
		made, err := g.render(g.look(ctx))
		if err != nil {
			continue
		}
		g.mu.Lock()
		for c := range g.views {
			select {
			case <-c: // what nobody took is old
			default:
			}
			c <- made
		}
		g.mu.Unlock()
	}
}

func (g *Stage) changed() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// stream sends the parts that changed, as JSON from id to HTML.
func (g *Stage) stream(w http.ResponseWriter, r *http.Request) {
	c := make(chan map[string]string, 1)
	g.mu.Lock()
	g.views[c] = true
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.views, c)
		g.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	rc := http.NewResponseController(w)
	last := map[string]string{}
	for {
		select {
		case <-r.Context().Done():
			return
		case made := <-c:
			news := map[string]string{}
			for k, v := range made {
				if last[k] != v {
					news[k] = v
				}
			}
			last = made
			b, err := json.Marshal(news)
			if err != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", b); err != nil || rc.Flush() != nil {
				return
			}
		}
	}
}
