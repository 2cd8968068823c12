package exchange

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"parley"
	"parley/internal/call"
	"parley/internal/call/tape"
	"parley/internal/call/trunk"
	"parley/internal/contact"
)

// Slots a desk hears and sees at once.
const (
	Voices   = 8
	Pictures = 3
)

// A Leg is the desk or the telephone of somebody on the call. Its methods never
// block, and come from any goroutine.
type Leg interface {
	Play(slot int, p *rtp.Packet) error // one packet of a voice that he hears
	Show(slot int, p *rtp.Packet) error // one of a picture
	AskPicture()                        // a whole picture of his camera is wanted
	Close()
}

// Options are what an exchange is made from.
type Options struct {
	Us     parley.PartyCode
	Others []parley.PartyCode // all who may be on the call
	Run    uint64             // see call.NewRoom
	Mode   contact.Interpreting
	Flow   uint32 // names the call on the trunks and in halves (call.Number)
	Again  bool   // the station had put its people through already, before it was started anew
	// Send sends our half to another station over every path that is proved. It
	// must not block.
	Send func(to parley.PartyCode, half []byte)
	// Paths are the proved paths to another station.
	Paths func(to parley.PartyCode) []trunk.Path
	// Changed is told that something is to be shown anew, from any goroutine.
	Changed func()
	// Through is told once that our people were put through.
	Through func(at time.Time)
	// Tape takes each packet of a voice that is recorded; nil: none is. It must not
	// block, nor keep the packet.
	Tape func(v tape.Source, p *rtp.Packet, kind uint64)
	Now  func() time.Time
}

// Exchange is the switchboard of one call. Run lives it.
type Exchange struct {
	o      Options
	wake   chan struct{}
	others atomic.Pointer[[]parley.PartyCode] // who is on the call now, of o.Others
	table  atomic.Pointer[table]
	trunks map[parley.PartyCode]*trunk.Trunk

	mu      sync.Mutex
	room    *call.Room
	said    time.Time           // when our half was last sent
	owed    bool                // our half has changed since
	legs    map[uint64]*leg     // by the person's number
	choice  map[uint64]string   // which booth somebody hears; absent: the floor
	slots   map[uint64]*seating // who sits in which slot of somebody's desk
	lost    map[parley.PartyCode]time.Time
	gaps    []call.Span
	through time.Time
	were    []call.Attended // everybody of ours who was on the call
	closed  bool
}

// leg is a connected person.
type leg struct {
	Leg
	phone   bool
	voice   uint32 // the SSRCs that his voice and picture have on this call
	picture uint32
	showing bool         // his camera is on
	shows   atomic.Int64 // when a packet of it last came, Unix nanoseconds
	spoke   atomic.Int64 // nanoseconds since they were last counted
}

// New returns the exchange of a call.
func New(o Options) *Exchange {
	x := &Exchange{o: o, wake: make(chan struct{}, 1), room: call.NewRoom(o.Us, o.Others, o.Run, o.Mode), trunks: map[parley.PartyCode]*trunk.Trunk{},
		legs: map[uint64]*leg{}, choice: map[uint64]string{}, slots: map[uint64]*seating{}, lost: map[parley.PartyCode]time.Time{}}
	x.room.Name(o.Flow)
	if o.Again {
		x.room.Resume()
	}
	for _, p := range o.Others {
		x.trunks[p] = trunk.New(trunk.Options{Flow: o.Flow, Paths: func() []trunk.Path { return o.Paths(p) }, Now: o.Now,
			Deliver: func(pkt *rtp.Packet) { x.fromTrunk(p, pkt) }, PictureAsked: x.pictureAsked})
	}
	x.table.Store(&table{})
	x.others.Store(&o.Others)
	return x
}

// Run lives the exchange until ctx ends, and closes every leg then.
func (x *Exchange) Run(ctx context.Context) {
	const often = 200 * time.Millisecond // what trunks and silence are looked at
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			x.close()
			return
		case <-x.wake:
		case <-t.C:
		}
		t.Reset(min(max(x.step(), time.Millisecond), often))
	}
}

// step does what is due, and says in how long the next is at the latest.
func (x *Exchange) step() time.Duration {
	now := x.o.Now()
	for _, t := range x.trunks {
		t.Tick(now)
	}
	x.mu.Lock()
	for id, g := range x.legs {
		if d := g.spoke.Swap(0); d > 0 {
			x.room.Spoke(id, time.Duration(d))
		}
	}
	changed, next := x.room.Tick(now)
	if x.look(now) {
		changed, x.owed = true, true
	}
	put := false
	if changed {
		x.route()
		put = x.through.IsZero() && x.room.State().Halves[x.o.Us].Through
		if put {
			x.through = now
		}
	}
	lost := x.listen(now)
	var half *call.Half
	pace := x.room.Pace()
	if x.owed || now.Sub(x.said) >= pace {
		half, x.said, x.owed = x.room.Say(now), now, false
	}
	x.mu.Unlock()
	if half != nil {
		b := half.Encode()
		for _, p := range *x.others.Load() {
			x.o.Send(p, b)
		}
	}
	if put && !x.o.Again {
		x.o.Through(now)
	}
	if changed || lost {
		x.o.Changed()
	}
	if next.IsZero() {
		return pace
	}
	return min(next.Sub(x.o.Now()), pace)
}

// maxGaps bounds the gaps that are kept.
const maxGaps = 64

