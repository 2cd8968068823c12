package line_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/wire"
)

const (
	alder = parley.PartyCode("alder")
	birch = parley.PartyCode("birch")
	cedar = parley.PartyCode("cedar")
)

func TestDispatchIsStoredAndRead(t *testing.T) {
	for _, codes := range [][]parley.PartyCode{{alder, birch}, {alder, birch, cedar}} {
		t.Run(fmt.Sprint(len(codes)), func(t *testing.T) {
			w := newWorld(t, codes...)
			w.connectAll()
			w.run(5 * time.Second)
			a := w.nodes[alder]
			a.dispatch(parley.Routine, "one")
			w.run(2 * time.Second)
			for _, c := range codes[1:] {
				if got, want := w.nodes[c].subjects(alder), []string{"one"}; !slices.Equal(got, want) {
					t.Errorf("%s reads %v, want %v", c, got, want)
				}
				l := a.log(alder)
				if l.Stored[c] != l.Size {
					t.Errorf("%s has given a receipt for %d of %d entries", c, l.Stored[c], l.Size)
				}
			}
			w.run(30 * time.Second)
			w.wantSame()
			if n := a.log(alder).Size; n > 12 {
				t.Errorf("alder wrote %d entries for one dispatch: the stations talk to themselves", n)
			}
		})
	}
}

func TestNothingIsLostOnBadLinks(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.loss, w.repeat, w.shuffle = 0.3, 0.2, true
	w.connectAll()
	var want []string
	for i := range 60 {
		s := fmt.Sprintf("nr %02d", i)
		want = append(want, s)
		w.nodes[alder].dispatch(parley.Routine, s)
		w.nodes[birch].dispatch(parley.Routine, s)
		w.run(500 * time.Millisecond)
		switch i % 10 {
		case 3:
			w.disconnect(alder, birch)
		case 5:
			w.connect(alder, birch)
		case 7:
			n := w.nodes[w.codes[i%3]]
			n.load()
			for _, c := range w.codes {
				if c != n.code {
					w.connect(n.code, c)
				}
			}
		}
	}
	w.loss = 0
	w.run(60 * time.Second)
	w.wantSame()
	for _, c := range w.codes {
		for _, from := range []parley.PartyCode{alder, birch} {
			if got := w.nodes[c].subjects(from); !slices.Equal(got, want) {
				t.Errorf("%s reads of %s: %v", c, from, got)
			}
		}
	}
}

func TestUrgentOvertakesTheQueue(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	w.disconnect(alder, birch)
	for i := range 200 {
		w.nodes[alder].dispatch(parley.Routine, fmt.Sprint(i))
	}
	w.nodes[alder].dispatch(parley.Flash, "flash")
	w.connect(alder, birch)
	w.run(5 * time.Second)
	got := w.nodes[birch].subjects(alder)
	if len(got) != 201 || got[0] != "flash" {
		t.Errorf("birch holds %d dispatches, the first being %q", len(got), got[0])
	}
}

