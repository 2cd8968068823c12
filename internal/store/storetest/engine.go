package storetest

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
)

func testLines(t *testing.T, f *fixture) {
	wantKind(t, f.s.CreateLine(LineID(1), nil, nil), parley.Conflict)
	check(t, f.s.CreateLine(LineID(3), nil, nil))
	check(t, f.s.CreateLine(LineID(2), []byte("f2"), nil))
	check(t, f.l.SetMeta([]byte("other")))
	f.reopen(t)
	ids, err := f.s.Lines()
	check(t, err)
	if want := []parley.LineID{LineID(1), LineID(3), LineID(2)}; !slices.Equal(ids, want) {
		t.Errorf("lines %v, want %v", ids, want)
	}
	founding, meta, err := f.l.Founding()
	check(t, err)
	if string(founding) != "founding" || string(meta) != "other" {
		t.Errorf("founding %q, meta %q", founding, meta)
	}
	none := f.s.Line(LineID(9))
	wantKind(t, none.Apply(NewLog(LineID(9), GenID(1), "alder").Batch(GenID(2))), parley.NotFound)
	_, err = none.Entries(GenID(1), 0, 1)
	wantKind(t, err, parley.NotFound)
	_, _, err = none.Rows(store.Filter{})
	wantKind(t, err, parley.NotFound)
	wantKind(t, none.SetMeta(nil), parley.NotFound)
	wantKind(t, f.l.Apply(NewLog(LineID(2), GenID(1), "alder").Batch(GenID(2))), parley.WrongLine)
}

func testReadBack(t *testing.T, f *fixture) {
	var want []line.StoredEntry
	for i := range 5 {
		b := f.ours.Batch(GenID(2), Many(40*i+1)...)
		want = append(want, b.Entries...)
		f.apply(t, b)
	}
	bad := f.ours.Batch(GenID(2), Say{Fault: parley.Unreadable})
	want = append(want, bad.Entries...)
	f.apply(t, bad)
	f.reopen(t)
	for _, c := range []struct{ from, n, want int }{{0, 1000, len(want)}, {3, 7, 7}, {len(want) - 1, 5, 1}, {len(want), 5, 0}, {0, 0, 0}} {
		got, err := f.l.Entries(GenID(1), uint64(c.from), c.n)
		check(t, err)
		if len(got) != c.want || len(got) > 0 && !reflect.DeepEqual(got, want[c.from:c.from+c.want]) {
			t.Errorf("entries from %d, %d: got %d entries, want %d, or they differ", c.from, c.n, len(got), c.want)
		}
	}
	all := make([]int64, len(f.ours.hashes))
	for i := range all {
		all[i] = int64(len(all) - 1 - i)
	}
	hs, err := f.l.Hashes(GenID(1), all)
	check(t, err)
	for i, h := range hs {
		if h != line.Hash(f.ours.hashes[all[i]]) {
			t.Fatalf("hash %d differs", all[i])
		}
	}
	for _, i := range []int64{-1, int64(len(all)), 1 << 50} {
		_, err := f.l.Hashes(GenID(1), []int64{0, i})
		wantKind(t, err, parley.Corrupt)
		if parley.HintOf(err) == "" {
			t.Error("no hint")
		}
	}
}

