package said

import (
	"bytes"
	"cmp"
	"slices"

	"parley"
)

func compareRefs(a, b parley.Ref) int {
	return cmp.Or(bytes.Compare(a.Gen[:], b.Gen[:]), cmp.Compare(a.Index, b.Index))
}

// Fold makes the book of entries, which may stand in any order; of tells to which
// contact a request belongs. What does not fit its references counts for nothing.
// What cannot be read yet holds up what it may undo.
func Fold(entries []Entry, of func(parley.Ref) (Of, bool)) *Book {
	f := folding{byRef: make(map[parley.Ref]*Entry, len(entries)), opened: openings{}, book: &Book{Unread: map[parley.PartyCode]*Entry{}}}
	es := slices.Clone(entries)
	slices.SortFunc(es, func(a, b Entry) int { return byTime(&a, &b) })
	for i := range es {
		f.byRef[es[i].Ref] = &es[i]
		f.opened.note(&es[i])
		f.book.noteUnread(&es[i])
	}
	in, told := map[parley.Ref][]*Entry{}, map[parley.Ref]Of{}
	for i := range es {
		e := &es[i]
		if !tells(e) {
			continue
		}
		if o, ok := of(e.Refs[0]); ok && o.has(e) {
			in[o.Contact], told[o.Contact] = append(in[o.Contact], e), o
		}
	}
	for root, o := range told {
		f.book.Contacts = append(f.book.Contacts, f.told(o, in[root]))
	}
	slices.SortFunc(f.book.Contacts, compareTold)
	return f.book
}

func compareTold(a, b *Told) int { return compareRefs(a.Contact, b.Contact) }

// byTime is the order in which a book takes entries.
func byTime(a, b *Entry) int {
	return cmp.Or(a.Time.Compare(b.Time), compareRefs(a.Ref, b.Ref))
}

// noteUnread keeps the first entry of each party that cannot be read.
func (b *Book) noteUnread(e *Entry) {
	if old := b.Unread[e.Party]; e.Form == nil && (old == nil || e.before(old)) {
		b.Unread[e.Party] = e
	}
}

// folding is a book in the making.
type folding struct {
	byRef  map[parley.Ref]*Entry
	opened openings
	book   *Book
}

// tells reports whether an entry may say something of a contact: that of its first
// reference.
func tells(e *Entry) bool {
	switch e.Form.(type) {
	case *Embargo, *Ready, *Draft, *Remark, *Joint, *Published:
		return len(e.Refs) > 0
	}
	return false
}

// has reports whether an entry says something of the contact: it is one of its
// parties', and both real or of one exercise.
func (o *Of) has(e *Entry) bool {
	return o.Exercise == e.Exercise && slices.Contains(o.Parties, e.Party)
}

// told is what entries say of a contact, which are by time and reference.
func (f *folding) told(o Of, es []*Entry) *Told {
	t := &Told{Of: o}
	for _, p := range o.Parties {
		t.Sides = append(t.Sides, &Side{Party: p})
	}
	f.embargo(t, es)
	f.drafts(t, es)
	f.joints(t, es)
	f.published(t, es)
	return t
}

// second is what an entry refers to after the request; nil where it does not.
func (f *folding) second(e *Entry) *Entry {
	if len(e.Refs) < 2 {
		return nil
	}
	return f.byRef[e.Refs[1]]
}

