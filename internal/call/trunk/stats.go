package trunk

import (
	"slices"
	"strings"
	"time"
)

// Reason is why something that came was dropped.
type Reason uint8

// The reasons.
const (
	none        Reason = iota
	OtherFlow          // of another call, or of none
	Malformed          // no RTP, RED or RTCP
	TooLarge           // over MaxDatagram; of ours, over every path's MTU
	Undeclared         // of a source that the other side did not declare
	PayloadType        // of no type that a trunk carries
	TooFast            // over the rate of its source or its path
	Late               // too old to be told from a copy
	Jumped             // a sequence number out of all order
	ManyPaths          // on a path too many
	reasons
)

var reasonNames = [reasons]string{"", "other-flow", "malformed", "too-large", "undeclared", "payload-type", "too-fast", "late", "jumped", "many-paths"}

// String returns the reason as it is written in logs and metrics.
func (r Reason) String() string {
	if r >= reasons {
		return "unknown"
	}
	return reasonNames[r]
}

// counts are the sums of a trunk.
type counts struct {
	sent, redundant       uint64
	expected, received    uint64 // of sources that are gone or began anew
	given, rebuilt        uint64
	lostBefore, lostAfter uint64
	dropped               [reasons]uint64
}

// add takes a source's figures in.
func (c *counts) add(s *source) {
	expected := s.expected()
	c.expected += expected
	c.received += s.received
	c.given += s.given
	c.rebuilt += s.rebuilt
	c.lostBefore += expected - min(expected, s.received)
	c.lostAfter += expected - min(expected, s.given)
}

// Stats is what a trunk knows of itself. Figures of what came are of all
// sources that were ever declared; packets still on their way to be rebuilt
// count as lost.
type Stats struct {
	Paths []PathStats // by name

	Sent       uint64  // packets of ours, whatever the number of paths
	Redundant  uint64  // earlier packets that went along with them
	Redundancy int     // how many go along now
	Reported   float64 // share of ours that the other side said was lost, when last judged

	Expected   uint64 // packets of the other side, by their sequence numbers
	Received   uint64 // originals that came on some path
	Delivered  uint64
	Rebuilt    uint64 // delivered from a later packet before the original came, if it did
	LostBefore uint64 // lost on all paths together
	LostAfter  uint64 // and in no later packet either

	Dropped map[string]uint64 // what came and was dropped, by the names of the reasons that there were
}

// PathStats is one path.
type PathStats struct {
	Name       string
	Sent       uint64        // packets and reports
	Failed     uint64        // that the path did not take
	Received   uint64        // packets, copies among them
	Lost       uint64        // that came on another path, or that show by a gap
	Duplicates uint64        // that had come before, on this path or another
	Jitter     time.Duration // the largest of its sources
}

// Stats returns the figures so far.
func (t *Trunk) Stats() Stats {
	st := Stats{Dropped: map[string]uint64{}}
	paths := map[string]*PathStats{}
	path := func(name string) *PathStats {
		if paths[name] == nil {
			paths[name] = &PathStats{Name: name}
		}
		return paths[name]
	}
	t.in.Lock()
	c := t.in.counts
	for _, s := range t.in.sources {
		c.add(s)
	}
	for name, p := range t.in.paths {
		ps := path(name)
		ps.Received, ps.Duplicates, ps.Lost = p.received, p.copies, p.allLost(t.in.sources)
		for _, s := range p.sources {
			ps.Jitter = max(ps.Jitter, time.Duration(s.jitter.value/s.clock*float64(time.Second)))
		}
	}
	t.in.Unlock()
	st.Expected, st.Received, st.Delivered, st.Rebuilt, st.LostBefore, st.LostAfter = c.expected, c.received, c.given, c.rebuilt, c.lostBefore, c.lostAfter
	t.out.Lock()
	for name, p := range t.out.paths {
		ps := path(name)
		ps.Sent, ps.Failed = p.sent, p.failed
	}
	st.Sent, st.Redundant, st.Redundancy, st.Reported = t.out.counts.sent, t.out.counts.redundant, t.out.red.level, t.out.red.reported
	c.dropped[TooLarge] += t.out.counts.dropped[TooLarge]
	t.out.Unlock()
	for r := OtherFlow; r < reasons; r++ {
		if n := c.dropped[r]; n > 0 {
			st.Dropped[r.String()] = n
		}
	}
	for _, p := range paths {
		st.Paths = append(st.Paths, *p)
	}
	slices.SortFunc(st.Paths, func(a, b PathStats) int { return strings.Compare(a.Name, b.Name) })
	return st
}
