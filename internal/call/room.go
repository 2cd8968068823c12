package call

import (
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/contact"
)

// A Room is one station's end of a call: its own half, and the newest of the
// others'. It is pure: time comes as an argument, and what is to be sent is asked
// for. It is for one goroutine.
type Room struct {
	us     parley.PartyCode
	others []parley.PartyCode
	run    uint64 // as it began
	call   uint64 // the number of the call, where named
	named  bool
	own    *Half
	theirs map[parley.PartyCode]*Half
	heard  map[parley.PartyCode]time.Time
	clocks map[parley.PartyCode]*offset
	outran map[parley.PartyCode]int // how often each has had us begin another run
	came   map[uint64]time.Time     // since when our people are on the call
	waited map[uint64]bool          // who of them waits for third sides no longer
	agreed time.Time                // since when all were ready or through
	nextID uint64
	state  *State // what State gave last; nil when something has changed since
	first  time.Time
	last   time.Time     // what at gave last
	behind time.Duration // by how much the machine's clock was set back
}

// Times of a call.
const (
	Beat     = time.Second            // how often a half is sent that has not changed
	Haste    = 200 * time.Millisecond // the same, while people are about to be put through
	LostAt   = 4 * time.Second        // silence after which the other station is shown as lost, and for how long a newcomer waits for third sides
	leastGap = time.Second            // from deciding on the moment of putting through until it comes: some copies are lost
	mostGap  = 10 * time.Second       // a moment farther off is not believed
	moved    = 20 * time.Millisecond  // a moment that was set anew is taken over anew
)

// NewRoom returns our end of a call with the others. run is to be greater than
// that of any room of this call that the station had before.
func NewRoom(us parley.PartyCode, others []parley.PartyCode, run uint64, mode contact.Interpreting) *Room {
	return &Room{us: us, others: slices.Clone(others), run: run, own: &Half{Party: string(us), Run: run, Number: 1, Mode: mode},
		theirs: map[parley.PartyCode]*Half{}, heard: map[parley.PartyCode]time.Time{}, clocks: map[parley.PartyCode]*offset{}, outran: map[parley.PartyCode]int{}, came: map[uint64]time.Time{}, waited: map[uint64]bool{}}
}

// SetOthers says which other sides are on the call now. What was known of one
// that is no longer is forgotten.
func (r *Room) SetOthers(others []parley.PartyCode) {
	r.others, r.state = slices.Clone(others), nil
	for p := range r.theirs {
		if !slices.Contains(others, p) {
			delete(r.theirs, p)
			delete(r.heard, p)
			delete(r.clocks, p)
		}
	}
}

// Resume is for a station that was started anew in the midst of a call: its people
// were put through already, and are at once.
func (r *Room) Resume() { r.change(func() { r.own.Through = true }) }

// State returns the call as it is known now. Nobody changes it.
func (r *Room) State() *State {
	if r.state == nil {
		own := r.own.clone()
		s := &State{Us: r.us, Halves: map[parley.PartyCode]*Half{r.us: own}, Waited: maps.Clone(r.waited)}
		for p, h := range r.theirs {
			s.Halves[p] = h
			own.Seen = append(own.Seen, Seen{Party: string(p), Run: h.Run, Half: h.Number})
		}
		r.state = s
	}
	return r.state
}

// Pace is how often our half is to be sent while it does not change.
func (r *Room) Pace() time.Duration {
	if r.own.Ready && !r.own.Through {
		return Haste
	}
	for _, h := range r.theirs {
		if r.own.Through && h.Ready && !h.Through {
			return Haste
		}
	}
	return Beat
}

// setBack is what is a clock set back, and no event that was told late.
const setBack = 100 * time.Millisecond

// at is now by a clock that does not go back within a run, whatever the machine's
// is set to: where now carries a reading of the clock that only runs, by that.
func (r *Room) at(now time.Time) time.Time {
	if r.first.IsZero() {
		r.first = now
	}
	t := r.first.Add(now.Sub(r.first) + r.behind)
	if d := r.last.Sub(t); d > 0 {
		if d > setBack {
			r.behind += d
		}
		t = r.last
	}
	r.last = t
	return t
}

