package simdisk_test

import (
	"os"
	"strconv"
	"testing"

	"parley"
	"parley/internal/sim/simdisk"
	"parley/internal/store"
	"parley/internal/store/sqlite"
	"parley/internal/store/storetest"
)

// TestStore: the real store passes the suite of every store on this disk.
func TestStore(t *testing.T) {
	disks := map[string]*simdisk.Disk{}
	storetest.Run(t, storetest.Engine{Durable: true, Open: func(dir string, s store.Sealer) (store.Store, error) {
		d := disks[dir]
		if d == nil {
			d = simdisk.New(1)
			disks[dir] = d
		}
		m := d.Mount()
		t.Cleanup(m.Forget)
		return sqlite.Open(m.Dir(), s, sqlite.Options{Disk: m})
	}})
}

// seeds is how many seeds the tests take, and at which of the persist points they
// stop: a few of each as a rule, all with SIMDISK_SEEDS (make simdisk).
func seeds() (n, stride int) {
	if n, err := strconv.Atoi(os.Getenv("SIMDISK_SEEDS")); err == nil && n > 0 {
		return n, 1
	}
	return 2, 19
}

// points is how many persist points the script has when nothing goes wrong.
func points(t *testing.T, steps []step) int {
	t.Helper()
	r := &run{d: simdisk.New(0), steps: steps}
	ok(t, r.all())
	defer r.close()
	return r.d.Points()
}

// powerAt has the power fail at the n-th persist point.
func powerAt(n int) func(simdisk.Call) simdisk.Verdict {
	return func(c simdisk.Call) simdisk.Verdict {
		if c.Op != simdisk.Read && c.N == n {
			return simdisk.Power
		}
		return simdisk.Do
	}
}

// lossAt runs the script until the power fails at a point, and judges what is left.
func lossAt(seed uint64, point int, steps []step, want []string, hook func(simdisk.Call) simdisk.Verdict) (*run, error) {
	r := &run{d: simdisk.New(seed), steps: steps}
	at := powerAt(point)
	r.d.Hook(func(c simdisk.Call) simdisk.Verdict {
		if v := at(c); v != simdisk.Do || hook == nil {
			return v
		}
		return hook(c)
	})
	r.all()
	r.d.Lose()
	r.close()
	r.d.Hook(nil)
	return r, r.judge(want)
}

// TestPowerAtEveryPoint takes the power away at the persist points of the script:
// every step that was acknowledged is whole there, the one under way whole or not
// at all, the file is sound, and the rest of the script can be done.
func TestPowerAtEveryPoint(t *testing.T) {
	steps := script()
	want := states(t, steps)
	total := points(t, steps)
	n, stride := seeds()
	runs := 0
	for seed := range n {
		for p := 1 + seed%stride; p <= total; p += stride {
			r, err := lossAt(uint64(seed), p, steps, want, nil)
			if err == nil {
				err = r.all()
			}
			if err == nil {
				r.safe, r.done = len(steps), len(steps)
				r.close()
				err = r.judge(want)
			}
			if err != nil {
				t.Errorf("seed %d, power lost at point %d of %d: %v", seed, p, total, err)
			}
			r.close()
			runs++
		}
	}
	t.Logf("%d losses of power at %d points", runs, total)
}

// TestHarnessFindsBugs: where a sync is left out that the store needs, the same
// test finds it. So it would find a store that forgot one.
func TestHarnessFindsBugs(t *testing.T) {
	steps := script()
	want := states(t, steps)
	total := points(t, steps)
	for _, c := range []struct {
		name string
		lie  func(simdisk.Call) bool
	}{
		{"no sync at all", func(c simdisk.Call) bool { return c.Op == simdisk.Sync || c.Op == simdisk.SyncDir }},
		{"no sync of the write-ahead log", func(c simdisk.Call) bool { return c.Op == simdisk.Sync && c.Name == "parley.db-wal" }},
		{"no sync of the file that the log is folded into", func(c simdisk.Call) bool { return c.Op == simdisk.Sync && c.Name == "parley.db" }},
		{"no sync of the directory", func(c simdisk.Call) bool { return c.Op == simdisk.SyncDir }},
	} {
		t.Run(c.name, func(t *testing.T) {
			hook := func(x simdisk.Call) simdisk.Verdict {
				if c.lie(x) {
					return simdisk.Lie
				}
				return simdisk.Do
			}
			for p := total; p > 0; p -= 5 {
				r, err := lossAt(3, p, steps, want, hook)
				r.close()
				if err != nil {
					t.Logf("found at point %d: %v", p, err)
					return
				}
			}
			t.Error("nothing was found")
		})
	}
}

// kinds are those that a store may give when the disk fails (store.Store).
func stated(err error) bool {
	switch parley.KindOf(err) {
	case parley.Corrupt, parley.DiskFull, parley.Unavailable:
		return true
	}
	return false
}
