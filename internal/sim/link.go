package sim

import (
	"math/rand/v2"
	"time"

	"parley/internal/line"
	"parley/internal/wire"
)

// What a session goes by (spec/sessions.md, 5).
const (
	quietLimit = 10 * time.Second // silence that ends it
	redial     = time.Second      // at least, after it ended
)

// cable is one way for frames between two stations. Whether it carries
// anything, and how badly, is its own in each direction.
type cable struct {
	w    *world
	n    int
	ends [2]*station
	dirs [2]direction // dirs[0] carries from ends[0] to ends[1]
	rng  *rand.Rand
	live *session // the session on it; nil: none
	dial bool     // a dial is under way
	with []*cable // it, and those of other lines that go the same way
}

// way is what one half of a cable does to frames, of whatever line they are.
type way struct {
	cuts  int // how many acts keep it cut
	since time.Duration
	noise [4]float64 // loss, repetition, reordering, corruption: share of frames
	delay time.Duration
	rate  int // bytes a second; 0: no bound
}

// direction is one half of a cable.
type direction struct {
	*way
	lanes    [int(line.ClassBulk) + 1][]flying
	sending  bool
	lastSeen [int(line.ClassBulk) + 1]time.Duration // arrival of the last frame of a class, to keep their order
}

// flying is a frame on its way.
type flying struct {
	session *session
	to      int
	class   line.Class
	raw     []byte
}

// session is a connection over a cable, as both its ends know it.
type session struct {
	cable *cable
	path  [2]line.PathID
	up    [2]bool
	life  [2]int // of the stations that made it
}

func newCable(w *world, a, b *station, n int) *cable {
	c := &cable{w: w, n: n, ends: [2]*station{a, b}, rng: stream(w.plan.Seed, w.label+"cable "+string(a.code)+string(b.code)+string(rune('0'+n)))}
	c.with = []*cable{c}
	for i := range c.dirs {
		c.dirs[i].way = new(way)
		c.dirs[i].delay = time.Duration(1+c.rng.IntN(80)) * time.Millisecond
	}
	return c
}

func (c *cable) joins(s *station) bool { return c.ends[0] == s || c.ends[1] == s }

func (c *cable) end(s *station) int {
	if c.ends[1] == s {
		return 1
	}
	return 0
}

// act sets one fault, and takes it back when its time is over.
func (c *cable) act(a Act) {
	w := c.w
	for i := range c.dirs {
		d := &c.dirs[i]
		switch a.Kind {
		case Noise:
			for bit := range d.noise {
				if a.N&(1<<bit) != 0 {
					x := a.X
					if 1<<bit == noiseCorrupt {
						x /= 4
					}
					d.noise[bit] += x
					w.after(a.For, func() { d.noise[bit] = max(0, d.noise[bit]-x) })
				}
			}
		case Slowness:
			old := d.rate
			d.rate = a.N
			w.after(a.For, func() { d.rate = old })
		case Delay:
			old := d.delay
			d.delay = time.Duration(a.N) * time.Millisecond
			w.after(a.For, func() { d.delay = old })
		case Cut:
			if a.N&(1<<i) != 0 {
				c.cut(i)
				w.after(a.For, func() { c.mend(i) })
			}
		}
	}
}

// heal takes every fault away.
func (c *cable) heal() {
	for i := range c.dirs {
		c.dirs[i].noise, c.dirs[i].rate = [4]float64{}, 0
		c.dirs[i].delay = min(c.dirs[i].delay, 100*time.Millisecond)
		c.dirs[i].cuts = 0
	}
	c.try()
}

func (c *cable) cut(i int) {
	d := &c.dirs[i]
	if d.cuts++; d.cuts > 1 {
		return
	}
	d.since = c.w.now
	for _, x := range c.with {
		s := x.live
		c.w.after(quietLimit, func() {
			if d.cuts > 0 && c.w.now-d.since >= quietLimit && s != nil && x.live == s {
				x.drop(s)
			}
		})
	}
}

// along lets a cable go the way of another.
func (c *cable) along(o *cable) {
	for i := range c.dirs {
		c.dirs[i].way = o.dirs[i].way
	}
	c.with = append([]*cable{c}, o.with...)
	for _, x := range o.with {
		x.with = append(x.with, c)
	}
}

func (c *cable) mend(i int) {
	if c.dirs[i].cuts = max(0, c.dirs[i].cuts-1); c.dirs[i].cuts == 0 {
		for _, x := range c.with {
			x.try()
		}
	}
}

// try dials when there is somebody at each end and the cable carries both ways.
func (c *cable) try() {
	if c.live != nil || c.dial {
		return
	}
	c.dial = true
	c.w.after(redial+time.Duration(c.rng.IntN(1000))*time.Millisecond, func() {
		c.dial = false
		if c.live != nil || c.dirs[0].cuts+c.dirs[1].cuts > 0 || !c.ends[0].running() || !c.ends[1].running() {
			return
		}
		s := &session{cable: c}
		c.live = s
		for i := range c.ends {
			c.w.path++
			s.path[i], s.up[i], s.life[i] = c.w.path, true, c.ends[i].life
		}
		c.w.counts.Sessions++
		c.w.tell("up", c.ends[0].code, c.ends[1].code, "a session is up on cable %d %s-%s", c.n, c.ends[0].code, c.ends[1].code)
		for i := range c.ends {
			c.ends[i].event(line.PathUp{Path: s.path[i], Peer: c.ends[1-i].code})
		}
	})
}

