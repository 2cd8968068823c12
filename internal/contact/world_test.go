package contact

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/form"
)

var epoch = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// world is parties that act on what they hold, and hold what has arrived.
type world struct {
	rng   *rand.Rand
	codes []parley.PartyCode
	logs  map[parley.PartyCode][]Entry
	held  map[parley.PartyCode]map[parley.PartyCode]int // by whom, of whose log
	now   time.Time
}

func newWorld(seed uint64, n int) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 1)), codes: []parley.PartyCode{"alder", "birch", "cedar"}[:n],
		logs: map[parley.PartyCode][]Entry{}, held: map[parley.PartyCode]map[parley.PartyCode]int{}, now: epoch}
	for _, p := range w.codes {
		w.held[p] = map[parley.PartyCode]int{}
	}
	return w
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

func (w *world) windows() (out []Window) {
	at := uint64(epoch.Add(24 * time.Hour).Unix())
	for range 1 + w.rng.IntN(3) {
		at += uint64(w.rng.IntN(40)) * 3600
		out = append(out, Window{Start: at, End: at + 7200})
		at += 7200
	}
	return out
}

func (w *world) request() *Request {
	return &Request{Level: Leader, Medium: Medium(w.rng.IntN(3)), Topics: []string{"strait"}, Windows: w.windows(), AnswerBy: uint64(epoch.Add(20 * time.Hour).Unix())}
}

// act lets a party do something that its desk would let it do, or nothing.
func (w *world) act(p parley.PartyCode) {
	b := Fold(w.view(p))
	if len(b.Contacts) == 0 || w.rng.IntN(12) == 0 {
		w.write(p, w.request())
		return
	}
	c := b.Contacts[w.rng.IntN(len(b.Contacts))]
	t := c.Terms[w.rng.IntN(len(c.Terms))]
	switch w.rng.IntN(9) {
	case 0:
		w.write(p, &CallOff{Reason: NotNow}, t.Ref)
	case 1, 2:
		w.write(p, w.request(), t.Ref)
	case 3:
		w.write(p, &form.Opened{Wording: parley.ReceiptWording, Time: uint64(w.now.Unix()) / 60 * 60}, t.Ref)
	case 4:
		if t.Party != p {
			w.write(p, &Reply{Phase: Decline, Reason: TimeUnsuited}, t.Ref)
		}
	case 5:
		w.write(p, &Point{Kind: Agenda, Step: Propose, Text: fmt.Sprint("point ", w.rng.IntN(100))}, c.Ref())
	case 6:
		w.actOnPoint(p, c)
	default:
		if t.Party != p {
			w.write(p, &Reply{Phase: Accept, Window: uint64(1 + w.rng.IntN(len(t.Request.Windows)))}, t.Ref)
		}
	}
}

func (w *world) actOnPoint(p parley.PartyCode, c *Contact) {
	if len(c.Points) == 0 {
		return
	}
	th := c.Points[w.rng.IntN(len(c.Points))]
	pr := th.Proposals[w.rng.IntN(len(th.Proposals))]
	switch step := uint64(w.rng.IntN(4)); {
	case step == Propose:
		w.write(p, &Point{Kind: Agenda, Step: Propose, Text: "otherwise"}, c.Ref(), pr.Ref)
	case step != Agree || pr.Party != p:
		w.write(p, &Point{Kind: Agenda, Step: step}, c.Ref(), pr.Ref)
	}
}

// run lets parties act and entries arrive, and at last all arrive.
func (w *world) run(steps int) {
	for range steps {
		w.now = w.now.Add(time.Duration(w.rng.IntN(600)) * time.Second)
		p := w.codes[w.rng.IntN(len(w.codes))]
		if w.rng.IntN(2) == 0 {
			w.act(p)
			continue
		}
		q := w.codes[w.rng.IntN(len(w.codes))]
		w.held[p][q] = min(len(w.logs[q]), w.held[p][q]+1+w.rng.IntN(3))
	}
}

func short(r parley.Ref) string { return fmt.Sprintf("%c%d", r.Gen[0], r.Index) }

