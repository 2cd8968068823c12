package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
)

func testItem(t *testing.T, f *fixture) {
	s := Dispatch()
	s.Precedence, s.Exercise, s.Filed = parley.Immediate, "NORTHERN LIGHT", 77
	b := f.ours.Batch(GenID(2), s, Say{Fault: parley.BadForm})
	f.apply(t, b)
	f.reopen(t)
	r, err := f.l.Item(GenID(1), 1)
	check(t, err)
	want := store.Row{Line: LineID(1), Gen: GenID(1), Index: 1, Filed: 77, Party: "alder", Form: "dispatch", Serial: 1, Precedence: parley.Immediate,
		Time: uint64(b.Entries[1].Arrived / 1000), Arrived: b.Entries[1].Arrived, Exercise: true, Bytes: b.Entries[1].Bytes}
	if fmt.Sprint(plain(r)) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", plain(r), want)
	}
	c, err := r.Content()
	check(t, err)
	if e := b.Entries[1]; !bytes.Equal(c.Key, e.Key) || !bytes.Equal(c.Header, e.Header) || !bytes.Equal(c.Body, e.Body) {
		t.Error("content differs")
	}
	leaf, err := r.Leaf()
	check(t, err)
	if h, err := f.l.Hashes(GenID(1), []int64{1}); err != nil || h[0] != leaf {
		t.Errorf("leaf %x, %x, %v", h, leaf, err)
	}
	bad, err := f.l.Item(GenID(1), 2)
	check(t, err)
	if c, err := bad.Content(); err != nil || c.Key != nil || !bad.Faulty || bad.Fault != parley.BadForm || bad.Form != "" || bad.Time == 0 {
		t.Errorf("faulty %+v, %+v, %v", plain(bad), c, err)
	}
	first, err := f.l.Item(GenID(1), 0)
	check(t, err)
	if first.Form != store.EpochForm || first.Party != "alder" {
		t.Errorf("first %+v", plain(first))
	}
	for _, ref := range []parley.Ref{{Gen: GenID(1), Index: 3}, {Gen: GenID(2)}, {Gen: GenID(1), Index: 1 << 60}} {
		_, err := f.l.Item(ref.Gen, ref.Index)
		wantKind(t, err, parley.NotFound)
	}
}

// testKeyComesBack gives a faulty entry the key that opens it after all.
func testKeyComesBack(t *testing.T, f *fixture) {
	b := f.ours.Batch(GenID(2), Dispatch(), Dispatch())
	opened := b.Entries[1]
	lost := opened
	lost.Key, lost.Header, lost.Body, lost.Faulty, lost.Fault = nil, nil, nil, true, parley.Unreadable
	b.Entries[1] = lost
	f.apply(t, b)
	check(t, f.l.Place(settle(GenID(1), 0, 3, 1, true)))
	selects := func(flt store.Filter, want int64) {
		t.Helper()
		rs, n, err := f.l.Rows(flt)
		check(t, err)
		if n != want || int64(len(rs)) != n {
			t.Errorf("%+v selects %d rows, %d in all, want %d", flt, len(rs), n, want)
		}
	}
	selects(store.Filter{Faulty: true}, 1)
	selects(store.Filter{Forms: []string{""}, Order: store.ByArrival}, 1)
	selects(store.Filter{Forms: []string{"dispatch"}}, 1)
	again := &line.Batch{Line: LineID(1), Entries: []line.StoredEntry{opened}}
	for range 2 { // the second time changes nothing
		f.apply(t, again)
		f.reopen(t)
		r, err := f.l.Item(GenID(1), 1)
		check(t, err)
		if c, err := r.Content(); err != nil || !bytes.Equal(c.Header, opened.Header) || r.Faulty || r.Form != "dispatch" || r.Serial != 1 {
			t.Errorf("got %+v, %v", plain(r), err)
		}
		selects(store.Filter{Faulty: true}, 0)
		selects(store.Filter{Forms: []string{"dispatch"}}, 2)
		selects(store.Filter{Forms: []string{""}}, 0)
		selects(store.Filter{Office: "envoy", Party: "alder"}, 2)
		if _, ok, err := f.l.Latest("", ""); ok || err != nil {
			t.Errorf("an entry without form: %v, %v", ok, err)
		}
		n, err := f.l.Counts()
		check(t, err)
		if n.Faulty != 0 || n.Entries != 3 {
			t.Errorf("counts %+v", n)
		}
		for _, c := range n.Forms {
			if c.Form == "dispatch" && c.N != 2 || c.Form == "" && c.N != 0 {
				t.Errorf("counts %+v", n.Forms)
			}
		}
	}
}

