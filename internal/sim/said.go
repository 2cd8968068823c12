package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/said"
	stations "parley/internal/station"
)

// More is what goes on in a run beside dispatches: bits.
type More int

// What more goes on.
const (
	WithContacts More = 1 << iota // envoys arrange contacts
	WithSaid                      // and say something of them afterwards
	WithCalls                     // and call one another
	WithJoins                     // somebody joins
)

// MorePlan makes the plan of a seed in which more goes on: NewPlan's, and acts
// beside it. Statements bring contacts with them.
func MorePlan(seed uint64, m More) *Plan {
	if m == 0 {
		return NewPlan(seed)
	}
	p := NewPlan(seed)
	if m&(WithContacts|WithSaid) != 0 {
		p = ContactPlan(seed)
	}
	g := &generator{Rand: stream(seed, "said"), p: p, length: time.Duration(p.Hours * float64(time.Hour))}
	if m&WithSaid != 0 {
		for range p.Parties { // so that there is something to speak of
			g.add(Act{At: time.Duration(g.Float64() * 0.1 * float64(g.length)), Kind: Arrange, A: g.who(), N: g.IntN(1 << 30)})
		}
		for range 80 + g.IntN(240) {
			g.add(Act{At: time.Duration((0.03 + 0.97*g.Float64()) * float64(g.length)), Kind: Tell, A: g.who(), N: g.IntN(1 << 30)})
		}
	}
	if m&WithCalls != 0 {
		g.Rand = stream(seed, "calls")
		for range 15 + g.IntN(40) {
			at, a := time.Duration(g.Float64()*float64(g.length)), g.who()
			g.add(Act{At: at, Kind: Phone, A: a, N: g.IntN(1 << 30)})
			switch g.IntN(6) {
			case 0, 1: // both at once
				g.add(Act{At: at + g.span(0, 5*time.Second), Kind: Phone, A: (a + 1) % p.Parties, N: g.IntN(1 << 30)})
			case 2:
				g.add(Act{At: at + g.span(0, 2*time.Minute), Kind: Crash, A: g.who(), N: g.IntN(int(crashPoints)), For: g.span(time.Second, time.Minute)})
			case 3:
				b := (a + 1) % p.Parties
				g.add(Act{At: at + g.span(0, time.Minute), Kind: Cut, A: a, B: b, N: 1 + g.IntN(3), For: g.span(time.Second, 3*time.Minute)})
			}
		}
	}
	if m&WithJoins != 0 {
		g.Rand = stream(seed, "joining")
		g.joins()
	}
	p.sort()
	return p
}

// saidPeople is what officers keep of statements on their own side.
type saidPeople struct {
	bonds map[[32]byte]*said.Draft // what each commitment was made over
	shown map[parley.Ref]*release  // by ready: the draft that opens it
	kept  [2]map[[32]byte]*said.Draft
}

// drafts a copy of what is on our own side, for a backup or an image.
func (k *saidPeople) keep(n int) {
	k.kept[n] = map[[32]byte]*said.Draft{}
	for c, d := range k.bonds {
		k.kept[n][c] = d
	}
}

// set back what is on our own side; n below 0: all is lost.
func (k *saidPeople) setBack(n int) {
	k.bonds, k.shown = map[[32]byte]*said.Draft{}, nil
	if n < 0 {
		return
	}
	for c, d := range k.kept[n] {
		k.bonds[c] = d
	}
}

// books returns what contacts there are, and what is said of them, as a desk of a
// station shows it now.
func (s *station) books() (*contact.Book, *said.Book) {
	if !s.disk.full {
		s.w.place(s)
	}
	logs := s.own.Engine.Status().Logs
	cb, err := stations.BookOf(s.disk, logs)
	must(err)
	b, err := stations.SaidBookOf(s.disk, logs, cb)
	must(err)
	return cb, b
}

