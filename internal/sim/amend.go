package sim

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/line"
)

// Bits of Amend's and Assent's N.
const (
	ofAnnex  = 1 << iota // what is amended; else the charter
	reckless             // without a look at what our side assented to before
)

// propose lets the officers of a station propose an amendment, which is to assent
// to it first: of the charter or of the annex, or without a party. Unless they
// are reckless they do not where our assent to another may still come into force
// (station.Propose).
func (s *station) propose(a Act) {
	if s.own == nil || s.w.watch.at(s).ended {
		return
	}
	st := s.own.Engine.Status()
	if blind(&st) {
		return
	}
	r := st.Rules
	kind, base := form.ToCharter, r.CharterHash
	if a.Kind == Amend && a.N&ofAnnex != 0 {
		kind, base = form.ToAnnex, r.AnnexHash
	}
	version := r.Charter.Version
	if kind == form.ToAnnex {
		version = max(1, r.Annex.Version)
	}
	for i := range st.Documents {
		if d := &st.Documents[i]; d.Kind == kind && d.Base == base && a.N&reckless == 0 {
			version = max(version, d.Version)
			if _, ours := d.By[s.code]; ours && !d.InForce && !d.Dead {
				return
			}
		}
	}
	s.people.proposed++
	var raw []byte
	switch {
	case kind == form.ToAnnex:
		x := *r.Annex
		x.Version, x.Supersedes, x.Agree = version+1, &base, r.Parties()
		x.Quotas = maps.Clone(x.Quotas)
		if x.Quotas == nil {
			x.Quotas = map[charter.Bound]uint64{}
		}
		x.Quotas[charter.PendingCheckpoints] = uint64(16 + s.rng.IntN(48))
		x.Quotas[charter.EarlyEntries] = uint64(1024 + s.rng.IntN(3000))
		raw = x.Encode()
	default:
		c := *r.Charter
		c.Version, c.Supersedes, c.Rungs = version+1, &base, maps.Clone(c.Rungs)
		c.Recording = fmt.Sprintf("as %s proposes for the time nr %d", s.code, s.people.proposed)
		c.Parties = slices.DeleteFunc(slices.Clone(c.Parties), func(p charter.Party) bool {
			return !r.In(p.Code) || a.Kind == Remove && p.Code == codes[a.B]
		})
		maps.DeleteFunc(c.Rungs, func(p parley.PartyCode, _ []parley.Rung) bool {
			return !slices.ContainsFunc(c.Parties, func(x charter.Party) bool { return x.Code == p })
		})
		raw = c.Encode()
	}
	if r.Check(kind, raw) != nil {
		return // they may not remove one of two, or themselves
	}
	s.assentTo(form.NewAssent(kind, raw, true))
}

func (s *station) assentTo(f *form.Assent) {
	if s.people.assents == nil {
		s.people.assents = map[[32]byte]*release{}
	}
	s.people.assents[f.Hash] = s.release(&form.Header{From: parley.Envoy, To: s.others()}, f, "")
}

// assent lets the officers of a station assent to what is proposed: of each kind
// to what outranks the rest, where they may. The reckless assent to anything.
func (s *station) assent(n int) {
	if s.own == nil || s.w.watch.at(s).ended {
		return
	}
	st := s.own.Engine.Status()
	if blind(&st) {
		return
	}
	if n&reckless != 0 {
		if d := &st.Documents[n/4%len(st.Documents)]; d.By != nil {
			s.assentTo(form.NewAssent(d.Kind, d.Raw, n&1 == 0))
		}
		return
	}
	s.assentToBest(&st)
}

// blind reports whether a station cannot read all that it holds: then it lets its
// officers assent to nothing.
func blind(st *line.Status) bool {
	return slices.ContainsFunc(st.Logs, func(l line.LogStatus) bool { return l.Unread })
}

func (s *station) assentToBest(st *line.Status) {
	if blind(st) {
		return
	}
	for i := range st.Documents {
		d := &st.Documents[i]
		if r := s.people.assents[d.Hash]; r != nil && (!r.filed || s.knows(r.id)) || s.own == nil {
			continue // said, or about to be
		}
		if best(st, d) && s.may(st, d) {
			s.assentTo(form.NewAssent(d.Kind, d.Raw, false))
		}
	}
}

// best reports whether nothing that is proposed and may come into force outranks d.
func best(st *line.Status, d *charter.Document) bool {
	return d.By != nil && !d.InForce && !d.Dead && !slices.ContainsFunc(st.Documents, func(o charter.Document) bool {
		return o.Kind == d.Kind && o.Base == d.Base && !o.Dead && outranks(&o, d)
	})
}

func outranks(a, b *charter.Document) bool {
	return a.Version > b.Version || a.Version == b.Version && bytes.Compare(a.Hash[:], b.Hash[:]) < 0
}

// may reports whether an assent to d will count (station.Assent).
func (s *station) may(st *line.Status, d *charter.Document) bool {
	if st.Rules.Check(d.Kind, d.Raw) != nil || !slices.Contains(d.Agree, s.code) {
		return false
	}
	return !slices.ContainsFunc(st.Documents, func(o charter.Document) bool {
		_, ours := o.By[s.code]
		return ours && o.Kind == d.Kind && o.Base == d.Base && (o.Hash == d.Hash || !o.Dead || !outranks(d, &o))
	})
}

// leave lets the officers of a station leave the line.
func (s *station) leave() {
	if !s.w.watch.at(s).ended {
		s.release(&form.Header{From: parley.Envoy, To: s.others()}, &form.Leave{Reason: "enough"}, "")
	}
}
