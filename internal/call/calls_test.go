package call

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
)

// world is parties that act on what they hold, and hold what has arrived, each by
// a clock of its own.
type world struct {
	rng   *rand.Rand
	codes []parley.PartyCode
	logs  map[parley.PartyCode][]Entry
	held  map[parley.PartyCode]map[parley.PartyCode]int
	off   map[parley.PartyCode]time.Duration
	now   time.Time
	drill string
}

func newWorld(seed uint64, n int) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 2)), codes: []parley.PartyCode{"alder", "birch", "cedar"}[:n], logs: map[parley.PartyCode][]Entry{},
		held: map[parley.PartyCode]map[parley.PartyCode]int{}, off: map[parley.PartyCode]time.Duration{}, now: noon}
	for _, p := range w.codes {
		w.held[p] = map[parley.PartyCode]int{}
	}
	return w
}

func (w *world) others(p parley.PartyCode) []parley.PartyCode {
	return slices.DeleteFunc(slices.Clone(w.codes), func(q parley.PartyCode) bool { return q == p })
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

func (w *world) write(p parley.PartyCode, f form.Form, refs ...parley.Ref) parley.Ref {
	if err := f.Check(); err != nil {
		panic(err)
	}
	var gen parley.GenerationID
	gen[0] = byte('a' + slices.Index(w.codes, p))
	ref := parley.Ref{Gen: gen, Index: uint64(len(w.logs[p]))}
	w.logs[p] = append(w.logs[p], Entry{Ref: ref, Party: p, To: w.others(p), Refs: refs, Form: f, Time: w.now.Add(w.off[p]), Exercise: w.drill})
	return ref
}

func phrase(s string) *Wording {
	return &Wording{Texts: []Said{{Lang: "en", Text: s}, {Lang: "zh", Text: "话"}}, Note: WordingNote}
}

// act lets a party do something, also what no desk would let it do.
func (w *world) act(p parley.PartyCode) {
	cs := Fold(w.view(p))
	w.drill = ""
	if w.rng.IntN(5) == 0 {
		w.drill = "autumn gale"
	}
	if len(cs) == 0 || w.rng.IntN(6) == 0 {
		w.write(p, &Ring{Level: contact.Leader})
		return
	}
	c := cs[w.rng.IntN(len(cs))]
	if w.rng.IntN(8) > 0 {
		w.drill = c.Ring.Exercise
	}
	switch ring := c.Ring.Ref; w.rng.IntN(9) {
	case 0:
		w.write(p, &Pickup{Phase: Decline, Reason: contact.NotNow}, ring)
	case 1:
		w.write(p, &Pickup{Phase: Busy}, ring)
	case 2, 3:
		w.write(p, &Pickup{Phase: Accept}, ring)
	case 4:
		w.write(p, &Hangup{Outcome: uint64(w.rng.IntN(4))}, ring)
	case 5:
		w.write(p, &Roster{Phase: uint64(w.rng.IntN(2))}, ring)
	case 6:
		w.write(p, &Dispute{Lang: "zh", Heard: "x"}, ring)
	default:
		w.actOnWording(p, c)
	}
}

func (w *world) actOnWording(p parley.PartyCode, c *Call) {
	if len(c.Wordings) == 0 || w.rng.IntN(4) == 0 {
		w.write(p, phrase(fmt.Sprint(w.rng.IntN(100))), c.Ring.Ref)
		return
	}
	x := c.Wordings[w.rng.IntN(len(c.Wordings))]
	switch w.rng.IntN(5) {
	case 0:
		w.write(p, phrase("otherwise"), c.Ring.Ref, x.Ref)
	case 1:
		w.write(p, &Confirm{Phase: Denied, Text: "no"}, x.Ref)
	case 2:
		w.write(p, &Confirm{Phase: TakenBack}, x.Ref)
	default:
		w.write(p, &Confirm{Phase: Confirmed}, x.Ref)
	}
}

func (w *world) run(steps int) {
	for range steps {
		w.now = w.now.Add(time.Duration(w.rng.IntN(20)) * time.Second)
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

func refsOf(es []*Entry) (out []string) {
	for _, e := range es {
		out = append(out, short(e.Ref))
	}
	return out
}

// digest says all that calls say.
func digest(cs []*Call) string {
	var s strings.Builder
	byParty := func(m map[parley.PartyCode]*Entry) {
		for _, p := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(&s, " %s:%s", p, short(m[p].Ref))
		}
	}
	for _, c := range cs {
		at, ok := c.Accepted()
		fmt.Fprintf(&s, "%s %s %v of %v accepted %v %s", short(c.Ring.Ref), c.Phase(), c.Members(), c.Parties, ok, at)
		if c.Other != nil {
			fmt.Fprintf(&s, " met %s", short(c.Other.Ring.Ref))
		}
		for _, o := range c.Crossed {
			fmt.Fprintf(&s, " stands for %s", short(o.Ring.Ref))
		}
		byParty(c.Pickups)
		s.WriteString(" |")
		byParty(c.Hangups)
		fmt.Fprintf(&s, " | %v %v\n", refsOf(c.Rosters), refsOf(c.Disputes))
		for _, p := range c.Wordings {
			fmt.Fprintf(&s, "  %s replaced %v stands %v", short(p.Ref), p.Replaced, c.Stands(p))
			byParty(p.Words)
			s.WriteByte('\n')
		}
	}
	return s.String()
}

// TestCallsDependOnTheSetAlone lets two and three parties act at random on what
// has arrived at each, real and in an exercise: whatever the order of the entries,
// the calls are the same.
func TestCallsDependOnTheSetAlone(t *testing.T) {
	seen := map[Phase]int{}
	stand, replaced, crossed := 0, 0, 0
	for seed := range uint64(600) {
		w := newWorld(seed, 2+int(seed%2))
		if seed%3 == 0 {
			w.off["birch"] = time.Duration(w.rng.IntN(60)-30) * time.Second
		}
		w.run(60)
		all := w.all()
		cs := Fold(all)
		want := digest(cs)
		for range 3 {
			w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			if got := digest(Fold(all)); got != want {
				t.Fatalf("seed %d: in one order\n%s\nin another\n%s", seed, want, got)
			}
		}
		for _, c := range cs {
			seen[c.Phase()]++
			checkCall(t, seed, c)
			for _, p := range c.Wordings {
				if c.Stands(p) {
					stand++
				}
				if p.Replaced {
					replaced++
				}
			}
			if len(c.Crossed) > 0 {
				crossed++
			}
		}
	}
	for _, p := range []Phase{Ringing, Running, Declined, WasBusy, GivenUp, NobodyIn, Over, BrokenOff, Met} {
		if seen[p] == 0 {
			t.Errorf("no call is %s: the test does not reach it", p)
		}
	}
	if stand == 0 || replaced == 0 || crossed == 0 {
		t.Errorf("%d wordings stand, %d are replaced, %d calls stand for others: the test does not reach them", stand, replaced, crossed)
	}
	t.Logf("%v, %d wordings stand, %d replaced, %d crossed", seen, stand, replaced, crossed)
}

// checkCall holds a call to what always is.
func checkCall(t *testing.T, seed uint64, c *Call) {
	t.Helper()
	bad := func(what string) { t.Errorf("seed %d: %s: %s\n%s", seed, short(c.Ring.Ref), what, digest([]*Call{c})) }
	if c.Phase() == Running && len(c.Members()) < 2 {
		bad("it runs with fewer than two")
	}
	if (c.Phase() == Met) != (c.Other != nil) || c.Other != nil && (c.Other.Other != nil || c.Other.Ring.Party == c.Ring.Party || compareEntries(c.Other.Ring, c.Ring) > 0 || len(c.Crossed) > 0) {
		bad("it is met by one that does not stand")
	}
	for _, e := range slices.Concat(c.Rosters, c.Disputes, slices.Collect(maps.Values(c.Pickups)), slices.Collect(maps.Values(c.Hangups))) {
		if e.Exercise != c.Ring.Exercise || !slices.Contains(c.Parties, e.Party) {
			bad("an entry of another exercise or party counts")
		}
	}
	for _, p := range c.Wordings {
		for party, e := range p.Words {
			if e.Exercise != c.Ring.Exercise || e.Party != party || !slices.Contains(c.Parties, party) {
				bad("a word of another exercise or party counts")
			}
		}
		if c.Stands(p) && len(p.Words) != len(c.Parties)-1 {
			bad("a wording stands that not everybody confirmed")
		}
	}
}

// TestOneSentenceEachOfCalls plays the crossings that are known from real lines,
// in every order of arrival, and says how each ends.
func TestOneSentenceEachOfCalls(t *testing.T) {
	ring, accept, busy := &Ring{Level: contact.Leader}, &Pickup{Phase: Accept}, &Pickup{Phase: Busy}
	decline := &Pickup{Phase: Decline, Reason: contact.NotNow}
	end := func(o uint64) *Hangup { return &Hangup{Outcome: o} }
	for name, c := range map[string]struct {
		n    int
		play func(w *world)
		want string
	}{
		"rings":         {2, func(w *world) { w.write("alder", ring) }, "a0 ringing"},
		"answered":      {2, func(w *world) { w.write("birch", accept, w.write("alder", ring)) }, "a0 running"},
		"declined":      {2, func(w *world) { w.write("birch", decline, w.write("alder", ring)) }, "a0 declined"},
		"busy":          {2, func(w *world) { w.write("birch", busy, w.write("alder", ring)) }, "a0 busy"},
		"nobody lifted": {2, func(w *world) { w.write("alder", end(NoAnswer), w.write("alder", ring)) }, "a0 no-answer"},
		"withdrawn, and lifted since": {2, func(w *world) {
			r := w.write("alder", ring)
			w.write("alder", end(Withdrawn), r)
			w.write("birch", accept, r)
		}, "a0 withdrawn"},
		"no answer, and one crossed it": {2, func(w *world) {
			r := w.write("alder", ring)
			w.write("birch", accept, r)
			w.write("alder", end(NoAnswer), r)
			w.write("birch", end(Ended), r)
		}, "a0 no-answer"},
		"who rings cannot answer himself": {2, func(w *world) { w.write("alder", accept, w.write("alder", ring)) }, "a0 ringing"},
		"the first answer counts": {2, func(w *world) {
			r := w.write("alder", ring)
			w.write("birch", decline, r)
			w.later()
			w.write("birch", accept, r)
		}, "a0 declined"},
		"ended": {2, func(w *world) {
			r := w.write("alder", ring)
			w.write("birch", accept, r)
			w.write("birch", end(Ended), r)
		}, "a0 ended"},
		"broken off": {2, func(w *world) {
			r := w.write("alder", ring)
			w.write("birch", accept, r)
			w.write("alder", end(Broken), r)
		}, "a0 broken-off"},
		"three, one leaves": {3, func(w *world) {
			r := w.write("alder", ring)
			w.write("birch", accept, r)
			w.write("cedar", accept, r)
			w.write("alder", end(Ended), r)
		}, "a0 running"},
		"three, one declines":            {3, func(w *world) { r := w.write("alder", ring); w.write("birch", decline, r) }, "a0 ringing"},
		"both ring":                      {2, func(w *world) { w.write("alder", ring); w.later(); w.write("birch", ring) }, "a0 running, b0 met"},
		"both ring, in one second":       {2, func(w *world) { w.write("birch", ring); w.write("alder", ring) }, "a0 running, b0 met"},
		"both ring, by clocks a bit off": {2, func(w *world) { w.off["birch"] = -20 * time.Second; w.write("alder", ring); w.write("birch", ring) }, "a0 met, b0 running"},
		"both ring, and one lifts the other": {2, func(w *world) {
			r := w.write("alder", ring)
			w.write("birch", ring)
			w.later()
			w.write("birch", accept, r)
		}, "a0 running, b0 met"},
		"both ring, both lift": {2, func(w *world) {
			a, b := w.write("alder", ring), w.write("birch", ring)
			w.later()
			w.write("birch", accept, a)
			w.write("alder", accept, b)
		}, "a0 running, b0 met"},
		"both ring, and one hangs up on its own": {2, func(w *world) {
			w.write("alder", ring)
			b := w.write("birch", ring)
			w.later()
			w.write("birch", end(Ended), b)
		}, "a0 ended, b0 met"},
		"both ring, and one is too late": {2, func(w *world) {
			w.write("alder", ring)
			w.now = w.now.Add(RingFor + time.Second)
			w.write("birch", ring)
		}, "a0 ringing, b0 ringing"},
		"both ring, one gives up before it hears": {2, func(w *world) {
			a := w.write("alder", ring)
			w.write("birch", ring)
			w.later()
			w.write("alder", end(Withdrawn), a)
		}, "a0 withdrawn, b0 ringing"},
		"declined, and called back": {2, func(w *world) {
			a := w.write("alder", ring)
			w.later()
			w.write("birch", decline, a)
			w.later()
			w.write("birch", ring)
		}, "a0 declined, b1 ringing"},
		"answered, ended, and called back": {2, func(w *world) {
			a := w.write("alder", ring)
			w.write("birch", accept, a)
			w.later()
			w.write("alder", end(Ended), a)
			w.later()
			w.write("birch", ring)
		}, "a0 ended, b1 ringing"},
		"rung over a call that runs": {2, func(w *world) {
			a := w.write("alder", ring)
			w.write("birch", accept, a)
			w.later()
			w.write("birch", ring)
		}, "a0 running, b1 ringing"},
		"one rings twice": {2, func(w *world) { w.write("alder", ring); w.later(); w.write("alder", ring) }, "a0 ringing, a1 ringing"},
		"one rings twice, and the other crosses": {2, func(w *world) {
			w.write("alder", ring)
			w.later()
			w.write("alder", ring)
			w.later()
			w.write("birch", ring)
		}, "a0 running, a1 ringing, b0 met"},
		"an exercise does not cross what is real":  {2, func(w *world) { w.write("alder", ring); w.drill = "gale"; w.write("birch", ring) }, "a0 ringing, b0 ringing"},
		"an exercise does not answer what is real": {2, func(w *world) { r := w.write("alder", ring); w.drill = "gale"; w.write("birch", accept, r) }, "a0 ringing"},
		"three, answered by one, ended, and the other calls": {3, func(w *world) {
			a := w.write("alder", ring)
			w.write("cedar", accept, a)
			w.later()
			w.write("alder", end(Ended), a)
			w.later()
			w.write("birch", ring)
		}, "a0 ended, b0 ringing"},
		"three ring": {3, func(w *world) { w.write("cedar", ring); w.write("birch", ring); w.write("alder", ring) }, "a0 running, b0 met, c0 met"},
		"three, two ring, the third lifts one": {3, func(w *world) {
			w.write("alder", ring)
			b := w.write("birch", ring)
			w.later()
			w.write("cedar", accept, b)
		}, "a0 running, b0 met"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, c.n)
			c.play(w)
			for range 30 {
				all := w.all()
				w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				var got []string
				for _, x := range Fold(all) {
					got = append(got, short(x.Ring.Ref)+" "+string(x.Phase()))
				}
				slices.Sort(got)
				if s := strings.Join(got, ", "); s != c.want {
					t.Fatalf("got %s, want %s", s, c.want)
				}
			}
		})
	}
}

