package own

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"parley"
)

// TestFeeds: an address lives until it is ended or its officer goes, and no backup
// holds one.
func TestFeeds(t *testing.T) {
	f := newFixture(t)
	a, b := f.officer(t, "Ada Marsh", parley.Envoy), f.officer(t, "Ben Cole", parley.Watch)
	_, _, err := f.AddFeed(a.ID, "")
	refused(t, err, parley.Malformed)
	_, _, err = f.AddFeed(99, "x")
	refused(t, err, parley.NotFound)
	feed, secret, err := f.AddFeed(a.ID, "wall calendar")
	ok(t, err)
	f.reopen(t)
	got, o, err := f.UseFeed(secret)
	if err != nil || got.ID != feed.ID || o.ID != a.ID {
		t.Errorf("%+v %+v %v", got, o, err)
	}
	_, _, err = f.UseFeed(secret + "x")
	refused(t, err, parley.NotFound)
	if list, err := f.Feeds(a.ID); err != nil || len(list) != 1 || list[0].Used.IsZero() || list[0].Name != "wall calendar" {
		t.Errorf("%+v %v", list, err)
	}
	dst := filepath.Join(t.TempDir(), "backup.db")
	ok(t, f.Backup(context.Background(), dst))
	raw, err := os.ReadFile(dst)
	ok(t, err)
	if bytes.Contains(raw, tokenSum(secret)) {
		t.Error("the backup holds an address")
	}
	refused(t, f.RemoveFeed(b.ID, feed.ID), parley.NotFound) // of another officer
	ok(t, f.RemoveFeed(a.ID, feed.ID))
	_, _, err = f.UseFeed(secret)
	refused(t, err, parley.NotFound)
	for range maxFeeds {
		_, secret, err = f.AddFeed(a.ID, "one more")
		ok(t, err)
	}
	_, _, err = f.AddFeed(a.ID, "one too many")
	refused(t, err, parley.Quota)
	ok(t, f.RemoveOfficer(a.ID))
	_, _, err = f.UseFeed(secret)
	refused(t, err, parley.NotFound)
	_, _, err = f.AddFeed(a.ID, "late")
	refused(t, err, parley.NotAllowed)
}