func TestRestoredBackupNeverForks(t *testing.T) {
	for _, secrets := range []bool{true, false} {
		t.Run(fmt.Sprintf("secrets=%v", secrets), func(t *testing.T) {
			w := newWorld(t, alder, birch)
			w.connectAll()
			w.run(3 * time.Second)
			a, b := w.nodes[alder], w.nodes[birch]
			a.dispatch(parley.Routine, "before")
			w.run(3 * time.Second)
			old := a.mem.Snapshot()
			if !secrets {
				old = old.WithoutSecrets()
			}
			a.dispatch(parley.Routine, "after the backup")
			b.dispatch(parley.Routine, "theirs after the backup")
			w.run(3 * time.Second)
			a.down()
			a.use(old)
			a.load()
			w.connect(alder, birch)
			w.run(3 * time.Second)
			if !secrets {
				if a.e.Status().Doubt == "" {
					t.Fatal("a station without its private keys is not in doubt")
				}
				a.step(line.OpenGeneration{Root: a.root, Reason: journal.ReasonRestored})
			}
			w.run(5 * time.Second)
			a.filed = a.e.LastFiled()
			a.dispatch(parley.Routine, "new life")
			w.run(10 * time.Second)
			w.wantSame()
			if got, want := b.subjects(alder), []string{"before", "after the backup", "new life"}; !slices.Equal(got, want) {
				t.Errorf("birch reads %v, want %v", got, want)
			}
			b.step(line.GiveKeys{Gen: a.log(alder).Gen})
			w.run(10 * time.Second)
			if got, want := a.subjects(alder), []string{"before", "after the backup", "new life"}; !slices.Equal(got, want) {
				t.Errorf("alder reads of itself %v, want %v", got, want)
			}
			if got, want := a.subjects(birch), []string{"theirs after the backup"}; !slices.Equal(got, want) {
				t.Errorf("alder reads of birch %v, want %v", got, want)
			}
		})
	}
}

// TestRestoredAccusesNobody leaves a restored station without its root key for
// longer than a peer has to show our signature: what the peer has seen of our
// log is then no violation, for it is we who do not know our log.
func TestRestoredAccusesNobody(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	old := a.mem.WithoutSecrets()
	a.dispatch(parley.Routine, "after the backup")
	w.run(3 * time.Second)
	b.dispatch(parley.Routine, "has seen it")
	w.run(3 * time.Second)
	a.down()
	a.use(old)
	a.load()
	w.connect(alder, birch)
	w.run(30 * time.Second)
	if a.alarmed("violation") {
		t.Errorf("alder accuses birch: %v", a.alarms)
	}
	a.step(line.OpenGeneration{Root: a.root, Reason: journal.ReasonRestored})
	w.run(30 * time.Second)
	b.step(line.GiveKeys{Gen: a.log(alder).Gen})
	w.run(10 * time.Second)
	w.wantSame()
	if got, want := a.subjects(birch), []string{"has seen it"}; !slices.Equal(got, want) {
		t.Errorf("alder reads of birch %v, want %v", got, want)
	}
}

// TestDoubtIsNotFlooded leaves a station in doubt waiting for its root key for a
// while: its peer does not send it the same over and over, and gets on with it
// once the key is there.
func TestDoubtIsNotFlooded(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	old := a.mem.WithoutSecrets()
	a.dispatch(parley.Routine, "after the backup")
	w.run(3 * time.Second)
	for i := range 20 {
		b.dispatch(parley.Routine, fmt.Sprint(i))
	}
	w.run(3 * time.Second)
	a.down()
	a.use(old)
	a.load()
	w.connect(alder, birch)
	w.bytes = 0
	w.run(3 * time.Minute)
	if w.bytes > 1<<19 {
		t.Errorf("%d bytes crossed in three minutes in which nothing could be accepted", w.bytes)
	}
	a.step(line.OpenGeneration{Root: a.root, Reason: journal.ReasonRestored})
	w.run(30 * time.Second)
	w.wantSame()
}