// telling is an envoy about to say something of a contact.
type telling struct {
	s     *station
	r     *rand.Rand
	root  parley.Ref
	told  *said.Told
	hasty bool // he does what no desk would let him do
}

// tell lets an envoy do something about what is said of a contact afterwards: as
// its desk would let it, and one time in four as a hostile or hasty one would.
func (s *station) tell(n int) {
	if s.own == nil || s.w.watch.at(s).ended || len(s.others()) == 0 {
		return
	}
	cb, b := s.books()
	if len(cb.Contacts) == 0 {
		s.arrange(n)
		return
	}
	r := rand.New(rand.NewPCG(s.w.plan.Seed, uint64(n)))
	t := &telling{s: s, r: r, hasty: r.IntN(4) == 0}
	c := cb.Contacts[min(r.IntN(len(cb.Contacts)), r.IntN(len(cb.Contacts)), r.IntN(len(cb.Contacts)))]
	t.root = c.Ref()
	if o := c.Other; o != nil && lessRef(o.Ref(), t.root) {
		t.root, c = o.Ref(), o
	}
	if t.told = b.Find(t.root); t.told == nil {
		t.told = &said.Told{Of: said.Of{Contact: t.root, Parties: c.Parties}}
		for _, p := range c.Parties {
			t.told.Sides = append(t.told.Sides, &said.Side{Party: p})
		}
	}
	switch n := r.IntN(16); n {
	case 0, 1, 2:
		t.embargo()
	case 3, 4, 5, 6:
		t.hasty = t.hasty || r.IntN(3) == 0
		if n < 5 {
			t.bind()
		} else {
			t.show()
		}
	case 7:
		t.remark()
	case 8, 9, 10, 11:
		t.joint()
	case 12, 13:
		t.open()
	default:
		t.publish()
	}
	s.w.watch.said = true
}

func lessRef(a, b parley.Ref) bool { return compareRefs(a, b) < 0 }

// file releases a form about the contact, with what it refers to after the request.
func (t *telling) file(f form.Form, refs ...parley.Ref) {
	h := &form.Header{From: parley.Envoy, To: t.s.others(), Precedence: parley.Priority, Refs: append([]parley.Ref{t.root}, refs...)}
	if t.s.own != nil && len(h.To) > 0 {
		t.s.release(h, f, "")
	}
}

// receipt acknowledges entries, each by a receipt of its own, and more or less
// urgently.
func (t *telling) receipt(es ...*said.Entry) {
	for _, e := range es {
		if e == nil || e.Party == t.s.code || t.s.own == nil {
			continue
		}
		h := &form.Header{From: parley.Envoy, Refs: []parley.Ref{e.Ref}, Precedence: parley.Precedence(t.r.IntN(2))}
		t.s.release(h, &form.Opened{Wording: parley.ReceiptWording, Time: form.Minute(t.s.time())}, "")
	}
}

func one[T any](r *rand.Rand, xs []T) (x T, ok bool) {
	if len(xs) == 0 {
		return x, false
	}
	return xs[r.IntN(len(xs))], true
}

func (t *telling) embargo() {
	l := &t.told.Embargo
	from := l.Open
	if t.hasty {
		from = l.Terms
	}
	x, ok := one(t.r, from)
	hours := time.Duration(t.r.IntN(1 + int(2*t.s.w.plan.Hours)))
	offer := &said.Embargo{Step: said.Propose, Until: uint64(max(1, t.s.time().Add(hours*time.Hour).Unix()))}
	switch n := t.r.IntN(6); {
	case !ok && (l.Standing == nil || t.hasty):
		t.file(offer)
	case !ok:
		t.file(offer, l.Standing.Ref)
	case n == 0:
		t.file(offer, x.Ref)
	case n == 1:
		t.file(&said.Embargo{Step: said.Refuse}, x.Ref)
	case x.Party != t.s.code:
		t.file(&said.Embargo{Step: said.Agree}, x.Ref)
	}
}

