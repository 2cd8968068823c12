package line_test

import (
	"slices"
	"testing"
	"time"

	"parley"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/seal"
	"parley/internal/store"
	"parley/internal/wire"
)

// forkAlder makes alder sign a second history: an old copy of it, with its
// keys, is kept from learning what it had sent.
func forkAlder(t *testing.T, w *world) {
	t.Helper()
	a := w.nodes[alder]
	a.dispatch(parley.Routine, "before")
	w.run(3 * time.Second)
	old, size := a.mem.Snapshot(), a.log(alder).Size
	gen := a.log(alder).Gen
	a.dispatch(parley.Routine, "first history")
	w.run(3 * time.Second)
	a.down()
	a.use(old)
	a.load()
	w.tap = func(_, to parley.PartyCode, f wire.Frame) wire.Frame {
		if to != alder {
			return f
		}
		switch f := f.(type) {
		case *wire.Hello:
			f.Held[gen] = size
		case *wire.Have:
			f.Held[gen] = size
		case *wire.Shown, *wire.Evidence, *wire.Receipt:
			return nil
		}
		return f
	}
	for _, c := range w.codes[1:] {
		w.connect(alder, c)
	}
	a.filed = a.e.LastFiled()
	a.dispatch(parley.Routine, "second history")
	w.run(6 * time.Second)
}

func TestForkIsProvedKeptAndHeals(t *testing.T) {
	for _, codes := range [][]parley.PartyCode{{alder, birch}, {alder, birch, cedar}} {
		w := newWorld(t, codes...)
		w.connectAll()
		w.run(3 * time.Second)
		forkAlder(t, w)
		a, b := w.nodes[alder], w.nodes[birch]
		if !b.alarmed("fork") || !b.log(alder).Disputed {
			t.Fatalf("birch has not noticed the fork: %v", b.alarms)
		}
		if kvs, _ := b.st.Values("evidence/"); len(kvs) != 1 {
			t.Errorf("birch keeps %d pieces of evidence", len(kvs))
		}
		if got, want := b.subjects(alder), []string{"before", "first history"}; !slices.Equal(got, want) {
			t.Errorf("birch reads %v, want %v: what it holds never changes", got, want)
		}
		stored := b.log(alder).Stored[birch]
		b.filed = b.e.LastFiled()
		b.dispatch(parley.Flash, "ours goes on")
		w.run(3 * time.Second)
		if got := a.subjects(birch); !slices.Equal(got, []string{"ours goes on"}) {
			t.Errorf("our own sending is stopped by their fork: %v", got)
		}
		if now := b.log(alder).Stored[birch]; now != stored {
			t.Errorf("a disputed log was cosigned: %d, then %d", stored, now)
		}
		w.tap = nil
		w.disconnect(alder, birch)
		w.connect(alder, birch)
		w.run(3 * time.Second)
		a.step(line.OpenGeneration{Root: a.root, Reason: journal.ReasonFork})
		w.run(5 * time.Second)
		a.filed = a.e.LastFiled()
		a.dispatch(parley.Routine, "healed")
		w.run(5 * time.Second)
		if got, want := b.subjects(alder), []string{"before", "first history", "healed"}; !slices.Equal(got, want) {
			t.Errorf("birch reads %v, want %v", got, want)
		}
		if l := b.log(alder); l.Disputed || l.Stored[birch] != l.Size {
			t.Errorf("the new generation is not stored: %+v", l)
		}
	}
}

func TestForkIsToldToTheThirdParty(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(3 * time.Second)
	w.disconnect(alder, cedar)
	forkAlder(t, w)
	w.tap = nil
	w.run(10 * time.Second)
	if c := w.nodes[cedar]; !c.log(alder).Disputed {
		t.Errorf("cedar does not know of the fork: %v", c.alarms)
	}
}

