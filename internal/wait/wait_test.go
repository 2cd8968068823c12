package wait

import (
	"slices"
	"testing"
	"time"

	"parley"
	"parley/internal/wire"
)

func TestEntriesOfTheOwnPartyStay(t *testing.T) {
	var ps Parties
	s := ps.Entries("birch")
	leaf := func([]byte) [32]byte { return [32]byte{} }
	put := func(i uint64, b string, sure bool) bool {
		before := string(s.Get(i))
		s.Put(i, []byte(b), leaf, sure)
		return string(s.Get(i)) != before
	}
	for _, c := range []struct {
		i    uint64
		b    string
		sure bool
		want bool
	}{{1, "relayed", false, true}, {1, "relayed", false, false}, {1, "true", true, true}, {1, "a lie", false, false}, {1, "changed", true, true}, {2, "other", false, true}} {
		if got := put(c.i, c.b, c.sure); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if s.bytes != len("changed")+len("other") || s.Len() != 2 {
		t.Errorf("%d bytes in %d entries", s.bytes, s.Len())
	}
	if !s.DropBelow(9, false) || s.Get(2) != nil || string(s.Get(1)) != "changed" {
		t.Error("the wrong one was dropped")
	}
	if s.DropBelow(9, false) || !s.DropBelow(9, true) || s.bytes != 0 {
		t.Errorf("%d bytes left", s.bytes)
	}
}

// TestEntriesOfOnePartyAreBounded fills the room of one party with what another
// passes on, over two logs of it.
func TestEntriesOfOnePartyAreBounded(t *testing.T) {
	var ps Parties
	a, b, other := ps.Entries("cedar"), ps.Entries("cedar"), ps.Entries("birch")
	leaf := func([]byte) [32]byte { return [32]byte{} }
	for i := range uint64(1000) {
		a.Put(i, make([]byte, 60_000), leaf, false)
	}
	if a.bytes > EntryBytes || a.bytes < EntryBytes-60_000 {
		t.Errorf("%d bytes are kept", a.bytes)
	}
	b.Put(1, make([]byte, 60_000), leaf, false)
	if b.Len() != 0 {
		t.Error("more than its share")
	}
	b.Put(1, make([]byte, 60_000), leaf, true)
	if b.Len() != 1 || a.Len() != 0 {
		t.Errorf("its own word was crowded out: %d and %d entries", b.Len(), a.Len())
	}
	other.Put(1, make([]byte, 60_000), leaf, false)
	if other.Len() != 1 {
		t.Error("another party's room was taken")
	}
}

func TestHeadsOfTheOwnPartyStay(t *testing.T) {
	var hs []Head
	add := func(size uint64, sure bool) {
		hs = AddHead(hs, Head{Checkpoint: wire.Checkpoint{Size: size}, Sure: sure}, 3)
	}
	for _, n := range []uint64{90, 70, 80, 60, 95} {
		add(n, false)
	}
	add(5, true)
	add(5, false)
	add(100, true)
	sizes := func() (out []uint64) {
		for _, h := range hs {
			out = append(out, h.Size)
		}
		return out
	}
	if got := sizes(); !slices.Equal(got, []uint64{5, 60, 100}) {
		t.Errorf("%v", got)
	}
	add(110, true)
	add(120, true)
	if got := sizes(); !slices.Equal(got, []uint64{5, 100, 110}) {
		t.Errorf("%v: the greatest goes when all are of its own party", got)
	}
}

func TestReceiptsOfTheirHoldersStay(t *testing.T) {
	cedar := parley.GenerationID{3}
	holder := func(g parley.GenerationID) parley.PartyCode {
		if g == cedar {
			return "cedar"
		}
		return ""
	}
	rs := AddReceipt(nil, Receipt{Receipt: wire.Receipt{Holder: cedar, Size: 7}, From: "cedar"}, holder)
	for i := range 200 {
		rs = AddReceipt(rs, Receipt{Receipt: wire.Receipt{Holder: parley.GenerationID{9, byte(i)}}, From: "birch"}, holder)
	}
	if len(rs) != receiptsMost || rs[0].Holder != cedar || rs[len(rs)-1].Holder != (parley.GenerationID{9, 199}) {
		t.Errorf("%d receipts, first %v, last %v", len(rs), rs[0].Holder, rs[len(rs)-1].Holder)
	}
}

func TestSuspectsAreBounded(t *testing.T) {
	var s Suspects
	for i := range uint64(5000) {
		s.Put(i, make([]byte, 10_000))
		if s.bytes > suspectBytes || len(s.m) > suspectsMost {
			t.Fatalf("%d bytes in %d", s.bytes, len(s.m))
		}
	}
	if _, ok := s.Get(4999); !ok || s.First(1<<40) == 1<<40 {
		t.Error("the newest is gone")
	}
	s.Clear()
	if s.First(8) != 8 {
		t.Error("not cleared")
	}
}

func TestUrgentFirst(t *testing.T) {
	items := []int{0, 2, 1, 2, -1, 0}
	got := Urgent(items, 10, 2, 100, func(i *int) int { return *i }, func(*int) int { return 1 })
	var out []int
	for _, p := range got {
		out = append(out, *p)
	}
	if !slices.Equal(out, []int{2, 2, 1, 0, 0}) {
		t.Errorf("%v", out)
	}
	if got := Urgent(items, 10, 2, 1, func(i *int) int { return *i }, func(*int) int { return 1 }); len(got) != 2 {
		t.Errorf("%d items over the limit of bytes", len(got))
	}
}

// TestSpentIsKept counts, keeps, and goes on from what was kept.
func TestSpentIsKept(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	lim := &Limits{Bytes: 1000, Rate: 1, Burst: 100}
	var q Spent
	if !q.Take(lim, now, 600) {
		t.Fatal("over too soon")
	}
	kept := q.Due(lim, now, true)
	if kept == nil {
		kept = q.Due(lim, now.Add(saveEvery), false)
	}
	if q.Due(lim, now.Add(saveEvery), false) != nil {
		t.Error("kept twice")
	}
	q, err := ReadSpent(kept, now)
	if err != nil || q.Bytes != 600 {
		t.Fatalf("%+v, %v", q, err)
	}
	if q.Take(lim, now, 600) || !q.Over {
		t.Error("a restart began a new day")
	}
	if !q.Take(lim, now.Add(25*time.Hour), 600) || q.Over {
		t.Error("over for ever")
	}
	if _, err := ReadSpent([]byte{1}, now); err == nil {
		t.Error("garbage was read")
	}
}

// FuzzReadSpent reads what is no record of what was spent.
func FuzzReadSpent(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	lim := &Limits{Bytes: 1000, Rate: 1, Burst: 100}
	var q Spent
	q.Take(lim, now, 600)
	f.Add(q.Due(lim, now.Add(saveEvery), false))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := ReadSpent(b, now)
		if err != nil {
			return
		}
		q.Take(lim, now, 1) // whatever it says, counting goes on
	})
}
