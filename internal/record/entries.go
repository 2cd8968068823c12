package record

import (
	"slices"

	"parley"
	"parley/internal/wire"
)

// counts sums up what a file holds.
type counts struct {
	entries, headers, bodies, heads, receipts, witnessed, unknownWitnesses int
}

// logOf returns the generation that an item names. The error is UnknownKey.
func (v *verifier) logOf(g parley.GenerationID) (*held, error) {
	if h := v.logs[g]; h != nil {
		return h, nil
	}
	return nil, parley.Errorf(parley.UnknownKey, "no certificate of generation %s", g)
}

func (v *verifier) entryItem(f *fields, at Place) error {
	var g parley.GenerationID
	f.fixed(g[:])
	index, raw, o := f.number(), f.bytes(), (*Opening)(nil)
	if f.err == nil {
		o = f.opening()
	}
	if err := f.end(); err != nil {
		return v.refuse(at, "", err)
	}
	h, err := v.logOf(g)
	if err != nil {
		return v.refuse(at, "", err)
	}
	next := uint64(len(h.off))
	switch {
	case len(raw) > wire.MaxEntry:
		err = parley.Errorf(parley.Oversize, "an entry of %d bytes, at most %d are allowed", len(raw), wire.MaxEntry)
	case uint64(h.rank) < v.lastRank[0] || index < next:
		err = parley.Errorf(parley.Malformed, "entries are not in the order of their logs and indices")
	case index > next:
		err = parley.Errorf(parley.Gap, "entry %d stands where %d comes next", index, next)
	}
	if err != nil {
		v.failures.add(at, h.name(index), err) // what follows has no place
		return errStop
	}
	if next == 0 {
		h.first = at.Item
	}
	v.lastRank[0] = uint64(h.rank)
	h.off = append(h.off, at.Byte)
	v.counts.entries++
	return v.collect(h, index, at, raw, o)
}

// collect adds an entry to the batch under way.
func (v *verifier) collect(h *held, index uint64, at Place, raw []byte, o *Opening) error {
	if v.now == nil {
		v.now = &batch{done: make(chan struct{}), items: make([]entryItem, 0, batchEntries)}
	}
	b := v.now
	from := len(b.arena)
	b.arena = append(b.arena, raw...)
	b.items = append(b.items, entryItem{log: h, index: index, at: at, from: from, to: len(b.arena), opening: o})
	if len(b.items) < batchEntries && len(b.arena) < batchBytes {
		return nil
	}
	return v.handOver()
}

// batchesAhead is how many batches may be under way.
const batchesAhead = 8

func (v *verifier) handOver() error {
	if v.now == nil {
		return nil
	}
	b := v.now
	v.now = nil
	v.waiting = append(v.waiting, b)
	v.pool.do(b.work)
	if len(v.waiting) < batchesAhead {
		return nil
	}
	return v.takeOldest()
}

func (v *verifier) takeOldest() error {
	b := v.waiting[0]
	v.waiting = v.waiting[1:]
	<-b.done
	for i := range b.items {
		v.take(&b.items[i])
	}
	return nil
}

// drain waits for what is under way and throws it away.
func (v *verifier) drain() {
	for _, b := range v.waiting {
		<-b.done
	}
	v.waiting, v.now = nil, nil
}

// take adds a looked-at entry to its log.
func (v *verifier) take(e *entryItem) {
	h := e.log
	h.tree.append(e.leaf)
	err := e.err
	if clear := h.follow(e.index, e.clear); err == nil || e.clear != nil && clear != nil && e.epoch == nil {
		err = firstOf(clear, err)
	}
	if err == nil && e.epoch != nil {
		err = v.recipients(h, e)
	}
	if err != nil {
		h.remember(e.index, err, false)
	}
	v.takeOpened(h, e)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// recipients checks that an epoch is sealed to other parties of the line only,
// and notes those it leaves out.
func (v *verifier) recipients(h *held, e *entryItem) error {
	for p := range e.epoch.To {
		if _, ok := v.founding.Party(p); !ok || p == h.cert.Party {
			return parley.Errorf(parley.WrongParty, "an epoch that is sealed to %s", p)
		}
	}
	if out := leftOut(v.founding.Charter.Codes(), h.cert.Party, e.epoch); len(out) > 0 {
		h.without[e.index] = out
	}
	return nil
}

// takeOpened counts what was opened, its serial and its writer's faults.
func (v *verifier) takeOpened(h *held, e *entryItem) {
	fault := e.fault
	if e.header == nil && (e.clear == nil || !e.clear.Announces) {
		h.hide()
		h.sealed++
	}
	if e.header != nil {
		v.counts.headers++
		if e.header.Serial != 0 {
			fault = firstOf(h.number(e.header.Serial, e.header.Series), fault)
		}
		if v.title == titleSilence {
			for _, r := range e.header.Refs {
				v.referred = append(v.referred, reference{from: h.ref(e.index), to: r, party: h.cert.Party, form: e.header.Form, time: h.time})
			}
			v.asked[h.ref(e.index)] = asked(e.header, h.cert.Party)
		}
	}
	if e.whole {
		v.counts.bodies++
	}
	v.act(h, e)
	if fault != nil {
		h.remember(e.index, fault, true)
	}
	if len(v.rows) <= v.opts.List || v.title == titleSilence && e.whole {
		v.rows = append(v.rows, rowOf(h, e))
	}
}

// endEntries finishes the entries once: all are in their trees, and what they
// claim to have seen is checked.
func (v *verifier) endEntries() error {
	if v.closed {
		return nil
	}
	v.closed = true
	if err := v.handOver(); err != nil {
		return err
	}
	for len(v.waiting) > 0 {
		if err := v.takeOldest(); err != nil {
			return err
		}
	}
	for _, h := range v.ranks {
		v.checkSeen(h)
	}
	if v.title == titleRecord && v.founding != nil {
		v.followChain()
	}
	return nil
}

// checkSeen holds the claims of a log to what is there (spec/order.md, Seen).
func (v *verifier) checkSeen(h *held) {
	others := make([]parley.GenerationID, 0, len(h.steps))
	for g := range h.steps {
		others = append(others, g)
	}
	slices.SortFunc(others, func(a, b parley.GenerationID) int { return slices.Compare(a[:], b[:]) })
	for _, g := range others {
		o := v.logs[g]
		for _, s := range h.steps[g] {
			if err := v.checkStep(h, o, g, s); err != nil {
				h.remember(s.index, err, false)
			}
		}
	}
}

func (v *verifier) checkStep(h, o *held, g parley.GenerationID, s step) error {
	switch {
	case o == nil:
		return parley.Errorf(parley.BadSeen, "it claims to have seen generation %s, which is not here", g)
	case o.cert.Party == h.cert.Party:
		return parley.Errorf(parley.BadSeen, "it claims to have seen a log of its own party")
	case s.size > o.size():
		return parley.Errorf(parley.BadSeen, "it claims to have seen %d entries of %s; %d are here", s.size, g, o.size())
	}
	if o.sees(h.cert.Gen, s.size-1) > s.index {
		return parley.Errorf(parley.BadSeen, "it and %s:%d claim to have seen each other", g, s.size-1)
	}
	for z := range o.steps {
		if l := v.logs[z]; l != nil && l.cert.Party == h.cert.Party {
			continue
		}
		if n := o.sees(z, s.size-1); n > h.sees(z, s.index) {
			return parley.Errorf(parley.BadSeen, "it covers %s:%d but not %s:%d, which that had seen", g, s.size-1, z, n-1)
		}
	}
	return nil
}
