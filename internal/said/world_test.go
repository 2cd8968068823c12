package said

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
)

var epoch = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// world is parties that act on what they hold, and hold what has arrived: of each
// log a beginning, and of all of them nothing before what it refers to.
type world struct {
	rng    *rand.Rand
	codes  []parley.PartyCode
	logs   map[parley.PartyCode][]Entry
	held   map[parley.PartyCode]map[parley.PartyCode]int // by whom, of whose log
	now    time.Time
	root   parley.Ref
	nonces map[[32]byte]*Draft // what each commitment was made over
}

func newWorld(seed uint64, n int) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 1)), codes: []parley.PartyCode{"alder", "birch", "cedar"}[:n],
		logs: map[parley.PartyCode][]Entry{}, held: map[parley.PartyCode]map[parley.PartyCode]int{}, now: epoch,
		root: parley.Ref{Gen: parley.GenerationID{'r'}}, nonces: map[[32]byte]*Draft{}}
	for _, p := range w.codes {
		w.held[p] = map[parley.PartyCode]int{}
	}
	return w
}

// of says that there is one contact, of all.
func (w *world) of(r parley.Ref) (Of, bool) {
	return Of{Contact: w.root, Parties: w.codes}, r == w.root
}

func (w *world) fold(es []Entry) *Told {
	if t := Fold(es, w.of).Find(w.root); t != nil {
		return t
	}
	return &Told{Of: Of{Contact: w.root, Parties: w.codes}}
}

func (w *world) view(p parley.PartyCode) (out []Entry) {
	for _, q := range w.codes {
		n := w.held[p][q]
		if p == q {
			n = len(w.logs[q])
		}
		out = append(out, w.logs[q][:n]...)
	}
	return out
}

func (w *world) all() (out []Entry) {
	for _, p := range w.codes {
		out = append(out, w.logs[p]...)
	}
	return out
}

func (w *world) others(p parley.PartyCode) []parley.PartyCode {
	return slices.DeleteFunc(slices.Clone(w.codes), func(q parley.PartyCode) bool { return q == p })
}

func (w *world) write(p parley.PartyCode, f form.Form, refs ...parley.Ref) parley.Ref {
	if err := f.Check(); err != nil {
		panic(err)
	}
	var gen parley.GenerationID
	gen[0] = byte('a' + slices.Index(w.codes, p))
	ref := parley.Ref{Gen: gen, Index: uint64(len(w.logs[p]))}
	w.logs[p] = append(w.logs[p], Entry{Ref: ref, Party: p, To: w.others(p), Refs: refs, Form: f, Time: w.now})
	return ref
}

func (w *world) open(p parley.PartyCode, ref parley.Ref) parley.Ref {
	return w.write(p, &form.Opened{Wording: parley.ReceiptWording, Time: uint64(w.now.Unix()) / 60 * 60}, ref)
}

// statement is one of a few, so that two sides may say the same.
func statement(n int) *Statement {
	return &Statement{Facts: Facts{Initiator: "alder", Start: 60, End: 120, Level: contact.Leader, People: []Person{{Party: "alder", Name: "Ada Alder", Title: "President"}}},
		Items: []Item{{Texts: []Said{{Lang: "en", Text: fmt.Sprint("They spoke of ", n)}, {Lang: "zh", Text: fmt.Sprint("他们谈到了 ", n)}}}, {Topic: "Grain", Texts: []Said{{Lang: "en", Text: "Grain."}, {Lang: "zh", Text: "粮食。"}}}}}
}

// ready binds a party to a text.
func (w *world) ready(p parley.PartyCode, n int) parley.Ref {
	d := &Draft{Statement: *statement(n), Nonce: make([]byte, NonceSize)}
	for i := range d.Nonce {
		d.Nonce[i] = byte(w.rng.Uint32())
	}
	c := Commitment(p, d.Nonce, &d.Statement)
	w.nonces[c] = d
	return w.write(p, &Ready{Commitment: c}, w.root)
}

// show opens a bond of a party as its station does: the one that another's draft
// names, else its newest.
func (w *world) show(p parley.PartyCode, t *Told) {
	s := t.Side(p)
	if s == nil || !t.Bound() {
		return
	}
	b := s.Bonds[len(s.Bonds)-1]
	if s.Owes != nil {
		b = s.Owes
	} else if s.Shown != nil {
		return
	}
	refs := []parley.Ref{w.root, b.Ref}
	for _, q := range w.others(p) {
		o := t.Side(q)
		bonds := o.Bonds
		refs = append(refs, bonds[len(bonds)-1].Ref)
	}
	w.write(p, w.nonces[b.Ready.Commitment], refs...)
}