// testLargeEntries reads a log that is larger than one call may hold: each call
// ends with the entry that reaches the bound, never before it gave one, and
// calls that go on where the last ended give every entry.
func testLargeEntries(t *testing.T, f *fixture) {
	says := Many(9)
	for i, n := range []int{0, 900_000, 900_000, 900_000, 5, store.EntriesBytes + 1, 5, 0, 0} {
		says[i].Body += strings.Repeat("x", n)
	}
	b := f.ours.Batch(GenID(2), says...)
	f.apply(t, b)
	f.reopen(t)
	var got []line.StoredEntry
	calls := 0
	for len(got) < len(b.Entries) {
		es, err := f.l.Entries(GenID(1), uint64(len(got)), 1000)
		check(t, err)
		if len(es) == 0 {
			break
		}
		total := 0
		for i := range es {
			if total >= store.EntriesBytes {
				t.Fatalf("a read from %d gives entry %d after %d bytes, the bound is %d", len(got), es[i].Index, total, store.EntriesBytes)
			}
			total += store.SizeOf(&es[i])
		}
		if end := len(got) + len(es); total < store.EntriesBytes && end < len(b.Entries) {
			t.Fatalf("a read from %d ends before entry %d with %d bytes", len(got), end, total)
		}
		got = append(got, es...)
		calls++
	}
	if calls != 3 || !reflect.DeepEqual(got, b.Entries) {
		t.Errorf("%d calls gave %d entries, want 3 and %d, or they differ", calls, len(got), len(b.Entries))
	}
	for at := 0; at < len(b.Entries); {
		leaves, err := f.l.Leaves(GenID(1), uint64(at), 1000)
		check(t, err)
		if len(leaves) == 0 {
			t.Fatalf("no leaves from %d on", at)
		}
		for _, leaf := range leaves {
			if !bytes.Equal(leaf, b.Entries[at].Bytes) {
				t.Errorf("leaf %d is not the entry's bytes", at)
			}
			at++
		}
	}
	for _, end := range []uint64{0, 3, 7, uint64(len(b.Entries)), store.MaxIndex} {
		es, err := store.EntriesUpTo(f.l, GenID(1), end)
		check(t, err)
		want := b.Entries[:min(end, uint64(len(b.Entries)))]
		if len(es) != len(want) || len(es) > 0 && !reflect.DeepEqual(es, want) {
			t.Errorf("up to %d: %d entries, want %d, or they differ", end, len(es), len(want))
		}
	}
}

func testEmpty(t *testing.T, f *fixture) {
	f.apply(t, &line.Batch{Line: LineID(1)})
	if es, err := f.l.Entries(GenID(1), 0, 10); err != nil || len(es) != 0 {
		t.Errorf("entries %v, %v", es, err)
	}
	if _, ok, err := f.l.Head(GenID(1), 0); ok || err != nil {
		t.Errorf("head %v, %v", ok, err)
	}
	if _, ok, err := f.l.Receipt(GenID(1), GenID(2), 0); ok || err != nil {
		t.Errorf("receipt %v, %v", ok, err)
	}
	_, err := f.l.Hashes(GenID(1), []int64{0})
	wantKind(t, err, parley.Corrupt)
	_, err = f.l.Item(GenID(1), 0)
	wantKind(t, err, parley.NotFound)
	if rs, n, err := f.l.Rows(store.Filter{}); err != nil || len(rs) != 0 || n != 0 {
		t.Errorf("rows %v, %v, %v", rs, n, err)
	}
	if rs, n, err := f.l.Rows(store.Filter{Order: store.ByArrival}); err != nil || len(rs) != 0 || n != 0 {
		t.Errorf("rows %v, %v, %v", rs, n, err)
	}
}

func testExpect(t *testing.T, f *fixture) {
	b := f.ours.Batch(GenID(2), Dispatch())
	wrong := *b
	wrong.Expect = &line.Expect{Gen: GenID(1), Size: 1}
	wantKind(t, f.l.Apply(&wrong), parley.Conflict)
	f.apply(t, b)
	again := f.ours.Batch(GenID(2), Dispatch())
	for _, x := range []line.Expect{
		{Gen: GenID(1), Size: 0},
		{Gen: GenID(1), Size: 1, Root: again.Expect.Root},
		{Gen: GenID(1), Size: 2, Root: line.Hash{1}},
		{Gen: GenID(1), Size: 3, Root: again.Expect.Root},
		{Gen: GenID(3), Size: 2, Root: again.Expect.Root},
	} {
		c := *again
		c.Expect = &x
		wantKind(t, f.l.Apply(&c), parley.Conflict)
	}
	if h, _, err := f.l.Head(GenID(1), 0); err != nil || h.Size != 2 {
		t.Errorf("head of size %d, %v, want 2", h.Size, err)
	}
	f.apply(t, again)
	wantKind(t, f.l.Apply(again), parley.Conflict)
	wantKind(t, f.l.Apply(&line.Batch{Line: LineID(1), Expect: &line.Expect{Gen: GenID(1)}}), parley.Conflict)
}