// plain leaves out what is sealed, to compare and print.
func plain(r store.Row) store.Row { return r.WithContent(nil, "", nil) }

func testReferring(t *testing.T, f *fixture) {
	f.apply(t, f.ours.Batch(GenID(2), Dispatch(), Dispatch()))
	to := parley.Ref{Gen: GenID(1), Index: 1}
	opened := Say{Form: "opened", From: "watch", Refs: []parley.Ref{to}}
	both := Say{Form: "dispatch", From: "envoy", Refs: []parley.Ref{to, {Gen: GenID(1), Index: 2}, to, {Gen: GenID(8), Index: 5}}}
	f.their.Time = f.ours.Time
	b := f.their.Batch(GenID(1), opened, both)
	b.Filed = append(b.Filed, Filed(5, both))
	b.Filed[0].At = f.their.Time + 1
	f.apply(t, b)
	for _, c := range []struct {
		ref  parley.Ref
		want string
	}{
		{to, "[opened dispatch filed]"},
		{parley.Ref{Gen: GenID(1), Index: 2}, "[dispatch filed]"},
		{parley.Ref{Gen: GenID(8), Index: 5}, "[dispatch filed]"},
		{parley.Ref{Gen: GenID(1), Index: 0}, "[]"},
		{parley.Ref{Gen: GenID(8), Index: 4}, "[]"},
	} {
		rs, err := f.l.Referring(c.ref.Gen, c.ref.Index)
		check(t, err)
		got := []string{}
		for _, r := range rs {
			if r.Waiting() {
				r.Form = "filed"
			}
			got = append(got, r.Form)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("referring to %s: %v, want %s", c.ref, got, c.want)
		}
	}
	f.apply(t, f.their.Batch(GenID(1)))
	b = f.ours.Batch(GenID(2))
	b.Unfiled = []uint64{5}
	f.apply(t, b)
	if rs, err := f.l.Referring(GenID(1), 2); err != nil || len(rs) != 1 {
		t.Errorf("after it was handed out: %d, %v", len(rs), err)
	}
}

// testHandedOut hands out what was filed before, and what is filed in the same
// batch: nothing stays in the outbox, and what they refer to is found once.
func testHandedOut(t *testing.T, f *fixture) {
	f.apply(t, f.ours.Batch(GenID(2), Dispatch()))
	to := parley.Ref{Gen: GenID(1), Index: 1}
	s := Dispatch()
	s.Refs = []parley.Ref{to}
	f.apply(t, &line.Batch{Line: LineID(1), Filed: []line.Filed{Filed(5, s)}})
	for id := uint64(5); id <= 6; id++ {
		s.Filed = id
		b := f.ours.Batch(GenID(2), s)
		b.Unfiled = []uint64{id}
		if id == 6 {
			b.Filed = []line.Filed{Filed(6, s)}
		}
		f.apply(t, b)
	}
	f.reopen(t)
	rs, err := f.l.Referring(to.Gen, to.Index)
	check(t, err)
	if len(rs) != 2 || rs[0].Waiting() || rs[1].Waiting() {
		t.Errorf("referring: %d rows", len(rs))
	}
	for id := uint64(5); id <= 6; id++ {
		if ref, ok, err := f.l.Handed(id); err != nil || !ok || ref.Index != id-3 {
			t.Errorf("handed %d: %v, %v, %v", id, ref, ok, err)
		}
	}
	if left, err := f.l.Filed(); err != nil || len(left) != 0 {
		t.Errorf("%d items are left in the outbox, %v", len(left), err)
	}
	f.apply(t, &line.Batch{Line: LineID(1), Filed: []line.Filed{Filed(20, Dispatch()), Filed(21, Dispatch()), Filed(22, s), Filed(23, Dispatch()), Filed(24, Dispatch()), Filed(26, Dispatch())}})
	var says []Say
	for _, id := range []uint64{21, 22, 23, 25, 26} { // 25 was never filed; 20 and 24 stay
		x := Dispatch()
		if id == 22 {
			x.Refs = s.Refs
		}
		x.Filed = id
		says = append(says, x)
	}
	b := f.ours.Batch(GenID(2), says...)
	b.Unfiled = []uint64{21, 22, 23, 25, 26}
	f.apply(t, b)
	if left, err := f.l.Filed(); err != nil || len(left) != 2 || left[0].ID != 20 || left[1].ID != 24 {
		t.Errorf("left in the outbox: %v, %v", left, err)
	}
	if rs, err := f.l.Referring(to.Gen, to.Index); err != nil || len(rs) != 3 {
		t.Errorf("referring: %d rows, %v", len(rs), err)
	}
	f.apply(t, &line.Batch{Line: LineID(1), Filed: []line.Filed{Filed(7, s)}})
	s.Filed = 7
	b = f.ours.Batch(GenID(2), s)
	b.Filed, b.Unfiled = []line.Filed{Filed(7, s)}, []uint64{7}
	wantKind(t, f.l.Apply(b), parley.Conflict)
}