// act lets a party do something that its desk would let it do, or nothing.
func (w *world) act(p parley.PartyCode) {
	t := w.fold(w.view(p))
	switch w.rng.IntN(12) {
	case 0:
		refs := []parley.Ref{w.root}
		if n := len(t.Embargo.Terms); n > 0 {
			refs = append(refs, t.Embargo.Terms[w.rng.IntN(n)].Ref)
		}
		w.write(p, &Embargo{Until: uint64(w.now.Add(time.Duration(w.rng.IntN(100)) * time.Minute).Unix())}, refs...)
	case 1:
		if n := len(t.Embargo.Terms); n > 0 {
			x := t.Embargo.Terms[w.rng.IntN(n)]
			step := Agree + uint64(w.rng.IntN(2))
			if step == Refuse || x.Party != p {
				w.write(p, &Embargo{Step: step}, w.root, x.Ref)
			}
		}
	case 2:
		w.ready(p, w.rng.IntN(3))
	case 3, 4:
		w.show(p, t)
	case 5:
		if s := t.Side(p); s != nil && s.Current != nil {
			w.write(p, &Draft{Statement: *statement(w.rng.IntN(3))}, w.root, s.Current.Ref)
		}
	case 6:
		refs := []parley.Ref{w.root}
		if n := len(t.Joints); n > 0 && w.rng.IntN(2) == 0 {
			refs = append(refs, t.Joints[w.rng.IntN(n)].Ref)
		}
		w.write(p, &Joint{Step: Offer, Statement: statement(w.rng.IntN(3))}, refs...)
	case 7:
		w.publish(p, t)
	default:
		w.actOnJoint(p, t)
	}
}

func (w *world) actOnJoint(p parley.PartyCode, t *Told) {
	if len(t.Joints) == 0 {
		return
	}
	j := t.Joints[w.rng.IntN(len(t.Joints))]
	switch n := w.rng.IntN(6); {
	case n < 3: // what has come of signatures is read first, as a desk has it
		for _, q := range w.others(p) {
			if s := j.Signatures[q]; s != nil {
				w.open(p, s.Ref)
			}
		}
		if n == 0 && j.Signatures[p] == nil && j.Off == nil {
			w.write(p, &Joint{Step: Sign, Statement: j.Joint.Statement}, w.root, j.Ref)
		}
	case n == 3 && j.Signatures[p] == nil:
		w.write(p, &Joint{Step: Sign, Statement: j.Joint.Statement}, w.root, j.Ref)
	case n == 4:
		w.write(p, &Joint{Step: Withdraw}, w.root, j.Ref)
	case n == 5:
		w.write(p, &Joint{Step: Decline}, w.root, j.Ref)
	}
}

// publish publishes what the book of the party lets it publish.
func (w *world) publish(p parley.PartyCode, t *Told) {
	for _, j := range t.Joints {
		if j.State == JointStands {
			w.write(p, &Published{Kind: JointStatement, At: uint64(w.now.Unix())}, w.root, j.Ref)
			return
		}
	}
	w.write(p, &Published{Statement: statement(w.rng.IntN(3)), At: uint64(w.now.Unix())}, w.root)
}

// run lets parties act and entries arrive; each tells what it holds after that.
func (w *world) run(steps int, each func(p parley.PartyCode, held []Entry)) {
	for range steps {
		w.now = w.now.Add(time.Duration(w.rng.IntN(600)) * time.Second)
		p := w.codes[w.rng.IntN(len(w.codes))]
		if w.rng.IntN(2) == 0 {
			w.act(p)
		} else {
			w.arrive(p)
		}
		if each != nil {
			each(p, w.view(p))
		}
	}
}

// arrive lets some of another's log arrive: nothing before what it refers to.
func (w *world) arrive(p parley.PartyCode) {
	q := w.codes[w.rng.IntN(len(w.codes))]
	for n := 1 + w.rng.IntN(3); n > 0 && p != q && w.held[p][q] < len(w.logs[q]); n-- {
		e := w.logs[q][w.held[p][q]]
		if slices.ContainsFunc(e.Refs, func(r parley.Ref) bool { return r != w.root && !w.holds(p, r) }) {
			return
		}
		w.held[p][q]++
	}
}

func (w *world) holds(p parley.PartyCode, r parley.Ref) bool {
	q := w.codes[r.Gen[0]-'a']
	return p == q || r.Index < uint64(w.held[p][q])
}

func short(r parley.Ref) string { return fmt.Sprintf("%c%d", r.Gen[0], r.Index) }

