package line_test

import (
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/seal"
	"parley/internal/store"
	"parley/internal/wait"
	"parley/internal/wire"
)

// epochKey is what the engine keeps of an epoch of its own.
type epochKey struct {
	Secret  [32]byte                                 `cbor:"1,keyasint"`
	Index   uint64                                   `cbor:"2,keyasint"`
	Created int64                                    `cbor:"3,keyasint"`
	To      map[parley.PartyCode][8]byte             `cbor:"4,keyasint,omitempty"`
	Gens    map[parley.PartyCode]parley.GenerationID `cbor:"5,keyasint,omitempty"`
}

// forged writes n entries with header and body of our making as alder, under
// one checkpoint, and gives birch the frames.
func forged(t *testing.T, w *world, n int, header *form.Header, body []byte) {
	t.Helper()
	a, b := w.nodes[alder], w.nodes[birch]
	l := b.log(alder)
	kvs := must(a.st.Values(fmt.Sprintf("secret/epoch/%s/", l.Gen)))
	var s epochKey
	if err := wire.DecodeLoose(kvs[len(kvs)-1].Value, &s); err != nil {
		t.Fatal(err)
	}
	epoch := a.e.Status().Epoch
	origin := parley.Origin(w.founding.Line, alder, l.Gen)
	tree := must(journal.NewTree(0, nil))
	for _, e := range must(store.EntriesUpTo(a.st, l.Gen, l.Size)) {
		tree.Append(journal.LeafHash(e.Bytes))
	}
	var frames []wire.Frame
	for i := range uint64(n) {
		k := seal.EntryKey(&s.Secret, origin, epoch, l.Size+i)
		raw := must(seal.Seal(k, origin, l.Size+i, seal.Clear{Epoch: epoch, Time: uint64(w.now.Unix())}, form.EncodeHeader(header), body))
		tree.Append(journal.LeafHash(raw))
		frames = append(frames, &wire.Entry{Gen: l.Gen, Index: l.Size + i, Bytes: raw})
	}
	h := must(journal.Sign(a.keys.Log, journal.Checkpoint{Origin: origin, Size: tree.Size(), Root: tree.Root()}))
	for _, f := range append(frames, &wire.Checkpoint{Gen: l.Gen, Size: h.Size, Ed: h.Ed, ML: h.ML}) {
		b.step(line.FrameIn{Path: b.paths[alder], Frame: f, Size: 100})
	}
}

// TestBombsAreOpenedLittleByLittle packs much into few bytes. The step that
// takes it in keeps little of it opened; ticks open the rest, as far as the
// writer's bytes of the day go; the next day opens more.
func TestBombsAreOpenedLittleByLittle(t *testing.T) {
	w := newWorld(t, alder, birch)
	b := w.nodes[birch]
	b.cfg.Limits = line.Limits{Bytes: 20 << 20}
	b.load()
	w.connectAll()
	w.run(3 * time.Second)
	before := b.log(alder).Size
	body := form.JoinBody(append([]byte{0xa1, 0x01, 0x7a, 0, 0x0f, 0x42, 0x40}, make([]byte, 1_000_000)...), 0)
	forged(t, w, 40, &form.Header{Form: "bomb", From: parley.Envoy, To: []parley.Address{{Party: birch, Office: parley.Envoy}}, Language: "en"}, body)
	if got := b.log(alder).Size; got != before+40 {
		t.Fatalf("%d entries were taken, want 40", got-before)
	}
	opened := func() (n, bytes int) {
		gen := b.log(alder).Gen
		for at := before; at < before+40; {
			es := must(b.st.Entries(gen, at, 8))
			for _, s := range es {
				if s.Key == nil {
					t.Fatalf("entry %d has no key", s.Index)
				}
				if s.Header != nil {
					n, bytes = n+1, bytes+len(s.Body)
				} else if !s.Faulty || s.Fault != parley.Quota {
					t.Fatalf("entry %d: %v", s.Index, s.Fault)
				}
			}
			at += uint64(len(es))
		}
		return n, bytes
	}
	if n, size := opened(); size > 5<<20 || n == 0 {
		t.Errorf("one step opened %d entries to %d bytes", n, size)
	}
	w.nodes[alder].e = nil // silent from here on
	w.run(20 * time.Second)
	n, size := opened()
	if size > 22<<20 || size < 15<<20 {
		t.Errorf("%d bytes are kept opened, the bound of the day is 20 MiB", size)
	}
	b.load() // a restart does not begin a new day, and forgets nothing
	w.run(10 * time.Second)
	if m, _ := opened(); m != n {
		t.Errorf("%d entries are open after a restart, %d before", m, n)
	}
	w.now = w.now.Add(25 * time.Hour)
	w.run(20 * time.Second)
	w.now = w.now.Add(25 * time.Hour)
	w.run(20 * time.Second)
	if m, _ := opened(); m != 40 {
		t.Errorf("%d of 40 entries are open two days later", m)
	}
}

