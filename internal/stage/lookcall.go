package stage

import (
	"context"
	"time"

	"parley/internal/call"
	"parley/internal/station"
)

// callView is the call of the line as the page shows it.
type callView struct {
	State   string // "none", "rings", "lobby", "through"
	Word    string
	Text    string
	Sides   []callSideView
	Heard   []string // by those who are on it by the script
	CanRing bool
	CanEnd  bool
}

type callSideView struct {
	Name, State string
	People      []string
}

// lookAtCall is the call as Alder's station has it, and what the scripted callers
// have heard.
func (g *Stage) lookAtCall(ctx context.Context, v []stationView) callView {
	d := g.demo
	none := callView{State: "none", Word: "No call", Text: "Ring from Alder’s desk, on the page of the line: Birch’s watch lifts after three seconds. Or let Birch ring.",
		CanRing: v[1].Running && v[1].Seated == "" && !v[1].Asleep && !d.onStage()}
	if !d.Alder.Running() {
		return none
	}
	all, err := d.Alder.client.Calls(ctx, d.Line())
	if err != nil || len(all) == 0 {
		return none
	}
	var c *station.Call
	for i := range all {
		if c == nil && (all[i].Phase == call.Ringing || all[i].Phase == call.Running) {
			c = &all[i]
		}
	}
	if c == nil {
		none.Text = "The last ended at " + lastEnd(all[0]).UTC().Format("1504:05Z") + ". " + none.Text
		return none
	}
	out := callView{State: "rings", Word: "It rings at " + d.other(string(c.By)).Name, CanEnd: !d.onStage() && (c.Phase == call.Running || string(c.By) == d.Birch.Code)}
	if c.Phase == call.Ringing {
		out.Text = "Nobody has lifted yet."
		return out
	}
	out.State, out.Word, out.Text = "lobby", "Both sides gather", "Each hears only its own people. When both have pressed READY, both are put through at one moment."
	r, err := d.Alder.client.CallRoom(ctx, d.Line())
	if err != nil {
		return out
	}
	through := true
	for _, s := range r.Sides {
		through = through && s.Through
		out.Sides = append(out.Sides, sideOfCall(s, d))
	}
	if through {
		out.State, out.Word, out.Text = "through", "Put through at "+r.Through.UTC().Format("1504:05Z"), "At Alder’s desk, join, connect the microphone, and choose English to hear Birch’s interpreter with the floor low underneath."
	}
	for _, s := range d.Sides() {
		if t := s.onCall(); t != nil {
			out.Heard = append(out.Heard, t.hears()...)
		}
	}
	return out
}

func lastEnd(c station.Call) (at time.Time) {
	at = c.At
	for _, e := range c.Ends {
		if e.At.After(at) {
			at = e.At
		}
	}
	return at
}

// other is the side that is not of a code.
func (d *Demo) other(code string) *Side {
	if code == d.Alder.Code {
		return d.Birch
	}
	return d.Alder
}

func sideOfCall(s station.CallSide, d *Demo) callSideView {
	v := callSideView{Name: d.Alder.Name, State: "gathers"}
	if !s.Us {
		v.Name = d.Birch.Name
	}
	switch {
	case s.Lost > 0:
		v.State = "lost for " + seconds(s.Lost)
	case s.Hold != "":
		v.State = "on hold: " + s.Hold
	case s.Through:
		v.State = "put through"
	case s.Ready:
		v.State = "READY"
	}
	for _, p := range s.People {
		line := p.Name + ", " + p.Role
		if p.Booth != "" {
			line += ", " + language(p.Booth) + " booth"
		}
		switch {
		case !p.Device:
			line += ", not connected"
		case p.Muted:
			line += ", muted"
		}
		v.People = append(v.People, line)
	}
	return v
}