// TestLiesAreRefused sends what a peer with valid keys may think of, and looks
// that nothing held changes and that the line goes on.
func TestLiesAreRefused(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	a.dispatch(parley.Routine, "true")
	w.run(2 * time.Second)
	before := b.log(alder)
	ours := b.log(birch)
	var sig [64]byte
	ml := make([]byte, 2420)
	lies := []wire.Frame{
		&wire.Entry{Gen: before.Gen, Index: before.Size, Bytes: []byte("no entry at all")},
		&wire.Entry{Gen: before.Gen, Index: 1 << 50, Bytes: []byte{0x80}},
		&wire.Entry{Gen: before.Gen, Index: 0, Bytes: []byte{0x80}},
		&wire.Entry{Gen: ours.Gen, Index: ours.Size, Bytes: []byte{0x80}},
		&wire.Entry{Gen: parley.GenerationID{1}, Index: 0, Bytes: []byte{0x80}},
		&wire.Checkpoint{Gen: before.Gen, Size: before.Size + 1, Ed: sig, ML: ml},
		&wire.Checkpoint{Gen: before.Gen, Size: before.Size + 1, Ed: sig},
		&wire.Checkpoint{Gen: before.Gen, Size: 1 << 50, Ed: sig, ML: ml},
		&wire.Checkpoint{Gen: ours.Gen, Size: ours.Size + 1, Ed: sig, ML: ml},
		&wire.Receipt{Gen: ours.Gen, Size: ours.Size, Holder: before.Gen, Time: 1, Ed: sig, ML: ml},
		&wire.Receipt{Gen: ours.Gen, Size: ours.Size + 9, Holder: before.Gen, Time: 1, Ed: sig, ML: ml},
		&wire.Receipt{Gen: before.Gen, Size: 1, Holder: ours.Gen, Time: 1, Ed: sig, ML: ml},
		&wire.Have{Held: wire.Held{ours.Gen: ours.Size + 100, {7}: 9}},
		&wire.Shown{Gen: ours.Gen, Head: wire.Head{Size: ours.Size + 1, Ed: sig, ML: ml}},
		&wire.Shown{Gen: before.Gen, Head: wire.Head{Size: 1, Ed: sig, ML: ml}},
		&wire.Evidence{Gen: ours.Gen, First: wire.Head{Size: 1, Ed: sig, ML: ml}, Second: wire.Head{Size: 1, Root: [32]byte{1}, Ed: sig, ML: ml}},
		&wire.Certificate{Bytes: []byte("nothing")},
		&wire.AskEntries{Gen: ours.Gen, From: 1 << 40, To: 1 << 41},
		&wire.AskKeys{Gen: ours.Gen},
		&wire.Keys{Gen: before.Gen, Keys: make([][32]byte, 5)},
		&wire.Hello{Version: 1, Line: w.founding.Line, Party: birch, Gen: ours.Gen},
		&wire.Hello{Version: 1, Party: alder},
	}
	for i, f := range lies {
		raw, err := wire.Marshal(f)
		if err != nil {
			t.Fatalf("lie %d: %v", i, err)
		}
		if _, up := b.paths[alder]; !up {
			w.connect(alder, birch)
			w.run(time.Second)
		}
		w.queue = append(w.queue, flying{alder, birch, raw})
		w.run(time.Second)
	}
	if _, up := b.paths[alder]; !up {
		w.connect(alder, birch)
	}
	w.run(15 * time.Second)
	if b.e.Status().Doubt != "" || b.log(birch).Gen != ours.Gen {
		t.Errorf("lies put birch's own log in doubt: %v", b.e.Status().Doubt)
	}
	if b.log(alder).Disputed || b.log(alder).Gen != before.Gen {
		t.Errorf("lies changed alder's log at birch: %+v", b.log(alder))
	}
	a.dispatch(parley.Routine, "still true")
	b.dispatch(parley.Routine, "and back")
	w.run(10 * time.Second)
	if got, want := b.subjects(alder), []string{"true", "still true"}; !slices.Equal(got, want) {
		t.Errorf("birch reads %v, want %v", got, want)
	}
	if got, want := a.subjects(birch), []string{"and back"}; !slices.Equal(got, want) {
		t.Errorf("alder reads %v, want %v", got, want)
	}
}

func TestFloodIsBounded(t *testing.T) {
	w := newWorld(t, alder, birch)
	b := w.nodes[birch]
	b.cfg.Limits = line.Limits{Bytes: 1 << 20, Rate: 20, Burst: 100}
	b.load()
	w.connectAll()
	w.run(3 * time.Second)
	gen := b.log(alder).Gen
	id := b.paths[alder]
	for i := range 20000 {
		b.step(line.FrameIn{Path: id, Frame: &wire.Entry{Gen: gen, Index: b.log(alder).Size + uint64(i), Bytes: make([]byte, 1000)}, Size: 1000})
	}
	n := 0
	for _, x := range b.alarms {
		if x.Code == "quota" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d alarms for one flood, want 1", n)
	}
	b.dispatch(parley.Flash, "we can still speak")
	w.run(3 * time.Second)
	if got := w.nodes[alder].subjects(birch); len(got) != 1 {
		t.Errorf("a flood from alder stops birch's own sending: %v", got)
	}
}

// TestEpochFloodIsBounded lets a peer announce epochs without end.
func TestEpochFloodIsBounded(t *testing.T) {
	w := newWorld(t, alder, birch)
	a, b := w.nodes[alder], w.nodes[birch]
	a.cfg.Rotate = 24 * time.Second // an epoch for every second since its last start
	a.load()
	w.connectAll()
	for range 60 {
		w.run(30 * time.Second)
	}
	n := 0
	for _, s := range must(store.EntriesUpTo(b.st, b.log(alder).Gen, store.MaxIndex)) {
		if s.Header == nil {
			n++
		}
	}
	if n > 24 {
		t.Errorf("birch took %d epochs of alder in half an hour, at most 24 a day are allowed", n)
	}
	if !b.alarmed("quota") {
		t.Error("no alarm")
	}
	b.dispatch(parley.Routine, "ours goes on")
	w.run(5 * time.Second)
	if got := a.subjects(birch); len(got) != 1 {
		t.Errorf("alder reads %v", got)
	}
}

