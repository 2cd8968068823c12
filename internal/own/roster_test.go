package own

import (
	"testing"
	"time"

	"parley"
)

func TestShifts(t *testing.T) {
	f := newFixture(t)
	a, b := f.officer(t, "Ada Marsh", parley.Watch), f.officer(t, "Bo Reed", parley.Watch)
	at := func(h int) time.Time { return f.now.Add(time.Duration(h) * time.Hour) }
	first, err := f.AddShift(Shift{Officer: a.ID, Begins: at(0), Ends: at(8), Languages: []string{"zh", "ar"}})
	ok(t, err)
	_, err = f.AddShift(Shift{Officer: b.ID, Begins: at(6), Ends: at(16)})
	ok(t, err)
	for _, bad := range []struct {
		sh   Shift
		kind parley.Kind
	}{
		{Shift{Officer: a.ID, Begins: at(7), Ends: at(9)}, parley.Conflict},
		{Shift{Officer: a.ID, Begins: at(20), Ends: at(20)}, parley.BadForm},
		{Shift{Officer: a.ID, Begins: at(20), Ends: at(45)}, parley.BadForm},
	} {
		_, err := f.AddShift(bad.sh)
		refused(t, err, bad.kind)
	}
	_, err = f.AddShift(Shift{Officer: a.ID, Begins: at(8), Ends: at(9)}) // right behind the other
	ok(t, err)
	if _, err := f.AddShift(Shift{Officer: 99, Begins: at(0), Ends: at(1)}); err == nil {
		t.Error("a shift of nobody")
	}
	f.reopen(t)
	got, err := f.Shifts(at(7), at(9))
	ok(t, err)
	if len(got) != 3 || got[0].ID != first.ID || len(got[0].Languages) != 2 || !got[1].Begins.Equal(at(6)) {
		t.Errorf("%+v", got)
	}
	ok(t, f.RemoveShift(first.ID))
	refused(t, f.RemoveShift(first.ID), parley.NotFound)
}

func TestCallouts(t *testing.T) {
	f := newFixture(t)
	o := f.officer(t, "Ada Marsh", parley.Watch)
	var ids []int64
	for _, n := range []string{"Envoy", "Deputy", "Minister"} {
		c, err := f.AddCallout(Callout{Office: parley.Envoy, Name: n, How: "555 " + n, Wait: 10 * time.Minute})
		ok(t, err)
		ids = append(ids, c.ID)
	}
	ok(t, f.RaiseCallout(ids[2]))
	ok(t, f.RaiseCallout(ids[0]))
	ok(t, f.RaiseCallout(ids[0])) // the first stays where it is
	f.reopen(t)
	names := func(gone bool) (s string) {
		cs, err := f.Callouts(gone)
		ok(t, err)
		for _, c := range cs {
			s += c.Name + " " + c.How + ";"
		}
		return s
	}
	if got := names(false); got != "Envoy 555 Envoy;Minister 555 Minister;Deputy 555 Deputy;" {
		t.Error(got)
	}
	told, err := f.AddTold(Told{Callout: ids[2], Line: line1, Item: "i", Officer: o.ID, Note: "no answer"})
	ok(t, err)
	_, err = f.AddTold(Told{Callout: ids[2], Line: line1, Item: "i", Officer: o.ID})
	refused(t, err, parley.Conflict) // the page was sent twice
	_, err = f.AddTold(Told{Callout: ids[2], Line: line1, Item: "i", Officer: o.ID, Reached: true})
	ok(t, err)
	ok(t, f.RemoveCallout(ids[2]))
	refused(t, f.RemoveCallout(ids[2]), parley.NotFound)
	_, err = f.AddTold(Told{Callout: ids[2], Line: line1, Item: "i", Officer: o.ID})
	refused(t, err, parley.NotFound)
	if got := names(true); got != "Envoy 555 Envoy;Minister 555 Minister;Deputy 555 Deputy;" {
		t.Errorf("who was told is forgotten: %s", got)
	}
	ts, err := f.Tolds(line1, "i")
	ok(t, err)
	if len(ts) != 2 || ts[0] != told || !ts[1].Reached {
		t.Errorf("%+v", ts)
	}
}