func testEntryConflicts(t *testing.T, f *fixture) {
	b := f.ours.Batch(GenID(2), Many(3)...)
	f.apply(t, b)
	same := &line.Batch{Line: LineID(1), Entries: b.Entries[1:3]}
	f.apply(t, same)
	other := b.Entries[2]
	other.Bytes = append(bytes.Clone(other.Bytes[:len(other.Bytes)-1]), ^other.Bytes[len(other.Bytes)-1])
	wantKind(t, f.l.Apply(&line.Batch{Line: LineID(1), Entries: []line.StoredEntry{other}}), parley.Conflict)
	far := b.Entries[3]
	far.Index = 5
	wantKind(t, f.l.Apply(&line.Batch{Line: LineID(1), Entries: []line.StoredEntry{far}}), parley.Gap)
	far.Index = 1 << 62
	wantKind(t, f.l.Apply(&line.Batch{Line: LineID(1), Entries: []line.StoredEntry{far}}), parley.Gap)
	got, err := f.l.Entries(GenID(1), 0, 10)
	check(t, err)
	if !reflect.DeepEqual(got, b.Entries) {
		t.Errorf("entries changed: %d", len(got))
	}
}

func testHashConflicts(t *testing.T, f *fixture) {
	b := f.ours.Batch(GenID(2), Many(300)...)
	f.apply(t, b)
	hs := b.Hashes[0].Hashes
	n := int64(len(hs))
	f.apply(t, &line.Batch{Line: LineID(1), Hashes: []line.StoredHashes{{Gen: GenID(1), From: 100, Hashes: hs[100:]}}})
	for _, c := range []struct {
		h    line.StoredHashes
		want parley.Kind
	}{
		{line.StoredHashes{Gen: GenID(1), From: n + 1, Hashes: hs[:1]}, parley.Gap},
		{line.StoredHashes{Gen: GenID(1), From: -1, Hashes: hs[:1]}, parley.Gap},
		{line.StoredHashes{Gen: GenID(3), From: 1, Hashes: hs[:1]}, parley.Gap},
		{line.StoredHashes{Gen: GenID(1), From: n - 1, Hashes: []line.Hash{{1}}}, parley.Conflict},
		{line.StoredHashes{Gen: GenID(1), From: 3, Hashes: []line.Hash{hs[3], {1}}}, parley.Conflict},
	} {
		wantKind(t, f.l.Apply(&line.Batch{Line: LineID(1), Hashes: []line.StoredHashes{c.h}}), c.want)
	}
	more := append(slices.Clone(hs[n-2:]), line.Hash{9})
	f.apply(t, &line.Batch{Line: LineID(1), Hashes: []line.StoredHashes{{Gen: GenID(1), From: n - 2, Hashes: more}}})
	if got, err := f.l.Hashes(GenID(1), []int64{n}); err != nil || got[0] != (line.Hash{9}) {
		t.Errorf("hash %v, %v", got, err)
	}
}

func testHeadConflicts(t *testing.T, f *fixture) {
	b := f.ours.Batch(GenID(2), Dispatch())
	f.apply(t, b)
	h := b.Heads[0]
	h.Ed[5] = 9
	f.apply(t, &line.Batch{Line: LineID(1), Heads: []line.StoredHead{h}})
	if got, _, _ := f.l.Head(GenID(1), 0); got.Ed[5] == 9 {
		t.Error("the second head of a size replaced the first")
	}
	h.Root[3] ^= 1
	wantKind(t, f.l.Apply(&line.Batch{Line: LineID(1), Heads: []line.StoredHead{h}}), parley.Conflict)
}