// settle places the first n entries of a log from position pos on.
func settle(gen parley.GenerationID, from, n uint64, pos int64, settled bool) (ps []store.Position) {
	for i := range n {
		ps = append(ps, store.Position{Gen: gen, Index: from + i, Pos: pos + int64(i), Settled: settled})
	}
	return ps
}

func testPlace(t *testing.T, f *fixture) {
	f.apply(t, f.ours.Batch(GenID(2), Many(5)...), f.their.Batch(GenID(1), Many(3)...))
	ps, err := f.l.Pending()
	check(t, err)
	if len(ps) != 10 || ps[0].Party != "alder" || ps[9].Party != "birch" || ps[9].Index != 3 || ps[0].Time == 0 {
		t.Fatalf("pending %v", ps)
	}
	check(t, f.l.Place(settle(GenID(1), 0, 3, 1, true)))
	check(t, f.l.Place(append(settle(GenID(1), 3, 2, 4, false), settle(GenID(2), 0, 2, 6, false)...)))
	// the other way round, and one of them settled
	check(t, f.l.Place(append(append(settle(GenID(2), 0, 1, 4, true), settle(GenID(1), 3, 2, 5, false)...), settle(GenID(2), 1, 1, 7, false)...)))
	check(t, f.l.Place([]store.Position{{Gen: GenID(1), Index: 5, Pos: store.OffRecord}}))
	check(t, f.l.Place(settle(GenID(1), 0, 3, 1, true)))
	check(t, f.l.Place(nil))
	f.reopen(t)
	rs, total, err := f.l.Rows(store.Filter{})
	check(t, err)
	if total != 4 || len(rs) != 4 || rs[3].Ref() != (parley.Ref{Gen: GenID(2)}) || !rs[3].Settled || rs[3].Pos != 4 {
		t.Errorf("rows %v, %d", rs, total)
	}
	ps, err = f.l.Pending()
	check(t, err)
	got := ""
	for _, p := range ps {
		got += fmt.Sprintf("%d.%d@%d ", p.Gen[7], p.Index, p.Pos)
	}
	if want := "1.3@5 1.4@6 2.1@7 2.2@0 2.3@0 "; got != want {
		t.Errorf("pending %q, want %q", got, want)
	}
	c, err := f.l.Counts()
	check(t, err)
	if c.Settled != 4 || c.Placed != 3 || c.Unplaced != 2 || c.Entries != 10 {
		t.Errorf("counts %+v", c)
	}
	off, err := f.l.Item(GenID(1), 5)
	check(t, err)
	if off.Pos != store.OffRecord || off.Settled {
		t.Errorf("off the record: %+v", plain(off))
	}
}

