package line

import (
	"fmt"
	"maps"
	"slices"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/wire"
)

// Without says from which entry on a log seals nothing for a party, and how
// much of that party's logs its writer had seen by then (spec/order.md, Record order).
type Without struct {
	Index uint64                         `cbor:"1,keyasint"`
	Cut   map[parley.GenerationID]uint64 `cbor:"2,keyasint,omitempty"`
}

// actState is an act that counts, as it is kept: in the order in which it was added.
type actState struct {
	Gen   parley.GenerationID            `cbor:"1,keyasint"`
	Index uint64                         `cbor:"2,keyasint"`
	Seen  map[parley.GenerationID]uint64 `cbor:"3,keyasint,omitempty"`
	Form  string                         `cbor:"4,keyasint"`
	Body  []byte                         `cbor:"5,keyasint"`
}

const (
	actPrefix = "act/"
	staleKey  = "stale" // acts became readable out of order: the chain is to be built again
)

func actKey(n int) string { return fmt.Sprintf("%s%08x", actPrefix, n) }

// rank is a generation's place among those of its party, as charter.Act has it.
func (l *log) rank() uint64 {
	if len(l.body.Earlier) == 0 {
		return 0
	}
	return l.body.Time
}

// loadChain reads back what rules the line.
func (e *Engine) loadChain() error {
	e.chain = charter.NewChain(e.cfg.Founding)
	kvs, err := e.cfg.Store.Values(actPrefix)
	if err != nil {
		return err
	}
	for _, kv := range kvs {
		var s actState
		if err := wire.Decode(kv.Value, &s); err != nil {
			return fmt.Errorf("%s: %w", kv.Key, err)
		}
		f, _, err := form.ParseBody(s.Form, s.Body)
		l := e.logs[s.Gen]
		if err != nil || l == nil {
			return parley.Errorf(parley.Corrupt, "%s: generation %s, %v", kv.Key, s.Gen, err).WithHint("run parley fsck")
		}
		e.chain.Add(l.actAt(s.Index, f, s.Seen))
	}
	e.acts = len(kvs)
	stale, err := e.cfg.Store.Values(staleKey)
	e.stale = len(stale) > 0
	e.follow()
	e.unjudged()
	return err
}

func (l *log) actAt(index uint64, f form.Form, acc map[parley.GenerationID]uint64) charter.Act {
	return charter.Act{Ref: parley.Ref{Gen: l.gen, Index: index}, Party: l.party, Rank: l.rank(), Seen: acc, Form: f}
}

// act takes an entry that may change what rules the line. acc is what it and
// the entries before it had seen.
func (e *Engine) act(l *log, index uint64, name string, body []byte, acc map[parley.GenerationID]uint64) {
	f, _, err := form.ParseBody(name, body)
	if err != nil {
		return // a fault of its form: it is shown, and consents to nothing
	}
	a := l.actAt(index, f, acc)
	changed, err := e.chain.Add(a)
	if err != nil {
		e.alarm("charter", l.party, a.Ref, "the %s of %s counts for nothing: %v", name, l.party, err)
	}
	if !changed {
		return
	}
	e.put(actKey(e.acts), &actState{Gen: l.gen, Index: index, Seen: acc, Form: name, Body: body}, false)
	e.acts++
	e.follow()
}

// follow puts in force here what everything held amounts to: what we write from
// now on will have seen it.
func (e *Engine) follow() {
	old := e.rules
	e.rules = e.chain.At(charter.View{All: true})
	e.limits = e.cfg.Limits.Or(limitsOf(e.rules.Annex))
	if old == nil {
		return
	}
	if old.CharterHash != e.rules.CharterHash {
		e.alarm("charter", "", parley.Ref{}, "charter version %d is in force for us now: all have assented", e.rules.Charter.Version)
	}
	if old.AnnexHash != e.rules.AnnexHash {
		e.alarm("charter", "", parley.Ref{}, "annex version %d is in force for us now: all have assented", e.rules.Annex.Version)
	}
	for _, p := range old.Parties() {
		if ref, left := e.rules.Left[p]; left {
			e.alarm("left", p, ref, "%s has left the line", p)
		} else if !e.rules.In(p) {
			e.alarm("left", p, parley.Ref{}, "%s is no longer on the line: all others have assented to a charter without it", p)
		}
	}
}