// testAllOrNothing lets each part of a batch be the one that is refused.
func testAllOrNothing(t *testing.T, f *fixture) {
	first := f.ours.Batch(GenID(2), Many(3)...)
	first.Filed = []line.Filed{Filed(1, Dispatch())}
	first.Keys = []line.KV{{Key: "a", Value: []byte("1")}}
	f.apply(t, first)
	size, root, hashes := f.ours.Size, f.ours.Root, len(f.ours.hashes)
	for i, spoil := range []func(*line.Batch){
		func(b *line.Batch) { b.Expect.Size++ },
		func(b *line.Batch) { b.Entries[1].Index += 7 },
		func(b *line.Batch) { b.Hashes[0].From += 2 },
		func(b *line.Batch) { b.Heads = append(b.Heads, line.StoredHead{Gen: GenID(1), Size: size}) },
		func(b *line.Batch) { b.Filed = append(b.Filed, Filed(1, Dispatch())) },
		func(b *line.Batch) { b.Filed = append(b.Filed, Filed(0, Dispatch())) },
		func(b *line.Batch) { b.Filed = append(b.Filed, Filed(8, Dispatch()), Filed(8, Dispatch())) },
	} {
		f.ours.Size, f.ours.Root, f.ours.hashes = size, root, f.ours.hashes[:hashes]
		b := f.ours.Batch(GenID(2), Many(2)...)
		b.Filed = []line.Filed{Filed(7, Dispatch())}
		b.Unfiled = []uint64{1}
		b.Keys = []line.KV{{Key: "a", Value: []byte("2")}, {Key: "b", Value: []byte("2"), Secret: true}}
		spoil(b)
		if err := f.l.ApplyAll([]*line.Batch{{Line: LineID(1), Keys: []line.KV{{Key: "c", Value: []byte("3")}}}, b}); err == nil {
			t.Fatalf("case %d: applied", i)
		}
		es, err := f.l.Entries(GenID(1), 0, 100)
		check(t, err)
		filed, err := f.l.Filed()
		check(t, err)
		kvs, err := f.l.Values("")
		check(t, err)
		h, _, err := f.l.Head(GenID(1), 0)
		check(t, err)
		_, hashErr := f.l.Hashes(GenID(1), []int64{int64(hashes)})
		c, err := f.l.Counts()
		check(t, err)
		if uint64(len(es)) != size || len(filed) != 1 || len(kvs) != 1 || string(kvs[0].Value) != "1" || h.Size != size || hashErr == nil || c.Entries != int64(size) {
			t.Errorf("case %d left traces: %d entries, %d filed, %d values, head %d, %d in the index", i, len(es), len(filed), len(kvs), h.Size, c.Entries)
		}
	}
	f.ours.Size, f.ours.Root, f.ours.hashes = size, root, f.ours.hashes[:hashes]
	f.apply(t, f.ours.Batch(GenID(2), Dispatch()))
}

func testApplyAll(t *testing.T, f *fixture) {
	bs := []*line.Batch{f.ours.Batch(GenID(2), Many(3)...), f.their.Batch(GenID(1), Many(2)...), f.ours.Batch(GenID(2), Dispatch())}
	check(t, f.l.ApplyAll(bs))
	f.reopen(t)
	for gen, want := range map[parley.GenerationID]uint64{GenID(1): f.ours.Size, GenID(2): f.their.Size} {
		if h, ok, err := f.l.Head(gen, 0); err != nil || !ok || h.Size != want {
			t.Errorf("head of %s: %d, %v, want %d", gen, h.Size, err, want)
		}
	}
	wantKind(t, f.l.ApplyAll([]*line.Batch{f.ours.Batch(GenID(2)), bs[0]}), parley.Conflict)
}

func testHeads(t *testing.T, f *fixture) {
	var heads []line.StoredHead
	for _, n := range []int{1, 3, 5} {
		b := f.ours.Batch(GenID(2), Many(n)...)
		heads = append(heads, b.Heads...)
		f.apply(t, b)
	}
	f.apply(t, f.their.Batch(GenID(1), Many(20)...))
	for _, c := range []struct {
		size uint64
		want int
	}{{0, 2}, {1, 0}, {2, 0}, {3, 1}, {5, 1}, {6, 2}, {10, 2}, {11, -1}, {1 << 62, -1}} {
		h, ok, err := f.l.Head(GenID(1), c.size)
		check(t, err)
		if ok != (c.want >= 0) || ok && !reflect.DeepEqual(h, heads[c.want]) {
			t.Errorf("head of %d or more: %v of size %d, want number %d", c.size, ok, h.Size, c.want)
		}
	}
}

