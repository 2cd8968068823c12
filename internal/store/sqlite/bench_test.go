package sqlite

import (
	"fmt"
	"testing"
	"time"

	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.TempDir(), storetest.Sealer(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// BenchmarkApply stores batches of n entries with their hashes, one head, one
// receipt and engine state, and places them: all that one step of a busy line
// asks of the store, sealing and the sync to disk included.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{1, 16, 64, 128} {
		for _, place := range []bool{false, true} {
			b.Run(fmt.Sprintf("entries=%d/place=%v", n, place), func(b *testing.B) { benchApply(b, n, place) })
		}
	}
}

func benchApply(b *testing.B, n int, place bool) {
	s := benchStore(b)
	id := storetest.LineID(1)
	if err := s.CreateLine(id, nil, nil); err != nil {
		b.Fatal(err)
	}
	l, g := s.Line(id), storetest.NewLog(id, storetest.GenID(1), "alder")
	if err := l.Apply(g.Batch(storetest.GenID(2))); err != nil {
		b.Fatal(err)
	}
	says, state, pos := storetest.Many(n), make([]byte, 6000), int64(0)
	entries := 0
	for b.Loop() {
		b.StopTimer()
		from := g.Size
		batch := g.Batch(storetest.GenID(2), says...)
		batch.Keys = []line.KV{{Key: "log/9e", Value: state}, {Key: "self", Value: state[:40]}}
		var ps []store.Position
		for i := range n {
			if pos++; place {
				ps = append(ps, store.Position{Gen: g.Gen, Index: from + uint64(i) - 1, Pos: pos, Settled: true})
			}
		}
		b.StartTimer()
		if err := l.Apply(batch); err != nil {
			b.Fatal(err)
		}
		if err := l.Place(ps); err != nil {
			b.Fatal(err)
		}
		entries += n
	}
	b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
}

// big makes a store with n settled entries on one line.
func big(b *testing.B, n int) store.Line {
	b.Helper()
	s := benchStore(b)
	id := storetest.LineID(1)
	if err := s.CreateLine(id, nil, nil); err != nil {
		b.Fatal(err)
	}
	l, g := s.Line(id), storetest.NewLog(id, storetest.GenID(1), "alder")
	says := storetest.Many(512)
	for i := range says {
		if i%50 != 0 {
			says[i].Form, says[i].From = "test", "watch"
		}
	}
	pos := int64(0)
	for int(g.Size) < n {
		from := g.Size
		if err := l.Apply(g.Batch(storetest.GenID(2), says...)); err != nil {
			b.Fatal(err)
		}
		var ps []store.Position
		for i := from; i < g.Size; i++ {
			pos++
			ps = append(ps, store.Position{Gen: g.Gen, Index: i, Pos: pos, Settled: true})
		}
		if err := l.Place(ps); err != nil {
			b.Fatal(err)
		}
	}
	return l
}

// BenchmarkRows reads pages of a record of a million entries.
func BenchmarkRows(b *testing.B) {
	n := 1_000_000
	if testing.Short() {
		n = 20_000
	}
	l := big(b, n)
	for _, c := range []struct {
		name string
		f    store.Filter
	}{
		{"newest", store.Filter{Newest: true}},
		{"plain", store.Filter{Newest: true, Except: []string{"test", "epoch"}}},
		{"middle", store.Filter{After: int64(n / 2), Forms: []string{"dispatch"}, Office: "envoy"}},
		{"none", store.Filter{Forms: []string{"test"}, Office: "envoy"}},
		{"arrival", store.Filter{Order: store.ByArrival, Newest: true}},
		{"arrival-plain", store.Filter{Order: store.ByArrival, Newest: true, Except: []string{"test", "epoch"}}},
		{"arrival-rare", store.Filter{Order: store.ByArrival, Newest: true, Forms: []string{"epoch", "call"}}},
		{"500", store.Filter{Newest: true, Limit: 500}},
	} {
		b.Run(c.name, func(b *testing.B) {
			start := time.Now()
			if _, _, err := l.Rows(c.f); err != nil {
				b.Fatal(err)
			}
			first := time.Since(start)
			for b.Loop() {
				if _, _, err := l.Rows(c.f); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(first.Microseconds()), "first-µs")
		})
	}
}

// BenchmarkHashes reads what a proof in a large tree needs.
func BenchmarkHashes(b *testing.B) {
	l := big(b, 20_000)
	at := []int64{0, 2, 1000, 5000, 10000, 15000, 20000, 25000, 30000, 35000, 39000, 39500, 39600, 39700, 39710, 39720}
	for b.Loop() {
		if _, err := l.Hashes(storetest.GenID(1), at); err != nil {
			b.Fatal(err)
		}
	}
}