// digest says all that a book says, at some times.
func digest(b *Book) string {
	var s strings.Builder
	for _, c := range b.Contacts {
		fmt.Fprintf(&s, "%s %v:", short(c.Ref()), c.Initiated())
		for _, h := range []int{0, 24, 100, 1000} {
			fmt.Fprintf(&s, " %s", c.At(epoch.Add(time.Duration(h)*time.Hour)))
		}
		if c.Agreed != nil {
			fmt.Fprintf(&s, " agreed %s at %s", short(c.Agreed.Ref), c.Start)
		}
		for _, t := range c.Open {
			fmt.Fprintf(&s, " open %s for %v", short(t.Ref), c.Waits(t))
		}
		ev, ok := c.Event("line", epoch)
		fmt.Fprintf(&s, " crossed %v event %v %v %d %s\n", c.Crossed(), ok, ev.Cancelled, ev.Sequence, ev.Start)
		for _, t := range c.Points {
			fmt.Fprintf(&s, "  point %s standing %v dropped %v done %v open", short(t.Proposals[0].Ref), t.Standing != nil && t.Standing.Depth >= 0, t.Dropped, t.Done != nil)
			for _, p := range t.Open {
				fmt.Fprintf(&s, " %s", short(p.Ref))
			}
			s.WriteByte('\n')
		}
	}
	return s.String()
}

// TestCrossingActsEndTheSame lets two and three sides act at random on what has
// arrived at each, until all has arrived everywhere: whatever the order of
// arrival the book is the same, what was called off leaves no live event, and
// requests that crossed leave one.
func TestCrossingActsEndTheSame(t *testing.T) {
	seen := map[State]int{}
	pairs, crossings := 0, 0
	for seed := range uint64(1500) {
		w := newWorld(seed, 2+int(seed%2))
		w.run(60)
		all := w.all()
		want := digest(Fold(all))
		for range 3 {
			w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			if got := digest(Fold(all)); got != want {
				t.Fatalf("seed %d: in one order\n%s\nin another\n%s", seed, want, got)
			}
		}
		for _, c := range Fold(all).Contacts {
			st := c.At(epoch)
			seen[st]++
			ev, ok := c.Event("line", epoch)
			live := ok && !ev.Cancelled
			if live != (st == Agreed) {
				t.Errorf("seed %d: %s is %s, and its event is live: %v", seed, short(c.Ref()), st, live)
			}
			if len(c.CallOffs) > 0 && live {
				t.Errorf("seed %d: %s was called off and is live", seed, short(c.Ref()))
			}
			if c.Crossed() {
				crossings++
			}
			if c.Other != nil {
				pairs++
				if o := c.Other.At(epoch); c.Other.Other != c || live && o == Agreed {
					t.Errorf("seed %d: of two that crossed both are live, or one does not know the other", seed)
				}
			}
			for _, o := range c.Open {
				if slices.Contains(c.Waits(o), o.Party) || len(c.Waits(o)) == 0 {
					t.Errorf("seed %d: open terms %s wait for %v", seed, short(o.Ref), c.Waits(o))
				}
			}
		}
	}
	for _, s := range []State{Asked, Declined, Agreed, Withdrawn, Cancelled, Met, Differ} {
		if seen[s] == 0 {
			t.Errorf("no contact ended %s: the test does not reach it", s)
		}
	}
	if pairs == 0 || crossings == 0 {
		t.Errorf("%d pairs, %d acceptances that crossed a calling off: the test does not reach them", pairs, crossings)
	}
	t.Logf("%v, %d pairs, %d crossings", seen, pairs, crossings)
}

