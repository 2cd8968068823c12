package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/call"
)

// callWatch is what the watch knows of calls.
type callWatch struct {
	rung  map[parley.Ref]rung
	rang  map[rangAt]bool // who was rung by which ring
	calls map[parley.Ref]*callTruth
	halfs map[halfID]parley.Ref // of which call a half was said
}

// rung is when a ring was written, and whether its time lay in its writer's future:
// his clock was set back, and times in a log do not go back.
type rung struct {
	at    time.Duration
	ahead bool
}

type rangAt struct {
	code parley.PartyCode
	ref  parley.Ref
}

type halfID struct {
	party       string
	run, number uint64
}

// saidHalf notes of which call a half is.
func (x *watch) saidHalf(l *liveCall, h *call.Half) {
	if x.halfs == nil {
		x.halfs = map[halfID]parley.Ref{}
	}
	x.halfs[halfID{h.Party, h.Run, h.Number}] = l.ref
}

// tookHalf holds a half that was taken in to its call.
func (x *watch) tookHalf(l *liveCall, h *call.Half) {
	if of := x.halfs[halfID{h.Party, h.Run, h.Number}]; of != l.ref {
		x.w.fail("a half is of its call", "%s takes what %s said of itself on %s for %s", l.s.code, h.Party, of, l.ref)
	}
}

// callTruth is whose watch pressed READY on a call.
type callTruth struct{ ready map[parley.PartyCode]bool }

func (x *watch) callOf(ref parley.Ref) *callTruth {
	if x.calls == nil {
		x.calls = map[parley.Ref]*callTruth{}
	}
	if x.calls[ref] == nil {
		x.calls[ref] = &callTruth{map[parley.PartyCode]bool{}}
	}
	return x.calls[ref]
}

func (x *watch) pressed(l *liveCall) { x.callOf(l.ref).ready[l.s.code] = true }

// wroteCall notes when a ring was written, and lets stations look at what is written
// of calls.
func (x *watch) wroteCall(s *station, formName string, ref parley.Ref, own bool) {
	if !slices.Contains(call.Forms, formName) {
		return
	}
	if own && formName == "ring" {
		if x.rung == nil {
			x.rung, x.rang = map[parley.Ref]rung{}, map[rangAt]bool{}
		}
		e := check(s.disk.Item(ref.Gen, ref.Index))
		x.rung[ref] = rung{x.w.now, time.Unix(int64(e.Time), 0).Sub(s.time()) > call.LateSlack}
		x.w.counts.Rings++
	}
	x.at(s).called = true
	if s.own != nil {
		s.hearsOfCall(10 * time.Millisecond)
	}
}

// rings holds a ring that rings to how long it may: a clock that was set since, or a
// time that its writer's clock has yet to come to, leaves its reader no way to know. But
// whoever has been rung by it knows.
func (x *watch) rings(s *station, c *call.Call) {
	at, ahead, by := x.rung[c.Ring.Ref].at, x.rung[c.Ring.Ref].ahead, x.owner[c.Ring.Ref.Gen]
	again := x.rang[rangAt{s.code, c.Ring.Ref}]
	x.rang[rangAt{s.code, c.Ring.Ref}] = true
	x.w.tell("rings", s.code, by.code, "%s's telephone rings for %s, %s after it was rung", s.code, by.code, round(x.w.now-at))
	up := slices.ContainsFunc(x.w.cablesOf(s, by), func(c *cable) bool { return c.live != nil })
	if age := x.w.now - at; up && (again || !ahead) && by.clock.at <= at && s.clock.at <= at && age > call.RingFor+2*call.LateSlack {
		x.w.fail("a late ring never rings", "%s rings at %s %s after it was written", by.code, s.code, round(age))
	}
}

// wentThrough holds a side that puts its people through to that all were ready.
func (x *watch) wentThrough(l *liveCall) {
	x.w.counts.Through++
	x.w.tell("through", l.s.code, "", "%s puts its people through on call %s", l.s.code, l.ref)
	for p := range l.room.State().Halves {
		if !x.callOf(l.ref).ready[p] {
			x.w.fail("nobody is put through before all are ready", "%s puts its people through on %s, and the watch of %s never pressed READY on it", l.s.code, l.ref, p)
		}
	}
}

// heard holds who is heard by whom, at a station and over the line to another, to the
// table of spec/calls.md, 3.
func (x *watch) heard(l *liveCall) {
	st := l.room.State()
	for _, who := range everybody(st) {
		for _, by := range everybody(st) {
			for _, choice := range []string{"", "fr"} {
				if by.Party != l.s.code {
					continue
				}
				if got, want := st.Hears(by, who, choice), naiveHears(st, by, who, choice); got != want {
					x.w.fail("nobody is heard by whom the rule forbids", "%s: %v hears %v as %d, by the table as %d", l.s.code, by, who, got, want)
				}
			}
		}
	}
	for _, o := range x.w.stations {
		if o != l.s && o.calling.live != nil && o.calling.live.ref == l.ref {
			x.heardOver(l, o.calling.live)
			x.heardOver(o.calling.live, l)
		}
	}
}