// TestTwoWaitForAThird restores alder while cedar is away: until cedar answers
// no epoch can take effect, and alder and birch must not announce one after
// another meanwhile, which would use up what they may announce in a day.
func TestTwoWaitForAThird(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(5 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	w.disconnect(alder, cedar)
	w.disconnect(birch, cedar)
	a.step(line.Doubt{Reason: journal.ReasonRestored, Why: "mark"})
	w.run(2 * time.Minute)
	if n := a.log(alder).Size + b.log(birch).Size; n > 15 {
		t.Errorf("%d entries with nothing to say", n)
	}
	a.filed = a.e.LastFiled()
	a.dispatch(parley.Routine, "new life")
	w.connect(alder, cedar)
	w.connect(birch, cedar)
	w.run(20 * time.Second)
	w.wantSame()
	for _, c := range []parley.PartyCode{birch, cedar} {
		if got := w.nodes[c].subjects(alder); !slices.Equal(got, []string{"new life"}) {
			t.Errorf("%s reads of alder %v", c, got)
		}
	}
}

// TestImagePutBackTwice puts one old image, log key and all, back twice. The
// second time another generation is in force, which the image does not know:
// its log key must certify none, for others would refuse it.
func TestImagePutBackTwice(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	a.dispatch(parley.Routine, "before")
	w.run(3 * time.Second)
	old := a.mem.Snapshot()
	for i := range 2 {
		a.down()
		a.use(old.Snapshot())
		a.load()
		a.step(line.Doubt{Reason: journal.ReasonRestored, Why: "mark", Superseded: i == 1})
		if i == 1 {
			if a.e.Status().Doubt == "" {
				t.Fatal("it opened a generation with a key that is in force no more")
			}
			a.step(line.OpenGeneration{Root: a.root, Reason: journal.ReasonRestored})
		}
		w.connect(alder, birch)
		w.run(5 * time.Second)
		b.step(line.GiveKeys{Gen: a.log(alder).Gen})
		w.run(5 * time.Second)
	}
	a.filed = a.e.LastFiled()
	a.dispatch(parley.Routine, "new life")
	w.run(5 * time.Second)
	w.wantSame()
	if got, want := b.subjects(alder), []string{"before", "new life"}; !slices.Equal(got, want) {
		t.Errorf("birch reads %v, want %v", got, want)
	}
}

// TestLongTalkOfTwo: while alder is away, birch and cedar answer one another more
// often than alder keeps checkpoints waiting. Their logs can only be accepted in
// the steps in which they grew, the first of them first.
func TestLongTalkOfTwo(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(5 * time.Second)
	w.disconnect(alder, birch)
	w.disconnect(alder, cedar)
	for i := range 100 {
		w.nodes[birch].dispatch(parley.Routine, fmt.Sprint(i))
		w.run(250 * time.Millisecond)
		w.nodes[cedar].dispatch(parley.Routine, fmt.Sprint(i))
		w.run(250 * time.Millisecond)
	}
	w.connect(alder, birch)
	w.connect(alder, cedar)
	w.run(30 * time.Second)
	w.wantSame()
	if got := len(w.nodes[alder].subjects(cedar)); got != 100 {
		t.Errorf("alder reads %d of 100 dispatches of cedar", got)
	}
}

// TestForkIsFoundWhenTheyMeet puts an old image of alder back, high-water mark
// and all. It speaks first to cedar, who has not heard what birch has, and has
// said more than that when it meets birch: the entries birch gets then fit
// nothing it holds. All must have the proof.
func TestForkIsFoundWhenTheyMeet(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(5 * time.Second)
	a := w.nodes[alder]
	old := a.mem.Snapshot()
	w.disconnect(alder, cedar)
	w.disconnect(birch, cedar)
	a.dispatch(parley.Routine, "to birch")
	w.run(3 * time.Second)
	a.down()
	a.use(old)
	a.load()
	w.connect(alder, cedar)
	w.run(12 * time.Second)
	for i := range 3 {
		a.dispatch(parley.Routine, fmt.Sprint("to cedar ", i))
		w.run(time.Second)
	}
	w.connect(alder, birch)
	w.connect(birch, cedar)
	w.run(20 * time.Second)
	for _, c := range w.codes {
		if !w.nodes[c].alarmed("fork") {
			t.Errorf("%s does not know of the fork", c)
		}
	}
}

func TestLostStationComesBack(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	for i := range 5 {
		a.dispatch(parley.Routine, fmt.Sprint("a", i))
		b.dispatch(parley.Routine, fmt.Sprint("b", i))
	}
	w.run(5 * time.Second)
	a.lose()
	w.connect(alder, birch)
	w.run(10 * time.Second)
	if got := a.subjects(alder); len(got) != 0 {
		t.Errorf("alder reads %v before officers confirmed", got)
	}
	b.step(line.GiveKeys{Gen: a.log(alder).Gen})
	w.run(15 * time.Second)
	w.wantSame()
	if got, want := a.subjects(alder), []string{"a0", "a1", "a2", "a3", "a4"}; !slices.Equal(got, want) {
		t.Errorf("alder reads of itself %v, want %v", got, want)
	}
	if got, want := a.subjects(birch), []string{"b0", "b1", "b2", "b3", "b4"}; !slices.Equal(got, want) {
		t.Errorf("alder reads of birch %v, want %v", got, want)
	}
}

// TestLostAfterARestore: of the generations a lost station gets back, one was
// certified by the log key of another that it had forgotten.
func TestLostAfterARestore(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	a.dispatch(parley.Routine, "first")
	w.run(3 * time.Second)
	a.step(line.Doubt{Reason: journal.ReasonRestored, Why: "mark"})
	w.run(5 * time.Second)
	a.filed = a.e.LastFiled()
	a.dispatch(parley.Routine, "second")
	w.run(5 * time.Second)
	a.lose()
	w.connect(alder, birch)
	w.run(10 * time.Second)
	b.step(line.GiveKeys{Gen: a.log(alder).Gen})
	w.run(15 * time.Second)
	w.wantSame()
	if got, want := a.subjects(alder), []string{"first", "second"}; !slices.Equal(got, want) {
		t.Errorf("alder reads of itself %v, want %v", got, want)
	}
}

// TestLossAfterRotation loses a station whose peer has long renewed the keys
// that the loser knows of: they find each other all the same.
func TestLossAfterRotation(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	for i := range 3 {
		w.now = w.now.Add(25 * time.Hour)
		w.run(10 * time.Second)
		a.dispatch(parley.Routine, fmt.Sprint("a", i))
		b.dispatch(parley.Routine, fmt.Sprint("b", i))
		w.run(5 * time.Second)
	}
	a.lose()
	w.connect(alder, birch)
	w.run(20 * time.Second)
	size := a.log(alder).Size + b.log(birch).Size
	b.step(line.GiveKeys{Gen: a.log(alder).Gen})
	w.run(20 * time.Second)
	a.filed = a.e.LastFiled()
	a.dispatch(parley.Routine, "new life")
	b.dispatch(parley.Routine, "welcome back")
	w.run(20 * time.Second)
	w.wantSame()
	if got, want := b.subjects(alder), []string{"a0", "a1", "a2", "new life"}; !slices.Equal(got, want) {
		t.Errorf("birch reads %v, want %v", got, want)
	}
	if got, want := a.subjects(birch), []string{"b0", "b1", "b2", "welcome back"}; !slices.Equal(got, want) {
		t.Errorf("alder reads %v, want %v", got, want)
	}
	if t.Failed() {
		t.Logf("alder: outbox %d, %v\nbirch: outbox %d, %v", a.e.Status().Outbox, a.alarms, b.e.Status().Outbox, b.alarms)
	}
	if n := a.log(alder).Size + b.log(birch).Size; n > size+20 {
		t.Errorf("%d entries for two dispatches: the stations complain of one another without end", n-size)
	}
}

func TestBothRestored(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	a.dispatch(parley.Routine, "one")
	w.run(3 * time.Second)
	oldA, oldB := a.mem.Snapshot(), b.mem.Snapshot()
	a.dispatch(parley.Routine, "two")
	b.dispatch(parley.Routine, "three")
	w.run(3 * time.Second)
	a.down()
	a.use(oldA)
	b.use(oldB)
	a.load()
	b.load()
	// Neither knows; each high-water mark does.
	for _, n := range []*node{a, b} {
		n.step(line.Doubt{Reason: journal.ReasonRestored, Why: "mark"})
	}
	w.connect(alder, birch)
	w.run(5 * time.Second)
	a.filed, b.filed = a.e.LastFiled(), b.e.LastFiled()
	a.dispatch(parley.Routine, "four")
	b.dispatch(parley.Routine, "five")
	w.run(10 * time.Second)
	w.wantSame()
	if got, want := b.subjects(alder), []string{"one", "four"}; !slices.Equal(got, want) {
		t.Errorf("birch reads %v, want %v", got, want)
	}
	if got, want := a.subjects(birch), []string{"five"}; !slices.Equal(got, want) {
		t.Errorf("alder reads %v, want %v", got, want)
	}
}

// TestRestartInTheMiddleOfTheFirstEpochs stops both stations when each holds
// the other's first epoch entry and has not answered it: the duty to answer
// must survive.
func TestRestartInTheMiddleOfTheFirstEpochs(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(250 * time.Millisecond)
	a, b := w.nodes[alder], w.nodes[birch]
	if a.log(birch).Size != 1 || b.log(alder).Size != 1 {
		t.Fatalf("not in the middle: alder holds %d, birch %d", a.log(birch).Size, b.log(alder).Size)
	}
	a.load()
	b.load()
	w.connect(alder, birch)
	w.run(5 * time.Second)
	a.dispatch(parley.Routine, "after all")
	w.run(2 * time.Second)
	if got := b.subjects(alder); !slices.Equal(got, []string{"after all"}) {
		t.Errorf("birch reads %v", got)
	}
}

func TestThirtyDarkDays(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	w.disconnect(alder, birch)
	for day := range 30 {
		w.nodes[alder].dispatch(parley.Routine, fmt.Sprint("day ", day))
		w.now = w.now.Add(24 * time.Hour)
		w.run(time.Second)
	}
	w.connect(alder, birch)
	w.run(20 * time.Second)
	w.wantSame()
	if got := w.nodes[birch].subjects(alder); len(got) != 30 {
		t.Errorf("birch reads %d of 30 dispatches: %v", len(got), w.nodes[birch].alarms)
	}
	for i := range 5 {
		w.now = w.now.Add(25 * time.Hour)
		w.nodes[alder].dispatch(parley.Routine, fmt.Sprint("later ", i))
		w.run(10 * time.Second)
	}
	if got := w.nodes[birch].subjects(alder); len(got) != 35 {
		t.Errorf("birch reads %d of 35 dispatches", len(got))
	}
	kvs, _ := w.nodes[birch].st.Values("secret/recv/")
	if len(kvs) > 2 {
		t.Errorf("birch keeps %d receiving keys after five days of rotation", len(kvs))
	}
	kvs, _ = w.nodes[birch].st.Values("secret/epoch/")
	if len(kvs) > 6 {
		t.Errorf("birch keeps %d epoch secrets", len(kvs))
	}
}

// TestHellosEndOnASlowPath: where a hello takes longer than the wait for one,
// both sides have said it twice. They must not answer each other's for ever: each
// makes the other send again all that it is not known to hold.
func TestHellosEndOnASlowPath(t *testing.T) {
	w := newWorld(t, alder, birch)
	type late struct {
		at time.Time
		f  flying
	}
	var onWay []late
	var hellos []time.Time
	w.tap = func(from, to parley.PartyCode, f wire.Frame) wire.Frame {
		if _, ok := f.(*wire.Hello); ok {
			hellos = append(hellos, w.now)
		}
		onWay = append(onWay, late{w.now.Add(2500 * time.Millisecond), flying{from, to, must(wire.Marshal(f))}})
		return nil
	}
	w.connectAll()
	for began := w.now; w.now.Sub(began) < 10*time.Minute; {
		w.run(250 * time.Millisecond)
		for len(onWay) > 0 && !onWay[0].at.After(w.now) {
			x := onWay[0]
			onWay = onWay[1:]
			w.deliver(x.f)
		}
	}
	if last := hellos[len(hellos)-1]; len(hellos) > 40 {
		t.Errorf("%d hellos in ten minutes, the last %s before the end", len(hellos), w.now.Sub(last))
	}
	w.wantSame()
}
