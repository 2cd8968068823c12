package sim

import (
	"slices"
	"time"

	"parley"
	"parley/internal/line"
	"parley/internal/said"
)

type saidStored = line.StoredEntry

// embargoes of one contact, as the model reads them.
type embargoes struct {
	m   *saidModel
	all []*embargo
}

type embargo struct {
	*saidEntry
	depth   int
	until   time.Time
	agrees  []*saidEntry
	refuses []*saidEntry
	follow  bool // another proposal takes its place
}

func (m *saidModel) embargoes(root parley.Ref) *embargoes {
	x := &embargoes{m: m}
	offers := saidOf(m, root, func(_ *saidEntry, f *said.Embargo) bool { return f.Step == said.Propose })
	for depth, more := 0, true; more; depth++ { // "Proposals that follow one another have a depth, from 0."
		more = false
		for _, e := range offers {
			before := x.find(m.about(e))
			if len(e.refs) == 1 && depth == 0 || before != nil && before.depth == depth-1 {
				f := e.form.(*said.Embargo)
				x.all = append(x.all, &embargo{saidEntry: e, depth: depth, until: time.Unix(int64(f.Until), 0).UTC()})
				more = true
			}
		}
	}
	for _, e := range saidOf(m, root, func(*saidEntry, *said.Embargo) bool { return true }) {
		o := x.find(m.about(e))
		if o == nil {
			continue
		}
		switch f := e.form.(*said.Embargo); {
		case f.Step == said.Propose:
			o.follow = true
		case f.Step == said.Agree && e.party != o.party:
			o.agrees = append(o.agrees, e)
		case f.Step == said.Refuse:
			o.refuses = append(o.refuses, e)
		}
	}
	return x
}

func (x *embargoes) find(e *saidEntry) *embargo {
	for _, o := range x.all {
		if o.saidEntry == e {
			return o
		}
	}
	return nil
}

// has reports whether p made an embargo or agreed to it; before: before that.
func (o *embargo) has(p parley.PartyCode, before *saidEntry) bool {
	return p == o.party || slices.ContainsFunc(o.agrees, func(a *saidEntry) bool { return a.party == p && (before == nil || a.before(before)) })
}

// bound: "a proposal that it made or agreed to once it has read that all other parties
// agreed, each apart from who proposed".
func (x *embargoes) bound(o *embargo, p parley.PartyCode, before *saidEntry) bool {
	if !o.has(p, before) {
		return false
	}
	for _, q := range x.m.parties {
		if q == p || q == o.party {
			continue
		}
		if !slices.ContainsFunc(o.agrees, func(a *saidEntry) bool { return a.party == q && x.m.hasRead(p, a, before) }) {
			return false
		}
	}
	return true
}

// counting: "A refusal counts unless its writer was bound before it in its own logs".
func (x *embargoes) counting(o *embargo) (out []*saidEntry) {
	for _, e := range o.refuses {
		if !x.bound(o, e.party, e) {
			out = append(out, e)
		}
	}
	return out
}

// byAll reports whether all others agreed to a proposal.
func (x *embargoes) byAll(o *embargo) bool {
	for _, q := range x.m.parties {
		if !o.has(q, nil) {
			return false
		}
	}
	return true
}

func (x *embargoes) agreed(o *embargo) bool { return x.byAll(o) && len(x.counting(o)) == 0 }

// deeper reports whether a stands where both may: "the deepest, of one depth that with
// the smaller reference".
func (a *embargo) deeper(b *embargo) bool {
	return b == nil || a.depth > b.depth || a.depth == b.depth && lessRef(a.ref, b.ref)
}

func (x *embargoes) stands() (best *embargo) {
	for _, o := range x.all {
		if x.agreed(o) && o.deeper(best) {
			best = o
		}
	}
	return best
}

// leavers: "Where all others agreed and a refusal counts of who proposed, or had agreed
// before, that party left".
func (x *embargoes) leavers(o *embargo) (out []parley.Ref) {
	if !x.byAll(o) {
		return nil
	}
	for _, e := range x.counting(o) {
		if o.has(e.party, e) {
			out = append(out, e.ref)
		}
	}
	slices.SortFunc(out, compareRefs)
	return out
}

