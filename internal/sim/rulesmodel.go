package sim

import (
	"bytes"
	"cmp"
	"slices"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/seal"
	"parley/internal/store"
)

// lawbook is the naive model of what rules a line: spec/charter.md, Amendment,
// read sentence by sentence over sets of entries. It shares nothing with the
// chain of package charter but the documents themselves.
type lawbook struct {
	founding *charter.Founding
	acts     []*lawAct
	verdicts map[*lawAct]*lawDoc // of those judged: what the assent is to where it counts, nil where it does not
	judged   map[*lawAct]bool
}

// lawAct is an assent or a leave that a station can read.
type lawAct struct {
	ref     parley.Ref
	party   parley.PartyCode
	founded bool   // in the founding generation
	made    uint64 // time of the generation's certificate
	seen    map[parley.GenerationID]uint64
	form    form.Form
}

// lawDoc is a charter or an annex that amends another.
type lawDoc struct {
	kind    uint64
	hash    [32]byte
	base    [32]byte
	version uint64
	agree   []parley.PartyCode
}

// newLawbook reads every act that a station can open.
func newLawbook(s *station) *lawbook {
	m := &lawbook{founding: s.w.founding, verdicts: map[*lawAct]*lawDoc{}, judged: map[*lawAct]bool{}}
	for _, l := range s.own.Engine.Status().Logs {
		c := check(journal.ParseCertificate(l.Cert))
		seen := map[parley.GenerationID]uint64{}
		for _, e := range check(store.EntriesUpTo(s.disk, l.Gen, l.Size)) {
			for g, n := range check(seal.Parse(e.Bytes)).Seen {
				seen[g] = n
			}
			if e.Header == nil {
				continue
			}
			h, err := form.ParseHeader(e.Header)
			if err != nil || h.Form != "assent" && h.Form != "leave" {
				continue
			}
			f, _, err := form.ParseBody(h.Form, e.Body)
			if err != nil {
				continue
			}
			a := &lawAct{ref: parley.Ref{Gen: e.Gen, Index: e.Index}, party: l.Party, founded: len(c.Earlier) == 0, made: c.Time, seen: map[parley.GenerationID]uint64{}, form: f}
			for g, n := range seen {
				a.seen[g] = n
			}
			m.acts = append(m.acts, a)
		}
	}
	return m
}

// earlier reports whether a stands before b among the entries of their party.
func (a *lawAct) earlier(b *lawAct) bool {
	switch {
	case a.ref.Gen == b.ref.Gen:
		return a.ref.Index < b.ref.Index
	case a.founded != b.founded:
		return a.founded
	}
	return cmp.Or(cmp.Compare(a.made, b.made), bytes.Compare(a.ref.Gen[:], b.ref.Gen[:])) < 0
}

// view returns the acts that an act has before it.
func (m *lawbook) view(of *lawAct) (v []*lawAct) {
	for _, a := range m.acts {
		if a.party == of.party && a.earlier(of) || a.party != of.party && of.seen[a.ref.Gen] > a.ref.Index {
			v = append(v, a)
		}
	}
	return v
}

// left returns the acts by which parties have left in a view, the first of each.
func left(v []*lawAct) map[parley.PartyCode]*lawAct {
	out := map[parley.PartyCode]*lawAct{}
	for _, a := range v {
		if _, ok := a.form.(*form.Leave); ok && (out[a.party] == nil || a.earlier(out[a.party])) {
			out[a.party] = a
		}
	}
	return out
}

// counts returns what an assent is to, where it counts; nil where it does not.
func (m *lawbook) counts(a *lawAct) *lawDoc {
	if !m.judged[a] {
		m.judged[a] = true
		m.verdicts[a] = m.judge(a)
	}
	return m.verdicts[a]
}

func (m *lawbook) judge(a *lawAct) *lawDoc {
	f, ok := a.form.(*form.Assent)
	v := m.view(a)
	gone := left(v)
	if !ok || gone[a.party] != nil {
		return nil
	}
	d := m.document(f, v)
	if d == nil {
		return nil
	}
	inForce, version := m.inForce(d.kind, v)
	if d.base != inForce || d.version <= version || !m.rightParties(d, v, gone) || !slices.Contains(d.agree, a.party) {
		return nil
	}
	if last := m.last(a.party, d, v); last != nil && last.hash != d.hash && !(d.over(last) && m.dead(last, a.party, v, gone)) {
		return nil
	}
	return d
}

// document finds what an assent is to: in itself, or in one of its view that counts.
func (m *lawbook) document(f *form.Assent, v []*lawAct) *lawDoc {
	if len(f.Document) > 0 {
		return parseLaw(f.Kind, f.Document)
	}
	for _, a := range v {
		if d := m.counts(a); d != nil && d.kind == f.Kind && d.hash == f.Hash {
			return d
		}
	}
	return nil
}

