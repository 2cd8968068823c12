package sqlite

import (
	"testing"
	"time"

	"parley"
	"parley/internal/line"
	"parley/internal/sqlfile"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// TestApplyAfter has a batch wait for what goes before it: nobody sees it until
// that is durable, nothing is left of it when that fails, and what others wrote
// in the same commit stands.
func TestApplyAfter(t *testing.T) {
	s, g := newStore(t, t.TempDir(), 1)
	id2 := storetest.LineID(2)
	ok(t, s.CreateLine(id2, []byte("founding"), nil))
	other := storetest.NewLog(id2, storetest.GenID(7), "alder")
	size := func(id parley.LineID, gen parley.GenerationID) int {
		es, err := store.EntriesUpTo(s.Line(id), gen, store.MaxIndex)
		ok(t, err)
		return len(es)
	}
	was, b := size(id1, us), g.Batch(the, storetest.Dispatch())
	l := s.Line(id1).(*Line)
	for _, fails := range []bool{true, false} {
		prepared, kept, calls := make(chan struct{}), make(chan error), 0
		done := make(chan error, 2)
		go func() {
			done <- l.ApplyAfter(b, func() error {
				if calls++; calls == 1 {
					close(prepared)
				}
				return <-kept
			})
		}()
		<-prepared
		if n := size(id1, us); n != was {
			t.Errorf("%d entries are seen before the batch is committed, want %d", n, was)
		}
		go func() { done <- s.Line(id2).Apply(other.Batch(the, storetest.Dispatch())) }()
		for s.w.Waiting() == 0 {
			time.Sleep(time.Millisecond)
		}
		if fails {
			kept <- parley.Errorf(parley.Unavailable, "the disk failed")
		} else {
			close(kept)
		}
		var errs []error
		for range 2 {
			if err := <-done; err != nil {
				errs = append(errs, err)
			}
		}
		switch {
		case fails && (len(errs) != 1 || parley.KindOf(errs[0]) != parley.Conflict || size(id1, us) != was):
			t.Errorf("it was not kept: %v, %d entries, want %d", errs, size(id1, us), was)
		case !fails && (len(errs) != 0 || size(id1, us) != was+1):
			t.Errorf("it was kept: %v, %d entries, want %d", errs, size(id1, us), was+1)
		}
	}
	if n := size(id2, storetest.GenID(7)); n != int(other.Size) {
		t.Errorf("the other line has %d entries, want %d", n, other.Size)
	}
	whole(t, s, g)
}

// TestApplyAfterInGroup has a batch that is not kept in one commit with others.
func TestApplyAfterInGroup(t *testing.T) {
	s, g := newStore(t, t.TempDir(), 1)
	l := s.Line(id1).(*Line)
	put := func(k string) *line.Batch { return &line.Batch{Line: id1, Keys: []line.KV{{Key: k, Value: []byte{1}}}} }
	done := make(chan error, 3)
	ok(t, s.w.Exclusive(func(*sqlfile.Conn) error {
		for i, f := range []func() error{
			func() error { return l.Apply(put("k1")) },
			func() error {
				return l.ApplyAfter(put("k2"), func() error { return parley.Errorf(parley.Unavailable, "the disk failed") })
			},
			func() error { return l.Apply(put("k3")) },
		} {
			go func() { done <- f() }()
			for s.w.Waiting() <= i {
				time.Sleep(time.Millisecond)
			}
		}
		return nil
	}))
	var errs []error
	for range 3 {
		if err := <-done; err != nil {
			errs = append(errs, err)
		}
	}
	kvs, err := l.Values("k")
	ok(t, err)
	if len(errs) != 1 || parley.KindOf(errs[0]) != parley.Conflict || len(kvs) != 2 || kvs[0].Key != "k1" || kvs[1].Key != "k3" {
		t.Errorf("errors %v, values %+v", errs, kvs)
	}
	whole(t, s, g)
}