// embargo settles which proposal of an embargo stands, as for points of a contact.
func (f *folding) embargo(t *Told, es []*Entry) {
	terms := map[parley.Ref]*Term{}
	for _, e := range es {
		if x, is := e.Form.(*Embargo); is && x.Step == Propose {
			terms[e.Ref] = &Term{Entry: e, Embargo: x}
		}
	}
	var order []*Term
	for _, e := range es {
		x, is := e.Form.(*Embargo)
		if !is {
			continue
		}
		var about *Term
		if o := f.second(e); o != nil {
			about = terms[o.Ref]
		}
		switch {
		case x.Step == Propose && len(e.Refs) == 1:
			order = append(order, terms[e.Ref])
		case about == nil:
		case x.Step == Propose:
			about.children = append(about.children, terms[e.Ref])
		case x.Step == Agree && e.Party != about.Party:
			about.Agrees = append(about.Agrees, e)
		case x.Step == Refuse:
			about.Refuses = append(about.Refuses, e)
		}
	}
	for _, x := range terms {
		x.Refuses = slices.DeleteFunc(x.Refuses, func(e *Entry) bool { return f.binds(t, x, e) })
	}
	for at := 0; at < len(order); at++ { // one that hangs on nothing, or in a circle, is reached by none
		k := order[at].children
		slices.SortFunc(k, func(a, b *Term) int { return compareRefs(a.Ref, b.Ref) })
		for _, c := range k {
			c.Depth = order[at].Depth + 1
			order = append(order, c)
		}
	}
	t.Embargo.Terms = order
	t.settle()
	for _, x := range order {
		if x.agreed {
			x.Loose = slices.DeleteFunc(slices.Clone(t.Parties), func(p parley.PartyCode) bool { return f.bound(t, x, p) })
		}
	}
}

func (t *Told) settle() {
	l := &t.Embargo
	for _, p := range l.Terms {
		all := len(t.Waits(p)) == 0
		p.agreed = all && len(p.Refuses) == 0
		if all {
			p.Left = slices.DeleteFunc(slices.Clone(p.Refuses), func(e *Entry) bool { return !p.leaves(e) })
		}
		switch {
		case p.agreed:
			if l.Standing == nil || p.over(l.Standing) {
				l.Standing = p
			}
		case len(p.Refuses) == 0 && len(p.children) == 0:
			l.Open = append(l.Open, p)
		}
	}
	if l.Standing != nil {
		l.Open = slices.DeleteFunc(l.Open, func(p *Term) bool { return p.Depth < l.Standing.Depth })
	}
}

// leaves reports whether the writer of a refusal had proposed the embargo or agreed
// to it before.
func (t *Term) leaves(e *Entry) bool {
	return e.Party == t.Party || slices.ContainsFunc(t.Agrees, func(a *Entry) bool { return a.Party == e.Party && a.before(e) })
}

// over reports whether p stands where both are agreed.
func (p *Term) over(o *Term) bool {
	return p.Depth > o.Depth || p.Depth == o.Depth && compareRefs(p.Ref, o.Ref) < 0
}

// Waits returns the parties whose answer an open proposal waits for.
func (t *Told) Waits(p *Term) []parley.PartyCode {
	return slices.DeleteFunc(t.others(p.Party), func(q parley.PartyCode) bool {
		return slices.ContainsFunc(p.Agrees, func(e *Entry) bool { return e.Party == q })
	})
}

// inLog sorts entries of one party as its logs have them.
func inLog(a, b *Entry) int {
	return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Ref.Index, b.Ref.Index))
}

// drafts gathers what each side was bound to, what it showed, and the remarks.
func (f *folding) drafts(t *Told, es []*Entry) {
	bonds, versions := map[parley.Ref]*Bond{}, map[parley.Ref]*Version{}
	for _, e := range es {
		s := t.Side(e.Party)
		switch x := e.Form.(type) {
		case *Ready:
			b := &Bond{Entry: e, Ready: x}
			bonds[e.Ref], s.Bonds = b, append(s.Bonds, b)
		case *Draft:
			v := &Version{Entry: e, Draft: x}
			versions[e.Ref], s.Drafts = v, append(s.Drafts, v)
		}
	}
	for _, s := range t.Sides {
		slices.SortFunc(s.Bonds, func(a, b *Bond) int { return inLog(a.Entry, b.Entry) })
		slices.SortFunc(s.Drafts, func(a, b *Version) int { return inLog(a.Entry, b.Entry) })
		s.Drafts = slices.DeleteFunc(s.Drafts, func(v *Version) bool {
			ok := f.fits(t, v, bonds, versions)
			if !ok {
				delete(versions, v.Ref)
			}
			return !ok
		})
	}
	for _, s := range t.Sides {
		for _, v := range s.Drafts {
			if v.Bond == nil || v.Fault != NoFault {
				continue
			}
			for _, r := range v.Refs[2:] {
				bonds[r].Named = append(bonds[r].Named, v)
			}
		}
	}
	for _, s := range t.Sides {
		s.settle(versions)
	}
	for _, e := range es {
		x, is := e.Form.(*Remark)
		o := f.second(e)
		if !is || o == nil {
			continue
		}
		if v := versions[o.Ref]; v != nil && x.Item <= uint64(len(v.Draft.Statement.Items)) {
			v.Remarks = append(v.Remarks, &Comment{e, x})
		}
	}
}