func parseLaw(kind uint64, raw []byte) *lawDoc {
	if kind == form.ToAnnex {
		a, err := charter.ParseAnnex(raw)
		if err != nil || a.Supersedes == nil {
			return nil
		}
		return &lawDoc{kind, charter.HashAnnex(raw), *a.Supersedes, a.Version, a.Agree}
	}
	c, err := charter.Parse(raw)
	if err != nil || c.Supersedes == nil {
		return nil
	}
	return &lawDoc{kind, charter.HashCharter(raw), *c.Supersedes, c.Version, c.Codes()}
}

// complete reports whether all agreeing parties have assented in a view.
func (m *lawbook) complete(d *lawDoc, v []*lawAct) bool {
	for _, p := range d.agree {
		if !slices.ContainsFunc(v, func(a *lawAct) bool {
			x := m.counts(a)
			return a.party == p && x != nil && x.hash == d.hash && x.kind == d.kind
		}) {
			return false
		}
	}
	return true
}

// inForce follows the complete documents from the founding one on.
func (m *lawbook) inForce(kind uint64, v []*lawAct) (hash [32]byte, version uint64) {
	d := m.now(kind, v)
	return d.hash, d.version
}

func (m *lawbook) now(kind uint64, v []*lawAct) *lawDoc {
	d := &lawDoc{kind: kind, hash: charter.HashCharter(m.founding.CharterBytes()), version: 1, agree: m.founding.Charter.Codes()}
	if kind == form.ToAnnex {
		d.hash = charter.HashAnnex(m.founding.AnnexBytes())
	}
	for again := true; again; {
		again = false
		for _, a := range v {
			if x := m.counts(a); x != nil && x.kind == kind && x.base == d.hash && m.complete(x, v) {
				d, again = x, true
				break
			}
		}
	}
	return d
}

func (m *lawbook) rightParties(d *lawDoc, v []*lawAct, gone map[parley.PartyCode]*lawAct) bool {
	var on []parley.PartyCode
	for _, p := range m.now(form.ToCharter, v).agree {
		if gone[p] == nil {
			on = append(on, p)
		}
	}
	if d.kind == form.ToAnnex {
		slices.Sort(on)
		return slices.Equal(d.agree, on)
	}
	out := 0
	for _, p := range on {
		if !slices.Contains(d.agree, p) {
			out++
		}
	}
	base := m.now(form.ToCharter, v).agree
	for _, p := range d.agree {
		if !slices.Contains(base, p) {
			return false
		}
	}
	return out == 0 || out == 1 && len(on) >= 3
}

// last is what a party's last assent that counts, of a document's kind and base,
// is to.
func (m *lawbook) last(p parley.PartyCode, like *lawDoc, v []*lawAct) (d *lawDoc) {
	var at *lawAct
	for _, a := range v {
		if a.party != p {
			continue
		}
		if x := m.counts(a); x != nil && x.kind == like.kind && x.base == like.base && (at == nil || at.earlier(a)) {
			at, d = a, x
		}
	}
	return d
}

func (d *lawDoc) over(o *lawDoc) bool {
	return d.version > o.version || d.version == o.version && bytes.Compare(d.hash[:], o.hash[:]) < 0
}

// dead reports whether some party but p stands in the way of d for good.
func (m *lawbook) dead(d *lawDoc, p parley.PartyCode, v []*lawAct, gone map[parley.PartyCode]*lawAct) bool {
	return slices.ContainsFunc(d.agree, func(q parley.PartyCode) bool {
		if q == p {
			return false
		}
		assented := slices.ContainsFunc(v, func(a *lawAct) bool {
			x := m.counts(a)
			return a.party == q && x != nil && x.hash == d.hash && x.kind == d.kind
		})
		last := m.last(q, d, v)
		return gone[q] != nil && !assented || last != nil && last.over(d)
	})
}

// compareRules holds what rules each station against the model.
func (w *world) compareRules() {
	for _, s := range w.stations {
		if s.own == nil {
			continue
		}
		m, r := newLawbook(s), s.own.Engine.Status().Rules
		for kind, now := range [2][32]byte{r.CharterHash, r.AnnexHash} {
			if want, version := m.inForce(uint64(kind), m.acts); want != now {
				w.fail("one chain for all", "%s is under another %s than the model, which has version %d", s.code, kindWords[kind], version)
			}
		}
		gone := left(m.acts)
		for p, a := range gone {
			if r.Left[p] != a.ref {
				w.fail("one chain for all", "%s: the model says that a party has left by %s, the station %s", s.code, a.ref, r.Left[p])
			}
		}
		if len(gone) != len(r.Left) {
			w.fail("one chain for all", "%s: by the model %d parties have left, by the station %d", s.code, len(gone), len(r.Left))
		}
		w.counts.Acts += len(m.acts)
	}
}
