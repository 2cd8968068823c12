package station

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
)

func TestGaps(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	at := func(h int) time.Time { return now.Add(time.Duration(h) * time.Hour) }
	sh := func(from, to int, langs ...string) Shift {
		return Shift{Begins: at(from), Ends: at(to), Languages: langs}
	}
	gone := sh(8, 16, "zh", "ar")
	gone.Gone = true
	for _, c := range []struct {
		name   string
		shifts []Shift
		want   string
	}{
		{"no list is kept", nil, ""},
		{"a list that has ended", []Shift{sh(-9, -1, "zh")}, ""},
		{"covered", []Shift{sh(-1, 12, "zh-Hant"), sh(12, 24, "zh")}, ""},
		{"a language is missing", []Shift{sh(-1, 12, "ar"), sh(6, 24, "zh")}, "zh 0-6"},
		{"nobody", []Shift{sh(-1, 8, "zh"), sh(10, 24, "zh")}, " 8-10"},
		{"nobody is told once, not for each language", []Shift{sh(2, 24, "zh")}, " 0-2"},
		{"who is gone covers nothing", []Shift{sh(-1, 8, "zh"), gone, sh(16, 24, "zh")}, " 8-16"},
		{"one gap over several shifts", []Shift{sh(-1, 8), sh(8, 16), sh(16, 24, "zh")}, "zh 0-16"},
	} {
		var got []string
		for _, g := range gaps(c.shifts, []string{"zh"}, now, at(24)) {
			got = append(got, fmt.Sprintf("%s %.0f-%.0f", g.Language, g.From.Sub(now).Hours(), g.To.Sub(now).Hours()))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}

func TestCheckCallSlots(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	call := func(by parley.PartyCode, made, answered int) madeCall {
		c := madeCall{item: "x", by: by, at: at.Add(time.Duration(made) * time.Minute)}
		if answered != 0 {
			c.answered = at.Add(time.Duration(answered) * time.Minute)
		}
		return c
	}
	for _, c := range []struct {
		name  string
		now   int // minutes after
		calls []madeCall
		want  string
	}{
		{"long before", -60, nil, "ahead"},
		{"soon", -5, nil, "due"},
		{"its time has gone by", 31, nil, "not-made"},
		{"called and waiting", 5, []madeCall{call("alder", 1, 0)}, "due alder"},
		{"called in vain", 31, []madeCall{call("alder", 1, 0)}, "unanswered alder"},
		{"answered", 5, []madeCall{call("birch", -9, 3)}, "answered birch"},
		{"one of two answered", 60, []madeCall{call("alder", 1, 0), call("birch", 2, 4)}, "answered birch"},
		{"one of another hour", 60, []madeCall{call("alder", 31, 35), call("alder", -11, -10)}, "not-made"},
	} {
		s := slot(at, at.Add(time.Duration(c.now)*time.Minute), c.calls)
		if got := strings.TrimSpace(s.State + " " + s.Called); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	turns := []turn{{at, false}, {at.Add(time.Hour), true}}
	for m, want := range map[int]LampState{-1: LampUnknown, 1: LampDown, 61: LampUp} {
		if got := lampThen(turns, at.Add(time.Duration(m)*time.Minute), at.Add(24*time.Hour)); got != want {
			t.Errorf("lamp after %d minutes: %s, want %s", m, got, want)
		}
	}
}

// A watch goes from one officer to the next in writing: what is open is named,
// acknowledged, and what the one before had taken is the other's; an item that
// nobody opens in time goes down the call-out list, with the times of telling.
func TestWatchGoesOn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	st := b.st
	second, err := st.AddOfficer(ctx, Officer{}, "Second of the watch", []parley.Office{parley.Watch})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(err error, k parley.Kind) {
		t.Helper()
		if err == nil || parley.KindOf(err) != k {
			t.Errorf("%v, want %v", err, k)
		}
	}
	board := func() Board {
		t.Helper()
		bd, err := st.Board(ctx, b.watch, "")
		must(err)
		return bd
	}
	acts := func() (out []string) {
		for _, d := range board().DoNext {
			out = append(out, d.Act)
		}
		return out
	}
	must(st.TakeOver(ctx, b.watch, 0, nil, ""))
	refused(st.TakeOver(ctx, b.watch, 0, nil, "again"), parley.Conflict)
	refused(st.TakeOver(ctx, b.envoy, 0, nil, "why not"), parley.NotAllowed)
	refused(st.TakeOver(ctx, second, 0, nil, " "), parley.BadForm)
	if w := board().OnWatch; w.Officer != b.watch.Name || !w.Until.IsZero() || !slices.Contains(acts(), "test-sound") {
		t.Errorf("%+v, to do %v", w, acts())
	}
	must(st.SoundTested(ctx, b.watch))
	if w := board().OnWatch; w.SoundAt.IsZero() || slices.Contains(acts(), "test-sound") {
		t.Errorf("%+v, to do %v", w, acts())
	}
	now := time.Now()
	must(st.AddShift(ctx, b.watch, b.watch.ID, now.Add(-time.Hour), now.Add(time.Hour), []string{"zh"}))
	must(st.AddShift(ctx, b.watch, second.ID, now.Add(time.Hour), now.Add(9*time.Hour), nil))
	refused(st.AddShift(ctx, b.watch, b.envoy.ID, now, now.Add(time.Hour), nil), parley.NotAllowed)
	refused(st.AddShift(ctx, b.watch, b.watch.ID, now, now.Add(time.Hour), []string{"not a tag"}), parley.BadForm)
	if w := board().OnWatch; w.Until.IsZero() || w.Next != second.Name {
		t.Errorf("%+v", w)
	}
	if g := board().Gaps; len(g) != 1 || g[0].Language != "" {
		t.Errorf("gaps %+v", g)
	}

	a.send(id, "birch", "Aircraft near", "FLASH", "QUESTION")
	eventually(t, 10*time.Second, "the FLASH waits", func() bool { return len(board().WaitingUs) == 1 })
	item := board().WaitingUs[0].ID
	must(st.Take(ctx, b.watch, id, item))
	refused(st.Take(ctx, second, id, item), parley.Conflict)
	refused(st.GiveBack(ctx, second, id, item), parley.Conflict)
	refused(st.TakeFrom(ctx, second, id, item, "somebody else"), parley.Conflict)
	must(st.AddPromise(ctx, b.watch, id, now.Add(24*time.Hour), "They ring tomorrow"))
	must(st.HandOver(ctx, b.watch, "One FLASH is open."))
	refused(st.HandOver(ctx, b.watch, "One FLASH is open."), parley.Conflict)
	h := board().Waiting
	if len(h.Open) != 2 || h.Open[0].Kind != "us" || !strings.HasPrefix(h.Open[0].Text, "FLASH Nr 000") || !strings.HasSuffix(h.Open[0].Text, " Aircraft near") || h.Open[1].Kind != "promise" {
		t.Fatalf("%+v", h)
	}
	refused(st.TakeOver(ctx, b.watch, h.ID, []int64{h.Open[0].ID, h.Open[1].ID}, ""), parley.NotAllowed)
	refused(st.TakeOver(ctx, second, 0, nil, "no time"), parley.Conflict)
	refused(st.TakeOver(ctx, second, h.ID, []int64{h.Open[0].ID}, ""), parley.BadForm)
	if board().OnWatch.OfficerID != b.watch.ID {
		t.Error("the watch went on unread")
	}
	must(st.TakeOver(ctx, second, h.ID, []int64{h.Open[0].ID, h.Open[1].ID}, ""))
	refused(st.TakeOver(ctx, second, h.ID, []int64{h.Open[0].ID, h.Open[1].ID}, ""), parley.Conflict)
	bd := board()
	if bd.OnWatch.OfficerID != second.ID || bd.Waiting.ID != 0 || bd.WaitingUs[0].TakenBy != second.Name || !bd.HandOver.Equal(h.At) {
		t.Errorf("%+v, taken by %q", bd.OnWatch, bd.WaitingUs[0].TakenBy)
	}

	must(st.AddCallOut(ctx, second, parley.Envoy, "The envoy", "555 1", time.Minute))
	must(st.AddCallOut(ctx, second, "", "The deputy", "555 2", 0))
	refused(st.AddCallOut(ctx, second, "", "", "555 3", 0), parley.BadForm)
	refused(st.AddCallOut(ctx, b.chief, "", "X", "555 3", time.Second), parley.BadForm)
	if len(bd.CallOut) != 0 {
		t.Errorf("called out before the objective: %+v", bd.CallOut)
	}
	l, err := st.lineOf(id)
	must(err)
	it, err := st.itemOf(l, item, false)
	must(err)
	it.Overdue, it.Objective = true, time.Now().Add(-time.Minute)
	e, err := st.escalation(l, &it)
	must(err)
	if e.Next.Name != "The envoy" || !e.Due.Equal(it.Objective) || !escalates(&it) {
		t.Fatalf("%+v", e)
	}
	must(st.CalledOut(ctx, second, id, item, e.Next.ID, false, "no answer"))
	refused(st.CalledOut(ctx, second, id, item, e.Next.ID, false, ""), parley.Conflict)
	e, err = st.escalation(l, &it)
	must(err)
	if e.Next.Name != "The deputy" || e.Due.After(time.Now()) || len(e.Told) != 1 || e.Told[0].By != second.Name || e.Told[0].Reached {
		t.Errorf("%+v", e)
	}
	must(st.CalledOut(ctx, second, id, item, e.Next.ID, true, ""))
	e, err = st.escalation(l, &it)
	must(err)
	if e.Next.ID != 0 || len(e.Told) != 2 || e.Due.Before(time.Now().Add(9*time.Minute)) {
		t.Errorf("%+v", e)
	}
	c, err := st.Condition(ctx)
	must(err)
	if c.Free < 1 || len(c.Files) != 3 || c.Files[0].Bytes == 0 || len(c.Lines) != 1 || len(c.Lines[0].Keys) < 2 {
		t.Errorf("%+v", c)
	}
}

// What is asked again at once is refused: a page that was sent twice, too.
func TestAskedOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	item := a.send(id, "birch", "Corridor", "ROUTINE", "REQUEST")
	eventually(t, 10*time.Second, "it is stored there", func() bool {
		it, err := a.st.Item(ctx, id, item)
		return err == nil && !it.NotDelivered
	})
	for what, f := range map[string]func(context.Context, Officer, string, string, string) error{"query": a.st.Query, "tracer": a.st.Tracer} {
		if err := f(ctx, a.watch, id, item, "Opened?"); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if err := f(ctx, a.watch, id, item, "Opened?"); parley.KindOf(err) != parley.Conflict || err == nil {
			t.Errorf("a second %s: %v", what, err)
		}
	}
	if _, err := b.st.CheckCall(ctx, b.watch, id, ""); err != nil {
		t.Fatal(err)
	}
	var call string
	eventually(t, 10*time.Second, "the check call is there", func() bool {
		p, err := a.st.Record(ctx, id, Filter{Form: "checkcall"})
		for _, it := range append(p.Settled, p.Unsettled...) {
			call = it.ID
		}
		return err == nil && call != ""
	})
	if _, err := a.st.CheckCall(ctx, a.watch, id, call); err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.CheckCall(ctx, a.watch, id, call); parley.KindOf(err) != parley.Conflict || err == nil {
		t.Errorf("answered twice: %v", err)
	}
}
