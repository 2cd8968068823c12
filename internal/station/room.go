package station

import (
	"context"
	"sync"
	"time"

	"parley"
)

// Bounds of what one peer may have waiting for the owner of a line, and of what
// it brings in a second. Beyond them its sessions read no further, and the
// bearer holds it back. The pace is for the other lines: all share one disk.
// 10,000 dispatches of an outage pass within it in three seconds.
const (
	roomBytes = 2 << 20
	frameCost = 4 << 10 // what a frame takes of the room besides its bytes
	paceBytes = 4 << 20 // a second
	paceBurst = 12 << 20
)

// room is the memory that one peer's frames may take before they are stepped.
type room struct {
	paced bool

	mu    sync.Mutex
	used  int
	free  chan struct{} // closed when something is given back
	spare float64       // bytes of the pace not used; negative: owed
	at    time.Time
}

// take waits until a frame of n bytes has room and its turn; false when ctx or
// done ended first.
func (r *room) take(ctx context.Context, done <-chan struct{}, n int) bool {
	if d := r.turn(n); d > 0 {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return false
		case <-done:
			return false
		}
	}
	for {
		r.mu.Lock()
		if r.used == 0 || r.used+n <= roomBytes {
			r.used += n
			r.mu.Unlock()
			return true
		}
		if r.free == nil {
			r.free = make(chan struct{})
		}
		free := r.free
		r.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return false
		case <-done:
			return false
		}
	}
}

// turn returns how long n bytes have to wait for the pace.
func (r *room) turn(n int) time.Duration {
	if !r.paced {
		return 0
	}
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.IsZero() {
		r.spare = paceBurst
	} else {
		r.spare = min(paceBurst, r.spare+now.Sub(r.at).Seconds()*paceBytes)
	}
	r.at = now
	r.spare -= float64(n)
	return time.Duration(max(0, -r.spare) / paceBytes * float64(time.Second))
}

func (r *room) give(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= n
	if r.free != nil {
		close(r.free)
		r.free = nil
	}
}

// roomOf returns the room of a peer.
func (r *runner) roomOf(p parley.PartyCode) *room {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rooms[p] == nil {
		if r.rooms == nil {
			r.rooms = map[parley.PartyCode]*room{}
		}
		r.rooms[p] = &room{paced: r.paced}
	}
	return r.rooms[p]
}

// overQuota reports whether nothing more of a peer is taken now.
func (r *runner) overQuota(p parley.PartyCode) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.status.Used {
		if u := &r.status.Used[i]; u.Party == p {
			return u.Over
		}
	}
	return false
}
