package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/line"
	"parley/internal/wire"
)

// frameHalf is the type of the frame that carries a half (spec/calls.md, Frames).
const frameHalf = 64

type halfFrame struct {
	_    struct{} `cbor:",toarray"`
	Type uint64
	Body []byte
}

func isHalf(raw []byte) bool {
	return len(raw) > 3 && raw[0] == 0x82 && raw[1] == 0x18 && raw[2] == frameHalf
}

// liveCall is a call that runs, at one station.
type liveCall struct {
	s       *station
	ref     parley.Ref
	room    *call.Room
	rng     *rand.Rand
	from    time.Duration // when it began here
	clock   time.Time     // what our clock showed then: from there on it only runs
	said    time.Duration // when our half was last sent
	through bool
	ended   bool
}

// begin makes our end of a call, and lets its people come, be ready, act and hang up.
func (s *station) begin(c *call.Call) {
	var others []parley.PartyCode
	for _, p := range c.Members() {
		if p != s.code {
			others = append(others, p)
		}
	}
	mode := c.Ring.Form.(*call.Ring).Interpreting
	l := &liveCall{s: s, ref: c.Ring.Ref, rng: rand.New(rand.NewPCG(s.w.plan.Seed, s.rng.Uint64())), from: s.w.now, clock: s.time(),
		room: call.NewRoom(s.code, others, uint64(max(1, s.time().UnixMilli())), mode)}
	l.room.Name(call.Number(l.ref))
	s.calling.live = l
	s.w.watch.callOf(l.ref)
	s.w.counts.Calls++
	s.w.tell("call", s.code, "", "%s is on call %s", s.code, l.ref)
	if c.Roster(s.code, 0) != nil {
		l.room.Resume()
		l.through = true
	}
	l.enter(call.Person{Name: "the watch", Role: contact.Listener, Place: call.Watch})
	for i := range 1 + l.rng.IntN(3) {
		l.later(time.Duration(l.rng.IntN(8000))*time.Millisecond, func() {
			l.enter(call.Person{Name: fmt.Sprint("somebody ", i), Role: [...]contact.Role{contact.Principal, contact.Delegate, contact.Interpreter, contact.NoteTaker}[l.rng.IntN(4)], Tongue: [...]string{"en", "fr"}[l.rng.IntN(2)]})
		})
	}
	l.later(time.Duration(1+l.rng.IntN(15))*time.Second, l.press)
	l.later(time.Duration(20+l.rng.IntN(200))*time.Second, func() {
		outcome := call.Ended
		for _, p := range others {
			if l.room.Lost(p, l.now()) > 0 {
				outcome = call.Broken
			}
		}
		l.end(outcome)
	})
	l.beat()
	l.acts()
}

func (l *liveCall) now() time.Time { return l.clock.Add(l.s.w.now - l.from) }

// later does something in d if the call still runs here.
func (l *liveCall) later(d time.Duration, do func()) {
	l.s.later(d, func() {
		if l.s.calling.live == l {
			do()
		}
	})
}

func (l *liveCall) enter(p call.Person) {
	id, err := l.room.Enter(p)
	if err == nil {
		err = l.room.Wire(id, 1+l.rng.Uint64N(1<<31), 0, false, l.rng.IntN(10) == 0)
	}
	must(err)
	l.say()
}

// press says that our side is ready, as soon as somebody is there who speaks.
func (l *liveCall) press() {
	if l.room.SetReady(true) == nil {
		l.s.w.watch.pressed(l)
		l.say()
	} else if !l.through {
		l.later(3*time.Second, l.press)
	}
}

// beat sends our half as often as it is to be sent, and puts our people through when
// the moment has come.
func (l *liveCall) beat() {
	changed, next := l.room.Tick(l.now())
	if st := l.room.State(); st.Halves[l.s.code].Through && !l.through {
		l.through = true
		l.s.w.watch.wentThrough(l)
		l.s.ofCall(l.ref, &call.Roster{People: l.people()})
		if l.s.own == nil {
			return
		}
	}
	if changed || l.s.w.now-l.said >= l.room.Pace() {
		l.say()
	}
	wait := l.said + l.room.Pace() - l.s.w.now
	if !next.IsZero() {
		wait = min(wait, next.Sub(l.now()))
	}
	l.later(max(wait, 10*time.Millisecond), l.beat)
}

func (l *liveCall) people() (out []call.Attended) {
	for _, p := range l.room.State().Halves[l.s.code].People {
		if p.Place != call.Watch {
			out = append(out, call.Attended{Name: p.Name, Role: p.Role, Tongue: p.Tongue})
		}
	}
	return out
}

// say sends our half over every session; where a path is slower it is dropped.
func (l *liveCall) say() {
	l.said = l.s.w.now
	h := l.room.Say(l.now())
	l.s.w.watch.saidHalf(l, h)
	raw := wire.Encode(&halfFrame{Type: frameHalf, Body: h.Encode()})
	for _, c := range l.s.w.cablesOf(l.s, nil) {
		i := c.end(l.s)
		if c.live != nil && c.live.up[i] && c.live.life[i] == l.s.life && !c.dirs[i].sending {
			c.send(i, c.live, line.ClassImmediate, raw)
		}
	}
	l.s.w.watch.heard(l)
}

// halfIn takes in the half of another station.
func (s *station) halfIn(from parley.PartyCode, raw []byte) {
	var f halfFrame
	l := s.calling.live
	if wire.Decode(raw, &f) != nil || l == nil {
		return
	}
	h, err := call.ParseHalf(f.Body)
	if err != nil {
		s.w.fail("what a station says can be said", "half of a call of %s: %v", from, err)
		return
	}
	changed, err := l.room.Take(from, h, l.now())
	must(err)
	s.w.counts.Halves++
	if changed {
		s.w.watch.tookHalf(l, h)
		s.w.watch.heard(l)
	}
}

// acts lets people on the call do something now and then.
func (l *liveCall) acts() {
	l.later(time.Duration(500+l.rng.IntN(6000))*time.Millisecond, func() {
		r := l.room
		if p, ok := one(l.rng, r.State().Halves[l.s.code].People); ok {
			on := l.rng.IntN(2) == 0
			switch l.rng.IntN(11) {
			case 0:
				r.Mute(p.ID, on)
			case 1:
				r.StepAside(p.ID, on)
			case 2:
				r.Consult([...]string{"", "", "we consult"}[l.rng.IntN(3)])
			case 3:
				r.TakeBooth(p.ID, [...]string{"", "fr", "en"}[l.rng.IntN(3)])
			case 4:
				r.GoOnAir(p.ID)
			case 5:
				r.Cast(p.ID, contact.Role(l.rng.IntN(5)), "fr")
			case 6:
				r.TakeTurn(p.ID, l.now())
			case 7:
				r.Ask(p.ID, uint64(l.rng.IntN(4)))
			case 8:
				if p.Place != call.Watch {
					r.Leave(p.ID)
				}
			case 9:
				r.Interpret(contact.Interpreting(l.rng.IntN(3)))
			default:
				l.enter(call.Person{Name: "a newcomer", Role: contact.Role(l.rng.IntN(5)), Tongue: "en"})
			}
			l.say()
		}
		l.acts()
	})
}

// end files the end of our part in the call, once.
func (l *liveCall) end(outcome uint64) {
	if l.ended {
		return
	}
	l.ended = true
	if l.through {
		l.s.ofCall(l.ref, &call.Roster{Phase: 1, People: l.people()})
	}
	l.s.ofCall(l.ref, &call.Hangup{Outcome: outcome})
}