func TestHandOverIsTakenOver(t *testing.T) {
	f := newFixture(t)
	a, b := f.officer(t, "Ada Marsh", parley.Watch), f.officer(t, "Bo Reed", parley.Watch)
	if _, on, err := f.OnWatch(); on || err != nil {
		t.Fatalf("somebody has the watch: %v", err)
	}
	h, err := f.TakeOver(0, a.ID, nil, "first watch")
	ok(t, err)
	if got, on, err := f.OnWatch(); err != nil || !on || got != h || got.Taker != a.ID {
		t.Fatalf("%+v, %v", got, err)
	}
	h, err = f.AddHandOver(a.ID, "two things", Handed{Kind: "us", Line: line1, Item: "i", Text: "FLASH"}, Handed{Kind: "draft", Item: "7", Text: "Cable"})
	ok(t, err)
	open, err := f.Handed(h.ID)
	ok(t, err)
	if len(open) != 2 || open[0].Text != "FLASH" || open[0].Officer != 0 {
		t.Fatalf("%+v", open)
	}
	if got, _, _ := f.OnWatch(); got.Taker != a.ID {
		t.Error("writing it gave the watch away")
	}
	_, err = f.TakeOver(h.ID, b.ID, []int64{open[0].ID, 999}, "")
	refused(t, err, parley.BadForm)
	_, err = f.TakeOver(h.ID+1, b.ID, nil, "")
	refused(t, err, parley.NotFound)
	newer, err := f.AddHandOver(a.ID, "three things", Handed{Kind: "us", Line: line1, Item: "i", Text: "FLASH"})
	ok(t, err)
	_, err = f.TakeOver(h.ID, b.ID, []int64{open[0].ID, open[1].ID}, "")
	refused(t, err, parley.Conflict)
	if open, err = f.Handed(newer.ID); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(time.Minute)
	_, err = f.TakeOver(newer.ID, b.ID, []int64{open[0].ID}, "")
	ok(t, err)
	_, err = f.TakeOver(newer.ID, a.ID, []int64{open[0].ID}, "")
	refused(t, err, parley.Conflict)
	f.reopen(t)
	got, on, err := f.OnWatch()
	if err != nil || !on || got.Taker != b.ID || got.Note != "three things" || !got.Taken.Equal(f.now) {
		t.Errorf("%+v, %v", got, err)
	}
	if open, _ = f.Handed(newer.ID); open[0].Officer != b.ID || !open[0].At.Equal(f.now) {
		t.Errorf("acknowledged: %+v", open)
	}
}

func TestPromises(t *testing.T) {
	f := newFixture(t)
	o := f.officer(t, "Ada Marsh", parley.Watch)
	late, err := f.AddPromise(Promise{Line: line1, Due: f.now.Add(48 * time.Hour), Officer: o.ID, Text: "They call again"})
	ok(t, err)
	soon, err := f.AddPromise(Promise{Line: line1, Due: f.now.Add(time.Hour), Officer: o.ID, Text: "We answer"})
	ok(t, err)
	f.reopen(t)
	ps, err := f.Promises()
	ok(t, err)
	if len(ps) != 2 || ps[0] != soon || ps[1] != late {
		t.Errorf("%+v", ps)
	}
	ok(t, f.ClosePromise(soon.ID, o.ID))
	refused(t, f.ClosePromise(soon.ID, o.ID), parley.Conflict)
	refused(t, f.ClosePromise(77, o.ID), parley.NotFound)
}

func TestTakenFromOneAnother(t *testing.T) {
	f := newFixture(t)
	a, b, c := f.officer(t, "Ada"), f.officer(t, "Bo"), f.officer(t, "Cy")
	ok(t, f.TakeOf(line1, "i", a.ID, 0))
	ok(t, f.TakeOf(line1, "i", a.ID, 0)) // twice is once
	refused(t, f.TakeOf(line1, "i", b.ID, 0), parley.Conflict)
	refused(t, f.TakeOf(line1, "i", b.ID, c.ID), parley.Conflict)
	ok(t, f.TakeOf(line1, "i", b.ID, a.ID))
	refused(t, f.GiveBack(line1, "i", a.ID), parley.Conflict)
	ok(t, f.GiveBack(line1, "i", b.ID))
	refused(t, f.GiveBack(line1, "i", b.ID), parley.Conflict)
	if _, is, err := f.TakenBy(line1, "i"); is || err != nil {
		t.Error("still taken")
	}
}

func TestInsisting(t *testing.T) {
	f := newFixture(t)
	raise := func(code, item string) int64 {
		a, _, err := f.Raise(Alarm{Line: line1, Code: code, Item: item, Text: code}, false)
		ok(t, err)
		f.now = f.now.Add(2 * time.Minute)
		return a.ID
	}
	began := f.now
	raise("routine", "old")
	flash, down := raise("flash", "i"), raise("line-down", "")
	ids := func(silenced bool, since time.Time) (out []int64) {
		as, err := f.Insisting(silenced, since)
		ok(t, err)
		for _, a := range as {
			out = append(out, a.ID)
		}
		return out
	}
	if got := ids(false, began); len(got) != 2 {
		t.Errorf("%v", got)
	}
	ok(t, f.Silence(flash, 0))
	if got := ids(false, began); len(got) != 1 || got[0] != down {
		t.Errorf("silenced: %v", got)
	}
	ok(t, f.Silence(down, 0))
	if got := ids(true, began); len(got) != 1 || got[0] != flash {
		t.Errorf("about an item: %v", got)
	}
}
