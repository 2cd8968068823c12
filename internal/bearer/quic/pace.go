package quic

import (
	"time"

	"parley/internal/bearer"
)

// pause lets a low class wait while the path's queues hold what was sent before.
func (c *conn) pause(class bearer.Class) {
	s := c.q.ConnectionStats()
	d := bearer.Hold(class, s.LatestRTT, s.MinRTT)
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
	}
}