func (w *world) later() { w.now = w.now.Add(5 * time.Second) }

// TestWhatStandsOfWordings: which wordings stand, in every order of arrival.
func TestWhatStandsOfWordings(t *testing.T) {
	yes, no, back := &Confirm{Phase: Confirmed}, &Confirm{Phase: Denied, Text: "no"}, &Confirm{Phase: TakenBack}
	for name, c := range map[string]struct {
		n    int
		play func(w *world, call parley.Ref)
		want string
	}{
		"confirmed":           {2, func(w *world, r parley.Ref) { w.write("birch", yes, w.write("alder", phrase("x"), r)) }, "a1"},
		"not yet":             {2, func(w *world, r parley.Ref) { w.write("alder", phrase("x"), r) }, ""},
		"by its writer alone": {2, func(w *world, r parley.Ref) { w.write("alder", yes, w.write("alder", phrase("x"), r)) }, ""},
		"denied":              {2, func(w *world, r parley.Ref) { w.write("birch", no, w.write("alder", phrase("x"), r)) }, ""},
		"denied, then confirmed": {2, func(w *world, r parley.Ref) {
			p := w.write("alder", phrase("x"), r)
			w.write("birch", no, p)
			w.later()
			w.write("birch", yes, p)
		}, "a1"},
		"confirmed, and taken back": {2, func(w *world, r parley.Ref) {
			p := w.write("alder", phrase("x"), r)
			w.write("birch", yes, p)
			w.write("alder", back, p)
		}, ""},
		"confirmed, and the other side takes back what is not its": {2, func(w *world, r parley.Ref) {
			p := w.write("alder", phrase("x"), r)
			w.write("birch", yes, p)
			w.later()
			w.write("birch", back, p)
		}, "a1"},
		"both write, both confirm": {2, func(w *world, r parley.Ref) {
			a, b := w.write("alder", phrase("x"), r), w.write("birch", phrase("y"), r)
			w.write("alder", yes, b)
			w.write("birch", yes, a)
		}, "a1 b1"},
		"both confirm and take back": {2, func(w *world, r parley.Ref) {
			a, b := w.write("alder", phrase("x"), r), w.write("birch", phrase("y"), r)
			w.write("alder", yes, b)
			w.write("birch", yes, a)
			w.write("alder", back, a)
			w.write("birch", back, b)
		}, ""},
		"written otherwise by its writer": {2, func(w *world, r parley.Ref) {
			a := w.write("alder", phrase("x"), r)
			w.write("birch", yes, a)
			w.write("alder", phrase("y"), r, a)
		}, ""},
		"another cannot undo what was confirmed": {2, func(w *world, r parley.Ref) {
			a := w.write("alder", phrase("x"), r)
			w.write("birch", yes, a)
			w.write("birch", phrase("y"), r, a)
		}, "a1"},
		"another's stands when it is confirmed": {2, func(w *world, r parley.Ref) {
			a := w.write("alder", phrase("x"), r)
			w.write("birch", yes, a)
			b := w.write("birch", phrase("y"), r, a)
			w.write("alder", yes, b)
		}, "b2"},
		"two of three confirm": {3, func(w *world, r parley.Ref) { w.write("birch", yes, w.write("alder", phrase("x"), r)) }, ""},
		"three of three": {3, func(w *world, r parley.Ref) {
			p := w.write("alder", phrase("x"), r)
			w.write("birch", yes, p)
			w.write("cedar", yes, p)
		}, "a1"},
		"of another call": {2, func(w *world, r parley.Ref) {
			a := w.write("alder", phrase("x"), r)
			w.write("birch", yes, a)
			o := w.write("alder", &Ring{})
			w.write("alder", phrase("y"), o, a)
		}, "a1"},
		"in an exercise": {2, func(w *world, r parley.Ref) {
			a := w.write("alder", phrase("x"), r)
			w.drill = "gale"
			w.write("birch", yes, a)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, c.n)
			r := w.write("alder", &Ring{Level: contact.Leader})
			w.write("birch", &Pickup{Phase: Accept}, r)
			// birch's entries are counted from the pickup: b0.
			c.play(w, r)
			for range 30 {
				all := w.all()
				w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				var got []string
				for _, x := range Fold(all) {
					for _, p := range x.Wordings {
						if x.Stands(p) {
							got = append(got, short(p.Ref))
						}
					}
				}
				slices.Sort(got)
				if s := strings.Join(got, " "); s != c.want {
					t.Fatalf("stands %q, want %q", s, c.want)
				}
			}
		})
	}
}