// heardOver holds what leaves one station and is let through at another: the listener
// is where the speaker is, and was announced to the speaker's side.
func (x *watch) heardOver(from, to *liveCall) {
	out, in := from.room.State(), to.room.State()
	ours, theirs := out.Halves[from.s.code], in.Halves[to.s.code]
	for i := range ours.People {
		p := &ours.People[i]
		source := call.Who{Party: from.s.code, ID: p.ID}
		_, known := in.Find(source) // what comes under a source that it does not know, a station does not take
		if !out.Crosses(p.ID) || known == nil || known.Voice != p.Voice {
			continue
		}
		for j := range theirs.People {
			q := &theirs.People[j]
			if in.Hears(call.Who{Party: to.s.code, ID: q.ID}, source, "") == call.Nothing {
				continue
			}
			x.w.counts.Heard++
			told := out.Halves[to.s.code]
			switch {
			case told == nil || told.Run != theirs.Run || told.Number < q.Since:
				x.w.fail("nobody hears before he is announced", "%s hears %s on %s, and %s has not heard of him", q.Name, p.Name, from.ref, from.s.code)
			case call.Where(ours, p) != call.Where(theirs, q), p.Muted, ours.Hold != "" && p.Place == call.Floor:
				x.w.fail("nobody is heard by whom the rule forbids", "%s of %s hears %s of %s, who is elsewhere", q.Name, to.s.code, p.Name, from.s.code)
			}
		}
	}
}

func everybody(st *call.State) (out []call.Who) {
	for _, p := range codes {
		if h := st.Halves[p]; h != nil {
			for i := range h.People {
				out = append(out, call.Who{Party: p, ID: h.People[i].ID})
			}
		}
	}
	return out
}

// naiveHears is the table of who hears whom, line by line.
func naiveHears(st *call.State, l, s call.Who, choice string) call.Sound {
	lh, sh := st.Halves[l.Party], st.Halves[s.Party]
	lp, sp := lh.Person(l.ID), sh.Person(s.ID)
	room := func(party parley.PartyCode, h *call.Half, p *call.Person) string {
		switch {
		case p.Place == call.Watch:
			return "watch"
		case p.Place == call.Aside:
			return "aside " + string(party)
		case p.Place == call.Lobby || !h.Through:
			return "lobby " + string(party)
		case h.Hold != "":
			return "aside " + string(party)
		}
		return "floor"
	}
	at := room(s.Party, sh, sp)
	if l == s || sp.Muted || sp.Voice == 0 || at != room(l.Party, lh, lp) || l.Party != s.Party && !naiveAnnounced(st, l, lp, s.Party) {
		return call.Nothing
	}
	if at != "floor" {
		return call.Full
	}
	if !call.Speaks(sp.Role) {
		return call.Nothing
	}
	if sp.Booth != "" {
		if sp.OnAir && sp.Booth == choice {
			return call.Full
		}
		return call.Nothing
	}
	for _, p := range codes {
		h := st.Halves[p]
		for i := 0; h != nil && choice != "" && i < len(h.People); i++ {
			if q := &h.People[i]; q.OnAir && q.Booth == choice && !q.Muted && !q.Away && q.Voice != 0 && room(p, h, q) == "floor" && sp.Tongue != choice {
				return call.Low
			}
		}
	}
	return call.Full
}

func naiveAnnounced(st *call.State, l call.Who, p *call.Person, to parley.PartyCode) bool {
	own := st.Halves[l.Party]
	for party, h := range st.Halves {
		if party == l.Party || party != to && l.Party == st.Us && st.Waited[l.ID] {
			continue
		}
		ok := false
		for _, x := range h.Seen {
			ok = ok || x.Party == string(l.Party) && x.Run == own.Run && x.Half >= p.Since && x.Half <= own.Number
		}
		if !ok {
			return false
		}
	}
	return true
}

// compareCalls holds what every station says of calls at the end against the first,
// and against the model, and what it says of those that were put through to who was
// ready.
func (w *world) compareCalls() {
	first, by := "", parley.PartyCode("")
	for _, s := range w.on() {
		w.compareCallModel(s)
		if w.broken != nil {
			return
		}
		if !s.readsAll() {
			continue
		}
		var out strings.Builder
		for _, c := range s.calls() {
			fmt.Fprintf(&out, "call %s by %s %s on it %v lifted %s\n", c.Ring.Ref, c.Ring.Party, c.Phase(), c.Members(), lifted(c))
			for _, p := range c.Wordings {
				fmt.Fprintf(&out, "wording %s stands %t replaced %t\n", p.Ref, c.Stands(p), p.Replaced)
			}
			for _, p := range c.Parties {
				if t := w.watch.calls[c.Ring.Ref]; c.Roster(p, 0) != nil && c.Other == nil && len(c.Crossed) == 0 && (t == nil || !t.ready[p]) {
					w.fail("who was put through was ready", "%s says that %s was put through on %s", s.code, p, c.Ring.Ref)
				}
			}
		}
		if by == "" {
			first, by = out.String(), s.code
		} else if out.String() != first {
			w.fail("both sides say the same of a call", "%s: %s; %s: %s", by, without(first, out.String()), s.code, without(out.String(), first))
			return
		}
	}
}

func lifted(c *call.Call) string {
	at, ok := c.Accepted()
	return fmt.Sprint(ok, " ", at.Unix())
}
