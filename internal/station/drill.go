package station

import (
	"fmt"
	"time"

	"parley"
	"parley/internal/form"
)

// Drill is a single-path drill as a lamp shows it: never as a failure.
type Drill struct {
	Title  string    `json:"name"`
	Path   string    `json:"path"`
	Until  time.Time `json:"until"`
	Broken string    `json:"broken,omitempty"` // why every path is in use all the same
}

// drillState is the drill that is on, and what our station made of it. It is
// never changed: another takes its place.
type drillState struct {
	ref    parley.Ref
	title  string
	path   string
	until  time.Time
	since  time.Time // since when our other paths rest
	heard  time.Time // when the named path was last up to everybody
	broken string    // why every path is in use again
}

// drillPatience is how long the named path of a drill may fail to answer before
// every path is used again.
const drillPatience = 12 * time.Second

// Why a drill was broken, in the station's words.
const (
	brokenSilent = "the path of the drill does not answer"
	brokenUrgent = "a real urgent item goes on every path"
)

func (l *liveLine) drillOn() *drillState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.drill
}

func (l *liveLine) setDrill(d *drillState) {
	l.mu.Lock()
	l.drill = d
	l.mu.Unlock()
}

// rests reports whether a path is kept down by a drill.
func (l *liveLine) rests(bearerName string) bool {
	d := l.drillOn()
	return d != nil && d.broken == "" && d.path != bearerName && l.now().Before(d.until)
}

// drillView is the drill for a lamp; nil when none is on.
func (l *liveLine) drillView() *Drill {
	d := l.drillOn()
	if d == nil || !l.now().Before(d.until) {
		return nil
	}
	return &Drill{Title: d.title, Path: d.path, Until: d.until, Broken: d.broken}
}

// breakDrill lets every path up again for what is left of a drill: what is real
// and urgent goes on every path at once.
func (l *liveLine) breakDrill(why string) {
	l.mu.Lock()
	d := l.drill
	if d == nil || d.broken != "" {
		l.mu.Unlock()
		return
	}
	b := *d
	b.broken = why
	l.drill = &b
	l.mu.Unlock()
	l.changed("path")
}

// breaksDrill reports whether what a header says is to go on every path.
func breaksDrill(h *form.Header) bool {
	return h.Exercise == "" && isTraffic(h.Form) && h.Precedence >= parley.Immediate
}

// drill begins, breaks and ends the drill of the line as time and the record
// ask for. What the record says is read again only when an exercise entry came.
func (c *clerk) drill() {
	now, d := c.l.now(), c.l.drillOn()
	if c.modes {
		c.modes = false
		list, err := c.l.modes(false)
		if err != nil {
			c.modes = true
			c.l.log.Error("reading the exercises of the line", "err", err)
			return
		}
		on, exercise := (*drillState)(nil), time.Time{}
		for _, m := range list {
			switch {
			case m.On() && m.Path != "" && on == nil:
				on = &drillState{ref: m.ref, title: m.Title, path: m.Path, until: m.Until, since: now, heard: now}
			case m.On() && m.Path == "" && exercise.IsZero():
				exercise = m.Until
			}
		}
		if !exercise.Equal(c.exercise) {
			c.exercise = exercise
			c.l.changed("line")
		}
		if d == nil || on == nil || d.ref != on.ref {
			c.drillChanged(d, on)
			d = on
		}
	}
	if !c.exercise.IsZero() && !now.Before(c.exercise) { // it has ended by itself, and desks take its frame away
		c.modes = true
	}
	switch {
	case d == nil:
	case !now.Before(d.until):
		c.drillChanged(d, nil)
	case d.broken != "":
	case c.l.drillAnswers(d):
		x := *d
		x.heard = now
		c.l.setDrill(&x)
	case now.Sub(d.heard) > drillPatience:
		c.l.breakDrill(brokenSilent)
		c.sound("", "drill-broken", fmt.Sprintf("The drill on %s is broken: %s. Every path is in use again.", d.path, brokenSilent), "")
	}
}

// drillChanged begins or ends a drill: the paths that rest are closed now, and
// dialed again when it is over.
func (c *clerk) drillChanged(old, on *drillState) {
	if old == nil && on == nil {
		return
	}
	c.l.setDrill(on)
	if on != nil {
		c.l.log.Info("a single-path drill is on", "line", c.l.id, "path", on.path, "until", on.until)
		c.s.net.rest(c.l)
	} else {
		c.l.log.Info("the single-path drill is over", "line", c.l.id, "path", old.path)
	}
	c.l.changed("path")
	c.l.changed("line")
}

// drillAnswers reports whether the path of a drill is up to every other party.
func (l *liveLine) drillAnswers(d *drillState) bool {
	up := map[parley.PartyCode]bool{}
	for _, p := range l.pathList() {
		up[p.Peer] = up[p.Peer] || p.Up && p.Name == d.path
	}
	for _, p := range l.others() {
		if !up[p] {
			return false
		}
	}
	return true
}

// rest closes the sessions of a line on paths that rest.
func (n *network) rest(l *liveLine) {
	for _, s := range n.to(l.id, "") {
		if l.rests(s.name) {
			s.conn.Close(parley.Errorf(parley.Unavailable, "this path rests: a single-path drill is on"))
		}
	}
}
