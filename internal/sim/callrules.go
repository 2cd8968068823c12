package sim

import (
	"slices"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
)

// before: "by the times of the entries, of equal ones by reference".
func callBefore(a, b *call.Entry) bool {
	if a.Time.Equal(b.Time) {
		return compareRefs(a.Ref, b.Ref) < 0
	}
	return a.Time.Before(b.Time)
}

// rings are all rings, in their order.
func (m *callModel) rings() (out []*call.Entry) {
	for i := range m.all {
		if m.all[i].Form.Name() == "ring" {
			out = append(out, &m.all[i])
		}
	}
	slices.SortFunc(out, func(a, b *call.Entry) int {
		if callBefore(a, b) {
			return -1
		}
		return 1
	})
	return out
}

// parties: "Its parties are the ring's writer and those in its `to`."
func (m *callModel) parties(ring *call.Entry) []parley.PartyCode {
	return slices.Compact(sortedCodes(append([]parley.PartyCode{ring.Party}, ring.To...)))
}

// ringOf is the ring that an entry refers to, itself or by the wording that it is
// about; nil: none.
func (m *callModel) ringOf(e *call.Entry) *call.Entry {
	if len(e.Refs) == 0 {
		return nil
	}
	to := m.at[e.Refs[0]]
	switch {
	case to == nil:
		return nil
	case e.Form.Name() == "confirm" && to.Form.Name() == "wording":
		return m.ringOf(to)
	case e.Form.Name() != "confirm" && e.Form.Name() != "ring" && to.Form.Name() == "ring":
		return to
	}
	return nil
}

// of are the entries of some forms of the call of a ring that is not met: "a ring and
// all that refers to it", and "All that refers to either is of the one that stands,
// also for what is looked for after that."
func (m *callModel) of(ring *call.Entry, forms ...string) (out []*call.Entry) {
	for i := range m.all {
		e := &m.all[i]
		r := m.ringOf(e)
		if !slices.Contains(forms, e.Form.Name()) || r == nil || r != ring && !m.standsFor(ring, r) {
			continue
		}
		if !slices.Contains(m.parties(ring), e.Party) || e.Exercise != ring.Exercise {
			continue // "Only their entries count, and only those that are real with a real ring, or of the same exercise."
		}
		if w := m.at[e.Refs[0]]; w.Form.Name() == "wording" && !slices.Contains(m.of(ring, "wording"), w) {
			continue // what it is about counts for nothing
		}
		out = append(out, e)
	}
	return out
}

func (m *callModel) standsFor(ring, met *call.Entry) bool {
	home, is := m.home[met.Ref]
	return is && home == ring.Ref
}

// met are the rings that one stands for.
func (m *callModel) met(ring *call.Entry) (out []*call.Entry) {
	for _, r := range m.rings() {
		if m.standsFor(ring, r) {
			out = append(out, r)
		}
	}
	return out
}

func firstOf(es []*call.Entry, want func(*call.Entry) bool) (first *call.Entry) {
	for _, e := range es {
		if want(e) && (first == nil || callBefore(e, first)) {
			first = e
		}
	}
	return first
}

// answer: "Of each party the first answer [...] count[s]. Who rang does not answer."
func (m *callModel) answer(ring *call.Entry, p parley.PartyCode) *call.Entry {
	return firstOf(m.of(ring, "pickup"), func(e *call.Entry) bool {
		return e.Party == p && p != ring.Party && m.ringOf(e).Party != p
	})
}

// end: "Of each party [...] the first end count[s]."
func (m *callModel) end(ring *call.Entry, p parley.PartyCode) *call.Entry {
	return firstOf(m.of(ring, "hangup"), func(e *call.Entry) bool { return e.Party == p })
}

func says(e *call.Entry, phases ...uint64) bool {
	return e != nil && slices.Contains(phases, e.Form.(*call.Pickup).Phase)
}

func went(e *call.Entry, outcomes ...uint64) bool {
	return e != nil && slices.Contains(outcomes, e.Form.(*call.Hangup).Outcome)
}

// cross: "They are looked for from the first ring on; the earlier stands for the
// later, of one writer for one, and the later is met; one that is met stands for none."
func (m *callModel) cross() {
	rings := m.rings()
	for i, earlier := range rings {
		if _, met := m.home[earlier.Ref]; met {
			continue
		}
		for _, later := range rings[i+1:] {
			if _, met := m.home[later.Ref]; !met && m.crosses(earlier, later) && !slices.ContainsFunc(m.met(earlier), func(o *call.Entry) bool { return o.Party == later.Party }) {
				m.home[later.Ref] = earlier.Ref
			}
		}
	}
}