// TestBrokenRulesUnderGoodSignatures lets alder sign, with its own keys, runs
// that break the rules of spec/entry.md and order.md. None is taken in.
func TestBrokenRulesUnderGoodSignatures(t *testing.T) {
	late := uint64(1) << 39
	for _, c := range []struct {
		name  string
		entry func(now uint64, seen map[parley.GenerationID]uint64, birchGen, alderGen parley.GenerationID, ours uint64) seal.Clear
		epoch bool
		wait  bool // it may become true: it waits, and is no violation yet
	}{
		{name: "time goes back", entry: func(now uint64, _ map[parley.GenerationID]uint64, _, _ parley.GenerationID, _ uint64) seal.Clear {
			return seal.Clear{Time: 1}
		}},
		{name: "an epoch never announced", entry: func(now uint64, _ map[parley.GenerationID]uint64, _, _ parley.GenerationID, _ uint64) seal.Clear {
			return seal.Clear{Epoch: 77, Time: late}
		}},
		{name: "an epoch left out", epoch: true, entry: func(now uint64, _ map[parley.GenerationID]uint64, _, _ parley.GenerationID, _ uint64) seal.Clear {
			return seal.Clear{Epoch: 9, Time: late}
		}},
		{name: "seen does not grow", entry: func(_ uint64, seen map[parley.GenerationID]uint64, b, _ parley.GenerationID, _ uint64) seal.Clear {
			return seal.Clear{Epoch: 1, Time: late, Seen: map[parley.GenerationID]uint64{b: seen[b]}}
		}},
		{name: "seen its own log", entry: func(_ uint64, _ map[parley.GenerationID]uint64, _, a parley.GenerationID, _ uint64) seal.Clear {
			return seal.Clear{Epoch: 1, Time: late, Seen: map[parley.GenerationID]uint64{a: 1}}
		}},
		{name: "seen more than we wrote", entry: func(_ uint64, _ map[parley.GenerationID]uint64, b, _ parley.GenerationID, ours uint64) seal.Clear {
			return seal.Clear{Epoch: 1, Time: late, Seen: map[parley.GenerationID]uint64{b: ours + 5}}
		}},
		{name: "seen a log nobody knows", wait: true, entry: func(_ uint64, _ map[parley.GenerationID]uint64, _, _ parley.GenerationID, _ uint64) seal.Clear {
			return seal.Clear{Epoch: 1, Time: late, Seen: map[parley.GenerationID]uint64{{9}: 5}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, alder, birch)
			w.connectAll()
			w.run(3 * time.Second)
			a, b := w.nodes[alder], w.nodes[birch]
			a.dispatch(parley.Routine, "true")
			w.run(2 * time.Second)
			l, ours := b.log(alder), b.log(birch)
			clear := c.entry(uint64(w.now.Unix()), l.Seen, ours.Gen, l.Gen, ours.Size)
			origin := parley.Origin(w.founding.Line, alder, l.Gen)
			raw, err := seal.Seal(seal.Key{1}, origin, l.Size, clear, []byte{0xa0}, []byte{0x80})
			if c.epoch {
				e := seal.Entry{Clear: clear, Announces: true, Body: []byte{0xa0}}
				raw, err = e.Marshal()
			}
			if err != nil {
				t.Fatal(err)
			}
			// The history so far, and the lie on top of it, signed by alder.
			tree := must(journal.NewTree(0, nil))
			for _, s := range must(store.EntriesUpTo(a.st, l.Gen, l.Size)) {
				tree.Append(journal.LeafHash(s.Bytes))
			}
			tree.Append(journal.LeafHash(raw))
			h := must(journal.Sign(a.keys.Log, journal.Checkpoint{Origin: origin, Size: tree.Size(), Root: tree.Root()}))
			for _, f := range []wire.Frame{&wire.Entry{Gen: l.Gen, Index: l.Size, Bytes: raw}, &wire.Checkpoint{Gen: l.Gen, Size: h.Size, Ed: h.Ed, ML: h.ML}} {
				b.step(line.FrameIn{Path: b.paths[alder], Frame: f, Size: 1000})
			}
			if got := b.log(alder).Size; got != l.Size {
				t.Errorf("it was taken in: %d entries, then %d", l.Size, got)
			}
			w.nodes[alder].e = nil // the liar says no more
			w.run(15 * time.Second)
			if b.alarmed("violation") == c.wait {
				t.Errorf("alarms %v", b.alarms)
			}
			if b.log(alder).Stored[birch] > l.Size || b.e.Status().Doubt != "" {
				t.Error("it was cosigned, or put us in doubt")
			}
		})
	}
}
