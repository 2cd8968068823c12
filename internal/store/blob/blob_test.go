package blob

import (
	"testing"
	"time"

	"parley"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.RunBlobs(t, true, func(dir string) (store.Blobs, error) { return Open(dir, Options{Daily: daily(10_000)}) })
}

func TestNextDay(t *testing.T) {
	now := time.Date(2026, 11, 23, 23, 59, 0, 0, time.UTC)
	d, err := Open(t.TempDir(), Options{Daily: daily(100), Now: func() time.Time { return now }})
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

func daily(n int64) func(parley.LineID, parley.PartyCode) int64 {
	return func(parley.LineID, parley.PartyCode) int64 { return n }
}

// TestEmptyFilesCount holds a peer that announces nothing but empty files to a
// number of them, and lets those without a bound be.
func TestEmptyFilesCount(t *testing.T) {
	bounds := map[parley.PartyCode]int64{"birch": 1000, "alder": -1}
	d, err := Open(t.TempDir(), Options{Least: 100, Daily: func(_ parley.LineID, p parley.PartyCode) int64 { return bounds[p] }})
	if err != nil {
		t.Fatal(err)
	}
	taken := map[parley.PartyCode]int{}
	for i := range 30 {
		for _, p := range []parley.PartyCode{"birch", "alder", "cedar"} {
			err := d.Create(store.BlobID{Line: storetest.LineID(1), Hash: [32]byte{byte(i), p[0]}}, p, 1)
			switch {
			case err == nil:
				taken[p]++
			case parley.KindOf(err) != parley.Quota:
				t.Fatal(err)
			}
		}
	}
	if taken["birch"] != 10 || taken["alder"] != 30 || taken["cedar"] != 0 {
		t.Errorf("%v", taken)
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