// crosses is rule 2, clause by clause.
func (m *callModel) crosses(earlier, later *call.Entry) bool {
	a, b := earlier.Party, later.Party
	switch {
	case a == b: // "Two rings of different parties"
		return false
	case !slices.Equal(m.parties(earlier), m.parties(later)), earlier.Exercise != later.Exercise: // "when their parties are the same, both are real or of one exercise"
		return false
	case later.Time.Sub(earlier.Time) > time.Minute: // "the later is at most 60 s after the earlier"
		return false
	case went(m.end(earlier, a), call.Withdrawn, call.NoAnswer), went(m.end(later, b), call.Withdrawn, call.NoAnswer): // "neither writer has ended his own as withdrawn or no answer"
		return false
	case m.endedBefore(earlier, a, later), m.endedBefore(earlier, b, later): // "neither of the two has ended the earlier before the later"
		return false
	case m.answeredBefore(earlier, b, later), says(m.answer(earlier, b), call.Decline, call.Busy): // "the later's writer has not answered the earlier before the later, or declined it or been busy at any time"
		return false
	case says(m.answer(later, a), call.Decline, call.Busy): // "and the earlier's writer has not declined the later or been busy"
		return false
	}
	return true
}

func (m *callModel) endedBefore(ring *call.Entry, p parley.PartyCode, than *call.Entry) bool {
	e := m.end(ring, p)
	return e != nil && callBefore(e, than)
}

func (m *callModel) answeredBefore(ring *call.Entry, p parley.PartyCode, than *call.Entry) bool {
	e := m.answer(ring, p)
	return e != nil && callBefore(e, than)
}

// lifted is when a party accepted, or rang what another ring stands for: "who wrote
// the later has lifted, at its time".
func (m *callModel) lifted(ring *call.Entry, p parley.PartyCode) (time.Time, bool) {
	for _, r := range m.met(ring) {
		if r.Party == p {
			return r.Time, true
		}
	}
	if e := m.answer(ring, p); says(e, call.Accept) {
		return e.Time, true
	}
	return time.Time{}, false
}

func (m *callModel) firstLifted(ring *call.Entry) (at time.Time, ok bool) {
	for _, p := range m.parties(ring) {
		if t, is := m.lifted(ring, p); is && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	return at, ok
}

// on: "two or more parties are on it: those who rang or accepted, and have not ended
// their part".
func (m *callModel) on(ring *call.Entry) (out []parley.PartyCode) {
	for _, p := range m.parties(ring) {
		if _, is := m.lifted(ring, p); (is || p == ring.Party) && m.end(ring, p) == nil {
			out = append(out, p)
		}
	}
	return out
}

// phase is rule 3, clause by clause.
func (m *callModel) phase(ring *call.Entry) call.Phase {
	who := m.end(ring, ring.Party)
	_, accepted := m.firstLifted(ring)
	broken, open, declined := false, false, false
	for _, p := range m.parties(ring) {
		broken = broken || went(m.end(ring, p), call.Broken)
		open = open || p != ring.Party && m.answer(ring, p) == nil
		declined = declined || says(m.answer(ring, p), call.Decline)
	}
	switch {
	case len(m.on(ring)) > 1:
		return call.Running
	case went(who, call.Withdrawn): // "when the writer of its ring ended it so, also where an answer crossed that"
		return call.GivenUp
	case went(who, call.NoAnswer):
		return call.NobodyIn
	case accepted && broken:
		return call.BrokenOff
	case accepted:
		return call.Over
	case who != nil: // "when who rang ended it in any way"
		return call.GivenUp
	case open: // "until every other party has answered"
		return call.Ringing
	case declined:
		return call.Declined
	}
	return call.WasBusy
}

// recorded: "Of rings that crossed, all must say so."
func (m *callModel) recorded(ring *call.Entry) bool {
	return !slices.ContainsFunc(append(m.met(ring), ring), func(r *call.Entry) bool { return r.Form.(*call.Ring).Recording != contact.EachItsOwn })
}

// word is the last word of a party on a wording: its writer's to take it back, of
// others to confirm or deny it. "Its writer has one word on it, to take it back;
// nobody else has that."
func (m *callModel) word(ring, wording *call.Entry, p parley.PartyCode) (last *call.Entry) {
	for _, e := range m.of(ring, "confirm") {
		takes := e.Form.(*call.Confirm).Phase == call.TakenBack
		if e.Refs[0] == wording.Ref && e.Party == p && takes == (p == wording.Party) && (last == nil || callBefore(last, e)) {
			last = e
		}
	}
	return last
}

// confirmed: "every other party of the call confirmed it by its last word on it, its
// writer has not taken it back".
func (m *callModel) confirmed(ring, wording *call.Entry) bool {
	for _, p := range m.parties(ring) {
		w := m.word(ring, wording, p)
		if p == wording.Party && w != nil || p != wording.Party && (w == nil || w.Form.(*call.Confirm).Phase != call.Confirmed) {
			return false
		}
	}
	return true
}

// replaced: "A wording of the same call that refers to it takes its place at once when
// it is of the same writer, and when it is another party's once it is confirmed by all
// and not taken back."
func (m *callModel) replaced(ring, wording *call.Entry) bool {
	return slices.ContainsFunc(m.of(ring, "wording"), func(o *call.Entry) bool {
		return o != wording && len(o.Refs) > 1 && o.Refs[1] == wording.Ref && (o.Party == wording.Party || m.confirmed(ring, o))
	})
}

func (m *callModel) stands(ring, wording *call.Entry) bool {
	return m.confirmed(ring, wording) && !m.replaced(ring, wording)
}
