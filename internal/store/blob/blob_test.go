package blob

import (
	"testing"
	"time"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.RunBlobs(t, true, func(dir string) (store.Blobs, error) { return Open(dir, Options{Daily: 10_000}) })
}

func TestNextDay(t *testing.T) {
	now := time.Date(2026, 11, 23, 23, 59, 0, 0, time.UTC)
	d, err := Open(t.TempDir(), Options{Daily: 100, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	id := func(n byte) store.BlobID { return store.BlobID{Line: storetest.LineID(1), Hash: [32]byte{n}} }
	if err := d.Create(id(1), "birch", 80); err != nil {
		t.Fatal(err)
	}
	if err := d.Create(id(2), "birch", 80); err == nil {
		t.Fatal("over the bound")
	}
	now = now.Add(time.Hour)
	if err := d.Create(id(2), "birch", 80); err != nil {
		t.Fatal(err)
	}
}

func FuzzSumLedger(f *testing.F) {
	f.Add("birch 10\nbirch 20\ncedar 7\n")
	f.Add("birch -10\nbirch 99999999999999999999\nbirch 5")
	f.Fuzz(func(t *testing.T, s string) {
		if n := sumLedger(s, "birch"); n < 0 || n > int64(len(s))*MaxSize {
			t.Errorf("%q sums up to %d", s, n)
		}
	})
}
