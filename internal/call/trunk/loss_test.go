package trunk

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestRebuilt holds what comes in spite of loss to what can be reckoned: with
// r packets carried again, one is lost when it and the r after it are.
func TestRebuilt(t *testing.T) {
	const n = 20_000
	for _, tt := range []struct {
		loss  float64
		paths int
		level int
	}{{0.10, 1, 2}, {0.20, 1, 3}, {0.30, 1, 3}, {0.30, 2, 2}, {0.03, 1, 1}} {
		w := newWorld(t, uint64(100*tt.loss))
		for i := range tt.paths {
			r, _ := w.join(string(rune('a' + i)))
			r.loss = tt.loss
		}
		w.b.Sources([]uint32{7})
		w.talk(7, 0, 500) // until the reports are in
		before := w.b.Stats()
		w.talk(7, 500, n)
		w.pass(time.Second)
		after := w.b.Stats()
		expected := float64(after.Expected - before.Expected)
		p := math.Pow(tt.loss, float64(tt.paths))
		lost, left := float64(after.LostBefore-before.LostBefore)/expected, float64(after.LostAfter-before.LostAfter)/expected
		want := math.Pow(p, float64(tt.level+1))
		t.Logf("%.0f %% on %d paths: %.2f %% lost, %.3f %% after redundancy, reckoned %.2f %% and %.3f %% with %d packets", 100*tt.loss, tt.paths, 100*lost, 100*left, 100*p, 100*want, tt.level)
		if math.Abs(lost-p) > p/10 {
			t.Errorf("%.2f %% were lost, want %.2f %%", 100*lost, 100*p)
		}
		// The level goes up for an unlucky sample, so less may be lost; it must not be more.
		if left > 1.5*want+2/expected {
			t.Errorf("%.3f %% were lost for good, want %.3f %%", 100*left, 100*want)
		}
		if got := w.a.Stats().Redundancy; got < tt.level {
			t.Errorf("%d packets go along, want %d", got, tt.level)
		}
		w.judge(7)
	}
}

// TestRedundancyFollows: up at once, down by one after ten seconds of calm.
func TestRedundancyFollows(t *testing.T) {
	w := newWorld(t, 20)
	one, _ := w.join("one")
	w.b.Sources([]uint32{7})
	i := 0
	talk := func(d time.Duration) int {
		w.talk(7, i, int(d/(20*time.Millisecond)))
		i += int(d / (20 * time.Millisecond))
		return w.a.Stats().Redundancy
	}
	if got := w.a.Stats().Redundancy; got != 1 {
		t.Errorf("begins with %d", got)
	}
	if got := talk(9 * time.Second); got != 1 {
		t.Errorf("after 9 s without loss %d", got)
	}
	if got := talk(3 * time.Second); got != 0 {
		t.Errorf("after 12 s without loss %d", got)
	}
	one.loss = 0.3
	if got := talk(2 * time.Second); got != 3 {
		t.Errorf("after 2 s of 30 %% loss %d", got)
	}
	one.loss = 0
	if got := talk(7 * time.Second); got != 3 {
		t.Errorf("after 7 s of calm %d", got)
	}
	if got := talk(5 * time.Second); got != 2 {
		t.Errorf("after 12 s of calm %d", got)
	}
	if got := talk(10 * time.Second); got != 1 {
		t.Errorf("after 22 s of calm %d", got)
	}
	if got := talk(10 * time.Second); got != 0 {
		t.Errorf("after 32 s of calm %d", got)
	}
	if r := w.a.Stats().Reported; r != 0 {
		t.Errorf("%v is reported lost", r)
	}
}

func TestLevels(t *testing.T) {
	for share, want := range map[float64]int{0: 0, 0.009: 0, 0.01: 1, 0.049: 1, 0.05: 2, 0.149: 2, 0.15: 3, 1: 3} {
		if got := levelFor(share, byMean); got != want {
			t.Errorf("a mean of %v asks for %d, want %d", share, got, want)
		}
	}
	now := time.Unix(0, 0)
	c := newControl(now)
	if c.told(4, 4, now); c.level != firstLevel {
		t.Errorf("after 4 lost, which may be 4 of 50: %+v", c)
	}
	if c.told(6, 6, now); c.level != 3 {
		t.Errorf("after 10 lost, which are a fifth of 50: %+v", c)
	}
	if c.told(40, 0, now); c.reported != 0.2 || c.expected != 0 {
		t.Errorf("after 10 lost of 50: %+v", c)
	}
	// Levels that stay, by the loss that goes on.
	for share, want := range map[float64]int{0: 0, 0.001: 0, 0.03: 1, 0.08: 2, 0.11: 2, 0.25: 3} {
		rng, c, at := rand.New(rand.NewPCG(1, 2)), newControl(now), [redMost + 1]int{}
		for i := range 36_000 { // two hours of reports
			lost := 0
			for range 10 {
				if rng.Float64() < share {
					lost++
				}
			}
			c.told(10, lost, now.Add(time.Duration(i)*200*time.Millisecond))
			at[c.level]++
		}
		if at[want] < 18_000 {
			t.Errorf("at %v lost the levels stand %v of 36000", share, at)
		}
	}
}

