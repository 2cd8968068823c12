package station

import (
	"context"
	"testing"
	"time"

	"parley"
)

// A read-back goes three ways: asked, given in the reader's own words, found
// wrong and given again, found right.
func TestReadBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	item := a.send(id, "birch", "Corridor until 1800Z", "ROUTINE", "REQUEST")
	steps := func(p *party) []ReadBack {
		it, err := p.st.Item(ctx, id, item)
		if err != nil {
			return nil
		}
		item = it.ID // its place in the log, once it has one
		return it.ReadBacks
	}
	refused := func(err error, k parley.Kind) {
		t.Helper()
		if err == nil || parley.KindOf(err) != k {
			t.Errorf("%v, want %v", err, k)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	has := func(p *party, n int, step string) ReadBack {
		t.Helper()
		eventually(t, 15*time.Second, step+" is there", func() bool { s := steps(p); return len(s) == n && s[n-1].Step == step })
		return steps(p)[n-1]
	}
	eventually(t, 15*time.Second, "it is stored", func() bool {
		it, err := a.st.Item(ctx, id, item)
		return err == nil && !it.NotDelivered
	})
	steps(a)
	refused(a.st.AskReadBack(ctx, Officer{}, id, item), parley.NotAllowed)
	must(a.st.AskReadBack(ctx, a.watch, id, item))
	refused(a.st.AskReadBack(ctx, a.watch, id, item), parley.Conflict)
	has(b, 1, "asked")
	refused(b.st.AskReadBack(ctx, b.watch, id, item), parley.BadForm)
	refused(a.st.GiveReadBack(ctx, a.watch, id, item, "ours"), parley.BadForm)
	refused(b.st.GiveReadBack(ctx, b.watch, id, item, ""), parley.BadForm)
	must(b.st.GiveReadBack(ctx, b.watch, id, item, "You ask for the corridor from 1800Z."))
	refused(b.st.GiveReadBack(ctx, b.watch, id, item, "You ask for the corridor from 1800Z."), parley.Conflict)
	got := has(a, 2, "given")
	if !got.Open || got.Party != "birch" || got.Ours || got.Text != "You ask for the corridor from 1800Z." {
		t.Errorf("%+v", got)
	}
	refused(a.st.FindReadBack(ctx, a.watch, id, item, true, ""), parley.BadForm) // a dispatch is not found right
	must(a.st.FindReadBack(ctx, a.watch, id, got.ID, false, "Until 1800Z, from now."))
	has(b, 3, "wrong")
	must(b.st.GiveReadBack(ctx, b.watch, id, item, "You ask for the corridor from now until 1800Z."))
	eventually(t, 15*time.Second, "it is given again", func() bool { return len(steps(a)) == 4 })
	for _, s := range steps(a) {
		if s.Step == "given" && s.Open {
			must(a.st.FindReadBack(ctx, a.watch, id, s.ID, true, ""))
			refused(a.st.FindReadBack(ctx, a.watch, id, s.ID, true, ""), parley.Conflict)
		}
	}
	eventually(t, 15*time.Second, "it is found right there", func() bool { return len(steps(b)) == 5 })
	for _, s := range steps(b) {
		if s.Open {
			t.Errorf("still open: %+v", s)
		}
	}
}
