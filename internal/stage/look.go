package stage

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/internal/station"
)

// view is the whole set as the page shows it.
type view struct {
	DTG      string
	Stations []stationView
	Paths    []pathView
	Logs     []logView
	Items    []itemView
	Steps    []stepView
	Next     string // name of the next step; "" when the story is over
	Busy     string // what is being done now
	Happened []happening
	Call     callView
	AllCut   bool
	AnyCut   bool
	Asleep   bool // Birch's watch
	Ill      bool // something is to be put right
}

type stationView struct {
	Code, Name, Lang, Where string
	Running                 bool
	Lamp                    string // state of the lamp; "stopped" when the process does not run
	Word, Sentence, Age     string
	Evidence                []station.Evidence
	Seated                  string // who sits at the desk
	Asleep                  bool
	Doubt                   bool
	Alarms                  []string
	People                  []string
	desk                    string
	line                    station.Line
	items                   []station.Item
}

type pathView struct {
	Name, State, Text string
	Cut               bool
	Bytes             string
}

// logView is one party's log in force, as both sides hold it.
type logView struct {
	Name, Other, Gen  string
	Size, Held, Stamp uint64 // entries at its writer, at the other side, and signed for by the other side
	Cells             []string
	More              uint64 // entries before the first cell
	Earlier           []string
}

type itemView struct {
	From, To, Precedence, Marker, Subject, Text, Language string
	Serial                                                string
	Rungs                                                 []rungView
	Other, OtherLang, OtherBy, OtherName                  string // a translation on the other side, and whose
	Overdue, Waiting                                      bool
	at                                                    time.Time
}

type rungView struct{ Name, At, State string }

type stepView struct {
	Result
	State string // done, failed, next, todo
}

// look asks both stations, at most for two seconds.
func (g *Stage) look(ctx context.Context) view {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	v := view{DTG: parley.DTG(time.Now()), Stations: make([]stationView, 2)}
	var wg sync.WaitGroup
	for i, s := range g.demo.Sides() {
		wg.Go(func() { v.Stations[i] = s.look(ctx) })
	}
	wg.Wait()
	v.Paths = g.demo.paths(v.Stations)
	v.AllCut = true
	for _, p := range v.Paths {
		v.AllCut = v.AllCut && p.Cut
		v.AnyCut = v.AnyCut || p.Cut
	}
	for i, s := range g.demo.Sides() {
		v.Logs = append(v.Logs, logsOf(s, v.Stations[i].line, v.Stations[1-i].line))
		for _, it := range v.Stations[i].items {
			if it.Ours {
				v.Items = append(v.Items, itemOf(it, s, v.Stations[1-i].items))
			}
		}
	}
	sort.SliceStable(v.Items, func(i, j int) bool { return v.Items[i].at.After(v.Items[j].at) })
	v.Items = v.Items[:min(len(v.Items), 3)]
	v.Asleep = g.demo.Birch.Asleep()
	v.Call = g.lookAtCall(ctx, v.Stations)
	v.Ill = v.AnyCut || v.Asleep || !v.Stations[0].Running || !v.Stations[1].Running
	g.tell(&v)
	return v
}

// look is one side, as its own station shows it.
func (s *Side) look(ctx context.Context) stationView {
	v := stationView{Code: s.Code, Name: s.Name, Lang: s.Lang, Running: s.Running(), Asleep: s.Asleep(), Lamp: "stopped", Word: "STOPPED",
		Sentence: "The process of this station does not run.", desk: s.DeskURL(), Where: strings.TrimSuffix(strings.TrimPrefix(s.DeskURL(), "http://"), "/")}
	for _, p := range s.people() {
		offices := make([]string, len(p.Offices))
		for i, o := range p.Offices {
			offices[i] = string(o)
		}
		v.People = append(v.People, p.Name+", "+strings.Join(offices, " and "))
	}
	if !v.Running {
		return v
	}
	l, err := s.line(ctx)
	if err != nil {
		v.Lamp, v.Word, v.Sentence = "unknown", "UNKNOWN", "The station does not answer: "+err.Error()
		return v
	}
	v.line, v.Doubt = l, l.State == "in doubt"
	v.Lamp, v.Word, v.Sentence, v.Evidence = string(l.Lamp.State), lampWord(l.Lamp), l.Lamp.Sentence, l.Lamp.Evidence
	if !l.Lamp.Proved.IsZero() && l.Lamp.Verdict != station.VerdictUp { // the sentence of one that is up says it
		v.Age = fmt.Sprintf("last proved %.0f s ago", time.Since(l.Lamp.Proved).Seconds())
	}
	if v.Seated, err = s.Seated(ctx); err != nil {
		v.Seated = ""
	}
	v.items, _ = s.dispatches(ctx) // none is shown when none can be had
	if as, err := s.client.Alarms(ctx); err == nil {
		for _, a := range as {
			if !a.Silenced && len(v.Alarms) < 2 {
				v.Alarms = append(v.Alarms, a.Text)
			}
		}
	}
	return v
}

