package station

import (
	"testing"
	"time"

	"parley"
	"parley/internal/line"
	"parley/internal/station/owner"
)

// TestPlacingBeginsWhileStarting places a settled record with what a desk that
// asks early has of the engine's state: none yet, or one that the store is
// ahead of.
func TestPlacingBeginsWhileStarting(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	settled := func(subject string) {
		a.send(id, "birch", subject, "ROUTINE", "INFORMATION")
		eventually(t, 20*time.Second, subject+" is settled", func() bool { it, ok := a.got(id, subject); return ok && it.Settled })
	}
	settled("first")
	l, err := a.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	l.placing.Lock() // the station itself settles nothing that stale does not know
	defer l.placing.Unlock()
	stale := l.runner.Status()
	a.send(id, "birch", "second", "ROUTINE", "INFORMATION")
	eventually(t, 10*time.Second, "the store is ahead", func() bool {
		n := l.runner.Status()
		return n.Logs[0].Size+n.Logs[1].Size > stale.Logs[0].Size+stale.Logs[1].Size
	})
	place := func(s ...line.Status) {
		t.Helper()
		var p owner.Placer
		for _, s := range s {
			if err := p.Place(l.store, []parley.PartyCode{"alder", "birch"}, s); err != nil {
				t.Error(err)
			}
		}
		l.placer = owner.Placer{} // what it knew is old
	}
	place(stale, l.runner.Status()) // first: the other may settle what stale does not know
	place(line.Status{}, l.runner.Status())
}
