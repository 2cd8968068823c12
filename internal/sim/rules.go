package sim

import (
	"slices"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/seal"
)

// rules is what the watch knows of what rules the line: one chain for all, of
// which each station follows a part, and who is out.
type rules struct {
	chain [2][]link               // by kind: what came into force, one after the other
	left  map[*station]parley.Ref // by which entry
	acts  map[parley.Ref]bool     // assents and leaves that were written
	shut  map[shutTo]uint64       // from which entry on a log is not sealed to a party
	loose bool                    // an act was lost everywhere: the chain may be another after it
}

type link struct {
	hash  [32]byte
	agree []parley.PartyCode
}

type shutTo struct {
	gen parley.GenerationID
	to  parley.PartyCode
}

func newRules(f *charter.Founding) rules {
	return rules{left: map[*station]parley.Ref{}, acts: map[parley.Ref]bool{}, shut: map[shutTo]uint64{},
		chain: [2][]link{{{charter.HashCharter(f.CharterBytes()), f.Charter.Codes()}}, {{charter.HashAnnex(f.AnnexBytes()), f.Charter.Codes()}}}}
}

// out reports whether a party has left, or is removed by a charter that is in
// force for anybody.
func (r *rules) out(s *station) bool {
	_, left := r.left[s]
	c := r.chain[form.ToCharter]
	return left || !slices.Contains(c[len(c)-1].agree, s.code)
}

// on returns the stations of those that are on the line.
func (w *world) on() []*station {
	return slices.DeleteFunc(slices.Clone(w.stations), w.watch.rules.out)
}

// changes reports whether a batch may change what rules the line for a station.
func changes(b *line.Batch) bool {
	return slices.ContainsFunc(b.Keys, func(kv line.KV) bool { return len(kv.Key) > 4 && kv.Key[:4] == "act/" })
}

// ruled notes, after a step, who is out for a station.
func (x *watch) ruled(s *station) {
	if s.own == nil {
		return
	}
	a, out := x.at(s), x.follow(s)
	a.out = map[parley.PartyCode]bool{}
	for _, p := range out {
		a.out[p] = true
	}
	a.ended = a.out[s.code] || len(out) >= len(x.w.stations)-1
}

// follow holds what rules a station against the one chain. It returns who is out
// for it.
func (x *watch) follow(s *station) []parley.PartyCode {
	st, r := s.own.Engine.Status(), &x.rules
	if r.loose || x.forked {
		return st.Out
	}
	for kind, now := range [2][32]byte{st.Rules.CharterHash, st.Rules.AnnexHash} {
		if at := x.along(s, kind, st.Documents); x.w.broken == nil && r.chain[kind][at].hash != now {
			x.w.fail("one chain for all", "%s is under a %s that does not follow from what it holds", s.code, kindWords[kind])
		}
	}
	for _, o := range x.w.stations {
		if slices.Contains(st.Out, o.code) && !r.out(o) {
			x.w.fail("nobody is put out but by its own word or by all others", "%s is out for %s", o.code, s.code)
		}
	}
	return st.Out
}

var kindWords = [2]string{"charter", "annex"}

// along follows the documents that are in force at a station beside those that
// are in force anywhere, and returns how far it is.
func (x *watch) along(s *station, kind int, docs []charter.Document) (at int) {
	chain := &x.rules.chain[kind]
	for {
		var next *charter.Document
		for i := range docs {
			d := &docs[i]
			if d.By == nil || !d.InForce || d.Kind != uint64(kind) || d.Base != (*chain)[at].hash {
				continue
			}
			if next != nil {
				x.w.fail("one chain for all", "two rivals are in force at %s, both %ss of version %d or so", s.code, kindWords[kind], d.Version)
			}
			next = d
		}
		if next == nil {
			return at
		}
		at++
		switch {
		case at == len(*chain):
			*chain = append(*chain, link{next.Hash, next.Agree})
			x.w.counts.Amended++
			x.w.tell("rules", s.code, "", "%s is the first for which %s version %d is in force, agreed by %v", s.code, kindWords[kind], next.Version, next.Agree)
		case (*chain)[at].hash != next.Hash:
			x.w.fail("one chain for all", "%s has another %s of version %d in force than another station", s.code, kindWords[kind], next.Version)
			return at - 1
		}
	}
}