// drop ends a session at both ends.
func (c *cable) drop(s *session) {
	if c.live != s {
		return
	}
	c.live = nil
	c.w.tell("down", c.ends[0].code, c.ends[1].code, "the session on cable %d %s-%s ends", c.n, c.ends[0].code, c.ends[1].code)
	for i, e := range c.ends {
		if s.up[i] && e.life == s.life[i] {
			s.up[i] = false
			e.event(line.PathDown{Path: s.path[i]})
		}
	}
	c.try()
}

// gone tells the other end, now or after a silence, that a station is no more.
func (c *cable) gone(i int) {
	s := c.live
	if s == nil {
		return
	}
	s.up[i] = false
	wait := time.Duration(c.rng.IntN(int(quietLimit)))
	if c.dirs[i].cuts == 0 && c.rng.IntN(2) == 0 {
		wait = c.dirs[i].delay
	}
	c.w.after(wait, func() { c.drop(s) })
}

// send puts a frame on the cable.
func (c *cable) send(from int, s *session, class line.Class, raw []byte) {
	d := &c.dirs[from]
	f := flying{s, 1 - from, class, raw}
	c.w.counts.Frames++
	c.w.counts.Bytes += int64(len(raw))
	if d.rate == 0 && !d.sending {
		c.launch(d, f)
		return
	}
	d.lanes[class] = append(d.lanes[class], f)
	if !d.sending {
		c.next(d)
	}
}

// next sends what waits on a slow cable, the urgent first.
func (c *cable) next(d *direction) {
	d.sending = false
	for i := range d.lanes {
		if len(d.lanes[i]) == 0 {
			continue
		}
		f := d.lanes[i][0]
		d.lanes[i] = d.lanes[i][1:]
		d.sending = true
		took := time.Duration(0)
		if d.rate > 0 {
			took = time.Duration(float64(len(f.raw)) / float64(d.rate) * float64(time.Second))
		}
		c.w.after(took, func() {
			c.launch(d, f)
			c.next(d)
		})
		return
	}
}

// launch lets a frame fly, and lets happen to it what happens to frames.
func (c *cable) launch(d *direction, f flying) {
	if d.cuts > 0 || !certifies(f.raw) && c.chance(d.noise[0]) {
		c.w.counts.Lost++
		return
	}
	at := c.w.now + d.delay + time.Duration(c.rng.Int64N(int64(d.delay)+1))
	if c.chance(d.noise[2]) {
		at += time.Duration(c.rng.Int64N(int64(5 * time.Second)))
		c.w.counts.Reordered++ // other classes overtake it
	}
	at = max(at, d.lastSeen[f.class])
	d.lastSeen[f.class] = at
	if c.chance(d.noise[3]) && !isHalf(f.raw) { // a half is taken as the bearer gives it
		f.raw = append([]byte(nil), f.raw...)
		f.raw[c.rng.IntN(len(f.raw))] ^= byte(1 + c.rng.IntN(255))
		c.w.counts.Corrupted++
		c.w.watch.corrupted = true
	}
	c.w.after(at-c.w.now, func() { c.deliver(f) })
	if c.chance(d.noise[1]) {
		c.w.counts.Repeated++
		c.w.after(at-c.w.now+time.Duration(c.rng.Int64N(int64(5*time.Second))), func() { c.deliver(f) })
	}
}

// certifies reports whether a frame is a certificate. One is lost only with its
// session, for they are taken only in the order in which they were made
// (docs/simulation.md).
func certifies(raw []byte) bool { return len(raw) > 1 && raw[1] == wire.TypeCertificate }

func (c *cable) chance(p float64) bool { return p > 0 && c.rng.Float64() < p }

// deliver hands a frame to whoever is at the end of its session.
func (c *cable) deliver(f flying) {
	s, e := f.session, c.ends[f.to]
	if c.live != s || !s.up[f.to] || e.life != s.life[f.to] {
		return
	}
	if isHalf(f.raw) {
		e.halfIn(c.ends[1-f.to].code, f.raw)
		return
	}
	fr, err := wire.Parse(f.raw)
	if err != nil { // a peer that cannot speak is cut off
		c.w.tell("cut off", e.code, c.ends[1-f.to].code, "%s cuts %s off: %v", e.code, c.ends[1-f.to].code, err)
		c.drop(s)
		return
	}
	c.w.trace.frame(c.w, e, fr, f.raw)
	e.frame(s, fr, len(f.raw))
}

// route returns the sessions a send goes out on.
func (w *world) route(s *station, x *line.Send) []*session {
	var out []*session
	for _, c := range w.cables {
		if !c.joins(s) || c.live == nil || c.ends[1-c.end(s)].code != x.To {
			continue
		}
		i := c.end(s)
		if !c.live.up[i] || c.live.life[i] != s.life {
			continue
		}
		if x.Path != 0 {
			if c.live.path[i] == x.Path {
				return []*session{c.live}
			}
			continue
		}
		out = append(out, c.live)
		if !x.Everywhere {
			break
		}
	}
	return out
}
