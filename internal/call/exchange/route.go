package exchange

import (
	"cmp"
	"slices"
	"time"

	"github.com/pion/rtp"

	"parley"
	"parley/internal/call"
	"parley/internal/call/tape"
	"parley/internal/call/trunk"
	"parley/internal/contact"
)

// table says where each packet goes. It is never changed; route makes another.
type table struct {
	own   map[uint64]*way // by the number of one of our own people
	voice map[remote]*way // by the SSRC of somebody of another side
	view  map[remote]*way // likewise of pictures
	shown map[uint64]*way // our own people's pictures
}

type remote struct {
	party parley.PartyCode
	ssrc  uint32
}

// way is where the packets of one source go.
type way struct {
	id      uint64 // of our own source
	leg     *leg
	crosses bool // to the other stations
	to      []ear
	taped   *tape.Source // whose voice it is, where it is recorded; else nil
}

// ear is one slot of one listener.
type ear struct {
	leg  *leg
	slot int
}

// seating is which source is heard in which slot of a desk: once there, it stays
// there while it is heard.
type seating struct {
	voices   [Voices]call.Who
	pictures [Pictures]call.Who
}

func newSeating() *seating { return &seating{} }

// seat gives every source a slot: those that have one keep it. What does not fit
// is not heard, the least important first.
func seat(slots []call.Who, want []call.Who) {
	want = want[:min(len(want), len(slots))]
	for i, w := range slots {
		if !slices.Contains(want, w) {
			slots[i] = call.Who{}
		}
	}
	for _, w := range want {
		if slices.Contains(slots, w) {
			continue
		}
		slots[slices.Index(slots, call.Who{})] = w
	}
}

// route makes the table anew. The caller holds mu.
func (x *Exchange) route() {
	s := x.room.State()
	t := &table{own: map[uint64]*way{}, voice: map[remote]*way{}, view: map[remote]*way{}, shown: map[uint64]*way{}}
	sources, pictures := sourcesOf(s), picturesOf(s)
	for id, g := range x.legs {
		p := s.Halves[x.o.Us].Person(id)
		if p == nil {
			continue
		}
		t.own[id] = &way{id: id, leg: g, crosses: s.Crosses(id), taped: x.taped(s, x.o.Us, p)}
		t.shown[id] = &way{id: id, leg: g, crosses: s.Shows(id)}
	}
	for _, p := range x.o.Others {
		var ssrcs []uint32
		if h := s.Halves[p]; h != nil {
			for i := range h.People {
				q := &h.People[i]
				if q.Voice != 0 {
					ssrcs = append(ssrcs, uint32(q.Voice))
					t.voice[remote{p, uint32(q.Voice)}] = &way{taped: x.taped(s, p, q)}
				}
				if q.Picture != 0 {
					ssrcs = append(ssrcs, uint32(q.Picture))
					t.view[remote{p, uint32(q.Picture)}] = &way{}
				}
			}
		}
		x.trunks[p].Sources(ssrcs)
	}
	for id, g := range x.legs {
		x.seatOne(s, t, sources, pictures, id, g)
	}
	x.table.Store(t)
}

// taped is whose voice is recorded; nil where it is not.
func (x *Exchange) taped(s *call.State, party parley.PartyCode, p *call.Person) *tape.Source {
	if x.o.Tape == nil || !s.Taped(call.Who{Party: party, ID: p.ID}) {
		return nil
	}
	return &tape.Source{Party: party, Person: p.ID, Name: p.Name, Tongue: p.Tongue}
}

// tape hands a packet over to be recorded.
func (x *Exchange) tape(y *way, p *rtp.Packet) {
	if y.taped == nil {
		return
	}
	kind := tape.Opus
	if p.PayloadType == trunk.PCMU {
		kind = tape.PCMU
	}
	x.o.Tape(*y.taped, p, kind)
}

