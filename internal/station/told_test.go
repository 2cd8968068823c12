package station

import (
	"fmt"
	"testing"
	"time"
)

// TestToldIsBounded: what an alarm told is known while it may be asked for, forgotten
// then, and never more than there is room for; the newest is kept.
func TestToldIsBounded(t *testing.T) {
	x, now := told{}, time.Unix(1_800_000_000, 0)
	x.note("old", now.Add(-time.Second))
	x.note("new", now.Add(time.Hour))
	if x.forget(now); x.has("old") || !x.has("new") {
		t.Errorf("%v after what has ended is forgotten", x)
	}
	for i := range 3 * maxTold {
		key := fmt.Sprint("of one moment ", i)
		if i >= maxTold {
			key = fmt.Sprint(i)
		}
		until := now.Add(time.Duration(max(0, i-maxTold)) * time.Second)
		if x.note(key, until); len(x) > maxTold || !x.has(key) {
			t.Fatalf("%d are kept after %d, the last one: %v", len(x), i, x.has(key))
		}
	}
	if len(x) < maxTold/2-1 {
		t.Errorf("only %d are left", len(x))
	}
	if key := fmt.Sprint(3*maxTold - maxTold/4); !x.has(key) {
		t.Error("one that ends late was forgotten before those that end first")
	}
}

// TestMarksOfTheSweepAreBounded: marks of entries that are opened, or have left the rows
// that the clerk looks at, go.
func TestMarksOfTheSweepAreBounded(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	c := newClerk(a.st, l)
	for i := range 1000 {
		id := fmt.Sprint("gone:", i)
		c.overdue[id], c.queried[id], c.called[id] = true, l.now(), 1
		c.silent.note(id, l.now().Add(-time.Hour))
	}
	if err := c.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(c.overdue) + len(c.queried) + len(c.called) + len(c.silent); n > 0 {
		t.Errorf("%d marks are left of what is gone", n)
	}
}
