package owner_test

import (
	"testing"

	"parley"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/record"
	"parley/internal/record/recordtest"
	"parley/internal/station/owner"
	"parley/internal/store"
	"parley/internal/store/memory"
)

// TestPlacingAfterARestartOffTheRecord: a station that was lost, and restored
// before its past was back, has put an entry off the record. Started anew with
// all of the past it gives the positions that everybody gives.
func TestPlacingAfterARestartOffTheRecord(t *testing.T) {
	l := recordtest.New(nil, "alder", "birch")
	a, b := l.Parties[0].First, l.Parties[1].First
	now := a.Body().Time
	say := func(g *recordtest.Log) { now++; g.Write(now, form.Header{}, &form.Seen{}) }
	for _, g := range []*recordtest.Log{a, b} {
		now++
		g.Announce(now, g.See())
	}
	for range 4 {
		say(a)
		say(b)
	}
	b.Checkpoint()
	lost := l.Open(l.Parties[1], "birch 2", journal.ReasonLost, now+1, b)
	lost.Announce(now+1, nil)
	lost.Checkpoint()
	back := l.Open(l.Parties[1], "birch 3", journal.ReasonRestored, now+2, b, lost)
	back.Announce(now+2, nil)
	back.Checkpoint()
	now += 2

	st := memory.New(nil)
	if err := st.CreateLine(l.ID, l.Raw, nil); err != nil {
		t.Fatal(err)
	}
	disk, parties, held := st.Line(l.ID), []parley.PartyCode{"alder", "birch"}, map[parley.GenerationID]uint64{}
	take := func(gs ...*recordtest.Log) (s line.Status) {
		t.Helper()
		for _, g := range gs {
			batch := line.Batch{Line: l.ID}
			for i := held[g.Gen]; i < g.Size(); i++ {
				batch.Entries = append(batch.Entries, line.StoredEntry{Gen: g.Gen, Index: i, Bytes: g.Entries[i]})
			}
			h := g.Checkpoint()
			batch.Heads = append(batch.Heads, line.StoredHead{Gen: g.Gen, Size: h.Size, Root: h.Root, Ed: h.Ed, ML: h.ML})
			if err := disk.Apply(&batch); err != nil {
				t.Fatal(err)
			}
			held[g.Gen] = g.Size()
			s.Logs = append(s.Logs, line.LogStatus{Gen: g.Gen, Party: g.Party.Code, Size: g.Size(), Cert: g.Cert})
		}
		return s
	}
	var first, second owner.Placer
	if err := first.Place(disk, parties, take(lost, back)); err != nil {
		t.Fatal(err)
	}
	if off, _, err := disk.Rows(store.Filter{Order: store.ByArrival}); err != nil || len(off) != 2 {
		t.Fatalf("%d rows, %v", len(off), err)
	}
	for range 4 { // alder turns to the newest, and both go on
		say(a)
		say(back)
	}
	status := take(a, b, lost, back)
	if err := second.Place(disk, parties, status); err != nil {
		t.Fatal(err)
	}
	seq := record.NewSequencer(parties, 0)
	for _, g := range []*recordtest.Log{a, b, lost, back} {
		x, err := owner.Generation(g.Cert, false)
		if err != nil {
			t.Fatal(err)
		}
		seq.AddGeneration(x)
		for i, raw := range g.Entries {
			if err := seq.Add(record.NodeOf(parties, g.Party.Code, parley.Ref{Gen: g.Gen, Index: uint64(i)}, raw)); err != nil {
				t.Fatal(err)
			}
		}
	}
	want, _ := seq.Order()
	got, _, err := disk.Rows(store.Filter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || len(want) < 15 {
		t.Fatalf("%d entries are settled, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Ref() != want[i].Ref || got[i].Pos != want[i].Position {
			t.Errorf("position %d has %s, want %s", got[i].Pos, got[i].Ref(), want[i].Ref)
		}
	}
}