// TestQuotaOutlivesRestart uses up a day and starts the engine again.
func TestQuotaOutlivesRestart(t *testing.T) {
	w := newWorld(t, alder, birch)
	b := w.nodes[birch]
	b.cfg.Limits = line.Limits{Bytes: 200_000}
	b.load()
	w.connectAll()
	w.run(3 * time.Second)
	over := func() bool {
		return slices.ContainsFunc(b.e.Status().Used, func(u wait.Used) bool { return u.Party == alder && u.Over })
	}
	send := func(n int) {
		for i := range n {
			b.step(line.FrameIn{Path: b.paths[alder], Frame: &wire.Entry{Gen: b.log(alder).Gen, Index: b.log(alder).Size + uint64(i), Bytes: make([]byte, 1000)}, Size: 1000})
		}
	}
	send(150)
	if over() {
		t.Fatal("over too soon")
	}
	w.run(11 * time.Second)
	b.load()
	w.connect(alder, birch)
	w.run(2 * time.Second)
	send(100)
	if !over() {
		t.Error("a restart began a new day")
	}
	w.run(12 * time.Second)
	b.load()
	if !over() {
		t.Error("it is not said right after a start that the peer is over its quota")
	}
	w.now = w.now.Add(24 * time.Hour)
	w.connect(alder, birch)
	w.run(2 * time.Second)
	send(10)
	if over() {
		t.Error("over for ever")
	}
}

// TestNoSpace keeps the rest of the disk for our own log: others' entries are
// refused, ours go out, and all is made up when there is room.
func TestNoSpace(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	refusals := 0
	w.tap = func(from, _ parley.PartyCode, f wire.Frame) wire.Frame {
		if r, ok := f.(*wire.Refusal); ok && from == birch && r.Kind == parley.DiskFull {
			refusals++
		}
		return f
	}
	b.step(line.Space{Low: true})
	a.dispatch(parley.Routine, "no room for me")
	b.dispatch(parley.Routine, "ours goes on")
	w.run(20 * time.Second)
	if got := b.subjects(alder); len(got) != 0 {
		t.Errorf("birch took %v", got)
	}
	if got := a.subjects(birch); !slices.Equal(got, []string{"ours goes on"}) {
		t.Errorf("alder reads %v", got)
	}
	if l := b.log(birch); l.Stored[alder] != l.Size {
		t.Error("the receipt for our own log was not taken")
	}
	if refusals != 1 {
		t.Errorf("%d refusals in 20 s, want 1", refusals)
	}
	b.step(line.Space{})
	w.run(20 * time.Second)
	if got := b.subjects(alder); !slices.Equal(got, []string{"no room for me"}) {
		t.Errorf("birch reads %v", got)
	}
	w.wantSame()
}

// TestNobodyIsCrowdedOut lets birch fill at alder whatever waits for cedar.
func TestNobodyIsCrowdedOut(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(5 * time.Second)
	a, c := w.nodes[alder], w.nodes[cedar]
	l, id := a.log(cedar), a.paths[birch]
	ml := make([]byte, 2420)
	crowd := func() {
		for i := range uint64(400) {
			var ed [64]byte
			rand.Read(ed[:])
			var gen parley.GenerationID
			copy(gen[:], ed[:])
			for _, f := range []wire.Frame{
				&wire.Entry{Gen: l.Gen, Index: l.Size + i, Bytes: append(ed[:], make([]byte, 60_000)...)},
				&wire.Checkpoint{Gen: l.Gen, Size: l.Size + 1 + i, Ed: ed, ML: ml},
				&wire.Receipt{Gen: l.Gen, Size: l.Size + 1000, Holder: gen, Time: 1, Ed: ed, ML: ml},
				&wire.Receipt{Gen: a.log(alder).Gen, Size: 1 << 40, Holder: gen, Time: 1, Ed: ed, ML: ml},
			} {
				a.step(line.FrameIn{Path: id, Frame: f, Size: 100})
			}
		}
	}
	w.tap = func(from, to parley.PartyCode, f wire.Frame) wire.Frame {
		if to == alder && from == birch {
			return nil // only what we make up
		}
		if e, ok := f.(*wire.Entry); ok && to == alder && from == cedar && e.Gen == l.Gen {
			// In between cedar's entry and its checkpoint, which comes next.
			a.step(line.FrameIn{Path: a.paths[cedar], Frame: f, Size: 100})
			a.step(line.FrameIn{Path: id, Frame: &wire.Entry{Gen: e.Gen, Index: e.Index, Bytes: []byte("not cedar's")}, Size: 100})
			return nil
		}
		return f
	}
	crowd()
	c.dispatch(parley.Routine, "through the crowd")
	a.dispatch(parley.Routine, "for the receipt")
	w.run(10 * time.Second)
	if got := a.subjects(cedar); !slices.Equal(got, []string{"through the crowd"}) {
		t.Errorf("alder reads %v", got)
	}
	if own := a.log(alder); own.Stored[cedar] != own.Size {
		t.Errorf("cedar's receipt does not get through: %+v", own.Stored)
	}
	for _, x := range a.alarms {
		if x.Code == "violation" && x.Party == cedar {
			t.Errorf("cedar is blamed: %s", x.Text)
		}
	}
}
