package own

import (
	"sync"
	"testing"
	"time"

	"parley"
	"parley/internal/sqlfile"
)

// TestNoteFiled notes what was filed without writing: the next release takes the
// notes along, Pending and Close write them, and a crash loses them and no more.
func TestNoteFiled(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Envoy)
	release := func() uint64 {
		t.Helper()
		d := f.draft(t, a)
		o, err := f.MarkReleased(d.ID, d.Version, 2, 0, Outgoing{Header: []byte("h")})
		ok(t, err)
		return o.ID
	}
	open := func() (n int) {
		t.Helper()
		ok(t, f.db.QueryRow("SELECT count(*) FROM outgoing WHERE done = 0").Scan(&n))
		return n
	}
	ids := []uint64{release(), release(), release(), release()}
	for _, i := range []int{3, 0, 1} { // officers are answered in any order
		f.NoteFiled(line1, ids[i])
	}
	if n := open(); n != 4 {
		t.Errorf("%d are not filed as the file has it, before anything was written", n)
	}
	f.notes.list = nil // a crash
	ps, err := f.Pending()
	ok(t, err)
	if len(ps) != 4 {
		t.Errorf("after a crash %d are to be looked at, want 4", len(ps))
	}
	for _, i := range []int{3, 0, 1} {
		f.NoteFiled(line1, ids[i])
	}
	last := release()
	if n := open(); n != 2 || len(f.notes.list) != 0 {
		t.Errorf("after a release %d are not filed and %d notes wait", n, len(f.notes.list))
	}
	f.NoteFiled(line1, last)
	ps, err = f.Pending()
	ok(t, err)
	if len(ps) != 1 || ps[0].ID != ids[2] {
		t.Errorf("pending %+v", ps)
	}
	f.NoteFiled(line1, ids[2])
	f.reopen(t)
	if n := open(); n != 0 {
		t.Errorf("after closing %d are not filed", n)
	}
}

// TestReleaseTwiceInOne releases one draft twice in one call: the second is
// refused.
func TestReleaseTwiceInOne(t *testing.T) {
	f := newFixture(t)
	d := f.draft(t, f.officer(t, "Ada Marsh", parley.Envoy))
	r := Release{Draft: d.ID, Version: d.Version, Releaser: 2, Item: Outgoing{Header: []byte("h")}}
	out, err := f.ReleaseAll(0, []Release{r, r}, func([]Outcome) {})
	ok(t, err)
	ok(t, out[0].Err)
	refused(t, out[1].Err, parley.Conflict)
	if ps, err := f.Pending(); err != nil || len(ps) != 1 {
		t.Errorf("%d items, %v", len(ps), err)
	}
}

// TestNotesTwiceInACommit: who writes the notes at the same moment writes the same
// ones, and those that came since wait on.
func TestNotesTwiceInACommit(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Envoy)
	var ids []uint64
	for range 4 {
		d := f.draft(t, a)
		o, err := f.MarkReleased(d.ID, d.Version, 2, 0, Outgoing{Header: []byte("h")})
		ok(t, err)
		ids = append(ids, o.ID)
	}
	for _, id := range ids[:3] {
		f.NoteFiled(line1, id)
	}
	began, goes := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		f.w.Run(false, func(*sqlfile.Tx) error { close(began); <-goes; return nil })
	})
	<-began
	for range 3 {
		wg.Go(func() { ok(t, f.flushNotes()) })
	}
	wg.Go(func() {
		ok(t, f.w.Run(false, func(tx *sqlfile.Tx) error {
			f.NoteFiled(line1, ids[3]) // comes while they are being written
			return nil
		}))
	})
	time.Sleep(100 * time.Millisecond) // all wait for one commit
	close(goes)
	wg.Wait()
	ps, err := f.Pending()
	ok(t, err)
	if len(ps) != 0 || len(f.notes.list) != 0 {
		t.Errorf("%d are not filed, %d notes wait", len(ps), len(f.notes.list))
	}
}