func testPlaceRefusals(t *testing.T, f *fixture) {
	f.apply(t, f.ours.Batch(GenID(2), Many(6)...))
	check(t, f.l.Place(settle(GenID(1), 0, 3, 1, true)))
	at := func(i uint64, pos int64, settled bool) []store.Position { return settle(GenID(1), i, 1, pos, settled) }
	for i, c := range []struct {
		ps   []store.Position
		want parley.Kind
	}{
		{at(1, 4, true), parley.Conflict},                               // was settled at 2
		{at(1, 2, false), parley.Conflict},                              // unsettled again
		{at(1, 0, false), parley.Conflict},                              // taken off
		{at(3, 5, true), parley.Conflict},                               // leaves a gap
		{at(3, 3, true), parley.Conflict},                               // taken
		{at(3, 3, false), parley.Conflict},                              // below the settled ones
		{at(3, 0, true), parley.Conflict},                               // nowhere
		{at(3, -2, false), parley.Conflict},                             // nowhere
		{append(at(3, 5, false), at(4, 5, false)...), parley.Conflict},  // two in one place
		{append(at(3, 4, true), at(4, 6, true)...), parley.Conflict},    // one good, one not
		{append(at(3, 4, true), at(9, 5, true)...), parley.NotFound},    // no such entry
		{[]store.Position{{Gen: GenID(7), Pos: 4}}, parley.NotFound},    // no such log
		{append(at(3, 4, false), at(4, 4, true)...), parley.Conflict},   // a settled and an unsettled one
		{append(at(3, 4, true), at(3, 5, false)...), parley.Kind(0xff)}, // one entry twice
	} {
		err := f.l.Place(c.ps)
		if c.want == 0xff {
			if err == nil {
				t.Errorf("case %d: taken", i)
			}
			continue
		}
		if parley.KindOf(err) != c.want || err == nil {
			t.Errorf("case %d: got %v, want kind %v", i, err, c.want)
		}
	}
	if n, err := f.l.Counts(); err != nil || n.Settled != 3 || n.Placed != 0 {
		t.Errorf("counts %+v, %v", n, err)
	}
}

// fill settles n entries of ours, forms in turn.
func (f *fixture) fill(t *testing.T, n int) {
	t.Helper()
	var says []Say
	for i := range n {
		s := Dispatch()
		switch {
		case i%7 == 3:
			s = Say{Form: "test", From: "watch"}
		case i%11 == 5:
			s.From, s.Precedence = "principal", parley.Flash
		case i%13 == 6:
			s.Exercise = "X"
		case i == 18:
			s = Say{Fault: parley.Unreadable}
		}
		says = append(says, s)
	}
	f.apply(t, f.ours.Batch(GenID(2), says...))
	check(t, f.l.Place(settle(GenID(1), 0, f.ours.Size, 1, true)))
}

// testPages walks pages both ways over several chunks of positions.
func testPages(t *testing.T, f *fixture) {
	const n = 9000
	f.fill(t, n-1)
	for _, form := range []string{"", "test", "dispatch"} {
		var up, down []int64
		flt := store.Filter{Limit: 500}
		if form != "" {
			flt.Forms = []string{form}
		}
		var total int64
		for {
			rs, sum, err := f.l.Rows(flt)
			check(t, err)
			if len(rs) == 0 {
				break
			}
			total = sum
			for _, r := range rs {
				up = append(up, r.Pos)
			}
			flt.After = rs[len(rs)-1].Pos
		}
		flt.After, flt.Newest = 0, true
		for {
			rs, _, err := f.l.Rows(flt)
			check(t, err)
			if len(rs) == 0 {
				break
			}
			for _, r := range rs {
				down = append(down, r.Pos)
			}
			flt.Before = rs[len(rs)-1].Pos
		}
		slices.Reverse(down)
		if !slices.Equal(up, down) || !slices.IsSorted(up) || int64(len(up)) != total {
			t.Errorf("%q: %d rows up, %d down, total %d", form, len(up), len(down), total)
		}
		if form == "" && total != n {
			t.Errorf("total %d", total)
		}
	}
	// Of chosen positions only, in their order, over the border of a bitmap.
	for _, c := range []struct {
		f    store.Filter
		want []int64
	}{
		{store.Filter{At: []int64{2, 4095, 4096, 4100, n + 5}}, []int64{2, 4095, 4096, 4100}},
		{store.Filter{At: []int64{4100, 4096, 7}, Newest: true}, []int64{4100, 4096, 7}},
		{store.Filter{At: []int64{4100, 4096, 7}, Newest: true, Limit: 2}, []int64{4100, 4096}},
		{store.Filter{At: []int64{4100, 4096, 7}, Newest: true, Before: 4100, After: 7}, []int64{4096}},
		{store.Filter{At: []int64{2, 3, 4}, Forms: []string{"none"}}, nil},
		{store.Filter{At: []int64{}}, nil},
	} {
		rs, total, err := f.l.Rows(c.f)
		check(t, err)
		var got []int64
		for _, r := range rs {
			got = append(got, r.Pos)
		}
		if !slices.Equal(got, c.want) || total != -1 {
			t.Errorf("%+v: positions %v, total %d, want %v", c.f, got, total, c.want)
		}
	}
	rs, _, err := f.l.Rows(store.Filter{After: 4090, Before: 4101})
	check(t, err)
	if len(rs) != 10 || rs[0].Pos != 4091 || rs[9].Pos != 4100 {
		t.Errorf("window: %d rows", len(rs))
	}
	if rs, _, _ := f.l.Rows(store.Filter{}); len(rs) != 50 {
		t.Errorf("default limit: %d rows", len(rs))
	}
	if rs, _, _ := f.l.Rows(store.Filter{Limit: 100000}); len(rs) != 500 {
		t.Errorf("largest limit: %d rows", len(rs))
	}
}

