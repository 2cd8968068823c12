package sim

import (
	"fmt"
	"time"
)

// Options of a run.
type Options struct {
	Story bool // keep what happened in words
}

// Counts of one or more runs.
type Counts struct {
	Runs, Events, Steps, Batches, Sessions               int
	Frames, Lost, Repeated, Reordered, Corrupted         int
	Bytes                                                int64
	Filed, Entries, Settled, Generations, Losses         int
	Alarms, Refused, Excused, Compared                   int
	Amended, Out, Acts, Contacts, Said, Joint, SaidModel int
	Rings, Calls, Through, Halves, Heard, CallModel      int
	Attached, Chunks, Damaged                            int
	Joined, Kept, Cited, False, Disclosed                int // newcomers; entries of old records held to what they were; citations checked, false ones found; proof files verified
	Inside, Survived, Spoiled, Folds                     int // of stores in SQLite: power lost in its own writes, the batch there all the same; disks of no use after they lied; logs folded
	Hours                                                float64
	Faults                                               map[Kind]int
}

// Add adds the counts of another run.
func (c *Counts) Add(o *Counts) {
	c.Runs += o.Runs
	c.Events += o.Events
	c.Steps += o.Steps
	c.Batches += o.Batches
	c.Sessions += o.Sessions
	c.Frames += o.Frames
	c.Lost += o.Lost
	c.Repeated += o.Repeated
	c.Reordered += o.Reordered
	c.Corrupted += o.Corrupted
	c.Bytes += o.Bytes
	c.Filed += o.Filed
	c.Entries += o.Entries
	c.Settled += o.Settled
	c.Generations += o.Generations
	c.Losses += o.Losses
	c.Alarms += o.Alarms
	c.Refused += o.Refused
	c.Excused += o.Excused
	c.Compared += o.Compared
	c.Attached += o.Attached
	c.Chunks += o.Chunks
	c.Damaged += o.Damaged
	c.Joined += o.Joined
	c.Kept += o.Kept
	c.Cited += o.Cited
	c.False += o.False
	c.Disclosed += o.Disclosed
	c.Inside += o.Inside
	c.Survived += o.Survived
	c.Spoiled += o.Spoiled
	c.Folds += o.Folds
	c.Amended += o.Amended
	c.Contacts += o.Contacts
	c.Said += o.Said
	c.Joint += o.Joint
	c.Rings += o.Rings
	c.Calls += o.Calls
	c.Through += o.Through
	c.Halves += o.Halves
	c.Heard += o.Heard
	c.CallModel += o.CallModel
	c.SaidModel += o.SaidModel
	c.Out += o.Out
	c.Acts += o.Acts
	c.Hours += o.Hours
	if c.Faults == nil {
		c.Faults = map[Kind]int{}
	}
	for k, n := range o.Faults {
		c.Faults[k] += n
	}
}

// Result of one run.
type Result struct {
	Plan   *Plan
	Broken *Broken // nil: every promise was kept
	Digest string
	Counts Counts
	Took   time.Duration // of virtual time, from the end of the faults until all was stored and settled
	Story  []Event
}

// Seed runs the plan of a seed.
func Seed(seed uint64, o Options) *Result { return Run(NewPlan(seed), o) }

// Run runs a plan. A panic of the product's code is a broken promise too.
func Run(p *Plan, o Options) (res *Result) {
	res = &Result{Plan: p}
	var w *world
	defer func() {
		if x := recover(); x != nil {
			res.Broken = &Broken{Promise: "no station falls over", What: fmt.Sprint(x)}
			if w != nil {
				res.Broken.At = w.now
				res.Story = w.trace.story
			}
		}
	}()
	defer func() {
		if w != nil {
			w.close()
		}
	}()
	w = newWorld(p, o)
	end := time.Duration(p.Hours * float64(time.Hour))
	w.run(end)
	if w.broken == nil {
		res.Took = w.settleDown()
	}
	for _, l := range w.lines {
		if w.broken == nil {
			l.final()
		}
	}
	if w.broken == nil {
		w.finalJoin()
	}
	if w.broken == nil {
		w.sound()
	}
	w.counts.Runs = 1
	for _, l := range w.lines {
		if w.broken != nil && o.Story {
			l.tellState()
		}
		w.counts.Hours += (w.now - l.began).Hours()
		for _, a := range l.watch.of {
			for _, t := range a.fates {
				if t.excused {
					w.counts.Excused++
				}
			}
		}
	}
	res.Broken, res.Digest, res.Counts, res.Story = w.broken, w.trace.digest(), w.counts, w.trace.story
	return res
}

// tellState ends a story with what each station knows.
func (w *world) tellState() {
	for _, s := range w.stations {
		if s.own == nil {
			w.tell("state", s.code, "", "%s does not run", s.code)
			continue
		}
		st := s.own.Engine.Status()
		w.tell("state", s.code, "", "%s: doubt %q, outbox %d, epoch %d since %s", s.code, st.Doubt, st.Outbox, st.Epoch, st.EpochSince)
		for _, l := range st.Logs {
			seen := ""
			for _, o := range st.Logs {
				if n, ok := l.Seen[o.Gen]; ok {
					seen += fmt.Sprintf(" %s:%d", w.watch.name(o.Gen), n)
				}
			}
			w.tell("state", s.code, "", "   %s: %d entries, current %t, limit %d, disputed %t, unread %t, seen%s", w.watch.name(l.Gen), l.Size, l.Current, int64(l.Limit), l.Disputed, l.Unread, seen)
		}
	}
}