// wroteAct notes the acts that a station has written, and holds it to its leave.
func (x *watch) wroteAct(s *station, a *watched, e *line.StoredEntry) {
	r := &x.rules
	ref := parley.Ref{Gen: e.Gen, Index: e.Index}
	if l, ok := r.left[s]; ok && l.Gen == e.Gen && e.Index > l.Index {
		x.w.fail("who is out writes nothing more", "%s wrote entry %s after it left", s.code, ref)
	}
	if e.Header == nil {
		x.wroteEpoch(s, a, e)
		return
	}
	h := check(form.ParseHeader(e.Header))
	switch {
	case a.ended && a.out[s.code]:
		x.w.fail("who is out writes nothing more", "%s wrote entry %s (%s) and is out", s.code, ref, h.Form)
	case a.ended && h.Form != "seen":
		x.w.fail("who is out writes nothing more", "%s wrote entry %s (%s) on a line that has ended", s.code, ref, h.Form)
	case charter.IsAct(h.Form):
		r.acts[ref] = true
	}
}

// leaves notes by which entry of a batch its station leaves.
func (x *watch) leaves(s *station, b *line.Batch) {
	for i := range b.Entries {
		e := &b.Entries[i]
		if b.Expect == nil || e.Gen != b.Expect.Gen || e.Header == nil || check(form.ParseHeader(e.Header)).Form != "leave" {
			continue
		}
		x.rules.left[s] = parley.Ref{Gen: e.Gen, Index: e.Index}
		x.w.counts.Out++
		x.w.tell("rules", s.code, "", "%s has left the line, by its entry %d", s.code, e.Index)
	}
}

// wroteEpoch holds an epoch entry to whom it must be sealed to: to all that are
// on the line, and to nobody else.
func (x *watch) wroteEpoch(s *station, a *watched, e *line.StoredEntry) {
	p, err := seal.Parse(e.Bytes)
	if err != nil || !p.Announces {
		return
	}
	to := check(seal.ParseEpoch(p.Body)).To
	for _, o := range x.w.stations {
		_, sealed := to[o.code]
		switch {
		case o == s:
		case sealed && a.out[o.code] && !a.ended:
			x.w.fail("nothing more is for who is out", "%s seals an epoch to %s, which is out", s.code, o.code)
		case sealed:
		case !x.rules.out(o) && !x.rules.loose && !x.forked:
			x.w.fail("what is written is for all on the line", "%s seals an epoch, entry %d, and not to %s", s.code, e.Index, o.code)
		default:
			k := shutTo{e.Gen, o.code}
			if n, ok := x.rules.shut[k]; !ok || e.Index < n {
				x.rules.shut[k] = e.Index
			}
		}
	}
}

// heldBack holds what is said to a party to what is sealed for it.
func (x *watch) heldBack(s *station, to parley.PartyCode, ref parley.Ref) {
	if n, ok := x.rules.shut[shutTo{ref.Gen, to}]; ok && ref.Index >= n {
		x.w.fail("nothing more is for who is out", "%s hands %s entry %s, which is written without it", s.code, to, ref)
	}
}

// unknowing says which station does not know who is out. One that lost its keys
// and cannot read a leave any more, since who has left gives it none, need not.
func (w *world) unknowing(s *station) string {
	if w.watch.at(s).losses > 0 && slices.ContainsFunc(s.own.Engine.Status().Logs, func(l line.LogStatus) bool { return l.Unread }) {
		return ""
	}
	for _, o := range w.stations {
		if o != s && w.watch.rules.out(o) && !w.watch.at(s).out[o.code] {
			return string(s.code) + " does not know that " + string(o.code) + " is out"
		}
	}
	return ""
}

// unresolved says which proposal that all may assent to is not in force yet.
func (w *world) unresolved(s *station, st *line.Status) string {
	for i := range st.Documents {
		d := &st.Documents[i]
		if d.Base != st.Rules.CharterHash && d.Base != st.Rules.AnnexHash || !best(st, d) || st.Rules.Check(d.Kind, d.Raw) != nil {
			continue
		}
		if !slices.ContainsFunc(d.Agree, func(p parley.PartyCode) bool { return w.watch.at(s).out[p] }) {
			return string(s.code) + " waits for a " + kindWords[d.Kind] + " that nobody is against"
		}
	}
	return ""
}
