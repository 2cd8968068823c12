package sim

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/store"
)

// settleWithin is how long after the last fault everything must be stored at
// every party and settled: an officer's round, the waits of the protocol (seen
// entries come after ten minutes), and a day where a clock or a quota must move
// on (spec/bounds.md).
const settleWithin = 150 * time.Minute

// settleDown stops every fault, lets people do what they must, and waits until
// all is stored and settled. It returns how long that took.
func (w *world) settleDown() time.Duration {
	w.calm = true
	w.tell("calm", "", "", "the faults stop")
	began := w.now
	for _, l := range w.lines {
		l.heal()
	}
	limit := settleWithin
	why := ""
	for w.broken == nil && w.now-began < limit {
		w.run(w.now + time.Minute)
		why = w.unfounded()
		for _, l := range w.lines {
			if why == "" {
				why = l.waiting()
			}
		}
		if why == "" {
			return w.now - began
		}
	}
	if w.broken == nil {
		w.fail("all is stored and settled when the faults stop", "after %s: %s", round(limit), why)
	}
	return 0
}

// heal ends what goes wrong on one line.
func (w *world) heal() {
	for _, c := range w.cables {
		c.heal()
	}
	for _, s := range w.stations {
		s.slow = 0
		if s.disk != nil {
			s.disk.fill(false)
			if s.disk.point != pointIdle || s.disk.lying {
				s.powerOff(time.Second)
			} else if s.own == nil {
				s.again(time.Second)
			}
		}
		s.people.doubt = 1
		w.after(time.Second, s.round)
	}
}

// waiting says what is not yet as it should be at the end; "" when all is.
func (w *world) waiting() string {
	sizes := map[parley.GenerationID]uint64{}
	on := w.on()
	for _, s := range w.stations {
		if s.own == nil {
			return fmt.Sprintf("%s does not run", s.code)
		}
	}
	for i, s := range on {
		st := s.own.Engine.Status()
		if why := w.unknowing(s); why != "" || len(on) < 2 {
			return why // on a line that has ended nothing else is promised
		}
		if why := w.unresolved(s, &st); why != "" {
			return why
		}
		if st.Doubt != "" {
			return fmt.Sprintf("%s is in doubt: %s", s.code, st.Doubt)
		}
		if st.Outbox > 0 && !w.undecided(s, &st) {
			return fmt.Sprintf("%s has %d items in its outbox", s.code, st.Outbox)
		}
		for _, l := range st.Logs {
			if i == 0 {
				sizes[l.Gen] = l.Size
			} else if n, ok := sizes[l.Gen]; !ok || n != l.Size && (l.Current || !w.watch.forked) {
				return fmt.Sprintf("%s holds %d entries of %s, %s holds %d", s.code, l.Size, w.watch.name(l.Gen), on[0].code, n)
			}
		}
		if len(st.Logs) != len(sizes) {
			return fmt.Sprintf("%s knows %d generations, %s knows %d", s.code, len(st.Logs), on[0].code, len(sizes))
		}
		if why := w.unstored(s, &st); why != "" {
			return why
		}
	}
	if w.watch.forked {
		return w.uncaught()
	}
	for _, s := range on {
		w.place(s)
		if why := w.unsettled(s); why != "" {
			return why
		}
		if why := w.missing(s); why != "" {
			return why
		}
	}
	return ""
}

// unstored says whose receipt for the log of a station is missing.
func (w *world) unstored(s *station, st *line.Status) string {
	for _, l := range st.Logs {
		if l.Party != s.code || !l.Current || l.Disputed {
			continue
		}
		for _, o := range w.on() {
			if o != s && l.Stored[o.code] < l.Size {
				return fmt.Sprintf("%s has a receipt of %s for %d of %d entries", s.code, o.code, l.Stored[o.code], l.Size)
			}
		}
	}
	return ""
}

// unsettled says what that wants settling is not settled, or cannot be read.
func (w *world) unsettled(s *station) string {
	rows, _, err := s.disk.Unsettled(store.Filter{Limit: 500})
	must(err)
	for _, r := range rows {
		if form.WantsSettling(r.Form) && r.Form != store.EpochForm {
			return fmt.Sprintf("%s has not settled %s %s (%s)", s.code, w.watch.name(r.Gen), r.Ref(), r.Form)
		}
	}
	faulty, _, err := s.disk.Rows(store.Filter{Faulty: true, Order: store.ByArrival, Limit: 500})
	must(err)
	for _, r := range faulty {
		if r.Form != store.EpochForm && (w.watch.losses == 0 || w.opens(r.Ref())) {
			return fmt.Sprintf("%s cannot read %s %s: %s", s.code, w.watch.name(r.Gen), r.Ref(), r.Fault)
		}
	}
	return ""
}