// seatOne gives one listener his slots. The caller holds mu.
func (x *Exchange) seatOne(s *call.State, t *table, sources, pictures []call.Who, id uint64, g *leg) {
	var hears, sees []call.Who
	me := call.Who{Party: x.o.Us, ID: id}
	for _, w := range sources {
		if s.Hears(me, w, x.choice[id]) != call.Nothing {
			hears = append(hears, w)
		}
	}
	for _, w := range pictures {
		if s.Sees(me, w) {
			sees = append(sees, w)
		}
	}
	st := x.slots[id]
	before := st.voices
	seat(st.voices[:], hears)
	for slot, w := range st.voices {
		if w == (call.Who{}) && before[slot] != w {
			hush(g, slot)
		}
	}
	seat(st.pictures[:], sees)
	for slot, w := range st.voices {
		if y := t.wayOf(s, x.o.Us, w, false); y != nil {
			y.to = append(y.to, ear{g, slot})
		}
	}
	for slot, w := range st.pictures {
		if y := t.wayOf(s, x.o.Us, w, true); y != nil {
			y.to = append(y.to, ear{g, slot})
		}
	}
}

// A hushing leg ends what is heard in a slot with silence. Browsers draw the last
// sound out where packets just stop to come.
type hushing interface{ Hush(slot int) error }

func hush(g *leg, slot int) {
	if l, ok := g.Leg.(hushing); ok {
		l.Hush(slot)
	}
}

// wayOf finds the way of a source.
func (t *table) wayOf(s *call.State, us parley.PartyCode, w call.Who, picture bool) *way {
	_, p := s.Find(w)
	switch {
	case p == nil:
		return nil
	case w.Party == us && picture:
		return t.shown[w.ID]
	case w.Party == us:
		return t.own[w.ID]
	case picture:
		return t.view[remote{w.Party, uint32(p.Picture)}]
	}
	return t.voice[remote{w.Party, uint32(p.Voice)}]
}

// sourcesOf are all who have a voice, the most important first and then in an
// order that does not depend on chance.
func sourcesOf(s *call.State) []call.Who {
	return ranked(s, func(_ call.Who, p *call.Person) (int, bool) { return rankOf(p.Role), p.Voice != 0 })
}

// picturesOf are all who show one, whoever has the turn first: there are fewer
// places than people, and interpreters come last.
func picturesOf(s *call.State) []call.Who {
	speaks, _, _ := s.Turn()
	return ranked(s, func(w call.Who, p *call.Person) (int, bool) {
		switch {
		case w == speaks:
			return -1, p.Picture != 0
		case p.Role == contact.Interpreter:
			return 3, p.Picture != 0
		}
		return rankOf(p.Role), p.Picture != 0
	})
}

