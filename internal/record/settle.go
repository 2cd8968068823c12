package record

import (
	"parley"
)

// feedRun is how many entries are put in order at a time: a long record need
// never be in the sequencer as a whole.
const feedRun = 1 << 16

// settle puts the entries in record order (spec/order.md).
func (v *verifier) settle() {
	if !v.closed {
		return // the file ended before its entries did
	}
	s := &settler{v: v, seq: NewSequencer(v.founding.Charter.Codes(), 0), each: feedRun, listed: v.counts.entries <= v.opts.List}
	for _, h := range v.ranks {
		g := Generation{ID: h.cert.Gen, Party: h.cert.Party, Time: h.cert.Time, Disputed: h.disputed, Earlier: map[parley.GenerationID]uint64{}}
		for _, e := range h.cert.Earlier {
			g.Earlier[e.Gen] = e.Size
		}
		s.seq.AddGeneration(g)
		s.feeds = append(s.feeds, &feed{held: h, at: map[parley.GenerationID]int{}})
	}
	if err := s.run(); err != nil {
		v.failures.add(v.place, "", err)
		return
	}
	v.report.Settled, v.report.Unsettled = s.settled, len(s.rest)
	v.report.Late = v.counts.entries - s.settled - len(s.rest)
	if len(s.rest) > 0 {
		v.report.Waiting = s.rest[0].Missing
	}
	if s.listed {
		v.order = append(s.order, s.rest...)
	}
}

// settler feeds a sequencer from several logs.
type settler struct {
	v       *verifier
	seq     *Sequencer
	feeds   []*feed
	listed  bool
	order   []Placed // settled, when listed
	settled int
	rest    []Placed // not settled
	pending int      // fed and not settled
	next    int      // how many pending make the next ordering
	each    int      // the least of that
}

// feed is how far one log is fed.
type feed struct {
	*held
	fed uint64
	at  map[parley.GenerationID]int // next step of each
}

// run feeds every entry after those it has seen, the earliest first, so that
// what is settled on the way is what a station would have settled, and stays.
func (s *settler) run() error {
	s.next = s.each
	for f := s.earliest(); f != nil; f = s.earliest() {
		if err := s.add(f); err != nil {
			return err
		}
		if s.pending >= s.next {
			s.sequence()
		}
	}
	for _, f := range s.feeds { // what claims to have seen each other
		for f.fed < f.size() {
			if err := s.add(f); err != nil {
				return err
			}
		}
	}
	s.sequence()
	return nil
}

// earliest returns the log whose next entry can be fed and has the least time.
func (s *settler) earliest() (best *feed) {
	for _, f := range s.feeds {
		if f.fed < f.size() && (best == nil || f.times[f.fed] < best.times[best.fed]) && s.hasSeen(f) {
			best = f
		}
	}
	return best
}

// hasSeen reports whether all that the next entry newly sees is fed.
func (s *settler) hasSeen(f *feed) bool {
	for g, steps := range f.steps {
		if k := f.at[g]; k < len(steps) && steps[k].index == f.fed {
			if o := s.v.logs[g]; o == nil || s.feeds[o.rank].fed < steps[k].size {
				return false
			}
		}
	}
	return true
}

func (s *settler) add(f *feed) error {
	n := Node{Ref: f.ref(f.fed), Time: f.times[f.fed], Out: f.without[f.fed]}
	for g, steps := range f.steps {
		if k := f.at[g]; k < len(steps) && steps[k].index == f.fed {
			if n.Seen == nil {
				n.Seen = map[parley.GenerationID]uint64{}
			}
			n.Seen[g] = steps[k].size
			f.at[g]++
		}
	}
	f.fed++
	s.pending++
	return s.seq.Add(n)
}

// sequence takes what is settled now.
func (s *settler) sequence() {
	settled, rest := s.seq.Order()
	s.settled += len(settled)
	if s.listed {
		s.order = append(s.order, settled...)
	}
	s.rest, s.pending = rest, len(rest)
	s.next = 2*len(rest) + s.each
}