func shorts(es []*Entry) string {
	out := make([]string, len(es))
	for i, e := range es {
		out[i] = short(e.Ref)
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// digest says all that a book says of a contact.
func digest(t *Told) string {
	var s strings.Builder
	for _, x := range t.Embargo.Terms {
		fmt.Fprintf(&s, "embargo %s depth %d agreed %v stands %v open %v waits %v refused %s loose %v left %v\n", short(x.Ref), x.Depth, x.agreed, x == t.Embargo.Standing, slices.Contains(t.Embargo.Open, x), t.Waits(x), shorts(x.Refuses), x.Loose, shorts(x.Left))
	}
	for _, side := range t.Sides {
		fmt.Fprintf(&s, "%s shown %v current %v owes %v:", side.Party, side.Shown != nil, side.Current != nil, side.Owes != nil)
		for _, v := range side.Drafts {
			fmt.Fprintf(&s, " %s=%d%s", short(v.Ref), v.Number, v.Fault)
		}
		s.WriteByte('\n')
	}
	for _, j := range t.Joints {
		fmt.Fprintf(&s, "joint %s %s crossed %v late %s:", short(j.Ref), j.State, j.Crossed, shorts(j.Late))
		for _, p := range t.Parties {
			if e := j.Signatures[p]; e != nil {
				fmt.Fprintf(&s, " %s", short(e.Ref))
			}
		}
		if j.Off != nil {
			fmt.Fprintf(&s, " off %s", short(j.Off.Ref))
		}
		s.WriteByte('\n')
	}
	for _, p := range t.Published {
		fmt.Fprintf(&s, "published %s early %v crossed %v left %v unsigned %v corrects %v\n", short(p.Ref), p.Early != nil, p.Crossed != nil, p.Left != nil, p.Unsigned, p.Corrects != nil)
	}
	return s.String()
}

// TestOrderDoesNotMatter lets two and three sides act at random on what has arrived
// at each. Whatever the order of arrival the book is the same; what a station
// published of a joint statement stands at the end, everywhere and for good; no
// side's first draft depends on another's.
func TestOrderDoesNotMatter(t *testing.T) {
	states, faults := map[JointState]int{}, map[Fault]int{}
	early, late, crossed, jointly := 0, 0, 0, 0
	for seed := range uint64(800) {
		w := newWorld(seed, 2+int(seed%2))
		stood := map[parley.Ref]bool{}
		w.run(90, func(p parley.PartyCode, held []Entry) {
			for _, j := range w.fold(held).Joints {
				if j.State == JointStands {
					stood[j.Ref] = true
				} else if stood[j.Ref] && j.Off != nil {
					t.Fatalf("seed %d: %s was joint at one side, and is %s at %s", seed, short(j.Ref), j.State, p)
				}
			}
		})
		all := w.all()
		end := w.fold(all)
		want := digest(end)
		for range 3 {
			w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			if got := digest(w.fold(all)); got != want {
				t.Fatalf("seed %d: in one order\n%s\nin another\n%s", seed, want, got)
			}
		}
		for _, j := range end.Joints {
			states[j.State]++
			late += len(j.Late)
			if j.Crossed {
				crossed++
			}
			if stood[j.Ref] && j.State != JointStands {
				t.Errorf("seed %d: %s stood, and is %s when all is here", seed, short(j.Ref), j.State)
			}
		}
		blind := slices.Clone(w.all())
		for range 1 + w.rng.IntN(4) { // what a side cannot read yet never makes it say that something stands which does not
			e := &blind[w.rng.IntN(len(blind))]
			e.Form, e.Refs = nil, nil
		}
		for _, j := range w.fold(blind).Joints {
			if i := slices.IndexFunc(end.Joints, func(x *Proposal) bool { return x.Ref == j.Ref }); j.State == JointStands && end.Joints[i].State != JointStands {
				t.Errorf("seed %d: %s is joint to who cannot read all, and is %s", seed, short(j.Ref), end.Joints[i].State)
			}
		}
		for _, p := range end.Published {
			if p.Unsigned {
				t.Errorf("seed %d: %s published what is %s", seed, p.Party, p.Joint.State)
			}
			if p.Joint != nil {
				jointly++
			}
			if p.Early != nil {
				early++
			}
		}
		for _, s := range end.Sides {
			for _, v := range s.Drafts {
				faults[v.Fault]++
			}
		}
	}
	for _, s := range []JointState{JointOpen, JointSigned, JointStands, JointWithdrawn, JointRefused, JointReplaced} {
		if states[s] == 0 {
			t.Errorf("no joint statement ended %s: the test does not reach it", s)
		}
	}
	if early == 0 || late == 0 || crossed == 0 || jointly == 0 || faults[NoFault] == 0 {
		t.Errorf("%d early, %d late, %d crossed, %d published jointly, drafts %v: the test does not reach them", early, late, crossed, jointly, faults)
	}
	t.Logf("%v, %v, %d early, %d late, %d crossed, %d published jointly", states, faults, early, late, crossed, jointly)
}