func testReceipts(t *testing.T, f *fixture) {
	var want []line.StoredReceipt
	for range 3 {
		b := f.ours.Batch(GenID(2), Many(2)...)
		want = append(want, b.Receipts...)
		f.apply(t, b)
	}
	again := want[1]
	again.Time++
	third := line.StoredReceipt{Gen: GenID(1), Holder: GenID(3), Size: 4, Time: 5, ML: []byte{1}}
	f.apply(t, &line.Batch{Line: LineID(1), Receipts: []line.StoredReceipt{again, third}})
	f.reopen(t)
	for _, c := range []struct {
		size uint64
		want int
	}{{0, 2}, {1, 0}, {3, 0}, {4, 1}, {5, 1}, {6, 2}, {7, 2}, {8, -1}} {
		r, ok, err := f.l.Receipt(GenID(1), GenID(2), c.size)
		check(t, err)
		if ok != (c.want >= 0) || ok && !reflect.DeepEqual(r, want[c.want]) {
			t.Errorf("receipt of %d or more: %v of size %d, want number %d", c.size, ok, r.Size, c.want)
		}
	}
	if r, ok, err := f.l.Receipt(GenID(1), GenID(3), 0); err != nil || !ok || !reflect.DeepEqual(r, third) {
		t.Errorf("third: %+v %v %v", r, ok, err)
	}
	if _, ok, _ := f.l.Receipt(GenID(2), GenID(1), 0); ok {
		t.Error("a receipt for another log")
	}
}

func testOutbox(t *testing.T, f *fixture) {
	flash := Dispatch()
	flash.Precedence = parley.Flash
	var want []line.Filed
	for _, id := range []uint64{10, 11, 300, 4000} {
		want = append(want, Filed(id, flash))
	}
	f.apply(t, &line.Batch{Line: LineID(1), Filed: want[2:]})
	f.apply(t, &line.Batch{Line: LineID(1), Filed: want[:2]})
	f.reopen(t)
	got, err := f.l.Filed()
	check(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("outbox %v", got)
	}
	r, err := f.l.FiledItem(300)
	check(t, err)
	c, err := r.Content()
	check(t, err)
	if !r.Waiting() || r.Form != "dispatch" || r.Precedence != parley.Flash || r.Arrived != want[2].At || !bytes.Equal(c.Body, want[2].Fields) {
		t.Errorf("row %+v", r)
	}
	handed := flash
	handed.Filed = 11
	b := f.ours.Batch(GenID(2), handed)
	b.Unfiled = []uint64{11, 12}
	f.apply(t, b)
	_, err = f.l.FiledItem(11)
	wantKind(t, err, parley.NotFound)
	if ref, ok, err := f.l.Handed(11); err != nil || !ok || ref != (parley.Ref{Gen: GenID(1), Index: 1}) {
		t.Errorf("handed %v, %v, %v", ref, ok, err)
	}
	for _, id := range []uint64{0, 10, 12, 1 << 63} {
		if _, ok, err := f.l.Handed(id); ok || err != nil {
			t.Errorf("handed %d: %v, %v", id, ok, err)
		}
	}
	rs, err := f.l.FiledItems(2)
	check(t, err)
	if len(rs) != 2 || rs[0].Filed != 10 || rs[1].Filed != 300 {
		t.Errorf("outbox rows %v", rs)
	}
	wantKind(t, f.l.Apply(&line.Batch{Line: LineID(1), Filed: []line.Filed{Filed(10, flash)}}), parley.Conflict)
}