// fits reports whether a draft refers to what it must: a first one to an own ready
// and to one of every other party, a later one to an own draft. It notes whether
// a first one is what its writer was bound to.
func (f *folding) fits(t *Told, v *Version, bonds map[parley.Ref]*Bond, versions map[parley.Ref]*Version) bool {
	if len(v.Refs) < 2 {
		return false
	}
	if len(v.Draft.Nonce) == 0 {
		o := versions[v.Refs[1]]
		return len(v.Refs) == 2 && o != nil && o.Party == v.Party && o.before(v.Entry)
	}
	if v.Bond = bonds[v.Refs[1]]; v.Bond == nil || v.Bond.Party != v.Party {
		return false
	}
	named := map[parley.PartyCode]bool{}
	for _, r := range v.Refs[2:] {
		b := bonds[r]
		if b == nil || b.Party == v.Party || named[b.Party] {
			return false
		}
		named[b.Party] = true
	}
	if len(named) != len(t.Parties)-1 {
		return false
	}
	if Commitment(v.Party, v.Draft.Nonce, &v.Draft.Statement) != v.Bond.Ready.Commitment {
		v.Fault = NotBound
	}
	return true
}

// settle finds what a side has shown of what it was bound to. Where another's draft
// names a ready of it, it is bound to that, whatever it filed since: who has read
// the other's draft cannot choose another text for his own.
func (s *Side) settle(versions map[parley.Ref]*Version) {
	bound := slices.ContainsFunc(s.Bonds, func(b *Bond) bool { return len(b.Named) > 0 })
	n := 0
	for _, v := range s.Drafts {
		switch {
		case v.Bond == nil: // a later version: after what it follows, in one log
			if v.Fault = versions[v.Refs[1]].Fault; v.Fault == NoFault {
				n++
				v.Number, s.Current = n, v
			}
			continue
		case v.Fault != NoFault:
			continue
		case bound && len(v.Bond.Named) == 0:
			v.Fault = OtherBond
			continue
		}
		if o := v.Bond.Opened; o != nil { // the same again
			v.Number = o.Number
			continue
		}
		v.Bond.Opened = v
		n++
		v.Number, s.Current = n, v
		if s.Shown == nil {
			s.Shown = v
		}
	}
	for _, b := range s.Bonds { // those after the first are not owed: every draft that names one was written after that
		if len(b.Named) > 0 {
			if b.Opened == nil {
				s.Owes = b
			}
			break
		}
	}
}

// joints settles what became of each joint statement that was proposed.
func (f *folding) joints(t *Told, es []*Entry) {
	props := map[parley.Ref]*Proposal{}
	for _, e := range es {
		if x, is := e.Form.(*Joint); is && x.Step == Offer && x.Statement != nil {
			p := &Proposal{Entry: e, Joint: x, Signatures: map[parley.PartyCode]*Entry{e.Party: e}}
			props[e.Ref], t.Joints = p, append(t.Joints, p)
		}
	}
	for _, e := range es {
		if _, is := e.Form.(*Joint); !is {
			continue
		}
		if o := f.second(e); o != nil && props[o.Ref] != nil && o.Ref != e.Ref {
			props[o.Ref].steps = append(props[o.Ref].steps, e)
		}
	}
	for _, p := range t.Joints {
		f.sign(p)
		p.Read = map[parley.PartyCode][]parley.PartyCode{}
		for q, s := range p.Signatures {
			p.Read[q] = slices.DeleteFunc(t.others(q), func(by parley.PartyCode) bool { return !f.opened.has(by, s.Ref) })
		}
		f.judge(t, p)
	}
}