func testFilters(t *testing.T, f *fixture) {
	f.fill(t, 100)
	f.apply(t, f.their.Batch(GenID(1), Many(3)...))
	check(t, f.l.Place(settle(GenID(2), 0, 4, 102, true)))
	for i, c := range []struct {
		f    store.Filter
		want int64
	}{
		{store.Filter{}, 105},
		{store.Filter{Forms: []string{"test"}}, 14},
		{store.Filter{Forms: []string{"test", "epoch", "none"}}, 16},
		{store.Filter{Forms: []string{"none"}}, 0},
		{store.Filter{Except: []string{"test", "epoch", "none"}}, 89},
		{store.Filter{Forms: []string{"test"}, Except: []string{"test"}}, 0},
		{store.Filter{Party: "birch"}, 4},
		{store.Filter{Party: "cedar"}, 0},
		{store.Filter{Party: "birch", Forms: []string{"dispatch"}}, 3},
		{store.Filter{Office: "principal"}, 8},
		{store.Filter{Office: "watch"}, 14},
		{store.Filter{Office: "nobody"}, 0},
		{store.Filter{Precedence: parley.Flash}, 8},
		{store.Filter{Precedence: parley.Priority}, 8},
		{store.Filter{Exercise: true}, 6},
		{store.Filter{Faulty: true}, 1},
		{store.Filter{Faulty: true, Exercise: true}, 0},
		{store.Filter{Serial: 1}, 2},
		{store.Filter{Serial: 1, Party: "birch"}, 1},
		{store.Filter{Serial: 1 << 40}, 0},
	} {
		c.f.Limit = 500
		rs, total, err := f.l.Rows(c.f)
		check(t, err)
		if total != c.want || int64(len(rs)) != total {
			t.Errorf("case %d: %d rows, total %d, want %d", i, len(rs), total, c.want)
		}
		c.f.Order = store.ByArrival
		as, _, err := f.l.Rows(c.f)
		check(t, err)
		if len(as) != len(rs) {
			t.Errorf("case %d: %d by arrival, %d by position", i, len(as), len(rs))
		}
	}
}

func testArrival(t *testing.T, f *fixture) {
	f.apply(t, f.ours.Batch(GenID(2), Many(9)...))
	f.their.Time += 500
	f.apply(t, f.their.Batch(GenID(1), Many(9)...))
	start := f.ours.Time - 10_000
	var up []int64
	flt := store.Filter{Order: store.ByArrival, Limit: 3}
	for {
		rs, total, err := f.l.Rows(flt)
		check(t, err)
		if total != 20 {
			t.Fatalf("total %d", total)
		}
		if len(rs) == 0 {
			break
		}
		for _, r := range rs {
			up = append(up, r.Arrived)
		}
		flt.Cursor = rs[len(rs)-1].Ref()
	}
	if len(up) != 20 || !slices.IsSorted(up) {
		t.Errorf("%v", up)
	}
	flt = store.Filter{Order: store.ByArrival, Newest: true, Limit: 4, Since: start + 1000, Until: start + 3000}
	rs, _, err := f.l.Rows(flt)
	check(t, err)
	if len(rs) != 4 || rs[0].Arrived != start+2500 || rs[3].Arrived != start+1000 {
		t.Errorf("window %v", rs)
	}
	flt.Cursor = rs[1].Ref()
	rs, _, err = f.l.Rows(flt)
	check(t, err)
	if len(rs) != 2 || rs[0].Arrived != start+1500 {
		t.Errorf("after the cursor: %d rows", len(rs))
	}
}