// TestOneSentenceEach plays the crossings that are known from real lines, in
// every order of arrival, and says how each ends.
func TestOneSentenceEach(t *testing.T) {
	req := func(hour int) *Request {
		at := uint64(epoch.Add(time.Duration(hour) * time.Hour).Unix())
		return &Request{Level: Leader, Topics: []string{"strait"}, Windows: []Window{{Start: at, End: at + 3600}}}
	}
	accept := &Reply{Phase: Accept, Window: 1}
	for name, c := range map[string]struct {
		play func(w *world)
		want []State
	}{
		"accepted": {func(w *world) { r := w.write("alder", req(30)); w.write("birch", accept, r) }, []State{Agreed}},
		"withdrawn, and the acceptance crossed": {func(w *world) {
			r := w.write("alder", req(30))
			w.write("birch", accept, r)
			w.write("alder", &CallOff{Reason: Overtaken}, r)
		}, []State{Withdrawn}},
		"cancelled by one who knew that it was agreed": {func(w *world) {
			r := w.write("alder", req(30))
			a := w.write("birch", accept, r)
			w.write("alder", &form.Opened{Wording: parley.ReceiptWording, Time: 60}, a)
			w.write("alder", &CallOff{Reason: Overtaken}, r)
		}, []State{Cancelled}},
		"both ask at once, one is accepted": {func(w *world) {
			r := w.write("alder", req(30))
			w.write("birch", req(30))
			w.write("birch", accept, r)
		}, []State{Agreed, Met}},
		"both ask at once, both are accepted": {func(w *world) {
			r, s := w.write("alder", req(30)), w.write("birch", req(30))
			w.write("birch", accept, r)
			w.write("alder", accept, s)
		}, []State{Agreed, Met}},
		"both ask at once, both are accepted, one is called off": {func(w *world) {
			r, s := w.write("alder", req(30)), w.write("birch", req(30))
			w.write("birch", accept, r)
			w.write("alder", accept, s)
			w.write("alder", &CallOff{Reason: Overtaken}, s)
		}, []State{Cancelled, Cancelled}},
		"one asks after it read the other's": {func(w *world) {
			r := w.write("alder", req(30))
			w.write("birch", &form.Opened{Wording: parley.ReceiptWording, Time: 60}, r)
			w.write("birch", req(30))
		}, []State{Asked, Asked}},
		"revised, and the acceptance of the old crossed": {func(w *world) {
			r := w.write("alder", req(30))
			w.write("alder", req(40), r)
			w.write("birch", accept, r)
		}, []State{Agreed}},
		"revised, and the old accepted by one who had read the new": {func(w *world) {
			r := w.write("alder", req(30))
			n := w.write("alder", req(40), r)
			w.write("birch", &form.Opened{Wording: parley.ReceiptWording, Time: 60}, n)
			w.write("birch", accept, r)
		}, []State{Asked}},
		"counter-offers cross and both are accepted": {func(w *world) {
			r := w.write("alder", req(30))
			b := w.write("birch", req(40), r)
			a := w.write("alder", req(50), r)
			w.write("alder", accept, b)
			w.write("birch", accept, a)
		}, []State{Agreed}},
		"declined": {func(w *world) {
			r := w.write("alder", req(30))
			w.write("birch", &Reply{Phase: Decline, Reason: NotNow}, r)
		}, []State{Declined}},
		"declined, and another offer made": {func(w *world) {
			r := w.write("alder", req(30))
			w.write("birch", &Reply{Phase: Decline, Reason: NotNow}, r)
			w.write("alder", req(60), r)
		}, []State{Asked}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, 2)
			c.play(w)
			for range 20 {
				all := w.all()
				w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				var got []State
				for _, x := range Fold(all).Contacts {
					got = append(got, x.At(epoch))
				}
				slices.Sort(got)
				want := slices.Sorted(slices.Values(c.want))
				if !slices.Equal(got, want) {
					t.Fatalf("got %v, want %v", got, want)
				}
			}
		})
	}
}

// TestNoAnswerIsAState times a request that nobody answers, and a late answer.
func TestNoAnswerIsAState(t *testing.T) {
	w := newWorld(1, 2)
	by := epoch.Add(10 * time.Hour)
	at := uint64(epoch.Add(48 * time.Hour).Unix())
	r := w.write("alder", &Request{Level: Leader, Topics: []string{"strait"}, Windows: []Window{{Start: at, End: at + 3600}}, AnswerBy: uint64(by.Unix())})
	c := Fold(w.all()).Contacts[0]
	for at, want := range map[time.Time]State{epoch: Asked, by: Asked, by.Add(time.Second): NoAnswer, epoch.Add(72 * time.Hour): Lapsed} {
		if got := c.At(at); got != want {
			t.Errorf("at %s: %s, want %s", at, got, want)
		}
	}
	w.now = by.Add(time.Minute)
	w.write("birch", &Reply{Phase: Accept, Window: 1}, r)
	c = Fold(w.all()).Contacts[0]
	if c.At(w.now) != Agreed || !c.First().Late(c.First().Replies[0]) {
		t.Errorf("a late answer: %s, late %v", c.At(w.now), c.First().Late(c.First().Replies[0]))
	}
}

// TestHostileReferences: references in circles, forward and to nowhere break
// nothing and count for nothing.
func TestHostileReferences(t *testing.T) {
	w := newWorld(1, 2)
	r := w.request()
	at := func(n uint64) parley.Ref { return parley.Ref{Gen: parley.GenerationID{'a'}, Index: n} }
	w.write("alder", r, at(1))
	w.write("alder", r, at(0))
	w.write("alder", r, at(2))
	w.write("birch", &Reply{Phase: Accept, Window: 1}, at(0))
	w.write("birch", &CallOff{Reason: NotNow}, at(99))
	w.write("birch", &Point{Kind: Agenda, Step: Propose, Text: "x"}, at(0), parley.Ref{Gen: parley.GenerationID{'b'}, Index: 3})
	w.write("birch", &Register{Phase: Confirm}, at(1))
	w.write("birch", &Answer{Outcome: Accepted}, at(1))
	if b := Fold(w.all()); len(b.Contacts) != 0 {
		t.Errorf("%d contacts of circles", len(b.Contacts))
	}
}