// sign finds the first signature of each party that is of the very words.
func (f *folding) sign(p *Proposal) {
	for _, e := range p.steps {
		x := e.Form.(*Joint)
		if x.Step != Sign {
			continue
		}
		if !x.Statement.Equal(p.Joint.Statement) {
			p.Wrong = append(p.Wrong, e)
			continue
		}
		if old := p.Signatures[e.Party]; e.Party != p.Party && (old == nil || e.before(old)) {
			p.Signatures[e.Party] = e
		}
	}
}

// judge says where a proposal stands (spec/statements.md, Where a joint statement
// stands). Whoever takes a signature back without having read every other one has
// taken it back, also where the last one crossed it; whoever had read them all has
// not, for the others may have published by then.
func (f *folding) judge(t *Told, p *Proposal) {
	off := func(e *Entry, s JointState) {
		if rank := slices.Index(offStates, s); p.Off == nil || rank < slices.Index(offStates, p.State) || p.State == s && earlier(e, p.Off) {
			p.Off, p.State = e, s
		}
	}
	for _, e := range p.steps {
		step := e.Form.(*Joint).Step
		if step == Sign {
			continue
		}
		own := p.Signatures[e.Party]
		signed := own != nil && own.before(e)
		switch {
		case signed && f.knewAll(t, p, e):
			p.Late = append(p.Late, e)
		case step == Offer:
			off(e, JointReplaced)
		case signed && step == Withdraw:
			off(e, JointWithdrawn)
		case signed: // a refusal by one who has signed says nothing: he withdraws
			p.Late = append(p.Late, e)
		default:
			off(e, JointRefused)
		}
	}
	p.Crossed = p.Off != nil && p.complete(t)
	if p.Off != nil {
		return
	}
	switch {
	case !p.complete(t):
		p.State = JointOpen
	case !p.allRead(t):
		p.State = JointSigned
	default:
		p.State = JointStands
		p.Unread, p.Early = f.unreadIn(t, p), f.earlyIn(t, p)
		if p.Unread != nil || p.Early != nil {
			p.State = JointSigned
		}
	}
}

// unreadIn are the entries that cannot be read yet, one a party, which may have
// taken a signature back before its writer had read every other one, or refused
// before it signed.
func (f *folding) unreadIn(t *Told, p *Proposal) (out []*Entry) {
	for _, e := range f.book.UnreadOf(t.Parties) {
		if e.before(f.lastOf(t, p, e.Party)) {
			out = append(out, e)
		}
	}
	return out
}

// earlyIn are the parties that bound themselves in a generation which has not come
// into force: of an older one more may come to light, which stands before that.
func (f *folding) earlyIn(t *Told, p *Proposal) (out []parley.PartyCode) {
	for _, q := range t.Parties {
		if f.lastOf(t, p, q).Early {
			out = append(out, q)
		}
	}
	return out
}

// lastOf is what bound a party that has signed and read every other signature: the
// last of these in its logs.
func (f *folding) lastOf(t *Told, p *Proposal, q parley.PartyCode) *Entry {
	last := p.Signatures[q]
	for _, o := range t.others(q) {
		if r := f.opened[opening{q, p.Signatures[o].Ref}]; last.before(r) {
			last = r
		}
	}
	return last
}

// offStates are how a proposal ends, the one that is shown first before the others.
var offStates = []JointState{JointWithdrawn, JointRefused, JointReplaced}

func earlier(a, b *Entry) bool {
	return cmp.Or(a.Time.Compare(b.Time), compareRefs(a.Ref, b.Ref)) < 0
}

// complete reports whether every party has signed.
func (p *Proposal) complete(t *Told) bool { return len(p.Signatures) == len(t.Parties) }

