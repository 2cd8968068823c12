package stage

import (
	"context"
	"net/http"
	"slices"
	"time"

	"parley"
)

// quick are the acts that take no time and are possible at any time.
var quick = map[string]func(g *Stage, arg string) (string, error){
	"cut":  func(g *Stage, path string) (string, error) { return "cut " + orAll(path), g.demo.Cut(path, true) },
	"mend": func(g *Stage, path string) (string, error) { return "put back " + orAll(path), g.demo.Cut(path, false) },
	"sleep": func(g *Stage, _ string) (string, error) {
		g.demo.Birch.Sleep(true)
		return "Birch's watch sleeps: nobody there opens anything", nil
	},
	"rouse": func(g *Stage, _ string) (string, error) {
		g.demo.Birch.Sleep(false)
		return "Birch's watch is awake", nil
	},
	"ring": func(g *Stage, _ string) (string, error) {
		return "Birch’s watch rings at Alder", g.demo.Birch.RingUs(g.ctx)
	},
	"hangup": func(g *Stage, _ string) (string, error) {
		return "Birch’s watch hangs up", g.demo.Birch.EndCall(g.ctx)
	},
	"stand": func(g *Stage, side string) (string, error) {
		s := g.side(side)
		if s == nil {
			return "", parley.Errorf(parley.NotFound, "no side %q", side)
		}
		return s.Name + "'s officers act by themselves again", s.Stand(g.ctx)
	},
}

func orAll(path string) string {
	if path == "" {
		return "every path"
	}
	return path
}

// slow are the acts that take seconds; one is done at a time.
var slow = map[string]struct {
	what string
	do   func(g *Stage, ctx context.Context) (string, error)
}{
	"restore": {"An old backup of Birch is restored", func(g *Stage, ctx context.Context) (string, error) { return g.story.oldBackup(ctx) }},
	"lose":    {"Birch's station is lost", func(g *Stage, ctx context.Context) (string, error) { return g.story.lost(ctx) }},
	"tamper":  {"One byte is changed", func(g *Stage, ctx context.Context) (string, error) { return g.story.tampered(ctx) }},
	"right":   {"Everything is put right", func(g *Stage, ctx context.Context) (string, error) { return g.story.right(ctx) }},
}

func (g *Stage) side(code string) *Side {
	for _, s := range g.demo.Sides() {
		if s.Code == code {
			return s
		}
	}
	return nil
}

// act does one act. It answers at once: the page shows what comes of it.
func (g *Stage) act(w http.ResponseWriter, r *http.Request) {
	name, arg := r.PathValue("act"), r.FormValue("arg")
	if name == "next" {
		g.next()
	} else if f, ok := quick[name]; ok {
		shown, err := f(g, arg)
		if err != nil {
			shown = name + " " + arg
		}
		g.note(shown, "", err)
	} else if a, ok := slow[name]; ok {
		g.begin(a.what, func(ctx context.Context) { shown, err := a.do(g, ctx); g.note(a.what, shown, err) })
	} else {
		http.Error(w, "there is no such act", http.StatusNotFound)
		return
	}
	g.changed()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// begin does something that takes a while, unless something else is being done.
func (g *Stage) begin(what string, f func(context.Context)) {
	g.mu.Lock()
	if g.busy != "" {
		g.mu.Unlock()
		return
	}
	g.busy = what
	g.mu.Unlock()
	g.doing.Go(func() {
		ctx, stop := context.WithTimeout(g.ctx, 3*time.Minute)
		defer stop()
		f(ctx)
		g.mu.Lock()
		g.busy = ""
		g.mu.Unlock()
		g.changed()
	})
}

// next plays the next step of the story. One that failed is played again.
func (g *Stage) next() {
	g.mu.Lock()
	steps := g.steps
	g.mu.Unlock()
	if len(steps) == 0 {
		return
	}
	g.begin(steps[0].Name, func(ctx context.Context) {
		r := steps[0].Play(ctx)
		g.mu.Lock()
		g.results = append(slices.DeleteFunc(g.results, func(o Result) bool { return o.Step == r.Step }), r)
		if r.OK {
			g.steps = steps[1:]
		}
		g.mu.Unlock()
	})
}

// note keeps what was done and what came of it.
func (g *Stage) note(what, shown string, err error) {
	h := happening{At: time.Now().UTC().Format("15:04:05"), What: what, Shown: shown, OK: err == nil}
	if err != nil {
		h.Shown = err.Error()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.happened = append([]happening{h}, g.happened...)
	g.happened = g.happened[:min(len(g.happened), happenings)]
}

// tell adds to a view what the stage itself knows.
func (g *Stage) tell(v *view) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v.Busy, v.Happened = g.busy, slices.Clone(g.happened)
	for _, r := range g.results {
		s := stepView{r, "done"}
		if !r.OK {
			if g.busy == r.Step {
				continue // it is being played again
			}
			s.State = "failed"
		}
		v.Steps = append(v.Steps, s)
	}
	for i, st := range g.steps {
		s := stepView{Result{Step: st.Name}, "todo"}
		if i == 0 {
			v.Next, s.State = st.Name, "next"
			if g.busy == st.Name {
				s.State = "now"
			} else if n := len(v.Steps); n > 0 && v.Steps[n-1].Step == st.Name {
				continue // it failed and stands there
			}
		}
		v.Steps = append(v.Steps, s)
	}
}

// seat gives out a seat and leads there.
func (g *Stage) seat(w http.ResponseWriter, r *http.Request) {
	s := g.side(r.PathValue("side"))
	if s == nil {
		http.NotFound(w, r)
		return
	}
	link, err := s.Seat(r.Context())
	if err != nil {
		g.note("A seat at "+s.Name, "", err)
		g.changed()
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, link, http.StatusSeeOther)
}
