package own

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"parley"
)

// rich is a draft with something in every slice.
func (f *fixture) rich(t *testing.T, by Officer, text string) Draft {
	t.Helper()
	d := Draft{Line: line1, Drafter: by.ID}
	d.Form, d.From, d.To, d.Info, d.Refs = "dispatch", parley.Envoy, []string{"birch/envoy"}, []string{"birch/watch"}, []string{"05:6"}
	d.Subject, d.Text = "Subject", text
	d.Attachments = []Attachment{{Name: "a", Size: 3, Key: []byte{1, 2}}}
	d.Incumbent = &Incumbent{Person: "Ada Marsh", Languages: []string{"en"}}
	d, err := f.SaveDraft(d)
	ok(t, err)
	return d
}

// TestRecentDraft reads a draft from memory and from the file: they are the same,
// before and after each change, and nobody shares what he may change.
func TestRecentDraft(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Envoy)
	same := func(id int64, what string) Draft {
		t.Helper()
		got, err := f.Draft(id)
		ok(t, err)
		f.reopen(t)
		want, err := f.Draft(id)
		ok(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: in memory %+v, in the file %+v", what, got, want)
		}
		return got
	}
	d := f.rich(t, a, "one")
	if _, found := f.recent.get(d.ID); !found {
		t.Error("a draft just saved is not in memory")
	}
	one, err := f.Draft(d.ID)
	ok(t, err)
	one.To[0], one.Attachments[0].Key[0], one.Incumbent.Languages[0] = "x", 9, "x"
	d = same(d.ID, "saved")
	d.Text, d.State = "two", Submitted
	d, err = f.SaveDraft(d)
	ok(t, err)
	d = same(d.ID, "submitted")
	d, err = f.SaveDraft(d)
	ok(t, err)
	stale := d
	stale.Version--
	_, err = f.SaveDraft(stale)
	refused(t, err, parley.Conflict)
	same(d.ID, "after a refusal")
	d, err = f.SaveDraft(d)
	ok(t, err)
	_, err = f.MarkReleased(d.ID, d.Version, 2, 0, Outgoing{})
	ok(t, err)
	if got := same(d.ID, "released"); got.State != Released {
		t.Errorf("state %s", got.State)
	}
}

// TestRecentIsNeverOlder reads a draft all the time while it is saved, by some at
// once: whoever has been told of a version finds it, or a later one.
func TestRecentIsNeverOlder(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Envoy)
	d := f.rich(t, a, "0")
	var told atomic.Int64
	var done atomic.Bool
	told.Store(d.Version)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !done.Load() {
				least := told.Load()
				got, err := f.Draft(d.ID)
				if err != nil || got.Version < least || got.Text != fmt.Sprint(got.Version-d.Version) {
					t.Errorf("version %d with text %q after %d was told: %v", got.Version, got.Text, least, err)
					return
				}
			}
		})
	}
	wg.Go(func() { // another draft shares commits with it
		o := f.rich(t, a, "other")
		for !done.Load() {
			var err error
			if o, err = f.SaveDraft(o); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range 60 {
		next := d
		next.Version, next.Text = d.Version+int64(i), fmt.Sprint(i+1)
		got, err := f.SaveDraft(next)
		ok(t, err)
		told.Store(got.Version)
	}
	done.Store(true)
	wg.Wait()
}

func TestRecentBounds(t *testing.T) {
	var r recent
	for i := range int64(3 * recentMost) {
		r.put(Draft{ID: i}, 2, r.change(i%(recentMost/2)+1))
		r.put(Draft{ID: i%(recentMost/2) + 1}, 2, r.turns)
	}
	if len(r.kept) > recentMost || len(r.order) > recentMost || r.bytes > recentBytes {
		t.Errorf("%d drafts of %d bytes, %d turns", len(r.kept), r.bytes, len(r.order))
	}
	for i := range int64(2 * recentBytes / recentEach) {
		r.put(Draft{ID: 1e6 + i}, recentEach, r.change(1e6+i))
	}
	if r.bytes > recentBytes {
		t.Errorf("%d bytes are kept", r.bytes)
	}
	if d, found := r.get(1e6 + 2*recentBytes/recentEach - 1); !found || d.ID == 0 {
		t.Errorf("the last: %v, %v", d, found)
	}
	if _, found := r.get(1); found {
		t.Error("the oldest is kept")
	}
	n := r.change(7)
	r.change(7)
	r.put(Draft{ID: 7}, 2, n)
	if _, found := r.get(7); found {
		t.Error("a draft is kept as it was before its last change")
	}
	r.put(Draft{ID: 8}, recentEach+1, r.change(8))
	if _, found := r.get(8); found {
		t.Error("a long draft is kept")
	}
	sum := 0
	for _, s := range r.kept {
		sum += s.size
	}
	if sum != r.bytes {
		t.Errorf("%d bytes are counted, %d kept", r.bytes, sum)
	}
}