// statement is what an envoy means to say.
func (t *telling) statement() *said.Statement {
	return &said.Statement{Facts: said.Facts{Initiator: string(t.told.Parties[0]), Level: contact.Leader},
		Items: []said.Item{{Texts: []said.Said{{Lang: "en", Text: fmt.Sprintf("%s and others spoke, %d.", t.s.code, t.r.IntN(1000))}}}}}
}

// bind files a ready over a text that is kept on our own side before.
func (t *telling) bind() {
	us := t.told.Side(t.s.code)
	if us == nil || !t.hasty && (us.Shown != nil || us.Owes != nil || len(us.Bonds) > 0 && t.told.Bound()) {
		return
	}
	d := &said.Draft{Statement: *t.statement(), Nonce: make([]byte, said.NonceSize)}
	for i := range d.Nonce {
		d.Nonce[i] = byte(t.r.Uint32())
	}
	k := &t.s.people.said
	if k.bonds == nil {
		k.bonds = map[[32]byte]*said.Draft{}
	}
	c := said.Commitment(t.s.code, d.Nonce, &d.Statement)
	k.bonds[c] = d
	t.file(&said.Ready{Commitment: c})
}

// shows shows by itself the draft that our side was bound to last, once every side
// is bound to its own, as the clerk of a station does.
func (s *station) shows() {
	if s.own == nil || s.w.watch.at(s).ended || s.disk.full {
		return
	}
	_, b := s.books()
	for _, told := range b.Contacts {
		us := told.Side(s.code)
		if us == nil || !told.Bound() || len(us.Bonds) == 0 || us.Shown != nil && us.Owes == nil {
			continue
		}
		last := us.Bonds[len(us.Bonds)-1]
		if us.Owes == nil || us.Owes == last {
			(&telling{s: s, r: s.rng, root: told.Contact, told: told}).first(last, nil)
		}
	}
}

// first files the draft that opens a ready of ours, in the words that it was made
// over unless others are given.
func (t *telling) first(ready *said.Bond, words *said.Statement) {
	k := &t.s.people.said
	d := k.bonds[ready.Ready.Commitment]
	if r := k.shown[ready.Ref]; d == nil || r != nil && (!r.filed || t.s.knows(r.id)) && !t.hasty {
		return
	}
	refs := []parley.Ref{ready.Ref}
	for _, side := range t.told.Sides {
		switch {
		case side.Party == t.s.code:
		case len(side.Bonds) == 0:
			return
		case side.Shown != nil && !t.hasty:
			refs = append(refs, side.Shown.Bond.Ref)
		case t.hasty:
			b, _ := one(t.r, side.Bonds)
			refs = append(refs, b.Ref)
		default:
			refs = append(refs, side.Bonds[len(side.Bonds)-1].Ref)
		}
	}
	for _, o := range t.s.others() { // a form says so: to nobody who is not bound
		if !slices.Contains(t.told.Parties, o.Party) {
			return
		}
	}
	f := &said.Draft{Statement: d.Statement, Nonce: d.Nonce}
	if words != nil {
		f.Statement = *words
	}
	h := &form.Header{From: parley.Envoy, To: t.s.others(), Precedence: parley.Priority, Refs: append([]parley.Ref{t.root}, refs...)}
	if k.shown == nil {
		k.shown = map[parley.Ref]*release{}
	}
	k.shown[ready.Ref] = t.s.release(h, f, "")
}

// show shows what an officer decides to show: what we owe, or a later version. The
// hasty show another bond, or other words.
func (t *telling) show() {
	us := t.told.Side(t.s.code)
	if us == nil {
		return
	}
	b, bound := one(t.r, us.Bonds)
	v, shown := one(t.r, us.Drafts)
	switch {
	case t.hasty && bound && t.r.IntN(4) == 0:
		t.first(b, t.statement())
	case t.hasty && bound && t.r.IntN(2) == 0:
		t.first(b, nil)
	case t.hasty && shown:
		t.file(&said.Draft{Statement: *t.statement()}, v.Ref)
	case us.Owes != nil:
		t.first(us.Owes, nil)
	case us.Current != nil:
		t.file(&said.Draft{Statement: *t.statement()}, us.Current.Ref)
	}
}