func (x *embargoes) tell(line func(string, ...any)) {
	best := x.stands()
	for _, o := range x.all {
		open := !o.follow && !x.agreed(o) && len(x.counting(o)) == 0 && (best == nil || o.depth >= best.depth)
		var loose []parley.PartyCode
		for _, p := range x.m.parties {
			if x.agreed(o) && !x.bound(o, p, nil) {
				loose = append(loose, p)
			}
		}
		line("embargo %s depth %d stands %t open %t loose %v left %v", o.ref, o.depth, o == best, open, loose, x.leavers(o))
	}
}

// published holds a publication against the embargoes.
func (x *embargoes) published(p *saidEntry, f *said.Published) (early, crossed, left string) {
	early, crossed, left = "none", "none", "none"
	when := time.Unix(int64(f.At), 0).UTC() // "at `at`, or when it was written, whichever is first"
	if p.time.Before(when) {
		when = p.time
	}
	var knew, over, gone *embargo
	for _, o := range x.all { // "Its writer knew of an embargo that it had agreed to, or by which it was bound, before it in its own logs."
		agreed := slices.ContainsFunc(o.agrees, func(a *saidEntry) bool { return a.party == p.party && a.before(p) })
		if x.agreed(o) && (agreed || x.bound(o, p.party, p)) && o.deeper(knew) {
			knew = o
		}
	}
	if knew != nil && knew.until.After(when) {
		return knew.ref.String(), crossed, left
	}
	for _, o := range x.all {
		if !o.until.After(when) || o.time.After(p.time) {
			continue
		}
		if x.agreed(o) && o.deeper(knew) && o != knew && o.deeper(over) {
			over = o
		}
		if slices.ContainsFunc(x.leavers(o), func(r parley.Ref) bool { return x.m.at[r].party == p.party }) && o.deeper(gone) {
			gone = o
		}
	}
	if over != nil {
		crossed = over.ref.String()
	}
	if gone != nil {
		left = gone.ref.String()
	}
	return early, crossed, left
}

// side says what a party has shown of what it was bound to.
func (m *saidModel) side(root parley.Ref, p parley.PartyCode, line func(string, ...any)) {
	faults := map[parley.Ref]said.Fault{}
	for _, q := range m.parties {
		for _, e := range m.drafts(root, q) {
			if m.firstDraft(e) {
				faults[e.ref] = m.notBound(e)
			}
		}
	}
	named := func(ready parley.Ref) bool { // "Where a first draft of another party without that fault names a ready of this one"
		for ref, f := range faults {
			e := m.at[ref]
			if e.party != p && f == said.NoFault && slices.Contains(e.refs[2:], ready) {
				return true
			}
		}
		return false
	}
	bound := false
	readies := saidOf(m, root, func(e *saidEntry, _ *said.Ready) bool { return e.party == p })
	slices.SortFunc(readies, inLogs)
	for _, r := range readies {
		bound = bound || named(r.ref)
	}
	var shown, now, owes parley.Ref
	opened := map[parley.Ref]bool{}
	for _, e := range m.drafts(root, p) {
		if !m.firstDraft(e) { // "A later version has the fault of the draft that it follows."
			if faults[e.ref] = faults[e.refs[1]]; faults[e.ref] == said.NoFault {
				now = e.ref
			}
		} else if faults[e.ref] == said.NoFault && bound && !named(e.refs[1]) {
			faults[e.ref] = said.OtherBond
		} else if faults[e.ref] == said.NoFault && !opened[e.refs[1]] {
			opened[e.refs[1]] = true
			now = e.ref
			if shown == (parley.Ref{}) {
				shown = e.ref
			}
		}
		line("draft %s fault %q", e.ref, faults[e.ref])
	}
	if i := slices.IndexFunc(readies, func(r *saidEntry) bool { return named(r.ref) }); i >= 0 && !opened[readies[i].ref] { // "It owes a draft while the first ready of it that is named is not opened."
		owes = readies[i].ref
	}
	line("side %s shown %s now %s owes %s", p, shown, now, owes)
}