// testArrivalOfForms compares pages of chosen forms with all rows, both ways.
func testArrivalOfForms(t *testing.T, f *fixture) {
	f.fill(t, 300)
	f.their.Time += 250
	f.apply(t, f.their.Batch(GenID(1), Many(40)...))
	all, _, err := f.l.Rows(store.Filter{Order: store.ByArrival, Limit: 500})
	check(t, err)
	for i, c := range []struct {
		f    store.Filter
		keep func(store.Row) bool
	}{
		{store.Filter{Forms: []string{"test"}}, func(r store.Row) bool { return r.Form == "test" }},
		{store.Filter{Forms: []string{"test", "epoch"}}, func(r store.Row) bool { return r.Form == "test" || r.Form == "epoch" }},
		{store.Filter{Except: []string{"test"}}, func(r store.Row) bool { return r.Form != "test" }},
		{store.Filter{Except: []string{"test"}, Party: "birch"}, func(r store.Row) bool { return r.Form != "test" && r.Party == "birch" }},
		{store.Filter{Except: []string{"test"}, Precedence: parley.Flash}, func(r store.Row) bool { return r.Form != "test" && r.Precedence == parley.Flash }},
		{store.Filter{Forms: []string{"none"}}, func(store.Row) bool { return false }},
	} {
		for _, newest := range []bool{false, true} {
			var want, got []parley.Ref
			for _, r := range all {
				if c.keep(r) {
					want = append(want, r.Ref())
				}
			}
			if newest {
				slices.Reverse(want)
			}
			flt := c.f
			flt.Order, flt.Newest, flt.Limit = store.ByArrival, newest, 7
			for {
				rs, _, err := f.l.Rows(flt)
				check(t, err)
				if len(rs) == 0 {
					break
				}
				for _, r := range rs {
					got = append(got, r.Ref())
				}
				flt.Cursor = rs[len(rs)-1].Ref()
			}
			if !slices.Equal(got, want) {
				t.Errorf("case %d, newest %v: %d rows, want %d, or in another order", i, newest, len(got), len(want))
			}
		}
	}
}

func testUnsettled(t *testing.T, f *fixture) {
	f.apply(t, f.ours.Batch(GenID(2), Many(9)...), f.their.Batch(GenID(1), Many(3)...))
	check(t, f.l.Place(append(settle(GenID(1), 0, 4, 1, true), settle(GenID(1), 4, 4, 5, false)...)))
	rs, total, err := f.l.Unsettled(store.Filter{})
	check(t, err)
	if total != 10 || len(rs) != 10 || rs[0].Pos != 5 || rs[3].Pos != 8 || rs[4].Pos != 0 {
		t.Errorf("%d rows, total %d", len(rs), total)
	}
	rs, total, err = f.l.Unsettled(store.Filter{Party: "alder", After: 6, Limit: 3})
	check(t, err)
	if total != 6 || len(rs) != 3 || rs[0].Pos != 7 || rs[2].Pos != 0 {
		t.Errorf("%d rows, total %d", len(rs), total)
	}
}

func testCounts(t *testing.T, f *fixture) {
	f.fill(t, 40)
	f.apply(t, f.their.Batch(GenID(1), Dispatch(), Say{Form: "test", From: "watch"}))
	f.reopen(t)
	c, err := f.l.Counts()
	check(t, err)
	got := fmt.Sprint(c.Entries, c.Settled, c.Unplaced, c.Faulty, c.Forms)
	if want := "44 41 3 1 [{alder  1} {alder dispatch 33} {alder epoch 1} {alder test 6} {birch dispatch 1} {birch epoch 1} {birch test 1}]"; got != want {
		t.Errorf("counts %s\nwant   %s", got, want)
	}
	for _, w := range []struct {
		form  string
		party parley.PartyCode
		want  parley.Ref
		ok    bool
	}{
		{"test", "alder", parley.Ref{Gen: GenID(1), Index: 39}, true},
		{"test", "birch", parley.Ref{Gen: GenID(2), Index: 2}, true},
		{"test", "", parley.Ref{Gen: GenID(1), Index: 39}, true},
		{"none", "", parley.Ref{}, false},
		{"test", "cedar", parley.Ref{}, false},
	} {
		r, ok, err := f.l.Latest(w.form, w.party)
		check(t, err)
		if ok != w.ok || r.Ref() != w.want {
			t.Errorf("latest %q of %q: %s, %v; want %s", w.form, w.party, r.Ref(), ok, w.want)
		}
	}
}