// Say returns our half as it is to be sent now.
func (r *Room) Say(now time.Time) *Half {
	now = r.at(now)
	h := r.own.clone()
	h.Clock = millis(now)
	if r.named {
		h.Signals = append(h.Signals, Signal{Number: r.call, Kind: OfCall})
	}
	for _, p := range r.others {
		if t := r.theirs[p]; t != nil {
			h.Seen = append(h.Seen, Seen{Party: string(p), Run: t.Run, Half: t.Number, Sent: t.Clock, Held: uint64(max(now.Sub(r.heard[p]), 0).Milliseconds())})
		}
	}
	return h
}

// Take takes in the half of another side; changed is false for one that says
// nothing new. The error is of kind WrongParty.
func (r *Room) Take(from parley.PartyCode, h *Half, now time.Time) (changed bool, err error) {
	if h.Party != string(from) {
		return false, parley.Errorf(parley.WrongParty, "half a call of %q came from %s", h.Party, from)
	}
	if !slices.Contains(r.others, from) || r.ofAnother(h) {
		return false, nil // it has not lifted, or has hung up; it is late, and of a call that has ended
	}
	now = r.at(now)
	o := r.theirs[from]
	again := o != nil && h.Run == o.Run && h.Number == o.Number && h.Clock > o.Clock
	if !h.newer(o) && !again {
		return false, nil
	}
	r.theirs[from], r.heard[from], r.state = h, now, nil
	r.outrun(from, h)
	for _, s := range h.Seen {
		if s.Party == string(r.us) && s.Run == r.own.Run && s.Sent != 0 {
			if r.clocks[from] == nil {
				r.clocks[from] = new(offset)
			}
			r.clocks[from].note(now, s.Sent, s.Held, h.Clock)
		}
	}
	return true, nil
}

// mostBack bounds by how much a clock is taken to have been set back, in milliseconds:
// ten years. Who says that he has seen more of us has not.
const mostBack = 10 * 366 * 24 * 3600 * 1000

// mostOutrun is how often one other side is believed that it has seen more of us: an
// honest one says it once. With each new run our people are unheard until every side
// has seen it, so who says it all the time would part us from the others.
const mostOutrun = 3

// outrun begins a run above the one that another side says it has seen of us: our
// station was started anew with its clock set back, and its halves would be passed over
// until the call ends.
func (r *Room) outrun(from parley.PartyCode, h *Half) {
	for _, s := range h.Seen {
		if s.Party == string(r.us) && s.Run > r.own.Run && s.Run <= r.run+mostBack && r.outran[from] < mostOutrun {
			r.outran[from]++
			r.change(func() { r.own.Run = s.Run + 1 })
		}
	}
}

// Lost reports for how long nothing has been heard of another side's station; 0
// while it is heard.
func (r *Room) Lost(p parley.PartyCode, now time.Time) time.Duration {
	if d := r.at(now).Sub(r.heard[p]); d >= LostAt && !r.heard[p].IsZero() {
		return d
	}
	return 0
}

// Tick puts our people through when the moment has come that both sides agreed
// on; changed is true when our half did, or what our people hear. next is when to
// call it again at the latest; zero: when something changes.
func (r *Room) Tick(now time.Time) (changed bool, next time.Time) {
	t := r.at(now)
	changed = r.wait(t)
	if r.own.Through {
		return changed, time.Time{}
	}
	if !r.ready() {
		r.agreed = time.Time{}
		if r.own.Moment != 0 {
			r.change(func() { r.own.Moment = 0 })
			return true, time.Time{}
		}
		return changed, time.Time{}
	}
	if r.agreed.IsZero() {
		r.agreed = t
	}
	if at := r.moment(t); at != r.own.Moment {
		r.change(func() { r.own.Moment = at })
		changed = true
	}
	if r.own.Moment == 0 {
		return changed, time.Time{}
	}
	if left := time.UnixMilli(int64(r.own.Moment)).Sub(t); left > 0 && left <= mostGap {
		return changed, now.Add(left)
	}
	r.change(func() { r.own.Through = true })
	return true, time.Time{}
}