func testValues(t *testing.T, f *fixture) {
	check(t, f.s.CreateLine(LineID(2), nil, nil))
	check(t, f.s.Line(LineID(2)).Apply(&line.Batch{Line: LineID(2), Keys: []line.KV{{Key: "log/1", Value: []byte("not ours")}}}))
	f.apply(t, &line.Batch{Line: LineID(1), Keys: []line.KV{
		{Key: "log/2", Value: []byte("two")}, {Key: "log/1", Value: []byte("one")}, {Key: "log0", Value: []byte("x")}, {Key: "lof", Value: []byte("y")},
		{Key: "secret/a", Value: []byte(Secret), Secret: true}, {Key: "log/3", Value: []byte{}}, {Key: "log/\xff", Value: []byte{1}}, {Key: "log/1", Value: []byte("uno")},
	}})
	f.reopen(t)
	for prefix, want := range map[string][]line.KV{
		"log/":     {{Key: "log/1", Value: []byte("uno")}, {Key: "log/2", Value: []byte("two")}, {Key: "log/3", Value: []byte{}}, {Key: "log/\xff", Value: []byte{1}}},
		"secret/":  {{Key: "secret/a", Value: []byte(Secret), Secret: true}},
		"nothing":  nil,
		"log/2":    {{Key: "log/2", Value: []byte("two")}},
		"log/\xff": {{Key: "log/\xff", Value: []byte{1}}},
	} {
		got, err := f.l.Values(prefix)
		check(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("values %q: %v, want %v", prefix, got, want)
		}
	}
	f.apply(t, &line.Batch{Line: LineID(1), Keys: []line.KV{{Key: "log/1"}, {Key: "secret/a", Value: []byte("plain now")}, {Key: "never", Value: nil}}})
	all, err := f.l.Values("")
	check(t, err)
	if len(all) != 6 || all[5].Secret || string(all[5].Value) != "plain now" {
		t.Errorf("values %v", all)
	}
}

// testManyWriters has lines write at the same time, some batches refused.
func testManyWriters(t *testing.T, f *fixture) {
	const lines, rounds = 8, 30
	var wg sync.WaitGroup
	for i := range lines {
		id := LineID(byte(10 + i))
		check(t, f.s.CreateLine(id, nil, nil))
		wg.Go(func() {
			l, g := f.s.Line(id), NewLog(id, GenID(1), "alder")
			for n := range rounds {
				b := g.Batch(GenID(2), Many(1+n%3)...)
				if err := l.Apply(b); err != nil {
					t.Error(err)
					return
				}
				if err := l.Apply(b); parley.KindOf(err) != parley.Conflict {
					t.Errorf("again: %v", err)
				}
				if es, err := l.Entries(GenID(1), g.Size-1, 2); err != nil || len(es) != 1 {
					t.Errorf("does not see its own entry: %d, %v", len(es), err)
				}
				if err := l.Place([]store.Position{{Gen: GenID(1), Index: uint64(n), Pos: int64(n + 1), Settled: true}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	f.reopen(t)
	for i := range lines {
		c, err := f.s.Line(LineID(byte(10 + i))).Counts()
		check(t, err)
		if c.Entries != 61 || c.Settled != rounds || c.Unplaced != 31 {
			t.Errorf("line %d: %+v", i, c)
		}
	}
}

func testClosed(t *testing.T, f *fixture) {
	f.apply(t, f.ours.Batch(GenID(2), Dispatch()))
	check(t, f.s.Close())
	check(t, f.s.Close())
	wantKind(t, f.l.Apply(f.ours.Batch(GenID(2), Dispatch())), parley.Unavailable)
	_, err := f.l.Entries(GenID(1), 0, 1)
	wantKind(t, err, parley.Unavailable)
	_, err = f.s.Lines()
	wantKind(t, err, parley.Unavailable)
	wantKind(t, f.s.CreateLine(LineID(4), nil, nil), parley.Unavailable)
}

func testWrongKey(t *testing.T, f *fixture) {
	if !f.e.Durable {
		t.Skip("nothing is kept")
	}
	f.apply(t, f.ours.Batch(GenID(2), Dispatch()))
	f.apply(t, &line.Batch{Line: LineID(1), Keys: []line.KV{{Key: "s", Value: []byte{1}, Secret: true}}})
	check(t, f.s.Close())
	s, err := f.e.Open(f.dir, otherSealer{})
	check(t, err)
	f.s, f.l = s, s.Line(LineID(1))
	_, err = f.l.Entries(GenID(1), 1, 1)
	wantKind(t, err, parley.Corrupt)
	_, err = f.l.Values("s")
	wantKind(t, err, parley.Corrupt)
	if parley.HintOf(err) == "" {
		t.Error("no hint")
	}
}

// otherSealer is a storage key that opens nothing.
type otherSealer struct{}

func (otherSealer) Seal(string, []byte) []byte { return []byte("sealed") }

func (otherSealer) Open(name string, _ []byte) ([]byte, error) {
	return nil, fmt.Errorf("%s does not open", name)
}
