package exchange

import (
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/call/trunk"
)

// A View is the call as a page shows it.
type View struct {
	State   *call.State
	Through time.Time // when our people were put through; zero: not yet
	Lost    map[parley.PartyCode]time.Duration
	RTT     map[parley.PartyCode]time.Duration
	Ahead   map[parley.PartyCode]time.Duration // their clock less ours
	Paths   map[parley.PartyCode]int           // on which they are reached; one for each who is on the call
	Loss    map[parley.PartyCode]float64       // share of their packets that was lost before it was made good
	Trunks  map[parley.PartyCode]trunk.Stats
	Choice  map[uint64]string
}

// View returns the call as it is now. It shares nothing that changes.
func (x *Exchange) View() View {
	now := x.o.Now()
	x.mu.Lock()
	v := View{State: x.room.State(), Through: x.through, Lost: map[parley.PartyCode]time.Duration{}, Trunks: map[parley.PartyCode]trunk.Stats{}, RTT: map[parley.PartyCode]time.Duration{},
		Ahead: map[parley.PartyCode]time.Duration{}, Paths: map[parley.PartyCode]int{}, Loss: map[parley.PartyCode]float64{}, Choice: maps.Clone(x.choice)}
	for _, p := range *x.others.Load() {
		if d := x.room.Lost(p, now); d > 0 {
			v.Lost[p] = d
		}
		v.RTT[p], v.Ahead[p] = x.room.Clock(p)
		v.Paths[p] = len(x.o.Paths(p))
	}
	x.mu.Unlock()
	for p, t := range x.trunks {
		v.Trunks[p] = t.Stats()
		v.Loss[p] = lossOf(v.Trunks[p])
	}
	return v
}

// lossOf is the share of a side's packets that did not come.
func lossOf(t trunk.Stats) float64 {
	if t.Expected == 0 {
		return 0
	}
	return float64(t.LostBefore) / float64(t.Expected)
}

// A Seat is a voice or a picture that somebody hears or sees, and where.
type Seat struct {
	Slot  int
	Who   call.Who
	Sound call.Sound // of a voice
}

// Seats are what somebody hears and sees now, by slot.
func (x *Exchange) Seats(id uint64) (voices, pictures []Seat) {
	x.mu.Lock()
	defer x.mu.Unlock()
	st := x.slots[id]
	if st == nil {
		return nil, nil
	}
	s := x.room.State()
	for i, w := range st.voices {
		if w != (call.Who{}) {
			voices = append(voices, Seat{i, w, s.Hears(call.Who{Party: x.o.Us, ID: id}, w, x.choice[id])})
		}
	}
	for i, w := range st.pictures {
		if w != (call.Who{}) {
			pictures = append(pictures, Seat{Slot: i, Who: w})
		}
	}
	return voices, pictures
}

// Record is what the exchange measured, for the end of the call.
func (x *Exchange) Record() (began time.Time, talk []call.Talk, gaps []call.Span, people []call.Attended) {
	x.mu.Lock()
	defer x.mu.Unlock()
	gaps = slices.Clone(x.gaps)
	for _, since := range x.lost {
		if len(gaps) < maxGaps {
			gaps = append(gaps, call.Span{From: uint64(since.Unix()), Until: uint64(x.o.Now().Unix())})
		}
	}
	return x.through, slices.Clone(x.room.State().Halves[x.o.Us].Talk), gaps, slices.Clone(x.were)
}