// knewAll reports whether the writer of e had read every other signature before.
func (f *folding) knewAll(t *Told, p *Proposal, e *Entry) bool {
	return !slices.ContainsFunc(t.others(e.Party), func(q parley.PartyCode) bool {
		s := p.Signatures[q]
		return s == nil || !f.opened.hadRead(e, s.Ref)
	})
}

// allRead reports whether every party has read every other signature.
func (p *Proposal) allRead(t *Told) bool {
	return !slices.ContainsFunc(t.Parties, func(q parley.PartyCode) bool { return len(p.Read[q]) < len(t.Parties)-1 })
}

// published gathers what was published, and holds it to the embargo.
func (f *folding) published(t *Told, es []*Entry) {
	byRef := map[parley.Ref]*Publication{}
	for _, e := range es {
		x, is := e.Form.(*Published)
		if !is {
			continue
		}
		p := &Publication{Entry: e, Published: x, Statement: x.Statement}
		o := f.second(e)
		if x.Kind == JointStatement {
			if i := slices.IndexFunc(t.Joints, func(j *Proposal) bool { return o != nil && j.Ref == o.Ref }); i >= 0 {
				p.Joint = t.Joints[i]
			}
			if p.Joint == nil {
				continue
			}
			p.Statement, p.Unsigned = p.Joint.Joint.Statement, p.Joint.State != JointStands
		}
		byRef[e.Ref], t.Published = p, append(t.Published, p)
		f.early(t, p)
	}
	for _, p := range t.Published {
		if o := f.second(p.Entry); o != nil && p.Joint == nil {
			if c := byRef[o.Ref]; c != nil && c.Party == p.Party && c != p {
				p.Corrects = c
			}
		}
	}
}

// early finds the embargo that a publication did not wait for.
func (f *folding) early(t *Told, p *Publication) {
	var knew *Term
	for _, x := range t.Embargo.Terms {
		if x.agreed && f.knewTerm(t, x, p.Entry) && (knew == nil || x.over(knew)) {
			knew = x
		}
	}
	when := p.When()
	if knew != nil && knew.Until().After(when) {
		p.Early = knew
		return
	}
	for _, x := range t.Embargo.Terms {
		if x.agreed && (knew == nil || x.over(knew)) && x.Until().After(when) && !x.Time.After(p.Time) && (p.Crossed == nil || x.over(p.Crossed)) {
			p.Crossed = x
		}
		if x.LeftBy(p.Party) != nil && x.Until().After(when) && !x.Time.After(p.Time) && (p.Left == nil || x.over(p.Left)) {
			p.Left = x
		}
	}
}

// binds reports whether an embargo bound the writer of e when it wrote e: it had
// proposed it or agreed to it, and had read that all the others agreed. Nobody
// gets out of that alone.
func (f *folding) binds(t *Told, x *Term, e *Entry) bool {
	return !slices.ContainsFunc(t.others(x.Party), func(q parley.PartyCode) bool {
		return !slices.ContainsFunc(x.Agrees, func(a *Entry) bool {
			return a.Party == q && (q == e.Party && a.before(e) || q != e.Party && f.opened.hadRead(e, a.Ref))
		})
	})
}

// bound reports whether an agreed embargo binds a party by now.
func (f *folding) bound(t *Told, x *Term, p parley.PartyCode) bool {
	return !slices.ContainsFunc(t.others(x.Party), func(q parley.PartyCode) bool {
		return !slices.ContainsFunc(x.Agrees, func(a *Entry) bool { return a.Party == q && (q == p || f.opened.has(p, a.Ref)) })
	})
}

// knewTerm reports whether the writer of e knew that an embargo was agreed: it
// agreed itself before, or had read that all the others did.
func (f *folding) knewTerm(t *Told, x *Term, e *Entry) bool {
	return f.binds(t, x, e) || slices.ContainsFunc(x.Agrees, func(a *Entry) bool { return a.Party == e.Party && a.before(e) })
}