func lampWord(l station.Lamp) string {
	switch {
	case l.Verdict == station.VerdictNoHuman:
		return "UP, NO HUMAN ANSWER"
	case l.State == station.LampUp:
		return "UP"
	case l.State == station.LampPartly:
		return "UP, NOT ALL WELL"
	case l.State == station.LampDown:
		return "DOWN"
	}
	return "UNKNOWN"
}

// paths are the cables, and what both stations say of them.
func (d *Demo) paths(ss []stationView) []pathView {
	var out []pathView
	for _, name := range Paths {
		p := pathView{Name: name, State: "down", Cut: d.cables.isCut(name), Bytes: size(d.cables.bytes(name))}
		up := 0
		for _, s := range ss {
			for _, x := range s.line.Paths {
				if x.Name == name && x.Up {
					up++
					p.Text = seconds(x.RTT)
				}
			}
		}
		switch {
		case p.Cut && up > 0:
			p.State, p.Text = "cut", "cut; not yet noticed"
		case p.Cut:
			p.State, p.Text = "cut", "cut"
		case up == 2:
			p.State = "up"
		case up == 1:
			p.Text = "coming up"
		default:
			p.Text = "down"
		}
		out = append(out, p)
	}
	return out
}

func size(n uint64) string {
	if n < 1024*1024 {
		return fmt.Sprintf("%.1f KiB", float64(n)/1024)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/1024/1024)
}

// cellsShown is how many entries of a log are drawn.
const cellsShown = 48

// logsOf draws one party's log from what its own station and the other hold.
func logsOf(s *Side, own, other station.Line) logView {
	v := logView{Name: s.Name, Other: s.other.Name}
	from := own
	if len(from.Logs) == 0 {
		from = other // the writer is down: what the other side holds
	}
	g, ok := current(from, s)
	if !ok {
		return v
	}
	v.Gen, v.Size, v.Stamp = g.Gen[:8], g.Size, g.Stored[s.other.Code]
	for _, o := range other.Logs {
		if o.Gen == g.Gen {
			v.Held = o.Size
		}
	}
	first := uint64(0)
	if v.Size > cellsShown {
		first = v.Size - cellsShown
	}
	v.More = first
	for n := first; n < v.Size; n++ {
		state := "own"
		switch {
		case n < v.Stamp:
			state = "stored"
		case n < v.Held:
			state = "held"
		}
		v.Cells = append(v.Cells, state)
	}
	for _, o := range from.Logs {
		if string(o.Party) == s.Code && !o.Current {
			v.Earlier = append(v.Earlier, fmt.Sprintf("generation %s closed at %d entries", o.Gen[:8], o.Size))
		}
	}
	if g.Reason != "" && len(v.Earlier) > 0 {
		v.Earlier = append(v.Earlier, "this one: "+g.Reason)
	}
	return v
}

// itemOf draws a dispatch as its writer's side sees it; theirs are the other
// side's items, for the translation there.
func itemOf(i station.Item, s *Side, theirs []station.Item) itemView {
	v := itemView{From: s.Name + "/" + office(i.FromText), Precedence: i.PrecedenceText, Marker: i.MarkerText, Subject: i.Subject, Text: i.Text,
		Language: i.Language, Overdue: i.Overdue, Waiting: i.NotDelivered, at: i.Time}
	if len(i.To) > 0 {
		v.To = s.other.Name + "/" + office(i.To[0])
	}
	if i.Serial > 0 {
		v.Serial = fmt.Sprintf("Nr %04d", i.Serial)
	}
	next := true
	for _, r := range i.Ladder {
		x := rungView{Name: r.Name, State: "done"}
		if r.Rung == parley.Stored {
			x.Name = "stored at " + s.other.Name
		}
		switch {
		case r.Rung == parley.Filed && r.At.After(i.Time.Add(time.Second)):
			continue // it came back after a loss: when it was filed is not known any more
		case !r.At.IsZero() && r.Rung <= parley.Stored:
			x.At = r.At.UTC().Format("15:04:05")
		case !r.At.IsZero():
			x.At = r.At.UTC().Format("15:04")
		case r.Rung == parley.Answered && !asks(i):
			continue
		case next:
			x.State, next = "next", false
		default:
			x.State = "todo"
		}
		v.Rungs = append(v.Rungs, x)
	}
	n := slices.IndexFunc(theirs, func(t station.Item) bool { return t.ID == i.ID })
	if n >= 0 && len(theirs[n].Translations) > 0 {
		t := theirs[n].Translations[len(theirs[n].Translations)-1]
		v.Other, v.OtherLang, v.OtherName, v.OtherBy = t.Text, t.Language, s.other.Name, "by "+t.Maker+", not yet checked"
		if t.Reviewer != "" {
			v.OtherBy = "by " + t.Maker + ", checked by " + t.Reviewer
		}
	}
	return v
}

func office(address string) string {
	_, o, _ := strings.Cut(address, "/")
	return o
}