func inLogs(a, b *saidEntry) int {
	switch {
	case a.before(b):
		return -1
	case b.before(a):
		return 1
	}
	return 0
}

func (m *saidModel) firstDraft(e *saidEntry) bool { return len(e.form.(*said.Draft).Nonce) > 0 }

// drafts are those of a party that keep what a draft has to refer to, in its logs'
// order.
func (m *saidModel) drafts(root parley.Ref, p parley.PartyCode) (out []*saidEntry) {
	all := saidOf(m, root, func(e *saidEntry, _ *said.Draft) bool { return e.party == p && len(e.refs) > 1 })
	slices.SortFunc(all, inLogs)
	for _, e := range all {
		if m.firstDraft(e) {
			who := []parley.PartyCode{}
			for _, r := range e.refs[1:] {
				o := m.at[r]
				if o == nil || len(o.refs) == 0 || m.home[o.refs[0]] == nil || m.home[o.refs[0]].Ref() != root {
					continue
				}
				if _, is := o.form.(*said.Ready); is && !slices.Contains(who, o.party) && slices.Contains(m.parties, o.party) {
					who = append(who, o.party)
				}
			}
			if len(who) == len(e.refs)-1 && len(who) == len(m.parties) && who[0] == p {
				out = append(out, e)
			}
			continue
		}
		if o := m.at[e.refs[1]]; len(e.refs) == 2 && o != nil && slices.Contains(out, o) { // an own draft before it
			out = append(out, e)
		}
	}
	return out
}

func (m *saidModel) notBound(e *saidEntry) said.Fault {
	d, r := e.form.(*said.Draft), m.at[e.refs[1]].form.(*said.Ready)
	if said.Commitment(e.party, d.Nonce, &d.Statement) != r.Commitment {
		return said.NotBound
	}
	return said.NoFault
}

// jointState says where a joint statement stands, by the seven sentences of that name.
func (m *saidModel) jointState(root parley.Ref, j *saidEntry) said.JointState {
	about := saidOf(m, root, func(e *saidEntry, _ *said.Joint) bool { return m.about(e) == j })
	words := j.form.(*said.Joint).Statement
	sign := map[parley.PartyCode]*saidEntry{j.party: j}
	for _, e := range about {
		f := e.form.(*said.Joint)
		if old := sign[e.party]; f.Step == said.Sign && f.Statement.Equal(words) && e.party != j.party && (old == nil || e.before(old)) {
			sign[e.party] = e
		}
	}
	var withdrawn, refused, replaced bool
	for _, e := range about {
		step := e.form.(*said.Joint).Step
		had := sign[e.party] != nil && sign[e.party].before(e)
		knew := had
		for _, q := range m.parties {
			if q != e.party && (sign[q] == nil || !m.hasRead(e.party, sign[q], e)) {
				knew = false
			}
		}
		switch {
		case step == said.Sign:
		case step == said.Withdraw && had:
			withdrawn = withdrawn || !knew
		case step == said.Offer:
			replaced = replaced || !knew
		case !had:
			refused = true
		}
	}
	switch {
	case withdrawn:
		return said.JointWithdrawn
	case refused:
		return said.JointRefused
	case replaced:
		return said.JointReplaced
	}
	for _, p := range m.parties {
		if sign[p] == nil {
			return said.JointOpen
		}
	}
	for _, p := range m.parties {
		last := sign[p]
		for _, q := range m.parties {
			if q == p {
				continue
			}
			r := m.receipt(p, sign[q], nil)
			if r == nil {
				return said.JointSigned
			}
			if last.before(r) {
				last = r
			}
		}
		if last.early || slices.ContainsFunc(m.all, func(e *saidEntry) bool { return e.form == nil && e.before(last) }) {
			return said.JointSigned
		}
	}
	return said.JointStands
}