// wait notes who of our people has been on the call for so long that he waits for
// third sides no longer: one that is silent would keep him from hearing the others.
func (r *Room) wait(now time.Time) (changed bool) {
	gone := func(id uint64) bool { return r.own.Person(id) == nil }
	maps.DeleteFunc(r.came, func(id uint64, _ time.Time) bool { return gone(id) })
	maps.DeleteFunc(r.waited, func(id uint64, _ bool) bool { return gone(id) })
	for i := range r.own.People {
		id := r.own.People[i].ID
		if at, known := r.came[id]; !known {
			r.came[id] = now
		} else if !r.waited[id] && now.Sub(at) >= LostAt {
			r.waited[id], r.state = true, nil
			changed = len(r.others) > 1
		}
	}
	return changed
}

// ready reports whether every side's watch pressed READY, or has put its people
// through already.
func (r *Room) ready() bool {
	if !r.own.Ready {
		return false
	}
	for _, p := range r.others {
		if h := r.theirs[p]; h == nil || !h.Ready && !h.Through {
			return false
		}
	}
	return true
}

// moment is when to put through, by our clock in milliseconds; 0 while it is not
// known. The side with the least code decides it once, when it knows how long the way
// to each other side is; the others follow it, also where it decides anew. Where
// somebody is through already it is now.
func (r *Room) moment(now time.Time) uint64 {
	least := r.us
	longest, measured := time.Duration(0), true
	for _, p := range r.others {
		if r.theirs[p].Through {
			return millis(now)
		}
		least = min(least, p)
		c := r.clocks[p]
		if measured = measured && c != nil; c != nil {
			longest = max(longest, c.rtt)
		}
	}
	if least == r.us {
		if r.own.Moment != 0 {
			return r.own.Moment
		}
		if !measured && now.Sub(r.agreed) < mostGap {
			return 0
		}
		return millis(now.Add(min(leastGap+2*longest, mostGap)))
	}
	h, c := r.theirs[least], r.clocks[least]
	if h.Moment == 0 || c == nil {
		return 0
	}
	at := time.UnixMilli(int64(h.Moment)).Add(-c.ahead)
	if old := time.UnixMilli(int64(r.own.Moment)); r.own.Moment != 0 && at.Sub(old).Abs() <= moved {
		return r.own.Moment
	}
	return max(millis(at), 1)
}

// Clock is the shortest time lately that a half took to another station and back,
// and how far its clock is ahead of ours; zeros where it is not known.
func (r *Room) Clock(p parley.PartyCode) (rtt, ahead time.Duration) {
	if c := r.clocks[p]; c != nil {
		return c.rtt, c.ahead
	}
	return 0, 0
}

// change does one change of our own half.
func (r *Room) change(f func()) {
	r.own.Number++
	r.state = nil
	f()
}

func millis(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) }

// offset estimates how far another station's clock is ahead of ours, by the
// quickest of the last exchanges (as NTP does).
type offset struct {
	rtt   time.Duration
	ahead time.Duration
	last  [8]sample
	n     int
}

type sample struct{ rtt, ahead time.Duration }

// rounding is by how much two honest samples may differ for being in milliseconds.
const rounding = 5 * time.Millisecond

// note takes in one exchange: sent by our clock, held so long there, answered at
// their clock. What cannot be is passed over.
func (o *offset) note(now time.Time, sent, held, theirs uint64) {
	rtt := now.Sub(time.UnixMilli(int64(sent))) - time.Duration(min(held, 1<<30))*time.Millisecond
	if rtt < 0 || rtt > mostGap {
		return
	}
	s := sample{rtt, time.UnixMilli(int64(theirs)).Add(rtt / 2).Sub(now)}
	if o.n > 0 && (s.ahead-o.ahead).Abs() > (s.rtt+o.rtt)/2+rounding {
		*o = offset{} // both cannot be: a clock was set
	}
	o.last[o.n%len(o.last)] = s
	o.n++
	best := o.last[0]
	for _, s := range o.last[:min(o.n, len(o.last))] {
		if s.rtt < best.rtt {
			best = s
		}
	}
	o.rtt, o.ahead = best.rtt, best.ahead
}
