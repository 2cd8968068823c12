package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/line"
	stations "parley/internal/station"
	"parley/internal/store"
)

// callDesk is what a station has of calls: nothing of it outlives its process.
type callDesk struct {
	live   *liveCall
	rang   map[parley.Ref]bool                // for these it has rung, or said that they were missed
	since  map[parley.Ref]time.Duration       // when it had a ring first, since it started; nil: it has not looked yet
	before map[parley.Ref]bool                // rings that it had when it looked first
	clocks map[parley.PartyCode]time.Duration // how far another clock is ahead of ours, as far as it is known
	due    bool                               // it looks at its calls soon
	book   []*call.Call                       // the calls of the record; nobody changes them
	asOf   uint64                             // one more than the writes of the disk that they were read after; 0: never
}

// calls returns the calls of the record, as a station has them.
func (s *station) calls() []*call.Call {
	k := &s.calling
	if now := s.disk.writes + 1; k.asOf != now {
		cs, err := stations.CallBookOf(s.disk, s.own.Engine.Status().Logs)
		must(err)
		k.book, k.asOf = cs, now
	}
	return k.book
}

// later does something in d, if the station has not stopped until then.
func (s *station) later(d time.Duration, do func()) {
	life := s.life
	s.w.after(d, func() {
		if s.life == life && s.own != nil && !s.w.watch.at(s).ended {
			do()
		}
	})
}

// phone lets somebody call the other sides, or say something of a call: as its desk
// would let him, and one time in four as a hasty one would.
func (s *station) phone(n int) {
	if s.own == nil || s.w.watch.at(s).ended || len(s.others()) == 0 {
		return
	}
	r := rand.New(rand.NewPCG(s.w.plan.Seed, uint64(n)))
	cs, hasty := s.calls(), r.IntN(4) == 0
	c, ok := one(r, cs)
	if !ok || r.IntN(3) > 0 {
		s.ring(r, cs, hasty)
		return
	}
	switch p, worded := one(r, c.Wordings); {
	case r.IntN(4) == 0 && n%2 == 0:
		s.ofCall(c.Ring.Ref, &call.Recording{Voices: []call.Taped{{File: 1, Name: "somebody", Party: string(s.code), Sum: make([]byte, 32), Whole: true}}})
	case r.IntN(4) == 0:
		s.ofCall(c.Ring.Ref, &call.Dispute{Lang: "en", Heard: "as it was heard"})
	case !worded || r.IntN(4) == 0:
		f := &call.Wording{Note: call.WordingNote, Texts: []call.Said{{Lang: "en", Text: fmt.Sprint("what was said, ", r.IntN(100))}}}
		refs := []parley.Ref{c.Ring.Ref}
		if worded {
			refs = append(refs, p.Ref)
		}
		s.release(&form.Header{From: parley.Watch, To: s.others(), Precedence: parley.Priority, Refs: refs}, f, "")
	case p.Party == s.code:
		s.ofCall(p.Ref, &call.Confirm{Phase: call.TakenBack})
	case r.IntN(4) == 0:
		s.ofCall(p.Ref, &call.Confirm{Phase: call.Denied, Text: "it was not said so"})
	default:
		s.ofCall(p.Ref, &call.Confirm{Phase: call.Confirmed})
	}
}

// ofCall releases what a station says of a call.
func (s *station) ofCall(ref parley.Ref, f form.Form) {
	if s.own != nil && !s.w.watch.at(s).ended && len(s.others()) > 0 {
		s.release(&form.Header{From: parley.Watch, To: s.others(), Precedence: parley.Immediate, Refs: []parley.Ref{ref}}, f, "")
	}
}

// ring rings at the others where the line is free and a path is up, now and then with
// precedence; what no path takes within 5 s is taken back (spec/calls.md, 1).
func (s *station) ring(r *rand.Rand, cs []*call.Call, hasty bool) {
	h := &form.Header{From: parley.Watch, To: s.others(), Precedence: parley.Immediate}
	if r.IntN(5) == 0 {
		h.Precedence = parley.Flash
	}
	for _, c := range cs {
		switch ph := s.phase(c); {
		case hasty:
		case ph == call.Ringing, ph == call.Running && h.Precedence < parley.Flash:
			return
		}
	}
	if !slices.ContainsFunc(s.w.cablesOf(s, nil), func(c *cable) bool { return c.live != nil }) {
		return
	}
	x := s.release(h, &call.Ring{Level: contact.Leader, Interpreting: contact.Interpreting(r.IntN(3))}, "")
	s.later(5*time.Second, func() {
		if !x.filed { // nobody files it any more
			s.people.releases = slices.DeleteFunc(s.people.releases, func(o *release) bool { return o == x })
			x.filed = true
		} else if s.waits(x.id) {
			s.step(line.Unfile{ID: x.id})
		}
	})
}

// oldRings takes back the rings that a stop left in the outbox, before any path is up.
func (s *station) oldRings() bool {
	rows, _, err := s.disk.Rows(store.Filter{Forms: []string{"ring"}, Order: store.ByArrival, Limit: 500})
	must(err)
	for _, r := range rows {
		if r.Waiting() && !s.step(line.Unfile{ID: r.Filed}) {
			return false
		}
	}
	s.people.releases = slices.DeleteFunc(s.people.releases, func(r *release) bool {
		return !r.filed && check(form.ParseHeader(r.item.Header)).Form == "ring" && (r.id == 0 || !s.knows(r.id))
	})
	return true
}