// TestWhatFitsNothing: entries without references, to nobody, and of parties that
// are not on the call, count for nothing, and stop nothing.
func TestWhatFitsNothing(t *testing.T) {
	ring := Entry{Ref: parley.Ref{Gen: parley.GenerationID{1}}, Party: "alder", To: []parley.PartyCode{"birch", "birch", "alder"}, Form: &Ring{}, Time: noon}
	es := []Entry{ring}
	for i, f := range []form.Form{&Ring{}, &Pickup{}, &Hangup{}, &Roster{}, phrase("x"), &Confirm{}, &Dispute{}} {
		es = append(es, Entry{Ref: parley.Ref{Gen: parley.GenerationID{2}, Index: uint64(i)}, Party: "birch", Form: f, Time: noon},
			Entry{Ref: parley.Ref{Gen: parley.GenerationID{3}, Index: uint64(i)}, Party: "cedar", Refs: []parley.Ref{ring.Ref}, Form: f, Time: noon})
	}
	cs := Fold(es)
	if len(cs) != 1 || !slices.Equal(cs[0].Parties, []parley.PartyCode{"alder", "birch"}) || cs[0].Phase() != Ringing || len(cs[0].Wordings)+len(cs[0].Rosters)+len(cs[0].Disputes)+len(cs[0].Hangups) > 0 {
		t.Errorf("calls: %s", digest(cs))
	}
	if got := Fold(append(es, Entry{Ref: parley.Ref{Gen: parley.GenerationID{2}, Index: 99}, Party: "birch", Refs: []parley.Ref{ring.Ref}, Form: &Pickup{Phase: Busy}, Time: noon})); got[0].Phase() != WasBusy {
		t.Errorf("rung twice in one entry and busy: %s", got[0].Phase())
	}
}