// out reports whether a party has left or is removed.
func (e *Engine) out(p parley.PartyCode) bool { return !e.rules.In(p) }

// ended reports whether we have nobody left to write to, or are out ourselves.
func (e *Engine) ended() bool { return e.out(e.cfg.Us) || len(e.others()) == 0 }

// others returns the other parties on the line: those that an epoch must be
// sealed to.
func (e *Engine) others() []parley.PartyCode {
	return slices.DeleteFunc(e.rules.Parties(), func(p parley.PartyCode) bool { return p == e.cfg.Us })
}

// readers are the parties that our epoch in use is for: the others, and once
// there are none those that were (spec/charter.md, Amendment, 7).
func (e *Engine) readers() []parley.PartyCode {
	if ps := e.others(); len(ps) > 0 {
		return ps
	}
	return slices.Sorted(maps.Keys(e.peers))
}

// epochNoted notes for whom an epoch entry is sealed no more. Our own first one
// without a party closes that party's logs (spec/order.md, Record order).
func (e *Engine) epochNoted(l *log, index uint64, to func(parley.PartyCode) bool, acc map[parley.GenerationID]uint64) {
	for _, p := range slices.Sorted(maps.Keys(e.roots)) {
		if _, known := l.without[p]; known || p == l.party || to(p) {
			continue
		}
		w := Without{Index: index, Cut: map[parley.GenerationID]uint64{}}
		for _, o := range e.logs {
			if n := acc[o.gen]; n > 0 && o.party == p {
				w.Cut[o.gen] = n
			}
			if l.party == e.cfg.Us && o.party == p {
				o.closed, o.limit, o.dirty = true, min(o.limit, acc[o.gen]), true
			}
		}
		if l.without == nil {
			l.without = map[parley.PartyCode]Without{}
		}
		l.without[p], l.dirty = w, true
		e.shutOut = append(e.shutOut, shutOut{l, p})
	}
}

// shutOut is a log that seals nothing more for a party.
type shutOut struct {
	l *log
	p parley.PartyCode
}

// judgeShutOut shows who shuts out a party that is on the line, once all can be
// read that may have put that party out: a station that lost its keys must not
// accuse others of what it does not know.
func (e *Engine) judgeShutOut() {
	if e.stale || slices.ContainsFunc(e.logsInOrder(), func(l *log) bool { return l.unread > 0 }) {
		return
	}
	for _, x := range e.shutOut {
		if !e.out(x.p) {
			e.alarm("violation", x.l.party, parley.Ref{Gen: x.l.gen, Index: x.l.without[x.p].Index}, "%s seals nothing more for %s, which is on the line", x.l.party, x.p)
		}
	}
	e.shutOut = nil
}

// unjudged finds after a start what was not judged before it.
func (e *Engine) unjudged() {
	for _, l := range e.logsInOrder() {
		for _, p := range slices.Sorted(maps.Keys(l.without)) {
			if !e.out(p) {
				e.shutOut = append(e.shutOut, shutOut{l, p})
			}
		}
	}
}

// until is how much of a log a peer is to have: what is sealed for it.
func (e *Engine) until(p *peer, l *log) uint64 {
	if w, ok := l.without[p.code]; ok {
		return min(l.size, w.Index)
	}
	return l.size
}

// rebuild follows the chain again from the store, once old entries that change
// it have become readable.
func (e *Engine) rebuild() error {
	var acts []charter.Act
	bodies := map[parley.Ref][]byte{}
	for _, l := range e.logsInOrder() {
		err := e.each(l, func(s *StoredEntry, _ bool, acc map[parley.GenerationID]uint64) {
			h, err := form.ParseHeader(s.Header)
			if err != nil || !charter.IsAct(h.Form) {
				return
			}
			if f, _, err := form.ParseBody(h.Form, s.Body); err == nil {
				a := l.actAt(s.Index, f, maps.Clone(acc))
				acts, bodies[a.Ref] = append(acts, a), s.Body
			}
		})
		if err != nil {
			return err
		}
	}
	for i := range e.acts {
		e.drop(actKey(i))
	}
	e.drop(staleKey)
	e.chain, e.acts, e.stale = charter.NewChain(e.cfg.Founding), 0, false
	for _, a := range charter.Order(acts) {
		e.act(e.logs[a.Ref.Gen], a.Ref.Index, a.Form.Name(), bodies[a.Ref], a.Seen)
	}
	e.follow()
	return nil
}