// byOurs is a time of another clock by ours. Clocks are compared while a session is up.
func (s *station) byOurs(p parley.PartyCode, t time.Time) time.Time {
	if s.calling.clocks == nil {
		s.calling.clocks = map[parley.PartyCode]time.Duration{}
	}
	for _, c := range s.w.cablesOf(s, nil) {
		if o := c.ends[1-c.end(s)]; o.code == p && c.live != nil {
			s.calling.clocks[p] = o.time().Sub(s.time())
		}
	}
	return t.Add(-s.calling.clocks[p])
}

const missed call.Phase = "missed"

// phase is how far a call is, here: what has rung out does not ring.
func (s *station) phase(c *call.Call) call.Phase {
	if ph := c.Phase(); ph != call.Ringing || c.Ring.Party == s.code || !call.RungOut(s.ageOf(c)) {
		return ph
	}
	return missed
}

// startRings notes, at the first look at calls, which rings are had already.
func (s *station) startRings() {
	k := &s.calling
	if k.since != nil {
		return
	}
	k.since, k.before = map[parley.Ref]time.Duration{}, map[parley.Ref]bool{}
	for _, c := range s.calls() {
		k.before[c.Ring.Ref] = c.Phase() == call.Ringing
	}
}

// ageOf is how old a ring is, by its writer's clock and by how long it was had here.
func (s *station) ageOf(c *call.Call) time.Duration {
	s.startRings()
	k, ref, rang := &s.calling, c.Ring.Ref, c.Ring.Time
	if c.Ring.Party != s.code {
		rang = s.byOurs(c.Ring.Party, rang)
	}
	if _, ok := k.since[ref]; !ok {
		k.since[ref] = s.w.now
	}
	return call.Heard{For: s.w.now - k.since[ref], Before: k.before[ref]}.Age(rang, s.time())
}

// hearsOfCall looks at the calls soon, when something of one was written.
func (s *station) hearsOfCall(after time.Duration) {
	if s.calling.due {
		return
	}
	s.calling.due = true
	s.later(after, func() { s.calling.due = false; s.syncCalls() })
}

// syncCalls begins and ends what the record says has begun and ended, rings, and files
// what time alone brings, as the clerk of a station does each second.
func (s *station) syncCalls() {
	cs := s.calls()
	s.startRings()
	var on *call.Call
	for _, c := range cs {
		if c.Phase() == call.Running && slices.Contains(c.Members(), s.code) {
			on = c
		}
	}
	k := &s.calling
	if k.live != nil && (on == nil || on.Ring.Ref != k.live.ref) {
		was := k.live
		k.live = nil
		if i := slices.IndexFunc(cs, func(c *call.Call) bool { return c.Ring.Ref == was.ref }); i >= 0 && cs[i].Hangups[s.code] == nil {
			was.end(call.Ended)
		}
	}
	if k.live == nil && on != nil && s.own != nil {
		s.begin(on)
	}
	if k.live != nil && on != nil {
		k.live.room.SetOthers(slices.DeleteFunc(on.Members(), func(p parley.PartyCode) bool { return p == s.code }))
	}
	again := k.live != nil
	for _, c := range cs[max(0, len(cs)-16):] {
		ph := s.phase(c)
		ours := c.Ring.Party == s.code
		again = again || ph == call.Ringing
		switch {
		case s.own == nil:
			return
		case ph == call.Ringing && ours && s.ageOf(c) >= call.RingFor:
			s.ofCall(c.Ring.Ref, &call.Hangup{Outcome: call.NoAnswer})
		case (ph == call.Over || ph == call.BrokenOff) && c.Hangups[s.code] == nil && c.Joined(s.code):
			s.ofCall(c.Ring.Ref, &call.Hangup{Outcome: call.Ended})
		case ours || ph != call.Ringing || c.Pickups[s.code] != nil || k.rang[c.Ring.Ref]:
		default:
			s.rings(c, on)
		}
	}
	if again {
		s.hearsOfCall(time.Second)
	}
}

// rings rings at the desk, or says that the line is busy. Somebody lifts after a while,
// declines, or does not hear it.
func (s *station) rings(c, on *call.Call) {
	if s.calling.rang == nil {
		s.calling.rang = map[parley.Ref]bool{}
	}
	ref := c.Ring.Ref
	s.calling.rang[ref] = true
	if on != nil && on.Ring.Ref != ref && !c.Ring.Flash {
		s.ofCall(ref, &call.Pickup{Phase: call.Busy})
		return
	}
	s.w.watch.rings(s, c)
	does := s.rng.IntN(10)
	s.later(time.Duration(1+s.rng.IntN(55))*time.Second, func() {
		i := slices.IndexFunc(s.calls(), func(x *call.Call) bool { return x.Ring.Ref == ref })
		if i < 0 {
			return
		}
		c := s.calls()[i]
		if ph := s.phase(c); c.Pickups[s.code] != nil || ph != call.Ringing && ph != call.Running {
			return
		}
		switch {
		case does < 7:
			if l := s.calling.live; l != nil && l.ref != ref {
				l.end(call.Ended)
			}
			s.ofCall(ref, &call.Pickup{Phase: call.Accept})
		case does == 7:
			s.ofCall(ref, &call.Pickup{Phase: call.Decline, Reason: contact.NotNow})
		}
	})
}