// listen notes which stations are lost and which came back: the gaps. The caller
// holds mu.
func (x *Exchange) listen(now time.Time) (changed bool) {
	for _, p := range *x.others.Load() {
		d := x.room.Lost(p, now)
		since, was := x.lost[p]
		switch {
		case d > 0 && !was:
			x.lost[p], changed = now.Add(-d), true
		case d == 0 && was:
			delete(x.lost, p)
			changed = true
			if len(x.gaps) < maxGaps {
				x.gaps = append(x.gaps, call.Span{From: uint64(since.Unix()), Until: uint64(now.Unix())})
			}
		}
	}
	return changed
}

// Do does one act of our side, and lets it be heard and sent at once.
func (x *Exchange) Do(act func(r *call.Room) error) error {
	x.mu.Lock()
	if x.closed {
		x.mu.Unlock()
		return parley.Errorf(parley.Conflict, "the call has ended")
	}
	err := act(x.room)
	if err == nil {
		x.note()
		x.route()
		x.owed = true
	}
	x.mu.Unlock()
	if err == nil {
		x.hurry()
		x.o.Changed()
	}
	return err
}

// note keeps everybody who is on the call for the roster of its end. The caller
// holds mu.
func (x *Exchange) note() {
	for _, p := range x.room.State().Halves[x.o.Us].People {
		a := call.Attended{Name: p.Name, Title: p.Title, Role: p.Role, Tongue: p.Tongue}
		if p.Place != call.Watch && !slices.Contains(x.were, a) && len(x.were) < 256 {
			x.were = append(x.were, a)
		}
	}
}

func (x *Exchange) hurry() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// HalfIn takes in what another station sent of its half.
func (x *Exchange) HalfIn(from parley.PartyCode, b []byte) error {
	h, err := call.ParseHalf(b)
	if err != nil {
		return err
	}
	x.mu.Lock()
	before := x.room.State().Halves[from]
	changed, err := x.room.Take(from, h, x.o.Now())
	shown := changed && (before == nil || before.Number != h.Number || before.Run != h.Run)
	if changed {
		x.route()
		x.owed = x.owed || shown // so that it learns soon that its people were announced
	}
	x.mu.Unlock()
	if shown {
		x.hurry()
		x.o.Changed()
	}
	return err
}

// SetOthers says which of the other sides are on the call now.
func (x *Exchange) SetOthers(now []parley.PartyCode) {
	if slices.Equal(now, *x.others.Load()) {
		return
	}
	now = slices.Clone(now)
	x.others.Store(&now)
	x.mu.Lock()
	x.room.SetOthers(now)
	x.route()
	x.owed = true
	x.mu.Unlock()
	x.hurry()
	x.o.Changed()
}

// Others are the other sides that are on the call now. Nobody changes the slice.
func (x *Exchange) Others() []parley.PartyCode { return *x.others.Load() }

// MediaIn takes in one datagram of another station.
func (x *Exchange) MediaIn(from parley.PartyCode, path string, b []byte) {
	if t := x.trunks[from]; t != nil {
		t.Receive(path, b)
	}
}

// Join connects the desk or telephone of somebody on the call, in place of what
// he had before. The leg is closed when it is replaced, when he leaves, and at the
// end; closed says when he may no longer send.
func (x *Exchange) Join(id uint64, l Leg, phone, camera bool) error {
	x.mu.Lock()
	if x.closed || x.room.State().Halves[x.o.Us].Person(id) == nil {
		x.mu.Unlock()
		l.Close()
		return parley.Errorf(parley.NotFound, "nobody of that number is on the call")
	}
	g := &leg{Leg: l, phone: phone, voice: newSSRC()}
	old := x.legs[id] // another browser counts its packets anew: under the old source they would be taken for late ones
	if camera {
		g.picture = newSSRC()
	}
	x.legs[id] = g
	x.slots[id] = newSeating()
	err := x.room.Wire(id, uint64(g.voice), g.shown(), phone, false)
	x.route()
	x.owed = true
	x.mu.Unlock()
	if old != nil {
		old.Close()
	}
	x.hurry()
	x.o.Changed()
	return err
}

// Gone says that a leg has ended by itself: he is away, and may come back.
func (x *Exchange) Gone(id uint64, l Leg) {
	x.mu.Lock()
	g := x.legs[id]
	if g == nil || g.Leg != l {
		x.mu.Unlock()
		return
	}
	delete(x.legs, id)
	if x.room.Wire(id, uint64(g.voice), 0, g.phone, true) == nil {
		x.owed = true
	}
	x.route()
	x.mu.Unlock()
	x.hurry()
	x.o.Changed()
}

// Leave takes somebody off the call and closes his leg.
func (x *Exchange) Leave(id uint64) error {
	err := x.Do(func(r *call.Room) error { return r.Leave(id) })
	x.mu.Lock()
	g := x.legs[id]
	delete(x.legs, id)
	delete(x.choice, id)
	delete(x.slots, id)
	x.route()
	x.mu.Unlock()
	if g != nil {
		g.Close()
	}
	return err
}

// Choose lets somebody hear a booth's language; "" the floor.
func (x *Exchange) Choose(id uint64, tongue string) {
	x.mu.Lock()
	if tongue == "" {
		delete(x.choice, id)
	} else {
		x.choice[id] = tongue
	}
	x.route()
	x.mu.Unlock()
	x.o.Changed()
}

func newSSRC() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:]) | 1 // never 0
}

func (x *Exchange) close() {
	x.mu.Lock()
	x.closed = true
	legs := x.legs
	x.legs = map[uint64]*leg{}
	x.table.Store(&table{})
	x.mu.Unlock()
	for _, g := range legs {
		g.Close()
	}
}