// TestFullPath: where a path carries less than it is asked to, less goes along,
// until it is asked again; one path that is not full is enough.
func TestFullPath(t *testing.T) {
	for _, second := range []bool{false, true} {
		w := newWorld(t, 22)
		one, _ := w.join("one")
		one.full = true
		if second {
			two, _ := w.join("two")
			two.loss = 0.5
		}
		w.b.Sources([]uint32{7})
		w.talk(7, 0, 250)
		if got := w.a.Stats().Redundancy; second && got != 3 || !second && got != 0 {
			t.Errorf("with a second path %v: %d go along", second, got)
		}
		one.full, one.loss = false, 0.3
		w.talk(7, 250, 2000)
		if got := w.a.Stats().Redundancy; got < 2 {
			t.Errorf("with a second path %v: %d go along when there is room again", second, got)
		}
	}
}

// TestStepTakenBack: where more is lost once more goes along, the path has no room
// for it, and less goes; where as much is lost as before it stays.
func TestStepTakenBack(t *testing.T) {
	for _, tt := range []struct {
		name   string
		loss   func(level int) float64
		lowest int // of most of the time
		most   int
	}{
		{"random", func(int) float64 { return 0.25 }, 3, 3},
		{"much and random", func(int) float64 { return 0.4 }, 3, 3},
		{"room for one", func(level int) float64 { return []float64{0.04, 0.04, 0.4, 0.55}[level] }, 1, 1},
	} {
		rng, now := rand.New(rand.NewPCG(7, 7)), time.Unix(0, 0)
		c := newControl(now)
		at := [redMost + 1]int{}
		const n = 3000 // ten minutes of reports
		for range n {
			now = now.Add(200 * time.Millisecond)
			lost := 0
			for range 10 {
				if rng.Float64() < tt.loss(c.level) {
					lost++
				}
			}
			c.told(10, lost, now)
			c.carried(0, now)
			at[c.level]++
		}
		share := 0.0
		for level := tt.lowest; level <= tt.most; level++ {
			share += float64(at[level]) / n
		}
		if share < 0.7 {
			t.Errorf("%s: the levels stand %v of %d", tt.name, at, n)
		}
	}
}

// TestReportsOnBadPaths: the reports are lost, repeated and reordered too, and
// the count that follows from them is still right.
func TestReportsOnBadPaths(t *testing.T) {
	w := newWorld(t, 21)
	one, back := w.join("one")
	one.loss = 0.12
	back.loss, back.twice, back.reorder, back.jitter = 0.3, 0.3, 0.3, 400*time.Millisecond
	w.b.Sources([]uint32{7})
	total, n := 0.0, 0
	for i := range 200 {
		w.talk(7, 100*i, 100)
		total, n = total+w.a.Stats().Reported, n+1
	}
	if mean := total / float64(n); mean < 0.08 || mean > 0.16 {
		t.Errorf("%.1f %% were reported lost, want 12 %%", 100*mean)
	}
}

// TestAtMostOnce: whatever two paths do, nothing comes twice, nothing is
// altered, the sums agree, and a path without a fault loses nothing.
func TestAtMostOnce(t *testing.T) {
	for seed := range uint64(40) {
		w := newWorld(t, seed)
		draw := rand.New(rand.NewPCG(seed, 2))
		up := func(most float64) float64 { return most * draw.Float64() }
		var roads []*road
		for i := range 1 + draw.IntN(3) {
			r, back := w.join(string(rune('a' + i)))
			r.loss, r.twice, r.reorder = up(0.6), up(0.3), up(0.3)
			r.jitter, r.delay = time.Duration(up(1e8)), time.Duration(up(9e8))
			r.mtu = 150 + draw.IntN(1050)
			back.loss = r.loss
			roads = append(roads, r)
		}
		good := draw.IntN(2) == 0
		if good {
			roads[0].loss, roads[0].mtu = 0, 1200
		}
		w.b.Sources([]uint32{7, 8})
		first, n := draw.IntN(7000), 1+draw.IntN(300)
		for i := range n {
			w.send(voice(7, first+i))
			w.send(voice(8, i))
			if draw.IntN(40) == 0 {
				r := roads[len(roads)-1]
				r.cut = !r.cut && (len(roads) > 1 || !good)
			}
			w.pass(20 * time.Millisecond)
		}
		w.pass(2 * time.Second)
		got := len(w.judge(7)) + len(w.judge(8))
		st := w.b.Stats()
		if got != int(st.Delivered) || st.Delivered+st.LostAfter != st.Expected || st.Received+st.LostBefore != st.Expected || st.Expected > uint64(2*n) {
			t.Fatalf("seed %d: %d came: %+v", seed, got, st)
		}
		if good && (got != 2*n || st.LostAfter != 0) {
			t.Fatalf("seed %d: %d of %d came, though one path has no fault: %+v", seed, got, 2*n, st)
		}
		for r, n := range st.Dropped {
			if r != Late.String() {
				t.Fatalf("seed %d: %d were dropped: %s", seed, n, r)
			}
		}
	}
}