func ranked(s *call.State, rank func(call.Who, *call.Person) (int, bool)) (out []call.Who) {
	ranks := map[call.Who]int{}
	for party, h := range s.Halves {
		for i := range h.People {
			w := call.Who{Party: party, ID: h.People[i].ID}
			if n, ok := rank(w, &h.People[i]); ok {
				ranks[w] = n
				out = append(out, w)
			}
		}
	}
	slices.SortFunc(out, func(a, b call.Who) int {
		return cmp.Or(cmp.Compare(ranks[a], ranks[b]), cmp.Compare(a.Party, b.Party), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func rankOf(r contact.Role) int {
	switch r {
	case contact.Principal:
		return 0
	case contact.Interpreter:
		return 1
	}
	return 2
}

// speaks is the level from which somebody is taken to be speaking: decibels under
// full scale.
const speaks = 50

// Voice takes one packet of somebody's microphone. level is how far it is under
// full scale, in decibels; 255 where it is not known.
func (x *Exchange) Voice(id uint64, l Leg, p *rtp.Packet, level uint8) {
	t := x.table.Load()
	y := t.own[id]
	if y == nil || y.leg.Leg != l {
		return
	}
	g := y.leg
	if level < speaks && y.crosses { // what a side says among itself is nobody else's to know, nor for how long
		g.spoke.Add(int64(frame(p)))
	}
	y.play(p)
	x.tape(y, p)
	if y.crosses {
		out := *p
		out.SSRC = g.voice
		x.cross(&out)
	}
}

// frame is how long the sound of one packet is: what all browsers send.
func frame(*rtp.Packet) time.Duration { return 20 * time.Millisecond }

func (y *way) play(p *rtp.Packet) {
	for _, e := range y.to {
		e.leg.Play(e.slot, p)
	}
}

func (x *Exchange) cross(p *rtp.Packet) {
	for _, o := range *x.others.Load() {
		x.trunks[o].Send(p)
	}
}

// Picture takes one packet of somebody's camera.
func (x *Exchange) Picture(id uint64, l Leg, p *rtp.Packet) {
	y := x.table.Load().shown[id]
	if y == nil || y.leg.Leg != l || y.leg.picture == 0 {
		return
	}
	now := x.o.Now().UnixNano()
	if before := y.leg.shows.Swap(now); now-before > int64(dark) {
		x.hurry() // he shows himself now: the others learn of it before they see him
	}
	for _, e := range y.to {
		e.leg.Show(e.slot, p)
	}
	if y.crosses {
		out := *p
		out.SSRC = y.leg.picture
		x.cross(&out)
	}
}

// dark is for how long nothing comes of a camera that is off.
const dark = 10 * time.Second

// look notes whose camera is on: who shows nothing takes no place of the few. The
// caller holds mu.
func (x *Exchange) look(now time.Time) (changed bool) {
	for id, g := range x.legs {
		on := g.shows.Load() > now.Add(-dark).UnixNano()
		if on == g.showing || g.picture == 0 {
			continue
		}
		g.showing = on
		if x.room.Wire(id, uint64(g.voice), g.shown(), g.phone, false) == nil {
			changed = true
		}
	}
	return changed
}

// shown is the SSRC of a camera that is on; 0 of one that is not.
func (g *leg) shown() uint64 {
	if !g.showing {
		return 0
	}
	return uint64(g.picture)
}

// fromTrunk takes one packet of another side, which is valid during the call only.
// Legs keep it. A picture that bears the number of a voice is no voice: it would be
// taken at the rate of a picture.
func (x *Exchange) fromTrunk(party parley.PartyCode, p *rtp.Packet) {
	t := x.table.Load()
	if y := t.voice[remote{party, p.SSRC}]; y != nil && p.PayloadType != trunk.VP8 && (len(y.to) > 0 || y.taped != nil) {
		x.tape(y, p)
		if len(y.to) > 0 {
			y.play(p.Clone())
		}
		return
	}
	if y := t.view[remote{party, p.SSRC}]; y != nil && p.PayloadType == trunk.VP8 && len(y.to) > 0 {
		p = p.Clone()
		for _, e := range y.to {
			e.leg.Show(e.slot, p)
		}
	}
}

// PictureAsked says that a desk wants a whole picture in a slot.
func (x *Exchange) PictureAsked(id uint64, slot int) {
	x.mu.Lock()
	st := x.slots[id]
	s := x.room.State()
	var w call.Who
	if st != nil && slot >= 0 && slot < Pictures {
		w = st.pictures[slot]
	}
	_, p := s.Find(w)
	var own *leg
	if w.Party == x.o.Us {
		own = x.legs[w.ID]
	}
	x.mu.Unlock()
	switch {
	case p == nil:
	case own != nil:
		own.AskPicture()
	case w.Party != x.o.Us:
		x.trunks[w.Party].AskPicture(uint32(p.Picture))
	}
}

// pictureAsked is another station that wants a whole picture of one of ours.
func (x *Exchange) pictureAsked(ssrc uint32) {
	for _, y := range x.table.Load().shown {
		if y.leg.picture == ssrc {
			y.leg.AskPicture()
		}
	}
}