// undecided reports whether all that is in a station's outbox waits because
// nobody can say any more what it had sent: that is for its officers to decide.
func (w *world) undecided(s *station, st *line.Status) bool {
	if st.Outbox == 0 || st.Withheld != st.Outbox {
		return false
	}
	faulty, _, err := s.disk.Rows(store.Filter{Faulty: true, Party: s.code, Order: store.ByArrival, Limit: 500})
	must(err)
	return slices.ContainsFunc(faulty, func(r store.Row) bool { return r.Form != store.EpochForm && !w.opens(r.Ref()) })
}

// opens reports whether any station still has the key of an entry: where all
// that had it lost their disks, nobody can read it any more.
func (w *world) opens(ref parley.Ref) bool {
	return slices.ContainsFunc(w.stations, func(s *station) bool {
		if s.disk == nil {
			return false
		}
		es, err := s.disk.Entries(ref.Gen, ref.Index, 1)
		must(err)
		return len(es) == 1 && es[0].Key != nil
	})
}

// uncaught says which fork is not caught: where two stations hold two histories
// of one log, each must have the proof of it.
func (w *world) uncaught() string {
	for _, a := range w.stations {
		for _, l := range a.own.Engine.Status().Logs {
			for _, b := range w.stations {
				for _, o := range b.own.Engine.Status().Logs {
					if o.Gen == l.Gen && w.differ(a, b, l.Gen, min(l.Size, o.Size)) && !(l.Disputed && o.Disputed) {
						return fmt.Sprintf("%s and %s hold two histories of %s, and do not both know it", a.code, b.code, w.watch.name(l.Gen))
					}
				}
			}
		}
	}
	return ""
}

func (w *world) differ(a, b *station, gen parley.GenerationID, size uint64) bool {
	x, err := store.EntriesUpTo(a.disk, gen, size)
	must(err)
	y, err := store.EntriesUpTo(b.disk, gen, size)
	must(err)
	for i := range x {
		if string(x[i].Bytes) != string(y[i].Bytes) {
			return true
		}
	}
	return false
}

// final holds what the stations made of it against the naive model.
func (w *world) final() {
	if w.watch.forked {
		return
	}
	for _, s := range w.stations {
		w.finalFates(s)
	}
	if w.broken == nil {
		w.compareRules()
	}
	if w.broken == nil {
		w.compareContacts()
	}
	if w.broken == nil {
		w.compareSaid()
	}
	if w.broken == nil {
		w.compareCalls()
	}
	if w.broken == nil {
		w.compare()
	}
}

// finalFates checks that each released dispatch stands once in the logs, at every
// station, word for word.
func (w *world) finalFates(writer *station) {
	st := writer.own.Engine.Status()
	undecided := w.undecided(writer, &st)
	for _, s := range w.stations {
		texts := map[string]int{}
		for _, l := range s.own.Engine.Status().Logs {
			if l.Party != writer.code {
				continue
			}
			es, err := store.EntriesUpTo(s.disk, l.Gen, l.Size)
			must(err)
			for i := range es {
				if t, ok := dispatchText(&es[i]); ok {
					texts[t]++
				}
			}
		}
		for _, t := range w.watch.at(writer).fates {
			if t.text == "" {
				continue
			}
			n := texts[t.text]
			delete(texts, t.text)
			switch {
			case n > 1:
				w.fail("nothing is sent twice", "%s reads %d times what %s said once: %s", s.code, n, writer.code, first(t.text))
			case n == 0 && (t.handed && !w.opens(t.ref) || !t.handed && undecided): // nobody can read it, or say whether it was sent
			case n == 0 && (w.watch.rules.out(writer) || w.watch.rules.out(s) || len(w.on()) < 2): // one of them is out
			case n == 0 && !t.excused && !w.watch.excused[t.ref] && t.released():
				w.fail("nothing is lost", "%s does not have what %s released: %s", s.code, writer.code, first(t.text))
			}
		}
		var rest []string
		for t := range texts {
			rest = append(rest, first(t))
		}
		sort.Strings(rest)
		if len(rest) > 0 {
			w.fail("no entry is altered", "%s reads of %s what it never said: %s", s.code, writer.code, strings.Join(rest, "; "))
		}
	}
}

// released reports whether an item was surely filed.
func (t *fate) released() bool { return t.inbox }

func first(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}

func dispatchText(e *line.StoredEntry) (string, bool) {
	if e.Header == nil {
		return "", false
	}
	h, err := form.ParseHeader(e.Header)
	if err != nil || h.Form != "dispatch" {
		return "", false
	}
	f, _, err := form.ParseBody(h.Form, e.Body)
	if err != nil {
		return "", false
	}
	return f.(*form.Dispatch).Text, true
}
