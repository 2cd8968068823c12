package station

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/internal/line"
	"parley/internal/own"
)

// failing is a store of our own side whose next commit of releases fails, after
// it took effect or before, when the engine may have signed what it made of it.
type failing struct {
	releases
	mu     sync.Mutex
	armed  bool
	effect bool
}

var errDisk = parley.Errorf(parley.Unavailable, "the disk failed")

func (f *failing) ReleaseAll(floor uint64, rs []own.Release, ready func([]own.Outcome)) ([]own.Outcome, error) {
	f.mu.Lock()
	armed := f.armed
	f.armed = false
	f.mu.Unlock()
	switch {
	case !armed:
		return f.releases.ReleaseAll(floor, rs, ready)
	case f.effect:
		if _, err := f.releases.ReleaseAll(floor, rs, ready); err != nil {
			return nil, err
		}
		return nil, errDisk
	}
	outs := make([]own.Outcome, len(rs))
	for i := range rs {
		outs[i].Outgoing = rs[i].Item
		outs[i].ID = floor + uint64(i) + 1
	}
	ready(outs)
	return nil, errDisk
}

// TestReleaseIsNotKept has the commit of a release fail on our own side, having
// taken effect or not, when the line has prepared the entry. Nothing that was
// prepared leaves the station; the release happens once or not at all, as our
// own side has it.
func TestReleaseIsNotKept(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	l, err := a.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	f := &failing{releases: a.st.own}
	if err := l.runner.do(ctx, request{ask: func(*line.Engine) { l.runner.own = f }}); err != nil {
		t.Fatal(err)
	}
	a.send(id, "birch", "before", "ROUTINE", "INFORMATION")
	for _, c := range []struct {
		subject string
		effect  bool
	}{{"not on disk", false}, {"on disk", true}} {
		d, err := a.st.SaveDraft(ctx, a.envoy, Draft{Line: id, From: "envoy", To: []string{"birch/envoy"}, Subject: c.subject, Text: "text", Precedence: "ROUTINE", Marker: "INFORMATION", Language: "en"})
		if err != nil {
			t.Fatal(err)
		}
		if d, err = a.st.Submit(ctx, a.envoy, d.ID); err != nil {
			t.Fatal(err)
		}
		f.mu.Lock()
		f.armed, f.effect = true, c.effect
		f.mu.Unlock()
		if n, err := a.st.Release(ctx, a.chief, d.ID, d.Version, "ROUTINE"); parley.KindOf(err) != parley.Unavailable {
			t.Fatalf("%s: released as %s, %v", c.subject, n, err)
		}
		got, err := a.st.Draft(ctx, a.chief, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 10*time.Second, "the line is loaded again", func() bool {
			_, err = a.st.Release(ctx, a.chief, d.ID, got.Version, "ROUTINE")
			return err == nil || parley.KindOf(err) != parley.Unavailable
		})
		if c.effect && parley.KindOf(err) != parley.Conflict {
			t.Errorf("%s: released again: %v", c.subject, err)
		}
		if !c.effect && err != nil {
			t.Errorf("%s: cannot be released: %v", c.subject, err)
		}
		eventually(t, 20*time.Second, c.subject+" is there", func() bool { _, ok := b.got(id, c.subject); return ok })
	}
	a.send(id, "birch", "after", "ROUTINE", "INFORMATION")
	eventually(t, 20*time.Second, "the last is there", func() bool { _, ok := b.got(id, "after"); return ok })
	got, want := b.subjects(id, "alder"), []string{"before", "not on disk", "on disk", "after"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("birch has %q, want %q", got, want)
	}
	if ps, err := a.st.own.Pending(); err != nil || len(ps) != 0 {
		t.Errorf("still to be filed: %+v, %v", ps, err)
	}
}