func (t *telling) remark() {
	var all []*said.Version
	for _, s := range t.told.Sides {
		all = append(all, s.Drafts...)
	}
	if v, ok := one(t.r, all); ok {
		t.file(&said.Remark{Item: uint64(t.r.IntN(2)), Text: "as we remember it"}, v.Ref)
	}
}

// joint proposes, signs, withdraws or refuses. Who signs acknowledges what the
// others signed. The hasty withdraw late, and put another text in the place of what
// stands.
func (t *telling) joint() {
	j, ok := one(t.r, t.told.Joints)
	if !ok || t.r.IntN(8) == 0 {
		t.file(&said.Joint{Step: said.Offer, Statement: t.statement()})
		return
	}
	_, signed := j.Signatures[t.s.code]
	over := j.Off != nil
	switch n := t.r.IntN(8); {
	case n == 0 && (t.hasty || !over && j.State != said.JointStands):
		t.file(&said.Joint{Step: said.Offer, Statement: t.statement()}, j.Ref)
	case n == 1 && (t.hasty || !signed && !over):
		t.file(&said.Joint{Step: said.Decline}, j.Ref)
	case n < 4 && (t.hasty || signed && !over && j.State == said.JointOpen):
		t.file(&said.Joint{Step: said.Withdraw}, j.Ref)
	case j.Party != t.s.code && (t.hasty || !signed && !over):
		if !t.hasty {
			t.receipt(signaturesOf(t.told, j)...)
		}
		t.file(&said.Joint{Step: said.Sign, Statement: j.Joint.Statement}, j.Ref)
	case signed:
		t.receipt(signaturesOf(t.told, j)...)
	}
}

// signaturesOf are those of a joint statement, in the order of the parties.
func signaturesOf(t *said.Told, j *said.Proposal) (out []*said.Entry) {
	for _, p := range t.Parties {
		if e := j.Signatures[p]; e != nil {
			out = append(out, e)
		}
	}
	return out
}

// open acknowledges signatures, or what others agreed to of embargoes; the hasty
// one of them alone.
func (t *telling) open() {
	var es []*said.Entry
	if j, ok := one(t.r, t.told.Joints); ok && t.r.IntN(3) > 0 {
		es = signaturesOf(t.told, j)
	} else if x, ok := one(t.r, t.told.Embargo.Terms); ok {
		es = x.Agrees
	}
	if e, ok := one(t.r, es); ok && t.hasty {
		es = []*said.Entry{e}
	}
	t.receipt(es...)
}

// publish publishes a readout, a correction or a joint statement: when no embargo
// holds it back and nothing that may be of the contact is unread. The hasty wait for
// nothing.
func (t *telling) publish() {
	now := t.s.time()
	if x := t.told.Embargo.Standing; x != nil && x.Until().After(now) && !t.hasty {
		return
	}
	f := &said.Published{At: uint64(max(1, now.Unix()))}
	if t.hasty {
		f.At = max(1, f.At-uint64(t.r.IntN(3600)))
	}
	if j, ok := one(t.r, t.told.Joints); ok && (t.hasty || j.State == said.JointStands) {
		f.Kind = said.JointStatement
		t.file(f, j.Ref)
		return
	}
	f.Statement = t.statement()
	for _, p := range t.told.Published {
		if p.Party == t.s.code && p.Joint == nil && t.r.IntN(2) == 0 {
			t.file(f, p.Ref)
			return
		}
	}
	if !t.hasty {
		for _, x := range t.told.Embargo.Terms {
			t.receipt(x.Agrees...)
		}
	}
	t.file(f)
}
